"""The verdicts as data: the JSON of the contract. Keys are never left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.clusters.grammar import Declined, Merged, Resolved, Sequential
from triage.model import Status
from triage.reports.foreign import mask

if TYPE_CHECKING:
    from datetime import datetime

    from triage.model import Candidate, Finding
    from triage.verdicts import ClusterVerdict, CriterionVerdict, EvidenceVerdict, IssueVerdict, PhaseVerdict

FORMAT = 1


def cluster_document(result: ClusterVerdict) -> dict[str, Any]:
    """Return the object of `triage cluster N --json`."""
    judged = result.judged
    document = {
        "format": FORMAT,
        "cluster": result.cluster.cluster,
        "repository": result.repository,
        "title": result.cluster.title,
        "status": str(result.status),
        "judged": {"branch": judged.branch, "sha": judged.sha, "at": stamp(judged.at)},
        "issues": [_issue(issue) for issue in result.issues],
        "goals": [_criterion(goal) for goal in result.goals],
        "statements": [
            {"says": said.says, "by": said.by, "date": said.date.text, "status": str(status)}
            for said, status, _ in result.statements
        ],
        "findings": [finding_document(finding) for finding in result.findings],
    }
    return masked(document)


def masked(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the secrets in its texts masked, as in reports."""
    return {key: _masked(value) for key, value in document.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return masked(value) if isinstance(value, dict) else value


def lint_document(findings: list[Finding]) -> dict[str, Any]:
    """Return the object of `triage lint --json`."""
    return masked({"format": FORMAT, "findings": [finding_document(finding) for finding in findings]})


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return a finding as data."""
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "issue": finding.issue,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "hint": finding.hint,
    }


def stamp(moment: datetime) -> str:
    """Return a moment in UTC as JSON has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _issue(issue: IssueVerdict) -> dict[str, Any]:
    decision = issue.decision
    resolved_by = decision.resolved_by if isinstance(decision, Resolved) else None
    into = _name(decision.into) if isinstance(decision, Merged) else None
    of = _name(decision.of) if isinstance(decision, Declined) else None
    sequential = decision if isinstance(decision, Sequential) else None
    return {
        "number": issue.number,
        "repository": issue.repository,
        "title": issue.title,
        "state": issue.fact.state if issue.fact is not None else None,
        "decision": decision.decision,  # type: ignore[attr-defined]
        "resolved_by": resolved_by,
        "into": into,
        "of": of,
        "order": sequential.order if sequential is not None else None,
        "after": list(sequential.after) if sequential is not None else [],
        "status": str(issue.status),
        "reason": issue.reason,
        "closable": issue.closable,
        "line": decision.line,
        "evidence": [_evidence(item) for item in issue.evidence],
        "criteria": [_criterion(item) for item in issue.criteria],
        "goals": [_criterion(item) for item in issue.goals],
        "phases": [_phase(item) for item in issue.phases],
        "findings": [finding_document(finding) for finding in issue.findings],
        "candidates": [_candidate(found) for found in issue.candidates],
    }


def _name(name: Any) -> int | str | None:
    return None if name is None else name.number if name.repository is None else str(name)


def _evidence(item: EvidenceVerdict) -> dict[str, Any]:
    verdict = item.verdict
    return {
        "kind": item.item.kind,
        "cited": item.cited,
        "status": str(verdict.status),
        "found": verdict.found,
        "proof": verdict.proof,
        "parts": [
            {"claim": part.claim, "of": part.of, "status": str(part.status), "reason": part.reason}
            for part in verdict.parts
        ],
        "reason": verdict.reason,
        "details": list(verdict.details),
        "source": verdict.source,
        "line": item.item.line,
        "at_close": None,
        "now": str(verdict.status),
        "candidates": [_candidate(found) for found in verdict.candidates],
    }


def _criterion(item: CriterionVerdict) -> dict[str, Any]:
    waived = getattr(item.item, "waived", None)
    return {
        "says": item.item.says,
        "status": str(item.status),
        "reason": item.reason,
        "waived": None if waived is None else {"by": waived.by, "date": waived.date.text, "because": waived.because},
        "evidence": [_evidence(one) for one in item.evidence],
        "line": item.item.line,
    }


def _phase(item: PhaseVerdict) -> dict[str, Any]:
    return {
        "id": item.item.id,
        "name": item.item.name,
        "decision": item.item.decision,
        "status": str(item.status if item.item.decision else Status.OPEN),
        "reason": item.reason,
        "done_when": [_criterion(one) for one in item.done_when],
        "evidence": [_evidence(one) for one in item.evidence],
        "line": item.item.line,
    }


def _candidate(found: Candidate) -> dict[str, Any]:
    return {"kind": found.kind, "value": found.value, "title": found.title, "reason": found.reason}
