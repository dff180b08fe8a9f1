"""Git: the only home of `git` as a program. Nothing in a clone is run, and only our own in the cache is written."""

from __future__ import annotations

from triage.git.bundle import boundary, bundled_history, open_bundle, write_bundle
from triage.git.history import GitHistory
from triage.git.opening import Standpoint, open_history
from triage.git.remotes import Named, Remotes, host_and_name, remotes_of, repository_of, url_names

# `fetching` is imported where a clone is fetched: most runs have one.
__all__ = [
    "GitHistory",
    "Named",
    "Remotes",
    "Standpoint",
    "boundary",
    "bundled_history",
    "host_and_name",
    "open_bundle",
    "open_history",
    "remotes_of",
    "repository_of",
    "url_names",
    "write_bundle",
]
