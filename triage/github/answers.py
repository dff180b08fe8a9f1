"""Make facts of GitHub's GraphQL answers, and none of what an answer lacks or was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.errors import AccessRefused
from triage.github.asking import Page
from triage.github.fields import Lacking, flag, line_of, table, text
from triage.github.gathered import ASKED, BELOW, MET, Gathered
from triage.github.shapes import HOW, PULLS, changed_of, comments_of, head_of, issue_of, name_of, pull_of, timeline_of
from triage.model import CommitFact, MissingFact, MovedFact, Name, Unread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from triage.github.asking import Operation, Part, Thing
    from triage.github.client import Answer
    from triage.github.shapes import Pull
    from triage.model import Comment, Event

_OLDER = {"undefinedField", "undefinedType", "argumentNotAccepted", "argumentLiteralsIncompatible"}
"""The codes of GraphQL's validation by which a host says that it lacks a field, a type, an argument or a word."""
_RIGHTS = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}
_TOO_LARGE = ("RESOURCE_LIMITS", "MAX_NODE_LIMIT", "TIMEOUT")
_GAVE_UP = ("timeout", "something went wrong while executing your query")
_SHORTEST = 7
"""Fewer digits of a SHA easily name several commits, and GitHub says of several what it says of none."""


class Partly(NamedTuple):
    """An issue whose events or comments have pages before those that were read; no cursor: read to the end."""

    page: Page
    own: Name
    events: tuple[Event, ...] = ()
    comments: tuple[Comment, ...] = ()
    total: int = 0
    ids: frozenset[str] = frozenset()
    """Those of the events: a page that comes again is none."""


class Found(NamedTuple):
    """What one answer says.

    `absent` are the numbers that GraphQL does not find, each with the repository's own name: REST tells whether they
    moved. `refused` is the reason why
    nothing at all was read, where a smaller operation may be answered; `older` says that the host lacks a field.
    """

    gathered: Gathered
    absent: tuple[tuple[Thing, str], ...] = ()
    partly: tuple[Partly, ...] = ()
    refused: Unread | None = None
    older: bool = False


class _Errors(NamedTuple):
    pathless: list[Any]
    by_part: dict[str, list[Any]]
    by_thing: dict[tuple[str, str], list[Any]]
    older: bool

    def of_thing(self, part: Part, alias: str) -> list[Any]:
        return self.by_thing.get((part.alias, alias), [])


def found(
    answer: Answer, operation: Operation, *, checks: bool = False, files: bool = False, full: bool = False
) -> Found:
    """Return the facts of an operation's answer, with a reason for everything that is none."""
    errors = _sorted(answer, operation)
    if errors.older:
        return Found(Gathered(), older=True)
    if errors.pathless or not (answer.data or errors.by_part or errors.by_thing):
        why = _why(errors.pathless) if errors.pathless else Unread("GitHub's answer lacks its data")
        return Found(Gathered(), refused=why)
    result = _Result(answer.at, checks, files, full)
    for part in operation.parts:
        try:
            result.take(part, answer.data or {}, errors)
        except Lacking as lacking:
            result.gathered.refuse(part.things.values(), _lacks(lacking, part.repository))
    return Found(result.gathered, tuple(result.absent), tuple(result.partly))


def found_pages(
    answer: Answer, operation: Operation, partly: Mapping[tuple[str, str], Partly], gathered: Gathered
) -> list[Partly]:
    """Return each issue with one page more; one whose page could not be read is left out."""
    errors = _sorted(answer, operation)
    further = []
    for part in operation.parts:
        for alias, thing in part.things.items():
            if errors.older or errors.pathless or errors.by_part.get(part.alias) or errors.of_thing(part, alias):
                continue
            try:
                data = table(table(answer.data, part.alias), alias)
                more, met = _further(partly[thing.repository, thing.what], data, answer.at)
            except Lacking:
                continue
            further.append(more)
            for pull in met:
                _meet(gathered, pull, MET)
    return further


def _further(before: Partly, data: dict[str, Any], at: datetime) -> tuple[Partly, Sequence[Pull | CommitFact]]:
    if name_of(data) != before.own:
        raise Lacking("the issue that was asked for")
    page, events, comments = before.page, before.events, before.comments
    met: Sequence[Pull | CommitFact] = ()
    if page.events is not None:
        older = timeline_of(table(data, "timelineItems"), before.own, at)
        if older.before == page.events or older.ids & before.ids:
            raise Lacking("another page")
        before = before._replace(ids=before.ids | older.ids)
        page, events, met = page._replace(events=older.before), older.events + events, older.met
    if page.comments is not None:
        said = comments_of(table(data, "comments"), further=True)
        known = {one.id for one in comments}
        comments = tuple(one for one in said.comments if one.id not in known) + comments
        if said.before == page.comments or (said.before is None and len(comments) not in {before.total, said.total}):
            raise Lacking("comments")
        page = page._replace(comments=said.before)
    return before._replace(page=page, events=events, comments=comments), met


class _Result:
    """What was made of an answer so far."""

    def __init__(self, at: datetime, checks: bool, files: bool, full: bool) -> None:  # noqa: FBT001
        self.at = at
        self.checks, self.files, self.full = checks, files, full
        self.gathered = Gathered()
        self.absent: list[tuple[Thing, str]] = []
        self.partly: list[Partly] = []

    def take(self, part: Part, answer: Mapping[str, Any], errors: _Errors) -> None:
        """Take what is said of one repository. Raises `Lacking` where nothing of it holds."""
        about = errors.by_part.get(part.alias, [])
        data = answer.get(part.alias)
        if about and (data is not None or not all(_not_found(one) and len(one["path"]) == 1 for one in about)):
            why = _why(about, part.repository)
            self.gathered.refuse(part.things.values(), why)
            if data is None and all(one.get("type") in _RIGHTS for one in about):
                self.gathered.refused = self.gathered.refused or AccessRefused(why.reason, why.hint)
            return
        inside = [error for alias in part.things for error in errors.of_thing(part, alias)]
        if data is None and inside and not about:
            self.gathered.refuse(part.things.values(), _why(inside, part.repository))
            return
        if data is None:
            if part.alias in answer or about:
                self._refuse_repository(part)
                return
            raise Lacking("the repository")
        canonical = text(data, "nameWithOwner")
        issues = flag(data, "hasIssuesEnabled")
        self.gathered.rename(canonical, part.repository)
        if (head := head_of(data)) is not None:
            self.gathered.heads[part.repository] = head
        for alias, thing in part.things.items():
            try:
                self._take_thing(thing, data, alias, errors.of_thing(part, alias), canonical, issues=issues)
            except Lacking as lacking:
                self.gathered.refuse([thing], _lacks(lacking, f"{part.repository} {thing.what}"))

    def _refuse_repository(self, part: Part) -> None:
        reason = f"{part.repository} is not there, or this token may not read it"
        hint = "check the name, and that the token may read the repository's contents, issues and pull requests"
        self.gathered.refuse(part.things.values(), Unread(reason, hint))
        self.gathered.refused = self.gathered.refused or AccessRefused(reason, hint)

    def _take_thing(
        self, thing: Thing, data: Mapping[str, Any], alias: str, errors: list[Any], canonical: str, *, issues: bool
    ) -> None:
        if alias not in data:
            raise Lacking("it")
        node = data[alias]
        if thing.commit and isinstance(node, dict):
            # What pull requests a commit is in may be refused by itself: then that is not known, and the rest is.
            others = [one for one in errors if one["path"][2:3] != [PULLS]]
            node, errors = (node if len(others) == len(errors) else {**node, PULLS: None}), others
        if errors:
            exactly = all(_not_found(one) and len(one["path"]) == 2 for one in errors)  # noqa: PLR2004
            if node is not None or not exactly or thing.commit:
                self.gathered.refuse([thing], _why(errors, thing.repository))
            elif not issues:
                self.gathered.refuse([thing], Unread(f"the issues of {thing.repository} are switched off"))
            else:
                self.absent.append((thing, canonical))
        elif thing.commit:
            self._take_commit(thing, node, canonical)
        elif node is None:
            raise Lacking("it")
        else:
            self._take_numbered(thing, table(data, alias), canonical)

    def _take_commit(self, thing: Thing, node: Any, canonical: str) -> None:
        if node is not None and not isinstance(node, dict):
            raise Lacking("it")
        if node is None and len(thing.what) < _SHORTEST:
            self.gathered.refuse([thing], Unread(f"{thing.what} is too short to say that GitHub has no such commit"))
        elif node is None:
            fact = MissingFact(thing.what, canonical, self.at, HOW)
            self.gathered.add(ASKED, thing.repository, thing.what, fact)
        elif not text(node, "oid").startswith(thing.what):
            reason = f"{thing.what} is the name of a branch or a tag of {thing.repository}, too"
            self.gathered.refuse([thing], Unread(reason))
        elif text(node, "__typename") != "Commit":
            kind = {"Tag": "a tag", "Tree": "a tree", "Blob": "a file"}.get(node["__typename"])
            if kind is None:
                raise Lacking("an object that is known")
            self.gathered.add(
                ASKED, thing.repository, thing.what, MissingFact(thing.what, canonical, self.at, HOW, kind)
            )
        else:
            commit = changed_of(node, self.at, checks=self.checks)
            self.gathered.add(ASKED, thing.repository, thing.what, commit.fact)
            for pull in commit.pulls:
                _meet(self.gathered, pull, MET)

    def _take_numbered(self, thing: Thing, node: dict[str, Any], canonical: str) -> None:
        kind, own = text(node, "__typename"), name_of(node)
        here = own.number == int(thing.what) and own.repository.casefold() == canonical.casefold()
        asked = (thing.repository, thing.what) if here else (own.repository, str(own.number))
        if kind == "PullRequest" and here:
            pull = pull_of(node, self.at, head=True, checks=self.checks, files=self.files)
            self.gathered.add(ASKED, *asked, pull.fact)
            _meet(self.gathered, pull, BELOW)
            return
        if kind != "Issue":
            raise Lacking("a number's thing that is known")
        issue = issue_of(node, self.at)
        if not here:
            moved = MovedFact(int(thing.what), canonical, own, self.at, HOW)
            self.gathered.add(ASKED, thing.repository, thing.what, moved)
        self.gathered.add(ASKED, *asked, issue.fact)
        for one in issue.met:
            _meet(self.gathered, one, MET)
        before = issue.comments_before if self.full else None
        if issue.timeline.before or before:
            page = Page(asked[0], int(asked[1]), issue.timeline.before or None, before)
            read = Partly(page, own, issue.timeline.events, issue.comments, issue.fact.comment_count or 0)
            self.partly.append(read._replace(ids=issue.timeline.ids))


def _meet(gathered: Gathered, pull: Pull | CommitFact, rank: int) -> None:
    if isinstance(pull, CommitFact):
        gathered.add(rank, pull.repository, pull.sha, pull)
        return
    gathered.add(rank, pull.fact.repository, str(pull.fact.number), pull.fact)
    for commit in pull.commits:
        gathered.add(rank, pull.fact.repository, commit.sha, commit)


def _sorted(answer: Answer, operation: Operation) -> _Errors:
    """Return an answer's errors by what they speak of."""
    sorted_ = _Errors([], {}, {}, older=any(_code(one) in _OLDER for one in answer.errors))
    aliases = {part.alias: part.things for part in operation.parts}
    for error in answer.errors:
        path = error.get("path") if isinstance(error, dict) else None
        if _too_large(error) or not isinstance(path, list) or not path:
            sorted_.pathless.append(error)
        elif path[0] == "rateLimit":
            continue
        elif path[0] not in aliases:
            sorted_.pathless.append(error)
        elif len(path) > 1 and isinstance(path[1], str) and path[1] in aliases[path[0]]:
            sorted_.by_thing.setdefault((path[0], path[1]), []).append(error)
        else:
            sorted_.by_part.setdefault(path[0], []).append(error)
    return sorted_


def _code(error: Any) -> Any:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return extensions.get("code") if isinstance(extensions, dict) else None


def _too_large(error: Any) -> bool:
    kind, message = (str(error.get(key)) for key in ("type", "message")) if isinstance(error, dict) else ("", "")
    return kind.startswith(_TOO_LARGE) or any(words in message.lower() for words in _GAVE_UP)


def _not_found(error: Mapping[str, Any]) -> bool:
    return error.get("type") == "NOT_FOUND"


def _why(errors: list[Any], where: str = "") -> Unread:
    """Return the reason of the first of some errors, in GitHub's words."""
    error = errors[0] if isinstance(errors[0], dict) else {}
    said = line_of(error.get("message")) or "an error without words"
    at = f" of {where}" if where else ""
    if error.get("type") in _RIGHTS:
        hint = "let the token read contents, issues, pull requests and checks, and authorise it for single sign-on"
        return Unread(f"this token lacks the right to read a part{at}: {said}", hint)
    return Unread(f"GitHub could not answer for a part{at}: {said}")


def _lacks(lacking: Lacking, where: str) -> Unread:
    return Unread(f"GitHub's answer lacks {lacking} of {where}")
