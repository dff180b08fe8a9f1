"""What may stand in an argument list: object ids and ref names, checked before git sees them."""

from __future__ import annotations

import re

from triage.errors import AskedWrongly, CouldNotLook

_OBJECT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_HEX = re.compile(r"[0-9a-f]{4,64}\Z")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def is_object_id(text: str) -> bool:
    """Whether the text is a whole object id in lower case (SHA-1 or SHA-256)."""
    return _OBJECT.match(text) is not None


def is_abbreviation(text: str) -> bool:
    """Whether the text is at least four hex digits in lower case, so that git will look it up."""
    return _HEX.match(text) is not None


def object_id(text: str) -> str:
    """Return the text if it is a whole object id. Raises CouldNotLook otherwise."""
    if not is_object_id(text):
        raise CouldNotLook(f"not a whole object id: {text!r}")
    return text


def is_ref_name(name: str) -> bool:
    """Whether a branch or tag may have this name, by the rules of git-check-ref-format(1)."""
    return bool(
        name
        and name != "@"
        and not name.startswith(("-", "/"))
        and not name.endswith(("/", "."))
        and not _FORBIDDEN.search(name)
        and not any(part.startswith(".") or part.endswith(".lock") for part in name.split("/"))
    )


def ref_name(name: str, what: str = "branch") -> str:
    """Return the name if a ref may have it. Raises AskedWrongly otherwise."""
    if not is_ref_name(name):
        raise AskedWrongly(
            f"not a name that a {what} can have: {name!r}",
            "see `git help check-ref-format` for the rules, or give a whole commit SHA",
        )
    return name
