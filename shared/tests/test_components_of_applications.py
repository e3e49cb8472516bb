"""Workers, tasks and cron tasks, and what all components share: volumes, variables, init containers, routes."""

from __future__ import annotations

from collections.abc import Callable
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
from shared.errors import PlatformError
from shared.kubernetes_labels import BUDGET_LABEL
from shared.providers import kubernetes_provider
from shared.testing import Run, contract_outputs, run_program

IMAGE = "registry.k8s.io/app:1"
ALB = "alb.ingress.kubernetes.io"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
CONFIG = "kubernetes:core/v1:ConfigMap"
CRON_JOB = "kubernetes:batch/v1:CronJob"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
JOB = "kubernetes:batch/v1:Job"

SCHEDULED: dict[str, Any] = {"schedule": "30 2 * * *"}
Make = Callable[[str, Tenant, pulumi.ResourceOptions, dict[str, Any]], object]
MAKERS: dict[str, Make] = {
    "web": lambda name, tenant, opts, args: WebApplication(
        name, WebApplicationArgs(tenant=tenant, image=IMAGE, **args), opts
    ),
    "worker": lambda name, tenant, opts, args: Worker(name, WorkerArgs(tenant=tenant, image=IMAGE, **args), opts),
    "task": lambda name, tenant, opts, args: Task(name, TaskArgs(tenant=tenant, image=IMAGE, **args), opts),
    "cron": lambda name, tenant, opts, args: CronTask(
        name, CronTaskArgs(tenant=tenant, image=IMAGE, **{**SCHEDULED, **args}), opts
    ),
}
KIND = {"web": DEPLOYMENT, "worker": DEPLOYMENT, "task": JOB, "cron": CRON_JOB}
each_component = pytest.mark.parametrize("component", MAKERS)


def made(component: str, *, name: str = "app", hosts: list[str] | None = None, **args: Any) -> Run:
    def program() -> None:
        tenant = consume(Tenant, stack="dev.tenant-a")
        provider = kubernetes_provider(
            kubeconfig=tenant.kubeconfig, cluster_arn=tenant.cluster_arn, context=tenant.cluster_name
        )
        MAKERS[component](name, tenant, pulumi.ResourceOptions(provider=provider), args)

    outputs = contract_outputs(Tenant, **({"hosts": hosts} if hosts else {}))
    return run_program(program, upstream=lambda _: outputs)


def template(component: str, run: Run) -> dict[str, Any]:
    spec = run.one(KIND[component]).inputs["spec"]
    return (spec["jobTemplate"]["spec"] if component == "cron" else spec)["template"]


def pod(component: str, **args: Any) -> dict[str, Any]:
    return template(component, made(component, **args))["spec"]


def kinds(run: Run) -> list[str]:
    return sorted(one.type.rpartition(":")[2] for one in run.resources if one.package == "kubernetes")


def test_a_worker_is_a_deployment_that_nothing_sends_requests_to() -> None:
    run = made("worker", replicas=1, max_replicas=3)
    assert kinds(run) == ["ConfigMap", "Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"]
    (container,) = template("worker", run)["spec"]["containers"]
    assert not {"ports", "readinessProbe", "livenessProbe", "lifecycle", "env"} & container.keys()
    assert template("worker", run)["spec"]["terminationGracePeriodSeconds"] == 20
    assert template("worker", run)["metadata"]["labels"][BUDGET_LABEL] == "app"


def test_a_worker_may_be_asked_whether_it_lives_by_a_command() -> None:
    (container,) = pod("worker", live=CommandProbe(command=["alive"]), startup=CommandProbe(command=["up"]))[
        "containers"
    ]
    assert container["livenessProbe"]["exec"] == {"command": ["alive"]}
    assert container["startupProbe"]["exec"] == {"command": ["up"]}


def test_a_task_is_a_job_that_a_change_creates_again() -> None:
    run = made("task", config={"LEVEL": "info"})
    assert kinds(run) == ["ConfigMap", "Job"]
    job = run.one(JOB).inputs
    # Without a name of its own, Pulumi draws one: the new Job can run before the old one is deleted.
    assert "name" not in job["metadata"]
    spec = job["spec"]
    spec.pop("template")
    assert spec == {
        "backoffLimit": 2,
        "activeDeadlineSeconds": 600,
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
    }
    assert pod("task")["restartPolicy"] == "Never"


def test_a_task_may_be_deleted_by_kubernetes_after_its_end() -> None:
    spec = made("task", retries=0, deadline_seconds=3600, delete_after_seconds=60).one(JOB).inputs["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 3600, 60)


def test_a_cron_task_runs_one_at_a_time_and_keeps_little() -> None:
    run = made("cron", time_zone="Europe/Berlin", suspended=True)
    assert kinds(run) == ["ConfigMap", "CronJob"]
    spec = run.one(CRON_JOB).inputs["spec"]
    jobs = spec.pop("jobTemplate")
    assert spec == {
        "schedule": "30 2 * * *",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 300,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "suspend": True,
    }
    assert jobs["spec"]["ttlSecondsAfterFinished"] == 24 * 60 * 60
    assert jobs["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("component", ["task", "cron"])
def test_no_service_and_no_budget_selects_the_pods_of_a_task(component: str) -> None:
    labels = template(component, made(component))["metadata"]["labels"]
    assert labels == {
        "app.kubernetes.io/component": "app",
        "app.kubernetes.io/part-of": "project",
        "app.kubernetes.io/managed-by": "pulumi",
    }


@each_component
def test_pods_of_every_component_are_hardened(component: str) -> None:
    spec = pod(component, init_containers={"first": InitContainer(arguments=["migrate"])})
    assert spec["serviceAccountName"] == "tenant"
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in (*spec["containers"], *spec["initContainers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"] == {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "500m", "memory": "128Mi"},
        }


@each_component
def test_a_change_of_configuration_changes_the_pods_of_every_component(component: str) -> None:
    run = made(component, config={"LEVEL": "info"}, secrets=["database"])
    config = run.one(CONFIG)
    assert config.inputs["data"] == {"LEVEL": "info"}
    assert "name" not in config.inputs["metadata"]
    (container,) = template(component, run)["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "app-1a2b3c4d"}}, {"secretRef": {"name": "database"}}]
    assert run.comes_after(run.one(KIND[component]), config)


def test_a_variable_may_be_one_key_of_a_secret() -> None:
    (container,) = pod("worker", secret_variables={"PASSWORD": SecretKey(secret="database", key="password")})[
        "containers"
    ]
    assert container["env"] == [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}
    ]


def test_init_containers_run_in_order_with_the_applications_image_unless_they_name_another() -> None:
    spec = pod(
        "worker",
        config={"LEVEL": "info"},
        volumes={"work": EmptyDirectory(path="/work", size_limit="16Mi")},
        init_containers={
            "migrate": InitContainer(arguments=["migrate"]),
            "fetch": InitContainer(
                image="registry.k8s.io/fetch:2",
                command=["fetch"],
                requests={"cpu": "10m", "memory": "16Mi"},
                limits={"cpu": "20m", "memory": "16Mi"},
            ),
        },
    )
    migrate, fetch = spec["initContainers"]
    (main,) = spec["containers"]
    assert (migrate["name"], migrate["image"], migrate["args"]) == ("migrate", IMAGE, ["migrate"])
    assert (fetch["image"], fetch["command"]) == ("registry.k8s.io/fetch:2", ["fetch"])
    assert fetch["resources"] == {
        "requests": {"cpu": "10m", "memory": "16Mi"},
        "limits": {"cpu": "20m", "memory": "16Mi"},
    }
    for one in (migrate, fetch):
        assert one["envFrom"] == main["envFrom"]
        assert one["volumeMounts"] == main["volumeMounts"] == [{"name": "work", "mountPath": "/work"}]


def test_volumes_are_mounted_where_they_say() -> None:
    run = made(
        "worker",
        replicas=1,
        max_replicas=1,
        volumes={
            "scratch": EmptyDirectory(path="/tmp", size_limit="64Mi"),
            "cache": EmptyDirectory(path="/cache", size_limit="8Mi", in_memory=True),
            "data": ClaimedVolume(path="/data", size="10Gi"),
            "shared": ExistingClaim(path="/shared", claim="uploads", read_only=True),
            "keys": SecretFiles(path="/keys", secret="signing"),
        },
    )
    spec = template("worker", run)["spec"]
    assert spec["volumes"] == [
        {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}},
        {"name": "cache", "emptyDir": {"sizeLimit": "8Mi", "medium": "Memory"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "app-data"}},
        {"name": "shared", "persistentVolumeClaim": {"claimName": "uploads", "readOnly": True}},
        {"name": "keys", "secret": {"secretName": "signing"}},
    ]
    (container,) = spec["containers"]
    assert container["volumeMounts"] == [
        {"name": "scratch", "mountPath": "/tmp"},
        {"name": "cache", "mountPath": "/cache"},
        {"name": "data", "mountPath": "/data"},
        {"name": "shared", "mountPath": "/shared", "readOnly": True},
        {"name": "keys", "mountPath": "/keys", "readOnly": True},
    ]


def test_a_claim_is_of_the_allowed_class_and_its_pod_stops_before_the_next_one_starts() -> None:
    volumes = {"data": ClaimedVolume(path="/data", size="10Gi")}
    run = made("web", replicas=1, max_replicas=1, volumes=volumes)
    claim = run.one(CLAIM).inputs
    assert claim["metadata"]["name"] == "app-data"
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "gp3",
        "resources": {"requests": {"storage": "10Gi"}},
    }
    # A rolling update would wait for ever: the new pod needs the volume that the old one keeps.
    assert run.one(DEPLOYMENT).inputs["spec"]["strategy"] == {"type": "Recreate"}


def test_a_volume_for_many_pods_does_not_limit_them() -> None:
    volumes = {"data": ClaimedVolume(path="/data", size="10Gi", storage_class="efs", access_mode="ReadWriteMany")}
    run = made("worker", max_replicas=9, volumes=volumes)
    assert run.one(DEPLOYMENT).inputs["spec"]["strategy"]["type"] == "RollingUpdate"


def test_spreading_may_be_required() -> None:
    for constraint in pod("worker", spread=Spread(max_skew=2, required=True))["topologySpreadConstraints"]:
        assert (constraint["maxSkew"], constraint["whenUnsatisfiable"]) == (2, "DoNotSchedule")


def test_an_ingress_has_a_rule_for_each_host_and_a_path_for_each_path() -> None:
    run = made(
        "web",
        hosts=["a.example.com", "b.example.com"],
        routes=[
            Route(host="b.example.com", paths=["/api", "/docs"]),
            Route(),
            Route(host="b.example.com", paths=["/x"]),
        ],
        certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/x",
    )
    expected = {"b.example.com": ["/api", "/docs", "/x"], "a.example.com": ["/"]}
    for name in ("app", "app-redirect"):
        rules = run.one(INGRESS, name).inputs["spec"]["rules"]
        assert {rule["host"]: [path["path"] for path in rule["http"]["paths"]] for rule in rules} == expected
        assert {path["pathType"] for rule in rules for path in rule["http"]["paths"]} == {"Prefix"}
    assert run.registered("platform:applications:WebApplication")[0].name == "app"


def test_a_health_check_writes_what_differs_from_the_controllers_defaults() -> None:
    check = HealthCheck(path="/alive", interval_seconds=30, healthy_after=3, success_codes="200-204")
    annotations = made("web", health_check=check).one(INGRESS).inputs["metadata"]["annotations"]
    assert {key.removeprefix(f"{ALB}/"): value for key, value in annotations.items() if "health" in key} == {
        "healthcheck-path": "/alive",
        "healthcheck-interval-seconds": "30",
        "healthy-threshold-count": "3",
    }
    assert annotations[f"{ALB}/success-codes"] == "200-204"


@pytest.mark.parametrize(
    ("component", "args", "code", "says"),
    [
        ("web", {"name": "My_App"}, "name-invalid", "'My_App' is not a DNS label"),
        ("task", {"name": "a" * 55}, "name-invalid", "at most 54"),
        ("cron", {"name": "a" * 53}, "name-invalid", "at most 52"),
        ("worker", {"volumes": {"Data": EmptyDirectory(path="/d", size_limit="1Mi")}}, "name-invalid", "'Data'"),
        ("worker", {"init_containers": {"a_b": InitContainer()}}, "name-invalid", "'a_b'"),
        ("worker", {"replicas": 3, "max_replicas": 2}, "replicas-out-of-order", "max_replicas (2)"),
        ("worker", {"exit_seconds": 896}, "shutdown-out-of-range", "at most 895"),
        ("worker", {"limits": {"cpu": "much"}}, "argument-invalid", "cpu: 'much'"),
        ("worker", {"init_containers": {"a": InitContainer(limits={"cpu": "x"})}}, "argument-invalid", "cpu: 'x'"),
        (
            "worker",
            {"volumes": {"data": ClaimedVolume(path="/data", size="1Gi")}},
            "arguments-conflict",
            "max_replicas is 4, but a volume in volumes",
        ),
        (
            "worker",
            {"config": {"A": "1"}, "secret_variables": {"A": SecretKey(secret="s", key="k")}},
            "arguments-conflict",
            "A is in both config and secret_variables",
        ),
        ("worker", {"namespace": "tenant-b"}, "namespace-not-the-tenants", "'tenant-b' is not a namespace of tenant-a"),
        ("web", {"config": {"PORT": "1"}}, "arguments-conflict", "PORT is in config"),
        ("web", {"host": "tenant-a.example.com", "routes": [Route()]}, "arguments-conflict", "host 'tenant-a"),
        ("web", {"routes": [Route(host="other.example.com")]}, "host-not-the-tenants", "'other.example.com'"),
        ("task", {"retries": -1}, "argument-invalid", "retries (-1)"),
        ("task", {"deadline_seconds": 0}, "argument-invalid", "deadline_seconds (0)"),
        ("cron", {"schedule": "daily"}, "argument-invalid", "schedule 'daily'"),
        ("cron", {"schedule": "TZ=UTC 0 * * * *"}, "argument-invalid", "schedule 'TZ=UTC"),
        ("cron", {"time_zone": "Europe/Berlim"}, "argument-invalid", 'did you mean "Europe/Berlin"?'),
        ("cron", {"failed_kept": 11}, "argument-invalid", "failed_kept (11)"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_wrong_arguments_are_refused_with_the_way_to_fix_them(
    component: str, args: dict[str, Any], code: str, says: str
) -> None:
    with pytest.raises(PlatformError) as refused:
        made(component, **args)
    assert refused.value.code == code
    assert says in refused.value.what
    assert refused.value.hint


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Route(paths=["api"]), "path 'api'"),
        (lambda: Route(paths=[]), "no paths"),
        (lambda: HealthCheck(interval_seconds=4), "interval_seconds (4)"),
        (lambda: HealthCheck(interval_seconds=10, timeout_seconds=10), "timeout_seconds (10) at least 2 and less"),
        (lambda: HealthCheck(healthy_after=1), "healthy_after (1)"),
        (lambda: EmptyDirectory(path="/tmp", size_limit="big"), "size_limit: 'big'"),
        (lambda: ClaimedVolume(path="/data", size="-1Gi"), "size: '-1Gi'"),
    ],
    ids=["path", "no-paths", "interval", "timeout", "threshold", "size-limit", "size"],
)
def test_a_wrong_part_is_refused_where_it_is_written(make: Callable[[], object], says: str) -> None:
    with pytest.raises(PlatformError) as refused:
        make()
    assert refused.value.code == "argument-invalid"
    assert says in refused.value.what
