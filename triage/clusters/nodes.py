"""YAML as a tree of source texts with positions: only plain YAML, and no scalar is ever converted."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, Self

from triage.model import Finding, Place, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

MAXIMUM_BYTES = 1024 * 1024
MAXIMUM_DEPTH = 32
MAXIMUM_NODES = 50_000
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_LINE_END = re.compile(r"\r\n|\r|\n")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEPARATOR = re.compile("[\x85\u2028\u2029]")
_BYTE_ORDER_MARK = "\ufeff"


class Refused(Exception):
    """The text is not a decision file; `findings` say where and why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(findings[0].message)
        self.findings = findings


class Text(str):
    """A scalar's text as it stands in the source; `plain` if it was not quoted."""

    __slots__ = ("plain",)
    plain: bool

    def __new__(cls, value: str, *, plain: bool) -> Self:
        """Return the text with its style."""
        self = super().__new__(cls, value)
        self.plain = plain
        return self


@dataclass(slots=True)
class Scalar:
    """A scalar; `start` and `end` count characters of the source."""

    text: str
    plain: bool
    start: int
    end: int


@dataclass(slots=True)
class Mapping:
    """A mapping, in the order of the source."""

    pairs: list[tuple[Scalar, Node]]
    flow: bool
    start: int
    end: int
    _index: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def pair(self, key: str) -> tuple[Scalar, Node] | None:
        """Return a key and its value, or None."""
        for position in range(len(self._index), len(self.pairs)):
            self._index[self.pairs[position][0].text] = position
        found = self._index.get(key)
        return self.pairs[found] if found is not None else None

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None."""
        found = self.pair(key)
        return found[1] if found is not None else None

    def key(self, key: str) -> Scalar | None:
        """Return the key itself, or None."""
        found = self.pair(key)
        return found[0] if found is not None else None


@dataclass(slots=True)
class Sequence:
    """A sequence."""

    items: list[Node]
    flow: bool
    start: int
    end: int


Node = Scalar | Mapping | Sequence


class Source:
    """A decision file's text, and where in it things stand."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, index: int) -> tuple[int, int]:
        """Return line and column, from 1, of a character of the text; a byte order mark has no column."""
        index = min(index, len(self.text))
        line = bisect.bisect_right(self._starts, index)
        unseen = line == 1 and index > 0 and self.text[0] == _BYTE_ORDER_MARK
        return line, index - self._starts[line - 1] + (0 if unseen else 1)

    def place(self, index: int) -> Place:
        """Return the place of a character of the text."""
        return Place(self.file, *self.position(index))

    def refuse(self, rule: str, message: str, index: int, hint: str | None = None) -> NoReturn:
        """Raise `Refused` for one place."""
        raise Refused([Finding(rule, Severity.ERROR, message, self.place(index), hint)])


def decode(data: bytes, file: str) -> Source:
    """Return the text of a file. Raises `Refused` for a file that is too big or is not UTF-8."""
    if len(data) > MAXIMUM_BYTES:
        source = Source(file, "")
        source.refuse(
            "not-plain-yaml",
            f"the file has more than {MAXIMUM_BYTES:,} bytes",
            0,
            "a cluster is a few pages: split it, or move long texts elsewhere",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = Source(file, data[: error.start].decode("utf-8"))
        before.refuse(
            "not-plain-yaml",
            f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8",
            len(before.text),
            "save the file as UTF-8",
        )
    return Source(file, text)


def parse(source: Source) -> Node | None:
    """Return the document's tree, or None if there is nothing in it but comments.

    Anchors, aliases, tags, directives, further documents, deep nesting and too many nodes are refused
    as soon as they are met, before anything is built from them.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - not needed for `--help`
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415
    from ruamel.yaml.scanner import Scanner  # noqa: PLC0415

    odd = _CONTROL.search(source.text)
    if odd is not None:
        source.refuse("not-plain-yaml", f"a control character (\\x{ord(odd[0]):02x}) stands here", odd.start())
    odd = _SEPARATOR.search(source.text)
    if odd is not None:
        # YAML 1.1 ends a line here and YAML 1.2 does not: what one reader takes for a comment is a value to the other.
        message = f"a line separator (U+{ord(odd[0]):04X}) stands here; not every reader of YAML ends the line at it"
        source.refuse("not-plain-yaml", message, odd.start(), "remove it")

    class WithoutTags(Scanner):
        """Refuses a tag where it begins: ruamel.yaml takes quadratic time to decode a long one."""

        def fetch_tag(self) -> None:
            source.refuse("not-plain-yaml", "a tag stands here; tags are not taken", self.reader.index, _NO_TAG)

    builder = _Builder(source)
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = WithoutTags
    try:
        for event in yaml.parse(source.text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part) or "this is not YAML"
        source.refuse("syntax", _one_line(what), mark.index if mark is not None else 0)
    except YAMLError as error:
        source.refuse("syntax", _one_line(str(error)), getattr(error, "position", 0) or 0)
    except (ValueError, OverflowError, RecursionError, AssertionError, IndexError) as error:
        # The scanner lets a few of these through for escapes such as "\UFFFFFFFF".
        source.refuse("syntax", f"this is not YAML ({_one_line(str(error)) or type(error).__name__})", builder.last)
    return builder.root


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Builder:
    """Builds the tree from the parser's events, refusing at the first one that is not plain YAML."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root: Node | None = None
        self.last = 0
        self._documents = 0
        self._nodes = 0
        self._open: list[tuple[Mapping | Sequence, Scalar | None]] = []

    def take(self, event: object) -> None:
        """Take the next event."""
        name = type(event).__name__
        start = event.start_mark.index  # type: ignore[attr-defined]
        end = event.end_mark.index  # type: ignore[attr-defined]
        self.last = start
        if name == "ScalarEvent":
            self._check(event, start)
            self._scalar(event, start, end)
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self._check(event, start)
            self._enter(event, name, start, end)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()[0].end = end
        elif name == "AliasEvent":
            self.source.refuse("not-plain-yaml", "an alias stands here; aliases are not taken", start, _WRITE_OUT)
        elif name == "DocumentStartEvent":
            self._document(event, start)

    def _document(self, event: object, start: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self.source.refuse(
                "not-plain-yaml", "a second document begins here", start, "one file has one cluster: make it two files"
            )
        if event.version or event.tags:  # type: ignore[attr-defined]
            line = self.source.text.find("%")
            self.source.refuse(
                "not-plain-yaml", "a directive stands here; directives are not taken", max(line, 0), "remove the line"
            )

    def _check(self, event: object, start: int) -> None:
        self._nodes += 1
        if self._nodes > MAXIMUM_NODES:
            self.source.refuse("not-plain-yaml", f"more than {MAXIMUM_NODES:,} values", start, "split the cluster")
        if getattr(event, "anchor", None):
            self.source.refuse("not-plain-yaml", "an anchor stands here; anchors are not taken", start, _WRITE_OUT)

    def _scalar(self, event: object, start: int, end: int) -> None:
        text: str = event.value  # type: ignore[attr-defined]
        if _SURROGATE.search(text):
            self.source.refuse("not-plain-yaml", "half of a surrogate pair stands here", start, "write the character")
        if "\0" in text:
            self.source.refuse("not-plain-yaml", "a NUL character stands here", start, "leave it out")
        self._put(Scalar(text, not event.style, start, end))  # type: ignore[attr-defined]

    def _enter(self, event: object, name: str, start: int, end: int) -> None:
        if len(self._open) >= MAXIMUM_DEPTH:
            self.source.refuse("not-plain-yaml", f"nested more than {MAXIMUM_DEPTH} deep", start)
        flow = bool(event.flow_style)  # type: ignore[attr-defined]
        node: Mapping | Sequence
        node = Mapping([], flow, start, end) if name == "MappingStartEvent" else Sequence([], flow, start, end)
        self._put(node)
        self._open.append((node, None))

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent, key = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif key is None:
            if not isinstance(node, Scalar):
                self.source.refuse("wrong-type", "a key must be a plain text", node.start)
            first = parent.key(node.text)
            if first is not None:
                line, _ = self.source.position(first.start)
                self.source.refuse(
                    "duplicate-key", f"{show(node.text)} stands twice; first on line {line}", node.start, "remove one"
                )
            self._open[-1] = (parent, node)
        else:
            if isinstance(node, Scalar) and node.start == node.end:
                # ruamel.yaml puts a value that was left out where the next one begins.
                node.start = node.end = key.end
            parent.pairs.append((key, node))
            self._open[-1] = (parent, None)


_WRITE_OUT = "write the value out"
_NO_TAG = "remove it; quote the value if need be"


def show(text: str, limit: int = 60) -> str:
    """Return a text of the file fit for a message: in backticks, cut, nothing in it invisible."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    visible = "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
    return f"`{visible}`"


def is_null(node: Node) -> bool:
    """Whether a value is left empty or is YAML's null."""
    return isinstance(node, Scalar) and node.plain and node.text in _NULL


AT: Final = "\0at"
"""The key under which `data` hands a mapping's position to the grammar; no file can contain it."""


def data(node: Node, source: Source, at: int | None = None) -> object:
    """Return the tree as dict, list, Text and None; each dict has its position (line, column) under `AT`.

    A mapping that is the value of a key stands where the key stands.
    """
    if isinstance(node, Scalar):
        return None if is_null(node) else Text(node.text, plain=node.plain)
    if isinstance(node, Sequence):
        return [data(item, source) for item in node.items]
    result: dict[str, object] = {AT: source.position(node.start if at is None else at)}
    for key, value in node.pairs:
        result[Text(key.text, plain=key.plain)] = data(value, source, key.start)
    return result


def descend(node: Node, path: tuple[object, ...]) -> Iterator[tuple[Scalar | None, Node]]:
    """Yield (key, node) for each step of a path of keys and indexes, as far as the tree goes."""
    for step in path:
        if isinstance(node, Mapping):
            found = node.pair(str(step))
            if found is None:
                continue
            yield found
            node = found[1]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            yield None, node
