"""Every permission policy that the programs register, put to parliament, which knows AWS's actions and resources.

Our own rules (`shared.policies.identity`) say what a document may grant, and whom a trust policy trusts, which
parliament does not read. Parliament finds what AWS would not understand: an action that does not exist, a resource that
its action does not take, a condition that never matches.
"""

from __future__ import annotations

import importlib
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from shared.policies.identity import IDENTITY_POLICIES
from shared.policies.testing import views_of
from shared.policies.view import ResourceView, Undecided
from shared.testing import run_program

REPOSITORY = Path(__file__).resolve().parents[3]
STACKS = [
    ("infrastructure", "prod"),
    ("platform-addons", "dev"),
    *(("tenants", f"dev.tenant-{tenant}") for tenant in "abc"),
]

OWN_RULES_SAY = frozenset({"RESOURCE_STAR"})
"""Findings of parliament that a rule of ours decides, more finely: `iam-no-wildcard-resource` lets an action that only
reads settings stand on every resource, and one that writes only behind a condition."""

NEWER_THAN_THE_LINTER = {
    # Rights on Application Load Balancers alone, where parliament asks for Network ones too; the VPC of a new security
    # group; and `elasticloadbalancing:CreateAction`.
    "aws-load-balancer-controller": {"RESOURCE_MISMATCH", "UNKNOWN_CONDITION_FOR_ACTION"},
}
"""By the policy's logical name: findings where AWS's service authorization reference says otherwise."""


pytestmark = pytest.mark.xdist_group("parliament")


def findings(document: str) -> list[tuple[str, Any]]:
    # Here, since it reads 10 MB of actions: every worker collects this file.
    with warnings.catch_warnings():
        # Its own imports (pkg_resources, an old jsoncfg) warn; the suite makes warnings errors.
        warnings.simplefilter("ignore")
        parliament = importlib.import_module("parliament")

    analyzed = parliament.analyze_policy_string(document)
    return [(found.issue, found.detail) for found in analyzed.findings if found.issue not in OWN_RULES_SAY]


def permissions(view: ResourceView) -> str | None:
    """The policy that an IAM resource hands out, if it does."""
    try:
        document = view.document("policy") if view.type in IDENTITY_POLICIES else None
    except Undecided:
        return None
    return json.dumps(document.content) if document is not None else None


@pytest.mark.parametrize(("directory", "stack"), STACKS, ids=[f"{d}-{s}" for d, s in STACKS])
def test_aws_would_understand_every_document(directory: str, stack: str) -> None:
    views = views_of(run_program(REPOSITORY / directory, stack=stack))
    documents = [(view, document) for view in views if (document := permissions(view))]
    assert documents, "the program registers no IAM document"
    for view, document in documents:
        known = NEWER_THAN_THE_LINTER.get(view.urn.rpartition("::")[2], set())
        left = [found for found in findings(document) if found[0] not in known]
        assert left == [], f"{view.urn}: {document}"


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::a/*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::a"}, "RESOURCE_MISMATCH"),
        (
            {
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::a",
                "Condition": {"StringLike": {"s3:prefixx": "a/*"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION",
        ),
    ],
)
def test_parliament_finds_what_aws_would_not_understand(statement: dict[str, Any], issue: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow", **statement}]}
    assert issue in {found for found, _ in findings(json.dumps(document))}
