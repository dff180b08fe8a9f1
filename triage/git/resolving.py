"""What git has by a SHA or an abbreviation of one, whether or not a ref reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.git import objects
from triage.git.names import is_object_id
from triage.git.stream import garbled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.git.process import Git

_ARGUMENTS_HOLD = 90_000


def with_abbreviations(git: Git, short: list[str]) -> dict[str, list[str]]:
    """Return the ids of all objects that begin with each text; nothing for one that none does."""
    found: list[str] = []
    room = _ARGUMENTS_HOLD // 90
    for start in range(0, len(short), room):
        arguments = [f"--disambiguate={text}" for text in short[start : start + room]]
        found += git.run("rev-parse", *arguments).decode("ascii", "replace").split()
    if not all(is_object_id(sha) for sha in found):
        raise garbled("rev-parse")
    lengths = sorted({len(text) for text in short})
    wanted = set(short)
    matches: dict[str, list[str]] = {}
    for sha in dict.fromkeys(found):
        for length in lengths:
            if sha[:length] in wanted:
                matches.setdefault(sha[:length], []).append(sha)
    return matches


def kinds_of(git: Git, shas: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return (kind, id) of each object that is here, with tags peeled to what they name."""
    asked = list(shas)
    named = {
        sha: (header.kind, header.sha)
        for sha, header in zip(asked, objects.kinds(git, asked), strict=True)
        # Where ids are longer than what was asked for, a branch of that name would have answered.
        if header is not None and header.sha.startswith(sha)
    }
    tags = [sha for sha, (kind, _) in named.items() if kind == "tag"]
    for sha, header in zip(tags, objects.kinds(git, [f"{tag}^{{commit}}" for tag in tags]), strict=True):
        if header is not None:
            named[sha] = (header.kind, header.sha)
    return named
