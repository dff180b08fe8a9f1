"""What became of paths, and every version that files had."""

from __future__ import annotations

import pytest
from repositories import Repository

from triage.errors import CouldNotLook
from triage.git import open_history
from triage.git.past import prefixes
from triage.model import PathHistory

LINES = "".join(f"line {number}\n" for number in range(40))


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


def became(folder, path):
    history, stand = open_history(getattr(folder, "folder", folder))
    return history.path_history(path, stand.sha)


def test_never_existed(repository):
    repository.commit({"a": "1"}, "1")
    for path in ("b", "a/b", "*", ":(glob)**", "--all", "", "../a", "a\0b", "/"):
        assert became(repository, path) == PathHistory(), path


def test_removed(repository):
    repository.commit({"a": LINES, "b": "1"}, "1")
    gone = repository.commit({"a": None}, "2")
    repository.commit({"b": "2"}, "3")
    assert became(repository, "a") == PathHistory(existed=True, removed_by=gone)
    assert became(repository, "./a/") == PathHistory(existed=True, removed_by=gone)


def test_removed_again_is_the_last_removal(repository):
    repository.commit({"a": LINES}, "1")
    repository.commit({"a": None}, "2")
    repository.commit({"a": "other"}, "3")
    gone = repository.commit({"a": None}, "4")
    assert became(repository, "a").removed_by == gone


def test_renamed_over_several_hops_with_changes(repository):
    repository.commit({"a": LINES}, "1")
    repository.git("mv", "a", "b")
    repository.commit({"b": LINES + "more\n"}, "2")
    (repository.folder / "d").mkdir()
    repository.git("mv", "b", "d/c")
    last = repository.commit({"d/c": LINES + "more\nand more\n"}, "3")
    assert became(repository, "a") == PathHistory(moved_to="d/c", how=f"renamed in {last[:9]}", existed=True)


def test_renamed_and_then_removed(repository):
    repository.commit({"a": LINES}, "1")
    repository.move("a", "b")
    gone = repository.commit({"b": None}, "3")
    assert became(repository, "a") == PathHistory(existed=True, removed_by=gone)


def test_same_content_elsewhere(repository):
    repository.commit({"old/a.py": LINES, "x": "1", "copy/z.py": LINES, "copy/a.py": LINES}, "1")
    repository.commit({"old/a.py": None}, "2")
    assert became(repository, "old/a.py") == PathHistory(moved_to="copy/a.py", how="same content", existed=True)


def test_the_empty_file_is_nowhere_else(repository):
    repository.commit({"a/__init__.py": "", "b/__init__.py": ""}, "1")
    gone = repository.commit({"a/__init__.py": None}, "2")
    assert became(repository, "a/__init__.py") == PathHistory(existed=True, removed_by=gone)


def test_folder_moved_and_folder_removed(repository):
    files = {f"old/{name}.py": LINES + name for name in ("a", "b", "sub/c")}
    repository.commit({**files, "x/1": "one", "x/2": "two", "x/3": "three"}, "1")
    moved = repository.move("old", "lib/new")
    gone = repository.commit({"x": None, "other/1": "one"}, "3")
    assert became(repository, "old/") == PathHistory(moved_to="lib/new", how=f"renamed in {moved[:9]}", existed=True)
    assert became(repository, "x") == PathHistory(existed=True, removed_by=gone)


def test_removed_on_a_side_branch_before_it_was_merged(repository):
    repository.commit({"a": "1"}, "1")
    repository.branch("side")
    repository.commit({"brief": LINES}, "2")
    gone = repository.commit({"brief": None}, "3")
    repository.checkout("main")
    repository.commit({"b": "1"}, "4")
    repository.merge("side")
    assert became(repository, "brief") == PathHistory(existed=True, removed_by=gone)


def test_renamed_by_a_merge(repository):
    repository.commit({"a": LINES}, "1")
    repository.branch("side")
    repository.commit({"s": "1"}, "2")
    repository.checkout("main")
    repository.commit({"m": "1"}, "3")
    repository.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repository.git("mv", "a", "b")
    merge = repository.commit({}, "merge and move")
    assert became(repository, "a") == PathHistory(moved_to="b", how=f"renamed in {merge[:9]}", existed=True)


def test_G7_a_shallow_clone_does_not_say_never(tmp_path, repository):
    repository.commit({"a": LINES}, "1")
    repository.commit({"a": None, "b": "1"}, "2")
    repository.commit({"c": LINES}, "3")
    gone = repository.commit({"c": None}, "4")
    clone = repository.clone(tmp_path / "shallow", "--depth", "2")
    with pytest.raises(CouldNotLook) as caught:
        became(clone, "a")
    assert "--unshallow" in caught.value.hint
    assert became(clone, "c").removed_by == gone


def test_G7_missing_objects_do_not_say_never(repository):
    repository.commit({"d/a": LINES}, "1")
    two = repository.commit({"d/b": "1"}, "2")
    repository.commit({"d/a": None}, "3")
    repository.remove_object(repository.parse(f"{two}:d"))
    for path in ("d/a", "d/nothing"):
        with pytest.raises(CouldNotLook):
            became(repository, path)


def listed(repository, *globs):
    history, stand = open_history(repository.folder)
    return list(history.past_blobs(globs, stand.sha))


def test_past_blobs(repository):
    one = repository.commit({"src/a.py": "1", "src/a.txt": "t", "other/a.py": "o"}, "1")
    two = repository.commit({"src/a.py": "2"}, "2")
    repository.commit({"src/a.py": "1"}, "back")
    repository.commit({"src/a.py": None}, "gone")
    first, second = repository.parse(f"{one}:src/a.py"), repository.parse(f"{two}:src/a.py")
    found = listed(repository, "src/**/*.py")
    assert [(path, blob) for _, path, blob in found] == [("src/a.py", first), ("src/a.py", second)]
    assert found[1][0] == two
    assert {path for _, path, _ in listed(repository, "*.py")} == {"src/a.py", "other/a.py"}
    assert {path for _, path, _ in listed(repository, "*", "!src/**")} == {"other/a.py"}
    assert listed(repository, "nowhere/*.py") == []


def test_past_blobs_of_side_branches_and_merges(repository):
    repository.commit({"a": "0"}, "1")
    repository.branch("side")
    side = repository.commit({"a": "side"}, "2")
    repository.commit({"a": "0"}, "3")
    repository.checkout("main")
    repository.commit({"m": "1"}, "4")
    repository.git("merge", "-q", "--no-ff", "--no-commit", "side")
    merge = repository.commit({"a": "only in the merge"}, "merge")
    found = {blob: commit for commit, _, blob in listed(repository, "/a")}
    assert found[repository.parse(f"{side}:a")] == side
    assert found[repository.parse(f"{merge}:a")] == merge


def test_past_blobs_of_a_side_branch_that_left_no_trace(repository):
    repository.commit({"a": "0"}, "1")
    repository.branch("side")
    side = repository.commit({"a": "side"}, "2")
    repository.commit({"a": "0"}, "3")
    repository.checkout("main")
    repository.commit({"m": "1"}, "4")
    repository.merge("side")
    assert side in {commit for commit, _, _ in listed(repository, "/a")}


def test_past_blobs_with_a_lost_tree(repository):
    repository.commit({"d/a": "1"}, "1")
    two = repository.commit({"d/a": "2"}, "2")
    repository.commit({"d/a": "3"}, "3")
    repository.remove_object(repository.parse(f"{two}:d"))
    with pytest.raises(CouldNotLook):
        listed(repository, "d/*")


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (("src/**/*.py",), ["src"]),
        (("/a/b.py", "a/c/"), ["a/b.py", "a/c"]),
        (("*.py", "src/x.py"), []),
        (("src/x.py", "!src/y.py"), ["src/x.py"]),
        (("**/x.py",), []),
        (("a\\*b/c",), []),
        (("/top",), ["top"]),
        (("a//b",), []),
    ],
)
def test_prefixes_never_leave_out_what_a_glob_selects(globs, expected):
    assert prefixes(globs) == expected
