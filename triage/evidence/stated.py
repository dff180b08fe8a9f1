"""Evidence `stated`: a named person says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.clusters.grammar import NOBODY
from triage.evidence.facts import verdict
from triage.model import Status

if TYPE_CHECKING:
    from triage.clusters.grammar import StatedEvidence
    from triage.clusters.values import Moment
    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict


def standing(by: str, date: Moment, verb: str = "stated") -> tuple[Status, str]:
    """Return the status of what somebody says, and the words for it: nobody stands for what `unknown` says."""
    if by.casefold() == NOBODY:
        return Status.UNVERIFIED, f"{verb} on {date.text} by nobody named, so nobody stands for it"
    return Status.ATTESTED, f"{verb} by {by} on {date.text}"


def judge(item: StatedEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001 - all checkers are called alike
    """Return attested, or unverified where nobody stands for it."""
    status, reason = standing(item.by, item.date)
    return verdict(
        status, reason, found=item.by if status is Status.ATTESTED else None, source=f"{case.file}:{item.line}"
    )
