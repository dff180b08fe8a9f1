"""Evidence `pull`: a pull request was merged, and its merge commit is on the branch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from triage.evidence import commit as commits
from triage.evidence import documents
from triage.evidence.facts import verdict
from triage.evidence.issue import not_an_issue, source, unknown
from triage.landing.proof import SHORT, Citation, Landing, day
from triage.landing.subjects import manner
from triage.model import IssueFact, MissingFact, MovedFact, Part, PullFact, Severity, Status, Unread

if TYPE_CHECKING:
    from triage.clusters.grammar import PullEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Commit, Verdict

_MOST = 100
"""How many commits of a pull request are looked for one by one."""
_AT_ONCE = timedelta(minutes=1)
_NOT_LOOKED = "the pull request could not be looked at"


def citation(item: PullEvidence, facts: Facts) -> Citation | None:
    """Return the merge commit of a merged pull request as a citation; None where there is none to look for."""
    fact = facts.tracker.numbered(facts.repository, item.pull)
    if not isinstance(fact, PullFact) or fact.merged is None or fact.merge_commit is None:
        return None
    # That it is cited at no known time keeps it from being refuted for not being here: GitHub says that it exists.
    return Citation(fact.merge_commit, None, None, facts.judged.sha)


def citations(item: PullEvidence, facts: Facts) -> tuple[Citation, ...]:
    """Return the merge commit of a merged pull request, and every other commit that it brought, as citations."""
    merge = citation(item, facts)
    if merge is None:
        return ()
    return (merge, *(merge._replace(sha=sha) for sha in _series(item, merge.sha, facts)))


def _series(item: PullEvidence, merge: str, facts: Facts) -> tuple[str, ...]:
    """The commits that a pull request brought beside its merge commit: of a merge or a rebase, a squash is one."""
    fact = facts.tracker.numbered(facts.repository, item.pull)
    count = fact.commits if isinstance(fact, PullFact) else None
    commit = facts.history.commits([merge]).get(merge)
    if commit is None:
        return ()
    if len(commit.parents) > 1:
        return _merged_series(commit, min(count or _MOST, _MOST), facts)
    if count is None or _squashed(commit, item.pull):
        return ()
    return _rebased_series(commit, min(count, _MOST), facts)


def _merged_series(merge: Commit, count: int, facts: Facts) -> tuple[str, ...]:
    """The first commits before a merge, from its second parent on, that its first parent does not have."""
    found: dict[str, None] = {}
    level = list(merge.parents[1:])
    while level and len(found) < 2 * count:
        found.update(dict.fromkeys(level))
        commits = facts.history.commits(level)
        level = [parent for one in commits.values() for parent in one.parents if parent not in found]
    before = facts.history.reachable(merge.parents[0], found)
    return tuple(sha for sha in found if sha not in before)[:count]


def _rebased_series(last: Commit, count: int, facts: Facts) -> tuple[str, ...]:
    """The commits before the last one that were committed with it: GitHub makes all of a rebase anew at once."""
    found: list[str] = []
    one: Commit | None = last
    while one is not None and len(found) < count - 1 and one.parents:
        one = facts.history.commits(one.parents[:1]).get(one.parents[0])
        if one is None or abs(last.committed - one.committed) > _AT_ONCE or len(one.parents) > 1:
            break
        found.append(one.sha)
    return tuple(found)


def _squashed(commit: Commit, number: int) -> bool:
    return f"(#{number})" in commit.subject


def merged(item: PullEvidence, case: Case, facts: Facts) -> str | None:
    """Return the full SHA of the merge commit if it is on the branch, else None."""
    cited = citation(item, facts)
    landing = case.landings.get(cited) if cited is not None else None
    if landing is None or landing.status is not Status.VERIFIED or landing.commit is None:
        return None
    return None if _undone(item, case, facts) else landing.commit.sha


def _undone(item: PullEvidence, case: Case, facts: Facts) -> list[Landing]:
    """Those of the commits that a pull request brought which were reverted by none of themselves."""
    own = citations(item, facts)[1:]
    shas = {cited.sha for cited in own}
    landings = [case.landings[cited] for cited in own if cited in case.landings]
    return [one for one in landings if one.by is not None and one.by.sha not in shas]


def judge(item: PullEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict: merged or not, with its title and the paths it must touch as parts."""
    fact = facts.tracker.numbered(facts.repository, item.pull)
    name = f"#{item.pull}"
    match fact:
        case Unread():
            what = f"whether pull request {name} was merged, and as which commit"
            return verdict(Status.UNVERIFIED, unknown(fact, what), parts=_unseen(item))
        case MissingFact() | MovedFact():
            where = source(fact.read)
            reason = not_an_issue(name, fact)
            return verdict(Status.REFUTED, reason, proof="missing", source=where, parts=_unseen(item))
        case IssueFact():
            reason = f"{name} is an issue, not a pull request"
            return verdict(Status.REFUTED, reason, proof="missing", source=source(fact.read), parts=_unseen(item))
    if fact.merged is None:
        closed = f"closed on {day(fact.closed)} without being merged" if fact.closed else "open, not merged"
        return verdict(
            Status.REFUTED,
            f"{name} is {closed}",
            found=str(item.pull),
            proof="never-landed",
            source=source(fact.read),
            parts=_unseen(item),
        )
    return _of_merged(item, fact, case, facts)


def _unseen(item: PullEvidence) -> tuple[Part, ...]:
    subject = [Part("subject", Status.UNVERIFIED, _NOT_LOOKED)] if item.subject is not None else []
    return (*subject, *(Part("touches", Status.UNVERIFIED, _NOT_LOOKED, glob) for glob in item.touches))


def _of_merged(item: PullEvidence, fact: PullFact, case: Case, facts: Facts) -> Verdict:
    cited = citation(item, facts)
    landing = case.landings.get(cited) if cited is not None else None
    commit = landing.commit if landing is not None else None
    paths = _paths(fact, commit.sha if commit is not None else None, facts)
    parts = [] if item.subject is None else [_subject(item.subject, fact, commit.subject if commit else None)]
    unseen = f"what #{item.pull} changes is not known"
    touches = [commits.touched(glob, paths, unseen) for glob in item.touches]
    if not _whole(fact, commit):
        doubt = f"only the last commit of #{item.pull} could be looked at"
        touches = [
            part if part.status is not Status.REFUTED else Part("touches", Status.UNVERIFIED, doubt, part.of)
            for part in touches
        ]
    parts += touches
    when = f"merged on {day(fact.merged)}" if fact.merged else "merged"
    status, reason, proof = _landed(fact, landing, when)
    if status is Status.VERIFIED and (undone := _undone(item, case, facts)):
        merge = commit is not None and len(commit.parents) > 1
        status, reason, proof = _partly_undone(undone, len(citations(item, facts)) - 1, when, merge=merge)
    findings: list[tuple[str, Severity, str, str | None]] = []
    landed = status is Status.VERIFIED and commit is not None
    if landed and commit is not None:
        findings += commits.noticed(commit, paths, case, fact.created, f"#{item.pull}")
    return verdict(
        status,
        reason,
        parts=tuple(parts),
        found=commit.sha if commit is not None else str(item.pull),
        proof=proof,
        source=f"{source(fact.read)}; {facts.source}",
        candidates=landing.candidates if landing is not None else (),
        findings=tuple(findings),
        documents_only=landed and paths is not None and documents.only_documents(paths),
        commit=commit,
        changed=paths or (),
    )


def _landed(fact: PullFact, landing: Landing | None, when: str) -> tuple[Status, str, str | None]:
    if landing is None:
        return Status.UNVERIFIED, f"{when}, but GitHub names no merge commit, so it cannot be looked for", None
    sha = (fact.merge_commit or "")[:SHORT]
    if landing.commit is None:
        into = f"{when} into {fact.base} as {sha}"
        return Status.UNVERIFIED, f"{into}, which is not in this clone (`git fetch --all`)", None
    if landing.status is Status.VERIFIED:
        return Status.VERIFIED, f"{when} as {sha}, {landing.reason}", landing.proof
    if landing.status is Status.REFUTED:
        return Status.REFUTED, f"{when}, but {landing.reason}", landing.proof
    return Status.UNVERIFIED, f"{when} into {fact.base} as {sha}; {landing.reason}", None


def _partly_undone(undone: list[Landing], brought: int, when: str, *, merge: bool) -> tuple[Status, str, str | None]:
    """What a pull request is whose merge commit stands, and other commits of it do not."""
    if merge and len(undone) == brought:
        what = "its commit" if brought == 1 else f"each of its {brought} commits"
        return Status.REFUTED, f"{when}, but {what} was reverted: {undone[0].reason}", "reverted"
    total = brought if merge else brought + 1
    return (
        Status.UNVERIFIED,
        f"{when}, but {len(undone)} of its {total} commits were reverted: {undone[0].reason}",
        None,
    )


def _paths(fact: PullFact, sha: str | None, facts: Facts) -> tuple[str, ...] | None:
    """The paths that a pull request changes: as GitHub lists them, else those of its merge commit."""
    if fact.files is not None:
        return fact.files
    changes = facts.history.changes([sha]).get(sha) if sha is not None else None
    return tuple(change.path for change in changes) if changes is not None else None


def _whole(fact: PullFact, commit: Commit | None) -> bool:
    """Whether the paths are those of all its commits: the merge commit that GitHub names of a rebase is the last."""
    one = commit is not None and (_squashed(commit, fact.number) or len(commit.parents) > 1)
    return fact.files is not None or fact.commits == 1 or one


def _subject(subject: str, fact: PullFact, merged_as: str | None) -> Part:
    if any(manner(subject, own) for own in (fact.title, f"{fact.title} (#{fact.number})", merged_as or "") if own):
        return Part("subject", Status.VERIFIED, "it has this title")
    return Part("subject", Status.REFUTED, f"its title is “{fact.title}”")
