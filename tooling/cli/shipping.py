"""Ships a change of an application: shows it, asks, deploys, and says why a release is not healthy.

`tiers app release`, `rollback`, `configure` and `promote` differ only in the settings that they propose.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from shared.errors import ExitCode, PlatformError, Refused
from tooling.cli.console import messages, print_document
from tooling.cli.operations import OperationRequest, exit_code_of, perform, report

if TYPE_CHECKING:
    from tooling.applications.health import Reason
    from tooling.applications.proposal import Proposal
    from tooling.runner.execution import Outcome
    from tooling.runner.fork_server import ForkServer
    from tooling.runner.graph import StackId
    from tooling.runner.messages import Operation


def require_answer(command: str, stack: StackId, *, yes: bool) -> None:
    """Refuses early if a confirmation is needed and nobody can be asked.

    Raises:
        Refused: `confirmation-missing`.
    """
    if not yes and not sys.stdin.isatty():
        raise Refused(
            "confirmation-missing",
            f"a change of {stack} needs a confirmation, and there is no terminal to ask on",
            at=f"--stack {stack.environment}",
            hint=f"{command} --yes",
        )


def ship(
    stack: StackId, proposal: Proposal, *, command: str, yes: bool, as_json: bool, notes: Sequence[str] = ()
) -> None:
    """Deploys the proposal.

    Args:
        command: the command line without `--yes`, for hints.
        notes: what else to say before asking.
    """
    from tooling.applications.proposal import describe
    from tooling.runner.fork_server import ForkServer

    require_answer(command, stack, yes=yes)
    say = _say_nothing if as_json else _say
    for line in [f"{stack} ({proposal.shown})", *(f"  {line}" for line in describe(proposal.changes)), *notes]:
        say(line)
    if not proposal.changes:
        say("  the settings are those of the stack file already")
    document: dict[str, Any] = {
        "application": stack.project,
        "environment": stack.environment,
        "settings": {key: {"before": was, "after": now} for key, (was, now) in proposal.changes.items()},
    }
    with ForkServer(os.environ) as fork_server:
        with _written(proposal) as keep:
            preview = _run("preview", stack, fork_server, as_json=as_json)
            document["preview"] = preview.document
            if preview.exit_code:
                _end(document, as_json=as_json, exit_code=preview.exit_code)
            if not preview.changed:
                keep()
                say("Nothing would change in the cluster.")
                _end(document, as_json=as_json, exit_code=ExitCode.DONE)
            if not yes:
                typer.confirm(f"deploy this to {stack}?", abort=True, err=True)
            # From here on the file says what was sent, whatever becomes of it.
            keep()
        up = _run("up", stack, fork_server, as_json=as_json)
    document["up"] = up.document
    if up.exit_code:
        reasons = _reasons(stack)
        document["reasons"] = [asdict(reason) for reason in reasons]
        document["hint"] = _way_back(stack)
        for reason in reasons:
            say(f"not healthy: {reason}")
        if any(reason.what == "crashed" for reason in reasons):
            say(f"hint: tiers app logs {stack.project} --stack {stack.environment} --previous")
        say(f"hint: {_way_back(stack)}")
    else:
        say(f"commit {proposal.shown}: the next deployment from main would undo what is only here")
        say(f"see it: tiers app status {stack.project} --stack {stack.environment}")
        say(f"go back: {_way_back(stack)}")
    _end(document, as_json=as_json, exit_code=up.exit_code)


class _Ended:
    """How one operation on the stack ended, reported already unless as JSON."""

    def __init__(self, operation: Operation, stack: StackId, outcomes: Sequence[Outcome]) -> None:
        from tooling.runner.report import report_document

        self.document = report_document(operation, stack.environment, outcomes)
        self.changed = any(outcome.changed for outcome in outcomes)
        self.exit_code = exit_code_of(outcomes)


def _run(operation: Operation, stack: StackId, fork_server: ForkServer, *, as_json: bool) -> _Ended:
    request = OperationRequest(
        operation=operation,
        environment=stack.environment,
        tiers=[stack.tier],
        applications=[stack.project],
        confirm=False,
        as_json=as_json,
    )
    performed = perform(request, fork_server)
    if not as_json:
        report(request, performed, next_steps=False)
    return _Ended(operation, stack, performed.outcomes)


@contextmanager
def _written(proposal: Proposal) -> Iterator[Any]:
    """Within the block the stack file has the proposed settings; afterwards, only if `keep` was called."""
    kept = False

    def keep() -> None:
        nonlocal kept
        kept = True

    proposal.write()
    try:
        yield keep
    finally:
        if not kept:
            proposal.restore()


def _reasons(stack: StackId) -> list[Reason]:
    """Why its pods are not healthy; nothing where the cluster cannot be asked: the report has the engine's reason."""
    from tooling.applications.live import cluster_of
    from tooling.plugins.kubernetes.client import ApiError
    from tooling.runner.engine import open_engine

    with suppress(PlatformError, ApiError), open_engine(stack.environment) as engine:
        return [reason for workload in cluster_of(engine, stack).workloads() for reason in workload.reasons]
    return []


def _way_back(stack: StackId) -> str:
    return f"tiers app rollback {stack.project} --stack {stack.environment}"


def _end(document: dict[str, Any], *, as_json: bool, exit_code: int) -> None:
    if as_json:
        print_document(document)
    raise typer.Exit(exit_code)


def _say(text: str) -> None:
    messages().print(text, markup=False, soft_wrap=True)


def _say_nothing(text: str) -> None:
    del text
