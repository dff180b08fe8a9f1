"""What a checker may look at: readers only, and the case it is asked about."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook
from triage.landing.citation import SHORT
from triage.model import Finding, Place, Status, Verdict
from triage.tracker import SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from triage.landing.citation import Citation, Landing
    from triage.model import Candidate, Commit, IssueFact, Judged, Part, Severity
    from triage.ports import History, TestReports, Tracker

_SHOWN = 3
WORST_FIRST = (Status.REFUTED, Status.UNVERIFIED, Status.ATTESTED, Status.VERIFIED)


class Rules(NamedTuple):
    """The settings that verdicts depend on."""

    subject_window: timedelta = timedelta(days=30)
    pattern_seconds: float = 20.0


class Facts(NamedTuple):
    """Everything that can be looked at for one cluster."""

    history: History
    judged: Judged
    tracker: Tracker
    reports: TestReports
    repository: str | None = None
    rules: Rules = Rules()
    server: str = SERVER

    @property
    def where(self) -> str:
        """The judged branch and commit, in words."""
        return f"{self.judged.branch} at {self.judged.sha[:SHORT]}"

    @property
    def source(self) -> str:
        """Where git was looked at: the `source` of a verdict that rests on it."""
        return f"git: {self.judged.branch} {self.judged.sha}"


class Case(NamedTuple):
    """The issue that a piece of evidence is given for, and what was already settled for it.

    `landings` has the outcome of every commit cited in the cluster; `fixes` the full SHAs of those
    of this issue that are on the branch, `open_fixes` how many commits and pull requests of it are not proven,
    `borrowed` those of the issue that it is said to be resolved by.
    """

    number: int
    title: str | None
    cited: datetime | None
    file: str
    fact: IssueFact | None
    landings: Mapping[Citation, Landing]
    fixes: tuple[str, ...] = ()
    open_fixes: int = 0
    heads: tuple[tuple[str, int], ...] = ()
    """The head of each pull request of the issue that was merged and is on the branch, with its number."""
    borrowed: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    """The full SHAs of commits of it that are here and are not proven on the branch: reverted, or on another one."""
    akin: tuple[int, ...] = ()
    """The issues of the same repository that its decision is tied to, by either side: duplicates, parts, targets."""


def worst(statuses: list[Status]) -> Status:
    """Return the worst of some statuses; refuted is worse than unverified."""
    return next((status for status in WORST_FIRST if status in statuses), Status.UNVERIFIED)


def verdict(
    own: Status,
    reason: str,
    *,
    parts: tuple[Part, ...] = (),
    found: str | None = None,
    proof: str | None = None,
    source: str | None = None,
    candidates: tuple[Candidate, ...] = (),
    findings: tuple[tuple[str, Severity, str, str | None], ...] = (),
    details: tuple[str, ...] = (),
    documents_only: bool = False,
    commit: Commit | None = None,
    changed: tuple[str, ...] = (),
    counts: tuple[tuple[str, int], ...] = (),
) -> Verdict:
    """Return the verdict on one piece of evidence: the worst of its own status and those of its parts."""
    return Verdict(
        status=worst([own, *(part.status for part in parts)]),
        reason=reason,
        found=found,
        proof=proof,
        source=source,
        parts=parts,
        candidates=candidates,
        findings=findings,
        details=details,
        own=own,
        documents_only=documents_only,
        commit=commit,
        changed=changed,
        counts=counts,
    )


def ticked(text: str) -> str:
    """Return a name of the repository (a path, a pattern) in backticks, as sentences show it."""
    return f"`{text}`"


def amount(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where English has one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some(paths: Sequence[str]) -> str:
    """Return the first of some paths, as sentences show them."""
    return ", ".join(ticked(path) for path in paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")


def tip(at: str | None, facts: Facts) -> str:
    """Return the full SHA of the commit that evidence must hold at: the judged one, or `at:`.

    Raises `CouldNotLook` if `at:` names no single commit, or one that is not on the judged branch.
    """
    if at is None:
        return facts.judged.sha
    resolution = facts.history.resolve([at])[at]
    if resolution.sha is None:
        what = "names several commits" if resolution.candidates else "is not in this clone"
        raise CouldNotLook(f"the commit it should hold at, {at}, {what}")
    if resolution.sha not in facts.history.reachable(facts.judged.sha, [resolution.sha]):
        raise CouldNotLook(f"the commit it should hold at, {at}, is not on {facts.where}")
    return resolution.sha


def as_finding(item: tuple[str, Severity, str, str | None], case: Case, line: int, column: int) -> Finding:
    """Return what a checker noticed as a finding of the case, at the place of the evidence."""
    rule, severity, message, hint = item
    return Finding(rule, severity, message, Place(case.file, line, column), hint, case.number)
