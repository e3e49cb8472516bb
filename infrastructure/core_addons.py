"""EKS add-ons that a cluster needs before any workload can run.

kube-proxy and the VPC CNI are installed with the control plane (`cluster.py`); all others belong to tier 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from addon_role import AddonRole, AddonRoleArgs
from addon_settings import EBS_CSI_DRIVER, POD_IDENTITY_AGENT
from cluster import Cluster
from nodes import DISKS_OF_A_NODE
from settings import InfrastructureSettings
from stack_context import StackContext
from workload_identity import WorkloadIdentity


@dataclass(frozen=True, kw_only=True)
class CoreAddon:
    name: str
    after_nodes: bool
    """Whether to install it after the nodes: without nodes an add-on with a Deployment stays degraded."""
    service_account: str = ""
    """Service account with its IAM role; empty: it needs no role."""
    managed_policies: Sequence[str] = ()
    values: Callable[[StackContext], Mapping[str, Any]] | None = None
    """`configurationValues` of the add-on."""


def ebs_csi_driver_values(context: StackContext) -> dict[str, Any]:
    """Values that the driver would otherwise read from instance metadata, which pods cannot reach (hop limit 1).

    Without metadata the node plug-in reports volume capacity as if a node had one network interface and one disk, so
    the scheduler places pods on nodes that cannot attach their volumes. On the host network it counts the interfaces,
    which share attachment slots with volumes on most instance types. The reserved slots are the node's two disks (see
    `nodes.py`): metadata lists the disks at boot time, which after a reboot include tenants' volumes.

    Source: kubernetes-sigs/aws-ebs-csi-driver v1.55, docs/options.md (reserved-volume-attachments) and the chart's
    values.schema.json; issue 2262 there; that the EKS add-on takes `node.hostNetwork`: aws/containers-roadmap 2661.
    """
    return {
        "controller": {"region": context.region},
        "node": {"hostNetwork": True, "reservedVolumeAttachments": DISKS_OF_A_NODE},
    }


# Before the others: pods that get credentials by Pod Identity need the agent on their node.
AGENT = CoreAddon(name=POD_IDENTITY_AGENT, after_nodes=False)
OTHERS = (
    CoreAddon(name="coredns", after_nodes=True),
    CoreAddon(
        name=EBS_CSI_DRIVER,
        after_nodes=True,
        service_account="ebs-csi-controller-sa",
        # Source: EKS user guide, "Use Kubernetes volume storage with Amazon EBS", "Create an IAM role".
        managed_policies=("service-role/AmazonEBSCSIDriverPolicy",),
        values=ebs_csi_driver_values,
    ),
)


@dataclass(frozen=True, kw_only=True)
class CoreAddonsArgs:
    context: StackContext
    settings: InfrastructureSettings
    cluster: Cluster
    identity: WorkloadIdentity
    nodes: pulumi.Resource
    """Created before the add-ons that need nodes."""


class CoreAddons(pulumi.ComponentResource):
    def __init__(self, name: str, args: CoreAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:CoreAddons", name, {}, opts)
        self._args = args
        self._versions = args.settings.pinned_addons(args.settings.kubernetes_version)
        before: list[pulumi.Resource] = []
        if AGENT.name in self._versions:
            before.append(self._addon(AGENT, after=[args.cluster.component]))
        for addon in OTHERS:
            if addon.name in self._versions:
                self._addon(addon, after=[*before, args.nodes])
        self.register_outputs({})

    def _addon(self, addon: CoreAddon, after: Sequence[pulumi.Resource]) -> aws.eks.Addon:
        role = self._role(addon) if addon.service_account else None
        return aws.eks.Addon(
            addon.name,
            cluster_name=self._args.cluster.name,
            addon_name=addon.name,
            addon_version=self._versions[addon.name],
            configuration_values=json.dumps(addon.values(self._args.context)) if addon.values else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            service_account_role_arn=role.service_account_role_arn if role else None,
            pod_identity_associations=role.pod_identity_associations if role else None,
            tags={"Name": self._args.context.named(addon.name)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after, *(role.attachments if role else ())]),
        )

    def _role(self, addon: CoreAddon) -> AddonRole:
        args = self._args
        return AddonRole(
            addon.name,
            AddonRoleArgs(
                context=args.context,
                by=args.settings.workload_identity,
                cluster=args.cluster,
                identity=args.identity,
                service_account=addon.service_account,
                managed_policies=addon.managed_policies,
            ),
            pulumi.ResourceOptions(parent=self),
        )
