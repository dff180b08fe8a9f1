"""Evidence `path`: a file or folder exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.errors import CouldNotLook
from triage.evidence.commit import amount
from triage.evidence.facts import ticked, tip, verdict
from triage.evidence.patterns import followed
from triage.landing.proof import SHORT
from triage.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.clusters.grammar import PathEvidence
    from triage.evidence.facts import Case, Facts
    from triage.model import Entry, Verdict


def judge(item: PathEvidence, case: Case, facts: Facts) -> Verdict:  # noqa: ARG001 - all checkers are called alike
    """Return the verdict. What was moved is verified with its new place; what was never there is refuted."""
    at = tip(item.at, facts)
    files = facts.history.tree(at)
    named = item.path.rstrip("/")
    if named in files and not item.path.endswith("/"):
        return verdict(Status.VERIFIED, "a file", found=named, proof="file", source=facts.source)
    wanted = followed(named, files, facts.history)
    if wanted is None:
        raise CouldNotLook(f"a symbolic link on {ticked(named)} leads out of the repository")
    if wanted in files and not item.path.endswith("/"):
        return verdict(Status.VERIFIED, "a file", found=wanted, proof="file", source=facts.source)
    below = sum(1 for path in files if path.startswith(f"{wanted}/"))
    if below:
        return verdict(
            Status.VERIFIED,
            f"a folder with {amount(below, 'file')}",
            found=f"{wanted}/",
            proof="folder",
            source=facts.source,
        )
    if wanted in files:
        return verdict(Status.REFUTED, "it is a file, not a folder", found=wanted, proof="file", source=facts.source)
    where = f"at {at[:SHORT]}"
    folded = [path for path in files if path.casefold() == wanted.casefold()]
    if folded:
        reason = f"not there {where}; there is {ticked(folded[0])}, in other letters"
        return verdict(Status.REFUTED, reason, proof="absent", source=facts.source)
    _within_submodule(wanted, files, facts)
    past = facts.history.path_history(wanted, at)
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


_SUBMODULE = re.compile(rb"^\s*path\s*=\s*\"?([^\"\n]+?)\"?\s*$", re.MULTILINE)


def _within_submodule(wanted: str, files: Mapping[str, Entry], facts: Facts) -> None:
    """Raise `CouldNotLook` for what is in a submodule: its files are not in this repository."""
    entry = files.get(".gitmodules")
    if entry is None:
        return
    [(_, content)] = facts.history.contents([entry.blob])
    for raw in _SUBMODULE.findall(content or b""):
        root = raw.decode("utf-8", "surrogateescape").rstrip("/")
        if wanted == root or wanted.startswith(f"{root}/"):
            raise CouldNotLook(f"{ticked(root)} is a submodule, which is not looked into")
