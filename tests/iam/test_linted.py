"""AWS's own names of actions and forms of resources, as the linter parliament knows them."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from tests.iam.documents import documents

parliament: Any = pytest.importorskip(
    "parliament", reason="parliament is not in requirements.lock yet: add parliament==1.6.4 and make lock"
)

ACCEPTED = {
    ("platform-addons: RolePolicy cluster-autoscaler", "RESOURCE_STAR"),
    ("platform-addons: RolePolicy aws-load-balancer-controller", "RESOURCE_MISMATCH"),
    ("platform-addons: RolePolicy aws-load-balancer-controller", "UNKNOWN_CONDITION_FOR_ACTION"),
}
"""(document, issue) with a reason. The autoscaler's writes are limited by the groups' tags, in a condition. The load
balancer controller has no rights on Network Load Balancers, which the linter misses; and AWS has tables newer than its
own for the VPC of a new security group and for `elasticloadbalancing:CreateAction`."""


def findings(document: dict[str, Any]) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [finding.issue for finding in parliament.analyze_policy_string(json.dumps(document)).findings]


def test_the_linter_finds_an_action_that_aws_does_not_have() -> None:
    statement = {"Sid": "X", "Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::b/*"}
    assert "UNKNOWN_ACTION" in findings({"Version": "2012-10-17", "Statement": [statement]})


def test_no_policy_of_ours_is_found_wrong() -> None:
    wrong = {
        (document.of, issue)
        for document in documents()
        if document.kind == "identity"
        for issue in findings(document.content)
    }
    assert wrong == ACCEPTED
