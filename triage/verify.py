"""The loop: decisions and facts go in, verdicts come out. The rules are the contract's table of roll-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage import evidence
from triage.clusters.grammar import Criterion, Declined, Merged, Open, Phase, Resolved, Sequential
from triage.clusters.reading import evidence_of, evidence_of_issue
from triage.clusters.values import IssueName, same_repository
from triage.errors import CouldNotLook
from triage.evidence import commit as commit_evidence
from triage.evidence import pull as pull_evidence
from triage.evidence.facts import Case, as_finding, worst
from triage.evidence.issue import not_an_issue, state, unknown
from triage.evidence.stated import standing
from triage.landing.citation import Landing
from triage.landing.proof import settle
from triage.landing.rewriting import rewriting
from triage.model import Finding, IssueFact, MovedFact, Place, PullFact, Severity, Status, Unread
from triage.rollup import candidates_of, goes_on_in, of_all, of_phase, reason_of, sole_documents
from triage.verdicts import ClusterVerdict, CriterionVerdict, EvidenceVerdict, IssueVerdict, PhaseVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triage.clusters.grammar import Decision, Goal
    from triage.clusters.reading import ClusterFile
    from triage.evidence.facts import Facts
    from triage.landing.citation import Citation
    from triage.model import MissingFact


def verify(
    file: ClusterFile,
    facts: Facts,
    findings: Sequence[Finding] = (),
    others: Iterable[ClusterFile] = (),
    implied: Mapping[int, Decision] | None = None,
) -> ClusterVerdict:
    """Return the verdicts on a cluster.

    `findings` are those of the lint rules on this file. `implied` are decisions on issues that it does not have and
    that its own rest on: judged with them, and not shown. Readers are asked in batches first, so that what the
    checkers ask afterwards is at hand.
    """
    listed = file.cluster.issues
    cluster = file.cluster.model_copy(update={"issues": {**(implied or {}), **listed}})
    file = file._replace(cluster=cluster)
    landings = _landings(file, facts)
    findings = (*findings, *_rewritten(file, landings, facts))
    court = _Judge(file, facts, landings, tuple(findings), {n for o in others for n in o.cluster.issues})
    judged: dict[int, IssueVerdict] = {}
    waiting = list(cluster.issues)
    while waiting:
        number = next((n for n in waiting if court.ready(n, cluster.issues[n], judged)), waiting[0])
        waiting.remove(number)
        judged[number] = court.issue(number, cluster.issues[number], judged)
    issues: list[IssueVerdict] = []
    for number, decision in listed.items():
        issues.append(judged[number])
        issues += [court.duplicate(name, number, decision, judged) for name in decision.duplicates]
    goals = tuple(court.criterion(goal, court.case(None, None)) for goal in cluster.goals)
    statements = tuple((said, *standing(said.by, said.date, facts.judged.at)) for said in cluster.statements)
    found = _all_findings(findings, issues)
    return ClusterVerdict(
        file.cluster.model_copy(update={"issues": listed}),
        file.file,
        cluster.repository or facts.repository,
        facts.judged,
        _cluster_status(issues),
        tuple(issues),
        statements,
        goals,
        found,
        facts.server,
    )


def _rewritten(file: ClusterFile, landings: Mapping[Citation, Landing], facts: Facts) -> list[Finding]:
    """The finding that the history was rewritten, at the first commit cited, where most of them are gone."""
    # A clone that does not see all of a history cannot tell that it was rewritten.
    found = rewriting(landings) if facts.history.state.blind is None else None
    if found is None:
        return []
    hint = "cite commits with their subjects: those can be found again"
    for number, decision in file.cluster.issues.items():
        for item in evidence_of_issue(decision):
            if item.kind == "commit":
                place = Place(file.file, item.line, item.column)
                return [Finding("rewritten-history", Severity.WARNING, str(found), place, hint, number)]
    return []


def _all_findings(findings: Sequence[Finding], issues: Iterable[IssueVerdict]) -> tuple[Finding, ...]:
    listed = dict.fromkeys(findings)
    listed.update(dict.fromkeys(finding for issue in issues for finding in issue.findings))
    return tuple(sorted(listed, key=lambda f: (f.place.line, f.place.column, f.rule, f.message)))


def _cluster_status(issues: Iterable[IssueVerdict]) -> Status:
    statuses = [issue.status for issue in issues if issue.claims]
    statuses += [phase.status for issue in issues for phase in issue.phases if phase.item.decision]
    if not statuses:
        return Status.OPEN
    worst_one = worst(statuses)
    if worst_one is Status.ATTESTED and Status.VERIFIED in statuses:
        return Status.VERIFIED
    return worst_one


def _landings(file: ClusterFile, facts: Facts) -> dict[Citation, Landing]:
    """The outcome of every commit cited in the file, read in a few batches."""
    cited = file.cluster.decided.date.end if file.cluster.decided is not None else None
    items = list(evidence_of(file.cluster))
    shas = {sha for item in items for sha in (getattr(item, "commit", None), getattr(item, "at", None)) if sha}
    if shas:
        facts.history.resolve(shas)
    citations: dict[Citation, None] = {}
    case = _bare_case(file, cited)
    for item in items:
        if item.kind == "commit":
            try:
                citations[commit_evidence.citation(item, case, facts)] = None
            except CouldNotLook:
                continue  # its checker meets the same and says so
        elif item.kind == "pull":
            citations.update(dict.fromkeys(pull_evidence.citations(item, facts)))
    if not citations:
        return {}
    try:
        landings = settle(list(citations), facts.history, facts.judged.branch, facts.rules.subject_window)
    except CouldNotLook as fault:
        reason = f"{fault.message} (`{fault.hint}`)" if fault.hint else fault.message
        return {citation: Landing(Status.UNVERIFIED, reason) for citation in citations}
    hints = [facts.history.witness(item.absent, item.in_) for item in items if item.kind == "absent"]
    wanted = {hint.sha for hint in hints if hint is not None}
    facts.history.changes(
        wanted.union(landing.commit.sha for landing in landings.values() if landing.commit is not None)
    )
    return landings


def _bare_case(file: ClusterFile, cited: Any) -> Case:
    return Case(file.cluster.cluster, None, cited, file.file, None, {})


class _Judge(NamedTuple):
    file: ClusterFile
    facts: Facts
    landings: Mapping[Citation, Landing]
    findings: tuple[Finding, ...]
    elsewhere: set[int]

    # -- the order in which issues are judged --

    def ready(self, number: int, decision: Decision, judged: Mapping[int, IssueVerdict]) -> bool:
        """Whether the issues that a decision rests on were judged before; a circle is broken anywhere."""
        cluster = self.file.cluster
        needed = [self._own(name) for name in self._rests_on(number, decision)]
        return all(one is None or one in judged or one not in cluster.issues for one in needed)

    def _rests_on(self, number: int, decision: Decision) -> list[IssueName]:
        names: list[IssueName] = []
        if isinstance(decision, Resolved) and decision.resolved_by is not None:
            names.append(IssueName(decision.resolved_by))
        if isinstance(decision, Merged):
            names.append(decision.into)
        if isinstance(decision, Declined) and decision.of is not None:
            names.append(decision.of)
        if decision.parts == "github":
            fact = self._fact(IssueName(number))
            names += self._names(fact) if fact is not None else []
        elif decision.parts:
            names += decision.parts
        return names

    @staticmethod
    def _names(fact: IssueFact) -> list[IssueName]:
        """The sub-issues of an issue, as a file of its repository would name them."""
        own = fact.repository.casefold()
        return [IssueName(n, None if name.casefold() == own else name) for name, n in fact.sub_issues or ()]

    def _own(self, name: IssueName) -> int | None:
        own = same_repository(name.repository, self.file.cluster.repository, self.facts.repository)
        return name.number if own else None

    def _numbered(self, name: IssueName) -> IssueFact | PullFact | MovedFact | MissingFact | Unread:
        repository = name.repository or self.file.cluster.repository or self.facts.repository
        return self.facts.tracker.numbered(repository, name.number)

    def _fact(self, name: IssueName) -> IssueFact | None:
        fact = self._numbered(name)
        return fact if isinstance(fact, IssueFact) else None

    # -- one issue --

    def case(self, number: int | None, decision: Decision | None) -> Case:
        """Return the case of an issue, or that of the cluster itself."""
        cluster = self.file.cluster
        cited = cluster.decided.date.end if cluster.decided is not None else None
        fact = self._fact(IssueName(number)) if number is not None else None
        title = fact.title if fact is not None else decision.title if decision is not None else None
        akin = self._akin(number) if number is not None else ()
        case = Case(number or cluster.cluster, title, cited, self.file.file, fact, self.landings, akin=akin)
        if decision is None:
            return case
        # Goals, and phases not called complete, count nowhere: not here either.
        counted = decision.model_copy(update={"goals": (), "phases": tuple(p for p in decision.phases if p.decision)})
        if isinstance(decision, Resolved) and decision.resolved_by in cluster.issues:
            target = cluster.issues[decision.resolved_by]
            borrowed = self._with_fixes(case, evidence_of_issue(target.model_copy(update={"goals": (), "phases": ()})))
            case = case._replace(borrowed=borrowed.fixes)
        return self._with_fixes(case, evidence_of_issue(counted))

    def _akin(self, number: int) -> tuple[int, ...]:
        """The issues that a decision names or rests on, and those whose decisions name or rest on it."""
        issues = self.file.cluster.issues
        tied = {other: (*self._rests_on(other, issues[other]), *issues[other].duplicates) for other in issues}
        own = {other: {self._own(name) for name in names} for other, names in tied.items()}
        listed = [*own.get(number, ()), *(other for other, names in own.items() if number in names)]
        return tuple(dict.fromkeys(one for one in listed if one is not None and one != number))

    def _with_fixes(self, case: Case, items: Iterable[Any]) -> Case:
        """Return a case to which the commits and pull requests of some evidence were added."""
        fixes = dict.fromkeys(case.fixes)
        heads = dict.fromkeys(case.heads)
        others = list(case.unproven)
        unproven = case.open_fixes
        for item in items:
            if item.kind not in ("commit", "pull"):
                continue
            sha = self._proven(item, case)
            if sha is None:
                unproven += 1
                others += self._here(item, case)
                continue
            fixes[sha] = None
            fact = self._numbered(IssueName(item.pull)) if item.kind == "pull" else None
            if isinstance(fact, PullFact):
                heads[fact.head, fact.number] = None
        return case._replace(fixes=tuple(fixes), heads=tuple(heads), open_fixes=unproven, unproven=tuple(others))

    def _here(self, item: Any, case: Case) -> list[str]:
        """The full SHA of a commit that is here without being proven, where that is the one that is cited."""
        if item.kind == "pull":
            cited = pull_evidence.citations(item, self.facts)[:1]
        else:
            try:
                cited = (commit_evidence.citation(item, case, self.facts),)
            except CouldNotLook:
                return []
        landing = self.landings.get(cited[0]) if cited else None
        if landing is None or landing.commit is None:
            return []
        alien = landing.subject is not None and landing.subject[0] is not Status.VERIFIED
        return [] if alien else [landing.commit.sha]

    def _proven(self, item: Any, case: Case) -> str | None:
        if item.kind == "pull":
            return pull_evidence.merged(item, case, self.facts)
        try:
            landing = self.landings[commit_evidence.citation(item, case, self.facts)]
        except CouldNotLook:
            return None
        return landing.commit.sha if landing.status is Status.VERIFIED and landing.commit is not None else None

    def issue(self, number: int, decision: Decision, judged: Mapping[int, IssueVerdict]) -> IssueVerdict:
        """Return the verdict on one issue."""
        case = self.case(number, decision)
        listed = tuple(self._judge(item, case) for item in decision.evidence)
        criteria = tuple(self.criterion(item, case) for item in decision.criteria)
        goals = tuple(self.criterion(item, self._with_fixes(case, item.evidence)) for item in decision.goals)
        phases = tuple(self._phase(item, case) for item in decision.phases)
        parts = self._parts(number, decision, judged)
        findings = [finding for finding in self.findings if finding.issue == number]
        own = [*listed, *(e for c in criteria for e in c.evidence)]
        counted = [*own, *(e for p in phases if p.item.decision for e in of_phase(p))]
        for judged_item in counted:
            findings += [
                as_finding(noticed, case, judged_item.item.line, judged_item.item.column)
                for noticed in judged_item.verdict.findings
            ]
        if isinstance(decision, Resolved):
            findings += sole_documents(listed, criteria, findings, case)
        status, reason = self._roll_up(number, decision, judged, listed, criteria, parts, findings)
        return IssueVerdict(
            number,
            None,
            decision,
            case.fact,
            status,
            reason,
            listed,
            criteria,
            goals,
            phases,
            parts,
            tuple(dict.fromkeys(findings)),
            candidates_of([*own, *(e for p in phases for e in of_phase(p))]),
        )

    def _judge(self, item: Any, case: Case) -> EvidenceVerdict:
        return EvidenceVerdict(item, evidence.judge(item, case, self.facts))

    def criterion(self, item: Criterion | Goal, case: Case) -> CriterionVerdict:
        """Return whether a criterion or goal holds."""
        listed = tuple(self._judge(one, case) for one in item.evidence)
        waived = getattr(item, "waived", None)
        if waived is not None:
            return CriterionVerdict(item, *standing(waived.by, waived.date, self.facts.judged.at, "waived"), listed)
        if not listed:
            return CriterionVerdict(item, Status.UNVERIFIED, "no evidence given", listed)
        status = worst([one.status for one in listed])
        reason = next(reason_of(one) for one in listed if one.status is status)
        return CriterionVerdict(item, status, reason, listed)

    def _phase(self, item: Phase, case: Case) -> PhaseVerdict:
        if item.decision is None:
            own = (*item.evidence, *(one for criterion in item.done_when for one in criterion.evidence))
            case = self._with_fixes(case, own)
        listed = tuple(self._judge(one, case) for one in item.evidence)
        done_when = tuple(self.criterion(one, case) for one in item.done_when)
        if item.decision is None:
            return PhaseVerdict(item, Status.OPEN, "not called complete", done_when, listed)
        nested = [one for criterion in done_when for one in criterion.evidence]
        findings = [noticed for one in (*listed, *nested) for noticed in one.verdict.findings]
        status, reason = of_all(
            listed, done_when, None, [message for _, severity, message, _ in findings if severity is Severity.ERROR]
        )
        return PhaseVerdict(item, status, reason, done_when, listed)

    def _parts(self, number: int, decision: Decision, judged: Mapping[int, IssueVerdict]) -> tuple[Status, str] | None:
        if not decision.parts:
            return None
        if decision.parts == "github":
            return self._sub_issues(number, judged)
        return self._all_proven(decision.parts, judged)

    def _sub_issues(self, number: int, judged: Mapping[int, IssueVerdict]) -> tuple[Status, str]:
        fact = self._numbered(IssueName(number))
        if isinstance(fact, Unread):
            return Status.UNVERIFIED, unknown(fact, f"the sub-issues of #{number}")
        if not isinstance(fact, IssueFact):
            return Status.UNVERIFIED, not_an_issue(f"#{number}", fact)
        if fact.sub_issues is None:
            return Status.UNVERIFIED, f"the sub-issues of #{number} were not read to their end"
        if not fact.sub_issues:
            return Status.UNVERIFIED, f"GitHub has no sub-issues of #{number}"
        return self._all_proven(self._names(fact), judged)

    def _all_proven(self, names: Sequence[IssueName], judged: Mapping[int, IssueVerdict]) -> tuple[Status, str]:
        open_ones = []
        resolved = False
        for name in names:
            own = self._own(name)
            verdict = judged.get(own) if own is not None else None
            if verdict is None or not verdict.claims or verdict.status is not Status.VERIFIED:
                why = f" ({verdict.reason})" if verdict is not None and verdict.claims else ""
                open_ones.append(f"{name}{why}")
            elif (end := self._settled(verdict, judged)) is None:
                open_ones.append(f"{name}, which goes on elsewhere")
            else:
                resolved |= isinstance(end, Resolved)
        if open_ones:
            return Status.UNVERIFIED, f"not proven: {', '.join(open_ones)}"
        if not resolved:
            return Status.UNVERIFIED, "none of its parts was resolved"
        return Status.VERIFIED, f"all {len(names)} parts are proven"

    def _settled(self, verdict: IssueVerdict, judged: Mapping[int, IssueVerdict]) -> Decision | None:
        """The proven decision that ends the work, if one does: an issue that was merged is as far as its target."""
        for _ in judged:
            target = goes_on_in(verdict.decision)
            if target is None:
                return verdict.decision if verdict.claims and verdict.status is Status.VERIFIED else None
            own = self._own(target)
            if own is None or own not in judged:
                return None
            verdict = judged[own]
        return None

    def _circle(self, number: int, decision: Decision) -> list[int]:
        """The issues through which a decision leads back to its own issue; empty if it does not."""
        way: list[int] = []
        target = goes_on_in(decision)
        while target is not None and (own := self._own(target)) is not None and own not in way:
            way.append(own)
            if own == number:
                return way
            following = self.file.cluster.issues.get(own)
            target = goes_on_in(following) if following is not None else None
        return []

    # -- the table of the contract --

    def _roll_up(
        self,
        number: int,
        decision: Decision,
        judged: Mapping[int, IssueVerdict],
        listed: tuple[EvidenceVerdict, ...],
        criteria: tuple[CriterionVerdict, ...],
        parts: tuple[Status, str] | None,
        findings: list[Finding],
    ) -> tuple[Status, str]:
        errors = [finding.message for finding in findings if finding.severity is Severity.ERROR]
        if isinstance(decision, Sequential | Open):
            return Status.OPEN, "claims nothing"
        if isinstance(decision, Resolved):
            status, reason = of_all(listed, criteria, parts, errors)
            if decision.resolved_by is None or status is Status.REFUTED:
                return status, reason
            return self._resolved_by(decision.resolved_by, judged, status, reason, bool(listed or criteria or parts))
        if isinstance(decision, Declined) and decision.reason == "not_planned":
            status, reason = self._not_planned(number)
        else:
            target = decision.into if isinstance(decision, Merged) else decision.of  # type: ignore[attr-defined]
            status, reason = self._target(target, judged)
            circle = self._circle(number, decision)
            if circle and status is not Status.REFUTED:
                status, reason = Status.UNVERIFIED, f"goes round in a circle: {', '.join(f'#{n}' for n in circle)}"
        if listed or criteria or parts:
            own, why = of_all(listed, criteria, parts, [])
            if own in (Status.REFUTED, Status.UNVERIFIED) and worst([own, status]) is own and own is not status:
                status, reason = own, why
        if errors and status in (Status.VERIFIED, Status.ATTESTED):
            return Status.UNVERIFIED, errors[0]
        return status, reason

    def _resolved_by(
        self,
        target: int,
        judged: Mapping[int, IssueVerdict],
        status: Status,
        reason: str,
        has_own: bool,  # noqa: FBT001
    ) -> tuple[Status, str]:
        verdict = judged.get(target)
        if not has_own:
            return Status.UNVERIFIED, f"rests on #{target}; nothing of its own was given"
        if status is Status.UNVERIFIED:
            return status, reason
        if verdict is None or verdict.status is not Status.VERIFIED:
            word = (
                verdict.status
                if verdict is not None and verdict.claims
                else "not decided"
                if verdict is None
                else "open"
            )
            return Status.UNVERIFIED, f"rests on #{target}, which is {word}"
        if not isinstance(verdict.decision, Resolved):
            return Status.UNVERIFIED, f"rests on #{target}, which goes on elsewhere or was declined"
        return status, reason

    def _not_planned(self, number: int) -> tuple[Status, str]:
        if self.facts.judged.asked is not None:
            return Status.UNVERIFIED, f"how #{number} stood then is not looked for"
        fact = self._numbered(IssueName(number))
        if isinstance(fact, Unread):
            return Status.UNVERIFIED, unknown(fact, f"how #{number} was closed")
        if not isinstance(fact, IssueFact):
            return Status.UNVERIFIED, not_an_issue(f"#{number}", fact)
        if fact.state == "open":
            return Status.VERIFIED, f"#{number} is open on GitHub"
        if fact.reason == "not_planned":
            return Status.VERIFIED, f"#{number} is {state(fact)}"
        if fact.reason == "completed":
            return Status.REFUTED, f"#{number} is {state(fact)}"
        return Status.UNVERIFIED, f"#{number} is {state(fact)}"

    def _target(self, name: IssueName, judged: Mapping[int, IssueVerdict]) -> tuple[Status, str]:
        if self.facts.judged.asked is not None:
            return Status.UNVERIFIED, f"whether {name} was open then is not looked for"
        fact = self._numbered(name)
        own = self._own(name)
        verdict = judged.get(own) if own is not None else None
        match fact:
            case Unread():
                return Status.UNVERIFIED, unknown(fact, f"whether {name} is open")
            case PullFact():
                return Status.UNVERIFIED, not_an_issue(str(name), fact)
            case MovedFact():
                there = self.facts.tracker.numbered(*fact.to)
                if isinstance(there, IssueFact) and there.state == "open":
                    return Status.VERIFIED, f"{not_an_issue(str(name), fact)}, which is open"
                return Status.UNVERIFIED, not_an_issue(str(name), fact)
            case IssueFact():
                pass
            case _:
                return Status.REFUTED, not_an_issue(str(name), fact)
        if fact.state == "open":
            return Status.VERIFIED, f"{name} is open"
        if verdict is None or not verdict.claims:
            return Status.UNVERIFIED, f"{name} is {state(fact)}, and nothing here proves it"
        decided = "its decline" if isinstance(verdict.decision, Declined) else "that"
        return verdict.status, f"{name} is {state(fact)}, and {decided} is {verdict.status}"

    def _as_duplicate(self, name: IssueName, status: Status, reason: str) -> tuple[Status, str]:
        """Whether GitHub speaks against an issue's being a duplicate whose target is as it should be."""
        own = self._numbered(name)
        if isinstance(own, Unread):
            return Status.UNVERIFIED, unknown(own, f"whether {name} is there, and how it was closed")
        if not isinstance(own, IssueFact):
            return Status.UNVERIFIED, not_an_issue(str(name), own)
        if own.state == "closed" and own.reason == "completed":
            return Status.UNVERIFIED, f"{name} is {state(own)}, not as a duplicate"
        return status, reason

    def duplicate(
        self, name: IssueName, of: int, decision: Decision, judged: Mapping[int, IssueVerdict]
    ) -> IssueVerdict:
        """Return the verdict on one entry of `duplicates:`, short for a `declined` entry of its own."""
        entry = Declined.model_construct(decision="declined", reason="duplicate", of=IssueName(of), at_=decision.at_)
        fact = self._fact(name)
        status, reason = self._target(IssueName(of), judged)
        if status is Status.VERIFIED:
            status, reason = self._as_duplicate(name, status, reason)
        findings: tuple[Finding, ...] = ()
        own = self._own(name)
        if own is not None and own in self.file.cluster.issues:
            message = f"issue {own} is a duplicate of {of}, and has a decision of its own"
            place = Place(self.file.file, decision.line, decision.column)
            findings = (Finding("two-clusters", Severity.ERROR, message, place, "decide it once", own),)
            status, reason = (Status.UNVERIFIED, message) if status is Status.VERIFIED else (status, reason)
        abroad = name.repository if own is None else None
        return IssueVerdict(name.number, abroad, entry, fact, status, reason, findings=findings)
