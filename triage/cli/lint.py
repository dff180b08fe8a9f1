"""`triage lint`: cluster files, checked without network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags
from triage.cli.talk import remark, show_findings
from triage.clusters import graph
from triage.errors import AskedWrongly
from triage.model import Severity


@click.command(name="lint")
@click.argument("paths", nargs=-1, metavar="[PATH …]")
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON object.")
@everywhere
def command(paths: tuple[str, ...], as_json: bool, **flags: Any) -> int:  # noqa: FBT001 - click's signature
    """Check cluster files (default: the clusters folder): grammar and graph; no network."""
    options = from_flags(flags)
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
        [*errors, *graph.lint(read)], key=lambda f: (f.place.file, f.place.line, f.place.column, f.rule, f.message)
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
