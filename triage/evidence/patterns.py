"""Evidence `present` and `absent`: a regular expression over the tracked text files that globs select."""

from __future__ import annotations

import posixpath
import re
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from triage import globs
from triage.errors import CouldNotLook
from triage.evidence.commit import amount
from triage.evidence.facts import ticked, tip, verdict
from triage.landing.proof import SHORT, day
from triage.model import Occurrence, Part, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.clusters.grammar import AbsentEvidence, PresentEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Change, Entry, Verdict
    from triage.ports import History

SHOWN = 10
_CHUNK = 200
_SYMBOLIC_LINK = "120000"
_BINARY_HEAD = 8000
_OUT_FOLDERS = frozenset(
    ("node_modules", "vendor", "third_party", "site-packages", ".venv", "venv", "bower_components")
)
_OUT_NAMES = re.compile(
    r"(?:.*(?:\.bak|\.backup|\.orig|\.rej|\.old|\.min\.js|\.min\.css|~))|(?:.*\.(?:bak|backup)[.\d_-].*)"
)
_WHOLE_TEXT_UNSAFE = re.compile(r"\\[AZz]|\(\?|[*+?}]\+")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"
_POINTER_HOLDS = 1024
_HOPS = 8


@dataclass(slots=True)
class _Found:
    """The lines that match: the first few, their number, and how many files were looked through."""

    files: int = 0
    lines: int = 0
    first: list[Occurrence] = field(default_factory=list)
    left_out: int = 0
    unread: set[str] = field(default_factory=set)


def judge_present(item: PresentEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return the verdict: some line matches, as many as `count:` asks for."""
    at = tip(item.at, facts)
    with _limited(facts.rules.pattern_seconds):
        found = _search(item.present, item.in_, at, facts)
    source = facts.source
    if not found.files:
        return _no_file(found, item.in_, source, Status.REFUTED)
    if not found.lines:
        reason = f"no line in {amount(found.files, 'file')} at {at[:SHORT]}"
        return verdict(Status.REFUTED, reason, proof="pattern", source=source)
    parts: tuple[Part, ...] = ()
    if item.count is not None:
        holds = item.count.holds(found.lines)
        parts = (Part("count", Status.VERIFIED if holds else Status.REFUTED, amount(found.lines, "line")),)
    first = found.first[0]
    return verdict(
        Status.VERIFIED,
        _lines(found),
        parts=parts,
        found=f"{first.path}:{first.line}",
        proof="pattern",
        source=source,
        details=_details(found),
    )


def judge_absent(item: AbsentEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return the verdict: no line matches now, and one did once (or `never: true` says that none should)."""
    at = tip(item.at, facts)
    source = facts.source
    with _limited(facts.rules.pattern_seconds):
        found = _search(item.absent, item.in_, at, facts)
        if found.lines:
            first = found.first[0]
            return verdict(
                Status.REFUTED,
                _lines(found),
                found=f"{first.path}:{first.line}",
                proof="pattern",
                source=source,
                details=_details(found),
            )
        gone = f"0 lines in {amount(found.files, 'file')} at {at[:SHORT]}"
        if item.never:
            if not found.files:
                return _no_file(found, item.in_, source, Status.UNVERIFIED)
            return verdict(Status.VERIFIED, gone, proof="pattern", source=source)
        if found.left_out and not found.files:
            return _no_file(found, item.in_, source, Status.UNVERIFIED)
        past, skipped = _in_the_past(item.absent, item.in_, at, facts)
    if past is not None and past.path in found.unread:
        raise CouldNotLook(f"{gone}; it stood in {ticked(past.path)}, which is now a binary file and was not read")
    if past is not None:
        when = facts.history.commits([past.sha])[past.sha].committed
        place = ticked(f"{past.path}:{past.line}")
        reason = f"{gone}; it stood in {place}, last touched by {past.sha[:SHORT]} of {day(when)}"
        return verdict(Status.VERIFIED, reason, found=past.sha, proof="pattern", source=source)
    state = facts.history.state
    if state.blind and (state.shallow or state.partial):
        raise CouldNotLook(f"{gone}, but the history of these files is not all here: {state.blind}", state.cure)
    if skipped:
        raise CouldNotLook(f"{gone}, but {amount(skipped, 'old version')} of these files could not be read")
    reason = (
        f"{gone}, and none in their history: is the pattern right? (`never: true` if there should never have been one)"
    )
    return verdict(Status.UNVERIFIED, reason, proof="pattern", source=source)


def _no_file(found: _Found, wanted: tuple[str, ...], source: str, otherwise: Status) -> Verdict:
    if found.left_out:
        reason = (
            f"only vendored, backup or binary files match {_globs(wanted)}; name their folder or ending to look there"
        )
        return verdict(Status.UNVERIFIED, reason, source=source)
    if all(glob.startswith("!") for glob in wanted):
        reason = f"{_globs(wanted)} only takes files out, so none is looked through; name those to look through first"
        return verdict(Status.UNVERIFIED, reason, source=source)
    return verdict(otherwise, f"no tracked file matches {_globs(wanted)}", proof="pattern", source=source)


def _globs(wanted: tuple[str, ...]) -> str:
    return ", ".join(ticked(glob) for glob in wanted)


def _lines(found: _Found) -> str:
    files = len({item.path for item in found.first}) if found.lines <= len(found.first) else None
    where = f"{found.first[0].path}:{found.first[0].line}" if found.lines == 1 else None
    if where is not None:
        return f"1 line: {ticked(where)}"
    spread = f" in {amount(files, 'file')}" if files is not None else f" ({amount(found.files, 'file')} looked through)"
    return f"{amount(found.lines, 'line')}{spread}"


def _details(found: _Found) -> tuple[str, ...]:
    if found.lines == 1:
        return ()
    listed = tuple(f"{item.path}:{item.line}" for item in found.first)
    more = found.lines - len(listed)
    return (*listed, f"and {more:,} more") if more else listed


def _named(path: str, wanted: tuple[str, ...]) -> bool:
    """Whether the globs themselves name what would leave a path out: its vendored folder, or its ending."""
    positive = [glob for glob in wanted if not glob.startswith("!")]
    folders = [folder for folder in path.split("/")[:-1] if folder in _OUT_FOLDERS]
    name = path.rsplit("/", 1)[-1]
    if folders and not any(folder in glob.split("/") for glob in positive for folder in folders):
        return False
    if not _OUT_NAMES.fullmatch(name):
        return True
    endings = [part for part in re.split(r"(?=[.~])", name)[1:] if part]
    return any(glob.endswith(name) or (endings and glob.endswith(endings[-1])) for glob in positive)


def _named_whole(path: str, wanted: tuple[str, ...]) -> bool:
    """Whether a glob gives the file's whole name: a binary file is looked through only then."""
    return any(glob.rsplit("/", 1)[-1] == path.rsplit("/", 1)[-1] for glob in wanted)


def _left_out(path: str) -> bool:
    folders = path.split("/")[:-1]
    return (
        any(folder in _OUT_FOLDERS for folder in folders) or _OUT_NAMES.fullmatch(path.rsplit("/", 1)[-1]) is not None
    )


def _wanted(path: str, wanted: tuple[str, ...]) -> bool:
    return not _left_out(path) or _named(path, wanted)


def _search(pattern: str, wanted: tuple[str, ...], at: str, facts: Facts) -> _Found:
    tree = facts.history.tree(at)
    found = _Found()
    paths: list[tuple[str, Entry]] = []
    selected = dict.fromkeys(globs.select(wanted, tree))
    for path in selected:
        entry = tree[path]
        if entry.mode == _SYMBOLIC_LINK:
            target = followed(path, tree, facts.history)
            if target in selected:
                continue  # looked through under its own name
            if target is None or target not in tree:
                found.left_out += 1
                found.unread.add(path)
                continue
            entry = tree[target]
        if _wanted(path, wanted):
            paths.append((path, entry))
        else:
            found.left_out += 1
    matcher = _Matcher(pattern)
    for (path, _), (_, content) in zip(paths, facts.history.contents(entry.blob for _, entry in paths), strict=True):
        if content is None:
            raise CouldNotLook(f"{ticked(path)} at {at[:SHORT]} is not in this clone", facts.history.state.cure)
        if content.startswith(_LARGE_FILE) and len(content) <= _POINTER_HOLDS:
            found.left_out += 1  # what stands in it is kept elsewhere, in Git LFS
            found.unread.add(path)
            continue
        if _binary(content) and not _named_whole(path, wanted):
            found.left_out += 1
            found.unread.add(path)
            continue
        found.files += 1
        for line, text in matcher.lines(content):
            found.lines += 1
            if len(found.first) < SHOWN:
                found.first.append(Occurrence(at, path, line, text))
    return found


def _in_the_past(pattern: str, wanted: tuple[str, ...], at: str, facts: Facts) -> tuple[Occurrence | None, int]:
    """The newest version of the files in which the pattern stands, and how many versions could not be read."""
    matcher = _Matcher(pattern)
    hint = facts.history.witness(pattern, wanted)
    if hint is not None:
        seen = _at_witness(hint, matcher, facts)
        if seen is not None:
            return seen, 0
    skipped = 0
    versions = facts.history.past_blobs(wanted, at)
    while chunk := list(islice(versions, _CHUNK)):
        kept = [(sha, path, blob) for sha, path, blob in chunk if _wanted(path, wanted)]
        for (sha, path, _), (_, content) in zip(kept, facts.history.contents(blob for _, _, blob in kept), strict=True):
            if content is None:
                skipped += 1
            elif not _binary(content):
                line = next(matcher.lines(content), None)
                if line is not None:
                    return Occurrence(sha, path, *line), skipped
    return None, skipped


def _at_witness(hint: Occurrence, matcher: _Matcher, facts: Facts) -> Occurrence | None:
    """The hint, once the file was looked at: what a commit of the branch found or left there."""
    if hint.sha not in facts.history.reachable(facts.judged.sha, [hint.sha]):
        return None
    for change in facts.history.changes([hint.sha]).get(hint.sha, ()):
        if change.path == hint.path:
            for blob in _sides(change):
                for _, content in facts.history.contents([blob]):
                    line = next(matcher.lines(content), None) if content is not None else None
                    if line is not None:
                        return Occurrence(hint.sha, hint.path, *line)
    return None


def _sides(change: Change) -> list[str]:
    return [blob for blob in (change.after, change.before) if blob]


class Witness(NamedTuple):
    """Where a pattern once stood, and the blob that shows it."""

    occurrence: Occurrence
    blobs: tuple[str, ...]


def witness(pattern: str, wanted: tuple[str, ...], sha: str, facts: Facts) -> Witness | None:
    """Return where a pattern stood in what a commit changed, or None. For exports."""
    matcher = _Matcher(pattern)
    for change in facts.history.changes([sha]).get(sha, ()):
        if not _wanted(change.path, wanted) or not list(globs.select(wanted, [change.path])):
            continue
        for blob in _sides(change):
            for _, content in facts.history.contents([blob]):
                line = next(matcher.lines(content), None) if content is not None and not _binary(content) else None
                if line is not None:
                    return Witness(Occurrence(sha, change.path, *line), tuple(_sides(change)))
    return None


def _binary(content: bytes) -> bool:
    return b"\0" in content[:_BINARY_HEAD] and not content.startswith(_UTF16)


def _readings(content: bytes) -> list[str]:
    """The text of a file without its byte order mark; in two readings where it is no UTF-8."""
    if content.startswith(_UTF16):
        return [content.decode("utf-16", "replace")]
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return [content.decode()]
    except UnicodeDecodeError:
        return [content.decode("utf-8", "surrogateescape"), content.decode("latin-1")]


def followed(path: str, tree: Mapping[str, Entry], history: History) -> str | None:
    """Return where the symbolic links on a path lead, or None where they leave the repository or go in a circle."""
    for _ in range(_HOPS):
        parts = path.split("/")
        roots = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        link = next((root for root in roots if root in tree and tree[root].mode == _SYMBOLIC_LINK), None)
        if link is None:
            return path
        [(_, content)] = history.contents([tree[link].blob])
        if content is None:
            raise CouldNotLook(f"the symbolic link {ticked(link)} cannot be read", history.state.cure)
        target = content.decode("utf-8", "surrogateescape")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target + path[len(link) :]))
        if path.startswith(("/", "..")):
            return None
    return None


class _Matcher:
    """A pattern, line by line. One search over the whole text passes over files without any match."""

    def __init__(self, pattern: str) -> None:
        import warnings  # noqa: PLC0415 - only patterns pay for it

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._line = re.compile(pattern)
            whole = None if _WHOLE_TEXT_UNSAFE.search(pattern) else re.compile(pattern, re.MULTILINE)
        self._whole = whole

    def lines(self, content: bytes) -> Iterator[tuple[int, str]]:
        """Yield (line from 1, its text) of each line that matches."""
        texts = _readings(content)
        if self._whole is not None and all(self._whole.search(text.replace("\r\n", "\n")) is None for text in texts):
            return
        for number, lines in enumerate(zip(*(text.split("\n") for text in texts), strict=True), 1):
            read = [line.removesuffix("\r") for line in lines]
            if any(self._line.search(line) is not None for line in read):
                yield number, read[0]


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise `CouldNotLook` when a pattern takes longer than `seconds`, even inside one match."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise CouldNotLook(f"the pattern took longer than {seconds:g} seconds", "a simpler pattern, or fewer files")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
