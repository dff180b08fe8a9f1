"""`triage init`: the settings file, the clusters folder and the schema beside it, for a repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage import settings
from triage.cli.new import SCHEMA
from triage.cli.options import everywhere, from_flags
from triage.cli.talk import remark, visible
from triage.errors import NothingToJudge

if TYPE_CHECKING:
    from triage.cli.options import Options


@click.command(name="init")
@everywhere
def command(**flags: Any) -> int:
    """Set up a repository: triage.toml, clusters/ and the schema beside it; nothing is overwritten or added to git.

    The repository is taken from the remotes. What is there already stays as it is.
    """
    options = from_flags(flags)
    base = _root() if options.settings.file is None else options.settings.file.parent
    clusters = options.settings.clusters
    if options.settings.file is None and not os.environ.get("TRIAGE_CLUSTERS"):
        clusters = base / "clusters"
    if options.settings.file is not None:
        click.echo(f"{visible(str(options.settings.file))}: already there")
    else:
        repository, branch, told = _found(options)
        _make(base / settings.FILE, _settings(repository, branch), told)
    if clusters.is_dir():
        click.echo(f"{visible(str(clusters))}/: already there")
    else:
        clusters.mkdir(parents=True, exist_ok=True)
        click.echo(f"{visible(str(clusters))}/: made, for one file a cluster")
    _schema(clusters / SCHEMA)
    remark(
        "next: triage doctor says what is missing; triage new N drafts clusters/N.yaml for issue N", quiet=options.quiet
    )
    return 0


def _root() -> Path:
    """The folder of the repository that one stands in, by a name that is short from here; else the current one."""
    here = Path.cwd()
    for steps, folder in enumerate((here, *here.parents)):
        if (folder / ".git").exists():
            return Path(*[".."] * steps)
    return Path()


def _make(path: Path, text: str, told: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        click.echo(f"{visible(str(path))}: already there")
    else:
        click.echo(f"{visible(str(path))}: made{told}")


def _schema(path: Path) -> None:
    from triage.clusters.schema import cluster_schema  # noqa: PLC0415 - the grammar costs time

    text = json.dumps(cluster_schema(), indent=2, ensure_ascii=False) + "\n"
    try:
        old = path.read_bytes()
    except FileNotFoundError:
        _make(path, text, ", for editors that know YAML schemas")
        return
    current = old == text.encode("utf-8")
    note = "" if current else f", and not this version's (triage schema > {path} replaces it)"
    click.echo(f"{visible(str(path))}: already there{visible(note)}")


def _found(options: Options) -> tuple[str | None, str | None, str]:
    """The repository and the branch that hold here, and in words where the first was found."""
    from triage import git  # noqa: PLC0415

    place = options.git or Path()
    timeout = float(options.settings.git_timeout)
    repository, told = options.repository or options.settings.repository, ""
    branch = options.branch or options.settings.branch
    try:
        own = git.repository_of(place, timeout)
        if repository is None and own is not None:
            repository, told = own.repository, f" (repository = {own.repository}, from the remote {own.remote})"
        if branch is None:
            branch = git.open_history(place, repository=repository, timeout=timeout)[1].branch
    except NothingToJudge:
        pass
    if repository is None:
        told = " (no remote names a repository on GitHub: say it there)"
    return repository, branch, told


def _settings(repository: str | None, branch: str | None) -> str:
    """Return the text of a settings file in which only what was found is said, and the rest is shown."""
    own = f"repository = {json.dumps(repository)}" if repository else '# repository = "owner/name"'
    named = json.dumps(branch, ensure_ascii=False) if branch and branch.isprintable() else '"main"'
    default = settings.Settings(Path())
    return f"""\
# Settings of triage. A flag comes first, then the environment (TRIAGE_BRANCH …), then this file.

# The repository whose issues are decided on.
{own}

# The branch that users get, by which evidence is judged; if it is not said, the default branch.
# branch = {named}

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
