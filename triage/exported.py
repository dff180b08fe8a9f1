"""The exported file: a zip with what a cluster's verdicts rest on. Read in memory, never extracted."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
import struct
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from triage import kept
from triage.errors import NothingToJudge, TriageError
from triage.model import CloneState, IssueFact, Kept, Mention, Occurrence, PathHistory, Unread
from triage.tracker import NOT_READ, SERVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from zipfile import ZipFile, ZipInfo

FORMAT = 3
"""Format 1 had only the state of issues, under `issues`; 2 has every fact from GitHub, under `github`.

Format 3 has `touching` and `mentions`. A file that has neither is written as format 2, which older versions read.
"""
_BEFORE = 2
SUFFIX = ".evidence"
_MANIFEST = "manifest.json"
_BUNDLE = "history.bundle"
_DECISIONS = "cluster.yaml"
_REPORT = re.compile(r"reports/[0-9]{1,4}\.xml")
_LARGEST_FILE = 512 * 1024 * 1024
_LARGEST_MEMBER = 20 * 1024 * 1024
_MOST_MEMBERS = 1_000
_LONGEST_LIST = 1024 * 1024
_END = 22
_LOCATOR = 20
_STORED, _DEFLATED = 0, 8
_STEEPEST = 200
_STEEP_FROM = 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CITED = re.compile(r"[0-9A-Fa-f]{7,64}")
_SERVER = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}")
_LARGEST_NUMBER = 1 << 53

T = TypeVar("T")


class Exported(NamedTuple):
    """What an exported file holds.

    `github` is what was read there, `unread` and `otherwise` say why there is no more. `paths` and `witnesses` are
    what was found when it was made: what became of paths that the judged commit does not have (by path and commit),
    and where absent patterns once stood (by pattern and globs). So are `touching`, the commits that touch some paths
    (by a digest of what was asked), and `mentions`, the lines of documents that have a SHA (by it and the commit).
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
    github: tuple[Kept, ...] = ()
    unread: tuple[tuple[str, str, Unread], ...] = ()
    otherwise: Unread = NOT_READ
    server: str = SERVER
    reports: Mapping[str, bytes] = {}
    paths: Mapping[tuple[str, str], PathHistory] = {}
    witnesses: Mapping[tuple[str, tuple[str, ...]], Occurrence] = {}
    touching: Mapping[str, tuple[str, ...]] = {}
    mentions: Mapping[tuple[str, str], tuple[Mention, ...]] = {}


def write(path: Path, content: Exported) -> None:
    """Write the file, whole or not at all. Raises `TriageError`."""
    write_whole(path, packed(content))


def packed(content: Exported) -> bytes:
    """Return the bytes of the file; the same content always has the same."""
    import io  # noqa: PLC0415 - only when exporting
    import zipfile  # noqa: PLC0415 - only when exporting

    members = {_BUNDLE: content.bundle, _DECISIONS: content.decisions}
    names = {}
    for number, (file, data) in enumerate(sorted(content.reports.items())):
        names[file] = f"reports/{number:04}.xml"
        members[names[file]] = data
    answers = {
        "touching": [{"asked": asked, "commits": list(shas)} for asked, shas in sorted(content.touching.items())],
        "mentions": [
            {"sha": sha, "at": at, "lines": [line._asdict() for line in lines]}
            for (sha, at), lines in sorted(content.mentions.items())
        ],
    }
    manifest = {
        "format": FORMAT if any(answers.values()) else _BEFORE,
        **(answers if any(answers.values()) else {}),
        "cluster": content.cluster,
        "repository": content.repository,
        "branch": content.branch,
        "sha": content.sha,
        "committed": _text(content.committed),
        "exported": _text(content.exported),
        "shallow": list(content.shallow),
        "clone": {**content.state._asdict(), "fetched": _text(content.state.fetched)},
        "github": [
            {"repository": name, "asked": asked, "kind": kept.kind_of(fact), "fact": kept.to_json(fact)}
            for name, asked, fact in sorted(content.github, key=lambda one: one[:2])
        ],
        "unread": [
            {"repository": name, "asked": asked, "reason": why.reason, "hint": why.hint, "tried": why.tried}
            for name, asked, why in sorted(content.unread)
        ],
        "otherwise": content.otherwise._asdict(),
        "server": content.server,
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
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    # Names that are not UTF-8 are surrogates here, and `\udce9` is how JSON writes them.
    members[_MANIFEST] = text.encode("utf-8", "backslashreplace")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(members.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name == _BUNDLE else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by `data`, whole or not at all. Raises `TriageError` with the reason, leaving nothing behind.

    A link is replaced, not followed: it may come with a clone. A pipe or a device is written to.
    """
    beside = path.parent / f".triage-{secrets.token_hex(6)}.part"
    try:
        if _is_a_stream(path):
            with path.open("wb") as stream:
                stream.write(data)
            return
        with beside.open("xb") as stream:
            try:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise TriageError(f"{path} cannot be written: {error.strerror}", "name another file with -o") from None


def _is_a_stream(path: Path) -> bool:
    """Whether a path is a pipe or a character device, or one of the names that the system has for open files."""
    if path.absolute().parts[1:2] in (("dev",), ("proc",)) and path.exists():
        return not path.is_dir()
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


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
        _check_end(path)
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > _MOST_MEMBERS:
                _damaged(path, f"it has {len(infos):,} members; at most {_MOST_MEMBERS:,} are read")
            _check_names(path, infos)
            manifest = _manifest(path, _member(path, archive, _MANIFEST))
            return _content(path, archive, manifest, {info.filename for info in infos})
    except OSError as error:
        if error.errno == errno.EINVAL:
            # The place of a member lies before the beginning of the file.
            _damaged(path, "its list of members is wrong")
        raise NothingToJudge(f"{path} cannot be read: {error.strerror or error}") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        struct.error,
    ) as error:
        _damaged(path, str(error) or type(error).__name__)


def _damaged(path: Path, what: str) -> NoReturn:
    line = " ".join(what.split())[:200]
    raise NothingToJudge(f"{path} is not a whole exported file: {line}", "make it again: triage export N -o FILE")


def _check_end(path: Path) -> None:
    """Refuse a list of members that would be large, before it is read: `zipfile` holds all of it."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _END - _LOCATOR))
        tail = stream.read()
    end = tail[-_END:]
    if len(end) < _END or not end.startswith(b"PK\5\6") or end[-2:] != b"\0\0":
        _damaged(path, "it does not end like a zip file")
    listed = int.from_bytes(end[12:16], "little")
    if tail[:-_END].startswith(b"PK\6\7") or listed > _LONGEST_LIST:
        _damaged(path, f"its list of members has more than {_LONGEST_LIST:,} bytes")


def _check_names(path: Path, infos: list[ZipInfo]) -> None:
    seen = set()
    for info in infos:
        name = info.filename
        if name not in (_MANIFEST, _BUNDLE, _DECISIONS) and not _REPORT.fullmatch(name):
            _damaged(path, f"it has a member {name!r}")
        if name in seen:
            _damaged(path, f"it has two members {name!r}")
        if info.compress_type not in (_STORED, _DEFLATED):
            _damaged(path, f"its member {name!r} is packed in a way that this program does not write")
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
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int or manifest["format"] < 1:
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
        return Exported(
            cluster=_number(manifest["cluster"]),
            repository=_or_none(_words, manifest["repository"]),
            branch=_words(manifest["branch"]),
            sha=_sha(manifest["sha"]),
            committed=_moment(manifest["committed"]),
            exported=_moment(manifest["exported"]),
            state=_fields(CloneState, manifest["clone"], _CLONE),
            bundle=members[_BUNDLE],
            decisions=members[_DECISIONS],
            shallow=tuple(_sha(sha) for sha in _list(manifest["shallow"])),
            github=_github(manifest),
            **_unread(manifest),
            reports={_words(file): members[name] for file, name in manifest["reports"].items()},
            paths={
                (_words(item["path"]), _sha(item["at"])): _fields(PathHistory, item, _PATH, beside=("path", "at"))
                for item in _list(manifest["paths"])
            },
            witnesses={
                (_words(item["pattern"]), tuple(_words(glob) for glob in _list(item["in"]))): _fields(
                    Occurrence, item, _OCCURRENCE, beside=("pattern", "in")
                )
                for item in _list(manifest["witnesses"])
            },
            **_answers(manifest),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        _damaged(path, f"its manifest cannot be understood ({type(error).__name__}: {error})")


def _github(manifest: dict[str, Any]) -> tuple[Kept, ...]:
    """The facts from GitHub, of either format."""
    if manifest["format"] == 1:
        facts = [_fields(IssueFact, fact, _ISSUE) for fact in _list(manifest["issues"])]
        return tuple(Kept(fact.repository, str(fact.number), fact) for fact in facts)
    return tuple(
        Kept(_words(item["repository"]), _words(item["asked"]), kept.from_json(_words(item["kind"]), item["fact"]))
        for item in _list(manifest["github"])
    )


def _unread(manifest: dict[str, Any]) -> dict[str, Any]:
    """Which GitHub it was, what was not read of it, and why."""
    if manifest["format"] == 1:
        return {}
    single = tuple(
        (_words(item["repository"]), _words(item["asked"]), _fields(Unread, item, _UNREAD, ("repository", "asked")))
        for item in _list(manifest["unread"])
    )
    server = _words(manifest["server"])
    if not _SERVER.fullmatch(server):
        raise TypeError(f"{server!r} is not the address of a server")
    return {"server": server, "unread": single, "otherwise": _fields(Unread, manifest["otherwise"], _UNREAD)}


def _answers(manifest: dict[str, Any]) -> dict[str, Any]:
    """What came with format 3."""
    if manifest["format"] <= _BEFORE:
        return {}
    touching = {
        _digest(item["asked"]): tuple(_sha(sha) for sha in _list(item["commits"]))
        for item in _list(manifest["touching"])
    }
    mentions = {
        (_cited(item["sha"]), _sha(item["at"])): tuple(
            _fields(Mention, line, _MENTION) for line in _list(item["lines"])
        )
        for item in _list(manifest["mentions"])
    }
    return {"touching": touching, "mentions": mentions}


def _fields(kind: Callable[..., T], item: Any, forms: Mapping[str, Any], beside: tuple[str, ...] = ()) -> T:
    """Return a noun of the model whose fields are all there, each of its form, and no others."""
    if not isinstance(item, dict) or item.keys() != {*forms, *beside}:
        raise TypeError(f"not what {getattr(kind, '__name__', kind)} is made of")
    return kind(**{key: form(item[key]) for key, form in forms.items()})


def _moment(text: Any) -> datetime:
    return datetime.strptime(_words(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _words(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not a text")
    return value


def _text_or_empty(value: Any) -> str:
    return _words(value) if value != "" else ""


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LARGEST_NUMBER:
        raise TypeError(f"{value!r} is not a number")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _sha(value: Any) -> str:
    if not _ID.fullmatch(_words(value)):
        raise TypeError(f"{value!r} is not the id of an object")
    return str(value)


def _digest(value: Any) -> str:
    if not _DIGEST.fullmatch(_words(value)):
        raise TypeError(f"{value!r} is not a digest")
    return str(value)


def _cited(value: Any) -> str:
    if not _CITED.fullmatch(_words(value)):
        raise TypeError(f"{value!r} is not a SHA")
    return str(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return value


def _state(value: Any) -> str:
    if value not in ("open", "closed"):
        raise TypeError(f"{value!r} is not the state of an issue")
    return str(value)


def _or_none(form: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else form(value)


_MAYBE_WORDS = partial(_or_none, _words)
_MAYBE_MOMENT = partial(_or_none, _moment)
_CLONE = {
    "label": _text_or_empty,
    "fetched": _MAYBE_MOMENT,
    "shallow": _truth,
    "partial": _truth,
    "blind": _MAYBE_WORDS,
    "cure": _MAYBE_WORDS,
}
_ISSUE = {
    "number": _number,
    "repository": _words,
    "title": _text_or_empty,
    "state": _state,
    "reason": _MAYBE_WORDS,
    "created": _moment,
    "closed": _MAYBE_MOMENT,
    "closed_by": _MAYBE_WORDS,
    "read": _moment,
}
_PATH = {"moved_to": _MAYBE_WORDS, "how": _MAYBE_WORDS, "removed_by": partial(_or_none, _sha), "existed": _truth}
_UNREAD = {"reason": _words, "hint": _MAYBE_WORDS, "tried": _truth}
_MENTION = {"path": _words, "line": _number, "text": _text_or_empty}
_OCCURRENCE = {"sha": _sha, "path": _words, "line": _number, "text": _text_or_empty}
