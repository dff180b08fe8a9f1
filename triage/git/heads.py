"""The newest commits of pull requests and branches, as the names of refs tell them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.model import Head

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from triage.git.graph import Graph

_PULL = re.compile(r"refs/(?:pull/(\d{1,9})/head|remotes/[^/]+/pull/(\d{1,9})(?:/head)?)\Z")
_PLACES = ("refs/heads/", "refs/remotes/", "refs/")


def heads(refs: Mapping[str, str], graph: Graph, shas: Collection[str], tip: str) -> dict[str, tuple[Head, ...]]:
    """Return the heads here that have each commit where `tip` has not, the one with the fewest such commits first."""
    listed = sorted(set(_heads(refs)), key=lambda head: (head.number is None, head.number or 0, head.name))
    found = graph.reaching([head.sha for head in listed], tip, shas)
    return {sha: tuple(listed[place] for _, place in found.get(sha, ())) for sha in shas}


def _heads(refs: Mapping[str, str]) -> Iterator[Head]:
    """Yield what the refs are heads of; a pull request that two refs hold alike is one."""
    pulls: set[tuple[str, int]] = set()
    for name, sha in sorted(refs.items()):
        pull = _PULL.match(name)
        if pull is not None:
            number = int(pull[1] or pull[2])
            if (sha, number) not in pulls:
                pulls.add((sha, number))
                yield Head(_short(name), sha, number)
        elif name.startswith("refs/heads/") or (name.startswith("refs/remotes/") and not name.endswith("/HEAD")):
            yield Head(_short(name), sha)


def _short(name: str) -> str:
    return next(name.removeprefix(place) for place in _PLACES if name.startswith(place))
