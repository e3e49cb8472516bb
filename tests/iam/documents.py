"""Every IAM document that any tier's program writes, with everything optional switched on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.testing import Registered, run_program
from tests.everything_on import SETTINGS, STACKS, upstream
from tooling.paths import REPOSITORY

_TRUST = ("assumeRolePolicy",)
_PERMISSIONS = {
    "aws:iam/policy:Policy": "identity",
    "aws:iam/rolePolicy:RolePolicy": "identity",
    "aws:kms/key:Key": "resource",
    "aws:s3/bucketPolicy:BucketPolicy": "resource",
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """`kind`: `trust` of a role, `identity` policy of one, or `resource` policy of a key or bucket."""

    of: str
    kind: str
    content: dict[str, Any]

    @property
    def statements(self) -> list[dict[str, Any]]:
        return self.content["Statement"]


def documents() -> list[Document]:
    return [
        document
        for project, config in SETTINGS.items()
        for resource in run_program(
            REPOSITORY / project, stack=STACKS.get(project, "dev"), config=config, upstream=upstream
        ).resources
        for document in _of(project, resource)
    ]


def _of(project: str, resource: Registered) -> Iterator[Document]:
    name = f"{project}: {resource.type.rsplit(':', 1)[1]} {resource.name}"
    for key in _TRUST:
        if key in resource.inputs:
            yield Document(of=name, kind="trust", content=json.loads(resource.inputs[key]))
    if resource.type in _PERMISSIONS:
        yield Document(of=name, kind=_PERMISSIONS[resource.type], content=json.loads(resource.inputs["policy"]))
