"""Evidence `commit`: the change that a commit stands for is on the branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage import globs
from triage.evidence import documents
from triage.evidence.facts import ticked, tip, verdict
from triage.landing.proof import SHORT, Citation
from triage.model import Part, Severity, Status

if TYPE_CHECKING:
    from triage.clusters.grammar import CommitEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Change, Commit, Verdict

_SHOWN = 3


def citation(item: CommitEvidence, case: Case, facts: Facts) -> Citation:
    """Return what the evidence cites. Raises `CouldNotLook` where `at:` cannot be found."""
    at = tip(item.at, facts)
    now = facts.judged.sha if at != facts.judged.sha else None
    return Citation(item.commit, item.subject, case.cited, at, now)


def judge(item: CommitEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict: landed or not, with its subject and the paths it must touch as parts."""
    landing = case.landings[citation(item, case, facts)]
    commit = landing.commit
    changes = facts.history.changes([commit.sha]).get(commit.sha) if commit is not None else None
    parts = []
    if item.subject is not None:
        status, reason = landing.subject or (Status.UNVERIFIED, "there is no commit to compare it with")
        parts.append(Part("subject", status, reason))
    parts += [_touches(glob, commit, changes) for glob in item.touches]
    findings: list[tuple[str, Severity, str, str | None]] = []
    if landing.placeholder:
        message = f"{item.commit} is a placeholder, not a commit"
        findings.append(("placeholder", Severity.ERROR, message, "cite the commit that was made"))
    landed = landing.status is Status.VERIFIED and commit is not None
    if landed and commit is not None:
        findings += _noticed(commit, changes, case)
    return verdict(
        landing.status,
        landing.reason,
        parts=tuple(parts),
        found=commit.sha if commit is not None else None,
        proof=landing.proof,
        source=facts.source,
        candidates=landing.candidates,
        findings=tuple(findings),
        documents_only=landed and changes is not None and documents.only_documents(c.path for c in changes),
        commit=commit,
        changed=tuple(change.path for change in changes or ()),
    )


def _touches(glob: str, commit: Commit | None, changes: tuple[Change, ...] | None) -> Part:
    if commit is None:
        return Part("touches", Status.UNVERIFIED, "there is no commit to look at", glob)
    if changes is None:
        reason = f"the trees of {commit.sha[:SHORT]} are not in this clone"
        return Part("touches", Status.UNVERIFIED, reason, glob)
    paths = [change.path for change in changes]
    met = list(globs.select((glob,), paths))
    if met:
        return Part("touches", Status.VERIFIED, f"{amount(len(met), 'changed path')}, {_some(met)}", glob)
    what = f"it changes {amount(len(paths), 'path')}, {_some(paths)}" if paths else "it changes nothing"
    return Part("touches", Status.REFUTED, f"no changed path; {what}", glob)


def amount(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where English has one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _some(paths: list[str]) -> str:
    return ", ".join(ticked(path) for path in paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")


def _noticed(
    commit: Commit, changes: tuple[Change, ...] | None, case: Case
) -> list[tuple[str, Severity, str, str | None]]:
    found: list[tuple[str, Severity, str, str | None]] = []
    name = commit.sha[:SHORT]
    words = documents.denial(f"{commit.subject}\n{commit.body}", case.number)
    if words is not None:
        message = f"{name} itself says “{words}”"
        found.append(("denied", Severity.ERROR, message, "cite the commit that ends the work, or leave the issue open"))
    paths = [change.path for change in changes or ()]
    if changes is None:
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
    if case.fact is not None and commit.authored < case.fact.created:
        message = f"{name} is older than the issue, which was opened {case.fact.created:%Y-%m-%d}"
        found.append(("older-than-issue", Severity.WARNING, message, None))
    return found


_MERGE = 2
DOCUMENTS_ONLY = "documents-only"
DOCUMENTS_HINT = "cite the commit that changes the code"


def documents_message(name: str, paths: list[str]) -> str:
    """Return the sentence for a commit that changes documents and nothing else."""
    return f"{name} changes {amount(len(paths), 'document')} and no code: {_some(paths)}"
