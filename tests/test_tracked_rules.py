"""The lint rules that need GitHub: each finds what it is for, and nothing in what was not read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from middle import APEX, LATER, NOW, fact, tracked
from test_evidence_of_github import OPENED, commit, pull

from triage.clusters import tracked as rules
from triage.clusters.reading import parse
from triage.model import Kept, MissingFact, MovedFact, Name, Severity, Unread

EARLIER = OPENED - timedelta(days=60)


def lint(text: str, *facts, others: str | None = None) -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.issue) for finding in found(text, *facts, others=others)]


def found(text: str, *facts, others: str | None = None):
    head = f"cluster: 1\nrepository: {APEX}\nissues:\n"
    file = parse((head + text).encode(), "clusters/1.yaml")
    more = [parse((head.replace("1", "9", 1) + others).encode(), "clusters/9.yaml")] if others else []
    return rules.lint(file, more, tracked(*facts), None)


EVERYTHING = """\
  1: {decision: resolved, evidence: [{pull: 4}, {commit: abcdef1}, {issue: 5, is: open}]}
  2: {decision: merged, into: 3, carried: [x]}
  6: {decision: declined, reason: duplicate, of: 3}
  7: {decision: open}
  8: {decision: sequential, order: 1, after: [7]}
"""


def test_what_was_not_read_finds_nothing():
    assert lint(EVERYTHING) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("  3: {decision: open}\n", 3),
        ("  1: {decision: merged, into: 3, carried: [x]}\n", 1),
        ("  1: {decision: declined, reason: duplicate, of: 3}\n", 1),
        ("  1: {decision: resolved, parts: [3]}\n", 1),
        ("  1: {decision: open, duplicates: [3]}\n", 1),
        ("  1: {decision: sequential, after: [3]}\n  3: {decision: open}\n", 1),
        ("  1: {decision: open, goals: [{says: x, evidence: [{issue: 3, is: open}]}]}\n", 1),
    ],
)
def test_a_number_that_is_a_pull_request_is_found_wherever_it_stands(text, number):
    assert ("is-pull", number) in lint(text, pull(3))
    assert lint(text, fact(3)) == []
    assert ("no-target", number) in lint(text, Kept(APEX, "3", MissingFact("3", APEX, NOW)))
    moved = found(text, MovedFact(3, APEX, Name("acme/other", 7), NOW))
    assert moved[0].rule == "no-target"
    assert "acme/other#7" in moved[0].message


@pytest.mark.parametrize(
    ("decision", "state", "reason", "differs"),
    [
        ("open", "closed", "completed", True),
        ("sequential, order: 1", "closed", "not_planned", True),
        ("open", "open", None, False),
        ("resolved, evidence: [{path: a}]", "closed", "completed", False),
        ("resolved, evidence: [{path: a}]", "closed", "not_planned", True),
        ("resolved, evidence: [{path: a}]", "closed", "duplicate", True),
        ("resolved, evidence: [{path: a}]", "closed", None, False),
        ("resolved, evidence: [{path: a}]", "open", None, False),
        ("declined, reason: not_planned", "closed", "completed", True),
        ("declined, reason: not_planned", "closed", "not_planned", False),
        ("declined, reason: not_planned", "open", None, False),
        ("merged, into: 2, carried: [x]", "closed", "completed", False),
    ],
)
def test_a_decision_that_githubs_state_contradicts(decision, state, reason, differs):
    known = lint(f"  1: {{decision: {decision}}}\n", fact(1, state, reason))
    assert known == ([("state-differs", 1)] if differs else [])


def test_an_open_decision_whose_pull_request_was_merged():
    linked = fact(1)._replace(pulls=(Name(APEX, 4),))
    for decision in ("open", "sequential, order: 1"):
        text = f"  1: {{decision: {decision}}}\n"
        assert lint(text, linked, pull(merge_commit="a" * 40)) == [("open-but-landed", 1)]
        assert lint(text, linked, pull(state="open")) == []
        assert lint(text, linked, pull(state="closed")) == []
        assert lint(text, linked) == []


def test_a_pull_request_that_was_closed_unmerged():
    text = "  1: {decision: resolved, evidence: [{pull: 4}]}\n"
    assert lint(text, pull(state="closed")) == [("unmerged", 1)]
    assert lint(text, pull(state="open")) == []
    assert lint(text, pull(merge_commit="a" * 40)) == []


@pytest.mark.parametrize("decision", ["merged, into: 3, carried: [x]", "declined, reason: duplicate, of: 3"])
def test_a_target_that_is_closed_and_that_nothing_proves(decision):
    text = f"  1: {{decision: {decision}}}\n"
    closed = fact(3, "closed", "completed")
    assert lint(text, closed) == [("closed-target", 1)]
    assert lint(text, fact(3)) == []
    claimed = "  3: {decision: resolved, evidence: [{path: a}]}\n"
    assert lint(text + claimed, closed) == []
    assert lint(text, closed, others="  9: {decision: open}\n" + claimed) == []
    assert ("closed-target", 1) in lint(text + "  3: {decision: open}\n", closed)


@pytest.mark.parametrize("kind", ["pull", "commit"])
def test_evidence_that_is_older_than_the_issue_or_younger_than_its_close(kind):
    sha = "a" * 40
    text = f"  1: {{decision: resolved, evidence: [{{{'pull: 4' if kind == 'pull' else f'commit: {sha}'}}}]}}\n"

    def made(moment):
        known = pull(merge_commit=sha, created=moment, merged=max(moment, OPENED))
        return known if kind == "pull" else commit(sha, authored=moment)

    closed = fact(1, "closed", "completed")
    assert lint(text, closed, made(OPENED)) == []
    assert lint(text, closed, made(EARLIER)) == [("older-than-issue", 1)]
    assert lint(text, closed, made(LATER + timedelta(minutes=10))) == []
    assert lint(text, closed, made(LATER + timedelta(hours=2))) == [("closed-early", 1)]
    assert lint(text, fact(1), made(LATER + timedelta(hours=2))) == []
    severities = {finding.rule: finding.severity for finding in found(text, closed, made(EARLIER))}
    assert severities == {"older-than-issue": Severity.WARNING}


def test_one_piece_of_evidence_from_before_the_close_is_enough():
    text = "  1: {decision: resolved, evidence: [{pull: 4}, {pull: 5}]}\n"
    late = pull(5, "b" * 40, merged=LATER + timedelta(days=1))
    assert lint(text, fact(1, "closed", "completed"), pull(4, "a" * 40), late) == []


def test_evidence_from_before_an_issue_was_reopened():
    text = "  1: {decision: resolved, evidence: [{pull: 4}]}\n"
    issue = fact(1)._replace(reopened=LATER + timedelta(hours=1), how="GraphQL")
    assert found(text, issue, pull(merge_commit="a" * 40))[0].severity is Severity.ERROR
    assert lint(text, issue, pull(merge_commit="a" * 40)) == [("state-differs", 1)]
    later = pull(merge_commit="a" * 40, merged=LATER + timedelta(hours=2))
    assert lint(text, issue, later) == []
    closed = issue._replace(state="closed", reason="completed", closed=LATER + timedelta(days=1))
    assert lint(text, closed, pull(merge_commit="a" * 40)) == [("state-differs", 1)]
    path = "  1: {decision: resolved, evidence: [{path: a}]}\n"
    assert lint(path, issue) == [("state-differs", 1)]
    decided = "decided: {date: 2025-10-01, by: alice}\n"
    file = parse(f"cluster: 1\nrepository: {APEX}\n{decided}issues:\n{path}".encode(), "clusters/1.yaml")
    assert rules.lint(file, [], tracked(issue), None) == []
    assert lint(text, issue._replace(reopened=None), pull(merge_commit="a" * 40)) == []
    by_rest = issue._replace(reopened=None, events=None, how="REST")
    assert lint(text, by_rest, pull(merge_commit="a" * 40)) == [("not-read", 1)]


def test_what_was_asked_for_in_vain_may_contradict_the_decision():
    tried = Unread("GitHub was not read (502)", "try again", tried=True)
    text = "  1: {decision: resolved, evidence: [{pull: 4}, {commit: abcdef1}]}\n  2: {decision: open}\n"
    file = parse(f"cluster: 1\nrepository: {APEX}\nissues:\n{text}".encode(), "clusters/1.yaml")

    def rules_of(*facts):
        known = tracked(*facts, otherwise=tried)
        return [(finding.rule, finding.issue) for finding in rules.lint(file, [], known, None)]

    assert rules_of() == [("not-read", 1)]
    assert rules_of(fact(1)) == []
    closed = fact(1, "closed", "completed")
    assert rules_of(closed) == [("not-read", 1)]
    assert rules_of(closed, pull(merge_commit="a" * 40)) == []
    late = pull(merge_commit="a" * 40, merged=LATER + timedelta(days=1))
    assert rules_of(closed, late) == [("not-read", 1)]


def test_every_finding_has_the_place_of_what_it_speaks_of():
    text = "  1:\n    decision: resolved\n    evidence:\n      - {path: a}\n      - {pull: 4}\n"
    (finding,) = found(text, pull(state="closed"))
    assert (finding.place.file, finding.place.line, finding.place.column) == ("clusters/1.yaml", 8, 9)
