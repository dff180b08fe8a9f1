"""Reads reports of test runs: what each case of a JUnit XML file became."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shlex
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.model import Outcome, TestCase, TestReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from xml.etree.ElementTree import Element

MAXIMUM_SIZE = 20 * 1024 * 1024
MAXIMUM_CASES = 200_000
MAXIMUM_DEPTH = 100
MESSAGE_LENGTH = 500
FLAKY = "flaky"
"""The message of a case that failed, was run again and passed in the end."""

_ROOTS = ("testsuites", "testsuite")

_BADNESS = {
    Outcome.PASSED: 0,
    Outcome.EXPECTED_FAILURE: 1,
    Outcome.SKIPPED: 2,
    Outcome.FAILED: 3,
    Outcome.ERRORED: 4,
}

# Surefire: https://maven.apache.org/surefire/maven-surefire-plugin/examples/rerun-failing-tests.html
_ELEMENTS = {
    "failure": Outcome.FAILED,
    "rerunFailure": Outcome.FAILED,
    "error": Outcome.ERRORED,
    "rerunError": Outcome.ERRORED,
    "skipped": Outcome.SKIPPED,
    "flakyFailure": Outcome.PASSED,
    "flakyError": Outcome.PASSED,
}

# The words of `status` and `result`: gtest (run, notrun, completed, suppressed, skipped), ctest (run, fail,
# disabled, notrun), and the plain words of others. A word that is not here is not taken for a pass.
_WORDS = {
    **dict.fromkeys(("run", "completed", "pass", "passed", "ok", "success", "successful", "succeeded"), Outcome.PASSED),
    **dict.fromkeys(("notrun", "skipped", "disabled", "suppressed"), Outcome.SKIPPED),
    **dict.fromkeys(("fail", "failed", "failure"), Outcome.FAILED),
    **dict.fromkeys(("error", "errored"), Outcome.ERRORED),
}

_SOURCE_FILE = re.compile(r"[^\s:]+\.(?:py|[cm]?[jt]sx?|go|rb|php|java|kt|cs|rs|swift|cc|cpp|exs)")


def looks_like_source(name: str) -> bool:
    """Return whether a name is that of a source file, as runners of JavaScript name their suites."""
    return _SOURCE_FILE.fullmatch(name) is not None


def read(data: bytes, *, name: str) -> TestReport:
    """Return the cases of a JUnit XML report; `name` is what errors call it.

    The outcome of a case comes from its own elements, never from the totals of suites. Elements that
    repeat the class name, name and file of an earlier one make one case with the worst outcome: pytest
    writes a second one for a failure followed by an error in teardown, and shards repeat cases.

    Raises CouldNotLook for anything that is not a whole report: other text, a truncated file, another
    root, a document type declaration, more than 20 MB, 200,000 cases or 100 levels.
    """
    if len(data) > MAXIMUM_SIZE:
        raise _too_big(name)
    if not data.strip():
        raise CouldNotLook(f"{name}: the report is empty", "was the test command killed before it wrote its report?")
    reading = _Reading(name)
    for event, element in _events(data, name):
        if event == "start":
            reading.open(element)
        else:
            reading.close(element)
    return TestReport(
        cases=tuple(_merged(reading.cases)), claimed=reading.claimed, digest=hashlib.sha256(data).hexdigest()
    )


def read_file(path: Path) -> TestReport:
    """Return the cases of the JUnit XML report in a file. Raises CouldNotLook where `content` and `read` do."""
    return read(content(path, name=str(path)), name=str(path))


def content(path: Path, *, name: str) -> bytes:
    """Return the bytes of a report in a file; `name` is what errors call it.

    Raises CouldNotLook for what is missing, too large, unreadable or no regular file. Links are followed:
    a report given by hand may lie anywhere.
    """
    try:
        # without O_NONBLOCK the opening of a FIFO waits for a writer that may never come
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise CouldNotLook(f"{name} is not a regular file")
            if found.st_size > MAXIMUM_SIZE:
                raise _too_big(name)
            data = file.read(MAXIMUM_SIZE + 1)
    except FileNotFoundError as error:
        raise CouldNotLook(
            f"{name} is not there", f"make it with the test run, for instance: pytest --junitxml={shlex.quote(name)}"
        ) from error
    except IsADirectoryError as error:
        raise CouldNotLook(f"{name} is not a regular file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CouldNotLook(f"{name} cannot be read: {reason}") from error
    return data


def _too_big(name: str) -> CouldNotLook:
    return CouldNotLook(f"{name}: the report is larger than {MAXIMUM_SIZE // 1024 // 1024} MB")


def _events(data: bytes, name: str) -> Iterator[tuple[str, Element]]:
    """Yield the starts and ends of elements; what expat and defusedxml refuse becomes CouldNotLook."""
    from defusedxml import (  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - import costs time
        DefusedXmlException,
        ElementTree,
    )

    try:
        yield from ElementTree.iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True)
    except DefusedXmlException as error:
        raise CouldNotLook(f"{name}: the report has a document type declaration, which is refused") from error
    except ElementTree.ParseError as error:
        raise CouldNotLook(f"{name}: not a whole XML document: {error}") from error
    except (ValueError, LookupError) as error:
        # expat leaves encodings to Python's codecs, which know other errors
        raise CouldNotLook(f"{name}: its encoding cannot be read: {error}") from error


@dataclass(slots=True)
class _Frame:
    """An element that is open: its tag, the suite's file for its cases, and what a case has shown so far."""

    element: Element
    tag: str
    file: str
    seen: list[tuple[Outcome, str]] = field(default_factory=list)


class _Reading:
    """Follows the events of one report; elements are dropped when they end, so that size stays flat."""

    def __init__(self, name: str) -> None:
        self.cases: list[TestCase] = []
        self._name = name
        self._frames: list[_Frame] = []
        self._claimed: dict[int, int] = {}

    @property
    def claimed(self) -> int | None:
        """The total of the root, else the sum of the suites directly in it, else None."""
        if 1 in self._claimed:
            return self._claimed[1]
        return self._claimed.get(2)

    def open(self, element: Element) -> None:
        tag = _local(element)
        if not self._frames and tag not in _ROOTS:
            raise CouldNotLook(
                f"{self._name}: the root is <{_cut(tag, 60)}>, not <testsuites> or <testsuite>",
                "only JUnit XML is read from XML files",
            )
        depth = len(self._frames) + 1
        if depth > MAXIMUM_DEPTH:
            raise CouldNotLook(f"{self._name}: elements are nested deeper than {MAXIMUM_DEPTH}")
        file = self._frames[-1].file if self._frames else ""
        if tag in _ROOTS:
            file = _file_of_suite(element.attrib) or file
            total = _number(element.get("tests"))
            if total is not None and depth <= 2:  # noqa: PLR2004 - the root and the suites directly in it
                self._claimed[depth] = self._claimed.get(depth, 0) + total
        self._frames.append(_Frame(element, tag, file))

    def close(self, element: Element) -> None:
        frame = self._frames.pop()
        parent = self._frames[-1] if self._frames else None
        if frame.tag == "testcase":
            self._add(_case(element.attrib, frame.file, frame.seen))
        elif parent is not None and frame.tag in _ELEMENTS:
            shown = _shown(frame.tag, element)
            if parent.tag == "testcase":
                parent.seen.append(shown)
            elif parent.tag in _ROOTS and frame.tag in ("failure", "error"):
                # a suite that broke as a whole has no case to carry the error
                suite = parent.element.get("name", "")
                self._add(TestCase(name=suite, class_name="", file=parent.file, outcome=shown[0], message=shown[1]))
        if parent is not None:
            parent.element.remove(element)

    def _add(self, case: TestCase) -> None:
        if len(self.cases) == MAXIMUM_CASES:
            raise CouldNotLook(f"{self._name}: the report has more than {MAXIMUM_CASES:,} test cases")
        self.cases.append(case)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _cut(text: str, length: int = MESSAGE_LENGTH) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _number(text: str | None) -> int | None:
    """Return a total, or None for what no report of this size can mean (`NaN`, `-1`, a thousand digits)."""
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _file_of_suite(attributes: Mapping[str, str]) -> str:
    """Return the file that a suite is about, by its attribute or, in vitest and playwright, its name."""
    for key in ("file", "filepath"):
        if attributes.get(key):
            return attributes[key]
    name = attributes.get("name", "")
    return name if looks_like_source(name) else ""


def _shown(tag: str, element: Element) -> tuple[Outcome, str]:
    """Return what one child of a case says of it, with its message."""
    outcome = _ELEMENTS[tag]
    kind = element.get("type", "")
    message = element.get("message", "").strip() or (element.text or "").strip() or kind
    if tag.startswith(FLAKY):
        message = FLAKY
    elif tag == "skipped" and _is_expected_failure(kind, message):
        outcome = Outcome.EXPECTED_FAILURE
    return outcome, _cut(message)


def _is_expected_failure(kind: str, message: str) -> bool:
    """Tell an expected failure, which reports write as skipped; the message counts where no type is given."""
    if kind:
        return "xfail" in kind.lower()
    return re.match(r"\W*(?:xfail|expected (?:test )?failure)\b", message.lower()) is not None


def _case(attributes: Mapping[str, str], file: str, seen: list[tuple[Outcome, str]]) -> TestCase:
    seen = [*seen, *_by_words(attributes)]
    outcome, message = max(seen, key=lambda shown: _BADNESS[shown[0]], default=(Outcome.PASSED, ""))
    return TestCase(
        name=attributes.get("name", ""),
        class_name=attributes.get("classname", ""),
        file=attributes.get("file") or file,
        outcome=outcome,
        message=message,
    )


def _by_words(attributes: Mapping[str, str]) -> Iterator[tuple[Outcome, str]]:
    for key in ("status", "result"):
        word = attributes.get(key, "").strip().lower()
        outcome = _WORDS.get(word, Outcome.SKIPPED)
        if word and outcome is not Outcome.PASSED:
            yield outcome, _cut(f"{key}: {word}")


def _merged(cases: Iterable[TestCase]) -> Iterable[TestCase]:
    """Return one case for each class name, name and file: the worst of those that carry them."""
    merged: dict[tuple[str, str, str], TestCase] = {}
    for case in cases:
        key = (case.class_name, case.name, case.file)
        known = merged.get(key)
        worse = known is None or _BADNESS[case.outcome] > _BADNESS[known.outcome]
        flaky = known is not None and case.outcome is known.outcome and not known.message
        if worse or flaky:
            merged[key] = case
    return merged.values()
