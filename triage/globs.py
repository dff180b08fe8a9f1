"""Globs as gitignore has them: which paths a list of them selects; a leading `!` takes paths out again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pathspec import GitIgnoreSpec


@lru_cache(maxsize=512)
def _spec(globs: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 30 ms that a cluster without globs does not pay

    return GitIgnoreSpec.from_lines(globs)


def select(globs: tuple[str, ...], paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that the globs select, in the order given. The last glob that matches decides."""
    spec = _spec(globs)
    return (path for path in paths if spec.match_file(path))
