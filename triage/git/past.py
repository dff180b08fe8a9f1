"""The past of paths: where a missing one went, who removed it, and every version that files had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.git.diffs import RAW, SUBMODULE, TREE, differences
from triage.git.objects import ls_tree
from triage.globs import select
from triage.model import PathHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from triage.git.diffs import Raw
    from triage.git.history import GitHistory
    from triage.git.process import Git
    from triage.model import Commit, Entry

_HOPS = 20
_EMPTY = frozenset(
    {
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    }
)
"""The empty file, in SHA-1 and SHA-256: it says nothing about where a file went."""
_SHORT = 9
_WILD = frozenset("*?[\\")


class PathSearch:
    """What became of one path: git's own renames from removal to removal, then the same content elsewhere."""

    def __init__(self, history: GitHistory, tip: str) -> None:
        self._history = history
        self._git = history.git
        self._tip = tip
        self._touched = False

    def follow(self, path: str) -> PathHistory:
        """Return where the path is now, or what removed it. Raises CouldNotLook where the clone cannot tell."""
        current: str | None = path.removeprefix("./").rstrip("/")
        if "\0" in path or any(part in ("", ".", "..") for part in (current or "").split("/")):
            return PathHistory()
        removed_by: str | None = None
        seen: set[str | None] = {None}
        while current not in seen and len(seen) < _HOPS and (removal := self._removal(str(current))) is not None:
            commit, parent = removal
            removed_by = removed_by or commit.sha
            seen.add(current)
            current, how = self._moved(str(current), commit, parent)
            if current is None:
                return PathHistory(existed=True, removed_by=commit.sha)
            if self._stands(current):
                return PathHistory(moved_to=current, how=how, existed=True)
        if removed_by is not None or self._touched:
            return PathHistory(existed=True, removed_by=removed_by)
        state = self._history.state
        if state.shallow:
            raise CouldNotLook(f"the clone is shallow: whether {path} ever existed cannot be seen", state.cure)
        return PathHistory()

    def _removal(self, path: str) -> tuple[Commit, str] | None:
        """Return the last commit that removed the path, with the parent that still had it."""
        simple = ("rev-list", "--max-count=1", "--end-of-options", self._tip, "--", path)
        found = self._removed_in(self._git.run(*simple), path)
        if found is None:
            # Removed on a side branch, or by a merge that took one side: the simplified walk never goes there.
            whole = ("rev-list", "--full-history", "--end-of-options", self._tip, "--", path)
            listed = self._git.run(*whole)
            self._touched |= bool(listed.strip())
            found = self._removed_in(listed, path)
        return found

    def _removed_in(self, listed: bytes, path: str) -> tuple[Commit, str] | None:
        shas = listed.decode("ascii").split()
        commits = self._history.commits(shas)
        pairs = [(commits[sha], parent) for sha in shas for parent in commits[sha].parents]
        state = self._history.state
        here = self._history.commits(parent for _, parent in pairs) if state.shallow else None
        for commit, parent in pairs:
            if (here is None or parent in here) and self._gone_between(commit.sha, parent, path):
                return commit, parent
        return None

    def _gone_between(self, sha: str, parent: str, path: str) -> bool:
        sides = [bool(self._git.run("ls-tree", "-z", "--full-tree", at, "--", path)) for at in (parent, sha)]
        return sides == [True, False]

    def _stands(self, path: str) -> bool:
        tree = self._history.tree(self._tip)
        return path in tree or any(other.startswith(f"{path}/") for other in tree)

    def _moved(self, path: str, commit: Commit, parent: str) -> tuple[str | None, str | None]:
        files = self._files_under(path, parent)
        renames = self._renames(commit, parent)
        by = f"renamed in {commit.sha[:_SHORT]}"
        tip = self._history.tree(self._tip)
        if path in files:
            if path in renames:
                return renames[path], by
            same = _same_blob(path, files[path], tip)
            return same, "same content" if same else None
        folder = _common(path, files, renames.get)
        if folder is not None:
            return folder, by
        folder = _common(path, files, lambda file: _same_blob(file, files[file], tip))
        return folder, "same content" if folder else None

    def _files_under(self, path: str, sha: str) -> dict[str, str]:
        """Return the files that the path stood for at a commit, with their blobs."""
        return {file: entry.blob for file, entry in ls_tree(self._git, sha, path).items()}

    def _renames(self, commit: Commit, parent: str) -> dict[str, str]:
        try:
            return self._renames_by("-M", commit, parent)
        except CouldNotLook:
            exact = self._renames_by("-M100%", commit, parent)
            if exact:
                return exact
            raise

    def _renames_by(self, similarity: str, commit: Commit, parent: str) -> dict[str, str]:
        feed = f"{commit.sha} {parent}\n".encode()
        with self._git.stream(*RAW, similarity, "-l1000", feed=feed) as stream:
            renames = {
                raw.path: raw.target for _, raw in differences(stream.fields()) if raw is not None and raw.letter == "R"
            }
            stream.finish()
        return renames


def _same_blob(path: str, blob: str, tip: Mapping[str, Entry]) -> str | None:
    """Return where the content stands now: the place most like the old one, by name and then by folders."""
    if blob in _EMPTY:
        return None
    places = [other for other, entry in tip.items() if entry.blob == blob]
    old = path.split("/")[::-1]

    def likeness(other: str) -> int:
        new = other.split("/")[::-1]
        return next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))

    return min(places, key=lambda other: (-likeness(other), other), default=None)


def _common(folder: str, files: Iterable[str], target: Callable[[str], str | None]) -> str | None:
    """Return the folder that more than half of the files went to, None if there is none."""
    counts: dict[str, int] = {}
    total = 0
    for file in files:
        total += 1
        new = target(file)
        if new is None:
            continue
        rest = file[len(folder) :]
        root = new[: -len(rest)] if new.endswith(rest) else new.rpartition("/")[0]
        if root and root != folder:
            counts[root] = counts.get(root, 0) + 1
    best = max(counts, key=lambda root: (counts[root], root), default=None)
    return best if best is not None and counts[best] * 2 > total else None


def prefixes(globs: Iterable[str]) -> list[str]:
    """Return paths that hold all that the globs can select, or nothing where that is the whole tree."""
    found: list[str] = []
    for glob in globs:
        if not glob.strip() or glob.startswith(("!", "#")):
            continue
        stem = glob.rstrip("/ ")
        if "/" not in stem:
            return []
        fixed: list[str] = []
        for part in stem.removeprefix("/").split("/"):
            if _WILD.intersection(part):
                break
            fixed.append(part)
        if not fixed or any(part in ("", ".", "..") for part in fixed):
            return []
        found.append("/".join(fixed))
    return list(dict.fromkeys(found))


def past_blobs(git: Git, globs: tuple[str, ...], tip: str) -> Iterator[tuple[str, str, str]]:
    """Yield (commit, path, blob) of each distinct blob of the selected paths, newest first."""
    paths = prefixes(globs)
    selected: dict[str, bool] = {}

    def wanted(path: str) -> bool:
        if path not in selected:
            selected[path] = any(True for _ in select(globs, (path,)))
        return selected[path]

    def walk() -> Iterator[bytes]:
        with git.stream("rev-list", "--full-history", "--end-of-options", tip, "--", *paths) as stream:
            while block := stream.chunk():
                yield block
            stream.finish()

    seen: set[str] = set()
    left: dict[str, tuple[str, str, str]] = {}
    with git.stream(*RAW, "--no-renames", "-m", "--", *paths, feed=walk()) as stream:
        for commit, raw in differences(stream.fields()):
            if raw is None:
                continue
            if raw.after and _is_file(raw, 1) and raw.after not in seen and wanted(raw.path):
                seen.add(raw.after)
                left.pop(raw.after, None)
                yield commit, raw.path, raw.after
            if raw.before and _is_file(raw, 0) and raw.before not in seen and wanted(raw.path):
                left.setdefault(raw.before, (commit, raw.path, raw.before))
        stream.finish()
    # Only where the commit that brought a blob cannot be seen is it named with the one that took it away.
    yield from (triple for blob, triple in left.items() if blob not in seen)


def _is_file(raw: Raw, side: int) -> bool:
    return raw.modes[side] not in (SUBMODULE, TREE)
