"""Where the change of a commit that is not on the branch landed as another commit: the proofs that need its object.

In their order: squashed with its pull request, rebased or picked (the same patch), replayed to the same tree, and
kept through a rewriting of the history. What is only similar is a candidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.landing.branches import release_branches
from triage.landing.citation import SHORT, candidate, landed_as
from triage.landing.rewrites import Rewrites
from triage.landing.sought import MERGE, Counterpart, Near, NoCounterpart, Sought, effect, same_origin
from triage.landing.squashes import Squashes
from triage.landing.survival import THIRD, of_changes
from triage.model import Head, Replay

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from triage.model import Candidate, Change, Commit
    from triage.ports import History

_NEAREST = 8
"""How many commits of the branch are compared with one commit, the nearest in time first."""
_HEADS = 6
"""Pull requests and branches that are looked at for one commit, those with the fewest commits of their own first."""
_MOST_MERGED = 50
_FEW = 4
_ASKED = 2
_SHOWN = 5

Found = Counterpart | NoCounterpart


def counterparts(history: History, branch: str, tip: str, sought: Collection[Sought]) -> dict[str, Found]:
    """Return what each commit landed as on the way to `tip`, by its SHA. Raises `CouldNotLook`."""
    if not sought:
        return {}
    search = _Search(history, branch, tip, {one.commit.sha: one for one in sought})
    found = search.run()
    for one in sought:
        if len(one.commit.parents) >= MERGE and isinstance(found[one.commit.sha], NoCounterpart):
            merged = _by_what_it_merges(history, branch, tip, one.commit)
            if merged is not None and search.came_with(one.commit, merged.commit):
                found[one.commit.sha] = merged
    return found


def _by_what_it_merges(history: History, branch: str, tip: str, merge: Commit) -> Counterpart | None:
    """What a merge landed as if each commit that it has and the branch has not landed: as the newest of them."""
    brought: dict[str, Commit] = {}
    level = list(merge.parents)
    while level and len(brought) <= _MOST_MERGED:
        there = history.reachable(tip, level)
        commits = history.commits(sha for sha in level if sha not in there and sha not in brought)
        brought.update(commits)
        level = [parent for one in commits.values() for parent in one.parents]
    own = [one for one in brought.values() if len(one.parents) < MERGE]
    if level or not own or len(brought) > _MOST_MERGED:
        return None
    found = _Search(history, branch, tip, {one.sha: Sought(one) for one in own}).run()
    landed = [one for one in found.values() if isinstance(one, Counterpart)]
    if len(landed) < len(own):
        return None
    newest = max(landed, key=lambda one: one.commit.committed)
    what = "the commit that it merges" if len(own) == 1 else f"each of the {len(own)} commits that it merges"
    return Counterpart(newest.proof, newest.commit, f"{landed_as(merge, newest.commit)}: {what} landed so")


class _Search:
    def __init__(self, history: History, branch: str, tip: str, sought: Mapping[str, Sought]) -> None:
        self._history = history
        self._branch = branch
        self._tip = tip
        self._sought = sought
        self._heads = {sha: heads[:_HEADS] for sha, heads in history.heads(sought, tip).items()}
        self._changes = self._of_itself()
        self._found: dict[str, Counterpart] = {}
        self._near: dict[str, list[Candidate]] = {sha: [] for sha in sought}
        self._lost: dict[str, Near] = {}

    def _of_itself(self) -> dict[str, tuple[Change, ...]]:
        """What each commit did: a merge what none of its parents has; a conflict solved, or more."""
        changes = dict(self._history.changes(self._sought))
        merges = [one.commit for one in self._sought.values() if len(one.commit.parents) >= MERGE]
        pairs = {(parent, merge.sha) for merge in merges for parent in merge.parents}
        since = self._history.differences(pairs)
        for merge in merges:
            listed = [since.get((parent, merge.sha)) for parent in merge.parents]
            changes.pop(merge.sha, None)
            if None not in listed:
                paths = [{change.path for change in each or ()} for each in listed]
                own = set.intersection(*paths)
                changes[merge.sha] = tuple(change for change in listed[0] or () if change.path in own)
        return changes

    def came_with(self, merge: Commit, found: Commit) -> bool:
        """Return whether what a merge did of its own, a conflict solved or more, is in a commit, as far as is seen."""
        own = self._changes.get(merge.sha)
        if own == ():
            return True
        since = self._history.differences([(merge.sha, found.sha)]).get((merge.sha, found.sha))
        return bool(own) and since is not None and of_changes(self._history, own or (), since).share >= THIRD

    @property
    def _left(self) -> dict[str, Commit]:
        return {sha: one.commit for sha, one in self._sought.items() if sha not in self._found}

    def run(self) -> dict[str, Found]:
        alike = self._alike()
        # What has its author, author date and subject is the commit itself, made anew; a squash has those of its own.
        twins = {
            sha: own
            for sha, found in alike.items()
            if (own := [twin for twin in found if same_origin(self._sought[sha].commit, twin)])
        }
        self._same_patch(twins)
        self._same_tree(twins)
        left = {sha: (self._sought[sha].commit, found) for sha, found in twins.items() if sha not in self._found}
        self._take(*Rewrites(self._history, self._tip, left, self._changes).find())
        waiting = {sha: self._sought[sha] for sha in self._left}
        self._take(*Squashes(self._history, self._tip, waiting, self._heads, self._changes).find())
        self._same_patch(alike)
        self._same_tree(alike)
        self._same_paths()
        for sha, commit in self._left.items():
            named = [twin for twin in alike.get(sha, ()) if not same_origin(commit, twin)]
            self._near[sha] += [candidate(twin, f"on {self._branch} with the same subject") for twin in named]
        return {sha: self._found.get(sha) or self._nothing(one.commit) for sha, one in self._sought.items()}

    def _take(self, found: Mapping[str, Counterpart], near: Mapping[str, Near]) -> None:
        self._found.update(found)
        for sha, one in near.items():
            self._near[sha] += one.candidates
            if one.lost is not None:
                self._lost[sha] = one

    # -- the same patch, the same tree --

    def _alike(self) -> dict[str, list[Commit]]:
        """The commits of the branch with the author, date and subject of one, or with its subject, nearest first."""
        left = self._left
        twins = self._history.twins(left)
        named = self._history.survey({commit.subject for commit in left.values()}).subjects
        listed = {
            sha: {twin.sha: twin for twin in (*twins.get(sha, ()), *named.get(commit.subject, ()))}
            for sha, commit in left.items()
        }
        there = self._history.reachable(self._tip, {twin for found in listed.values() for twin in found})
        alike = {}
        for sha, commit in left.items():
            first = {twin.sha for twin in twins.get(sha, ())}
            found = [twin for twin in listed[sha].values() if twin.sha in there]
            found.sort(key=lambda twin: (twin.sha not in first, abs(twin.authored - commit.authored)))
            if found:
                alike[sha] = found[:_NEAREST]
        return alike

    def _same_patch(self, alike: Mapping[str, Sequence[Commit]]) -> None:
        shas = [sha for sha in alike if sha not in self._found and self._single(sha)]
        changes = self._history.changes(twin.sha for sha in shas for twin in alike[sha])
        unlike: set[str] = set()
        for sha in shas:
            same = next((twin for twin in alike[sha] if changes.get(twin.sha) == self._changes[sha]), None)
            if same is not None:
                self._rebased(sha, same)
            else:
                paths = {change.path for change in self._changes[sha]}
                near = [twin for twin in alike[sha] if paths == {change.path for change in changes.get(twin.sha, ())}]
                unlike.update([sha, *(twin.sha for twin in near)] if near else ())
        patches = self._history.patches(unlike)
        for sha in shas:
            if sha in self._found or not patches.get(sha):
                continue
            same = next((twin for twin in alike[sha] if patches.get(twin.sha) == patches[sha]), None)
            if same is not None:
                self._rebased(sha, same)

    def _rebased(self, sha: str, twin: Commit) -> None:
        self._proven("rebase", sha, twin, "it has the same patch-id")

    def _proven(self, proof: str, sha: str, twin: Commit, how: str) -> None:
        commit = self._sought[sha].commit
        if twin.committed < commit.authored and not self._stands(sha):
            # It was on the branch before, is not any more, and this one may be to bring it back.
            self._near[sha].append(candidate(twin, "did the same before, and that is not there any more"))
            return
        self._found[sha] = Counterpart(proof, twin, f"{landed_as(commit, twin)}: {how}")

    def _stands(self, sha: str) -> bool:
        """Whether what a commit did is on the branch now."""
        since = self._history.differences([(sha, self._tip)]).get((sha, self._tip))
        return since is not None and of_changes(self._history, self._changes[sha], since).share >= THIRD

    def _same_tree(self, alike: Mapping[str, Sequence[Commit]]) -> None:
        asked: dict[str, list[tuple[Replay, Commit]]] = {}
        for sha, twins in alike.items():
            commit = self._sought[sha].commit
            if sha in self._found or not self._single(sha):
                continue
            asked[sha] = [
                (Replay(commit.parents[0], sha, twin.parents[0], twin.sha), twin)
                for twin in twins
                if len(twin.parents) == 1 and commit.parents
            ]
        done = self._history.replays(replay for listed in asked.values() for replay, _ in listed)
        for sha, listed in asked.items():
            for replay, twin in listed:
                if done.get(replay):
                    self._proven("tree", sha, twin, "replayed there, it gives the same tree")
                    break

    # -- by what they change --

    def _same_paths(self) -> None:
        """Look among the commits that change just the paths of one, or of a branch that may have been squashed."""
        units = self._units()
        listed = self._touching(units)
        if not listed:
            return
        changes = self._history.changes(listed)
        by_paths: dict[frozenset[str], list[str]] = {}
        for sha in listed:
            touched = frozenset(change.path for change in changes.get(sha, ()))
            by_paths.setdefault(touched, []).append(sha)
        commits = self._history.commits(sha for unit in units for sha in by_paths.get(unit.paths, ()))
        alike: dict[str, list[Commit]] = {}
        for unit in units:
            near = [commits[sha] for sha in by_paths.get(unit.paths, ()) if sha in commits]
            near.sort(key=lambda twin: abs(twin.committed - self._sought[unit.sha].commit.authored))
            if not near:
                continue
            if unit.head is None:
                alike[unit.sha] = near[:_NEAREST]
            else:
                self._squashed_branch(unit, near[:_NEAREST], changes)
        alike = {sha: near for sha, near in alike.items() if sha not in self._found}
        self._same_patch(alike)
        self._same_tree(alike)

    def _touching(self, units: Sequence[_Unit]) -> list[str]:
        """The commits of the branch that may change the paths of some units, each after its base where those are few.

        Who changes just those paths changes each of them, so that a few are enough to ask for.
        """
        paths: dict[str | None, set[str]] = {}
        for unit in units:
            paths.setdefault(unit.base, set()).update(sorted(unit.paths, key=lambda path: (-len(path), path))[:_ASKED])
        if len(paths) > _FEW:
            paths = {None: {path for some in paths.values() for path in some}}
        found = dict.fromkeys(
            sha
            for base, some in paths.items()
            for sha in self._history.touching(some, self._tip, () if base is None else (base,))
        )
        return list(found)

    def _units(self) -> list[_Unit]:
        """The changes to look for: each commit's own, and those of the branches without a number that have it."""
        units = []
        for sha in self._left.keys() - self._lost.keys():
            own = effect(self._changes.get(sha, ()))
            bases = self._history.bases(sha, self._tip)
            base = bases[0] if len(bases) == 1 else None
            if own and self._single(sha):
                units.append(_Unit(sha, frozenset(own), base))
            if base is None:
                continue
            for head in self._heads.get(sha, ())[:2] or [Head("", sha)]:
                content = self._history.differences([(base, head.sha)]).get((base, head.sha), ())
                touched = frozenset(change.path for change in content)
                if content and (base, head.sha) != (next(iter(self._sought[sha].commit.parents), None), sha):
                    units.append(_Unit(sha, touched, base, head.sha, content))
        return units

    def _squashed_branch(self, unit: _Unit, near: Sequence[Commit], changes: Mapping[str, tuple[Change, ...]]) -> None:
        if unit.sha in self._found or unit.base is None or unit.head is None:
            return
        single = [twin for twin in near if len(twin.parents) == 1]
        left = {change.path: change.after for change in unit.content}
        whole = [twin for twin in single if {change.path: change.after for change in changes[twin.sha]} == left]
        if not whole:
            replays = {twin.sha: Replay(unit.base, unit.head, twin.parents[0], twin.sha) for twin in single}
            done = self._history.replays(replays.values())
            whole = [twin for twin in single if done.get(replays[twin.sha])]
        if not whole:
            return
        commit = self._sought[unit.sha].commit
        what = "the commits up to it" if unit.head == unit.sha else f"the commits up to {unit.head[:SHORT]}"
        how = f"{landed_as(commit, whole[0])}: {what} give the same tree there"
        own = self._changes.get(unit.sha)
        if own is None or (own and not effect(own) and unit.head != unit.sha):
            return
        if effect(own):
            pairs = [(unit.sha, unit.head), (unit.sha, whole[0].sha), (unit.sha, whole[0].parents[0])]
            since = self._history.differences(pairs)
            if any(pair not in since for pair in pairs):
                return
            *there, already = (of_changes(self._history, own, since[pair]).share for pair in pairs)
            kept = min(there)
            if kept < THIRD or already >= kept:
                why = "has the branch it is on, but not what it did" if kept < THIRD else "has what was there before"
                self._near[unit.sha].append(candidate(whole[0], why))
                return
        self._found[unit.sha] = Counterpart("tree", whole[0], how)

    def _single(self, sha: str) -> bool:
        """Whether a commit has a change of its own to look for: a merge has that of others."""
        return len(self._sought[sha].commit.parents) < MERGE and bool(self._changes.get(sha))

    # -- nothing --

    def _nothing(self, commit: Commit) -> NoCounterpart:
        """Say why a commit cannot be said to have landed."""
        near = tuple(dict.fromkeys(self._near[commit.sha]))[:_SHOWN]
        lost = self._lost.get(commit.sha)
        if lost is not None and lost.lost is not None:
            return NoCounterpart(lost.lost, near)
        if commit.sha not in self._changes:
            return NoCounterpart(
                f"the trees of {commit.sha[:SHORT]} are not all here, so it cannot be looked for", near
            )
        heads = self._heads.get(commit.sha, ())
        names = [f"#{head.number}" if head.number is not None else head.name for head in heads]
        releases = release_branches(names)
        reason = "no commit there is its squash, has its patch or gives its tree; "
        if releases and len(releases) == len(names):
            reason += f"it landed on {releases[0]} only (to judge by that: --branch {releases[0]})"
        else:
            reason += f"it is on {', '.join(names[:3]) or 'no branch here'}"
        pulls = [head for head in heads if head.number is not None]
        unmerged = bool(pulls) and len(pulls) == len(heads) and not self._sought[commit.sha].merged
        return NoCounterpart(reason, near, never=unmerged and not near and not self._named(pulls))

    def _named(self, pulls: Iterable[Head]) -> bool:
        """Whether a commit of the branch says that it is the merge of one of some pull requests."""
        numbers = [head.number for head in pulls if head.number is not None]
        return any(self._history.numbered(numbers, self._tip).values())


class _Unit(NamedTuple):
    """Paths that some commit of the branch may change for a cited one, after `base`: its own, or those up to `head`."""

    sha: str
    paths: frozenset[str]
    base: str | None
    head: str | None = None
    content: tuple[Change, ...] = ()
