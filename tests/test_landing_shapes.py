"""Each way in which a change lands under another SHA, as a small real history; and beside it the one where it does not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from middle import AFTERWARDS, judged, landed
from repositories import START, Repository, run_git

from triage.model import Status

VERIFIED, REFUTED, UNVERIFIED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED
LINES = tuple(f"line {number}" for number in range(40))
FIX = "fix(door): refuse expired tokens"


def text(changes=None):
    """The lines of a file, some of them changed, by their number."""
    return "".join(f"{(changes or {}).get(number, line)}\n" for number, line in enumerate(LINES))


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repo")
    made.commit({"a.txt": text(), "b.txt": text()}, "chore: begin")
    return made


def pulled(repository, number, *changes, on="main"):
    """Make a pull request of these commits (files, subject), with its ref and no branch; go back to main."""
    repository.git("checkout", "-q", "--detach", on)
    made = [repository.commit(files, subject) for files, subject in changes]
    repository.ref(f"refs/pull/{number}/head", made[-1])
    repository.checkout("main")
    return made


def outcome(repository, sha, **options):
    found = landed(repository, sha, **options)
    return found.status, found.proof, found.commit.sha if found.commit and found.status is VERIFIED else None


def proof(repository, sha):
    return landed(repository, sha).proof


def is_not_verified(repository, sha):
    """Whether a commit that is here, and of which the clone has all there is, is neither verified nor refuted."""
    found = landed(repository, sha)
    return (found.status, found.proof) == (UNVERIFIED, None)


# -- squashed pull requests --


def test_a_squash_that_has_the_blobs_as_each_commit_left_them(repository):
    one, two = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX), ({"c.txt": "more\n"}, "more"))
    squash = repository.commit({"a.txt": text({3: "new"}), "c.txt": "more\n"}, "Refuse tokens (#12)")
    repository.commit({"d.txt": "on\n"}, "chore: carry on")
    assert [outcome(repository, sha) for sha in (one, two)] == [(VERIFIED, "squash", squash)] * 2


def test_a_squash_that_lacks_the_file_of_a_commit(repository):
    one, two = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX), ({"c.txt": "more\n"}, "more"))
    repository.commit({"a.txt": text({3: "new"})}, "Refuse tokens (#12)")
    assert proof(repository, one) is not None
    assert is_not_verified(repository, two)


def test_a_squash_onto_a_main_that_moved_in_the_same_file(repository):
    (fix,) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX))
    repository.commit({"a.txt": text({30: "other"})}, "feat: other")
    squash = repository.commit({"a.txt": text({3: "new", 30: "other"})}, "Refuse tokens (#12)")
    assert outcome(repository, fix)[::2] == (VERIFIED, squash)


def test_a_squash_that_took_what_main_had_in_the_same_file(repository):
    (fix, _) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX), ({"c.txt": "more\n"}, "more"))
    repository.commit({"a.txt": text({3: "mains"})}, "feat: other")
    repository.commit({"c.txt": "more\n"}, "Refuse tokens (#12)")
    assert is_not_verified(repository, fix)


def test_what_a_pull_request_dropped_before_it_was_squashed(repository):
    one, two, three = pulled(
        repository,
        12,
        ({"a.txt": text({3: "new"})}, FIX),
        ({"c.txt": "more\n"}, "more"),
        ({"a.txt": text()}, "take it back"),
    )
    squash = repository.commit({"c.txt": "more\n"}, "Refuse tokens (#12)")
    assert is_not_verified(repository, one)
    assert outcome(repository, two)[::2] == (VERIFIED, squash)
    assert landed(repository, three).status is not REFUTED


def test_a_file_that_a_pull_request_added_and_removed_again(repository):
    one, *_ = pulled(repository, 12, ({"c.txt": text({1: "c"})}, FIX), ({"c.txt": None, "d.txt": "d\n"}, "no"))
    repository.commit({"d.txt": "d\n"}, "Refuse tokens (#12)")
    assert is_not_verified(repository, one)


@pytest.mark.parametrize("numbered", [" (#12)", ""])
def test_a_rename_that_a_pull_request_took_back_before_it_was_squashed(repository, numbered):
    repository.git("checkout", "-q", "--detach", "main")
    moved = repository.move("a.txt", "c.txt", "refactor: move it")
    repository.commit({"d.txt": "d\n"}, "more")
    repository.ref("refs/pull/12/head", repository.move("c.txt", "a.txt", "refactor: move it back"))
    repository.checkout("main")
    repository.commit({"d.txt": "d\n"}, f"Add d{numbered}")
    assert is_not_verified(repository, moved)


def test_a_rename_that_a_squash_has(repository):
    repository.git("checkout", "-q", "--detach", "main")
    moved = repository.move("a.txt", "c.txt", "refactor: move it")
    repository.ref("refs/pull/12/head", moved)
    repository.checkout("main")
    squash = repository.move("a.txt", "c.txt", "Move it (#12)")
    assert outcome(repository, moved)[::2] == (VERIFIED, squash)


def test_what_an_undoing_undone_again_leaves_of_the_undoing(repository):
    files = {"a.txt": text({3: "new"})}
    _, undoing, _ = pulled(repository, 12, (files, FIX), ({"a.txt": text()}, "no"), (files, "yes"))
    repository.commit(files, "Refuse tokens")
    assert landed(repository, undoing).status is UNVERIFIED


def test_a_reverted_squash_takes_its_commits_with_it(repository):
    one, two = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX), ({"c.txt": "more\n"}, "more"))
    squash = repository.commit({"a.txt": text({3: "new"}), "c.txt": "more\n"}, "Refuse tokens (#12)")
    repository.commit({"d.txt": "on\n"}, "chore: carry on")
    assert {landed(repository, sha).status for sha in (one, two)} == {VERIFIED}
    repository.revert(squash)
    assert VERIFIED not in {landed(repository, sha).status for sha in (one, two)}


# -- stacked pull requests, and numbers --


def test_of_stacked_pull_requests_each_squash_has_its_own_commits(repository):
    (low,) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX))
    (high,) = pulled(repository, 13, ({"b.txt": text({3: "new"})}, "feat: b"), on="refs/pull/12/head")
    first = repository.commit({"a.txt": text({3: "new"})}, "Refuse tokens (#12)")
    second = repository.commit({"b.txt": text({3: "new"})}, "Add b (#13)")
    assert outcome(repository, low)[::2] == (VERIFIED, first)
    assert outcome(repository, high)[::2] == (VERIFIED, second)


def test_the_upper_of_stacked_pull_requests_brings_the_lower_one(repository):
    (low,) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX))
    (high,) = pulled(repository, 13, ({"b.txt": text({3: "new"})}, "feat: b"), on="refs/pull/12/head")
    squash = repository.commit({"a.txt": text({3: "new"}), "b.txt": text({3: "new"})}, "Both (#13)")
    assert [outcome(repository, sha) for sha in (low, high)] == [(VERIFIED, "squash", squash)] * 2


def test_the_upper_of_stacked_pull_requests_without_what_the_lower_one_did(repository):
    (low,) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX))
    changes = ({"a.txt": text()}, "take it back"), ({"b.txt": text({3: "new"})}, "feat: b")
    pulled(repository, 13, *changes, on="refs/pull/12/head")
    repository.commit({"b.txt": text({3: "new"})}, "Add b (#13)")
    assert is_not_verified(repository, low)


@pytest.mark.parametrize("subject", ["docs: why not to refuse tokens (#12)", "docs: see (#12) (#15)"])
def test_a_subject_that_names_the_number_of_a_pull_request_is_not_its_squash(repository, subject):
    (fix,) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX))
    repository.commit({"README.md": "no\n"}, subject)
    repository.commit({"a.txt": text({3: "another"})}, "fix: another way (#16)")
    assert is_not_verified(repository, fix)


def test_a_squash_that_names_its_issue_and_not_its_number(repository):
    changes = ({"a.txt": text({3: "new"})}, FIX), ({"c.txt": "more\n"}, "more")
    one, two = pulled(repository, 12, *changes)
    squash = repository.commit({"a.txt": text({3: "new"}), "c.txt": "more\n"}, "Refuse tokens (#3)")
    assert [outcome(repository, sha) for sha in (one, two)] == [(VERIFIED, "tree", squash)] * 2


# -- rebased and picked --


def test_a_rebase_with_the_same_patch(repository):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({3: "new"})}, FIX)
    repository.checkout("main")
    repository.commit({"a.txt": text({30: "other"})}, "feat: other")
    rebased = repository.cherry_pick(fix)
    repository.commit({"c.txt": "on\n"}, "chore: carry on")
    assert outcome(repository, fix) == (VERIFIED, "rebase", rebased)


def test_a_rebase_onto_context_that_moved(repository):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({10: "new"})}, FIX)
    repository.checkout("main")
    repository.commit({"a.txt": text({12: "other"})}, "feat: other")
    rebased = repository.commit({"a.txt": text({10: "new", 12: "other"})}, "fix: by another subject")
    assert outcome(repository, fix) == (VERIFIED, "tree", rebased)


def test_another_change_of_the_same_lines(repository):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({10: "new"})}, FIX)
    repository.checkout("main")
    repository.commit({"a.txt": text({12: "other"})}, "feat: other")
    repository.commit({"a.txt": text({10: "newer", 12: "other"})}, FIX)
    assert is_not_verified(repository, fix)


@pytest.mark.parametrize(("line", "status"), [("new", VERIFIED), ("newer", UNVERIFIED)])
def test_a_pick_under_another_subject(repository, line, status):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({10: "new"})}, FIX)
    repository.checkout("main")
    picked = repository.commit({"a.txt": text({10: line})}, "fix: by another subject")
    expected = (status, "rebase", picked) if status is VERIFIED else (status, None, None)
    assert outcome(repository, fix) == expected


@pytest.mark.parametrize("subject", [FIX, "fix: by another subject"])
def test_the_same_words_at_another_indentation_are_another_patch(repository, subject):
    code = "def door(token):\n    if token.expired:\n        log(token)\n{}    return True\n"
    repository.commit({"door.py": code.format("")}, "feat: door")
    repository.branch("topic")
    fix = repository.commit({"door.py": code.format("        return False\n")}, FIX)
    repository.checkout("main")
    repository.commit({"door.py": code.format("    return False\n")}, subject)
    assert is_not_verified(repository, fix)


@pytest.mark.parametrize(("byte", "status"), [(1, VERIFIED), (2, UNVERIFIED)])
def test_a_binary_file_counts_by_its_content(repository, byte, status):
    repository.commit({"logo.png": bytes(100)}, "feat: logo")
    repository.branch("topic")
    fix = repository.commit({"logo.png": bytes([1]) * 100}, FIX)
    repository.checkout("main")
    repository.commit({"c.txt": "c\n"}, "feat: c")
    repository.commit({"logo.png": bytes([byte]) * 100}, FIX)
    assert landed(repository, fix).status is status


@pytest.mark.parametrize(("mode", "status"), [("+x", VERIFIED), ("-x", UNVERIFIED)])
def test_a_change_of_the_mode_alone(repository, mode, status):
    repository.branch("topic")
    repository.git("update-index", "--chmod=+x", "a.txt")
    fix = repository.commit({}, FIX)
    repository.git("reset", "-q", "--hard")
    repository.checkout("main")
    repository.commit({"c.txt": "c\n"}, "feat: c")
    repository.git("update-index", f"--chmod={mode}", "a.txt")
    repository.commit({}, FIX)
    assert landed(repository, fix).status is status


# -- nothing of its own --


def test_an_empty_commit_lands_only_as_itself(repository):
    repository.branch("topic")
    empty = repository.commit({}, "chore: run the checks again")
    repository.checkout("main")
    own = repository.commit({}, "chore: run the checks again")
    repository.commit({"c.txt": "c\n"}, "feat: c")
    assert is_not_verified(repository, empty)
    assert outcome(repository, own) == (VERIFIED, "ancestor", own)


def test_a_commit_on_an_open_branch_only(repository):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({3: "new"})}, FIX)
    repository.checkout("main")
    repository.commit({"c.txt": "c\n"}, "feat: c")
    found = landed(repository, fix)
    assert (found.status, found.proof) == (UNVERIFIED, None)
    assert "topic" in found.reason


def test_a_change_that_main_had_before_the_branch_made_it_is_not_what_landed(repository):
    earlier = repository.commit({"a.txt": text({3: "new"})}, "fix: the first time")
    repository.commit({"a.txt": text()}, "fix: not so")
    (again,) = pulled(repository, 12, ({"a.txt": text({3: "new"})}, FIX))
    found = landed(repository, again)
    assert found.status is not VERIFIED, earlier


# -- history written anew --


def rewritten(repository, files, subject=FIX, *, kept=None, author="bob <bob@example.org>"):
    """Make a commit and keep it under a tag; then main anew, with the same commit and what is kept of its files."""
    when = START + timedelta(days=1)
    old = repository.commit(files, subject, date=when, author=author)
    repository.tag("old")
    repository.git("checkout", "-q", "--orphan", "anew")
    repository.git("rm", "-rfq", ".")
    repository.commit({"a.txt": text()}, "chore: begin", date=START)
    new = repository.commit(kept if kept is not None else files, subject, date=when, author=author)
    repository.commit({"z.txt": "z\n"}, "chore: carry on")
    repository.git("branch", "-f", "main", "anew")
    repository.checkout("main")
    return old, new


def test_a_history_that_was_filtered_has_the_same_commit(repository):
    old, new = rewritten(repository, {"a.txt": text({3: "new"}), "secret.txt": "s\n"}, kept={"a.txt": text({3: "new"})})
    found = outcome(repository, old)
    assert found[::2] == (VERIFIED, new)
    assert found[1] == "rewrite"


def test_an_amended_commit_with_another_content_is_not_the_same(repository):
    old, _ = rewritten(repository, {"a.txt": text({3: "new"})}, kept={"a.txt": text({20: "quite another"})})
    assert landed(repository, old).status is UNVERIFIED


def test_a_commit_whose_every_path_was_filtered_away_is_found_and_its_issue_is_held_back(repository):
    old, new = rewritten(repository, {"secret.txt": "s\n"}, kept={})
    found = landed(repository, old)
    assert (found.status, found.proof, found.commit.sha) == (VERIFIED, "rewrite", new)
    (issue,) = judged(repository, f"1: {{decision: resolved, evidence: [{{commit: {old}}}]}}\n").issues
    assert (issue.status, "purged" in {one.rule for one in issue.findings}) == (UNVERIFIED, True)


def test_two_commits_of_the_same_author_date_and_subject_are_no_rewrite(repository):
    old, _ = rewritten(repository, {"a.txt": text({3: "new"}), "b.txt": "b\n"}, kept={"a.txt": text({3: "newer"})})
    when = START + timedelta(days=1)
    repository.commit({"a.txt": text({3: "newest"})}, FIX, date=when, author="bob <bob@example.org>")
    assert landed(repository, old).status is UNVERIFIED


# -- what the clone says, and lacks --


def test_a_replacement_says_nothing_of_what_landed(repository):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({3: "new"})}, FIX)
    repository.checkout("main")
    repository.commit({"c.txt": "c\n"}, "feat: c")
    repository.ref(f"refs/replace/{fix}", repository.head())
    assert is_not_verified(repository, fix)
    repository.ref(f"refs/replace/{repository.head()}", fix)
    assert is_not_verified(repository, fix)


def upstream(repository):
    """A change of a topic branch that was squashed into main; the cited commit and the squash."""
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({10: "new"})}, FIX)
    repository.checkout("main")
    repository.commit({"a.txt": text({12: "other"})}, "feat: other")
    squash = repository.commit({"a.txt": text({10: "new", 12: "other"})}, "Refuse tokens")
    for number in range(3):
        repository.commit({"c.txt": f"{number}\n"}, "chore: carry on", date=AFTERWARDS + timedelta(hours=number))
    return fix, squash


def test_a_whole_clone_finds_it(repository, tmp_path):
    fix, squash = upstream(repository)
    assert outcome(repository.clone(tmp_path / "clone"), fix) == (VERIFIED, "tree", squash)


@pytest.mark.parametrize(
    "options", [("--depth", "1"), ("--depth", "2", "--no-single-branch"), ("--shallow-since=2025-09-02",)]
)
def test_a_shallow_clone_never_refutes_and_says_what_to_do(repository, tmp_path, options):
    fix, _ = upstream(repository)
    found = landed(repository.clone(tmp_path / "clone", *options), fix)
    assert found.status is UNVERIFIED
    assert re.search(r"`git -C \S+ .*--unshallow", found.reason)


@pytest.mark.parametrize("filtered", ["blob:none", "tree:0"])
def test_a_partial_clone_never_refutes_and_says_what_to_do(repository, tmp_path, filtered):
    fix, squash = upstream(repository)
    found = landed(repository.clone(tmp_path / "clone", f"--filter={filtered}"), fix)
    if found.status is VERIFIED:
        assert found.commit.sha == squash
    else:
        assert found.status is UNVERIFIED
        assert re.search(r"`git -C \S+ .*fetch", found.reason)


def test_a_stale_clone_never_refutes_and_says_what_to_do(repository, tmp_path):
    repository.branch("topic")
    fix = repository.commit({"a.txt": text({3: "new"})}, FIX)
    repository.checkout("main")
    clone = repository.clone(tmp_path / "clone")
    later = repository.squash("topic", "Refuse tokens (#12)", date=AFTERWARDS)
    for sha in (fix, later):
        found = landed(clone, sha)
        assert found.status is UNVERIFIED
        assert re.search(r"`git -C \S+ .*fetch", found.reason)
    run_git(clone, "fetch", "-q", GIT_ALLOW_PROTOCOL="file")
    run_git(clone, "merge", "-q", "--ff-only", "origin/main")
    assert outcome(clone, fix)[::2] == (VERIFIED, later)
