"""Has the change that a cited commit stands for reached the branch? The proofs, tried in their order.

The rules are those of the project's evidence guide: an ancestor of the branch proves it, so does the commit that it
was squashed, rebased or rewritten into; where the object is gone, a subject that names exactly one commit proves it;
a SHA cited with another commit's subject refutes it; a failed look-up never refutes anything.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook
from triage.landing.citation import SHORT, Landing, candidate, day, short
from triage.landing.counterparts import counterparts
from triage.landing.relocation import Relocated, Relocation, same_but_pull, spellings, subjects_in
from triage.landing.reverts import Reverts
from triage.landing.rewriting import apart, most_are_gone
from triage.landing.sought import Counterpart, NoCounterpart, Sought, same_origin
from triage.landing.subjects import EVERY_REVERT, Manner, manner, pulls
from triage.landing.survival import survival
from triage.model import Resolution, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import timedelta

    from triage.landing.citation import Citation
    from triage.landing.counterparts import Found
    from triage.landing.reverts import Undone
    from triage.model import CloneState, Commit, Mention, Survey
    from triage.ports import History

PLACEHOLDERS = frozenset(
    """
    abc1234 abc12345 abc123d abcdef0 abcdef1 abcdef12 abcdef123 abcdefa def5678 def4567 a1b2c3d a1b2c3d4 a1b2c3d4e5f6
    1a2b3c4 1a2b3c4d 1a2b3c4d5 1234567 12345678 123456789 1234abc 0123456 01234567 0123456789 deadbeef cafebabe
    0000000 fffffff
    """.split()  # noqa: SIM905 - a table, not a list of strings
)
_NOTHING = Resolution()


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
    mentions = _mentions(citations, resolved, survey, history)
    given = {
        subject for sha, found in mentions.items() for mention in found for subject in subjects_in(mention.text, sha)
    }
    if given:
        wanted |= given
        survey = history.survey(wanted)
    carriers = {commit.sha for subject in wanted for commit in survey.subjects.get(subject, ())}
    on: dict[str, Collection[str]] = {
        tip: history.reachable(tip, named | carriers) for tip in {citation.tip for citation in citations}
    }
    repositories = {name for citation in citations if citation.pulled for name in citation.pulled.repositories}
    court = _Court(
        history,
        resolved,
        commits,
        Relocation(partial(_same_change, history), survey, on, history.state, branch, window),
        Reverts(history, survey, repositories),
        mentions,
        _others(citations, resolved, commits, on, history, branch),
        _rewritten(citations, resolved),
    )
    court.prepare(citations)
    return {citation: court.judge(citation) for citation in citations}


def _same_change(history: History, one: Commit, other: Commit) -> bool:
    """Whether two commits are versions of one: made anew, or with the same change."""
    changes = history.changes([one.sha, other.sha])
    mine, its = changes.get(one.sha), changes.get(other.sha)
    return same_origin(one, other) or (mine is not None and mine == its)


def _rewritten(citations: Iterable[Citation], resolved: Mapping[str, Resolution]) -> bool:
    """Whether so many of the commits cited are gone that the history must have been rewritten."""
    cited = apart({one.sha.lower() for one in citations if one.pulled is None and one.sha not in PLACEHOLDERS})
    return most_are_gone(sum(resolved.get(sha, _NOTHING) == _NOTHING for sha in cited), len(cited))


def _mentions(
    citations: Iterable[Citation], resolved: Mapping[str, Resolution], survey: Survey, history: History
) -> dict[str, tuple[Mention, ...]]:
    """The lines of documents that speak of commits which are gone and were cited with no commit's subject."""
    gone: dict[str, list[str]] = {}
    for citation in citations:
        told = (
            citation.pulled is not None or citation.sha in PLACEHOLDERS or survey.subjects.get(citation.subject or "")
        )
        if not told and resolved[citation.sha] == _NOTHING:
            gone.setdefault(citation.tip, []).append(citation.sha)
    found: dict[str, tuple[Mention, ...]] = {}
    for tip, shas in gone.items():
        try:
            lines = history.mentions({text for sha in shas for text in spellings(sha)}, tip)
        except CouldNotLook:
            continue  # it is one proof less, and none against
        for sha in shas:
            of_it = dict.fromkeys(mention for text in spellings(sha) for mention in lines.get(text, ()))
            found[sha] = tuple(of_it)
    return found


def _others(
    citations: Iterable[Citation],
    resolved: Mapping[str, Resolution],
    commits: Mapping[str, Commit],
    on: Mapping[str, Collection[str]],
    history: History,
    branch: str,
) -> dict[tuple[str, str], Found]:
    """What the commits that are here and not on the branch landed as, by tip and SHA."""
    sought: dict[str, dict[str, Sought]] = {}
    for citation in citations:
        item = resolved[citation.sha]
        for sha in (item.sha, *item.candidates):
            if sha is not None and sha in commits and sha not in on[citation.tip]:
                sought.setdefault(citation.tip, {})[sha] = Sought(commits[sha], citation.merged)
    found: dict[tuple[str, str], Found] = {}
    for tip, listed in sought.items():
        for sha, one in _looked_for(history, branch, tip, list(listed.values())).items():
            found[tip, sha] = one
    return found


def _looked_for(history: History, branch: str, tip: str, sought: list[Sought]) -> dict[str, Found]:
    try:
        return counterparts(history, branch, tip, sought)
    except CouldNotLook as fault:
        if len(sought) == 1:
            reason = f"whether it landed as another one could not be looked for: {fault.message}"
            return {sought[0].commit.sha: NoCounterpart(reason)}
    # One that cannot be looked for keeps no other from being found.
    return {sha: one for each in sought for sha, one in _looked_for(history, branch, tip, [each]).items()}


class _Court(NamedTuple):
    history: History
    resolved: Mapping[str, Resolution]
    commits: Mapping[str, Commit]
    relocation: Relocation
    reverts: Reverts
    mentions: Mapping[str, tuple[Mention, ...]]
    others: Mapping[tuple[str, str], Found]
    rewritten: bool

    @property
    def state(self) -> CloneState:
        return self.history.state

    def prepare(self, citations: Iterable[Citation]) -> None:
        """Read at once the changes of all commits that may prove to have landed."""
        likely = {}
        for citation in citations:
            on = self.relocation.on[citation.tip]
            named = self.resolved.get(citation.sha, _NOTHING).sha
            if named is not None:
                likely[named] = named in on
            elif citation.subject is not None:
                here = self.relocation.here(citation.subject, citation.tip)
                likely.update({commit.sha: True for commit in here if len(here) == 1})
        self.history.changes([sha for sha, landed in likely.items() if landed])

    def judge(self, citation: Citation) -> Landing:
        resolution = self.resolved.get(citation.sha, _NOTHING)
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
        return self._gone(citation)._replace(gone=resolution.other is None)

    def _by_subject_among(self, citation: Citation, shas: Iterable[str]) -> Commit | None:
        if citation.subject is None:
            return None
        own = [self.commits[sha] for sha in shas if manner(citation.subject, self.commits[sha].subject)]
        return own[0] if len(own) == 1 else None

    # -- the object is here --

    def _found(self, citation: Citation, commit: Commit) -> Landing:
        other = self.others.get((citation.tip, commit.sha))
        subject = self._subject(citation, commit, other.commit if isinstance(other, Counterpart) else None)
        if isinstance(subject, Landing):
            return subject
        if isinstance(other, Counterpart):
            return self._landed_as(citation, other, subject, commit)
        if commit.sha in self.relocation.on[citation.tip]:
            return self._landed(citation, commit, "ancestor", f"an ancestor of {self._tip(citation)}", subject)
        not_on = f"{commit.sha[:SHORT]} exists here and is not an ancestor of {self._tip(citation)}"
        if self.state.shallow:
            blind = self.state.blind or "this clone is shallow"
            reason = f"{blind}; whether {commit.sha[:SHORT]} is an ancestor of {self._tip(citation)} cannot be seen"
            found = other.candidates if other is not None else ()
            return Landing(Status.UNVERIFIED, self.relocation.cured(reason), None, commit, subject, found)
        if other is None:
            return Landing(Status.UNVERIFIED, not_on, None, commit, subject)
        if other.never and self._decidable(citation, commit):
            reason = f"{not_on}: {other.reason}, and nothing that it did is there"
            return Landing(Status.REFUTED, reason, "never-landed", commit, subject, other.candidates)
        reason = f"{not_on}; {other.reason}"
        if self.state.blind:
            reason = f"{reason}; {self.relocation.cured(self.state.blind)}"
        elif self._stale(citation):
            reason = f"{reason}; {self._stale(citation)}"
        return Landing(Status.UNVERIFIED, reason, None, commit, subject, other.candidates)

    def _landed_as(
        self, citation: Citation, other: Counterpart, subject: tuple[Status, str] | None, own: Commit
    ) -> Landing:
        """The verdict on a commit that landed as another one, or as several: one that still stands is enough."""
        landings = []
        for one in (other, *other.others):
            cited = citation if citation.pulled is not None else citation._replace(pulled=one.pulled)
            landing = self._landed(cited, one.commit, one.proof, one.how, subject, own)
            if landing.status is Status.VERIFIED:
                return landing
            landings.append(landing)
        return landings[0]

    def _decidable(self, citation: Citation, commit: Commit) -> bool:
        """Whether a commit that nothing shows to have landed did not: all is seen, and nothing of it is there."""
        if self.state.blind or citation.cited is None or self._stale(citation):
            return False
        try:
            left = survival(self.history, commit, citation.tip)
        except CouldNotLook:
            return False
        return left.paths > 0 and not left.share and not left.moved

    def _subject(
        self, citation: Citation, commit: Commit, landed: Commit | None
    ) -> Landing | tuple[Status, str] | None:
        """The verdict on the cited subject of a commit that exists; a whole Landing if it is another's."""
        if citation.subject is None:
            return None
        own = manner(citation.subject, commit.subject)
        if own is Manner.EXACT:
            return Status.VERIFIED, "the commit has this subject"
        if landed is not None and manner(citation.subject, landed.subject):
            return Status.VERIFIED, f"{landed.sha[:SHORT]}, as which it landed, has this subject"
        others = [other for other in self.relocation.strongest(citation.subject) if other.sha != commit.sha]
        exactly = [other for other in others if manner(citation.subject, other.subject) is Manner.EXACT]
        if own is not None and (not exactly or same_but_pull(citation.subject, commit.subject)):
            return Status.VERIFIED, "the commit has this subject"
        on = self.relocation.on[citation.tip]
        pulled = [other for other in others if other.sha in on and pulls(other.subject)]
        if pulled and own is None and commit.sha not in on:
            branch = self.relocation.branch
            reason = (
                f"{commit.sha[:SHORT]} is “{commit.subject}” and not on {branch}; the subject given is that of "
                f"{pulled[0].sha[:SHORT]} there, which may be the squash of its pull request"
            )
            found = tuple(candidate(other, f"on {branch} with the subject given") for other in pulled[:5])
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
        self,
        citation: Citation,
        commit: Commit,
        proof: str,
        how: str,
        subject: tuple[Status, str] | None,
        own: Commit | None = None,
    ) -> Landing:
        """Return the verdict on a commit of the branch, itself cited or found for the cited one that is its `own`."""
        tip = citation.now or citation.tip
        undone = self._undone(citation, commit, own, tip)
        if undone is None:
            # What was purged with a rewriting was not taken back on the branch.
            both = (commit, own) if own is not None and proof != "rewrite" else (commit,)
            if any(self.reverts.taken_back(one, tip) for one in both):
                reason = (
                    f"every path that {(own or commit).sha[:SHORT]} changed is again as it was before it: "
                    "was the change taken back?"
                )
                return Landing(Status.UNVERIFIED, reason, None, commit, subject, own=own)
            return Landing(Status.VERIFIED, how, proof, commit, subject, own=own)
        revert = undone.by
        again = [
            twin
            for twin in self.history.survey({commit.subject}).subjects.get(commit.subject, ())
            if twin.sha != commit.sha and twin.committed >= revert.committed
        ]
        there = self.history.reachable(tip, {twin.sha for twin in again})
        landed_again = tuple(candidate(twin, "landed after the revert") for twin in again if twin.sha in there)
        whole = f"#{citation.pulled.number}" if undone.whole and citation.pulled is not None else None
        itself = own if own is not None and undone.of == own.sha else commit
        name = whole or itself.sha[:SHORT]
        reason = f"{name} was reverted by {revert.sha[:SHORT]} of {day(revert.committed)}"
        if own is not None:
            reason = f"{own.sha[:SHORT]} landed as {commit.sha[:SHORT]} ({proof}), but {reason}"
        if landed_again:
            reason += "; a commit with its subject landed after that"
            return Landing(Status.UNVERIFIED, reason, None, commit, subject, landed_again, own=own)
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
            return Landing(Status.UNVERIFIED, reason, None, commit, subject, found, own=own)
        return Landing(Status.REFUTED, reason, "reverted", commit, subject, by=revert, whole=undone.whole, own=own)

    def _undone(self, citation: Citation, commit: Commit, own: Commit | None, tip: str) -> Undone | None:
        """What takes back a commit of the branch, or what it landed for, later than it."""
        undone = self.reverts.of(commit, tip, citation.pulled)
        if undone is not None or own is None:
            return undone
        of_own = self.reverts.of(own, tip, since=commit)
        later = of_own is not None and of_own.by.sha != commit.sha and of_own.by.committed >= commit.committed
        return of_own if later else None

    # -- the object is gone --

    def _gone(self, citation: Citation) -> Landing:
        placeholder = citation.sha in PLACEHOLDERS
        found = self._merged_as(citation)
        if found is None and citation.subject is not None:
            found = self._relocated(citation, citation.subject)
        if found is None:
            found = self._cited_elsewhere(citation)
        if found is not None:
            return found
        if placeholder:
            return Landing(
                Status.UNVERIFIED, f"{citation.sha} is a placeholder, and no commit here has it", placeholder=True
            )
        other = self.resolved.get(citation.sha, _NOTHING).other
        missing = f"no {'commit' if other else 'object'} here has the SHA {citation.sha}"
        if citation.subject is not None:
            reason = f"{missing}, and no commit the subject given"
            return Landing(Status.UNVERIFIED, self.relocation.cured(reason) if self.state.blind else reason)
        doubt = self._doubt(citation)
        if doubt is not None:
            return Landing(Status.UNVERIFIED, f"{missing}; {doubt}")
        return Landing(
            Status.REFUTED,
            f"{missing}, in a complete clone that is newer than the citation and has another commit cited here",
            "absent-object",
        )

    def _merged_as(self, citation: Citation) -> Landing | None:
        """The verdict where GitHub says that the commit was the last of a pull request which was squashed."""
        heads = [merged for merged in citation.merged if merged.head.startswith(citation.sha.lower())]
        there = self.history.reachable(citation.tip, {merged.commit for merged in heads}) if heads else ()
        for merged in heads:
            commit = self.history.commits([merged.commit]).get(merged.commit) if merged.commit in there else None
            if commit is None or len(commit.parents) > 1:
                continue
            how = (
                f"{citation.sha} is not in this clone; by GitHub it is the last commit of #{merged.number}, "
                f"which was merged as {commit.sha[:SHORT]} of {day(commit.committed)}"
            )
            subject = None
            if citation.subject is not None:
                same = manner(citation.subject, commit.subject) or manner(citation.subject, merged.title)
                told = f"{commit.sha[:SHORT]} has this subject" if same else "its own subject is not known here"
                subject = (Status.VERIFIED if same else Status.UNVERIFIED, told)
            return self._landed(citation, commit, "squash", how, subject)
        return None

    def _relocated(self, citation: Citation, subject: str) -> Landing | None:
        """The verdict where a subject names some commit; None where it names none."""
        found = self.relocation.by_subject(citation, subject)
        if not isinstance(found, Relocated):
            return found
        verdict = (Status.VERIFIED, f"{found.commit.sha[:SHORT]} has this subject")
        return self._landed(citation, found.commit, "subject", found.how, verdict)

    def _cited_elsewhere(self, citation: Citation) -> Landing | None:
        found = self.relocation.elsewhere(citation, self.mentions.get(citation.sha, ()))
        if not isinstance(found, Relocated):
            return found
        subject = None
        if citation.subject is not None:
            subject = (
                Status.UNVERIFIED,
                f"its subject is “{found.commit.subject}”, and no commit here has the one given",
            )
        return self._landed(citation, found.commit, "cited-elsewhere", found.how, subject)

    def _doubt(self, citation: Citation) -> str | None:
        """Why a SHA that is nowhere here may still have existed, or None if nothing speaks for it."""
        if self.state.blind:
            return self.relocation.cured(self.state.blind)
        if citation.cited is None:
            return "when it was cited is not known (`decided:` says when)"
        stale = self._stale(citation)
        if stale is not None:
            return stale
        if self.rewritten:
            return "nor have most of the others cited: the history was rewritten"
        if not any(item.sha for sha, item in self.resolved.items() if sha != citation.sha):
            return "no other commit cited here exists either, so the history may have been rewritten"
        return None

    def _stale(self, citation: Citation) -> str | None:
        """Why the clone may be older than a citation, with what cures it; None for one that is newer."""
        if citation.cited is None or (self.state.fetched is not None and self.state.fetched >= citation.cited):
            return None
        seen = day(self.state.fetched) if self.state.fetched else "an unknown time"
        return f"this clone is of {seen}, the citation may be newer (`git fetch --all`)"

    def _tip(self, citation: Citation) -> str:
        return f"{self.relocation.branch} at {citation.tip[:SHORT]}"
