"""Ask GitHub, patiently and within its limits, for nothing but to read."""

from __future__ import annotations

import json
import math
import random
import re
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import SplitResult, urljoin, urlsplit

from triage import __version__
from triage.errors import AccessRefused, NothingToJudge, TriageError, TryLater
from triage.github.access import GH, variables_of
from triage.github.limits import (
    PRIMARY,
    TYPES_OF_LIMITS,
    Limit,
    date,
    is_limit,
    later_than,
    pause_said,
    retry_after,
    tells_of_limit,
)
from triage.github.wire import IN_BETWEEN, NUMBER, Failed, Odd, Reply, Trouble, Wire, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from github.Requester import Requester
    from requests import Response as RawResponse
    from requests import Session

    from triage.github.access import Access

ATTEMPTS = 3
FIRST_BREATH = 0.5
LIMITS_TAKEN = 5
"""How often one question may meet a limit, however short the waits that GitHub asks for."""
LOSSES_TAKEN = 3
"""How many times the longest answer may take is lost on faults, in all, before nothing more is asked."""
REFUSALS_TAKEN = 2
"""More of them and GitHub shuts the whole address out for a while."""
_DAY = 86400
_REDIRECTS = (301, 302, 307, 308)
_GAVE_UP = re.compile(
    r"something went wrong while executing|timed? ?out|respond to your request in time", re.IGNORECASE
)
_T = TypeVar("_T")


class NoGraphQL(TriageError):
    """The host has no GraphQL: its address answers 404. The caller reads by REST."""


class Elsewhere(NothingToJudge):
    """An address is on another host, where the token does not go."""


class AskForLess(TryLater):
    """GitHub gives up on a query (502, 504, its own time limit), several times over. The caller may halve its page."""


class Answer(NamedTuple):
    """What a GraphQL query found. With `errors` the data is partial, and what is missing is not known to be absent."""

    data: dict[str, Any] | None
    errors: tuple[dict[str, Any], ...]
    at: datetime
    """When, by GitHub's clock where it says so."""


class Response(NamedTuple):
    """What a GET found: 200, 304, 404, 410, or 301/302/307/308 with the full `location` on the same host."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    data: Any
    """A dict or a list with 200, else a dict (GitHub's message) or None."""
    at: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Client:
    """One reader of one host. `requests`, `points`, `remaining` and `reset` say what it cost and what is left."""

    def __init__(
        self,
        access: Access,
        *,
        timeout: float = 30,
        wait: float = 30,
        say: Callable[[str], None] | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """`timeout`: seconds for one attempt, to its last byte. `wait`: seconds to wait for limits, in all."""
        self.access = access
        self.requests = 0
        self.points = 0
        self.remaining: int | None = None
        self.reset: datetime | None = None
        self._timeout = timeout
        self._wait = wait
        self._say = say or (lambda _: None)
        self._sleep = sleep
        self._clock = clock
        self._address = urlsplit(access.host.api)
        self._lock = threading.Lock()
        self._library: tuple[Requester, Session] | None = None
        self._waited = 0.0
        self._lost = 0.0
        self._shut: dict[str, tuple[datetime, TryLater]] = {}
        self._refusals: list[AccessRefused] = []
        self._readable: set[str] = set()

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Answer:
        """Return what a query (never a mutation) finds. `rateLimit.cost` in the data is added to `points`.

        Raises NoGraphQL, AskForLess, TryLater, NothingToJudge, AccessRefused.
        """
        if re.search(r"^\s*(?:mutation|subscription)\b", query, re.MULTILINE):
            raise ValueError("what is sent again after a fault must not write")
        asked = f"POST {self.access.host.graphql}"
        body = {"query": query, "variables": dict(variables)}
        return self._patiently(
            "graphql",
            asked,
            lambda: self._send("POST", self.access.host.graphql, None, None, body),
            lambda reply: self._found(asked, reply),
        )

    def rest(self, path: str, parameters: Mapping[str, Any] | None = None, *, etag: str | None = None) -> Response:
        """Return what a GET finds; `path` begins with a slash below the API's address, or is an address on its host.

        A redirect is never followed: `location` may be given to this function again. Without a token a 404 is
        AccessRefused until the repository (`/repos/OWNER/NAME`) has answered 200 once. Raises as `graphql`.
        """
        if not path.startswith("/") or path.startswith("//"):
            if self._own(path) is None:
                raise Elsewhere(
                    f"{self._name} points to another host, which is not asked: {_host_of(path)}",
                    "see GITHUB_API_URL and HTTPS_PROXY",
                )
            asked = path
        else:
            asked = self.access.host.api + path
        asked = f"GET {asked.partition('?')[0]}"
        return self._patiently(
            "rest",
            asked,
            lambda: self._send("GET", path, parameters, etag, None),
            lambda reply: self._got(asked, path, reply, conditional=etag is not None),
        )

    def note_points(self, points: int) -> None:
        """Add GraphQL points that the data does not tell by `rateLimit.cost`."""
        with self._lock:
            self.points += points

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            if self._library is not None:
                self._library[1].close()

    @property
    def _name(self) -> str:
        return f"GitHub at {self.access.host.name}"

    def _patiently(
        self,
        kind: str,
        asked: str,
        send: Callable[[], Reply | Trouble],
        read: Callable[[Reply], _T | Trouble | Limit],
    ) -> _T:
        """Send, and send again where that can help; only for questions, which change nothing."""
        faults = limits = 0
        while True:
            self._stop_if_shut(kind)
            began = time.monotonic()
            sent = send()
            outcome = read(sent) if isinstance(sent, Reply) else sent
            self._lost += time.monotonic() - began if isinstance(outcome, Trouble) else 0
            if isinstance(outcome, Trouble):
                faults += 1
                self._bear(kind, asked, outcome, faults)
            elif isinstance(outcome, Limit):
                limits += 1
                self._wait_for(kind, outcome, limits)
            else:
                return outcome

    def _stop_if_shut(self, kind: str) -> None:
        if len(self._refusals) >= REFUSALS_TAKEN:
            raise AccessRefused(self._refusals[-1].message, self._refusals[-1].hint)
        until, fault = self._shut.get(kind, (None, None))
        if until is not None and fault is not None and self._clock() < until:
            raise TryLater(fault.message, fault.hint, until=fault.until)

    def _bear(self, kind: str, asked: str, trouble: Trouble, faults: int) -> None:
        """Wait before the next attempt, or raise if this was the last."""
        # Many clients that were cut off together must not come back together.
        breath = FIRST_BREATH * 2 ** (faults - 1) * random.uniform(1, 1.5)  # noqa: S311 - no secret
        pause = max(breath, trouble.pause)
        if not trouble.again or faults >= ATTEMPTS or trouble.pause > self._wait - self._waited:
            message = f"{self._name} {trouble.what} ({asked})"
            error = AskForLess if trouble.less and kind == "graphql" else trouble.error
            if self._lost >= LOSSES_TAKEN * self._timeout:
                # Asking for less would go on for as long again, and as often as there are things to ask for.
                error = TryLater if error is AskForLess else error
                self._shut[kind] = (self._clock() + timedelta(minutes=1), TryLater(message, trouble.hint))
            if issubclass(error, TryLater):
                raise error(message, trouble.hint, until=trouble.until)
            raise error(message, trouble.hint)
        self._waited += trouble.pause
        self._say(f"{self._name} {trouble.what}; asking again")
        self._sleep(pause)

    def _wait_for(self, kind: str, limit: Limit, limits: int) -> None:
        """Wait as long as a limit wants, or raise TryLater.

        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
        """
        least = 2.0 ** (limits - 1)
        seconds = 60 * least if limit.seconds is None else max(limit.seconds, least)
        until = later_than(limit.at, seconds)
        message = "GitHub's limit is reached"
        if until is not None:
            minute = until + timedelta(seconds=-until.second % 60, microseconds=-until.microsecond)
            day = "" if minute.date() == limit.at.date() else f"{minute:%Y-%m-%d} "
            message += f" until {day}{minute:%H:%M} UTC"
        if limits > LIMITS_TAKEN or self._waited + seconds > self._wait:
            fault = TryLater(message, self._more_hint(), until=until)
            self._shut[kind] = (self._clock() + timedelta(seconds=min(seconds, _DAY)), fault)
            raise fault
        self._waited += seconds
        self._say(f"{message}; waiting {math.ceil(seconds)} s")
        self._sleep(seconds)

    def _more_hint(self) -> str:
        host = self.access.host
        if self.access.token is None:
            return f"with a token GitHub allows more: export {variables_of(host)[0]}=…"
        return "gh api rate_limit" + ("" if host.public else f" --hostname {host.name}")

    def _send(
        self, verb: str, path: str, parameters: Mapping[str, Any] | None, etag: str | None, body: Any
    ) -> Reply | Trouble:
        requester, session = self._loaded()
        with self._lock:
            self.requests += 1
        token = self.access.token
        wire = Wire(session, _origin(self._address), self._timeout, token.reveal() if token else None)
        headers = {"Accept": "application/vnd.github+json"}
        if etag is not None:
            headers["If-None-Match"] = etag
        wanted = {key: value for key, value in (parameters or {}).items() if value is not None}
        trouble = None
        try:
            # Not `graphql_query`: it hides partial data in an error, and takes no address but the one it derives.
            requester.requestJson(verb, path, wanted, headers, body, cast("Any", wire))
        except Odd:
            pass
        except Failed as failed:
            trouble = failed.trouble
        if trouble is not None:
            return trouble
        return wire.reply or Trouble("was not asked", again=False, error=NothingToJudge)

    def _loaded(self) -> tuple[Requester, Session]:
        """PyGithub and a session, loaded with the first question: that costs a fifth of a second."""
        with self._lock:
            if self._library is None:
                from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415

                import requests  # noqa: PLC0415
                from github import Auth  # noqa: PLC0415
                from github.Requester import Requester  # noqa: PLC0415

                class Reading(requests.Session):
                    """A session that looks at no redirect: requests reads its whole body even to not follow it."""

                    def get_redirect_target(self, resp: RawResponse) -> None:  # noqa: ARG002
                        return None

                session = Reading()
                # An auth of its own keeps requests from the .netrc, which would replace the token.
                session.auth = Requester.noopAuth
                session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
                # Plain http goes to this machine only, never in the clear through a proxy.
                session.trust_env = self._address.scheme == "https"
                token = self.access.token
                requester = Requester(
                    auth=Auth.Token(token.reveal()) if token else None,
                    base_url=self.access.host.api,
                    timeout=math.ceil(self._timeout),
                    user_agent=f"triage/{__version__}",
                    per_page=100,
                    verify=True,
                    retry=0,
                    pool_size=None,
                )
                self._library = requester, session
            return self._library

    def _found(self, asked: str, reply: Reply) -> Answer | Trouble | Limit:
        """Read the reply to a GraphQL query."""
        if reply.status == 404:  # noqa: PLR2004
            raise NoGraphQL(f"{self._name} has no GraphQL ({asked})")
        content = _parsed(reply.text)
        at = self._noted(reply)
        if trouble := self._unwelcome(asked, reply, content, at):
            return trouble
        if reply.status in _REDIRECTS:
            raise self._not_followed(asked, reply)
        if reply.status != 200:  # noqa: PLR2004
            raise self._not_understood(asked, reply, content)
        data, errors = (content.get("data"), content.get("errors")) if isinstance(content, dict) else (0, None)
        if not _errors(errors or []) or not isinstance(data, dict | None):
            return self._garbled(reply)
        errors = tuple(errors or ())
        refusals = [error for error in (*errors, content) if tells_of_limit(error)]
        if refusals:
            primary = any(error.get("type") in TYPES_OF_LIMITS for error in refusals)
            return Limit(pause_said(reply.headers, at, primary=primary), at)
        if data is None:
            if not errors:
                return self._garbled(reply)
            told = plain(str(errors[0].get("message", "")))
            if any(error.get("type") == "INSUFFICIENT_SCOPES" for error in errors):
                raise self._forbidden(asked, reply, told)
            if _GAVE_UP.search(told):
                return Trouble(f"gave up on a query{_request(reply)}", less=True)
        else:
            self._note_cost(data.get("rateLimit"))
        return Answer(data, errors, at)

    def _got(self, asked: str, path: str, reply: Reply, *, conditional: bool) -> Response | Trouble | Limit:
        """Read the reply to a GET."""
        content = _parsed(reply.text)
        at = self._noted(reply)
        if trouble := self._unwelcome(asked, reply, content, at):
            return trouble
        below = re.match(r"/repos/[^/?]+/[^/?]+", self._below(path))
        repository = below[0].casefold() if below else ""
        if reply.status == 200:  # noqa: PLR2004
            if not isinstance(content, dict | list):
                return self._garbled(reply)
            self._readable.add(repository)
            return Response(200, reply.headers, content, at)
        if reply.status == 304:  # noqa: PLR2004
            return Response(304, reply.headers, None, at) if conditional else self._garbled(reply)
        if reply.status in (404, 410):
            # What is missing is a fact that refutes: it must be GitHub that says so, and not a proxy.
            if not isinstance(content, dict):
                return self._garbled(reply)
            if self.access.token is None and repository not in self._readable:
                raise self._no_token(asked, reply)
            return Response(reply.status, reply.headers, content, at)
        if reply.status in _REDIRECTS:
            location = self._location(asked, reply)
            if location is None:
                raise self._not_followed(asked, reply)
            headers = {**reply.headers, "location": location}
            return Response(reply.status, headers, content if isinstance(content, dict) else None, at)
        raise self._not_understood(asked, reply, content)

    def _unwelcome(self, asked: str, reply: Reply, content: Any, at: datetime) -> Trouble | Limit | None:
        """What both ways of asking have in common: limits, faults of the server, and refusals (raised)."""
        status, headers = reply.status, reply.headers
        told = content.get("message") if isinstance(content, dict) else None
        told = plain(told) if isinstance(told, str) else ""
        if status == 429 or (status == 403 and is_limit(headers, told)):  # noqa: PLR2004
            return Limit(pause_said(headers, at, primary=bool(PRIMARY.search(told))), at)
        if status >= 500:  # noqa: PLR2004
            pause = retry_after(headers, at) or 0
            until = later_than(at, pause) if pause else None
            hint = "try again later" + ("; see https://www.githubstatus.com" if self.access.host.public else "")
            what = f"answered {status}{_request(reply)}"
            return Trouble(what, hint, pause=pause, until=until, less=status in (502, 504))
        if status == 202:  # noqa: PLR2004
            return Trouble(f"is still at work on the answer{_request(reply)}", "try again in a minute")
        if status == 401 or (status == 403 and self.access.token is None):  # noqa: PLR2004
            if self.access.token is None:
                raise self._no_token(asked, reply)
            refusal = self._refused(told)
            self._refusals.append(refusal)
            raise refusal
        if status == 403:  # noqa: PLR2004
            raise self._forbidden(asked, reply, told)
        return None

    def _garbled(self, reply: Reply) -> Trouble:
        kind = plain(reply.headers.get("content-type", "")).partition(";")[0]
        told = f" but {kind}" if kind and "json" not in kind else ", or only a part of it"
        return Trouble(f"answered {reply.status} with what is not JSON{told}{_request(reply)}", IN_BETWEEN)

    def _refused(self, told: str) -> AccessRefused:
        token, host = self.access.token, self.access.host
        source = token.source if token else ""
        on = "" if host.public else f" --hostname {host.name}"
        hint = f"gh auth login{on}" if source == GH else f"{host.server}/settings/tokens makes one: export {source}=…"
        return AccessRefused(f"GitHub refuses the token from {source}: {told or 'it answers 401'}", hint)

    def _no_token(self, asked: str, reply: Reply) -> AccessRefused:
        host = self.access.host
        names = ", ".join(variables_of(host))
        on = "" if host.public else f" --hostname {host.name}"
        return AccessRefused(
            f"{self._name} answered {reply.status}, and there is no token: none in {names}, none from `{GH}` ({asked})",
            f"gh auth login{on}, or export {variables_of(host)[0]}=…",
        )

    def _forbidden(self, asked: str, reply: Reply, told: str) -> AccessRefused:
        """Name the right that is missing, as far as GitHub does."""
        headers, token, host = reply.headers, self.access.token, self.access.host
        source = token.source if token else "nowhere"
        message = f"the token from {source} may not read this"
        wanted = plain(headers.get("x-accepted-github-permissions", ""))
        scopes = plain(headers.get("x-accepted-oauth-scopes", ""))
        has = plain(headers.get("x-oauth-scopes", ""))
        sso = re.search(r"url=(https?://[!-~]+)", headers.get("x-github-sso", ""))
        settings = f"{host.server}/settings/tokens"
        hint = f"give it the right at {settings}"
        if sso or "x-github-sso" in headers:
            message += ": the organisation wants it authorised for single sign-on"
            hint = sso[1] if sso else f"authorise it at {settings}"
        elif wanted:
            message += f": it wants the permission {wanted}"
            if token and token.kind == "installation":
                hint = f"in the workflow: permissions: {{{wanted.replace('=', ': ')}}}"
            else:
                hint = f"give it at {host.server}/settings/personal-access-tokens"
        elif scopes and not {*_words(scopes)} & {*_words(has)}:
            message += f": it wants the scope {' or '.join(_words(scopes))}, and has {has or 'none'}"
            if token and (token.source == GH or token.kind == "OAuth"):
                hint = f"gh auth refresh --hostname {host.name} --scopes {_words(scopes)[0]}"
        if told:
            message += f" ({told})"
        return AccessRefused(f"{message} ({asked}{_request(reply)})", hint)

    def _location(self, asked: str, reply: Reply) -> str | None:
        """Where a redirect leads, if the token may go there."""
        to = reply.headers.get("location", "")
        try:
            return self._own(urljoin(asked.partition(" ")[2], to)) if to else None
        except ValueError:
            return None

    def _not_followed(self, asked: str, reply: Reply) -> NothingToJudge:
        to = _host_of(reply.headers.get("location", ""))
        return NothingToJudge(
            f"{self._name} answered {reply.status}, which is not followed to {to} ({asked}{_request(reply)})",
            "is the host right? see GH_HOST and GITHUB_API_URL",
        )

    def _not_understood(self, asked: str, reply: Reply, content: Any) -> NothingToJudge:
        told = content.get("message") if isinstance(content, dict) else None
        why = f": {plain(told)}" if isinstance(told, str) and told else ""
        if reply.status == 451:  # noqa: PLR2004
            return NothingToJudge(f"{self._name} may not show this, for legal reasons{why} ({asked}{_request(reply)})")
        return NothingToJudge(
            f"{self._name} answered {reply.status}{why} ({asked}{_request(reply)})", "is the address right?"
        )

    def _noted(self, reply: Reply) -> datetime:
        """Note what is left of the limit, and return when this was, by the server's clock if it says."""
        headers = reply.headers
        if re.fullmatch(r"[0-9]{1,15}", headers.get("x-ratelimit-remaining", "")):
            self.remaining = int(headers["x-ratelimit-remaining"])
        if NUMBER.fullmatch(headers.get("x-ratelimit-reset", "")):
            with suppress(OverflowError, ValueError, OSError):
                self.reset = datetime.fromtimestamp(float(headers["x-ratelimit-reset"]), UTC)
        return date(headers.get("date", "")) or self._clock()

    def _note_cost(self, told: Any) -> None:
        if not isinstance(told, dict):
            return
        cost, remaining, reset = told.get("cost"), told.get("remaining"), told.get("resetAt")
        if type(cost) is int and cost > 0:
            self.note_points(cost)
        if type(remaining) is int:
            self.remaining = remaining
        if isinstance(reset, str):
            with suppress(ValueError):
                self.reset = datetime.fromisoformat(reset).astimezone(UTC)

    def _below(self, path: str) -> str:
        """The path below the API's address."""
        return path if path.startswith("/") else urlsplit(path).path.removeprefix(self._address.path)

    def _own(self, address: str) -> str | None:
        """The address, if the token may go there: same scheme, host and port, and no user in it."""
        if not re.fullmatch(r"[!-~]+", address) or "\\" in address:
            return None
        try:
            parts = urlsplit(address)
            same = _place(parts) == _place(self._address)
        except ValueError:
            return None
        if not same or "@" in parts.netloc or not parts.path.startswith("/"):
            return None
        return parts._replace(fragment="").geturl()


def _origin(address: SplitResult) -> str:
    return f"{address.scheme}://{address.netloc}"


def _place(address: SplitResult) -> tuple[str, str | None, int]:
    return address.scheme, address.hostname, address.port or (443 if address.scheme == "https" else 80)


def _host_of(address: str) -> str:
    """What may be shown of an address that is not trusted: its scheme and host."""
    try:
        parts = urlsplit(address)
        return plain(f"{parts.scheme}://{parts.hostname}") if parts.hostname else "nowhere"
    except ValueError:
        return "nowhere"


def _parsed(text: str) -> Any:
    """The JSON of a body, or None: GitHub never answers with `null` alone."""
    try:
        content = json.loads(text, parse_constant=_refuse)
        if "\\u" in text:
            # Half of a pair is JSON, but no text that could be written anywhere.
            whole = (
                json.dumps(content, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            )
            content = json.loads(whole)
    except (ValueError, RecursionError):
        return None
    return content


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _errors(errors: Any) -> bool:
    return isinstance(errors, list) and all(isinstance(error, dict) for error in errors)


def _request(reply: Reply) -> str:
    name = reply.headers.get("x-github-request-id", "")
    return f", request {name}" if re.fullmatch(r"[!-~]{1,100}", name) else ""


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
