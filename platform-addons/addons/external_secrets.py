"""External Secrets Operator: Secrets of tenants from AWS Secrets Manager.

It has no AWS role of its own: for each store it takes on the one of the tenant's service account. Store, and the right
to write Secrets, are tier 3's, in namespaces of tenants; without them it can do nothing there.

Its kinds come after it, so that they go before it: whoever removes them removes what is of them, and only the
controller takes its finalizer off that.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent, same_for_every_minor
from addon_namespace import addon_namespace
from cluster_access import bind_in_cluster
from controller import single_controller
from external_secrets_kinds import DEFINITIONS
from network_rules import dns, https, network_policy
from permissions.external_secrets import NAME, NAMESPACE, cluster_rules
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from shared.kubernetes_labels import MANAGED_BY_LABEL, NAME_LABEL, PLATFORM, SERVICE_PRIORITY
from shared.settings import Settings
from shared.versions import EXTERNAL_SECRETS_IMAGE
from shared.workloads import container_security_context, http_probe, resources

_SELECTOR = {NAME_LABEL: NAME}
_LABELS = {**_SELECTOR, MANAGED_BY_LABEL: PLATFORM}
_HEALTH_PORT = 8082

ARGUMENTS = (
    # Each would let one namespace's objects act on another's.
    "--enable-cluster-store-reconciler=false",
    "--enable-cluster-external-secret-reconciler=false",
    "--enable-cluster-push-secret-reconciler=false",
    # Tenants read from Secrets Manager; they write there with their deployer role.
    "--enable-push-secret-reconciler=false",
    "--enable-generator-state=false",
    # Keeps no Secret in memory, and reads one at a time, by the right that tier 3 gives.
    "--enable-managed-secrets-caching=false",
    "--concurrent=5",
    f"--live-addr=:{_HEALTH_PORT}",
    "--zap-time-encoding=iso8601",
)
"""Source: external-secrets v1.3.2, cmd/controller/root.go."""


class ExternalSecrets(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        self._args = args
        namespace = addon_namespace(NAMESPACE, self.child)
        inside = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[namespace]))
        account = core.ServiceAccount(
            NAME, metadata=self._metadata(), automount_service_account_token=False, opts=inside
        )
        before = [
            bind_in_cluster(NAME, account, cluster_rules(), _LABELS, self.child),
            network_policy(f"default-deny-{NAMESPACE}", NAMESPACE, {}, inside),
            network_policy(NAME, NAMESPACE, _SELECTOR, inside, egress=[dns(), https()]),
        ]
        controller = single_controller(
            NAME,
            self._metadata(),
            self._container(),
            selector=_SELECTOR,
            labels=_LABELS,
            account=account,
            priority=SERVICE_PRIORITY,
            before=before,
            opts=inside,
        )
        after = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[controller]))
        for definition in DEFINITIONS:
            definition.deploy(after)
        self.register_outputs({})

    def _container(self) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=NAME,
            image=self._args.version,
            args=list(ARGUMENTS),
            ports=[
                core.ContainerPortArgs(name="metrics", container_port=8080),
                core.ContainerPortArgs(name="health", container_port=_HEALTH_PORT),
            ],
            liveness_probe=http_probe("/healthz", _HEALTH_PORT, period_seconds=30),
            readiness_probe=http_probe("/healthz", _HEALTH_PORT),
            # A guess that fits some thousand ExternalSecrets; it holds them and the metadata of all Secrets in memory.
            resources=resources({"cpu": "20m", "memory": "128Mi"}, {"cpu": "200m", "memory": "256Mi"}),
            security_context=container_security_context(),
        )

    def _metadata(self) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS)


ADDON = Addon(
    name=NAME,
    summary="Secrets of tenants from AWS Secrets Manager; switched off, what it made goes with it",
    component=ExternalSecrets,
    namespace=NAMESPACE,
    enabled=False,
    # What it writes on a tenant's word, they look at: types of Secrets, labels, finalizers.
    requires=("admission-policies", "priority-classes"),
    pin=same_for_every_minor(EXTERNAL_SECRETS_IMAGE),
)
