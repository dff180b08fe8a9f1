"""From a file to a `Cluster`, or to findings that say what is wrong, where, and what would be right."""

from __future__ import annotations

import difflib
import os
import re
import stat
import types
import typing
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from triage.clusters import nodes
from triage.clusters.grammar import DECISION_MODELS, EVIDENCE_MODELS, KINDS, Cluster, Declined
from triage.clusters.nodes import AT, Mapping, Node, Refused, Scalar, Source, show
from triage.model import Finding, Place, Severity

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".yaml"
MANY = 1_000
"""Findings shown of one file; who has more has another problem."""
_KEY_OF_AN_ISSUE = 3


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
        raise Refused(_findings(error, root, source)) from None
    findings = list(_cross_checks(cluster, root, source))
    if findings:
        raise Refused(findings)
    return ClusterFile(file, cluster, source, root)


# -- errors of the grammar, in words ----------------------------------------------------------------


def _findings(error: ValidationError, root: Mapping, source: Source) -> list[Finding]:
    found: dict[tuple[int, int, str, str], Finding] = {}
    for item in error.errors(include_url=False, include_input=False)[:MANY]:
        finding = _finding(item, root, source)
        found.setdefault((finding.place.line, finding.place.column, finding.rule, finding.message), finding)
    return [found[key] for key in sorted(found)]


def _finding(item: Any, root: Mapping, source: Source) -> Finding:
    whole = item["loc"]
    of_key = len(whole) == _KEY_OF_AN_ISSUE and whole[0] == "issues" and whole[-1] == "[key]"
    path = tuple(step for step in (whole[:-1] if of_key else whole) if not str(step).startswith("\0"))
    steps = list(nodes.descend(root, path))
    key, node = steps[-1] if steps else (None, root)
    kind = item["type"]
    context = item.get("ctx", {})
    name = str(path[-1]) if path else ""
    parent = _model_at(item["loc"][:-1])
    if kind == "missing":
        owner = steps[-1] if steps else (None, root)
        start = owner[0].start if owner[0] is not None else owner[1].start
        return _error("missing-key", f"`{name}` is missing", source.place(start), _missing_hint(name))
    if kind == "extra_forbidden":
        start = key.start if key is not None else node.start
        message, hint = _unknown_key(name, parent)
        return _error("unknown-key", message, source.place(start), hint)
    if kind == "unknown-kind":
        return _unknown_kind(key, node, source)
    if kind == "unknown-decision":
        return _unknown_decision(key, node, source)
    place = source.place(key.start if of_key and key is not None else node.start)
    if kind in ("bad-value", "wrong-type"):
        return _error(kind, context["message"], place, context.get("hint") or None)
    if kind == "literal_error":
        wanted = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        got = node.text if isinstance(node, Scalar) else ""
        if not isinstance(node, Scalar) or nodes.is_null(node):
            return _error("wrong-type", f"`{name}` wants one of {', '.join(wanted)}", place, None)
        return _error("bad-value", f"{show(got)} cannot stand here", place, nearest(got, wanted, always=True))
    if kind in ("too_long", "too_short"):
        limit = context.get("max_length", context.get("min_length"))
        words = f"at most {limit:,} entries are taken" if kind == "too_long" else "at least one entry is wanted"
        return _error("bad-value", f"`{name}`: {words}", place, None)
    return _error("wrong-type", _wrong_type(kind, name, node), place, None)


def _error(rule: str, message: str, place: Place, hint: str | None) -> Finding:
    return Finding(rule, Severity.ERROR, message, place, hint)


def _wrong_type(kind: str, name: str, node: Node) -> str:
    wanted = {
        "model_type": "a mapping with keys",
        "model_attributes_type": "a mapping with keys",
        "dict_type": "a mapping with keys",
        "tuple_type": "a list",
        "list_type": "a list",
    }.get(kind, "something else")
    got = (
        "a mapping"
        if isinstance(node, Mapping)
        else "nothing"
        if nodes.is_null(node)
        else show(node.text)
        if isinstance(node, Scalar)
        else "a list"
    )
    label = f"`{name}` wants {wanted}" if name and not name.isdigit() else f"{wanted} is wanted here"
    return f"{label}, not {got}"


def _missing_hint(name: str) -> str | None:
    return {
        "into": "name the issue that this one goes on in",
        "in": 'say where: globs for a pattern, e.g. in: ["src/**"]',
        "is": "closed, completed or open",
        "by": "name who says so; `unknown` if nobody does",
        "date": "when it was said, e.g. 2025-09-12",
        "reason": "not_planned or duplicate",
        "issues": "a mapping from issue numbers to decisions",
        "cluster": "the number of its primary issue",
    }.get(name)


def nearest(word: str, known: typing.Iterable[str], *, always: bool = False) -> str | None:
    """Return a hint that names the nearest of the known words, or (with `always`) all of them."""
    known = list(known)
    close = difflib.get_close_matches(word.lower(), known, 1, 0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"one of {', '.join(known)}" if always and known else None


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if field.alias != AT]


def _unknown_key(name: str, model: type[BaseModel] | None) -> tuple[str, str | None]:
    if model is None:
        return f"{show(name)} is not a key here", None
    decision = next((word for word, known in DECISION_MODELS.items() if known is model), None)
    if decision is not None:
        others = [word for word, known in DECISION_MODELS.items() if name in _keys(known)]
        if others:
            return f"a decision `{decision}` has no `{name}`", f"`{name}` belongs to {' and '.join(others)}"
    kind = getattr(model, "kind", None)
    if kind is not None and name in KINDS:
        return f"one piece of evidence is of one kind, here `{kind}`; `{name}` is another", "make it two entries"
    where = f"evidence of kind `{kind}`" if kind else f"a decision `{decision}`" if decision else "this place"
    return f"{where} has no key {show(name)}", nearest(name, _keys(model)) or f"known: {', '.join(_keys(model))}"


def _unknown_kind(key: Scalar | None, node: Node, source: Source) -> Finding:
    if not isinstance(node, Mapping):
        place = source.place(node.start)
        return _error("wrong-type", "a piece of evidence is a mapping, e.g. {commit: c7b4be8bc}", place, None)
    place = source.place(node.start)
    if not node.pairs:
        return _error("missing-key", "a piece of evidence names its kind", place, f"one of {', '.join(KINDS)}")
    other = {alias for model in EVIDENCE_MODELS for alias in _keys(model)} - set(KINDS)
    names = [name for name, _ in node.pairs if name.text not in other] or [node.pairs[0][0]]
    guess = nearest(names[0].text, KINDS, always=True)
    return _error("unknown-kind", f"{show(names[0].text)} is not a kind of evidence", source.place(names[0].start), guess)


def _unknown_decision(key: Scalar | None, node: Node, source: Source) -> Finding:
    if not isinstance(node, Mapping):
        return _error("wrong-type", "a decision is a mapping with keys", source.place(node.start), "decision: resolved")
    value = node.get("decision")
    if value is None:
        close = next((k for k, _ in node.pairs if difflib.get_close_matches(k.text, ["decision"], 1, 0.7)), None)
        if close is not None:
            return _error("unknown-key", f"{show(close.text)} is not a key here", source.place(close.start), "did you mean `decision`?")
        return _error(
            "missing-key",
            "`decision` is missing",
            source.place(key.start if key is not None else node.start),
            f"one of {', '.join(DECISION_MODELS)}",
        )
    if not isinstance(value, Scalar) or nodes.is_null(value):
        return _error("wrong-type", "`decision` wants a word", source.place(value.start), f"one of {', '.join(DECISION_MODELS)}")
    return _error(
        "bad-value",
        f"{show(value.text)} is not a decision",
        source.place(value.start),
        nearest(value.text, DECISION_MODELS, always=True),
    )


def _model_at(path: tuple[Any, ...]) -> type[BaseModel] | None:
    """The model that stands at a pydantic location (tags included), found by walking the annotations."""
    models: list[type[BaseModel]] = [Cluster]
    for step in path:
        if isinstance(step, str) and step.startswith("\0"):
            word = step[1:]
            tagged = DECISION_MODELS.get(word) or next((m for m in EVIDENCE_MODELS if m.kind == word), None)
            models = [tagged] if tagged is not None else []
        elif isinstance(step, str):
            fields = [
                field
                for model in models
                for name, field in model.model_fields.items()
                if step in (name, field.alias)
            ]
            if fields:
                models = [found for field in fields for found in _models_in(field.annotation)]
    return models[0] if len(models) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_origin(annotation) is not None:
        return [found for part in typing.get_args(annotation) for found in _models_in(part)]
    return []


# -- what pydantic does not say ---------------------------------------------------------------------


def _cross_checks(cluster: Cluster, root: Mapping, source: Source) -> typing.Iterator[Finding]:
    issues = root.get("issues")
    for number, decision in cluster.issues.items():
        path = ("issues", number)
        if isinstance(decision, Declined):
            yield from _declined(decision, source, root, path)
        for phase in decision.phases:
            yield from _phase(phase, source)
        ids = [phase.id for phase in decision.phases]
        for phase in decision.phases:
            if ids.count(phase.id) > 1:
                yield _error("bad-value", f"two phases are called {show(phase.id)}", Place(source.file, phase.line, phase.column), None)
            for before in phase.after:
                if before not in ids:
                    yield _error(
                        "bad-value", f"there is no phase {show(before)}", Place(source.file, phase.line, phase.column), nearest(before, ids)
                    )
    if isinstance(issues, Mapping):
        numbers: dict[int, Scalar] = {}
        for key, _ in issues.pairs:
            first = numbers.setdefault(int(key.text), key)
            if first is not key:
                yield _error("duplicate-key", f"issue {key.text} stands twice", source.place(key.start), None)
    for item in evidence_of(cluster):
        place = Place(source.file, item.line, item.column)
        report = getattr(item, "in_", None)
        if item.kind == "test" and report is None and not item.execute:
            yield _error("missing-key", "`in` is missing", place, "where its report is: in: {file: reports/junit.xml}")
        if item.kind == "test" and report is not None:
            yield from _report_place(report, Place(source.file, report.line, report.column))


def _report_place(report: Any, place: Place) -> typing.Iterator[Finding]:
    given = {name for name in ("file", "workflow", "run", "artifact") if getattr(report, name) is not None}
    if given not in ({"file"}, {"workflow", "artifact"}, {"run", "artifact"}):
        yield _error(
            "bad-value",
            "a test report is in a {file}, or in an {artifact} of a {workflow} or of a {run}",
            place,
            "e.g. in: {file: reports/junit.xml} or in: {workflow: ci.yml, artifact: junit}",
        )


def _declined(decision: Declined, source: Source, root: Mapping, path: tuple[Any, ...]) -> typing.Iterator[Finding]:
    place = Place(source.file, decision.line, decision.column)
    if decision.reason == "duplicate" and decision.of is None:
        yield _error("missing-key", "`of` is missing", place, "name the issue that this one duplicates")
    if decision.reason != "duplicate" and decision.of is not None:
        *_, (key, node) = nodes.descend(root, (*path, "of"))
        start = key.start if key is not None else node.start
        yield _error("unknown-key", "what is not planned has no `of`", source.place(start), "reason: duplicate")


def _phase(phase: Any, source: Source) -> typing.Iterator[Finding]:
    for step in phase.steps:
        if (step.says is None) == (step.run is None):
            yield _error(
                "bad-value",
                "a step is a text or one command",
                Place(source.file, step.line, step.column),
                "- Add the fixture, or - run: pytest -q",
            )


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
