"""The roles of the pipelines: which job of which repository gets which, and what each may do."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from shared.program_errors import ProgramInputError
from shared.testing import Run, run_program

GITHUB = {"repository": "example/platform"}
ISSUER = "token.actions.githubusercontent.com"
BUCKET = "arn:aws:s3:::pulumi-state"
KEY = "arn:aws:kms:us-east-1:123456789012:key/state"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


def run_with(project: Path, github: Mapping[str, Any], stack: str = "dev") -> Run:
    return run_program(project, stack=stack, config={"github": {**GITHUB, **github}})


@pytest.fixture(scope="module")
def run(project: Path) -> Run:
    return run_with(project, {"state_bucket_arn": BUCKET, "state_key_arn": KEY})


def trust(run: Run, role: str) -> dict[str, Any]:
    (statement,) = json.loads(run.one(ROLE, role).inputs["assumeRolePolicy"])["Statement"]
    return statement


def attached(run: Run, role: str) -> list[str]:
    return [
        attachment.inputs["policyArn"]
        for attachment in run.registered("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if attachment.inputs["role"] == role
    ]


def actions(run: Run, policy: str) -> dict[str, tuple[object, object]]:
    statements = json.loads(run.one(POLICY, policy).inputs["policy"])["Statement"]
    return {statement["Sid"]: (statement["Action"], statement["Resource"]) for statement in statements}


def test_without_the_setting_there_is_no_role_and_no_provider(dev: Run) -> None:
    assert [role.name for role in dev.registered(ROLE) if role.name.startswith("ci-")] == []
    assert len(dev.registered("aws:iam/openIdConnectProvider:OpenIdConnectProvider")) == 1  # the cluster's own
    assert "ci_role_arns" not in dev.outputs


@pytest.mark.parametrize(
    ("role", "subject"),
    [
        ("ci-deploy", "repo:example/platform:environment:dev"),
        ("ci-preview", "repo:example/platform:pull_request"),
        ("ci-drift", "repo:example/platform:environment:dev-drift"),
    ],
)
def test_a_role_trusts_one_kind_of_job_of_one_repository(run: Run, role: str, subject: str) -> None:
    assert trust(run, role) == {
        "Sid": "GithubActions",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subject}},
    }


def test_the_github_environment_may_be_called_otherwise(project: Path) -> None:
    run = run_with(project, {"environment": "development"})
    subjects = {
        role: trust(run, role)["Condition"]["StringEquals"][f"{ISSUER}:sub"] for role in ("ci-deploy", "ci-drift")
    }
    assert subjects == {
        "ci-deploy": "repo:example/platform:environment:development",
        "ci-drift": "repo:example/platform:environment:development-drift",
    }


def test_what_runs_unreviewed_code_reads_configuration_and_states_and_no_more(run: Run) -> None:
    assert attached(run, "eks-ci-preview-dev") == ["arn:aws:iam::aws:policy/SecurityAudit"]
    assert actions(run, "ci-preview-read") == {
        "ReadConfiguration": (
            [
                "eks:DescribeAddon",
                "eks:DescribeAddonVersions",
                "eks:DescribePodIdentityAssociation",
                "eks:ListPodIdentityAssociations",
            ],
            "*",
        ),
        "ListStates": ("s3:ListBucket", BUCKET),
        "ReadStates": ("s3:GetObject", f"{BUCKET}/*"),
        "StatesKey": (["kms:Decrypt", "kms:Encrypt"], KEY),
    }
    of_preview = [p.name for p in run.registered(POLICY) if p.inputs["role"] == "eks-ci-preview-dev"]
    assert of_preview == ["ci-preview-read"]


def test_only_the_comparison_of_main_enters_the_cluster(project: Path, run: Run) -> None:
    assert attached(run, "eks-ci-drift-dev") == ["arn:aws:iam::aws:policy/SecurityAudit"]
    admin, deployers = (
        "arn:aws:iam::123456789012:role/eks-admin-role-dev",
        "arn:aws:iam::123456789012:role/eks-platform/dev/deployers/*",
    )
    assert actions(run, "ci-drift-cluster") == {"EnterTheCluster": ("sts:AssumeRole", [admin, deployers])}
    assert run.one(ROLE, "eks-admin-role").inputs["name"] == "eks-admin-role-dev"
    tenant = run_program(project.parent / "tenants", stack="dev.tenant-a")
    assert fnmatch.fnmatchcase(tenant.outputs["deployer_role_arn"], deployers)
    assert not fnmatch.fnmatchcase(tenant.outputs["workload_role_arn"], deployers)
    of_another_team = "arn:aws:iam::123456789012:role/payments-deployer-dev"
    assert not fnmatch.fnmatchcase(of_another_team, deployers)
    assert "sts:AssumeRole" not in str(actions(run, "ci-preview-read"))


@pytest.mark.parametrize(
    "action",
    [
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
        "dynamodb:GetItem",
        "logs:GetLogEvents",
        "sqs:ReceiveMessage",
        "kms:Decrypt",
        "sts:AssumeRole",
        "iam:PassRole",
        "eks:UpdateClusterConfig",
    ],
)
def test_awss_own_read_policy_admits_no_data_and_no_change(action: str) -> None:
    assert not admitted_by_aws(action)


@pytest.mark.parametrize(
    "action",
    [
        "ec2:DescribeVpcs",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeLaunchTemplateVersions",
        "iam:GetRolePolicy",
        "iam:GetOpenIDConnectProvider",
        "kms:GetKeyPolicy",
        "logs:DescribeLogGroups",
        "s3:GetBucketPolicy",
        "eks:DescribeCluster",
        "eks:DescribeNodegroup",
        "eks:ListAssociatedAccessPolicies",
        "autoscaling:DescribeAutoScalingGroups",
    ],
)
def test_awss_own_read_policy_admits_what_a_refresh_reads(action: str) -> None:
    assert admitted_by_aws(action)


def admitted_by_aws(action: str) -> bool:
    """By the document of `SecurityAudit` that moto carries."""
    (version,) = (json.loads(aws_managed_policies_data)[name] for name in ("SecurityAudit",))
    return any(
        fnmatch.fnmatchcase(action.lower(), pattern.lower())
        for statement in version["Document"]["Statement"]
        for pattern in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    )


def test_without_a_state_bucket_no_object_can_be_read(project: Path) -> None:
    assert set(actions(run_with(project, {}), "ci-preview-read")) == {"ReadConfiguration"}


def test_deploying_takes_an_administrator_within_the_boundary_that_is_set(project: Path, run: Run) -> None:
    assert attached(run, "eks-ci-deploy-dev") == ["arn:aws:iam::aws:policy/AdministratorAccess"]
    assert "permissionsBoundary" not in run.one(ROLE, "ci-deploy").inputs
    boundary = "arn:aws:iam::123456789012:policy/pipelines"
    bounded = run_with(project, {"permissions_boundary_arn": boundary})
    assert {r.inputs.get("permissionsBoundary") for r in bounded.registered(ROLE) if r.name.startswith("ci-")} == {
        boundary
    }


def test_an_account_that_has_the_provider_gets_no_second_one(project: Path, run: Run) -> None:
    made = run.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "github").inputs
    assert (made["url"], made["clientIdLists"]) == (f"https://{ISSUER}", ["sts.amazonaws.com"])
    existing = run_with(project, {"oidc_provider": "existing"})
    names = [p.name for p in existing.registered("aws:iam/openIdConnectProvider:OpenIdConnectProvider")]
    assert names == ["oidc"]
    assert trust(existing, "ci-deploy") == trust(run, "ci-deploy")


def test_the_arns_are_an_output_for_the_repositorys_variables(run: Run) -> None:
    prefix = "arn:aws:iam::123456789012:role/eks-ci-"
    assert run.outputs["ci_role_arns"] == {name: f"{prefix}{name}-dev" for name in ("deploy", "preview", "drift")}


@pytest.mark.parametrize("repository", ["*", "example/*", "example", "example/a/b", "exa mple/a", "", "example/a:ref"])
def test_a_repository_that_would_be_a_pattern_is_refused(project: Path, repository: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_with(project, {"repository": repository})
    assert refused.value.code == "settings-invalid"
    assert refused.value.at.endswith("github.repository")
