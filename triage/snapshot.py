"""The snapshot: what was read from GitHub, kept in one SQLite file that only its owner can read."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self, TypeVar

from triage import kept as facts_as_json
from triage.errors import AskedWrongly, NothingToJudge, TriageError
from triage.model import Kept

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Step = Callable[[sqlite3.Connection], None]

APPLICATION = int.from_bytes(b"tria", "big")
"""What the header of each snapshot says it belongs to (SQLite: `PRAGMA application_id`)."""
_FOLDER = ".triage"
_HOST = re.compile(r"[a-z0-9\[][a-z0-9.:\]-]{0,252}")
_OWNER = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_NAME = re.compile(r"[a-z0-9._-]{1,100}")
_KINDS = {stat.S_ISLNK: "a link", stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe"}
_SMALLEST = 512
_PATIENCE = 60.0
_ONE_WAIT = 5.0
_PAGE = 500
_MOST_PROBLEMS = 100
_DAMAGE = (522, 8458)
"""`SQLITE_IOERR_SHORT_READ` and `SQLITE_IOERR_CORRUPTFS`."""
_JOURNAL = "wal"
_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_ANEW = "move it away, with its -wal and -journal if there are any, then run triage again: it is made anew from GitHub"

T = TypeVar("T")


def where(environment: Mapping[str, str], settings_file: Path | None, host: str, repository: str | None) -> Path | None:
    """Return the path of the snapshot, whether or not it is there; None if nothing says of which repository.

    That is `TRIAGE_SNAPSHOT`, or `.triage/snapshot.db` beside the settings file, or a file of the user's data folder
    named by host and repository. Raises `AskedWrongly` for a host or a repository that is no name of one.
    """
    if named := environment.get("TRIAGE_SNAPSHOT"):
        return Path(named)
    if settings_file is not None:
        return settings_file.parent / _FOLDER / "snapshot.db"
    if repository is None:
        return None
    owner, _, name = repository.lower().partition("/")
    if not _OWNER.fullmatch(owner) or not _NAME.fullmatch(name) or name in (".", ".."):
        raise AskedWrongly(f"{repository!r} is not a repository", "write owner/name")
    if not _HOST.fullmatch(host.lower()):
        raise AskedWrongly(f"{host!r} is not the name of a host", "e.g. github.com")
    from platformdirs import user_data_path  # noqa: PLC0415 - only where nothing else says where

    return user_data_path("triage", appauthor=False) / host.lower() / owner / f"{name}.db"


# -- the format -------------------------------------------------------------------------------------


def _facts_and_past(connection: sqlite3.Connection) -> None:
    """Format 1: the newest fact by what it was asked by, and of each kind the newest that it replaced."""
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    columns = ", ".join(f"{name} TEXT NOT NULL" for name in (*_Row._fields, "digest"))
    connection.execute(f"CREATE TABLE fact ({columns}, PRIMARY KEY (host, repository, asked))")
    connection.execute(
        f"CREATE TABLE past ({columns}, PRIMARY KEY (host, repository, asked, kind), "
        "FOREIGN KEY (host, repository, asked) REFERENCES fact (host, repository, asked))"
    )


UPGRADES: tuple[Step, ...] = (_facts_and_past,)
"""The steps from nothing to the newest format; each runs in one transaction with the count of those done."""


class _Row(NamedTuple):
    """A fact as it lies in a table, beside the digest of all of it; all texts, and none has a NUL.

    `repository` and `asked` are in lower case. `named` is the repository as it was asked for, `own` as GitHub
    names it.
    """

    host: str
    repository: str
    asked: str
    kind: str
    read: str
    named: str
    own: str
    how: str
    body: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self[:3]

    @property
    def rank(self) -> tuple[str, int, str]:
        """What makes a fact the newer of two: when it was read, then how much of it; the rest only decides."""
        return self.read, -self.body.count(":null"), self.body

    def digest(self, table: str) -> str:
        """Return the digest over the table and every column, by which a damaged row is known."""
        return hashlib.sha256("\0".join((table, *self)).encode()).hexdigest()


_COLUMNS = ", ".join((*_Row._fields, "digest"))
_KEYS = {"fact": ("host", "repository", "asked"), "past": ("host", "repository", "asked", "kind")}
_MARKS = ", ".join("?" * (len(_Row._fields) + 1))
_SELECT = {table: f"SELECT {_COLUMNS} FROM {table}" for table in _KEYS}  # noqa: S608 - names of ours only
_PUT = {
    table: f"INSERT INTO {table} ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET "  # noqa: S608 - the same
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ") if name not in key)
    for table, key in _KEYS.items()
}
_THIS = "host = ? AND repository = ? AND asked = ?"
_NEXT = "host = ? AND repository = ? AND asked > ? ORDER BY asked LIMIT ?"


@cache
def _schema(steps: tuple[Step, ...]) -> list[Any]:
    """What a snapshot that went through these steps is made of, and nothing else."""
    import sqlite3  # noqa: PLC0415 - start-up

    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for step in steps:
            step(connection)
        return _made_of(connection)
    finally:
        connection.close()


def _made_of(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


# -- the file ---------------------------------------------------------------------------------------


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _has_content(path: Path) -> bool:
    """Whether there is a file with something in it. Raises `NothingToJudge` for what can be no snapshot.

    Nothing is opened: closing a second handle would drop the locks that SQLite holds on it in this process
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    # In this order, because a file being made is never empty any more when its -wal appears.
    unsaved = _size(_beside(path, "-wal"))
    try:
        found = path.lstat()
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise NothingToJudge(
            f"{path} cannot be read: {error.strerror}", "name another file with TRIAGE_SNAPSHOT"
        ) from None
    if found is not None and not stat.S_ISREG(found.st_mode):
        what = next((word for test, word in _KINDS.items() if test(found.st_mode)), "a device")
        raise NothingToJudge(f"{path} is {what}, and no snapshot", "name a file with TRIAGE_SNAPSHOT")
    size = found.st_size if found is not None else 0
    if size == 0 and unsaved:
        _damaged(path, "it is empty, and changes to it lie beside it")
    journal = _beside(path, "-journal")
    if 0 < size < _SMALLEST and not _size(journal):
        _damaged(path, f"it has only {size} bytes")
    _check_journal(path, journal)
    return size > 0


def _check_journal(path: Path, journal: Path) -> None:
    """Refuse a journal that names another file: SQLite would delete that one, and triage never writes such."""
    try:
        if not stat.S_ISREG(journal.lstat().st_mode):
            _damaged(path, "its journal is no file")
        with journal.open("rb") as stream:
            stream.seek(max(0, _size(journal) - len(_JOURNAL_MAGIC)))
            if stream.read() == _JOURNAL_MAGIC:
                _damaged(path, "its journal names another file")
    except FileNotFoundError:
        return
    except OSError as error:
        raise NothingToJudge(f"{path} cannot be read: its journal: {error.strerror}", _ANEW) from None


def _make(path: Path) -> None:
    """Make the file and the folders that are not there, for their owner only. Raises `TriageError`."""
    try:
        missing = [folder for folder in path.parents if not folder.exists()]
        for folder in reversed(missing):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        if path.parent.name == _FOLDER and not path.parent.is_symlink() and not any(path.parent.iterdir()):
            with suppress(FileExistsError), (path.parent / ".gitignore").open("x", encoding="ascii") as stream:
                stream.write("*\n")
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise TriageError(
            f"{path} cannot be made: {error.strerror}", "name another file with TRIAGE_SNAPSHOT"
        ) from None


def _damaged(path: Path, why: str) -> NoReturn:
    raise NothingToJudge(f"{path} is not a whole snapshot: {' '.join(why.split())[:200]}", _ANEW)


def _code(error: BaseException) -> int:
    """SQLite's own number for an error, without its extension; 0 for errors that are not SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0)
    return int(code) & 0xFF


def _refuse(path: Path, error: BaseException, doing: str) -> NoReturn:
    """Raise what an error of SQLite means for the user; `doing` is `read` or `written`."""
    import sqlite3  # noqa: PLC0415 - start-up

    code = _code(error)
    extended = getattr(error, "sqlite_errorcode", 0)
    fault: type[TriageError] = TriageError if doing == "written" else NothingToJudge
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        raise fault(f"{path} is in use by another process", "try again when that is done") from None
    if code == sqlite3.SQLITE_FULL:
        raise fault(f"{path} cannot be {doing}: the disk is full", "make room, then run it again") from None
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        raise (_ReadOnly if doing == "read" else fault)(
            f"{path} cannot be {doing}: the file or its folder is read-only or not yours",
            "name another file with TRIAGE_SNAPSHOT",
        ) from None
    if code == sqlite3.SQLITE_IOERR and extended not in _DAMAGE:
        raise fault(
            f"{path} cannot be {doing}: {error}", "look at its rights, its folder and the room on the disk"
        ) from None
    if code == sqlite3.SQLITE_TOOBIG:
        raise fault(f"{path} cannot be {doing}: a fact is larger than SQLite takes") from None
    _damaged(path, str(error) or type(error).__name__)


class _ReadOnly(NothingToJudge):
    """The file cannot be opened in the way that allows others to write to it."""


class Snapshot:
    """The facts that were read from GitHub, newest first to answer; nothing is ever removed by storing.

    Texts are kept without NUL and lone surrogates, which PostgreSQL cannot hold: each becomes U+FFFD.
    """

    def __init__(self, path: Path, how: str = "mode=rw") -> None:
        """Connect to a file that is there; `to_read` and `to_write` are the ways in."""
        import sqlite3  # noqa: PLC0415 - start-up

        self.path = path
        self._faults = (sqlite3.Error, UnicodeDecodeError, OverflowError, MemoryError)
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=_ONE_WAIT
            )
        except self._faults as error:
            _refuse(path, error, "read")

    @classmethod
    def to_read(cls, path: Path, upgrades: tuple[Step, ...] = UPGRADES) -> Snapshot | None:
        """Open for reading; None if there is no such file or nothing in it, and nothing is made then.

        Raises `NothingToJudge` for a file that is no snapshot, not whole, or of a newer format. One of an older
        format is upgraded first.
        """
        if not _has_content(path):
            return None
        snapshot = cls(path)
        try:
            try:
                version = snapshot._identify(upgrades, "read")
            except _ReadOnly:
                snapshot.close()
                for ending in ("-wal", "-journal"):
                    if _size(_beside(path, ending)):
                        raise NothingToJudge(
                            f"{path} cannot be read: its folder is read-only, and {ending} has changes to it",
                            f"copy it and its {ending} to a folder that you may write to, and name it with "
                            "TRIAGE_SNAPSHOT",
                        ) from None
                # Nobody can be writing through a -wal that is not there.
                snapshot = cls(path, "mode=ro&immutable=1")
                version = snapshot._identify(upgrades, "read")
            if version == len(upgrades):
                snapshot._connection.execute("PRAGMA query_only = ON")
                return snapshot
        except BaseException:
            snapshot.close()
            raise
        snapshot.close()
        if version == 0:
            return None
        cls.to_write(path, upgrades).close()
        return cls.to_read(path, upgrades)

    @classmethod
    def to_write(cls, path: Path, upgrades: tuple[Step, ...] = UPGRADES) -> Snapshot:
        """Open for storing and reading; the file is made if it is not there, and brought to the newest format.

        Raises `TriageError` if it cannot be written, before anything is, and `NothingToJudge` as `to_read` does.
        """
        _has_content(path)
        _make(path)
        snapshot = cls(path)
        try:
            version = snapshot._identify(upgrades, "written")
            while version < len(upgrades):
                version = snapshot._upgrade(upgrades)
            snapshot._prepare_to_write(version)
        except BaseException:
            snapshot.close()
            raise
        return snapshot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was stored is in it already."""
        with suppress(*self._faults):
            self._connection.close()

    # -- facts --

    def store(self, host: str, kept: Iterable[Kept]) -> None:
        """Keep facts, all of them or none. Raises `TriageError` when they cannot be written.

        A fact that could not be read back is a mistake of the caller: a `ValueError`, and nothing is stored.
        Of two facts that were asked for by the same name the one read later counts, whichever is stored first. The
        paths of a merged pull request cannot change: they stay when it is read again without them.
        """
        rows = [_row(host, one) for one in kept]
        if rows:
            self._write(partial(self._take_all, rows))

    def facts(self, host: str, names: Iterable[tuple[str, str]]) -> tuple[Kept, ...]:
        """Return the facts that are kept for these names (repository, and number or SHA), in their order.

        What is not kept is left out. The repository of each is as it was named when it was stored.
        """
        keys = list(dict.fromkeys((_folded(host), _folded(name), _folded(asked)) for name, asked in names))
        rows = self._read(lambda: [row for key in keys for row in self._rows("fact", _THIS, key)])
        return tuple(self._kept(row) for row in rows)

    def all_facts(self, host: str, repository: str) -> Iterator[Kept]:
        """Yield all facts that were asked for by the name of one repository, some hundreds read at a time.

        A fact that is stored meanwhile may come or not.
        """
        after = ""
        while True:
            key = (_folded(host), _folded(repository), after, _PAGE)
            rows = self._read(partial(self._rows, "fact", _NEXT, key))
            yield from map(self._kept, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].asked

    def past(self, host: str, repository: str, asked: str) -> tuple[Kept, ...]:
        """Return what was known by a name before, newest first: of each kind the last that was said differently."""
        key = (_folded(host), _folded(repository), _folded(asked))
        rows = self._read(lambda: self._rows("past", _THIS, key))
        return tuple(self._kept(row) for row in sorted(rows, key=lambda row: row.rank, reverse=True))

    def age(self, host: str, repository: str) -> tuple[int, datetime | None, datetime | None]:
        """Return how many facts are kept of a repository, and when the oldest and the newest were read."""

        def count() -> tuple[int, str | None, str | None]:
            found: tuple[int, str | None, str | None] = self._connection.execute(
                "SELECT count(*), min(read), max(read) FROM fact WHERE host = ? AND repository = ?",
                (_folded(host), _folded(repository)),
            ).fetchone()
            return found

        number, oldest, newest = self._read(count)
        return number, self._moment(oldest), self._moment(newest)

    def check(self) -> list[str]:
        """Return what is wrong with the file, a line each: its pages, its references, and every fact in it."""
        problems: list[str] = []
        for pragma in ("integrity_check", "foreign_key_check"):
            try:
                for found in self._connection.execute(f"PRAGMA {pragma}"):
                    lines = " ".join(map(str, found)).splitlines()
                    problems += [line for line in lines if line != "ok" and not line.startswith("***")]
            except self._faults as error:
                problems.append(f"{pragma}: {error}")
        for table in _KEYS:
            try:
                for found in self._connection.execute(_SELECT[table]):
                    problems += self._problem(table, found)
            except self._faults as error:
                problems.append(f"{table}: {error}")
        return problems[:_MOST_PROBLEMS]

    def _problem(self, table: str, found: tuple[Any, ...]) -> list[str]:
        try:
            self._kept(self._whole(table, found))
        except NothingToJudge as fault:
            return [f"{table}: {fault.message}"]
        return []

    # -- rows --

    def _take_all(self, rows: list[_Row]) -> None:
        for row in rows:
            self._take(row)

    def _take(self, new: _Row) -> None:
        current = next(iter(self._rows("fact", _THIS, new.key)), None)
        if current is None:
            self._put("fact", new)
            return
        past = {row.kind: row for row in self._rows("past", _THIS, new.key)}
        older, newer = sorted((current, new), key=lambda row: row.rank)
        for source in (older, past.get("pull")):
            newer = _with_files(newer, source)
        if newer != current:
            self._put("fact", newer)
        replaced = past.get(older.kind)
        if not _says_the_same(older, newer) and (replaced is None or replaced.rank < older.rank):
            self._put("past", older)

    def _put(self, table: str, row: _Row) -> None:
        self._connection.execute(_PUT[table], (*row, row.digest(table)))

    def _rows(self, table: str, which: str, values: tuple[object, ...]) -> list[_Row]:
        found = self._connection.execute(f"{_SELECT[table]} WHERE {which}", values)
        return [self._whole(table, columns) for columns in found]

    def _whole(self, table: str, found: tuple[Any, ...]) -> _Row:
        """A row as it was stored. Raises `NothingToJudge` for one that is not."""
        row = _Row(*found[:-1])
        if not all(isinstance(value, str) for value in row) or row.digest(table) != found[-1]:
            _damaged(self.path, f"what it has for {row.repository!r} {row.asked!r} is not what was stored")
        return row

    def _kept(self, row: _Row) -> Kept:
        try:
            return Kept(row.named, row.asked, facts_as_json.from_json(row.kind, json.loads(row.body)))
        except ValueError as error:
            _damaged(self.path, f"what it has for {row.repository!r} {row.asked!r} cannot be understood: {error}")

    def _moment(self, text: str | None) -> datetime | None:
        try:
            return None if text is None else datetime.fromisoformat(text)
        except (ValueError, TypeError):
            _damaged(self.path, f"{text!r} is not a time")

    # -- the format --

    def _identify(self, upgrades: tuple[Step, ...], doing: str) -> int:
        """Return the format of the file; 0 if nothing is in it. Raises `NothingToJudge` for what is no snapshot."""

        def look() -> tuple[int, int, int, list[Any]]:
            application, version, pages = (
                self._connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version", "page_count")
            )
            # A foreign file may be made of anything, and is not looked at further.
            return application, version, pages, _made_of(self._connection) if application == APPLICATION else []

        with self._translated(doing):
            # A file may come from elsewhere, with a clone: what it is made of must not do anything by itself.
            self._connection.execute("PRAGMA trusted_schema = OFF")
            self._connection.execute("PRAGMA cell_size_check = ON")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("PRAGMA synchronous = FULL")
        application, version, pages, made_of = self._transact("BEGIN", look, "COMMIT", doing)
        if pages == 0:
            return 0
        if application != APPLICATION:
            raise NothingToJudge(f"{self.path} is not a snapshot of triage", "name another file with TRIAGE_SNAPSHOT")
        if version > len(upgrades):
            raise NothingToJudge(
                f"{self.path} was written by a newer triage: it is of format {version}, this one knows up to "
                f"{len(upgrades)}",
                "use that triage, or name another file with TRIAGE_SNAPSHOT",
            )
        if version < 1 or made_of != _schema(upgrades[:version]):
            _damaged(self.path, f"it has not the tables of its format, {version}")
        return version

    def _upgrade(self, upgrades: tuple[Step, ...]) -> int:
        """Take one step, all of it or nothing, and return the format that the file then has."""

        def step() -> int:
            done: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
            # Another process may have been faster.
            if done >= len(upgrades):
                return done
            try:
                upgrades[done](self._connection)
            except (ValueError, LookupError, TypeError) as error:
                raise NothingToJudge(
                    f"{self.path} cannot be brought from format {done} to {done + 1}, and is as it was: {error}", _ANEW
                ) from error
            self._connection.execute(f"PRAGMA user_version = {done + 1}")
            return done + 1

        return self._write(step)

    def _prepare_to_write(self, version: int) -> None:
        """Find out that the file can be written, before anything rests on it."""
        with suppress(*self._faults):
            # Some file systems do not allow it, and somebody may be reading: the file serves as well without.
            if self._connection.execute("PRAGMA journal_mode").fetchone()[0] != _JOURNAL:
                self._connection.execute(f"PRAGMA journal_mode = {_JOURNAL}")
        self._transact(
            "BEGIN IMMEDIATE",
            lambda: self._connection.execute(f"PRAGMA user_version = {version}"),
            "ROLLBACK",
            "written",
        )

    # -- transactions --

    def _read(self, work: Callable[[], T]) -> T:
        return self._transact("BEGIN", work, "COMMIT", "read")

    def _write(self, work: Callable[[], T]) -> T:
        return self._transact("BEGIN IMMEDIATE", work, "COMMIT", "written")

    def _transact(self, begin: str, work: Callable[[], T], end: str, doing: str) -> T:
        """Do some work in a transaction, and again if others were in the way, for a minute at most."""
        started = time.monotonic()
        while True:
            try:
                self._connection.execute(begin)
                done = work()
                self._connection.execute(end)
            except self._faults as error:
                self._roll_back()
                if not _is_busy(error) or time.monotonic() - started > _PATIENCE:
                    _refuse(self.path, error, doing)
            except BaseException:
                self._roll_back()
                raise
            else:
                return done
            # Not all of them again at the same moment.
            time.sleep(os.urandom(1)[0] / 2_000)

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except self._faults as error:
            _refuse(self.path, error, doing)

    def _roll_back(self) -> None:
        with suppress(*self._faults):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


# -- values -----------------------------------------------------------------------------------------


def _row(host: str, kept: Kept) -> _Row:
    plain = facts_as_json.to_json(kept.fact)
    body = _body(plain)
    if "\\u0000" in body or _UNKEPT.search(body):
        body = _body(_keepable(plain))
    kind = facts_as_json.kind_of(kept.fact)
    # What could not be read back would make a damaged file of a whole one.
    facts_as_json.from_json(kind, json.loads(body))
    return _Row(
        host=_folded(host),
        repository=_folded(kept.repository),
        asked=_folded(kept.asked),
        kind=kind,
        read=kept.fact.read.astimezone(UTC).isoformat(timespec="microseconds"),
        named=_keepable(kept.repository),
        own=_keepable(kept.fact.repository),
        how=_keepable(kept.fact.how),
        body=body,
    )


def _body(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _keepable(value: Any) -> Any:
    """Plain data with U+FFFD for what not every database can hold."""
    if isinstance(value, str):
        return _UNKEPT.sub("\ufffd", value)
    if isinstance(value, list):
        return [_keepable(one) for one in value]
    return {key: _keepable(one) for key, one in value.items()} if isinstance(value, dict) else value


def _folded(text: str) -> str:
    folded: str = _keepable(text).casefold()
    return folded


def _with_files(row: _Row, source: _Row | None) -> _Row:
    """A merged pull request with the paths that were read before, if it was read without them."""
    if row.kind != "pull" or source is None or source.kind != "pull":
        return row
    pull, before = json.loads(row.body), json.loads(source.body)
    merge = ("merged", "merge_commit")
    if pull["merged"] is None or pull["files"] is not None or any(pull[name] != before[name] for name in merge):
        return row
    return row if before["files"] is None else row._replace(body=_body({**pull, "files": before["files"]}))


def _says_the_same(one: _Row, other: _Row) -> bool:
    """Whether two facts differ in nothing but when and how they were read."""
    if one.kind != other.kind:
        return False
    first, second = ({**json.loads(row.body), "read": None, "how": None} for row in (one, other))
    return bool(first == second)


def _is_busy(error: BaseException) -> bool:
    import sqlite3  # noqa: PLC0415 - start-up

    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
