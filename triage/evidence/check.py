"""Evidence `check`: a check of a commit that contains the fix succeeded. Only `success` proves."""

from __future__ import annotations

import difflib
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from triage.evidence.facts import amount, ticked, tip, verdict
from triage.evidence.issue import source, unknown
from triage.landing.citation import SHORT
from triage.model import Candidate, CommitFact, MissingFact, Status, Unread

if TYPE_CHECKING:
    from datetime import datetime

    from triage.clusters.grammar import CheckEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import CheckFact, Verdict

SUCCESS = "success"
FAILURES = ("failure", "timed_out", "startup_failure", "error", "action_required")
"""Conclusions that say that it did not succeed; what was skipped, cancelled or neutral says nothing at all.

https://docs.github.com/en/rest/checks/runs
"""
_NEAREST = 3


class _Place(NamedTuple):
    """A commit that contains the fix, and why it does."""

    sha: str
    why: str
    before_merge: bool = False
    """Whether it was never on the branch: a head says something only where the branch says nothing."""


class _Outcome(NamedTuple):
    """What a check came to on one commit; `word` is a conclusion, `pending`, `mixed` or `absent`."""

    place: _Place
    word: str
    reason: str
    read: datetime | None = None
    names: tuple[str, ...] = ()


def judge(item: CheckEvidence, case: Case, facts: Facts) -> Verdict:
    """Return the verdict: verified by the first commit with the fix on which the check succeeded."""
    if facts.judged.asked is not None:
        return verdict(Status.UNVERIFIED, "what a check had come to by then is not looked for")
    if item.at is None and not case.fixes and not case.borrowed and not case.open_fixes:
        reason = "what the fix is, is not said: give its commit or pull request, or the commit of the check with `at:`"
        return verdict(Status.UNVERIFIED, reason)
    if case.open_fixes:
        what = f"{amount(case.open_fixes, 'commit or pull request')} of the issue"
        return verdict(Status.UNVERIFIED, f"which commits contain the fix is not known: {what} not proven")
    places = _places(item, case, facts)
    if item.at is not None:
        fixes = (*case.fixes, *case.borrowed)
        contained = facts.history.reachable(places[0].sha, fixes)
        outside = next((fix for fix in fixes if fix not in contained), None)
        if outside is not None:
            reason = f"{places[0].sha[:SHORT]} does not contain the fix {outside[:SHORT]}"
            return verdict(Status.UNVERIFIED, reason, found=places[0].sha)
    unread: list[str] = []
    outcomes: list[_Outcome] = []
    for place in places:
        fact = facts.tracker.commit(facts.repository, place.sha)
        if isinstance(fact, CommitFact) and fact.checks is not None:
            outcomes.append(_outcome(item, place, fact))
        elif isinstance(fact, Unread):
            unread.append(unknown(fact, f"the checks of {place.sha[:SHORT]}, {place.why}"))
        elif isinstance(fact, MissingFact):
            unread.append(f"GitHub does not have {place.sha[:SHORT]}, {place.why}")
        else:
            unread.append(f"the checks of {place.sha[:SHORT]}, {place.why}, were not read")
    return _verdict(item, outcomes, unread)


def _verdict(item: CheckEvidence, outcomes: list[_Outcome], unread: list[str]) -> Verdict:
    on_branch = [one for one in outcomes if not one.place.before_merge]
    silent = not unread and all(one.word == "absent" for one in on_branch)
    counting = outcomes if silent else on_branch
    best = next((one for one in counting if one.word == SUCCESS), None)
    status, chosen = Status.VERIFIED, best
    if best is None:
        told = next((one for one in counting if one.word != "absent"), None)
        # It may have succeeded on a commit in between, or on one that was not read; a failure at the end says no.
        last = on_branch[-1] if on_branch and not unread else None
        failed = last if last is not None and last.word in FAILURES else None
        status = Status.REFUTED if failed is not None else Status.UNVERIFIED
        chosen = failed or told
    details = tuple(one.reason for one in outcomes if one is not chosen and one.word != "absent")
    if chosen is None:
        reason = unread[0] if unread else _absent(item, outcomes)
        candidates = () if unread else _nearest(item, outcomes)
        where = next((source(one.read) for one in outcomes if one.read is not None), None)
        return verdict(Status.UNVERIFIED, reason, candidates=candidates, source=where)
    return verdict(
        status,
        chosen.reason,
        found=chosen.place.sha,
        proof="check",
        source=source(chosen.read) if chosen.read is not None else None,
        details=(*details, *(unread if status is Status.UNVERIFIED else ())),
    )


def _places(item: CheckEvidence, case: Case, facts: Facts) -> list[_Place]:
    """The commits that contain all of the fix, those that say most first."""
    if item.at is not None:
        return [_Place(tip(item.at, facts), "the commit named")]
    fixes = set(case.fixes) | set(case.borrowed)
    likely = [_Place(sha, "the fix") for sha in case.fixes]
    likely.append(_Place(facts.judged.sha, f"the tip of {facts.judged.branch}"))
    places: dict[str, _Place] = {}
    for place in likely:
        if len(facts.history.reachable(place.sha, fixes)) == len(fixes):
            places.setdefault(place.sha, place)
    if len(fixes) == 1:
        for sha, number in case.heads:
            places.setdefault(sha, _Place(sha, f"the head of #{number}, which was merged", before_merge=True))
    return list(places.values())


def _outcome(item: CheckEvidence, place: _Place, fact: CommitFact) -> _Outcome:
    at = f"on {place.sha[:SHORT]}, {place.why}"
    checks = fact.checks or ()
    named = [one for one in checks if _named(item, one)]
    if item.workflow is not None and any(one.workflow is None and not one.legacy for one in named):
        return _Outcome(place, "unknown", f"{item.check} {at}: of which workflow it is was not read", fact.read)
    chosen = [one for one in named if _of_app(item, one) and _of_workflow(item, one)]
    if not chosen:
        return _Outcome(place, "absent", "", fact.read, tuple(dict.fromkeys(_shown(one) for one in checks)))
    latest = _latest(chosen)
    words = {one.conclusion or "pending" for one in latest}
    if len(words) > 1:
        told = ", ".join(f"{_who(one)}: {one.conclusion or 'pending'}" for one in latest)
        cure = "; name the one that is meant with `app:`" if len({one.app for one in latest}) > 1 else ""
        return _Outcome(place, "mixed", f"{item.check} {at} has several outcomes ({told}){cure}", fact.read)
    word, one = words.pop(), latest[-1]
    when = f" at {one.completed:%Y-%m-%d %H:%M} UTC" if one.completed is not None else ""
    earlier = sorted({other.conclusion or "pending" for other in chosen if other not in latest} - {word})
    flaky = f"; flaky: an earlier run came to {', '.join(earlier)}" if earlier else ""
    nothing = "" if word == SUCCESS or word in FAILURES else ", which proves nothing"
    return _Outcome(place, word, f"{word.replace('_', ' ')} {at}, by {_who(one)}{when}{nothing}{flaky}", fact.read)


def _latest(checks: list[CheckFact]) -> list[CheckFact]:
    """Those that count: of each workflow and event all of its latest run, for the jobs of one run may share a name.

    What belongs to no run that is known may be of another event or another shard, so all of it counts.
    """
    runs: dict[tuple[object, ...], list[CheckFact]] = {}
    counting = [one for one in checks if one.run is None]
    for one in checks:
        if one.run is not None:
            runs.setdefault((one.app, one.workflow, one.workflow_file, one.event), []).append(one)
    for listed in runs.values():
        newest = max(listed, key=_when).run
        counting += [one for one in listed if one.run == newest]
    return [one for one in checks if one in counting]


def _named(item: CheckEvidence, one: CheckFact) -> bool:
    """Whether a check has the name given: its own, or as the page of a pull request shows it."""
    shown = f"{one.workflow} / {one.name}"
    return item.check in (one.name, shown, f"{shown} ({one.event})")


def _shown(one: CheckFact) -> str:
    return f"{one.workflow} / {one.name}" if one.workflow else one.name


def _of_app(item: CheckEvidence, one: CheckFact) -> bool:
    if item.app is None:
        return True
    # A commit status is set by an account, which may be called like an App.
    return not one.legacy and one.app is not None and one.app.casefold() == "-".join(item.app.casefold().split())


def _of_workflow(item: CheckEvidence, one: CheckFact) -> bool:
    if item.workflow is None:
        return True
    file = posixpath.basename(one.workflow_file) if one.workflow_file else None
    return item.workflow in (one.workflow, one.workflow_file, file)


def _when(one: CheckFact) -> tuple[bool, float, int]:
    moment = one.started or one.completed
    return one.conclusion is None, moment.timestamp() if moment else 0.0, one.run or 0


def _who(one: CheckFact) -> str:
    by = one.app or "nobody known"
    return f"{by} on {one.event}" if one.event else by


def _absent(item: CheckEvidence, outcomes: list[_Outcome]) -> str:
    places = ", ".join(f"{one.place.sha[:SHORT]} ({one.place.why})" for one in outcomes)
    named = " of ".join(one for one in (ticked(item.check), item.app, item.workflow) if one)
    return f"there is no check {named} on {places}" if places else "no commit is known to contain the fix"


def _nearest(item: CheckEvidence, outcomes: list[_Outcome]) -> tuple[Candidate, ...]:
    names = dict.fromkeys(name for one in outcomes for name in one.names)
    near = difflib.get_close_matches(item.check, names, _NEAREST, 0.4) or list(names)[:_NEAREST]
    return tuple(Candidate("check", name, "", "is a check of that commit") for name in near)
