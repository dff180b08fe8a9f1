"""The lint rules: what a decision file says that cannot be right, although it can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.clusters import nodes
from triage.clusters.grammar import Declined, Merged, Resolved, Sequential
from triage.clusters.nodes import Mapping, Node, Scalar, Sequence, show
from triage.clusters.reading import ClusterFile, evidence_of
from triage.clusters.values import IssueName, same_repository
from triage.model import Finding, Place, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.clusters.grammar import Decision

_POSTED = frozenset(
    (
        "because", "summary", "says", "carried", "resolution", "root_cause", "whys", "problem", "lessons",
        "limitations", "risk", "mitigation", "note", "stated", "order_because", "contingencies", "rollback",
    )
)  # fmt: skip
_BACKTICKS = re.compile("`+")
_ISSUE = r"(?:#\d+|GH-\d+|[\w.-]+/[\w.-]+#\d+|https?://\S+/(?:issues|pull)/\d+)"
KEYWORD = re.compile(
    rf"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b(?:\s*:)?\s+{_ISSUE}|\bduplicate of\s+{_ISSUE}", re.IGNORECASE
)
"""https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue"""
MENTION = re.compile(r"(?<![\w/`.+-])@[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:/[\w.-]+)?")


def lint(files: Iterable[ClusterFile]) -> list[Finding]:
    """Return what the rules find in decision files read together, sorted by place."""
    files = sorted(files, key=lambda item: (item.cluster.cluster, item.file))
    settled: dict[str | None, dict[int, int]] = {}
    for item in reversed(files):
        settled.setdefault(item.cluster.repository, {}).update(_settled(item))
    found = [
        finding
        for item in files
        for finding in _lint_one(item, files, settled[item.cluster.repository] | _settled(item))
    ]
    found += _two_clusters(files)
    return sorted(found, key=lambda f: (f.place.file, f.place.line, f.place.column, f.rule, f.message))


def _settled(item: ClusterFile) -> dict[int, int]:
    """The issues of a file that go on in another one of the same repository."""
    targets = {number: _own(item, _target(decision)) for number, decision in item.cluster.issues.items()}
    return {number: target for number, target in targets.items() if target is not None}


def _lint_one(item: ClusterFile, files: list[ClusterFile], everywhere: dict[int, int]) -> Iterator[Finding]:
    elsewhere = {number for other in files if other is not item for number in other.cluster.issues}
    after: dict[int, list[int]] = {}
    parts: dict[int, list[int]] = {}
    for number, decision in item.cluster.issues.items():
        yield from _targets(item, number, decision, elsewhere)
        after[number] = list(decision.after) if isinstance(decision, Sequential) else []
        parts[number] = [
            p for part in (decision.parts or () if decision.parts != "github" else ()) if (p := _own(item, part))
        ]
        yield from _claims(item, number, decision)
    yield from _cycles(item, _reachable(item, everywhere), "settled by")
    yield from _cycles(item, after, "after")
    yield from _cycles(item, parts, "part of")
    yield from _phase_cycles(item)
    yield from _chains(item, everywhere)
    yield from _orders(item)
    yield from _shas(item)
    yield from _live_text(item)


def _target(decision: Decision) -> IssueName | None:
    """The issue that a decision points to, if it points to one."""
    if isinstance(decision, Resolved) and decision.resolved_by is not None:
        return IssueName(decision.resolved_by)
    if isinstance(decision, Merged):
        return decision.into  # type: ignore[no-any-return]
    if isinstance(decision, Declined):
        return decision.of
    return None


def _own(item: ClusterFile, name: IssueName | None) -> int | None:
    """The number of an issue if it is of the cluster's repository."""
    if name is None or not same_repository(name.repository, item.cluster.repository):
        return None
    return name.number


_KEY = {Resolved: "resolved_by", Merged: "into", Declined: "of"}
_WORDS = {Resolved: "resolved by", Merged: "merged into", Declined: "a duplicate of"}


def _place(item: ClusterFile, *path: object) -> Place:
    """The place of the value at a path of keys and indexes, or of what is nearest to it."""
    steps = list(nodes.descend(item.root, path))
    return item.source.place(steps[-1][1].start if steps else 0)


def _issue_place(item: ClusterFile, number: int) -> Place:
    decision = item.cluster.issues[number]
    return Place(item.file, decision.line, decision.column)


def _found(
    rule: str, place: Place, message: str, hint: str | None, issue: int | None, *, warning: bool = False
) -> Finding:
    return Finding(rule, Severity.WARNING if warning else Severity.ERROR, message, place, hint, issue)


def _targets(item: ClusterFile, number: int, decision: Decision, elsewhere: set[int]) -> Iterator[Finding]:
    cluster = item.cluster
    known = set(cluster.issues)
    target = _own(item, _target(decision))
    key, words = _KEY.get(type(decision), ""), _WORDS.get(type(decision), "")
    place = _place(item, "issues", number, key)
    if target == number:
        yield _found(
            "self", place, f"issue {number} is {words} itself", "name another issue, or decide otherwise", number
        )
    elif target is not None and target not in known and (isinstance(decision, Resolved) or target not in elsewhere):
        hint = f"add {target} to this cluster, with `decision: open` if nothing is decided yet"
        yield _found("no-target", place, f"issue {number} is {words} {target}, which is not there", hint, number)
    elif isinstance(decision, Resolved) and target is not None and not isinstance(cluster.issues[target], Resolved):
        what = cluster.issues[target].decision
        hint = f"decide that {target} is resolved, or give {number} evidence of its own"
        yield _found("not-resolved", place, f"issue {number} is resolved by {target}, which is {what}", hint, number)
    if isinstance(decision, Sequential):
        for index, before in enumerate(decision.after):
            place = _place(item, "issues", number, "after", index)
            if before == number:
                yield _found("self", place, f"issue {number} comes after itself", "remove it", number)
            elif before not in known:
                hint = f"add {before} to this cluster, or remove it here"
                yield _found(
                    "no-target", place, f"issue {number} comes after {before}, which is not there", hint, number
                )
    for key, words in (("duplicates", "a duplicate of"), ("parts", "a part of")):
        names = getattr(decision, key) or ()
        for index, name in enumerate(names if names != "github" else ()):
            if _own(item, name) == number:
                place = _place(item, "issues", number, key, index)
                yield _found("self", place, f"issue {number} is {words} itself", "remove it", number)


def _claims(item: ClusterFile, number: int, decision: Decision) -> Iterator[Finding]:
    has_evidence = decision.evidence or decision.parts or any(c.evidence or c.waived for c in decision.criteria)
    if isinstance(decision, Resolved) and not has_evidence:
        hint = "give one: commit, pull, test, path, present, absent …"
        message = f"issue {number} is called resolved, and nothing is given as evidence"
        yield _found("no-evidence", _issue_place(item, number), message, hint, number, warning=True)
    for phase in decision.phases:
        if phase.decision == "complete" and not phase.evidence and not phase.done_when:
            message = f"phase {show(phase.id)} is called complete, and nothing is given as evidence"
            place = Place(item.file, phase.line, phase.column)
            yield _found("no-evidence", place, message, "give `evidence` or `done_when`", number, warning=True)
    if isinstance(decision, Merged) and not decision.carried:
        message = f"issue {number} is merged into {decision.into}, and nothing is carried over"
        hint = "carried: [what the other issue takes over]"
        yield _found("nothing-carried", _issue_place(item, number), message, hint, number, warning=True)


def _reachable(item: ClusterFile, everywhere: dict[int, int]) -> dict[int, list[int]]:
    """Where the issues of a file go on, and where those go on, in whichever file."""
    edges: dict[int, list[int]] = {}
    for number in item.cluster.issues:
        step = number
        while step in everywhere and step not in edges:
            edges[step] = [everywhere[step]]
            step = everywhere[step]
    return edges


def _cycles(item: ClusterFile, edges: dict[int, list[int]], words: str) -> Iterator[Finding]:
    """Each cycle once, from its smallest issue on; a loop of one is `self`, not a cycle."""
    for cycle in cycles(edges):
        if cycle[0] not in item.cluster.issues:
            continue  # it is found where its smallest issue is
        path = " → ".join(str(number) for number in (*cycle, cycle[0]))
        message = (
            f"these issues are {words} each other: {path}"
            if words != "after"
            else f"each comes after the other: {path}"
        )
        yield _found("cycle", _issue_place(item, cycle[0]), message, "take one of them out of the circle", cycle[0])


def cycles(edges: dict[int, list[int]]) -> list[tuple[int, ...]]:
    """Return one cycle for each knot of a graph (its strongly connected parts of two or more), smallest first."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    # A dict keeps its order and is asked at once whether something is in it.
    stack: dict[int, None] = {}
    knots: list[set[int]] = []
    for root in sorted(edges):
        if root in index:
            continue
        work: list[tuple[int, Iterator[int]]] = []
        _enter(root, index, low, stack)
        work.append((root, iter(sorted(edges.get(root, ())))))
        while work:
            node, following = work[-1]
            step = next(following, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    knot: set[int] = set()
                    while node not in knot:
                        knot.add(stack.popitem()[0])
                    knots.append(knot)
            elif step not in index:
                _enter(step, index, low, stack)
                work.append((step, iter(sorted(edges.get(step, ())))))
            elif step in stack:
                low[node] = min(low[node], index[step])
    return sorted(_walk(knot, edges) for knot in knots if len(knot) > 1)


def _enter(node: int, index: dict[int, int], low: dict[int, int], stack: dict[int, None]) -> None:
    index[node] = low[node] = len(index)
    stack[node] = None


def _walk(knot: set[int], edges: dict[int, list[int]]) -> tuple[int, ...]:
    """A shortest cycle through the smallest issue of a knot."""
    start = min(knot)
    came: dict[int, int] = {}
    queue = [start]
    for node in queue:
        for step in sorted(set(edges.get(node, ())) & knot):
            if step == start and node != start:
                path = [node]
                while path[-1] != start:
                    path.append(came[path[-1]])
                return tuple(reversed(path))
            if step not in came and step != start:
                came[step] = node
                queue.append(step)
    return tuple(sorted(knot))


def _phase_cycles(item: ClusterFile) -> Iterator[Finding]:
    for number, decision in item.cluster.issues.items():
        ids = {phase.id: index for index, phase in enumerate(decision.phases)}
        edges = {index: [ids[before] for before in phase.after] for index, phase in enumerate(decision.phases)}
        names = list(ids)
        for index, phase in enumerate(decision.phases):
            if index in edges[index]:
                place = Place(item.file, phase.line, phase.column)
                yield _found("self", place, f"phase {show(phase.id)} comes after itself", "remove it", number)
        for cycle in cycles(edges):
            path = " → ".join(names[index] for index in (*cycle, cycle[0]))
            phase = decision.phases[cycle[0]]
            place = Place(item.file, phase.line, phase.column)
            yield _found("cycle", place, f"each phase comes after the other: {show(path)}", "take one out", number)


def _chains(item: ClusterFile, settled: dict[int, int]) -> Iterator[Finding]:
    for number, target in _settled(item).items():
        end = target
        seen = {number}
        while end in settled and end not in seen:
            seen.add(end)
            end = settled[end]
        if end in seen or end == target:
            continue
        decision = item.cluster.issues[number]
        key = _KEY[type(decision)]
        words = _WORDS[type(decision)]
        message = f"issue {number} is {words} {target}, which itself goes on to {settled[target]}"
        yield _found("chain", _place(item, "issues", number, key), message, f"{key}: {end}", number)


def _orders(item: ClusterFile) -> Iterator[Finding]:
    first: dict[int, int] = {}
    for number, decision in item.cluster.issues.items():
        if isinstance(decision, Sequential) and decision.order is not None:
            other = first.setdefault(decision.order, number)
            if other != number:
                message = f"issues {other} and {number} have the same order, {decision.order}"
                place = _place(item, "issues", number, "order")
                yield _found("same-order", place, message, "say which comes first", number, warning=True)


def _shas(item: ClusterFile) -> Iterator[Finding]:
    for evidence in evidence_of(item.cluster):
        for sha in (getattr(evidence, "commit", None), getattr(evidence, "at", None)):
            if getattr(sha, "loose", False):
                place = Place(item.file, evidence.line, evidence.column)
                message = f"YAML reads {sha} as a number; its text is kept here, other tools change it"
                yield _found("unquoted-sha", place, message, f'write "{sha}"', None, warning=True)


def _live_text(item: ClusterFile) -> Iterator[Finding]:
    for scalar in _posted(item.root, ""):
        text = without_code(scalar.text)
        keyword = KEYWORD.search(text)
        if keyword is not None:
            message = f"{show(' '.join(keyword[0].split()))} would act on an issue when it is posted"
            yield _found("live-text", item.source.place(scalar.start), message, "say it in other words", None)
        mention = MENTION.search(text)
        if mention is not None:
            message = f"{show(mention[0])} would notify somebody when it is posted"
            yield _found(
                "live-text", item.source.place(scalar.start), message, "leave out the @, or put it in backticks", None
            )


def without_code(text: str) -> str:
    """Return Markdown with each code span replaced by a blank, in linear time.

    https://spec.commonmark.org/0.31.2/#code-spans
    """
    runs = list(_BACKTICKS.finditer(text))
    following: dict[int, int] = {}
    closing: list[int | None] = [None] * len(runs)
    for index in range(len(runs) - 1, -1, -1):
        length = len(runs[index][0])
        closing[index] = following.get(length)
        following[length] = index
    parts: list[str] = []
    end = index = 0
    while index < len(runs):
        close = closing[index]
        if close is not None:
            parts += (text[end : runs[index].start()], " ")
            end = runs[close].end()
            index = close
        index += 1
    return "".join((*parts, text[end:]))


def _posted(node: Node, key: str) -> Iterator[Scalar]:
    if isinstance(node, Mapping):
        for name, value in node.pairs:
            yield from _posted(value, name.text)
    elif isinstance(node, Sequence):
        for value in node.items:
            yield from _posted(value, key)
    elif key in _POSTED:
        yield node


def _two_clusters(files: list[ClusterFile]) -> Iterator[Finding]:
    first: dict[tuple[str | None, int], tuple[ClusterFile, str]] = {}
    for item in files:
        for number, decision in item.cluster.issues.items():
            key = (item.cluster.repository, number)
            what = _said(decision)
            other, said = first.setdefault(key, (item, what))
            if other is not item and said != what:
                there = _issue_place(other, number)
                message = f"issue {number} is {what} here, and {said} at {there.file}:{there.line}"
                yield _found("two-clusters", _issue_place(item, number), message, "decide it in one place", number)


def _said(decision: Decision) -> str:
    target = _target(decision)
    words = _WORDS.get(type(decision)) if target is not None else None
    return f"{words} {target}" if words else str(decision.decision)  # type: ignore[attr-defined]
