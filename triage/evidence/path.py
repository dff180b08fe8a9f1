"""Evidence `path`: a file or folder exists."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.evidence.facts import amount, ticked, tip, verdict
from triage.evidence.patterns import followed, submodules
from triage.landing.citation import SHORT
from triage.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.clusters.grammar import PathEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Entry, PathHistory, Verdict

_TELLING = 32
_TRIVIAL = 8
_VERSIONS = 5


def judge(item: PathEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001 - all checkers are called alike
    """Return the verdict. What was moved is verified with its new place; what was never there is refuted."""
    at = tip(item.at, facts)
    files = facts.history.tree(at)
    named = item.path.rstrip("/")
    wanted = followed(named, files, facts.history)
    if wanted is None:
        raise CouldNotLook(f"a symbolic link on {ticked(named)} leads out of the repository, or in a circle")
    link = named in files and wanted != named
    if wanted in files and not item.path.endswith("/"):
        reason = f"a link to the file {ticked(wanted)}" if link else "a file"
        return verdict(Status.VERIFIED, reason, found=wanted, proof="file", source=facts.source)
    below = sum(1 for path in files if wanted == "." or path.startswith(f"{wanted}/"))
    if below:
        return verdict(
            Status.VERIFIED,
            f"{'a link to ' if link else ''}a folder with {amount(below, 'file')}",
            found=f"{wanted}/",
            proof="folder",
            source=facts.source,
        )
    if wanted in files:
        return verdict(Status.REFUTED, "it is a file, not a folder", found=wanted, proof="file", source=facts.source)
    if link:
        raise CouldNotLook(f"a symbolic link that leads to {ticked(wanted)}, which is not there at {at[:SHORT]}")
    where = f"at {at[:SHORT]}"
    folded = [path for path in files if path.casefold() == wanted.casefold()]
    if folded:
        reason = f"not there {where}; there is {ticked(folded[0])}, in other letters"
        return verdict(Status.REFUTED, reason, proof="absent", source=facts.source)
    _within_submodule(wanted, files, facts)
    past = facts.history.path_history(wanted, at)
    doubt = _doubt(wanted, past, at, facts) if past.moved_to is not None else None
    if doubt is not None:
        return verdict(Status.UNVERIFIED, f"not there {where}; {doubt}", source=facts.source)
    if past.moved_to is not None:
        reason = f"now {ticked(past.moved_to)} ({past.how})"
        return verdict(Status.VERIFIED, reason, found=past.moved_to, proof="moved", source=facts.source)
    if past.removed_by is not None:
        reason = f"not there {where}; {past.removed_by[:SHORT]} removed it"
        return verdict(Status.REFUTED, reason, found=past.removed_by, proof="removed", source=facts.source)
    if past.existed:
        return verdict(Status.REFUTED, f"not there {where}; it was once", proof="removed", source=facts.source)
    if facts.history.state.shallow:
        raise CouldNotLook("it may have been moved, which a shallow clone does not show", facts.history.state.cure)
    reason = f"not there {where}, and it never was on {facts.judged.branch}"
    return verdict(Status.REFUTED, reason, proof="absent", source=facts.source)


def _doubt(wanted: str, past: PathHistory, at: str, facts: Facts) -> str | None:
    """Say why the new place may not be one: a trivial file, one of several copies, or there before."""
    files = facts.history.tree(at)
    target = (past.moved_to or "").rstrip("/")
    same = past.how == "same content"
    shown = f"perhaps it is {ticked(target)} ({past.how}) now"
    if target in files:
        blob = files[target].blob
        [(_, content)] = facts.history.contents([blob])
        size = len(b"".join(content.split())) if content is not None else _TELLING
        if size < (_TELLING if same or target.endswith("__init__.py") else _TRIVIAL):
            return f"{shown}, but so short a file proves no move"
        if same and sum(entry.blob == blob for entry in files.values()) > 1:
            return f"{shown}, but several files have this content"
    if (same or target not in files) and _side_by_side(wanted, target, past, at, facts):
        return f"{shown}, but that was there before"
    return None


def _side_by_side(wanted: str, target: str, past: PathHistory, at: str, facts: Facts) -> bool:
    """Whether both places were there at once: then the one is not what became of the other."""
    history = facts.history
    if past.removed_by is not None:
        parents = history.commits([past.removed_by])[past.removed_by].parents
        return bool(parents) and _stands(target, history.tree(parents[0]))
    for path, other in ((wanted, target), (target, wanted)):
        versions = history.past_blobs((_as_glob(path),), at)
        for sha in dict.fromkeys(sha for sha, _, _ in islice(versions, _VERSIONS)):
            tree = history.tree(sha)
            if _stands(path, tree) and _stands(other, tree):
                return True
    return False


def _stands(path: str, tree: Mapping[str, Entry]) -> bool:
    return path in tree or any(other.startswith(f"{path}/") for other in tree)


def _as_glob(path: str) -> str:
    return "/" + re.sub(r"([*?\[\]\\ ])", r"\\\1", path)


def _within_submodule(wanted: str, files: Mapping[str, Entry], facts: Facts) -> None:
    """Raise `CouldNotLook` for what is in a submodule: its files are not in this repository."""
    for root in submodules(files, facts.history):
        if wanted == root or wanted.startswith(f"{root}/"):
            raise CouldNotLook(f"{ticked(root)} is a submodule, which is not looked into")
