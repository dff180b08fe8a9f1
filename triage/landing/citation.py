"""What somebody cites, what became of it, and how sentences speak of commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.model import Candidate

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from triage.landing.reverts import Pulled
    from triage.model import Commit, Merged, Status

SHORT = 9
"""Digits of a SHA in sentences; links and JSON carry all of them."""

_MERGE = 2


class Citation(NamedTuple):
    """A commit as somebody cites it: its SHA, perhaps its subject, when, and the tip it must be on.

    `now` is the tip on which it must not have been reverted, where that is another than `tip`; `pulled` the pull
    request that it is the merge commit of, `merged` those that GitHub says merged it.
    """

    sha: str
    subject: str | None
    cited: datetime | None
    tip: str
    now: str | None = None
    pulled: Pulled | None = None
    merged: tuple[Merged, ...] = ()


class Landing(NamedTuple):
    """What became of a citation. `commit` is the one that was found, on the branch or not."""

    status: Status
    reason: str
    proof: str | None = None
    commit: Commit | None = None
    subject: tuple[Status, str] | None = None
    candidates: tuple[Candidate, ...] = ()
    placeholder: bool = False
    by: Commit | None = None
    """What reverted it."""
    whole: bool = False
    """Whether it is the pull request that was reverted, and with it this commit."""
    own: Commit | None = None
    """The cited commit itself, where that is here and landed as another one."""
    gone: bool = False
    """Whether nothing here has the SHA."""

    @property
    def cited(self) -> Commit | None:
        """The commit that speaks for what was cited: itself where it is here and no merge, else what it landed as."""
        return self.own if self.own is not None and len(self.own.parents) < _MERGE else self.commit


def day(moment: datetime) -> str:
    """Return a moment as reports show it."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def short(commit: Commit) -> str:
    """Return a commit's abbreviated SHA and subject."""
    return f"{commit.sha[:SHORT]} ({commit.subject})"


def candidate(commit: Commit, reason: str) -> Candidate:
    """Return a commit as a candidate."""
    return Candidate("commit", commit.sha, commit.subject, reason)


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def gap(length: timedelta) -> str:
    """Return how far apart two moments are, in the largest unit of which there is at least one."""
    seconds = int(abs(length.total_seconds()))
    for size, name in _UNITS:
        if seconds >= size:
            number = seconds // size
            return f"{number:,} {name}{'' if number == 1 else 's'}"
    return "less than a minute"


def landed_as(cited: Commit, found: Commit) -> str:
    """Return the words for a commit that landed as another one: both SHAs, and the time between them."""
    length = found.committed - cited.authored
    when = "earlier" if length.total_seconds() < 0 else "later"
    of = f"{found.sha[:SHORT]} of {day(found.committed)}"
    return f"{cited.sha[:SHORT]} of {day(cited.authored)} landed as {of}, {gap(length)} {when}"
