"""How many files a message says that its change has, compared with how many that are."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.model import Change

_ORDER = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER = rf"(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}}|{'|'.join(_ORDER)})"
_BOUND = (
    r"(?:(?P<least>at\s+least|over|more\s+than|upwards\s+of|>=?|≥)\s*|"
    r"(?P<most>at\s+most|up\s+to|fewer\s+than|less\s+than|under|<=?|≤)\s*)?"
)
_DONE = r"(?:updated|changed|modified|touched|edited|altered)"
_DOES = (
    r"(?:updat(?:e[sd]?|ing)|chang(?:e[sd]?|ing)|modif(?:y|ies|ied|ying)|touch(?:es|ed|ing)?|edit(?:s|ed|ing)?|"
    r"alter(?:s|ed|ing)?)"
)
_AFTER = (
    r"(?=(?:\*\*)?[ \t]*(?:$|[.;,!()\]|–—]|\s-\s|and\b|overall\b|across\b|with\s+\d|"
    r"in\s+(?:total|all|this\s+(?:commit|change|pr|pull\s+request|patch))\b))"
)
"""What may follow a count of the whole change; `files in src/`, `files to …`, `files that …` are some of them."""
_BEGINS = r"(?:^|(?<=[.;!?(\n])|(?<=\s[-–—] ))[ \t]*(?:[-*+][ \t]+|\d{1,2}[.)][ \t]+)?"
_LABEL = r"(?P<label>[^\n:.;!?]{1,60}:[ \t]*)?(?:\*\*)?"
_THIS = (
    r"(?:(?:this|the)\s+(?:commit|change)\s+|this\s+(?:pr|pull\s+request|patch)\s+|this\s+|it\s+|in\s+(?:total|all),?\s+|"
    r"(?:a\s+)?total\s+of\s+)?"
)
_WERE = r"(?:(?:were|was|are|have\s+been|got)\s+)?"
_BOLD = r"(?:\*\*)?"
_TELLING = re.compile(rf"(?:[0-9]|{'|'.join(_ORDER)})\s+files?\b|\bfiles\b[^\n]{{0,20}}:", re.IGNORECASE)
"""Every claim has it, and hardly any other message."""
_FILES = rf"{_BOLD}(?:(?:total\s+)?files\s+{_DONE}|{_DONE}\s+files)"
_CLAIMS = (
    rf"{_BEGINS}{_LABEL}{_THIS}{_BOUND}{_NUMBER}\s+files?\s+{_WERE}{_DONE}\b{_AFTER}",
    rf"{_BEGINS}{_LABEL}{_THIS}{_DOES}\s+{_BOUND}{_NUMBER}\s+files?\b{_AFTER}",
    rf"{_BEGINS}(?P<label>){_FILES}{_BOLD}\s*:\s*{_BOLD}\s*{_BOUND}{_NUMBER}\b(?!\s*(?:[-–/]|to\b|of\b|[a-z]))",
)
_WHOLE = re.compile(
    r"(?:summary|stats?|statistics|diff\s?stat|totals?|overall|changes?|results?|scope|impact|size|fix|feat|refactor|"
    r"chore|perf|style|test|tests|build|ci|docs)(?:\([^()]*\))?!?:\s*\Z",
    re.IGNORECASE,
)
"""Labels of a count of all."""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(one, re.IGNORECASE | re.MULTILINE) for one in _CLAIMS)


class Claim(NamedTuple):
    """A number of files, as `words` say it; `least` and `most` are what it allows."""

    words: str
    least: int
    most: int | None


def claims_in(text: str) -> list[Claim]:
    """Return what a text says of how many files its change has, none of what speaks of some of them."""
    if _TELLING.search(text) is None:
        return []
    found = []
    for pattern in _patterns():
        for match in pattern.finditer(text):
            digits = match["number"].replace(",", "").lower()
            number = _ORDER.index(digits) + 1 if digits in _ORDER else int(digits)
            # A count under another label may be of a part, or of something else altogether.
            if not number or (match["label"] and _WHOLE.match(match["label"].strip(" *")) is None):
                continue
            above = int(bool(match["least"]) and not re.search(r"least|=|≥|upwards", match["least"]))
            below = int(bool(match["most"]) and not re.search(r"most|up|=|≤", match["most"]))
            least = 0 if match["most"] else number + above
            most = None if match["least"] else number - below
            words = match[0].strip().removeprefix(match["label"] or "").replace("**", "")
            found.append(Claim(" ".join(words.strip(" \n\t-*").split()), least, most))
    return list(dict.fromkeys(found))


def contradicted(claims: Sequence[Claim], changes: Sequence[Change]) -> tuple[Claim, int] | None:
    """Return the claim that a change does not have so many files as, with how many it has; None if all may be right.

    A file that was renamed is one or two, and what was added or removed may not be counted as updated.
    """
    added = sum(change.before is None for change in changes)
    removed = sum(change.after is None for change in changes)
    edited = len(changes) - added - removed
    counts = {edited, *range(edited + max(added, removed), len(changes) + 1)} - {0}

    def holds(least: int, most: int | None) -> bool:
        return any(least <= count and (most is None or count <= most) for count in counts)

    exact = [claim for claim in claims if claim.least == claim.most]
    if any(holds(claim.least, claim.most) for claim in exact):
        claims = [claim for claim in claims if claim not in exact]
    elif len(exact) > 1:
        # Each may be of a part.
        total = sum(claim.least for claim in exact)
        fewer = max(claim.least for claim in exact) <= len(changes)
        if fewer or holds(total, total):
            claims = [claim for claim in claims if claim not in exact]
    wrong = next((claim for claim in claims if not holds(claim.least, claim.most)), None)
    return (wrong, len(changes)) if wrong is not None else None
