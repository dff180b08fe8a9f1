"""Cluster files by number or path, and the folder they live in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from triage.clusters import graph, reading
from triage.clusters.nodes import Refused
from triage.errors import AskedWrongly

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.cli.options import Options
    from triage.clusters.reading import ClusterFile
    from triage.model import Finding


def locate(name: str, options: Options) -> Path:
    """Return the cluster file that a number or a path names. Raises `AskedWrongly`."""
    number = name.removeprefix("#")
    if _is_number(number):
        path = options.settings.clusters / f"{number}{reading.SUFFIX}"
        if path.exists() or path.is_symlink():
            return path
        known = [file.stem for file in listed(options.settings.clusters)]
        there = (
            f"{options.settings.clusters}/ has {', '.join(known)}"
            if known
            else f"there is no cluster in {options.settings.clusters}/"
        )
        raise AskedWrongly(f"there is no cluster {number}: {path} does not exist", there)
    path = Path(name)
    if not (path.exists() or path.is_symlink()):
        raise AskedWrongly(
            f"there is no cluster file {name}", "give a number such as 529, or the path of a cluster file"
        )
    return path


def listed(folder: Path, *, missing_ok: bool = False) -> list[Path]:
    """Return the cluster files of a folder, by number. Raises `AskedWrongly` if there is no such folder."""
    if not folder.is_dir():
        if missing_ok:
            return []
        raise AskedWrongly(
            f"there is no folder {folder}/",
            "go to the folder that has clusters/, or say where they are: TRIAGE_CLUSTERS=DIR",
        )
    files = [path for path in folder.iterdir() if path.suffix == reading.SUFFIX]
    return sorted(files, key=lambda path: (not _is_number(path.stem), _number(path.stem), path.name))


def _is_number(stem: str) -> bool:
    return stem.isascii() and stem.isdigit()


def _number(stem: str) -> int:
    return int(stem) if _is_number(stem) else 0


def keep(decisions: Path, output: Path) -> None:
    """Refuse to write over the file that the decisions stand in. Raises `AskedWrongly`."""
    try:
        same = output.samefile(decisions)
    except OSError:
        same = output.absolute() == decisions.absolute()
    if same:
        raise AskedWrongly(f"{output} has the decisions; nothing else is written there", "name another file with -o")


def read(path: Path) -> ClusterFile:
    """Return a cluster file. Raises `Refused` with its errors of grammar."""
    return reading.read(path)


def content(path: Path) -> bytes:
    """Return the bytes of a cluster file. Raises `Refused` for what is not an ordinary file."""
    return reading.read_bytes(path, str(path))


def read_all(paths: Iterable[Path]) -> tuple[list[ClusterFile], list[Finding]]:
    """Return the cluster files that can be read, and the errors of grammar of the others."""
    files: list[ClusterFile] = []
    errors: list[Finding] = []
    for path in paths:
        try:
            files.append(reading.read(path))
        except Refused as refused:
            errors += refused.findings
    return files, errors


def with_neighbours(file: ClusterFile, path: Path) -> tuple[list[Finding], list[ClusterFile]]:
    """Return what the lint rules find in a file, read together with the others of its folder, and those others."""
    others = [other for other in listed(path.parent, missing_ok=True) if other.name != path.name]
    files, _ = read_all(others)
    found = [finding for finding in graph.lint([file, *files]) if finding.place.file == file.file]
    return found, files
