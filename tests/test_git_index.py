"""The index of a history: the same answers as a walk, whatever became of the clone and of the file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from random_histories import Growing, chance_of
from repositories import START, Repository, run_git

from triage.errors import CouldNotLook
from triage.git import digests, index, open_history
from triage.git.index import place_of
from triage.git.indexed import Index
from triage.git.walk import Walk
from triage.landing.subjects import EVERY_REVERT, plain, tidy, typeless

if TYPE_CHECKING:
    from random import Random

    from triage.git.history import GitHistory

TESTS = Path(__file__).resolve().parent


def folder_of(place) -> Path:
    return Path(getattr(place, "folder", place))


def indexed(place, cache: Path, **options) -> GitHistory:
    return open_history(folder_of(place), cache=cache, **options)[0]


def catalogues(place, cache: Path):
    """The catalogue as the index has it, and as a walk has it."""
    history = indexed(place, cache)
    found = history._known()
    assert isinstance(found, Index)
    return found, history._walk()


def cited_of(subjects: list[str], chance: Random) -> list[str]:
    """Subjects as they may be cited: whole, cut, decorated, without their type, or of no commit."""
    found = [EVERY_REVERT, "", "x", "fix", "no commit has this one for its subject", "(#7)"]
    for subject in subjects:
        text = tidy(subject)
        cut = chance.randrange(1, max(2, len(text)))
        found += [
            subject,
            f"{text} (#3)",
            f"{text[:cut]}…",
            text[:cut],
            text.partition(": ")[2],
            f'"{text}"',
            f"  {text}",
        ]
    return [cited for cited in found if cited.strip()]


def assert_same(one, other, shas: list[str], subjects: list[str], seed: int = 0) -> None:
    chance = chance_of(seed)
    texts = [sha[:length] for sha in shas for length in (4, 5, 7, 40, 64)] + ["0" * 7, "f" * 40, "abcd" * 16]
    assert one.beginning(texts) == other.beginning(texts)
    cited = cited_of(subjects, chance)
    assert one.carriers(cited) == other.carriers(cited)
    for few in (cited[:1], [], chance.sample(cited, min(3, len(cited)))):
        assert one.carriers(few) == other.carriers(few)
    assert one.undone() == other.undone()
    moments = {each for walk in (one, other) if isinstance(walk, Walk) for each in walk._authored}
    asked = [(moment, subject) for moment in sorted(moments)[:20] for subject in subjects[:20]]
    assert one.twins(asked) == other.twins(asked)
    assert one.numbered(range(40)) == other.numbered(range(40))
    issues = [(name, number) for number in range(40) for name in ("", "acme/apex", "b/c", "a/b")]
    assert one.naming(issues) == other.naming(issues)
    assert one.graph()._parents == other.graph()._parents


@pytest.mark.parametrize("seed", range(25))
def test_index_and_walk_agree_while_a_history_grows_loses_and_is_pushed_over(tmp_path, seed):
    growing = Growing(tmp_path / "repo", seed, long_ids=seed % 5 == 0)
    for step in range(4):
        growing.grow(growing.random.randrange(1, 40))
        if step and growing.random.random() < 0.5:
            growing.odd_refs()
        for _ in range(growing.random.randrange(3) if step else 0):
            growing.lose()
        shas = growing.random.sample(growing.shas, min(30, len(growing.shas)))
        subjects = growing.random.sample(growing.subjects, min(30, len(growing.subjects)))
        made, walk = catalogues(growing, tmp_path / "cache")
        assert_same(made, walk, shas, subjects, seed)
    # what was brought up to date is what is made anew
    anew, _ = catalogues(growing, tmp_path / "other")
    assert_same(made, anew, shas, subjects, seed)
    assert made.graph()._parents == anew.graph()._parents
    assert set(made._rows("SELECT sha FROM tip")) == set(anew._rows("SELECT sha FROM tip"))


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repo")
    for number in range(12):
        made.commit(
            {f"f{number}": "1"}, f"fix: the number {number} (#{number})\n\nsee #{number + 20} and acme/apex#{number}"
        )
    made.revert("HEAD~2")
    made.commit({"a": "1"}, "feat: the last")
    return made


ODD_SUBJECTS = (
    "fix: (#12)",
    "parser (#12) (#13)",
    "fix: parser (#12) (#13)",
    "a",
    "fix: a",
    "feat(x: y): the scope has a colon (#4)",
    "'quoted in part",
    '"quoted as a whole (#5)"',
    "it  has   white space (#6)",
    "fix:no blank",
    "Merge pull request #3 from alice/revert-2-it",
    "revert(web): the thing that broke when nobody looked",
    "docs: the thing that broke when nobody looked (#9)",
    "the thing that broke when nobody looked elsewhere",
    "ends with dots...",
)


def test_odd_subjects_are_found_by_whatever_names_them(tmp_path, cache):
    repository = Repository(tmp_path / "repo")
    for subject in ODD_SUBJECTS:
        repository.commit({}, subject)
    found, walk = catalogues(repository, cache)
    whole = [each for subject in ODD_SUBJECTS for each in (subject, plain(tidy(subject)), typeless(tidy(subject)))]
    cited = {
        text[:end] + mark for text in whole for end in range(1, len(text) + 1) for mark in ("", "…", "...", " (#9)")
    }
    for one in sorted(cited):
        assert found.carriers([one]) == walk.carriers([one]), one
    assert found.carriers(cited) == walk.carriers(cited)
    assert found.carriers(["(#12)", "parser (#12)…"]).keys() == {"(#12)", "parser (#12)…"}


def test_clocks_that_were_wrong_bring_nothing_in_twice(tmp_path, cache):
    """Git takes the root for new here: `rev-list` gives up on what is older before it comes to it (SLOP)."""
    repository = Repository(tmp_path / "repo")
    root = repository.commit({}, "root", date=START + timedelta(days=3650))
    for number in range(12):
        repository.commit({}, f"old {number}", date=START - timedelta(days=3650 - number))
    compare(repository, cache)
    repository.branch("new", root)
    repository.commit({}, "new", date=START + timedelta(days=3651))
    assert root in repository.git("rev-list", "new", "^main").split()
    compare(repository, cache)
    found, _ = catalogues(repository, cache)
    assert len(found._rows("SELECT sha FROM commits")) == 14
    # nor does it take out what another branch has
    repository.git("branch", "-D", "main")
    compare(repository, cache)
    assert len(catalogues(repository, cache)[0]._rows("SELECT sha FROM commits")) == 2


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def index_file(cache: Path) -> Path:
    (found,) = (cache / "history").glob("*.db")
    return found


class Made:
    """Counts how often an index is made anew, and how often it is brought up to date."""

    def __init__(self, monkeypatch):
        self.anew = self.extended = 0
        made, extended = index.made, index._brought_up_to_date

        def count_made(*arguments):
            self.anew += 1
            return made(*arguments)

        def count_extended(*arguments):
            self.extended += 1
            return extended(*arguments)

        monkeypatch.setattr(index, "made", count_made)
        monkeypatch.setattr(index, "_brought_up_to_date", count_extended)


@pytest.fixture
def counted(monkeypatch):
    return Made(monkeypatch)


def compare(repository, cache) -> None:
    made, walk = catalogues(repository, cache)
    listed = run_git(folder_of(repository), "log", "--all", "--format=%H%x00%s").decode().splitlines()
    shas, subjects = zip(*(line.split("\0") for line in listed), strict=True) if listed else ((), ())
    assert_same(made, walk, list(shas)[:50], list(subjects)[:50])


def test_it_is_made_once_brought_up_to_date_when_refs_move_and_left_alone_else(repository, cache, counted):
    compare(repository, cache)
    compare(repository, cache)
    assert (counted.anew, counted.extended) == (1, 0)
    repository.commit({}, "one more")
    compare(repository, cache)
    assert (counted.anew, counted.extended) == (1, 1)
    repository.git("branch", "other", "HEAD~3")
    repository.git("reset", "-q", "--hard", "HEAD~5")
    compare(repository, cache)
    repository.git("branch", "-D", "other")
    compare(repository, cache)
    compare(repository, cache)
    assert (counted.anew, counted.extended) == (1, 3)
    assert index_file(cache).stat().st_mode & 0o777 == 0o600
    assert index_file(cache).parent.stat().st_mode & 0o777 == 0o700
    assert len(list(index_file(cache).parent.iterdir())) == 1


def test_commits_that_no_ref_reaches_any_more_are_taken_out(repository, cache):
    sha = repository.commit({}, "soon to be gone")
    assert indexed(repository, cache).survey(["soon to be gone"]).subjects["soon to be gone"][0].sha == sha
    repository.git("reset", "-q", "--hard", "HEAD~1")
    history = indexed(repository, cache)
    assert history.survey(["soon to be gone"]).subjects == {}
    assert history.resolve([sha[:9]])[sha[:9]].sha == sha  # by git: the object is there, no ref reaches it
    assert history._known().beginning([sha]) == {}


def test_other_clones_have_other_files(repository, tmp_path, cache):
    compare(repository, cache)
    compare(repository.clone(tmp_path / "clone"), cache)
    assert len(list((cache / "history").iterdir())) == 2


def test_worktrees_share_one(repository, tmp_path, cache, counted):
    compare(repository, cache)
    repository.git("worktree", "add", "-q", str(tmp_path / "tree"), "HEAD~1")
    made, walk = catalogues(tmp_path / "tree", cache)
    assert made.graph()._parents == walk.graph()._parents
    assert counted.anew == 1


def test_another_repository_at_the_same_place(repository, tmp_path, cache, counted):
    compare(repository, cache)
    repository.folder.rename(tmp_path / "old")
    other = Repository(tmp_path / "repo")
    other.commit({"b": "1"}, "nothing in common")
    compare(other, cache)
    assert counted.anew == 2


def test_a_boundary_that_moves(repository, tmp_path, cache, counted):
    clone = repository.clone(tmp_path / "clone", "--depth=3")
    compare(clone, cache)
    compare(clone, cache)
    assert counted.anew == 1
    run_git(clone, "fetch", "-q", "--depth=6", GIT_ALLOW_PROTOCOL="file")
    compare(clone, cache)
    run_git(clone, "fetch", "-q", "--unshallow", GIT_ALLOW_PROTOCOL="file")
    compare(clone, cache)
    assert counted.anew == 3


def test_a_partial_clone(repository, tmp_path, cache):
    compare(repository.clone(tmp_path / "clone", "--filter=tree:0", "--no-checkout"), cache)


def test_a_ref_whose_object_comes_later(repository, tmp_path, cache):
    clone = repository.clone(tmp_path / "clone")
    sha = repository.commit({}, "comes later")
    (clone / ".git" / "refs" / "heads" / "early").write_text(f"{sha}\n")
    assert indexed(clone, cache).survey(["comes later"]).subjects == {}
    run_git(clone, "fetch", "-q", "origin", GIT_ALLOW_PROTOCOL="file")
    run_git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    compare(clone, cache)
    assert indexed(clone, cache).survey(["comes later"]).subjects["comes later"][0].sha == sha


def test_tags_of_blobs_and_trees_and_nothing_else(tmp_path, cache):
    repository = Repository(tmp_path / "repo")
    repository.commit({"a": "1"}, "x")
    repository.tag("blob", repository.parse("HEAD:a"), "a blob")
    repository.tag("tree", repository.parse("HEAD^{tree}"))
    repository.tag("v1", message="annotated")
    compare(repository, cache)
    repository.commit({"a": "2"}, "y")
    repository.git("tag", "-d", "v1")
    compare(repository, cache)


def test_old_tips_that_are_missing(repository, cache, counted):
    repository.branch("side")
    gone = repository.commit({}, "gone soon")
    compare(repository, cache)
    repository.checkout("main")
    repository.git("branch", "-D", "side")
    repository.remove_object(gone)
    compare(repository, cache)
    assert counted.anew == 2


# -- damage ----------------------------------------------------------------------------------------


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def lengthened(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def other_bytes(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size * 2 // 3)
        old = file.read(8)
        file.seek(-8, os.SEEK_CUR)
        file.write(bytes(255 - byte for byte in old))


def no_database(path: Path) -> None:
    path.write_bytes(b"x" * 5000)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def older_format(path: Path) -> None:
    """As an older version would have made it: whole, and of another kind."""
    import sqlite3
    from hashlib import blake2b

    os.truncate(path, path.stat().st_size - index._DIGEST)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE about SET value = '0' WHERE key = 'rules'")
    connection.execute("DELETE FROM commits")
    connection.commit()
    connection.close()
    data = path.read_bytes()
    path.write_bytes(data + blake2b(data, digest_size=index._DIGEST).digest())


@pytest.mark.parametrize(
    "damage", [truncated, emptied, lengthened, other_bytes, no_database, older_format, Path.unlink]
)
def test_a_damaged_file_is_made_anew(repository, cache, counted, damage):
    compare(repository, cache)
    damage(index_file(cache))
    compare(repository, cache)
    assert counted.anew == 2
    compare(repository, cache)
    assert counted.anew == 2


def test_any_byte_that_changes_is_seen(repository, cache, counted):
    compare(repository, cache)
    path = index_file(cache)
    data = path.read_bytes()
    chance = chance_of(1)
    place = place_of(cache, repository.folder / ".git")
    history = indexed(repository, cache)
    for at in [*range(0, len(data), len(data) // 150), *(chance.randrange(len(data)) for _ in range(150))]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
        with pytest.raises(index.Unusable):
            index.opened(place, history.git, history.tips())
    path.write_bytes(data)
    index.opened(place, history.git, history.tips()).close()


@pytest.mark.parametrize("damage", [truncated, emptied, no_database, Path.unlink])
def test_what_becomes_of_the_file_while_it_is_open(repository, cache, damage):
    compare(repository, cache)
    found, walk = catalogues(repository, cache)
    damage(index_file(cache))
    shas = repository.git("rev-list", "--all").split()
    subjects = repository.git("log", "--all", "--format=%s").splitlines()
    assert_same(found, walk, shas, subjects)
    compare(repository, cache)


def test_a_folder_in_its_place(repository, cache):
    compare(repository, cache)
    a_folder(index_file(cache))
    history = indexed(repository, cache)
    assert isinstance(history._known(), Walk)
    assert history.survey(["fix: the number 3 (#3)"]).subjects


def test_a_cache_that_cannot_be_written(repository, tmp_path, monkeypatch):
    """Root may write anywhere, so that the folder is one that no one can make."""
    (tmp_path / "file").write_text("")
    assert isinstance(indexed(repository, tmp_path / "file")._known(), Walk)
    monkeypatch.setattr(index, "connect", refusing("unable to open database file"))
    assert isinstance(indexed(repository, tmp_path / "cache")._known(), Walk)


def refusing(why: str):
    import sqlite3

    def refuse(*_arguments, **_more):
        raise sqlite3.OperationalError(why)

    return refuse


@pytest.mark.parametrize("where", ["_put", "_finish", "_ended", "_begun", "_brought_up_to_date"])
def test_sqlite_in_trouble_and_a_full_disk(repository, cache, monkeypatch, where):
    compare(repository, cache)
    sha = repository.commit({}, "one more")
    for fault in (refusing("database is locked"), full):
        with monkeypatch.context() as patched:
            patched.setattr(index, where, fault)
            history = indexed(repository, cache)
            assert history.survey(["one more"]).subjects["one more"][0].sha == sha
            if where != "_brought_up_to_date":
                assert isinstance(history._known(), Walk)
    assert [path.suffix for path in (cache / "history").iterdir()] == [".db"]
    compare(repository, cache)


def full(*_arguments, **_more):
    raise OSError(28, "No space left on device")


def test_git_in_trouble_is_not_an_index_in_trouble(repository, cache):
    """What cannot be walked cannot be looked at; a part of it is never taken for the whole."""
    repository.remove_object(repository.parse("HEAD~3"))
    for _ in range(2):
        history = indexed(repository, cache)
        with pytest.raises(CouldNotLook):
            history.survey(["fix: the number 3 (#3)"])
    assert list((cache / "history").iterdir()) == []


def test_a_commit_that_was_lost_since_is_not_a_commit_that_never_was(repository, cache):
    compare(repository, cache)
    sha = repository.parse("HEAD~3")
    subject = repository.git("log", "-1", "--format=%s", sha)
    repository.remove_object(sha)
    history = indexed(repository, cache)
    assert history.resolve([sha[:9]])[sha[:9]].sha == sha
    for _ in range(2):
        with pytest.raises(CouldNotLook, match="not in the clone any more"):
            history.commits([sha])
        with pytest.raises(CouldNotLook, match="not in the clone any more"):
            history.survey([subject])
    assert history.commits(["0" * 40]) == {}


def test_leftovers_of_the_killed_are_cleared_after_a_day(repository, cache):
    folder = cache / "history"
    folder.mkdir(parents=True)
    for name, age in (("old.new", 2), ("fresh.new", 0)):
        (folder / name).write_text("")
        when = time.time() - age * 86400
        os.utime(folder / name, (when, when))
    compare(repository, cache)
    assert sorted(path.suffix for path in folder.iterdir()) == [".db", ".new"]
    assert (folder / "fresh.new").exists()


# -- several at once -------------------------------------------------------------------------------

WORK = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from typing import TYPE_CHECKING
from test_git_index import catalogues, assert_same
for _ in range(int(sys.argv[4])):
    made, walk = catalogues(Path(sys.argv[2]), Path(sys.argv[3]))
    assert_same(made, walk, [], [])
"""


def at_work(repository, cache, times: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORK, str(TESTS), str(repository.folder), str(cache), str(times)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def test_four_processes_while_the_history_grows(repository, cache):
    others = [at_work(repository, cache, 6) for _ in range(4)]
    for number in range(12):
        repository.commit({}, f"while they look {number}")
        if number % 4 == 3:
            repository.git("reset", "-q", "--hard", "HEAD~2")
    for other in others:
        told = other.communicate()[1]
        assert other.returncode == 0, told.decode()
    compare(repository, cache)
    assert [path.suffix for path in (cache / "history").iterdir()] == [".db"]


def test_killed_while_it_is_made(repository, cache):
    chance = chance_of(3)
    for _ in range(8):
        repository.commit({}, "again")
        other = at_work(repository, cache, 100)
        time.sleep(chance.uniform(0.1, 0.5))
        other.send_signal(signal.SIGKILL)
        other.communicate()
        compare(repository, cache)


# -- what the history makes of it ------------------------------------------------------------------


def answers(history: GitHistory, tip: str, shas: list[str], subjects: list[str]):
    survey = history.survey([*subjects, EVERY_REVERT])
    return (
        history.resolve([*(sha[:length] for sha in shas for length in (4, 5, 9, len(sha))), "0" * 9, "f" * 40]),
        set(history.reachable(tip, shas)),
        survey.subjects,
        survey.reverts,
        history.twins(shas),
        history.numbered(range(1, 30), tip),
        history.heads(shas, tip),
        [history.bases(one, other) for one, other in zip(shas, reversed(shas), strict=True)],
        history.touching(["a", "d"], tip, shas[:1]),
    )


@pytest.mark.parametrize("seed", range(100, 108))
def test_a_history_answers_alike_with_and_without(tmp_path, seed):
    growing = Growing(tmp_path / "repo", seed, long_ids=seed % 4 == 0)
    for _ in range(3):
        growing.grow(30)
        growing.odd_refs()
        growing.lose()
        subjects = growing.random.sample(growing.subjects, 10)
        shas = growing.random.sample(growing.shas, 20)
        found = []
        for options in ({"cache": tmp_path / "cache"}, {"cache": tmp_path / "cache"}, {}):
            history, stand = open_history(growing.folder, **options)
            found.append(answers(history, stand.sha, shas, subjects))
        assert found[0] == found[1] == found[2]


def test_abbreviations_cost_no_process_once_there_is_an_index(repository, cache, monkeypatch):
    compare(repository, cache)
    history = indexed(repository, cache)
    shas = repository.git("rev-list", "HEAD").split()

    def refuse(*command, **_more):
        raise AssertionError(command)

    monkeypatch.setattr(history._git, "_start", refuse)
    assert [found.sha for found in history.resolve([sha[:9] for sha in shas]).values()] == shas
    assert set(history.reachable(shas[0], shas)) == set(shas)
    assert history.reachable(shas[3], shas) == set(shas[3:])


def test_exported_files_and_bundles_have_none(repository, tmp_path):
    from triage.git import bundled_history, write_bundle

    history = open_history(repository.folder)[0]
    data = write_bundle(history, {"refs/heads/main": repository.head()}, [], [], [], [])
    (tmp_path / "bundle").mkdir()
    assert bundled_history(data, tmp_path / "bundle", history.state)._index is None


# -- digests of patches ----------------------------------------------------------------------------


def test_digests_are_kept_and_not_made_again(repository, cache, monkeypatch):
    shas = repository.git("rev-list", "HEAD").split()
    first = indexed(repository, cache).patches(shas)
    assert first == open_history(repository.folder)[0].patches(shas)
    history = indexed(repository, cache)
    asked = []
    monkeypatch.setattr("triage.git.patches.patches", lambda _history, fresh: asked.extend(fresh) or {})
    assert history.patches(shas) == first
    assert asked == []
    assert history.patches([*shas, "0" * 40]) == first
    assert asked == ["0" * 40]


def test_digests_of_another_making_or_another_boundary_do_not_count(repository, cache):
    place = place_of(cache, repository.folder / ".git")
    digests.Digests(place, "1").keep({"a" * 40: "x", "b" * 40: ""})
    assert digests.Digests(place, "1").kept(["a" * 40, "b" * 40, "c" * 40]) == {"a" * 40: "x", "b" * 40: ""}
    assert digests.Digests(place, "2").kept(["a" * 40]) == {}
    assert digests.Digests(place._replace(boundary="other"), "1").kept(["a" * 40]) == {}


def test_damaged_digests_are_none(repository, cache):
    place = place_of(cache, repository.folder / ".git")
    kept = {f"{number:040x}": f"{number:064x}" for number in range(600)}
    digests.Digests(place, "1").keep(kept)
    path = place.file.with_suffix(".patches")
    data = path.read_bytes()
    chance = chance_of(2)
    for _ in range(200):
        at = chance.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
        found = digests.Digests(place, "1").kept(list(kept))
        assert found.items() <= kept.items()
    for damage in (truncated, emptied, no_database):
        path.write_bytes(data)
        damage(path)
        assert digests.Digests(place, "1").kept(list(kept)).items() <= kept.items()
        for _ in range(2):
            digests.Digests(place, "1").keep(kept)
        assert digests.Digests(place, "1").kept(list(kept)) == kept
