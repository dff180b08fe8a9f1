"""The grammar of a decision file, as the contract has it: what may stand where, and nothing else."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from triage.clusters import values as v
from triage.clusters.nodes import AT

MANY = 5_000
"""Items in one list; more is a mistake or an attack."""

NOBODY = "unknown"
"""The name that says that nobody stands for a statement."""


class Located(BaseModel):
    """Anything with keys; `at` is its line and column."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    at_: tuple[int, int] = Field(default=(1, 1), alias=AT, repr=False)

    @property
    def line(self) -> int:
        """The line where it begins."""
        return self.at_[0]

    @property
    def column(self) -> int:
        """The column where it begins."""
        return self.at_[1]


def Many(item: Any) -> Any:  # noqa: N802 - it builds a type
    """Return the type of a list that is kept as a tuple; what is left out is empty."""
    return Annotated[tuple[item, ...], Field(strict=False, max_length=MANY), BeforeValidator(_listed)]


def _listed(value: Any) -> Any:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise v.wrong(f"a list is wanted here, not {v.kind_of(value)}", "write it in [ ]")
    return value


class Stamp(Located):
    """Who said it, and when."""

    date: v.Date
    by: v.Name


# -- evidence ---------------------------------------------------------------------------------------


class CommitEvidence(Located):
    """The change of a commit is on the branch."""

    kind: ClassVar = "commit"
    commit: v.Commit
    subject: v.Prose | None = None
    touches: Many(v.Glob) = ()  # type: ignore[valid-type]
    at: v.ShaText | None = None


class PullEvidence(Located):
    """A pull request was merged."""

    kind: ClassVar = "pull"
    pull: v.Number
    subject: v.Prose | None = None
    touches: Many(v.Glob) = ()  # type: ignore[valid-type]


class CheckEvidence(Located):
    """A check of a commit that contains the fix succeeded."""

    kind: ClassVar = "check"
    check: v.Name
    app: v.Name | None = None
    workflow: v.Name | None = None
    at: v.ShaText | None = None


class RunEvidence(Located):
    """A workflow run of a commit that contains the fix succeeded."""

    kind: ClassVar = "run"
    run: v.Run
    app: v.Name | None = None
    workflow: v.Name | None = None
    at: v.ShaText | None = None


class ReportPlace(Located):
    """Where a test report is: a file, or the artifact of a workflow or of one run."""

    file: v.Path | None = None
    workflow: v.Name | None = None
    run: v.Run | None = None
    artifact: v.Name | None = None


class TestEvidence(Located):
    """A test was executed and passed."""

    __test__ = False

    kind: ClassVar = "test"
    test: v.Prose
    in_: ReportPlace | None = Field(default=None, alias="in")
    before: Literal["fails"] | None = None
    execute: Many(v.Prose) = ()  # type: ignore[valid-type]
    at: v.ShaText | None = None


class PathEvidence(Located):
    """A file or folder exists."""

    kind: ClassVar = "path"
    path: v.Path
    at: v.ShaText | None = None


class PresentEvidence(Located):
    """A pattern matches a line of some files."""

    kind: ClassVar = "present"
    present: v.Pattern
    in_: Annotated[Many(v.Glob), Field(alias="in", min_length=1)]  # type: ignore[valid-type]
    count: v.LineCount | None = None
    at: v.ShaText | None = None


class AbsentEvidence(Located):
    """A pattern matches no line of some files, although it did once."""

    kind: ClassVar = "absent"
    absent: v.Pattern
    in_: Annotated[Many(v.Glob), Field(alias="in", min_length=1)]  # type: ignore[valid-type]
    never: v.Flag = False
    at: v.ShaText | None = None


class IssueEvidence(Located):
    """Another issue is in a state."""

    kind: ClassVar = "issue"
    issue: v.Number
    is_: Literal["closed", "completed", "open"] = Field(alias="is")


class ReleaseEvidence(Located):
    """A tag contains the issue's commits and pull requests."""

    kind: ClassVar = "release"
    release: v.Branch


class StatedEvidence(Located):
    """A named person says so."""

    kind: ClassVar = "stated"
    stated: v.Prose
    by: v.Name
    date: v.Date


EVIDENCE_MODELS = (
    CommitEvidence,
    PullEvidence,
    CheckEvidence,
    RunEvidence,
    TestEvidence,
    PathEvidence,
    PresentEvidence,
    AbsentEvidence,
    IssueEvidence,
    ReleaseEvidence,
    StatedEvidence,
)
KINDS = tuple(model.kind for model in EVIDENCE_MODELS)


def _kind(value: Any) -> str | None:
    """The kind of a piece of evidence; `issue` and `run` come last, since other kinds may name them too."""
    if isinstance(value, dict):
        return next((f"\0{kind}" for kind in KINDS if kind in value), None)
    return None


Evidence = Annotated[
    Annotated[CommitEvidence, Tag("\0commit")]
    | Annotated[PullEvidence, Tag("\0pull")]
    | Annotated[CheckEvidence, Tag("\0check")]
    | Annotated[RunEvidence, Tag("\0run")]
    | Annotated[TestEvidence, Tag("\0test")]
    | Annotated[PathEvidence, Tag("\0path")]
    | Annotated[PresentEvidence, Tag("\0present")]
    | Annotated[AbsentEvidence, Tag("\0absent")]
    | Annotated[IssueEvidence, Tag("\0issue")]
    | Annotated[ReleaseEvidence, Tag("\0release")]
    | Annotated[StatedEvidence, Tag("\0stated")],
    Discriminator(_kind, custom_error_type="unknown-kind", custom_error_message="unknown-kind"),
]


# -- what stands around it --------------------------------------------------------------------------


class Waiver(Stamp):
    """A criterion that a named person gave up, and why."""

    because: v.Prose


class Criterion(Located):
    """Something that must hold before an end is claimed."""

    says: v.Prose
    evidence: Many(Evidence) = ()  # type: ignore[valid-type]
    waived: Waiver | None = None


class Goal(Located):
    """Something aimed at; judged and shown, it counts nowhere."""

    says: v.Prose
    evidence: Many(Evidence) = ()  # type: ignore[valid-type]


class Risk(Located):
    """A risk, and what is done about it."""

    risk: v.Prose
    mitigation: v.Prose | None = None
    state: v.Prose | None = None


class Metric(Located):
    """A figure before, after, and as aimed at; nothing here is measured by this program."""

    name: v.Prose
    before: v.Prose | None = None
    after: v.Prose | None = None
    target: v.Prose | None = None
    source: v.Prose | None = None


class FollowUp(Located):
    """Work that remains."""

    says: v.Prose
    issue: v.Number | None = None
    priority: v.Prose | None = None


class Related(Located):
    """Another issue that matters here."""

    issue: v.Issue
    note: v.Prose | None = None


class Statement(Stamp):
    """A claim that no look can settle; a named person stands for it."""

    says: v.Prose


class Step(Located):
    """A step of a phase: a text or a command."""

    says: v.Prose | None = None
    run: v.Prose | None = None


class Phase(Located):
    """A stretch of work with its own end."""

    id: v.Name
    name: v.Prose | None = None
    priority: v.Prose | None = None
    estimate: v.Prose | None = None
    after: Many(v.Name) = ()  # type: ignore[valid-type]
    optional: v.Flag = False
    steps: Many(Annotated[Step, BeforeValidator(v._step)]) = ()  # type: ignore[valid-type]
    done_when: Many(Criterion) = ()  # type: ignore[valid-type]
    evidence: Many(Evidence) = ()  # type: ignore[valid-type]
    documents: Many(v.Prose) = ()  # type: ignore[valid-type]
    rollback: v.Prose | None = None
    contingencies: Many(v.Prose) = ()  # type: ignore[valid-type]
    decision: Literal["complete"] | None = None


# -- decisions --------------------------------------------------------------------------------------


class Decision(Located):
    """What every issue of a cluster may say, whatever was decided."""

    title: v.Prose | None = None
    because: v.Prose | None = None
    evidence: Many(Evidence) = ()  # type: ignore[valid-type]
    criteria: Many(Criterion) = ()  # type: ignore[valid-type]
    duplicates: Many(v.Issue) = ()  # type: ignore[valid-type]
    parts: v.Parts | None = None
    problem: v.Prose | None = None
    root_cause: v.Prose | None = None
    whys: Many(v.Prose) = ()  # type: ignore[valid-type]
    resolution: v.Prose | None = None
    phases: Many(Phase) = ()  # type: ignore[valid-type]
    risks: Many(Risk) = ()  # type: ignore[valid-type]
    goals: Many(Goal) = ()  # type: ignore[valid-type]
    metrics: Many(Metric) = ()  # type: ignore[valid-type]
    lessons: Many(v.Prose) = ()  # type: ignore[valid-type]
    limitations: Many(v.Prose) = ()  # type: ignore[valid-type]
    follow_ups: Many(FollowUp) = ()  # type: ignore[valid-type]
    precedents: Many(v.Issue) = ()  # type: ignore[valid-type]
    documents: Many(v.Prose) = ()  # type: ignore[valid-type]
    related: Many(Related) = ()  # type: ignore[valid-type]
    priority: v.Prose | None = None


class Resolved(Decision):
    """The issue is solved, by its own evidence, and perhaps by another issue of the cluster."""

    decision: Literal["resolved"]
    resolved_by: v.Number | None = None


class Merged(Decision):
    """The issue goes on in another one."""

    decision: Literal["merged"]
    into: v.Issue
    carried: Many(v.Prose) = ()  # type: ignore[valid-type]


class Declined(Decision):
    """The issue ends without being solved."""

    decision: Literal["declined"]
    reason: Literal["not_planned", "duplicate"]
    of: v.Issue | None = None


class Sequential(Decision):
    """The issue stays open and has its place in an order."""

    decision: Literal["sequential"]
    order: v.Number | None = None
    after: Many(v.Number) = ()  # type: ignore[valid-type]


class Open(Decision):
    """The issue stays open."""

    decision: Literal["open"]


DECISION_MODELS: dict[str, type[Decision]] = {
    "resolved": Resolved,
    "merged": Merged,
    "declined": Declined,
    "sequential": Sequential,
    "open": Open,
}


def _decision(value: Any) -> str | None:
    if isinstance(value, dict):
        decision = value.get("decision")
        return f"\0{decision}" if isinstance(decision, str) and decision in DECISION_MODELS else None
    return f"\0{getattr(value, 'decision', '')}" if isinstance(value, Decision) else None


AnyDecision = Annotated[
    Annotated[Resolved, Tag("\0resolved")]
    | Annotated[Merged, Tag("\0merged")]
    | Annotated[Declined, Tag("\0declined")]
    | Annotated[Sequential, Tag("\0sequential")]
    | Annotated[Open, Tag("\0open")],
    Discriminator(_decision, custom_error_type="unknown-decision", custom_error_message="unknown-decision"),
]


def _without_position(value: Any) -> Any:
    """The issues by number; their own position is of no use, and would be taken for an issue."""
    return {key: item for key, item in value.items() if key != AT} if isinstance(value, dict) else value


class Cluster(Located):
    """A decision file."""

    cluster: v.Number
    title: v.Prose | None = None
    repository: v.Repository | None = None
    branch: v.Branch | None = None
    decided: Stamp | None = None
    summary: v.Prose | None = None
    issues: Annotated[
        dict[v.KeyNumber, AnyDecision], Field(min_length=1, max_length=MANY), BeforeValidator(_without_position)
    ]
    statements: Many(Statement) = ()  # type: ignore[valid-type]
    goals: Many(Goal) = ()  # type: ignore[valid-type]
    risks: Many(Risk) = ()  # type: ignore[valid-type]
    metrics: Many(Metric) = ()  # type: ignore[valid-type]
    order_because: v.Prose | None = None
    follow_ups: Many(FollowUp) = ()  # type: ignore[valid-type]
    related: Many(Related) = ()  # type: ignore[valid-type]


__all__ = [name for name in dir() if name[0].isupper() and name not in ("Any", "Annotated", "Literal", "Field", "Tag")]
