"""Evidence `commit`: the change that a commit stands for is on the branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage import globs
from triage.errors import CouldNotLook
from triage.evidence import documents
from triage.evidence.facts import amount, some, tip, verdict
from triage.evidence.issue import source, unknown
from triage.evidence.noticed import noticed
from triage.landing.citation import SHORT, Citation, Landing, day
from triage.landing.subjects import manner
from triage.landing.survival import THIRD
from triage.model import CommitFact, MissingFact, Part, Severity, Status, Unread
from triage.tracker import merged_by_github, pulls_with

if TYPE_CHECKING:
    from triage.clusters.grammar import CommitEvidence
    from triage.evidence.facts import Case, Facts
    from triage.evidence.noticed import Noticed
    from triage.model import Verdict

_WHOLE = 40


def citation(item: CommitEvidence, case: Case, facts: Facts) -> Citation:
    """Return what the evidence cites.

    Raises `CouldNotLook` where `at:` cannot be found, and for a commit of another repository.
    """
    if item.commit.abroad(facts.repository):
        raise CouldNotLook(f"{item.commit} is a commit of another repository")
    at = tip(item.at, facts)
    now = facts.judged.sha if at != facts.judged.sha else None
    merged = merged_by_github(facts.tracker, facts.repository, item.commit.sha)
    return Citation(item.commit.sha, item.subject, case.cited, at, now, merged=merged)


def judge(item: CommitEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict: landed or not, with its subject and the paths it must touch as parts."""
    if item.commit.abroad(facts.repository):
        return _abroad(item, facts)
    landing = _asked_of_host(item, case.landings[citation(item, case, facts)], case, facts)
    commit = landing.cited
    changes = facts.history.changes([commit.sha]).get(commit.sha) if commit is not None else None
    parts = []
    if item.subject is not None:
        status, reason = landing.subject or (Status.UNVERIFIED, "there is no commit to compare it with")
        parts.append(Part("subject", status, reason))
    paths = tuple(change.path for change in changes) if changes is not None else None
    unseen = "there is no commit to look at"
    if commit is not None:
        unseen = f"the trees of {commit.sha[:SHORT]} are not in this clone"
    parts += [_landed_too(touched(glob, paths, unseen), landing, facts) for glob in item.touches]
    findings: list[tuple[str, Severity, str, str | None]] = []
    if landing.placeholder:
        message = f"{item.commit} is a placeholder, not a commit"
        findings.append(("placeholder", Severity.ERROR, message, "cite the commit that was made"))
    landed = landing.status is Status.VERIFIED and commit is not None
    findings += _purged(landing, facts)
    if landed and commit is not None:
        findings += noticed(commit, paths, case, facts)
    return verdict(
        landing.status,
        landing.reason,
        parts=tuple(parts),
        found=landing.commit.sha if landing.commit is not None else None,
        proof=landing.proof,
        source=facts.source,
        candidates=landing.candidates,
        findings=tuple(findings),
        documents_only=landed and paths is not None and documents.only_documents(paths),
        commit=landing.commit,
        changed=paths or (),
    )


def _landed_too(part: Part, landing: Landing, facts: Facts) -> Part:
    """A part `touches` of a commit that landed as another one: that must touch such a path as well."""
    found = landing.commit
    if part.status is not Status.VERIFIED or landing.own is None or found is None or landing.cited is found:
        return part
    changes = facts.history.changes([found.sha]).get(found.sha)
    if changes is not None and any(True for _ in globs.select((part.of or "",), [change.path for change in changes])):
        return part
    reason = f"{landing.own.sha[:SHORT]} changes such a path, and {found.sha[:SHORT]}, as which it landed, does not"
    return part._replace(status=Status.UNVERIFIED, reason=reason)


def _purged(landing: Landing, facts: Facts) -> list[Noticed]:
    """The finding that most of what a commit did was purged when the history was rewritten."""
    own, found = landing.own, landing.commit
    if landing.status is not Status.VERIFIED or landing.proof != "rewrite" or own is None or found is None:
        return []
    before, after = (facts.history.changes([one.sha]).get(one.sha) for one in (own, found))
    if len(own.parents) > 1 or not before or after is None:
        return []
    left = {change.path for change in before} & {change.path for change in after}
    if len(left) >= len(before) * THIRD:
        return []
    what = f"{len(left)} of the {amount(len(before), 'path')} that {own.sha[:SHORT]} changed"
    message = f"{found.sha[:SHORT]}, as which it landed, has {what}: the others were purged from the history"
    return [("purged", Severity.ERROR, message, "cite what users get of it today")]


def _abroad(item: CommitEvidence, facts: Facts) -> Verdict:
    """The verdict on a commit of another repository, which no branch of this one can have under that name."""
    home = item.commit.repository
    fact = facts.tracker.commit(home, item.commit.sha)
    here = facts.repository or "the repository that is judged, whose name is not known"
    subject = (Status.UNVERIFIED, "there is no commit to compare it with")
    if isinstance(fact, CommitFact):
        reason = (
            f"GitHub has it in {home}, as {fact.sha[:SHORT]} ({fact.subject}) of {day(fact.authored)}; "
            f"whether users of {here} get it cannot be told from there"
        )
        if item.subject is not None and manner(item.subject, fact.subject):
            subject = (Status.VERIFIED, "the commit has this subject")
        else:
            subject = (Status.UNVERIFIED, f"its subject is “{fact.subject}”")
    elif isinstance(fact, MissingFact):
        reason = f"GitHub has no such commit in {home}, and it would say nothing of {here}"
    else:
        reason = unknown(fact, f"whether {home} has {item.commit.sha[:SHORT]}, and what it is")
    parts = [Part("subject", *subject)] if item.subject is not None else []
    unseen = f"the trees of {home} are not looked at"
    message = f"{item.commit} is a commit of {home}, not of {here}"
    hint = "cite the commit of this repository that brought the change here"
    if facts.repository is None:
        hint = "say which repository is judged: -R OWNER/NAME"
    return verdict(
        Status.UNVERIFIED,
        reason,
        parts=(*parts, *(touched(glob, None, unseen) for glob in item.touches)),
        source=source(fact.read) if isinstance(fact, CommitFact | MissingFact) else None,
        findings=(("other-repository", Severity.WARNING, message, hint),),
    )


def _asked_of_host(item: CommitEvidence, landing: Landing, case: Case, facts: Facts) -> Landing:
    """What became of a SHA that is nowhere here, after the host was asked for it too."""
    if landing.commit is not None or item.subject is not None or landing.placeholder or landing.candidates:
        return landing
    fact = facts.tracker.commit(facts.repository, item.commit.sha)
    if isinstance(fact, CommitFact):
        reason = f"{item.commit} is not in this clone; GitHub has it, as {fact.sha[:SHORT]} of {day(fact.authored)}"
        pulls = pulls_with(facts.tracker, facts.repository, item.commit.sha)
        in_them = ", ".join(f"#{pull.number}, which is {pull.state}" for pull in pulls)
        fetched = " ".join(f"refs/pull/{pull.number}/head" for pull in pulls)
        if pulls:
            return Landing(Status.UNVERIFIED, f"{reason} in {in_them} (`git fetch origin {fetched}`)")
        return Landing(Status.UNVERIFIED, f"{reason}, which says nothing of the branch (`git fetch --all`)")
    if isinstance(fact, Unread):
        if landing.status is Status.REFUTED and fact.tried:
            return Landing(Status.UNVERIFIED, unknown(fact, f"whether {item.commit}, which is not here, exists"))
        return landing
    if landing.status is Status.REFUTED:
        return landing._replace(reason=f"{landing.reason}; GitHub has none either")
    # Where GitHub has none of them it may be hiding them all.
    alive = any(
        other.commit is not None and isinstance(facts.tracker.commit(facts.repository, cited.sha), CommitFact)
        for cited, other in case.landings.items()
        if cited.sha != item.commit.sha
    )
    if len(item.commit.sha) == _WHOLE and case.cited is not None and fact.read > case.cited and alive:
        reason = f"neither this clone nor GitHub has a commit {item.commit}, and another one cited here is there"
        return Landing(Status.REFUTED, reason, "absent-object")
    return landing


def touched(glob: str, paths: tuple[str, ...] | None, unseen: str) -> Part:
    """Return whether one of the changed paths meets a glob; `unseen` says why they are not known."""
    if paths is None:
        return Part("touches", Status.UNVERIFIED, unseen, glob)
    met = list(globs.select((glob,), paths))
    if met:
        return Part("touches", Status.VERIFIED, f"{amount(len(met), 'changed path')}, {some(met)}", glob)
    what = f"it changes {amount(len(paths), 'path')}, {some(paths)}" if paths else "it changes nothing"
    return Part("touches", Status.REFUTED, f"no changed path; {what}", glob)
