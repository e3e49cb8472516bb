"""An engine and its plug-in, killed while Helm works, and the runner's recovery before the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tooling.lane.binaries import binary
from tooling.lane.cluster import Cluster
from tooling.paths import REPOSITORY
from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.test_engine import MODULE, Failed, Stack
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId
from tooling.runner.messages import Result
from tooling.runner.recovery import failed_creates
from tooling.runner.recovery.recover import Recovery

pytestmark = [pytest.mark.engine, pytest.mark.lane, pytest.mark.xdist_group("helm releases")]

STACK = StackId(tier="demo", project="demo", stack="test", directory=".", environment="test")


@dataclass(frozen=True, kw_only=True)
class OwnEngine(Engine):
    """The engine on the test's own backend."""

    directory: Path

    def work_dir(self, stack: StackId) -> Path:
        return self.directory


def start(module: str, **variables: str) -> subprocess.Popen[str]:
    """A process that can be killed with everything that it has started."""
    return subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


class Runs:
    """Runs on one stack. They share a worker and a plug-in until one of them is killed."""

    def __init__(self, directory: Path, kubeconfig: str, api: Api, namespace: str) -> None:
        self._directory = directory
        self.kubeconfig = kubeconfig
        self._api = api
        self._namespace = namespace
        self.nowhere = {f"disk-{namespace}": "none"}
        """A selector of nodes that no node has, until `make_room`."""
        self._path = os.pathsep.join([str(binary("pulumi").parent), os.environ["PATH"]])
        self._processes: list[subprocess.Popen[str]] = []
        """The plug-in and the worker that starts engines, while they run."""
        self._port = 0

    def up(self, **arguments: Any) -> dict[str, int]:
        return self._stack().up("release", namespace=self._namespace, **arguments)

    def killed(self, status: str, *, finishing: str = "", **arguments: Any) -> None:
        """An `up` whose engine is killed once Helm has recorded `status`, and its plug-in then or at `finishing`."""
        self._stack().start("up", "release", {"namespace": self._namespace, **arguments})
        self._await(status)
        kill(self._processes.pop())
        if finishing:
            self._await(finishing)
        self.close()
        # A killed engine leaves its lock.
        for lock in (self._directory / ".pulumi" / "locks").rglob("*.json"):
            lock.unlink()

    def settings(self) -> None:
        """An `up` of a ConfigMap in the namespace."""
        self._stack().up("settings", namespace=self._namespace)

    def _await(self, status: str) -> None:
        secrets = self._api.kind_of({"apiVersion": "v1", "kind": "Secret"})
        assert secrets is not None
        selector = f"owner=helm,status={status}"
        following = self._api.follow(secrets, self._namespace, timedelta(seconds=120), labelSelector=selector)
        assert any(found for found in following), f"Helm never came to {status}"

    def make_room(self) -> None:
        body = {"metadata": {"labels": self.nowhere}}
        kind = "application/merge-patch+json"
        self._api.client.request("PATCH", "/api/v1/nodes/fake", body=body, content_type=kind)

    def recovered(self) -> list[str]:
        """What the runner says that it has done before the next run."""
        self._stack()
        engine = OwnEngine(environment="test", variables=self._variables(), directory=self._directory)

        def refresh(targets: Sequence[str]) -> Result:
            chosen = [word for target in targets for word in ("--target", target)]
            engine.run("refresh", "--stack", "test", "--yes", "--skip-preview", *chosen, work_dir=self._directory)
            return Result(number=1)

        return Recovery(engine).recover(STACK, refresh)

    def resource(self, type_name: str) -> dict[str, Any]:
        """The engine's record of the one resource of that type."""
        return self._stack().recorded()[type_name]

    def close(self) -> None:
        while self._processes:
            kill(self._processes.pop())

    def _stack(self) -> Stack:
        if not self._processes:
            plugin = start(MODULE)
            self._processes.append(plugin)
            assert plugin.stdout is not None
            self._port = int(plugin.stdout.readline())
            self._processes.append(start(f"{MODULE}.tests.engine_worker", PATH=self._path))
        return Stack(self._processes[-1], self._directory, self._port, self.kubeconfig)

    def _variables(self) -> dict[str, str]:
        return {
            "HOME": os.environ["HOME"],
            "PATH": self._path,
            "PULUMI_HOME": str(self._directory / "home"),
            "PULUMI_BACKEND_URL": f"file://{self._directory}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{self._port}",
        }


@pytest.fixture
def runs(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    kubeconfig_text: str,
    api: Api,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    helm: Path,
) -> Iterator[Runs]:
    del helm
    # Not in or below the project's directory, where the engine lists its stacks without the project.
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path_factory.mktemp("clone") / "local"))
    runs = Runs(tmp_path, kubeconfig_text, api, namespace)
    try:
        yield runs
    finally:
        runs.close()


def greeting(api: Api, namespace: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/configmaps/release-config"
    return str(api.client.request("GET", path)["data"]["greeting"])


def test_release_whose_installation_was_killed_is_installed_by_the_next_run_but_not_without_the_recovery(
    runs: Runs, api: Api, namespace: str, chart: Path
) -> None:
    runs.killed("pending-install", chart=str(chart), greeting="hello", node_selector=runs.nowhere)
    with pytest.raises(Failed, match="cannot re-use a name that is still in use"):
        runs.up(chart=str(chart), greeting="hello")

    assert runs.recovered() == [
        f"demo/test: removed Helm's record of Release release ({namespace}/release, pending-install); "
        "up installs it again"
    ]
    runs.make_room()
    assert runs.up(chart=str(chart), greeting="hello", node_selector=runs.nowhere)["create"] == 1
    assert greeting(api, namespace) == "hello"
    assert runs.recovered() == []


def test_release_that_was_installed_and_not_recorded_is_taken_over(
    runs: Runs, api: Api, namespace: str, chart: Path
) -> None:
    runs.killed("pending-install", finishing="deployed", chart=str(chart), greeting="hello")

    assert runs.recovered() == [
        f"demo/test: found Release release ({namespace}/release), created but not recorded; adopted"
    ]
    changes = runs.up(chart=str(chart), greeting="hello")
    assert "create" not in changes
    assert greeting(api, namespace) == "hello"


def test_release_of_somebody_else_is_not_touched(
    runs: Runs, api: Api, namespace: str, chart: Path, cluster: Cluster, helm: Path
) -> None:
    runs.killed("pending-install", chart=str(chart), greeting="hello", node_selector=runs.nowhere)
    for secret in api.client.request("GET", f"/api/v1/namespaces/{namespace}/secrets")["items"]:
        api.client.request("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{secret['metadata']['name']}")
    variables = {"KUBECONFIG": str(cluster.kubeconfig), "PATH": os.environ["PATH"], "HOME": str(chart.parent)}
    theirs = [helm, "install", "release", chart, "--namespace", namespace, "--set", "greeting=theirs"]
    subprocess.run(theirs, env=variables, check=True, capture_output=True)

    assert runs.recovered() == []
    with pytest.raises(Failed, match="cannot re-use a name that is still in use"):
        runs.up(chart=str(chart), greeting="hello")
    assert greeting(api, namespace) == "theirs"


def test_release_whose_upgrade_was_killed_is_upgraded_by_the_next_run(
    runs: Runs, api: Api, namespace: str, chart: Path
) -> None:
    runs.up(chart=str(chart), greeting="hello")
    runs.killed("pending-upgrade", chart=str(chart), greeting="bye", node_selector=runs.nowhere)

    assert runs.recovered() == [
        "demo/test: removed Helm's record of Release release (revision 2, pending-upgrade); up upgrades it again",
        "demo/test: 1 resources with interrupted changes were refreshed",
    ]
    runs.make_room()
    assert runs.up(chart=str(chart), greeting="bye", node_selector=runs.nowhere)["update"] == 1
    assert greeting(api, namespace) == "bye"


def test_release_that_failed_and_is_in_the_state_keeps_its_record(
    runs: Runs, api: Api, namespace: str, chart: Path
) -> None:
    with pytest.raises(Failed, match="helm install"):
        runs.up(chart=str(chart), greeting="hello", node_selector=runs.nowhere, timeout=2)
    failed_creates.remember(STACK, runs.resource("kubernetes:helm.sh/v3:Release"))

    assert runs.recovered() == []
    assert runs.up(chart=str(chart), greeting="hello")["update"] == 1
    assert greeting(api, namespace) == "hello"


def test_object_that_the_stacks_credentials_may_not_read_does_not_stop_the_next_run(runs: Runs, namespace: str) -> None:
    """The API server refused to create it, and refuses to say whether it exists."""
    allowed = yaml.safe_load(runs.kubeconfig)
    runs.kubeconfig = yaml.safe_dump({**allowed, "users": [_impersonating(user) for user in allowed["users"]]})
    with pytest.raises(Failed, match="forbidden"):
        runs.settings()
    provider = runs.resource("pulumi:providers:kubernetes")
    metadata = {"name": "settings", "namespace": namespace}
    failed_creates.remember(
        STACK,
        {
            "urn": "urn:pulumi:test::demo::kubernetes:core/v1:ConfigMap::settings",
            "type": "kubernetes:core/v1:ConfigMap",
            "custom": True,
            "provider": f"{provider['urn']}::{provider['id']}",
            "inputs": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"greeting": "hello"}},
        },
    )

    assert runs.recovered() == [
        f"demo/test: ConfigMap settings ({namespace}/settings) is not looked up: "
        "the stack's credentials may neither read nor create it"
    ]
    assert runs.recovered() == []


def _impersonating(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "user": {**user["user"], "as": "somebody-without-rights"}}
