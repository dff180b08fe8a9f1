"""Read the same facts by GitHub's REST API: for hosts without GraphQL, and for what GraphQL does not tell."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.errors import AccessRefused, NothingToJudge, TriageError, TryLater
from triage.github import plain
from triage.github.asking import numbered
from triage.github.client import Elsewhere
from triage.github.fields import Lacking, flag, text, whole
from triage.github.gathered import ASKED, BELOW, MET
from triage.github.plain import HOW
from triage.model import MissingFact, MovedFact, Name, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from triage.github.asking import Thing
    from triage.github.client import Client, Response
    from triage.github.gathered import Gathered
    from triage.model import CheckFact, CommitFact, Event, IssueFact, PullFact

PAGES, ALL_PAGES = 10, 100
PULLS = 5
"""Of more pull requests that a commit is in GraphQL does not tell either."""
_SHORTEST = 7
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next\b')
_HERE, _GONE, _NOT_THERE = 200, 410, (404, 422)
_REDIRECTS = (301, 302, 307, 308)


class Home(NamedTuple):
    """A repository that can be read, by its own name."""

    name: str
    issues: bool


class Reader:
    """Reads things one after another; what was read stays when a fault ends it."""

    def __init__(
        self, client: Client, gathered: Gathered, *, checks: bool = False, files: bool = False, full: bool = False
    ) -> None:
        """`full` also reads every comment, and all of a timeline."""
        self._client = client
        self._gathered = gathered
        self._checks, self._files, self._full = checks, files, full
        self._pages = ALL_PAGES if full else PAGES
        self._homes: dict[str, Home | Unread] = {}
        self.fault: TriageError | None = None
        self.refused: AccessRefused | None = None
        """A right that is missing for a part of what was read."""

    def read(self, things: Iterable[Thing]) -> None:
        """Gather a fact or a reason for each thing."""
        for thing in things:
            if self.fault is not None:
                self._gathered.refuse([thing], Unread(self.fault.message, self.fault.hint))
                continue
            try:
                self._read(thing)
            except Lacking as lacking:
                why = Unread(f"GitHub's answer lacks {lacking} of {thing.repository} {thing.what}")
                self._gathered.refuse([thing], why)
            except (AccessRefused, NothingToJudge) as fault:
                self.fault = fault
                self._gathered.refuse([thing], Unread(fault.message, fault.hint))

    def locate(self, thing: Thing, canonical: str) -> Name | None:
        """Find out why GraphQL has no such number: it moved (its new name comes back), or it is gone (gathered)."""
        response = self._client.rest(f"/repos/{canonical}/issues/{thing.what}")
        if response.status == _HERE:
            self._gathered.refuse([thing], Unread(f"GraphQL does not find {canonical}#{thing.what}, and REST does"))
            return None
        if response.status not in _REDIRECTS:
            self._absent(thing, Home(canonical, issues=True), response)
            return None
        moved, there = self._followed(thing, response)
        if moved is None:
            return None
        if there == Name(canonical, int(thing.what)):
            raise Lacking("where it moved")
        if not self._gathered.knows(numbered(there)):
            # All that is told of it here is its state; that needs no further request.
            fact = plain.issue_of(moved.data, moved.at)
            self._gathered.add(ASKED, there.repository, str(there.number), fact)
        self._moved(thing, canonical, there, response.at)
        return there

    def _read(self, thing: Thing) -> None:
        home = self._home(thing.repository)
        if isinstance(home, Unread):
            self._gathered.refuse([thing], home)
        elif thing.commit:
            self._read_commit(thing, home)
        else:
            self._read_number(thing, home)

    def _home(self, repository: str) -> Home | Unread:
        if repository not in self._homes:
            response = self._client.rest(f"/repos/{repository}")
            if response.status in _REDIRECTS:
                response = self._client.rest(text(response.headers, "location"))
            if response.status == _HERE:
                home = Home(text(response.data, "full_name"), flag(response.data, "has_issues"))
                self._gathered.rename(home.name, repository)
                self._homes[repository] = home
            else:
                reason = f"{repository} is not there, or this token may not read it"
                hint = "check the name, and that the token may read the repository's contents, issues and pull requests"
                self._homes[repository] = Unread(reason, hint)
                self._gathered.refused = self._gathered.refused or AccessRefused(reason, hint)
        return self._homes[repository]

    def _read_number(self, thing: Thing, home: Home) -> None:
        if not home.issues:
            # pull requests are there all the same
            if self._client.rest(f"/repos/{home.name}/pulls/{thing.what}").status == _HERE:
                self._read_pull(thing, Name(home.name, int(thing.what)))
                return
            self._gathered.refuse([thing], Unread(f"the issues of {thing.repository} are switched off"))
            return
        response = self._client.rest(f"/repos/{home.name}/issues/{thing.what}")
        first = response
        moved: Response | None = None
        own = Name(home.name, int(thing.what))
        if response.status in _REDIRECTS:
            moved, own = self._followed(thing, response)
            if moved is None:
                return
            response = moved
        if response.status != _HERE:
            self._absent(thing, home, response)
            return
        if plain.name_of(response.data) != own:
            raise Lacking("the number that was asked for")
        if moved is not None and (own.repository.casefold(), own.number) != (home.name.casefold(), int(thing.what)):
            self._moved(thing, home.name, own, first.at)
        else:
            own = Name(thing.repository, int(thing.what))
        if plain.is_pull(response.data):
            self._read_pull(thing, plain.name_of(response.data))
        else:
            fact = self._issue(response, plain.name_of(response.data))
            self._gathered.add(ASKED, own.repository, str(own.number), fact)

    def _followed(self, thing: Thing, response: Response) -> tuple[Response | None, Name]:
        """Return what is where a redirect points to, and its name; None and a reason where that cannot be read."""
        nowhere = Name(thing.repository, int(thing.what))
        moved = self._client.rest(text(response.headers, "location"))
        if moved.status != _HERE:
            reason = f"{nowhere} was moved to where this token may not read"
            self._gathered.refuse([thing], Unread(reason))
            return None, nowhere
        return moved, plain.name_of(moved.data)

    def _moved(self, thing: Thing, home: str, to: Name, at: datetime) -> None:
        fact = MovedFact(int(thing.what), home, to, at, HOW)
        self._gathered.add(ASKED, thing.repository, thing.what, fact)

    def _absent(self, thing: Thing, home: Home, response: Response) -> None:
        if response.status == _GONE or response.status in _NOT_THERE:
            why = "deleted" if response.status == _GONE else ""
            fact = MissingFact(thing.what, home.name, response.at, HOW, why)
            self._gathered.add(ASKED, thing.repository, thing.what, fact)
            return
        raise Lacking("it")

    def _issue(self, response: Response, own: Name) -> IssueFact:
        at = f"/repos/{own.repository}/issues/{own.number}"
        fact = plain.issue_of(response.data, response.at)
        events = self._events(at)
        children = self._optional(f"{at}/sub_issues")
        comments = self._optional(f"{at}/comments") if self._full else None
        said = plain.listed(plain.comment_of, comments)
        return fact._replace(
            events=events,
            reopened=max((event.at for event in events or () if event.kind == "reopened"), default=None),
            sub_issues=plain.listed(plain.name_of, children),
            comments=said if said is not None and len(said) == fact.comment_count else None,
        )

    def _events(self, at: str) -> tuple[Event, ...] | None:
        told = self._all(f"{at}/timeline")
        told = self._all(f"{at}/events") if told is None else told
        try:
            return None if told is None else plain.events_of(told)
        except Lacking:
            return None

    def _read_pull(self, thing: Thing, own: Name) -> None:
        response = self._client.rest(f"/repos/{own.repository}/pulls/{own.number}")
        if response.status != _HERE:
            raise Lacking("the pull request")
        fact: PullFact = plain.pull_of(response.data, response.at)
        if (fact.repository.casefold(), fact.number) != (own.repository.casefold(), own.number):
            raise Lacking("the pull request that was asked for")
        if self._files:
            told = self._optional(f"/repos/{own.repository}/pulls/{own.number}/files")
            files = plain.listed(lambda one: text(one, "filename"), told)
            count = whole(response.data, "changed_files")
            fact = fact._replace(files=files if files is not None and len(files) == count else None)
        for sha in dict.fromkeys(filter(None, (fact.merge_commit, fact.head))):
            commit = self._commit(own.repository, sha)
            if not isinstance(commit, MissingFact):
                self._gathered.add(BELOW, own.repository, sha, commit)
        self._gathered.add(ASKED, thing.repository, thing.what, fact)

    def _read_commit(self, thing: Thing, home: Home) -> None:
        fact = self._commit(home.name, thing.what)
        if isinstance(fact, MissingFact) and len(thing.what) < _SHORTEST:
            why = Unread(f"{thing.what} is too short to say that GitHub has no such commit")
            self._gathered.refuse([thing], why)
        elif not isinstance(fact, MissingFact) and not fact.sha.startswith(thing.what):
            reason = f"{thing.what} is the name of a branch or a tag of {thing.repository}, too"
            self._gathered.refuse([thing], Unread(reason))
        else:
            self._gathered.add(ASKED, thing.repository, thing.what, fact)
            if not isinstance(fact, MissingFact):
                fact = fact._replace(pulls=self._pulls_with(fact, thing.repository))
                self._gathered.add(ASKED, thing.repository, thing.what, fact)

    def _pulls_with(self, commit: CommitFact, asked_as: str) -> tuple[Name, ...] | None:
        """Return the pull requests of its repository that a commit is in, and gather each; None if not all are told."""
        try:
            told = self._all(f"/repos/{commit.repository}/commits/{commit.sha}/pulls")
        except (Lacking, AccessRefused):
            return None
        names = plain.listed(plain.pull_name_of, told)
        if names is None or len(names) > PULLS:
            return None
        own = tuple(name for name in names if name.repository.casefold() == commit.repository.casefold())
        for name in own:
            if self._gathered.get(asked_as, str(name.number)) is None:
                # The list lacks who merged it, and of how many commits it is.
                response = self._client.rest(f"/repos/{name.repository}/pulls/{name.number}")
                with suppress(Lacking):
                    pull = plain.pull_of(response.data, response.at)
                    self._gathered.add(MET, pull.repository, str(pull.number), pull)
        return own

    def _commit(self, repository: str, sha: str) -> CommitFact | MissingFact:
        at = f"/repos/{repository}/commits/{sha}"
        try:
            response = self._client.rest(at)
        except TryLater:
            raise
        except NothingToJudge as fault:
            # GitHub's answer for a SHA of the right form that is nobody's is 422
            if "answered 422: No commit found" not in fault.message:
                raise
            here = self._client.rest(f"/repos/{repository}")
            if here.status != _HERE:
                raise
            return MissingFact(sha, repository, here.at, HOW)
        if response.status in _NOT_THERE:
            return MissingFact(sha, repository, response.at, HOW)
        if response.status != _HERE:
            raise Lacking("the commit")
        fact = plain.commit_of(response.data, repository, response.at)
        return fact._replace(checks=self.checks_of(repository, fact.sha)) if self._checks else fact

    def checks_of(self, repository: str, sha: str) -> tuple[CheckFact, ...] | None:
        """Return all checks and statuses of a commit, None where they cannot be read to their end."""
        at = f"/repos/{repository}/commits/{sha}"
        runs = self._optional(f"{at}/check-runs", "check_runs", filter="latest")
        statuses = self._optional(f"{at}/status", "statuses")
        if runs is None or statuses is None:
            return None
        by_suite: Mapping[int, Any] = {}
        try:
            if any(plain.is_workflow(run) for run in runs):
                told = self._optional(f"/repos/{repository}/actions/runs", "workflow_runs", head_sha=sha)
                by_suite = {whole(run, "check_suite_id"): run for run in told or ()}
            return (*(plain.run_of(run, by_suite) for run in runs), *(plain.status_of(one) for one in statuses))
        except Lacking:
            return None

    def _optional(self, path: str, key: str = "", **parameters: str) -> list[Any] | None:
        """Return a list whose right may be missing, or that the host may not have; then None."""
        try:
            return self._all(path, key, **parameters)
        except Lacking:
            return None
        except AccessRefused as refused:
            self.refused = self.refused or refused
            return None

    def _all(self, path: str, key: str = "", **parameters: str) -> list[Any] | None:
        """Return a list of all pages; None if there is none, or more of them than are read."""
        response = self._client.rest(path, {"per_page": "100", **parameters})
        found: list[Any] = []
        seen: set[str] = set()
        for _ in range(self._pages):
            if response.status != _HERE:
                return None
            if key and not isinstance(response.data, dict):
                raise Lacking(key)
            items = response.data.get(key) if key else response.data
            if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
                raise Lacking(key or "the list")
            found += items
            after = _NEXT.search(response.headers.get("link", ""))
            if after is None:
                complete = not key or whole(response.data, "total_count") == len(found)
                return found if complete else None
            if after[1] in seen:
                return None
            seen.add(after[1])
            try:
                response = self._client.rest(after[1])
            except Elsewhere:
                return None
        return None
