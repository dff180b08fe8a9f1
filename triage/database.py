"""SQLite for what can be made again: how a file is opened, and what may go wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection as Connection  # noqa: PLC0414 - so that others may name the type


def connect(path: Path, how: str, *, timeout: float = 0.0) -> Connection:
    """Connect to a file in the way of SQLite's URIs (`mode=ro`); transactions begin and end where it is said.

    Raises one of `faults`. https://www.sqlite.org/uri.html
    """
    import sqlite3  # noqa: PLC0415 - start-up

    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=timeout)


def faults() -> tuple[type[Exception], ...]:
    """Return all that may be raised where a file is damaged, locked, read-only, or the disk is full."""
    import sqlite3  # noqa: PLC0415 - start-up

    return sqlite3.Error, OSError, UnicodeError, MemoryError
