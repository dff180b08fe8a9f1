"""What is looked for on the branch, and what came of it: the nouns that the proofs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.landing.citation import SHORT, day
from triage.landing.subjects import Manner, manner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.landing.reverts import Pulled
    from triage.model import Candidate, Change, Commit, Merged

MERGE = 2
"""So many parents make a commit a merge."""


class Sought(NamedTuple):
    """A commit that is here and not on the branch, and the pull requests that GitHub says merged it."""

    commit: Commit
    merged: tuple[Merged, ...] = ()


class Counterpart(NamedTuple):
    """The commit of the branch that a commit landed as, by which proof, and how that was seen.

    `pulled` is the pull request that it is the squash of, `others` what it landed as besides.
    """

    proof: str
    commit: Commit
    how: str
    pulled: Pulled | None = None
    others: tuple[Counterpart, ...] = ()


class NoCounterpart(NamedTuple):
    """Why a commit cannot be said to have landed; `never` says that it did not, as far as the history tells."""

    reason: str
    candidates: tuple[Candidate, ...] = ()
    never: bool = False


class Near(NamedTuple):
    """What was not enough: candidates, and what was lost of the change on the way."""

    candidates: tuple[Candidate, ...] = ()
    lost: str | None = None


def effect(changes: Iterable[Change]) -> dict[str, str | None]:
    """Return the paths that a commit changed, with what it left there."""
    return {change.path: change.after for change in changes if change.before != change.after}


def same_subject(one: Commit, other: Commit) -> bool:
    """Return whether two commits have the same subject."""
    return manner(one.subject, other.subject) is Manner.EXACT


def same_origin(one: Commit, other: Commit) -> bool:
    """Return whether two commits have the same author, author date and subject."""
    return one.author == other.author and one.authored == other.authored and same_subject(one, other)


def dated(commit: Commit) -> str:
    """Return a commit's abbreviated SHA and date."""
    return f"{commit.sha[:SHORT]} of {day(commit.committed)}"
