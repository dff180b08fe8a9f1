"""Where GitHub is and whose token goes there: rows K1 to K3 of the faults, and the rules of the settings."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import pytest

from triage.errors import AskedWrongly
from triage.github import access
from triage.github.access import Host, Token, ask_gh, find_access, find_host, token_of

CANARY = "canary-1f2e3d4c5b6a"


def addresses(host: Host) -> tuple[str, ...]:
    return tuple(host[:4])


@pytest.mark.parametrize(
    ("environment", "remote", "expected"),
    [
        ({}, None, ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com")),
        (
            {},
            "github.com",
            ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {},
            "ssh.github.com:443",
            ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {},
            "GitHub.com",
            ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {"GH_HOST": "  "},
            " ",
            ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {},
            "ghes.example.com",
            (
                "ghes.example.com",
                "https://ghes.example.com/api/v3",
                "https://ghes.example.com/api/graphql",
                "https://ghes.example.com",
            ),
        ),
        (
            {"GH_HOST": "ghes.example.com:8443"},
            "github.com",
            (
                "ghes.example.com:8443",
                "https://ghes.example.com:8443/api/v3",
                "https://ghes.example.com:8443/api/graphql",
                "https://ghes.example.com:8443",
            ),
        ),
        (
            {},
            "acme.ghe.com",
            ("acme.ghe.com", "https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql", "https://acme.ghe.com"),
        ),
        (
            {"GITHUB_API_URL": "https://ghes.example.com/api/v3/", "GH_HOST": "github.com"},
            None,
            (
                "ghes.example.com",
                "https://ghes.example.com/api/v3",
                "https://ghes.example.com/api/graphql",
                "https://ghes.example.com",
            ),
        ),
        (
            {"GITHUB_API_URL": "https://api.acme.ghe.com"},
            None,
            ("acme.ghe.com", "https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql", "https://acme.ghe.com"),
        ),
        (
            {
                "GITHUB_API_URL": "https://api.github.com",
                "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
                "GITHUB_SERVER_URL": "https://github.com",
            },
            "ghes.example.com",
            ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {"GITHUB_API_URL": "http://127.0.0.1:8080/any"},
            "github.com",
            (
                "127.0.0.1:8080",
                "http://127.0.0.1:8080/any",
                "http://127.0.0.1:8080/any/graphql",
                "http://127.0.0.1:8080",
            ),
        ),
        (
            {"GITHUB_API_URL": "http://[::1]:8080"},
            None,
            ("[::1]:8080", "http://[::1]:8080", "http://[::1]:8080/graphql", "http://[::1]:8080"),
        ),
        (
            {"GITHUB_GRAPHQL_URL": "https://ghes.example.com:443/api/graphql"},
            None,
            (
                "ghes.example.com",
                "https://ghes.example.com/api/v3",
                "https://ghes.example.com/api/graphql",
                "https://ghes.example.com",
            ),
        ),
        (
            {"GITHUB_GRAPHQL_URL": "https://api.github.com/graphql"},
            None,
            ("github.com", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {"GITHUB_SERVER_URL": "http://localhost:3000"},
            None,
            (
                "localhost:3000",
                "http://localhost:3000/api/v3",
                "http://localhost:3000/api/graphql",
                "http://localhost:3000",
            ),
        ),
        (
            {"GITHUB_API_URL": "http://localhost:3000", "GITHUB_SERVER_URL": "https://github.com"},
            None,
            ("github.com", "http://localhost:3000", "http://localhost:3000/graphql", "https://github.com"),
        ),
    ],
)
def test_the_host_and_its_addresses(environment, remote, expected):
    assert addresses(find_host(environment, remote)) == expected


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"GITHUB_API_URL": "http://ghes.example.com/api/v3"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "http://127.0.0.1.example.com"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "http://localhost.example.com"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "http://169.254.169.254"}, "GITHUB_API_URL"),
        ({"GITHUB_SERVER_URL": "http://ghes.example.com"}, "GITHUB_SERVER_URL"),
        ({"GITHUB_API_URL": "ftp://127.0.0.1"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "api.github.com"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://exa mple.com"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://example.com\\x"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://example.com:99999"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://example.com?x=1"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://example.com#x"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://ex\u00e4mple.com"}, "GITHUB_API_URL"),
        ({"GITHUB_API_URL": "https://[::1"}, "GITHUB_API_URL"),
        ({"GH_HOST": "https://ghes.example.com"}, "GH_HOST"),
        ({"GH_HOST": "ghes.example.com/x"}, "GH_HOST"),
    ],
)
def test_an_address_that_cannot_be_is_refused_by_its_name(environment, name):
    with pytest.raises(AskedWrongly, match=name) as caught:
        find_host(environment)
    assert caught.value.hint
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_SERVER_URL", "GH_HOST"])
def test_K1_a_password_in_an_address_is_refused_and_not_shown(name):
    with pytest.raises(AskedWrongly, match=name) as caught:
        find_host({name: f"https://alice:{CANARY}@ghes.example.com"})
    assert CANARY not in caught.value.message + str(caught.value.hint)


@pytest.mark.parametrize(
    "graphql",
    ["https://other.example.com/graphql", "https://ghes.example.com:444/api/graphql", "http://127.0.0.1/graphql"],
)
def test_GraphQL_is_on_the_host_of_the_API(graphql):
    with pytest.raises(AskedWrongly, match="GITHUB_GRAPHQL_URL is on another host"):
        find_host({"GITHUB_API_URL": "https://ghes.example.com/api/v3", "GITHUB_GRAPHQL_URL": graphql})


def test_a_strange_remote_is_told_and_not_asked():
    with pytest.raises(AskedWrongly, match="the remote's host"):
        find_host({}, "evil.example.com/@api.github.com")


@pytest.mark.parametrize(
    ("environment", "remote", "source"),
    [
        ({"GITHUB_TOKEN": "b"}, None, "GITHUB_TOKEN"),
        ({"GITHUB_TOKEN": "b", "GH_TOKEN": "a"}, None, "GH_TOKEN"),
        ({"GITHUB_TOKEN": "b", "GH_TOKEN": " \n"}, None, "GITHUB_TOKEN"),
        ({"GH_ENTERPRISE_TOKEN": "c", "GH_TOKEN": "a"}, None, "GH_TOKEN"),
        ({"GH_ENTERPRISE_TOKEN": "c"}, "github.com", None),
        ({"GH_ENTERPRISE_TOKEN": "c", "GH_TOKEN": "a"}, "ghes.example.com", None),
        ({"GITHUB_ENTERPRISE_TOKEN": "c", "GH_TOKEN": "a"}, "ghes.example.com", None),
        ({"GH_ENTERPRISE_TOKEN": "c", "GH_HOST": "ghes.example.com"}, "evil.example.com", "GH_ENTERPRISE_TOKEN"),
        ({"GITHUB_ENTERPRISE_TOKEN": "c", "GH_HOST": "ghes.example.com"}, None, "GITHUB_ENTERPRISE_TOKEN"),
        ({"GH_TOKEN": "a", "GITHUB_TOKEN": "b"}, "ghes.example.com", None),
        ({"GH_TOKEN": "a"}, "acme.ghe.com", None),
        ({"GH_TOKEN": "a", "GH_HOST": "ghes.example.com"}, "ghes.example.com", "GH_TOKEN"),
        ({"GH_TOKEN": "a", "GITHUB_API_URL": "https://ghes.example.com/api/v3"}, None, "GH_TOKEN"),
        ({"GH_TOKEN": "a", "GITHUB_API_URL": "http://127.0.0.1:1"}, "github.com", "GH_TOKEN"),
        ({}, None, None),
    ],
)
def test_whose_token_goes_where(environment, remote, source):
    found = find_access(environment, remote, ask=lambda host: None).token
    assert (found.source if found else None) == source


@pytest.mark.parametrize(
    ("named_by", "source"),
    [
        ("--repo", "GH_ENTERPRISE_TOKEN"),
        ("GH_REPO", "GH_ENTERPRISE_TOKEN"),
        ("TRIAGE_REPOSITORY", "GH_ENTERPRISE_TOKEN"),
        ("triage.toml", None),
        ("../pyproject.toml", None),
        ("the address", None),
        ("remote", None),
    ],
)
def test_K1_a_host_that_only_a_clone_names_gets_no_token_of_a_variable(named_by, source):
    environment = {"GH_ENTERPRISE_TOKEN": CANARY, "GH_TOKEN": CANARY}
    host, token = find_access(environment, "ghes.example.com", named_by, ask=lambda host: None)
    assert (token.source if token else None) == source
    assert host.source == named_by
    assert host.claimed is (source is None)
    assert find_access(environment, "ghes.example.com", named_by, ask=lambda host: Token("x", "gh")).token is not None


def test_K1_gh_is_not_told_the_variables_which_it_would_answer_with(tmp_path):
    script = 'echo "$GH_ENTERPRISE_TOKEN$GITHUB_ENTERPRISE_TOKEN$GH_TOKEN$GITHUB_TOKEN"'
    names = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN")
    assert ask_gh("evil.example.com", {**fake_gh(tmp_path, script), **dict.fromkeys(names, CANARY)}) is None


@pytest.mark.parametrize(
    ("environment", "named", "source", "words"),
    [
        ({}, None, "remote", "gh auth login, or put a token into GH_TOKEN"),
        ({}, "GitHub.com", "triage.toml", "gh auth login, or put a token into GH_TOKEN"),
        (
            {},
            "ghes.example.com",
            "remote",
            "gh auth login --hostname ghes.example.com, or export GH_HOST=ghes.example.com and GH_ENTERPRISE_TOKEN=…",
        ),
        (
            {},
            "ghes.example.com",
            "--repo",
            "gh auth login --hostname ghes.example.com, or export GH_ENTERPRISE_TOKEN=…",
        ),
    ],
)
def test_what_to_do_without_a_token_would_work(environment, named, source, words):
    assert access.log_in(find_host(environment, named, source)) == words


def test_two_hosts_that_are_named_are_told_and_a_local_one_stands_for_any():
    for named_by in ("--repo", "GH_REPO", "triage.toml", "the address"):
        for environment in (
            {"GH_HOST": "ghes.example.com"},
            {"GITHUB_API_URL": "https://ghes.example.com/api/v3"},
        ):
            with pytest.raises(AskedWrongly, match=f"{named_by} names the host github.com") as caught:
                find_host(environment, "www.github.com", named_by)
            assert "the host ghes.example.com" in caught.value.message
            assert find_host(environment, "GHES.example.com", named_by).name == "ghes.example.com"
        local = find_host({"GITHUB_API_URL": "http://127.0.0.1:8080"}, "github.com", named_by)
        assert local.name == "127.0.0.1:8080"


def test_a_token_is_stripped_and_gh_is_asked_only_without_one():
    asked: list[str] = []
    host = find_host({})
    found = find_access({"GH_TOKEN": f" {CANARY}\n"}, ask=asked.append)
    assert found.token is not None
    assert found.token.reveal() == CANARY
    assert asked == []
    assert find_access({}, "ghes.example.com", ask=asked.append).token is None
    assert asked == ["ghes.example.com"]
    assert token_of(host, {}) is None


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a b", "a\x00b", "a\x1b[1m", "a\u00e9", "a\u200b"])
def test_K1_a_token_with_what_none_has_is_refused_and_not_shown(bad):
    with pytest.raises(AskedWrongly, match="GITHUB_TOKEN") as caught:
        find_access({"GITHUB_TOKEN": f"{CANARY}{bad}"}, ask=lambda host: None)
    assert CANARY not in caught.value.message + str(caught.value.hint)


def test_K1_a_token_shows_itself_nowhere():
    token = Token(CANARY, "GH_TOKEN")
    found = access.Access(find_host({}), token)
    shown = [
        repr(token),
        str(token),
        f"{token}",
        f"{token:>40}",
        f"{token!r}",
        f"{found}",
        repr({"x": found}),
    ]
    assert not any(CANARY in text for text in shown)
    assert "GH_TOKEN" in str(token)
    with pytest.raises(TypeError):
        pickle.dumps(found)
    with pytest.raises(TypeError):
        vars(token)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("ghp_x", "classic"),
        ("github_pat_x", "fine-grained"),
        ("gho_x", "OAuth"),
        ("ghs_x", "installation"),
        ("ghu_x", "user of an App"),
        ("0123456789abcdef", "unknown"),
    ],
)
def test_the_kind_of_a_token_by_its_prefix(value, kind):
    assert Token(value, "GH_TOKEN").kind == kind


def fake_gh(folder: Path, script: str) -> dict[str, str]:
    program = folder / "gh"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    return {"PATH": os.pathsep.join([str(folder), *os.defpath.split(os.pathsep)])}


def test_gh_is_asked_for_its_token(tmp_path):
    environment = fake_gh(tmp_path, f'echo "$@ stdin=$(cat)" > {tmp_path}/asked; echo noise >&2; echo {CANARY}')
    ours, kept = os.pipe(), os.dup(0)
    os.write(ours[1], b"what is typed is not for gh")
    os.close(ours[1])
    os.dup2(ours[0], 0)
    try:
        token = ask_gh("ghes.example.com", environment)
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(ours[0])
    assert token is not None
    assert token.reveal() == CANARY
    assert token.source == "gh auth token"
    assert (tmp_path / "asked").read_text().strip() == "auth token --hostname ghes.example.com stdin="


@pytest.mark.parametrize(
    "script",
    ["exit 1", f"echo {CANARY}; exit 4", "true", "echo two words", "printf 'a\\nb\\n'", "printf '\\377'", "kill -9 $$"],
)
def test_a_gh_that_has_no_token_is_no_fault(tmp_path, capfd, script):
    assert ask_gh("github.com", fake_gh(tmp_path, f"echo noise >&2; {script}")) is None
    assert capfd.readouterr() == ("", "")


def test_no_gh_is_no_fault(tmp_path):
    assert ask_gh("github.com", {"PATH": str(tmp_path)}) is None
    (tmp_path / "gh").mkdir()
    assert ask_gh("github.com", {"PATH": str(tmp_path)}) is None
    (tmp_path / "gh").rmdir()
    (tmp_path / "gh").write_bytes(b"\x00no program")
    (tmp_path / "gh").chmod(0o755)
    assert ask_gh("github.com", {"PATH": str(tmp_path)}) is None


def test_a_gh_in_the_folder_where_one_stands_is_not_run(tmp_path, monkeypatch):
    fake_gh(tmp_path, f"echo {CANARY}")
    monkeypatch.chdir(tmp_path)
    assert ask_gh("github.com", {"PATH": os.pathsep.join([".", "", "bin"])}) is None


def test_a_gh_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(access, "GH_SECONDS", 0.3)
    environment = fake_gh(tmp_path, f"sleep 77 & echo $! > {tmp_path}/child; wait")
    assert ask_gh("github.com", environment) is None
    child = Path("/proc") / (tmp_path / "child").read_text().strip()
    for _ in range(200):
        # A zombie that nobody has collected yet has ended all the same.
        if not child.exists() or "State:\tZ" in (child / "status").read_text():
            break
        time.sleep(0.01)
    else:
        pytest.fail("what gh started still runs")
