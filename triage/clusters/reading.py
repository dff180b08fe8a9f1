"""From a file to a `Cluster`, or to findings that say what is wrong, where, and what would be right."""

from __future__ import annotations

import os
import stat
import typing
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from triage.clusters import nodes
from triage.clusters.complaints import complaint, complaints, nearest
from triage.clusters.grammar import Cluster, Declined, Phase
from triage.clusters.nodes import Mapping, Refused, Scalar, Source, show
from triage.model import Finding, Place, Severity

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".yaml"


class ClusterFile(NamedTuple):
    """A decision file that was read: its cluster, its text and its tree."""

    file: str
    cluster: Cluster
    source: Source
    root: Mapping


def read_bytes(path: Path, file: str) -> bytes:
    """Return the content of a decision file.

    Raises `Refused` for what is not an ordinary file, and for a name that is not there.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        _refuse(file, "there is no such file")
    except OSError as error:
        _refuse(
            file,
            "it is a symbolic link" if path.is_symlink() else f"it cannot be read: {error.strerror}",
            "name the file itself" if path.is_symlink() else None,
        )
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            _refuse(file, "it is not an ordinary file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(nodes.MAXIMUM_BYTES + 1)
    except OSError as error:
        _refuse(file, f"it cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)


def _refuse(file: str, message: str, hint: str | None = None) -> typing.NoReturn:
    raise Refused([Finding("file-name", Severity.ERROR, message, Place(file, 1, 1), hint)])


def read(path: Path, file: str | None = None) -> ClusterFile:
    """Return the decision file at `path`, called `file` in messages. Raises `Refused`."""
    file = file or str(path)
    parsed = parse(read_bytes(path, file), file)
    name = path.name
    stem = name.removesuffix(SUFFIX)
    if stem != str(parsed.cluster.cluster):
        value = parsed.root.get("cluster")
        place = parsed.source.place(value.start if value is not None else 0)
        message = f"the file {show(name)} says that it is cluster {parsed.cluster.cluster}"
        raise Refused(
            [Finding("file-name", Severity.ERROR, message, place, f"call it {parsed.cluster.cluster}{SUFFIX}")]
        )
    return parsed


def parse(content: bytes, file: str) -> ClusterFile:
    """Return what the content of a decision file says. Raises `Refused` with every error of grammar in it."""
    source = nodes.decode(content, file)
    root = nodes.parse(source)
    if root is None:
        source.refuse("syntax", "the file is empty", 0, "it begins with `cluster: N` and `issues:`")
    if not isinstance(root, Mapping):
        source.refuse("wrong-type", "a decision file is a mapping", root.start, "it begins with `cluster: N`")
    values = nodes.data(root, source)
    try:
        cluster = Cluster.model_validate(values)
    except ValidationError as error:
        raise Refused(complaints(error, root, source)) from None
    findings = list(_cross_checks(cluster, root, source))
    if findings:
        raise Refused(findings)
    return ClusterFile(file, cluster, source, root)


# -- what pydantic does not say ---------------------------------------------------------------------


def _cross_checks(cluster: Cluster, root: Mapping, source: Source) -> typing.Iterator[Finding]:
    issues = root.get("issues")
    for number, decision in cluster.issues.items():
        if isinstance(decision, Declined):
            yield from _declined(decision, source, root, ("issues", number))
        yield from _phases(decision.phases, source)
    if isinstance(issues, Mapping):
        numbers: dict[int, Scalar] = {}
        for key, _ in issues.pairs:
            if numbers.setdefault(int(key.text), key) is not key:
                yield complaint("duplicate-key", f"issue {key.text} stands twice", source.place(key.start), None)
    for item in evidence_of(cluster):
        place = Place(source.file, item.line, item.column)
        report = getattr(item, "in_", None)
        if item.kind == "test" and report is None and not item.execute:
            hint = "where its report is: in: {file: reports/junit.xml}"
            yield complaint("missing-key", "`in` is missing", place, hint)
        if item.kind == "test" and report is not None:
            yield from _report_place(report, Place(source.file, report.line, report.column))


def _phases(phases: tuple[Phase, ...], source: Source) -> typing.Iterator[Finding]:
    known: set[str] = set()
    ids = [phase.id for phase in phases]
    for phase in phases:
        place = Place(source.file, phase.line, phase.column)
        for step in phase.steps:
            if (step.says is None) == (step.run is None):
                at = Place(source.file, step.line, step.column)
                hint = "- Add the fixture, or - run: pytest -q"
                yield complaint("bad-value", "a step is a text or one command", at, hint)
        if phase.id in known:
            yield complaint("bad-value", f"two phases are called {show(phase.id)}", place, None)
        known.add(phase.id)
        for before in phase.after:
            if before not in ids:
                yield complaint("bad-value", f"there is no phase {show(before)}", place, nearest(before, ids))


def _report_place(report: Any, place: Place) -> typing.Iterator[Finding]:
    given = {name for name in ("file", "workflow", "run", "artifact") if getattr(report, name) is not None}
    if given not in ({"file"}, {"workflow", "artifact"}, {"run", "artifact"}):
        yield complaint(
            "bad-value",
            "a test report is in a {file}, or in an {artifact} of a {workflow} or of a {run}",
            place,
            "e.g. in: {file: reports/junit.xml} or in: {workflow: ci.yml, artifact: junit}",
        )


def _declined(decision: Declined, source: Source, root: Mapping, path: tuple[Any, ...]) -> typing.Iterator[Finding]:
    place = Place(source.file, decision.line, decision.column)
    if decision.reason == "duplicate" and decision.of is None:
        yield complaint("missing-key", "`of` is missing", place, "name the issue that this one duplicates")
    if decision.reason != "duplicate" and decision.of is not None:
        *_, (key, node) = nodes.descend(root, (*path, "of"))
        start = key.start if key is not None else node.start
        yield complaint("unknown-key", "what is not planned has no `of`", source.place(start), "reason: duplicate")


def evidence_of(cluster: Cluster) -> typing.Iterator[Any]:
    """Yield every piece of evidence of a cluster, wherever it stands, in the order of the file's kinds of place."""
    for goal in cluster.goals:
        yield from goal.evidence
    for decision in cluster.issues.values():
        yield from evidence_of_issue(decision)


def evidence_of_issue(decision: Any) -> typing.Iterator[Any]:
    """Yield every piece of evidence of one issue: its own, of its criteria, goals and phases."""
    yield from decision.evidence
    for item in (*decision.criteria, *decision.goals):
        yield from item.evidence
    for phase in decision.phases:
        yield from phase.evidence
        for item in phase.done_when:
            yield from item.evidence
