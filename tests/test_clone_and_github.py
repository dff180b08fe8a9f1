"""A clone beside GitHub: one that lacks what GitHub has, one of another host, one in the cache folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from github_counterparts import GitServer
from github_server import GitHub, World
from repositories import Repository

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "canary-token"  # noqa: S105 - nobody's


class Bench(NamedTuple):
    """A repository on GitHub, the clone one stands in, and how to run the program there."""

    repository: Repository
    world: World
    server: GitHub
    folder: Path
    fix: str

    def run(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GH_TOKEN": TOKEN,
            "GITHUB_API_URL": self.server.url,
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "triage", *arguments],
            cwd=cwd or self.repository.folder,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def bench(tmp_path, github_schema):
    repository = Repository(tmp_path / "r")
    repository.commit({"a.py": "a\n"}, "start")
    fix = repository.commit({"a.py": "b\n"}, "fix: close the socket")
    repository.git("remote", "add", "origin", "https://github.com/acme/apex")
    world = World(token=TOKEN)
    apex = world.repository("acme/apex")
    apex.commit(fix, subject="fix: close the socket", authored="2025-09-09T10:00:00Z")
    apex.branch("main", fix)
    apex.issue(7, title="It leaks", created="2025-09-01T00:00:00Z")
    folder = repository.folder / "clusters"
    folder.mkdir()
    text = f"cluster: 7\nrepository: acme/apex\nissues:\n  7: {{decision: resolved, evidence: [{{commit: {fix}}}]}}\n"
    (folder / "7.yaml").write_text(text)
    with GitHub(world, github_schema) as server:
        yield Bench(repository, world, server, tmp_path, fix)


def test_a_clone_that_lacks_what_github_has_is_said_to_be_behind(bench):
    done = bench.run("cluster", "7", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"] == []
    newer = bench.world.named("acme/apex").commit("e" * 40, subject="Revert it", authored="2025-09-10T10:00:00Z")
    assert newer is not None
    bench.world.named("acme/apex").branch("main", "e" * 40)
    done = bench.run("cluster", "7", "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["rule"], finding["severity"], finding["hint"]) == ("stale-clone", "warning", "git fetch")
    assert "eeeeeeeee" in finding["message"]
    other = bench.run("cluster", "7", "--json", "--as-of", bench.fix)
    assert json.loads(other.stdout)["findings"] == []


def test_a_cached_clone_that_is_behind_is_fetched_again(bench, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with GitServer(tmp_path / "served", token=TOKEN) as git:
        git.host("acme/apex", bench.repository.folder)
        where = {"GITHUB_SERVER_URL": git.url}
        cluster = str(bench.repository.folder / "clusters" / "7.yaml")
        first = bench.run("cluster", cluster, "--json", cwd=empty, **where)
        assert first.returncode == 0, first.stderr
        undone = bench.repository.revert(bench.fix)
        git.host("acme/apex", bench.repository.folder)
        apex = bench.world.named("acme/apex")
        apex.commit(undone, subject="Revert it", authored="2025-09-10T10:00:00Z")
        apex.branch("main", undone)
        again = bench.run("cluster", cluster, "--json", cwd=empty, **where)
        told = json.loads(again.stdout)
        assert (told["judged"]["sha"], told["status"]) == (undone, "refuted"), again.stderr
