"""Changes done again elsewhere: whether merging one into another commit gives exactly the tree of a third."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.git import diffs, objects
from triage.git.names import is_object_id, object_id
from triage.git.scratch import no_room, scratch_of
from triage.git.stream import garbled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from triage.git.history import GitHistory
    from triage.git.process import Git
    from triage.git.scratch import Scratch
    from triage.model import Replay

_MERGES_TREES = (2, 38)
_MERGES_MANY = (2, 39)
_MERGE = ("merge-tree", "--write-tree", "--no-messages", "--name-only")
_PACK = ("pack-objects", "--stdout", "-q", "--threads=1", "--window=0", "--compression=1")
_BATCH = 50
"""Merges a process, so that the limit on its time is not one on how many may be asked for."""
_LARGEST = 200_000_000
_PERSON = "triage <> 0 +0000"

Sides = tuple[str, str, str]
"""The commits of a merge: where both sides began, what one became, what the other did."""


def replays(history: GitHistory, asked: Iterable[Replay]) -> Mapping[Replay, bool]:
    """Return whether a three-way merge of `change` into `onto`, from `base`, gives exactly the tree of `result`.

    Renames are followed as `git merge` follows them; a conflict gives False. Left out is what cannot be told: a
    missing object, files of more than 200 MB, a git before 2.38, and what would say nothing: a change that changes
    nothing, or a result that is what was there before. Raises CouldNotLook if git takes too long.
    """
    wanted = list(dict.fromkeys(asked))
    trees = _trees(history.git, sorted({object_id(sha) for one in wanted for sha in one}))
    telling = [one for one in wanted if all(sha in trees for sha in one) and _tells(one, trees)]
    if not telling:
        return {}
    merged = _merged(history, list(dict.fromkeys((one.base, one.onto, one.change) for one in telling)), trees)
    results = {one: merged.get((one.base, one.onto, one.change), "") for one in telling}
    return {one: tree == trees[one.result] for one, tree in results.items() if tree != ""}


def needed(history: GitHistory, asked: Iterable[Sides]) -> dict[Sides, set[str]]:
    """Return the objects from which each merge is made, as far as they are here; without one that lacks a tree.

    These are the trees that differ, the files that both sides touch, and those that may have been renamed.
    """
    merges = list(dict.fromkeys(asked))
    pairs = [(base, side) for base, onto, change in merges for side in (onto, change)]
    differing = diffs.with_trees(history, pairs)
    trees = _trees(history.git, sorted({sha for sides in merges for sha in sides}))
    wanted = {}
    for base, onto, change in merges:
        theirs, ours = differing.get((base, onto)), differing.get((base, change))
        if theirs is not None and ours is not None:
            wanted[base, onto, change] = {
                *(trees[sha] for sha in (base, onto, change)),
                *_read_by_a_merge(theirs, ours),
                *_read_by_a_merge(ours, theirs),
            }
    sizes = diffs.sizes(history.git, sorted(set().union(*wanted.values())))
    here = {sides: shas & sizes.keys() for sides, shas in wanted.items()}
    return {sides: shas for sides, shas in here.items() if sum(sizes[sha] for sha in shas) <= _LARGEST}


def objects_of(history: GitHistory, asked: Iterable[Replay]) -> set[str]:
    """Return the objects from which replays can be told anywhere: those of the merges, and the trees of the results."""
    wanted = list(asked)
    found: set[str] = set().union(*needed(history, ((one.base, one.onto, one.change) for one in wanted)).values())
    found.update(_trees(history.git, sorted({one.result for one in wanted})).values())
    return found


def _read_by_a_merge(one: Iterable[diffs.Raw], other: Iterable[diffs.Raw]) -> Iterator[str]:
    """Yield what is read of one side: its trees, the files that both touch, and those that may have been renamed.

    Git looks for renames where the other side touches what went, or adds to a folder from which files went: that may
    have been renamed as a whole.
    """
    touched = {raw.path for raw in other}
    gone = [raw.path for raw in one if not raw.after]
    folders = {path.rpartition("/")[0] for path in gone}
    renames = not touched.isdisjoint(gone) or any(
        not folders.isdisjoint(_folders(raw.path)) for raw in other if not raw.before and folders
    )
    for raw in one:
        read = raw.path in touched or (renames and not (raw.before and raw.after))
        for sha, mode in zip((raw.before, raw.after), raw.modes, strict=True):
            if sha and mode != diffs.SUBMODULE and (mode == diffs.TREE or read):
                yield sha


def _folders(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _trees(git: Git, shas: list[str]) -> dict[str, str]:
    """Return the root trees of the commits, without those that are missing."""
    headers = objects.kinds(git, [f"{sha}^{{tree}}" for sha in shas])
    return {sha: header.sha for sha, header in zip(shas, headers, strict=True) if header is not None}


def _tells(one: Replay, trees: Mapping[str, str]) -> bool:
    return trees[one.base] != trees[one.change] and trees[one.onto] != trees[one.result]


def _merged(history: GitHistory, merges: list[Sides], trees: Mapping[str, str]) -> dict[Sides, str | None]:
    """Return the trees that merging gives, None for a conflict, without those at which git ended."""
    scratch = scratch_of(history.git)
    version = scratch.own.version()
    found: dict[Sides, str | None] = {}
    for start in range(0, len(merges), _BATCH) if version >= _MERGES_TREES else ():
        objects_of = needed(history, merges[start : start + _BATCH])
        _bring(scratch, sorted(set().union(*objects_of.values())))
        waiting = [(sides, _pair(scratch, *(trees[sha] for sha in sides))) for sides in objects_of]
        while waiting:
            pairs = [pair for _, pair in waiting]
            told = _many(scratch.own, pairs) if version >= _MERGES_MANY else _one(scratch.own, pairs[0])
            found.update({sides: tree for (sides, _), tree in zip(waiting, told, strict=False)})
            # At the one after these, git ended.
            waiting = waiting[len(told) :] if told and version < _MERGES_MANY else waiting[len(told) + 1 :]
    return found


def _bring(scratch: Scratch, shas: list[str]) -> None:
    """Copy objects of the clone into the repository of our own."""

    def packed() -> Iterator[bytes]:
        with scratch.theirs.stream(*_PACK, feed="".join(f"{sha}\n" for sha in shas).encode()) as stream:
            while block := stream.chunk():
                yield block
            stream.finish()

    if shas:
        scratch.own.run("index-pack", "--stdin", "--threads=1", feed=packed())


def _pair(scratch: Scratch, base: str, onto: str, change: str) -> tuple[str, str]:
    """Write the commits whose merge is meant, and return the two: `--merge-base` came with git 2.40 only."""
    begun = _written(scratch, f"tree {base}\n")
    return _written(scratch, f"tree {onto}\nparent {begun}\n"), _written(scratch, f"tree {change}\nparent {begun}\n")


def _written(scratch: Scratch, head: str) -> str:
    """Store a commit as a loose object, without the process that `hash-object` is for each."""
    text = f"{head}author {_PERSON}\ncommitter {_PERSON}\n\n\n".encode()
    raw = b"commit %d\0%s" % (len(text), text)
    sha = (hashlib.sha256(raw) if scratch.long_ids else hashlib.sha1(raw, usedforsecurity=False)).hexdigest()
    place = scratch.objects / sha[:2] / sha[2:]
    try:
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(raw))
    except OSError as error:
        raise no_room(error) from error
    return sha


def _many(git: Git, pairs: list[tuple[str, str]]) -> list[str | None]:
    """Return what git says of the first of the merges before it ends."""
    found: list[str | None] = []
    feed = "".join(f"{onto} {change}\n" for onto, change in pairs).encode()
    with git.stream(*_MERGE, "--stdin", feed=feed) as stream:
        fields = stream.fields()
        # Of each merge: whether it is clean, the tree, the paths in conflict, and nothing at the end.
        while (clean := next(fields, None)) is not None and (tree := next(fields, None)) is not None:
            sha = tree.decode("ascii", "replace")
            if clean not in (b"0", b"1") or not is_object_id(sha):
                raise garbled("merge-tree")
            if any(not path for path in fields):
                found.append(sha if clean == b"1" else None)
        try:
            stream.finish()
        except CouldNotLook:
            if len(found) >= len(pairs):
                raise
    return found


def _one(git: Git, pair: tuple[str, str]) -> list[str | None]:
    """Return the tree of one merge, or None for a conflict; nothing if git ended over it."""
    with git.stream(*_MERGE, *pair) as stream:
        line = stream.line() or b""
        try:
            code = stream.finish((0, 1))
        except CouldNotLook:
            return []
    sha = line.decode("ascii", "replace")
    if not is_object_id(sha):
        return []
    return [sha if code == 0 else None]
