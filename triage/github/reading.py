"""Read from GitHub what a cluster wants: everything by one GraphQL query where that is offered, else by REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.errors import AccessRefused, NothingToJudge
from triage.github.answers import found, found_pages
from triage.github.asking import Thing, can_ask, for_pages, for_things, numbered
from triage.github.client import AskForLess, NoGraphQL
from triage.github.fields import Lacking
from triage.github.gathered import ASKED, Gathered
from triage.github.rest import Reader
from triage.model import CommitFact, IssueFact, Name, Reading, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.errors import TriageError
    from triage.github.answers import Partly
    from triage.github.asking import Operation
    from triage.github.client import Answer, Client
    from triage.model import Wanted

AT_ONCE = 25
"""Things in one operation: GitHub gives up on a query after ten seconds."""
PAGES, ALL_PAGES = 10, 100
ABSENT = 50
"""How many numbers that GraphQL does not find are looked up by REST, one request each."""


class _Settings(NamedTuple):
    checks: bool = False
    files: bool = False
    full: bool = False


def read(client: Client, wanted: Wanted) -> Reading:
    """Return the facts that are wanted, and for each that could not be had the reason."""
    things = [numbered(name) for name in wanted.numbers]
    things += [Thing(wanted.repository, sha.lower(), commit=True) for sha in wanted.commits]
    things += [Thing(repository, sha.lower(), commit=True) for repository, sha in wanted.abroad]
    return _read(client, things, _Settings(wanted.checks, wanted.files))


def read_fully(client: Client, names: Iterable[Name]) -> Reading:
    """Return whatever has these numbers, issues with all of their comments and all that happened to them."""
    return _read(client, [numbered(name) for name in names], _Settings(full=True))


def _read(client: Client, things: Sequence[Thing], settings: _Settings) -> Reading:
    requests, points = client.requests, client.points
    reader = _Reader(client, settings)
    reader.read(list(dict.fromkeys(things)))
    gathered = reader.gathered
    fault = reader.fault or gathered.refused
    heads = tuple((name, *head) for name, head in gathered.heads.items())
    return Reading(gathered.kept, gathered.unread, fault, client.requests - requests, client.points - points, heads)


class _Reader:
    """One reading: what it has gathered, and the fault that ended it."""

    def __init__(self, client: Client, settings: _Settings) -> None:
        self.client = client
        self.settings = settings
        self.gathered = Gathered()
        self.fault: TriageError | None = None
        self._gave_up: TriageError | None = None
        self.partly: list[Partly] = []
        self.absent: list[tuple[Thing, str]] = []

    def read(self, things: list[Thing]) -> None:
        """Read all things by whatever the host offers."""
        for thing in things:
            if not can_ask(thing):
                self.gathered.refuse([thing], Unread(f"GitHub cannot have {thing.repository} {thing.what}"))
        askable = [thing for thing in things if can_ask(thing)]
        if not askable:
            return
        try:
            self._by_graphql(askable)
            self._look_for_the_absent()
            self._read_on()
            self._read_checks(askable)
        except NoGraphQL:
            self._by_rest(askable)
        if not self.gathered.kept:
            self.fault = self.fault or self._gave_up

    def _by_rest(self, things: list[Thing]) -> None:
        self.gathered = Gathered()
        reader = Reader(self.client, self.gathered, **self.settings._asdict())
        reader.read(things)
        self.fault = reader.fault or reader.refused

    def _by_graphql(self, things: list[Thing]) -> None:
        """Ask for things in as few operations as will do; one that is too large is halved."""
        batches = [things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE)][::-1]
        in_vain = 0
        while batches:
            batch = batches.pop()
            if self.fault is not None:
                self._refuse(batch, self.fault)
                continue
            try:
                answer = self._ask(for_things(batch, **self.settings._asdict()))
            except AskForLess as fault:
                why, self._gave_up = Unread(fault.message, fault.hint), fault
                if len(batch) == 1 and in_vain:
                    self.fault = fault
                in_vain += len(batch) == 1
            except (AccessRefused, NothingToJudge) as fault:
                self.fault = fault
                self._refuse(batch, fault)
                continue
            else:
                result = found(answer, for_things(batch, **self.settings._asdict()), **self.settings._asdict())
                if result.older:
                    raise NoGraphQL("GraphQL is older here than the query")
                if result.refused is None:
                    in_vain = 0
                    self.gathered.take(result.gathered)
                    self.absent += result.absent
                    self.partly += result.partly
                    continue
                why = result.refused
            if len(batch) == 1:
                self.gathered.refuse(batch, why)
            else:
                half = len(batch) // 2
                batches += [batch[half:], batch[:half]]

    def _look_for_the_absent(self) -> None:
        """Ask REST for the numbers that GraphQL has not: one that was transferred is only found there."""
        moved: list[tuple[Thing, Name]] = []
        reader = Reader(self.client, self.gathered)
        for place, (thing, canonical) in enumerate(self.absent):
            if self.fault is not None:
                self._refuse([thing], self.fault)
                continue
            if place >= ABSENT:
                self.gathered.refuse(
                    [thing], Unread(f"too many numbers are missing to look whether {thing.what} moved")
                )
                continue
            moved += self._located(reader, thing, canonical)
        self.absent = []
        there = [numbered(name) for _, name in moved]
        self._by_graphql([thing for thing in dict.fromkeys(there) if not self.gathered.knows(thing)])
        for thing, _ in self.absent:
            self.gathered.refuse([thing], Unread("GitHub moved another issue to it, and does not find it"))

    def _located(self, reader: Reader, thing: Thing, canonical: str) -> list[tuple[Thing, Name]]:
        try:
            to = reader.locate(thing, canonical)
        except Lacking as lacking:
            self.gathered.refuse([thing], Unread(f"GitHub's answer lacks {lacking} of {canonical}#{thing.what}"))
        except (AccessRefused, NothingToJudge) as fault:
            self.fault = fault
            self._refuse([thing], fault)
        else:
            return [(thing, to)] if to else []
        return []

    def _read_on(self) -> None:
        """Read the older pages, those of all issues in one request, as far as they are needed."""
        left = {(one.page.repository, str(one.page.number)): one for one in self.partly}
        for _ in range(ALL_PAGES if self.settings.full else PAGES):
            if not left or self.fault is not None:
                return
            operation = for_pages(one.page for one in left.values())
            try:
                answer = self._ask(operation)
            except AskForLess:
                return
            except (AccessRefused, NothingToJudge) as fault:
                self.fault = fault
                return
            further = found_pages(answer, operation, left, self.gathered)
            left = {}
            for one in further:
                self._complete(one)
                if one.page.events or one.page.comments:
                    left[one.page.repository, str(one.page.number)] = one

    def _read_checks(self, things: list[Thing]) -> None:
        """Read by REST the checks of commits that have more than GraphQL tells at once."""
        if not self.settings.checks or self.fault is not None:
            return
        reader = Reader(self.client, self.gathered, checks=True)
        for thing in things:
            fact = self.gathered.get(thing.repository, thing.what) if thing.commit else None
            if not isinstance(fact, CommitFact) or fact.checks is not None:
                continue
            try:
                checks = reader.checks_of(fact.repository, fact.sha)
            except (AccessRefused, NothingToJudge) as fault:
                self.fault = fault
                return
            self.gathered.add(ASKED, thing.repository, thing.what, fact._replace(checks=checks))

    def _complete(self, partly: Partly) -> None:
        """Put the lists that are whole now into the issue."""
        asked = (partly.page.repository, str(partly.page.number))
        fact = self.gathered.get(*asked)
        if not isinstance(fact, IssueFact):
            return
        if partly.page.events is None and partly.events:
            fact = fact._replace(events=partly.events)
        if partly.page.comments is None and len(partly.comments) and fact.comments is None and self.settings.full:
            fact = fact._replace(comments=partly.comments)
        self.gathered.add(ASKED, *asked, fact)

    def _ask(self, operation: Operation) -> Answer:
        return self.client.graphql(operation.text, operation.variables)

    def _refuse(self, things: Iterable[Thing], fault: TriageError) -> None:
        self.gathered.refuse(things, Unread(fault.message, fault.hint))
