"""The history of a clone, read in batches: one git process, or a constant number, for each question."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook, TriageError
from triage.git import diffs, objects, past
from triage.git.names import is_abbreviation, is_object_id, is_ref_name, object_id
from triage.git.stream import garbled
from triage.landing.reverts import undone_in
from triage.landing.subjects import Wanted
from triage.model import Resolution, Revision, Survey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from triage.git.process import Git
    from triage.git.stream import Stream
    from triage.model import Change, CloneState, Commit, Entry, Occurrence, PathHistory

_ARGUMENTS_HOLD = 90_000
_LARGEST_COMMIT = 16 << 20
_LARGEST_BLOB = 20_000_000
_KEPT_WALK = 300_000
_KEPT_TREES = 16
_NO_CHANGE_OF_OURS = ("refs/replace/", "refs/notes/", "refs/stash", "refs/bisect/", "refs/rewritten/")
_SURVEY = "--format=%H%x00%P%x00%s%x00%b%x00"
_KEPT_GRAPH = 50_000
_MANY = 100


class GitHistory:
    """A git repository as `triage.ports.History`. What was read is kept; nothing is ever written or fetched."""

    def __init__(self, git: Git, refs: Mapping[str, str], state: CloneState, *, whole: bool = False) -> None:
        """Take full ref names with the ids they hold, and how much of the repository can be seen.

        Of a history that should be `whole`, a missing commit is an error; else it is where the clone ends.
        """
        self._git = git
        self._refs = dict(refs)
        self._state = state
        self._resolved: dict[str, Resolution] = {}
        self._commits: dict[str, Commit | None] = {}
        self._walks: dict[str, set[bytes]] = {}
        self._reached: dict[str, dict[str, bool]] = {}
        self._subjects: dict[str, tuple[str, ...]] = {}
        self._reverts: dict[str, tuple[str, ...]] | None = None
        self._changes: dict[str, tuple[Change, ...] | None] = {}
        self._lines: dict[str, tuple[int, int]] = {}
        self._trees: dict[str, dict[str, Entry]] = {}
        self._paths: dict[tuple[str, str], PathHistory] = {}
        self._reverting: dict[str, tuple[Commit, ...]] | None = None
        self._graph: dict[str, list[str]] = {}
        self._ahead: tuple[threading.Thread, dict[str, tuple[Change, ...]]] | None = None
        self._lines_kept: list[tuple[str, str]] | None = None
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
        """Return what each cited SHA names; what is no SHA, or is shorter than four digits, names nothing."""
        asked = list(dict.fromkeys(cited))
        folded = {text: text.lower() for text in asked}
        fresh = [text for text in dict.fromkeys(folded.values()) if text not in self._resolved]
        short = [text for text in fresh if is_abbreviation(text) and not is_object_id(text)]
        matches = {text: [text] for text in fresh if is_object_id(text)}
        matches.update(self._disambiguate(short))
        named = self._kinds_of(dict.fromkeys(sha for shas in matches.values() for sha in shas))
        for text in fresh:
            self._resolved[text] = _resolution([named[sha] for sha in matches.get(text, ()) if sha in named])
        return {text: self._resolved[folded[text]] for text in asked}

    def _disambiguate(self, short: list[str]) -> dict[str, list[str]]:
        found: list[str] = []
        room = _ARGUMENTS_HOLD // 90
        for start in range(0, len(short), room):
            arguments = [f"--disambiguate={text}" for text in short[start : start + room]]
            found += self._git.run("rev-parse", *arguments).decode("ascii", "replace").split()
        if not all(is_object_id(sha) for sha in found):
            raise garbled("rev-parse")
        lengths = sorted({len(text) for text in short})
        wanted = set(short)
        matches: dict[str, list[str]] = {}
        for sha in dict.fromkeys(found):
            for length in lengths:
                if sha[:length] in wanted:
                    matches.setdefault(sha[:length], []).append(sha)
        return matches

    def _kinds_of(self, shas: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Return (kind, id) of each object that is here, with tags peeled to what they name."""
        asked = list(shas)
        named = {
            sha: (header.kind, header.sha)
            for sha, header in zip(asked, objects.kinds(self._git, asked), strict=True)
            # Where ids are longer than what was asked for, a branch of that name would have answered.
            if header is not None and header.sha.startswith(sha)
        }
        tags = [sha for sha, (kind, _) in named.items() if kind == "tag"]
        for sha, header in zip(tags, objects.kinds(self._git, [f"{tag}^{{commit}}" for tag in tags]), strict=True):
            if header is not None:
                named[sha] = (header.kind, header.sha)
        return named

    def revision(self, name: str) -> Revision | None:
        """Return the commit that the tag names; None if there is no such tag, or it names no commit."""
        sha = self._refs.get(f"refs/tags/{name}") if is_ref_name(name) else None
        return None if sha is None else self.revision_at(name, sha)

    def revision_at(self, name: str, sha: str) -> Revision | None:
        """Return the commit that an id names once tags are peeled, under the name given; None if it is none."""
        kind, peeled = self._kinds_of([object_id(sha)]).get(sha, ("", ""))
        commit = self.commits([peeled]).get(peeled) if kind == "commit" else None
        return None if commit is None else Revision(name, commit.sha, commit.committed)

    def commits(self, shas: Iterable[str]) -> Mapping[str, Commit]:
        """Return the commits that are here; ids of other objects and of missing ones are left out."""
        asked = list(dict.fromkeys(shas))
        fresh = [object_id(sha) for sha in asked if sha not in self._commits]
        for sha, header, raw in objects.read(self._git, fresh, "commit", _LARGEST_COMMIT):
            good = header is not None and header.kind == "commit" and header.size <= _LARGEST_COMMIT
            if header is not None and header.kind == "commit" and not good:
                raise CouldNotLook(f"commit {sha} has {header.size} bytes, more than are read")
            self._commits[sha] = objects.parse_commit(sha, raw) if good else None
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
        walk = self._walks.get(tip)
        if fresh and walk is None and tip in self._graph:
            walk = self._walks[tip] = self._ancestors(tip)
        if fresh and walk is not None:
            answers.update((sha, sha.encode() in walk) for sha in fresh)
        elif fresh:
            # The second time someone asks, the whole walk is kept: many small questions then cost one walk.
            found = self._walk(tip, {sha.encode() for sha in fresh}, keep=len(answers) > 0)
            answers.update((sha, sha.encode() in found) for sha in fresh)
        return {sha for sha in asked if answers[sha]}

    def _ancestors(self, tip: str) -> set[bytes]:
        """Walk the graph that the survey brought along: every commit that the clone has below a tip."""
        seen = {tip}
        waiting = [tip]
        while waiting:
            for parent in self._graph.get(waiting.pop(), ()):
                if parent not in seen and parent in self._graph:
                    seen.add(parent)
                    waiting.append(parent)
        return {sha.encode() for sha in seen}

    def _walk(self, tip: str, wanted: set[bytes], *, keep: bool) -> set[bytes]:
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

    def survey(self, subjects: Iterable[str], ahead: Iterable[str] = ()) -> Survey:
        """Look for the subjects, in any manner that `Wanted` knows, on every ref; reverts are all of the history's.

        The caller decides which manner counts. A revert's key is the whole SHA where the clone has the commit,
        and what the message says where it has not.
        """
        asked = list(dict.fromkeys(subjects))
        fresh = [subject for subject in dict.fromkeys((*asked, *ahead)) if subject not in self._subjects]
        if fresh or self._reverts is None:
            self._pass(fresh)
        by_subject = {subject: shas for subject in asked if (shas := self._subjects[subject])}
        commits = self.commits(sha for shas in by_subject.values() for sha in shas) if by_subject else {}
        if self._reverting is None:
            reverts = self._reverts or {}
            found = self.commits(sha for shas in reverts.values() for sha in shas)
            self._reverting = {key: tuple(found[sha] for sha in shas) for key, shas in reverts.items()}
        subjects = {key: tuple(commits[sha] for sha in shas) for key, shas in by_subject.items()}
        return Survey(subjects, self._reverting)

    def _pass(self, fresh: list[str]) -> None:
        wanted = Wanted(fresh)
        carriers: dict[str, list[str]] = {subject: [] for subject in fresh}
        for sha, subject in self._walked() if self._lines_kept is None else self._lines_kept:
            for cited in wanted.matches(subject):
                carriers[cited].append(sha)
        self._subjects.update((subject, tuple(shas)) for subject, shas in carriers.items())

    def _walked(self) -> Iterator[tuple[str, str]]:
        """Yield (SHA, subject) of every commit, newest first; the first walk finds the reverts and keeps the graph."""
        tips = self.tips()
        size = len(tips[0]) if tips else 0
        feed = "".join(f"{sha}\n" for sha in tips).encode()
        graph: dict[str, list[str]] | None = {}
        kept: list[tuple[str, str]] | None = []
        undone: dict[str, list[str]] = {}
        with self._git.stream("rev-list", *self._missing, "--stdin", _SURVEY, feed=feed) as stream:
            for about, parents, subject, body in _fours(stream):
                sha = about[-size:]
                if graph is not None and kept is not None:
                    graph[sha] = parents.split()
                    kept.append((sha, subject))
                    if len(graph) > _KEPT_GRAPH:
                        graph = kept = None
                if "everts" in body or "EVERTS" in body:
                    for reverted in undone_in(body):
                        undone.setdefault(reverted, []).append(sha)
                yield sha, subject
            stream.finish()
        self._graph = graph or {}
        self._lines_kept = kept
        if self._reverts is None:
            whole: dict[str, list[str]] = {}
            for named, resolution in self.resolve(undone).items():
                whole.setdefault(resolution.sha or named, []).extend(undone[named])
            self._reverts = {key: tuple(dict.fromkeys(shas)) for key, shas in whole.items()}

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


def _fours(stream: Stream) -> Iterator[tuple[str, str, str, str]]:
    """Yield what `rev-list` prints for `_SURVEY`: a header that ends with the SHA, the parents, subject and body."""
    rest = b""
    while block := stream.chunk():
        fields = (rest + block).split(b"\0")
        end = (len(fields) - 1) // 4 * 4
        rest = b"\0".join(fields[end:])
        text = b"\0".join(fields[:end]).decode("utf-8", "replace").split("\0") if end else []
        for about, parents, subject, body in zip(text[::4], text[1::4], text[2::4], text[3::4], strict=True):
            if not is_object_id(about.rpartition("\n")[2]):
                raise garbled("rev-list")
            yield about, parents, subject, body


def _resolution(named: list[tuple[str, str]]) -> Resolution:
    commits = sorted({sha for kind, sha in named if kind == "commit"})
    if len(commits) == 1:
        return Resolution(sha=commits[0])
    if commits:
        return Resolution(candidates=tuple(commits))
    return Resolution(other=named[0][0] if named else None)
