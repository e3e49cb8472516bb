"""A tenant's pipeline has its tenant's rights and no more: the documents of tier 1 and 3, evaluated as IAM does."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from shared import environment as environments
from shared.iam import GITHUB_ISSUER
from shared.testing import Run, every_contract, run_program
from tests.iam.rules import wrong_with_permission
from tooling.iam.documents import Policy, PolicyType, policy
from tooling.iam.evaluation import Policies, Request, evaluate
from tooling.iam.principals import federated, session_of
from tooling.paths import REPOSITORY

ACCOUNT = "arn:aws:iam::123456789012"
PROVIDER = f"{ACCOUNT}:oidc-provider/{GITHUB_ISSUER}"
BUCKET, STATES = "arn:aws:s3:::states", "arn:aws:s3:::states/platform/.pulumi"
KEY = "arn:aws:kms:us-east-1:123456789012:key/states"
IMAGES = "arn:aws:ecr:us-east-1:123456789012:repository"
PLATFORM, TEAM = "example/platform", "example/shop"

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


@dataclass(frozen=True, kw_only=True)
class Roles:
    trust: dict[str, list[dict[str, Any]]]
    """Trust policies of all roles of tiers 1 and 3, by ARN."""
    ci: list[dict[str, Any]]
    """Statements of the CI role of tenant-a."""
    boundary: list[dict[str, Any]]

    def may(self, action: str, resource: str, **context: str) -> bool:
        request = Request(
            principal=session_of(f"{ACCOUNT}:role/eks-platform/dev/ci/eks-tenant-a-ci-dev", "job"),
            action=action,
            resource=resource,
            context={key.replace("__", ":"): value for key, value in context.items()},
            resource_account="123456789012",
        )
        own = _policy(self.ci, PolicyType.IDENTITY)
        boundary = _policy(self.boundary, PolicyType.BOUNDARY)
        return evaluate(request, Policies(identity=(own,), boundary=boundary)).allowed

    def assumable_by(self, subject: str) -> set[str]:
        """Names of the roles that a GitHub job with this subject may assume."""
        claims = {f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com", f"{GITHUB_ISSUER}:sub": subject}
        return {arn.rpartition("/")[2] for arn, statements in self.trust.items() if _trusts(arn, statements, claims)}


def _policy(statements: list[dict[str, Any]], kind: PolicyType) -> Policy:
    return policy({"Version": "2012-10-17", "Statement": statements}, kind, kind.value)


def _trusts(arn: str, statements: list[dict[str, Any]], claims: dict[str, str]) -> bool:
    request = Request(
        principal=federated(PROVIDER), action="sts:AssumeRoleWithWebIdentity", resource=arn, context=claims
    )
    trust = _policy(statements, PolicyType.RESOURCE)
    return evaluate(request, Policies(resource=(trust,), resource_decides=True)).allowed


def statements(document: str) -> list[dict[str, Any]]:
    return json.loads(document)["Statement"]


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Roles:
    """Both tiers of `dev`, with pipelines and a state backend in S3, for tenant-a and tenant-b."""
    directory = tmp_path_factory.mktemp("environments")
    shutil.copytree(environments.DIRECTORY, directory, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "DIRECTORY", directory)
        dev = {"backend_url": "s3://states/platform?region=us-east-1", "secrets_provider": "awskms://alias/states"}
        (directory / "dev.yaml").write_text(yaml.safe_dump(dev))
        github = {"repository": PLATFORM, "state_bucket_arn": BUCKET, "state_key_arn": KEY}
        platform = run_program(REPOSITORY / "infrastructure", stack="dev", config={"github": github})

        def upstream(reference: str) -> Any:
            published = every_contract(reference)
            return {**published, "pipelines": platform.outputs["pipelines"]} if published else None

        tenants = {
            name: run_program(REPOSITORY / "tenants", stack=f"dev.{name}", upstream=upstream)
            for name in ("tenant-a", "tenant-b")
        }
    trust = {
        f"{ACCOUNT}:role{role.inputs.get('path', '/')}{role.inputs['name']}": statements(
            role.inputs["assumeRolePolicy"]
        )
        for run in (platform, *tenants.values())
        for role in run.registered(ROLE)
    }
    return Roles(trust=trust, ci=own_policies(tenants["tenant-a"]), boundary=boundary_of(platform))


def own_policies(run: Run) -> list[dict[str, Any]]:
    role = run.one(ROLE, "ci").inputs["name"]
    return [
        statement
        for policy in run.registered(POLICY)
        if policy.inputs["role"] == role
        for statement in statements(policy.inputs["policy"])
    ]


def boundary_of(run: Run) -> list[dict[str, Any]]:
    return statements(run.one("aws:iam/policy:Policy", "tenant-boundary").inputs["policy"])


PUSH = ("ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload")
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", "ecr:BatchCheckLayerAvailability")


def test_the_pipeline_signs_in_pushes_to_and_pulls_from_its_own_repositories(roles: Roles) -> None:
    assert roles.may("ecr:GetAuthorizationToken", "*")
    for action in (*PUSH, *PULL):
        assert roles.may(action, f"{IMAGES}/tenant-a/demo-dev"), action


@pytest.mark.parametrize(
    "repository",
    [
        "tenant-b/demo-dev",
        "tenant-a/other-dev",
        "tenant-a/demo-devil",
        "tenant-a2/demo-dev",
        "platform/base",
    ],
)
def test_it_reaches_no_other_repository(roles: Roles, repository: str) -> None:
    for action in (*PUSH, *PULL, "ecr:DeleteRepository", "ecr:SetRepositoryPolicy"):
        assert not roles.may(action, f"{IMAGES}/{repository}"), action


def test_it_pulls_from_its_repositories_of_other_environments_to_promote_and_pushes_nothing_there(
    roles: Roles,
) -> None:
    for environment in ("staging", "prod"):
        assert all(roles.may(action, f"{IMAGES}/tenant-a/demo-{environment}") for action in PULL)
        assert not any(roles.may(action, f"{IMAGES}/tenant-a/demo-{environment}") for action in PUSH)


def test_it_deletes_no_image_and_changes_no_repository(roles: Roles) -> None:
    for action in ("ecr:BatchDeleteImage", "ecr:DeleteRepository", "ecr:PutImageTagMutability", "ecr:CreateRepository"):
        assert not roles.may(action, f"{IMAGES}/tenant-a/demo-dev"), action


@pytest.mark.parametrize(
    "key",
    [
        "stacks/demo/dev.json",
        "stacks/demo/dev.json.bak",
        "stacks/demo/dev.pulumi-tags",
        "history/demo/dev/dev-1.checkpoint.json",
        "backups/demo/dev/dev.1.json",
        "locks/organization/demo/dev/1.json",
    ],
)
def test_it_keeps_the_states_of_its_applications(roles: Roles, key: str) -> None:
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert roles.may(action, f"{STATES}/{key}"), action


def test_it_reads_its_tenants_state_and_changes_it_not(roles: Roles) -> None:
    for key in ("meta.yaml", "stacks/tenants/dev.tenant-a.json"):
        assert roles.may("s3:GetObject", f"{STATES}/{key}")
        assert not roles.may("s3:PutObject", f"{STATES}/{key}")
        assert not roles.may("s3:DeleteObject", f"{STATES}/{key}")
    assert roles.may("s3:ListBucket", BUCKET)


@pytest.mark.parametrize(
    "key",
    [
        "stacks/infrastructure/dev.json",
        "stacks/platform-addons/dev.json",
        "stacks/tenants/dev.tenant-b.json",
        "stacks/tenants/prod.tenant-a.json",
        "stacks/tenants/dev.tenant-a2.json",
        "stacks/demo/prod.json",
        "stacks/demo2/dev.json",
        "history/tenants/dev.tenant-a/1.json",
        "locks/organization/tenants/dev.tenant-a/1.json",
    ],
)
def test_it_reads_no_other_state(roles: Roles, key: str) -> None:
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert not roles.may(action, f"{STATES}/{key}"), action


def test_it_reaches_no_other_bucket(roles: Roles) -> None:
    assert not roles.may("s3:ListBucket", "arn:aws:s3:::eks-tenant-data-123456789012-dev")
    for key in ("tenant-a/x", "tenant-b/x"):
        assert not roles.may("s3:GetObject", f"arn:aws:s3:::eks-tenant-data-123456789012-dev/{key}")


def test_it_decrypts_the_secrets_of_its_own_stacks_alone(roles: Roles) -> None:
    own = {"demo/dev": True, "tenants/dev.tenant-a": False}
    for stack, writes in own.items():
        assert roles.may("kms:Decrypt", KEY, kms__EncryptionContext__stack=stack), stack
        assert roles.may("kms:Encrypt", KEY, kms__EncryptionContext__stack=stack) is writes, stack
    for stack in ("infrastructure/dev", "tenants/dev.tenant-b", "tenants/prod.tenant-a", "demo/prod", "demo2/dev"):
        assert not roles.may("kms:Decrypt", KEY, kms__EncryptionContext__stack=stack), stack
    assert not roles.may("kms:Decrypt", KEY)
    assert not roles.may("kms:Decrypt", f"{KEY}2", kms__EncryptionContext__stack="demo/dev")


def test_it_enters_the_cluster_as_its_own_deployer_and_as_nobody_else(roles: Roles) -> None:
    deployers = f"{ACCOUNT}:role/eks-platform/dev/deployers"
    assert roles.may("sts:AssumeRole", f"{deployers}/eks-tenant-a-deployer-dev")
    others = [arn for arn in roles.trust if not arn.endswith("/eks-tenant-a-deployer-dev")]
    assert {f"{ACCOUNT}:role/{name}" for name in ("eks-ci-deploy-dev", "eks-admin-role-dev")} <= set(others)
    assert f"{deployers}/eks-tenant-b-deployer-dev" in others
    assert [arn for arn in others if roles.may("sts:AssumeRole", arn)] == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"),
        ("iam:CreateRole", f"{ACCOUNT}:role/x"),
        ("iam:PassRole", f"{ACCOUNT}:role/eks-node-role-dev"),
        ("eks:DescribeCluster", "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev"),
        ("eks:CreateAccessEntry", "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev"),
        ("ec2:RunInstances", "*"),
        ("logs:GetLogEvents", "*"),
    ],
)
def test_it_reaches_nothing_else_of_the_platform(roles: Roles, action: str, resource: str) -> None:
    assert not roles.may(action, resource)


@pytest.mark.parametrize(
    ("subject", "assumed"),
    [
        (f"repo:{PLATFORM}:environment:dev.tenant-a", {"eks-tenant-a-ci-dev"}),
        (f"repo:{PLATFORM}:environment:dev.tenant-b", {"eks-tenant-b-ci-dev"}),
        (f"repo:{PLATFORM}:environment:dev", {"eks-ci-deploy-dev"}),
        (f"repo:{PLATFORM}:environment:dev-drift", {"eks-ci-drift-dev"}),
        (f"repo:{PLATFORM}:pull_request", {"eks-ci-preview-dev"}),
        (f"repo:{PLATFORM}:environment:prod.tenant-a", set()),
        (f"repo:{PLATFORM}:environment:dev.tenant", set()),
        (f"repo:{PLATFORM}:ref:refs/heads/main", set()),
        (f"repo:{PLATFORM}2:environment:dev.tenant-a", set()),
        (f"repo:{TEAM}:environment:dev", set()),
    ],
)
def test_a_job_assumes_the_one_role_of_its_subject(roles: Roles, subject: str, assumed: set[str]) -> None:
    assert roles.assumable_by(subject) == assumed


def test_its_documents_follow_the_rules_of_all_others(roles: Roles) -> None:
    wrong = [
        (one["Sid"], why) for one in (*roles.ci, *roles.boundary) for why in wrong_with_permission(one, "identity")
    ]
    assert wrong == []
    assert {one["Sid"] for one in roles.ci} >= {"KeepApplications", "ReadSecretsOfStates", "OwnImages", "Deploy"}
