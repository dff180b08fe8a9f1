"""`triage doctor`: what is configured and from where, what is missing, and what would mend it."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from triage import settings
from triage.cli import files
from triage.cli.options import everywhere, from_flags, templates_from, without
from triage.cli.talk import visible
from triage.cli.tracking import GitHub
from triage.errors import AccessRefused, AskedWrongly, NothingToJudge, TriageError
from triage.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from triage.cli.looking import Standing
    from triage.cli.options import Options
    from triage.github.rights import Limit, Rights

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"
_MARKS = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "red"), SKIPPED: ("-", None)}
_FEW = 100
"""Points or requests that are left of a limit and do not get a person far."""
_OLD_DAYS = 7
_MAY_CLOSE = ("TRIAGE", "WRITE", "MAINTAIN", "ADMIN")
"""https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories"""


class Check(NamedTuple):
    """One thing that was looked at: how it is, what was found, and what would mend it."""

    check: str
    status: str
    found: str
    remedy: str | None = None


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="The checks as one JSON object.")
@everywhere
def command(as_json: bool, **flags: Any) -> int:  # noqa: FBT001 - click's signature
    """Say what is configured and from where, and what is missing.

    Settings, repository, token and its rights, limits, clone, snapshot, cluster files and templates, a line each.
    GitHub is asked at most twice. Exits 1 if something is wrong (✗); what only limits it is marked !.
    """
    checks = []
    for check in _checks(flags):
        checks.append(check)
        if not as_json:
            _show(check)
    if as_json:
        from triage.reports.document import masked  # noqa: PLC0415 - only for --json

        told = masked({"format": 1, "checks": [check._asdict() for check in checks]})
        click.echo(json.dumps(told, ensure_ascii=False))
    return int(any(check.status == FAILED for check in checks))


def _show(check: Check) -> None:
    mark, color = _MARKS[check.status]
    click.echo(f"{click.style(mark, fg=color, bold=True)} {check.check:<11} {visible(check.found)}")
    if check.remedy is not None:
        click.echo(f"  {'':<11} {visible(check.remedy)}")


def _checks(flags: dict[str, Any]) -> Iterator[Check]:
    yield _programs()
    try:
        settings.read(os.environ, {})
    except AskedWrongly as fault:
        yield Check("settings", FAILED, fault.message, fault.hint)
        return
    options = from_flags(flags, doubtful=True)
    without(options, "nothing is judged here", "exported", "as_of")
    yield from _settings(options, flags)
    github, standing, checks = _repository(options, flags)
    yield from checks
    if github is not None:
        yield from _online(github, options)
    yield _clone(options, standing, github)
    if github is not None:
        yield _snapshot(github, options)
    yield _clusters(options)
    yield _templates(options, flags)


# -- here -------------------------------------------------------------------------------------------


def _programs() -> Check:
    from triage import __version__  # noqa: PLC0415
    from triage.git.process import Git  # noqa: PLC0415 - git

    python = f"triage {__version__}, Python {platform.python_version()}"
    try:
        version = Git(Path(), repository=False, timeout=30.0).version()
    except TriageError as fault:
        return Check("programs", FAILED, f"{python}; {fault.message}", fault.hint)
    return Check("programs", OK, f"{python}, git {'.'.join(map(str, version))}")


def _settings(options: Options, flags: Mapping[str, Any]) -> Iterator[Check]:
    file = options.settings.file
    said = [
        f"{key} = {value}" + (f" ({source})" if file is None or source != file.name else "")
        for key, value, source in _sources(options, flags)
    ]
    if file is not None:
        yield Check("settings", OK, f"{file}: {'; '.join(said) or 'nothing set'}")
    elif said:
        yield Check("settings", OK, f"no settings file; {'; '.join(said)}")
    else:
        yield Check("settings", OK, "none set, the defaults hold", "triage init writes a triage.toml")


def _sources(options: Options, flags: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each setting that does not have its default: its name, its value, and where that stands."""
    table = _table(options.settings.file)
    for key in settings.Settings._fields:
        if key in ("file", "host", "host_source"):
            continue
        variables = [f"TRIAGE_{key.upper()}"]
        variables += ["GH_REPO", "GITHUB_REPOSITORY"] if key == "repository" and key not in table else []
        variable = next((one for one in variables if os.environ.get(one)), None)
        if flags.get(key):
            yield key, str(flags[key]), "--repo" if key == "repository" else f"--{key.replace('_', '-')}"
        elif variable is not None:
            yield key, str(getattr(options.settings, key)), variable
        elif key in table:
            yield key, str(table[key]), options.settings.file.name if options.settings.file else ""


def _table(file: Path | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    import tomllib  # noqa: PLC0415 - most runs have no settings file

    content = tomllib.loads(file.read_text("utf-8"))
    return content if file.name == settings.FILE else content.get("tool", {}).get("triage", {})


def _repository(options: Options, flags: Mapping[str, Any]) -> tuple[GitHub | None, Standing | None, list[Check]]:
    """GitHub and where one stands, as far as they are known, and what there is to say of both."""
    from triage.cli.looking import standing_in  # noqa: PLC0415 - git

    source = next((where for key, _, where in _sources(options, flags) if key == "repository"), None)
    named = options.repository or options.settings.repository
    standing = None
    try:
        standing = standing_in(options, named)
        repository, host = standing.repository, standing.host
    except NothingToJudge:
        repository, host = named, None
    github = GitHub(options, repository, host)
    if repository is None:
        why = f"not known: {_why_unknown(standing)}, so GitHub is not read"
        return None, standing, [Check("repository", WARNING, why, "-R OWNER/NAME")]
    try:
        where = github.host
    except AskedWrongly as fault:
        return None, standing, [Check("host", FAILED, fault.message, fault.hint)]
    from_where = f"from {source}" if source else f"from the remote {_remote(options)}"
    checks = [Check("repository", OK, f"{repository}, {from_where}")]
    remote = f"from the remote {_remote(options)}" if where.source == "remote" else ""
    told = "the default" if where.source == "default" else remote or f"from {where.source}"
    checks.append(Check("host", OK, f"{where.name}, {told}; asked at {where.api}"))
    return github, standing, checks


def _why_unknown(standing: Standing | None) -> str:
    from triage.git.remotes import host_and_name  # noqa: PLC0415 - git

    urls = standing.urls if standing is not None else ()
    named = sorted({"/".join(place) for url in urls if (place := host_and_name(url)) is not None})
    if len(named) > 1:
        return f"none of the remotes is called upstream, github or origin, and they name {', '.join(named)}"
    return "no remote names one"


def _remote(options: Options) -> str:
    from triage import git  # noqa: PLC0415

    own = git.repository_of(options.git or Path(), float(options.settings.git_timeout))
    return own.remote if own is not None else ""


def _clone(options: Options, standing: Standing | None, github: GitHub | None) -> Check:
    from triage import git  # noqa: PLC0415

    if standing is None:
        return Check("clone", WARNING, f"{options.git or 'the current folder'} is no clone", "-C PATH names one")
    place, about = standing.clone, ""
    if place is None and github is not None:
        place, about = github.kept_clone(), " (in the cache folder)"
    if place is None:
        there = f"the repository here is another one ({', '.join(standing.urls)})" if standing.urls else "none here"
        return Check(
            "clone", WARNING, f"{there}: one is made in the cache folder when it is needed", "-C PATH names one"
        )
    try:
        history, stand = git.open_history(
            place,
            branch=options.branch or options.settings.branch,
            repository=standing.repository,
            timeout=float(options.settings.git_timeout),
        )
    except TriageError as fault:
        return Check("clone", FAILED, fault.message, fault.hint)
    state = history.state
    pulls = sum("/pull/" in name for name in history.refs)
    fetched = f", fetched {_ago(state.fetched, options.now)}" if state.fetched is not None else ""
    refs = f", {pulls:,} pull-request refs" if pulls else ""
    found = f"{place.resolve()}{about}: {state.label}{fetched}{refs}; judged by {stand.branch} at {stand.sha[:9]}"
    if state.blind is not None:
        return Check("clone", WARNING, f"{found}; {state.blind}", state.cure)
    return Check("clone", OK, f"{found}; complete")


def _snapshot(github: GitHub, options: Options) -> Check:
    from triage.snapshot import Snapshot  # noqa: PLC0415

    path = github.snapshot()
    if path is None:
        return Check("snapshot", WARNING, "none: the repository is not known", "-R OWNER/NAME")
    try:
        opened = Snapshot.to_read(path)
        if opened is None:
            return Check("snapshot", WARNING, f"{path} is not there yet", "triage sync")
        with opened:
            count, _, newest = opened.age(github.host.name, github.repository or "")
            problems = opened.check()
    except TriageError as fault:
        return Check("snapshot", FAILED, fault.message, fault.hint)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        return Check(
            "snapshot", FAILED, f"{path} is damaged: {problems[0]}{more}", f"move {path} away, then triage sync"
        )
    facts = f"{path}: {count:,} fact{'s' * (count != 1)} of {github.repository}"
    if newest is None:
        return Check("snapshot", WARNING, facts, "triage sync")
    old = (options.now - newest).days >= _OLD_DAYS
    found = f"{facts}, the newest read {_ago(newest, options.now)}; whole"
    return Check("snapshot", WARNING if old else OK, found, "triage sync" if old else None)


def _clusters(options: Options) -> Check:
    from triage.clusters import graph  # noqa: PLC0415 - the grammar costs time

    folder = options.settings.clusters
    if not folder.is_dir():
        return Check("clusters", WARNING, f"there is no folder {folder}/", "triage init makes it")
    paths = files.listed(folder)
    read, errors = files.read_all(paths)
    found = [*errors, *graph.lint(read)]
    wrong = sum(one.severity is Severity.ERROR for one in found)
    count = f"{folder}/: {len(paths)} cluster file{'s' * (len(paths) != 1)}"
    if wrong:
        return Check("clusters", FAILED, f"{count}, {wrong} error{'s' * (wrong != 1)} in them", "triage lint")
    if not paths:
        return Check("clusters", OK, count, "triage new N drafts one")
    return Check("clusters", OK, f"{count}, no errors")


def _templates(options: Options, flags: dict[str, Any]) -> Check:
    from triage import shipped  # noqa: PLC0415

    theirs = shipped.templates()
    if not theirs.is_dir():
        return Check("templates", FAILED, f"those of the program are not there: {theirs}", "install triage again")
    own = options.settings.templates
    if own is None:
        return Check("templates", OK, "those of the program")
    if not own.is_dir():
        named = templates_from(flags, options.settings)
        return Check("templates", FAILED, f"there is no folder {own}/ ({named})", "name a folder that is there")
    count = sum(path.is_file() for path in own.rglob("*"))
    found = f"{own}/: {count} file{'s' * (count != 1)}, then those of the program"
    return Check("templates", OK if count else WARNING, found)


# -- GitHub -----------------------------------------------------------------------------------------


def _online(github: GitHub, options: Options) -> Iterator[Check]:
    if options.offline:
        yield Check("GitHub", SKIPPED, "not asked (--offline): token, rights and limits are not known")
        return
    try:
        token = github.access.token
    except AskedWrongly as fault:
        yield Check("token", FAILED, fault.message, fault.hint)
        return
    if token is None:
        from triage.github.access import log_in  # noqa: PLC0415

        why = ", a host that only the clone names: no variable's token goes there" if github.host.claimed else ""
        found = f"none for {github.host.name}{why}, so GitHub is not read"
        yield Check("token", WARNING, found, log_in(github.host))
        return
    kind = {"unknown": "of a kind that its prefix does not tell"}.get(token.kind, token.kind)
    about = f"from {token.source}, {kind}"
    try:
        yield from _asked(github, about)
    except AccessRefused as fault:
        yield Check("token", FAILED, fault.message, fault.hint)
    except TriageError as fault:
        yield Check("token", SKIPPED, f"{about}; not tried")
        yield Check("GitHub", FAILED, fault.message, fault.hint)


def _asked(github: GitHub, about: str) -> Iterator[Check]:
    from triage.github.rights import rights  # noqa: PLC0415 - the network

    found = rights(github.client, github.repository or "")
    scopes = (
        "" if found.scopes is None else f", scopes: {found.scopes}" if found.scopes.strip() else ", without any scope"
    )
    yield Check("token", OK, f"{about}; accepted{f' as {found.login}' if found.login else ''}{scopes}")
    if found.api == "REST":
        why = "the host has no GraphQL, so reading takes more requests and some links are not told"
        yield Check("API", WARNING, f"REST: {why}")
    else:
        yield Check("API", OK, found.api)
    yield _rights(github, found)
    yield _limits(found.limits)


def _rights(github: GitHub, found: Rights) -> Check:
    if not found.readable and found.login is None and found.api == "GraphQL":
        told = found.told if found.told not in ("", "None") else "nothing else"
        message = f"not known: GitHub does not answer who asks, and says {told}"
        return Check("rights", FAILED, message, "try again later; is it an API of GitHub's that answers there?")
    if not found.readable:
        why = f" ({found.told})" if found.told else ""
        message = f"{github.repository} is not there, or this token may not read it{why}"
        hint = "check the name; give the token the right to read contents, issues and pulls"
        return Check("rights", FAILED, message, hint)
    if not found.issues:
        return Check(
            "rights", FAILED, "the issues of the repository are switched off", "is it the right one? -R OWNER/NAME"
        )
    if found.permission is None:
        return Check("rights", OK, "may read the repository; what it may write is not told")
    may = "comment on and close its issues" if found.permission in _MAY_CLOSE else "close no issue of others"
    return Check("rights", OK, f"{found.permission.lower()}: may read the repository, and {may}")


def _limits(limits: tuple[Limit, ...]) -> Check:
    if not limits:
        return Check("limits", OK, "this host tells none")
    said = []
    for one in limits:
        until = f" until {one.reset:%H:%M} UTC" if one.reset is not None else ""
        said.append(f"{one.api} {one.remaining:,} of {'?' if one.limit is None else f'{one.limit:,}'} left{until}")
    least = min(one.remaining for one in limits)
    remedy = "wait until then" if least < _FEW else None
    return Check("limits", FAILED if least == 0 else WARNING if remedy else OK, "; ".join(said), remedy)


def _ago(moment: datetime, now: datetime) -> str:
    seconds = int((now - moment).total_seconds())
    if seconds < 120:  # noqa: PLR2004
        return "just now"
    for size, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count:,} {noun}{'s' * (count != 1)} ago"
    return "just now"
