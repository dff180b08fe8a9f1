"""Evidence `present` and `absent`: a regular expression over the tracked text files that globs select."""

from __future__ import annotations

import codecs
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
from triage.evidence.facts import amount, ticked, tip, verdict
from triage.landing.citation import SHORT, day
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
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_LINE_END = re.compile(r"\r\n?")
_MODULE_PATH = re.compile(rb"^\s*path\s*=\s*\"?([^\"\n]+?)\"?\s*$", re.MULTILINE)
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
    binary: int = 0
    unread: set[str] = field(default_factory=set)
    pointers: list[str] = field(default_factory=list)
    elsewhere: str | None = None

    @property
    def unseen(self) -> str | None:
        """What was selected and cannot be seen here, in words."""
        if self.pointers:
            return f"{ticked(self.pointers[0])} is a Git LFS pointer, its content is not here"
        return self.elsewhere


def judge_present(item: PresentEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001
    """Return the verdict: some line matches, as many as `count:` asks for."""
    at = tip(item.at, facts)
    with _limited(facts.rules.pattern_seconds):
        found = _search(item.present, item.in_, at, facts)
    source = facts.source
    if not found.lines and found.unseen is not None:
        return verdict(Status.UNVERIFIED, found.unseen, source=source)
    if not found.files:
        return _no_file(found, item.in_, source, Status.REFUTED if _plain(item.in_) else Status.UNVERIFIED)
    if not found.lines:
        reason = f"no line in {amount(found.files, 'file')} at {at[:SHORT]}"
        return verdict(Status.REFUTED, reason, proof="pattern", source=source)
    parts: tuple[Part, ...] = ()
    if item.count is not None:
        holds = item.count.holds(found.lines)
        counted = Status.VERIFIED if holds else Status.REFUTED
        at_least = amount(found.lines, "line")
        if found.unseen is not None and not (holds and item.count.operator.startswith(">")):
            counted, at_least = Status.UNVERIFIED, f"{at_least}, but {found.unseen}"
        parts = (Part("count", counted, at_least),)
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
        if found.unseen is not None:
            return verdict(Status.UNVERIFIED, f"{gone}; but {found.unseen}", source=source)
        if found.binary:
            gone = f"{gone} ({amount(found.binary, 'file')} left out as binary)"
        if item.never:
            if not found.files:
                return _no_file(found, item.in_, source, Status.UNVERIFIED)
            return verdict(Status.VERIFIED, gone, proof="pattern", source=source)
        if found.left_out and not found.files:
            return _no_file(found, item.in_, source, Status.UNVERIFIED)
        past, skipped = _in_the_past(item.absent, item.in_, at, facts)
        now = past.now or _renamed(item.absent, past.where, at, facts) if past is not None else None
    if past is not None and past.where.path in found.unread:
        place = ticked(past.where.path)
        raise CouldNotLook(f"{gone}; it stood in {place}, which is now a binary file and was not read")
    if now is not None:
        outside = "left out there" if list(globs.select(item.in_, [now])) else "outside `in:`"
        return verdict(Status.UNVERIFIED, f"{gone}; it stands in {ticked(now)} now, {outside}", source=source)
    if past is not None:
        reason = f"{gone}; {_stood(past, facts)}"
        return verdict(Status.VERIFIED, reason, found=past.where.sha, proof="pattern", source=source)
    state = facts.history.state
    if state.blind and (state.shallow or state.partial):
        raise CouldNotLook(f"{gone}, but the history of these files is not all here: {state.blind}", state.cure)
    if skipped:
        raise CouldNotLook(f"{gone}, but {amount(skipped, 'old version')} of these files could not be read")
    reason = (
        f"{gone}, and none in their history: is the pattern right? (`never: true` if there should never have been one)"
    )
    return verdict(Status.UNVERIFIED, reason, proof="pattern", source=source)


def _stood(past: _Past, facts: Facts) -> str:
    sha, path = past.where.sha, past.where.path
    when = day(facts.history.commits([sha])[sha].committed)
    took = any(
        change.path == path and change.before == past.blob and change.after != past.blob
        for change in facts.history.changes([sha]).get(sha, ())
    )
    did = "until" if took else "brought by"
    return f"it stood in {ticked(f'{path}:{past.where.line}')}, {did} {sha[:SHORT]} of {when}"


def _renamed(pattern: str, where: Occurrence, at: str, facts: Facts) -> str | None:
    """Where the pattern stands now, in the file that git says the old one became."""
    tree = facts.history.tree(at)
    if where.path in tree:
        return None
    try:
        place = facts.history.path_history(where.path, at).moved_to
    except CouldNotLook:
        return None
    if place is None or place not in tree:
        return None
    [(_, content)] = facts.history.contents([tree[place].blob])
    return place if content is not None and next(_Matcher(pattern).lines(content), None) is not None else None


def _plain(wanted: tuple[str, ...]) -> bool:
    """Whether every glob that takes files in is a plain path."""
    return not any(re.search(r"[*?\[\\]", glob) for glob in wanted if not glob.startswith("!"))


def submodules(tree: Mapping[str, Entry], history: History) -> tuple[str, ...]:
    """Return the folders that are submodules, whose files are not in this repository."""
    entry = tree.get(".gitmodules")
    if entry is None:
        return ()
    [(_, content)] = history.contents([entry.blob])
    return tuple(raw.decode("utf-8", "surrogateescape").rstrip("/") for raw in _MODULE_PATH.findall(content or b""))


def _beyond(wanted: tuple[str, ...], tree: Mapping[str, Entry], history: History) -> str | None:
    """Say which glob looks for files below a symbolic link or in a submodule, where no tree has any."""
    modules: tuple[str, ...] | None = None
    for glob in wanted:
        stem = glob.rstrip("/ ").removeprefix("/")
        if glob.startswith("!") or "/" not in glob.rstrip(" "):
            continue
        parts = stem.split("/")
        fixed = next((at for at, part in enumerate(parts) if re.search(r"[*?\[\\]", part)), len(parts))
        roots = ["/".join(parts[:end]) for end in range(1, fixed + 1)]
        for root in roots:
            below = root != stem or glob.endswith("/")
            if below and root in tree and tree[root].mode == _SYMBOLIC_LINK:
                return f"{ticked(glob)} is below {ticked(root)}, a symbolic link"
        modules = submodules(tree, history) if modules is None else modules
        module = next((root for root in roots if root in modules), None)
        if module is not None:
            return f"{ticked(module)} is a submodule, which is not looked into"
    return None


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
    found = _Found(elsewhere=_beyond(wanted, tree, facts.history))
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
            raise CouldNotLook(f"{ticked(path)} at {at[:SHORT]} is missing or too large", facts.history.state.cure)
        if _pointer(content):
            found.left_out += 1  # what stands in it is kept elsewhere, in Git LFS
            found.pointers.append(path)
            continue
        if _binary(content) and not _named_whole(path, wanted):
            found.left_out += 1
            found.binary += 1
            found.unread.add(path)
            continue
        found.files += 1
        for line, text in matcher.lines(content):
            found.lines += 1
            if len(found.first) < SHOWN:
                found.first.append(Occurrence(at, path, line, text))
    return found


class _Past(NamedTuple):
    """A line of the past that matches, the blob that has it, and the path where that blob stands now, if any."""

    where: Occurrence
    blob: str
    now: str | None = None


def _in_the_past(pattern: str, wanted: tuple[str, ...], at: str, facts: Facts) -> tuple[_Past | None, int]:
    """The newest version of the files in which the pattern stands, and how many versions could not be read.

    Among the versions read with it, one goes first whose blob still stands somewhere.
    """
    matcher = _Matcher(pattern)
    standing = {entry.blob: path for path, entry in facts.history.tree(at).items()}
    hint = facts.history.witness(pattern, wanted)
    if hint is not None:
        seen = _at_witness(hint, matcher, facts)
        if seen is not None:
            return seen._replace(now=standing.get(seen.blob)), 0
    skipped = 0
    versions = facts.history.past_blobs(wanted, at)
    while chunk := list(islice(versions, _CHUNK)):
        first: _Past | None = None
        kept = [(sha, path, blob) for sha, path, blob in chunk if _wanted(path, wanted)]
        for (sha, path, blob), (_, content) in zip(
            kept, facts.history.contents(blob for _, _, blob in kept), strict=True
        ):
            if content is None or _pointer(content):
                skipped += first is None
            elif (first is None or blob in standing) and not _binary(content):
                line = next(matcher.lines(content), None)
                if line is not None:
                    past = _Past(Occurrence(sha, path, *line), blob, standing.get(blob))
                    if past.now is not None:
                        return past, skipped
                    first = first or past
        if first is not None:
            return first, skipped
    return None, skipped


def _at_witness(hint: Occurrence, matcher: _Matcher, facts: Facts) -> _Past | None:
    """The hint, once the file was looked at: what a commit of the branch found or left there."""
    if hint.sha not in facts.history.reachable(facts.judged.sha, [hint.sha]):
        return None
    for change in facts.history.changes([hint.sha]).get(hint.sha, ()):
        if change.path == hint.path:
            for blob in _sides(change):
                for _, content in facts.history.contents([blob]):
                    line = next(matcher.lines(content), None) if content is not None else None
                    if line is not None:
                        return _Past(Occurrence(hint.sha, hint.path, *line), blob)
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


def _pointer(content: bytes) -> bool:
    return content.startswith(_LARGE_FILE) and len(content) <= _POINTER_HOLDS


def _binary(content: bytes) -> bool:
    return b"\0" in content[:_BINARY_HEAD] and not content.startswith((*_UTF16, *_UTF32)) and _wide(content) is None


def _wide(content: bytes) -> str | None:
    """The text of a file in UTF-16 or UTF-32 without a byte order mark, if it is plainly that."""
    for encoding in _WIDE:
        try:
            # the last character of the head may be cut in two
            head = codecs.getincrementaldecoder(encoding)().decode(content[:_BINARY_HEAD])
            readable = all(letter.isprintable() or letter in "\t\n\r\f\ufeff" for letter in head)
            if readable and 2 * sum(letter.isascii() for letter in head) > len(head):
                return content.decode(encoding, "replace")
        except UnicodeDecodeError:
            continue
    return None


def _readings(content: bytes) -> list[str]:
    """The text of a file without its byte order mark; in two readings where it is no UTF-8."""
    if content.startswith(_UTF32):
        return [content.decode("utf-32", "replace")]
    if content.startswith(_UTF16):
        return [content.decode("utf-16", "replace")]
    if b"\0" in content[:_BINARY_HEAD] and (wide := _wide(content)) is not None:
        return [wide]
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
        if path == ".." or path.startswith(("/", "../")):
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
        texts = [_LINE_END.sub("\n", text) if "\r" in text else text for text in _readings(content)]
        if self._whole is not None and all(self._whole.search(text) is None for text in texts):
            return
        for number, lines in enumerate(zip(*(text.split("\n") for text in texts), strict=True), 1):
            if any(self._line.search(line) is not None for line in lines):
                yield number, lines[0]


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
