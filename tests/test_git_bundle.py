"""Bundles: what goes in comes out, nothing else does, and a hostile one does no harm."""

from __future__ import annotations

import hashlib
import struct
import time
import zlib

import pytest
from repositories import Repository, run_git

from triage.errors import CouldNotLook, NothingToJudge
from triage.git import open_bundle, open_history, write_bundle


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "opened"
    made.mkdir()
    return made


def written(repository, *, refs=None, commits=(), trees_of=(), diffs_of=(), blobs=()):
    history, at = open_history(repository.folder)
    return write_bundle(history, refs or {"refs/heads/main": at.sha}, commits, trees_of, diffs_of, blobs)


@pytest.mark.parametrize("long_ids", [False, True])
def test_there_and_back(tmp_path, folder, long_ids):
    repository = Repository(tmp_path / "repo", long_ids=long_ids)
    first = repository.commit({"a": "1", "d/b": "1", "d/e/f": "1"}, "first")
    second = repository.commit({"d/b": "2"}, "second")
    third = repository.commit({"d/b": "3", "a": "4"}, "third")
    repository.branch("side", first)
    side = repository.commit({"s": "1"}, "side")
    repository.checkout("main")
    tag = repository.tag("v1", first, "one")
    outer = repository.tag("outer", tag, "a tag of a tag")
    blob = repository.parse(f"{third}:d/b")
    data = written(
        repository,
        refs={"refs/heads/main": third, "refs/tags/v1": tag, "refs/tags/outer": outer, "HEAD": third},
        commits=[side],
        trees_of=[third],
        diffs_of=[second, first],
        blobs=[blob],
    )
    history, at = open_history(open_bundle(data, folder))
    assert (at.sha, at.branch) == (third, "main")
    assert history.revision("v1").sha == history.revision("outer").sha == first
    assert history.reachable(third, [first, second, side]) == {first, second}
    assert set(history.commits([first, second, third, side])) == {first, second, third, side}
    assert set(history.tree(third)) == {"a", "d/b", "d/e/f"}
    changes = history.changes([first, second, side])
    assert [change.path for change in changes[second]] == ["d/b"]
    assert len(changes[first]) == 3
    assert side not in changes
    assert list(history.contents([blob])) == [(blob, b"3")]
    absent = repository.parse(f"{third}:a")
    assert list(history.contents([absent])) == [(absent, None)]
    with pytest.raises(CouldNotLook):
        history.tree(side)
    with pytest.raises(CouldNotLook):
        history.lines_changed(second)


def test_just_these_objects(repository, folder):
    repository.commit({"a": "1", "d/e/f": "1"}, "first")
    repository.commit({"a": "2"}, "second")
    third = repository.commit({"a": "3"}, "third")
    open_bundle(written(repository, diffs_of=[third]), folder)
    listed = run_git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").decode().split()
    assert sorted(listed) == ["commit"] * 3 + ["tree"] * 2


def test_G7_what_is_not_in_the_bundle_is_not_said_to_be_absent(repository, folder):
    repository.commit({"a": "1", "d/e/f": "1"}, "first")
    repository.commit({"a": "2"}, "second")
    third = repository.commit({"a": "3"}, "third")
    history = open_history(open_bundle(written(repository, diffs_of=[third]), folder))[0]
    for path in ("d/gone", "gone"):
        with pytest.raises(CouldNotLook):
            history.path_history(path, third)
    with pytest.raises(CouldNotLook):
        list(history.past_blobs(("*",), third))
    with pytest.raises(CouldNotLook):
        history.tree(third)


def test_the_same_objects_give_the_same_bytes(repository):
    repository.commit({f"d{number}/f": str(number) for number in range(30)}, "first")
    sha = repository.commit({"d1/f": "2"}, "second")
    blobs = [repository.parse(f"{sha}:d{number}/f") for number in range(30)]
    one = written(repository, trees_of=[sha], blobs=blobs)
    repository.git("gc", "-q", "--aggressive")
    assert written(repository, trees_of=[sha], blobs=reversed(blobs)) == one


def test_git_itself_reads_it(tmp_path, repository):
    sha = repository.commit({"a": "1"}, "first")
    (tmp_path / "x.bundle").write_bytes(written(repository, trees_of=[sha], blobs=[repository.parse("HEAD:a")]))
    run_git(repository.folder, "bundle", "verify", str(tmp_path / "x.bundle"))
    run_git(tmp_path, "clone", "-q", "-b", "main", "x.bundle", "clone")
    assert (tmp_path / "clone" / "a").read_text() == "1"


def test_what_is_not_in_the_clone_cannot_be_written(repository):
    sha = repository.commit({"d/a": "1"}, "first")
    missing = "0" * 39 + "1"
    for asked in (
        {"commits": [missing]},
        {"trees_of": [missing]},
        {"diffs_of": [missing]},
        {"blobs": [missing]},
        {"refs": {"refs/heads/x": missing}},
        {"refs": {"x": sha}},
        {"refs": {"refs/heads/--x..": sha}},
    ):
        with pytest.raises(CouldNotLook):
            written(repository, **asked)
    repository.remove_object(repository.parse("HEAD:d"))
    for asked in ({"trees_of": [sha]}, {"diffs_of": [sha]}):
        with pytest.raises(CouldNotLook):
            written(repository, **asked)


def test_a_small_bundle_opens_fast(repository, tmp_path):
    sha = repository.commit({"a": "1"}, "first")
    data = written(repository, trees_of=[sha])
    times = []
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        start = time.perf_counter()
        open_bundle(data, tmp_path / str(number))
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def damaged(data):
    head, _, pack = data.partition(b"\n\n")
    sha = head.split(b"\n")[1].split(b" ")[0]
    return {
        "empty": b"",
        "not a bundle": b"hello\n\nPACK",
        "cut": data[:-30],
        "flipped": data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 255]) + data[len(data) // 2 + 1 :],
        "no pack": head + b"\n\n",
        "long pack": data + b"more",
        "version 4": data.replace(b"# v2", b"# v4"),
        "prerequisite": head + b"\n-" + b"1" * 40 + b" x\n\n" + pack,
        "filter": head.replace(b"# v2 git bundle\n", b"# v3 git bundle\n@filter=blob:none\n") + b"\n\n" + pack,
        "capability in v2": head.replace(b"bundle\n", b"bundle\n@object-format=sha1\n") + b"\n\n" + pack,
        "other hash": head.replace(b"# v2 git bundle\n", b"# v3 git bundle\n@object-format=sha256\n") + b"\n\n" + pack,
        "option as ref": head + b"\n" + sha + b" --upload-pack=x\n\n" + pack,
        "ref outside": head + b"\n" + sha + b" refs/../../config\n\n" + pack,
        "ref twice": head + b"\n" + sha + b" refs/heads/main\n\n" + pack,
        "odd id": head + b"\n" + sha[:-1] + b" refs/heads/x\n\n" + pack,
        "ref to nothing": head + b"\n" + b"1" * 40 + b" refs/heads/x\n\n" + pack,
        "many refs": head + b"".join(b"\n%s refs/heads/x%d" % (sha, at) for at in range(100_001)) + b"\n\n" + pack,
    }


@pytest.mark.parametrize("how", list(damaged(b"# v2 git bundle\nx y\n\nPACK")))
def test_a_damaged_bundle_is_one_clear_error(repository, folder, how):
    repository.commit({"a": "1"}, "first")
    with pytest.raises(NothingToJudge) as caught:
        open_bundle(damaged(written(repository))[how], folder)
    assert "\n" not in caught.value.message


def test_a_bundle_without_the_parents_is_refused(tmp_path, repository, folder):
    repository.commit({"a": "1"}, "first")
    sha = repository.commit({"a": "2"}, "second")
    pack = run_git(repository.folder, "pack-objects", "--stdout", "-q", data=f"{sha}\n".encode())
    with pytest.raises(NothingToJudge):
        open_bundle(f"# v2 git bundle\n{sha} refs/heads/main\n\n".encode() + pack, folder)


def packed(kind, size):
    """A pack with one object of zeros, written by hand: small in the file, large in memory."""
    first = (kind << 4) | (size & 15)
    rest = size >> 4
    head = []
    while rest:
        head.append(first | 128)
        first, rest = rest & 127, rest >> 7
    head.append(first)
    squeeze = zlib.compressobj(9)
    block = bytes(1 << 24)
    body = b"".join(squeeze.compress(block) for _ in range(size >> 24)) + squeeze.flush()
    pack = b"PACK" + struct.pack(">II", 2, 1) + bytes(head) + body
    return pack + hashlib.sha1(pack, usedforsecurity=False).digest()


@pytest.mark.parametrize("kind", [1, 3])
def test_a_bomb_neither_fills_memory_nor_disk(tmp_path, folder, kind):
    import resource

    data = b"# v2 git bundle\n" + b"1" * 40 + b" refs/heads/main\n\n" + packed(kind, 2 << 30)
    assert len(data) < 4 << 20
    with pytest.raises(NothingToJudge):
        open_bundle(data, folder)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_300_000
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 8 << 20
