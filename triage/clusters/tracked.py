"""The lint rules that need GitHub: where what was read there contradicts a decision file."""

from __future__ import annotations

from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from triage.clusters import wanted
from triage.clusters.grammar import Declined, Merged, Open, Resolved, Sequential
from triage.clusters.reading import evidence_of_issue
from triage.clusters.values import IssueName, same_repository
from triage.model import CommitFact, Finding, IssueFact, MissingFact, MovedFact, Place, PullFact, Severity, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from triage.clusters.grammar import Decision
    from triage.clusters.reading import ClusterFile
    from triage.ports import Tracker

_GRACE = timedelta(hours=1)
"""Clocks differ, and who closes by hand may do so before the merge that they are about to make."""


def lint(item: ClusterFile, others: Iterable[ClusterFile], tracker: Tracker, repository: str | None) -> list[Finding]:
    """Return what the rules find in one decision file, by what was read of GitHub; what was not read finds nothing."""
    return list(_Rules(item, list(others), tracker, repository).findings())


class _Rules:
    def __init__(self, item: ClusterFile, others: list[ClusterFile], tracker: Tracker, repository: str | None) -> None:
        self._item = item
        self._tracker = tracker
        self._repository = item.cluster.repository or repository
        files = [item, *(one for one in others if one.cluster.repository == item.cluster.repository)]
        self._claimed = {
            number
            for file in files
            for number, decision in file.cluster.issues.items()
            if not isinstance(decision, Sequential | Open)
        }

    def findings(self) -> Iterator[Finding]:
        for number, decision in self._item.cluster.issues.items():
            yield from self._numbers(number, decision)
            fact = self._fact(IssueName(number))
            yield from self._unread(number, decision, fact)
            if isinstance(fact, IssueFact):
                yield from self._state(number, decision, fact)
                yield from self._dates(number, decision, fact)
                yield from self._reopened(number, decision, fact)
            yield from self._unmerged(number, decision)
            yield from self._closed_target(number, decision)

    def _fact(self, name: IssueName) -> IssueFact | PullFact | MovedFact | MissingFact | Unread:
        return self._tracker.numbered(name.repository or self._repository, name.number)

    def _commit(self, one: Any) -> CommitFact | MissingFact | Unread:
        name = one.commit
        return self._tracker.commit(name.repository if name.abroad(self._repository) else self._repository, name.sha)

    def _finding(
        self, rule: str, at: Any, issue: int, message: str, hint: str | None, *, warning: bool = False
    ) -> Finding:
        place = Place(self._item.file, at.line, at.column)
        return Finding(rule, Severity.WARNING if warning else Severity.ERROR, message, place, hint, issue)

    def _unread(self, number: int, decision: Decision, fact: Any) -> Iterator[Finding]:
        """What GitHub was asked for in vain: whether it contradicts the decision is not known then."""
        if isinstance(decision, Sequential | Open):
            return
        if isinstance(fact, Unread) and fact.tried:
            message = f"whether GitHub contradicts this is not known: {fact.reason}"
            yield self._finding("not-read", decision, number, message, fact.hint)
        elif isinstance(fact, IssueFact) and isinstance(decision, Resolved) and fact.closed is not None:
            made = [(one, known[1]) for one in evidence_of_issue(decision) if (known := self._made(one)) is not None]
            dates = [self._existed(one) or date for one, date in made]
            missed = next((why for one in evidence_of_issue(decision) if (why := self._missed(one)) is not None), None)
            if missed is not None and not any(date <= fact.closed + _GRACE for date in dates):
                message = f"whether #{number} was closed before its evidence was made is not known: {missed.reason}"
                yield self._finding("not-read", decision, number, message, missed.hint)

    def _missed(self, one: Any) -> Unread | None:
        """Why nothing is known of a commit or pull request, where it was asked for."""
        fact: Any = None
        if one.kind == "pull":
            fact = self._tracker.numbered(self._repository, one.pull)
        elif one.kind == "commit":
            fact = self._commit(one)
            if isinstance(fact, MissingFact):
                return Unread(f"GitHub has no commit {one.commit}")
        return fact if isinstance(fact, Unread) and fact.tried else None

    def _numbers(self, number: int, decision: Decision) -> Iterator[Finding]:
        """Numbers that are not, or no longer, those of issues of this repository."""
        names = [IssueName(number), *decision.duplicates, *wanted.targets(decision)]
        for name in dict.fromkeys(names):
            yield from self._not_an_issue(number, decision, name, str(name))
        for one in evidence_of_issue(decision):
            if one.kind == "issue":
                yield from self._not_an_issue(number, one, IssueName(one.issue), f"#{one.issue}")

    def _not_an_issue(self, number: int, at: Any, name: IssueName, shown: str) -> Iterator[Finding]:
        fact = self._fact(name)
        if isinstance(fact, PullFact):
            hint = f"give it as evidence: pull: {name.number}"
            yield self._finding("is-pull", at, number, f"{shown} is a pull request, not an issue", hint)
        elif isinstance(fact, MovedFact):
            message, hint = f"{shown} was transferred to {fact.to}", f"name {fact.to}"
            yield self._finding("no-target", at, number, message, hint, warning=name != IssueName(number))
        elif isinstance(fact, MissingFact):
            what = f"{shown} was deleted" if fact.why == "deleted" else f"GitHub has no issue {shown}"
            yield self._finding("no-target", at, number, what, "is the number right?")

    def _state(self, number: int, decision: Decision, fact: IssueFact) -> Iterator[Finding]:
        """A decision that GitHub's state contradicts, or that came true without being decided."""
        closed = f"#{number} was closed{f' as {fact.reason}' if fact.reason else ''}".replace("_", " ")
        if isinstance(decision, Sequential | Open):
            if fact.state == "closed":
                message = f"{closed} on GitHub, and is {decision.decision} here"
                yield self._finding("state-differs", decision, number, message, "decide how it ended, or reopen it")
            else:
                yield from self._landed(number, decision, fact)
        if fact.state != "closed" or fact.reason is None:
            return
        contradicted = (isinstance(decision, Resolved) and fact.reason in ("not_planned", "duplicate")) or (
            isinstance(decision, Declined) and fact.reason == "completed"
        )
        if contradicted:
            message = f"{closed} on GitHub, and is {decision.decision} here"  # type: ignore[attr-defined]
            yield self._finding("state-differs", decision, number, message, "one of the two is wrong: decide again")

    def _landed(self, number: int, decision: Decision, fact: IssueFact) -> Iterator[Finding]:
        for repository, pull in fact.pulls or ():
            linked = self._tracker.numbered(repository, pull)
            if isinstance(linked, PullFact) and linked.merged is not None:
                if fact.reopened is not None and fact.reopened > linked.merged:
                    continue
                own = repository.casefold() == fact.repository.casefold()
                name = f"#{pull}" if own else f"{repository}#{pull}"
                message = f"#{number} is open, and {name}, which is to close it, was merged on {linked.merged:%Y-%m-%d}"
                hint = f"is it resolved? triage decide {number} resolved"
                yield self._finding("open-but-landed", decision, number, message, hint)
                return

    def _dates(self, number: int, decision: Decision, fact: IssueFact) -> Iterator[Finding]:
        """Evidence that is older than the issue, or younger than its close."""
        changes = [one for one in evidence_of_issue(decision) if one.kind in ("commit", "pull")]
        made = [(one, *known) for one in changes if (known := self._made(one)) is not None]
        for one, name, moment in made:
            if moment < fact.created:
                message = f"{name} is older than the issue, which was opened {fact.created:%Y-%m-%d}"
                yield self._finding("older-than-issue", one, number, message, None, warning=True)
        all_known = bool(changes) and len(made) == len(changes)
        if all_known and fact.state == "closed" and fact.closed is not None and isinstance(decision, Resolved):
            one, _, first = min(
                ((one, name, self._existed(one) or date) for one, name, date in made), key=itemgetter(2)
            )
            if first > fact.closed + _GRACE:
                when = f"{fact.closed:%Y-%m-%d %H:%M}"
                message = f"#{number} was closed on {when}, the first evidence for it is of {first:%Y-%m-%d %H:%M}"
                hint = "what was it closed for? cite that too, or say in `because` what happened"
                yield self._finding("closed-early", one, number, message, hint)

    def _existed(self, one: Any) -> datetime | None:
        """When evidence could be relied upon: a pull request with its merge, not when it was proposed."""
        fact = self._tracker.numbered(self._repository, one.pull) if one.kind == "pull" else None
        return fact.merged if isinstance(fact, PullFact) else None

    def _made(self, one: Any) -> tuple[str, datetime] | None:
        """What a commit or pull request that is given as evidence is called, and when it came into being."""
        if one.kind == "pull":
            fact = self._tracker.numbered(self._repository, one.pull)
            return (f"#{one.pull}", fact.created) if isinstance(fact, PullFact) else None
        if one.kind == "commit":
            known = self._commit(one)
            return (known.sha[:9], known.authored) if isinstance(known, CommitFact) else None
        return None

    def _reopened(self, number: int, decision: Decision, fact: IssueFact) -> Iterator[Finding]:
        """An issue that somebody reopened after all that is cited for it: it was not the end for them."""
        if not isinstance(decision, Resolved):
            return
        if fact.events is None and fact.how == "REST":
            message = f"whether #{number} was reopened is not known: not all that happened to it was read"
            yield self._finding("not-read", decision, number, message, "try again later")
            return
        stamp = self._item.cluster.decided
        if fact.reopened is None or (stamp is not None and stamp.date.end > fact.reopened):
            return
        changes = [one for one in evidence_of_issue(decision) if one.kind in ("commit", "pull")]
        if any((moment := self._landed_at(one)) is not None and moment >= fact.reopened for one in changes):
            return
        message = f"#{number} was reopened on {fact.reopened:%Y-%m-%d}, and nothing that is cited for it is newer"
        hint = "cite what solved it since; or decide again, with the date in `decided:`"
        yield self._finding("state-differs", decision, number, message, hint)

    def _landed_at(self, one: Any) -> datetime | None:
        """When a pull request was merged, or a commit made."""
        if one.kind == "pull":
            fact = self._tracker.numbered(self._repository, one.pull)
            return fact.merged if isinstance(fact, PullFact) else None
        known = self._commit(one)
        return known.committed if isinstance(known, CommitFact) else None

    def _unmerged(self, number: int, decision: Decision) -> Iterator[Finding]:
        for one in evidence_of_issue(decision):
            fact = self._tracker.numbered(self._repository, one.pull) if one.kind == "pull" else None
            if isinstance(fact, PullFact) and fact.state == "closed":
                message = f"#{one.pull} was closed without being merged"
                yield self._finding("unmerged", one, number, message, "cite what was merged instead")

    def _closed_target(self, number: int, decision: Decision) -> Iterator[Finding]:
        target = (
            decision.into if isinstance(decision, Merged) else decision.of if isinstance(decision, Declined) else None
        )
        if target is None:
            return
        fact = self._fact(target)
        own = same_repository(target.repository, self._repository)
        if isinstance(fact, IssueFact) and fact.state == "closed" and not (own and target.number in self._claimed):
            message = f"issue {number} goes on in {target}, which is closed, and nothing here proves that it was solved"
            yield self._finding("closed-target", decision, number, message, f"decide {target} too, with its evidence")
