"""The IAM role of a workload's service account, by IRSA or EKS Pod Identity, with the same policies.

With IRSA the role trusts the cluster's OIDC provider, and an annotation on the ServiceAccount names it; with Pod
Identity it trusts EKS and is associated with the ServiceAccount's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import pulumi
import pulumi_aws as aws

from shared.contracts import Infrastructure
from shared.iam import IdentityMethod, pod_identity_trust, service_account_trust
from shared.kubernetes_labels import ROLE_ARN_ANNOTATION


@dataclass(frozen=True, kw_only=True)
class ClusterIdentity:
    """How the pods of one cluster get their IAM roles."""

    method: IdentityMethod
    partition: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    oidc_provider_arn: pulumi.Input[str]
    oidc_issuer_url: pulumi.Input[str]

    @classmethod
    def of(cls, infrastructure: Infrastructure, method: IdentityMethod) -> Self:
        """Of the cluster that tier 1 has published."""
        return cls(
            method=method,
            partition=infrastructure.partition,
            cluster_name=infrastructure.cluster_name,
            cluster_arn=infrastructure.cluster_arn,
            oidc_provider_arn=infrastructure.oidc_provider_arn,
            oidc_issuer_url=infrastructure.oidc_issuer_url,
        )


@dataclass(frozen=True, kw_only=True)
class Policy:
    """An inline policy of a role."""

    name: str
    """Physical name."""
    document: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class WorkloadRoleArgs:
    identity: ClusterIdentity
    role_name: str
    """Physical name."""
    service_account: str
    """Its name, the same in each of `namespaces`."""
    namespaces: Sequence[str]
    associations: Mapping[str, str] = field(default_factory=dict[str, str])
    """Logical names of the associations by namespace, which Pod Identity needs; empty for an EKS add-on, which creates
    its own."""
    policies: Mapping[str, Policy] = field(default_factory=dict[str, Policy])
    """Inline policies by logical name."""
    managed_policies: Sequence[str] = ()
    """AWS managed policies, without the ARN prefix, e.g. `service-role/AmazonEBSCSIDriverPolicy`."""
    permissions_boundary: pulumi.Input[str] | None = None
    tags: Mapping[str, str] | None = None


class WorkloadRole:
    """Registers role, policies and associations with the options given: children of the caller's component.

    Args:
        name: logical name of the role, and first part of those of its attachments.
    """

    role: aws.iam.Role
    arn: pulumi.Output[str]
    annotations: dict[str, pulumi.Input[str]]
    """Annotations of the ServiceAccount."""
    ready: list[pulumi.Resource]
    """Resources that must exist before a pod uses the role."""

    def __init__(self, name: str, args: WorkloadRoleArgs, opts: pulumi.ResourceOptions) -> None:
        self._args, self._opts = args, opts
        self.role = aws.iam.Role(
            name,
            name=args.role_name,
            assume_role_policy=_trust(args),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=opts,
        )
        self.arn = self.role.arn
        by_pod_identity = args.identity.method == "pod-identity"
        self.annotations = {} if by_pod_identity else {ROLE_ARN_ANNOTATION: self.role.arn}
        self.ready = [self.policy(logical, policy) for logical, policy in args.policies.items()]
        self.ready += [self._attachment(name, policy) for policy in args.managed_policies]
        if by_pod_identity:
            after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(self.ready)))
            self.ready += [
                aws.eks.PodIdentityAssociation(
                    logical,
                    cluster_name=args.identity.cluster_name,
                    namespace=namespace,
                    service_account=args.service_account,
                    role_arn=self.role.arn,
                    opts=after,
                )
                for namespace, logical in args.associations.items()
            ]

    def policy(self, logical: str, policy: Policy) -> aws.iam.RolePolicy:
        """One more inline policy, for a document that needs the role."""
        return aws.iam.RolePolicy(
            logical, name=policy.name, role=self.role.name, policy=policy.document, opts=self._opts
        )

    def _attachment(self, name: str, policy: str) -> aws.iam.RolePolicyAttachment:
        partition = pulumi.Output.from_input(self._args.identity.partition)
        return aws.iam.RolePolicyAttachment(
            f"{name}-{policy.rsplit('/', 1)[-1]}",
            role=self.role.name,
            policy_arn=partition.apply(lambda known: f"arn:{known}:iam::aws:policy/{policy}"),
            opts=self._opts,
        )


def _trust(args: WorkloadRoleArgs) -> pulumi.Output[str]:
    identity = args.identity
    if identity.method == "pod-identity":
        return pulumi.Output.from_input(identity.cluster_arn).apply(
            lambda arn: pod_identity_trust(
                cluster_arn=arn, namespaces=args.namespaces, service_account=args.service_account
            )
        )
    return pulumi.Output.all(arn=identity.oidc_provider_arn, issuer=identity.oidc_issuer_url).apply(
        lambda oidc: service_account_trust(
            oidc_provider_arn=oidc["arn"],
            oidc_issuer_url=oidc["issuer"],
            namespaces=args.namespaces,
            service_account=args.service_account,
        )
    )
