"""The catalogue of a clone's history: what its commits are, say and name, by one pass of git over all refs."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple, Protocol

from triage.git.graph import Graph
from triage.git.names import is_object_id
from triage.git.stream import garbled
from triage.landing.reverts import undone_by_title, undone_in
from triage.landing.subjects import Wanted, pulls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from triage.git.process import Git

_FORMAT = "--format=%H%x00%P%x00%at%x00%ct%x00%s%x00%b%x00"
_FIELDS = 6
_LATEST = 253_402_214_400
_MERGE = re.compile(r"Merge pull request #(\d{1,9}) from\b")
_NUMBER = re.compile(r"#(\d{1,9})(?!\w)")
_REPOSITORY = re.compile(r"(?:^|[^\w./-])([\w.-]{1,100}/[\w.-]{1,100})$")
_BEFORE_NUMBER = 202
_GH = re.compile(r"\b(?:GH|gh)-(\d{1,9})(?!\w)")
_ADDRESS = re.compile(
    r"https?://[\w.-]{1,253}(?::\d{1,5})?/([\w.-]{1,100}/[\w.-]{1,100})/(?:issues|pull)/(\d{1,9})(?!\w)"
)


class Said(NamedTuple):
    """What the message of a commit names: pull requests that it merges, what it reverts, issues with repositories."""

    merged: set[int]
    undone: list[str]
    issues: set[tuple[str, int]]


Told = tuple[str, str, int, int, str, Said | None]
"""A commit as git tells of it: SHA, parents, when it was authored and committed, subject, what it names (if anything).

Times are seconds since 1970, 0 for what is none. There are too many of these for a class of their own.
"""


class Catalogue(Protocol):
    """What is known of all commits that the refs reach.

    Each list of commits is in one order: the newest by committer date first, then by SHA.
    """

    def beginning(self, texts: Collection[str]) -> dict[str, list[str]]:
        """Return the commits that begin with each text of hex digits, sorted; nothing for one that none does."""

    def carriers(self, subjects: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the commits that each cited subject names, in any manner that `Wanted` knows."""

    def undone(self) -> dict[str, tuple[str, ...]]:
        """Return the commits that say they revert something, by the words for it (`undone_in`)."""

    def twins(self, asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, ...]]:
        """Return the commits with each author date (in seconds) and subject, however its words are spaced."""

    def numbered(self, numbers: Collection[int]) -> dict[int, tuple[str, ...]]:
        """Return the commits that say they are the merge of each pull request."""

    def naming(self, issues: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, ...]]:
        """Return the commits whose message has each number, with this repository before it or ("") with none.

        A repository is in lower case.
        """

    def graph(self) -> Graph:
        """Return all commits with their parents."""


def told(git: Git, feed: Iterable[str], *options: str) -> Iterator[Told]:
    """Yield what git tells of the commits that `rev-list --stdin` lists for these lines. Raises CouldNotLook."""
    lines = "".join(f"{line}\n" for line in feed).encode()
    if not lines:
        return
    with git.stream("rev-list", *options, "--stdin", _FORMAT, feed=lines) as stream:
        rest = b""
        while block := stream.chunk():
            fields = (rest + block).split(b"\0")
            end = (len(fields) - 1) // _FIELDS * _FIELDS
            rest = b"\0".join(fields[end:])
            text = b"\0".join(fields[:end]).decode("utf-8", "replace").split("\0") if end else []
            each = iter(text)
            for about, parents, authored, committed, subject, body in zip(
                each, each, each, each, each, each, strict=True
            ):
                sha = about[about.rfind("\n") + 1 :]
                if not is_object_id(sha):
                    raise garbled("rev-list")
                yield sha, parents, seconds(authored), seconds(committed), subject, _said(subject, body)
        stream.finish()


def _said(subject: str, body: str) -> Said | None:
    """Return what a message names; for most that is seen at a glance, and there are many."""
    merged: set[int] = set()
    if subject.endswith(")"):
        merged = {int(number[1:]) for number in pulls(subject)}
    elif subject.startswith("Merge pull request #") and (merge := _MERGE.match(subject)) is not None:
        merged = {int(merge[1])}
    undone = undone_in(body) if "everts" in body or "EVERTS" in body else []
    if "#" in subject or "PR" in subject:
        undone += undone_by_title(subject)
    issues = _issues(subject) if "#" in subject or "GH-" in subject or "gh-" in subject else set()
    if "#" in body or "GH-" in body or "gh-" in body or "://" in body:
        issues |= _issues(body)
    return Said(merged, undone, issues) if merged or undone or issues else None


def seconds(text: str) -> int:
    """Return a time as git prints it, cut to what a datetime can hold; 0 for what is none."""
    try:
        return min(max(int(text), 0), _LATEST)
    except ValueError:
        return 0


def folded(subject: str) -> str:
    """Return a subject as twins are found by: encodings and line breaks may have changed its white space."""
    return " ".join(subject.split())


def _issues(text: str) -> set[tuple[str, int]]:
    """Return the issues that a text names, as (repository in lower case or "", number)."""
    found: set[tuple[str, int]] = set()
    for match in _NUMBER.finditer(text):
        at = match.start()
        before = text[at - 1 : at]
        if before.isalnum() or before in ("_", "-", "."):
            named = _REPOSITORY.search(text[max(0, at - _BEFORE_NUMBER) : at])
            if named is not None:
                found.add((named[1].lower(), int(match[1])))
        elif before not in ("/", "&", "#"):
            found.add(("", int(match[1])))
    if "GH-" in text or "gh-" in text:
        found.update(("", int(number)) for number in _GH.findall(text))
    if "://" in text:
        found.update((match[1].lower(), int(match[2])) for match in _ADDRESS.finditer(text))
    return found


class Walk:
    """A catalogue in memory, made by one pass of git."""

    def __init__(self, commits: Iterable[Told], size: int) -> None:
        """Read all commits; `size` is how many bytes an id has. Raises CouldNotLook if git fails."""
        self._size = size
        self._parents: dict[bytes, bytes] = {}
        # What is known of a commit besides stands at the place at which it came.
        self._subjects: list[str] = []
        self._authored = array("q")
        self._committed = array("q")
        self._undone: dict[str, list[int]] = {}
        self._numbered: dict[int, list[int]] = {}
        self._naming: dict[tuple[str, int], list[int]] = {}
        self._places: list[bytes] = []
        self._sorted: list[bytes] = []
        for place, (sha, parents, authored, committed, subject, said) in enumerate(commits):
            self._parents[bytes.fromhex(sha)] = bytes.fromhex(parents)
            self._subjects.append(subject)
            self._authored.append(authored)
            self._committed.append(committed)
            if said is not None:
                for name in said.undone:
                    self._undone.setdefault(name, []).append(place)
                for number in said.merged:
                    self._numbered.setdefault(number, []).append(place)
                for issue in said.issues:
                    self._naming.setdefault(issue, []).append(place)
        self._places = list(self._parents)

    def _newest_first(self, places: Iterable[int]) -> tuple[str, ...]:
        found = sorted((-self._committed[place], self._places[place]) for place in places)
        return tuple(sha.hex() for _, sha in found)

    def beginning(self, texts: Collection[str]) -> dict[str, list[str]]:
        """See `Catalogue`; so for all below."""
        shas = self._sorted = self._sorted or sorted(self._places)
        digits = 2 * self._size
        found: dict[str, list[str]] = {}
        for text in dict.fromkeys(texts):
            if len(text) <= digits:
                low, high = (bytes.fromhex(text.ljust(digits, end)) for end in "0f")
                at = bisect_left(shas, low)
                while at < len(shas) and shas[at] <= high:
                    found.setdefault(text, []).append(shas[at].hex())
                    at += 1
        return found

    def carriers(self, subjects: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Look at every subject."""
        wanted = Wanted(subjects)
        found: dict[str, list[int]] = {}
        for place, subject in enumerate(self._subjects):
            for cited in wanted.matches(subject):
                found.setdefault(cited, []).append(place)
        return {cited: self._newest_first(places) for cited, places in found.items()}

    def undone(self) -> dict[str, tuple[str, ...]]:
        """Return what was found on the way."""
        return {name: self._newest_first(places) for name, places in self._undone.items()}

    def twins(self, asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, ...]]:
        """Look at the date of every commit."""
        moments = {authored for authored, _ in asked}
        found: dict[tuple[int, str], list[int]] = {}
        for place, authored in enumerate(self._authored):
            if authored in moments:
                found.setdefault((authored, folded(self._subjects[place])), []).append(place)
        alike = {each: found.get((each[0], folded(each[1])), ()) for each in asked}
        return {each: self._newest_first(places) for each, places in alike.items() if places}

    def numbered(self, numbers: Collection[int]) -> dict[int, tuple[str, ...]]:
        """Return what was found on the way."""
        return {each: self._newest_first(self._numbered[each]) for each in numbers if each in self._numbered}

    def naming(self, issues: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, ...]]:
        """Return what was found on the way."""
        return {each: self._newest_first(self._naming[each]) for each in issues if each in self._naming}

    def graph(self) -> Graph:
        """Return the graph that is kept."""
        return Graph(self._parents, self._size)
