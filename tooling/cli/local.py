"""`tiers local`: the commands that manage the local lane; `tooling.lane` implements them.

Errors are raised here and rendered by `tooling.cli.main`. A command imports what it needs when it runs, so that
`tiers --help` stays quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from shared.environment_variables import TIERS_PROGRAMS_MIRROR
from shared.errors import Refused
from tooling.cli.console import print_document
from tooling.cli.options import Json, Yes

if TYPE_CHECKING:
    from tooling.lane.lifecycle import Started
    from tooling.lane.program_choice import Ask
    from tooling.lane.progress import Progress
    from tooling.lane.releases import Release
    from tooling.lane.snapshots import Snapshot
    from tooling.lane.status import Status

app = typer.Typer(
    help="Manage the local lane: engine, Kubernetes API server and emulated AWS on this machine.", no_args_is_help=True
)

Programs = Annotated[
    str | None,
    typer.Option(
        "--programs",
        metavar="HOW",
        help="How to obtain missing programs: release, build or auto. Default: TIERS_PROGRAMS, or auto, which asks on "
        "a terminal and otherwise builds with Go.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the snapshot.", show_default=False)]


@app.command()
def up(programs: Programs = None) -> None:
    """Start the lane, or those of its parts that do not run. The first start downloads programs or builds them."""
    from tooling.lane import lifecycle
    from tooling.lane.program_choice import chosen

    progress = _progress()
    _report_started(lifecycle.up(progress, programs=chosen(programs), ask=_ask()), progress)


@app.command()
def down(yes: Yes = False) -> None:
    """Stop the lane and remove all its state, stacks included. Snapshots are kept."""
    from tooling.lane import lifecycle

    progress = _progress()
    _confirm_loss_of_stacks("tiers local down", progress, yes=yes)
    if not lifecycle.down(progress):
        progress.note("there is no local lane")
    _report_kept_snapshots(progress)


@app.command()
def reset(yes: Yes = False) -> None:
    """Remove the lane and start an empty one. Snapshots are kept."""
    from tooling.lane import lifecycle

    progress = _progress()
    _confirm_loss_of_stacks("tiers local reset", progress, yes=yes)
    lifecycle.down(progress)
    _report_started(lifecycle.up(progress, ask=_ask()), progress)


@app.command()
def status(as_json: Json = False) -> None:
    """Show the parts of the lane with their state and address, and the stacks deployed on it."""
    from tooling.lane.status import status as look

    found = look()
    if as_json:
        print_document(asdict(found))
    else:
        print(_table(found))


@app.command()
def save(name: Name, as_json: Json = False) -> None:
    """Save the lane with all its stacks as a snapshot. Its services stop for a few seconds."""
    from tooling.lane import snapshot_operations

    progress = _progress()
    snapshot = snapshot_operations.save(progress, name)
    if as_json:
        print_document({"snapshot": snapshot.model_dump(mode="json")})
    else:
        progress.note(f"saved as {name}, {_mebibytes(snapshot)}; restore it with: tiers local restore {name}")


@app.command()
def restore(name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Replace the lane with a snapshot and start it."""
    from tooling.lane import snapshot_operations
    from tooling.lane.snapshots import find

    progress = _progress()
    snapshot = find(name)
    _confirm_loss_of_stacks(f"tiers local restore {name}", progress, yes=yes)
    started = snapshot_operations.restore(progress, name)
    if as_json:
        print_document({"snapshot": snapshot.model_dump(mode="json")})
    _report_started(started, progress)


@app.command("list")
def list_snapshots(as_json: Json = False) -> None:
    """List the snapshots of the lane."""
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
    """Remove a snapshot. The lane itself does not change."""
    from tooling.lane.snapshots import forget as remove

    remove(name)
    if as_json:
        print_document({"forgotten": name})


def _ask() -> Ask | None:
    """Asks before something is downloaded; without a terminal there is nobody to ask."""
    return may_be_downloaded if sys.stdin.isatty() and sys.stderr.isatty() else None


def may_be_downloaded(releases: Sequence[Release]) -> bool:
    """Asks about these files, with their sites and sizes."""
    from tooling.lane.go_build import find_go

    rows = [(release.title, release.site, f"about {release.megabytes} MB") for release in releases]
    mirror = os.environ.get(TIERS_PROGRAMS_MIRROR.name)
    print("The lane needs programs that are neither on PATH nor in the cache:", file=sys.stderr)
    print("\n".join(f"  {line}" for line in _aligned(rows)), file=sys.stderr)
    if mirror:
        print(f"{TIERS_PROGRAMS_MIRROR.name} is set: they come from the mirror", file=sys.stderr)
    total = sum(release.megabytes for release in releases)
    otherwise = (
        "Otherwise Go builds them, in about 10 minutes" if find_go() else "To build them, Go has to be installed"
    )
    return typer.confirm(f"Download about {total} MB? {otherwise}", default=True, err=True)


def _mebibytes(snapshot: Snapshot) -> str:
    return f"{max(1, snapshot.size_bytes >> 20)} MiB"


def _report_kept_snapshots(progress: Progress) -> None:
    from tooling.lane.snapshots import names

    kept = names()
    if kept:
        progress.note(f"snapshots kept: {', '.join(kept)}; remove one with: tiers local forget {kept[0]}")


def _progress() -> Progress:
    from tooling.lane.progress import progress_on

    return progress_on(sys.stderr)


def _report_started(started: Started, progress: Progress) -> None:
    for remark in started.remarks:
        progress.note(f"warning: {remark}")
    if started.parts:
        lane = started.lane
        progress.note(f"the local lane is running: AWS at {lane.aws_endpoint}, API server at {lane.cluster.server}")
    else:
        progress.note("the local lane is already running, nothing to do")


def _confirm_loss_of_stacks(command: str, progress: Progress, *, yes: bool) -> None:
    """Ask for confirmation on a terminal only: a lane is disposable, and a script that calls `down` means it."""
    from tooling.lane.lifecycle import holds_resources

    stacks = holds_resources()
    if not stacks:
        return
    progress.note(f"these stacks are removed with the lane, without a destroy: {', '.join(stacks)}")
    if yes or not sys.stdin.isatty():
        return
    if not typer.confirm("Remove the lane?", err=True):
        raise Refused(
            "not-confirmed",
            "the lane was kept",
            at="",
            hint=f"tiers destroy --stack local, then {command}; or {command} --yes",
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
