"""Collect facts and reasons while reading, and keep the one that says most where a thing is met twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.model import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.errors import TriageError
    from triage.github.asking import Thing
    from triage.model import Fact, Unread

MET, BELOW, ASKED = range(3)
"""How a fact was come by: on the way to another, along with one that was asked for, or by asking for it."""


class Gathered:
    """Facts by what they were asked by; for what was asked for in vain, the reason."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], tuple[int, Kept]] = {}
        self._unread: dict[tuple[str, str], tuple[str, str, Unread]] = {}
        self._asked_as: dict[str, str] = {}
        self.heads: dict[str, tuple[str, str]] = {}
        """The default branch of each repository and the commit at its end, where that is told."""
        self.refused: TriageError | None = None
        """That a repository may not be read, where one may not."""

    def rename(self, canonical: str, asked: str) -> None:
        """Keep what is met of a repository under the name by which that was asked for."""
        self._asked_as[canonical.casefold()] = asked

    def add(self, rank: int, repository: str, asked: str, fact: Fact) -> None:
        """Keep a fact, unless a better one is known."""
        name = self._asked_as.get(repository.casefold(), repository) if rank != ASKED else repository
        key = (name.casefold(), asked)
        if key not in self._facts or self._facts[key][0] <= rank:
            self._facts[key] = (rank, Kept(name, asked, fact))

    def get(self, repository: str, asked: str) -> Fact | None:
        """Return the fact that was asked for by these."""
        found = self._facts.get((repository.casefold(), asked))
        return found[1].fact if found else None

    def refuse(self, things: Iterable[Thing], why: Unread) -> None:
        """Keep the reason why there is no fact of these things."""
        for thing in things:
            self._unread[thing.repository.casefold(), thing.what] = (thing.repository, thing.what, why)

    def take(self, other: Gathered) -> None:
        """Take all that another has gathered."""
        self._asked_as |= other._asked_as
        self.heads |= other.heads
        for rank, kept in other._facts.values():
            self.add(rank, *kept)
        self._unread |= other._unread
        self.refused = self.refused or other.refused

    def knows(self, thing: Thing) -> bool:
        """Return whether there is a fact or a reason for what is asked for."""
        key = (thing.repository.casefold(), thing.what)
        return key in self._facts or key in self._unread

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The facts."""
        return tuple(kept for _, kept in self._facts.values())

    @property
    def unread(self) -> tuple[tuple[str, str, Unread], ...]:
        """The reasons for whatever there is no fact of."""
        return tuple(why for key, why in self._unread.items() if key not in self._facts)
