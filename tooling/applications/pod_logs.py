"""The last lines that an application's pods wrote, through the Kubernetes API."""

from __future__ import annotations

from dataclasses import dataclass, field

from tooling.applications.live import Cluster
from tooling.plugins.kubernetes.client import ApiError


@dataclass(frozen=True, kw_only=True)
class PodLog:
    pod: str
    lines: list[str] = field(default_factory=list)
    why_none: str = ""
    """What the API server said if it has no log, such as for a container that has not started."""


def pod_logs(cluster: Cluster, *, lines: int, previous: bool) -> list[PodLog]:
    """One entry per pod, oldest pod first."""
    pods = [pod for workload in cluster.workloads() for pod in workload.pods]
    pods.sort(key=lambda pod: (pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]))
    found = []
    for pod in pods:
        name = pod["metadata"]["name"]
        try:
            text = cluster.log(pod, lines=lines, previous=previous)
        except ApiError as error:
            found.append(PodLog(pod=name, why_none=error.message))
        else:
            found.append(PodLog(pod=name, lines=text.splitlines()))
    return found
