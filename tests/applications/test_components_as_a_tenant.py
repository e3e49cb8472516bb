"""A tenant's deployer may create everything that the components make, and the pods that follow from it exist.

On a real API server with the platform's admission policies, and the tenant's quota, limits, Pod Security and Role.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from shared.applications import (
    ClaimedVolume,
    CommandProbe,
    CronTask,
    CronTaskArgs,
    EmptyDirectory,
    ExistingClaim,
    HealthCheck,
    InitContainer,
    Route,
    SecretFiles,
    SecretKey,
    Spread,
    Task,
    TaskArgs,
    WebApplication,
    WebApplicationArgs,
    Worker,
    WorkerArgs,
)
from shared.contracts import Tenant, consume
from shared.kubernetes_labels import MANAGED_BY_LABEL, PART_OF_LABEL
from shared.providers import kubernetes_provider
from shared.testing import contract_outputs, run_program
from tests.admission.world import DEPLOYER, TENANT, Object, World, altered, populate, rendered
from tooling.lane.testing import running_cluster

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("components as a tenant")]

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.59"
SMALL: dict[str, Any] = {
    "requests": {"cpu": "10m", "memory": "16Mi"},
    "limits": {"cpu": "20m", "memory": "16Mi", "ephemeral-storage": "64Mi"},
}


def application() -> None:
    """Each component, with everything that it can be given."""
    tenant = consume(Tenant, stack="dev.tenant-a")
    provider = kubernetes_provider(
        kubeconfig=tenant.kubeconfig, cluster_arn=tenant.cluster_arn, context=tenant.cluster_name
    )
    opts = pulumi.ResourceOptions(provider=provider)
    common: dict[str, Any] = {
        "tenant": tenant,
        "image": IMAGE,
        "command": ["/agnhost"],
        "arguments": ["pause"],
        "config": {"LEVEL": "info"},
        "secrets": ["database"],
        "secret_variables": {"PASSWORD": SecretKey(secret="database", key="password")},
        "init_containers": {"migrate": InitContainer(arguments=["migrate"])},
        **SMALL,
    }
    scratch = EmptyDirectory(path="/scratch", size_limit="16Mi")
    WebApplication(
        "web",
        WebApplicationArgs(
            **common,
            routes=[Route(paths=["/", "/api"])],
            certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/x",
            health_check=HealthCheck(
                interval_seconds=30, timeout_seconds=10, healthy_after=3, unhealthy_after=3, success_codes="200-204"
            ),
            spread=Spread(required=True, max_skew=2),
            volumes={"scratch": scratch, "keys": SecretFiles(path="/keys", secret="database")},
        ),
        opts,
    )
    Worker(
        "worker",
        WorkerArgs(
            **common,
            replicas=1,
            max_replicas=1,
            live=CommandProbe(command=["/agnhost", "help"]),
            volumes={"scratch": scratch, "data": ClaimedVolume(path="/data", size="1Gi")},
        ),
        opts,
    )
    data = ExistingClaim(path="/data", claim="worker-data", read_only=True)
    Task("task", TaskArgs(**common, delete_after_seconds=3600, volumes={"scratch": scratch}), opts)
    CronTask("cron", CronTaskArgs(**common, schedule="@daily", volumes={"scratch": scratch, "data": data}), opts)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_cluster(tmp_path_factory.mktemp("components")) as cluster, cluster.api() as api:
        made = World(api)
        populate(made)
        yield made


OF_ALL = (MANAGED_BY_LABEL, PART_OF_LABEL)
"""Labels that are the same on every object; another one has the component's name."""


@pytest.fixture(scope="module")
def objects() -> list[Object]:
    run = run_program(application, upstream=lambda _: contract_outputs(Tenant))
    return [altered(body, {"metadata.name": body["metadata"].get("name", _drawn(body))}) for body in rendered(run)]


def _drawn(body: Object) -> str:
    """The name that the mocks draw for an object without one."""
    (name,) = [value for key, value in body["metadata"]["labels"].items() if key not in OF_ALL]
    return f"{name}-1a2b3c4d"


@pytest.fixture(scope="module")
def created(world: World, objects: list[Object]) -> list[Object]:
    for body in objects:
        verdict = world.create(body, DEPLOYER)
        assert verdict.admitted, (body["kind"], body["metadata"]["name"], verdict.message)
    return objects


def test_the_deployer_may_create_every_object(created: list[Object]) -> None:
    kinds = {body["kind"] for body in created}
    assert kinds == {
        "ConfigMap",
        "CronJob",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
    }


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("app.kubernetes.io/name", "web"),
        ("app.kubernetes.io/name", "worker"),
        ("app.kubernetes.io/component", "task"),
    ],
    ids=["web", "worker", "task"],
)
def test_its_pods_exist(world: World, created: list[Object], label: str, name: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": TENANT}}
    world.wait(
        f"a pod of {name} exists",
        lambda: any(one["metadata"].get("labels", {}).get(label) == name for one in world.list(pod)),
    )


def test_a_run_of_a_cron_task_is_admitted_too(world: World, created: list[Object]) -> None:
    (cron,) = [body for body in created if body["kind"] == "CronJob"]
    template = cron["spec"]["jobTemplate"]
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**template["metadata"], "name": "cron-now", "namespace": TENANT},
        "spec": template["spec"],
    }
    assert world.create(job, DEPLOYER).admitted
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": TENANT}}

    def runs() -> bool:
        return any(
            one["metadata"]["labels"].get("batch.kubernetes.io/job-name") == "cron-now" for one in world.list(pod)
        )

    world.wait("its pod exists", runs)


def test_a_claim_of_another_class_is_refused(world: World, objects: list[Object]) -> None:
    (claim,) = [body for body in objects if body["kind"] == "PersistentVolumeClaim"]
    changes = {"metadata.name": "other", "spec.storageClassName": "io2"}
    verdict = world.create(altered(claim, changes), DEPLOYER)
    assert not verdict.admitted
    assert "'tenant-claims-volumes'" in verdict.message


def test_a_budget_for_the_pods_of_a_task_is_refused(world: World, objects: list[Object]) -> None:
    (job,) = [body for body in objects if body["kind"] == "Job"]
    changes = {"metadata.name": "budgeted", "spec.template.metadata.labels.platform\\.internal/budget": "task"}
    verdict = world.create(altered(job, changes), DEPLOYER)
    assert not verdict.admitted
    assert "'tenant-jobs-budget'" in verdict.message
