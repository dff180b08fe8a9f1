"""What a message says itself, what it only quotes or lists, and which issues it names in either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from triage.landing.subjects import REVERTING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCED = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^ {0,3}>.*$", re.MULTILINE)
_INDENTED = re.compile(r"(?<=\n\n)(?:(?: {4}|\t).*(?:\n|\Z))+")
_TICKED = re.compile(r"`[^`\n]+`")
_INLINE = re.compile(
    r"(?<![\w\"])\"(?=\S)(?:[^\"\n]|\n(?!\s*\n)){1,400}?\"(?!\w)"
    r"|“(?:[^”\n]|\n(?!\s*\n)){1,400}?”|«(?:[^»\n]|\n(?!\s*\n)){1,400}?»"
    r"|(?<![\w'])'(?=\S)[^'\n]{1,200}?'(?!\w)"
)
_BULLET = re.compile(r"^\* (?=\S)", re.MULTILINE)
_FEW_BULLETS = 2
_LONGEST = 50_000
_WIDTH = 8
_WIDE = re.compile(r"[^\S\n]{9,}")
_EMPTY = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_RULE = re.compile(r"^-{5,}[ \t]*$", re.MULTILINE)
"""GitHub puts a line of dashes between the messages of a squash and the names of who made them."""
_LOG = re.compile(r"^Squashed commit of the following:[ \t]*$", re.MULTILINE)
_SQUASHED = re.compile(r"\(#\d{1,12}\)$")
_MERGE = re.compile(r"Merge (?:pull request #\d|(?:remote-tracking )?branch\b)")
_REVERT = re.compile(rf"\W{{0,3}}(?:[a-z]+(?:\([^()]*\))?!?:\s*)?(?:{REVERTING})", re.IGNORECASE)

_NOT_SAID = re.compile(r"\s*(?:>|[-*+]\s+\[ \]|#{1,6}\s|\|)")
"""A quotation, a box without a tick, a heading or a row of a table."""
_CONDITION = re.compile(r"(?i)(?:(?<=^)|(?<=[.;:!?(\n])|(?<=[-*]))\s*(?:if|when|unless|whether|in case)\b[^.;!?\n]*")

_HOME = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}"
_ISSUE = rf"(?:(?:{_HOME})?#|\bGH-|https?://[^\s/]{{1,100}}/{_HOME}/issues/)[1-9]\d{{0,9}}\b(?!-?\w)"
_LISTED = rf"{_ISSUE}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s+){_ISSUE})*"
_WHAT = r"(?:(?:the\s+)?(?:issues?|bugs?|tickets?)\s+)?"
_CLOSING = re.compile(
    rf"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b(?:\s+for)?(?:\s*:)?\s*{_WHAT}(?P<issues>{_LISTED})", re.IGNORECASE
)
_NAMING = re.compile(
    r"(?:^|[.;:,(]|[-*]\s)[ \t]{0,8}(?:refs?|references?|addresses|implements)\b(?:\s*:)?\s*"
    rf"{_WHAT}(?P<issues>{_LISTED})",
    re.IGNORECASE | re.MULTILINE,
)
_HEADED = re.compile(r"(?:\[?(?P<one>#[1-9]\d{0,9})(?:\]|:)|.*?\((?P<other>#[1-9]\d{0,9})\)(?=.*[^\s)]))")
"""`#12: words`, `[#12] words` and `(#12)` with words after it; at the end it is a pull request."""
_NAME = re.compile(rf"(?:(?P<home>{_HOME})#|https?://[^\s/]{{1,100}}/(?P<at>{_HOME})/issues/|#|GH-)(?P<number>\d+)")
_SLIGHT = (
    r"(?:yet|fully|completely|entirely|actually|really|necessarily|quite|by\s+(?:itself|this)|on\s+its\s+own|itself|alone|"
    r"automatically|directly|even|be|been|being|to|try|tries|trying|attempt|claim|intend|mean|meant|have|has)"
)
_NEGATED = re.compile(
    r"(?:\b(?:not|never|cannot|without|nor|instead\s+of|rather\s+than|no\s+longer)|n['’]t)(?!\s+(?:only|just|merely)\b)"
    rf"(?:\s+{_SLIGHT}\b){{0,4}}\s*\Z",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.;:!?,()]|\n\s*\n|\n[-*] ")


class Words(NamedTuple):
    """A message taken apart: what it says itself, what it quotes, what a squash lists; the rest of each is blank."""

    own: str
    quoted: str
    squashed: str


class Issue(NamedTuple):
    """An issue as a message names it; `repository` is None where it says none, `words` are how."""

    number: int
    repository: str | None
    words: str


def bounded(text: str) -> str:
    """Return a text, cut and without long runs of white space: a stranger may have made it to keep us busy."""
    text = _WIDE.sub(lambda found: found[0][0] * _WIDTH, text[:_LONGEST])
    return _EMPTY.sub("\n\n", text)


def apart(subject: str, body: str = "") -> Words:
    """Return a message's own words apart from what it quotes, and from the list of commits that a squash makes."""
    text = bounded(f"{subject}\n\n{body}".replace("\r\n", "\n"))
    text = _COMMENT.sub(lambda found: _blank(found[0]), text)
    head = len(subject)
    # `git merge --squash` indents the messages that it lists.
    patterns = (_FENCED, _BLOCK, _TICKED) if _LOG.search(text) else (_FENCED, _BLOCK, _INDENTED, _TICKED)
    quoted = [(found.start(), found.end()) for found in _quotations(text, patterns)]
    if _REVERT.match(subject) or _MERGE.match(subject):
        quoted.append((0, head))
    listed = _list_of_commits(text, subject)
    squashed = [listed] if listed is not None else []
    return Words(
        _without(text, [*quoted, *squashed]),
        _only(text, quoted, squashed),
        _without(_only(text, squashed, []), quoted),
    )


def apart_of_pull(title: str, body: str) -> Words:
    """Return the same of a pull request, where what a template says is none of its own words either."""
    words = apart(title, body)
    own = "\n".join("" if _NOT_SAID.match(line) else line for line in words.own.split("\n"))
    return words._replace(own=_CONDITION.sub("", bounded(own)))


def _quotations(text: str, patterns: Iterable[re.Pattern[str]]) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from pattern.finditer(text)
        text = pattern.sub(lambda found: _blank(found[0]), text)
    yield from _INLINE.finditer(text)


def _list_of_commits(text: str, subject: str) -> tuple[int, int] | None:
    """Where the messages of the commits stand that were squashed, as GitHub and `git merge --squash` list them."""
    end = _RULE.search(text)
    stop = end.start() if end is not None else len(text)
    log = _LOG.search(text)
    if log is not None:
        return log.end(), len(text)
    bullets = [found for found in _BULLET.finditer(text) if text[: found.start()].endswith("\n\n")]
    if _SQUASHED.search(subject) and len(bullets) >= _FEW_BULLETS and bullets[0].start() < stop:
        return bullets[0].start(), stop
    return None


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + _blank(text[start:end]) + text[end:]
    return text


def _only(text: str, spans: Iterable[tuple[int, int]], but: Iterable[tuple[int, int]]) -> str:
    shown = _blank(text)
    for start, end in spans:
        shown = shown[:start] + text[start:end] + shown[end:]
    return _without(shown, but)


def closed_in(text: str) -> Iterator[tuple[Issue, bool]]:
    """Yield the issues that a text names with one of GitHub's closing keywords; True where the keyword is negated."""
    for found in _CLOSING.finditer(text):
        before = _CLAUSE.split(text[max(0, found.start() - 120) : found.start()])[-1]
        negation = _NEGATED.search(before)
        words = " ".join(f"{negation[0] if negation else ''}{found[0]}".split())
        yield from ((issue, negation is not None) for issue in _issues(found["issues"], words))


def named_in(text: str) -> Iterator[Issue]:
    """Yield the issues that a text names outright: `closes #12`, `refs #12`, `fix(#12): …`, `#12: …` in its subject.

    What is negated names none. A `(#12)` at the end of the subject is a pull request.
    """
    yield from (issue for issue, negated in closed_in(text) if not negated)
    for found in _NAMING.finditer(text):
        yield from _issues(found["issues"], " ".join(found[0].strip(" \n.;:,(-*").split()))
    subject = text.partition("\n")[0].strip()
    headed = _HEADED.match(subject)
    if headed is not None:
        yield from _issues(headed["one"] or headed["other"], headed["one"] or f"({headed['other']})")


def _issues(text: str, words: str) -> Iterator[Issue]:
    for found in _NAME.finditer(text):
        yield Issue(int(found["number"]), found["home"] or found["at"], words)


def mentions(text: str, number: int) -> bool:
    """Whether a text has the number of an issue anywhere, in whatever manner."""
    return re.search(rf"(?:#|\bGH-|issues?[\s/_-]{{0,2}}#?){number}(?!\d)", text, re.IGNORECASE) is not None
