"""Which repository a clone is of, as its remotes say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.errors import CouldNotLook, NothingToJudge
from triage.git.opening import find
from triage.git.process import TIME_LIMIT
from triage.git.refs import read_remotes

if TYPE_CHECKING:
    from pathlib import Path


def remote_urls(path: Path, timeout: float = TIME_LIMIT) -> list[str]:
    """Return the addresses of the remotes of the repository that `path` is in. Raises `NothingToJudge`."""
    try:
        git, _, _ = find(path, timeout, None)
        remotes, _ = read_remotes(git, None)
    except CouldNotLook as fault:
        raise NothingToJudge(fault.message, fault.hint) from fault
    return [without_user(remote.url) for remote in remotes]


def without_user(url: str) -> str:
    """Return an address without the user and password that it may carry."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def url_names(url: str, repository: str) -> bool:
    """Whether an address is that of a repository `owner/name`, on whatever host."""
    plain = url.lower().rstrip("/").removesuffix(".git")
    return plain.endswith(("/" + repository.lower(), ":" + repository.lower()))
