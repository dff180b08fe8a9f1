"""Drafts of decision files: what GitHub links, in a text that the grammar takes, whatever is in titles and bodies."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from triage.clusters import drafting, graph, reading
from triage.clusters.grammar import Declined, Open, Resolved
from triage.model import (
    Actor,
    CommitFact,
    Event,
    IssueFact,
    Kept,
    MissingFact,
    MovedFact,
    Name,
    PullFact,
    Severity,
    Unread,
)
from triage.tracker import Tracked

HOME = "acme/apex"
DAY = date(2025, 11, 20)
START = datetime(2025, 9, 1, 12, tzinfo=UTC)
SHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
DIGITS = "1234567890123456789012345678901234567890"


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def issue(number: int = 623, *, home: str = HOME, title: str = "Login fails", state: str = "open", **more) -> IssueFact:
    closed = at(9) if state == "closed" else None
    more = {"reason": "completed" if closed else None, "events": (), "pulls": (), "sub_issues": (), **more}
    return IssueFact(
        number, home, title, state, more.pop("reason"), START, closed, "alice" if closed else None, at(20), **more
    )


def pull(number: int, *, home: str = HOME, state: str = "merged", title: str = "Keep sessions") -> PullFact:
    merged = at(8) if state == "merged" else None
    closed = None if state == "open" else at(8)
    return PullFact(number, home, title, state, at(1), closed, merged, None, "main", SHA, home, at(20))


def commit(sha: str = SHA, subject: str = "fix: sessions") -> CommitFact:
    return CommitFact(sha, HOME, subject, at(7), at(7), at(20))


def named(fact) -> Kept:
    what = getattr(fact, "number", None) or getattr(fact, "sha", None) or fact.what
    return Kept(fact.repository, str(what), fact)


def drafted(*facts, numbers=(623,), **more):
    tracked = Tracked([named(fact) for fact in facts], HOME)
    return drafting.draft(numbers, HOME, tracked, tracked.known, day=DAY, **more).text


def read(text: str) -> reading.ClusterFile:
    """The draft as a decision file, in which lint finds no error, and of warnings only that evidence is missing."""
    file = reading.parse(text.encode("utf-8"), "clusters/623.yaml")
    findings = graph.lint([file])
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    assert {one.rule for one in findings} <= {"no-evidence"}
    return file


def test_sub_issues_that_are_more_than_were_read_are_parts_that_are_not_proven():
    beyond = issue(state="closed", sub_issues=None, how="GraphQL")
    assert decided(beyond).parts == "github"
    assert not decided(issue(state="closed", sub_issues=None, how="REST")).parts


def test_links_that_rest_does_not_tell_are_not_said_to_be_none():
    for how, words in (("REST", "by REST GitHub does not tell which"), ("GraphQL", "was not read to the end")):
        text = drafted(issue(state="closed", pulls=None, how=how))
        assert words in text
        assert "GitHub links no" not in text
        read(text)
    assert "GitHub links no merged change" in drafted(issue(state="closed"))


def decided(*facts, number: int = 623, **more):
    return read(drafted(*facts, **more)).cluster.issues[number]


def close(hours: int = 9, **more) -> Event:
    return Event("closed", at(hours), Actor("alice"), **more)


def closed_by_pull(number: int = 453, home: str = HOME, hours: int = 9) -> Event:
    return close(hours, other=Name(home, number), other_is_pull=True)


# -- decisions and evidence -----------------------------------------------------------------------------


def test_a_merged_pull_request_that_closed_it_is_evidence():
    fact = issue(state="closed", events=(closed_by_pull(),), pulls=(Name(HOME, 453),))
    decision = decided(fact, pull(453))
    assert isinstance(decision, Resolved)
    assert [(one.kind, one.pull) for one in decision.evidence] == [("pull", 453)]


@pytest.mark.parametrize("sha", [SHA, DIGITS, "0b" + "1" * 38, "1" * 20 + "e" + "2" * 19])
@pytest.mark.parametrize("known", [True, False])
def test_a_commit_that_closed_it_is_evidence_with_its_subject_where_that_is_known(sha, known):
    fact = issue(state="closed", events=(close(commit=sha, commit_repository=HOME),))
    decision = decided(fact, *([commit(sha, "fix:  two  spaces")] if known else []))
    assert [(one.commit, one.subject) for one in decision.evidence] == [(sha, "fix:  two  spaces" if known else None)]


def test_only_the_closer_of_the_last_close_is_evidence():
    events = (close(2, commit=SHA, commit_repository=HOME), Event("reopened", at(3)), closed_by_pull())
    decision = decided(issue(state="closed", events=events), pull(453))
    assert [one.kind for one in decision.evidence] == ["pull"]


def test_what_closed_it_before_it_was_reopened_is_no_evidence_for_now():
    events = (close(2, commit=SHA, commit_repository=HOME), Event("reopened", at(3)))
    text = drafted(issue(events=events))
    assert isinstance(read(text).cluster.issues[623], Open)
    assert "# 1a2b3c4d5 closed it on 2025-09-01, and it was reopened on 2025-09-01" in text


def test_a_merged_pull_request_that_is_still_linked_stays_evidence_after_a_reopening():
    events = (closed_by_pull(hours=2), Event("reopened", at(3)))
    text = drafted(issue(events=events, pulls=(Name(HOME, 453),)), pull(453))
    decision = read(text).cluster.issues[623]
    assert [one.pull for one in decision.evidence] == [453]
    assert "# open on GitHub" in text
    assert "was merged: is it resolved?" in text


@pytest.mark.parametrize(("state", "words"), [("open", "still open"), ("closed", "closed without being merged")])
def test_a_pull_request_that_was_not_merged_is_no_evidence_and_is_remarked_on(state, words):
    text = drafted(issue(pulls=(Name(HOME, 453),)), pull(453, state=state))
    assert isinstance(read(text).cluster.issues[623], Open)
    assert f"# pull request #453 is linked, and {words}, so it is no evidence: Keep sessions" in text


@pytest.mark.parametrize(
    ("events", "cited"),
    [
        ((Event("connected", at(1), other=Name(HOME, 453), other_is_pull=True),), [453]),
        (
            (
                Event("connected", at(1), other=Name(HOME, 453), other_is_pull=True),
                Event("disconnected", at(2), other=Name(HOME, 453), other_is_pull=True),
            ),
            [],
        ),
        (
            (
                Event("disconnected", at(1), other=Name(HOME, 453), other_is_pull=True),
                Event("connected", at(2), other=Name(HOME, 453), other_is_pull=True),
            ),
            [453],
        ),
        ((Event("cross-referenced", at(1), other=Name(HOME, 453), other_is_pull=True, closes=True),), [453]),
        ((Event("cross-referenced", at(1), other=Name(HOME, 453), other_is_pull=True, closes=False),), []),
    ],
)
def test_which_links_make_a_merged_pull_request_evidence(events, cited):
    text = drafted(issue(events=events), pull(453))
    assert [one.pull for one in read(text).cluster.issues[623].evidence] == cited


def test_a_merged_pull_request_that_only_names_it_is_remarked_on():
    event = Event("cross-referenced", at(1), other=Name(HOME, 453), other_is_pull=True, other_title="Keep sessions")
    assert "# pull request #453 names it and was merged: Keep sessions" in drafted(issue(events=(event,)), pull(453))


def test_what_is_of_another_repository_is_no_evidence_but_related():
    away = "acme/desktop"
    events = (closed_by_pull(7, away), Event("cross-referenced", at(1), other=Name(away, 8), other_title="Same there"))
    text = drafted(issue(state="closed", events=events), pull(7, home=away, title="Mend it there"))
    decision = read(text).cluster.issues[623]
    assert decision.evidence == ()
    assert [(str(one.issue), one.note) for one in decision.related] == [
        ("acme/desktop#7", "Mend it there"),
        ("acme/desktop#8", "Same there"),
    ]
    commit_away = drafted(issue(state="closed", events=(close(commit=SHA, commit_repository=away),)))
    assert read(commit_away).cluster.issues[623].evidence == ()
    assert "# commit acme/desktop@1a2b3c4d5 closed it: evidence is of this repository" in commit_away


def test_not_planned_is_declined_and_cites_nothing():
    text = drafted(issue(state="closed", reason="not_planned", pulls=(Name(HOME, 453),)), pull(453))
    decision = read(text).cluster.issues[623]
    assert (decision.decision, decision.reason, decision.of, decision.evidence) == ("declined", "not_planned", None, ())
    assert "linked, and not cited for this decision: pull request #453" in text


def duplicate(of: int, hours: int = 4, home: str = HOME, kind: str = "duplicate") -> Event:
    return Event(kind, at(hours), other=Name(home, of))


@pytest.mark.parametrize("reason", ["duplicate", "not_planned", None])
def test_a_duplicate_is_declined_and_its_canonical_issue_stands_in_the_file(reason):
    fact = issue(state="closed", reason=reason, events=(duplicate(372),))
    file = read(drafted(fact, issue(372, title="Handshake race")))
    decision = file.cluster.issues[623]
    assert isinstance(decision, Declined)
    assert (decision.reason, decision.of.number) == ("duplicate", 372)
    assert file.cluster.issues[372].decision == "open"


def test_an_undone_mark_of_a_duplicate_is_none():
    events = (duplicate(372), duplicate(372, 5, kind="not-duplicate"))
    assert decided(issue(events=events)).decision == "open"
    again = (*events, duplicate(400, 6))
    assert decided(issue(events=again), issue(400)).of.number == 400
    other = (duplicate(372), duplicate(400, 5, kind="not-duplicate"))
    assert decided(issue(events=other), issue(372)).of.number == 372


def test_a_duplicate_of_nobody_knows_what_is_left_open_with_the_words_to_write():
    text = drafted(issue(state="closed", reason="duplicate"))
    assert read(text).cluster.issues[623].decision == "open"
    assert "decision: declined, reason: duplicate, of: N" in text


def test_a_completed_issue_stays_resolved_though_it_was_marked_as_a_duplicate():
    text = drafted(issue(state="closed", events=(duplicate(372),)))
    assert read(text).cluster.issues[623].decision == "resolved"
    assert "# it was also marked as a duplicate of #372" in text


def test_a_duplicate_of_an_issue_abroad_names_it_whole():
    decision = decided(issue(state="closed", reason="duplicate", events=(duplicate(41, home="acme/desktop"),)))
    assert str(decision.of) == "acme/desktop#41"


def test_chains_of_duplicates_end_where_they_end_and_circles_have_no_first():
    def of(number: int, target: int) -> IssueFact:
        return issue(number, state="closed", reason="duplicate", events=(duplicate(target),))

    chain = read(drafted(of(623, 2), of(2, 3), issue(3))).cluster.issues
    assert (chain[623].of.number, chain[2].of.number, chain[3].decision) == (3, 3, "open")
    circle = read(drafted(of(623, 2), of(2, 3), of(3, 623))).cluster.issues
    assert "open" in {one.decision for one in circle.values()}
    assert decided(of(623, 623)).decision == "open"


@pytest.mark.parametrize(
    "fact",
    [
        MovedFact(372, HOME, Name("acme/desktop", 4), at(20)),
        MissingFact("372", HOME, at(20)),
        pull(372),
        Unread("GitHub was not read"),
    ],
)
def test_a_canonical_issue_that_is_none_is_named_with_what_it_is(fact):
    known = [fact] if not isinstance(fact, Unread) else []
    text = drafted(issue(state="closed", reason="duplicate", events=(duplicate(372),)), *known)
    assert read(text).cluster.issues[372].decision == "open"


def test_issues_that_are_duplicates_of_it_are_listed_once():
    away = issue(41, home="acme/desktop", events=(duplicate(623),))
    here = issue(640, events=(duplicate(623),))
    undone = issue(641, events=(duplicate(623), duplicate(623, 5, kind="not-duplicate")))
    related = Event("cross-referenced", at(1), other=Name(HOME, 640), other_title="Same")
    decision = decided(issue(events=(related,)), here, away, undone)
    assert [str(one) for one in decision.duplicates] == ["#640", "acme/desktop#41"]
    assert decision.related == ()
    both = read(drafted(issue(), here, numbers=(623, 640))).cluster.issues
    assert both[623].duplicates == ()
    assert both[640].of.number == 623


def test_an_unread_issue_is_open_or_what_is_given_resolves_it():
    assert decided().decision == "open"
    given_ = drafting.Given((SHA[:9],), (453,), ("tests/a.py::test_b",), "reports/junit.xml", SHA[:9])
    decision = decided(given=given_)
    assert decision.decision == "resolved"
    assert [one.kind for one in decision.evidence] == ["commit", "pull", "test"]
    assert decision.evidence[2].in_.file == "reports/junit.xml"
    assert decision.evidence[2].at == SHA[:9]


def test_what_is_given_comes_beside_what_is_linked_and_overrides_the_state():
    linked = issue(state="closed", reason="not_planned", events=(closed_by_pull(),), pulls=(Name(HOME, 453),))
    decision = decided(linked, pull(453), given=drafting.Given((SHA,), (453,)))
    assert decision.decision == "resolved"
    assert [one.kind for one in decision.evidence] == ["pull", "commit"]


def test_the_decision_is_left_to_a_person():
    text = drafted(issue(state="closed"))
    assert "# decided: {date: 2025-11-20, by: YOUR-LOGIN}" in text
    assert "by: alice}" in drafted(issue(), by="alice")
    assert "by: YOUR-LOGIN}" in drafted(issue(), by="al\nice}")
    assert read(text).cluster.decided is None
    assert text.startswith("# yaml-language-server: $schema=./cluster.schema.json\ncluster: 623\n")
    assert read(text).cluster.repository == HOME


# -- parts and criteria ---------------------------------------------------------------------------------


def test_sub_issues_are_the_parts_and_go_before_a_list_of_numbers():
    body = "- [ ] #12\n- [x] #13\n- [ ] acme/desktop#4\n- [ ] #623\n- [ ] write it\n"
    assert decided(issue(sub_issues=(Name(HOME, 9),), body=body)).parts == "github"
    decision = decided(issue(body=body))
    assert [str(one) for one in decision.parts] == ["#12", "#13", "acme/desktop#4"]
    assert [one.says for one in decision.criteria] == ["write it"]


def test_no_issue_is_made_a_part_of_itself():
    one, two, three = issue(623, body="- [ ] #2"), issue(2, body="- [ ] #3"), issue(3, body="- [ ] #623\n- [ ] #7")
    issues = read(drafted(one, two, three, numbers=(623, 2, 3))).cluster.issues
    assert [str(part) for part in issues[3].parts] == ["#7"]


BODY = """\
Steps

- [ ] one
* [x] two
+ [X] three
1. [ ] four
2) [ ] five
   - [ ] nested
- [ ]
- [] no box
-[ ] no space
- no task
[ ] no item

```
- [ ] fenced
```

~~~text
- [ ] tildes
```
- [ ] still tildes
~~~

<!-- - [ ] hidden -->
<!--
- [ ] hidden below
-->
- [ ] after <!-- quietly --> all

Text

    - [ ] code
"""


def test_task_lists_outside_of_fences_and_comments_are_criteria():
    says = [one.says for one in decided(issue(body=BODY)).criteria]
    assert says == ["one", "two", "three", "four", "five", "nested", "after all"]


def tasks_by_markdown(body: str) -> set[str]:
    """The oracle: the first line of each list item of CommonMark that begins with a box."""
    found = set()
    tokens = MarkdownIt("commonmark").parse(body)
    for before, token in itertools.pairwise(tokens):
        if token.type == "inline" and before.type == "paragraph_open":
            first = token.content.split("\n")[0]
            if first[:4].lower() in ("[ ] ", "[x] "):
                found.add(" ".join(first[4:].split()))
    return found


LINES = st.sampled_from(
    ["- [ ] one", "* [x] two", "  - [ ] three", "1. [ ] four", "```", "~~~", "text", "", "    - [ ] five", "> quoted"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=8))
def test_no_task_is_made_up_that_markdown_does_not_have(lines):
    body = "\n".join(lines)
    ours = {one.says for one in decided(issue(body=body)).criteria}
    assert ours <= tasks_by_markdown(body)


def test_long_lists_are_cut_and_said_to_be():
    body = "\n".join(f"- [ ] task {number}" for number in range(120))
    text = drafted(issue(body=body))
    assert len(read(text).cluster.issues[623].criteria) == drafting.MANY
    assert "# and 70 more on GitHub" in text


# -- whatever stands there ------------------------------------------------------------------------------

HOSTILE = [
    "",
    " ",
    '"',
    "\\",
    "'",
    ": ",
    " #",
    "- [ ] ",
    "{a: b}",
    "[",
    "]",
    "&a *a",
    "!!python/object",
    "%YAML 1.1",
    "---",
    "...",
    "|",
    ">-",
    "?",
    "@alice",
    "@acme/team",
    "fixes #12",
    "Closes: https://example.org/acme/apex/issues/1",
    "Duplicate of #5",
    "`@bob`",
    "``",
    "`",
    "```",
    "<!-- triage:v1 -->",
    "-->",
    "\x00",
    "\x07",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ufffe",
    "\u202e",
    "\u200d",
    "👩‍👩‍👧",
    "\ud800",
    "\udfff",
    "\U000e0001",
    "\r",
    "\n",
    "\t",
    "é",
    "漢字",
    "null",
    "~",
    "1e5",
    "#7",
]
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=5), max_size=12).map("".join)
BODIES = st.lists(
    st.tuples(st.sampled_from(["- [ ] ", "* [x] ", "1. [ ] ", "  - [ ] ", "```", "<!--", ""]), TEXTS).map("".join),
    max_size=8,
).map("\n".join)
NAMES = st.builds(
    Name, st.sampled_from([HOME, "ACME/Apex", "acme/desktop", "we_ird/x", "a b/c", ""]), st.integers(1, 9)
)
EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(
            ["closed", "reopened", "duplicate", "not-duplicate", "cross-referenced", "connected", "disconnected"]
        ),
        st.integers(1, 9).map(at),
        commit=st.none() | st.sampled_from([SHA, DIGITS, "nonsense", "x: y"]),
        commit_repository=st.none() | st.sampled_from([HOME, "acme/desktop", "\n: -"]),
        other=st.none() | NAMES,
        other_is_pull=st.booleans(),
        other_title=st.none() | TEXTS,
        closes=st.booleans(),
    ),
    max_size=6,
).map(tuple)
ISSUES = st.builds(
    issue,
    st.integers(1, 9),
    title=TEXTS,
    state=st.sampled_from(["open", "closed"]),
    reason=st.sampled_from(["completed", "not_planned", "duplicate", None]),
    body=BODIES,
    events=EVENTS | st.none(),
    pulls=st.none() | st.lists(NAMES, max_size=3).map(tuple),
    sub_issues=st.none() | st.lists(NAMES, max_size=2).map(tuple),
)
PULLS = st.builds(
    pull, st.integers(1, 9), title=TEXTS, state=st.sampled_from(["open", "closed", "merged"]), home=st.just(HOME)
)
COMMITS = st.builds(commit, st.sampled_from([SHA, DIGITS]), TEXTS)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(ISSUES | PULLS | COMMITS, max_size=8),
    st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True),
    st.booleans(),
)
def test_a_draft_is_a_clean_decision_file_whatever_stands_on_github(facts, numbers, something_given):
    tracked = Tracked([named(fact) for fact in facts], HOME)
    more = drafting.Given(("1234567", SHA), (3,), ("a\n'b", '"'), "x: #.xml", "1234567") if something_given else None
    text = drafting.draft(numbers, HOME, tracked, tracked.known, day=DAY, given=more).text
    file = read(text)
    assert set(numbers) <= set(file.cluster.issues)
    assert "\r" not in text
    assert all(character.isprintable() or character == "\n" for character in text)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_titles_come_through_and_nothing_in_them_is_live(title):
    file = read(
        drafted(issue(title=title, events=(Event("cross-referenced", at(1), other=Name(HOME, 7), other_title=title),)))
    )
    wanted = " ".join("".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in title).split())
    assert (file.cluster.title or "") == wanted[: drafting.LONGEST] or len(wanted) > drafting.LONGEST
    assert not drafting._is_live(drafting.harmless(wanted))
    if not drafting._is_live(wanted):
        assert drafting.harmless(wanted) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("ask @alice", "ask `@alice`"),
        ("fixes #12 and @bob", "`fixes #12` and `@bob`"),
        ("`@bob` is fine", "`@bob` is fine"),
        ("` @bob", "`' @bob`"),
        ("closes fixes #1 #2", "`closes fixes #1 #2`"),
    ],
)
def test_how_live_words_are_put_to_rest(text, wanted):
    assert drafting.harmless(text) == wanted


def test_the_largest_body_of_github_makes_a_draft():
    body = "- [ ] \U000e0001@alice fixes #1 `\n" * 3000
    read(drafted(issue(title="\U000e0001" * 65_536, body=body[:65_536])))
