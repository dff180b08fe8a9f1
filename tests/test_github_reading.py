"""What is read from GitHub is true or is said not to be read, by either API and whatever an answer lacks."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import pytest
from github_counterparts import check_rest
from github_server import Answers, GitHub, Rest, World, check, null_at, reply, sha_of, status

from triage.errors import AccessRefused, NothingToJudge, TryLater
from triage.github import reading
from triage.github.client import Answer, AskForLess, NoGraphQL, Response
from triage.model import (
    Actor,
    CommitFact,
    IssueFact,
    Merged,
    MissingFact,
    MovedFact,
    Name,
    PullFact,
    Wanted,
)
from triage.tracker import Tracked, merged_by_github, pulls_with

AT = datetime(2025, 9, 12, 10, tzinfo=UTC)
FIX, MERGE, HEAD = (sha_of(name) for name in ("fix", "merge", "head"))
API = "https://api.example.org"


class Direct:
    """The client's interface over the server's answers, without a socket; `change` is done to each answer's JSON."""

    def __init__(self, world, schema, change=None):
        self.world, self.answers = world, Answers(world, schema) if schema else None
        self.rest_of = Rest(world, API)
        self.requests = self.points = 0
        self.sent = []
        self.change = change
        self.fault = None
        self.bodies = []

    def _count(self, asked):
        self.requests += 1
        self.sent.append(asked)
        if self.fault is not None and (fault := self.fault(asked, len(self.sent))):
            raise fault

    def graphql(self, query, variables):
        self._count(query)
        if self.answers is None:
            raise NoGraphQL("no GraphQL here")
        body = json.loads(json.dumps(self.answers.answer(query, variables, None)))
        body = self.change(body) if self.change else body
        self.bodies.append(body)
        data = body.get("data")
        self.points += ((data or {}).get("rateLimit") or {}).get("cost", 0) or 0
        return Answer(data, tuple(body.get("errors", ())), AT)

    def rest(self, path, parameters=None):
        path = path.removeprefix(API)
        path, _, query = path.partition("?")
        parameters = {**dict(one.split("=") for one in query.split("&") if one), **(parameters or {})}
        self._count(path)
        told = self.rest_of.answer(path, {key: str(value) for key, value in parameters.items()})
        if told.status == 422:
            raise NothingToJudge(f"GitHub answered 422: {told.payload['message']} (GET {path})")
        headers = {name.lower(): value for name, value in told.headers.items()}
        return Response(told.status, headers, json.loads(json.dumps(told.payload)), AT)


def full_world() -> World:
    """One of everything that can be told of an issue."""
    world = World()
    apex = world.repository("acme/apex")
    desktop = world.repository("acme/desktop")
    foreign = desktop.issue(4, title="The same")
    runs = [check("unit", workflow="ci"), check("lint", "NEUTRAL", app="linter"), check("slow", status="IN_PROGRESS")]
    words = [status("build", "SUCCESS"), status("deploy", "PENDING"), status("old", "ERROR", by="ci[bot]")]
    apex.commit(FIX, subject="fix: it", body="more", authored="2025-09-02T10:00:00Z", checks=runs, statuses=words)
    apex.commit(MERGE, subject="Merge #453", checks=[check("unit", "FAILURE", workflow="ci")])
    apex.commit(HEAD, subject="work")
    pull = apex.pull(
        453,
        state="MERGED",
        merged="2025-09-10T10:00:00Z",
        by="bob",
        merge_commit=MERGE,
        head=HEAD,
        files=["a.py", ("b.py", "ADDED")],
        closes=[529],
        body="Closes #529",
    )
    apex.pull(454, title="The same, again", commits=[FIX], head=FIX, base="next")
    issue = apex.issue(
        529,
        title="It fails",
        body="…",
        author="bob",
        labels=["bug", "urgent"],
        comments=[("bob", "once", "2025-09-09T10:00:00Z"), (None, "twice", "2025-09-09T11:00:00Z")],
        created="2025-09-01T10:00:00Z",
    )
    other = apex.issue(530, author=None)
    issue.reference(FIX, "2025-09-03T10:00:00Z", by="bob")
    issue.cross_reference(other, "2025-09-04T10:00:00Z")
    issue.cross_reference(pull, "2025-09-05T10:00:00Z", closing=True)
    issue.connect(pull, "2025-09-06T10:00:00Z")
    issue.close("2025-09-06T11:00:00Z", by="triage[bot]", closer=FIX)
    issue.reopen("2025-09-06T12:00:00Z", by="bob")
    issue.duplicate_of(foreign, "2025-09-07T10:00:00Z")
    issue.unmark(foreign, "2025-09-07T11:00:00Z")
    issue.sub_issue(other, "2025-09-07T12:00:00Z")
    issue.event("TransferredEvent", "2025-09-01T10:00:01Z", fromRepository=desktop.data, issue=issue.data)
    issue.disconnect(pull, "2025-09-08T10:00:00Z")
    issue.close("2025-09-10T10:00:00Z", by="bob", closer=pull)
    return world


WANTED = Wanted("acme/apex", (Name("acme/apex", 529), Name("acme/apex", 453)), (FIX, FIX[:9]), checks=True, files=True)


def facts(found) -> dict:
    return {(kept.repository, kept.asked): kept.fact for kept in found.kept}


def everything_is_told(found, wanted):
    told = [(kept.repository, kept.asked) for kept in found.kept] + [one[:2] for one in found.unread]
    assert len(told) == len(set(told))
    for asked in [(n.repository, str(n.number)) for n in wanted.numbers] + [
        (wanted.repository, s) for s in wanted.commits
    ]:
        assert asked in told


@pytest.fixture(scope="module")
def true(github_schema):
    """The true facts of the full world, and the answer they were made of."""
    client = Direct(full_world(), github_schema)
    found = reading.read(client, WANTED)
    return facts(found), client.bodies[0], found


# --- what is read ----------------------------------------------------------------------------------------------------


def test_one_request_reads_an_issue_with_all_that_hangs_on_it(true):
    known, _, found = true
    assert (found.requests, found.unread, found.fault) == (1, (), None)
    issue = known["acme/apex", "529"]
    assert isinstance(issue, IssueFact)
    assert (issue.state, issue.reason, issue.closed_by, issue.author) == ("closed", "completed", "bob", Actor("bob"))
    assert issue.labels == ("bug", "urgent")
    assert issue.pulls == (Name("acme/apex", 453),)
    assert issue.sub_issues == (Name("acme/apex", 530),)
    assert [(one.author, one.body) for one in issue.comments] == [(Actor("bob"), "once"), (None, "twice")]
    assert issue.comment_count == 2
    assert (issue.read, issue.how) == (AT, "GraphQL")
    assert [event.kind for event in issue.events] == [
        "transferred", "referenced", "cross-referenced", "cross-referenced", "connected", "closed", "reopened",
        "duplicate", "not-duplicate", "disconnected", "closed",
    ]  # fmt: skip
    by_bot, by_pull = (event for event in issue.events if event.kind == "closed")
    assert (by_bot.actor, by_bot.commit, by_bot.commit_repository) == (Actor("triage", bot=True), FIX, "acme/apex")
    assert (by_pull.other, by_pull.other_is_pull) == (Name("acme/apex", 453), True)
    transferred, referenced, _, crossed, connected = issue.events[:5]
    assert transferred.other_repository == "acme/desktop"
    assert (referenced.commit, referenced.actor) == (FIX, Actor("bob"))
    assert (crossed.other, crossed.other_is_pull, crossed.closes) == (Name("acme/apex", 453), True, True)
    assert connected.other == Name("acme/apex", 453)
    assert issue.events[7].other == Name("acme/desktop", 4)


def test_a_pull_request_its_commits_and_their_checks(true):
    known = true[0]
    pull = known["acme/apex", "453"]
    assert isinstance(pull, PullFact)
    assert (pull.state, pull.merge_commit, pull.head, pull.base) == ("merged", MERGE, HEAD, "main")
    assert (pull.files, pull.commits, pull.merged_by) == (("a.py", "b.py"), 1, Actor("bob"))
    assert [one.conclusion for one in known["acme/apex", MERGE].checks] == ["failure"]
    assert known["acme/apex", HEAD].checks == ()
    fix = known["acme/apex", FIX]
    assert fix._replace(read=AT) == known["acme/apex", FIX[:9]]
    assert (fix.subject, fix.sha) == ("fix: it", FIX)
    assert [(one.name, one.conclusion, one.app, one.workflow, one.legacy) for one in fix.checks] == [
        ("unit", "success", "github-actions", "ci", False),
        ("lint", "neutral", "linter", None, False),
        ("slow", None, "github-actions", None, False),
        ("build", "success", "bob", None, True),
        ("deploy", None, "bob", None, True),
        ("old", "error", "ci", None, True),
    ]
    assert isinstance(fix.checks[0].run, int)


def big_cluster() -> tuple[World, Wanted]:
    world = World()
    apex = world.repository("acme/apex")
    shas = [sha_of(f"fix {place}") for place in range(5)]
    for place, sha in enumerate(shas):
        apex.commit(sha, subject=f"fix {place}", checks=[check("unit")])
        pull = apex.pull(
            100 + place, state="MERGED", merge_commit=sha, closes=[place + 1], merged="2025-09-03T10:00:00Z"
        )
        remarks = [("bob", f"remark {n}", "2025-09-02T10:00:00Z") for n in range(500)]
        issue = apex.issue(place + 1, comments=remarks)
        for _ in range(60):
            issue.reference(sha)
        issue.close("2025-09-04T10:00:00Z", closer=pull)
    numbers = tuple(Name("acme/apex", n) for place in range(5) for n in (place + 1, 100 + place))
    return world, Wanted("acme/apex", numbers, tuple(shas), checks=True, files=True)


def test_a_cluster_of_five_is_one_request_whatever_the_comments(github_schema):
    world, wanted = big_cluster()
    client = Direct(world, github_schema)
    found = reading.read(client, wanted)
    assert (found.requests, found.unread) == (1, ())
    assert 0 < found.points <= 10
    for number in range(1, 6):
        issue = facts(found)["acme/apex", str(number)]
        assert (issue.comments, issue.comment_count) == (None, 500)
        assert len(issue.events) == 62
        assert issue.pulls == (Name("acme/apex", 99 + number),)


def test_long_timelines_of_several_issues_are_read_on_together(github_schema):
    world = World()
    apex = world.repository("acme/apex")
    for number in (1, 2):
        issue = apex.issue(number)
        for place in range(230 * number):
            issue.reference(sha_of("one"), f"2025-09-02T10:{place // 60 % 60:02}:{place % 60:02}Z")
    client = Direct(world, github_schema)
    wanted = Wanted("acme/apex", (Name("acme/apex", 1), Name("acme/apex", 2)))
    found = reading.read(client, wanted)
    assert found.requests == 5
    for number in (1, 2):
        events = facts(found)["acme/apex", str(number)].events
        assert len(events) == 230 * number
        assert [event.at for event in events] == sorted(event.at for event in events)


def test_a_timeline_without_end_is_not_read(github_schema):
    world = World()
    issue = world.repository("acme/apex").issue(1)
    for _ in range(1200):
        issue.reference(sha_of("one"))
    found = reading.read(Direct(world, github_schema), Wanted("acme/apex", (Name("acme/apex", 1),)))
    assert facts(found)["acme/apex", "1"].events is None
    assert found.requests == 11


def test_a_page_that_cannot_be_read_leaves_the_list_unknown(github_schema):
    world = World()
    issue = world.repository("acme/apex").issue(1)
    for _ in range(250):
        issue.reference(sha_of("one"))
    client = Direct(world, github_schema)
    client.fault = lambda asked, sent: TryLater("not now") if sent == 3 else None
    found = reading.read(client, Wanted("acme/apex", (Name("acme/apex", 1),)))
    assert facts(found)["acme/apex", "1"].events is None
    assert isinstance(found.fault, TryLater)


@pytest.mark.parametrize("graphql", [True, False])
def test_every_comment_is_read_where_all_are_asked_for(github_schema, graphql):
    world, _ = big_cluster()
    client = Direct(world, github_schema if graphql else None)
    found = reading.read_fully(client, [Name("acme/apex", 1), Name("acme/apex", 2)])
    for number in (1, 2):
        issue = facts(found)["acme/apex", str(number)]
        assert [one.body for one in issue.comments] == [f"remark {n}" for n in range(500)]
        assert len(issue.events) == 62
    assert found.requests == 5 if graphql else found.requests < 30


@pytest.mark.parametrize("graphql", [True, False])
def test_both_apis_say_the_same_of_one_world(github_schema, true, graphql):
    found = facts(reading.read(Direct(full_world(), github_schema if graphql else None), WANTED))
    for key in [
        ("acme/apex", "529"),
        ("acme/apex", "453"),
        ("acme/apex", "454"),
        *[("acme/apex", sha) for sha in (FIX, FIX[:9], MERGE, HEAD)],
    ]:
        mine, theirs = (alike(one[key]) for one in (found, true[0]))
        assert mine == theirs
        assert found[key].how == ("GraphQL" if graphql else "REST")


def alike(fact):
    """A fact without what REST does not tell: links of pull requests and duplicates, workflows, who set a status."""
    fact = fact._replace(how="")
    if isinstance(fact, IssueFact):
        dumb = {"other": None, "other_is_pull": False, "other_title": None, "other_repository": None, "closes": False}
        keep = {"other": None, "closes": False}
        events = [
            event._replace(**({"closes": False} if event.kind == "cross-referenced" else dumb if keep else {}))
            for event in fact.events
        ]
        return fact._replace(events=tuple(events), pulls=None, comments=None)
    if isinstance(fact, CommitFact) and fact.checks is not None:
        checks = [
            one._replace(workflow=None, workflow_file=None, event=None, run=None, app=None if one.legacy else one.app)
            for one in fact.checks
        ]
        return fact._replace(checks=tuple(checks))
    return fact


# --- where things are, and are not -----------------------------------------------------------------------------------


@pytest.fixture(params=["GraphQL", "REST"])
def ask(request, github_schema):
    """Read numbers and commits of acme/apex by one of the APIs."""

    def by(world, *numbers, commits=(), repository="acme/apex", **more):
        client = Direct(world, github_schema if request.param == "GraphQL" else None)
        wanted = Wanted(repository, tuple(Name(repository, n) for n in numbers), tuple(commits), **more)
        found = reading.read(client, wanted)
        everything_is_told(found, wanted)
        by.client = client
        return found

    return by


def test_the_pull_requests_that_a_commit_is_in_are_read_with_it(ask):
    world = World()
    apex = world.repository("acme/apex")
    for sha in (FIX, MERGE, HEAD):
        apex.commit(sha)
    apex.pull(1, title="Mend it", state="MERGED", merged="2025-09-10T10:00:00Z", merge_commit=MERGE, head=FIX, by="bob")
    apex.pull(2, title="Again", state="OPEN", commits=[FIX, HEAD], head=HEAD)
    apex.pull(3, state="CLOSED", closed="2025-09-11T10:00:00Z", head=FIX)
    found = ask(world, commits=[FIX, FIX[:9], MERGE])
    known = facts(found)
    assert known["acme/apex", FIX].pulls == tuple(Name("acme/apex", number) for number in (1, 2, 3))
    assert known["acme/apex", FIX[:9]].pulls == known["acme/apex", FIX].pulls
    assert known["acme/apex", MERGE].pulls == (Name("acme/apex", 1),)
    merged, still, closed = (known["acme/apex", str(number)] for number in (1, 2, 3))
    assert (merged.state, merged.title, merged.merge_commit, merged.head) == ("merged", "Mend it", MERGE, FIX)
    assert (merged.merged_by, merged.commits, merged.base) == (Actor("bob"), 1, "main")
    assert (still.state, still.merge_commit, still.commits, closed.state) == ("open", None, 2, "closed")
    tracked = Tracked(found.kept, "acme/apex")
    assert merged_by_github(tracked, None, FIX[:9]) == (Merged(1, "Mend it", FIX, MERGE),)
    assert merged_by_github(tracked, "ACME/Apex", MERGE) == (Merged(1, "Mend it", FIX, MERGE),)
    assert [one.state for one in pulls_with(tracked, None, FIX)] == ["merged", "open", "closed"]
    assert pulls_with(tracked, None, HEAD) == ()
    assert ask.client.requests == (1 if ask.client.answers else 11)


def test_a_commit_without_pull_requests_has_none_and_of_very_many_it_is_not_known(ask):
    world = World()
    apex = world.repository("acme/apex")
    apex.commit(FIX)
    apex.commit(HEAD)
    for number in range(1, 7):
        apex.pull(number, head=HEAD)
    known = facts(ask(world, commits=[FIX, HEAD]))
    assert known["acme/apex", FIX].pulls == ()
    assert known["acme/apex", HEAD].pulls is None


def test_a_pull_request_of_a_fork_is_none_of_the_repository(ask):
    world = World()
    apex, fork = world.repository("acme/apex"), world.repository("bob/apex", fork=True)
    apex.commit(FIX)
    apex.pull(2, head=FIX)
    apex.strangers.append(fork.pull(1, state="MERGED", merged="2025-09-10T10:00:00Z", merge_commit=MERGE, head=FIX))
    found = ask(world, commits=[FIX])
    assert facts(found)["acme/apex", FIX].pulls == (Name("acme/apex", 2),)
    assert ("bob/apex", "1") not in facts(found)
    assert merged_by_github(Tracked(found.kept, "acme/apex"), None, FIX) == ()


def test_pull_requests_that_this_token_may_not_read_leave_the_commit_known(github_schema):
    world = World()
    world.repository("acme/apex").commit(FIX)

    def refuse(body):
        body["data"]["r0"]["c0"]["associatedPullRequests"] = None
        path = ["r0", "c0", "associatedPullRequests"]
        return {**body, "errors": [{"type": "FORBIDDEN", "path": path, "message": "Resource not accessible"}]}

    found = reading.read(Direct(world, github_schema, refuse), Wanted("acme/apex", commits=(FIX,)))
    assert (facts(found)["acme/apex", FIX].pulls, found.unread, found.fault) == (None, (), None)
    client = Direct(world, None)
    client.fault = lambda asked, _: AccessRefused("not yours") if asked.endswith("/pulls") else None
    found = reading.read(client, Wanted("acme/apex", commits=(FIX,)))
    assert (facts(found)["acme/apex", FIX].pulls, found.unread, found.fault) == (None, (), None)


def test_a_commit_of_another_repository_is_read_there(ask, github_schema):
    world = World()
    world.repository("acme/apex").commit(FIX)
    world.repository("acme/desktop").commit(HEAD, subject="over there")
    found = ask(world, commits=[FIX], abroad=(("acme/desktop", HEAD[:9]), ("acme/apex", MERGE)))
    known = facts(found)
    assert known["acme/desktop", HEAD[:9]].subject == "over there"
    assert isinstance(known["acme/apex", MERGE], MissingFact)
    assert ask.client.requests == 1 or ask.client.answers is None


def test_a_transferred_issue_is_found_where_it_went(ask):
    world = World()
    here, there = world.repository("acme/apex").issue(5), world.repository("acme/desktop").issue(77, title="moved")
    here.transfer(there, "2025-09-02T10:00:00Z")
    found = ask(world, 5)
    moved = facts(found)["acme/apex", "5"]
    assert isinstance(moved, MovedFact)
    assert (moved.to, moved.number) == (Name("acme/desktop", 77), 5)
    assert facts(found)["acme/desktop", "77"].title == "moved"
    events = facts(found)["acme/desktop", "77"].events
    assert events is None or [event.kind for event in events] == ["transferred"]


def test_an_issue_moved_to_where_one_may_not_read_is_not_missing(ask):
    world = World()
    here, there = world.repository("acme/apex").issue(5), world.repository("acme/secret", hidden=True).issue(7)
    here.transfer(there)
    found = ask(world, 5)
    assert not found.kept
    assert "may not read" in found.unread[0][2].reason


def test_a_moved_issue_that_graphql_tells_of_itself(github_schema):
    world = World()
    there = world.repository("acme/desktop").issue(77)
    apex = world.repository("acme/apex")
    apex.data["issueOrPullRequest"] = lambda number: there.data
    found = reading.read(Direct(world, github_schema), Wanted("acme/apex", (Name("acme/apex", 5),)))
    assert facts(found)["acme/apex", "5"].to == Name("acme/desktop", 77)
    assert isinstance(facts(found)["acme/desktop", "77"], IssueFact)


@pytest.mark.parametrize(("deleted", "why"), [(True, "deleted"), (False, "")])
def test_a_number_that_nothing_has(ask, deleted, why):
    world = World()
    apex = world.repository("acme/apex")
    apex.issue(1)
    apex.issue(5)
    if deleted:
        apex.delete(5)
    found = ask(world, 1, 5 if deleted else 6)
    missing = facts(found)["acme/apex", "5" if deleted else "6"]
    assert isinstance(missing, MissingFact)
    assert missing.why == why
    assert isinstance(facts(found)["acme/apex", "1"], IssueFact)


@pytest.mark.parametrize("sha", [sha_of("nobody's"), "0123456789"])
def test_a_commit_that_the_host_has_not(ask, sha):
    world = World()
    world.repository("acme/apex").issue(1)
    found = ask(world, 1, commits=[sha])
    assert isinstance(facts(found)["acme/apex", sha], MissingFact)


def test_few_digits_are_not_enough_for_a_no(ask):
    world = World()
    world.repository("acme/apex")
    found = ask(world, commits=["abc12"])
    assert not found.kept
    assert "too short" in found.unread[0][2].reason


def test_a_branch_named_like_a_sha_is_no_commit(ask):
    world = World()
    apex = world.repository("acme/apex")
    apex.commit(FIX)
    apex.branch("deadbeef", FIX)
    found = ask(world, commits=["deadbeef"])
    assert not found.kept
    assert "name of a branch" in found.unread[0][2].reason


def test_locked_deleted_accounts_and_bots(ask):
    world = World()
    apex = world.repository("acme/apex")
    locked = apex.issue(1, author=None)
    locked.lock("RESOLVED")
    locked.close("2025-09-02T10:00:00Z", by=None)
    apex.issue(2, author="triage[bot]")
    found = facts(ask(world, 1, 2))
    assert (found["acme/apex", "1"].locked, found["acme/apex", "1"].author) == (True, None)
    assert found["acme/apex", "1"].closed_by is None
    assert found["acme/apex", "2"].author == Actor("triage", bot=True)


def test_a_renamed_repository_is_not_a_move(ask):
    world = World()
    apex = world.repository("acme/apex", formerly=["acme/old"])
    apex.issue(1)
    apex.pull(2, state="MERGED", merge_commit=MERGE, head=HEAD)
    for sha in (FIX, MERGE, HEAD):
        apex.commit(sha)
    found = facts(ask(world, 1, 2, 3, commits=[FIX], repository="acme/old"))
    assert found["acme/old", "1"].repository == "acme/apex"
    assert isinstance(found["acme/old", "1"], IssueFact)
    assert isinstance(found["acme/old", "3"], MissingFact)
    assert set(found) == {("acme/old", what) for what in ("1", "2", "3", FIX, MERGE, HEAD)}


def test_a_repository_that_may_not_be_read_says_nothing(ask):
    world = World()
    world.repository("acme/apex", hidden=True).issue(1)
    found = ask(world, 1, 2, commits=[FIX])
    assert not found.kept
    assert isinstance(found.fault, AccessRefused)
    assert {one[2].reason for one in found.unread} == {"acme/apex is not there, or this token may not read it"}


def test_an_unreadable_repository_beside_a_readable_one(github_schema):
    world = World()
    world.repository("acme/apex").issue(1)
    world.repository("acme/secret", hidden=True).issue(2)
    wanted = Wanted("acme/apex", (Name("acme/apex", 1), Name("acme/secret", 2)))
    found = reading.read(Direct(world, github_schema), wanted)
    everything_is_told(found, wanted)
    assert [kept.asked for kept in found.kept] == ["1"]
    assert found.requests == 1


def test_where_issues_are_switched_off_none_is_missing(ask):
    world = World()
    apex = world.repository("acme/apex", facts={"hasIssuesEnabled": False})
    apex.pull(2)
    found = ask(world, 1, 2)
    assert isinstance(facts(found)["acme/apex", "2"], PullFact)
    assert "switched off" in {one[1]: one[2].reason for one in found.unread}["1"]


def test_what_is_met_on_the_way_is_kept(github_schema):
    world = full_world()
    found = reading.read(Direct(world, github_schema), Wanted("acme/apex", (Name("acme/apex", 529),)))
    assert found.requests == 1
    pull = facts(found)["acme/apex", "453"]
    assert (pull.state, pull.merge_commit, pull.commits, pull.files) == ("merged", MERGE, 1, None)
    assert facts(found)["acme/apex", MERGE].checks is None


def test_a_closer_of_another_kind_is_no_closer(github_schema):
    world = World()
    issue = world.repository("acme/apex").issue(1)
    issue.close("2025-09-02T10:00:00Z")["closer"] = {"__typename": "ProjectV2", "number": 1}
    found = reading.read(Direct(world, github_schema), Wanted("acme/apex", (Name("acme/apex", 1),)))
    (event,) = facts(found)["acme/apex", "1"].events
    assert (event.kind, event.commit, event.other) == ("closed", None, None)


def test_more_than_a_page_of_files_is_not_a_whole_list_and_checks_are_read_by_rest(github_schema):
    world = World()
    apex = world.repository("acme/apex")
    apex.pull(1, files=[f"{n}.py" for n in range(101)])
    apex.commit(FIX, checks=[check(f"unit {n}") for n in range(101)])
    wanted = Wanted("acme/apex", (Name("acme/apex", 1),), (FIX,), checks=True, files=True)
    found = facts(reading.read(Direct(world, github_schema), wanted))
    assert found["acme/apex", "1"].files is None
    assert len(found["acme/apex", FIX].checks) == 101


# --- what an answer lacks --------------------------------------------------------------------------------------------

NULL_IS_AN_ANSWER = {
    "actor", "author", "closer", "mergedBy", "creator",  # an account that was deleted, a close by hand
    "stateReason", "mergeCommit", "headRepository", "fromRepository", "canonical", "commit",
    "app", "workflowRun", "file", "databaseId", "startedAt", "completedAt", "statusCheckRollup",
    "c2", "c3", "rateLimit", "viewerPermission", "defaultBranchRef",
}  # fmt: skip
"""Where GitHub's schema has null for something that is so; any other null is a field that the answer lacks."""


def places_in(value, path=()):
    """Every place of a JSON document but its root."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places_in(inner, (*path, key))


def changed(document, path, change):
    """The document with one place changed; only what lies on the way is copied."""
    if not path:
        return change(document)
    made = copy.copy(document)
    inner = changed(made[path[0]], path[1:], change)
    if inner is GONE:
        del made[path[0]]
    else:
        made[path[0]] = inner
    return made


GONE = object()


def wrong(value):
    """A value of another kind."""
    return (
        12 if isinstance(value, str | list | dict) or value is None else "wrong" if isinstance(value, bool) else [value]
    )


def like(value):
    """A value of a kind that is easily taken for the right one."""
    return 1 if isinstance(value, bool) else True if isinstance(value, int) else {}


def honest(fact, truth) -> bool:
    """Whether a fact is the true one but for lists that became None."""
    if type(fact) is not type(truth):
        return False
    lists = {"events", "pulls", "sub_issues", "comments", "files", "checks"}
    if isinstance(fact, IssueFact) and fact.how == "REST" and fact.events is None:
        # There it is one of the events.
        lists.add("reopened")
    return all(
        repr(mine) == repr(theirs) or (name in lists and mine is None)
        for name, mine, theirs in zip(fact._fields, fact, truth, strict=True)
    )


class Said:
    """A client that gives one prepared answer."""

    requests = points = 0

    def __init__(self, body):
        self.body = body

    def graphql(self, query, variables):
        return Answer(self.body.get("data"), tuple(self.body.get("errors", ())), AT)

    def rest(self, path, parameters=None):
        raise NothingToJudge("REST was asked")


def judged(body, truth, path):
    found = reading.read(Said(body), WANTED)
    everything_is_told(found, WANTED)
    for kept in found.kept:
        known = truth.get((kept.repository, kept.asked))
        met = known is None or (kept.asked == "453" and kept.fact.files is None and kept.fact.commits in {1, None})
        if met and known is not None:
            known = known._replace(files=None, commits=kept.fact.commits)
        assert known is not None, (path, kept)
        assert honest(kept.fact, known), (path, [
            pair for pair in zip(kept.fact._fields, kept.fact, known, strict=False) if pair[1] != pair[2]
        ])  # fmt: skip
    return found


def test_the_walk_would_notice(true):
    known, body, _ = true
    judged(body, known, ())
    lie = changed(body, ("data", "r0", "n529", "title"), lambda _: "another")
    with pytest.raises(AssertionError):
        judged(lie, known, ())


def test_no_field_that_is_null_makes_another_fact(true):
    known, body, _ = true
    walked = 0
    for path in places_in(body["data"], ("data",)):
        if path[-1] not in NULL_IS_AN_ANSWER:
            walked += 1
            judged(changed(body, path, lambda _: None), known, path)
    assert walked > 400


def test_no_field_that_is_missing_makes_another_fact(true):
    known, body, _ = true
    for path in places_in(body["data"], ("data",)):
        if isinstance(path[-1], str):
            judged(changed(body, path, lambda _: GONE), known, path)


def test_no_field_of_another_kind_makes_another_fact(true):
    known, body, _ = true
    for path in places_in(body["data"], ("data",)):
        judged(changed(body, path, wrong), known, path)
        judged(changed(body, path, like), known, path)


def test_a_thing_of_a_kind_that_is_not_known_makes_no_other_fact(true):
    known, body, _ = true
    people = {"actor", "author", "mergedBy", "creator"}
    walked = [
        path for path in places_in(body["data"], ("data",)) if path[-1] == "__typename" and path[-2] not in people
    ]
    assert len(walked) > 20
    for path in walked:
        judged(changed(body, path, lambda _: "Novelty"), known, path)


def test_to_be_what_others_duplicate_is_not_to_be_a_duplicate(github_schema):
    world = World()
    apex = world.repository("acme/apex")
    canonical, other = apex.issue(1), apex.issue(2)
    canonical.event("MarkedAsDuplicateEvent", canonical=canonical.data, duplicate=other.data, isCrossRepository=False)
    found = reading.read(Direct(world, github_schema), Wanted("acme/apex", (Name("acme/apex", 1),)))
    (event,) = facts(found)["acme/apex", "1"].events
    assert (event.kind, event.other) == ("duplicated", Name("acme/apex", 2))


@pytest.mark.parametrize("kind", ["INTERNAL", "FORBIDDEN", "NOT_FOUND", None])
def test_an_error_at_any_place_leaves_its_thing_unread(true, kind):
    known, body, _ = true
    for path in places_in(body["data"], ("data",)):
        error = {"type": kind, "path": list(path[1:]), "message": "Something went wrong"}
        broken = changed(body, path, lambda _: None)
        found = judged({**broken, "errors": [error]}, known, path)
        told = {one[1] for one in found.unread}
        inside = path[2] if len(path) > 2 else None
        if path[1] == "rateLimit":
            assert not told
        elif inside in {"n529", "n453", "c2", "c3"}:
            asked = {"n529": "529", "c2": FIX, "c3": FIX[:9], "n453": "453"}[inside]
            # What the timeline met elsewhere is a fact, without what was asked for beyond it.
            met = facts(found).get(("acme/apex", asked))
            lesser = asked == FIX and met is not None and met.checks is None
            # What pull requests it is in may be refused by itself.
            alone = "associatedPullRequests" in path and met is not None and met.pulls is None
            assert asked in told or (asked == "453" and met.files is None) or lesser or alone
        else:
            assert told == {"529", "453", FIX, FIX[:9]}


def test_unknown_fields_and_large_numbers_are_taken(true):
    known, body, _ = true
    more = changed(body, ("data", "r0", "n529"), lambda issue: {**issue, "surprise": {"deep": [None]}})
    path = ("data", "r0", "n529", "comments", "nodes", 0, "fullDatabaseId")
    more = changed(more, path, lambda _: str(2**60 + 1))
    issue = facts(reading.read(Said(more), WANTED))["acme/apex", "529"]
    assert issue.comments[0].id == 2**60 + 1
    assert issue._replace(comments=None) == known["acme/apex", "529"]._replace(comments=None)


def test_new_words_prove_nothing(true):
    _, body, _ = true
    path = ("data", "r0", "c2", "statusCheckRollup", "contexts", "nodes", 0, "conclusion")
    found = facts(reading.read(Said(changed(body, path, lambda _: "SUCCESSFUL_ENOUGH")), WANTED))
    assert found["acme/apex", FIX].checks[0].conclusion == "successful_enough"
    found = reading.read(Said(changed(body, ("data", "r0", "n529", "state"), lambda _: "FROZEN")), WANTED)
    assert "529" in {one[1] for one in found.unread}


class Told(Direct):
    """REST as it answered once, with one answer changed."""

    told: dict

    def rest(self, path, parameters=None):
        if path not in self.told:
            self.told[path] = super().rest(path, parameters)
        return self.told[path]


REST_NULL = {"user", "actor", "closed_by", "state_reason", "body", "app", "merge_commit_sha", "merged_by", "repo", "commit_id", "started_at", "completed_at"}  # fmt: skip
NOT_ASKED_FOR = {"reactions", "user", "actor", "_links", "owner", "output", "verification", "repository", "parents", "files", "stats", "tree"}  # fmt: skip


def test_no_change_of_a_rest_answer_makes_another_fact():
    world = full_world()
    client = Told(world, None)
    client.told = {}
    known = facts(reading.read(client, WANTED))
    whole_ = dict(client.told)
    walked = 0
    for address, response in whole_.items():
        if response.status != 200:
            continue
        for path in places_in(response.data):
            if NOT_ASKED_FOR & set(path[:-1]) or str(path[-1]).endswith(("url", "node_id")):
                continue
            for change in (lambda _: None, lambda _: GONE, wrong, like):
                null = change(0) is None or (
                    change(0) is GONE and path[-1] in {"state_reason", "closed_by", "commit_id"}
                )
                if (null and path[-1] in REST_NULL) or (change(0) is GONE and isinstance(path[-1], int)):
                    continue
                walked += 1
                client.told = {**whole_, address: response._replace(data=changed(response.data, path, change))}
                found = reading.read(client, WANTED)
                everything_is_told(found, WANTED)
                for kept in found.kept:
                    assert honest(kept.fact, known[kept.repository, kept.asked]), (address, path, kept.fact)
    assert walked > 1000


@pytest.mark.parametrize(
    ("address", "number"), [("/repos/acme/apex/issues/529", "529"), ("/repos/acme/apex/pulls/453", "453")]
)
def test_an_answer_about_another_number_is_none(address, number):
    client = Told(full_world(), None)
    client.told = {}
    reading.read(client, WANTED)
    answer = client.told[address]
    client.told[address] = answer._replace(data={**answer.data, "number": 530})
    found = reading.read(client, WANTED)
    everything_is_told(found, WANTED)
    assert number in {one[1] for one in found.unread}


def test_a_later_page_that_is_not_there_ends_no_list():
    world = World()
    issue = world.repository("acme/apex").issue(1)
    for _ in range(150):
        issue.reference(sha_of("one"))
    client = Told(world, None)
    wanted = Wanted("acme/apex", (Name("acme/apex", 1),))
    client.told = {}
    reading.read(client, wanted)
    later = next(path for path in client.told if "page=2" in path)
    client.told[later] = Response(404, {}, {"message": "Not Found"}, AT)
    events = client.told.pop("/repos/acme/apex/issues/1/events", None)
    assert events is None
    client.told["/repos/acme/apex/issues/1/events"] = Response(404, {}, {"message": "Not Found"}, AT)
    assert facts(reading.read(client, wanted))["acme/apex", "1"].events is None


def test_workflows_are_told_by_rest(github_schema):
    world = full_world()
    suite = world.repositories[0].commits[FIX]["_checks"][0]["checkSuite"]["databaseId"]
    run = {"id": 2**60, "name": "ci", "event": "push", "check_suite_id": suite, "path": ".github/workflows/ci.yml@main"}
    client = Told(world, None)
    client.told = {
        "/repos/acme/apex/actions/runs": Response(200, {}, {"total_count": 1, "workflow_runs": [run]}, AT),
    }
    found = reading.read(client, Wanted("acme/apex", (), (FIX,), checks=True))
    first = facts(found)["acme/apex", FIX].checks[0]
    assert (first.workflow, first.event, first.run) == ("ci", "push", 2**60)
    assert first.workflow_file == ".github/workflows/ci.yml"


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [TryLater("not now"), AccessRefused("no"), NothingToJudge("what?")])
def test_a_fault_leaves_everything_unread_and_is_told(github_schema, fault):
    client = Direct(full_world(), github_schema)
    client.fault = lambda asked, sent: fault
    found = reading.read(client, WANTED)
    everything_is_told(found, WANTED)
    assert (found.kept, found.fault) == ((), fault)
    assert client.requests == 1


def many(count=60) -> tuple[World, Wanted]:
    world = World()
    apex = world.repository("acme/apex")
    for number in range(1, count + 1):
        apex.issue(number)
    return world, Wanted("acme/apex", tuple(Name("acme/apex", n) for n in range(1, count + 1)))


def test_what_was_read_before_a_fault_stays(github_schema):
    world, wanted = many()
    client = Direct(world, github_schema)
    client.fault = lambda asked, sent: TryLater("not now") if sent == 2 else None
    found = reading.read(client, wanted)
    everything_is_told(found, wanted)
    assert len(found.kept) == reading.AT_ONCE
    assert {one[2].reason for one in found.unread} == {"not now"}
    assert client.requests == 2


def test_a_query_that_is_too_large_is_halved(github_schema):
    world, wanted = many(16)
    client = Direct(world, github_schema)
    client.fault = lambda asked, sent: AskForLess("too large") if asked.count("issueOrPullRequest") > 4 else None
    found = reading.read(client, wanted)
    assert (len(found.kept), found.unread, found.fault) == (16, (), None)
    assert found.requests == 7


def test_one_number_that_is_too_large_alone_is_left_out(github_schema):
    world, wanted = many(8)
    client = Direct(world, github_schema)
    client.fault = lambda asked, sent: AskForLess("too large") if "n5:" in asked else None
    found = reading.read(client, wanted)
    everything_is_told(found, wanted)
    assert {one[1] for one in found.unread} == {"5"}


def test_a_host_that_always_gives_up_is_not_asked_for_ever(github_schema):
    world, wanted = many(25)
    client = Direct(world, github_schema)
    client.fault = lambda asked, sent: AskForLess("too large")
    found = reading.read(client, wanted)
    everything_is_told(found, wanted)
    assert isinstance(found.fault, AskForLess)
    assert client.requests <= 8


@pytest.mark.parametrize(
    "error",
    [
        {"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["r0", "n3", "timelineItems"], "message": "limits"},
        {"message": "Something went wrong while executing your query. This may be the result of a timeout."},
        {"type": "SOMETHING_NEW", "message": "?"},
        {"type": "INTERNAL", "path": [], "message": "?"},
        {"type": "INTERNAL", "path": "r0", "message": "?"},
        {"type": "INTERNAL", "path": ["elsewhere"], "message": None},
    ],
)
def test_an_error_that_speaks_of_no_alias_makes_all_of_it_unread(github_schema, error):
    world, wanted = many(4)
    client = Direct(world, github_schema, lambda body: {**body, "errors": [error]})
    found = reading.read(client, wanted)
    everything_is_told(found, wanted)
    assert not found.kept
    small = Direct(
        world, github_schema, lambda body: {**body, "errors": [error]} if "n3" in body["data"]["r0"] else body
    )
    found = reading.read(small, wanted)
    assert {one[1] for one in found.unread} == {"3"}


def test_an_older_host_is_read_by_rest(github_schema):
    def older(body):
        return {"errors": [{"extensions": {"code": "undefinedField"}, "path": ["query"], "message": "Field 'x'"}]}

    client = Direct(full_world(), github_schema, older)
    found = reading.read(client, WANTED)
    everything_is_told(found, WANTED)
    assert {kept.fact.how for kept in found.kept} == {"REST"}


def test_a_fault_of_rest_keeps_what_was_read():
    world, wanted = many(4)
    client = Direct(world, None)
    client.fault = lambda asked, sent: TryLater("not now") if asked.endswith("/issues/3") else None
    found = reading.read(client, wanted)
    everything_is_told(found, wanted)
    assert {kept.asked for kept in found.kept} == {"1", "2"}
    assert {one[1] for one in found.unread} == {"3", "4"}
    assert isinstance(found.fault, TryLater)


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_timeline_that_fails_half_way_is_no_timeline(page):
    world = World()
    issue = world.repository("acme/apex").issue(1)
    for _ in range(250):
        issue.reference(sha_of("one"))
    client = Direct(world, None)
    seen = []

    def fault(asked, sent):
        seen.append(asked.endswith("/timeline"))
        return TryLater("not now") if seen[-1] and sum(seen) == page else None

    client.fault = fault
    found = reading.read(client, Wanted("acme/apex", (Name("acme/apex", 1),)))
    assert not found.kept
    assert found.unread[0][1] == "1"


def test_rest_without_a_right_for_checks_says_so_and_keeps_the_commit():
    world = full_world()
    client = Direct(world, None)
    client.fault = lambda asked, sent: AccessRefused("checks: read") if asked.endswith("/check-runs") else None
    found = reading.read(client, Wanted("acme/apex", (), (FIX,), checks=True))
    assert facts(found)["acme/apex", FIX].checks is None
    assert isinstance(found.fault, AccessRefused)


def test_what_github_cannot_have_is_never_asked(github_schema):
    client = Direct(World(), github_schema)
    wanted = Wanted("acme/apex", (Name("acme/apex", 0), Name("nonsense", 5)), ('"', "HEAD"))
    found = reading.read(client, wanted)
    assert (client.requests, len(found.unread)) == (0, 4)


def test_one_thing_that_github_gives_up_on_is_told_as_a_fault(github_schema):
    client = Direct(full_world(), github_schema)
    client.fault = lambda asked, sent: AskForLess("too large")
    found = reading.read(client, Wanted("acme/apex", (Name("acme/apex", 529),)))
    assert (client.requests, isinstance(found.fault, AskForLess)) == (1, True)


@pytest.mark.parametrize("message", ["Resource protected by organization SAML enforcement.", None])
def test_a_repository_that_is_forbidden_names_the_right(github_schema, message):
    error = {"type": "FORBIDDEN", "path": ["r0"], "message": message}
    client = Direct(full_world(), github_schema, lambda body: {"data": {**body["data"], "r0": None}, "errors": [error]})
    found = reading.read(client, WANTED)
    everything_is_told(found, WANTED)
    assert not found.kept
    assert isinstance(found.fault, AccessRefused)
    assert "lacks the right" in found.fault.message


def long(github_schema) -> tuple[Direct, Wanted]:
    """An issue whose timeline has two pages."""
    world = World()
    issue = world.repository("acme/apex").issue(1)
    for _ in range(150):
        issue.reference(sha_of("one"))
    return Direct(world, github_schema), Wanted("acme/apex", (Name("acme/apex", 1),))


def test_an_older_page_that_is_too_large_is_left_out(github_schema):
    client, wanted = long(github_schema)
    client.fault = lambda asked, sent: AskForLess("too large") if sent == 2 else None
    found = reading.read(client, wanted)
    assert (facts(found)["acme/apex", "1"].events, found.fault) == (None, None)


def test_a_page_of_another_issue_is_no_page(github_schema):
    client, wanted = long(github_schema)

    def other(body):
        if "issueOrPullRequest" not in client.sent[-1]:
            body["data"]["r0"]["n1"]["number"] = 2
        return body

    client.change = other
    found = reading.read(client, wanted)
    assert (found.requests, facts(found)["acme/apex", "1"].events) == (2, None)


def test_a_page_that_comes_again_is_no_page(github_schema):
    world = World()
    issue = world.repository("acme/apex").issue(1)
    for _ in range(150):
        issue.reference(sha_of("one"))
    client = Direct(world, github_schema)
    newest = []

    def again(body):
        timeline = body["data"]["r0"]["n1"]["timelineItems"]
        newest.append(timeline["nodes"])
        timeline["nodes"] = newest[0]
        return body

    client.change = again
    found = reading.read(client, Wanted("acme/apex", (Name("acme/apex", 1),)))
    assert (found.requests, facts(found)["acme/apex", "1"].events) == (2, None)


# --- over the wire ---------------------------------------------------------------------------------------------------


def wire(github):
    from triage.github.access import find_access
    from triage.github.client import Client

    access = find_access(
        {
            "GITHUB_API_URL": github.url,
            "GITHUB_GRAPHQL_URL": github.graphql_url,
            "GH_TOKEN": "canary",
            "GITHUB_SERVER_URL": github.url,
        }
    )
    return Client(access, sleep=lambda _: None)


@pytest.mark.parametrize("graphql", [True, False])
def test_over_the_wire_the_same_is_read(github_schema, github_rest, true, graphql):
    world = full_world()
    world.graphql, world.tokens = graphql, {"canary"}
    with GitHub(world, github_schema) as github:
        found = reading.read(wire(github), WANTED)
    asked = [one for one in github.requests if not one.is_graphql and not one.path.endswith("/actions/runs")]
    assert check_rest(asked) >= (0 if graphql else 15)
    everything_is_told(found, WANTED)
    assert found.fault is None
    for key, fact in facts(found).items():
        if key in true[0]:
            assert alike(fact._replace(read=AT)) == alike(true[0][key])


def test_over_the_wire_what_is_not_there_is_missing_or_moved(github_schema):
    for graphql in (True, False):
        world = World(graphql=graphql)
        world.tokens = {"canary"}
        apex = world.repository("acme/apex")
        apex.issue(5).transfer(world.repository("acme/desktop").issue(77))
        apex.issue(6)
        apex.delete(6)
        wanted = Wanted("acme/apex", tuple(Name("acme/apex", n) for n in (5, 6, 7)), (FIX,))
        with GitHub(world, github_schema) as github:
            found = facts(reading.read(wire(github), wanted))
        assert isinstance(found["acme/desktop", "77"], IssueFact)
        assert isinstance(found["acme/apex", "5"], MovedFact)
        assert [found["acme/apex", what].why for what in ("6", "7", FIX)] == ["deleted", "", ""]


def test_over_the_wire_faults_are_told(github_schema):
    with GitHub(full_world(), github_schema) as github:
        github.world.tokens = {"canary"}
        github.fault(null_at("r0", "n529", "title"), when="/graphql")
        found = reading.read(wire(github), WANTED)
        assert {one[1] for one in found.unread} == {"529"}
        github.clear()
        github.fault(reply(502), when="/graphql")
        found = reading.read(wire(github), WANTED)
        everything_is_told(found, WANTED)
        assert not found.kept
        assert isinstance(found.fault, TryLater)
