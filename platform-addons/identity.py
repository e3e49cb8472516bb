"""The IAM role of an add-on's service account, by the method of the cluster: IRSA or EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from addon import AddonArgs

from shared.naming import iam_role_name
from shared.settings import Settings
from shared.workload_roles import ClusterIdentity, Policy, WorkloadRole, WorkloadRoleArgs


@dataclass(frozen=True, kw_only=True)
class ServiceAccountName:
    namespace: str
    name: str


def addon_role(
    name: str,
    args: AddonArgs[Settings],
    account: ServiceAccountName,
    opts: pulumi.ResourceOptions,
    *,
    policy: str,
    document: pulumi.Input[str],
    managed_policies: Sequence[str] = (),
    associate: bool = True,
) -> WorkloadRole:
    """Registers the role `eks-<name>-<suffix>`, as children of the add-on's component.

    Args:
        policy: name of its inline policy, and `document` that policy.
        associate: whether to create the association of Pod Identity; an EKS add-on creates its own.
    """
    physical = iam_role_name(args.context.named(f"eks-{name}"))
    return WorkloadRole(
        name,
        WorkloadRoleArgs(
            identity=ClusterIdentity.of(args.infrastructure, args.identity),
            role_name=physical,
            service_account=account.name,
            namespaces=[account.namespace],
            associations={account.namespace: name} if associate else {},
            policies={name: Policy(name=args.context.named(policy), document=document)},
            managed_policies=managed_policies,
            tags={"Name": physical},
        ),
        opts,
    )
