"""Tags that tell the autoscaler the labels, taints and disk size of nodes in a group that may be empty.

The autoscaler reads them from the Auto Scaling group, to which EKS does not copy the node group's tags. It can also
call `eks:DescribeNodegroup`, which does not return the disk size.

Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md, "Auto-Discovery Setup".
"""

from __future__ import annotations

from collections.abc import Mapping

from bottlerocket import KUBERNETES_EFFECTS
from node_settings import NodeGroupSettings

_TEMPLATE = "k8s.io/cluster-autoscaler/node-template"

_ZONE_LABELS = ("topology.ebs.csi.aws.com/zone", "topology.kubernetes.io/zone")
"""Labels in the node affinity of EBS volumes. The driver sets the first one on running nodes, so the autoscaler does
not know it for an empty group: without the tag it would never start a node for a volume in the zone.
Source: kubernetes/autoscaler, issues 3845 and 3230."""


def template_tags(group: NodeGroupSettings, labels: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Tags of the Auto Scaling group: maps the subject of each tag to its key and value.

    For several taints with the same key, the autoscaler's tags can represent only the last one.
    """
    announced = {**labels, "eks.amazonaws.com/capacityType": group.capacity_type}
    if len(group.zones) == 1:
        announced |= dict.fromkeys(_ZONE_LABELS, group.zones[0])
    tags = {f"label-{key}": (f"{_TEMPLATE}/label/{key}", value) for key, value in sorted(announced.items())}
    for taint in group.taints:
        tags[f"taint-{taint.key}"] = (
            f"{_TEMPLATE}/taint/{taint.key}",
            f"{taint.value}:{KUBERNETES_EFFECTS[taint.effect]}",
        )
    tags["ephemeral-storage"] = (f"{_TEMPLATE}/resources/ephemeral-storage", f"{group.volume_gib}Gi")
    return tags
