"""Priority classes of the platform's own workloads outside kube-system.

Kubernetes' two `system-` classes remain reserved for components that a cluster needs to run. The admission policies
forbid tenants' pods to use any of these classes.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.scheduling import v1 as scheduling

from shared.kubernetes_labels import AGENT_PRIORITY, MANAGED_BY_LABEL, PLATFORM, SERVICE_PRIORITY
from shared.settings import Settings

_CLASSES = {
    # The highest value not reserved for Kubernetes. Source: Kubernetes, "Pod Priority and Preemption", PriorityClass.
    AGENT_PRIORITY: (1_000_000_000, "Agents of the platform that run on every node"),
    SERVICE_PRIORITY: (999_000_000, "Services of the platform that tenants depend on"),
}


class PriorityClasses(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        for class_name, (value, description) in _CLASSES.items():
            scheduling.PriorityClass(
                class_name,
                metadata=meta.ObjectMetaArgs(name=class_name, labels={MANAGED_BY_LABEL: PLATFORM}),
                value=value,
                description=description,
                global_default=False,
                opts=self.child,
            )
        self.register_outputs({})


ADDON = Addon(
    name="priority-classes",
    summary="prioritizes platform services over tenants when resources are short",
    component=PriorityClasses,
)
