"""Writes an imported contract where the tiers below read it: as the outputs of tier 1's stack, with no resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.contracts.infrastructure import IMPORTED_FROM
from shared.errors import Refused
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId

_ROOT = "pulumi:pulumi:Stack"


def write(engine: Engine, stack: StackId, outputs: Mapping[str, Any]) -> None:
    """Replaces the outputs of the stack, which is created if it does not exist.

    Raises:
        Refused: `infrastructure-deployed`.
    """
    record = engine.record(stack) if engine.exists(stack) else None
    refuse_deployed(stack, record or {})
    if record is None:
        provider = engine.secrets_provider_of(stack)
        more = ("--secrets-provider", provider) if provider else ()
        engine.run("stack", "init", stack.stack, "--no-select", *more, work_dir=engine.work_dir(stack))
        record = engine.export(stack)
    engine.import_(stack, {**record, "resources": [root_of(stack, outputs)]})


def refuse_deployed(stack: StackId, record: Mapping[str, Any]) -> None:
    """Refuses to replace the record of a cluster that tier 1 has made: all of its resources would be lost."""
    resources = record.get("resources") or []
    roots = [one for one in resources if one["type"] == _ROOT]
    imported = any(IMPORTED_FROM in (one.get("outputs") or {}) for one in roots)
    if resources and not imported:
        raise Refused(
            "infrastructure-deployed",
            f"{stack} has {len(resources)} resources of its own: tier 1 has made the cluster of {stack.environment}",
            at=f"--stack {stack.environment}",
            hint="import the cluster into another environment: add a file to shared/environments",
        )


def root_of(stack: StackId, outputs: Mapping[str, Any]) -> dict[str, Any]:
    name = f"{stack.project}-{stack.stack}"
    urn = f"urn:pulumi:{stack.stack}::{stack.project}::{_ROOT}::{name}"
    return {"urn": urn, "custom": False, "type": _ROOT, "outputs": dict(outputs)}
