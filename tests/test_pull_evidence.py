"""What became of a merged pull request: all of its commits, its reverts, and its own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from middle import APEX, LATER, NOW, by_number, judged, only
from repositories import Repository

from triage.model import PullFact, Status

VERIFIED, REFUTED, UNVERIFIED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED
OPENED = datetime(2025, 9, 1, tzinfo=UTC)
NOWHERE = "0" * 39 + "1"
"""A commit that GitHub names, and that no test's repository has."""
TITLE = "fix: close the socket"


def pull(merge_commit: str, **more) -> PullFact:
    fields = {
        "number": 4,
        "repository": APEX,
        "title": TITLE,
        "state": "merged",
        "created": OPENED,
        "closed": LATER,
        "merged": LATER,
        "merge_commit": merge_commit,
        "base": "main",
        "head": "f" * 40,
        "head_repository": APEX,
        "read": NOW,
    }
    return PullFact(**(fields | more))


def on(repository, known: PullFact, item: str = "{pull: 4}"):
    return only(repository, item, issues=[known])


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "r")
    made.commit({"a.py": "1\n", "b.py": "1\n"}, "start")
    return made


def merged(repository, way: str) -> PullFact:
    """A pull request that changes a.py and adds c.py, merged in some way."""
    if way == "squash":
        return pull(repository.commit({"a.py": "2\n", "c.py": "1\n"}, f"{TITLE} (#4)"), commits=2)
    repository.branch("topic")
    commits = [repository.commit({"a.py": "2\n"}, "fix: one"), repository.commit({"c.py": "1\n"}, "test: two")]
    repository.checkout("main")
    if way == "merge":
        repository.commit({"aside.py": "1\n"}, "feat: aside")
        return pull(repository.merge("topic", f"Merge pull request #4 from bob/topic\n\n{TITLE}"), commits=2)
    if way == "pushed":
        repository.git("merge", "-q", "--ff-only", "topic")
        return pull(commits[-1], commits=2, head=commits[-1])
    if way == "untraceable":
        # A bot made each anew, at another time.
        sha = [repository.cherry_pick(one, date=LATER + timedelta(hours=n)) for n, one in enumerate(commits)][-1]
        repository.git("branch", "-D", "topic")
        return pull(sha, commits=2)
    return pull([repository.cherry_pick(one, date=LATER) for one in commits][-1], commits=2)


WAYS = ["squash", "merge", "rebase", "pushed", "untraceable"]
BACK = {"a.py": "1\n", "c.py": None}


# -- reverted as a whole --


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "words",
    [
        f'Revert "{TITLE}" (#6)\n\nReverts acme/apex#4',
        f'Revert "{TITLE}" (#6)\n\nReverts ACME/Apex#4',
        f'Revert "{TITLE}" (#6)\n\nReverts #4',
        f'Revert "{TITLE}" (#6)',
        "Undo the socket (#6)\n\nReverts https://github.com/acme/apex/pull/4",
    ],
)
def test_a_pull_request_that_was_reverted_as_a_whole_is_refuted(repository, way, words):
    known = merged(repository, way)
    assert on(repository, known).status is VERIFIED
    undo = repository.commit(BACK, words)
    verdict = on(repository, known)
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted"), verdict.reason
    assert undo[:9] in verdict.reason


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", ["Take it out", f'Revert "{TITLE}"\n\nReverts {APEX}#4'])
def test_a_merge_of_a_pull_request_that_reverts_it_reverts_it(repository, way, words):
    known = merged(repository, way)
    repository.branch("revert-4-topic")
    repository.commit(BACK, words)
    repository.checkout("main")
    repository.merge("revert-4-topic", f'Merge pull request #6 from acme/revert-4-topic\n\nRevert "{TITLE}"')
    verdict = on(repository, known)
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted"), verdict.reason


@pytest.mark.parametrize("files", [None, ("a.py", "c.py")])
@pytest.mark.parametrize("way", WAYS)
def test_a_revert_that_took_back_only_some_of_it_is_not_one_of_the_whole(repository, way, files):
    known = merged(repository, way)._replace(files=files)
    repository.commit({"c.py": None}, f'Revert "{TITLE}" (#6)\n\nReverts {APEX}#4')
    verdict = on(repository, known)
    assert verdict.status is UNVERIFIED
    words = "a.py is still as it left it" if way in ("merge", "squash") else "changed was taken back cannot be seen"
    assert words in verdict.reason


def test_what_came_again_after_a_revert_is_not_refuted(repository):
    known = merged(repository, "rebase")
    repository.commit(BACK, f'Revert "{TITLE}" (#6)\n\nReverts {APEX}#4')
    repository.commit({"a.py": "2\n", "c.py": "1\n"}, "feat: the socket, again")
    verdict = on(repository, known)
    assert (verdict.status, "is still as it left it" in verdict.reason) == (UNVERIFIED, True), verdict.reason


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "words",
    [
        "chore: bump lib\n\nReverts upstream/lib#4",
        "chore: bump lib\n\nReverts https://github.com/upstream/lib/pull/4",
        f'Revert "{TITLE}" (#6)\n\nReverts {APEX}#5',
    ],
)
def test_a_revert_of_another_pull_request_is_none_of_this_one(repository, way, words):
    known = merged(repository, way)
    repository.commit({"b.py": "2\n"}, words)
    assert on(repository, known).status is VERIFIED


def test_a_revert_of_anothers_pull_request_is_none_even_where_it_meets_the_same_files(repository):
    known = merged(repository, "squash")
    repository.commit({"c.py": "1\n2\n"}, "chore: bump lib\n\nReverts upstream/lib#4")
    assert on(repository, known).status is VERIFIED


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("again", [f'Revert "Revert "{TITLE}"" (#7)', f'Reapply "{TITLE}" (#7)', "Put it back (#7)"])
def test_a_revert_of_the_revert_puts_it_back(repository, way, again):
    known = merged(repository, way)
    repository.commit(BACK, f'Revert "{TITLE}" (#6)\n\nReverts {APEX}#4')
    told = "Revert the revert" if again.startswith("Put") else again
    repository.commit({"a.py": "2\n", "c.py": "1\n"}, f"{told}\n\nReverts {APEX}#6")
    assert on(repository, known).status is VERIFIED


@pytest.mark.parametrize("way", WAYS)
def test_a_revert_of_a_merged_revert_puts_it_back(repository, way):
    known = merged(repository, way)
    repository.branch("revert-4-topic")
    repository.commit(BACK, "Take it out")
    repository.checkout("main")
    repository.merge("revert-4-topic", f'Merge pull request #6 from acme/revert-4-topic\n\nRevert "{TITLE}"')
    repository.commit({"a.py": "2\n", "c.py": "1\n"}, f'Revert "Revert "{TITLE}"" (#7)\n\nReverts {APEX}#6')
    assert on(repository, known).status is VERIFIED


# -- reverted in part --


@pytest.mark.parametrize("way", ["rebase", "pushed"])
@pytest.mark.parametrize("which", ["HEAD", "HEAD~1"])
def test_one_commit_of_a_series_is_not_all_of_it(repository, way, which):
    known = merged(repository, way)
    repository.revert(repository.parse(which))
    verdict = on(repository, known)
    assert (verdict.status, "1 of its 2 commits" in verdict.reason) == (UNVERIFIED, True), verdict.reason


def test_each_commit_of_a_series_is_all_of_it(repository):
    known = merged(repository, "rebase")
    first, last = repository.parse("HEAD~1"), repository.parse("HEAD")
    repository.revert(last)
    repository.revert(first)
    verdict = on(repository, known)
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted"), verdict.reason


def test_a_series_whose_subjects_all_name_the_pull_request_is_no_squash(repository):
    first = repository.commit({"a.py": "2\n"}, "fix: one (#4)")
    last = repository.commit({"c.py": "1\n"}, "test: two (#4)")
    assert on(repository, pull(last, commits=2)).status is VERIFIED
    repository.revert(first)
    verdict = on(repository, pull(last, commits=2))
    assert (verdict.status, "1 of its 2 commits" in verdict.reason) == (UNVERIFIED, True), verdict.reason


@pytest.mark.parametrize("other", ["feat: something else", "feat: something else (#3)"])
def test_a_squash_right_after_another_pull_request_is_alone(repository, other):
    before = repository.commit({"b.py": "2\n"}, other, date=LATER)
    squash = repository.commit({"a.py": "2\n"}, TITLE, date=LATER + timedelta(seconds=1))
    repository.revert(before)
    for files in (None, ("a.py",)):
        assert on(repository, pull(squash, commits=2, files=files)).status is VERIFIED


def test_a_commit_of_other_files_is_none_of_a_pull_request(repository):
    before = repository.commit({"b.py": "2\n"}, "feat: something else", date=LATER)
    last = repository.commit({"a.py": "2\n"}, "fix: in other words", date=LATER)
    repository.revert(before)
    assert on(repository, pull(last, commits=2, files=("a.py",))).status is VERIFIED
    assert on(repository, pull(last, commits=2, files=("a.py", "b.py"))).status is UNVERIFIED


def test_a_head_that_is_here_tells_a_squash_from_a_series(repository):
    repository.branch("topic")
    repository.commit({"a.py": "2\n"}, "fix: one")
    head = repository.commit({"c.py": "1\n"}, "test: two")
    repository.checkout("main")
    other = repository.commit({"b.py": "2\n"}, "feat: something else")
    squash = repository.squash("topic", "fix: in other words")
    repository.revert(other)
    assert on(repository, pull(squash, commits=2)).status is UNVERIFIED
    verdict = on(repository, pull(squash, commits=2, head=head))
    assert (verdict.status, "could be followed" in verdict.reason) == (VERIFIED, False), verdict.reason


def test_a_series_that_cannot_be_followed_is_said_and_not_verified_where_one_before_it_was_reverted(repository):
    known = merged(repository, "untraceable")
    verdict = on(repository, known)
    assert verdict.status is VERIFIED
    assert "of its 2 commits only the last could be followed" in verdict.reason
    repository.revert(repository.parse("HEAD~1"))
    verdict = on(repository, known)
    assert (verdict.status, "may be its" in verdict.reason) == (UNVERIFIED, True), verdict.reason
    assert on(repository, known._replace(commits=1)).status is VERIFIED


def test_a_commit_before_a_series_that_somebody_else_made_or_that_it_does_not_reach_is_none_of_it(repository):
    early = repository.commit({"x.py": "1\n"}, "feat: long before")
    other = repository.commit({"y.py": "1\n"}, "feat: somebody else's", author="bob <bob@example.org>")
    last = repository.commit({"a.py": "2\n"}, "test: two")
    for sha in (early, other):
        repository.revert(sha)
    assert on(repository, pull(last, commits=2)).status is VERIFIED


def test_a_revert_of_the_oldest_of_very_many_commits_is_seen(repository):
    first = repository.parse("HEAD")
    script = ["commit refs/heads/topic", "committer alice <alice@example.org> 1756731600 +0000", "data 3", "fix"]
    script += [f"from {first}", "M 644 inline fix.py", "data 2", "1", ""]
    for number in range(120):
        when = 1756731700 + number
        script += ["commit refs/heads/topic", f"committer alice <alice@example.org> {when} +0000", "data 4", "work"]
        script += ["M 644 inline w.py", f"data {len(str(number)) + 1}", f"{number}", ""]
    repository.git("fast-import", "--quiet", data=("\n".join(script) + "\n").encode())
    fix = repository.parse("topic~120")
    known = pull(repository.merge("topic", "Merge pull request #4 from bob/topic"), commits=121)
    assert on(repository, known).status is VERIFIED
    repository.revert(fix)
    verdict = on(repository, known)
    assert (verdict.status, "1 of its 121 commits" in verdict.reason) == (UNVERIFIED, True), verdict.reason


# -- what it changes --


def test_the_paths_of_a_rebased_pull_request_are_those_of_all_its_commits(repository):
    repository.branch("topic")
    shas = [repository.commit({"src/a.py": "2\n"}, "fix: one"), repository.commit({"docs/a.md": "x\n"}, "fix: two")]
    repository.checkout("main")
    last = [repository.cherry_pick(sha, date=LATER) for sha in shas][-1]
    verdict = on(repository, pull(last, commits=2), "{pull: 4, touches: ['src/**']}")
    assert (verdict.status, verdict.findings) == (VERIFIED, ())
    assert on(repository, pull(last, commits=2), "{pull: 4, touches: ['web/**']}").status is REFUTED


@pytest.mark.parametrize(("first", "documents"), [("src/a.py", False), ("docs/b.md", True)])
def test_a_last_commit_of_documents_is_no_pull_request_of_documents(repository, first, documents):
    repository.commit({first: "2\n"}, "fix: one")
    last = repository.commit({"docs/a.md": "x\n"}, "fix: two")
    text = "1:\n  decision: resolved\n  evidence: [{pull: 4}]"
    issue = by_number(judged(repository, text, issues=[pull(last, commits=2)]))[1]
    assert ("documents-only" in [finding.rule for finding in issue.findings]) is documents
    assert issue.status is (UNVERIFIED if documents else VERIFIED)


# -- what it says --


def findings(repository, **words):
    sha = repository.commit({"a.py": "2\n"}, f"{TITLE} (#4)")
    return [rule for rule, *_ in on(repository, pull(sha, commits=1, **words)).findings]


@pytest.mark.parametrize(
    "words",
    [
        {"title": "fix: the socket, part 1 of 3"},
        {"body": "This does not fix #1."},
        {"body": "A first step.\r\n\r\nThe issue stays open.\r\n"},
        {"body": "<!-- A template -->\nThis will not resolve #1, only the crash."},
    ],
)
def test_a_pull_request_that_denies_the_closure_is_no_proof_of_it(repository, words):
    assert findings(repository, **words) == ["denied"]


@pytest.mark.parametrize(
    "words",
    [
        {"title": "fix: the socket, part 3 of 3"},
        {"body": "<!-- Say so if this does not fix the issue. -->\nFixes #1"},
        {"body": "<!-- If it is left open: the issue stays open"},
        {"body": "> This does not fix #1.\n\nNow it does."},
        {"body": "- [ ] The issue stays open\n- [x] Tests"},
        {"body": "If this does not fix the issue, say why."},
        {"body": "### Does not fix #1?\n\nIt does."},
        {"body": "```\nThe issue stays open.\n```\nFixes #1"},
        {"body": "This does not fix #12."},
    ],
)
def test_what_a_template_or_somebody_else_says_denies_nothing(repository, words):
    assert findings(repository, **words) == []


# -- what GitHub names --


def test_a_merge_commit_that_is_older_than_its_pull_request_is_asked_about(repository):
    sha = repository.commit({"a.py": "2\n"}, "feat: unrelated (#3)")
    week = timedelta(days=7)
    verdict = on(repository, pull(sha, created=OPENED + week, commits=1))
    assert verdict.status is UNVERIFIED
    assert f"{sha[:9]}, which GitHub names as its merge, was made on 2025-09-01" in verdict.reason
    assert on(repository, pull(sha, created=OPENED + timedelta(days=1), commits=1)).status is VERIFIED
    # What is pushed as it was may have been made before it was proposed.
    assert on(repository, pull(sha, created=OPENED + week, commits=1, head=sha)).status is VERIFIED


def test_the_cure_for_a_merge_commit_that_is_not_here_is_that_of_the_clone(repository, tmp_path):
    old = repository.commit({"a.py": "2\n"}, f"{TITLE} (#4)")
    repository.commit({"a.py": "3\n"}, "more")
    clone = repository.clone(tmp_path / "shallow", "--depth", "1")
    verdict = on(clone, pull(old, commits=1))
    assert (verdict.status, "fetch --unshallow" in verdict.reason) == (UNVERIFIED, True), verdict.reason
    assert "`git fetch --all`" in on(repository, pull(NOWHERE, title="fix: another", commits=1)).reason


def test_after_a_rewriting_the_squash_is_found_by_the_title_and_the_time(repository):
    squash = repository.commit({"a.py": "2\n"}, f"{TITLE} (#4)", date=LATER)
    repository.commit({"a.py": "3\n"}, "more")
    verdict = on(repository, pull(NOWHERE, commits=1))
    assert (verdict.status, verdict.proof, verdict.found) == (VERIFIED, "subject", squash), verdict.reason
    week = timedelta(days=7)
    verdict = on(repository, pull(NOWHERE, merged=LATER + week, commits=1))
    assert (verdict.status, "7 days" in verdict.reason) == (UNVERIFIED, True), verdict.reason
