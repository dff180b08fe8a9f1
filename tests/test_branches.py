"""Which branches are those of releases, by their names alone."""

from __future__ import annotations

import pytest

from triage.landing.branches import release_branches


@pytest.mark.parametrize(
    "name",
    [
        "release", "release/2.4", "releases/2.4", "release-2.4", "release_2.4", "release-v2.4.1-rc1", "rel/2.4", "REL_15_STABLE", "v1",
        "v1.2", "1.2", "v1.2.x", "1.2.x", "1.x", "20.x-lts", "1.2-stable", "6-1-stable", "stable", "stable/1.2", "stable-1.2",
        "maint", "maint-1.2", "maint/1.2", "maintenance/1", "hotfix/login", "hotfix-1.2.3", "support/2", "lts/2", "2.4-lts",
        "branch-2.4", "branch_9x", "origin/release/2.4", "upstream/v1.2.x",
    ],
)  # fmt: skip
def test_names_of_release_branches(name):
    assert release_branches(["main", name]) == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "main", "master", "develop", "trunk", "feature/release-notes", "release-notes", "release-please--branches--main", "release-drafter",
        "alice/release/foo", "releases-page", "fix-1.2", "dependabot/npm/release/1", "renovate/1.x", "issue-34", "v8-engine", "1234",
        "2025-09-12-fix", "backport-fix", "hotfixing", "stable-diffusion", "branch-of-mine", "relax", "maintain", "123-fix", "vite", "pull/1",
        "origin/main", "origin", "",
    ],
)  # fmt: skip
def test_names_of_other_branches(name):
    assert release_branches([name]) == ()


def test_the_order_stays():
    assert release_branches(["v2.x", "main", "release/1"]) == ("v2.x", "release/1")
