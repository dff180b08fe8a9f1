"""Each kind of evidence in both truths, on real histories and real test reports."""

from __future__ import annotations

import time

import pytest
from middle import NOW, evidence, fact, judged, only
from repositories import Repository, run_git

from triage.evidence.denials import denial
from triage.evidence.documents import about_documents
from triage.evidence.facts import Rules
from triage.model import Severity, Status

VERIFIED, REFUTED, UNVERIFIED, ATTESTED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED, Status.ATTESTED
FIX = "fix(auth): refuse expired tokens"
LONG = "def long():\n    return 'a text long enough to tell a file by'\n"


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repo")
    made.commit({"src/auth.py": "def old():\n    pass\n", "README.md": "hello\n"}, "feat: begin")
    return made


@pytest.fixture
def tested(repository):
    repository.commit({"tests/test_a.py": "def test_x(): pass\n"}, "test: begin")
    return repository


def rules_of(verdict):
    return [(rule, severity) for rule, severity, *_ in verdict.findings]


# -- commit --


def test_touches_every_glob_meets_a_changed_path_or_refutes(repository):
    fix = repository.commit({"src/auth.py": "def new():\n    pass\n", "src/deep/b.py": "1\n"}, FIX)
    met = only(repository, f'{{commit: {fix}, touches: ["src/**", "auth.py", "src/deep/"]}}')
    assert (met.status, [part.status for part in met.parts]) == (VERIFIED, [VERIFIED] * 3)
    half = only(repository, f'{{commit: {fix}, touches: ["src/**", "docs/**"]}}')
    assert (half.status, half.own, [part.status for part in half.parts]) == (REFUTED, VERIFIED, [VERIFIED, REFUTED])


def test_touches_cannot_be_seen_without_the_commit_or_its_trees(repository, tmp_path):
    gone = only(repository, '{commit: 0f1e2d3c4, touches: ["src/**"]}')
    assert [part.status for part in gone.parts] == [UNVERIFIED]
    fix = repository.commit({"src/auth.py": "def new():\n    pass\n"}, FIX)
    repository.commit({"b.py": "1\n"}, "more")
    clone = repository.clone(tmp_path / "clone", "--filter=tree:0")
    blind = only(clone, f'{{commit: {fix}, touches: ["docs/**"]}}')
    assert (blind.status, [part.status for part in blind.parts]) == (UNVERIFIED, [UNVERIFIED])


def test_touches_with_a_glob_that_only_takes_out_is_not_met(repository):
    fix = repository.commit({"src/auth.py": "x = 1\n"}, FIX)
    assert only(repository, f'{{commit: {fix}, touches: ["!docs/**"]}}').status is not VERIFIED


def test_an_empty_commit_holds_the_issue_back_and_a_merge_without_changes_does_not(repository):
    empty = repository.commit({}, FIX)
    assert rules_of(only(repository, f"{{commit: {empty}}}")) == [("empty-commit", Severity.ERROR)]
    repository.branch("topic")
    repository.commit({"a.py": "1\n"}, "feat: a")
    repository.checkout("main")
    merge = repository.merge("topic", "Merge it", "-s", "ours")
    assert rules_of(only(repository, f"{{commit: {merge}}}")) == []


def test_documents_only_although_typed_fix_is_an_error(repository):
    fix = repository.commit({"docs/notes.md": "1\n", "CHANGELOG": "2\n"}, FIX)
    assert rules_of(only(repository, f"{{commit: {fix}}}")) == [("documents-only", Severity.ERROR)]
    assert rules_of(only(repository, f"{{commit: {fix}}}", title="Typo in the README")) == []
    mixed = repository.commit({"docs/notes.md": "3\n", "requirements.txt": "a\n"}, FIX)
    assert rules_of(only(repository, f"{{commit: {mixed}}}")) == []


def test_documents_only_as_the_sole_proof_is_an_error_beside_others_it_is_not(repository):
    notes = repository.commit({"docs/notes.md": "1\n"}, "docs: explain")
    code = repository.commit({"src/auth.py": "def new():\n    pass\n"}, FIX)

    def found(*items, title="It breaks"):
        listed = ", ".join(items)
        result = judged(repository, f"1: {{decision: resolved, title: {title}, evidence: [{listed}]}}")
        return result.issues[0].status, [finding.rule for finding in result.issues[0].findings]

    assert found(f"{{commit: {notes}}}") == (UNVERIFIED, ["documents-only"])
    assert found(f"{{commit: {notes}}}", "{path: src/auth.py}") == (UNVERIFIED, ["documents-only"])
    assert found(f"{{commit: {notes}}}", f"{{commit: {code}}}") == (VERIFIED, [])
    assert found(f"{{commit: {notes}}}", title="Documentation of tokens is missing") == (VERIFIED, [])


@pytest.mark.parametrize(
    "title",
    [
        "Typo in README",
        "Docs: explain tokens",
        "Document the token format",
        "The user guide is wrong",
        "docs(auth): explain",
        "Wrong flag in the manual",
    ],
)
def test_an_issue_about_documents(title):
    assert about_documents(title)


@pytest.mark.parametrize(
    "title",
    [
        None,
        "It breaks",
        "Manual restart hangs",
        "Document upload crashes",
        "Guide dialog freezes",
        "Wiki page import fails",
        "Restart in the manual mode fails",
    ],
)
def test_an_issue_about_code(title):
    assert not about_documents(title)


@pytest.mark.parametrize(
    "words",
    [
        "the issue stays open", "This issue remains open until then", "#9 stays open", "see: #9 is still open", "GH-9 is kept open",
        "keep #9 open", "keeps this issue open", "Half of the issue is done, it stays open", "part 1 of 3", "Part 1/2", "part 2 of several",
        "does not fix #9", "doesn't yet resolve this issue", "won't fully close issue 9", "do not close GH-9", "not run here",
        "not tested locally", "this remains untested", "partial fix for #9", "partially addresses #9", "does not\nfix the issue",
    ],
)  # fmt: skip
def test_words_that_deny_the_closure(words):
    assert denial(f"fix: it\n\n{words}.", 9) is not None


@pytest.mark.parametrize(
    "words",
    [
        "part 2 of 2", "part 3/3", "part of the plan", "does not fix #99", "does not fix #8", "#99 stays open", "issue 99 is still open",
        "so that the socket stays open; it stays open after a pause", "keep #99 open", "fixes #9", "does not break #9", "partially addresses #99",
        "counterpart 1 of 3", "tested locally", "keeps the connection open",
    ],
)  # fmt: skip
def test_words_that_deny_nothing(words):
    assert denial(f"fix: it\n\n{words}.", 9) is None


def test_a_denial_is_a_finding_of_the_issue_it_denies_and_of_no_other(repository):
    fix = repository.commit({"src/auth.py": "1\n"}, f"{FIX}\n\nDoes not fix #1.")
    result = judged(
        repository, "\n".join(f"{n}: {{decision: resolved, evidence: [{{commit: {fix}}}]}}" for n in (1, 2))
    )
    assert [issue.status for issue in result.issues] == [UNVERIFIED, VERIFIED]
    assert [[finding.rule for finding in issue.findings] for issue in result.issues] == [["denied"], []]


def test_a_commit_older_than_the_issue_is_a_warning(repository):
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    assert rules_of(only(repository, f"{{commit: {fix}}}", issues=[fact(1)])) == []
    younger = fact(1)._replace(created=NOW)
    assert rules_of(only(repository, f"{{commit: {fix}}}", issues=[younger])) == [
        ("older-than-issue", Severity.WARNING)
    ]


# -- path --


def path(repository, name, **options):
    verdict = only(repository, f"{{path: {name}}}", **options)
    return verdict.status, verdict.proof, verdict.found


def test_a_file_or_folder_that_is_there(repository):
    assert path(repository, "src/auth.py") == (VERIFIED, "file", "src/auth.py")
    assert path(repository, "/src/auth.py") == (VERIFIED, "file", "src/auth.py")
    assert path(repository, "src") == path(repository, "src/") == (VERIFIED, "folder", "src/")


def test_a_slash_after_a_file_other_letters_and_never_are_refuted(repository):
    assert path(repository, "src/auth.py/")[0] is REFUTED
    assert path(repository, "readme.md")[:2] == (REFUTED, "absent")
    assert "`README.md`, in other letters" in only(repository, "{path: readme.md}").reason
    assert path(repository, "src/auth") == path(repository, "src/nothing.py") == (REFUTED, "absent", None)


def test_what_was_moved_or_has_its_content_elsewhere_is_verified_with_its_place(repository):
    repository.move("src/auth.py", "lib/auth.py")
    verdict = only(repository, "{path: src/auth.py}")
    assert (verdict.status, verdict.proof, verdict.found) == (VERIFIED, "moved", "lib/auth.py")
    assert "renamed in" in verdict.reason
    repository.commit({"lib/auth.py": None}, "remove")
    repository.commit({"lib/copy.py": "def old():\n    pass\n"}, "again")
    assert path(repository, "lib/auth.py")[0] is UNVERIFIED
    repository.commit({"long.py": LONG}, "long")
    repository.commit({"long.py": None}, "remove")
    repository.commit({"lib/long.py": LONG}, "again")
    assert path(repository, "long.py") == (VERIFIED, "moved", "lib/long.py")
    repository.commit({"lib/more.py": LONG}, "and again")
    assert path(repository, "long.py")[0] is UNVERIFIED


def test_A7_what_was_there_before_is_no_new_place(repository):
    repository.commit({"src/long.py": LONG, "pack/a.py": LONG + "a", "pack/b.py": LONG + "b"}, "long")
    repository.commit({"copy.py": LONG, "other/a.py": LONG + "a", "other/b.py": LONG + "b"}, "copies")
    repository.commit({"src/long.py": None, "pack": None}, "remove")
    for gone, there in (("src/long.py", "copy.py"), ("pack", "other")):
        verdict = only(repository, f"{{path: {gone}}}")
        assert verdict.status is not VERIFIED
        assert f"`{there}`" in verdict.reason


def test_A7_a_folder_that_moved_is_verified_and_one_that_went_into_another_is_not(repository):
    repository.commit({"pack/a.py": LONG + "a", "pack/b.py": LONG + "b", "old/c.py": LONG + "c"}, "begin")
    repository.commit({"there/x.py": "x = 1\n"}, "there")
    repository.move("pack", "moved")
    assert path(repository, "pack") == (VERIFIED, "moved", "moved")
    repository.move("old/c.py", "there/c.py")
    assert path(repository, "old/c.py") == (VERIFIED, "moved", "there/c.py")
    assert path(repository, "old")[0] is UNVERIFIED


def test_A7_a_bare_init_proves_no_move(repository):
    repository.commit({"a/__init__.py": "\n", "a/x.py": LONG}, "begin")
    repository.commit({"a/__init__.py": None, "b/__init__.py": "\n"}, "other")
    assert path(repository, "a/__init__.py")[0] is not VERIFIED


def test_A8_links_to_nothing_in_a_circle_or_outside_are_no_files(repository):
    link(repository, "code", "src")
    link(repository, "whole", ".")
    link(repository, "file", "src/auth.py")
    for name, target in (("nothing", "src/gone.py"), ("ring", "ring"), ("out", "/etc/passwd"), ("up", "../x")):
        link(repository, name, target)
        for written in (name, f"{name}/"):
            verdict = only(repository, f"{{path: {written}}}")
            assert (verdict.status, "link" in verdict.reason) == (UNVERIFIED, True), written
    for written in ("code", "code/"):
        verdict = only(repository, f"{{path: {written}}}")
        assert (verdict.status, verdict.reason) == (VERIFIED, "a link to a folder with 1 file")
    assert only(repository, "{path: whole}").status is VERIFIED
    assert only(repository, "{path: file}").reason == "a link to the file `src/auth.py`"


def test_what_was_removed_is_refuted_naming_the_commit_and_stands_at_an_older_one(repository):
    before = repository.head()
    removal = repository.commit({"src/auth.py": None}, "remove")
    assert path(repository, "src/auth.py") == (REFUTED, "removed", removal)
    assert only(repository, f"{{path: src/auth.py, at: {before}}}").status is VERIFIED
    assert only(repository, "{path: src/auth.py}", as_of=before).status is VERIFIED
    assert only(repository, "{path: src/auth.py, at: 0f1e2d3c4}").status is UNVERIFIED


def test_G7_what_a_shallow_clone_never_had_is_not_refuted(repository, tmp_path):
    repository.commit({"src/auth.py": None}, "remove")
    repository.commit({"b.py": "1\n"}, "more")
    clone = repository.clone(tmp_path / "clone", "--depth", "1")
    assert path(clone, "src/auth.py")[0] is UNVERIFIED
    assert path(clone, "b.py")[0] is VERIFIED


def link(repository, name, target):
    blob = repository.blob(target.encode())
    repository.git("update-index", "--add", "--cacheinfo", f"120000,{blob},{name}")
    repository.git("commit", "-q", "-m", "link")
    repository.git("checkout", "-q", "-f")


def test_G11_symbolic_links_are_followed_inside_the_repository(repository):
    link(repository, "code", "src")
    link(repository, "deep/link", "../code/auth.py")
    link(repository, "out", "/etc")
    link(repository, "ring", "ring")
    assert path(repository, "code/auth.py") == (VERIFIED, "file", "src/auth.py")
    assert path(repository, "code/") == (VERIFIED, "folder", "src/")
    assert path(repository, "deep/link")[:2] == (VERIFIED, "file")
    assert path(repository, "code/nothing.py")[0] is REFUTED
    assert path(repository, "out/passwd")[0] is UNVERIFIED
    assert path(repository, "ring/x")[0] is UNVERIFIED


def test_G11_what_is_in_a_submodule_is_not_refuted(repository):
    repository.commit(
        {".gitmodules": '[submodule "lib"]\n\tpath = vendor/lib\n\turl = https://example.org/lib\n'}, "add"
    )
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    repository.git("commit", "-q", "-m", "submodule")
    assert path(repository, "vendor/lib")[0] is UNVERIFIED
    assert path(repository, "vendor/lib/a.c")[0] is UNVERIFIED
    assert path(repository, "vendor/library")[0] is REFUTED


def test_a_path_that_is_no_ascii_is_found(repository):
    repository.commit({"docs/naïve ünits.md": "1\n"}, "docs")
    assert path(repository, '"docs/naïve ünits.md"')[0] is VERIFIED


# -- present and absent --


def looked(repository, text, **options):
    verdict = only(repository, text, **options)
    return verdict.status, verdict.reason


@pytest.mark.parametrize(
    ("count", "status"),
    [
        ("3", VERIFIED),
        ("2", REFUTED),
        ('">=3"', VERIFIED),
        ('">3"', REFUTED),
        ('"==3"', VERIFIED),
        ('">=4"', REFUTED),
        ('">2"', VERIFIED),
    ],
)
def test_present_counts_lines(repository, count, status):
    repository.commit({"src/b.py": "hit hit\nhit\n", "src/c.py": "hit\nmiss"}, "more")
    verdict = only(repository, f'{{present: hit, in: ["src/**"], count: {count}}}')
    assert (verdict.status, verdict.own, [part.claim for part in verdict.parts]) == (status, VERIFIED, ["count"])
    assert verdict.details == ("src/b.py:1", "src/b.py:2", "src/c.py:1")


def test_present_nowhere_and_a_glob_that_matches_nothing_are_refuted(repository):
    assert looked(repository, '{present: "def new", in: ["src/**"]}')[0] is REFUTED
    for globs, wanted in (("lib/**", UNVERIFIED), ("lib/auth.py", REFUTED), ("auth.rs", REFUTED)):
        status, reason = looked(repository, f'{{present: "def old", in: ["{globs}"]}}')
        assert (status, "no tracked file matches" in reason) == (wanted, True)


def test_B9_globs_below_links_and_submodules_are_not_looked_into(repository):
    link(repository, "code", "src")
    repository.commit({".gitmodules": '[submodule "lib"]\n\tpath = ext/lib\n\turl = https://example.org/lib\n'}, "add")
    for glob in ("code/auth.py", "code/**", "ext/lib/a.c", "ext/lib/**"):
        for kind in ('present: "def x"', 'absent: "def x"', 'never: true, absent: "def x"'):
            status, reason = looked(repository, f'{{{kind}, in: ["src/**", "{glob}"]}}')
            assert (status, "link" in reason or "submodule" in reason) == (UNVERIFIED, True), (glob, kind)
        assert looked(repository, f'{{present: "def x", in: ["{glob}"]}}')[0] is UNVERIFIED
    assert looked(repository, '{present: "def old", in: ["src/**", "ext/lib/**"]}')[0] is VERIFIED


def test_globs_that_only_take_out_prove_and_refute_nothing(repository):
    for kind in ("present: def", "present: nothing", "never: true, absent: nothing"):
        assert looked(repository, f'{{{kind}, in: ["!docs/**"]}}')[0] is UNVERIFIED


def test_a_glob_with_an_exclamation_mark_takes_files_out(repository):
    repository.commit({"src/vault/a.py": "def old(): pass\n"}, "more")
    assert looked(repository, '{present: "def old", in: ["src/**", "!src/auth.py"]}')[1] == "1 line: `src/vault/a.py:1`"
    assert looked(repository, '{present: "def old", in: ["src/**", "!src/"]}')[0] is not VERIFIED


def test_absent_now_and_once_there_is_verified_still_there_is_refuted(repository):
    assert looked(repository, '{absent: "def old", in: ["src/**"]}') == (REFUTED, "1 line: `src/auth.py:1`")
    begun = repository.head()
    repository.commit({"src/auth.py": "def new():\n    pass\n"}, FIX)
    verdict = only(repository, '{absent: "def old", in: ["src/**"]}')
    assert (verdict.status, verdict.proof) == (VERIFIED, "pattern")
    assert f"it stood in `src/auth.py:1`, brought by {begun[:9]} of 2025-09-01" in verdict.reason


@pytest.mark.parametrize("data", ["x\rdef lost():\ry\r", "def lost():\r", "x\r\ndef lost():\r", "x\n\rdef lost():"])
def test_A6_all_line_ends_are_line_ends(repository, data):
    repository.commit({"src/odd.txt": data}, "odd")
    for pattern in ("^def lost\\(\\):$", "(?-i:^def lost\\(\\):$)"):
        assert looked(repository, f"{{present: '{pattern}', in: [\"src/*.txt\"], count: 1}}")[0] is VERIFIED
        assert looked(repository, f"{{absent: '{pattern}', in: [\"src/*.txt\"], never: true}}")[0] is REFUTED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_A6_wide_texts_without_a_mark_are_read(repository, encoding):
    repository.commit({"src/odd.txt": ("x\r\ndef lost():\r\n" * 2000).encode(encoding)}, "odd")
    assert looked(repository, "{absent: '^def lost', in: [\"src/*.txt\"], never: true}")[0] is REFUTED


def test_A6_a_pointer_among_the_files_hides_what_it_stands_for(repository):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 9\n"
    repository.commit({"src/big.py": pointer, "src/auth.py": "def new():\n"}, "large")
    for kind in ('absent: "def old"', 'never: true, absent: "def x"', 'present: "def x"'):
        status, reason = looked(repository, f'{{{kind}, in: ["src/**"]}}')
        assert (status, "`src/big.py` is a Git LFS pointer, its content is not here" in reason) == (UNVERIFIED, True)
    assert looked(repository, '{present: "def new", in: ["src/**"]}')[0] is VERIFIED
    assert looked(repository, '{present: "def new", in: ["src/**"], count: 1}')[0] is UNVERIFIED
    assert looked(repository, '{absent: "def old", in: ["src/auth.py"]}')[0] is VERIFIED


def test_A6_binary_files_that_were_left_out_are_counted(repository):
    repository.commit({"src/a.bin": b"\0\1", "src/b.bin": b"\0\2", "src/auth.py": "1\n"}, "data")
    status, reason = looked(repository, '{absent: "def old", in: ["src/**"]}')
    assert (status, "(2 files left out as binary)" in reason) == (VERIFIED, True)


def test_A6_what_was_only_renamed_out_of_the_globs_still_stands(repository):
    repository.commit({"src/b.py": "1\n"}, "more")
    repository.move("src/auth.py", "lib/auth.py")
    for globs in ('"src/**"', '"src/auth.py"'):
        status, reason = looked(repository, f'{{absent: "def old", in: [{globs}]}}')
        assert (status, "it stands in `lib/auth.py` now, outside `in:`" in reason) == (UNVERIFIED, True)
    repository.commit({"lib/auth.py": "def old():\n    pass\nmore = 1\n"}, "grow")
    assert looked(repository, '{absent: "def old", in: ["src/**"]}')[0] is UNVERIFIED
    repository.commit({"lib/auth.py": "def new():\n    pass\nmore = 1\n"}, "clean")
    assert looked(repository, '{absent: "def old", in: ["src/**"]}')[0] is VERIFIED


def test_absent_in_a_file_that_was_removed_is_verified(repository):
    repository.commit({"src/auth.py": None}, "remove")
    assert looked(repository, '{absent: "def old", in: [src/auth.py]}')[0] is VERIFIED


def test_absent_that_never_was_proves_nothing_unless_it_never_should(repository):
    assert looked(repository, '{absent: "def odl", in: ["src/**"]}')[0] is UNVERIFIED
    assert looked(repository, '{absent: "def odl", in: ["src/**"], never: true}')[0] is VERIFIED
    assert looked(repository, '{absent: "def old", in: ["src/**"], never: true}')[0] is REFUTED
    assert looked(repository, '{absent: "def odl", in: ["lib/**"], never: true}')[0] is UNVERIFIED
    assert looked(repository, '{absent: "def old", in: ["README.md"]}')[0] is UNVERIFIED


def test_absent_in_a_shallow_clone_lacks_the_history(repository, tmp_path):
    repository.commit({"src/auth.py": "def new():\n    pass\n"}, FIX)
    repository.commit({"b.py": "1\n"}, "more")
    clone = repository.clone(tmp_path / "clone", "--depth", "1")
    status, reason = looked(clone, '{absent: "def old", in: ["src/**"]}')
    assert (status, "the clone is shallow" in reason) == (UNVERIFIED, True)


@pytest.mark.parametrize(
    "name", ["node_modules/a.py", "src/vendor/a.py", "src/a.py.bak", "src/a.py~", "src/a.bak.2", "src/a.min.js"]
)
def test_vendored_and_backup_files_are_out_unless_named(repository, name):
    repository.commit({name: "def lost(): pass\n"}, "more")
    assert looked(repository, '{absent: "def lost", in: ["**"], never: true}')[0] is VERIFIED
    assert looked(repository, f'{{absent: "def lost", in: ["{name}"], never: true}}')[0] is REFUTED


def test_binary_files_are_out_unless_named(repository):
    repository.commit({"data/a.bin": b"secret\0secret\n"}, "data")
    assert looked(repository, '{present: secret, in: ["data/**"]}')[0] is UNVERIFIED
    assert looked(repository, "{present: secret, in: [data/a.bin]}")[0] is VERIFIED
    assert looked(repository, "{absent: secret, in: [data/a.bin], never: true}")[0] is REFUTED


def test_a_text_that_became_binary_is_not_taken_for_cleaned(repository):
    repository.commit({"src/auth.py": b"def old():\0\n", "src/b.py": "1\n"}, "odd")
    assert looked(repository, '{absent: "def old", in: ["src/**"]}')[0] is UNVERIFIED
    status, reason = looked(repository, '{absent: "def old", in: ["src/a*"]}')
    assert (status, "only vendored, backup or binary files" in reason) == (UNVERIFIED, True)


def test_a_pointer_of_large_file_storage_is_not_taken_for_the_text(repository):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 9\n"
    repository.commit({"src/auth.py": pointer, "src/b.py": "1\n"}, "large")
    assert looked(repository, '{absent: "def old", in: ["src/**"]}')[0] is UNVERIFIED
    assert looked(repository, '{present: "def old", in: ["src/auth.py"]}')[0] is UNVERIFIED


def test_a_file_that_became_a_link_is_read_where_the_link_leads(repository):
    repository.commit({"src/auth.py": None, "lib/real.py": "def old():\n    pass\n"}, "move")
    link(repository, "src/auth.py", "../lib/real.py")
    assert looked(repository, '{absent: "def old", in: ["src/auth.py"]}')[0] is REFUTED
    assert looked(repository, '{present: "def old", in: ["**/*.py"], count: 1}')[0] is VERIFIED
    link(repository, "src/gone.py", "/etc/passwd")
    assert looked(repository, '{present: root, in: ["src/gone.py"]}')[0] is UNVERIFIED


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfdef lost():\n",
        "def lost():\n".encode("utf-16"),
        b"def lost():\r\nx\r\n",
        b"caf\xe9\ndef lost():\n",
        b"\xff\n\ndef lost():",
    ],
)
def test_marks_line_ends_and_encodings_hide_no_line(repository, data):
    repository.commit({"src/odd.txt": data}, "odd")
    assert looked(repository, "{present: '^def lost\\(\\):$', in: [\"src/*.txt\"]}")[0] is VERIFIED
    assert looked(repository, "{absent: '^def lost', in: [\"src/*.txt\"], never: true}")[0] is REFUTED


@pytest.mark.parametrize("data", ["café\n".encode(), "café\n".encode("latin-1")])
def test_letters_beyond_ascii_are_found_in_both_encodings(repository, data):
    repository.commit({"src/odd.txt": data}, "odd")
    assert looked(repository, '{present: "^café$", in: ["src/*.txt"]}')[0] is VERIFIED


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        (r"^def old\(\):$", True),
        (r"^old", False),
        (r"\Adef", True),
        (r"pass\Z", True),
        (r"old.*pass", False),
        (r"(?m)^    pass$", True),
        (r"(?s)old.+pass", False),
        (r"def\s[^:]*+:$", True),
        (r"def\s[^x]*+:$", False),
    ],
)
def test_patterns_are_matched_line_by_line(repository, pattern, holds):
    status = looked(repository, f"{{present: '{pattern}', in: [\"src/**\"]}}")[0]
    assert status is (VERIFIED if holds else REFUTED)


def test_a_possessive_pattern_that_would_run_over_the_line_is_still_found(repository):
    repository.commit({"src/p.py": "xaa\nb\n"}, "p")
    assert looked(repository, "{present: 'x[^b]*+$', in: [src/p.py]}")[0] is VERIFIED


def test_a_catastrophic_pattern_ends_by_its_time_limit(repository):
    repository.commit({"src/long.txt": "a" * 5000 + "!\n"}, "long")
    began = time.monotonic()
    for kind in ("present: '(a+)+$'", "never: true, absent: '(a+)+$'"):
        status, reason = looked(repository, f'{{{kind}, in: ["src/*.txt"]}}', rules=Rules(pattern_seconds=0.3))
        assert (status, "longer than 0.3 seconds" in reason) == (UNVERIFIED, True)
    assert time.monotonic() - began < 10
    assert looked(repository, '{present: "a!$", in: ["src/*.txt"]}', rules=Rules(pattern_seconds=5))[0] is VERIFIED


def test_a_missing_blob_is_never_zero_hits(repository, tmp_path):
    repository.commit({"src/auth.py": "def new():\n    pass\n"}, FIX)
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none", "--no-checkout")
    for text in ('present: "def x"', 'absent: "def old"', 'never: true, absent: "def x"'):
        assert looked(clone, f'{{{text}, in: ["src/**"]}}')[0] is UNVERIFIED
    current = repository.parse("HEAD:src/auth.py")
    run_git(clone, "fetch", "-q", "origin", current, GIT_ALLOW_PROTOCOL="file")
    assert looked(clone, '{absent: "def old", in: ["src/**"]}')[0] is UNVERIFIED
    assert looked(clone, '{present: "def new", in: ["src/**"]}')[0] is VERIFIED


def test_patterns_at_an_older_commit(repository):
    before = repository.head()
    repository.commit({"src/auth.py": "def new():\n    pass\n"}, FIX)
    assert looked(repository, f'{{present: "def old", in: ["src/**"], at: {before}}}')[0] is VERIFIED
    assert looked(repository, f'{{absent: "def old", in: ["src/**"], at: {before}}}')[0] is REFUTED
    assert looked(repository, f'{{absent: "def new", in: ["src/**"], at: {before}}}')[0] is UNVERIFIED


# -- release --


def released(repository, *commits, tag="v1.0"):
    listed = [f"{{commit: {sha}}}" for sha in commits]
    return evidence(repository, *listed, f"{{release: {tag}}}")[-1].verdict


@pytest.mark.parametrize("message", [None, "One"])
def test_a_release_that_contains_the_commits_or_does_not(repository, message):
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    repository.tag("v1.0", message=message)
    later = repository.commit({"src/auth.py": "2\n"}, "fix: more")
    assert (released(repository, fix).status, released(repository, fix).proof) == (VERIFIED, "contained")
    assert released(repository, fix, later).status is REFUTED
    assert released(repository, fix, tag="v9").status is UNVERIFIED
    assert released(repository, fix, tag="main").status is UNVERIFIED


def test_a_release_that_contains_the_commit_and_its_undoing_does_not_ship_it(repository):
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    repository.branch("release")
    repository.revert(fix)
    repository.tag("v1.0")
    undo = repository.head()
    repository.checkout("main")
    verdict = released(repository, fix)
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted")
    repository.checkout("release")
    repository.revert(undo)
    repository.tag("v1.1")
    repository.checkout("main")
    assert released(repository, fix, tag="v1.1").status is VERIFIED


@pytest.fixture
def picked(repository):
    """A fix on the branch that is picked onto a release's, where that is checked out; the SHAs of both."""
    repository.branch("release")
    repository.checkout("main")
    repository.commit({"c.py": "1\n"}, "feat: c")
    fix = repository.commit({"src/auth.py": "def old():\n    pass\n\n\ndef new():\n    pass\n"}, FIX)
    repository.checkout("release")
    return fix, repository.cherry_pick(fix)


def test_a_release_ships_a_fix_that_was_picked_onto_its_branch(repository, picked):
    fix, there = picked
    repository.tag("v1.0")
    repository.checkout("main")
    verdict = released(repository, fix)
    assert (verdict.status, verdict.proof) == (VERIFIED, "rebase"), verdict.reason
    assert f"contains {fix[:9]} as {there[:9]}" in verdict.reason


def test_a_release_ships_a_fix_whose_context_moved(repository):
    repository.commit({"src/auth.py": "top\n" + "same\n" * 9 + "end\n"}, "feat: lines")
    repository.branch("release")
    repository.commit({"src/auth.py": "above\ntop\n" + "same\n" * 9 + "end\n"}, "feat: above")
    repository.checkout("main")
    repository.commit({"src/auth.py": "top\n" + "same\n" * 8 + "other\nend\n"}, "feat: other")
    fix = repository.commit({"src/auth.py": "top\nfixed\n" + "same\n" * 8 + "other\nend\n"}, FIX)
    repository.checkout("release")
    there = repository.commit({"src/auth.py": "above\ntop\nfixed\n" + "same\n" * 9 + "end\n"}, FIX)
    repository.tag("v1.0")
    repository.checkout("main")
    verdict = released(repository, fix)
    assert (verdict.status, verdict.proof) == (VERIFIED, "tree"), verdict.reason
    assert there[:9] in verdict.reason


def test_a_release_that_took_back_what_was_picked_does_not_ship_it(repository, picked):
    fix, there = picked
    repository.revert(there)
    repository.tag("v1.0")
    undo = repository.head()
    repository.checkout("main")
    verdict = released(repository, fix)
    assert (verdict.status, verdict.proof) == (REFUTED, "reverted"), verdict.reason
    assert f"{fix[:9]} as {there[:9]} and its revert {undo[:9]}" in verdict.reason


def test_a_release_with_something_of_the_same_name_is_neither(repository, picked):
    fix, _ = picked
    repository.git("reset", "-q", "--hard", "HEAD~1")
    alike = repository.commit({"src/auth.py": "def old():\n    return 2\n"}, FIX)
    repository.tag("v1.0")
    repository.checkout("main")
    verdict = released(repository, fix)
    assert verdict.status is UNVERIFIED
    assert alike in [one.value for one in verdict.candidates]


def test_a_release_that_has_every_path_as_the_fix_left_it_is_not_refuted(repository, picked):
    fix, _ = picked
    content = repository.git("show", f"{fix}:src/auth.py") + "\n"
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit({"src/auth.py": content, "z.py": "1\n"}, "release: 1.0")
    repository.tag("v1.0")
    repository.commit({"src/auth.py": "other\n"}, "release: 1.1")
    repository.tag("v1.1")
    repository.checkout("main")
    assert released(repository, fix).status is UNVERIFIED
    assert released(repository, fix, tag="v1.1").status is REFUTED


def test_a_release_ships_what_was_reverted_on_the_branch_only_after_it(repository):
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    repository.tag("v1.0")
    repository.revert(fix)
    repository.tag("v1.1")
    first, shipped = evidence(repository, f"{{commit: {fix}}}", "{release: v1.0}")
    assert (first.verdict.status, first.verdict.proof) == (REFUTED, "reverted")
    assert (shipped.verdict.status, shipped.verdict.proof) == (VERIFIED, "contained"), shipped.verdict.reason
    assert released(repository, fix, tag="v1.1").status is REFUTED


def test_a_release_ships_what_is_only_on_its_own_branch(repository):
    repository.branch("release/1.0")
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    repository.tag("v1.0")
    repository.checkout("main")
    repository.tag("v0.9")
    repository.commit({"b.py": "1\n"}, "feat: b")
    first, shipped, other = evidence(repository, f"{{commit: {fix}}}", "{release: v1.0}", "{release: v0.9}")
    assert first.status is not VERIFIED
    assert (shipped.verdict.status, shipped.verdict.proof) == (VERIFIED, "contained"), shipped.verdict.reason
    assert other.verdict.status is UNVERIFIED
    # What is cited by another commit's subject is not what is meant.
    wrong = f"{{commit: {fix}, subject: 'feat: b'}}"
    assert evidence(repository, wrong, "{release: v1.0}")[1].status is UNVERIFIED


def test_a_release_of_nothing_proven_or_only_partly_proven_is_unverified(repository):
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    repository.tag("v1.0")
    assert only(repository, "{release: v1.0}").status is UNVERIFIED
    assert released(repository, "0f1e2d3c4").status is UNVERIFIED
    assert released(repository, fix, "0f1e2d3c4").status is UNVERIFIED
    *_, last = evidence(repository, f"{{commit: {fix}}}", "{pull: 4}", "{release: v1.0}")
    assert last.status is UNVERIFIED


def test_a_release_knows_the_commits_of_criteria_and_not_those_of_goals(repository):
    fix = repository.commit({"src/auth.py": "1\n"}, FIX)
    repository.tag("v1.0")
    goal = "goals: [{says: more, evidence: [{commit: 0f1e2d3c4}]}]"
    item = f"evidence: [{{commit: {fix}}}]"
    inside = judged(
        repository, f"1: {{decision: resolved, criteria: [{{says: a, {item}}}], evidence: [{{release: v1.0}}], {goal}}}"
    )
    assert inside.issues[0].status is VERIFIED
    outside = judged(
        repository, f"1: {{decision: resolved, goals: [{{says: a, {item}}}], evidence: [{{release: v1.0}}]}}"
    )
    assert outside.issues[0].status is UNVERIFIED


# -- test --


def junit(*cases):
    bodies = {
        "passed": "",
        "failed": '<failure message="no"/>',
        "errored": "<error/>",
        "skipped": "<skipped/>",
        "expected": '<skipped type="pytest.xfail" message="yes"/>',
    }
    listed = "".join(
        f'<testcase classname="tests.test_a" name="{name}">{bodies[what]}</testcase>' for name, what in cases
    )
    return f'<testsuites><testsuite name="pytest" tests="{len(cases)}">{listed}</testsuite></testsuites>'.encode()


def ran(repository, at, *cases, name="test_x", extra="", also=()):
    where = f", at: {at}" if at else ""
    item = f'{{test: "tests/test_a.py::{name}", in: {{file: junit.xml}}{where}{extra}}}'
    return evidence(repository, *also, item, reports={"junit.xml": junit(*cases)})[-1].verdict


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["passed"], VERIFIED), (["failed"], REFUTED), (["errored"], REFUTED), (["skipped"], UNVERIFIED), (["expected"], UNVERIFIED),
        (["passed", "passed"], VERIFIED), (["passed", "failed"], REFUTED), (["passed", "skipped"], UNVERIFIED), ([], UNVERIFIED),
    ],
)  # fmt: skip
def test_E4_E5_only_executed_and_passed_counts(tested, outcomes, status):
    cases = [(f"test_x[{n}]" if len(outcomes) > 1 else "test_x", what) for n, what in enumerate(outcomes)]
    verdict = ran(tested, tested.head(), ("test_other", "passed"), *cases)
    assert verdict.status is status
    assert dict(verdict.counts)["matched"] == len(outcomes)


def test_E5_a_test_is_not_found_by_the_end_of_its_name(repository):
    assert ran(repository, repository.head(), ("long_test_x", "passed"), ("test_xy", "passed")).status is UNVERIFIED
    verdict = only(
        repository,
        f'{{test: "other/test_b.py::test_x", in: {{file: junit.xml}}, at: {repository.head()}}}',
        reports={"junit.xml": junit(("test_x", "passed"))},
    )
    assert verdict.status is UNVERIFIED


def test_E6_a_report_must_say_of_which_commit_it_is(tested):
    old = tested.head()
    fix = tested.commit({"src/auth.py": "1\n"}, FIX)
    tested.branch("side")
    side = tested.commit({"b.py": "1\n"}, "side")
    tested.checkout("main")
    cited = [f"{{commit: {fix}}}"]
    passed = ("test_x", "passed")
    assert ran(tested, fix, passed, also=cited).status is VERIFIED
    assert ran(tested, None, passed, also=cited).status is UNVERIFIED
    assert ran(tested, "0f1e2d3c4", passed, also=cited).status is UNVERIFIED
    assert ran(tested, side, passed, also=cited).status is UNVERIFIED
    before = ran(tested, old, passed, also=cited)
    assert (before.status, "does not contain" in before.reason) == (UNVERIFIED, True)


def test_E6_a_report_from_before_the_fix_of_the_issue_it_rests_on_proves_nothing(tested):
    old = tested.head()
    fix = tested.commit({"src/auth.py": "1\n"}, FIX)
    for at, status in ((fix, VERIFIED), (old, UNVERIFIED)):
        text = (
            f"1: {{decision: resolved, evidence: [{{commit: {fix}}}]}}\n"
            f'2: {{decision: resolved, resolved_by: 1, evidence: [{{test: "tests/test_a.py::test_x", in: {{file: junit.xml}}, at: {at}}}]}}'
        )
        result = judged(tested, text, reports={"junit.xml": junit(("test_x", "passed"))})
        assert result.issues[1].status is status


def test_E12_before_fails_is_unverified_until_a_run_on_the_parent_was_read(tested):
    verdict = ran(tested, tested.head(), ("test_x", "passed"), extra=", before: fails")
    assert (verdict.status, verdict.own, verdict.parts[0].claim) == (UNVERIFIED, VERIFIED, "before")


def test_A9_a_test_of_a_file_that_the_commit_does_not_have_is_not_verified(repository):
    verdict = ran(repository, repository.head(), ("test_x", "passed"))
    assert (verdict.status, "`tests/test_a.py` is not there at" in verdict.reason) == (UNVERIFIED, True)
    repository.commit({"back/tests/test_a.py": "def test_x(): pass\n"}, "test: elsewhere")
    assert "(there is `back/tests/test_a.py`)" in ran(repository, repository.head(), ("test_x", "passed")).reason


def test_A9_a_module_name_that_several_files_end_in_is_ambiguous(repository):
    def ask():
        item = f'{{test: "back/tests/test_a.py::test_x", in: {{file: junit.xml}}, at: {repository.head()}}}'
        return only(repository, item, reports={"junit.xml": junit(("test_x", "passed"))})

    repository.commit({"back/tests/test_a.py": "def test_x(): pass\n", "back/test_a.py": "1\n"}, "test: one")
    assert ask().status is VERIFIED
    repository.commit({"front/tests/test_a.py": "def test_x(): pass\n"}, "test: two")
    verdict = ask()
    assert (verdict.status, "`front/tests/test_a.py` may be meant as well" in verdict.reason) == (UNVERIFIED, True)


def test_E15_a_report_that_is_missing_or_cut_short_is_unverified(repository):
    item = f'{{test: "tests/test_a.py::test_x", in: {{file: junit.xml}}, at: {repository.head()}}}'
    whole = junit(("test_x", "passed"))
    assert only(repository, item).status is UNVERIFIED
    for size in range(0, len(whole), 23):
        assert only(repository, item, reports={"junit.xml": whole[:size]}).status is UNVERIFIED


def test_a_test_that_was_not_run_here_or_is_in_an_artifact_is_unverified(repository):
    assert only(repository, '{test: a, execute: [pytest, "{test}"]}').status is UNVERIFIED
    assert only(repository, "{test: a, in: {run: 24499795330, artifact: junit}}").status is UNVERIFIED
    assert only(repository, "{test: a, in: {workflow: ci.yml, artifact: junit}}").status is UNVERIFIED


# -- what persons say, and what GitHub knows --


def test_what_a_person_states_is_attested_and_what_nobody_states_is_not(repository):
    named = only(repository, "{stated: tried by hand, by: bob, date: 2025-09-12}")
    assert (named.status, named.found) == (ATTESTED, "bob")
    for nobody in ("unknown", "Unknown", "' UNKNOWN '"):
        verdict = only(repository, f"{{stated: tried by hand, by: {nobody}, date: 2025-09-12}}")
        assert (verdict.status, verdict.found) == (UNVERIFIED, None)


@pytest.mark.parametrize("item", ["pull: 4", 'pull: 4, subject: a, touches: ["a/**"]', "run: 7", "issue: 4, is: open"])
def test_what_only_github_knows_is_unverified_where_it_was_not_read(repository, item):
    verdict = only(repository, f"{{{item}}}")
    assert (verdict.status, "GitHub was not read" in verdict.reason) == (UNVERIFIED, True)


def test_a_check_is_unverified_where_github_was_not_read(repository):
    verdict = only(repository, f"{{check: ci, at: {repository.head()}}}")
    assert (verdict.status, "GitHub was not read" in verdict.reason) == (UNVERIFIED, True)
    bare = only(repository, "{check: ci}")
    assert (bare.status, "what the fix is" in bare.reason) == (UNVERIFIED, True)


@pytest.mark.parametrize(
    ("state", "reason", "holding"),
    [
        ("open", None, ["open"]),
        ("closed", "completed", ["closed", "completed"]),
        ("closed", "not_planned", ["closed"]),
        ("closed", None, ["closed"]),
    ],
)
def test_the_state_of_another_issue_as_it_was_read(repository, state, reason, holding):
    for wanted in ("open", "closed", "completed"):
        verdict = only(repository, f"{{issue: 4, is: {wanted}}}", issues=[fact(4, state, reason)])
        unsaid = (wanted, state, reason) == ("completed", "closed", None)
        assert verdict.status is (VERIFIED if wanted in holding else UNVERIFIED if unsaid else REFUTED)
    assert only(repository, "{issue: 5, is: open}", issues=[fact(4)]).status is UNVERIFIED
