"""The fake Node of an instance, which kwok then keeps Ready.

Reserved resources are those of EKS' images: https://github.com/awslabs/amazon-eks-ami (kubelet configuration). Taints
of the node's own condition (`node.kubernetes.io/…`) belong to the API server and are left alone.
"""

from __future__ import annotations

from typing import Any

from tooling.aws_emulator.controllers.kubernetes_api import Manifest
from tooling.aws_emulator.controllers.labels import MANAGED_BY, MANAGER
from tooling.aws_emulator.controllers.snapshot import Instance

KWOK_ANNOTATION = "kwok.x-k8s.io/node"
LABELS_ANNOTATION = "lane.platform/labels"
"""Names of the labels that the emulator gave the node, so that one taken off the group goes from the node as well."""
CONDITION_TAINT_PREFIX = "node.kubernetes.io/"

_CORE_RESERVES = (60, 10, 5, 5)
"""Thousandths of a core, for the first to the fourth core; 2.5 for each further one."""
_EVICTION_MIB = 100


def allocatable(instance: Instance) -> dict[str, str]:
    """What pods may use: `{"cpu": "1930m", "memory": "…Ki", "pods": "29", "ephemeral-storage": "…"}`."""
    reserved_cpu = sum(_CORE_RESERVES[: instance.cpu]) + int(2.5 * max(0, instance.cpu - len(_CORE_RESERVES)))
    reserved_mib = 255 + 11 * instance.max_pods + _EVICTION_MIB
    return {
        "cpu": f"{instance.cpu * 1000 - reserved_cpu}m",
        "memory": f"{(instance.memory_mib - reserved_mib) * 1024}Ki",
        "pods": str(instance.max_pods),
        "ephemeral-storage": f"{instance.disk_gib * 9 // 10}Gi",
    }


def node(instance: Instance) -> Manifest:
    """The whole Node as it is created, status included: kwok keeps the resources that it finds."""
    capacity = {
        "cpu": str(instance.cpu),
        "memory": f"{instance.memory_mib * 1024}Ki",
        "pods": str(instance.max_pods),
        "ephemeral-storage": f"{instance.disk_gib}Gi",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": instance.name,
            "labels": node_labels(instance),
            "annotations": {
                KWOK_ANNOTATION: "fake",
                LABELS_ANNOTATION: _names(node_labels(instance)),
                "node.alpha.kubernetes.io/ttl": "0",
            },
        },
        "spec": {
            "providerID": f"aws:///{instance.zone}/{instance.instance_id}",
            "taints": node_taints(instance),
        },
        "status": {
            "allocatable": allocatable(instance),
            "capacity": capacity,
            "addresses": [
                {"type": "InternalIP", "address": instance.private_ip},
                {"type": "InternalDNS", "address": instance.name},
                {"type": "Hostname", "address": instance.name},
            ],
            "nodeInfo": {
                "architecture": instance.architecture,
                "operatingSystem": "linux",
                "kubeletVersion": f"v{instance.version}.0",
                "kubeProxyVersion": "",
                "osImage": "local lane",
                "kernelVersion": "none",
                "containerRuntimeVersion": "kwok://fake",
                "machineID": instance.instance_id,
                "systemUUID": instance.instance_id,
                "bootID": instance.instance_id,
            },
        },
    }


def node_labels(instance: Instance) -> dict[str, str]:
    """The group's labels, those of EKS and those of a kubelet."""
    return {
        **instance.labels,
        "eks.amazonaws.com/nodegroup": instance.nodegroup,
        "eks.amazonaws.com/capacityType": instance.capacity_type,
        "node.kubernetes.io/instance-type": instance.instance_type,
        "beta.kubernetes.io/instance-type": instance.instance_type,
        "topology.kubernetes.io/region": instance.region,
        "topology.kubernetes.io/zone": instance.zone,
        "kubernetes.io/hostname": instance.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": instance.architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": instance.architecture,
        MANAGED_BY: MANAGER,
    }


def node_taints(instance: Instance) -> list[dict[str, str]]:
    return [
        {"key": key, "effect": effect, **({"value": value} if value else {})} for key, value, effect in instance.taints
    ]


def correction(instance: Instance, actual: Manifest) -> Manifest | None:
    """The merge patch that gives `actual` the instance's labels and taints, or None if it has them."""
    metadata, spec = actual["metadata"], actual.get("spec", {})
    labels: dict[str, Any] = metadata.get("labels") or {}
    wanted_labels = node_labels(instance)
    changed: dict[str, str | None] = {key: value for key, value in wanted_labels.items() if labels.get(key) != value}
    given_before = (metadata.get("annotations") or {}).get(LABELS_ANNOTATION, "").split(",")
    changed.update({key: None for key in given_before if key in labels and key not in wanted_labels})
    taints = spec.get("taints") or []
    foreign = [taint for taint in taints if taint["key"].startswith(CONDITION_TAINT_PREFIX)]
    own = [_bare(taint) for taint in taints if taint not in foreign]
    patch: Manifest = {}
    if changed:
        patch["metadata"] = {"labels": changed, "annotations": {LABELS_ANNOTATION: _names(wanted_labels)}}
    if sorted(map(str, own)) != sorted(str(_bare(taint)) for taint in node_taints(instance)):
        # The whole list is one field; the version guards what its other owners did meanwhile.
        patch.setdefault("metadata", {})["resourceVersion"] = metadata["resourceVersion"]
        patch["spec"] = {"taints": [*foreign, *node_taints(instance)]}
    return patch or None


def _names(labels: dict[str, str]) -> str:
    return ",".join(sorted(labels))


def _bare(taint: dict[str, Any]) -> dict[str, Any]:
    return {key: taint[key] for key in ("effect", "key", "value") if taint.get(key)}
