"""Random histories: made by `git fast-import` in one go, with merges, wrong clocks and messages of every kind."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from repositories import run_git

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("fix", "the", "login", "page", "cache", "when", "nobody", "looks", "at", "it", "parser", "of", "dates")
TYPES = ("", "", "fix: ", "feat(web): ", "docs: ", "revert: ", "chore(a:b): ")
START = 1_750_000_000


def chance_of(seed: int) -> random.Random:
    """Return what makes the same choices in every run."""
    return random.Random(seed)  # noqa: S311 - nothing is kept secret by it


class Growing:
    """A bare repository that grows, loses branches and is pushed over, a step at a time."""

    def __init__(self, folder: Path, seed: int, *, long_ids: bool = False) -> None:
        self.folder = folder
        self.random = chance_of(seed)
        form = ["--object-format=sha256"] if long_ids else []
        folder.mkdir(parents=True)
        run_git(folder, "init", "-q", "--bare", "-b", "main", *form)
        self.shas: list[str] = []
        self.subjects: list[str] = []
        self.clock = START

    def subject(self) -> str:
        chance = self.random
        if self.subjects and chance.random() < 0.35:
            old = chance.choice(self.subjects)
            return chance.choice(
                (
                    old,
                    f"{old} (#{chance.randrange(1, 30)})",
                    f'Revert "{old}"',
                    f'Revert "{old}" (#7)',
                    old.partition(": ")[2] or old,
                    f" {old}",
                )
            )
        words = " ".join(chance.choices(WORDS, k=chance.randrange(1, 9)))
        text = f"{chance.choice(TYPES)}{words}"
        extra = (
            "",
            "",
            "",
            f" (#{chance.randrange(1, 30)})",
            f" (#{chance.randrange(1, 30)}) (#{chance.randrange(1, 30)})",
            " …",
            f" #{chance.randrange(1, 30)}",
        )
        merge = f"Merge pull request #{chance.randrange(1, 30)} from alice/work"
        return merge if chance.random() < 0.1 else text + chance.choice(extra)

    def message(self) -> str:
        chance = self.random
        subject = self.subject()
        self.subjects.append(subject)
        body = []
        if self.shas and chance.random() < 0.2:
            name = chance.choice(self.shas)
            body.append(f"This reverts commit {name[: chance.choice((7, 12, len(name)))]}.")
        if chance.random() < 0.1:
            body.append(f"Reverts acme/apex#{chance.randrange(1, 30)}")
        number = chance.randrange(1, 30)
        body.append(
            chance.choice(
                (
                    "",
                    "",
                    f"Fixes #{number}",
                    f"see acme/Apex#{number}, GH-{number}",
                    f"https://github.com/acme/apex/issues/{number}",
                    "&#39; a/b/c#3 x#4 #5x",
                )
            )
        )
        return "\n\n".join([subject, *body])

    def grow(self, number: int) -> None:
        """Add commits on branches, pull requests and nowhere in particular, each with up to three parents."""
        chance = self.random
        out = []
        ends = self.refs()
        names = [
            "refs/heads/main",
            *(f"refs/heads/b{each}" for each in range(3)),
            *(f"refs/pull/{each}/head" for each in range(1, 4)),
            "refs/remotes/origin/pull/9",
            "refs/remotes/origin/main",
            "refs/tags/v1",
        ]
        marks = {name: sha for name, sha in ends.items() if name in names}
        for mark in range(1, number + 1):
            # Names by which nothing else is taken: a tag may hold a commit only.
            name = chance.choice(names) if marks.get("refs/heads/main") else "refs/heads/main"
            self.clock += chance.choice((0, 0, 3600, 60, -7200))
            authored = chance.choice((self.clock, self.clock, START, self.clock - 86400))
            others = [
                marks[each] for each in chance.sample(sorted(marks), min(len(marks), chance.choice((0, 0, 0, 1, 2))))
            ]
            first = marks.get(name) or marks.get("refs/heads/main")
            if chance.random() < 0.03:
                first = None
            if self.shas and chance.random() < 0.05:
                first = chance.choice(self.shas)
            parents = list(dict.fromkeys([*([first] if first else []), *others]))
            who = chance.choice(("alice <alice@example.org>", "bob <bob@example.org>"))
            data = self.message().encode()
            out.append(
                f"commit {name}\nmark :{mark}\nauthor {who} {authored} +0000\ncommitter {who} {self.clock} +0000\ndata {len(data)}\n".encode()
                + data
                + b"\n"
            )
            if parents:
                out.append(f"from {parents[0]}\n".encode())
                out += [f"merge {parent}\n".encode() for parent in parents[1:]]
            else:
                out.append(b"deleteall\n")
            path = chance.choice(("a", "b", "d/c", "d/e", "odd name"))
            if chance.random() < 0.85:
                content = str(chance.randrange(4)).encode()
                out.append(f'M 100644 inline "{path}"\ndata {len(content)}\n'.encode() + content + b"\n")
            marks[name] = f":{mark}"
        # A ref that was named anew from another parent is reset first; fast-import otherwise takes its old end.
        table = self.folder / "marks"
        run_git(self.folder, "fast-import", "--quiet", "--force", f"--export-marks={table}", data=b"".join(out))
        self.shas += [line.split()[1] for line in table.read_text().splitlines()]

    def refs(self) -> dict[str, str]:
        out = run_git(self.folder, "for-each-ref", "--format=%(refname) %(objectname)").decode()
        return dict(line.split(" ") for line in out.splitlines())

    def lose(self) -> None:
        """Take a branch away, or push over it."""
        refs = self.refs()
        name = self.random.choice(sorted(refs))
        if self.random.random() < 0.5 and name != "refs/heads/main":
            run_git(self.folder, "update-ref", "-d", name)
        else:
            run_git(self.folder, "update-ref", name, self.random.choice(self.shas))

    def odd_refs(self) -> None:
        """Add tags of what is no commit, and annotated ones."""
        blob = run_git(self.folder, "hash-object", "-w", "--stdin", data=b"x").decode().strip()
        tree = run_git(self.folder, "mktree", data=b"").decode().strip()
        run_git(self.folder, "update-ref", "refs/tags/blob", blob)
        run_git(self.folder, "update-ref", "refs/tags/tree", tree)
        run_git(
            self.folder, "tag", "-f", "-a", "-m", "x", f"t{self.random.randrange(5)}", self.random.choice(self.shas)
        )

    def git(self, *arguments: str) -> str:
        return run_git(self.folder, *arguments).decode().strip()
