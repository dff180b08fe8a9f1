"""Globs against two oracles: git's own `check-ignore`, and a library that has gitignore's rules."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from triage.globs import select

PATHS = [
    "a",
    "a.py",
    "b/a.py",
    "b/c/a.py",
    "b/c/d/e.txt",
    "src/auth/token.py",
    "src/auth/deep/token.py",
    "src/other/auth/x.py",
    "vendor/x.js",
    "x y.md",
    "[b].py",
    "a-b.py",
    "docs/ä.md",
    "!odd",
    "#odd",
    "Makefile",
]


def chosen(*globs: str) -> list[str]:
    return list(select(globs, PATHS))


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (("a",), ["a"]),
        (
            ("*.py",),
            [
                "a.py",
                "b/a.py",
                "b/c/a.py",
                "src/auth/token.py",
                "src/auth/deep/token.py",
                "src/other/auth/x.py",
                "[b].py",
                "a-b.py",
            ],
        ),
        (("/*.py",), ["a.py", "[b].py", "a-b.py"]),
        (("b/*.py",), ["b/a.py"]),
        (("b/**/*.py",), ["b/a.py", "b/c/a.py"]),
        (("b",), ["b/a.py", "b/c/a.py", "b/c/d/e.txt"]),
        (("b/",), ["b/a.py", "b/c/a.py", "b/c/d/e.txt"]),
        (("a/",), []),
        (("src/auth/**",), ["src/auth/token.py", "src/auth/deep/token.py"]),
        (("auth/",), ["src/auth/token.py", "src/auth/deep/token.py", "src/other/auth/x.py"]),
        (("**/auth/*.py",), ["src/auth/token.py", "src/other/auth/x.py"]),
        (("src/**/*.py", "!src/auth/**"), ["src/other/auth/x.py"]),
        (("src/**/*.py", "!src/auth/**", "src/auth/token.py"), ["src/auth/token.py", "src/other/auth/x.py"]),
        (("!src/auth/**", "src/**/*.py"), ["src/auth/token.py", "src/auth/deep/token.py", "src/other/auth/x.py"]),
        (("*", "!src/"), [path for path in PATHS if not path.startswith("src/")]),
        (("\\[b\\].py",), ["[b].py"]),
        (("[ab].py",), ["a.py", "b/a.py", "b/c/a.py"]),
        (("[!a].py",), ["src/other/auth/x.py"]),
        (("a[-]b.py",), ["a-b.py"]),
        (("x y.md",), ["x y.md"]),
        (("x y.md  ",), ["x y.md"]),
        (("\\!odd",), ["!odd"]),
        (("\\#odd",), ["#odd"]),
        (("#odd",), []),
        (("",), []),
        (("a\\",), []),
        (("[a",), []),
    ],
)
def test_what_a_list_of_globs_selects(globs, expected):
    assert chosen(*globs) == expected


alphabet = st.sampled_from(
    ["a", "b", "c", "/", "*", "**", "?", "[ab]", "[!a]", "[a-c]", ".", "-", "/**/", "*.b", "\\*"]
)
one_glob = st.lists(alphabet, min_size=1, max_size=5).map("".join).filter(lambda g: "//" not in g and "***" not in g)
segments = st.lists(st.text("abc.-*", min_size=1, max_size=3).filter(lambda s: s.strip(".")), min_size=1, max_size=4)
some_paths = st.lists(segments.map("/".join), min_size=1, max_size=8, unique=True)


def sound(paths):
    """Paths that one tree can hold: no file is another's folder."""
    return [p for p in paths if not any(other.startswith(f"{p}/") for other in paths)]


@settings(max_examples=1500, deadline=None)
@given(globs=st.lists(one_glob, min_size=1, max_size=3), paths=some_paths)
def test_the_library_says_the_same_of_what_is_taken_in(globs, paths):
    if any("[!" in glob or glob.startswith("!") for glob in globs):
        return  # there the library lets a class match a slash; git, below, does not
    paths = sound(paths)
    spec = GitIgnoreSpec.from_lines(globs)
    assert set(select(tuple(globs), paths)) == {path for path in paths if spec.match_file(path)}


@settings(max_examples=60, deadline=None)
@given(glob=one_glob, paths=some_paths)
def test_git_says_the_same_of_one_glob(tmp_path_factory, glob, paths):
    paths = sound(paths)
    folder = tmp_path_factory.mktemp("ignore")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / ".gitignore").write_text(f"{glob}\n")
    asked = "\0".join(paths).encode()
    done = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin", "--no-index"],
        cwd=folder,
        input=asked,
        capture_output=True,
        check=False,
    )
    expected = {text.decode() for text in done.stdout.split(b"\0") if text}
    assert set(select((glob,), paths)) == expected
