"""Evidence `commit`: the change that a commit stands for is on the branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage import globs
from triage.evidence import documents
from triage.evidence.facts import ticked, tip, verdict
from triage.evidence.issue import unknown
from triage.landing.proof import SHORT, Citation, Landing, day
from triage.model import CommitFact, Part, Severity, Status, Unread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from triage.clusters.grammar import CommitEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Commit, Verdict

_SHOWN = 3


def citation(item: CommitEvidence, case: Case, facts: Facts) -> Citation:
    """Return what the evidence cites. Raises `CouldNotLook` where `at:` cannot be found."""
    at = tip(item.at, facts)
    now = facts.judged.sha if at != facts.judged.sha else None
    return Citation(item.commit, item.subject, case.cited, at, now)


def judge(item: CommitEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict: landed or not, with its subject and the paths it must touch as parts."""
    landing = _asked_of_host(item, case.landings[citation(item, case, facts)], case, facts)
    commit = landing.commit
    changes = facts.history.changes([commit.sha]).get(commit.sha) if commit is not None else None
    parts = []
    if item.subject is not None:
        status, reason = landing.subject or (Status.UNVERIFIED, "there is no commit to compare it with")
        parts.append(Part("subject", status, reason))
    paths = tuple(change.path for change in changes) if changes is not None else None
    unseen = "there is no commit to look at"
    if commit is not None:
        unseen = f"the trees of {commit.sha[:SHORT]} are not in this clone"
    parts += [touched(glob, paths, unseen) for glob in item.touches]
    findings: list[tuple[str, Severity, str, str | None]] = []
    if landing.placeholder:
        message = f"{item.commit} is a placeholder, not a commit"
        findings.append(("placeholder", Severity.ERROR, message, "cite the commit that was made"))
    landed = landing.status is Status.VERIFIED and commit is not None
    if landed and commit is not None:
        findings += noticed(commit, paths, case, commit.authored, commit.sha[:SHORT])
    return verdict(
        landing.status,
        landing.reason,
        parts=tuple(parts),
        found=commit.sha if commit is not None else None,
        proof=landing.proof,
        source=facts.source,
        candidates=landing.candidates,
        findings=tuple(findings),
        documents_only=landed and paths is not None and documents.only_documents(paths),
        commit=commit,
        changed=paths or (),
    )


def _asked_of_host(item: CommitEvidence, landing: Landing, case: Case, facts: Facts) -> Landing:
    """What became of a SHA that is nowhere here, after the host was asked for it too."""
    if landing.commit is not None or item.subject is not None or landing.placeholder or landing.candidates:
        return landing
    fact = facts.tracker.commit(facts.repository, item.commit)
    if isinstance(fact, CommitFact):
        reason = (
            f"{item.commit} is not in this clone; GitHub has it, as {fact.sha[:SHORT]} of {day(fact.authored)}, "
            "which says nothing of the branch (`git fetch --all`)"
        )
        return Landing(Status.UNVERIFIED, reason)
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
        if cited.sha != item.commit
    )
    if len(item.commit) == _WHOLE and case.cited is not None and fact.read > case.cited and alive:
        reason = f"neither this clone nor GitHub has a commit {item.commit}, and another one cited here is there"
        return Landing(Status.REFUTED, reason, "absent-object")
    return landing


def touched(glob: str, paths: tuple[str, ...] | None, unseen: str) -> Part:
    """Return whether one of the changed paths meets a glob; `unseen` says why they are not known."""
    if paths is None:
        return Part("touches", Status.UNVERIFIED, unseen, glob)
    met = list(globs.select((glob,), paths))
    if met:
        return Part("touches", Status.VERIFIED, f"{amount(len(met), 'changed path')}, {_some(met)}", glob)
    what = f"it changes {amount(len(paths), 'path')}, {_some(paths)}" if paths else "it changes nothing"
    return Part("touches", Status.REFUTED, f"no changed path; {what}", glob)


def amount(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where English has one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _some(paths: Sequence[str]) -> str:
    return ", ".join(ticked(path) for path in paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")


def noticed(
    commit: Commit, paths: tuple[str, ...] | None, case: Case, made: datetime, cited: str
) -> list[tuple[str, Severity, str, str | None]]:
    """Return what keeps a landed change, cited so and first made then, from being the end of an issue, as findings."""
    found: list[tuple[str, Severity, str, str | None]] = []
    name = commit.sha[:SHORT]
    words = documents.denial(f"{commit.subject}\n{commit.body}", case.number)
    if words is not None:
        message = f"{name} itself says “{words}”"
        found.append(("denied", Severity.ERROR, message, "cite the commit that ends the work, or leave the issue open"))
    if paths is None:
        message = f"what {name} changes cannot be seen: its trees are not all in this clone"
        found.append(("changes-unseen", Severity.ERROR, message, "judge by a complete clone"))
    elif not paths and len(commit.parents) < _MERGE:
        found.append(("empty-commit", Severity.ERROR, f"{name} changes no file", "cite the commit that has the change"))
    elif (
        documents.only_documents(paths)
        and documents.typed_as_code(commit.subject)
        and not documents.about_documents(case.title)
    ):
        found.append((DOCUMENTS_ONLY, Severity.ERROR, documents_message(name, paths), DOCUMENTS_HINT))
    if case.fact is not None and made < case.fact.created:
        message = f"{cited} is older than the issue, which was opened {case.fact.created:%Y-%m-%d}"
        found.append(("older-than-issue", Severity.WARNING, message, None))
    return found


_MERGE = 2
_WHOLE = 40
DOCUMENTS_ONLY = "documents-only"
DOCUMENTS_HINT = "cite the commit that changes the code"


def documents_message(name: str, paths: Sequence[str]) -> str:
    """Return the sentence for a commit that changes documents and nothing else."""
    return f"{name} changes {amount(len(paths), 'document')} and no code: {_some(paths)}"
