"""Whether the history that commits are cited from was rewritten since, and when that was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.landing.citation import day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from triage.landing.citation import Citation, Landing

_LEAST = 3
"""So many commits must be gone to say so: one or two may never have been."""


class Rewriting(NamedTuple):
    """A history that was rewritten: so many of the commits cited are of the old one, and between when it happened."""

    gone: int
    cited: int
    after: datetime | None
    before: datetime | None

    def __str__(self) -> str:
        since = f" after {day(self.after)}" if self.after is not None else ""
        until = f" and before {day(self.before)}" if self.before is not None else ""
        gone = f"{self.gone} of the {self.cited} commits cited are gone"
        if self.after is None:
            return f"{gone}: the history seems to have been rewritten, or they never were"
        return f"{gone}: the history was rewritten{since}{until}"


def apart(shas: Iterable[str]) -> list[str]:
    """Return SHAs without those that are only the beginnings of others: a commit may be cited in several lengths."""
    found: list[str] = []
    for sha in sorted(shas):
        if found and sha.startswith(found[-1]):
            found.pop()
        found.append(sha)
    return found


def most_are_gone(gone: int, cited: int) -> bool:
    """Return whether so many of the commits cited are gone that one more proves nothing."""
    return gone >= _LEAST and 2 * gone > cited


def rewriting(landings: Mapping[Citation, Landing]) -> Rewriting | None:
    """Return what the outcomes of all citations tell of a rewriting; None where most of the commits are still there.

    A commit that was found again is at least as old as the rewriting; one that is still there and newer than all of
    those was made after it.
    """
    every = {
        citation.sha.lower(): landing
        for citation, landing in landings.items()
        if citation.pulled is None and not landing.placeholder
    }
    cited = {sha: every[sha] for sha in apart(every)}
    old = {sha: landing for sha, landing in cited.items() if landing.gone or landing.proof == "rewrite"}
    if not most_are_gone(len(old), len(cited)):
        return None
    again = [landing.commit.authored for landing in old.values() if landing.commit is not None]
    after = max(again, default=None)
    alive = [
        one.commit.authored
        for sha, one in cited.items()
        if sha not in old and one.proof == "ancestor" and one.commit is not None
    ]
    later = [moment for moment in alive if after is not None and moment > after]
    return Rewriting(len(old), len(cited), after, min(later, default=None))
