"""What the emulated account says about the cluster, as plain values read in one go under the state lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.eks.models import eks_backends

from tooling.aws_emulator.determinism import STATE_LOCK
from tooling.aws_emulator.eks import autoscaling, node_images
from tooling.aws_emulator.eks.addon_catalog import default_version, parsed_configuration
from tooling.aws_emulator.eks.nodegroup_operations import kubernetes_effect
from tooling.aws_emulator.eks.records import Cluster, Nodegroup


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance of a node group. Sizes are the whole machine's; what pods may use is worked out in `nodes`."""

    name: str
    """Private DNS name, which is the node's name on EKS."""
    instance_id: str
    private_ip: str
    zone: str
    region: str
    nodegroup: str
    instance_type: str
    architecture: str
    """`amd64` or `arm64`."""
    capacity_type: str
    version: str
    """Kubernetes minor of its kubelet."""
    cpu: int
    memory_mib: int
    max_pods: int
    disk_gib: int
    labels: dict[str, str]
    taints: tuple[tuple[str, str, str], ...]
    """Key, value, effect as Kubernetes spells it."""


@dataclass(frozen=True, kw_only=True)
class InstalledAddon:
    """`version` is empty for one that EKS installed by itself and nobody manages."""

    name: str
    version: str
    service_account_role: str | None = None
    configuration: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PolicyGrant:
    """An access policy that somebody has, in the whole cluster (`namespace` None) or where the pattern fits."""

    policy: str
    namespace: str | None


@dataclass(frozen=True, kw_only=True)
class ClusterSnapshot:
    name: str
    region: str
    service_cidr: str
    instances: tuple[Instance, ...]
    addons: tuple[InstalledAddon, ...]
    grants: frozenset[PolicyGrant]


def take() -> ClusterSnapshot | None:
    """The one cluster, or None."""
    with STATE_LOCK:
        for account, region, backend in list(eks_backends.iter_backends()):
            for cluster in cast(dict[str, Cluster], backend.clusters).values():  # type: ignore[attr-defined]
                return _snapshot(cluster, account, region)
    return None


def _snapshot(cluster: Cluster, account: str, region: str) -> ClusterSnapshot:
    instances = [
        instance
        for group in cast(dict[str, Nodegroup], cluster.nodegroups).values()
        for instance in _instances(group, account, region)
    ]
    managed = [
        InstalledAddon(
            name=addon.name,
            version=addon.version,
            service_account_role=addon.service_account_role,
            configuration=parsed_configuration(addon.configuration),
        )
        for addon in cluster.addons.values()
    ]
    unmanaged = [
        InstalledAddon(name=name, version=default_version(name, cluster.version) or "")
        for name in sorted(cluster.self_managed_addons)
    ]
    grants = {
        PolicyGrant(policy=association.policy, namespace=namespace)
        for entry in cluster.access_entries.values()
        for association in entry.policies.values()
        for namespace in (association.namespaces if association.scope == "namespace" else [None])
    }
    return ClusterSnapshot(
        name=cluster.name,
        region=region,
        service_cidr=cluster.kubernetes_network_config["serviceIpv4Cidr"],
        instances=tuple(instances),
        addons=(*managed, *unmanaged),
        grants=frozenset(grants),
    )


def _instances(group: Nodegroup, account: str, region: str) -> list[Instance]:
    asg = autoscaling.group_of(group, account=account, region=region)
    if asg is None:
        return []
    template = group.launch_template
    data: dict[str, Any] = {}
    if template:
        templates = asg.ec2_backend.launch_templates
        if template["id"] in templates:
            data = templates[template["id"]].get_version(template["version"]).data
    return [
        _instance(state.instance, group, region, node_images.disk_gib(data, int(group.disk_size or 0)))
        for state in asg.instance_states
        if state.instance.state == "running"
    ]


def _instance(instance: Any, group: Nodegroup, region: str, disk_gib: int) -> Instance:
    description = INSTANCE_TYPES[instance.instance_type]
    network = description["NetworkInfo"]
    arm = "arm64" in description["ProcessorInfo"]["SupportedArchitectures"]
    return Instance(
        name=instance.private_dns_name,
        instance_id=instance.id,
        private_ip=instance.private_ip,
        zone=instance.placement.zone,
        region=region,
        nodegroup=group.nodegroup_name,
        instance_type=instance.instance_type,
        architecture="arm64" if arm else "amd64",
        capacity_type=group.capacity_type,
        version=group.version,
        cpu=description["VCpuInfo"]["DefaultVCpus"],
        memory_mib=description["MemoryInfo"]["SizeInMiB"],
        max_pods=network["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2,
        disk_gib=disk_gib,
        labels=dict(group.labels),
        taints=tuple(
            (taint["key"], taint.get("value", ""), kubernetes_effect(taint["effect"])) for taint in group.taints
        ),
    )
