"""An EKS add-on: a managed deployment of AWS, with the IAM role of its service account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from shared.iam import IdentityMethod


@dataclass(frozen=True, kw_only=True)
class AddonRole:
    """An IAM role that the add-on passes to its service account, by the cluster's method."""

    method: IdentityMethod
    service_account: str
    arn: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    """Resources that must exist before the add-on uses the role."""


@dataclass(frozen=True, kw_only=True)
class EksAddonArgs:
    cluster_name: pulumi.Input[str]
    version: str
    tag: str
    """Value of the tag `Name`."""
    configuration: str | None = None
    """`configurationValues`, as JSON."""
    role: AddonRole | None = None
    after: Sequence[pulumi.Resource] = ()


def eks_addon(name: str, args: EksAddonArgs, opts: pulumi.ResourceOptions) -> aws.eks.Addon:
    """Installs the add-on `name`, which is its logical name too, over whatever self-managed version there is."""
    role = args.role
    associated = role is not None and role.method == "pod-identity"
    return aws.eks.Addon(
        name,
        cluster_name=args.cluster_name,
        addon_name=name,
        addon_version=args.version,
        configuration_values=args.configuration,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        service_account_role_arn=role.arn if role and not associated else None,
        pod_identity_associations=[
            aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=role.service_account)
        ]
        if role and associated
        else None,
        tags={"Name": args.tag},
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[*args.after, *(role.ready if role else ())])
        ),
    )
