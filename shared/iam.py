"""IAM documents, built from typed parts.

Only what several tiers need: statements, documents, and trust policies with exact subjects. Policies that one tier
uses are defined in that tier, with the AWS page they come from on the line above.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

IdentityMethod = Literal["irsa", "pod-identity"]
"""How pods of a cluster get the IAM role of their service account."""

GITHUB_ISSUER = "token.actions.githubusercontent.com"
"""Issuer of GitHub Actions tokens without its scheme, as IAM conditions use it."""

PLATFORM_PATH = "/eks-platform/"
"""IAM path of roles that the platform's policies match by pattern. Role names can be chosen freely, so other principals
that may create roles in the account must not be allowed to create them under this path."""

PULL_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
)
PUSH_ACTIONS = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
"""Beside `PULL_ACTIONS`. Source: ECR user guide, "IAM permissions for pushing an image to an Amazon ECR private
repository"."""

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy document. Empty `resources` are omitted, as trust policies require."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, Sequence[str]] | Literal["*"] = field(default_factory=dict[str, Sequence[str]])
    conditions: Conditions = field(default_factory=dict[str, Mapping[str, str | Sequence[str]]])

    def to_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principals:
            document["Principal"] = (
                self.principals
                if isinstance(self.principals, str)
                else {kind: _one_or_list(names) for kind, names in self.principals.items()}
            )
        document["Action"] = _one_or_list(self.actions)
        if self.resources:
            document["Resource"] = _one_or_list(self.resources)
        if self.conditions:
            document["Condition"] = {test: dict(values) for test, values in self.conditions.items()}
        return document


def deployers_path(suffix: str) -> str:
    """IAM path of the tenants' deployer roles of one environment: `/eks-platform/dev/deployers/`.

    Source: IAM user guide, "IAM identifiers", friendly names and paths.
    """
    return f"{PLATFORM_PATH}{suffix}/deployers/"


def people_path(suffix: str) -> str:
    """IAM path of the roles of the tenants' owners and viewers of one environment: `/eks-platform/dev/people/`."""
    return f"{PLATFORM_PATH}{suffix}/people/"


def ci_path(suffix: str) -> str:
    """IAM path of the roles of the tenants' pipelines of one environment: `/eks-platform/dev/ci/`."""
    return f"{PLATFORM_PATH}{suffix}/ci/"


def ci_subject(environment: str, tenant: str) -> str:
    """Subject of a tenant's jobs in the platform's repository: those of the GitHub environment `dev.tenant-a`.

    The platform's own GitHub environments, such as `dev` and `dev-drift`, have no dot in their names.

    Source: GitHub Docs, "OpenID Connect reference", example subject claims.
    """
    return f"environment:{environment}.{tenant}"


def policy_document(*statements: Statement) -> str:
    """A policy document as JSON text."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement.to_dict() for statement in statements]})


def bucket_key_use(key_arns: Sequence[str]) -> Statement:
    """KMS permissions needed to read and write objects encrypted with these keys.

    Source: S3 user guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)", permissions.
    """
    return Statement(sid="BucketKey", actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=key_arns)


def service_trust(service: str, *, actions: Sequence[str] = ("sts:AssumeRole",)) -> str:
    """Trust in an AWS service, e.g. `ec2.amazonaws.com`.

    Source: IAM user guide, "AWS JSON policy elements: Principal", AWS service principals.
    """
    return policy_document(Statement(sid="Service", actions=actions, principals={"Service": [service]}))


def principal_statement(arns: Sequence[str]) -> Statement:
    """Trust in the named IAM roles and users only.

    Source: IAM user guide, "AWS JSON policy elements: Principal", IAM role principals.
    """
    return Statement(sid="Principals", actions=["sts:AssumeRole"], principals={"AWS": arns})


def account_statement(*, partition: str, account_id: str) -> Statement:
    """Trust in an account: its own identity policies decide which principals may assume the role.

    Source: IAM user guide, "AWS JSON policy elements: Principal", AWS account principals.
    """
    root = f"arn:{partition}:iam::{account_id}:root"
    return Statement(sid="Account", actions=["sts:AssumeRole"], principals={"AWS": [root]})


def service_account_trust(
    *, oidc_provider_arn: str, oidc_issuer_url: str, namespaces: Sequence[str], service_account: str
) -> str:
    """Trust in one service account name in each of `namespaces` (IRSA): subject and audience must match exactly.

    Source: EKS user guide, "Assign IAM roles to Kubernetes service accounts".
    """
    issuer = oidc_issuer_url.removeprefix("https://")
    return policy_document(
        Statement(
            sid="ServiceAccount",
            actions=["sts:AssumeRoleWithWebIdentity"],
            principals={"Federated": [oidc_provider_arn]},
            conditions={
                "StringEquals": {
                    f"{issuer}:aud": "sts.amazonaws.com",
                    f"{issuer}:sub": _one_or_list(
                        [f"system:serviceaccount:{namespace}:{service_account}" for namespace in namespaces]
                    ),
                }
            },
        )
    )


def github_provider_arn(*, partition: str, account_id: str) -> str:
    """ARN of the account's OIDC provider for GitHub; IAM allows one per account."""
    return f"arn:{partition}:iam::{account_id}:oidc-provider/{GITHUB_ISSUER}"


def github_statement(*, partition: str, account_id: str, subjects: Sequence[str]) -> Statement:
    """Trust in GitHub Actions jobs whose subject exactly matches one of `subjects`.

    Args:
        subjects: e.g. `repo:owner/name:environment:dev` or `repo:owner/name:pull_request`.

    Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services".
    """
    return Statement(
        sid="GithubActions",
        actions=["sts:AssumeRoleWithWebIdentity"],
        principals={"Federated": [github_provider_arn(partition=partition, account_id=account_id)]},
        conditions={
            "StringEquals": {
                f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com",
                f"{GITHUB_ISSUER}:sub": _one_or_list(subjects),
            }
        },
    )


def pod_identity_trust(*, cluster_arn: str, namespaces: Sequence[str], service_account: str) -> str:
    """Trust in the same service accounts by EKS Pod Identity: cluster, namespace and name must match exactly.

    Source: EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity".
    """
    account = cluster_arn.split(":")[4]
    return policy_document(
        Statement(
            sid="PodIdentity",
            # The conditions compare the session tags.
            actions=["sts:AssumeRole", "sts:TagSession"],
            principals={"Service": ["pods.eks.amazonaws.com"]},
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": account,
                    "aws:RequestTag/eks-cluster-arn": cluster_arn,
                    "aws:RequestTag/kubernetes-namespace": _one_or_list(list(namespaces)),
                    "aws:RequestTag/kubernetes-service-account": service_account,
                },
                "ArnEquals": {"aws:SourceArn": cluster_arn},
            },
        )
    )


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
