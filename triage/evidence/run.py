"""Evidence `run`: a workflow run of a commit that contains the fix succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evidence.facts import verdict
from triage.model import Status

if TYPE_CHECKING:
    from triage.clusters.grammar import RunEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict


def judge(item: RunEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return unverified: workflow runs are not read yet."""
    reason = f"GitHub was not read: the outcome of run {item.run} (this version reads no workflow runs)"
    return verdict(Status.UNVERIFIED, reason)
