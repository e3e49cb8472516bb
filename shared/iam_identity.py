"""What belongs to one IAM role, and not to whichever role has its name."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def replaced_with(role: aws.iam.Role) -> pulumi.ResourceOptions:
    """Options of an access entry that is made again when its role is.

    EKS keeps the role's unique id (`AROA…`) with the entry, and goes on refusing a role of the same ARN. The ARN is the
    entry's key, so that the old entry goes first.

    Source: EKS user guide, "Create access entries".
    """
    return pulumi.ResourceOptions(replacement_trigger=role.unique_id, delete_before_replace=True)
