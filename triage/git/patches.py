"""What commits do, as digests: two that do the same to the same paths have the same, wherever in the files."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.git import diffs
from triage.git.scratch import scratch_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triage.git.history import GitHistory
    from triage.git.process import Git
    from triage.git.stream import Stream
    from triage.model import Commit

_PATCH = (
    "diff-tree",
    "--stdin",
    "-r",
    "-p",
    "-U3",
    "--root",
    "--always",
    "--no-renames",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--submodule=short",
    "--ignore-submodules=none",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
_LARGEST = 50_000_000
_BATCH = 500
"""Commits a process, so that the limit on its time is not one on how many may be asked for."""
_NOTHING_BEGINS_SO = b"\n\0"
# Lines of files begin with a blank, `+`, `-` or a backslash, so that these can be no others than git's own.
_HUNK = re.compile(rb"^@@ [^\n]*", re.MULTILINE)
_IDS = re.compile(rb"^index [0-9a-f]+\.\.[0-9a-f]+([^\n]*)\n(?!Binary files )", re.MULTILINE)


def patches(history: GitHistory, shas: Iterable[str]) -> Mapping[str, str]:
    """Return a digest of each commit's diff against its first parent, "" for an empty one.

    It has the paths, the modes, and the lines with three around them as `git patch-id` has them, but white space
    too; of a binary file and a submodule the ids before and after. Left out is what is not here, lacks a tree or a
    blob, or has a diff above 50 MB. Raises CouldNotLook if git takes too long.
    """
    commits = list(history.commits(shas).values())
    git = scratch_of(history.git).theirs if commits else history.git
    found: dict[str, str | None] = {}
    for start in range(0, len(commits), _BATCH):
        batch = commits[start : start + _BATCH]
        printed, whole = _printed(git, batch)
        found.update(printed)
        if not whole:
            found.update(_one_by_one(git, _readable(history, [one for one in batch if one.sha not in printed])))
    return {sha: digest for sha, digest in found.items() if digest is not None}


def _readable(history: GitHistory, commits: list[Commit]) -> list[Commit]:
    """Keep the commits of whose diffs all trees and blobs are here: at any other, diff-tree would end."""
    changes = history.changes(commit.sha for commit in commits)
    sides = {sha: {blob for each in listed for blob in each[1:] if blob} for sha, listed in changes.items()}
    here = diffs.sizes(history.git, sorted(set().union(*sides.values())))
    return [commit for commit in commits if commit.sha in sides and sides[commit.sha] <= here.keys()]


def _one_by_one(git: Git, waiting: list[Commit]) -> dict[str, str | None]:
    """Return the digests of all but those at which git ends, whatever it was."""
    found: dict[str, str | None] = {}
    while waiting:
        printed, whole = _printed(git, waiting)
        found.update(printed)
        waiting = waiting[len(printed) :]
        if whole or not waiting:
            break
        # Git ended in the diff of this one, or before it said a word of the next.
        found.update(_printed(git, waiting[:1])[0])
        waiting = waiting[1:]
    return found


def _printed(git: Git, commits: Sequence[Commit]) -> tuple[dict[str, str | None], bool]:
    """Return the digests of the diffs that git printed to their ends, None for one too large; whether these are all."""
    found: dict[str, str | None] = {}
    feed = "".join(f"{diffs.pair(commit)}\n" for commit in commits).encode()
    with git.stream(*_PATCH, feed=feed) as stream:
        text = bytearray(b"\n")
        before: str | None = None
        for sha in [*(commit.sha for commit in commits), None]:
            # Each diff ends where the next commit is named, the last one with git.
            piece, ended = _take(stream, text, f"\n{sha}\n".encode() if sha else _NOTHING_BEGINS_SO)
            if ended and sha is not None:
                break
            if sha is None:
                try:
                    stream.finish()
                except CouldNotLook:
                    break
            if before is not None:
                found[before] = None if piece is None else _digest(piece)
            before = sha
    return found, len(found) == len(commits)


def _take(stream: Stream, text: bytearray, end: bytes) -> tuple[bytes | None, bool]:
    """Cut off and return what comes before `end`, None if that is too large, and whether there was no such end."""
    large = False
    searched = 0
    while (at := text.find(end, searched)) < 0:
        if len(text) > _LARGEST:
            large = True
            del text[: -len(end)]
        searched = max(0, len(text) - len(end))
        block = stream.chunk()
        if not block:
            return None if large or len(text) > _LARGEST else bytes(text), True
        text += block
    piece = None if large or at > _LARGEST else bytes(text[: at + 1])
    del text[: at + len(end) - 1]
    return piece, False


def _digest(text: bytes) -> str:
    """Return the digest of a diff, from which is taken what says where in the files it is."""
    if not text.strip():
        return ""
    plain = _IDS.sub(rb"index\1\n", _HUNK.sub(b"@@", text))
    return hashlib.sha256(plain).hexdigest()
