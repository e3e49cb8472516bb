"""The resources in the report of an operation."""

from __future__ import annotations

import json

import pytest

from tooling.runner.execution import Outcome
from tooling.runner.graph import StackId
from tooling.runner.messages import PropertyChange, Step
from tooling.runner.report import report_document

STACK = StackId(tier="tenants", project="tenants", stack="dev.a", directory="tenants", environment="dev", tenant="a")


def step(operation: str, name: str, *changes: PropertyChange) -> Step:
    kind = "kubernetes:core/v1:ResourceQuota"
    return Step(number=1, phase="started", operation=operation, type=kind, name=name, changes=list(changes))


@pytest.mark.parametrize(
    ("operation", "shown"),
    [("preview", [("update", "quota", ["spec.hard.pods"])]), ("refresh", [("refresh", "limits", [])])],
)
def test_a_resource_that_was_only_read_is_not_a_change_in_a_preview(operation: str, shown: list[object]) -> None:
    changed = PropertyChange(path="spec.hard.pods", kind="update", before="3", after="40")
    steps = [step("refresh", "limits")]
    if operation == "preview":
        steps += [step("refresh", "quota"), step("update", "quota", changed)]

    report = report_document(operation, "dev", [Outcome(stack=STACK, status="done", steps=steps)])

    (stack,) = json.loads(json.dumps(report))["stacks"]
    found = [(one["operation"], one["name"], [c["path"] for c in one["changes"]]) for one in stack["resources"]]
    assert found == shown
