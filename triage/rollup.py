"""How verdicts on evidence, criteria and parts become one on an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.clusters.grammar import Declined, Merged
from triage.evidence import documents
from triage.evidence.facts import ticked
from triage.evidence.noticed import DOCUMENTS_HINT, DOCUMENTS_ONLY
from triage.landing.citation import SHORT
from triage.model import Finding, Place, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.clusters.grammar import Decision
    from triage.clusters.values import IssueName
    from triage.evidence.facts import Case
    from triage.model import Candidate
    from triage.verdicts import CriterionVerdict, EvidenceVerdict, PhaseVerdict


def of_phase(phase: PhaseVerdict) -> tuple[EvidenceVerdict, ...]:
    """Return all evidence of a phase: its own, and that of what it is done when."""
    return (*phase.evidence, *(item for criterion in phase.done_when for item in criterion.evidence))


def reason_of(item: EvidenceVerdict) -> str:
    """Return why a piece of evidence has its status: its own reason, or that of the worst of its parts."""
    verdict = item.verdict
    if verdict.own is verdict.status:
        named = item.item.kind in ("path", "present", "absent", "test", "release")
        return f"{ticked(item.cited)}: {verdict.reason}" if named else verdict.reason
    part = next((part for part in verdict.parts if part.status is verdict.status), None)
    if part is None:
        return verdict.reason
    if part.claim == "touches" and part.of is not None and part.status is Status.REFUTED:
        return f"{(verdict.found or item.cited)[:SHORT]} does not change {ticked(part.of)}"
    return f"{part.claim} {ticked(part.of)}: {part.reason}" if part.of else f"{part.claim}: {part.reason}"


def of_all(
    listed: Sequence[EvidenceVerdict],
    criteria: Sequence[CriterionVerdict],
    parts: tuple[Status, str] | None,
    errors: Sequence[str],
) -> tuple[Status, str]:
    """Return the status and its reason by the row "issue, resolved" of the contract's table."""
    outcomes = [(item.status, reason_of(item)) for item in listed]
    outcomes += [(item.status, f"{item.item.says}: {item.reason}") for item in criteria]
    outcomes += [parts] if parts is not None else []
    if not outcomes:
        return Status.UNVERIFIED, "no evidence given"
    for status in (Status.REFUTED, Status.UNVERIFIED):
        if status is Status.UNVERIFIED and errors:
            return status, errors[0]
        reason = next((reason for one, reason in outcomes if one is status), None)
        if reason is not None:
            return status, reason
    if any(status is Status.VERIFIED for status, _ in outcomes):
        number = sum(status is Status.VERIFIED for status, _ in outcomes)
        attested = len(outcomes) - number
        return (
            Status.VERIFIED,
            f"{number} verified, {attested} attested" if attested else f"{number} of {number} verified",
        )
    return Status.ATTESTED, outcomes[0][1]


def _about_code(item: Any) -> bool:
    """Whether a piece of evidence can prove something about code: a pattern over documents cannot."""
    if item.kind in ("present", "absent"):
        return any(not documents.of_documents(glob) for glob in item.in_ if not glob.startswith("!"))
    return item.kind in ("commit", "pull", "check", "run", "test")


def sole_documents(
    listed: Sequence[EvidenceVerdict], criteria: Sequence[CriterionVerdict], findings: Sequence[Finding], case: Case
) -> list[Finding]:
    """Return the finding for commits that change only documents, where nothing else proves an issue about code."""
    everything = [*listed, *(item for criterion in criteria for item in criterion.evidence)]
    commits = [item for item in everything if item.verdict.documents_only]
    others = [item for item in everything if not item.verdict.documents_only and _about_code(item.item)]
    if not commits or others or documents.about_documents(case.title):
        return []
    known = {(finding.rule, finding.place.line) for finding in findings}
    return [
        Finding(
            DOCUMENTS_ONLY,
            Severity.ERROR,
            f"{(item.verdict.found or '')[:SHORT]} changes documents and no code, and it is the only proof",
            Place(case.file, item.item.line, item.item.column),
            DOCUMENTS_HINT,
            case.number,
        )
        for item in commits
        if (DOCUMENTS_ONLY, item.item.line) not in known
    ]


def goes_on_in(decision: Decision) -> IssueName | None:
    """Return the issue in which a merged or duplicate one goes on."""
    if isinstance(decision, Merged):
        return decision.into  # type: ignore[no-any-return]
    return decision.of if isinstance(decision, Declined) else None


def candidates_of(items: Iterable[EvidenceVerdict]) -> tuple[Candidate, ...]:
    """Return what was found beside the evidence, each once."""
    return tuple(dict.fromkeys(found for item in items for found in item.verdict.candidates))
