"""Which repository a clone is of, as its remotes say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook, NothingToJudge
from triage.git.opening import find
from triage.git.process import TIME_LIMIT
from triage.git.refs import read_remotes

if TYPE_CHECKING:
    from pathlib import Path

    from triage.git.process import Git
    from triage.git.refs import Remote

OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
NAME = r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}"
HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_PATH = re.compile(rf"/*({OWNER})/({NAME})\Z")
_URL = re.compile(rf"(?i:(https?|ssh|git|git\+ssh|ssh\+git))://(?:[^/@]*@)?({HOST})(?::(\d{{0,5}}))?/(.*)\Z", re.DOTALL)
_SHORT = re.compile(rf"(?:[^/:@]+@)?({HOST}):(?!:|//)(.*)\Z", re.DOTALL)
"""What ssh(1) and scp(1) take. With `::` it would name a program that git runs for the transport."""
_TRANSPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
"""The rest is a command, or whatever else the program of that name takes: https://git-scm.com/docs/gitremote-helpers"""
_QUERY = re.compile(r"[?#]")
_PREFERRED = ("upstream", "github", "origin")
_OTHER_NAMES = {"ssh.github.com": "github.com", "www.github.com": "github.com"}
"""https://docs.github.com/en/authentication/troubleshooting-ssh/using-ssh-over-the-https-port"""
_USUAL_PORTS = {"http": "80", "https": "443"}


class Named(NamedTuple):
    """The repository that a remote names: its host (with a port only where HTTP has an unusual one), `owner/name`."""

    host: str
    repository: str
    remote: str


class Remotes(NamedTuple):
    """What the remotes of a clone say: the repository that it is of, and all their addresses."""

    named: Named | None
    urls: tuple[str, ...]


def remotes_of(path: Path, timeout: float = TIME_LIMIT) -> Remotes:
    """Return what the remotes of the clone in which `path` lies say, without users and passwords.

    The repository is the one that upstream, github or origin names, in this order; others count where all that name
    one name the same. Raises `NothingToJudge` where there is no clone.
    """
    try:
        git, _, _ = find(path, timeout, None)
        listed = read_remotes(git, None)[0]
        bases = _bases(git) if listed else []
    except CouldNotLook as fault:
        raise NothingToJudge(fault.message, fault.hint) from fault
    return Remotes(
        _of({remote.name: remote for remote in listed}, bases), tuple(without_user(one.url) for one in listed)
    )


def repository_of(path: Path, timeout: float = TIME_LIMIT) -> Named | None:
    """Return the repository that the clone in which `path` lies is of, as `remotes_of` does."""
    return remotes_of(path, timeout).named


def _of(remotes: dict[str, Remote], bases: list[tuple[str, str]]) -> Named | None:
    for name in _PREFERRED:
        if name in remotes and (named := _named(remotes.pop(name), bases)) is not None:
            return named
    others = [named for remote in remotes.values() if (named := _named(remote, bases)) is not None]
    return others[0] if len({(other.host, other.repository.lower()) for other in others}) == 1 else None


def _bases(git: Git) -> list[tuple[str, str]]:
    """Return what the clone's own config writes for what at the beginning of addresses, the longest first."""
    out = git.run("config", "--local", "--null", "--get-regexp", r"^url\..*\.insteadof$", good=(0, 1))
    entries = (entry.partition("\n") for entry in out.decode("utf-8", "replace").split("\0"))
    bases = [(short, key.removeprefix("url.").rpartition(".")[0]) for key, _, short in entries if short]
    return sorted(bases, key=lambda base: -len(base[0]))


def _named(remote: Remote, bases: list[tuple[str, str]]) -> Named | None:
    url = next((base + remote.url.removeprefix(short) for short, base in bases if remote.url.startswith(short)), None)
    place = host_and_name(url or remote.url)
    return None if place is None else Named(*place, remote.name)


def host_and_name(url: str) -> tuple[str, str] | None:
    """Return the host and the `owner/name` of an address as git writes them, None if it names no such thing."""
    port = None
    if match := _URL.match(url):
        scheme, host, port, path = match[1].lower(), match[2], match[3], match[4]
        # The port of ssh says nothing of the server that answers for issues; an unusual one of HTTP is that server's.
        if scheme not in _USUAL_PORTS or port == _USUAL_PORTS[scheme]:
            port = None
    elif match := _SHORT.match(url):
        host, path = match[1], match[2]
    else:
        return None
    found = _PATH.match(path.rstrip("/").removesuffix(".git"))
    if found is None:
        return None
    host = _OTHER_NAMES.get(host.lower(), host.lower())
    return f"{host}:{port}" if port else host, f"{found[1]}/{found[2]}"


def without_user(url: str) -> str:
    """Return an address without anything in it that may be a secret: user, password, query, a transport's command.

    What is left out after the host leaves `…`, so that the rest names no repository that the address did not name.
    """
    if transport := _TRANSPORT.match(url):
        return f"{transport[0]}…"
    scheme, mark, rest = url.partition("://")
    if url.startswith(("/", ".", "~", "file:///")):
        return url
    user, _, address = (rest if mark else url).rpartition("@")
    parts = _QUERY.split(address, maxsplit=1)
    shown = parts[0] + "…" * (len(parts) - 1)
    if re.search(r"[/?#]", user):
        # The @ is in a path or a query, or in a password that was not escaped: what is the host is not known.
        shown = "…"
    elif not mark and ":" in user:
        shown = f"…{shown}"
    return f"{scheme}://{shown}" if mark else shown


def url_names(url: str, repository: str) -> bool:
    """Whether an address is that of a repository `owner/name`, on whatever host, or of a folder on this machine."""
    place = host_and_name(url)
    if place is not None:
        return place[1].lower() == repository.lower()
    path = url.removeprefix("file://")
    return path.startswith("/") and path.lower().rstrip("/").removesuffix(".git").endswith("/" + repository.lower())
