"""`triage lint`: cluster files, checked without network."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags, without
from triage.cli.talk import remark, show_findings
from triage.clusters import graph
from triage.errors import AskedWrongly, NothingToJudge
from triage.model import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.cli.options import Options
    from triage.cli.tracking import GitHub
    from triage.clusters.reading import ClusterFile
    from triage.model import Finding


@click.command(name="lint")
@click.argument("paths", nargs=-1, metavar="[PATH …]")
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON object.")
@everywhere
def command(paths: tuple[str, ...], as_json: bool, **flags: Any) -> int:  # noqa: FBT001 - click's signature
    """Check cluster files (default: the clusters folder): grammar and graph; no network.

    Where there is a snapshot, also what it contradicts: numbers of pull requests, states, dates, merges.
    """
    options = from_flags(flags)
    without(options, "cluster files are checked by themselves and the snapshot", "exported", "as_of")
    chosen: list[Path] = []
    for name in paths or (str(options.settings.clusters),):
        path = Path(name)
        if path.is_dir():
            chosen += files.listed(path)
        elif path.exists() or path.is_symlink():
            chosen.append(path)
        elif paths:
            chosen.append(files.locate(name, options))
        else:
            chosen += files.listed(path)
    if not chosen:
        raise AskedWrongly("there is no cluster file to check", "a cluster file is called clusters/529.yaml")
    read, errors = files.read_all(dict.fromkeys(chosen))
    findings = sorted(
        [*errors, *graph.lint(read), *_contradicted(read, options)],
        key=lambda f: (f.place.file, f.place.line, f.place.column, f.rule, f.message),
    )
    if as_json:
        from triage.reports.document import lint_document  # noqa: PLC0415 - only for --json

        click.echo(json.dumps(lint_document(findings), ensure_ascii=False))
    else:
        show_findings(findings, color=options.color, err=False)
    wrong = sum(finding.severity is Severity.ERROR for finding in findings)
    if not options.quiet:
        warnings = len(findings) - wrong
        count = f"{len(chosen)} file{'s' * (len(chosen) != 1)}"
        what = (
            f"{wrong} error{'s' * (wrong != 1)}, {warnings} warning{'s' * (warnings != 1)}"
            if findings
            else "no findings"
        )
        remark(f"{count} checked: {what}", quiet=False)
    return 1 if wrong else 0


def _contradicted(read: Sequence[ClusterFile], options: Options) -> list[Finding]:
    """Return what the snapshot says against cluster files: nothing where there is none, or it is of something else."""
    if not read or not _may_have_a_snapshot(options):
        return []
    from triage.clusters import tracked  # noqa: PLC0415 - most runs have no snapshot
    from triage.clusters.wanted import wanted  # noqa: PLC0415

    offline = options._replace(offline=True)
    known: dict[str | None, GitHub | None] = {}
    findings: list[Finding] = []
    for file in read:
        named = options.repository or file.cluster.repository or options.settings.repository
        if named not in known:
            known[named] = _snapshot_of(named, offline)
        github = known[named]
        if github is not None and github.repository is not None:
            facts = github.track(wanted(file.cluster, github.repository))
            others = [one for one in read if one is not file]
            found = tracked.lint(file, others, facts, github.repository)
            # Nobody was asked: what the snapshot does not have is unknown, and contradicts nothing.
            findings += [one for one in found if one.rule != "not-read"]
    return findings


def _snapshot_of(named: str | None, options: Options) -> GitHub | None:
    """GitHub as its snapshot has it; None where that is not there, or it is not known of which repository."""
    from triage.cli.looking import standing_in  # noqa: PLC0415 - git
    from triage.cli.tracking import GitHub  # noqa: PLC0415

    try:
        standing = standing_in(options, named)
        github = GitHub(options, standing.repository, standing.host)
    except NothingToJudge:
        github = GitHub(options, named)
    path = github.snapshot() if github.repository is not None else None
    return github if path is not None and path.exists() else None


def _may_have_a_snapshot(options: Options) -> bool:
    """Whether there may be a snapshot at all, told without starting git and without asking where data are kept."""
    named = os.environ.get("TRIAGE_SNAPSHOT")
    if named:
        return Path(named).exists()
    if options.settings.file is not None:
        return (options.settings.file.parent / ".triage" / "snapshot.db").exists()
    # As platformdirs finds them, without HOME too.
    data = os.environ.get("XDG_DATA_HOME", "").strip() or "~/.local/share"
    folders = (data, "~/Library/Application Support")
    return any(Path(os.path.expanduser(folder), "triage").is_dir() for folder in folders)  # noqa: PTH111 - never raises
