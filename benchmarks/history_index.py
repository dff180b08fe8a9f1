"""The index of a clone's history, against what git itself needs.

`TRIAGE_BENCH_CLONE=PATH python benchmarks/history_index.py [--branch beta-17] [--number 5000] [--runs 5]`
`python benchmarks/history_index.py --grow PATH …`

Making it, in a fresh process and with the opening of the clone, is held against a `git log --all` of the same fields
that is read to its end; opening it, resolving so many abbreviations and testing them on the branch, against
`git cat-file --batch-check` and `git rev-list BRANCH`. `--grow` compares what a commit costs in clones of any size.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIELDS = "--format=%H%x00%P%x00%at%x00%ct%x00%s%x00%b%x00"
MAKE = """
import sys
from pathlib import Path
from triage.git import open_history
history, _ = open_history(Path(sys.argv[1]), branch=sys.argv[3], cache=Path(sys.argv[2]))
history.survey(())
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
ASK = """
import sys
from pathlib import Path
from triage.git import open_history
asked = sys.stdin.read().split()
history, stand = open_history(Path(sys.argv[1]), branch=sys.argv[3], cache=Path(sys.argv[2]))
named = {found.sha for found in history.resolve(asked).values() if found.sha}
print(len(named), len(history.reachable(stand.sha, named)))
"""


def seconds(*command: str, data: bytes | None = None) -> tuple[float, bytes]:
    start = time.perf_counter()
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start, done.stdout


def read_out(*command: str) -> float:
    """Read what a command prints to its end, as a program would, without keeping it."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while process.stdout.read1(1 << 20):
            pass
    return time.perf_counter() - start


def making(clone: str, branch: str, cache: Path) -> tuple[float, float, float]:
    """Seconds of git, seconds of the index, and MiB at the peak."""
    least = read_out("git", "-C", clone, "log", "--all", FIELDS)
    shutil.rmtree(cache, ignore_errors=True)
    own, told = seconds(sys.executable, "-c", MAKE, clone, str(cache), branch)
    return least, own, int(told) / 1024


def abbreviations(clone: str, branch: str, number: int) -> list[str]:
    """Half of them on the branch, some on none, some of nothing."""
    chance = random.Random(1)
    on = subprocess.run(
        ["git", "-C", clone, "rev-list", branch], capture_output=True, check=True, text=True
    ).stdout.split()
    off = subprocess.run(
        ["git", "-C", clone, "rev-list", "--all", f"^{branch}"], capture_output=True, check=True, text=True
    ).stdout.split()
    chosen = chance.sample(on, min(len(on), number // 2)) + chance.sample(off, min(len(off), number // 4))
    chosen += [f"{chance.getrandbits(160):040x}" for _ in range(number - len(chosen))]
    chance.shuffle(chosen)
    return [sha[:9] for sha in chosen]


def asking(clone: str, branch: str, cache: Path, asked: list[str]) -> tuple[float, float]:
    """Seconds of git, and seconds of the index."""
    lines = "".join(f"{text}\n" for text in asked).encode()
    check, _ = seconds("git", "-C", clone, "cat-file", "--batch-check", data=lines)
    walk, _ = seconds("git", "-C", clone, "rev-list", branch)
    own, _ = seconds(sys.executable, "-c", ASK, clone, str(cache), branch, data=lines)
    return check + walk, own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branch", default="beta-17")
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--grow", nargs="*", default=[], metavar="PATH", help="clones whose figures are compared")
    chosen = parser.parse_args()
    clone = os.environ.get("TRIAGE_BENCH_CLONE")
    if not clone and not chosen.grow:
        sys.exit("TRIAGE_BENCH_CLONE must name a clone")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        if clone:
            made = [making(clone, chosen.branch, cache) for _ in range(chosen.runs + 1)][1:]
            least, own, peak = (statistics.median(each) for each in zip(*made, strict=True))
            ratio = statistics.median(one / git for git, one, _ in made)
            print(f"made in {own:.2f} s, git log reads it in {least:.2f} s: ratio {ratio:.2f} (wanted: at most 3)")
            print(f"at most {peak:.0f} MiB (wanted: under 300)")
            asked = abbreviations(clone, chosen.branch, chosen.number)
            told = [asking(clone, chosen.branch, cache, asked) for _ in range(chosen.runs + 1)][1:]
            least, own = (statistics.median(each) for each in zip(*told, strict=True))
            ratio = statistics.median(one / git for git, one in told)
            print(
                f"{len(asked)} abbreviations in {own:.2f} s, git: {least:.2f} s: ratio {ratio:.2f} (wanted: at most 3)"
            )
            grow(clone, cache)
        for path in chosen.grow:
            grow(path, cache)


def grow(clone: str, cache: Path) -> None:
    number = int(seconds("git", "-C", clone, "rev-list", "--all", "--count")[1])
    head = (
        seconds("git", "-C", clone, "for-each-ref", "--format=%(refname)", "--count=1", "refs/heads")[1]
        .decode()
        .strip()
    )
    least, own, peak = making(clone, head, cache)
    size = sum(file.stat().st_size for file in cache.rglob("*.db"))
    print(
        f"{number:>9,} commits: {own:6.2f} s, {own / number * 1e6:5.1f} µs each, ratio {own / least:.2f}, "
        f"{peak:.0f} MiB; file {size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
