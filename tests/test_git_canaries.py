"""Canaries: what a clone could make git run, write or fetch, and that no question of the port does so (faults.md, G)."""

from __future__ import annotations

import hashlib
import os
import pty
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest
from repositories import Repository

from triage.errors import TriageError
from triage.git import open_history
from triage.model import Replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINES = "".join(f"line {number}\n" for number in range(40))
MISSING = "0" * 39 + "1"


class Canary(NamedTuple):
    """Settings of a clone, and a command with which a git that is not held back obeys them."""

    config: str
    fires: str
    attributes: str = ""
    terminal: bool = False


# {run} is a program that says it was run; {cry} the same as a command of a shell; {from} the folder all of it is in.
CANARIES = {
    "core.fsmonitor": Canary("[core]\n fsmonitor = {run}\n", "git status"),
    "core.hooksPath": Canary("[core]\n hooksPath = {hooks}\n", "git update-ref refs/heads/x HEAD"),
    "core.sshCommand": Canary("[core]\n sshCommand = {run}\n", "git ls-remote ssh://example.invalid/x"),
    "core.gitProxy": Canary("[core]\n gitProxy = {run}\n", "git ls-remote git://example.invalid/x"),
    "core.askPass": Canary("[core]\n askPass = {run}\n", "echo url=https://example.invalid | git credential fill"),
    "core.editor": Canary("[core]\n editor = {run}\n", "git commit --amend"),
    "sequence.editor": Canary("[sequence]\n editor = {run}\n", "git rebase -i HEAD~1"),
    "core.pager": Canary("[core]\n pager = {run}\n", "git log", terminal=True),
    "pager.log": Canary("[pager]\n log = {run}\n", "git log", terminal=True),
    "gpg.program": Canary("[gpg]\n program = {run}\n", "git log --show-signature signed"),
    "log.showSignature": Canary("[log]\n showSignature = true\n[gpg]\n program = {run}\n", "git log signed"),
    "diff.external": Canary("[diff]\n external = {run}\n", "git diff HEAD~1"),
    "diff.command": Canary('[diff "canary"]\n command = {run}\n', "git diff HEAD~1", "* diff=canary\n"),
    "diff.textconv": Canary('[diff "canary"]\n textconv = {run}\n', "git log -p", "* diff=canary\n"),
    "merge.driver": Canary(
        '[merge "canary"]\n driver = {run} %A\n', "git merge-tree --write-tree onto change", "* merge=canary\n"
    ),
    "merge.default": Canary(
        '[merge]\n default = canary\n[merge "canary"]\n driver = {run} %A\n', "git merge-tree --write-tree onto change"
    ),
    "filter.clean": Canary(
        '[filter "canary"]\n clean = {run}\n', "git hash-object --path=a.txt a.txt", "* filter=canary\n"
    ),
    "filter.smudge": Canary(
        '[filter "canary"]\n smudge = {run}\n', "git cat-file --filters HEAD:a.txt", "* filter=canary\n"
    ),
    "filter.process": Canary(
        '[filter "canary"]\n process = {run}\n', "git cat-file --filters HEAD:a.txt", "* filter=canary\n"
    ),
    "credential.helper": Canary(
        "[credential]\n helper = !{cry}\n", "echo url=https://example.invalid | git credential fill"
    ),
    "alias": Canary("[alias]\n canary = !{cry}\n", "git canary"),
    "tar.command": Canary('[tar "canary"]\n command = {run}\n', "git archive --format=canary HEAD"),
    "trailer.command": Canary(
        '[trailer "canary"]\n key = x\n command = {run}\n',
        "git interpret-trailers --trailer canary=x README </dev/null",
    ),
    "difftool.cmd": Canary('[difftool "canary"]\n cmd = {run}\n', "git difftool -y -t canary HEAD~1"),
    "protocol.ext": Canary(
        '[protocol "ext"]\n allow = always\n[remote "ext"]\n url = ext::{run} %S\n', "git ls-remote ext"
    ),
    "url.insteadOf": Canary(
        '[protocol "ext"]\n allow = always\n[url "ext::{run} "]\n insteadOf = https://example.invalid/\n',
        "git ls-remote https://example.invalid/x",
    ),
    "remote.uploadpack": Canary('[remote "here"]\n url = {from}\n uploadpack = {run}\n', "git ls-remote here"),
    "promisor": Canary(
        '[core]\n repositoryformatversion = 1\n[extensions]\n partialClone = lazy\n[protocol "ext"]\n allow = always\n'
        '[remote "lazy"]\n promisor = true\n partialclonefilter = blob:none\n url = ext::{run} %S\n',
        f"git cat-file -p {MISSING}",
    ),
    "submodule.url": Canary(
        '[protocol "ext"]\n allow = always\n[submodule "sub"]\n active = true\n url = ext::{run} %S\n',
        "GIT_ALLOW_PROTOCOL=ext git submodule update",
    ),
    "include.path": Canary("[include]\n path = {included}\n", "git status"),
    "includeIf.path": Canary('[includeIf "gitdir:/"]\n path = {included}\n', "git status"),
    "hooks": Canary("", "cp {hooks}/* .git/hooks; git update-ref refs/heads/x HEAD"),
    "branch": Canary("", "git log -p $(git for-each-ref --format='%(refname:short)' refs/heads/--output=)"),
    "tag": Canary("", "git log -p $(git tag --list -- '--output=*')"),
    "path": Canary("", "git diff-tree -p HEAD~1 HEAD $(git ls-files -- '--output=*')"),
    "upload-pack option": Canary("", "git ls-remote $(git config remote.option.url) {from}"),
}


class Trap:
    """A repository that is full of them, and the folder in which each leaves a file if it is obeyed."""

    def __init__(self, folder: Path) -> None:
        self.cries = folder / "cries"
        self.cries.mkdir(parents=True)
        self.tools = folder / "tools"
        r = self.repository = Repository(folder / "clone")
        self.first = r.commit({"a.txt": LINES, "gone.txt": "x\n" * 20, "README": "x\n"}, "feat: first")
        r.branch("change")
        self.change = r.commit({"a.txt": LINES.replace("line 30", "fixed")}, "fix: it")
        r.checkout("main")
        # Names that are options: a file where one would be written, by each.
        out = str(self.cries).lstrip("/")
        files = {f"--output=/{out}/path": "1\n", ":(exclude)a.txt": "1\n", "-oProxyCommand=x": "1\n", ":!x": "1\n"}
        modules = f'[submodule "sub"]\n path = sub\n url = ext::sh -c touch% {self.cries}/modules\n'
        moved = {"gone.txt": None, "here.txt": "x\n" * 20, ".gitmodules": modules}
        self.second = r.commit({"a.txt": LINES.replace("line 3\n", "other\n"), **files, **moved}, "fix: second")
        r.ref("refs/heads/onto", self.second)
        self.result = r.cherry_pick(self.change)
        r.git("update-index", "--add", "--cacheinfo", f"160000,{self.first},sub")
        attributes = "* diff=canary filter=canary merge=canary\n"
        self.tip = r.commit({"docs/x.md": f"{self.first} first\n", "-x.md": "abc1234\n"}, "docs: tip")
        raw = r.git("cat-file", "commit", "HEAD")
        head, _, text = raw.partition("\n\n")
        signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n{text}\n"
        r.ref("refs/heads/signed", r.raw_commit(signed.encode()))
        self.attributed = r.commit({".gitattributes": attributes}, "chore: attributes")
        r.tag("v1", self.first, "one")
        r.ref("refs/pull/7/head", self.change)
        r.ref(f"refs/heads/--output=/{out}/branch", self.first)
        r.ref(f"refs/tags/--output=/{out}/tag", self.first)
        # Of every commit another is shown where replacements are obeyed.
        self.false = r.raw_commit(f"tree {r.parse('HEAD^{tree}')}\n\nfeat: false\n".encode())
        for sha in (self.first, self.change):
            r.ref(f"refs/replace/{sha}", self.false)

    def program(self, name: str, text: str) -> Path:
        place = self.tools / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#!/bin/sh\n{text}\n")
        place.chmod(0o755)
        return place

    def filled(self, name: str, text: str) -> str:
        """Return a text with the programs of the canary of that name."""
        cry = f"touch {self.cries}/{name.replace(' ', '-')}"
        run = self.program(name.replace(" ", "-"), cry)
        hooks = self.tools / f"{name}-hooks"
        for hook in ("reference-transaction", "post-checkout", "post-index-change", "pre-auto-gc", "post-commit"):
            self.program(f"{name}-hooks/{hook}", cry)
        included = self.tools / f"{name}-included"
        included.write_text(f"[core]\n\tfsmonitor = {run}\n")
        for key, value in {"run": run, "cry": cry, "hooks": hooks, "included": included, "from": self.tools}.items():
            text = text.replace(f"{{{key}}}", str(value))
        return text

    def set_up(self, folder: Path, *names: str) -> None:
        """Plant the canaries of these names in a clone."""
        for name in names:
            canary = CANARIES[name]
            with (folder / ".git/config").open("a") as config:
                config.write(self.filled(name, canary.config))
                if name == "upload-pack option":
                    config.write(f'[remote "option"]\n url = --upload-pack={self.tools / name.replace(" ", "-")}\n')
            with (folder / ".git/info/attributes").open("a") as attributes:
                attributes.write(canary.attributes)

    def heard(self) -> set[str]:
        return {path.name for path in self.cries.iterdir()}


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Trap:
    return Trap(tmp_path_factory.mktemp("trap"))


@pytest.mark.parametrize("name", CANARIES)
def test_each_canary_sings_where_git_is_not_held_back(trap, tmp_path, name):
    """Else that none is heard below would say nothing."""
    clone = tmp_path / "clone"
    shutil.copytree(trap.repository.folder, clone)
    trap.set_up(clone, name)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", "TERM": "xterm"}
    environment["GIT_NO_REPLACE_OBJECTS"] = "1"
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "alice", f"GIT_{who}_EMAIL": "alice@example.org"}
    command = trap.filled(name, CANARIES[name].fires)
    ours, theirs = pty.openpty()
    try:
        out = theirs if CANARIES[name].terminal else subprocess.DEVNULL
        subprocess.run(
            command,
            shell=True,
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    heard = trap.heard()
    for cry in trap.cries.iterdir():
        cry.unlink()
    assert heard == {name.replace(" ", "-")}


def test_replaced_commits_are_shown_where_git_is_not_held_back(trap):
    assert trap.repository.git("log", "-1", "--format=%s", trap.change) == "feat: false"


def asked(trap: Trap) -> dict[str, Callable]:
    """Every question of the port, each with what shows that it was answered."""
    first, change, second, result, tip = trap.first, trap.change, trap.second, trap.result, trap.tip
    replay = Replay(first, change, second, result)
    blob = trap.repository.parse(f"{first}:a.txt")
    odd = next(
        path for path in trap.repository.git("ls-tree", "-r", "--name-only", tip).splitlines() if "/path" in path
    )
    paths = [odd, ":(exclude)a.txt", "-oProxyCommand=x", ":!x", "a.txt", "gone.txt"]
    globs = tuple(path for path in (odd, ":(exclude)*", "-oProxyCommand=x", "*.txt"))
    return {
        "resolve": lambda h: h.resolve([first, first[:9], MISSING])[first[:9]].sha == first,
        "revision": lambda h: h.revision(f"--output={trap.cries}/tag") is None and h.revision("v1").sha == first,
        "commits": lambda h: h.commits([first, change])[change].subject == "fix: it",
        "reachable": lambda h: h.reachable(tip, [first, change, result]) == {first, result},
        "survey": lambda h: len(h.survey(["fix: it"]).subjects["fix: it"]) == 2,
        "twins": lambda h: [twin.sha for twin in h.twins([change])[change]] == [result],
        "numbered": lambda h: h.numbered([7], tip) == {7: ()},
        "heads": lambda h: {head.number for head in h.heads([change], tip)[change]} == {7, None},
        "bases": lambda h: h.bases(change, tip) == (first,),
        "touching": lambda h: [len(h.touching([path], tip, [first])) for path in paths] == [1, 1, 1, 1, 2, 1],
        "changes": lambda h: len(h.changes([first, change, second, tip])) == 4,
        "differences": lambda h: len(h.differences([(first, tip), (change, result)])[first, tip]) > 5,
        "patches": lambda h: (found := h.patches([change, result, second, tip]))[change] == found[result] != found[tip],
        "replays": lambda h: h.replays([replay]) == {replay: True},
        "mentions": lambda h: [len(h.mentions([text], tip)[text]) for text in (first, "abc1234")] == [1, 1],
        "lines_changed": lambda h: h.lines_changed(change) == (1, 1),
        "tree": lambda h: odd in h.tree(tip),
        "contents": lambda h: [content is None for _, content in h.contents([blob, MISSING])] == [False, True],
        "path_history": lambda h: (
            [h.path_history(path, tip).existed for path in (*paths[-1:], ":(top)x")] == [True, False]
        ),
        "past_blobs": lambda h: len(list(h.past_blobs(globs, tip))) >= 5,
    }


QUESTIONS = [
    "resolve",
    "revision",
    "commits",
    "reachable",
    "survey",
    "twins",
    "numbered",
    "heads",
    "bases",
    "touching",
    "changes",
    "differences",
    "patches",
    "replays",
    "mentions",
    "lines_changed",
    "tree",
    "contents",
    "path_history",
    "past_blobs",
]


def digests(folder: Path) -> dict[str, tuple[int, str]]:
    """All files of a clone, with the times at which they were written and their contents."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def planted(trap: Trap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with all of them at once, but what makes it a partial one: of that an old git needs another opening."""
    clone = tmp_path_factory.mktemp("planted") / "clone"
    shutil.copytree(trap.repository.folder, clone)
    trap.set_up(clone, *(CANARIES.keys() - {"promisor"}))
    for hook in (trap.tools / "hooks-hooks").iterdir():
        shutil.copy(hook, clone / ".git/hooks")
    (clone / ".git/info/grafts").write_text(f"{trap.tip} {trap.first}\n")
    return clone


@pytest.mark.parametrize("question", QUESTIONS)
def test_G1_G3_G4_G5_no_canary_is_heard_whatever_is_asked(trap, planted, question):
    before = digests(planted)
    history = open_history(planted)[0]
    assert asked(trap)[question](history)
    assert trap.heard() == set()
    assert digests(planted) == before


@pytest.mark.parametrize(
    "without",
    [
        {"promisor", "diff.external", "diff.command", "merge.driver"},
        {"promisor", "diff.textconv", "filter.process", "core.hooksPath", "include.path"},
        set(),
    ],
    ids=["without a driver", "without a filter", "partial"],
)
def test_G4_nor_where_what_outranks_another_is_left_out(trap, tmp_path, without):
    """`diff.external` keeps a `textconv` from being asked, a driver for one file that for all."""
    clone = tmp_path / "clone"
    shutil.copytree(trap.repository.folder, clone)
    trap.set_up(clone, *(CANARIES.keys() - without))
    history = open_history(clone)[0]
    assert all(ask(history) for ask in asked(trap).values())
    assert trap.heard() == set()


def test_there_are_enough_of_them(trap):
    """Each question has heard none of the canaries, of which each was heard where git is not held back."""
    assert list(asked(trap)) == QUESTIONS
    assert len(QUESTIONS) * (len(CANARIES) - 1) >= 600


def finds_nothing(ask: Callable) -> bool:
    """Whether a question about what is no SHA is refused, or has no answer."""
    try:
        found = ask()
        return not any(found.values() if isinstance(found, dict) else found)
    except (TriageError, ValueError):
        return True


WORDS = [
    "--output={cries}/word",
    "-oProxyCommand=touch {cries}/word",
    "ext::sh -c touch% {cries}/word",
    ":(exclude)x",
    "HEAD",
    "@{{u}}",
    "main",
    "$(touch {cries}/word)",
    "x\n--output={cries}/word",
    "\0",
    "refs/heads/main",
    "^main",
    "--all",
    "-x",
]


@pytest.mark.parametrize("word", WORDS)
def test_G1_what_is_no_sha_is_never_given_to_git(trap, planted, word):
    text = word.format(cries=trap.cries)
    tip = trap.tip
    history = open_history(planted)[0]
    assert history.resolve([text])[text] == history.resolve([MISSING])[MISSING]
    assert history.revision(text) is None
    assert text not in history.survey([text]).subjects
    for ask in (
        lambda: history.commits([text]),
        lambda: history.reachable(text, [tip]),
        lambda: history.heads([tip], text),
        lambda: history.bases(text, tip),
        lambda: history.touching(["a.txt"], text, ()),
        lambda: history.touching(["a.txt"], tip, [text]),
        lambda: history.numbered([7], text),
        lambda: history.twins([text]),
        lambda: history.changes([text]),
        lambda: history.differences([(text, tip)]),
        lambda: history.differences([(tip, text)]),
        lambda: history.patches([text]),
        lambda: history.replays([Replay(tip, text, tip, tip)]),
        lambda: history.mentions([text], tip),
        lambda: history.mentions([MISSING], text),
        lambda: history.lines_changed(text),
        lambda: history.tree(text),
        lambda: list(history.contents([text])),
        lambda: history.path_history("a", text),
        lambda: list(history.past_blobs(("*",), text)),
    ):
        assert finds_nothing(ask)
    assert history.touching([text], tip, ()) == ()
    assert not history.path_history(text, tip).existed
    assert list(history.past_blobs((text,), tip)) == []
    assert trap.heard() == set()
