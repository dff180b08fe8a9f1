"""Make facts of single nodes of a GraphQL answer; `Lacking` is raised where a node is not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.github.fields import Lacking, flag, large, maybe, moment, several, subject_of, table, text, whole, word
from triage.model import Actor, CheckFact, Comment, CommitFact, Event, IssueFact, Name, PullFact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

HOW = "GraphQL"
REASONS = ("completed", "not_planned", "duplicate")
PENDING = ("pending", "expected")
PULLS = "associatedPullRequests"


class Issue(NamedTuple):
    """An issue, the pull requests and commits met in it, and where the pages before the newest ones begin."""

    fact: IssueFact
    met: tuple[Pull | CommitFact, ...]
    timeline: Timeline
    comments: tuple[Comment, ...]
    comments_before: str | None


class Pull(NamedTuple):
    """A pull request and what its own commits are: the merge commit and the head, as far as they were asked for."""

    fact: PullFact
    commits: tuple[CommitFact, ...]


class Changed(NamedTuple):
    """A commit that was asked for, and the pull requests that it is in, as far as they were told whole."""

    fact: CommitFact
    pulls: tuple[Pull, ...]


class Timeline(NamedTuple):
    """A page of events, the pull requests met in it, and the cursor of the page before, if there is one."""

    events: tuple[Event, ...]
    met: tuple[Pull | CommitFact, ...]
    before: str | None
    ids: frozenset[str] = frozenset()


class Comments(NamedTuple):
    """A page of comments, how many there are in all, and the cursor of the page before, if there is one."""

    comments: tuple[Comment, ...]
    total: int
    before: str | None


def actor_of(data: Mapping[str, Any], key: str) -> Actor | None:
    """Return who did something; None for an account that was deleted."""
    found = maybe(table, data, key)
    if found is None:
        return None
    return Actor(text(found, "login").removesuffix("[bot]"), text(found, "__typename") == "Bot")


def name_of(data: Mapping[str, Any]) -> Name:
    """Return the name of an issue or pull request."""
    return Name(home_of(data), whole(data, "number"))


def home_of(data: Mapping[str, Any], key: str = "repository") -> str:
    """Return the repository that something is of."""
    return text(table(data, key), "nameWithOwner")


def ended(state: str, when: datetime | None, opened: str = "open") -> datetime | None:
    """Return when something was closed, where that fits its state."""
    if (state == opened) != (when is None):
        raise Lacking("when it was closed")
    return when


def issue_of(data: Mapping[str, Any], at: datetime) -> Issue:
    """Return an issue. Lists that are not whole are None in it."""
    state = word(data, "state")
    if state not in {"open", "closed"}:
        raise Lacking("a state that is known")
    closing = several(table(data, "lastClosing"), "nodes")
    closer = actor_of(closing[-1], "actor") if closing else None
    reopening = several(table(data, "lastReopening"), "nodes")
    reason = maybe(word, data, "stateReason")
    own = name_of(data)
    timeline = _list(lambda: timeline_of(table(data, "timelineItems"), own, at)) or Timeline((), (), "")
    said = _list(lambda: comments_of(table(data, "comments")))
    pulls = _list(lambda: tuple(pull_of(one, at, head=True) for one in _all(data, "closedByPullRequestsReferences")))
    fact = IssueFact(
        number=own.number,
        repository=own.repository,
        title=text(data, "title"),
        state=state,
        reason=None if state == "open" or reason == "reopened" else reason,
        created=moment(data, "createdAt"),
        closed=ended(state, maybe(moment, data, "closedAt")),
        closed_by=closer.login if closer and state == "closed" else None,
        read=at,
        how=HOW,
        author=actor_of(data, "author"),
        updated=moment(data, "updatedAt"),
        body=text(data, "body"),
        labels=tuple(text(label, "name") for label in _all(data, "labels")),
        locked=flag(data, "locked"),
        events=timeline.events if timeline.before is None else None,
        pulls=None if pulls is None else tuple(Name(one.fact.repository, one.fact.number) for one in pulls),
        sub_issues=_list(lambda: _sub_issues(data)),
        comments=said.comments if said and said.before is None else None,
        comment_count=whole(table(data, "comments"), "totalCount"),
        reopened=moment(reopening[-1], "createdAt") if reopening else None,
    )
    met = (*timeline.met, *(pulls or ()))
    before = said.before if said else None
    return Issue(fact, met, timeline, said.comments if said else (), before)


def _sub_issues(data: Mapping[str, Any]) -> tuple[Name, ...]:
    """All sub-issues; those that the token may not see are counted and not listed."""
    names = tuple(name_of(one) for one in _all(data, "subIssues"))
    if whole(table(data, "subIssuesSummary"), "total") != len(names):
        raise Lacking("a sub-issue")
    return names


def timeline_of(data: Mapping[str, Any], own: Name, at: datetime) -> Timeline:
    """Return a page of an issue's events."""
    events: list[Event] = []
    met: list[Pull | CommitFact] = []
    for node in several(data, "nodes"):
        kind = text(node, "__typename")
        if kind not in _EVENTS:
            raise Lacking("an event that is known")
        event = _EVENTS[kind](node, Event("", moment(node, "createdAt"), actor_of(node, "actor")), own)
        if event is not None:
            events.append(event)
        for key in ("closer", "source"):
            source = node.get(key)
            if isinstance(source, dict) and source.get("__typename") == "PullRequest" and "pullState" in source:
                met.append(pull_of(source, at))
        closer = node.get("closer")
        if isinstance(closer, dict) and closer.get("__typename") == "Commit":
            met.append(commit_of(closer, at))
    ids = frozenset(text(node, "id") for node in several(data, "nodes"))
    return Timeline(tuple(events), tuple(met), _before(data), ids)


def comments_of(data: Mapping[str, Any], *, further: bool = False) -> Comments:
    """Return a page of an issue's comments; `further` says that it is not the newest one."""
    comments = tuple(
        Comment(
            large(one, "fullDatabaseId"),
            actor_of(one, "author"),
            moment(one, "createdAt"),
            moment(one, "updatedAt"),
            text(one, "body"),
        )
        for one in several(data, "nodes")
    )
    total, before = whole(data, "totalCount"), _before(data)
    if before is None and not further and len(comments) != total:
        raise Lacking("the number of comments")
    return Comments(comments, total, before)


def head_of(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return a repository's default branch and the commit at its end, None where that is not told."""
    branch = data.get("defaultBranchRef")
    target = branch.get("target") if isinstance(branch, dict) else None
    if not isinstance(branch, dict) or not isinstance(target, dict):
        return None
    name, sha = branch.get("name"), target.get("oid")
    return (name, sha) if isinstance(name, str) and isinstance(sha, str) else None


def pull_of(
    data: Mapping[str, Any], at: datetime, *, head: bool = False, checks: bool = False, files: bool = False
) -> Pull:
    """Return a pull request; `head`, `checks` and `files` say what was asked for beside it."""
    state = word(data, "pullState")
    if state not in {"open", "closed", "merged"}:
        raise Lacking("a state that is known")
    merged = maybe(moment, data, "mergedAt")
    if (state == "merged") != (merged is not None):
        raise Lacking("when it was merged")
    merge = maybe(table, data, "mergeCommit")
    commits = [commit_of(merge, at, checks=checks)] if merge is not None else []
    if head:
        connection = table(data, "commits")
        commits += [commit_of(table(one, "commit"), at, checks=checks) for one in several(connection, "nodes")]
    fact = PullFact(
        number=whole(data, "number"),
        repository=home_of(data),
        title=text(data, "title"),
        state=state,
        created=moment(data, "createdAt"),
        closed=ended(state, maybe(moment, data, "closedAt")),
        merged=merged,
        merge_commit=commits[0].sha if merge is not None and state == "merged" else None,
        base=text(data, "baseRefName"),
        head=text(data, "headRefOid"),
        head_repository=None if maybe(table, data, "headRepository") is None else home_of(data, "headRepository"),
        read=at,
        how=HOW,
        author=actor_of(data, "author"),
        merged_by=actor_of(data, "mergedBy"),
        updated=moment(data, "updatedAt"),
        body=text(data, "body"),
        commits=whole(table(data, "size"), "totalCount"),
        files=_list(lambda: tuple(text(one, "path") for one in _all(data, "files"))) if files else None,
    )
    return Pull(fact, tuple(commits))


def commit_of(data: Mapping[str, Any], at: datetime, *, checks: bool = False) -> CommitFact:
    """Return a commit, with what was checked on it where that was asked for."""
    return CommitFact(
        sha=text(data, "oid"),
        repository=home_of(data),
        subject=subject_of(text(data, "message")),
        authored=moment(data, "authoredDate"),
        committed=moment(data, "committedDate"),
        read=at,
        how=HOW,
        checks=_list(lambda: _checks(data)) if checks else None,
    )


def changed_of(data: Mapping[str, Any], at: datetime, *, checks: bool = False) -> Changed:
    """Return a commit with the pull requests of its repository; one of another repository is none of its."""
    fact = commit_of(data, at, checks=checks)
    told: tuple[Pull, ...] | None = _list(lambda: tuple(pull_of(one, at) for one in _all(data, PULLS)))
    if told is None:
        return Changed(fact, ())
    own = tuple(one for one in told if one.fact.repository.casefold() == fact.repository.casefold())
    return Changed(fact._replace(pulls=tuple(Name(one.fact.repository, one.fact.number) for one in own)), own)


def _checks(data: Mapping[str, Any]) -> tuple[CheckFact, ...]:
    if maybe(table, data, "statusCheckRollup") is None:
        return ()
    made = {"CheckRun": _run, "StatusContext": _status}
    nodes = _all(table(data, "statusCheckRollup"), "contexts")
    if not all(text(one, "__typename") in made for one in nodes):
        raise Lacking("a check that is known")
    return tuple(made[one["__typename"]](one) for one in nodes)


def _run(data: Mapping[str, Any]) -> CheckFact:
    suite = table(data, "checkSuite")
    app, run = maybe(table, suite, "app"), maybe(table, suite, "workflowRun")
    conclusion = maybe(word, data, "conclusion")
    if (word(data, "status") == "completed") != (conclusion is not None):
        raise Lacking("a conclusion")
    return CheckFact(
        name=text(data, "name"),
        conclusion=conclusion,
        app=None if app is None else text(app, "slug"),
        workflow=None if run is None else text(table(run, "workflow"), "name"),
        workflow_file=None if run is None or (file := maybe(table, run, "file")) is None else text(file, "path"),
        event=None if run is None else text(run, "event"),
        started=maybe(moment, data, "startedAt"),
        completed=maybe(moment, data, "completedAt"),
        run=None if run is None else maybe(whole, run, "databaseId"),
    )


def _status(data: Mapping[str, Any]) -> CheckFact:
    state, at = word(data, "state"), moment(data, "createdAt")
    by = actor_of(data, "creator")
    conclusion = None if state in PENDING else state
    return CheckFact(
        text(data, "context"), conclusion, by and by.login, completed=at if conclusion else None, legacy=True
    )


def _closed(node: Mapping[str, Any], event: Event, _: Name) -> Event:
    closer = maybe(table, node, "closer")
    kind = None if closer is None else text(closer, "__typename")
    if closer is None or kind == "ProjectV2":
        return event._replace(kind="closed")
    if kind == "Commit":
        return event._replace(kind="closed", commit=text(closer, "oid"), commit_repository=home_of(closer))
    if kind != "PullRequest":
        raise Lacking("a closer that is known")
    return event._replace(kind="closed", other=name_of(closer), other_is_pull=True, other_title=text(closer, "title"))


def _referenced(node: Mapping[str, Any], event: Event, _: Name) -> Event:
    commit = maybe(table, node, "commit")
    sha = None if commit is None else text(commit, "oid")
    return event._replace(kind="referenced", commit=sha, commit_repository=home_of(node, "commitRepository"))


def _crossed(node: Mapping[str, Any], event: Event, _: Name) -> Event:
    closes = flag(node, "willCloseTarget")
    return _with_other(event._replace(kind="cross-referenced", closes=closes), table(node, "source"))


def _duplicate(node: Mapping[str, Any], event: Event, own: Name) -> Event:
    canonical = maybe(table, node, "canonical")
    event = event._replace(kind="duplicate" if node["__typename"].startswith("Marked") else "not-duplicate")
    if canonical is None:
        return event
    if name_of(canonical) != own:
        return _with_other(event, canonical)
    # It stands in the timeline of the issue that was there first, too.
    other = maybe(table, node, "duplicate")
    turned = event._replace(kind="duplicated" if event.kind == "duplicate" else "not-duplicated")
    return turned if other is None else _with_other(turned, other)


def _connected(node: Mapping[str, Any], event: Event, own: Name) -> Event:
    ends = [table(node, key) for key in ("source", "subject")]
    others = [end for end in ends if name_of(end) != own]
    event = event._replace(kind="connected" if node["__typename"].startswith("Conn") else "disconnected")
    if len(others) != 1:
        raise Lacking("what it was connected with")
    return _with_other(event, others[0])


def _transferred(node: Mapping[str, Any], event: Event, _: Name) -> Event:
    origin = maybe(table, node, "fromRepository")
    return event._replace(
        kind="transferred", other_repository=None if origin is None else text(origin, "nameWithOwner")
    )


def _with_other(event: Event, other: Mapping[str, Any]) -> Event:
    kind = text(other, "__typename")
    if kind not in {"Issue", "PullRequest"}:
        raise Lacking("a reference that is known")
    title = text(other, "title")
    return event._replace(other=name_of(other), other_is_pull=kind == "PullRequest", other_title=title)


_EVENTS: dict[str, Callable[[Mapping[str, Any], Event, Name], Event | None]] = {
    "ClosedEvent": _closed,
    "ReopenedEvent": lambda _, event, __: event._replace(kind="reopened"),
    "ReferencedEvent": _referenced,
    "CrossReferencedEvent": _crossed,
    "MarkedAsDuplicateEvent": _duplicate,
    "UnmarkedAsDuplicateEvent": _duplicate,
    "ConnectedEvent": _connected,
    "DisconnectedEvent": _connected,
    "TransferredEvent": _transferred,
}


def _all(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the nodes of a list that was read to its end."""
    connection = table(data, key)
    if flag(table(connection, "pageInfo"), "hasNextPage"):
        raise Lacking(f"the rest of {key}")
    return several(connection, "nodes")


def _before(data: Mapping[str, Any]) -> str | None:
    page = table(data, "pageInfo")
    return text(page, "startCursor") if flag(page, "hasPreviousPage") else None


def _list(read: Callable[[], Any]) -> Any:
    """Return what is read, or None: a list that is not whole is no list, and the rest holds without it."""
    try:
        return read()
    except Lacking:
        return None
