"""What goes to the terminal: findings, remarks, and nothing invisible."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

from triage.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from triage.model import Finding


_SHORTEST_SECRET = 13
"""No text that is shorter holds a secret that `mask` knows."""


def visible(text: str) -> str:
    """Return a text without control, format or other unprintable characters, on one line, its secrets masked.

    A line end that a file or a name brings along could begin a row, a mark or a workflow command of its own.
    """
    if len(text) >= _SHORTEST_SECRET:
        from triage.reports.foreign import mask  # noqa: PLC0415 - no part of `triage --help`

        text = mask(text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def finding_lines(finding: Finding) -> str:
    """Return a finding as `file:line:column: error[rule]: message`, with its hint on a line of its own."""
    place = finding.place
    color = "red" if finding.severity is Severity.ERROR else "yellow"
    kind = click.style(f"{finding.severity}[{finding.rule}]", fg=color, bold=True)
    head = f"{visible(place.file)}:{place.line}:{place.column}: {kind}: {visible(finding.message)}"
    return f"{head}\n  hint: {visible(finding.hint)}" if finding.hint else head


def annotation(finding: Finding) -> str:
    """Return a finding as a workflow command of GitHub Actions.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    place = finding.place
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    escaped = "%0A".join(visible(line).replace("%", "%25") for line in text.split("\n"))
    file = visible(place.file).replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    return f"::{finding.severity} file={file},line={place.line},col={place.column},title={finding.rule}::{escaped}"


def show_findings(findings: Iterable[Finding], *, color: bool | None, err: bool) -> None:
    """Print findings; inside GitHub Actions as annotations too."""
    with contextlib.suppress(OSError) if err else contextlib.nullcontext():
        for finding in findings:
            click.echo(finding_lines(finding), err=err, color=color)
            if os.environ.get("GITHUB_ACTIONS") == "true":
                click.echo(annotation(finding), err=err)


def remark(text: str, *, quiet: bool) -> None:
    """Say something beside the document, on stderr, unless asked to be quiet; where nobody listens is no fault."""
    if not quiet:
        with contextlib.suppress(OSError):
            click.echo(visible(text), err=True)


def progress(*, quiet: bool) -> Callable[[str], None] | None:
    """Return what shows a line that the next one replaces, where stderr is a terminal; else None."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        return None

    def show(text: str) -> None:
        with contextlib.suppress(OSError):
            click.echo(f"\r\x1b[K{visible(text)}", err=True, nl=False)

    return show


def color_wanted(*, no_color: bool) -> bool | None:
    """Return False where colour was declined (https://no-color.org), else None: only on a terminal."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return None if sys.stdout is not None else False
