"""A history that notes what it was asked, so that an export holds what the verdicts rest on and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.errors import CouldNotLook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from triage.model import Change, CloneState, Commit, Entry, Occurrence, PathHistory, Resolution, Revision, Survey
    from triage.ports import History


class Recording:
    """Passes every question on, and keeps what an answer rested on."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.commits_seen: set[str] = set()
        self.trees: set[str] = set()
        self.diffs: set[str] = set()
        self.blobs: set[str] = set()
        self.tags: dict[str, str] = {}
        self.paths: dict[tuple[str, str], PathHistory] = {}
        self._past: set[str] = set()

    @property
    def state(self) -> CloneState:
        """See `triage.ports.History`; so for all below."""
        return self._history.state

    def resolve(self, cited: Iterable[str]) -> Mapping[str, Resolution]:
        """Pass on, keeping every commit that was named."""
        resolved = self._history.resolve(cited)
        for item in resolved.values():
            self.commits_seen.update(sha for sha in (item.sha, *item.candidates) if sha)
        return resolved

    def revision(self, name: str) -> Revision | None:
        """Pass on, keeping the tag."""
        found = self._history.revision(name)
        if found is not None:
            self.tags[name] = found.sha
        return found

    def commits(self, shas: Iterable[str]) -> Mapping[str, Commit]:
        """Pass on, keeping the commits."""
        found = self._history.commits(shas)
        self.commits_seen.update(found)
        return found

    def reachable(self, tip: str, shas: Iterable[str]) -> Collection[str]:
        """Pass on."""
        return self._history.reachable(tip, shas)

    def survey(self, subjects: Iterable[str], ahead: Iterable[str] = ()) -> Survey:
        """Pass on, keeping the commits that carry the subjects."""
        found = self._history.survey(subjects, ahead)
        self.commits_seen.update(commit.sha for commits in found.subjects.values() for commit in commits)
        return found

    def look_ahead(self, shas: Iterable[str]) -> None:
        """Pass on."""
        self._history.look_ahead(shas)

    def changes(self, shas: Iterable[str]) -> Mapping[str, tuple[Change, ...]]:
        """Pass on, keeping the diffs."""
        found = self._history.changes(shas)
        self.diffs.update(found)
        return found

    def lines_changed(self, sha: str) -> tuple[int, int]:
        """Pass on, keeping both sides of the diff."""
        for change in self.changes([sha]).get(sha, ()):
            self.blobs.update(blob for blob in (change.before, change.after) if blob)
        return self._history.lines_changed(sha)

    def tree(self, sha: str) -> Mapping[str, Entry]:
        """Pass on, keeping the tree."""
        found = self._history.tree(sha)
        self.trees.add(sha)
        return found

    def contents(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Pass on, keeping the blobs, except those that were only searched for a past occurrence."""
        asked = list(blobs)
        for blob, content in self._history.contents(asked):
            if content is not None and blob not in self._past:
                self.blobs.add(blob)
            yield blob, content

    def path_history(self, path: str, tip: str) -> PathHistory:
        """Pass on, keeping the answer: the history of a path rests on all trees there ever were."""
        found = self._history.path_history(path, tip)
        self.paths[path, tip] = found
        return found

    def past_blobs(self, globs: tuple[str, ...], tip: str) -> Iterator[tuple[str, str, str]]:
        """Pass on; what was only looked through is not kept."""
        for sha, path, blob in self._history.past_blobs(globs, tip):
            self._past.add(blob)
            yield sha, path, blob

    def witness(self, pattern: str, globs: tuple[str, ...]) -> Occurrence | None:
        """Pass on."""
        return self._history.witness(pattern, globs)


class Replayed:
    """A history opened from an exported file, with the answers that were kept beside its objects."""

    def __init__(
        self,
        history: History,
        paths: Mapping[tuple[str, str], PathHistory],
        witnesses: Mapping[tuple[str, tuple[str, ...]], Occurrence],
    ) -> None:
        self._history = history
        self._paths = paths
        self._witnesses = witnesses
        self.state = history.state
        self.resolve = history.resolve
        self.revision = history.revision
        self.commits = history.commits
        self.reachable = history.reachable
        self.survey = history.survey
        self.look_ahead = history.look_ahead
        self.changes = history.changes
        self.lines_changed = history.lines_changed
        self.tree = history.tree
        self.contents = history.contents

    def past_blobs(self, globs: tuple[str, ...], tip: str) -> Iterator[tuple[str, str, str]]:
        """Pass on; what is not there is not in the file, wherever it was unpacked."""
        try:
            yield from self._history.past_blobs(globs, tip)
        except CouldNotLook:
            raise CouldNotLook(
                f"the history of these files is not in {self.state.label}", "name a clone: -C PATH"
            ) from None

    def path_history(self, path: str, tip: str) -> PathHistory:
        """Return what was found when the file was exported, else what its objects tell."""
        kept = self._paths.get((path, tip))
        if kept is None:
            return self._history.path_history(path, tip)
        if kept.moved_to is not None and not self._stands(kept.moved_to, tip):
            raise CouldNotLook(f"{self.state.label} says that {path} is now {kept.moved_to}, and that is not there")
        return kept

    def _stands(self, path: str, tip: str) -> bool:
        tree = self._history.tree(tip)
        return path in tree or any(other.startswith(f"{path}/") for other in tree)

    def witness(self, pattern: str, globs: tuple[str, ...]) -> Occurrence | None:
        """Return where a pattern once stood, as found when the file was exported: a hint to look at."""
        return self._witnesses.get((pattern, globs))
