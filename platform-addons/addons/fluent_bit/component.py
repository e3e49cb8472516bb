"""Fluent Bit on every node: sends pod logs to CloudWatch Logs, by namespace.

Each tenant namespace has its own log group, which the tenant's stack creates with the tenant's retention. All other
pods share the platform's group, created here. A label identifies tenant namespaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
from addon import Addon, AddonArgs, AddonComponent, same_for_every_minor
from addon_namespace import addon_namespace
from identity import ServiceAccountName, addon_role
from network_rules import aws_credentials, dns, https, network_policy
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pydantic import Field

from addons.fluent_bit.files import HEALTH_PORT, STATE, agent_files
from addons.fluent_bit.permissions import NAME, NAMESPACE, cluster_rules, log_policy
from shared.kubernetes_labels import AGENT_PRIORITY, MANAGED_BY_LABEL, NAME_LABEL, PLATFORM
from shared.log_groups import RetentionDays, platform_log_group
from shared.rbac import account_subject, bind_in_cluster
from shared.settings import Settings
from shared.versions import FLUENT_BIT_IMAGE
from shared.workloads import container_security_context, http_probe, resources

_SELECTOR = {"k8s-app": "fluent-bit-logging"}
_LABELS = {**_SELECTOR, NAME_LABEL: NAME, MANAGED_BY_LABEL: PLATFORM}
_CONFIG = "fluent-bit-config"
_CONFIG_DIRECTORY = "/fluent-bit/etc"


class FluentBitSettings(Settings):
    fluent_bit_retention_days: RetentionDays = Field(
        default=30,
        description="Retention of platform pod logs in days; a value that CloudWatch Logs allows. Tenant files set the "
        "retention of tenants' pod logs.",
    )


def checksum(files: Mapping[str, str]) -> str:
    """Checksum of the configuration for the pod template, so that a change triggers a rollout."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


class FluentBit(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[FluentBitSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        self._args = args
        above, region = args.infrastructure, args.context.region
        # It reads files of the node, which the two stricter levels forbid. Tenants have no permissions here.
        namespace = addon_namespace(NAMESPACE, self.child, pod_security="privileged")
        self._inside = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[namespace]))
        group = aws.cloudwatch.LogGroup(
            "platform-pods",
            name=above.cluster_name.apply(platform_log_group),
            retention_in_days=args.settings.fluent_bit_retention_days,
            kms_key_id=above.secrets_key_arn,
            tags={"Name": args.context.named("platform-pods")},
            opts=self.child,
        )
        policy = pulumi.Output.all(
            partition=above.partition, account_id=above.account_id, cluster_name=above.cluster_name
        ).apply(lambda known: log_policy(region=region, **known))
        account_name = ServiceAccountName(namespace=NAMESPACE, name=NAME)
        role = addon_role(NAME, args, account_name, self.child, policy="pod-logs", document=policy)
        self.role_arn = role.arn
        account = core.ServiceAccount(
            NAME,
            metadata=self._metadata(annotations=role.annotations),
            automount_service_account_token=False,
            opts=self._inside,
        )
        egress = [dns(), https(), *aws_credentials(args.identity)]
        before = [
            group,
            *role.ready,
            bind_in_cluster(
                NAME,
                meta.ObjectMetaArgs(name=NAME, labels=_LABELS),
                account_subject(account),
                cluster_rules(),
                self.child,
            ),
            network_policy(f"default-deny-{NAMESPACE}", NAMESPACE, {}, self._inside),
            network_policy(NAME, NAMESPACE, _SELECTOR, self._inside, egress=egress),
        ]
        files = above.cluster_name.apply(lambda cluster_name: agent_files(cluster_name=cluster_name, region=region))
        config = core.ConfigMap(
            _CONFIG,
            metadata=meta.ObjectMetaArgs(name=_CONFIG, namespace=NAMESPACE, labels=_LABELS),
            data=files,
            opts=self._inside,
        )
        self._daemon_set(account, config, files.apply(checksum), before)
        self.register_outputs({"role_arn": self.role_arn})

    def _daemon_set(
        self,
        account: core.ServiceAccount,
        config: core.ConfigMap,
        config_checksum: pulumi.Output[str],
        before: list[pulumi.Resource],
    ) -> None:
        apps.DaemonSet(
            NAME,
            metadata=self._metadata(),
            spec=apps.DaemonSetSpecArgs(
                selector=meta.LabelSelectorArgs(match_labels=_SELECTOR),
                update_strategy=apps.DaemonSetUpdateStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.RollingUpdateDaemonSetArgs(max_unavailable="10%"),
                ),
                template=core.PodTemplateSpecArgs(
                    metadata=meta.ObjectMetaArgs(
                        labels=_LABELS, annotations={"platform.internal/config-checksum": config_checksum}
                    ),
                    spec=core.PodSpecArgs(
                        service_account_name=account.metadata.name,
                        automount_service_account_token=True,
                        priority_class_name=AGENT_PRIORITY,
                        # Runs on every node regardless of taints; Fargate nodes do not support DaemonSets.
                        tolerations=[core.TolerationArgs(operator="Exists")],
                        node_selector={"kubernetes.io/os": "linux"},
                        affinity=_not_on_fargate(),
                        # Longer than `Grace`, the seconds in which it flushes its buffers.
                        termination_grace_period_seconds=45,
                        # Only root can read the runtime's log files. Without capabilities it can open only files owned
                        # by root, and nothing else of the node is mounted.
                        security_context=core.PodSecurityContextArgs(
                            run_as_non_root=False,
                            run_as_user=0,
                            run_as_group=0,
                            seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
                        ),
                        containers=[self._container()],
                        volumes=_volumes(config),
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=before)),
        )

    def _container(self) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=NAME,
            image=self._args.version,
            # Not the image's entry point, which loads plug-ins that are not used here.
            command=["/fluent-bit/bin/fluent-bit"],
            args=["-c", f"{_CONFIG_DIRECTORY}/fluent-bit.conf"],
            # Set explicitly, because pods cannot reach instance metadata.
            env=[core.EnvVarArgs(name="AWS_REGION", value=self._args.context.region)],
            ports=[core.ContainerPortArgs(name="http", container_port=HEALTH_PORT)],
            # Live while it responds, as a restart does not help if CloudWatch is down. Ready while it delivers logs, so
            # that a faulty rollout stops at the first nodes.
            liveness_probe=http_probe("/", HEALTH_PORT, period_seconds=30),
            readiness_probe=http_probe("/api/v1/health", HEALTH_PORT),
            # An estimate for nodes with a few dozen pods; includes the configured buffers.
            resources=resources({"cpu": "50m", "memory": "100Mi"}, {"cpu": "500m", "memory": "256Mi"}),
            security_context=container_security_context(),
            volume_mounts=[
                core.VolumeMountArgs(name="config", mount_path=_CONFIG_DIRECTORY, read_only=True),
                core.VolumeMountArgs(name="logs", mount_path="/var/log", read_only=True),
                core.VolumeMountArgs(name="state", mount_path=STATE),
            ],
        )

    def _metadata(self, annotations: dict[str, pulumi.Input[str]] | None = None) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS, annotations=annotations or None)


def _not_on_fargate() -> core.AffinityArgs:
    """Source: EKS user guide, "Simplify compute management with AWS Fargate", considerations."""
    compute = core.NodeSelectorRequirementArgs(
        key="eks.amazonaws.com/compute-type", operator="NotIn", values=["fargate"]
    )
    return core.AffinityArgs(
        node_affinity=core.NodeAffinityArgs(
            required_during_scheduling_ignored_during_execution=core.NodeSelectorArgs(
                node_selector_terms=[core.NodeSelectorTermArgs(match_expressions=[compute])]
            )
        )
    )


def _volumes(config: core.ConfigMap) -> list[core.VolumeArgs]:
    def of_node(name: str, path: str, kind: str) -> core.VolumeArgs:
        return core.VolumeArgs(name=name, host_path=core.HostPathVolumeSourceArgs(path=path, type=kind))

    return [
        core.VolumeArgs(name="config", config_map=core.ConfigMapVolumeSourceArgs(name=config.metadata.name)),
        of_node("logs", "/var/log", "Directory"),
        of_node("state", STATE, "DirectoryOrCreate"),
    ]


ADDON = Addon(
    name=NAME,
    summary="sends pod logs to CloudWatch Logs, by namespace",
    component=FluentBit,
    settings=FluentBitSettings,
    namespace=NAMESPACE,
    requires=("priority-classes",),
    pin=same_for_every_minor(FLUENT_BIT_IMAGE),
)
