"""How much of a change is left later: moved, reworked, undone, and what cannot be told."""

from __future__ import annotations

from fractions import Fraction

import pytest
from middle import history_of
from repositories import Repository

from triage.errors import CouldNotLook
from triage.landing.survival import survival

LINES = "".join(f"line {number} of the door\n" for number in range(9))
"""Nine lines that say something."""


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repo")
    made.commit({"README.md": "hello\n", "old.py": "before = 1\n"}, "docs: say hello")
    return made


def left(repository, sha, at=None):
    """Return what is left of a commit's change at another, the branch's newest by default."""
    history = history_of(repository)
    return survival(history, history.commit(sha), at or repository.head())


def test_what_nobody_touched_is_all_there(repository):
    fix = repository.commit({"door.py": LINES, "old.py": "after = 1\n"}, "fix: door")
    repository.commit({"other.py": "1\n"})
    assert left(repository, fix) == (2, 2, 0, Fraction(1), 0)


def test_what_is_again_as_before_is_undone(repository):
    fix = repository.commit({"door.py": LINES, "old.py": "after = 1\n"}, "fix: door")
    repository.commit({"door.py": None, "old.py": "before = 1\n"}, "tidy up")
    assert left(repository, fix) == (2, 0, 2, Fraction(0), 0)


def test_a_moved_file_is_all_there_and_a_deleted_one_is_not(repository):
    fix = repository.commit({"door.py": LINES}, "fix: door")
    repository.move("door.py", "src/entrance.py")
    assert left(repository, fix) == (1, 1, 0, Fraction(1), 1)
    gone = repository.commit({"src/entrance.py": None}, "drop it")
    assert left(repository, fix, gone).share == 0


def test_a_file_moved_and_reworked_in_one_commit_counts_by_its_lines(repository):
    fix = repository.commit({"door.py": LINES}, "fix: door")
    repository.commit({"door.py": None, "src/door.py": LINES.replace("line 0", "row 0")}, "move it")
    assert left(repository, fix)[3:] == (Fraction(8, 9), 1)


def test_a_file_renamed_and_reworked_in_one_commit_is_found_by_its_lines(repository):
    fix = repository.commit({"door.py": LINES}, "fix: door")
    repository.commit({"door.py": None, "src/entrance.py": LINES.replace("line 0", "row 0")}, "rename it")
    assert left(repository, fix)[3:] == (Fraction(8, 9), 1)
    repository.commit({"src/entrance.py": "".join(LINES.splitlines(keepends=True)[:4])}, "half of it")
    assert left(repository, fix)[3:] == (Fraction(0), 0)


@pytest.mark.parametrize("kept", range(10))
def test_reworked_lines_are_counted(repository, kept):
    fix = repository.commit({"door.py": LINES}, "fix: door")
    lines = LINES.splitlines(keepends=True)
    repository.commit({"door.py": "".join(lines[:kept]) + "another = 1\n"}, "rework")
    assert left(repository, fix).share == Fraction(kept, 9)


def test_a_removal_survives_while_what_it_removed_stays_away(repository):
    repository.commit({"old.py": LINES}, "more")
    fix = repository.commit({"old.py": LINES.replace("line 3 of the door\n", "")}, "fix: no line 3")
    repository.commit({"old.py": LINES.replace("line 3 of the door\n", "") + "more\n"}, "more")
    assert left(repository, fix).share == 1
    repository.commit({"old.py": LINES + "more\n"}, "line 3 is back")
    assert left(repository, fix).share == 0


def test_lines_that_were_there_before_do_not_count(repository):
    repository.commit({"door.py": "    return x\n}\n"}, "first")
    fix = repository.commit({"door.py": "    return x\n}\n    return x\n}\n}\n"}, "fix: another")
    repository.commit({"door.py": "    return x\n}\n}\n}\nother\n"}, "take it out")
    assert left(repository, fix).share == 0


def test_white_space_and_binary_files_count_as_they_are(repository):
    fix = repository.commit({"old.py": "    before = 1\n", "image.png": b"\0one"}, "fix: indent")
    assert left(repository, fix).share == 1
    repository.commit({"image.png": b"\0two"}, "another image")
    assert left(repository, fix) == (2, 1, 0, Fraction(1, 2), 0)


def test_a_missing_tree_or_blob_cannot_be_looked_at(repository, tmp_path):
    fix = repository.commit({"door.py": LINES}, "fix: door")
    repository.commit({"door.py": "other = 1\n"}, "rework")
    blobs = Repository.__new__(Repository)
    blobs.folder = repository.clone(tmp_path / "blobs", "--no-checkout", "--filter=blob:none")
    with pytest.raises(CouldNotLook, match="not here"):
        left(blobs, fix, repository.head())
    trees = Repository.__new__(Repository)
    trees.folder = repository.clone(tmp_path / "trees", "--no-checkout", "--filter=tree:0")
    with pytest.raises(CouldNotLook, match="trees"):
        left(trees, fix, repository.head())
