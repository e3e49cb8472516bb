"""The IAM role of an add-on's service account, by IRSA or EKS Pod Identity.

Both use the same policies. With IRSA the role trusts the cluster's OIDC provider, and an annotation on the
ServiceAccount names it; with Pod Identity it trusts EKS and is associated with the ServiceAccount's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from addon import AddonArgs

from shared.iam import pod_identity_trust, service_account_trust
from shared.kubernetes_labels import ROLE_ARN_ANNOTATION
from shared.naming import iam_role_name
from shared.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ServiceAccountName:
    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Policies:
    """Policies of a role."""

    inline: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Inline policy documents by name."""
    managed: Sequence[str] = ()
    """AWS managed policies, without the ARN prefix: `CloudWatchAgentServerPolicy`."""


class WorkloadRole:
    """Registers role, policies and, with Pod Identity, the association, as children of the add-on's component.

    Args:
        name: logical name; the role's physical name is `eks-<name>-<suffix>`.
        associate: whether to create the association; an EKS add-on creates its own.
    """

    arn: pulumi.Output[str]
    annotations: dict[str, pulumi.Input[str]]
    """Annotations of the ServiceAccount."""
    ready: list[pulumi.Resource]
    """Resources that must exist before a pod uses the role."""

    def __init__(
        self,
        name: str,
        args: AddonArgs[Settings],
        account: ServiceAccountName,
        policies: Policies,
        opts: pulumi.ResourceOptions,
        *,
        associate: bool = True,
    ) -> None:
        above = args.infrastructure
        physical = iam_role_name(args.context.named(f"eks-{name}"))
        by_pod_identity = args.identity == "pod-identity"
        role = aws.iam.Role(
            name,
            name=physical,
            assume_role_policy=_pod_identity(args, account) if by_pod_identity else _irsa(args, account),
            tags={"Name": physical},
            opts=opts,
        )
        self.arn = role.arn
        self.annotations = {} if by_pod_identity else {ROLE_ARN_ANNOTATION: role.arn}
        self.ready = [
            aws.iam.RolePolicy(
                name if len(policies.inline) == 1 else f"{name}-{policy}",
                name=args.context.named(policy),
                role=role.name,
                policy=document,
                opts=opts,
            )
            for policy, document in policies.inline.items()
        ]
        self.ready += [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=above.partition.apply(
                    lambda partition, policy=policy: f"arn:{partition}:iam::aws:policy/{policy}"
                ),
                opts=opts,
            )
            for policy in policies.managed
        ]
        if by_pod_identity and associate:
            self.ready.append(
                aws.eks.PodIdentityAssociation(
                    name,
                    cluster_name=above.cluster_name,
                    namespace=account.namespace,
                    service_account=account.name,
                    role_arn=role.arn,
                    opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(self.ready))),
                )
            )


def _irsa(args: AddonArgs[Settings], account: ServiceAccountName) -> pulumi.Output[str]:
    above = args.infrastructure
    return pulumi.Output.all(above.oidc_provider_arn, above.oidc_issuer_url).apply(
        lambda oidc: service_account_trust(
            oidc_provider_arn=oidc[0],
            oidc_issuer_url=oidc[1],
            namespaces=[account.namespace],
            service_account=account.name,
        )
    )


def _pod_identity(args: AddonArgs[Settings], account: ServiceAccountName) -> pulumi.Output[str]:
    return args.infrastructure.cluster_arn.apply(
        lambda arn: pod_identity_trust(cluster_arn=arn, namespaces=[account.namespace], service_account=account.name)
    )
