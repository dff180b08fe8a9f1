"""The command line as a shell, a cron job and a careless newcomer use it: exit codes, streams, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from repositories import Repository

from triage.cli.talk import annotation, finding_lines, visible
from triage.model import Finding, Place, Severity

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
HEAD = "cluster: {number}\ndecided: {{date: 2025-09-20, by: alice}}\nissues:\n  {number}:\n    decision: resolved\n"


def triage(*arguments: object, cwd: Path = ROOT, bare: bool = False, **more) -> subprocess.CompletedProcess[str]:
    """Run the program in nobody's environment; `bare` leaves only PATH out of it, too."""
    variables = more.pop("variables", {})
    nowhere = {name: os.environ[name] for name in ("GITHUB_API_URL", "GITHUB_SERVER_URL")}
    environment = {"PATH": os.environ["PATH"], **nowhere, **variables} if not bare else variables
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.run(
        [sys.executable, "-m", "triage", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        **more,
    )


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What was said on stderr, which is an error on one line, a hint perhaps, and no traceback."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("triage: error: ")]
    assert len(said) == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a fix, and two clusters: 7 is proven, 8 is refuted."""
    repository = Repository(tmp_path_factory.mktemp("made") / "work")
    fix = repository.commit({"src/a.py": "x = 1\n"}, "fix: sessions are kept")
    clusters = repository.folder / "clusters"
    clusters.mkdir()
    good = HEAD.format(number=7) + f'    evidence:\n      - commit: "{fix[:10]}"\n      - path: src/a.py\n'
    bad = HEAD.format(number=8) + "    evidence: [{path: src/none.py}]\n"
    (clusters / "7.yaml").write_text(good)
    (clusters / "8.yaml").write_text(bad)
    return repository.folder


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    """The same, to be changed by one test."""
    return Path(shutil.copytree(made, tmp_path / "work"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- exit codes and streams ---------------------------------------------------------------------------


def test_the_exit_code_says_what_the_verdict_was(made):
    assert triage("cluster", 7, cwd=made).returncode == 0
    assert triage("cluster", 8, cwd=made).returncode == 1
    assert triage("cluster", 8, "--fail-on", "never", cwd=made).returncode == 0
    assert triage("cluster", "--all", cwd=made).returncode == 1
    assert triage("cluster", 9, cwd=made).returncode == 2
    assert triage("cluster", 7, "-C", "/no/such/folder", cwd=made).returncode == 3


def test_the_document_goes_to_stdout_and_nothing_else(made):
    done = triage("cluster", 7, "--json", cwd=made)
    assert json.loads(done.stdout)["status"] == "verified"
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [("cluster", 8), ("cluster", 7), ("lint",), ("--help",), ("schema",)])
def test_C8_closed_stdout_changes_no_exit_code(made, arguments):
    command = [sys.executable, "-m", "triage", *map(str, arguments)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], cwd=made, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if 8 in arguments else 0)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [(("cluster", 7), 0), (("cluster", 8), 1), (("--version",), 0), (("nonsense",), 2)]
)
def test_C8_closed_stderr_changes_no_exit_code(made, arguments, code):
    command = [sys.executable, "-m", "triage", *map(str, arguments)]
    done = subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", *command], cwd=made, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize(
    "arguments", [("cluster", 7), ("cluster", 8, "--json"), ("lint", "--json"), ("--help",), ("schema",)]
)
def test_C8_a_reader_that_went_away_is_141_and_no_verdict(made, arguments):
    read, write = os.pipe()
    os.close(read)
    done = triage(*arguments, cwd=made, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", [("cluster", 7), ("cluster", 7, "--json"), ("--help",), ("schema",)])
def test_C8_a_full_disk_behind_stdout_is_said_and_is_exit_3(made, arguments):
    with Path("/dev/full").open("w") as full:
        done = triage(*arguments, cwd=made, stdout=full)
    assert "No space left" in refused(done, 3)


@pytest.mark.parametrize(("arguments", "code"), [(("cluster", 8), 1), (("lint",), 0), (("nonsense",), 2), ((), 2)])
def test_C8_a_full_disk_behind_stderr_changes_no_exit_code(made, arguments, code):
    with Path("/dev/full").open("w") as full:
        assert triage(*arguments, cwd=made, stderr=full).returncode == code


def test_C8_a_reader_that_goes_away_is_no_fault(made):
    command = f"'{sys.executable}' -m triage schema | head -c 1"
    done = subprocess.run(["sh", "-c", command], cwd=made, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "variables", [{"LANG": "C"}, {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}, {"COLUMNS": "9"}]
)
def test_C8_it_works_in_utf8_with_next_to_no_environment(variables):
    done = triage("cluster", 529, bare=True, variables=variables)
    assert done.returncode == 1
    assert "❌" in done.stdout
    assert done.stderr == ""


def test_G12_without_git_no_verdict_can_be_made(made):
    said = refused(triage("cluster", 7, cwd=made, bare=True, variables={"PATH": "/no/such/folder"}), 3)
    assert "install git" in said


def test_G12_a_git_that_hangs_is_given_up(made, tmp_path):
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nexec sleep 100\n")
    fake.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    begun = time.monotonic()
    done = triage("cluster", 7, cwd=made, variables={"PATH": path, "TRIAGE_GIT_TIMEOUT": "1"})
    assert "did not" in refused(done, 3)
    assert time.monotonic() - begun < 20


def test_the_current_folder_may_be_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir '{gone}'; exec '{sys.executable}' -m triage lint"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=gone, env=environment, capture_output=True, text=True, check=False)
    assert "current folder is gone" in refused(done, 3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_C8_a_polite_end_leaves_no_temporary_files(tmp_path, number):
    """While git hangs over an exported file, its unpacked copy is there; after the signal it is not."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nexec sleep 100\n")
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-m", "triage", "cluster", "529"], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    ) as process:
        until = time.monotonic() + 20
        while not list(folder.glob("triage-*/config")):
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        said = process.communicate(timeout=20)[1]
    assert b"Traceback" not in said
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert list(folder.iterdir()) == []


def test_debug_adds_a_traceback_and_keeps_the_exit_code(made):
    done = triage("cluster", 7, "--now", "x", "--debug", cwd=made)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "triage: error: --now" in done.stderr


def test_two_runs_print_the_same(made):
    runs = {
        triage("cluster", 7, "--json", "--now", "2025-09-20", cwd=made, variables={"PYTHONHASHSEED": seed}).stdout
        for seed in "123"
    }
    assert len(runs) == 1


# -- flags --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        (TOKEN,),
        (f"--{TOKEN}",),
        ("cluster", TOKEN),
        ("cluster", "7", TOKEN),
        ("cluster", "7", "--fail-on", TOKEN),
        ("cluster", "7", "--template", TOKEN),
        ("cluster", "7", f"--token={TOKEN}"),
        ("cluster", "7", "-R", f"https://{TOKEN}@github.com/acme/apex"),
        ("cluster", "7", "-o", f"{TOKEN}/x"),
        ("decide", TOKEN, "open"),
        ("decide", "7", TOKEN),
        ("decide", "7", "sequential", "--order", TOKEN),
        ("decide", "7", "open", "--because", f"see {TOKEN}"),
        ("lint", TOKEN),
        ("export", "7", "-o", TOKEN),
        ("schema", "github_pat_" + "A" * 30),
    ],
)
def test_K3_a_token_on_the_command_line_is_refused_and_not_repeated(work, arguments):
    before = files(work)
    done = triage(*arguments, cwd=work)
    said = refused(done, 2)
    assert "GH_TOKEN" in said
    assert "ghp_" not in done.stdout + said
    assert "github_pat_" not in done.stdout + said
    assert files(work) == before


@pytest.mark.parametrize(
    "flag", ["-C", "--from", "--branch", "--as-of", "--templates", "--now", "-R", "-o", "--template"]
)
def test_an_empty_value_is_refused_and_not_taken_for_no_flag(made, flag):
    refused(triage("cluster", 7, flag, "", cwd=made), 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clus",), "triage cluster"),
        (("cluster", "--jsn"), "--json"),
        (("cluster", "--js"), "No such option"),
        (("cluster",), "which cluster"),
        (("cluster", "7", "--all"), "--all"),
        (("cluster", "7", "--render", "--json"), "two kinds"),
        (("cluster", "7", "--now", "yesterday"), "--now"),
        (("cluster", "7", "--as-of", "2025-13-45"), "not a date"),
        (("cluster", "7", "-R", "nonsense"), "--repo:"),
        (("cluster", "7", "--templates", "/no/such/folder"), "no such folder"),
        (("cluster", "7", "--branch", "--output=x"), "not a name"),
        (("decide", "7"), "DECISION"),
        (("decide", "x", "open"), "not the number"),
        (("decide", "99", "open"), "no cluster"),
        (("decide", "7", "open", "--into", "8"), "into"),
        (("decide", "7", "resolved", "--order", "1"), "order"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(work, arguments, said):
    before = files(work)
    assert said in refused(triage(*arguments, cwd=work), 2)
    assert files(work) == before


@pytest.mark.parametrize("epoch", ["nonsense", "1e9", " ", "9" * 30])
def test_a_source_date_epoch_that_is_none_is_refused(made, epoch):
    assert "SOURCE_DATE_EPOCH" in refused(triage("cluster", 7, cwd=made, variables={"SOURCE_DATE_EPOCH": epoch}), 2)


def test_source_date_epoch_is_the_time_of_judging(made):
    done = triage("cluster", 7, "--json", cwd=made, variables={"SOURCE_DATE_EPOCH": "86400"})
    assert json.loads(done.stdout)["judged"]["at"] == "1970-01-02T00:00:00Z"


def test_alone_it_prints_its_help_and_no_error():
    done = triage()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Usage: ")


def test_where_there_is_no_folder_of_clusters_that_is_said(tmp_path):
    for command in (("cluster", "7"), ("lint",), ("cluster", "--all"), ("decide", "7", "open"), ("export", "7")):
        said = refused(triage(*command, cwd=tmp_path), 2)
        assert "there is no folder clusters/" in said
        assert "TRIAGE_CLUSTERS" in said


@pytest.mark.parametrize(
    "text",
    [
        "tool = 3\n# [tool.triage]\n",
        "[tool.triage\n",
        "[tool]\ntriage = 1 # [tool.triage]\n",
        "[tool.triage]\nbranhc = 'x'\n",
    ],
)
def test_settings_that_are_none_are_named(work, text):
    (work / "pyproject.toml").write_text(text)
    done = triage("cluster", 7, cwd=work)
    if text.startswith("tool = 3"):
        assert done.returncode == 0, done.stderr
    else:
        assert "pyproject.toml" in refused(done, 2)


# -- what is written ------------------------------------------------------------------------------------


def test_output_is_whole_plain_and_alone(work):
    before = set(files(work))
    done = triage("cluster", 7, "-o", "rows.txt", cwd=work)
    assert done.returncode == 0
    assert done.stdout == ""
    assert set(files(work)) - before == {"rows.txt"}
    text = (work / "rows.txt").read_text("utf-8")
    assert text == triage("cluster", 7, cwd=work).stdout
    assert "\x1b" not in text


@pytest.mark.parametrize("command", [("cluster", "7", "--render"), ("cluster", "7", "--json"), ("export", "7")])
@pytest.mark.parametrize("name", ["clusters/7.yaml", "./clusters/../clusters/7.yaml", "link.yaml"])
def test_no_output_replaces_the_decisions(work, command, name):
    (work / "link.yaml").hardlink_to(work / "clusters/7.yaml")
    before = files(work)
    refused(triage(*command, "-o", name, cwd=work), 2)
    assert files(work) == before


def test_output_to_a_pipe_goes_through_it(work):
    pipe = work / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = triage("cluster", 7, "--json", "-o", pipe, cwd=work)
    reader.join(10)
    assert done.returncode == 0, done.stderr
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert json.loads(got[0])["cluster"] == 7


def test_output_to_stdout_by_its_name_does_not_replace_the_name(work):
    done = triage("cluster", 7, "--json", "-o", "/dev/stdout", cwd=work)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cluster"] == 7
    assert Path("/dev/stdout").is_symlink()


def test_output_replaces_a_link_and_leaves_alone_what_it_leads_to(work, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (work / "report.md").symlink_to(outside)
    assert triage("cluster", 7, "--render", "-o", "report.md", cwd=work).returncode == 0
    assert outside.read_text() == "mine"
    assert (work / "report.md").read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("name", ["none/x.md", "clusters"])
def test_output_that_cannot_be_written_leaves_nothing_behind(work, name):
    before = files(work)
    refused(triage("cluster", 7, "--render", "-o", name, cwd=work), 3)
    assert files(work) == before


def test_a_full_disk_leaves_no_half_of_a_file(work):
    """With a limit of one block on every file that is written, the report is longer than what fits."""
    big = HEAD.format(number=9) + "    evidence: [" + ", ".join(f"{{path: src/{n}.py}}" for n in range(60)) + "]\n"
    (work / "clusters/9.yaml").write_text(big)
    before = files(work)
    command = f"ulimit -f 1; exec '{sys.executable}' -B -m triage cluster 9 --json -o out.json"
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-c", command], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    assert "cannot be written" in refused(done, 3)
    assert files(work) == before


def test_branches_whose_names_are_not_utf8_can_be_judged_and_written(work):
    subprocess.run([b"git", b"branch", b"caf\xe9"], cwd=work, check=True)
    done = triage("cluster", 7, "--json", "--branch", os.fsdecode(b"caf\xe9"), "-o", "out.json", cwd=work)
    assert done.returncode == 0, done.stderr
    assert json.loads((work / "out.json").read_bytes())["judged"]["branch"] == "caf\udce9"


# -- --all ---------------------------------------------------------------------------------------------


def test_with_all_a_broken_file_is_reported_and_the_others_are_judged(work):
    (work / "clusters/6.yaml").write_text("cluster: 6\n\tissues:\n")
    done = triage("cluster", "--all", "--json", cwd=work)
    assert done.returncode == 2
    assert [json.loads(line)["cluster"] for line in done.stdout.splitlines()] == [7, 8]
    assert "clusters/6.yaml:2:" in done.stderr


def test_all_writes_a_document_each_and_no_other(work):
    done = triage("cluster", "--all", "--render", "-o", "out", cwd=work)
    assert done.returncode == 1
    assert sorted(path.name for path in (work / "out").iterdir()) == ["7.md", "8.md"]


def test_names_of_files_that_only_look_like_numbers_are_no_fault(work):
    (work / "clusters/².yaml").write_text((work / "clusters/7.yaml").read_text())
    assert "file-name" in triage("lint", cwd=work).stdout
    assert triage("cluster", 7, cwd=work).returncode == 0


# -- what a cluster file brings along ----------------------------------------------------------------------


def test_Y20_no_text_of_a_cluster_file_begins_a_line_of_its_own(work):
    """A title or a statement with line ends could forge a row, a mark, or a command to the CI that prints it."""
    forged = "\\n::error file=a::forged\\n  ✅ forged\\e[31m"
    text = HEAD.format(number=7).replace("issues:", f'title: "t{forged}"\nissues:') + (
        f'    title: "t{forged}"\n    because: "b{forged}"\n    evidence:\n'
        f'      - {{stated: "s{forged}", by: alice, date: 2025-09-12}}\n      - path: "p{forged}"\n'
        f'    criteria: [{{says: "c{forged}"}}]\n'
        f'statements: [{{says: "s{forged}", by: alice, date: 2025-09-12}}]\n'
    )
    (work / "clusters/7.yaml").write_text(text)
    for command in (("cluster", 7), ("cluster", "--all"), ("lint",)):
        done = triage(*command, cwd=work, variables={"GITHUB_ACTIONS": "true"})
        said = done.stdout + done.stderr
        assert "\x1b" not in said
        assert not [line for line in said.splitlines() if line.lstrip().startswith(("::error file=a", "✅ forged"))]


def test_Y20_no_name_of_a_file_begins_a_line_of_its_own(work):
    name = "clusters/9\n::error file=a::forged\x1b[31m.yaml"
    (work / name).write_text("cluster: 9\n")
    for command in (("lint",), ("cluster", name), ("cluster", "--all"), ("export", name)):
        done = triage(*command, cwd=work, variables={"GITHUB_ACTIONS": "true"})
        assert done.returncode in (1, 2)
        said = done.stdout + done.stderr
        assert "forged" in said
        assert "\x1b" not in said
        assert not [line for line in said.splitlines() if line.startswith("::error file=a::")]


def test_Y20_a_finding_is_one_line_and_an_annotation_keeps_its_hint_on_another():
    finding = Finding("self", Severity.ERROR, "50% of\n::it", Place("a\nb,c:d", 1, 2), "do\x1bthis", None)
    assert finding_lines(finding).count("\n") == 1
    assert annotation(finding).startswith(
        "::error file=a\\nb%2Cc%3Ad,line=1,col=2,title=self::50%25 of%0A::it%0Ado\\x1b"
    )
    assert "\n" not in annotation(finding)
    assert visible("a\nb\u202ec\ud800✅") == "a\\nb\\u202ec\\ud800✅"


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "loop", "device", "large"])
def test_Y19_what_is_no_ordinary_file_is_refused_at_once(work, kind):
    path = work / "clusters/9.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        path.write_bytes(b"# \n" * 700_000)
    else:
        path.symlink_to({"link": "7.yaml", "loop": "9.yaml", "device": "/dev/zero"}[kind])
    begun = time.monotonic()
    assert triage("lint", cwd=work).returncode == 1
    for command in (("cluster", 9), ("export", 9), ("decide", 9, "open", "--cluster", 9)):
        done = triage(*command, cwd=work)
        refused(done, 2)
        assert "clusters/9.yaml:1:1: error[" in done.stderr
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("cluster: 9\n\tissues: {}\n", "9.yaml:2:1"),
        ("cluster: 9\nissues:\n  9:\n    decision: resolved\n   because: x\n", "9.yaml:5:"),
        ('cluster: 9\nissues:\n  9: {decision: open, because: "x}\n', "9.yaml:"),
        ("cluster: 9\nissues:\n  9: {decision: resolved, evidence: [{commit: main}]}\n", "9.yaml:3:"),
        ("cluster: '9'\nissues:\n  9: {decision: open}\n", "9.yaml:1:10"),
        ("cluster: 9\ndecided: {date: 20.9.2025, by: alice}\nissues:\n  9: {decision: open}\n", "9.yaml:2:17"),
        ("cluster: 9\nissues:\n  9: {decision: open}\n  9: {decision: open}\n", "9.yaml:4:3"),
        ("cluster: 9\nissues: &a\n  9: {decision: open}\n", "9.yaml:2:9"),
        ("cluster: 8\nissues:\n  8: {decision: open}\n", "9.yaml:1:10"),
    ],
)
def test_Y12_mistakes_of_the_first_hour_have_a_place(work, text, place):
    (work / "clusters/9.yaml").write_text(text)
    lint = triage("lint", "clusters/9.yaml", cwd=work)
    assert lint.returncode == 1
    assert place in lint.stdout
    refused(triage("cluster", 9, cwd=work), 2)


# -- decide --------------------------------------------------------------------------------------------------


def test_decide_keeps_the_rest_byte_for_byte_and_says_what_it_removed(work):
    path = work / "clusters/7.yaml"
    text = (
        "# top\r\ncluster: 7   # seven\r\nissues:\r\n  7: {decision: sequential, order: 2}  # tail\r\n"
        "  # between\r\n  8:\r\n    decision: open\r\n"
    )
    path.write_bytes(text.encode())
    (work / "clusters/8.yaml").unlink()
    done = triage("decide", "#8", "merged", "--into", "7", "--because", "Same: thing # really", cwd=work)
    assert done.returncode == 0, done.stderr
    new = path.read_bytes().decode()
    assert new.startswith(text.partition("  8:")[0])
    assert "decision: merged" in new
    done = triage("decide", "7", "open", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "removed order: 2" in done.stdout
    assert "# tail" in path.read_text()
    again = path.read_bytes()
    done = triage("decide", "7", "open", cwd=work)
    assert "nothing was changed" in done.stderr
    assert path.read_bytes() == again


def test_decide_with_an_issue_in_two_clusters_asks_which(work):
    for number in (7, 8):
        (work / f"clusters/{number}.yaml").write_text(
            f"cluster: {number}\nissues:\n  {number}: {{decision: open}}\n  9: {{decision: open}}\n"
        )
    assert "--cluster" in refused(triage("decide", 9, "sequential", "--order", 1, cwd=work), 2)
    assert triage("decide", 9, "sequential", "--order", 1, "--cluster", 8, cwd=work).returncode == 0


# -- the repository one stands in -------------------------------------------------------------------------------


def test_outside_any_repository_no_verdict_can_be_made(made, tmp_path):
    shutil.copytree(made / "clusters", tmp_path / "clusters")
    assert "not a git repository" in refused(triage("cluster", 7, cwd=tmp_path), 3)


def test_in_a_repository_without_commits_no_verdict_can_be_made(made, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copytree(made / "clusters", tmp_path / "clusters")
    assert "no commits" in refused(triage("cluster", 7, cwd=tmp_path), 3)


def test_in_a_repository_of_another_project_nothing_is_judged_unless_it_is_named(work):
    path = work / "clusters/7.yaml"
    path.write_text(path.read_text().replace("issues:", "repository: acme/apex\nissues:"))
    subprocess.run(["git", "remote", "add", "origin", "https://github.com/acme/other"], cwd=work, check=True)
    for command in (("cluster", 7), ("export", 7)):
        said = refused(triage(*command, cwd=work), 3)
        assert "acme/other" in said
        assert "-C" in said
    assert not (work / "clusters/7.evidence").exists()
    assert triage("cluster", 7, "-C", ".", cwd=work).returncode == 0
    assert triage("cluster", 7, "-R", "acme/other", cwd=work).returncode == 0


def test_G4_nothing_in_a_clone_is_run(work, tmp_path):
    canary = tmp_path / "canary"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{canary}'\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "diff.x.textconv",
        "filter.x.smudge",
        "filter.x.clean",
        "gpg.program",
        "alias.rev-list",
        "core.askPass",
        "credential.helper",
        "uploadpack.packObjectsHook",
    ):
        subprocess.run(["git", "config", key, script], cwd=work, check=True)
    (work / ".git/info/attributes").write_text("* diff=x filter=x\n")
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        shutil.copy(script, work / ".git/hooks" / hook)
    subprocess.run(["git", "update-ref", "refs/heads/--output=canary", "HEAD"], cwd=work, check=False)
    canary.unlink(missing_ok=True)
    for command in (("cluster", 7), ("export", 7, "-o", tmp_path / "x.evidence"), ("lint",)):
        done = triage(*command, cwd=work)
        assert done.returncode == (0 if command[0] != "lint" else done.returncode), done.stderr
    assert not canary.exists()
    assert not (work / "canary").exists()


def test_a_worktree_a_bare_and_a_detached_clone_are_judged_alike(work, tmp_path):
    subprocess.run(["git", "worktree", "add", "-q", "--detach", tmp_path / "tree"], cwd=work, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", work, tmp_path / "bare"], check=True)
    for name in ("tree", "bare"):
        done = triage("cluster", 7, "-C", tmp_path / name, cwd=work)
        assert done.returncode == 0, done.stdout + done.stderr


def test_G7_a_damaged_clone_is_never_called_false(work):
    for path in (work / ".git/objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"damaged")
    done = triage("cluster", 8, cwd=work)
    assert "Traceback" not in done.stderr
    assert "refuted" not in done.stdout
    assert done.returncode in (1, 3)
