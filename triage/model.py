"""The nouns: what is judged, what was found, and the verdicts. All of it frozen, all times aware."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the facts from GitHub are kept as JSON, by these types
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.errors import TriageError


class Status(str, Enum):
    """The words of the contract. `open` is the status of what claims nothing."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    UNVERIFIED = "unverified"
    ATTESTED = "attested"
    OPEN = "open"

    __str__ = str.__str__


class Severity(str, Enum):
    """How a finding counts: an error keeps an issue from being verified, a warning does not."""

    ERROR = "error"
    WARNING = "warning"

    __str__ = str.__str__


class Place(NamedTuple):
    """Where in a file something stands; line and column count characters from 1."""

    file: str
    line: int
    column: int


class Finding(NamedTuple):
    """Something a maintainer should know, with the place it speaks of and what to do about it."""

    rule: str
    severity: Severity
    message: str
    place: Place
    hint: str | None = None
    issue: int | None = None


class Candidate(NamedTuple):
    """Something that may be what was meant. Shown with its reason, never a verdict."""

    kind: str
    value: str
    title: str
    reason: str


class Part(NamedTuple):
    """What one piece of evidence claims beside its kind (`subject`, `touches`, `before`, `count`).

    `of` is what the claim is about, where one piece makes several of a kind: the glob of a `touches`.
    """

    claim: str
    status: Status
    reason: str
    of: str | None = None


class Verdict(NamedTuple):
    """The outcome of one look. `found` is what it rests on, `proof` the mechanism, `source` where we looked.

    `reason` holds for the kind's own claim; the parts carry their own. `status` is the worst of all.
    `findings` are (rule, severity, message, hint) for the issue the evidence belongs to. `details` are
    further lines for the reader, such as counter-examples. `link` is (path, line or None) at `found` or
    at the judged revision, for a permanent link.
    """

    status: Status
    reason: str
    found: str | None = None
    proof: str | None = None
    source: str | None = None
    parts: tuple[Part, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    findings: tuple[tuple[str, Severity, str, str | None], ...] = ()
    details: tuple[str, ...] = ()
    own: Status | None = None
    """The status of the kind's own claim, where parts made `status` worse."""
    documents_only: bool = False
    """Whether a commit changes documents and nothing else."""
    commit: Commit | None = None
    """The commit that was found, for reports that list changes."""
    changed: tuple[str, ...] = ()
    """The paths that this commit changes."""
    counts: tuple[tuple[str, int], ...] = ()
    """For tests: how many were matched, executed, passed, failed, errored, skipped …"""


class Revision(NamedTuple):
    """A commit of the judged branch and the name by which it was asked for."""

    name: str
    sha: str
    date: datetime


class Commit(NamedTuple):
    """A commit as the object database has it; text is decoded as UTF-8 with replacement."""

    sha: str
    author: str
    authored: datetime
    committed: datetime
    subject: str
    body: str = ""
    parents: tuple[str, ...] = ()


class Change(NamedTuple):
    """One path of a commit's diff against its first parent; `before`/`after` are blob ids or None.

    `mode` is what the path is afterwards, in git's digits, where that is no plain file.
    """

    path: str
    before: str | None
    after: str | None
    mode: str | None = None


class Entry(NamedTuple):
    """One file of a tree."""

    mode: str
    blob: str
    size: int | None = None


class Resolution(NamedTuple):
    """What a cited SHA names: one commit, several (`candidates`), another kind of object, or nothing."""

    sha: str | None = None
    candidates: tuple[str, ...] = ()
    other: str | None = None


class CloneState(NamedTuple):
    """How much of the repository the clone can see, and since when.

    `fetched` is the newest moment the clone is known to have been brought up to date. `cure` is the
    command that would remove the blindness which `blind` names; both are None for a complete clone.
    """

    label: str
    fetched: datetime | None
    shallow: bool = False
    partial: bool = False
    blind: str | None = None
    cure: str | None = None


class PathHistory(NamedTuple):
    """What became of a path: where it lives now, or which commit removed it; all None if it never was."""

    moved_to: str | None = None
    how: str | None = None
    removed_by: str | None = None
    existed: bool = False


class Occurrence(NamedTuple):
    """A line of a file at a commit."""

    sha: str
    path: str
    line: int
    text: str = ""


class Outcome(str, Enum):
    """What became of one test case. A case that was not run is `skipped`; one expected to fail is its own."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"
    EXPECTED_FAILURE = "expected failure"

    __str__ = str.__str__


class TestCase(NamedTuple):
    """One case of a test report, by the names the report gives it."""

    name: str
    class_name: str
    file: str
    outcome: Outcome
    message: str = ""


class TestReport(NamedTuple):
    """A test report: its cases, and the total that it claims for itself (shown, never counted)."""

    cases: tuple[TestCase, ...]
    claimed: int | None
    digest: str


for _named_like_a_test in (TestCase, TestReport):
    setattr(_named_like_a_test, "__test__", False)  # noqa: B010 - pytest takes them for tests


class Actor(NamedTuple):
    """Who did something on GitHub. An account that was deleted since is no actor but None."""

    login: str
    bot: bool = False


class Name(NamedTuple):
    """An issue or pull request on GitHub, with the repository that it is of."""

    repository: str
    number: int

    def __str__(self) -> str:
        return f"{self.repository}#{self.number}"


class Comment(NamedTuple):
    """A comment on an issue."""

    id: int
    author: Actor | None
    created: datetime
    updated: datetime
    body: str


class Event(NamedTuple):
    """Something that happened to an issue.

    `kind` is `closed`, `reopened`, `referenced` (by a commit), `cross-referenced` (by an issue or a pull request),
    `duplicate` and `not-duplicate` (`other` is the issue that it was marked a duplicate of), `duplicated` and
    `not-duplicated` (`other` is the one that was marked a duplicate of it), `connected` and
    `disconnected` (a pull request, by hand) or `transferred` (`other_repository` is where it came from).
    `commit` and `commit_repository`, or `other`, are what caused it.
    """

    kind: str
    at: datetime
    actor: Actor | None = None
    commit: str | None = None
    commit_repository: str | None = None
    other: Name | None = None
    other_is_pull: bool = False
    other_title: str | None = None
    other_repository: str | None = None
    closes: bool = False
    """For a cross-reference by a pull request: whether it says that it closes the issue."""


class IssueFact(NamedTuple):
    """An issue as GitHub had it at `read`. `reason` is `completed`, `not_planned`, `duplicate` or None.

    `how` is the API by which it was read. What is `None` among the lists was not read, or not to its end.
    """

    number: int
    repository: str
    title: str
    state: str
    reason: str | None
    created: datetime
    closed: datetime | None
    closed_by: str | None
    read: datetime
    how: str = ""
    author: Actor | None = None
    updated: datetime | None = None
    body: str = ""
    labels: tuple[str, ...] = ()
    locked: bool = False
    events: tuple[Event, ...] | None = None
    """Oldest first."""
    pulls: tuple[Name, ...] | None = None
    """The pull requests that GitHub says close it, merged or not."""
    sub_issues: tuple[Name, ...] | None = None
    comments: tuple[Comment, ...] | None = None
    """Oldest first."""
    comment_count: int | None = None
    reopened: datetime | None = None
    """When it was last reopened."""


class PullFact(NamedTuple):
    """A pull request as GitHub had it at `read`. `state` is `open`, `closed` (not merged) or `merged`."""

    number: int
    repository: str
    title: str
    state: str
    created: datetime
    closed: datetime | None
    merged: datetime | None
    merge_commit: str | None
    base: str
    head: str
    head_repository: str | None
    read: datetime
    how: str = ""
    author: Actor | None = None
    merged_by: Actor | None = None
    updated: datetime | None = None
    body: str = ""
    commits: int | None = None
    files: tuple[str, ...] | None = None
    """The paths that it changes; None if they were not asked for, or there are more than were read."""


class CheckFact(NamedTuple):
    """The outcome of a check run, or of a commit status (`legacy`), as GitHub had it.

    `conclusion` is None until it is completed; `success` is the only one that proves something.
    `app` is the slug of the App that reported it, or the login of who set the status.
    """

    name: str
    conclusion: str | None
    app: str | None
    workflow: str | None = None
    workflow_file: str | None = None
    """The path of its file in the repository."""
    event: str | None = None
    started: datetime | None = None
    completed: datetime | None = None
    run: int | None = None
    legacy: bool = False


class CommitFact(NamedTuple):
    """A commit that the host has. `checks` are None if they were not asked for, or not read to their end."""

    sha: str
    repository: str
    subject: str
    authored: datetime
    committed: datetime
    read: datetime
    how: str = ""
    checks: tuple[CheckFact, ...] | None = None
    pulls: tuple[Name, ...] | None = None
    """The pull requests of its repository that GitHub has it in; None if they were not asked for, or are too many.

    Of a commit on the default branch that is the merged one which brought it; of another one the open ones, too.
    """


class MovedFact(NamedTuple):
    """An issue that was transferred: what is asked for by the old name is `to` now."""

    number: int
    repository: str
    to: Name
    read: datetime
    how: str = ""


class MissingFact(NamedTuple):
    """GitHub was asked, could be read, and has no such issue, pull request or commit."""

    what: str
    """The number or the SHA that was asked for."""
    repository: str
    read: datetime
    how: str = ""
    why: str = ""
    """What GitHub says of it beside that: `deleted`."""


class Unread(NamedTuple):
    """GitHub was not read for it: no fact at all, and never a "no"."""

    reason: str
    hint: str | None = None
    tried: bool = False
    """Whether it was asked for, and the asking failed."""


Fact = IssueFact | PullFact | MovedFact | CommitFact | MissingFact


class Kept(NamedTuple):
    """A fact and what it was asked by: the repository as it was named, and a number or a SHA."""

    repository: str
    asked: str
    fact: Fact


class Wanted(NamedTuple):
    """What is to be read from GitHub for one cluster: whatever has these numbers, and these commits.

    `commits` are SHAs of `repository`, whole or as they were cited, `abroad` those of other ones with their
    repositories. `checks` asks for the checks of them, and of the merge commits and heads of the pull requests among
    the numbers; `files` for the paths that those change.
    """

    repository: str
    numbers: tuple[Name, ...] = ()
    commits: tuple[str, ...] = ()
    checks: bool = False
    files: bool = False
    abroad: tuple[tuple[str, str], ...] = ()


class Reading(NamedTuple):
    """What became of reading: the facts, what was not read (by repository and number or SHA), and what it cost.

    Everything wanted is in `kept` or in `unread`. `fault` is what kept it from being read where that is one thing,
    such as a refused token; None if all was read. `heads` are repositories with their default branch and the commit
    at its end, as far as that was told on the way.
    """

    kept: tuple[Kept, ...] = ()
    unread: tuple[tuple[str, str, Unread], ...] = ()
    fault: TriageError | None = None
    requests: int = 0
    points: int = 0
    heads: tuple[tuple[str, str, str], ...] = ()


class Judged(NamedTuple):
    """The branch and the commit that the verdicts speak of, and the moment they were made."""

    branch: str
    sha: str
    at: datetime
    committed: datetime
    file: str | None = None
    """The exported file that was judged by, and when it was made; None for a clone."""
    asked: str | None = None
    """The `--as-of` that chose the commit, where it was not simply the newest."""
    read: datetime | None = None
    """When GitHub was read, where that was not now: the oldest of what was."""


class Head(NamedTuple):
    """The newest commit of a pull request (with its number) or of a branch, and the short name of its ref."""

    name: str
    sha: str
    number: int | None = None


class Merged(NamedTuple):
    """A pull request that was merged: its number, title and newest commit, and the commit that it was merged as."""

    number: int
    title: str
    head: str
    commit: str


class Replay(NamedTuple):
    """What leads from commit `base` to commit `change`, done again on `onto`: is it `result`? All are whole SHAs."""

    base: str
    change: str
    onto: str
    result: str


class Mention(NamedTuple):
    """A line of a document in which something stands; `line` counts from 1."""

    path: str
    line: int
    text: str


class Survey(NamedTuple):
    """One pass over the history: who carries a wanted subject, and which commits undo which.

    `subjects` maps each wanted subject to the commits that carry it, newest first, on any ref;
    `reverts` maps a SHA to the commits whose message says that they revert it.
    """

    subjects: Mapping[str, tuple[Commit, ...]]
    reverts: Mapping[str, tuple[Commit, ...]]
