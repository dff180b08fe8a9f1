"""Which commits change a path: all of them, and a merge too if it changes one against its first parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.git.diffs import RAW
from triage.git.names import is_object_id, object_id
from triage.git.objects import path_text
from triage.git.stream import garbled
from triage.git.walk import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.git.process import Git


def touching(git: Git, paths: Iterable[str], tip: str, since: Iterable[str]) -> tuple[str, ...]:
    """Return the commits on the way to `tip`, and not to `since`, that change one of the paths, newest first.

    All of these commits must be here. Raises CouldNotLook where a tree is missing.
    """
    asked = sorted({path.removeprefix("./").rstrip("/") for path in paths})
    # Others are in no tree; git would take them for what is outside the repository.
    literal = [path for path in asked if "\0" not in path and not {"", ".", ".."}.intersection(path.split("/"))]
    if not literal:
        return ()
    range_ = [object_id(tip), *(f"^{object_id(sha)}" for sha in since)]
    found = dict(_listed(git, "--full-history", "--format=%ct", starts=range_, paths=literal))
    if len(range_) > 1:
        found.update(_merges(git, range_, literal))
    return tuple(sorted(found, key=lambda sha: (-seconds(found[sha]), sha)))


def _merges(git: Git, range_: list[str], paths: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the merges (and when they were committed) that change a path against a first parent out of the range.

    Git looks at such a parent for nothing, so that it leaves a merge out which is like its other parent.
    """
    listed = dict(_listed(git, "--format=%P %ct", starts=range_))
    about = {sha: told.split(" ") for sha, told in listed.items()}
    merges = {sha: words for sha, words in about.items() if len(words) > 2 and words[0] not in listed}  # noqa: PLR2004 - two parents and the date
    feed = "".join(f"{sha} {words[0]}\n" for sha, words in merges.items()).encode()
    if not feed:
        return
    out = git.run(*RAW, "--no-renames", "--", *paths, feed=feed)
    for field in path_text(out).split("\0"):
        if is_object_id(field.strip()):
            yield field.strip(), merges[field.strip()][-1]


def _listed(git: Git, *options: str, starts: Iterable[str], paths: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield what `rev-list` lists, with what the format has of it."""
    # Git reads paths by lines, where it reads the starts so.
    many = [path for path in paths if "\n" not in path]
    odd = [path for path in paths if "\n" in path]
    feed = "".join(f"{line}\n" for line in [*starts, "--", *many])
    out = git.run(
        "rev-list", *options, "--stdin", *(["--", *odd] if odd else []), feed=feed.encode("utf-8", "surrogateescape")
    )
    lines = iter(out.decode("ascii", "replace").splitlines())
    for line in lines:
        sha = line.removeprefix("commit ")
        if not is_object_id(sha):
            raise garbled("rev-list")
        yield sha, next(lines, "")
