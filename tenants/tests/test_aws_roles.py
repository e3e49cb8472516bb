"""A tenant's two AWS roles: whom they trust, what they reach, and the boundary around both."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.testing import Run

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
BUCKET = "arn:aws:s3:::eks-tenant-data-123456789012-dev"


def trust(run: Run, role: str) -> dict[str, Any]:
    (statement,) = json.loads(run.one("aws:iam/role:Role", role).inputs["assumeRolePolicy"])["Statement"]
    return statement


def statements(run: Run, policy: str) -> list[dict[str, Any]]:
    return json.loads(run.one("aws:iam/rolePolicy:RolePolicy", policy).inputs["policy"])["Statement"]


def test_every_role_has_the_boundary_and_the_tenants_name(tenant_a: Run) -> None:
    roles = {role.name: role.inputs for role in tenant_a.registered("aws:iam/role:Role")}
    assert {name: inputs["name"] for name, inputs in roles.items()} == {
        "workload": "eks-tenant-a-workload-dev",
        "deployer": "eks-tenant-a-deployer-dev",
        "ci": "eks-tenant-a-ci-dev",
    }
    for inputs in roles.values():
        assert inputs["permissionsBoundary"] == "arn:aws:iam::123456789012:policy/eks-tenant-boundary-dev"
        assert inputs["tags"] == {"Name": inputs["name"], "tenant": "tenant-a"}


def test_pods_of_the_tenants_account_and_of_no_other_get_the_workload_role(tenant_a: Run) -> None:
    assert trust(tenant_a, "workload") == {
        "Sid": "ServiceAccount",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": "system:serviceaccount:tenant-a:tenant",
            }
        },
    }


def test_several_namespaces_are_trusted_by_their_whole_names(run_tenant: Callable[..., Run]) -> None:
    condition = trust(run_tenant({"namespaces": ["shop", "shop-batch"]}), "workload")["Condition"]
    assert set(condition) == {"StringEquals"}
    assert condition["StringEquals"][f"{ISSUER}:sub"] == [
        "system:serviceaccount:shop:tenant",
        "system:serviceaccount:shop-batch:tenant",
    ]


@pytest.mark.parametrize(
    ("access", "actions"),
    [
        (
            "read-write",
            [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
        ),
        ("read-only", "s3:GetObject"),
    ],
)
def test_pods_reach_their_own_prefix_and_list_nothing_else(
    run_tenant: Callable[..., Run], access: str, actions: object
) -> None:
    run = run_tenant({"bucket_access": access})
    assert run.one("aws:iam/rolePolicy:RolePolicy", "bucket-prefix").inputs["role"] == "eks-shop-workload-dev"
    assert statements(run, "bucket-prefix") == [
        {
            "Sid": "ListOwnPrefix",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": BUCKET,
            "Condition": {"StringLike": {"s3:prefix": "shop/*"}},
        },
        {"Sid": "OwnObjects", "Effect": "Allow", "Action": actions, "Resource": f"{BUCKET}/shop/*"},
    ]


def test_without_bucket_access_pods_may_do_nothing_in_aws(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"bucket_access": "none"})
    policies = [policy.name for policy in run.registered("aws:iam/rolePolicy:RolePolicy")]
    assert sorted(policies) == ["ci-enter-cluster", "find-cluster"]


def test_deployers_may_find_the_cluster_and_nothing_else(tenant_a: Run) -> None:
    assert statements(tenant_a, "find-cluster") == [
        {
            "Sid": "FindTheCluster",
            "Effect": "Allow",
            "Action": "eks:DescribeCluster",
            "Resource": "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev",
        }
    ]
    assert tenant_a.one("aws:iam/rolePolicy:RolePolicy", "find-cluster").inputs["role"] == "eks-tenant-a-deployer-dev"


def test_the_deployer_role_trusts_the_account_unless_principals_are_named(
    tenant_a: Run, run_tenant: Callable[..., Run]
) -> None:
    assert trust(tenant_a, "deployer")["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    pipeline = "arn:aws:iam::123456789012:role/shop-pipeline"
    run = run_tenant({"deployer_principal_arns": [pipeline]})
    ci = "arn:aws:iam::123456789012:role/eks-platform/dev/ci/eks-shop-ci-dev"
    assert trust(run, "deployer")["Principal"] == {"AWS": [pipeline, ci]}


def test_a_tenants_own_pipeline_deploys_from_the_environment_of_that_name_alone(
    run_tenant: Callable[..., Run],
) -> None:
    run = run_tenant({"repository": "example/shop", "deployer_principal_arns": ["arn:aws:iam::123456789012:role/ops"]})
    issuer = "token.actions.githubusercontent.com"
    people, pipeline = json.loads(run.one("aws:iam/role:Role", "deployer").inputs["assumeRolePolicy"])["Statement"]
    assert people["Principal"]["AWS"][0] == "arn:aws:iam::123456789012:role/ops"
    assert pipeline == {
        "Sid": "GithubActions",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "repo:example/shop:environment:dev"}
        },
    }
    assert trust(run, "workload")["Sid"] == "ServiceAccount"


def test_look_alike_tenants_share_no_role_and_no_prefix(run_tenant: Callable[..., Run]) -> None:
    seen: dict[str, set[str]] = {}
    for name in ("a", "ab", "a-b"):
        run = run_tenant({}, name=name)
        seen[name] = {role.inputs["name"] for role in run.registered("aws:iam/role:Role")}
        listed, objects = statements(run, "bucket-prefix")
        assert listed["Condition"]["StringLike"]["s3:prefix"] == f"{name}/*"
        assert objects["Resource"] == f"{BUCKET}/{name}/*"
    assert len(set[str]().union(*seen.values())) == 9
