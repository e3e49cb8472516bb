"""What a tenant's quota, limits and registries refuse is refused in a preview, with the number that would fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from shared.application_settings import ApplicationSettings
from shared.applications import (
    ClaimedVolume,
    InitContainer,
    Task,
    TaskArgs,
    WebApplication,
    WebApplicationArgs,
    Worker,
    WorkerArgs,
)
from shared.applications.images import allowed_image
from shared.applications.quota import Allowance, Container, Demand, require_within_quota
from shared.contracts import Tenant, consume
from shared.dry_runs.recording import RecordingMonitor
from shared.errors import PlatformError
from shared.program_errors import ProgramInputError
from shared.providers import kubernetes_provider
from shared.tenant_quota import Containers
from shared.testing import Run, contract_outputs, run_program

OWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a"
REGISTRIES = [OWN, "registry.k8s.io"]
DIGEST = f"sha256:{'ab' * 32}"
CATALOG = "tenants/catalog/tenant-a.yaml"


def allowance(**quota: str) -> Allowance:
    hard = {name.replace("_", "."): amount for name, amount in quota.items()}
    return Allowance(tenant="tenant-a", quota=hard, containers=Containers().amounts())


def container(name: str = "web", *, cpu: str = "500m", memory: str = "128Mi") -> Container:
    return Container(name=name, requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": cpu, "memory": memory})


def demand(max_replicas: int, *, surge: int = 1, init: tuple[Container, ...] = (), **of: Any) -> Demand:
    return Demand(max_replicas=max_replicas, surge=surge, containers=[container()], init_containers=init, **of)


def refusal(demanded: Demand, allowed: Allowance) -> PlatformError:
    with pytest.raises(ProgramInputError) as refused:
        require_within_quota("web", demanded, allowed)
    return refused.value


@pytest.mark.parametrize("replicas", [1, 15])
def test_what_fits_is_admitted(replicas: int) -> None:
    require_within_quota("web", demand(replicas), allowance(limits_cpu="8", pods="16"))


def test_a_rollout_needs_room_for_one_more_pod_and_the_hint_says_how_many_fit() -> None:
    error = refusal(demand(16), allowance(limits_cpu="8", pods="40"))
    assert error.code == "quota-exceeded"
    assert error.what == (
        "web may have 17 pods (max_replicas 16 and 1 more during a rollout), which need limits.cpu 8.5; the quota of "
        "tenant-a is 8"
    )
    assert error.at == f"{CATALOG}, quota"
    assert error.hint == f"lower max_replicas to 15, or raise quota.limits.cpu in {CATALOG}"


@pytest.mark.parametrize(
    ("quota", "needs"),
    [
        ({"pods": "4"}, "need pods 5; the quota of tenant-a is 4"),
        ({"requests_memory": "256Mi"}, "need requests.memory 320Mi"),
        ({"limits_memory": "0.5Gi"}, "need limits.memory 640Mi"),
        # Not stated: the namespace's defaults count.
        ({"limits_ephemeral-storage": "4Gi"}, "need limits.ephemeral-storage 5Gi"),
        ({"requests_ephemeral-storage": "1Gi"}, "need requests.ephemeral-storage 1.2Gi"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
def test_every_row_of_the_quota_counts(quota: dict[str, str], needs: str) -> None:
    assert needs in refusal(demand(4), allowance(**quota)).what


def test_init_containers_count_where_they_are_larger_than_what_runs_after_them() -> None:
    larger = (container("one", cpu="1"), container("two", cpu="2"))
    assert "need limits.cpu 4;" in refusal(demand(1, init=larger), allowance(limits_cpu="3")).what
    require_within_quota("web", demand(1, init=larger), allowance(limits_cpu="4"))


def test_where_one_pod_does_not_fit_fewer_pods_are_no_way_out() -> None:
    error = refusal(demand(1, surge=0), allowance(limits_cpu="250m"))
    assert error.what.startswith("web may have 1 pod, which need")
    assert error.hint.startswith("lower the requests and limits of its pods, or raise quota.limits.cpu")


def test_claims_count() -> None:
    error = refusal(demand(1, claims=["10Gi", "45Gi"]), allowance(requests_storage="50Gi"))
    assert error.what == "the volumes of web need requests.storage 55Gi; the quota of tenant-a is 50Gi"
    assert (
        "persistentvolumeclaims 2" in refusal(demand(1, claims=["1Gi"] * 2), allowance(persistentvolumeclaims="1")).what
    )


def test_a_container_above_the_highest_limit_is_refused() -> None:
    large = Demand(containers=[container(memory="5Gi")], init_containers=[])
    error = refusal(large, allowance())
    assert error.code == "container-too-large"
    assert error.what == "the limit of container web for memory is 5Gi, and the highest of tenant-a is 4Gi"


@pytest.mark.parametrize("image", [f"{OWN}/demo-dev:v1", f"{OWN}/demo-dev@{DIGEST}", "registry.k8s.io/pause:3.10"])
def test_an_image_of_the_tenants_registries_with_a_version_is_allowed(image: str) -> None:
    assert allowed_image(image, "tenant-a", REGISTRIES) == image


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("docker.io/library/nginx:1", "registry-not-allowed"),
        ("nginx:1", "registry-not-allowed"),
        # Another tenant's, whose path begins alike.
        (f"{OWN}b/demo:v1", "registry-not-allowed"),
        (f"{OWN}/../tenant-b/demo:v1", "registry-not-allowed"),
        (f"{OWN}/demo", "image-without-version"),
        (f"{OWN}/demo:latest", "image-without-version"),
        (f"{OWN}/demo@sha256:1", "image-without-version"),
    ],
    ids=lambda value: value.removeprefix(OWN) or "own",
)
def test_any_other_image_is_refused(image: str, code: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        allowed_image(image, "tenant-a", REGISTRIES)
    assert refused.value.code == code
    assert image in refused.value.what


def deployed(*, tenant: Mapping[str, Any] | None = None, preview: bool = True, cron: bool = False, **args: Any) -> Run:
    def program() -> None:
        contract = consume(Tenant, stack="dev.tenant-a")
        provider = kubernetes_provider(
            kubeconfig=contract.kubeconfig, cluster_arn=contract.cluster_arn, context=contract.cluster_name
        )
        opts = pulumi.ResourceOptions(provider=provider)
        given: dict[str, Any] = {"image": "registry.k8s.io/app:1", **args}
        if cron:
            Task("app", TaskArgs(tenant=contract, **given), opts)
        else:
            Worker("app", WorkerArgs(tenant=contract, **given), opts)

    return run_program(program, preview=preview, upstream=lambda _: contract_outputs(Tenant, **(tenant or {})))


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"max_replicas": 40}, "quota-exceeded"),
        ({"image": "docker.io/library/nginx:1"}, "registry-not-allowed"),
        ({"init_containers": {"one": InitContainer(image="nginx:1")}}, "registry-not-allowed"),
        ({"limits": {"cpu": "3", "memory": "1Gi"}}, "container-too-large"),
        ({"max_replicas": 1, "replicas": 1, "volumes": {"a": ClaimedVolume(path="/a", size="1Ti")}}, "quota-exceeded"),
    ],
    ids=["replicas", "image", "init-image", "limit", "volume"],
)
def test_a_preview_refuses_what_the_cluster_would(args: dict[str, Any], code: str) -> None:
    with pytest.raises(PlatformError) as refused:
        deployed(**args)
    assert refused.value.code == code


def test_nothing_of_a_refused_workload_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of it would wait for the rest: the Service of a Deployment without an image waits for pods."""
    sent: list[str] = []
    register = RecordingMonitor.RegisterResource

    def recorded(self: RecordingMonitor, request: Any) -> Any:
        sent.append(request.type)
        return register(self, request)

    def program() -> None:
        contract = consume(Tenant, stack="dev.tenant-a")
        provider = kubernetes_provider(
            kubeconfig=contract.kubeconfig, cluster_arn=contract.cluster_arn, context=contract.cluster_name
        )
        given: dict[str, Any] = {"image": "registry.k8s.io/app:1", **wrong}
        WebApplication("app", WebApplicationArgs(tenant=contract, **given), pulumi.ResourceOptions(provider=provider))

    monkeypatch.setattr(RecordingMonitor, "RegisterResource", recorded)
    for wrong in ({"image": "nginx:1"}, {"port": 81}, {"host": "other.example.com"}, {"max_replicas": 400}):
        sent.clear()
        with pytest.raises(PlatformError):
            run_program(program, upstream=lambda _: contract_outputs(Tenant))
        assert [kind for kind in sent if kind.startswith("kubernetes:")] == [], wrong


class Mailer(Worker):
    """A component that a team has made of another."""


def together(*components: tuple[type[Worker] | type[Task], str, str], tenant: Mapping[str, Any]) -> Run:
    """A program with several components of one or more pods: class, name, namespace."""

    def program() -> None:
        contract = consume(Tenant, stack="dev.tenant-a")
        provider = kubernetes_provider(
            kubeconfig=contract.kubeconfig, cluster_arn=contract.cluster_arn, context=contract.cluster_name
        )
        opts = pulumi.ResourceOptions(provider=provider)
        for component, name, namespace in components:
            given: dict[str, Any] = {"tenant": contract, "image": "registry.k8s.io/app:1", "namespace": namespace}
            if issubclass(component, Task):
                component(name, TaskArgs(**given), opts)
            else:
                component(name, WorkerArgs(**given, replicas=1, max_replicas=3), opts)

    return run_program(program, preview=True, upstream=lambda _: contract_outputs(Tenant, **tenant))


def test_the_workloads_of_a_program_share_the_quota_of_their_namespace() -> None:
    workloads = ((Worker, "mail", ""), (Worker, "orders", "tenant-a"), (Task, "migrate", ""))
    together(*workloads, tenant={"quota": {"limits.cpu": "4.5", "pods": "9"}})
    with pytest.raises(PlatformError) as refused:
        together(*workloads, tenant={"quota": {"pods": "8"}})
    assert refused.value.code == "quota-exceeded"
    assert refused.value.what == (
        "migrate does not fit beside mail, orders: together they may need pods 9 (mail 4, orders 4, migrate 1); the "
        "quota of tenant-a is 8"
    )
    assert refused.value.at == f"{CATALOG}, quota"
    assert refused.value.hint == (
        f"lower max_replicas, or the requests and limits, of one of them; or raise quota.pods in {CATALOG}"
    )


def test_each_namespace_has_a_quota_of_its_own() -> None:
    tenant = {"namespaces": ["tenant-a", "tenant-a-jobs"], "quota": {"pods": "4"}}
    together((Worker, "mail", ""), (Worker, "mail", "tenant-a-jobs"), tenant=tenant)
    with pytest.raises(PlatformError, match="quota-exceeded"):
        together((Worker, "mail", ""), (Worker, "orders", ""), tenant=tenant)


def test_what_one_program_needs_is_not_counted_for_the_next() -> None:
    for _ in range(2):
        together((Worker, "mail", ""), tenant={"quota": {"pods": "4"}})


def test_two_components_of_one_name_are_refused() -> None:
    with pytest.raises(PlatformError) as refused:
        together((Worker, "mail", ""), (Mailer, "mail", "tenant-a"), tenant={})
    assert refused.value.code == "component-name-taken"
    assert refused.value.what == (
        "Worker 'mail' and Worker 'mail' are in the same namespace, and their objects and pods would have the same "
        "names and labels"
    )


def test_a_task_may_have_the_name_of_a_worker() -> None:
    together((Worker, "mail", ""), (Task, "mail", ""), tenant={})


def test_a_task_is_one_pod() -> None:
    deployed(cron=True, limits={"cpu": "2", "memory": "1Gi"}, tenant={"quota": {"limits.cpu": "2"}})
    with pytest.raises(PlatformError, match="may have 1 pod"):
        deployed(cron=True, limits={"cpu": "2", "memory": "1Gi"}, tenant={"quota": {"limits.cpu": "1"}})


def image_of(settings: ApplicationSettings, **tenant: Any) -> str:
    def program() -> None:
        pulumi.export("image", settings.image(consume(Tenant, stack="dev.tenant-a")))

    outputs = contract_outputs(Tenant, **tenant)
    return run_program(program, project="shop", upstream=lambda _: outputs).outputs["image"]


def test_the_image_is_from_the_tenants_repository_with_the_projects_name() -> None:
    settings = ApplicationSettings(tenant="tenant-a", image_tag="v1")
    assert image_of(settings, repositories={"shop": f"{OWN}/shop-dev"}) == f"{OWN}/shop-dev:v1"
    by_digest = ApplicationSettings(tenant="tenant-a", image_tag="v1", image_digest=DIGEST)
    assert image_of(by_digest, repositories={"shop": f"{OWN}/shop-dev"}) == f"{OWN}/shop-dev@{DIGEST}"
    elsewhere = ApplicationSettings(tenant="tenant-a", image_tag="v1", image_repository="ghcr.io/team-a/shop")
    assert image_of(elsewhere, repositories={}) == "ghcr.io/team-a/shop:v1"


def test_a_tenant_without_that_repository_is_told_what_to_add() -> None:
    settings = ApplicationSettings(tenant="tenant-a", image_tag="v1")
    with pytest.raises(ProgramInputError) as refused:
        image_of(settings, repositories={"shpo": f"{OWN}/shpo-dev"})
    assert refused.value.code == "repository-missing"
    assert refused.value.what == "tenant-a has no image repository 'shop': shpo, did you mean \"shpo\"?"
    assert f"add shop to repositories in {CATALOG}" in refused.value.hint
