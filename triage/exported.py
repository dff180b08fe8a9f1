"""The exported file: a zip with what a cluster's verdicts rest on. Read in memory, never extracted."""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from triage.errors import NothingToJudge, TriageError
from triage.model import CloneState, IssueFact, Occurrence, PathHistory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from zipfile import ZipFile, ZipInfo

FORMAT = 1
SUFFIX = ".evidence"
_MANIFEST = "manifest.json"
_BUNDLE = "history.bundle"
_DECISIONS = "cluster.yaml"
_REPORT = re.compile(r"reports/[0-9]{1,4}\.xml")
_LARGEST_FILE = 512 * 1024 * 1024
_LARGEST_MEMBER = 20 * 1024 * 1024
_MOST_MEMBERS = 1_000
_STEEPEST = 200
_STEEP_FROM = 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Exported(NamedTuple):
    """What an exported file holds.

    `paths` and `witnesses` are what was found when it was made: what became of paths that the judged commit
    does not have (by path and commit), and where absent patterns once stood (by pattern and globs).
    """

    cluster: int
    repository: str | None
    branch: str
    sha: str
    committed: datetime
    exported: datetime
    state: CloneState
    bundle: bytes
    decisions: bytes
    shallow: tuple[str, ...] = ()
    issues: tuple[IssueFact, ...] = ()
    reports: Mapping[str, bytes] = {}
    paths: Mapping[tuple[str, str], PathHistory] = {}
    witnesses: Mapping[tuple[str, tuple[str, ...]], Occurrence] = {}


def write(path: Path, content: Exported) -> None:
    """Write the file, whole or not at all; the same content gives the same bytes. Raises `TriageError`."""
    import io  # noqa: PLC0415 - only when exporting
    import zipfile  # noqa: PLC0415 - only when exporting

    members = {_BUNDLE: content.bundle, _DECISIONS: content.decisions}
    names = {}
    for number, (file, data) in enumerate(sorted(content.reports.items())):
        names[file] = f"reports/{number:04}.xml"
        members[names[file]] = data
    manifest = {
        "format": FORMAT,
        "cluster": content.cluster,
        "repository": content.repository,
        "branch": content.branch,
        "sha": content.sha,
        "committed": _text(content.committed),
        "exported": _text(content.exported),
        "shallow": list(content.shallow),
        "clone": {**content.state._asdict(), "fetched": _text(content.state.fetched)},
        "issues": [
            {**f._asdict(), "created": _text(f.created), "closed": _text(f.closed), "read": _text(f.read)}
            for f in sorted(content.issues, key=lambda f: (f.repository, f.number))
        ],
        "reports": names,
        "paths": [{"path": name, "at": at, **past._asdict()} for (name, at), past in sorted(content.paths.items())],
        "witnesses": [
            {"pattern": pattern, "in": list(globs), **seen._asdict()}
            for (pattern, globs), seen in sorted(content.witnesses.items())
        ],
        "members": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(members.items())
        },
    }
    members[_MANIFEST] = (json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(members.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name == _BUNDLE else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    write_whole(path, buffer.getvalue())


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by `data`, whole or not at all. Raises `TriageError` with the reason, leaving nothing behind."""
    folder = path.parent
    beside = folder / f".{path.name}.{os.getpid()}.part"
    try:
        try:
            with beside.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise TriageError(f"{path} cannot be written: {error.strerror}", "name another file with -o") from None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- reading ----------------------------------------------------------------------------------------


def read(path: Path) -> Exported:
    """Return what an exported file holds.

    Members are read in memory, under limits on their number, sizes and ratio, and must have the digests of
    the manifest. Raises `NothingToJudge` for anything that is not as it was written.
    """
    import zipfile  # noqa: PLC0415 - not needed for `--help`
    import zlib  # noqa: PLC0415

    try:
        if not path.is_file():
            raise NothingToJudge(f"{path}: there is no such file", "triage export N -o FILE writes one")
        size = path.stat().st_size
        if size > _LARGEST_FILE:
            _damaged(path, f"it has {size:,} bytes; at most {_LARGEST_FILE:,} are read")
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > _MOST_MEMBERS:
                _damaged(path, f"it has {len(infos):,} members; at most {_MOST_MEMBERS:,} are read")
            _check_names(path, infos)
            manifest = _manifest(path, _member(path, archive, _MANIFEST))
            return _content(path, archive, manifest, {info.filename for info in infos})
    except OSError as error:
        raise NothingToJudge(f"{path} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        _damaged(path, str(error) or type(error).__name__)


def _damaged(path: Path, what: str) -> NoReturn:
    line = " ".join(what.split())[:200]
    raise NothingToJudge(f"{path} is not a whole exported file: {line}", "make it again: triage export N -o FILE")


def _check_names(path: Path, infos: list[ZipInfo]) -> None:
    seen = set()
    for info in infos:
        name = info.filename
        if name not in (_MANIFEST, _BUNDLE, _DECISIONS) and not _REPORT.fullmatch(name):
            _damaged(path, f"it has a member {name!r}")
        if name in seen:
            _damaged(path, f"it has two members {name!r}")
        if info.flag_bits & 1:
            _damaged(path, f"its member {name!r} is encrypted")
        seen.add(name)


def _member(path: Path, archive: ZipFile, name: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        _damaged(path, f"it has no member {name!r}")
    limit = _LARGEST_FILE if name == _BUNDLE else _LARGEST_MEMBER
    if info.compress_size and info.file_size > _STEEP_FROM and info.file_size / info.compress_size > _STEEPEST:
        _damaged(path, f"its member {name!r} unpacks to more than {_STEEPEST} times its size")
    with archive.open(info) as stream:
        data = stream.read(min(limit, info.file_size) + 1)
    if len(data) > limit or len(data) != info.file_size:
        _damaged(path, f"its member {name!r} has not the size it says, or more than {limit:,} bytes")
    return data


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        _damaged(path, "its manifest is not JSON")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        _damaged(path, "its manifest names no format")
    if manifest["format"] > FORMAT:
        raise NothingToJudge(
            f"{path} is of format {manifest['format']}; this version reads up to {FORMAT}",
            "use a newer version of triage",
        )
    return manifest


def _content(path: Path, archive: ZipFile, manifest: dict[str, Any], names: set[str]) -> Exported:
    try:
        digests = manifest["members"]
        if names != {*digests, _MANIFEST}:
            _damaged(path, "its members are not those of its manifest")
        members = {name: _member(path, archive, name) for name in sorted(digests)}
        for name, data in members.items():
            if hashlib.sha256(data).hexdigest() != digests[name]["sha256"]:
                _damaged(path, f"its member {name!r} has not the digest of its manifest")
        clone = {**manifest["clone"], "fetched": _moment(manifest["clone"]["fetched"])}
        return Exported(
            cluster=int(manifest["cluster"]),
            repository=manifest["repository"],
            branch=str(manifest["branch"]),
            sha=str(manifest["sha"]),
            committed=_moment(manifest["committed"]),
            exported=_moment(manifest["exported"]),
            state=CloneState(**clone),
            bundle=members[_BUNDLE],
            decisions=members[_DECISIONS],
            shallow=tuple(manifest["shallow"]),
            issues=tuple(
                IssueFact(
                    **{
                        **f,
                        "created": _moment(f["created"]),
                        "closed": _moment(f["closed"]),
                        "read": _moment(f["read"]),
                    }
                )
                for f in manifest["issues"]
            ),
            reports={file: members[name] for file, name in manifest["reports"].items()},
            paths={(p.pop("path"), p.pop("at")): PathHistory(**p) for p in (dict(item) for item in manifest["paths"])},
            witnesses={
                (w.pop("pattern"), tuple(w.pop("in"))): Occurrence(**w)
                for w in (dict(item) for item in manifest["witnesses"])
            },
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        _damaged(path, f"its manifest cannot be understood ({type(error).__name__}: {error})")


def _moment(text: Any) -> Any:
    return None if text is None else datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
