"""What a cluster makes it necessary to read from GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.clusters.grammar import Declined, Merged, Resolved, Sequential
from triage.clusters.reading import evidence_of
from triage.clusters.values import IssueName
from triage.model import Name, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.clusters.grammar import Cluster, Decision


def wanted(cluster: Cluster, repository: str, tip: str | None = None) -> Wanted:
    """Return the issues, pull requests and commits that a cluster names, each once, in the order of the file.

    `tip` is the commit that is judged by: a check may be proven by it.
    """
    items = list(evidence_of(cluster))
    numbers = [Name(name.repository or repository, name.number) for name in _names(cluster)]
    numbers += [Name(repository, item.pull) for item in items if item.kind == "pull"]
    numbers += [Name(repository, item.issue) for item in items if item.kind == "issue"]
    checks = any(item.kind == "check" for item in items)
    own = (repository, cluster.repository)
    cited = [item.commit for item in items if item.kind == "commit"]
    shas = [name.sha for name in cited if not name.abroad(*own)]
    shas += [str(item.at) for item in items if item.kind == "check" and item.at is not None]
    shas += [tip] if checks and tip is not None else []
    return Wanted(
        repository,
        tuple(dict.fromkeys(numbers)),
        tuple(dict.fromkeys(sha.lower() for sha in shas)),
        checks=checks,
        files=any(item.kind == "pull" and item.touches for item in items),
        abroad=tuple(dict.fromkeys((name.repository, name.sha) for name in cited if name.abroad(*own))),
    )


def _names(cluster: Cluster) -> Iterator[IssueName]:

    for number, decision in cluster.issues.items():
        yield IssueName(number)
        yield from decision.duplicates
        yield from targets(decision)


def targets(decision: Decision) -> Iterator[IssueName]:
    """Yield the issues that a decision rests on or points to, beside its duplicates."""
    if isinstance(decision, Resolved) and decision.resolved_by is not None:
        yield IssueName(decision.resolved_by)
    if isinstance(decision, Merged):
        yield decision.into
    if isinstance(decision, Declined) and decision.of is not None:
        yield decision.of
    if isinstance(decision, Sequential):
        yield from (IssueName(number) for number in decision.after)
    if decision.parts and decision.parts != "github":
        yield from decision.parts
