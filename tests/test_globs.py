"""Globs against two oracles: git's own `check-ignore`, and a library that has gitignore's rules."""

from __future__ import annotations

import re
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
    if any(glob.endswith("/**/") for glob in globs):
        return  # there the library takes `a/a` for `a/**/`; for git, below, only folders in `a` match, and what is in them
    paths = sound(paths)
    spec = GitIgnoreSpec.from_lines(globs)
    assert set(select(tuple(globs), paths)) == {path for path in paths if spec.match_file(path)}


def ignored(folder, globs, paths):
    """Which of the paths git says that the globs select; `folder` becomes a repository that holds the paths."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    (folder / ".gitignore").write_text("".join(f"{glob}\n" for glob in globs))
    done = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin", "--no-index"],
        cwd=folder,
        input="\0".join(paths).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return {text.decode() for text in done.stdout.split(b"\0") if text}


@pytest.mark.parametrize("glob", ["a/**/", "**/", "/**/", "a/**", "**/a/", "a/**/b/", "a/**/*/", "*/**/"])
def test_git_says_the_same_of_folders_below(tmp_path, glob):
    paths = ["a/a", "a/b/c", "a/d/b/c", "b/a/a", "b/a/c/d", "c", "d/e"]
    assert set(select((glob,), paths)) == ignored(tmp_path, [glob], paths)


@settings(max_examples=60, deadline=None)
@given(globs=st.lists(one_glob, min_size=1, max_size=2), paths=some_paths)
def test_git_says_the_same_of_what_is_taken_in(tmp_path_factory, globs, paths):
    if any(re.search(r"[^/]\*\*/.", glob) for glob in globs):
        return  # git takes `a/b/c` for `a**/c`, though its manual says that such asterisks are regular ones
    paths = sound(paths)
    assert set(select(tuple(globs), paths)) == ignored(tmp_path_factory.mktemp("ignore"), globs, paths)
