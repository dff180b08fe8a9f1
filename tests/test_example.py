"""The embedded example: built from its sources, judged as the README says, and worth showing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "clusters" / "529.evidence"


def triage(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "", **variables}
    return subprocess.run(
        [sys.executable, "-m", "triage", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def data():
    done = triage("cluster", "529", "--json")
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def report():
    done = triage("cluster", "529", "--render")
    assert done.returncode == 1, done.stderr
    return done.stdout


def statuses(value) -> set[str]:
    if isinstance(value, dict):
        own = {value["status"]} if "status" in value else set()
        return own.union(*(statuses(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(statuses(item) for item in value))
    return set()


def test_it_has_every_verdict(data):
    assert statuses(data) >= {"verified", "refuted", "unverified", "attested", "open"}


def test_its_issues_are_judged_as_the_readme_says(data):
    assert data["status"] == "refuted"
    assert {issue["number"]: issue["status"] for issue in data["issues"]} == {
        529: "verified",
        372: "unverified",
        525: "open",
        514: "open",
        506: "verified",
    }
    assert [issue["number"] for issue in data["issues"] if issue["closable"]] == [529, 506]


def test_a_rewritten_commit_is_found_by_its_subject(data):
    commit = data["issues"][0]["evidence"][0]
    assert commit["cited"] == "26d841efd"
    assert commit["proof"] == "subject"
    assert re.fullmatch("[0-9a-f]{40}", commit["found"])
    assert not commit["found"].startswith(commit["cited"])


def test_a_test_that_was_only_collected_proves_nothing(data):
    phase = data["issues"][3]["phases"][0]
    test = phase["done_when"][0]["evidence"][0]
    assert test["status"] == "unverified"
    assert "collected" in test["reason"]
    assert phase["status"] == "refuted"


def test_one_issue_is_held_back_by_a_finding(data):
    issue = data["issues"][1]
    assert {item["status"] for item in issue["evidence"]} == {"verified"}
    assert [finding["rule"] for finding in issue["findings"]] == ["documents-only"]
    assert issue["status"] == "unverified"


def test_keys_are_never_left_out(data):
    top = {"format", "cluster", "repository", "title", "status", "judged", "issues", "statements", "findings"}
    assert top <= set(data)
    issue_keys = {
        "number", "title", "state", "decision", "resolved_by", "into", "of", "order", "after", "status", "closable",
        "line", "evidence", "criteria", "goals", "phases", "repository", "findings", "candidates",
    }  # fmt: skip
    evidence_keys = {
        "kind", "cited", "status", "found", "proof", "parts", "reason", "source", "line", "at_close", "now",
    }  # fmt: skip
    for issue in data["issues"]:
        assert issue_keys <= set(issue)
        for item in issue["evidence"]:
            assert evidence_keys <= set(item)


def test_the_same_bytes_come_out_again(report):
    for seed in ("0", "1", "2"):
        assert triage("cluster", "529", "--render", PYTHONHASHSEED=seed).stdout == report


def test_marks_stand_only_where_a_verdict_does(data, report):
    """Each mark of the report is one that the data has, and nothing is verified that the data does not verify."""
    heading = re.search(r"^### (\S+) #529", report, re.MULTILINE)
    assert heading is not None
    assert heading[1] == "✅"
    assert re.search(r"^### ❔ #372", report, re.MULTILINE)
    assert report.count("✅") > 5
    assert "❌" in report
    assert "🗣" in report


def test_it_is_a_sound_document(report):
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(report)
    html = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"(?:</?(?:details|summary)>[^<>]*)+\n?", block) for block in html), html
    rows = [line for line in report.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert "None" not in report
    assert "\n\n\n" not in report
    assert max(len(line) for line in report.splitlines()) < 600


def test_links_are_permanent(report):
    links = re.findall(r"\]\((https://[^)]+)\)", report)
    assert links
    assert all(re.search(r"/[0-9a-f]{40}(?:/|$)", link) for link in links)


def test_it_is_built_from_its_sources(tmp_path, data):
    built = tmp_path / "529.evidence"
    done = subprocess.run(
        [sys.executable, "clusters/example/build.py", "-o", str(built)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    again = triage("cluster", "529", "--json", "--from", str(built))
    again_data = json.loads(again.stdout)
    assert again_data == data


def test_the_example_fits_the_schema(tmp_path):
    from ruamel.yaml import YAML

    schema = json.loads((ROOT / "clusters" / "cluster.schema.json").read_text("utf-8"))
    loaded = YAML(typ="safe", pure=True).load((ROOT / "clusters" / "529.yaml").read_text("utf-8"))
    plain = json.loads(json.dumps(loaded, default=str))
    jsonschema.Draft202012Validator(schema).validate(plain)
    plain["issues"]["372"]["desicion"] = "open"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(plain)


def test_it_lies_about_nothing_when_the_decisions_change(tmp_path):
    """Evidence that was exported for other decisions is still only what it was: no SHA is called absent."""
    folder = tmp_path / "clusters"
    folder.mkdir()
    text = (ROOT / "clusters" / "529.yaml").read_text("utf-8")
    text = text.replace(
        'commit: 2ffaf185f\n        subject: "fix(websocket): close the handshake race (#372)"', "commit: 1111111aa"
    )
    (folder / "529.yaml").write_text(text)
    (folder / "529.evidence").write_bytes(EVIDENCE.read_bytes())
    done = triage("cluster", "529", "--json", cwd=tmp_path)
    item = json.loads(done.stdout)["issues"][1]["evidence"][0]
    assert item["cited"] == "1111111aa"
    assert item["status"] == "unverified"
    assert "changed" in item["reason"]
