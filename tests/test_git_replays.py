"""Questions that need a diff's content, a merge or documents: asked in a repository of our own, over the clone's objects."""

from __future__ import annotations

import gc
import random
import shutil
import subprocess

import pytest
from repositories import Repository, run_git

from triage.errors import CouldNotLook
from triage.git import GitHistory, open_history, patches, scratch
from triage.git.process import Git
from triage.model import Change, CloneState, Mention, Replay

LINES = "".join(f"line {number}\n" for number in range(60))


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


def opened(place):
    return open_history(getattr(place, "folder", place))[0]


def edited(*changes, text=LINES):
    for old, new in changes:
        assert f"{old}\n" in text
        text = text.replace(f"{old}\n", f"{new}\n" if new is not None else "", 1)
    return text


def listing(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*") if path.is_file()}


class Picked:
    """A change, and the same one done again where the file around it is another."""

    def __init__(self, repository):
        self.base = repository.commit({"a": LINES, "b": "b\n"}, "base")
        repository.branch("topic")
        self.change = repository.commit({"a": edited(("line 30", "fixed"))}, "fix")
        repository.checkout("main")
        self.onto = repository.commit({"a": "one more\n" * 9 + LINES, "c": "c\n"}, "other work")
        self.result = repository.cherry_pick("topic")
        self.replay = Replay(self.base, self.change, self.onto, self.result)

    def asked(self, history):
        assert history.replays([self.replay]) == {self.replay: True}
        found = history.patches([self.change, self.result, self.onto])
        assert found[self.change] == found[self.result] != found[self.onto]
        assert history.differences([(self.base, self.change)])[self.base, self.change][0].path == "a"


# -- the repository of our own --


@pytest.mark.parametrize("name", ["plain", "a:b", 'qu"ote', "back\\slash", "é \udcff", "#x", '"quoted"'])
@pytest.mark.parametrize("long_ids", [False, True])
def test_a_clone_may_lie_in_a_folder_of_any_name(tmp_path, name, long_ids):
    repository = Repository(tmp_path / name / "repo", long_ids=long_ids)
    Picked(repository).asked(opened(repository))


@pytest.mark.parametrize("kind", ["bare", "reference", "relative", "worktree", "linked"])
def test_the_objects_are_found_wherever_a_clone_has_them(tmp_path, repository, kind):
    picked = Picked(repository)
    place = tmp_path / "place"
    if kind == "bare":
        repository.clone(place, "--bare")
    elif kind == "reference":
        repository.clone(place, "--reference", str(repository.folder))
        assert not any((place / ".git" / "objects").rglob("*.pack"))
    elif kind == "relative":
        shutil.copytree(repository.folder, place)
        shutil.rmtree(place / ".git" / "objects")
        (place / ".git" / "objects" / "info").mkdir(parents=True)
        (place / ".git" / "objects" / "info" / "alternates").write_text("../../../repo/.git/objects\n")
    elif kind == "worktree":
        repository.git("worktree", "add", "-q", "--detach", str(place))
    else:
        place.symlink_to(repository.folder)
    picked.asked(opened(place))


def test_a_folder_may_even_have_a_line_break_in_its_name(tmp_path):
    repository = Repository(tmp_path / "new\nline" / "repo")
    picked = Picked(repository)
    git = Git(repository.folder / ".git")
    picked.asked(GitHistory(git, {"refs/heads/main": picked.result}, CloneState("clone", None)))


def test_nothing_is_written_into_the_clone_and_nothing_left_behind(tmp_path, repository, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    picked = Picked(repository)
    repository.commit({"d.md": f"{picked.change}\n"}, "documents")
    before = listing(repository.folder)
    history = opened(repository)
    assert list(own.iterdir()) == []
    picked.asked(history)
    picked.asked(history)
    assert history.mentions([picked.change], repository.head())[picked.change]
    assert listing(repository.folder) == before
    assert len(list(own.iterdir())) == 1
    del history
    gc.collect()
    assert list(own.iterdir()) == []


def test_no_room_for_it_is_no_answer(tmp_path, repository, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    picked = Picked(repository)
    history = opened(repository)
    for ask in (lambda: history.patches([picked.change]), lambda: history.replays([picked.replay])):
        with pytest.raises(CouldNotLook, match="a folder to work in"):
            ask()


# -- differences --


def test_differences_lead_from_the_first_to_the_second(repository):
    one = repository.commit({"a": "1", "d/b": "1"}, "one")
    two = repository.commit({"a": "2", "d/c": "1", "d/b": None}, "two")
    three = repository.commit({"a": "1", "d/c": None, "d/b": "1"}, "three")
    history = opened(repository)
    blob = {text: repository.blob(text.encode()) for text in "12"}
    found = history.differences([(one, two), (two, one), (three, two), (one, three), (one, one), (one, two)])
    assert found[one, two] == (
        Change("a", blob["1"], blob["2"]),
        Change("d/b", blob["1"], None),
        Change("d/c", None, blob["1"]),
    )
    assert found[two, one] == tuple(Change(path, after, before) for path, before, after, _ in found[one, two])
    assert found[three, two] == found[one, two]
    assert found[one, three] == found[one, one] == ()
    assert len(found) == 5
    assert history.differences([]) == {}


def test_G7_a_difference_with_a_missing_tree_is_left_out_and_the_others_are_not(repository):
    one = repository.commit({"a": "1", "d/e/f": "1"}, "one")
    two = repository.commit({"d/e/f": "2"}, "two")
    three = repository.commit({"a": "3"}, "three")
    four = repository.commit({"d/e/f": "4"}, "four")
    repository.remove_object(repository.parse(f"{two}:d/e"))
    history = opened(repository)
    missing = "0" * 39 + "1"
    found = history.differences([(one, two), (one, four), (three, four), (two, three), (missing, one), (four, one)])
    assert set(found) == {(one, four), (two, three), (four, one)}
    repository.remove_object(repository.parse(f"{one}^{{tree}}"))
    assert set(opened(repository).differences([(one, four), (two, three), (four, one)])) == {(two, three)}


# -- patches --


def digests(repository, *shas):
    found = opened(repository).patches(shas)
    return [found[sha] for sha in shas]


def again(repository, files, before=None):
    """Commit the files over what they were `before`, on a root of their own."""
    repository.git("checkout", "-q", "--orphan", f"o{random.random()}")  # noqa: S311 - a name
    repository.git("rm", "-rqf", "--ignore-unmatch", ".")
    repository.commit(before or {}, "before")
    return repository.commit(files, "after")


def test_where_in_a_file_a_change_stands_does_not_count(repository):
    one = again(repository, {"a": edited(("line 30", "fixed"))}, {"a": LINES})
    two = again(repository, {"a": "x\n" * 200 + edited(("line 30", "fixed"))}, {"a": "x\n" * 200 + LINES})
    assert len(set(digests(repository, one, two))) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (({"a": "x y\n"}, {"a": "1\n"}), ({"a": "xy\n"}, {"a": "1\n"})),
        (({"a": "\tx\n"}, {"a": "1\n"}), ({"a": "    x\n"}, {"a": "1\n"})),
        (({"a": "x\r\n"}, {"a": "1\n"}), ({"a": "x\n"}, {"a": "1\n"})),
        (({"a": "x"}, {"a": "1\n"}), ({"a": "x\n"}, {"a": "1\n"})),
        (({"a": "x\n"}, {"a": "1"}), ({"a": "x\n"}, {"a": "1\n"})),
        (({"a": "x\n"}, {"a": "1\n"}), ({"b": "x\n"}, {"b": "1\n"})),
        (({"a": "x\n"}, {"a": "1\n"}), ({"a ": "x\n"}, {"a ": "1\n"})),
        (({"a": "x\n"}, {"a": "1\n"}), ({"a\n": "x\n"}, {"a\n": "1\n"})),
        (({"a": b"\0x"}, {"a": b"\0y"}), ({"a": b"\0z"}, {"a": b"\0y"})),
        (({"a": b"\0x"}, {"a": b"\0y"}), ({"a": b"\0x"}, {"a": b"\0z"})),
        (({"a": b"\0x"}, {}), ({"a": b"\0z"}, {})),
        (({"a": b""}, {}), ({"b": b""}, {})),
        (
            ({"a": edited(("line 30", "x"))}, {"a": LINES}),
            ({"a": edited(("line 30", "x"), ("line 28", "y"))}, {"a": edited(("line 28", "y"))}),
        ),
        (
            ({"a": edited(("line 9", "x"), ("line 50", "y"))}, {"a": LINES}),
            ({"a": edited(("line 9", "y"), ("line 50", "x"))}, {"a": LINES}),
        ),
    ],
)
def test_what_a_change_does_counts_to_the_last_byte(repository, one, two):
    found = digests(repository, again(repository, *one), again(repository, *two))
    assert len(set(found)) == 2
    assert "" not in found


@pytest.mark.parametrize("before", [b"1\n", b"\0binary"])
def test_modes_links_and_submodules_count(repository, before):
    def staged(mode, sha):
        base = again(repository, {}, {"a": before})
        repository.git("update-index", "--add", "--cacheinfo", f"{mode},{sha},a")
        repository.git("commit", "-qm", f"{mode}")
        sha = repository.head()
        repository.git("update-index", "--force-remove", "a")
        assert sha != base
        return sha

    blob = repository.blob(b"other")
    shas = [staged(mode, blob) for mode in ("100644", "100755", "120000")]
    shas += [staged("160000", "1" * 40), staged("160000", "2" * 40), staged("100755", repository.blob(before))]
    assert len(set(digests(repository, *shas))) == len(shas)


def test_lines_that_look_like_git_s_own_are_content(repository):
    text = "index 1..2\n@@ -1 +1 @@\nBinary files a and b differ\n" + "1" * 40 + "\ndiff --git a/a b/a\n"
    tricks = {
        "-- a/x\n++ b/x\n": "@@ -1,1 +1,1 @@\n",
        text: text.replace("1", "3"),
        "x\0": "",
        "a\n": f"{'a' * 8000}\0{text}",
    }
    shas = [again(repository, {"a": after}, {"a": before}) for before, after in tricks.items()]
    shas += [again(repository, {"a": before}, {"a": after}) for before, after in tricks.items()]
    found = digests(repository, *shas)
    assert len(set(found)) == len(shas)
    assert digests(repository, *reversed(shas)) == found[::-1]


def test_nothing_changed_is_an_empty_digest_and_a_merge_is_what_it_brought(repository):
    root = repository.commit({"a": LINES}, "root")
    empty = repository.commit({}, "empty")
    repository.branch("side")
    side = repository.commit({"b": "1\n"}, "side")
    repository.checkout("main")
    repository.commit({"c": "1\n"}, "main")
    merge = repository.merge("side")
    found = opened(repository).patches([root, empty, side, merge, "0" * 39 + "1"])
    assert found[empty] == ""
    assert found[merge] == found[side]
    assert set(found) == {root, empty, side, merge}


@pytest.mark.parametrize("batch", [500, 2])
def test_G7_what_cannot_be_read_is_left_out_and_the_others_are_not(repository, monkeypatch, batch):
    monkeypatch.setattr(patches, "_BATCH", batch)
    shas = [repository.commit({"a": f"{number}\n", "d/b": f"{number}\n" * 2}, str(number)) for number in range(12)]
    whole = opened(repository).patches(shas)
    assert set(whole) == set(shas)
    repository.remove_object(repository.parse(f"{shas[3]}:a"))
    repository.remove_object(repository.parse(f"{shas[7]}:d"))
    lost = {3, 4, 7, 8}
    left = {sha: digest for number, (sha, digest) in enumerate(whole.items()) if number not in lost}
    assert opened(repository).patches(shas) == left
    # Damage that no look at the headers shows.
    for number, path in ((0, "a"), (5, "d/b"), (11, "a")):
        sha = repository.parse(f"{shas[number]}:{path}")
        place = repository.folder / ".git" / "objects" / sha[:2] / sha[2:]
        place.chmod(0o644)
        place.write_bytes(place.read_bytes()[:-3])
    lost |= {0, 1, 5, 6, 11}
    left = {sha: digest for number, (sha, digest) in enumerate(whole.items()) if number not in lost}
    assert opened(repository).patches(shas) == left


def test_a_diff_that_is_too_large_is_left_out(repository, monkeypatch):
    monkeypatch.setattr(patches, "_LARGEST", 10_000)
    small = repository.commit({"a": "x\n" * 100}, "small")
    large = repository.commit({"b": "x\n" * 500_000}, "large")
    just = repository.commit({"c": "x" * 9_000}, "just")
    last = repository.commit({"d": "x\n" * 500_000}, "last")
    assert set(opened(repository).patches([small, large, just, last])) == {small, just}
    assert set(opened(repository).patches([large, small])) == {small}


def test_settings_and_attributes_of_the_clone_change_no_digest(repository):
    shas = [repository.commit({"a.txt": edited((f"line {n}", "x")), "b": b"\0"}, str(n)) for n in (3, 30)]
    before = opened(repository).patches(shas)
    (repository.folder / ".git" / "info" / "attributes").write_text("*.txt binary\nb diff\n")
    repository.commit({".gitattributes": "* -diff\n"}, "attributes")
    for key, value in {"diff.context": "0", "diff.algorithm": "patience", "diff.noprefix": "true"}.items():
        repository.git("config", key, value)
    assert opened(repository).patches(shas) == before


@pytest.mark.parametrize("seed", range(6))
def test_G9_equal_digests_are_equal_patch_ids(repository, seed):
    """And what is picked onto a file that has moved its lines has the digest of what it was picked from."""
    chance = random.Random(seed)  # noqa: S311 - the same histories every time
    repository.commit(dict.fromkeys(("a", "b", "d/c"), LINES), "root")
    repository.branch("other")
    repository.commit(dict.fromkeys(("a", "b", "d/c"), "head\n" * 7 + LINES), "moved")
    pairs = []
    for number in range(12):
        repository.checkout("main")
        changed = {}
        for name in chance.sample(["a", "b", "d/c"], chance.randint(1, 2)):
            lines = (repository.folder / name).read_text().splitlines(keepends=True)
            at = chance.randrange(5, len(lines) - 5)
            lines[at : at + chance.randint(0, 2)] = chance.sample(["x\n", " x\n", "x \n", "\tx\n", f"{number}\n"], 2)
            changed[name] = "".join(lines)
        change = repository.commit(changed, str(number))
        repository.checkout("other")
        pairs.append((change, repository.cherry_pick(change)))
    shas = [sha for pair in pairs for sha in pair]
    found = opened(repository).patches(shas)
    assert all(found[one] == found[other] != "" for one, other in pairs)
    listed = run_git(repository.folder, "diff-tree", "-p", "--stdin", data="\n".join(shas).encode() + b"\n")
    told = run_git(repository.folder, "patch-id", "--stable", data=listed).decode().split()
    ids = dict(zip(told[1::2], told[::2], strict=True))
    by_digest = {}
    for sha in shas:
        by_digest.setdefault(found[sha], set()).add(ids[sha])
    assert all(len(same) == 1 for same in by_digest.values())


# -- replays --


def test_a_change_done_again_is_its_result_and_no_other(repository):
    picked = Picked(repository)
    base, change, onto, result = picked.replay
    more = repository.commit({"c": "more\n"}, "more")
    asked = {
        picked.replay: True,
        Replay(base, change, onto, more): False,
        Replay(base, change, onto, change): False,
        Replay(onto, result, base, change): True,
        Replay(base, onto, change, result): True,
        Replay(base, change, base, change): True,
    }
    history = opened(repository)
    assert history.replays(asked) == asked
    assert history.replays([]) == {}


def test_what_would_say_nothing_is_left_out(repository):
    picked = Picked(repository)
    base, change, onto, result = picked.replay
    same = repository.commit({}, "the same tree")
    history = opened(repository)
    nothing = [Replay(base, base, onto, onto), Replay(base, change, onto, onto), Replay(base, base, onto, result)]
    nothing += [Replay(result, same, onto, result), Replay(onto, result, result, same)]
    assert history.replays([*nothing, picked.replay]) == {picked.replay: True}


def test_a_conflict_is_not_the_result_however_it_was_solved(repository):
    base = repository.commit({"a": LINES}, "base")
    repository.branch("topic")
    change = repository.commit({"a": edited(("line 30", "fixed"))}, "fix")
    repository.checkout("main")
    onto = repository.commit({"a": edited(("line 30", "other"))}, "other")
    result = repository.commit({"a": edited(("line 30", "fixed"))}, "solved")
    replay = Replay(base, change, onto, result)
    good = Replay(base, change, base, change)
    assert opened(repository).replays([good, replay]) == {good: True, replay: False}
    assert list(opened(repository).replays([replay, good])) == [replay, good]


def test_renames_are_followed_as_merges_follow_them(repository):
    base = repository.commit({"old": LINES, "e": "1"}, "base")
    repository.branch("topic")
    change = repository.commit({"old": edited(("line 30", "fixed"))}, "fix")
    repository.checkout("main")
    onto = repository.move("old", "new", e="2")
    result = repository.commit({"new": edited(("line 30", "fixed"))}, "fix in its new place")
    assert opened(repository).replays([Replay(base, change, onto, result)]) == {
        Replay(base, change, onto, result): True
    }


def work(repository, chance, number):
    """Edit, rename and add files by chance, each branch on lines of its own."""
    listed = repository.git("ls-files").splitlines()
    for name in chance.sample(listed, 6):
        lines = (repository.folder / name).read_text().splitlines(keepends=True)
        lines[number * 4] = f"{chance.random()}\n"
        (repository.folder / name).write_text("".join(lines))
    repository.git("commit", "-qam", "edited")
    for name in chance.sample(listed, number // 2):
        repository.git("mv", name, f"{number}{name.replace('/', '')}")
    folder = "d"
    if number == 4:
        repository.git("mv", "d", "moved")
        folder = "moved"
    if number == 3:
        repository.git("rm", "-q", chance.choice(repository.git("ls-files").splitlines()))
    return repository.commit({f"{folder}/{number}{chance.randrange(99)}": f"{chance.random()}\n" * 9}, "added")


@pytest.mark.parametrize("seed", range(4))
def test_G9_a_merge_of_what_was_copied_is_the_merge_of_the_whole(repository, seed):
    """What is read of a clone is all that git reads for a merge, renamed files and folders included."""
    chance = random.Random(seed)  # noqa: S311 - the same histories every time
    names = [f"{folder}{number}" for folder in ("", "d/", "d/e/", "f/") for number in range(5)]
    base = repository.commit({name: "".join(f"{name} {line}\n" for line in range(24)) for name in names}, "base")
    tips = []
    for number in range(6):
        repository.branch(f"b{number}", base)
        tips.append(work(repository, chance, number))
    asked = {}
    clean = 0
    for onto in tips:
        for change in tips:
            if onto != change:
                done = subprocess.run(
                    ["git", "merge-tree", "--write-tree", "--name-only", onto, change],
                    cwd=repository.folder,
                    capture_output=True,
                    check=False,
                )
                tree = done.stdout.decode().split("\n")[0]
                result = repository.git("commit-tree", "-m", "merged", tree)
                clean += done.returncode == 0
                asked[Replay(base, change, onto, result)] = done.returncode == 0
    assert opened(repository).replays(asked) == asked
    assert 0 < clean < len(asked)


@pytest.mark.parametrize("batch", [50, 1])
@pytest.mark.parametrize("version", [(2, 39), (2, 38)])
def test_G7_a_missing_object_leaves_out_what_needs_it(repository, monkeypatch, batch, version):
    monkeypatch.setattr("triage.git.replays._BATCH", batch)
    monkeypatch.setattr("triage.git.process.Git.version", lambda _: version)
    files = {name: f"{name}\n{LINES}" for name in ("a", "b", "d/c")}
    base = repository.commit(files, "base")
    tips = []
    for name, text in files.items():
        repository.checkout(base)
        change = repository.commit({name: edited(("line 3", "x"), text=text)}, "change")
        repository.checkout(base)
        onto = repository.commit({name: edited(("line 30", "y"), text=text)}, "onto")
        result = repository.cherry_pick(change)
        tips.append(Replay(base, change, onto, result))
    missing = Replay(base, "0" * 39 + "1", base, base)
    assert opened(repository).replays([missing, *tips]) == dict.fromkeys(tips, True)
    repository.remove_object(repository.parse(f"{tips[1].onto}:b"))
    assert opened(repository).replays([missing, *tips]) == {tips[0]: True, tips[2]: True}
    repository.remove_object(repository.parse(f"{tips[2].change}:d"))
    assert opened(repository).replays(tips) == {tips[0]: True}
    repository.remove_object(repository.parse(f"{tips[0].result}^{{tree}}"))
    assert opened(repository).replays(tips) == {}


def test_G12_a_git_that_merges_no_trees_tells_nothing(repository, monkeypatch):
    picked = Picked(repository)
    monkeypatch.setattr("triage.git.process.Git.version", lambda _: (2, 37))
    assert opened(repository).replays([picked.replay]) == {}


def test_G7_a_partial_or_shallow_clone_tells_what_it_can(tmp_path, repository):
    picked = Picked(repository)
    history = opened(repository.clone(tmp_path / "partial", "--filter=blob:none"))
    assert history.replays([picked.replay]) == {}
    assert history.patches([picked.result]) == {}
    assert len(history.differences([(picked.onto, picked.result)])) == 1
    repository.checkout("main")
    shallow = opened(repository.clone(tmp_path / "shallow", "--depth=1"))
    assert shallow.patches([picked.result]) == {}
    assert shallow.replays([picked.replay]) == {}


# -- mentions --


def test_lines_of_documents_that_have_a_sha_as_a_word(repository):
    sha = "abc1234"
    tip = repository.commit(
        {
            "a.md": f"no\n`{sha}` and {sha} again\r\n\n[x](https://h/commit/{sha})",
            "d/B.TXT": "ABC1234: upper\n",
            "c.rst": f"{sha}5 x{sha} {sha}x _{sha} {sha}_ -{sha} {sha}- g{sha}\n",
            "e.adoc": f"({sha}..{sha}), “{sha}”\n",
            "code.py": f"# {sha}\n",
            "bin.md": b"\0 " + sha.encode(),
            "odd.org": b"\xff \xe9 " + sha.encode() + b"\n",
            "long.markdown": f"{sha} {'x' * 5_000}\n",
            "new\nline.md": f"{sha}\n",
        },
        "documents",
    )
    (repository.folder / "link.md").symlink_to(sha)
    repository.git("add", "link.md")
    tip = repository.commit({}, "a link")
    found = opened(repository).mentions([sha, "ABC1234", "1234567"], tip)
    assert found["1234567"] == ()
    assert found["ABC1234"] == found[sha]
    assert [place[:2] for place in found[sha]] == [
        ("a.md", 2),
        ("a.md", 4),
        ("d/B.TXT", 1),
        ("e.adoc", 1),
        ("long.markdown", 1),
        ("new\nline.md", 1),
        ("odd.org", 1),
    ]
    assert found[sha][0] == Mention("a.md", 2, f"`{sha}` and {sha} again")
    assert found[sha][-1].text == f"\ufffd \ufffd {sha}"
    assert len(found[sha][4].text) == 1_000
    assert opened(repository).mentions([], tip) == {}


def test_a_sha_that_is_none_is_not_looked_for(repository):
    tip = repository.commit({"a.md": "abcdef\n"}, "one")
    for text in ("abcdef", "main", "abc123g", "", "a" * 65, "abc1234\n"):
        with pytest.raises(CouldNotLook, match="not a SHA"):
            opened(repository).mentions([text], tip)


def test_a_document_that_cannot_be_read_makes_nothing_absent(repository):
    tip = repository.commit({"a.md": "abc1234\n", "b.md": "abc1234 def1234\n", "c.md": "fff1234\n"}, "documents")
    repository.remove_object(repository.parse(f"{tip}:b.md"))
    history = opened(repository)
    assert history.mentions(["abc1234", "def1234"], tip) == {"abc1234": (Mention("a.md", 1, "abc1234"),)}
    with pytest.raises(CouldNotLook, match=r"document b\.md is missing"):
        history.mentions(["def1234"], tip)


def test_five_thousand_at_once_are_one_pass(repository, monkeypatch):
    words = [f"{number:07x}" for number in range(5_000)]
    tip = repository.commit({f"{n}.md": "\n".join(words[n::50]) for n in range(50)}, "documents")
    history = opened(repository)
    history.tree(tip)
    started = []
    start = Git._start
    monkeypatch.setattr(Git, "_start", lambda *command, **more: started.append(command) or start(*command, **more))
    found = history.mentions(words, tip)
    assert len(started) <= 1
    assert all(len(places) == 1 for places in found.values())


def test_the_scratch_repository_is_made_once(repository):
    repository.commit({}, "one")
    history = opened(repository)
    assert scratch.scratch_of(history.git) is scratch.scratch_of(history.git)
    assert scratch.scratch_of(history.git) is not scratch.scratch_of(opened(repository).git)
