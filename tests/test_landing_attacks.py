"""Shapes by which the proofs were once led astray, each as the small history that did it."""

from __future__ import annotations

import pytest
from middle import AFTERWARDS, evidence, judged, landed
from repositories import Repository

from triage.evidence.denials import denial
from triage.evidence.wording import apart, apart_of_pull, bounded
from triage.git import open_history
from triage.model import Status

VERIFIED, REFUTED, UNVERIFIED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED
FIX = "fix: refuse expired tokens"
LINES = "".join(f"line {number} of the fix\n" for number in range(15))


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repo")
    made.commit({"app.py": "".join(f"{number}\n" for number in range(90)), "README.md": "hello\n"}, "start")
    return made


def squashed(repository, number: int, title: str = "Feature") -> str:
    """Make the branch `topic` pull request N, and squash it into main."""
    repository.ref(f"refs/pull/{number}/head", repository.head("topic"))
    repository.checkout("main")
    return repository.squash("topic", f"{title} (#{number})")


@pytest.mark.parametrize(
    "words", ["Revert #12", "revert PR #12: it broke", "Back out PR 12", "Back out #12", "chore: tidy\n\nReverts {sha}"]
)
def test_a_squash_reverted_by_its_number_or_shortly_is_refuted(repository, words):
    repository.branch("topic")
    fix = repository.commit({"fix.py": LINES}, FIX)
    squash = squashed(repository, 12)
    assert landed(repository, fix).proof == "squash"
    repository.git("revert", "--no-commit", squash)
    repository.commit({}, words.format(sha=squash[:9]))
    assert landed(repository, fix).proof == "reverted"


@pytest.mark.parametrize("words", ["Reapply #12", "docs: how to revert #12", "feat: revert button (#13)"])
def test_words_that_take_nothing_back_refute_nothing(repository, words):
    repository.branch("topic")
    fix = repository.commit({"fix.py": LINES}, FIX)
    squashed(repository, 12)
    repository.commit({"other.py": "1\n"}, words)
    assert landed(repository, fix).status is VERIFIED


def test_an_intermediate_commit_reverted_by_its_subject_after_the_squash_is_refuted_and_its_sibling_is_not(repository):
    repository.branch("topic")
    fix = repository.commit({"fix.py": LINES}, FIX)
    sibling = repository.commit({"other.py": "1\n"}, "feat: another")
    squashed(repository, 12)
    repository.commit({"fix.py": None}, f'Revert "{FIX}"')
    found = landed(repository, fix)
    assert (found.proof, f"{fix[:9]} was reverted by" in found.reason) == ("reverted", True), found.reason
    assert landed(repository, sibling).status is VERIFIED


def test_what_a_merge_does_of_its_own_must_have_come_along(repository):
    repository.branch("topic")
    repository.commit({"fix.py": LINES}, FIX)
    repository.checkout("main")
    repository.commit({"m.py": "1\n"}, "m")
    repository.checkout("topic")
    repository.git("merge", "-q", "--no-commit", "--no-ff", "main")
    merge = repository.commit({"own.py": LINES}, "Merge main, and mend the hole")
    assert len(repository.git("rev-parse", f"{merge}^@").split()) == 2
    repository.commit({"own.py": None}, "drop it")
    squashed(repository, 12)
    assert landed(repository, merge).status is UNVERIFIED


def test_a_merge_that_only_merges_landed_with_what_it_leads_to(repository):
    repository.branch("topic")
    repository.commit({"fix.py": LINES}, FIX)
    repository.checkout("main")
    repository.commit({"m.py": "1\n"}, "m")
    repository.checkout("topic")
    merge = repository.merge("main")
    squashed(repository, 12)
    assert landed(repository, merge).proof == "squash"


def test_a_mode_undone_in_the_pull_request_did_not_land_and_one_that_stayed_did(repository):
    repository.branch("topic")
    repository.git("update-index", "--chmod=+x", "app.py")
    undone = repository.commit({}, "fix: executable")
    repository.git("update-index", "--chmod=-x", "app.py")
    repository.commit({"b.py": "1\n"}, "b")
    squashed(repository, 12)
    assert landed(repository, undone).status is UNVERIFIED


def test_a_file_that_landed_without_its_mode_is_not_the_same_patch(repository):
    repository.branch("topic")
    repository.commit({"tool.sh": LINES}, "other")
    repository.git("update-index", "--chmod=+x", "tool.sh")
    fix = repository.git("commit-tree", repository.git("write-tree"), "-p", "main", "-m", "fix: add tool")
    repository.ref("refs/heads/fix", fix)
    repository.git("reset", "-q", "--hard")
    repository.checkout("main")
    repository.commit({"tool.sh": LINES}, "another")
    assert landed(repository, fix).status is UNVERIFIED


def test_of_stacked_pull_requests_the_squash_that_stands_counts(repository):
    repository.branch("topic")
    fix = repository.commit({"fix.py": LINES}, FIX)
    first = squashed(repository, 12, "first")
    repository.checkout("topic")
    repository.commit({"g.py": "1\n"}, "g")
    repository.checkout("main")
    repository.revert(first)
    second = squashed(repository, 13, "second")
    repository.commit({"fix.py": LINES + "tail\n"}, "tail")
    found = landed(repository, fix)
    assert (found.status, found.commit.sha) == (VERIFIED, second), found.reason


def test_lines_moved_to_another_file_before_the_squash_are_not_refuted(repository):
    repository.branch("topic")
    before = (repository.folder / "app.py").read_text()
    fix = repository.commit({"app.py": before + LINES}, FIX)
    repository.commit({"app.py": before, "code.py": LINES}, "move it")
    squashed(repository, 12)
    repository.commit({"later.py": "1\n"}, "later", date=AFTERWARDS)
    assert landed(repository, fix).status is UNVERIFIED


def test_touches_of_a_path_that_did_not_land_is_unverified(repository):
    repository.branch("topic")
    before = (repository.folder / "app.py").read_text()
    fix = repository.commit({"app.py": before.replace("5\n", "five\n"), "data.txt": LINES}, FIX)
    repository.commit({"app.py": before}, "undo the code")
    squashed(repository, 12)
    (one,) = evidence(repository, f'{{commit: {fix}, touches: ["app.py"]}}')
    assert (one.verdict.own, one.status) == (VERIFIED, UNVERIFIED)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("- `{sha}` - {fix}", VERIFIED),
        ("| {sha} | {fix} |", VERIFIED),
        ('The claim that {sha} is "{fix}" is false: it never was.', UNVERIFIED),
        ("Not {sha} but: {fix}", UNVERIFIED),
        ("{sha} replaces another: {fix}", UNVERIFIED),
    ],
)
def test_a_document_that_denies_a_sha_does_not_prove_it(repository, line, status):
    gone = "ab7de91c3"
    repository.commit({"fix.py": LINES}, FIX)
    repository.commit({"notes.md": line.format(sha=gone, fix=FIX) + "\n"}, "docs: notes")
    found = landed(repository, gone)
    assert (found.status, found.proof) == (status, "cited-elsewhere" if status is VERIFIED else None), found.reason


def test_that_a_history_was_rewritten_is_said_once_and_not_by_a_shallow_clone(repository, tmp_path):
    shas = [repository.commit({f"{number}.py": "1\n"}, f"fix: {number}") for number in range(5)]
    gone = [f"{number}0f1e2d3c" for number in range(1, 5)]

    def said(place, cited):
        items = "".join(f"{n}: {{decision: resolved, evidence: [{{commit: '{s}'}}]}}\n" for n, s in enumerate(cited, 1))
        result = judged(place, items)
        assert REFUTED not in {issue.status for issue in result.issues}
        return [one.issue for one in result.findings if one.rule == "rewritten-history"]

    assert said(repository, [*gone, shas[0]]) == [1]
    assert said(repository, [*gone[:2], *shas]) == []
    clone = repository.clone(tmp_path / "shallow", "--depth", "1")
    assert said(clone, shas) == []


def test_a_cache_that_cannot_be_written_changes_no_verdict(repository, tmp_path):
    repository.branch("topic")
    before = (repository.folder / "app.py").read_text()
    fix = repository.commit({"app.py": before.replace("80\n", "eighty\n")}, FIX)
    repository.checkout("main")
    repository.commit({"app.py": before.replace("8\n", "eight\n", 1)}, "more")
    repository.cherry_pick(fix)
    blocked = tmp_path / "file"
    blocked.write_text("no folder\n")
    for cache in (None, tmp_path / "cache", blocked):
        history, stand = open_history(repository.folder, cache=cache)
        assert history.patches([fix, stand.sha])[fix] == history.patches([stand.sha])[stand.sha]


@pytest.mark.parametrize("piece", ["\n", " \n", "```\n", "```\n~~~\n", "* x\n\n", " ", "issue \n"])
def test_a_hostile_message_does_not_keep_us_busy(piece):
    """Quadratic expressions would take minutes for it, and the run would be ended."""
    text = "issue" + piece * (100_000 // len(piece)) + "x #300"
    for subject in ("fix: a", "fix: a (#5)"):
        for words in (apart(subject, text), apart_of_pull(subject, text)):
            assert [denial(bounded(part), 300) for part in words] == [None] * 3
