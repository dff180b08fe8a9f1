"""Which names are those of branches that releases are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = r"v?\d+x?(?:[._-](?:\d+|x))*(?:[._-]?(?:alpha|beta|rc)[._-]?\d*)?"
_KIND = r"(?:releases?|rel|stable|maint(?:enance)?|support|lts|backports?)"
_RELEASE = re.compile(
    rf"(?:releases?|rel|stable|maint(?:enance)?|support|lts|hotfix(?:es)?)/.+"  # release/2.4, hotfix/login
    rf"|{_KIND}|(?:{_KIND}|branch|hotfix)[._-]?{_VERSION}(?:[._-](?:lts|stable|branch))?"  # release-2.4, branch_9x
    rf"|{_VERSION}[._-]?(?:x|stable|release|maint(?:enance)?|lts|branch|support)"  # v1.2.x, 1.2-stable
    r"|v\d+(?:\.\d+)*|\d+(?:\.\d+)+"  # v1, v1.2, 1.2
    r"|rel_?\d+(?:_\d+)*(?:_stable)?",  # REL_15_STABLE
    re.IGNORECASE,
)
_REMOTES = ("origin/", "upstream/", "github/")


def release_branches(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of some names of branches, with a usual remote's before them or not, that look like a release's."""
    return tuple(name for name in names if _RELEASE.fullmatch(_local(name)))


def _local(name: str) -> str:
    remote = next((remote for remote in _REMOTES if name.startswith(remote)), "")
    return name.removeprefix(remote)
