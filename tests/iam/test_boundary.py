"""What a tenant's roles are given, their permissions boundary lets through: else it is refused and nobody sees why."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.iam.documents import Document, documents


@pytest.fixture(scope="module")
def every_document() -> list[Document]:
    return documents()


def allowed(statements: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (action, resource)
        for statement in statements
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]


def test_every_right_of_a_tenants_role_lies_within_its_boundary(every_document: list[Document]) -> None:
    (boundary,) = [one for one in every_document if one.of == "infrastructure: Policy tenant-boundary"]
    bounds = allowed(boundary.statements)
    given = [
        (one.of, action, resource)
        for one in every_document
        if one.of.startswith("tenants: RolePolicy")
        for action, resource in allowed(one.statements)
    ]
    assert len(given) > 10
    outside = [
        (of, action, resource)
        for of, action, resource in given
        if not any(action == bound and fnmatchcase(resource, within) for bound, within in bounds)
    ]
    assert outside == []


def test_no_right_shows_what_other_tenants_have(every_document: list[Document]) -> None:
    """Uploads that are under way are listed by bucket; IAM has no condition on their prefix."""
    actions = {
        action
        for one in every_document
        if one.of.startswith("tenants: RolePolicy")
        for action, _ in allowed(one.statements)
    }
    assert "s3:ListMultipartUploadParts" in actions
    assert not {"s3:ListBucketMultipartUploads", "s3:ListBucketVersions"} & actions


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
