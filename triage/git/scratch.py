"""A repository of our own beside a clone: that one's settings, attributes and hooks are not read, nor is it written."""

from __future__ import annotations

import weakref
from pathlib import Path

from triage.errors import CouldNotLook
from triage.git.process import Git

_MEMORY = 4 << 30
"""What git may use here; of packs it maps no more than `_MAPPED` at a time."""
_MAPPED = "1g"
_made: weakref.WeakKeyDictionary[Git, Scratch] = weakref.WeakKeyDictionary()


class Scratch:
    """A bare repository in a temporary folder, removed when it is no longer used, at the latest at exit.

    `theirs` is git with our settings over the objects of the clone, for questions that write nothing. `own` is git
    over objects of our own, in the folder `objects`: to write beside those of a clone would renew their times.
    """

    def __init__(self, git: Git) -> None:
        """Take the git that reads the clone. Raises CouldNotLook if there is no room for a folder."""
        import tempfile  # noqa: PLC0415 - most questions need no repository of our own

        from triage.git.bundle import bare_repository  # noqa: PLC0415 - the two would import each other

        told = git.run("rev-parse", "--show-object-format", "--git-path", "objects")
        form, _, place = told.decode("utf-8", "surrogateescape").partition("\n")
        self.long_ids = form == "sha256"
        try:
            holder = tempfile.TemporaryDirectory(prefix="triage-git-", ignore_cleanup_errors=True)
            folder = Path(holder.name)
            bare_repository(folder, {}, head=None, long_ids=self.long_ids)
            with (folder / "config").open("a", encoding="ascii") as config:
                config.write(f"[core]\n\tpackedGitLimit = {_MAPPED}\n")
        except OSError as error:
            raise no_room(error) from error
        self.objects = folder / "objects"
        memory = git.memory or _MEMORY
        theirs = (git.folder / place.removesuffix("\n")).resolve()
        self.theirs = Git(folder, timeout=git.timeout, memory=memory, objects=theirs)
        self.own = Git(folder, timeout=git.timeout, memory=memory)
        self.theirs.shown = self.own.shown = git.shown
        weakref.finalize(self, holder.cleanup)


def scratch_of(git: Git) -> Scratch:
    """Return the one scratch repository beside a clone, made when it is first asked for."""
    if git not in _made:
        _made[git] = Scratch(git)
    return _made[git]


def no_room(error: OSError) -> CouldNotLook:
    """Return the error for a temporary folder that cannot be made or written."""
    return CouldNotLook(
        f"git cannot be given a folder to work in: {error.strerror or error}",
        "it needs room in the folder for temporary files (TMPDIR)",
    )
