"""The commands that change or compare stacks: up, preview, destroy, refresh."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import ExitCode, Refused
from tooling.cli.console import messages, print_document
from tooling.cli.options import App, Json, Refresh, Stack, Tenant, Tiers, Yes

if TYPE_CHECKING:
    from tooling.runner.execution import Outcome
    from tooling.runner.fork_server import ForkServer
    from tooling.runner.graph import Graph, StackId
    from tooling.runner.messages import Operation


def up(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenant = None,
    app: App = None,
    yes: Yes = False,
    refresh: Refresh = False,
    adopt: Annotated[
        list[str] | None,
        typer.Option(
            "--adopt",
            metavar="NAME",
            help="Adopt the existing AWS resource that made the creation of this resource fail. "
            "Repeat the option for each resource; use the name in the error.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Deploy the stacks, upstream first."""
    _operate("up", stack, tiers, tenant, app, yes=yes, refresh=refresh, adopt=adopt or (), as_json=as_json)


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
    """Show what up would change, resource by resource, without changing anything."""
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
    """Delete all resources of the stacks, downstream first. Refused while another stack still reads one of them."""
    _operate("destroy", stack, tiers, tenant, app, yes=yes, refresh=False, as_json=as_json)


def refresh(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenant = None,
    app: App = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Update the stacks' state to match what exists."""
    _operate("refresh", stack, tiers, tenant, app, yes=yes, refresh=False, as_json=as_json)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which stacks an operation is for, as the options name them."""

    environment: str
    tiers: Sequence[str] = ()
    tenant: str | None = None
    application: str | None = None


@dataclass(frozen=True, kw_only=True)
class Performed:
    outcomes: Sequence[Outcome]
    seconds: float


def _operate(
    operation: Operation,
    environment: str,
    tiers: Sequence[str] | None,
    tenant: str | None,
    application: str | None,
    *,
    yes: bool,
    refresh: bool,
    adopt: Sequence[str] = (),
    as_json: bool,
) -> bool:
    """Run the operation and report; return whether anything changed or would change."""
    from tooling.runner.fork_server import ForkServer
    from tooling.runner.report import report_document

    selection = Selection(environment=environment, tiers=tiers or (), tenant=tenant, application=application)
    # The fork server loads the SDKs while this process loads its own modules.
    with ForkServer(os.environ) as fork_server:
        performed = perform(
            operation, selection, fork_server, confirm=not yes, refresh=refresh, adopt=adopt, as_json=as_json
        )
    if as_json:
        print_document(report_document(operation, environment, performed.outcomes))
    else:
        report(operation, environment, performed)
    code = exit_code_of(performed.outcomes)
    if code:
        raise typer.Exit(code)
    return any(outcome.changed for outcome in performed.outcomes)


def report(operation: Operation, environment: str, performed: Performed, *, next_steps: bool = True) -> None:
    """Print the report for people; with `next_steps`, after `up` on the lane, what to try next too."""
    from tooling.runner.report import print_report
    from tooling.runner.try_next import print_next_steps

    outcomes = performed.outcomes
    print_report(messages(), operation, environment, outcomes, seconds=performed.seconds)
    well = outcomes and all(outcome.status == "done" for outcome in outcomes)
    if next_steps and well and operation == "up" and environment == "local":
        print_next_steps(messages(), [outcome.stack for outcome in outcomes])


def exit_code_of(outcomes: Sequence[Outcome]) -> int:
    if any(outcome.status == "cancelled" for outcome in outcomes):
        return ExitCode.INTERRUPTED
    # 2 only if every failure is a wrong setting: then the author of the settings has to act next.
    return min((outcome.exit_code for outcome in outcomes if outcome.status == "failed"), default=ExitCode.DONE)


def perform(
    operation: Operation,
    selection: Selection,
    fork_server: ForkServer,
    *,
    confirm: bool,
    refresh: bool = False,
    adopt: Sequence[str] = (),
    as_json: bool = False,
) -> Performed:
    """Run the operation, with its progress on stderr unless `as_json`; the caller reports.

    Args:
        confirm: whether to ask where the environment or the operation wants a confirmation.
    """
    # Imported here: the graph and rich's live display would slow `--help` down.
    from shared.environment import load_environment
    from tooling.runner.aws_account import require_account
    from tooling.runner.cluster_reading import cluster_reader, pod_remover
    from tooling.runner.engine import LOCAL, open_engine
    from tooling.runner.execution import Options, execute
    from tooling.runner.graph import environment_graph, select
    from tooling.runner.one_run import one_run
    from tooling.runner.pauses import without_paused
    from tooling.runner.progress import Progress
    from tooling.runner.recovery.adoption import refuse_unknown_adoptions
    from tooling.runner.stack_settings import check_settings
    from tooling.runner.tenant_guards import TenantGuards
    from tooling.runner.tiers_file import load_tiers

    environment, tiers = selection.environment, selection.tiers
    tenant, application = selection.tenant, selection.application
    graph = environment_graph(environment)
    settings = load_environment(environment)
    _ = settings.suffix
    touches_aws = any(load_tiers().tier(each.tier).stacks != "application" for each in select(graph, tiers=tiers))
    if touches_aws:
        _ = settings.account
    if operation in ("up", "preview"):
        check_settings(select(graph, tiers=tiers, tenant=tenant, application=application))
    console = messages()

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    with one_run(operation, environment, say) as run:
        graph, stacks = _chosen(operation, graph, environment, tiers, tenant, application)
        stacks = without_paused(operation, stacks, named=tenant is not None, say=say)
        refuse_unknown_adoptions(adopt, stacks)
        if operation != "preview":
            _confirm(operation, environment, stacks, yes=not confirm)
        if touches_aws and stacks and environment != LOCAL:
            require_account(settings)
        started = time.monotonic()
        run.clear_locks(stacks)
        with (
            open_engine(environment, plugins=fork_server, keep_open=run.keep_open) as engine,
            run.awaiting_engines(stacks),
            Progress(console, quiet=as_json) as progress,
        ):
            platform = next(each for each in graph if each.tier == "infrastructure")
            guards = TenantGuards(lambda: cluster_reader(engine, platform)) if operation == "up" else None
            stop = pod_remover(engine, platform)
            outcomes = execute(
                operation,
                stacks,
                graph=graph,
                engine=engine,
                fork_server=fork_server,
                progress=progress,
                options=Options(
                    refresh=refresh, remove=operation == "destroy" and engine.is_local, adopt=frozenset(adopt)
                ),
                guard=guards.check if guards else None,
                after=(lambda stack: guards.stop_suspended(stack, stop)) if guards else None,
            )
    return Performed(outcomes=outcomes, seconds=time.monotonic() - started)


def _chosen(
    operation: Operation,
    graph: Graph,
    environment: str,
    tiers: Sequence[str],
    tenant: str | None,
    application: str | None,
) -> tuple[Graph, list[StackId]]:
    """The selected stacks and the graph that holds them; for destroy and refresh, only stacks that exist.

    Raises:
        BadInput: a selected tier, tenant or application is unknown. Refused: `live-dependants`, `resources-protected`.
    """
    from tooling.runner.engine import open_engine, require_pulumi
    from tooling.runner.graph import select
    from tooling.runner.guards import refuse_live_dependants, refuse_protected, with_undeclared

    with open_engine(environment) as engine:
        require_pulumi(engine.variables)
        if operation not in ("destroy", "refresh"):
            return graph, select(graph, tiers=tiers, tenant=tenant, application=application)
        counts = engine.resource_counts()
        graph = with_undeclared(graph, environment, counts)
        stacks = [s for s in select(graph, tiers=tiers, tenant=tenant, application=application) if str(s) in counts]
        if operation == "destroy":
            refuse_live_dependants(graph, stacks, counts)
            refuse_protected(stacks, engine.protected)
    return graph, stacks


def _confirm(operation: str, environment: str, stacks: Sequence[StackId], *, yes: bool) -> None:
    """Ask for confirmation where the environment requires it, and always before destroying."""
    from shared.environment import load_environment

    if yes or not stacks or not (operation == "destroy" or load_environment(environment).confirm):
        return
    names = ", ".join(str(stack) for stack in stacks)
    if not sys.stdin.isatty():
        raise Refused(
            "confirmation-missing",
            f"{operation} of {names} needs a confirmation, and there is no terminal to ask on",
            at=f"--stack {environment}",
            hint=f"tiers {operation} --stack {environment} --yes",
        )
    typer.confirm(f"{operation} {names}?", abort=True, err=True)
