"""Running git: nothing of the clone, the user or the network runs along, and nothing is waited for without end."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from repositories import Repository

from triage.errors import CouldNotLook, NothingToJudge
from triage.git import open_bundle, open_history, write_bundle
from triage.git.process import Git, environment


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def use_everything(folder, tmp_path):
    history, at = open_history(folder, as_of="2030-01-01")
    sha = at.sha
    history.resolve([sha[:7], sha])
    history.commits([sha])
    history.reachable(sha, [sha])
    history.survey(["first"])
    history.revision("v1")
    history.changes([sha])
    history.lines_changed(sha)
    tree = history.tree(sha)
    list(history.contents([entry.blob for entry in tree.values()]))
    history.path_history("gone", sha)
    list(history.past_blobs(("*",), sha))
    data = write_bundle(history, {"refs/heads/main": sha}, [], [sha], [sha], [tree["a.txt"].blob])
    (tmp_path / "bundle").mkdir()
    open_bundle(data, tmp_path / "bundle")
    return history


KEYS = {
    "core.fsmonitor": "{canary}",
    "core.hooksPath": "{hooks}",
    "core.sshCommand": "{canary}",
    "core.gitProxy": "{canary}",
    "core.askPass": "{canary}",
    "core.pager": "{canary}",
    "core.editor": "{canary}",
    "core.alternateRefsCommand": "{canary}",
    "pager.rev-list": "{canary}",
    "pager.diff-tree": "{canary}",
    "gpg.program": "{canary}",
    "log.showSignature": "true",
    "diff.external": "{canary}",
    "diff.canary.command": "{canary}",
    "diff.canary.textconv": "{canary}",
    "filter.canary.clean": "{canary}",
    "filter.canary.smudge": "{canary}",
    "filter.canary.process": "{canary}",
    "merge.canary.driver": "{canary}",
    "alias.rev-list": "!{canary}",
    "alias.cat-file": "!{canary}",
    "alias.version": "!{canary}",
    "credential.helper": "!{canary}",
    "uploadpack.packObjectsHook": "{canary}",
    "remote.origin.url": "ext::{canary}",
    "remote.origin.uploadpack": "{canary}",
    "remote.origin.vcs": "canary",
    "remote.origin.promisor": "true",
    "protocol.allow": "always",
    "protocol.ext.allow": "always",
    "core.worktree": "/",
    "core.excludesFile": "~/none",
    "include.path": "~/none",
    "diff.renames": "copies",
    "diff.noprefix": "true",
    "diff.orderFile": "/nowhere",
    "log.date": "relative",
    "i18n.logOutputEncoding": "UTF-16",
    "core.quotePath": "true",
    "core.abbrev": "4",
    "color.ui": "always",
    "trace2.eventTarget": "{touched}",
}


@pytest.mark.parametrize("key", [*KEYS, "all"])
def test_G2_G3_G4_no_setting_of_a_clone_runs_anything(tmp_path, repository, key):
    canary = tmp_path / "it-ran"
    program = script(tmp_path / "canary.sh", f"echo $0 $@ >> {canary}")
    hooks = tmp_path / "hooks"
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"):
        script(hooks / name, f"echo {name} >> {canary}")
        script(repository.folder / ".git" / "hooks" / name, f"echo {name} >> {canary}")
        (repository.folder / ".git" / "hooks" / name).chmod(0o644)
    repository.commit(
        {".gitattributes": "* diff=canary filter=canary merge=canary\n", "a.txt": "1\n", "gone": "x\n" * 20}, "first"
    )
    raw = repository.git("cat-file", "commit", "HEAD")
    head, _, text = raw.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n{text}\n"
    repository.ref("refs/heads/main", repository.raw_commit(signed.encode()))
    repository.tag("v1", message="one")
    repository.commit({"gone": None, "new": "x\n" * 20, "a.txt": "2\n"}, "second")
    for hook in (repository.folder / ".git" / "hooks").iterdir():
        hook.chmod(0o755)
    chosen = KEYS if key == "all" else {key: KEYS[key]}
    lines = []
    for name, value in chosen.items():
        section, _, variable = name.rpartition(".")
        first, _, sub = section.partition(".")
        head = f'[{first} "{sub}"]' if sub else f"[{first}]"
        filled = value.format(canary=program, hooks=hooks, touched=canary)
        lines.append(f'{head}\n\t{variable} = "{filled}"\n')
    with (repository.folder / ".git" / "config").open("a") as config:
        config.writelines(lines)
    history = use_everything(repository.folder, tmp_path)
    assert not canary.exists(), canary.read_text()
    assert history.survey(["first"]).subjects["first"]
    missing = "0" * 39 + "1"
    assert list(history.contents([missing])) == [(missing, None)]
    assert not canary.exists(), canary.read_text()


def test_G3_an_empty_list_of_transports_allows_none(tmp_path, repository):
    repository.commit({}, "1")
    canary = tmp_path / "it-ran"
    program = script(tmp_path / "canary.sh", f"touch {canary}")
    git = Git(repository.folder / ".git")
    for url in (
        f"ext::{program}",
        f"file://{repository.folder}",
        str(repository.folder),
        "https://example.invalid/x",
        "x:y",
    ):
        with pytest.raises(CouldNotLook, match="not allowed"):
            git.run("-c", "protocol.ext.allow=always", "-c", "protocol.allow=always", "ls-remote", url)
    assert not canary.exists()


def test_G3_the_environment_is_an_allow_list(monkeypatch):
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GIT_DIR", "GIT_TRACE", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_COUNT", "LANG"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("PATH", f".:bin:{os.environ['PATH']}:")
    found = environment()
    assert "secret" not in found.values()
    assert all(part.startswith("/") for part in found["PATH"].split(":"))
    assert found["GIT_ALLOW_PROTOCOL"] == ""


def test_nothing_is_written_to_the_clone(tmp_path, repository):
    repository.commit({"a.txt": "1", "gone": "1"}, "first")
    repository.commit({"gone": None, "b": "1"}, "second")

    def listing():
        return {path: path.stat().st_mtime_ns for path in repository.folder.rglob("*") if path.is_file()}

    before = listing()
    use_everything(repository.folder, tmp_path)
    assert listing() == before


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def make(text):
        folder = tmp_path / "bin"
        script(folder / "git", text)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return make


def fails(repository, **options):
    with pytest.raises(NothingToJudge) as caught:
        open_history(repository.folder, **options)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_G12_missing_git(tmp_path, repository, monkeypatch):
    repository.commit({}, "1")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert "git cannot be started" in fails(repository)
    monkeypatch.setenv("PATH", "")
    assert "git cannot be started" in fails(repository)


@pytest.mark.parametrize("told", ["git version 2.17.1", "git version 1.9", "git version 2.30.9 (Apple Git-130)"])
def test_G12_old_git(repository, fake, told):
    fake(f"echo '{told}'")
    assert "too old, 2.31 is needed" in fails(repository)


@pytest.mark.parametrize("text", ["exit 0", "head -c 3000 /dev/urandom", "echo hello", "yes"])
def test_G12_what_is_no_git(repository, fake, text):
    fake(text)
    if text == "yes":
        fake("exec head -c 100000 /dev/zero")
    assert "says it is" in fails(repository)


@pytest.mark.parametrize("text", ["exit 0", "head -c 3000 /dev/zero", "echo hello", "echo x >&2; exit 3", "kill -9 $$"])
def test_G12_a_git_that_answers_nonsense(repository, fake, text):
    fake(f'for word in "$@"; do [ "$word" = version ] && echo git version 2.50.1 && exit; done; {text}')
    fails_with = pytest.raises(NothingToJudge)
    with fails_with as caught:
        open_history(repository.folder)
    assert "\n" not in caught.value.message


def test_G12_a_git_that_hangs_is_ended_with_its_children(tmp_path, repository, fake):
    note = tmp_path / "child"
    fake(f"sleep 60 & echo $! > {note}; wait")
    start = time.monotonic()
    assert "did not answer within 0.5 s" in fails(repository, timeout=0.5)
    assert time.monotonic() - start < 5
    child = int(note.read_text())
    for _ in range(50):
        if not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text():
            break
        time.sleep(0.02)
    else:
        pytest.fail("the child of the hanging git is still there")


def test_G12_a_git_that_never_ends_or_never_reads(repository, fake):
    fake("exec >&- ; sleep 60")
    fails(repository, timeout=0.5)
    repository_git = Git(repository.folder / ".git", timeout=0.5)
    fake("sleep 60")
    hung = Git(repository.folder / ".git", timeout=0.5)
    start = time.monotonic()
    with pytest.raises(CouldNotLook, match="did not answer"):
        hung.run("cat-file", "--batch-check", feed=b"x" * 1_000_000)
    assert time.monotonic() - start < 5
    assert repository_git.timeout == 0.5


def test_G12_index_lock_does_not_matter(tmp_path, repository):
    repository.commit({"a.txt": "1", "gone": "x"}, "first")
    repository.commit({"gone": None}, "second")
    (repository.folder / ".git" / "index.lock").write_text("")
    (repository.folder / ".git" / "packed-refs.lock").write_text("")
    use_everything(repository.folder, tmp_path)


def test_much_in_and_much_out_does_not_block(repository):
    sha = repository.commit({}, "1")
    git = Git(repository.folder / ".git", timeout=20)
    out = git.run("cat-file", "--batch-check", feed=f"{sha}\n".encode() * 50_000)
    assert out.count(b"\n") == 50_000


def dubious(repository, fake, folder):
    """A git that distrusts the folder until it is told otherwise, as one of another owner is."""
    import shutil

    real = shutil.which("git")
    fake(
        f'case "$*" in *safe.directory={folder}*|*version|*--get-all*) exec {real} "$@";; esac\n'
        f'[ -n "$GIT_DIR" ] && exec {real} "$@"\n'
        f"echo \"fatal: detected dubious ownership in repository at '{folder}'\" >&2; exit 128"
    )


def test_a_clone_of_another_user_is_theirs_to_trust(tmp_path, repository, fake, monkeypatch):
    repository.commit({}, "1")
    dubious(repository, fake, repository.folder)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.delenv(name, raising=False)
    assert "does not trust" in fails(repository)
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {repository.folder}\n")
    assert open_history(repository.folder)[1].branch == "main"
