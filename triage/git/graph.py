"""The commits and their parents as a graph in memory: ancestors, best common ancestors, and which heads reach what."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from triage.git.walk import Told

_ONE, _OTHER, _BOTH, _STALE = 1, 2, 3, 4
_KEPT_ANCESTORS = 16


class Graph:
    """Commits by their binary ids. A parent that is not among them is where the clone ends."""

    def __init__(self, parents: dict[bytes, bytes], size: int) -> None:
        """Take the ids of each commit's parents, one after the other; an id has `size` bytes."""
        self._parents = parents
        self._size = size
        self._generations: dict[bytes, int] = {}
        self._ancestors: dict[bytes, set[bytes]] = {}

    def __contains__(self, sha: str) -> bool:
        return bytes.fromhex(sha) in self._parents

    def add(self, more: Iterable[Told]) -> None:
        """Take further commits; none may be the parent of one that is here."""
        self._parents.update((bytes.fromhex(sha), bytes.fromhex(parents)) for sha, parents, *_ in more)

    def among(self, tip: str, shas: Iterable[str]) -> set[str]:
        """Return those that are `tip` or an ancestor of it; `tip` must be here."""
        ancestors = self._below(bytes.fromhex(tip))
        return {sha for sha in shas if bytes.fromhex(sha) in ancestors}

    def _of(self, commit: bytes) -> Sequence[bytes]:
        """Return the parents of a commit."""
        parents = self._parents[commit]
        size = self._size
        if len(parents) == size:
            return (parents,)
        return [parents[at : at + size] for at in range(0, len(parents), size)]

    def _below(self, tip: bytes) -> set[bytes]:
        """Return a commit and its ancestors."""
        known = self._ancestors.get(tip)
        if known is not None:
            return known
        parents, size = self._parents, self._size
        seen = {tip}
        waiting = [tip]
        while waiting:
            found = parents[waiting.pop()]
            for parent in (found,) if len(found) == size else self._split(found):
                if parent not in seen and parent in parents:
                    seen.add(parent)
                    waiting.append(parent)
        while len(self._ancestors) >= _KEPT_ANCESTORS:
            del self._ancestors[next(iter(self._ancestors))]
        self._ancestors[tip] = seen
        return seen

    def reached(self, tips: Iterable[str]) -> set[bytes]:
        """Return commits, which must be here, and their ancestors."""
        return self._outside((bytes.fromhex(sha) for sha in tips), ())

    def _split(self, parents: bytes) -> list[bytes]:
        return [parents[at : at + self._size] for at in range(0, len(parents), self._size)]

    def bases(self, one: str, other: str) -> tuple[str, ...]:
        """Return the best common ancestors of two commits that are here, sorted; as `git merge-base --all`."""
        first, second = bytes.fromhex(one), bytes.fromhex(other)
        if first in self._ancestors:
            first, second = second, first
        known = self._ancestors.get(second)
        found = self._painted(first, second) if known is None else self._met(first, known)
        return tuple(sorted(sha.hex() for sha in found))

    def _met(self, one: bytes, on: set[bytes]) -> set[bytes]:
        """Return the best common ancestors of `one` and of what has `on` for its ancestors."""
        if one in on:
            return {one}
        met = {parent for commit in self._outside((one,), on) for parent in self._of(commit) if parent in on}
        if len(met) < 2:  # noqa: PLR2004 - one is not below another
            return met
        # Where a branch was brought up to date by merges it meets the other one more than once.
        generations = self._longest_ways()
        lowest = min(generations[commit] for commit in met)
        seen = set(met)
        waiting = list(met)
        while waiting:
            for parent in self._of(waiting.pop()):
                if parent in met:
                    met.discard(parent)
                if parent not in seen and generations.get(parent, -1) >= lowest:
                    seen.add(parent)
                    waiting.append(parent)
        return met

    def _painted(self, one: bytes, other: bytes) -> list[bytes]:
        """Return the best common ancestors by painting both sides downwards, as git does it (commit-reach.c).

        The order is that of the longest way to a root and not of dates, so that no clock can be wrong: what is
        painted is final when its turn comes.
        """
        generations = self._longest_ways()
        painted: dict[bytes, int] = {}
        heap: list[tuple[int, bytes]] = []
        fresh = 0
        """How many of those in the heap are not below a common ancestor that was found."""
        for commit, colour in ((one, _ONE), (other, _OTHER)):
            if commit not in painted:
                heappush(heap, (-generations[commit], commit))
                fresh += 1
            painted[commit] = painted.get(commit, 0) | colour
        found = []
        while fresh:
            commit = heappop(heap)[1]
            colours = painted[commit]
            if not colours & _STALE:
                fresh -= 1
                if colours == _BOTH:
                    found.append(commit)
                    colours |= _STALE
            for parent in self._of(commit):
                if parent not in self._parents:
                    continue
                before = painted.get(parent)
                if before is None:
                    heappush(heap, (-generations[parent], parent))
                    fresh += not colours & _STALE
                elif not before & _STALE and colours & _STALE:
                    fresh -= 1
                painted[parent] = (before or 0) | colours
        return found

    def _longest_ways(self) -> dict[bytes, int]:
        """Return how long the longest way from each commit to a root is: a parent's is always the shorter one."""
        known = self._generations
        if len(known) == len(self._parents):
            return known
        for start in self._parents:
            if start in known:
                continue
            waiting = [start]
            while waiting:
                commit = waiting[-1]
                length = 0
                for parent in self._of(commit):
                    if parent in self._parents:
                        way = known.get(parent)
                        if way is None:
                            waiting.append(parent)
                            length = -1
                        elif length >= 0:
                            length = max(length, way + 1)
                if length >= 0:
                    known[commit] = length
                    waiting.pop()
        return known

    def reaching(self, heads: Sequence[str], tip: str, shas: Collection[str]) -> dict[str, list[tuple[int, int]]]:
        """Return, for each of `shas` that `tip` has not, which heads have it: (how many that `tip` has not, place).

        The places are those in `heads`; the fewer commits a head has that `tip` has not, the sooner it comes. Heads
        that are on `tip` themselves are left out.
        """
        on = self._below(bytes.fromhex(tip))
        starts: dict[bytes, int] = {}
        for place, head in enumerate(heads):
            commit = bytes.fromhex(head)
            if commit in self._parents and commit not in on:
                starts[commit] = starts.get(commit, 0) | 1 << place
        outside = self._outside(starts, on)
        # Children first, each handing on to its parents the set of heads that have it, as the bits of one number.
        having = dict.fromkeys(outside, 0)
        having.update(starts)
        counters: list[int] = []
        for commit in self._children_first(outside):
            bits = having[commit]
            for parent in self._of(commit):
                if parent in having:
                    having[parent] |= bits
            _count(counters, bits)
        sizes: dict[int, int] = {}
        found = {}
        for sha in shas:
            bits = having.get(bytes.fromhex(sha), 0)
            places = []
            while bits:
                place = (bits & -bits).bit_length() - 1
                bits &= bits - 1
                if place not in sizes:
                    sizes[place] = sum((digit >> place & 1) << power for power, digit in enumerate(counters))
                places.append((sizes[place], place))
            if places:
                found[sha] = sorted(places)
        return found

    def _outside(self, starts: Iterable[bytes], on: Collection[bytes]) -> set[bytes]:
        """Return the commits that are found from `starts` without those in `on`."""
        seen = set(starts)
        waiting = list(seen)
        while waiting:
            for parent in self._of(waiting.pop()):
                if parent not in seen and parent not in on and parent in self._parents:
                    seen.add(parent)
                    waiting.append(parent)
        return seen

    def _children_first(self, some: Collection[bytes]) -> Iterator[bytes]:
        """Yield the commits so that each comes after all of its children among them."""
        children = dict.fromkeys(some, 0)
        for commit in some:
            for parent in self._of(commit):
                if parent in children:
                    children[parent] += 1
        waiting = [commit for commit, number in children.items() if not number]
        while waiting:
            commit = waiting.pop()
            yield commit
            for parent in self._of(commit):
                if parent in children:
                    children[parent] -= 1
                    if not children[parent]:
                        waiting.append(parent)


def _count(counters: list[int], bits: int) -> None:
    """Add one to the counter of each bit that is set; `counters` are the binary digits of all counters, lowest first.

    So a commit costs a few operations on long numbers, however many heads have it.
    """
    power = 0
    while bits:
        if power == len(counters):
            counters.append(0)
        counters[power], bits = counters[power] ^ bits, counters[power] & bits
        power += 1
