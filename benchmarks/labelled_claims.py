"""Labelled claims as evidence of cluster files: how many are judged as labelled.

`TRIAGE_BENCH_CLONE=PATH python benchmarks/labelled_claims.py ROWS.jsonl [--branch beta-17] [--decided 2025-09-18]`

Each row of the file has `family` (`path`, `commit`, or `commit+subject`), `line_text`, `cited` and `verdict`;
`unverifiable` is our `unverified`. The subject of a commit is what its line says after the SHA; without `line_text`
it is line `line` of the object `blob`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

FAMILIES = ("path", "commit", "commit+subject")
WORDS = {"verified": "verified", "refuted": "refuted", "unverifiable": "unverified", "relocated": "verified"}


def line_of(row: dict[str, Any], clone: str) -> str:
    if "line_text" in row:
        return row["line_text"]
    command = ["git", "-C", clone, "cat-file", "blob", row["blob"]]
    told = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    return told.splitlines()[row["line"] - 1]


def item(row: dict[str, Any], clone: str) -> str:
    if row["family"] == "path":
        return f"{{path: {json.dumps(row['cited'])}}}"
    if row["family"] == "commit":
        return f"{{commit: {json.dumps(row['cited'])}}}"
    rest = line_of(row, clone).partition(row["cited"])[2].strip().strip("*").strip()
    subject = re.sub(r"^[\s`*:\"–-]+|[\s`*\"]+$", "", rest)
    return f"{{commit: {json.dumps(row['cited'])}, subject: {json.dumps(subject)}}}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--branch", default="beta-17")
    parser.add_argument("--decided", default="2025-09-18")
    chosen = parser.parse_args()
    clone = os.environ.get("TRIAGE_BENCH_CLONE")
    if not clone:
        sys.exit("TRIAGE_BENCH_CLONE must name a clone")
    rows = [json.loads(line) for line in chosen.rows.read_text("utf-8").splitlines() if line]
    rows = [row for row in rows if row["family"] in FAMILIES and row["verdict"] in WORDS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clusters" / "1.yaml"
        path.parent.mkdir()
        head = f"cluster: 1\nbranch: {chosen.branch}\ndecided: {{date: {chosen.decided}, by: alice}}\nissues:\n"
        body = "".join(
            f"  {n}: {{decision: resolved, evidence: [{item(row, clone)}]}}\n" for n, row in enumerate(rows, 1)
        )
        path.write_text(head + body)
        triage = str(Path(sys.executable).parent / "triage")
        done = subprocess.run(
            [triage, "cluster", str(path), "-C", clone, "--json"], capture_output=True, text=True, check=False
        )
        if not done.stdout:
            sys.exit(done.stderr)
        issues = json.loads(done.stdout)["issues"]
    table: Counter[tuple[str, str, str]] = Counter()
    for row, issue in zip(rows, issues, strict=True):
        found = issue["evidence"][0]
        table[row["family"], WORDS[row["verdict"]], found["status"]] += 1
        if found["status"] != WORDS[row["verdict"]]:
            print(f"  {row['verdict']} but {found['status']}: {row['cited']}: {found['reason']}")
    for (family, label, status), number in sorted(table.items()):
        print(f"{number:5}  {family:15} labelled {label:11} judged {status}")
    right = sum(number for (_, label, status), number in table.items() if label == status)
    print(f"{right} of {len(rows)} as labelled")


if __name__ == "__main__":
    main()
