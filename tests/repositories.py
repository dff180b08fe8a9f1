"""Real git repositories for tests: scripted histories with fixed dates, and none of the user's config."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

START = datetime(2025, 9, 1, 12, tzinfo=UTC)
AUTHOR = "alice <alice@example.org>"


def run_git(folder: Path, *arguments: str, data: bytes | None = None, **variables: str) -> bytes:
    """Run git with fixed names and dates, in nobody's config; what it prints."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/dev/null",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "alice",
        "GIT_AUTHOR_EMAIL": "alice@example.org",
        "GIT_COMMITTER_NAME": "alice",
        "GIT_COMMITTER_EMAIL": "alice@example.org",
        "GIT_AUTHOR_DATE": f"{int(START.timestamp())} +0000",
        "GIT_COMMITTER_DATE": f"{int(START.timestamp())} +0000",
        **variables,
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr.decode()}"
    return done.stdout


class Repository:
    """A repository whose commits are an hour apart, so that every SHA is the same on every machine."""

    def __init__(self, folder: Path, *, branch: str = "main", long_ids: bool = False) -> None:
        self.folder = folder
        self._clock = START
        folder.mkdir(parents=True, exist_ok=True)
        form = ["--object-format=sha256"] if long_ids else []
        self.git("init", "-q", "-b", branch, *form)
        for key, value in {
            "commit.gpgsign": "false",
            "gc.auto": "0",
            "core.autocrlf": "false",
            "uploadpack.allowFilter": "true",
            "uploadpack.allowAnySHA1InWant": "true",
            "advice.detachedHead": "false",
        }.items():
            self.git("config", key, value)

    def git(self, *arguments: str, data: bytes | None = None, **variables: str) -> str:
        return run_git(self.folder, *arguments, data=data, **variables).decode("utf-8", "replace").strip()

    def _dates(self, date: datetime | None, author: str = AUTHOR) -> dict[str, str]:
        self._clock = date or self._clock + timedelta(hours=1)
        name, _, mail = author.removesuffix(">").partition(" <")
        stamp = f"{int(self._clock.timestamp())} +0000"
        return {
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
        }

    def commit(
        self,
        files: Mapping[str, str | bytes | None] | None = None,
        message: str = "work",
        *,
        date: datetime | None = None,
        author: str = AUTHOR,
    ) -> str:
        """Write (None: remove) the files and commit them; the SHA."""
        for path, content in (files or {}).items():
            target = self.folder / path
            if content is None:
                self.git("rm", "-rq", "--", path)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
            self.git("add", "-f", "--", path)
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message, **self._dates(date, author))
        return self.head()

    def move(self, old: str, new: str, message: str = "move", **files: str) -> str:
        (self.folder / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", old, new)
        return self.commit(files, message)

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Make a branch and go to it."""
        self.git("checkout", "-q", "-b", name, at)

    def checkout(self, name: str) -> None:
        self.git("checkout", "-q", name)

    def merge(self, name: str, message: str | None = None, *options: str, date: datetime | None = None) -> str:
        words = ["-m", message or f"Merge branch '{name}'"]
        self.git("merge", "-q", "--no-ff", *options, *words, name, **self._dates(date))
        return self.head()

    def squash(self, name: str, message: str, *, date: datetime | None = None) -> str:
        self.git("merge", "-q", "--squash", name)
        return self.commit({}, message, date=date)

    def cherry_pick(self, sha: str, *, date: datetime | None = None) -> str:
        self.git("cherry-pick", "--allow-empty", sha, **self._dates(date))
        return self.head()

    def revert(self, sha: str, *options: str, date: datetime | None = None) -> str:
        self.git("revert", "--no-edit", *options, sha, **self._dates(date))
        return self.head()

    def tag(self, name: str, at: str = "HEAD", message: str | None = None) -> str:
        """Make a tag, annotated if it has a message; the id the ref holds."""
        extra = ["-a", "-m", message] if message else []
        self.git("tag", *extra, name, at, **self._dates(None))
        return self.git("rev-parse", f"refs/tags/{name}")

    def ref(self, name: str, sha: str) -> None:
        self.git("update-ref", name, sha)

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", data=content)

    def raw_commit(self, raw: bytes) -> str:
        """Store a commit object byte by byte, however wrong it is."""
        return self.git("hash-object", "-w", "--literally", "-t", "commit", "--stdin", data=raw)

    def head(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def parse(self, name: str) -> str:
        return self.git("rev-parse", name)

    def remove_object(self, sha: str) -> None:
        """Take a loose object away, as damage or a filter would."""
        (self.folder / ".git" / "objects" / sha[:2] / sha[2:]).unlink()

    def clone(self, folder: Path, *options: str) -> Path:
        """Clone through the transport, so that depth and filter hold; the new folder."""
        run_git(self.folder, "clone", "-q", *options, f"file://{self.folder}", str(folder), GIT_ALLOW_PROTOCOL="file")
        return folder
