"""Has the change that a cited commit stands for reached the branch? The proofs, tried in their order.

The rules are those of the project's evidence guide: an ancestor of the branch proves it; where the object
is gone, a subject that names exactly one commit proves it; a SHA cited with another commit's subject
refutes it; a failed look-up never refutes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.landing.reverts import Pulled, Reverts
from triage.landing.subjects import EVERY_REVERT, Manner, manner, of_another_pull, plain, pulls, tidy
from triage.model import Candidate, Commit, Resolution, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime, timedelta

    from triage.model import CloneState, Survey
    from triage.ports import History

SHORT = 9
"""Digits of a SHA in sentences; links and JSON carry all of them."""

PLACEHOLDERS = frozenset(
    """
    abc1234 abc12345 abc123d abcdef0 abcdef1 abcdef12 abcdef123 abcdefa def5678 def4567 a1b2c3d a1b2c3d4 a1b2c3d4e5f6
    1a2b3c4 1a2b3c4d 1a2b3c4d5 1234567 12345678 123456789 1234abc 0123456 01234567 0123456789 deadbeef cafebabe
    0000000 fffffff
    """.split()  # noqa: SIM905 - a table, not a list of strings
)


class Citation(NamedTuple):
    """A commit as somebody cites it: its SHA, perhaps its subject, when, and the tip it must be on.

    `now` is the tip on which it must not have been reverted, where that is another than `tip`; `pulled` the pull
    request that it is the merge commit of.
    """

    sha: str
    subject: str | None
    cited: datetime | None
    tip: str
    now: str | None = None
    pulled: Pulled | None = None


class Landing(NamedTuple):
    """What became of a citation. `commit` is the one that was found, on the branch or not."""

    status: Status
    reason: str
    proof: str | None = None
    commit: Commit | None = None
    subject: tuple[Status, str] | None = None
    candidates: tuple[Candidate, ...] = ()
    placeholder: bool = False
    by: Commit | None = None
    """What reverted it."""
    whole: bool = False
    """Whether it is the pull request that was reverted, and with it this commit."""


def day(moment: datetime) -> str:
    """Return a moment as reports show it."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def short(commit: Commit) -> str:
    """Return a commit's abbreviated SHA and subject."""
    return f"{commit.sha[:SHORT]} ({commit.subject})"


def candidate(commit: Commit, reason: str) -> Candidate:
    """Return a commit as a candidate."""
    return Candidate("commit", commit.sha, commit.subject, reason)


def _same_but_pull(cited: str, actual: str) -> bool:
    """Whether two subjects differ at most in the `(#N)` at their ends, and name no different pull requests."""
    one, other = tidy(cited), tidy(actual)
    return plain(one) == plain(other) and not of_another_pull(one, other)


def settle(
    citations: Collection[Citation], history: History, branch: str, window: timedelta
) -> dict[Citation, Landing]:
    """Return what became of each citation, reading the history in batches.

    `window` is how long before its citation a commit may have been made to be found by its subject.
    """
    if not citations:
        return {}
    resolved = history.resolve({citation.sha for citation in citations})
    named = {sha for item in resolved.values() for sha in (item.sha, *item.candidates) if sha}
    commits = history.commits(named)
    history.look_ahead(commits)
    wanted = {citation.subject for citation in citations if citation.subject}
    # What reverts say is looked for in the same pass, so that asking for it later costs none.
    survey = history.survey(wanted, wanted | {EVERY_REVERT} | {commit.subject for commit in commits.values()})
    carriers = {commit.sha for subject in wanted for commit in survey.subjects.get(subject, ())}
    on: dict[str, Collection[str]] = {
        tip: history.reachable(tip, named | carriers) for tip in {citation.tip for citation in citations}
    }
    repositories = {name for citation in citations if citation.pulled for name in citation.pulled.repositories}
    reverts = Reverts(history, survey, repositories)
    court = _Court(history, branch, window, resolved, survey, commits, on, reverts)
    court.prepare(citations)
    return {citation: court.judge(citation) for citation in citations}


class _Court(NamedTuple):
    history: History
    branch: str
    window: timedelta
    resolved: Mapping[str, Resolution]
    survey: Survey
    commits: Mapping[str, Commit]
    on: Mapping[str, Collection[str]]
    reverts: Reverts

    @property
    def state(self) -> CloneState:
        return self.history.state

    def prepare(self, citations: Iterable[Citation]) -> None:
        """Read at once the changes of all commits that may prove to have landed."""
        likely = {}
        for citation in citations:
            on = self.on[citation.tip]
            named = self.resolved.get(citation.sha, Resolution()).sha
            if named is not None:
                likely[named] = named in on
            elif citation.subject is not None:
                here = self._here(citation.subject, on)
                likely.update({commit.sha: True for commit in here if len(here) == 1})
        self.history.changes([sha for sha, landed in likely.items() if landed])

    def judge(self, citation: Citation) -> Landing:
        resolution = self.resolved.get(citation.sha, Resolution())
        if resolution.candidates:
            chosen = self._by_subject_among(citation, resolution.candidates)
            if chosen is None:
                found = tuple(candidate(self.commits[sha], "has this abbreviation") for sha in resolution.candidates)
                return Landing(
                    Status.UNVERIFIED,
                    f"{citation.sha} is ambiguous: {len(found)} commits begin so; give more digits",
                    candidates=found,
                )
            return self._found(citation, chosen)
        if resolution.sha is not None:
            return self._found(citation, self.commits[resolution.sha])
        if resolution.other is not None and len(citation.sha) in (40, 64):
            return Landing(Status.REFUTED, f"{citation.sha} is a {resolution.other}, not a commit", "absent-object")
        return self._gone(citation)

    def _by_subject_among(self, citation: Citation, shas: Iterable[str]) -> Commit | None:
        if citation.subject is None:
            return None
        own = [self.commits[sha] for sha in shas if manner(citation.subject, self.commits[sha].subject)]
        return own[0] if len(own) == 1 else None

    # -- the object is here --

    def _found(self, citation: Citation, commit: Commit) -> Landing:
        subject = self._subject(citation, commit)
        if isinstance(subject, Landing):
            return subject
        if commit.sha in self.on[citation.tip]:
            return self._landed(citation, commit, "ancestor", f"an ancestor of {self._tip(citation)}", subject)
        if self.state.shallow:
            blind = self.state.blind or "this clone is shallow"
            reason = f"{blind}; whether it is an ancestor of {self.branch} cannot be seen"
            return Landing(Status.UNVERIFIED, self._cured(reason), None, commit, subject)
        twins = self.history.survey({commit.subject}).subjects.get(commit.subject, ())
        there = self.history.reachable(citation.tip, {twin.sha for twin in twins})
        candidates = tuple(
            candidate(twin, f"on {self.branch} with the same subject") for twin in twins if twin.sha in there
        )
        reason = (
            f"it exists here and is not an ancestor of {self._tip(citation)}; "
            "whether it was squashed, rebased or rewritten has not been looked for"
        )
        return Landing(Status.UNVERIFIED, reason, None, commit, subject, candidates)

    def _subject(self, citation: Citation, commit: Commit) -> Landing | tuple[Status, str] | None:
        """The verdict on the cited subject of a commit that exists; a whole Landing if it is another's."""
        if citation.subject is None:
            return None
        own = manner(citation.subject, commit.subject)
        if own is Manner.EXACT:
            return Status.VERIFIED, "the commit has this subject"
        others = [other for other in self._strongest(citation.subject) if other.sha != commit.sha]
        exactly = [other for other in others if manner(citation.subject, other.subject) is Manner.EXACT]
        if own is not None and (not exactly or _same_but_pull(citation.subject, commit.subject)):
            return Status.VERIFIED, "the commit has this subject"
        on = self.on[citation.tip]
        pulled = [other for other in others if other.sha in on and pulls(other.subject)]
        if pulled and own is None and commit.sha not in on:
            reason = (
                f"{commit.sha[:SHORT]} is “{commit.subject}” and not on {self.branch}; the subject given is that of "
                f"{pulled[0].sha[:SHORT]} there, which may be the squash of its pull request"
            )
            found = tuple(candidate(other, f"on {self.branch} with the subject given") for other in pulled[:5])
            return Landing(Status.UNVERIFIED, reason, None, commit, (Status.UNVERIFIED, reason), found)
        if others:
            names = ", ".join(other.sha[:SHORT] for other in others[:3]) + (
                " …" if len(others) > len(others[:3]) else ""
            )
            reason = f"{commit.sha[:SHORT]} is “{commit.subject}”; the subject given is that of {names}"
            found = tuple(candidate(other, "has the subject given") for other in others[:5])
            return Landing(Status.REFUTED, reason, "foreign-subject", commit, (Status.REFUTED, reason), found)
        return Status.UNVERIFIED, f"its subject is “{commit.subject}”, and no commit here has the one given"

    def _landed(
        self, citation: Citation, commit: Commit, proof: str, how: str, subject: tuple[Status, str] | None
    ) -> Landing:
        tip = citation.now or citation.tip
        undone = self.reverts.of(commit, tip, citation.pulled)
        if undone is None:
            if self.reverts.taken_back(commit, tip):
                reason = (
                    f"every path that {commit.sha[:SHORT]} changed is again as it was before it: "
                    "was the change taken back?"
                )
                return Landing(Status.UNVERIFIED, reason, None, commit, subject)
            return Landing(Status.VERIFIED, how, proof, commit, subject)
        revert = undone.by
        again = [
            twin
            for twin in self.history.survey({commit.subject}).subjects.get(commit.subject, ())
            if twin.sha != commit.sha and twin.committed >= revert.committed
        ]
        there = self.history.reachable(tip, {twin.sha for twin in again})
        landed_again = tuple(candidate(twin, "landed after the revert") for twin in again if twin.sha in there)
        whole = f"#{citation.pulled.number}" if undone.whole and citation.pulled is not None else None
        name = whole or commit.sha[:SHORT]
        reason = f"{name} was reverted by {revert.sha[:SHORT]} of {day(revert.committed)}"
        if landed_again:
            reason += "; a commit with its subject landed after that"
            return Landing(Status.UNVERIFIED, reason, None, commit, subject, landed_again)
        if not undone.sure:
            reason = f"whether {name} was reverted by {short(revert)} cannot be told from its message"
            if undone.still is not None:
                reason = f"{short(revert)} says that it reverts {name}, but {undone.still} is still as it left it"
            elif whole is not None and undone.told:
                reason = (
                    f"{short(revert)} says that it reverts {whole}, "
                    f"but whether all that {whole} changed was taken back cannot be seen"
                )
            found = (candidate(revert, "may have reverted it"),)
            return Landing(Status.UNVERIFIED, reason, None, commit, subject, found)
        return Landing(Status.REFUTED, reason, "reverted", commit, subject, by=revert, whole=undone.whole)

    # -- the object is gone --

    def _strongest(self, subject: str) -> list[Commit]:
        """The commits that a subject names in the strongest manner that names any."""
        found = self.survey.subjects.get(subject, ())
        manners = {commit.sha: manner(subject, commit.subject) or Manner.CUT for commit in found}
        best = min(manners.values(), default=Manner.CUT)
        return [commit for commit in found if manners[commit.sha] == best]

    def _here(self, subject: str, on: Collection[str]) -> list[Commit]:
        """The commits on the branch that a subject names; `(#N)` at its end makes none of them a weaker one."""
        here = [commit for commit in self._strongest(subject) if commit.sha in on]
        return here or [
            commit
            for commit in self.survey.subjects.get(subject, ())
            if commit.sha in on and _same_but_pull(subject, commit.subject)
        ]

    def _gone(self, citation: Citation) -> Landing:
        placeholder = citation.sha in PLACEHOLDERS
        if citation.subject is not None:
            found = self._relocated(citation, citation.subject)
            if found is not None:
                return found
        if placeholder:
            return Landing(
                Status.UNVERIFIED, f"{citation.sha} is a placeholder, and no commit here has it", placeholder=True
            )
        other = self.resolved.get(citation.sha, Resolution()).other
        missing = f"no {'commit' if other else 'object'} here has the SHA {citation.sha}"
        if citation.subject is not None:
            reason = f"{missing}, and no commit the subject given"
            return Landing(Status.UNVERIFIED, self._cured(reason) if self.state.blind else reason)
        doubt = self._doubt(citation)
        if doubt is not None:
            return Landing(Status.UNVERIFIED, f"{missing}; {doubt}")
        return Landing(
            Status.REFUTED,
            f"{missing}, in a complete clone that is newer than the citation and has another commit cited here",
            "absent-object",
        )

    def _doubt(self, citation: Citation) -> str | None:
        """Why a SHA that is nowhere here may still have existed, or None if nothing speaks for it."""
        if self.state.blind:
            return self._cured(self.state.blind)
        if citation.cited is None:
            return "when it was cited is not known (`decided:` says when)"
        if self.state.fetched is None or self.state.fetched < citation.cited:
            seen = day(self.state.fetched) if self.state.fetched else "an unknown time"
            return f"this clone is of {seen}, the citation may be newer (`git fetch --all`)"
        if not any(item.sha for sha, item in self.resolved.items() if sha != citation.sha):
            return "no other commit cited here exists either, so the history may have been rewritten"
        return None

    def _relocated(self, citation: Citation, subject: str) -> Landing | None:
        """The verdict where a subject names some commit; None where it names none."""
        strongest = self._strongest(subject)
        on = self.on[citation.tip]
        here = self._here(subject, on)
        gone = f"{citation.sha} no longer exists"
        if not strongest:
            return None
        if not here:
            found = tuple(
                candidate(commit, f"has this subject, and is not on {self.branch}") for commit in strongest[:5]
            )
            reason = f"{gone}; its subject is only found outside {self._tip(citation)}"
            return Landing(Status.UNVERIFIED, self._cured(reason) if self.state.shallow else reason, candidates=found)
        if len(here) > 1:
            found = tuple(candidate(commit, "has this subject") for commit in here[:5])
            reason = f"{gone}; {len(here)} commits have its subject, so which one was meant cannot be told"
            return Landing(Status.UNVERIFIED, reason, candidates=found)
        commit = here[0]
        if self.state.shallow:
            reason = f"{gone}; {commit.sha[:SHORT]} has its subject, but an older one may have it too"
            return Landing(Status.UNVERIFIED, self._cured(reason), candidates=(candidate(commit, "has this subject"),))
        if citation.cited is not None:
            odd = self._out_of_window(commit, citation.cited)
            if odd is not None:
                reason = f"{gone}; the only commit with its subject, {commit.sha[:SHORT]}, {odd}"
                found = (candidate(commit, f"has this subject, but {odd}"),)
                return Landing(Status.UNVERIFIED, reason, candidates=found)
        alone = all(other.sha == commit.sha for other in strongest)
        only = "exactly one commit has its subject" if alone else f"the only one on {self.branch} with its subject"
        how = f"{gone}; {only}: {commit.sha[:SHORT]} of {day(commit.authored)}"
        verdict = (Status.VERIFIED, f"{commit.sha[:SHORT]} has this subject")
        return self._landed(citation, commit, "subject", how, verdict)

    def _out_of_window(self, commit: Commit, cited: datetime) -> str | None:
        if commit.authored > cited:
            return f"was made on {day(commit.authored)}, after it was cited"
        if cited - commit.authored > self.window:
            return f"was made on {day(commit.authored)}, more than {self.window.days} days before it was cited"
        return None

    def _tip(self, citation: Citation) -> str:
        return f"{self.branch} at {citation.tip[:SHORT]}"

    def _cured(self, reason: str) -> str:
        return f"{reason} (`{self.state.cure}`)" if self.state.cure else reason
