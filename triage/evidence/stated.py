"""Evidence `stated`: a named person says so."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING

from triage.clusters.grammar import NOBODY
from triage.evidence.facts import verdict
from triage.model import Status

if TYPE_CHECKING:
    from datetime import datetime

    from triage.clusters.grammar import StatedEvidence
    from triage.clusters.values import Moment
    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict

_NOBODY = frozenset(
    (
        *(NOBODY, "unknownuser", "unknownperson", "nobody", "noone", "anonymous", "anon", "somebody", "someone"),
        *("unnamed", "na", "none", "null", "nil", "tbd", ""),
    )
)
_LOOK_ALIKES = str.maketrans("аеорсухкмтвніј\u03bf\u03b1\u03bd", "aeopcyxkmtbhij" + "oav")
"""Letters of Cyrillic and Greek that stand for Latin ones in names made to mislead."""
_DAY = timedelta(hours=36)


def is_nobody(name: str) -> bool:
    """Whether a name names nobody: `unknown` in any spelling, or one of the words that people write instead."""
    plain = unicodedata.normalize("NFKC", name).casefold().translate(_LOOK_ALIKES)
    return "".join(letter for letter in plain if letter.isalnum()) in _NOBODY


def standing(by: str, date: Moment, now: datetime, verb: str = "stated") -> tuple[Status, str]:
    """Return the status of what somebody says, and the words for it.

    Nobody stands for what `unknown` says, and nobody has said yet what is dated after `now`.
    """
    if is_nobody(by):
        return Status.UNVERIFIED, f"{verb} on {date.text} by nobody named, so nobody stands for it"
    begins = date.end - _DAY if len(date.text) == len("2025-09-12") else date.end
    if begins > now + timedelta(days=1):
        return Status.UNVERIFIED, f"{verb} by {by} on {date.text}, which is yet to come"
    return Status.ATTESTED, f"{verb} by {by} on {date.text}"


def judge(item: StatedEvidence, case: Case, facts: Facts) -> Verdict:
    """Return attested, or unverified where nobody stands for it."""
    status, reason = standing(item.by, item.date, facts.judged.at)
    found = item.by if status is Status.ATTESTED else None
    return verdict(status, reason, found=found, source=f"{case.file}:{item.line}")
