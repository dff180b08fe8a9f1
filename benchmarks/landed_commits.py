"""Cited commits of which the truth is known, as evidence of one cluster: how many of them are judged so.

`TRIAGE_BENCH_CLONE=PATH python benchmarks/landed_commits.py data/landed_….jsonl [--branch main] [--cited 2026-08-23]`

The file is what `landed_truth.py` prints. `--cited` is the day of the citations, by default the one after the newest
commit of the branch. A commit that landed and was reverted or deleted since is right when it is found and said so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

REMOVED = ("gone", "reverted")


def day_after(clone: str, branch: str) -> str:
    command = ["git", "-C", clone, "log", "-1", "--format=%cI", branch]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return f"{datetime.fromisoformat(told) + timedelta(days=1):%Y-%m-%d}"


def verdicts(rows: list[dict], clone: str, branch: str, cited: str) -> list[dict]:
    """What one run of the command says of each."""
    head = f"cluster: 1\nbranch: {branch}\ndecided: {{date: {cited}, by: alice}}\nissues:\n"
    body = "".join(
        f"  {number}: {{decision: resolved, evidence: [{{commit: {json.dumps(row['cited'])}}}]}}\n"
        for number, row in enumerate(rows, 1)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clusters" / "1.yaml"
        path.parent.mkdir()
        path.write_text(head + body)
        triage = str(Path(sys.executable).parent / "triage")
        command = [triage, "cluster", str(path), "-C", clone, "--json", "--offline"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(done.stderr)
    return [issue["evidence"][0] for issue in json.loads(done.stdout)["issues"]]


def outcome(row: dict, verdict: dict) -> str:
    """How a verdict stands to the truth."""
    status, truth = verdict["status"], row["truth"]
    if status == "verified":
        if truth == "landed":
            return "right" if verdict.get("found") in row["landed_as"] else "false verified"
        if truth == "undecided":
            return "verified, undecided"
        return "false verified"
    if status == "refuted" and truth == "landed":
        return "removed since" if verdict.get("proof") in REMOVED else "false refuted"
    if status == "refuted":
        return "refuted"
    return "missed" if truth == "landed" else "left open"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--branch", default="main")
    parser.add_argument("--cited")
    parser.add_argument("--missed", action="store_true", help="list also those that landed and are not verified")
    chosen = parser.parse_args()
    clone = os.environ.get("TRIAGE_BENCH_CLONE")
    if not clone:
        sys.exit("TRIAGE_BENCH_CLONE must name a clone")
    rows = [json.loads(line) for line in chosen.rows.read_text("utf-8").splitlines() if line]
    cited = chosen.cited or day_after(clone, chosen.branch)
    begun = time.perf_counter()
    found = verdicts(rows, clone, chosen.branch, cited)
    seconds = time.perf_counter() - begun
    table: Counter[tuple[str, str, str, str]] = Counter()
    listed = {"false verified", "false refuted", "removed since", "verified, undecided"}
    listed |= {"missed"} if chosen.missed else set()
    for row, verdict in zip(rows, found, strict=True):
        how = outcome(row, verdict)
        table[how, row["truth"], row["by"], verdict.get("proof") or verdict["status"]] += 1
        if how in listed:
            left = f", {row['left']:.0%} left" if "left" in row else ""
            print(f"  {how}: {row['cited'][:12]} {row['truth']} by {row['by']}{left} ({row['note']})")
            print(f"      as {[one[:9] for one in row['landed_as']]}; {verdict['status']}: {verdict['reason']}")
    for (how, truth, by, proof), number in sorted(table.items()):
        print(f"{number:5}  {how:20} {truth:11} {by:30} {proof}")
    counts: Counter[str] = Counter()
    for (how, *_), number in table.items():
        counts[how] += number
    landed = sum(row["truth"] == "landed" for row in rows)
    elsewhere = [(row, one) for row, one in zip(rows, found, strict=True) if row["by"] != "ancestor"]
    elsewhere = [(row, one) for row, one in elsewhere if row["truth"] == "landed"]
    moved = sum(outcome(row, one) in {"right", "removed since"} for row, one in elsewhere)
    claimed = counts["right"] + counts["false verified"]
    print(f"relocated: {moved} of {len(elsewhere)} ({moved / max(len(elsewhere), 1):.1%})")
    print(f"precision: {counts['right']} of {claimed} ({counts['right'] / max(claimed, 1):.2%})")
    print(f"false verified {counts['false verified']}, false refuted {counts['false refuted']}, of {len(rows)}")
    print(f"landed {landed}; left open or missed {counts['left open']} and {counts['missed']}")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{seconds:.1f} s, {memory:.0f} MB in the largest process; cited {cited}")


if __name__ == "__main__":
    main()
