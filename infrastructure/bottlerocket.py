"""User data of a Bottlerocket node, as a pure function of its arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from node_settings import Taint

KUBERNETES_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

# An estimate: enough for a full node to stay responsive. Bottlerocket itself reserves what the kubelet needs.
_SYSTEM_RESERVED = {"cpu": "50m", "memory": "256Mi"}
_EVICTION_HARD = {"memory.available": "5%", "nodefs.available": "10%"}


@dataclass(frozen=True, kw_only=True)
class UserDataArgs:
    cluster_name: str
    endpoint: str
    certificate_authority: str
    """Base64-encoded, as EKS returns it."""
    cluster_dns_ip: str
    node_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    node_taints: Sequence[Taint] = ()
    max_pods: int | None = None
    """`None`: EKS calculates it from the instance type and the CNI options."""
    ssh: bool = False
    """Enable the admin container, which accepts SSH with the instance's key pair."""


def bottlerocket_toml(args: UserDataArgs) -> str:
    """The settings of one node group, as TOML.

    EKS merges in the first section and the group's labels and taints; they are repeated here so that nodes are
    configured identically if EKS does not merge.

    Source: Bottlerocket settings reference, `settings.kubernetes`; EKS user guide, "Customize managed nodes with launch
    templates".
    """
    kubernetes: dict[str, str | int] = {
        "api-server": args.endpoint,
        "cluster-certificate": args.certificate_authority,
        "cluster-dns-ip": args.cluster_dns_ip,
        "cluster-name": args.cluster_name,
    }
    if args.max_pods is not None:
        kubernetes["max-pods"] = args.max_pods
    taints: dict[str, list[str]] = {}
    for taint in args.node_taints:
        taints.setdefault(taint.key, []).append(f"{taint.value}:{KUBERNETES_EFFECTS[taint.effect]}")
    sections = [
        _section("settings.kubernetes", kubernetes),
        _section("settings.kubernetes.node-labels", args.node_labels),
        _section("settings.kubernetes.node-taints", taints),
        _section("settings.kubernetes.system-reserved", _SYSTEM_RESERVED),
        _section("settings.kubernetes.eviction-hard", _EVICTION_HARD),
        _section("settings.host-containers.admin", {"enabled": True} if args.ssh else {}),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _section(name: str, values: Mapping[str, str | int | list[str]]) -> str:
    """JSON strings, numbers and lists of strings are valid TOML too; keys are bare where TOML allows it."""
    if not values:
        return ""
    lines = (
        f"{key if _BARE_KEY.fullmatch(key) else json.dumps(key)} = {json.dumps(value)}" for key, value in values.items()
    )
    return "\n".join([f"[{name}]", *lines])
