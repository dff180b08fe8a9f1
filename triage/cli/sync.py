"""`triage sync`: the snapshot, brought up to date for issues and for what their clusters cite."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags, without
from triage.cli.talk import remark, show_findings
from triage.errors import AskedWrongly, NothingToJudge
from triage.model import IssueFact, MissingFact, MovedFact, PullFact, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.cli.options import Options
    from triage.cli.tracking import GitHub
    from triage.clusters.reading import ClusterFile
    from triage.errors import TriageError
    from triage.tracker import Tracked


@click.command(name="sync")
@click.argument("numbers", nargs=-1, metavar="[N …]")
@click.option("--json", "as_json", is_flag=True, help="What it took, as one JSON object.")
@everywhere
def command(numbers: tuple[str, ...], as_json: bool, **flags: Any) -> int:  # noqa: FBT001 - click's signature
    """Bring the snapshot up to date: the issues named, or all that the cluster files name.

    Issues are read with all comments and everything that happened to them, and with what their clusters cite.
    The issues of a tracker that no cluster file names are not read for now.
    """
    from triage.cli.looking import found  # noqa: PLC0415 - git
    from triage.cli.new import issue_of, must_be_of  # noqa: PLC0415

    begun = time.monotonic()
    options = from_flags(flags)
    without(options, "what is brought up to date is read from GitHub, as it is now", "exported", "as_of")
    if numbers:
        options = issue_of(numbers[0], options)[1]
    addressed = [(text, *issue_of(text, options)) for text in numbers]
    named = [number for _, number, _ in addressed]
    clusters, broken = _clusters(options)
    if not named and not clusters:
        raise AskedWrongly(
            f"there is nothing to read: no cluster file in {options.settings.clusters}/ names an issue",
            "triage sync N …, or triage new N for a cluster file",
        )
    _, own = found(options, options.repository or options.settings.repository, "triage sync -R OWNER/NAME")
    for text, _, meant in addressed:
        must_be_of(text, meant, own)
    if own.repository is None and (named or any(one.cluster.repository is None for one in clusters)):
        raise NothingToJudge("which repository this is, is not known: no remote names one", "triage sync -R OWNER/NAME")
    requests = points = issues = missed = 0
    fault: TriageError | None = None
    for github, wanted in _groups(own, clusters, named, options):
        tracked, cost, fault = _bring(github, *wanted)
        issues += sum(isinstance(tracked.numbered(github.repository, one), IssueFact) for one in wanted[0])
        requests, points = requests + cost[0], points + cost[1]
        missed += _say_what_is_no_issue(github, wanted[0], tracked)
        if fault is not None:
            break
    seconds = round(time.monotonic() - begun, 1)
    if as_json:
        told = {"format": 1, "requests": requests, "points": points, "issues": issues, "seconds": seconds}
        click.echo(json.dumps(told))
    else:
        much = f"{_amount(issues, 'issue')}, {_amount(requests, 'request')}, {_amount(points, 'point')}, {seconds:g} s"
        click.echo(f"snapshot brought up to date: {much}" if fault is None else f"not all was read: {much}")
    if fault is not None:
        raise fault
    return 2 if broken else int(bool(named and missed))


def _say_what_is_no_issue(github: GitHub, numbers: list[int], tracked: Tracked) -> int:
    """Say what each number is that is no issue; how many of them there is nothing to be read of."""
    missed = 0
    for number in numbers:
        match tracked.numbered(github.repository, number):
            case PullFact():
                what = f"#{number} is a pull request of {github.repository}: brought up to date as one"
            case MovedFact() as moved:
                what = (
                    f"#{number} was transferred to {moved.to}: triage sync {moved.to.number} -R {moved.to.repository}"
                )
                missed += 1
            case MissingFact() as missing:
                gone = f"issue #{number} of {github.repository} was deleted"
                what = gone if missing.why == "deleted" else f"{github.repository} has no issue #{number}"
                missed += 1
            case _:
                continue
        remark(f"triage: warning: {what}", quiet=github.options.quiet)
    return missed


def _clusters(options: Options) -> tuple[list[ClusterFile], bool]:
    """The cluster files that can be read, and whether there are others; their errors are shown."""
    read, errors = files.read_all(files.listed(options.settings.clusters, missing_ok=True))
    show_findings(errors, color=options.color, err=True)
    return read, bool(errors)


def _groups(
    own: GitHub, clusters: Iterable[ClusterFile], named: list[int], options: Options
) -> list[tuple[GitHub, tuple[list[int], list[ClusterFile]]]]:
    """What is to be read of each repository: the issues, and the clusters whose evidence is read with them."""
    from triage.cli.looking import found  # noqa: PLC0415

    wanted: dict[str, tuple[GitHub, list[int], list[ClusterFile]]] = {}
    if own.repository is not None:
        wanted[own.repository.casefold()] = (own, list(named), [])
    for file in clusters:
        repository = options.repository or file.cluster.repository or own.repository or ""
        if repository.casefold() not in wanted:
            if named:
                continue
            wanted[repository.casefold()] = (found(options, repository, "triage sync -R OWNER/NAME")[1], [], [])
        _, numbers, cited = wanted[repository.casefold()]
        if not named:
            numbers += file.cluster.issues
        if not named or set(named) & set(file.cluster.issues):
            cited.append(file)
    return [(github, (list(dict.fromkeys(numbers)), cited)) for github, numbers, cited in wanted.values() if numbers]


def _bring(
    github: GitHub, numbers: list[int], clusters: list[ClusterFile]
) -> tuple[Tracked, tuple[int, int], TriageError | None]:
    """Read issues to their end, and what clusters cite. What was read, what it cost, and the fault that ended it."""
    from triage.clusters.wanted import wanted  # noqa: PLC0415
    from triage.tracker import Tracked  # noqa: PLC0415 - most of a run

    repository = github.repository or ""
    reading = github.read_fully(numbers)
    asked = [wanted(file.cluster, repository) for file in clusters]
    cited = Wanted(
        repository,
        tuple(dict.fromkeys(name for one in asked for name in one.numbers)),
        tuple(dict.fromkeys(sha for one in asked for sha in one.commits)),
        checks=any(one.checks for one in asked),
        files=any(one.files for one in asked),
        abroad=tuple(dict.fromkeys(commit for one in asked for commit in one.abroad)),
    )
    tracked = Tracked(reading.kept, repository, reading.unread)
    fault = reading.fault
    unread = list(reading.unread)
    if fault is None:
        tracked = github.track(cited, before=tracked)
        fault = tracked.fault
        unread += [one for one in tracked.unread if one not in unread]
    for name, what, why in unread:
        remark(f"triage: warning: {name} {what} was not read: {why.reason}", quiet=github.options.quiet)
    if fault is None and unread:
        fault = NothingToJudge(f"{_amount(len(unread), 'thing')} of {repository} could not be read")
    return tracked, (github.client.requests, github.client.points), fault


def _amount(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
