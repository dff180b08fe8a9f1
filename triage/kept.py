"""Facts from GitHub as JSON and back, for whoever keeps them: the snapshot and the exported file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from triage.model import CommitFact, IssueFact, MissingFact, MovedFact, PullFact

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from triage.model import Fact

KINDS: dict[str, type[Any]] = {
    "issue": IssueFact,
    "pull": PullFact,
    "moved": MovedFact,
    "commit": CommitFact,
    "missing": MissingFact,
}
"""Each kind of fact by the word it is kept under."""


_STATES = {"issue": ("open", "closed"), "pull": ("open", "closed", "merged")}


def kind_of(fact: Fact) -> str:
    """Return the word that a fact is kept under."""
    return next(kind for kind, form in KINDS.items() if isinstance(fact, form))


def to_json(fact: Fact) -> Any:
    """Return a fact as plain data: objects, lists, texts, numbers; times as RFC 3339."""
    return _plain(fact)


def from_json(kind: str, data: Any) -> Fact:
    """Return the fact that plain data are. Raises `ValueError` for what is none, or an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"there is no kind of fact called {kind[:40]!r}")
    # As JSON a time may be a text, and nothing else may be what it is not.
    fact: Fact = _form(kind).validate_json(json.dumps(data), strict=True)
    if getattr(fact, "number", 1) < 1:
        raise ValueError("a number below 1")
    state = getattr(fact, "state", None)
    if state is not None and state not in _STATES[kind]:
        raise ValueError(f"{str(state)[:40]!r} is not the state of a thing of kind {kind}")
    if not _aware(fact):
        raise ValueError("a time without a zone")
    return fact


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _aware(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_aware(one) for one in value)
    return not isinstance(value, datetime) or value.tzinfo is not None


@cache
def _form(kind: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - only where facts are kept

    return TypeAdapter(KINDS[kind])
