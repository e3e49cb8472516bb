"""The IngressClass that applications name, so that they need not know what serves it.

An Ingress without a class is served by nobody: the class is not the default on purpose.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking

from shared.kubernetes_labels import INGRESS_CLASS, MANAGED_BY_LABEL, PLATFORM
from shared.settings import Settings

# Source: AWS Load Balancer Controller documentation, "IngressClass".
CONTROLLER = "ingress.k8s.aws/alb"


class IngressClass(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        # What it was called before add-ons were declared: the class must not go away under its Ingresses.
        before = pulumi.Alias(name="ingress", type_="platform:platform-addons:LoadBalancerIngress")
        super().__init__(name, args, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=[before])))
        networking.IngressClass(
            INGRESS_CLASS,
            metadata=meta.ObjectMetaArgs(name=INGRESS_CLASS, labels={MANAGED_BY_LABEL: PLATFORM}),
            spec=networking.IngressClassSpecArgs(controller=CONTROLLER),
            opts=self.child,
        )
        self.register_outputs({})


ADDON = Addon(
    name="ingress-class",
    summary="the class that applications' Ingresses name",
    component=IngressClass,
)
