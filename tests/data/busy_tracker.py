"""A tracker of 2,000 numbers in the shape of a busy repository's, made by rules: the same one every time.

Issues and pull requests in one row of numbers; some moved away, deleted or turned into discussions; squashed, merged
and rebased pull requests; issues closed by commits, by pull requests and by hand, reopened, closed again, duplicates
marked and unmarked, sub-issues, locks, bots and accounts that were deleted.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from github_server import check, sha_of

if TYPE_CHECKING:
    from github_server import Thread, World

HOME, OTHER = "acme/busy", "acme/desk"
NUMBERS = 2000
START = datetime(2024, 1, 1, tzinfo=UTC)
PEOPLE = ("alice", "bob", "bob", "alice", None, "keeper[bot]")
LABELS = ("bug", "docs", "area: net", "good first issue", "needs-info")
REASONS = ("COMPLETED", "COMPLETED", "COMPLETED", "NOT_PLANNED", "DUPLICATE")


class Busy:
    """The rules, drawn upon in the order of the numbers."""

    def __init__(self, world: World, seed: int = 17) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - the same every time
        self.home = world.repository(HOME)
        self.other = world.repository(OTHER)
        self.kinds: dict[int, str] = {}
        for number in range(1, NUMBERS + 1):
            self._make(number)
        for number in range(1, NUMBERS + 1):
            if self.kinds[number] == "issue":
                self._happen(self.home.threads[number])

    def at(self, number: int, days: float = 0) -> str:
        """A moment so many days after the number was given."""
        return (START + timedelta(hours=8 * number, days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _who(self) -> str | None:
        return self.draw.choice(PEOPLE)

    def _make(self, number: int) -> None:
        kinds = ("issue", "pull", "moved", "deleted", "discussion")
        kind = self.kinds[number] = self.draw.choices(kinds, (52, 45, 1, 1, 1))[0]
        if kind == "pull":
            self._pull(number)
        elif kind == "deleted":
            self.home.delete(number)
        elif kind in ("issue", "moved"):
            labels = self.draw.sample(LABELS, self.draw.randint(0, 3))
            issue = self.home.issue(
                number, title=f"issue {number}", created=self.at(number), author=self._who(), labels=labels
            )
            if kind == "moved":
                there = self.other.issue(number + 5000, title=f"issue {number}", created=self.at(number))
                issue.transfer(there, self.at(number, 3))

    def _pull(self, number: int) -> None:
        manner = self.draw.choices(("squash", "merge", "rebase", "closed", "open"), (40, 20, 10, 20, 10))[0]
        merge, head = sha_of(f"{HOME} merge {number}"), sha_of(f"{HOME} branch {number}")
        commits = [sha_of(f"{HOME} {number} {place}") for place in range(self.draw.randint(0, 4))] + [head]
        earlier = [one for one in range(max(1, number - 60), number) if self.kinds[one] == "issue"]
        closes = self.draw.sample(earlier, min(len(earlier), self.draw.choice((0, 0, 1, 1, 1, 2))))
        day = self.draw.random() * 9
        state = {"closed": "CLOSED", "open": "OPEN"}.get(manner, "MERGED")
        merged = state == "MERGED"
        self.home.pull(
            number,
            title=f"pull {number}",
            state=state,
            created=self.at(number),
            merged=self.at(number, day) if merged else None,
            closed=self.at(number, day) if state == "CLOSED" else None,
            by=self._who() if state != "OPEN" else None,
            author=self._who(),
            base=self.draw.choice(("main", "main", "main", "release")),
            merge_commit=merge if merged else None,
            head=head,
            commits=commits if manner != "squash" else [head],
            closes=closes,
            files=[f"src/{number % 97}/{place}.py" for place in range(self.draw.randint(1, 5))],
        )
        word = self.draw.choices(("SUCCESS", "FAILURE", "SKIPPED"), (8, 1, 1))[0]
        words = {"squash": f"pull {number} (#{number})", "merge": f"Merge pull request #{number} from acme/topic"}
        for sha in [merge] * merged + [head]:
            subject = words.get(manner, f"pull {number}")
            checks = [check("unit", word, workflow="ci"), check("lint", app="keeper")]
            self.home.commit(sha, subject=subject, authored=self.at(number, day), checks=checks)

    def _happen(self, issue: Thread) -> None:
        number = issue.number
        for place in range(self.draw.choice((0, 0, 1, 2, 3, 8, 40))):
            issue.comment(self._who(), f"comment {place}", self.at(number, 0.1 + place / 50))
        self._links(issue)
        closers = [one for one in self.home.world.pulls_closing(issue) if one.data["merged"]]
        fate = self.draw.random()
        if closers:
            issue.close(closers[0].data["mergedAt"], self._who(), closer=closers[0])
        elif fate < 0.15:
            sha = sha_of(f"{HOME} fix {number}")
            self.home.commit(sha, subject=f"fix: issue {number}", authored=self.at(number, 4))
            issue.reference(sha, self.at(number, 4.5), by=self._who())
            issue.close(self.at(number, 5), self._who(), closer=sha)
        elif fate < 0.6:
            issue.close(self.at(number, 6), self._who(), reason=self.draw.choice(REASONS), closer=None)
        if issue.data["closed"] and fate > 0.85:
            issue.reopen(self.at(number, 20), self._who())
            if fate > 0.93:
                issue.close(self.at(number, 21), self._who(), reason=self.draw.choice(REASONS), closer=None)
        if fate < 0.05:
            issue.lock("RESOLVED", self.at(number, 30))

    def _links(self, issue: Thread) -> None:
        issues = [one for one in self.home.threads.values() if self.kinds[one.number] == "issue"]
        for _ in range(self.draw.choice((0, 0, 1, 2))):
            there = self.home.threads[self.draw.choice([one for one, kind in self.kinds.items() if kind == "pull"])]
            issue.cross_reference(there, self.at(issue.number, 2), by=self._who())
        if self.draw.random() < 0.06:
            canonical = self.draw.choice(issues)
            issue.duplicate_of(canonical, self.at(issue.number, 3), by=self._who())
            if self.draw.random() < 0.3:
                issue.unmark(canonical, self.at(issue.number, 3.5), by=self._who())
        if self.draw.random() < 0.04:
            for child in self.draw.sample(issues, self.draw.randint(1, 4)):
                if child is not issue and child.data["parent"] is None:
                    issue.sub_issue(child, self.at(issue.number, 1), by=self._who())
