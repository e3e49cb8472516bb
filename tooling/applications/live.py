"""What the cluster knows of an application: its workloads, their pods, and why they are not healthy.

Read with the tenant's deployer role, through the kubeconfig in the application's own state; no other right is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import BadInput
from tooling.applications.health import Reason, reasons_of
from tooling.kubelet.logs import service_log
from tooling.lane.state import Lane
from tooling.plugins.kubernetes.client import ApiError, Client
from tooling.plugins.kubernetes.waiting.details import label_selector
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId
from tooling.runner.stack_cluster import cluster_client

Object = dict[str, Any]

_PLURALS = {
    "kubernetes:apps/v1:Deployment": "/apis/apps/v1/namespaces/{}/deployments/{}",
    "kubernetes:apps/v1:StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets/{}",
    "kubernetes:batch/v1:Job": "/apis/batch/v1/namespaces/{}/jobs/{}",
    "kubernetes:batch/v1:CronJob": "/apis/batch/v1/namespaces/{}/cronjobs/{}",
}
"""Workloads that an application may have: type in the state, and path in the API."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One workload as the cluster has it now."""

    kind: str
    name: str
    namespace: str
    live: Mapping[str, Any]
    pods: Sequence[Object]
    reasons: Sequence[Reason] = ()
    """Why it is not healthy; empty if it is, or if nothing is known."""

    @property
    def desired(self) -> int | None:
        """Pods that it should have; `None` for a CronJob."""
        spec = self.live.get("spec") or {}
        if self.kind == "CronJob":
            return None
        return spec.get("parallelism", 1) if self.kind == "Job" else spec.get("replicas", 1)

    @property
    def ready(self) -> int:
        status = self.live.get("status") or {}
        return status.get("ready" if self.kind == "Job" else "readyReplicas") or 0

    @property
    def image(self) -> str:
        spec = self.live.get("spec") or {}
        template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template") or {}
        containers = (template.get("spec") or {}).get("containers") or []
        return ", ".join(str(container.get("image", "")) for container in containers)


class Cluster:
    """The application's workloads, through the API server."""

    def __init__(
        self, client: Client, workloads: Sequence[tuple[str, str, str]], *, lane_directory: Path | None = None
    ) -> None:
        """Args: lane_directory: of the lane that it is on, whose API server has no logs."""
        self._client = client
        self._lane_directory = lane_directory
        self._workloads = workloads

    def workloads(self) -> list[Workload]:
        """Those that exist, in the order of the state."""
        found = []
        for kind, namespace, name in self._workloads:
            live = self._get(_PLURALS[kind].format(namespace, name))
            if live is not None:
                found.append(self._workload(kind.rpartition(":")[2], namespace, name, live))
        return found

    def log(self, pod: Object, *, lines: int, previous: bool = False) -> str:
        """The last lines that a pod's containers wrote; empty if there are none.

        Raises:
            ApiError: the API server refused, or has no logs of the pod.
        """
        metadata = pod["metadata"]
        if self._lane_directory is not None:
            return self._log_on_the_lane(pod, lines=lines, previous=previous)
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
        query = {"tailLines": str(lines), **({"previous": "true"} if previous else {})}
        return self._client.text(path, query=query)

    def _log_on_the_lane(self, pod: Object, *, lines: int, previous: bool) -> str:
        assert self._lane_directory is not None
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        found: list[str] = []
        for container in pod["spec"]["containers"]:
            file = service_log(self._lane_directory, namespace, name, container["name"], previous=previous)
            if file.is_file():
                found += file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        return "\n".join(found)

    def _workload(self, kind: str, namespace: str, name: str, live: Object) -> Workload:
        spec = live.get("spec") or {}
        selector = label_selector(_selector_of_runs(spec) if kind == "CronJob" else spec.get("selector") or {})
        pods = self._list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=selector) if selector else []
        uid = live["metadata"]["uid"]
        sets = []
        if kind == "Deployment":
            listed = self._list(f"/apis/apps/v1/namespaces/{namespace}/replicasets", labelSelector=selector)
            sets = [one for one in listed if uid in {owner["uid"] for owner in _owners(one)}]
        events = self._list(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type=Warning")
        found = reasons_of(live, replica_sets=sets, pods=pods, events=events)
        return Workload(kind=kind, name=name, namespace=namespace, live=live, pods=pods, reasons=found)

    def _get(self, path: str) -> Object | None:
        try:
            return self._client.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _list(self, path: str, **query: str) -> list[Object]:
        return self._client.request("GET", path, query=query).get("items") or []


def _selector_of_runs(spec: Mapping[str, Any]) -> Object:
    """A CronJob has no selector: all of its runs have the labels of its template."""
    template = (((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}).get("metadata") or {}
    return {"matchLabels": template.get("labels") or {}}


def _owners(one: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return one["metadata"].get("ownerReferences") or ()


def cluster_of(engine: Engine, stack: StackId) -> Cluster:
    """The cluster that the application is deployed to.

    Raises:
        BadInput: `application-not-deployed`.
    """
    record = engine.record(stack) if engine.exists(stack) else {}
    resources = record.get("resources") or []
    found = [one for one in resources if one["type"] in _PLURALS and not one.get("delete")]
    if not found:
        raise BadInput(
            "application-not-deployed",
            f"{stack} is not deployed" if not resources else f"{stack} has no workload",
            at=f"--stack {stack.environment}",
            hint=f"make applications-up STACK={stack.environment} APP={stack.project}",
        )
    named = []
    for one in found:
        metadata = (one.get("outputs") or one.get("inputs") or {}).get("metadata") or {}
        named.append((one["type"], str(metadata.get("namespace", "")), str(metadata.get("name", ""))))
    lane = Lane.load() if engine.is_local else None
    client = cluster_client(engine, record, found[0])
    return Cluster(client, named, lane_directory=lane.directory if lane else None)
