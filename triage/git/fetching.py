"""Keep a bare clone in the cache folder: made whole or not at all, brought up to date when it is too old."""

from __future__ import annotations

import contextlib
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import AccessRefused, AskedWrongly, CouldNotLook, NothingToJudge, TriageError, TryLater
from triage.git.bundle import bare_repository
from triage.git.names import is_object_id, is_ref_name
from triage.git.process import TIME_LIMIT, Git
from triage.git.refs import read_refs
from triage.git.remotes import HOST, NAME, OWNER
from triage.git.stream import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from triage.git.refs import Refs

LONGEST = 4 * 3600.0
"""How long one fetch may take as long as something arrives, in seconds."""
_SERVER = re.compile(rf"(https?)://({HOST})(:\d{{1,5}})?((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/*\Z")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])\Z", re.IGNORECASE)
_FOLDER = re.compile(rf"({HOST}(?::\d{{1,5}})?)/({OWNER})/({NAME})\Z")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}\Z")
_TOKEN_VARIABLE = "TRIAGE_CLONE_TOKEN"  # noqa: S105 - the name of a variable
# The words of a shell's own printf are in no list of processes.
_HELPER = (
    '!f() { if test "$1" = get; then printf "username=x-access-token\\npassword=%s\\n" '
    f'"${_TOKEN_VARIABLE}"; fi; }}; f'
)
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")
_AUTHORITIES = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FROM_USER = {
    "http.proxy": "http.proxy",
    "http.proxyauthmethod": "http.proxyAuthMethod",
    "http.sslcainfo": "http.sslCAInfo",
    "http.sslcapath": "http.sslCAPath",
}
"""What of the user's own git config says how the network is reached, as git spells it and as it is written."""
_ROOT = "refs/remotes/origin/"
# A branch called HEAD would be written through the symbolic ref that says which branch users get.
_REFSPECS = (
    f"+refs/heads/*:{_ROOT}*",
    "^refs/heads/HEAD",
    "+refs/tags/*:refs/tags/*",
    "+refs/pull/*/head:refs/pull/*/head",
)
_FETCH = (
    "fetch",
    "--force",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-show-forced-updates",
)
_MANY_PACKS = 50
_PROGRESS = re.compile(
    r"(?:remote: )?((?:Enumerating|Counting|Compressing|Receiving) objects|Resolving deltas|Checking connectivity)"
    r": +([ -~]*?)[ .]*\Z"
)
_ANY_CODE = range(-64, 256)
_REFUSED = re.compile(r"Authentication failed for|returned error: 40[13]|HTTP 40[13]")
_ASKED = re.compile(r"could not read (?:Username|Password) for '([a-z]+://[^/']*)")
_ABSENT = re.compile(r"repository '[^']*' not found|returned error: 404")
_MOVED = re.compile(r"returned error: 30[1278]|HTTP 30[1278]|unable to update url base from redirection")
_TLS = re.compile(r"certificate|\bSSL\b|\bTLS\b|gnutls", re.IGNORECASE)
_ADDRESS = re.compile(r"'[a-z]+://[^']*'")
_CUT = re.compile(
    r"properly terminated|(?:recv|send) error|SSL_ERROR_(?:SYSCALL|ZERO_RETURN)|unexpected eof", re.IGNORECASE
)
_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large")
_AWAY = re.compile(
    r"Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out)|timed out|too slow|"
    r"returned error: (?:429|5\d\d)|RPC failed|hung up|early EOF|unexpected disconnect|Empty reply|Recv failure|"
    r"unable to access|invalid index-pack output|bad (?:line length|pack header)|expected (?:flush|'packfile')|"
    r"protocol error|invalid server response|not valid: is this a git repository",
)


class Clone(NamedTuple):
    """A clone in the cache folder, when it was brought up to date, and what kept it from being so now, if anything."""

    path: Path
    fetched: datetime | None
    fault: TriageError | None = None


class _Source(NamedTuple):
    """Where a repository is fetched from; `scope` is all that the token is for."""

    repository: str
    host: str
    url: str
    scheme: str
    scope: str


class _Place(NamedTuple):
    """The folder of a clone, and beside it the one that a new clone is made in, and the lock on both."""

    folder: Path
    new: Path
    lock: Path


class _Limits(NamedTuple):
    """How long nothing at all may happen, and how long all may take, in seconds."""

    silence: float
    whole: float


class _Talk(NamedTuple):
    """Who is told what is done, and who wants to know how far it is."""

    say: Callable[[str], None]
    progress: Callable[[str], None] | None


def cached_clone(
    repository: str,
    host: str,
    server_url: str,
    *,
    cache: Path,
    token: str | None,
    max_age: timedelta,
    offline: bool = False,
    timeout: float = TIME_LIMIT,
    longest: float = LONGEST,
    say: Callable[[str], None] = lambda _: None,
    progress: Callable[[str], None] | None = None,
) -> Clone:
    """Return the clone of `owner/name` in the cache folder, made or fetched if it is missing or older than `max_age`.

    It has all branches, tags and heads of pull requests. `timeout` is how long nothing may arrive, in seconds. What
    keeps a clone that is there from being fetched is its `fault`. Raises AskedWrongly for names that are none, and
    AccessRefused, TryLater or NothingToJudge where there is no clone and none can be made.
    """
    source, place = _source(repository, host, server_url), _place(cache, host, repository)
    before = _fetched(place)
    if _is_there(place) and (offline or _is_fresh(before, max_age)):
        return Clone(place.folder, before)
    if offline:
        raise NothingToJudge(
            f"there is no clone of {repository} yet, and making one needs the network",
            "run it once without --offline, or name a clone with -C PATH",
        )
    try:
        with _translated(cache):
            _bring_up_to_date(source, place, token, max_age, _Limits(timeout, longest), _Talk(say, progress))
    except TriageError as fault:
        if not _is_there(place):
            raise
        return Clone(place.folder, _fetched(place), fault)
    return Clone(place.folder, _fetched(place))


def _source(repository: str, host: str, server_url: str) -> _Source:
    match = _SERVER.match(server_url)
    if match is None or (match[1] == "http" and not _LOOPBACK.match(match[2])):
        shown = server_url if "@" not in server_url else f"…@{server_url.rpartition('@')[2]}"
        raise AskedWrongly(f"not the address of a server to clone from: {shown!r}", "write it as https://github.com")
    scheme, name, port, path = match[1], match[2].lower(), match[3] or "", match[4]
    scope = f"{scheme}://{name}{port}"
    return _Source(repository, host.lower(), f"{scope}{path}/{repository}.git", scheme, scope)


def _place(cache: Path, host: str, repository: str) -> _Place:
    match = _FOLDER.match(f"{host}/{repository}".lower())
    if match is None or ".." in match[1] or match[3].endswith(".git"):
        raise AskedWrongly(f"not a repository: {repository!r} on {host!r}", "write owner/name")
    above = cache.absolute() / "clones" / match[1] / match[2]
    return _Place(*(above / f"{match[3]}{end}" for end in (".git", ".new", ".lock")))


def _is_there(place: _Place) -> bool:
    """Whether there is a clone. It came there whole; a HEAD without content is what a power cut leaves."""
    try:
        return (place.folder / "HEAD").read_bytes().startswith(b"ref: ") and (place.folder / "objects").is_dir()
    except OSError:
        return False


def _fetched(place: _Place) -> datetime | None:
    try:
        about = (place.folder / "FETCH_HEAD").stat()
    except OSError:
        return None
    return datetime.fromtimestamp(about.st_mtime, UTC) if about.st_size else None


def _is_fresh(fetched: datetime | None, max_age: timedelta) -> bool:
    # A moment to come was noted by a wrong clock.
    return fetched is not None and timedelta(0) <= datetime.now(UTC) - fetched < max_age


@contextlib.contextmanager
def _translated(cache: Path) -> Iterator[None]:
    """Raise what can be done about a folder that cannot be written, and about a git that did not answer."""
    try:
        yield
    except OSError as error:
        told = error.strerror or str(error)
        raise NothingToJudge(
            f"a clone cannot be kept in {cache}: {told}", "make room there, or name a clone with -C"
        ) from error
    except CouldNotLook as error:
        raise NothingToJudge(error.message, error.hint) from error


def _bring_up_to_date(
    source: _Source, place: _Place, token: str | None, max_age: timedelta, limits: _Limits, talk: _Talk
) -> None:
    root = place.folder.parents[2]
    if not root.is_dir():
        # Repositories that only the user may read are in there.
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.lock.parent.mkdir(parents=True, exist_ok=True)
    before = _fetched(place)
    with _locked(source, place, limits, talk) as (held, waited):
        there, fetched = _is_there(place), _fetched(place)
        if there and (_is_fresh(fetched, max_age) or (waited and fetched != before)):
            return
        _remove(place.new)
        visit = _Visit(source, token, limits, talk, held)
        if there:
            _clear(place.folder)
            talk.say(f"fetching {source.repository} …")
            visit.refresh(place.folder)
            return
        _remove(place.folder)
        talk.say(f"cloning {source.repository} …")
        try:
            visit.make(place.new)
            place.new.rename(place.folder)
        except BaseException:
            with contextlib.suppress(OSError):
                _remove(place.new)
            raise


@contextlib.contextmanager
def _locked(source: _Source, place: _Place, limits: _Limits, talk: _Talk) -> Iterator[tuple[int, bool]]:
    """Hold the lock, and say whether it had to be waited for. It ends with the last process that holds it."""
    import fcntl  # noqa: PLC0415 - only who fetches needs it

    held = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        began, waited = time.monotonic(), False
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pass
            if not waited:
                talk.say(f"waiting for another process that is fetching {source.repository} …")
            waited = True
            # Who has an older clone need not wait for long; who has none can do nothing else.
            limit = limits.silence if _is_there(place) else limits.whole
            if time.monotonic() - began > limit:
                raise TryLater(
                    f"another process has been fetching {source.repository} for more than {limit:g} s",
                    "wait for it to end, or end it",
                )
            time.sleep(0.05)
        yield held, waited
    finally:
        os.close(held)


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - slow to import, and rarely needed

    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _clear(folder: Path) -> None:
    """Remove what a git that was killed left behind. Who holds the lock knows that none is at work."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock", "objects/**/tmp_*", "objects/pack/.tmp-*"):
        for path in folder.glob(pattern):
            _remove(path)


class _Visit:
    """What is done at the server: all under the lock, and the only use that git makes of the network."""

    def __init__(self, source: _Source, token: str | None, limits: _Limits, talk: _Talk, held: int) -> None:
        if token is not None and not _TOKEN.match(token):
            raise AccessRefused(
                "the token holds characters that no token has", "set GH_TOKEN again, without blanks and line ends"
            )
        self._source = source
        self._token = token
        self._limits = limits
        self._talk = talk
        self._held = held

    def make(self, folder: Path) -> None:
        """Make a clone in a folder that is not there yet."""
        bare_repository(folder, {}, head=None, long_ids=False)
        self._configure(folder, long_ids=False)
        began = time.time()
        # Where no fetch can be told, a clone is as old as this file.
        _write(folder / "description", f"{self._source.repository}, kept by triage\n", at=began)
        head, sha = self._head(folder)
        if sha is not None and len(sha) > 40:  # noqa: PLR2004 - the length of SHA-1
            self._configure(folder, long_ids=True)
        self._fetch(folder, head, began, new=True)

    def refresh(self, folder: Path) -> None:
        """Fetch into a clone. If that is cut short, the clone is as usable as before, and as old."""
        self._configure(folder, long_ids="objectformat = sha256" in _text(folder / "config"))
        began = time.time()
        head, _ = self._head(folder)
        refs = read_refs(self._git(folder))
        if head is not None and refs.symbolic.get(f"{_ROOT}HEAD") != _ROOT + head:
            # The old default branch is gone with the next fetch; at no moment may there be none.
            with contextlib.suppress(CouldNotLook, NothingToJudge):
                self._ask(folder, *_FETCH, "--quiet", "--end-of-options", "origin", f"+refs/heads/{head}:{_ROOT}{head}")
                self._follow(folder, head)
        self._fetch(folder, head, began)
        self._pack(folder)

    def _configure(self, folder: Path, *, long_ids: bool) -> None:
        """Write the config, so that it says nothing but what we want."""
        version, extra = (1, "[extensions]\n\tobjectformat = sha256\n") if long_ids else (0, "")
        fetches = "".join(f"\tfetch = {refspec}\n" for refspec in _REFSPECS)
        text = (
            f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extra}"
            f'[remote "origin"]\n\turl = {self._source.url}\n{fetches}'
        )
        if _text(folder / "config") != text:
            _write(folder / "config", text)

    def _head(self, folder: Path) -> tuple[str | None, str | None]:
        """Return the branch that the server says is the default, and the id that its HEAD has; None for what is not.

        Raises NothingToJudge if there is no branch at all: a fetch would then remove all that is here.
        """
        out = self._ask(folder, "ls-remote", "--quiet", "--symref", "--end-of-options", "origin", "HEAD", patient=False)
        branch = sha = None
        for line in out.decode("utf-8", "surrogateescape").split("\n"):
            told, _, name = line.partition("\t")
            if name == "HEAD" and told.startswith("ref: refs/heads/"):
                branch = told.removeprefix("ref: refs/heads/")
            elif name == "HEAD" and is_object_id(told):
                sha = told
        if sha is None:
            heads = self._ask(folder, "ls-remote", "--quiet", "--heads", "--end-of-options", "origin", patient=False)
            if not heads.strip():
                raise NothingToJudge(
                    f"{self._source.repository} is empty: {self._source.host} shows no commits of it",
                    "push some first, or see what answers for that server",
                )
        return (branch if branch is not None and is_ref_name(branch) else None), sha

    def _fetch(self, folder: Path, head: str | None, began: float, *, new: bool = False) -> None:
        # With --quiet, --progress leaves out how much was received.
        shown = "--progress" if self._talk.progress is not None else "--quiet"
        self._ask(folder, *_FETCH, "--prune", shown, "--end-of-options", "origin")
        git = self._git(folder)
        if new:
            _pack_refs(folder, read_refs(git))
        else:
            git.run("pack-refs", "--all", "--prune")
        self._follow(folder, head)
        lines = []
        for name, sha in read_refs(git).ids.items():
            if name.startswith(_ROOT):
                kind = f"branch '{name.removeprefix(_ROOT)}'"
            else:
                kind = f"tag '{name.removeprefix('refs/tags/')}'" if name.startswith("refs/tags/") else f"'{name}'"
            if name != f"{_ROOT}HEAD":
                lines.append(f"{sha}\tnot-for-merge\t{kind} of {self._source.url}\n")
        # Git would write it while it fetches. It is what a clone's age is told by, so that it comes last, and at once.
        _write(folder / "FETCH_HEAD", "".join(lines), at=began)

    def _follow(self, folder: Path, head: str | None) -> None:
        """Point the remote's HEAD at the branch that the server calls the default."""
        git = self._git(folder)
        refs = read_refs(git)
        if head is not None and _ROOT + head in refs.ids and refs.symbolic.get(f"{_ROOT}HEAD") != _ROOT + head:
            git.run("symbolic-ref", f"{_ROOT}HEAD", _ROOT + head)

    def _pack(self, folder: Path) -> None:
        """Make one pack of many. What no ref reaches any more is kept: it may be cited."""
        if sum(1 for _ in folder.glob("objects/pack/*.pack")) > _MANY_PACKS:
            git = self._git(folder)
            with contextlib.suppress(CouldNotLook):
                git.run("repack", "-a", "-d", "-k", "-q")

    def _git(self, folder: Path, limit: float | None = None) -> Git:
        return Git(folder, timeout=limit or self._limits.whole, held=self._held)

    def _ask(self, folder: Path, *command: str, patient: bool = True) -> bytes:
        """Return what a git that may use the network prints. Raises AccessRefused, TryLater or NothingToJudge."""
        git = self._git(folder, self._limits.whole if patient else self._limits.silence)
        git.version()
        online = git.online(self._source.scheme, self._settings(git), self._variables())
        heard = _Heard(self._talk.progress)
        out = bytearray()
        try:
            with online.stream(*command, listen=heard.take) as stream:
                while block := stream.chunk():
                    out += block
                code = stream.finish(_ANY_CODE)
                errors = stream.errors() + heard.rest()
        except CouldNotLook as error:
            raise TryLater(f"{self._source.host} does not answer: {error.message}", "try again later") from error
        if code:
            raise self._fault(command[0], code, self._cleaned(errors), folder)
        return bytes(out)

    def _settings(self, git: Git) -> list[tuple[str, str]]:
        settings = [
            ("http.followRedirects", "initial"),
            ("http.lowSpeedLimit", "1"),
            ("http.lowSpeedTime", str(max(1, int(self._limits.silence)))),
            ("fetch.unpackLimit", "1"),
            ("fetch.writeCommitGraph", "true"),
        ]
        if self._token is not None:
            settings.append((f"credential.{self._source.scope}.helper", _HELPER))
        return [*settings, *self._from_user(git)]

    def _from_user(self, git: Git) -> list[tuple[str, str]]:
        """Return how the user's own config says that the network is reached: by which proxy, trusting whom."""
        if self._source.scheme != "https":
            return []
        asked = ("config", "--null", "--get-urlmatch", "http", self._source.url)
        try:
            out = git.with_user_config(Path("/")).run(*asked, good=(0, 1))
        except (CouldNotLook, NothingToJudge):
            return []
        entries = (entry.partition("\n") for entry in out.decode("utf-8", "surrogateescape").split("\0"))
        given = [(_FROM_USER[key.lower()], value) for key, _, value in entries if key.lower() in _FROM_USER and value]
        return [(key, os.path.expanduser(value) if "CA" in key else value) for key, value in given]  # noqa: PTH111

    def _variables(self) -> dict[str, str]:
        variables = {} if self._token is None else {_TOKEN_VARIABLE: self._token}
        if self._source.scheme != "https":
            return variables
        return {**variables, **_reached_by(os.environ)}

    def _cleaned(self, text: str) -> str:
        """Return what git and the server said, without the token and without what a terminal would obey."""
        if self._token is not None:
            text = text.replace(self._token, "…")
        return "\n".join("".join(c if c.isprintable() else "?" for c in line.strip()) for line in text.splitlines())

    def _fault(self, command: str, code: int, told: str, folder: Path) -> TriageError:
        """Name what went wrong by what can be done about it."""
        source = self._source
        word = _why(told)
        if match := _ASKED.search(told):
            if match[1] != source.scope:
                return AccessRefused(
                    f"{source.host} sends what asks for {source.repository} on to {match[1][:80]}, which wants a login",
                    "name that server, if it is where the repository is; the token is only for the first",
                )
            return AccessRefused(
                f"{source.host} wants a token for {source.repository}: it is private, or there is no such repository",
                "set GH_TOKEN to a token that may read its contents, or `gh auth login`",
            )
        if _REFUSED.search(told):
            return AccessRefused(
                f"{source.host} refuses {'the token' if self._token else 'us'} for {source.repository}: {word}",
                "the token needs the right `Contents: read` for it (and single sign-on, where the organisation asks)",
            )
        if _MOVED.search(told):
            # Older gits do not follow where they had to show the token first.
            return NothingToJudge(
                f"{source.host} sends what asks for {source.repository} elsewhere: it was renamed or moved",
                "name it as it is called now: -R OWNER/NAME",
            )
        if _ABSENT.search(told):
            return NothingToJudge(
                f"{source.host} shows no repository {source.repository}",
                "is the name right? a private one needs a token with `Contents: read` for it",
            )
        if _FULL.search(told):
            return NothingToJudge(f"the disk is full: {word}", f"make room in {folder.parents[2]}")
        # The name of a repository is no word about what went wrong.
        plain = _ADDRESS.sub("", told)
        if _TLS.search(plain) and not _CUT.search(plain):
            return NothingToJudge(
                f"the connection to {source.host} is not safe: {word}",
                "is the certificate of a company's proxy missing? name its file with SSL_CERT_FILE",
            )
        if _AWAY.search(plain):
            return TryLater(f"{source.repository} cannot be fetched from {source.host} now: {word}", "try again later")
        fault = trouble(command, code, told, folder)
        if fault.hint and "fsck" in fault.hint:
            return NothingToJudge(fault.message, f"if it stays, remove {folder}: the next run makes it anew")
        return NothingToJudge(fault.message, fault.hint)


def _pack_refs(folder: Path, refs: Refs) -> None:
    """Put the refs of a clone that nobody uses yet into one file: git is slow where there are many pull requests."""
    names = {
        name.encode("utf-8", "surrogateescape"): sha for name, sha in refs.ids.items() if name not in refs.symbolic
    }
    lines = b"".join(b"%s %s\n" % (names[name].encode(), name) for name in sorted(names))
    (folder / "packed-refs").write_bytes(b"# pack-refs with: sorted \n" + lines)
    _remove(folder / "refs")
    (folder / "refs" / "heads").mkdir(parents=True)


def _reached_by(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that say by which proxy the network is reached, and which authorities are trusted."""
    found = {name: environment[name] for name in _PROXIES if environment.get(name)}
    trusted = next((environment[name] for name in _AUTHORITIES if environment.get(name)), None)
    if trusted is not None:
        found["GIT_SSL_CAPATH" if Path(trusted).is_dir() else "GIT_SSL_CAINFO"] = str(Path(trusted).absolute())
    return found


class _Heard:
    """What git says while it fetches: how far it is goes to who wants to know, the rest is kept."""

    def __init__(self, progress: Callable[[str], None] | None) -> None:
        self._progress = progress
        self._begun = b""

    def take(self, told: bytes) -> bytes:
        """Return what is no progress, in whole lines."""
        *lines, self._begun = re.split(rb"[\r\n]", self._begun + told)
        self._begun = self._begun[-4096:]
        kept = bytearray()
        for line in lines:
            match = _PROGRESS.match(line.decode("utf-8", "replace").rstrip())
            if match is None:
                # What begins with a blank is the list of all refs that were brought.
                kept += b"" if line.startswith((b" ", b"From ")) else line + b"\n"
            elif self._progress is not None:
                self._progress(f"{match[1]}: {match[2]}")
        return bytes(kept)

    def rest(self) -> str:
        """Return the line that was not ended."""
        return self._begun.decode("utf-8", "replace")


def _why(told: str) -> str:
    """Return the one line that says most: what the server says, else git's last word."""
    lines = [line for line in told.split("\n") if line]
    remote = [line.removeprefix("remote: ") for line in lines if line.startswith("remote: ")]
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    found = (remote or fatal or lines or ["it says nothing"])[0]
    return re.sub(r"^(?:fatal|error): (?:unable to access '[^']*': )?", "", found)[:200]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _write(path: Path, text: str, at: float | None = None) -> None:
    """Write a file so that it is there whole or not at all, as old as said."""
    begun = path.with_name(f"{path.name}.lock")
    begun.write_text(text, "utf-8", "surrogateescape")
    if at is not None:
        os.utime(begun, (at, at))
    begun.replace(path)
