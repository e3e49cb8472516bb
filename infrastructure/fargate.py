"""Fargate profiles: pods of selected platform namespaces run on Fargate instead of the platform's nodes.

A ConfigMap in tier 2 configures their logging; the execution role here allows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from cluster import Cluster
from network import Network
from settings import InfrastructureSettings
from stack_context import StackContext

from shared.iam import Statement, policy_document
from shared.log_groups import fargate_log_group
from shared.naming import iam_role_name

POLICY = "AmazonEKSFargatePodExecutionRolePolicy"


@dataclass(frozen=True, kw_only=True)
class FargateArgs:
    context: StackContext
    settings: InfrastructureSettings
    network: Network
    cluster: Cluster


def execution_trust(context: StackContext) -> str:
    profiles = (
        f"arn:{context.partition}:eks:{context.region}:{context.account_id}:fargateprofile/{context.cluster_name}/*"
    )
    # Source: EKS user guide, "Amazon EKS Pod execution IAM role".
    return policy_document(
        Statement(
            sid="FargatePods",
            actions=["sts:AssumeRole"],
            principals={"Service": ["eks-fargate-pods.amazonaws.com"]},
            conditions={"ArnLike": {"aws:SourceArn": profiles}},
        )
    )


def pod_logs_policy(context: StackContext) -> str:
    """Allows writing to the log group that tier 2 creates; no CreateLogGroup, which would create one without retention.

    Source: EKS user guide, "Start AWS Fargate logging for your cluster".
    """
    group = (
        f"arn:{context.partition}:logs:{context.region}:{context.account_id}"
        f":log-group:{fargate_log_group(context.cluster_name)}"
    )
    return policy_document(
        Statement(
            sid="WritePodLogs",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[group, f"{group}:*"],
        )
    )


class Fargate(pulumi.ComponentResource):
    """Creates nothing if no profile is set."""

    def __init__(self, name: str, args: FargateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Fargate", name, {}, opts)
        self._args = args
        profiles = args.settings.fargate_profiles
        if profiles:
            role, policies = self._execution_role()
            before: list[pulumi.Resource] = policies
            for profile in profiles:
                # EKS creates or deletes only one profile of a cluster at a time.
                before = [self._profile(profile, role, after=before)]
        self.register_outputs({})

    def _execution_role(self) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """The role, and the resources that grant its permissions."""
        context = self._args.context
        role = aws.iam.Role(
            "eks-fargate-role",
            name=iam_role_name(context.named("eks-fargate-role")),
            assume_role_policy=execution_trust(context),
            opts=pulumi.ResourceOptions(parent=self),
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"eks-fargate-role-{POLICY}",
            role=role.name,
            policy_arn=f"arn:{context.partition}:iam::aws:policy/{POLICY}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        policies: list[pulumi.Resource] = [attachment]
        if self._args.settings.fargate_pod_logs:
            policies.append(
                aws.iam.RolePolicy(
                    "eks-fargate-pod-logs",
                    name=context.named("eks-fargate-pod-logs"),
                    role=role.name,
                    policy=pod_logs_policy(context),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        return role, policies

    def _profile(self, name: str, role: aws.iam.Role, after: list[pulumi.Resource]) -> aws.eks.FargateProfile:
        args = self._args
        return aws.eks.FargateProfile(
            name,
            cluster_name=args.cluster.name,
            fargate_profile_name=args.context.named(name),
            pod_execution_role_arn=role.arn,
            subnet_ids=args.network.private_subnet_ids,
            selectors=[
                aws.eks.FargateProfileSelectorArgs(namespace=selector.namespace, labels=selector.labels or None)
                for selector in args.settings.fargate_profiles[name].selectors
            ],
            tags={"Name": args.context.named(name)},
            # Profiles are immutable, and the name is fixed, since it is part of the node names.
            opts=pulumi.ResourceOptions(parent=self, depends_on=after, delete_before_replace=True),
        )
