"""When a cited subject is a commit's own subject: exactly, cut short, or without its decorations."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUOTES = "\"'`“”‘’"
_ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.)$")
_PULL_SUFFIX = re.compile(r"(?:\s{1,20}\(#\d{1,12}\)){1,9}$")
_TYPE = re.compile(r"^(?!revert)[a-z]+(?:\([^()]*\))?!?:\s+(?=\S)", re.IGNORECASE)
"""What stands before a subject; a revert's does not: without it the subject is that of what was reverted."""
_NUMBERS = re.compile(r"#\d+")
_ODD_ENDS = frozenset(("", " ", "\t", *_QUOTES))
EVERY_REVERT = "(every revert)"
"""Wanted as a subject, this finds every commit whose subject begins as those of reverts do, or merges a revert."""
REVERTING = (
    r"(?:revert(?:s|ed|ing)?|reapply|re-?land|undo(?:es|ing)?|back(?:s|ed|ing)?[\s-]?out|roll(?:s|ed|ing)?[\s-]?back)\b"
)
REVERT_BRANCH = re.compile(r"Merge pull request #\d{1,9} from [^/\s]+/revert-(\d{1,9})-")
"""The merge of a branch that GitHub's button made to revert a pull request, which the branch's name names."""
_REVERTING = re.compile(rf"\W{{0,3}}(?:[a-z]+(?:\([^()]*\))?!?:\s*)?(?:{REVERTING})", re.IGNORECASE)
_BUCKET = 12
"""Characters by which cut subjects are looked up; also the least that a marked cut must leave."""
_UNMARKED_CUT = 24
"""The least that a subject cut without an ellipsis must have, so that `fix` does not name everything."""


class Manner(IntEnum):
    """How a cited text names a commit; smaller is stronger, and only the strongest manner found counts."""

    EXACT = 1
    DECORATED = 2
    CUT = 3


def tidy(subject: str) -> str:
    """The subject with runs of white space folded and surrounding quotes removed."""
    text = " ".join(subject.split())
    if text[:1] not in _QUOTES and text[-1:] not in _QUOTES:
        return text
    around = text[:1] in _QUOTES and text[-1:] in _QUOTES
    unpaired = sum(text.count(quote) for quote in _QUOTES) % 2
    return text.strip(_QUOTES).strip() if around or unpaired else text


def plain(subject: str) -> str:
    """The subject without `(#N)` at its end."""
    return _PULL_SUFFIX.sub("", subject)


def typeless(subject: str) -> str:
    """The subject without `type(scope):` before it; a revert's keeps it."""
    return _TYPE.sub("", subject)


def pulls(subject: str) -> set[str]:
    """The numbers of the pull requests that a subject ends in."""
    suffix = _PULL_SUFFIX.search(subject)
    return set(_NUMBERS.findall(suffix[0])) if suffix is not None else set()


def of_another_pull(cited: str, actual: str) -> bool:
    """Whether both name pull requests, and none of them the same."""
    one, other = pulls(cited), pulls(actual)
    return bool(one and other) and not one & other


def _undecorated(subject: str) -> set[str]:
    """The shorter names of a subject: without `(#N)` at its end, without `type(scope):` before it."""
    plain = _PULL_SUFFIX.sub("", subject)
    names = {subject, plain}
    names |= {_TYPE.sub("", name) for name in names}
    return {name for name in names if name}


@lru_cache(maxsize=4096)
def manner(cited: str, actual: str) -> Manner | None:
    """How `cited` names a commit whose subject is `actual`, or None if it does not."""
    return Wanted([cited]).matches(actual).get(cited)


class Wanted:
    """Subjects looked for, indexed so that one pass over a long history stays one pass."""

    def __init__(self, subjects: Iterable[str]) -> None:
        self._exact: dict[str, list[str]] = {}
        self._decorated: dict[str, list[str]] = {}
        self._cut: dict[str, list[tuple[str, str]]] = {}
        asked = dict.fromkeys(subjects)
        self._reverts = EVERY_REVERT in asked
        asked.pop(EVERY_REVERT, None)
        for cited in asked:
            text = tidy(cited)
            marked = _ELLIPSIS.search(text) is not None
            stem = _ELLIPSIS.sub("", text)
            if not stem:
                continue
            if not marked:
                self._exact.setdefault(text, []).append(cited)
                self._decorated.setdefault(_PULL_SUFFIX.sub("", text), []).append(cited)
            if len(stem) >= (_BUCKET if marked else _UNMARKED_CUT):
                self._cut.setdefault(stem[:_BUCKET], []).append((stem, cited))
        whole = (*self._exact, *self._decorated, *(stem for stems in self._cut.values() for stem, _ in stems))
        self._heads = frozenset(text[:_UNMARKED_CUT] for text in whole if len(text) >= _UNMARKED_CUT)
        self._stems = frozenset(self._cut if any(len(stem) < _UNMARKED_CUT for stem in whole) else ())
        self._shorts = frozenset(text for text in whole if len(text) < _UNMARKED_CUT)

    def _cannot_match(self, actual: str) -> bool:
        """Whether a subject begins like none of the wanted ones, with or without its type: true for nearly all."""
        if actual[:1] in _ODD_ENDS or actual[-1:] in _ODD_ENDS or "  " in actual or "\t" in actual:
            return False
        if self._may_be(actual):
            return False
        before, colon, rest = actual.partition(": ")
        if colon and "(" in before and ")" not in before:
            return False  # a scope with a colon in it
        return not (colon and self._may_be(rest))

    def _may_be(self, name: str) -> bool:
        return (
            name[:_UNMARKED_CUT] in self._heads
            or (bool(self._stems) and name[:_BUCKET] in self._stems)
            or (bool(self._shorts) and (name in self._shorts or name.partition(" (#")[0] in self._shorts))
        )

    def matches(self, actual: str) -> dict[str, Manner]:
        """The wanted subjects that name a commit with the subject `actual`, each with its manner."""
        found: dict[str, Manner] = {}
        if self._reverts and (_REVERTING.match(actual) or REVERT_BRANCH.match(actual)):
            found[EVERY_REVERT] = Manner.EXACT
        if self._cannot_match(actual):
            return found
        text = tidy(actual)
        names = _undecorated(text)
        for name in names:
            for stem, cited in self._cut.get(name[:_BUCKET], ()):
                if name.startswith(stem):
                    found[cited] = Manner.CUT
        for name in names:
            for cited in self._decorated.get(name, ()):
                if not of_another_pull(tidy(cited), text):
                    found[cited] = Manner.DECORATED
        for cited in self._exact.get(text, ()):
            found[cited] = Manner.EXACT
        return found
