"""What GitHub links to issues, as the text of a decision file for a maintainer to review."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from triage.clusters.graph import KEYWORD, MENTION, without_code
from triage.model import CommitFact, IssueFact, MissingFact, MovedFact, Name, PullFact, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from triage.model import Event, Kept
    from triage.ports import Tracker

SCHEMA = "# yaml-language-server: $schema=./cluster.schema.json"
MANY = 50
"""How many criteria, related issues and duplicates of one issue are written out; of more there is a comment."""
LONGEST = 200
"""The characters of a text that are taken over; GitHub's own titles end at 256."""
_SHORT = 9
_LARGEST = 2**31 - 1
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_SHA = re.compile(r"[0-9a-f]{7,40}|[0-9a-f]{64}")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\x1b": "\\e"}
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_LIVE = re.compile(f"{KEYWORD.pattern}|{MENTION.pattern}", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|[0-9]{1,9}[.)])(?:[ \t]+(.*))?")
_TASK = re.compile(r"\[[ xX]\][ \t]+(\S.*)")
_FENCE = re.compile(r"[ \t]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)?(`{3,}|~{3,})([^\r\n]*)")
_CODE = 4
"""So far a line is indented that is code, unless it is below an item of a list."""
_ONLY_ISSUE = re.compile(
    r"(?P<repository>[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})?#(?P<number>[1-9][0-9]{0,9})"
)


class Given(NamedTuple):
    """Evidence that is given beside what GitHub links; `file` is the report of the tests, of the commit `at`."""

    commits: tuple[str, ...] = ()
    pulls: tuple[int, ...] = ()
    tests: tuple[str, ...] = ()
    file: str | None = None
    at: str | None = None


class Drafted(NamedTuple):
    """The text of a decision file, and in a few words what it says of each issue."""

    text: str
    said: tuple[tuple[int, str], ...]


class _Ending(NamedTuple):
    """What became of an issue, as far as GitHub tells: the keys of the decision, and remarks for the maintainer."""

    decision: str
    target: Name | None = None
    remarks: tuple[str, ...] = ()


class _Evidence(NamedTuple):
    """The lines of `evidence:`, a few words for each piece, remarks on what is none, and issues abroad."""

    lines: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    related: tuple[tuple[Name, str], ...] = ()


def unlinked(fact: IssueFact) -> str:
    """Return why the pull requests that close an issue are not known, where that is so."""
    if fact.how == "REST":
        return f"by REST GitHub does not tell which pull requests close #{fact.number}"
    return f"which pull requests close #{fact.number} was not read to the end"


def canonical(fact: IssueFact) -> Name | None:
    """Return the issue that an issue is marked as a duplicate of, if it still is of one."""
    found = None
    for event in fact.events or ():
        if event.kind == "duplicate" and event.other is not None and not event.other_is_pull:
            found = event.other
        elif event.kind == "not-duplicate" and (event.other is None or _same(event.other, found)):
            found = None
    return None if _same(_name_of(fact), found) else found


def draft(
    numbers: Sequence[int],
    repository: str | None,
    tracker: Tracker,
    known: Iterable[Kept] = (),
    *,
    day: date,
    given: Given | None = None,
    by: str | None = None,
) -> Drafted:
    """Return a decision file on issues, the primary one first, by what was read of GitHub.

    `known` are further facts, among which duplicates of the issues may be. What is `given` is evidence for the
    primary issue. `by` is the login of who may decide, where it is known.
    """
    return _Draft(numbers, repository, tracker, known, given or Given()).drafted(day, by)


class _Draft:
    def __init__(
        self, numbers: Sequence[int], repository: str | None, tracker: Tracker, known: Iterable[Kept], given: Given
    ) -> None:
        self._repository = repository
        self._tracker = tracker
        self._given = given
        self._primary = numbers[0]
        self._issues = {number: tracker.numbered(repository, number) for number in dict.fromkeys(numbers)}
        self._asked = frozenset(self._issues)
        # A repository that was renamed is asked for by one name, and its facts have the other.
        read = (fact.repository for fact in self._issues.values() if isinstance(fact, IssueFact))
        self._homes = {name.casefold() for name in (repository, *read) if name is not None}
        self._known = [one.fact for one in known if isinstance(one.fact, IssueFact)]
        self._ends: dict[int, _Ending] = {}
        self._parts: dict[int, list[int]] = {}
        self._decide()

    # -- what was decided --

    def _decide(self) -> None:
        """Settle the decisions, and take in the issues that they point to: a target must be in the file."""
        queue = list(self._issues)
        for number in queue:
            ending = self._ending(number)
            self._ends[number] = ending
            own = self._own(ending.target)
            if own is not None and own not in self._issues:
                self._issues[own] = self._tracker.numbered(self._repository, own)
                queue.append(own)
        for number, ending in list(self._ends.items()):
            self._ends[number] = self._without_chains(number, ending)

    def _without_chains(self, number: int, ending: _Ending) -> _Ending:
        """Point a duplicate to where its chain ends; in a circle no one is the first report."""
        seen = [number]
        target = ending.target
        while (own := self._own(target)) is not None and own not in seen:
            seen.append(own)
            following = self._ends[own].target
            if following is None:
                break
            target = following
        if own is not None and own in seen[:-1]:
            circle = ", ".join(f"#{one}" for one in seen)
            return _Ending("open", None, (*ending.remarks, f"marked as duplicates of each other: {circle}"))
        if target == ending.target or target is None:
            return ending
        remark = f"marked as a duplicate of {self._shown(ending.target)}, which is one of {self._shown(target)}"
        return ending._replace(target=target, remarks=(*ending.remarks, remark))

    def _ending(self, number: int) -> _Ending:
        fact = self._issues[number]
        given = number == self._primary and any(self._given[:3])
        if not isinstance(fact, IssueFact):
            return _Ending("resolved" if given else "open", None, (_unread(fact, f"#{number}"),))
        target = canonical(fact)
        if self._own(target) == number:
            target = None
        remarks: tuple[str, ...] = (self._state(fact),)
        if given:
            return _Ending("resolved", None, remarks)
        if fact.reason == "completed" and target is not None:
            remarks = (*remarks, f"it was also marked as a duplicate of {self._shown(target)}")
        elif target is not None:
            if self._writable(target) is not None:
                return _Ending("declined", target, remarks)
            return _Ending("open", None, (*remarks, f"marked as a duplicate of {target}, which cannot be named here"))
        elif fact.state == "closed" and fact.reason == "duplicate":
            what = "GitHub does not say of which issue it is a duplicate: decision: declined, reason: duplicate, of: N"
            return _Ending("open", None, (*remarks, what))
        if fact.state == "closed" and fact.reason == "not_planned":
            return _Ending("declined", None, remarks)
        if fact.state == "closed":
            return _Ending("resolved", None, remarks)
        if self._linked(fact).lines:
            return _Ending("resolved", None, (*remarks, "what is to close it was merged: is it resolved?"))
        return _Ending("open", None, remarks)

    def _state(self, fact: IssueFact) -> str:
        if fact.state == "open":
            return "open on GitHub"
        reason = (fact.reason or "closed").replace("_", " ")
        how = "closed" if reason == "closed" else f"closed as {reason}"
        when = f" on {fact.closed:%Y-%m-%d}" if fact.closed is not None else ""
        return f"{how} on GitHub{when}{f' by {fact.closed_by}' if fact.closed_by else ''}"

    # -- evidence --

    def _linked(self, fact: IssueFact) -> _Evidence:
        """What GitHub links with an issue: the closer of its last close, and the pull requests that close it."""
        pieces = _Pieces()
        closer, reopened = _last_close(fact)
        if closer is not None and reopened is None and fact.state == "closed":
            self._closer(fact, closer, pieces)
        elif closer is not None and reopened is not None and (closer.commit or closer.other):
            what = closer.commit[:_SHORT] if closer.commit else self._shown(closer.other)
            pieces.remarks.append(
                f"{what} closed it on {closer.at:%Y-%m-%d}, and it was reopened on {reopened:%Y-%m-%d}"
            )
        if fact.events is None:
            pieces.remarks.append("not all that happened to it was read: what closed it may be missing here")
        for name in _pulls(fact):
            self._pull(name, self._tracker.numbered(*name), pieces)
        self._mentioned(fact, pieces)
        return pieces.settled()

    def _closer(self, fact: IssueFact, event: Event, pieces: _Pieces) -> None:
        if event.other is not None and event.other_is_pull:
            self._pull(event.other, self._tracker.numbered(*event.other), pieces, closed_it=True)
        elif event.commit is not None:
            home = event.commit_repository or fact.repository
            if home.casefold() != fact.repository.casefold() or not _SHA.fullmatch(event.commit):
                pieces.remarks.append(
                    f"commit {home}@{event.commit[:_SHORT]} closed it: evidence is of this repository"
                )
                return
            found = self._tracker.commit(home, event.commit)
            pieces.commit(event.commit, found.subject if isinstance(found, CommitFact) else None)

    def _pull(
        self,
        name: Name,
        fact: IssueFact | PullFact | MovedFact | MissingFact | Unread,
        pieces: _Pieces,
        *,
        closed_it: bool = False,
    ) -> None:
        shown = self._shown(name)
        title = fact.title if isinstance(fact, PullFact) else ""
        if self._own(name) is None:
            state = fact.state if isinstance(fact, PullFact) else "not read"
            pieces.remarks.append(f"pull request {shown} is linked ({state}): evidence is of this repository")
            if self._writable(name) is not None:
                pieces.related[name] = title
        elif isinstance(fact, PullFact) and fact.merged is not None:
            pieces.pull(name.number, f"merged {fact.merged:%Y-%m-%d} into {fact.base}: {title}")
        elif isinstance(fact, PullFact):
            state = "still open" if fact.state == "open" else "closed without being merged"
            pieces.remarks.append(f"pull request {shown} is linked, and {state}, so it is no evidence: {title}")
        elif closed_it:
            pieces.pull(name.number, "it closed the issue")
        else:
            pieces.remarks.append(f"pull request {shown} is linked, and was not read")

    def _mentioned(self, fact: IssueFact, pieces: _Pieces) -> None:
        """Remark on merged pull requests that name the issue without closing it: they may be what solved it."""
        for event in fact.events or ():
            name = event.other
            if event.kind != "cross-referenced" or name is None or not event.other_is_pull or self._own(name) is None:
                continue
            found = self._tracker.numbered(*name)
            merged = isinstance(found, PullFact) and found.merged is not None
            if merged and name.number not in pieces.pulls and name not in pieces.seen:
                pieces.seen.add(name)
                pieces.remarks.append(f"pull request #{name.number} names it and was merged: {event.other_title or ''}")

    def _given_pieces(self, pieces: _Pieces) -> None:
        for sha in self._given.commits:
            found = self._tracker.commit(self._repository, sha)
            pieces.commit(sha, found.subject if isinstance(found, CommitFact) else None, given=True)
        for number in self._given.pulls:
            pieces.pull(number, "given")
        for test in self._given.tests:
            pieces.test(test, self._given)

    # -- the text --

    def drafted(self, day: date, by: str | None) -> Drafted:
        """Return the text."""
        primary = self._issues[self._primary]
        title = _cut(primary.title) if isinstance(primary, IssueFact) else ""
        lines = [SCHEMA, f"cluster: {self._primary}"]
        if title:
            lines.append(f"title: {quoted(title)}")
        if self._repository is not None and _REPOSITORY.fullmatch(self._repository):
            lines.append(f"repository: {self._repository}")
        who = by if by is not None and re.fullmatch(r"[A-Za-z0-9-]{1,39}", by) else "YOUR-LOGIN"
        lines += [f"# decided: {{date: {day:%Y-%m-%d}, by: {who}}}", "issues:"]
        said = []
        for number in self._issues:
            body, words = self._issue(number)
            lines += [f"  {number}:", *(f"    {line}" for line in body)]
            said.append((number, words))
        return Drafted("\n".join(lines) + "\n", tuple(said))

    def _issue(self, number: int) -> tuple[list[str], str]:
        fact, ending = self._issues[number], self._ends[number]
        found = self._linked(fact) if isinstance(fact, IssueFact) else _Evidence()
        if number == self._primary and any(self._given[:3]):
            pieces = _Pieces(found)
            self._given_pieces(pieces)
            found = pieces.settled()
        lines = [comment(remark) for remark in ending.remarks]
        if number not in self._asked:
            lines.append(comment("here because another issue is a duplicate of it"))
        if isinstance(fact, IssueFact) and (title := _cut(fact.title)):
            lines.append(f"title: {quoted(title)}")
        lines.append(f"decision: {ending.decision}")
        words = [ending.decision]
        if ending.decision == "declined":
            reason, of = ("duplicate", self._writable(ending.target)) if ending.target else ("not_planned", None)
            lines += [f"reason: {reason}", *([f"of: {of}"] if of else [])]
            words = [f"declined, {reason.replace('_', ' ')}{f' of {self._shown(ending.target)}' if of else ''}"]
        if ending.decision != "open":
            lines.append("# because: why, in one sentence")
        if ending.decision == "resolved" and found.lines:
            lines += ["evidence:", *(f"  {line}" for line in found.lines)]
            words += found.said
        elif found.said:
            lines.append(comment(f"linked, and not cited for this decision: {', '.join(found.said)}"))
        lines += [comment(remark) for remark in found.remarks]
        untold = unlinked(fact) if isinstance(fact, IssueFact) and fact.pulls is None else None
        if untold is not None and ending.decision in ("resolved", "open"):
            lines.append(comment(f"{untold}: name them, - pull: N (triage issue {number} --pull N tries one)"))
        if ending.decision == "resolved" and not found.lines:
            none = "" if untold is not None else "GitHub links no merged change: "
            lines.append(comment(f"{none}what shows that it is resolved?"))
            lines.append("# evidence: [{commit: SHA}, {path: FILE}, {absent: PATTERN, in: [GLOBS]}]")
        if isinstance(fact, IssueFact):
            more, counted = self._around(number, fact, found)
            lines += more
            words += counted
        return lines, ", ".join(words)

    def _around(self, number: int, fact: IssueFact, found: _Evidence) -> tuple[list[str], list[str]]:
        """The lines for what stands around a decision: parts, criteria, duplicates, related issues."""
        lines: list[str] = []
        words: list[str] = []
        tasks, listed = _tasks(fact.body)
        if fact.sub_issues:
            lines.append(f"parts: github  {comment(f'{len(fact.sub_issues)} sub-issues')}")
            words.append(_amount(len(fact.sub_issues), "sub-issue"))
        elif fact.sub_issues is None and fact.how == "GraphQL":
            lines.append(f"parts: github  {comment('its sub-issues are more than were read')}")
            words.append("more sub-issues than were read")
        elif parts := self._listed_parts(number, listed):
            lines.append(f"parts: [{', '.join(parts)}]")
            words.append(_amount(len(parts), "part"))
        if tasks:
            lines += ["criteria:", *(f"  - says: {quoted(harmless(task))}" for task in tasks[:MANY]), *_rest(tasks)]
            words.append(f"{len(tasks)} criteri{'on' if len(tasks) == 1 else 'a'} without evidence")
        if duplicates := self._duplicates(number):
            lines += [f"duplicates: [{', '.join(duplicates[:MANY])}]", *_rest(duplicates)]
            words.append(_amount(len(duplicates), "duplicate"))
        related = self._related(fact, found)
        if related:
            lines.append("related:")
            lines += [
                f"  - {{issue: {name}, note: {quoted(harmless(note))}}}" if note else f"  - {{issue: {name}}}"
                for name, note in related[:MANY]
            ]
            lines += _rest(related)
        return lines, words

    def _listed_parts(self, number: int, listed: list[tuple[str | None, int]]) -> list[str]:
        """The issues of a task list, without those through which an issue would be a part of itself."""
        parts: dict[str, None] = {}
        for repository, part in listed:
            name = Name(repository or self._repository or "", part)
            own = self._own(name) if self._repository is not None else (part if repository is None else None)
            shown = self._writable(name) if own is None else str(own)
            if shown is None or part > _LARGEST or (own is not None and number in {own, *self._below(own)}):
                continue
            if own is not None:
                self._parts.setdefault(number, []).append(own)
            parts[shown] = None
        return list(parts)[:MANY]

    def _below(self, number: int) -> set[int]:
        found: set[int] = set()
        left = [number]
        while left:
            for part in self._parts.get(left.pop(), ()):
                if part not in found:
                    found.add(part)
                    left.append(part)
        return found

    def _duplicates(self, number: int) -> list[str]:
        """The issues that are marked as duplicates of one, and have no decision of their own here."""
        found: dict[str, None] = {}
        issue = self._issues[number]
        for event in (issue.events or ()) if isinstance(issue, IssueFact) else ():
            shown = self._writable(event.other) if event.other is not None and not event.other_is_pull else None
            if shown is None or self._own(event.other) in self._issues:
                continue
            if event.kind == "duplicated":
                found[shown] = None
            elif event.kind == "not-duplicated":
                found.pop(shown, None)
        for fact in self._known:
            name, of = _name_of(fact), canonical(fact)
            own = self._own(name)
            shown = self._writable(name)
            if of is not None and self._own(of) == number and shown is not None and own not in self._issues:
                found[shown] = None
        return list(found)

    def _related(self, fact: IssueFact, found: _Evidence) -> list[tuple[str, str]]:
        names = dict(found.related)
        target = canonical(fact)
        for event in fact.events or ():
            if event.kind == "cross-referenced" and event.other is not None and not event.other_is_pull:
                names.setdefault(event.other, event.other_title or "")
        settled = {*self._duplicates(fact.number)}
        related: dict[str, str] = {}
        for name, note in names.items():
            shown = self._writable(name)
            itself = _same(name, target) or _same(name, _name_of(fact)) or self._own(name) == fact.number
            if shown is not None and not itself and shown not in settled:
                related.setdefault(shown, _cut(note))
        return list(related.items())

    # -- names --

    def _own(self, name: Name | None) -> int | None:
        """The number of an issue, if it is of the cluster's repository."""
        if name is None or name.repository.casefold() not in self._homes:
            return None
        return name.number if 0 < name.number <= _LARGEST else None

    def _writable(self, name: Name | None) -> str | None:
        """An issue as a decision file names it, None if it has no words for it."""
        own = self._own(name)
        if own is not None:
            return str(own)
        if name is None or not _REPOSITORY.fullmatch(name.repository) or not 0 < name.number <= _LARGEST:
            return None
        return str(name)

    def _shown(self, name: Name | None) -> str:
        own = self._own(name)
        return f"#{own}" if own is not None else str(name)


class _Pieces:
    """Evidence as it is gathered, each piece once."""

    def __init__(self, before: _Evidence | None = None) -> None:
        self._lines: list[str] = list(before.lines) if before is not None else []
        self._said: list[str] = list(before.said) if before is not None else []
        self.remarks: list[str] = list(before.remarks) if before is not None else []
        self.related: dict[Name, str] = dict(before.related) if before is not None else {}
        self.pulls: set[int] = set()
        self.seen: set[Name] = set()

    def commit(self, sha: str, subject: str | None, *, given: bool = False) -> None:
        """Take a commit."""
        said = f"commit {sha[:_SHORT]}"
        if said in self._said:
            return
        self._said.append(said)
        # YAML reads digits, and digits around one e, as a number.
        shown = sha if re.search("[acdf]", sha) else f'"{sha}"'
        remark = f"  {comment('given')}" if given else ""
        self._lines.append(f"- commit: {shown}{remark}")
        if not given and subject is not None and subject.strip() and not _UNKEPT.search(subject):
            # As it is, whatever spaces it has: it is compared with the commit's own.
            self._lines.append(f"  subject: {quoted(subject)}")

    def pull(self, number: int, remark: str) -> None:
        """Take a pull request."""
        said = f"pull request #{number}"
        self.pulls.add(number)
        if said not in self._said:
            self._said.append(said)
            self._lines.append(f"- pull: {number}  {comment(remark)}")

    def test(self, test: str, given: Given) -> None:
        """Take a test."""
        self._said.append(f"test {test}")
        self._lines.append(f"- test: {quoted(test)}")
        if given.file is not None:
            self._lines.append(f"  in: {{file: {quoted(given.file)}}}")
        if given.at is not None:
            self._lines.append(f'  at: "{given.at}"')

    def settled(self) -> _Evidence:
        """Return what was taken."""
        remarks = [*dict.fromkeys(self.remarks)]
        more = [f"and {len(remarks) - MANY} more"] if len(remarks) > MANY else []
        return _Evidence(tuple(self._lines), tuple(self._said), (*remarks[:MANY], *more), tuple(self.related.items()))


def _same(one: Name, other: Name | None) -> bool:
    return other is not None and (one.repository.casefold(), one.number) == (other.repository.casefold(), other.number)


def _name_of(fact: IssueFact) -> Name:
    return Name(fact.repository, fact.number)


def _last_close(fact: IssueFact) -> tuple[Event | None, datetime | None]:
    """The last close of an issue, and when it was reopened after that."""
    closer: Event | None = None
    reopened: datetime | None = None
    for event in fact.events or ():
        if event.kind == "closed":
            closer, reopened = event, None
        elif event.kind == "reopened":
            reopened = event.at
    return closer, reopened


def _pulls(fact: IssueFact) -> list[Name]:
    """The pull requests that GitHub links with an issue, by their words or by hand."""
    linked = dict.fromkeys(fact.pulls or ())
    by_hand: dict[Name, None] = {}
    for event in fact.events or ():
        name = event.other
        if name is None or not event.other_is_pull:
            continue
        if event.kind == "cross-referenced" and event.closes:
            linked[name] = None
        elif event.kind == "connected":
            by_hand[name] = None
        elif event.kind == "disconnected":
            by_hand.pop(name, None)
    return list({**linked, **by_hand})


def _unread(fact: PullFact | MovedFact | MissingFact | Unread, shown: str) -> str:
    match fact:
        case Unread():
            return f"{fact.reason}: {shown}"
        case PullFact():
            return f"{shown} is a pull request"
        case MovedFact():
            return f"{shown} was transferred to {fact.to}"
    return f"GitHub has no issue {shown}"


def _amount(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _rest(items: Sequence[object]) -> Iterator[str]:
    if len(items) > MANY:
        yield comment(f"and {len(items) - MANY:,} more on GitHub")


# -- task lists -------------------------------------------------------------------------------------


def _tasks(body: str) -> tuple[list[str], list[tuple[str | None, int]]]:
    """The texts of a body's task list, and the issues that some of its items only name.

    https://github.github.com/gfm/#task-list-items-extension-
    """
    texts: dict[str, None] = {}
    issues: dict[tuple[str | None, int], None] = {}
    below = False
    for line in _prose(body):
        item = _ITEM.fullmatch(line)
        if item is None or not (below or len(item[1].expandtabs(_CODE)) < _CODE):
            below = below and (not line.strip() or line[0].isspace())
            continue
        below = True
        match = _TASK.fullmatch(item[2] or "")
        if match is None:
            continue
        text = _cut(match[1])
        only = _ONLY_ISSUE.fullmatch(text)
        if only is not None:
            issues[only["repository"], int(only["number"])] = None
        elif text:
            texts[text] = None
    return list(texts), list(issues)


def _prose(body: str) -> Iterator[str]:
    """The lines of a body outside of fences and HTML comments; of a fence the first."""
    fence = ""
    hidden = False
    for line in _LINE_END.split(body):
        if fence:
            closing = _FENCE.fullmatch(line)
            if closing is not None and closing[1].startswith(fence) and not closing[2].strip():
                fence = ""
            continue
        shown, hidden = _uncommented(line, hidden=hidden)
        opening = _FENCE.fullmatch(shown)
        if opening is not None and not (opening[1][0] == "`" and "`" in opening[2]):
            fence = opening[1]
        yield shown


def _uncommented(line: str, *, hidden: bool) -> tuple[str, bool]:
    """A line without HTML comments, and whether one is still open at its end."""
    shown = []
    while line:
        before, mark, line = line.partition("-->" if hidden else "<!--")
        if not hidden:
            shown.append(before)
        if mark:
            hidden = not hidden
    return "".join(shown), hidden


# -- texts ------------------------------------------------------------------------------------------


def _cut(text: str, limit: int = LONGEST) -> str:
    """A text on one line, of a length that fits one."""
    text = " ".join(_UNKEPT.sub("\ufffd", text).split())
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def quoted(text: str) -> str:
    """Return a text as YAML has it in double quotes, on one line and with nothing invisible in it."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - the widths of YAML's escapes
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - as above


def comment(text: str) -> str:
    """Return a text as a comment of YAML, on one line and with nothing invisible in it."""
    text = _cut(text, 2 * LONGEST).rstrip(": ")
    return "# " + "".join(c if c.isprintable() else _escaped(c) for c in text)


def harmless(text: str) -> str:
    """Return Markdown in which nothing notifies anybody or acts on an issue when it is posted."""
    if not _is_live(text):
        return text
    ticked = _LIVE.sub(lambda match: f"`{match[0]}`", text) if "`" not in text else text
    if not _is_live(ticked):
        return ticked
    plain = text.replace("`", "'")
    return f"`{plain}`"


def _is_live(text: str) -> bool:
    seen = without_code(text)
    return KEYWORD.search(seen) is not None or MENTION.search(seen) is not None
