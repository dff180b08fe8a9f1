"""Objects as `cat-file` hands them out: kinds, peeled tags, parsed commits, contents of blobs."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook
from triage.git.names import is_object_id
from triage.git.stream import garbled
from triage.model import Commit, Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from triage.git.process import Git
    from triage.git.stream import Stream

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_214_400
"""The last day of the year 9999; what a damaged commit says beyond it is cut to this."""
_STAMP = re.compile(rb"\s(-?\d+)(?:\s+[-+]\d+)?\s*\Z")
_FEW = 500
"""Up to so many objects are asked of a process that is kept; for more, one of its own is faster."""
_PIPEFUL = 40
_CODEC_NAME = re.compile(r"[A-Za-z0-9._:+-]{1,40}\Z")


class Header(NamedTuple):
    """What `cat-file --batch` says of an object before its content."""

    sha: str
    kind: str
    size: int


def _header(line: bytes | None) -> Header | None:
    """Return the object that the line announces, or None for a missing one."""
    if line is None:
        return None
    words = line.split(b" ")
    if len(words) == 3 and words[2].isdigit() and is_object_id(words[0].decode("ascii", "replace")):  # noqa: PLR2004
        return Header(words[0].decode("ascii"), words[1].decode("ascii", "replace"), int(words[2]))
    if words[-1] in (b"missing", b"ambiguous"):
        return None
    raise garbled("cat-file")


def kinds(git: Git, names: Iterable[str]) -> list[Header | None]:
    """Return what each name (an object id, perhaps with `^{kind}`) is, None where it is missing; one process."""
    asked = list(names)
    if not asked:
        return []
    if len(asked) <= _PIPEFUL:
        # A handful is mostly of commits, which are read next anyway: no process for the check alone.
        return [header for header, _ in _ask(git, asked, "--batch", _passed_over)]
    if len(asked) <= _FEW:
        return [header for header, _ in _ask(git, asked, "--batch-check", lambda _stream, _header: b"")]
    feed = "".join(f"{name}\n" for name in asked).encode()
    lines = git.run("cat-file", "--batch-check", feed=feed).splitlines()
    if len(lines) != len(asked):
        raise garbled("cat-file")
    return [_header(line) for line in lines]


def read(git: Git, shas: Iterable[str], kind: str, largest: int) -> Iterator[tuple[str, Header | None, bytes]]:
    """Yield each object asked for with its header and content, in order; one process, one object at a time.

    Missing objects come without a header, others than `kind` or above `largest` bytes without content.
    """
    asked = list(shas)
    if not asked:
        return

    def content(stream: Stream, header: Header) -> bytes:
        if header.kind == kind and header.size <= largest:
            return stream.exactly(header.size + 1)[:-1]
        stream.skip(header.size + 1)
        return b""

    if len(asked) <= _FEW:
        for sha, (found, raw) in zip(asked, _ask(git, asked, "--batch", content), strict=True):
            yield sha, found, raw
        return
    feed = "".join(f"{sha}\n" for sha in asked).encode()
    with git.stream("cat-file", "--batch", feed=feed) as stream:
        for sha in asked:
            header = _announced(stream)
            yield sha, header, content(stream, header) if header is not None else b""
        stream.finish()


def _passed_over(stream: Stream, header: Header) -> bytes:
    stream.skip(header.size + 1)
    return b""


def _ask(
    git: Git, asked: list[str], form: str, content: Callable[[Stream, Header], bytes]
) -> Iterator[tuple[Header | None, bytes]]:
    """Ask the process that is kept for this, a pipe's worth at a time; it is given back only if it was read out."""
    command = ("cat-file", form)
    stream = git.kept(*command)
    whole = False
    try:
        for start in range(0, len(asked), _PIPEFUL):
            part = asked[start : start + _PIPEFUL]
            stream.send("".join(f"{name}\n" for name in part).encode())
            for _ in part:
                header = _announced(stream)
                yield header, content(stream, header) if header is not None else b""
        whole = True
    finally:
        if whole:
            git.give_back(stream, *command)
        else:
            stream.__exit__()


def _announced(stream: Stream) -> Header | None:
    line = stream.line()
    if line is None:
        stream.finish()
        raise garbled("cat-file")
    return _header(line)


def blobs(git: Git, shas: Iterable[str], largest: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield each blob with its content, in the order asked for; None for one missing or above `largest` bytes."""
    for sha, header, content in read(git, shas, "blob", largest):
        if header is not None and header.kind != "blob":
            raise CouldNotLook(f"{sha} is a {header.kind}, not a blob")
        yield sha, content if header is not None and header.size <= largest else None


def parse_commit(sha: str, raw: bytes) -> Commit:
    """Return the commit of a raw object. Whatever the object has in it, nothing is raised."""
    head, _, message = raw.partition(b"\n\n")
    parents: list[str] = []
    author = committer = b""
    encoding = "utf-8"
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"parent":
            parents.append(value.decode("ascii", "replace"))
        elif key == b"author" and not author:
            author = value
        elif key == b"committer" and not committer:
            committer = value
        elif key == b"encoding":
            encoding = value.decode("ascii", "replace").strip()
    text = _decode(message, encoding)
    subject, body = _split(text)
    return Commit(
        sha=sha,
        author=_decode(_STAMP.sub(b"", author), encoding).strip(),
        authored=_moment(author),
        committed=_moment(committer),
        subject=subject,
        body=body,
        parents=tuple(parent for parent in parents if is_object_id(parent)),
    )


def _decode(raw: bytes, encoding: str) -> str:
    if encoding != "utf-8" and _CODEC_NAME.match(encoding):
        with suppress(LookupError, UnicodeError, ValueError):
            if codecs.lookup(encoding).name not in ("utf-8", "idna", "punycode"):
                return raw.decode(encoding, "replace")
    return raw.decode("utf-8", "replace")


def _split(message: str) -> tuple[str, str]:
    """Split as git's %s and %b do: the subject is the first paragraph on one line."""
    lines = message.lstrip("\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    subject = " ".join(line.strip() for line in lines[:end])
    return subject, "\n".join(lines[end:]).strip("\n")


def moment(seconds: int) -> datetime:
    """Return seconds since 1970 as a time in UTC, cut to what a datetime can hold."""
    return _EPOCH + timedelta(seconds=min(max(seconds, 0), _LATEST))


def _moment(stamp: bytes) -> datetime:
    match = _STAMP.search(stamp)
    return moment(int(match[1][:20])) if match else _EPOCH


def path_text(raw: bytes) -> str:
    """Return a path as text; bytes that are no UTF-8 survive the way back (`surrogateescape`)."""
    return raw.decode("utf-8", "surrogateescape")


def ls_tree(git: Git, sha: str, *paths: str) -> dict[str, Entry]:
    """Return the files of a commit at or below the paths, or all. Raises CouldNotLook if a tree is missing."""
    entries: dict[str, Entry] = {}
    with git.stream("ls-tree", "-r", "-z", "--full-tree", sha, "--", *paths) as stream:
        rest = b""
        while block := stream.chunk():
            whole, _, rest = (rest + block).rpartition(b"\0")
            for field in path_text(whole).split("\0") if whole else ():
                about, tab, path = field.partition("\t")
                if not tab or about[6:7] != " ":
                    raise garbled("ls-tree")
                if about[7:12] == "blob ":
                    entries[path] = Entry(about[:6], about[12:])
        stream.finish()
    return entries
