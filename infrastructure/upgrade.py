"""Whether a deployed cluster can be upgraded to the versions in the settings.

Compares the versions that the stack last published with the configured ones. EKS would reject the same upgrades, but
one by one and in the middle of a deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from settings import InfrastructureSettings

from shared.versions import minor_number

# Source: Kubernetes, "Version Skew Policy": kubelet and kube-proxy may be three minors older than the API server.
OLDEST = 3


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """Versions after the last deployment; empty before the first."""

    cluster: str = ""
    """Kubernetes minor, e.g. `1.35`."""
    nodes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Kubernetes minor by node group."""
    addons: Mapping[str, str] = field(default_factory=dict[str, str])
    """Version by add-on, e.g. `v1.35.0-eksbuild.2`."""


def refusals(deployed: Deployed, settings: InfrastructureSettings) -> list[str]:
    """Reasons why the upgrade is not possible, one sentence each; empty if it is."""
    wanted = settings.kubernetes_version
    nodes = settings.node_kubernetes_version or wanted
    proxy = settings.pinned_addons(wanted)["kube-proxy"]
    found: list[str] = []
    if minor_number(nodes) > minor_number(wanted):
        found.append(f"node_kubernetes_version {nodes} is newer than kubernetes_version {wanted}")
    elif minor_number(wanted) - minor_number(nodes) > OLDEST:
        found.append(f"node_kubernetes_version {nodes} is more than {OLDEST} minors behind kubernetes_version {wanted}")
    if not 0 <= minor_number(wanted) - minor_number(proxy) <= OLDEST:
        found.append(f"addon_versions: kube-proxy {proxy} is not compatible with kubernetes_version {wanted}")
    return [*found, *_from(deployed, wanted, nodes)]


def _from(deployed: Deployed, wanted: str, nodes: str) -> list[str]:
    found: list[str] = []
    if deployed.cluster:
        step = minor_number(wanted) - minor_number(deployed.cluster)
        if step < 0:
            found.append(
                f"kubernetes_version {wanted} is older than the cluster's {deployed.cluster}: "
                "downgrades are not supported"
            )
        elif step > 1:
            following = f"1.{minor_number(deployed.cluster) + 1}"
            found.append(
                f"kubernetes_version {wanted} is {step} minors after the cluster's {deployed.cluster}: "
                f"deploy {following} first"
            )
    for group, version in deployed.nodes.items():
        if minor_number(wanted) - minor_number(version) > OLDEST:
            found.append(
                f"nodes of group {group} run {version}, more than {OLDEST} minors behind kubernetes_version {wanted}: "
                "upgrade them first"
            )
        elif minor_number(nodes) < minor_number(version):
            found.append(f"nodes of group {group} run {version}, newer than {nodes}: downgrades are not supported")
    running = deployed.addons.get("kube-proxy")
    if running and minor_number(wanted) - minor_number(running) > OLDEST:
        found.append(f"kube-proxy is at {running}, more than {OLDEST} minors behind kubernetes_version {wanted}")
    return found
