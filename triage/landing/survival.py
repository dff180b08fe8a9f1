"""How much of what a commit did is still there at another one, after moves and reworking."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from posixpath import basename
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.model import Change, Commit
    from triage.ports import History

THIRD = Fraction(1, 3)
"""Below this share a change that was reworked counts as gone."""
_SAYS = re.compile(rb"[0-9A-Za-z\x80-\xff]")
_MOST = 2_000
"""Paths of one commit that are compared line by line."""
_MOST_PAIRS = 2_000
"""Files that are gone times files that came, up to which each is compared with each."""


class Survival(NamedTuple):
    """What is left of a change: `as_left` paths are as it left them, `undone` as before it, `paths` are all of it.

    `share` is that of its lines which still are: those it added, in a path where it only removed some those that stay
    away. `moved` are the paths that live elsewhere.
    """

    paths: int
    as_left: int
    undone: int
    share: Fraction
    moved: int = 0


def survival(history: History, commit: Commit, at: str) -> Survival:
    """Return what of a commit's change is left at another commit.

    Raises `CouldNotLook` where a tree or a blob is missing, or the change is too large.
    """
    listed = history.changes([commit.sha]).get(commit.sha)
    since = history.differences([(commit.sha, at)]).get((commit.sha, at))
    if listed is None or since is None:
        raise CouldNotLook(f"the trees of {commit.sha[:9]} and {at[:9]} are not all here", history.state.cure)
    return of_changes(history, listed, since)


def of_changes(history: History, changes: Sequence[Change], since: Sequence[Change]) -> Survival:
    """Return what of some changes is left after what happened since. Raises `CouldNotLook` as `survival` does."""
    effect = [change for change in changes if change.before != change.after]
    later = {change.path: change.after for change in since}
    moved = _moved(history, effect, later, since)
    now = {change.path: later.get(change.path, change.after) for change in effect}
    now.update(moved)
    left = [change for change in effect if now[change.path] == change.after]
    undone = [change for change in effect if now[change.path] == change.before and change not in left]
    counts = len(effect), len(left), len(undone)
    if len(left) == len(effect) or len(undone) == len(effect):
        return Survival(*counts, Fraction(int(len(left) == len(effect))), len(moved))
    if len(effect) > _MOST:
        raise CouldNotLook(f"{len(effect):,} paths are more than are compared line by line")
    return Survival(*counts, _share(history, effect, now), len(moved))


def _moved(
    history: History, effect: Sequence[Change], later: Mapping[str, str | None], since: Sequence[Change]
) -> dict[str, str]:
    """The blobs that paths which are gone have elsewhere: the same content, the only new file of that name, the like.

    Like it is what has most of its lines, half of them at least, as git's own detection of renames has it.
    """
    gone = [change for change in effect if change.after is not None and later.get(change.path, "") is None]
    # What is back where it was before did not move: the change was undone.
    back = {(change.path, change.before) for change in effect}
    added = [
        change
        for change in since
        if change.before is None and change.after is not None and (change.path, change.after) not in back
    ]
    if not gone or not added:
        return {}
    contents = {change.after for change in added}
    names: dict[str, list[str]] = {}
    for change in added:
        names.setdefault(basename(change.path), []).append(change.after or "")
    found = {}
    for change in gone:
        alike = names.get(basename(change.path), [])
        if change.after in contents:
            found[change.path] = change.after or ""
        elif len(alike) == 1:
            found[change.path] = alike[0]
    missing = [change for change in gone if change.path not in found]
    if missing and len(missing) * len(added) <= _MOST_PAIRS:
        found.update(_like(history, missing, added))
    return found


def _like(history: History, gone: Sequence[Change], added: Sequence[Change]) -> dict[str, str]:
    """The added blob that has most of the lines of each file that is gone, half of them at least."""
    blobs = {change.after for change in (*gone, *added) if change.after is not None}
    lines = {
        blob: _lines(content)
        for blob, content in history.contents(blobs)
        if content is not None and not _binary(content)
    }
    found = {}
    for change in gone:
        own = lines.get(change.after or "")
        if not own:
            continue
        shared = {
            other.after or "": (own & lines[other.after or ""]).total() for other in added if other.after in lines
        }
        best = max(shared, key=lambda blob: shared[blob], default=None)
        if best is not None and 2 * shared[best] >= own.total():
            found[change.path] = best
    return found


def _binary(content: bytes) -> bool:
    return b"\0" in content[:8000]


def _share(history: History, effect: Sequence[Change], now: Mapping[str, str | None]) -> Fraction:
    blobs = {blob for change in effect for blob in (change.before, change.after, now[change.path]) if blob}
    lines: dict[str | None, Counter[bytes] | None] = {None: Counter()}
    for blob, content in history.contents(blobs):
        if content is None:
            raise CouldNotLook(f"blob {blob[:9]} is not here, or too large", history.state.cure)
        lines[blob] = None if _binary(content) else _lines(content)
    still = total = 0
    # Where files go and others come, those that go were moved: that they stay away is nothing by itself.
    if any(change.before is None for change in effect):
        effect = [change for change in effect if change.after is not None]
    for change in effect:
        part, whole = _of_path(lines[change.before], lines[change.after], lines[now[change.path]], change, now)
        still, total = still + part, total + whole
    return Fraction(still, total) if total else Fraction(0)


def _lines(content: bytes) -> Counter[bytes]:
    """The lines of a file that say something; white space counts, as it does in what the lines do."""
    return Counter(line for line in content.split(b"\n") if _SAYS.search(line))


def _of_path(
    before: Counter[bytes] | None,
    after: Counter[bytes] | None,
    later: Counter[bytes] | None,
    change: Change,
    now: Mapping[str, str | None],
) -> tuple[int, int]:
    """How many lines of one path's change still are, and how many there were; a binary file is one line."""
    if before is None or after is None or later is None:
        return int(now[change.path] == change.after), 1
    added = after - before
    if added:
        # What it put in place of others counts; that those are gone says nothing when others came in its stead.
        still = sum(min(number, max(0, later[line] - before[line])) for line, number in added.items())
        return (still if change.after is None or now[change.path] is not None else 0), added.total()
    removed = before - after
    if not removed:  # white space only, or an empty file
        return int(now[change.path] == change.after), 1
    return sum(min(number, max(0, before[line] - later[line])) for line, number in removed.items()), removed.total()
