"""The catalogue of a clone's history in the cache folder: an SQLite file that is made whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import time
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triage.database import connect
from triage.git import objects, walk
from triage.git.graph import Graph
from triage.landing import reverts, subjects
from triage.landing.subjects import EVERY_REVERT, Wanted, plain, tidy, typeless

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from triage.database import Connection
    from triage.git.process import Git
    from triage.git.walk import Told

_DIGEST = 32
_BLOCK = 1 << 20
_ROWS = 2000
_STEM = 12
"""Characters by which subjects are looked up: not more than the shortest subject cut short must have."""
_READ = "mode=ro&immutable=1"
"""No file that was made is ever changed, so that none has to be locked."""
_LEFT_BEHIND = 24 * 3600.0
_TABLES = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE tip (sha BLOB PRIMARY KEY) WITHOUT ROWID",
    """CREATE TABLE commits (
        at INTEGER PRIMARY KEY, sha BLOB NOT NULL, parents BLOB NOT NULL, authored INTEGER NOT NULL,
        committed INTEGER NOT NULL, subject TEXT NOT NULL, stem TEXT NOT NULL, bare_stem TEXT
    )""",
    "CREATE TABLE reverting (at INTEGER PRIMARY KEY)",
    "CREATE TABLE numbered (number INTEGER NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE undone (name TEXT NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE naming (number INTEGER NOT NULL, repository TEXT NOT NULL, at INTEGER NOT NULL)",
)
_INDEXES = (
    "CREATE INDEX by_sha ON commits (sha, parents)",
    "CREATE INDEX by_stem ON commits (stem)",
    "CREATE INDEX by_bare_stem ON commits (bare_stem) WHERE bare_stem IS NOT NULL",
    "CREATE INDEX by_authored ON commits (authored)",
    "CREATE INDEX by_number ON numbered (number)",
    "CREATE INDEX by_named ON naming (number, repository)",
)
_PUT_COMMIT = "INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT = {
    "reverting": "INSERT INTO reverting VALUES (?)",
    "numbered": "INSERT INTO numbered VALUES (?, ?)",
    "undone": "INSERT INTO undone VALUES (?, ?)",
    "naming": "INSERT INTO naming VALUES (?, ?, ?)",
}
"""How rows come into the tables beside that of the commits."""
_FAST = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA locking_mode = EXCLUSIVE")
"""Nobody else sees a file that is being made, and one that is not made to its end is thrown away."""


class Place(NamedTuple):
    """Where the index of a clone is kept, and the commits at which the clone ends, if it is shallow."""

    file: Path
    boundary: str = ""


def place_of(folder: Path, common: Path) -> Place:
    """Return where the index of the clone with this common git directory is, in the cache folder."""
    name = blake2b(os.fsencode(common), digest_size=16).hexdigest()
    boundary = ""
    with contextlib.suppress(OSError):
        lines = sorted((common / "shallow").read_bytes().split())
        boundary = blake2b(b"\n".join(lines), digest_size=16).hexdigest()
    return Place(folder / "history" / f"{name}.db", boundary)


class Unusable(Exception):
    """A file that is damaged, or of another clone, another format or another boundary."""


def opened(place: Place, git: Git, tips: Collection[str]) -> Connection:
    """Open the index that is there, brought up to date; whoever opens it closes it.

    Raises Unusable, or an error of the system or of SQLite, if there is none that can be used.
    """
    connection = _opened(place, tips)
    try:
        behind = _behind(connection, git, tips)
    except BaseException:
        connection.close()
        raise
    if behind is None:
        return connection
    connection.close()
    return _brought_up_to_date(place, git, tips, behind)


def made(place: Place, git: Git, tips: Collection[str], missing: Iterable[str]) -> Connection:
    """Make the index anew and open it. Raises CouldNotLook if git fails, else as `opened` does."""
    here = _here(git, tips)
    with _begun(place) as path:
        with contextlib.closing(connect(path, "mode=rw")) as connection:
            _run(connection, (*_FAST, "BEGIN", *_TABLES))
            _put(connection, walk.told(git, tips, *missing))
            _run(connection, _INDEXES)
            connection.executemany("INSERT INTO about VALUES (?, ?)", _about(place, tips).items())
            _finish(connection, here)
        return _ended(place, path)


# -- the file --------------------------------------------------------------------------------------


def _run(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _about(place: Place, tips: Collection[str]) -> dict[str, str]:
    """Return what must be the same for an index to fit: the rules, where the clone ends, how long ids are."""
    return {"rules": _rules(), "boundary": place.boundary, "size": str(size_of(tips))}


@cache
def _rules() -> str:
    """Return a digest of all that decides what is in the tables: no text may be read by other rules than a walk's."""
    rules = blake2b(digest_size=16)
    for module in (__file__, walk.__file__, subjects.__file__, reverts.__file__):
        rules.update(Path(module).read_bytes())
    return rules.hexdigest()


def size_of(tips: Collection[str]) -> int:
    """Return how many bytes an id has; 0 where there is none."""
    return len(next(iter(tips), "")) // 2


def _here(git: Git, shas: Collection[str]) -> set[str]:
    asked = list(shas)
    return {sha for sha, header in zip(asked, objects.kinds(git, asked), strict=True) if header is not None}


def _opened(place: Place, tips: Collection[str]) -> Connection:
    """Open the file for reading if it is whole and fits. Raises Unusable if it is not."""
    with place.file.open("rb") as file:
        left = os.fstat(file.fileno()).st_size - _DIGEST
        made_of = blake2b(digest_size=_DIGEST)
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            made_of.update(block)
            left -= len(block)
        if left or file.read() != made_of.digest():
            raise Unusable("it is damaged")
        connection = connect(place.file, _READ)
        try:
            _check(connection, _about(place, tips))
            same = os.path.samestat(os.fstat(file.fileno()), place.file.stat())
        except BaseException:
            connection.close()
            raise
    if not same:
        connection.close()
        raise Unusable("it was replaced while it was opened")
    return connection


def _check(connection: Connection, about: dict[str, str]) -> None:
    if dict(connection.execute("SELECT key, value FROM about")) != about:
        raise Unusable("it is of another format, or of another clone")


@contextlib.contextmanager
def _begun(place: Place) -> Iterator[Path]:
    """Make an empty file beside the index, for its owner only; it is gone at the end if it did not become the index."""
    folder = place.file.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.new"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                left.unlink()
    path = folder / f"{place.file.stem}.{os.getpid()}-{os.urandom(4).hex()}.new"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def _ended(place: Place, path: Path) -> Connection:
    """Put the digest of a file at its end, as a pack has it, and make it the index; return it opened for reading."""
    with path.open("r+b") as file:
        made_of = blake2b(digest_size=_DIGEST)
        while block := file.read(_BLOCK):
            made_of.update(block)
        file.write(made_of.digest())
    # Opened by the name that nobody else has: another process may put its own in the place of this one.
    connection = connect(path, _READ)
    try:
        connection.execute("SELECT count(*) FROM about").fetchone()
        path.replace(place.file)
    except BaseException:
        connection.close()
        raise
    return connection


# -- what is in it ---------------------------------------------------------------------------------


def _stems(subject: str) -> tuple[str, str | None]:
    """Return how a subject begins, without `(#N)` after it, and without its type too where that is another."""
    text = tidy(subject)
    whole = plain(text) if text.endswith(")") else text
    bare = whole
    if ":" in text:
        bare = typeless(whole)
        if bare == whole:
            # Nothing but `(#N)` stands behind the type.
            bare = typeless(text)
    return whole[:_STEM], bare[:_STEM] if bare[:_STEM] != whole[:_STEM] else None


def beginnings(cited: str) -> Iterator[str]:
    """Yield all stems that a subject named by this text may have: each is how some name of it begins, or all of it."""
    text = tidy(cited)
    for name in {text[:_STEM], plain(text)[:_STEM]}:
        yield from (name[:length] for length in range(1, len(name) + 1))


def _put(connection: Connection, commits: Iterable[Told], at: int = 0) -> None:
    """Put commits into the tables, numbered from after `at`, as they come."""
    reverting = Wanted([EVERY_REVERT])
    rows: list[tuple[object, ...]] = []
    others: dict[str, list[tuple[object, ...]]] = {table: [] for table in _PUT}
    for sha, parents, authored, committed, subject, said in commits:
        at += 1
        whole, bare = _stems(subject)
        rows.append((at, bytes.fromhex(sha), bytes.fromhex(parents), authored, committed, subject, whole, bare))
        if reverting.matches(subject):
            others["reverting"].append((at,))
        if said is not None:
            others["numbered"] += [(number, at) for number in said.merged]
            others["undone"] += [(name, at) for name in said.undone]
            others["naming"] += [(number, repository, at) for repository, number in said.issues]
        if len(rows) >= _ROWS:
            _flush(connection, rows, others)
    _flush(connection, rows, others)


def _flush(connection: Connection, rows: list[tuple[object, ...]], others: dict[str, list[tuple[object, ...]]]) -> None:
    connection.executemany(_PUT_COMMIT, rows)
    rows.clear()
    for table, put in _PUT.items():
        connection.executemany(put, others[table])
        others[table].clear()


def _finish(connection: Connection, tips: Iterable[str]) -> None:
    connection.executemany("INSERT INTO tip VALUES (?)", ((bytes.fromhex(sha),) for sha in sorted(tips)))
    connection.execute("COMMIT")


class _Behind(NamedTuple):
    """The tips that an index was made for, those that are new since, and whether some are none any more."""

    old: set[str]
    new: set[str]
    fewer: bool


def _behind(connection: Connection, git: Git, tips: Collection[str]) -> _Behind | None:
    """Return how far an index is behind the refs, None if it is not. Raises Unusable if that cannot be told."""
    old = {sha.hex() for (sha,) in connection.execute("SELECT sha FROM tip")}
    gone = old.difference(tips)
    here = _here(git, [*(sha for sha in tips if sha not in old), *gone])
    if not gone <= here:
        raise Unusable("what it was made of is no longer there")
    new = here - gone
    return _Behind(old, new, bool(gone)) if new or gone else None


def _brought_up_to_date(place: Place, git: Git, tips: Collection[str], behind: _Behind) -> Connection:
    import shutil  # noqa: PLC0415 - only where refs moved

    with _begun(place) as path:
        with place.file.open("rb") as old, path.open("wb") as new:
            shutil.copyfileobj(old, new, _BLOCK)
            new.truncate(new.tell() - _DIGEST)
        with contextlib.closing(connect(path, "mode=rw")) as connection:
            _run(connection, (*_FAST, "BEGIN"))
            last = connection.execute("SELECT max(at) FROM commits").fetchone()[0] or 0
            feed = [*sorted(behind.new), *(f"^{sha}" for sha in sorted(behind.old))]
            _put(connection, _unknown(connection, walk.told(git, feed, "--ignore-missing")), last)
            connection.execute("DELETE FROM tip")
            if behind.fewer:
                _take_out(connection, git, tips)
            _finish(connection, (behind.old & set(tips)) | behind.new)
        return _ended(place, path)


def _unknown(connection: Connection, commits: Iterable[Told]) -> Iterator[Told]:
    """Leave out what is there: where clocks were wrong, git lists more than is new (`rev-list`, SLOP)."""
    for commit in commits:
        if connection.execute("SELECT 1 FROM commits WHERE sha = ?", (bytes.fromhex(commit[0]),)).fetchone() is None:
            yield commit


def _take_out(connection: Connection, git: Git, tips: Collection[str]) -> None:
    """Take out the commits that no tip reaches. That is told by the graph: git may list too many here as well."""
    graph = graph_of(connection, size_of(tips))
    named = [f"{sha}^{{commit}}" for sha in tips if sha not in graph]
    peeled = [header.sha for header in objects.kinds(git, named) if header is not None]
    reached = graph.reached(sha for sha in (*tips, *peeled) if sha in graph)
    gone = [(at,) for at, sha in connection.execute("SELECT at, sha FROM commits") if sha not in reached]
    connection.execute("CREATE TEMP TABLE gone (at INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO gone VALUES (?)", gone)
    for table in ("commits", *_PUT):
        connection.execute(f"DELETE FROM {table} WHERE at IN (SELECT at FROM gone)")  # noqa: S608 - names of ours only


def graph_of(connection: Connection, size: int) -> Graph:
    """Return all commits with their parents; an id has `size` bytes."""
    return Graph(dict(connection.execute("SELECT sha, parents FROM commits")), size)
