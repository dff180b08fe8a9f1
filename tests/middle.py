"""What the tests of the middle share: facts of a real repository, and clusters from their text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from textwrap import indent
from typing import TYPE_CHECKING

from triage import test_reports
from triage.clusters.reading import parse
from triage.errors import CouldNotLook
from triage.evidence.facts import Facts, Rules
from triage.git import open_history
from triage.landing.citation import Citation, Landing
from triage.landing.proof import settle
from triage.model import IssueFact, Judged, Kept
from triage.tracker import Tracked
from triage.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triage.git import GitHistory
    from triage.model import Finding, TestReport
    from triage.verdicts import ClusterVerdict, EvidenceVerdict, IssueVerdict

NOW = datetime(2025, 12, 1, tzinfo=UTC)
LATER = datetime(2025, 9, 20, 12, tzinfo=UTC)
"""A citation some days after what a test's repository has."""
AFTERWARDS = LATER + timedelta(days=5)
"""The date of a last commit, by which a repository without remotes is newer than a citation of `LATER`."""
APEX = "acme/apex"


class Given:
    """Test reports by name, read from the bytes of real JUnit files."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._files = files or {}

    def report(self, file: str) -> TestReport:
        if file not in self._files:
            raise CouldNotLook(f"{file} is not there")
        return test_reports.read(self._files[file], name=file)


def fact(
    number: int, state: str = "open", reason: str | None = None, title: str = "It breaks", repository: str = APEX
) -> IssueFact:
    closed = LATER if state == "closed" else None
    created = datetime(2025, 8, 1, tzinfo=UTC)
    return IssueFact(number, repository, title, state, reason, created, closed, "alice" if closed else None, NOW)


def tracked(*facts, repository: str = APEX, **more) -> Tracked:
    """Return GitHub as a test says that it was read: facts by their own numbers or SHAs, or as they were asked for."""
    kept = [
        fact if isinstance(fact, Kept) else Kept(fact.repository, str(getattr(fact, "number", None) or fact.sha), fact)
        for fact in facts
    ]
    return Tracked(kept, repository, **more)


def facts_of(
    place,
    *,
    branch: str | None = None,
    as_of: str | None = None,
    issues: Iterable[IssueFact] = (),
    reports: Mapping[str, bytes] | None = None,
    rules: Rules | None = None,
) -> Facts:
    history, stand = open_history(getattr(place, "folder", place), branch=branch, as_of=as_of)
    judged = Judged(stand.branch, stand.sha, NOW, stand.committed)
    return Facts(history, judged, tracked(*issues), Given(reports), APEX, rules or Rules())


def history_of(place) -> GitHistory:
    """Open the history of a test's repository."""
    return open_history(getattr(place, "folder", place))[0]


def landed(
    place,
    sha: str,
    subject: str | None = None,
    *,
    cited: datetime | None = LATER,
    others: Sequence[str] = (),
    **options,
) -> Landing:
    """Settle one citation, among others of the same moment."""
    facts = facts_of(place, **options)
    wanted = Citation(sha, subject, cited, facts.judged.sha)
    rest = [Citation(other, None, cited, facts.judged.sha) for other in others]
    window = facts.rules.subject_window
    return settle([wanted, *rest], facts.history, facts.judged.branch, window)[wanted]


def judged(
    place, text: str, *, top: str = "", decided: str | None = "2025-09-20", findings: Sequence[Finding] = (), **options
) -> ClusterVerdict:
    """Verify a cluster, given the text of its issues."""
    stamp = f"decided: {{date: {decided}, by: alice}}\n" if decided else ""
    whole = f"cluster: 1\nrepository: {APEX}\n{stamp}{top}issues:\n{indent(text.strip(chr(10)), '  ')}\n"
    return verify(parse(whole.encode(), "clusters/1.yaml"), facts_of(place, **options), findings)


def by_number(result: ClusterVerdict) -> dict[int, IssueVerdict]:
    return {issue.number: issue for issue in result.issues}


def evidence(place, *items: str, title: str = "It breaks", **options) -> tuple[EvidenceVerdict, ...]:
    """Return the verdicts on pieces of evidence of one resolved issue."""
    listed = "\n".join(f"  - {item}" for item in items)
    result = judged(
        place, f"1:\n  decision: resolved\n  title: {title}\n  evidence:\n{indent(listed, '  ')}", **options
    )
    return result.issues[0].evidence


def only(place, item: str, **options):
    """Return the verdict on one piece of evidence."""
    return evidence(place, item, **options)[0].verdict
