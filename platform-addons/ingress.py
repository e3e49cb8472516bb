"""The IngressClass that applications name, so that they need not know what serves it.

An Ingress without a class is served by nobody: the class is not the default on purpose.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking

from shared.kubernetes_labels import MANAGED_BY_LABEL, PLATFORM

# Source: AWS Load Balancer Controller documentation, "IngressClass".
CONTROLLER = "ingress.k8s.aws/alb"


class LoadBalancerIngress(pulumi.ComponentResource):
    class_name: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:platform-addons:LoadBalancerIngress", name, {}, opts)
        ingress_class = networking.IngressClass(
            "alb",
            metadata=meta.ObjectMetaArgs(name="alb", labels={MANAGED_BY_LABEL: PLATFORM}),
            spec=networking.IngressClassSpecArgs(controller=CONTROLLER),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.class_name = ingress_class.metadata.name
        self.register_outputs({"class_name": self.class_name})
