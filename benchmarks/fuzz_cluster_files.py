"""Mutates decision files, reads and lints each: no traceback, and no complaint without a place inside the file.

    python benchmarks/fuzz_cluster_files.py [--number 200000] [--seed 1]

Exits 1 if anything is wrong; the texts that did it are printed, so that they can become tests.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from triage.clusters import graph, reading  # noqa: E402 - the project beside this script is the one to try
from triage.clusters.nodes import Refused  # noqa: E402 - as above

PROCESSES = 2
SLOW = 5.0
SHOWN = 10

WHOLE = """\
cluster: 529
title: WebSocket authentication, golden path
repository: acme/apex
branch: main
decided: {date: 2025-09-12, by: alice}
summary: >-
  Markdown, folded
  over two lines.
goals:
  - says: No deprecation warnings
issues:
  529:
    decision: resolved
    because: |
      A circuit breaker.

      Two paragraphs.
    evidence:
      - commit: c7b4be8bc
        subject: "feat(auth): \\"quoted\\" \\u00e9"
        touches: ["backend/auth/**", '!backend/auth/old/**']
      - pull: 453
      - {check: "ci / unit (3.11)", app: github-actions, workflow: ci.yml}
      - run: 24499795330
      - test: tests/e2e/test_auth.py::test_expired_token
        in: {workflow: ci.yml, artifact: junit}
        before: fails
      - path: backend/auth/circuit_breaker.py
      - {present: '^\\s+STRICT\\s*=', in: [backend/auth.py], count: ">=4", at: 12e4567}
      - absent: 'get_manager_factory\\('
        in: ["backend/**/*.py"]
        never: true
      - {issue: 1029, is: completed}
      - release: v2.4.0
      - {stated: Tried by hand, by: alice, date: 2025-09-12T10:00:00Z}
    criteria:
      - says: An expired token is refused
        evidence: [{test: tests/a.py, in: {file: reports/junit.xml}, at: c7b4be8bc}]
      - says: Token lifecycle
        waived: {by: bob, date: 2025-09-12, because: Covered.}
    parts: [12, acme/desktop#13]
    duplicates: [101, acme/desktop#41]
  372: {decision: resolved, resolved_by: 529, because: The same., evidence: [{pull: 7}]}
  525: {decision: sequential, order: 1, goals: [{says: One validator}]}
  514: {decision: sequential, order: 2, after: [525], because: Takes in 506.}
  506: {decision: merged, into: 514, carried: [Deprecation roadmap, Staging warning]}
  77:
    decision: declined # not now
    reason: duplicate
    of: acme/desktop#9
    phases:
      - {id: fix, steps: [Look, run: pytest -q], done_when: [{says: It holds}]}
      - {id: later, after: [fix], optional: true, decision: complete}
statements:
  - {says: "$500K+ protected", by: alice, date: 2025-09-12}
"""
SMALL = """\
cluster: 100
issues:
  100:
    decision: open
    because: The canonical report.
    duplicates: [101, 104, acme/desktop#41]
  200: {decision: resolved, parts: github}
"""
ROUND = """\
cluster: 1
issues: {1: {decision: merged, into: 2}, 2: {decision: merged, into: 3}, 3: {decision: merged, into: 1},
  4: {decision: resolved, resolved_by: 4}, 5: {decision: sequential, after: [6, 5], order: 1},
  6: {decision: sequential, after: [5], order: 1}, 7: {decision: declined, reason: not_planned,
  because: "Fixes #12, thanks @alice", phases: [{id: a, after: [b]}, {id: b, after: [a]}]}}
"""
TOKENS = (
    "&a ",
    "*a",
    "!!str ",
    "! ",
    "!!python/object/apply:os.system [id]",
    "%YAML 1.1\n---\n",
    "---\n",
    "...\n",
    "? ",
    ": ",
    "- ",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    " # ",
    "'",
    '"',
    "|\n",
    ">-\n",
    "|2\n",
    "|+\n",
    "\t",
    "\r",
    "\r\n",
    "\n",
    "\x00",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u200b",
    "\ud7ff",
    "\U0010ffff",
    "\ufffe",
    "é",
    "~",
    "null",
    "true",
    "yes",
    ".nan",
    "-.inf",
    "1e400",
    "0x1f",
    "0o17",
    "0b101",
    "1_000",
    "12:30",
    "9" * 5000,
    "-1",
    "0",
    str(2**31),
    str(2**63),
    "12e4567",
    "0012345",
    "2024-13-45",
    "2025-09-12",
    "2025-09-12T10:00:00",
    "9999-12-31",
    '"\\ud800"',
    '"\\UFFFFFFFF"',
    '"\\0at"',
    '"\\x1b[0m"',
    '"[key]"',
    "`",
    "``",
    "fixes #1",
    "@alice",
    "acme/x#1",
    "x" * 3000,
    "resovled_by: 3",
    "evidence: []",
    "decision: resolved",
    "decision: [a]",
    "issues: {}",
    "cluster: 2",
    "'",
    "\\",
    "()",
    "(a*)*",
    "unknown",
    "github",
    "../x",
    "!",
    "**",
    "==0",
    ">=4",
    "<1",
    "evidence: [{}]",
    "evidence: [{issue: 1, path: a}]",
)
_WORD = re.compile(r"[^\s\[\]{},:]+|[\[\]{},:]|\s+")


@dataclass
class Tally:
    """What became of the texts of one process."""

    rules: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    tracebacks: int = 0
    without_place: int = 0
    slowest: float = 0.0
    shown: list[str] = field(default_factory=list)


def sources() -> list[str]:
    """Return the texts that are mutated."""
    folder = ROOT / "clusters"
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))] if folder.is_dir() else []
    return [*texts, WHOLE, SMALL, ROUND]


def mutated(text: str, chance: random.Random) -> bytes:
    """Return a text after one to six mutations: of lines, of tokens, of characters, and at last of bytes."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6))):
        text = chance.choice((_lines, _tokens, _tokens, _characters, _characters))(text, chance)
    data = text.encode("utf-8", "surrogatepass")
    kind = chance.random()
    if kind < 0.08 and data:
        at = chance.randrange(len(data))
        data = data[:at] + bytes((chance.randrange(256),)) + data[at + chance.randrange(2) :]
    elif kind < 0.1:
        data = text.encode(chance.choice(("utf-16", "utf-8-sig", "latin-1")), "replace")
    elif kind < 0.14:
        data = data.replace(b"\n", chance.choice((b"\r\n", b"\r")), chance.choice((-1, 1, 5)))
    elif kind < 0.16:
        data = data.rstrip(b"\n")
    return data


def _lines(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    what = chance.randrange(6)
    if what == 0:
        del lines[first]
    elif what == 1:
        lines.insert(second, lines[first])
    elif what == 2:
        lines[first], lines[second] = lines[second], lines[first]
    elif what == 3:
        lines[first] = " " * chance.randrange(1, 4) + lines[first]
    elif what == 4:
        lines[first] = lines[first][chance.randrange(1, 3) :]
    else:
        del lines[min(first, second) : max(first, second)]
    return "".join(lines)


def _tokens(text: str, chance: random.Random) -> str:
    spans = [match.span() for match in _WORD.finditer(text)]
    if not spans:
        return chance.choice(TOKENS)
    start, end = chance.choice(spans)
    what = chance.randrange(5)
    if what == 0:
        return text[:start] + chance.choice(TOKENS) + text[end:]
    if what == 1:
        return text[:start] + chance.choice(TOKENS) + text[start:]
    if what == 2:
        return text[:start] + text[end:]
    other = text[slice(*chance.choice(spans))]
    return text[:start] + other + text[end if what == 3 else start :]


def _characters(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    what = chance.randrange(4)
    if what == 0:
        return text[:at] + text[at + 1 :]
    if what == 1:
        return text[:at] + text[at : at + chance.randrange(1, 30)] * 2 + text[at:]
    if what == 2:
        return (
            text[:at]
            + chr(chance.choice((9, 10, 13, 32, 34, 39, 35, 45, 58, 63, 91, 93, 123, 125, 124, 62)))
            + text[at:]
        )
    character = chr(chance.randrange(0x11000) if chance.random() < 0.5 else chance.randrange(32, 127))
    return text[:at] + character + text[at + chance.randrange(2) :]


def _judge(data: bytes, tally: Tally) -> None:
    try:
        findings = graph.lint([reading.parse(data, "f.yaml")])
        outcome = "read, with findings" if findings else "read, nothing found"
    except Refused as refused:
        findings = refused.findings
        outcome = "refused"
    tally.outcomes[outcome] += 1
    lines = re.split(r"\r\n|\r|\n", data.decode("utf-8", "replace"))
    for finding in findings:
        tally.rules[f"{finding.rule} ({finding.severity})"] += 1
        line, column = finding.place.line, finding.place.column
        inside = 1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1
        if not inside or not finding.message or "\x1b" in finding.message + (finding.hint or ""):
            tally.without_place += 1
            tally.shown.append(f"{finding}\n{data!r}")
    if outcome == "refused" and not findings:
        tally.without_place += 1
        tally.shown.append(f"refused without a finding\n{data!r}")


def run(number: int, seed: int) -> Tally:
    """Return what became of `number` texts."""
    chance = random.Random(seed)
    texts = sources()
    tally = Tally()
    for _ in range(number):
        data = mutated(chance.choice(texts), chance)
        begun = time.perf_counter()
        try:
            _judge(data, tally)
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            tally.tracebacks += 1
            tally.shown.append(f"{traceback.format_exc()}\n{data!r}")
        taken = time.perf_counter() - begun
        if taken > max(tally.slowest, SLOW):
            tally.shown.append(f"{taken:.1f} s\n{data!r}")
        tally.slowest = max(tally.slowest, taken)
    tally.shown = tally.shown[:SHOWN]
    return tally


def main() -> int:
    """Fuzz in two processes and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.perf_counter()
    shares = [asked.number // PROCESSES + (index < asked.number % PROCESSES) for index in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        tallies = list(pool.map(run, shares, [asked.seed * 1_000 + index for index in range(PROCESSES)]))
    taken = time.perf_counter() - begun
    rules: Counter[str] = sum((tally.rules for tally in tallies), Counter())
    outcomes: Counter[str] = sum((tally.outcomes for tally in tallies), Counter())
    tracebacks = sum(tally.tracebacks for tally in tallies)
    without_place = sum(tally.without_place for tally in tallies)
    slowest = max(tally.slowest for tally in tallies)
    for name, count in [*outcomes.most_common(), *rules.most_common()]:
        print(f"{count:>9,}  {name}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{tracebacks:>9,}  tracebacks")
    print(f"{without_place:>9,}  complaints without a place")
    print(f"{asked.number:,} files, {asked.number / taken:,.0f} a second in {PROCESSES} processes")
    print(f"slowest {slowest:.2f} s, peak memory {peak:.0f} MB a process")
    for text in [text for tally in tallies for text in tally.shown][:SHOWN]:
        print("-" * 80, text[:3_000], sep="\n", file=sys.stderr)
    return 1 if tracebacks or without_place or slowest > SLOW else 0


if __name__ == "__main__":
    sys.exit(main())
