"""The digests of patches, kept in the cache folder beside the index: what a commit does never changes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from zlib import crc32

from triage.database import connect, faults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from triage.database import Connection
    from triage.git.index import Place

_AT_ONCE = 500
_PATIENCE = 2.0
_TABLE = """CREATE TABLE IF NOT EXISTS patch (
    made TEXT NOT NULL, sha TEXT NOT NULL, digest TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (made, sha)
) WITHOUT ROWID"""
_KEPT = "SELECT sha, digest, sum FROM patch WHERE made = ? AND sha IN ({})"
_PUT = "INSERT OR REPLACE INTO patch VALUES (?, ?, ?, ?)"


class Digests:
    """What is kept by how it was made; a row that is damaged is none, and what cannot be kept is not kept."""

    def __init__(self, place: Place, made: str) -> None:
        """Take where the index is, and what decides of a digest beside the commit: the program that made it."""
        self._path = place.file.with_suffix(".patches")
        # Where a shallow clone ends, a commit seems to have no parents.
        self._made = f"{made} {place.boundary}"

    def kept(self, shas: Collection[str]) -> dict[str, str]:
        """Return the digests that are kept of these commits."""
        asked = list(shas)
        found: dict[str, str] = {}
        if not asked or not self._path.exists():
            return found
        with self._passing_over(), self._opened("mode=ro") as connection:
            for start in range(0, len(asked), _AT_ONCE):
                part = asked[start : start + _AT_ONCE]
                question = _KEPT.format(", ".join("?" * len(part)))
                rows = connection.execute(question, (self._made, *part))
                found.update((sha, digest) for sha, digest, told in rows if told == self._sum(sha, digest))
        return found

    def keep(self, digests: Mapping[str, str]) -> None:
        """Keep digests by the SHAs of their commits."""
        if not digests:
            return
        with self._passing_over(), self._opened("mode=rwc") as connection:
            # No file is left beside this one that way; whatever a crash does to a row shows by its sum.
            for statement in ("PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF", "BEGIN IMMEDIATE", _TABLE):
                connection.execute(statement)
            rows = ((self._made, sha, digest, self._sum(sha, digest)) for sha, digest in digests.items())
            connection.executemany(_PUT, rows)
            connection.execute("COMMIT")

    def _sum(self, sha: str, digest: str) -> int:
        return crc32(f"{self._made} {sha} {digest}".encode())

    @contextlib.contextmanager
    def _opened(self, how: str) -> Iterator[Connection]:
        if self._path.is_symlink():  # it may lead out of the cache folder
            self._path.unlink()
        if how != "mode=ro":
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
        with contextlib.closing(connect(self._path, how, timeout=_PATIENCE)) as connection:
            yield connection

    @contextlib.contextmanager
    def _passing_over(self) -> Iterator[None]:
        """Pass over what goes wrong with the file, and take it away if it is damaged."""
        try:
            yield
        except faults() as error:
            import logging  # noqa: PLC0415 - rarely anything is said

            logging.getLogger(__name__).debug("%s is not used: %r", self._path, error)
            if getattr(error, "sqlite_errorname", "") in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                with contextlib.suppress(OSError):
                    self._path.unlink()
