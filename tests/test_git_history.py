"""Reading a history: every method in both truths, on real repositories."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from random_histories import Growing
from repositories import AUTHOR, START, Repository, run_git

from triage.errors import CouldNotLook
from triage.git import open_history
from triage.git.objects import parse_commit
from triage.model import Change, Resolution


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


def opened(repository, **options):
    folder = getattr(repository, "folder", repository)
    return open_history(folder, **options)[0]


class Counted:
    """Counts the git processes that a history starts."""

    def __init__(self, history):
        self.commands = []
        plain = history._git._start

        def start(command, **options):
            self.commands.append(command[0])
            return plain(command, **options)

        history._git._start = start


def test_resolve_whole_short_and_upper_case(repository):
    sha = repository.commit({"a": "1"}, "first")
    blob = repository.parse("HEAD:a")
    history = opened(repository)
    counted = Counted(history)
    asked = [sha, sha[:7], sha[:9].upper(), blob, "0" * 40, "abc1234", "zz", "main", "--all", ""]
    found = history.resolve(asked)
    assert counted.commands == ["rev-parse"]  # the process that tells kinds is there since the opening
    assert [found[text].sha for text in asked[:3]] == [sha] * 3
    assert found[blob] == Resolution(other="blob")
    assert all(found[text] == Resolution() for text in asked[4:])
    history.resolve(asked)
    assert len(counted.commands) == 1


def test_resolve_many_in_few_processes(repository):
    shas = [repository.commit({}, str(number)) for number in range(3)]
    history = opened(repository)
    counted = Counted(history)
    found = history.resolve([*(f"{number:07x}" for number in range(3000)), *(sha[:8] for sha in shas)])
    assert [found[sha[:8]].sha for sha in shas] == shas
    assert len(counted.commands) <= 6


def test_G6_a_branch_named_like_a_sha_never_answers(repository):
    sha = repository.commit({}, "first")
    repository.git("branch", "deadbeef")
    repository.git("tag", "cafebabe")
    repository.git("update-ref", f"refs/heads/{'1' * 40}", sha)
    history = opened(repository)
    assert set(history.resolve(["deadbeef", "cafebabe", "1" * 40]).values()) == {Resolution()}


def named_like(prefix, content):
    """Whether a blob of this content has an id that begins so."""
    raw = b"blob %d\0" % len(content) + content
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest().startswith(prefix)


def test_G6_several_commits_are_candidates_and_one_beside_a_blob_is_not(repository):
    first = repository.commit({}, "0")
    shas = {first[:4]: first}
    tree = repository.parse("HEAD^{tree}")
    two = None
    number = 0
    stamp = "alice <alice@example.org> 1756728000 +0000"
    # A pair of four-digit prefixes is found by the birthday rule after some hundred tries.
    while two is None:
        number += 1
        raw = f"tree {tree}\nparent {first}\nauthor {stamp}\ncommitter {stamp}\n\n{number}\n".encode()
        name = hashlib.sha1(b"commit %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
        if name[:4] in shas and shas[name[:4]] != first:
            two = (shas[name[:4]], raw)
        shas.setdefault(name[:4], raw)
    made = sorted(repository.raw_commit(raw) for raw in two)
    history = opened(repository)
    assert history.resolve([made[0][:4]])[made[0][:4]] == Resolution(candidates=tuple(made))
    # now a blob with the same first four digits as the first commit
    number = 0
    while not named_like(first[:4], b"%d" % number):
        number += 1
    repository.blob(str(number).encode())
    assert opened(repository).resolve([first[:4]])[first[:4]] == Resolution(sha=first)


def test_G10_tags_are_peeled_and_other_kinds_are_named(repository):
    sha = repository.commit({"a": "1"}, "first")
    tag = repository.tag("v1", message="one")
    blob, tree = repository.parse("HEAD:a"), repository.parse("HEAD^{tree}")
    of_blob = repository.tag("data", blob, "a blob")
    history = opened(repository)
    found = history.resolve([tag, tag[:8], tree, of_blob])
    assert found[tag] == found[tag[:8]] == Resolution(sha=sha)
    assert found[tree] == Resolution(other="tree")
    assert found[of_blob] == Resolution(other="tag")
    assert history.revision("v1").sha == sha
    assert history.revision("v1").name == "v1"
    for name in ("data", "v2", "main", "heads/main", "--all", "v1^"):
        assert history.revision(name) is None


def test_G10_sha256_repository(tmp_path):
    repository = Repository(tmp_path / "long", long_ids=True)
    first = repository.commit({"a": "1"}, "first")
    sha = repository.commit({"a": "2"}, "second")
    repository.git("update-ref", f"refs/heads/{'a' * 40}", sha)
    history, stand = open_history(repository.folder)
    assert stand.sha == sha
    assert len(sha) == 64
    assert history.resolve([first[:8]])[first[:8]].sha == first
    assert history.resolve(["a" * 40])["a" * 40] == Resolution()
    assert history.reachable(sha, [first]) == {first}
    assert [change.path for change in history.changes([sha])[sha]] == ["a"]


def test_commits(repository):
    first = repository.commit({"a": "1"}, "subject\nsecond line\n\nbody\n\nmore\n", author="Bö <b@c.d>")
    second = repository.commit({}, "x")
    blob = repository.parse("HEAD:a")
    history = opened(repository)
    found = history.commits([first, second, blob, "0" * 40])
    assert set(found) == {first, second}
    assert found[first].subject == "subject second line"
    assert found[first].body == "body\n\nmore"
    assert found[first].author == "Bö <b@c.d>"
    assert found[first].authored == START + timedelta(hours=1)
    assert found[second].parents == (first,)
    assert found[second].author == AUTHOR
    with pytest.raises(CouldNotLook):
        history.commits(["--output=/tmp/x"])


@pytest.mark.parametrize(
    "stamp",
    [b"1 +9999", b"99999999999999999999999999 +0000", b"-5 -0000", b"18446744073709551615 +051800", b"", b"x"],
)
def test_G13_wild_dates_do_not_raise(stamp):
    raw = b"tree " + b"0" * 40 + b"\nauthor A <a> " + stamp + b"\ncommitter A <a> " + stamp + b"\n\ns\n"
    commit = parse_commit("0" * 40, raw)
    assert commit.authored.tzinfo is not None
    assert commit.committed.astimezone(UTC).year >= 1970


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"parent\n\n", b"author\n\nx", b"encoding \0\n\n\xff", b"parent --all\n\nx"]
)
def test_G13_damaged_commits_do_not_raise(raw):
    assert parse_commit("0" * 40, raw).parents == ()


def test_G13_bytes_that_are_no_text(repository):
    tree = run_git(repository.folder, "mktree", data=b"").decode().strip()
    head = f"tree {tree}\nauthor \x1b[31m\udcff <a\x07> 1756728000 +0000\ncommitter C <c> 1756728000 +0000\n"
    head_raw = head.encode("utf-8", "surrogateescape")
    odd = repository.raw_commit(head_raw + b"\nsub\x00ject\x1b \xff\n\nbody\x00 \xfe\n")
    latin = repository.raw_commit(head_raw + b"encoding ISO-8859-1\n\ncaf\xe9\n")
    unknown = repository.raw_commit(head_raw + b"encoding no-such\n\ncaf\xe9\n")
    repository.commit({}, "x")
    for number, sha in enumerate((odd, latin, unknown)):
        repository.ref(f"refs/heads/odd{number}", sha)
    history = opened(repository)
    found = history.commits([odd, latin, unknown])
    assert found[odd].subject == "sub\x00ject\x1b �"
    assert found[latin].subject == "café"
    assert found[unknown].subject == "caf�"
    assert history.survey(["café"]).subjects["café"][0].sha == latin


def test_reachable(repository):
    first = repository.commit({}, "1")
    second = repository.commit({}, "2")
    repository.branch("side", first)
    side = repository.commit({}, "3")
    repository.checkout("main")
    history = opened(repository)
    assert history.reachable(second, [first, second, side, "0" * 40]) == {first, second}
    assert history.reachable(first, [first, second]) == {first}
    counted = Counted(history)
    assert history.reachable(second, [side]) == set()
    assert history.reachable(second, [first]) == {first}
    assert len(counted.commands) <= 1
    with pytest.raises(CouldNotLook):
        history.reachable("main", [first])
    with pytest.raises(CouldNotLook):
        history.reachable("0" * 40, [first])


def test_survey_finds_subjects_on_any_ref_newest_first(repository):
    one = repository.commit({}, "fix: the thing that broke when nobody looked")
    two = repository.commit({}, "fix: the thing that broke when nobody looked (#7)")
    repository.branch("side")
    three = repository.commit({}, "only on the side")
    repository.checkout("main")
    history = opened(repository)
    counted = Counted(history)
    survey = history.survey(["fix: the thing that broke when nobody looked", "only on the side", "nowhere to be found"])
    assert [c.sha for c in survey.subjects["fix: the thing that broke when nobody looked"]] == [two, one]
    assert [c.sha for c in survey.subjects["only on the side"]] == [three]
    assert "nowhere to be found" not in survey.subjects
    assert counted.commands.count("rev-list") == 1
    history.survey(["only on the side", "nowhere to be found"])
    assert counted.commands.count("rev-list") == 1


def test_survey_finds_reverts(repository):
    first = repository.commit({"a": "1"}, "first")
    second = repository.commit({"a": "2"}, "second")
    undo = repository.revert(second)
    short = repository.commit({}, f"undo\n\nThis reverts commit {first[:8]}, reversing\nchanges made to {second}.")
    quoted = repository.commit({}, f"talk\n\n> This reverts commit {second}\nand this reverts commit {second}")
    gone = repository.commit({}, "undo more\n\nThis reverts commit 0123456789.")
    reverts = opened(repository).survey([]).reverts
    assert [commit.sha for commit in reverts[second]] == [quoted, undo]  # which of them counts, `landing` decides
    assert [commit.sha for commit in reverts[first]] == [short]
    assert [commit.sha for commit in reverts["0123456789"]] == [gone]


def test_survey_leaves_out_notes_and_replacements(repository):
    first = repository.commit({}, "first")
    repository.git("notes", "add", "-m", "n", first)
    other = repository.commit({}, "other")
    repository.git("replace", first, other)
    survey = opened(repository).survey(["Notes added by 'git notes add'", "first", "other"])
    assert {key: len(found) for key, found in survey.subjects.items()} == {"first": 1, "other": 1}


def test_changes(repository):
    first = repository.commit({"a": "1", "d/b": "2"}, "first")
    second = repository.commit({"a": "3", "d/b": None, "ü x\n": "n"}, "second")
    empty = repository.commit({}, "empty")
    a1, b, a3, n = (
        repository.parse(f"{at}") for at in (f"{first}:a", f"{first}:d/b", f"{second}:a", f"{second}:ü x\n")
    )
    history = opened(repository)
    counted = Counted(history)
    found = history.changes([first, second, empty, "0" * 40])
    assert set(found[first]) == {Change("a", None, a1), Change("d/b", None, b)}
    assert set(found[second]) == {Change("a", a1, a3), Change("d/b", b, None), Change("ü x\n", None, n)}
    assert found[empty] == ()
    assert len(found) == 3
    assert len(counted.commands) <= 3


def test_changes_of_a_merge_are_those_against_its_first_parent(repository):
    repository.commit({"a": "1"}, "first")
    repository.branch("side")
    repository.commit({"side": "1"}, "s")
    repository.checkout("main")
    repository.commit({"main": "1"}, "m")
    merge = repository.merge("side")
    assert [change.path for change in opened(repository).changes([merge])[merge]] == ["side"]


def test_G11_submodules_have_no_blob_and_symlinks_are_kept(repository):
    sha = repository.commit({"a": "1"}, "first")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{sha},module")
    (repository.folder / "link").symlink_to("/etc/passwd")
    repository.git("add", "link")
    second = repository.commit({}, "second")
    history = opened(repository)
    assert {c.path: c.after for c in history.changes([second])[second]}["module"] is None
    tree = history.tree(second)
    assert set(tree) == {"a", "link"}
    assert tree["link"].mode == "120000"
    assert list(history.contents([tree["link"].blob])) == [(tree["link"].blob, b"/etc/passwd")]


def test_G7_changes_leave_out_what_has_lost_a_tree(repository):
    one = repository.commit({"a": "1", "d/x": "1"}, "1")
    two = repository.commit({"d/x": "2"}, "2")
    lost_root = repository.commit({"a": "3"}, "3")
    four = repository.commit({"d/x": "4"}, "4")
    five = repository.commit({"d/x": "5"}, "5")
    repository.remove_object(repository.parse(f"{two}:d"))
    history = opened(repository)
    # `lost_root` keeps the missing subtree on both sides, so nobody has to read it
    assert set(history.changes([one, two, lost_root, four, five])) == {one, lost_root, five}
    repository.remove_object(repository.parse(f"{five}^{{tree}}"))
    assert set(opened(repository).changes([one, five])) == {one}
    with pytest.raises(CouldNotLook) as caught:
        opened(repository).tree(two)
    assert "missing" in caught.value.message
    assert caught.value.hint


def test_lines_changed(repository):
    repository.commit({"a": "1\n2\n3\n", "move": "x\n" * 30}, "first")
    second = repository.commit({"a": "1\n2\n4\n5\n", "bin": b"\0\1"}, "second")
    moved = repository.move("move", "moved")
    history = opened(repository)
    assert history.lines_changed(second) == (2, 1)
    assert history.lines_changed(moved) == (0, 0)
    with pytest.raises(CouldNotLook):
        history.lines_changed("0" * 40)


def test_contents(repository):
    repository.commit({"a": "one", "b": b"", "c": b"\0\xff\n"}, "first")
    history = opened(repository)
    a, b, c = (repository.parse(f"HEAD:{name}") for name in "abc")
    assert list(history.contents([c, a, b, a])) == [(c, b"\0\xff\n"), (a, b"one"), (b, b""), (a, b"one")]
    assert list(history.contents([])) == []
    missing = "0" * 40
    assert list(history.contents([a, missing, b])) == [(a, b"one"), (missing, None), (b, b"")]
    with pytest.raises(CouldNotLook, match="tree"):
        list(history.contents([repository.parse("HEAD^{tree}")]))


def test_G11_huge_blobs_are_not_held(repository):
    repository.commit({"big": b"\0" * 20_000_001, "edge": b"\0" * 20_000_000}, "big")
    history = opened(repository)
    big, edge = repository.parse("HEAD:big"), repository.parse("HEAD:edge")
    found = [(blob, content and len(content)) for blob, content in history.contents([big, edge, big])]
    assert found == [(big, None), (edge, 20_000_000), (big, None)]


def test_contents_left_early_leave_no_process(repository):
    import os

    repository.commit({f"f{number}": f"{number}" * 20000 for number in range(50)}, "many")
    history = opened(repository)
    started = []
    plain = history._git.stream

    def stream(*command, **options):
        started.append(plain(*command, **options))
        return started[-1]

    history._git.stream = stream
    contents = history.contents([entry.blob for entry in history.tree(repository.head()).values()])
    next(contents)
    contents.close()
    with pytest.raises(ProcessLookupError):
        os.killpg(started[-1]._process.pid, 0)


def test_G5_replacements_and_grafts_are_ignored(repository):
    first = repository.commit({}, "first")
    second = repository.commit({}, "second")
    third = repository.commit({}, "third")
    repository.git("replace", second, first)
    (repository.folder / ".git" / "info").mkdir(exist_ok=True)
    (repository.folder / ".git" / "info" / "grafts").write_text(f"{third}\n")
    history = opened(repository)
    assert history.commits([second])[second].subject == "second"
    assert history.reachable(third, [first, second]) == {first, second}


def test_moment_of_commit_is_aware(repository):
    sha = repository.commit({}, "x", date=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert opened(repository).commits([sha])[sha].committed == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_witness_is_nobody(repository):
    repository.commit({}, "x")
    assert opened(repository).witness("x", ("*",)) is None


# -- what is found by the catalogue of the history -------------------------------------------------


def test_of_several_commits_with_an_abbreviation_one_that_a_ref_reaches_comes_first(repository):
    first = repository.commit({}, "0")
    tree = repository.parse("HEAD^{tree}")
    number = 0
    stamp = "alice <alice@example.org> 1756728000 +0000"
    name = ""
    while not name.startswith(first[:4]):
        number += 1
        raw = f"tree {tree}\nauthor {stamp}\ncommitter {stamp}\n\n{number}\n".encode()
        name = hashlib.sha1(b"commit %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
    assert repository.raw_commit(raw) == name
    assert opened(repository).resolve([first[:4]])[first[:4]] == Resolution(sha=first)
    repository.ref("refs/heads/other", name)
    both = Resolution(candidates=tuple(sorted((first, name))))
    assert opened(repository).resolve([first[:4]])[first[:4]] == both
    # and where no ref reaches either of them, git's word is all there is
    repository.git("checkout", "-q", "--orphan", "new")
    repository.commit({}, "elsewhere")
    for branch in ("main", "other"):
        repository.git("branch", "-D", branch)
    assert opened(repository).resolve([first[:4]])[first[:4]] == both


def test_twins_have_author_date_and_subject_alike(repository):
    when = START + timedelta(days=1)
    old = repository.commit({"a": "1"}, "fix: it (#1)", date=when)
    repository.git("checkout", "-q", "--orphan", "rewritten")
    twin = repository.commit({"a": "1", "b": "1"}, "fix: it (#1)\n\nwith a body", date=when)
    by_another = repository.commit({}, "fix: it (#1)", date=when, author="bob <bob@example.org>")
    other_mail = repository.commit({}, "fix: it (#1)", date=when, author="alice <alice@example.com>")
    repository.commit({}, "fix: it (#2)", date=when)
    repository.commit({}, "fix: it (#1)", date=when + timedelta(seconds=1))
    again = repository.commit({"c": "1"}, "fix:  it (#1)", date=when)
    repository.git("branch", "-D", "main")
    history = opened(repository, branch="rewritten")
    found = history.twins([old, twin, by_another, other_mail, "0" * 40])
    assert {sha: [each.sha for each in twins] for sha, twins in found.items()} == {
        old: sorted([twin, again]),
        twin: [again],
        by_another: [],
        other_mail: [],
    }


def test_numbered(repository):
    squash = repository.commit({}, "feat: one (#12)")
    repository.branch("side")
    repository.commit({}, "only on the side (#12)")
    repository.checkout("main")
    revert = repository.commit({}, 'Revert "feat: one (#12)" (#15)')
    both = repository.commit({}, "two at once (#3) (#12)")
    merge = repository.merge("side", "Merge pull request #7 from alice/side\n\nCloses #99")
    repository.commit({}, "see #8, merge pull request #9 from (#10) bob")
    repository.commit({}, "Merge pull request #11 into main")
    history = opened(repository)
    found = history.numbered(range(1, 100), repository.head())
    assert {number: [commit.sha for commit in commits][-2:] for number, commits in found.items() if commits} == {
        12: [repository.parse("side"), squash],
        15: [revert],
        3: [both],
        7: [merge],
    }
    assert [commit.sha for commit in history.numbered([12], both)[12]] == [both, squash]


def test_heads(repository):
    base = repository.commit({"a": "1"}, "base")
    repository.branch("long")
    first = repository.commit({"b": "1"}, "first")
    repository.branch("short")
    repository.ref("refs/pull/5/head", first)
    repository.ref("refs/remotes/origin/pull/5", first)
    repository.ref("refs/remotes/origin/pull/6/head", first)
    repository.ref("refs/pull/7/merge", first)
    repository.ref("refs/tags/v1", first)
    repository.checkout("long")
    for number in range(3):
        second = repository.commit({}, str(number))
    repository.ref("refs/remotes/origin/feature/x", second)
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/feature/x")
    repository.checkout("main")
    tip = repository.commit({"c": "1"}, "main goes on")
    history = opened(repository, branch="main")
    found = history.heads([first, second, base, tip, "0" * 40], tip)
    assert [(head.name, head.number) for head in found[first]] == [
        ("pull/5/head", 5),
        ("origin/pull/6/head", 6),
        ("short", None),
        ("long", None),
        ("origin/feature/x", None),
    ]
    assert [head.name for head in found[second]] == ["long", "origin/feature/x"]
    assert {head.sha for head in found[first][:3]} == {first}
    assert [found[sha] for sha in (base, tip, "0" * 40)] == [(), (), ()]
    # what landed is no way to anything any more
    repository.merge("short")
    merged = repository.head()
    assert opened(repository, branch="main").heads([first], merged)[first] == ()


def test_bases_of_branches_merged_crosswise(repository):
    repository.commit({}, "base")
    repository.branch("one")
    one = repository.commit({"a": "1"}, "one")
    repository.branch("other", "main")
    other = repository.commit({"b": "1"}, "other")
    repository.merge("one")
    last = repository.head()
    repository.checkout("one")
    repository.merge(other)
    history = opened(repository)
    crossed = tuple(sorted((one, other)))
    assert history.bases(repository.head(), last) == crossed
    assert history.bases(one, last) == (one,)
    assert history.bases(last, last) == (last,)
    repository.git("checkout", "-q", "--orphan", "new")
    alone = repository.commit({}, "alone")
    assert opened(repository).bases(alone, last) == ()


def test_what_no_ref_reaches_has_bases_and_heads_too(repository):
    base = repository.commit({"a": "1"}, "base")
    repository.branch("side")
    repository.commit({"b": "1"}, "one")
    lost = repository.commit({"b": "2"}, "two")
    repository.checkout("main")
    tip = repository.commit({"c": "1"}, "main")
    repository.git("branch", "-D", "side")
    repository.branch("short", base)
    short = repository.commit({}, "short")
    history = opened(repository, branch="main")
    assert history.bases(lost, tip) == (base,)
    assert history.heads([short], lost)[short][0].name == "short"
    assert history.reachable(lost, [base, tip]) == {base}
    with pytest.raises(CouldNotLook):
        history.bases("0" * 40, tip)


def test_touching(repository):
    first = repository.commit({"a": "1", "d/b": "1"}, "first")
    repository.branch("side")
    side = repository.commit({"d/b": "2"}, "side")
    repository.checkout("main")
    second = repository.commit({"a": "2"}, "second")
    merge = repository.merge("side")
    odd = repository.commit({"*": "1", "line\nbreak": "1", "ü": "1"}, "odd names")
    gone = repository.commit({"d/b": None}, "gone")
    history = opened(repository)
    tip = repository.head()
    assert history.touching(["a"], tip, []) == (merge, second, first)
    assert set(history.touching(["d"], tip, [])) == {gone, merge, side, first}
    assert set(history.touching(["./d/b", "a"], tip, [second])) == {gone, merge, side}
    assert history.touching(["*"], tip, []) == (odd,)
    assert history.touching(["line\nbreak"], tip, []) == (odd,)
    assert history.touching(["line\nbreak", "a"], tip, [merge]) == (odd,)
    assert history.touching(["ü"], tip, ["0" * 40]) == (odd,)
    assert history.touching(["", "/etc/passwd", "../x", "no/such", ":(glob)**", "-a"], tip, []) == ()
    assert history.touching([], tip, []) == ()
    with pytest.raises(CouldNotLook):
        history.touching(["a"], "0" * 40, [])


def test_touching_finds_a_merge_whose_other_parent_has_the_change(repository):
    """Against what is before the range git compares nothing, so that it leaves such a merge out."""
    repository.commit({"a": "1"}, "first")
    repository.branch("side")
    early = repository.commit({"a": "2"}, "before the range")
    repository.commit({"b": "1"}, "in the range")
    repository.checkout("main")
    since = repository.commit({"c": "1"}, "main")
    merge = repository.merge("side")
    assert opened(repository).touching(["a"], merge, [since, early]) == (merge,)


@pytest.mark.parametrize("seed", range(12))
def test_bases_heads_and_touching_are_what_git_says(tmp_path, seed):
    growing = Growing(tmp_path / "repo", seed, long_ids=seed % 4 == 0)
    growing.grow(60)
    if seed % 2:
        growing.odd_refs()
        growing.lose()
    history, stand = open_history(growing.folder)
    chance = growing.random
    tip = stand.sha

    def below(*shas: str) -> set[str]:
        return set(growing.git("rev-list", *shas).split()) if shas else set()

    on = below(tip)
    pairs = [(chance.choice(growing.shas), chance.choice([tip, tip, *growing.shas])) for _ in range(15)]
    for way in ("painted", "met"):
        for one, other in pairs:
            assert history.bases(one, other) == history.bases(other, one) == merge_bases(growing, one, other), way
        history.heads([], tip)
        history._graph_with(tip).among(tip, [])
    found = history.heads(growing.shas, tip)
    ways = {
        name: below(sha) - on
        for name, sha in growing.refs().items()
        if not name.startswith("refs/tags/") and sha not in on
    }
    for sha in growing.shas:
        names = [
            next(f"refs/{at}{head.name}" for at in PLACES if f"refs/{at}{head.name}" in ways) for head in found[sha]
        ]
        assert sorted(names) == sorted(name for name, way in ways.items() if sha in way)
        assert [len(ways[name]) for name in names] == sorted(len(ways[name]) for name in names)
    refs = growing.refs()
    sizes = history._graph_with().reaching([refs[name] for name in ways], tip, growing.shas)
    assert {each for listed in sizes.values() for each in listed} == {
        (len(way), place) for place, way in enumerate(ways.values())
    }
    for paths in (["a"], ["d"], ["d/c", "odd name"], ["nothing"]):
        for since in ([], chance.sample(growing.shas, 1), chance.sample(growing.shas, 2)):
            wanted = {sha for sha in on - below(*since) if changes_one(growing, sha, paths)}
            assert wanted <= set(history.touching(paths, tip, since)) <= on


PLACES = ("heads/", "remotes/", "")


def merge_bases(growing, one: str, other: str) -> tuple[str, ...]:
    done = subprocess.run(
        ["git", "merge-base", "--all", one, other], cwd=growing.folder, capture_output=True, check=False
    )
    return tuple(sorted(done.stdout.decode().split()))


def changes_one(growing, sha: str, paths: list[str]) -> bool:
    parents = growing.git("rev-list", "--parents", "-1", sha).split()[1:2]
    return bool(growing.git("diff-tree", "--root", "-r", "--name-only", "--no-commit-id", *parents, sha, "--", *paths))
