"""What keeps a landed change from being the end of an issue: findings, by what it changes and by its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.evidence import documents, sizes
from triage.evidence.denials import denial, ends_with
from triage.evidence.facts import amount, some
from triage.evidence.wording import Words, apart, apart_of_pull, bounded, closed_in, mentions, named_in
from triage.landing.citation import SHORT
from triage.model import IssueFact, PullFact, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from triage.evidence.facts import Case, Facts
    from triage.evidence.wording import Issue
    from triage.model import Change, Commit

_MERGE = 2
DOCUMENTS_ONLY = "documents-only"
DOCUMENTS_HINT = "cite the commit that changes the code"
EMPTY = "empty-commit"

Noticed = tuple[str, Severity, str, str | None]
"""A rule, its severity, what was seen and what to do about it."""


class _Text(NamedTuple):
    """A message by the name of what says it, taken apart."""

    name: str
    message: str
    words: Words


def noticed(
    commit: Commit,
    paths: tuple[str, ...] | None,
    case: Case,
    facts: Facts,
    *,
    pull: PullFact | None = None,
    whole: bool = True,
) -> list[Noticed]:
    """Return what keeps a landed commit, or the pull request that was merged as it, from being the end of an issue.

    `paths` are those that it changes, None where they cannot be seen; `whole` says that they are all of them.
    """
    name = commit.sha[:SHORT]
    texts = [_text(name, f"{commit.subject}\n{commit.body}", apart(commit.subject, commit.body))]
    if pull is not None:
        texts.insert(0, _text(f"#{pull.number}", f"{pull.title}\n{pull.body}", apart_of_pull(pull.title, pull.body)))
    found = [
        *_denied(texts, commit, case, facts),
        *_changed(commit, paths, case, whole=whole),
        *_older(commit, pull, case),
        *_of_another_issue(texts, commit, pull, case, facts),
        *_closing(texts, case, facts),
        *_sized(texts[-1], commit, facts),
    ]
    denied = any(rule == "denied" for rule, *_ in found)
    return [one for one in found if not (denied and one[0] == "closing-keyword")]


def _text(name: str, message: str, words: Words) -> _Text:
    return _Text(name, bounded(message), Words(*map(bounded, words)))


def _denied(texts: Sequence[_Text], commit: Commit, case: Case, facts: Facts) -> Iterator[Noticed]:
    for text in texts:
        words = denial(text.words.own, case.number)
        if words is None and not any(_of_it(issue, case, facts) for issue, no in _closings(text) if not no):
            # What a squash lists was said on the way to it.
            words = denial(text.words.squashed, case.number)
        if words is None:
            continue
        others = [one for one in facts.history.commits(case.fixes).values() if one.sha != commit.sha]
        if ends_with(words, [f"{one.subject}\n{one.body}" for one in others]):
            continue
        whose = "pull request" if text.name.startswith("#") else "commit"
        message = f"{text.name} itself says “{words.strip(' .;:!?(-*')}”"
        yield "denied", Severity.ERROR, message, f"cite the {whose} that ends the work, or leave the issue open"
        return


def _changed(commit: Commit, paths: tuple[str, ...] | None, case: Case, *, whole: bool) -> Iterator[Noticed]:
    name = commit.sha[:SHORT]
    if paths is None:
        message = f"what {name} changes cannot be seen: its trees are not all in this clone"
        yield "changes-unseen", Severity.ERROR, message, "judge by a complete clone"
    elif not whole:
        return  # what its last commit changes says nothing of those before
    elif not paths and len(commit.parents) < _MERGE:
        yield EMPTY, Severity.ERROR, f"{name} changes no file", "cite the commit that has the change"
    elif (
        documents.only_documents(paths)
        and documents.typed_as_code(commit.subject)
        and not documents.about_documents(case.title)
    ):
        yield DOCUMENTS_ONLY, Severity.ERROR, documents_message(name, paths), DOCUMENTS_HINT


def documents_message(name: str, paths: Sequence[str]) -> str:
    """Return the sentence for a commit that changes documents and nothing else."""
    return f"{name} changes {amount(len(paths), 'document')} and no code: {some(paths)}"


def _older(commit: Commit, pull: PullFact | None, case: Case) -> Iterator[Noticed]:
    made: datetime = pull.created if pull is not None else commit.authored
    if case.fact is not None and made < case.fact.created:
        name = f"#{pull.number}" if pull is not None else commit.sha[:SHORT]
        message = f"{name} is older than the issue, which was opened {case.fact.created:%Y-%m-%d}"
        yield "older-than-issue", Severity.WARNING, message, None


# -- the issues that it names --


def _closings(text: _Text) -> Iterator[tuple[Issue, bool]]:
    yield from closed_in(text.words.own)
    yield from closed_in(text.words.squashed)


def _own(name: str | None, facts: Facts) -> bool:
    return name is None or name.casefold() == (facts.repository or "").casefold()


def _of_it(issue: Issue, case: Case, facts: Facts) -> bool:
    return issue.number == case.number and _own(issue.repository, facts)


def _of_another_issue(
    texts: Sequence[_Text], commit: Commit, pull: PullFact | None, case: Case, facts: Facts
) -> Iterator[Noticed]:
    akin = (case.number, *case.akin)
    if any(mentions(text.message, number) for text in texts for number in akin) or _linked(commit, pull, case):
        return
    for text in texts:
        # Another repository's issue is named for many a reason; only to close it says that it is meant.
        closed = {issue for issue, _ in closed_in(text.words.own)}
        others = [
            issue
            for issue in dict.fromkeys(named_in(text.words.own))
            if (not _is_pull(issue.number, facts) if _own(issue.repository, facts) else issue in closed)
        ]
        if others:
            said = ", ".join(dict.fromkeys(f"“{issue.words}”" for issue in others))
            message = f"{text.name} says {said}, and nothing of #{case.number}"
            yield "names-another-issue", Severity.WARNING, message, f"is it the change that settled #{case.number}?"
            return


def _is_pull(number: int, facts: Facts) -> bool:
    """Whether a number is known to be a pull request's, by GitHub or by the merge of it on the branch."""
    fact = facts.tracker.numbered(facts.repository, number)
    if isinstance(fact, IssueFact | PullFact):
        return isinstance(fact, PullFact)
    return bool(facts.history.numbered([number], facts.judged.sha).get(number))


def _linked(commit: Commit, pull: PullFact | None, case: Case) -> bool:
    """Whether GitHub itself links the change with the issue."""
    if case.fact is None:
        return False
    number = pull.number if pull is not None else 0
    events = case.fact.events or ()
    return (
        any(one.number == number for one in case.fact.pulls or ())
        or any(event.commit == commit.sha for event in events)
        or any(event.other is not None and event.other.number == number for event in events)
    )


def _closing(texts: Sequence[_Text], case: Case, facts: Facts) -> Iterator[Noticed]:
    """A keyword for the issue that GitHub may close it by, although the message does not say so itself."""

    def closes(words: str) -> Iterator[tuple[str, bool]]:
        return ((issue.words, no) for issue, no in closed_in(words) if _of_it(issue, case, facts))

    own = [(text, said, no) for text in texts for said, no in closes(text.words.own)]
    if any(not no for _, _, no in own):
        return
    found = [(text.name, said, "is negated") for text, said, _ in own]
    for text in texts:
        for words, where in ((text.words.quoted, "a quotation"), (text.words.squashed, "its list of squashed commits")):
            found += [(text.name, said, f"stands only in {where}") for said, no in closes(words) if not no]
    if found:
        name, said, where = found[0]
        message = f"“{said}” in the message of {name} {where}"
        hint = f"that closes #{case.number} on GitHub and proves nothing: cite what shows that it is solved"
        yield "closing-keyword", Severity.WARNING, message, hint


def _sized(text: _Text, commit: Commit, facts: Facts) -> Iterator[Noticed]:
    claims = sizes.claims_in(text.words.own)
    changes: tuple[Change, ...] | None = facts.history.changes([commit.sha]).get(commit.sha) if claims else None
    wrong = sizes.contradicted(claims, changes) if changes is not None else None
    if wrong is not None:
        claim, number = wrong
        message = f"{text.name} says “{claim.words}”, and its diff has {amount(number, 'file')}"
        yield "files-updated", Severity.WARNING, message, "is it the commit that is meant?"
