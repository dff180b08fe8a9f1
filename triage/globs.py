"""Globs as gitignore has them: which paths a list of them selects; a leading `!` takes paths out again.

The rules are those of https://git-scm.com/docs/gitignore, with one for selecting: a file whose folder is taken out
can be taken in again by a later glob. They are written out here because the library for them takes longer to import
than the rest of an offline run; the tests hold both against each other, and against git.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def select(globs: tuple[str, ...], paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that the globs select, in the order given. The last glob that matches decides."""
    rules = _rules(globs)
    if len(rules) == 1:
        taken, pattern = rules[0]
        return (path for path in paths if taken and pattern.match(path))
    return (path for path in paths if _selected(rules, path))


def _selected(rules: tuple[tuple[bool, re.Pattern[str]], ...], path: str) -> bool:
    return next((taken for taken, pattern in reversed(rules) if pattern.match(path)), False)


@lru_cache(maxsize=256)
def _rules(globs: tuple[str, ...]) -> tuple[tuple[bool, re.Pattern[str]], ...]:
    rules = []
    for glob in globs:
        taken = not glob.startswith("!")
        text = _without_trailing_spaces(glob if taken else glob[1:])
        if text.strip("/") and not glob.startswith("#"):
            rules.append((taken, re.compile(_translated(text), re.DOTALL)))
    return tuple(rules)


def _without_trailing_spaces(text: str) -> str:
    while text.endswith(" ") and not text.endswith("\\ "):
        text = text[:-1]
    return text


def _translated(glob: str) -> str:
    """The regular expression of a glob, for the whole of a path: what it names, and all that is below it."""
    only_folder = glob.endswith("/")
    body = glob.rstrip("/") if only_folder else glob
    anchored = "/" in body
    parts = body.lstrip("/").split("/")
    out = [] if anchored else ["(?:.*/)?"]
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            # At the end: everything below; before: any number of folders.
            out.append(".+" if last else "(?:.*/)?")
            continue
        out.append(_segment(part))
        if not last:
            out.append("/")
    if parts[-1] == "**":
        return "".join(out) + (r"/.*\Z" if only_folder else r"\Z")
    return "".join(out) + (r"/.*\Z" if only_folder else r"(?:/.*)?\Z")


def _segment(part: str) -> str:
    """The regular expression of what stands between two slashes."""
    out = []
    index = 0
    while index < len(part):
        character = part[index]
        index += 1
        if character == "*":
            while part[index : index + 1] == "*":
                index += 1
            out.append("[^/]*")
        elif character == "?":
            out.append("[^/]")
        elif character == "[":
            listed, index = _bracket(part, index)
            out.append(listed)
        elif character == "\\":
            if index == len(part):
                return "(?!)"  # a backslash at the end escapes nothing, and matches nothing
            out.append(re.escape(part[index]))
            index += 1
        else:
            out.append(re.escape(character))
    return "".join(out)


_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def _bracket(part: str, index: int) -> tuple[str, int]:
    """The regular expression of `[…]`, and where the rest begins. One that is never closed matches nothing."""
    negated = part[index : index + 1] in ("!", "^")
    start = index = index + negated
    out = []
    while index < len(part) and (part[index] != "]" or index == start):
        if part.startswith("[:", index) and (end := part.find(":]", index)) > 0 and part[index + 2 : end] in _POSIX:
            out.append(_POSIX[part[index + 2 : end]])
            index = end + 2
            continue
        low, index = _member(part, index)
        if part[index : index + 1] == "-" and part[index + 1 : index + 2] not in ("", "]"):
            high, index = _member(part, index + 1)
            if low <= high:
                out.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            out.append(re.escape(low))
    if index >= len(part):
        return "(?!)", len(part)
    if not out:
        return ("[^/]" if negated else "(?!)"), index + 1
    return f"(?!/)[{'^' if negated else ''}{''.join(out)}]", index + 1


def _member(part: str, index: int) -> tuple[str, int]:
    if part[index] == "\\" and index + 1 < len(part):
        return part[index + 1], index + 2
    return part[index], index + 1
