"""The cluster's OIDC provider in IAM, and the permissions boundary of every tenant role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from ci_settings import GithubSettings
from cluster import Cluster
from pipeline_bounds import pipeline_bounds
from stack_context import StackContext
from tenant_storage import TenantStorage

from shared.external_secrets import KEEP_ACTIONS, READ_ACTIONS, secret_arns
from shared.iam import Statement, bucket_key_use, policy_document
from shared.naming import iam_policy_name


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentityArgs:
    context: StackContext
    cluster: Cluster
    storage: TenantStorage
    github: GithubSettings | None = None


def tenant_boundary(
    bucket_arn: str,
    cluster_arn: str,
    cluster_name: str,
    key_arns: Sequence[str] = (),
    pipelines: Sequence[Statement] = (),
) -> str:
    """The maximum permissions of any tenant role, regardless of its own policies.

    Source: IAM user guide, "Permissions boundaries for IAM entities".
    """
    return policy_document(
        Statement(
            sid="TenantBucket",
            actions=[
                "s3:ListBucket",
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            resources=[bucket_arn, f"{bucket_arn}/*"],
        ),
        Statement(sid="FindTheCluster", actions=["eks:DescribeCluster"], resources=[cluster_arn]),
        Statement(
            sid="TenantSecrets",
            actions=sorted({*READ_ACTIONS, *KEEP_ACTIONS}),
            resources=[secret_arns(cluster_arn, f"{cluster_name}/")],
        ),
        *([bucket_key_use(key_arns)] if key_arns else []),
        *pipelines,
    )


class WorkloadIdentity(pulumi.ComponentResource):
    oidc_provider_arn: pulumi.Output[str]
    tenant_boundary_arn: pulumi.Output[str]

    def __init__(self, name: str, args: WorkloadIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:WorkloadIdentity", name, {}, opts)
        # No thumbprint: IAM verifies EKS issuers with its own list of certificate authorities.
        provider = aws.iam.OpenIdConnectProvider(
            "oidc",
            url=args.cluster.oidc_issuer_url,
            client_id_lists=["sts.amazonaws.com"],
            tags={"Name": args.context.named("eks-oidc")},
            opts=pulumi.ResourceOptions(parent=self),
        )
        boundary = aws.iam.Policy(
            "tenant-boundary",
            name=iam_policy_name(args.context.named("eks-tenant-boundary")),
            description="The most that a tenant's roles may do",
            policy=pulumi.Output.all(args.storage.bucket_arn, args.cluster.arn, args.cluster.name).apply(
                lambda facts: tenant_boundary(
                    *facts,
                    key_arns=args.storage.key_arns,
                    pipelines=pipeline_bounds(args.context, args.github),
                )
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.oidc_provider_arn = provider.arn
        self.tenant_boundary_arn = boundary.arn
        self.register_outputs({})
