"""The tenant's two AWS roles, behind the permissions boundary of tier 1: its pods' and its deployers'.

What deployers may do inside the cluster is in `deployers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from place import Place

from shared.contracts import Infrastructure
from shared.iam import Statement, account_trust, policy_document, principal_trust, service_account_trust
from shared.kubernetes_labels import TENANT_SERVICE_ACCOUNT
from shared.naming import iam_role_name
from shared.tenant_file import TenantFile


@dataclass(frozen=True, kw_only=True)
class AwsRolesArgs:
    place: Place
    infrastructure: Infrastructure


def bucket_policy(tenant: TenantFile, bucket_arn: str) -> str:
    """The tenant's own prefix of the bucket, listing included.

    Source: IAM user guide, "Amazon S3: Allows IAM users access to their S3 home directory".
    """
    actions = ["s3:GetObject"]
    if tenant.bucket_access == "read-write":
        actions += ["s3:PutObject", "s3:DeleteObject"]
    return policy_document(
        Statement(
            sid="ListOwnPrefix",
            actions=["s3:ListBucket"],
            resources=[bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{tenant.bucket_prefix}*"}},
        ),
        Statement(sid="OwnObjects", actions=actions, resources=[f"{bucket_arn}/{tenant.bucket_prefix}*"]),
    )


def find_cluster_policy(cluster_arn: str) -> str:
    """What `aws eks update-kubeconfig` asks for."""
    return policy_document(Statement(sid="FindTheCluster", actions=["eks:DescribeCluster"], resources=[cluster_arn]))


class AwsRoles(pulumi.ComponentResource):
    workload: aws.iam.Role
    deployer: aws.iam.Role

    def __init__(self, name: str, args: AwsRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:AwsRoles", name, {}, opts)
        self._args = args
        place, above = args.place, args.infrastructure
        tenant = place.tenant
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
                above.tenant_bucket_arn.apply(lambda bucket_arn: bucket_policy(tenant, bucket_arn)),
            )
        self.deployer = self._role(
            "deployer",
            principal_trust(tenant.deployer_principal_arns)
            if tenant.deployer_principal_arns
            else account_trust(partition=place.partition, account_id=place.account_id),
        )
        self._policy("find-cluster", self.deployer, above.cluster_arn.apply(find_cluster_policy))
        self.register_outputs({})

    def _role(self, name: str, trust: pulumi.Input[str]) -> aws.iam.Role:
        physical = iam_role_name(self._args.place.named(name))
        return aws.iam.Role(
            name,
            name=physical,
            assume_role_policy=trust,
            permissions_boundary=self._args.infrastructure.tenant_boundary_arn,
            tags={"Name": physical, "tenant": self._args.place.tenant.name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _policy(self, name: str, role: aws.iam.Role, policy: pulumi.Input[str]) -> None:
        aws.iam.RolePolicy(
            name,
            name=self._args.place.named(name),
            role=role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        )
