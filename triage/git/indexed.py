"""The catalogue of a clone's history as the index has it, or a walk wherever there is none that can be used."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from triage.database import faults
from triage.errors import TriageError
from triage.git import index
from triage.git.index import Unusable, beginnings, graph_of
from triage.git.walk import folded
from triage.landing.subjects import EVERY_REVERT, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from triage.database import Connection
    from triage.git.graph import Graph
    from triage.git.index import Place
    from triage.git.process import Git
    from triage.git.walk import Catalogue

T = TypeVar("T")

_AT_ONCE = 500
_SUBJECTS = "SELECT -committed, sha, subject FROM commits"
_UNDONE = "SELECT name, sha FROM commits NATURAL JOIN undone ORDER BY committed DESC, sha"
_AUTHORED = "SELECT sha, subject FROM commits WHERE authored = ? ORDER BY committed DESC, sha"
_NUMBERED = "SELECT sha FROM commits NATURAL JOIN numbered WHERE number = ? ORDER BY committed DESC, sha"
_NAMING = "SELECT sha FROM commits NATURAL JOIN naming WHERE repository = ? AND number = ? ORDER BY committed DESC, sha"


def kept(place: Place, git: Git, tips: Collection[str], walk: Callable[[], Catalogue]) -> Index | None:
    """Return the index that is there, brought up to date; None if there is none that can be used.

    `walk` is asked instead where the index cannot answer.
    """
    with passed_over(place, TriageError):
        return Index(index.opened(place, git, tips), index.size_of(tips), place, walk)
    return None


def made(
    place: Place, git: Git, tips: Collection[str], missing: Iterable[str], walk: Callable[[], Catalogue]
) -> Index | None:
    """Make the index anew and return it; None where it cannot be kept. Raises CouldNotLook if git fails."""
    with passed_over(place):
        return Index(index.made(place, git, tips, missing), index.size_of(tips), place, walk)
    return None


@contextlib.contextmanager
def passed_over(place: Place, *more: type[Exception]) -> Iterator[None]:
    """Pass over what keeps an index from being used: then the history is walked, which gives the same answers."""
    passed: tuple[type[Exception], ...] = (*faults(), Unusable, *more)
    try:
        yield
    except passed as error:
        import logging  # noqa: PLC0415 - rarely anything is said

        logging.getLogger(__name__).debug("the index %s is not used: %r", place.file, error)


class Index:
    """A catalogue that is kept. Where a question goes wrong, the history is walked for this and all that follow."""

    def __init__(self, connection: Connection, size: int, place: Place, walk: Callable[[], Catalogue]) -> None:
        """Take the file opened for reading; it is closed with the last who uses it. An id has `size` bytes."""
        self._connection = connection
        self._size = size
        self._place = place
        self._walk = walk
        self._instead: Catalogue | None = None

    def _ask(self, look: Callable[[], T], instead: Callable[[Catalogue], T]) -> T:
        if self._instead is None:
            with passed_over(self._place):
                return look()
            self._instead = self._walk()
        return instead(self._instead)

    def _rows(self, question: str, *values: object) -> list[Any]:
        return self._connection.execute(question, values).fetchall()

    def beginning(self, texts: Collection[str]) -> dict[str, list[str]]:
        """See `triage.git.walk.Catalogue`; so for all below."""

        def look() -> dict[str, list[str]]:
            digits = 2 * self._size
            found = {}
            for text in texts:
                if len(text) <= digits:
                    ends = (bytes.fromhex(text.ljust(digits, end)) for end in "0f")
                    rows = self._rows("SELECT sha FROM commits WHERE sha BETWEEN ? AND ? ORDER BY sha", *ends)
                    if rows:
                        found[text] = [sha.hex() for (sha,) in rows]
            return found

        return self._ask(look, lambda walk: walk.beginning(texts))

    def carriers(self, subjects: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Look at the subjects that begin as the wanted ones do."""

        def look() -> dict[str, tuple[str, ...]]:
            wanted = Wanted(subjects)
            stems = sorted({stem for cited in subjects for stem in beginnings(cited)})
            rows: set[tuple[int, bytes, str]] = set()
            for start in range(0, len(stems), _AT_ONCE):
                part = stems[start : start + _AT_ONCE]
                marks = ", ".join("?" * len(part))
                for column in ("stem", "bare_stem"):
                    rows.update(self._rows(f"{_SUBJECTS} WHERE {column} IN ({marks})", *part))
            if EVERY_REVERT in subjects:
                rows.update(self._rows(f"{_SUBJECTS} NATURAL JOIN reverting"))
            found: dict[str, list[str]] = {}
            for _, sha, subject in sorted(rows):
                for cited in wanted.matches(subject):
                    found.setdefault(cited, []).append(sha.hex())
            return {cited: tuple(shas) for cited, shas in found.items()}

        return self._ask(look, lambda walk: walk.carriers(subjects))

    def undone(self) -> dict[str, tuple[str, ...]]:
        """Return what is kept of it."""

        def look() -> dict[str, tuple[str, ...]]:
            found: dict[str, list[str]] = {}
            for name, sha in self._rows(_UNDONE):
                found.setdefault(name, []).append(sha.hex())
            return {name: tuple(shas) for name, shas in found.items()}

        return self._ask(look, lambda walk: walk.undone())

    def twins(self, asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, ...]]:
        """Look at the commits of that second."""

        def look() -> dict[tuple[int, str], tuple[str, ...]]:
            found = {}
            for authored, text in asked:
                rows = self._rows(_AUTHORED, authored)
                shas = tuple(sha.hex() for sha, subject in rows if folded(subject) == folded(text))
                if shas:
                    found[authored, text] = shas
            return found

        return self._ask(look, lambda walk: walk.twins(asked))

    def numbered(self, numbers: Collection[int]) -> dict[int, tuple[str, ...]]:
        """Return what is kept of it."""

        def look() -> dict[int, tuple[str, ...]]:
            found = {each: tuple(sha.hex() for (sha,) in self._rows(_NUMBERED, each)) for each in numbers}
            return {each: shas for each, shas in found.items() if shas}

        return self._ask(look, lambda walk: walk.numbered(numbers))

    def naming(self, issues: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, ...]]:
        """Return what is kept of it."""

        def look() -> dict[tuple[str, int], tuple[str, ...]]:
            found = {each: tuple(sha.hex() for (sha,) in self._rows(_NAMING, *each)) for each in issues}
            return {each: shas for each, shas in found.items() if shas}

        return self._ask(look, lambda walk: walk.naming(issues))

    def graph(self) -> Graph:
        """Read it; it is the caller's."""
        return self._ask(lambda: graph_of(self._connection, self._size), lambda walk: walk.graph())
