"""One exchange with GitHub, in place of PyGithub's connection: bounded in time and size, and never followed."""

from __future__ import annotations

import os
import re
import ssl
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import AskedWrongly, NothingToJudge, TriageError, TryLater

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator
    from datetime import datetime

    from requests import Response as RawResponse
    from requests import Session

LARGEST = 64 << 20
NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_BLOCK = 1 << 16
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Reply(NamedTuple):
    """What came back, in the shape that PyGithub wants from its connections."""

    status: int
    headers: dict[str, str]
    text: str

    def getheaders(self) -> ItemsView[str, str]:
        """The headers but those that PyGithub would take for numbers, and fail, although they are none."""
        return {
            name: value
            for name, value in self.headers.items()
            if not name.startswith("x-ratelimit-") or name == "x-ratelimit-resource" or NUMBER.fullmatch(value)
        }.items()

    def read(self) -> str:
        """The body."""
        return self.text


class Trouble(NamedTuple):
    """An attempt that found nothing, and what it is called when it was the last one."""

    what: str
    hint: str | None = None
    again: bool = True
    error: type[TriageError] = TryLater
    pause: float = 0
    """Seconds that GitHub asks to be left alone."""
    until: datetime | None = None
    less: bool = False
    """Whether a smaller question might be answered."""


class Odd(Exception):
    """A reply that PyGithub would act upon by itself: wait without end, or follow."""


class Failed(Exception):
    """The exchange came to nothing; what came of it is a value."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.what)
        self.trouble = trouble


class Wire:
    """One exchange, in place of PyGithub's connection.

    PyGithub's own reads without a deadline or a limit of size, and keeps the address between two calls, which two
    threads would mix up. What fails becomes a value here: the errors of requests hold the headers with the token.
    """

    def __init__(self, session: Session, origin: str, seconds: float, secret: str | None) -> None:
        self._session = session
        self._origin = origin
        self._seconds = seconds
        self._secret = secret
        self.reply: Reply | None = None

    def request(self, verb: str, url: str, body: str | None, headers: dict[str, str], stream: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyGithub's signature
        """Take what is to be sent."""
        # Anything else would become part of the host's name: https://api.github.com:443@example.com
        if not url.startswith("/"):
            raise Failed(Trouble("was asked for what is no path", again=False, error=NothingToJudge))
        self._asked = (verb, self._origin + url, body, headers)

    def getresponse(self) -> Reply:
        """Send it, and return what comes back. Raises `Failed`, and `Odd` for what PyGithub would act upon."""
        # Neither the look-up of a name nor dripping headers end by a time-out of the socket. A thread can be left.
        box: list[Reply | Trouble] = []
        thread = threading.Thread(target=lambda: box.append(self._exchange()), daemon=True)
        thread.start()
        thread.join(self._seconds)
        outcome = box[0] if box else self._too_late()
        if isinstance(outcome, Trouble):
            raise Failed(outcome)
        self.reply = outcome
        if outcome.status in (202, 301):
            raise Odd
        return outcome

    def close(self) -> None:
        """Keep the connection: it is the session's."""

    def _too_late(self) -> Trouble:
        return Trouble(f"did not answer within {self._seconds:g} s", less=True)

    def _exchange(self) -> Reply | Trouble:
        end = time.monotonic() + self._seconds
        verb, url, body, headers = self._asked
        try:
            with self._session.request(
                verb,
                url,
                headers=headers,
                data=body,
                timeout=self._seconds,
                verify=_bundle()[1] or True,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._read(response, end)
        except Exception as fault:  # noqa: BLE001 - whatever the libraries raise is told as a value
            return _trouble(fault, self._too_late())

    def _read(self, response: RawResponse, end: float) -> Reply | Trouble:
        raw, body = response.raw, bytearray()
        while block := raw.read1(_BLOCK, decode_content=True):
            body += block
            if len(body) > LARGEST:
                return Trouble(f"answered with more than {LARGEST >> 20} MB", again=False, less=True)
            if time.monotonic() > end:
                return self._too_late()
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return Trouble("answered with what is not UTF-8", IN_BETWEEN)
        told = {name.lower(): self._masked(value) for name, value in response.headers.items()}
        return Reply(response.status_code, told, self._masked(text))

    def _masked(self, text: str) -> str:
        """A server that repeats the token would else bring it into logs and messages."""
        return text.replace(self._secret, "***") if self._secret else text


IN_BETWEEN = "is a proxy or a login page in between? see HTTPS_PROXY and NO_PROXY"


def _bundle() -> tuple[str, str | None]:
    """The certificates to trust, and the variable that names them; requests does not know the last of the three."""
    return next(((name, os.environ[name]) for name in _BUNDLES if os.environ.get(name)), ("", None))


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """The fault, and all that it is made of: requests and urllib3 wrap one another three deep."""
    todo, seen = [fault], set[int]()
    while todo and len(seen) < 32:  # noqa: PLR2004 - deeper than any, and an end for a circle
        one = todo.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        todo += [part for part in inner if isinstance(part, BaseException)]


def _distrust(parts: list[BaseException]) -> Trouble | None:
    """What is wrong with the host's certificate, or with those that it is compared with."""
    for part in parts:
        if isinstance(part, ssl.SSLCertVerificationError):
            why = plain(part.verify_message).rstrip(".")
            hint = "if your organisation signs it: export REQUESTS_CA_BUNDLE=/path/to/its/certificates.pem"
            return Trouble(f"shows a certificate that is not trusted: {why}", hint, again=False, error=NothingToJudge)
    name, bundle = _bundle()
    if bundle is not None and (not os.access(bundle, os.R_OK) or any("NO_CERTIFICATE" in str(part) for part in parts)):
        what = f"cannot be trusted: {name} names no readable certificates"
        return Trouble(what, f"unset {name}", again=False, error=AskedWrongly)
    return None


def _faulty(what: str, hint: str) -> Trouble:
    """What hardly ends by itself, and is tried again all the same."""
    return Trouble(what, hint, error=NothingToJudge)


def _trouble(fault: Exception, too_late: Trouble) -> Trouble:
    """Say what failed in our own words: those of the libraries hold addresses with passwords of proxies."""
    import socket  # noqa: PLC0415 - only where something failed

    from requests import exceptions as ours  # noqa: PLC0415
    from urllib3 import exceptions as theirs  # noqa: PLC0415

    parts = list(_chain(fault))

    if distrust := _distrust(parts):
        return distrust
    proxy = Trouble("cannot be reached: the proxy's address cannot be used", "see HTTPS_PROXY", again=False)
    kinds: list[tuple[tuple[type[BaseException], ...], Trouble]] = [
        (
            (ours.InvalidProxyURL, ours.InvalidSchema, theirs.ProxySchemeUnknown, theirs.ProxySchemeUnsupported),
            proxy._replace(error=AskedWrongly),
        ),
        ((ours.ProxyError, theirs.ProxyError), _faulty("cannot be reached through the proxy", "see HTTPS_PROXY")),
        ((ssl.SSLError, ours.SSLError, theirs.SSLError), _faulty("does not speak TLS as it should", IN_BETWEEN)),
        (
            (socket.gaierror, theirs.NameResolutionError),
            _faulty("cannot be found: no address has that name", "see GH_HOST, GITHUB_API_URL and `git remote -v`"),
        ),
        ((ConnectionRefusedError,), _faulty("refuses the connection", "is the address right? see GITHUB_API_URL")),
        (
            (ours.InvalidHeader, theirs.InvalidHeader),
            Trouble("answered with headers that contradict one another", IN_BETWEEN),
        ),
        ((ours.Timeout, theirs.TimeoutError, TimeoutError), too_late),
        ((theirs.DecodeError,), Trouble("answered with what cannot be unpacked", IN_BETWEEN)),
        ((theirs.IncompleteRead,), Trouble("broke off in the middle of an answer")),
        ((theirs.NewConnectionError,), _faulty("cannot be reached", "is there a network?")),
        ((ours.ConnectionError, theirs.HTTPError, OSError), Trouble("broke the connection off")),
    ]
    for types, trouble in kinds:
        if any(isinstance(part, types) for part in parts):
            return trouble
    return Trouble(f"cannot be asked: {type(fault).__name__}", error=NothingToJudge)


def plain(text: str) -> str:
    """A text of the server as it may stand in a line for people: short, and without what steers a terminal."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:1000])
    shown = " ".join(shown.split())
    return shown if len(shown) <= 200 else shown[:199] + "…"  # noqa: PLR2004
