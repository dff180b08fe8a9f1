"""One git process, read while it runs: never waited for without end, never left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Self

from triage.errors import CouldNotLook, NothingToJudge

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from pathlib import Path

    from triage.errors import TriageError

_BLOCK = 1 << 20
_PIPE_SIZE = 1031
"""F_SETPIPE_SZ of Linux: a wide pipe lets git work on while we are busy with what it said before."""
_KEPT_ERRORS = 1 << 16
_PIPE_HOLDS = 4096
# Git that uses the network must not outlive us: it would go on writing while the next one already cleans up. The pipe
# that is our end of its standard input closes when we end, however we end, and then its whole process group does.
_ENDS_WITH_US = """\
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ read -r _ <&3; kill -9 0; } >/dev/null 2>&1 &
wait $program"""
_WAITED = "is the disk slow, or another program holding the clone? allow more time, or try again"
_MISSING = re.compile(
    r"(?:could not read|unable to read|could not fetch|failed to (?:read|traverse)|cannot read|missing|"
    r"bad object|not a valid object|could not parse|unable to parse|unable to load|corrupt|inflate|does not match|"
    r"index file|packfile|loose object|bad tree|unable to find|could not get)",
    re.IGNORECASE,
)


def garbled(command: str) -> CouldNotLook:
    """Return the error for an answer that no git gives."""
    return CouldNotLook(
        f"`git {command}` answered what cannot be read", "is the `git` on PATH a git? see `git version`"
    )


def trouble(command: str, code: int, errors: str, where: Path) -> TriageError:
    """Name what went wrong by what can be done about it."""
    lines = [line for line in errors.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("fatal:")), lines[0] if lines else f"exit code {code}")
    told = told.removeprefix("fatal: ").removeprefix("error: ")
    if "dubious ownership" in errors or "is owned by someone else" in errors:
        return NothingToJudge(
            f"git does not trust {where}: it belongs to another user",
            f"git config --global --add safe.directory {where}",
        )
    if "not a git repository" in errors:
        return NothingToJudge(f"not a git repository: {where}", "give the folder of a clone")
    if ".lock" in errors:
        return CouldNotLook(f"another git process holds a lock: {told}", "wait for it to end, or remove its lock file")
    if _MISSING.search(errors):
        return CouldNotLook(
            f"an object of the clone is missing or damaged ({told})",
            f"git -C {where} fsck; fetch what is missing, or make a new clone",
        )
    if code < 0:
        return CouldNotLook(f"`git {command}` was ended by signal {-code}")
    return CouldNotLook(f"`git {command}` failed: {told}")


class Stream:
    """A git process that is read while it runs. Leaving the `with` block ends it, read out or not."""

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        settings: tuple[str, ...],
        folder: Path,
        shown: Path,
        variables: dict[str, str],
        limit: float,
        memory: int | None,
        feed: bytes | Iterable[bytes] | None,
        kept: bool = False,
        listen: Callable[[bytes], bytes] | None = None,
        held: int | None = None,
    ) -> None:
        """Start git; what is `kept` is asked again and again with `send`, and ends when it is left.

        With `held`, the descriptor of a lock, git shares that lock, and ends when this process does.
        """
        self.name = command[0]
        self._where = shown
        self._left = self._limit = limit
        self._buffer = bytearray()
        self._errors = bytearray()
        self._ended = False
        self._listen = listen
        self._guarded = held is not None
        guard = ("/bin/sh", "-c", _ENDS_WITH_US, "sh") if self._guarded else ()
        self._feeding: threading.Thread | None = None
        self._feed_failed: BaseException | None = None
        try:
            # The user's PATH decides which git is theirs.
            self._process = subprocess.Popen(
                [*guard, "git", *settings, *command],
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL if feed is None and not kept and not self._guarded else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=() if held is None else (held,),
            )
        except (FileNotFoundError, PermissionError, NotADirectoryError, OSError) as error:
            if not folder.is_dir():
                raise NothingToJudge(f"no such folder: {folder}") from error
            raise NothingToJudge(
                f"git cannot be started: {error.strerror or error}", "install git, and put it on PATH"
            ) from error
        if memory is not None:
            self._bound(memory)
        assert self._process.stdout is not None  # noqa: S101 - tells the type checker what PIPE means
        assert self._process.stderr is not None  # noqa: S101
        self._out = self._process.stdout.fileno()
        self._err = self._process.stderr.fileno()
        if not kept:
            with contextlib.suppress(OSError, ValueError):
                fcntl.fcntl(self._out, _PIPE_SIZE, _BLOCK)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN | select.POLLHUP)
        self._poll.register(self._err, select.POLLIN | select.POLLHUP)
        if feed is not None:
            self._start_feeding(feed)

    def _bound(self, memory: int) -> None:
        import resource  # noqa: PLC0415 - only what comes from outside is bounded

        if hasattr(resource, "prlimit"):
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(self._process.pid, resource.RLIMIT_AS, (memory, memory))
                resource.prlimit(self._process.pid, resource.RLIMIT_CORE, (0, 0))

    def _start_feeding(self, feed: bytes | Iterable[bytes]) -> None:
        if isinstance(feed, bytes) and len(feed) <= _PIPE_HOLDS:
            self._pour([feed])
            return
        parts = [feed] if isinstance(feed, bytes) else feed
        self._feeding = threading.Thread(target=self._pour, args=(parts,), daemon=True)
        self._feeding.start()

    def send(self, data: bytes) -> None:
        """Ask a kept process; `data` must fit into a pipe. Its time begins anew."""
        into = self._process.stdin
        assert into is not None  # noqa: S101
        self._left = self._limit
        with contextlib.suppress(BrokenPipeError, ValueError):
            into.write(data)
            into.flush()

    def _pour(self, parts: Iterable[bytes]) -> None:
        into = self._process.stdin
        assert into is not None  # noqa: S101
        try:
            for part in parts:
                into.write(part)
                into.flush()
        except (BrokenPipeError, ValueError):
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who can raise it
            self._feed_failed = error
        finally:
            with contextlib.suppress(OSError, ValueError):
                into.close()
            close = getattr(parts, "close", None)
            if close is not None:
                with contextlib.suppress(Exception):
                    close()

    def chunk(self) -> bytes:
        """Return what came next, b"" at the end. Raises CouldNotLook when git kept us waiting too long."""
        if self._buffer:
            out = bytes(self._buffer)
            self._buffer.clear()
            return out
        return self._read()

    def _read(self) -> bytes:
        while not self._ended:
            before = time.monotonic()
            ready = self._poll.poll(max(0.0, self._left) * 1000)
            self._left -= time.monotonic() - before
            if not ready:
                self._kill()
                raise CouldNotLook(
                    f"`git {self.name}` did not answer within {self._limit:g} s",
                    _WAITED,
                )
            for handle, _ in ready:
                if handle == self._err:
                    told = os.read(handle, _KEPT_ERRORS)
                    if not told:
                        self._poll.unregister(handle)
                    self._note(told)
            if any(handle == self._out for handle, _ in ready):
                block = os.read(self._out, _BLOCK)
                if not block:
                    self._ended = True
                return block
        return b""

    def line(self) -> bytes | None:
        """Return the next line without its end, or None when there is none."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            block = self._read()
            if not block:
                return None
            self._buffer += block
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes. Raises CouldNotLook when git ends before."""
        while len(self._buffer) < size:
            block = self._read()
            if not block:
                self.finish()
                raise garbled(self.name)
            self._buffer += block
        part = bytes(self._buffer[:size])
        del self._buffer[:size]
        return part

    def skip(self, size: int) -> None:
        """Pass over the next `size` bytes without holding them."""
        while size:
            block = self.chunk()
            if not block:
                self.finish()
                raise garbled(self.name)
            if len(block) > size:
                self._buffer += block[size:]
                return
            size -= len(block)

    def fields(self) -> Iterator[bytes]:
        """Yield what is separated by NUL; an unfinished last field is left out."""
        rest = b""
        while block := self.chunk():
            *whole, rest = (rest + block).split(b"\0")
            yield from whole

    def finish(self, good: Container[int] = (0,)) -> int:
        """Wait for the end and return the exit code. Raises for a code that is not good."""
        if self._process.stdin is not None and self._feeding is None and not self._guarded:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.close()
        while self._read():
            pass
        code = self._wait()
        if self._feed_failed is not None:
            raise self._feed_failed
        if code not in good:
            raise trouble(self.name, code, self.errors(), self._where)
        return code

    def errors(self) -> str:
        """Return what git said on its standard error so far."""
        while dict(self._poll.poll(0)).get(self._err, 0) & (select.POLLIN | select.POLLHUP):
            told = os.read(self._err, _KEPT_ERRORS)
            if not told:
                self._poll.unregister(self._err)
                break
            self._note(told)
        return self._errors.decode("utf-8", "replace")

    def _note(self, told: bytes) -> None:
        kept = told if self._listen is None else self._listen(told)
        self._errors += kept[: max(0, _KEPT_ERRORS - len(self._errors))]

    def _wait(self) -> int:
        try:
            code = self._process.wait(max(1.0, self._left))
        except subprocess.TimeoutExpired as error:
            self._kill()
            raise CouldNotLook(f"`git {self.name}` did not end within {self._limit:g} s", _WAITED) from error
        if self._feeding is not None:
            self._feeding.join(max(1.0, self._left))
        return code

    def _kill(self) -> None:
        self._ended = True
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        if self._feeding is not None:
            self._feeding.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
