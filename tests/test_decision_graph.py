from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.clusters import graph, reading
from triage.model import Severity

if TYPE_CHECKING:
    from triage.clusters.reading import ClusterFile
    from triage.model import Finding

EVIDENCE = "evidence: [{pull: 9}]"


def cluster(issues: str, number: int = 1, extra: str = "") -> ClusterFile:
    """A file of issues, one a line, the first on line 3; `extra` stands below."""
    lines = "".join(f"  {line.strip()}\n" for line in issues.strip().split("\n"))
    return reading.parse(f"cluster: {number}\nissues:\n{lines}{extra}".encode(), f"clusters/{number}.yaml")


def lint(issues: str, extra: str = "") -> list[str]:
    return [shown(finding) for finding in graph.lint([cluster(issues, extra=extra)])]


def shown(finding: Finding) -> str:
    return f"{finding.place.line}:{finding.place.column}: {finding.severity}[{finding.rule}]: {finding.message}"


# One row a rule: the issues, what is found, its hint, and the same put right.
RULES: list[tuple[str, str, str, str]] = [
    ("1: {decision: merged, into: 1, carried: [x]}", "3:31: error[self]: issue 1 is merged into itself",
     "name another issue, or decide otherwise", "1: {decision: merged, into: 2, carried: [x]}\n2: {decision: open}"),
    (f"1: {{decision: resolved, resolved_by: 1, {EVIDENCE}}}", "3:40: error[self]: issue 1 is resolved by itself",
     "name another issue, or decide otherwise", f"1: {{decision: resolved, {EVIDENCE}}}"),
    ("1: {decision: declined, reason: duplicate, of: 1}", "3:50: error[self]: issue 1 is a duplicate of itself",
     "name another issue, or decide otherwise", "1: {decision: declined, reason: duplicate, of: 2}\n2: {decision: open}"),
    ("1: {decision: sequential, after: [2, 1]}\n2: {decision: open}", "3:40: error[self]: issue 1 comes after itself", "remove it",
     "1: {decision: sequential, after: [2]}\n2: {decision: open}"),
    ("1: {decision: open, duplicates: [3, 1]}", "3:39: error[self]: issue 1 is a duplicate of itself", "remove it",
     "1: {decision: open, duplicates: [3, acme/x#1]}"),
    ("1: {decision: open, parts: [3, 1]}", "3:34: error[self]: issue 1 is a part of itself", "remove it",
     "1: {decision: open, parts: [3, acme/x#1]}"),
    ("1: {decision: open, phases: [{id: a, after: [a]}]}", "3:32: error[self]: phase `a` comes after itself", "remove it",
     "1: {decision: open, phases: [{id: a}]}"),
    ("1: {decision: merged, into: 2, carried: [x]}", "3:31: error[no-target]: issue 1 is merged into 2, which is not there",
     "add 2 to this cluster, with `decision: open` if nothing is decided yet", "1: {decision: merged, into: acme/x#2, carried: [x]}"),
    ("1: {decision: declined, reason: duplicate, of: 2}", "3:50: error[no-target]: issue 1 is a duplicate of 2, which is not there",
     "add 2 to this cluster, with `decision: open` if nothing is decided yet", "1: {decision: declined, reason: not_planned}"),
    ("1: {decision: sequential, after: [2]}", "3:37: error[no-target]: issue 1 comes after 2, which is not there",
     "add 2 to this cluster, or remove it here", "1: {decision: sequential}"),
    (f"1: {{decision: resolved, resolved_by: 2, {EVIDENCE}}}\n2: {{decision: open}}",
     "3:40: error[not-resolved]: issue 1 is resolved by 2, which is open", "decide that 2 is resolved, or give 1 evidence of its own",
     f"1: {{decision: resolved, resolved_by: 2, {EVIDENCE}}}\n2: {{decision: resolved, {EVIDENCE}}}"),
    ("1: {decision: sequential, after: [2]}\n2: {decision: sequential, after: [1]}",
     "3:3: error[cycle]: each comes after the other: 1 → 2 → 1", "take one of them out of the circle",
     "1: {decision: sequential, after: [2]}\n2: {decision: sequential}"),
    ("1: {decision: open, parts: [2]}\n2: {decision: open, parts: [1]}",
     "3:3: error[cycle]: these issues are part of each other: 1 → 2 → 1", "take one of them out of the circle",
     "1: {decision: open, parts: [2]}\n2: {decision: open}"),
    ("1: {decision: open, phases: [{id: a, after: [b]}, {id: b, after: [a]}]}",
     "3:32: error[cycle]: each phase comes after the other: `a → b → a`", "take one out",
     "1: {decision: open, phases: [{id: a}, {id: b, after: [a]}]}"),
    ("1: {decision: sequential, order: 1}\n2: {decision: sequential, order: 1}",
     "4:36: warning[same-order]: issues 1 and 2 have the same order, 1", "say which comes first",
     "1: {decision: sequential, order: 1}\n2: {decision: sequential, order: 2}"),
    ("1: {decision: resolved}", "3:3: warning[no-evidence]: issue 1 is called resolved, and nothing is given as evidence",
     "give one: commit, pull, test, path, present, absent …", "1: {decision: resolved, parts: github}"),
    ("1: {decision: open, phases: [{id: a, decision: complete}]}",
     "3:32: warning[no-evidence]: phase `a` is called complete, and nothing is given as evidence", "give `evidence` or `done_when`",
     "1: {decision: open, phases: [{id: a, decision: complete, done_when: [{says: x}]}]}"),
    ("1: {decision: merged, into: 2}\n2: {decision: open}", "3:3: warning[nothing-carried]: issue 1 is merged into #2, and nothing is carried over",
     "carried: [what the other issue takes over]", "1: {decision: merged, into: 2, carried: [x]}\n2: {decision: open}"),
    ("1: {decision: open, evidence: [{commit: 12e4567}]}",
     "3:34: warning[unquoted-sha]: YAML reads 12e4567 as a number; its text is kept here, other tools change it", 'write "12e4567"',
     '1: {decision: open, evidence: [{commit: "12e4567"}, {commit: abcdef1}]}'),
    ("1: {decision: open, because: 'It fixes #12 at last'}", "3:32: error[live-text]: `fixes #12` would act on an issue when it is posted",
     "say it in other words", "1: {decision: open, because: 'It is the fix of 12; `fixes #12` is quoted'}"),
    ("1: {decision: open, lessons: [ask @alice]}", "3:33: error[live-text]: `@alice` would notify somebody when it is posted",
     "leave out the @, or put it in backticks", "1: {decision: open, lessons: [ask `@alice`, a@example.org, '``x ` @bob``']}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("issues", "found", "hint", "right"),
    RULES,
    ids=[f"{n}-{row[1].split('[')[1].split(']')[0]}" for n, row in enumerate(RULES)],
)
def test_every_rule_in_both_truths(issues: str, found: str, hint: str, right: str) -> None:
    findings = graph.lint([cluster(issues)])
    assert [shown(finding) for finding in findings] == [found]
    assert findings[0].hint == hint
    assert (findings[0].severity is Severity.WARNING) == (
        findings[0].rule in ("same-order", "no-evidence", "nothing-carried", "unquoted-sha")
    )
    assert lint(right) == []


@pytest.mark.parametrize(
    "text",
    ["closes #1", "Closed: #1", "fix GH-12", "resolves acme/x#3", "FIXED   https://github.com/acme/x/issues/4", "duplicate of #7",
     "close : #1", "`a` fixes #1", "`` ` fixes #1", "@alice", "(@acme/team)", "`a @bob"]
)  # fmt: skip
def test_live_text(text: str) -> None:
    quoted = '"' + text + '"'
    assert [line.split("]")[0] for line in lint(f"1: {{decision: open, because: {quoted}}}")] == [
        "3:32: error[live-text"
    ]
    assert lint(f"1: {{decision: open, title: {quoted}}}") == []  # a title is not posted


@pytest.mark.parametrize(
    "text", ["prefixes #1", "fix 12", "fixes the #1", "`fixes #1`", "``fixes ` #1``", "`@alice`", "a@b.c", "`` `@a` ``"]
)
def test_dead_text(text: str) -> None:
    assert lint(f"1: {{decision: open, because: '{text}'}}") == []


def test_the_examples_of_the_project_have_no_errors() -> None:
    folder = Path(__file__).parent.parent / "clusters"
    files = [reading.read(path) for path in sorted(folder.glob("*.yaml"))]
    assert [finding for finding in graph.lint(files) if finding.severity is Severity.ERROR] == []


# -- two files -----------------------------------------------------------------------------------------


def test_Y13_an_issue_in_two_clusters_names_both_places() -> None:
    files = [
        cluster("7: {decision: open}", 1),
        cluster("2: {decision: open}\n7: {decision: declined, reason: not_planned}", 2),
    ]
    (finding,) = graph.lint(files)
    assert (finding.rule, finding.severity, finding.place.file) == ("two-clusters", Severity.ERROR, "clusters/2.yaml")
    assert (finding.place.line, finding.place.column, finding.hint) == (4, 3, "decide it in one place")
    assert finding.message == "issue 7 is declined here, and open at clusters/1.yaml:3"


def test_Y13_decisions_that_agree_may_stand_twice() -> None:
    assert graph.lint([cluster("7: {decision: open}", 1), cluster("7: {decision: open, title: x}", 2)]) == []
    elsewhere = reading.parse(
        b"cluster: 2\nrepository: acme/x\nissues: {7: {decision: declined, reason: not_planned}}\n", "2"
    )
    assert graph.lint([cluster("7: {decision: open}", 1), elsewhere]) == []


def test_a_target_may_be_in_another_cluster() -> None:
    files = [cluster("1: {decision: merged, into: 2, carried: [x]}", 1), cluster("2: {decision: open}", 2)]
    assert graph.lint(files) == []
    assert [finding.rule for finding in graph.lint(files[:1])] == ["no-target"]


def test_Y15_a_target_that_goes_on_elsewhere_is_a_chain() -> None:
    files = [
        cluster("1: {decision: merged, into: 2, carried: [x]}", 1),
        cluster("2: {decision: declined, reason: duplicate, of: 3}\n3: {decision: open}", 2),
    ]
    (finding,) = graph.lint(files)
    assert shown(finding) == "3:31: error[chain]: issue 1 is merged into 2, which itself goes on to 3"
    assert (finding.place.file, finding.hint) == ("clusters/1.yaml", "into: 3")


def test_Y14_a_cycle_through_two_files_is_found_once() -> None:
    files = [
        cluster("1: {decision: merged, into: 2, carried: [x]}", 9),
        cluster("2: {decision: merged, into: 1, carried: [x]}", 2),
    ]
    (finding,) = graph.lint(files)
    assert shown(finding) == "3:3: error[cycle]: these issues are settled by each other: 1 → 2 → 1"
    assert finding.place.file == "clusters/9.yaml"


@pytest.mark.parametrize("length", [2, 3, 7])
def test_Y14_cycles_of_merges_are_printed_in_order(length: int) -> None:
    numbers = [5, *range(10, 9 + length)]
    lines = [
        f"{a}: {{decision: merged, into: {b}, carried: [x]}}" for a, b in zip(numbers, [*numbers[1:], 5], strict=True)
    ]
    path = " → ".join(str(number) for number in (*numbers, 5))
    assert lint("\n".join(reversed(lines))) == [
        f"{2 + length}:3: error[cycle]: these issues are settled by each other: {path}"
    ]


def test_Y15_loops_of_resolved_by() -> None:
    issues = (
        f"1: {{decision: resolved, resolved_by: 2, {EVIDENCE}}}\n2: {{decision: resolved, resolved_by: 1, {EVIDENCE}}}"
    )
    assert lint(issues) == ["3:3: error[cycle]: these issues are settled by each other: 1 → 2 → 1"]


def test_Y15_a_chain_names_its_end() -> None:
    issues = "1: {decision: merged, into: 2, carried: [x]}\n2: {decision: merged, into: 3, carried: [x]}\n3: {decision: merged, into: 4, carried: [x]}\n4: {decision: open}"
    findings = graph.lint([cluster(issues)])
    assert [(finding.rule, finding.hint) for finding in findings] == [("chain", "into: 4"), ("chain", "into: 4")]


def test_a_chain_that_ends_in_a_circle_is_only_a_circle() -> None:
    issues = "1: {decision: merged, into: 2, carried: [x]}\n2: {decision: merged, into: 3, carried: [x]}\n3: {decision: merged, into: 2, carried: [x]}"
    assert [line.split("[")[1].split("]")[0] for line in lint(issues)] == ["cycle"]


FILES = [
    cluster("1: {decision: merged, into: 2}\n7: {decision: open}\n8: {decision: sequential, order: 1, after: [8]}", 1),
    cluster("2: {decision: merged, into: 1}\n7: {decision: declined, reason: not_planned}", 2),
    cluster("7: {decision: resolved}\n9: {decision: merged, into: 1, carried: ['fixes #1']}", 3),
    cluster("2: {decision: open}\n7: {decision: open}", 4),
]


def test_Y17_the_order_of_files_changes_nothing() -> None:
    first = graph.lint(FILES)
    assert {finding.rule for finding in first} >= {
        "two-clusters",
        "cycle",
        "self",
        "live-text",
        "no-evidence",
        "nothing-carried",
    }
    for files in itertools.permutations(FILES):
        assert graph.lint(files) == first


def test_Y17_findings_are_sorted_by_place() -> None:
    places = [(f.place.file, f.place.line, f.place.column) for f in graph.lint(FILES)]
    assert places == sorted(places)


# -- cycles, against another implementation --------------------------------------------------------------

EDGES = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=30)


@settings(max_examples=500, deadline=None)
@given(EDGES)
def test_Y14_every_knot_has_its_cycle(edges: list[tuple[int, int]]) -> None:
    following: dict[int, list[int]] = {}
    for start, end in edges:
        following.setdefault(start, []).append(end)
    found = graph.cycles(following)
    oracle = nx.DiGraph(edges)
    knots = {frozenset(knot) for knot in nx.strongly_connected_components(oracle) if len(knot) > 1}
    assert found == sorted(found)
    assert len(found) == len(knots)
    for cycle in found:
        knot = next(knot for knot in knots if set(cycle) <= knot)
        assert cycle[0] == min(knot)
        assert len(set(cycle)) == len(cycle) >= 2
        assert all(oracle.has_edge(a, b) for a, b in itertools.pairwise((*cycle, cycle[0])))
        back = min(
            nx.shortest_path_length(oracle, step, cycle[0])
            for step in oracle[cycle[0]]
            if step in knot and step != cycle[0]
        )
        assert len(cycle) == back + 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.integers(1, 8), max_size=3, unique=True), min_size=1, max_size=8))
def test_Y14_orders_of_issues_have_the_cycles_of_their_graph(after: list[list[int]]) -> None:
    count = len(after)
    following = {number: [step for step in steps if step <= count] for number, steps in enumerate(after, 1)}
    findings = graph.lint(
        [cluster("\n".join(f"{n}: {{decision: sequential, after: {steps}}}" for n, steps in following.items()))]
    )
    oracle = nx.DiGraph([(n, step) for n, steps in following.items() for step in steps if step != n])
    knots = [knot for knot in nx.strongly_connected_components(oracle) if len(knot) > 1]
    assert sorted(f.issue or 0 for f in findings if f.rule == "cycle") == sorted(min(knot) for knot in knots)
    assert sorted(f.issue or 0 for f in findings if f.rule == "self") == [
        n for n, steps in following.items() if n in steps
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 3))
def test_Y15_merges_over_several_files_have_the_cycles_of_their_graph(targets: list[int], count: int) -> None:
    into = {number: min(target, len(targets)) for number, target in enumerate(targets, 1)}
    parts: list[list[str]] = [[] for _ in range(count)]
    for number, target in into.items():
        parts[number % count].append(f"{number}: {{decision: merged, into: {target}, carried: [x]}}")
    findings = graph.lint([cluster("\n".join(lines), 20 + index) for index, lines in enumerate(parts) if lines])
    oracle = nx.DiGraph([(number, target) for number, target in into.items() if number != target])
    knots = [knot for knot in nx.strongly_connected_components(oracle) if len(knot) > 1]
    assert sorted(f.issue or 0 for f in findings if f.rule == "cycle") == sorted(min(knot) for knot in knots)
    assert sorted(f.issue or 0 for f in findings if f.rule == "self") == [
        n for n, target in into.items() if n == target
    ]
    ends = {number for number, target in into.items() if target != number and into[target] != target}
    circles = {number for knot in knots for number in knot}
    for finding in findings:
        if finding.rule == "chain":
            assert finding.issue in ends - circles
