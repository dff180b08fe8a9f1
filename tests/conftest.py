"""The fixtures that several files of tests use, and the wall between every test and the world."""

import pytest
from github_counterparts import emulator, github, github_rest, github_schema, world

__all__ = ["emulator", "github", "github_rest", "github_schema", "nowhere", "world"]

_SAYING_WHERE = (
    "GH_HOST",
    "GH_REPO",
    "GH_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_GRAPHQL_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_TOKEN",
    "TRIAGE_SNAPSHOT",
)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path_factory):
    """Let no test reach the real GitHub, read a token of whoever runs it, or leave anything in their folders."""
    for name in _SAYING_WHERE:
        monkeypatch.delenv(name, raising=False)
    # Port 9 discards; nobody listens there.
    for name in ("GITHUB_API_URL", "GITHUB_SERVER_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    home = tmp_path_factory.getbasetemp() / "home"
    for name, folder in (("XDG_CACHE_HOME", "cache"), ("XDG_DATA_HOME", "data"), ("GH_CONFIG_DIR", "gh")):
        monkeypatch.setenv(name, str(home / folder))
