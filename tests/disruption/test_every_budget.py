"""A node can be drained whatever state its pods are in: every budget that the platform makes, and the applications'.

kubernetes/kubernetes#72320: under the default policy a pod that runs and never becomes ready cannot be evicted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared.testing import Registered, application_directories, run_program, stack_of_application
from tests.admission.world import Object, World, altered, namespace, path, rendered
from tests.everything_on import SETTINGS, STACKS, upstream
from tooling.lane.api_server import ApiServer
from tooling.lane.testing import running_cluster
from tooling.paths import REPOSITORY

BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
ALWAYS = "AlwaysAllow"
APPLICATIONS = application_directories()
PROJECTS = {**SETTINGS, **{f"applications/{directory.name}": {} for directory in APPLICATIONS}}
WITHOUT_BUDGET = {
    directory.name for directory in APPLICATIONS if "CronTask(" in (directory / "__main__.py").read_text()
}
"""Applications whose pods end by themselves."""


def resources() -> Iterator[Registered]:
    for project, config in PROJECTS.items():
        directory = REPOSITORY / project
        stack = stack_of_application(directory) if directory in APPLICATIONS else STACKS.get(project, "dev")
        run = run_program(directory, stack=stack, config=config, upstream=upstream)
        yield from run.resources


def budgets(resource: Registered) -> Iterator[tuple[str, dict[str, Any]]]:
    """What it registers and what the values of a chart ask for."""
    if resource.type == BUDGET:
        yield resource.name, resource.inputs["spec"]
    if resource.type.startswith("kubernetes:helm.sh/"):
        yield from _in_values(resource.name, resource.inputs.get("values") or {})


def _in_values(name: str, values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in values.items():
        if key == "podDisruptionBudget":
            yield name, value
        elif isinstance(value, dict):
            yield from _in_values(name, value)


def test_every_budget_lets_pods_that_are_not_ready_go() -> None:
    found = {name: spec for resource in resources() for name, spec in budgets(resource)}
    applications = {directory.name for directory in APPLICATIONS} - WITHOUT_BUDGET
    assert "demo" in applications
    addons = {"aws-load-balancer-controller", "cluster-autoscaler", "external-dns", "external-secrets"}
    assert addons | applications == set(found)
    for name, spec in found.items():
        assert spec["unhealthyPodEvictionPolicy"] == ALWAYS, name
        assert spec["maxUnavailable"] == 1, name


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_cluster(tmp_path_factory.mktemp("disruption")) as cluster, cluster.api() as api:
        yield api


@pytest.fixture(scope="module")
def demo(api: ApiServer) -> list[Object]:
    """The demo's pods, running on a node, none of them ready."""
    world = World(api)
    # kwok leaves the pods of images in ECR to the lane's kubelet, which does not run here.
    elsewhere = {"image_repository": "registry.k8s.io/pause"}
    objects = [
        altered(body, {"metadata.name": body["metadata"].get("name", "generated")})
        for body in rendered(run_program(REPOSITORY / "applications/demo", stack="staging", config=elsewhere))
    ]
    (deployment,) = [body for body in objects if body["kind"] == "Deployment"]
    tenant = deployment["metadata"]["namespace"]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tenant", "namespace": tenant}}
    world.make(node("one"), namespace(tenant, labelled=False), account)
    world.make(*objects)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": tenant}}

    def running() -> bool:
        pods = world.list(pod)
        return len(pods) == 2 and all(one["status"].get("phase") == "Running" for one in pods)

    world.wait("its pods run", running)
    pods = [{**pod, **one} for one in world.list(pod)]
    for one in pods:
        change = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        assert api.request("PATCH", f"{path(one)}/status", change, headers=headers).status == 200
    (budget,) = [body for body in objects if body["kind"] == "PodDisruptionBudget"]

    def counted() -> bool:
        status = (world.get(budget) or {}).get("status", {})
        return status.get("expectedPods") == 2 and status.get("currentHealthy") == 0

    world.wait("the budget counts them as not ready", counted)
    return [budget, *pods]


def evict(api: ApiServer, pod: Object) -> int:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": pod["metadata"]}
    body["metadata"] = {key: pod["metadata"][key] for key in ("name", "namespace")}
    return api.request("POST", f"{path(pod)}/eviction?dryRun=All", body).status


@pytest.mark.lane
@pytest.mark.xdist_group("disruption")
def test_the_demos_pods_leave_their_node_although_none_is_ready(api: ApiServer, demo: list[Object]) -> None:
    _, *pods = demo
    assert [evict(api, pod) for pod in pods] == [201, 201]


@pytest.mark.lane
@pytest.mark.xdist_group("disruption")
def test_under_kubernetes_own_policy_they_would_hold_it(api: ApiServer, demo: list[Object]) -> None:
    budget, *pods = demo
    world = World(api)
    change = {"spec": {"unhealthyPodEvictionPolicy": None}}
    merge = {"Content-Type": "application/merge-patch+json"}
    assert api.request("PATCH", path(budget), change, headers=merge).status == 200
    world.wait("the budget refuses", lambda: [evict(api, pod) for pod in pods] == [429, 429])


def node(name: str) -> Object:
    """One of kwok's, with room."""
    room = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/os": "linux"},
        },
        "status": {"allocatable": room, "capacity": room},
    }
