"""Evidence that rests on GitHub: both truths of each, and "could not look" for whatever was not read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from middle import APEX, LATER, NOW, by_number, evidence, fact, judged, only
from repositories import Repository

from triage.model import (
    CheckFact,
    CommitFact,
    Kept,
    MissingFact,
    MovedFact,
    Name,
    PullFact,
    Status,
    Unread,
)

VERIFIED, REFUTED, UNVERIFIED, ATTESTED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED, Status.ATTESTED
OPENED = datetime(2025, 9, 1, tzinfo=UTC)
GONE = "0123456789abcdef0123456789abcdef01234567"


def pull(number: int = 4, merge_commit: str | None = None, state: str | None = None, **more) -> PullFact:
    state = state or ("merged" if merge_commit else "open")
    fields = {
        "number": number,
        "repository": APEX,
        "title": "fix: close the socket",
        "state": state,
        "created": OPENED,
        "closed": LATER if state != "open" else None,
        "merged": LATER if state == "merged" else None,
        "merge_commit": merge_commit,
        "base": "main",
        "head": "f" * 40,
        "head_repository": APEX,
        "read": NOW,
    }
    return PullFact(**(fields | more))


def check(conclusion: str | None, name: str = "unit", app: str = "github-actions", **more) -> CheckFact:
    return CheckFact(name, conclusion, app, **{"workflow": "ci", "started": LATER, **more})


def commit(sha: str, *checks: CheckFact, unread: bool = False, authored: datetime = OPENED) -> CommitFact:
    return CommitFact(sha, APEX, "fix: it", authored, authored, NOW, checks=None if unread else checks)


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "r")
    made.commit({"a.py": "a\n"}, "start")
    return made


@pytest.fixture
def fixed(repository):
    """A repository with a fix, and its SHA."""
    sha = repository.commit({"src/a.py": "b\n"}, "fix: close the socket (#4)")
    repository.commit({"other.py": "c\n"}, "feat: something else")
    return repository, sha


# -- pull --


def test_a_merged_pull_request_is_verified_by_its_merge_commit(fixed):
    repository, sha = fixed
    verdict = only(repository, "{pull: 4}", issues=[pull(merge_commit=sha)])
    assert (verdict.status, verdict.proof, verdict.found) == (VERIFIED, "ancestor", sha)
    assert "merged on 2025-09-20" in verdict.reason
    assert "GitHub, read" in verdict.source


@pytest.mark.parametrize(
    ("known", "status", "words"),
    [
        (pull(state="open"), REFUTED, "open, not merged"),
        (pull(state="closed"), REFUTED, "without being merged"),
        (MissingFact("4", APEX, NOW), REFUTED, "GitHub has no #4"),
        (fact(4), REFUTED, "#4 is an issue"),
        (MovedFact(4, APEX, Name("acme/other", 7), NOW), REFUTED, "transferred to acme/other#7"),
        (pull(state="merged"), UNVERIFIED, "names no merge commit"),
        (pull(merge_commit=GONE), UNVERIFIED, "not in this clone"),
    ],
)
def test_a_pull_request_that_was_not_merged_is_refuted_and_one_that_cannot_be_seen_is_not(
    repository, known, status, words
):
    given = Kept(APEX, "4", known) if isinstance(known, MissingFact) else known
    verdict = only(repository, "{pull: 4, subject: x, touches: ['*.py']}", issues=[given])
    assert (verdict.own, words in verdict.reason) == (status, True), verdict.reason
    assert len(verdict.parts) == 2


def test_a_merge_into_another_branch_is_not_on_the_judged_one(repository):
    repository.branch("release")
    sha = repository.commit({"src/a.py": "b\n"}, "fix: close the socket (#4)")
    repository.checkout("main")
    verdict = only(repository, "{pull: 4}", branch="main", issues=[pull(merge_commit=sha, base="release")])
    assert verdict.status is UNVERIFIED
    assert "into release" in verdict.reason


def test_a_pull_request_that_was_reverted_is_refuted(fixed):
    repository, sha = fixed
    repository.revert(sha)
    verdict = only(repository, "{pull: 4}", issues=[pull(merge_commit=sha)])
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted")


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        ("fix: close the socket", VERIFIED),
        ("fix: close the socket (#4)", VERIFIED),
        ("close the socket", VERIFIED),
        ("fix: open the socket", REFUTED),
    ],
)
def test_the_subject_of_a_pull_request_is_its_title(fixed, subject, status):
    repository, sha = fixed
    verdict = only(repository, f'{{pull: 4, subject: "{subject}"}}', issues=[pull(merge_commit=sha)])
    assert verdict.parts[0].status is status


def test_the_paths_of_a_pull_request_are_those_that_github_lists_or_its_merge_commit_changes(fixed):
    repository, sha = fixed
    touches = "{pull: 4, touches: ['src/**']}"
    assert only(repository, touches, issues=[pull(merge_commit=sha)]).status is VERIFIED
    assert only(repository, touches, issues=[pull(merge_commit=sha, files=("docs/a.md",))]).status is REFUTED
    elsewhere = "{pull: 4, touches: ['web/**']}"
    assert only(repository, elsewhere, issues=[pull(merge_commit=sha)]).status is REFUTED
    assert only(repository, elsewhere, issues=[pull(merge_commit=sha, files=("web/a.js",))]).status is VERIFIED


def test_the_last_commit_of_a_rebased_pull_request_is_not_all_of_it(repository):
    repository.commit({"src/a.py": "b\n"}, "fix: one")
    last = repository.commit({"docs/a.md": "b\n"}, "docs: two")
    verdict = only(repository, "{pull: 4, touches: ['src/**']}", issues=[pull(merge_commit=last, commits=2)])
    assert (verdict.own, verdict.status) == (VERIFIED, UNVERIFIED)
    assert "only the last commit" in verdict.parts[0].reason


def test_a_pull_request_counts_as_a_fix_for_tests_checks_and_releases(fixed):
    repository, sha = fixed
    before = repository.parse("HEAD~2")
    repository.tag("v1", sha)
    repository.tag("v0", before)
    known = [pull(merge_commit=sha)]
    shipped = evidence(repository, "{pull: 4}", "{release: v1}", "{release: v0}", issues=known)
    assert [item.status for item in shipped] == [VERIFIED, VERIFIED, REFUTED]


def brought(repository, way: str) -> tuple[list[str], PullFact]:
    """A pull request of two commits, merged or rebased; its commits as they are on the branch, and the fact."""
    repository.branch("topic")
    repository.checkout("topic")
    commits = [repository.commit({f"{n}.py": "x\n"}, f"fix: part {n}") for n in ("one", "two")]
    repository.checkout("main")
    if way == "merge":
        repository.commit({"aside.py": "x\n"}, "feat: aside")
        sha = repository.merge("topic", "Merge pull request #4 from alice/topic")
    else:
        # GitHub makes all commits of a rebase anew, at once.
        commits = [repository.cherry_pick(sha, date=LATER) for sha in commits]
        sha = commits[-1]
    return commits, pull(merge_commit=sha, commits=2)


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_a_pull_request_of_which_one_commit_was_reverted_is_not_verified(repository, way):
    commits, known = brought(repository, way)
    assert only(repository, "{pull: 4}", issues=[known]).status is VERIFIED
    repository.revert(commits[0])
    verdict = only(repository, "{pull: 4}", issues=[known])
    assert (verdict.status, "1 of its 2 commits" in verdict.reason) == (UNVERIFIED, True), verdict.reason
    repository.tag("v1")
    shipped = evidence(repository, "{pull: 4}", "{release: v1}", issues=[known])
    assert shipped[1].status is UNVERIFIED


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_a_release_ships_a_pull_request_of_which_a_commit_was_reverted_only_after_it(repository, way):
    commits, known = brought(repository, way)
    repository.tag("v1")
    repository.revert(commits[0])
    repository.tag("v2")
    _, before, after = evidence(repository, "{pull: 4}", "{release: v1}", "{release: v2}", issues=[known])
    assert (before.status, before.verdict.proof) == (VERIFIED, "contained"), before.verdict.reason
    assert after.status is UNVERIFIED


def test_a_release_does_not_ship_a_pull_request_that_was_reverted_as_a_whole(repository):
    # Neither its subject nor its SHA is named by what reverts it: only GitHub tells that it is #4.
    sha = repository.commit({"src/a.py": "b\n"}, "close the socket")
    repository.tag("v1")
    repository.branch("release")
    repository.commit({"src/a.py": None}, "Undo the socket (#6)\n\nReverts acme/apex#4")
    repository.tag("v2")
    repository.checkout("main")
    known = [pull(merge_commit=sha, title="fix: it", commits=1)]
    _, first, second = evidence(repository, "{pull: 4}", "{release: v1}", "{release: v2}", issues=known)
    assert (first.status, first.verdict.proof) == (VERIFIED, "contained")
    assert (second.status, second.verdict.proof) == (REFUTED, "reverted"), second.verdict.reason


def test_a_merge_all_of_whose_commits_were_reverted_is_refuted(repository):
    commits, known = brought(repository, "merge")
    for sha in reversed(commits):
        repository.revert(sha)
    verdict = only(repository, "{pull: 4}", issues=[known])
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted"), verdict.reason


def test_what_a_pull_request_takes_back_of_itself_is_no_undoing(repository):
    repository.branch("topic")
    repository.checkout("topic")
    first = repository.commit({"one.py": "x\n"}, "fix: part one")
    repository.revert(first)
    repository.commit({"two.py": "x\n"}, "fix: part two")
    repository.checkout("main")
    sha = repository.merge("topic", "Merge pull request #4 from alice/topic")
    known = pull(merge_commit=sha, commits=3)
    assert only(repository, "{pull: 4}", issues=[known]).status is VERIFIED


def test_what_was_on_the_branch_before_a_squash_is_none_of_it(repository):
    before = repository.commit({"one.py": "x\n"}, "fix: older")
    sha = repository.commit({"two.py": "x\n"}, "fix: close the socket (#4)")
    repository.revert(before)
    assert only(repository, "{pull: 4}", issues=[pull(merge_commit=sha, commits=2)]).status is VERIFIED


# -- check --


def test_a_check_that_succeeded_on_the_fix_is_verified(fixed):
    repository, sha = fixed
    verdict = evidence(repository, f"{{commit: {sha[:9]}}}", "{check: unit}", issues=[commit(sha, check("success"))])[
        1
    ].verdict
    assert (verdict.status, verdict.found, verdict.proof) == (VERIFIED, sha, "check")
    assert "the fix" in verdict.reason


@pytest.mark.parametrize("conclusion", ["failure", "timed_out", "startup_failure", "error", "action_required"])
def test_E8_a_check_that_failed_is_refuted(fixed, conclusion):
    repository, sha = fixed
    verdict = only(repository, f"{{check: unit, at: {sha}}}", issues=[commit(sha, check(conclusion))])
    assert (verdict.status, conclusion.replace("_", " ") in verdict.reason) == (REFUTED, True)


@pytest.mark.parametrize("conclusion", ["neutral", "skipped", "cancelled", "stale", "a_new_word", None, "pending"])
def test_E8_a_check_that_came_to_nothing_proves_nothing(fixed, conclusion):
    repository, sha = fixed
    verdict = only(repository, f"{{check: unit, at: {sha}}}", issues=[commit(sha, check(conclusion))])
    assert verdict.status is UNVERIFIED
    assert (conclusion or "pending").replace("_", " ") in verdict.reason


def test_E9_a_check_that_is_not_there_is_unverified_and_those_that_are_there_are_shown(fixed):
    repository, sha = fixed
    verdict = only(repository, f"{{check: units, at: {sha}}}", issues=[commit(sha, check("success"))])
    assert verdict.status is UNVERIFIED
    assert "no check" in verdict.reason
    assert [one.value for one in verdict.candidates] == ["ci / unit"]


def test_E9_a_check_of_another_app_with_the_same_name_is_not_it(fixed):
    repository, sha = fixed
    spoofed = commit(sha, check("success", app="other-app"))
    named = f"{{check: unit, app: github-actions, at: {sha}}}"
    assert only(repository, named, issues=[spoofed]).status is UNVERIFIED
    both = commit(sha, check("failure"), check("success", app="other-app"))
    assert only(repository, named, issues=[both]).status is REFUTED
    assert only(repository, f"{{check: unit, app: other-app, at: {sha}}}", issues=[both]).status is VERIFIED
    anyones = only(repository, f"{{check: unit, at: {sha}}}", issues=[both])
    assert anyones.status is UNVERIFIED
    assert "app:" in anyones.reason


@pytest.mark.parametrize("name", ["unit", "ci / unit", "ci / unit (push)"])
def test_a_check_has_its_own_name_and_the_one_that_the_page_shows(fixed, name):
    repository, sha = fixed
    known = [commit(sha, check("success", event="push"))]
    assert only(repository, f'{{check: "{name}", at: {sha}}}', issues=known).status is VERIFIED


@pytest.mark.parametrize(
    ("workflow", "status"),
    [("ci", VERIFIED), ("ci.yml", VERIFIED), (".github/workflows/ci.yml", VERIFIED), ("release", UNVERIFIED)],
)
def test_E6_a_check_of_another_workflow_is_not_it(fixed, workflow, status):
    repository, sha = fixed
    known = [commit(sha, check("success", workflow_file=".github/workflows/ci.yml"))]
    assert only(repository, f"{{check: unit, workflow: {workflow}, at: {sha}}}", issues=known).status is status


def test_E7_the_latest_of_several_runs_counts_and_events_that_disagree_are_said(fixed):
    repository, sha = fixed
    later = LATER + timedelta(hours=1)
    for old, new, status in (("failure", "success", VERIFIED), ("success", "failure", REFUTED)):
        runs = (check(new, event="push", started=later, run=2), check(old, event="push", run=1))
        for known in (commit(sha, *runs), commit(sha, *reversed(runs))):
            assert only(repository, f"{{check: unit, at: {sha}}}", issues=[known]).status is status
    for event, other in (("push", "pull_request"), (None, None)):
        mixed = commit(sha, check("success", event=event, started=later), check("failure", event=other))
        verdict = only(repository, f"{{check: unit, at: {sha}}}", issues=[mixed])
        assert (verdict.status, "several outcomes" in verdict.reason) == (UNVERIFIED, True)


def test_E5_jobs_of_one_run_that_share_a_name_must_all_succeed(fixed):
    repository, sha = fixed
    later = LATER + timedelta(seconds=1)
    for run in (7, None):
        shards = check("failure", event="push", run=run), check("success", event="push", run=run, started=later)
        for known in (commit(sha, *shards), commit(sha, *reversed(shards))):
            assert only(repository, f"{{check: unit, at: {sha}}}", issues=[known]).status is UNVERIFIED


def test_E7_an_earlier_run_that_came_to_something_else_is_said(fixed):
    repository, sha = fixed
    later = LATER + timedelta(hours=1)
    known = commit(sha, check("failure", run=1), check("success", run=2, started=later))
    verdict = only(repository, f"{{check: unit, at: {sha}}}", issues=[known])
    assert (verdict.status, "flaky" in verdict.reason) == (VERIFIED, True)


def test_E9_an_app_is_no_account_that_sets_a_status(fixed):
    repository, sha = fixed
    known = commit(sha, check("success", app="checker", legacy=True, workflow=None))
    assert only(repository, f"{{check: unit, app: checker, at: {sha}}}", issues=[known]).status is UNVERIFIED
    assert only(repository, f"{{check: unit, at: {sha}}}", issues=[known]).status is VERIFIED


def test_a_head_proves_nothing_where_the_branch_says_otherwise(fixed):
    repository, sha = fixed
    tip = repository.head()
    head = commit("f" * 40, check("success", event="pull_request"))
    for on_fix, on_tip, status in (
        ("failure", None, UNVERIFIED),
        ("failure", "failure", REFUTED),
        ("skipped", None, UNVERIFIED),
        (None, "failure", REFUTED),
        (None, None, VERIFIED),
        ("success", "failure", VERIFIED),
    ):
        made = [commit(one, *([check(word)] if word else [])) for one, word in ((sha, on_fix), (tip, on_tip))]
        known = [pull(merge_commit=sha), head, *made]
        verdict = evidence(repository, "{pull: 4}", "{check: unit}", issues=known)[1].verdict
        assert verdict.status is status, (on_fix, on_tip, verdict.reason)


def test_E6_a_success_on_a_commit_without_the_fix_proves_nothing(fixed):
    repository, sha = fixed
    before = repository.parse("HEAD~2")
    known = [commit(before, check("success"))]
    verdict = evidence(repository, f"{{commit: {sha[:9]}}}", f"{{check: unit, at: {before}}}", issues=known)[1].verdict
    assert (verdict.status, "does not contain the fix" in verdict.reason) == (UNVERIFIED, True)


def test_of_two_fixes_only_a_commit_with_both_proves(repository):
    one = repository.commit({"a.py": "1\n"}, "fix: one")
    two = repository.commit({"b.py": "2\n"}, "fix: two")
    tip = repository.commit({"c.py": "3\n"}, "feat: three")
    items = (f"{{commit: {one}}}", f"{{commit: {two}}}", "{check: unit}")
    early = [commit(one, check("success")), commit(two), commit(tip)]
    assert evidence(repository, *items, issues=early)[2].status is UNVERIFIED
    whole = [commit(one), commit(two, check("success")), commit(tip)]
    assert evidence(repository, *items, issues=whole)[2].status is VERIFIED
    at_tip = [commit(one), commit(two), commit(tip, check("success"))]
    assert evidence(repository, *items, issues=at_tip)[2].status is VERIFIED


def test_a_check_with_a_fix_that_is_not_proven_is_unverified(fixed):
    repository, sha = fixed
    tip = repository.head()
    known = [commit(tip, check("success")), pull(5, state="open"), commit(sha, check("success"))]
    verdict = evidence(repository, f"{{commit: {sha}}}", "{pull: 5}", "{check: unit}", issues=known)[2].verdict
    assert verdict.status is UNVERIFIED


def test_the_head_of_a_merged_pull_request_contains_the_fix(fixed):
    repository, sha = fixed
    tip = repository.head()
    head = commit("f" * 40, check("success"))
    known = [pull(merge_commit=sha), head, commit(sha), commit(tip)]
    verdict = evidence(repository, "{pull: 4}", "{check: unit}", issues=known)[1].verdict
    assert (verdict.status, verdict.found) == (VERIFIED, "f" * 40)
    assert "the head of #4" in verdict.reason
    unmerged = [pull(state="open"), head, commit(sha), commit(tip)]
    assert evidence(repository, "{pull: 4}", "{check: unit}", issues=unmerged)[1].status is UNVERIFIED


def test_the_head_of_one_pull_request_does_not_contain_another_fix(fixed):
    repository, sha = fixed
    tip = repository.head()
    known = [pull(merge_commit=sha), commit("f" * 40, check("success")), commit(sha), commit(tip)]
    verdict = evidence(repository, "{pull: 4}", f"{{commit: {tip}}}", "{check: unit}", issues=known)[2].verdict
    assert verdict.status is UNVERIFIED


def test_a_failure_is_no_refutation_while_another_commit_with_the_fix_was_not_read(fixed):
    repository, sha = fixed
    items = (f"{{commit: {sha}}}", "{check: unit}")
    tip = repository.head()
    failed = commit(sha, check("failure"))
    assert evidence(repository, *items, issues=[failed])[1].status is UNVERIFIED
    assert evidence(repository, *items, issues=[failed, commit(tip, unread=True)])[1].status is UNVERIFIED
    assert evidence(repository, *items, issues=[failed, commit(tip)])[1].status is UNVERIFIED
    assert evidence(repository, *items, issues=[failed, commit(tip, check(None))])[1].status is UNVERIFIED
    assert evidence(repository, *items, issues=[failed, commit(tip, check("failure"))])[1].status is REFUTED
    assert evidence(repository, *items, issues=[failed, commit(tip, check("success"))])[1].status is VERIFIED


def test_checks_that_were_not_read_are_unverified(fixed):
    repository, sha = fixed
    for known in ([], [commit(sha, unread=True)], [Kept(APEX, sha, MissingFact(sha, APEX, NOW))]):
        verdict = only(repository, f"{{check: unit, at: {sha}}}", issues=known)
        assert verdict.status is UNVERIFIED, known


# -- the host is asked for a commit that is not here --


def cited(repository, *known, sha=GONE, extra=()):
    here = repository.head()
    return evidence(repository, f"{{commit: {sha}}}", f"{{commit: {here}}}", issues=[*known, *extra])[0].verdict


def test_a_sha_that_is_nowhere_is_refuted_only_if_the_host_has_none_either(repository):
    repository.commit({"x.py": "x\n"}, "later", date=LATER + timedelta(days=5))
    assert cited(repository).status is REFUTED
    assert cited(repository, Kept(APEX, GONE, MissingFact(GONE, APEX, NOW))).status is REFUTED
    there = cited(repository, commit(GONE))
    assert (there.status, "GitHub has it" in there.reason) == (UNVERIFIED, True)


def test_where_the_host_was_asked_and_did_not_answer_nothing_is_refuted(repository, monkeypatch):
    repository.commit({"x.py": "x\n"}, "later", date=LATER + timedelta(days=5))
    import middle

    real = middle.tracked
    fault = Unread("GitHub was not read (502)", tried=True)
    monkeypatch.setattr(middle, "tracked", lambda *facts: real(*facts, otherwise=fault))
    assert cited(repository).status is UNVERIFIED


def test_a_whole_sha_that_the_host_does_not_have_is_refuted_even_by_an_old_clone(repository):
    missing = Kept(APEX, GONE, MissingFact(GONE, APEX, NOW))
    assert cited(repository).status is UNVERIFIED
    assert cited(repository, missing).status is UNVERIFIED
    assert cited(repository, missing, commit(repository.head())).status is REFUTED
    short = Kept(APEX, GONE[:9], MissingFact(GONE[:9], APEX, NOW))
    assert cited(repository, short, sha=GONE[:9]).status is UNVERIFIED


# -- merged, declined, parts --


@pytest.mark.parametrize(
    ("known", "status"),
    [
        (fact(2), VERIFIED),
        (fact(2, "closed", "completed"), UNVERIFIED),
        (Kept(APEX, "2", MissingFact("2", APEX, NOW)), REFUTED),
        (Kept(APEX, "2", MissingFact("2", APEX, NOW, why="deleted")), REFUTED),
        (pull(2), UNVERIFIED),
        (MovedFact(2, APEX, Name("acme/other", 7), NOW), UNVERIFIED),
    ],
)
@pytest.mark.parametrize("decision", ["merged, into: 2, carried: [x]", "declined, reason: duplicate, of: 2"])
def test_an_issue_goes_on_in_another_only_if_that_is_an_issue_and_open(repository, known, status, decision):
    result = judged(repository, f"1: {{decision: {decision}}}", issues=[known])
    assert result.issues[0].status is status, result.issues[0].reason


def test_what_is_not_planned_is_judged_by_how_github_closed_it(repository):
    for known, status in (
        (fact(1), VERIFIED),
        (fact(1, "closed", "not_planned"), VERIFIED),
        (fact(1, "closed", "completed"), REFUTED),
        (fact(1, "closed"), UNVERIFIED),
        (Kept(APEX, "1", MissingFact("1", APEX, NOW)), UNVERIFIED),
    ):
        result = judged(repository, "1: {decision: declined, reason: not_planned}", issues=[known])
        assert result.issues[0].status is status, known


def test_a_target_in_other_letters_is_the_same(repository):
    text = "1: {decision: merged, into: ACME/apex#2, carried: [x]}\n2: {decision: resolved, evidence: [{path: a.py}]}"
    result = judged(repository, text, issues=[fact(2, "closed", "completed")])
    assert by_number(result)[1].status is VERIFIED, by_number(result)[1].reason


@pytest.mark.parametrize(("state", "status"), [("open", VERIFIED), ("closed", UNVERIFIED)])
def test_a_target_that_was_transferred_is_followed(repository, state, status):
    moved = MovedFact(2, APEX, Name("acme/other", 7), NOW)
    there = fact(7, state, repository="acme/other")
    result = judged(repository, "1: {decision: merged, into: 2, carried: [x]}", issues=[moved, there])
    assert result.issues[0].status is status
    verdict = only(repository, f"{{issue: 2, is: {state}}}", issues=[moved, there])
    assert (verdict.status, "acme/other#7" in verdict.reason) == (VERIFIED, True)


PARTS = """
1: {decision: resolved, parts: github}
12:
  decision: resolved
  evidence: [{path: a.py}]
13:
  decision: resolved
  evidence: [{path: %s}]
"""


@pytest.mark.parametrize(
    ("sub_issues", "path", "status"),
    [
        ((12, 13), "a.py", VERIFIED),
        ((12,), "nowhere.py", VERIFIED),
        ((12, 13), "nowhere.py", UNVERIFIED),
        ((12, 14), "a.py", UNVERIFIED),
        ((), "a.py", UNVERIFIED),
        (None, "a.py", UNVERIFIED),
    ],
)
def test_the_parts_that_github_has_must_all_be_proven(repository, sub_issues, path, status):
    names = None if sub_issues is None else tuple(Name(APEX, number) for number in sub_issues)
    result = judged(repository, PARTS % path, issues=[fact(1)._replace(sub_issues=names)])
    assert by_number(result)[1].status is status, by_number(result)[1].reason


def test_parts_of_an_issue_that_was_not_read_are_unverified(repository):
    assert by_number(judged(repository, PARTS % "a.py"))[1].status is UNVERIFIED


def test_the_parts_are_judged_before_the_whole_whatever_their_order(repository):
    text = PARTS % "a.py"
    lines = text.strip().split("\n")
    swapped = "\n".join([*lines[1:], lines[0]])
    known = fact(1)._replace(sub_issues=(Name(APEX, 12), Name(APEX, 13)))
    for one in (text, swapped):
        assert by_number(judged(repository, one, issues=[known]))[1].status is VERIFIED
