"""Pods of a service on a lane: they answer, fail, end and come back as processes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tooling.kubelet.logs import service_log
from tooling.kubelet.tests.world import (
    APPS,
    CORE,
    IMAGE,
    INGRESSES,
    NAMESPACE,
    World,
    container,
    deployment,
    host_of,
    ingress,
    is_ready,
    reason,
    service,
)
from tooling.lane.lifecycle import down, up
from tooling.lane.processes import command_lines
from tooling.lane.progress import progress_on
from tooling.lane.state import services_of
from tooling.lane.testing import running_lane

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("kubelet")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("kubelet")
    with running_lane(directory) as lane:
        yield World(lane, directory)


@pytest.fixture
def deploy(world: World) -> Iterator[Any]:
    """Creates Deployments, which are deleted after the test."""
    names: list[str] = []

    def create(name: str, **more: Any) -> None:
        names.append(name)
        world.done("POST", f"{APPS}/deployments", deployment(name, **more))

    yield create
    for name in names:
        world.done("DELETE", f"{APPS}/deployments/{name}")
        world.wait(lambda name=name: not world.pods(name), f"the pods of {name} to be gone")


def services(world: World) -> list[int]:
    """Processes of pods, with the one that they are forked from."""
    start = " ".join(services_of(world.lane.directory).arguments)
    return [pid for pid, command in command_lines() if start in command]


def log_of(world: World, pod: dict[str, Any], *, previous: bool = False) -> str:
    return service_log(world.lane.directory, NAMESPACE, pod["metadata"]["name"], "web", previous=previous).read_text()


def test_host_of_an_ingress_reaches_a_pod_until_it_is_scaled_to_zero(world: World, deploy: Any) -> None:
    deploy("shown", replicas=2)
    world.done("POST", f"{CORE}/services", service("shown"))
    world.done("POST", INGRESSES, ingress("shown"))
    world.wait(lambda: all(map(is_ready, world.pods("shown"))) and len(world.pods("shown")) == 2, "two ready pods")
    host = host_of("shown")
    world.wait(lambda: world.fetch("/", host)[0] == 200, "the endpoints to be known")
    names = {pod["metadata"]["name"] for pod in world.pods("shown")}
    answered = {json.loads(world.fetch("/environment", host)[1])["HOSTNAME"] for _ in range(2)}
    assert answered == names

    world.done("PATCH", f"{APPS}/deployments/shown", {"spec": {"replicas": 0}})
    world.wait(lambda: not world.pods("shown"), "no pod")
    assert world.fetch("/", host) == (503, "Service shown of namespace shop has no pods: it is scaled to zero\n")
    assert world.fetch("/", "unknown.example.com") == (
        404,
        "no Ingress has the host unknown.example.com and the path /\n",
    )


def test_process_has_exactly_the_environment_of_its_pod(world: World, deploy: Any) -> None:
    world.done("POST", f"{CORE}/configmaps", {"metadata": {"name": "words"}, "data": {"GREETING": "good day"}})
    world.done("POST", f"{CORE}/secrets", {"metadata": {"name": "keys"}, "stringData": {"KEY": "42"}})
    deploy(
        "exact",
        env={"ALSO": "$(GREETING), $(KEY)"},
        envFrom=[{"configMapRef": {"name": "words"}}, {"secretRef": {"name": "keys"}}],
        args=["--key", "$(KEY)"],
    )
    world.done("POST", f"{CORE}/services", service("exact"))
    world.done("POST", INGRESSES, ingress("exact"))
    pod = world.pod("exact", is_ready, "a ready pod")
    world.wait(lambda: world.fetch("/", host_of("exact"))[0] == 200, "the endpoint to be known")
    found = json.loads(world.fetch("/environment", host_of("exact"))[1])
    assert found.pop("PORT") != "8080"
    assert found == {
        "ALSO": "good day, 42",
        "GREETING": "good day",
        "HOST": "127.0.0.1",
        "HOSTNAME": pod["metadata"]["name"],
        "KEY": "42",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    assert json.loads(world.fetch("/argv", host_of("exact"))[1]) == ["--key", "42"]


def test_release_that_does_not_exist_waits_in_image_pull_back_off(world: World, deploy: Any) -> None:
    deploy("missing", tag="v9")
    pod = world.pod("missing", lambda pod: reason(pod) == "ImagePullBackOff", "a back-off")
    error = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}:v9": '
        f'failed to resolve reference "{IMAGE}:v9": {IMAGE}:v9: not found'
    )
    assert (
        container(pod)["state"]["waiting"]["message"] == f'Back-off pulling image "{IMAGE}:v9": ErrImagePull: {error}'
    )
    assert ("Failed", f'Failed to pull image "{IMAGE}:v9": {error}') in world.events(pod)


def test_release_is_found_by_its_digest_and_runs_its_own_code(world: World, deploy: Any) -> None:
    newer = world.release("v2")
    assert newer != world.digest
    world.done("POST", f"{CORE}/services", service("older"))
    world.done("POST", INGRESSES, ingress("older"))
    deploy("older", image=f"{IMAGE}@{world.digest}")
    world.pod("older", is_ready, "a ready pod")
    world.wait(lambda: world.fetch("/", host_of("older")) == (200, "v1"), "the endpoint to be known")


def test_readiness_probe_that_fails_keeps_the_pod_out_of_its_service(world: World, deploy: Any) -> None:
    world.done("POST", f"{CORE}/services", service("unready"))
    world.done("POST", INGRESSES, ingress("unready"))
    deploy("unready", readinessProbe={"httpGet": {"path": "/wrong", "port": 8080}, "periodSeconds": 1})
    unhealthy = ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")

    def runs_and_fails(pod: dict[str, Any]) -> bool:
        # Both: the pod may be older than the events, which are read after it.
        return "running" in container(pod)["state"] and unhealthy in world.events(pod)

    pod = world.pod("unready", runs_and_fails, "a failed probe of a running container")
    assert not is_ready(pod)
    assert world.fetch("/", host_of("unready")) == (
        503,
        "Service unready of namespace shop has no ready pod:\n"
        f"  {pod['metadata']['name']}: containers with unready status: [web]\n",
    )


def test_command_of_a_probe_runs_with_the_environment_of_the_pod(world: World, deploy: Any) -> None:
    probe = {"exec": {"command": ["sh", "-c", 'echo "queue is $QUEUE"; test "$QUEUE" = open']}, "periodSeconds": 1}
    deploy("commanded", env={"QUEUE": "open"}, readinessProbe=probe)
    world.pod("commanded", is_ready, "a ready pod")
    deploy("closed", env={"QUEUE": "closed"}, readinessProbe=probe)
    unhealthy = ("Unhealthy", "Readiness probe failed: queue is closed")
    pod = world.pod("closed", lambda pod: unhealthy in world.events(pod), "a failed probe")
    assert not is_ready(pod)


def test_liveness_probe_that_fails_restarts_the_process(world: World, deploy: Any) -> None:
    probe = {"httpGet": {"path": "/wrong", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    deploy("sick", livenessProbe=probe)
    pod = world.pod("sick", lambda pod: container(pod)["restartCount"] > 0, "a restart")
    assert ("Killing", "Container web failed liveness probe, will be restarted") in world.events(pod)
    assert log_of(world, pod, previous=True).startswith("listening\n")


def test_service_that_crashes_backs_off(world: World, deploy: Any) -> None:
    deploy("crashing", env={"CRASH": "yes"})
    pod = world.pod("crashing", lambda pod: reason(pod) == "CrashLoopBackOff", "a back-off")
    (status,) = pod["status"]["containerStatuses"]
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["lastState"]["terminated"]["reason"] == "Error"
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    assert status["state"]["waiting"]["message"] == (
        f"back-off 10s restarting failed container=web pod={name}_{NAMESPACE}({uid})"
    )
    assert log_of(world, pod) == "no disk\n"


def test_missing_configuration_is_waited_for(world: World, deploy: Any) -> None:
    deploy("unconfigured", envFrom=[{"configMapRef": {"name": "later"}}])
    pod = world.pod("unconfigured", lambda pod: reason(pod) == "CreateContainerConfigError", "an error")
    assert container(pod)["state"]["waiting"]["message"] == 'configmap "later" not found'
    world.done("POST", f"{CORE}/configmaps", {"metadata": {"name": "later"}, "data": {}})
    world.pod("unconfigured", is_ready, "a ready pod")


def test_deleted_pod_gets_sigterm_and_is_gone_once_it_has_stopped(world: World, deploy: Any) -> None:
    deploy("stopped")
    pod = world.pod("stopped", is_ready, "a ready pod")
    world.done("DELETE", f"{CORE}/pods/{pod['metadata']['name']}")
    world.wait(lambda: world.get(f"{CORE}/pods/{pod['metadata']['name']}") is None, "the pod to be gone")
    assert log_of(world, pod).endswith("stopped\n")


def test_job_of_a_service_succeeds_with_its_process(world: World) -> None:
    template = deployment("once", command=["python", "-c", "print('counted')"], ports=[], env={})
    spec = template["spec"]["template"]["spec"]
    del spec["containers"][0]["readinessProbe"]
    job = {"metadata": {"name": "once"}, "spec": {"template": {"spec": {**spec, "restartPolicy": "Never"}}}}
    jobs = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
    world.done("POST", jobs, job)
    world.wait(lambda: (world.get(f"{jobs}/once") or {})["status"].get("succeeded") == 1, "the job to succeed")
    (pod,) = world.done("GET", f"{CORE}/pods?labelSelector=job-name%3Donce")["items"]
    assert pod["status"]["phase"] == "Succeeded"
    assert log_of(world, pod) == "counted\n"


def test_pods_of_other_images_stay_simulated(world: World, deploy: Any) -> None:
    before = services(world)
    deploy("other", image="registry.k8s.io/pause:3.10")
    pod = world.pod("other", is_ready, "a ready pod")
    assert "containerID" not in container(pod)
    assert services(world) == before


def test_killed_kubelet_takes_its_services_along_and_up_starts_them_again(world: World, deploy: Any) -> None:
    deploy("survivor")
    before = world.pod("survivor", is_ready, "a ready pod")
    pid = world.lane.kubelet.pid()
    assert pid is not None
    assert len(services(world)) > 1
    os.kill(pid, signal.SIGKILL)
    world.wait(lambda: not services(world), "no process of a service")

    assert up(progress_on(), directory=world.lane.directory).parts == ("kubelet",)
    again = world.pod("survivor", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1, "a restarted pod")
    assert again["metadata"]["uid"] == before["metadata"]["uid"]
    assert container(again)["lastState"]["terminated"]["exitCode"] == 137


def test_killed_fork_server_costs_each_service_a_restart(world: World, deploy: Any) -> None:
    deploy("bereft")
    world.pod("bereft", is_ready, "a ready pod")
    oldest = min(services(world))
    os.kill(oldest, signal.SIGKILL)
    world.pod("bereft", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1, "a restarted pod")


def test_no_process_is_left_after_the_lane(world: World) -> None:
    """The last one: it ends the lane."""
    world.done("POST", f"{APPS}/deployments", deployment("left"))
    world.pod("left", is_ready, "a ready pod")
    directory: Path = world.lane.directory
    assert down(progress_on(), directory=directory)
    assert [command for pid, command in command_lines() if str(directory) in command and pid != os.getpid()] == []
