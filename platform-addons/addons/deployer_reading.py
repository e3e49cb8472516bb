"""Read access of all deployers to the cluster-wide classes that manifests refer to.

A Role in a namespace cannot grant access to cluster-scoped objects. The binding uses the group of all deployers, since
this tier knows no tenants.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from pulumi_kubernetes.meta import v1 as meta

from shared.kubernetes_labels import DEPLOYERS_GROUP, MANAGED_BY_LABEL, PLATFORM
from shared.rbac import bind_in_cluster, group_subject, rule
from shared.settings import Settings

NAME = "platform-deployers"


class DeployerReading(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        bind_in_cluster(
            NAME,
            meta.ObjectMetaArgs(name=NAME, labels={MANAGED_BY_LABEL: PLATFORM}),
            group_subject(DEPLOYERS_GROUP),
            [
                rule("storage.k8s.io", ["storageclasses"]),
                rule("scheduling.k8s.io", ["priorityclasses"]),
                rule("networking.k8s.io", ["ingressclasses"]),
            ],
            self.child,
        )
        self.register_outputs({})


ADDON = Addon(
    name="deployer-reading",
    summary="lets tenants' deployers read storage, priority and ingress classes",
    component=DeployerReading,
)
