"""Compose one GraphQL operation for many things, each under an alias of its own."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.model import Name

_QUERIES = Path(__file__).parent / "queries"
_REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9._-]+/(?!\.{1,2}\Z)[A-Za-z0-9._-]+\Z")
_SHA = re.compile(r"[0-9a-f]{4,64}\Z")
_LARGEST = 2**31 - 1
"""GraphQL refuses a whole operation for one larger number."""
_ITEMS = """[CLOSED_EVENT, REOPENED_EVENT, REFERENCED_EVENT, CROSS_REFERENCED_EVENT, MARKED_AS_DUPLICATE_EVENT,
      UNMARKED_AS_DUPLICATE_EVENT, CONNECTED_EVENT, DISCONNECTED_EVENT, TRANSFERRED_EVENT]"""
NEWEST, PAGE = 30, 100
"""How many comments are read along with an issue, and how many of anything a page has at most."""


class Thing(NamedTuple):
    """What one alias asks for: an issue or pull request by its number, or a commit by its SHA."""

    repository: str
    what: str
    commit: bool = False


class Page(NamedTuple):
    """The page before what was read of an issue's events or comments; a cursor of None asks for nothing."""

    repository: str
    number: int
    events: str | None = None
    comments: str | None = None


class Part(NamedTuple):
    """One repository of an operation: its alias, its name as it was asked for, its things by their aliases."""

    alias: str
    repository: str
    things: Mapping[str, Thing]


class Operation(NamedTuple):
    """A query that can be sent."""

    text: str
    variables: dict[str, str]
    parts: tuple[Part, ...]


def can_ask(thing: Thing) -> bool:
    """Return whether GitHub could have such a thing, and asking for it cannot mean another."""
    if not _REPOSITORY.match(thing.repository):
        return False
    if thing.commit:
        return bool(_SHA.match(thing.what))
    return thing.what.isascii() and thing.what.isdecimal() and 0 < int(thing.what) <= _LARGEST


def numbered(name: Name) -> Thing:
    """Return the thing that a number asks for."""
    return Thing(name.repository, str(name.number))


def for_things(things: Iterable[Thing], *, checks: bool = False, files: bool = False, full: bool = False) -> Operation:
    """Return the operation that asks for things that can be asked for; `full` begins with whole pages of comments."""
    extra = ["PullChecks"] * checks + ["PullFiles"] * files
    pull = " ".join(f"...{name}" for name in ("PullFields", "PullHead", *extra))
    issue = f"...IssueFields {_comments(PAGE if full else NEWEST)} {_timeline()}"
    commit = "...CommitFields ...CommitPulls" + " ...CommitChecks" * checks
    parts: dict[str, dict[str, Thing]] = {}
    lines: dict[str, list[str]] = {}
    for thing in dict.fromkeys(things):
        mine = parts.setdefault(thing.repository, {})
        said = lines.setdefault(thing.repository, [])
        if thing.commit:
            alias = f"c{len(mine)}"
            asked = f'object(expression: "{thing.what}") {{ __typename oid ... on Commit {{ {commit} }} }}'
        else:
            alias = f"n{thing.what}"
            asked = f"issueOrPullRequest(number: {thing.what}) {{ __typename ... on Issue {{ {issue} }} "
            asked += f"... on PullRequest {{ {pull} }} }}"
        mine[alias] = thing
        said.append(f"    {alias}: {asked}")
    return _operation(parts, lines, {}, "...RepositoryFields")


def for_pages(pages: Iterable[Page]) -> Operation:
    """Return the operation that asks for the page before of all these issues at once."""
    parts: dict[str, dict[str, Thing]] = {}
    lines: dict[str, list[str]] = {}
    cursors: dict[str, str] = {}
    for page in pages:
        mine = parts.setdefault(page.repository, {})
        asked = []
        if page.events is not None:
            asked.append(_timeline(f"$e{len(cursors)}"))
            cursors[f"e{len(cursors)}"] = page.events
        if page.comments is not None:
            asked.append(_comments(PAGE, f"$e{len(cursors)}"))
            cursors[f"e{len(cursors)}"] = page.comments
        mine[f"n{page.number}"] = Thing(page.repository, str(page.number))
        said = f"    n{page.number}: issue(number: {page.number}) {{ number repository {{ nameWithOwner }}"
        lines.setdefault(page.repository, []).append(f"{said} {' '.join(asked)} }}")
    return _operation(parts, lines, cursors, "nameWithOwner")


def _timeline(before: str = "") -> str:
    return f"timelineItems(last: {PAGE}{_before(before)}, itemTypes: {_ITEMS}) {{ ...TimelinePage }}"


def _comments(count: int, before: str = "") -> str:
    return f"comments(last: {count}{_before(before)}) {{ ...CommentPage }}"


def _before(cursor: str) -> str:
    return f", before: {cursor}" if cursor else ""


def _operation(
    things: Mapping[str, Mapping[str, Thing]], lines: Mapping[str, list[str]], cursors: dict[str, str], about: str
) -> Operation:
    variables = dict(cursors)
    parts, body = [], []
    for place, (repository, mine) in enumerate(things.items()):
        owner, _, name = repository.partition("/")
        variables |= {f"o{place}": owner, f"r{place}": name}
        body.append(f"  r{place}: repository(owner: $o{place}, name: $r{place}) {{\n    {about}")
        body += [*lines[repository], "  }"]
        parts.append(Part(f"r{place}", repository, mine))
    declared = ", ".join(f"${name}: String!" for name in variables)
    text = "\n".join([f"query({declared}) {{", *body, "  rateLimit { ...BudgetFields }", "}"])
    return Operation("\n".join([text, *_fragments(text)]), variables, tuple(parts))


def _fragments(text: str) -> list[str]:
    """Return the fragments that a text spreads, and those that they spread: GitHub refuses others."""
    known = _library()
    wanted: dict[str, None] = {}
    left = [text]
    while left:
        for name in re.findall(r"\.\.\.(\w+)", left.pop()):
            if name not in wanted:
                wanted[name] = None
                left.append(known[name])
    return [known[name] for name in sorted(wanted)]


@cache
def _library() -> dict[str, str]:
    """Return every fragment of the package by its name."""
    found = {}
    for file in sorted(_QUERIES.glob("*.graphql")):
        for piece in re.split(r"^(?=fragment )", file.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            found[piece.split()[1]] = piece.rstrip()
    return found
