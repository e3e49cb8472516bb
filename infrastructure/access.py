"""Access to the Kubernetes API, by access entries only.

The cluster creator gets no access, so the admin role's entry is the only one in this tier; tenants' entries are in tier
3. It is not protected against replacement: EKS stores the role's unique ID, so the entry is replaced with the role, and
`tiers destroy` deletes nothing in a stack that contains a protected resource.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from cluster import Cluster
from roles import Roles
from stack_context import StackContext

from shared.iam_identity import replaced_with


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    context: StackContext
    cluster: Cluster
    roles: Roles


class Access(pulumi.ComponentResource):
    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Access", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        entry = aws.eks.AccessEntry(
            "admin",
            cluster_name=args.cluster.name,
            principal_arn=args.roles.admin.arn,
            tags={"Name": args.context.named("admin")},
            opts=pulumi.ResourceOptions.merge(child, replaced_with(args.roles.admin)),
        )
        # Source: EKS user guide, "Review access policy permissions".
        policy = f"arn:{args.context.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        aws.eks.AccessPolicyAssociation(
            "admin",
            cluster_name=args.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=policy,
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=child,
        )
        self.register_outputs({})
