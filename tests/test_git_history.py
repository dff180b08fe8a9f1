"""Reading a history: every method in both truths, on real repositories."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
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
