"""The flags that every command has, and what they amount to."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from triage import settings
from triage.cli import has_token
from triage.cli.talk import color_wanted, progress
from triage.errors import AskedWrongly

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.settings import Settings

F = TypeVar("F", bound="Callable[..., Any]")
_CALLED = {"repository": "--repo", "git": "-C/--git", "exported": "--from"}


class Options(NamedTuple):
    """The flags of one run, with the settings behind them."""

    settings: Settings
    git: Path | None
    branch: str | None
    repository: str | None
    as_of: str | None
    exported: Path | None
    now: datetime
    now_given: bool
    quiet: bool
    debug: bool
    color: bool | None
    fail_on: str
    offline: bool = False

    @property
    def progress(self) -> Callable[[str], None] | None:
        """What shows how far long work is, on a terminal; else None."""
        return progress(quiet=self.quiet)


_FLAGS = (
    click.option("-R", "--repo", "repository", metavar="OWNER/NAME", help="The repository whose issues these are."),
    click.option("-C", "--git", "git", metavar="PATH", help="The clone to judge by, whatever its remotes."),
    click.option("--branch", metavar="NAME", help="The branch users get; a tag or commit is taken too."),
    click.option("--as-of", metavar="WHEN", help="Judge the branch as it was: now, closed, a date, or a revision."),
    click.option("--from", "exported", metavar="FILE", help="An exported file instead of network, snapshot and clone."),
    click.option("--offline", is_flag=True, help="Use no network: what the snapshot and the clone have."),
    click.option(
        "--fail-on", type=click.Choice(settings.FAIL_ON), help="What makes the exit code 1.  [default: unverified]"
    ),
    click.option("--templates", metavar="DIR", help="A folder whose templates and parts come first."),
    click.option("--now", metavar="TIME", help="The time to take for now, e.g. 2025-09-12T10:00:00Z."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing beside the document."),
    click.option("--debug", is_flag=True, help="Show a traceback where something goes wrong."),
    click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same."),
)


def everywhere(function: F) -> F:
    """Add the flags that every command has."""
    for flag in reversed(_FLAGS):
        function = flag(function)
    return function


def from_flags(flags: dict[str, Any], *, doubtful: bool = False) -> Options:
    """Return what the flags of `everywhere` amount to; if `doubtful`, with templates that may not be there.

    Raises `AskedWrongly`.
    """
    for key, value in flags.items():
        if isinstance(value, str) and has_token(value):
            raise AskedWrongly("a token stands on the command line, where others can read it", "put it into GH_TOKEN")
        if value == "":
            flag = _CALLED.get(key, f"--{key.replace('_', '-')}")
            raise AskedWrongly(f"{flag} is empty", "was a variable not set? leave the flag out, or give it a value")
    chosen = settings.read(
        os.environ,
        {key: flags.get(key) for key in ("repository", "branch", "templates", "fail_on")},
    )
    if chosen.templates is not None and not doubtful and not chosen.templates.is_dir():
        raise AskedWrongly(
            f"{chosen.templates}: there is no such folder of templates ({templates_from(flags, chosen)})",
            "name a folder that is there, or leave it out",
        )
    now, given = _now(flags.get("now"))
    return Options(
        settings=chosen,
        git=Path(flags["git"]) if flags.get("git") else None,
        branch=flags.get("branch"),
        repository=chosen.repository if flags.get("repository") else None,
        as_of=flags.get("as_of"),
        exported=Path(flags["exported"]) if flags.get("exported") else None,
        now=now,
        now_given=given,
        quiet=bool(flags.get("quiet")),
        debug=bool(flags.get("debug")),
        color=color_wanted(no_color=bool(flags.get("no_color"))),
        fail_on=flags.get("fail_on") or chosen.fail_on,
        offline=bool(flags.get("offline")),
    )


def templates_from(flags: dict[str, Any], chosen: Settings) -> str:
    """Return what names the folder of templates."""
    if flags.get("templates"):
        return "--templates"
    return "TRIAGE_TEMPLATES" if os.environ.get("TRIAGE_TEMPLATES") else f"`templates` in {chosen.file}"


def without(options: Options, why: str, *names: str) -> None:
    """Refuse flags that would mean nothing to a command. Raises `AskedWrongly`, with `why` for all of them."""
    for name in names:
        if getattr(options, name):
            flag = _CALLED.get(name, f"--{name.replace('_', '-')}")
            raise AskedWrongly(f"{flag}: {why}", f"leave {flag} out")


def _now(text: str | None) -> tuple[datetime, bool]:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if text is None and epoch:
        try:
            return datetime.fromtimestamp(int(epoch), UTC), True
        except (ValueError, OverflowError, OSError):
            raise AskedWrongly(f"SOURCE_DATE_EPOCH is not a time: {epoch!r}", "seconds since 1970") from None
    if text is None:
        return datetime.now(UTC).replace(microsecond=0), False
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).replace(microsecond=0), True
    except (ValueError, OverflowError):
        raise AskedWrongly(f"--now: {text!r} is not a time", "write 2025-09-12T10:00:00Z") from None
