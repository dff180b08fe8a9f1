"""The snapshot: what is stored stays and is what comes back, whatever happens to the process, the disk or the file."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage import kept as facts_as_json
from triage import model
from triage import snapshot as snapshot_module
from triage.errors import AskedWrongly, NothingToJudge, TriageError
from triage.model import (
    CheckFact,
    CommitFact,
    IssueFact,
    Kept,
    MissingFact,
    MovedFact,
    Name,
    PullFact,
)
from triage.snapshot import APPLICATION, UPGRADES, Snapshot, where

HOST = "github.com"
APEX = "acme/apex"
DAY = datetime(2025, 9, 12, tzinfo=UTC)
KILLS = int(os.environ.get("TRIAGE_TEST_KILLS", "60"))
HEADER = """
import os, sqlite3, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from triage import snapshot
from triage.errors import TriageError
from triage.model import IssueFact, Kept
from triage.snapshot import UPGRADES, Snapshot

DAY = datetime(2025, 9, 12, tzinfo=UTC)

def batch(number, size=30):
    read = DAY + timedelta(seconds=number)
    return [
        Kept("acme/apex", str(n), IssueFact(n, "acme/apex", f"batch {number}", "open", None, DAY, None, None, read,
                                            body="x" * 3000))
        for n in range(1, size + 1)
    ]
"""


def at(minute: int) -> datetime:
    return DAY + timedelta(minutes=minute)


def issue(number: int = 7, minute: int = 0, **more) -> IssueFact:
    values = dict(title="A title", state="open", reason=None, created=DAY, closed=None, closed_by=None)
    return IssueFact(number=number, repository=APEX, read=at(minute), **{**values, **more})


def pull(number: int = 8, minute: int = 0, **more) -> PullFact:
    values = dict(title="A change", state="merged", created=DAY, closed=DAY, merged=DAY, merge_commit="c" * 40)
    values |= dict(base="main", head="d" * 40, head_repository=APEX)
    return PullFact(number=number, repository=APEX, read=at(minute), **{**values, **more})


def commit(sha: str = "a" * 40, minute: int = 0, **more) -> CommitFact:
    return CommitFact(sha, APEX, "feat: a subject", DAY, DAY, at(minute), **more)


def missing(what: str = "7", minute: int = 0, **more) -> MissingFact:
    return MissingFact(what, APEX, at(minute), **more)


def asked(fact) -> Kept:
    own = next(getattr(fact, name) for name in ("number", "sha", "what") if hasattr(fact, name))
    return Kept(APEX, str(own), fact)


MANY = [
    *(asked(issue(number, body="Steps to reproduce. " * 40)) for number in range(1, 6)),
    asked(pull(files=("a.py", "b.py"))),
    asked(commit(checks=(CheckFact("ci", "success", "github-actions"),), pulls=(Name(APEX, 8),))),
    asked(missing("9", why="deleted")),
    asked(MovedFact(10, APEX, Name("acme/desktop", 3), at(0))),
]
NAMES = [(APEX, one.asked) for one in MANY]


def made(path: Path, kept=MANY, **more) -> Path:
    with Snapshot.to_write(path, **more) as store:
        store.store(HOST, kept)
    return path


def read(path: Path, names=NAMES) -> dict[str, object]:
    """What the file has, by number or SHA."""
    store = Snapshot.to_read(path)
    assert store is not None
    with store:
        return {one.asked: one.fact for one in store.facts(HOST, names)}


def bare(path: Path, *statements: str) -> None:
    """Change a file as no snapshot would."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def lone(path: Path) -> None:
    """Remove what SQLite may have left beside a file."""
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "snapshot.db"


# -- where ------------------------------------------------------------------------------------------


def test_the_variable_names_the_file(tmp_path):
    assert where({"TRIAGE_SNAPSHOT": "/some/file.db"}, tmp_path / "triage.toml", HOST, APEX) == Path("/some/file.db")


def test_beside_the_settings_file(tmp_path):
    expected = tmp_path / ".triage" / "snapshot.db"
    assert where({"TRIAGE_SNAPSHOT": ""}, tmp_path / "triage.toml", HOST, None) == expected


def test_else_in_the_data_folder_by_host_and_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = where({}, None, "GitHub.com", "Acme/Apex.JS")
    assert found is not None
    assert found.parts[-4:] == ("triage", "github.com", "acme", "apex.js.db")
    assert where({}, None, HOST, None) is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("..", APEX),
        ("a/b", APEX),
        ("", APEX),
        ("/etc", APEX),
        ("git\0hub", APEX),
        (HOST, "../x"),
        (HOST, "acme/.."),
        (HOST, "acme/."),
        (HOST, "acme/a/b"),
        (HOST, "acme"),
        (HOST, "/etc"),
        (HOST, "acme/"),
        (HOST, "-x/y"),
        (HOST, "acme/a\\b"),
        (HOST, "acme/apex\n"),
    ],
)
def test_a_name_that_would_leave_the_data_folder_is_refused(host, name):
    with pytest.raises(AskedWrongly):
        where({}, None, host, name)


# -- storing and reading ----------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\0\ud800\udfff\\u0{}\"'"), max_size=20)
MOMENTS = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the zone is another argument
    datetime(9998, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC) | st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
NUMBERS = st.integers(1, 1 << 53)
STATES = {"IssueFact": ("open", "closed"), "PullFact": ("open", "closed", "merged")}
PLAIN = {"str": TEXTS, "int": NUMBERS, "bool": st.booleans(), "datetime": MOMENTS}


def any_of(written: str):
    """A strategy for a type as it is written in the model, by its fields if it is a noun."""
    if written.endswith(" | None"):
        return st.none() | any_of(written.removesuffix(" | None"))
    if written.startswith("tuple["):
        return st.lists(any_of(written[len("tuple[") :].removesuffix(", ...]")), max_size=3).map(tuple)
    if written in PLAIN:
        return PLAIN[written]
    noun = getattr(model, written)
    fields = {name: any_of(getattr(one, "__forward_arg__", one)) for name, one in noun.__annotations__.items()}
    if written in STATES:
        fields["state"] = st.sampled_from(STATES[written])
    return st.builds(noun, **fields)


def as_kept(value):
    """What a value must come back as: each NUL and each lone surrogate is U+FFFD."""
    if isinstance(value, str):
        return "".join("\ufffd" if one == "\0" or 0xD800 <= ord(one) < 0xE000 else one for one in value)
    if hasattr(value, "_fields"):
        return type(value)(*map(as_kept, value))
    return tuple(map(as_kept, value)) if isinstance(value, tuple) else value


@pytest.mark.parametrize("kind", facts_as_json.KINDS)
def test_every_kind_of_fact_comes_back_as_it_was(kind, tmp_path):
    """S9, for this side: NUL and surrogates are replaced when they come in, and the same each time."""
    numbers = itertools.count()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_of(facts_as_json.KINDS[kind].__name__), TEXTS, TEXTS)
    def comes_back(fact, repository, name):
        with Snapshot.to_write(tmp_path / f"{next(numbers)}.db") as store:
            store.store(HOST, [Kept(repository, name, fact)])
            found = store.facts(HOST, [(repository.upper(), name)]) or store.facts(HOST, [(repository, name)])
            assert found == (Kept(as_kept(repository), as_kept(name).casefold(), as_kept(fact)),)
            assert store.facts(HOST, [(as_kept(repository), as_kept(name))]) == found
            assert store.check() == []

    comes_back()


def test_what_is_kept_comes_in_the_order_of_the_names_and_the_rest_is_left_out(path):
    made(path)
    with Snapshot.to_read(path) as store:
        names = [("ACME/Apex", "3"), (APEX, "404"), (APEX, "A" * 40), (APEX, "3")]
        assert [one.asked for one in store.facts("GitHub.com", names)] == ["3", "a" * 40]
        assert store.facts("ghe.example.com", names) == ()
        assert store.facts(HOST, []) == ()


def test_the_repository_is_kept_as_it_was_asked_for_and_as_github_names_it(path):
    """A repository that was renamed is known by the old name too."""
    made(path, [Kept("Acme/Old", "7", issue())])
    with Snapshot.to_read(path) as store:
        assert store.facts(HOST, [("acme/old", "7")]) == (Kept("Acme/Old", "7", issue()),)
        assert store._connection.execute("SELECT repository, named, own FROM fact").fetchall() == [
            ("acme/old", "Acme/Old", "acme/apex")
        ]


def test_all_facts_of_a_repository_come_over_several_pages(path, monkeypatch):
    monkeypatch.setattr(snapshot_module, "_PAGE", 4)
    made(path, [*MANY, Kept("acme/desktop", "1", issue(1))])
    with Snapshot.to_read(path) as store:
        assert sorted(store.all_facts(HOST, "Acme/APEX")) == sorted(MANY)
        assert list(store.all_facts(HOST, "acme/none")) == []


def test_age_is_that_of_the_oldest_and_the_newest_fact(path):
    made(path, [asked(issue(number, number)) for number in (3, 9, 5)])
    with Snapshot.to_read(path) as store:
        assert store.age(HOST, "Acme/Apex") == (3, at(3), at(9))
        assert store.age(HOST, "acme/none") == (0, None, None)


# -- what is newer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_newest_counts_in_whatever_order_facts_are_stored(order, path):
    """S10: a page that comes late takes nothing back."""
    facts = [issue(title="first"), missing(minute=1), issue(title="third", minute=2), issue(title="last", minute=3)]
    for number in order:
        made(path, [asked(facts[number])])
    with Snapshot.to_read(path) as store:
        assert [one.fact for one in store.facts(HOST, [(APEX, "7")])] == [facts[3]]
        assert {one.fact for one in store.past(HOST, APEX, "7")} == {facts[1], facts[2]}
        assert store.check() == []


@pytest.mark.parametrize("back", [False, True])
def test_of_two_at_the_same_moment_one_counts_whatever_the_order(back, path):
    facts = [commit(), commit(checks=())]
    made(path, [asked(fact) for fact in (reversed(facts) if back else facts)])
    assert read(path)["a" * 40] == facts[1]


def test_nothing_is_removed_by_what_was_not_read(path):
    """S10: a reading that does not have an issue says nothing about it."""
    made(path)
    made(path, [asked(issue(1, 5))])
    made(path, [])
    assert len(read(path)) == len(MANY)


def test_what_was_deleted_stays_readable_as_history(path):
    """S10: "there is no such issue" is a newer fact, and the last one about the issue is kept."""
    made(path, [asked(issue())])
    for minute in (1, 2, 3):
        made(path, [asked(missing(minute=minute, why="deleted"))])
    with Snapshot.to_read(path) as store:
        assert [one.fact for one in store.facts(HOST, [(APEX, "7")])] == [missing(minute=3, why="deleted")]
        assert [one.fact for one in store.past(HOST, APEX, "7")] == [issue()]


def test_reading_the_same_again_leaves_the_past_alone(path):
    facts = [issue(title="before"), issue(title="after", minute=1), issue(title="after", minute=2, how="rest")]
    made(path, [asked(fact) for fact in facts])
    with Snapshot.to_read(path) as store:
        assert [one.fact for one in store.past(HOST, APEX, "7")] == [facts[0]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_paths_of_a_merged_pull_request_stay(order, path):
    """They cannot change any more, and a reading that did not ask for them does not lose them."""
    facts = [pull(files=("a.py",)), missing("8", 1), pull(minute=2)]
    for number in order:
        made(path, [asked(facts[number])])
    assert read(path)["8"] == pull(minute=2, files=("a.py",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pull(files=("a.py",), state="open", merged=None, merge_commit=None), pull(minute=1)),
        (
            pull(files=("a.py",), state="open", merged=None, merge_commit=None),
            pull(minute=1, state="open", merged=None, merge_commit=None),
        ),
        (pull(files=("a.py",), merge_commit="b" * 40), pull(minute=1)),
        (commit(checks=()), commit(minute=1)),
        (issue(comments=(), events=()), issue(minute=1)),
    ],
)
def test_what_can_change_is_not_taken_over_from_an_older_reading(before, after, path):
    made(path, [asked(before), asked(after)])
    assert list(read(path, [(APEX, asked(after).asked)]).values()) == [after]
    with Snapshot.to_read(path) as store:
        assert [one.fact for one in store.past(HOST, *asked(before)[:2])] == [before]


def test_a_batch_is_stored_whole_or_not_at_all(path):
    """S3: the last of them is larger than SQLite takes."""
    made(path)
    with Snapshot.to_write(path) as store:
        store._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100_000)
        with pytest.raises(TriageError):
            store.store(HOST, [asked(issue(1, 1)), asked(issue(2, 1, body="x" * 200_000))])
    assert read(path) == {one.asked: one.fact for one in MANY}


@pytest.mark.parametrize("wrong", [issue(0), issue(state="fixed"), issue(title=None)])
def test_what_could_not_be_read_back_is_not_stored(wrong, path):
    made(path)
    with Snapshot.to_write(path) as store, pytest.raises(ValueError):
        store.store(HOST, [asked(issue(1, 1)), Kept(APEX, "7", wrong)])
    assert set(read(path).values()) == {one.fact for one in MANY}


# -- making and opening -----------------------------------------------------------------------------


def test_reading_what_is_not_there_makes_nothing(tmp_path):
    assert Snapshot.to_read(tmp_path / "a" / "snapshot.db") is None
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_new_one(path):
    """S6"""
    path.touch()
    assert Snapshot.to_read(path) is None
    assert path.stat().st_size == 0
    made(path)
    assert len(read(path)) == len(MANY)


def test_an_empty_file_with_changes_beside_it_is_refused(path):
    """S6: SQLite would delete the changes."""
    path.touch()
    path.with_name("snapshot.db-wal").write_bytes(b"x" * 5000)
    for open_ in (Snapshot.to_read, Snapshot.to_write):
        with pytest.raises(NothingToJudge):
            open_(path)
    assert path.with_name("snapshot.db-wal").stat().st_size == 5000


def test_only_its_owner_can_read_it(tmp_path):
    """Issues of private repositories lie in it."""
    path = tmp_path / "a" / ".triage" / "snapshot.db"
    with Snapshot.to_write(path) as store:
        store.store(HOST, MANY)
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir() if "snap" in one.name}
    assert modes == {"snapshot.db": 0o600, "snapshot.db-wal": 0o600, "snapshot.db-shm": 0o600}
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_git_does_not_see_the_folder_that_is_made_for_it(tmp_path):
    made(tmp_path / ".triage" / "snapshot.db")
    assert (tmp_path / ".triage" / ".gitignore").read_text() == "*\n"
    other = tmp_path / "b" / ".triage"
    other.mkdir(parents=True)
    (other / "notes.md").touch()
    made(other / "snapshot.db")
    made(tmp_path / "elsewhere" / "snapshot.db")
    assert list(tmp_path.rglob(".gitignore")) == [tmp_path / ".triage" / ".gitignore"]


def test_what_is_stored_is_on_the_disk(path):
    """S2: not lost when the power is, and no other file system is needed for it than one without a -wal."""
    with Snapshot.to_write(path) as store:
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_system_without_shared_memory_gets_a_journal(path, monkeypatch):
    monkeypatch.setattr(snapshot_module, "_JOURNAL", "delete")
    made(path)
    with Snapshot.to_write(path) as store:
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert len(store.facts(HOST, NAMES)) == len(MANY)


def test_what_is_opened_for_reading_is_not_written(path):
    made(path)
    with Snapshot.to_read(path) as store, pytest.raises(TriageError):
        store.store(HOST, [asked(issue(1, 1))])
    assert read(path)["1"] == MANY[0].fact


def test_two_in_one_process_do_not_get_in_each_others_way(path):
    made(path)
    with Snapshot.to_read(path) as reader, Snapshot.to_write(path) as writer:
        writer.store(HOST, [asked(issue(1, 1, title="new"))])
        assert reader.facts(HOST, [(APEX, "1")])[0].fact.title == "new"


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_file_is_refused(kind, path, tmp_path):
    """S6, Y19: and what a link leads to is left alone."""
    target = tmp_path / "target"
    if kind == "link":
        made(target)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
    before = target.read_bytes() if target.exists() else None
    for open_ in (Snapshot.to_read, Snapshot.to_write):
        with pytest.raises(NothingToJudge):
            open_(path)
    assert (target.read_bytes() if target.exists() else None) == before


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_a_link_beside_it_is_not_followed(ending, path, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"precious" * 100)
    made(path)
    path.with_name(path.name + ending).symlink_to(target)
    for open_ in (Snapshot.to_read, Snapshot.to_write):
        with pytest.raises(TriageError), open_(path) as store:
            store.store(HOST, [asked(issue(1, 1))])
    assert target.read_bytes() == b"precious" * 100


def test_a_journal_that_names_another_file_is_refused(path, tmp_path):
    """SQLite deletes the file that the end of such a journal names, and it may have come with a clone."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"nothing that SQLite knows")
    made(path)
    name = str(precious).encode()
    magic = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    first = magic + b"".join(number.to_bytes(4, "big") for number in (0, 1, 1, 512, 4096))
    number = (1 << 30) // 4096 + 1
    last = number.to_bytes(4, "big") + name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + magic
    path.with_name("snapshot.db-journal").write_bytes(first.ljust(512, b"\0") + last)
    for open_ in (Snapshot.to_read, Snapshot.to_write):
        with pytest.raises(NothingToJudge):
            open_(path)
    assert precious.exists()


# -- what is no whole snapshot ----------------------------------------------------------------------


def looked_at(path: Path, true: set[Kept], *, check: bool = True) -> bool:
    """Whether a file is taken for a snapshot. Whatever it hands out must be true, and no other error is raised."""
    refused = None
    try:
        with Snapshot.to_read(path) as store:
            problems = store.check() if check else []
            found = {*store.facts(HOST, NAMES[:2]), *store.all_facts(HOST, APEX), *store.past(HOST, APEX, "1")}
            store.age(HOST, APEX)
    except TriageError as fault:
        refused = fault
    if refused is None:
        assert found <= true
        assert all("\n" not in problem for problem in problems)
        return True
    assert refused.exit_code == 3
    assert "\n" not in refused.message
    assert refused.hint
    return False


def with_a_past(path: Path, kept=MANY) -> set[Kept]:
    """Make a file in which the past is not empty, and return all that it may hand out."""
    made(path, kept)
    newer = [asked(issue(1, 5, title="a newer title"))]
    made(path, newer)
    return {*kept, *newer}


def test_any_byte_of_the_first_page_may_be_wrong(path):
    """S6: refused, or true; and left as it is."""
    true = with_a_past(path, MANY[:2])
    whole = path.read_bytes()
    refused = 0
    for offset in range(4096):
        damaged = bytearray(whole)
        damaged[offset] ^= 0xFF
        path.write_bytes(damaged)
        refused += not looked_at(path, true, check=offset % 8 == 0)
        assert path.read_bytes() == damaged
        lone(path)
    assert refused > 500


def test_any_bit_of_the_header_may_be_wrong(path):
    """S6"""
    true = with_a_past(path, MANY[:2])
    whole = path.read_bytes()
    for offset, bit in itertools.product(range(100), range(8)):
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << bit
        path.write_bytes(damaged)
        looked_at(path, true)
        lone(path)


def test_any_byte_of_the_other_pages_may_be_wrong(path):
    """S6: what is stored afterwards either fails, or makes nothing untrue."""
    true = with_a_past(path)
    whole = path.read_bytes()
    assert len(whole) > 5 * 4096
    chance = random.Random(7)  # noqa: S311 - which bytes are wrong
    more = [asked(issue(1, 9, title="stored into a damaged file")), asked(issue(11, 9))]
    found = 0
    for offset in chance.sample(range(4096, len(whole)), 500):
        damaged = bytearray(whole)
        damaged[offset] ^= chance.randrange(1, 256)
        path.write_bytes(damaged)
        found += not looked_at(path, true)
        if offset % 3 == 0:
            with contextlib.suppress(TriageError), Snapshot.to_write(path) as store:
                store.store(HOST, more)
            looked_at(path, {*true, *more})
        lone(path)
    assert found > 100


def test_a_file_that_ends_too_early_is_refused(path):
    """S6"""
    true = with_a_past(path)
    whole = path.read_bytes()
    chance = random.Random(7)  # noqa: S311 - where it ends
    lengths = {*range(1, 600, 7), *range(4096, len(whole), 4096), *chance.sample(range(600, len(whole)), 80)}
    for length in sorted(lengths):
        path.write_bytes(whole[:length])
        assert not looked_at(path, true), length
        with pytest.raises(TriageError):
            made(path)
        assert path.read_bytes() == whole[:length]
        lone(path)


def test_what_is_not_of_triage_is_refused_and_left_alone(path):
    """S6"""
    made(path, [])
    own = path.read_bytes()
    contents = [b"x", b"SQLite format 3\0", b"x" * 5000, b"\0" * 4096, own.replace(b"tria", b"fork")]
    path.unlink()
    bare(path, "CREATE TABLE fact (a)", "INSERT INTO fact VALUES (1)")
    contents.append(path.read_bytes())
    for content in contents:
        path.write_bytes(content)
        for open_ in (Snapshot.to_read, Snapshot.to_write):
            with pytest.raises(NothingToJudge):
                open_(path)
        assert path.read_bytes() == content
        lone(path)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON fact BEGIN DELETE FROM past; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE other (a)",
        "DROP TABLE past",
        "ALTER TABLE fact ADD COLUMN more TEXT",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -1",
    ],
)
def test_tables_that_are_not_those_of_the_format_are_refused(statement, path):
    """S6: a file that came with a clone does nothing by itself."""
    made(path)
    bare(path, statement)
    for open_ in (Snapshot.to_read, Snapshot.to_write):
        with pytest.raises(NothingToJudge):
            open_(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fact SET body = replace(body, 'A title', 'Another') WHERE asked = '2'",
        "UPDATE fact SET asked = '77' WHERE asked = '1'",
        "UPDATE fact SET host = 'ghe.example.com' WHERE asked = '1'",
        "UPDATE fact SET read = '2030-01-01T00:00:00.000000+00:00' WHERE asked = '1'",
        "UPDATE fact SET body = x'00ff' WHERE asked = '1'",
        "UPDATE fact SET how = 7 || x'ff' WHERE asked = '1'",
        "INSERT INTO fact SELECT host, repository, '1x', kind, read, named, own, how, body, digest FROM past",
        "INSERT INTO past SELECT host, repository, asked, 'moved', read, named, own, how, body, digest FROM fact",
        "INSERT INTO past SELECT * FROM fact WHERE asked = '2'",
        "DELETE FROM fact WHERE asked = '1'",
    ],
)
def test_the_check_names_what_is_not_as_it_was_stored(change, path):
    """S6"""
    true = with_a_past(path)
    bare(path, change)
    with Snapshot.to_read(path) as store:
        problems = store.check()
        assert problems
        assert all("\n" not in problem for problem in problems)
    looked_at(path, true)


def test_the_check_finds_nothing_in_a_whole_file(path):
    with_a_past(path)
    with Snapshot.to_read(path) as store:
        assert store.check() == []


# -- formats ----------------------------------------------------------------------------------------


def row_of_format_1() -> str:
    """A row as format 1 has it, written out: what was stored then must be readable for ever."""
    body = (
        '{"number":7,"repository":"acme/apex","title":"A title","state":"open","reason":null,'
        '"created":"2025-09-12T00:00:00+00:00","closed":null,"closed_by":null,"read":"2025-09-12T00:00:00+00:00",'
        '"how":""}'
    )
    values = "'github.com', 'acme/apex', '7', 'issue', '2025-09-12T00:00:00.000000+00:00', 'acme/apex', 'acme/apex', ''"
    digest = "a305580845a979551fcce8de3f74e2b4c550a1221300473232aa2a0085f203f6"
    return f"INSERT INTO fact VALUES ({values}, '{body}', '{digest}')"  # noqa: S608 - all of it stands here


ROWS = {1: row_of_format_1}
"""For each format, a statement that stores issue 7 into it."""


def synthetic(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE fact ADD COLUMN later TEXT")
    connection.execute("CREATE TABLE later (a TEXT)")


def test_there_is_a_row_for_each_format():
    assert list(ROWS) == list(range(1, len(UPGRADES) + 1))


@pytest.mark.parametrize("target", [UPGRADES, (*UPGRADES, synthetic), (*UPGRADES, synthetic, lambda _: None)])
@pytest.mark.parametrize("version", ROWS)
@pytest.mark.parametrize("open_", [Snapshot.to_read, Snapshot.to_write])
def test_every_older_format_is_upgraded_with_what_is_in_it(version, target, open_, path):
    """S7"""
    made(path, [], upgrades=UPGRADES[:version])
    bare(path, ROWS[version]())
    with open_(path, target) as store:
        assert store.facts(HOST, [(APEX, "7")]) == (asked(issue()),)
        assert store._connection.execute("PRAGMA user_version").fetchone() == (len(target),)
        assert store.check() == []


@pytest.mark.parametrize("open_", [Snapshot.to_read, Snapshot.to_write])
def test_a_newer_format_is_refused_and_left_alone(open_, path):
    """S7"""
    made(path, upgrades=(*UPGRADES, synthetic))
    before = path.read_bytes()
    with pytest.raises(NothingToJudge, match="newer triage"):
        open_(path)
    assert path.read_bytes() == before


def fails(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM past")
    connection.execute("DELETE FROM fact")
    connection.execute("INSERT INTO nowhere VALUES (1)")


def gives_up(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM past")
    connection.execute("DELETE FROM fact")
    raise ValueError("a fact that cannot be understood")


@pytest.mark.parametrize("step", [fails, gives_up])
@pytest.mark.parametrize("before", [(), (synthetic,)])
def test_a_step_that_fails_leaves_the_format_before_it(step, before, path):
    """S7: what the steps before it did stays done."""
    made(path)
    with pytest.raises(TriageError):
        Snapshot.to_write(path, (*UPGRADES, *before, step))
    with Snapshot.to_read(path, (*UPGRADES, *before)) as store:
        assert set(store.facts(HOST, NAMES)) == set(MANY)


# -- processes --------------------------------------------------------------------------------------


def python(code: str, *arguments: object, **more) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HEADER + code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)


KILLED = """
snapshot._schema(UPGRADES)
for line in sys.stdin:
    path, number, journal, log = line.split()
    child = os.fork()
    if child == 0:
        snapshot._JOURNAL = journal
        number = int(number)
        with Snapshot.to_write(Path(path)) as store, open(log, "a", buffering=1) as done:
            # So that pages reach the file before the end of a transaction.
            store._connection.execute("PRAGMA cache_size = 4")
            while True:
                number += 1
                store.store("github.com", batch(number))
                print(number, file=done)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


def test_a_killed_process_leaves_whole_batches(tmp_path):
    """S1: at any moment, from the making of the file on; what was said to be stored is."""
    chance = random.Random()  # noqa: S311 - when it is killed
    log = tmp_path / "log"
    with python(KILLED) as zygote:
        for turn in range(KILLS):
            path = tmp_path / f"{turn // 4}.db"
            if turn % 4 == 0:
                log.write_text("")
            before = int((log.read_text().split() or ["0"])[-1])
            # The last one may have been stored without having been said to be.
            before += 1 if turn % 4 else 0
            zygote.stdin.write(f"{path} {before} {('wal', 'delete')[turn // 4 % 2]} {log}\n")
            zygote.stdin.flush()
            child = int(zygote.stdout.readline())
            time.sleep(chance.uniform(0, 0.04))
            os.kill(child, signal.SIGKILL)
            assert zygote.stdout.readline() == "killed\n"
            said = int((log.read_text().split() or ["0"])[-1])
            store = Snapshot.to_read(path)
            if store is None:
                assert said == 0
                continue
            with store:
                found = [one.fact.title for one in store.all_facts(HOST, APEX)]
                assert store.check() == []
            assert len(set(found)) <= 1
            assert len(found) in (0, 30)
            stored = int(found[0].split()[1]) if found else 0
            assert said <= stored <= max(said, before) + 1
        zygote.stdin.close()


def test_a_process_killed_in_an_upgrade_leaves_the_format_before_it(path):
    """S1, S7"""
    made(path)
    code = """
def step(connection):
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("CREATE TABLE later (a TEXT)")
    connection.execute("INSERT INTO later SELECT body || hex(zeroblob(9000)) FROM fact")
    connection.execute("DELETE FROM past")
    connection.execute("DELETE FROM fact")
    os.kill(os.getpid(), 9)
Snapshot.to_write(Path(sys.argv[1]), (*UPGRADES, step))
"""
    with python(code, path) as child:
        assert child.wait() == -signal.SIGKILL
    assert read(path) == {one.asked: one.fact for one in MANY}
    with Snapshot.to_read(path) as store:
        assert store.check() == []


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_sixteen_processes_make_it_and_write_at_once(journal, path):
    """S5"""
    code = f"""
snapshot._JOURNAL = {journal!r}
me = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for turn in range(3):
    with Snapshot.to_write(Path(sys.argv[1])) as store:
        store.store("github.com", [Kept(f"acme/{{me}}-{{turn}}", one.asked, one.fact) for one in batch(me, 4)])
        store.store("github.com", batch(me * 10 + turn, 4))
        assert len(store.facts("github.com", [("acme/apex", "1")])) == 1
"""
    children = [python(code, path, number) for number in range(16)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        with child:
            assert child.wait() == 0
    with Snapshot.to_read(path) as store:
        for number, turn in itertools.product(range(16), range(3)):
            assert store.age(HOST, f"acme/{number}-{turn}")[0] == 4
        assert {one.fact.title for one in store.all_facts(HOST, APEX)} == {"batch 152"}
        assert store.check() == []


def test_one_that_is_never_let_in_says_so(path, monkeypatch):
    """S5: after a while, with nothing lost."""
    made(path)
    monkeypatch.setattr(snapshot_module, "_PATIENCE", 0.2)
    monkeypatch.setattr(snapshot_module, "_ONE_WAIT", 0.05)
    with Snapshot.to_write(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TriageError, match="in use"):
            store.store(HOST, [asked(issue(1, 1))])
        with pytest.raises(TriageError, match="in use"):
            Snapshot.to_write(path)
        assert len(store.facts(HOST, NAMES)) == len(MANY)
        other.execute("ROLLBACK")
        other.close()
        store.store(HOST, [asked(issue(1, 1))])


# -- disks and rights -------------------------------------------------------------------------------


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("room", range(5))
def test_a_full_disk_loses_nothing(journal, room, path, monkeypatch):
    """S3"""
    monkeypatch.setattr(snapshot_module, "_JOURNAL", journal)
    made(path)
    with Snapshot.to_write(path) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + room}")
        more = [asked(issue(number, 1, body="x" * 4000)) for number in range(1, 20)]
        with pytest.raises(TriageError, match="the disk is full") as fault:
            store.store(HOST, more)
        assert fault.value.exit_code == 3
        assert set(store.facts(HOST, NAMES)) == set(MANY)
        store._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
        store.store(HOST, more)
    assert read(path)["1"] == more[0].fact


def test_a_disk_that_stops_writing_at_any_byte_loses_nothing(tmp_path):
    """S3: a limit on the sizes of files, which stops the file, its journal or its -wal in the middle."""
    template = tmp_path / "template.db"
    code = """
import resource, shutil
template, folder, *limits = sys.argv[1:]
with Snapshot.to_write(Path(template)) as store:
    store.store("github.com", batch(1))
for journal in ("wal", "delete"):
    for limit in limits:
        path = Path(folder) / f"{journal}-{limit}.db"
        shutil.copy(template, path)
        if os.fork() == 0:
            snapshot._JOURNAL = journal
            if journal == "delete":
                connection = sqlite3.connect(path)
                connection.execute("PRAGMA journal_mode = delete")
                connection.close()
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
            said = "stored"
            try:
                with Snapshot.to_write(path) as store:
                    store.store("github.com", batch(2))
            except TriageError as fault:
                said = fault.message
            except BaseException as error:
                said = "!" + repr(error)
            os.write(1, f"{path}\\t{said}\\n".encode())
            os._exit(0)
        os.wait()
"""
    limits = [0, 512, 5000, *range(9000, 330_000, 16_001)]
    with python(code, template, tmp_path, *limits) as child:
        lines = child.stdout.read().splitlines()
    assert len(lines) == 2 * len(limits)
    stopped = 0
    for line in lines:
        name, said = line.split("\t")
        with Snapshot.to_read(Path(name)) as store:
            found = {one.fact.title for one in store.all_facts(HOST, APEX)}
            assert store.check() == []
        assert said[0] != "!", said
        assert found == ({"batch 2"} if said == "stored" else {"batch 1"}), said
        stopped += said != "stored"
    assert stopped > 20


AS_NOBODY = """
import json
Snapshot.to_write(Path(sys.argv[1]) / "first.db").close()
with Snapshot.to_read(Path(sys.argv[2])) as store:
    expected = store.facts("github.com", [("acme/apex", "1")])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    owner = 65534
def said(work):
    try:
        return work()
    except TriageError as fault:
        return fault.message
def reads():
    with Snapshot.to_read(path) as store:
        return "read" if store.facts("github.com", [("acme/apex", "1")]) == expected else "other"
def writes():
    with Snapshot.to_write(path) as store:
        store.store("github.com", batch(3))
        return "stored"
print("ready", flush=True)
for line in sys.stdin:
    path = Path(line.strip())
    print(json.dumps([said(reads), said(writes)]), flush=True)
"""


@pytest.fixture
def nobodys(tmp_path_factory):
    """A folder, and a way to ask a process without special rights what it can do with a file there."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="triage-"))
    folder.chmod(0o755)
    first = folder / "expected.db"
    made(first)
    child = python(AS_NOBODY, folder, first)
    assert child.stdout.readline() == "ready\n"

    def ask(path: Path) -> list[str]:
        child.stdin.write(f"{path}\n")
        child.stdin.flush()
        return json.loads(child.stdout.readline())

    yield folder, ask
    with child:
        child.stdin.close()
    for one in folder.rglob("*"):
        one.chmod(0o700)
    shutil.rmtree(folder)


def owned(path: Path, mode: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    path.chmod(mode)


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o400, 0o500), (0o600, 0o500), (0o400, 0o700)])
def test_what_is_read_only_can_be_read(journal, file_mode, folder_mode, nobodys, monkeypatch):
    """S4: and writing to it fails when it is opened, before anything rests on it."""
    folder, ask = nobodys
    monkeypatch.setattr(snapshot_module, "_JOURNAL", journal)
    (folder / "in").mkdir()
    path = made(folder / "in" / "snapshot.db")
    owned(path, file_mode)
    owned(path.parent, folder_mode)
    before = path.read_bytes()
    reading, writing = ask(path)
    assert reading == "read"
    assert "read-only" in writing
    assert path.read_bytes() == before


def test_changes_beside_a_read_only_file_are_not_passed_over(nobodys):
    """S4: without the -wal, what was stored last would be missing."""
    folder, ask = nobodys
    path = folder / "in" / "snapshot.db"
    path.parent.mkdir()
    with Snapshot.to_write(folder / "other.db") as store:
        store.store(HOST, MANY)
        for ending in ("", "-wal"):
            shutil.copy(folder / f"other.db{ending}", f"{path}{ending}")
            owned(Path(f"{path}{ending}"), 0o600)
    owned(path.parent, 0o500)
    reading, writing = ask(path)
    assert "-wal has changes" in reading
    assert "read-only" in writing


def test_what_belongs_to_others_is_not_read(nobodys):
    """S4"""
    folder, ask = nobodys
    path = made(folder / "snapshot.db")
    path.chmod(0)
    assert all("not yours" in said for said in ask(path))
    (folder / "closed").mkdir(mode=0o000)
    assert all("cannot be" in said for said in ask(folder / "closed" / "snapshot.db"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """S4"""
    (tmp_path / "file").touch()
    with pytest.raises(TriageError, match=r"snapshot\.db"):
        Snapshot.to_write(tmp_path / "file" / "snapshot.db")
    with pytest.raises(TriageError, match=r"snapshot\.db"):
        Snapshot.to_read(tmp_path / "file" / "snapshot.db")


# -- the house --------------------------------------------------------------------------------------


def test_importing_it_costs_no_library():
    code = "print(sorted({'sqlite3', 'pydantic', 'platformdirs'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; import triage.snapshot; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_the_number_in_the_header_is_that_of_triage(path):
    made(path)
    assert APPLICATION.to_bytes(4, "big") == b"tria"
    assert path.read_bytes()[68:72] == b"tria"
