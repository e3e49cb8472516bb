"""No IAM document of any tier breaks our rules, and each says where it comes from."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.iam.documents import Document, documents
from tests.iam.rules import wrong_with_permission, wrong_with_trust
from tooling.paths import REPOSITORY

ROLE = "arn:aws:iam::123456789012:role"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/X"
GOOD: dict[str, Any] = {
    "Sid": "ServiceAccount",
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "system:serviceaccount:a:app"}
    },
}


@pytest.fixture(scope="module")
def every_document() -> list[Document]:
    return documents()


def test_documents_of_every_kind_are_found(every_document: list[Document]) -> None:
    assert {document.kind for document in every_document} == {"trust", "identity", "resource"}
    assert len(every_document) >= 15


def test_every_trust_policy_names_whom_it_trusts(every_document: list[Document]) -> None:
    wrong = [
        f"{document.of}: {reason}"
        for document in every_document
        if document.kind == "trust"
        for statement in document.statements
        for reason in wrong_with_trust(statement)
    ]
    assert wrong == []


def test_every_policy_names_what_it_allows(every_document: list[Document]) -> None:
    wrong = [
        f"{document.of}, {statement.get('Sid')}: {reason}"
        for document in every_document
        if document.kind != "trust"
        for statement in document.statements
        for reason in wrong_with_permission(statement, document.kind)
    ]
    assert wrong == []


def test_no_document_has_two_statements_of_one_name(every_document: list[Document]) -> None:
    for document in every_document:
        names = [statement["Sid"] for statement in document.statements]
        assert len(names) == len(set(names)), document.of


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Principal": "*"}, "trusts everybody"),
        ({"Principal": {"AWS": "*"}}, "trusts *"),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/team-*"}}, "trusts arn"),
        ({"Principal": {"Service": "evil.example.com"}}, "no service of AWS"),
        ({"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/*"}}, "not one OIDC provider"),
        ({"Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}, "more than assume"),
        ({"Condition": {"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:a:app"}}}, "audience"),
        ({"Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}}, "whole subject"),
        ({"Condition": {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:a:*"}}}, "beside StringEquals"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_trust_that_is_too_wide_is_found(change: dict[str, Any], says: str) -> None:
    assert list(wrong_with_trust(GOOD)) == []
    assert any(says in reason for reason in wrong_with_trust({**GOOD, **change}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Action": "s3:*"}, "allows s3:*"),
        ({"Action": "*"}, "allows *"),
        ({"Resource": "*", "Action": "s3:PutObject"}, "on everything"),
        ({"NotAction": "s3:GetObject"}, "says what is not"),
        ({"Sid": ""}, "has no Sid"),
        ({"Action": "sts:AssumeRole", "Resource": f"{ROLE}/*-deployer-dev"}, "roles of others"),
        ({"Action": ["iam:PassRole"], "Resource": [f"{ROLE}/exact", f"{ROLE}/*"]}, "roles of others"),
        ({"Action": "sts:AssumeRole", "Resource": f"{ROLE}/eks-platform/*"}, "roles of others"),
        ({"Action": "sts:AssumeRole", "Resource": f"{ROLE}/eks-platform/*/deployers/*"}, "roles of others"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_permission_that_is_too_wide_is_found(change: dict[str, Any], says: str) -> None:
    good = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    assert list(wrong_with_permission(good, "identity")) == []
    assert any(says in reason for reason in wrong_with_permission({**good, **change}, "identity"))


@pytest.mark.parametrize("role", ["eks-admin-role-dev", "eks-platform/dev/deployers/*"])
def test_roles_may_be_named_or_known_by_the_platforms_path(role: str) -> None:
    statement = {"Sid": "Enter", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"{ROLE}/{role}"}
    assert list(wrong_with_permission(statement, "identity")) == []


def sources() -> list[tuple[str, str]]:
    """(place, text) of every function of a tier or of `shared` that writes a statement."""
    found = []
    for directory in ("infrastructure", "platform-addons", "tenants", "shared"):
        for path in sorted(
            [*(REPOSITORY / directory).glob("*.py"), *(REPOSITORY / directory).glob("addons/*/permissions.py")]
        ):
            text = path.read_text(encoding="utf-8")
            found += [(f"{_place(path)}::{name}", segment) for name, segment in _writers(text)]
    return found


def _place(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _writers(text: str) -> list[tuple[str, str]]:
    return [
        (node.name, ast.get_source_segment(text, node) or "")
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Statement" for call in ast.walk(node))
    ]


@pytest.mark.parametrize(("place", "text"), sources(), ids=[place for place, _ in sources()])
def test_every_document_says_where_it_comes_from(place: str, text: str) -> None:
    assert "Source:" in text, f"{place} writes a statement without the page that it comes from"
