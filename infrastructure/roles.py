"""The three IAM roles of the cluster: control plane, nodes, and administrators.

Roles of workloads belong to the tier that deploys the workload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from cluster_settings import ACCOUNT
from settings import InfrastructureSettings
from stack_context import StackContext

from shared.iam import Statement, policy_document, principal_statement, service_trust
from shared.naming import iam_role_name

# Source: EKS user guide, "Amazon EKS cluster IAM role", and "Assign security groups to individual Pods".
CLUSTER_POLICIES = ("AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController")

# Source: EKS user guide, "Amazon EKS node IAM role"; SSM instead of SSH.
NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonSSMManagedInstanceCore",
)


# Source: CloudWatch user guide, "Set up the CloudWatch agent", IAM roles.
CLOUDWATCH_POLICY = "CloudWatchAgentServerPolicy"


@dataclass(frozen=True, kw_only=True)
class RolesArgs:
    context: StackContext
    settings: InfrastructureSettings
    secrets_key_arn: pulumi.Input[str]


def admin_trust(args: RolesArgs) -> str:
    """Who may assume the admin role; the setting is never empty."""
    context = args.context
    root = f"arn:{context.partition}:iam::{context.account_id}:root"
    # Source: EKS user guide, "Grant IAM users access to Kubernetes with EKS access entries"; IAM user guide, "AWS JSON
    # policy elements: Principal".
    arns = [root if arn == ACCOUNT else arn for arn in args.settings.admin_principal_arns]
    return policy_document(principal_statement(arns))


def node_policies(settings: InfrastructureSettings) -> tuple[str, ...]:
    return (*NODE_POLICIES, *((CLOUDWATCH_POLICY,) if settings.node_cloudwatch_policy else ()))


def secrets_key_use(key_arn: str) -> str:
    # Source: EKS user guide, "Encrypt Kubernetes secrets with KMS": permissions of the cluster's role on the key.
    return policy_document(
        Statement(
            sid="EncryptSecrets",
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
            resources=[key_arn],
        )
    )


class Roles(pulumi.ComponentResource):
    cluster: aws.iam.Role
    node: aws.iam.Role
    admin: aws.iam.Role
    attachments: list[pulumi.Resource]
    """The roles, and the policies that must exist before the cluster and the nodes use them."""

    def __init__(self, name: str, args: RolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Roles", name, {}, opts)
        self._args = args
        self.attachments = []
        self.cluster = self._role(
            "eks-cluster-role",
            service_trust("eks.amazonaws.com", actions=["sts:AssumeRole", "sts:TagSession"]),
            CLUSTER_POLICIES,
        )
        self.node = self._role("eks-node-role", service_trust("ec2.amazonaws.com"), node_policies(args.settings))
        self.admin = self._role("eks-admin-role", admin_trust(args), ())
        self.attachments.append(
            aws.iam.RolePolicy(
                "eks-cluster-role-secrets-key",
                name=args.context.named("secrets-key"),
                role=self.cluster.name,
                policy=pulumi.Output.from_input(args.secrets_key_arn).apply(secrets_key_use),
                opts=pulumi.ResourceOptions(parent=self),
            )
        )
        self.register_outputs({})

    def _role(self, name: str, trust: str, managed_policies: Sequence[str]) -> aws.iam.Role:
        role = aws.iam.Role(
            name,
            name=iam_role_name(self._args.context.named(name)),
            assume_role_policy=trust,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for policy in managed_policies:
            self.attachments.append(
                aws.iam.RolePolicyAttachment(
                    f"{name}-{policy}",
                    role=role.name,
                    policy_arn=f"arn:{self._args.context.partition}:iam::aws:policy/{policy}",
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        return role
