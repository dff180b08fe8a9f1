"""Evidence `issue`: another issue is in a state on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evidence.facts import verdict
from triage.landing.citation import day
from triage.model import IssueFact, MissingFact, MovedFact, PullFact, Status, Unread

if TYPE_CHECKING:
    from datetime import datetime

    from triage.clusters.grammar import IssueEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict

COMPLETED = "completed"


def state(fact: IssueFact) -> str:
    """Return an issue's state in words, with its reason and when it was closed."""
    if fact.state == "open":
        return "open"
    reason = f" as {fact.reason.replace('_', ' ')}" if fact.reason else ""
    when = f" on {day(fact.closed)}" if fact.closed else ""
    by = f" by {fact.closed_by}" if fact.closed_by else ""
    return f"closed{reason}{when}{by}"


def source(read: datetime) -> str:
    """Return the `source` of a verdict that rests on GitHub: when it was read."""
    return f"GitHub, read {read:%Y-%m-%d %H:%M} UTC"


def unknown(unread: Unread, what: str) -> str:
    """Return the sentence for what GitHub was not read for: why, what is not known, and the cure."""
    cure = f" (`{unread.hint}`)" if unread.hint else ""
    return f"{unread.reason}: {what}{cure}"


def not_an_issue(name: str, fact: PullFact | MissingFact | MovedFact) -> str:
    """Return what stands under a number instead of an issue."""
    match fact:
        case PullFact():
            return f"{name} is a pull request, not an issue"
        case MovedFact():
            return f"{name} was transferred to {fact.to}"
        case MissingFact():
            return f"{name} was deleted" if fact.why == "deleted" else f"GitHub has no {name} in {fact.repository}"


def judge(item: IssueEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return whether another issue is in the state that the evidence names."""
    name = f"#{item.issue}"
    if facts.judged.asked is not None:
        return verdict(Status.UNVERIFIED, f"the state that {name} had then is not looked for")
    fact = facts.tracker.numbered(facts.repository, item.issue)
    match fact:
        case Unread():
            return verdict(Status.UNVERIFIED, unknown(fact, f"the state of {name}"))
        case MissingFact():
            return verdict(Status.REFUTED, not_an_issue(name, fact), proof="missing", source=source(fact.read))
        case MovedFact():
            there = facts.tracker.numbered(*fact.to)
            if not isinstance(there, IssueFact):
                return verdict(Status.UNVERIFIED, not_an_issue(name, fact), source=source(fact.read))
            return _of_issue(item, there, f"{not_an_issue(name, fact)}, which")
        case PullFact():
            reason = f"{not_an_issue(name, fact)} (write `pull: {item.issue}`)"
            return verdict(Status.UNVERIFIED, reason, source=source(fact.read))
    return _of_issue(item, fact, name)


def _of_issue(item: IssueEvidence, fact: IssueFact, name: str) -> Verdict:
    if item.is_ == COMPLETED and fact.state == "closed" and fact.reason is None:
        reason = f"{name} is {state(fact)}, and GitHub has no reason for it"
        return verdict(Status.UNVERIFIED, reason, found=str(item.issue), source=source(fact.read))
    holds = {
        "open": fact.state == "open",
        "closed": fact.state == "closed",
        COMPLETED: fact.state == "closed" and fact.reason == COMPLETED,
    }[item.is_]
    status = Status.VERIFIED if holds else Status.REFUTED
    reason = f"{name} is {state(fact)}"
    return verdict(status, reason, found=str(item.issue), proof="state", source=source(fact.read))
