"""`triage cluster`: a cluster's decisions, verified, as rows, a report, or data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags
from triage.cli.talk import remark, show_findings
from triage.clusters.nodes import Refused
from triage.errors import AskedWrongly, NothingToJudge, TriageError
from triage.model import Finding, IssueFact, Place, Severity, Status
from triage.tracker import NOT_READ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.cli.looking import Looked
    from triage.cli.options import Options
    from triage.clusters.grammar import Decision
    from triage.clusters.reading import ClusterFile
    from triage.tracker import Tracked
    from triage.verdicts import ClusterVerdict

FAILING = {
    "unverified": (Status.REFUTED, Status.UNVERIFIED),
    "refuted": (Status.REFUTED,),
    "never": (),
}
ERROR = Severity.ERROR
UNJUDGED = (Status.UNVERIFIED, Status.ATTESTED)
"""What is said without anything having been looked at, or seen."""


@click.command(name="cluster")
@click.argument("number", required=False, metavar="[N]")
@click.option("--all", "every", is_flag=True, help="Every cluster of the clusters folder.")
@click.option("--render", is_flag=True, help="The report, in Markdown.")
@click.option("--template", metavar="NAME", help="The report's template.  [default: by the number of issues]")
@click.option(
    "--format", "form", type=click.Choice(["md"]), default="md", show_default=True, help="The report's format."
)
@click.option("--json", "as_json", is_flag=True, help="The verdicts as one JSON object (with --all one a line).")
@click.option("-o", "--output", metavar="FILE", help="Write there instead of stdout; with --all a folder.")
@everywhere
def command(
    number: str | None,
    every: bool,  # noqa: FBT001
    render: bool,  # noqa: FBT001
    template: str | None,
    form: str,  # noqa: ARG001 - there is one format so far
    as_json: bool,  # noqa: FBT001
    output: str | None,
    **flags: Any,
) -> int:
    """Verify the decisions of cluster N and print a row for each piece of evidence.

    N is the number of a cluster, e.g. 529 for clusters/529.yaml, or the path of a cluster file. Judged by
    clusters/N.evidence if it is there, else by the clone that you stand in (-C names another).
    """
    options = from_flags({**flags, "output": output, "template": template})
    if render and as_json:
        raise AskedWrongly("--render and --json are two kinds of output", "leave one of them out")
    if template is not None:
        render = True
    show = shower(options, render=render, template=template, as_json=as_json)
    if every:
        if number is not None:
            raise AskedWrongly("--all and a cluster are two things to judge", "leave one of them out")
        return _all(options, show, render=render, as_json=as_json, output=output)
    if number is None:
        raise AskedWrongly("which cluster?", "triage cluster 529, or triage cluster --all")
    path = files.locate(number, options)
    if output is not None:
        files.keep(path, Path(output))
    result = _judged(path, options)
    document = show(result)
    if output is not None and output != "-":
        from triage.exported import write_whole  # noqa: PLC0415 - only where a file is written

        write_whole(Path(output), _plain(document))
        remark(f"wrote {output}", quiet=options.quiet)
    else:
        click.echo(document, nl=False, color=options.color)
    return int(result.status in FAILING[options.fail_on])


def shower(options: Options, *, render: bool, template: str | None, as_json: bool) -> Any:
    """Return the function that makes a document of a result."""

    def as_data(result: ClusterVerdict) -> str:
        from triage.reports.document import cluster_document  # noqa: PLC0415

        return json.dumps(cluster_document(result), ensure_ascii=False) + "\n"

    def as_report(result: ClusterVerdict) -> str:
        from triage import shipped  # noqa: PLC0415 - only where a report is rendered
        from triage.reports import views  # noqa: PLC0415
        from triage.reports.render import render as rendered  # noqa: PLC0415

        name = views.template_for(result, template)
        view = views.view(result)
        return rendered(f"{name}.md", view, shipped=shipped.templates(), own=options.settings.templates)

    def as_rows(result: ClusterVerdict) -> str:
        from triage.cli.rows import rows  # noqa: PLC0415

        return rows(result)

    return as_data if as_json else as_report if render else as_rows


def _judged(path: Path, options: Options) -> ClusterVerdict:
    """Return the verdicts on one cluster file; its errors of grammar are shown before it is refused."""
    from triage.cli.looking import looking  # noqa: PLC0415 - git and the checkers

    try:
        file = files.read(path)
    except Refused as refused:
        show_findings(refused.findings, color=options.color, err=True)
        count = len(refused.findings)
        raise AskedWrongly(
            f"{path} cannot be judged: {count} error{'s' * (count != 1)} in it", f"triage lint {path}"
        ) from None
    findings, others = files.with_neighbours(file, path)
    for finding in findings:
        if finding.severity is Severity.ERROR:
            show_findings([finding], color=options.color, err=True)
    with looking(file.cluster, path, file.source.text.encode("utf-8"), options) as looked:
        return judged(file, looked, options, findings, others)


def judged(
    file: ClusterFile,
    looked: Looked,
    options: Options,
    findings: Sequence[Finding] = (),
    others: Sequence[ClusterFile] = (),
) -> ClusterVerdict:
    """Return the verdicts on a cluster, by what was opened to look at.

    Raises the fault that kept GitHub from being read, if nothing could be judged without it.
    """
    from triage.clusters import tracked as against  # noqa: PLC0415 - the checkers
    from triage.verify import verify  # noqa: PLC0415

    contradicted = against.lint(file, others, looked.tracked, looked.facts.repository)
    stale = _stale(file, looked)
    result = verify(file, looked.facts, [*stale, *findings, *contradicted], others, _parts_elsewhere(file, looked))
    _say_what_was_not_read(result, looked.tracked, options)
    return result


def _stale(file: ClusterFile, looked: Looked) -> list[Finding]:
    """The finding for a clone that lacks what GitHub has on the judged branch: a revert may be among it."""
    if looked.behind is None:
        return []
    branch = looked.facts.judged.branch
    message = (
        f"{branch} is at {looked.behind[:9]} on GitHub, which this clone does not have: what came since is not seen"
    )
    return [Finding("stale-clone", Severity.WARNING, message, Place(file.file, 1, 1), "git fetch")]


def _parts_elsewhere(file: ClusterFile, looked: Looked) -> dict[int, Decision]:
    """What GitHub links to the sub-issues that `parts: github` speaks of and that the file does not decide on."""
    tracked, repository = looked.tracked, looked.facts.repository
    listed = file.cluster.issues
    parents = [number for number, decision in listed.items() if decision.parts == "github"]
    facts = [tracked.numbered(repository, number) for number in parents]
    numbers = [
        name.number
        for fact in facts
        if isinstance(fact, IssueFact)
        for name in fact.sub_issues or ()
        if name.repository.casefold() == fact.repository.casefold() and name.number not in listed
    ]
    if not numbers:
        return {}
    from triage.clusters import drafting, reading  # noqa: PLC0415 - issues with sub-issues are rare
    from triage.clusters import tracked as against  # noqa: PLC0415

    drafted = drafting.draft(numbers, repository, tracked, tracked.known, day=looked.facts.judged.at.date())
    draft = reading.parse(drafted.text.encode(), f"sub-issues of {file.file}")
    contradicted = {one.issue for one in against.lint(draft, [file], tracked, repository) if one.severity is ERROR}
    return {
        number: decision
        for number, decision in draft.cluster.issues.items()
        if number not in listed and number not in contradicted and _closed(tracked.numbered(repository, number))
    }


def _closed(fact: object) -> bool:
    """Whether an issue that nobody decided on is closed at least: one that is open claims no end."""
    return isinstance(fact, IssueFact) and fact.state == "closed"


def _say_what_was_not_read(result: ClusterVerdict, tracked: Tracked, options: Options) -> None:
    """Say why GitHub was not read. Raises that fault where nothing could be judged without it."""
    fault = tracked.fault
    if fault is None:
        return
    needed = [
        one.verdict.reason for issue in result.issues for one in issue.everything if one.status is Status.UNVERIFIED
    ]
    bare = [issue for issue in result.issues if issue.claims and not issue.everything]
    needed += [issue.reason for issue in bare if issue.status is Status.UNVERIFIED]
    looked = [one for issue in result.issues for one in issue.everything if one.status not in UNJUDGED]
    looked += [issue for issue in result.issues if issue.claims and issue.status not in UNJUDGED]  # type: ignore[misc]
    if needed and not looked and all(NOT_READ.reason in reason for reason in needed):
        raise fault
    hint = f" (hint: {fault.hint})" if fault.hint else ""
    remark(f"triage: warning: GitHub was not read: {fault.message}{hint}", quiet=options.quiet)


def _all(options: Options, show: Any, *, render: bool, as_json: bool, output: str | None) -> int:
    paths = files.listed(options.settings.clusters)
    if not paths:
        raise AskedWrongly(f"there is no cluster in {options.settings.clusters}/")
    if render and output is None:
        raise AskedWrongly("--all --render writes a document for each cluster", "say where: -o DIR")
    folder = _folder(output) if output is not None else None
    worst = 0
    broken = False
    blind = 0
    for path in paths:
        try:
            result = _judged(path, options)
            document = show(result)
        except TriageError as fault:
            broken |= isinstance(fault, AskedWrongly)
            blind += isinstance(fault, NothingToJudge)
            remark(f"{path}: {fault.message}", quiet=False)
            if fault.hint:
                remark(f"  hint: {fault.hint}", quiet=options.quiet)
            continue
        worst |= int(result.status in FAILING[options.fail_on])
        if folder is not None:
            from triage.exported import write_whole  # noqa: PLC0415

            ending = "json" if as_json else "md" if render else "txt"
            write_whole(folder / f"{result.cluster.cluster}.{ending}", _plain(document))
        elif as_json:
            click.echo(document, nl=False)
        else:
            from triage.cli.rows import summary_row  # noqa: PLC0415

            click.echo(summary_row(result), color=options.color)
    if broken:
        return 2
    if blind == len(paths):
        return 3
    return 1 if blind and options.fail_on == "unverified" else worst


def _plain(document: str) -> bytes:
    """Return a document as a file has it: without colours, whatever is in a name."""
    return click.unstyle(document).encode("utf-8", "backslashreplace")


def _folder(name: str) -> Path:
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AskedWrongly(f"{name} cannot be the folder of the documents: {error.strerror}") from None
    return folder
