"""The grammar as a JSON schema, for editors."""

from __future__ import annotations

from typing import Any

from triage.clusters.grammar import Cluster
from triage.clusters.nodes import AT


def cluster_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a cluster file."""
    schema = _clean(Cluster.model_json_schema(by_alias=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "triage cluster",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _clean(value: Any) -> Any:
    """The schema without what is ours alone: positions, defaults, and names of classes as titles."""
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _properties(item) if key in ("properties", "$defs") else _clean(item)
        for key, item in value.items()
        if key not in ("default", "title", "discriminator") and not (key == "required" and not item)
    }


def _properties(table: dict[str, Any]) -> dict[str, Any]:
    return {key: _clean(item) for key, item in table.items() if key != AT}
