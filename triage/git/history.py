"""The history of a clone, read in batches: one git process, or a constant number, for each question."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook, TriageError
from triage.git import diffs, heads, mentions, objects, past, patches, replays, resolving, touching
from triage.git.names import is_abbreviation, is_object_id, is_ref_name, object_id
from triage.git.walk import Walk, told
from triage.model import Resolution, Revision, Survey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from triage.git.digests import Digests
    from triage.git.graph import Graph
    from triage.git.index import Place
    from triage.git.process import Git
    from triage.git.walk import Catalogue
    from triage.model import Change, CloneState, Commit, Entry, Head, Mention, Occurrence, PathHistory, Replay

_LARGEST_COMMIT = 16 << 20
_LARGEST_BLOB = 20_000_000
_KEPT_WALK = 300_000
_KEPT_TREES = 16
_NO_CHANGE_OF_OURS = ("refs/replace/", "refs/notes/", "refs/stash", "refs/bisect/", "refs/rewritten/")
_MANY = 100
_PATCHES = "1"
"""Another one where `patches` makes other digests than it did."""


class GitHistory:
    """A git repository as `triage.ports.History`. What was read is kept; nothing is ever written or fetched."""

    def __init__(
        self,
        git: Git,
        refs: Mapping[str, str],
        state: CloneState,
        *,
        whole: bool = False,
        index: Place | None = None,
    ) -> None:
        """Take full ref names with the ids they hold, and how much of the repository can be seen.

        Of a history that should be `whole`, a missing commit is an error; else it is where the clone ends. With
        `index` what the commits are is kept there; without it, or where that is not possible, they are walked.
        """
        self._git = git
        self._refs = dict(refs)
        self._state = state
        self._resolved: dict[str, Resolution] = {}
        self._commits: dict[str, Commit | None] = {}
        self._catalogue: Catalogue | None = None
        self._index = index
        self._index_is_there = index is not None
        self._digests: Digests | None = None
        self._graph: Graph | None = None
        self._walks: dict[str, set[bytes]] = {}
        self._reached: dict[str, dict[str, bool]] = {}
        self._subjects: dict[str, tuple[str, ...]] = {}
        self._changes: dict[str, tuple[Change, ...] | None] = {}
        self._lines: dict[str, tuple[int, int]] = {}
        self._trees: dict[str, dict[str, Entry]] = {}
        self._paths: dict[tuple[str, str], PathHistory] = {}
        self._reverting: dict[str, tuple[Commit, ...]] | None = None
        self._ahead: tuple[threading.Thread, dict[str, tuple[Change, ...]]] | None = None
        self._missing = () if whole else ("--ignore-missing",)

    @property
    def state(self) -> CloneState:
        """How much of the repository can be seen."""
        return self._state

    @property
    def git(self) -> Git:
        """The git that reads this repository."""
        return self._git

    @property
    def refs(self) -> Mapping[str, str]:
        """Full ref names with the ids that they hold, tags not peeled."""
        return self._refs

    def tips(self) -> list[str]:
        """Return the ids of all refs that bring history: no replacements, notes or stashes."""
        return list(dict.fromkeys(sha for name, sha in self._refs.items() if not name.startswith(_NO_CHANGE_OF_OURS)))

    def resolve(self, cited: Iterable[str]) -> Mapping[str, Resolution]:
        """Return what each cited SHA names; what is no SHA, or is shorter than four digits, names nothing.

        Of several objects with an abbreviation, the commits that a ref reaches come before all others.
        """
        asked = list(dict.fromkeys(cited))
        folded = {text: text.lower() for text in asked}
        fresh = [text for text in dict.fromkeys(folded.values()) if text not in self._resolved]
        catalogue = self._at_hand() if fresh else None
        if catalogue is not None:
            reached = catalogue.beginning([text for text in fresh if is_abbreviation(text)])
            self._resolved.update((text, _one_or_several(shas)) for text, shas in reached.items())
            fresh = [text for text in fresh if text not in reached]
        short = [text for text in fresh if is_abbreviation(text) and not is_object_id(text)]
        matches = {text: [text] for text in fresh if is_object_id(text)}
        matches.update(resolving.with_abbreviations(self._git, short))
        named = resolving.kinds_of(self._git, dict.fromkeys(sha for shas in matches.values() for sha in shas))
        for text in fresh:
            self._resolved[text] = self._resolution({sha: named[sha] for sha in matches.get(text, ()) if sha in named})
        return {text: self._resolved[folded[text]] for text in asked}

    def _resolution(self, named: Mapping[str, tuple[str, str]]) -> Resolution:
        commits = sorted({sha for kind, sha in named.values() if kind == "commit"})
        if len(commits) > 1:
            reached = self._known().beginning([sha for sha in named if sha in commits])
            commits = sorted(reached) or commits
        return (
            _one_or_several(commits) if commits else Resolution(other=next((kind for kind, _ in named.values()), None))
        )

    def revision(self, name: str) -> Revision | None:
        """Return the commit that the tag names; None if there is no such tag, or it names no commit."""
        sha = self._refs.get(f"refs/tags/{name}") if is_ref_name(name) else None
        return None if sha is None else self.revision_at(name, sha)

    def revision_at(self, name: str, sha: str) -> Revision | None:
        """Return the commit that an id names once tags are peeled, under the name given; None if it is none."""
        kind, peeled = resolving.kinds_of(self._git, [object_id(sha)]).get(sha, ("", ""))
        commit = self.commits([peeled]).get(peeled) if kind == "commit" else None
        return None if commit is None else Revision(name, commit.sha, commit.committed)

    def commits(self, shas: Iterable[str]) -> Mapping[str, Commit]:
        """Return the commits that are here; ids of other objects and of missing ones are left out.

        Raises CouldNotLook for one that is missing now, although the catalogue of the history has it.
        """
        asked = list(dict.fromkeys(shas))
        fresh = [object_id(sha) for sha in asked if sha not in self._commits]
        missing = []
        for sha, header, raw in objects.read(self._git, fresh, "commit", _LARGEST_COMMIT):
            good = header is not None and header.kind == "commit" and header.size <= _LARGEST_COMMIT
            if header is not None and header.kind == "commit" and not good:
                raise CouldNotLook(f"commit {sha} has {header.size} bytes, more than are read")
            if header is None:
                missing.append(sha)
            self._commits[sha] = objects.parse_commit(sha, raw) if good else None
        lost = self._catalogue.beginning(missing) if missing and self._catalogue is not None else {}
        for sha in lost:
            del self._commits[sha]
        if lost:
            raise CouldNotLook(f"commit {min(lost)} is not in the clone any more", self._state.cure)
        return {sha: commit for sha in asked if (commit := self._commits[sha]) is not None}

    def commit(self, sha: str) -> Commit:
        """Return one commit. Raises CouldNotLook if it is not here."""
        commit = self.commits([sha]).get(sha)
        if commit is None:
            raise CouldNotLook(f"commit {sha} is not in the clone", self._state.cure)
        return commit

    def reachable(self, tip: str, shas: Iterable[str]) -> Collection[str]:
        """Return those of `shas` that are `tip` or an ancestor of it, as far as the clone goes back."""
        asked = set(shas)
        answers = self._reached.setdefault(object_id(tip), {})
        fresh = {sha for sha in asked if sha not in answers}
        graph = self._graph_with() if fresh and self._at_hand() is not None else None
        if graph is not None and tip in graph:
            on = graph.among(tip, fresh)
            answers.update((sha, sha in on) for sha in fresh)
        elif fresh:
            walk = self._walks.get(tip)
            # The second time someone asks, the whole walk is kept: many small questions then cost one walk.
            found = walk or self._listed(tip, {sha.encode() for sha in fresh}, keep=len(answers) > 0)
            answers.update((sha, sha.encode() in found) for sha in fresh)
        return {sha for sha in asked if answers[sha]}

    def _listed(self, tip: str, wanted: set[bytes], *, keep: bool) -> set[bytes]:
        found: set[bytes] = set()
        seen: set[bytes] | None = set()
        rest = b""
        with self._git.stream("rev-list", "--end-of-options", tip, "--") as stream:
            while block := stream.chunk():
                *lines, rest = (rest + block).split(b"\n")
                found |= wanted.intersection(lines)
                if len(found) == len(wanted) and not keep:
                    return found
                if seen is not None:
                    seen.update(lines)
                    seen = seen if len(seen) <= _KEPT_WALK else None
            stream.finish()
        if seen is not None:
            self._walks[tip] = seen
        return found

    def _at_hand(self) -> Catalogue | None:
        """Return the catalogue of the history if that costs no walk."""
        if self._index is not None and self._catalogue is None and self._index_is_there:
            from triage.git.indexed import kept  # noqa: PLC0415 - only where there is one

            self._catalogue = kept(self._index, self._git, self.tips(), self._walk)
            self._index_is_there = self._catalogue is not None
        return self._catalogue

    def _known(self) -> Catalogue:
        """Return the catalogue of the history. Raises CouldNotLook if it cannot be walked."""
        if self._at_hand() is None and self._index is not None:
            from triage.git.indexed import made  # noqa: PLC0415 - only where there is to be one

            self._catalogue = made(self._index, self._git, self.tips(), self._missing, self._walk)
        if self._catalogue is None:
            self._catalogue = self._walk()
        return self._catalogue

    def _walk(self) -> Catalogue:
        tips = self.tips()
        return Walk(told(self._git, tips, *self._missing), len(tips[0]) // 2 if tips else 0)

    def _graph_with(self, *shas: str) -> Graph:
        """Return the graph of all that the refs reach, and of what these commits do. Raises CouldNotLook."""
        if self._graph is None:
            self._graph = self._known().graph()
        missing = [object_id(sha) for sha in shas if sha not in self._graph]
        if missing:
            feed = [*missing, *(f"^{sha}" for sha in self.tips())]
            self._graph.add(told(self._git, feed, *self._missing))
            for sha in missing:
                if sha not in self._graph:
                    self.commit(sha)
                    raise CouldNotLook(f"what commit {sha} builds on cannot be read", self._state.cure)
        return self._graph

    def survey(self, subjects: Iterable[str], ahead: Iterable[str] = ()) -> Survey:
        """Look for the subjects, in any manner that `Wanted` knows, on every ref; reverts are all of the history's.

        The caller decides which manner counts. A revert's key is the whole SHA where the clone has the commit,
        and what the message says where it has not.
        """
        asked = list(dict.fromkeys(subjects))
        fresh = [subject for subject in dict.fromkeys((*asked, *ahead)) if subject not in self._subjects]
        if fresh:
            found = self._known().carriers(fresh)
            self._subjects.update((subject, found.get(subject, ())) for subject in fresh)
        by_subject = {subject: shas for subject in asked if (shas := self._subjects[subject])}
        commits = self.commits(sha for shas in by_subject.values() for sha in shas) if by_subject else {}
        carriers = {key: tuple(commits[sha] for sha in shas) for key, shas in by_subject.items()}
        return Survey(carriers, self._every_revert())

    def _every_revert(self) -> Mapping[str, tuple[Commit, ...]]:
        if self._reverting is None:
            undone = self._known().undone()
            whole: dict[str, list[str]] = {}
            for named, resolution in self.resolve(undone).items():
                whole.setdefault(resolution.sha or named, []).extend(undone[named])
            found = self.commits(sha for shas in whole.values() for sha in shas)
            self._reverting = {key: _newest_first(found[sha] for sha in shas) for key, shas in whole.items()}
        return self._reverting

    def twins(self, shas: Iterable[str]) -> Mapping[str, tuple[Commit, ...]]:
        """Return the other commits of any ref with the same author, author date and subject, newest first."""
        asked = self.commits(shas)
        keys = {sha: (int(commit.authored.timestamp()), commit.subject) for sha, commit in asked.items()}
        alike = self._known().twins(set(keys.values())) if keys else {}
        commits = self.commits(sha for found in alike.values() for sha in found)
        return {
            sha: tuple(
                commits[other]
                for other in alike.get(key, ())
                if other != sha
                and commits[other].author == asked[sha].author
                and commits[other].authored == asked[sha].authored
            )
            for sha, key in keys.items()
        }

    def numbered(self, numbers: Iterable[int], tip: str) -> Mapping[int, tuple[Commit, ...]]:
        """Return the commits on the way to `tip` that say they are the merge of each pull request, newest first."""
        asked = set(numbers)
        named = self._known().numbered(asked) if asked else {}
        on = self.reachable(tip, {sha for shas in named.values() for sha in shas}) if named else ()
        commits = self.commits(on)
        return {each: tuple(commits[sha] for sha in named.get(each, ()) if sha in commits) for each in asked}

    def heads(self, shas: Iterable[str], tip: str) -> Mapping[str, tuple[Head, ...]]:
        """Return the pull requests and branches that have each commit, and have it where `tip` has not.

        First comes the one with the fewest commits that `tip` has not.
        """
        asked = list(dict.fromkeys(object_id(sha) for sha in shas))
        return heads.heads(self._refs, self._graph_with(object_id(tip)), asked, tip) if asked else {}

    def bases(self, one: str, other: str) -> tuple[str, ...]:
        """Return the best common ancestors of two commits. Raises CouldNotLook for one that is not here."""
        return self._graph_with(object_id(one), object_id(other)).bases(one, other)

    def touching(self, paths: Iterable[str], tip: str, since: Iterable[str]) -> tuple[str, ...]:
        """Return the commits on the way to `tip`, and not to `since`, that change one of the paths, newest first.

        A merge is among them if it changes one against any parent. What is not here of `since` ends nothing.
        """
        return touching.touching(self._git, paths, self.commit(tip).sha, self.commits(since))

    def changes(self, shas: Iterable[str]) -> Mapping[str, tuple[Change, ...]]:
        """Return each commit's diff against its first parent; without commits or trees that are missing.

        Where a side of a change is a submodule, it has no blob.
        """
        asked = list(dict.fromkeys(shas))
        if self._ahead is not None:
            thread, ahead = self._ahead
            thread.join()
            self._changes.update(ahead)
            self._ahead = None
        commits = self.commits(sha for sha in asked if sha not in self._changes)
        if commits:
            found = diffs.changes(self._git, commits)
            self._changes.update((sha, found.get(sha)) for sha in commits)
        return {sha: listed for sha in asked if (listed := self._changes.get(sha)) is not None}

    def look_ahead(self, shas: Iterable[str]) -> None:
        """Begin to read the diffs of many commits while other things are asked; `changes` waits for them."""
        commits = {sha: c for sha, c in self.commits(shas).items() if sha not in self._changes}
        if len(commits) < _MANY or self._ahead is not None:
            return
        found: dict[str, tuple[Change, ...]] = {}

        def work() -> None:
            with contextlib.suppress(TriageError):  # `changes` asks again, and says what is wrong
                found.update(diffs.asked(self._git, list(commits.values()))[0])

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._ahead = (thread, found)

    def differences(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Change, ...]]:
        """Return what leads from the tree of the first commit of each pair to that of the second; see `diffs`."""
        return diffs.differences_of(self, pairs)

    def patches(self, shas: Iterable[str]) -> Mapping[str, str]:
        """Return a digest of what each commit does to its first parent; see `patches`."""
        asked = list(dict.fromkeys(shas))
        if self._index is None or not asked:
            return patches.patches(self, asked)
        digests = self._digests = self._digests or self._kept_digests(self._index)
        found = digests.kept(asked)
        fresh = patches.patches(self, [sha for sha in asked if sha not in found])
        digests.keep(fresh)
        return {**found, **fresh}

    def _kept_digests(self, index: Place) -> Digests:
        from triage.git.digests import Digests  # noqa: PLC0415 - only where there is an index

        # Another git may cut a diff into hunks in another way.
        return Digests(index, f"{_PATCHES} {self._git.version()}")

    def replays(self, asked: Iterable[Replay]) -> Mapping[Replay, bool]:
        """Return whether doing each change again gives the tree of its result; see `replays`."""
        return replays.replays(self, asked)

    def mentions(self, texts: Iterable[str], tip: str) -> Mapping[str, tuple[Mention, ...]]:
        """Return the lines of the documents of `tip` that have each SHA; see `mentions`."""
        return mentions.mentions(self, texts, tip)

    def lines_changed(self, sha: str) -> tuple[int, int]:
        """Return lines added and removed against the first parent. Raises CouldNotLook if a blob is missing."""
        if sha not in self._lines:
            self._lines[sha] = diffs.lines_changed(self._git, self.commit(sha))
        return self._lines[sha]

    def tree(self, sha: str) -> Mapping[str, Entry]:
        """Return every file of a commit, without submodules and sizes. Raises CouldNotLook if a tree is missing."""
        if sha not in self._trees:
            entries = objects.ls_tree(self._git, object_id(sha))
            while len(self._trees) >= _KEPT_TREES:
                del self._trees[next(iter(self._trees))]
            self._trees[sha] = entries
        return self._trees[sha]

    def contents(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield each blob with its content, in the order asked for; None for one that is missing or above 20 MB."""
        return objects.blobs(self._git, [object_id(blob) for blob in blobs], _LARGEST_BLOB)

    def path_history(self, path: str, tip: str) -> PathHistory:
        """Return what became of a path that `tip` does not have. Raises CouldNotLook where that cannot be seen."""
        key = (path, object_id(tip))
        if key not in self._paths:
            self._paths[key] = past.PathSearch(self, tip).follow(path)
        return self._paths[key]

    def past_blobs(self, globs: tuple[str, ...], tip: str) -> Iterator[tuple[str, str, str]]:
        """Yield (commit, path, blob) for each distinct blob that the selected paths ever had, newest first.

        The commit is the one that brought the blob there. Raises CouldNotLook if a tree is missing.
        """
        return past.past_blobs(self._git, globs, object_id(tip))

    def witness(self, pattern: str, globs: tuple[str, ...]) -> Occurrence | None:  # noqa: ARG002 - the port's
        """Return None: a repository knows its past and needs no hint."""
        return None


def _newest_first(commits: Iterable[Commit]) -> tuple[Commit, ...]:
    unique = {commit.sha: commit for commit in commits}
    return tuple(sorted(unique.values(), key=lambda commit: (-commit.committed.timestamp(), commit.sha)))


def _one_or_several(commits: Sequence[str]) -> Resolution:
    return Resolution(sha=commits[0]) if len(commits) == 1 else Resolution(candidates=tuple(commits))
