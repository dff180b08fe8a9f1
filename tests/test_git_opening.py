"""Opening a clone: where it is, which branch, which commit, and how much it can see."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from repositories import START, Repository, run_git

from triage.errors import AskedWrongly, CouldNotLook, NothingToJudge
from triage.git import open_history


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


def stand(folder, **options):
    return open_history(getattr(folder, "folder", folder), **options)[1]


def state(folder, **options):
    return open_history(getattr(folder, "folder", folder), **options)[0].state


def test_any_folder_of_a_clone_will_do(tmp_path, repository):
    sha = repository.commit({"d/a": "1"}, "1")
    bare = repository.clone(tmp_path / "bare", "--bare")
    repository.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    for folder in (repository.folder, repository.folder / "d", repository.folder / ".git", bare, tmp_path / "tree"):
        assert stand(folder).sha == sha
    assert stand(repository).branch == "main"
    assert stand(repository).committed == START + timedelta(hours=1)
    assert stand(tmp_path / "tree").branch == "side"


def test_a_bare_folder_without_config(tmp_path, repository):
    sha = repository.commit({"a": "1"}, "1")
    bare = repository.clone(tmp_path / "bare", "--bare")
    (bare / "config").unlink()
    assert stand(bare).sha == sha


def test_nothing_to_judge(tmp_path, repository):
    with pytest.raises(NothingToJudge, match="no commits yet"):
        stand(repository)
    (tmp_path / "plain").mkdir()
    with pytest.raises(NothingToJudge, match="not a git repository"):
        stand(tmp_path / "plain")
    with pytest.raises(NothingToJudge, match="no such folder"):
        stand(tmp_path / "nowhere")
    repository.commit({}, "1")
    with pytest.raises(NothingToJudge) as caught:
        stand(repository, branch="mian")
    assert caught.value.hint == "did you mean main?"


@pytest.mark.parametrize(
    "name",
    ["--output=canary", "-x", "a..b", "a@{1}", "HEAD^", "HEAD~1", "a:b", "a b", "", "@", "a//b", ".a", "a.lock", "a\0"],
)
def test_G1_what_can_be_no_name_never_reaches_git(repository, name):
    repository.commit({}, "1")
    with pytest.raises(AskedWrongly):
        stand(repository, branch=name)
    with pytest.raises(AskedWrongly):
        stand(repository, as_of=name)
    assert not (repository.folder / "canary").exists()
    assert not (repository.folder / ".git" / "canary").exists()


@pytest.mark.parametrize("name", ["refs/heads/--output=x", "refs/../x", "refs/heads/main^"])
def test_G1_full_names_too(repository, name):
    repository.commit({}, "1")
    with pytest.raises((AskedWrongly, NothingToJudge)):
        stand(repository, branch=name)


def test_branch_by_every_name(repository):
    first = repository.commit({}, "1")
    repository.tag("v1", message="one")
    second = repository.commit({}, "2")
    repository.git("branch", "side/way", first)
    assert stand(repository, branch="side/way").sha == first
    assert stand(repository, branch="v1").sha == first
    assert stand(repository, branch="v1").branch == "v1"
    assert stand(repository, branch=first[:8].upper()).sha == first
    assert stand(repository, branch="refs/heads/main").sha == second
    assert stand(repository, branch="main").ref == "refs/heads/main"


def test_a_remote_comes_before_the_local_branch(tmp_path, repository):
    theirs = repository.commit({}, "1")
    clone = repository.clone(tmp_path / "clone")
    run_git(clone, "commit", "-q", "--allow-empty", "-m", "unpushed")
    assert stand(clone).sha == theirs
    assert stand(clone, branch="main").sha == theirs
    assert stand(clone).ref == "refs/remotes/origin/main"
    assert stand(clone).branch == "main"


def test_the_remote_that_is_the_repository_comes_first(tmp_path, repository):
    one = repository.commit({}, "1")
    clone = repository.clone(tmp_path / "clone")
    for name, url in (("fork", "git@github.com:Own/Repo.git"), ("upstream", "https://github.com/up/repo")):
        run_git(clone, "remote", "add", name, url)
        run_git(clone, "commit", "-q", "--allow-empty", "-m", name)
        run_git(clone, "update-ref", f"refs/remotes/{name}/main", "HEAD")
    fork, up = (
        run_git(clone, "rev-parse", f"refs/remotes/{name}/main").decode().strip() for name in ("fork", "upstream")
    )
    assert stand(clone).sha == up
    assert stand(clone, repository="own/repo").sha == fork
    assert stand(clone, repository="wn/repo").sha == up
    assert stand(clone, branch="origin/main").sha == one


@pytest.fixture
def forked(tmp_path, repository):
    """A clone of a fork, whose other remote, that of the repository itself, was never fetched."""
    repository.commit({}, "1")
    repository.tag("v1")
    clone = repository.clone(tmp_path / "clone")
    run_git(clone, "remote", "set-url", "origin", "https://github.com/bob/apex")
    run_git(clone, "remote", "add", "upstream", "https://github.com/Acme/apex.git")
    return clone


def test_the_branch_of_a_fork_is_not_the_repositorys(forked):
    for branch in (None, "main"):
        with pytest.raises(NothingToJudge) as caught:
            stand(forked, branch=branch, repository="acme/apex")
        assert caught.value.message == "remote upstream (acme/apex) was never fetched here"
        assert caught.value.hint == f"git -C {forked} fetch upstream"
    sha = run_git(forked, "rev-parse", "HEAD").decode().strip()
    for branch in ("v1", "origin/main", "refs/heads/main", sha, sha[:9]):
        assert stand(forked, branch=branch, repository="acme/apex").sha == sha
    for repository in (None, "bob/apex", "alice/other"):
        assert stand(forked, repository=repository).sha == sha
    run_git(forked, "update-ref", "refs/remotes/upstream/main", sha)
    assert stand(forked, repository="acme/apex").ref == "refs/remotes/upstream/main"


def test_a_branch_that_only_a_fork_has_is_not_the_repositorys(forked):
    run_git(forked, "update-ref", "refs/remotes/upstream/main", "HEAD")
    run_git(forked, "update-ref", "refs/remotes/origin/release", "HEAD")
    with pytest.raises(NothingToJudge, match="no branch 'release'") as caught:
        stand(forked, branch="release", repository="acme/apex")
    assert caught.value.hint == "another remote has one: origin/release"
    assert stand(forked, branch="release").ref == "refs/remotes/origin/release"
    run_git(forked, "branch", "release")
    assert stand(forked, branch="release", repository="acme/apex").ref == "refs/heads/release"


def test_a_repository_whose_remotes_were_all_never_fetched_has_its_own_branches(repository):
    sha = repository.commit({}, "1")
    for name, owner in (("origin", "bob"), ("upstream", "acme")):
        repository.git("remote", "add", name, f"https://github.com/{owner}/apex")
    assert stand(repository, repository="acme/apex").sha == sha


@pytest.mark.parametrize("options", [["--mirror"], ["--bare"], ["--single-branch"]])
def test_a_clone_of_any_kind_was_fetched(tmp_path, repository, options):
    sha = repository.commit({}, "1")
    clone = repository.clone(tmp_path / "clone", *options)
    run_git(clone, "remote", "set-url", "origin", "https://github.com/acme/apex")
    run_git(clone, "remote", "add", "fork", "https://github.com/bob/apex")
    run_git(clone, "update-ref", "refs/remotes/fork/main", run_git(clone, "rev-parse", "HEAD").decode().strip())
    assert stand(clone, repository="acme/apex").sha == sha
    assert stand(clone, branch="main", repository="acme/apex").sha == sha
    if options == ["--single-branch"]:
        run_git(clone, "worktree", "add", "-q", str(tmp_path / "tree"))
        assert stand(tmp_path / "tree", repository="acme/apex").sha == sha


def test_default_is_what_the_remote_says(tmp_path, repository):
    repository.commit({}, "1")
    repository.branch("develop")
    sha = repository.commit({}, "2")
    clone = repository.clone(tmp_path / "clone")
    run_git(clone, "checkout", "-q", "-b", "mine", "origin/main")
    assert (stand(clone).sha, stand(clone).branch) == (sha, "develop")


def test_default_without_remote_head(tmp_path, repository):
    sha = repository.commit({}, "1")
    repository.branch("other")
    repository.commit({}, "2")
    clone = repository.clone(tmp_path / "clone")
    run_git(clone, "remote", "set-head", "origin", "-d")
    assert stand(clone).sha == sha
    run_git(clone, "checkout", "-q", "--detach", "refs/remotes/origin/other")
    run_git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    run_git(clone, "branch", "-D", "other")
    assert stand(clone).branch == run_git(clone, "rev-parse", "--short=9", "HEAD").decode().strip()


def test_as_of_a_date(repository):
    day = datetime(2025, 9, 12, tzinfo=UTC)
    old = repository.commit({}, "old", date=day)
    noon = repository.commit({}, "noon", date=day + timedelta(days=1, hours=12))
    late = repository.commit({}, "late", date=day + timedelta(days=1, hours=12, seconds=1))
    tip = repository.commit({}, "tip", date=day + timedelta(days=5))
    assert stand(repository, as_of="2025-09-12").sha == noon
    assert stand(repository, as_of="2025-09-13T14:00:01+02:00").sha == late
    assert stand(repository, as_of="2025-09-12T00:00Z").sha == old
    assert stand(repository, as_of="now").sha == stand(repository).sha == tip
    assert stand(repository, as_of="2025-09-12").tip == tip
    with pytest.raises(AskedWrongly, match="no commit as old"):
        stand(repository, as_of="2020-01-01")


def test_as_of_a_date_follows_first_parents_and_survives_clock_skew(repository):
    day = datetime(2025, 9, 12, tzinfo=UTC)
    base = repository.commit({}, "base", date=day)
    repository.branch("side")
    repository.commit({"s": "1"}, "side", date=day + timedelta(days=1))
    repository.checkout("main")
    repository.merge("side", date=day + timedelta(days=9))
    repository.commit({}, "future", date=day + timedelta(days=300))
    skewed = repository.commit({}, "behind a wrong clock", date=day + timedelta(days=10))
    assert stand(repository, as_of="2025-09-15").sha == base
    # After a date that is too late no other is certain: neither commit is taken before that moment.
    assert stand(repository, as_of="2025-09-25").committed == day + timedelta(days=9)
    assert stand(repository, as_of="2026-09-25").sha == skewed


def test_as_of_a_date_takes_no_later_work_in_behind_a_late_clock(repository):
    day = datetime(2025, 9, 12, tzinfo=UTC)
    base = repository.commit({}, "base", date=day)
    repository.commit({}, "later work", date=day + timedelta(days=9))
    repository.commit({}, "a clock that is years late", date=day - timedelta(days=2000))
    tip = repository.commit({}, "tip", date=day + timedelta(days=10))
    assert stand(repository, as_of="2025-09-15").sha == base
    assert stand(repository, as_of="2025-10-15").sha == tip
    with pytest.raises(AskedWrongly, match="no commit as old"):
        stand(repository, as_of="2022-01-01")


def test_as_of_a_date_passes_over_dates_that_are_still_to_come(repository):
    day = datetime(2025, 9, 12, tzinfo=UTC)
    base = repository.commit({}, "base", date=day)
    repository.commit({}, "future", date=datetime(2090, 1, 1, tzinfo=UTC))
    assert stand(repository, as_of="2025-10-15").sha == base
    after = repository.commit({}, "after", date=day + timedelta(days=1))
    assert stand(repository, as_of="2025-10-15").sha == after


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0001-01-01", "0001-01-02 12:00 UTC"), ("0999-05-05T10:00+02:00", "0999-05-05 10:00 UTC+02:00")],
)
def test_years_are_shown_with_four_digits(repository, text, shown):
    repository.commit({}, "1")
    with pytest.raises(AskedWrongly) as caught:
        stand(repository, as_of=text)
    assert caught.value.message == f"main has no commit as old as {shown}"
    assert caught.value.hint == "it begins at 2025-09-01"


@pytest.mark.parametrize(
    "text", ["2025-09-12T14:00", "2025-09-12 14:00:00", "2025-13-01", "2025-02-30T10:00Z", "9999-12-31"]
)
def test_times_without_zone_and_no_dates_are_refused(repository, text):
    repository.commit({}, "1")
    with pytest.raises(AskedWrongly) as caught:
        stand(repository, as_of=text)
    assert caught.value.hint


def test_as_of_a_revision(repository):
    first = repository.commit({}, "1")
    repository.tag("v1", message="one")
    repository.branch("side")
    side = repository.commit({}, "2")
    repository.tag("v2")
    repository.checkout("main")
    repository.commit({}, "3")
    assert stand(repository, as_of="v1").sha == first
    assert stand(repository, as_of=first[:10]).sha == first
    assert stand(repository, as_of="v1").branch == "main"
    for name in ("v2", "side", side):
        with pytest.raises(AskedWrongly, match="is not on main"):
            stand(repository, as_of=name)
    with pytest.raises(AskedWrongly) as caught:
        stand(repository, as_of="v3")
    assert "v1" in caught.value.hint


def test_a_complete_clone_sees_all(tmp_path, repository):
    repository.commit({}, "1")
    assert state(repository).label == "repository"
    assert state(repository).blind is None
    assert state(repository).fetched == START + timedelta(hours=1)
    clone = repository.clone(tmp_path / "clone")
    seen = state(clone)
    assert "pull-request refs were not fetched" in seen.blind
    refspec = "'+refs/pull/*/head:refs/remotes/origin/pull/*'"
    assert seen.cure == (f"git -C {clone} config --add remote.origin.fetch {refspec} && git -C {clone} fetch origin")
    run_git(clone, "config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/remotes/origin/pull/*")
    assert state(clone).blind is None
    assert state(repository.clone(tmp_path / "mirror", "--mirror")).blind is None


def test_some_pull_request_refs_are_not_all(tmp_path, repository):
    sha = repository.commit({}, "1")
    clone = repository.clone(tmp_path / "clone")
    run_git(clone, "update-ref", "refs/remotes/origin/pull/1", sha)
    assert "pull-request refs were not fetched" in state(clone).blind
    run_git(clone, "update-ref", "refs/pull/1/merge", sha)
    assert state(clone).blind, "two refs of one pull request"
    run_git(clone, "update-ref", "refs/remotes/other/pull/2/head", sha)
    assert state(clone).blind, "another remote's"
    run_git(clone, "update-ref", "refs/pull/5/head", sha)
    assert state(clone).blind, "two of five"
    run_git(clone, "update-ref", "refs/pull/4/head", sha)
    assert (state(clone).blind, state(clone).cure) == (None, None)


def test_the_cure_cures(tmp_path, repository):
    sha = repository.commit({}, "1")
    repository.ref("refs/pull/1/head", sha)
    repository.commit({}, "2")
    repository.git("branch", "other")
    clone = repository.clone(tmp_path / "clone", "--depth", "1")
    seen = state(clone)
    assert seen.shallow
    assert "shallow" in seen.blind
    assert "only some branches" in seen.blind
    run_git(clone, "config", "protocol.file.allow", "always")
    import subprocess

    subprocess.run(seen.cure, shell=True, check=True, capture_output=True)
    assert state(clone).blind is None
    assert stand(clone, branch="other")


def test_G7_shallow(tmp_path, repository):
    repository.commit({"a": "0"}, "0")
    first = repository.commit({"a": "1"}, "1")
    second = repository.commit({"a": "2"}, "2")
    clone = repository.clone(tmp_path / "clone", "--depth", "1")
    history, at = open_history(clone)
    assert history.state.shallow
    assert history.state.label == "shallow clone"
    assert history.reachable(at.sha, [first, second]) == {second}
    assert history.changes([second]) == {}
    with pytest.raises(NothingToJudge, match="shallow"):
        stand(clone, as_of="2025-08-01")


@pytest.mark.parametrize("what", ["blob:none", "tree:0"])
def test_G2_G3_G7_a_partial_clone_fetches_nothing(tmp_path, repository, what):
    repository.commit({"d/a": "1\n" * 20}, "1")
    second = repository.commit({"d/a": "2\n" * 20}, "2")
    clone = repository.clone(tmp_path / "clone", "--no-checkout", f"--filter={what}")
    blob = repository.parse("HEAD:d/a")
    run_git(clone, "config", "protocol.allow", "always")
    history, _ = open_history(clone)
    assert history.state.partial
    assert "--refetch" in history.state.cure
    assert list(history.contents([blob, blob])) == [(blob, None)] * 2
    assert (history.changes([second]) == {}) == (what == "tree:0")
    if what == "tree:0":
        with pytest.raises(CouldNotLook):
            history.tree(second)
    with pytest.raises(CouldNotLook):
        history.lines_changed(second)
    assert history.resolve([blob])[blob].sha is None
    run_git(clone, "config", "remote.origin.url", str(tmp_path / "nowhere"))
    listed = run_git(clone, "rev-list", "--objects", "--all", "--missing=print").decode()
    assert "?" in listed


CLONED = datetime.fromtimestamp(1_700_000_000, UTC)
FETCHED = datetime.fromtimestamp(1_750_000_000, UTC)
PULLS = "+refs/pull/*/head:refs/remotes/origin/pull/*"


def fetch(clone, *arguments, number=1_750_000_000):
    """Fetch, and say that it was then."""
    run_git(clone, "-c", "protocol.file.allow=always", "fetch", "-q", *arguments)
    os.utime(clone / ".git" / "FETCH_HEAD", (number, number))


@pytest.fixture
def aged(tmp_path, repository):
    """A clone, long ago, of a repository with three branches and a pull request."""
    sha = repository.commit({}, "1")
    repository.git("branch", "two")
    repository.git("branch", "side/three")
    repository.ref("refs/pull/1/head", sha)
    clone = repository.clone(tmp_path / "clone")
    head = clone / ".git" / "refs" / "remotes" / "origin" / "HEAD"
    os.utime(head, (1_700_000_000, 1_700_000_000))
    return clone


def test_fetched_is_the_last_fetch_that_worked(aged):
    run_git(aged, "pack-refs", "--all")
    assert state(aged).fetched == CLONED
    fetch(aged)
    assert state(aged).fetched == FETCHED
    (aged / ".git" / "FETCH_HEAD").write_text("")
    assert state(aged).fetched == CLONED


@pytest.mark.parametrize(
    "arguments", [("origin", "main"), ("origin", "main", "two"), ("origin", PULLS), ("origin", "HEAD")], ids=" ".join
)
def test_a_fetch_of_some_branches_is_no_fetch_of_all(aged, arguments):
    fetch(aged, *arguments)
    assert state(aged).fetched == CLONED


def test_a_fetch_of_every_branch_by_name_is_one(aged):
    fetch(aged, "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert state(aged).fetched == FETCHED


def test_a_fetch_from_elsewhere_is_not_one_of_this_remote(tmp_path, repository, aged):
    other = repository.clone(tmp_path / "other", "--bare")
    fetch(aged, str(other), "+refs/heads/*:refs/remotes/origin/*")
    assert state(aged).fetched == CLONED
    run_git(aged, "remote", "add", "zfork", f"file://{other}")
    assert state(aged).fetched == CLONED
    fetch(aged, "zfork")
    assert state(aged).fetched == CLONED
    fetch(aged, "--all")
    assert state(aged).fetched == FETCHED


def test_a_remote_that_was_never_fetched_was_never_fetched(aged):
    run_git(aged, "remote", "add", "upstream", "https://github.com/up/repo")
    assert state(aged).fetched is None


def test_pull_requests_are_fetched_when_they_are(aged):
    fetch(aged, "origin", PULLS)
    fetch(aged)
    assert state(aged).fetched == CLONED
    run_git(aged, "config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/remotes/origin/pr/*")
    assert state(aged).fetched == CLONED
    fetch(aged)
    assert state(aged).fetched == FETCHED


def test_a_branch_that_was_deleted_there_and_not_pruned_here_is_not_missed(repository, aged):
    repository.git("branch", "-D", "two")
    fetch(aged)
    assert state(aged).fetched == FETCHED


def test_fetched_of_a_mirror(tmp_path, repository, aged):
    mirror = repository.clone(tmp_path / "mirror", "--mirror")
    for name in ("packed-refs", "description"):
        os.utime(mirror / name, (1_700_000_000, 1_700_000_000))
    assert state(mirror).fetched == CLONED
    run_git(mirror, "-c", "protocol.file.allow=always", "fetch", "-q", "origin", "main")
    assert state(mirror).fetched == CLONED
    run_git(mirror, "-c", "protocol.file.allow=always", "fetch", "-q")
    os.utime(mirror / "FETCH_HEAD", (1_750_000_000, 1_750_000_000))
    assert state(mirror).fetched == FETCHED


def test_asking_for_the_head_of_a_remote_makes_no_clone_new(aged):
    os.utime(aged / ".git" / "description", (1_700_000_000, 1_700_000_000))
    run_git(aged, "-c", "protocol.file.allow=always", "remote", "set-head", "origin", "-a")
    os.utime(aged / ".git" / "refs" / "remotes" / "origin" / "HEAD", (1_750_000_000, 1_750_000_000))
    assert state(aged).fetched == CLONED


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:word@GitHub.com/own/repo.git", "https://github.com/own/repo"),
        ("git@github.com:own/repo.git", "github.com:own/repo"),
        ("ssh://git@github.com/own/repo/", "ssh://github.com/own/repo"),
    ],
)
def test_an_address_as_git_notes_it_down(aged, url, told):
    fetch(aged)
    fetched = aged / ".git" / "FETCH_HEAD"
    text = fetched.read_text()
    for address, expected in ((told, FETCHED), (told.replace("own", "other"), CLONED)):
        fetched.write_text("".join(f"{line.partition(' of ')[0]} of {address}\n" for line in text.splitlines()))
        os.utime(fetched, (1_750_000_000, 1_750_000_000))
        run_git(aged, "config", "remote.origin.url", url)
        assert state(aged).fetched == expected


def test_without_remotes_a_wrong_clock_makes_no_repository_new(repository):
    repository.commit({}, "1")
    repository.branch("side")
    repository.commit({}, "future", date=datetime(2090, 1, 1, tzinfo=UTC))
    assert state(repository).fetched == START + timedelta(hours=1)
    repository.git("branch", "-D", "main")
    assert state(repository).fetched is None


def test_what_git_says_of_a_damaged_repository_is_said(repository):
    repository.commit({}, "1")
    inner = repository.folder / ".git"
    config, head = (inner / "config").read_text(), (inner / "HEAD").read_text()
    (inner / "HEAD").write_text("rubbish\n")
    with pytest.raises(NothingToJudge, match=r"git does not take .*\.git for a repository: not a git") as caught:
        stand(repository)
    assert "HEAD" in caught.value.hint
    (inner / "HEAD").write_text(head)
    (inner / "config").write_text(config + "[core\n")
    with pytest.raises(NothingToJudge, match="bad config line"):
        stand(repository)


def test_a_worktree_whose_repository_is_gone(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(NothingToJudge, match=r"for a repository: .*/nowhere/at/all"):
        stand(tmp_path)


def test_damage_is_one_clear_error(repository):
    sha = repository.commit({}, "1")
    path = repository.folder / ".git" / "objects" / sha[:2] / sha[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    with pytest.raises(NothingToJudge) as caught:
        stand(repository)
    assert "\n" not in caught.value.message


def test_a_clone_of_one_branch_that_may_not_be_the_default_one_is_not_judged_by_it(tmp_path):
    repository = Repository(tmp_path / "up")
    repository.commit({"a.py": "1\n"}, "a")
    repository.branch("wip")
    fix = repository.commit({"b.py": "1\n"}, "fix: wip only")
    repository.checkout("main")
    clone = repository.clone(tmp_path / "one", "--single-branch", "-b", "wip")
    with pytest.raises(NothingToJudge, match="default one is not known") as fault:
        open_history(clone)
    assert "remote set-head origin -a" in (fault.value.hint or "")
    assert open_history(clone, branch="wip")[1].sha == fix
    assert open_history(repository.clone(tmp_path / "main", "--single-branch"))[1].branch == "main"
