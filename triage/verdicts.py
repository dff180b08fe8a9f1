"""What comes of verifying a cluster: a verdict on each piece of evidence, criterion, phase and issue, and on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.clusters.grammar import Open, Sequential
from triage.clusters.values import IssueName
from triage.model import Status
from triage.tracker import SERVER

if TYPE_CHECKING:
    from triage.clusters.grammar import Cluster, Criterion, Decision, Goal, Phase, Statement
    from triage.model import Candidate, Finding, IssueFact, Judged, Verdict


class EvidenceVerdict(NamedTuple):
    """One piece of evidence as the file has it, and the verdict on it."""

    item: Any
    verdict: Verdict

    @property
    def status(self) -> Status:
        """The worst of its own status and those of its parts."""
        return self.verdict.status

    @property
    def cited(self) -> str:
        """What the evidence names: a SHA, a number, a path, a pattern or a test."""
        return str(getattr(self.item, self.item.kind))


class CriterionVerdict(NamedTuple):
    """A criterion or goal, and whether it holds."""

    item: Criterion | Goal
    status: Status
    reason: str
    evidence: tuple[EvidenceVerdict, ...]


class PhaseVerdict(NamedTuple):
    """A phase; `open` unless it is called complete."""

    item: Phase
    status: Status
    reason: str
    done_when: tuple[CriterionVerdict, ...]
    evidence: tuple[EvidenceVerdict, ...]


class IssueVerdict(NamedTuple):
    """One issue of a cluster: what was decided, what GitHub says, and whether the decision is proven."""

    number: int
    repository: str | None
    decision: Decision
    fact: IssueFact | None
    status: Status
    reason: str
    evidence: tuple[EvidenceVerdict, ...] = ()
    criteria: tuple[CriterionVerdict, ...] = ()
    goals: tuple[CriterionVerdict, ...] = ()
    phases: tuple[PhaseVerdict, ...] = ()
    parts: tuple[Status, str] | None = None
    findings: tuple[Finding, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @property
    def title(self) -> str | None:
        """GitHub's title where it was read, else the file's."""
        return self.fact.title if self.fact is not None else self.decision.title

    @property
    def name(self) -> str:
        """The issue as GitHub writes it."""
        return str(IssueName(self.number, self.repository))

    @property
    def everything(self) -> tuple[EvidenceVerdict, ...]:
        """Every piece of evidence of the issue: its own, of its criteria, goals and phases."""
        nested = [*self.criteria, *self.goals, *(item for phase in self.phases for item in phase.done_when)]
        return (
            *self.evidence,
            *(one for item in nested for one in item.evidence),
            *(one for phase in self.phases for one in phase.evidence),
        )

    @property
    def claims(self) -> bool:
        """Whether the decision claims an end."""
        return not isinstance(self.decision, Sequential | Open)

    @property
    def closable(self) -> bool:
        """Whether the default policy lets the bot close it now."""
        return self.claims and self.status is Status.VERIFIED


class ClusterVerdict(NamedTuple):
    """A cluster's decisions, judged."""

    cluster: Cluster
    file: str
    repository: str | None
    judged: Judged
    status: Status
    issues: tuple[IssueVerdict, ...]
    statements: tuple[tuple[Statement, Status, str], ...]
    goals: tuple[CriterionVerdict, ...]
    findings: tuple[Finding, ...]
    server: str = SERVER

    @property
    def complete_phases(self) -> tuple[tuple[IssueVerdict, PhaseVerdict], ...]:
        """The phases that are called complete, with their issues."""
        return tuple((issue, phase) for issue in self.issues for phase in issue.phases if phase.item.decision)
