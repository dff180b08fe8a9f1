"""The views: what a template is given, as plain data. Foreign text is a str, our own Markdown is `Markdown`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from triage.clusters.grammar import Merged, Sequential
from triage.errors import AskedWrongly
from triage.evidence.stated import is_nobody
from triage.landing.citation import SHORT
from triage.model import Severity, Status
from triage.reports import words
from triage.reports.foreign import Markdown, block, code, inline, link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.model import Candidate, Verdict
    from triage.verdicts import ClusterVerdict, CriterionVerdict, EvidenceVerdict, IssueVerdict, PhaseVerdict

KINDS = ("cluster-status", "closure-report")
_ROWS = 60
_FILES = 40
_LONG = 600
_NODE = 48


def template_for(result: ClusterVerdict, wanted: str | None) -> str:
    """Return the name of a report's template: the one asked for, else by the number of issues.

    A name that no shipped report has is taken for a user's own. Raises `AskedWrongly` for what is no name.
    """
    if wanted is None:
        return "closure-report" if len(result.cluster.issues) == 1 else "cluster-status"
    name = wanted.removesuffix(".md")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise AskedWrongly(f"{wanted!r} is not the name of a template", f"one of {', '.join(KINDS)}, or your own")
    return name


def view(result: ClusterVerdict) -> dict[str, Any]:
    """Return the view of a cluster: plain data, the same for the same verdicts.

    `issue` is the one that a closure report speaks of: the cluster's primary issue, else its first.
    """
    return _Views(result).cluster()


class _Views:
    def __init__(self, result: ClusterVerdict) -> None:
        self.result = result
        self.repository = result.repository
        self.home = f"{result.server}/{result.repository}"
        self.sha = result.judged.sha

    # -- the whole --

    def cluster(self) -> dict[str, Any]:
        result = self.result
        cluster = result.cluster
        asked = result.judged.asked
        what = "issue" if result.file == f"issue {cluster.cluster}" else "cluster"
        issues = [self.issue(issue) for issue in result.issues]
        numbers = [issue.number for issue in result.issues if issue.repository is None]
        main = numbers.index(cluster.cluster) if cluster.cluster in numbers else 0
        claiming = [issue for issue in issues if issue["claims"]]
        return {
            "cluster": cluster.cluster,
            "ref": Markdown(f"#{cluster.cluster}"),
            "title": cluster.title,
            "headline": self.headline(),
            "status": str(result.status),
            "mark": mark(result.status),
            "decided": self.decided(),
            "judged": {
                "branch": code(result.judged.branch, cell=False),
                "commit": self.tree_link(),
                "date": result.judged.committed.strftime("%Y-%m-%d"),
                "file": result.judged.file,
                "asked": result.judged.asked,
                "read": f"{result.judged.read:%Y-%m-%d %H:%M} UTC" if result.judged.read is not None else None,
            },
            "github_read": any(issue.fact is not None for issue in result.issues),
            "github_missing": [Markdown(issue.name) for issue in result.issues if issue.fact is None and issue.claims],
            "summary": block(cluster.summary) if cluster.summary else None,
            "issues": issues,
            "issue": issues[main],
            "claiming": claiming,
            "open_work": sorted(
                (issue for issue in issues if not issue["claims"]), key=lambda i: (i["order"] is None, i["order"] or 0)
            ),
            "merged": [issue for issue in issues if issue["into"] is not None],
            "order_because": cluster.order_because,
            "graph": self.graph(),
            "goals": [self.criterion(goal) for goal in result.goals],
            "risks": [_risk(risk) for risk in cluster.risks],
            "metrics": [_metric(metric) for metric in cluster.metrics],
            "follow_ups": [_follow_up(item) for item in cluster.follow_ups],
            "related": [_related(item) for item in cluster.related],
            "statements": [
                {"mark": mark(status), "says": said.says, "by": said.by, "date": said.date.text}
                for said, status, _ in result.statements
                if status is Status.ATTESTED
            ],
            "unattested": [said.says for said, status, _ in result.statements if status is not Status.ATTESTED],
            "findings": [_finding(finding) for finding in result.findings if finding.issue is None],
            "repeat": code(f"triage {what} {cluster.cluster}{f' --as-of {asked}' if asked else ''}", cell=False),
        }

    def headline(self) -> Markdown:
        """The first sentence: how much is proven, and what is not, by its verdict."""
        claiming = [(issue.name, issue.status) for issue in self.result.issues if issue.claims]
        phases = [
            (f"phase {code(phase.item.id, cell=False)} of {issue.name}", phase.status)
            for issue, phase in self.result.complete_phases
        ]
        claims = [*claiming, *phases]
        if not claims:
            return Markdown("Nothing is claimed to be done.")
        noun = "closing decision" if not phases else "complete phase" if not claiming else "claimed end"
        proven = sum(status is Status.VERIFIED for _, status in claims)
        if proven == len(claims):
            return Markdown(f"All {proven} {noun}s are proven." if proven > 1 else f"The {noun} is proven.")
        said = f"{proven} of {len(claims)} {noun}s {'is' if proven == 1 else 'are'} proven."
        if len(claims) == 1:
            said = f"The {noun} is not proven."
        for status, word in (
            (Status.REFUTED, "Refuted"),
            (Status.UNVERIFIED, "Not proven"),
            (Status.ATTESTED, "Resting on a person's word"),
        ):
            names = [name for name, one in claims if one is status]
            said += f" {word}: {_and(names)}." if names else ""
        closed = [
            issue.name
            for issue in self.result.issues
            if issue.claims and issue.status in (Status.REFUTED, Status.UNVERIFIED) and _closed(issue)
        ]
        return Markdown(said + (f" Closed all the same: {_and(closed)}." if closed else ""))

    def decided(self) -> dict[str, Any] | None:
        stamp = self.result.cluster.decided
        if stamp is None:
            return None
        return {"date": stamp.date.text, "by": None if is_nobody(stamp.by) else stamp.by}

    def graph(self) -> Markdown | None:
        """The processing order as a Mermaid graph; None where no issue waits for another."""
        sequential = [issue for issue in self.result.issues if isinstance(issue.decision, Sequential)]
        edges = [(before, issue.number) for issue in sequential for before in issue.decision.after]  # type: ignore[attr-defined]
        if not edges:
            return None
        known = {issue.number: issue for issue in self.result.issues if issue.repository is None}
        merged = [
            (issue.number, issue.decision.into.number)
            for issue in self.result.issues
            if isinstance(issue.decision, Merged) and issue.decision.into.repository is None
        ]
        merged = [(number, into) for number, into in merged if any(into in edge for edge in edges)]
        shown = sorted({number for edge in (*edges, *merged) for number in edge})
        lines = ["```mermaid", "graph LR"]
        for number in shown:
            issue = known.get(number)
            title = f" {_node_text(issue.title)}" if issue is not None and issue.title else ""
            lines.append(f'    i{number}["#{number}{title}"]')
        lines += [f"    i{before} --> i{after}" for before, after in edges]
        lines += [f"    i{number} -. merged .-> i{into}" for number, into in merged]
        return Markdown("\n".join([*lines, "```"]))

    # -- one issue --

    def issue(self, issue: IssueVerdict) -> dict[str, Any]:
        decision = issue.decision
        rows = [row for item in issue.evidence for row in self.evidence_rows(item)]
        criteria = [self.criterion(item) for item in issue.criteria]
        shown, left_out = _cut(rows)
        sequential = decision if isinstance(decision, Sequential) else None
        own = [*issue.evidence, *(one for item in issue.criteria for one in item.evidence)]
        own += [
            one
            for phase in issue.phases
            for one in (*phase.evidence, *(x for c in phase.done_when for x in c.evidence))
        ]
        return {
            "number": issue.number,
            "ref": Markdown(issue.name) if issue.repository is None else code(issue.name),
            "title": issue.title,
            "decision": Markdown(words.decision_words(issue)),
            "claims": issue.claims,
            "state": issue.fact.state if issue.fact is not None else None,
            "mark": mark(issue.status),
            "status": words.SAID[issue.status],
            "complete_phases": [
                {"mark": mark(phase.status), "id": phase.item.id, "status": words.SAID[phase.status]}
                for phase in issue.phases
                if phase.item.decision
            ],
            "proven": issue.status is Status.VERIFIED,
            "closable": issue.closable,
            "reason": self.linked(issue.reason, None),
            "next": self.linked(words.next_step(issue, self.result), None),
            "because": decision.because,
            "rows": shown,
            "rows_left_out": left_out,
            "details": [self.details(item) for item in own if len(item.verdict.details) > 1],
            "criteria": criteria,
            "goals": [self.criterion(item) for item in issue.goals],
            "findings": [_finding(finding) for finding in issue.findings if finding.rule != "no-evidence" or rows],
            "candidates": [self.candidate(found) for found in issue.candidates],
            "parts": None if issue.parts is None else {"mark": mark(issue.parts[0]), "reason": issue.parts[1]},
            "order": sequential.order if sequential is not None else None,
            "after": [Markdown(f"#{number}") for number in sequential.after] if sequential is not None else [],
            "into": Markdown(str(decision.into)) if isinstance(decision, Merged) else None,
            "carried": list(decision.carried) if isinstance(decision, Merged) else [],
            "commits": self.commits(own),
            "tests": self.tests(own),
            "phases": [self.phase(phase) for phase in issue.phases],
            "problem": decision.problem,
            "root_cause": decision.root_cause,
            "whys": list(decision.whys),
            "resolution": decision.resolution,
            "risks": [_risk(risk) for risk in decision.risks],
            "metrics": [_metric(metric) for metric in decision.metrics],
            "lessons": list(decision.lessons),
            "limitations": list(decision.limitations),
            "follow_ups": [_follow_up(item) for item in decision.follow_ups],
            "precedents": [Markdown(str(name)) for name in decision.precedents],
            "documents": list(decision.documents),
            "related": [_related(item) for item in decision.related],
            "priority": decision.priority,
        }

    def evidence_rows(self, item: EvidenceVerdict) -> list[dict[str, Any]]:
        """A row for the evidence and one for each part; parts of one kind with one outcome share a row."""
        verdict = item.verdict
        rows = [
            {
                "mark": mark(verdict.own or verdict.status),
                "status": str(verdict.own or verdict.status),
                "claim": claim(item),
                "found": self.linked(_sentence(verdict.reason), verdict),
            }
        ]
        groups: dict[tuple[str, Status, str], list[str]] = {}
        for part in verdict.parts:
            if part.claim == "subject" and verdict.proof in ("subject", "foreign-subject"):
                continue  # the row above says it
            reason = part.reason if part.status is not Status.VERIFIED or part.of is None else ""
            groups.setdefault((part.claim, part.status, reason), []).append(part.of or "")
        for (claimed, status, reason), of in groups.items():
            named = [name for name in of if name]
            text = f"it changes {words.some(named, code)}" if named else words.part_claim(claimed, item.item, inline)
            single = next((p.reason for p in verdict.parts if p.claim == claimed and p.status is status), reason)
            found = reason or (single if len(named) == 1 else "each of them")
            rows.append(
                {
                    "mark": mark(status),
                    "status": str(status),
                    "claim": Markdown(text),
                    "found": self.linked(_sentence(found), verdict),
                }
            )
        return rows

    def criterion(self, item: CriterionVerdict) -> dict[str, Any]:
        waived = getattr(item.item, "waived", None)
        return {
            "mark": mark(item.status),
            "status": str(item.status),
            "says": item.item.says,
            "found": self.linked(_sentence(item.reason), item.evidence[0].verdict if len(item.evidence) == 1 else None),
            "waived": None
            if waived is None
            else {"by": waived.by, "date": waived.date.text, "because": waived.because},
            "rows": [row for one in item.evidence for row in self.evidence_rows(one)],
            "held": item.status is Status.VERIFIED,
        }

    def phase(self, item: PhaseVerdict) -> dict[str, Any]:
        phase = item.item
        return {
            "id": phase.id,
            "name": phase.name,
            "priority": phase.priority,
            "estimate": phase.estimate,
            "after": list(phase.after),
            "optional": phase.optional,
            "complete": phase.decision is not None,
            "mark": mark(item.status),
            "status": str(item.status),
            "reason": self.linked(item.reason, None),
            "done_when": [self.criterion(one) for one in item.done_when],
            "rows": [row for one in item.evidence for row in self.evidence_rows(one)],
            "steps": [code(step.run) if step.run is not None else inline(step.says or "") for step in phase.steps],
            "rollback": code(phase.rollback) if phase.rollback else None,
            "contingencies": list(phase.contingencies),
            "documents": list(phase.documents),
        }

    def commits(self, items: Iterable[EvidenceVerdict]) -> list[dict[str, Any]]:
        """The commits that were found on the branch, with what they change, from git."""
        listed: dict[str, dict[str, Any]] = {}
        for item in items:
            commit = item.verdict.commit
            if commit is not None and item.verdict.own is Status.VERIFIED:
                changed = item.verdict.changed
                listed[commit.sha] = {
                    "commit": self.commit_link(commit.sha),
                    "subject": commit.subject,
                    "date": commit.authored.strftime("%Y-%m-%d"),
                    "files": [code(path) for path in changed[:_FILES]],
                    "number": len(changed),
                    "left_out": max(0, len(changed) - _FILES),
                }
        return list(listed.values())

    def tests(self, items: Iterable[EvidenceVerdict]) -> list[dict[str, Any]]:
        """The test runs that were read, by their numbers."""
        return [
            {
                "mark": mark(item.verdict.own or item.verdict.status),
                "test": code(item.cited),
                "report": code(item.item.in_.file),
                **{name.replace(" ", "_"): number for name, number in item.verdict.counts},
            }
            for item in items
            if item.item.kind == "test" and item.verdict.counts
        ]

    def details(self, item: EvidenceVerdict) -> dict[str, Any]:
        return {
            "claim": Markdown(words.claim(item.item, lambda name: code(name, cell=False), inline)),
            "lines": [self.place(line, item.verdict) for line in item.verdict.details],
        }

    def candidate(self, found: Candidate) -> dict[str, Any]:
        return {"commit": self.commit_link(found.value), "title": found.title, "reason": found.reason}

    # -- links --

    def commit_link(self, sha: str) -> Markdown:
        """A commit's short SHA, linked by the whole one where the repository is known."""
        return link(code(sha[:SHORT]), f"{self.home}/commit/{sha}") if self.repository else code(sha[:SHORT])

    def tree_link(self) -> Markdown:
        sha = self.sha
        return link(code(sha[:SHORT]), f"{self.home}/tree/{sha}") if self.repository else code(sha[:SHORT])

    def place(self, text: str, verdict: Verdict) -> Markdown:
        """A `path:line` of the judged revision as a permanent link; anything else as it is."""
        match = _PLACE.fullmatch(text)
        if match is None or self.repository is None or verdict.proof != "pattern":
            return inline(text)
        return link(code(text), f"{self.home}/blob/{self.sha}/{_quoted(match[1])}#L{match[2]}")

    def linked(self, text: str, verdict: Verdict | None) -> Markdown:
        """Harmless Markdown of one of our sentences, with what it rests on as permanent links.

        A sentence may quote foreign text, so nothing in it but the SHAs and places of the verdict becomes live.
        """
        result = str(inline(text, _LONG))
        if verdict is not None and self.repository is not None:
            shas = [verdict.found, *(found.value for found in verdict.candidates)]
            for sha in shas:
                if sha is not None and _SHA.fullmatch(sha):
                    result = result.replace(f"`{sha[:SHORT]}`", str(self.commit_link(sha)))
            if verdict.proof in ("file", "folder", "moved") and verdict.found:
                kind = "tree" if verdict.found.endswith("/") else "blob"
                url = f"{self.home}/{kind}/{self.sha}/{_quoted(verdict.found.rstrip('/'))}"
                result = result.replace(f"`{verdict.found}`", str(link(code(verdict.found), url)))
                if verdict.proof != "moved" and "](" not in result:
                    result = str(link(Markdown(result), url))
            if verdict.proof == "pattern" and verdict.found and (match := _PLACE.fullmatch(verdict.found)):
                url = f"{self.home}/blob/{self.sha}/{_quoted(match[1])}#L{match[2]}"
                result = result.replace(f"`{verdict.found}`", str(link(code(verdict.found), url)))
        return Markdown(result)


_PLACE = re.compile(r"(.+):([0-9]+)")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def claim(item: EvidenceVerdict) -> Markdown:
    """Return what a piece of evidence claims, fit for a table cell."""
    if item.verdict.proof == "subject":
        return Markdown(f"the change cited as {code(item.cited)} is on the branch")
    if item.verdict.proof == "foreign-subject":
        return Markdown(f"{code(item.cited)} is “{inline(item.item.subject)}”")
    return Markdown(words.claim(item.item, code, inline))


def mark(status: Status) -> Markdown:
    """Return the mark of a verdict; what claims nothing has none."""
    return Markdown("" if status is Status.OPEN else words.MARKS[status])


def _quoted(path: str) -> str:
    """A path as it stands in an address: https://datatracker.ietf.org/doc/html/rfc3986#section-2.1."""
    return re.sub(r"[^A-Za-z0-9/._~-]", lambda c: "".join(f"%{b:02X}" for b in c[0].encode("utf-8", "replace")), path)


def _closed(issue: IssueVerdict) -> bool:
    return issue.fact is not None and issue.fact.state == "closed"


def _sentence(text: str) -> str:
    """A reason that begins with a plain word begins with a capital; names keep their letters."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+(?=[ ,;:]|$)", text) else text


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cut(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The rows to show: all that did not hold, and as many of the others as there is room for."""
    if len(rows) <= _ROWS:
        return rows, 0
    room = max(10, _ROWS - sum(row["status"] != "verified" for row in rows))
    shown = []
    for row in rows:
        if row["status"] == "verified":
            if room <= 0:
                continue
            room -= 1
        shown.append(row)
    return shown, len(rows) - len(shown)


def _node_text(title: str) -> str:
    """A title fit for a Mermaid node: words and plain punctuation."""
    plain = re.sub(r"\s+", " ", re.sub(r"[^\w .,:+-]", " ", title)).strip()
    return plain if len(plain) <= _NODE else plain[:_NODE].rpartition(" ")[0] + " …"


def _finding(finding: Any) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "error": finding.severity is Severity.ERROR,
        "message": finding.message,
        "hint": finding.hint,
    }


def _risk(risk: Any) -> dict[str, Any]:
    return {"risk": risk.risk, "mitigation": risk.mitigation, "state": risk.state}


def _metric(metric: Any) -> dict[str, Any]:
    return {
        "name": metric.name,
        "before": metric.before,
        "after": metric.after,
        "target": metric.target,
        "source": metric.source,
    }


def _follow_up(item: Any) -> dict[str, Any]:
    issue = Markdown(f"#{item.issue}") if item.issue is not None else None
    return {"says": item.says, "issue": issue, "priority": item.priority}


def _related(item: Any) -> dict[str, Any]:
    return {"issue": Markdown(str(item.issue)), "note": item.note}
