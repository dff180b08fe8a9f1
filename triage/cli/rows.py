"""Verdicts as rows on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from triage.cli.talk import visible
from triage.model import Severity, Status
from triage.reports.words import MARKS, SAID, claim, decision_words, next_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.verdicts import ClusterVerdict, CriterionVerdict, EvidenceVerdict

_COLORS = {
    Status.VERIFIED: "green",
    Status.REFUTED: "red",
    Status.UNVERIFIED: "yellow",
    Status.ATTESTED: "cyan",
    Status.OPEN: None,
}


def rows(result: ClusterVerdict) -> str:
    """Return the result as text: an issue and a row for each piece of its evidence, then the outcome."""
    return "".join(f"{line}\n" for line in _lines(result))


def summary_row(result: ClusterVerdict) -> str:
    """Return one line for a whole cluster."""
    title = f"  {visible(result.cluster.title)}" if result.cluster.title else ""
    return f"{_status(result.status)}  {result.cluster.cluster}{title}"


def _head(result: ClusterVerdict) -> Iterator[str]:
    title = f"  {visible(result.cluster.title)}" if result.cluster.title else ""
    yield click.style(f"Cluster {result.cluster.cluster}{title}", bold=True)
    yield f"judged by {visible(result.judged.branch)} at {result.judged.sha[:12]} of {result.judged.committed:%Y-%m-%d}"
    if result.judged.asked is not None:
        yield f"as of {visible(result.judged.asked)}: what came later is not looked at"
    if result.judged.read is not None:
        yield f"GitHub as it was read on {result.judged.read:%Y-%m-%d %H:%M} UTC"
    if result.judged.file is not None:
        yield f"from {visible(result.judged.file)}, not from a clone (-C PATH names one)"


def _lines(result: ClusterVerdict) -> Iterator[str]:
    yield from _head(result)
    for issue in result.issues:
        name = f"  {visible(issue.title)}" if issue.title else ""
        yield ""
        yield f"{_status(issue.status)}  {click.style(issue.name + name, bold=True)}: {visible(decision_words(issue))}"
        if issue.claims:
            yield f"              {visible(issue.reason)}"
        for item in issue.evidence:
            yield from _evidence(item, "  ")
        for criterion in (*issue.criteria, *issue.goals):
            yield from _criterion(criterion, "  ")
        for phase in issue.phases:
            label = f"phase {phase.item.id}{': ' + phase.item.name if phase.item.name else ''}"
            yield f"  {_mark(phase.status)} {visible(label)}{_because(phase.reason)}"
            for item in phase.evidence:
                yield from _evidence(item, "    ")
            for criterion in phase.done_when:
                yield from _criterion(criterion, "    ")
        for finding in issue.findings:
            color = "red" if finding.severity is Severity.ERROR else "yellow"
            yield f"  {click.style('!', fg=color, bold=True)} {visible(finding.message)} [{finding.rule}]"
    for said, status, reason in result.statements:
        yield f"{_mark(status)} said: {visible(said.says)}{_because(reason)}"
    yield ""
    yield f"cluster {result.cluster.cluster}: {_status(result.status).strip()}"
    for issue in result.issues:
        step = next_step(issue, result)
        if step and issue.claims and issue.status in (Status.REFUTED, Status.UNVERIFIED):
            yield f"  {issue.name}: {visible(step)}"


def _status(status: Status) -> str:
    return click.style(f"{SAID[status]:<10}", fg=_COLORS[status], bold=True) + f" {MARKS[status]}"


def _mark(status: Status) -> str:
    return MARKS[status]


def _because(reason: str) -> str:
    return click.style(f": {visible(reason)}", dim=True) if reason else ""


def _evidence(item: EvidenceVerdict, indent: str) -> Iterator[str]:
    verdict = item.verdict
    yield f"{indent}{_mark(verdict.own or verdict.status)} {visible(claim(item.item))}{_because(verdict.reason)}"
    for part in verdict.parts:
        label = f"{part.claim} {part.of}" if part.of else part.claim
        yield f"{indent}   {_mark(part.status)} {visible(label)}{_because(part.reason)}"
    for line in verdict.details:
        yield f"{indent}     {visible(line)}"


def _criterion(item: CriterionVerdict, indent: str) -> Iterator[str]:
    waived = getattr(item.item, "waived", None) is not None
    shown = item.reason if waived or not item.evidence else ""
    yield f"{indent}{_mark(item.status)} {visible(item.item.says)}{_because(shown)}"
    for one in item.evidence:
        yield from _evidence(one, indent + "  ")
