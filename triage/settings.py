"""Settings: flag, environment, `triage.toml`, `[tool.triage]` in `pyproject.toml`, default; first found wins."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.errors import AskedWrongly

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "triage.toml"
_KEYS: dict[str, type] = {
    "repository": str,
    "branch": str,
    "clusters": str,
    "templates": str,
    "fail_on": str,
    "subject_days": int,
    "git_timeout": int,
    "pattern_timeout": int,
    "github_timeout": int,
    "github_wait": int,
}
FAIL_ON = ("unverified", "refuted", "never")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


class Settings(NamedTuple):
    """The settings of one run. Paths are as the caller may use them; times are in seconds, windows in days."""

    clusters: Path
    repository: str | None = None
    branch: str | None = None
    templates: Path | None = None
    fail_on: str = "unverified"
    subject_days: int = 30
    git_timeout: int = 120
    pattern_timeout: int = 20
    github_timeout: int = 30
    """How long one request may take."""
    github_wait: int = 30
    """How long to wait for GitHub's limits in one run, in all."""
    host: str | None = None
    """The host of a repository that is given as `HOST/OWNER/NAME`."""
    host_source: str | None = None
    """What names that host: a flag, a variable, or a settings file, which may have come with a clone."""
    file: Path | None = None
    """The file that some of them come from."""


def read(environment: Mapping[str, str], flags: Mapping[str, Any], folder: Path | None = None) -> Settings:
    """Return the settings that hold in a folder. Raises `AskedWrongly` for what cannot be one."""
    folder = folder or Path()
    file, table = _from_file(folder)
    base = file.parent if file is not None else folder
    values: dict[str, Any] = {}
    for key, kind in _KEYS.items():
        value: Any = flags.get(key)
        where = "--repo" if key == "repository" else f"--{key.replace('_', '-')}"
        beside = Path()
        if value is None:
            value, where = environment.get(f"TRIAGE_{key.upper()}") or None, f"TRIAGE_{key.upper()}"
        if value is None and key == "repository":
            name = next((n for n in ("GH_REPO", "GITHUB_REPOSITORY") if environment.get(n)), None)
            value, where = (environment[name], name) if name else (None, where)
            if value is not None:
                # Of these two the cluster file comes first, so they are only a default.
                values["default_repository"] = value, where
                value = None
        if value is None and key in table:
            value, where, beside = table[key], str(file), base
        if value is not None and key == "repository":
            values |= _repository(value, where)
        elif value is not None:
            checked = _checked(key, value, kind, where)
            values[key] = beside / checked if key in ("clusters", "templates") else checked
    default_repository = values.pop("default_repository", None)
    values.setdefault("clusters", base / "clusters" if file is not None else Path("clusters"))
    if "repository" not in values and default_repository is not None:
        values |= _repository(*default_repository)
    return Settings(**values, file=file)


def _repository(value: Any, where: str) -> dict[str, Any]:
    """A repository, and the host that may stand before it, as `gh` takes it: `[HOST/]OWNER/NAME`."""
    host, slash, rest = value.partition("/") if isinstance(value, str) else ("", "", "")
    if slash and "/" in rest and _HOST.fullmatch(host):
        return {"host": host.lower(), "host_source": where, "repository": _checked("repository", rest, str, where)}
    return {"repository": _checked("repository", value, str, where)}


def _checked(key: str, value: Any, kind: type, where: str) -> Any:
    if kind is int:
        if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,6}", str(value)):
            raise AskedWrongly(f"{where}: {key} wants a whole number from 1, not {str(value)!r}")
        return int(value)
    if not isinstance(value, str) or not value or "\0" in value:
        raise AskedWrongly(f"{where}: {key} wants a text, not {value!r}")
    if key == "fail_on" and value not in FAIL_ON:
        raise AskedWrongly(f"{where}: {key} is one of {', '.join(FAIL_ON)}, not {value!r}")
    if key == "repository" and not _REPOSITORY.fullmatch(value):
        raise AskedWrongly(f"{where}: {value!r} is not a repository", "write owner/name")
    return value


def _from_file(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """The nearest settings file from a folder up to the root of its repository, and what it says."""
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - links are kept as the user knows them
    for above in (absolute, *absolute.parents):
        own = above / FILE
        if own.is_file():
            return _shorter(own), _table(own, _parse(own))
        project = above / "pyproject.toml"
        if project.is_file():
            text = _content(project)
            if b"[tool.triage" in text:
                tools = _parse(project, text).get("tool")
                return _shorter(project), _table(project, tools.get("triage", {}) if isinstance(tools, dict) else {})
        if (above / ".git").exists():
            break
    return None, {}


def _shorter(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, OSError):
        return path


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AskedWrongly(f"{_shorter(path)} cannot be read: {error.strerror}") from None


def _parse(path: Path, content: bytes | None = None) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most runs have no settings file

    try:
        return tomllib.loads((content if content is not None else _content(path)).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AskedWrongly(f"{_shorter(path)}: {error}", 'settings are TOML, e.g. branch = "main"') from None


def _table(path: Path, table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise AskedWrongly(f"{_shorter(path)}: the settings are not a table")
    for key in table:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, 1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(_KEYS)}"
            raise AskedWrongly(f"{_shorter(path)}: there is no setting {key!r}", hint)
    return table
