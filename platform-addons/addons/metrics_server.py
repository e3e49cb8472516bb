"""metrics-server, as an EKS add-on: metrics for `kubectl top` and HorizontalPodAutoscalers."""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from network_rules import dns, https, network_policy

from shared.eks_addons import EksAddonArgs, eks_addon
from shared.kubernetes_labels import NAME_LABEL
from shared.network_policies import Egress, from_ranges, ports
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
        eks_addon(
            NAME,
            EksAddonArgs(
                cluster_name=args.infrastructure.cluster_name, version=args.version, tag=args.context.named(NAME)
            ),
            self.child,
        )
        self.register_outputs({})


ADDON = Addon(
    name=NAME,
    summary="CPU and memory of pods and nodes, for `kubectl top` and HorizontalPodAutoscalers",
    component=MetricsServer,
    namespace=NAMESPACE,
    pin=lambda minor: addon_pin(NAME, minor),
)
