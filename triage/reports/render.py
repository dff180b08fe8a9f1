"""Renders a view of plain data through the user's or the shipped templates, in a sandbox."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from jinja2 import BaseLoader, FileSystemBytecodeCache, StrictUndefined, Undefined, pass_environment, pass_eval_context
from jinja2.compiler import CodeGenerator
from jinja2.environment import TemplateModule
from jinja2.exceptions import (
    SecurityError,
    TemplateError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.filters import FILTERS, do_truncate, do_wordwrap, make_attrgetter
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from triage import __version__
from triage.errors import AskedWrongly
from triage.reports import foreign
from triage.reports.foreign import Markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2 import Environment, Template, nodes
    from jinja2.bccache import Bucket
    from jinja2.compiler import Frame
    from jinja2.nodes import EvalContext
    from jinja2.runtime import Context

CPU_SECONDS: Final = 2
WALL_SECONDS: Final = 10
MEMORY: Final = 256 * 1024 * 1024
OUTPUT: Final = 1024 * 1024
"""What a user's template may use; the output is measured in bytes of UTF-8 and holds for shipped ones too."""

_LARGEST_TEMPLATE = 1024 * 1024
_LONGEST_RANGE = 1_000
_LONGEST_REPEAT = 10_000
_LARGEST_POWER = 64

_LOOP = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem"}
    | {"cycle", "changed"}
)
_GROUP = frozenset({"grouper", "list"})
_TESTS = {name: test for name, test in TESTS.items() if name not in {"callable", "escaped", "filter", "sameas", "test"}}
_FILTERS = frozenset(
    {"abs", "batch", "default", "dictsort", "first", "groupby", "int", "last", "length", "list", "reject", "rejectattr"}
    | {"round", "select", "selectattr", "sort", "sum", "unique"}
)

_BROKEN: Final = "see https://jinja.palletsprojects.com/en/stable/templates/"
_REFUSED: Final = "a template reads the view, loops, and calls its own macros; nothing else"
_MARKS: Final = "a mark comes with a verdict: print the verdict's own"

# A mark on its way through a template is one of these private characters, so that the finished report shows which
# marks came with the view. Foreign text cannot hold them: `foreign` shows them as escapes.
_STAND_IN: Final = 0x10F000
_STAND_INS = {ord(each): chr(_STAND_IN + index) for index, each in enumerate(f"&:{foreign.MARKS}")}
_ORIGINALS = {ord(stand_in): chr(each) for each, stand_in in _STAND_INS.items()}
_STOOD_IN = re.compile(f"[{chr(_STAND_IN)}-{chr(_STAND_IN + len(_STAND_INS) - 1)}]")
_MARK = re.compile(
    rf"[{foreign.MARKS}]"
    # Any numeric reference: which character it is may be put together later.
    rf"|&(?=\#|(?:{'|'.join(foreign.ENTITIES)});)"
    rf"|:(?=(?:{'|'.join(foreign.SHORTCODES)}):)"
)
# A width that a `%` format could ask for.
_WIDE = re.compile(r"%[^%A-Za-z]*(?:\*|\d{3,})")

# What an expression of a template can raise. Whether it did, or our own code, `_is_ours` tells.
_FAULTS = (
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)

_FENCE = re.compile(r"[ \t]*+(?:(?:>|(?:[-*+]|\d{1,9}[.)])[ \t])[ \t]*+)*+(?P<marks>`{3,}+(?=[^`]*\Z)|~{3,}+)")


def render(name: str, view: Mapping[str, object], *, shipped: Path, own: Path | None) -> str:
    """Return the report that the template `name` makes of the view, tidied as by `final`.

    A file of that name in `own` stands in for the shipped one; so does each part that a template includes. With `own`
    the rendering happens in a child with limits. The view is plain data: dict, list, str, int, bool, None and
    `Markdown`; a TypeError says where it is not. Raises `AskedWrongly` for every fault of a template.
    """
    _check_plain(view)
    if own is None or not hasattr(os, "fork"):
        return _render_here(name, view, shipped, own)
    return _render_in_child(name, view, shipped, own)


def final(text: str) -> str:
    """Return the text without trailing spaces and repeated blank lines, except in fences, and with one newline last."""
    lines: list[str] = []
    fence = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        opening = _FENCE.match(line)
        if fence:
            lines.append(line)
            marks = line.strip(" \t>")
            if marks.startswith(fence) and not marks.strip(fence[0]):
                fence = ""
            continue
        trimmed = line.rstrip()
        if opening:
            fence = opening["marks"]
        if trimmed or (lines and lines[-1]):
            lines.append(trimmed)
    return "\n".join(lines).rstrip("\n") + "\n"


def _check_plain(value: object, where: str = "view") -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where}: the key {key!r} is not a str")
            _check_plain(item, f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]")
    elif type(value) not in {str, Markdown, int, bool, type(None)}:
        raise TypeError(f"{where} is a {type(value).__name__}, which is not plain data")


def _render_here(name: str, view: Mapping[str, object], shipped: Path, own: Path | None) -> str:
    try:
        sandbox = _sandbox(shipped, own)
        template = sandbox.get_template(name)
        pieces: list[str] = []
        size = 0
        for piece in template.root_render_func(template.new_context(dict(view))):
            pieces.append(piece)
            size += len(piece) if piece.isascii() else len(piece.encode("utf-8", "surrogatepass"))
            if size > OUTPUT:
                raise _TooMuchError(f"the report is longer than {OUTPUT:,} bytes")
        text = "".join(pieces)
        if mark := _MARK.search(text):
            line = text[text.rfind("\n", 0, mark.start()) + 1 :].partition("\n")[0]
            raise _ForgedMarkError(f"a template put a mark together: {foreign.visible(line)[:80]!r}")
    except AskedWrongly:
        raise
    except _FAULTS as error:
        if _is_ours(error):
            raise
        raise _fault(error, name, view) from None
    return final(_with_marks(text))


# ---- faults


class _ForgedMarkError(SecurityError):
    """A mark in the report did not come with the view."""


class _TooMuchError(TemplateRuntimeError):
    """A template asked for more than it may have."""


class _MissingNameError(UndefinedError):
    """A name that is not in the view, with the names that are there instead."""

    def __init__(self, message: str, name: str, known: Iterable[str] | None) -> None:
        super().__init__(message)
        self.name = name
        self.known = known


class _Missing(StrictUndefined):
    """Undefined, and able to say what is there instead."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = None,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        def missing(message: str | None = None) -> TemplateRuntimeError:
            if exc is not UndefinedError or hint:
                return exc(message)
            if isinstance(obj, dict):
                return _MissingNameError(f"there is no key {_quoted(name)} here", str(name), obj)
            return _MissingNameError(f"{_quoted(name)} is undefined", str(name), None)

        super().__init__(hint, obj, name, cast("type[TemplateRuntimeError]", missing))


def _quoted(value: object) -> str:
    shown = repr(str(value)[:80]) if isinstance(value, str) else repr(value)
    return shown[:100]


def _near(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    names = sorted(map(str, known))
    near = get_close_matches(name, names, n=3)
    if near:
        return f"did you mean {' or '.join(repr(each) for each in near)}?"
    return f"there are: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}"  # noqa: PLR2004 - fits a line


def _is_ours(error: BaseException) -> bool:
    """Whether the error came out of our own text handling: then it is a programming error, not the template's."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == foreign.__file__ and not isinstance(
            error, (MemoryError, RecursionError)
        ):
            return True
        trace = trace.tb_next
    return False


def _place(error: BaseException, name: str) -> str:
    """Where in which template an error came up: `path:line`, or the name of the template that was asked for."""
    place = name
    trace = error.__traceback__
    while trace is not None:
        template: Template | None = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            place = f"{template.filename}:{template.get_corresponding_lineno(trace.tb_lineno)}"
        trace = trace.tb_next
    if isinstance(error, TemplateSyntaxError):
        place = f"{error.filename or error.name}:{error.lineno}"
    return place


def _fault(error: Exception, name: str, view: Mapping[str, object]) -> AskedWrongly:
    """Return what the user reads: where, what, and what to do."""
    hint = "begin with a copy of the shipped one"
    message = (error.message if isinstance(error, TemplateError) else str(error)) or type(error).__name__
    match error:
        case _MissingNameError():
            hint = _near(error.name, error.known if error.known is not None else view)
        case SecurityError():
            message = f"refused: {message}"
            hint = _MARKS if isinstance(error, _ForgedMarkError) else _REFUSED
        case _RefusedSourceError():
            hint = error.hint
        case TemplateSyntaxError():
            hint = _BROKEN
        case TemplateNotFound():
            message = f"there is no template {_quoted(error.name or message)}"
        case _TooMuchError():
            hint = f"print less, or {_LOOPS}"
        case MemoryError():
            message = f"the template used more than {MEMORY // 1024 // 1024} MB"
            hint = _LOOPS
        case RecursionError():
            message = "the template includes or calls itself without end, or nests too deeply"
            hint = "look for a macro or an include that leads back to itself"
    return AskedWrongly(f"{foreign.visible(_place(error, name))}: {foreign.visible(message)[:500]}", hint)


class _RefusedSourceError(TemplateSyntaxError):
    """A template uses something of Jinja, or writes something, that reports do not allow."""

    def __init__(self, message: str, line: int, name: str | None, filename: str | None, hint: str) -> None:
        super().__init__(message, line, name, filename)
        self.hint = hint


# ---- loading


class _Folders(BaseLoader):
    """Reads templates from the user's folder, then from the shipped one, and from nowhere else."""

    def __init__(self, shipped: Path, own: Path | None) -> None:
        self._folders = [folder for folder in (own, shipped) if folder is not None]

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        parts = template.split("/")
        if not template.endswith(".md") or "\\" in template or "\0" in template or {"", ".", ".."} & set(parts):
            raise SecurityError(
                f"a template's name is a relative path that ends in .md, without `..`; got {_quoted(template)}"
            )
        for folder in self._folders:
            path = folder / template
            try:
                status = path.stat()
            except (OSError, ValueError):
                if path.is_symlink():
                    raise SecurityError(f"{path} is a link to nothing") from None
                continue
            return self._read(folder, path, status, template)
        raise TemplateNotFound(template)

    @staticmethod
    def _read(folder: Path, path: Path, status: os.stat_result, name: str) -> tuple[str, str, Callable[[], bool]]:
        real = path.resolve()
        if not real.is_relative_to(folder.resolve()):
            raise SecurityError(f"{path} leads out of {folder}")
        if not stat.S_ISREG(status.st_mode):
            raise SecurityError(f"{path} is not a file")
        if status.st_size > _LARGEST_TEMPLATE:
            raise _TooMuchError(f"{path} is larger than {_LARGEST_TEMPLATE:,} bytes")
        try:
            source = real.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise TemplateRuntimeError(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise TemplateRuntimeError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
        if refused := _MARK.search(source) or _STOOD_IN.search(source):
            line = source.count("\n", 0, refused.start()) + 1
            raise _RefusedSourceError(
                "refused: a template prints no mark and no numeric character reference by itself",
                line,
                name,
                str(path),
                _MARKS,
            )

        def up_to_date() -> bool:
            try:
                now = path.stat()
            except OSError:
                return False
            return (now.st_mtime_ns, now.st_size, now.st_ino) == (status.st_mtime_ns, status.st_size, status.st_ino)

        return source, str(path), up_to_date


# ---- the sandbox


class _Writer(CodeGenerator):
    """Compiles a template; a literal in it is the template's own text, everything else is printed by `finalize`."""

    environment: _Sandbox

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        value = node.as_const(frame.eval_ctx)
        if not isinstance(value, str):
            super().visit_Const(node, frame)
            return
        if _MARK.search(value) or _STOOD_IN.search(value):
            self._refuse(
                "refused: a template prints no mark and no numeric character reference by itself", node, _MARKS
            )
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            self._refuse("refused: half of a surrogate pair", node, "write the character itself")
        self.write(f"environment.markdown({value!r})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.text((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802
        if node.name not in self.environment.filters:
            self._refuse(f"there is no filter {_quoted(node.name)}", node, _near(node.name, self.environment.filters))
        super().visit_Filter(node, frame)

    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:  # noqa: N802
        if node.name not in self.environment.tests:
            self._refuse(f"there is no test {_quoted(node.name)}", node, _near(node.name, self.environment.tests))
        super().visit_Test(node, frame)

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:  # noqa: ARG002, N802
        # Jinja prints what the filter gives back without `finalize`.
        self._refuse("refused: a filter block", node, "use {% set name | filter %}…{% endset %} and print the name")

    def visit_ScopedEvalContextModifier(  # noqa: N802
        self,
        node: nodes.ScopedEvalContextModifier,
        frame: Frame,  # noqa: ARG002
    ) -> None:
        self._refuse("refused: autoescape", node, "every value is made harmless Markdown where it is printed")

    def _refuse(self, message: str, node: nodes.Node, hint: str) -> NoReturn:
        raise _RefusedSourceError(message, node.lineno, self.name, self.filename, hint)


def _only_ours(folder: Path) -> bool:
    """Whether a folder is the user's, and nobody else can write to it."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


class _Compiled(FileSystemBytecodeCache):
    """The shipped templates as they were compiled by an earlier run; compiling takes longer than all else here."""

    @classmethod
    def kept(cls) -> _Compiled | None:
        """Return the cache in the user's cache folder, or None.

        What is kept is run, so every folder from the home folder down must be the user's alone to write to, and no
        link. The last one's name changes with this module, since what is compiled depends on it.
        """
        home, cache = os.environ.get("HOME", ""), os.environ.get("XDG_CACHE_HOME", "")
        start = Path(cache or home)
        if not start.is_absolute() or not hasattr(os, "getuid"):
            return None
        made = f"{__version__}-{Path(__file__).stat().st_mtime_ns:x}"
        folder = start
        try:
            if not _only_ours(folder):
                return None
            for name in (*(() if cache else (".cache",)), "triage", "templates", made):
                folder /= name
                folder.mkdir(mode=0o700, exist_ok=True)
                if not _only_ours(folder):
                    return None
        except OSError:
            return None
        return cls(str(folder))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load what was kept; what cannot be read is compiled again."""
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, if there is room."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without anything but data, loops, macros and a few filters."""

    code_generator_class = _Writer
    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, shipped: Path, own: Path | None) -> None:
        super().__init__(
            loader=_Folders(shipped, own),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=_Missing,
            finalize=_printed,
            optimized=False,
            autoescape=False,
            bytecode_cache=_Compiled.kept() if own is None else None,
        )
        self.globals = {"range": _range}
        self.filters = {name: FILTERS[name] for name in _FILTERS} | _OWN_FILTERS
        self.tests = dict(_TESTS)

    # Jinja joins with it what a macro, a `call`, a `set` block or `super()` printed: each piece was made harmless then.
    @staticmethod
    def concat(parts: Iterable[str]) -> _Own:
        return _Own("".join(parts))

    @staticmethod
    def markdown(literal: str) -> _Own:
        return _Own(literal)

    @staticmethod
    def text(parts: Iterable[object]) -> str:
        return "".join(map(_text, parts))

    def handle_exception(self, source: str | None = None) -> NoReturn:  # noqa: ARG002 - Jinja's signature
        # Jinja would rewrite the traceback; `_place` reads it as it is.
        error = sys.exception()
        if error is None:
            raise RuntimeError("no exception to handle")
        raise error

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)
        if type(obj) is dict:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        if isinstance(obj, tuple) and attribute in _GROUP and hasattr(obj, "_fields"):
            return getattr(obj, attribute)
        if isinstance(obj, TemplateModule) and not attribute.startswith("_") and attribute in vars(obj):
            return vars(obj)[attribute]
        return self.unsafe_undefined(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]
        if isinstance(obj, (list, tuple, str)) and isinstance(argument, int):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(f"there is no element {argument}, only {len(obj)}", obj=obj, name=str(argument))
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        return self.unsafe_undefined(obj, _quoted(argument))

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        return self.undefined(f"{_quoted(attribute)} of a {_kind(obj)}", obj=obj, name=attribute, exc=SecurityError)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, (Macro, BlockReference, LoopContext, Undefined)) or obj is _range:
            return True
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, LoopContext) and obj.__name__ in {"cycle", "changed"}:
            return True
        raise SecurityError(f"a {_kind(obj)} is not called")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        match operator:
            case "*":
                for value, times in ((left, right), (right, left)):
                    if isinstance(value, (str, list, tuple)) and isinstance(times, int):
                        if len(value) * times > _LONGEST_REPEAT:
                            raise _TooMuchError(f"a repeat is longer than {_LONGEST_REPEAT:,}")
                        return _Own(_harmless(value) * times) if isinstance(value, Markdown) else value * times
            case "**":
                if max(abs(left), abs(right)) > 2**_LARGEST_POWER or abs(right) > _LARGEST_POWER:
                    raise _TooMuchError("a power is too large")
            case "%" if isinstance(left, str):
                if _WIDE.search(left):
                    raise _TooMuchError("a format is wider than 99")
                values = right if isinstance(right, tuple) else (right,)
                return str(left) % tuple(value if isinstance(value, (int, float)) else _text(value) for value in values)
        return super().call_binop(context, operator, left, right)


@lru_cache(maxsize=2)
def _sandbox(shipped: Path, own: Path | None) -> _Sandbox:
    return _Sandbox(shipped, own)


def _kind(value: object) -> str:
    names = {dict: "mapping", list: "list", tuple: "list", str: "text", Markdown: "text", int: "number", bool: "number"}
    return names.get(type(value), type(value).__name__)


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > _LONGEST_RANGE:
        raise _TooMuchError(f"a range is longer than {_LONGEST_RANGE:,}")
    return found


# ---- printing


def _hide_marks(text: str) -> str:
    return _MARK.sub(lambda found: found[0].translate(_STAND_INS), text)


def _with_marks(text: str) -> str:
    return text.translate(_ORIGINALS) if _STOOD_IN.search(text) else text


class _Own(Markdown):
    """What a template wrote or has printed already: a mark in it is not the view's, unless it is a stand-in."""

    __slots__ = ()


# With this decorator Jinja prints constants at run time as well, so that a literal is still known as one.
@pass_eval_context
def _printed(_: EvalContext, value: object) -> str:
    """Return what `{{ value }}` prints: `Markdown` as it is, every other text made harmless."""
    if isinstance(value, _Own):
        return str(value)
    if isinstance(value, Markdown):
        return _hide_marks(value)
    if isinstance(value, str):
        return _hide_marks(foreign.inline(_with_marks(value)))
    return _text(value)


def _text(value: object) -> str:
    """Return a value as plain text. Raises for what has none, instead of showing how Python holds it."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Undefined)):
        return str(value)
    raise TemplateRuntimeError(f"a {_kind(value)} cannot be printed, only what is in it")


# ---- filters


@pass_environment
def _join(environment: Environment, value: Iterable[Any], d: Any = "", attribute: str | int | None = None) -> _Own:
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    separator = _harmless(d) if isinstance(d, Markdown) or not isinstance(d, str) else _edges(d)
    return _Own(separator.join(map(_harmless, value)))


def _harmless(value: object) -> str:
    return _printed(cast("EvalContext", None), value)


def _edges(text: str) -> str:
    """Make a separator harmless that is not the template's own text, and keep its spaces, which `inline` takes off."""
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{before}{_harmless(text)}{after}" if text.strip(" ") else text


@pass_environment
def _map(environment: Environment, value: Iterable[Any], *, attribute: str | int, default: Any = None) -> Iterable[Any]:
    return map(make_attrgetter(environment, attribute, default=default), value)


def _trim(value: object, chars: str | None = None) -> str:
    if isinstance(value, Markdown) and chars is None:
        return _Own(_harmless(value).strip())
    return _text(value).strip(chars)


def _indent(value: object, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002
    text = _harmless(value) if isinstance(value, Markdown) else _text(value)
    margin = " " * min(width, 100) if isinstance(width, int) else str(width)
    lines = text.split("\n")
    indented = "\n".join(
        f"{margin}{line}" if (line or blank) and (index or first) else line for index, line in enumerate(lines)
    )
    return _Own(indented) if isinstance(value, Markdown) and not margin.strip(" ") else indented


def _replace(value: object, old: str, new: str, count: int = -1) -> str:
    return _text(value).replace(_text(old), _text(new), count)


@pass_environment
def _truncate(environment: Environment, value: object, *settings: Any, **more: Any) -> str:
    return do_truncate(environment, _text(value), *settings, **more)


@pass_environment
def _wordwrap(environment: Environment, value: object, *settings: Any, **more: Any) -> str:
    return do_wordwrap(environment, _text(value), *settings, **more)


_OWN_FILTERS: dict[str, Callable[..., Any]] = {
    "indent": _indent,
    "join": _join,
    "lower": lambda value: _text(value).lower(),
    "map": _map,
    "replace": _replace,
    "title": lambda value: _text(value).title(),
    "trim": _trim,
    "truncate": _truncate,
    "upper": lambda value: _text(value).upper(),
    "wordwrap": _wordwrap,
}


# ---- the child

_RENDERED = b"="
_FAULT = b"!"
_CRASH = b"?"
_EXCEEDED: Final = f"used more memory or time than it may have ({MEMORY // 1024 // 1024} MB, {CPU_SECONDS} s)"
_LOOPS: Final = "look for loops in loops, or a text that doubles"


def _render_in_child(name: str, view: Mapping[str, object], shipped: Path, own: Path) -> str:
    import signal  # noqa: PLC0415 - the shipped templates need no child
    import warnings  # noqa: PLC0415 - the same

    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns where other threads run: the child touches none of their locks, and has a deadline.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _be_the_child(reader, writer, lambda: _render_here(name, view, shipped, own))
    os.close(writer)
    try:
        reply, in_time = _read_reply(reader)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    kind, text = reply[:1], reply[1:].decode("utf-8", "backslashreplace")
    if kind == _RENDERED and in_time:
        return text
    if kind == _FAULT:
        message, _, hint = text.partition("\0")
        raise AskedWrongly(message, hint or None)
    if kind == _CRASH:
        raise RuntimeError(f"rendering {name} failed in the child:\n{text}")
    what = _EXCEEDED if in_time else f"took longer than {WALL_SECONDS} s"
    asked = own / name
    raise AskedWrongly(f"{foreign.visible(str(asked) if asked.is_file() else name)}: the template {what}", _LOOPS)


def _read_reply(reader: int) -> tuple[bytes, bool]:
    """Return all that the child wrote, and whether it was done in time."""
    import select  # noqa: PLC0415 - the shipped templates need no child
    import time  # noqa: PLC0415 - the same

    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    deadline = time.monotonic() + WALL_SECONDS
    reply = bytearray()
    while (left := deadline - time.monotonic()) > 0:
        if not poll.poll(left * 1000):
            continue
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            return bytes(reply), True
        reply += chunk
    return bytes(reply), False


def _be_the_child(reader: int, writer: int, work: Callable[[], str]) -> NoReturn:
    """Render, write one reply, and end without running anything of the parent's."""
    try:
        os.close(reader)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        _limit()
        try:
            reply = _RENDERED + work().encode()
        except AskedWrongly as fault:
            reply = _FAULT + f"{fault.message}\0{fault.hint or ''}".encode("utf-8", "backslashreplace")
        except BaseException:  # noqa: BLE001 - the parent raises it
            import traceback  # noqa: PLC0415 - only for a programming error

            reply = _CRASH + traceback.format_exc().encode("utf-8", "backslashreplace")
        while reply:
            reply = reply[os.write(writer, reply) :]
    finally:
        os._exit(0)


def _exceed(*_: object) -> NoReturn:
    raise _TooMuchError(f"the template used more than {CPU_SECONDS} s of processor time")


def _limit() -> None:
    import resource  # noqa: PLC0415 - the shipped templates need no child
    import signal  # noqa: PLC0415 - the same

    def lower(what: int, soft: int, hard: int) -> None:
        _, most = resource.getrlimit(what)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(what, (soft, hard))

    lower(resource.RLIMIT_CORE, 0, 0)
    # As an exception it still knows the template's line; what does not come back to Python dies a second later.
    signal.signal(signal.SIGXCPU, _exceed)
    lower(resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1)
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - half the start-up cost of Path
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        # Not on macOS, which does not enforce this limit either.
        return
    lower(resource.RLIMIT_AS, used + MEMORY, used + MEMORY)
