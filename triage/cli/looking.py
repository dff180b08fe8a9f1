"""Opens what a cluster is judged by: an exported file, or a clone."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from triage import git
from triage.cli.tracking import GitHub
from triage.clusters.wanted import wanted
from triage.errors import AskedWrongly, CouldNotLook, NothingToJudge, TriageError
from triage.evidence.facts import Facts, Rules
from triage.model import IssueFact, Judged, Name, Unread, Wanted
from triage.recording import Answers, Replayed
from triage.tracker import Tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.cli.options import Options
    from triage.clusters.grammar import Cluster
    from triage.exported import Exported
    from triage.model import Kept, TestReport
    from triage.ports import History


_FRESH = timedelta(hours=1)


class Looked(NamedTuple):
    """The facts of a cluster, and where they come from: an exported file, or the clone at `path`."""

    facts: Facts
    history: git.GitHistory
    exported: Exported | None
    path: Path
    tracked: Tracked
    behind: str | None = None
    """The newest commit of the judged branch on GitHub, where the clone does not have it."""


class Standing(NamedTuple):
    """Where one stands: the clone, if it is one of the repository on GitHub that is meant, and that repository.

    `host` is the one that a remote names, `urls` are the addresses of all remotes.
    """

    clone: Path | None
    repository: str | None
    host: str | None
    urls: tuple[str, ...]


class ReportFiles:
    """Test reports by the names that decision files give them: of an exported file, or beside a folder."""

    def __init__(self, folder: Path | None, exported: Exported | None = None, label: str = "") -> None:
        self._folder = folder
        self._exported = exported
        self._label = label
        self._read: dict[str, TestReport] = {}
        self.contents: dict[str, bytes] = {}

    def report(self, file: str) -> TestReport:
        """Return the report in a file. Raises `CouldNotLook` if it is not there or cannot be read."""
        if file not in self._read:
            from triage import test_reports  # noqa: PLC0415 - only where a test is evidence

            data = self._content(file)
            self._read[file] = test_reports.read(data, name=file)
            self.contents[file] = data
        return self._read[file]

    def _content(self, file: str) -> bytes:
        if self._exported is not None:
            if file not in self._exported.reports:
                raise CouldNotLook(f"{file} is not in {self._label}")
            return self._exported.reports[file]
        from triage import test_reports  # noqa: PLC0415

        return test_reports.content((self._folder or Path()) / file, name=file)


@contextmanager
def looking(cluster: Cluster, path: Path, content: bytes, options: Options, *, beside: bool = True) -> Iterator[Looked]:
    """Open what a cluster is judged by, for as long as it is judged.

    An exported file if one is named, or lies `beside` the cluster file and no clone is named; else the clone.
    Raises `NothingToJudge` or `AskedWrongly`.
    """
    near = path.with_suffix(".evidence")
    usable = beside and options.git is None and near.is_file() and not _knows_better(cluster, options)
    source = options.exported or (near if usable else None)
    if source is not None:
        if options.git is not None:
            raise AskedWrongly("--from and -C say two things to judge by", "leave one of them out")
        with _from_exported(source, cluster, content, options) as looked:
            yield looked
    else:
        named = options.repository or cluster.repository or options.settings.repository
        standing, github = found(options, named, f"triage cluster {cluster.cluster} -C PATH-OF-A-CLONE")
        yield from_clone(cluster, path.parent.parent, options, standing, github)


def _knows_better(cluster: Cluster, options: Options) -> bool:
    """Whether the snapshot has the issues of a cluster, and one stands in a clone of its repository.

    Then they are newer than an exported file beside the cluster file.
    """
    repository = options.repository or cluster.repository or options.settings.repository
    if repository is None or not _may_stand_in(repository):
        return False
    github = GitHub(options, repository)
    path = github.snapshot()
    if path is None or not path.exists():
        return False
    kept = {one.asked for one in github.everything_kept()}
    if not {str(number) for number in cluster.issues} <= kept:
        return False
    try:
        return standing_in(options, repository).clone is not None
    except NothingToJudge:
        return False


def _may_stand_in(repository: str) -> bool:
    """Whether the repository one stands in may have a remote of that name; told without starting git."""
    here = Path.cwd()
    found = next((place / ".git" for place in (here, *here.parents) if (place / ".git").exists()), None)
    if found is None or found.is_file():
        return found is not None
    try:
        return repository.casefold() in (found / "config").read_text("utf-8", "replace").casefold()
    except OSError:
        return False


def standing_in(options: Options, repository: str | None) -> Standing:
    """Return the clone that is named or stood in, and the repository on GitHub that is meant, as the contract orders.

    A clone that is named (-C) is believed, whatever its remotes; the repository one stands in counts if a remote of
    it names the repository that is meant, or if none is. Raises `NothingToJudge` for a named clone that is none.
    """
    timeout = float(options.settings.git_timeout)
    place = options.git or Path()
    try:
        own, urls = git.remotes_of(place, timeout)
    except NothingToJudge as fault:
        if options.git is not None or repository is None or "not a git repository" not in fault.message:
            raise
        return Standing(None, repository, None, ())
    mine = [url for url in urls if repository is not None and git.url_names(url, repository)]
    if options.git is None and repository is not None and not any(_on_the_host(url, options) for url in mine):
        return Standing(None, repository, None, tuple(sorted(urls)))
    same = own is not None and (repository is None or own.repository.casefold() == repository.casefold())
    named = repository or (own.repository if own is not None else None)
    host = own.host if own is not None and (same or options.git is None) else None
    return Standing(place, named, host, tuple(sorted(urls)))


def found(options: Options, repository: str | None, retry: str) -> tuple[Standing, GitHub]:
    """Return where one stands and GitHub for it. `retry` is the command that names a clone, for who stands in none.

    Raises `NothingToJudge` where neither a clone nor a repository is known.
    """
    try:
        standing = standing_in(options, repository)
    except NothingToJudge as fault:
        hint = retry if "not a git repository" in fault.message else fault.hint
        raise NothingToJudge(fault.message, hint) from None
    return standing, GitHub(options, standing.repository, standing.host)


def _on_the_host(url: str, options: Options) -> bool:
    """Whether a remote is on the host that GitHub is read at, as far as its address tells.

    An alias of ssh tells nothing, and a loopback address stands for any host: a proxy, or a test.
    """
    from triage.github.access import find_host  # noqa: PLC0415 - only where GitHub matters

    place = git.host_and_name(url)
    if place is None or "." not in place[0]:
        return True
    host = find_host(os.environ, options.settings.host)
    local = urlsplit(host.api).hostname in ("localhost", "127.0.0.1", "::1")
    return host.source == "default" or local or place[0] == host.name


def from_clone(
    cluster: Cluster, reports: Path, options: Options, standing: Standing, github: GitHub, before: Tracked | None = None
) -> Looked:
    """Return what a cluster is judged by: the clone one stands in, else the one in the cache folder, and GitHub.

    `reports` is the folder that test reports are named from, `before` what was read already. Raises `TriageError`.
    """
    place = standing.clone or _cached(github, standing)
    if options.as_of == "closed":
        repository = standing.repository or ""
        before = github.track(Wanted(repository, (Name(repository, cluster.cluster),)), before=before)
    history, stand = _opened(place, cluster, options, standing, before)
    tracked = _tracked(github, cluster, stand.sha, before)
    behind = _behind(github, history, stand, options)
    if behind is not None and standing.clone is None and not options.offline:
        place = github.clone(timedelta(0))
        history, stand = _opened(place, cluster, options, standing, before)
        tracked = _tracked(github, cluster, stand.sha, tracked)
        behind = _behind(github, history, stand, options)
    read = _read(tracked, options.now)
    judged = Judged(stand.branch, stand.sha, options.now, stand.committed, asked=_asked(options), read=read)
    facts = Facts(
        history, judged, tracked, ReportFiles(reports), standing.repository, _rules(options), github.host.server
    )
    return Looked(facts, history, None, place, tracked, behind)


def _opened(
    place: Path, cluster: Cluster, options: Options, standing: Standing, before: Tracked | None
) -> tuple[git.GitHistory, git.Standpoint]:
    known = before.known if before is not None else ()
    return git.open_history(
        place,
        branch=options.branch or cluster.branch or options.settings.branch,
        as_of=_as_of(options.as_of, cluster, known, standing.repository),
        repository=standing.repository,
        timeout=float(options.settings.git_timeout),
        cache=_cache(),
    )


def _cache() -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - an exported file needs none

    return user_cache_path("triage", appauthor=False)


def _behind(github: GitHub, history: git.GitHistory, stand: git.Standpoint, options: Options) -> str | None:
    """The newest commit of the judged branch on GitHub, where that is one that the clone does not have."""
    branch, sha = github.heads.get((github.repository or "").casefold(), (None, None))
    if sha is None or branch != stand.branch or _asked(options) is not None:
        return None
    return sha if history.resolve([sha])[sha].sha is None else None


def _cached(github: GitHub, standing: Standing) -> Path:
    """The clone in the cache folder, where the one that is stood in is not of the repository."""
    try:
        return github.clone()
    except TriageError as fault:
        there = f"the repository here has {', '.join(standing.urls)}, not {standing.repository}; " * bool(standing.urls)
        hint = f"{fault.hint}, or name a clone: -C PATH" if fault.hint else "name a clone: -C PATH"
        raise type(fault)(f"{there}{fault.message}", hint) from fault


def _tracked(github: GitHub, cluster: Cluster, tip: str, before: Tracked | None) -> Tracked:
    """GitHub as far as a cluster makes it necessary to read it, with the sub-issues that parts: github speaks of."""
    repository = github.repository or ""
    tracked = github.track(wanted(cluster, repository, tip), before=before)
    parents = [number for number, decision in cluster.issues.items() if decision.parts == "github"]
    facts = [tracked.numbered(github.repository, number) for number in parents]
    names = [name for fact in facts if isinstance(fact, IssueFact) for name in fact.sub_issues or ()]
    missing = tuple(name for name in names if isinstance(tracked.numbered(*name), Unread))
    return github.track(Wanted(repository, missing), before=tracked) if missing else tracked


def _rules(options: Options) -> Rules:
    return Rules(timedelta(days=options.settings.subject_days), float(options.settings.pattern_timeout))


def _asked(options: Options) -> str | None:
    return options.as_of if options.as_of != "now" else None


def _read(tracked: Tracked, now: datetime) -> datetime | None:
    """The oldest moment at which something was read of GitHub, if that is long enough ago to matter."""
    oldest = min((one.fact.read for one in tracked.known if isinstance(one.fact, IssueFact)), default=now)
    return oldest if now - oldest > _FRESH else None


def _as_of(asked: str | None, cluster: Cluster, known: tuple[Kept, ...], repository: str | None) -> str | None:
    if asked != "closed":
        return asked
    found = Tracked(known, repository).numbered(None, cluster.cluster)
    primary = found if isinstance(found, IssueFact) else None
    if primary is None:
        raise NothingToJudge(
            f"when #{cluster.cluster} was closed is not known: GitHub was not read", "name the date: --as-of 2025-09-12"
        )
    if primary.closed is None:
        raise NothingToJudge(f"#{cluster.cluster} is open, so there is no moment at which it was closed", "--as-of now")
    return primary.closed.isoformat()


@contextmanager
def _from_exported(source: Path, cluster: Cluster, content: bytes, options: Options) -> Iterator[Looked]:
    import tempfile  # noqa: PLC0415 - a clone needs none

    from triage import exported as exported_files  # noqa: PLC0415

    file = exported_files.read(source)
    if file.cluster != cluster.cluster:
        raise NothingToJudge(
            f"{source} was exported of cluster {file.cluster}, not of cluster {cluster.cluster}",
            f"triage export {cluster.cluster} -o FILE",
        )
    state = file.state._replace(label=str(source))
    if file.decisions != content:
        blind = f"the decisions changed after {source.name} was made, so it may lack what they rest on"
        state = state._replace(partial=True, blind=blind, cure=f"triage export {cluster.cluster} -o {source}")
    other = options.branch if options.branch != file.branch else None
    as_of = _as_of(options.as_of, cluster, file.github, options.repository or cluster.repository or file.repository)
    try:
        with tempfile.TemporaryDirectory(prefix="triage-") as folder:
            place = Path(folder)
            timeout = float(options.settings.git_timeout)
            history = git.bundled_history(file.bundle, place, state, shallow=file.shallow, timeout=timeout)
            history.git.shown = source
            found = history.commits([file.sha]).get(file.sha)
            if found is None:
                raise NothingToJudge(
                    f"{source} does not have the commit that it is to be judged by, {file.sha}",
                    f"triage export {cluster.cluster} -o {source}",
                )
            sha, committed = found.sha, found.committed
            if other is not None or as_of not in (None, "now"):
                history, stand = git.open_history(
                    place, branch=other or file.sha, as_of=as_of, timeout=timeout, state=state
                )
                sha, committed = stand.sha, stand.committed
            at = options.now if options.now_given else file.exported
            made = f"{source.name}, exported {file.exported:%Y-%m-%d %H:%M} UTC"
            known = Tracked(file.github)
            judged = Judged(other or file.branch, sha, at, committed, made, _asked(options), _read(known, at))
            answers = Answers(file.paths, file.witnesses, file.touching, file.mentions)
            replayed: History = Replayed(history, answers)
            reports = ReportFiles(None, file, source.name)
            repository = options.repository or cluster.repository or file.repository
            tracked = Tracked(file.github, repository, file.unread, file.otherwise)
            facts = Facts(replayed, judged, tracked, reports, repository, _rules(options), file.server)
            yield Looked(facts, history, file, place, tracked)
    except OSError as error:
        raise NothingToJudge(
            f"{source} cannot be opened: {error.strerror or error}",
            "it needs room in the folder for temporary files (TMPDIR)",
        ) from None
