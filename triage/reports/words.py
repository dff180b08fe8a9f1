"""The words and marks that reports and the terminal share. A mark stands for a verdict and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.clusters.grammar import Declined, Merged, Resolved, Sequential
from triage.evidence.facts import ticked
from triage.landing.citation import SHORT
from triage.model import Severity, Status
from triage.tracker import NOT_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage.model import Verdict
    from triage.verdicts import ClusterVerdict, CriterionVerdict, EvidenceVerdict, IssueVerdict

MARKS = {
    Status.VERIFIED: "✅",
    Status.REFUTED: "❌",
    Status.UNVERIFIED: "❔",
    Status.ATTESTED: "🗣",
    Status.OPEN: "·",
}
SAID = {
    Status.VERIFIED: "verified",
    Status.REFUTED: "refuted",
    Status.UNVERIFIED: "unverified",
    Status.ATTESTED: "attested",
    Status.OPEN: "open",
}

READ_GITHUB = "let GitHub be read (`triage doctor` says what is missing), or give an exported file that has it"


def claim(item: Any, name: Callable[[str], str] = ticked, text: Callable[[str], str] = str) -> str:
    """Return what a piece of evidence claims, in one phrase.

    `name` shows names of the repository (SHAs, paths, patterns), `text` shows other foreign text.
    """
    match item.kind:
        case "commit":
            return f"{name(item.commit)} is on the branch"
        case "pull":
            return f"pull request {name(f'#{item.pull}')} is merged"
        case "check":
            return f"check {name(item.check)} succeeded"
        case "run":
            return f"run {item.run} succeeded"
        case "test":
            return f"{name(item.test)} passes"
        case "path":
            return f"{name(item.path)} exists"
        case "present":
            return f"{name(item.present)} stands in {_globs(item.in_, name)}"
        case "absent":
            never = "never stands" if item.never else "no longer stands"
            return f"{name(item.absent)} {never} in {_globs(item.in_, name)}"
        case "issue":
            return f"{name(f'#{item.issue}')} is {item.is_}"
        case "release":
            return f"release {name(item.release)} has it"
    return text(item.stated)


def _globs(globs: tuple[str, ...], name: Callable[[str], str]) -> str:
    return some(globs, name)


def some(names: Sequence[str], name: Callable[[str], str], shown: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    listed = ", ".join(name(one) for one in names[:shown])
    return f"{listed} and {len(names) - shown} more" if len(names) > shown else listed


_COUNTS = {">=": "at least", "<=": "at most", ">": "more than", "<": "fewer than", "==": "exactly"}


def part_claim(claimed: str, item: Any, text: Callable[[str], str] = str) -> str:
    """Return what a part of a piece of evidence claims."""
    match claimed:
        case "subject":
            return f"its subject is “{text(item.subject)}”"
        case "touches":
            return "it changes the paths named"
        case "before":
            return "it failed before the fix"
        case "count":
            return f"on {_COUNTS[item.count.operator]} {item.count.number} line{'' if item.count.number == 1 else 's'}"
    return claimed


def decision_words(issue: IssueVerdict) -> str:
    """Return the decision as a phrase: `merged into #514`."""
    decision = issue.decision
    if isinstance(decision, Resolved):
        return f"resolved by #{decision.resolved_by}" if decision.resolved_by is not None else "resolved"
    if isinstance(decision, Merged):
        return f"merged into {decision.into}"
    if isinstance(decision, Declined):
        return f"duplicate of {decision.of}" if decision.of is not None else "declined, not planned"
    if isinstance(decision, Sequential):
        order = f", {ordinal(decision.order)}" if decision.order is not None else ""
        after = f", after {', '.join(f'#{number}' for number in decision.after)}" if decision.after else ""
        return f"open{order}{after}"
    return "open"


def ordinal(number: int) -> str:
    """Return a number as a place in an order: 1st, 2nd, 3rd, 4th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"


def next_step(issue: IssueVerdict, result: ClusterVerdict) -> str:
    """Return what would settle an issue, in a few words; empty where there is nothing to do."""
    decision = issue.decision
    if not issue.claims:
        return _open_step(issue, result)
    if issue.status is Status.ATTESTED:
        return "decide whether a person's word is enough"
    if issue.status is Status.VERIFIED:
        return "" if issue.fact is not None and issue.fact.state == "closed" else "may be closed"
    error = next((f for f in issue.findings if f.severity is Severity.ERROR and f.hint), None)
    for status in (Status.REFUTED, Status.UNVERIFIED):
        if status is Status.UNVERIFIED and error is not None:
            return error.hint or ""
        item = next((one for one in issue.evidence if one.status is status), None)
        if item is not None:
            if item.verdict.own is not status and error is not None:
                return error.hint or ""
            return _evidence_step(item)
        criterion = next((one for one in issue.criteria if one.status is status), None)
        if criterion is not None:
            return _criterion_step(criterion)
    if isinstance(decision, Resolved) and decision.resolved_by is not None:
        has_own = bool(issue.evidence or issue.criteria or issue.parts)
        return f"prove #{decision.resolved_by} first" if has_own else "give one commit, file or test run of its own"
    if NOT_READ.reason in issue.reason:
        return READ_GITHUB
    if not issue.evidence and not issue.criteria and isinstance(decision, Resolved):
        return "give a commit, a file or a test run"
    return "settle the issue it points to first" if isinstance(decision, Merged | Declined) else "prove its parts"


def _open_step(issue: IssueVerdict, result: ClusterVerdict) -> str:
    decision = issue.decision
    if not isinstance(decision, Sequential):
        return ""
    settled = {one.number for one in result.issues if one.claims and one.status is Status.VERIFIED}
    waiting = [number for number in decision.after if number not in settled]
    if waiting:
        return f"after {', '.join(f'#{number}' for number in waiting)}"
    orders = [
        one.decision.order
        for one in result.issues
        if isinstance(one.decision, Sequential) and one.decision.order is not None and not one.decision.after
    ]
    return "next" if decision.order is None or decision.order == min(orders, default=decision.order) else ""


def _criterion_step(item: CriterionVerdict) -> str:
    if not item.evidence:
        return f"give evidence for “{item.item.says}”, or waive it by name"
    worst = next(one for one in item.evidence if one.status is item.status)
    return _evidence_step(worst)


def _evidence_step(item: EvidenceVerdict) -> str:
    verdict = item.verdict
    broken = next((part for part in verdict.parts if part.status is verdict.status), None)
    if verdict.own is not verdict.status and broken is not None:
        return {
            "touches": "cite the commit that changes these paths",
            "subject": "check the SHA and its subject",
            "before": "show that it failed before the fix",
            "count": "check the count",
        }.get(broken.claim, broken.reason)
    refuted = verdict.status is Status.REFUTED
    match item.item.kind:
        case "commit":
            return _commit_step(verdict)
        case "test":
            return "make the test pass" if refuted else "run the test and give its report"
        case "path":
            return f"{ticked(item.cited)} is not there: decide again"
        case "absent":
            return "remove the lines that still match" if refuted else "check the pattern"
        case "present":
            return "check the pattern and where it should stand"
        case "stated":
            return "somebody must stand for it by name"
        case "release":
            return "release the fix" if refuted else "prove its commits first"
    return _github_step(item) if refuted else _read_step(verdict)


def _commit_step(verdict: Verdict) -> str:
    if verdict.proof == "foreign-subject":
        return "say which was meant, the SHA or the subject"
    if verdict.proof == "reverted":
        return "it was reverted: keep the issue open, or cite what landed after"
    if verdict.candidates:
        return f"choose among {', '.join(found.value[:SHORT] for found in verdict.candidates[:3])}"
    return "cite a commit that is on the branch"


def _github_step(item: EvidenceVerdict) -> str:
    name = f"#{item.cited}"
    if item.item.kind == "check":
        return "make the check pass"
    if item.item.kind == "issue":
        return f"{name} is not as said"
    if item.verdict.proof == "reverted":
        return f"{name} was reverted: keep the issue open, or cite what landed after"
    return f"{name} was not merged: cite what was"


def _read_step(verdict: Verdict) -> str:
    """What to do where GitHub was not read, or has not said enough."""
    if NOT_READ.reason in verdict.reason:
        return READ_GITHUB
    if verdict.candidates:
        return f"is one of these meant? {', '.join(found.value for found in verdict.candidates[:3])}"
    return "see what its evidence says"
