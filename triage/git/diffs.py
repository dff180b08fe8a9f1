"""Diffs of commits against their first parent, as `diff-tree --raw` prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook
from triage.git.names import is_object_id
from triage.git.objects import kinds, path_text
from triage.git.stream import garbled
from triage.model import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from triage.git.process import Git
    from triage.model import Commit

RAW = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--root", "--no-abbrev", "--no-ext-diff", "--no-textconv")
SUBMODULE = b"160000"
TREE = b"040000"


class Raw(NamedTuple):
    """One line of a raw diff; ids are empty where a side is not there."""

    path: str
    target: str
    before: str
    after: str
    modes: tuple[bytes, bytes]
    letter: str


def differences(fields: Iterable[bytes]) -> Iterator[tuple[str, Raw | None]]:
    """Yield (commit, one difference) for what `diff-tree --stdin -z --raw` prints, (commit, None) at each header."""
    commit = ""
    stream = iter(fields)
    for field in stream:
        if not field.startswith(b":"):
            commit = field.strip().decode("ascii", "replace")
            if not is_object_id(commit):
                raise garbled("diff-tree")
            yield commit, None
            continue
        words = field[1:].split(b" ")
        path = next(stream, None)
        if len(words) != 5 or path is None:  # noqa: PLR2004 - two modes, two ids, a letter
            raise garbled("diff-tree")
        letter = words[4][:1].decode("ascii", "replace")
        target = next(stream, b"") if letter in "RC" else path
        before, after = (b"" if not word.strip(b"0") else word for word in words[2:4])
        yield (
            commit,
            Raw(path_text(path), path_text(target), before.decode(), after.decode(), (words[0], words[1]), letter),
        )


def pair(commit: Commit) -> str:
    """Return the input line that has diff-tree compare a commit with its first parent only."""
    return " ".join((commit.sha, *commit.parents[:1]))


def _with_trees(git: Git, commits: Sequence[Commit]) -> list[Commit]:
    """Keep the commits whose own and first parent's trees are here: at any other, diff-tree would end."""
    names = [f"{sha}^{{tree}}" for commit in commits for sha in (commit.sha, *commit.parents[:1])]
    found = iter(kinds(git, names))
    kept = []
    for commit in commits:
        here = [next(found) is not None for _ in (commit.sha, *commit.parents[:1])]
        if all(here):
            kept.append(commit)
    return kept


def changes(git: Git, commits: Mapping[str, Commit]) -> dict[str, tuple[Change, ...]]:
    """Return the diffs of the commits, without those that need a tree which is missing.

    One process where all trees are here; else those whose root trees are missing are left out first, and there is
    one process more for each commit where a tree below the root is missing.
    """
    answers, whole = asked(git, list(commits.values()))
    if whole:
        return answers
    waiting = _with_trees(git, [commit for sha, commit in commits.items() if sha not in answers])
    while waiting:
        found, whole = asked(git, waiting)
        answers.update(found)
        # What came last was complete: git prints a commit's header and diff in one go, after reading its trees.
        waiting = [] if whole else waiting[len(found) + 1 :]
    return answers


def asked(git: Git, commits: Sequence[Commit]) -> tuple[dict[str, tuple[Change, ...]], bool]:
    """Return the diffs that git prints before it ends, and whether these are all."""
    found: dict[str, list[Change]] = {}
    listed: list[Change] = []
    feed = "".join(f"{pair(commit)}\n" for commit in commits).encode()
    with git.stream(*RAW, "--no-renames", "--always", feed=feed) as stream:
        fields = stream.fields()
        for field in fields:
            if not field.startswith(b":"):
                sha = field.strip().decode("ascii", "replace")
                if not is_object_id(sha):
                    raise garbled("diff-tree")
                listed = found.setdefault(sha, [])
                continue
            words = field.split(b" ")
            path = next(fields, None)
            if len(words) != 5 or path is None:  # noqa: PLR2004 - two modes, two ids, a letter
                raise garbled("diff-tree")
            before = None if words[0][1:] == SUBMODULE or not words[2].strip(b"0") else words[2].decode()
            after = None if words[1] == SUBMODULE or not words[3].strip(b"0") else words[3].decode()
            listed.append(Change(path_text(path), before, after))
        try:
            stream.finish()
        except CouldNotLook:
            if len(found) >= len(commits):
                raise
    return {sha: tuple(each) for sha, each in found.items()}, len(found) == len(commits)


def lines_changed(git: Git, commit: Commit) -> tuple[int, int]:
    """Return lines added and removed, as `git show --stat` counts them. Raises CouldNotLook if a blob is missing."""
    command = ("diff-tree", "--stdin", "-r", "-z", "--numstat", "--root", "-M", "-l1000", "--no-ext-diff")
    out = git.run(*command, "--no-textconv", "--no-commit-id", feed=f"{pair(commit)}\n".encode())
    added = removed = 0
    fields = iter(out.split(b"\0"))
    for field in fields:
        words = field.split(b"\t")
        if len(words) != 3:  # noqa: PLR2004 - added, removed, path
            continue
        if not words[2]:
            next(fields, None)
            next(fields, None)
        added += int(words[0]) if words[0].isdigit() else 0
        removed += int(words[1]) if words[1].isdigit() else 0
    return added, removed
