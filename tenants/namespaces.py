"""A tenant namespace with Pod Security, quota, limits, network policies, service account and secret store.

Objects in the namespace are deleted with it, not before: Kubernetes deletes a namespace's pods first, waits until they
have terminated, and then deletes everything else. If deleted individually, network policies would be gone while pods
still run. People's permissions are in `deployers.py` and `people.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from network_policies import NetworkPolicies, NetworkPoliciesArgs
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from secret_store import SecretStore, SecretStoreArgs
from service_account import TenantServiceAccount, TenantServiceAccountArgs
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.kubernetes_labels import (
    COST_CENTRE_LABEL,
    HOSTS_ANNOTATION,
    LOAD_BALANCER_SCHEME_ANNOTATION,
    POD_SECURITY_REASON_ANNOTATION,
    READINESS_GATE_LABEL,
    REGISTRIES_ANNOTATION,
    TOLERATIONS_ANNOTATION,
    tenant_labels,
)
from shared.tenant_exceptions import PodSecurityException
from shared.tenant_file import TenantFile
from shared.tenant_quota import LEAST_OF_A_CLAIM, LEAST_OF_A_CONTAINER
from shared.versions import KUBERNETES

_LONGEST_END = "30m"
"""A namespace is deleted once its last pod has terminated, at most 15 minutes by tier 2's admission policies."""


@dataclass(frozen=True, kw_only=True)
class TenantNamespaceArgs:
    context: StackContext
    infrastructure: Infrastructure
    workload_role_arn: pulumi.Output[str]


def namespace_labels(tenant: TenantFile, namespace: str) -> dict[str, str]:
    """Pod Security level `restricted`, pinned to the cluster's minor, so that stricter newer rules come with upgrades.

    Where the tenant's file grants an exception, `baseline` is enforced, and what exceeds `restricted` is reported.

    Source: Kubernetes, "Enforce Pod Security Standards with Namespace Labels".
    """
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    if exception := _exception(tenant, namespace):
        levels["pod-security.kubernetes.io/enforce"] = exception.level
    versions = {f"{level}-version": f"v{KUBERNETES.value}" for level in levels}
    paid_by = {COST_CENTRE_LABEL: tenant.cost_centre} if tenant.cost_centre else {}
    return {**tenant_labels(tenant.name), READINESS_GATE_LABEL: "enabled", **paid_by, **levels, **versions}


def _exception(tenant: TenantFile, namespace: str) -> PodSecurityException | None:
    found = tenant.pod_security.get(namespace)
    return found if found and found.holds else None


def namespace_annotations(context: StackContext, namespace: str) -> dict[str, str]:
    """Values of the tenant file that the admission policies of tier 2 read, and the reason of an exception."""
    tenant = context.tenant
    exception = _exception(tenant, namespace)
    why = {POD_SECURITY_REASON_ANNOTATION: f"{exception.reason} (until {exception.until})"} if exception else {}
    return {
        **why,
        HOSTS_ANNOTATION: ",".join(tenant.hosts),
        REGISTRIES_ANNOTATION: ",".join(context.registries),
        TOLERATIONS_ANNOTATION: ",".join(tenant.tolerations),
        LOAD_BALANCER_SCHEME_ANNOTATION: tenant.load_balancer_scheme,
    }


def limits_of(tenant: TenantFile) -> list[core.LimitRangeItemArgs]:
    """Limits of a container and of a PersistentVolumeClaim. The quota limits pods and namespaces as a whole."""
    return [
        core.LimitRangeItemArgs(
            type="Container",
            default_request=tenant.containers.requests.amounts(),
            default=tenant.containers.limits.amounts(),
            max=tenant.containers.max.amounts(),
            min=LEAST_OF_A_CONTAINER,
        ),
        core.LimitRangeItemArgs(type="PersistentVolumeClaim", min={"storage": LEAST_OF_A_CLAIM}),
    ]


class TenantNamespace(pulumi.ComponentResource):
    """One namespace; its logical and physical name are the same."""

    name: pulumi.Output[str]
    """Known once the namespace exists."""
    service_account_name: pulumi.Output[str]
    guardrails: list[pulumi.Resource]
    """Guardrails that must exist before anyone can create objects in the namespace."""

    def __init__(self, name: str, args: TenantNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:TenantNamespace", name, {}, opts)
        tenant, child = args.context.tenant, pulumi.ResourceOptions(parent=self)
        namespace = core.Namespace(
            name,
            metadata=meta.ObjectMetaArgs(
                name=name,
                labels=namespace_labels(tenant, name),
                annotations=namespace_annotations(args.context, name),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(delete=_LONGEST_END),
                protect=args.context.locked,
            ),
        )
        inside = pulumi.ResourceOptions(parent=self, deleted_with=namespace)
        self.name = namespace.metadata.name
        labels = tenant_labels(tenant.name)
        quota = core.ResourceQuota(
            f"{name}-quota",
            metadata=meta.ObjectMetaArgs(name="quota", namespace=self.name, labels=labels),
            spec=core.ResourceQuotaSpecArgs(hard=tenant.hard(external_secrets=args.context.external_secrets)),
            opts=inside,
        )
        affinity = core.ResourceQuota(
            f"{name}-cross-namespace-affinity",
            metadata=meta.ObjectMetaArgs(name="cross-namespace-affinity", namespace=self.name, labels=labels),
            # Anti-affinity across namespaces could prevent pods of other tenants from being scheduled.
            spec=core.ResourceQuotaSpecArgs(hard={"pods": "0"}, scopes=["CrossNamespacePodAffinity"]),
            opts=inside,
        )
        limits = core.LimitRange(
            f"{name}-limits",
            metadata=meta.ObjectMetaArgs(name="limits", namespace=self.name, labels=labels),
            spec=core.LimitRangeSpecArgs(limits=limits_of(tenant)),
            opts=inside,
        )
        # Kubernetes creates this account; pods that use it by default must not get a Kubernetes API token.
        default_account = core.ServiceAccountPatch(
            f"{name}-default",
            metadata=meta.ObjectMetaPatchArgs(name="default", namespace=self.name),
            automount_service_account_token=False,
            opts=inside,
        )
        policies = NetworkPolicies(
            name,
            NetworkPoliciesArgs(context=args.context, namespace=namespace, infrastructure=args.infrastructure),
            child,
        )
        self.guardrails = [quota, affinity, limits, default_account, *policies.guardrails]
        account = TenantServiceAccount(
            name,
            TenantServiceAccountArgs(
                context=args.context, namespace=namespace, role_arn=args.workload_role_arn, guardrails=self.guardrails
            ),
            child,
        )
        self.service_account_name = account.name
        if args.context.external_secrets:
            SecretStore(
                name,
                SecretStoreArgs(
                    context=args.context,
                    infrastructure=args.infrastructure,
                    namespace=self.name,
                    service_account_name=account.name,
                    guardrails=self.guardrails,
                ),
                # Its controller writes to the namespace until the store is deleted.
                child,
            )
        self.register_outputs({"name": self.name})
