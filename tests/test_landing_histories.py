"""Random histories whose every change is a line of its own: what the proofs say, against what the trees say."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

import pytest
from repositories import run_git

from triage.git import open_history
from triage.landing.citation import Citation
from triage.landing.proof import settle
from triage.model import Status

HISTORIES = 500
LANE = 25
"""So many histories follow each other on one branch, each in a folder of its own: reading a branch takes its time."""
START = datetime(2025, 3, 1, tzinfo=UTC)
STEP = timedelta(minutes=7)
CITED = datetime(2026, 1, 1, tzinfo=UTC)
"""After every commit: the repository is not known to be newer, so nothing that is missing can refute."""
NAMES = ("alice <alice@example.org>", "bob <bob@example.org>")
SUBJECTS = ("fix: close the door", "feat: add a window", "docs: say how", "chore: tidy", "wip")

Tree = dict[int, tuple[str, tuple[str, ...]]]
"""Files by a number that stays theirs when they are renamed: the name and the lines."""


class Effect(NamedTuple):
    """What a change does: a line (`text`, after another) or a whole file that is there afterwards or not, or a rename.

    `after` is the name for a file, and for a rename the name that the file had.
    """

    kind: str
    text: str
    file: int
    after: str
    there: bool = True

    def holds(self, tree: Tree) -> bool:
        if self.kind == "rename":
            return self.file in tree and all(name != self.after for name, _ in tree.values())
        return any(self.text in lines for _, lines in tree.values()) is self.there

    def brought(self, before: Tree, after: Tree) -> bool:
        """Whether it was done between two trees; a rename is one of a file that was there under its old name."""
        was = self.kind != "rename" or self.file in before
        return was and self.holds(after) and not self.holds(before)

    def done(self, tree: Tree) -> Tree | None:
        """The tree with the change, or None where that is a conflict."""
        if self.kind == "file":
            if (self.file in tree) is self.there:
                return None
            if self.there:
                return {**tree, self.file: (self.after, (self.text, *(f"{self.after} {n}" for n in range(5))))}
            return {number: file for number, file in tree.items() if number != self.file}
        if self.file not in tree:
            return None
        name, lines = tree[self.file]
        if self.kind == "rename":
            return {**tree, self.file: (self.text, lines)} if name == self.after else None
        if (self.text in lines) is self.there or self.after not in lines:
            return None
        if self.there:
            at = lines.index(self.after) + 1
            return {**tree, self.file: (name, (*lines[:at], self.text, *lines[at:]))}
        return {**tree, self.file: (name, tuple(line for line in lines if line != self.text))}

    def inverse(self) -> Effect:
        if self.kind == "rename":
            return self._replace(text=self.after, after=self.text)
        return self._replace(there=not self.there)


Effects = tuple[Effect, ...]


def applied(effects: Effects, tree: Tree) -> Tree | None:
    for effect in effects:
        done = effect.done(tree)
        if done is None:
            return None
        tree = done
    return tree


def inverses(effects: Effects) -> Effects:
    return tuple(effect.inverse() for effect in reversed(effects))


class Made(NamedTuple):
    """A commit that was made, with what it did and the tree that it left."""

    sha: str
    subject: str
    author: str
    authored: datetime
    effects: Effects
    tree: Tree
    folder: bytes
    parents: tuple[Made, ...]


class Case(NamedTuple):
    """A citation, the commits of main that its branch landed as by construction, and the way it got there."""

    cited: Made
    landings: tuple[Made, ...]
    way: str
    branch: tuple[Made, ...] = ()

    @property
    def of_its_branch(self) -> bool:
        """Whether it does nothing by itself: it is empty, or takes back what its own branch did before."""
        return not self.cited.effects or self.cited.subject.startswith("drop ")


def stored(kind: str, content: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()


class Story:
    """One random history: a main branch, and branches that land in every way there is, or do not."""

    def __init__(self, number: int, script: list[str], marks: dict[str, int], before: Story | None) -> None:
        self.number = number
        self.random = random.Random(number)  # noqa: S311 - the same in every run
        self._script, self._marks = script, marks
        self._clock = START + timedelta(hours=number)
        self._names = count(1)
        self.folders: dict[str, bytes] = dict(before.folders) if before else {}
        self.cases: list[Case] = []
        self.merged: list[Made] = []
        self.reverted: set[str] = set()
        first = {n: (f"f{n}.txt", tuple(f"{number} {n} {line}" for line in range(40))) for n in range(3)}
        self.main = [self.commit((before.main[-1],) if before else (), f"chore: begin {number}", (), first)]
        for branch in range(1, self.random.randrange(3, 6)):
            self.onto_main()
            self.branch(branch)
        own = [commit for commit in self.main if self.random.random() < 0.5]
        self.cases += [Case(commit, (commit,), "of main") for commit in own]
        self.folders[f"h{number}"] = self.main[-1].folder
        self.ref(f"refs/heads/main-{number // LANE}", self.main[-1])

    # -- objects --

    def commit(
        self, parents: tuple[Made, ...], subject: str, effects: Effects, tree: Tree, like: Made | None = None, body=""
    ) -> Made:
        """Make a commit, by the author and of the author date of another one where it is like that."""
        self._clock += STEP
        author = like.author if like else self.random.choice(NAMES)
        authored = like.authored if like else self._clock
        files = sorted((name, "".join(f"{line}\n" for line in lines)) for name, lines in tree.values())
        entries = b"".join(f"100644 {name}\0".encode() + stored("blob", text.encode()) for name, text in files)
        self.folders[f"h{self.number}"] = stored("tree", entries)
        listed = sorted(self.folders.items(), key=lambda one: f"{one[0]}/")
        folder = stored("tree", b"".join(f"40000 {name}\0".encode() + what for name, what in listed))
        who = (
            f"author {author} {int(authored.timestamp())} +0000\n"
            f"committer {NAMES[0]} {int(self._clock.timestamp())} +0000\n"
        )
        message = f"{subject}\n\n{body}\n" if body else f"{subject}\n"
        links = "".join(f"parent {parent.sha}\n" for parent in parents)
        sha = stored("commit", f"tree {folder.hex()}\n{links}{who}\n{message}".encode()).hex()
        begun = "".join(
            f"{word} :{self._marks[parent.sha]}\n" for word, parent in zip(("from", "merge"), parents, strict=False)
        )
        mark = self._marks.setdefault(sha, len(self._marks) + 1)
        written = "".join(f"M 644 inline h{self.number}/{name}\ndata {len(text)}\n{text}\n" for name, text in files)
        self._script.append(
            f"reset refs/heads/scratch\n\ncommit refs/heads/scratch\nmark :{mark}\n{who}data {len(message)}\n{message}{begun}"
            f"D h{self.number}\n{written}\n"
        )
        return Made(sha, subject, author, authored, effects, tree, self.folders[f"h{self.number}"], parents)

    def ref(self, name: str, at: Made) -> None:
        self._script.append(f"reset {name}\nfrom :{self._marks[at.sha]}\n\n")

    # -- changes --

    def subject(self) -> str:
        """A subject, in a fifth of the cases one of five."""
        name = "" if self.random.random() < 0.2 else f" {next(self._names)}"
        return f"{self.random.choice(SUBJECTS)}{name} of {self.number}"

    def effect(self, tree: Tree, *, only_line: bool = False) -> Effect:
        number = self.random.choice(sorted(tree))
        name, lines = tree[number]
        new = f"{self.number}-{next(self._names)}"
        what = 0.0 if only_line else self.random.random()
        if what < 0.65 or len(lines) < 6:
            return Effect("line", f"line {new}", number, self.random.choice(lines))
        if what < 0.8:
            at = self.random.randrange(1, len(lines))
            return Effect("line", lines[at], number, lines[at - 1], there=False)
        if what < 0.9:
            return Effect("file", f"first {new}", 1000 + next(self._names), f"new-{new}.txt")
        return Effect("rename", f"moved-{new}.txt", number, name)

    def work(self, parent: Made) -> Made:
        """A commit of one effect, or two, or none."""
        effects: Effects = ()
        tree = parent.tree
        for _ in range(self.random.choices((0, 1, 2), (1, 15, 4))[0]):
            effects += (self.effect(tree, only_line=bool(effects)),)
            tree = applied(effects[-1:], tree)
        return self.commit((parent,), self.subject(), effects, tree)

    def onto_main(self) -> None:
        self.main.append(self.work(self.main[-1]))

    def back(self, on: Made, what: Made, subject: str, body: str = "") -> Made | None:
        """A commit that takes back what another one did."""
        tree = applied(inverses(what.effects), on.tree)
        if tree is None or not what.effects:
            return None
        return self.commit((on,), subject, inverses(what.effects), tree, body=body)

    # -- branches --

    def branch(self, number: int) -> None:
        """A branch of one to four commits, and what becomes of it while main moves on."""
        commits = [self.work(self.random.choice(self.main[-3:]))]
        for _ in range(self.random.randrange(4)):
            dropped = None
            if self.random.random() < 0.15:
                dropped = self.back(commits[-1], self.random.choice(commits), f"drop {next(self._names)} again")
            commits.append(dropped or self.work(commits[-1]))
        for _ in range(self.random.randrange(4)):
            self.onto_main()
        old = self.pushed_over(commits) if self.random.random() < 0.25 else None
        number += self.number * 10
        pull = self.random.random() < 0.7
        self.ref(f"refs/pull/{number}/head" if pull else f"refs/heads/b{number}", commits[-1])
        way = self.random.choice(("squash", "squash", "squash", "rebase", "rebase", "pick", "merge", "never"))
        landings = getattr(self, way)(commits, number)
        numbered = " (#)" if self.main[-1].subject.endswith(")") else ""
        told = f"{way}{numbered}, {'pull request' if pull else 'branch'}" if landings else "not landed"
        for at, commit in enumerate(commits):
            self.cases.append(Case(commit, landings[at] if landings else (), told, tuple(commits)))
        if old:
            self.cases.append(Case(old, landings[-1] if landings else (), f"{told}, pushed over", tuple(commits)))
        if landings and landings[-1] and way != "merge":
            self.after(landings[-1][-1])

    def pushed_over(self, commits: list[Made]) -> Made:
        """Amend the last commit, with what it did or something else; the old one stays under a name of its own."""
        old = commits.pop()
        parent = old.parents[0]
        if self.random.random() < 0.5:
            effects, tree = old.effects, old.tree
        else:
            effects = (self.effect(parent.tree),)
            tree = applied(effects, parent.tree)
        subject = old.subject if self.random.random() < 0.7 else self.subject()
        commits.append(self.commit((parent,), subject, effects, tree, old))
        self.ref(f"refs/backup/{old.sha}", old)
        return old

    def squash(self, commits: list[Made], number: int) -> list[tuple[Made, ...]]:
        effects = tuple(effect for commit in commits for effect in commit.effects)
        tree = applied(effects, self.main[-1].tree)
        if tree is None:
            return []
        words = commits[0].subject if self.random.random() < 0.5 else self.subject()
        numbered = f"{words} (#{number})" if self.random.random() < 0.7 else words
        self.main.append(self.commit((self.main[-1],), numbered, effects, tree))
        return [(self.main[-1],)] * len(commits)

    def rebase(self, commits: list[Made], _: int) -> list[tuple[Made, ...]]:
        trees, tree = [], self.main[-1].tree
        for commit in commits:
            tree = applied(commit.effects, tree) if tree is not None else None
            trees.append(tree)
        if tree is None:
            return []
        for commit, left in zip(commits, trees, strict=True):
            self.main.append(self.commit((self.main[-1],), commit.subject, commit.effects, left, commit))
        return [(one,) for one in self.main[-len(commits) :]]

    def pick(self, commits: list[Made], _: int) -> list[tuple[Made, ...]]:
        """One commit of the branch goes to main, under its own subject or another; the others do not."""
        chosen = self.random.randrange(len(commits))
        one = commits[chosen]
        tree = applied(one.effects, self.main[-1].tree)
        if tree is None:
            return []
        subject = one.subject if self.random.random() < 0.6 else self.subject()
        self.main.append(self.commit((self.main[-1],), subject, one.effects, tree, one))
        return [(self.main[-1],) if at == chosen else () for at in range(len(commits))]

    def merge(self, commits: list[Made], number: int) -> list[tuple[Made, ...]]:
        effects = tuple(effect for commit in commits for effect in commit.effects)
        tree = applied(effects, self.main[-1].tree)
        if tree is None:
            return []
        subject = f"Merge pull request #{number} from bob/h{self.number}"
        self.main.append(self.commit((self.main[-1], commits[-1]), subject, effects, tree))
        self.merged += commits
        return [(self.main[-1], commit) for commit in commits]

    def never(self, *_: object) -> list[tuple[Made, ...]]:
        return []

    def after(self, landed: Made) -> None:
        """What may befall a commit of main: a revert in git's words, or an ordinary commit that removes its lines."""
        chance = self.random.random()
        for _ in range(self.random.randrange(3) if chance < 0.2 else 0):
            self.onto_main()
        if chance < 0.1:
            body = f"This reverts commit {landed.sha}."
            done = self.back(self.main[-1], landed, f'Revert "{landed.subject}"', body)
            self.reverted |= {landed.sha} if done else set()
        elif chance < 0.2 and all(one.kind == "line" and one.there for one in landed.effects):
            done = self.back(self.main[-1], landed, f"chore: tidy away {next(self._names)} of {self.number}")
        else:
            return
        self.main += [done] if done else []


class World(NamedTuple):
    stories: tuple[Story, ...]
    landings: dict[str, object]
    """What the proofs say, by the SHA that is cited."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """All the histories in one repository, and every citation settled at once."""
    folder = tmp_path_factory.mktemp("histories")
    run_git(folder, "init", "-q", "-b", "main-0")
    script: list[str] = []
    marks: dict[str, int] = {}
    stories: list[Story] = []
    for number in range(HISTORIES):
        stories.append(Story(number, script, marks, stories[-1] if number % LANE else None))
    run_git(folder, "fast-import", "--quiet", "--force", "--export-marks=marks", data="".join(script).encode())
    run_git(folder, "update-ref", "-d", "refs/heads/scratch")
    assert (folder / "marks").read_text().split() == [word for sha in marks for word in (f":{marks[sha]}", sha)]
    ends = {story.number // LANE: story.main[-1].sha for story in stories}
    citations = {
        case.cited.sha: Citation(case.cited.sha, None, CITED, ends[story.number // LANE])
        for story in stories
        for case in story.cases
    }
    history, stand = open_history(folder, branch="main-0", as_of=None)
    settled = settle(tuple(citations.values()), history, stand.branch, timedelta(days=30))
    return World(tuple(stories), {sha: settled[citation] for sha, citation in citations.items()})


class Outcome(NamedTuple):
    """A case with what the proofs say, whether what it did is at the end of main (None: a part of it), and who did it.

    `brought` are the commits of main, merged branches included, that did any of it to what was there before them.
    """

    story: Story
    case: Case
    landing: object
    there: bool | None
    brought: set[str]

    @property
    def itself(self) -> bool:
        return self.case.cited in (*self.story.main, *self.story.merged)

    @property
    def right(self) -> set[str]:
        """The commits that may be named for it.

        Whoever did the same; and where it did nothing of its own to main, being a part of a branch, whatever that was
        merged as.
        """
        right = self.brought | ({self.case.cited.sha} if self.itself else set())
        if self.there is None or not self.brought or self.case.of_its_branch:
            right |= {one.sha for one in self.case.landings}
        if self.case.of_its_branch:
            right |= {sha for one in self.case.branch for sha in brought(self.story, one)}
        return right

    def __str__(self) -> str:
        effects = "; ".join(f"{one.kind} {one.text}{'' if one.there else ' gone'}" for one in self.case.cited.effects)
        cited = f"{self.case.cited.sha[:9]} {self.case.cited.subject!r}"
        return (
            f"\n{self.story.number}: {cited} ({self.case.way}; {effects}): {self.landing.proof}: {self.landing.reason}"
        )

    __repr__ = __str__


def brought(story: Story, cited: Made) -> set[str]:
    return {
        one.sha
        for one in (*story.main[1:], *story.merged)
        if any(effect.brought(one.parents[0].tree, one.tree) for effect in cited.effects)
    }


@pytest.fixture(scope="module")
def outcomes(world) -> list[Outcome]:
    made = []
    for story in world.stories:
        end = story.main[-1].tree
        for case in story.cases:
            held = {effect.holds(end) for effect in case.cited.effects}
            there = None if len(held) != 1 else held.pop()
            landing = world.landings[case.cited.sha]
            made.append(Outcome(story, case, landing, there, brought(story, case.cited)))
    return made


def of(outcomes: list[Outcome], status: Status) -> list[Outcome]:
    return [one for one in outcomes if one.landing.status is status]


def test_what_never_came_to_main_or_was_reverted_there_is_never_verified(outcomes):
    """What an ordinary commit took away again later did come: whether it is still there is another question."""
    wrong = [
        one
        for one in of(outcomes, Status.VERIFIED)
        if one.there is False and (not one.brought or one.brought <= one.story.reverted)
    ]
    assert not [one for one in wrong if not one.itself or one.brought]


def test_what_is_on_main_is_never_refuted(outcomes):
    """But for what has nothing of its own there, and belongs to what was reverted."""
    assert not [
        one
        for one in of(outcomes, Status.REFUTED)
        if one.there or (one.there is None and not one.story.reverted & {sha.sha for sha in one.case.landings})
        if not (one.case.of_its_branch and one.story.reverted & {sha.sha for sha in one.case.landings})
    ]


def test_what_is_found_is_what_brought_it(outcomes):
    assert not [one for one in of(outcomes, Status.VERIFIED) if one.landing.commit.sha not in one.right]


def test_nine_in_ten_of_what_landed_as_another_commit_are_verified(outcomes):
    landed = [one for one in outcomes if one.there and one.brought and one.case.landings and not one.itself]
    by = Counter((one.case.way.split(",")[0], str(one.landing.status)) for one in landed)
    verified = of(landed, Status.VERIFIED)
    assert len(landed) > 1000
    assert len(verified) >= 0.9 * len(landed), f"{len(verified)} of {len(landed)}: {sorted(by.items())}"
