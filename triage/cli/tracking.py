"""GitHub for one command: found once, read in as few requests as it takes, kept in the snapshot."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from triage.cli.talk import remark
from triage.errors import AccessRefused, NothingToJudge, TriageError
from triage.model import CommitFact, IssueFact, Name, PullFact, Unread, Wanted
from triage.tracker import Tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from triage.cli.options import Options
    from triage.git.fetching import Clone
    from triage.github.access import Access, Host
    from triage.github.client import Client
    from triage.model import Kept, Reading
    from triage.snapshot import Snapshot

CLONE_AGE = timedelta(minutes=5)
"""A clone in the cache folder that is younger is not fetched again."""
OFFLINE = Unread("GitHub was not read (--offline)")
WHICH = Unread("GitHub was not read (of which repository this is, is not known)", "-R OWNER/NAME")


class GitHub:
    """One repository on GitHub, as a command reads it."""

    def __init__(self, options: Options, repository: str | None, remote_host: str | None = None) -> None:
        """`remote_host` is the host of the remote of the clone that is judged by, if there is one."""
        from triage.github.access import REMOTE  # noqa: PLC0415 - only where GitHub matters

        self.options = options
        self.repository = repository
        chosen = options.settings
        named = (chosen.host, chosen.host_source or REMOTE) if chosen.host is not None else (remote_host, REMOTE)
        self._named: tuple[str | None, str] = named
        self._access: Access | None = None
        self._client: Client | None = None
        self.requests = 0
        self.points = 0
        self.heads: dict[str, tuple[str, str]] = {}
        """The default branch of each repository that was read, and the commit at its end."""

    @property
    def host(self) -> Host:
        """Where GitHub is. Raises `AskedWrongly` for variables that cannot say it, or say another host."""
        from triage.github.access import find_host  # noqa: PLC0415 - only where GitHub matters

        return find_host(os.environ, *self._named)

    @property
    def access(self) -> Access:
        """Where GitHub is, and the token; `gh` is asked for it at most once."""
        if self._access is None:
            from triage.github.access import find_access  # noqa: PLC0415

            self._access = find_access(os.environ, *self._named)
        return self._access

    @property
    def client(self) -> Client:
        """What asks GitHub; PyGithub is imported with the first question."""
        if self._client is None:
            from triage.github.client import Client  # noqa: PLC0415 - the network

            settings = self.options.settings
            self._client = Client(
                self.access,
                timeout=settings.github_timeout,
                wait=settings.github_wait,
                say=lambda text: remark(text, quiet=self.options.quiet),
            )
        return self._client

    def snapshot(self) -> Path | None:
        """Return where the snapshot of the repository is, whether or not it is there yet."""
        from triage import snapshot  # noqa: PLC0415 - only where GitHub matters

        return snapshot.where(os.environ, self.options.settings.file, self.host.name, self.repository)

    def clone(self, max_age: timedelta = CLONE_AGE) -> Path:
        """Return the clone of the repository in the cache folder, made or brought up to date if it is older.

        Raises `TriageError` where there is none and none can be made.
        """
        clone = self._clone(offline=self.options.offline, max_age=max_age)
        if clone.fault is not None:
            self._warn(f"the clone in the cache folder was not brought up to date: {clone.fault.message}")
        return clone.path

    def kept_clone(self) -> Path | None:
        """Return the clone of the repository in the cache folder as it is, None if there is none."""
        try:
            return self._clone(offline=True).path
        except TriageError:
            return None

    def _clone(self, *, offline: bool, max_age: timedelta = CLONE_AGE) -> Clone:
        from platformdirs import user_cache_path  # noqa: PLC0415 - only where there is no clone

        from triage.git.fetching import cached_clone  # noqa: PLC0415

        token = None if offline else self.access.token
        return cached_clone(
            self.repository or "",
            self.host.name,
            self.host.server,
            cache=user_cache_path("triage", appauthor=False),
            token=token.reveal() if token is not None else None,
            max_age=max_age,
            offline=offline,
            timeout=float(self.options.settings.git_timeout),
            say=lambda text: remark(text, quiet=self.options.quiet),
            progress=self.options.progress,
        )

    def track(self, wanted: Wanted, *, before: Tracked | None = None) -> Tracked:
        """Return what GitHub has of what is wanted, and of what that is linked with; `before` was read already.

        What cannot be read is said to be unread, with the reason; only what cannot change any more (a merged pull
        request) is taken from the snapshot then. With `--offline` everything is.
        """
        known = before.known if before is not None else ()
        if self.repository is None:
            return Tracked(known, None, otherwise=WHICH)
        wanted = _not_yet(wanted, before) if before is not None else wanted
        if before is not None and not wanted.numbers and not wanted.commits and not wanted.abroad:
            return before
        names = [(name, str(number)) for name, number in wanted.numbers]
        names += [(wanted.repository, sha) for sha in wanted.commits]
        names += wanted.abroad
        if self.options.offline:
            return Tracked((*known, *self._kept(names)), self.repository, otherwise=OFFLINE)
        if self.access.token is None:
            fault = self._without_a_token()
            settled = [one for one in self._kept(names) if _cannot_change(one)]
            why = Unread("GitHub was not read (there is no token)", fault.hint)
            return Tracked((*known, *settled), self.repository, otherwise=why, fault=fault)
        return self._track(wanted, names, before)

    def _without_a_token(self) -> AccessRefused:
        from triage.github.access import log_in  # noqa: PLC0415

        host = self.host
        return AccessRefused(f"there is no token to read {self.repository} on {host.name} with", log_in(host))

    def _track(self, wanted: Wanted, names: list[tuple[str, str]], before: Tracked | None) -> Tracked:
        from triage.github.reading import read  # noqa: PLC0415 - the network

        reading = read(self.client, wanted)
        self.requests, self.points = self.client.requests, self.client.points
        self.heads |= {name.casefold(): (branch, sha) for name, branch, sha in reading.heads}
        self._keep(reading.kept)
        unread = [(name, asked, _tried(why)) for name, asked, why in reading.unread]
        missed = {(name.casefold(), asked) for name, asked, _ in unread}
        settled = []
        if missed:
            asked = {(name.casefold(), what) for name, what in names}
            # With a commit that was missed go the merged pull requests that it is in.
            settled = [one for one in self._kept(names) if _cannot_change(one) and _key(one) not in asked - missed]
        known = (*(before.known if before is not None else ()), *settled, *reading.kept)
        fault = reading.fault or (before.fault if before is not None else None)
        if fault is not None:
            otherwise = _tried(Unread(fault.message, fault.hint))
            return Tracked(known, self.repository, unread, otherwise, fault)
        return Tracked(known, self.repository, unread)

    def read_fully(self, numbers: Iterable[int]) -> Reading:
        """Read issues to their last comment, and keep them. Raises `TriageError` where GitHub cannot be read."""
        from triage.github.reading import read_fully  # noqa: PLC0415 - the network

        if self.repository is None:
            raise NothingToJudge("which repository is not known", "-R OWNER/NAME")
        if self.options.offline:
            raise NothingToJudge("--offline: GitHub is not read", "leave --offline out")
        if self.access.token is None:
            raise self._without_a_token()
        reading = read_fully(self.client, [Name(self.repository, number) for number in numbers])
        self._keep(reading.kept, must=True)
        return reading

    def everything_kept(self) -> tuple[Kept, ...]:
        """Return all facts that the snapshot has of the repository; none where there is no snapshot."""
        if self.repository is None:
            return ()
        return self._from_snapshot(lambda opened: tuple(opened.all_facts(self.host.name, self.repository or "")))

    def _kept(self, names: list[tuple[str, str]]) -> tuple[Kept, ...]:
        """The facts of the snapshot by name, and those that they are linked with."""

        def look(opened: Snapshot) -> tuple[Kept, ...]:
            found = opened.facts(self.host.name, names)
            return (*found, *opened.facts(self.host.name, linked(found)))

        return self._from_snapshot(look)

    def _from_snapshot(self, look: Callable[[Snapshot], tuple[Kept, ...]]) -> tuple[Kept, ...]:
        from triage.snapshot import Snapshot  # noqa: PLC0415 - only where GitHub matters

        path = self.snapshot()
        try:
            opened = Snapshot.to_read(path) if path is not None else None
            if opened is None:
                return ()
            with opened:
                return look(opened)
        except TriageError as fault:
            self._warn(fault.message, fault.hint)
            return ()

    def _keep(self, kept: Iterable[Kept], *, must: bool = False) -> None:
        """Store facts. Where that fails the verdicts still stand, so it is a warning, unless storing was the task."""
        from triage.snapshot import Snapshot  # noqa: PLC0415

        path = self.snapshot()
        if path is None:
            return
        try:
            with Snapshot.to_write(path) as opened:
                opened.store(self.host.name, kept)
        except TriageError as fault:
            if must:
                raise
            self._warn(fault.message, fault.hint)

    def _warn(self, message: str, hint: str | None = None) -> None:
        remark(f"triage: warning: {message}{f' (hint: {hint})' if hint else ''}", quiet=self.options.quiet)


def _not_yet(wanted: Wanted, before: Tracked) -> Wanted:
    """What is wanted and was not read before."""

    def lacks(name: str, number: int) -> bool:
        fact = before.numbered(name, number)
        return isinstance(fact, Unread) or (wanted.files and isinstance(fact, PullFact) and fact.files is None)

    def unread(repository: str, sha: str) -> bool:
        fact = before.commit(repository, sha)
        return isinstance(fact, Unread) or (wanted.checks and isinstance(fact, CommitFact) and fact.checks is None)

    numbers = tuple(one for one in wanted.numbers if lacks(*one))
    commits = tuple(sha for sha in wanted.commits if unread(wanted.repository, sha))
    return wanted._replace(numbers=numbers, commits=commits, abroad=tuple(one for one in wanted.abroad if unread(*one)))


def linked(kept: Iterable[Kept]) -> list[tuple[str, str]]:
    """Return what facts name as linked with them: pull requests, closing commits, sub-issues, duplicates.

    Of a commit that are the pull requests that it is in, of a pull request its merge commit and its head.
    """
    names: dict[tuple[str, str], None] = {}
    for one in kept:
        if isinstance(one.fact, IssueFact):
            for name, number in (*(one.fact.pulls or ()), *(one.fact.sub_issues or ())):
                names[name, str(number)] = None
            for event in one.fact.events or ():
                if event.other is not None:
                    names[event.other.repository, str(event.other.number)] = None
                if event.commit is not None and event.kind == "closed":
                    names[event.commit_repository or one.fact.repository, event.commit] = None
        elif isinstance(one.fact, PullFact):
            for sha in (one.fact.merge_commit, one.fact.head):
                if sha is not None:
                    names[one.fact.repository, sha] = None
        elif isinstance(one.fact, CommitFact):
            for name, number in one.fact.pulls or ():
                names[name, str(number)] = None
    return list(names)


def _cannot_change(one: Kept) -> bool:
    """Whether a fact holds for ever once it was read: that a pull request was merged, that a commit was made."""
    if isinstance(one.fact, PullFact):
        return one.fact.merged is not None
    return isinstance(one.fact, CommitFact) and one.fact.checks is None


def _tried(why: Unread) -> Unread:
    return Unread(f"GitHub was not read ({why.reason})", why.hint, tried=True)


def _key(one: Kept) -> tuple[str, str]:
    return one.repository.casefold(), one.asked
