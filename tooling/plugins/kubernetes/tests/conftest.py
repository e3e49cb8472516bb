"""One real cluster for the whole run, shared by its workers; a namespace for each test; the plug-in over gRPC."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tooling.lane.binaries import binary, ensure
from tooling.lane.cluster import Cluster, ClusterPorts
from tooling.lane.locks import hold
from tooling.lane.progress import progress_on
from tooling.lane.testing import TEST_ISSUER, new_cluster
from tooling.plugins.kubernetes import add_to_server, kubeconfig
from tooling.plugins.kubernetes.client import Client
from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.engine_double import Provider
from tooling.plugins.kubernetes.tests.meddler import Meddler
from tooling.plugins.provider.server import start

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": "fake",
        "annotations": {"kwok.x-k8s.io/node": "fake"},
        "labels": {"kubernetes.io/hostname": "fake"},
    },
    "status": {
        "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "500"},
        "capacity": {"cpu": "64", "memory": "256Gi", "pods": "500"},
    },
}

CHART_DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      {{- with .Values.nodeSelector }}
      nodeSelector: {{ toYaml . | nindent 8 }}
      {{- end }}
      containers: [{name: main, image: example.com/main}]
"""
CHART_CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
data: {greeting: {{ .Values.greeting | quote }}}
"""


@pytest.fixture(autouse=True)
def washed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "PULUMI_", "KUBE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Cluster]:
    """Started by whichever worker needs it first, deleted by the last one."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "kubernetes-plugin"
    users = root / "users"
    users.mkdir(parents=True, exist_ok=True)
    me = users / worker_id
    with hold(root / "lock", "starting the test cluster", waiting=lambda _: None):
        shared = _shared_cluster(root)
        me.write_text(str(os.getpid()))
    try:
        yield shared
    finally:
        with hold(root / "lock", "deleting the test cluster", waiting=lambda _: None):
            me.unlink()
            if not any(_is_running(user) for user in users.iterdir()):
                shared.delete()
                (root / "ports.json").unlink()


def _shared_cluster(root: Path) -> Cluster:
    ports = root / "ports.json"
    if ports.exists():
        numbers = ClusterPorts(**json.loads(ports.read_text()))
        return Cluster(directory=root / "cluster", ports=numbers, issuer=TEST_ISSUER)
    ensure(progress_on())
    cluster = new_cluster(root / "cluster")
    try:
        cluster.start()
        _client(cluster).request("POST", "/api/v1/nodes", body=NODE)
    except BaseException:
        cluster.delete()
        raise
    ports.write_text(json.dumps(asdict(cluster.ports)))
    return cluster


def _is_running(user: Path) -> bool:
    try:
        os.kill(int(user.read_text()), 0)
    except (ProcessLookupError, ValueError):
        return False
    return True


def _client(cluster: Cluster) -> Client:
    return Client(kubeconfig.connection(kubeconfig.parse(cluster.kubeconfig.read_text())))


@pytest.fixture(scope="session")
def kubeconfig_text(cluster: Cluster) -> str:
    return cluster.kubeconfig.read_text()


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Api:
    """The cluster as its administrator sees it."""
    return Api(_client(cluster), "default")


@pytest.fixture
def unique() -> str:
    """A name that no other test uses, for cluster-wide objects."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def namespace(api: Api, unique: str) -> str:
    """A namespace of the test's own; it goes with the cluster."""
    api.client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": unique}})
    return unique


@pytest.fixture(scope="session")
def plugin_address() -> Iterator[str]:
    server, port = start(add_to_server, threads=16)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


@pytest.fixture
def new_provider(plugin_address: str, kubeconfig_text: str) -> Iterator[Callable[..., Provider]]:
    """Starts a provider with the test cluster's kubeconfig unless told otherwise."""
    started: list[Provider] = []

    def start(**arguments: Any) -> Provider:
        provider = Provider(plugin_address, {"kubeconfig": kubeconfig_text, **arguments})
        started.append(provider)
        return provider.start()

    yield start
    for provider in started:
        provider.close()


@pytest.fixture
def provider(new_provider: Callable[..., Provider]) -> Provider:
    return new_provider()


@pytest.fixture
def meddler(api: Api) -> Meddler:
    return Meddler(api)


@pytest.fixture(scope="session")
def helm() -> Path:
    ensure(progress_on(), ["helm"])
    return binary("helm")


@pytest.fixture
def chart(helm: Path, tmp_path: Path) -> Path:
    """A chart on disk, with Helm to run it: a Deployment and a ConfigMap."""
    del helm
    directory = tmp_path / "demo"
    (directory / "templates").mkdir(parents=True)
    (directory / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.2.3\nappVersion: '9'\n")
    (directory / "values.yaml").write_text("replicas: 1\ngreeting: hello\nnodeSelector: {}\n")
    (directory / "templates/deployment.yaml").write_text(CHART_DEPLOYMENT)
    (directory / "templates/config.yaml").write_text(CHART_CONFIG)
    return directory
