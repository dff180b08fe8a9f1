"""Runs the command line: `python -m triage`."""

from __future__ import annotations

from triage.cli import run

run()
