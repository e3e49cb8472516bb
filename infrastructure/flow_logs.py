"""A record of every connection in the VPC, accepted or not, in CloudWatch Logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from log_settings import LogSettings
from stack_context import StackContext

from shared.iam import Statement, policy_document
from shared.naming import iam_role_name


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    context: StackContext
    settings: LogSettings
    vpc_id: pulumi.Output[str]
    key_arn: pulumi.Input[str]
    """KMS key of the group; the key policy must allow the group."""


def flow_log_group(vpc_id: str) -> str:
    return f"/aws/vpc/flowlogs/{vpc_id}"


def delivery_trust(context: StackContext) -> str:
    """Trust in the flow logs of this account and region only, against the confused deputy problem.

    Source: VPC user guide, "Publish flow logs to CloudWatch Logs".
    """
    return policy_document(
        Statement(
            sid="FlowLogs",
            actions=["sts:AssumeRole"],
            principals={"Service": ["vpc-flow-logs.amazonaws.com"]},
            conditions={
                "StringEquals": {"aws:SourceAccount": context.account_id},
                "ArnLike": {
                    "aws:SourceArn": f"arn:{context.partition}:ec2:{context.region}:{context.account_id}:vpc-flow-log/*"
                },
            },
        )
    )


def delivery_policy(group_arn: str) -> str:
    # Source: VPC user guide, "Publish flow logs to CloudWatch Logs"; no CreateLogGroup, as the stack creates the group.
    return policy_document(
        Statement(
            sid="WriteFlowLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            resources=[group_arn, f"{group_arn}:*"],
        ),
        # The action supports no narrower resource. Source: Service Authorization Reference, "Amazon CloudWatch Logs".
        Statement(sid="FindGroup", actions=["logs:DescribeLogGroups"], resources=["*"]),
    )


class FlowLogs(pulumi.ComponentResource):
    """The flow log of a VPC."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:FlowLogs", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        context = args.context
        group = aws.cloudwatch.LogGroup(
            "flow-logs",
            name=args.vpc_id.apply(flow_log_group),
            retention_in_days=args.settings.flow_log_retention_days,
            kms_key_id=args.key_arn,
            tags={"Name": context.named("vpc-flow-logs")},
            opts=child,
        )
        role_name = iam_role_name(context.named("vpc-flow-logs-role"))
        role = aws.iam.Role(
            "flow-logs",
            name=role_name,
            assume_role_policy=delivery_trust(context),
            tags={"Name": role_name},
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            "flow-logs",
            name=context.named("vpc-flow-logs"),
            role=role.name,
            policy=group.arn.apply(delivery_policy),
            opts=child,
        )
        aws.ec2.FlowLog(
            "vpc",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags={"Name": context.named("vpc-flow-logs")},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})
