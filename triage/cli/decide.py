"""`triage decide`: a decision, recorded in its cluster file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags
from triage.cli.talk import remark, show_findings, visible
from triage.clusters.nodes import Refused
from triage.errors import AskedWrongly

if TYPE_CHECKING:
    from pathlib import Path

    from triage.cli.options import Options
    from triage.clusters.values import IssueName

_ABROAD = re.compile(r"([^/#\s]+/[^/#\s]+)#([1-9][0-9]*)")


@click.command(name="decide")
@click.argument("issue", metavar="ISSUE")
@click.argument(
    "decision", metavar="DECISION", type=click.Choice(["resolved", "merged", "declined", "sequential", "open"])
)
@click.option("--cluster", "cluster", metavar="N", help="The cluster; else the one that has the issue.")
@click.option("--resolved-by", metavar="M", help="resolved: the issue of the cluster that solves it.")
@click.option("--into", metavar="M", help="merged: the issue that it goes on in.")
@click.option("--of", metavar="M", help="declined: the issue that it duplicates.")
@click.option("--order", type=click.IntRange(min=1), metavar="K", help="sequential: its place in the order.")
@click.option("--after", metavar="M,…", help="sequential: the issues that come first.")
@click.option("--because", metavar="TEXT", help="Why.")
@everywhere
def command(issue: str, decision: str, cluster: str | None, **flags: Any) -> int:
    """Record a decision on ISSUE in its cluster file: resolved, merged, declined, sequential or open.

    The cluster is found by the issue. The rest of the file stays byte for byte; keys that the new decision
    does not have are removed, and said to be.
    """
    from triage.clusters import editing  # noqa: PLC0415 - the grammar costs time

    options = from_flags(flags)
    number = _number(issue, "ISSUE")
    path = files.locate(cluster, options) if cluster is not None else _holder(number, options)
    after = flags.get("after")
    wanted = editing.Wanted(
        decision=decision,
        resolved_by=_number(flags["resolved_by"], "--resolved-by") if flags.get("resolved_by") else None,
        into=_issue(flags.get("into"), "--into"),
        of=_issue(flags.get("of"), "--of"),
        order=flags.get("order"),
        after=tuple(_number(one.strip(), "--after") for one in after.split(",")) if after is not None else None,
        because=flags.get("because"),
    )
    try:
        file = files.read(path)
        old = files.content(path)
        edited = editing.decide(old, file.file, number, wanted)
    except Refused as refused:
        show_findings(refused.findings, color=options.color, err=True)
        raise AskedWrongly(f"{path} cannot be edited: it has errors", f"triage lint {path}") from None
    if edited.content == old:
        remark(f"{path}: issue {number} says so already; nothing was changed", quiet=options.quiet)
        return 0
    editing.write(path, old, edited.content)
    for line in edited.changed:
        click.echo(f"{path}: issue {number}: {visible(line)}")
    for key, text in edited.removed:
        click.echo(f"{path}: issue {number}: removed {visible(key)}: {visible(' '.join(text.split()))}")
    return 0


def _holder(number: int, options: Options) -> Path:
    """The one cluster file that has an issue; with several, the one that is called by its number."""
    paths = files.listed(options.settings.clusters)
    read, errors = files.read_all(paths)
    holders = [path for path in paths for file in read if file.file == str(path) and number in file.cluster.issues]
    own = [path for path in holders if path.stem == str(number)]
    if len(holders) == 1 or own:
        return (own or holders)[0]
    if holders:
        names = ", ".join(str(path) for path in holders)
        raise AskedWrongly(f"issue {number} is in several clusters: {names}", "say which: --cluster N")
    unread = f" ({len({e.place.file for e in errors})} of them cannot be read)" if errors else ""
    raise AskedWrongly(
        f"no cluster in {options.settings.clusters}/{unread} has issue {number}",
        f"add it to one: triage decide {number} … --cluster N",
    )


def _number(text: str, what: str) -> int:
    plain = text.removeprefix("#")
    if not re.fullmatch(r"[1-9][0-9]{0,9}", plain):
        raise AskedWrongly(f"{what}: {text!r} is not the number of an issue")
    return int(plain)


def _issue(text: str | None, what: str) -> int | IssueName | None:
    from triage.clusters.values import IssueName  # noqa: PLC0415

    if text is None:
        return None
    match = _ABROAD.fullmatch(text)
    if match is not None:
        return IssueName(int(match[2]), match[1])
    return _number(text, what)
