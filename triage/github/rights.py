"""What a token may do in a repository, and how much it may still ask: for who sets it up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.github.client import NoGraphQL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.github.client import Client, Response

_QUERY = Path(__file__).parent / "queries" / "rights.graphql"
_BY_REST = {"admin": "ADMIN", "maintain": "MAINTAIN", "push": "WRITE", "triage": "TRIAGE", "pull": "READ"}
"""REST's words, the strongest first: https://docs.github.com/en/rest/repos/repos#get-a-repository"""
_FOUND = 200


class Limit(NamedTuple):
    """How much of a limit is left, and until when."""

    api: str
    remaining: int
    limit: int | None
    reset: datetime | None


class Rights(NamedTuple):
    """What GitHub says to a token.

    `readable` is whether the repository can be read; `told` is what GitHub says if not. `permission` is the
    viewer's, None where it is not told. `scopes` are those of a classic token, None for others.
    """

    api: str
    login: str | None
    scopes: str | None
    readable: bool
    permission: str | None
    issues: bool
    told: str
    limits: tuple[Limit, ...]


def rights(client: Client, repository: str) -> Rights:
    """Return what the client's token may do, in two requests. Raises as `Client.graphql` does."""
    owner, _, name = repository.partition("/")
    try:
        answer = client.graphql(_QUERY.read_text("utf-8"), {"owner": owner, "name": name})
    except NoGraphQL:
        return _by_rest(client, repository)
    limits = client.rest("/rate_limit")
    data = answer.data or {}
    home = _table(data, "repository")
    login = _table(data, "viewer").get("login")
    permission = home.get("viewerPermission")
    return Rights(
        api="GraphQL",
        login=login if isinstance(login, str) else None,
        scopes=limits.headers.get("x-oauth-scopes"),
        readable=bool(home),
        permission=permission if isinstance(permission, str) else None,
        issues=home.get("hasIssuesEnabled") is not False,
        told=next((str(error.get("message", "")) for error in answer.errors), ""),
        limits=_limits(limits),
    )


def _by_rest(client: Client, repository: str) -> Rights:
    answer = client.rest(f"/repos/{repository}")
    readable = answer.status == _FOUND and isinstance(answer.data, dict)
    home = answer.data if readable else {}
    may = _table(home, "permissions")
    limit = answer.headers.get("x-ratelimit-limit", "")
    limits = []
    if client.remaining is not None:
        limits = [Limit("REST", client.remaining, int(limit) if limit.isdecimal() else None, client.reset)]
    return Rights(
        api="REST",
        login=None,
        scopes=answer.headers.get("x-oauth-scopes"),
        readable=readable,
        permission=next((word for key, word in _BY_REST.items() if may.get(key)), None),
        issues=home.get("has_issues") is not False,
        told="",
        limits=tuple(limits),
    )


def _limits(answer: Response) -> tuple[Limit, ...]:
    resources = _table(answer.data if isinstance(answer.data, dict) else {}, "resources")
    found = []
    for key, api in (("graphql", "GraphQL"), ("core", "REST")):
        one = _table(resources, key)
        remaining, limit = one.get("remaining"), one.get("limit")
        if type(remaining) is int:
            found.append(Limit(api, remaining, limit if type(limit) is int else None, _moment(one.get("reset"))))
    return tuple(found)


def _table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _moment(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
