"""The commands that read GitHub to begin with: new, issue, sync, doctor, init, and lint with a snapshot."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from github_server import GitHub, World, reply, sha_of
from repositories import Repository

from triage.cli.tracking import linked
from triage.clusters import reading
from triage.model import Name
from triage.snapshot import Snapshot
from triage.tracker import Tracked, merged_by_github

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "ghp_" + "Canary0123456789" * 2
JUNIT = (
    '<testsuite><testcase classname="tests.test_session" name="test_restart" file="tests/test_session.py"/></testsuite>'
)
HOSTILE = '"]}: #1 @alice fixes #9 \x1b[31m <!-- `x'


class Place(NamedTuple):
    """A clone, the server of its repository, and the commits that fix things there."""

    repository: Repository
    world: World
    github: GitHub
    fix: str
    other: str
    home: Path

    @property
    def folder(self) -> Path:
        return self.repository.folder

    def run(self, *arguments: object, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GITHUB_API_URL": self.github.url,
            "GITHUB_GRAPHQL_URL": self.github.graphql_url,
            "GH_TOKEN": CANARY,
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "triage", *map(str, arguments)],
            cwd=cwd or self.folder,
            env={name: value for name, value in environment.items() if value},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert CANARY not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def asked(self, *arguments: object, **more: Any) -> tuple[subprocess.CompletedProcess[str], int]:
        """Run, and count the requests that it took."""
        before = len(self.github.requests)
        done = self.run(*arguments, **more)
        return done, len(self.github.requests) - before


@pytest.fixture
def place(tmp_path: Path, github_schema) -> Iterator[Place]:
    repository = Repository(tmp_path / "apex")
    repository.commit({"src/session.py": "kept = {}\n"}, "feat: sessions")
    files = {"src/session.py": "kept = db\n", "tests/test_session.py": "def test_restart(): pass\n"}
    fix = repository.commit(files, "fix(session): keep sessions in the database (#453)")
    other = repository.commit({"src/auth.py": "one = 1\n"}, "fix(auth): one validator")
    repository.git("remote", "add", "origin", "https://github.com/acme/apex.git")
    repository.ref("refs/remotes/origin/main", other)
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    world = World(token=CANARY, viewer="alice")
    apex = world.repository("acme/apex")
    apex.commit(fix, subject="fix(session): keep sessions in the database (#453)", authored="2025-09-01T14:00:00Z")
    apex.commit(other, subject="fix(auth): one validator", authored="2025-09-01T15:00:00Z")
    opened = "2025-09-01T12:30:00Z"
    login = apex.issue(623, title="Login fails after a restart", created=opened)
    apex.pull(
        453,
        title="Keep sessions in the database",
        state="MERGED",
        created="2025-09-01T13:30:00Z",
        merged="2025-09-01T14:00:00Z",
        merge_commit=fix,
        head=fix,
        closes=[623],
    )
    login.close("2025-09-01T14:00:10Z")
    race = apex.issue(372, title=HOSTILE, body="- [ ] @bob sees it\n- [x] it is gone\n", created=opened)
    login.cross_reference(race, "2025-09-01T13:00:00Z")
    copy = apex.issue(640, title="Cannot log in", created=opened)
    copy.close("2025-09-03T14:00:10Z", reason="DUPLICATE", closer=None)
    copy.duplicate_of(login, "2025-09-03T14:00:00Z")
    validators = apex.issue(525, title="Two validators", created=opened)
    validators.close("2025-09-01T15:00:30Z", closer=other)
    apex.issue(
        700, title="Another day", state="CLOSED", reason="NOT_PLANNED", closed="2025-09-09T10:00:00Z", closer=None
    )
    desktop = world.repository("acme/desktop")
    gone = apex.issue(41, title="Moved", created=opened)
    gone.transfer(desktop.issue(9, title="Moved", created=opened))
    apex.issue(42, title="Never was", created=opened)
    apex.delete(42)
    home = tmp_path / "home"
    home.mkdir()
    with GitHub(world, github_schema) as github:
        yield Place(repository, world, github, fix, other, home)


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.count("triage: error: ") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


# -- new ------------------------------------------------------------------------------------------------


def test_new_writes_a_cluster_file_in_one_request_and_says_what_is_next(place):
    done, requests = place.asked("new", 623, "--with", "372,#640,525")
    assert (done.returncode, requests) == (0, 1)
    assert done.stdout.splitlines() == [
        "clusters/623.yaml: issue 623: resolved, pull request #453",
        "clusters/623.yaml: issue 372: open, 2 criteria without evidence",
        "clusters/623.yaml: issue 640: declined, duplicate of #623",
        f"clusters/623.yaml: issue 525: resolved, commit {place.other[:9]}",
    ]
    assert "triage cluster 623" in done.stderr
    cluster = reading.read(place.folder / "clusters" / "623.yaml").cluster
    assert list(cluster.issues) == [623, 372, 640, 525]
    assert cluster.issues[372].title == HOSTILE
    assert [one.says for one in cluster.issues[372].criteria] == ["`@bob` sees it", "it is gone"]
    assert place.run("lint").returncode == 0
    judged = json.loads(place.run("cluster", 623, "--json").stdout)
    assert [one["status"] for one in judged["issues"]] == ["verified", "open", "verified", "verified"]


def test_new_overwrites_nothing(place):
    assert place.run("new", 623).returncode == 0
    before = files(place.folder)
    done, requests = place.asked("new", 623)
    refused(done, 2, "clusters/623.yaml is there already")
    assert requests == 0
    (place.folder / "mine.txt").write_text("mine")
    refused(place.run("new", 372, "-o", "mine.txt"), 2, "mine.txt is there already")
    (place.folder / "clusters" / "372.yaml").symlink_to(place.folder / "elsewhere.yaml")
    refused(place.run("new", 372), 2, "there already")
    (place.folder / "clusters" / "372.yaml").unlink()
    assert files(place.folder) == {**before, "mine.txt": b"mine"}


def test_new_prints_a_draft_and_says_what_another_file_has(place):
    place.run("new", 623)
    before = files(place.folder)
    done = place.run("new", 623, "-o", "-")
    assert done.returncode == 0
    assert done.stdout.encode() == before["clusters/623.yaml"]
    assert "warning: issue 623 is in clusters/623.yaml already" in done.stderr
    assert files(place.folder) == before


def test_the_issue_that_is_duplicated_is_read_too(place):
    done, requests = place.asked("new", 640, "-o", "-")
    assert (done.returncode, requests) == (0, 2)
    issues = reading.parse(done.stdout.encode(), "clusters/640.yaml").cluster.issues
    assert issues[640].of.number == 623
    assert issues[623].decision == "resolved"


@pytest.mark.parametrize("command", ["new", "issue"])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("453", ("#453 is a pull request of acme/apex", "--pull 453")),
        ("999", ("acme/apex has no issue #999",)),
        ("42", ("issue #42 of acme/apex was deleted",)),
        ("41", ("was transferred to acme/desktop#9", "9 -R acme/desktop")),
        ("x", ("'x' is not an issue",)),
        ("0", ("not an issue",)),
        ("99999999999", ("not an issue",)),
        ("https://github.com/acme", ("not an issue",)),
    ],
)
def test_what_is_no_issue_is_named_for_what_it_is(place, command, number, words):
    refused(place.run(command, number), 2, *words)
    assert not (place.folder / "clusters").exists()


@pytest.mark.parametrize("command", ["new", "issue"])
def test_without_github_the_exit_code_is_that_of_the_fault(place, command):
    refused(place.run(command, 623, GH_TOKEN=""), 4, "no token")
    refused(place.run(command, 623, "--offline"), 3, "--offline")
    refused(
        place.run(command, 623, GITHUB_API_URL="http://127.0.0.1:9", GITHUB_GRAPHQL_URL="http://127.0.0.1:9/graphql"), 3
    )
    refused(place.run(command, 623, cwd=place.home), 3)
    place.world.tokens = {"another"}
    refused(place.run(command, 623), 4, "GH_TOKEN")


def test_a_repository_that_was_renamed_is_the_same_by_either_name(place):
    place.world.repositories[0].formerly.add("acme/old")
    done = place.run("new", 640, "-R", "acme/old", "-o", "-")
    assert done.returncode == 0
    issues = reading.parse(done.stdout.encode(), "clusters/640.yaml").cluster.issues
    assert str(issues[640].of) == "#623"
    assert [one.pull for one in issues[623].evidence] == [453]


def test_new_is_told_by_the_snapshot_where_there_is_no_network(place):
    place.run("new", 623)
    done, requests = place.asked("new", 623, "-o", "-", "--offline")
    assert (done.returncode, requests) == (0, 0)
    assert "- pull: 453" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("new",),
        ("new", "623", "--from", "x"),
        ("new", "623", "--with", ""),
        ("new", "623", "--with", "a"),
        ("issue", "623", "--from", "x"),
        ("sync", "--from", "x"),
        ("issue", "7", "--render", "--json"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_is_read(place, arguments):
    done, requests = place.asked(*arguments)
    refused(done, 2)
    assert requests == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("other.yaml", "next: read other.yaml, say who decided and why, then: call it 623.yaml"),
        ("623.yaml", "then: triage cluster 623.yaml"),
    ],
)
def test_what_new_says_is_next_would_work(place, name, said):
    done = place.run("new", 623, "-o", name)
    assert done.returncode == 0
    assert said in done.stderr
    assert "triage schema > cluster.schema.json" in done.stderr
    assert "init" not in done.stderr
    own = place.run("new", 623)
    assert "then: triage cluster 623" in own.stderr
    assert "(clusters/cluster.schema.json): triage init writes it" in own.stderr


def test_K7_a_secret_of_github_goes_into_no_draft_row_or_document(place):
    apex = place.world.repositories[0]
    secret = "ghp_" + "0Secret1" * 5
    key = "-----BEGIN RSA PRIVATE KEY----- AKIA0123456789ABCDEF"
    leaky = apex.issue(800, title=f"Leaks {secret}", body=f"- [ ] not {secret}\n", created="2025-09-01T12:30:00Z")
    other = apex.issue(801, title=f"Leaks {key}", created="2025-09-01T12:30:00Z")
    leaky.cross_reference(other, "2025-09-01T13:00:00Z")
    subject = f"fix: drop {secret}"
    commit = place.repository.commit({"src/leak.py": "x"}, subject)
    place.repository.ref("refs/remotes/origin/main", commit)
    apex.commit(commit, subject=subject, authored="2025-09-01T15:00:00Z")
    leaky.close("2025-09-01T15:00:30Z", closer=commit)
    done = place.run("new", 800, "--with", 801)
    assert done.returncode == 0
    text = (place.folder / "clusters" / "800.yaml").read_text("utf-8")
    shown = [done.stdout, done.stderr, text]
    for arguments in (("issue", 800), ("issue", 800, "--json"), ("issue", 801), ("cluster", 800, "--json")):
        done = place.run(*arguments)
        assert "[masked]" in done.stdout
        shown += [done.stdout, done.stderr]
    for secret_part in (secret[:20], "AKIA0123"):
        assert not [one for one in shown if secret_part in one]
    assert "Leaks [masked]" in text
    assert "subject:" not in text
    assert reading.read(place.folder / "clusters" / "800.yaml").cluster.issues[800].evidence[0].commit == commit


# -- issue ----------------------------------------------------------------------------------------------


def test_an_issue_is_judged_in_one_request_by_what_github_links(place):
    done, requests = place.asked("issue", 623)
    assert (done.returncode, requests) == (0, 1)
    assert "pull request `#453` is merged" in done.stdout
    assert "cluster 623: verified" in done.stdout
    assert not (place.folder / "clusters").exists()
    refuted = place.run("issue", 372)
    assert refuted.returncode == 0
    assert "open" in refuted.stdout
    assert place.run("issue", 525).returncode == 0
    assert place.run("issue", 700).returncode == 0


@pytest.mark.parametrize("name", ["372", "#372", "https://github.com/acme/apex/issues/372"])
def test_an_issue_may_be_named_by_its_address_and_judged_by_what_is_given(place, name):
    done, requests = place.asked("issue", name, "--commit", place.other[:10], "--pull", "453", "--json")
    assert requests == 1
    (judged,) = json.loads(done.stdout)["issues"]
    assert [(one["kind"], one["status"]) for one in judged["evidence"]] == [
        ("commit", "verified"),
        ("pull", "verified"),
    ]
    assert done.returncode == 1  # its criteria have no evidence


def test_what_is_given_is_judged_without_github_and_a_warning_says_so(place):
    done = place.run("issue", 777, "--commit", place.fix, GH_TOKEN="")
    assert done.returncode == 0
    assert "warning: GitHub was not read" in done.stderr
    assert place.run("issue", 777, "--commit", "0" * 39 + "1", GH_TOKEN="").returncode == 1
    refused(place.run("issue", 777, "--pull", "453", GH_TOKEN=""), 4)
    place.repository.git("remote", "remove", "origin")
    assert place.run("issue", 777, "--commit", place.fix, GH_TOKEN="").returncode == 0


def test_a_test_report_is_named_as_from_where_one_stands(place):
    below = place.folder / "reports"
    below.mkdir()
    (below / "junit.xml").write_text(JUNIT)
    test = ("--test", "tests/test_session.py::test_restart")
    for cwd, name in (
        (place.folder, "reports/junit.xml"),
        (below, "junit.xml"),
        (place.folder / "src", "../reports/junit.xml"),
        (place.home, str(below / "junit.xml")),
    ):
        where = () if cwd != place.home else ("-C", place.folder)
        done = place.run("issue", 623, *test, "--in", name, "--at", place.fix, *where, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout or "passes" in done.stdout
    assert place.run("issue", 623, *test, "--in", "reports/junit.xml", "--commit", place.fix).returncode == 0
    unsaid = place.run("issue", 623, *test, "--in", "reports/junit.xml")
    assert unsaid.returncode == 1
    assert "`at:` does not say of which commit" in unsaid.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--test", "tests/a.py::b"), "--in reports/junit.xml"),
        (("--in", "x.xml"), "--in goes with a test"),
        (("--at", "1234567"), "--at goes with a test"),
        (("--test", "a", "--in", "none.xml"), "there is no report none.xml"),
        (("--test", " ", "--in", "none.xml"), "--test is empty"),
        (("--commit", "HEAD"), "'HEAD' is not a SHA"),
        (("--pull", "x"), "not the number of a pull request"),
        (("--pull", "9999999999"), "not the number of a pull request"),
        (("--in", ""), "--in is empty"),
    ],
)
def test_evidence_that_cannot_be_is_refused(place, arguments, words):
    done, requests = place.asked("issue", 623, *arguments)
    refused(done, 2, words)
    assert requests == 0


def test_the_report_of_an_issue_goes_to_a_file_but_not_over_decisions(place):
    done = place.run("issue", 623, "--render", "-o", "report.md")
    assert done.returncode == 0
    assert "Login fails after a restart" in (place.folder / "report.md").read_text("utf-8")
    place.run("new", 623)
    before = files(place.folder)
    refused(place.run("issue", 623, "-o", "clusters/623.yaml"), 2, "nothing else is written there")
    assert files(place.folder) == before


@pytest.mark.parametrize("command", ["issue", "new", "sync"])
def test_an_address_of_another_host_or_repository_is_refused_before_anything_is_read(place, command):
    address = "https://ghe.other.example/acme/apex/issues/529"
    elsewhere = {"GITHUB_API_URL": "https://ghe.corp.example/api/v3", "GITHUB_GRAPHQL_URL": ""}
    named = ("ghe.other.example", "ghe.corp.example")
    refused(place.run(command, address, **elsewhere), 2, *named)
    refused(
        place.run(command, address, GITHUB_API_URL="", GITHUB_GRAPHQL_URL="", GH_HOST="ghe.corp.example"), 2, *named
    )
    refused(place.run(command, address, "-R", "ghe.corp.example/acme/apex"), 2, *named)
    refused(place.run(command, address, GITHUB_API_URL="", GITHUB_GRAPHQL_URL=""), 4, "on ghe.other.example")
    (place.folder / "triage.toml").write_text('repository = "ghe.corp.example/acme/apex"\n')
    refused(place.run(command, address, GITHUB_API_URL="", GITHUB_GRAPHQL_URL=""), 2, *named)
    (place.folder / "triage.toml").unlink()
    more = ("--with", "https://github.com/acme/desktop/issues/9") if command == "new" else ()
    if command == "sync":
        more = ("https://github.com/acme/desktop/issues/9",)
    if more:
        done, requests = place.asked(command, 623, *more)
        refused(done, 2, "not an issue of acme/apex")
        assert requests == 0


def test_the_repository_may_be_named_with_its_host(place):
    assert place.run("issue", 623, "-R", "github.com/acme/apex").returncode == 0
    assert place.run("issue", 623, GH_REPO="github.com/acme/apex").returncode == 0


def test_a_host_that_only_the_clone_names_is_asked_for_nothing_with_a_token_of_a_variable(place):
    none = {"GITHUB_API_URL": "", "GITHUB_GRAPHQL_URL": "", "GH_ENTERPRISE_TOKEN": CANARY}
    hint = "gh auth login --hostname evil.invalid, or export GH_HOST=evil.invalid and GH_ENTERPRISE_TOKEN=…"
    (place.folder / "triage.toml").write_text('repository = "evil.invalid/acme/apex"\n')
    refused(place.run("issue", 623, **none), 4, "no token to read acme/apex on evil.invalid", hint)
    found = checks(place, **none)
    assert "evil.invalid, from triage.toml" in found["host"]["found"]
    assert (found["token"]["status"], found["token"]["remedy"]) == ("warning", hint)
    (place.folder / "triage.toml").unlink()
    place.repository.git("remote", "set-url", "origin", "https://evil.invalid/acme/apex")
    refused(place.run("issue", 623, **none), 4, "no token to read acme/apex on evil.invalid", hint)
    found = checks(place, **none)
    assert "evil.invalid, from the remote origin" in found["host"]["found"]
    assert "only the clone names" in found["token"]["found"]


def test_without_graphql_it_is_said_that_links_are_not_told(place):
    place.world.graphql = False
    done = place.run("issue", 623)
    said = "by REST GitHub does not tell which pull requests close #623"
    assert f"{said}: --pull P names them" in done.stderr
    assert said not in place.run("issue", 623, "--pull", 453).stderr
    draft = place.run("new", 623, "-o", "-").stdout
    assert said in draft
    assert "links no merged change" not in draft


# -- init -----------------------------------------------------------------------------------------------


def test_init_makes_what_is_missing_and_says_so(place):
    place.repository.commit({"src/x.py": "x"})
    done, requests = place.asked("init")
    assert (done.returncode, requests) == (0, 0)
    assert done.stdout.splitlines() == [
        "triage.toml: made (repository = acme/apex, from the remote origin)",
        "clusters/: made, for one file a cluster",
        "clusters/cluster.schema.json: made, for editors that know YAML schemas",
    ]
    assert 'repository = "acme/apex"' in (place.folder / "triage.toml").read_text("utf-8")
    assert (
        json.loads((place.folder / "clusters" / "cluster.schema.json").read_text("utf-8"))["title"] == "triage cluster"
    )
    assert place.repository.git("diff", "--cached", "--name-only") == ""
    before = files(place.folder)
    again = place.run("init", cwd=place.folder / "src")
    assert again.stdout.count("already there") == 3
    assert files(place.folder) == before


def test_init_from_a_folder_below_sets_up_the_repository(place):
    done = place.run("init", cwd=place.folder / "src")
    assert done.stdout.startswith("../triage.toml: made")
    assert (place.folder / "clusters" / "cluster.schema.json").is_file()


def test_init_leaves_what_is_there(place):
    (place.folder / "pyproject.toml").write_text('[tool.triage]\nclusters = "decisions"\n')
    (place.folder / "decisions").mkdir()
    (place.folder / "decisions" / "cluster.schema.json").write_text("{}")
    before = files(place.folder)
    done = place.run("init")
    assert done.returncode == 0
    assert "and not this version's" in done.stdout
    assert files(place.folder) == before


def test_init_without_a_repository_names_none(tmp_path, place):
    bare = tmp_path / "bare"
    bare.mkdir()
    done = place.run("init", cwd=bare)
    assert done.returncode == 0
    assert "no remote names a repository" in done.stdout
    assert '# repository = "owner/name"' in (bare / "triage.toml").read_text("utf-8")
    assert place.run("lint", cwd=bare).returncode == 2


def test_init_writes_its_files_whole_and_takes_none_that_is_empty_for_one(place):
    (place.folder / "triage.toml").write_text("")
    (place.folder / "clusters").mkdir()
    (place.folder / "clusters" / "cluster.schema.json").write_text("")
    done = place.run("init")
    assert done.returncode == 0
    assert "triage.toml: already there, but empty: remove it, and triage init" in done.stdout
    assert "cluster.schema.json: already there, but empty: triage schema > " in done.stdout


def test_init_on_a_full_disk_leaves_no_half_of_a_file(place):
    command = 'ulimit -f 0; trap "" XFSZ; exec "$@"'
    environment = {"PATH": os.environ["PATH"], "HOME": str(place.home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["bash", "-c", command, "bash", sys.executable, "-m", "triage", "init"],
        cwd=place.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, 3, "cannot be written")
    assert "-o" not in done.stderr
    assert list(files(place.folder)) == ["src/auth.py", "src/session.py", "tests/test_session.py"]


def test_init_does_all_before_it_tells_of_it(place):
    read, write = os.pipe()
    os.close(read)
    environment = {"PATH": os.environ["PATH"], "HOME": str(place.home)}
    done = subprocess.run(
        [sys.executable, "-m", "triage", "init"],
        cwd=place.folder,
        env=environment,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")
    assert {"triage.toml", "clusters/cluster.schema.json"} <= set(files(place.folder))


def test_init_follows_its_flags_or_refuses_them(place):
    refused(place.run("init", "--from", "x"), 2, "leave --from out")
    refused(place.run("init", "--as-of", "closed"), 2, "leave --as-of out")
    assert place.run("init", "-R", "ghe.corp.example/acme/desktop", "--branch", "stable").returncode == 0
    text = (place.folder / "triage.toml").read_text("utf-8")
    assert 'repository = "ghe.corp.example/acme/desktop"\n' in text
    assert '\nbranch = "stable"\n' in text
    assert place.run("init", "-R", "acme/desktop").returncode == 0
    refused(place.run("init", "-R", "acme/apex"), 2, "triage.toml is there already", 'repository = "acme/apex"')
    refused(place.run("init", "--branch", "main"), 2, "triage.toml is there already")


# -- sync and lint --------------------------------------------------------------------------------------


def test_sync_reads_the_issues_of_the_cluster_files_and_what_they_cite(place):
    refused(place.run("sync"), 2, "nothing to read")
    assert place.run("init").returncode == 0
    text = place.run("new", 623, "--with", "372", "-o", "-").stdout
    text += f"  525: {{decision: resolved, evidence: [{{commit: '{place.other}'}}]}}\n"
    (place.folder / "clusters" / "623.yaml").write_text(text)
    done, requests = place.asked("sync", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(told) == ["format", "requests", "points", "issues", "seconds"]
    assert (told["format"], told["requests"], told["issues"]) == (1, requests, 3)
    assert told["points"] > 0
    database = sqlite3.connect(place.folder / ".triage" / "snapshot.db")
    kept = {row[0] for row in database.execute("select asked from fact")}
    database.close()
    assert {"623", "372", "525", "453", place.other} <= kept
    one = json.loads(place.run("sync", 700, "--json").stdout)
    assert one["issues"] == 1
    offline = place.run("cluster", 623, "--offline", "--json")
    assert json.loads(offline.stdout)["issues"][0]["status"] == "verified"


def test_what_is_cited_of_another_repository_is_read_and_kept_with_the_rest(place):
    abroad = sha_of("abroad")
    place.world.named("acme/desktop").commit(abroad, subject="feat: over there")
    assert place.run("init").returncode == 0
    items = f"{{commit: acme/desktop@{abroad[:12]}}}, {{commit: ACME/apex@{place.other}}}"
    text = f"cluster: 525\nissues:\n  525: {{decision: resolved, evidence: [{items}]}}\n"
    (place.folder / "clusters" / "525.yaml").write_text(text)
    online, requests = place.asked("cluster", 525, "--json")
    offline = place.run("cluster", 525, "--offline", "--json")
    assert (online.returncode, requests) == (1, 1)
    for done in (online, offline):
        (issue,) = json.loads(done.stdout)["issues"]
        assert [one["status"] for one in issue["evidence"]] == ["unverified", "verified"]
        assert "(feat: over there)" in issue["evidence"][0]["reason"]
        assert issue["evidence"][0]["cited"] == f"acme/desktop@{abroad[:12]}"
        assert "other-repository" in [one["rule"] for one in issue["findings"]]
    exported = place.folder / "525.evidence"
    assert place.run("export", 525, "-o", exported).returncode == 0
    there = place.run("cluster", 525, "--from", exported, "--json", GH_TOKEN="")
    assert [one["reason"] for one in json.loads(there.stdout)["issues"][0]["evidence"]] == [
        one["reason"] for one in issue["evidence"]
    ]
    (place.folder / ".triage" / "snapshot.db").unlink()
    assert place.run("sync").returncode == 0
    assert "(feat: over there)" in place.run("cluster", 525, "--offline", "--json").stdout


def test_with_a_commit_come_the_pull_requests_that_it_is_in_from_the_snapshot(place):
    apex = place.world.named("acme/apex")
    head, merged = sha_of("head"), sha_of("merged")
    apex.commit(head, subject="work")
    apex.pull(460, state="MERGED", merged="2025-09-02T14:00:00Z", merge_commit=merged, commits=[head], head=head)
    assert place.run("init").returncode == 0
    text = f"cluster: 525\nissues:\n  525: {{decision: resolved, evidence: [{{commit: {head[:9]}}}]}}\n"
    (place.folder / "clusters" / "525.yaml").write_text(text)
    done, requests = place.asked("sync", "--json")
    assert (json.loads(done.stdout)["requests"], requests) == (2, 2)
    store = Snapshot.to_read(place.folder / ".triage" / "snapshot.db")
    host = place.github.host
    with store:
        found = store.facts(host, [("acme/apex", head[:9])])
        assert found[0].fact.pulls == (Name("acme/apex", 460),)
        assert linked(found) == [("acme/apex", "460")]
        known = Tracked((*found, *store.facts(host, linked(found))), "acme/apex")
    assert [one.commit for one in merged_by_github(known, None, head[:9])] == [merged]


def test_sync_says_what_it_could_not_do(place):
    refused(place.run("sync", 623, GH_TOKEN=""), 4)
    refused(place.run("sync", 623, "--offline"), 3)
    refused(place.run("sync", "x"), 2)
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "7.yaml").write_text("cluster: 7\nissues: {623: {decision: open}}\nnonsense: 1\n")
    (clusters / "623.yaml").write_text("cluster: 623\nissues: {623: {decision: open}}\n")
    done = place.run("sync")
    assert done.returncode == 2
    assert "unknown-key" in done.stderr
    assert "1 issue" in done.stdout
    place.github.fault(reply(502), when="/graphql")
    assert place.run("sync", 623).returncode == 3


def test_sync_says_of_each_number_that_is_no_issue_what_it_is(place):
    for number, code, words in (
        (999, 1, "acme/apex has no issue #999"),
        (42, 1, "issue #42 of acme/apex was deleted"),
        (41, 1, "#41 was transferred to acme/desktop#9: triage sync 9 -R acme/desktop"),
        (453, 0, "#453 is a pull request of acme/apex"),
    ):
        done = place.run("sync", number)
        assert (done.returncode, done.stderr.count("warning: ")) == (code, 1), done.stderr
        assert words in done.stderr
        assert "0 issues" in done.stdout
    done = place.run("sync", 623, 999)
    assert done.returncode == 1
    assert "1 issue," in done.stdout


def test_lint_takes_what_the_snapshot_does_not_have_for_no_finding(place):
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "640.yaml").write_text(
        "cluster: 640\nissues:\n  640: {decision: resolved, evidence: [{commit: 'abcdef012345'}]}\n"
    )
    assert place.run("sync", 640).returncode == 0
    rules = {one["rule"] for one in json.loads(place.run("lint", "--json").stdout)["findings"]}
    assert "not-read" not in rules
    assert "not-read" in place.run("cluster", 640, "--offline", "--json").stdout


def test_lint_finds_the_snapshot_without_a_HOME(place, tmp_path):
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "453.yaml").write_text("cluster: 453\nissues: {453: {decision: open}}\n")
    code = (
        "import os, pwd, sys\nos.environ.pop('HOME', None)\n"
        "told = pwd.struct_passwd(('alice', 'x', os.getuid(), os.getgid(), '', sys.argv.pop(1), ''))\n"
        "pwd.getpwuid = lambda number: told\n"
        "from triage.cli import main\nmain()\n"
    )
    assert place.run("sync", 453).returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", code, str(place.home), "lint"],
        cwd=place.folder,
        env={"PATH": os.environ["PATH"], "GITHUB_API_URL": place.github.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "error[is-pull]" in done.stdout, done.stderr
    assert done.returncode == 1


def test_lint_tells_what_the_snapshot_contradicts_and_asks_nobody(place):
    assert place.run("init").returncode == 0
    cluster = place.folder / "clusters" / "700.yaml"
    cluster.write_text(f"cluster: 700\nissues:\n  700: {{decision: resolved, evidence: [{{commit: '{place.fix}'}}]}}\n")
    assert place.run("lint").returncode == 0
    assert place.run("sync").returncode == 0
    done, requests = place.asked("lint", "--json")
    found = json.loads(done.stdout)["findings"]
    assert (done.returncode, requests) == (1, 0)
    assert {one["rule"] for one in found} == {"state-differs"}
    assert found[0]["file"] == "clusters/700.yaml"
    assert place.run("lint", GH_TOKEN="").returncode == 1
    cluster.write_text("cluster: 700\nissues:\n  700: {decision: declined, reason: not_planned}\n")
    assert place.run("lint").returncode == 0


@pytest.mark.parametrize("where", ["data", "variable"])
def test_lint_finds_the_snapshot_wherever_it_is(place, where, tmp_path):
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "453.yaml").write_text("cluster: 453\nissues: {453: {decision: open}}\n")
    variables = {"TRIAGE_SNAPSHOT": str(tmp_path / "facts.db")} if where == "variable" else {}
    assert place.run("lint", **variables).returncode == 0
    assert place.run("sync", **variables).returncode == 0
    done = place.run("lint", **variables)
    assert done.returncode == 1
    assert "error[is-pull]" in done.stdout
    assert place.run("lint", "-R", "acme/desktop", **variables).returncode == 0


def test_lint_says_of_a_damaged_snapshot_that_it_is_one_and_still_checks(place, tmp_path):
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "7.yaml").write_text("cluster: 7\nissues: {7: {decision: open}}\n")
    broken = tmp_path / "facts.db"
    broken.write_bytes(b"nonsense" * 200)
    done = place.run("lint", TRIAGE_SNAPSHOT=str(broken))
    assert done.returncode == 0
    assert "warning: " in done.stderr
    assert broken.read_bytes() == b"nonsense" * 200


def test_lint_without_a_snapshot_starts_no_git_and_asks_for_no_folders(place):
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "7.yaml").write_text("cluster: 7\nissues: {7: {decision: open}}\n")
    code = (
        "import sys\nsys.argv = ['triage', 'lint']\nfrom triage.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'subprocess', 'platformdirs', 'sqlite3', 'triage.git', 'triage.cli.tracking'} & set(sys.modules)))"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(place.home)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


# -- doctor ---------------------------------------------------------------------------------------------


def checks(place: Place, *arguments: object, code: int = 0, **more: Any) -> dict[str, dict[str, Any]]:
    done = place.run("doctor", "--json", *arguments, **more)
    assert done.returncode == code, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["format"] == 1
    assert all(list(one) == ["check", "status", "found", "remedy"] for one in told["checks"])
    return {one["check"]: one for one in told["checks"]}


def test_doctor_looks_at_everything_in_two_requests(place):
    place.repository.git("config", "--add", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    place.repository.git("config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/remotes/origin/pull/*")
    place.run("init")
    place.run("new", 623)
    place.run("sync")
    before = files(place.folder)
    done, requests = place.asked("doctor")
    assert (done.returncode, requests) == (0, 2)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["✓"] * 12, done.stdout
    for words in (
        "git 2.",
        "repository = acme/apex",
        "acme/apex, from triage.toml",
        "from GITHUB_API_URL",
        "from GH_TOKEN, classic; accepted as alice, scopes: repo",
        "GraphQL",
        "write: may read the repository, and comment on and close its issues",
        "of 5,000 left until",
        "judged by main at",
        ".triage/snapshot.db: ",
        "1 cluster file, no errors",
    ):
        assert words in done.stdout, words
    assert files(place.folder) == before


def test_doctor_says_what_is_missing_and_what_would_mend_it(place):
    found = checks(place, GH_TOKEN="")
    assert (found["token"]["status"], found["token"]["remedy"]) == (
        "warning",
        f"gh auth login --hostname {place.github.url.partition('//')[2]}, or export GH_ENTERPRISE_TOKEN=…",
    )
    assert found["clone"]["remedy"].startswith("git config --add remote.origin.fetch")
    assert found["snapshot"]["remedy"] == "triage sync"
    assert found["clusters"]["remedy"] == "triage init makes it"
    assert "rights" not in found


def test_doctor_knows_the_clone_in_the_cache_folder(place, tmp_path):
    made = place.repository.clone(tmp_path / "made", "--mirror")
    cache = tmp_path / "cache"
    host = place.github.url.partition("//")[2]
    kept = cache / "triage" / "clones" / host / "acme" / "apex.git"
    kept.parent.mkdir(parents=True)
    made.rename(kept)
    outside = tmp_path / "outside"
    outside.mkdir()
    found = checks(place, "--offline", "-R", "acme/apex", cwd=outside, XDG_CACHE_HOME=str(cache))
    assert "apex.git (in the cache folder): " in found["clone"]["found"]
    assert "is needed" in checks(place, "--offline", "-R", "acme/apex", cwd=outside)["clone"]["found"]


def test_doctor_takes_no_error_of_github_for_a_missing_repository(place):
    place.github.fault(reply(200, {"data": None, "errors": [{"message": "Something went wrong"}]}), when="/graphql")
    told = checks(place, code=1)["rights"]
    assert told["found"] == "not known: GitHub does not answer who asks, and says Something went wrong"


def test_doctor_names_the_templates_that_are_not_there_and_goes_on(place):
    (place.folder / "triage.toml").write_text('templates = "nope"\n')
    found = checks(place, "--offline", code=1)
    assert found["templates"]["found"] == "there is no folder nope/ (`templates` in triage.toml)"
    assert "clusters" in found
    refused(place.run("cluster", 7), 2, "`templates` in triage.toml")
    told = checks(place, "--offline", code=1, TRIAGE_TEMPLATES="gone")["templates"]["found"]
    assert told == "there is no folder gone/ (TRIAGE_TEMPLATES)"


def test_doctor_names_the_remotes_that_disagree(place):
    place.repository.git("remote", "rename", "origin", "one")
    place.repository.git("remote", "add", "two", "git@github.com:bob/apex.git")
    said = checks(place, "--offline")["repository"]["found"]
    assert "they name github.com/acme/apex, github.com/bob/apex" in said


def test_K2_no_address_of_a_remote_is_shown_with_its_secret(place):
    secret = "S3cret" * 3
    for url in (f"alice:{secret}@github.com:acme/other", f"https://github.com/acme/other?access_token={secret}"):
        place.repository.git("remote", "set-url", "origin", url)
        for arguments in (("doctor", "-R", "acme/apex"), ("issue", 623, "-R", "acme/apex", "--offline")):
            done = place.run(*arguments)
            assert secret not in done.stdout + done.stderr


def test_a_flag_that_means_nothing_to_a_command_is_refused(place):
    for command in (("doctor",), ("lint",), ("new", 623), ("sync",)):
        refused(place.run(*command, "--from", "x"), 2, "leave --from out")
        refused(place.run(*command, "--as-of", "closed"), 2, "leave --as-of out")


def test_doctor_offline_asks_nobody_and_says_so(place):
    before = len(place.github.requests)
    found = checks(place, "--offline")
    assert found["GitHub"]["status"] == "skipped"
    assert len(place.github.requests) == before


def test_doctor_knows_a_refused_token_from_a_missing_right_and_a_dead_network(place):
    place.world.tokens = {"another"}
    assert checks(place, code=1)["token"]["status"] == "failed"
    place.world.tokens = {CANARY}
    assert checks(place, "-R", "acme/none", code=1)["rights"]["status"] == "failed"
    dead = {"GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_GRAPHQL_URL": "http://127.0.0.1:9/graphql"}
    told = checks(place, code=1, **dead)
    assert (told["token"]["status"], told["GitHub"]["status"]) == ("skipped", "failed")
    place.world.repositories[0].data["viewerPermission"] = "READ"
    assert "close no issue of others" in checks(place)["rights"]["found"]
    place.world.repositories[0].data["hasIssuesEnabled"] = False
    assert checks(place, code=1)["rights"]["status"] == "failed"


@pytest.mark.parametrize(("left", "status", "code"), [(5000, "ok", 0), (50, "warning", 0)])
def test_doctor_tells_how_much_is_left(place, left, status, code):
    place.world.remaining = left
    assert checks(place, code=code)["limits"]["status"] == status


def test_doctor_tells_a_host_without_graphql(place):
    place.world.graphql = False
    found = checks(place)
    assert found["API"]["status"] == "warning"
    assert "REST" in found["API"]["found"]
    assert found["rights"]["found"].startswith("write: ")
    assert "REST" in found["limits"]["found"]


def test_doctor_names_where_settings_come_from(place):
    (place.folder / "triage.toml").write_text('branch = "main"\nsubject_days = 9\n')
    found = checks(place, "--offline", "--fail-on", "refuted", TRIAGE_GIT_TIMEOUT="60", GH_REPO="acme/apex")
    said = found["settings"]["found"]
    assert said.startswith("triage.toml: ")
    for words in (
        "branch = main",
        "subject_days = 9",
        "fail_on = refuted (--fail-on)",
        "git_timeout = 60 (TRIAGE_GIT_TIMEOUT)",
        "repository = acme/apex (GH_REPO)",
    ):
        assert words in said
    assert found["repository"]["found"] == "acme/apex, from GH_REPO"
    (place.folder / "triage.toml").write_text('brunch = "main"\n')
    broken = checks(place, code=1)
    assert broken["settings"]["status"] == "failed"
    assert "brunch" in broken["settings"]["found"]


def test_doctor_tells_errors_of_cluster_files_snapshots_and_clones(place, tmp_path):
    clusters = place.folder / "clusters"
    clusters.mkdir()
    (clusters / "7.yaml").write_text("cluster: 7\nissues: {7: {decision: merged, into: 7}}\n")
    broken = tmp_path / "facts.db"
    broken.write_bytes(b"nonsense" * 200)
    found = checks(place, "--offline", code=1, TRIAGE_SNAPSHOT=str(broken))
    assert (found["clusters"]["status"], found["clusters"]["remedy"]) == ("failed", "triage lint")
    assert found["snapshot"]["status"] == "failed"
    shallow = place.repository.clone(tmp_path / "shallow", "--depth", "1")
    told = checks(place, "--offline", "-C", shallow, "-R", "acme/apex", code=1, TRIAGE_SNAPSHOT=str(broken))
    assert "shallow" in told["clone"]["found"]
    assert "--unshallow" in told["clone"]["remedy"]


def test_doctor_works_where_there_is_nothing(place):
    found = checks(place, cwd=place.home, GH_TOKEN="")
    assert found["repository"]["status"] == "warning"
    assert found["clone"]["status"] == "warning"
    git_is_gone = checks(place, "--offline", code=1, PATH="/no/such/folder")
    assert "install git" in (git_is_gone["programs"]["remedy"] or "")


@pytest.mark.parametrize("command", ["new", "issue", "sync", "doctor", "init"])
def test_a_token_on_the_command_line_is_refused(place, command):
    before = files(place.folder)
    done = subprocess.run(
        [sys.executable, "-m", "triage", command, CANARY],
        cwd=place.folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert CANARY not in done.stdout + done.stderr
    assert files(place.folder) == before
