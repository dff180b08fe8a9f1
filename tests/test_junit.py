from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import test_reports
from triage.errors import CouldNotLook
from triage.model import Outcome
from triage.test_reports import read, read_file

DATA = Path(__file__).parent / "data" / "junit"
PASSED, FAILED, ERRORED, SKIPPED, EXPECTED = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.ERRORED,
    Outcome.SKIPPED,
    Outcome.EXPECTED_FAILURE,
)


def outcomes(file: str) -> dict[str, Outcome]:
    return {case.name: case.outcome for case in read_file(DATA / file).cases}


def one(inner: str, attributes: str = "", suite: str = "") -> test_reports.TestCase:
    report = read(
        f'<testsuite {suite}><testcase name="t" {attributes}>{inner}</testcase></testsuite>'.encode(), name="r"
    )
    assert len(report.cases) == 1
    return report.cases[0]


def refused(data: bytes) -> str:
    with pytest.raises(CouldNotLook) as caught:
        read(data, name="reports/junit.xml")
    assert caught.value.message.startswith("reports/junit.xml")
    assert "\n" not in caught.value.message
    return caught.value.message


# --- dialects ---


@pytest.mark.parametrize("dialect", ["pytest-xunit1.xml", "pytest-xunit2.xml", "pytest-rootdir.xml"])
def test_pytest_outcomes(dialect):
    report = read_file(DATA / dialect)
    found = {case.name: case.outcome for case in report.cases if "unit" not in case.class_name}
    assert found == {
        "test_refresh": PASSED,
        "test_refresh_token": FAILED,
        "test_skipped": SKIPPED,
        "test_xfail": EXPECTED,
        "test_xpass_strict": FAILED,
        "test_xpass": PASSED,
        "test_setup": ERRORED,
        "test_teardown": ERRORED,
        "test_fails_and_teardown": ERRORED,
        "test_close_code[1008]": PASSED,
        "test_close_code[1011]": SKIPPED,
        "test_close_code[a/b::c]": PASSED,
        "test_close_code[x[y]]": PASSED,
        "test_imperative": EXPECTED,
        "test_y": PASSED,
        "test_z[1]": PASSED,
        "test_z[2]": PASSED,
        "test_expected": EXPECTED,
        "test_sub": FAILED,
        "test_unexpected": FAILED,
    }


def test_pytest_file_attribute_is_only_in_xunit1():
    assert {case.file for case in read_file(DATA / "pytest-xunit1.xml").cases} == {
        "tests/e2e/test_auth.py",
        "tests/unit/test_auth.py",
    }
    assert {case.file for case in read_file(DATA / "pytest-xunit2.xml").cases} == {""}


def test_pytest_second_element_of_a_case_does_not_count_as_a_case():
    report = read_file(DATA / "pytest-xunit2.xml")
    assert sum(case.name == "test_fails_and_teardown" for case in report.cases) == 1
    assert report.claimed == 25


def test_pytest_collection_error_is_an_error():
    assert outcomes("pytest-collection-error.xml")["tests.e2e.test_broken_import"] is ERRORED


def test_jest():
    assert outcomes("jest-junit-file.xml") == {
        "refreshes": PASSED,
        "refuses an expired token": FAILED,
        "later": SKIPPED,
        "write me": PASSED,  # jest-junit writes a `test.todo` as any pass: the format does not tell
        "code 1": PASSED,
        "code 2": PASSED,
        "top": PASSED,
        "src/broken.test.js": ERRORED,
    }
    assert outcomes("jest-junit.xml")["auth refuses an expired token"] is FAILED


def test_ctest():
    assert outcomes("ctest.xml") == {
        "passes": PASSED,
        "fails": FAILED,
        "disabled": SKIPPED,
        "skipped": SKIPPED,
        "missing": SKIPPED,
        "will_fail": PASSED,
    }


def test_gtest():
    assert outcomes("gtest.xml") == {"Refresh": PASSED, "DISABLED_Later": SKIPPED, "Skips": SKIPPED}


def test_gradle_and_gotestsum():
    assert outcomes("gradle.xml") == {"bar()": PASSED, "param(int)[1]": PASSED, "off()": SKIPPED}
    assert outcomes("gotestsum.xml") == {
        "TestRefresh": PASSED,
        "TestRefresh/expired": PASSED,
        "TestRefreshToken": PASSED,
        "TestLater": SKIPPED,
        "TestCode/1011": FAILED,
    }


def test_surefire_reruns():
    cases = {(case.class_name, case.name): case for case in read_file(DATA / "surefire.xml").cases}
    of = {name: case for (class_name, name), case in cases.items() if class_name == "com.acme.FooTest"}
    assert (of["sometimes"].outcome, of["sometimes"].message) == (PASSED, "flaky")
    assert of["onlyReruns"].outcome is FAILED
    assert (of["alwaysFails"].outcome, of["alwaysFails"].message) == (FAILED, "no")
    assert of["throwsError"].outcome is ERRORED
    assert ("com.acme.FooTest$Inner", "bar") in cases


# --- rules ---


@pytest.mark.parametrize(
    ("inner", "attributes", "outcome", "message"),
    [
        ("", "", PASSED, ""),
        ("<system-out><failure/></system-out>", "", PASSED, ""),
        ("<failure message='m'/>", "", FAILED, "m"),
        ("<failure message='m'/><error message='e'/>", "", ERRORED, "e"),
        ("<error message='e'/><failure message='m'/>", "", ERRORED, "e"),
        ("<skipped/><failure message='m'/>", "", FAILED, "m"),
        ("<failure>\n text\nmore</failure>", "", FAILED, "text\nmore"),
        ("<failure type='T'/>", "", FAILED, "T"),
        ("<skipped type='pytest.xfail' message='why'/>", "", EXPECTED, "why"),
        ("<skipped message='xfail: why'/>", "", EXPECTED, "xfail: why"),
        ("<skipped message='expected failure: why'/>", "", EXPECTED, "expected failure: why"),
        ("<skipped type='pytest.skip' message='xfail in CI'/>", "", SKIPPED, "xfail in CI"),
        ("<flakyFailure message='x'/>", "", PASSED, "flaky"),
        ("<flakyError message='x'/>", "", PASSED, "flaky"),
        ("<flakyFailure message='x'/><failure message='m'/>", "", FAILED, "m"),
        ("<rerunError message='x'/>", "", ERRORED, "x"),
        ("", "status='run'", PASSED, ""),
        ("", "status='PASSED' result='completed'", PASSED, ""),
        ("", "status='notrun'", SKIPPED, "status: notrun"),
        ("", "status='skipped'", SKIPPED, "status: skipped"),
        ("", "status='disabled'", SKIPPED, "status: disabled"),
        ("", "result='suppressed'", SKIPPED, "result: suppressed"),
        ("", "status='failed'", FAILED, "status: failed"),
        ("", "status='aborted'", SKIPPED, "status: aborted"),
        ("<failure message='m'/>", "status='run'", FAILED, "m"),
        ("", "time='NaN'", PASSED, ""),
        ("", "time='-inf'", PASSED, ""),
    ],
)
def test_outcome_of_a_case(inner, attributes, outcome, message):
    case = one(inner, attributes)
    assert (case.outcome, case.message) == (outcome, message)


@pytest.mark.parametrize(
    ("first", "second", "worst"),
    [
        ("", "<error/>", ERRORED),
        ("<error/>", "", ERRORED),
        ("<failure/>", "<skipped/>", FAILED),
        ("", "<skipped/>", SKIPPED),
        ("", "", PASSED),
    ],
)
def test_repeated_case_counts_once_by_its_worst(first, second, worst):
    case = "<testcase classname='c' name='t' file='f'>{}</testcase>"
    data = f"<testsuites><testsuite>{case.format(first)}</testsuite><testsuite>{case.format(second)}</testsuite></testsuites>"
    assert [case.outcome for case in read(data.encode(), name="r").cases] == [worst]


@pytest.mark.parametrize(
    "other", ["classname='d' name='t' file='f'", "classname='c' name='u' file='f'", "classname='c' name='t' file='g'"]
)
def test_cases_that_differ_in_class_name_or_file_stay_two(other):
    data = f"<testsuite><testcase classname='c' name='t' file='f'/><testcase {other}><failure/></testcase></testsuite>"
    assert [case.outcome for case in read(data.encode(), name="r").cases] == [PASSED, FAILED]


def test_flaky_is_kept_when_a_case_is_repeated():
    data = b"<testsuite><testcase name='t'/><testcase name='t'><flakyFailure/></testcase></testsuite>"
    assert [case.message for case in read(data, name="r").cases] == ["flaky"]


def test_nested_suites_and_files_of_suites():
    data = b"""<testsuites><testsuite name="a" file="a.rb"><testsuite name="b"><testcase name="t"/></testsuite>
    <testsuite name="src/c.spec.ts"><testcase name="t"/><testcase name="u" file="own.ts"/></testsuite></testsuite>
    <testsuite name="github.com/acme/apex"><testcase name="t"/></testsuite><testcase name="loose"/></testsuites>"""
    assert [(case.name, case.file) for case in read(data, name="r").cases] == [
        ("t", "a.rb"),
        ("t", "src/c.spec.ts"),
        ("u", "own.ts"),
        ("t", ""),
        ("loose", ""),
    ]


def test_error_of_a_whole_suite_is_a_case_of_its_own():
    data = b"<testsuite name='s' file='f.js'><error message='before all'/><testcase name='t'/></testsuite>"
    assert [(c.name, c.file, c.outcome) for c in read(data, name="r").cases] == [
        ("s", "f.js", ERRORED),
        ("t", "f.js", PASSED),
    ]


def test_namespaces_do_not_hide_elements():
    data = b"<testsuite xmlns='urn:x'><testcase name='t'><failure/></testcase></testsuite>"
    assert [case.outcome for case in read(data, name="r").cases] == [FAILED]


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("<testsuites tests='7'><testsuite tests='3'/></testsuites>", 7),
        ("<testsuites><testsuite tests='3'><testsuite tests='3'/></testsuite><testsuite tests='4'/></testsuites>", 7),
        ("<testsuite tests='6'/>", 6),
        ("<testsuite tests='0'/>", 0),
        ("<testsuite/>", None),
        ("<testsuite tests='NaN'/>", None),
        ("<testsuite tests='-1'/>", None),
        ("<testsuite tests='" + "9" * 5000 + "'/>", None),
    ],
)
def test_claimed_total(text, claimed):
    assert read(text.encode(), name="r").claimed == claimed


def test_digest_is_that_of_the_bytes():
    data = b"<testsuite/>\n"
    assert read(data, name="r").digest == hashlib.sha256(data).hexdigest()


# --- faults ---


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&e;"/></testsuite>',
        b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><testsuite name="&b;"/>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><testsuite/>',
        b'<!DOCTYPE testsuite SYSTEM "http://127.0.0.1:9/x.dtd"><testsuite/>',
        b"<!DOCTYPE testsuite><testsuite/>",
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE testsuite><testsuite/>'.encode("utf-16"),
    ],
)
def test_E1_document_types_are_refused(data):
    assert "document type" in refused(data)


def test_E1_undeclared_entity_is_refused():
    assert "not a whole XML document" in refused(b"<testsuite name='&e;'/>")


def test_E3_size_is_bounded(monkeypatch, tmp_path):
    data = b"<testsuite><testcase name='t'/></testsuite>"
    file = tmp_path / "r.xml"
    file.write_bytes(data)
    monkeypatch.setattr(test_reports, "MAXIMUM_SIZE", len(data))
    assert read(data, name="r").cases == read_file(file).cases
    monkeypatch.setattr(test_reports, "MAXIMUM_SIZE", len(data) - 1)
    assert "larger than" in refused(data)
    with pytest.raises(CouldNotLook, match="larger than"):
        read_file(file)


def test_E3_number_of_cases_is_bounded(monkeypatch):
    monkeypatch.setattr(test_reports, "MAXIMUM_CASES", 3)
    assert (
        len(
            read(
                b"<testsuite>" + b"".join(b"<testcase name='%d'/>" % n for n in range(3)) + b"</testsuite>", name="r"
            ).cases
        )
        == 3
    )
    # repeats count as well: they cost as much to read
    assert "more than 3 test cases" in refused(b"<testsuite>" + b"<testcase name='t'/>" * 4 + b"</testsuite>")


def test_E3_depth_is_bounded():
    def nested(depth):
        return b"<testsuite>" * depth + b"</testsuite>" * depth

    assert read(nested(100), name="r").cases == ()
    assert "deeper than 100" in refused(nested(101))
    assert "deeper than 100" in refused(b"<testsuite>" + b"<a>" * 1_000_000)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("<testsuite tests='1' failures='0'><testcase name='t'><failure/></testcase></testsuite>", FAILED),
        ("<testsuite tests='1' failures='1' errors='1' skipped='1'><testcase name='t'/></testsuite>", PASSED),
    ],
)
def test_E4_totals_are_not_believed(text, outcome):
    assert [case.outcome for case in read(text.encode(), name="r").cases] == [outcome]


def test_E4_collected_only_has_no_case():
    report = read_file(DATA / "pytest-collect-only.xml")
    assert (report.cases, report.claimed) == ((), 0)


def test_E14_hostile_names_are_data():
    case = one("", "classname='&lt;script&gt;' file='/etc/../x'")
    assert (case.class_name, case.file) == ("<script>", "/etc/../x")
    names = [
        case.name
        for case in read(
            "<testsuite><testcase name='../../x'/><testcase name='a\x9b31m'/></testsuite>".encode(), name="r"
        ).cases
    ]
    assert names == ["../../x", "a\x9b31m"]


def test_E14_escape_characters_are_no_xml():
    assert "not a whole XML document" in refused(b"<testsuite name='\x1b[31m'/>")


def test_E14_long_messages_are_cut():
    for inner in (f"<failure message='{'x' * 10_000_000}'/>", f"<failure>{'x' * 10_000_000}</failure>"):
        message = one(inner).message
        assert (len(message), message[-1]) == (500, "…")
    assert len(one(f"<failure message='{'x' * 500}'/>").message) == 500
    assert one(f"<failure message='{'x' * 500}'/>").message[-1] == "x"


def test_E14_encodings():
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><testsuite><testcase name="é"/></testsuite>'
    assert read(latin.encode("latin-1"), name="r").cases[0].name == "é"
    assert read(latin.replace("ISO-8859-1", "utf-16").encode("utf-16"), name="r").cases[0].name == "é"
    refused(latin.replace("ISO-8859-1", "utf-8").encode("latin-1"))
    refused(latin.replace("ISO-8859-1", "no-such-encoding").encode())
    refused(latin.replace("ISO-8859-1", "utf-16").encode())
    for codec in ("utf-7", "idna", "base64", "shift_jis", "rot13", "undefined"):
        try:
            read(latin.replace("ISO-8859-1", codec).encode(), name="reports/junit.xml")
        except CouldNotLook:
            continue


@pytest.mark.parametrize("file", ["pytest-xunit2.xml", "gradle.xml", "pytest-collect-only.xml"])
def test_E15_truncated_at_any_byte(file):
    data = (DATA / file).read_bytes().strip()
    read(data, name="whole")
    for length in range(len(data)):
        refused(data[:length])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"1 passed in 0.1s\n", "not a whole XML document"),
        (b'{"results": {}}', "not a whole XML document"),
        (b"<html><body/></html>", "the root is <html>"),
        (b"<testcase name='t'/>", "the root is <testcase>"),
        (b"<testsuite/><testsuite/>", "not a whole XML document"),
        (b"\x00" * 10, "not a whole XML document"),
        (b"PK\x03\x04", "not a whole XML document"),
    ],
)
def test_E15_other_text_is_refused(data, says):
    assert says in refused(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    for attempt in (
        data,
        b"<testsuite>" + data + b"</testsuite>",
        b"<testsuite><testcase name='" + data + b"'/></testsuite>",
    ):
        try:
            read(attempt, name="r")
        except CouldNotLook:
            continue


# --- files ---


def test_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(CouldNotLook, match="is not there") as caught:
        read_file(tmp_path / "my report.xml")
    assert caught.value.hint is not None
    assert "--junitxml='" in caught.value.hint


def test_what_is_no_regular_file_is_refused(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, Path("/dev/null"), Path("/dev/zero")):
        with pytest.raises(CouldNotLook, match="is not a regular file"):
            read_file(path)


def test_links_are_followed_and_loops_refused(tmp_path):
    (tmp_path / "link").symlink_to(DATA / "gradle.xml")
    assert read_file(tmp_path / "link").cases
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(CouldNotLook, match="cannot be read"):
        read_file(tmp_path / "loop")


def test_path_that_no_system_takes(tmp_path):
    for path in (Path("a\x00b"), tmp_path / ("x" * 300), DATA / "gradle.xml" / "below"):
        with pytest.raises(CouldNotLook):
            read_file(path)
