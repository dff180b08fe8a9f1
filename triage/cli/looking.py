"""Opens what a cluster is judged by: an exported file, or a clone."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triage import git
from triage.errors import AskedWrongly, CouldNotLook, NothingToJudge
from triage.evidence.facts import Facts, Rules
from triage.model import IssueFact, Judged
from triage.recording import Replayed
from triage.tracker import Tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.cli.options import Options
    from triage.clusters.grammar import Cluster
    from triage.exported import Exported
    from triage.model import TestReport
    from triage.ports import History


class Looked(NamedTuple):
    """The facts of a cluster, and where they come from: an exported file, or the clone at `path`."""

    facts: Facts
    history: git.GitHistory
    exported: Exported | None
    path: Path


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
    source = options.exported or (near if beside and options.git is None and near.is_file() else None)
    if source is not None:
        if options.git is not None:
            raise AskedWrongly("--from and -C say two things to judge by", "leave one of them out")
        with _from_exported(source, cluster, content, options) as looked:
            yield looked
    else:
        yield _from_clone(cluster, path, options)


def _rules(options: Options) -> Rules:
    return Rules(timedelta(days=options.settings.subject_days), float(options.settings.pattern_timeout))


def _repository(cluster: Cluster, options: Options) -> str | None:
    return options.repository or cluster.repository or options.settings.repository


def _from_clone(cluster: Cluster, path: Path, options: Options) -> Looked:
    repository = _repository(cluster, options)
    place = options.git or Path()
    timeout = float(options.settings.git_timeout)
    if options.git is None:
        _belongs(place, repository, cluster, timeout)
    history, stand = git.open_history(
        place,
        branch=options.branch or cluster.branch or options.settings.branch,
        as_of=_as_of(options.as_of, cluster, None),
        repository=repository,
        timeout=timeout,
    )
    judged = Judged(stand.branch, stand.sha, options.now, stand.committed, asked=_asked(options))
    reports = ReportFiles(path.parent.parent)
    facts = Facts(history, judged, Tracked(), reports, repository, _rules(options))
    return Looked(facts, history, None, place)


def _belongs(place: Path, repository: str | None, cluster: Cluster, timeout: float) -> None:
    """Refuse the repository one stands in if its remotes say that it is another one."""
    hint = f"triage cluster {cluster.cluster} -C PATH-OF-A-CLONE"
    try:
        urls = git.remote_urls(place, timeout)
    except NothingToJudge as fault:
        raise NothingToJudge(fault.message, hint if "not a git repository" in fault.message else fault.hint) from None
    if repository is None:
        return
    if not any(git.url_names(url, repository) for url in urls):
        shown = ", ".join(sorted(urls)) or "no remote"
        message = f"the repository here has {shown}, cluster {cluster.cluster} is of {repository}"
        raise NothingToJudge(message, hint)


def _asked(options: Options) -> str | None:
    return options.as_of if options.as_of != "now" else None


def _as_of(wanted: str | None, cluster: Cluster, exported: Exported | None) -> str | None:
    if wanted != "closed":
        return wanted
    facts = exported.github if exported is not None else ()
    primary = next((k.fact for k in facts if isinstance(k.fact, IssueFact) and k.fact.number == cluster.cluster), None)
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
    wanted = options.branch if options.branch != file.branch else None
    as_of = _as_of(options.as_of, cluster, file)
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
            if wanted is not None or as_of not in (None, "now"):
                history, stand = git.open_history(
                    place, branch=wanted or file.sha, as_of=as_of, timeout=timeout, state=state
                )
                sha, committed = stand.sha, stand.committed
            at = options.now if options.now_given else file.exported
            made = f"{source.name}, exported {file.exported:%Y-%m-%d %H:%M} UTC"
            judged = Judged(wanted or file.branch, sha, at, committed, made, _asked(options))
            replayed: History = Replayed(history, file.paths, file.witnesses)
            reports = ReportFiles(None, file, source.name)
            repository = options.repository or cluster.repository or file.repository
            facts = Facts(replayed, judged, Tracked(file.github, repository), reports, repository, _rules(options))
            yield Looked(facts, history, file, place)
    except OSError as error:
        raise NothingToJudge(
            f"{source} cannot be opened: {error.strerror or error}",
            "it needs room in the folder for temporary files (TMPDIR)",
        ) from None
