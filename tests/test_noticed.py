"""What keeps a landed change from being the end of an issue: findings in both truths, and no alarm where none is due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from middle import APEX, LATER, NOW, by_number, fact, facts_of, judged, only, tracked
from repositories import Repository

from triage.clusters.reading import parse
from triage.evidence.denials import denial
from triage.evidence.sizes import claims_in, contradicted
from triage.evidence.wording import apart, apart_of_pull, closed_in, mentions, named_in
from triage.model import Change, CommitFact, Event, Kept, MissingFact, Name, PullFact, Severity, Status, Unread
from triage.verify import verify

VERIFIED, REFUTED, UNVERIFIED = Status.VERIFIED, Status.REFUTED, Status.UNVERIFIED
FIX = "fix: close the socket"


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "r")
    made.commit({"a.py": "1\n"}, "start")
    return made


def pull(number: int = 90, merge_commit: str | None = None, **more) -> PullFact:
    fields = {
        "number": number,
        "repository": APEX,
        "title": FIX,
        "state": "merged" if merge_commit else "open",
        "created": datetime(2025, 9, 1, tzinfo=UTC),
        "closed": LATER if merge_commit else None,
        "merged": LATER if merge_commit else None,
        "merge_commit": merge_commit,
        "base": "main",
        "head": "f" * 40,
        "head_repository": APEX,
        "read": NOW,
        "commits": 1,
    }
    return PullFact(**(fields | more))


def found_in(repository, message: str, *, issue: int = 34, files=None, top: str = "", issues=(), item=None):
    """The findings of issue 34 for which a commit of this message is cited."""
    sha = repository.commit(files or {"src/a.py": f"{repository.head()}\n"}, message)
    item = (item or "{{commit: {sha}}}").format(sha=sha)
    facts = [one(sha) if callable(one) else one for one in issues]
    text = f"{issue}: {{decision: resolved, title: It breaks, evidence: [{item}]}}\n{top}"
    result = by_number(judged(repository, text, issues=facts))[issue]
    return [(one.rule, one.severity, one.message) for one in result.findings]


def rules_in(repository, message: str, **more) -> list[str]:
    return [rule for rule, *_ in found_in(repository, message, **more)]


# -- the message names another issue --


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (f"{FIX}\n\nFixes #12", "“Fixes #12”"),
        (f"{FIX}\n\nFixes #12, #13 and #14.", "“Fixes #12, #13 and #14”"),
        (f"{FIX}\n\nThis closes: GH-12", "“closes: GH-12”"),
        (f"{FIX}\n\nResolves https://github.com/acme/apex/issues/12", "“Resolves https://github.com/acme/apex/issues/12”"),
        (f"{FIX}\n\nfixes ACME/apex#12", "“fixes ACME/apex#12”"),
        (f"{FIX}\n\ncloses acme/desktop#12", "“closes acme/desktop#12”"),
        (f"{FIX}\n\nRefs #12", "“Refs #12”"),
        (f"{FIX}, refs: #12", "“refs: #12”"),
        ("fix: refuse (#12) old tokens", "“(#12)”"),
        ("fix(#12): refuse old tokens", "“(#12)”"),
        ("fix: refuse (#12) old tokens (#453)", "“(#12)”"),
        ("#12: refuse old tokens", "“#12”"),
        ("[#12] refuse old tokens", "“#12”"),
        (f"{FIX}\n\nFixes issue #12", "“Fixes issue #12”"),
    ],
)  # fmt: skip
def test_a_message_that_names_other_issues_and_not_this_one_is_a_warning(repository, message, said):
    ((rule, severity, words),) = found_in(repository, message)
    assert (rule, severity) == ("names-another-issue", Severity.WARNING)
    assert said in words
    assert "nothing of #34" in words


@pytest.mark.parametrize(
    "message",
    [
        FIX,
        f"{FIX} (#12)",
        f"{FIX} (#12) (#453)",
        f"{FIX}\n\nFixes #34",
        f"{FIX}\n\nFixes #12, #34",
        f"{FIX}\n\nFixes #12. See #34.",
        f"{FIX} (#34)\n\nFixes #12",
        f"{FIX}\n\nFixes #12\nSee https://github.com/acme/apex/issues/34",
        "Merge pull request #12 from bob/fix\n\nClose the socket",
        "Merge branch 'fix-#12'",
        f'Revert "{FIX} (closes #12)"',
        f'{FIX}\n\nThe log said "fixes #12" before.',
        f"{FIX}\n\nThe log said “fixes #12” before.",
        f"{FIX}\n\nIt printed `fixes #12` before.",
        f"{FIX}\n\n> Fixes #12\n\nas they say.",
        f"{FIX}\n\n```\nFixes #12\n```",
        f"{FIX}\n\nFor example:\n\n    Fixes #12\n",
        f"{FIX}\n\nThis does not fix #12.",
        f"{FIX}\n\nIt is like #12, and unlike acme/desktop#13.",
        f"{FIX}\n\nSee #12 for more; the 12th fix #1a and fixes #12-like things.",
        f"{FIX}\n\nRefs acme/desktop#12",
        f"{FIX}\n\nFixes: 1a2b3c4 (“start”)",
        f"{FIX}\n\nhttps://github.com/acme/apex/pull/12 fixes it",
        f"{FIX} (#90)\n\n* first\n\nFixes #12\n\n* second\n",
    ],
)  # fmt: skip
def test_a_message_that_names_this_issue_or_none_outright_is_none(repository, message):
    assert "names-another-issue" not in rules_in(repository, message)


def test_a_number_that_is_known_to_be_a_pull_request_is_no_issue(repository):
    message = f"{FIX}\n\nRefs #12"
    assert rules_in(repository, message) == ["names-another-issue"]
    assert rules_in(repository, message, issues=[fact(12)]) == ["names-another-issue"]
    assert rules_in(repository, message, issues=[pull(12)]) == []
    # GitHub was not read, and a commit of the branch is its merge.
    repository.commit({"b.py": "1\n"}, "feat: b (#12)")
    assert rules_in(repository, message) == []
    assert rules_in(repository, message, issues=[fact(12)]) == ["names-another-issue"]


@pytest.mark.parametrize(
    ("more", "top"),
    [
        ("resolved_by: 12", "12: {decision: open}"),
        ("duplicates: [12]", ""),
        ("parts: [12]", "12: {decision: open}"),
        ("", "12: {decision: merged, into: 34, carried: [all]}"),
        ("", "12: {decision: resolved, resolved_by: 34}"),
    ],
)
def test_an_issue_that_the_decision_is_tied_to_is_no_other_one(repository, more, top):
    sha = repository.commit({"src/a.py": "2\n"}, f"{FIX}\n\nFixes #12")
    text = f"34: {{decision: resolved, title: a, {more + ', ' if more else ''}evidence: [{{commit: {sha}}}]}}\n{top}"
    result = by_number(judged(repository, text))[34]
    assert [one.rule for one in result.findings] == []
    apart_from = text.replace("12", "13")
    result = by_number(judged(repository, apart_from))[34]
    assert [one.rule for one in result.findings] == ["names-another-issue"]


def test_what_github_links_with_the_issue_is_its_own_whatever_it_names(repository):
    def referenced(sha):
        return fact(34)._replace(events=(Event("referenced", LATER, commit=sha),))

    message = f"{FIX}\n\nFixes #12"
    assert rules_in(repository, message, issues=[referenced]) == []
    elsewhere = fact(34)._replace(events=(Event("referenced", LATER, commit="0" * 40),))
    assert rules_in(repository, message, issues=[elsewhere]) == ["names-another-issue"]


def test_of_a_pull_request_its_own_words_count_beside_those_of_its_merge(repository):
    def rules(**words):
        more = {"item": "{{pull: 90}}", "issues": [lambda sha: pull(merge_commit=sha, **words)]}
        return rules_in(repository, f"{FIX} (#90)\n\nFixes #12", **more)

    assert rules() == ["names-another-issue"]
    assert rules(body="Closes #34") == []
    assert rules(title="fix(#34): close the socket") == []
    assert rules(body="Refs #14") == ["names-another-issue"]
    linked = [lambda sha: pull(merge_commit=sha), fact(34)._replace(pulls=(Name(APEX, 90),))]
    assert rules_in(repository, f"{FIX} (#90)\n\nFixes #12", item="{{pull: 90}}", issues=linked) == []


# -- closing keywords that are no statement of the commit itself --


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (f'{FIX}\n\nThe bot wrote "closes #34" below.', "only in a quotation"),
        (f"{FIX}\n\n> Fixes #34\n\nas they say.", "only in a quotation"),
        (f"{FIX}\n\nPrints `resolves #34`.", "only in a quotation"),
        (f'Revert "{FIX}, closes #34"', "only in a quotation"),
        (f"revert: {FIX}, closes #34", "only in a quotation"),
        (f"{FIX} (#90)\n\n* first try\n\nCloses #34\n\n* second try\n", "list of squashed commits"),
        (f"{FIX} (#90)\n\n* first try, closes #34\n\n* second try\n\n---------\n\nCo-authored-by: bob <b@example.org>", "list of squashed commits"),
        ("Squashed commit of the following:\n\ncommit 0f1e2d3c\nAuthor: bob <b@example.org>\n\n    fix: it, closes #34\n", "list of squashed commits"),
        (f"{FIX}\n\nThis is never to fix #34.", "negated"),
        (f"{FIX}\n\nA change without which nothing can close #34 … cannot resolve #34.", None),
    ],
)  # fmt: skip
def test_a_keyword_that_only_is_quoted_negated_or_squashed_in_is_a_warning(repository, message, words):
    found = found_in(repository, message)
    if words is None:
        assert found == []
        return
    ((rule, severity, said),) = found
    assert (rule, severity) == ("closing-keyword", Severity.WARNING)
    assert words in said


@pytest.mark.parametrize(
    "message",
    [
        f"{FIX}\n\nCloses #34",
        f'{FIX}\n\nThe bot wrote "closes #34", and so it does: closes #34',
        f"{FIX}\n\n- Refuse old tokens\n- Closes #34",
        f"{FIX}\n\n* Refuse old tokens\n* Closes #34",
        f"{FIX}, closes #34 (#90)\n\n* first try\n\nCloses #34\n\n* second try\n",
        f"{FIX} (#90)\n\nCloses #34\n\n* first try\n\n* second try\n",
        f"{FIX} (#90)\n\n* first try\n\n* second try\n\n---------\n\nCloses #34",
        f"{FIX}\n\nNot only fixes #34, it is quicker too.",
        f"{FIX}\n\nIt did not work, fixes #34",
        f"{FIX}\n\nDon't retry; fix #34",
        f"{FIX}\n\nIt's bob's fix; closes #34, and it isn't slow.",
        f'{FIX}\n\nThe bot wrote "closes #340" below.',
        f'{FIX}\n\nThe bot wrote "closes acme/desktop#34" below.',
    ],
)
def test_a_keyword_that_the_commit_says_itself_is_none(repository, message):
    assert rules_in(repository, message) == []


def test_a_denied_closure_is_an_error_and_not_a_warning_too(repository):
    assert rules_in(repository, f"{FIX}\n\nThis does not close #34.") == ["denied"]


def test_a_pull_request_that_closes_it_itself_may_quote_and_list(repository):
    message = f"{FIX} (#90)\n\n* first try, closes #34\n\n* second try\n"

    def rules(**words):
        more = {"item": "{{pull: 90}}", "issues": [lambda sha: pull(merge_commit=sha, **words)]}
        return rules_in(repository, message, **more)

    assert rules() == ["closing-keyword"]
    assert rules(body="Closes #34") == []
    assert rules(body="<!-- Closes #34 -->") == ["closing-keyword"]
    assert rules(body="- [ ] Closes #34") == ["closing-keyword"]


# -- denials --


@pytest.mark.parametrize(
    "words",
    [
        "Issue stays open", "the issue should stay open", "#9 must remain open", "#9 is not fixed yet", "The issue is not closed by this",
        "#9 cannot be closed yet", "does not completely fix #9", "doesn't itself solve this issue", "It is not a full fix for #9",
        "not yet a solution to the issue", "A first step towards fixing #9", "Part one of three", "phase 1 of 2", "step 2 of 3",
        "The first of it all: the first part of several", "first commit of a series", "Tests could not be run locally",
        "I have not run the tests here", "couldn't test this locally", "Untested", "(untested)", "partly fixes #9", "leave #9 open",
    ],
)  # fmt: skip
def test_plain_words_that_deny_the_closure(words):
    assert denial(f"fix: it\n\n{words}.", 9) is not None


@pytest.mark.parametrize(
    "words",
    [
        "part three of three", "phase 2/2", "Phase 2/3", "the error names stage 2 of 5", "step 3 of 3", "which is\nuntested",
        "The dialog of the issue is not closed when it fails", "jobs that are not run are skipped",
        "the door should stay open", "the first step of the wizard", "untested code is removed", "#99 is not fixed yet",
        "the tests could not be run on Windows, now they can", "did not run the hooks", "the script could not run here", "not a bug of #9",
    ],
)  # fmt: skip
def test_plain_words_that_deny_nothing(words):
    assert denial(f"fix: it\n\n{words}.", 9) is None


def test_what_is_quoted_or_was_said_on_the_way_denies_nothing(repository):
    assert rules_in(repository, f'{FIX}\n\nRemoves the remark "does not fix #34".') == []
    assert rules_in(repository, f"{FIX}\n\n> The issue stays open\n\nno more.") == []
    listed = f"{FIX} (#90)\n\n* first try\n\nDoes not fix #34.\n\n* second try\n"
    assert rules_in(repository, listed) == ["denied"]
    assert rules_in(repository, f"{listed}\nFixes #34\n") == ["closing-keyword"]
    assert rules_in(repository, listed.replace("(#90)", "(#90)\n\nFixes #34")) == []


def test_one_part_of_several_is_the_end_together_with_the_last(repository):
    one = repository.commit({"src/a.py": "2\n"}, f"{FIX}, part 1 of 2")
    two = repository.commit({"src/a.py": "3\n"}, f"{FIX}, part 2 of 2")

    def rules(*shas):
        listed = ", ".join(f"{{commit: {sha}}}" for sha in shas)
        result = judged(repository, f"34: {{decision: resolved, title: a, evidence: [{listed}]}}").issues[0]
        return result.status, [finding.rule for finding in result.findings]

    assert rules(one) == (UNVERIFIED, ["denied"])
    assert rules(one, two) == (VERIFIED, [])


# -- how many files --


def changes(edited: int = 0, added: int = 0, removed: int = 0) -> tuple[Change, ...]:
    return (
        *(Change(f"e{n}", "1" * 40, "2" * 40) for n in range(edited)),
        *(Change(f"a{n}", None, "2" * 40) for n in range(added)),
        *(Change(f"r{n}", "1" * 40, None) for n in range(removed)),
    )


def wrong(text: str, *counts: int) -> bool:
    return contradicted(claims_in(apart(*text.partition("\n\n")[::2]).own), changes(*counts)) is not None


@pytest.mark.parametrize(
    "words",
    [
        "5 files updated", "5 files changed, 12 insertions(+), 3 deletions(-)", "Updated 5 files", "Updates five files.",
        "This commit changes 5 files", "- 5 files modified", "Five files were touched", "Files changed: 5", "**Files modified:** 5",
        "Modified files: 5", "Total: 5 files changed", "In total, 5 files updated", "5 files updated (all of them)", "over 4 files changed",
        "at least 5 files changed", "5 files changed across 2 packages", "a total of 5 files changed", "fix: it (5 files changed)",
        "**5 files updated**", "1. Edited 5 files", "more than 4 files updated",
    ],
)  # fmt: skip
def test_a_number_of_files_that_the_diff_does_not_have_is_seen_in_any_wording(words):
    for text in (words, f"{FIX}\n\n{words}"):
        assert wrong(text, 2)
        assert not wrong(text, 5)


@pytest.mark.parametrize(
    "words",
    [
        "and 3 more files", "and 3 more files changed", "10 files in src/ updated", "updated 10 files in src/", "10-12 files changed", "10 to 12 files changed",
        "about 10 files changed", "~10 files changed", "nearly 10 files updated", "3 of 10 files updated", "3/10 files updated",
        "10 test files updated", "10 files updated to use it", "when 10 files changed, the watcher crashed", "watch 10 files changed since",
        "Files changed: src/a.py", "Files changed: 3 of 10", "Files changed: 10-12", "over 1 file changed", "at most 10 files changed",
        "under 10 files changed", "limits uploads to 10 files. Updated docs", "10 files per second updated", "no files changed",
        "0 files changed", "> 10 files changed\n\nas it said", "`10 files changed`", 'It printed "10 files changed".', "10 files are watched",
    ],
)  # fmt: skip
def test_what_is_no_number_of_all_its_files_is_none(words):
    assert not wrong(f"{FIX}\n\n{words}", 2)


def test_renamed_added_and_removed_files_may_be_counted_in_any_way():
    for number in (1, 3, 4):  # edited alone, with a rename as one, with it as two
        assert not wrong(f"{number} files updated", 1, 2, 1)
    assert wrong("2 files updated", 1, 2, 1)
    assert wrong("5 files updated", 1, 2, 1)


def test_counts_of_parts_are_counts_of_parts():
    assert not wrong("a\n\nBackend: 3 files changed\nFrontend: 4 files changed", 7)
    assert not wrong("a\n\nBackend: 3 files changed", 7)
    assert not wrong("a\n\nBackend: 8 files changed", 7)
    assert not wrong("a\n\nthe PR changed 8 files", 7)
    assert not wrong("a\n\n3 files changed\n4 files changed", 7)
    assert not wrong("a\n\n3 files changed\n2 files changed", 7)
    assert wrong("a\n\n3 files changed\n8 files changed", 7)


def test_a_number_of_files_that_the_diff_does_not_have_is_a_warning(repository):
    message = f"{FIX}\n\n3 files updated"
    ((rule, severity, said),) = found_in(repository, message, files={"src/a.py": "1\n", "src/b.py": "2\n"})
    assert (rule, severity) == ("files-updated", Severity.WARNING)
    assert "“3 files updated”" in said
    assert "its diff has 2 files" in said
    three = {f"src/{name}.py": "3\n" for name in "abc"}
    assert rules_in(repository, message, files=three) == []
    listed = f"{FIX} (#90)\n\n* one, 5 files updated\n\n* two\n"
    assert rules_in(repository, listed) == []


def test_a_pull_request_is_compared_with_what_it_was_merged_as(repository):
    for number, rules in ((2, ["files-updated"]), (1, [])):
        facts = [lambda sha: pull(merge_commit=sha)]
        message = f"{FIX} (#90)\n\n{number} files changed"
        assert rules_in(repository, message, item="{{pull: 90}}", issues=facts) == rules


# -- a commit of another repository --


def abroad(repository, item: str, *issues):
    verdict = only(repository, item, issues=issues)
    return verdict.status, [rule for rule, *_ in verdict.findings], verdict.reason


def test_the_own_name_of_the_repository_is_the_same_as_none(repository):
    sha = repository.commit({"src/a.py": "2\n"}, FIX)
    for name in ("acme/apex", "ACME/Apex"):
        verdict = only(repository, f"{{commit: {name}@{sha[:9]}, subject: '{FIX}', touches: [src/**]}}")
        assert (verdict.status, verdict.found, verdict.findings) == (VERIFIED, sha, ())


def test_a_commit_of_another_repository_is_neither_verified_nor_refuted(repository):
    sha = repository.commit({"src/a.py": "2\n"}, FIX)
    item = f"{{commit: acme/desktop@{sha[:9]}}}"
    there = CommitFact(sha[:9] + "0" * 31, "acme/desktop", "feat: there", LATER, LATER, NOW)
    for known, words in [
        ((), "GitHub was not read"),
        ((there._replace(sha=sha),), "GitHub has it in acme/desktop, as"),
        ((MissingFact(sha[:9], "acme/desktop", NOW),), "no such commit in acme/desktop"),
    ]:
        kept = [kept_as(one, sha[:9]) for one in known]
        status, rules, reason = abroad(repository, item, *kept)
        assert (status, rules) == (UNVERIFIED, ["other-repository"])
        assert words in reason
    verdict = only(
        repository, f"{{commit: acme/desktop@{sha[:9]}, subject: 'feat: there', touches: [src/**]}}", issues=kept
    )
    assert [part.status for part in verdict.parts] == [UNVERIFIED, UNVERIFIED]


def kept_as(known, asked: str) -> Kept:
    return Kept(known.repository, asked, known)


def test_the_subject_of_a_commit_of_another_repository_is_compared_with_what_github_has(repository):
    known = kept_as(CommitFact("c" * 40, "acme/desktop", "feat: there", LATER, LATER, NOW), "ccccccc")
    for subject, status in (("feat: there", VERIFIED), ("feat: elsewhere", UNVERIFIED)):
        verdict = only(repository, f"{{commit: acme/desktop@ccccccc, subject: '{subject}'}}", issues=[known])
        assert (verdict.status, [part.status for part in verdict.parts]) == (UNVERIFIED, [status])


def test_an_issue_is_not_verified_by_a_commit_of_another_repository(repository):
    sha = repository.commit({"src/a.py": "2\n"}, FIX)
    repository.tag("v1")
    text = f"34: {{decision: resolved, evidence: [{{commit: acme/desktop@{sha}}}, {{release: v1}}]}}"
    result = judged(repository, text).issues[0]
    assert result.status is UNVERIFIED
    assert [one.verdict.status for one in result.evidence] == [UNVERIFIED, UNVERIFIED]
    assert "other-repository" in [one.rule for one in result.findings]


# -- words --


def test_what_is_taken_apart_is_all_there_once():
    words = apart(f'{FIX} "a" (#90)', "> b\n\n* c d\n\n* e\n\n---------\n\nf")
    text = f'{FIX} "a" (#90)\n\n> b\n\n* c d\n\n* e\n\n---------\n\nf'
    for place, letter in enumerate(text):
        kept = [part[place] for part in words]
        assert letter in kept or letter.isspace()
        assert sum(one != " " and not one.isspace() for one in kept) == (not letter.isspace())
    assert (words.quoted.split(), "".join(words.squashed.split())) == (['"a"', ">", "b"], "*cd*e")


def test_an_apostrophe_is_no_quotation():
    own = apart("fix: bob's and alice's sockets don't close", "It's 5\" wide. 'tis closes #3").own
    assert [issue.number for issue, _ in closed_in(own)] == [3]


def test_what_a_template_asks_is_no_word_of_a_pull_request():
    own = apart_of_pull(
        "fix", "<!-- Fixes #1 -->\n### Fixes #2\n- [ ] fixes #3\n- [x] fixes #4\nIf it fixes #5, say so."
    ).own
    assert [issue.number for issue in named_in(own)] == [4]


def test_numbers_are_whole_numbers():
    assert mentions("see #34", 34)
    assert mentions("issue-34", 34)
    assert mentions("/issues/34", 34)
    assert not mentions("see #340 and 34 things", 34)


def test_long_messages_are_read_in_no_time():
    for text in (
        "fixes " * 20_000,
        '"' * 20_000,
        "* a\n\n" * 10_000,
        "not yet " * 20_000,
        "5 files " * 20_000,
        "#1, " * 20_000,
    ):
        words = apart("fix: it (#9)", text)
        assert list(closed_in(words.own)) == [] or text.startswith("fixes")
        list(named_in(words.own))
        claims_in(words.own)
        denial(words.own, 9)


def test_where_github_was_asked_in_vain_nothing_is_said_to_be_missing(repository):
    tried = [("acme/desktop", "ccccccc", Unread("the network is down", tried=True))]
    facts = facts_of(repository)._replace(tracker=tracked(unread=tried))
    text = f"cluster: 1\nrepository: {APEX}\nissues:\n  1: {{decision: resolved, evidence: [{{commit: acme/desktop@ccccccc}}]}}\n"
    verdict = verify(parse(text.encode(), "clusters/1.yaml"), facts).issues[0].evidence[0].verdict
    assert verdict.status is UNVERIFIED
    assert "the network is down" in verdict.reason
