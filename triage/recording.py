"""A history that notes what it was asked, so that an export holds what the verdicts rest on and no more."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from triage.model import (
        Change,
        CloneState,
        Commit,
        Entry,
        Head,
        Mention,
        Occurrence,
        PathHistory,
        Replay,
        Resolution,
        Revision,
        Survey,
    )
    from triage.ports import History

_CUT = 1_000
"""A kept line has no more characters."""


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
        self.found: set[str] = set()
        """Commits that were come upon by looking through all refs."""
        self.heads_seen: set[Head] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.merges: set[Replay] = set()
        self.touched: dict[str, tuple[str, ...]] = {}
        self.mentioned: dict[tuple[str, str], tuple[Mention, ...]] = {}
        self._digests: dict[str, str] = {}
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
        """Pass on, keeping the tip."""
        found = self._history.reachable(tip, shas)
        self.commits_seen.add(tip)
        return found

    def survey(self, subjects: Iterable[str], ahead: Iterable[str] = ()) -> Survey:
        """Pass on, keeping the commits that carry the subjects."""
        found = self._history.survey(subjects, ahead)
        self.found.update(commit.sha for commits in found.subjects.values() for commit in commits)
        return found

    def look_ahead(self, shas: Iterable[str]) -> None:
        """Pass on."""
        self._history.look_ahead(shas)

    def twins(self, shas: Iterable[str]) -> Mapping[str, tuple[Commit, ...]]:
        """Pass on, keeping the twins."""
        found = self._history.twins(shas)
        self.found.update(commit.sha for commits in found.values() for commit in commits)
        return found

    def numbered(self, numbers: Iterable[int], tip: str) -> Mapping[int, tuple[Commit, ...]]:
        """Pass on, keeping the tip, on the way to which all of them are."""
        found = self._history.numbered(numbers, tip)
        self.commits_seen.add(tip)
        return found

    def heads(self, shas: Iterable[str], tip: str) -> Mapping[str, tuple[Head, ...]]:
        """Pass on, keeping the heads."""
        found = self._history.heads(shas, tip)
        self.commits_seen.add(tip)
        self.heads_seen.update(head for heads in found.values() for head in heads)
        return found

    def bases(self, one: str, other: str) -> tuple[str, ...]:
        """Pass on, keeping the commits, on the way to which their ancestors are."""
        found = self._history.bases(one, other)
        self.commits_seen.update((one, other))
        return found

    def touching(self, paths: Iterable[str], tip: str, since: Iterable[str]) -> tuple[str, ...]:
        """Pass on, keeping the answer: it rests on the trees of every commit on the way."""
        asked, ends = list(paths), list(since)
        found = self._history.touching(asked, tip, ends)
        self.commits_seen.update((tip, *self._history.commits(ends)))
        self.touched[asked_of_touching(asked, tip, ends)] = found
        return found

    def changes(self, shas: Iterable[str]) -> Mapping[str, tuple[Change, ...]]:
        """Pass on, keeping the diffs."""
        found = self._history.changes(shas)
        self.diffs.update(found)
        return found

    def differences(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Change, ...]]:
        """Pass on, keeping the pairs."""
        found = self._history.differences(pairs)
        self.pairs.update(found)
        return found

    def patches(self, shas: Iterable[str]) -> Mapping[str, str]:
        """Pass on, keeping both sides of the diffs that do the same as another: those prove something."""
        found = self._history.patches(shas)
        for sha, digest in found.items():
            same = self._digests.setdefault(digest, sha)
            if digest and same != sha:
                self._keep_sides(same)
                self._keep_sides(sha)
        return found

    def replays(self, asked: Iterable[Replay]) -> Mapping[Replay, bool]:
        """Pass on, keeping what gave its result: only that proves something."""
        found = self._history.replays(asked)
        self.merges.update(replay for replay, same in found.items() if same)
        return found

    def mentions(self, texts: Iterable[str], tip: str) -> Mapping[str, tuple[Mention, ...]]:
        """Pass on, keeping the answer, which rests on every document, and the documents that are in it."""
        found = self._history.mentions(texts, tip)
        places = {mention.path for mentions in found.values() for mention in mentions}
        if places:
            tree = self.tree(tip)
            self.blobs.update(tree[path].blob for path in places)
        self.mentioned.update(((text, tip), mentions) for text, mentions in found.items())
        return found

    def lines_changed(self, sha: str) -> tuple[int, int]:
        """Pass on, keeping both sides of the diff."""
        changed = self._history.lines_changed(sha)
        self._keep_sides(sha)
        return changed

    def _keep_sides(self, sha: str) -> None:
        for change in self.changes([sha]).get(sha, ()):
            self.blobs.update(blob for blob in (change.before, change.after) if blob)

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


def asked_of_touching(paths: Iterable[str], tip: str, since: Iterable[str]) -> str:
    """Return a digest of what `touching` was asked: there may be thousands of paths."""
    text = json.dumps([sorted(set(paths)), tip, sorted(set(since))])
    return hashlib.sha256(text.encode()).hexdigest()


class Answers(NamedTuple):
    """What was answered when a file was exported, and its objects alone do not tell: see `Replayed`."""

    paths: Mapping[tuple[str, str], PathHistory] = {}
    """What became of paths that a commit does not have, by path and commit."""
    witnesses: Mapping[tuple[str, tuple[str, ...]], Occurrence] = {}
    """Where absent patterns once stood, by pattern and globs."""
    touching: Mapping[str, tuple[str, ...]] = {}
    """Which commits touch some paths, by `asked_of_touching`."""
    mentions: Mapping[tuple[str, str], tuple[Mention, ...]] = {}
    """The lines of documents that have a SHA, by it and the commit whose documents they are."""


class Replayed:
    """A history opened from an exported file, with the answers that were kept beside its objects.

    Of those answers none is believed that the objects could show, and do not.
    """

    def __init__(self, history: History, answers: Answers) -> None:
        self._history = history
        self._paths, self._witnesses, self._touching, self._mentions = answers
        self.state = history.state
        self.resolve = history.resolve
        self.revision = history.revision
        self.commits = history.commits
        self.reachable = history.reachable
        self.survey = history.survey
        self.look_ahead = history.look_ahead
        self.twins = history.twins
        self.numbered = history.numbered
        self.heads = history.heads
        self.bases = history.bases
        self.changes = history.changes
        self.differences = history.differences
        self.patches = history.patches
        self.replays = history.replays
        self.lines_changed = history.lines_changed
        self.tree = history.tree
        self.contents = history.contents

    def past_blobs(self, globs: tuple[str, ...], tip: str) -> Iterator[tuple[str, str, str]]:
        """Pass on; what is not there is not in the file, wherever it was unpacked."""
        try:
            yield from self._history.past_blobs(globs, tip)
        except CouldNotLook:
            raise self._not_here("the history of these files is") from None

    def _not_here(self, what: str) -> CouldNotLook:
        return CouldNotLook(f"{what} not in {self.state.label}", "name a clone: -C PATH")

    def touching(self, paths: Iterable[str], tip: str, since: Iterable[str]) -> tuple[str, ...]:
        """Return what was found when the file was exported, if its commits are on the way; else what objects tell.

        They are commits to look at: what they change is in the file.
        """
        asked, ends = list(paths), list(since)
        kept = self._touching.get(asked_of_touching(asked, tip, ends))
        if kept is None:
            try:
                return self._history.touching(asked, tip, ends)
            except CouldNotLook:
                raise self._not_here("the history of these files is") from None
        on = self._history.reachable(tip, kept)
        before = {sha for end in self._history.commits(ends) for sha in self._history.reachable(end, kept)}
        if len(on) < len(kept) or before:
            raise CouldNotLook(f"{self.state.label} says that commits touch a file, and they are not on the way")
        return kept

    def mentions(self, texts: Iterable[str], tip: str) -> Mapping[str, tuple[Mention, ...]]:
        """Return the lines that were found when the file was exported, each of which must be in its document."""
        asked = list(dict.fromkeys(texts))
        kept = {text: self._mentions[text, tip] for text in asked if (text, tip) in self._mentions}
        if asked and not kept:
            raise self._not_here("all that the documents say is")
        for text, mentions in kept.items():
            for mention in mentions:
                if not self._has(mention, text, tip):
                    place = f"{mention.path}:{mention.line}"
                    raise CouldNotLook(f"{self.state.label} says that {place} has {text}, and that cannot be seen")
        return kept

    def _has(self, mention: Mention, text: str, tip: str) -> bool:
        line = self._line(mention, tip)
        # What stands around a word in a document, and not in it.
        word = rf"(?<![0-9A-Za-z_-]){re.escape(text)}(?![0-9A-Za-z_-])"
        return line is not None and line[:_CUT] == mention.text and re.search(word, line, re.IGNORECASE) is not None

    def _line(self, mention: Mention, tip: str) -> str | None:
        entry = self._history.tree(tip).get(mention.path)
        for _, content in self._history.contents([entry.blob]) if entry is not None else ():
            lines = content.split(b"\n", mention.line)[: mention.line] if content is not None else []
            if len(lines) == mention.line:
                return lines[-1].decode("utf-8", "replace").rstrip("\r")
        return None

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
