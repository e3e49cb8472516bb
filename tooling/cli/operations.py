"""The commands that change or compare stacks: up, preview, destroy, refresh."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import ExitCode, Refused
from tooling.cli.console import messages
from tooling.cli.options import App, Json, Refresh, Stack, Tenant, Tiers, Yes

if TYPE_CHECKING:
    from tooling.runner.graph import StackId
    from tooling.runner.messages import Operation


def up(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenant = None,
    app: App = None,
    yes: Yes = False,
    refresh: Refresh = False,
    as_json: Json = False,
) -> None:
    """Deploy the stacks, upstream first."""
    _operate("up", stack, tiers, tenant, app, yes=yes, refresh=refresh, as_json=as_json)


def preview(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenant = None,
    app: App = None,
    expect_no_changes: Annotated[
        bool, typer.Option("--expect-no-changes", help="Exit with 4 if anything would change.")
    ] = False,
    refresh: Refresh = False,
    as_json: Json = False,
) -> None:
    """Show what up would change, resource by resource. Changes nothing."""
    changed = _operate("preview", stack, tiers, tenant, app, yes=True, refresh=refresh, as_json=as_json)
    if changed and expect_no_changes:
        raise typer.Exit(ExitCode.CHANGES_FOUND)


def destroy(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenant = None,
    app: App = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove everything that the stacks made, downstream first. Refused while another stack still reads one of them."""
    _operate("destroy", stack, tiers, tenant, app, yes=yes, refresh=False, as_json=as_json)


def refresh(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenant = None,
    app: App = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take what really exists into the stacks' states."""
    _operate("refresh", stack, tiers, tenant, app, yes=yes, refresh=False, as_json=as_json)


def _operate(
    operation: Operation,
    environment: str,
    tiers: Sequence[str] | None,
    tenant: str | None,
    application: str | None,
    *,
    yes: bool,
    refresh: bool,
    as_json: bool,
) -> bool:
    """Runs the operation and reports; returns whether anything is or would be changed."""
    # Imported here: the Pulumi SDK and rich's live display would slow `--help` down.
    from shared.environment import load_environment
    from tooling.lane.state import Lane
    from tooling.runner.engine import LOCAL, open_engine, require_pulumi
    from tooling.runner.execution import Options, execute
    from tooling.runner.graph import environment_graph, select
    from tooling.runner.guards import refuse_live_dependants, with_undeclared
    from tooling.runner.progress import Progress
    from tooling.runner.report import print_report, report_document
    from tooling.runner.stack_locks import lift_stale_locks
    from tooling.runner.tiers_file import load_tiers

    graph = environment_graph(environment)
    if any(load_tiers().tier(stack.tier).stacks != "application" for stack in select(graph, tiers=tiers or ())):
        _ = load_environment(environment).account
    with open_engine(environment, plugins=False) as engine:
        require_pulumi(engine.variables)
        if operation in ("destroy", "refresh"):
            counts = engine.resource_counts()
            graph = with_undeclared(graph, environment, counts)
            stacks = [
                s for s in select(graph, tiers=tiers or (), tenant=tenant, application=application) if str(s) in counts
            ]
            if operation == "destroy":
                refuse_live_dependants(graph, stacks, counts)
        else:
            stacks = select(graph, tiers=tiers or (), tenant=tenant, application=application)
    if operation != "preview":
        _confirm(operation, environment, stacks, yes=yes)
    console = messages()
    lane = Lane.load() if environment == LOCAL else None
    if lane is not None and operation != "preview":
        for remark in lift_stale_locks(lane.state_directory, stacks):
            console.print(remark, markup=False, soft_wrap=True)
    started = time.monotonic()
    with open_engine(environment) as engine, Progress(console, quiet=as_json) as progress:
        outcomes = execute(
            operation,
            stacks,
            graph=graph,
            engine=engine,
            progress=progress,
            options=Options(refresh=refresh, remove=operation == "destroy" and engine.is_local),
        )
    if as_json:
        report_document(operation, environment, outcomes)
    else:
        print_report(console, operation, environment, outcomes, seconds=time.monotonic() - started)
    if any(outcome.status == "cancelled" for outcome in outcomes):
        raise typer.Exit(ExitCode.INTERRUPTED)
    failed = [outcome.exit_code for outcome in outcomes if outcome.status == "failed"]
    if failed:
        # Only where every failure is a wrong setting is the next move the writer's of it.
        raise typer.Exit(min(failed))
    return any(outcome.changed for outcome in outcomes)


def _confirm(operation: str, environment: str, stacks: Sequence[StackId], *, yes: bool) -> None:
    """Asks where the environment wants it, and always before destroying."""
    from shared.environment import load_environment

    if yes or not stacks or not (operation == "destroy" or load_environment(environment).confirm):
        return
    names = ", ".join(str(stack) for stack in stacks)
    if not sys.stdin.isatty():
        raise Refused(
            "confirmation-missing",
            f"{operation} of {names} wants a yes, and there is no terminal to ask on",
            where=f"--stack {environment}",
            mend=f"tiers {operation} --stack {environment} --yes",
        )
    typer.confirm(f"{operation} {names}?", abort=True, err=True)
