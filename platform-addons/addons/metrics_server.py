"""metrics-server, as an EKS add-on: metrics for `kubectl top` and HorizontalPodAutoscalers."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from addon import Addon, AddonArgs, AddonComponent
from network_rules import Egress, dns, from_ranges, https, network_policy, ports

from shared.kubernetes_labels import NAME_LABEL
from shared.settings import Settings
from shared.versions import addon_pin

NAME = "metrics-server"
NAMESPACE = "kube-system"
_SERVING_PORT = 10251
"""Source: EKS user guide, "View resource usage with the Kubernetes Metrics Server"."""
_KUBELET_PORT = 10250


class MetricsServer(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        network_policy(
            NAME,
            NAMESPACE,
            {NAME_LABEL: NAME},
            self.child,
            # The API server requests metrics from its interfaces in the private subnets.
            ingress=args.infrastructure.pod_cidrs.apply(lambda cidrs: from_ranges(cidrs, [_SERVING_PORT])),
            egress=[dns(), https(), Egress(ports=ports([_KUBELET_PORT]))],
        )
        aws.eks.Addon(
            NAME,
            cluster_name=args.infrastructure.cluster_name,
            addon_name=NAME,
            addon_version=args.version,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags={"Name": args.context.named(NAME)},
            opts=self.child,
        )
        self.register_outputs({})


ADDON = Addon(
    name=NAME,
    summary="CPU and memory of pods and nodes, for `kubectl top` and HorizontalPodAutoscalers",
    component=MetricsServer,
    namespace=NAMESPACE,
    pin=lambda minor: addon_pin(NAME, minor),
)
