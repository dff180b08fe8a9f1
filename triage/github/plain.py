"""Make facts of what GitHub's REST API tells; `Lacking` is raised where an object is not whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from triage.github.fields import Lacking, flag, maybe, moment, subject_of, table, text, whole, word
from triage.github.shapes import PENDING, ended
from triage.model import Actor, CheckFact, Comment, CommitFact, Event, IssueFact, Name, PullFact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

T = TypeVar("T")
HOW = "REST"
_GHOST = "ghost"
"""The account that REST shows for all that were deleted."""
_ADDRESS = re.compile(r"/repos/([^/]+/[^/]+?)(?:/|\Z)")
_KINDS = {
    "closed": "closed",
    "reopened": "reopened",
    "referenced": "referenced",
    "cross-referenced": "cross-referenced",
    "marked_as_duplicate": "duplicate",
    "unmarked_as_duplicate": "not-duplicate",
    "connected": "connected",
    "disconnected": "disconnected",
    "transferred": "transferred",
}


def actor_of(data: Any, key: str) -> Actor | None:
    """Return who did something; None for an account that was deleted."""
    found = maybe(table, data, key)
    if found is None or text(found, "login") == _GHOST:
        return None
    return Actor(text(found, "login").removesuffix("[bot]"), found.get("type") == "Bot")


def name_of(data: Any) -> Name:
    """Return the name of an issue or pull request, told by the issues' address."""
    return Name(_home(text(data, "repository_url")), whole(data, "number"))


def pull_name_of(data: Any) -> Name:
    """Return the name of a pull request, told by a list of them."""
    return Name(text(table(table(data, "base"), "repo"), "full_name"), whole(data, "number"))


def is_pull(data: Any) -> bool:
    """Return whether what the issues' address tells of is a pull request."""
    pull = data.get("pull_request") is not None
    if pull != ("/pull/" in text(data, "html_url")):
        raise Lacking("what it is")
    return pull


def listed(read: Callable[[Any], T], items: Iterable[Any] | None) -> tuple[T, ...] | None:
    """Return what each of some items is, or None if one is not whole."""
    try:
        return None if items is None else tuple(read(one) for one in items)
    except Lacking:
        return None


def issue_of(data: Any, at: datetime) -> IssueFact:
    """Return an issue without its lists."""
    own = name_of(data)
    state = word(data, "state")
    if state not in {"open", "closed"}:
        raise Lacking("a state that is known")
    reason = maybe(word, data, "state_reason") if "state_reason" in data else None
    closer = actor_of(data, "closed_by") if "closed_by" in data else None
    labels = data.get("labels")
    if not isinstance(labels, list):
        raise Lacking("labels")
    return IssueFact(
        number=own.number,
        repository=own.repository,
        title=text(data, "title"),
        state=state,
        reason=None if state == "open" or reason == "reopened" else reason,
        created=moment(data, "created_at"),
        closed=ended(state, maybe(moment, data, "closed_at")),
        closed_by=closer.login if closer and state == "closed" else None,
        read=at,
        how=HOW,
        author=actor_of(data, "user"),
        updated=moment(data, "updated_at"),
        body=maybe(text, data, "body") or "",
        labels=tuple(one if isinstance(one, str) else text(one, "name") for one in labels),
        locked=flag(data, "locked"),
        comment_count=whole(data, "comments"),
    )


def pull_of(data: Any, at: datetime) -> PullFact:
    """Return a pull request without its files."""
    state, merged = word(data, "state"), maybe(moment, data, "merged_at")
    if state not in {"open", "closed"} or flag(data, "merged") != (merged is not None):
        raise Lacking("a state that is known")
    head, base = table(data, "head"), table(data, "base")
    origin = maybe(table, head, "repo")
    return PullFact(
        number=whole(data, "number"),
        repository=text(table(base, "repo"), "full_name"),
        title=text(data, "title"),
        state="merged" if merged else state,
        created=moment(data, "created_at"),
        closed=ended(state, maybe(moment, data, "closed_at")),
        merged=merged,
        # of one that was not merged it is a trial
        merge_commit=maybe(text, data, "merge_commit_sha") if merged else None,
        base=text(base, "ref"),
        head=text(head, "sha"),
        head_repository=None if origin is None else text(origin, "full_name"),
        read=at,
        how=HOW,
        author=actor_of(data, "user"),
        merged_by=actor_of(data, "merged_by"),
        updated=moment(data, "updated_at"),
        body=maybe(text, data, "body") or "",
        commits=whole(data, "commits"),
    )


def commit_of(data: Any, repository: str, at: datetime) -> CommitFact:
    """Return a commit without its checks."""
    told = table(data, "commit")
    return CommitFact(
        sha=text(data, "sha"),
        repository=repository,
        subject=subject_of(text(told, "message")),
        authored=moment(table(told, "author"), "date"),
        committed=moment(table(told, "committer"), "date"),
        read=at,
        how=HOW,
    )


def comment_of(data: Any) -> Comment:
    """Return a comment."""
    created, updated = moment(data, "created_at"), moment(data, "updated_at")
    return Comment(whole(data, "id"), actor_of(data, "user"), created, updated, maybe(text, data, "body") or "")


def is_workflow(run: Any) -> bool:
    """Return whether a check run is one of GitHub Actions."""
    app = maybe(table, run, "app")
    return app is not None and text(app, "slug") == "github-actions"


def run_of(data: Any, workflows: Mapping[int, Any]) -> CheckFact:
    """Return a check run; `workflows` are the workflow runs of its commit by their suites."""
    app = maybe(table, data, "app")
    run = workflows.get(whole(table(data, "check_suite"), "id"))
    conclusion = maybe(word, data, "conclusion")
    if (word(data, "status") == "completed") != (conclusion is not None):
        raise Lacking("a conclusion")
    return CheckFact(
        name=text(data, "name"),
        conclusion=conclusion,
        app=None if app is None else text(app, "slug"),
        workflow=None if run is None else maybe(text, run, "name"),
        workflow_file=None if run is None else _file(run),
        event=None if run is None else text(run, "event"),
        started=maybe(moment, data, "started_at"),
        completed=maybe(moment, data, "completed_at"),
        run=None if run is None else whole(run, "id"),
    )


def _file(run: Mapping[str, Any]) -> str | None:
    """The path of a run's workflow; that of one of another repository ends with `@` and where it was taken from."""
    path = maybe(text, run, "path")
    return None if path is None else path.partition("@")[0]


def status_of(data: Any) -> CheckFact:
    """Return a commit status; who set it is not told here."""
    state = word(data, "state")
    conclusion = None if state in PENDING else state
    completed = moment(data, "created_at") if conclusion else None
    return CheckFact(text(data, "context"), conclusion, None, completed=completed, legacy=True)


def events_of(items: list[Any]) -> tuple[Event, ...]:
    """Return what happened to an issue, as far as REST tells: not what a duplicate or a connection is of."""
    events: dict[Any, Event] = {}
    for item in items:
        kind = _KINDS.get(text(item, "event"))
        if kind is not None:
            event = _event(kind, item)
            events.setdefault(whole(item, "id") if "id" in item else event, event)
    return tuple(events.values())


def _event(kind: str, item: Any) -> Event:
    event = Event(kind, moment(item, "created_at"), actor_of(item, "actor"))
    if kind == "cross-referenced":
        other = table(table(item, "source"), "issue")
        return event._replace(other=name_of(other), other_is_pull=is_pull(other), other_title=text(other, "title"))
    commit = item.get("commit_id")
    if kind in {"closed", "referenced"} and commit is not None:
        return event._replace(commit=text(item, "commit_id"), commit_repository=_home(text(item, "commit_url")))
    return event


def _home(address: str) -> str:
    found = _ADDRESS.search(address)
    if found is None:
        raise Lacking("the repository's address")
    return found[1]
