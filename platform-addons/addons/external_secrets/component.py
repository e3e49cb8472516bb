"""External Secrets Operator: creates tenants' Secrets from AWS Secrets Manager.

It has no IAM role of its own: for each store it assumes the role of the tenant's service account. Tier 3 creates the
stores, and grants the permission to write Secrets in tenant namespaces; without both it can do nothing there.

Its CRDs depend on the controller, so that they are deleted first: deleting a CRD deletes its objects, and only the
controller removes its finalizer from them.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent, same_for_every_minor
from addon_namespace import addon_namespace
from controller import single_controller
from network_rules import dns, https, network_policy
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from addons.external_secrets.definitions import DEFINITIONS
from addons.external_secrets.permissions import NAME, NAMESPACE, cluster_rules
from shared.kubernetes_labels import MANAGED_BY_LABEL, NAME_LABEL, PLATFORM, SERVICE_PRIORITY
from shared.rbac import account_subject, bind_in_cluster
from shared.settings import Settings
from shared.versions import EXTERNAL_SECRETS_IMAGE
from shared.workloads import container_security_context, http_probe, resources

_SELECTOR = {NAME_LABEL: NAME}
_LABELS = {**_SELECTOR, MANAGED_BY_LABEL: PLATFORM}
_HEALTH_PORT = 8082

ARGUMENTS = (
    # Each of these would let objects of one namespace affect another.
    "--enable-cluster-store-reconciler=false",
    "--enable-cluster-external-secret-reconciler=false",
    "--enable-cluster-push-secret-reconciler=false",
    # Pushing secrets is off: tenants write to Secrets Manager with their deployer role.
    "--enable-push-secret-reconciler=false",
    "--enable-generator-state=false",
    # Caches no Secrets; reads one at a time, with the permission that tier 3 grants.
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
            bind_in_cluster(
                NAME,
                meta.ObjectMetaArgs(name=NAME, labels=_LABELS),
                account_subject(account),
                cluster_rules(),
                self.child,
            ),
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
            # An estimate for a few thousand ExternalSecrets; it caches them and the metadata of all Secrets.
            resources=resources({"cpu": "20m", "memory": "128Mi"}, {"cpu": "200m", "memory": "256Mi"}),
            security_context=container_security_context(),
        )

    def _metadata(self) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS)


ADDON = Addon(
    name=NAME,
    summary="tenants' Secrets from AWS Secrets Manager; disabling it deletes the Secrets that it created",
    component=ExternalSecrets,
    namespace=NAMESPACE,
    enabled=False,
    # The policies check what it writes for a tenant: Secret types, labels, finalizers.
    requires=("admission-policies", "priority-classes"),
    pin=same_for_every_minor(EXTERNAL_SECRETS_IMAGE),
)
