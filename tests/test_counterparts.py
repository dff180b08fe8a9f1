"""The counterparts are what they claim to be: GitHub's schema, GitHub's shapes, and faults that happen."""

from __future__ import annotations

import gzip
import json
import time
from email.utils import parsedate_to_datetime

import pytest
import requests
from github_counterparts import Emulator, GitServer, check_rest, described, reduced
from github_server import (
    GitHub,
    World,
    bad_gzip,
    changed_by,
    check,
    cut,
    drip,
    html,
    larger_than,
    limited,
    limited_graphql,
    not_json,
    null_at,
    redirect,
    reply,
    reset,
    sha_of,
    status,
    wrong_length,
)
from repositories import Repository, run_git

TOKEN = "canary-token"  # noqa: S105 - of nothing
WRONG = "another-token"
FIX, HEAD, OTHER = sha_of("fix"), sha_of("head"), sha_of("other")
CLOSED, LATER = "2025-09-10T10:00:00Z", "2025-09-11T10:00:00Z"


@pytest.fixture
def full(world):
    """A world with one of everything."""
    apex = world.repository("acme/apex", formerly=["acme/old"])
    desktop = world.repository("acme/desktop")
    world.repository("acme/secret", hidden=True).issue(1)
    apex.commit(
        FIX,
        subject="fix: mend it (#453)",
        files=["a.py", ("b.py", "ADDED"), ("c.py", "DELETED")],
        parents=[HEAD],
        checks=[
            check("ci / unit (3.11)", "SUCCESS", workflow="ci"),
            check("ci / lint", "FAILURE", workflow="ci"),
            check("outside", None, status="IN_PROGRESS", app="elsewhere"),
        ],
        statuses=[status("legacy/build", "SUCCESS", by="bob"), status("legacy/docs", "PENDING", by=None)],
    )
    apex.commit(HEAD, subject="work", author=None)
    apex.branch("main", FIX)
    apex.branch("feature/one", HEAD)
    apex.tag("v1", HEAD)
    apex.tag("v2", FIX, annotated=True)
    pull = apex.pull(
        453, state="MERGED", merged=CLOSED, by="bob", merge_commit=FIX, head=HEAD, files=["a.py"], closes=[529]
    )
    apex.pull(
        454, state="CLOSED", closed=LATER, closes=[529], author="dependabot[bot]", comments=[("bob", "no", LATER)]
    )
    issue = apex.issue(
        529,
        title="It breaks",
        body="See #12",
        state="CLOSED",
        closed="2025-09-10T10:00:01Z",
        by="bob",
        labels=["bug"],
        comments=[("bob", "seen too", "2025-09-02T10:00:00Z"), (None, "gone", "2025-09-03T10:00:00Z")],
    )
    by_commit = apex.issue(530, state="CLOSED", closed=CLOSED, by="alice", closer=FIX, author=None)
    again = apex.issue(531, author="github-actions[bot]")
    again.close(CLOSED, "alice", reason="NOT_PLANNED")
    again.reopen(LATER, "bob")
    again.reference(FIX, CLOSED)
    again.cross_reference(issue, CLOSED, "bob")
    again.cross_reference(desktop.issue(41, title="There too"), CLOSED)
    again.cross_reference(pull, CLOSED)
    again.duplicate_of(issue, CLOSED)
    again.unmark(issue, LATER)
    again.connect(pull, CLOSED)
    again.disconnect(pull, LATER)
    again.label("triaged", LATER)
    again.rename("Another title", LATER)
    again.lock("RESOLVED", LATER)
    again.event("ConvertedToDiscussionEvent", LATER, discussion=None)
    again.sub_issue(by_commit, CLOSED)
    again.sub_issue(apex.issue(532), CLOSED)
    apex.issue(533).transfer(desktop.issue(42, title="Moved here"), LATER)
    apex.issue(7)
    apex.delete(7)
    return world


@pytest.fixture
def server(full, github):
    return github


def get(server, path, token=TOKEN, **more):
    headers = {"Authorization": f"token {token}"} if token else {}
    return requests.get(server.url + path, headers=headers | more.pop("headers", {}), timeout=10, **more)


def ask(server, query, token=TOKEN, **variables):
    headers = {"Authorization": f"Bearer {token}"}
    sent = {"query": query, "variables": variables}
    return requests.post(server.graphql_url, json=sent, headers=headers, timeout=10)


R = "/repos/acme/apex"
HANDLED = [
    "/rate_limit",
    "/user",
    "/meta",
    R,
    f"{R}/issues",
    f"{R}/issues?state=all&per_page=2&page=2&since=2025-01-01T00:00:00Z",
    *(f"{R}/issues/{number}" for number in (7, 529, 530, 531, 532, 453, 454, 999)),
    *(f"{R}/issues/{number}/timeline" for number in (529, 530, 531, 532, 453, 454, 7, 999)),
    "/repos/acme/desktop/issues/42/timeline",
    f"{R}/issues/529/comments?per_page=1",
    f"{R}/issues/529/labels",
    f"{R}/issues/531/events",
    f"{R}/issues/531/sub_issues",
    f"{R}/issues/532/parent",
    f"{R}/issues/533/comments",
    f"{R}/pulls?state=all",
    f"{R}/pulls/453",
    f"{R}/pulls/453/files",
    f"{R}/pulls/453/commits",
    *(f"{R}/commits/{ref}" for ref in (FIX, FIX[:9], "main", "v1", "v2", "feature/one", OTHER)),
    f"{R}/commits/main/check-runs?per_page=2",
    f"{R}/commits/{FIX}/check-runs?filter=all",
    f"{R}/commits/{FIX}/status",
    f"{R}/commits/{HEAD}/status",
    f"{R}/commits/{FIX}/statuses",
    f"{R}/commits/{FIX}/pulls",
    f"{R}/git/ref/tags/v2",
    f"{R}/branches/main",
    "/repos/acme/secret",
    "/repos/acme/none/issues/1",
]


def test_every_answer_of_rest_has_the_shape_that_github_describes(server, github_rest):
    for path in HANDLED:
        get(server, path)
    assert check_rest(server.requests) == len(HANDLED)


def test_the_description_complains_of_what_is_wrong(server, github_rest):
    server.fault(changed_by(lambda issue: {**issue, "number": "many"}), when="/issues/529")
    for path in (f"{R}/issues/529", f"{R}/issues/530?colour=red", f"{R}/issues/531?per_page=2", "/nothing/here"):
        get(server, path)
    server.requests[0].fault = None
    with pytest.raises(AssertionError) as caught:
        check_rest(server.requests)
    text = str(caught.value)
    assert "number: 'many' is not of type 'integer'" in text
    assert "no parameter colour" in text
    assert "no parameter per_page" in text
    assert "GitHub describes no such address" in text


def test_the_most_literal_address_is_meant(github_rest):
    assert described("/repos/acme/apex/commits/feature/one/check-runs").endswith("/commits/{ref}/check-runs")
    assert described("/repositories/12/issues/5") == "/repos/{owner}/{repo}/issues/{issue_number}"
    assert set(reduced("/rate_limit")["components"]["schemas"]) == {"basic-error", "rate-limit-overview", "rate-limit"}


QUERY = """
query($owner: String!, $name: String!, $number: Int!, $sha: GitObjectID!) {
  rateLimit { cost remaining resetAt }
  viewer { login }
  repository(owner: $owner, name: $name) {
    nameWithOwner databaseId defaultBranchRef { name target { oid } }
    issue: issueOrPullRequest(number: $number) { ...facts }
    pull: issueOrPullRequest(number: 453) { ...facts }
    gone: issueOrPullRequest(number: 999) { __typename }
    commit: object(oid: $sha) {
      ... on Commit {
        oid messageHeadline
        associatedPullRequests(first: 5) { nodes { number } }
        statusCheckRollup { state contexts(first: 100) { totalCount nodes {
          __typename
          ... on CheckRun { name status conclusion startedAt checkSuite { app { slug } workflowRun { event workflow { name } } } }
          ... on StatusContext { context state creator { login } }
        } } }
      }
    }
    short: object(expression: "SHORT") { oid }
    tag: object(expression: "v2") { __typename ... on Tag { target { oid } } }
    ref(qualifiedName: "refs/tags/v1") { target { oid } }
  }
}
fragment facts on IssueOrPullRequest {
  __typename
  ... on Issue {
    number title state stateReason closedAt author { login } labels(first: 9) { nodes { name } }
    comments(first: 1) { totalCount pageInfo { hasNextPage endCursor } nodes { author { login } body } }
    closedByPullRequestsReferences(first: 10, includeClosedPrs: true) { nodes { number } }
    openOnly: closedByPullRequestsReferences(first: 10) { nodes { number } }
    subIssuesSummary { total completed }
    timelineItems(first: 50, itemTypes: [CLOSED_EVENT, CROSS_REFERENCED_EVENT]) { totalCount nodes {
      __typename
      ... on ClosedEvent { actor { login } stateReason closer { __typename ... on PullRequest { number } } }
      ... on CrossReferencedEvent { source { ... on PullRequest { number } } willCloseTarget }
    } }
  }
  ... on PullRequest {
    number became: state mergedAt mergedBy { login } mergeCommit { oid } headRefOid
    closingIssuesReferences(first: 10) { nodes { number } }
    files(first: 10) { nodes { path changeType } }
  }
}
""".replace("SHORT", FIX[:9])


def test_graphql_answers_from_the_same_world(server):
    answer = ask(server, QUERY, owner="Acme", name="OLD", number=529, sha=FIX)
    body = answer.json()
    assert body["errors"] == [
        {
            "type": "NOT_FOUND",
            "path": ["repository", "gone"],
            "locations": [{"line": 9, "column": 5}],
            "message": "Could not resolve to an issue or pull request with the number of 999.",
        }
    ]
    found = body["data"]["repository"]
    assert (found["nameWithOwner"], found["gone"]) == ("acme/apex", None)
    assert found["defaultBranchRef"] == {"name": "main", "target": {"oid": FIX}}
    issue = found["issue"]
    assert (issue["state"], issue["stateReason"], issue["labels"]) == (
        "CLOSED",
        "COMPLETED",
        {"nodes": [{"name": "bug"}]},
    )
    assert issue["comments"]["totalCount"] == 2
    assert issue["comments"]["pageInfo"]["hasNextPage"] is True
    assert [one["number"] for one in issue["closedByPullRequestsReferences"]["nodes"]] == [453, 454]
    assert issue["openOnly"]["nodes"] == []
    closing = [one for one in issue["timelineItems"]["nodes"] if one["__typename"] == "ClosedEvent"]
    assert closing[0]["closer"] == {"__typename": "PullRequest", "number": 453}
    assert issue["timelineItems"]["totalCount"] == 3
    pull = found["pull"]
    assert (pull["became"], pull["mergeCommit"], pull["mergedBy"]) == ("MERGED", {"oid": FIX}, {"login": "bob"})
    assert pull["closingIssuesReferences"] == {"nodes": [{"number": 529}]}
    commit = found["commit"]
    assert commit["associatedPullRequests"] == {"nodes": [{"number": 453}]}
    assert commit["statusCheckRollup"]["state"] == "FAILURE"
    contexts = commit["statusCheckRollup"]["contexts"]
    assert contexts["totalCount"] == 5
    assert contexts["nodes"][0]["checkSuite"]["workflowRun"]["workflow"] == {"name": "ci"}
    assert contexts["nodes"][4]["creator"] is None
    assert (found["short"]["oid"], found["tag"]["__typename"], found["ref"]["target"]["oid"]) == (FIX, "Tag", HEAD)
    assert body["data"]["rateLimit"]["cost"] == 1
    assert server.unset == set()
    assert server.requests[-1].variables["number"] == 529


def test_a_closer_is_found_told_or_none(server, world):
    apex = world.named("acme/apex")
    apex.issue(540, state="CLOSED", closed=LATER, reason="DUPLICATE", closer=None)
    apex.issue(541, state="CLOSED", closed=LATER, closer=apex.thread(454))
    apex.pull(455, state="MERGED", merged=CLOSED, closes=[540, "acme/desktop#41"])
    apex.thread(540).connect(apex.thread(454), LATER)
    fields = "{ stateReason known: stateReason(enableDuplicate: true) closedByPullRequestsReferences(first: 9, includeClosedPrs: true, userLinkedOnly: MANUAL) { nodes { number } } timelineItems(first: 9, itemTypes: CLOSED_EVENT) { nodes { ... on ClosedEvent { closer { __typename ... on PullRequest { number } ... on Commit { oid } } } } } }"

    def issue(number, manual="false"):
        start = f'{{ repository(owner: "acme", name: "apex") {{ issue(number: {number}) '
        return ask(server, start + fields.replace("MANUAL", manual) + "} }").json()["data"]["repository"]["issue"]

    def closer(number):
        return issue(number)["timelineItems"]["nodes"][0]["closer"]

    assert (closer(540), closer(530)) == (None, {"__typename": "Commit", "oid": FIX})
    assert closer(541) == {"__typename": "PullRequest", "number": 454}
    assert (issue(540)["stateReason"], issue(540)["known"]) == ("NOT_PLANNED", "DUPLICATE")
    assert issue(540)["closedByPullRequestsReferences"] == {"nodes": [{"number": 455}, {"number": 454}]}
    assert issue(540, "true")["closedByPullRequestsReferences"] == {"nodes": [{"number": 454}]}
    query = 'query($n: Int!) { repository(owner: "acme", name: "apex") { pullRequest(number: $n) { closingIssuesReferences(first: 9) { nodes { number } } } } }'
    told = [ask(server, query, n=number).json()["data"]["repository"]["pullRequest"] for number in (455, 454)]
    numbers = [[one["number"] for one in pull["closingIssuesReferences"]["nodes"]] for pull in told]
    assert numbers == [[540, 41], [529, 540]]


def test_the_client_of_the_project_reads_it(server):
    from github import Auth, Github

    with Github(auth=Auth.Token(TOKEN), base_url=server.url, retry=None, seconds_between_requests=None) as client:
        repository = client.get_repo("acme/apex")
        issue = repository.get_issue(529)
        assert (issue.title, issue.closed_by.login, issue.comments) == ("It breaks", "bob", 2)
        events = {one.event for one in repository.get_issue(531).get_timeline()}
        assert {"closed", "reopened", "cross-referenced", "referenced", "marked_as_duplicate", "locked"} <= events
        assert {one.body for one in issue.get_comments()} == {"seen too", "gone"}
        assert repository.get_issue(533).repository.full_name == "acme/desktop"
        assert [run.conclusion for run in repository.get_commit(FIX).get_check_runs()] == ["success", "failure", None]
        _, body = client.requester.graphql_query("query { viewer { login } }", {})
        assert body["data"] == {"viewer": {"login": "alice"}}
    assert check_rest(server.requests) > 6


def test_connections_page_both_ways(server):
    comments = 'query($after: String, $before: String) { repository(owner: "acme", name: "apex") { issue(number: 529) { comments(%s) { nodes { body } pageInfo { endCursor startCursor hasNextPage hasPreviousPage } } } } }'

    def page(bounds, **variables):
        body = ask(server, comments % bounds, **variables).json()
        return body["data"]["repository"]["issue"]["comments"]

    first = page("first: 1, after: $after, before: $before")
    second = page("first: 1, after: $after, before: $before", after=first["pageInfo"]["endCursor"])
    assert ([one["body"] for one in second["nodes"]], second["pageInfo"]["hasNextPage"]) == (["gone"], False)
    back = page("last: 1, after: $after, before: $before", before=second["pageInfo"]["startCursor"])
    assert back["nodes"] == first["nodes"]
    assert back["pageInfo"]["hasNextPage"] is True


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ repository(owner: "acme", name: "apex") { colour } }', "undefinedField"),
        ('{ repository(owner: "acme", nom: "apex") { id } }', "argumentNotAccepted"),
        ('{ repository(owner: "acme") { id } }', "missingRequiredArguments"),
        ("{ viewer }", "selectionMismatch"),
        ("{ viewer { ... on Nobody { id } } }", "undefinedType"),
        ("query($n: Int) { viewer { login } }", "variableNotUsed"),
        ("{ viewer { ...facts } }", "useAndDefineFragment"),
        ('{ repository(owner: "acme", name: "apex") { issues(first: 1, states: [DONE]) { totalCount } } }', "argumentLiteralsIncompatible"),
    ],
)  # fmt: skip
def test_a_query_that_the_schema_refuses_is_refused(server, query, code):
    answer = ask(server, query)
    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["extensions"]["code"] == code


def test_what_github_refuses_beyond_its_schema_is_refused(server):
    start = '{ repository(owner: "acme", name: "apex") { '
    for rest, kind in (
        ("issues { totalCount } } }", "MISSING_PAGINATION_BOUNDARIES"),
        ("issues(first: 101) { totalCount } } }", "EXCESSIVE_PAGINATION"),
    ):
        body = ask(server, start + rest).json()
        assert (body["data"], body["errors"][0]["type"]) == (None, kind)
    assert "Parse error" in ask(server, "{ viewer {").json()["errors"][0]["message"]
    body = ask(server, 'query($n: Int!) { repository(owner: "acme", name: "apex") { issue(number: $n) { id } } }').json()  # fmt: skip
    assert "data" not in body
    assert body["errors"][0]["message"].startswith("Variable")
    body = ask(server, '{ repository(owner: "acme", name: "secret") { id } }').json()
    assert (body["data"], body["errors"][0]["type"]) == ({"repository": None}, "NOT_FOUND")


def test_a_moved_issue_is_told_by_rest_and_not_by_graphql(server):
    moved = get(server, f"{R}/issues/533")
    assert [one.status_code for one in moved.history] == [301]
    assert (moved.json()["number"], moved.json()["repository_url"]) == (42, f"{server.url}/repos/acme/desktop")
    assert get(server, f"{R}/issues/533/comments").status_code == 404
    body = ask(server, '{ repository(owner: "acme", name: "apex") { issue(number: 533) { id } } }').json()
    assert body["errors"][0]["type"] == "NOT_FOUND"
    assert get(server, "/repos/acme/old/issues/529").json()["number"] == 529
    assert get(server, f"{R}/issues/7").status_code == 410


def test_listings_follow_links(server):
    found, path = [], f"{R}/issues?state=all&per_page=3"
    while path:
        answer = get(server, path)
        found += [one["number"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url", "").removeprefix(server.url)
    assert sorted(found) == [453, 454, 529, 530, 531, 532]
    assert server.count("/issues") == 2
    assert get(server, f"{R}/issues?state=all&per_page=100&page=101").status_code == 422


def test_headers_are_those_of_github(server, world):
    answer = get(server, f"{R}/issues/529")
    assert parsedate_to_datetime(answer.headers["Date"]).utcoffset().total_seconds() == 0
    assert answer.headers["X-RateLimit-Remaining"] == "4999"
    assert answer.headers["X-OAuth-Scopes"] == "repo"
    assert answer.headers["X-GitHub-Request-Id"]
    same = get(server, f"{R}/issues/529", headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    world.remaining = 0
    assert get(server, f"{R}/issues/529").status_code == 403
    assert get(server, "/rate_limit").json()["rate"]["remaining"] == 0
    assert ask(server, "{ viewer { login } }").json()["errors"][0]["type"] == "RATE_LIMITED"


def test_only_the_right_token_is_let_in(server):
    wrong = get(server, f"{R}/issues/529", token=WRONG)
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    assert get(server, f"{R}/issues/529", token=None).status_code == 401
    assert ask(server, "{ viewer { login } }", token=WRONG).status_code == 401
    assert (server.holds(WRONG), server.holds(TOKEN)) == (True, False)


def test_a_host_without_graphql_has_prefixes(github_schema):
    world = World(graphql=False)
    world.repository("acme/apex").issue(1)
    with GitHub(world, github_schema, rest="/api/v3", graphql="/api/graphql") as server:
        assert ask(server, "{ viewer { login } }").status_code == 404
        assert get(server, f"{R}/issues/1").json()["url"] == f"{server.url}/repos/acme/apex/issues/1"
        assert [one.path for one in server.requests] == ["/graphql", f"{R}/issues/1"]


PATH = f"{R}/issues/529"


def test_answers_can_be_replaced(server):
    for fault, code in ((reply(502), 502), (html(), 200), (reply(401), 401), (reply(202, {}), 202)):
        server.clear()
        server.fault(fault, when="/issues/", times=1, after=1)
        assert [get(server, PATH).status_code for _ in range(3)] == [200, code, 200]
        assert (fault.met, fault.happened) == (3, 1)
    server.clear()
    server.fault(not_json("null"), when=1)
    server.fault(not_json(), when=2)
    assert get(server, PATH).json() is None
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(server, PATH).json()


def test_connections_can_break(server):
    server.fault(reset(), when=1)
    server.fault(reset(before=True), when=2)
    server.fault(cut(10), when=3)
    server.fault(wrong_length(+7), when=4)
    for _ in range(4):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            get(server, PATH)
    assert [one.status for one in server.requests] == [200, 0, 200, 200]
    assert get(server, PATH).status_code == 200


@pytest.mark.parametrize("kind", ["garbage", "plain", "sum"])
def test_compression_can_be_broken(server, kind):
    server.fault(bad_gzip(kind))
    with pytest.raises((requests.exceptions.ContentDecodingError, gzip.BadGzipFile)):
        get(server, PATH)


def test_a_body_can_drip_and_can_be_shorter_than_said(server):
    server.fault(drip(0.002), when=1)
    server.fault(wrong_length(-7), when=2)
    begun = time.monotonic()
    assert get(server, "/meta").json()
    assert time.monotonic() - begun > 0.05
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(server, PATH).json()


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_lead_anywhere(server, code):
    server.fault(redirect(f"{server.url}{R}/issues/530", code), when=PATH)
    assert get(server, PATH).json()["number"] == 530


@pytest.mark.parametrize("wait", [None, 3, 0, -1, 10**9, "Wed, 10 Sep 2025 10:00:00 GMT", "soon"])
def test_limits_say_when(server, wait):
    server.fault(limited(429, retry_after=wait, remaining=0, reset=1), when="/issues/")
    answer = get(server, PATH)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == (None if wait is None else str(wait))
    assert (answer.headers["X-RateLimit-Remaining"], answer.headers["X-RateLimit-Reset"]) == ("0", "1")


def test_graphql_can_be_partial(server):
    query = '{ repository(owner: "acme", name: "apex") { a: issue(number: 529) { title } } }'
    server.fault(null_at("repository", "a"), when=1)
    server.fault(null_at("repository", "a", error=None), when=2)
    server.fault(reply(502), when=larger_than(1000))
    server.fault(limited_graphql(), when=5)
    first, second, third = (ask(server, query).json() for _ in range(3))
    assert first["data"]["repository"]["a"] is second["data"]["repository"]["a"] is None
    assert (first["errors"][0]["path"], "errors" in second) == (["repository", "a"], False)
    assert third["data"]["repository"]["a"]["title"] == "It breaks"
    assert ask(server, query + " " * 1000).status_code == 502
    assert ask(server, query).json()["errors"][0]["type"] == "RATE_LIMITED"


def test_a_facts_change_shows_in_both(server, world):
    repository = world.named("acme/apex")
    repository.thread(529).data["title"] = "Another"
    repository.thread(529).reopen("2025-09-12T10:00:00Z")
    assert (get(server, PATH).json()["title"], get(server, PATH).json()["state_reason"]) == ("Another", "reopened")
    body = ask(server, '{ repository(owner: "acme", name: "apex") { issue(number: 529) { state updatedAt } } }').json()
    assert body["data"]["repository"]["issue"] == {"state": "OPEN", "updatedAt": "2025-09-12T10:00:00Z"}


def test_the_emulator_answers_behind_its_proxy(emulator, github_rest):
    number = emulator.issue("acme/apex", "It breaks", "text", labels=["bug"])
    emulator.comment("acme/apex", number, "seen too", by="bob")
    emulator.label("acme/apex", number, "triaged")
    sha = emulator.commit("acme/apex", {"a.py": "a = 1\n"}, "fix: mend it", branch="mend")
    emulator.check_run("acme/apex", sha, "ci / unit")
    pull = emulator.pull("acme/apex", "Mend it", head="mend", body=f"Fixes #{number}")
    emulator.merge("acme/apex", pull)
    emulator.close("acme/apex", number, "completed")
    emulator.reopen("acme/apex", number)
    emulator.close("acme/apex", number, "not_planned")
    assert (number, pull) == (1, 2)
    assert emulator.requests == []
    token = emulator.token
    told = get(emulator, f"{R}/issues/{number}", token).json()
    assert (told["state"], told["state_reason"], told["comments"]) == ("closed", "not_planned", 1)
    assert told["url"].startswith(emulator.url)
    assert get(emulator, f"{R}/issues/{number}/comments", token).json()[0]["user"]["login"] == "bob"
    assert get(emulator, f"{R}/pulls/{pull}", token).json()["merged"] is True
    runs = get(emulator, f"{R}/commits/{sha}/check-runs", token).json()["check_runs"]
    assert [run["name"] for run in runs] == ["ci / unit"]
    assert get(emulator, f"{R}/issues/{number}", "wrong").json()["message"] == "Bad credentials"
    assert get(emulator, f"{R}/issues/{number}", None).status_code == 401
    assert get(emulator, "/graphql", token).status_code == 404
    assert emulator.count("/issues/") == 4
    assert check_rest(emulator.requests[:1]) == 1


def test_two_emulators_run_side_by_side():
    with Emulator(["acme/apex", "alice/tool"]) as one, Emulator(["acme/apex"], token=WRONG) as two:
        one.issue("acme/apex", "first")
        assert one.issue("alice/tool", "of its own") == 1
        assert two.issue("acme/apex", "another") == 1
        assert get(two, f"{R}/issues/1", WRONG).json()["title"] == "another"


def test_git_clones_over_http(tmp_path):
    source = Repository(tmp_path / "source")
    sha = source.commit({"a.py": "a = 1\n"})
    with GitServer(tmp_path / "hosted", token=TOKEN) as hosting:
        url = hosting.host("acme/apex", source.folder)
        with pytest.raises(AssertionError, match=r"Authentication failed|could not read"):
            run_git(tmp_path, "clone", "-q", url, "refused", GIT_TERMINAL_PROMPT="0")
        inside = url.replace("http://", f"http://x-access-token:{TOKEN}@")
        run_git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", inside, "cloned")
        assert run_git(tmp_path / "cloned", "rev-parse", "main").decode().strip() == sha
        later = source.commit({"b.py": "b = 1\n"})
        hosting.host("acme/apex", source.folder)
        run_git(tmp_path / "cloned", "fetch", "-q", "--depth=1", inside.removesuffix(".git"), "main")
        assert run_git(tmp_path / "cloned", "rev-parse", "FETCH_HEAD").decode().strip() == later
        with pytest.raises(AssertionError, match=r"403|not permitted|denied"):
            run_git(source.folder, "push", "-q", inside, "main:other")
        with pytest.raises(AssertionError, match="not found"):
            run_git(tmp_path, "ls-remote", inside.replace("apex", "none"))
    assert hosting.requests[0].status == 401
    assert any(one.status == 200 for one in hosting.requests)


def test_the_lock_file_names_no_addresses():
    from github_counterparts import FOLDER

    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
    assert "://" not in json.dumps(lock)
    wanted = json.loads((FOLDER / "package.json").read_text("utf-8"))["devDependencies"]
    assert all(version.replace(".", "").isdigit() for version in wanted.values())


def test_a_counterpart_that_cannot_be_had_is_loud(monkeypatch):
    from github_counterparts import Missing, give_up

    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="node and npm"):
        give_up(Missing("node and npm"))
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED: node and npm"):
        give_up(Missing("node and npm"))
