"""Every fault at every request of a world of verdicts: `python benchmarks/github_faults.py [--part 1/100] [--deep 4]`.

A verdict may stay what it is or become unverified, and a run may end without any and say why. What became another is
counted as wrong and listed, once each with the first fault that did it. `--part K/N` does each Nth run, from the Kth.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


def sweep(job: int, jobs: int, part: tuple[int, int], deep: int, results) -> None:
    """Do this process's share of the runs."""
    from github_counterparts import schema_of_github
    from test_github_faults import APIS, CLUSTERS, Cases, Sweep, strikes

    counts: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(Sweep(Path(folder), setattr), schema_of_github())
        turn = 0
        for api in APIS:
            for number in CLUSTERS:
                case = cases.get(number, api)
                for strike in strikes(case, deep=deep):
                    for stale in (False, True):
                        turn += 1
                        if turn % part[1] != part[0] - 1 or turn // part[1] % jobs != job:
                            continue
                        complaints, now = cases.complaints(case, strike._replace(stale=stale))
                        counts["runs"] += 1
                        counts["runs without verdicts"] += not now.out
                        judged = {where: told for where, told in now.statuses.items() if not where.endswith(".now")}
                        before = case.true.statuses
                        counts["verdicts"] += len(judged)
                        counts["right to unverified"] += sum(
                            told == "unverified" != before.get(where) for where, told in judged.items()
                        )
                        counts["right to wrong"] += len(complaints)
                        for one in complaints:
                            key = f"{number} by {api}: {one.rsplit(': ', 1)[-1]}"
                            wrong.setdefault(key, one)
        counts["all"] = turn
        cases.close()
    results.put((counts, wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="1/1", help="each Nth of the runs, from the Kth: K/N")
    parser.add_argument("--deep", type=int, default=3, help="how deep in GraphQL's answers every part becomes null")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    first, _, every = chosen.part.partition("/")
    results: multiprocessing.Queue = multiprocessing.Queue()
    start = time.perf_counter()
    jobs = [
        multiprocessing.Process(
            target=sweep, args=(job, chosen.jobs, (int(first), int(every)), chosen.deep, results), daemon=True
        )
        for job in range(chosen.jobs)
    ]
    for job in jobs:
        job.start()
    counts: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    for _ in jobs:
        told, found = results.get()
        possible = told.pop("all")
        counts += told
        wrong |= found
    for job in jobs:
        job.join()
    seconds = time.perf_counter() - start
    print(f"{counts['runs']:,} of {possible:,} runs in {seconds:,.0f} s, {counts['verdicts']:,} verdicts")
    for name in ("right to wrong", "right to unverified", "runs without verdicts"):
        print(f"{name}: {counts[name]:,}{' (wanted: 0)' if name == 'right to wrong' else ''}")
    for one in list(wrong.values())[:100]:
        print(f"  {one}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
