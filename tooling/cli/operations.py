"""The commands that change or compare stacks: up, preview, destroy, refresh."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import ExitCode, Refused
from tooling.cli.console import messages, print_document
from tooling.cli.options import Apps, Json, Refresh, Stack, Tenants, Tiers, Yes

if TYPE_CHECKING:
    from shared.environment import Environment
    from tooling.runner.execution import Outcome
    from tooling.runner.fork_server import ForkServer
    from tooling.runner.graph import Graph, StackId
    from tooling.runner.messages import Operation


def up(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenants = None,
    app: Apps = None,
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
    _operate(
        OperationRequest(
            operation="up",
            environment=stack,
            tiers=tiers or (),
            tenants=tenant or (),
            applications=app or (),
            confirm=not yes,
            refresh=refresh,
            adopt=adopt or (),
            as_json=as_json,
        )
    )


def preview(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenants = None,
    app: Apps = None,
    expect_no_changes: Annotated[
        bool, typer.Option("--expect-no-changes", help="Exit with 4 if anything would change.")
    ] = False,
    refresh: Refresh = False,
    as_json: Json = False,
) -> None:
    """Show what up would change, resource by resource, without changing anything."""
    changed = _operate(
        OperationRequest(
            operation="preview",
            environment=stack,
            tiers=tiers or (),
            tenants=tenant or (),
            applications=app or (),
            confirm=False,
            refresh=refresh,
            as_json=as_json,
        )
    )
    if changed and expect_no_changes:
        raise typer.Exit(ExitCode.CHANGES_FOUND)


def destroy(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenants = None,
    app: Apps = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete all resources of the stacks, downstream first. Refused while another stack still reads one of them."""
    _operate(
        OperationRequest(
            operation="destroy",
            environment=stack,
            tiers=tiers or (),
            tenants=tenant or (),
            applications=app or (),
            confirm=not yes,
            as_json=as_json,
        )
    )


def refresh(
    stack: Stack,
    tiers: Tiers = None,
    tenant: Tenants = None,
    app: Apps = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Update the stacks' state to match what exists."""
    _operate(
        OperationRequest(
            operation="refresh",
            environment=stack,
            tiers=tiers or (),
            tenants=tenant or (),
            applications=app or (),
            confirm=not yes,
            as_json=as_json,
        )
    )


@dataclass(frozen=True, kw_only=True)
class OperationRequest:
    """One operation, as the command line asks for it."""

    operation: Operation
    environment: str
    tiers: Sequence[str] = ()
    tenants: Sequence[str] = ()
    applications: Sequence[str] = ()
    confirm: bool = True
    """Whether to ask where the environment or the operation wants a confirmation."""
    refresh: bool = False
    adopt: Sequence[str] = ()
    as_json: bool = False

    def stacks(self, graph: Graph) -> list[StackId]:
        """The stacks of `graph` that it names, upstream first.

        Raises:
            BadInput: a tier, tenant or application is unknown.
        """
        from tooling.runner.graph import select

        return select(graph, tiers=self.tiers, tenants=self.tenants, applications=self.applications)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A request with what is known of its environment before anything happens."""

    request: OperationRequest
    environment: Environment
    graph: Graph
    stacks: Sequence[StackId]
    """Of `destroy` and `refresh` only those that exist, which are known once the states are read."""
    touches_aws: bool
    """Whether one of the tiers has resources in AWS."""


@dataclass(frozen=True, kw_only=True)
class Performed:
    outcomes: Sequence[Outcome]
    seconds: float


def _operate(request: OperationRequest) -> bool:
    """Run the operation and report; return whether anything changed or would change."""
    from tooling.runner.fork_server import ForkServer
    from tooling.runner.report import report_document

    # The fork server loads the SDKs while this process loads its own modules.
    with ForkServer(os.environ) as fork_server:
        performed = perform(request, fork_server)
    if request.as_json:
        print_document(report_document(request.operation, request.environment, performed.outcomes))
    else:
        report(request, performed)
    code = exit_code_of(performed.outcomes)
    if code:
        raise typer.Exit(code)
    return any(outcome.changed for outcome in performed.outcomes)


def report(request: OperationRequest, performed: Performed, *, next_steps: bool = True) -> None:
    """Print the report for people; with `next_steps`, after `up` on the lane, what to try next too."""
    from tooling.runner.report import print_report
    from tooling.runner.try_next import print_next_steps

    outcomes, operation, environment = performed.outcomes, request.operation, request.environment
    print_report(messages(), operation, environment, outcomes, seconds=performed.seconds)
    well = outcomes and all(outcome.status == "done" for outcome in outcomes)
    if next_steps and well and operation == "up" and environment == "local":
        print_next_steps(messages(), [outcome.stack for outcome in outcomes])


def exit_code_of(outcomes: Sequence[Outcome]) -> int:
    if any(outcome.status == "cancelled" for outcome in outcomes):
        return ExitCode.INTERRUPTED
    # 2 only if every failure is a wrong setting: then the author of the settings has to act next.
    failures = [outcome.failure for outcome in outcomes if outcome.status == "failed"]
    return min((failure.exit_code for failure in failures if failure), default=ExitCode.DONE)


def perform(request: OperationRequest, fork_server: ForkServer) -> Performed:
    """Run the operation, with its progress on stderr unless `as_json`; the caller reports."""
    # Imported here: the graph and rich's live display would slow `--help` down.
    from tooling.runner.aws_account import require_account
    from tooling.runner.cluster_reading import cluster_reader, pod_remover
    from tooling.runner.engine import LOCAL, open_engine
    from tooling.runner.execution import Options, execute
    from tooling.runner.one_run import one_run
    from tooling.runner.pauses import without_paused
    from tooling.runner.progress import Progress
    from tooling.runner.recovery.adoption import refuse_unknown_adoptions
    from tooling.runner.tenant_guards import TenantGuards

    console = messages()

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    plan = plan_of(request)
    operation, environment = request.operation, request.environment
    with one_run(operation, environment, say) as run:
        plan = _checked(plan)
        kept = without_paused(operation, plan.stacks, named=bool(request.tenants or request.applications), say=say)
        plan = replace(plan, stacks=kept)
        refuse_unknown_adoptions(request.adopt, plan.stacks)
        if operation != "preview" and request.confirm:
            _confirm(plan)
        if plan.touches_aws and plan.stacks and environment != LOCAL:
            require_account(plan.environment)
        started = time.monotonic()
        run.clear_locks(plan.stacks)
        with (
            open_engine(environment, plugins=fork_server, keep_open=run.keep_open) as engine,
            run.awaiting_engines(plan.stacks),
            Progress(console, quiet=request.as_json) as progress,
        ):
            platform = next(each for each in plan.graph if each.tier == "infrastructure")
            guards = TenantGuards(lambda: cluster_reader(engine, platform)) if operation == "up" else None
            stop = pod_remover(engine, platform)
            outcomes = execute(
                operation,
                plan.stacks,
                graph=plan.graph,
                engine=engine,
                fork_server=fork_server,
                progress=progress,
                options=Options(
                    refresh=request.refresh,
                    remove=operation == "destroy" and engine.is_local,
                    adopt=frozenset(request.adopt),
                ),
                guard=guards.check if guards else None,
                after=(lambda stack: guards.stop_suspended(stack, stop)) if guards else None,
            )
    return Performed(outcomes=outcomes, seconds=time.monotonic() - started)


def plan_of(request: OperationRequest) -> Plan:
    """What the request means, with everything checked that can be checked without states, cluster or account.

    Raises:
        BadInput: the environment, the selection, or a setting of a selected stack is wrong.
    """
    from shared.environment import load_environment
    from tooling.runner.graph import environment_graph, select
    from tooling.runner.stack_settings import check_settings
    from tooling.runner.tiers_file import load_tiers

    graph = environment_graph(request.environment)
    environment = load_environment(request.environment)
    tiers = load_tiers()
    touches_aws = any(tiers.tier(stack.tier).stacks != "application" for stack in select(graph, tiers=request.tiers))
    environment.check_variables(account=touches_aws)
    stacks: Sequence[StackId] = ()
    if request.operation in ("up", "preview"):
        stacks = request.stacks(graph)
        check_settings(stacks)
    return Plan(request=request, environment=environment, graph=graph, stacks=stacks, touches_aws=touches_aws)


def _checked(plan: Plan) -> Plan:
    """The plan with, for destroy and refresh, the stacks that exist, including those of removed tenants.

    Raises:
        BadInput: a selected tenant or application is unknown. Refused: `live-dependants`, `resources-protected`.
    """
    from tooling.runner.engine import open_engine, require_pulumi
    from tooling.runner.guards import refuse_live_dependants, refuse_protected, with_undeclared

    request = plan.request
    with open_engine(request.environment) as engine:
        require_pulumi(engine.variables)
        if request.operation not in ("destroy", "refresh"):
            return plan
        counts = engine.resource_counts()
        graph = with_undeclared(plan.graph, request.environment, counts)
        stacks = [stack for stack in request.stacks(graph) if str(stack) in counts]
        if request.operation == "destroy":
            refuse_live_dependants(graph, stacks, counts)
            refuse_protected(stacks, engine.protected)
    return replace(plan, graph=graph, stacks=stacks)


def _confirm(plan: Plan) -> None:
    """Ask for confirmation where the environment requires it, and always before destroying."""
    operation, environment = plan.request.operation, plan.request.environment
    if not plan.stacks or not (operation == "destroy" or plan.environment.confirm):
        return
    names = ", ".join(str(stack) for stack in plan.stacks)
    if not sys.stdin.isatty():
        raise Refused(
            "confirmation-missing",
            f"{operation} of {names} needs a confirmation, and there is no terminal to ask on",
            at=f"--stack {environment}",
            hint=f"tiers {operation} --stack {environment} --yes",
        )
    typer.confirm(f"{operation} {names}?", abort=True, err=True)
