"""The values of a decision file: each is read from its source text by what it must be, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic_core import PydanticCustomError, core_schema

from triage.clusters.nodes import Text, show

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_LARGEST = 2**31 - 1
_RUN = re.compile(r"[1-9][0-9]{0,18}")
_LARGEST_RUN = 2**63 - 1
_REPOSITORY_TEXT = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}"
_SHA = re.compile(r"(?:[0-9a-fA-F]{7,40}|[0-9a-fA-F]{64})")
_SHA_ABROAD = re.compile(rf"(?P<repository>{_REPOSITORY_TEXT})@(?P<sha>{_SHA.pattern})")
_READ_AS_NUMBER = re.compile(r"[0-9]+(?:[eE][0-9]+)?|0b[01]+")
_PLACEHOLDER = re.compile(r"(?i)\(?(?:next|above|below|tbd|todo|pending|this commit|head|sha)\)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ABROAD = re.compile(rf"(?P<repository>{_REPOSITORY_TEXT})#(?P<number>[1-9][0-9]{{0,9}})")
_REPOSITORY = re.compile(_REPOSITORY_TEXT)
_COUNT = re.compile(r"(?P<operator>>=|<=|==|=|>|<)?\s*(?P<number>[0-9]{1,9})")
_LONGEST_PATTERN = 1_000
_LONGEST_NAME = 200
_LINE_BREAKS = frozenset(b"\n\r")


def bad(message: str, hint: str = "") -> PydanticCustomError:
    """Return the error for a value of the right type that says the wrong thing."""
    return PydanticCustomError("bad-value", "{message}", {"message": message, "hint": hint})


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """Return the error for a value of the wrong type."""
    return PydanticCustomError("wrong-type", "{message}", {"message": message, "hint": hint})


def kind_of(value: object) -> str:
    """Return what a value is, in the words of YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return show(str(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(f"a text is wanted here, not {kind_of(value)}", "quote it if it should be a text")
    if not value.strip():
        raise bad("the text is empty")
    return str(value)


def _flag(value: Any) -> bool:
    if isinstance(value, Text) and value.plain and value in ("true", "false"):
        return value == "true"
    raise wrong(f"`true` or `false` is wanted here, not {kind_of(value)}")


def _number(value: Any, *, quoted: bool = False) -> int:
    if not isinstance(value, Text) or (not value.plain and not quoted):
        raise wrong(f"a number is wanted here, not {kind_of(value)}", "write it without quotes")
    if not _NUMBER.fullmatch(value) or int(value) > _LARGEST:
        raise bad(f"{show(value)} is not a number from 1 to {_LARGEST}")
    return int(value)


def _key_number(value: Any) -> int:
    return _number(value, quoted=True)


def _run(value: Any) -> int:
    """The number of a workflow run; they have long outgrown 32 bits."""
    if not isinstance(value, Text) or not value.plain:
        raise wrong(f"a number is wanted here, not {kind_of(value)}", "write it without quotes")
    if not _RUN.fullmatch(value) or int(value) > _LARGEST_RUN:
        raise bad(f"{show(value)} is not the number of a workflow run")
    return int(value)


class Sha(str):
    """A commit's SHA, whole or abbreviated, lower case; `loose` if YAML would have read it as a number."""

    __slots__ = ("loose",)
    loose: bool


def _sha(value: Any) -> Sha:
    if not isinstance(value, Text):
        raise wrong(f"a commit's SHA is wanted here, not {kind_of(value)}")
    if _PLACEHOLDER.fullmatch(value.strip()):
        raise bad(f"{show(value)} stands for a commit, but names none", "write the commit's SHA")
    if not _SHA.fullmatch(value):
        raise bad(f"{show(value)} is not a SHA", "7 to 40 (or 64) hexadecimal digits; names of branches are not taken")
    sha = Sha(value.lower())
    sha.loose = value.plain and _READ_AS_NUMBER.fullmatch(value) is not None
    return sha


class CommitName(Sha):
    """A commit as it is cited, `owner/name@sha` for one of another repository; `sha` is its SHA alone."""

    __slots__ = ("repository", "sha")
    repository: str | None
    sha: str

    def abroad(self, *own: str | None) -> bool:
        """Whether it is of another repository than these, one's own by whatever names."""
        return not same_repository(self.repository, *own)


def _commit(value: Any) -> CommitName:
    """A SHA, with or without the repository that it is of."""
    match = _SHA_ABROAD.fullmatch(value) if isinstance(value, Text) else None
    if match is None and isinstance(value, Text) and "/" in value:
        raise bad(
            f"{show(value)} is not a commit of a repository", "owner/name@sha, with 7 to 40 (or 64) hexadecimal digits"
        )
    if match is None:
        sha = _sha(value)
        name = CommitName(sha)
        name.repository, name.sha, name.loose = None, str(sha), sha.loose
        return name
    name = CommitName(f"{match['repository']}@{match['sha'].lower()}")
    name.repository, name.sha, name.loose = match["repository"], match["sha"].lower(), False
    return name


class Read:
    """Reads a value by one function, and shows it to editors as a JSON schema.

    It goes into `Annotated`. The schema is handed to pydantic as it is, which is a good part quicker at start-up
    than letting it take the type and two annotations apart for each of some 200 fields.
    """

    __slots__ = ("_function", "_shown")

    def __init__(self, function: Callable[[Any], Any], shown: dict[str, Any]) -> None:
        self._function = function
        self._shown = shown

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Return the schema by which pydantic validates."""
        return core_schema.no_info_plain_validator_function(
            self._function, metadata={"pydantic_js_functions": [self._json_schema]}
        )

    def _json_schema(self, schema: Any, handler: Any) -> dict[str, Any]:  # noqa: ARG002 - pydantic's signature
        return dict(self._shown)


class Moment(NamedTuple):
    """A date as written, and the moment by which it was over: 12:00 UTC of the next day if it has no time."""

    text: str
    end: datetime


def moment(value: Any) -> Moment:
    """Return the moment that a text names. Raises `PydanticCustomError` for what is none, or has no zone."""
    if not isinstance(value, str):
        raise wrong(f"a date is wanted here, not {kind_of(value)}")
    hint = "write 2025-09-12 or 2025-09-12T10:00:00Z"
    try:
        if _DATE.fullmatch(value):
            day = datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - the zone is added below
            return Moment(str(value), datetime.combine(day + timedelta(days=1), time(12), UTC))
        at = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise bad(f"{show(value)} is not a date", hint) from None
    if at.tzinfo is None:
        raise bad(f"{show(value)} names no time zone", hint)
    try:
        return Moment(str(value), at.astimezone(UTC))
    except OverflowError:
        raise bad(f"{show(value)} is not a date", hint) from None


class IssueName(NamedTuple):
    """An issue: of the cluster's repository if `repository` is None."""

    number: int
    repository: str | None = None

    def __str__(self) -> str:
        """Return it as GitHub writes it."""
        return f"{self.repository or ''}#{self.number}"


def same_repository(name: str | None, *own: str | None) -> bool:
    """Whether a repository is one's own: not named, or named like it, in whatever case."""
    return name is None or name.casefold() in {one.casefold() for one in own if one is not None}


def _issue_name(value: Any) -> IssueName:
    if isinstance(value, Text) and (match := _ABROAD.fullmatch(value)):
        return IssueName(_number(Text(match["number"], plain=True)), match["repository"])
    if isinstance(value, Text) and value.plain and _NUMBER.fullmatch(value):
        return IssueName(_number(value))
    if not isinstance(value, Text):
        raise wrong(f"an issue is wanted here, not {kind_of(value)}")
    raise bad(f"{show(value)} is not an issue", "a number, or owner/name#12 for another repository")


def _parts(value: Any) -> Any:
    if isinstance(value, Text) and value == "github":
        return "github"
    if not isinstance(value, list) or not value:
        raise wrong(f"`github` or a list of issues is wanted here, not {kind_of(value)}")
    return tuple(_issue_name(item) for item in value)


def _repository(value: Any) -> str:
    text = _text(value)
    if not _REPOSITORY.fullmatch(text):
        raise bad(f"{show(text)} is not a repository", "write owner/name")
    return text


def _branch(value: Any) -> str:
    text = _text(value)
    if text.startswith("-") or re.search(r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.|[./]$", text):
        raise bad(f"{show(text)} cannot be the name of a branch")
    return text


def _path(value: Any) -> str:
    text = _text(value)
    while text.startswith(("./", "/")):
        text = text[1:] if text[0] == "/" else text[2:]
    parts = text.rstrip("/").split("/")
    if not text or ".." in parts or "" in parts or "\0" in text:
        raise bad(f"{show(value)} is not a path inside the repository")
    return text


def _glob(value: Any) -> str:
    text = _text(value)
    if "\0" in text or ".." in text.lstrip("!").split("/"):
        raise bad(f"{show(text)} is not a glob inside the repository")
    if text.startswith("#"):
        raise bad(f"{show(text)} is a comment in a list of globs", "write \\# for a name that begins with #")
    return text


def _pattern(value: Any) -> str:
    text = _text(value)
    if len(text) > _LONGEST_PATTERN:
        raise bad(f"the pattern has {len(text):,} characters; at most {_LONGEST_PATTERN:,} are taken")
    try:
        import warnings  # noqa: PLC0415 - only patterns pay for it

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(text)
            empty, broken = _may_be_empty(compiled), _spans_lines(compiled)
    except (re.error, RecursionError, OverflowError) as error:
        raise bad(f"{show(text)} is not a regular expression: {error}", "special characters want a \\ before") from None
    if empty:
        raise bad(f"{show(text)} matches an empty line, so it proves nothing")
    if broken:
        hint = "leave the line break out; `$` is the end of a line, and a YAML block wants `|-`"
        raise bad(f"{show(text)} has a line break, which no line has: patterns are matched line by line", hint)
    return text


def _may_be_empty(compiled: re.Pattern[str]) -> bool:
    """Whether a pattern matches an empty line, found without running it: `(?:(?:a?){9999}){9999}` runs for hours."""
    from re import _parser  # type: ignore[attr-defined] # noqa: PLC0415 - only patterns pay for it

    return _empty(_parser.parse(compiled.pattern, compiled.flags))


def _spans_lines(compiled: re.Pattern[str]) -> bool:
    """Whether a pattern asks for a line break somewhere: that part of it can never match within a line."""
    from re import _parser  # type: ignore[attr-defined] # noqa: PLC0415 - only patterns pay for it

    return _broken(_parser.parse(compiled.pattern, compiled.flags))


def _broken(items: Any) -> bool:
    """Whether an item of a parsed pattern is a line break that it cannot do without."""
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            broken = argument in _LINE_BREAKS
        elif name == "IN":
            broken = all(str(kind) == "LITERAL" and value in _LINE_BREAKS for kind, value in argument)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            broken = argument[0] > 0 and _broken(argument[2])
        elif name == "SUBPATTERN":
            broken = _broken(argument[-1])
        elif name == "ATOMIC_GROUP":
            broken = _broken(argument)
        elif name == "BRANCH":
            broken = any(_broken(branch) for branch in argument[1])
        elif name == "ASSERT":
            broken = _broken(argument[1])
        else:
            broken = False
        if broken:
            return True
    return False


def _empty(items: Any) -> bool:
    """Whether each item of a parsed pattern matches an empty line."""
    for operation, argument in items:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            empty = argument[0] == 0 or _empty(argument[2])
        elif name == "SUBPATTERN":
            empty = _empty(argument[-1])
        elif name == "ATOMIC_GROUP":
            empty = _empty(argument)
        elif name == "BRANCH":
            empty = any(_empty(branch) for branch in argument[1])
        elif name == "ASSERT":
            empty = _empty(argument[1])
        elif name == "ASSERT_NOT":
            empty = not _empty(argument[1])
        elif name == "GROUPREF_EXISTS":
            empty = _empty(argument[1]) or argument[2] is None or _empty(argument[2])
        elif name == "AT":
            empty = str(argument) not in ("AT_BOUNDARY", "AT_NON_BOUNDARY")
        else:
            empty = name == "GROUPREF"
        if not empty:
            return False
    return True


class Count(NamedTuple):
    """How many lines a pattern must match."""

    operator: str
    number: int

    def __str__(self) -> str:
        """Return it as written in a decision file."""
        return f"{self.operator}{self.number}"

    def holds(self, number: int) -> bool:
        """Whether a number of lines is as wanted."""
        return {
            ">=": number >= self.number,
            "<=": number <= self.number,
            ">": number > self.number,
            "<": number < self.number,
        }.get(self.operator, number == self.number)


def _count(value: Any) -> Count:
    if not isinstance(value, Text):
        raise wrong(f"a count is wanted here, not {kind_of(value)}", 'write 4 or ">=4"')
    match = _COUNT.fullmatch(value.strip())
    if match is None:
        raise bad(f"{show(value)} is not a count", 'write 4 or ">=4"')
    operator = match["operator"] or "=="
    count = Count("==" if operator == "=" else operator, int(match["number"]))
    if count.holds(0):
        raise bad(f"{show(value)} holds where nothing matches, so it proves nothing", "use `absent:` for that")
    return count


def _name(value: Any) -> str:
    text = _text(value)
    if len(text) > _LONGEST_NAME or not text.isprintable():
        raise bad(f"{show(text)} is not a name")
    return text.strip()


def _step(value: Any) -> Any:
    """A step is a text or `{run: command}`; texts become a mapping so that both have one type."""
    return {"says": value} if isinstance(value, str) else value


_NUMBER_SCHEMA = {"type": "integer", "minimum": 1, "maximum": _LARGEST}
Prose = Annotated[str, Read(_text, {"type": ["string", "number", "boolean"]})]
Flag = Annotated[bool, Read(_flag, {"type": "boolean"})]
Number = Annotated[int, Read(_number, _NUMBER_SCHEMA)]
Run = Annotated[int, Read(_run, {"type": "integer", "minimum": 1, "maximum": _LARGEST_RUN})]
KeyNumber = Annotated[int, Read(_key_number, {"type": "string", "pattern": "^[1-9][0-9]*$"})]
ShaText = Annotated[
    Any,
    Read(_sha, {"anyOf": [{"type": "string", "pattern": "^[0-9a-fA-F]{7,64}$"}, {"type": "number"}]}),
]
Commit = Annotated[
    Any,
    Read(
        _commit,
        {"anyOf": [{"type": "string", "pattern": "^([^/@]+/[^/@]+@)?[0-9a-fA-F]{7,64}$"}, {"type": "number"}]},
    ),
]
Date = Annotated[Any, Read(moment, {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"})]
_ISSUE_SCHEMA = {"anyOf": [_NUMBER_SCHEMA, {"type": "string", "pattern": "^[^/#]+/[^/#]+#[1-9][0-9]*$"}]}
Issue = Annotated[Any, Read(_issue_name, _ISSUE_SCHEMA)]
Parts = Annotated[
    Any,
    Read(_parts, {"anyOf": [{"const": "github"}, {"type": "array", "items": _ISSUE_SCHEMA, "minItems": 1}]}),
]
Repository = Annotated[str, Read(_repository, {"type": "string", "pattern": "^[^/]+/[^/]+$"})]
Branch = Annotated[str, Read(_branch, {"type": ["string", "number"]})]
Path = Annotated[str, Read(_path, {"type": "string", "minLength": 1})]
Glob = Annotated[str, Read(_glob, {"type": "string", "minLength": 1})]
Pattern = Annotated[str, Read(_pattern, {"type": ["string", "number"]})]
LineCount = Annotated[
    Any,
    Read(_count, {"type": ["string", "integer"], "pattern": "^(>=|<=|==?|>|<)? *[0-9]+$"}),
]
Name = Annotated[str, Read(_name, {"type": "string", "minLength": 1})]
