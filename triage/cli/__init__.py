"""The command line: parse, call one function, print, exit. One module a command, imported when it is used."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from triage import __version__
from triage.errors import TriageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# pydantic would look through every installed distribution for plugins, and run those it finds.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

COMMANDS = {
    "cluster": "Verify a cluster's decisions; print a row for each piece of evidence, a report, or JSON.",
    "decide": "Record a decision in a cluster file; the rest of the file stays as it is.",
    "doctor": "Say what is configured and from where, and what is missing.",
    "export": "Write one portable file with everything that the verdicts rest on.",
    "init": "Set up a repository: settings, the clusters folder, the schema beside it.",
    "issue": "Judge one issue without a cluster file, by what GitHub links and what is given.",
    "lint": "Check cluster files: grammar, graph, and what the snapshot contradicts; no network.",
    "new": "Draft a cluster file from what GitHub links to an issue.",
    "schema": "Print the JSON schema of cluster files.",
    "sync": "Bring the snapshot up to date for the issues of the cluster files.",
}
"""Each command and its help line, so that `triage --help` imports none of them."""

EXIT_CODES = """\b
Exit codes:
  0  nothing judged is refuted or unverified
  1  something is (--fail-on refuted: only refuted counts), or lint found an error
  2  asked wrongly: a flag, a cluster file, a template, settings
  3  no verdict could be made at all: network, GitHub, git, the snapshot, a disk
  4  access refused: no token where one is needed, or too few rights
"""


_TOKEN = re.compile(r"(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{10,}")


def has_token(text: str) -> bool:
    """Whether a text holds what looks like an access token."""
    return _TOKEN.search(text) is not None


class _Unheard(Exception):
    """Who reads stdout went away. Under its own name click would end the program with 1, which is a verdict."""


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as fault:
        raise _Unheard from fault


class _Commands(click.Group):
    """Imports a command's module when the command is used."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with _heard():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _heard():
            return super().invoke(ctx)

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


def run() -> NoReturn:
    """Be the program: run the command line, then end the process without taking it apart piece by piece.

    That, and fewer rounds of the garbage collector over modules that stay, is a sixth of a short run.
    """
    gc.set_threshold(50_000, 20, 20)
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
        atexit._run_exitfuncs()  # noqa: SLF001 - what was begun is ended; only memory is left to the system
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr is not None:
                sys.stderr.flush()
        os._exit(code)
    os._exit(0)


def main() -> None:
    """Run the command line; a fault is one message with a hint and the contract's exit code."""
    _fill_the_streams()
    _end_tidily()
    debug = "--debug" in sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    if any(has_token(argument) for argument in sys.argv[1:]):
        _complain("a token stands on the command line, where others can read it", "put it into GH_TOKEN")
        sys.exit(2)
    sys.exit(_flushed(_run(debug=debug)))


def _run(*, debug: bool) -> int:
    code: Any
    try:
        code = cli.main(prog_name="triage", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.Abort:
        code = 130
    except click.ClickException as fault:
        if len(sys.argv) == 1:
            _say(fault.format_message())
        else:
            _complain(" ".join(fault.format_message().split()), getattr(fault, "hint", None) or _usage(fault))
        code = 2
    except TriageError as fault:
        _trace(debug=debug)
        _complain(fault.message, fault.hint)
        code = fault.exit_code
    except _Unheard:
        code = _unheard()
    except OSError as fault:
        _trace(debug=debug)
        _complain(*_failed(fault))
        code = 3
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is no verdict
        _trace(debug=debug)
        _complain(
            f"a fault of this program: {type(fault).__name__}: {fault}", "please report it with the output of --debug"
        )
        code = 3
    return code if isinstance(code, int) else 0


def _unheard() -> int:
    """Let nothing more be printed: the reader went away. Return the exit code that a shell has for that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141


def _usage(fault: click.ClickException) -> str | None:
    context = getattr(fault, "ctx", None)
    return f"{context.command_path} --help" if context is not None else None


def _complain(message: str, hint: str | None) -> None:
    from triage.cli.talk import visible  # noqa: PLC0415 - only after a mistake

    _say(f"triage: error: {visible(message)}")
    if hint:
        _say(f"  hint: {visible(hint)}")


def _say(text: str) -> None:
    """Print to stderr; where that is closed or full, the exit code still says what happened."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _trace(*, debug: bool) -> None:
    if debug:
        import traceback  # noqa: PLC0415 - only where somebody looks for a fault

        _say(traceback.format_exc().rstrip("\n"))


def _failed(fault: OSError) -> tuple[str, str | None]:
    """What to say of a failure of the system, and what to do about it."""
    try:
        Path.cwd()
    except OSError:
        return "the current folder is gone", "cd to a folder that exists"
    return f"{fault.filename or 'writing'}: {fault.strerror or fault}", None


def _fill_the_streams() -> None:
    """Open what the shell closed: the next file would have its number, and be written to by what reports a fault."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _end_tidily() -> None:
    """Let a polite end, as by `timeout` or a stopped job, remove temporary files and end git like any other."""
    import signal  # noqa: PLC0415 - no part of `import triage.cli`

    def end(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(ValueError, OSError):  # not in the main thread
            if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
                signal.signal(number, end)


def _flushed(code: int) -> int:
    """Flush what was printed; a reader that went away or a full disk is no traceback."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _unheard()
    except OSError as fault:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if code != 3:  # noqa: PLR2004 - else it was said before
            _complain(f"the output could not be written: {fault.strerror}", None)
        return 3
    return code
