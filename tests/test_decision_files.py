from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from triage.clusters import complaints, graph, nodes, reading, wanted
from triage.clusters.nodes import MAXIMUM_BYTES, MAXIMUM_DEPTH, MAXIMUM_NODES, Refused

if TYPE_CHECKING:
    from triage.model import Finding

HEAD = "cluster: 1\nissues:\n  1:\n    decision: "
OPEN = HEAD + "open\n"
LARGEST = "a number from 1 to 2147483647"


def findings(text: str | bytes) -> list[Finding]:
    content = text.encode() if isinstance(text, str) else text
    try:
        reading.parse(content, "1.yaml")
    except Refused as refused:
        return refused.findings
    return []


def evidence(text: str) -> str:
    return f"{OPEN}    evidence: [{text}]\n"


# One row a mistake: the text, the rule and its place, what is said, the hint, and the same text put right.
MISTAKES: list[tuple[str, str, str, str, str | None, str]] = [
    # what is not YAML
    ("cluster: [", "syntax 1:11", "expected the node content", None, OPEN),
    ("cluster: 1: 2\n", "syntax 1:11", "mapping values are not allowed here", None, OPEN),
    (OPEN + "\tbecause: x\n", "syntax 5:1", "cannot start any token", None, OPEN + "    because: x\n"),
    (OPEN + '    because: "x\n', "syntax 6:1", "unexpected end of stream", None, OPEN + '    because: "x"\n'),
    (OPEN + "   because: x\n", "syntax 5:4", "block", None, OPEN + "    because: x\n"),
    # missing keys
    ("cluster: 1\n", "missing-key 1:1", "`issues` is missing", "a mapping from issue numbers to decisions", OPEN),
    ("issues: {1: {decision: open}}\n", "missing-key 1:1", "`cluster` is missing", "the number of its primary issue", OPEN),
    ("cluster: 1\nissues: {1: {title: x}}\n", "missing-key 2:10", "`decision` is missing",
     "one of resolved, merged, declined, sequential, open", OPEN),
    (HEAD + "merged\n", "missing-key 3:3", "`into` is missing", "name the issue that this one goes on in", HEAD + "merged\n    into: 2\n"),
    (HEAD + "declined\n", "missing-key 3:3", "`reason` is missing", "not_planned or duplicate", HEAD + "declined\n    reason: not_planned\n"),
    (HEAD + "declined\n    reason: duplicate\n", "missing-key 3:3", "`of` is missing", "name the issue that this one duplicates",
     HEAD + "declined\n    reason: duplicate\n    of: 2\n"),
    (evidence("{}"), "missing-key 5:16", "names its kind",
     "one of commit, pull, check, run, test, path, present, absent, issue, release, stated", evidence("{pull: 1}")),
    (evidence("{test: a}"), "missing-key 5:16", "`in` is missing", "where its report is: in: {file: reports/junit.xml}",
     evidence("{test: a, execute: [pytest]}")),
    (evidence("{present: a}"), "missing-key 5:16", "`in` is missing", 'say where: globs for a pattern, e.g. in: ["src/**"]',
     evidence("{present: a, in: [b]}")),
    (evidence("{issue: 4}"), "missing-key 5:16", "`is` is missing", "closed, completed or open", evidence("{issue: 4, is: open}")),
    (evidence("{stated: x, date: 2025-09-12}"), "missing-key 5:16", "`by` is missing", "name who says so; `unknown` if nobody does",
     evidence("{stated: x, date: 2025-09-12, by: alice}")),
    ("cluster: 1\ndecided: {by: alice}\nissues: {1: {decision: open}}\n", "missing-key 2:1", "`date` is missing",
     "when it was said, e.g. 2025-09-12", "cluster: 1\ndecided: {by: alice, date: 2025-09-12}\nissues: {1: {decision: open}}\n"),
    # bad values
    (HEAD + "opne\n", "bad-value 4:15", "`opne` is not a decision", "did you mean `open`?", OPEN),
    (HEAD + "xyz\n", "bad-value 4:15", "`xyz` is not a decision", "one of resolved, merged, declined, sequential, open", OPEN),
    (HEAD + "declined\n    reason: wontfix\n", "bad-value 5:13", "`wontfix` cannot stand here", "one of not_planned, duplicate",
     HEAD + "declined\n    reason: not_planned\n"),
    (evidence("{issue: 4, is: close}"), "bad-value 5:31", "`close` cannot stand here", "did you mean `closed`?", evidence("{issue: 4, is: closed}")),
    (evidence("{commit: HEAD}"), "bad-value 5:25", "`HEAD` stands for a commit, but names none", "write the commit's SHA", evidence("{commit: abcdef1}")),
    (evidence("{commit: main}"), "bad-value 5:25", "`main` is not a SHA",
     "7 to 40 (or 64) hexadecimal digits; names of branches are not taken", evidence('{commit: "1234567"}')),
    (evidence("{present: '(', in: [a]}"), "bad-value 5:26", "`(` is not a regular expression", "special characters want a \\ before",
     evidence("{present: '\\(', in: [a]}")),
    (evidence("{present: 'a*', in: [a]}"), "bad-value 5:26", "`a*` matches an empty line", None, evidence("{present: 'a+', in: [a]}")),
    (evidence("{present: 'a\\nb', in: [a]}"), "bad-value 5:26", "has a line break, which no line has", "leave the line break out; `$` is the end of a line, and a YAML block wants `|-`",
     evidence("{present: 'a[^\\n]b', in: [a]}")),
    (evidence('{present: "(a\\n|b)", in: [a]}'), "bad-value 5:26", "has a line break, which no line has", "leave the line break out; `$` is the end of a line, and a YAML block wants `|-`",
     evidence("{present: 'a\\n?b', in: [a]}")),
    (evidence("{present: a, in: []}"), "bad-value 5:33", "`in`: at least one entry is wanted", None, evidence("{present: a, in: [b]}")),
    (evidence("{present: a, in: [a], count: '>=0'}"), "bad-value 5:45", "holds where nothing matches", "use `absent:` for that",
     evidence("{present: a, in: [a], count: '>=1'}")),
    (evidence("{present: a, in: [a], count: many}"), "bad-value 5:45", "`many` is not a count", 'write 4 or ">=4"',
     evidence("{present: a, in: [a], count: 4}")),
    (evidence("{present: a, in: ['#x']}"), "bad-value 5:34", "is a comment in a list of globs", "write \\# for a name that begins with #",
     evidence("{present: a, in: ['\\#x']}")),
    (evidence("{test: a, in: {file: x, run: 3}}"), "bad-value 5:26", "a test report is in a {file}",
     "e.g. in: {file: reports/junit.xml} or in: {workflow: ci.yml, artifact: junit}", evidence("{test: a, in: {run: 3, artifact: x}}")),
    ("cluster: 1\ndecided: {date: 2025-09-12T10:00:00, by: alice}\nissues: {1: {decision: open}}\n", "bad-value 2:17",
     "names no time zone", "write 2025-09-12 or 2025-09-12T10:00:00Z",
     "cluster: 1\ndecided: {date: 2025-09-12T10:00:00Z, by: alice}\nissues: {1: {decision: open}}\n"),
    ("cluster: 1\nrepository: x\nissues: {1: {decision: open}}\n", "bad-value 2:13", "`x` is not a repository", "write owner/name",
     "cluster: 1\nrepository: a/x\nissues: {1: {decision: open}}\n"),
    ("cluster: 1\nbranch: a..b\nissues: {1: {decision: open}}\n", "bad-value 2:9", "cannot be the name of a branch", None,
     "cluster: 1\nbranch: a.b\nissues: {1: {decision: open}}\n"),
    ("cluster: 1\nissues: {}\n", "bad-value 2:9", "`issues`: at least one entry is wanted", None, OPEN),
    (OPEN + "    phases: [{id: a}, {id: a, after: [a]}]\n", "bad-value 5:23", "two phases are called `a`", None,
     OPEN + "    phases: [{id: a}, {id: b, after: [a]}]\n"),
    (OPEN + "    phases: [{id: fix, after: [fixx]}]\n", "bad-value 5:14", "there is no phase `fixx`", "did you mean `fix`?", OPEN + "    phases: [{id: fix}]\n"),
    (OPEN + "    phases: [{id: a, steps: [{}]}]\n", "bad-value 5:30", "a step is a text or one command",
     "- Add the fixture, or - run: pytest -q", OPEN + "    phases: [{id: a, steps: [{run: x}, y]}]\n"),
    (OPEN + '    because: " "\n', "bad-value 5:14", "the text is empty", None, OPEN + "    because: x\n"),
    (evidence('{check: "a\\nb"}'), "bad-value 5:24", "`a\\nb` is not a name", None, evidence("{check: a b}")),
    (OPEN + "    duplicates: [x#3]\n", "bad-value 5:18", "`x#3` is not an issue", "a number, or owner/name#12 for another repository",
     OPEN + "    duplicates: [a/x#3, 4]\n"),
    # unknown keys and kinds
    (HEAD + "resolved\n    resovled_by: 3\n", "unknown-key 5:5", "a decision `resolved` has no key `resovled_by`", "did you mean `resolved_by`?",
     HEAD + "resolved\n    resolved_by: 3\n"),
    (OPEN + "    into: 3\n", "unknown-key 5:5", "a decision `open` has no `into`", "`into` belongs to merged", HEAD + "merged\n    into: 3\n"),
    (HEAD + "declined\n    reason: not_planned\n    of: 2\n", "unknown-key 6:5", "what is not planned has no `of`", "reason: duplicate",
     HEAD + "declined\n    reason: duplicate\n    of: 2\n"),
    ("cluster: 1\nissues: {1: {decison: open}}\n", "unknown-key 2:14", "`decison` is not a key here", "did you mean `decision`?", OPEN),
    ("title: x\nclusterr: 1\ncluster: 1\nissues: {1: {decision: open}}\n", "unknown-key 2:1", "has no key `clusterr`", "did you mean `cluster`?", OPEN),
    ('cluster: 1\n"[key]": x\nissues: {1: {decision: open}}\n', "unknown-key 2:1", "has no key `[key]`", "known: cluster, title", OPEN),
    (evidence("{commit: abcdef1, path: a}"), "unknown-key 5:34", "one piece of evidence is of one kind, here `commit`; `path` is another",
     "make it two entries", evidence("{commit: abcdef1}, {path: a}")),
    (evidence("{pull: 1, tuoches: [a]}"), "unknown-key 5:26", "evidence of kind `pull` has no key `tuoches`", "did you mean `touches`?",
     evidence("{pull: 1, touches: [a]}")),
    (evidence("{comit: abcdef1, at: abcdef1}"), "unknown-kind 5:17", "`comit` is not a kind of evidence", "did you mean `commit`?", evidence("{commit: abcdef1, at: abcdef1}")),
    (evidence("{zzz: 1}"), "unknown-kind 5:17", "`zzz` is not a kind of evidence",
     "one of commit, pull, check, run, test, path, present, absent, issue, release, stated", evidence("{pull: 1}")),
    # wrong types
    (OPEN + "    because: [a]\n", "wrong-type 5:14", "a text is wanted here, not a list", "quote it if it should be a text", OPEN + '    because: "[a]"\n'),
    (OPEN + "    lessons: a\n", "wrong-type 5:14", "a list is wanted here, not `a`", "write it in [ ]", OPEN + "    lessons: [a]\n"),
    (OPEN + "    evidence: [x]\n", "wrong-type 5:16", "a piece of evidence is a mapping", None, evidence("{path: x}")),
    (OPEN + "    parts: x\n", "wrong-type 5:12", "`github` or a list of issues is wanted here, not `x`", None, OPEN + "    parts: github\n"),
    (HEAD + "merged\n    into: [2]\n", "wrong-type 5:11", "an issue is wanted here, not a list", None, HEAD + "merged\n    into: 2\n"),
    (evidence('{pull: "12"}'), "wrong-type 5:23", "a number is wanted here, not `12`", "write it without quotes", evidence("{pull: 12}")),
    (evidence("{absent: a, in: [b], never: yes}"), "wrong-type 5:44", "`true` or `false` is wanted here, not `yes`", None,
     evidence("{absent: a, in: [b], never: true}")),
    ("cluster: 1\nissues: []\n", "wrong-type 2:9", "`issues` wants a mapping with keys, not a list", None, OPEN),
    ("cluster: 1\nissues:  # none\ntitle: x\n", "wrong-type 2:7", "`issues` wants a mapping with keys, not nothing", None, OPEN),
    ("cluster: 1\nissues: {1: open}\n", "wrong-type 2:13", "a decision is a mapping with keys", "decision: resolved", OPEN),
    ("cluster: 1\nissues: {1: {decision: [a]}}\n", "wrong-type 2:24", "`decision` wants a word", "one of resolved, merged", OPEN),
    ("cluster: 1\ndecided: alice\nissues: {1: {decision: open}}\n", "wrong-type 2:10", "`decided` wants a mapping with keys, not `alice`", None, OPEN),
    ("? [a]\n: 1\n", "wrong-type 1:3", "a key must be a plain text", None, "? cluster\n: 1\n? issues\n: {1: {decision: open}}\n"),
    # duplicate keys
    (OPEN + "    title: a\n    'title': b\n", "duplicate-key 6:5", "`title` stands twice; first on line 5", "remove one", OPEN + "    title: a\n"),
    (OPEN + "  1: {decision: open}\n", "duplicate-key 5:3", "`1` stands twice; first on line 3", "remove one", OPEN + "  2: {decision: open}\n"),
    # what is more than plain YAML
    ("cluster: &a 1\n", "not-plain-yaml 1:10", "an anchor stands here", "write the value out", OPEN),
    ("cluster: *a\n", "not-plain-yaml 1:10", "an alias stands here", "write the value out", OPEN),
    ("cluster: !!int 1\n", "not-plain-yaml 1:10", "a tag stands here", "remove it; quote the value if need be", OPEN),
    ("%YAML 1.1\n---\n" + OPEN, "not-plain-yaml 1:1", "a directive stands here", "remove the line", "---\n" + OPEN),
    (OPEN + "---\n" + OPEN, "not-plain-yaml 5:1", "a second document begins here", "one file has one cluster: make it two files", OPEN + "...\n"),
    (OPEN + "    because: a\x0bb\n", "not-plain-yaml 5:15", "a control character (\\x0b) stands here", None, OPEN + '    because: "a\\vb"\n'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule", "message", "hint", "right"),
    MISTAKES,
    ids=[f"{row[1]}-{number}" for number, row in enumerate(MISTAKES)],
)
def test_every_rule_of_the_grammar(text: str, rule: str, message: str, hint: str | None, right: str) -> None:
    first = findings(text)[0]
    assert f"{first.rule} {first.place.line}:{first.place.column}" == rule
    assert message in first.message
    assert (first.hint or "").startswith(hint or "") if hint else first.hint is None
    assert findings(right) == []


def test_every_mistake_of_a_file_is_found_at_once() -> None:
    text = OPEN + "    titel: x\n    lessons: x\n  2: {decision: opne}\n"
    assert [(f.rule, f.place.line) for f in findings(text)] == [("unknown-key", 5), ("wrong-type", 6), ("bad-value", 7)]


def test_a_file_of_mistakes_is_not_a_flood() -> None:
    assert len(findings("cluster: 1\n" + "".join(f"k{n}: 1\n" for n in range(5_000)))) == complaints.MANY


@pytest.mark.parametrize("name", ["100", "529", "623", "1059"])
def test_a_file_is_called_as_its_cluster(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"# x\ncluster: {name}\nissues: {{1: {{decision: open}}}}\n")
    assert reading.read(path).cluster.cluster == int(name)
    other = path.rename(tmp_path / "7.yaml")
    with pytest.raises(Refused) as caught:
        reading.read(other, "clusters/7.yaml")
    (finding,) = caught.value.findings
    assert (finding.rule, finding.place.file, finding.place.line, finding.place.column) == (
        "file-name",
        "clusters/7.yaml",
        2,
        10,
    )
    assert (finding.message, finding.hint) == (
        f"the file `7.yaml` says that it is cluster {name}",
        f"call it {name}.yaml",
    )


def test_the_byte_order_mark_has_no_column() -> None:
    (finding,) = findings("\ufeffclustre: 1\nissues: {1: {decision: open}}\ncluster: 1\n")
    assert (finding.place.line, finding.place.column) == (1, 1)
    assert findings("\ufeff" + OPEN) == []


def test_numbers_of_workflow_runs_are_longer_than_those_of_issues() -> None:
    assert findings(evidence("{run: 24499795330}, {test: a, in: {run: 24499795330, artifact: junit}}")) == []
    (finding,) = findings(evidence(f"{{run: {2**63}}}"))
    assert finding.message == f"`{2**63}` is not the number of a workflow run"


# -- the catalogue -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)),
        "a: &a {x: 1}\nb: {<<: [*a, *a]}\n",
    ],
)
def test_Y1_bombs_are_refused_at_the_first_anchor(text: str) -> None:
    (finding,) = findings(text + "[" * 100_000)
    assert (finding.rule, finding.place.line, finding.place.column) == ("not-plain-yaml", 1, 4)


@pytest.mark.parametrize("depth", [1, 2, 31, MAXIMUM_DEPTH, 33, 100, 3_000, 100_000])
@pytest.mark.parametrize("kind", ["flow", "map", "dash", "question"])
def test_Y2_depth_is_refused_without_reading_on(depth: int, kind: str) -> None:
    size = min(depth, 1_300) if kind == "map" else depth
    nested = range(min(depth, 1_300))  # each level is longer than the one before
    text = {
        "flow": "[" * size + "]" * size if depth <= 33 else "[" * size,
        "map": "".join(" " * level + "a:\n" for level in nested),
        "dash": "- " * size + "a",
        "question": "a: " + "[{a: " * size,
    }[kind]
    first = findings(text)[0]
    if size > MAXIMUM_DEPTH:
        assert first.rule == "not-plain-yaml"
        assert first.message == f"nested more than {MAXIMUM_DEPTH} deep"
        assert first.place.line + first.place.column <= 3 * MAXIMUM_DEPTH + 5
    elif kind != "question":
        assert first.rule != "not-plain-yaml"


@pytest.mark.parametrize(
    "text",
    [
        "!" * 1_000_000,
        OPEN + "    because: 'fix" + " " * 900_000 + "x'\n",
        OPEN + "    because: '" + "`" * 1_000 + "a " * 400_000 + "'\n",
        OPEN + "    because: '" + "".join("`" * n + " " for n in range(1, 1_300)) + "'\n",
        evidence("{present: '(?:(?:(?:(?:a?){9999}){9999}){9999}){9999}', in: [a]}"),
        evidence("{present: '(?:|){99}x', in: [a]}"),
        OPEN + "    evidence: [{commit: " + "9" * 500_000 + "}]\n",
        "cluster: 1\nissues:\n" + "".join(f"  {n}: {{decision: merged, into: {n + 1}}}\n" for n in range(1, 4_000)),
        "cluster: 1\n" + "".join(f"k{n}: 1\n" for n in range(24_000)),
    ],
    ids=["tag", "keyword", "one-run", "many-runs", "repeats", "branches", "digits", "chain", "keys"],
)
def test_Y2_nothing_takes_quadratic_time(text: str) -> None:
    signal.alarm(60)  # each of these once took minutes or hours
    try:
        graph.lint([reading.parse(text.encode(), "f")])
    except Refused:
        pass
    finally:
        signal.alarm(0)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("cluster: 1\ncluster: 1\n", (2, 1, 1)),
        ('cluster: 1\n"cluster": 1\n', (2, 1, 1)),
        (OPEN + "    because: a\n    because: b\n", (6, 5, 5)),
        (evidence("{path: a, 'path': b}"), (5, 26, 5)),
        (OPEN + '    criteria:\n    - says: a\n      "says": b\n', (7, 7, 6)),
        ("a: {}\n" + "".join(f"k{n}: 1\n" for n in range(50)) + "k7: 1\n", (52, 1, 9)),
    ],
)
def test_Y3_duplicate_keys_are_refused_with_both_lines(text: str, place: tuple[int, int, int]) -> None:
    (finding,) = findings(text)
    assert (finding.rule, finding.place.line, finding.place.column) == ("duplicate-key", *place[:2])
    assert f"first on line {place[2]}" in finding.message


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_Y4_line_breaks_count_once(line_break: str) -> None:
    text = (OPEN + "    titel: x\n").replace("\n", line_break)
    (finding,) = findings(text)
    assert (finding.place.line, finding.place.column) == (5, 5)
    mixed = "cluster: 1\r\nissues:\r  1:\n    decision: open\r\n    titel: x"
    assert [(f.place.line, f.place.column) for f in findings(mixed)] == [(5, 5)]


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_Y4_separators_hide_nothing_behind_a_comment(separator: str) -> None:
    (finding,) = findings(
        f"cluster: 1\nissues: {{1: {{decision: merged, into: 2, carried: [a, # {separator} b\n]}}}}\n"
    )
    assert (finding.rule, finding.place.line) == ("not-plain-yaml", 2)
    assert f"U+{ord(separator):04X}" in finding.message
    code = f"\\u{ord(separator):04x}"
    assert findings(OPEN + f'    because: "a{code}b"\n') == []


@pytest.mark.parametrize("text", ["cluster:\t1\n", "cluster: 1\nissues:\n\t1: {decision: open}\n"])
def test_Y4_tabs_have_a_place(text: str) -> None:
    (finding,) = findings(text)
    assert finding.rule == "syntax"
    assert text.split("\n")[finding.place.line - 1][finding.place.column - 1] == "\t"


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"cluster: \xe9\n", "byte 9 (0xe9) is not UTF-8", (1, 10)),
        (b"a: 1\nb: \xc3", "byte 8 (0xc3) is not UTF-8", (2, 4)),
        (b"\xff\xfec\x00", "byte 0 (0xff) is not UTF-8", (1, 1)),
        (b"a: \xed\xa0\x80\n", "byte 3 (0xed) is not UTF-8", (1, 4)),
        (b"c\x00l\x00", "a control character (\\x00) stands here", (1, 2)),
        (b'a: "\\ud800"\n', "half of a surrogate pair stands here", (1, 4)),
        (b'"\\0at": 5\n', "a NUL character stands here", (1, 1)),
        (b'cluster: 1\nissues: {1: {decision: "\\0at"}}\n', "a NUL character stands here", (2, 24)),
    ],
)
def test_Y5_what_is_not_text_is_refused_with_its_place(content: bytes, message: str, place: tuple[int, int]) -> None:
    (finding,) = findings(content)
    assert finding.rule == "not-plain-yaml"
    assert finding.message == message
    assert (finding.place.line, finding.place.column) == place


@pytest.mark.parametrize("size", [MAXIMUM_BYTES - 1, MAXIMUM_BYTES, MAXIMUM_BYTES + 1, 50 * MAXIMUM_BYTES])
def test_Y6_size_is_capped_before_anything_is_read(size: int, tmp_path: Path) -> None:
    path = tmp_path / "1.yaml"
    with path.open("wb") as stream:
        stream.write(OPEN.encode() + b"#")
        if size > MAXIMUM_BYTES:
            stream.truncate(size)
        else:
            stream.write(b"x" * (size - len(OPEN) - 1))
    assert path.stat().st_size == size
    if size <= MAXIMUM_BYTES:
        assert reading.read(path).cluster.cluster == 1
        return
    assert len(reading.read_bytes(path, "1.yaml")) == MAXIMUM_BYTES + 1
    with pytest.raises(Refused, match="the file has more than 1,048,576 bytes"):
        reading.read(path)


def test_Y6_values_and_entries_are_capped() -> None:
    (finding,) = findings("a: [" + "1," * MAXIMUM_NODES + "]")
    assert finding.message == f"more than {MAXIMUM_NODES:,} values"
    assert finding.place.column < 2 * MAXIMUM_NODES + 5
    assert findings(OPEN + "    lessons: [" + "a," * 5_000 + "]\n") == []
    (finding,) = findings(OPEN + "    lessons: [" + "a," * 5_001 + "]\n")
    assert finding.message == "`lessons`: at most 5,000 entries are taken"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [touch canary]", "!!python/name:os.system", "!x y"])
def test_Y7_no_tag_does_anything(tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (finding,) = findings(f"cluster: {tag}\n")
    assert finding.rule == "not-plain-yaml"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    ["%YAML 1.1\n---\n", "%YAML 1.2\n---\n", "%TAG ! tag:x,2000:\n---\n", "!!map ", "! ", "!<x> ", "--- !!map\n"],
)
def test_Y8_tags_and_directives_are_refused(text: str) -> None:
    (finding,) = findings(text + "{cluster: 1}\n")
    assert finding.rule == "not-plain-yaml"
    assert re.search("a (tag|directive) stands here", finding.message)


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("", "syntax", "the file is empty"),
        ("\ufeff", "syntax", "the file is empty"),
        ("# only\n\n# comments", "syntax", "the file is empty"),
        ("---\n", "wrong-type", "a decision file is a mapping"),
        ("- a\n", "wrong-type", "a decision file is a mapping"),
        ("text\n", "wrong-type", "a decision file is a mapping"),
        ("a: 1\n---\nb: 1\n", "not-plain-yaml", "a second document begins here"),
        ("---\n---\n", "not-plain-yaml", "a second document begins here"),
    ],
)
def test_Y9_what_is_no_cluster_has_a_name(text: str, rule: str, message: str) -> None:
    (finding,) = findings(text)
    assert (finding.rule, finding.message) == (rule, message)


def reads_as_number(text: str) -> bool:
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver

    tags = [
        str(
            VersionedResolver(version=version, loader=YAML(typ="safe", pure=True)).resolve(
                ScalarNode, text, (True, False)
            )
        )
        for version in ((1, 1), (1, 2))
    ]
    return any(tag.endswith((":int", ":float")) for tag in tags)


SHAS = st.one_of(
    st.text("0123456789abcdefABCDEF", min_size=7, max_size=40),
    st.text("0123456789", min_size=7, max_size=40),
    st.text("01", min_size=5, max_size=38).map("0b".__add__),
    st.tuples(st.integers(0, 10**6), st.sampled_from("eE"), st.integers(10**5, 10**9)).map(
        lambda p: f"{p[0]}{p[1]}{p[2]}"
    ),
)


@settings(max_examples=400, deadline=None)
@given(SHAS)
@example("12e4567")
@example("0012345")
@example("0b10101")
@example("1e" + "9" * 38)
def test_Y10_every_sha_survives_unquoted(sha: str) -> None:
    for text, quoted in ((sha, False), (f'"{sha}"', True)):
        item = reading.parse(evidence(f"{{commit: {text}}}").encode(), "f")
        (commit,) = item.cluster.issues[1].evidence
        assert commit.commit == sha.lower()
        warned = [finding.rule for finding in graph.lint([item])] == ["unquoted-sha"]
        assert warned == (not quoted and reads_as_number(sha))


def test_a_commit_may_be_of_a_named_repository() -> None:
    whole = "0123456789abcdefABCD0123456789abcdef0123"
    for sha in ("abc1234", "1234567", whole):
        item = reading.parse(evidence(f"{{commit: Acme/a.b-c_d@{sha}}}").encode(), "f")
        (one,) = item.cluster.issues[1].evidence
        assert (str(one.commit), one.commit.repository, one.commit.sha) == (
            f"Acme/a.b-c_d@{sha.lower()}", "Acme/a.b-c_d", sha.lower()
        )  # fmt: skip
        assert (one.commit.abroad("acme/A.B-C_D"), one.commit.abroad("acme/other"), one.commit.abroad(None)) == (
            False,
            True,
            True,
        )
        assert graph.lint([item]) == []
    (one,) = reading.parse(evidence("{commit: abc1234}").encode(), "f").cluster.issues[1].evidence
    assert (one.commit.sha, one.commit.repository, one.commit.abroad("acme/other")) == ("abc1234", None, False)


@pytest.mark.parametrize(
    "text",
    ["acme/x@abc12", "acme/x@main", "x@abc1234", "acme/x/y@abc1234", "-a/x@abc1234", "acme/x#abc1234", "acme/x@"],
)
def test_what_is_no_commit_of_a_repository_is_refused(text: str) -> None:
    (finding,) = findings(evidence(f"{{commit: {text}}}"))
    assert finding.rule == "bad-value"
    (finding,) = findings(evidence(f"{{path: a, at: {text.replace('main', 'abc1234')}}}"))
    assert finding.rule == "bad-value"


def test_what_is_cited_of_other_repositories_is_looked_for_there() -> None:
    items = (
        "{commit: acme/apex@abc1234}, {commit: acme/desktop@def5678}, {commit: ACME/Apex@abc1234}, {commit: 1234567}"
    )
    cluster = reading.parse(evidence(items).encode(), "f").cluster
    found = wanted.wanted(cluster, "acme/apex")
    assert found.commits == ("abc1234", "1234567")
    assert found.abroad == (("acme/desktop", "def5678"),)


@pytest.mark.parametrize("text", ["yes", "no", "on", "1_000", "12:30", "2025-09-12", "0x1f", "1e3", ".nan", "0o17"])
def test_Y10_texts_are_kept_as_written(text: str) -> None:
    assert reading.parse(f"{OPEN}    because: {text}\n".encode(), "f").cluster.issues[1].because == text
    for key in ("order", "after"):
        value = f"[{text}]" if key == "after" else text
        (finding,) = findings(f"{HEAD}sequential\n    {key}: {value}\n")
        assert finding.message == f"`{text}` is not {LARGEST}"


@pytest.mark.parametrize(
    "value",
    ["2024-13-45", "2025-02-30", "0000-01-01", "9" * 5_000, ".nan", "1e400", "٢٠٢٥-٠١-٠١", "0001-01-01T00:00:00+14:00"],
)
def test_Y11_dates_that_are_none(value: str) -> None:
    (finding,) = findings(f"cluster: 1\ndecided: {{date: {value}, by: alice}}\nissues: {{1: {{decision: open}}}}\n")
    assert (finding.rule, finding.place.line, finding.place.column) == ("bad-value", 2, 17)
    assert "is not a date" in finding.message
    assert len(finding.message) < 100


@pytest.mark.parametrize("value", ["9" * 5_000, ".nan", "-.inf", "1e400", "0x10", "1.0", "+1", "١"])
def test_Y11_numbers_that_are_none(value: str) -> None:
    for text, column in (
        (f"cluster: {value}\nissues: {{1: {{decision: open}}}}\n", 10),
        (evidence(f"{{run: {value}}}"), 22),
    ):
        (finding,) = findings(text)
        assert (finding.rule, finding.place.column) == ("bad-value", column)
        assert len(finding.message) < 120


@pytest.mark.parametrize(
    "key", ["because", "title", "problem", "root_cause", "resolution", "priority", "evidence", "criteria", "duplicates", "parts", "whys", "phases", "risks", "goals", "metrics", "lessons", "limitations", "follow_ups", "precedents", "documents", "related"]
)  # fmt: skip
def test_Y12_every_key_has_a_type_and_a_nearest_name(key: str) -> None:
    (finding,) = findings(f"{OPEN}    {key}: {{a: b}}\n")
    assert (finding.rule, finding.place.line, finding.place.column) == ("wrong-type", 5, 7 + len(key))
    (finding,) = findings(f"{OPEN}    {key[:-1]}x: a\n")
    assert finding.rule == "unknown-key"
    assert finding.hint is not None
    assert finding.hint == f"did you mean `{key}`?"


def test_Y12_merge_keys_are_keys_like_any_other() -> None:
    (finding,) = findings("cluster: 1\nissues: {1: {decision: open, <<: {title: x}}}\n")
    assert (finding.rule, finding.place.line, finding.place.column) == ("unknown-key", 2, 30)


@pytest.mark.parametrize("number", ["0", "-1", str(2**31), str(2**63), "true", "acme/x#3", "1.5", "01"])
def test_Y16_numbers_of_issues(number: str) -> None:
    quoted = f'"{number}"'
    for text, place in (
        (f"cluster: {number}\nissues: {{1: {{decision: open}}}}\n", (1, 10)),
        (f"cluster: 1\nissues: {{{quoted}: {{decision: open}}}}\n", (2, 10)),
        (f"{HEAD}resolved\n    resolved_by: {number}\n", (5, 18)),
        (f"{HEAD}sequential\n    after: [{number}]\n", (5, 13)),
        (evidence(f"{{pull: {number}}}"), (5, 23)),
    ):
        (finding,) = findings(text)
        assert (finding.rule, finding.place.line, finding.place.column) == ("bad-value", *place)
        assert finding.message == f"`{number}` is not {LARGEST}"


@pytest.mark.parametrize("key", ["duplicates", "parts", "precedents", "related", "into", "of"])
def test_Y16_issues_of_other_repositories(key: str) -> None:
    value = {"related": "[{issue: acme/x#3}]", "into": "acme/x#3", "of": "acme/x#3"}.get(key, "[acme/x#3]")
    decision = {"into": "merged", "of": "declined\n    reason: duplicate"}.get(key, "open")
    assert findings(f"{HEAD}{decision}\n    {key}: {value}\n") == []
    for wrong in ("acme/x#0", "x#3", f"acme/x#{2**31}", "acme/x", "-a/x#3"):
        (finding,) = findings(f"{HEAD}{decision}\n    {key}: {value.replace('acme/x#3', wrong)}\n")
        assert finding.rule == "bad-value"


def test_Y19_only_ordinary_files_are_read(tmp_path: Path) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(OPEN)
    (tmp_path / "1.yaml").symlink_to(target)
    (tmp_path / "2.yaml").mkdir()
    os.mkfifo(tmp_path / "3.yaml")
    signal.alarm(5)
    try:
        for name, message, hint in (
            ("1.yaml", "it is a symbolic link", "name the file itself"),
            ("2.yaml", "it is not an ordinary file", None),
            ("3.yaml", "it is not an ordinary file", None),
            ("4.yaml", "there is no such file", None),
        ):
            with pytest.raises(Refused) as caught:
                reading.read(tmp_path / name, name)
            (finding,) = caught.value.findings
            assert (finding.rule, finding.message, finding.hint) == ("file-name", message, hint)
        for device in ("/dev/null", "/dev/zero"):
            with pytest.raises(Refused, match="not an ordinary file"):
                reading.read(Path(device))
    finally:
        signal.alarm(0)


@pytest.mark.parametrize("text", ["../x", "a/../b", "/../x", "./", "a//b"])
def test_Y19_paths_stay_in_the_repository(text: str) -> None:
    (finding,) = findings(evidence(f"{{path: {text}}}"))
    assert (finding.rule, finding.place.column) == ("bad-value", 23)
    (finding,) = findings(evidence(f"{{test: a, in: {{file: {text}}}}}"))
    assert finding.rule == "bad-value"


@pytest.mark.parametrize(
    "text",
    [
        'cluster: 1\n"\\e[31mred": 2\nissues: {1: {decision: open}}\n',
        HEAD + '"\\e[31mred"\n',
        evidence('{"\\e[31mred": 1}'),
        evidence('{commit: "\\e[31mred\\u202e"}'),
        'cluster: "\\e[31mred"\nissues: {1: {decision: open}}\n',
        'cluster: 1\nissues: {"\\e[31mred": {decision: open}}\n',
        OPEN + '    phases: [{id: a, after: ["\\e[31mred"]}]\n',
        'cluster: 1\n"\\e[31mred": 1\n"\\e[31mred": 1\n',
        OPEN + '    parts: "\\e[31mred"\n',
        OPEN + '    related: "\\e[31mred"\n',
        "cluster: 1\n\x1b[31mred: 2\n",
        '? "\\e[31mred"\n- x\n',
    ],
)
def test_Y20_no_message_has_anything_invisible_in_it(text: str) -> None:
    found = findings(text)
    assert found
    for finding in found:
        assert (finding.message + (finding.hint or "")).isprintable()


# -- whatever is written, reading neither fails nor points outside the file ------------------------------

PIECES = st.sampled_from(
    ["cluster: 1\n", "issues:\n", "  1:\n", "    decision: open\n", "{", "}", "[", "]", ",", ": ", "? ", "- ", "#", " #", "\n", "\t", "'", '"',
     "|\n", ">-\n", "|2\n", "|+\n", "&a ", "*a", "!!x ", "<<: ", "%YAML 1.1\n", "---\n", "...\n", "\x85", "\u2028", "\u2029", "\ufeff", "\r", "\r\n",
     '"\\ud800"', '"\\UFFFFFFFF"', '"\\0at"', "\\", "9" * 5_000, ".nan", "~", "x" * 2_000, "  ", " ", "😀", "\x00", "\x1b", "[key]", "é"]
)  # fmt: skip
WHOLE = evidence("{commit: 12e4567, at: abcdef1, touches: ['a/**']}, {present: a, in: [b], count: 3}") + (
    "    because: |+\n      x\n\n    phases:\n    - id: a\n      steps: [x, run: y]\n"
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 6), PIECES), max_size=6))
def test_no_text_makes_reading_fail_or_point_outside_the_file(changes: list[tuple[int, int, str]]) -> None:
    text: Any = WHOLE
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    lines = re.split(r"\r\n|\r|\n", text)
    try:
        found = graph.lint([reading.parse(text.encode("utf-8", "surrogatepass"), "f")])
    except Refused as refused:
        found = refused.findings
        assert found
    for finding in found:
        assert 1 <= finding.place.line <= len(lines)
        assert 1 <= finding.place.column <= len(lines[finding.place.line - 1]) + 1
        assert finding.message.isprintable()


def test_the_tree_has_every_scalar_where_it_stands() -> None:
    source = nodes.Source("f", "a: 'x'\nb:\n  - {c: y}\nd:\ne: z\n")
    root = nodes.parse(source)
    assert isinstance(root, nodes.Mapping)
    spans = [(key.text, source.position(key.start), source.position(value.start)) for key, value in root.pairs]
    assert spans == [("a", (1, 1), (1, 4)), ("b", (2, 1), (3, 3)), ("d", (4, 1), (4, 2)), ("e", (5, 1), (5, 4))]
