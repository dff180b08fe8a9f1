"""Who stands for a statement, and which words of a commit deny what it is cited for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from middle import judged
from repositories import Repository, run_git

from triage.clusters.nodes import Text
from triage.clusters.values import moment
from triage.evidence import denials
from triage.evidence.stated import is_nobody, standing
from triage.model import Status


def issue_of(place, *items):
    listed = "".join(f"\n    - {item}" for item in items)
    return judged(place, f"1:\n  decision: resolved\n  title: Client hangs\n  evidence:{listed}").issues[0]


NOW = datetime(2025, 9, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["unknown", "Unknown ", "UNKNOWN.", "@unknown", "unkn\u043ewn", "\uff55\uff4e\uff4b\uff4e\uff4f\uff57\uff4e", "unknown user", "n/a", "?", "-", "nobody", "anonymous", "null"],
)  # fmt: skip
def test_nobody_by_any_name_is_nobody(name):
    assert is_nobody(name)


@pytest.mark.parametrize(
    "name", ["alice", "bob", "triage[bot]", "unknownsoldier-bot", "nadia", "\u0410\u043b\u0438\u0441\u0430"]
)
def test_somebody_is_somebody(name):
    assert not is_nobody(name)


@pytest.mark.parametrize(
    ("date", "status"),
    [
        ("2025-09-12", Status.ATTESTED),
        ("2025-09-12T09:00:00Z", Status.ATTESTED),
        ("2025-09-14", Status.UNVERIFIED),
        ("2099-01-01", Status.UNVERIFIED),
    ],
)
def test_nobody_has_said_yet_what_is_yet_to_come(date, status):
    assert standing("alice", moment(Text(date, plain=True)), NOW)[0] is status


@pytest.mark.parametrize(
    "message",
    [
        "fix: half of it\n\nThe issue stays open.",
        "fix: half of it\n\nOnly the client; #7 remains open.",
        "fix: part 1 of 3",
        "fix: this does not fix #7",
        "fix: the server\n\nLeaves #7 open.",
        "fix: it\n\nTests were not run here.",
        "fix: it\n\n#7 remains unresolved on Windows",
    ],
)
def test_a_denial_is_seen(message):
    assert denials.denial(message, 7)


@pytest.mark.parametrize(
    "message",
    [
        "fix: the last of it, part 3 of 3",
        "fix: all of it\n\n* first (part 1/2)\n* second (part 2/2)",
        "fix: it does not fix #8",
        "fix: the branch was untested but used, now it is covered",
        "feat: keep the label, so the issue stays open until somebody closes it",
        "fix: the script could not run here",
        "fix: it\n\nThe earlier attempt did not fix the issue; this one does.",
    ],
)
def test_what_only_sounds_like_a_denial_is_none(message):
    assert denials.denial(message, 7) is None


def test_a_pattern_over_documents_does_not_make_a_document_a_proof(tmp_path):
    repository = Repository(tmp_path / "r")
    repository.commit({"a.py": "x = 1\n"}, "start")
    sha = repository.commit({"README.md": "timeouts\n"}, "Explain the timeouts")
    pattern = "{present: timeouts, in: [README.md]}"
    assert issue_of(repository, f"{{commit: '{sha}'}}", pattern).status is Status.UNVERIFIED
    code = "{present: 'x = ', in: ['*.py']}"
    assert issue_of(repository, f"{{commit: '{sha}'}}", code).status is Status.VERIFIED


def test_what_cannot_be_seen_of_a_commit_holds_its_issue_back(tmp_path):
    repository = Repository(tmp_path / "r")
    repository.commit({"a.py": "x = 1\n"}, "start")
    sha = repository.commit({"docs/x.md": "the hang\n"}, "fix: the hang")
    run_git(tmp_path, "clone", "-q", "--bare", "--depth=1", f"file://{repository.folder}", "shallow")
    issue = issue_of(tmp_path / "shallow", f"{{commit: '{sha}'}}")
    assert issue.status is Status.UNVERIFIED
    assert issue.findings[0].rule == "changes-unseen"
