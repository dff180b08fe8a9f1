"""The roll-up: the table of the contract, row by row and in both truths."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from middle import APEX, by_number, fact, judged
from repositories import Repository

from triage.clusters.grammar import Resolved
from triage.clusters.graph import lint
from triage.clusters.reading import parse
from triage.model import Finding, Place, Severity, Status

VERIFIED, REFUTED, UNVERIFIED, ATTESTED, OPEN = (
    Status.VERIFIED,
    Status.REFUTED,
    Status.UNVERIFIED,
    Status.ATTESTED,
    Status.OPEN,
)
YES = "{path: a.py}"
NO = "{path: nothing.py}"
PERHAPS = "{pull: 4}"
SAID = "{stated: tried by hand, by: bob, date: 2025-09-12}"
NOBODY = "{stated: tried by hand, by: unknown, date: 2025-09-12}"
WAIVED = "waived: {by: alice, date: 2025-09-12, because: covered}"
UNKNOWN = "waived: {by: unknown, date: 2025-09-12, because: covered}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Repository(tmp_path_factory.mktemp("verify") / "repo")
    made.commit({"a.py": "1\n"}, "feat: begin")
    return made


def statuses(place, text, **options):
    """The statuses of the issues by number, and that of the cluster."""
    result = judged(place, dedent(text), **options)
    return {number: issue.status for number, issue in by_number(result).items()}, result.status


def resolved(*items, more=""):
    return f"{{decision: resolved, evidence: [{', '.join(items)}]{more}}}"


# -- issue, resolved --


@pytest.mark.parametrize(
    ("items", "status"),
    [
        ([YES], VERIFIED), ([NO], REFUTED), ([PERHAPS], UNVERIFIED), ([SAID], ATTESTED), ([NOBODY], UNVERIFIED), ([], UNVERIFIED),
        ([YES, NO], REFUTED), ([YES, PERHAPS], UNVERIFIED), ([PERHAPS, NO], REFUTED), ([YES, SAID], VERIFIED), ([SAID, NO], REFUTED),
        ([SAID, PERHAPS], UNVERIFIED), ([YES, NOBODY], UNVERIFIED), ([YES, YES], VERIFIED),
    ],
)  # fmt: skip
def test_resolved_is_the_worst_of_its_evidence_and_needs_one_that_was_looked_at(place, items, status):
    found, whole = statuses(place, f"1: {resolved(*items)}")
    assert found == {1: status}
    assert whole is status


@pytest.mark.parametrize(
    ("criterion", "alone", "beside"),
    [
        (f"evidence: [{YES}]", VERIFIED, VERIFIED), (f"evidence: [{NO}]", REFUTED, REFUTED), (f"evidence: [{PERHAPS}]", UNVERIFIED, UNVERIFIED),
        ("", UNVERIFIED, UNVERIFIED), (WAIVED, ATTESTED, VERIFIED), (UNKNOWN, UNVERIFIED, UNVERIFIED), (f"evidence: [{SAID}]", ATTESTED, VERIFIED),
        (f"evidence: [{YES}, {NO}]", REFUTED, REFUTED), (f"evidence: [{YES}], {UNKNOWN}", UNVERIFIED, UNVERIFIED),
    ],
)  # fmt: skip
def test_criteria_count_as_evidence_does_and_one_without_any_is_unverified(place, criterion, alone, beside):
    item = f"{{says: it holds{', ' if criterion else ''}{criterion}}}"
    assert statuses(place, f"1: {{decision: resolved, criteria: [{item}]}}")[0] == {1: alone}
    assert statuses(place, f"1: {{decision: resolved, evidence: [{YES}], criteria: [{item}]}}")[0] == {1: beside}


def test_a_waived_criterion_names_the_person(place):
    result = judged(place, f"1: {{decision: resolved, evidence: [{YES}], criteria: [{{says: it holds, {WAIVED}}}]}}")
    assert "alice" in result.issues[0].criteria[0].reason


@pytest.mark.parametrize(("severity", "status"), [(Severity.ERROR, UNVERIFIED), (Severity.WARNING, VERIFIED)])
def test_a_finding_of_severity_error_keeps_its_own_issue_from_being_verified(place, severity, status):
    finding = Finding("state-differs", severity, "GitHub says otherwise", Place("clusters/1.yaml", 5, 3), None, 1)
    found, _ = statuses(place, f"1: {resolved(YES)}\n2: {resolved(YES)}", findings=[finding])
    assert found == {1: status, 2: VERIFIED}
    assert statuses(place, f"1: {resolved(SAID)}", findings=[finding])[0] == {
        1: UNVERIFIED if status is UNVERIFIED else ATTESTED
    }
    assert statuses(place, f"1: {resolved(NO)}", findings=[finding])[0] == {1: REFUTED}
    merged = "1: {decision: merged, into: 2}\n2: {decision: open}"
    assert statuses(place, merged, findings=[finding], issues=[fact(2)])[0][1] is status


# -- phases --


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        (f"evidence: [{YES}]", VERIFIED), (f"evidence: [{NO}]", REFUTED), (f"done_when: [{{says: a, evidence: [{YES}]}}]", VERIFIED),
        (f"done_when: [{{says: a, evidence: [{NO}]}}]", REFUTED), ("done_when: [{says: a}]", UNVERIFIED), ("name: x", UNVERIFIED),
        (f"done_when: [{{says: a, {WAIVED}}}]", ATTESTED), ("evidence: [{commit: abc1234}]", UNVERIFIED),
    ],
)  # fmt: skip
def test_a_phase_called_complete_is_judged_as_an_issue_and_counts_for_the_cluster(place, inside, status):
    for called, phase_status, whole in (("decision: complete, ", status, status), ("", OPEN, OPEN)):
        result = judged(place, f"1: {{decision: open, phases: [{{id: fix, {called}{inside}}}]}}")
        assert result.issues[0].phases[0].status is phase_status
        assert (result.issues[0].status, result.status) == (OPEN, whole)


def test_a_finding_in_the_criteria_of_a_complete_phase_counts_for_it(place):
    empty = place.commit({}, "fix: nothing")
    inside = f"done_when: [{{says: a, evidence: [{{commit: {empty}}}]}}]"
    result = judged(place, f"1: {{decision: open, phases: [{{id: fix, decision: complete, {inside}}}]}}")
    assert result.issues[0].phases[0].status is UNVERIFIED


def test_what_stands_in_goals_and_in_phases_not_called_complete_counts_nowhere(place):
    bad = f"[{{says: a, evidence: [{NO}, {{commit: abc1234}}, {PERHAPS}]}}]"
    phase = f"phases: [{{id: later, evidence: [{NO}, {{commit: abc1234}}], done_when: {bad}}}]"
    result = judged(place, f"1: {resolved(YES, more=f', goals: {bad}, {phase}')}", top=f"goals: {bad}\n")
    assert (result.issues[0].status, result.status) == (VERIFIED, VERIFIED)
    assert [goal.status for goal in (*result.goals, *result.issues[0].goals)] == [REFUTED, REFUTED]
    assert result.issues[0].phases[0].done_when[0].status is REFUTED
    good = f"goals: [{{says: a, evidence: [{YES}]}}]"
    assert statuses(place, f"1: {{decision: resolved, {good}}}")[0] == {1: UNVERIFIED}


def test_open_and_sequential_issues_claim_nothing_whatever_they_cite(place):
    text = f"""
        1: {{decision: open, evidence: [{NO}], criteria: [{{says: a}}]}}
        2: {{decision: sequential, order: 1, evidence: [{NO}]}}
    """
    assert statuses(place, text) == ({1: OPEN, 2: OPEN}, OPEN)


# -- parts --


@pytest.mark.parametrize(
    ("part", "status"),
    [
        (resolved(YES), VERIFIED), (resolved(NO), UNVERIFIED), (resolved(PERHAPS), UNVERIFIED), (resolved(SAID), UNVERIFIED),
        ("{decision: open}", UNVERIFIED), ("{decision: sequential}", UNVERIFIED), ("{decision: merged, into: 8}", UNVERIFIED),
        ("{decision: declined, reason: duplicate, of: 8}", UNVERIFIED), ("{decision: declined, reason: not_planned}", UNVERIFIED),
    ],
)  # fmt: skip
def test_parts_are_done_when_each_is_proven(place, part, status):
    text = f"1: {{decision: resolved, parts: [2]}}\n2: {part}\n8: {{decision: open}}"
    known = [fact(2, "closed", "not_planned"), fact(8)]
    assert statuses(place, text, issues=known)[0][1] is status
    assert (
        statuses(place, f"1: {{decision: resolved, evidence: [{YES}], parts: [2, 3]}}\n2: {part}", issues=known)[0][1]
        is UNVERIFIED
    )


def test_a_part_merged_into_a_proven_issue_is_proven(place):
    text = f"1: {{decision: resolved, parts: [2]}}\n2: {{decision: merged, into: 3}}\n3: {resolved(YES)}"
    assert statuses(place, text, issues=[fact(3)])[0][1] is VERIFIED


@pytest.mark.parametrize("parts", ["github", "[9]", "[1]", "[acme/desktop#2]"])
def test_parts_that_are_unknown_abroad_or_the_issue_itself_are_not_proven(place, parts):
    text = f"1: {{decision: resolved, evidence: [{YES}], parts: {parts}}}\n2: {resolved(YES)}"
    assert statuses(place, text)[0][1] is UNVERIFIED


def test_parts_of_each_other_end_and_are_not_proven(place):
    text = f"1: {{decision: resolved, evidence: [{YES}], parts: [2]}}\n2: {{decision: resolved, evidence: [{YES}], parts: [1]}}"
    assert VERIFIED not in statuses(place, text)[0].values()


# -- resolved by another --


@pytest.mark.parametrize(
    ("own", "target", "status"),
    [
        (YES, resolved(YES), VERIFIED), ("", resolved(YES), UNVERIFIED), (YES, resolved(NO), UNVERIFIED), (YES, resolved(PERHAPS), UNVERIFIED),
        (YES, resolved(SAID), UNVERIFIED), (NO, resolved(YES), REFUTED), (PERHAPS, resolved(YES), UNVERIFIED), (SAID, resolved(YES), ATTESTED),
        (NO, resolved(NO), REFUTED), (YES, "{decision: open}", UNVERIFIED), (YES, "{decision: declined, reason: not_planned}", UNVERIFIED),
        (YES, "{decision: merged, into: 8}", UNVERIFIED),
    ],
)  # fmt: skip
def test_resolved_by_another_needs_that_one_and_something_of_its_own(place, own, target, status):
    known = [fact(1, "closed", "not_planned"), fact(8)]
    first = f"1: {target}\n2: {{decision: resolved, resolved_by: 1, evidence: [{own}]}}\n8: {{decision: open}}"
    assert statuses(place, first, issues=known)[0][2] is status
    last = f"2: {{decision: resolved, resolved_by: 1, evidence: [{own}]}}\n8: {{decision: open}}\n1: {target}"
    assert statuses(place, last, issues=known)[0][2] is status


def test_resolved_by_another_without_anything_of_its_own_says_so(place):
    result = judged(place, f"1: {resolved(YES)}\n2: {{decision: resolved, resolved_by: 1}}")
    assert result.issues[1].reason == "rests on #1; nothing of its own was given"


@pytest.mark.parametrize("target", [2, 9])
def test_resolved_by_itself_or_by_what_is_not_there_is_unverified(place, target):
    text = f"1: {resolved(YES)}\n2: {{decision: resolved, resolved_by: {target}, evidence: [{YES}]}}"
    assert statuses(place, text)[0][2] is UNVERIFIED


def test_Y15_resolved_by_each_other_ends_and_is_not_verified(place):
    text = "\n".join(f"{n}: {{decision: resolved, resolved_by: {n % 3 + 1}, evidence: [{YES}]}}" for n in (1, 2, 3))
    assert statuses(place, text) == (dict.fromkeys((1, 2, 3), UNVERIFIED), UNVERIFIED)


# -- merged and duplicates --

ENDS = ("{decision: merged, into: 2}", "{decision: declined, reason: duplicate, of: 2}")


@pytest.mark.parametrize("decision", ENDS)
@pytest.mark.parametrize(
    ("state", "target", "status"),
    [
        ("open", "{decision: open}", VERIFIED), ("open", resolved(NO), VERIFIED), ("closed", resolved(YES), VERIFIED), ("closed", resolved(NO), REFUTED),
        ("closed", resolved(PERHAPS), UNVERIFIED), ("closed", "{decision: open}", UNVERIFIED), (None, resolved(YES), UNVERIFIED),
        (None, "{decision: open}", UNVERIFIED),
    ],
)  # fmt: skip
def test_merged_and_duplicate_rest_on_their_target(place, decision, state, target, status):
    known = [fact(2, state, "completed" if state == "closed" else None)] if state else []
    for text in (f"1: {decision}\n2: {target}", f"2: {target}\n1: {decision}"):
        assert statuses(place, text, issues=known)[0][1] is status


@pytest.mark.parametrize("decision", ["{decision: merged, into: acme/desktop#2}", "{decision: merged, into: 9}"])
def test_a_target_outside_the_cluster_is_only_as_open_as_github_says(place, decision):
    at = ("acme/desktop", 2) if "desktop" in decision else (APEX, 9)
    for state, status in (("open", VERIFIED), ("closed", UNVERIFIED)):
        known = [fact(at[1], state, "completed" if state == "closed" else None, repository=at[0])]
        assert statuses(place, f"1: {decision}\n2: {resolved(YES)}", issues=known)[0][1] is status
    assert statuses(place, f"1: {decision}", issues=[])[0][1] is UNVERIFIED


def test_evidence_of_a_merged_issue_can_only_make_it_worse(place):
    for item, status in ((YES, VERIFIED), (NO, REFUTED), (PERHAPS, UNVERIFIED)):
        text = f"1: {{decision: merged, into: 2, evidence: [{item}]}}\n2: {{decision: open}}"
        assert statuses(place, text, issues=[fact(2)])[0][1] is status
        assert statuses(place, text)[0][1] in ({REFUTED} if item is NO else {UNVERIFIED})


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("state", ["open", "closed", None])
@pytest.mark.parametrize("how", ["{{decision: merged, into: {}}}", "{{decision: declined, reason: duplicate, of: {}}}"])
def test_Y14_circles_end_and_are_never_verified(place, length, state, how):
    text = "\n".join(f"{n}: {how.format(n % length + 1)}" for n in range(1, length + 1))
    known = [fact(n, state, "completed" if state == "closed" else None) for n in range(1, length + 1)] if state else []
    found, whole = statuses(place, text, issues=known)
    assert set(found.values()) == {UNVERIFIED}
    assert whole is UNVERIFIED


def test_what_leads_into_a_circle_without_being_of_it_is_judged_by_its_target(place):
    text = "1: {decision: merged, into: 2}\n2: {decision: merged, into: 3}\n3: {decision: merged, into: 2}"
    found, whole = statuses(place, text, issues=[fact(2, "closed", "completed"), fact(3, "closed", "completed")])
    assert (found, whole) == (dict.fromkeys((1, 2, 3), UNVERIFIED), UNVERIFIED)


def test_duplicates_are_declined_entries_of_their_own(place):
    text = f"1: {resolved(YES, more=', duplicates: [7, acme/desktop#8]')}"
    for state, status in (("open", VERIFIED), ("closed", VERIFIED), (None, UNVERIFIED)):
        known = [fact(1, state, "completed" if state == "closed" else None)] if state else []
        theirs = [fact(7), fact(8, "closed", "duplicate", repository="acme/desktop")]
        result = judged(place, text, issues=[*known, *theirs])
        assert [(issue.name, issue.status) for issue in result.issues[1:]] == [
            ("#7", status),
            ("acme/desktop#8", status),
        ]
        assert result.status is status
    target = fact(1)
    completed = judged(place, text, issues=[target, fact(7, "closed", "completed")])
    assert [issue.status for issue in completed.issues[1:]] == [UNVERIFIED, UNVERIFIED]
    refuted = judged(place, f"1: {resolved(NO, more=', duplicates: [7]')}", issues=[fact(1, "closed", "completed")])
    assert refuted.issues[1].status is REFUTED


def test_a_duplicate_with_a_decision_of_its_own_is_not_verified(place):
    result = judged(
        place, f"1: {resolved(YES, more=', duplicates: [2]')}\n2: {{decision: open}}", issues=[fact(1), fact(2)]
    )
    entry = next(issue for issue in result.issues if issue.number == 2 and issue.claims)
    assert (entry.status, [finding.rule for finding in entry.findings]) == (UNVERIFIED, ["two-clusters"])


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ([fact(1)], VERIFIED), ([fact(1, "closed", "not_planned")], VERIFIED), ([fact(1, "closed", "completed")], REFUTED),
        ([fact(1, "closed", "duplicate")], UNVERIFIED), ([fact(1, "closed")], UNVERIFIED), ([], UNVERIFIED),
    ],
)  # fmt: skip
def test_declined_as_not_planned_is_what_github_says(place, known, status):
    assert statuses(place, "1: {decision: declined, reason: not_planned}", issues=known)[0] == {1: status}


# -- the cluster --


@pytest.mark.parametrize(
    ("decisions", "status"),
    [
        ([YES, YES], VERIFIED), ([YES, NO], REFUTED), ([YES, PERHAPS], UNVERIFIED), ([NO, PERHAPS], REFUTED), ([YES, SAID], VERIFIED),
        ([SAID, SAID], ATTESTED), ([SAID, PERHAPS], UNVERIFIED), ([YES, None], VERIFIED), ([None, None], OPEN), ([SAID, None], ATTESTED),
    ],
)  # fmt: skip
def test_a_cluster_is_the_worst_of_what_claims(place, decisions, status):
    text = "\n".join(f"{n}: {resolved(item) if item else '{decision: open}'}" for n, item in enumerate(decisions, 1))
    assert statuses(place, text)[1] is status


def test_statements_are_attested_by_who_is_named_and_change_nothing(place):
    said = "statements: [{says: a, by: alice, date: 2025-09-12}, {says: b, by: unknown, date: 2025-09-12}]\n"
    result = judged(place, f"1: {resolved(YES)}", top=said)
    assert [status for _, status, _ in result.statements] == [ATTESTED, UNVERIFIED]
    assert result.status is VERIFIED


def test_a_commit_of_a_goal_of_the_cluster_is_settled_as_any_other(place):
    top = f"goals: [{{says: a, evidence: [{{commit: {place.head()}}}]}}]\n"
    assert judged(place, "1: {decision: open}", top=top).goals[0].status is VERIFIED


def test_a_commit_cited_twice_is_judged_in_each_place(place):
    sha = place.head()
    result = judged(
        place, f"1: {resolved(f'{{commit: {sha}}}', f'{{commit: {sha[:7]}}}', f'{{commit: {sha.upper()}}}')}"
    )
    assert [item.status for item in result.issues[0].evidence] == [VERIFIED] * 3


def test_a_history_with_a_hole_makes_verdicts_unverified_and_the_rest_is_judged(tmp_path):
    made = Repository(tmp_path / "hole")
    first = made.commit({"a.py": "1\n"}, "feat: one")
    middle = made.commit({"a.py": "2\n"}, "feat: two")
    made.commit({"a.py": "3\n"}, "feat: three")
    made.remove_object(middle)
    result = judged(made, f"1: {resolved(f'{{commit: {first}}}')}\n2: {resolved(YES)}")
    assert [issue.status for issue in result.issues] == [UNVERIFIED, VERIFIED]


# -- for any cluster --


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A small history with a fix, a reverted one, a merge and a side branch; and shallow clones of it."""
    folder = tmp_path_factory.mktemp("world")
    made = Repository(folder / "repo")
    first = made.commit({"a.py": "old\n", "gone.py": "1\n"}, "feat: begin everything here")
    fix = made.commit({"a.py": "new\n"}, "fix(a): do the right thing at last")
    bad = made.commit({"b.py": "1\n"}, "feat: something that was a mistake")
    made.branch("side")
    side = made.commit({"side.py": "1\n"}, "fix: on the side only")
    made.checkout("main")
    made.revert(bad)
    made.commit({"gone.py": None, "docs/x.md": "x\n"}, "chore: tidy up after everything")
    made.tag("v1")
    tip = made.commit({"moved.py": "1\n"}, "chore: last")
    clones = [made.clone(folder / f"depth{depth}", "--depth", str(depth), "--no-single-branch") for depth in (1, 3)]
    clones.append(made.clone(folder / "partial", "--filter=blob:none", "--no-checkout"))
    items = [f"commit: {sha}" for sha in (first, fix, fix[:8], bad, side, tip, "0f1e2d3c4b")]
    items += [
        f'commit: {first}, subject: "fix(a): do the right thing at last"',
        '0: 0, commit: 0f1e2d3c4b, subject: "fix(a): do the right thing at last"'.removeprefix("0: 0, "),
        f'commit: {fix}, touches: ["a.py"]',
        f'commit: {fix}, touches: ["b.py"]',
        "path: a.py", "path: gone.py", "path: never.py", "path: docs/", f"path: gone.py, at: {first}",
        "present: new, in: [a.py]", "present: old, in: [a.py]", "absent: old, in: [a.py]", "absent: odl, in: [a.py]",
        "absent: new, in: [a.py]", "absent: odl, in: [a.py], never: true", "release: v1", "release: v9", "pull: 3", "issue: 3, is: open",
        "stated: s, by: bob, date: 2025-09-12", "stated: s, by: unknown, date: 2025-09-12",
    ]  # fmt: skip
    return made, clones, items


def clusters(items):
    """Texts of random clusters of the issues 1 to 4."""
    item = st.sampled_from(items).map(lambda text: f"{{{text}}}")
    some = st.lists(item, max_size=3).map(lambda found: f"evidence: [{', '.join(found)}]")
    waived = st.sampled_from(["", f", {WAIVED}", f", {UNKNOWN}"])
    criterion = st.tuples(some, waived).map(lambda pair: f"{{says: a, {pair[0]}{pair[1]}}}")
    criteria = st.lists(criterion, max_size=2).map(lambda found: f"criteria: [{', '.join(found)}]")
    number = st.integers(1, 5)
    phase = st.tuples(some, st.sampled_from(["", "decision: complete, "])).map(
        lambda pair: f"phases: [{{id: p, {pair[1]}{pair[0]}}}]"
    )
    decision = st.one_of(
        st.just("decision: resolved"),
        number.map("decision: resolved, resolved_by: {}".format),
        number.map("decision: resolved, parts: [{}]".format),
        number.map("decision: merged, into: {}".format),
        number.map("decision: declined, reason: duplicate, of: {}".format),
        st.sampled_from(["decision: declined, reason: not_planned", "decision: open", "decision: sequential"]),
    )
    issue = st.tuples(decision, some, criteria, phase).map(lambda parts: f"{{{', '.join(parts)}}}")
    return st.lists(issue, min_size=1, max_size=4).map(
        lambda found: "\n".join(f"{n}: {i}" for n, i in enumerate(found, 1))
    )


KNOWN = st.lists(
    st.sampled_from([None, ("open", None), ("closed", "completed"), ("closed", "not_planned")]), min_size=5, max_size=5
)
SLOW = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def known_of(states):
    return [fact(n, *state) for n, state in enumerate(states, 1) if state is not None]


@SLOW
@given(data=st.data())
def test_nothing_is_verified_that_does_not_rest_on_something_verified(world, data):
    made, _, items = world
    text = data.draw(clusters(items))
    result = judged(made, text, issues=known_of(data.draw(KNOWN)))
    claiming = [issue for issue in result.issues if issue.claims]
    if result.status is VERIFIED:
        assert all(issue.status in (VERIFIED, ATTESTED) for issue in claiming)
        assert all(phase.status in (VERIFIED, ATTESTED) for _, phase in result.complete_phases)
    for issue in claiming:
        if issue.status is not VERIFIED or not isinstance(issue.decision, Resolved):
            continue
        own = [item.status for item in (*issue.evidence, *issue.criteria)] + ([issue.parts[0]] if issue.parts else [])
        assert VERIFIED in own
        assert not {REFUTED, UNVERIFIED} & set(own)
        assert all(finding.severity is Severity.WARNING for finding in issue.findings)


def paired(whole, less):
    """Each verdict of a cluster on the whole repository with that on what a clone can see of it."""
    for one, other in zip(whole.issues, less.issues, strict=True):
        yield one.status, other.status
        for a, b in zip(one.everything, other.everything, strict=True):
            yield a.status, b.status


@SLOW
@given(data=st.data())
def test_G7_knowing_less_never_makes_unverified_verified_nor_verified_refuted(world, data):
    made, clones, items = world
    text = data.draw(clusters(items))
    known = known_of(data.draw(KNOWN))
    whole = judged(made, text, issues=known)
    less = judged(data.draw(st.sampled_from(clones)), text, issues=known)
    for one, other in paired(whole, less):
        assert (one, other) not in {(UNVERIFIED, VERIFIED), (VERIFIED, REFUTED), (REFUTED, VERIFIED)}, text


@SLOW
@given(data=st.data())
def test_what_lint_calls_an_error_is_never_verified(world, data):
    made, _, items = world
    text = data.draw(clusters(items))
    whole = f"cluster: 1\nrepository: {APEX}\nissues:\n" + "\n".join(f"  {line}" for line in text.split("\n"))
    errors = [f for f in lint([parse(whole.encode(), "clusters/1.yaml")]) if f.severity is Severity.ERROR]
    result = judged(made, text, issues=known_of(data.draw(KNOWN)), findings=errors)
    found = {issue.number: issue.status for issue in result.issues if issue.claims}
    assert not any(found.get(error.issue) is VERIFIED for error in errors)
