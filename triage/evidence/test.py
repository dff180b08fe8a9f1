"""Evidence `test`: a test was executed and passed, at a commit that contains the fix."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.evidence import selection
from triage.evidence.facts import ticked, tip, verdict
from triage.evidence.patterns import followed
from triage.landing.citation import SHORT
from triage.model import Part, Status

if TYPE_CHECKING:
    from triage.clusters.grammar import TestEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict

_SHOWN = 10


def judge(item: TestEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict. Only cases that were executed and passed prove anything."""
    parts: tuple[Part, ...] = ()
    if item.before is not None:
        missing = "a run of this test on the parent of the fix has not been read"
        parts = (Part("before", Status.UNVERIFIED, missing),)
    if item.in_ is None:
        return verdict(Status.UNVERIFIED, "it was not run here: this version runs no tests", parts=parts)
    if item.in_.file is None:
        where = item.in_.workflow or f"run {item.in_.run}"
        reason = f"GitHub was not read: artifact {item.in_.artifact} of {where}"
        return verdict(Status.UNVERIFIED, reason, parts=parts)
    try:
        report = facts.reports.report(item.in_.file)
    except CouldNotLook as fault:
        return verdict(Status.UNVERIFIED, fault.message, parts=parts, source=item.in_.file)
    counted = selection.judge(item.test, report)
    source = f"{item.in_.file} sha256:{report.digest}"
    details = _details(counted)
    numbers = ("matched", "executed", "passed", "failed", "errored", "skipped", "expected_failures")
    counts = tuple((name.replace("_", " "), getattr(counted, name)) for name in numbers)
    if counted.status is not Status.VERIFIED:
        return verdict(counted.status, counted.reason, parts=parts, source=source, details=details, counts=counts)
    if item.at is None:
        reason = f"{counted.reason}, but `at:` does not say of which commit {item.in_.file} is"
        return verdict(Status.UNVERIFIED, reason, parts=parts, source=source, details=details, counts=counts)
    try:
        at = tip(item.at, facts)
    except CouldNotLook as fault:
        return verdict(
            Status.UNVERIFIED,
            f"{counted.reason}, but {fault.message}",
            parts=parts,
            source=source,
            details=details,
            counts=counts,
        )
    fixes = (*case.fixes, *case.borrowed)
    contained = facts.history.reachable(at, fixes)
    outside = [fix for fix in fixes if fix not in contained]
    if outside:
        reason = f"{counted.reason} at {at[:SHORT]}, which does not contain {outside[0][:SHORT]}"
        return verdict(Status.UNVERIFIED, reason, parts=parts, found=at, source=source, details=details, counts=counts)
    doubt = _doubt(item.test, counted, at, facts)
    if doubt is not None:
        reason = f"{counted.reason}, but {doubt}"
        return verdict(Status.UNVERIFIED, reason, parts=parts, found=at, source=source, details=details, counts=counts)
    reason = f"{counted.reason} at {at[:SHORT]}; that {item.in_.file} is of this commit was stated by hand"
    return verdict(
        Status.VERIFIED,
        reason,
        parts=parts,
        found=at,
        proof="test-report",
        source=source,
        details=details,
        counts=counts,
    )


def _doubt(wanted: str, counted: selection.Counted, at: str, facts: Facts) -> str | None:
    """Say why the tree of the commit speaks against the named file, None if it does not."""
    file = selection.file_of(wanted)
    if file is None:
        return None
    try:
        tree = facts.history.tree(at)
    except CouldNotLook:  # exported files of old have no tree but the judged one
        tree = facts.history.tree(facts.judged.sha)
    path = posixpath.normpath(file).lstrip("/")
    real = followed(path, tree, facts.history)
    below = f"{real}/"
    there = real is not None and (real == "." or real in tree or any(other.startswith(below) for other in tree))
    if not there:
        others = [other for other in tree if other.endswith(f"/{path}")]
        hint = f" (there is {ticked(others[0])})" if len(others) == 1 else ""
        return f"{ticked(path)} is not there at {at[:SHORT]}{hint}"
    namesakes = selection.namesakes(path, counted.selection, tree)
    return f"{ticked(namesakes[0])} may be meant as well" if namesakes else None


def _details(counted: selection.Counted) -> tuple[str, ...]:
    """The cases that a reader wants to see: those that did not pass, if any."""
    others = [
        f"{case.outcome}: {selection.full_name(case)}" for case in counted.selection.cases if case.outcome != "passed"
    ]
    more = len(others) - _SHOWN
    return (*others[:_SHOWN], f"and {more:,} more") if more > 0 else tuple(others)
