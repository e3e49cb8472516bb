"""`tiers local`: the lane's life, from the command line. What the commands do is `tooling.lane`'s business.

Errors are raised, and rendered by `tooling.cli.main`. What a command needs is imported when it runs: `tiers --help`
must not wait for it.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import Refused
from tooling.cli.console import print_document

if TYPE_CHECKING:
    from tooling.lane.lifecycle import Started
    from tooling.lane.progress import Progress
    from tooling.lane.snapshots import Snapshot
    from tooling.lane.status import Status

app = typer.Typer(
    help="The local lane: engine, Kubernetes API server and emulated AWS on this machine.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="A JSON document on stdout.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the snapshot.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, even where stacks still hold resources.")]


@app.command()
def up() -> None:
    """Starts the lane, or what of it does not run. The first time, programs are built: some 10 minutes."""
    from tooling.lane import lifecycle

    progress = _progress()
    _tell_started(lifecycle.up(progress), progress)


@app.command()
def down(yes: Yes = False) -> None:
    """Stops the lane and removes all its state, stacks included. Snapshots are kept."""
    from tooling.lane import lifecycle

    progress = _progress()
    _agree_to_losing_stacks("tiers local down", progress, yes=yes)
    if not lifecycle.down(progress):
        progress.note("there was no local lane")
    _tell_kept(progress)


@app.command()
def reset(yes: Yes = False) -> None:
    """Removes the lane and starts an empty one. Snapshots are kept."""
    from tooling.lane import lifecycle

    progress = _progress()
    _agree_to_losing_stacks("tiers local reset", progress, yes=yes)
    lifecycle.down(progress)
    _tell_started(lifecycle.up(progress), progress)


@app.command()
def status(as_json: Json = False) -> None:
    """Shows what of the lane runs, where, and which stacks it holds."""
    from tooling.lane.status import status as look

    found = look()
    if as_json:
        print_document(asdict(found))
    else:
        print(_table(found))


@app.command()
def save(name: Name, as_json: Json = False) -> None:
    """Saves the lane with all its stacks as a snapshot; its services stop for some seconds."""
    from tooling.lane import snapshot_operations

    progress = _progress()
    snapshot = snapshot_operations.save(progress, name)
    if as_json:
        print_document({"snapshot": snapshot.model_dump(mode="json")})
    else:
        progress.note(f"saved as {name}, {_mebibytes(snapshot)}; back to it with: tiers local restore {name}")


@app.command()
def restore(name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Puts a snapshot in the place of the lane and starts it."""
    from tooling.lane import snapshot_operations
    from tooling.lane.snapshots import find

    progress = _progress()
    snapshot = find(name)
    _agree_to_losing_stacks(f"tiers local restore {name}", progress, yes=yes)
    started = snapshot_operations.restore(progress, name)
    if as_json:
        print_document({"snapshot": snapshot.model_dump(mode="json")})
    _tell_started(started, progress)


@app.command("list")
def list_snapshots(as_json: Json = False) -> None:
    """Lists the snapshots of the lane."""
    from tooling.lane.snapshots import snapshots

    found = snapshots()
    if as_json:
        print_document({"snapshots": [each.model_dump(mode="json") for each in found]})
        return
    rows = [("snapshot", "saved", "size", "stacks", "resources")]
    for each in found:
        resources = sum(stack.resources for stack in each.stacks)
        saved = f"{each.created:%Y-%m-%d %H:%M} UTC"
        rows.append((each.name, saved, _mebibytes(each), str(len(each.stacks)), str(resources)))
    print("\n".join(_aligned(rows)) if found else "no snapshots\n\nhint: tiers local save NAME")


@app.command()
def forget(name: Name, as_json: Json = False) -> None:
    """Removes a snapshot. The lane itself stays as it is."""
    from tooling.lane.snapshots import forget as remove

    remove(name)
    if as_json:
        print_document({"forgotten": name})


def _mebibytes(snapshot: Snapshot) -> str:
    return f"{max(1, snapshot.size_bytes >> 20)} MiB"


def _tell_kept(progress: Progress) -> None:
    from tooling.lane.snapshots import names

    kept = names()
    if kept:
        progress.note(f"snapshots kept: {', '.join(kept)}; remove one with: tiers local forget {kept[0]}")


def _progress() -> Progress:
    from tooling.lane.progress import progress_on

    return progress_on(sys.stderr)


def _tell_started(started: Started, progress: Progress) -> None:
    for remark in started.remarks:
        progress.note(f"warning: {remark}")
    if started.parts:
        lane = started.lane
        progress.note(f"the local lane runs: AWS at {lane.aws_endpoint}, API server at {lane.cluster.server}")
    else:
        progress.note("the local lane runs already, nothing to do")


def _agree_to_losing_stacks(command: str, progress: Progress, *, yes: bool) -> None:
    """A lane is disposable, so only a person is asked; a script that says `down` means it."""
    from tooling.lane.lifecycle import holds_resources

    stacks = holds_resources()
    if not stacks:
        return
    progress.note(f"these stacks go with the lane, undestroyed: {', '.join(stacks)}")
    if yes or not sys.stdin.isatty():
        return
    if not typer.confirm("Remove the lane?", err=True):
        raise Refused(
            "not-confirmed",
            "the lane was kept",
            at="",
            hint=f"tiers destroy --stack local, and then {command}; or {command} --yes",
        )


def _table(found: Status) -> str:
    lines = [f"local lane: {found.state} ({found.directory})"]
    if found.parts:
        lines.append("")
        rows = [("part", "state", "process", "address")]
        for part in found.parts:
            state = "ready" if part.ready else "stopped" if part.pid is None else "not ready"
            rows.append((part.name, state, "-" if part.pid is None else str(part.pid), part.address))
        lines += _aligned(rows)
    if found.stacks:
        lines.append("")
        lines += _aligned(
            [("project", "stack", "resources"), *((s.project, s.name, str(s.resources)) for s in found.stacks)]
        )
    if found.state != "running":
        lines += ["", "hint: tiers local up"]
    return "\n".join(lines)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
