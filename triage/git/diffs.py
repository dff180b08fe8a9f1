"""Diffs of commits against their first parent, as `diff-tree --raw` prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from triage.errors import CouldNotLook
from triage.git.names import is_object_id
from triage.git.objects import kinds, path_text
from triage.git.stream import garbled
from triage.model import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from triage.git.history import GitHistory
    from triage.git.process import Git
    from triage.model import Commit

RAW = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--root", "--no-abbrev", "--no-ext-diff", "--no-textconv")
SUBMODULE = b"160000"
TREE = b"040000"
_PLAIN = (b"100644", b"000000")

T = TypeVar("T")


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


def changes(git: Git, commits: Mapping[str, Commit]) -> dict[str, tuple[Change, ...]]:
    """Return the diffs of the commits, without those that need a tree which is missing."""
    lines = {sha: pair(commit) for sha, commit in commits.items()}
    found = _of_lines(git, list(lines.values()), _change)
    return {sha: found[line] for sha, line in lines.items() if line in found}


def differences_of(history: GitHistory, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Change, ...]]:
    """Return what leads from the tree of the first commit of each pair to that of the second.

    A pair of which a commit or a tree is missing is left out. Where a side of a change is a submodule, it has no blob.
    """
    return _between(history, pairs, _change)


def with_trees(history: GitHistory, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Raw, ...]]:
    """Return what `differences_of` does, with modes and submodules, and with the trees on the way to each file."""
    return _between(history, pairs, _raw, "-t")


def _between(
    history: GitHistory, pairs: Iterable[tuple[str, str]], row: Callable[[list[bytes], bytes], T], *options: str
) -> dict[tuple[str, str], tuple[T, ...]]:
    wanted = list(dict.fromkeys(pairs))
    here = history.commits(dict.fromkeys(sha for each in wanted for sha in each))
    # diff-tree takes the commit first, and what it is to be compared with as if that were its parent.
    lines = {(one, other): f"{other} {one}" for one, other in wanted if one in here and other in here}
    found = _of_lines(history.git, list(lines.values()), row, *options)
    return {each: found[line] for each, line in lines.items() if line in found}


def asked(git: Git, commits: Sequence[Commit]) -> tuple[dict[str, tuple[Change, ...]], bool]:
    """Return the diffs that git prints before it ends, and whether these are all."""
    found, whole = _printed(git, [pair(commit) for commit in commits], _change)
    return {commit.sha: each for commit, each in zip(commits, found, strict=False)}, whole


def _of_lines(
    git: Git, lines: list[str], row: Callable[[list[bytes], bytes], T], *options: str
) -> dict[str, tuple[T, ...]]:
    """Return the diffs by the input lines that ask for them, without those that need a tree which is missing.

    One process where all trees are here; else those whose root trees are missing are left out first, and there is
    one process more for each line where a tree below the root is missing.
    """
    if not lines:
        return {}
    found, whole = _printed(git, lines, row, *options)
    answers = dict(zip(lines, found, strict=False))
    if whole:
        return answers
    waiting = _with_roots(git, [line for line in lines if line not in answers])
    while waiting:
        found, whole = _printed(git, waiting, row, *options)
        answers.update(zip(waiting, found, strict=False))
        # What came last was complete: git prints a commit's header and diff in one go, after reading its trees.
        waiting = [] if whole else waiting[len(found) + 1 :]
    return answers


def _with_roots(git: Git, lines: Sequence[str]) -> list[str]:
    """Keep the lines whose commits have their root trees here: at any other, diff-tree would end."""
    sides = [line.split(" ") for line in lines]
    found = iter(kinds(git, [f"{sha}^{{tree}}" for shas in sides for sha in shas]))
    kept = []
    for line, shas in zip(lines, sides, strict=True):
        here = [next(found) is not None for _ in shas]
        if all(here):
            kept.append(line)
    return kept


def _printed(
    git: Git, lines: Sequence[str], row: Callable[[list[bytes], bytes], T], *options: str
) -> tuple[list[tuple[T, ...]], bool]:
    """Return the diffs that git prints for the first of the lines before it ends, and whether these are all."""
    found: list[list[T]] = []
    feed = "".join(f"{line}\n" for line in lines).encode()
    with git.stream(*RAW, *options, "--no-renames", "--always", feed=feed) as stream:
        fields = stream.fields()
        for field in fields:
            if not field.startswith(b":"):
                sha = field.strip().decode("ascii", "replace")
                if len(found) == len(lines) or sha != lines[len(found)].partition(" ")[0]:
                    raise garbled("diff-tree")
                found.append([])
                continue
            words = field[1:].split(b" ")
            path = next(fields, None)
            if len(words) != 5 or path is None or not found:  # noqa: PLR2004 - two modes, two ids, a letter
                raise garbled("diff-tree")
            found[-1].append(row(words, path))
        try:
            stream.finish()
        except CouldNotLook:
            if len(found) >= len(lines):
                raise
    return [tuple(each) for each in found], len(found) == len(lines)


def _change(words: list[bytes], path: bytes) -> Change:
    before = None if words[0] == SUBMODULE or not words[2].strip(b"0") else words[2].decode()
    after = None if words[1] == SUBMODULE or not words[3].strip(b"0") else words[3].decode()
    return Change(path_text(path), before, after, None if words[1] in _PLAIN else words[1].decode())


def _raw(words: list[bytes], path: bytes) -> Raw:
    before, after = ("" if not word.strip(b"0") else word.decode() for word in words[2:4])
    name = path_text(path)
    return Raw(name, name, before, after, (words[0], words[1]), words[4][:1].decode("ascii", "replace"))


def sizes(git: Git, shas: Iterable[str]) -> dict[str, int]:
    """Return the size of each object that is here; none is opened, so that damage does not show."""
    feed = "".join(f"{sha}\n" for sha in shas).encode()
    found = {}
    for line in git.run("cat-file", "--batch-check", feed=feed).splitlines() if feed else ():
        sha, _, told = line.decode("ascii", "replace").partition(" ")
        size = told.rpartition(" ")[2]
        if size.isdigit():
            found[sha] = int(size)
        elif told != "missing":
            raise garbled("cat-file")
    return found


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
