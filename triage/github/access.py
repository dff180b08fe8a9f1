"""Where GitHub is, and the token that it may be read with."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from triage.errors import AskedWrongly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PUBLIC = "github.com"
TENANTS = ".ghe.com"
"""GitHub Enterprise Cloud with data residency: https://docs.github.com/enterprise-cloud@latest/admin/data-residency."""
API, GRAPHQL, SERVER, NAME = "GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_SERVER_URL", "GH_HOST"
REMOTE = "remote"
ENTERPRISE_VARIABLES = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")
GH = "gh auth token"
GH_SECONDS = 5.0

_KINDS = {
    "ghp_": "classic",
    "github_pat_": "fine-grained",
    "gho_": "OAuth",
    "ghs_": "installation",
    "ghu_": "user of an App",
}
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*")
_PORT = re.compile(r":[0-9]{1,5}\Z")
_ADDRESS = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Host(NamedTuple):
    """One GitHub: its name as in addresses of repositories, and where it answers; no address ends with a slash."""

    name: str
    api: str
    graphql: str
    server: str
    source: str = "default"
    """The variable that named it, `remote`, or `default`."""

    @property
    def public(self) -> bool:
        """Whether it is github.com, not an Enterprise host."""
        return self.name == PUBLIC


class Token:
    """A token that shows itself to nobody but who asks for it by `reveal`."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        """`source` is the variable or the command that it comes from."""
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """Return the token itself, for the one header that carries it."""
        return self._value

    @property
    def kind(self) -> str:
        """What its prefix says that it is, or `unknown`."""
        return next((kind for prefix, kind in _KINDS.items() if self._value.startswith(prefix)), "unknown")

    def __repr__(self) -> str:
        return f"<token from {self.source}>"

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[type, ...]:
        raise TypeError("a token is not written anywhere")


class Access(NamedTuple):
    """What GitHub is read with."""

    host: Host
    token: Token | None


def find_access(
    environment: Mapping[str, str], remote: str | None = None, *, ask: Callable[[str], Token | None] | None = None
) -> Access:
    """Return the host and the token that hold, `remote` being the host of the repository's remote.

    `ask` is asked for the token of a host that no variable has, by default `gh`. Raises AskedWrongly.
    """
    host = find_host(environment, remote)
    token = token_of(host, environment)
    if token is None:
        token = ask(host.name) if ask is not None else ask_gh(host.name, environment)
    return Access(host, token)


def find_host(environment: Mapping[str, str], remote: str | None = None) -> Host:
    """Return where GitHub is by the variables, else by the remote's host, else github.com. Raises AskedWrongly."""
    given = {name: _address(environment, name) for name in (API, GRAPHQL, SERVER)}
    api, graphql, server = given[API], given[GRAPHQL], given[SERVER]
    source = API
    if api is None and graphql is not None:
        api, source = _api_of_graphql(graphql), GRAPHQL
    if api is not None:
        graphql = graphql or api._replace(path=_graphql_path(api.path))
        if _origin(graphql) != _origin(api):
            raise AskedWrongly(
                f"{GRAPHQL} is on another host than {API}: {_shown(graphql)}, not {_shown(api)}",
                f"unset {GRAPHQL}: the token goes to one host",
            )
        server = server or SplitResult(api.scheme, _server_of_api(api.netloc), "", "", "")
        return Host(server.netloc, api.geturl(), graphql.geturl(), server.geturl(), source)
    if _value(environment, NAME):
        return _usual(_host_name(_value(environment, NAME), NAME), NAME)
    if server is not None:
        usual = _usual(server.netloc, SERVER)
        if server.scheme == "http":
            usual = usual._replace(api=f"{server.geturl()}/api/v3", graphql=f"{server.geturl()}/api/graphql")
        return usual._replace(server=server.geturl())
    if remote and remote.strip():
        return _usual(_host_name(_PORT.sub("", remote.strip()), REMOTE), REMOTE)
    return _usual(PUBLIC, "default")


def _usual(name: str, source: str) -> Host:
    """The host of a name, with the addresses that GitHub's own products have."""
    name = name.lower()
    if name in (PUBLIC, f"ssh.{PUBLIC}", f"www.{PUBLIC}", f"api.{PUBLIC}"):
        return Host(PUBLIC, f"https://api.{PUBLIC}", f"https://api.{PUBLIC}/graphql", f"https://{PUBLIC}", source)
    if name.endswith(TENANTS):
        name = name.removeprefix("api.").removeprefix("ssh.")
        return Host(name, f"https://api.{name}", f"https://api.{name}/graphql", f"https://{name}", source)
    return Host(name, f"https://{name}/api/v3", f"https://{name}/api/graphql", f"https://{name}", source)


def _host_name(text: str, source: str) -> str:
    bare = text if source == REMOTE else _PORT.sub("", text)
    if not _NAME.fullmatch(bare):
        told = "holds a user" if "@" in text else f"{text[:80]!r}"
        where = "the remote's host" if source == REMOTE else source
        raise AskedWrongly(f"{where} is not the name of a host: {told}", f"export {NAME}=github.com")
    return text


def _address(environment: Mapping[str, str], name: str) -> SplitResult | None:
    """The address that a variable holds. An answer is safe to show: it has neither user nor password."""
    text = _value(environment, name)
    if not text:
        return None
    example = f"export {name}={_usual(PUBLIC, '')[{API: 1, GRAPHQL: 2, SERVER: 3}[name]]}"
    if "@" in text:
        raise AskedWrongly(f"{name} holds a user or a password", "give the token as GH_TOKEN, and the address without")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    host = parts.hostname or ""
    if (
        not _ADDRESS.fullmatch(text)
        or "\\" in text
        or not (_NAME.fullmatch(host) or _loopback(host))
        or parts.query
        or parts.fragment
    ):
        raise AskedWrongly(f"{name} is not an address: {text[:120]!r}", example)
    if parts.scheme == "http" and not _loopback(host):
        raise AskedWrongly(
            f"{name} is plain http, which would show the token to everyone on the way: {text[:120]}",
            f"export {name}=https://{text[:120].partition('://')[2]}",
        )
    usual = port is None or port == _DEFAULT_PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return SplitResult(parts.scheme, shown if usual else f"{shown}:{port}", parts.path.rstrip("/"), "", "")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _graphql_path(path: str) -> str:
    """As PyGithub derives it: /api/v3 has its GraphQL at /api/graphql, any other path below itself."""
    return path.removesuffix("/v3") + "/graphql"


def _api_of_graphql(graphql: SplitResult) -> SplitResult:
    path = graphql.path.removesuffix("/graphql")
    return graphql._replace(path=path + "/v3" if path.endswith("/api") else path)


def _server_of_api(netloc: str) -> str:
    bare = netloc.removeprefix("api.")
    return bare if bare == PUBLIC or bare.endswith(TENANTS) else netloc


def _origin(address: SplitResult) -> tuple[str, str]:
    return address.scheme, address.netloc


def _shown(address: SplitResult) -> str:
    return f"{address.scheme}://{address.netloc}"


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip()


def token_of(host: Host, environment: Mapping[str, str]) -> Token | None:
    """Return the token that the variables have for a host, or None. Raises AskedWrongly for what cannot be one."""
    for name in variables_of(host):
        if text := _value(environment, name):
            if not re.fullmatch(r"[!-~]+", text):
                raise AskedWrongly(
                    f"{name} is not a token: it holds a character that none has (a space, a line break, an accent)",
                    f'export {name}="$(gh auth token)"',
                )
            return Token(text, name)
    return None


def variables_of(host: Host) -> tuple[str, ...]:
    """Return the variables whose token is for a host, first found wins.

    A token for github.com does not go to a host that only a clone names: whoever made the clone would get it.
    """
    if host.public:
        return VARIABLES
    return ENTERPRISE_VARIABLES if host.source == REMOTE else (*ENTERPRISE_VARIABLES, *VARIABLES)


def ask_gh(host: str, environment: Mapping[str, str]) -> Token | None:
    """Return the token that `gh` keeps for a host; None where there is no `gh`, it has none, or takes too long."""
    # A relative entry would be looked up wherever one stands: inside a clone that may be anyone's.
    folders = (part for part in environment.get("PATH", os.defpath).split(os.pathsep) if Path(part).is_absolute())
    program = shutil.which("gh", path=os.pathsep.join(folders))
    if program is None:
        return None
    command = [program, "auth", "token", "--hostname", host]
    quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1"}
    try:
        process = subprocess.Popen(
            command,
            env={**environment, **quiet},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A group of its own, so that what `gh` starts ends with it.
            start_new_session=True,
        )
    except (OSError, ValueError):
        return None
    with process:
        try:
            printed, _ = process.communicate(timeout=GH_SECONDS)
        except BaseException as fault:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(fault, subprocess.TimeoutExpired):
                return None
            raise
    text = printed.decode("utf-8", "replace").strip()
    return Token(text, GH) if process.returncode == 0 and re.fullmatch(r"[!-~]+", text) else None
