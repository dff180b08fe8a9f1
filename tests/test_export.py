"""Exported files: the same verdicts from the file as from the clone, and nothing believed that can be looked at."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from repositories import Repository, run_git

from triage import cli, exported
from triage.errors import NothingToJudge, TriageError
from triage.git import open_bundle, open_history, write_bundle
from triage.model import Mention, Occurrence, PathHistory

ROOT = Path(__file__).resolve().parent.parent
JUNIT = '<testsuite><testcase classname="tests.test_a" name="test_x" file="tests/test_a.py"/></testsuite>'
HEAD = "cluster: 7\ndecided: {date: 2025-09-20, by: alice}\nissues:\n  7:\n    decision: resolved\n    evidence:\n"


def triage(*arguments: object) -> tuple[int, str, str]:
    """Run a command here: the exit code, the document, and the error's message."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.cli.main([str(argument) for argument in arguments], standalone_mode=False)
    except TriageError as fault:
        said = fault
    else:
        return code, out.getvalue(), err.getvalue()
    assert "\n" not in said.message
    assert said.hint
    return said.exit_code, out.getvalue(), said.message


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def packed(members: dict[str, bytes], manifest: object = None) -> bytes:
    """A file with these members and the right digests."""
    told = json.loads(members["manifest.json"]) if manifest is None else manifest
    if isinstance(told, dict) and isinstance(told.get("members"), dict):
        told["members"] = {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
            if name != "manifest.json"
        }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data if name != "manifest.json" else json.dumps(told))
    return buffer.getvalue()


class Made:
    """A repository with all kinds of evidence, and what its commits are called."""

    def __init__(self, folder: Path) -> None:
        r = self.repository = Repository(folder)
        self.first = r.commit(
            {"src/a.py": "class MemoryStore: pass\nx = 1\n", "docs/b.md": "hi\n", "old/name.py": "abc\n" * 20},
            "feat: first",
        )
        self.second = r.commit({"src/a.py": "x = 2\n"}, "fix: second")
        r.move("old/name.py", "new/name.py", "chore: move")
        r.commit({"docs/b.md": None}, "docs: drop")
        r.tag("v1.0", message="one")
        r.revert(self.second)
        self.third = r.commit({"src/a.py": "x = 3\n", "src/é.py": "ü\n"}, "fix: third")
        r.branch("side")
        self.side = r.commit({"s.txt": "s\n"}, "fix: side")
        r.checkout("main")
        r.merge("side")
        r.branch("other")
        self.other = r.commit({"o.txt": "s\n"}, "fix: other")
        r.checkout("main")
        self.evidence = {
            "ancestor": f'{{commit: "{self.first[:9]}", subject: "feat: first", touches: ["src/**"]}}',
            "reverted": f'{{commit: "{self.second}"}}',
            "merged": f'{{commit: "{self.side[:12]}"}}',
            "elsewhere": f'{{commit: "{self.other[:9]}"}}',
            "nowhere": '{commit: "1234567abc"}',
            "rewritten": '{commit: "deadbeef1", subject: "fix: third"}',
            "foreign": f'{{commit: "{self.third[:9]}", subject: "feat: first"}}',
            "path": "{path: src/a.py}",
            "folder": "{path: src}",
            "moved": "{path: old/name.py}",
            "removed": "{path: docs/b.md}",
            "never": "{path: never/was.py}",
            "gone": "{absent: 'class MemoryStore', in: ['src/**/*.py']}",
            "still": "{absent: 'x =', in: ['src/**']}",
            "avoided": "{absent: 'zzz', in: ['src/**'], never: true}",
            "present": "{present: 'ü', in: ['**/*.py'], count: '>=1'}",
            "release": "{release: v1.0}",
            "at": f'{{path: docs/b.md, at: "{self.second[:10]}"}}',
            "pull": "{pull: 12}",
            "stated": "{stated: Tried, by: alice, date: 2025-09-12}",
            "test": f'{{test: "tests/test_a.py::test_x", in: {{file: reports/j.xml}}, at: "{self.second[:9]}"}}',
        }

    def write(self, folder: Path, *names: str) -> Path:
        path = folder / "clusters/7.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + "".join(f"      - {self.evidence[name]}\n" for name in names or self.evidence), "utf-8")
        (folder / "reports").mkdir(exist_ok=True)
        (folder / "reports/j.xml").write_text(JUNIT)
        return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made") / "work")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, str]:
    """The example's decisions, its exported file, and the verdicts."""
    path = tmp_path_factory.mktemp("example") / "529.yaml"
    shutil.copy(ROOT / "clusters/529.yaml", path)
    data = (ROOT / "clusters/529.evidence").read_bytes()
    file = path.parent / "whole.evidence"
    file.write_bytes(data)
    return path, data, triage("cluster", path, "--json", "--from", file)[1]


def judged(example: tuple[Path, bytes, str], data: bytes, *more: str) -> tuple[int, str, str]:
    file = example[0].parent / "tried.evidence"
    file.write_bytes(data)
    return triage("cluster", example[0], "--from", file, *(more or ("--json",)))


def refused(example: tuple[Path, bytes, str], data: bytes) -> str:
    code, out, said = judged(example, data)
    assert (code, out) == (3, "")
    assert "tried.evidence" in said or "bundle" in said
    return said


# -- round trips ----------------------------------------------------------------------------------------------


def both(made: Made, folder: Path, tmp_path: Path, *names: str) -> tuple[dict, dict]:
    """The verdicts by the clone and by the file exported from it, without the moment of judging."""
    path = made.write(folder, *names)
    file = tmp_path / "7.evidence"
    code, out, said = triage("cluster", path, "--json", "-C", folder)
    assert code in (0, 1), said
    clone = json.loads(out)
    assert triage("export", path, "-C", folder, "-o", file)[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    alone = shutil.copy(path, elsewhere / "7.yaml")
    # The place of a finding names the file that was asked for.
    mine, out, said = triage("cluster", alone, "--json", "--from", file)
    assert mine == code, said
    read = json.loads(out.replace(str(alone), str(path)))
    for verdicts in (clone, read):
        assert verdicts["judged"].pop("at")
    return clone, read


def test_a_file_gives_the_verdicts_of_its_clone(made, tmp_path):
    clone, read = both(made, made.repository.folder, tmp_path)
    assert read == clone
    statuses = {item["status"] for item in clone["issues"][0]["evidence"]}
    assert statuses == {"verified", "refuted", "unverified", "attested"}


@pytest.mark.parametrize("name", ["ancestor", "reverted", "moved", "removed", "never", "gone", "avoided", "at", "test"])
def test_a_file_gives_the_verdict_of_its_clone_on_one_piece_alone(made, tmp_path, name):
    clone, read = both(made, made.repository.folder, tmp_path, name)
    assert read == clone


@pytest.mark.parametrize("options", [("--depth=1",), ("--bare",), ("--mirror",), ("--single-branch",)])
def test_G7_a_file_from_any_clone_gives_its_verdicts(made, tmp_path, options):
    folder = made.repository.clone(tmp_path / "clone", *options)
    clone, read = both(made, folder, tmp_path)
    assert read == clone


@pytest.mark.parametrize("options", [("--depth=3",), ("--filter=blob:none",)])
def test_G7_a_file_from_a_clone_that_lacks_objects_claims_no_more_than_it(made, tmp_path, options):
    folder = made.repository.clone(tmp_path / "clone", *options)
    clone, read = both(made, folder, tmp_path)
    for there, here in zip(clone["issues"][0]["evidence"], read["issues"][0]["evidence"], strict=True):
        assert here["status"] in (there["status"], "unverified")


LINES = "".join(f"line {number}\n" for number in range(60))


def fixed(*numbers: int) -> str:
    text = LINES
    for number in numbers:
        text = text.replace(f"line {number}\n", f"fixed {number}\n")
    return text


class Landed:
    """A repository in which commits landed as others, in every way that there is a proof of."""

    def __init__(self, folder: Path) -> None:
        r = self.repository = Repository(folder)
        self.evidence: dict[str, str] = {}
        begin = {**dict.fromkeys(("a.py", "b.py", "c.py", "d/e.py", "f.py"), LINES), "img": b"\0\1"}
        r.commit(begin, "feat: begin")
        self.side("squash", 10, {"a.py": fixed(3), "s.py": "x\n"}, {"a.py": fixed(3, 40)})
        r.commit({"other.py": "x\n"}, "chore: other work")
        r.squash("squash", "fix: all of squash (#10)")
        self.side("half", 11, {"d/e.py": fixed(3), "h.py": "x\n"}, {"d/e.py": fixed(3, 40)})
        r.squash("half", "fix: all of half (#11)")
        rebased = self.side("rebase", 12, {"b.py": fixed(20)})
        r.commit({"b.py": "one more\n" * 9 + LINES}, "chore: around it")
        r.cherry_pick(rebased)
        picture = self.side("binary", 13, {"img": b"\0\2"})
        r.commit({}, "chore: before it")
        r.cherry_pick(picture)
        self.side("tree", 14, {"c.py": fixed(20)})
        r.commit({"c.py": fixed(18)}, "chore: beside it")
        r.commit({"c.py": fixed(18, 20)}, "fix: tree 0")
        self.side("branch", None, {"new.py": LINES}, {"new.py": fixed(7)}, cited=1)
        r.squash("branch", "feat: a whole")
        self.side("never", 16, {"never.py": "x\n"})
        r.git("checkout", "-q", "--orphan", "before")
        r.commit({"secret": "x\n"}, "feat: begin, with a secret")
        old = r.commit({"f.py": fixed(50), "secret": "y\n"}, "fix: rewritten")
        self.evidence["rewrite"] = f'{{commit: "{old[:12]}"}}'
        when = r.git("log", "-1", "--format=%at", old)
        r.git("checkout", "-qf", "main")
        (r.folder / "f.py").write_text(fixed(50))
        r.git("commit", "-qam", "fix: rewritten", GIT_AUTHOR_DATE=f"{when} +0000")
        self.documents = r.commit(
            {"docs/x.md": "\n| fedc0de91 | feat: a whole |\n"}, "docs: x", date=datetime(2025, 9, 25, tzinfo=UTC)
        )
        self.evidence["elsewhere"] = '{commit: "fedc0de91"}'
        self.evidence["nowhere"] = '{commit: "fedc0de99"}'

    def side(self, name: str, number: int | None, *commits: dict[str, str | bytes], cited: int = 0) -> str:
        """Commit on a branch of its own, which stays only as the head of a pull request."""
        r = self.repository
        r.branch(name)
        shas = [r.commit(files, f"fix: {name} {at}") for at, files in enumerate(commits)]
        if number is not None:
            r.ref(f"refs/pull/{number}/head", r.head())
        r.checkout("main")
        self.evidence[name] = f'{{commit: "{shas[cited][:12]}"}}'
        return shas[0]

    def write(self, folder: Path, *names: str) -> Path:
        """Write the cluster file, and leave only what a host would show of the branches."""
        for name in self.repository.git("branch", "--format=%(refname:short)").splitlines():
            if name not in ("main", "branch", "before"):
                self.repository.git("branch", "-qD", name)
        return Made.write(self, folder, *names)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    return Landed(tmp_path_factory.mktemp("landed") / "work")


def proofs(verdicts: dict) -> dict[str, tuple[str, str | None]]:
    return {item["cited"]: (item["status"], item["proof"]) for item in verdicts["issues"][0]["evidence"]}


def test_a_file_gives_the_verdicts_of_its_clone_on_commits_that_landed_as_others(landed, tmp_path):
    clone, read = both(landed, landed.repository.folder, tmp_path)
    assert read == clone
    found = dict(zip(landed.evidence, proofs(clone).values(), strict=True))
    assert found == {
        "squash": ("verified", "squash"),
        "half": ("verified", "squash"),
        "rebase": ("verified", "rebase"),
        "binary": ("verified", "rebase"),
        "tree": ("verified", "tree"),
        "rewrite": ("verified", "rewrite"),
        "branch": ("verified", "tree"),
        "never": ("refuted", "never-landed"),
        "elsewhere": ("verified", "cited-elsewhere"),
        "nowhere": ("refuted", "absent-object"),
    }


@pytest.mark.parametrize(
    "name", ["squash", "half", "rebase", "binary", "tree", "rewrite", "branch", "never", "elsewhere"]
)
def test_a_file_gives_the_verdict_of_its_clone_on_one_commit_that_landed_as_another(landed, tmp_path, name):
    clone, read = both(landed, landed.repository.folder, tmp_path, name)
    assert read == clone


@pytest.mark.parametrize("options", [("--mirror",), ("--bare", "--depth=4"), ("--mirror", "--filter=blob:none")])
def test_G7_a_file_from_any_clone_claims_no_more_than_it_of_what_landed_otherwise(landed, tmp_path, options):
    folder = landed.repository.clone(tmp_path / "clone", *options)
    clone, read = both(landed, folder, tmp_path)
    assert read == clone
    found = dict(zip(landed.evidence, proofs(clone).values(), strict=True))
    assert (found["rebase"] == ("verified", "rebase")) == (options == ("--mirror",))


def listed(file: Path, folder: Path) -> list[str]:
    """The kinds of the objects in a file's bundle."""
    place = open_bundle(exported.read(file).bundle, folder)
    out = run_git(place, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)")
    return out.decode().split()


@pytest.mark.parametrize(
    ("name", "blobs"), [("nowhere", 0), ("never", 4), ("binary", 2), ("rebase", 4), ("tree", 3), ("elsewhere", 1)]
)
def test_a_file_has_the_contents_that_a_proof_rests_on_and_no_others(landed, tmp_path, name, blobs):
    both(landed, landed.repository.folder, tmp_path, name)
    (tmp_path / "opened").mkdir()
    assert listed(tmp_path / "7.evidence", tmp_path / "opened").count("blob") <= blobs


@pytest.mark.parametrize(("name", "form"), [("squash", 2), ("rebase", 2), ("elsewhere", 3), ("branch", 3)])
def test_a_file_that_an_older_version_can_read_says_so(landed, tmp_path, name, form):
    both(landed, landed.repository.folder, tmp_path, name)
    told = json.loads(parts((tmp_path / "7.evidence").read_bytes())["manifest.json"])
    assert told["format"] == form


def test_what_is_exported_from_a_file_of_format_3_is_that_file(landed, tmp_path):
    path = landed.write(landed.repository.folder)
    for source, name in (
        (("-C", landed.repository.folder, "--now", "2025-09-26"), "one"),
        (("--from", tmp_path / "one"), "two"),
    ):
        assert triage("export", path, *source, "-o", tmp_path / name)[0] == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_sha256_repository_is_exported_too(tmp_path):
    repository = Repository(tmp_path / "long", long_ids=True)
    fix = repository.commit({"a.py": "x\n"}, "fix: it")
    path = tmp_path / "7.yaml"
    path.write_text(HEAD + f'      - {{commit: "{fix}"}}\n      - {{path: a.py}}\n')
    assert triage("export", path, "-C", repository.folder, "-o", tmp_path / "x.evidence")[0] == 0
    assert triage("cluster", path, "--from", tmp_path / "x.evidence")[0] == 0


def test_exporting_twice_gives_the_same_bytes(made, tmp_path):
    path = made.write(made.repository.folder)
    for name in ("one", "two"):
        triage("export", path, "-C", made.repository.folder, "-o", tmp_path / name, "--now", "2025-09-20")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_is_exported_from_a_file_is_that_file(example, tmp_path):
    again = tmp_path / "again.evidence"
    assert triage("export", example[0], "--from", example[0].parent / "whole.evidence", "-o", again)[0] == 0
    assert again.read_bytes() == example[1]


def test_names_that_are_not_utf8_survive(made, tmp_path):
    folder = tmp_path / "clone"
    made.repository.clone(folder)
    os.system(f"git -C '{folder}' branch \"$(printf 'caf\\351')\"")  # noqa: S605 - the bytes are the point
    path = made.write(folder, "ancestor")
    assert triage("export", path, "-C", folder, "--branch", "caf\udce9", "-o", tmp_path / "x.evidence")[0] == 0
    assert exported.read(tmp_path / "x.evidence").branch == "caf\udce9"


def test_a_file_read_twice_says_the_same_and_names_no_temporary_folder(made, tmp_path):
    """What the file lacks is missing in it, not in a folder that is gone by then."""
    made.evidence["unseen"] = "{absent: 'zzz', in: ['src/**']}"
    path = made.write(made.repository.folder, "unseen")
    del made.evidence["unseen"]
    file = tmp_path / "x.evidence"
    triage("export", path, "-C", made.repository.folder, "-o", file)
    runs = {triage("cluster", path, "--json", "--from", file)[1] for _ in range(2)}
    assert len(runs) == 1
    said = runs.pop()
    assert "/triage-" not in said
    assert f"the history of these files is not in {file}" in said


def test_an_export_of_another_cluster_is_refused(example, made, tmp_path):
    path = made.write(made.repository.folder)
    triage("export", path, "-C", made.repository.folder, "-o", tmp_path / "x.evidence")
    assert "of cluster 7, not of cluster 529" in refused(example, (tmp_path / "x.evidence").read_bytes())


def test_decisions_that_changed_since_are_not_refuted_by_what_the_file_lacks(made, tmp_path):
    path = made.write(made.repository.folder, "ancestor")
    triage("export", path, "-C", made.repository.folder, "-o", tmp_path / "x.evidence")
    path = made.write(made.repository.folder)
    data = json.loads(triage("cluster", path, "--json", "--from", tmp_path / "x.evidence")[1])
    found = dict(zip(made.evidence, (item["status"] for item in data["issues"][0]["evidence"]), strict=True))
    assert found["ancestor"] == "verified"
    assert {found["nowhere"], found["moved"], found["gone"], found["release"]} <= {"unverified"}


# -- E2, E3: what is no whole file ---------------------------------------------------------------------------------


def test_E2_a_file_cut_anywhere_is_refused(example):
    for offset in range(0, len(example[1]), 61):
        refused(example, example[1][:offset])


def test_E2_a_flipped_byte_is_refused_or_means_nothing(example):
    chance = random.Random(7)  # noqa: S311 - the same bytes every time
    unnoticed = 0
    for offset in chance.sample(range(len(example[1])), 300):
        data = bytearray(example[1])
        data[offset] ^= chance.choice((1, 0x20, 0x80, 0xFF))
        code, out, _ = judged(example, bytes(data))
        if code != 3:
            assert out == example[2], offset
            unnoticed += 1
    assert unnoticed < 30


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/cron.d/x",
        "a/../../x",
        "reports/../../x.xml",
        "reports/0000.XML",
        "C:\\x",
        "reports/0.xml/",
        "MANIFEST.json",
    ],
)
def test_E2_members_by_other_names_are_refused(example, name):
    before = set(example[0].parent.parent.rglob("*"))
    assert "it has a member" in refused(example, packed({**parts(example[1]), name: b"x"}))
    assert set(example[0].parent.parent.rglob("*")) - before <= {example[0].parent / "tried.evidence"}


def test_E2_a_link_is_a_text_like_any_other(example):
    buffer = io.BytesIO(example[1])
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("reports/0009.xml")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert "not those of its manifest" in refused(example, buffer.getvalue())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_E2_a_member_twice_is_refused(example):
    buffer = io.BytesIO(example[1])
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("cluster.yaml", "x")
    assert "two members" in refused(example, buffer.getvalue())


def test_E2_an_encrypted_member_is_refused(example):
    data = bytearray(example[1])
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1
    assert "encrypted" in refused(example, bytes(data))


@pytest.mark.parametrize("missing", ["cluster.yaml", "history.bundle", "manifest.json", "reports/0000.xml"])
def test_E2_a_member_that_is_missing_is_noticed(example, missing):
    members = parts(example[1])
    told = json.loads(members["manifest.json"])
    del members[missing]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data if name != "manifest.json" else json.dumps(told))
    refused(example, buffer.getvalue())


def test_E2_members_swapped_between_two_files_are_noticed(example, made, tmp_path):
    path = made.write(made.repository.folder)
    triage("export", path, "-C", made.repository.folder, "-o", tmp_path / "x.evidence")
    foreign = parts((tmp_path / "x.evidence").read_bytes())
    mine = parts(example[1])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in mine.items():
            archive.writestr(name, data if name != "history.bundle" else foreign[name])
    assert "digest" in refused(example, buffer.getvalue())
    assert "does not have the commit" in refused(example, packed({**mine, "history.bundle": foreign["history.bundle"]}))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_E3_a_bomb_is_refused_before_it_unpacks(example, method):
    """The header may say that a member is small: bzip2 would unpack what it gets at once, however much that is."""
    members = parts(example[1])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data if name != "reports/0000.xml" else bytes(100 << 20))
    data = bytearray(buffer.getvalue())
    tracemalloc.start()
    try:
        refused(example, bytes(data))
        size = zipfile.ZipFile(io.BytesIO(bytes(data))).getinfo("reports/0000.xml").compress_size
        for at in range(len(data)):
            if data[at : at + 4] == b"PK\1\2" and data[at + 46 : at + 62] == b"reports/0000.xml":
                data[at + 24 : at + 28] = (size * 2).to_bytes(4, "little")
        refused(example, bytes(data))
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("said", [0, 1, 2910, 2912, 2**32 - 2])
def test_E3_a_header_that_lies_about_a_size_is_noticed(example, said):
    data = bytearray(example[1])
    at = data.index(b"PK\1\2")
    assert data[at + 46 : at + 58] == b"cluster.yaml"
    data[at + 24 : at + 28] = said.to_bytes(4, "little")
    refused(example, bytes(data))


def test_E3_a_long_list_of_members_is_refused_before_it_is_read(example):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"reports/{number:020}.xml", b"")
    data = buffer.getvalue()
    assert "list of members" in refused(example, data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"PK" * 20
    refused(example, buffer.getvalue())


def test_E3_a_thousand_members_are_too_many(example):
    members = parts(example[1])
    many = {f"reports/{number:04}.xml": b"" for number in range(998)}
    assert "members" in refused(example, packed({**members, **many, "reports/1.xml": b""}))


def test_E3_a_pack_that_holds_a_huge_file_of_zeros_takes_no_memory_here(example, tmp_path):
    repository = Repository(tmp_path / "zeros")
    head = repository.commit({"zeros": bytes(64 << 20), "a": "x"}, "fix: zeros")
    path = tmp_path / "7.yaml"
    path.write_text(HEAD + f'      - {{commit: "{head}"}}\n      - {{absent: x, in: ["zeros"], never: true}}\n')
    tracemalloc.start()
    try:
        assert triage("export", path, "-C", repository.folder, "-o", tmp_path / "x.evidence")[0] in (0, 1)
        assert triage("cluster", path, "--from", tmp_path / "x.evidence")[0] in (0, 1)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [b"", b"PK", b"\0" * 100_000, b"not a zip\n" * 1_000])
def test_E2_what_is_no_zip_at_all_is_refused(example, data):
    refused(example, data)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing", "loop"])
def test_E2_what_is_no_file_is_refused_at_once(example, tmp_path, kind):
    path = tmp_path / "x.evidence"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind != "nothing":
        path.symlink_to({"device": "/dev/zero", "loop": "x.evidence"}[kind])
    code, _, said = triage("cluster", example[0], "--from", path)
    assert code == 3
    assert str(path) in said


# -- the manifest ------------------------------------------------------------------------------------------------


def places(value: object, at: tuple = ()) -> list[tuple]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*at, key))
    elif isinstance(value, list) and value:
        found += places(value[0], (*at, 0))
    return found


def test_E2_a_manifest_with_other_types_anywhere_is_refused_or_harmless(example):
    members = parts(example[1])
    whole = json.loads(members["manifest.json"])
    strange = [None, True, -1, 10**30, 1.5, "", "x\n\x1b[31m", [], [None], {}, {"a": 1}]
    unnoticed = set()
    for place in places(whole):
        if place[0] == "members":
            continue
        for value in strange:
            told = json.loads(members["manifest.json"])
            item = told
            for key in place[:-1]:
                item = item[key]
            item[place[-1]] = value
            code, out, _ = judged(example, packed(members, told))
            if code != 3:
                assert code == 1
                assert json.loads(out)["judged"]["sha"] == whole["sha"]
                unnoticed.add((place[0], type(value).__name__))
    assert unnoticed <= {
        *((key, "str") for key in ("branch", "clone", "github", "witnesses")),
        *((key, "NoneType") for key in ("repository", "clone", "github")),
        *((key, "list") for key in ("shallow", "github", "paths", "witnesses")),
        *((key, "bool") for key in ("clone", "github", "otherwise")),
        *((key, kind) for key in ("unread", "otherwise") for kind in ("list", "str", "NoneType")),
        ("github", "int"),
        ("repository", "str"),
        ("reports", "dict"),
    }


@pytest.mark.parametrize(
    "key", ["committed", "exported", "sha", "branch", "clone", "github", "members", "format", "cluster"]
)
def test_E2_a_manifest_without_a_key_is_refused(example, key):
    members = parts(example[1])
    told = json.loads(members["manifest.json"])
    del told[key]
    refused(example, packed(members, told))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"format": 1' + b"0" * 5000 + b"}",
        b'{"format": 4}',
        b'{"format": true}',
    ],
)
def test_E2_a_manifest_that_is_none_is_refused(example, text):
    members = {**parts(example[1]), "manifest.json": text}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    refused(example, buffer.getvalue())


# -- forged facts -----------------------------------------------------------------------------------------------------


def forged(made: Made, tmp_path: Path, name: str, **changes) -> tuple[int, str, str]:
    """Judge one piece of evidence by a file of which some facts were changed."""
    path = made.write(made.repository.folder, name)
    file = tmp_path / "x.evidence"
    assert triage("export", path, "-C", made.repository.folder, "-o", file)[0] == 0
    content = exported.read(file)
    exported.write(file, content._replace(**{k: v(content) if callable(v) else v for k, v in changes.items()}))
    code, out, said = triage("cluster", path, "--json", "--from", file)
    return code, json.loads(out)["issues"][0]["evidence"][0]["status"] if out else "", said


def test_E6_a_forged_witness_proves_nothing(made, tmp_path):
    made.evidence["unseen"] = "{absent: 'zzz', in: ['src/**']}"
    try:
        for seen in (
            Occurrence(made.first, "src/a.py", 1, "zzz"),
            Occurrence(made.first, "src/a.py", 999, "zzz"),
            Occurrence(made.first, "../../etc/passwd", 1, "zzz"),
            Occurrence(made.first, "docs/b.md", 1, "hi"),
            Occurrence("0" * 40, "src/a.py", 1, "zzz"),
            Occurrence(made.other, "o.txt", 1, "zzz"),
        ):
            assert forged(made, tmp_path, "unseen", witnesses={("zzz", ("src/**",)): seen})[1] == "unverified"
    finally:
        del made.evidence["unseen"]
    assert forged(made, tmp_path, "gone")[1] == "verified"


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ("docs/x.md", 2, "| fedc0de91 | fix: tree 0 |"),
        ("docs/x.md", 1, "| fedc0de91 | feat: a whole |"),
        ("docs/x.md", 3, ""),
        ("docs/x.md", 9, "| fedc0de91 | feat: a whole |"),
        ("docs/y.md", 2, "| fedc0de91 | feat: a whole |"),
        ("a.py", 1, "line 0"),
        ("../x.md", 2, "| fedc0de91 | feat: a whole |"),
        ("docs/x.md", 2, ""),
        ("docs/x.md", 2, "| fedc0de91 | feat"),
    ],
)
def test_E6_a_line_that_no_document_has_proves_nothing(landed, tmp_path, path, line, text):
    def told(content):
        return {key: (Mention(path, line, text),) for key in content.mentions}

    assert forged(landed, tmp_path, "elsewhere")[1] == "verified"
    assert forged(landed, tmp_path, "elsewhere", mentions=told)[1] == "unverified"


def test_E6_another_sha_s_line_proves_nothing(landed, tmp_path):
    def told(content):
        return {("fedc0de99", content.sha): (Mention("docs/x.md", 2, "| fedc0de91 | feat: a whole |"),)}

    assert forged(landed, tmp_path, "nowhere", mentions=told)[1] != "verified"


def test_E6_commits_that_are_said_to_touch_a_file_are_looked_at(landed, tmp_path):
    def all_of_them(shas):
        return lambda content: dict.fromkeys(content.touching, tuple(shas))

    repository = landed.repository
    main = repository.git("rev-list", "main").splitlines()
    assert forged(landed, tmp_path, "branch")[1] == "verified"
    for shas in ((), main[:1], ["0" * 40], [repository.head("before")], [repository.head("branch")]):
        assert forged(landed, tmp_path, "branch", touching=all_of_them(shas))[1] == "unverified"
    assert forged(landed, tmp_path, "never")[1] == "refuted"
    assert forged(landed, tmp_path, "never", touching=all_of_them(main))[1] in ("refuted", "unverified")


@pytest.mark.parametrize("name", ["rebase", "binary", "tree"])
def test_E6_what_the_objects_do_not_show_is_not_proven(landed, tmp_path, name):
    """No digest and no replay is believed: without the contents there is no proof."""
    history, at = open_history(landed.repository.folder)
    path = landed.write(landed.repository.folder, name)
    triage("export", path, "-C", landed.repository.folder, "-o", tmp_path / "x.evidence")
    content = exported.read(tmp_path / "x.evidence")
    shas = landed.repository.git("rev-list", "--all").splitlines()
    bundle = write_bundle(history, {"HEAD": at.sha}, shas, shas, shas, [])
    exported.write(tmp_path / "x.evidence", content._replace(bundle=bundle))
    out = triage("cluster", path, "--json", "--from", tmp_path / "x.evidence")[1]
    (status, proof), *_ = proofs(json.loads(out)).values()
    assert (status, proof) == (("verified", "rebase") if name == "binary" else ("unverified", None))


def test_E2_answers_of_other_types_are_refused_or_prove_nothing(landed, tmp_path):
    names = ("branch", "elsewhere", "nowhere", "never")
    path = landed.write(landed.repository.folder, *names)
    triage("export", path, "-C", landed.repository.folder, "-o", tmp_path / "x.evidence")
    before = proofs(json.loads(triage("cluster", path, "--json", "--from", tmp_path / "x.evidence")[1]))
    members = parts((tmp_path / "x.evidence").read_bytes())
    whole = json.loads(members["manifest.json"])
    for place in places({key: whole[key] for key in ("touching", "mentions")}):
        for value in (None, True, -1, 10**30, 1.5, "", "x\n\x1b[31m", [], [None], {}, {"a": 1}):
            told = json.loads(members["manifest.json"])
            item = told
            for key in place[:-1]:
                item = item[key]
            item[place[-1]] = value
            (tmp_path / "y.evidence").write_bytes(packed(members, told))
            code, out, _ = triage("cluster", path, "--json", "--from", tmp_path / "y.evidence")
            if code != 3:
                after = proofs(json.loads(out))
                # What a file does not say is as if it was never found, wherever it was made.
                allowed = ("unverified", ("refuted", "absent-object"))
                assert all(
                    after[cited] in (old, *allowed) or after[cited][0] in allowed for cited, old in before.items()
                )


def test_E6_a_path_that_is_said_to_have_moved_must_be_where_it_is_said_to_be(made, tmp_path):
    def told(place: str):
        return lambda content: {("never/was.py", content.sha): PathHistory(place, "renamed", existed=True)}

    assert forged(made, tmp_path, "never", paths=told("nowhere.py"))[1] == "unverified"
    assert forged(made, tmp_path, "never", paths=told("src"))[1] == "unverified"  # it was there before
    assert forged(made, tmp_path, "never")[1] == "refuted"


def test_E6_a_commit_that_the_file_does_not_have_cannot_be_judged_by(made, tmp_path):
    blob = made.repository.parse("HEAD:src/a.py")
    for sha in ("0" * 40, made.other, blob):
        code, status, said = forged(made, tmp_path, "ancestor", sha=sha)
        assert (code, status) == (3, "")
        assert "does not have the commit" in said


def test_E6_the_date_of_the_judged_commit_is_its_own(made, tmp_path):
    path = made.write(made.repository.folder, "ancestor")
    file = tmp_path / "x.evidence"
    triage("export", path, "-C", made.repository.folder, "-o", file)
    before = triage("cluster", path, "--from", file)[1]
    content = exported.read(file)
    exported.write(file, content._replace(committed=content.committed.replace(year=2099)))
    assert triage("cluster", path, "--from", file)[1] == before


def test_E6_a_shallow_end_that_is_made_up_hides_no_revert_and_proves_nothing(made, tmp_path):
    assert forged(made, tmp_path, "reverted")[1] == "refuted"
    assert forged(made, tmp_path, "reverted", shallow=(made.third,))[1] in ("refuted", "unverified")
    assert forged(made, tmp_path, "elsewhere", shallow=(made.first,))[1] == "unverified"


def test_E6_a_file_of_a_blind_clone_refutes_no_commit(made, tmp_path):
    def blind(content):
        return content.state._replace(shallow=True, blind="the clone is shallow", cure="git fetch --unshallow")

    assert forged(made, tmp_path, "nowhere", state=blind)[1] == "unverified"


# -- what is left behind ------------------------------------------------------------------------------------------------


def test_nothing_is_left_in_the_folder_for_temporary_files(example, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert judged(example, example[1])[1] == example[2]
    refused(example, packed({**parts(example[1]), "history.bundle": b"# v2 git bundle\n\nPACK"}))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_old_file(made, tmp_path):
    file = tmp_path / "x.evidence"
    file.write_bytes(b"old")
    path = made.write(made.repository.folder)
    assert triage("export", path, "-C", tmp_path / "nowhere", "-o", file)[0] == 3
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("x.evidence", b"old")]


def test_an_export_in_place_is_made_of_the_repository_and_not_of_the_file_it_replaces(tmp_path, monkeypatch):
    repository = Repository(tmp_path / "work")
    repository.commit({"a.py": "x"}, "fix: it")
    monkeypatch.chdir(repository.folder)
    Path("clusters").mkdir()
    Path("clusters/7.yaml").write_text(HEAD + "      - {path: a.py}\n")
    for text in ("y", "z"):
        head = repository.commit({"a.py": text}, "fix: again")
        assert triage("export", "7")[0] == 0
        assert exported.read(Path("clusters/7.evidence")).sha == head
        assert triage("cluster", "7")[0] == 0


def test_two_that_write_at_once_do_not_remove_each_others_file(tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda _: "same")
    (tmp_path / ".triage-same.part").write_bytes(b"of the other")
    with pytest.raises(TriageError, match="cannot be written"):
        exported.write_whole(tmp_path / "x", b"mine")
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [(".triage-same.part", b"of the other")]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(NothingToJudge, match="no such file"):
        exported.read(tmp_path / "none.evidence")
