"""The command line: parse, call one function, print, exit. One module a command, imported when it is used."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from triage import __version__
from triage.errors import TriageError

# pydantic would look through every installed distribution for plugins, and run those it finds.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

COMMANDS = {
    "cluster": "Verify a cluster's decisions; print a row for each piece of evidence, a report, or JSON.",
    "decide": "Record a decision in a cluster file; the rest of the file stays as it is.",
    "export": "Write one portable file with everything that the verdicts rest on.",
    "lint": "Check cluster files: grammar and graph; no network.",
    "schema": "Print the JSON schema of cluster files.",
}
"""Each command and its help line, so that `triage --help` imports none of them."""

EXIT_CODES = """\b
Exit codes:
  0  nothing judged is refuted or unverified
  1  something is (--fail-on refuted: only refuted counts), or lint found an error
  2  asked wrongly: a flag, a cluster file, a template, settings
  3  no verdict could be made at all: git, an exported file, a disk
  4  access refused
"""


class _Commands(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"triage.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in sorted(COMMANDS)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib  # noqa: PLC0415 - only after a mistake

            close = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f"did you mean `triage {close[0]}`?" if close else "`triage --help` lists the commands"
            ctx.fail(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="triage")
def cli() -> None:
    """Check the evidence behind closed issues.

    Every mark in a report was earned by looking: a commit is on the branch, a file is there, a test was
    executed and passed. What could not be looked at is unverified, never refuted.
    """


def main() -> None:
    """Run the command line; a fault is one message with a hint and the contract's exit code."""
    debug = "--debug" in sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = cli.main(prog_name="triage", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.Abort:
        code = 130
    except click.ClickException as fault:
        _complain(fault.format_message(), getattr(fault, "hint", None) or _usage(fault))
        code = 2
    except TriageError as fault:
        if debug:
            raise
        _complain(fault.message, fault.hint)
        code = fault.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as fault:
        if debug:
            raise
        _complain(f"{fault.filename or 'writing'}: {fault.strerror or fault}", None)
        code = 3
    except Exception as fault:
        if debug:
            raise
        _complain(
            f"a fault of this program: {type(fault).__name__}: {fault}", "please report it with the output of --debug"
        )
        code = 3
    sys.exit(_flushed(code if isinstance(code, int) else 0))


def _usage(fault: click.ClickException) -> str | None:
    context = getattr(fault, "ctx", None)
    return f"{context.command_path} --help" if context is not None else None


def _complain(message: str, hint: str | None) -> None:
    from triage.cli.talk import visible  # noqa: PLC0415 - only after a mistake

    click.echo(f"triage: error: {visible(message)}", err=True)
    if hint:
        click.echo(f"  hint: {visible(hint)}", err=True)


def _flushed(code: int) -> int:
    """Flush what was printed; a reader that went away or a full disk is no traceback."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as fault:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain(f"the output could not be written: {fault.strerror}", None)
        return 3
    return code
