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
from addon_settings import EBS_CSI_DRIVER, POD_IDENTITY_AGENT
from cluster import Cluster
from nodes import DISKS_OF_A_NODE
from settings import InfrastructureSettings
from stack_context import StackContext
from workload_identity import WorkloadIdentity

from shared.eks_addons import AddonRole, EksAddonArgs, eks_addon
from shared.naming import iam_role_name
from shared.workload_roles import ClusterIdentity, WorkloadRole, WorkloadRoleArgs

NAMESPACE = "kube-system"


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
        args = self._args
        return eks_addon(
            addon.name,
            EksAddonArgs(
                cluster_name=args.cluster.name,
                version=self._versions[addon.name],
                tag=args.context.named(addon.name),
                configuration=json.dumps(addon.values(args.context)) if addon.values else None,
                role=CoreAddonRole(addon, args, pulumi.ResourceOptions(parent=self)).role
                if addon.service_account
                else None,
                after=after,
            ),
            pulumi.ResourceOptions(parent=self),
        )


class CoreAddonRole(pulumi.ComponentResource):
    """The IAM role of an add-on's service account."""

    role: AddonRole

    def __init__(self, addon: CoreAddon, args: CoreAddonsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("platform:infrastructure:AddonRole", addon.name, {}, opts)
        method = args.settings.workload_identity
        made = WorkloadRole(
            addon.name,
            WorkloadRoleArgs(
                identity=ClusterIdentity(
                    method=method,
                    partition=args.context.partition,
                    cluster_name=args.cluster.name,
                    cluster_arn=args.cluster.arn,
                    oidc_provider_arn=args.identity.oidc_provider_arn,
                    oidc_issuer_url=args.cluster.oidc_issuer_url,
                ),
                role_name=iam_role_name(args.context.named(f"eks-{addon.name}")),
                service_account=addon.service_account,
                namespaces=[NAMESPACE],
                managed_policies=addon.managed_policies,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.role = AddonRole(method=method, service_account=addon.service_account, arn=made.arn, ready=made.ready)
        self.register_outputs({})
