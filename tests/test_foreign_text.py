"""Text that others wrote: what it can do in a report, by a Markdown parser and GitHub's own filters written again."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from triage.reports import foreign
from triage.reports.foreign import Markdown, block, code, fence, inline, link, mask, visible

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

# GitHub's filters run over the text outside code. Each of these takes more than GitHub does.
FILTERS = {
    "mention": re.compile(r"(?<![A-Za-z0-9_])[@\uff20][A-Za-z0-9]", re.IGNORECASE),
    "reference": re.compile(r"(?:#|\bgh-)\d+", re.IGNORECASE),
    "commit": re.compile(r"\b[0-9a-f]{7,40}\b", re.IGNORECASE),
    "commit of a repository": re.compile(r"[\w.-]+@[0-9a-f]{7,40}\b", re.IGNORECASE),
    "address": re.compile(r"(?:https?|ftp)://\w|\bwww\.\w", re.IGNORECASE),
    "mail": re.compile(r"[\w.+-]+@[A-Za-z0-9][\w-]*", re.IGNORECASE),
    "emoji": re.compile(r":(?:[+-]1|[a-z0-9_+-]*[a-z][a-z0-9_+-]*):"),
    "closing": re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+\S*#\d", re.IGNORECASE),
    "duplicate": re.compile(r"\bduplicate\s+of\s+\S*#\d", re.IGNORECASE),
    "command": re.compile(r"(?:^|(?<=\s))/[a-z][\w-]*(?=\s|$)", re.IGNORECASE | re.MULTILINE),
    "mark": re.compile(f"[{foreign.MARKS}]"),
}

HOSTILE = [
    *"\\`*_{}[]()#+-.!|<>~&:;/@$='\"\n\t a1bZé漢",
    *("``", "```", "~~~", "**", "__", "---", "===", "- ", "1. ", "> ", "# ", "    ", "\r\n", "\u2028", "\u00a0"),
    *("<!--", "-->", "--!>", "<!-- triage:v1 key=00 -->", "<img src=x onerror=y>", "</details>", "<a href='//x'>"),
    *(
        "@user",
        "@org/team",
        "\uff20user",
        "&#64;user",
        "&commat;user",
        "@\u200buser",
        "#12",
        "GH-12",
        "o/r#1",
        "&#35;1",
    ),
    *(
        "o/r@abcdef1",
        "deadbeef",
        "0123456789abcdef0123456789abcdef01234567",
        "https://h.example/a?b=1",
        "www.x.example",
    ),
    *(
        "HTTP://X",
        "a@b.example",
        ":x:",
        ":white_check_mark:",
        "Fixes ",
        "Duplicate of ",
        "/close",
        " /close ",
        "@bot r+",
    ),
    *(
        "![",
        "](",
        "](http://x)",
        "[a]: http://x",
        "[^1]:",
        "&lt;",
        "&#9989;",
        "&check;",
        "&amp;",
        "\\|",
        "{{7*7}}",
        "{% raw %}",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "\x9b",
        "\u202e",
        "\u200d",
        "\ufeff",
        "\ud800",
        "\U000e0041",
        "\ue000",
        "\u0301",
        "✅",
        "❌\ufe0f",
        "🗣",
    ),
    *("snake_case", "a|b", "C:\\dir", "x < y", "$x$", "5 * 3", "[x] "),
]
texts = st.lists(st.sampled_from(HOSTILE), max_size=14).map("".join) | st.text(max_size=40)
many = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outside_code(children):
    """Runs of text between code spans, as GitHub's filters see them; a bot sees the backtick that ends one."""
    runs = [""]
    for token in children:
        if token.type == "code_inline":
            runs[-1] += "`"
            runs.append("`")
        elif token.type in {"softbreak", "hardbreak"}:
            runs[-1] += "\n"
        else:
            runs[-1] += token.content
    return runs


def reading(children):
    return "".join(token.content or " " * (token.type == "softbreak") for token in children)


def assert_harmless(markdown, *, blocks=frozenset({"paragraph_open", "paragraph_close", "inline"})):
    """Nothing but paragraphs of text and code, nothing that GitHub acts upon, nothing hidden."""
    tokens = PARSER.parse(markdown)
    for token in tokens:
        assert token.type in blocks, (token.type, markdown)
        for child in token.children or []:
            assert child.type in {"text", "softbreak", "code_inline"}, (child.type, markdown)
        for run in outside_code(token.children or []):
            for name, pattern in FILTERS.items():
                assert not pattern.search(run), (name, run, markdown)
    assert "<!--" not in markdown
    assert "-->" not in markdown
    assert "--!>" not in markdown
    assert not re.search(f"[{foreign.MARKS}]", markdown)
    hidden = [each for each in markdown if each != "\n" and unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co"}]
    assert not hidden, (hidden, markdown)
    return tokens


def read(markdown):
    """What a reader of one line sees."""
    (paragraph,) = [token for token in PARSER.parse(f"x{markdown}x") if token.type == "inline"]
    return reading(paragraph.children)[1:-1]


def plain(text):
    """The text as it has to read: one line, hidden characters and forged marks in words."""
    text = re.sub(f"([{foreign.MARKS}])[\ufe00-\ufe0f]*", lambda found: foreign._WORDS[found[1]], text)
    text = re.sub(r"[ \t\r\n\u2028\u2029]+", " ", text).strip(" ")
    return text.translate(foreign._hidden(text, "\\"))


@pytest.mark.parametrize(
    "text",
    [
        "@user",
        "hi @org/team.",
        "(@user)",
        "&#64;user",
        "&#x40;user",
        "&commat;user",
        "＠user",
        "@\u200buser",
        "@\u2060\u200duser",
        "a`b`@user",
        "`a`@user`b`",
        "a:b:c@user",
        "#12@user",
        "x.@user",
        "\\@user",
        "@user@user",
        "deadbeef@user",
        "$@user",
        "*@user*",
    ],
)
def test_J9_nobody_is_pinged(text):
    assert_harmless(inline(text))
    assert "user" in inline(text) or "team" in inline(text)


def test_J9_two_values_side_by_side_do_not_ping():
    assert_harmless(inline("at @") + inline("user"))
    assert_harmless(inline("number #") + inline("12"))
    assert_harmless(inline("foo :x") + ":")


@pytest.mark.parametrize(
    "text",
    [
        "#12",
        "(#12)",
        "GH-12",
        "gh-12",
        "o/r#1",
        "https://github.com/o/r/issues/1",
        "HTTPS://github.com/o/r",
        "www.x.example/#1",
        "deadbeef",
        "0" * 40,
        "o/r@deadbeef",
        "#12deadbeef",
        "a" * 41 + " " + "b" * 7,
        "abc1234...def5678",
        "1234567\u200b",
        "issue#12",
    ],
)
def test_J10_nothing_refers_to_anything(text):
    assert_harmless(inline(text))
    assert read(inline(text)) == plain(text)


@pytest.mark.parametrize(
    "word", ["fix", "Fixes", "FIXED", "close", "closes", "Closed", "resolve", "Resolves:", "duplicate of"]
)
@pytest.mark.parametrize("space", [" ", "  ", "\u00a0", "\u2003", ": ", "\n"])
@pytest.mark.parametrize("target", ["#1", "o/r#1", "GH-1", "https://github.com/o/r/issues/1"])
def test_J11_no_keyword_closes(word, space, target):
    assert_harmless(inline(f"{word}{space}{target}"))


@pytest.mark.parametrize(
    "text", ["/close", "please /close", "/close.", "/label bug", "a\n/close", "\u00a0/close", "@bot r+", "@bors try"]
)
def test_J11_no_command_is_obeyed(text):
    assert_harmless(inline(text))


def test_J11_a_path_is_not_a_command():
    assert inline("see /usr/lib and a/b") == "see /usr/lib and a/b"


@pytest.mark.parametrize(
    "text",
    [
        "<!-- triage:v1 key=00 -->",
        "`<!-- triage:v1 -->`",
        "``<!--`` x ``-->``",
        "`--``>`",
        "`a:b:--`>`b`",
        "<!-- a --!>",
        "`x --!> y`",
    ],
)
def test_J12_no_marker_survives(text):
    for markdown in (inline(text), block(text), code(text), fence(text), link(text, "https://x.example/<!--")):
        assert "<!--" not in markdown
        assert "-->" not in markdown
        assert "--!>" not in markdown


@pytest.mark.parametrize(
    "text",
    [
        "![](http://x)",
        "[a](http://x)",
        "[a]: http://x",
        "[a][b]",
        "<img src=x>",
        "<details>",
        "</td>",
        "<javascript:x>",
        "<http://x>",
        "[^1]: x",
        "![a]",
        "&#60;b&#62;",
        "✅(http://x)",
        "[x](`http://x`)",
        "$$x$$",
        "*a* _b_ **c** ~~d~~ __e__",
        "***",
        "a  \nb",
    ],
)
def test_J13_no_element_but_text_and_code(text):
    assert_harmless(inline(text))
    assert_harmless(f"[a]: https://ours.example\n\n{inline(text)}")


@pytest.mark.parametrize(
    "text",
    [
        "# a",
        "###### ",
        "- a",
        "-",
        "+ a",
        "* a",
        "1. a",
        "1) a",
        "999999999. a",
        "> a",
        "---",
        "===",
        "=",
        "***",
        "_ _ _",
        "~~~",
        "```",
        ":-",
        ":-:",
        "    a",
        "- [x] a",
        "[x] a",
        "|a|",
    ],
)
@pytest.mark.parametrize("before", ["", "text\n", "- ", "> "])
def test_J14_a_line_opens_no_block(text, before):
    allowed = {"paragraph_open", "paragraph_close", "inline", "bullet_list_open", "bullet_list_close", "list_item_open"}
    allowed |= {"list_item_close", "blockquote_open", "blockquote_close"}
    tokens = assert_harmless(f"{before}{inline(text)}", blocks=allowed)
    assert sum(token.type == "bullet_list_open" for token in tokens) == before.count("- ")
    assert read(inline(text)) == plain(text)


def test_J14_brackets_cannot_end_a_label_or_tick_a_box():
    assert PARSER.render(f"[{inline('a](http://evil.example)')}](https://ours.example)").count("href") == 1
    assert inline("[x] done").startswith(r"\[x\]")


def cells(markdown):
    tokens = PARSER.parse(markdown)
    rows, current = [], None
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            current = []
            rows.append(current)
        elif token.type in {"td_open", "th_open"}:
            current.append(tokens[index + 1].children)
    assert {token.type for token in tokens if token.level == 0} == {"table_open", "table_close"}, markdown
    return rows


@many
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=3))
def test_J14_a_table_reads_back_as_the_same_cells(rows):
    markdown = "| a | b |\n|---|---|\n" + "".join(f"| {inline(a, 9**9)} | {inline(b, 9**9)} |\n" for a, b in rows)
    found = cells(markdown)
    assert [len(row) for row in found] == [2] * (len(rows) + 1)
    for row, sources in zip(found[1:], rows, strict=True):
        for children, text in zip(row, sources, strict=True):
            for run in outside_code(children):
                assert not [name for name, pattern in FILTERS.items() if pattern.search(run)], (run, markdown)
            if "`" not in text:
                assert reading(children).strip() == plain(text).strip()


@many
@given(st.lists(texts, min_size=1, max_size=3))
def test_J14_code_in_a_table_reads_back(values):
    markdown = "| a | b |\n|---|---|\n" + "".join(f"| {code(value)} | x |\n" for value in values)
    found = cells(markdown)
    assert [len(row) for row in found] == [2] * (len(values) + 1)
    for row, text in zip(found[1:], values, strict=True):
        assert all(child.type == "code_inline" or not child.content for child in row[0]), markdown
        if not {"<", ">"} & set(text):
            one_line = re.sub(
                r"\r\n?|[\n\t\u2028\u2029]",
                " ",
                re.sub(f"([{foreign.MARKS}])[\ufe00-\ufe0f]*", lambda m: foreign._WORDS[m[1]], text),
            )
            expected = one_line.translate(foreign._hidden(one_line, "\\"))
            assert reading(row[0]).strip() == expected.strip()


@many
@given(texts)
@example("`a` `b|c`")
@example("`$`x`$`")
@example("``a`b``@user")
@example("a\\")
@example("deadbeefhttps://h.example/a")
def test_J9_J15_inline_is_harmless_everywhere(text):
    markdown = inline(text, 9**9)
    assert isinstance(markdown, Markdown)
    assert "\n" not in markdown
    assert_harmless(markdown)
    assert_harmless(f"text\n{markdown}\ntext")
    assert_harmless(f"漢{markdown}漢")
    headings = {"heading_open", "heading_close", "inline"}
    assert_harmless(f"## {markdown}", blocks=headings)


@many
@given(texts.filter(lambda text: "`" not in text))
def test_J16_inline_reads_as_the_text_did(text):
    if not re.search(r"[\u0300-\u036f]{9}", text):
        assert read(inline(text, 9**9)).strip() == plain(text).strip()


@many
@given(texts)
def test_J9_J15_block_is_harmless(text):
    lists = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
    assert_harmless(block(text), blocks=lists | {"paragraph_open", "paragraph_close", "inline"})


@many
@given(texts)
def test_J15_a_fence_holds_everything(text):
    tokens = PARSER.parse(f"{fence(text)}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert not [e for e in fence(text) if e not in "\n\t" and unicodedata.category(e) in {"Cc", "Cf", "Cs", "Co"}]


@many
@given(texts, st.sampled_from(["https://", "http://", "HTTPS://", "javascript:", "", "data:"]), texts)
def test_J13_a_link_is_ours_or_none(label, scheme, rest):
    markdown = link(label, f"{scheme}{rest}")
    (line,) = [token.children for token in PARSER.parse(f"x {markdown} x") if token.type == "inline"]
    addresses = [child.attrs["href"] for child in line if child.type == "link_open"]
    assert len(addresses) <= 1
    assert all(address.lower().startswith(("http://", "https://")) for address in addresses)
    assert {child.type for child in line} <= {"text", "code_inline", "link_open", "link_close"}


def test_J13_a_link_keeps_its_label():
    assert link("a [b]", "https://h.example/a (b)|c") == r"[a \[b\]](https://h.example/a%20%28b%29%7Cc)"
    assert link(code("abc"), "https://h.example/?a=1&b=2#L3") == "[`abc`](https://h.example/?a=1&b=2#L3)"
    assert link("a", "javascript:alert(1)") == "a"
    assert link("a", "https://user:word@h.example/") == "a"
    assert link("a", "https://") == "a"
    assert link("a", "https://h.example/" + "a" * 3000) == "a"
    assert link("", "https://h.example/") == ""
    assert link("a", "https://h.example/&lt;") == "[a](https://h.example/&amp;lt;)"


def test_J15_what_is_hidden_is_shown():
    assert read(inline("a\x1b[31mb\u202ec\x00\u200d\U000e0041\ud800")) == r"a\x1b[31mb\u202ec\x00\u200d\U000e0041\ud800"
    assert code("a\x1b\u202e") == r"`a\x1b\u202e`"
    assert fence("a\x1b\tb\nc\u202e") == "```text\na\\x1b\tb\nc\\u202e\n```"
    assert visible("a\x1b]0;x\nb ghp_0123456789abcdef") == r"a\x1b]0;x b [masked]"


def test_J15_a_mark_is_a_word():
    assert read(inline("✅ ✔\ufe0f ☑ ✓ 🗸 ❌ ✖️ ✗ ✘ ❎ ❔ ❓ 🗣️")) == "[tick] " * 5 + "[cross] " * 5 + "[?] [?] [voice]"
    assert code("✅") == "`[tick]`"
    assert "[tick]" in fence("✅")
    assert read(inline("&#9989; &check; &#x2705;")) == "&#9989; &check; &#x2705;"


def test_J16_towers_of_combining_marks_are_cut():
    tower = "e" + "\u0301" * 10_000 + "x"
    assert inline(tower, 1_000) == "e" + "\u0301" * 8 + "x"
    assert inline(tower) == "e" + "\u0301" * 8 + "…"


@pytest.mark.parametrize("text", ["é", "e\u0301", "漢字", "👍🏽", "𝔘𝔫𝔦", "Ã©", "नमस्ते", "עברית"])
def test_J16_text_of_every_script_stays(text):
    assert inline(text) == text


def test_J16_raw_text_stays_clean():
    for text in (
        "snake_case stays (yes), v1.2 a/b x=y",
        "R&D, 5 * 3, 12:30:45",
        r"C:\dir\x",
        "$5 is a price",
        "it's \"so\"; don't!",
    ):
        assert inline(text) == text
    assert inline("use `x` and ``a`b``") == "use `x` and ``a`b``"
    assert inline("`a|b`") == r"`a`\|`b`"
    assert inline("std::foo::bar at x.py:1:error:") == "`std::foo::bar` at `x.py:1:error:`"


CUT = "Ab `code span` *x* &lt; \x1b @user #12 https://x.example/y `b` e\u0301 <b> [l](u) ✅ end of it"


@pytest.mark.parametrize("limit", range(1, len(CUT) + 40))
def test_J17_every_cut_is_harmless(limit):
    markdown = inline(CUT, limit)
    assert_harmless(markdown)
    line = re.sub(f"[{foreign.MARKS}]", "[tick]", CUT)
    assert (len(line) > limit) == markdown.endswith(("…", "…`"))
    if len(line) > limit:
        shown = read(markdown).replace(r"\x1b", "\x1b")
        assert len(shown) <= limit
        assert line.replace("`", "").startswith(shown.removesuffix("…"))
    assert_harmless(block(CUT, limit))
    assert [token.type for token in PARSER.parse(fence(CUT, limit))] == ["fence"]


def test_J17_a_long_span_alone_is_cut_inside():
    assert inline("`" + "a" * 400 + "`", 10) == "`aaaaaaaaa…`"
    assert inline("x `" + "a" * 400 + "`", 10) == "x …"


def test_block_keeps_paragraphs_and_lists():
    text = "# One\ntwo\n\n* a\n  - b\nc\n\n\n\n1. d\r\n```\n<b>\n```"
    assert block(text) == "\\# One\ntwo\n\n- a\n- b\n  c\n\n1\\. d\n\\`\\`\\`\n&lt;b&gt;\n\\`\\`\\`"
    assert block("") == ""
    assert block("a " * 100, 10).endswith("\n\n…")


KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
SECRETS = {
    "ghp_": "ghp_" + "a1B2" * 9,
    "gho_": "gho_" + "a1B2" * 9,
    "ghs_": "ghs_" + "a1B2" * 9,
    "ghu_": "ghu_" + "a1B2" * 9,
    "ghr_": "ghr_" + "a1B2" * 9,
    "fine-grained": "github_pat_11ABCDEFG0" + "a1B2" * 15,
    "aws": "AKIA" + "ABCDEFGH12345678",
    "slack": "xox" + "b-123456789012-abcdefghijkl",
    "pem": KEY,
    "cut pem": KEY[:40],
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlX2hlcmU",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_K7_no_secret_is_copied(secret):
    text = f"before {secret}"
    assert mask(text) == "before [masked]"
    for make in (inline, block, code, fence, visible):
        assert secret[-12:] not in make(text)
        assert "masked" in make(text)
    assert secret[-12:] not in link(text, f"https://x.example/{secret}")
    assert "masked" in link("a", f"https://x.example/{secret}") or "\n" in secret or "-----" in secret


def test_K7_ordinary_words_are_not_masked():
    for text in ("ghp_ is a prefix", "AKIAB", "xoxo", "eyJ", "-----BEGIN CERTIFICATE-----"):
        assert mask(text) == text
    assert mask(f"a {KEY} b {KEY} c") == "a [masked] b [masked] c"


HUGE = 300_000
FLOODS = [
    "`",
    "` `` ",
    "[",
    "@",
    "a@",
    "a",
    ":",
    ":" + "a" * 100,
    "$",
    "http://",
    "http://.",
    "_a",
    "\u200b",
    "e\u0301",
    "eyJ",
    "eyJaaaaaaaaa.",
    "&#",
    "&#0",
    "\\",
    " /a",
]
FLOODS += [
    "{{",
    "{{a",
    "`<!--",
    "#",
    "a:",
    "<!--",
    "xoxb-",
    "-----BEGIN PRIVATE KEY-----",
    "GH-",
    "@\u200b",
    " $",
    "<",
    "- \n",
    "\n\n",
    "a.",
    "www.",
]


@pytest.mark.parametrize("flood", FLOODS)
def test_J16_a_flood_takes_linear_time(flood):
    def took(size):
        text = (flood * (size // len(flood) + 1))[:size]
        start = time.process_time()
        inline(text, 9**9), block(text, 9**9), code(text), fence(text, 9**9), mask(text), link(text[:9], text)
        return time.process_time() - start

    small = max(took(HUGE // 10), 0.02)
    assert took(HUGE) < 40 * small
