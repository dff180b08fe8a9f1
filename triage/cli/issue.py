"""`triage issue`: one issue without any cluster file, judged by what GitHub links to it and by what is given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli import files
from triage.cli.cluster import FAILING, judged, shower
from triage.cli.new import LARGEST, ask, must_be_an_issue, parsed, read_issues
from triage.cli.options import everywhere, from_flags
from triage.cli.talk import remark
from triage.errors import AskedWrongly
from triage.model import IssueFact, Name, Wanted

if TYPE_CHECKING:
    from triage.cli.options import Options
    from triage.clusters.drafting import Given
    from triage.verdicts import ClusterVerdict

_SHA = re.compile(r"[0-9a-fA-F]{7,40}|[0-9a-fA-F]{64}")
_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})")


@click.command(name="issue")
@click.argument("issue", metavar="N")
@click.option(
    "--commit", "commits", multiple=True, metavar="SHA", help="A commit that is to solve it; may be repeated."
)
@click.option(
    "--pull", "pulls", multiple=True, metavar="P", help="A pull request that is to solve it; may be repeated."
)
@click.option(
    "--test", "tests", multiple=True, metavar="ID", help="A test that shows it, in the report --in; may be repeated."
)
@click.option("--in", "report", metavar="FILE", help="The report of the tests, as JUnit XML.")
@click.option("--at", "at", metavar="SHA", help="The commit that the report is of.  [default: the one --commit]")
@click.option("--render", is_flag=True, help="The report, in Markdown.")
@click.option("--template", metavar="NAME", help="The report's template.  [default: closure-report]")
@click.option(
    "--format", "form", type=click.Choice(["md"]), default="md", show_default=True, help="The report's format."
)
@click.option("--json", "as_json", is_flag=True, help="The verdicts as one JSON object.")
@click.option("-o", "--output", metavar="FILE", help="Write there instead of stdout.")
@everywhere
def command(
    issue: str,
    render: bool,  # noqa: FBT001
    template: str | None,
    form: str,  # noqa: ARG001 - there is one format so far
    as_json: bool,  # noqa: FBT001
    output: str | None,
    **flags: Any,
) -> int:
    """Judge issue N by what GitHub links to it, and by the evidence that is given; no cluster file is needed.

    N is a number or the address of an issue. `triage new N` writes down what this judges.
    """
    report = flags.pop("report")
    options = from_flags({**flags, "output": output, "template": template, "in": report})
    if render and as_json:
        raise AskedWrongly("--render and --json are two kinds of output", "leave one of them out")
    show = shower(options, render=render or template is not None, template=template, as_json=as_json)
    given, reports = _given(report, flags)
    if output is not None:
        for path in files.listed(options.settings.clusters, missing_ok=True):
            files.keep(path, Path(output))
    result = _judged(issue, given, reports, options)
    document = show(result)
    if output is not None and output != "-":
        from triage.exported import write_whole  # noqa: PLC0415 - only where a file is written

        write_whole(Path(output), click.unstyle(document).encode("utf-8", "backslashreplace"))
        remark(f"wrote {output}", quiet=options.quiet)
    else:
        click.echo(document, nl=False, color=options.color)
    return int(result.status in FAILING[options.fail_on])


def _judged(issue: str, given: Given, reports: Path, options: Options) -> ClusterVerdict:
    from triage.cli.looking import from_clone  # noqa: PLC0415 - git and the checkers
    from triage.clusters import drafting, graph  # noqa: PLC0415

    if options.exported is not None:
        raise AskedWrongly(
            "--from: an exported file is of a cluster, and has what its verdicts rest on",
            "triage cluster N --from FILE",
        )
    asked = ask(issue, None, options, "issue")
    number, options, standing, github = asked.numbers[0], asked.options, asked.standing, asked.github
    repository = github.repository or ""
    wanted = Wanted(repository, tuple(Name(repository, pull) for pull in given.pulls), given.commits)
    tracked = read_issues(asked, wanted)
    something = any(given[:3])
    must_be_an_issue(number, tracked, asked, f"triage issue {number}", may_be_unread=something)
    fact = tracked.numbered(github.repository, number)
    if isinstance(fact, IssueFact) and fact.pulls is None and not given.pulls:
        remark(f"triage: warning: {drafting.unlinked(fact)}: --pull P names them", quiet=options.quiet)
    drafted = drafting.draft(
        asked.numbers, github.repository, tracked, tracked.known, day=options.now.date(), given=given
    )
    file = parsed(drafted.text, f"issue {number}")
    findings = graph.lint([file])
    looked = from_clone(file.cluster, reports, options, standing, github, tracked)
    return judged(file, looked, options, findings)


def _given(report: str | None, flags: dict[str, Any]) -> tuple[Given, Path]:
    """Return the evidence that is given, and the folder that its report is named from. Raises `AskedWrongly`."""
    from triage.clusters.drafting import Given  # noqa: PLC0415 - the grammar costs time

    commits = tuple(_sha(one, "--commit") for one in flags["commits"])
    pulls = tuple(_pull(one) for one in flags["pulls"])
    tests, at = tuple(flags["tests"]), flags["at"]
    if any(not test.strip() for test in tests):
        raise AskedWrongly("--test is empty", "name a test: --test tests/test_login.py::test_restart")
    if tests and report is None:
        raise AskedWrongly("--test: in which report?", "--in reports/junit.xml (pytest --junitxml=reports/junit.xml)")
    if not tests and (report is not None or at is not None):
        raise AskedWrongly(f"{'--in' if report is not None else '--at'} goes with a test", "--test ID")
    if at is not None:
        at = _sha(at, "--at")
    elif tests and len(commits) == 1:
        at = commits[0]
    folder, name = _report(report) if report is not None else (Path(), None)
    return Given(commits, pulls, tests, name, at), folder


def _report(name: str) -> tuple[Path, str]:
    """The folder and the name of a report: a decision file has no words for what is outside of a folder."""
    path = Path(name)
    if not path.is_file():
        raise AskedWrongly(f"--in: there is no report {name}", "pytest --junitxml=FILE writes one")
    if path.is_absolute() or ".." in path.parts:
        return path.parent, path.name
    return Path(), name


def _sha(text: str, flag: str) -> str:
    if not _SHA.fullmatch(text):
        raise AskedWrongly(
            f"{flag}: {text!r} is not a SHA", "7 to 40 hexadecimal digits; git rev-parse NAME tells them"
        )
    return text.lower()


def _pull(text: str) -> int:
    match = _NUMBER.fullmatch(text)
    if match is None or int(match[1]) > LARGEST:
        raise AskedWrongly(f"--pull: {text!r} is not the number of a pull request")
    return int(match[1])
