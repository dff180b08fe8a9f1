"""What is wrong with a decision file, in words: each error of the grammar as a finding with its place and a hint."""

from __future__ import annotations

import difflib
import re
import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from triage.clusters import nodes
from triage.clusters.grammar import DECISION_MODELS, EVIDENCE_MODELS, KINDS, Cluster
from triage.clusters.nodes import AT, Mapping, Node, Scalar, Source, show
from triage.model import Finding, Place, Severity

if TYPE_CHECKING:
    from pydantic import ValidationError


MANY = 1_000
"""Findings shown of one file; who has more has another problem."""
_KEY_OF_AN_ISSUE = 3


def complaints(error: ValidationError, root: Mapping, source: Source) -> list[Finding]:
    """Return what pydantic has against a file as findings, each once, sorted by place."""
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
        return complaint("missing-key", f"`{name}` is missing", source.place(start), _missing_hint(name))
    if kind == "extra_forbidden":
        start = key.start if key is not None else node.start
        message, hint = _unknown_key(name, parent)
        return complaint("unknown-key", message, source.place(start), hint)
    if kind == "unknown-kind":
        return _unknown_kind(node, source)
    if kind == "unknown-decision":
        return _unknown_decision(key, node, source)
    place = source.place(key.start if of_key and key is not None else node.start)
    if kind in ("bad-value", "wrong-type"):
        return complaint(kind, context["message"], place, context.get("hint") or None)
    if kind == "literal_error":
        wanted = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        got = node.text if isinstance(node, Scalar) else ""
        if not isinstance(node, Scalar) or nodes.is_null(node):
            return complaint("wrong-type", f"`{name}` wants one of {', '.join(wanted)}", place, None)
        return complaint("bad-value", f"{show(got)} cannot stand here", place, nearest(got, wanted, always=True))
    if kind in ("too_long", "too_short"):
        limit = context.get("max_length", context.get("min_length"))
        words = f"at most {limit:,} entries are taken" if kind == "too_long" else "at least one entry is wanted"
        return complaint("bad-value", f"`{name}`: {words}", place, None)
    return complaint("wrong-type", _wrong_type(kind, name, node), place, None)


def complaint(rule: str, message: str, place: Place, hint: str | None) -> Finding:
    """Return an error of the grammar."""
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


def _unknown_kind(node: Node, source: Source) -> Finding:
    if not isinstance(node, Mapping):
        place = source.place(node.start)
        return complaint("wrong-type", "a piece of evidence is a mapping, e.g. {commit: c7b4be8bc}", place, None)
    place = source.place(node.start)
    if not node.pairs:
        return complaint("missing-key", "a piece of evidence names its kind", place, f"one of {', '.join(KINDS)}")
    other = {alias for model in EVIDENCE_MODELS for alias in _keys(model)} - set(KINDS)
    names = [name for name, _ in node.pairs if name.text not in other] or [node.pairs[0][0]]
    guess = nearest(names[0].text, KINDS, always=True)
    return complaint(
        "unknown-kind", f"{show(names[0].text)} is not a kind of evidence", source.place(names[0].start), guess
    )


def _unknown_decision(key: Scalar | None, node: Node, source: Source) -> Finding:
    if not isinstance(node, Mapping):
        return complaint(
            "wrong-type", "a decision is a mapping with keys", source.place(node.start), "decision: resolved"
        )
    value = node.get("decision")
    if value is None:
        close = next((k for k, _ in node.pairs if difflib.get_close_matches(k.text, ["decision"], 1, 0.7)), None)
        if close is not None:
            return complaint(
                "unknown-key",
                f"{show(close.text)} is not a key here",
                source.place(close.start),
                "did you mean `decision`?",
            )
        return complaint(
            "missing-key",
            "`decision` is missing",
            source.place(key.start if key is not None else node.start),
            f"one of {', '.join(DECISION_MODELS)}",
        )
    if not isinstance(value, Scalar) or nodes.is_null(value):
        return complaint(
            "wrong-type", "`decision` wants a word", source.place(value.start), f"one of {', '.join(DECISION_MODELS)}"
        )
    return complaint(
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
                field for model in models for name, field in model.model_fields.items() if step in (name, field.alias)
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
