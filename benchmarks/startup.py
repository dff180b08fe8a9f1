"""Start-up, as ratios of whole processes: `python benchmarks/startup.py [--runs 15]`.

The floor is a script that imports click, jinja2, pydantic and ruamel.yaml, defines three models, reads 60
lines of YAML and renders a small template. Runs are taken in turn, so that a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = """
import click, jinja2, pydantic
from ruamel.yaml import YAML
class Piece(pydantic.BaseModel):
    commit: str
    subject: str
class Issue(pydantic.BaseModel):
    decision: str
    evidence: list[Piece]
class Cluster(pydantic.BaseModel):
    title: str
    issues: dict[int, Issue]
text = "title: t\\nissues:\\n" + "".join(
    f"  {n}:\\n    decision: resolved\\n    evidence:\\n      - commit: 'c7b4be8bc'\\n        subject: 'feat: {n}'\\n"
    for n in range(1, 13)
)
assert text.count("\\n") >= 60
cluster = Cluster.model_validate(YAML(typ="safe", pure=True).load(text))
template = "# {{ c.title }}\\n{% for n, i in c.issues.items() %}{{ n }} {{ i.decision }}\\n{% endfor %}"
@click.command()
def main():
    click.echo(jinja2.Environment().from_string(template).render(c=cluster))
main()
"""
COMMANDS = {
    "triage --help": (["--help"], 1.0),
    "triage lint": (["lint"], 1.0),
    "triage cluster 529 --render": (["cluster", "529", "--render"], 1.5),
    "triage cluster 529": (["cluster", "529"], None),
    "triage cluster 529 --json": (["cluster", "529", "--json"], None),
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    triage = Path(sys.executable).parent / "triage"
    with tempfile.TemporaryDirectory() as folder:
        floor = Path(folder) / "floor.py"
        floor.write_text(FLOOR)
        print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {runs} runs each, in turn")
        print(f"{'command':32} {'seconds':>8} {'floor':>8} {'ratio':>6}  wanted")
        for name, (arguments, limit) in COMMANDS.items():
            pairs = []
            for run in range(runs + 1):
                pair = (seconds([str(triage), *arguments]), seconds([sys.executable, str(floor)]))
                if run:
                    pairs.append(pair)
            ratio = statistics.median(a / b for a, b in pairs)
            own, base = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"{name:32} {own:8.3f} {base:8.3f} {ratio:6.2f}  {f'at most {limit}' if limit else ''}")


if __name__ == "__main__":
    main()
