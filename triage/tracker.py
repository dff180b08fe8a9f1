"""GitHub as far as it was read: the facts of one run, by what they were asked by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.model import CommitFact, IssueFact, Merged, MissingFact, MovedFact, PullFact, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.errors import TriageError
    from triage.model import Fact, Kept
    from triage.ports import Tracker

SERVER = "https://github.com"
"""Where the pages of repositories are, unless the host is another one."""
NOT_READ = Unread("GitHub was not read")


class Tracked:
    """Facts that were read before, and for the rest the reason why there are none."""

    def __init__(
        self,
        kept: Iterable[Kept] = (),
        repository: str | None = None,
        unread: Iterable[tuple[str, str, Unread]] = (),
        otherwise: Unread = NOT_READ,
        fault: TriageError | None = None,
    ) -> None:
        """Take facts; `unread` are reasons for single things, `otherwise` the one for all others.

        `fault` is what kept GitHub from being read, where it was tried.
        """
        self.known = tuple(kept)
        self.fault = fault
        self._repository = repository
        self._facts: dict[tuple[str, str], Fact] = {}
        for repository_, asked, fact in self.known:
            self._facts[repository_.casefold(), asked] = fact
            own = getattr(fact, "number", None) or getattr(fact, "sha", None)
            if own is not None:
                self._facts.setdefault((fact.repository.casefold(), str(own)), fact)
        self.unread = tuple(unread)
        self.otherwise = otherwise
        self._unread = {(name.casefold(), asked): why for name, asked, why in self.unread}

    def numbered(self, repository: str | None, number: int) -> IssueFact | PullFact | MovedFact | MissingFact | Unread:
        """See `triage.ports.Tracker`."""
        fact = self._fact(repository, str(number))
        return self.otherwise if isinstance(fact, CommitFact) else fact

    def commit(self, repository: str | None, sha: str) -> CommitFact | MissingFact | Unread:
        """See `triage.ports.Tracker`."""
        fact = self._fact(repository, sha.lower())
        return fact if isinstance(fact, CommitFact | MissingFact | Unread) else self.otherwise

    def _fact(self, repository: str | None, asked: str) -> Fact | Unread:
        name = repository or self._repository
        if name is None:
            return self.otherwise
        key = (name.casefold(), asked)
        return self._facts.get(key) or self._unread.get(key, self.otherwise)


def pulls_with(tracker: Tracker, repository: str | None, sha: str) -> tuple[PullFact, ...]:
    """Return the pull requests of its own repository that GitHub has a commit in, merged or not, as far as known.

    An empty answer says nothing: they may not have been read, or there may be some since.
    """
    fact = tracker.commit(repository, sha)
    if not isinstance(fact, CommitFact):
        return ()
    own = fact.repository.casefold()
    found = [tracker.numbered(*name) for name in fact.pulls or () if name.repository.casefold() == own]
    return tuple(one for one in found if isinstance(one, PullFact))


def merged_by_github(tracker: Tracker, repository: str | None, sha: str) -> tuple[Merged, ...]:
    """Return the merged ones of the pull requests that GitHub has a commit in, with what they were merged as."""
    return tuple(
        Merged(pull.number, pull.title, pull.head, pull.merge_commit)
        for pull in pulls_with(tracker, repository, sha)
        if pull.merged is not None and pull.merge_commit is not None
    )
