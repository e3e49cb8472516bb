"""The lane's cluster: a real API server, on loopback only, that comes back after being killed."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import PlatformError
from tooling.lane.api_server import ApiServer
from tooling.lane.binaries import binary
from tooling.lane.cluster import Cluster
from tooling.lane.ports import free_ports, is_free
from tooling.lane.testing import TEST_ISSUER, new_cluster, running_cluster

pytestmark = pytest.mark.process

WEBHOOK_USER = "arn:aws:iam::123456789012:role/tester"


def until(condition: Callable[[], Any], what: str = "it never came true") -> Any:
    deadline = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def webhook() -> Iterator[tuple[int, list[str]]]:
    """Takes the token `good` for a user, and writes down every token it is asked about."""
    asked: list[str] = []

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(f"{self.path.partition('?')[0]} {review['apiVersion']} {review['spec']['token']}")
            known = review["spec"]["token"] == "good"
            status = {
                "authenticated": known,
                "user": {"username": WEBHOOK_USER, "groups": ["testers"]} if known else {},
            }
            body = json.dumps({"apiVersion": review["apiVersion"], "kind": "TokenReview", "status": status}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - http.server's name

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, home: Path, webhook: tuple[int, list[str]]) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        # A user with a cluster of their own, and with variables that kwokctl and etcd would listen to.
        (home / ".kube").mkdir()
        (home / ".kube" / "config").write_text("the user's own")
        patch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
        patch.setenv("HOME", str(home))
        patch.setenv("KWOK_WORKDIR", "/nonexistent")
        patch.setenv("ETCD_LISTEN_CLIENT_URLS", "http://0.0.0.0:2379")
        patch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        with running_cluster(tmp_path_factory.mktemp("cluster"), webhook_port=webhook[0]) as made:
            yield made


@pytest.fixture
def api(cluster: Cluster) -> Iterator[ApiServer]:
    with cluster.api() as made:
        yield made


def test_every_port_answers_on_loopback_and_on_no_other_address(cluster: Cluster) -> None:
    for port in vars(cluster.ports).values():
        with contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=5)):
            pass
        # A server bound to every interface answers here, too.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_the_users_own_cluster_configuration_is_left_alone(cluster: Cluster, home: Path) -> None:
    assert list((home / ".kube").iterdir()) == [home / ".kube" / "config"]
    assert (home / ".kube" / "config").read_text() == "the user's own"
    assert not (home / ".kwok").exists()


def test_the_admins_kubeconfig_works_with_kubectl(cluster: Cluster) -> None:
    answer = subprocess.run(
        [str(binary("kubectl")), "--kubeconfig", str(cluster.kubeconfig), "auth", "whoami", "-o", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "system:masters" in json.loads(answer.stdout)["status"]["userInfo"]["groups"]


def test_nobody_else_may_read_the_clusters_keys(cluster: Cluster) -> None:
    assert cluster.directory.stat().st_mode & 0o077 == 0


def test_the_api_server_bears_the_issuer_it_was_given(api: ApiServer) -> None:
    found = api.request("GET", "/.well-known/openid-configuration").json()
    assert found["issuer"] == TEST_ISSUER


def test_it_is_the_pinned_kubernetes_minor(api: ApiServer) -> None:
    found = api.request("GET", "/version").json()
    assert (found["major"], found["minor"]) == ("1", "35")


def test_service_addresses_come_from_the_range_that_eks_chooses(api: ApiServer) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}]},
    }
    made = api.request("POST", "/api/v1/namespaces/default/services", service).json()
    assert made["spec"]["clusterIP"].startswith("172.20.")


def node(name: str, annotations: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "annotations": annotations, "labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "20"}, "capacity": {"cpu": "4", "pods": "20"}},
    }


def is_ready(api: ApiServer, name: str) -> bool:
    found = api.request("GET", f"/api/v1/nodes/{name}").json()
    conditions = found.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def test_an_annotated_node_becomes_ready_and_runs_pods_and_another_does_not(api: ApiServer) -> None:
    # Without a kubelet it never says that it is not ready, so the scheduler would take it.
    api.request("POST", "/api/v1/nodes", {**node("real", {}), "spec": {"unschedulable": True}})
    api.request("POST", "/api/v1/nodes", node("fake", {"kwok.x-k8s.io/node": "fake"}))
    until(lambda: is_ready(api, "fake"), "the annotated node never became ready")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one"},
        "spec": {"containers": [{"name": "main", "image": "example.test/main"}]},
    }
    api.request("POST", "/api/v1/namespaces/default/pods", pod)
    path = "/api/v1/namespaces/default/pods/one"
    until(lambda: api.request("GET", path).json()["status"].get("phase") == "Running", "the pod never ran")
    assert api.request("GET", path).json()["spec"]["nodeName"] == "fake"
    assert not is_ready(api, "real")


def test_controllers_act_under_service_accounts_of_their_own(api: ApiServer) -> None:
    found = api.request("GET", "/api/v1/namespaces/kube-system/serviceaccounts").json()
    assert {"replicaset-controller", "namespace-controller"} <= {each["metadata"]["name"] for each in found["items"]}


def test_a_token_is_reviewed_by_the_webhook_and_by_nobody_else(
    cluster: Cluster, webhook: tuple[int, list[str]]
) -> None:
    def whoami(token: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                str(binary("kubectl")),
                "--server",
                cluster.server,
                "--certificate-authority",
                str(cluster.certificate_authority),
                "--token",
                token,
                *("auth", "whoami", "-o", "json"),
            ],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        )

    known = whoami("good")
    assert json.loads(known.stdout)["status"]["userInfo"]["username"] == WEBHOOK_USER
    unknown = whoami("bad")
    assert unknown.returncode != 0
    assert "Unauthorized" in unknown.stderr
    assert {"/authenticate authentication.k8s.io/v1 good", "/authenticate authentication.k8s.io/v1 bad"} <= set(
        webhook[1]
    )


def test_every_kind_that_can_be_listed_is_listed(api: ApiServer) -> None:
    api.request(
        "POST",
        "/api/v1/namespaces/default/secrets",
        {"metadata": {"name": "kept"}, "data": {"key": base64.b64encode(b"value").decode()}},
    )
    found = {(group, kind, metadata["name"]) for group, kind, metadata in api.object_metadata()}
    assert ("", "Secret", "kept") in found
    assert ("rbac.authorization.k8s.io", "ClusterRole", "cluster-admin") in found
    assert ("flowcontrol.apiserver.k8s.io", "FlowSchema", "catch-all") in found


def test_a_killed_cluster_comes_back_with_its_objects_whoever_bears_its_process_ids_now(cluster: Cluster) -> None:
    """The last test of the shared cluster, which it deletes."""
    configured = {"metadata": {"name": "kept"}, "data": {"key": "value"}}
    with cluster.api() as api:
        api.request("POST", "/api/v1/namespaces/default/configmaps", configured)
    for name in ("kube-apiserver", "etcd"):
        pid = cluster.processes.pids()[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    until(lambda: cluster.processes.died() == ["etcd", "kube-apiserver"])
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        # What kwokctl recorded may, after a reboot, be anybody's.
        for name in ("kube-apiserver", "etcd"):
            (cluster.directory / ".kwok" / "clusters" / "lane" / "pids" / f"{name}.pid").write_text(str(stranger.pid))
        cluster.start()
        with cluster.api() as api:
            found = api.request("GET", "/api/v1/namespaces/default/configmaps/kept").json()
        assert found["data"] == configured["data"]
        cluster.delete()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    assert set(cluster.processes.pids().values()) == {None}
    assert not cluster.directory.exists()
    assert all(is_free(port) for port in vars(cluster.ports).values())


def test_half_a_cluster_that_a_kill_left_is_made_anew_and_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    cluster = new_cluster(tmp_path / "cluster")
    (cluster.directory / ".kwok" / "clusters" / "lane" / "pki").mkdir(parents=True)
    try:
        cluster.start()
        cluster.stop()
        assert set(cluster.processes.pids().values()) == {None}
        database = cluster.directory / ".kwok" / "clusters" / "lane" / "etcd" / "member" / "snap" / "db"
        database.write_bytes(b"nonsense" * 4096)
        with pytest.raises(PlatformError) as caught:
            cluster.start()
        assert caught.value.code == "cluster-not-up"
        assert "etcd" in caught.value.what
        assert caught.value.at == str(cluster.processes.log("etcd"))
        assert caught.value.hint == "tiers local reset"
    finally:
        cluster.delete()


def test_a_port_that_another_program_took_is_named(tmp_path: Path) -> None:
    cluster = new_cluster(tmp_path / "cluster")
    with contextlib.closing(socket.create_server(("127.0.0.1", cluster.ports.scheduler))):
        with pytest.raises(PlatformError) as caught:
            cluster.start()
        assert caught.value.code == "port-taken"
        assert f"port {cluster.ports.scheduler} of the lane's kube-scheduler is used" in caught.value.what
    assert not cluster.directory.exists()


def test_ports_that_are_handed_out_are_free_and_different() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(is_free(port) for port in ports)
