"""`triage schema`: the JSON schema of cluster files."""

from __future__ import annotations

import json
from typing import Any

import click

from triage.cli.options import everywhere, from_flags


@click.command(name="schema")
@everywhere
def command(**flags: Any) -> int:
    """Print the JSON schema of cluster files, for editors."""
    from triage.clusters.schema import cluster_schema  # noqa: PLC0415 - the grammar costs time

    from_flags(flags)
    click.echo(json.dumps(cluster_schema(), indent=2, ensure_ascii=False))
    return 0
