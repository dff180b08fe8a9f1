"""One module for each kind of evidence. The list below is the whole of it: a new kind is a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.errors import CouldNotLook
from triage.evidence import check, commit, issue, path, patterns, pull, release, run, stated, test
from triage.evidence.facts import verdict
from triage.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.evidence.facts import Case, Facts
    from triage.model import Verdict

CHECKERS: dict[str, Callable[[Any, Case, Facts], Verdict]] = {
    "commit": commit.judge,
    "pull": pull.judge,
    "check": check.judge,
    "run": run.judge,
    "test": test.judge,
    "path": path.judge,
    "present": patterns.judge_present,
    "absent": patterns.judge_absent,
    "issue": issue.judge,
    "release": release.judge,
    "stated": stated.judge,
}


def judge(item: Any, case: Case, facts: Facts) -> Verdict:
    """Return the verdict on one piece of evidence; a look-up that fails is `unverified`, never worse."""
    try:
        return CHECKERS[item.kind](item, case, facts)
    except CouldNotLook as fault:
        reason = f"{fault.message} (`{fault.hint}`)" if fault.hint else fault.message
        return verdict(Status.UNVERIFIED, reason, source=facts.source)
