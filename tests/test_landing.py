"""Has a cited change landed: every proof and every refusal, on real histories."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from middle import AFTERWARDS, APEX, LATER, evidence, facts_of, landed, only
from repositories import START, Repository, run_git

from triage.landing.citation import Citation
from triage.landing.proof import settle
from triage.landing.subjects import Manner, Wanted, manner, tidy
from triage.model import Status

VERIFIED, REFUTED, UNVERIFIED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED
GONE = "0f1e2d3c4b5a"
"""A SHA that no object of these repositories has."""
SUBJECT = "fix(auth): refuse expired tokens at the door"


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repo")
    made.commit({"README.md": "hello\n"}, "docs: say hello")
    return made


def newer(repository):
    """Make the repository newer than a citation of `LATER`; return the commit that does."""
    return repository.commit({"later.txt": "later\n"}, "chore: carry on", date=AFTERWARDS)


# -- the object is here --


def test_an_ancestor_of_the_branch_has_landed(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.commit({"a.py": "2\n"}, "more")
    found = landed(repository, fix[:9])
    assert (found.status, found.proof, found.commit.sha) == (VERIFIED, "ancestor", fix)
    assert found.reason == f"an ancestor of main at {repository.head()[:9]}"


def test_the_tip_the_root_and_an_upper_case_sha_are_ancestors(repository):
    root = repository.head()
    tip = repository.commit({"a.py": "1\n"}, SUBJECT)
    assert {landed(repository, sha).status for sha in (root, tip, tip.upper(), tip[:7].upper())} == {VERIFIED}


def test_a_commit_of_an_octopus_merge_and_one_of_a_second_parent_have_landed(repository):
    sides = []
    for name in ("one", "two"):
        repository.branch(name, "main")
        sides.append(repository.commit({f"{name}.py": "1\n"}, f"fix: {name}"))
        repository.checkout("main")
    repository.git("merge", "-q", "--no-ff", "-m", "both", "one", "two")
    assert [landed(repository, side).proof for side in sides] == ["ancestor", "ancestor"]


def test_a_commit_on_another_branch_only_is_unverified_until_the_same_patch_is_on_the_branch(repository):
    repository.branch("side")
    side = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    found = landed(repository, side)
    assert (found.status, found.proof, found.candidates) == (UNVERIFIED, None, ())
    assert "it is on side" in found.reason
    twin = repository.squash("side", SUBJECT)
    found = landed(repository, side)
    assert (found.status, found.proof, found.commit.sha, found.own.sha) == (VERIFIED, "rebase", twin, side)
    assert landed(repository, side, branch="side").proof == "ancestor"


def test_G7_an_old_commit_in_a_shallow_clone_is_never_refuted(repository, tmp_path):
    old = repository.commit({"a.py": "1\n"}, SUBJECT)
    side = repository.head()
    repository.commit({"a.py": "2\n"}, "more")
    newer(repository)
    for depth in (1, 2):
        clone = repository.clone(tmp_path / f"d{depth}", "--depth", str(depth))
        found = landed(clone, old, others=[repository.head()])
        assert found.status is UNVERIFIED
        assert "shallow" in found.reason
    assert landed(repository.clone(tmp_path / "all"), side).status is VERIFIED


def test_a_commit_of_a_long_id_repository(tmp_path):
    made = Repository(tmp_path / "long", long_ids=True)
    fix = made.commit({"a.py": "1\n"}, SUBJECT)
    blob = made.parse("HEAD:a.py")
    made.revert(made.commit({"b.py": "1\n"}, "feat: b"))
    assert len(fix) == 64
    assert landed(made, fix).status is VERIFIED
    assert landed(made, fix[:40]).status is VERIFIED
    assert landed(made, blob).status is REFUTED
    assert landed(made, made.parse("HEAD~1")).proof == "reverted"


# -- its subject --


@pytest.mark.parametrize(
    "cited",
    [
        SUBJECT,
        "fix(auth):  refuse\texpired tokens at the door",
        f'"{SUBJECT}"',
        "refuse expired tokens at the door",
        "fix(auth): refuse exp…",
        "fix(auth): refuse exp...",
        "fix(auth): refuse expired",
        f"{SUBJECT} (#12)",
    ],
)
def test_its_own_subject_in_any_manner(repository, cited):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.commit({"a.py": "2\n"}, "refactor: tidy the door")
    found = landed(repository, fix, cited)
    assert (found.status, found.subject[0]) == (VERIFIED, VERIFIED)


def test_another_commits_subject_is_refuted_naming_both(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    other = repository.commit({"a.py": "2\n"}, "refactor: tidy the door")
    found = landed(repository, fix, "refactor: tidy the door")
    assert (found.status, found.proof) == (REFUTED, "foreign-subject")
    assert fix[:9] in found.reason
    assert other[:9] in found.reason
    assert [one.value for one in found.candidates] == [other]


def test_a_description_that_is_nobodys_subject_is_no_refusal(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    found = landed(repository, fix, "the fix for the login")
    assert (found.status, found.subject[0]) == (VERIFIED, UNVERIFIED)
    verdict = only(repository, f"{{commit: {fix}, subject: the fix for the login}}")
    assert (verdict.status, verdict.own) == (UNVERIFIED, VERIFIED)


def test_a_revert_cited_with_the_subject_of_what_it_reverts_is_refuted(repository):
    fix = repository.commit({"a.py": "1\n"}, "refuse expired tokens")
    undo = repository.commit({"a.py": None}, "revert: refuse expired tokens")
    found = landed(repository, undo, "refuse expired tokens")
    assert (found.status, found.proof, found.candidates[0].value) == (REFUTED, "foreign-subject", fix)


def test_the_subject_of_another_pull_request_is_not_its_own():
    assert manner("Update dependencies (#12)", "Update dependencies (#99)") is None
    assert manner("Update dependencies (#12)", "Update dependencies (#12) (#99)") is Manner.DECORATED
    assert manner("Update dependencies (#12)", "Update dependencies") is Manner.DECORATED
    assert manner("Update dependencies", "Update dependencies (#99)") is Manner.DECORATED


@pytest.mark.parametrize(
    ("cited", "actual"), [("fix", "fix: all"), ("fix…", "fix: all"), ("fix: a", "feat: a"), ("", "x")]
)
def test_too_little_or_something_else_names_nothing(cited, actual):
    assert manner(cited, actual) is None


def test_quotes_around_a_subject_go_and_those_in_it_stay():
    assert tidy('"fix: it"') == "fix: it"
    assert tidy("“fix: it”") == "fix: it"
    assert tidy('fix: it"') == "fix: it"
    assert tidy('Revert "fix: it"') == 'Revert "fix: it"'


# -- ambiguous abbreviations --


def colliding(repository, digits=4):
    """Make commits until two begin with the same digits; the two."""
    seen = {}
    tree = repository.parse("HEAD^{tree}")
    parent = repository.head()
    for number in range(3000):
        when = int(START.timestamp()) + number
        raw = f"tree {tree}\nparent {parent}\nauthor bob <bob@example.org> {when} +0000\ncommitter bob <bob@example.org> {when} +0000\n\nfix: number {number} of many\n"
        sha = run_sha(raw)
        if sha[:digits] in seen:
            for one in (seen[sha[:digits]], raw):
                repository.raw_commit(one.encode())
            return run_sha(seen[sha[:digits]]), sha
        seen[sha[:digits]] = raw
    raise AssertionError


def run_sha(raw):
    import hashlib

    return hashlib.sha1(f"commit {len(raw.encode())}\0{raw}".encode(), usedforsecurity=False).hexdigest()


def test_G6_an_ambiguous_abbreviation_lists_its_candidates_and_a_subject_picks(repository):
    one, two = colliding(repository)
    repository.git("merge", "-q", "-s", "ours", "-m", "both", one, two)
    found = landed(repository, one[:4])
    assert found.status is UNVERIFIED
    assert {item.value for item in found.candidates} >= {one, two}
    subject = repository.git("show", "-s", "--format=%s", two)
    found = landed(repository, two[:4], subject)
    assert (found.status, found.commit.sha) == (VERIFIED, two)
    assert landed(repository, one[:4], "fix: nobody's subject at all").status is UNVERIFIED


# -- the object is gone, and its subject is known --


@pytest.mark.parametrize(
    ("cited", "actual"),
    [
        (SUBJECT, SUBJECT),
        (SUBJECT, f"{SUBJECT} (#12)"),
        (f"{SUBJECT} (#12)", SUBJECT),
        ("refuse expired tokens at the door", SUBJECT),
        ("refuse expired tokens at the door", f"{SUBJECT} (#12)"),
        ("fix(auth): refuse expired tokens …", SUBJECT),
        ("fix(auth): refuse expired tok...", SUBJECT),
        ("fix(auth): refuse expired tokens", SUBJECT),
        ("refuse expired tokens at the", SUBJECT),
        ("fix(auth): refuse  expired tokens at\tthe door", SUBJECT),
    ],
)
def test_gone_with_a_subject_that_names_exactly_one_commit(repository, cited, actual):
    fix = repository.commit({"a.py": "1\n"}, actual)
    found = landed(repository, GONE, cited)
    assert (found.status, found.proof, found.commit.sha) == (VERIFIED, "subject", fix)


@pytest.mark.parametrize(
    "cited", ["refuse expired", "fix(auth)…", "fix", f"{SUBJECT} of the other house", "feat: at the door"]
)
def test_gone_with_a_subject_that_is_too_short_or_longer_is_unverified(repository, cited):
    repository.commit({"a.py": "1\n"}, SUBJECT)
    assert landed(repository, GONE, cited).status is UNVERIFIED


def test_gone_with_a_subject_that_two_commits_carry_names_neither(repository):
    first = repository.commit({"a.py": "1\n"}, SUBJECT)
    second = repository.commit({"a.py": "2\n"}, SUBJECT.replace(": ", ":  "))
    found = landed(repository, GONE, SUBJECT)
    assert found.status is UNVERIFIED
    assert {one.value for one in found.candidates} == {first, second}


def test_gone_and_the_exact_subject_is_stronger_than_one_that_only_begins_so(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.commit({"a.py": "2\n"}, f"{SUBJECT} and at the window")
    assert landed(repository, GONE, SUBJECT).commit.sha == fix
    assert landed(repository, GONE, SUBJECT[:-1] + "…").status is UNVERIFIED


def test_gone_and_only_the_subject_of_another_pull_request_is_here(repository):
    repository.commit({"a.py": "1\n"}, "Update dependencies (#99)")
    assert landed(repository, GONE, "Update dependencies (#12)").status is UNVERIFIED


def test_gone_and_only_its_revert_is_here(repository):
    repository.commit({"a.py": "1\n"}, "revert: refuse expired tokens")
    assert landed(repository, GONE, "refuse expired tokens").status is UNVERIFIED


@pytest.mark.parametrize(("days", "status"), [(30, VERIFIED), (30.1, UNVERIFIED), (0, VERIFIED), (-0.1, UNVERIFIED)])
def test_gone_and_made_within_thirty_days_before_the_citation(repository, days, status):
    repository.commit({"a.py": "1\n"}, SUBJECT, date=LATER - timedelta(days=days))
    assert landed(repository, GONE, SUBJECT).status is status


def test_gone_and_what_counts_is_the_authors_date_in_any_time_zone(repository):
    """The author's clock was ahead of UTC, so that the local date is after the citation."""
    stamp = f"{int(LATER.timestamp()) - 60} +1400"
    repository.git("commit", "-q", "--allow-empty", "-m", SUBJECT, GIT_AUTHOR_DATE=stamp, GIT_COMMITTER_DATE=stamp)
    assert landed(repository, GONE, SUBJECT).status is VERIFIED


def test_gone_and_an_unknown_date_does_not_count_against_it(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    assert landed(repository, GONE, SUBJECT, cited=None).commit.sha == fix


def test_gone_and_its_subject_is_only_on_another_branch(repository):
    repository.branch("side")
    side = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    found = landed(repository, GONE, SUBJECT)
    assert (found.status, [one.value for one in found.candidates]) == (UNVERIFIED, [side])


def test_gone_and_a_shallow_clone_may_lack_another_commit_with_its_subject(repository, tmp_path):
    repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.commit({"a.py": "2\n"}, SUBJECT)
    clone = repository.clone(tmp_path / "clone", "--depth", "1")
    assert landed(repository, GONE, SUBJECT).status is UNVERIFIED
    assert landed(clone, GONE, SUBJECT).status is UNVERIFIED


def test_gone_and_the_commit_that_has_its_subject_was_reverted(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.revert(fix)
    assert landed(repository, GONE, SUBJECT).proof == "reverted"


# -- the object is gone, and nothing else is known --


def test_a_sha_that_is_nowhere_in_a_complete_and_newer_clone_is_refuted(repository):
    alive = repository.head()
    newer(repository)
    found = landed(repository, GONE, others=[alive])
    assert (found.status, found.proof) == (REFUTED, "absent-object")


def test_each_single_doubt_keeps_a_missing_sha_unverified(repository, tmp_path):
    alive = repository.head()
    assert "may be newer" in landed(repository, GONE, others=[alive]).reason
    tip = newer(repository)
    sure = landed(repository, GONE, others=[alive])
    assert sure.status is REFUTED
    doubts = {
        "no date": landed(repository, GONE, others=[alive], cited=None),
        "no other": landed(repository, GONE),
        "no living other": landed(repository, GONE, others=["fedcba98765"]),
        "a subject": landed(repository, GONE, "fix: something else entirely", others=[alive]),
        "cited later": landed(repository, GONE, others=[alive], cited=AFTERWARDS + timedelta(seconds=1)),
        "shallow": landed(repository.clone(tmp_path / "s", "--depth", "1"), GONE, others=[tip]),
        "partial": landed(repository.clone(tmp_path / "p", "--filter=blob:none"), GONE, others=[alive]),
        "no pull refs": landed(repository.clone(tmp_path / "c"), GONE, others=[alive]),
        "one branch": landed(repository.clone(tmp_path / "b", "--single-branch"), GONE, others=[alive]),
    }
    assert {name: found.status for name, found in doubts.items()} == dict.fromkeys(doubts, UNVERIFIED)


def test_a_clone_with_pull_request_refs_is_complete(repository, tmp_path):
    alive = repository.head()
    repository.ref("refs/pull/7/head", alive)
    clone = repository.clone(tmp_path / "c")
    run_git(clone, "config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/remotes/origin/pull/*")
    run_git(clone, "fetch", "-q", "origin", GIT_ALLOW_PROTOCOL="file")
    assert landed(clone, GONE, others=[alive]).status is REFUTED


@pytest.mark.parametrize("name", ["HEAD^{tree}", "HEAD:README.md"])
def test_G10_the_whole_sha_of_another_object_is_refuted(repository, name):
    found = landed(repository, repository.parse(name), cited=None)
    assert (found.status, found.proof) == (REFUTED, "absent-object")


def test_G10_an_abbreviation_of_another_object_is_said_to_name_no_commit(repository):
    alive, blob = repository.head(), repository.parse("HEAD:README.md")
    assert landed(repository, blob[:9], others=[alive]).status is UNVERIFIED
    newer(repository)
    found = landed(repository, blob[:9], others=[alive])
    assert found.status is REFUTED
    assert found.reason.startswith("no commit here")


def test_G10_the_sha_of_an_annotated_tag_is_that_of_its_commit(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    tag = repository.tag("v1", message="one")
    found = landed(repository, tag, SUBJECT)
    assert (found.status, found.commit.sha) == (VERIFIED, fix)


def test_G6_a_branch_named_like_the_sha_does_not_answer(repository):
    repository.git("branch", "deadbee1")
    assert landed(repository, "deadbee1").status is UNVERIFIED


def test_a_placeholder_is_its_own_finding_and_never_refuted(repository):
    alive = repository.head()
    newer(repository)
    found = landed(repository, "abc1234", others=[alive])
    assert (found.status, found.placeholder) == (UNVERIFIED, True)
    one, _ = evidence(repository, "{commit: abc1234}", f"{{commit: {alive}}}")
    assert [rule for rule, *_ in one.verdict.findings] == ["placeholder"]


# -- still there --


def test_G9_a_reverted_commit_is_refuted_naming_the_revert(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    undo = repository.revert(fix)
    found = landed(repository, fix)
    assert (found.status, found.proof) == (REFUTED, "reverted")
    assert undo[:9] in found.reason


def test_G9_a_revert_of_the_revert_puts_it_back_and_a_third_takes_it_away(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    second = repository.revert(repository.revert(fix))
    assert landed(repository, fix).status is VERIFIED
    repository.revert(second)
    assert landed(repository, fix).proof == "reverted"


def test_a_revert_on_another_branch_does_not_count(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.branch("release")
    repository.revert(fix)
    repository.checkout("main")
    assert landed(repository, fix).status is VERIFIED
    assert landed(repository, fix, branch="release").proof == "reverted"


def test_a_revert_after_the_revision_judged_does_not_count(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT, date=START + timedelta(days=1))
    undo = repository.revert(fix, date=START + timedelta(days=9))
    assert landed(repository, fix, as_of="2025-09-05").status is VERIFIED
    assert landed(repository, fix, as_of=fix).status is VERIFIED
    assert landed(repository, fix, as_of=undo).status is REFUTED


def test_at_an_old_commit_does_not_hide_a_revert(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    other = repository.commit({"b.py": "1\n"}, "feat: b")
    repository.revert(fix)
    assert only(repository, f"{{commit: {fix}, at: {fix}}}").proof == "reverted"
    assert only(repository, f"{{commit: {other}, at: {other}}}").status is VERIFIED
    assert only(repository, f"{{commit: {other}, at: {fix}}}").status is UNVERIFIED


def test_reverted_and_landed_again_under_the_same_subject_cannot_be_told(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.revert(fix)
    again = repository.commit({"a.py": "3\n"}, SUBJECT)
    found = landed(repository, fix)
    assert (found.status, [one.value for one in found.candidates]) == (UNVERIFIED, [again])
    assert landed(repository, again).status is VERIFIED


def merged(repository, files, subject):
    repository.branch("topic")
    fix = repository.commit(files, subject)
    repository.checkout("main")
    return fix, repository.merge("topic")


def test_a_revert_of_the_merge_that_brought_it_reverts_it(repository):
    before = repository.commit({"b.py": "1\n"}, "feat: b")
    fix, merge = merged(repository, {"a.py": "1\n"}, SUBJECT)
    undo = repository.revert(merge, "-m", "1")
    found = landed(repository, fix)
    assert (found.status, found.proof) == (REFUTED, "reverted")
    assert undo[:9] in found.reason
    assert landed(repository, merge).proof == "reverted"
    assert landed(repository, before).status is VERIFIED
    repository.revert(undo)
    assert landed(repository, fix).status is VERIFIED


def test_a_revert_of_a_merge_towards_its_other_side_spares_what_it_brought(repository):
    repository.branch("topic")
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    main = repository.commit({"b.py": "1\n"}, "feat: b")
    repository.revert(repository.merge("topic"), "-m", "2")
    assert landed(repository, fix).status is VERIFIED
    assert landed(repository, main).proof == "reverted"


@pytest.mark.parametrize(
    "undo",
    [
        f'Revert "{SUBJECT}"',
        f'Revert "{SUBJECT}" (#13)',
        f"revert: {SUBJECT}",
        "revert(auth): refuse expired tokens at the door",
    ],
)
def test_a_revert_by_subject_without_the_standard_line(repository, undo):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    sha = repository.commit({"a.py": None}, f"{undo}\n\nReverts {APEX}#12")
    found = landed(repository, fix)
    assert (found.status, found.proof) == (REFUTED, "reverted")
    assert sha[:9] in found.reason


@pytest.mark.parametrize(
    "words",
    [
        'Revert "fix(auth): refuse expired tokens"',
        "Revert the door",
        'Revert "fix: something else"',
        f"test: {SUBJECT}",
    ],
)
def test_a_subject_that_reverts_something_else_reverts_nothing(repository, words):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.commit({"b.py": "1\n"}, words)
    assert landed(repository, fix).status is VERIFIED


def test_a_revert_by_subject_that_was_itself_taken_back(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.commit({"a.py": None}, f'Revert "{SUBJECT}"')
    repository.commit({"a.py": "1\n"}, f'Reapply "{SUBJECT}"')
    assert landed(repository, fix).status is VERIFIED


def test_a_revert_by_subject_before_the_commit_or_of_one_of_two_does_not_refute(repository):
    first = repository.commit({"a.py": "1\n"}, SUBJECT)
    second = repository.commit({"a.py": "2\n"}, SUBJECT)
    repository.commit({"a.py": "1\n"}, f'Revert "{SUBJECT}"')
    assert landed(repository, first).status is UNVERIFIED
    assert landed(repository, second).status is UNVERIFIED
    third = repository.commit({"a.py": "3\n"}, SUBJECT)
    assert landed(repository, third).status is VERIFIED


def test_a_revert_line_in_a_squash_body_speaks_of_an_intermediate_commit(repository):
    repository.branch("topic")
    between = repository.commit({"a.py": "0\n"}, "fix: try")
    repository.revert(between)
    repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    body = f'{SUBJECT} (#12)\n\n* fix: try\n\n* Revert "fix: try"\n\nThis reverts commit {between}.\n\n* {SUBJECT}\n'
    squash = repository.squash("topic", body)
    assert landed(repository, squash).status is VERIFIED
    assert landed(repository, between).status is UNVERIFIED


def test_a_revert_line_in_a_squash_body_is_no_proof_against_a_commit_of_the_branch(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    body = f"feat: more (#12)\n\n* Revert the door\n\nThis reverts commit {fix}.\n\n* Put it back\n"
    repository.commit({"b.py": "1\n"}, body)
    assert landed(repository, fix).status is VERIFIED
    repository.commit({"a.py": "2\n"}, body)
    assert landed(repository, fix).status is UNVERIFIED


def test_a_long_chain_of_reverts_ends(repository):
    """A thousand reverts, each of the one before, as one attack on the depth of the stack."""
    fix = parent = repository.commit({"a.py": "1\n"}, SUBJECT)
    tree = repository.parse("HEAD^{tree}")
    script = []
    import hashlib

    for number in range(1200):
        when = int(START.timestamp()) + 10_000 + number
        who = f"bob <bob@example.org> {when} +0000"
        raw = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nRevert {number}\n\nThis reverts commit {parent}.\n"
        message = f"Revert {number}\n\nThis reverts commit {parent}.\n"
        mark = f"from {fix}\n" if number == 0 else ""
        script.append(
            f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {len(message)}\n{message}{mark}M 040000 {tree} \n\n"
        )
        parent = hashlib.sha1(f"commit {len(raw)}\0{raw}".encode(), usedforsecurity=False).hexdigest()
    repository.git("fast-import", "--quiet", "--force", data="".join(script).encode())
    assert repository.head("main") == parent
    assert landed(repository, fix).status is VERIFIED


def status_after(repository, subject, undo, *, gone=True):
    """Commit a change of this subject and one that claims to take it back; the verdict on the first."""
    fix = repository.commit({"a.py": "1\n", "fix.py": "1\n"}, subject)
    files = {"a.py": None, "fix.py": None} if gone else {"b.py": "1\n"}
    repository.commit(files, undo.format(sha=fix, short=fix[:9], upper=fix.upper()))
    return landed(repository, fix)


@pytest.mark.parametrize(
    ("subject", "undo"),
    [
        ("Fix hang (#12)", 'Revert "Fix hang" (#13)'),
        ("Fix hang (#12)", 'Revert "Fix hang (#12)" (#13)'),
        ("Fix hang", 'REVERT "fix hang"'),
        ("Fix hang", "revert 'Fix hang'"),
        ("Fix hang", "Revert “Fix hang”"),
        ("Fix hang", 'Revert "Fix hang".'),
        ("Fix hang.", 'Revert "Fix hang"'),
        ("Don't hang", 'Revert "Don\'t hang"'),
        ('Say "no"', 'Revert "Say "no""'),
        ("fix(net): handle X", "revert(net): handle X"),
        ("fix(net): handle X", "revert(net): fix(net): handle X"),
        ("fix: handle X", "revert: fix: handle X"),
        ("fix: handle X", "revert: handle X"),
        ("Fix hang", "Back to before\n\nThis reverts commits {sha} and 0123456789."),
        ("Fix hang", "Back to before\n\nThis reverts commits 0123456789 and {sha}."),
        ("Fix hang", 'Back to before\n\nThis reverts commits 0123456789 ("x"), {short} and fedcba9876.'),
        ("Fix hang", "Back to before\n\nIt broke; this reverts commit {sha} for now."),
        ("Fix hang", "Back to before\n\nThis reverts commit {upper}."),
        ("Fix hang", "Back to before\n\nThis reverts\ncommit {sha}."),
        ("Fix hang (#12)", f'Revert "Fix the hang" (#13)\n\nReverts {APEX}#12'),
        ("Fix hang (#12)", "Revert the hang\n\nReverts #12"),
    ],
)
def test_what_says_outright_that_it_reverts_refutes(repository, subject, undo):
    found = status_after(repository, subject, undo)
    assert (found.status, found.proof) == (REFUTED, "reverted")


@pytest.mark.parametrize(
    ("subject", "undo"),
    [
        ("Fix hang", "Revert Fix hang"),
        ("Fix hang", "Reverts Fix hang (#13)"),
        ("Fix hang", 'Undo "Fix hang"'),
        ("Fix hang", "Undo Fix hang"),
        ("Fix hang", 'Back out "Fix hang"'),
        ("Fix hang", "Backout: Fix hang"),
        ("Fix hang", 'Roll back "Fix hang"'),
        ("Fix hang", "Rollback Fix hang."),
        ("Fix hang", 'chore: revert "Fix hang"'),
        ("Fix hang", 'Revert "Fix hang" because of Windows'),
        ("Fix hang", 'Revert "Fix hang" and "Fix loop"'),
        ("Fix hang", "Revert {short}"),
        ("Fix hang", "Revert commit {sha}"),
        ("fix(net): handle X", "revert: handle X"),
        ("fix: handle X", 'Revert "handle X"'),
        ("Fix hang of the loader", 'Revert "Fix hang of the…"'),
        ("Fix hang of the loader", 'Revert "Fix hang of the..." (#13)'),
        ("Fix hang of the loader", 'Revert "Fix hang of the…'),
        ("Fix hang of the loader (#12)", 'Revert "Fix hang of the loader (#1…'),
        ("Fix hang of the loader", "Revert Fix hang of the..."),
        ("Fix hang", "Back to before\n\nThis reverts commit {sha} in part."),
        ("Fix hang", "Back to before\n\nThis partially reverts commit {sha}."),
        ("Fix hang", "Back to before\n\n> This reverts commit {sha}."),
        ("Fix hang", "Back to before\n\n    This reverts commit {sha}."),
        ("Fix hang (#12)", "Back to before\n\nReverts #12"),
    ],
)
def test_what_may_be_a_revert_is_enough_not_to_verify(repository, subject, undo):
    assert status_after(repository, subject, undo).status is UNVERIFIED


@pytest.mark.parametrize(
    ("subject", "undo"),
    [
        ("Fix hang (#12)", 'Revert "Fix hang (#14)"'),
        ("Fix hang (#12)", f'Revert "Something" (#13)\n\nReverts {APEX}#14'),
        ("Fix hang (#12)", "Revert the hang\n\nReverts 12 changes"),
        ("Fix hang", 'Revert "Revert "Fix hang""'),
        ("Fix hang", 'Revert "Fix hangs"'),
        ("Fix hang of the loader", 'Revert "Fix…"'),
        ("Fix hang", "Do not revert Fix hang"),
        ("Fix hang", "Reverting to a simpler parser"),
        ("Fix hang", "Undo: an editor command"),
    ],
)
def test_what_reverts_something_else_is_no_revert(repository, subject, undo):
    assert status_after(repository, subject, undo, gone=False).status is VERIFIED


@pytest.mark.parametrize("path", ["a.py", "b.py"])
def test_a_revert_of_the_pull_request_of_some_repository_is_ours_if_it_meets_our_files(repository, path):
    fix = repository.commit({"a.py": "1\n"}, "Fix hang (#12)")
    repository.commit({path: "2\n"}, "chore: bump lib\n\nReverts upstream/lib#12")
    assert landed(repository, fix).status is (UNVERIFIED if path == "a.py" else VERIFIED)


@pytest.mark.parametrize(("number", "status"), [(12, REFUTED), (11, UNVERIFIED)])
def test_a_revert_by_a_subject_that_two_pull_requests_share_is_of_the_one_that_it_numbers(repository, number, status):
    fix = repository.commit({"a.py": "1\n"}, "Fix hang (#12)")
    repository.commit({"a.py": None}, f'Revert "Fix hang" (#13)\n\nReverts {APEX}#{number}')
    assert landed(repository, fix).status is status


@pytest.mark.parametrize("undo", ['Revert "Fix hang"', "Revert the hang\n\nThis reverts commit {sha}."])
def test_a_revert_that_left_what_it_names_does_not_refute(repository, undo):
    found = status_after(repository, "Fix hang", undo, gone=False)
    assert found.status is UNVERIFIED
    assert "says that it reverts it" in found.reason.replace(found.commit.sha[:9], "it")
    assert "a.py is still as it left it" in found.reason


def test_a_revert_by_a_common_subject_spares_those_whose_files_it_does_not_touch(repository):
    first = repository.commit({"a.py": "1\n"}, "wip")
    second = repository.commit({"b.py": "1\n"}, "wip")
    repository.commit({"b.py": None}, 'Revert "wip"')
    assert [landed(repository, sha).status for sha in (first, second)] == [VERIFIED, UNVERIFIED]


def test_a_revert_of_the_commit_that_was_picked_keeps_the_pick_unverified(repository):
    repository.branch("side")
    original = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    repository.commit({"b.py": "1\n"}, "feat: b")
    pick = repository.cherry_pick(original)
    repository.commit({"a.py": None}, f"Close the door\n\nThis reverts commit {original}.")
    assert landed(repository, pick).status is UNVERIFIED


@pytest.mark.parametrize("undo", ["Close the door", f'Revert "{SUBJECT}"'])
def test_a_revert_of_a_squashed_head_keeps_the_squash_from_being_verified(repository, undo):
    repository.branch("side")
    original = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    squash = repository.squash("side", f"{SUBJECT} (#12)")
    repository.commit({"a.py": None}, f"{undo}\n\nThis reverts commit {original}.")
    assert landed(repository, squash).status is not VERIFIED


def test_a_revert_that_names_another_commit_of_the_branch_is_of_that_one(repository):
    first = repository.commit({"a.py": "1\n"}, SUBJECT)
    second = repository.commit({"b.py": "1\n"}, SUBJECT)
    repository.revert(second)
    assert landed(repository, first).status is VERIFIED
    assert landed(repository, second).proof == "reverted"


@pytest.mark.parametrize(
    "undo",
    [
        'Revert "Merge pull request #5 from bob/pool"',
        'Revert "Merge pull request #5 from bob…"',
        f'Revert "Add pooling" (#6)\n\nReverts {APEX}#5',
    ],
)
def test_a_merge_reverted_by_its_subject_takes_back_what_it_brought(repository, undo):
    before = repository.commit({"b.py": "1\n"}, "feat: b")
    repository.branch("topic")
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    merge = repository.merge("topic", "Merge pull request #5 from bob/pool\n\nAdd pooling")
    repository.branch("other")
    other = repository.commit({"c.py": "1\n"}, "feat: c")
    repository.checkout("main")
    repository.merge("other", "Merge pull request #55 from bob/pool")
    repository.commit({"a.py": None}, undo)
    assert landed(repository, fix).status is UNVERIFIED
    assert landed(repository, merge).status is (UNVERIFIED if "…" in undo else REFUTED)
    assert [landed(repository, sha).status for sha in (before, other)] == [VERIFIED, VERIFIED]


def test_a_revert_that_names_a_commit_is_not_of_a_merge_with_the_same_subject(repository):
    other = repository.commit({"b.py": "1\n"}, "a")
    repository.branch("topic")
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    repository.merge("topic", "a")
    repository.revert(other)
    assert landed(repository, fix).status is VERIFIED


def test_what_is_again_as_it_was_before_is_asked_about(repository):
    repository.commit({"a.py": "1\n", "b.py": "1\n"}, "feat: a")
    fix = repository.commit({"a.py": "2\n", "c.py": "1\n"}, SUBJECT)
    repository.commit({"a.py": "1\n"}, "chore: tidy")
    assert landed(repository, fix).status is VERIFIED
    repository.commit({"c.py": None}, "chore: tidy more")
    found = landed(repository, fix)
    reason = f"every path that {fix[:9]} changed is again as it was before it: was the change taken back?"
    assert (found.status, found.reason) == (UNVERIFIED, reason)


def test_a_commit_of_new_files_only_that_are_gone_is_unverified_and_a_moved_one_is_not(repository):
    fix = repository.commit({"a.py": "2\n"}, SUBJECT)
    repository.move("a.py", "b.py")
    assert landed(repository, fix).status is VERIFIED
    repository.commit({"b.py": None}, "chore: tidy")
    assert landed(repository, fix).status is UNVERIFIED


def test_what_was_edited_after_a_revert_that_was_made_good_is_not_refuted(repository):
    lines = "".join(f"line {number}\n" for number in range(9))
    fix = repository.commit({"a.py": lines}, SUBJECT)
    repository.revert(fix)
    assert landed(repository, fix).proof == "reverted"
    repository.commit({"a.py": lines}, "bring it back")
    repository.commit({"a.py": lines + "more\n"}, "more")
    found = landed(repository, fix)
    assert (found.status, "still as it left it" in found.reason) == (UNVERIFIED, True), found.reason


# -- whose subject it is --


@pytest.mark.parametrize("cited", ["refuse expired tokens at the door", "fix(auth): refuse expired tokens"])
def test_a_lesser_name_of_a_commit_that_is_exactly_anothers_is_the_others(repository, cited):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.branch("side")
    other = repository.commit({"a.py": "2\n"}, cited)
    repository.checkout("main")
    found = landed(repository, fix, cited)
    assert (found.status, found.proof, found.candidates[0].value) == (REFUTED, "foreign-subject", other)


def test_a_squash_cited_with_the_subject_of_its_head_is_its_own(repository):
    repository.branch("side")
    repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    squash = repository.squash("side", f"{SUBJECT} (#12)")
    assert landed(repository, squash, SUBJECT).status is VERIFIED


def test_gone_and_another_branch_has_its_subject_too_is_said(repository):
    repository.branch("side")
    repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    found = landed(repository, GONE, SUBJECT)
    assert (found.status, found.commit.sha) == (VERIFIED, fix)
    assert "the only one on main" in found.reason


def test_gone_and_another_change_on_another_branch_has_its_subject_is_unverified(repository):
    repository.branch("side")
    other = repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    fix = repository.commit({"a.py": "2\n"}, SUBJECT)
    found = landed(repository, GONE, SUBJECT)
    assert (found.status, [one.value for one in found.candidates]) == (UNVERIFIED, [fix, other])


def test_gone_and_the_squash_on_the_branch_counts_before_its_head(repository):
    repository.branch("side")
    repository.commit({"a.py": "1\n"}, SUBJECT)
    repository.checkout("main")
    squash = repository.squash("side", f"{SUBJECT} (#9)")
    found = landed(repository, GONE, SUBJECT)
    assert (found.status, found.commit.sha) == (VERIFIED, squash)


def test_a_head_cited_with_the_subject_of_its_squash_is_not_refuted(repository):
    repository.branch("side")
    head = repository.commit({"a.py": "1\n"}, "wip")
    repository.checkout("main")
    squash = repository.squash("side", f"{SUBJECT} (#9)")
    for cited in (SUBJECT, f"{SUBJECT} (#9)"):
        found = landed(repository, head, cited)
        assert (found.status, found.commit.sha, found.subject[0]) == (VERIFIED, squash, VERIFIED)


def test_a_head_cited_with_the_subject_of_another_pull_request_is_not_refuted(repository):
    repository.branch("side")
    head = repository.commit({"a.py": "1\n"}, "wip")
    repository.checkout("main")
    squash = repository.commit({"b.py": "2\n"}, f"{SUBJECT} (#9)")
    found = landed(repository, head, SUBJECT)
    assert (found.status, [one.value for one in found.candidates]) == (UNVERIFIED, [squash])


# -- many at once --


def test_many_citations_are_settled_together_and_each_for_its_own_tip(repository):
    fix = repository.commit({"a.py": "1\n"}, SUBJECT)
    tip = repository.commit({"a.py": "2\n"}, "more")
    facts = facts_of(repository)
    citations = [Citation(fix, None, LATER, tip), Citation(fix[:8], None, LATER, tip), Citation(tip, None, LATER, fix)]
    found = settle(citations, facts.history, "main", facts.rules.subject_window)
    assert [found[one].status for one in citations] == [VERIFIED, VERIFIED, UNVERIFIED]
    assert settle([], facts.history, "main", facts.rules.subject_window) == {}


WORDS = st.lists(st.sampled_from(["fix", "fix:", "fix(a):", "wip", " ", "  ", "(#1)", "(#12)", ":", ": ", "“x”", "'", "a b", "the thing that broke", "…", "..."]), max_size=6).map("".join)  # fmt: skip


@settings(max_examples=2000, deadline=None)
@given(wanted=st.lists(WORDS, max_size=4), actual=WORDS)
def test_passing_over_most_subjects_quickly_passes_over_no_match(wanted, actual):
    index = Wanted(wanted)
    quick = index.matches(actual)
    index._cannot_match = lambda _: False
    assert quick == index.matches(actual)
