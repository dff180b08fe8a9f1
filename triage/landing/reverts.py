"""Which commits take a landed one back: by its name, with the merge that brought it, or by its subject."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from triage.landing.subjects import Manner, manner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from triage.model import Commit, Survey
    from triage.ports import History

_WHOLE = (40, 64)
_MERGE = 2
_TYPED = re.compile(r"(?P<type>[a-z]+)(?P<scope>\([^()]*\))?!?:\s+(?P<rest>\S.*)", re.IGNORECASE)
_REVERT = re.compile(r"(?i)(?:revert|reapply|undo|back\s?out|roll\s?back)")
_REVERTED_TITLE = re.compile(r'Revert "(?P<title>.*)"(?:\s+\(#\d+\))*')
_BULLET = re.compile(r"^[*-] ", re.MULTILINE)
_MAINLINE = re.compile(r"reversing\s+changes\s+made\s+to\s+([0-9a-f]{7,64})")


class Undone(NamedTuple):
    """The commit that takes another back; not `sure` where it may have meant something else."""

    by: Commit
    sure: bool


def undoing_names(subject: str) -> list[str]:
    """Return the subjects that a commit may have which takes back one with this subject."""
    names = [f'Revert "{subject}"', f"revert: {subject}"]
    typed = _TYPED.fullmatch(subject)
    if typed is not None and typed["scope"]:
        names.append(f"revert{typed['scope']}: {typed['rest']}")
    reverted = _REVERTED_TITLE.fullmatch(subject)
    if reverted is not None:
        names.append(f'Reapply "{reverted["title"]}"')
    return names


class Reverts:
    """The reverts of a history, asked for one commit at a time."""

    def __init__(self, history: History, survey: Survey) -> None:
        self._history = history
        self._reverts = survey.reverts
        self._known: Mapping[str, Commit] | None = None
        self._ahead = False

    def of(self, commit: Commit, tip: str) -> Undone | None:
        """Return what takes `commit` back on the way to `tip`, or None; a revert that was itself reverted does not."""
        outcome: dict[str, Undone | None] = {}
        found: dict[str, list[Undone]] = {}
        waiting = {commit.sha: commit}
        while waiting:
            current = next(reversed(waiting.values()))
            if current.sha not in found:
                found[current.sha] = self._by(current, tip)
            reverts = (item.by for item in found[current.sha])
            deeper = next((by for by in reverts if by.sha not in outcome and by.sha not in waiting), None)
            if deeper is not None:
                waiting[deeper.sha] = deeper
                continue
            outcome[current.sha] = _strongest(found[current.sha], outcome)
            del waiting[current.sha]
        return outcome[commit.sha]

    def _by(self, commit: Commit, tip: str) -> list[Undone]:
        """Return the commits up to `tip` that take this one back, whatever became of them."""
        all_of_them = [*self._by_name(commit), *self._by_merge(commit), *self._by_subject(commit)]
        there = self._history.reachable(tip, {item.by.sha for item in all_of_them})
        return [item for item in all_of_them if item.by.sha in there and item.by.sha != commit.sha]

    def _by_name(self, commit: Commit) -> Iterator[Undone]:
        for cited, commits in self._reverts.items():
            if commit.sha.startswith(cited):
                yield from self._judged(commits, commit)

    def _judged(self, commits: Iterable[Commit], commit: Commit) -> Iterator[Undone]:
        """A line in the list that a squash merge makes of its commits speaks of one of them, not of their sum."""
        for revert in commits:
            if _REVERT.match(revert.subject) or not _BULLET.search(revert.body):
                yield Undone(revert, sure=True)
                continue
            paths = [
                {change.path for change in changes}
                for changes in self._history.changes([revert.sha, commit.sha]).values()
            ]
            if len(paths) < len({revert.sha, commit.sha}) or paths[0] & paths[1]:
                yield Undone(revert, sure=False)

    def _by_merge(self, commit: Commit) -> Iterator[Undone]:
        for sha, merge in self._cited().items():
            if len(merge.parents) < _MERGE or sha == commit.sha:
                continue
            for revert in self._reverts[sha]:
                told = _MAINLINE.search(revert.body)
                mainline = next((p for p in merge.parents if told and p.startswith(told[1])), merge.parents[0])
                if mainline not in self._history.commits([mainline]):
                    continue
                brought = self._history.reachable(sha, [commit.sha])
                if brought and not self._history.reachable(mainline, [commit.sha]):
                    yield Undone(revert, sure=True)

    def _by_subject(self, commit: Commit) -> Iterator[Undone]:
        names = undoing_names(commit.subject)
        self._look_ahead(commit)
        telling = {revert.sha for sha in self._cited() for revert in self._reverts[sha]}
        for name, reverts in self._history.survey(names).subjects.items():
            for revert in reverts:
                if revert.sha in telling or manner(name, revert.subject) not in (Manner.EXACT, Manner.DECORATED):
                    continue
                if self._history.reachable(revert.sha, [commit.sha]):
                    yield Undone(revert, sure=not self._twins(commit, revert))

    def _look_ahead(self, commit: Commit) -> None:
        """Look for the names of what undoes any revert in one pass, once the first of them is asked about."""
        reverts = {revert.sha: revert.subject for commits in self._reverts.values() for revert in commits}
        if not self._ahead and commit.sha in reverts:
            self._ahead = True
            subjects = set(reverts.values())
            self._history.survey({name for subject in subjects for name in undoing_names(subject)} | subjects)

    def _twins(self, commit: Commit, revert: Commit) -> Collection[str]:
        """The other commits before a revert that have this one's subject: it may have meant one of them."""
        carriers = self._history.survey([commit.subject]).subjects.get(commit.subject, ())
        same = {
            other.sha
            for other in carriers
            if other.sha != commit.sha and manner(commit.subject, other.subject) is Manner.EXACT
        }
        return self._history.reachable(revert.sha, same)

    def _cited(self) -> Mapping[str, Commit]:
        """The commits that some revert names by a SHA which is here."""
        if self._known is None:
            self._known = self._history.commits([sha for sha in self._reverts if len(sha) in _WHOLE])
        return self._known


def _strongest(found: Iterable[Undone], outcome: Mapping[str, Undone | None]) -> Undone | None:
    live = []
    for item in found:
        undone = outcome.get(item.by.sha, item)  # one that waits for this very answer goes round in a circle
        if undone is None:
            live.append(item)
        elif not undone.sure:
            live.append(Undone(item.by, sure=False))
    return next((item for item in live if item.sure), live[0] if live else None)
