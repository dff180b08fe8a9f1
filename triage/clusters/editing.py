"""Decisions are changed in place: a few splices by source position, and all other bytes stay as they were."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from triage.clusters import nodes, reading
from triage.clusters.complaints import nearest
from triage.clusters.grammar import DECISION_MODELS, Decision
from triage.clusters.nodes import Mapping, Node, Refused, Scalar, Sequence, Source, show
from triage.clusters.values import IssueName
from triage.errors import AskedWrongly, TriageError

if TYPE_CHECKING:
    from pathlib import Path

_REASONS = ("not_planned", "duplicate")
_COMMON = ("because",)
_BLANK = " \t"
_BREAKS = "\r\n"
_BLOCK_HEADER = re.compile(r"(?P<indicators>[|>][-+0-9]*)(?P<comment>[ \t]+#[^\r\n]*)?")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}
_BY_HAND = "edit the file by hand"

Said = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an issue shall say. None is what was not given; an empty tuple takes a list away."""

    decision: str
    resolved_by: int | None = None
    into: int | IssueName | None = None
    of: int | IssueName | None = None
    reason: str | None = None
    order: int | None = None
    after: tuple[int, ...] | None = None
    carried: tuple[str, ...] | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """The new content, the keys that were taken out with their values' source, and what changed, in lines."""

    content: bytes
    removed: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]


def own_keys(decision: str) -> tuple[str, ...]:
    """Return the keys that only this decision has, in the order of the grammar."""
    fields = DECISION_MODELS[decision].model_fields
    return tuple(name for name in fields if name not in Decision.model_fields and name != "decision")


def decide(content: bytes, file: str, issue: int, wanted: Wanted) -> Edited:
    """Return the content of a decision file after a decision on one of its issues.

    An issue that the file does not have is added at the end of `issues`. Raises `AskedWrongly` for what the
    decision cannot have or lacks and for an edit whose result would not say exactly what was wanted, and
    `Refused` for a file that is no decision file to begin with.
    """
    _check(issue, wanted)
    old = reading.parse(content, file)
    text = old.source.text
    issues = old.root.get("issues")
    if not isinstance(issues, Mapping):  # the grammar has already refused it
        raise AskedWrongly(f"{file} has no issues")
    node = issues.get(str(issue))
    present = node if isinstance(node, Mapping) else None
    values = _values(issue, wanted, present, old.cluster.repository)
    editor = _Editor(text)
    if present is None:
        editor.add_issue(issues, issue, values)
        changed = (f"issue {issue}: added", *(f"{key}: {_visible(value)}" for key, value in values.items() if value))
        removed: tuple[tuple[str, str], ...] = ()
    else:
        changed, removed = _change(editor, present, values)
    new = editor.result()
    if new != text:
        _verify(text, new, file, issue, values)
    return Edited(new.encode("utf-8"), removed, changed)


def _change(
    editor: _Editor, mapping: Mapping, values: dict[str, Said]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Tell the editor what to change in an issue's mapping; return what changed and what was removed."""
    foreign = _without(values)
    changed: list[str] = []
    removed: list[tuple[str, str]] = []
    taken_out: set[str] = set()
    missing: dict[str, Said] = {}
    for key, value in values.items():
        current = mapping.get(key)
        if current is None:
            if value:
                missing[key] = value
                changed.append(f"{key}: {_visible(value)}")
        elif not _equal(current, value):
            if value:
                editor.replace(mapping, key, value)
                before = _said(current)
                changed.append(f"{key}: {_visible(before) + ' -> ' if before else ''}{_visible(value)}")
            else:
                taken_out.add(key)
    for name, node in mapping.pairs:
        if name.text in foreign | taken_out:
            taken_out.add(name.text)
            removed.append((name.text, editor.source_of(name, node)))
    if missing:
        editor.insert(mapping, missing)
    if taken_out:
        editor.remove(mapping, taken_out)
    return tuple(changed), tuple(removed)


def _foreign(decision: str) -> frozenset[str]:
    """Return the keys that only other decisions have."""
    return frozenset(key for other in DECISION_MODELS for key in own_keys(other)) - set(own_keys(decision))


def _without(values: dict[str, Said]) -> frozenset[str]:
    """Return the keys that an issue with such a decision does not have."""
    not_planned = frozenset(("of",)) if values.get("reason") == "not_planned" else frozenset()
    return _foreign(str(values["decision"])) | not_planned


# -- what was asked ---------------------------------------------------------------------------------


def _check(issue: int, wanted: Wanted) -> None:
    if wanted.decision not in DECISION_MODELS:
        raise AskedWrongly(
            f"{show(wanted.decision)} is not a decision", nearest(wanted.decision, DECISION_MODELS, always=True)
        )
    if issue < 1:
        raise AskedWrongly(f"{issue} is not the number of an issue")
    for key in sorted(_foreign(wanted.decision)):
        if getattr(wanted, key) is not None:
            owners = [f"`{name}`" for name in DECISION_MODELS if key in own_keys(name)]
            raise AskedWrongly(
                f"a decision `{wanted.decision}` has no `{key}`", f"it belongs to {' and '.join(owners)}"
            )
    _check_texts(wanted)
    if wanted.reason is not None and wanted.reason not in _REASONS:
        raise AskedWrongly(f"{show(wanted.reason)} is not a reason", f"one of {', '.join(_REASONS)}")
    if wanted.reason == "not_planned" and wanted.of is not None:
        raise AskedWrongly("what is not planned has no `of`", "leave out the reason, or say duplicate")


def _check_texts(wanted: Wanted) -> None:
    if wanted.because is not None and not wanted.because.strip():
        raise AskedWrongly("`because` is empty", "say why, or leave it out")
    if any(not item.strip() for item in wanted.carried or ()):
        raise AskedWrongly("an entry of `carried` is empty", "say what is carried over")
    for said in (wanted.because or "", *(wanted.carried or ())):
        try:
            said.encode("utf-8")
        except UnicodeEncodeError:
            raise AskedWrongly("the text given is not Unicode", "is the terminal set to UTF-8?") from None


def _check_targets(issue: int, wanted: Wanted, repository: str | None) -> None:
    for key in ("resolved_by", "into", "of"):
        target = getattr(wanted, key)
        name = IssueName(target) if isinstance(target, int) else target
        if name is not None and name.number == issue and name.repository in (None, repository):
            raise AskedWrongly(f"`{key}` of issue {issue} would name the issue itself", "name another one")
    if wanted.after and issue in wanted.after:
        raise AskedWrongly(f"issue {issue} cannot come after itself")


def _values(issue: int, wanted: Wanted, present: Mapping | None, repository: str | None) -> dict[str, Said]:
    """Return what the keys shall say, in the order in which missing ones are written; empty is taken away."""
    values: dict[str, Said] = {"decision": wanted.decision}
    for key in own_keys(wanted.decision):
        value = getattr(wanted, key)
        if key == "reason":
            values[key] = wanted.reason or ("duplicate" if wanted.of is not None else "not_planned")
        elif key in ("after", "carried") and value is not None:
            values[key] = tuple(str(item) for item in value)
        elif value is not None:
            values[key] = _issue_text(value)
    if wanted.because is not None:
        values["because"] = wanted.because
    stays = present is not None and _text_of(present, "decision") == wanted.decision
    if wanted.decision == "merged" and wanted.into is None and not stays:
        raise AskedWrongly(f"issue {issue} is merged into what?", "--into M")
    if values.get("reason") == "duplicate" and wanted.of is None and not (stays and present and present.get("of")):
        raise AskedWrongly(f"issue {issue} is a duplicate of what?", "--of M")
    _check_targets(issue, wanted, repository)
    return values


def _issue_text(value: Any) -> str:
    """Return an issue as a decision file has it: a bare number, or owner/name#12."""
    if isinstance(value, IssueName):
        return str(value) if value.repository else str(value.number)
    return str(value)


# -- what the file says -----------------------------------------------------------------------------


def _said(node: Node | None) -> Said:
    """Return what a value says: a text, or the texts of a list; nothing is the empty text."""
    if node is None or nodes.is_null(node):
        return ""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return tuple(item.text for item in node.items if isinstance(item, Scalar))
    return ""


def _equal(node: Node | None, value: Said) -> bool:
    """Whether a value says what is wanted already; the line break that ends a block scalar says nothing."""
    said = _said(node)
    if isinstance(said, str) and isinstance(value, str):
        return said == value or (said.rstrip("\n") == value and isinstance(node, Scalar) and not node.plain)
    return said == value or (not said and not value and node is not None)


def _text_of(mapping: Mapping, key: str) -> str:
    said = _said(mapping.get(key))
    return said if isinstance(said, str) else ""


def _visible(value: Said) -> str:
    return show(value)[1:-1] if isinstance(value, str) else ", ".join(show(item)[1:-1] for item in value)


# -- splices ----------------------------------------------------------------------------------------


class _Editor:
    """Collects splices of a text; positions are always those of the text as it was."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._splices: list[tuple[int, int, str]] = []
        self._deletions: list[tuple[int, int]] = []
        found = _LINE_BREAK.search(text)
        self._break = found[0] if found else "\n"

    def result(self) -> str:
        """Return the text with all splices carried out."""
        text = self.text
        for start, end, new in sorted([*self._splices, *self._merged()], reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _merged(self) -> list[tuple[int, int, str]]:
        """Return the deletions without overlaps; one that takes the end of the file takes the break before it."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted(self._deletions):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        if merged and merged[-1][1] == len(self.text) and not self.text.endswith(("\r", "\n")):
            start = merged[-1][0]
            if start and start == self._line_start(start):
                start -= 2 if self.text[:start].endswith("\r\n") else 1
            merged[-1] = (start, len(self.text))
        return [(start, end, "") for start, end in merged]

    # -- where things end

    def _line_start(self, index: int) -> int:
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def _line_end(self, index: int) -> int:
        found = _LINE_BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def _next_line(self, index: int) -> int:
        found = _LINE_BREAK.search(self.text, index)
        return found.end() if found else len(self.text)

    def _column(self, index: int) -> int:
        """How many columns stand before a character; a byte order mark is none."""
        start = self._line_start(index)
        return index - start - self.text.count("\ufeff", start, index)

    def _leads(self, index: int) -> bool:
        """Whether only blanks stand before a character on its line."""
        return not self.text[self._line_start(index) : index].strip(_BLANK + "\ufeff")

    def _after_colon(self, key: Scalar) -> int | None:
        """Where the colon behind a key ends; None if there is no colon."""
        index = self._skip(key.end)
        return index + 1 if self.text[index : index + 1] == ":" else None

    def _skip(self, index: int) -> int:
        """Where the next token begins: blanks, line breaks and comments are passed over."""
        text = self.text
        while index < len(text):
            if text[index] in _BLANK + _BREAKS:
                index += 1
            elif text[index] == "#" and (index == 0 or text[index - 1] in _BLANK + _BREAKS):
                index = self._line_end(index)
            else:
                break
        return index

    def _skip_blanks(self, index: int) -> int:
        while self.text[index : index + 1] and self.text[index] in _BLANK:
            index += 1
        return index

    def _end(self, key: Scalar, value: Node) -> int:
        """Where a pair's value ends, without the blank lines and comments that follow it."""
        if isinstance(value, Scalar):
            if value.start == value.end:
                return self._after_colon(key) or key.end
            return self._scalar_end(value)
        if value.flow:
            return value.end
        if isinstance(value, Sequence):
            return self._end(key, value.items[-1])
        return self._end(*value.pairs[-1])

    def _scalar_end(self, value: Scalar) -> int:
        header = self._header(value)
        if header is None:
            return value.end
        if "+" in header["indicators"]:
            return value.end
        return min(self._line_end(value.start + len(self.text[value.start : value.end].rstrip())), value.end)

    def _header(self, value: Scalar) -> re.Match[str] | None:
        """Match the first line of a block scalar; None for every other scalar."""
        return None if value.plain else _BLOCK_HEADER.match(self.text, value.start, max(value.end, value.start))

    def source_of(self, key: Scalar, value: Node) -> str:
        """Return the source of a pair's value."""
        end = self._end(key, value)
        return self.text[min(value.start, end) : end].rstrip(_BREAKS)

    def _plain_key(self, key: Scalar) -> None:
        """Refuse keys written with `? `, which may stand anywhere on several lines."""
        before = self.text[: key.start].rstrip(_BLANK + _BREAKS)
        if before.endswith("?") and (len(before) == 1 or before[-2] in _BLANK + _BREAKS + "{,"):
            raise AskedWrongly(f"the key {show(key.text)} is written with a `?`", _BY_HAND)

    # -- what is done

    def replace(self, mapping: Mapping, name: str, value: Said) -> None:
        """Replace the value of a key that is there."""
        key, node = next(pair for pair in mapping.pairs if pair[0].text == name)
        self._plain_key(key)
        end = self._end(key, node)
        if isinstance(node, Scalar) and node.start == node.end:
            colon = self._after_colon(key)
            new = f" {_rendered(value, flow=mapping.flow)}"
            self._splices.append((end, end, new if colon is not None else f":{new}"))
        elif isinstance(node, Sequence) and not node.flow and not isinstance(value, str):
            indentation = self._break + " " * self._column(node.start)
            new = indentation.join(f"- {_plain_or_quoted(item, flow=False)}" for item in value)
            self._splices.append((node.start, end, new))
        else:
            header = self._header(node) if isinstance(node, Scalar) else None
            comment = (header["comment"] or "") if header else ""
            tail = self._break if header and end and self.text[end - 1] in _BREAKS else ""
            self._splices.append((node.start, end, _rendered(value, flow=mapping.flow) + comment + tail))

    def insert(self, mapping: Mapping, values: dict[str, Said]) -> None:
        """Insert missing keys right after `decision`."""
        key, node = next(pair for pair in mapping.pairs if pair[0].text == "decision")
        self._plain_key(key)
        end = self._end(key, node)
        if mapping.flow:
            new = "".join(f", {name}: {_rendered(value, flow=True)}" for name, value in values.items())
            self._splices.append((end, end, new))
        else:
            indentation = " " * self._column(key.start)
            self._insert_lines(end, [f"{indentation}{name}: {_rendered(value)}" for name, value in values.items()])

    def _insert_lines(self, end: int, lines: list[str]) -> None:
        """Insert lines after the one in which something ends."""
        if end and self.text[end - 1] in _BREAKS:
            self._splices.append((end, end, "".join(line + self._break for line in lines)))
        else:
            end = self._line_end(end)
            self._splices.append((end, end, "".join(self._break + line for line in lines)))

    def remove(self, mapping: Mapping, names: set[str]) -> None:
        """Remove keys with their values and the comments on the same lines."""
        for key, _ in mapping.pairs:
            if key.text in names:
                self._plain_key(key)
        if mapping.flow:
            self._remove_from_flow(mapping, names)
        else:
            self._remove_from_block(mapping, names)

    def _remove_from_block(self, mapping: Mapping, names: set[str]) -> None:
        for index, (key, value) in enumerate(mapping.pairs):
            if key.text not in names:
                continue
            if self._leads(key.start):
                end = self._end(key, value)
                end = end if end and self.text[end - 1] in _BREAKS else self._next_line(end)
                self._deletions.append((self._line_start(key.start), self._comments(end, self._column(key.start))))
            else:
                # It shares its line with what opens the mapping: the next key takes its place.
                self._deletions.append((key.start, mapping.pairs[index + 1][0].start))

    def _comments(self, index: int, column: int) -> int:
        """Where the comment lines end that are indented deeper than a column: they belong to what they follow."""
        end = index
        while index < len(self.text):
            first = self._skip_blanks(index)
            if self.text[first : first + 1] == "#" and self._column(first) > column:
                end = self._next_line(index)
            elif self.text[first : first + 1] not in ("\r", "\n"):
                break
            index = self._next_line(index)
        return end

    def _remove_from_flow(self, mapping: Mapping, names: set[str]) -> None:
        pairs = mapping.pairs
        ends = [self._end(key, value) for key, value in pairs]
        last_kept = max(index for index, (key, _) in enumerate(pairs) if key.text not in names)
        for index, (key, _) in enumerate(pairs):
            if key.text not in names:
                continue
            comma = self._skip(ends[index])
            followed = self.text[comma : comma + 1] == ","
            self._remove_flow_pair(key.start, comma + 1 if followed else ends[index])
        if last_kept + 1 < len(pairs):
            closing = self._skip(ends[-1])
            if self.text[closing : closing + 1] != ",":
                comma = self._skip(ends[last_kept])
                end = self._skip_blanks(comma + 1)
                self._deletions.append((comma, comma + 1 if self.text[end] in "#" + _BREAKS else end))

    def _remove_flow_pair(self, start: int, end: int) -> None:
        """Remove a pair of a flow mapping, its comma, and its line if it had one of its own."""
        following = self._skip_blanks(end)
        if self.text[following : following + 1] == "#" and following > end:
            following = self._line_end(following)
        at_line_end = following == len(self.text) or self.text[following] in _BREAKS
        if at_line_end and self._leads(start):
            self._deletions.append((self._line_start(start), self._next_line(following)))
            return
        closing = self.text[following : following + 1] == "}"
        if at_line_end or closing:
            start = len(self.text[:start].rstrip(_BLANK)) if not self._leads(start) else start
            following = following if at_line_end else end
        self._deletions.append((start, following))

    def add_issue(self, issues: Mapping, issue: int, values: dict[str, Said]) -> None:
        """Add an issue at the end, in the manner of the last one."""
        key, value = issues.pairs[-1]
        self._plain_key(key)
        quote = "" if key.plain else self.text[key.start]
        name = f"{quote}{issue}{quote}"
        end = self._end(key, value)
        given = {inner: said for inner, said in values.items() if said}
        whole = "{" + ", ".join(f"{inner}: {_rendered(said, flow=True)}" for inner, said in given.items()) + "}"
        column = self._column(key.start)
        if issues.flow:
            self._add_to_flow(key, end, f"{name}: {whole}")
            return
        indentation = " " * column
        if isinstance(value, Mapping) and not value.flow:
            deeper = " " * max(self._column(value.pairs[0][0].start), column + 1)
            lines = [f"{indentation}{name}:", *(f"{deeper}{inner}: {_rendered(said)}" for inner, said in given.items())]
        else:
            lines = [f"{indentation}{name}: {whole}"]
        if not (end and self.text[end - 1] in _BREAKS):
            after = self._comments(self._next_line(end), column)
            end = after - len(self._break_before(after))
        self._insert_lines(end, lines)

    def _break_before(self, index: int) -> str:
        """Return the line break that ends just before a character."""
        if self.text[:index].endswith("\r\n"):
            return "\r\n"
        return self.text[index - 1] if index and self.text[index - 1] in _BREAKS else ""

    def _add_to_flow(self, key: Scalar, end: int, entry: str) -> None:
        comma = self._skip(end)
        followed = self.text[comma : comma + 1] == ","
        if not self._leads(key.start):
            self._splices.append((end, end, f", {entry}"))
            return
        prefix = self._break + self.text[self._line_start(key.start) : key.start].replace("\ufeff", "")
        end = comma + 1 if followed else end
        rest = self._skip_blanks(end)
        if rest < len(self.text) and self.text[rest] == "#" and rest > end:
            rest = self._line_end(rest)
        elif rest == len(self.text) or self.text[rest] not in _BREAKS:
            rest = end
        if followed:
            self._splices.append((rest, rest, f"{prefix}{entry},"))
        elif rest == end:
            self._splices.append((end, end, f",{prefix}{entry}"))
        else:
            self._splices += [(end, end, ","), (rest, rest, f"{prefix}{entry}")]


# -- texts ------------------------------------------------------------------------------------------


def _rendered(value: Said, *, flow: bool = False) -> str:
    if isinstance(value, str):
        return _plain_or_quoted(value, flow=flow)
    return f"[{', '.join(_plain_or_quoted(item, flow=True) for item in value)}]"


def _plain_or_quoted(text: str, *, flow: bool) -> str:
    """Return a text plain where every reader of YAML takes it for itself, else in double quotes on one line."""
    if text.isprintable() and (text[:1].isalnum() or text[:1] == "(") and _is_plain(text, flow=flow):
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - the widths of YAML's escapes
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - as above


def _is_plain(text: str, *, flow: bool) -> bool:
    source = Source("", "{k: " + text + "}" if flow else f"k: {text}\n")
    try:
        root = nodes.parse(source)
    except Refused:
        return False
    if not isinstance(root, Mapping) or len(root.pairs) != 1:
        return False
    value = root.pairs[0][1]
    if not isinstance(value, Scalar) or not value.plain or value.text != text:
        return False
    number = text.isdecimal() and text.isascii()
    return number or all(_resolved(version, text) == "tag:yaml.org,2002:str" for version in ((1, 1), (1, 2)))


def _resolved(version: tuple[int, int], text: str) -> str:
    """Return the tag that YAML gives to a plain scalar."""
    from ruamel.yaml.nodes import ScalarNode  # noqa: PLC0415 - not needed for `--help`

    return str(_resolver(version).resolve(ScalarNode, text, (True, False)))


@cache
def _resolver(version: tuple[int, int]) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - not needed for `--help`
    from ruamel.yaml.resolver import VersionedResolver  # noqa: PLC0415

    return VersionedResolver(version=version, loader=YAML(typ="safe", pure=True))


# -- the result is read again -----------------------------------------------------------------------


def _verify(old: str, new: str, file: str, issue: int, values: dict[str, Said]) -> None:
    """Refuse a result that is not grammatical, or says less or more than was wanted."""
    try:
        after = reading.parse(new.encode("utf-8"), file).root
    except Refused as refused:
        first = refused.findings[0]
        raise AskedWrongly(
            f"issue {issue} cannot be decided so: {first.message} [{first.rule}]", first.hint or _BY_HAND
        ) from None
    before = nodes.parse(Source(file, old))
    assert isinstance(before, Mapping)  # noqa: S101 - it was read a moment ago
    number = str(issue)
    issues = before.get("issues"), after.get("issues")
    assert isinstance(issues[0], Mapping)  # noqa: S101 - as above
    assert isinstance(issues[1], Mapping)  # noqa: S101 - as above
    old_issue, new_issue = issues[0].get(number), issues[1].get(number)
    length = len(old)
    right = (
        _same_pairs(before, after, {"issues"}, length)
        and _same_pairs(issues[0], issues[1], {number}, length)
        and isinstance(new_issue, Mapping)
        and _says(new_issue, old_issue if isinstance(old_issue, Mapping) else None, values, length)
    )
    if not right:
        raise AskedWrongly(f"{file} cannot be edited in place for issue {issue}: something else would change", _BY_HAND)


def _says(new: Mapping, old: Mapping | None, values: dict[str, Said], length: int) -> bool:
    """Whether an issue says what was wanted, and about everything else what it said."""
    decision = str(values["decision"])
    own = {"decision", *_COMMON, *own_keys(decision), *_foreign(decision)}
    foreign = _without(values)
    if any(key.text in foreign for key, _ in new.pairs):
        return False
    for key in own - foreign:
        node = new.get(key)
        if key in values:
            if not (_equal(node, values[key]) or (not values[key] and node is None)):
                return False
        elif not _same_optional(old.get(key) if old else None, node, length):
            return False
    return _same_pairs(old or Mapping([], flow=True, start=0, end=0), new, own, length)


def _same_optional(old: Node | None, new: Node | None, length: int) -> bool:
    return new is None if old is None else new is not None and _same(old, new, length)


def _same_pairs(old: Mapping, new: Mapping, but: set[str], length: int) -> bool:
    mine = [(key, value) for key, value in old.pairs if key.text not in but]
    theirs = [(key, value) for key, value in new.pairs if key.text not in but]
    return len(mine) == len(theirs) and all(
        _same(a, c, length) and _same(b, d, length) for (a, b), (c, d) in zip(mine, theirs, strict=True)
    )


def _same(old: Node, new: Node, length: int) -> bool:
    """Whether two trees say the same, in the same style."""
    if isinstance(old, Scalar) and isinstance(new, Scalar):
        # A block scalar that ends with the file lacks its last line break; with a line after it, it has one.
        at_end = old.end == length and not old.plain and new.text == old.text + "\n"
        return old.plain == new.plain and (old.text == new.text or at_end)
    if isinstance(old, Sequence) and isinstance(new, Sequence):
        return (
            old.flow == new.flow
            and len(old.items) == len(new.items)
            and all(_same(a, b, length) for a, b in zip(old.items, new.items, strict=True))
        )
    return (
        isinstance(old, Mapping)
        and isinstance(new, Mapping)
        and old.flow == new.flow
        and _same_pairs(old, new, set(), length)
    )


# -- the file ---------------------------------------------------------------------------------------


def write(path: Path, old: bytes, new: bytes) -> None:
    """Put `new` in the place of `old`, in one step and with the same mode.

    Raises `AskedWrongly` for a symbolic link or anything else that is not an ordinary file, and `TriageError` if
    the file no longer has the content `old` or the folder cannot be written to. Then nothing was changed, and
    nothing is left behind.
    """
    mode = _unchanged(path, old)
    if old == new:
        return
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(new)
            stream.flush()
            os.fchmod(stream.fileno(), stat.S_IMODE(mode))
            os.fsync(stream.fileno())
        _unchanged(path, old)
        os.replace(temporary, path)  # noqa: PTH105 - a name, not a path
        temporary = None
    except OSError as error:
        hint = {
            errno.ENOSPC: "make room on the disk, then decide again",
            errno.EDQUOT: "make room on the disk, then decide again",
            errno.EROFS: "the file system is read-only",
        }.get(error.errno or 0, f"may you write to the folder {path.parent}?")
        raise TriageError(f"{path} cannot be written: {error.strerror or error}", hint) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - a name, not a path
    _remember(path.parent)


def _unchanged(path: Path, old: bytes) -> int:
    """Return the mode of a file that still has the content `old`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise AskedWrongly(f"{path} is a symbolic link", "name the file itself") from None
        raise TriageError(f"{path} cannot be read: {error.strerror}", "was it moved or removed meanwhile?") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise AskedWrongly(f"{path} is not an ordinary file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            content = stream.read(len(old) + 1)
    except OSError as error:
        raise TriageError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if content != old:
        raise TriageError(f"{path} was changed meanwhile", "look at it, then decide again")
    return mode


def _remember(folder: Path) -> None:
    """Make the new name last; a file system that cannot do that has still replaced the file."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
