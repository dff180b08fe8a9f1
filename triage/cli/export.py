"""`triage export`: one portable file with everything that a cluster's verdicts rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli import files
from triage.cli.options import everywhere, from_flags
from triage.cli.talk import remark, show_findings
from triage.clusters.nodes import Refused
from triage.errors import AskedWrongly, CouldNotLook, NothingToJudge

if TYPE_CHECKING:
    from triage.cli.looking import Looked
    from triage.clusters.reading import ClusterFile
    from triage.exported import Exported
    from triage.recording import Recording
    from triage.verdicts import ClusterVerdict

_ROOTS = ("refs/heads/", "refs/remotes/", "refs/")
"""Where branches and pull requests are, of which the rest of the name is a head's."""


@click.command(name="export")
@click.argument("number", metavar="N")
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write it.  [default: N.evidence beside the cluster file]"
)
@everywhere
def command(number: str, output: str | None, **flags: Any) -> int:
    """Write one portable file with everything that the verdicts of cluster N rest on.

    `triage cluster N --from FILE` gives the same verdicts from it, without network and clone. Lying beside
    its cluster file as clusters/N.evidence it is used without being named.
    """
    from triage.cli.looking import looking  # noqa: PLC0415 - git and the checkers
    from triage.exported import packed, write_whole  # noqa: PLC0415

    options = from_flags({**flags, "output": output})
    path = files.locate(number, options)
    try:
        file = files.read(path)
    except Refused as refused:
        show_findings(refused.findings, color=options.color, err=True)
        raise AskedWrongly(f"{path} cannot be exported: it has errors", f"triage lint {path}") from None
    content = file.source.text.encode("utf-8")
    near = path.with_suffix(".evidence")
    target = Path(output) if output is not None else near
    files.keep(path, target)
    # The file that is about to be replaced is no source: then the repository one stands in is judged.
    with looking(file.cluster, path, content, options, beside=target.resolve() != near.resolve()) as looked:
        data = packed(collected(file, content, looked, path))
        if looked.tracked.fault is not None:
            why = looked.tracked.fault.message
            remark(f"triage: warning: the file lacks what GitHub was not read for: {why}", quiet=options.quiet)
    if output == "-":
        click.echo(data, nl=False)
        return 0
    write_whole(target, data)
    remark(
        f"wrote {target} ({len(data):,} bytes); read it with: triage cluster {number} --from {target}",
        quiet=options.quiet,
    )
    return 0


def collected(file: ClusterFile, content: bytes, looked: Looked, path: Path) -> Exported:
    """Return what an exported file of the cluster holds: everything that a verification asks for, and no more."""
    from triage.exported import Exported  # noqa: PLC0415
    from triage.git import boundary  # noqa: PLC0415
    from triage.recording import Recording  # noqa: PLC0415
    from triage.verify import verify  # noqa: PLC0415

    recording = Recording(looked.facts.history)
    facts = looked.facts._replace(history=recording)
    findings, others = files.with_neighbours(file, path)
    result = verify(file, facts, findings, others)
    judged = looked.facts.judged
    witnesses = _witnesses(result, recording, looked)
    return Exported(
        cluster=file.cluster.cluster,
        repository=looked.facts.repository,
        branch=judged.branch,
        sha=judged.sha,
        committed=judged.committed,
        exported=judged.at,
        # What a file was called on the way is no fact about the clone that it was made from.
        state=looked.exported.state if looked.exported is not None else looked.facts.history.state,
        bundle=_bundle(looked, recording),
        decisions=content,
        shallow=boundary(looked.history),
        github=looked.tracked.known,
        unread=looked.tracked.unread,
        otherwise=looked.tracked.otherwise,
        server=looked.facts.server,
        reports=dict(getattr(looked.facts.reports, "contents", {})),
        paths=recording.paths,
        witnesses=witnesses,
        touching=recording.touched,
        mentions=recording.mentioned,
    )


def _bundle(looked: Looked, recording: Recording) -> bytes:
    from triage.git import write_bundle  # noqa: PLC0415

    judged = looked.facts.judged
    try:
        return write_bundle(
            looked.history,
            _refs(looked, recording),
            sorted({judged.sha, *recording.commits_seen}),
            sorted({judged.sha, *recording.trees}),
            sorted(recording.diffs),
            sorted(recording.blobs),
            between=sorted(recording.pairs),
            merges=sorted(recording.merges),
        )
    except CouldNotLook as fault:
        raise NothingToJudge(fault.message, fault.hint) from None


def _refs(looked: Looked, recording: Recording) -> dict[str, str]:
    """The refs by which the same is found again: tags, pull requests and branches, and what was found on others."""
    judged = looked.facts.judged
    refs = {"HEAD": judged.sha}
    refs |= {f"refs/tags/{name}": sha for name, sha in recording.tags.items()}
    heads = {(head.name, head.sha) for head in recording.heads_seen}
    for name, sha in looked.history.refs.items():
        if any((name.removeprefix(root), sha) in heads for root in _ROOTS if name.startswith(root)):
            refs[name] = sha
    elsewhere = recording.found - set(looked.history.reachable(judged.sha, recording.found))
    return {**{f"refs/found/{sha}": sha for sha in elsewhere}, **refs}


def _witnesses(result: ClusterVerdict, recording: Recording, looked: Looked) -> dict[tuple[str, tuple[str, ...]], Any]:
    """Where each pattern that is gone once stood, with the objects that show it."""
    from triage.evidence import patterns  # noqa: PLC0415

    found = {}
    for issue in result.issues:
        for item in issue.everything:
            if (
                item.item.kind == "absent"
                and item.verdict.proof == "pattern"
                and not item.item.never
                and item.verdict.found
            ):
                sha = item.verdict.found
                seen = patterns.witness(item.item.absent, item.item.in_, sha, looked.facts) if ":" not in sha else None
                if seen is not None:
                    recording.changes([sha])
                    recording.commits_seen.add(sha)
                    recording.blobs.update(seen.blobs)
                    found[item.item.absent, item.item.in_] = seen.occurrence
    return found
