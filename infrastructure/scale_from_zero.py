"""What an autoscaler is told of a node group that may be empty: the labels, taints and disk that a node would have.

EKS does not copy the tags of a node group to its Auto Scaling group, where the autoscaler looks for them; its own role
may also ask EKS (`eks:DescribeNodegroup`), which knows no disk.

Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md, "Auto-Discovery Setup".
"""

from __future__ import annotations

from collections.abc import Mapping

from bottlerocket import KUBERNETES_EFFECTS
from node_settings import NodeGroupSettings

_TEMPLATE = "k8s.io/cluster-autoscaler/node-template"

_ZONE_LABELS = ("topology.ebs.csi.aws.com/zone", "topology.kubernetes.io/zone")
"""What an EBS volume's node affinity names. The first one is set by the driver on a running node, so the autoscaler
cannot know it of an empty group: without the tag it would never start a node for a volume of the zone.
Source: kubernetes/autoscaler, issues 3845 and 3230."""


def template_tags(group: NodeGroupSettings, labels: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Tags of the Auto Scaling group: what each is about, to its key and value.

    Of several taints with one key the autoscaler's tags can tell one only, the last.
    """
    told = {**labels, "eks.amazonaws.com/capacityType": group.capacity_type}
    if len(group.zones) == 1:
        told |= dict.fromkeys(_ZONE_LABELS, group.zones[0])
    tags = {f"label-{key}": (f"{_TEMPLATE}/label/{key}", value) for key, value in sorted(told.items())}
    for taint in group.taints:
        tags[f"taint-{taint.key}"] = (
            f"{_TEMPLATE}/taint/{taint.key}",
            f"{taint.value}:{KUBERNETES_EFFECTS[taint.effect]}",
        )
    tags["ephemeral-storage"] = (f"{_TEMPLATE}/resources/ephemeral-storage", f"{group.volume_gib}Gi")
    return tags
