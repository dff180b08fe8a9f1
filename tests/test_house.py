"""The gates that keep the house: style, types, import directions, start-up, and documents that tell the truth."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def run(*command: str, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **more)


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
    ],
    ids=["style", "format", "types"],
)
def test_the_linters_find_nothing(command):
    done = run(sys.executable, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_one_way():
    done = run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def homes(pattern: str) -> set[str]:
    """The modules of the package in which a pattern stands."""
    found = set()
    for path in (ROOT / "triage").rglob("*.py"):
        if re.search(pattern, path.read_text("utf-8"), re.MULTILINE):
            found.add(path.relative_to(ROOT / "triage").as_posix())
    return found


@pytest.mark.parametrize(
    ("library", "only"),
    [
        ("jinja2", {"reports/render.py"}),
        ("defusedxml", {"test_reports.py"}),
        ("subprocess", {"git/stream.py", "git/fetching.py", "github/access.py"}),
        # The snapshot tells users what is wrong with their file; what can be made again passes all that over.
        ("sqlite3", {"snapshot.py", "database.py"}),
        ("platformdirs", {"snapshot.py", "cli/tracking.py", "cli/looking.py"}),
        ("github", {"github/client.py"}),
        ("requests", {"github/client.py", "github/wire.py"}),
        ("zipfile", {"exported.py"}),
        ("ruamel", {"clusters/nodes.py", "clusters/editing.py"}),
        (
            "pydantic",
            {"kept.py", "clusters/values.py", "clusters/grammar.py", "clusters/reading.py", "clusters/complaints.py"},
        ),
    ],
)
def test_one_library_has_one_home(library, only):
    assert homes(rf"^\s*(?:from|import) {library}\b") <= only


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_no_library_but_click(arguments):
    code = (
        "import sys\nsys.argv = ['triage', *%r]\n"
        "from triage.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'pydantic', 'ruamel', 'jinja2', 'github', 'requests', 'rich', 'subprocess'}))"
    )
    done = run(sys.executable, "-c", code % arguments)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_offline_report_imports_no_network():
    code = (
        "import sys\nsys.argv = ['triage', 'cluster', '529', '--render', '-q']\n"
        "from triage.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'github', 'requests', 'urllib3', 'http.client', 'rich', 'platformdirs', 'pathspec'}))"
    )
    done = run(sys.executable, "-c", code)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_readme_shows_the_real_help():
    shown = README.partition("<!-- help -->\n```text\n")[2].partition("```\n<!-- /help -->")[0]
    real = run(sys.executable, "-c", "from triage.cli import main; main()", "--help")
    assert shown.strip() == real.stdout.replace("Usage: -c", "Usage: triage").strip()


def test_the_summaries_in_the_help_are_those_of_the_commands():
    from triage.cli import COMMANDS, cli

    for name, line in COMMANDS.items():
        command = cli.get_command(None, name)
        assert command is not None
        assert command.help, name
        assert line.endswith("."), name


def test_the_committed_schema_is_current():
    from triage.clusters.schema import cluster_schema

    assert json.loads((ROOT / "clusters" / "cluster.schema.json").read_text("utf-8")) == cluster_schema()


def test_the_ci_runs_the_command_of_the_readme():
    commands = re.findall(r"^(python3 -m venv .*)$", README, re.MULTILINE)
    assert len(commands) == 2
    assert "triage cluster 529 --render" in commands[0]
    assert "-m pytest" in commands[1]
    assert "README.md" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_exit_code_of_the_help_is_in_the_readme():
    for code in range(5):
        assert re.search(rf"^    {code}  ", README, re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "triage").rglob("*.py")), ids=lambda path: path.name)
def test_every_module_says_its_duty_in_a_sentence(path):
    first = path.read_text("utf-8").lstrip()
    assert first.startswith('"""'), path
    assert len(first.partition("\n")[0]) > 20, path
