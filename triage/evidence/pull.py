"""Evidence `pull`: a pull request was merged, and its merge commit is on the branch."""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from triage.evidence import commit as commits
from triage.evidence import documents
from triage.evidence.facts import verdict
from triage.evidence.issue import not_an_issue, source, unknown
from triage.evidence.noticed import noticed
from triage.landing.citation import SHORT, Citation, Landing, day, gap
from triage.landing.reverts import Pulled
from triage.landing.subjects import Manner, manner, pulls
from triage.model import IssueFact, MissingFact, MovedFact, Part, PullFact, Severity, Status, Unread

if TYPE_CHECKING:
    from triage.clusters.grammar import PullEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Commit, Verdict

_MOST = 100
"""How many commits of a pull request are looked for one by one."""
_AT_ONCE = timedelta(minutes=1)
_AFTER_IT_WAS_MERGED = timedelta(days=1)
"""How far from its merging the squash of a pull request may be made, where only its title tells which it is."""
_BEFORE_IT_WAS_OPENED = timedelta(days=1)
"""How much older than its pull request a merge commit may be said to be: clocks differ."""
_NOT_LOOKED = "the pull request could not be looked at"


class _Series(NamedTuple):
    """The commits that a pull request brought beside its merge commit, newest first.

    `certain` are those that it did bring, else they may be another's; `whole` says that they are all. `before` are
    the commits that may be the last one before them, and `line` those after the furthest of these.
    """

    commits: tuple[str, ...] = ()
    certain: bool = True
    whole: bool = True
    before: tuple[str, ...] = ()
    line: tuple[str, ...] = ()


def citations(item: PullEvidence, facts: Facts) -> tuple[Citation, ...]:
    """Return the merge commit of a merged pull request, and every other commit that it may have brought, as citations.

    Nothing where there is none to look for.
    """
    return _cited(item, facts)[0]


def _cited(item: PullEvidence, facts: Facts) -> tuple[tuple[Citation, ...], _Series]:
    fact = facts.tracker.numbered(facts.repository, item.pull)
    if not isinstance(fact, PullFact) or fact.merged is None or fact.merge_commit is None:
        return (), _Series()
    series = _series(fact, facts)
    names = dict.fromkeys(name.casefold() for name in (fact.repository, facts.repository) if name)
    pulled = Pulled(fact.number, fact.title, tuple(names), series.line, series.before, fact.files)
    # That it is cited at no known time keeps it from being refuted for not being here: GitHub says that it exists.
    merge = Citation(fact.merge_commit, None, None, facts.judged.sha, pulled=pulled)
    if fact.merge_commit not in facts.history.commits([fact.merge_commit]):
        # After a rewriting of the history its squash has the same subject still.
        merge = merge._replace(subject=f"{fact.title} (#{fact.number})", cited=fact.merged)
    return (merge, *(merge._replace(sha=sha, pulled=None) for sha in series.commits)), series


def _series(fact: PullFact, facts: Facts) -> _Series:
    """The commits that a pull request brought beside its merge commit: of a merge or a rebase, a squash is one."""
    commit = facts.history.commits([fact.merge_commit or ""]).get(fact.merge_commit or "")
    if commit is None:
        return _Series(whole=False)
    count = fact.commits
    if len(commit.parents) > 1:
        brought = _merged_series(commit, min(count or _MOST, _MOST), facts)
        if count is not None and count > _MOST:
            brought = tuple(dict.fromkeys((*brought, *_reverted_of(commit, facts))))
        return _Series(brought, before=commit.parents[:1], line=brought)
    alone = _Series(before=commit.parents)
    if count is None:
        return alone if _names(commit, fact.number) else _Series(whole=False)
    if count == 1 or _squashed(commit, fact, facts):
        return alone
    line = _line(commit, min(count, _MOST) - 1, facts)
    known = _known_series(commit, line, fact, facts)
    found = _likely_series(commit, line) if known is None else known
    whole = known is not None and len(found) == count - 1
    # As long as nobody knows which of them are its own, it may have been a squash.
    furthest = line[-1].parents if len(line) == count - 1 else ()
    before = furthest if whole else tuple(dict.fromkeys((*commit.parents, *furthest))) if furthest else ()
    through = tuple(one.sha for one in line)
    return _Series(tuple(one.sha for one in found), known is not None, whole, before, through)


def _squashed(commit: Commit, fact: PullFact, facts: Facts) -> bool:
    """Whether a merge commit is all of its pull request, as far as that can be told."""
    parent = facts.history.commits(commit.parents).get(commit.parents[0]) if commit.parents else None
    if _names(commit, fact.number):
        return parent is None or not _names(parent, fact.number)
    head = facts.history.commits([fact.head]).get(fact.head)
    if head is not None:
        return not _same(head, commit)
    # A squash is made when it is merged; what is rebased keeps the time at which it was first made.
    titled = manner(fact.title, commit.subject) is Manner.EXACT
    return titled and commit.authored == commit.committed


def _line(commit: Commit, most: int, facts: Facts) -> list[Commit]:
    """The commits before one, along first parents and up to a merge, newest first."""
    found: list[Commit] = []
    while len(found) < most and commit.parents:
        before = facts.history.commits(commit.parents).get(commit.parents[0])
        if before is None or len(before.parents) > 1:
            break
        found.append(before)
        commit = before
    return found


def _known_series(last: Commit, line: list[Commit], fact: PullFact, facts: Facts) -> list[Commit] | None:
    """The commits of a rebased or pushed pull request by its number, its head or the moment; None if that is unsure."""
    if fact.head == last.sha:
        return line
    if _names(last, fact.number):
        return list(takewhile(lambda one: _names(one, fact.number), line))
    head = facts.history.commits([fact.head]).get(fact.head)
    if head is not None:
        own = [head, *_line(head, len(line), facts)]
        same = takewhile(lambda pair: _same(*pair), zip(own, [last, *line], strict=False))
        return [one for _, one in same][1:]
    at_once: list[Commit] = []
    before = last
    for one in line:
        # GitHub makes all commits of a rebase anew, at once.
        if abs(last.committed - one.committed) > _AT_ONCE or _of_another(one, fact.number):
            break
        if one.author != before.author and one.authored == one.committed:
            break
        at_once.append(one)
        before = one
    return at_once if len(at_once) == len(line) else None


def _same(one: Commit, other: Commit) -> bool:
    return (one.subject, one.author, one.authored) == (other.subject, other.author, other.authored)


def _likely_series(last: Commit, line: list[Commit]) -> list[Commit]:
    """Those of the commits before the last that may be of the same pull request: of its author, and of no other."""
    return list(takewhile(lambda one: one.author == last.author and not pulls(one.subject), line))


def _names(commit: Commit, number: int) -> bool:
    return f"(#{number})" in commit.subject


def _of_another(commit: Commit, number: int) -> bool:
    return bool(pulls(commit.subject)) and not _names(commit, number)


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


def _reverted_of(merge: Commit, facts: Facts) -> tuple[str, ...]:
    """The commits that a merge brought and that some message names as reverted, however many it brought."""
    named = [sha for sha in facts.history.survey(()).reverts if len(sha) == len(merge.sha)]
    there = facts.history.reachable(merge.sha, named)
    before = facts.history.reachable(merge.parents[0], there)
    return tuple(sha for sha in named if sha in there and sha not in before and sha != merge.sha)


def merged(item: PullEvidence, case: Case, facts: Facts) -> str | None:
    """Return the full SHA of the merge commit if it is on the branch, else None."""
    fact = facts.tracker.numbered(facts.repository, item.pull)
    cited, series = _cited(item, facts)
    landing = case.landings.get(cited[0]) if cited else None
    if not isinstance(fact, PullFact) or landing is None or landing.commit is None:
        return None
    status, _, _ = _outcome(fact, landing, _undone(fact, cited, case, facts), series, facts)
    return landing.commit.sha if status is Status.VERIFIED else None


def _undone(fact: PullFact, cited: tuple[Citation, ...], case: Case, facts: Facts) -> list[Landing]:
    """Those of the commits that a pull request brought, but its merge commit, that none of themselves reverted."""
    own = {one.sha for one in cited}
    landings = [case.landings[one] for one in cited[1:] if one in case.landings]
    undone = [one for one in landings if one.by is not None and one.by.sha not in own]
    if fact.files is None or not undone or len(_merge_parents(cited, case)) > 1:
        return undone
    changes = facts.history.changes([one.commit.sha for one in undone if one.commit is not None])
    others = {sha for sha, listed in changes.items() if listed and not {one.path for one in listed} & set(fact.files)}
    return [one for one in undone if one.commit is None or one.commit.sha not in others]


def _merge_parents(cited: tuple[Citation, ...], case: Case) -> tuple[str, ...]:
    landing = case.landings.get(cited[0]) if cited else None
    return landing.commit.parents if landing is not None and landing.commit is not None else ()


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
    cited, series = _cited(item, facts)
    landing = case.landings.get(cited[0]) if cited else None
    commit = landing.commit if landing is not None else None
    paths, whole = _paths(fact, commit, series, facts)
    parts = [] if item.subject is None else [_subject(item.subject, fact, commit.subject if commit else None)]
    unseen = f"what #{item.pull} changes is not known"
    touches = [commits.touched(glob, paths, unseen) for glob in item.touches]
    if not whole:
        doubt = f"only the last commit of #{item.pull} could be looked at"
        touches = [
            part if part.status is not Status.REFUTED else Part("touches", Status.UNVERIFIED, doubt, part.of)
            for part in touches
        ]
    parts += touches
    status, reason, proof = _outcome(fact, landing, _undone(fact, cited, case, facts), series, facts)
    findings: list[tuple[str, Severity, str, str | None]] = []
    landed = status is Status.VERIFIED and commit is not None
    if landed and commit is not None:
        findings += noticed(commit, paths, case, facts, pull=fact, whole=whole or fact.commits is None)
    return verdict(
        status,
        reason,
        parts=tuple(parts),
        found=commit.sha if commit is not None else str(item.pull),
        proof=proof,
        source=f"{source(fact.read)}; {facts.source}",
        candidates=landing.candidates if landing is not None else (),
        findings=tuple(findings),
        documents_only=landed
        and (whole or fact.commits is None)
        and paths is not None
        and documents.only_documents(paths),
        commit=commit,
        changed=paths or (),
    )


def _outcome(
    fact: PullFact, landing: Landing | None, undone: list[Landing], series: _Series, facts: Facts
) -> tuple[Status, str, str | None]:
    """Whether a merged pull request is on the branch, and all of it still there."""
    when = f"merged on {day(fact.merged)}" if fact.merged else "merged"
    status, reason, proof = _landed(fact, landing, when, facts)
    if landing is None or landing.commit is None:
        return status, reason, proof
    commit = landing.commit
    early = status is not Status.UNVERIFIED and fact.created - commit.committed > _BEFORE_IT_WAS_OPENED
    if early and commit.sha != fact.head:
        made = f"was made on {day(commit.committed)}, before #{fact.number} was opened on {day(fact.created)}"
        return Status.UNVERIFIED, f"{when}, but {commit.sha[:SHORT]}, which GitHub names as its merge, {made}", None
    if landing.gone and fact.merged is not None and abs(commit.committed - fact.merged) > _AFTER_IT_WAS_MERGED:
        apart = f"{gap(commit.committed - fact.merged)} from when it was merged"
        return Status.UNVERIFIED, f"{when}, but the only commit with its title, {commit.sha[:SHORT]}, is {apart}", None
    merge = len(commit.parents) > 1
    if status is Status.REFUTED and proof == "reverted" and not merge and not landing.whole:
        return _last_undone(fact, landing, undone, series, when) or (status, reason, proof)
    if status is not Status.VERIFIED:
        return status, reason, proof
    if undone:
        return _partly_undone(fact, undone, series, when, merge=merge)
    if not merge and not series.whole and fact.commits is not None:
        followed = 1 + len(series.commits) * series.certain
        which = "the last" if followed == 1 else f"the last {followed}"
        reason += f"; of its {fact.commits} commits only {which} could be followed"
    return status, reason, proof


def _landed(fact: PullFact, landing: Landing | None, when: str, facts: Facts) -> tuple[Status, str, str | None]:
    if landing is None:
        return Status.UNVERIFIED, f"{when}, but GitHub names no merge commit, so it cannot be looked for", None
    sha = (fact.merge_commit or "")[:SHORT]
    if landing.commit is None:
        into = f"{when} into {fact.base} as {sha}"
        cure = facts.history.state.cure or "git fetch --all"
        return Status.UNVERIFIED, f"{into}, which is not in this clone (`{cure}`)", None
    if landing.status is Status.VERIFIED:
        return Status.VERIFIED, f"{when} as {sha}, {landing.reason}", landing.proof
    if landing.status is Status.REFUTED:
        return Status.REFUTED, f"{when}, but {landing.reason}", landing.proof
    return Status.UNVERIFIED, f"{when} into {fact.base} as {sha}; {landing.reason}", None


def _partly_undone(
    fact: PullFact, undone: list[Landing], series: _Series, when: str, *, merge: bool
) -> tuple[Status, str, str | None]:
    """What a pull request is whose merge commit stands, and other commits of it do not."""
    brought = len(series.commits)
    if brought >= _MOST:  # not all of them were looked for
        brought = max(brought, fact.commits or 0)
    if merge and len(undone) == brought:
        what = "its commit" if brought == 1 else f"each of its {brought} commits"
        return Status.REFUTED, f"{when}, but {what} was reverted: {undone[0].reason}", "reverted"
    if not series.certain:
        doubt = "only its last commit could be followed, and one before it that may be its was reverted"
        return Status.UNVERIFIED, f"{when}, but {doubt}: {undone[0].reason}", None
    total = brought if merge else brought + 1
    return (
        Status.UNVERIFIED,
        f"{when}, but {len(undone)} of its {total} commits were reverted: {undone[0].reason}",
        None,
    )


def _last_undone(
    fact: PullFact, landing: Landing, undone: list[Landing], series: _Series, when: str
) -> tuple[Status, str, str | None] | None:
    """What a rebased pull request is of which the last commit was reverted; None if that was all of it."""
    if series.whole and len(undone) == len(series.commits):
        return None
    if series.whole:
        what = f"{len(undone) + 1} of its {len(series.commits) + 1} commits were reverted"
    elif fact.commits is None:
        return None
    else:
        what = f"its last commit was reverted, and the others of {fact.commits} could not be followed"
    return Status.UNVERIFIED, f"{when}, but {what}: {landing.reason}", None


def _paths(fact: PullFact, commit: Commit | None, series: _Series, facts: Facts) -> tuple[tuple[str, ...] | None, bool]:
    """The paths that a pull request changes, as GitHub lists them or its commits do, and whether they are all."""
    if fact.files is not None or commit is None:
        return fact.files, True
    merge = len(commit.parents) > 1
    shas = [commit.sha, *(series.commits if series.certain and not merge else ())]
    whole = merge or series.whole
    if not whole and fact.commits is not None:
        line = _line(commit, min(fact.commits, _MOST) - 1, facts)
        listed = _changed([commit.sha, *(one.sha for one in line)], facts)
        # Whichever of them are its own: what all of them are, its own are too.
        if len(line) == fact.commits - 1 and listed is not None and documents.only_documents(listed):
            return listed, True
    return _changed(shas, facts), whole


def _changed(shas: list[str], facts: Facts) -> tuple[str, ...] | None:
    changes = facts.history.changes(shas)
    if any(sha not in changes for sha in shas):
        return None
    return tuple(dict.fromkeys(change.path for sha in shas for change in changes[sha]))


def _subject(subject: str, fact: PullFact, merged_as: str | None) -> Part:
    if any(manner(subject, own) for own in (fact.title, f"{fact.title} (#{fact.number})", merged_as or "") if own):
        return Part("subject", Status.VERIFIED, "it has this title")
    return Part("subject", Status.REFUTED, f"its title is “{fact.title}”")
