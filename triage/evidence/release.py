"""Evidence `release`: a tag contains the issue's commits, and not their undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evidence.commit import amount
from triage.evidence.facts import verdict
from triage.landing.proof import SHORT, undone_by
from triage.model import Status

if TYPE_CHECKING:
    from triage.clusters.grammar import ReleaseEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict


def judge(item: ReleaseEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict on what the tag ships of the issue's commits."""
    tag = facts.history.revision(item.release)
    if tag is None:
        reason = f"there is no tag {item.release} in this clone (`git fetch --tags`)"
        return verdict(Status.UNVERIFIED, reason, source=facts.source)
    source = f"git: {item.release} {tag.sha}"
    name = f"{item.release} ({tag.sha[:SHORT]})"
    contained = facts.history.reachable(tag.sha, case.fixes)
    outside = [fix for fix in case.fixes if fix not in contained]
    if outside and not facts.history.state.shallow:
        reason = f"{name} does not contain {', '.join(fix[:SHORT] for fix in outside)}"
        return verdict(Status.REFUTED, reason, found=tag.sha, source=source)
    survey = facts.history.survey(())
    undoing = {commit.sha for commits in survey.reverts.values() for commit in commits}
    shipped = facts.history.reachable(tag.sha, undoing)
    for fix in case.fixes:
        revert = undone_by(fix, survey, shipped)
        if revert is not None:
            reason = f"{name} contains {fix[:SHORT]} and its revert {revert.sha[:SHORT]}"
            return verdict(Status.REFUTED, reason, found=tag.sha, proof="reverted", source=source)
    if outside:
        reason = f"whether {name} contains {outside[0][:SHORT]} cannot be seen in a shallow clone"
        return verdict(Status.UNVERIFIED, reason, source=source)
    if not case.fixes:
        reason = f"no commit of issue {case.number} is proven, so there is nothing that {name} could contain"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    if case.open_fixes:
        rest = amount(case.open_fixes, "commit or pull request")
        reason = f"{name} contains {amount(len(case.fixes), 'commit')} of it; {rest} of it is not proven"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    names = ", ".join(fix[:SHORT] for fix in case.fixes)
    return verdict(Status.VERIFIED, f"{name} contains {names}", found=tag.sha, proof="contained", source=source)
