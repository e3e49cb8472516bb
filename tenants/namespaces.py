"""A namespace of the tenant and what stands around it: Pod Security, quota, limits, network policies, account, store.

Who may put something into it is in `deployers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from network_policies import NetworkPolicies, NetworkPoliciesArgs
from place import Place
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from secret_store import SecretStore, SecretStoreArgs
from service_account import TenantServiceAccount, TenantServiceAccountArgs

from shared.contracts import Infrastructure
from shared.kubernetes_labels import HOSTS_ANNOTATION, REGISTRIES_ANNOTATION, tenant_labels
from shared.tenant_file import TenantFile
from shared.versions import KUBERNETES


@dataclass(frozen=True, kw_only=True)
class TenantNamespaceArgs:
    place: Place
    infrastructure: Infrastructure
    workload_role_arn: pulumi.Output[str]


def namespace_labels(tenant: TenantFile) -> dict[str, str]:
    """Pod Security at its strictest, at the cluster's own minor: what a newer one refuses is a change of ours.

    Source: Kubernetes, "Enforce Pod Security Standards with Namespace Labels".
    """
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    versions = {f"{level}-version": f"v{KUBERNETES.value}" for level in levels}
    return {**tenant_labels(tenant.name), **levels, **versions}


def account_registry(place: Place) -> str:
    """The account's ECR in the region. Source: Amazon ECR user guide, "Private registry"."""
    suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    return f"{place.account_id}.dkr.ecr.{place.region}.{suffix}"


def container_limits(tenant: TenantFile) -> core.LimitRangeItemArgs:
    return core.LimitRangeItemArgs(
        type="Container",
        default_request=tenant.containers.requests.amounts(),
        default=tenant.containers.limits.amounts(),
        max=tenant.containers.max.amounts(),
    )


class TenantNamespace(pulumi.ComponentResource):
    """One namespace; its logical name is also its physical one."""

    name: pulumi.Output[str]
    """Known once the namespace exists."""
    service_account_name: pulumi.Output[str]
    rails: list[pulumi.Resource]
    """What must stand before anybody may put something into the namespace."""

    def __init__(self, name: str, args: TenantNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:TenantNamespace", name, {}, opts)
        tenant, child = args.place.tenant, pulumi.ResourceOptions(parent=self)
        namespace = core.Namespace(
            name,
            metadata=meta.ObjectMetaArgs(
                name=name,
                labels=namespace_labels(tenant),
                annotations={
                    HOSTS_ANNOTATION: ",".join(tenant.hosts),
                    REGISTRIES_ANNOTATION: ",".join([account_registry(args.place), *tenant.registries]),
                },
            ),
            opts=child,
        )
        self.name = namespace.metadata.name
        labels = tenant_labels(tenant.name)
        quota = core.ResourceQuota(
            f"{name}-quota",
            metadata=meta.ObjectMetaArgs(name="quota", namespace=self.name, labels=labels),
            spec=core.ResourceQuotaSpecArgs(hard=tenant.quota.hard(external_secrets=args.place.external_secrets)),
            opts=child,
        )
        limits = core.LimitRange(
            f"{name}-limits",
            metadata=meta.ObjectMetaArgs(name="limits", namespace=self.name, labels=labels),
            spec=core.LimitRangeSpecArgs(limits=[container_limits(tenant)]),
            opts=child,
        )
        # Kubernetes makes this account itself; a pod that names no other must not get a token for the API.
        default_account = core.ServiceAccountPatch(
            f"{name}-default",
            metadata=meta.ObjectMetaPatchArgs(name="default", namespace=self.name),
            automount_service_account_token=False,
            opts=child,
        )
        policies = NetworkPolicies(
            name,
            NetworkPoliciesArgs(place=args.place, namespace=self.name, infrastructure=args.infrastructure),
            child,
        )
        self.rails = [quota, limits, default_account, *policies.rails]
        account = TenantServiceAccount(
            name,
            TenantServiceAccountArgs(
                place=args.place, namespace=self.name, role_arn=args.workload_role_arn, rails=self.rails
            ),
            child,
        )
        self.service_account_name = account.name
        if args.place.external_secrets:
            SecretStore(
                name,
                SecretStoreArgs(
                    place=args.place,
                    infrastructure=args.infrastructure,
                    namespace=self.name,
                    service_account_name=account.name,
                    rails=self.rails,
                ),
                child,
            )
        self.register_outputs({"name": self.name})
