from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.evidence.selection import Manner, full_name, judge, select
from triage.model import Outcome, Status, TestCase, TestReport
from triage.test_reports import read_file

DATA = Path(__file__).parent / "data" / "junit"
AUTH = "tests/e2e/test_auth.py"


def case(class_name: str, name: str, outcome: Outcome = Outcome.PASSED, file: str = "", message: str = "") -> TestCase:
    return TestCase(name=name, class_name=class_name, file=file, outcome=outcome, message=message)


def report(*cases: TestCase, claimed: int | None = None) -> TestReport:
    return TestReport(cases=cases, claimed=claimed, digest="")


def found(wanted: str, cases) -> tuple[Manner, list[str]]:
    selection = select(wanted, cases)
    return selection.manner, [case.name for case in selection.cases]


def verdict(wanted: str, *cases: TestCase, claimed: int | None = None) -> tuple[Status, str]:
    counted = judge(wanted, report(*cases, claimed=claimed))
    return counted.status, counted.reason


# --- the documented dialects ---


@pytest.mark.parametrize("dialect", ["pytest-xunit1.xml", "pytest-xunit2.xml"])
@pytest.mark.parametrize(
    ("wanted", "manner", "names"),
    [
        (f"{AUTH}::test_refresh", "exact", ["test_refresh"]),
        (f"./{AUTH}::test_refresh", "exact", ["test_refresh"]),
        (f"{AUTH}::test_refresh_tok", "none", []),
        (f"{AUTH}::TestX::test_y", "exact", ["test_y"]),
        (f"{AUTH}::test_y", "none", []),
        (f"{AUTH}::TestInner::test_y", "none", []),
        (f"{AUTH}::TestX::TestInner::test_y", "exact", ["test_y"]),
        (f"{AUTH}::TestX", "class", ["test_y", "test_z[1]", "test_z[2]", "test_y"]),
        (f"{AUTH}::TestX::TestInner", "class", ["test_y"]),
        (f"{AUTH}::Test", "none", []),
        (f"{AUTH}::TestX::test_z", "parametrised", ["test_z[1]", "test_z[2]"]),
        (f"{AUTH}::TestX::test_z[2]", "exact", ["test_z[2]"]),
        (f"{AUTH}::TestX::test_z[3]", "none", []),
        (f"{AUTH}::test_close_code[a/b::c]", "exact", ["test_close_code[a/b::c]"]),
        (f"{AUTH}::test_close_code[x[y]]", "exact", ["test_close_code[x[y]]"]),
        ("tests/e2e/test_other.py::test_refresh", "none", []),
        ("tests/unit/test_auth.py::test_refresh", "exact", ["test_refresh"]),
        ("tests/unit/test_auth.py", "file", ["test_refresh"]),
        ("tests/unit/", "folder", ["test_refresh"]),
        ("tests/unit", "folder", ["test_refresh"]),
        ("tests/uni/", "none", []),
        ("unit/", "by module name", ["test_refresh"]),
        ("tests.unit.test_auth.test_refresh", "exact", ["test_refresh"]),
        ("tests.e2e.test_auth.TestX.test_z[2]", "exact", ["test_z[2]"]),
        ("test_z", "parametrised", ["test_z[1]", "test_z[2]"]),
        ("test_refresh", "several", ["test_refresh", "test_refresh"]),
        ("fresh", "none", []),
        ("", "none", []),
    ],
)
def test_pytest_names(dialect, wanted, manner, names):
    assert found(wanted, read_file(DATA / dialect).cases) == (manner, names)


@pytest.mark.parametrize("dialect", ["pytest-xunit1.xml", "pytest-xunit2.xml"])
def test_pytest_file_and_folder_hold_all_their_cases(dialect):
    cases = read_file(DATA / dialect).cases
    assert len(cases) == 22
    for wanted, manner, number in (
        (AUTH, "file", 21),
        ("tests/e2e/", "folder", 21),
        ("tests/", "folder", 22),
        (".", "folder", 22),
    ):
        selection = select(wanted, cases)
        assert (selection.manner, len(selection.cases)) == (manner, number)


@pytest.mark.parametrize(
    ("wanted", "file", "manner", "names"),
    [
        ("src/auth.test.js::auth refreshes", "jest-junit-file.xml", "exact", ["refreshes"]),
        ("src/auth.test.js::refreshes", "jest-junit-file.xml", "exact", ["refreshes"]),
        ("src/auth.test.js::auth::refreshes", "jest-junit-file.xml", "exact", ["refreshes"]),
        ("src/other.test.js::auth refreshes", "jest-junit-file.xml", "none", []),
        ("auth refreshes", "jest-junit-file.xml", "exact", ["refreshes"]),
        (
            "auth",
            "jest-junit-file.xml",
            "class",
            ["refreshes", "refuses an expired token", "later", "write me", "code 1", "code 2"],
        ),
        ("src/broken.test.js", "jest-junit-file.xml", "file", ["src/broken.test.js"]),
        ("auth refreshes", "jest-junit.xml", "exact", ["auth refreshes"]),
        ("auth refresh", "jest-junit.xml", "none", []),
        ("top", "jest-junit.xml", "exact", [" top"]),
        ("src/auth.test.js::auth refreshes", "jest-junit.xml", "ambiguous", ["auth refreshes"]),
        ("com.acme.FooTest#bar", "surefire.xml", "exact", ["bar"]),
        ("com.acme.FooTest.bar", "surefire.xml", "exact", ["bar"]),
        ("com.acme.FooTest#param", "surefire.xml", "parametrised", ["param(int)[1]", "param(int)[2]"]),
        ("com.acme.FooTest#param(int)[2]", "surefire.xml", "exact", ["param(int)[2]"]),
        ("com.acme.FooTest$Inner#bar", "surefire.xml", "exact", ["bar"]),
        ("com.acme.FooTest#ba", "surefire.xml", "none", []),
        ("com.acme.BarTest#bar", "surefire.xml", "none", []),
        ("org.acme.FooTest#bar", "surefire.xml", "none", []),
        ("FooTest#bar", "surefire.xml", "by module name", ["bar"]),
        ("com.acme.FooTest#bar", "gradle.xml", "exact", ["bar()"]),
        ("com.acme.FooTest#bar()", "gradle.xml", "exact", ["bar()"]),
        ("com.acme.FooTest", "gradle.xml", "class", ["bar()", "param(int)[1]", "off()"]),
        ("com.acme", "gradle.xml", "folder", ["bar()", "param(int)[1]", "off()"]),
        ("com.acme.Foo", "gradle.xml", "none", []),
        ("TestRefresh", "gotestsum.xml", "parametrised", ["TestRefresh", "TestRefresh/expired"]),
        ("TestRefresh/expired", "gotestsum.xml", "exact", ["TestRefresh/expired"]),
        ("TestRef", "gotestsum.xml", "none", []),
        ("TestCode", "gotestsum.xml", "parametrised", ["TestCode/1011"]),
        ("github.com/acme/apex/auth.TestRefresh/expired", "gotestsum.xml", "exact", ["TestRefresh/expired"]),
        ("github.com/acme/apex/web.TestRefresh", "gotestsum.xml", "none", []),
        ("auth/token_test.go::TestRefresh/expired", "gotestsum.xml", "by module name", ["TestRefresh/expired"]),
        ("web/token_test.go::TestRefresh", "gotestsum.xml", "none", []),
        ("Auth.Refresh", "gtest.xml", "exact", ["Refresh"]),
        ("auth_test.cc::Refresh", "gtest.xml", "exact", ["Refresh"]),
        ("passes", "ctest.xml", "exact", ["passes"]),
        ("pass", "ctest.xml", "none", []),
    ],
)
def test_names_of_other_runners(wanted, file, manner, names):
    assert found(wanted, read_file(DATA / file).cases) == (manner, names)


def test_class_holds_nested_classes():
    selection = select("com.acme.FooTest", read_file(DATA / "surefire.xml").cases)
    assert (selection.manner, len(selection.cases)) == (Manner.CLASS, 10)


def test_vitest_and_absolute_paths():
    cases = [
        case("src/a.test.ts", "auth > refreshes"),
        case("src/b.test.ts", "auth > refreshes", Outcome.FAILED),
    ]
    assert found("src/a.test.ts::auth > refreshes", cases) == (Manner.EXACT, ["auth > refreshes"])
    assert found("src/a.test.ts::auth::refreshes", cases) == (Manner.EXACT, ["auth > refreshes"])
    assert found("src/a.test.ts", cases) == (Manner.FILE, ["auth > refreshes"])
    assert found("src/", cases)[0] is Manner.FOLDER
    built = [
        case("auth", "a", file="/home/runner/apex/src/x/index.test.ts"),
        case("auth", "a", file="/home/runner/apex/src/y/index.test.ts"),
    ]
    assert found("src/x/index.test.ts::auth a", built) == (Manner.BY_MODULE_NAME, ["a"])
    assert found("index.test.ts::auth a", built) == (Manner.AMBIGUOUS, ["a", "a"])


def test_groups_and_names_are_no_places():
    assert found("tests/auth/", [case("auth", "refreshes")]) == (Manner.NONE, [])
    assert found("tests/auth/", [case("auth.test_x", "test_y")]) == (Manner.BY_MODULE_NAME, ["test_y"])
    assert found("tests/test_auth.py", [case("test_auth", "test_auth")]) == (Manner.NONE, [])
    assert found("tests/test_auth.py", [case("test_auth", "test_y")]) == (Manner.BY_MODULE_NAME, ["test_y"])


def test_files_of_java():
    cases = read_file(DATA / "gradle.xml").cases
    file = "src/test/java/com/acme/FooTest.java"
    assert len(select(file, cases).cases) == 3
    assert found(f"{file}::bar", cases) == (Manner.BY_MODULE_NAME, ["bar()"])
    assert found("src/test/java/com/acme/BarTest.java", cases) == (Manner.NONE, [])
    assert found("src/test/java/org/acme/FooTest.java", cases) == (Manner.NONE, [])


def test_colons_in_names_and_brackets_in_paths():
    cases = [case("apex", "auth::tests::refreshes"), case("apex", "auth::tests::refreshes_token")]
    assert found("auth::tests::refreshes", cases) == (Manner.EXACT, ["auth::tests::refreshes"])
    assert found("refreshes", cases) == (Manner.NONE, [])
    routed = [case("page", "shows", file="app/[id].test.tsx"), case("page", "shows", file="app/[name].test.tsx")]
    selection = select("app/[id].test.tsx::page shows", routed)
    assert (selection.manner, [one.file for one in selection.cases]) == (Manner.EXACT, ["app/[id].test.tsx"])


# --- the same name elsewhere ---


def test_E5_module_without_its_folders():
    cases = read_file(DATA / "pytest-rootdir.xml").cases
    assert found(f"{AUTH}::TestX::test_y", cases) == (Manner.BY_MODULE_NAME, ["test_y"])
    assert found(f"{AUTH}::test_z", cases) == (Manner.NONE, [])
    assert select(AUTH, cases).manner is Manner.BY_MODULE_NAME
    assert "the report calls it test_auth.TestX.test_y" in judge(f"{AUTH}::TestX::test_y", report(*cases)).reason


def test_E5_module_without_its_folders_beside_a_namesake():
    cases = [case("test_auth", "test_y"), case("unit.test_auth", "test_y")]
    assert found(f"{AUTH}::test_y", cases) == (Manner.AMBIGUOUS, ["test_y", "test_y"])
    assert verdict(f"{AUTH}::test_y", *cases)[0] is Status.UNVERIFIED
    # a namesake that lacks the test is one still: the named file may not have run at all
    assert (
        select(f"{AUTH}::test_y", [case("test_auth", "test_y"), case("unit.test_auth", "test_x")]).manner
        is Manner.AMBIGUOUS
    )


def test_E5_test_of_another_file_is_not_the_named_one():
    assert found(f"{AUTH}::test_y", [case("unit.test_auth", "test_y")]) == (Manner.NONE, [])
    assert (
        found(f"{AUTH}::test_y", [case("tests.e2e.test_auth", "test_x"), case("tests.e2e.test_auth2", "test_y")])[0]
        is Manner.NONE
    )
    assert found(f"{AUTH}::test_y", [case("x", "test_y", file="tests/unit/test_auth.py")])[0] is Manner.NONE


def test_E5_exact_place_goes_before_its_ends():
    cases = [
        case("e2e.test_auth", "test_y", Outcome.FAILED),
        case("tests.e2e.test_auth", "test_y"),
        case("apex.tests.e2e.test_auth", "test_y", Outcome.FAILED),
    ]
    assert verdict(f"{AUTH}::test_y", *cases) == (Status.VERIFIED, "1 passed")


def test_E5_report_longer_than_the_name():
    cases = [case("backend.tests.e2e.test_auth", "test_y"), case("unit.test_auth", "test_y")]
    assert found(f"{AUTH}::test_y", cases) == (Manner.BY_MODULE_NAME, ["test_y"])
    cases.append(case("frontend.tests.e2e.test_auth", "test_z"))
    assert found(f"{AUTH}::test_y", cases) == (Manner.AMBIGUOUS, ["test_y"])


def test_E5_report_without_any_place_is_ambiguous():
    for class_name, wanted in (("", "test_y"), ("TestX", "TestX::test_y")):
        counted = judge(f"{AUTH}::{wanted}", report(case(class_name, "test_y")))
        assert (counted.selection.manner, counted.status) == (Manner.AMBIGUOUS, Status.UNVERIFIED)
        assert counted.reason.startswith("the report does not tell which test is meant; it has ")


def test_E5_bare_name_in_several_places():
    passed, failed = case("a.test_auth", "test_y"), case("b.test_auth", "test_y", Outcome.FAILED)
    other = case("b.test_auth", "test_y")
    assert verdict("test_y", passed, other) == (
        Status.VERIFIED,
        "2 passed; several tests have this name: a.test_auth.test_y, b.test_auth.test_y",
    )
    assert verdict("test_y", passed, failed)[0] is Status.UNVERIFIED
    assert verdict("test_y", failed, case("a.test_auth", "test_y", Outcome.ERRORED))[0] is Status.REFUTED


def test_E5_renamed_test_has_near_names():
    cases = [
        case("tests.e2e.test_auth", "test_expired_tokens"),
        case("tests.unit.test_auth", "test_expired_token"),
        case("x", "other"),
    ]
    selection = select(f"{AUTH}::test_expired_token", cases)
    assert selection.near == ("tests.unit.test_auth.test_expired_token", "tests.e2e.test_auth.test_expired_tokens")
    assert (
        "nearest: tests.unit.test_auth.test_expired_token"
        in judge(f"{AUTH}::test_expired_token", report(*cases)).reason
    )


@pytest.mark.parametrize("file", sorted(path.name for path in DATA.glob("*.xml")))
def test_full_names_find_their_case(file):
    cases = read_file(DATA / file).cases
    for one in cases:
        selection = select(full_name(one), cases)
        assert one in selection.cases, full_name(one)
        assert {other.file for other in selection.cases} == {one.file}
        assert {other.name.partition("[")[0].partition("/")[0] for other in selection.cases} == {
            one.name.partition("[")[0].partition("/")[0]
        }


# --- verdicts ---


P, F, E, S, X = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED, Outcome.EXPECTED_FAILURE


@pytest.mark.parametrize(
    ("outcomes", "status", "reason"),
    [
        ([P], Status.VERIFIED, "1 passed"),
        ([P, P, P], Status.VERIFIED, "3 passed"),
        ([F], Status.REFUTED, "failed: m.t[0] — why 0"),
        ([E], Status.REFUTED, "errored: m.t[0] — why 0"),
        ([P, F, P], Status.REFUTED, "1 of 3 failed: m.t[1] — why 1"),
        ([S, F], Status.REFUTED, "1 of 2 failed: m.t[1] — why 1"),
        ([F, E], Status.REFUTED, "2 of 2 failed: m.t[0] — why 0"),
        ([S], Status.UNVERIFIED, "0 executed: 1 was skipped"),
        ([S, S], Status.UNVERIFIED, "0 executed: all 2 were skipped"),
        ([X, X], Status.UNVERIFIED, "0 executed: all 2 were expected to fail"),
        ([S, X], Status.UNVERIFIED, "0 executed: 1 was skipped, 1 was expected to fail"),
        ([P] * 4 + [S] * 10, Status.UNVERIFIED, "4 of 14 passed; 10 were skipped"),
        ([P, X], Status.UNVERIFIED, "1 of 2 passed; 1 was expected to fail"),
    ],
)
@pytest.mark.parametrize("wanted", ["m.t", "m.py::t", "m.py", "m"])
def test_E4_outcomes_decide(wanted, outcomes, status, reason):
    cases = [case("m", f"t[{n}]", outcome, message=f"why {n}\nmore") for n, outcome in enumerate(outcomes)]
    assert verdict(wanted, *cases, claimed=len(cases)) == (status, reason)
    doubted = verdict(wanted, *cases, claimed=50)
    if status is Status.VERIFIED:
        status, reason = Status.UNVERIFIED, f"{reason}, but the report claims 50 tests and has {len(cases)} case"
    assert (doubted[0], doubted[1].removesuffix("s") if "claims" in reason else doubted[1]) == (status, reason)


def test_A9_a_suite_that_broke_as_a_whole_speaks_against_its_passes():
    broken = case("", "pytest", E)
    status, reason = verdict("m.t", case("m", "t"), broken)
    assert (status, "a whole suite errored: pytest" in reason) == (Status.UNVERIFIED, True)
    assert verdict("m.t", case("m", "t"), case("m", "u", E), claimed=3)[0] is Status.VERIFIED


@pytest.mark.parametrize(
    ("claimed", "reason"),
    [
        (6, "collected only: the report claims 6 tests and has no executed case"),
        (1, "collected only: the report claims 1 test and has no executed case"),
        (0, "0 executed: the report has no test case (was it only collected?)"),
        (None, "0 executed: the report has no test case (was it only collected?)"),
    ],
)
def test_E4_report_without_cases(claimed, reason):
    counted = judge("t", report(claimed=claimed))
    assert (counted.status, counted.reason, counted.collected_only) == (Status.UNVERIFIED, reason, True)


def test_E4_collect_only_of_pytest():
    counted = judge(AUTH, read_file(DATA / "pytest-collect-only.xml"))
    assert (counted.status, counted.collected_only, counted.matched) == (Status.UNVERIFIED, True, 0)


def test_E4_counts():
    counted = judge(AUTH, read_file(DATA / "pytest-xunit2.xml"))
    numbers = (
        counted.matched,
        counted.executed,
        counted.passed,
        counted.failed,
        counted.errored,
        counted.skipped,
        counted.expected_failures,
    )
    assert numbers == (21, 16, 9, 4, 3, 2, 3)
    assert counted.status is Status.REFUTED
    assert counted.reason.startswith("7 of 21 failed: tests.e2e.test_auth.test_refresh_token — assert 1 == 2")
    assert not counted.collected_only


def test_only_the_named_case_of_a_parametrised_test_counts():
    whole = read_file(DATA / "pytest-xunit2.xml")
    assert judge(f"{AUTH}::test_close_code", whole).status is Status.UNVERIFIED
    assert judge(f"{AUTH}::test_close_code[1008]", whole).status is Status.VERIFIED
    assert judge(f"{AUTH}::test_close_code[1011]", whole).status is Status.UNVERIFIED


def test_test_of_a_file_that_could_not_be_loaded_was_not_run():
    counted = judge("tests/e2e/test_broken_import.py::test_x", read_file(DATA / "pytest-collection-error.xml"))
    assert (counted.status, counted.matched) == (Status.UNVERIFIED, 0)
    assert counted.reason == "not run: its file could not be loaded — collection failure"
    assert judge("tests/e2e/", read_file(DATA / "pytest-collection-error.xml")).status is Status.REFUTED


def test_flaky_is_said():
    assert verdict("t", case("", "t", message="flaky")) == (
        Status.VERIFIED,
        "1 passed; 1 flaky: failed first and passed when run again",
    )


def test_E14_reasons_are_one_plain_line():
    counted = judge("m", report(case("m", "a\x9b31m\nb", Outcome.FAILED, message="\x9bred\nmore")))
    assert counted.reason == "failed: m.a\\x9b31m\\nb — \\x9bred"
    assert len(judge("m", report(case("m", "n" * 10_000_000, Outcome.FAILED))).reason) < 300
    assert len(judge("x", report(case("m", "n" * 10_000_000))).reason) < 300


names = st.sampled_from(["t", "t[1]", "t[2]", "test_a", "TestA", "TestA/x", "bar()", "auth ok", ""])
classes = st.sampled_from(["", "m", "a.m", "b.m", "a.m.TestX", "a/m.ts", "auth", "com.acme.Foo$In"])
files = st.sampled_from(["", "", "a/m.py", "b/m.py", "/r/a/m.ts"])
cases_made = st.lists(
    st.builds(
        TestCase,
        name=names,
        class_name=classes,
        file=files,
        outcome=st.sampled_from(Outcome),
        message=st.sampled_from(["", "flaky", "no"]),
    ),
    max_size=8,
)
wanted_made = st.one_of(
    st.sampled_from(
        [
            "a/m.py",
            "a/",
            "m.py",
            "a/m.py::t",
            "a/m.py::TestX::t[1]",
            "a/m.ts::auth ok",
            "a.m",
            "a.m.t",
            "t",
            "TestA",
            "com.acme.Foo#bar",
            ".",
            "",
            "#",
            "::",
            "a::",
            "/",
            "//",
            ".py",
            "[",
            "x#",
            "a/_test.go::TestA",
        ]
    ),
    st.text(max_size=12),
)


@given(wanted_made, cases_made, st.one_of(st.none(), st.integers(0, 9)))
def test_verified_means_that_every_matched_case_passed(wanted, cases, claimed):
    counted = judge(wanted, report(*cases, claimed=claimed))
    matched = counted.selection.cases
    assert all(one in cases for one in matched)
    assert counted.matched == len(matched) == counted.executed + counted.skipped + counted.expected_failures
    assert counted.executed == counted.passed + counted.failed + counted.errored
    assert (counted.selection.manner is Manner.NONE) == (not matched)
    assert "\n" not in counted.reason
    assert counted.reason
    if counted.status is Status.VERIFIED:
        assert matched
        assert all(one.outcome is Outcome.PASSED for one in matched)
        assert counted.selection.manner is not Manner.AMBIGUOUS
    if counted.status is Status.REFUTED:
        assert any(one.outcome in (Outcome.FAILED, Outcome.ERRORED) for one in matched)


def test_large_reports_are_searched_in_seconds():
    cases = [case(f"tests.p{n % 100}.test_m{n % 1000}", f"test_{n}") for n in range(200_000)]
    start = time.monotonic()
    assert select("tests/p7/test_m7.py::test_7", cases).manner is Manner.EXACT
    assert select("tests/p7/test_m7.py::nothing", cases).manner is Manner.NONE
    assert time.monotonic() - start < 30
