"""Evidence that lives on GitHub: `pull`, `check`, `run` and the state of another `issue`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evidence.facts import verdict
from triage.landing.proof import day
from triage.model import Part, Status

if TYPE_CHECKING:
    from triage.clusters.grammar import CheckEvidence, IssueEvidence, PullEvidence, RunEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import IssueFact, Verdict

NOT_READ = "GitHub was not read"


def judge_pull(item: PullEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return unverified: whether a pull request was merged is known to GitHub only."""
    reason = f"{NOT_READ}: whether pull request #{item.pull} was merged, and as which commit"
    claimed = [*(["subject"] if item.subject else []), *("touches" for _ in item.touches)]
    parts = tuple(Part(claim, Status.UNVERIFIED, NOT_READ) for claim in claimed)
    return verdict(Status.UNVERIFIED, reason, parts=parts)


def judge_check(item: CheckEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return unverified: the outcome of a check is known to GitHub only."""
    return verdict(Status.UNVERIFIED, f"{NOT_READ}: the outcome of {item.check}")


def judge_run(item: RunEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return unverified: the outcome of a workflow run is known to GitHub only."""
    return verdict(Status.UNVERIFIED, f"{NOT_READ}: the outcome of run {item.run}")


def state(fact: IssueFact) -> str:
    """Return an issue's state in words, with its reason and when it was closed."""
    if fact.state == "open":
        return "open"
    reason = f" as {fact.reason.replace('_', ' ')}" if fact.reason else ""
    when = f" on {day(fact.closed)}" if fact.closed else ""
    by = f" by {fact.closed_by}" if fact.closed_by else ""
    return f"closed{reason}{when}{by}"


def judge_issue(item: IssueEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return whether another issue is in the state that the evidence names."""
    fact = facts.issues.issue(facts.repository, item.issue)
    if fact is None:
        return verdict(Status.UNVERIFIED, f"{NOT_READ}: the state of #{item.issue}")
    holds = {
        "open": fact.state == "open",
        "closed": fact.state == "closed",
        "completed": fact.state == "closed" and fact.reason == "completed",
    }[item.is_]
    source = f"GitHub, read {day(fact.read)}"
    status = Status.VERIFIED if holds else Status.REFUTED
    return verdict(status, f"#{item.issue} is {state(fact)}", found=str(item.issue), proof="state", source=source)
