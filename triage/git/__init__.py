"""Git: the only home of `git` as a program. Everything is read; nothing in a clone is run or written."""

from __future__ import annotations

from triage.git.bundle import boundary, bundled_history, open_bundle, write_bundle
from triage.git.history import GitHistory
from triage.git.opening import Standpoint, open_history
from triage.git.remotes import remote_urls, url_names

__all__ = [
    "GitHistory",
    "Standpoint",
    "boundary",
    "bundled_history",
    "open_bundle",
    "open_history",
    "remote_urls",
    "url_names",
    "write_bundle",
]
