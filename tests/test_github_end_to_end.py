"""The whole way: the program as a process, an emulator or a server of GitHub's shape, git over HTTP, an empty home."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from github_counterparts import Emulator, GitServer
from github_server import GitHub, Recorded, Reply, World, check, sha_of
from repositories import Repository

from triage.github import reading
from triage.github.access import find_access
from triage.github.client import Client
from triage.model import IssueFact, MissingFact, MovedFact, Name, PullFact, Wanted
from triage.snapshot import Snapshot

sys.path.insert(0, str(Path(__file__).parent / "data"))

from busy_tracker import HOME as BUSY
from busy_tracker import NUMBERS, Busy

CANARY = "ghp_" + "Canary9876543210" * 2
APEX = "acme/apex"


# -- the emulator, git over HTTP, and a folder with nothing in it ------------------------------------


class Emulated(Emulator):
    """The emulator with the SHAs of a real repository: it makes up its own, and has no statuses of a commit."""

    def __init__(self) -> None:
        super().__init__([APEX], token=CANARY)
        self.real: dict[str, str] = {}

    def _passed_on(self, request: Recorded) -> Reply:
        for own, real in self.real.items():
            request.target = request.target.replace(real, own)
        answer = super()._passed_on(request)
        if answer.status == 404 and request.path.endswith("/status"):
            return Reply(payload={"state": "pending", "statuses": [], "total_count": 0})
        if answer.status == 404 and re.fullmatch(rf"/repos/{APEX}/issues/\d+", request.path):
            return self._pull_as_issue(request)
        if link := answer.headers.get("link"):
            answer.headers["link"] = link.replace(f"http://localhost:{self._port}", self.url)  # GitHub names itself
        for own, real in self.real.items():
            answer.raw = answer.raw.replace(own.encode(), real.encode()) if answer.raw is not None else None
        return answer

    def _pull_as_issue(self, request: Recorded) -> Reply:
        """GitHub has each pull request among the issues, too."""
        own = request.target.replace("/issues/", "/pulls/")
        request.target, before = own, request.target
        answer = super()._passed_on(request)
        request.target = before
        if answer.status != 200:
            return answer
        pull = json.loads(answer.raw)
        return Reply(
            payload={**pull, "repository_url": f"{self.url}/repos/{APEX}", "pull_request": {"url": pull["url"]}}
        )


class Hosted(NamedTuple):
    """A repository on the emulator and on the git server; the numbers of its issues and pull requests."""

    emulator: Emulated
    git: GitServer
    repository: Repository
    fix: str
    solved: int
    merged: int
    open: int
    declined: int
    unmerged: int
    busy: int


class Run(NamedTuple):
    code: int
    out: str
    err: str
    seen: set[str]
    """The command lines of all processes while it ran."""


class Bench:
    """A home with nothing in it, from which the program is run."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.work = folder, folder / "work"
        self.work.mkdir(parents=True)
        names = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config"}
        self.environment = {"PATH": os.environ["PATH"], **{key: str(folder / name) for key, name in names.items()}}
        self.environment |= variables
        for name in names.values():
            (folder / name).mkdir()

    def cluster(self, number: int, text: str) -> None:
        path = self.work / "clusters" / f"{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    def run(self, *arguments: str, cwd: Path | None = None, **variables: str | None) -> Run:
        environment = {k: v for k, v in {**self.environment, **variables}.items() if v is not None}
        process = subprocess.Popen(
            [sys.executable, "-m", "triage", *arguments],
            cwd=cwd or self.work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        seen: set[str] = set()
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(ended, seen), daemon=True)
        watcher.start()
        out, err = process.communicate(timeout=120)
        ended.set()
        watcher.join(5)
        assert "Traceback" not in err
        return Run(process.returncode, out, err, seen)

    def holds(self, text: str) -> list[str]:
        """The files below the folder that hold a text."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return [str(path) for path in files if text.encode() in path.read_bytes()]


def _watch(ended: threading.Event, seen: set[str]) -> None:
    while not ended.wait(0.002):
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue


def verdicts(run: Run) -> Any:
    """What was judged, and nothing of when it was."""
    document = json.loads(run.out)
    found = {}
    for issue in document["issues"]:
        everything = [*issue["evidence"], *(one for item in issue["criteria"] for one in item["evidence"])]
        told = [(one["kind"], one["cited"], one["status"], one["found"], one["proof"]) for one in everything]
        found[issue["number"]] = (issue["status"], issue["state"], told)
    return document["status"], found


@pytest.fixture(scope="module")
def hosted(tmp_path_factory, github_schema):
    folder = tmp_path_factory.mktemp("hosted")
    made = Repository(folder / "source")
    # The emulator's times are those of its own clock.
    now = datetime.now(UTC)
    made.commit({"src/a.py": "a\n"}, "start", date=now)
    fix = made.commit({"src/a.py": "b\n"}, "fix: close the socket (#2)", date=now)
    tip = made.commit({"src/c.py": "c\n"}, "feat: more", date=now)
    with Emulated() as emulator, GitServer(folder / "served", token=CANARY) as git:
        git.host(APEX, made.folder)
        solved = emulator.issue(APEX, "issue 1", "It stays open.", labels=["bug"])
        emulator.commit(APEX, {"src/a.py": "b\n"}, "fix: close the socket", branch="mend")
        merged = emulator.pull(APEX, "fix: close the socket", head="mend", body=f"Closes #{solved}")
        emulator.real[emulator.merge(APEX, merged)] = fix
        emulator.check_run(APEX, next(iter(emulator.real)), "unit")
        emulator.real[emulator.commit(APEX, {"src/c.py": "c\n"}, "feat: more")] = tip
        emulator.close(APEX, solved)
        open_ = emulator.issue(APEX, "issue 3", by="bob")
        declined = emulator.issue(APEX, "issue 4")
        emulator.close(APEX, declined, "not_planned")
        emulator.commit(APEX, {"src/d.py": "d\n"}, "feat: other", branch="other")
        unmerged = emulator.pull(APEX, "feat: other", head="other")
        busy = emulator.issue(APEX, "issue 6")
        for place in range(130):
            emulator.comment(APEX, busy, f"comment {place}", by="bob")
        for place in range(60):
            emulator.label(APEX, busy, f"label {place}")
        emulator.close(APEX, busy)
        for _ in range(55):
            emulator.reopen(APEX, busy)
            emulator.close(APEX, busy)
        emulator.requests.clear()
        yield Hosted(emulator, git, made, fix, solved, merged, open_, declined, unmerged, busy)


def cluster_of(hosted: Hosted) -> str:
    return f"""cluster: {hosted.solved}
repository: {APEX}
decided: {{date: 2026-11-01, by: alice}}
issues:
  {hosted.solved}:
    decision: resolved
    evidence:
      - pull: {hosted.merged}
      - commit: {hosted.fix[:9]}
      - check: unit
      - {{issue: {hosted.open}, is: open}}
  {hosted.open}: {{decision: open}}
  {hosted.declined}: {{decision: declined, reason: not_planned}}
"""


@pytest.fixture
def bench(hosted, tmp_path):
    made = Bench(tmp_path, GITHUB_API_URL=hosted.emulator.url, GITHUB_SERVER_URL=hosted.git.url, GH_TOKEN=CANARY)
    made.cluster(hosted.solved, cluster_of(hosted))
    hosted.emulator.requests.clear()
    hosted.git.requests.clear()
    yield made
    assert made.holds(CANARY) == []


def test_a_cluster_is_judged_by_a_clone_in_the_cache_and_what_the_host_tells(hosted, bench):
    number = str(hosted.solved)
    first = bench.run("cluster", number, "--json")
    status, issues = verdicts(first)
    assert (first.code, status) == (0, "verified"), first
    assert [one[2] for one in issues[hosted.solved][2]] == ["verified"] * 4
    assert issues[hosted.solved][1] == "closed"
    assert hosted.git.requests
    assert all(one.method == "GET" or one.path.endswith("/graphql") for one in hosted.emulator.requests)
    rows = bench.run("cluster", number)
    report = bench.run("cluster", number, "--render")
    offline = bench.run("cluster", number, "--json", "--offline")
    assert (rows.code, report.code, offline.code) == (0, 0, 0), (rows.err, report.err, offline.err)
    assert "issue 1" in rows.out
    assert f"#{hosted.solved} issue 1" in report.out
    assert verdicts(offline) == verdicts(first)
    before = len(hosted.emulator.requests), len(hosted.git.requests)
    assert verdicts(bench.run("cluster", number, "--json", "--offline", GH_TOKEN=None)) == verdicts(first)
    assert (len(hosted.emulator.requests), len(hosted.git.requests)) == before
    for run in (first, rows, report, offline):
        assert CANARY not in run.out + run.err
        assert not [line for line in run.seen if CANARY in line]


def test_what_was_as_of_the_close(hosted, bench):
    then = bench.run("cluster", str(hosted.solved), "--json", "--as-of", "closed")
    # What checks and other issues had come to by then is not looked for, and so not claimed either.
    assert (then.code, verdicts(then)[0]) == (1, "unverified")
    assert [one[2] for one in verdicts(then)[1][hosted.solved][2]] == [
        "verified",
        "verified",
        "unverified",
        "unverified",
    ]
    assert json.loads(then.out)["judged"]["sha"] == hosted.repository.head()
    again = bench.run("cluster", str(hosted.solved), "--json", "--as-of", "closed", "--offline")
    assert verdicts(again) == verdicts(then)
    bench.cluster(
        hosted.open, f"cluster: {hosted.open}\nrepository: {APEX}\nissues:\n  {hosted.open}: {{decision: open}}\n"
    )
    still_open = bench.run("cluster", str(hosted.open), "--as-of", "closed")
    assert still_open.code == 3
    assert "is open" in still_open.err


def test_a_wrong_token_is_refused_and_none_is_asked_for(hosted, bench):
    number = str(hosted.solved)
    wrong = bench.run("cluster", number, "-C", str(hosted.repository.folder), GH_TOKEN="ghp_" + "x" * 36)
    assert wrong.code == 1
    assert "Bad credentials" in wrong.err
    assert "GH_TOKEN" in wrong.err
    only = f"cluster: 99\nrepository: {APEX}\ndecided: {{date: 2026-11-01, by: alice}}\nissues:\n"
    only += f"  99: {{decision: resolved, evidence: [{{pull: {hosted.merged}}}]}}\n"
    bench.cluster(99, only)
    alone = "99"
    clone = ("-C", str(hosted.repository.folder))
    for token, words in (("ghp_" + "x" * 36, "Bad credentials"), (None, "there is no token")):
        nothing = bench.run("cluster", alone, *clone, GH_TOKEN=token)
        assert (nothing.code, nothing.out) == (4, ""), (nothing.out, nothing.err)
        assert words in nothing.err
        assert len([line for line in nothing.err.splitlines() if line.startswith("triage: error: ")]) == 1
    something = bench.run("cluster", number, *clone, "--json", GH_TOKEN=None)
    assert something.code == 1
    assert "triage: warning: GitHub was not read: there is no token" in something.err
    told = {kind: status for kind, _, status, *_ in verdicts(something)[1][hosted.solved][2]}
    assert told == {"pull": "unverified", "commit": "verified", "check": "unverified", "issue": "unverified"}


def test_pages_beyond_the_first_hundred_are_read(hosted, bench):
    done = bench.run("sync", str(hosted.busy), "-R", APEX, "--json")
    assert done.code == 0, done.err
    for what in ("timeline", "comments"):
        pages = [one.params.get("page") for one in hosted.emulator.requests if one.path.endswith(f"/{what}")]
        assert pages[:2] == [None, "2"], (what, pages)
    kept = next((bench.folder / "data").rglob("*.db"))
    with Snapshot.to_read(kept) as snapshot:
        host = kept.relative_to(bench.folder / "data" / "triage").parts[0]
        fact = next(one.fact for one in snapshot.all_facts(host, APEX) if one.asked == str(hosted.busy))
    assert [one.body for one in fact.comments] == [f"comment {place}" for place in range(130)]
    assert Counter(one.kind for one in fact.events) == {"closed": 56, "reopened": 55}
    judged = bench.run("issue", str(hosted.busy), "-R", APEX, "--offline", "-C", str(hosted.repository.folder))
    assert judged.code == 1
    assert "was reopened" in judged.out


def test_an_issue_without_a_file_and_a_file_for_it(hosted, bench, tmp_path):
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    number = str(hosted.solved)
    judged = bench.run("issue", number, "-R", APEX, "--pull", str(hosted.merged), "--json", cwd=empty)
    assert judged.code == 0, judged.out
    _, issues = verdicts(judged)
    assert ("pull", str(hosted.merged), "verified", hosted.fix, "ancestor") in issues[hosted.solved][2]
    refuted = bench.run("issue", number, "-R", APEX, "--pull", str(hosted.unmerged), "--json", cwd=empty)
    assert (refuted.code, verdicts(refuted)[0]) == (1, "refuted")
    drafted = bench.run("new", number, "-R", APEX, cwd=empty)
    assert drafted.code == 0, drafted.err
    text = (empty / "clusters" / f"{number}.yaml").read_text("utf-8")
    assert f"cluster: {number}" in text
    assert bench.run("lint", cwd=empty).code == 0
    for run in (judged, refuted, drafted):
        assert CANARY not in run.out + run.err
        assert not [line for line in run.seen if CANARY in line]


# -- an Enterprise host ------------------------------------------------------------------------------


@pytest.mark.parametrize("graphql", [True, False])
def test_the_addresses_of_an_enterprise_host_have_a_prefix(tmp_path, github_schema, graphql):
    made = Repository(tmp_path / "source")
    fix = made.commit({"src/a.py": "b\n"}, "fix: close the socket (#2)")
    world = World(token=CANARY, graphql=graphql, version="3.17.0")
    apex = world.repository(APEX)
    apex.commit(fix, subject="fix: close the socket (#2)", checks=[check("unit")])
    apex.issue(1, title="issue 1", state="CLOSED", closed="2025-09-15T10:00:00Z")
    apex.pull(2, title="pull 2", state="MERGED", merged="2025-09-10T10:00:00Z", merge_commit=fix, closes=[1])
    with GitHub(world, github_schema, rest="/api/v3", graphql="/api/graphql") as github:
        host = Bench(tmp_path / "bench", GITHUB_API_URL=github.url, GH_ENTERPRISE_TOKEN=CANARY)
        text = "decision: resolved, evidence: [{pull: 2}, {check: unit}]"
        host.cluster(1, f"cluster: 1\nrepository: {APEX}\nissues:\n  1: {{{text}}}\n")
        done = host.run("cluster", "1", "-C", str(made.folder), "--json")
        assert (done.code, verdicts(done)[0]) == (0, "verified"), done
        assert {one.target.split("/")[1] for one in github.requests} == {"api"}
        assert any(one.target == "/api/graphql" for one in github.requests)
        assert any(one.target.startswith("/api/v3/") for one in github.requests) is not graphql
        assert CANARY not in done.out + done.err
        assert host.holds(CANARY) == []


# -- a tracker in the shape of a busy one ------------------------------------------------------------


@pytest.fixture(scope="module")
def busy(github_schema):
    world = World(token=CANARY, limit=10**9)
    made = Busy(world)
    with GitHub(world, github_schema) as github:
        yield made, github


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


KINDS = {
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "ReferencedEvent": "referenced",
    "CrossReferencedEvent": "cross-referenced",
    "MarkedAsDuplicateEvent": "duplicate",
    "UnmarkedAsDuplicateEvent": "not-duplicate",
    "TransferredEvent": "transferred",
}


def differences(made: Busy, number: int, fact: Any) -> list[str]:
    """Where a fact is not what the world has; REST does not tell which pull requests close an issue."""
    graphql = made.home.world.graphql
    kind = made.kinds[number]
    if kind in ("deleted", "discussion"):
        right = isinstance(fact, MissingFact) and fact.why == ("deleted" if kind == "deleted" else "")
        return [] if right else [f"{number} is {kind}, and read as {fact}"]
    thread = made.home.threads[number]
    if kind == "moved":
        to = thread.moved_to
        right = isinstance(fact, MovedFact) and fact.to == Name(to.repository.full_name, to.number)
        return [] if right else [f"{number} was moved, and read as {fact}"]
    data = thread.data
    wanted: dict[str, Any] = {
        "number": number,
        "repository": BUSY,
        "title": data["title"],
        "created": moment(data["createdAt"]),
        "closed": moment(data["closedAt"]),
        "updated": moment(data["updatedAt"]),
        "author": data["author"] and data["author"]["login"],
    }
    if kind == "issue":
        events = [one for one in thread.timeline() if one["__typename"] in KINDS]
        closed = [one for one in events if one["__typename"] == "ClosedEvent"]
        actor = closed[-1]["actor"] if closed and data["closed"] else None
        wanted |= {
            "state": data["state"].lower(),
            "reason": data["stateReason"].lower() if data["closed"] else None,
            "closed_by": actor and actor["login"],
            "labels": tuple(sorted(one["name"] for one in data["labels"])),
            "locked": data["locked"],
            "comment_count": len(data["comments"]),
            "sub_issues": tuple(Name(BUSY, one["number"]) for one in data["subIssues"]),
            "pulls": tuple(sorted(Name(BUSY, one.number) for one in made.home.world.pulls_closing(thread) if graphql)),
            "events": tuple((KINDS[one["__typename"]], moment(one["createdAt"])) for one in events),
        }
        read = fact._asdict() if isinstance(fact, IssueFact) else {}
        read["labels"] = tuple(sorted(read.get("labels", ())))
        read["pulls"] = tuple(sorted(read.get("pulls") or ()))
        read["events"] = tuple((one.kind, one.at) for one in read.get("events") or ())
    else:
        wanted |= {
            "state": data["state"].lower(),
            "merged": moment(data["mergedAt"]),
            "merge_commit": data["_merge_commit"],
            "base": data["baseRefName"],
            "head": data["headRefOid"],
            "commits": len(data["_commits"]),
            "files": tuple(one["path"] for one in data["files"]),
        }
        read = fact._asdict() if isinstance(fact, PullFact) else {}
    if read.get("author") is not None:
        read["author"] = read["author"].login
    return [
        f"{number}: {key} is {value!r}, and read as {read.get(key)!r}"
        for key, value in wanted.items()
        if read.get(key) != value
    ]


@pytest.mark.parametrize("graphql", [True, False])
def test_clusters_of_a_busy_tracker_are_read_as_they_are_in_few_requests(busy, graphql, capsys, monkeypatch):
    made, github = busy
    made.home.world.graphql = graphql
    github.clear()
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.setenv("GH_TOKEN", CANARY)
    client = Client(find_access(os.environ, None))
    draw = random.Random(5)  # noqa: S311 - which numbers, the same every time
    found, spent = [], Counter[int]()
    for _ in range(200 if graphql else 20):
        numbers = draw.sample(range(1, NUMBERS + 1), 5)
        names = tuple(Name(BUSY, number) for number in numbers)
        told = reading.read(client, Wanted(BUSY, names, (), checks=True, files=True))
        facts = {one.asked: one.fact for one in told.kept if one.repository == BUSY}
        found += [f"{one}: {why.reason}" for _, one, why in told.unread]
        found += [line for number in numbers for line in differences(made, number, facts.get(str(number)))]
        spent[told.requests] += 1
    client.close()
    made.home.world.graphql = True
    with capsys.disabled():
        print(  # noqa: T201 - the figure is what is wanted
            f"\nrequests for a cluster of five{'' if graphql else ' by REST'}: {dict(sorted(spent.items()))}"
        )
    assert not found, "\n".join(found[:40])
    if graphql:
        assert max(spent) <= 3 + 2 * 2  # one, one for each that moved or is not there, one for where it moved
        assert spent[1] >= 150


def test_the_busy_tracker_is_the_same_every_time_and_has_of_everything(busy):
    made, _ = busy
    again = Busy(World())
    assert again.kinds == made.kinds
    assert set(Counter(made.kinds.values())) == {"issue", "pull", "moved", "deleted", "discussion"}
    issues = [made.home.threads[number] for number, kind in made.kinds.items() if kind == "issue"]
    kinds = {event["__typename"] for issue in issues for event in issue.events}
    assert kinds >= set(KINDS) - {"TransferredEvent"} | {"LockedEvent", "SubIssueAddedEvent"}
    assert sha_of(f"{BUSY} merge 1") not in made.home.data
