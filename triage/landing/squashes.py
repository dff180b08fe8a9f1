"""Commits of pull requests that were squashed into a commit of the branch, and what of them is in that.

GitHub makes a squash of the last commit of a pull request; a commit before that landed with it if what it did was
still there then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.landing.citation import candidate, landed_as
from triage.landing.reverts import Pulled
from triage.landing.sought import Counterpart, Near, dated, effect, same_subject
from triage.landing.subjects import plain, pulls
from triage.landing.survival import THIRD, of_changes
from triage.model import Replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.landing.sought import Sought
    from triage.model import Change, Commit, Head
    from triage.ports import History


class _Squash(NamedTuple):
    """A commit of the branch that may be the squash of a pull request, whose newest commit is `head`."""

    commit: Commit
    head: str
    number: int
    title: str


class Squashes:
    """The squashes that commits are looked for in. `heads` are the pull requests that have each of them."""

    def __init__(
        self,
        history: History,
        tip: str,
        sought: Mapping[str, Sought],
        heads: Mapping[str, Sequence[Head]],
        changes: Mapping[str, tuple[Change, ...]],
    ) -> None:
        self._history = history
        self._tip = tip
        self._sought = sought
        self._heads = heads
        self._changes = changes
        self._found: dict[str, Counterpart] = {}
        self._near: dict[str, Near] = {}
        self._bases: dict[tuple[str, str], str | None] = {}
        self._before: dict[str, tuple[_Squash, str]] = {}
        """What stood on the branch before a squash as well: another squash that brought it counts first."""

    def find(self) -> tuple[dict[str, Counterpart], dict[str, Near]]:
        """Return what landed so, and what comes near to it, by the SHAs of the commits."""
        cases = self._cases()
        pairs = [(sha, case.commit.sha) for sha, listed in cases.items() for case in listed]
        since = self._history.differences(pairs)
        brought = self._history.changes({case.commit.sha for listed in cases.values() for case in listed})
        waiting: list[tuple[str, _Squash]] = []
        for sha, listed in cases.items():
            own = effect(self._changes.get(sha, ()))
            for case in listed:
                squash = case.commit.sha
                if (sha, squash) not in since or not own:
                    waiting.append((sha, case))
                    continue
                otherwise = {change.path for change in since[sha, squash]}
                changed = {change.path for change in brought.get(squash, ())}
                if otherwise.isdisjoint(own) and not changed.isdisjoint(own):
                    what = "the path" if len(own) == 1 else f"each of the {len(own):,} paths"
                    self._squash(sha, case, f"{what} that it changed is there as it left it")
                    continue
                waiting.append((sha, case))
        self._whole_pulls(waiting, brought)
        for sha, (case, why) in self._before.items():
            if sha not in self._found:
                self._squash(sha, case, why)
        return self._found, self._near

    def _cases(self) -> dict[str, list[_Squash]]:
        """The commits of the branch that say they are the squash of a pull request which has a commit."""
        numbers = {head.number for heads in self._heads.values() for head in heads if head.number is not None}
        own = {sha: {int(number[1:]) for number in pulls(one.commit.subject)} for sha, one in self._sought.items()}
        merges = self._history.numbered(numbers.union(*own.values()), self._tip)
        told = {merged.commit for one in self._sought.values() for merged in one.merged}
        there = self._history.reachable(self._tip, told) if told else ()
        commits = self._history.commits(there)
        cases: dict[str, list[_Squash]] = {}
        for sha, one in self._sought.items():
            listed = [
                _Squash(merge, head.sha, head.number, plain(merge.subject))
                for head in self._heads.get(sha, ())
                if head.number is not None
                for merge in merges.get(head.number, ())
            ]
            listed += [
                _Squash(commits[merged.commit], merged.head, merged.number, merged.title)
                for merged in one.merged
                if merged.commit in commits
            ]
            # In a history that was rewritten, the squash of another pull request was what this one was based on.
            based = {
                number for number in own[sha] for merge in merges.get(number, ()) if same_subject(merge, one.commit)
            }
            # A merge commit brings its commits along: what is not on the branch was not brought by one.
            unique = {
                (case.commit.sha, case.head): case
                for case in listed
                if len(case.commit.parents) == 1 and (not based or case.number in based)
            }
            if unique:
                cases[sha] = list(unique.values())
        return cases

    def _squash(self, sha: str, case: _Squash, why: str) -> None:
        own = self._sought[sha].commit
        how = f"{landed_as(own, case.commit)}: #{case.number} was squashed, and {why}"
        found = Counterpart("squash", case.commit, how, Pulled(case.number, case.title))
        first = self._found.get(sha)
        self._found[sha] = found if first is None else first._replace(others=(*first.others, found))

    def _whole_pulls(self, waiting: Sequence[tuple[str, _Squash]], brought: Mapping[str, tuple[Change, ...]]) -> None:
        """Whether a squash is all of its pull request: then what stands at the head of that has landed."""
        squashes = {(case.head, case.commit.sha): case.commit for _, case in waiting if case.commit.parents}
        heads = self._history.commits({head for head, _ in squashes})
        bases: dict[tuple[str, str], str] = {}
        for (head, squash), commit in squashes.items():
            base = self._base(head, commit.parents[0]) if head in heads else None
            if base is not None:
                bases[head, squash] = base
        content = self._history.differences((base, head) for (head, _), base in bases.items())
        rest = self._history.differences(bases)
        whole: set[tuple[str, str]] = set()
        replays: dict[tuple[str, str], Replay] = {}
        for pair, base in bases.items():
            head, squash = pair
            paths = {change.path for change in content.get((base, head), ())}
            if not paths or pair not in rest:
                continue
            if paths.isdisjoint(change.path for change in rest[pair]):
                whole.add(pair)
            elif paths.intersection(change.path for change in brought.get(squash, ())):
                replays[pair] = Replay(base, head, squashes[pair].parents[0], squash)
        done = self._history.replays(replays.values())
        whole.update(pair for pair, replay in replays.items() if done.get(replay))
        since = self._history.differences(
            (sha, other)
            for sha, case in waiting
            for other in (case.head if case.head in heads else sha, case.commit.sha, *case.commit.parents)
        )
        for sha, case in waiting:
            before = since.get((sha, case.commit.parents[0])) if case.commit.parents else None
            if (case.head, case.commit.sha) in whole:
                self._part_of(sha, case, since.get((sha, case.head)), since.get((sha, case.commit.sha)), before)
            else:
                self._line_by_line(sha, case, since.get((sha, case.commit.sha)), before)

    def _line_by_line(
        self, sha: str, case: _Squash, after: tuple[Change, ...] | None, before: tuple[Change, ...] | None
    ) -> None:
        """Judge a commit of a pull request of which the squash is not the exact sum: all its lines may be in it."""
        own = self._changes.get(sha)
        lost = f"{dated(case.commit)} says that it is #{case.number}, which has the commit"
        if own and effect(own) and after is not None and before is not None:
            left = of_changes(self._history, own, after)
            if left.share == 1 and of_changes(self._history, own, before).share < 1:
                self._squash(sha, case, "every line that this commit added or removed came with it")
                return
            lost += f", and has {round(left.share * 100)}% of what it did"
        found = candidate(case.commit, f"says that it is #{case.number}, which has the commit")
        self._add(sha, Near((found,), lost))

    def _part_of(
        self,
        sha: str,
        case: _Squash,
        after: tuple[Change, ...] | None,
        squashed: tuple[Change, ...] | None,
        before: tuple[Change, ...] | None,
    ) -> None:
        """Judge a commit of a pull request that was squashed whole, by what happened to it before the squash.

        `after` is what differs at the last commit of the pull request, `squashed` in the squash, and `before` on the
        branch just before it: what stood there already was not brought by it.
        """
        own = self._changes.get(sha)
        if own == () or (sha == case.head and own is not None and not effect(own)):
            self._squash(sha, case, "it is as its last commit left it, up to which this one leads")
            return
        found = candidate(case.commit, f"is the squash of #{case.number}, which has the commit")
        if not own or not effect(own) or after is None or squashed is None or before is None:
            self._add(sha, Near((found,)))
            return
        left = of_changes(self._history, own, after)
        if min(left.share, of_changes(self._history, own, squashed).share) >= THIRD:
            already = of_changes(self._history, own, before).share >= left.share
            why = "what this commit did was as it left it then"
            if left.as_left < left.paths:
                why = f"{round(left.share * 100)}% of the lines of this commit were still there then"
            if already and sha not in self._before:
                self._before[sha] = (case, f"{why}, as it was on the branch before")
            elif not already:
                self._squash(sha, case, why)
            return
        share = f"{round(left.share * 100)}%" if left.share else "nothing"
        lost = f"{share} of what it did was left when #{case.number} was squashed into {dated(case.commit)}"
        self._add(sha, Near((found,), lost))

    def _add(self, sha: str, near: Near) -> None:
        before = self._near.get(sha, Near())
        self._near[sha] = Near((*before.candidates, *near.candidates), near.lost or before.lost)

    def _base(self, one: str, other: str) -> str | None:
        if (one, other) not in self._bases:
            found = self._history.bases(one, other)
            self._bases[one, other] = found[0] if len(found) == 1 else None
        return self._bases[one, other]
