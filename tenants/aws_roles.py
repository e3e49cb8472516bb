"""The tenant's IAM roles, for its pods, its people and its pipeline, limited by the permissions boundary of tier 1.

Permissions of people inside the cluster are in `deployers.py` and `people.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from ci_role import CiRole, CiRoleArgs
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.external_secrets import KEEP_ACTIONS, READ_ACTIONS, secret_arns, tenant_secrets
from shared.iam import (
    Statement,
    account_statement,
    bucket_key_use,
    deployers_path,
    github_statement,
    people_path,
    policy_document,
    principal_statement,
    service_account_trust,
)
from shared.kubernetes_labels import TENANT_SERVICE_ACCOUNT
from shared.naming import iam_role_name
from shared.tenant_file import TenantFile


@dataclass(frozen=True, kw_only=True)
class AwsRolesArgs:
    context: StackContext
    infrastructure: Infrastructure


def bucket_policy(tenant: TenantFile, bucket_arn: str, key_arns: Sequence[str]) -> str:
    """Access to the tenant's prefix in the bucket, including listing, and use of the KMS keys that encrypt it.

    Source: IAM user guide, "Amazon S3: Allows IAM users access to their S3 home directory".
    """
    actions = ["s3:GetObject"]
    if tenant.bucket_access == "read-write":
        # For multipart uploads, which SDKs abort or resume after a failure.
        actions += ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    return policy_document(
        Statement(
            sid="ListOwnPrefix",
            actions=["s3:ListBucket"],
            resources=[bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{tenant.bucket_prefix}*"}},
        ),
        Statement(sid="OwnObjects", actions=actions, resources=[f"{bucket_arn}/{tenant.bucket_prefix}*"]),
        *([bucket_key_use(key_arns)] if key_arns else []),
    )


def read_secrets_policy(arns: str) -> str:
    """For the controller, which acts as the tenant's service account, and for pods that call Secrets Manager.

    Source: that of the actions, in `shared.external_secrets`.
    """
    return policy_document(Statement(sid="ReadOwnSecrets", actions=READ_ACTIONS, resources=[arns]))


def keep_secrets_policy(arns: str) -> str:
    """Create, update and delete secrets, but not read them; only pods can.

    Source: that of the actions, in `shared.external_secrets`.
    """
    return policy_document(Statement(sid="KeepOwnSecrets", actions=KEEP_ACTIONS, resources=[arns]))


def find_cluster_policy(cluster_arn: str) -> str:
    """Permission required by `aws eks update-kubeconfig`.

    Source: EKS user guide, "Connect kubectl to an EKS cluster by creating a kubeconfig file", prerequisites.
    """
    return policy_document(Statement(sid="FindTheCluster", actions=["eks:DescribeCluster"], resources=[cluster_arn]))


def deployer_trust(context: StackContext, ci_role_arn: str = "") -> str:
    """Who may deploy: IAM users and roles, the tenant's CI role, and its own pipeline if its file names a repository.

    The pipeline's jobs must run in the GitHub environment with the name of this environment, so that its approvals and
    branch rules apply.
    """
    tenant = context.tenant
    statements = [
        principal_statement([*tenant.developer_principals, ci_role_arn])
        if tenant.developer_principals
        else account_statement(partition=context.partition, account_id=context.account_id)
    ]
    if tenant.repository:
        subject = f"repo:{tenant.repository}:environment:{context.environment}"
        statements.append(
            github_statement(partition=context.partition, account_id=context.account_id, subjects=[subject])
        )
    return policy_document(*statements)


def people_trust(principals: Sequence[str]) -> str:
    """Source: that of the statement, in `shared.iam`."""
    return policy_document(principal_statement(principals))


class AwsRoles(pulumi.ComponentResource):
    workload: aws.iam.Role
    deployer: aws.iam.Role
    ci: CiRole
    people: Mapping[str, aws.iam.Role]
    """By role, `owners` and `viewers`, those that have principals."""

    def __init__(self, name: str, args: AwsRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:AwsRoles", name, {}, opts)
        self._args = args
        context, above = args.context, args.infrastructure
        tenant = context.tenant
        self.workload = self._role(
            "workload",
            pulumi.Output.all(above.oidc_provider_arn, above.oidc_issuer_url).apply(
                lambda oidc: service_account_trust(
                    oidc_provider_arn=oidc[0],
                    oidc_issuer_url=oidc[1],
                    namespaces=tenant.namespaces,
                    service_account=TENANT_SERVICE_ACCOUNT,
                )
            ),
        )
        if tenant.bucket_access != "none":
            self._policy(
                "bucket-prefix",
                self.workload,
                pulumi.Output.all(above.tenant_bucket_arn, above.tenant_bucket_key_arns).apply(
                    lambda arns: bucket_policy(tenant, *arns)
                ),
            )
        self.ci = CiRole("ci", CiRoleArgs(context=context, infrastructure=above), pulumi.ResourceOptions(parent=self))
        # Whoever the account's own policies allow includes the CI role.
        trust = (
            self.ci.role.arn.apply(lambda arn: deployer_trust(context, arn))
            if tenant.developer_principals
            else deployer_trust(context)
        )
        self.deployer = self._role("deployer", trust, path=deployers_path(context.suffix))
        self.ci.may_enter_cluster_as(self.deployer)
        self._policy("find-cluster", self.deployer, above.cluster_arn.apply(find_cluster_policy))
        self.people = {
            role: self._role(role.removesuffix("s"), people_trust(principals), path=people_path(context.suffix))
            for role in ("owners", "viewers")
            if (principals := getattr(tenant.people, role).principals)
        }
        for name, role in self.people.items():
            self._policy(f"{name}-find-cluster", role, above.cluster_arn.apply(find_cluster_policy))
        if context.external_secrets:
            arns = pulumi.Output.all(above.cluster_arn, above.cluster_name).apply(
                lambda cluster: secret_arns(cluster[0], tenant_secrets(cluster[1], tenant.name))
            )
            self._policy("read-secrets", self.workload, arns.apply(read_secrets_policy))
            self._policy("keep-secrets", self.deployer, arns.apply(keep_secrets_policy))
            if "owners" in self.people:
                self._policy("owners-keep-secrets", self.people["owners"], arns.apply(keep_secrets_policy))
        self.register_outputs({})

    def _role(self, name: str, trust: pulumi.Input[str], *, path: str | None = None) -> aws.iam.Role:
        physical = iam_role_name(self._args.context.named(name))
        return aws.iam.Role(
            name,
            name=physical,
            path=path,
            assume_role_policy=trust,
            permissions_boundary=self._args.infrastructure.tenant_boundary_arn,
            tags=self._args.context.tags(physical),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _policy(self, name: str, role: aws.iam.Role, policy: pulumi.Input[str]) -> None:
        aws.iam.RolePolicy(
            name,
            name=self._args.context.named(name),
            role=role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        )
