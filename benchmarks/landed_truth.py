"""Which commits cited by three public repositories are on their main branch, found with plain git and by reading.

`TRIAGE_BENCH_CLONE=PATH python benchmarks/landed_truth.py ai-agents|job-hunter|leviath > FILE`

The clone is a bare mirror with pull-request refs. Nothing of `triage` is imported: this is what it is measured by.
Each line is {"cited", "truth", "landed_as", "by", "note"}; `truth` is `landed`, `not-landed`, `gone` or `undecided`.
`landed_as` are the commits of main that brought the change, or its part. `left` is the share of its lines that the
end of main has, and `undone` the commits of main that say they revert one of `landed_as`.

A commit of a pull request has landed where the squash commit is what git makes of merging the pull request's end, and
at least a third of the lines that the commit added or removed are there as it left them (files followed through
renames). None of them: not landed. In between: undecided, as is a commit that changes nothing, or whose lines main had
before the squash.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

MAIN = "main"
THIRD = 1 / 3
NEARLY_ALL = 0.9
TRAPS = 60
LEAST = 12
"""Characters of a line that can be told from others."""
BY_HAND = {
    "0f94f8e1": (2428, "d442b35471", ""),
    "3bc1e1a8": (2501, "4eea2eff", ""),
    "4a6c9bd9": (2349, "63fe698a", ""),
    "5bbda22c": (4769, "ec9f6cb3", ""),
    "6d3ca1f7": (3244, "b59098fc", "the squash names its issue, not its pull request"),
    "81b30851": (2498, "1c28aac6", ""),
    "883027f1": (4533, "d260ef60", ""),
    "d8f34432": (4768, "4627d848", ""),
    "fbadfa5a": (4676, "b4326138", ""),
    "fc9fd054": (3249, "866fc4a3", "the squash names its issue, not its pull request"),
    "52a2e3da": (4027, "9daaf28a", "pull 4027 was replaced by 4075, which has 96% of its lines"),
    "58556d22": (1870, "a873c586", "stacked pulls 1870 to 1872 were squashed as 1873; 89% of its lines"),
    "b0247bad": (3281, "2f661d9f", "pull 3281 was squashed into the branch of 3259 (as b207a5148)"),
    "eaa46541": (2305, "", "main never had version 0.5.13, nor what pull 2305 ends with"),
}
"""Commits of pull requests without `(#N)` on main: the pull request, what squashed it, and why."""
JUDGED = {
    "408d0dc3": ("landed", "of the paths that were purged, one was written anew later"),
    "70be42e1": ("landed", "the removals that it is about are there; its session log was replaced"),
    "86832d61": (
        "undecided",
        "in no pull request; 6 of its 32 lines came with e2c7a2ba8 (#1684), 7dd7052e0 adds others",
    ),
}
ELSEWHERE = {"30b8aaa92": ("83ae7a2fb16c", "another document gives its subject, which one commit of main has")}
REPORTED = (334, 336, *range(348, 358))
"""The pull requests for the issues that issue 374 of leviath says were never merged."""


class Row(NamedTuple):
    cited: str
    truth: str
    landed_as: tuple[str, ...] = ()
    by: str = ""
    note: str = ""


class Line(NamedTuple):
    """How often a commit found a line in a file, and how often it left it there."""

    path: str
    text: bytes
    before: int
    after: int


class Clone:
    """A repository to read; what git writes on the way goes to a folder of our own."""

    def __init__(self, folder: str, scratch: str) -> None:
        self._folder = folder
        objects = next(one for one in (Path(folder, ".git/objects"), Path(folder, "objects")) if one.is_dir()).resolve()
        who = {f"GIT_{one}_{what}": "bench" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        when = {f"GIT_{one}_DATE": "1000000000 +0000" for one in ("AUTHOR", "COMMITTER")}
        aside = {"GIT_OBJECT_DIRECTORY": scratch, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)}
        self._environment = {**os.environ, **who, **when, **aside, "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
        self.on_main = set(self.lines("rev-list", MAIN))
        self.heads = {
            int(ref.split("/")[2]): sha
            for sha, ref in (
                line.split()
                for line in self.lines("for-each-ref", "--format=%(objectname) %(refname)", "refs/pull/*/head")
            )
        }
        self.squashes: dict[int, list[str]] = defaultdict(list)
        for line in self.lines("log", MAIN, "--format=%H%x00%s"):
            sha, subject = line.split("\0")
            if numbered := re.search(r"\(#(\d+)\)$", subject.strip()):
                self.squashes[int(numbered[1])].append(sha)
        walked = (line.split() for line in self.lines("rev-list", "--parents", "--all", f"^{MAIN}"))
        self.off_main = {one[0]: one[1:] for one in walked}

    def bytes(self, *arguments: str, data: bytes | None = None, may_fail: bool = False) -> bytes:
        command = ["git", "-C", self._folder, "-c", "diff.renames=false", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, env=self._environment, check=False)
        if done.returncode and not may_fail:
            sys.exit(f"git {arguments}: {done.stderr.decode()}")
        return done.stdout

    def text(self, *arguments: str, **options) -> str:
        return self.bytes(*arguments, **options).decode("utf-8", "replace")

    def lines(self, *arguments: str) -> list[str]:
        return self.text(*arguments).splitlines()

    def stream(self, *arguments: str):
        command = ["git", "-C", self._folder, "-c", "diff.renames=false", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=self._environment) as running:
            yield from running.stdout

    def whole(self, cited: list[str]) -> dict[str, str | None]:
        """Each cited SHA with the commit that it names."""
        told = self.text("cat-file", "--batch-check", data="".join(f"{one}^{{commit}}\n" for one in cited).encode())
        return {
            one: None if line.endswith(("missing", "ambiguous")) else line.split()[0]
            for one, line in zip(cited, told.splitlines(), strict=True)
        }

    @cache  # noqa: B019 - there is one clone, to the end of the program
    def parents(self, sha: str) -> list[str]:
        return self.text("log", "-1", "--format=%P", sha).split()

    @cache  # noqa: B019
    def tree(self, name: str) -> str:
        return self.text("rev-parse", f"{name}^{{tree}}").strip()

    @lru_cache(maxsize=200)  # noqa: B019
    def files(self, name: str) -> dict[str, str]:
        listed = (entry.split("\t", 1) for entry in self.text("ls-tree", "-r", "-z", name).split("\0")[:-1])
        return {path: what.split()[2] for what, path in listed}

    @lru_cache(maxsize=20_000)  # noqa: B019
    def counted(self, blob: str | None) -> Counter[bytes]:
        if not blob or not blob.strip("0"):
            return Counter()
        return Counter(line.strip() for line in self.bytes("cat-file", "blob", blob, may_fail=True).split(b"\n"))

    def changed(self, base: str, tip: str) -> dict[str, tuple[str, str]]:
        """The paths that differ, with the blobs before and after."""
        told = self.text("diff-tree", "-r", "-z", "--no-renames", "--raw", base, tip).split("\0")[:-1]
        return {path: tuple(what.split()[2:4]) for what, path in zip(told[::2], told[1::2], strict=True)}

    def merged(self, one: str, other: str) -> tuple[str, bool]:
        """The tree of merging two commits, and whether there was no conflict."""
        command = ["git", "-C", self._folder, "merge-tree", "--write-tree", "--no-messages", one, other]
        done = subprocess.run(command, capture_output=True, env=self._environment, check=False)
        return done.stdout.decode("utf-8", "replace").split("\n")[0], done.returncode == 0

    def redone(self, base: str, change: str, onto: str) -> bool:
        """Whether doing a change again leaves a commit as it is."""
        root = self._stored(base)
        tree, clean = self.merged(self._stored(onto, root), self._stored(change, root))
        return clean and tree == self.tree(onto)

    def _stored(self, name: str, *parents: str) -> str:
        options = [word for one in parents for word in ("-p", one)]
        return self.text("commit-tree", self.tree(name), *options, "-m", "x").strip()

    def series(self, wanted: set[str]) -> dict[str, list[int]]:
        """The pull requests that have each of these commits."""
        found = defaultdict(list)
        for number, head in sorted(self.heads.items()):
            ahead, seen = [head], set()
            while ahead:
                sha = ahead.pop()
                if sha not in seen and sha in self.off_main:
                    seen.add(sha)
                    ahead += self.off_main[sha]
            for sha in wanted & seen:
                found[sha].append(number)
        return found


def effect(clone: Clone, base: str, tip: str) -> list[Line]:
    """What a change does to the lines of each file; lines of a few characters count only where there are no others."""
    every = []
    for path, (before, after) in clone.changed(base, tip).items():
        old, new = clone.counted(before), clone.counted(after)
        every += [Line(path, text, old[text], new[text]) for text in old.keys() | new.keys() if old[text] != new[text]]
    every = [line for line in every if line.text]
    return [line for line in every if sum(map(str.isalnum, line.text.decode("utf-8", "replace"))) > 7] or every


def share(clone: Clone, lines: list[Line], at: str, *, added: bool = False, moved: dict[str, str] | None = None):
    """How much of an effect a tree has; None where there is none. `moved` are files that it has by another name."""
    files = clone.files(at)
    total = there = 0.0
    for line in lines:
        if added and line.after < line.before:
            continue
        here = clone.counted(files.get(line.path) or files.get((moved or {}).get(line.path, "")))[line.text]
        weight = abs(line.after - line.before)
        total += weight
        there += weight * max(0.0, min((here - line.before) / (line.after - line.before), 1.0))
    return there / total if total else None


def renamed(clone: Clone, lines: list[Line], tip: str, at: str) -> dict[str, str]:
    """The files of `tip` that `at` has by another name, as far as git finds them."""
    if all(line.path in clone.files(at) for line in lines):
        return {}
    how = ("-M40", "-l1500", "--diff-filter=R", "--name-status", "-z")
    told = clone.text("diff", *how, tip, at, "--", *readable(clone)).split("\0")
    return dict(zip(told[1::3], told[2::3], strict=False))


def of_pulls(clone: Clone, cited: str, sha: str, landings: list[str], by: str) -> Row:
    """Decide for a commit of pull requests with these squash commits."""
    parents = clone.parents(sha)
    base, merges = parents[0], len(parents) > 1
    if merges:
        base = clone.merged(*parents[:2])[0]
    if not clone.changed(base, sha):
        if merges:
            return Row(cited, "landed", tuple(landings), by, "merges main into its branch, and nothing else")
        return Row(cited, "undecided", (), by, "changes nothing")
    lines = effect(clone, base, sha)
    good, parts = [], []
    for landing in landings:
        before = clone.parents(landing)[0]
        touched = clone.changed(before, landing)
        moved = {old: new for old, new in renamed(clone, lines, sha, landing).items() if new in touched}
        has = share(clone, lines, landing, moved=moved)
        adds, had = share(clone, lines, landing, added=True, moved=moved), share(clone, lines, before, added=True)
        whole = clone.redone(base, sha, landing)
        parts.append(1.0 if has is None and whole else has or 0.0)
        enough = whole or parts[-1] >= NEARLY_ALL or (parts[-1] >= THIRD and (adds is None or adds >= THIRD))
        had = had or 0.0
        brought = adds is None or adds - had >= THIRD or (len(landings) == 1 and had < THIRD)
        if enough and brought:
            good.append(landing)
    best = f"{max(parts):.0%} of its lines are in the squash"
    if good:
        return Row(cited, "landed", tuple(good), by, "" if max(parts) == 1 else best)
    if max(parts) == 0 and lines:
        return Row(cited, "not-landed", (), by, "undone inside its pull request")
    return Row(cited, "undecided", tuple(landings), by, best)


def remade(clone: Clone, landing: str, number: int) -> bool:
    """Whether a commit of main is what merging the end of a pull request gives."""
    return clone.merged(clone.parents(landing)[0], clone.heads[number]) == (clone.tree(landing), True)


def ai_agents(clone: Clone) -> list[Row]:
    found = clone.text("grep", "-hoE", '"endingCommit": *"[0-9a-fA-F]{7,40}"', MAIN, "--", ".agents/sessions")
    cited = sorted({line.rsplit('"', 2)[1].lower() for line in found.splitlines()})
    whole = clone.whole(cited)
    pulls = clone.series({sha for sha in whole.values() if sha and sha not in clone.on_main})
    twins, identity = _identities(clone)
    rows = []
    for one in cited:
        sha = whole[one]
        if sha is None and one in ELSEWHERE:
            landing, why = ELSEWHERE[one]
            rows.append(Row(one, "landed", (clone.whole([landing])[landing],), "cited elsewhere", why))
        elif sha is None:
            rows.append(Row(one, "gone"))
        elif sha in clone.on_main:
            rows.append(Row(one, "landed", (sha,), "ancestor"))
        elif same := [twin for twin in twins[identity[sha]] if patch_id(clone, twin) == patch_id(clone, sha) != ""]:
            why = "a commit of main that its branch was rebased with: same patch, author, date and subject"
            rows.append(Row(one, "landed", tuple(same), "rebase", why))
        else:
            rows.append(_of_squashed(clone, one, sha, pulls[sha]))
    return rows + traps(clone, {row.cited for row in rows})


def _of_squashed(clone: Clone, one: str, sha: str, numbers: list[int]) -> Row:
    landings = [landing for number in numbers for landing in clone.squashes[number] if remade(clone, landing, number)]
    number, landing, why = BY_HAND.get(sha[:8], (0, "", ""))
    truth, judged = JUDGED.get(sha[:8], ("", ""))
    if landing:
        landing = clone.text("rev-parse", landing).strip()
        by = "squash without its number" if remade(clone, landing, number) else "by hand"
        row = of_pulls(clone, one, sha, [landing], by)
        return row._replace(note="; ".join(filter(None, (why, row.note))))
    if number:
        return Row(one, "not-landed", (), "by hand", why)
    if truth:
        return Row(one, truth, tuple(landings) if truth == "landed" else (), "by hand", judged)
    if not landings:
        return Row(one, "undecided", (), "no squash", f"pulls {numbers}")
    return of_pulls(clone, one, sha, landings, "squash")


def job_hunter(clone: Clone) -> list[Row]:
    cited = sorted(set(re.findall(r"commit/([0-9a-f]{7,40})", clone.text("show", f"{MAIN}:CHANGELOG.md"))))
    twins, identity = _identities(clone)
    past = {path.strip() for path in clone.text("log", MAIN, "--format=", "--name-only", "-z", "-m").split("\0")}
    rows = []
    for one in cited:
        if one in clone.on_main:
            rows.append(Row(one, "landed", (one,), "ancestor"))
            continue
        same = twins[identity[one]]
        if len(same) != 1:
            rows.append(Row(one, "undecided", tuple(same), "rewrite", f"{len(same)} with its author, date and subject"))
            continue
        old, new = (clone.changed(clone.parents(sha)[0], sha) for sha in (one, same[0]))
        both, lacking = old.keys() & new.keys(), old.keys() - new.keys()
        kept = one[:8] not in JUDGED and lacking & past - {path for path in lacking if not old[path][1].strip("0")}
        if any(old[path][1] != new[path][1] for path in both) or new.keys() - old.keys() or kept:
            rows.append(Row(one, "undecided", tuple(same), "rewrite", "not the same change"))
        elif not new:
            why = "changed nothing, before and after" if not old else f"none of its {len(old)} paths are on main"
            rows.append(Row(one, "undecided", tuple(same), "rewrite to nothing", why))
        else:
            why = JUDGED.get(one[:8], ("", f"{len(lacking)} of {len(old)} paths were purged" if lacking else ""))[1]
            rows.append(Row(one, "landed", tuple(same), "rewrite", why))
    return rows + traps(clone, {row.cited for row in rows})


def _identities(clone: Clone) -> tuple[dict[tuple[str, ...], list[str]], dict[str, tuple[str, ...]]]:
    """The commits of main by author, author date and subject, and these of every commit."""
    identity = {}
    for line in clone.lines("log", "--all", "--format=%H%x00%an%x00%ae%x00%at%x00%s"):
        sha, *what = line.split("\0")
        identity[sha] = tuple(what)
    twins: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for sha in clone.on_main:
        twins[identity[sha]].append(sha)
    return twins, identity


def leviath(clone: Clone) -> list[Row]:
    twins, identity = _identities(clone)
    patches = main_patches(clone)
    others = sorted(number for number in clone.heads if number not in REPORTED)
    chosen = random.Random(374).sample(others, 60)
    commits = {}
    for number in REPORTED:
        commits |= dict.fromkeys(clone.lines("rev-list", clone.heads[number], f"^{MAIN}"), number)
    chosen += [number for number in others if number not in chosen and identity[clone.heads[number]] not in twins]
    commits |= {clone.heads[number]: number for number in sorted(chosen)}
    rows = []
    for sha, number in commits.items():
        note = f"pull {number}" + (", said to be never merged" if number in REPORTED else "")
        same = twins[identity[sha]]
        if sha in clone.on_main:
            rows.append(Row(sha, "landed", (sha,), "ancestor", note))
        elif len(same) == 1 and patches.get(patch_id(clone, sha)) == same[0]:
            rows.append(Row(sha, "landed", tuple(same), "rebase", f"same patch, author, date and subject; {note}"))
        elif len(same) == 1:
            row = of_pulls(clone, sha, sha, same, "rebase with another patch")
            rows.append(row._replace(note="; ".join(filter(None, ("same author, date and subject", row.note, note)))))
        elif own := _rebased(clone, sha, twins, identity):
            rows.append(Row(sha, "landed", own, "rebase", f"merges main; its own commits are there; {note}"))
        else:
            rows.append(_by_lines(clone, sha, note))
    return rows


def _rebased(clone: Clone, sha: str, twins: dict, identity: dict) -> tuple[str, ...]:
    """The commits of main for all commits that a merge at the end of a pull request has beside main's."""
    own = clone.lines("rev-list", "--no-merges", sha, f"^{MAIN}")
    found = [twins[identity[one]] for one in own]
    whole = len(clone.parents(sha)) > 1 and all(len(same) == 1 for same in found)
    return tuple(same[0] for same in found) if whole else ()


def _by_lines(clone: Clone, sha: str, note: str) -> Row:
    """A head that main has under no name: which commit brought its lines, if any did."""
    base = clone.text("merge-base", sha, MAIN).strip()
    lines = effect(clone, base, sha)
    paths = sorted({line.path for line in lines})
    if not paths:
        return Row(sha, "undecided", (), "lines", f"changes nothing; {note}")
    for one in clone.lines("rev-list", "--reverse", f"{base}..{MAIN}", "--", *paths):
        if (share(clone, lines, one) or 0) >= NEARLY_ALL > (share(clone, lines, f"{one}^") or 0):
            return Row(
                sha, "undecided", (one,), "lines", f"no commit of main is its own, but one has its lines; {note}"
            )
    left = share(clone, lines, MAIN) or 0
    truth = "not-landed" if left < 0.1 else "undecided"
    return Row(sha, truth, (), "lines", f"{left:.0%} of its lines are on main; {note}")


def patch(clone: Clone, sha: str, *options: str) -> bytes:
    return clone.bytes("diff-tree", "-p", *options, sha, "--", *readable(clone))


def patch_id(clone: Clone, sha: str) -> str:
    told = clone.text("patch-id", "--stable", data=patch(clone, sha))
    return told.split()[0] if told else ""


def main_patches(clone: Clone) -> dict[str, str]:
    told = clone.text(
        "patch-id", "--stable", data=clone.bytes("log", "-p", "--no-merges", MAIN, "--", *readable(clone))
    )
    return dict(line.split() for line in told.splitlines())


@lru_cache(maxsize=1)
def readable(clone: Clone) -> list[str]:
    """Pathspecs without the files of main of which the clone lacks a version."""
    lost = {line[1:] for line in clone.lines("rev-list", "--objects", "--missing=print", MAIN) if line[0] == "?"}
    told = clone.lines("log", MAIN, "--raw", "--no-abbrev", "--format=", "-m") if lost else []
    paths = {line.split("\t")[1] for line in told if lost & set(line.split()[2:4])}
    return [".", *(f":(exclude,literal){path}" for path in sorted(paths))]


def traps(clone: Clone, taken: set[str]) -> list[Row]:
    """Commits of pull requests that were never merged, whose lines, where they were new, main has never had since."""
    first: dict[int, int] = {}
    when = 0
    for line in clone.stream("log", MAIN, "--reverse", "-p", "-U0", "-m", "--format=%x01%ct", "--", *readable(clone)):
        if line[:1] == b"\x01":
            when = int(line[1:])
        elif line[:1] == b"+" and len(text := line[1:].strip()) >= LEAST:
            first.setdefault(hash(text), when)
    stored = {line.split()[0] for line in clone.lines("rev-list", "--objects", "--missing=allow-any", MAIN)}
    patches = main_patches(clone)
    twins, identity = _identities(clone)
    tagged = set(clone.lines("rev-list", "--tags", f"^{MAIN}"))
    pulls = clone.series(set(clone.off_main))
    never = [number for number in clone.heads if number not in clone.squashes]
    pool = defaultdict(list)
    for sha, numbers in sorted(pulls.items()):
        if sha in tagged or set(numbers) - set(never) or len(clone.off_main[sha]) != 1:
            continue
        if identity[sha] not in twins and not any(sha.startswith(one) for one in taken):
            pool[numbers[0]].append(sha)
    draw = random.Random(2026)
    order = sorted(pool)
    draw.shuffle(order)
    told: list[tuple[int, int, Row]] = []
    for number in order:
        for sha in draw.sample(pool[number], len(pool[number])):
            added = [line[1:].strip() for line in patch(clone, sha, "-U0").split(b"\n") if _adds(line)]
            written = int(clone.text("log", "-1", "--format=%at", sha))
            known = {text: first.get(hash(text)) for text in added if len(text) >= LEAST}
            telling = [then for then in known.values() if then is None or then >= written]
            came = sum(then is not None for then in telling)
            if not telling or came > len(telling) / 10 or patch_id(clone, sha) in patches:
                continue
            # A pull request may have landed inside another one, and what a commit did may have been reworked before.
            ends = [clone.files(clone.heads[one]) for one in pulls[sha]]
            if any(end.get(path) in stored for path in clone.changed(clone.off_main[sha][0], sha) for end in ends):
                continue
            note = f"pull {number} was not merged; of {len(telling)} lines that were new then {came} came to main"
            told.append((came, len(telling), Row(sha, "not-landed", (), "trap: lines and patch-id", note)))
            break
    return [row for *_, row in sorted(told, key=lambda one: (one[0] > 0, one[1] < 3))][:TRAPS]


def _adds(line: bytes) -> bool:
    return line[:1] == b"+" and line[:4] != b"+++ "


def undone(clone: Clone) -> dict[str, list[str]]:
    """The commits of main that say in git's words that they revert another, by that other."""
    found = defaultdict(list)
    for entry in clone.text("log", MAIN, "--format=%H%x00%b%x01").split("\x01"):
        sha, _, body = entry.strip().partition("\0")
        for other in re.findall(r"^This reverts commit ([0-9a-f]{40})", body, re.MULTILINE):
            found[other].append(sha)
    return found


def main() -> None:
    known = {"ai-agents": ai_agents, "job-hunter": job_hunter, "leviath": leviath}
    folder = os.environ.get("TRIAGE_BENCH_CLONE")
    if len(sys.argv) != 2 or sys.argv[1] not in known or not folder:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as scratch:
        clone = Clone(folder, scratch)
        reverts = undone(clone)
        for row in known[sys.argv[1]](clone):
            more: dict[str, object] = {}
            if row.truth == "landed":
                sha = clone.whole([row.cited])[row.cited] or row.landed_as[0]
                at = row.landed_as[0] if row.by.startswith("rewrite") else sha
                if len(clone.parents(at)) == 1 and (lines := effect(clone, clone.parents(at)[0], at)):
                    moved = renamed(clone, lines, at, MAIN)
                    more["left"] = round(share(clone, lines, MAIN, moved=moved) or 0, 2)
            if by := [one for landing in row.landed_as for one in reverts.get(landing, ())]:
                more["undone"] = by
            print(json.dumps({**row._asdict(), **more}))


if __name__ == "__main__":
    main()
