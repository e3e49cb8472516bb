"""The cluster autoscaler: adds nodes for pending pods and removes unneeded nodes.

It finds node groups by tag, so a new group in tier 1 requires no change here.
"""

from __future__ import annotations

import json
from typing import Literal

import pulumi
from addon import Addon, AddonArgs, AddonComponent, by_minor
from controller import single_controller
from identity import ServiceAccountName, addon_role
from network_rules import aws_credentials, dns, https, network_policy
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pydantic import Field, model_validator

from addons.cluster_autoscaler.permissions import NAME, NAMESPACE, cluster_rules, own_namespace_rules, scaling_policy
from shared.kubernetes_labels import MANAGED_BY_LABEL, NAME_LABEL, PLATFORM
from shared.models import WholeNumber
from shared.rbac import account_subject, bind_in_cluster, bind_in_namespace
from shared.settings import Settings
from shared.versions import CLUSTER_AUTOSCALER_IMAGE, KUBERNETES
from shared.workloads import container_security_context, http_probe, resources

_SELECTOR = {NAME_LABEL: NAME}
_LABELS = {**_SELECTOR, MANAGED_BY_LABEL: PLATFORM}
_HEALTH_PORT = 8085
_PRIORITIES = "cluster-autoscaler-priority-expander"
"""ConfigMap name that the expander expects in the autoscaler's namespace."""


class ClusterAutoscalerSettings(Settings):
    autoscaler_expander: Literal["least-waste", "most-pods", "priority", "random"] = Field(
        default="least-waste",
        description="How the autoscaler chooses among node groups that fit a pending pod.",
    )
    autoscaler_priorities: dict[WholeNumber, tuple[str, ...]] = Field(
        default_factory=dict[WholeNumber, tuple[str, ...]],
        description="For the expander `priority`: patterns of Auto Scaling group names by priority; the "
        "highest number is tried first. For example, spot before on-demand: 20: [.*spot.*] "
        "and 10: [.*].",
    )
    autoscaler_unneeded_minutes: int = Field(
        default=10, ge=1, description="Minutes that a node must be unneeded before it is removed."
    )

    @model_validator(mode="after")
    def _priorities_belong_to_their_expander(self) -> ClusterAutoscalerSettings:
        if (self.autoscaler_expander == "priority") != bool(self.autoscaler_priorities):
            raise ValueError(
                "autoscaler_priorities: required with autoscaler_expander: priority, and only then; "
                "without them the expander would choose at random"
            )
        return self


def command(settings: ClusterAutoscalerSettings, cluster_name: str) -> list[str]:
    tags = f"k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{cluster_name}"
    # The second expander decides if the first rates several groups equally.
    expander = "priority,least-waste" if settings.autoscaler_expander == "priority" else settings.autoscaler_expander
    return [
        "./cluster-autoscaler",
        "--cloud-provider=aws",
        f"--node-group-auto-discovery=asg:tag={tags}",
        f"--expander={expander}",
        f"--scale-down-unneeded-time={settings.autoscaler_unneeded_minutes}m",
        "--balance-similar-node-groups",
        # A pod with an emptyDir must not block the removal of its node; emptyDir volumes are ephemeral by design.
        "--skip-nodes-with-local-storage=false",
        "--logtostderr=true",
        "--v=2",
    ]


def priorities(settings: ClusterAutoscalerSettings) -> str:
    """The expander's configuration; JSON is valid YAML.

    Source: kubernetes/autoscaler, cluster-autoscaler/expander/priority/readme.md.
    """
    return json.dumps({number: list(names) for number, names in sorted(settings.autoscaler_priorities.items())})


class ClusterAutoscaler(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[ClusterAutoscalerSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        self._args = args
        role = addon_role(
            NAME,
            args,
            ServiceAccountName(namespace=NAMESPACE, name=NAME),
            self.child,
            policy="scaling",
            document=args.infrastructure.cluster_name.apply(scaling_policy),
        )
        self.role_arn = role.arn
        account = core.ServiceAccount(
            NAME,
            metadata=self._metadata(annotations=role.annotations),
            automount_service_account_token=False,
            opts=self.child,
        )
        before = [
            *role.ready,
            bind_in_cluster(
                NAME,
                meta.ObjectMetaArgs(name=NAME, labels=_LABELS),
                account_subject(account),
                cluster_rules(),
                self.child,
            ),
            bind_in_namespace(NAME, self._metadata(), account_subject(account), own_namespace_rules(), self.child),
            network_policy(
                NAME, NAMESPACE, _SELECTOR, self.child, egress=[dns(), https(), *aws_credentials(args.identity)]
            ),
        ]
        if args.settings.autoscaler_priorities:
            before.append(
                core.ConfigMap(
                    _PRIORITIES,
                    metadata=meta.ObjectMetaArgs(name=_PRIORITIES, namespace=NAMESPACE, labels=_LABELS),
                    data={"priorities": priorities(args.settings)},
                    opts=self.child,
                )
            )
        single_controller(
            NAME,
            self._metadata(),
            self._container(),
            selector=_SELECTOR,
            labels=_LABELS,
            account=account,
            priority="system-cluster-critical",
            before=before,
            opts=self.child,
        )
        self.register_outputs({"role_arn": self.role_arn})

    def _container(self) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=NAME,
            image=self._args.version,
            command=self._args.infrastructure.cluster_name.apply(
                lambda cluster_name: command(self._args.settings, cluster_name)
            ),
            # Set explicitly, because pods cannot reach instance metadata, where the AWS SDK looks for the region.
            env=[core.EnvVarArgs(name="AWS_REGION", value=self._args.context.region)],
            ports=[core.ContainerPortArgs(name="http", container_port=_HEALTH_PORT)],
            liveness_probe=http_probe("/health-check", _HEALTH_PORT, period_seconds=30),
            # Memory use grows with nodes and pods; 600Mi is the upstream value.
            resources=resources({"cpu": "100m", "memory": "600Mi"}, {"cpu": "500m", "memory": "600Mi"}),
            security_context=container_security_context(),
        )

    def _metadata(self, annotations: dict[str, pulumi.Input[str]] | None = None) -> meta.ObjectMetaArgs:
        return meta.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=_LABELS, annotations=annotations or None)


ADDON = Addon(
    name=NAME,
    summary="adds nodes for pending pods, removes unneeded ones",
    component=ClusterAutoscaler,
    settings=ClusterAutoscalerSettings,
    namespace=NAMESPACE,
    provides=("node-autoscaling",),
    pin=by_minor({KUBERNETES.value: CLUSTER_AUTOSCALER_IMAGE}),
)
