"""What reading GitHub costs beside waiting for it: `python benchmarks/github_reading.py [--runs 11] [--venv FOLDER]`.

A cluster of five with commits, checks and 500 comments each, on a server that answers as GitHub's schema says, each
time 50 ms late. Of `triage cluster N` as a process are taken away: the same command with --offline and the snapshot
that was made before, and the time that the server took for its requests. The package is one that `pip install .` put
into an environment of its own, with its byte code compiled; runs with and without --offline are taken in turn.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

LATENCY = 0.05
WANTED = 0.3
TOKEN = "canary-token"


def installed(folder: Path) -> Path:
    """The python of a fresh environment with the package in it."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", str(ROOT)], check=True, env=clean())
    return python


def clean(**variables: str) -> dict[str, str]:
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "GH_", "GITHUB_", "TRIAGE"))
    }
    return {**kept, **variables}


def world_of(folder: Path):
    """A clone, and the world of its five issues: each with a pull request, checks and 500 comments."""
    from github_server import World, check, sha_of
    from repositories import Repository

    made = Repository(folder)
    made.commit({"start.py": "a\n"}, "start")
    world = World(token=TOKEN, limit=10**9)
    apex = world.repository("acme/apex")
    lines = ["cluster: 1", "decided: {date: 2025-09-20, by: alice}", "issues:"]
    for number in range(1, 6):
        pull, subject = number + 100, f"fix: part {number} (#{number + 100})"
        sha = made.commit({f"src/{number}.py": "b\n"}, subject)
        checks = [check(name, workflow="ci") for name in ("unit", "lint", "build")]
        apex.commit(sha, subject=subject, authored="2025-09-09T10:00:00Z", checks=checks)
        said = [("bob", f"comment {place}", "2025-09-09T10:00:00Z") for place in range(500)]
        apex.issue(number, title=f"issue {number}", state="CLOSED", closed="2025-09-15T10:00:00Z", comments=said)
        head = sha_of(f"head {number}")
        apex.commit(head, subject="work", checks=[check("unit", workflow="ci")])
        apex.pull(
            pull, title=f"pull {pull}", state="MERGED", merged="2025-09-10T10:00:00Z", merge_commit=sha, head=head,
            closes=[number], files=[f"src/{number}.py"],
        )  # fmt: skip
        lines += [f"  {number}:", "    decision: resolved", "    evidence:", f"      - pull: {pull}"]
        lines += [f'        touches: ["src/{number}.py"]', f"      - commit: {sha[:12]}", "      - check: unit"]
    apex.commit(made.head(), subject=subject, checks=[check("unit", workflow="ci")])
    apex.branch("main", made.head())
    made.git("remote", "add", "origin", "https://github.com/acme/apex")
    (folder / "clusters").mkdir()
    (folder / "clusters" / "1.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return world


def server_of(world):
    """The server, 50 ms late; what it says is worked out once, and how long it took is kept."""
    from github_counterparts import schema_of_github
    from github_server import GitHub

    class Late(GitHub):
        spent = 0.0

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.said = {}

        def _answer(self, request):
            key = (request.target, request.body)
            if key not in self.said:
                self.said[key] = super()._answer(request)
            return self.said[key]

        def serve(self, handler, body):
            start = time.perf_counter()
            time.sleep(LATENCY)
            super().serve(handler, body)
            self.spent += time.perf_counter() - start

    return Late(world, schema_of_github())


def imports(python: Path, folder: Path, environment: dict[str, str], *flags: str) -> dict[str, float]:
    """The seconds that each module took with all that it imports, by `python -X importtime`."""
    command = [python, "-X", "importtime", "-m", "triage", "cluster", "1", *flags]
    told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stderr
    found = re.findall(r"^import time: +\d+ \| +(\d+) \| +(\S+)$", told, re.MULTILINE)
    return {name: int(micro) / 1e6 for micro, name in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--venv", type=Path, help="an environment to make, or to use again")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = scratch / "clone"
        python = installed(chosen.venv or scratch / "venv")
        triage = [str(python.parent / "triage"), "cluster", "1"]
        with server_of(world_of(folder)) as github:
            environment = clean(
                HOME=str(scratch), GITHUB_API_URL=github.url, GH_TOKEN=TOKEN, TRIAGE_SNAPSHOT=str(scratch / "kept.db")
            )
            own, whole, floor, counts = [], [], [], set()
            for run in range(chosen.runs + 1):
                pair = []
                before, github.spent = len(github.requests), 0.0
                for flags in ([], ["--offline"]):
                    start = time.perf_counter()
                    done = subprocess.run(
                        [*triage, *flags], cwd=folder, env=environment, capture_output=True, text=True, check=False
                    )
                    pair.append(time.perf_counter() - start)
                    if done.returncode:
                        sys.exit(f"{flags}: {done.returncode}\n{done.stdout}{done.stderr}")
                if run:
                    counts.add(len(github.requests) - before)
                    whole.append(pair[0])
                    floor.append(pair[1])
                    own.append(pair[0] - pair[1] - github.spent)
            online = imports(python, folder, environment)
            offline = imports(python, folder, environment, "--offline")
            asked = subprocess.run(
                [*triage, "--json"], cwd=folder, env=environment, capture_output=True, text=True, check=False
            ).stdout.count('"status": "verified"')
        print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {chosen.runs} runs in turn")
        print(f"requests for a cluster of five with commits, checks and 500 comments each: {sorted(counts)}")
        print(f"verified in it: {asked}")
        print(f"the whole command {statistics.median(whole):.3f} s, with --offline {statistics.median(floor):.3f} s")
        spread = f"{min(own):.3f} to {max(own):.3f}"
        print(f"reading beside waiting: {statistics.median(own):.3f} s ({spread}; wanted: at most {WANTED})")
        print(f"importing PyGithub: {online.get('github', 0):.3f} s, requests: {online.get('requests', 0):.3f} s")
        print(f"PyGithub is imported with --offline: {'yes' if 'github' in offline else 'no'} (wanted: no)")


if __name__ == "__main__":
    main()
