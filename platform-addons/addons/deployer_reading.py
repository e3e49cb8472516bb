"""Read access of all deployers to the cluster-wide classes that manifests refer to.

A Role in a namespace cannot grant access to cluster-scoped objects. The binding uses the group of all deployers, since
this tier knows no tenants.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from cluster_access import rule
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.rbac import v1 as rbac

from shared.kubernetes_labels import DEPLOYERS_GROUP, MANAGED_BY_LABEL, PLATFORM
from shared.settings import Settings

NAME = "platform-deployers"
_API_GROUP = "rbac.authorization.k8s.io"


class DeployerReading(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        metadata = meta.ObjectMetaArgs(name=NAME, labels={MANAGED_BY_LABEL: PLATFORM})
        role = rbac.ClusterRole(
            NAME,
            metadata=metadata,
            rules=[
                rule("storage.k8s.io", ["storageclasses"]),
                rule("scheduling.k8s.io", ["priorityclasses"]),
                rule("networking.k8s.io", ["ingressclasses"]),
            ],
            opts=self.child,
        )
        rbac.ClusterRoleBinding(
            NAME,
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(api_group=_API_GROUP, kind="ClusterRole", name=role.metadata.name),
            subjects=[rbac.SubjectArgs(api_group=_API_GROUP, kind="Group", name=DEPLOYERS_GROUP)],
            opts=self.child,
        )
        self.register_outputs({})


ADDON = Addon(
    name="deployer-reading",
    summary="lets tenants' deployers read storage, priority and ingress classes",
    component=DeployerReading,
)
