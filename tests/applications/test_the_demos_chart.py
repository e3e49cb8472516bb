"""Helm installs, changes, rolls back and removes the demo's chart, with the rights of a deployer of the tenant.

On a real API server with the platform's admission policies, and the tenant's quota, limits, Pod Security and Role.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.admission.world import DEPLOYER, TENANT, World, populate
from tooling.lane.binaries import binary, ensure
from tooling.lane.progress import progress_on
from tooling.lane.testing import running_cluster
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("the demo's chart on a cluster")]

CHART = REPOSITORY / "applications/demo/chart"
VALUES: dict[str, Any] = {
    "image": {"repository": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a/demo"},
    "ingress": {"host": "tenant-a.example.com"},
}
VERSIONS = {
    "configmaps": "v1",
    "deployments": "apps/v1",
    "horizontalpodautoscalers": "autoscaling/v2",
    "ingresses": "networking.k8s.io/v1",
    "poddisruptionbudgets": "policy/v1",
    "services": "v1",
}
"""What the chart makes, and the version of its interface."""

Helm = Callable[..., subprocess.CompletedProcess[str]]


class Cluster:
    def __init__(self, world: World, helm: Helm) -> None:
        self.world, self.helm = world, helm

    def read(self, kind: str, name: str = "demo") -> Any:
        root = f"/api/{VERSIONS[kind]}" if VERSIONS[kind] == "v1" else f"/apis/{VERSIONS[kind]}"
        return self.world.read(f"{root}/namespaces/{TENANT}/{kind}/{name}")

    @property
    def found(self) -> set[str]:
        """Kinds of which there is an object of the release."""
        return {kind for kind in VERSIONS if self.read(kind)["kind"] != "Status"}

    @property
    def response(self) -> str:
        return self.read("configmaps")["data"]["DEMO_ROOT_RESPONSE"]

    @property
    def template(self) -> Any:
        return self.read("deployments")["spec"]["template"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    ensure(progress_on(), ["helm"])
    directory = tmp_path_factory.mktemp("chart")
    with running_cluster(directory) as running, running.api() as api:
        world = World(api)
        populate(world)

        def helm(*arguments: str, values: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
            impersonated = ["--kube-as-user", DEPLOYER.user, "--kube-as-group", DEPLOYER.group]
            given = ["--values", "-"] if values is not None else []
            return subprocess.run(
                [str(binary("helm")), *arguments, *given, "--kubeconfig", str(running.kubeconfig), *impersonated],
                env={"HOME": str(directory), "PATH": ""},
                input=json.dumps(values),
                capture_output=True,
                text=True,
            )

        yield Cluster(world, helm)


def deploy(cluster: Cluster, values: Mapping[str, Any], namespace: str = TENANT) -> subprocess.CompletedProcess[str]:
    return cluster.helm("upgrade", "--install", "demo", str(CHART), "--namespace", namespace, values=values)


def test_a_deployer_installs_changes_rolls_back_and_removes_it(cluster: Cluster) -> None:
    installed = deploy(cluster, VALUES)
    assert installed.returncode == 0, installed.stderr
    assert "It answers at http://tenant-a.example.com/" in installed.stdout
    assert cluster.found == set(VERSIONS)
    assert cluster.response == "Welcome to the demo"
    first = cluster.template

    changed = deploy(cluster, VALUES | {"responses": {"root": "Good morning"}})
    assert changed.returncode == 0, changed.stderr
    assert cluster.response == "Good morning"
    assert cluster.template != first

    back = cluster.helm("rollback", "demo", "1", "--namespace", TENANT)
    assert back.returncode == 0, back.stderr
    assert cluster.response == "Welcome to the demo"
    assert cluster.template == first

    removed = cluster.helm("uninstall", "demo", "--namespace", TENANT, "--cascade", "foreground")
    assert removed.returncode == 0, removed.stderr
    cluster.world.wait("its objects are gone", lambda: cluster.found == set())


def test_an_image_of_another_registry_is_refused_by_the_platform(cluster: Cluster) -> None:
    refused = deploy(cluster, VALUES | {"image": {"repository": "docker.io/library/nginx"}})
    assert refused.returncode == 1
    assert "tenant-pods-images" in refused.stderr
    cluster.helm("uninstall", "demo", "--namespace", TENANT)


def test_a_deployer_cannot_install_it_in_another_namespace(cluster: Cluster) -> None:
    refused = deploy(cluster, VALUES, namespace="default")
    assert refused.returncode == 1
    assert 'User "somebody" cannot' in refused.stderr
    assert 'in the namespace "default"' in refused.stderr
