"""Every query that can be composed is one that GitHub's own schema takes, and holds nothing but what was asked."""

from __future__ import annotations

import re
from pathlib import Path

import graphql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.github.asking import Page, Thing, can_ask, for_pages, for_things

QUERIES = Path(__file__).parent.parent / "triage" / "github" / "queries"
REPOSITORIES = st.sampled_from(["acme/apex", "acme/desktop", "alice/a.b-c_d", "Acme/.github"])
NUMBERS = st.integers(1, 2**31 - 1).map(str)
SHAS = st.text("0123456789abcdef", min_size=4, max_size=64)
THINGS = st.lists(
    st.one_of(
        st.builds(Thing, REPOSITORIES, NUMBERS), st.builds(Thing, REPOSITORIES, SHAS, commit=st.just(value=True))
    ),
    min_size=1,
    max_size=12,
)
ODD = ['"', "}", "\\", "\n", "1e3", "12 13", "HEAD", "main", "ABCDEF0", "١٢", "0", "-1", "2147483648", "²", "abc", ""]


def complaints(schema, operation) -> list[str]:
    return [error.message for error in graphql.validate(schema, graphql.parse(operation.text))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(THINGS, st.booleans(), st.booleans(), st.booleans())
def test_every_operation_is_valid(github_schema, things, checks, files, full):
    operation = for_things(things, checks=checks, files=files, full=full)
    assert complaints(github_schema, operation) == []
    asked = [thing for part in operation.parts for thing in part.things.values()]
    assert sorted(asked) == sorted(set(things))
    assert all(thing.repository == part.repository for part in operation.parts for thing in part.things.values())
    assert {operation.variables[f"o{place}"] for place in range(len(operation.parts))} <= {"acme", "alice", "Acme"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(Page, REPOSITORIES, st.integers(1, 999), st.text(min_size=1), st.none() | st.text(min_size=1)),
        min_size=1,
        max_size=8,
        unique_by=lambda page: page[:2],
    )
)
def test_every_page_further_back_is_valid(github_schema, pages):
    operation = for_pages(pages)
    assert complaints(github_schema, operation) == []
    cursors = [page.events for page in pages] + [page.comments for page in pages if page.comments is not None]
    given_ = [value for name, value in operation.variables.items() if name.startswith("e")]
    assert sorted(given_) == sorted(cursors)


def test_a_field_that_the_schema_lacks_is_found(github_schema):
    operation = for_things([Thing("acme/apex", "5")])
    assert complaints(github_schema, operation._replace(text=operation.text.replace("mergedBy", "mergedFor")))


def test_a_cluster_costs_few_points(github_schema):
    from github_server import Answers, World

    world = World()
    world.repository("acme/apex")
    things = [Thing("acme/apex", str(n)) for n in range(1, 11)] + [
        Thing("acme/apex", f"{n:040x}", commit=True) for n in range(5)
    ]
    operation = for_things(things, checks=True, files=True)
    text = operation.text.replace("  cost", "  cost nodeCount")
    told = Answers(world, github_schema).answer(text, operation.variables, None)["data"]["rateLimit"]
    assert told["cost"] <= 10
    assert told["nodeCount"] < 100_000


@pytest.mark.parametrize("what", ODD)
def test_nothing_but_numbers_and_hex_digits_is_ever_put_into_a_query(what):
    assert not can_ask(Thing("acme/apex", what))
    assert not can_ask(Thing("acme/apex", what, commit=True)) or re.fullmatch("[0-9]{4,}", what)


@pytest.mark.parametrize(
    "name", ["acme", "acme/", "/apex", "a/b/c", "acme/..", "../apex", "acme/a b", "acme/apex\n", "é/a"]
)
def test_what_is_no_name_of_a_repository_is_never_asked_for(name):
    assert not can_ask(Thing(name, "5"))


def test_owner_and_name_are_variables():
    operation = for_things([Thing("acme/apex", "5"), Thing("acme/desktop", "6")])
    assert "acme" not in operation.text
    assert sorted(operation.variables.items()) == [("o0", "acme"), ("o1", "acme"), ("r0", "apex"), ("r1", "desktop")]


def test_no_fragment_is_left_over():
    told = "".join(
        for_things([Thing("acme/apex", "5"), Thing("acme/apex", "abcd", commit=True)], checks=True, files=True).text
    )
    written = "".join(file.read_text("utf-8") for file in sorted(QUERIES.glob("*.graphql")))
    assert sorted(re.findall(r"fragment (\w+)", told)) == sorted(re.findall(r"^fragment (\w+)", written, re.MULTILINE))


def test_the_query_for_rights_is_valid(github_schema):
    query = (QUERIES / "rights.graphql").read_text("utf-8")
    assert graphql.validate(github_schema, graphql.parse(query)) == []
