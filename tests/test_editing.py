from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from triage.clusters import editing, nodes, reading
from triage.clusters.editing import Wanted, decide, write
from triage.clusters.nodes import Mapping, Refused, Source
from triage.clusters.values import IssueName
from triage.errors import AskedWrongly, TriageError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = """\
# the cluster
cluster: 529
issues:
  529: {decision: resolved, because: Done.}  # first
  514:
    title: 'Factory'   # a title
    decision: sequential  # not yet
    order: 2  # second
    after:
      - 529  # the first
    because: Takes in 506.
    # the end of 514
  506:
    decision: merged
    into: 514
    carried: [Roadmap, "A, B"]
statements:
  - {says: It works, by: alice, date: 2025-09-12}
"""


def edit(text: str, issue: int, decision: str, **wanted: Any) -> str:
    return decide(text.encode(), "529.yaml", issue, Wanted(decision, **wanted)).content.decode()


def with_issue(issue: str) -> str:
    return f"cluster: 1\nissues:\n{issue}  2: {{decision: open}}\n"


def issue_of(content: bytes | str, number: int) -> Any:
    content = content.encode() if isinstance(content, str) else content
    return reading.parse(content, "f").cluster.issues[number]


# -- what is replaced, inserted and removed -----------------------------------------------------------


def test_keys_of_the_old_decision_go_with_the_comments_on_their_lines() -> None:
    edited = decide(BLOCK.encode(), "529.yaml", 514, Wanted("open"))
    gone = "    order: 2  # second\n    after:\n      - 529  # the first\n"
    assert edited.content.decode() == BLOCK.replace(gone, "").replace("sequential", "open")
    assert edited.removed == (("order", "2"), ("after", "- 529"))
    assert edited.changed == ("decision: sequential -> open",)


def test_missing_keys_stand_right_after_the_decision() -> None:
    assert edit(BLOCK, 506, "declined", of=514) == BLOCK.replace(
        '    decision: merged\n    into: 514\n    carried: [Roadmap, "A, B"]\n',
        "    decision: declined\n    reason: duplicate\n    of: 514\n",
    )


def test_a_comment_beside_the_decision_stays_beside_it() -> None:
    assert "    decision: merged  # not yet\n    into: 529\n    because" in edit(BLOCK, 514, "merged", into=529)


def test_a_flow_mapping_stays_one() -> None:
    expected = "  529: {decision: merged, into: 514, because: Done.}  # first\n"
    assert expected in edit(BLOCK, 529, "merged", into=514)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{decision: merged, into: 3, carried: [a]}", "{decision: open}"),
        ("{into: 3, decision: merged, carried: [a]}", "{decision: open}"),
        ("{into: 3, carried: [a, {x: y}], decision: merged}", None),
        ("{into: 3, carried: [a], decision: merged}", "{decision: open}"),
        ("{decision: merged, into: 3,}", "{decision: open,}"),
        ("{ decision: merged , into: 3 , title: x }", "{ decision: open , title: x }"),
        (
            "{\n    decision: merged,  # c\n    into: 3,  # d\n    title: x\n  }",
            "{\n    decision: open,  # c\n    title: x\n  }",
        ),
        ("{\n    decision: merged,  # c\n    into: 3  # d\n  }", "{\n    decision: open  # c\n  }"),
        ("{decision: merged\n  , into: 3 # d\n  , title: x}", "{decision: open\n  , title: x}"),
        ("{decision: merged, into: 3, # d\n    title: x}", "{decision: open,\n    title: x}"),
        ('{"decision": merged, "into": 3}', '{"decision": open}'),
    ],
)
def test_commas_of_flow_mappings(before: str, after: str | None) -> None:
    text = with_issue(f"  1: {before}\n")
    if after is None:
        with pytest.raises(Refused):
            edit(text, 1, "open")
    else:
        assert edit(text, 1, "open") == with_issue(f"  1: {after}\n")


def test_flow_lists_and_block_lists_keep_their_style() -> None:
    flow = edit(BLOCK, 506, "merged", carried=("x", "a: b", "c, d"))
    assert '    carried: [x, "a: b", "c, d"]\n' in flow
    block = edit(BLOCK, 514, "sequential", after=(506, 529))
    assert "    after:\n      - 506\n      - 529  # the first\n" in block


def test_an_empty_list_takes_the_key_away() -> None:
    edited = decide(BLOCK.encode(), "f", 514, Wanted("sequential", after=()))
    assert edited.removed == (("after", "- 529"),)
    assert issue_of(edited.content, 514).after == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    because: |\n      a\n\n      b\n\n    title: x\n", "    because: New.\n\n    title: x\n"),
        ("    because: >-  # why\n      a\n    title: x\n", "    because: New.  # why\n    title: x\n"),
        ("    because: |+\n      a\n\n    title: x\n", "    because: New.\n    title: x\n"),
        ("    because:\n      a\n      b  # c\n", "    because:\n      New.  # c\n"),
        ("    because: 'a\n      b'  # c\n", "    because: New.  # c\n"),
        ("    because:  # none yet\n    title: x\n", "    because: New.  # none yet\n    title: x\n"),
        ("    because: ~\n", "    because: New.\n"),
    ],
)
def test_values_on_several_lines(before: str, after: str) -> None:
    head = "  1:\n    decision: open\n"
    assert edit(with_issue(head + before), 1, "open", because="New.") == with_issue(head + after)


def test_a_decision_written_as_a_block_scalar() -> None:
    text = with_issue("  1:\n    decision: >-\n      open\n    title: x\n")
    assert edit(text, 1, "merged", into=2) == with_issue("  1:\n    decision: merged\n    into: 2\n    title: x\n")


def test_comments_deeper_than_a_removed_key_go_with_it_and_others_stay() -> None:
    text = with_issue("  1:\n    because: |\n      x\n    into: 2\n      # deep\n\n    # own\n    decision: merged\n")
    assert edit(text, 1, "open") == with_issue("  1:\n    because: |\n      x\n\n    # own\n    decision: open\n")


def test_a_file_without_a_final_newline_stays_without() -> None:
    text = "cluster: 1\nissues:\n  1:\n    decision: merged\n    into: 2"
    assert edit(text, 1, "open") == "cluster: 1\nissues:\n  1:\n    decision: open"
    assert edit(text, 2, "open") == text + "\n  2:\n    decision: open"


def test_a_block_scalar_that_ends_the_file_may_get_its_newline() -> None:
    text = "cluster: 1\nissues:\n  1:\n    decision: open\n    because: |\n      x"
    assert edit(text, 2, "open") == text + "\n  2:\n    decision: open"


def test_carriage_returns_and_the_byte_order_mark_stay() -> None:
    text = "\ufeff" + BLOCK.replace("\n", "\r\n")
    new = edit(text, 514, "merged", into=506, because="Now.")
    assert new.startswith("\ufeff# the cluster\r\n")
    assert "decision: merged  # not yet\r\n    into: 506\r\n    because: Now.\r\n" in new
    assert "\n" not in new.replace("\r\n", "")


# -- issues that are not there yet --------------------------------------------------------------------


def test_an_issue_is_added_in_the_manner_of_the_last_one() -> None:
    edited = decide(BLOCK.encode(), "529.yaml", 77, Wanted("merged", into=514, because="Same."))
    new = "  77:\n    decision: merged\n    into: 514\n    because: Same.\n"
    assert edited.content.decode() == BLOCK.replace("statements:", new + "statements:")
    assert edited.changed == ("issue 77: added", "decision: merged", "into: 514", "because: Same.")
    assert edited.removed == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("issues:\n  1: {decision: open} # c\n", "issues:\n  1: {decision: open} # c\n  7: {decision: open}\n"),
        ("issues:\n  '1': {decision: open}\n", "issues:\n  '1': {decision: open}\n  '7': {decision: open}\n"),
        ("issues: {1: {decision: open}}\n", "issues: {1: {decision: open}, 7: {decision: open}}\n"),
        ("issues: {1: {decision: open},}\n", "issues: {1: {decision: open}, 7: {decision: open},}\n"),
        (
            "issues: {\n  1: {decision: open}  # c\n}\n",
            "issues: {\n  1: {decision: open},  # c\n  7: {decision: open}\n}\n",
        ),
        (
            "issues: {\n  1: {decision: open},  # c\n}\n",
            "issues: {\n  1: {decision: open},  # c\n  7: {decision: open},\n}\n",
        ),
        (
            "issues:\n 1:\n      decision: open\n      # deep\n\n # x\ntitle: y\n",
            "issues:\n 1:\n      decision: open\n      # deep\n 7:\n      decision: open\n\n # x\ntitle: y\n",
        ),
        (
            "issues:\n  1:\n    decision: open\n    because: |+\n      x\n\ntitle: y\n",
            "issues:\n  1:\n    decision: open\n    because: |+\n      x\n\n  7:\n    decision: open\ntitle: y\n",
        ),
    ],
)
def test_styles_of_issues(before: str, after: str) -> None:
    assert edit("cluster: 1\n" + before, 7, "open") == "cluster: 1\n" + after


# -- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "message", "hint"),
    [
        (Wanted("merge"), "`merge` is not a decision", "did you mean `merged`?"),
        (Wanted("merged"), "merged into what", "--into M"),
        (Wanted("open", into=2), "a decision `open` has no `into`", "it belongs to `merged`"),
        (Wanted("resolved", order=2), "has no `order`", "`sequential`"),
        (Wanted("merged", into=2, reason="duplicate"), "has no `reason`", "`declined`"),
        (Wanted("merged", into=2, after=(3,)), "has no `after`", "`sequential`"),
        (Wanted("declined", reason="duplicate"), "a duplicate of what", "--of M"),
        (Wanted("declined", reason="not_planned", of=2), "has no `of`", "duplicate"),
        (Wanted("declined", reason="wontfix"), "`wontfix` is not a reason", "not_planned, duplicate"),
        (Wanted("open", because=" "), "`because` is empty", "leave it out"),
        (Wanted("open", because="\udcff"), "not Unicode", "UTF-8"),
        (Wanted("merged", into=2, carried=("",)), "`carried` is empty", "carried over"),
        (Wanted("merged", into=1), "would name the issue itself", "another"),
        (Wanted("resolved", resolved_by=1), "would name the issue itself", "another"),
        (Wanted("sequential", after=(2, 1)), "cannot come after itself", ""),
        (Wanted("sequential", order=0), "is not a number from 1", ""),
        (Wanted("merged", into=2**40), "is not an issue", "owner/name#12"),
        (Wanted("open", because="a\0b"), "NUL", "leave it out"),
    ],
)
def test_asked_wrongly(wanted: Wanted, message: str, hint: str) -> None:
    with pytest.raises(AskedWrongly) as caught:
        decide(with_issue("  1: {decision: open}\n").encode(), "f", 1, wanted)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_a_number_that_is_none() -> None:
    with pytest.raises(AskedWrongly, match="0 is not the number of an issue"):
        decide(BLOCK.encode(), "f", 0, Wanted("open"))


def test_a_file_that_is_no_decision_file_is_refused_as_such() -> None:
    with pytest.raises(Refused) as caught:
        decide(b"cluster: 1\nissues: {1: {decision: opne}}\n", "f", 1, Wanted("open"))
    assert caught.value.findings[0].rule == "bad-value"


@pytest.mark.parametrize("key", ["decision", "into"])
def test_keys_written_with_a_question_mark_are_left_to_the_hand(key: str) -> None:
    pairs = {"decision": "merged", "into": "2", "title": "x"}
    lines = [
        f"    ? {name}\n    : {value}\n" if name == key else f"    {name}: {value}\n" for name, value in pairs.items()
    ]
    with pytest.raises(AskedWrongly, match="written with a `\\?`"):
        edit(with_issue("  1:\n" + "".join(lines)), 1, "declined")


def test_an_explicit_key_that_is_not_touched_does_no_harm() -> None:
    issue = "  1:\n    decision: open\n    ? title\n    : x\n"
    assert edit(with_issue(issue), 1, "resolved") == with_issue(issue.replace("open", "resolved"))


def test_an_issue_whose_key_is_explicit() -> None:
    text = "cluster: 1\nissues:\n  ? 1\n  : into: 2\n    decision: merged\n    title: x\n"
    assert edit(text, 1, "open") == "cluster: 1\nissues:\n  ? 1\n  : decision: open\n    title: x\n"


# -- what is so already --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issue", "wanted"),
    [
        (529, Wanted("resolved")),
        (529, Wanted("resolved", because="Done.")),
        (514, Wanted("sequential", order=2, after=(529,), because="Takes in 506.")),
        (506, Wanted("merged")),
        (506, Wanted("merged", into=514, carried=("Roadmap", "A, B"))),
    ],
)
def test_deciding_what_is_so_changes_nothing(issue: int, wanted: Wanted) -> None:
    edited = decide(BLOCK.encode(), "f", issue, wanted)
    assert edited == editing.Edited(BLOCK.encode(), (), ())


def test_the_newline_of_a_block_scalar_says_nothing() -> None:
    text = with_issue("  1:\n    decision: open\n    because: |\n      x\n")
    assert edit(text, 1, "open", because="x") == text


def test_issues_of_another_repository() -> None:
    name = IssueName(9, "acme/desktop")
    assert "    into: acme/desktop#9\n" in edit(BLOCK, 514, "merged", into=name)
    assert "{decision: merged, into: acme/desktop#9, because" in edit(BLOCK, 529, "merged", into=name)
    # the same number in another repository is another issue
    assert "into: acme/desktop#529" in edit(BLOCK, 529, "merged", into=IssueName(529, "acme/desktop"))


def test_declined_with_of_is_a_duplicate_and_without_is_not_planned() -> None:
    duplicate = edit(BLOCK, 506, "declined", of=514)
    assert (issue_of(duplicate, 506).reason, issue_of(duplicate, 506).of) == ("duplicate", IssueName(514))
    edited = decide(duplicate.encode(), "f", 506, Wanted("declined"))
    assert edited.removed == (("of", "514"),)
    assert issue_of(edited.content, 506).reason == "not_planned"
    assert edit(duplicate, 506, "declined", reason="duplicate") == duplicate


# -- texts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "block", "flow"),
    [
        ("Plain words.", "Plain words.", "Plain words."),
        ("a, b", "a, b", '"a, b"'),
        ("a [b]", "a [b]", '"a [b]"'),
        ("a: b", '"a: b"', '"a: b"'),
        ("a #b", '"a #b"', '"a #b"'),
        ("a#b", "a#b", "a#b"),
        ("yes", '"yes"', '"yes"'),
        ("NULL", '"NULL"', '"NULL"'),
        ("1.5", '"1.5"', '"1.5"'),
        ("2025-09-12", '"2025-09-12"', '"2025-09-12"'),
        ("12e4567", '"12e4567"', '"12e4567"'),
        ("- a", '"- a"', '"- a"'),
        ("'a'", "\"'a'\"", "\"'a'\""),
        ('say "a" \\ b', 'say "a" \\ b', 'say "a" \\ b'),
        ('"a"', '"\\"a\\""', '"\\"a\\""'),
        ("a\nb\t\x1b[0m", '"a\\nb\\t\\e[0m"', '"a\\nb\\t\\e[0m"'),
        (" a", '" a"', '" a"'),
        ("a ", '"a "', '"a "'),
        ("#506", '"#506"', '"#506"'),
        ("é → 😀", "é → 😀", "é → 😀"),
        (
            "a\u2028b\x85c\ufeffd\U000e0001",
            '"a\\u2028b\\x85c\\ufeffd\\U000e0001"',
            '"a\\u2028b\\x85c\\ufeffd\\U000e0001"',
        ),
    ],
)
def test_texts_are_plain_where_that_is_safe(text: str, block: str, flow: str) -> None:
    assert f"    because: {block}\n" in edit(BLOCK, 506, "merged", because=text)
    assert f"because: {flow}}}  # first\n" in edit(BLOCK, 529, "resolved", because=text)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1),
    st.text("ab:#-'\"\\[]{},&*!|>%@`? \n\t~=<0123456789", min_size=1),
    st.lists(st.sampled_from(["a", "b c", ": ", " #", "'", "…", "\n"])).map("".join),
).filter(lambda text: bool(text.strip()))


@settings(deadline=None)
@given(TEXTS)
def test_every_text_reads_back_as_itself(text: str) -> None:
    for issue, decision in ((506, "merged"), (529, "resolved"), (9, "open")):
        new = edit(BLOCK, issue, decision, because=text)
        node = reading.parse(new.encode(), "f").cluster.issues[issue]
        assert node.because == text


# -- property: only the issue itself changes -----------------------------------------------------------

BREAKS = st.sampled_from(["\n", "\r\n", "\r"])
COMMENT = st.sampled_from(["", "", " # why", "   # a: b, c] }", " #"])
VALUES = {
    "resolved_by": ["5"],
    "into": ["5", "acme/x#9"],
    "order": ["3"],
    "of": ["5"],
    "reason": ["duplicate", "'duplicate'"],
}
COMMON = {
    "title": ["Some title", "'It''s'", '"a # b"', "a\n  b"],
    "because": ["Plain", "|\n  x\n   y\n\n  z", ">-\n  x\n  y", "|-\n  # no comment", "'a\n\n  b'", '"a: b, }"'],
    "priority": ["P1"],
    "lessons": ["[a, b]", "\n- a\n- b", "\n  - >-\n    a\n    b"],
    "criteria": ["[{says: x, evidence: [{path: a}]}]", "\n- says: x\n  evidence:\n  - path: a/b\n  - pull: 3"],
    "whys": [""],
}
FLOW_COMMON = {"title": ["Some title", "'It''s'", '"a # b"', '"}, {"'], "because": ["x", "'#'"], "lessons": ["[a, b]"]}
LISTS = {"carried": ["[a, 'b, c']", "\n- a\n- 'b'", "\n  - |\n    a"], "after": ["[6]", "\n- 6\n- 7"]}
OWN = {
    "resolved": ["resolved_by"],
    "merged": ["into", "carried"],
    "declined": ["reason", "of"],
    "sequential": ["order", "after"],
    "open": [],
}
REQUIRED = {"into", "reason", "of"}


@st.composite
def pairs(draw: Any, *, flow: bool) -> list[tuple[str, str]]:
    decision = draw(st.sampled_from(list(OWN)))
    known: list[tuple[str, str]] = [("decision", decision)]
    for key in OWN[decision]:
        if key in REQUIRED or draw(st.booleans()):
            choices = VALUES.get(key) or LISTS[key]
            known.append((key, draw(st.sampled_from([value for value in choices if not flow or "\n" not in value]))))
    for key, choices in (FLOW_COMMON if flow else COMMON).items():
        if draw(st.booleans()):
            known.append((key, draw(st.sampled_from(choices))))
    return draw(st.permutations(known))


@st.composite
def block_issue(draw: Any, number: int, column: int) -> str:
    deeper = column + draw(st.integers(1, 5))
    lines = [" " * column + f"{number}:" + draw(COMMENT)]
    for key, value in draw(pairs(flow=False)):
        if draw(st.integers(0, 4)) == 0:
            lines.append(" " * draw(st.sampled_from([deeper, deeper, 0, deeper + 3])) + "# a comment: [")
        first, *rest = value.split("\n")
        comment = draw(COMMENT) if not first.startswith("'a") and value != "a\n  b" else ""
        lines.append(" " * deeper + f"{key}:{' ' + first if first else ''}{comment}")
        lines += [" " * (deeper + 1) + line if line else "" for line in rest]
        if rest and not rest[-1].startswith(("  ", "#")) and draw(st.booleans()):
            lines[-1] += draw(COMMENT) if value.startswith("\n") else ""
        if draw(st.integers(0, 6)) == 0:
            lines.append("")
    return "\n".join(lines) + "\n"


@st.composite
def flow_mapping(draw: Any, column: int) -> str:
    several = draw(st.booleans())
    inner = " " * (column + draw(st.integers(1, 4)))
    parts = [f"{key}: {value}" for key, value in draw(pairs(flow=True))]
    if not several:
        return (
            "{"
            + draw(st.sampled_from(["", " "]))
            + draw(st.sampled_from([", ", ",  ", " , "])).join(parts)
            + draw(st.sampled_from(["", " ", ",", " ,"]))
            + "}"
        )
    text = "{" + draw(COMMENT) + "\n"
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        comma = "," if not last or draw(st.booleans()) else ""
        text += f"{inner}{part}{comma}{draw(COMMENT)}\n"
    return text + " " * (column + 1) + "}"


@st.composite
def files(draw: Any) -> tuple[str, str, str]:
    """What stands before an issue, the issue, what stands after it."""
    column = draw(st.integers(1, 5))
    head = draw(st.sampled_from(["", "# top\n", "\ufeff", "\ufeff# top\n\n"])) + "cluster: 1\n"
    head += draw(st.sampled_from(["", "repository: acme/apex # r\n", "summary: |\n  # x\n\n"]))
    tail = draw(st.sampled_from(["", "title: x\n", "# end\n", "\n\ntitle: >\n  x\n\n"]))
    whole_flow = draw(st.booleans())
    issues: list[str] = []
    for number in (1, 2, 3):
        if whole_flow:
            text = f"{number}: {draw(flow_mapping(column))}"
        elif draw(st.booleans()):
            text = " " * column + f"{number}: {draw(flow_mapping(column))}{draw(COMMENT)}\n"
        else:
            text = draw(block_issue(number, column))
        issues.append(text)
    at = draw(st.integers(0, 2))
    if whole_flow:
        between = draw(st.sampled_from([", ", ",\n" + " " * column, " , # c\n" + " " * column]))
        opening, closing = draw(
            st.sampled_from([("{", "}"), ("{\n" + " " * column, "\n" + " " * column + "}"), ("{ ", ",}")])
        )
        before = head + "issues: " + opening + "".join(text + between for text in issues[:at])
        after = "".join(between + text for text in issues[at + 1 :]) + closing + "\n" + tail
    else:
        gap = draw(st.sampled_from(["", "\n", "# between\n"]))
        before = head + "issues:" + draw(COMMENT) + "\n" + "".join(text + gap for text in issues[:at])
        after = gap + "".join(text + gap for text in issues[at + 1 :]) + tail
    line_break = draw(BREAKS)
    if draw(st.booleans()) and after.endswith("\n"):
        after = after[:-1]
    before, issue, after = (part.replace("\n", line_break) for part in (before, issues[at], after))
    return before, issue, after


@st.composite
def wishes(draw: Any) -> Wanted:
    decision = draw(st.sampled_from(list(OWN)))
    because = draw(st.one_of(st.none(), st.sampled_from(["Because", "a: b", "x, y", "two\nlines", "[", "é #1"])))
    if decision == "resolved":
        return Wanted(decision, resolved_by=draw(st.sampled_from([None, 5, 8])), because=because)
    if decision == "merged":
        carried = draw(st.sampled_from([None, (), ("a",), ("x: y", "b, c")]))
        return Wanted(
            decision, into=draw(st.sampled_from([5, 8, IssueName(9, "acme/x")])), carried=carried, because=because
        )
    if decision == "declined":
        return Wanted(decision, of=draw(st.sampled_from([None, 5, 8])), because=because)
    if decision == "sequential":
        after = draw(st.sampled_from([None, (), (6,), (7, 8)]))
        return Wanted(decision, order=draw(st.sampled_from([None, 3, 4])), after=after, because=because)
    return Wanted(decision, because=because)


def number_of(issue: str) -> int:
    return int(issue.strip()[0])


def tree(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key.text: tree(value) for key, value in node.pairs}
    if isinstance(node, nodes.Sequence):
        return [tree(item) for item in node.items]
    return node.text.rstrip("\n"), node.plain


def unrelated(content: bytes, number: int) -> Any:
    root = nodes.parse(Source("f", content.decode()))
    assert isinstance(root, Mapping)
    whole = tree(root)
    own = {key for keys in OWN.values() for key in keys} | {"decision", "because"}
    whole["issues"][str(number)] = {k: v for k, v in whole["issues"][str(number)].items() if k not in own}
    return whole


def says(decision: Any, wanted: Wanted) -> None:
    assert decision.decision == wanted.decision
    for key in ("resolved_by", "into", "of", "order", "after", "carried", "because"):
        value = getattr(wanted, key)
        if value is None:
            continue
        got = getattr(decision, key)
        if key in ("into", "of") and isinstance(value, int):
            value = IssueName(value)
        assert got == value, key


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files(), wishes(), wishes())
def test_only_the_issue_itself_changes(parts: tuple[str, str, str], first: Wanted, second: Wanted) -> None:
    before, issue, after = parts
    content = (before + issue + after).encode()
    number = number_of(issue)
    original = unrelated(content, number)
    for wanted in (first, second, first):
        edited = decide(content, "f", number, wanted)
        text = edited.content.decode()
        assert text.startswith(before)
        assert text.endswith(after)
        assert len(text) > len(before) + len(after)
        says(issue_of(edited.content, number), wanted)
        assert unrelated(edited.content, number) == original
        assert decide(edited.content, "f", number, wanted).content == edited.content
        content = edited.content


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files(), wishes())
@example(("cluster: 1\nissues:\n  1:\n    decision: open\n    because: |\n      x", "", ""), Wanted("open"))
def test_an_added_issue_leaves_every_byte(parts: tuple[str, str, str], wanted: Wanted) -> None:
    text = "".join(parts)
    new = decide(text.encode(), "f", 99, wanted).content.decode()
    says(issue_of(new, 99), wanted)
    at = 0
    for character in new:
        if at < len(text) and character == text[at]:
            at += 1
    assert at == len(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    new_lines = new.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert sum(line not in new_lines for line in lines) <= 1


# -- the file ------------------------------------------------------------------------------------------


def test_write_replaces_the_file_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "529.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [item.name for item in tmp_path.iterdir()] == ["529.yaml"]


def test_write_of_the_same_content_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "529.yaml"
    path.write_bytes(b"old")
    inode = path.stat().st_ino
    write(path, b"old", b"old")
    assert path.stat().st_ino == inode


@pytest.mark.parametrize("there", [b"ol", b"older", b"new", b""])
def test_write_refuses_a_file_that_was_changed_meanwhile(tmp_path: Path, there: bytes) -> None:
    path = tmp_path / "529.yaml"
    path.write_bytes(there)
    with pytest.raises(TriageError, match="was changed meanwhile") as caught:
        write(path, b"old", b"new")
    assert caught.value.hint
    assert path.read_bytes() == there
    assert [item.name for item in tmp_path.iterdir()] == ["529.yaml"]


def test_write_refuses_a_change_between_its_look_and_its_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "529.yaml"
    path.write_bytes(b"old")
    fsync = os.fsync

    def meddle(descriptor: int) -> None:
        fsync(descriptor)
        path.write_bytes(b"other")

    monkeypatch.setattr(os, "fsync", meddle)
    with pytest.raises(TriageError, match="was changed meanwhile"):
        write(path, b"old", b"new")
    assert path.read_bytes() == b"other"
    assert [item.name for item in tmp_path.iterdir()] == ["529.yaml"]


def test_Y19_write_refuses_links_and_what_is_not_a_file(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    link = tmp_path / "529.yaml"
    link.symlink_to(target)
    with pytest.raises(AskedWrongly, match="symbolic link"):
        write(link, b"old", b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"old"
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "."):
        with pytest.raises(AskedWrongly, match="not an ordinary file"):
            write(tmp_path / name, b"old", b"new")
    with pytest.raises(TriageError, match="cannot be read"):
        write(tmp_path / "gone.yaml", b"old", b"new")


@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    path = tmp_path / "529.yaml"
    path.write_bytes(b"old")

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(TriageError, match="cannot be written") as caught:
        write(path, b"old", b"new")
    assert caught.value.exit_code == 3
    assert caught.value.hint
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["529.yaml"]
