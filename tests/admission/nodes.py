"""A cluster with fake nodes on which the policies hold, and waiting for what its controllers make of an object.

Each policy is taken out in one namespace, which is called after it; everywhere else it is enforced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from tests.admission.controls import POD_SPEC
from tests.admission.world import OWNER, SECONDS, Object, World, binding, collection, namespace, policies, taken_out
from tooling.lane.api_server import ApiServer
from tooling.lane.cluster import NODE_ANNOTATION, Cluster
from tooling.lane.testing import running_cluster

T = TypeVar("T")

STORAGE_CLASS = "offered"
"""One that tenants may name, whose volumes are bound without a pod."""
POOL = "pool"
"""Label of nodes that a test has to itself."""


class RunningWorld(World):
    """Requests, and waiting for controllers by watching what they write."""

    def __init__(self, cluster: Cluster, api: ApiServer) -> None:
        super().__init__(api)
        self._cluster = cluster
        self._api_server = api

    def until(self, what: str, of: Object, holds: Callable[[list[Object]], T]) -> T:
        """What `holds` answers, once it is true for all objects that are in the place of `of`."""
        path = collection(of)
        found = self._api_server.request("GET", path).json()
        objects = {item["metadata"]["uid"]: item for item in found["items"]}
        version = found["metadata"]["resourceVersion"]
        answer = holds(list(objects.values()))
        if answer:
            return answer
        pki = self._cluster.certificate_authority.parent
        with ApiServer(self._cluster.server, pki, timeout_seconds=SECONDS) as api:
            try:
                for event in api.watch(f"{path}?watch=true&resourceVersion={version}"):
                    item = event["object"]
                    objects.pop(item["metadata"]["uid"], None)
                    if event["type"] != "DELETED":
                        objects[item["metadata"]["uid"]] = item
                    answer = holds(list(objects.values()))
                    if answer:
                        return answer
            except TimeoutError:
                pass
        raise AssertionError(f"not within {SECONDS} s: {what}; there is {list(objects.values())}")

    def tenant(self, name: str) -> str:
        """A new namespace of a tenant, in which controllers can make pods, and where `OWNER` may do everything."""
        self.make(
            namespace(name, labelled=True),
            binding("owner", name, "cluster-admin", [{"kind": "User", "name": OWNER.user}]),
        )
        self.until("the default account", _in(name, "v1", "ServiceAccount"), bool)
        return name

    def pods(self, namespace: str, what: str, holds: Callable[[list[Object]], T]) -> T:
        return self.until(what, _in(namespace, "v1", "Pod"), holds)

    def evict(self, pod: Object) -> int:
        """Status of the answer: 201, or 429 where a budget refuses it."""
        metadata = {name: pod["metadata"][name] for name in ("name", "namespace")}
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/eviction"
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        return self._api_server.request("POST", path, eviction).status


def _in(namespace: str, version: str, kind: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace}}


@contextlib.contextmanager
def running_world(directory: Path, *, without: Sequence[str]) -> Iterator[RunningWorld]:
    """`without`: policies that do not hold in the namespace that is called after them."""
    with running_cluster(directory) as cluster, cluster.api() as api:
        world = RunningWorld(cluster, api)
        bodies = taken_out(policies(admission_storage_classes=["gp3", STORAGE_CLASS]), without)
        world.make(*bodies, storage_class())
        for number in range(2):
            world.make(node(f"node-{number}"))
        yield world


def storage_class() -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS},
        "provisioner": "kubernetes.io/no-provisioner",
    }


def node(name: str, pool: str = "") -> Object:
    """With a pool it takes only pods that ask for it."""
    taint = {"key": "dedicated", "value": pool, "effect": "NoSchedule"}
    key, value = NODE_ANNOTATION.split("=")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {key: value},
            "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/region": "here", POOL: pool},
        },
        "spec": {"taints": [taint] if pool else []},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "50"}},
    }


def deployment(namespace: str, *, name: str = "application", replicas: int = 1, **pod: object) -> Object:
    """As a tenant writes it; `pod` is added to the pod's own fields."""
    labels = {"app": name}
    spec = {field: value for field, value in POD_SPEC.items() if field != "serviceAccountName"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**spec, **pod}},
        },
    }


def claim(namespace: str, **more: object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace, **more},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def running(pods: list[Object]) -> list[Object]:
    return [
        pod
        for pod in pods
        if pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]


def condition(body: Object, kind: str) -> Object:
    """Empty if there is none."""
    return next((one for one in body.get("status", {}).get("conditions", []) if one["type"] == kind), {})


def first_condition(found: list[Object], kind: str) -> Object:
    """Of the first object; empty if there is neither."""
    return condition(found[0], kind) if found else {}
