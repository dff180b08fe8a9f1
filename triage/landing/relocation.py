"""Where a commit is now whose object is gone: by the subject it was cited with, or another document gives it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from triage.landing.citation import SHORT, Landing, candidate, day, gap
from triage.landing.subjects import Manner, manner, of_another_pull, plain, tidy
from triage.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta

    from triage.landing.citation import Citation
    from triage.model import CloneState, Commit, Mention, Survey

_LENGTHS = (7, 8, 9, 10, 12)
"""Lengths at which documents abbreviate SHAs, beside the one that was cited."""
_LINK_END = re.compile(r"^[`*\]]*\([^()\s]*\)")
_AROUND = " \t`*_:\"'“”‘’|[](){}<>,;.!~#•→–—-"
_DENIES = re.compile(
    r"(?i)\b(?:not?|never|none|false|wrong|incorrect|claim(?:s|ed)?|instead|replac(?:es|ed|ing)|supersed\w+|revert\w*|"
    r"missing|phantom|fabricated|bogus|mistaken\w*|nonexistent|\w+n['’]t)\b"
)
"""A line with one of these beside the subject says something else of the SHA than that it has the subject."""
_LEAST = 8
"""Characters that a subject in a document must have: shorter ones are words of its prose."""


class Relocated(NamedTuple):
    """The one commit that a subject names, and the words that say so."""

    commit: Commit
    how: str


class Relocation(NamedTuple):
    """What the subjects of a history tell about commits that are gone; `window` bounds how old they may be."""

    same: Callable[[Commit, Commit], bool]
    """Whether two commits are versions of one."""
    survey: Survey
    on: Mapping[str, Collection[str]]
    state: CloneState
    branch: str
    window: timedelta

    def strongest(self, subject: str) -> list[Commit]:
        """Return the commits that a subject names in the strongest manner that names any."""
        found = self.survey.subjects.get(subject, ())
        manners = {commit.sha: manner(subject, commit.subject) or Manner.CUT for commit in found}
        best = min(manners.values(), default=Manner.CUT)
        return [commit for commit in found if manners[commit.sha] == best]

    def here(self, subject: str, tip: str) -> list[Commit]:
        """Return the commits of the branch that a subject names; `(#N)` at its end makes none of them a weaker one."""
        on = self.on[tip]
        here = [commit for commit in self.strongest(subject) if commit.sha in on]
        return here or [
            commit
            for commit in self.survey.subjects.get(subject, ())
            if commit.sha in on and same_but_pull(subject, commit.subject)
        ]

    def by_subject(self, citation: Citation, subject: str) -> Relocated | Landing | None:
        """Return the commit that a subject names, the verdict where it is not just one, None where it names none."""
        strongest = self.strongest(subject)
        here = self.here(subject, citation.tip)
        gone = f"{citation.sha} no longer exists"
        if not strongest:
            return None
        if not here:
            why = f"has this subject, and is not on {self.branch}"
            found = tuple(candidate(commit, why) for commit in strongest[:5])
            reason = f"{gone}; its subject is only found outside {self.branch} at {citation.tip[:SHORT]}"
            return Landing(Status.UNVERIFIED, self.cured(reason) if self.state.shallow else reason, candidates=found)
        if len(here) > 1:
            found = tuple(candidate(commit, "has this subject") for commit in here[:5])
            reason = f"{gone}; {len(here)} commits have its subject, so which one was meant cannot be told"
            return Landing(Status.UNVERIFIED, reason, candidates=found)
        commit = here[0]
        if self.state.shallow:
            reason = f"{gone}; {commit.sha[:SHORT]} has its subject, but an older one may have it too"
            return Landing(Status.UNVERIFIED, self.cured(reason), candidates=(candidate(commit, "has this subject"),))
        odd = self._out_of_window(commit, citation.cited) if citation.cited is not None else None
        if odd is not None:
            reason = f"{gone}; the only commit with its subject, {commit.sha[:SHORT]}, {odd}"
            found = (candidate(commit, f"has this subject, but {odd}"),)
            return Landing(Status.UNVERIFIED, reason, candidates=found)
        others = [other for other in strongest if other.sha != commit.sha]
        alone = not others
        unlike = [other for other in others if not self.same(other, commit)]
        if unlike:
            found = tuple(candidate(one, "has this subject") for one in (commit, *unlike[:4]))
            reason = (
                f"{gone}; {commit.sha[:SHORT]} has its subject, and so has {unlike[0].sha[:SHORT]}, which is another"
            )
            return Landing(Status.UNVERIFIED, reason, candidates=found)
        only = "exactly one commit has its subject" if alone else f"the only one on {self.branch} with its subject"
        before = f", {gap(citation.cited - commit.authored)} before it was cited" if citation.cited is not None else ""
        return Relocated(commit, f"{gone}; {only}: {commit.sha[:SHORT]} of {day(commit.authored)}{before}")

    def elsewhere(self, citation: Citation, mentions: Iterable[Mention]) -> Relocated | Landing | None:
        """Return the commit whose subject other documents give for the same SHA, if they agree on one.

        None where none of them gives a subject that names one commit.
        """
        found: dict[str, tuple[Relocated, Mention]] = {}
        for mention in mentions:
            for subject in dict.fromkeys(subjects_in(mention.text, citation.sha)):
                if _DENIES.search(mention.text.replace(subject, " ")):
                    continue
                named = self.by_subject(citation, subject)
                if isinstance(named, Relocated) and (manner(subject, named.commit.subject) or Manner.CUT) < Manner.CUT:
                    found.setdefault(named.commit.sha, (named, mention))
        if len(found) > 1:
            why = tuple(
                candidate(named.commit, f"{mention.path}:{mention.line} gives its subject for this SHA")
                for named, mention in found.values()
            )
            reason = f"{citation.sha} no longer exists; other documents give it the subjects of {len(found)} commits"
            return Landing(Status.UNVERIFIED, reason, candidates=why[:5])
        for named, mention in found.values():
            where = f"{mention.path}:{mention.line}"
            how = f"{citation.sha} no longer exists; {where} gives the subject of {named.commit.sha[:SHORT]} for it"
            return Relocated(named.commit, f"{how}, of {day(named.commit.authored)}, and no other commit has that")
        return None

    def cured(self, reason: str) -> str:
        """Return a reason with the command that would let the clone see more."""
        return f"{reason} (`{self.state.cure}`)" if self.state.cure else reason

    def _out_of_window(self, commit: Commit, cited: datetime) -> str | None:
        if commit.authored > cited:
            return f"was made on {day(commit.authored)}, after it was cited"
        if cited - commit.authored > self.window:
            return f"was made on {day(commit.authored)}, more than {self.window.days} days before it was cited"
        return None


def same_but_pull(cited: str, actual: str) -> bool:
    """Whether two subjects differ at most in the `(#N)` at their ends, and name no different pull requests."""
    one, other = tidy(cited), tidy(actual)
    return plain(one) == plain(other) and not of_another_pull(one, other)


def spellings(sha: str) -> list[str]:
    """Return a SHA as documents may have it: as it was cited, and cut to the usual lengths."""
    return list(dict.fromkeys([sha.lower(), *(sha[:length].lower() for length in _LENGTHS if length < len(sha))]))


def subjects_in(line: str, sha: str) -> Iterator[str]:
    """Yield what a line of a document may give as the subject of a SHA: the text after it, or before."""
    folded = line.lower()
    for text in spellings(sha):
        at = folded.find(text)
        if at < 0:
            continue
        end = at + len(text)
        while end < len(line) and line[end] in "0123456789abcdefABCDEF":
            end += 1
        rest = _LINK_END.sub("", line[end:])
        before = line[:at].rpartition("[")[0] if line[:at].endswith(("[", "[`")) else line[:at]
        for part in (rest, rest.partition(" | ")[0], rest.rpartition(" (")[0], before, before.rpartition(" | ")[2]):
            subject = part.strip(_AROUND)
            if len(subject) >= _LEAST:
                yield subject
                if part.rstrip(" \t`*_|").endswith(")"):  # a bracket that is the subject's own
                    yield f"{subject})"
        return
