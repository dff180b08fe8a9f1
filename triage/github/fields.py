"""Take single fields out of GitHub's JSON, each of the kind it must be, or say what the answer lacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Lacking(Exception):
    """GitHub's answer has no such field, or one of another kind: nothing is known then."""


def table(data: Any, key: str) -> dict[str, Any]:
    """Return a field that is an object."""
    value = _there(data, key)
    if not isinstance(value, dict):
        raise Lacking(key)
    return value


def text(data: Any, key: str) -> str:
    """Return a field that is a text."""
    value = _there(data, key)
    if not isinstance(value, str):
        raise Lacking(key)
    return value


def word(data: Any, key: str) -> str:
    """Return an enumeration's value in lower case, whether it is one that is known or not."""
    return text(data, key).lower()


def whole(data: Any, key: str) -> int:
    """Return a field that is a whole number."""
    value = _there(data, key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Lacking(key)
    return value


def large(data: Any, key: str) -> int:
    """Return a field that may be larger than a number of JSON: GraphQL gives it as a text."""
    value = text(data, key)
    if not (value.isascii() and value.isdecimal()):
        raise Lacking(key)
    return int(value)


def flag(data: Any, key: str) -> bool:
    """Return a field that is true or false."""
    value = _there(data, key)
    if not isinstance(value, bool):
        raise Lacking(key)
    return value


def moment(data: Any, key: str) -> datetime:
    """Return a field that is a moment, in UTC."""
    try:
        when = datetime.fromisoformat(text(data, key))
    except ValueError:
        raise Lacking(key) from None
    if when.tzinfo is None:
        raise Lacking(key)
    return when.astimezone(UTC)


def maybe(read: Callable[[Any, str], T], data: Any, key: str) -> T | None:
    """Return a field that may be null, but must be there."""
    return None if _there(data, key) is None else read(data, key)


def several(data: Any, key: str) -> list[dict[str, Any]]:
    """Return a field that is a list of objects; one null among them makes the list unknown."""
    value = _there(data, key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Lacking(key)
    return value


def subject_of(message: str) -> str:
    """Return a message's subject as git has it: the lines of its first paragraph, joined."""
    lines = message.strip("\n").splitlines()
    blank = next((place for place, line in enumerate(lines) if not line.strip()), len(lines))
    return " ".join(line.strip() for line in lines[:blank])


def line_of(message: Any) -> str:
    """Return what GitHub says in an error as one line that is not long."""
    words = " ".join(message.split()) if isinstance(message, str) else ""
    return "".join(letter for letter in words if letter.isprintable())[:200]


def _there(data: Any, key: str) -> Any:
    if not isinstance(data, dict) or key not in data:
        raise Lacking(key)
    return data[key]
