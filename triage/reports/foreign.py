"""Turns text from GitHub, git and cluster files into harmless Markdown that reads as the text did."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from operator import itemgetter
from typing import Final


class Markdown(str):
    """Text that is already safe Markdown. Only our own code makes it: a cast of foreign text would undo this module."""

    __slots__ = ()


TICK: Final = "✅✔☑✓🗸🗹"
CROSS: Final = "❌✖✗✘❎☒🗙🗴🗵🗶🗷"
ASKED: Final = "❔❓"
VOICE: Final = "🗣"
MARKS: Final = TICK + CROSS + ASKED + VOICE
"""What a verdict looks like. In foreign text these characters would forge one."""

SHORTCODES: Final = (
    "white_check_mark",
    "heavy_check_mark",
    "ballot_box_with_check",
    "x",
    "heavy_multiplication_x",
    "negative_squared_cross_mark",
    "question",
    "grey_question",
    "speaking_head",
)
"""The same as GitHub's emoji names (https://api.github.com/emojis)."""

ENTITIES: Final = ("check", "checkmark", "cross")
"""The same as named character references (https://html.spec.whatwg.org/entities.json)."""

MASK: Final = "[masked]"

_WORDS = (
    dict.fromkeys(TICK, "[tick]")
    | dict.fromkeys(CROSS, "[cross]")
    | dict.fromkeys(ASKED, "[?]")
    | dict.fromkeys(VOICE, "[voice]")
)
_MARK = re.compile(f"([{MARKS}])[\ufe00-\ufe0f]*")

# Letters and marks that show nothing, though Unicode does not call them format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_COMBINING = frozenset({"Mn", "Me"})
_MOST_COMBINING = 8

_SPACE = re.compile(r"[ \t\r\n\u2028\u2029]+")
_BREAK = re.compile(r"\r\n?|[\u2028\u2029]")
_BACKTICKS = re.compile(r"`+")
_COMMENT = re.compile(r"<(?=!--)|(?<=--)>|(?<=--!)>")

_AT = r"(?:[@\uff20\ufe6b]|&\#0*64;|&\#x0*40;|&commat;)"
_INVISIBLE = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]*+"
)
_SHORTCODE = r":(?:(?=[0-9_+-]{0,40}[a-z])[a-z0-9_+-]{1,80}+|[+-]1|100|1234):"

# What GitHub links or obeys in a comment, and template syntax, which code shows verbatim. No alternative can start
# twice inside one run of its own characters: the lookbehinds and the possessive repeats keep the search linear.
# https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
_LIVE = re.compile(
    rf"""
    (?: https? | ftp )://[^\s<>|`]*+
    | www\.[^\s<>|`]++
    | (?: (?<![\w.+/-])[\w.+/-]++ )?+
      (?: {_AT}{_INVISIBLE}(?: \w[\w./-]*+ | \Z ) | \#{_INVISIBLE}(?: \d\w*+ | \Z ) )
    | (?<![a-z0-9_])gh-{_INVISIBLE}\d\w*+
    | (?<!\w)[0-9a-f]{{7,40}}(?: (?!\w) | (?=(?: https? | ftp )://|www\.) )
    | (?<![\w:+./-])(?=[\w:+./-]*?{_SHORTCODE})[\w:+./-]++
    | {_SHORTCODE}
    | :(?: {"|".join(SHORTCODES)} )\Z
    | (?<!\S)/[a-z][\w-]*+(?=[\s.,;:!?)]|\Z)
    | \{{[{{%\#][^<>|`]{{0,80}}?[}}%\#]\}}
    | \$[^\s<>|`]*+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MATH = re.compile(r"\S\$")
_AFTER_URL = ".,;:!?'\")]*_~"
_AFTER_WORD = ".-/+"

_SPECIAL = re.compile(r"\\|\*+|_+|~+|[\[\]`<>|&]")
_FIXED = {"[": r"\[", "]": r"\]", "`": r"\`", "<": "&lt;", ">": "&gt;", "|": r"\|"}
_ENTITY = re.compile(r"&(?:#|[A-Za-z][A-Za-z0-9]{1,31}(?:;|\Z)|\Z)")
# https://spec.commonmark.org/0.31.2/#container-blocks and #leaf-blocks: what makes a block of a line's beginning.
_OPENS_BLOCK = re.compile(r"[-+](?=\s|\Z)|#{1,6}(?=\s|\Z)|[-:][-:\s]*\Z|=+\s*\Z|(?P<number>\d{1,9})(?=[.)](?:\s|\Z))")
_ITEM = re.compile(r"[ \t]*[-*+•][ \t]+(?=\S)")

_SECRET = re.compile(
    r"gh[oprsu]_[A-Za-z0-9_]{12,}+"
    r"|github_pat_[A-Za-z0-9_]{12,}+"
    r"|(?<![A-Za-z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])xox[a-z]-[A-Za-z0-9-]{8,}+"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+"
)
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")

_LONGEST_URL = 2_000
_URL = re.compile(r"https?://(?P<host>[^/?#]+)", re.IGNORECASE)
_UNSAFE_IN_URL = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#@&+,;=%]")


def mask(text: str) -> str:
    """Return the text with every secret in it replaced by `[masked]`.

    Secrets are GitHub's tokens, AWS key ids, Slack tokens, private keys in PEM and JSON web tokens. A private key
    without an end is masked to the end of the text.
    """
    if "-----BEGIN " in text:
        kept: list[str] = []
        position = 0
        while begin := _KEY_BEGIN.search(text, position):
            kept += [text[position : begin.start()], MASK]
            end = _KEY_END.search(text, begin.end())
            position = end.end() if end else len(text)
        text = "".join(kept) + text[position:]
    return _SECRET.sub(MASK, text)


def visible(text: str) -> str:
    r"""Return one line of plain text, not Markdown: no secret, and what does not print shown as `\x1b` or `\u202e`."""
    text = _SPACE.sub(" ", mask(text)).strip(" ")
    return text.translate(_hidden(text, "\\"))


def inline(text: str, limit: int = 300) -> Markdown:
    """Return one line of Markdown in which nothing of the text is markup, a link, a mention or a command.

    It fits a table cell, a list item, a heading and the label of a link. Balanced code spans stay; what GitHub would
    act upon becomes a code span, because GitHub does nothing inside one. `limit` counts characters of the text; a
    longer text ends in `…`.
    """
    # Nothing that is shown can come from so far behind: this keeps a table of many large bodies cheap.
    enough = 16 * limit + 4096
    line = _SPACE.sub(" ", _readable(text[:enough])).strip(" ")
    pieces = _split(line)
    if len(line) > limit or len(text) > enough:
        pieces = _cut(pieces, limit)
    math = _MATH.search(line) is not None
    tokens = (
        token for is_code, piece in pieces for token in (((True, piece),) if is_code else _tokens(piece, math=math))
    )
    # Two spans side by side would share their backticks: they become one.
    merged = [(is_code, "".join(piece for _, piece in run)) for is_code, run in groupby(tokens, key=itemgetter(0))]
    return Markdown(
        "".join(
            _spans(piece) if is_code else _escaped(piece, first=index == 0)
            for index, (is_code, piece) in enumerate(merged)
        )
    )


def block(text: str, limit: int = 20_000) -> Markdown:
    """Return paragraphs and flat lists of the text, every line harmless as by `inline`. No other structure survives."""
    text = _BREAK.sub("\n", mask(text[: limit + 4096])).strip("\n")
    cut = len(text) > limit
    if cut:
        text = text[:limit].rstrip()
    blocks: list[list[str]] = [[]]
    in_list = False
    for line in text.split("\n"):
        item = _ITEM.match(line)
        harmless = inline(line[item.end() :] if item else line, limit)
        if not harmless:
            blocks.append([])
            in_list = False
        elif item:
            if not in_list:
                blocks.append([])
            in_list = True
            blocks[-1].append(f"- {harmless}")
        elif in_list:
            blocks[-1].append(f"  {harmless}")
        else:
            blocks[-1].append(harmless)
    if cut:
        blocks.append(["…"])
    return Markdown("\n\n".join("\n".join(lines) for lines in blocks if lines))


def code(text: str, *, cell: bool = True) -> Markdown:
    r"""Return a code span with the text on one line; empty for an empty text.

    A `|` becomes `\|`, as a table cell needs it (https://github.github.com/gfm/#example-200). Outside a table that
    would show the backslash: pass `cell=False` there.
    """
    span = _span(_BREAK.sub("\n", _readable(text)).replace("\n", " ").replace("\t", " "))
    return Markdown(span.replace("|", r"\|") if cell else span)


def link(label: str, url: str) -> Markdown:
    """Return a link to an http or https address, or just the label for any other. A label may be Markdown already.

    An address with a user name is not linked: what stands before the `@` misleads or is a secret.
    """
    shown = label if isinstance(label, Markdown) else inline(label)
    address = mask(url.strip())
    host = _URL.match(address)
    if not host or "@" in host["host"] or len(address) > _LONGEST_URL or not shown:
        return shown
    encoded = _UNSAFE_IN_URL.sub(_percent, address)
    encoded = re.sub(r"&(?=#|[A-Za-z0-9]+;)", "&amp;", encoded)
    return Markdown(f"[{shown}]({encoded})")


def fence(text: str, limit: int = 20_000) -> Markdown:
    """Return a fenced block with the text as it is, its fence longer than any run of backticks in it."""
    body = _BREAK.sub("\n", mask(text[: limit + 4096])).strip("\n")
    if len(body) > limit:
        body = body[:limit].rpartition("\n")[0] or body[:limit]
        body += "\n…"
    lines = [_shown(_readable(line)) for line in body.split("\n")]
    inside = "\n".join(lines)
    marks = "`" * max(3, _longest_run(inside) + 1)
    return Markdown(f"{marks}text\n{inside}\n{marks}")


def _readable(text: str) -> str:
    """Take out secrets, forged marks and towers of combining characters; what is hidden is still hidden."""
    text = mask(text)
    if text.isascii():
        return text
    text = _MARK.sub(lambda found: _WORDS[found[1]], text)
    combining = {each for each in set(text) if unicodedata.category(each) in _COMBINING}
    if not combining:
        return text
    kept: list[str] = []
    height = 0
    for each in text:
        height = height + 1 if each in combining else 0
        if height <= _MOST_COMBINING:
            kept.append(each)
    return "".join(kept)


def _hidden(text: str, backslash: str) -> dict[int, str]:
    """Return a table for `str.translate` that shows what the text hides."""
    if text.isascii() and text.isprintable():
        return {}
    return {
        ord(each): backslash + _number(ord(each))
        for each in set(text)
        if (each in _BLANK or unicodedata.category(each) in _HIDDEN) and each not in "\n\t"
    }


def _number(point: int) -> str:
    if point <= 0xFF:  # noqa: PLR2004 - the range of Python's own \x escape
        return f"x{point:02x}"
    return f"u{point:04x}" if point <= 0xFFFF else f"U{point:08x}"  # noqa: PLR2004 - the range of \u


def _shown(text: str) -> str:
    """Return text as it stands inside code: hidden characters visible, no delimiter of an HTML comment."""
    text = text.translate(_hidden(text, "\\"))
    return _COMMENT.sub(lambda found: "< " if found[0] == "<" else " >", text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def _span(text: str) -> str:
    """Return a code span that shows exactly this text (https://spec.commonmark.org/0.31.2/#code-spans)."""
    if not text.strip(" "):
        return ""
    text = _shown(text)
    marks = "`" * (_longest_run(text) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" or (text[0] == " " == text[-1]) else ""
    return f"{marks}{pad}{text}{pad}{marks}"


def _spans(text: str) -> str:
    """Return code that reads the same in a table and outside: a `|` stands between spans, where it can be escaped."""
    text = _COMMENT.sub(lambda found: "< " if found[0] == "<" else " >", text)
    return r"\|".join(_span(part) for part in text.split("|"))


def _split(line: str) -> list[tuple[bool, str]]:
    """Return text and the content of balanced code spans in turn; a span that holds a comment's delimiter is text."""
    runs = [found.span() for found in _BACKTICKS.finditer(line)]
    closers = [-1] * len(runs)
    latest: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        closers[index] = latest.get(length, -1)
        latest[length] = index
    pieces: list[tuple[bool, str]] = []
    position = index = 0
    while index < len(runs):
        closer = closers[index]
        if closer < 0:
            index += 1
            continue
        content = line[runs[index][1] : runs[closer][0]]
        if content.strip(" ") and not _COMMENT.search(content):
            pieces.append((False, line[position : runs[index][0]]))
            pieces.append((True, content[1:-1] if content[0] == content[-1] == " " else content))
            position = runs[closer][1]
        index = closer + 1
    pieces.append((False, line[position:]))
    return [piece for piece in pieces if piece[1]]


def _cut(pieces: list[tuple[bool, str]], limit: int) -> list[tuple[bool, str]]:
    """Return the pieces up to `limit` characters and an ellipsis; a span that does not fit goes whole, unless alone."""
    kept: list[tuple[bool, str]] = []
    left = max(limit - 1, 0)
    for is_code, piece in pieces:
        if len(piece) <= left:
            kept.append((is_code, piece))
            left -= len(piece)
            continue
        end = left
        while 0 < end < len(piece) and unicodedata.category(piece[end]) in _COMBINING:
            end -= 1
        if is_code and not kept:
            return [(True, piece[:end] + "…")]
        if not is_code:
            kept.append((False, piece[:end].rstrip() + "…"))
            return kept
        break
    kept.append((False, "…"))
    return kept


def _tokens(text: str, *, math: bool) -> list[tuple[bool, str]]:
    """Return text and what GitHub would act upon, in turn; `math` says that a `$` could close a formula somewhere."""
    tokens: list[tuple[bool, str]] = []
    done = position = 0
    while found := _LIVE.search(text, position):
        token = found[0]
        if token[0] == "$" and not math:
            position = found.start() + 1
            continue
        is_url = "://" in token[:8] or token[:4].lower() == "www."
        token = token.rstrip(_AFTER_URL if is_url else _AFTER_WORD) or token
        if done < found.start():
            tokens.append((False, text[done : found.start()]))
        tokens.append((True, token))
        done = position = found.start() + len(token)
    if done < len(text):
        tokens.append((False, text[done:]))
    return tokens


def _escaped(text: str, *, first: bool) -> str:
    """Return the text as CommonMark that shows it, with no more backslashes than that needs."""

    def special(found: re.Match[str]) -> str:
        run = found[0]
        before = text[found.start() - 1 : found.start()]
        after = text[found.end() : found.end() + 1]
        match run[0]:
            case "_":
                return run if before.isalnum() and after.isalnum() else r"\_" * len(run)
            case "*" | "~":
                alone = before == " " == after and len(run) == 1
                return run if alone else f"\\{run[0]}" * len(run)
            case "\\":
                return run if after.isalnum() or after == " " else r"\\"
            case "&":
                return "&amp;" if _ENTITY.match(text, found.start()) else "&"
            case _:
                return _FIXED[run]

    escaped = _SPECIAL.sub(special, text)
    if first and (opening := _OPENS_BLOCK.match(text)):
        at = opening.end("number") if opening["number"] else 0
        escaped = f"{escaped[:at]}\\{escaped[at:]}"
    return escaped.translate(_hidden(text, "\\\\"))


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))
