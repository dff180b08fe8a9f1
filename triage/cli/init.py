"""`triage init`: the settings file, the clusters folder and the schema beside it, for a repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage import settings
from triage.cli.new import SCHEMA
from triage.cli.options import everywhere, from_flags, without
from triage.cli.talk import remark, visible
from triage.errors import AskedWrongly, NothingToJudge, TriageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.cli.options import Options


@click.command(name="init")
@everywhere
def command(**flags: Any) -> int:
    """Set up a repository: triage.toml, clusters/ and the schema beside it; nothing is overwritten or added to git.

    The repository is taken from the remotes. What is there already stays as it is.
    """
    options = from_flags(flags)
    without(options, "nothing is judged here", "exported", "as_of")
    if options.settings.file is not None:
        _must_say_the_same(options)
    base = _root() if options.settings.file is None else options.settings.file.parent
    clusters = options.settings.clusters
    if options.settings.file is None and not os.environ.get("TRIAGE_CLUSTERS"):
        clusters = base / "clusters"
    said = []
    try:
        for step in _steps(options, base, clusters):
            said.append(step)  # noqa: PERF402 - what was made before a fault is told too
    finally:
        # Only when all is done: a reader that goes away leaves no half of it.
        for step in said:
            click.echo(visible(step))
    remark(
        "next: triage doctor says what is missing; triage new N drafts clusters/N.yaml for issue N", quiet=options.quiet
    )
    return 0


def _must_say_the_same(options: Options) -> None:
    """Refuse flags that a settings file which is there does not follow. Raises `AskedWrongly`."""
    there = settings.read({}, {})
    for flag, key in (("--repo", "repository"), ("--branch", "branch")):
        asked, has = getattr(options, key), getattr(there, key)
        if asked is not None and asked != has:
            raise AskedWrongly(
                f"{flag} {asked}: {there.file} is there already, and is not changed",
                f"write it there: {key} = {json.dumps(asked, ensure_ascii=False)}",
            )


def _steps(options: Options, base: Path, clusters: Path) -> Iterator[str]:
    """Make what is missing, and tell of each part what it is."""
    file = options.settings.file
    if file is not None:
        yield f"{file}: already there{_if_empty(file, 'remove it, and triage init writes it anew')}"
    else:
        repository, branch, told = _found(options)
        text = _settings(repository, branch, said=options.branch is not None)
        yield _make(base / settings.FILE, text, told)
    if clusters.is_dir():
        yield f"{clusters}/: already there"
    else:
        clusters.mkdir(parents=True, exist_ok=True)
        yield f"{clusters}/: made, for one file a cluster"
    yield _schema(clusters / SCHEMA)


def _if_empty(path: Path, remedy: str) -> str:
    return "" if path.read_bytes().strip() else f", but empty: {remedy}"


def _root() -> Path:
    """The folder of the repository that one stands in, by a name that is short from here; else the current one."""
    here = Path.cwd()
    for steps, folder in enumerate((here, *here.parents)):
        if (folder / ".git").exists():
            return Path(*[".."] * steps)
    return Path()


def _make(path: Path, text: str, told: str) -> str:
    """Write a file that is not there yet, whole or not at all. Raises `TriageError`."""
    from triage.exported import write_whole  # noqa: PLC0415 - only where a file is written

    if os.path.lexists(path):
        return f"{path}: already there"
    try:
        write_whole(path, text.encode("utf-8"))
    except TriageError as fault:
        raise TriageError(fault.message) from fault
    return f"{path}: made{told}"


def _schema(path: Path) -> str:
    from triage.clusters.schema import cluster_schema  # noqa: PLC0415 - the grammar costs time

    text = json.dumps(cluster_schema(), indent=2, ensure_ascii=False) + "\n"
    try:
        old = path.read_bytes()
    except FileNotFoundError:
        return _make(path, text, ", for editors that know YAML schemas")
    current = old == text.encode("utf-8")
    note = "" if current else f", and not this version's (triage schema > {path} replaces it)"
    return f"{path}: already there{_if_empty(path, f'triage schema > {path} replaces it') or note}"


def _found(options: Options) -> tuple[str | None, str | None, str]:
    """The repository and the branch that hold here, and in words where the first was found."""
    from triage import git  # noqa: PLC0415

    place = options.git or Path()
    timeout = float(options.settings.git_timeout)
    chosen = options.settings
    repository, told = chosen.repository, ""
    if repository is not None and chosen.host is not None:
        repository = f"{chosen.host}/{repository}"
    branch = options.branch or options.settings.branch
    try:
        own = git.repository_of(place, timeout)
        if repository is None and own is not None:
            repository, told = own.repository, f" (repository = {own.repository}, from the remote {own.remote})"
        if branch is None:
            name = chosen.repository or (own.repository if own is not None else None)
            branch = git.open_history(place, repository=name, timeout=timeout)[1].branch
    except NothingToJudge:
        pass
    if repository is None:
        told = " (no remote names a repository on GitHub: say it there)"
    return repository, branch, told


def _settings(repository: str | None, branch: str | None, *, said: bool) -> str:
    """Return the text of a settings file in which only what was found is said, and the rest is shown.

    `said` is whether the branch was asked for; else it is only shown, so that it may follow the repository's own.
    """
    own = f"repository = {json.dumps(repository)}" if repository else '# repository = "owner/name"'
    named = json.dumps(branch, ensure_ascii=False) if branch and branch.isprintable() else '"main"'
    mark = "" if said else "# "
    default = settings.Settings(Path())
    return f"""\
# Settings of triage. A flag comes first, then the environment (TRIAGE_BRANCH …), then this file.

# The repository whose issues are decided on.
{own}

# The branch that users get, by which evidence is judged; if it is not said, the default branch.
{mark}branch = {named}

# Where the cluster files are, and your own templates, from this file on.
# clusters = "clusters"
# templates = "templates/reports"

# What makes the exit code 1: unverified, refuted or never.
# fail_on = "{default.fail_on}"

# How many days a commit that is found by its subject may be older than its citation.
# subject_days = {default.subject_days}

# Seconds: for one git command, one pattern, one request to GitHub, and for GitHub's limits in all.
# git_timeout = {default.git_timeout}
# pattern_timeout = {default.pattern_timeout}
# github_timeout = {default.github_timeout}
# github_wait = {default.github_wait}
"""
