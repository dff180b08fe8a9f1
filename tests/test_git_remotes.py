"""Which repository a clone is of: by its remotes, in their order, from addresses as git writes them."""

from __future__ import annotations

import pytest
from repositories import Repository

from triage.errors import NothingToJudge
from triage.git import repository_of, url_names
from triage.git.remotes import host_and_name, remotes_of, without_user


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repo")


def remote(repository, name, url):
    repository.git("config", f"remote.{name}.url", url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/acme/apex", ("github.com", "acme/apex")),
        ("https://github.com/acme/apex.git", ("github.com", "acme/apex")),
        ("https://GitHub.com/Acme/Apex.git/", ("github.com", "Acme/Apex")),
        ("https://github.com:443/acme/apex", ("github.com", "acme/apex")),
        ("https://www.github.com/acme/apex", ("github.com", "acme/apex")),
        ("https://alice:s3cret@github.com/acme/apex", ("github.com", "acme/apex")),
        ("https://github.example.com:8443/acme/apex", ("github.example.com:8443", "acme/apex")),
        ("http://127.0.0.1:8080/acme/apex.git", ("127.0.0.1:8080", "acme/apex")),
        ("ssh://git@github.com/acme/apex.git", ("github.com", "acme/apex")),
        ("ssh://git@github.com:22/acme/apex.git", ("github.com", "acme/apex")),
        ("ssh://git@ssh.github.com:443/acme/apex.git", ("github.com", "acme/apex")),
        ("ssh://git@github.example.com:7999/acme/apex", ("github.example.com", "acme/apex")),
        ("git+ssh://git@github.com/acme/apex", ("github.com", "acme/apex")),
        ("git@github.com:acme/apex.git", ("github.com", "acme/apex")),
        ("git@github.com:/acme/apex.git", ("github.com", "acme/apex")),
        ("github.com:acme/.github", ("github.com", "acme/.github")),
        ("git@ssh.github.com:acme/apex.git", ("github.com", "acme/apex")),
        ("git://github.com/acme/apex.git", ("github.com", "acme/apex")),
        ("https://github.com/acme", None),
        ("https://github.com/", None),
        ("https://example.com/x/acme/apex", None),
        ("https://example.com/acme/..", None),
        ("https://example.com/acme/.git", None),
        ("https://example.com/acme/ap%65x", None),
        ("https://example.com/acme/apex?x=1", None),
        ("https://example.com/acme/apex\n", None),
        ("https://-x/acme/apex", None),
        ("https:///acme/apex", None),
        ("ftp://example.com/acme/apex", None),
        ("ext::sh/acme/apex", None),
        ("ext::acme/apex", None),
        ("file:///srv/acme/apex", None),
        ("/srv/acme/apex", None),
        ("../acme/apex", None),
        ("evil.example/acme:x/apex", None),
        ("", None),
    ],
)
def test_an_address_names_host_and_repository(url, expected):
    assert host_and_name(url) == expected


@pytest.mark.parametrize(
    ("url", "whether"),
    [
        ("https://github.com/Acme/Apex.git", True),
        ("git@github.com:acme/apex", True),
        ("/srv/mirrors/acme/apex.git", True),
        ("file:///srv/mirrors/acme/apex/", True),
        ("https://github.com/notacme/apex", False),
        ("https://github.com/acme/apexes", False),
        ("git@github.com:notacme/apex", False),
        ("https://evil.example/x/acme/apex", False),
        ("git@evil.example:x/acme/apex", False),
        ("ssh://evil.example/~x/acme/apex", False),
        ("ext::sh -c x/acme/apex", False),
        ("https://evil.example/?/acme/apex", False),
        ("/srv/notacme/apex", False),
    ],
)
def test_only_the_whole_path_names_a_repository(url, whether):
    assert url_names(url, "acme/apex") is whether


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://github.com/acme/apex.git", "https://github.com/acme/apex.git"),
        ("http://[::1]:80/acme/apex", "http://[::1]:80/acme/apex"),
        ("https://alice:S3CRET@github.com/acme/apex", "https://github.com/acme/apex"),
        ("S3CRET@github.com:acme/apex", "github.com:acme/apex"),
        ("alice:S3CRET@github.com:acme/apex", "…github.com:acme/apex"),
        ("S3CRET@github.com/acme/apex", "github.com/acme/apex"),
        ("https://github.com/acme/apex?access_token=S3CRET", "https://github.com/acme/apex…"),
        ("https://github.com/acme/apex?access_token=S3CRET@x", "https://…"),
        ("https://github.com/acme/apex#S3CRET", "https://github.com/acme/apex…"),
        ("github.com:acme/apex?access_token=S3CRET", "github.com:acme/apex…"),
        ("https://alice:S3/CRET@github.com/acme/apex", "https://…"),
        ("https://alice:S3?CRET@github.com/acme/apex", "https://…"),
        ("alice:S3/CRET@github.com:acme/apex", "…"),
        ("https://evil.example/@github.com/acme/apex", "https://…"),
        ("ext::curl -H S3CRET", "ext::…"),
        ("ext::https://S3CRET@github.com/acme/apex", "ext::…"),
        ("/srv/x@y/acme/apex", "/srv/x@y/acme/apex"),
        ("file:///srv/x@y/acme/apex", "file:///srv/x@y/acme/apex"),
    ],
)
def test_K2_what_is_shown_of_an_address_holds_no_secret(repository, url, shown):
    assert without_user(url) == shown
    remote(repository, "origin", url)
    assert "CRET" not in "".join(remotes_of(repository.folder).urls)


def test_what_is_left_out_of_an_address_makes_no_other_repository_of_it():
    for url in (
        "https://evil.example/@github.com/acme/apex",
        "https://evil.example/?@github.com/acme/apex",
        "evil.example:@github.com:acme/apex",
        "https://evil.example/acme/apex?x",
    ):
        assert not url_names(without_user(url), "acme/apex"), url
    assert url_names(without_user("alice@github.com:acme/apex"), "acme/apex")


def test_the_order_is_upstream_github_origin(repository):
    remote(repository, "origin", "https://github.com/alice/apex")
    remote(repository, "zz", "https://github.com/zz/apex")
    assert repository_of(repository.folder) == ("github.com", "alice/apex", "origin")
    remote(repository, "github", "git@github.com:bob/apex")
    assert repository_of(repository.folder).repository == "bob/apex"
    remote(repository, "upstream", "https://github.com/acme/apex")
    assert repository_of(repository.folder) == ("github.com", "acme/apex", "upstream")


def test_a_remote_that_names_nothing_is_passed_over(repository):
    remote(repository, "upstream", "/srv/apex")
    remote(repository, "origin", "https://github.com/acme/apex")
    assert repository_of(repository.folder).remote == "origin"


def test_a_single_other_one_will_do_and_two_that_differ_will_not(repository):
    assert repository_of(repository.folder) is None
    remote(repository, "mine", "https://github.com/acme/apex")
    assert repository_of(repository.folder) == ("github.com", "acme/apex", "mine")
    remote(repository, "same", "git@github.com:ACME/apex.git")
    assert repository_of(repository.folder).repository.lower() == "acme/apex"
    remote(repository, "other", "https://github.com/bob/apex")
    assert repository_of(repository.folder) is None


def test_the_clone_may_write_its_addresses_short(repository):
    remote(repository, "origin", "gh:acme/apex")
    repository.git("config", "url.https://github.com/.insteadOf", "gh:")
    repository.git("config", "url.https://elsewhere.example/.insteadOf", "g")
    assert repository_of(repository.folder) == ("github.com", "acme/apex", "origin")


def test_a_folder_of_the_clone_will_do_and_no_clone_is_nothing_to_judge(tmp_path, repository):
    repository.commit({"d/a": "1"}, "1")
    remote(repository, "origin", "https://github.com/acme/apex")
    assert repository_of(repository.folder / "d") == ("github.com", "acme/apex", "origin")
    (tmp_path / "plain").mkdir()
    with pytest.raises(NothingToJudge, match="not a git repository"):
        repository_of(tmp_path / "plain")
