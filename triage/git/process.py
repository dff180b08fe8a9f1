"""Run git so that nothing of the clone, the user or the network is run along with it."""

from __future__ import annotations

import os
import re
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import NothingToJudge
from triage.git.stream import Stream, garbled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

OLDEST = (2, 31)
"""The oldest git whose plumbing has all that is used here."""
KEEPS_TO_NO_LAZY_FETCH = (2, 45)
"""From here on GIT_NO_LAZY_FETCH makes a promised object a missing one; before, git dies over it."""
TIME_LIMIT = 120.0

_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.askPass=",
    "core.sshCommand=false",
    "core.pager=cat",
    "core.useReplaceRefs=false",
    "core.quotePath=false",
    "core.bigFileThreshold=32m",
    "log.showSignature=false",
    "protocol.allow=never",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "i18n.logOutputEncoding=UTF-8",
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    # A `~` in the clone's config is fatal without HOME; below /dev/null there is nothing to read.
    "HOME": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    # Set but empty is a list of no transports: it outranks protocol.* in any config.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_LITERAL_PATHSPECS": "1",
    # Else what goes into a pipe is written commit by commit, which costs both sides as much as reading the commits.
    "GIT_FLUSH": "0",
}
_LARGEST_ANSWER = 1 << 29


def _arguments(settings: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for setting in settings for part in ("-c", setting))


_ARGUMENTS = _arguments(_SETTINGS)


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return the whole environment git is given: an allow-list of ours, and nothing with a secret in it."""
    # A relative entry would be looked up inside the clone.
    path = os.pathsep.join(
        part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(part).is_absolute()
    )
    temporary = {"TMPDIR": os.environ["TMPDIR"]} if "TMPDIR" in os.environ else {}
    return {"PATH": path, **temporary, **_ENVIRONMENT, **(extra or {})}


class Git:
    """Git for one repository, or (without `repository`) for finding one from a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        repository: bool = True,
        timeout: float = TIME_LIMIT,
        trusted: tuple[str, ...] = (),
        objects: Path | None = None,
        memory: int | None = None,
        held: int | None = None,
    ) -> None:
        """Take the git directory itself as `folder` when `repository`; `objects` may then lie elsewhere.

        With `held`, the descriptor of a lock, its processes hold that lock too, and end when this one does.
        """
        self.folder = folder
        self.shown = folder
        self.timeout = timeout
        self.memory = memory
        self._settings = (*_ARGUMENTS, *_arguments(f"safe.directory={path}" for path in trusted))
        self._held = held
        extra: dict[str, str] = {}
        if repository:
            # With the work tree named too, core.worktree of the clone cannot bend path arguments.
            extra = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(folder)}
        if objects is not None:
            extra["GIT_OBJECT_DIRECTORY"] = str(objects)
        self._variables = environment(extra)
        self._kept: dict[tuple[str, ...], Stream] = {}
        weakref.finalize(self, _end_all, self._kept)

    def with_user_config(self, folder: Path) -> Git:
        """Return git that reads the user's and the system's config, for a question outside any repository."""
        other = Git(folder, repository=False, timeout=self.timeout)
        kept = {key: os.environ[key] for key in ("HOME", "XDG_CONFIG_HOME") if key in os.environ}
        other._variables.update(kept)
        for key in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"):
            other._variables.pop(key)
            if key in os.environ:
                other._variables[key] = os.environ[key]
        return other

    def online(self, scheme: str, settings: Sequence[tuple[str, str]], variables: dict[str, str]) -> Git:
        """Return git that may use the network by one scheme.

        The settings are given by the environment, where no list of processes shows them. They are read before the
        arguments, so that the reset of all credential helpers has to be the first of them.
        """
        other = Git(self.folder, timeout=self.timeout, held=self._held)
        other._settings = _arguments(one for one in _SETTINGS if not one.startswith("credential."))
        other._variables.update(variables, GIT_ALLOW_PROTOCOL=scheme)
        listed = (("credential.helper", ""), *settings)
        other._variables["GIT_CONFIG_COUNT"] = str(len(listed))
        for number, (key, value) in enumerate(listed):
            other._variables.update({f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value})
        return other

    def kept(self, *command: str) -> Stream:
        """Return a process that is asked again and again; it is the caller's until it is given back."""
        stream = self._kept.pop(command, None)
        return stream if stream is not None else self._start(command, kept=True)

    def give_back(self, stream: Stream, *command: str) -> None:
        """Keep a process whose last answer was read whole for the next one who asks."""
        if command in self._kept:
            stream.__exit__()
        else:
            self._kept[command] = stream

    def stream(
        self,
        *command: str,
        feed: bytes | Iterable[bytes] | None = None,
        listen: Callable[[bytes], bytes] | None = None,
    ) -> Stream:
        """Start git and return what reads it. Raises NothingToJudge if there is no git.

        `listen` is given what git says on its standard error, and returns what of it is to be kept.
        """
        return self._start(command, feed=feed, listen=listen)

    def _start(
        self,
        command: tuple[str, ...],
        *,
        feed: bytes | Iterable[bytes] | None = None,
        kept: bool = False,
        listen: Callable[[bytes], bytes] | None = None,
    ) -> Stream:
        return Stream(
            command,
            settings=self._settings,
            folder=self.folder,
            shown=self.shown,
            variables=self._variables,
            limit=self.timeout,
            memory=self.memory,
            feed=feed,
            kept=kept,
            listen=listen,
            held=self._held,
        )

    def run(self, *command: str, feed: bytes | Iterable[bytes] | None = None, good: tuple[int, ...] = (0,)) -> bytes:
        """Return all that git prints. Raises CouldNotLook or NothingToJudge, with a hint, if it fails."""
        out = bytearray()
        with self.stream(*command, feed=feed) as stream:
            while block := stream.chunk():
                out += block
                if len(out) > _LARGEST_ANSWER:
                    raise garbled(stream.name)
            stream.finish(good)
        return bytes(out)

    def version(self) -> tuple[int, ...]:
        """Return git's version. Raises NothingToJudge if it is none that will do."""
        told = self.run("version").decode("utf-8", "replace").strip()
        match = re.match(r"git version (\d+)\.(\d+)", told)
        if match is None:
            raise NothingToJudge(
                f"the `git` on PATH says it is {told[:80]!r}", f"install git {_dotted(OLDEST)} or newer"
            )
        version = (int(match[1]), int(match[2]))
        if version < OLDEST:
            raise NothingToJudge(
                f"git {_dotted(version)} is too old, {_dotted(OLDEST)} is needed",
                f"install git {_dotted(OLDEST)} or newer",
            )
        return version


def _end_all(kept: dict[tuple[str, ...], Stream]) -> None:
    """End the processes that were kept; called when their git is no longer used, at the latest at exit."""
    while kept:
        kept.popitem()[1].__exit__()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
