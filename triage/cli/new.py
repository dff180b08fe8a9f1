"""`triage new`: a cluster file, drafted from what GitHub links to its issues."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags, without
from triage.cli.talk import remark
from triage.clusters.nodes import Refused
from triage.errors import AskedWrongly, NothingToJudge
from triage.github.access import one_host
from triage.model import CommitFact, IssueFact, MissingFact, MovedFact, Name, PullFact, Unread, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.cli.looking import Standing
    from triage.cli.options import Options
    from triage.cli.tracking import GitHub
    from triage.clusters.reading import ClusterFile
    from triage.model import Fact
    from triage.tracker import Tracked

LARGEST = 2**31 - 1
"""The largest number that an issue can have."""
SCHEMA = "cluster.schema.json"
"""The file that the first line of a draft names."""
ADDRESS = "the address"
"""What names the host of an issue that is given by its address."""
ROUNDS = 3
"""How often what an issue is a duplicate of is read, and what that is a duplicate of."""
_ADDRESS = re.compile(r"/([^/]+/[^/]+)/(?:issues|pull)/([1-9][0-9]{0,9})/?")
_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})")


class Asked(NamedTuple):
    """The issues that are asked for, the first one being the primary, and where one stands to read them."""

    numbers: tuple[int, ...]
    options: Options
    standing: Standing
    github: GitHub


@click.command(name="new")
@click.argument("issue", metavar="N")
@click.option("--with", "others", metavar="M,…", help="Further issues of the cluster.")
@click.option("-o", "--output", metavar="FILE", help="Where to write it; - is stdout.  [default: clusters/N.yaml]")
@everywhere
def command(issue: str, others: str | None, output: str | None, **flags: Any) -> int:
    """Write clusters/N.yaml from what GitHub links to issue N, for you to review.

    Closing commits and merged pull requests become evidence, task lists criteria, sub-issues parts; duplicates
    and cross-references are named. What was decided, and by whom, is yours to write. Nothing is overwritten.
    """
    from triage.clusters import drafting, reading  # noqa: PLC0415 - the grammar costs time

    options = from_flags({**flags, "output": output, "with": others})
    without(options, "a draft is made of what GitHub links, as it is now", "exported", "as_of")
    asked = ask(issue, others, options, "new")
    number = asked.numbers[0]
    path = options.settings.clusters / f"{number}{reading.SUFFIX}" if output is None else Path(output)
    if output != "-":
        _free(path, number)
    tracked = read_issues(asked, Wanted(asked.github.repository or ""))
    for one in asked.numbers:
        must_be_an_issue(one, tracked, asked, f"triage new {number}")
    repository, shown = asked.github.repository, _masked(tracked, asked.github.repository)
    drafted = drafting.draft(asked.numbers, repository, shown, shown.known, day=options.now.date())
    parsed(drafted.text, str(path))
    _say_what_is_there(asked.numbers, path, options)
    if output == "-":
        click.echo(drafted.text, nl=False)
        return 0
    _write(path, drafted.text)
    for one, said in drafted.said:
        click.echo(f"{path}: issue {one}: {said}")
    _say_what_is_next(path, f"{number}{reading.SUFFIX}", options, own=output is None)
    return 0


def _say_what_is_next(path: Path, name: str, options: Options, *, own: bool) -> None:
    schema = path.with_name(SCHEMA)
    if not schema.exists():
        how = "triage init writes it" if path.parent == options.settings.clusters else f"triage schema > {schema}"
        remark(f"no schema beside it for your editor ({schema}): {how}", quiet=options.quiet)
    then = f"triage cluster {path.stem if own else path}"
    if path.name != name:
        then = f"call it {name}, as a cluster file is called, and triage cluster {path.with_name(name)} judges it"
    remark(f"next: read {path}, say who decided and why, then: {then}", quiet=options.quiet)


def _masked(tracked: Tracked, repository: str | None) -> Tracked:
    """Return facts with the secrets in their texts masked, as in reports.

    A commit's subject that has one is left out: it is compared with the commit's own.
    """
    from triage.reports.foreign import mask  # noqa: PLC0415 - only where a draft is written
    from triage.tracker import Tracked  # noqa: PLC0415

    def harmless(fact: Fact) -> Fact:
        if isinstance(fact, IssueFact):
            events = fact.events
            if events is not None:
                events = tuple(one._replace(other_title=one.other_title and mask(one.other_title)) for one in events)
            return fact._replace(title=mask(fact.title), body=mask(fact.body), events=events)
        if isinstance(fact, PullFact):
            return fact._replace(title=mask(fact.title))
        if isinstance(fact, CommitFact) and mask(fact.subject) != fact.subject:
            return fact._replace(subject="")
        return fact

    known = [one._replace(fact=harmless(one.fact)) for one in tracked.known]
    return Tracked(known, repository, tracked.unread, tracked.otherwise, tracked.fault)


def ask(issue: str, others: str | None, options: Options, command_name: str) -> Asked:
    """Return which issues are meant, as numbers or addresses, and where they are read. Raises `TriageError`."""
    from triage.cli.looking import found  # noqa: PLC0415 - git

    number, options = issue_of(issue, options)
    further = [(one, *issue_of(one.strip(), options)) for one in others.split(",")] if others is not None else []
    numbers = tuple(dict.fromkeys((number, *(one for _, one, _ in further))))
    named = options.repository or options.settings.repository
    standing, github = found(options, named, f"triage {command_name} {number} -R OWNER/NAME")
    for text, own in ((issue, options), *((text, own) for text, _, own in further)):
        must_be_of(text, own, github)
    return Asked(numbers, options, standing, github)


def must_be_of(text: str, own: Options, github: GitHub) -> None:
    """Raise `AskedWrongly` where an address is not of the repository and the host that are asked.

    `own` are the options with what the address names. Another host may have a repository of the same name.
    """
    if own.settings.host is None or own.settings.host_source != ADDRESS:
        return
    if (own.repository or "").casefold() != (github.repository or "").casefold():
        raise AskedWrongly(f"{text} is not an issue of {github.repository}", "give a number, or -R OWNER/NAME")
    # Of an address whose host the variables contradict, the host cannot be told, which is an error of its own.
    if not github.host.local and not one_host(github.host.name, own.settings.host):
        raise AskedWrongly(f"{text} is on {own.settings.host}, and {github.host.name} is asked", "give a number")


def issue_of(text: str, options: Options) -> tuple[int, Options]:
    """Return the number that a text names, and the options with the repository of an address. Raises `AskedWrongly`."""
    match = _NUMBER.fullmatch(text)
    if match is not None and int(match[1]) <= LARGEST:
        return int(match[1]), options
    address = urlsplit(text) if text.startswith(("https://", "http://")) else None
    path = _ADDRESS.fullmatch(address.path) if address is not None else None
    if address is None or path is None or int(path[2]) > LARGEST:
        raise AskedWrongly(f"{text!r} is not an issue", "a number such as 623, or the address of an issue on GitHub")
    repository = path[1]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}", repository):
        raise AskedWrongly(f"{text!r} is not the address of an issue")
    given = options.repository
    if given is not None and given.casefold() != repository.casefold():
        raise AskedWrongly(f"{text} is not an issue of {given}", "leave -R out")
    usual = ":443" if address.scheme == "https" else ":80"
    host = address.netloc.rpartition("@")[2].lower().removesuffix(usual)
    settings = options.settings
    if settings.host is not None and not one_host(settings.host, host):
        raise AskedWrongly(
            f"{text} is on {host}, and {settings.host_source} names {settings.host}", "ask for one of them"
        )
    if settings.host is None:
        settings = settings._replace(host=host, host_source=ADDRESS)
    return int(path[2]), options._replace(repository=repository, settings=settings._replace(repository=repository))


def read_issues(asked: Asked, wanted: Wanted) -> Tracked:
    """Read the issues that are asked for in one request, with what else is wanted.

    Only for what one of them is a duplicate of it takes another: that has to stand in the file, too.
    """
    from triage.clusters.drafting import canonical  # noqa: PLC0415

    repository = asked.github.repository or ""
    names = tuple(Name(repository, number) for number in asked.numbers)
    tracked = asked.github.track(wanted._replace(numbers=(*names, *wanted.numbers)))
    left = names
    for _ in range(ROUNDS):
        facts = [fact for name in left if isinstance(fact := tracked.numbered(*name), IssueFact)]
        targets = [(fact.repository.casefold(), canonical(fact)) for fact in facts]
        # A repository that was renamed is asked for by the name that it was called here.
        own = [
            target._replace(repository=repository) if target.repository.casefold() == home else target
            for home, target in targets
            if target is not None
        ]
        left = tuple(name for name in dict.fromkeys(own) if isinstance(tracked.numbered(*name), Unread))
        if not left:
            break
        tracked = asked.github.track(Wanted(repository, left), before=tracked)
    return tracked


def must_be_an_issue(number: int, tracked: Tracked, asked: Asked, retry: str, *, may_be_unread: bool = False) -> None:
    """Raise what keeps a number from being an issue that was read: it is something else, or GitHub was not read."""
    repository = asked.github.repository
    match tracked.numbered(repository, number):
        case PullFact():
            raise AskedWrongly(
                f"#{number} is a pull request of {repository}, not an issue",
                f"give it as evidence: triage issue N --pull {number}",
            )
        case MovedFact() as moved:
            flag = f" -R {moved.to.repository}" if moved.to.repository != repository else ""
            words = retry.partition(" ")[2].partition(" ")[0]
            raise AskedWrongly(
                f"#{number} of {repository} was transferred to {moved.to}", f"triage {words} {moved.to.number}{flag}"
            )
        case MissingFact() as missing:
            gone = f"issue #{number} of {repository} was deleted"
            raise AskedWrongly(
                gone if missing.why == "deleted" else f"{repository} has no issue #{number}",
                "is the number right, and the repository? -R OWNER/NAME",
            )
        case Unread() as unread:
            if may_be_unread:
                return
            if tracked.fault is not None:
                raise tracked.fault
            hint = unread.hint or ("leave --offline out, or run triage sync first" if asked.options.offline else None)
            of = f" of {repository}" if repository is not None else ""
            raise NothingToJudge(f"#{number}{of}: {unread.reason}", hint)


def parsed(text: str, file: str) -> ClusterFile:
    """Return a draft as the cluster that it is. Raises `AskedWrongly` for one that is too large for one file."""
    from triage.clusters import reading  # noqa: PLC0415

    try:
        return reading.parse(text.encode("utf-8"), file)
    except Refused as refused:
        raise AskedWrongly(
            f"the draft is no cluster file: {refused.findings[0].message}", "name fewer issues"
        ) from None


def _free(path: Path, number: int) -> None:
    if path.exists() or path.is_symlink():
        raise AskedWrongly(
            f"{path} is there already; nothing is overwritten",
            f"triage decide {number} … changes it, triage new {number} -o - shows what a new one would say",
        )


def _say_what_is_there(numbers: Sequence[int], path: Path, options: Options) -> None:
    """Warn of issues that another cluster file has: decisions in two places may come to disagree."""
    others = [one for one in files.listed(options.settings.clusters, missing_ok=True) if one != path]
    read, _ = files.read_all(others)
    for number in numbers:
        holders = [file.file for file in read if number in file.cluster.issues]
        if holders:
            remark(f"triage: warning: issue {number} is in {', '.join(holders)} already", quiet=options.quiet)


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all. Raises `AskedWrongly`, or `OSError` for the disk's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        stream = path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        _free(path, int(path.stem) if path.stem.isdecimal() else 0)
        raise
    try:
        with stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
