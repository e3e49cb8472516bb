"""A node that no kwok looks after: its pods run, and end, when a test says so, as with a long grace period."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tooling.lane.api_server import Answer, ApiServer
from tooling.lane.cluster import Cluster

NODE = "by-hand"
LABEL = {"node": NODE}

Objects = list[dict[str, Any]]

_BEAT_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


class ByHand:
    """The node, by the name of `NODE`; pods that select `LABEL` wait for it. It has no room for any other."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": LABEL}}
        self._done("POST", "/api/v1/nodes", node)
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "ByHand",
            "message": "",
            "lastHeartbeatTime": _now()[:19] + "Z",
        }
        self._done("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": {"conditions": [ready]}})
        self._stop = threading.Event()
        self._beat = threading.Thread(target=self._renew)
        self._beat.start()

    def close(self) -> None:
        self._stop.set()
        self._beat.join()
        self._asked("DELETE", f"/api/v1/nodes/{NODE}")

    def _renew(self) -> None:
        """Keeps the node's lease: its pods would be evicted from a node that is silent."""
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NODE, "namespace": "kube-node-lease"},
        }
        kind = {"Content-Type": "application/merge-patch+json"}
        with self._cluster.api() as api:
            api.request("POST", leases, lease)
            while not self._stop.wait(_BEAT_SECONDS):
                spec = {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": _now()}
                api.request("PATCH", f"{leases}/{NODE}", {"spec": spec}, headers=kind)
            api.request("DELETE", f"{leases}/{NODE}")

    def run(self, namespace: str, count: int) -> None:
        """Waits for `count` pods of the namespace, binds them to the node and lets them run."""
        wait(lambda: len(self.pods(namespace)) == count, f"{count} pods in {namespace}")
        for pod in self.pods(namespace):
            name = pod["metadata"]["name"]
            target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
            self._done("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/binding", binding)
            running = {"type": "Ready", "status": "True"}
            self._done(
                "PATCH",
                f"/api/v1/namespaces/{namespace}/pods/{name}/status",
                {"status": {"phase": "Running", "conditions": [running]}},
            )

    def end(self, namespace: str) -> None:
        """Every pod's containers have stopped: the kubelet removes the objects."""
        for pod in self.pods(namespace):
            self._asked(
                "DELETE",
                f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}",
                {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0},
            )

    def pods(self, namespace: str) -> Objects:
        with self._cluster.api() as api:
            return items(api, f"/api/v1/namespaces/{namespace}/pods")

    def get(self, path: str) -> dict[str, Any] | None:
        answer = self._asked("GET", path)
        return answer.json() if answer.status == 200 else None

    def _asked(self, method: str, path: str, body: object = None) -> Answer:
        # A connection of its own: the server closes one that was not used for a while.
        kind = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
        with self._cluster.api() as api:
            return api.request(method, path, body, headers=kind)

    def _done(self, method: str, path: str, body: object) -> None:
        answer = self._asked(method, path, body)
        assert answer.status in (200, 201), answer.body


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def items(api: ApiServer, path: str) -> Objects:
    answer = api.request("GET", path)
    assert answer.status == 200, answer.body
    return answer.json()["items"] or []


def wait(holds: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    deadline = threading.Event()
    timer = threading.Timer(seconds, deadline.set)
    timer.start()
    try:
        while not holds():
            assert not deadline.wait(_PAUSE_SECONDS), f"not within {seconds:.0f} s: {what}"
    finally:
        timer.cancel()


@dataclass
class Watch:
    """What a poller saw of one namespace: each time its guardrails first, then its pods.

    So a guardrail that was not there is missed by every pod that was seen after it.
    """

    namespace: str
    unguarded: list[str] = field(default_factory=list)
    """What pods ran without."""
    looked: int = 0
    """How often pods and guardrails were seen together."""
    ending: int = 0
    """How often, of those, the namespace was being deleted."""

    def look(self, api: ApiServer) -> None:
        inside = f"namespaces/{self.namespace}"
        answer = api.request("GET", f"/api/v1/{inside}")
        if answer.status == 404:
            return
        labels = answer.json()["metadata"]["labels"]
        policies = items(api, f"/apis/networking.k8s.io/v1/{inside}/networkpolicies")
        bindings = items(api, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings")
        quotas = {quota["metadata"]["name"] for quota in items(api, f"/api/v1/{inside}/resourcequotas")}
        limits = items(api, f"/api/v1/{inside}/limitranges")
        pods = items(api, f"/api/v1/{inside}/pods")
        if not pods:
            return
        there = {
            "the tenant's label": "platform.internal/tenant" in labels,
            "a network policy that denies everything": any(map(_denies_everything, policies)),
            "admission policies": len(bindings) > 10,
            "a quota": {"quota", "cross-namespace-affinity"} <= quotas,
            "limits": limits,
        }
        self.unguarded += [what for what, is_there in there.items() if not is_there]
        self.looked += 1
        self.ending += "deletionTimestamp" in answer.json()["metadata"]


def _denies_everything(policy: dict[str, Any]) -> bool:
    spec = policy["spec"]
    both = set(spec["policyTypes"]) == {"Ingress", "Egress"}
    return both and not spec["podSelector"] and not spec.get("ingress") and not spec.get("egress")


@contextmanager
def watched(cluster: Cluster, namespace: str) -> Iterator[Watch]:
    """Looks at the namespace again and again while the block runs."""
    seen, stop, failed = Watch(namespace), threading.Event(), list[BaseException]()

    def poll() -> None:
        try:
            with cluster.api() as api:
                while not stop.wait(_PAUSE_SECONDS):
                    seen.look(api)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
    assert failed == []
