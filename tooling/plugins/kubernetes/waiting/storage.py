"""When volumes and claims are ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes.cluster import Cluster, Target
from tooling.plugins.kubernetes.waiting.verdicts import READY, Verdict, not_yet, spec, status


def persistent_volume(live: Mapping[str, Any]) -> Verdict:
    phase = status(live).get("phase")
    return READY if phase in ("Available", "Bound") else not_yet(f"the volume is {phase or 'not looked at yet'}")


def persistent_volume_claim(live: Mapping[str, Any]) -> Verdict:
    phase = status(live).get("phase")
    return READY if phase == "Bound" else not_yet(f"the claim is {phase or 'not looked at yet'}")


def binds_on_first_use(cluster: Cluster, live: Mapping[str, Any]) -> bool:
    """A claim whose class waits for the first consumer stays Pending until a pod mounts it."""
    name = spec(live).get("storageClassName")
    kind = cluster.discovery.find("storage.k8s.io/v1", "StorageClass")
    storage_class = cluster.get(Target(kind, "", name)) if kind is not None and name else None
    return (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer"
