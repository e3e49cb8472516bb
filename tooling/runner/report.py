"""The report of a finished operation, for people and for scripts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tooling.runner.execution import Outcome
from tooling.runner.messages import Step
from tooling.runner.progress import summary_of

_SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "±"}
_HIDDEN = {"pulumi:pulumi:Stack"}


def report_document(operation: str, environment: str, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The content of `--json`, before its version."""
    return {
        "operation": operation,
        "environment": environment,
        "changed": any(outcome.changed for outcome in outcomes),
        "stacks": [
            {
                "stack": str(outcome.stack),
                "tier": outcome.stack.tier,
                "status": outcome.status,
                "seconds": outcome.seconds,
                "changes": outcome.changes,
                "resources": [_resource(step) for step in _shown(operation, outcome)],
                "errors": _errors(outcome),
                "error": (outcome.failure and outcome.failure.document) or None,
            }
            for outcome in outcomes
        ],
    }


def print_report(
    console: Console, operation: str, environment: str, outcomes: Sequence[Outcome], *, seconds: float
) -> None:
    """Print a preview's changes, one line per stack, and the errors."""
    if not outcomes:
        console.print("nothing to do: no such stack exists")
        return
    if operation == "preview":
        _print_changes(console, operation, outcomes)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, right in (("stack", False), ("", False), ("time", True), ("resources", False)):
        table.add_column(column, justify="right" if right else "left", no_wrap=column != "resources")
    for outcome in outcomes:
        time = f"{outcome.seconds:.1f} s" if outcome.seconds else ""
        table.add_row(str(outcome.stack), outcome.status, time, _summary(outcome))
    table.add_row(f"{len(outcomes)} stack{'' if len(outcomes) == 1 else 's'}", "", f"{seconds:.1f} s", "")
    console.print(table)
    for outcome in outcomes:
        for line in _errors(outcome) if outcome.status != "skipped" else ():
            console.print()
            console.print(Text(f"{outcome.stack}: ", style="bold").append(line, style="red"), soft_wrap=True)
    well = all(outcome.status == "done" for outcome in outcomes)
    if well and not any(outcome.changed for outcome in outcomes) and operation in ("up", "preview"):
        console.print("\nNothing changed." if operation == "up" else "\nNothing would change.")


def _print_changes(console: Console, operation: str, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        steps = _shown(operation, outcome)
        if not steps:
            continue
        console.print(Text(str(outcome.stack), style="bold"))
        for step in steps:
            sign = _SIGNS.get(step.operation, "±")
            console.print(Text(f"  {sign} {step.operation} {step.type} {step.name}"), soft_wrap=True)
            for change in step.changes:
                values = (
                    f": {change.before or '(none)'} → {change.after or '(none)'}"
                    if change.before or change.after
                    else ""
                )
                console.print(Text(f"      {change.path}{values}", style="dim"), soft_wrap=True)
        console.print()


def _shown(operation: str, outcome: Outcome) -> list[Step]:
    """Each resource once, in the engine's order, without the inner steps of a replacement.

    With `--refresh` the engine first reads every resource; those reads are not changes.
    """
    inner = {"create-replacement", "delete-replaced", "discard-replaced", "remove-pending-replace"}
    if operation != "refresh":
        inner.add("refresh")
    seen: dict[tuple[str, str], Step] = {}
    for step in outcome.steps:
        if step.phase != "started" or step.type in _HIDDEN or step.operation in inner:
            continue
        seen.setdefault((step.type, step.name), step)
    return list(seen.values())


def _resource(step: Step) -> dict[str, object]:
    return {
        "operation": step.operation,
        "type": step.type,
        "name": step.name,
        "changes": [dataclasses.asdict(change) for change in step.changes],
    }


def _summary(outcome: Outcome) -> str:
    if outcome.status == "skipped":
        return outcome.failure.message if outcome.failure else ""
    return summary_of(outcome.changes) if outcome.changed or outcome.status == "done" else ""


def _errors(outcome: Outcome) -> list[str]:
    errors = [diagnostic.message for diagnostic in outcome.diagnostics if diagnostic.severity == "error"]
    # The engine ends a failed update with a line that only says that it failed, and reports a component's failure
    # twice: as the component's own message, and as a traceback through the SDK.
    errors = [message for message in errors if not message.startswith(("update failed", "preview failed"))] or errors
    errors = [message for message in errors if "Traceback (most recent call last)" not in message] or errors
    message = outcome.failure.message if outcome.failure else ""
    return list(dict.fromkeys([*errors, *([message] if message else [])]))
