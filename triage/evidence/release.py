"""Evidence `release`: a tag contains the issue's commits, and not their undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evidence.facts import amount, verdict
from triage.landing.citation import SHORT, Citation, candidate
from triage.landing.proof import settle
from triage.model import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from triage.clusters.grammar import ReleaseEvidence
    from triage.evidence.facts import Case, Facts
    from triage.landing.citation import Landing
    from triage.model import Candidate, Commit, Revision, Verdict


def judge(item: ReleaseEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict on what the tag ships of the issue's commits.

    What it has, and whether that was taken back on the way to it, is what counts: neither where the branch is, nor
    what was reverted there later.
    """
    tag = facts.history.revision(item.release)
    if tag is None:
        reason = f"there is no tag {item.release} in this clone (`git fetch --tags`)"
        return verdict(Status.UNVERIFIED, reason, source=facts.source)
    source = _source(tag)
    name = f"{item.release} ({tag.sha[:SHORT]})"
    cited = tuple(dict.fromkeys((*case.fixes, *case.unproven)))
    contained = facts.history.reachable(tag.sha, cited)
    landings, series = _landings(cited, tag, item, case, facts)
    for fix, landing in landings.items():
        undone = landing.status is Status.REFUTED and landing.proof == "reverted"
        if undone and landing.by is not None:
            what = fix if landing.commit is None else landing.commit.sha
            reason = f"{name} contains {_name(fix, what)} and its revert {landing.by.sha[:SHORT]}"
            return verdict(Status.REFUTED, reason, found=tag.sha, proof="reverted", source=source)
    for fix, listed in series.items():
        own = {fix, *(one.commit.sha for one in listed if one.commit is not None)}
        partly = next((one for one in listed if one.by is not None and one.by.sha not in own), None)
        if fix in contained and partly is not None:
            reason = f"{name} contains {fix[:SHORT]}, but a commit that it brought was reverted: {partly.reason}"
            return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    there = {fix: landing for fix, landing in landings.items() if landing.status is Status.VERIFIED}
    for fix in contained:
        if fix not in there:
            reason = f"{name} contains {fix[:SHORT]}, but {landings[fix].reason}"
            return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source, candidates=landings[fix].candidates)
    outside = [fix for fix in case.fixes if fix not in there]
    if outside:
        return _outside(outside, name, tag, landings, facts)
    # Those that are not proven on the branch either may be on their way to it: that a tag lacks them refutes nothing.
    rest = case.open_fixes - sum(fix in there for fix in case.unproven)
    if not there:
        reason = f"no commit of issue {case.number} is proven, so there is nothing that {name} could contain"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    if rest > 0:
        missing = "1 commit or pull request" if rest == 1 else f"{rest} commits or pull requests"
        reason = f"{name} contains {amount(len(there), 'commit')} of it; {missing} of it is not proven"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    names = ", ".join(_name(fix, landing.commit.sha if landing.commit else fix) for fix, landing in there.items())
    others = [landing for fix, landing in there.items() if fix not in contained]
    how = "".join(f"; {landing.reason}" for landing in others)
    proof = others[0].proof if others else "contained"
    return verdict(Status.VERIFIED, f"{name} contains {names}{how}", found=tag.sha, proof=proof, source=source)


def _name(fix: str, there: str) -> str:
    return fix[:SHORT] if fix == there else f"{fix[:SHORT]} as {there[:SHORT]}"


def _landings(
    cited: Collection[str], tag: Revision, item: ReleaseEvidence, case: Case, facts: Facts
) -> tuple[dict[str, Landing], dict[str, list[Landing]]]:
    """What became of each commit on the way to the tag by the proofs that hold for a branch, and of its like.

    Those are the other commits of the pull request that it is the merge commit of.
    """
    pulled = {
        landing.commit.sha: citation.pulled
        for citation, landing in case.landings.items()
        if citation.pulled is not None and landing.commit is not None
    }
    looked_at = {citation.sha for citation in case.landings if citation.pulled is None and citation.cited is None}
    # That it is cited at no known time keeps it from being refuted for not being there.
    citations = {fix: Citation(fix, None, None, tag.sha, pulled=pulled.get(fix)) for fix in cited}
    series = {
        fix: [Citation(sha, None, None, tag.sha) for sha in whole.brought if sha in looked_at]
        for fix in cited
        if (whole := pulled.get(fix)) is not None
    }
    everything = [*citations.values(), *(one for listed in series.values() for one in listed)]
    settled = settle(everything, facts.history, item.release, facts.rules.subject_window)
    return (
        {fix: settled[citation] for fix, citation in citations.items()},
        {fix: [settled[one] for one in listed] for fix, listed in series.items()},
    )


def _source(tag: Revision) -> str:
    return f"git: {tag.name} {tag.sha}"


def _outside(outside: list[str], name: str, tag: Revision, landings: Mapping[str, Landing], facts: Facts) -> Verdict:
    """The verdict where commits are on the branch and no proof shows them in the tag."""
    source = _source(tag)
    if facts.history.state.shallow:
        reason = f"whether {name} contains {outside[0][:SHORT]} cannot be seen in a shallow clone"
        return verdict(Status.UNVERIFIED, reason, source=source)
    reason = f"{name} does not contain {', '.join(fix[:SHORT] for fix in outside)}"
    picked = _picked(list(facts.history.commits(outside).values()), tag.sha, facts)
    picked = tuple(dict.fromkeys((*picked, *(one for fix in outside for one in landings[fix].candidates))))
    if picked:
        reason += f"; {picked[0].value[:SHORT]} there may be the same change: it {picked[0].reason}"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source, candidates=picked)
    same = next((fix for fix in outside if _as_left(fix, tag.sha, facts)), None)
    if same is not None:
        reason += f", but every path that {same[:SHORT]} changed is there as it left it"
        return verdict(Status.UNVERIFIED, reason, found=tag.sha, source=source)
    return verdict(Status.REFUTED, reason, found=tag.sha, source=source)


def _picked(commits: list[Commit], tag: str, facts: Facts) -> tuple[Candidate, ...]:
    """The commits of a tag that may be these ones, picked onto the branch of a release."""
    survey = facts.history.survey({commit.subject for commit in commits})
    twins = {twin.sha: twin for commit in commits for twin in survey.subjects.get(commit.subject, ())}
    there = facts.history.reachable(tag, twins)
    return tuple(candidate(twin, "is in the tag with the same subject") for sha, twin in twins.items() if sha in there)


def _as_left(fix: str, tag: str, facts: Facts) -> bool:
    """Whether all that a commit changed is in a tag as it left it, or that cannot be seen."""
    changes = facts.history.changes([fix]).get(fix)
    if changes is None:
        return True
    tree = facts.history.tree(tag)
    blobs = [tree[change.path].blob if change.path in tree else None for change in changes]
    return bool(changes) and blobs == [change.after for change in changes]
