"""Builds `clusters/529.evidence` from the sources beside this file: `python clusters/example/build.py [-o FILE]`.

The history is made with `git fast-import`, twice: as it was when the decisions were written, and as it is
after an address of an author was rewritten. So the commit that #529 cites has another SHA now, as in many a
real repository, and only its subject leads to it. Names and dates are fixed: every run gives the same SHAs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from triage.cli.export import collected  # noqa: E402 - the path comes first
from triage.cli.looking import Looked, ReportFiles  # noqa: E402
from triage.clusters import reading  # noqa: E402
from triage.evidence.facts import Facts  # noqa: E402
from triage.exported import write  # noqa: E402
from triage.git import open_history  # noqa: E402
from triage.model import IssueFact, Judged, Kept  # noqa: E402
from triage.tracker import Tracked  # noqa: E402

EXPORTED = datetime(2025, 9, 12, 10, tzinfo=UTC)
OLD_MAIL, NEW_MAIL = "alice@laptop.example", "alice@example.org"


def stream(alice: str) -> str:
    """Return the history as input of `git fast-import`, with the address that alice has in it."""
    steps = json.loads((HERE / "history.json").read_text("utf-8"))
    people = {"alice": f"alice <{alice}>", "bob": "bob <bob@example.org>"}
    lines = []
    for step in steps:
        when = int(datetime.fromisoformat(step["date"]).timestamp())
        who = f"{people[step['by']]} {when} +0000"
        message = step["message"]
        lines += [
            "commit refs/heads/main",
            f"author {who}",
            f"committer {who}",
            f"data {len(message.encode())}",
            message,
        ]
        for path, content in step["files"].items():
            if content is None:
                lines.append(f"D {path}")
            else:
                text = "".join(f"{line}\n" for line in content)
                lines += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
        if "tag" in step:
            lines += ["", f"reset refs/tags/{step['tag']}", "from refs/heads/main"]
        lines.append("")
    return "\n".join(lines) + "\n"


def build(folder: Path, alice: str) -> Path:
    """Make the repository in a folder and return it."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True, env=environment)
    subprocess.run(
        ["git", "-C", folder, "fast-import", "--quiet"], input=stream(alice).encode(), check=True, env=environment
    )
    return folder


def shas(folder: Path) -> dict[str, str]:
    """Return the SHA of each subject."""
    listed = subprocess.run(
        ["git", "-C", folder, "log", "--format=%H %s", "main"], check=True, capture_output=True, text=True
    ).stdout
    return {line[41:]: line[:40] for line in listed.splitlines()}


def issues() -> tuple[IssueFact, ...]:
    """Return the issues as GitHub had them."""
    listed = json.loads((HERE / "issues.json").read_text("utf-8"))
    return tuple(
        IssueFact(
            number=item["number"],
            repository="acme/apex",
            title=item["title"],
            state=item["state"],
            reason=None,
            created=datetime.fromisoformat(item["created"]),
            closed=None,
            closed_by=None,
            read=EXPORTED - timedelta(minutes=5),
        )
        for item in listed
    )


def main() -> None:
    """Build the file, and say which SHAs the decisions may cite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "clusters" / "529.evidence")
    parser.add_argument("--shas", action="store_true", help="print the SHAs before and after the rewriting, and stop")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        old = build(Path(folder) / "old", OLD_MAIL)
        new = build(Path(folder) / "new", NEW_MAIL)
        if chosen.shas:
            before, after = shas(old), shas(new)
            for subject, sha in after.items():
                print(before[subject][:9], sha[:9], subject)  # noqa: T201 - that is what was asked for
            return
        path = ROOT / "clusters" / "529.yaml"
        file = reading.read(path, "clusters/529.yaml")
        history, stand = open_history(new, branch="main")
        judged = Judged(stand.branch, stand.sha, EXPORTED, stand.committed)
        known = Tracked([Kept("acme/apex", str(fact.number), fact) for fact in issues()], "acme/apex")
        facts = Facts(history, judged, known, ReportFiles(HERE), "acme/apex")
        content = collected(file, path.read_bytes(), Looked(facts, history, None, new, known), path)
        state = content.state._replace(label="acme/apex", fetched=EXPORTED)
        write(chosen.output, content._replace(state=state))


if __name__ == "__main__":
    main()
