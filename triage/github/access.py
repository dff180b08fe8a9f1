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
BY_VARIABLE = (API, GRAPHQL, SERVER, NAME)
BY_USER = ("--repo", "GH_REPO", "TRIAGE_REPOSITORY", "GITHUB_REPOSITORY")
"""What else the user names a host by. Settings files and remotes come with a clone, which may be anyone's."""
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
    """The variable, the flag or the settings file that named it, `remote`, or `default`."""

    @property
    def public(self) -> bool:
        """Whether it is github.com, not an Enterprise host."""
        return self.name == PUBLIC

    @property
    def claimed(self) -> bool:
        """Whether only a clone names it, so that no token of a variable may go there."""
        return not self.public and self.source not in (*BY_VARIABLE, *BY_USER)

    @property
    def local(self) -> bool:
        """Whether what answers is on this machine: a test or a proxy, which may stand for any host."""
        return _loopback(urlsplit(self.api).hostname or "")


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
    environment: Mapping[str, str],
    named: str | None = None,
    source: str = REMOTE,
    *,
    ask: Callable[[str], Token | None] | None = None,
) -> Access:
    """Return the host and the token that hold, `named` being the host that `source` names, by default a remote.

    `ask` is asked for the token of a host that no variable has, by default `gh`. Raises AskedWrongly.
    """
    host = find_host(environment, named, source)
    token = token_of(host, environment)
    if token is None:
        token = ask(host.name) if ask is not None else ask_gh(host.name, environment)
    return Access(host, token)


def find_host(environment: Mapping[str, str], named: str | None = None, source: str = REMOTE) -> Host:
    """Return where GitHub is by the variables, else by the host that `source` names, else github.com.

    Raises AskedWrongly, also where something else than a remote names another host than the variables do.
    """
    named = (named or "").strip()
    found = _by_variables(environment)
    if not named:
        return found or _usual(PUBLIC, "default")
    if found is not None and (source == REMOTE or found.local):
        return found
    asked = _usual(_host_name(named if source != REMOTE else _PORT.sub("", named), source), source)
    if found is not None and asked.name != found.name:
        raise AskedWrongly(
            f"{source} names the host {asked.name}, and {found.source} the host {found.name}",
            f"one of them is asked: unset {found.source}, or leave the other host out",
        )
    return found or asked


def _by_variables(environment: Mapping[str, str]) -> Host | None:
    given = {name: _address(environment, name) for name in (API, GRAPHQL, SERVER)}
    api, graphql, server = given[API], given[GRAPHQL], given[SERVER]
    variable = API
    if api is None and graphql is not None:
        api, variable = _api_of_graphql(graphql), GRAPHQL
    if api is not None:
        graphql = graphql or api._replace(path=_graphql_path(api.path))
        if _origin(graphql) != _origin(api):
            raise AskedWrongly(
                f"{GRAPHQL} is on another host than {API}: {_shown(graphql)}, not {_shown(api)}",
                f"unset {GRAPHQL}: the token goes to one host",
            )
        server = server or SplitResult(api.scheme, _server_of_api(api.netloc), "", "", "")
        return Host(server.netloc, api.geturl(), graphql.geturl(), server.geturl(), variable)
    if _value(environment, NAME):
        return _usual(_host_name(_value(environment, NAME), NAME), NAME)
    if server is not None:
        usual = _usual(server.netloc, SERVER)
        if server.scheme == "http":
            usual = usual._replace(api=f"{server.geturl()}/api/v3", graphql=f"{server.geturl()}/api/graphql")
        return usual._replace(server=server.geturl())
    return None


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
    """Return the token that the variables have for a host, or None. Raises AskedWrongly for what cannot be one.

    None goes to a host that only a clone names: whoever made the clone would get it.
    """
    for name in variables_of(host) if not host.claimed else ():
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

    A token for github.com goes to another host only where a variable says that this is the host.
    """
    if host.public:
        return VARIABLES
    return (*ENTERPRISE_VARIABLES, *VARIABLES) if host.source in BY_VARIABLE else ENTERPRISE_VARIABLES


def log_in(host: Host) -> str:
    """Return what the user may do to have a token for a host."""
    if host.public:
        return f"gh auth login, or put a token into {VARIABLES[0]}"
    name = ENTERPRISE_VARIABLES[0]
    known = f"{NAME}={host.name} and " if host.claimed else ""
    return f"gh auth login --hostname {host.name}, or export {known}{name}=…"


def one_host(name: str, other: str) -> bool:
    """Whether two names, as they stand in addresses, are those of one host."""
    return _usual(name, "").name == _usual(other, "").name


def ask_gh(host: str, environment: Mapping[str, str]) -> Token | None:
    """Return the token that `gh` keeps for a host; None where there is no `gh`, it has none, or takes too long.

    It is not told the variables: it would answer with GH_ENTERPRISE_TOKEN for whatever host.
    https://cli.github.com/manual/gh_help_environment
    """
    # A relative entry would be looked up wherever one stands: inside a clone that may be anyone's.
    folders = (part for part in environment.get("PATH", os.defpath).split(os.pathsep) if Path(part).is_absolute())
    program = shutil.which("gh", path=os.pathsep.join(folders))
    if program is None:
        return None
    command = [program, "auth", "token", "--hostname", host]
    variables = (*ENTERPRISE_VARIABLES, *VARIABLES)
    quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1"}
    try:
        process = subprocess.Popen(
            command,
            env={name: text for name, text in environment.items() if name not in variables} | quiet,
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
