"""Resources tied to one IAM role by its unique ID rather than by its name."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def replaced_with(role: aws.iam.Role) -> pulumi.ResourceOptions:
    """Options that replace an access entry whenever its role is replaced.

    EKS stores the role's unique ID (`AROA…`) with the entry and rejects a new role with the same ARN. The ARN is the
    entry's key, so the old entry is deleted first.

    Source: EKS user guide, "Create access entries".
    """
    return pulumi.ResourceOptions(replacement_trigger=role.unique_id, delete_before_replace=True)
