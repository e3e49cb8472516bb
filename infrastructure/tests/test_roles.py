"""The cluster's IAM roles: who may assume them and what they may do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.testing import Run, run_program


def trust(run: Run, role: str) -> dict[str, object]:
    (statement,) = json.loads(run.one("aws:iam/role:Role", role).inputs["assumeRolePolicy"])["Statement"]
    return statement


def attached(run: Run, role: str) -> set[str]:
    return {
        attachment.inputs["policyArn"]
        for attachment in run.registered("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if attachment.inputs["role"] == role
    }


@pytest.mark.parametrize(
    ("role", "service", "policies"),
    [
        ("eks-cluster-role", "eks.amazonaws.com", {"AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController"}),
        (
            "eks-node-role",
            "ec2.amazonaws.com",
            {
                "AmazonEKSWorkerNodePolicy",
                "AmazonEKS_CNI_Policy",
                "AmazonEC2ContainerRegistryReadOnly",
                "AmazonSSMManagedInstanceCore",
            },
        ),
    ],
)
def test_a_role_of_a_service_trusts_it_alone_and_has_its_managed_policies(
    dev: Run, role: str, service: str, policies: set[str]
) -> None:
    assert trust(dev, role)["Principal"] == {"Service": service}
    assert attached(dev, f"{role}-dev") == {f"arn:aws:iam::aws:policy/{policy}" for policy in policies}


def test_the_cluster_role_may_use_the_secrets_key_and_no_other(dev: Run) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "eks-cluster-role-secrets-key").inputs
    assert policy["role"] == "eks-cluster-role-dev"
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Resource"] == "arn:aws:kms:us-east-1:123456789012:key/secrets-id"
    assert statement["Action"] == ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"]


def test_the_admin_role_trusts_the_account_unless_principals_are_named(project: Path, dev: Run) -> None:
    assert trust(dev, "eks-admin-role")["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    named = "arn:aws:iam::123456789012:role/platform-pipeline"
    run = run_program(project, stack="dev", config={"admin_principal_arns": [named]})
    assert trust(run, "eks-admin-role")["Principal"] == {"AWS": named}
    both = run_program(project, stack="dev", config={"admin_principal_arns": [named, "account"]})
    assert trust(both, "eks-admin-role")["Principal"] == {"AWS": [named, "arn:aws:iam::123456789012:root"]}


def test_agents_of_the_host_network_may_write_to_cloudwatch_where_it_is_set(project: Path, dev: Run) -> None:
    policy = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
    assert policy not in attached(dev, "eks-node-role-dev")
    run = run_program(project, stack="dev", config={"node_cloudwatch_policy": True})
    assert attached(run, "eks-node-role-dev") == attached(dev, "eks-node-role-dev") | {policy}


def test_the_admin_role_may_do_nothing_in_aws(dev: Run) -> None:
    assert attached(dev, "eks-admin-role-dev") == set()
    inline = [p for p in dev.registered("aws:iam/rolePolicy:RolePolicy") if p.inputs["role"] == "eks-admin-role-dev"]
    assert inline == []


def test_the_boundary_of_tenants_reaches_their_bucket_and_secrets_and_names_the_cluster(dev: Run) -> None:
    boundary = dev.one("aws:iam/policy:Policy").inputs
    assert boundary["name"] == "eks-tenant-boundary-dev"
    bucket = "arn:aws:s3:::eks-tenant-data-123456789012-dev"
    assert json.loads(boundary["policy"])["Statement"] == [
        {
            "Sid": "TenantBucket",
            "Effect": "Allow",
            "Action": [
                "s3:ListBucket",
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            "Resource": [bucket, f"{bucket}/*"],
        },
        {
            "Sid": "FindTheCluster",
            "Effect": "Allow",
            "Action": "eks:DescribeCluster",
            "Resource": "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev",
        },
        {
            "Sid": "TenantSecrets",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteSecret",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:RestoreSecret",
                "secretsmanager:TagResource",
            ],
            "Resource": "arn:aws:secretsmanager:us-east-1:123456789012:secret:eks-cluster-dev/*",
        },
        {
            "Sid": "SignInToRegistry",
            "Effect": "Allow",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        },
        {
            "Sid": "TenantImages",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
                "ecr:CompleteLayerUpload",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            "Resource": "arn:aws:ecr:*:*:repository/*",
        },
        {
            "Sid": "Deploy",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::123456789012:role/eks-platform/dev/deployers/*",
        },
    ]


def test_a_buckets_own_key_may_be_used_up_to_the_boundary(project: Path) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/0b1c2d3e-0000-4000-8000-000000000000"
    run = run_program(project, stack="dev", config={"bucket_key_arn": key})
    assert {
        "Sid": "BucketKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key,
    } in json.loads(run.one("aws:iam/policy:Policy").inputs["policy"])["Statement"]
