"""Git bundles: the objects that verdicts rest on in one file, written from a clone and opened anywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook, NothingToJudge
from triage.git import diffs, objects, replays
from triage.git.history import GitHistory
from triage.git.names import is_object_id, is_ref_name, object_id
from triage.git.process import TIME_LIMIT, Git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.model import CloneState, Replay

_SHA1 = 40
_MOST_REFS = 100_000
_LONGEST_HEADER = 32 << 20
_LARGEST_TAG = 1 << 20
_MEMORY = 1 << 30
"""What git may use to unpack a bundle, beyond its size: a small file can claim to hold gigabytes."""
_PACK = (
    "pack-objects",
    "--stdout",
    "-q",
    "--threads=1",
    "--no-reuse-delta",
    "--no-reuse-object",
    "--delta-base-offset",
    "--window=10",
    "--depth=50",
    "--compression=9",
    "--window-memory=0",
)
_TAGGED = re.compile(rb"object ([0-9a-f]{40,64})\ntype (\w+)\n")


def bare_repository(folder: Path, refs: Mapping[str, str], *, head: str | None, long_ids: bool) -> None:
    """Make the least that git takes for a repository: no hooks, no remotes, no work tree."""
    for part in ("objects/pack", "refs/heads", "refs/tags"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    version, extra = (1, "[extensions]\n\tobjectformat = sha256\n") if long_ids else (0, "")
    (folder / "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extra}", "utf-8")
    (folder / "HEAD").write_text(f"{head or 'ref: refs/heads/main'}\n", "utf-8")
    if refs:
        lines = "".join(f"{sha} {name}\n" for name, sha in sorted(refs.items()))
        (folder / "packed-refs").write_text(f"# pack-refs with: sorted \n{lines}", "utf-8", "surrogateescape")


def write_bundle(
    history: GitHistory,
    refs: Mapping[str, str],
    commits: Iterable[str],
    trees_of: Iterable[str],
    diffs_of: Iterable[str],
    blobs: Iterable[str],
    *,
    between: Iterable[tuple[str, str]] = (),
    merges: Iterable[Replay] = (),
) -> bytes:
    """Return a bundle with just these objects; the same objects always give the same bytes with the same git.

    It holds every commit that `refs` (full names, or HEAD) or `commits` reach, the tags on the way, the whole trees
    of `trees_of`, the trees that differ between each of `diffs_of` and its first parent and between the two of each
    pair of `between`, what each of `merges` is made from, and `blobs`. Other trees and blobs are not in it.
    Raises CouldNotLook if one of the objects is not in the clone.
    """
    git = history.git
    for name, sha in refs.items():
        if not _may_be_bundled(name):
            raise CouldNotLook(f"not a full ref name: {name!r}")
        object_id(sha)
    tags, tagged = _tag_chains(git, refs.values())
    pairs = list(between)
    done = list(merges)
    meant = {sha for each in (*pairs, *done) for sha in each}
    starts = sorted({*tagged, *(object_id(sha) for sha in (*commits, *meant))})
    chosen = set(tags)
    chosen.update(_listed(git, "rev-list", "--stdin", feed=starts))
    chosen.update(_trees(git, [object_id(sha) for sha in trees_of]))
    chosen.update(_differing(history, diffs_of))
    chosen.update(_trees_between(history, pairs))
    chosen.update(replays.objects_of(history, done))
    chosen.update(object_id(sha) for sha in blobs)
    if not chosen:
        raise CouldNotLook("there is nothing to put into a bundle")
    pack = git.run(*_PACK, feed="".join(f"{sha}\n" for sha in sorted(chosen)).encode())
    long_ids = len(next(iter(chosen))) > _SHA1
    signature = "# v3 git bundle\n@object-format=sha256\n" if long_ids else "# v2 git bundle\n"
    lines = "".join(f"{sha} {name}\n" for name, sha in sorted(refs.items()))
    return f"{signature}{lines}\n".encode("utf-8", "surrogateescape") + pack


def _tag_chains(git: Git, shas: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the tag objects that the ids lead through, and the commits where they end."""
    tags: set[str] = set()
    ends: set[str] = set()
    waiting = sorted(set(shas))
    while waiting:
        found = zip(waiting, objects.kinds(git, waiting), strict=True)
        kinds = {sha: header.kind if header else "" for sha, header in found}
        missing = [sha for sha, kind in kinds.items() if not kind]
        if missing:
            raise CouldNotLook(f"object {missing[0]} is not in the clone")
        ends.update(sha for sha, kind in kinds.items() if kind == "commit")
        fresh = [sha for sha, kind in kinds.items() if kind == "tag" and sha not in tags]
        tags.update(fresh)
        raws = objects.read(git, fresh, "tag", _LARGEST_TAG)
        waiting = sorted({match[1].decode() for _, _, raw in raws if (match := _TAGGED.match(raw))})
    return tags, ends


def _listed(git: Git, *command: str, feed: Iterable[str]) -> list[str]:
    lines = "".join(f"{sha}\n" for sha in feed)
    if not lines:
        return []
    out = git.run(*command, feed=lines.encode()).decode("utf-8", "surrogateescape")
    return [object_id(line.split(" ", 1)[0]) for line in out.split("\n") if line]


def _trees(git: Git, shas: list[str]) -> list[str]:
    """Return the commits and all their trees."""
    return _listed(git, "rev-list", "--objects", "--filter=blob:none", "--no-walk", "--stdin", feed=sorted(set(shas)))


def _differing(history: GitHistory, shas: Iterable[str]) -> set[str]:
    """Return the trees that a diff of each commit against its first parent reads."""
    git = history.git
    asked = list(dict.fromkeys(object_id(sha) for sha in shas))
    commits = history.commits(asked)
    missing = [sha for sha in asked if sha not in commits]
    if missing:
        raise CouldNotLook(f"commit {missing[0]} is not in the clone", history.state.cure)
    names = [f"{sha}^{{tree}}" for commit in commits.values() for sha in (commit.sha, *commit.parents[:1])]
    trees: set[str] = set()
    for name, header in zip(names, objects.kinds(git, names), strict=True):
        if header is None:
            raise CouldNotLook(f"the tree of {name.partition('^')[0]} is not in the clone", history.state.cure)
        trees.add(header.sha)
    feed = "".join(f"{diffs.pair(commit)}\n" for commit in commits.values()).encode()
    with git.stream(*diffs.RAW, "-t", "--no-renames", feed=feed) as stream:
        for _, raw in diffs.differences(stream.fields()):
            if raw is not None:
                sides = zip((raw.before, raw.after), raw.modes, strict=True)
                trees.update(sha for sha, mode in sides if sha and mode == diffs.TREE)
        stream.finish()
    return trees


def _trees_between(history: GitHistory, pairs: list[tuple[str, str]]) -> set[str]:
    """Return the trees that a diff of the two commits of each pair reads."""
    found = diffs.with_trees(history, pairs)
    missing = next((one for pair in pairs if pair not in found for one in pair), None)
    if missing is not None:
        raise CouldNotLook(f"a tree of {missing} is not in the clone", history.state.cure)
    shas = sorted({sha for pair in pairs for sha in pair})
    headers = objects.kinds(history.git, [f"{sha}^{{tree}}" for sha in shas])
    trees = {header.sha for header in headers if header is not None}
    for raw in (raw for listed in found.values() for raw in listed):
        trees.update(sha for sha, mode in zip((raw.before, raw.after), raw.modes, strict=True) if mode == diffs.TREE)
    return trees


def _may_be_bundled(name: str) -> bool:
    return name == "HEAD" or (name.startswith("refs/") and is_ref_name(name))


def open_bundle(data: bytes, folder: Path, *, timeout: float = TIME_LIMIT) -> Path:
    """Make a bare repository of a bundle in `folder`, which should be empty, and return the folder.

    Raises NothingToJudge if the bundle is damaged, needs a clone, leaves commits out, or unpacks to too much.
    """
    git, refs = _unbundle(data, folder, timeout)
    try:
        git.run("rev-list", "--count", "--stdin", feed="".join(f"{sha}\n" for sha in sorted(refs.values())).encode())
    except CouldNotLook as error:
        raise _not_opened(error) from error
    return folder


def bundled_history(
    data: bytes, folder: Path, state: CloneState, *, shallow: Iterable[str] = (), timeout: float = TIME_LIMIT
) -> GitHistory:
    """Return the history in a bundle, unpacked into `folder`, with no more processes than it takes.

    `shallow` are the commits whose parents were not in the clone that it was made from. Raises NothingToJudge if
    the bundle is damaged, needs a clone or unpacks to too much. Other commits left out show when it is walked.
    """
    git, refs = _unbundle(data, folder, timeout)
    ends = "".join(f"{object_id(sha)}\n" for sha in shallow)
    if ends:
        (folder / "shallow").write_text(ends, "ascii")
    return GitHistory(git, refs, state, whole=True)


def boundary(history: GitHistory) -> tuple[str, ...]:
    """Return the commits at which a shallow clone ends; none for a complete one."""
    if not history.state.shallow:
        return ()
    path = Path(history.git.run("rev-parse", "--git-path", "shallow").decode("utf-8", "surrogateescape").rstrip("\n"))
    try:
        lines = (history.git.folder / path).read_text("ascii").split()
    except (OSError, ValueError) as error:
        raise CouldNotLook(f"where the shallow clone ends cannot be read: {error}") from error
    return tuple(sorted(line for line in lines if is_object_id(line)))


def _unbundle(data: bytes, folder: Path, timeout: float) -> tuple[Git, dict[str, str]]:
    refs, long_ids, start = _read_header(data)
    listed = dict(refs)
    head = refs.pop("HEAD", None)
    named = next((name for name in sorted(refs) if name.startswith("refs/heads/") and refs[name] == head), None)
    bare_repository(folder, refs, head=f"ref: {named}" if named else head, long_ids=long_ids)
    git = Git(folder, timeout=timeout, memory=_MEMORY + len(data))
    pack = data[start:]
    _check_sum(pack, long_ids=long_ids)
    try:
        git.run("index-pack", "--stdin", "--threads=1", f"--max-input-size={len(pack)}", feed=pack)
    except CouldNotLook as error:
        raise _not_opened(error) from error
    return git, listed


def _not_opened(error: CouldNotLook) -> NothingToJudge:
    return NothingToJudge(f"the bundle cannot be opened: {error.message}", "export it again")


def _check_sum(pack: bytes, *, long_ids: bool) -> None:
    """Raise NothingToJudge if the pack does not end with its own digest: git would pass over what follows it."""
    import hashlib  # noqa: PLC0415 - only an opened bundle needs it

    made = hashlib.sha256() if long_ids else hashlib.sha1(usedforsecurity=False)
    made.update(memoryview(pack)[: -made.digest_size])
    if made.digest() != pack[-made.digest_size :]:
        raise NothingToJudge("the bundle is damaged: its pack does not have the digest that it says", "export it again")


def _read_header(data: bytes) -> tuple[dict[str, str], bool, int]:
    """Return the refs, whether ids are SHA-256, and where the pack begins."""
    end = data.find(b"\n\n", 0, _LONGEST_HEADER)
    lines = data[: max(end, 0)].decode("utf-8", "surrogateescape").split("\n")
    signature = lines.pop(0)
    if signature not in ("# v2 git bundle", "# v3 git bundle"):
        raise NothingToJudge("not a git bundle of version 2 or 3", "export it again")
    long_ids = False
    refs: dict[str, str] = {}
    if len(lines) > _MOST_REFS:
        raise NothingToJudge(f"the bundle has more than {_MOST_REFS} refs")
    for line in lines:
        if line.startswith("@") and signature.startswith("# v3") and not refs:
            if line not in ("@object-format=sha1", "@object-format=sha256"):
                raise NothingToJudge(f"the bundle needs what is not supported: {line[:80]!r}", "export it again")
            long_ids = line.endswith("sha256")
            continue
        if line.startswith("-"):
            raise NothingToJudge("the bundle leaves out commits that another clone has", "export it again")
        sha, _, name = line.partition(" ")
        if not is_object_id(sha) or (len(sha) > _SHA1) != long_ids or not _may_be_bundled(name) or name in refs:
            raise NothingToJudge(f"the bundle names a ref that cannot be: {line[:80]!r}", "export it again")
        refs[name] = sha
    if not data.startswith(b"PACK", end + 2):
        raise NothingToJudge("the bundle holds no pack", "export it again")
    return refs, long_ids, end + 2
