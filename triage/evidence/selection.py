"""Which cases of a test report a named test means, and what their outcomes prove."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

from triage.model import Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from triage.model import TestCase, TestReport

_FLAKY = "flaky"
_NEAREST = 3
_COMPARED = 5_000
_SHOWN = 200

# Go's own rule: Test, then nothing or something that is no lower case letter (https://pkg.go.dev/testing).
_GO_TEST = re.compile(r"(?:Test|Example|Fuzz|Benchmark)(?![a-z])\w*(?:/.*)?")
_GO_TEST_IN_PACKAGE = re.compile(r"(?P<package>\S+?)\.(?P<name>(?:Test|Example|Fuzz|Benchmark)(?![a-z])\w*(?:/.*)?)")
_SOURCE_FILE = re.compile(r"\S+\.[A-Za-z][A-Za-z0-9]{0,5}")
# Languages whose reports name the module or class that the file is, with dots.
_MODULE_SUFFIXES = (".py", ".java", ".kt", ".groovy", ".scala")
_IDENTIFIER = re.compile(r"\w+")


class Manner(StrEnum):
    """How the cases were found.

    `exact`, `parametrised`, `class`, `file` and `folder` say what the name means, and where it stands was
    matched whole. `by module name`: the report's module or path is only the end of the named one, or the
    other way round (pytest started inside the repository, paths of the build machine), and no other in
    the report could be meant. `several`: a name given without its place, carried by tests in more than
    one place; all of them are given. `ambiguous`: a name given with its place, and the report does not
    say enough to tell which of the cases, if any, is it. `none`: there is no such case.
    """

    EXACT = "exact"
    PARAMETRISED = "parametrised"
    CLASS = "class"
    FILE = "file"
    FOLDER = "folder"
    BY_MODULE_NAME = "by module name"
    SEVERAL = "several"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


class Selection(NamedTuple):
    """The cases that a name means, how they were found, and up to three near names where none was."""

    cases: tuple[TestCase, ...]
    manner: Manner
    near: tuple[str, ...] = ()


class Counted(NamedTuple):
    """The verdict on a named test, and the numbers it rests on.

    `matched` is the sum of the five outcomes. `executed` leaves out skipped cases and expected failures:
    the latter prove nothing of what was claimed, and may not have run either (`xfail(run=False)`).
    `collected_only` says that the report has no case at all.
    """

    status: Status
    reason: str
    selection: Selection
    matched: int
    executed: int
    passed: int
    failed: int
    errored: int
    skipped: int
    expected_failures: int
    collected_only: bool


def select(wanted: str, cases: Sequence[TestCase]) -> Selection:
    """Return the cases that `wanted` means.

    `wanted` is a pytest node id, a file, a folder (best with a slash at its end), `com.acme.FooTest`,
    `com.acme.FooTest#bar` or `com.acme.FooTest.bar`, `TestFoo/sub` or `example.org/package.TestFoo/sub`,
    or a title. A name without parameters means all its parametrised cases, and that of a Go test all its
    subtests. The end of a name is never taken for the name, and the end of a path only where nothing else
    in the report could be meant.
    """
    wanted = wanted.strip()
    selection = _select(wanted, cases) if wanted else None
    if selection is None:
        return Selection((), Manner.NONE, _nearest(wanted, cases))
    return selection


def judge(wanted: str, report: TestReport) -> Counted:
    """Return what a report proves about a named test.

    Verified: at least one case was executed, and every case that the name means passed. Refuted: one of
    them failed or ended in an error. Unverified: no such case, none executed, any skipped or expected to
    fail, or no telling which case is meant (where the name fits tests in several places, only outcomes
    that agree decide).
    """
    selection = select(wanted, report.cases)
    numbers = Counter(case.outcome for case in selection.cases)
    status, reason = _verdict(wanted, report, selection, numbers)
    return Counted(
        status=status,
        reason=reason,
        selection=selection,
        matched=len(selection.cases),
        executed=_executed(numbers),
        passed=numbers[Outcome.PASSED],
        failed=numbers[Outcome.FAILED],
        errored=numbers[Outcome.ERRORED],
        skipped=numbers[Outcome.SKIPPED],
        expected_failures=numbers[Outcome.EXPECTED_FAILURE],
        collected_only=not report.cases,
    )


def full_name(case: TestCase) -> str:
    """Return a name of the case by which `select` finds it, with its file or class where the report has one."""
    if case.file:
        classes = _classes_in_file(case) if case.file.endswith(_MODULE_SUFFIXES) else ()
        return "::".join((case.file, *classes, case.name))
    if not case.class_name.strip() or _is_title(case):
        return case.name.strip()
    separator = " " if " " in case.class_name else "."
    return f"{case.class_name}{separator}{case.name}"


def file_of(wanted: str) -> str | None:
    """Return the file or folder (with a slash at its end) that a name begins with, None if it has none."""
    path, parts = _split_node_id(wanted.strip())
    named = bool(parts) or ("/" in path and _SOURCE_FILE.fullmatch(path) is not None and not _GO_TEST.fullmatch(path))
    folder = path.endswith("/") and path.strip("./") != ""
    return path if named or folder else None


def namesakes(file: str, selection: Selection, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the other files that the report may mean, where it was found by the end of a path or module only."""
    if selection.manner is not Manner.BY_MODULE_NAME:
        return ()
    case = selection.cases[0]
    modules = file.endswith(_MODULE_SUFFIXES)
    segments = _module_segments if modules else _path_segments
    wanted = segments(file)
    if case.file or not modules:
        report = segments(case.file or (case.class_name if "/" in case.class_name else "") or case.name)
    else:
        located = _within(case, _class_segments(case), wanted)
        report = located.place if located is not None else ()
    suffix = file[file.rindex(".") :] if "." in file else ""

    def meant(path: str) -> bool:
        place = segments(path)
        if len(report) > len(wanted):
            return len(place) > len(wanted) and report[-len(place) :] == place
        return bool(report) and place[-len(report) :] == report

    return tuple(path for path in paths if path != file and path.endswith(suffix) and meant(path))


# --- how names match ---


def _select(wanted: str, cases: Sequence[TestCase]) -> Selection | None:
    path, parts = _split_node_id(wanted)
    if parts:
        return _node(path, parts, cases)
    if wanted in (".", "./"):
        return _selection(cases, Manner.FOLDER)
    if wanted.endswith("/"):
        return _folder(wanted, cases)
    if "#" in wanted:
        class_name, _, method = wanted.partition("#")
        found = _method(class_name, method, cases)
        if found:
            return found
    is_file = _SOURCE_FILE.fullmatch(wanted) is not None
    is_path = is_file and "/" in wanted and not _GO_TEST.fullmatch(wanted)
    return (
        (_file(wanted, cases) if is_path else None)
        or _bare(wanted, cases)
        or _dotted(wanted, cases)
        or (_file(wanted, cases) if is_file else None)
        or (_folder(wanted, cases) if "/" in wanted else None)
        or _class(wanted, cases)
    )


def _split_node_id(wanted: str) -> tuple[str, tuple[str, ...]]:
    """Split `path::Class::test[a::b]` into the path and the names; what has no path has no names.

    Tests of Rust and C++ have `::` in their names, and so may parameters.
    """
    path, separator, rest = wanted.partition("::")
    if not separator or not _SOURCE_FILE.fullmatch(path):
        return wanted, ()
    name, bracket, parameters = rest.partition("[")
    names = name.split("::")
    names[-1] += bracket + parameters
    return path, tuple(names)


def _name_fit(name: str, wanted: str) -> Manner | None:
    """Return whether a case's name is the wanted one or one of its parametrised cases.

    JUnit writes `bar()`, `bar(int)[1]` and `bar{int}[1]`, Go `TestFoo/sub`, gtest `Bar/0`.
    """
    wanted = wanted.removesuffix("()")
    if name in (wanted, f"{wanted}()"):
        return Manner.EXACT
    if not wanted or not name.startswith(wanted):
        return None
    rest = name[len(wanted) :]
    parametrised = (
        (rest[0] == "[" and rest[-1] == "]" and not wanted.endswith("]"))
        or (rest[0] in "({" and _IDENTIFIER.fullmatch(wanted))
        or (rest[0] == "/" and (_GO_TEST.fullmatch(wanted) or rest[1:].isdecimal()))
    )
    return Manner.PARAMETRISED if parametrised else None


def _titles(case: TestCase) -> Iterable[str]:
    """Return the titles of a case, as runners of JavaScript join them from those around it."""
    name = case.name.strip()
    yield name
    group = case.class_name.strip()
    if not group:
        return
    yield f"{group} {name}"
    yield f"{group} > {name}"
    if group.endswith(name):
        yield group


def _titled(case: TestCase, wanted: Iterable[str]) -> bool:
    titles = set(_titles(case))
    return any(title in titles for title in wanted)


def _selection(cases: Iterable[TestCase], manner: Manner) -> Selection | None:
    found = tuple(cases)
    return Selection(found, manner) if found else None


def _manner(cases: Iterable[TestCase], wanted: str) -> Manner:
    fits = {_name_fit(case.name, wanted) for case in cases}
    return Manner.PARAMETRISED if Manner.PARAMETRISED in fits else Manner.EXACT


def _bare(wanted: str, cases: Sequence[TestCase]) -> Selection | None:
    """Find a name without a place; the same name in several places is given whole."""
    found = [
        case
        for case in cases
        if _name_fit(case.name, wanted) or case.name.strip() == wanted or _titled(case, (wanted,))
    ]
    manner = _manner(found, wanted)
    places = {(case.file, "" if _is_title(case) else case.class_name) for case in found}
    return _selection(found, Manner.SEVERAL if len(places) > 1 else manner)


def _is_title(case: TestCase) -> bool:
    """Tell a class name that only repeats the title, as jest-junit and ctest write it, from a place."""
    return case.class_name.strip().endswith(case.name.strip())


# --- how places match ---


class _Fit(IntEnum):
    """How a place of the report stands to the wanted one: other, its end, longer by folders before it, the same."""

    OTHER = 0
    SHORT = 1
    LONG = 2
    EXACT = 3


class _Located(NamedTuple):
    """A case whose place ends in the wanted last part, and what its class name has after that."""

    case: TestCase
    fit: _Fit
    place: tuple[str, ...]
    rest: tuple[str, ...]


def _compare(place: tuple[str, ...], wanted: tuple[str, ...]) -> _Fit:
    if place == wanted:
        return _Fit.EXACT
    if len(place) > len(wanted):
        return _Fit.LONG if place[-len(wanted) :] == wanted else _Fit.OTHER
    return _Fit.SHORT if place and wanted[-len(place) :] == place else _Fit.OTHER


def _within(case: TestCase, segments: tuple[str, ...], wanted: tuple[str, ...]) -> _Located | None:
    """Find the wanted place as the beginning of the segments, or the best of the ends it may have."""
    best: _Located | None = None
    for length, segment in enumerate(segments, 1):
        if segment != wanted[-1]:
            continue
        fit = _compare(segments[:length], wanted)
        if best is None or fit > best.fit:
            best = _Located(case, fit, segments[:length], segments[length:])
    return best


def _choose(
    located: Iterable[_Located | None], belongs: Callable[[_Located], bool], manner: Callable[[list[TestCase]], Manner]
) -> Selection | None:
    """Return the cases at the wanted place, and fall back on ends of it only where they cannot mislead.

    A place that is longer than the wanted one has rivals in those that also end in it; a shorter one in
    every place with the same last part.
    """
    places = [one for one in located if one is not None]
    for fit in (_Fit.EXACT, _Fit.LONG, _Fit.SHORT):
        found = [one.case for one in places if one.fit is fit and belongs(one)]
        if not found:
            continue
        if fit is _Fit.EXACT:
            return _selection(found, manner(found))
        least = _Fit.LONG if fit is _Fit.LONG else _Fit.OTHER
        rivals = [one for one in places if one.fit >= least]
        if len({one.place for one in rivals}) == 1:
            return _selection(found, Manner.BY_MODULE_NAME)
        return _selection([one.case for one in rivals if belongs(one)], Manner.AMBIGUOUS)
    return None


def _path_segments(path: str) -> tuple[str, ...]:
    """Return the parts of a path; one with a drive or a root keeps it, so that it never equals a relative one."""
    if "/" not in path:
        path = path.replace("\\", "/")
    parts = path.split("/")
    root = ("/",) if path.startswith("/") else ()
    return (*root, *(part for part in parts if part not in ("", ".")))


def _dotted_segments(name: str) -> tuple[str, ...]:
    """Return the parts of a class name; nested classes of Java and packages of Go are parts too."""
    return tuple(part for part in re.split(r"[.$/]", name) if part)


def _module_segments(path: str) -> tuple[str, ...]:
    """Return the parts of a file's path as class names in reports have them: dotted, without its suffix."""
    suffix = next((suffix for suffix in _MODULE_SUFFIXES if path.endswith(suffix)), "")
    parts = _path_segments(path.removesuffix(suffix))
    return tuple(segment for part in parts for segment in (_dotted_segments(part) or (part,)))


def _class_segments(case: TestCase) -> tuple[str, ...]:
    """Return the module and classes of a case; a module that could not be collected is a name without a class.

    A class name that repeats the name, as ctest and jest-junit write it, says nothing of a place.
    """
    if case.class_name == case.name:
        return ()
    return _dotted_segments(case.class_name or ("" if case.file else case.name))


def _classes_in_file(case: TestCase) -> tuple[str, ...]:
    """Return the classes of a case whose file is known: its class name without the module."""
    module = _module_segments(case.file)
    segments = _dotted_segments(case.class_name)
    for length in range(len(segments), 0, -1):
        if _compare(segments[:length], module) is not _Fit.OTHER:
            return segments[length:]
    return segments


def _in_module(path: str) -> Callable[[TestCase], _Located | None]:
    wanted = _module_segments(path)

    def locate(case: TestCase) -> _Located | None:
        if not case.file:
            return _within(case, _class_segments(case), wanted)
        place = _module_segments(case.file)
        if not case.file.endswith(_MODULE_SUFFIXES) or place[-1:] != wanted[-1:]:
            return None
        return _Located(case, _compare(place, wanted), place, _classes_in_file(case))

    return locate


def _in_file(path: str) -> Callable[[TestCase], _Located | None]:
    wanted = _path_segments(path)

    def locate(case: TestCase) -> _Located | None:
        # vitest and playwright give the path as class name, jest-junit as the name of a suite that broke
        file = case.file or (case.class_name if "/" in case.class_name else "") or case.name
        place = _path_segments(file)
        if place[-1:] != wanted[-1:]:
            return None
        return _Located(case, _compare(place, wanted), place, ())

    return locate


def _node(path: str, parts: tuple[str, ...], cases: Sequence[TestCase]) -> Selection | None:
    """Find `path::Class::test`, else `path::Class`."""
    if path.endswith(_MODULE_SUFFIXES):
        located = [_in_module(path)(case) for case in cases]
        *classes, name = parts
        return (
            _choose(
                located,
                lambda one: one.rest == tuple(classes) and _name_fit(one.case.name, name) is not None,
                lambda found: _manner(found, name),
            )
            or _choose(located, lambda one: one.rest[: len(parts)] == parts, lambda _: Manner.CLASS)
            or _without_place(parts, cases)
        )
    titles = {" ".join(parts), " > ".join(parts), "::".join(parts)}
    name = parts[-1]

    def titled(case: TestCase) -> bool:
        return _titled(case, titles) or (len(parts) == 1 and _name_fit(case.name, name) is not None)

    if path.endswith("_test.go") and "/" in path:
        # a Go test's name is unique in its package, which is the file's folder; reports have no files
        wanted = _path_segments(path)[:-1]
        package = [_within(case, _dotted_segments(case.class_name), wanted) for case in cases if not case.file]
        found = _choose(package, lambda one: not one.rest and titled(one.case), lambda found: _manner(found, name))
        if found:
            return found
    return _choose(
        [_in_file(path)(case) for case in cases], lambda one: titled(one.case), lambda found: _manner(found, name)
    ) or _selection((case for case in cases if not case.file and _placeless(case) and titled(case)), Manner.AMBIGUOUS)


def _placeless(case: TestCase) -> bool:
    return "/" not in case.class_name


def _without_place(parts: tuple[str, ...], cases: Sequence[TestCase]) -> Selection | None:
    """Find the cases of which the report says nothing but classes and name: one of them may be meant."""
    *classes, name = parts
    return _selection(
        (
            case
            for case in cases
            if not case.file
            and _dotted_segments(case.class_name) == tuple(classes)
            and _name_fit(case.name, name) is not None
        ),
        Manner.AMBIGUOUS,
    )


def _file(path: str, cases: Sequence[TestCase]) -> Selection | None:
    locate = _in_module(path) if path.endswith(_MODULE_SUFFIXES) else _in_file(path)
    return _choose([locate(case) for case in cases], lambda _: True, lambda _: Manner.FILE)


def _folder(path: str, cases: Sequence[TestCase]) -> Selection | None:
    wanted = _path_segments(path)
    dotted = _module_segments(path)
    if not wanted:
        return None

    def locate(case: TestCase) -> _Located | None:
        if case.file or ("/" in case.class_name and _SOURCE_FILE.fullmatch(case.class_name)):
            file = case.file or case.class_name
            return _within(case, _path_segments(file)[:-1], wanted)
        if "/" in case.name and not case.class_name:
            return _within(case, _path_segments(case.name)[:-1], wanted)
        # a group of tests may be called like the folder: what is in a folder has a module below it
        return _within(case, _class_segments(case)[:-1], dotted)

    return _choose([locate(case) for case in cases], lambda _: True, lambda _: Manner.FOLDER)


def _method(class_name: str, method: str, cases: Sequence[TestCase]) -> Selection | None:
    wanted = _dotted_segments(class_name)
    if not wanted or not method:
        return None
    return _choose(
        (_within(case, _dotted_segments(case.class_name), wanted) for case in cases),
        lambda one: not one.rest and _name_fit(one.case.name, method) is not None,
        lambda found: _manner(found, method),
    )


def _dotted(wanted: str, cases: Sequence[TestCase]) -> Selection | None:
    """Find `package.Class.method` and `package.TestFoo/sub`."""
    go = _GO_TEST_IN_PACKAGE.fullmatch(wanted)
    if go:
        found = _method(go["package"], go["name"], cases)
        if found:
            return found
    # the dots of parameters, as in `bar(java.lang.String)[1]`, are not those of the class
    end = next((match.start() for match in re.finditer(r"[\[({]", wanted)), len(wanted))
    class_name, dot, method = wanted[:end].rpartition(".")
    return _method(class_name, method + wanted[end:], cases) if dot else None


def _class(wanted: str, cases: Sequence[TestCase]) -> Selection | None:
    """Find a class with those nested in it, else a package or module with all that it contains."""
    segments = _dotted_segments(wanted)
    if not segments or not re.fullmatch(r"[\w.$/-]+", wanted):
        return _selection((case for case in cases if case.class_name.strip() == wanted), Manner.CLASS)
    located = [_within(case, _class_segments(case), segments) for case in cases]
    own = any(one is not None and not one.rest for one in located)
    return _choose(located, lambda _: True, lambda _: Manner.CLASS if own else Manner.FOLDER)


# --- what the outcomes prove ---


def _executed(numbers: Counter[Outcome]) -> int:
    return numbers[Outcome.PASSED] + numbers[Outcome.FAILED] + numbers[Outcome.ERRORED]


def _verdict(wanted: str, report: TestReport, selection: Selection, numbers: Counter[Outcome]) -> tuple[Status, str]:
    if not selection.cases:
        return Status.UNVERIFIED, _nothing_matched(wanted, report, selection)
    if selection.manner is Manner.AMBIGUOUS:
        named = _list(full_name(case) for case in selection.cases)
        return Status.UNVERIFIED, f"the report does not tell which test is meant; it has {named}"
    total = len(selection.cases)
    bad = [case for case in selection.cases if case.outcome in (Outcome.FAILED, Outcome.ERRORED)]
    if bad and len(bad) < total and selection.manner is Manner.SEVERAL:
        return Status.UNVERIFIED, f"several tests have this name, with different outcomes: {_outcomes(selection.cases)}"
    if bad:
        return Status.REFUTED, _failure(bad, total)
    if not _executed(numbers):
        return Status.UNVERIFIED, f"0 executed: {_left_out(numbers, total)}"
    passed = numbers[Outcome.PASSED]
    contradiction = _contradiction(report) if passed == total else None
    if contradiction is not None:
        return Status.UNVERIFIED, f"{passed} passed, but {contradiction}"
    if passed < total:
        return Status.UNVERIFIED, f"{passed} of {total} passed; {_left_out(numbers, total)}"
    return Status.VERIFIED, f"{passed} passed{_remarks(selection)}"


def _contradiction(report: TestReport) -> str | None:
    """Say what in the whole report speaks against its passes, None if nothing does."""
    # a case that ended in an error may be counted twice: pytest writes a failure, and an error in teardown
    twice = sum(case.outcome is Outcome.ERRORED for case in report.cases)
    if report.claimed is not None and report.claimed > len(report.cases) + twice:
        has = "1 case" if len(report.cases) == 1 else f"{len(report.cases)} cases"
        return f"the report claims {_tests(report.claimed)} and has {has}"
    for case in report.cases:
        if case.outcome in (Outcome.FAILED, Outcome.ERRORED) and not case.class_name and not case.file:
            return f"a whole suite {case.outcome}: {_plain(case.name)}"
    return None


def _nothing_matched(wanted: str, report: TestReport, selection: Selection) -> str:
    if not report.cases:
        if report.claimed:
            return f"collected only: the report claims {_tests(report.claimed)} and has no executed case"
        return "0 executed: the report has no test case (was it only collected?)"
    path, parts = _split_node_id(wanted)
    broken = _file(path, report.cases) if parts else None
    for case in broken.cases if broken else ():
        if case.outcome is Outcome.ERRORED and (not case.class_name or case.name == case.file):
            return f"not run: its file could not be loaded — {_first_line(case.message)}"
    near = f"; nearest: {_list(selection.near)}" if selection.near else ""
    return f"no test of this name in the report, which has {len(report.cases)}{near}"


def _failure(bad: list[TestCase], total: int) -> str:
    case = bad[0]
    word = "failed" if any(one.outcome is Outcome.FAILED for one in bad) else "errored"
    count = f"{len(bad)} of {total} " if total > 1 else ""
    message = _first_line(case.message)
    return f"{count}{word}: {_plain(full_name(case))}" + (f" — {message}" if message else "")


def _left_out(numbers: Counter[Outcome], total: int) -> str:
    """Say which cases prove nothing: `10 were skipped`, `all 2 were expected to fail`."""
    parts = []
    for outcome, words in ((Outcome.SKIPPED, "skipped"), (Outcome.EXPECTED_FAILURE, "expected to fail")):
        number = numbers[outcome]
        if number:
            count = f"all {number}" if number == total > 1 else str(number)
            parts.append(f"{count} {'was' if number == 1 else 'were'} {words}")
    return ", ".join(parts)


def _remarks(selection: Selection) -> str:
    remarks = ""
    flaky = sum(case.message == _FLAKY for case in selection.cases)
    if flaky:
        remarks += f"; {flaky} flaky: failed first and passed when run again"
    if selection.manner is Manner.SEVERAL:
        remarks += f"; several tests have this name: {_list(full_name(case) for case in selection.cases)}"
    if selection.manner is Manner.BY_MODULE_NAME:
        remarks += f"; found by module name, the report calls it {_plain(full_name(selection.cases[0]))}"
    return remarks


def _outcomes(cases: Iterable[TestCase]) -> str:
    return _list(f"{full_name(case)} {case.outcome}" for case in cases)


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"


def _list(names: Iterable[str]) -> str:
    shown = [_plain(name) for name in names]
    more = f" and {len(shown) - _NEAREST} more" if len(shown) > _NEAREST else ""
    return ", ".join(shown[:_NEAREST]) + more


def _first_line(text: str) -> str:
    return _plain(text.strip().partition("\n")[0])


def _plain(text: str) -> str:
    """Return text as one short line; names and messages of a report may hold control characters."""
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _nearest(wanted: str, cases: Sequence[TestCase]) -> tuple[str, ...]:
    """Return up to three names of the report: the same test elsewhere first, then similar ones."""
    _, parts = _split_node_id(wanted)
    leaf = re.split(r"[#.]", (parts[-1] if parts else wanted).partition("[")[0])[-1]
    names: dict[str, str] = {}
    for case in cases:
        base = case.name.partition("[")[0]
        if len(base) <= _SHOWN and len(names) < _COMPARED:
            names.setdefault(full_name(case), base)
    same = [full for full, base in names.items() if base == leaf]
    alike = difflib.get_close_matches(leaf, list(dict.fromkeys(names.values())), n=_NEAREST)
    others = [full for base in alike for full, other in names.items() if other == base and full not in same]
    return tuple([*same, *others][:_NEAREST])
