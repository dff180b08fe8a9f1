"""Commits that were made anew when the history was rewritten, told from those that were only amended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.landing.citation import candidate, landed_as
from triage.landing.sought import MERGE, Counterpart, Near, effect
from triage.landing.survival import THIRD, of_changes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from triage.model import Change, Commit
    from triage.ports import History

_LINE = 50
"""Commits that must have been made anew, one after the other, to speak of a history and not of a branch."""
_PATHS = 200


class Rewrites:
    """The commits of the branch that have the author, author date and subject of others (`twins`, by their SHAs)."""

    def __init__(
        self,
        history: History,
        tip: str,
        twins: Mapping[str, tuple[Commit, Sequence[Commit]]],
        changes: Mapping[str, tuple[Change, ...]],
    ) -> None:
        self._history = history
        self._tip = tip
        self._twins = twins
        self._changes = changes
        self._found: dict[str, Counterpart] = {}
        self._near: dict[str, Near] = {}

    def find(self) -> tuple[dict[str, Counterpart], dict[str, Near]]:
        """Return what was rewritten into what, and what comes near to it, by the SHAs of the commits."""
        if self._history.state.shallow:  # an older one may have them too
            return {}, {}
        likely: dict[str, Commit] = {}
        for sha, (_, twins) in self._twins.items():
            if len(twins) > 1:
                reason = "has the same author, author date and subject, as others have"
                self._near[sha] = Near(tuple(candidate(twin, reason) for twin in twins))
            else:
                likely[sha] = twins[0]
        changes = self._history.changes(twin.sha for twin in likely.values())
        missing: set[str] = set()
        for sha, twin in likely.items():
            missing.update(effect(self._changes.get(sha, ())).keys() - effect(changes.get(twin.sha, ())).keys())
        known = self._ever(sorted(missing))
        since = self._history.differences((sha, twin.sha) for sha, twin in likely.items())
        for sha, twin in likely.items():
            own = self._twins[sha][0]
            if len(own.parents) >= MERGE:
                self._merge(own, twin)
            else:
                self._judge(own, twin, changes.get(twin.sha), known, since.get((sha, twin.sha)))
        return self._found, self._near

    def _ever(self, paths: Sequence[str]) -> set[str]:
        """Those of some paths that the branch ever had."""
        wanted = set(paths)
        known: set[str] = set()
        for start in range(0, len(paths), _PATHS):
            listed = self._history.touching(paths[start : start + _PATHS], self._tip, ())
            changes = self._history.changes(listed)
            # Of a commit whose trees are missing any path may be.
            known |= wanted if len(changes) < len(listed) else set()
            known |= wanted.intersection(change.path for found in changes.values() for change in found)
        return known

    def _merge(self, own: Commit, twin: Commit) -> None:
        """Judge a merge, which does nothing of its own that could be compared."""
        reason = "has the same author, author date and subject"
        if len(twin.parents) < MERGE or not self._of_another_history(own):
            self._near[own.sha] = Near((candidate(twin, reason),))
            return
        how = f"{landed_as(own, twin)}: the history was rewritten, the author, author date and subject are the same"
        self._found[own.sha] = Counterpart("rewrite", twin, how)

    def _judge(
        self,
        own: Commit,
        twin: Commit,
        its: tuple[Change, ...] | None,
        known: Collection[str],
        since: tuple[Change, ...] | None,
    ) -> None:
        """Judge the only commit with the author, author date and subject of one: it was rewritten, or amended.

        `its` is what that changes, `known` are paths that the branch ever had, `since` what differs between the two.
        """
        mine = self._changes.get(own.sha)
        reason = "has the same author, author date and subject"
        if mine is None or its is None:
            self._near[own.sha] = Near((candidate(twin, f"{reason}; what they change cannot be compared"),))
            return
        how = f"{landed_as(own, twin)}: the history was rewritten, the author, author date and subject are the same"
        before, after = effect(mine), effect(its)
        missing = [path for path in before if path not in after]
        other = [path for path in before if path in after and before[path] != after[path]]
        other += [path for path in after if path not in before] + [path for path in missing if path in known]
        # What is nowhere in the history was purged from it; of the rest enough must be there.
        rest = [change for change in mine if change.path in known or change.path in after]
        there = [change for change in since or () if change.path in before]
        if since is None or (after if not effect(rest) else of_changes(self._history, rest, there).share < THIRD):
            self._near[own.sha] = Near((candidate(twin, f"{reason}, and not what it did"),))
            return
        if (other or missing) and not self._of_another_history(own):
            self._near[own.sha] = Near(
                (candidate(twin, f"{reason}, but does something else to {(other or missing)[0]}"),)
            )
            return
        if other:
            how += f"; it differs in {other[0]}" + (f" and {len(other) - 1:,} more paths" if len(other) > 1 else "")
        if len(missing) > len(other):
            how += f"; {len(missing):,} of its {len(before):,} paths are nowhere in the history any more"
        self._found[own.sha] = Counterpart("rewrite", twin, how)

    def _of_another_history(self, own: Commit) -> bool:
        """Whether a commit is of a history that was rewritten as a whole, and not of a branch that was amended.

        Then it has no ancestor with the branch in common, or a long line of commits that were all made anew.
        """
        if not self._history.bases(own.sha, self._tip):
            return True
        line = [own]
        while len(line) < _LINE and line[-1].parents:
            parent = self._history.commits(line[-1].parents[:1]).get(line[-1].parents[0])
            if parent is None:
                return False
            line.append(parent)
        shas = {one.sha for one in line}
        if len(line) < _LINE or self._history.reachable(self._tip, shas):
            return False
        twins = self._history.twins(shas)
        there = self._history.reachable(self._tip, {twin.sha for found in twins.values() for twin in found})
        anew = sum(any(twin.sha in there for twin in twins.get(sha, ())) for sha in shas)
        return 10 * anew >= 9 * len(line)
