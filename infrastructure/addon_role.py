"""The IAM role of an add-on's service account, by IRSA or EKS Pod Identity, with the same policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from cluster import Cluster
from stack_context import StackContext
from workload_identity import WorkloadIdentity

from shared.iam import pod_identity_trust, service_account_trust
from shared.naming import iam_role_name

NAMESPACE = "kube-system"


@dataclass(frozen=True, kw_only=True)
class AddonRoleArgs:
    context: StackContext
    by: Literal["irsa", "pod-identity"]
    cluster: Cluster
    identity: WorkloadIdentity
    service_account: str
    managed_policies: Sequence[str]
    """AWS managed policies, without the ARN prefix, e.g. `service-role/AmazonEBSCSIDriverPolicy`."""


class AddonRole(pulumi.ComponentResource):
    """The logical name is the add-on's and is part of the physical name.

    Exactly one of the two attributes is set; `aws.eks.Addon` accepts both.
    """

    service_account_role_arn: pulumi.Output[str] | None
    pod_identity_associations: list[aws.eks.AddonPodIdentityAssociationArgs] | None
    attachments: list[pulumi.Resource]

    def __init__(self, name: str, args: AddonRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:AddonRole", name, {}, opts)
        self._args = args
        role = aws.iam.Role(
            name,
            name=iam_role_name(args.context.named(f"eks-{name}")),
            assume_role_policy=self._trust(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy.rsplit('/', 1)[-1]}",
                role=role.name,
                policy_arn=f"arn:{args.context.partition}:iam::aws:policy/{policy}",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for policy in args.managed_policies
        ]
        by_oidc = args.by == "irsa"
        self.service_account_role_arn = role.arn if by_oidc else None
        self.pod_identity_associations = (
            None
            if by_oidc
            else [
                aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=args.service_account),
            ]
        )
        self.register_outputs({})

    def _trust(self) -> pulumi.Output[str]:
        args = self._args
        if args.by == "pod-identity":
            return args.cluster.arn.apply(
                lambda arn: pod_identity_trust(
                    cluster_arn=arn, namespaces=[NAMESPACE], service_account=args.service_account
                )
            )
        return pulumi.Output.all(args.identity.oidc_provider_arn, args.cluster.oidc_issuer_url).apply(
            lambda facts: service_account_trust(
                oidc_provider_arn=facts[0],
                oidc_issuer_url=facts[1],
                namespaces=[NAMESPACE],
                service_account=args.service_account,
            )
        )
