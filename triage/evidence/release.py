"""Evidence `release`: a tag contains the issue's commits, and not their undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evidence.commit import amount
from triage.evidence.facts import verdict
from triage.landing.proof import SHORT, candidate
from triage.landing.reverts import Reverts
from triage.model import Status

if TYPE_CHECKING:
    from triage.clusters.grammar import ReleaseEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Candidate, Commit, Verdict


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
    commits = facts.history.commits(case.fixes)
    if outside and not facts.history.state.shallow:
        reason = f"{name} does not contain {', '.join(fix[:SHORT] for fix in outside)}"
        picked = _picked([commits[fix] for fix in outside if fix in commits], tag.sha, facts)
        if picked:
            reason += f"; {picked[0].value[:SHORT]} there has its subject, and may be the same change"
            return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source, candidates=picked)
        return verdict(Status.REFUTED, reason, found=tag.sha, source=source)
    reverts = Reverts(facts.history, facts.history.survey(()))
    for fix in contained:
        undone = reverts.of(commits[fix], tag.sha)
        if undone is not None:
            reason = f"{name} contains {fix[:SHORT]} and its revert {undone.by.sha[:SHORT]}"
            status = Status.REFUTED if undone.sure else Status.UNVERIFIED
            proof = "reverted" if undone.sure else None
            return verdict(status, reason, found=tag.sha, proof=proof, source=source)
    if outside:
        reason = f"whether {name} contains {outside[0][:SHORT]} cannot be seen in a shallow clone"
        return verdict(Status.UNVERIFIED, reason, source=source)
    if not case.fixes:
        reason = f"no commit of issue {case.number} is proven, so there is nothing that {name} could contain"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    if case.open_fixes:
        rest = "1 commit or pull request" if case.open_fixes == 1 else f"{case.open_fixes} commits or pull requests"
        reason = f"{name} contains {amount(len(case.fixes), 'commit')} of it; {rest} of it is not proven"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    names = ", ".join(fix[:SHORT] for fix in case.fixes)
    return verdict(Status.VERIFIED, f"{name} contains {names}", found=tag.sha, proof="contained", source=source)


def _picked(commits: list[Commit], tag: str, facts: Facts) -> tuple[Candidate, ...]:
    """The commits of a tag that may be these ones, picked onto the branch of a release."""
    survey = facts.history.survey({commit.subject for commit in commits})
    twins = {twin.sha: twin for commit in commits for twin in survey.subjects.get(commit.subject, ())}
    there = facts.history.reachable(tag, twins)
    return tuple(candidate(twin, "is in the tag with the same subject") for sha, twin in twins.items() if sha in there)
