"""What documents say of SHAs: the lines of a commit's documents that have them, found in one pass."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.git.objects import blobs
from triage.model import Mention

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.git.history import GitHistory
    from triage.model import Entry

SUFFIXES = frozenset((".md", ".markdown", ".txt", ".rst", ".adoc", ".org"))
_SHA = re.compile(r"[0-9A-Fa-f]{7,64}\Z")
_WORD = re.compile(rb"(?<![0-9A-Za-z_-])[0-9A-Fa-f]{7,64}(?![0-9A-Za-z_-])")
_LONGEST = 1_000
_LARGEST = 20_000_000
_HEAD = 8_000
_FILES = ("100644", "100755", "100664")


def documents(tree: Mapping[str, Entry]) -> dict[str, str]:
    """Return the documents of a tree with their blobs: by the ends of their names, in any case; no links."""
    return {
        path: entry.blob
        for path, entry in tree.items()
        if entry.mode in _FILES and PurePosixPath(path).suffix.lower() in SUFFIXES
    }


def mentions(history: GitHistory, texts: Iterable[str], tip: str) -> Mapping[str, tuple[Mention, ...]]:
    """Return the lines of the documents of `tip` that have each SHA (7 to 64 digits, in any case), by path and line.

    No letter, digit, `_` or `-` stands directly before or after it there. A line is cut to 1,000 characters. Where
    a document is missing or above 20 MB, a SHA that is in no other one is left out; if that is all of them,
    CouldNotLook is raised. It is raised for what is no SHA, too.
    """
    asked = list(dict.fromkeys(texts))
    for text in asked:
        if not _SHA.match(text):
            raise CouldNotLook(f"not a SHA of 7 to 64 digits: {text!r}")
    places: dict[bytes, list[Mention]] = {text.lower().encode(): [] for text in asked}
    if not places:
        return {}
    listed = documents(history.tree(tip))
    found: dict[str, list[tuple[bytes, int, str]]] = {}
    for blob, content in blobs(history.git, dict.fromkeys(listed.values()), _LARGEST):
        if content is not None:
            found[blob] = list(_lines(content, places))
    unread = [path for path, blob in listed.items() if blob not in found]
    for path, blob in sorted(listed.items()):
        for word, number, line in found.get(blob, ()):
            places[word].append(Mention(path, number, line))
    if unread and not any(places.values()):
        raise CouldNotLook(f"the document {min(unread)} is missing or above 20 MB", history.state.cure)
    answers = {text: tuple(places[text.lower().encode()]) for text in asked}
    return {text: lines for text, lines in answers.items() if lines or not unread}


def _lines(content: bytes, wanted: Mapping[bytes, object]) -> Iterable[tuple[bytes, int, str]]:
    """Yield (SHA, number, line) for each line that has one of the SHAs; nothing for what is no text."""
    if b"\0" in content[:_HEAD]:
        return
    number, counted = 1, 0
    seen: set[tuple[bytes, int]] = set()
    for match in _WORD.finditer(content):
        word = match[0].lower()
        if word not in wanted:
            continue
        number += content.count(b"\n", counted, match.start())
        counted = match.start()
        if (word, number) in seen:
            continue
        seen.add((word, number))
        start = content.rfind(b"\n", 0, counted) + 1
        end = content.find(b"\n", counted)
        line = content[start : end if end >= 0 else len(content)]
        yield word, number, line.decode("utf-8", "replace").rstrip("\r")[:_LONGEST]
