"""Open a clone: find the repository, the branch that users get, and the commit to judge by."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import AskedWrongly, CouldNotLook, NothingToJudge
from triage.git.history import GitHistory
from triage.git.index import place_of
from triage.git.names import is_abbreviation, is_object_id, ref_name
from triage.git.process import KEEPS_TO_NO_LAZY_FETCH, TIME_LIMIT, Git
from triage.git.refs import (
    Refs,
    clone_state,
    default_branch,
    named_ref,
    never_fetched,
    program_for,
    read_refs,
    read_remotes,
    remotes_of_it,
)
from triage.git.stream import garbled

if TYPE_CHECKING:
    from triage.git.refs import Remote
    from triage.model import CloneState

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d")
_SHORTEST = 7


class Standpoint(NamedTuple):
    """The commit to judge by, and the branch (its short name and its ref, if it is one) whose history it is of."""

    branch: str
    sha: str
    committed: datetime
    ref: str | None = None
    tip: str = ""


def open_history(
    path: Path,
    *,
    branch: str | None = None,
    as_of: str | None = None,
    repository: str | None = None,
    timeout: float = TIME_LIMIT,
    memory: int | None = None,
    state: CloneState | None = None,
    cache: Path | None = None,
) -> tuple[GitHistory, Standpoint]:
    """Open the repository that `path` is, or is in, and return it with the commit to judge by.

    `branch` is a branch, tag or SHA; `as_of` a date, a date-time with zone, a revision of that branch or `now`;
    `repository` (owner/name) picks the remote. A `state` given replaces what the folder itself tells. In the folder
    `cache` an index of the history is kept, if one is given.
    Raises NothingToJudge if there is no history to read, AskedWrongly if a name or a date is none.
    """
    if branch is not None and not branch.startswith("refs/"):
        ref_name(branch)
    moment = _moment_of(as_of)
    try:
        git, common, shallow = find(path, timeout, memory)
        refs = read_refs(git)
        if not refs.ids and not is_object_id(refs.head or ""):
            raise NothingToJudge(f"the repository has no commits yet: {path}")
        remotes, promised = read_remotes(git, repository)
        partial = promised or any(common.glob("objects/pack/*.promisor"))
        state = state or clone_state(git, refs, remotes, common=common, shallow=shallow, partial=partial)
        if partial and git.version() < KEEPS_TO_NO_LAZY_FETCH:
            git = _without_promises(git, common)
        ids = {**refs.ids, "HEAD": refs.head} if is_object_id(refs.head or "") else refs.ids
        index = place_of(cache, common) if cache is not None else None
        history = GitHistory(git, {name: sha for name, sha in ids.items() if sha}, state, index=index)
        unseen = never_fetched(refs, remotes, repository)
        if unseen is not None and not _needs_no_remote(branch, refs):
            # The branches that are here are a fork's, or were made from them.
            raise NothingToJudge(
                f"remote {unseen.name} ({repository}) was never fetched here",
                f"{program_for(git.folder)} fetch {unseen.name}",
            )
        stand = _branch(history, branch, refs, remotes_of_it(remotes, repository))
        return history, _as_of(history, stand, as_of, moment)
    except CouldNotLook as error:
        raise NothingToJudge(error.message, error.hint) from error


def find(path: Path, timeout: float, memory: int | None) -> tuple[Git, Path, bool]:
    """Return git for the repository, the folder its worktrees share, and whether it is shallow."""
    if not path.is_dir():
        raise NothingToJudge(f"no such folder: {path}", "give the folder of a clone")
    path = path.resolve()
    finder = Git(path, repository=False, timeout=timeout)
    finder.version()
    question = ("rev-parse", "--absolute-git-dir", "--git-common-dir", "--is-shallow-repository")
    try:
        answer = finder.run(*question)
    except NothingToJudge as error:
        trusted = _trusted(path, timeout) if error.hint and "safe.directory" in error.hint else ()
        if not trusted:
            _complain_of_damage(path, finder, question, error)
            raise
        answer = Git(path, repository=False, timeout=timeout, trusted=trusted).run(*question)
    lines = answer.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) != 4 or not lines[0].startswith("/"):  # noqa: PLR2004 - three answers and the end
        raise garbled("rev-parse")
    folder = Path(lines[0])
    return Git(folder, timeout=timeout, memory=memory), (path / lines[1]).resolve(), lines[2] == "true"


def _complain_of_damage(path: Path, finder: Git, question: tuple[str, ...], error: NothingToJudge) -> None:
    """Raise NothingToJudge with git's own words where there is a repository, but one that git does not take for it."""
    if "not a git repository" not in error.message:
        return
    there = None
    with contextlib.suppress(OSError):
        there = next((place / ".git" for place in (path, *path.parents) if (place / ".git").exists()), None)
        if there is None and (path / "objects").is_dir() and (path / "refs").is_dir():
            there = path
    if there is None:
        return
    with finder.stream(*question) as stream:
        while stream.chunk():
            pass
        told = next((line for line in stream.errors().splitlines() if line.startswith("fatal: ")), "")
    raise NothingToJudge(
        f"git does not take {there} for a repository: {told.removeprefix('fatal: ') or error.message}",
        "its HEAD, its config or what it points at may be damaged; repair it, or make a new clone",
    ) from error


def _trusted(path: Path, timeout: float) -> tuple[str, ...]:
    """Return the folders that the user's own and the system's config trust: that decision is theirs."""
    finder = Git(path, repository=False, timeout=timeout).with_user_config(Path("/"))
    out = finder.run("config", "--null", "--get-all", "safe.directory", good=(0, 1))
    return tuple(value for value in out.decode("utf-8", "replace").split("\0") if value)


def _without_promises(git: Git, common: Path) -> Git:
    """Return git over the same objects in a folder of our own, whose config promises nothing.

    Before 2.45 git ends at a promised object that is missing, after trying to fetch it; now it is just missing.
    """
    import tempfile  # noqa: PLC0415 - partial clones with an old git are rare
    import weakref  # noqa: PLC0415

    from triage.git.bundle import bare_repository  # noqa: PLC0415 - the two would import each other

    holder = tempfile.TemporaryDirectory(prefix="triage-git-", ignore_cleanup_errors=True)
    folder = Path(holder.name)
    long_ids = git.run("rev-parse", "--show-object-format").strip() == b"sha256"
    bare_repository(folder, {}, head=None, long_ids=long_ids)
    shallow = common / "shallow"
    if shallow.is_file():
        (folder / "shallow").write_bytes(shallow.read_bytes())
    plain = Git(folder, timeout=git.timeout, objects=common / "objects")
    plain.shown = git.folder
    weakref.finalize(plain, holder.cleanup)
    return plain


def _needs_no_remote(branch: str | None, refs: Refs) -> bool:
    """Whether a name means the same whatever a remote has: a tag, a SHA, the full name of a ref or a remote's."""
    if branch is None or f"refs/heads/{branch}" in refs.ids:
        return False
    return any(place in refs.ids for place in (f"refs/tags/{branch}", f"refs/remotes/{branch}", branch)) or (
        len(branch) >= _SHORTEST and is_abbreviation(branch.lower())
    )


def _branch(history: GitHistory, branch: str | None, refs: Refs, remotes: list[Remote]) -> Standpoint:
    ref = default_branch(refs, remotes) if branch is None else named_ref(branch, refs, remotes)
    some = [remote for remote in remotes if remote.fetches and not remote.all_branches]
    if branch is None and ref is not None and ref == refs.head and remotes and len(some) == len(remotes):
        # Of one branch only, and that is not known to be the one that users get.
        raise NothingToJudge(
            f"which branch of {remotes[0].name} is the default one is not known: this clone has {_short(ref)} only",
            f"{program_for(history.git.folder)} remote set-head {remotes[0].name} -a, or name it: --branch NAME",
        )
    if ref is None and branch is not None and len(branch) >= _SHORTEST:
        ref = _one_commit(history, branch)
    if ref is None:
        names = refs.branches()
        if branch is None:
            raise NothingToJudge("HEAD names no commit, so there is no branch to judge by", _listed(names))
        elsewhere = [name for name in refs.ids if name.startswith("refs/remotes/") and _short(name) == branch]
        hint = f"another remote has one: {elsewhere[0].removeprefix('refs/remotes/')}" if elsewhere else None
        raise NothingToJudge(f"there is no branch {branch!r} here", hint or _nearest(branch, names))
    sha = refs.ids.get(ref, ref)
    found = history.revision_at(ref, sha)
    if found is None:
        raise NothingToJudge(f"{branch or ref} names no commit of this clone", history.state.cure)
    short = ref[:9] if is_object_id(ref) else _short(ref)
    return Standpoint(short, found.sha, found.date, None if is_object_id(ref) else ref, found.sha)


def _one_commit(history: GitHistory, cited: str) -> str | None:
    if not is_abbreviation(cited.lower()):
        return None
    resolution = history.resolve([cited])[cited]
    if resolution.candidates:
        raise AskedWrongly(f"{cited} is the beginning of several commits", ", ".join(resolution.candidates))
    return resolution.sha


def _short(ref: str) -> str:
    for root in ("refs/heads/", "refs/tags/"):
        if ref.startswith(root):
            return ref.removeprefix(root)
    return ref.split("/", 3)[3] if ref.startswith("refs/remotes/") and ref.count("/") > 2 else ref  # noqa: PLR2004


def _listed(names: list[str]) -> str | None:
    return f"name one: {', '.join(names[:5])}" if names else None


def _nearest(name: str, names: list[str]) -> str | None:
    import difflib  # noqa: PLC0415 - only a message needs it

    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else _listed(names)


def _moment_of(as_of: str | None) -> datetime | None:
    """Return the moment that a date or date-time means, None for other words. A date ends at noon UTC of the next day.

    Until then it is still that date somewhere on Earth. Raises AskedWrongly for no real date, or no time zone.
    """
    if as_of is None or not (_DATE.match(as_of) or _DATE_TIME.match(as_of)):
        return None
    try:
        moment = datetime.fromisoformat(as_of)
        if _DATE.match(as_of):
            return moment.replace(tzinfo=UTC) + timedelta(days=1, hours=12)
    except (ValueError, OverflowError) as error:
        raise AskedWrongly(f"not a date: {as_of!r} ({error})", "write it as 2025-09-12 or 2025-09-12T14:00Z") from error
    if moment.tzinfo is None:
        raise AskedWrongly(f"a time without a zone: {as_of!r}", f"add the zone, as in {as_of}Z or {as_of}+02:00")
    return moment


def _as_of(history: GitHistory, stand: Standpoint, as_of: str | None, moment: datetime | None) -> Standpoint:
    if as_of is None or as_of == "now":
        return stand
    if moment is not None:
        sha, date = _newest_by(history, stand, moment)
    else:
        sha, date = _revision(history, stand, as_of)
    return Standpoint(stand.branch, sha, date, stand.ref, stand.tip)


def _newest_by(history: GitHistory, stand: Standpoint, moment: datetime) -> tuple[str, datetime]:
    """Return the newest commit, along first parents, that was committed by then, as was all that it builds on.

    A clock that was late would otherwise bring in work that came after. Dates that are still to come are no dates.
    """
    bound = moment.timestamp()
    line_up: list[tuple[str, int]] = []
    with history.git.stream(
        "rev-list", "--first-parent", "--format=%ct", "--end-of-options", stand.tip, "--"
    ) as stream:
        sha = ""
        while (line := stream.line()) is not None:
            if line.startswith(b"commit "):
                sha = line[7:].decode("ascii", "replace").strip()
            elif line.isdigit():
                line_up.append((sha, int(line)))
        stream.finish()
    now = datetime.now(UTC).timestamp()
    chosen = None
    for sha, date in reversed(line_up):
        if date <= bound:
            chosen = sha
        elif date <= now:
            break
    if chosen is not None:
        return chosen, history.commit(chosen).committed
    state = history.state
    if state.shallow:
        raise NothingToJudge(f"the clone is shallow and does not go back to {_shown(moment)}", state.cure)
    began = history.commit(line_up[-1][0] if line_up else stand.tip).committed
    raise AskedWrongly(
        f"{stand.branch} has no commit as old as {_shown(moment)}", f"it begins at {began.date().isoformat()}"
    )


def _shown(moment: datetime) -> str:
    """Return a moment to the minute. `%Y` would leave out the zeros of an early year."""
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'minutes')} {moment.tzname()}"


def _revision(history: GitHistory, stand: Standpoint, name: str) -> tuple[str, datetime]:
    if not name.startswith("refs/"):
        ref_name(name, "revision")
    places = (f"refs/tags/{name}", f"refs/heads/{name}", f"refs/remotes/{name}", name)
    sha = next((history.refs[place] for place in places if place in history.refs), None)
    if sha is None and stand.ref is not None and stand.ref.startswith("refs/remotes/"):
        remote = stand.ref.split("/")[2]
        sha = history.refs.get(f"refs/remotes/{remote}/{name}")
    sha = sha or (_one_commit(history, name) if len(name) >= _SHORTEST else None)
    found = None if sha is None else history.revision_at(name, sha)
    if found is None:
        tags = [ref.removeprefix("refs/tags/") for ref in history.refs if ref.startswith("refs/tags/")]
        raise AskedWrongly(f"there is no revision {name!r} here", _nearest(name, tags))
    if not history.reachable(stand.tip, [found.sha]):
        if history.state.shallow:
            raise NothingToJudge(
                f"whether {name} is on {stand.branch} cannot be seen: shallow clone", history.state.cure
            )
        raise AskedWrongly(
            f"{name} ({found.sha[:9]}) is not on {stand.branch}", "name the branch that it is on, or an older revision"
        )
    return found.sha, found.date
