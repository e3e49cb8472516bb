"""EKS add-ons that a cluster needs before anything can run on it, and that need nodes themselves.

kube-proxy and the VPC CNI come with the control plane (`cluster.py`); everything optional belongs to tier 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from place import Place

from shared.versions import ADDONS

# CoreDNS made before there are nodes hangs degraded.
AFTER_NODES = ("coredns",)


@dataclass(frozen=True, kw_only=True)
class CoreAddonsArgs:
    place: Place
    cluster_name: pulumi.Input[str]
    nodes: pulumi.Resource
    """Made before the add-ons."""


class CoreAddons(pulumi.ComponentResource):
    def __init__(self, name: str, args: CoreAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:CoreAddons", name, {}, opts)
        for addon in AFTER_NODES:
            aws.eks.Addon(
                addon,
                cluster_name=args.cluster_name,
                addon_name=addon,
                addon_version=ADDONS[addon].value,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                tags={"Name": args.place.named(addon)},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[args.nodes]),
            )
        self.register_outputs({})
