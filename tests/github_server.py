"""GitHub on loopback: one world of plain data, answered by GraphQL under GitHub's own schema and by REST.

A world is built in a few lines; times are ISO text, people are logins (None: a deleted account; "x[bot]": a bot)::

    world = World(token="canary", viewer="alice")        # token None: anybody may read; graphql=False: a REST-only host
    apex = world.repository("acme/apex", default_branch="main", formerly=["acme/old"])
    issue = apex.issue(529, title="…", state="CLOSED", reason="COMPLETED", closed="2025-09-10T10:00:00Z", by="alice",
                       body="…", labels=["bug"], comments=[("bob", "text", "2025-09-09T10:00:00Z")], author="bob")
    pull = apex.pull(453, state="MERGED", merged="2025-09-10T10:00:00Z", by="bob", merge_commit=SHA, head=SHA,
                     base="main", files=["a.py", ("b.py", "ADDED")], closes=[529, "acme/desktop#4"])
    apex.commit(SHA, subject="…", authored="…", checks=[check("ci / unit (3.11)", "SUCCESS", workflow="ci")],
                statuses=[status("legacy/build", "SUCCESS", by="bob")])
    apex.branch("main", SHA); apex.tag("v1", SHA, annotated=True)
    issue.close("2025-…", by="alice", reason="COMPLETED", closer=SHA | pull); issue.reopen("2025-…", by="bob")
    issue.reference(SHA, "2025-…", by="bob"); issue.cross_reference(other, "2025-…", by="bob")
    issue.duplicate_of(other, "2025-…"); issue.unmark(other, "2025-…"); issue.connect(pull, …); issue.disconnect(pull, …)
    issue.sub_issue(other, …); issue.transfer(other, …); issue.lock("RESOLVED", …); issue.comment("bob", "text", "2025-…")
    issue.rename("old title", …); issue.event("ConvertedToDiscussionEvent", …, discussion=None); apex.delete(7)
    issue.data["title"] = "…"                             # every fact is a dict with GraphQL's field names

    with GitHub(world, schema) as github:                 # GitHub(world, schema, rest="/api/v3", graphql="/api/graphql")
        github.url, github.graphql_url, github.requests, github.count("/issues/"), github.holds("canary")
        fault = github.fault(reply(502), when="/graphql", times=1, after=2)   # fault.happened counts
        github.clear()                                    # forget faults and requests

`schema` is `github_counterparts.schema_of_github()`, in tests the fixture `github_schema`. Faults: reply, not_json, html, redirect,
reset, cut, wrong_length, bad_gzip, drip, limited, null_at, changed; `when` is None, the number of the request from 1, a
piece of its path, or a predicate over the `Recorded` request (`larger_than(bytes)` is one). An issue that was closed and
is named by `closes` of a merged pull request has that pull request as closer, unless it is told otherwise (None: by hand).
The world is read when a request comes, so it may change between two.
"""
# ruff: noqa: N803, N815 - the names are those of GitHub's schema and of http.server

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import re
import socket
import struct
import threading
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import graphql
from graphql.utilities import TypeInfo, TypeInfoVisitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CREATED = "2025-09-01T12:00:00Z"
DOCS = "https://docs.github.com/rest"
MISSING = object()
FOUND: Any = object()  # as closer: the pull request that closes it, where one was merged before
LONG_PAGES = 10_000  # GitHub lists no page of issues that ends after this many


def number_of(text: str) -> int:
    """A number that is the same on every machine and in every run, below 2^31."""
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def sha_of(text: str) -> str:
    """A full commit id for a name: the same every time."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def value_of(data: Mapping[str, Any], key: str, **arguments: Any) -> Any:
    """A fact of the world, which may be worked out when it is asked for."""
    value = data.get(key)
    return value(**arguments) if callable(value) else value


# --- the world -------------------------------------------------------------------------------------------------------


def actor(login: str | None) -> dict[str, Any] | None:
    """The account behind a login: a person, or a bot where it ends in [bot]; None where it was deleted."""
    if login is None:
        return None
    kind, name = ("Bot", login.removesuffix("[bot]")) if login.endswith("[bot]") else ("User", login)
    known = number_of(login)
    return {
        "__typename": kind,
        "login": name,
        "id": f"{kind[0]}_{known}",
        "databaseId": known,
        "name": name,
        "url": f"https://github.com/{name}",
        "resourcePath": f"/{name}",
        "avatarUrl": f"https://avatars.githubusercontent.com/u/{known}?v=4",
        "createdAt": CREATED,
        "updatedAt": CREATED,
    }


def check(
    name: str,
    conclusion: str | None = "SUCCESS",
    *,
    status: str = "COMPLETED",
    app: str | None = "github-actions",
    workflow: str | None = None,
    event: str = "push",
    started: str | None = CREATED,
    completed: str | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    """A check run for `commit(checks=…)`; those of one app, workflow and event share a suite."""
    done = status == "COMPLETED"
    return {
        "__typename": "CheckRun",
        "name": name,
        "conclusion": conclusion if done else None,
        "status": status,
        "startedAt": started,
        "completedAt": (completed or started) if done else None,
        "detailsUrl": url,
        "title": None,
        "summary": None,
        "text": None,
        "externalId": "",
        "_suite": (app, workflow, event),
    }


def status(
    context: str,
    state: str = "SUCCESS",
    *,
    by: str | None = "bob",
    at: str = CREATED,
    description: str | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    """A commit status for `commit(statuses=…)`."""
    return {
        "__typename": "StatusContext",
        "context": context,
        "state": state,
        "creator": actor(by),
        "createdAt": at,
        "description": description,
        "targetUrl": url,
        "avatarUrl": None,
    }


class Thread:
    """An issue or a pull request; its facts are in `data`, under GraphQL's names."""

    def __init__(self, repository: Repository, data: dict[str, Any]) -> None:
        self.repository = repository
        self.data = data
        self.events: list[dict[str, Any]] = []
        self.closes: list[int | str] = []
        self.manual: list[Thread] = []  # of an issue: linked pull requests; of a pull request: linked issues
        self.moved_to: Thread | None = None

    @property
    def number(self) -> int:
        return self.data["number"]

    @property
    def is_pull(self) -> bool:
        return self.data["__typename"] == "PullRequest"

    def touch(self, at: str | None) -> None:
        if at and at > self.data["updatedAt"]:
            self.data["updatedAt"] = at

    def event(self, kind: str, at: str = CREATED, by: str | None = "alice", **facts: Any) -> dict[str, Any]:
        """Add an event of any kind of GraphQL's timeline; the event, to be changed at will."""
        known = number_of(f"{self.data['url']} {kind} {len(self.events)}")
        event = {
            "__typename": kind,
            "id": f"{''.join(letter for letter in kind if letter.isupper())}_{known}",
            "databaseId": known,
            "actor": actor(by),
            "createdAt": at,
            "url": f"{self.data['url']}#event-{known}",
            "resourcePath": f"{self.data['resourcePath']}#event-{known}",
            **facts,
        }
        self.events.append(event)
        return event

    def close(
        self,
        at: str,
        by: str | None = "alice",
        *,
        reason: str | None = "COMPLETED",
        closer: str | Thread | None = FOUND,
    ) -> dict[str, Any]:
        """Close it; a closer is a commit's id or a pull request, None is by hand; else one that closes it is found."""
        self.data.update(state="CLOSED", stateReason=reason, closed=True, closedAt=at)
        self.touch(at)
        return self.event(
            "ClosedEvent", at, by, closable=self.data, stateReason=reason, closer=lambda: self._closer(closer, at)
        )

    def _closer(self, told: str | Thread | None, at: str) -> dict[str, Any] | None:
        if isinstance(told, Thread):
            return told.data
        if told is not FOUND:
            return self.repository.world.commit_anywhere(told, self.repository) if told else None
        merged = [
            pull.data
            for pull in self.repository.world.pulls_closing(self)
            if pull.data["merged"] and pull.data["mergedAt"] <= at
        ]
        return merged[-1] if merged and not self.is_pull else None

    def reopen(self, at: str, by: str | None = "alice") -> dict[str, Any]:
        self.data.update(state="OPEN", closed=False, closedAt=None)
        if not self.is_pull:
            self.data["stateReason"] = "REOPENED"
        self.touch(at)
        return self.event("ReopenedEvent", at, by, closable=self.data, stateReason=self.data.get("stateReason"))

    def reference(
        self, sha: str, at: str = CREATED, by: str | None = "alice", *, direct: bool = True
    ) -> dict[str, Any]:
        """A commit, perhaps of another repository of this world, names it."""
        world, here = self.repository.world, self.repository

        def commit() -> dict[str, Any] | None:
            return world.commit_anywhere(sha, here)

        return self.event(
            "ReferencedEvent",
            at,
            by,
            commit=commit,
            commitRepository=lambda: (commit() or {"repository": here.data})["repository"],
            isCrossRepository=lambda: bool(commit()) and commit()["repository"] is not here.data,
            isDirectReference=direct,
            subject=self.data,
        )

    def cross_reference(
        self, source: Thread, at: str = CREATED, by: str | None = "alice", *, closing: bool | None = None
    ) -> dict[str, Any]:
        """Another issue or pull request names it. `updatedAt` stays, as at GitHub."""
        return self.event(
            "CrossReferencedEvent",
            at,
            by,
            source=source.data,
            target=self.data,
            referencedAt=at,
            isCrossRepository=source.repository is not self.repository,
            willCloseTarget=self._closed_by(source) if closing is None else closing,
        )

    def _closed_by(self, source: Thread) -> bool:
        return source.data["state"] == "OPEN" and source in self.repository.world.pulls_closing(self)

    def duplicate_of(self, canonical: Thread, at: str = CREATED, by: str | None = "alice") -> dict[str, Any]:
        return self._about_duplicate("MarkedAsDuplicateEvent", canonical, at, by)

    def unmark(self, canonical: Thread, at: str = CREATED, by: str | None = "alice") -> dict[str, Any]:
        return self._about_duplicate("UnmarkedAsDuplicateEvent", canonical, at, by)

    def _about_duplicate(self, kind: str, canonical: Thread, at: str, by: str | None) -> dict[str, Any]:
        self.touch(at)
        foreign = canonical.repository is not self.repository
        return self.event(kind, at, by, canonical=canonical.data, duplicate=self.data, isCrossRepository=foreign)

    def connect(self, pull: Thread, at: str = CREATED, by: str | None = "alice") -> dict[str, Any]:
        """Link a pull request by hand, as in the side bar."""
        self.manual.append(pull)
        pull.manual.append(self)
        return self._about_link("ConnectedEvent", pull, at, by)

    def disconnect(self, pull: Thread, at: str = CREATED, by: str | None = "alice") -> dict[str, Any]:
        self.manual = [one for one in self.manual if one is not pull]
        pull.manual = [one for one in pull.manual if one is not self]
        return self._about_link("DisconnectedEvent", pull, at, by)

    def _about_link(self, kind: str, pull: Thread, at: str, by: str | None) -> dict[str, Any]:
        self.touch(at)
        foreign = pull.repository is not self.repository
        return self.event(kind, at, by, source=self.data, subject=pull.data, isCrossRepository=foreign)

    def sub_issue(self, child: Thread, at: str = CREATED, by: str | None = "alice") -> None:
        self.data["subIssues"].append(child.data)
        child.data["parent"] = self.data
        self.event("SubIssueAddedEvent", at, by, subIssue=child.data)
        child.event("ParentIssueAddedEvent", at, by, parent=self.data)

    def transfer(self, target: Thread, at: str = CREATED, by: str | None = "alice") -> None:
        """It lives on as the target: 301 by REST (its comments 404), not found by GraphQL, as at GitHub."""
        self.moved_to = target
        target.event("TransferredEvent", at, by, fromRepository=self.repository.data, issue=target.data)

    def lock(self, reason: str | None = None, at: str = CREATED, by: str | None = "alice") -> None:
        self.data.update(locked=True, activeLockReason=reason)
        self.event("LockedEvent", at, by, lockReason=reason, lockable=self.data)

    def rename(self, before: str, at: str = CREATED, by: str | None = "alice") -> None:
        """It had another title before."""
        self.touch(at)
        self.event(
            "RenamedTitleEvent", at, by, previousTitle=before, currentTitle=self.data["title"], subject=self.data
        )

    def label(self, name: str, at: str = CREATED, by: str | None = "alice") -> None:
        self.data["labels"].append(self.repository.label(name))
        self.touch(at)
        self.event("LabeledEvent", at, by, label=self.repository.label(name), labelable=self.data)

    def comment(
        self, author: str | None, body: str, at: str = CREATED, *, edited: str | None = None, **facts: Any
    ) -> dict[str, Any]:
        known = number_of(f"{self.data['url']} comment {len(self.data['comments'])}")
        comment = {
            "__typename": "IssueComment",
            "id": f"IC_{known}",
            "databaseId": known,
            "fullDatabaseId": str(known),
            "author": actor(author),
            "authorAssociation": "MEMBER",
            "body": body,
            "bodyText": body,
            "bodyHTML": "",
            "createdAt": at,
            "publishedAt": at,
            "updatedAt": edited or at,
            "lastEditedAt": edited,
            "editor": actor(author) if edited else None,
            "includesCreatedEdit": bool(edited),
            "isMinimized": False,
            "minimizedReason": None,
            "url": f"{self.data['url']}#issuecomment-{known}",
            "resourcePath": f"{self.data['resourcePath']}#issuecomment-{known}",
            "issue": self.data,
            "pullRequest": self.data if self.is_pull else None,
            "repository": self.repository.data,
            **facts,
        }
        self.data["comments"].append(comment)
        self.touch(edited or at)
        return comment

    def timeline(self, itemTypes: Iterable[str] | None = None, since: str | None = None, **_: Any) -> list[dict]:
        """Events and comments in order of time, those included that follow from pull requests that close it."""
        events = [*self.events, *self.data["comments"]]
        seen = {id(event["source"]) for event in self.events if event["__typename"] == "CrossReferencedEvent"}
        pulls = self.repository.world.pulls_closing(self, manual=False)
        events += [self._follows_from(pull) for pull in pulls if id(pull.data) not in seen]
        wanted = {camel(name) for name in itemTypes} if itemTypes is not None else None
        kept = [event for event in events if wanted is None or event["__typename"] in wanted]
        return sorted(
            (e for e in kept if since is None or e["createdAt"] >= since), key=lambda event: event["createdAt"]
        )

    def _follows_from(self, pull: Thread) -> dict[str, Any]:
        known = number_of(f"{self.data['url']} {pull.data['url']}")
        return {
            "__typename": "CrossReferencedEvent",
            "id": f"CRE_{known}",
            "actor": pull.data["author"],
            "createdAt": pull.data["createdAt"],
            "referencedAt": pull.data["createdAt"],
            "source": pull.data,
            "target": self.data,
            "isCrossRepository": pull.repository is not self.repository,
            "willCloseTarget": pull.data["state"] == "OPEN",
            "url": f"{self.data['url']}#ref-pullrequest-{known}",
            "resourcePath": f"{self.data['resourcePath']}#ref-pullrequest-{known}",
        }


def camel(name: str) -> str:
    """The type of a timeline item from the word of the enum: CLOSED_EVENT is ClosedEvent."""
    return "".join(part.capitalize() for part in name.split("_"))


class Repository:
    """A repository of the world."""

    def __init__(
        self,
        world: World,
        full_name: str,
        *,
        default_branch: str | None = "main",
        formerly: Iterable[str] = (),
        private: bool = False,
        hidden: bool = False,
        archived: bool = False,
        fork: bool = False,
        organization: bool = True,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        owner, _, name = full_name.partition("/")
        self.world = world
        self.full_name = full_name
        self.formerly = {old.lower() for old in formerly}
        self.hidden = hidden
        self.default_branch = default_branch
        self.threads: dict[int, Thread] = {}
        self.strangers: list[Thread] = []  # pull requests of other repositories of the network that have its commits
        self.gone: set[int] = set()
        self.commits: dict[str, dict[str, Any]] = {}
        self.refs: dict[str, str] = {}
        self.tags: dict[str, dict[str, Any]] = {}
        self.labels: dict[str, dict[str, Any]] = {}
        known = number_of(full_name.lower())
        lord = dict(actor(owner) or {}, __typename="Organization" if organization else "User")
        self.data: dict[str, Any] = {
            "__typename": "Repository",
            "id": f"R_{known}",
            "databaseId": known,
            "name": name,
            "nameWithOwner": full_name,
            "owner": lord,
            "url": f"https://github.com/{full_name}",
            "sshUrl": f"git@github.com:{full_name}.git",
            "resourcePath": f"/{full_name}",
            "description": None,
            "isPrivate": private,
            "isArchived": archived,
            "isFork": fork,
            "visibility": "PRIVATE" if private else "PUBLIC",
            "hasIssuesEnabled": True,
            "viewerPermission": "WRITE",
            "createdAt": "2020-01-01T00:00:00Z",
            "updatedAt": CREATED,
            "pushedAt": CREATED,
            "parent": None,
            "issue": lambda number: self.one(number, "an Issue", "Issue"),
            "pullRequest": lambda number: self.one(number, "a PullRequest", "PullRequest"),
            "issueOrPullRequest": lambda number: self.one(number, "an issue or pull request", None),
            "issues": lambda **arguments: self._list("Issue", **arguments),
            "pullRequests": lambda **arguments: self._list("PullRequest", **arguments),
            "object": self._object,
            "ref": lambda **arguments: self.ref(arguments["qualifiedName"]),
            "refs": self._refs,
            "defaultBranchRef": lambda: self.ref(f"refs/heads/{self.default_branch}") if self.default_branch else None,
            "labels": lambda **_: list(self.labels.values()),
            "label": lambda **arguments: self.labels.get(arguments["name"]),
            **(facts or {}),
        }

    # -- building

    def label(self, name: str) -> dict[str, Any]:
        known = number_of(f"{self.full_name} label {name}")
        return self.labels.setdefault(
            name,
            {
                "__typename": "Label",
                "id": f"LA_{known}",
                "databaseId": known,
                "name": name,
                "color": "ededed",
                "description": None,
                "isDefault": False,
                "url": f"{self.data['url']}/labels/{name}",
                "resourcePath": f"{self.data['resourcePath']}/labels/{name}",
                "createdAt": CREATED,
                "updatedAt": CREATED,
            },
        )

    def _thread(self, kind: str, folder: str, number: int, facts: dict[str, Any]) -> Thread:
        known = number_of(f"{self.full_name}#{number}")
        resource = f"{self.data['resourcePath']}/{folder}/{number}"
        thread = Thread(
            self,
            {
                "__typename": kind,
                "id": f"{'PR' if kind == 'PullRequest' else 'I'}_{known}",
                "databaseId": known,
                "fullDatabaseId": str(known),
                "number": number,
                "repository": self.data,
                "url": f"https://github.com{resource}",
                "resourcePath": resource,
                "authorAssociation": "MEMBER",
                "bodyHTML": "",
                "locked": False,
                "activeLockReason": None,
                "assignees": [],
                "milestone": None,
                "lastEditedAt": None,
                "editor": None,
                "comments": [],
                **facts,
            },
        )
        thread.data["timelineItems"] = thread.timeline
        self.threads[number] = thread
        return thread

    def issue(
        self,
        number: int,
        *,
        title: str = "Something is wrong",
        body: str = "",
        state: str = "OPEN",
        reason: str | None = None,
        created: str = CREATED,
        closed: str | None = None,
        by: str | None = "alice",
        closer: str | Thread | None = FOUND,
        author: str | None = "alice",
        labels: Iterable[str] = (),
        comments: Iterable[tuple[str | None, str, str]] = (),
        updated: str | None = None,
        **facts: Any,
    ) -> Thread:
        """An issue; `by` and `closer` are those of its closing. Further facts have GraphQL's names."""
        thread = self._thread(
            "Issue",
            "issues",
            number,
            {
                "title": title,
                "titleHTML": title,
                "body": body,
                "bodyText": body,
                "state": "OPEN",
                "stateReason": None,
                "closed": False,
                "createdAt": created,
                "publishedAt": created,
                "updatedAt": created,
                "closedAt": None,
                "author": actor(author),
                "labels": [self.label(name) for name in labels],
                "parent": None,
                "subIssues": [],
                "issueType": None,
            },
        )
        data = thread.data
        data["stateReason"] = None
        data["closedByPullRequestsReferences"] = functools.partial(self._closing, thread)
        data["subIssuesSummary"] = lambda: self._summary(data["subIssues"])
        if state == "CLOSED":
            thread.close(closed or created, by, reason=reason or "COMPLETED", closer=closer)
        elif reason:
            data["stateReason"] = reason
        for who, text, at in comments:
            thread.comment(who, text, at)
        if updated:
            data["updatedAt"] = updated
        data.update(facts)
        return thread

    def _closing(
        self, thread: Thread, *, includeClosedPrs=False, userLinkedOnly=False, **_: Any
    ) -> list[dict[str, Any]]:
        pulls = thread.manual if userLinkedOnly else self.world.pulls_closing(thread)
        return [pull.data for pull in pulls if includeClosedPrs or pull.data["state"] == "OPEN"]

    @staticmethod
    def _summary(children: list[dict[str, Any]]) -> dict[str, Any]:
        done = sum(child["closed"] for child in children)
        part = 100 * done // len(children) if children else 0
        return {"__typename": "SubIssuesSummary", "total": len(children), "completed": done, "percentCompleted": part}

    def pull(
        self,
        number: int,
        *,
        title: str = "Mend it",
        body: str = "",
        state: str = "OPEN",
        created: str = CREATED,
        merged: str | None = None,
        closed: str | None = None,
        by: str | None = "alice",
        author: str | None = "alice",
        base: str = "main",
        base_sha: str | None = None,
        head: str | None = None,
        head_name: str | None = None,
        merge_commit: str | None = None,
        commits: Iterable[str] = (),
        files: Iterable[str | tuple[str, str] | dict[str, Any]] = (),
        closes: Iterable[int | str] = (),
        labels: Iterable[str] = (),
        comments: Iterable[tuple[str | None, str, str]] = (),
        draft: bool = False,
        updated: str | None = None,
        **facts: Any,
    ) -> Thread:
        """A pull request: OPEN, CLOSED or MERGED; `by` merged or closed it. Commits need not exist in the world."""
        head = head or sha_of(f"{self.full_name} head {number}")
        changes = [changed(one) for one in files]
        thread = self._thread(
            "PullRequest",
            "pull",
            number,
            {
                "title": title,
                "titleHTML": title,
                "permalink": f"{self.data['url']}/pull/{number}",
                "body": body,
                "bodyText": body,
                "state": state,
                "closed": state != "OPEN",
                "merged": state == "MERGED",
                "createdAt": created,
                "publishedAt": created,
                "updatedAt": created,
                "closedAt": None,
                "mergedAt": None,
                "mergedBy": None,
                "author": actor(author),
                "labels": [self.label(name) for name in labels],
                "baseRefName": base,
                "baseRefOid": base_sha or sha_of(f"{self.full_name} base {base}"),
                "baseRepository": self.data,
                "headRefName": head_name or f"mend-{number}",
                "headRefOid": head,
                "headRepository": self.data,
                "headRepositoryOwner": self.data["owner"],
                "isCrossRepository": False,
                "isDraft": draft,
                "mergeable": "UNKNOWN",
                "mergeStateStatus": "UNKNOWN",
                "files": changes,
                "changedFiles": len(changes),
                "additions": sum(change["additions"] for change in changes),
                "deletions": sum(change["deletions"] for change in changes),
                "reviewDecision": None,
                "reviews": [],
            },
        )
        data = thread.data
        thread.closes = list(closes)
        data["mergeCommit"] = lambda: self.commit_or_stub(merge_commit)
        data["potentialMergeCommit"] = None
        data["baseRef"] = lambda: self.ref(f"refs/heads/{base}")
        data["headRef"] = lambda: self.ref(f"refs/heads/{data['headRefName']}")
        data["_commits"] = tuple(commits) or (head,)
        data["commits"] = lambda **_: [
            {
                "__typename": "PullRequestCommit",
                "id": f"PURC_{number_of(data['url'] + sha)}",
                "commit": self.commit_or_stub(sha),
                "pullRequest": data,
                "url": f"{data['url']}/commits/{sha}",
                "resourcePath": f"{data['resourcePath']}/commits/{sha}",
            }
            for sha in data["_commits"]
        ]
        data["closingIssuesReferences"] = lambda **arguments: self.world.issues_closed_by(thread, **arguments)
        data["_merge_commit"] = merge_commit
        if state == "MERGED":
            self._merge(thread, merged or closed or created, by, base)
        elif state == "CLOSED":
            data["closedAt"] = closed or created
            thread.touch(data["closedAt"])
            thread.event("ClosedEvent", data["closedAt"], by, closable=data, closer=None, stateReason=None)
        for who, text, at in comments:
            thread.comment(who, text, at)
        if updated:
            data["updatedAt"] = updated
        data.update(facts)
        return thread

    def _merge(self, thread: Thread, at: str, by: str | None, base: str) -> None:
        data = thread.data
        data.update(mergedAt=at, closedAt=at, mergedBy=actor(by))
        thread.touch(at)
        thread.event(
            "MergedEvent",
            at,
            by,
            commit=data["mergeCommit"],
            mergeRefName=base,
            mergeRef=data["baseRef"],
            pullRequest=data,
        )
        thread.event("ClosedEvent", at, by, closable=data, closer=None, stateReason=None)

    def commit(
        self,
        sha: str,
        *,
        subject: str = "work",
        body: str = "",
        authored: str = CREATED,
        committed: str | None = None,
        author: str | None = "alice",
        parents: Iterable[str] = (),
        files: Iterable[str | tuple[str, str] | dict[str, Any]] = (),
        checks: Iterable[dict[str, Any]] = (),
        statuses: Iterable[dict[str, Any]] = (),
        **facts: Any,
    ) -> dict[str, Any]:
        """A commit with what was checked on it; its facts, under GraphQL's names."""
        changes = [changed(one) for one in files]
        person = {
            "__typename": "GitActor",
            "name": author or "ghost",
            "email": f"{author or 'ghost'}@example.org",
            "user": actor(author),
            "date": authored,
        }
        known = number_of(f"{self.full_name}@{sha}")
        data: dict[str, Any] = {
            "__typename": "Commit",
            "id": f"C_{known}",
            "oid": sha,
            "abbreviatedOid": sha[:7],
            "message": f"{subject}\n\n{body}".strip(),
            "messageHeadline": subject,
            "messageBody": body,
            "authoredDate": authored,
            "committedDate": committed or authored,
            "author": person,
            "committer": dict(person, date=committed or authored),
            "authors": [person],
            "repository": self.data,
            "url": f"{self.data['url']}/commit/{sha}",
            "commitUrl": f"{self.data['url']}/commit/{sha}",
            "resourcePath": f"{self.data['resourcePath']}/commit/{sha}",
            "commitResourcePath": f"{self.data['resourcePath']}/commit/{sha}",
            "parents": lambda **_: [self.commit_or_stub(parent) for parent in parents],
            "_parents": list(parents),
            "_files": changes,
            "changedFiles": len(changes),
            "changedFilesIfAvailable": len(changes),
            "additions": sum(change["additions"] for change in changes),
            "deletions": sum(change["deletions"] for change in changes),
            "associatedPullRequests": lambda **_: [pull.data for pull in self.pulls_with(sha)],
        }
        self._judge(data, list(checks), list(statuses))
        data.update(facts)
        self.commits[sha] = data
        return data

    def _judge(self, commit: dict[str, Any], checks: list[dict[str, Any]], statuses: list[dict[str, Any]]) -> None:
        """Hang check runs, their suites and statuses on a commit, with the rollup that follows from them."""
        suites: dict[Any, dict[str, Any]] = {}
        for place, run in enumerate(checks):
            known = number_of(f"{commit['url']} check {place} {run['name']}")
            suite = suites.setdefault(run["_suite"], self._suite(commit, *run["_suite"]))
            run.update(
                id=f"CR_{known}",
                databaseId=known,
                checkSuite=suite,
                repository=self.data,
                isRequired=lambda **_: False,
                url=f"{self.data['url']}/runs/{known}",
                permalink=f"{self.data['url']}/runs/{known}",
                resourcePath=f"{self.data['resourcePath']}/runs/{known}",
            )
            run["detailsUrl"] = run["detailsUrl"] or run["url"]
            suite["checkRuns"].append(run)
        for suite in suites.values():
            ended = [run["conclusion"] for run in suite["checkRuns"] if run["status"] == "COMPLETED"]
            suite["status"] = "COMPLETED" if len(ended) == len(suite["checkRuns"]) else "IN_PROGRESS"
            suite["conclusion"] = worst(ended) if suite["status"] == "COMPLETED" else None
        for place, one in enumerate(statuses):
            known = number_of(f"{commit['url']} status {place}")
            one.update(id=f"SC_{known}", _number=known, commit=commit, isRequired=lambda **_: False)
        commit["checkSuites"] = list(suites.values())
        commit["_checks"], commit["_statuses"] = checks, statuses
        latest = list({one["context"]: one for one in statuses}.values())
        commit["status"] = None
        if latest:
            commit["status"] = {
                "__typename": "Status",
                "id": f"ST_{number_of(commit['url'])}",
                "commit": commit,
                "state": rolled_up([one["state"] for one in latest]),
                "contexts": latest,
                "context": lambda name: next((one for one in latest if one["context"] == name), None),
                "combinedContexts": [*checks, *latest],
            }
        commit["statusCheckRollup"] = None
        if checks or latest:
            words = [run["conclusion"] or "PENDING" for run in checks] + [one["state"] for one in latest]
            commit["statusCheckRollup"] = {
                "__typename": "StatusCheckRollup",
                "id": f"SCR_{number_of(commit['url'])}",
                "commit": commit,
                "state": rolled_up(words),
                "contexts": [*checks, *latest],
            }

    def _suite(self, commit: dict[str, Any], app: str | None, workflow: str | None, event: str) -> dict[str, Any]:
        known = number_of(f"{commit['url']} suite {app} {workflow} {event}")
        suite: dict[str, Any] = {
            "__typename": "CheckSuite",
            "id": f"CS_{known}",
            "databaseId": known,
            "app": None,
            "branch": None,
            "commit": commit,
            "repository": self.data,
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "url": f"{self.data['url']}/suites/{known}",
            "resourcePath": f"{self.data['resourcePath']}/suites/{known}",
            "checkRuns": [],
            "workflowRun": None,
            "matchingPullRequests": [],
        }
        if app is not None:
            suite["app"] = {
                "__typename": "App",
                "id": f"A_{number_of(app)}",
                "databaseId": number_of(app),
                "slug": app,
                "name": {"github-actions": "GitHub Actions"}.get(app, app),
                "url": f"https://github.com/apps/{app}",
                "createdAt": CREATED,
                "updatedAt": CREATED,
                "description": None,
            }
        if workflow is not None:
            at = f"{self.data['resourcePath']}/actions"
            suite["workflowRun"] = {
                "__typename": "WorkflowRun",
                "id": f"WFR_{known}",
                "databaseId": known,
                "event": event,
                "runNumber": 1,
                "checkSuite": suite,
                "createdAt": CREATED,
                "updatedAt": CREATED,
                "url": f"https://github.com{at}/runs/{known}",
                "resourcePath": f"{at}/runs/{known}",
                "file": {
                    "__typename": "WorkflowRunFile",
                    "id": f"WFRF_{known}",
                    "path": f".github/workflows/{workflow}.yml",
                },
                "workflow": {
                    "__typename": "Workflow",
                    "id": f"W_{number_of(workflow)}",
                    "databaseId": number_of(workflow),
                    "name": workflow,
                    "state": "ACTIVE",
                    "createdAt": CREATED,
                    "updatedAt": CREATED,
                    "url": f"https://github.com{at}/workflows/{workflow}.yml",
                    "resourcePath": f"{at}/workflows/{workflow}.yml",
                },
            }
        return suite

    def branch(self, name: str, sha: str) -> None:
        self.refs[f"refs/heads/{name}"] = sha

    def tag(self, name: str, sha: str, *, annotated: bool = False, at: str = CREATED) -> str:
        """A tag; the id its ref holds, which is that of the tag object where it is annotated."""
        if not annotated:
            self.refs[f"refs/tags/{name}"] = sha
            return sha
        own = sha_of(f"{self.full_name} tag {name} {sha}")
        self.tags[own] = {
            "__typename": "Tag",
            "id": f"TA_{number_of(own)}",
            "oid": own,
            "abbreviatedOid": own[:7],
            "name": name,
            "message": f"{name}\n",
            "repository": self.data,
            "target": lambda: self.commit_or_stub(sha),
            "tagger": {"__typename": "GitActor", "name": "alice", "email": "alice@example.org", "date": at},
            "commitUrl": f"{self.data['url']}/commit/{sha}",
            "commitResourcePath": f"{self.data['resourcePath']}/commit/{sha}",
        }
        self.refs[f"refs/tags/{name}"] = own
        return own

    def delete(self, number: int) -> None:
        """Take an issue away: 410 by REST, not found by GraphQL."""
        self.threads.pop(number, None)
        self.gone.add(number)

    # -- looking

    def thread(self, number: int) -> Thread | None:
        """The issue or pull request that lives here under the number."""
        found = self.threads.get(number)
        return None if found is None or found.moved_to else found

    def one(self, number: int, said: str, kind: str | None) -> dict[str, Any]:
        found = self.thread(number)
        if found is None or (kind and found.data["__typename"] != kind):
            raise NotFound(f"Could not resolve to {said} with the number of {number}.")
        return found.data

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [one.data for one in self.threads.values() if one.data["__typename"] == kind and not one.moved_to]

    def _list(
        self,
        kind: str,
        *,
        states: list[str] | None = None,
        orderBy: dict[str, str] | None = None,
        filterBy: dict[str, Any] | None = None,
        labels: list[str] | None = None,
        baseRefName: str | None = None,
        headRefName: str | None = None,
        **_: Any,
    ) -> list[dict[str, Any]]:
        order = orderBy or {"field": "CREATED_AT", "direction": "ASC"}
        narrow = filterBy or {}
        since, wanted = narrow.get("since"), narrow.get("states") or states
        named = set(labels or narrow.get("labels") or ())
        found = [
            one
            for one in self.of_kind(kind)
            if (not wanted or one["state"] in wanted)
            and (not since or one["updatedAt"] >= since)
            and (not named or named & {label["name"] for label in one["labels"]})
            and (not baseRefName or one["baseRefName"] == baseRefName)
            and (not headRefName or one["headRefName"] == headRefName)
        ]
        key = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt"}.get(order["field"], "createdAt")
        return sorted(found, key=lambda one: (one[key], one["number"]), reverse=order["direction"] == "DESC")

    def pulls_with(self, sha: str) -> list[Thread]:
        return [
            one
            for one in (*self.threads.values(), *self.strangers)
            if one.is_pull and (sha == one.data["_merge_commit"] or sha in one.data["_commits"])
        ]

    def commit_or_stub(self, sha: str | None) -> dict[str, Any] | None:
        """The commit, or one with nothing but its id where the world has not told more."""
        if sha is None:
            return None
        if sha not in self.commits:
            stub = self.commit(sha)
            del self.commits[sha]  # it can still be told, and is not found by its id until then
            return stub
        return self.commits[sha]

    def ref(self, name: str) -> dict[str, Any] | None:
        full = next((one for one in (name, f"refs/heads/{name}", f"refs/tags/{name}") if one in self.refs), None)
        if full is None:
            return None
        prefix, short = re.fullmatch(r"(refs/[^/]+/)(.+)", full).groups()
        return {
            "__typename": "Ref",
            "id": f"REF_{number_of(self.full_name + full)}",
            "name": short,
            "prefix": prefix,
            "repository": self.data,
            "target": lambda: self.target(full),
        }

    def target(self, full: str) -> dict[str, Any] | None:
        own = self.refs[full]
        return self.tags.get(own) or self.commit_or_stub(own)

    def _refs(self, refPrefix: str, query: str | None = None, **_: Any) -> list[dict[str, Any]]:
        return [self.ref(name) for name in sorted(self.refs) if name.startswith(refPrefix) and (query or "") in name]

    def find(self, expression: str) -> dict[str, Any] | None:
        """The commit or tag that a full id, a unique abbreviation of 7 and more, a branch or a tag stands for."""
        if expression in self.commits or expression in self.tags:
            return self.commits.get(expression) or self.tags[expression]
        name = f"refs/heads/{self.default_branch}" if expression == "HEAD" else expression
        for full in (name, f"refs/{name}", f"refs/tags/{name}", f"refs/heads/{name}"):
            if full in self.refs:
                return self.target(full)
        if re.fullmatch(r"[0-9a-f]{7,40}", expression):
            found = [sha for sha in (*self.commits, *self.tags) if sha.startswith(expression)]
            if len(found) == 1:
                return self.commits.get(found[0]) or self.tags[found[0]]
        return None

    def find_commit(self, expression: str) -> dict[str, Any] | None:
        """As `find`, with annotated tags peeled."""
        found = self.find(expression)
        while found is not None and found["__typename"] == "Tag":
            found = found["target"]()
        return found

    def _object(self, oid: str | None = None, expression: str | None = None) -> dict[str, Any] | None:
        if oid is not None:
            return self.commits.get(oid) or self.tags.get(oid)
        return self.find(expression or "")


def changed(one: str | tuple[str, str] | dict[str, Any]) -> dict[str, Any]:
    """A changed file from its path, its path and GraphQL's word for the change, or all its facts."""
    base = {"__typename": "PullRequestChangedFile", "additions": 1, "deletions": 0, "changeType": "MODIFIED"}
    if isinstance(one, dict):
        return {**base, **one}
    path, kind = (one, "MODIFIED") if isinstance(one, str) else one
    return {**base, "path": path, "changeType": kind, "viewerViewedState": "UNVIEWED"}


def worst(conclusions: list[str]) -> str:
    order = ["FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "CANCELLED", "ACTION_REQUIRED", "STALE", "SUCCESS", "NEUTRAL"]
    return next((word for word in order if word in conclusions), "SKIPPED")


def rolled_up(words: list[str]) -> str:
    """GitHub's summary of checks and statuses in one of StatusState's words."""
    if any(word in {"FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "CANCELLED", "ACTION_REQUIRED"} for word in words):
        return "FAILURE"
    if "ERROR" in words:
        return "ERROR"
    return "PENDING" if any(word in {"PENDING", "EXPECTED", "STALE"} for word in words) else "SUCCESS"


class World:
    """All repositories that the server knows, and how it behaves as a host."""

    def __init__(
        self,
        *,
        token: str | None = None,
        viewer: str = "alice",
        graphql: bool = True,
        scopes: str | None = "repo",
        limit: int = 5000,
        remaining: int | None = None,
        skew: timedelta = timedelta(0),
        version: str | None = None,
    ) -> None:
        self.tokens: set[str] | None = None if token is None else {token}
        self.viewer = viewer
        self.graphql = graphql
        self.scopes = scopes
        self.limit = limit
        self.remaining = limit if remaining is None else remaining
        self.reset: int | None = None
        self.skew = skew
        self.version = version  # of an Enterprise host, said by /meta
        self.repositories: list[Repository] = []
        self._closing: tuple[int, dict[tuple[str, int], list[Thread]]] = (-1, {})

    def now(self) -> datetime:
        """The server's clock, which may be skewed."""
        return datetime.now(UTC) + self.skew

    def resets_at(self) -> int:
        return self.reset if self.reset is not None else int(self.now().timestamp()) + 3000

    def repository(self, full_name: str, **options: Any) -> Repository:
        """Add a repository: default_branch, formerly, private, hidden (404 to all), archived, fork, facts."""
        made = Repository(self, full_name, **options)
        self.repositories.append(made)
        return made

    def named(self, full_name: str) -> Repository | None:
        """The repository of the name, or that once had it; whether it was renamed shows by comparing names."""
        wanted = full_name.lower()
        readable = [one for one in self.repositories if not one.hidden]
        return next((one for one in readable if one.full_name.lower() == wanted), None) or next(
            (one for one in readable if wanted in one.formerly), None
        )

    def threads(self) -> Iterable[Thread]:
        for repository in self.repositories:
            yield from repository.threads.values()

    def _closed_in(self, pull: Thread) -> list[tuple[str, int]]:
        """The repositories and numbers that a pull request's words close."""
        here = pull.repository.full_name
        pairs = [(here, str(one)) if isinstance(one, int) else one.rsplit("#", 1) for one in pull.closes]
        return [(name.lower(), int(number)) for name, number in pairs]

    def pulls_closing(self, issue: Thread, *, manual: bool = True) -> list[Thread]:
        """The pull requests that close an issue, by their words or by hand."""
        if issue.is_pull:
            return []
        size = sum(len(one.threads) for one in self.repositories)
        if self._closing[0] != size:
            index: dict[tuple[str, int], list[Thread]] = {}
            for pull in self.threads():
                for key in self._closed_in(pull):
                    index.setdefault(key, []).append(pull)
            self._closing = (size, index)
        by_words = self._closing[1].get((issue.repository.full_name.lower(), issue.number), [])
        return by_words + [one for one in issue.manual if manual and one not in by_words]

    def issues_closed_by(self, pull: Thread, *, userLinkedOnly: bool = False, **_: Any) -> list[dict[str, Any]]:
        """The issues that a pull request closes, by its words or by hand."""
        found = [] if userLinkedOnly else [self._thread_of(*key) for key in self._closed_in(pull)]
        issues = [one for one in found if one is not None and not one.is_pull]
        return [one.data for one in issues + [one for one in pull.manual if one not in issues]]

    def _thread_of(self, full_name: str, number: int) -> Thread | None:
        home = self.named(full_name)
        return home.thread(number) if home else None

    def commit_anywhere(self, sha: str, first: Repository) -> dict[str, Any] | None:
        """A commit by its id, here or in another repository of the world."""
        for repository in (first, *self.repositories):
            if sha in repository.commits:
                return repository.commits[sha]
        return first.commit_or_stub(sha)

    def root(self) -> dict[str, Any]:
        """What GraphQL's Query answers."""
        return {
            "repository": self._repository,
            "viewer": lambda: actor(self.viewer),
            "user": actor,
            "node": lambda **arguments: self._node(arguments["id"]),
            "nodes": lambda ids: [self._node(one) for one in ids],
            "resource": lambda url: next((one.data for one in self.threads() if one.data["url"] == url), None),
            "relay": self.root,
        }

    def _repository(self, *, owner: str, name: str, followRenames: bool | None = True) -> dict[str, Any]:
        found = self.named(f"{owner}/{name}")
        if found is None or (not followRenames and found.full_name.lower() != f"{owner}/{name}".lower()):
            raise NotFound(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return found.data

    def _node(self, own: str) -> dict[str, Any]:
        for repository in self.repositories:
            things = [repository.data, *(one.data for one in repository.threads.values()), *repository.commits.values()]
            for thing in things:
                if thing["id"] == own and not repository.hidden:
                    return thing
        raise NotFound(f"Could not resolve to a node with the global id of '{own}'")


# --- GraphQL ---------------------------------------------------------------------------------------------------------


class NotFound(graphql.GraphQLError):
    """GitHub's answer in `errors` for what is not there, or may not be seen."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"type": "NOT_FOUND"})


class Paging(graphql.Visitor):
    """What GitHub works out of a query before running it: its cost, and the connections without bounds."""

    def __init__(self, types: TypeInfo, variables: Mapping[str, Any]) -> None:
        super().__init__()
        self.types, self.variables = types, variables
        self.errors: list[dict[str, Any]] = []
        self.path: list[str] = []
        self.factors = [1]
        self.requests = 0
        self.nodes = 0

    def _given(self, node: graphql.FieldNode, name: str) -> Any:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return graphql.value_from_ast_untyped(argument.value, dict(self.variables))
        return None

    def enter_field(self, node: graphql.FieldNode, *_: Any) -> None:
        self.path.append(node.alias.value if node.alias else node.name.value)
        factor = 1
        kind = self.types.get_type()
        if kind is not None and graphql.get_named_type(kind).name.endswith("Connection"):
            name = node.name.value
            bounds = [bound for bound in (self._given(node, "first"), self._given(node, "last")) if bound is not None]
            self.requests += self.factors[-1]
            if not bounds:
                text = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                self._wrong("MISSING_PAGINATION_BOUNDARIES", text, node)
            elif max(bounds) > 100:
                text = f"Requesting {max(bounds)} records on the `{name}` connection exceeds the `first` limit of 100 records."
                self._wrong("EXCESSIVE_PAGINATION", text, node)
            factor = max(bounds, default=1)
            self.nodes += self.factors[-1] * factor
        self.factors.append(self.factors[-1] * factor)

    def _wrong(self, kind: str, message: str, node: graphql.Node) -> None:
        self.errors.append({"type": kind, "path": list(self.path), "locations": places(node), "message": message})

    def leave_field(self, *_: Any) -> None:
        self.path.pop()
        self.factors.pop()


def places(node: graphql.Node) -> list[dict[str, int]]:
    at = graphql.get_location(node.loc.source, node.loc.start)
    return [{"line": at.line, "column": at.column}]


def defaults_of(document: graphql.DocumentNode) -> dict[str, Any]:
    """What the variables of the operations are where they are not given."""
    return {
        one.variable.name.value: graphql.value_from_ast_untyped(one.default_value)
        for operation in document.definitions
        for one in getattr(operation, "variable_definitions", None) or ()
        if one.default_value
    }


CODES = (
    (r"Cannot query field '(?P<fieldName>\w+)' on type '(?P<typeName>\w+)'", "undefinedField"),
    (r"Unknown argument '(?P<argumentName>\w+)' on field '(?P<name>[\w.]+)'", "argumentNotAccepted"),
    (r"Unknown type '(?P<typeName>\w+)'", "undefinedType"),
    (r"Argument '(?P<name>[\w.]+)\((?P<arguments>\w+):\)' of type .* is required", "missingRequiredArguments"),
    (r"Field '(?P<fieldName>\w+)' of type .* must have a selection", "selectionMismatch"),
    (r"Variable '\$(?P<variableName>\w+)' is never used", "variableNotUsed"),
    (r"Variable '\$(?P<variableName>\w+)' is not defined", "variableNotDefined"),
    (r"Variable '\$(?P<variableName>\w+)' of type", "variableMismatch"),
    (r"Fragment '(?P<fragmentName>\w+)' is never used", "useAndDefineFragment"),
    (r"Unknown fragment '(?P<fragmentName>\w+)'", "useAndDefineFragment"),
    (r"Fields '(?P<fieldName>\w+)' conflict", "fieldConflict"),
    (r"Expected value of type|Value '\w+' does not exist", "argumentLiteralsIncompatible"),
)


def refused(error: graphql.GraphQLError) -> dict[str, Any]:
    """An error of validation in GitHub's shape."""
    extensions: dict[str, Any] = {"code": "invalid"}
    message = error.message
    for pattern, code in CODES:
        if found := re.search(pattern, message):
            extensions = {"code": code, **found.groupdict()}
            if code == "undefinedField":
                message = f"Field '{found['fieldName']}' doesn't exist on type '{found['typeName']}'"
            break
    path = ["query"]
    return {
        "path": path,
        "extensions": extensions,
        "locations": [{"line": at.line, "column": at.column} for at in error.locations or ()],
        "message": message,
    }


@functools.lru_cache(maxsize=256)
def understood(schema: graphql.GraphQLSchema, query: str) -> tuple[graphql.DocumentNode | None, list[dict[str, Any]]]:
    """The query as parsed, and why GitHub refuses it."""
    try:
        document = graphql.parse(query)
    except graphql.GraphQLSyntaxError as error:
        at = [{"line": place.line, "column": place.column} for place in error.locations or ()]
        return None, [{"message": f"Parse error: {error.message}", "locations": at}]
    return document, [refused(error) for error in graphql.validate(schema, document)]


class Answers:
    """GraphQL over plain data: dicts with GraphQL's field names, lists for connections, functions where asked."""

    def __init__(self, world: World, schema: graphql.GraphQLSchema) -> None:
        self.world = world
        self.schema = schema
        self.unset: set[str] = set()  # fields that were asked for and that the world says nothing of

    def answer(self, query: str, variables: Mapping[str, Any] | None, operation: str | None) -> dict[str, Any]:
        """The body of GitHub's answer."""
        document, errors = understood(self.schema, query)
        if document is None or errors:
            return {"errors": errors}
        types = TypeInfo(self.schema)
        bounds = Paging(types, {**defaults_of(document), **(variables or {})})
        graphql.visit(document, TypeInfoVisitor(types, bounds))
        if bounds.errors:
            return {"data": None, "errors": bounds.errors}
        cost = max(1, bounds.requests // 100)
        root = {**self.world.root(), "rateLimit": lambda **_: self._rate(cost, bounds.nodes)}
        self.world.remaining = max(0, self.world.remaining - cost)
        done = graphql.execute_sync(
            self.schema,
            document,
            root,
            variable_values=dict(variables or {}),
            operation_name=operation,
            field_resolver=self._field,
            type_resolver=lambda value, *_: value["__typename"],
        )
        body: dict[str, Any] = {"data": done.data}
        if done.errors:
            body["errors"] = [self._went_wrong(error) for error in done.errors]
        if done.data is None and done.errors and all(error.path is None for error in done.errors):
            del body["data"]  # the variables were refused
        return body

    def _rate(self, cost: int, nodes: int) -> dict[str, Any]:
        at = datetime.fromtimestamp(self.world.resets_at(), UTC)
        return {
            "__typename": "RateLimit",
            "cost": cost,
            "limit": self.world.limit,
            "remaining": self.world.remaining,
            "used": self.world.limit - self.world.remaining,
            "nodeCount": nodes,
            "resetAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    @staticmethod
    def _went_wrong(error: graphql.GraphQLError) -> dict[str, Any]:
        extensions = error.extensions or {}
        shaped: dict[str, Any] = {}
        if "type" in extensions:
            shaped["type"] = extensions["type"]
        elif error.path is None:
            shaped["extensions"] = {"problems": [{"path": [], "explanation": error.message}]}
        else:
            shaped["type"] = "INTERNAL"
        if error.path is not None:
            shaped["path"] = list(error.path)
        if error.locations:
            shaped["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
        return {**shaped, "message": error.message}

    def _field(self, source: Any, info: graphql.GraphQLResolveInfo, **arguments: Any) -> Any:
        value = source.get(info.field_name, MISSING) if isinstance(source, dict) else MISSING
        if callable(value):
            value = value(**arguments)
        if value == "DUPLICATE" and info.field_name == "stateReason" and arguments.get("enableDuplicate") is False:
            value = "NOT_PLANNED"  # who does not ask for the newer word gets the older one
        if value is MISSING:
            self.unset.add(f"{info.parent_type.name}.{info.field_name}")
            value = self._nothing(info)
        kind = graphql.get_named_type(info.return_type).name
        if kind.endswith("Connection") and isinstance(value, list):
            return page_of(kind, value, **arguments)
        if isinstance(value, list) and graphql.get_nullable_type(info.return_type) is graphql.get_named_type(
            info.return_type
        ):
            return value[0] if value else None
        return value

    @staticmethod
    def _nothing(info: graphql.GraphQLResolveInfo) -> Any:
        """What stands for a fact that must not be null and that the world says nothing of."""
        if not graphql.is_non_null_type(info.return_type):
            named = graphql.get_named_type(info.return_type).name
            return [] if named.endswith("Connection") else None
        inner = graphql.get_nullable_type(info.return_type)
        if graphql.is_list_type(inner) or graphql.get_named_type(inner).name.endswith("Connection"):
            return []
        plain = {"Boolean": False, "Int": 0, "Float": 0.0, "String": "", "HTML": "", "ID": "none"}
        return plain.get(graphql.get_named_type(inner).name, {"URI": "https://github.com/"}.get(str(inner)))


def cursor(place: int) -> str:
    return base64.b64encode(f"cursor:v2:{place}".encode()).decode()


def place_of(text: str | None) -> int | None:
    if not text:
        return None
    with suppress(ValueError):
        return int(base64.b64decode(text).decode().rpartition(":")[2])
    raise graphql.GraphQLError(f"`{text}` does not appear to be a valid cursor.", extensions={"type": "INVALID_CURSOR"})


def page_of(
    kind: str,
    everything: list[Any],
    *,
    first: int | None = None,
    last: int | None = None,
    before: str | None = None,
    after: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    """A connection's page over a plain list."""
    start, end = 0, len(everything)
    if (place := place_of(after)) is not None:
        start = min(end, place + 1)
    if (place := place_of(before)) is not None:
        end = max(start, min(end, place))
    within = end - start
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    nodes = everything[start:end]
    page: dict[str, Any] = {
        "__typename": kind,
        "totalCount": len(everything),
        "filteredCount": within,
        "pageCount": len(nodes),
        "nodes": nodes,
        "edges": [{"cursor": cursor(start + place), "node": node} for place, node in enumerate(nodes)],
        "pageInfo": {
            "__typename": "PageInfo",
            "startCursor": cursor(start) if nodes else None,
            "endCursor": cursor(end - 1) if nodes else None,
            "hasNextPage": end < len(everything),
            "hasPreviousPage": start > 0,
        },
        "updatedAt": max(
            (node.get("updatedAt") or node["createdAt"] for node in nodes if "createdAt" in node), default=CREATED
        ),
    }
    if kind == "StatusCheckRollupContextConnection":
        page["checkRunCount"] = sum(node["__typename"] == "CheckRun" for node in everything)
        page["statusContextCount"] = len(everything) - page["checkRunCount"]
    return page


# --- REST ------------------------------------------------------------------------------------------------------------


@dataclass
class Reply:
    """What is sent: a payload that becomes JSON, or bytes as they are."""

    status: int = 200
    payload: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.status in {204, 304}:
            return b""
        return json.dumps(self.payload).encode()


def said(status: int, message: str, **headers: str) -> Reply:
    """An error as GitHub's REST words it."""
    payload = {"message": message, "documentation_url": DOCS, "status": str(status)}
    return Reply(status, payload, {name.replace("_", "-"): text for name, text in headers.items()})


class Rest:
    """The world's facts as REST tells them, under one base address."""

    def __init__(self, world: World, base: str) -> None:
        self.world = world
        self.base = base

    # -- things

    def user(self, data: Mapping[str, Any] | None, *, ghost: bool = False) -> dict[str, Any] | None:
        """An account; where it was deleted, GitHub's stand-in for authors and nothing for events."""
        if data is None:
            return self.user(actor("ghost")) if ghost else None
        bot = data["__typename"] == "Bot"
        login = f"{data['login']}[bot]" if bot else data["login"]
        at = f"{self.base}/users/{login}"
        return {
            "login": login,
            "id": data["databaseId"],
            "node_id": data["id"],
            "avatar_url": data["avatarUrl"],
            "gravatar_id": "",
            "url": at,
            "html_url": data["url"],
            "followers_url": f"{at}/followers",
            "following_url": f"{at}/following{{/other_user}}",
            "gists_url": f"{at}/gists{{/gist_id}}",
            "starred_url": f"{at}/starred{{/owner}}{{/repo}}",
            "subscriptions_url": f"{at}/subscriptions",
            "organizations_url": f"{at}/orgs",
            "repos_url": f"{at}/repos",
            "events_url": f"{at}/events{{/privacy}}",
            "received_events_url": f"{at}/received_events",
            "type": data["__typename"],
            "user_view_type": "public",
            "site_admin": False,
        }

    def viewer(self) -> dict[str, Any]:
        counts = {"public_repos": 1, "public_gists": 0, "followers": 0, "following": 0}
        empty = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
        times = {"created_at": CREATED, "updated_at": CREATED}
        return {**(self.user(actor(self.world.viewer)) or {}), **empty, **counts, **times}

    def at(self, repository: Mapping[str, Any]) -> str:
        return f"{self.base}/repos/{repository['nameWithOwner']}"

    def repository(self, data: Mapping[str, Any], *, whole: bool = True) -> dict[str, Any]:
        at, name = self.at(data), data["nameWithOwner"]
        ends = (
            "forks teams hooks events tags languages stargazers contributors subscribers subscription merges downloads "
            "deployments"
        )
        templates = {
            "keys": "keys{/key_id}",
            "collaborators": "collaborators{/collaborator}",
            "issue_events": "issues/events{/number}",
            "assignees": "assignees{/user}",
            "branches": "branches{/branch}",
            "blobs": "git/blobs{/sha}",
            "git_tags": "git/tags{/sha}",
            "git_refs": "git/refs{/sha}",
            "trees": "git/trees{/sha}",
            "statuses": "statuses/{sha}",
            "commits": "commits{/sha}",
            "git_commits": "git/commits{/sha}",
            "comments": "comments{/number}",
            "issue_comment": "issues/comments{/number}",
            "contents": "contents/{+path}",
            "compare": "compare/{base}...{head}",
            "archive": "{archive_format}{/ref}",
            "issues": "issues{/number}",
            "pulls": "pulls{/number}",
            "milestones": "milestones{/number}",
            "notifications": "notifications{?since,all,participating}",
            "labels": "labels{/name}",
            "releases": "releases{/id}",
        }
        thin = {
            "id": data["databaseId"],
            "node_id": data["id"],
            "name": data["name"],
            "full_name": name,
            "private": data["isPrivate"],
            "owner": self.user(data["owner"]),
            "html_url": data["url"],
            "description": data["description"],
            "fork": data["isFork"],
            "url": at,
            **{f"{end}_url": f"{at}/{end}" for end in ends.split()},
            **{f"{key}_url": f"{at}/{tail}" for key, tail in templates.items()},
        }
        if not whole:
            return thin
        branch = value_of(data, "defaultBranchRef")
        found = self.world.named(name)
        default = found.default_branch if found else branch and branch["name"]
        zeros = dict.fromkeys(
            [
                "forks",
                "forks_count",
                "open_issues",
                "open_issues_count",
                "size",
                "stargazers_count",
                "watchers",
                "watchers_count",
                "network_count",
                "subscribers_count",
            ],
            0,
        )
        return {
            **thin,
            **zeros,
            "default_branch": default or "main",
            "clone_url": f"{data['url']}.git",
            "git_url": f"git://github.com/{name}.git",
            "ssh_url": data["sshUrl"],
            "svn_url": data["url"],
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "has_issues": data["hasIssuesEnabled"],
            "has_projects": True,
            "has_wiki": True,
            "has_pages": False,
            "has_downloads": True,
            "has_discussions": False,
            "archived": data["isArchived"],
            "disabled": False,
            "visibility": data["visibility"].lower(),
            "topics": [],
            "permissions": {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True},
            "created_at": data["createdAt"],
            "updated_at": data["updatedAt"],
            "pushed_at": data["pushedAt"],
        }

    def label(self, data: Mapping[str, Any], repository: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": data["databaseId"],
            "node_id": data["id"],
            "url": f"{self.at(repository)}/labels/{data['name']}",
            "name": data["name"],
            "description": data["description"],
            "color": data["color"],
            "default": data["isDefault"],
        }

    def issue(self, data: Mapping[str, Any], *, within: bool = False) -> dict[str, Any]:
        """An issue, or a pull request as the issue's address tells it; `within` adds its repository."""
        home = data["repository"]
        at = f"{self.at(home)}/issues/{data['number']}"
        reason = data.get("stateReason")
        closed = data["timelineItems"](itemTypes=["CLOSED_EVENT"]) if data["closed"] else []
        told = {
            "url": at,
            "repository_url": self.at(home),
            "labels_url": f"{at}/labels{{/name}}",
            "comments_url": f"{at}/comments",
            "events_url": f"{at}/events",
            "timeline_url": f"{at}/timeline",
            "html_url": data["url"],
            "id": data["databaseId"],
            "node_id": data["id"],
            "number": data["number"],
            "title": data["title"],
            "user": self.user(data["author"], ghost=True),
            "labels": [self.label(label, home) for label in data["labels"]],
            "state": "closed" if data["closed"] else "open",
            "state_reason": reason.lower() if reason else None,
            "locked": data["locked"],
            "active_lock_reason": (data["activeLockReason"] or "").lower().replace("_", " ") or None,
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "comments": len(data["comments"]),
            "created_at": data["createdAt"],
            "updated_at": data["updatedAt"],
            "closed_at": data["closedAt"],
            "closed_by": self.user(closed[-1]["actor"]) if closed else None,
            "author_association": data["authorAssociation"],
            "body": data["body"] or None,
            "reactions": self.reactions(at),
            "performed_via_github_app": None,
        }
        if data["__typename"] == "PullRequest":
            told["draft"] = data["isDraft"]
            told["pull_request"] = {
                "url": f"{self.at(home)}/pulls/{data['number']}",
                "html_url": data["url"],
                "diff_url": f"{data['url']}.diff",
                "patch_url": f"{data['url']}.patch",
                "merged_at": data["mergedAt"],
            }
        else:
            total = value_of(data, "subIssuesSummary")
            told["sub_issues_summary"] = {
                "total": total["total"],
                "completed": total["completed"],
                "percent_completed": total["percentCompleted"],
            }
            if data["parent"]:
                told["parent_issue_url"] = f"{self.at(data['parent']['repository'])}/issues/{data['parent']['number']}"
        if within:
            told["repository"] = self.repository(home)
        return told

    @staticmethod
    def reactions(at: str) -> dict[str, Any]:
        kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
        return {"url": f"{at}/reactions", "total_count": 0, **dict.fromkeys(kinds, 0)}

    def comment(self, data: Mapping[str, Any]) -> dict[str, Any]:
        home, thread = data["repository"], data["issue"]
        at = f"{self.at(home)}/issues/comments/{data['databaseId']}"
        return {
            "url": at,
            "html_url": data["url"],
            "issue_url": f"{self.at(home)}/issues/{thread['number']}",
            "id": data["databaseId"],
            "node_id": data["id"],
            "user": self.user(data["author"], ghost=True),
            "created_at": data["createdAt"],
            "updated_at": data["updatedAt"],
            "body": data["body"],
            "author_association": data["authorAssociation"],
            "reactions": self.reactions(at),
            "performed_via_github_app": None,
        }

    WORDS = {  # noqa: RUF012 - never written to
        "ClosedEvent": "closed",
        "ReopenedEvent": "reopened",
        "ReferencedEvent": "referenced",
        "MergedEvent": "merged",
        "MarkedAsDuplicateEvent": "marked_as_duplicate",
        "UnmarkedAsDuplicateEvent": "unmarked_as_duplicate",
        "ConnectedEvent": "connected",
        "DisconnectedEvent": "disconnected",
        "TransferredEvent": "transferred",
        "LockedEvent": "locked",
        "UnlockedEvent": "unlocked",
        "LabeledEvent": "labeled",
        "UnlabeledEvent": "unlabeled",
        "RenamedTitleEvent": "renamed",
        "SubIssueAddedEvent": "sub_issue_added",
        "SubIssueRemovedEvent": "sub_issue_removed",
        "ParentIssueAddedEvent": "parent_issue_added",
        "ParentIssueRemovedEvent": "parent_issue_removed",
        "ConvertedToDiscussionEvent": "converted_to_discussion",
        "CommentDeletedEvent": "comment_deleted",
        "AssignedEvent": "assigned",
        "PinnedEvent": "pinned",
        "MentionedEvent": "mentioned",
        "SubscribedEvent": "subscribed",
    }

    def event(self, data: Mapping[str, Any], home: Mapping[str, Any]) -> dict[str, Any] | None:
        """An item of the timeline; None where REST does not tell it."""
        kind = data["__typename"]
        if kind == "IssueComment":
            told = self.comment(data)
            return {"event": "commented", "actor": told["user"], **told}
        if kind == "CrossReferencedEvent":
            return {
                "event": "cross-referenced",
                "actor": self.user(data["actor"]) or self.user(None, ghost=True),
                "created_at": data["createdAt"],
                "updated_at": data["createdAt"],
                "source": {"type": "issue", "issue": self.issue(data["source"], within=True)},
            }
        word = self.WORDS.get(kind)
        if word is None:
            return None
        return {
            "id": data["databaseId"],
            "node_id": data["id"],
            "url": f"{self.at(home)}/issues/events/{data['databaseId']}",
            "actor": self.user(data["actor"]),
            "event": word,
            **self._commit_of(data),
            "created_at": data["createdAt"],
            **self._particulars(data),
            "performed_via_github_app": None,
        }

    def _commit_of(self, data: Mapping[str, Any]) -> dict[str, Any]:
        commit = value_of(data, "commit")
        if data["__typename"] == "ClosedEvent":
            closer = value_of(data, "closer")
            commit = closer if closer and closer["__typename"] == "Commit" else None
        if not commit:
            return {"commit_id": None, "commit_url": None}
        return {"commit_id": commit["oid"], "commit_url": f"{self.at(commit['repository'])}/commits/{commit['oid']}"}

    def _particulars(self, data: Mapping[str, Any]) -> dict[str, Any]:
        kind = data["__typename"]
        if kind in {"ClosedEvent", "ReopenedEvent"}:
            reason = data.get("stateReason")
            return {"state_reason": reason.lower() if reason else None}
        if kind in {"LabeledEvent", "UnlabeledEvent"}:
            return {"label": {"name": data["label"]["name"], "color": data["label"]["color"]}}
        if kind == "LockedEvent":
            reason = data["lockReason"]
            return {"lock_reason": reason.lower().replace("_", " ") if reason else None}
        if kind == "RenamedTitleEvent":
            return {"rename": {"from": data["previousTitle"], "to": data["currentTitle"]}}
        if kind.startswith("SubIssue"):
            return {"sub_issue": self.issue(data["subIssue"])}
        if kind.startswith("ParentIssue"):
            return {"parent_issue": self.issue(data["parent"])}
        return {}

    def pull(self, data: Mapping[str, Any], *, whole: bool = True) -> dict[str, Any]:
        home = data["repository"]
        at, under = f"{self.at(home)}/pulls/{data['number']}", f"{self.at(home)}/issues/{data['number']}"
        as_issue = self.issue(data)
        shared = (
            "id node_id html_url number state locked active_lock_reason title user body labels milestone assignee assignees "
            "created_at updated_at closed_at author_association draft"
        )
        merge = data["_merge_commit"]
        urls = {
            "url": at,
            "diff_url": f"{data['url']}.diff",
            "patch_url": f"{data['url']}.patch",
            "issue_url": under,
            "commits_url": f"{at}/commits",
            "review_comments_url": f"{at}/comments",
            "review_comment_url": f"{self.at(home)}/pulls/comments{{/number}}",
            "comments_url": f"{under}/comments",
            "statuses_url": f"{self.at(home)}/statuses/{data['headRefOid']}",
        }
        sides = (
            ("head", data["headRefName"], data["headRefOid"], data["headRepository"]),
            ("base", data["baseRefName"], data["baseRefOid"], data["baseRepository"]),
        )
        told = {
            **{key: as_issue[key] for key in shared.split()},
            **urls,
            "merged_at": data["mergedAt"],
            "merge_commit_sha": merge,
            "requested_reviewers": [],
            "requested_teams": [],
            "auto_merge": None,
            **{side: self._side(name, sha, where, home) for side, name, sha, where in sides},
            "_links": {
                "self": {"href": at},
                "html": {"href": data["url"]},
                "issue": {"href": under},
                "comments": {"href": urls["comments_url"]},
                "review_comments": {"href": urls["review_comments_url"]},
                "review_comment": {"href": urls["review_comment_url"]},
                "commits": {"href": urls["commits_url"]},
                "statuses": {"href": urls["statuses_url"]},
            },
        }
        if not whole:
            return told
        return {
            **told,
            "merged": data["merged"],
            "merged_by": self.user(data["mergedBy"]),
            "mergeable": None,
            "rebaseable": None,
            "mergeable_state": "unknown",
            "maintainer_can_modify": False,
            "comments": len(data["comments"]),
            "review_comments": 0,
            "commits": len(data["commits"]()),
            "additions": data["additions"],
            "deletions": data["deletions"],
            "changed_files": data["changedFiles"],
        }

    def _side(self, name: str, sha: str, where: Mapping[str, Any] | None, home: Mapping[str, Any]) -> dict[str, Any]:
        owner = (where or home)["owner"]
        told = self.repository(where) if where else None
        return {"label": f"{owner['login']}:{name}", "ref": name, "sha": sha, "user": self.user(owner), "repo": told}

    def file(self, data: Mapping[str, Any], sha: str, home: Mapping[str, Any]) -> dict[str, Any]:
        words = {"DELETED": "removed"}
        told = {
            "sha": sha_of(f"{sha} {data['path']}"),
            "filename": data["path"],
            "status": words.get(data["changeType"], data["changeType"].lower()),
            "additions": data["additions"],
            "deletions": data["deletions"],
            "changes": data["additions"] + data["deletions"],
            "blob_url": f"{home['url']}/blob/{sha}/{data['path']}",
            "raw_url": f"{home['url']}/raw/{sha}/{data['path']}",
            "contents_url": f"{self.at(home)}/contents/{data['path']}?ref={sha}",
        }
        return {**told, "previous_filename": data["previous"]} if "previous" in data else told

    def commit(self, data: Mapping[str, Any]) -> dict[str, Any]:
        home, sha = data["repository"], data["oid"]
        at = f"{self.at(home)}/commits/{sha}"
        git = f"{self.at(home)}/git"
        people = {
            side: {"name": data[side]["name"], "email": data[side]["email"], "date": data[side]["date"]}
            for side in ("author", "committer")
        }
        tree = sha_of(f"{sha} tree")
        verification = {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        }
        return {
            "sha": sha,
            "node_id": data["id"],
            "url": at,
            "html_url": data["url"],
            "comments_url": f"{at}/comments",
            "commit": {
                **people,
                "message": data["message"],
                "tree": {"sha": tree, "url": f"{git}/trees/{tree}"},
                "url": f"{git}/commits/{sha}",
                "comment_count": 0,
                "verification": verification,
            },
            "author": self.user(data["author"]["user"]),
            "committer": self.user(data["committer"]["user"]),
            "parents": [
                {"sha": one, "url": f"{self.at(home)}/commits/{one}", "html_url": f"{home['url']}/commit/{one}"}
                for one in data["_parents"]
            ],
            "stats": {
                "total": data["additions"] + data["deletions"],
                "additions": data["additions"],
                "deletions": data["deletions"],
            },
            "files": [self.file(one, sha, home) for one in data["_files"]],
        }

    def check_run(self, data: Mapping[str, Any]) -> dict[str, Any]:
        home, suite = data["repository"], data["checkSuite"]
        at = f"{self.at(home)}/check-runs/{data['databaseId']}"
        output = {"title": data["title"], "summary": data["summary"], "text": data["text"]}
        return {
            "id": data["databaseId"],
            "node_id": data["id"],
            "name": data["name"],
            "head_sha": suite["commit"]["oid"],
            "external_id": data["externalId"],
            "url": at,
            "html_url": data["url"],
            "details_url": data["detailsUrl"],
            "status": data["status"].lower(),
            "conclusion": data["conclusion"].lower() if data["conclusion"] else None,
            "started_at": data["startedAt"],
            "completed_at": data["completedAt"],
            "output": {**output, "annotations_count": 0, "annotations_url": f"{at}/annotations"},
            "check_suite": {"id": suite["databaseId"]},
            "app": self.app(suite["app"]),
            "pull_requests": [],
        }

    def app(self, data: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if data is None:
            return None
        return {
            "id": data["databaseId"],
            "slug": data["slug"],
            "node_id": data["id"],
            "client_id": "Iv1.0000000000000000",
            "owner": self.user(dict(actor("github") or {}, __typename="Organization")),
            "name": data["name"],
            "description": data["description"],
            "external_url": data["url"],
            "html_url": data["url"],
            "created_at": data["createdAt"],
            "updated_at": data["updatedAt"],
            "permissions": {"checks": "write", "contents": "read", "metadata": "read"},
            "events": [],
        }

    def status(self, data: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
        commit = data["commit"]
        told = {
            "url": f"{self.at(commit['repository'])}/statuses/{commit['oid']}",
            "avatar_url": None,
            "id": data["_number"],
            "node_id": data["id"],
            "state": data["state"].lower(),
            "description": data["description"],
            "target_url": data["targetUrl"],
            "context": data["context"],
            "created_at": data["createdAt"],
            "updated_at": data["createdAt"],
        }
        return {**told, "creator": self.user(data["creator"])} if whole else told

    # -- addresses

    def answer(self, path: str, query: Mapping[str, str]) -> Reply:
        """What GET of a path says."""
        if path == "/rate_limit":
            return Reply(payload=self._limits())
        if path == "/user":
            return Reply(payload=self.viewer())
        if path in {"/meta", "/"}:
            told: dict[str, Any] = {"verifiable_password_authentication": False}
            return Reply(payload={**told, "installed_version": self.world.version} if self.world.version else told)
        found = re.fullmatch(r"/(repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))(?P<rest>/.*)?", path)
        if found is None:
            return said(404, "Not Found")
        home, rest = self._home(found), found["rest"] or ""
        if home is None:
            return said(404, "Not Found")
        if found["name"] and home.full_name.lower() != unquote(found["name"]).lower():
            return self._moved(f"{self.base}/repositories/{home.data['databaseId']}{rest}")
        for pattern, told_by in self._routes():
            if match := re.fullmatch(pattern, rest):
                return told_by(home, query, *(unquote(group) for group in match.groups()))
        return said(404, "Not Found")

    def _home(self, found: re.Match[str]) -> Repository | None:
        if found["name"]:
            return self.world.named(unquote(found["name"]))
        known = (one for one in self.world.repositories if not one.hidden)
        return next((one for one in known if one.data["databaseId"] == int(found["id"])), None)

    def _routes(self) -> Iterable[tuple[str, Callable[..., Reply]]]:
        return (
            ("", lambda home, _: Reply(payload=self.repository(home.data))),
            ("/issues", self._issues),
            (r"/issues/(\d+)", self._issue),
            (r"/issues/(\d+)/(timeline|comments|events|sub_issues|parent|labels)", self._below_issue),
            ("/pulls", self._pulls),
            (r"/pulls/(\d+)", self._pull),
            (r"/pulls/(\d+)/(files|commits)", self._below_pull),
            (r"/commits/(.+)/(check-runs|status|statuses|pulls)", self._below_commit),
            (r"/commits/(.+)", self._commit),
            (r"/git/ref/((?:heads|tags)/.+)", self._ref),
            (r"/branches/(.+)", self._branch),
        )

    @staticmethod
    def _moved(url: str) -> Reply:
        reply = said(301, "Moved Permanently", Location=url)
        reply.payload["url"] = url
        return reply

    def _limits(self) -> dict[str, Any]:
        one = {
            "limit": self.world.limit,
            "remaining": self.world.remaining,
            "reset": self.world.resets_at(),
            "used": self.world.limit - self.world.remaining,
        }
        return {"resources": {"core": one, "search": one, "graphql": one}, "rate": one}

    def _page(self, everything: list[Any], query: Mapping[str, str], address: str, told: Callable[[Any], Any]) -> Reply:
        try:
            size, page = min(100, int(query.get("per_page", 30))) or 30, max(1, int(query.get("page", 1)))
        except ValueError:
            size, page = 30, 1
        if page * size > LONG_PAGES:
            return said(422, "In order to keep the API fast for everyone, pagination is limited for this resource.")
        last = max(1, -(-len(everything) // size))
        links = [("prev", page - 1), ("first", 1)] if page > 1 else []
        links += [("next", page + 1), ("last", last)] if page < last else []
        rest = "".join(f"{key}={value}&" for key, value in query.items() if key != "page")
        header = ", ".join(f'<{self.base}{address}?{rest}page={number}>; rel="{name}"' for name, number in links)
        payload = [told(one) for one in everything[(page - 1) * size : page * size]]
        return Reply(payload=payload, headers={"Link": header} if header else {})

    @staticmethod
    def _sub(home: Repository, tail: str) -> str:
        return f"/repositories/{home.data['databaseId']}{tail}"

    def _issues(self, home: Repository, query: Mapping[str, str]) -> Reply:
        state, since = query.get("state", "open").upper(), query.get("since", "")
        named = set(filter(None, query.get("labels", "").split(",")))
        found = [
            one.data
            for one in home.threads.values()
            if not one.moved_to
            and (state == "ALL" or one.data["closed"] == (state == "CLOSED"))
            and one.data["updatedAt"] >= since
            and named <= {label["name"] for label in one.data["labels"]}
        ]
        key = {"updated": "updatedAt"}.get(query.get("sort", ""), "createdAt")
        found.sort(key=lambda one: (one[key], one["number"]), reverse=query.get("direction", "desc") == "desc")
        return self._page(found, query, self._sub(home, "/issues"), self.issue)

    def _gone(self, home: Repository, number: int) -> Reply | Thread:
        if number in home.gone:
            return said(410, "This issue was deleted")
        return home.threads.get(number) or said(404, "Not Found")

    def _issue(self, home: Repository, query: Mapping[str, str], number: str) -> Reply:
        found = self._gone(home, int(number))
        if isinstance(found, Reply):
            return found
        if found.moved_to:
            there = found.moved_to
            return self._moved(f"{self.base}{self._sub(there.repository, f'/issues/{there.number}')}")
        return Reply(payload=self.issue(found.data))

    def _below_issue(self, home: Repository, query: Mapping[str, str], number: str, what: str) -> Reply:
        found = self._gone(home, int(number))
        if isinstance(found, Reply):
            return found
        if found.moved_to:  # the redirect is the issue's own, what is under it is gone
            return said(404, "Not Found")
        data, address = found.data, self._sub(home, f"/issues/{number}/{what}")
        if what == "comments":
            since = query.get("since", "")
            kept = [one for one in data["comments"] if one["updatedAt"] >= since]
            return self._page(kept, query, address, self.comment)
        if what == "labels":
            return self._page(data["labels"], query, address, lambda label: self.label(label, home.data))
        if what == "sub_issues":
            return self._page(data.get("subIssues", []), query, address, self.issue)
        if what == "parent":
            parent = data.get("parent")
            return Reply(payload=self.issue(parent)) if parent else said(404, "Not Found")
        told = [self.event(one, home.data) for one in found.timeline()]
        lasting = [one for one in told if one and (what == "timeline" or ("id" in one and one["event"] != "commented"))]
        return self._page(lasting, query, address, lambda one: one)

    def _pulls(self, home: Repository, query: Mapping[str, str]) -> Reply:
        state = query.get("state", "open").upper()
        found = [one for one in home.of_kind("PullRequest") if state == "ALL" or one["closed"] == (state == "CLOSED")]
        found.sort(key=lambda one: (one["createdAt"], one["number"]), reverse=True)
        return self._page(found, query, self._sub(home, "/pulls"), lambda one: self.pull(one, whole=False))

    def _pull(self, home: Repository, query: Mapping[str, str], number: str) -> Reply:
        found = home.thread(int(number))
        return Reply(payload=self.pull(found.data)) if found and found.is_pull else said(404, "Not Found")

    def _below_pull(self, home: Repository, query: Mapping[str, str], number: str, what: str) -> Reply:
        found = home.thread(int(number))
        if not found or not found.is_pull:
            return said(404, "Not Found")
        address = self._sub(home, f"/pulls/{number}/{what}")
        if what == "commits":
            commits = [one["commit"] for one in found.data["commits"]()]
            return self._page(commits, query, address, lambda one: drop(self.commit(one), "files", "stats"))
        head = found.data["headRefOid"]
        return self._page(found.data["files"], query, address, lambda one: self.file(one, head, home.data))

    @staticmethod
    def _no_commit(ref: str) -> Reply:
        return said(422, f"No commit found for SHA: {ref}")

    def _commit(self, home: Repository, query: Mapping[str, str], ref: str) -> Reply:
        found = home.find_commit(ref)
        return Reply(payload=self.commit(found)) if found else self._no_commit(ref)

    def _below_commit(self, home: Repository, query: Mapping[str, str], ref: str, what: str) -> Reply:
        found = home.find_commit(ref)
        if not found:
            return self._no_commit(ref)
        address = self._sub(home, f"/commits/{ref}/{what}")
        if what == "pulls":
            pulls = [one.data for one in home.pulls_with(found["oid"])]
            return self._page(pulls, query, address, lambda one: self.pull(one, whole=False))
        if what == "check-runs":
            latest = {(one["name"], one["_suite"]): one for one in found["_checks"]}
            every = query.get("filter") == "all"
            runs = found["_checks"] if every else list(latest.values())
            if "check_name" in query:
                runs = [run for run in runs if run["name"] == query["check_name"]]
            reply = self._page(runs, query, address, self.check_run)
            reply.payload = {"total_count": len(runs), "check_runs": reply.payload}
            return reply
        if what == "statuses":
            return self._page(found["_statuses"][::-1], query, address, lambda one: self.status(one, whole=True))
        latest = list({one["context"]: one for one in found["_statuses"]}.values())
        word = rolled_up([one["state"] for one in latest]) if latest else "PENDING"
        reply = self._page(latest, query, address, lambda one: self.status(one, whole=False))
        reply.payload = {
            "state": "failure" if word == "ERROR" else word.lower(),
            "statuses": reply.payload,
            "sha": found["oid"],
            "total_count": len(latest),
            "repository": self.repository(home.data, whole=False),
            "commit_url": f"{self.at(home.data)}/commits/{found['oid']}",
            "url": f"{self.at(home.data)}/commits/{found['oid']}/status",
        }
        return reply

    def _ref(self, home: Repository, query: Mapping[str, str], name: str) -> Reply:
        full = f"refs/{name}"
        if full not in home.refs:
            return said(404, "Not Found")
        own = home.refs[full]
        kind = "tag" if own in home.tags else "commit"
        git = f"{self.at(home.data)}/git"
        return Reply(
            payload={
                "ref": full,
                "node_id": f"REF_{number_of(home.full_name + full)}",
                "url": f"{git}/{full}",
                "object": {"sha": own, "type": kind, "url": f"{git}/{kind}s/{own}"},
            }
        )

    def _branch(self, home: Repository, query: Mapping[str, str], name: str) -> Reply:
        commit = home.find_commit(f"refs/heads/{name}")
        if commit is None:
            return said(404, "Branch not found")
        at = f"{self.at(home.data)}/branches/{name}"
        return Reply(
            payload={
                "name": name,
                "commit": self.commit(commit),
                "_links": {"self": at, "html": f"{home.data['url']}/tree/{name}"},
                "protected": False,
                "protection": {},
                "protection_url": f"{at}/protection",
            }
        )


def drop(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


# --- requests and faults ---------------------------------------------------------------------------------------------


@dataclass
class Recorded:
    """A request as it came and the answer as it was meant, before a fault bent it."""

    number: int
    method: str
    path: str  # without the prefix and the query: /repos/acme/apex/issues/529, /graphql
    target: str  # as it was sent
    params: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    query: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    operation: str | None = None
    status: int = 0
    answer: Any = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None

    @property
    def is_graphql(self) -> bool:
        return self.path == "/graphql"

    def holds(self, text: str) -> bool:
        """Whether a text (a token, say) stands anywhere in what was sent."""
        there = [self.target, *self.headers.values(), self.body.decode("utf-8", "replace")]
        return any(text in one for one in there)


@dataclass
class Fault:
    """A way to go wrong; the server fills in `when`, `times` and `after`, and counts."""

    name: str
    reply: Callable[[Recorded], Reply] | None = None  # instead of the true answer
    change: Callable[[Any], Any] | None = None  # of the true payload
    unread: bool = False  # the connection dies before the request is dealt with
    dead: bool = False  # the connection dies once the request was dealt with
    cut: int | None = None  # this many bytes of the body, then the connection ends
    length: int = 0  # what Content-Length is wrong by
    encoding: Callable[[bytes], bytes] | None = None  # sent as gzip, whatever comes out
    pause: float = 0  # seconds between the bytes
    wait: float = 0  # seconds before the answer
    when: int | str | Callable[[Recorded], bool] | None = None
    times: int | None = None
    after: int = 0
    met: int = 0
    happened: int = 0

    def strikes(self, request: Recorded) -> bool:
        """Whether it happens to this request; counted."""
        if isinstance(self.when, int):
            meant = request.number == self.when
        elif isinstance(self.when, str):
            meant = self.when in request.path
        else:
            meant = self.when is None or self.when(request)
        if not meant:
            return False
        self.met += 1
        if self.met <= self.after or (self.times is not None and self.happened >= self.times):
            return False
        self.happened += 1
        return True


def reply(status: int, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Fault:
    """Another answer: bytes and text as they are, the rest as JSON; None is an error page in GitHub's JSON."""
    more = dict(headers or {})

    def made(_: Recorded) -> Reply:
        if isinstance(body, bytes | str):
            raw = body if isinstance(body, bytes) else body.encode()
            return Reply(status, headers=more, raw=raw)
        told = said(status, "Bad credentials" if status == 401 else "Something went wrong")
        return Reply(status, told.payload if body is None else body, more)

    return Fault(f"{status}", made)


def not_json(text: str = '{"data": {') -> Fault:
    """200 with a body that is no JSON; `not_json("null")` is JSON, and nothing."""
    return reply(200, text, headers={"Content-Type": "application/json; charset=utf-8"})


def html(status: int = 200) -> Fault:
    """A page of some proxy on the way."""
    page = "<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>"
    return reply(status, page, headers={"Content-Type": "text/html"})


def redirect(url: str, status: int = 302) -> Fault:
    return reply(status, {"message": "Moved", "url": url}, headers={"Location": url})


def reset(*, before: bool = False) -> Fault:
    """The connection is reset: before the request is dealt with, or after, without a byte of the answer."""
    return Fault("reset", unread=before, dead=not before)


def cut(at: int) -> Fault:
    """The body ends after so many bytes, and Content-Length promised all."""
    return Fault(f"cut at {at}", cut=at)


def wrong_length(by: int) -> Fault:
    """Content-Length is wrong by so much; the connection ends after the body."""
    return Fault(f"length {by:+}", length=by)


def bad_gzip(kind: str = "garbage") -> Fault:
    """Content-Encoding: gzip over a body that is none (garbage), ends early (short) or has a wrong sum (sum)."""
    ways: dict[str, Callable[[bytes], bytes]] = {
        "garbage": lambda body: b"\x1f\x8b\x08\x00" + body[:40],
        "plain": lambda body: body,
        "short": lambda body: gzip.compress(body)[:-12],
        "sum": lambda body: gzip.compress(body)[:-8] + b"\0\0\0\0" + gzip.compress(body)[-4:],
    }
    return Fault(f"gzip {kind}", encoding=ways[kind])


def drip(seconds: float) -> Fault:
    """A byte, a pause of so many seconds, a byte."""
    return Fault("drip", pause=seconds)


def slow(seconds: float) -> Fault:
    """The true answer, late."""
    return Fault("slow", wait=seconds)


def limited(
    status: int = 403,
    *,
    retry_after: str | float | None = None,
    remaining: int | None = None,
    reset: str | int | None = None,
    secondary: bool = False,
) -> Fault:
    """GitHub's rate limits: primary (remaining=0, reset=…), or secondary with or without Retry-After."""
    message = "You have exceeded a secondary rate limit." if secondary else "API rate limit exceeded for user ID 1."
    headers = {"Retry-After": retry_after, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}
    sent = {name: str(value) for name, value in headers.items() if value is not None}
    return reply(status, said(status, message).payload, headers=sent)


def limited_graphql() -> Fault:
    """GraphQL's own way to say that the limit is reached: 200 and an error."""
    error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
    return reply(200, {"errors": [error]}, headers={"X-RateLimit-Remaining": "0"})


def null_at(*path: str | int, error: str | None = "INTERNAL", message: str = "Something went wrong") -> Fault:
    """GraphQL's data with a null at a path, with an entry in `errors` of that type, or (None) without."""

    def change(payload: dict[str, Any]) -> dict[str, Any]:
        place: Any = payload["data"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = None
        if error is not None:
            payload.setdefault("errors", []).append({"type": error, "path": list(path), "message": message})
        return payload

    return Fault(f"null at {path}", change=change)


def changed_by(change: Callable[[Any], Any]) -> Fault:
    """The true answer's JSON, changed by a function that returns it."""
    return Fault("changed", change=change)


def larger_than(size: int) -> Callable[[Recorded], bool]:
    """For `when`: queries that are longer than so many bytes."""
    return lambda request: request.query is not None and len(request.query) > size


# --- the server ------------------------------------------------------------------------------------------------------


class LoopbackServer(ThreadingHTTPServer):
    """A server that ends at once and leaves no socket open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], owner: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.owner = owner
        self.open: set[socket.socket] = set()
        self.running = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        return self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is the server's mistake, and kept."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError | OSError):
            self.owner.mistakes.append(error)

    def stop(self) -> None:
        self.shutdown()
        for request in list(self.open):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self.running.join(5)


class Handler(BaseHTTPRequestHandler):
    """One connection; what to say is the owner's matter, what goes wrong with it is said here."""

    protocol_version = "HTTP/1.1"
    server: LoopbackServer
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.owner.serve(self, body)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

    def die(self) -> None:
        """Reset the connection."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def say(self, reply: Reply, fault: Fault | None = None) -> None:
        """Send an answer, bent by a fault."""
        fault = fault or Fault("none")
        body = reply.body()
        headers = dict(reply.headers)
        if fault.encoding:
            body = fault.encoding(body)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(max(0, len(body) + fault.length))
        if fault.cut is not None:
            body = body[: fault.cut]
        self.close_connection = self.close_connection or fault.cut is not None or bool(fault.length)
        self.send_response_only(reply.status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers_into(b"" if self.command == "HEAD" or reply.status in {204, 304} else body, fault.pause)

    def end_headers_into(self, body: bytes, pause: float) -> None:
        """One write for head and body, or a byte at a time."""
        if not pause:
            self._headers_buffer.append(b"\r\n" + body)  # type: ignore[attr-defined]
            self.flush_headers()
            return
        self.end_headers()
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            time.sleep(pause)


class GitHub:
    """The world's server, on 127.0.0.1 while the context lasts."""

    def __init__(
        self, world: World, schema: graphql.GraphQLSchema | None = None, *, rest: str = "", graphql: str = "/graphql"
    ) -> None:
        self.world = world
        self.prefix = rest.rstrip("/")
        self.graphql_path = graphql
        self.answers = Answers(world, schema) if schema is not None else None
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []
        self.mistakes: list[BaseException] = []
        self._lock = threading.RLock()
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._server = LoopbackServer(Handler, self)
        self._server.running.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.stop()
        if self.mistakes:
            raise self.mistakes[0]

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base address of REST, as in GITHUB_API_URL."""
        return f"http://{self.host}{self.prefix}"

    @property
    def graphql_url(self) -> str:
        return f"http://{self.host}{self.graphql_path}"

    @property
    def unset(self) -> set[str]:
        """The GraphQL fields that were asked for and that the world says nothing of."""
        return self.answers.unset if self.answers else set()

    def fault(
        self,
        fault: Fault,
        *,
        when: int | str | Callable[[Recorded], bool] | None = None,
        times: int | None = None,
        after: int = 0,
    ) -> Fault:
        """Let a fault happen to the requests meant, `times` times (None: always), after the first `after` of them."""
        fault.when, fault.times, fault.after = when, times, after
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget faults and requests."""
        self.faults.clear()
        self.requests.clear()

    def count(self, path: str = "", method: str | None = None) -> int:
        """How many requests had this piece in their path."""
        return sum(path in one.path and method in {None, one.method} for one in self.requests)

    def holds(self, text: str) -> bool:
        """Whether any request carried a text."""
        return any(one.holds(text) for one in self.requests)

    # -- serving

    def serve(self, handler: Handler, body: bytes) -> None:
        with self._lock:
            request = self._recorded(handler, body)
            try:
                answer, fault = self._decided(request)
            except Exception as error:  # noqa: BLE001 - the server's own mistake, raised when it ends
                self.mistakes.append(error)
                answer, fault = said(500, f"the counterpart is wrong: {error!r}"), None
            request.status, request.answer, request.answer_headers = answer.status, answer.payload, answer.headers
        if fault and (fault.unread or fault.dead):
            handler.die()
            return
        if fault and fault.wait:
            time.sleep(fault.wait)
        handler.say(answer, fault)

    def _decided(self, request: Recorded) -> tuple[Reply, Fault | None]:
        """The answer to a request and the fault that bends it."""
        fault = request.fault = next((one for one in self.faults if one.strikes(request)), None)
        if fault and fault.unread:
            return Reply(0), fault
        if fault and fault.reply:
            answer = fault.reply(request)
        else:
            answer = self._answer(request)
            if fault and fault.change and answer.status == 200:
                answer.payload = fault.change(answer.payload)
        answer.headers = {**self._headers(answer, request), **answer.headers}
        tag = answer.headers.get("ETag")
        if tag and request.headers.get("if-none-match") == tag:
            answer.status, answer.payload, answer.raw = 304, None, None
        return answer, fault

    def _recorded(self, handler: Handler, body: bytes) -> Recorded:
        parts = urlsplit(handler.path)
        path = "/graphql" if parts.path == self.graphql_path else parts.path.removeprefix(self.prefix) or "/"
        request = Recorded(
            number=len(self.requests) + 1,
            method=handler.command,
            path=path,
            target=handler.path,
            params=dict(parse_qsl(parts.query)),
            headers={name.lower(): text for name, text in handler.headers.items()},
            body=body,
        )
        if request.is_graphql and handler.command == "POST":
            with suppress(ValueError, AttributeError):
                sent = json.loads(body)
                request.query, request.operation = sent.get("query"), sent.get("operationName")
                request.variables = sent.get("variables") or {}
        self.requests.append(request)
        return request

    def _refusal(self, request: Recorded) -> Reply | None:
        given = request.headers.get("authorization")
        if self.world.tokens is None:
            return None
        if given is None:
            return said(
                401,
                "This endpoint requires you to be authenticated." if request.is_graphql else "Requires authentication",
            )
        kind, _, token = given.partition(" ")
        if kind.lower() in {"token", "bearer"} and token.strip() in self.world.tokens:
            return None
        if kind.lower() == "basic":
            with suppress(ValueError):
                if base64.b64decode(token).decode().rpartition(":")[2] in self.world.tokens:
                    return None
        return said(401, "Bad credentials")

    def _answer(self, request: Recorded) -> Reply:
        if request.is_graphql and not self.world.graphql:
            return said(404, "Not Found")
        if refusal := self._refusal(request):
            return refusal
        if request.is_graphql:
            return self._graphql(request)
        if request.method not in {"GET", "HEAD"}:
            return said(404, "Not Found")
        if not request.target.startswith(self.prefix):
            return said(404, "Not Found")
        if request.path != "/rate_limit":
            if not self.world.remaining:
                return said(403, "API rate limit exceeded for user ID 1.")
            self.world.remaining -= 1
        base = f"http://{request.headers.get('host', self.host)}{self.prefix}"
        return Rest(self.world, base).answer(request.path, request.params)

    def _graphql(self, request: Recorded) -> Reply:
        assert self.answers is not None, "this server was made without a schema"
        if request.method != "POST":
            return said(404, "Not Found")
        if request.query is None:
            return said(400, "A query attribute must be specified and must be a string.")
        if not self.world.remaining:
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return Reply(payload={"errors": [error]})
        return Reply(payload=self.answers.answer(request.query, request.variables, request.operation))

    def _headers(self, answer: Reply, request: Recorded) -> dict[str, str]:
        world = self.world
        headers = {
            "Server": "github.com",
            "Date": format_datetime(world.now(), usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Request-Id": f"0000:{number_of(request.target):X}:{request.number:04X}",
            "X-RateLimit-Limit": str(world.limit),
            "X-RateLimit-Remaining": str(world.remaining),
            "X-RateLimit-Used": str(world.limit - world.remaining),
            "X-RateLimit-Reset": str(world.resets_at()),
            "X-RateLimit-Resource": "graphql" if request.is_graphql else "core",
        }
        if world.version is not None:
            headers["X-GitHub-Enterprise-Version"] = world.version
        if world.scopes is not None:
            headers["X-OAuth-Scopes"] = world.scopes
        if answer.status == 200 and request.method in {"GET", "HEAD"}:
            body = answer.body().replace(str(world.remaining).encode(), b"")
            headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
        return headers
