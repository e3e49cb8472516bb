"""What the kubelet decides without a cluster: environments, images, commands, routes and statuses."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tooling.kubelet.containers import command_of, port_of
from tooling.kubelet.environment import ConfigurationError, environment, expanded
from tooling.kubelet.fork_server import imported_by
from tooling.kubelet.ingress import Backend, backend_of, ready_endpoints
from tooling.kubelet.logs import begin_log, service_log
from tooling.kubelet.probes import Probe, probe_port
from tooling.kubelet.processes import Program, program
from tooling.kubelet.registry import Reference, reference
from tooling.kubelet.status import ContainerState, phase, pod_status
from tooling.kubelet.trees import keep, package_in, tree_of
from tooling.paths import REPOSITORY

_HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
_DIGEST = f"sha256:{'a' * 64}"
POD = {
    "metadata": {"name": "web-1", "namespace": "shop", "uid": "7", "labels": {"app": "web"}},
    "spec": {"nodeName": "node", "serviceAccountName": "web", "containers": [{"name": "web"}]},
}


def _none(_plural: str, _name: str) -> Mapping[str, Any] | None:
    return None


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (f"{_HOST}/a/web:v1", ("a/web", "v1", "")),
        (f"{_HOST}/a/web", ("a/web", "latest", "")),
        (f"{_HOST}/a/web@{_DIGEST}", ("a/web", "", _DIGEST)),
        (f"{_HOST}/a/web:v1@{_DIGEST}", ("a/web", "v1", _DIGEST)),
    ],
)
def test_image_of_the_account_is_taken_apart(image: str, found: tuple[str, str, str]) -> None:
    assert reference(image) == Reference(image, "us-east-1", *found)


@pytest.mark.parametrize(
    "image", ["602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/x:1", "registry.k8s.io/pause:3.10"]
)
def test_image_elsewhere_is_not_the_accounts(image: str) -> None:
    assert reference(image) is None


def test_kwok_leaves_exactly_these_images_alone() -> None:
    stages = yaml.safe_load_all((REPOSITORY / "tooling/lane/kwok_stages.yaml").read_text())
    of_pods = [stage for stage in stages if stage["spec"]["resourceRef"]["kind"] == "Pod"]
    assert [stage["metadata"]["name"] for stage in of_pods] == ["pod-ready", "pod-complete", "pod-delete"]
    pattern = r'.spec.containers.[].image | test("^123456789012\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/")'
    for stage in of_pods:
        assert {"key": pattern, "operator": "NotIn", "values": ["true"]} in stage["spec"]["selector"][
            "matchExpressions"
        ]


def test_environment_is_that_of_the_container() -> None:
    objects = {
        ("configmaps", "words"): {"data": {"A": "a", "B": "b"}},
        ("secrets", "keys"): {"data": {"KEY": base64.b64encode(b"42").decode()}},
    }
    container = {
        "name": "web",
        "resources": {"limits": {"memory": "64Mi"}},
        "envFrom": [{"configMapRef": {"name": "words"}}, {"prefix": "S_", "secretRef": {"name": "keys"}}],
        "env": [
            {"name": "B", "value": "$(A), $$(A), $(UNKNOWN)"},
            {"name": "ONE", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "KEY"}}},
            {"name": "NONE", "valueFrom": {"configMapKeyRef": {"name": "words", "key": "C", "optional": True}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "MIB", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        ],
    }
    found = environment(POD, container, lambda plural, name: objects.get((plural, name)), "198.18.0.1")
    assert found == {
        "A": "a",
        "B": "a, $(A), $(UNKNOWN)",
        "S_KEY": "42",
        "ONE": "42",
        "POD": "web-1",
        "APP": "web",
        "IP": "198.18.0.1",
        "MIB": "64",
    }


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"envFrom": [{"configMapRef": {"name": "words"}}]}, 'configmap "words" not found'),
        ({"envFrom": [{"secretRef": {"name": "keys"}}]}, 'secret "keys" not found'),
    ],
)
def test_missing_object_is_named_as_the_kubelet_names_it(container: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        environment(POD, container, _none, "")
    assert str(caught.value) == said


def test_missing_key_is_named_with_its_object() -> None:
    variable = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "words", "key": "A"}}}
    with pytest.raises(ConfigurationError) as caught:
        environment(POD, {"env": [variable]}, lambda *_: {"data": {}}, "")
    assert str(caught.value) == "couldn't find key A in ConfigMap shop/words"


def test_missing_optional_object_adds_nothing() -> None:
    source = {"configMapRef": {"name": "words", "optional": True}}
    assert environment(POD, {"envFrom": [source]}, _none, "") == {}


def test_dollar_signs_are_escaped_by_doubling() -> None:
    assert expanded("$(A) $$(A) $A", {"A": "1"}) == "1 $(A) $A"


def test_container_runs_its_command_or_the_entry_point_of_its_image() -> None:
    assert command_of({"args": ["--n", "$(N)"]}, "web", {"N": "1"}) == ["python", "-m", "web", "--n", "1"]
    assert command_of({"command": ["python", "-m", "other"]}, "web", {}) == ["python", "-m", "other"]


def test_module_is_forked_unless_the_interpreter_has_to_read_a_variable() -> None:
    command = ["python", "-m", "web", "--fast"]
    assert program(command, {"A": "1"}) == Program(module="web", command=("--fast",))
    assert program(command, {"PYTHONUTF8": "1"}) == Program(module="", command=(sys.executable, "-m", "web", "--fast"))
    assert program(["/bin/true"], {}) == Program(module="", command=("/bin/true",))


def test_port_that_the_variable_names_is_the_real_one() -> None:
    container = {"ports": [{"containerPort": 9000}, {"containerPort": 8080}]}
    assert port_of(container, {"PORT": "8080"}) == 8080
    assert port_of(container, {}) == 9000
    assert port_of({}, {}) == 0


def test_probe_finds_a_port_by_its_name() -> None:
    container = {"ports": [{"name": "http", "containerPort": 8080}]}
    assert probe_port({"httpGet": {"port": "http"}}, container) == 8080
    assert probe_port({"tcpSocket": {"port": 9000}}, container) == 9000
    assert probe_port({"httpGet": {"port": "other"}}, container) == 0


def test_probe_changes_its_verdict_at_its_thresholds() -> None:
    probe = Probe(kind="Readiness", spec={"successThreshold": 2, "failureThreshold": 2}, due=0, passed=False)
    verdicts = []
    for failure in ("", "", "no", "no", ""):
        probe.note(failure)
        verdicts.append(probe.passed)
    assert verdicts == [False, True, True, False, False]


def test_longest_path_of_a_host_decides() -> None:
    def path(pattern: str, service: str, kind: str = "Prefix") -> dict[str, Any]:
        return {"path": pattern, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": 80}}}}

    paths = [path("/", "web"), path("/api", "api"), path("/api", "exact", "Exact")]
    rules = [{"host": "a.example", "http": {"paths": paths}}]
    ingresses = [{"metadata": {"namespace": "shop"}, "spec": {"rules": rules}}]
    found = [backend_of(ingresses, "a.example", each) for each in ("/", "/apis", "/api/x", "/api")]
    assert found == [Backend("shop", name, 80) for name in ("web", "web", "api", "exact")]
    assert backend_of(ingresses, "b.example", "/") is None


def test_only_ready_endpoints_of_the_services_port_answer() -> None:
    service = {"spec": {"ports": [{"name": "http", "port": 80}, {"name": "metrics", "port": 90}]}}
    endpoints = [
        {"addresses": ["198.18.0.1"], "conditions": {"ready": True}},
        {"addresses": ["198.18.0.2"], "conditions": {"ready": False}},
    ]
    ports = [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9090}]
    slices = [{"endpoints": endpoints, "ports": ports}]
    assert ready_endpoints(slices, service, 80) == [("198.18.0.1", 8080)]
    assert ready_endpoints(slices, service, "metrics") == [("198.18.0.1", 9090)]


def _ended(code: int) -> ContainerState:
    return ContainerState(name="web", image="web:1", state={"terminated": {"exitCode": code}})


def test_phase_follows_the_containers() -> None:
    waiting = ContainerState(name="web", image="web:1")
    running = ContainerState(name="web", image="web:1", state={"running": {}})
    crashed = ContainerState(name="web", image="web:1", restarts=1)
    assert [phase([each]) for each in (waiting, running, crashed)] == ["Pending", "Running", "Running"]
    assert [phase([_ended(0)]), phase([_ended(0), _ended(1)])] == ["Succeeded", "Failed"]


def test_status_names_containers_that_are_not_ready_and_keeps_times_of_transition() -> None:
    since = "2026-01-01T00:00:00Z"
    container = ContainerState(name="web", image="web:1", state={"running": {}})
    before = {"startTime": since, "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": since}]}
    status = pod_status(
        POD, containers=[container], init_containers=[], initialized=True, pod_ip="198.18.0.1", before=before
    )
    (ready,) = [each for each in status["conditions"] if each["type"] == "Ready"]
    assert ready == {
        "type": "Ready",
        "status": "False",
        "reason": "ContainersNotReady",
        "message": "containers with unready status: [web]",
        "lastTransitionTime": since,
    }
    assert (status["phase"], status["podIPs"], status["startTime"]) == ("Running", [{"ip": "198.18.0.1"}], since)


def test_tree_is_kept_as_it_was_without_tests_and_caches(tmp_path: Path) -> None:
    service = tmp_path / "service"
    for name in ("web/__main__.py", "tests/test_web.py", "web/__pycache__/x.pyc", ".env"):
        (service / name).parent.mkdir(parents=True, exist_ok=True)
        (service / name).write_text("1")
    tree = keep(service, tmp_path / "images")
    kept = tmp_path / "images" / tree.name
    assert [path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()] == ["web/__main__.py"]
    assert package_in(kept) == "web"
    (service / "web/__main__.py").write_text("2")
    assert tree_of(service) != tree
    assert (kept / "web/__main__.py").read_text() == "1"


def test_modules_that_a_tree_imports_are_found(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a.py").write_text("import json\nfrom http.server import x\nfrom . import b\n")
    (tmp_path / "web" / "broken.py").write_text("import (")
    assert imported_by(tmp_path) == {"json", "http.server"}


def test_log_of_the_process_before_a_restart_is_kept(tmp_path: Path) -> None:
    log = service_log(tmp_path, "shop", "web-1", "web")
    begin_log(log)
    log.write_text("first\n")
    begin_log(log)
    assert not log.exists()
    assert service_log(tmp_path, "shop", "web-1", "web", previous=True).read_text() == "first\n"
