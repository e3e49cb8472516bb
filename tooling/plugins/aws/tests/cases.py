"""All conformance cases, by the type they are of, and how to play one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tooling.plugins.aws.engine.row import Input, Row
from tooling.plugins.aws.table import TABLE
from tooling.plugins.aws.tests import cases_ec2, cases_ecr, cases_eks, cases_iam, cases_s3
from tooling.plugins.aws.tests.case import Case, World

CASES: Mapping[str, Case] = {
    case.pulumi_name: case for module in (cases_ec2, cases_ecr, cases_eks, cases_iam, cases_s3) for case in module.CASES
}


def row_of(case: Case) -> Row:
    return TABLE[case.pulumi_name]


def short(pulumi_name: str) -> str:
    """`aws:ec2/vpc:Vpc` -> `ec2.Vpc`, for test ids."""
    _, module, name = pulumi_name.split(":")
    return f"{module.split('/')[0]}.{name}"


def inputs_of(case: Case, world: World) -> dict[str, Any]:
    """The case's inputs with tags, where the type has them."""
    tags = {"tags": {"Name": "one", "kubernetes.io/role": "x"}} if row_of(case).tagged else {}
    return {**case.inputs(world), **tags}


def unique_name() -> str:
    return f"case-{uuid.uuid4().hex[:8]}"


def leaves(specs: Mapping[str, Input], values: Any, within: str = "") -> Iterator[tuple[str, str]]:
    """(path of a modelled input without indexes, its value as text) for everything that `values` state."""
    for name, spec in specs.items():
        value = values.get(name) if isinstance(values, dict) else None
        if value is None:
            continue
        if spec.members is None:
            yield f"{within}{name}", repr(value)
        else:
            for block in value if isinstance(value, list) else [value]:
                yield from leaves(spec.members, block, f"{within}{name}.")
