"""The KMS key that encrypts Kubernetes Secrets and the logs of the control plane, the VPC and pods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from data_settings import EncryptionSettings
from stack_context import StackContext

from shared.iam import Statement, policy_document

_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    context: StackContext
    settings: EncryptionSettings
    log_groups: Sequence[pulumi.Input[str]]
    """Names of the groups that CloudWatch Logs may encrypt with the key; a final `*` matches any suffix."""


def key_policy(context: StackContext, log_groups: Sequence[str]) -> str:
    """Who may use the key.

    For the cluster role and users, the account's own IAM policies decide. EKS may use it for this account's clusters,
    CloudWatch Logs only for the named groups.
    """
    arn = f"arn:{context.partition}"
    logs = f"{arn}:logs:{context.region}:{context.account_id}:log-group"
    return policy_document(
        # Source: KMS developer guide, "Default key policy".
        Statement(
            sid="Account",
            actions=["kms:*"],
            resources=["*"],
            principals={"AWS": [f"{arn}:iam::{context.account_id}:root"]},
        ),
        # Only on behalf of this account. Source: IAM user guide, "The confused deputy problem".
        Statement(
            sid="Eks",
            actions=_USE,
            resources=["*"],
            principals={"Service": ["eks.amazonaws.com"]},
            conditions={"StringEquals": {"aws:SourceAccount": context.account_id}},
        ),
        # Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS". `ArnEquals` takes
        # wildcards: IAM user guide, "Amazon Resource Name (ARN) condition operators".
        Statement(
            sid="LogGroups",
            actions=_USE,
            resources=["*"],
            principals={"Service": [f"logs.{context.region}.amazonaws.com"]},
            conditions={
                "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": [f"{logs}:{group}" for group in log_groups]}
            },
        ),
    )


class Encryption(pulumi.ComponentResource):
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Encryption", name, {}, opts)
        key = aws.kms.Key(
            "secrets",
            description=f"Kubernetes Secrets and logs of {args.context.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=args.settings.key_deletion_window_days,
            policy=pulumi.Output.all(*args.log_groups).apply(lambda groups: key_policy(args.context, groups)),
            tags={"Name": args.context.named("eks-secrets")},
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )
        aws.kms.Alias(
            "secrets",
            name=args.context.named("alias/eks-secrets"),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})
