"""The KMS key that encrypts Kubernetes Secrets and the control plane's logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from place import Place
from settings import EncryptionSettings

from shared.iam import Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    place: Place
    settings: EncryptionSettings


def key_policy(args: EncryptionArgs) -> str:
    """Who may use the key.

    The account's own IAM policies decide for the cluster role and for people; CloudWatch Logs is named, for this
    cluster's log group alone.
    """
    place = args.place
    arn = f"arn:{place.partition}"
    log_group = f"{arn}:logs:{place.region}:{place.account_id}:log-group:/aws/eks/{place.cluster_name}/cluster"
    return policy_document(
        # Source: KMS developer guide, "Default key policy".
        Statement(
            sid="Account",
            actions=["kms:*"],
            resources=["*"],
            principals={"AWS": [f"{arn}:iam::{place.account_id}:root"]},
        ),
        # Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
        Statement(
            sid="ControlPlaneLogs",
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            resources=["*"],
            principals={"Service": [f"logs.{place.region}.amazonaws.com"]},
            conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": log_group}},
        ),
    )


class Encryption(pulumi.ComponentResource):
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Encryption", name, {}, opts)
        key = aws.kms.Key(
            "secrets",
            description=f"Kubernetes Secrets and control-plane logs of {args.place.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=args.settings.key_deletion_window_days,
            policy=key_policy(args),
            tags={"Name": args.place.named("eks-secrets")},
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )
        aws.kms.Alias(
            "secrets",
            name=args.place.named("alias/eks-secrets"),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})
