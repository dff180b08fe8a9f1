"""A cluster file with 1,000 commits as evidence, against what it must cost at least.

`TRIAGE_BENCH_CLONE=PATH python benchmarks/thousand_commits.py [--branch beta-17] [--number 1000] [--runs 5]`

The least is one `git rev-list BRANCH`, one `git cat-file --batch-check` over the same SHAs, and composing the same
YAML with ruamel.yaml; the public repository that the figures are given for is netra-systems/zen at tag beta-17.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMPOSE = "import sys; from ruamel.yaml import YAML; YAML(typ='safe', pure=True).compose(open(sys.argv[1]).read())"


def seconds(*command: str, data: bytes | None = None, cwd: Path | None = None) -> float:
    start = time.perf_counter()
    subprocess.run(command, input=data, capture_output=True, check=False, cwd=cwd)
    return time.perf_counter() - start


def cluster(clone: str, branch: str, number: int, *, subjects: bool) -> tuple[str, bytes]:
    """A decision file that cites so many commits of the branch, and their SHAs, one a line."""
    listed = subprocess.run(
        ["git", "-C", clone, "log", "--format=%H%x00%s", branch], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    chosen = random.Random(1).sample(listed, number)
    lines = ["cluster: 1", f"branch: {branch}", "decided: {date: 2026-01-01, by: alice}", "issues:", "  1:"]
    lines += ["    decision: resolved", "    evidence:"]
    for row in chosen:
        sha, _, subject = row.partition("\0")
        quoted = subject.replace("'", "''")
        lines.append(f"      - commit: '{sha[:9]}'")
        if subjects and subject.isprintable() and subject.strip():
            lines.append(f"        subject: '{quoted}'")
    return "\n".join(lines) + "\n", "".join(f"{row[:40]}\n" for row in chosen).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branch", default="beta-17")
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--subjects", action="store_true", help="cite each commit's subject as well")
    chosen = parser.parse_args()
    clone = os.environ.get("TRIAGE_BENCH_CLONE")
    if not clone:
        sys.exit("TRIAGE_BENCH_CLONE must name a clone")
    triage = str(Path(sys.executable).parent / "triage")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clusters" / "1.yaml"
        path.parent.mkdir()
        text, shas = cluster(clone, chosen.branch, chosen.number, subjects=chosen.subjects)
        path.write_text(text)
        own, least = [], []
        for run in range(chosen.runs + 1):
            whole = seconds(triage, "cluster", str(path), "-C", clone, "--json", cwd=Path(folder))
            parts = (
                seconds("git", "-C", clone, "rev-list", chosen.branch),
                seconds("git", "-C", clone, "cat-file", "--batch-check", data=shas),
                seconds(sys.executable, "-c", COMPOSE, str(path)),
            )
            if run:
                own.append(whole)
                least.append(sum(parts))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        ratio = statistics.median(a / b for a, b in zip(own, least, strict=True))
        print(f"{chosen.number} commits: {statistics.median(own):.2f} s, the least {statistics.median(least):.2f} s")
        print(f"ratio {ratio:.2f} (wanted: at most 3); largest process {peak:.0f} MiB")


if __name__ == "__main__":
    main()
