"""Refs and remotes of a clone: which there are, which one a name means, and how much they let us see."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triage.git.names import is_object_id, is_ref_name
from triage.git.objects import moment
from triage.git.stream import garbled
from triage.model import CloneState

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from triage.git.process import Git

_ORDER = ("upstream", "github", "origin")
_USUAL = ("main", "master")
_FETCHED = re.compile(r"[0-9a-f]+\t(not-for-merge)?\t(branch )?'(\S*)' of (.*)")
_PULL = re.compile(r"refs/(?:remotes/([^/]+)/)?pull/(\d+)(?:/|\Z)")
_SETTINGS = r"^(remote\..*\.(url|fetch|promisor|partialclonefilter|mirror)|extensions\.partialclone)$"


class Remote(NamedTuple):
    """A remote as the clone's own config has it; `fetches` are the sources of its refspecs, `places` where to."""

    name: str
    url: str = ""
    fetches: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    promisor: bool = False

    @property
    def pulls(self) -> bool:
        """Whether its refspecs bring pull-request refs."""
        return any(source in ("refs/*", "*") or source.startswith("refs/pull/") for source in self.fetches)

    @property
    def all_branches(self) -> bool:
        """Whether its refspecs bring every branch."""
        return any(source in ("refs/heads/*", "refs/*", "*") for source in self.fetches)


class Refs(NamedTuple):
    """Full ref names with the ids they hold, what symbolic ones point at, and what HEAD is."""

    ids: Mapping[str, str]
    symbolic: Mapping[str, str]
    head: str | None

    def branches(self) -> list[str]:
        """Return the short names of all branches, local and remote, sorted."""
        short = {name.removeprefix("refs/heads/") for name in self.ids if name.startswith("refs/heads/")}
        short |= {
            name.split("/", 3)[3]
            for name in self.ids
            if name.startswith("refs/remotes/") and name.count("/") > 2 and not name.endswith("/HEAD")  # noqa: PLR2004
        }
        return sorted(short)


def read_refs(git: Git) -> Refs:
    """Return all refs with one process. Names that no ref may have are left out."""
    ids: dict[str, str] = {}
    symbolic: dict[str, str] = {}
    out = git.run("for-each-ref", "--format=%(objectname) %(refname) %(symref)")
    for line in out.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        sha, _, rest = line.partition(" ")
        name, _, target = rest.partition(" ")
        if not is_object_id(sha):
            raise garbled("for-each-ref")
        if is_ref_name(name):
            ids[name] = sha
            if target:
                symbolic[name] = target
    return Refs(ids, symbolic, _head(git.folder))


def _head(folder: Path) -> str | None:
    """Return the ref that HEAD points at, or the id it holds."""
    try:
        text = (folder / "HEAD").read_text("utf-8", "replace").strip()
    except OSError:
        return None
    name = text.removeprefix("ref:").strip()
    return name if is_object_id(text) or is_ref_name(name) else None


def read_remotes(git: Git, repository: str | None) -> tuple[list[Remote], bool]:
    """Return the remotes, the one to judge by first, and whether the config says that the clone is partial."""
    out = git.run("config", "--local", "--null", "--get-regexp", _SETTINGS, good=(0, 1))
    found: dict[str, Remote] = {}
    partial = False
    for entry in out.decode("utf-8", "replace").split("\0"):
        key, _, value = entry.partition("\n")
        if not key:
            continue
        if key.lower() == "extensions.partialclone":
            partial = True
            continue
        name, _, variable = key.removeprefix("remote.").rpartition(".")
        old = found.get(name, Remote(name))
        promises = variable == "promisor" and value.lower() in ("", "true", "yes", "on", "1")
        partial |= promises or variable == "partialclonefilter"
        source, _, place = value.removeprefix("+").partition(":") if variable == "fetch" else ("", "", "")
        found[name] = Remote(
            name,
            url=value if variable == "url" and not old.url else old.url,
            fetches=(*old.fetches, source) if variable == "fetch" else old.fetches,
            places=(*old.places, place) if variable == "fetch" else old.places,
            promisor=old.promisor or promises,
        )
    remotes = [remote for remote in found.values() if remote.url and is_ref_name(remote.name)]
    return sorted(remotes, key=lambda remote: _rank(remote, repository)), partial


def _rank(remote: Remote, repository: str | None) -> tuple[bool, int, str]:
    match = _is_of(remote, repository)
    return (not match, _ORDER.index(remote.name) if remote.name in _ORDER else len(_ORDER), remote.name)


def _is_of(remote: Remote, repository: str | None) -> bool:
    url = remote.url.lower().rstrip("/").removesuffix(".git")
    wanted = (repository or "").lower()
    return bool(wanted) and (url == wanted or url.endswith(("/" + wanted, ":" + wanted)))


def remotes_of_it(remotes: list[Remote], repository: str | None) -> list[Remote]:
    """Return the remotes whose branches are those of the repository that is meant: all, where none names it."""
    return [remote for remote in remotes if _is_of(remote, repository)] or remotes


def never_fetched(refs: Refs, remotes: list[Remote], repository: str | None) -> Remote | None:
    """Return the remote of the repository that is meant, if only branches of other ones were ever fetched."""
    own = remotes_of_it(remotes, repository)
    if len(own) == len(remotes) or any(_wanted(refs, remote) for remote in own):
        return None
    return own[0] if any(_wanted(refs, remote) for remote in remotes) else None


def default_branch(refs: Refs, remotes: list[Remote]) -> str | None:
    """Return the full name of the branch that users get: the remote's HEAD, its main or master, else HEAD."""
    for remote in remotes:
        root = f"refs/remotes/{remote.name}/"
        target = refs.symbolic.get(f"{root}HEAD")
        if target in refs.ids:
            return target
        for usual in _USUAL:
            if root + usual in refs.ids:
                return root + usual
    if refs.head is not None and (refs.head in refs.ids or is_object_id(refs.head)):
        return refs.head
    return next((f"refs/heads/{usual}" for usual in _USUAL if f"refs/heads/{usual}" in refs.ids), None)


def named_ref(name: str, refs: Refs, remotes: list[Remote]) -> str | None:
    """Return the full name of what a branch name means: the remotes' branch, a local one, a tag."""
    places = [f"refs/remotes/{remote.name}/{name}" for remote in remotes]
    places += [f"refs/heads/{name}", f"refs/tags/{name}", f"refs/remotes/{name}"]
    if name.startswith("refs/"):
        places.append(name)
    return next((place for place in places if place in refs.ids), None)


def clone_state(
    git: Git, refs: Refs, remotes: list[Remote], *, common: Path, shallow: bool, partial: bool
) -> CloneState:
    """Return how much of the repository the clone sees, since when, and what would let it see more."""
    program = program_for(git.folder)
    blind: list[str] = []
    cure: list[str] = []
    remote = remotes[0] if remotes else None
    name = remote.name if remote else "origin"
    if shallow:
        blind.append("the clone is shallow")
        cure.append(f"{program} fetch --unshallow {name}" if remote else "make a complete clone")
    if partial:
        blind.append("the clone is partial, objects may be missing")
        cure.append(f"{program} fetch --refetch --no-filter {name}" if remote else "make a complete clone")
    if remote is not None and not remote.all_branches:
        blind.append("only some branches were fetched")
        cure.append(f"{program} remote set-branches {name} '*' && {program} fetch {name}")
    if remote is not None and not remote.pulls and not _many_pulls(refs.ids, name):
        blind.append("pull-request refs were not fetched")
        refspec = f"'+refs/pull/*/head:refs/remotes/{name}/pull/*'"
        cure.append(f"{program} config --add remote.{name}.fetch {refspec} && {program} fetch {name}")
    kind = ", ".join(word for word, is_so in (("shallow", shallow), ("partial", partial)) if is_so)
    return CloneState(
        label=f"{kind} clone" if kind else "clone" if remotes else "repository",
        fetched=_fetched(git, refs, remotes, common),
        shallow=shallow,
        partial=partial,
        blind="; ".join(blind) or None,
        cure=" && ".join(dict.fromkeys(cure)) or None,
    )


def program_for(folder: Path) -> str:
    """Return how a user calls git for a repository from here, safe to paste into a shell."""
    import shlex  # noqa: PLC0415 - only a message needs it

    place = folder.parent if folder.name == ".git" else folder
    with contextlib.suppress(OSError, ValueError):
        here = Path.cwd()
        if here.is_relative_to(place):
            return "git"
        place = place.relative_to(here)
    return f"git -C {shlex.quote(str(place))}"


def _many_pulls(ids: Iterable[str], remote: str) -> bool:
    """Whether the pull-request refs here look like all there are: one that was fetched by itself says nothing."""
    found = (_PULL.match(ref) for ref in ids)
    numbers = {int(match[2][:18]) for match in found if match and match[1] in (None, remote)}
    return len(numbers) > 1 and 2 * len(numbers) >= max(numbers)


def _fetched(git: Git, refs: Refs, remotes: list[Remote], common: Path) -> datetime | None:
    if not remotes:
        return _newest(git, refs)
    remote = remotes[0]
    wanted = _wanted(refs, remote)
    if not wanted:
        return None
    times = []
    for folder in {git.folder, common}:
        about = _stat(folder / "FETCH_HEAD")
        if about is not None and _brought_all(folder / "FETCH_HEAD", remote, wanted):
            times.append(about.st_mtime)
    if not times:
        times = _creation(common, remote)
    return moment(int(max(times))) if times else None


def _creation(common: Path, remote: Remote) -> list[float]:
    """Return when the clone was made, if that can be told."""
    # The remote's HEAD is made when cloning and left alone by `git gc`, unlike packed-refs; the description is older
    # still, and tells when `git remote set-head` made HEAD anew.
    root = common / "refs" / "remotes" / remote.name
    known = [about.st_mtime for at in (root / "HEAD", common / "packed-refs", root) if (about := _stat(at))][:1]
    description = _stat(common / "description")
    return [min(*known, description.st_mtime)] if known and description else known


def _wanted(refs: Refs, remote: Remote) -> list[set[str]]:
    """Return, for each ref here that is of the remote, the names that it may have there."""
    wanted = []
    root = f"refs/remotes/{remote.name}/"
    for ref in refs.ids:
        if ref == f"{root}HEAD" or ref.startswith("refs/tags/"):
            continue
        names = set()
        for source, place in zip(remote.fetches, remote.places, strict=True):
            before, star, after = place.partition("*")
            if star and ref.startswith(before) and ref.endswith(after) and len(ref) >= len(place) - 1:
                names.add(source.replace("*", ref[len(before) : len(ref) - len(after)], 1))
            elif ref == place:
                names.add(source)
        if ref.startswith(root) or (not remote.fetches and ref.startswith(("refs/heads/", "refs/pull/"))):
            pull = _PULL.match(ref)
            names |= {f"refs/pull/{pull[2]}/head"} if pull else set()
            names.add("refs/heads/" + ref.removeprefix(root).removeprefix("refs/heads/"))
        if names:
            wanted.append(names)
    return wanted


def _brought_all(path: Path, remote: Remote, wanted: list[set[str]]) -> bool:
    """Whether the last fetch was from this remote, and of all (but what it no longer has) that is here of it."""
    try:
        # A fetch that failed leaves the file behind, emptied.
        text = path.read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    here = _address(remote.url)
    lines = [match for line in text.split("\n") if (match := _FETCHED.match(line)) and _address(match[4]) == here]
    branches = [match for match in lines if match[2]]
    brought = {f"refs/heads/{match[3]}" if match[2] else match[3] for match in lines}
    missing = [names for names in wanted if names.isdisjoint(brought)]
    if not missing or not branches:
        return bool(branches)
    # What is named on the command line is all for merging. The rest was brought by the configured refspecs, and then
    # what is missing was deleted there, and not pruned here.
    configured = sum(not match[1] for match in branches) <= 1 < len(branches)
    return configured and all(2 * sum(map(kind, missing)) <= sum(map(kind, wanted)) for kind in (_of_pull, _of_branch))


def _of_pull(names: set[str]) -> bool:
    return any(name.startswith("refs/pull/") for name in names)


def _of_branch(names: set[str]) -> bool:
    return not _of_pull(names)


def _address(url: str) -> str:
    """Return an address as FETCH_HEAD has it and however it is written: without scheme, user and `.git`."""
    scheme, mark, rest = url.strip().partition("://")
    if mark:
        host, slash, path = rest.partition("/")
        plain = host.rpartition("@")[2].lower() + slash + path
    elif ":" in scheme.partition("/")[0]:
        host, _, path = scheme.partition(":")
        plain = f"{host.rpartition('@')[2].lower()}/{path.lstrip('/')}"
    else:
        plain = scheme
    return plain.rstrip("/").removesuffix(".git").rstrip("/")


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _newest(git: Git, refs: Refs) -> datetime | None:
    """Return the newest committer date of any ref that is not in the future."""
    feed = "".join(f"{sha}\n" for sha in dict.fromkeys(refs.ids.values())).encode()
    out = git.run("rev-list", "--ignore-missing", "--no-walk", "--stdin", "--format=%ct", feed=feed)
    now = datetime.now(UTC).timestamp()
    # No clone can be newer than now: a tip that says so was made by a wrong clock.
    times = [int(line) for line in out.split(b"\n") if line.isdigit() and int(line) <= now]
    return moment(max(times)) if times else None
