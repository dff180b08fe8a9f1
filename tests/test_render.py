"""Templates: what they may print, what they cannot reach, and how a fault in one is told."""

from __future__ import annotations

import copy
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import AskedWrongly
from triage.reports import foreign
from triage.reports import render as rendering
from triage.reports.foreign import Markdown, code
from triage.reports.render import final, render

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folders(tmp_path):
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    for folder in (shipped, own):
        (folder / "parts").mkdir(parents=True)
    return shipped, own


@pytest.fixture
def put(folders):
    """Write a template into the shipped folder and return what renders it; `own` puts it into the user's."""
    shipped, own = folders

    def write(source, name="report.md", *, own_too=False):
        (own if own_too else shipped).joinpath(name).write_text(source, encoding="utf-8")
        return lambda view=None: render("report.md", view or {}, shipped=shipped, own=own if own_too else None)

    return write


def fault(call, *arguments):
    with pytest.raises(AskedWrongly) as raised:
        call(*arguments)
    assert raised.value.exit_code == 2
    assert "\n" not in raised.value.message
    assert "Traceback" not in raised.value.message
    return raised.value


VIEW = {
    "title": "Fix {{7*7}} for @user, #12",
    "issues": [
        {"number": 529, "title": "a|b", "verdict": {"mark": Markdown("✅"), "text": "verified"}, "labels": ["x", "y"]},
        {"number": 372, "title": "<b>", "verdict": {"mark": Markdown("❌"), "text": "refuted"}, "labels": []},
    ],
    "note": None,
    "done": True,
}

# ---- J1

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__']['__mro__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ()|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0.__class__}'.format_map({}) }}",
    "{{ ('{0.__class__.__init__.__globals__}'|string).format(x) }}",
    "{{ title.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('touch CANARY').read() }}",
    "{{ lipsum.__globals__['os'].system('touch CANARY') }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ dict.__base__ }}",
    "{{ self.__init__.__globals__.__builtins__.open('CANARY', 'w') }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ self._TemplateReference__context.cycler }}",
    "{{ request.application.__globals__ }}",
    "{{ config.__class__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ range.__globals__ }}",
    "{{ [].append(1) }}",
    "{{ issues.append(1) }}",
    "{{ issues.__add__ }}",
    "{{ {}.update(a=1) }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m.name }}",
    "{% macro m() %}{{ caller.__init__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for i in issues %}{{ loop._iterator }}{% endfor %}",
    "{% for i in issues %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% for i in issues %}{{ loop._undefined }}{% endfor %}",
    "{% for i in issues %}{{ loop.cycle.__self__ }}{% endfor %}",
    "{% for i in (x for x in y) %}{{ i.gi_frame }}{% endfor %}",
    "{% set g = issues|map(attribute='__class__') %}{{ g|list }}",
    "{% set g = issues|map(attribute='title.__class__') %}{{ g|list|first }}",
    "{{ issues|map('attr', '__class__')|list }}",
    "{{ (issues|map(attribute='title')).gi_frame.f_globals }}",
    "{{ issues|groupby('__class__') }}",
    "{{ issues|sort(attribute='title.__class__')|list }}",
    "{{ issues|selectattr('title.__class__')|list }}",
    "{{ issues|sum(attribute='title.__len__') }}",
    "{{ [title]|join(',', attribute='__class__') }}",
    "{{ undefined_name.__class__ }}",
    "{{ (undefined_name|default(title)).__class__ }}",
    "{% set x = title.__class__ %}{{ x }}",
    "{% if title.__class__ %}{% endif %}",
    "{% import 'report.md' as m %}{{ m.__dict__ }}",
    "{% from 'parts/m.md' import _hidden %}",
    "{% import 'parts/m.md' as m %}{{ m._body_stream }}",
    "{% import 'parts/m.md' as m %}{{ m.__class__ }}",
    "{% import 'parts/m.md' as m %}{{ m.__init__.__globals__ }}",
    "{% import 'parts/m.md' as m %}{{ m._body_stream|join }}",
    "{% import 'parts/m.md' as m %}{{ m.__name__ }}",
    "{% for i in issues %}{{ loop.__doc__ }}{% endfor %}",
    "{% for i in issues %}{{ loop['__module__'] }}{% endfor %}",
    "{% for i in issues %}{{ loop.cycle.__name__ }}{% endfor %}",
    "{{ range.__name__ }}",
    "{% block b %}{{ super.name }}{% endblock %}",
    "{% block b %}{{ super.__init__ }}{% endblock %}",
    "{% block b %}{{ self.b.__call__ }}{% endblock %}",
    "{{ title|pprint }}",
    "{{ title|tojson }}",
    "{{ title|safe }}",
    "{{ title|xmlattr }}",
    "{{ '%s'|format(title) }}",
    "{% debug %}",
    "{% do issues.clear() %}",
    "{% autoescape true %}{{ title }}{% endautoescape %}",
    "{% filter upper %}{{ title }}{% endfilter %}",
    "{{ title is callable }}",
    "{{ issues|select('callable')|list }}",
    "{{ issues|map('upper')|list }}",
    "{{ title() }}",
    "{{ issues() }}",
    "{{ issues[0].number() }}",
    "{{ 5() }}",
    "{{ issues }}",
    "{{ issues[0] }}",
    "{{ range }}",
    "{{ self }}",
    "{% macro m() %}{% endmacro %}{{ m }}",
    "{% macro m() %}{% endmacro %}{{ m ~ '' }}",
    "{% macro m() %}{% endmacro %}{{ '%s' % m }}",
    "{% macro m() %}{% endmacro %}{{ m|upper }}",
    "{% macro m() %}{% endmacro %}{{ [m]|join }}",
    "{% for i in issues %}{{ loop }}{% endfor %}",
    "{% for i in issues %}{{ loop ~ '' }}{% endfor %}",
    "{{ '%(x)s' % {'x': title.__class__} }}",
    "{{ issues[0]['__class__'] }}",
    "{{ issues['__class__'] }}",
    "{{ title[title] }}",
    "{{ issues[none] }}",
]


@pytest.mark.parametrize("source", ESCAPES)
@pytest.mark.parametrize("own", [False, True], ids=["shipped", "own"])
def test_J1_nothing_leads_out_of_the_sandbox(put, source, own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("{% macro row() %}{% endmacro %}", "parts/m.md")
    raised = fault(put(f"one\ntwo\n{source}\n", own_too=own), VIEW)
    assert "report.md:3: " in raised.message, raised.message
    assert raised.hint
    assert not list(tmp_path.rglob("*CANARY*"))


NAMES = [
    "__class__",
    "__mro__",
    "__globals__",
    "__init__",
    "__subclasses__",
    "mro",
    "format",
    "gi_frame",
    "f_globals",
    "_environment",
    "__builtins__",
    "__dict__",
]
VALUES = [
    "title",
    "issues",
    "issues[0]",
    "done",
    "''",
    "()",
    "{}",
    "5",
    "1.5",
    "range",
    "self",
    "m",
    "loop",
    "loop.cycle",
    "g",
    "g[0]",
    "caller",
    "note",
    "x",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(VALUES),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
    st.sampled_from([".{}", "['{}']", "|map(attribute='{}')|list", "|attr('{}')"]),
)
def test_J1_no_attribute_of_any_value(tmp_path_factory, value, names, shape):
    folder = tmp_path_factory.mktemp("t")
    expression = value + "".join(shape.format(name) for name in names)
    (folder / "report.md").write_text(
        "{% macro m() %}{% set x = 'a' ~ 'b' %}{% for g in issues|groupby('number') %}{{ "
        + expression
        + " }}{% endfor %}{% endmacro %}{% call m() %}{% endcall %}"
    )
    fault(lambda: render("report.md", VIEW, shipped=folder, own=None))


# ---- J2


@pytest.mark.parametrize(
    "value",
    [
        object(),
        len,
        1.5,
        (1,),
        {1},
        b"x",
        {1: "a"},
        Path("x"),
        {"a": [{"b": print}]},
        [[{"c": 1.0}]],
        type("D", (dict,), {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_J2_only_plain_data_goes_in(put, value):
    call = put("x")
    if type(value).__name__ == "D":
        assert call({"a": value}) == "x\n"
        return
    with pytest.raises(TypeError, match=r"view\.a"):
        call({"a": value})


@pytest.mark.parametrize(
    "source",
    ["{{ issues[0].close() }}", "{{ title.upper() }}", "{{ issues[0].keys() }}", "{{ done() }}", "{{ note() }}"],
)
def test_J2_nothing_can_be_called(put, source):
    assert "report.md:1: " in fault(put(source), VIEW).message


def test_J2_the_view_is_not_changed(put):
    before = copy.deepcopy(VIEW)
    put("{% set issues = 1 %}{% for i in [1] %}{% set title = 2 %}{% endfor %}x")(VIEW)
    assert before == VIEW


# ---- J3, J4


def test_J3_a_loop_without_end_is_stopped(put):
    source = "{% for a in range(999) %}\n{% for b in range(999) %}{% for c in range(999) %}{% endfor %}{% endfor %}{% endfor %}"
    raised = fault(put(source, own_too=True))
    assert "report.md:2: the template used more than 2 s" in raised.message


def test_J3_a_call_that_does_not_come_back_is_stopped(put, monkeypatch):
    monkeypatch.setattr(rendering, "_FAULTS", ())
    monkeypatch.setitem(rendering._OWN_FILTERS, "title", lambda value: sum(range(10**11)))
    rendering._sandbox.cache_clear()
    raised = fault(put("{{ 'a'|title }}", own_too=True))
    assert "report.md: the template used more" in raised.message
    rendering._sandbox.cache_clear()


def test_J3_the_wall_clock_stops_it_too(put, monkeypatch):
    monkeypatch.setattr(rendering, "WALL_SECONDS", 0.5)
    monkeypatch.setitem(rendering._OWN_FILTERS, "title", lambda value: time.sleep(60))
    rendering._sandbox.cache_clear()
    start = time.monotonic()
    assert "longer than 0.5 s" in fault(put("{{ 'a'|title }}", own_too=True)).message
    assert time.monotonic() - start < 5
    rendering._sandbox.cache_clear()


@pytest.mark.parametrize(
    "source",
    [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'report.md' %}",
        "{% extends 'report.md' %}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    ],
)
@pytest.mark.parametrize("own", [False, True], ids=["shipped", "own"])
def test_J3_recursion_ends(put, source, own):
    assert "without end" in fault(put(source, own_too=own)).message


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * 'x' }}",
        "{{ [1] * 10**9 }}",
        "{{ title * 10**9 }}",
        "{{ '%900000000d' % 1 }}",
        "{{ '%.900000000f' % 1.0 }}",
        "{{ '%*d' % (900000000, 1) }}",
        "{{ 9 ** 999999 }}",
        "{{ 'x'|center(10**9) }}",
        "{{ range(10**9)|list }}",
        "{{ 'x'|indent(10**9) * 10**6 }}",
    ],
)
def test_J4_nothing_grows_in_one_step(put, source):
    start = time.monotonic()
    assert "report.md:1: " in fault(put(source), VIEW).message
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "source",
    [
        "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = [1, 2] %}" + "{% set a = a + a %}" * 40,
        "{% set a = 'aaaaaaaaaa'|replace('a', 'aaaaaaaaaaaaaaaaaaaa')"
        + "|replace('a', 'aaaaaaaaaaaaaaaaaaaa')" * 12
        + " %}",
        "{{ [1]|batch(10**9, 1)|list|length }}",
    ],
)
def test_J4_memory_has_a_limit(put, source):
    message = fault(put(source, own_too=True)).message
    assert "report.md:1: the template used more than" in message or "processor time" in message


@pytest.mark.parametrize("own", [False, True], ids=["shipped", "own"])
def test_J4_output_has_a_limit(put, own):
    assert "1,048,576 bytes" in fault(put("{% for i in range(999) %}{{ 'é' * 5000 }}{% endfor %}", own_too=own)).message
    assert len(put("{% for i in range(500) %}{{ 'x' * 2000 }}{% endfor %}", own_too=own)()) == 1_000_001


def test_J4_a_template_has_a_largest_size(put):
    assert "larger than" in fault(put("x" * (1024 * 1024 + 1))).message


def open_files():
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else None


def test_J3_the_child_leaves_nothing_behind(put, capfd, monkeypatch):
    call = put("{{ title }}", own_too=True)
    open_before = open_files()
    print("half a line", end="")  # noqa: T201 - it must not come out twice
    for _ in range(3):
        call(VIEW)
    with pytest.raises(AskedWrongly):
        call({})
    assert open_files() == open_before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    captured = capfd.readouterr()
    assert captured.out == "half a line"
    assert captured.err == ""
    monkeypatch.delattr(os, "fork")
    assert call(VIEW) == "Fix `{{7*7}}` for `@user`, `#12`\n"


def test_a_programming_error_is_not_the_templates_fault(put, monkeypatch):
    def broken(text, limit=300):
        raise ValueError("ours")

    real = foreign._split
    monkeypatch.setattr(foreign, "_split", lambda line: real(line)[10])
    with pytest.raises(IndexError):
        put("{{ title }}")(VIEW)
    with pytest.raises(RuntimeError, match="IndexError"):
        put("{{ title }}", own_too=True)(VIEW)


# ---- J5


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "/etc/passwd.md",
        "../x.md",
        "parts/../../x.md",
        "a\\..\\x.md",
        "./x.md",
        "parts//m.md",
        "x\0.md",
        "x.txt",
        "",
        "..",
        "parts",
    ],
)
@pytest.mark.parametrize("tag", ["include", "import", "extends"])
def test_J5_only_names_inside_the_folders(put, name, tag):
    rest = " as m" if tag == "import" else ""
    raised = fault(put(f"\n{{% {tag} n {rest} %}}"), {"n": name})
    assert "report.md:2: refused: a template's name" in raised.message


def test_J5_a_link_out_is_refused(put, folders, tmp_path):
    shipped, own = folders
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    (shipped / "parts" / "out.md").symlink_to(secret)
    (shipped / "parts" / "gone.md").symlink_to(tmp_path / "nowhere.md")
    (own / "there").symlink_to(tmp_path)
    (shipped / "inside.md").write_text("inside")
    (shipped / "parts" / "in.md").symlink_to(shipped / "inside.md")
    assert "leads out of" in fault(put("{% include 'parts/out.md' %}")).message
    assert "link to nothing" in fault(put("{% include 'parts/gone.md' ignore missing %}")).message
    assert "leads out of" in fault(put("{% include 'there/secret.md' %}", own_too=True)).message
    assert put("{% include 'parts/in.md' %}")() == "inside\n"


def test_J5_only_files_are_read(put, folders):
    os.mkfifo(folders[0] / "pipe.md")
    (folders[0] / "folder.md").mkdir()
    (folders[0] / "latin.md").write_bytes(b"\xe9")
    for name in ("pipe.md", "folder.md"):
        assert "is not a file" in fault(put(f"{{% include '{name}' %}}")).message
    assert "not UTF-8" in fault(put("{% include 'latin.md' %}")).message


def test_J5_nothing_outside_is_opened(put, folders, tmp_path):
    opened, recording = [], False
    sys.addaudithook(
        lambda event, arguments: opened.append(str(arguments[0])) if event == "open" and recording else None
    )
    (tmp_path / "secret.md").write_text("secret")
    recording = True
    for name in ("../secret.md", str(tmp_path / "secret.md"), "parts/../../secret.md"):
        fault(put(f"{{% include '{name}' %}}"))
    recording = False
    assert not [path for path in opened if "secret" in path]
    assert [path for path in opened if "report.md" in path]


def test_the_users_file_comes_first(folders, put):
    shipped, own = folders
    put("a {% include 'parts/p.md' %} c")
    put("shipped\n", "parts/p.md")
    assert render("report.md", {}, shipped=shipped, own=own) == "a shipped\n c\n"
    put("own\n", "parts/p.md", own_too=True)
    assert render("report.md", {}, shipped=shipped, own=own) == "a own\n c\n"
    assert render("report.md", {}, shipped=shipped, own=None) == "a shipped\n c\n"
    put("mine", own_too=True)
    assert render("report.md", {}, shipped=shipped, own=own) == "mine\n"
    raised = fault(lambda: render("reprot.md", {}, shipped=shipped, own=own))
    assert raised.message == "reprot.md: there is no template 'reprot.md'"


# ---- J6


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{{ isues }}", "'isues' is undefined", "did you mean 'issues'?"),
        ("{{ zzz }}", "'zzz' is undefined", "there are: done, issues, note, title"),
        ("{{ issues[0].titl }}", "there is no key 'titl' here", "did you mean 'title'?"),
        ("{{ issues[0]['titl'] }}", "there is no key 'titl' here", "did you mean 'title'?"),
        ("{{ issues[7].title }}", "there is no element 7, only 2", None),
        ("{% for i in isues %}{% endfor %}", "'isues' is undefined", "did you mean 'issues'?"),
        ("{% if isues %}{% endif %}", "'isues' is undefined", "did you mean 'issues'?"),
        ("{{ isues|length }}", "'isues' is undefined", "did you mean 'issues'?"),
        ("{{ issues|map(attribute='nmber')|join }}", "there is no key 'nmber' here", "did you mean 'number'?"),
        ("{{ title|uper }}", "there is no filter 'uper'", "did you mean 'upper'?"),
        ("{% if false %}{{ title|uper }}{% endif %}", "there is no filter 'uper'", "did you mean 'upper'?"),
        (
            "{% if title is defnied %}{% endif %}",
            "there is no test 'defnied'",
            "did you mean 'defined' or 'undefined'?",
        ),
        ("{% if %}", "Expected an expression, got 'end of statement block'", None),
        ("{% for %}", None, None),
        ("{{ title", None, None),
        ("{% endif %}", None, None),
        ("{% include 'nope.md' %}", "there is no template 'nope.md'", None),
        ("{{ 1 / 0 }}", "division by zero", None),
        ("{{ 1 + 'a' }}", None, None),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}", "macro 'm' takes no keyword argument 'b'", None),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "parameter 'a' was not provided", None),
        ("{% block a %}{{ super() }}{% endblock %}", "there is no parent block called 'a'.", None),
        ("{{ 5|dictsort }}", None, None),
        ("{% for a, b in issues[0].labels %}{% endfor %}", None, None),
        ("{{ '\ud800'|upper }}".encode("unicode_escape").decode(), "refused: half of a surrogate pair", None),
    ],
)
@pytest.mark.parametrize("own", [False, True], ids=["shipped", "own"])
def test_J6_a_fault_has_file_line_and_hint(put, folders, source, message, hint, own):
    raised = fault(put(f"\n\n{source}", own_too=own), VIEW)
    place = f"{folders[own] / 'report.md'}:3: "
    assert raised.message.startswith(place), raised.message
    assert message is None or raised.message == place + message
    assert hint is None or raised.hint == hint


def test_J6_the_fault_is_told_where_it_is(put, folders):
    put("\n{% macro row(i) %}\n{{ i.nope }}\n{% endmacro %}", "parts/m.md")
    raised = fault(put("{% from 'parts/m.md' import row %}\n{{ row(issues[0]) }}"), VIEW)
    assert raised.message.startswith(f"{folders[0] / 'parts' / 'm.md'}:3: ")
    put("\n\n{% if %}", "parts/m.md")
    assert fault(put("{% include 'parts/m.md' %}"), VIEW).message.startswith(f"{folders[0] / 'parts' / 'm.md'}:3: ")


def keys(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys(item, (*path, index))


EVERYTHING = """{{ title }} {{ note }} {{ done }}
{% for i in issues %}
| {{ i.number }} | {{ i.title }} | {{ i.verdict.mark }} {{ i.verdict.text }} | {{ i.labels|join(", ") }} |
{% endfor %}
"""


@pytest.mark.parametrize("path", list(keys(VIEW)), ids=str)
def test_J6_every_name_taken_away_is_told(put, path):
    view = copy.deepcopy(VIEW)
    place = view
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    assert repr(path[-1]) in fault(put(EVERYTHING), view).message
    assert put(EVERYTHING)(VIEW).startswith("Fix")


@pytest.mark.parametrize("value", ["a\x1b[31m", "b\u202e", "ghp_0123456789abcdefghij"])
def test_J6_a_message_shows_hostile_text(put, value):
    message = fault(put("{{ issues[0][n] }}"), {**VIEW, "n": value}).message
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert "ghp_" not in message


# ---- J7, J8 and what is printed


@pytest.mark.parametrize("own", [False, True], ids=["shipped", "own"])
@pytest.mark.parametrize("text", ["{{7*7}}", "{% raw %}", "{% include 'x.md' %}", "{# c #}", "{{ title }}", "{%- if"])
def test_J7_a_value_is_never_a_template(put, own, text):
    assert text in put("{{ title }}", own_too=own)({"title": text})


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("{{ title }}", "Fix `{{7*7}}` for `@user`, `#12`"),
        ("{{ note }}|{{ done }}|{{ issues[0].number }}|{{ 1.5 }}|{{ 7 // 2 }}", "|yes|529|1.5|3"),
        ("{{ '**x**' }}{{ '<br>' if done }}{{ 'x' if note }}", "**x**<br>"),
        ("{% for each in ['*a*', '<br>'] %}{{ each }}{% endfor %}", "*a*<br>"),
        ("{{ note or '*none*' }}{{ nope|default('*none*') }}", "*none**none*"),
        ("{{ issues[1].title ~ '<i>' }}", "&lt;b&gt;&lt;i&gt;"),
        ("{{ '%s<i>' % issues[1].title }}", "&lt;b&gt;&lt;i&gt;"),
        ("{{ issues[1].title|upper }}{{ issues[1].title|replace('b', '<') }}", "&lt;B&gt;&lt;&lt;&gt;"),
        ("{{ issues|map(attribute='title')|join('<br>') }}", r"a\|b<br>&lt;b&gt;"),
        ("{{ issues|join('<br>', attribute='title') }}", r"a\|b<br>&lt;b&gt;"),
        ("{{ issues|map(attribute='verdict.mark')|join }}", "✅❌"),
        ("{{ [issues[0].verdict.mark, title]|join(issues[1].title) }}", "✅&lt;b&gt;Fix `{{7*7}}` for `@user`, `#12`"),
        ("{{ ['a', 'b']|join(note or ', ') }}", "a, b"),
        ("{% set x %}**{{ issues[1].title }}**{% endset %}{{ x }}{{ x|trim }}{{ x|indent }}", "**&lt;b&gt;**" * 3),
        ("{% set x | trim %} *a* {% endset %}{{ x }}", "*a*"),
        ("{% set x | upper %}*a*{% endset %}{{ x }}", r"\*A\*"),
        ("{% macro m(a) %}*{{ a }}*{% endmacro %}{{ m(issues[1].title) }}", "*&lt;b&gt;*"),
        (
            "{% macro m() %}<{{ caller(title) }}>{% endmacro %}{% call(t) m() %}[{{ t }}]{% endcall %}",
            "<[Fix `{{7*7}}` for `@user`, `#12`]>",
        ),
        (
            "{% for i in issues %}{{ loop.index }}/{{ loop.length }}{{ loop.cycle('a', 'b') }}{{ '; ' if not loop.last }}{% endfor %}",
            "1/2a; 2/2b",
        ),
        (
            "{% for i in issues recursive %}{{ i.number }}{{ loop(i.labels) if i.labels is not string and false }}{% endfor %}",
            "529372",
        ),
        (
            "{% for key, group in issues|groupby('verdict.text') %}{{ key }}{{ group|length }}{% endfor %}",
            "refuted1verified1",
        ),
        (
            "{% for group in issues|groupby('number') %}{{ group.grouper }}:{{ group.list[0].title }} {% endfor %}x",
            r"372:&lt;b&gt; 529:a\|b x",
        ),
        ("{{ issues|selectattr('verdict.text', 'eq', 'verified')|map(attribute='number')|sum }}", "529"),
        ("{{ issues|rejectattr('labels')|list|length }}{{ [3, 1, 1]|unique|sort|join }}", "113"),
        ("{% for k, v in {'b': 1, 'a': 2}|dictsort %}{{ k }}{{ v }}{% endfor %}", "a2b1"),
        ("{{ title[:3] }}{{ issues[-1].number }}{{ issues[:1]|length }}", "Fix3721"),
        ("{{ '-' * 3 }}{{ issues[1].title * 2 }}", "---&lt;b&gt;&lt;b&gt;"),
        ("{{ 'a b c d e f g h'|truncate(5) }}{{ title|truncate(6, true, '', 0) }}", "a...Fix {{"),
        ("{{ (2.6|round)|int }}{{ -3|abs }}{{ 'x'|title }}{{ [1, 2, 3]|batch(2)|list|length }}", "33X2"),
        ("{% include 'parts/nope.md' ignore missing %}x", "x"),
    ],
)
def test_J8_what_is_printed(put, source, printed):
    assert put(source)(VIEW) == f"{printed}\n"


def test_blocks_and_super(put):
    put("a {% block b %}*{{ title }}*{% endblock %} c", "base.md")
    assert put("{% extends 'base.md' %}{% block b %}[{{ super() }}]{% endblock %}")({"title": "<"}) == "a [*&lt;*] c\n"


def test_imports(put):
    put("{% macro row(t) %}- {{ t }}{% endmacro %}", "parts/m.md")
    assert put("{% import 'parts/m.md' as m %}{{ m.row('<'[:1]) }}")() == "- &lt;\n"
    assert put("{% from 'parts/m.md' import row with context %}{{ row(t) }}")({"t": "*"}) == "- \\*\n"


@pytest.mark.parametrize(
    "source",
    [
        "✅",
        "{# ❌ #}",
        "{{ '🗣' }}",
        "{{ '\\u2705' }}",
        '{{ "\\N{WHITE HEAVY CHECK MARK}" }}',
        "&#9989;",
        "&#x2705;",
        "&#X0002705;",
        "&check;",
        ":x:",
        ":white_check_mark:",
        "\U0010f002",
        "{{ '\\U0010f002' }}",
    ],
)
def test_a_template_has_no_mark_in_it(put, source):
    raised = fault(put(f"\n{source}"), VIEW)
    assert "report.md:2: refused" in raised.message
    assert raised.hint == "a mark comes with a verdict: print the verdict's own"


@pytest.mark.parametrize(
    "source",
    [
        "&{{ '#' }}10004;",
        ":{{ 'x' }}:",
        "{{ ':' }}x:",
        "{{ ['&', '#10004;']|join }}",
        "{% macro m() %}&{{ '#' }}10004;{% endmacro %}{{ m() }}",
        "{% macro m() %}&{{ '#' }}10004;{% endmacro %}{{ m()|trim }}{{ m()|indent }}{{ m() * 2 }}",
        "{% set a %}:{{ 'x' }}:{% endset %}{{ [a, a]|join }}",
        "{% set a | trim %}&{{ '#' }}10004;{% endset %}{{ a }}",
        "{% set a %}:{% endset %}{{ a }}x{{ a }}",
        "&{{ 'check' }};",
        "{{ ':' * 1 }}x:",
        "{{ ':a'|replace('a', '') }}x:",
    ],
)
def test_a_template_cannot_put_a_mark_together(put, source):
    try:
        text = put(source)(VIEW)
    except AskedWrongly as raised:
        assert "refused: a template put a mark together" in raised.message  # noqa: PT017 - either will do
    else:
        assert not rendering._MARK.search(text)


@pytest.mark.parametrize(
    "source",
    [
        "{{ '%c' % 9989 }}",
        "{{ mark ~ '' }}",
        "{{ mark|upper }}",
        "{{ mark[:1] }}",
        "{{ [mark ~ '']|join }}",
        "{{ mark + '' }}",
        "{{ text }}",
        "{{ 'a'|replace('a', mark) }}",
    ],
)
def test_a_mark_does_not_survive_as_text(put, source):
    assert put(source)({"mark": Markdown("✅"), "text": "✅"}) == "\\[tick\\]\n"


def test_marks_of_the_view_stay(put):
    view = {"verdict": Markdown("✅ `:x:` &#9989;"), "title": "`:x:` &#9989; :x:", "code": code("&check; :x:x:")}
    for own in (False, True):
        printed = put("{{ verdict }} {{ title }} {{ code }}{% set v %}{{ verdict }}{% endset %}{{ v }}", own_too=own)(
            view
        )
        assert printed == "✅ `:x:` &#9989; `:x:` &amp;`#9989`; `:x:` `&check; :x:x:`✅ `:x:` &#9989;\n"


# ---- J19, J20


def test_J19_nothing_and_very_much(put):
    source = "{% for i in issues %}\n| {{ i.number }} | {{ i.title }} |\n{% else %}\n*None.*\n{% endfor %}\n"
    assert put(source)({"issues": []}) == "*None.*\n"
    many = [{"number": number, "title": f"issue {number} of @user"} for number in range(5000)]
    for own in (False, True):
        assert put(source, own_too=own)({"issues": many}).count("\n") == 5000
    assert put("")() == "\n"


def test_J20_the_same_view_gives_the_same_bytes(put, folders):
    put(EVERYTHING + "{% for k, v in issues|groupby('title') %}{{ k }}{% endfor %}{{ [1, 3, 2, 3]|unique|join }}")
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests'); from triage.reports.render import render;"
        "from test_render import VIEW; sys.stdout.buffer.write("
        f"render('report.md', VIEW, shipped=Path({str(folders[0])!r}), own=None).encode())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": "."},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in range(4)
    }
    assert len(found) == 1
    shipped = render("report.md", VIEW, shipped=folders[0], own=None)
    assert found == {shipped.encode()}
    assert {render("report.md", VIEW, shipped=folders[0], own=folders[1]) for _ in range(5)} == {shipped}


def test_a_changed_template_is_read_again(put):
    assert put("one")() == "one\n"
    assert put("two!")() == "two!\n"


# ---- final


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("", "\n"),
        ("\n\n\na\n\n\n\nb  \n\t\n\n", "a\n\nb\n"),
        ("a\r\nb", "a\nb\n"),
        ("```\n\n\nx  \n\n\n```\n\n\nb", "```\n\n\nx  \n\n\n```\n\nb\n"),
        ("````text\n```\n\n\n````\n\n\nb", "````text\n```\n\n\n````\n\nb\n"),
        ("- ~~~\n\n\n  ~~~\n\n\nb", "- ~~~\n\n\n  ~~~\n\nb\n"),
        ("``` a``b ```\n\n\nb", "``` a``b ```\n\nb\n"),
        ("> ```\n>\n> x \n> ```\n\n\nb", "> ```\n>\n> x \n> ```\n\nb\n"),
    ],
)
def test_final_tidies_outside_fences(text, tidy):
    assert final(text) == tidy
    assert final(tidy) == tidy


def test_final_keeps_what_a_fence_holds():
    for text, limit in itertools.product(["a\n\n\nb  \n```\n~~~", "`" * 9 + "\n\n\n\nx"], [5, 100]):
        block = foreign.fence(text, limit)
        assert final(f"a\n\n\n{block}\n\n\nb") == f"a\n\n{block}\n\nb\n"
