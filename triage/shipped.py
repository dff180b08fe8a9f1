"""Where the files that come with the program are: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def templates() -> Path:
    """Return the folder of the shipped templates."""
    inside = _PACKAGE / "_data" / "templates"
    return inside if inside.is_dir() else _PACKAGE.parent / "templates"
