"""What can go wrong, named by what the caller can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class TriageError(Exception):
    """The root: one line for the user, a hint that can be pasted, and the exit code of the contract."""

    exit_code = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class AskedWrongly(TriageError):
    """A flag, a setting, a cluster file or a template is wrong: the caller must change what was asked."""

    exit_code = 2


class NothingToJudge(TriageError):
    """No verdict can be made at all: git, the clone, GitHub, the snapshot or an exported file cannot be read."""

    exit_code = 3


class CouldNotLook(TriageError):
    """One look-up failed. The evidence that needed it is `unverified`; the message says what is missing."""


class AccessRefused(TriageError):
    """GitHub refuses: no token where one is needed, or one whose rights do not reach; the message names the right."""

    exit_code = 4


class TryLater(NothingToJudge):
    """GitHub cannot be read now, and could be later; `until` says when, where GitHub does."""

    def __init__(self, message: str, hint: str | None = None, *, until: datetime | None = None) -> None:
        super().__init__(message, hint)
        self.until = until
