"""What the middle needs from the outside, in our own words. Checkers get readers only, and cannot write.

Every reader may raise `CouldNotLook`; the evidence that asked is then `unverified` with that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from triage.model import (
        Change,
        CloneState,
        Commit,
        CommitFact,
        Entry,
        Head,
        IssueFact,
        Kept,
        Mention,
        MissingFact,
        MovedFact,
        Occurrence,
        PathHistory,
        PullFact,
        Replay,
        Resolution,
        Revision,
        Survey,
        TestReport,
        Unread,
    )


class History(Protocol):
    """A git repository, read in batches. SHAs handed in are full unless a method says otherwise."""

    @property
    def state(self) -> CloneState:
        """How much of the repository can be seen."""

    def resolve(self, cited: Iterable[str]) -> Mapping[str, Resolution]:
        """What each cited SHA, whole or abbreviated, names. Branch and tag names are never tried."""

    def revision(self, name: str) -> Revision | None:
        """The commit that a tag names, or None if there is no such tag here."""

    def commits(self, shas: Iterable[str]) -> Mapping[str, Commit]:
        """The commits themselves, with bodies and parents."""

    def reachable(self, tip: str, shas: Iterable[str]) -> Collection[str]:
        """Those of `shas` that are `tip` or an ancestor of it."""

    def survey(self, subjects: Iterable[str], ahead: Iterable[str] = ()) -> Survey:
        """One pass over all refs for the wanted subjects, in any manner that `triage.landing.subjects` knows.

        What is named `ahead` is looked for in the same pass, so that asking for it later costs none.
        """

    def look_ahead(self, shas: Iterable[str]) -> None:
        """Say that the changes of these commits will be asked for; a reader may begin with them."""

    def twins(self, shas: Iterable[str]) -> Mapping[str, tuple[Commit, ...]]:
        """The other commits of any ref with the same author, author date and subject, newest first."""

    def numbered(self, numbers: Iterable[int], tip: str) -> Mapping[int, tuple[Commit, ...]]:
        """The commits on the way to `tip` that say they are the merge of a pull request, newest first.

        By the `(#N)` at the end of a subject, or as `Merge pull request #N from`; nothing else is looked at.
        """

    def heads(self, shas: Iterable[str], tip: str) -> Mapping[str, tuple[Head, ...]]:
        """The pull requests and branches here that have a commit which `tip` has not, the shortest way to it first."""

    def bases(self, one: str, other: str) -> tuple[str, ...]:
        """The best common ancestors of two commits; more than one where they were merged crosswise."""

    def touching(self, paths: Iterable[str], tip: str, since: Iterable[str]) -> tuple[str, ...]:
        """The commits on the way to `tip`, and not to `since`, that change one of the paths, newest first."""

    def changes(self, shas: Iterable[str]) -> Mapping[str, tuple[Change, ...]]:
        """Each commit's diff against its first parent. A commit whose trees are missing is left out."""

    def differences(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Change, ...]]:
        """The diff between the trees of two commits, for each pair. One with a missing tree is left out."""

    def patches(self, shas: Iterable[str]) -> Mapping[str, str]:
        """A digest of what each commit does to its first parent, wherever in a file that is; "" for nothing.

        White space counts, a binary file counts by its content. What cannot be read is left out.
        """

    def replays(self, asked: Iterable[Replay]) -> Mapping[Replay, bool]:
        """Whether doing a change again gives the tree of its result; False also for a conflict.

        What cannot be told (a missing object, a git that is too old) is left out.
        """

    def mentions(self, texts: Iterable[str], tip: str) -> Mapping[str, tuple[Mention, ...]]:
        """The lines of the documents of `tip` that have each text, as a word of its own."""

    def lines_changed(self, sha: str) -> tuple[int, int]:
        """Lines added and removed by a commit against its first parent."""

    def tree(self, sha: str) -> Mapping[str, Entry]:
        """Every file of a commit's tree, by path."""

    def contents(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Each blob with its content, in the order asked for; None for one that is missing or too large."""

    def path_history(self, path: str, tip: str) -> PathHistory:
        """What became of a path that `tip` does not have."""

    def past_blobs(self, globs: tuple[str, ...], tip: str) -> Iterator[tuple[str, str, str]]:
        """(commit, path, blob) of every past version of the files that the globs select, newest first."""

    def witness(self, pattern: str, globs: tuple[str, ...]) -> Occurrence | None:
        """A place in the past where a pattern is said to have stood; a hint to look at, not a fact."""


class Tracker(Protocol):
    """GitHub, as far as it was read. `repository` None is the one that the cluster is of."""

    def numbered(self, repository: str | None, number: int) -> IssueFact | PullFact | MovedFact | MissingFact | Unread:
        """What has a number: an issue, a pull request, one that moved away, nothing, or what was not read."""

    def commit(self, repository: str | None, sha: str) -> CommitFact | MissingFact | Unread:
        """The commit that the host has under a SHA, whole or as it was cited."""


class Store(Protocol):
    """Facts from GitHub that were read before. The newest by time of reading counts; storing removes nothing.

    It belongs to the edges: no checker has it.
    """

    def store(self, host: str, kept: Iterable[Kept]) -> None:
        """Keep facts, all of them or none."""

    def facts(self, host: str, names: Iterable[tuple[str, str]]) -> tuple[Kept, ...]:
        """Return those kept under these names (repository, and number or SHA), in their order; the rest is left out."""

    def all_facts(self, host: str, repository: str) -> Iterator[Kept]:
        """Yield all facts that were asked for by the name of one repository."""

    def past(self, host: str, repository: str, asked: str) -> tuple[Kept, ...]:
        """Return what was known by a name before, newest first."""

    def age(self, host: str, repository: str) -> tuple[int, datetime | None, datetime | None]:
        """Return how many facts are kept of a repository, and when the oldest and the newest were read."""

    def check(self) -> list[str]:
        """Return what is wrong with the store, a line each."""


class TestReports(Protocol):
    """Test reports given by hand, beside the folder of cluster files."""

    def report(self, file: str) -> TestReport:
        """The report in that file."""
