"""Which words of a commit or pull request deny what it is cited for: that an issue is settled by it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAMING = ("issue", "#", "gh-")
_TELLING = ("issue", "ticket", "bug", "part", "step", "phase", "first", " here", " locally", "untested")
"""One of the former stands in each denial of an issue, of the latter in any other; most messages are done with so."""
_BEGINS = r"(?:^|[.;:!?(\n]\s*|[-*]\s+|\b(?:but|so that|and)\s+|(?=\#))"
"""A denial is a statement of its own: “so the issue stays open” may tell what a program does."""
_ORDER = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTED = rf"\d{{1,3}}|{'|'.join(_ORDER)}"
_PART = (
    rf"\b(?:part\s+(?P<number>{_COUNTED})\s*(?:of|/)|(?:phase|step)\s+(?P<step>{_COUNTED})\s+of)"
    rf"\s*(?P<last>{_COUNTED}|n\b|several|many)"
)
"""`Phase 2/3` and `stage 2 of 5` are of a method or of what a program prints, more often than of the work."""
_FIRST_PART = (
    r"\b(?:the\s+)?first\s+(?:part|step|half|patch|commit|change)\s+of\s+"
    r"(?:two|three|four|five|several|many|a\s+series)\b"
)
_NOT = r"(?:\s+not|n['’]t)\s+"
_STAYS = (
    r"(?:(?:stays|remains|is\s+(?:still|kept|left)|(?:should|must|will|shall)\s+(?:stay|remain|be\s+(?:kept|left)))\s+"
    rf"(?:open|unresolved|unfixed|unsolved)|is{_NOT}(?:yet\s+|fully\s+)?(?:closed|fixed|resolved|solved)\s+"
    rf"(?:yet|by\s+(?:this|it))|(?:can\s*not|can['’]t|should\s+not|must\s+not)\s+"
    r"(?:be\s+closed\s+yet|yet\s+be\s+closed))\b"
)
_LESS = r"(?:(?:yet|fully|actually|completely|entirely|really|itself|alone|by\s+itself|on\s+its\s+own)\s+)?"
_ENDS = "(?:fix|close|resolve|solve|address|complete)"
_TESTED = r"(?:run|executed|tested)"
_HERE = r"(?:here|locally)\b"
_TESTS = r"(?:(?:(?:the|any|these|all)\s+)?tests|the\s+suite|this|it)\s+"
_PARTLY = r"\b(?:partial(?:ly)?|partly)\s+(?:fix(?:es)?|solution|address(?:es)?|resolve[sd]?|solve[sd]?|closes?)\s+"
_OF_NO_ISSUE = (
    r"\b(?:the|this)\s+(?:issue|ticket|bug)\b[^.]{0,200}?[,;:]\s+it\s+(?:stays|remains|is\s+(?:still|kept|left))\s+open\b",
    r"\b(?:leav(?:es?|ing)|keep(?:s|ing)?)\s+(?:the\s+|this\s+)?(?:ticket|bug)\s+open\b",
    _PART,
    _FIRST_PART,
    rf"(?<!could )(?<!can )(?<!did )(?<!does )(?<!do )\bnot\s+(?:yet\s+)?(?:been\s+)?{_TESTED}\s+{_HERE}",
    rf"\btests?\s+(?:could|can){_NOT}be\s+{_TESTED}\s+{_HERE}",
    rf"\b(?:did|have|has|could){_NOT}(?:yet\s+)?(?:run|test(?:ed)?)\s+{_TESTS}{_HERE}",
    r"\b(?:this|it|the\s+(?:fix|change))\s+(?:is|remains)\s+untested\b",
    r"(?:\A|\n[ \t]*\n|^[-*][ \t])[ \t]*\(?untested\)?[.!]?[ \t]*(?=\n[ \t]*\n|\n[-*][ \t]|\n?\Z)",
)


_ISSUE = r"(?:(?:the|this)\s+issue|(?:issue\s+#?|#|GH-)(?P<issue>\d{1,10}))(?!\d)"
_OF_ISSUE = (
    rf"{_BEGINS}(?:{_ISSUE}|issue)\s+{_STAYS}",
    rf"\b(?:leav(?:es?|ing)|keep(?:s|ing)?)\s+{_ISSUE}\s+open\b",
    rf"\b(?:does|do|will|wo){_NOT}{_LESS}{_ENDS}\s+{_ISSUE}",
    rf"\bnot\s+(?:yet\s+)?(?:a|the)\s+(?:full\s+|complete\s+|whole\s+)?(?:fix|solution)\s+(?:for|of|to)\s+{_ISSUE}",
    rf"\bstep\s+(?:towards?|to)\s+(?:fixing|closing|resolving|solving)\s+{_ISSUE}",
    rf"{_PARTLY}(?:for\s+|of\s+)?{_ISSUE}",
)


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(one, re.IGNORECASE | re.MULTILINE) for one in patterns)


def _patterns(message: str) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that can match a message at all."""
    folded = message.casefold()
    for words, patterns in ((_NAMING, _OF_ISSUE), (_TELLING, _OF_NO_ISSUE)):
        if any(word in folded for word in words):
            yield from _compiled(patterns)


def _number(text: str) -> int | None:
    word = text.lower()
    return int(text) if text.isdigit() else _ORDER.index(word) + 1 if word in _ORDER else None


def ends_with(words: str | None, messages: Iterable[str]) -> bool:
    """Whether words that speak of one part of several are followed by one of these messages with the last part."""
    part = re.search(_PART, words or "", re.IGNORECASE)
    last = _number(part["last"]) if part is not None else None
    return last is not None and any(_has_the_last_part(message, last) for message in messages)


def _has_the_last_part(message: str, last: int) -> bool:
    """Whether a message speaks of the last of several parts: then the work ends with it."""
    parts = re.finditer(_PART, message, re.IGNORECASE)
    return any(_number(part["number"] or part["step"]) == last == _number(part["last"]) for part in parts)


def denial(message: str, issue: int) -> str | None:
    """Return the words of a commit message that deny that the issue is settled by it, or None."""
    for pattern in _patterns(message):
        for match in pattern.finditer(message):
            said = match.groupdict()
            if said.get("issue") is not None and int(said["issue"]) != issue:
                continue
            last = _number(said["last"]) if "last" in said else None
            if last is not None and _has_the_last_part(message, last):
                continue
            return " ".join(match[0].split())
    return None
