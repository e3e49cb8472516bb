"""The plug-in under the real engine: state file, previews, refresh, import and destroy as a user meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tooling.lane.binaries import binary
from tooling.paths import REPOSITORY
from tooling.plugins.kubernetes.tests.meddler import Meddler

pytestmark = pytest.mark.engine

MODULE = "tooling.plugins.kubernetes"


@contextmanager
def _process(module: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
            process.terminate()
    finally:
        process.kill()


@pytest.fixture(scope="module")
def plugin_port() -> Iterator[int]:
    """The plug-in as a process of its own, as the engine starts it."""
    with _process(MODULE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@pytest.fixture(scope="module")
def worker() -> Iterator[subprocess.Popen[str]]:
    path = os.pathsep.join([str(binary("pulumi").parent), os.environ["PATH"]])
    with _process(f"{MODULE}.tests.engine_worker", PATH=path) as process:
        yield process


class Failed(Exception):
    """The engine's operation failed; its message is what it printed."""


class Stack:
    """One stack on a file backend of its own; each operation names its program."""

    def __init__(self, worker: subprocess.Popen[str], directory: Path, port: int, kubeconfig: str) -> None:
        self._worker = worker
        self._fixed = {"directory": str(directory), "port": port}
        self._state = directory / ".pulumi" / "stacks" / "demo" / "test.json"
        self.kubeconfig = kubeconfig
        self.output = ""

    def up(self, program: str, **arguments: Any) -> dict[str, int]:
        return self._run("up", program, arguments)

    def preview(self, program: str, *, diff: bool = False, **arguments: Any) -> dict[str, int]:
        return self._run("preview", program, arguments, diff=diff)

    def refresh(self) -> None:
        self._run("refresh", "nothing", {})

    def destroy(self) -> None:
        self._run("destroy", "nothing", {})

    def state(self) -> str:
        """The state file, as it lies on the disk."""
        return self._state.read_text()

    def outputs(self) -> dict[str, Any]:
        return self.recorded()["pulumi:pulumi:Stack"]["outputs"]

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state file's Kubernetes objects, by type."""
        return {type_: found for type_, found in self.recorded().items() if type_.startswith("kubernetes:")}

    def recorded(self) -> dict[str, dict[str, Any]]:
        latest = json.loads(self.state())["checkpoint"]["latest"]
        return {resource["type"]: resource for resource in latest.get("resources", [])}

    def start(self, operation: str, program: str, arguments: dict[str, Any], **options: Any) -> None:
        """Begins an operation whose end nobody waits for."""
        request = {
            **self._fixed,
            "kubeconfig": self.kubeconfig,
            "operation": operation,
            "program": program,
            "arguments": arguments,
            "options": options,
        }
        assert self._worker.stdin is not None
        self._worker.stdin.write(json.dumps(request) + "\n")
        self._worker.stdin.flush()

    def _run(self, operation: str, program: str, arguments: dict[str, Any], **options: Any) -> dict[str, int]:
        self.start(operation, program, arguments, **options)
        assert self._worker.stdout is not None
        answer = json.loads(self._worker.stdout.readline())
        self.output = answer["output"]
        if answer["error"]:
            raise Failed(answer["error"])
        return answer["changes"]


@pytest.fixture
def stack(worker: subprocess.Popen[str], tmp_path: Path, plugin_port: int, kubeconfig_text: str) -> Stack:
    # What a test leaves in the cluster goes with the cluster, and its state with its directory.
    return Stack(worker, tmp_path, plugin_port, kubeconfig_text)


def config_map(namespace: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}


def test_up_again_changes_nothing_an_update_shows_its_one_property_and_changed_data_rolls_to_a_new_name(
    stack: Stack, meddler: Meddler, namespace: str
) -> None:
    assert stack.preview("settings", namespace=namespace) == {"create": 3}
    assert stack.up("settings", namespace=namespace) == {"create": 3}
    assert stack.up("settings", namespace=namespace) == {"same": 3}

    assert stack.preview("settings", namespace=namespace, team="b", diff=True) == {"same": 2, "update": 1}
    assert 'team: "a" => "b"' in stack.output
    kept = stack.resources()["kubernetes:core/v1:ConfigMap"]
    assert kept["outputs"]["__inputs"] == kept["inputs"]
    assert stack.up("settings", namespace=namespace, team="b") == {"same": 2, "update": 1}

    first = stack.outputs()["name"]
    assert stack.up("settings", namespace=namespace, team="b", value="2") == {"same": 2, "replace": 1}

    assert first.startswith("settings-")
    assert stack.outputs()["name"].startswith("settings-")
    assert stack.outputs()["name"] != first
    assert meddler.live(config_map(namespace, first)) is None


def test_drift_is_found_by_refresh_and_repaired_by_up_and_a_changed_kubeconfig_replaces_nothing(
    stack: Stack, meddler: Meddler, namespace: str
) -> None:
    stack.up("settings", namespace=namespace)
    drifting = config_map(namespace, stack.outputs()["name"])
    meddler.merge(drifting, {"metadata": {"labels": {"team": "theirs"}}}, manager="kubectl-label")

    assert stack.preview("settings", namespace=namespace) == {"same": 3}
    stack.refresh()
    assert stack.up("settings", namespace=namespace) == {"same": 2, "update": 1}
    live = meddler.live(drifting)
    assert live is not None
    assert live["metadata"]["labels"] == {"team": "a"}

    meddler.delete(drifting)
    stack.refresh()
    assert stack.up("settings", namespace=namespace) == {"same": 2, "create": 1}

    # Another kubeconfig of the same cluster replaces nothing.
    stack.kubeconfig = stack.kubeconfig.replace("127.0.0.1", "localhost")
    assert stack.up("settings", namespace=namespace) == {"same": 2, "update": 1}


def test_secret_data_is_encrypted_in_the_state(stack: Stack, namespace: str) -> None:
    stack.up("secrets", namespace=namespace, plain="sesame")
    stack.refresh()

    assert stack.up("secrets", namespace=namespace, plain="sesame") == {"same": 4}
    text = stack.state()
    assert "ciphertext" in text
    assert "sesame" not in text
    assert "c2VzYW1l" not in text


def test_existing_object_is_imported_and_then_managed(stack: Stack, meddler: Meddler, namespace: str) -> None:
    meddler.apply(config_map(namespace, "old"), {"data": {"a": "1"}}, manager="kubectl")

    assert stack.up("adopted", namespace=namespace, importing=True, labels={}) == {"create": 2, "import": 1}
    changes = stack.up("adopted", namespace=namespace, importing=False, labels={"team": "a"})

    assert changes == {"same": 2, "update": 1}
    live = meddler.live(config_map(namespace, "old"))
    assert live is not None
    assert live["metadata"]["labels"] == {"team": "a"}


def test_object_of_others_can_be_read(stack: Stack, namespace: str) -> None:
    stack.up("reading", namespace=namespace)

    assert stack.outputs()["phase"] == "Active"
    assert stack.up("reading", namespace=namespace)["same"] == 2


def test_workload_that_does_not_come_up_stays_in_the_state_and_is_fixed(stack: Stack, namespace: str) -> None:
    with pytest.raises(Failed, match="is not ready within 2 s"):
        stack.up("web", namespace=namespace, node_selector={"disk": "none-like-this"})

    kept = stack.resources()["kubernetes:apps/v1:Deployment"]
    assert kept["id"] == f"{namespace}/web"
    assert kept["initErrors"]
    stack.up("web", namespace=namespace)
    fixed = stack.resources()["kubernetes:apps/v1:Deployment"]
    assert fixed["outputs"]["status"]["availableReplicas"] == 1
    assert not fixed.get("initErrors")


def test_refused_create_fails_the_preview_with_the_servers_words(stack: Stack, namespace: str) -> None:
    with pytest.raises(Failed, match=r"error\[kubernetes-invalid\][\s\S]*spec\.ports\[0\]\.port"):
        stack.preview("invalid", namespace=namespace)


def test_new_namespace_and_what_goes_into_it_come_and_go_together(stack: Stack, meddler: Meddler, unique: str) -> None:
    assert stack.preview("team", name=unique) == {"create": 6}
    assert stack.up("team", name=unique) == {"create": 6}
    assert stack.up("team", name=unique) == {"same": 6}

    stack.destroy()

    assert stack.resources() == {}
    assert meddler.live({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unique}}) is None


def test_a_chart_is_a_release_or_resources_of_the_program(
    stack: Stack, meddler: Meddler, namespace: str, chart: Path
) -> None:
    given: dict[str, Any] = {"namespace": namespace, "chart": str(chart), "greeting": "hello"}
    assert stack.preview("charts", **given) == {"create": 6}
    assert stack.up("charts", **given) == {"create": 6}
    assert stack.outputs()["rendered"] == 2
    for name in ("release-config", "rendered-config"):
        live = meddler.live(config_map(namespace, name))
        assert live is not None
        assert live["data"] == {"greeting": "hello"}
    assert stack.preview("charts", **given) == {"same": 6}

    assert stack.up("charts", **{**given, "greeting": "bye"}) == {"same": 4, "update": 1, "replace": 1}

    stack.destroy()
    for name in ("release-config", "rendered-config"):
        assert meddler.live(config_map(namespace, name)) is None


def test_secret_values_of_a_chart_are_encrypted_in_the_state(stack: Stack, namespace: str, chart: Path) -> None:
    stack.up("charts", namespace=namespace, chart=str(chart), greeting="sesame", hidden=True)
    assert stack.up("charts", namespace=namespace, chart=str(chart), greeting="sesame", hidden=True) == {"same": 6}
    assert "ciphertext" in stack.state()
    assert "sesame" not in stack.state()


def test_a_chart_out_of_reach_is_told_and_its_program_goes_on(stack: Stack, namespace: str) -> None:
    stack.up("chart_out_of_reach", namespace=namespace)
    told = "warning: chart demo of https://charts.example.com is recorded with its values, not run: the local lane"
    assert told in stack.output
    assert stack.resources()["kubernetes:helm.sh/v4:Chart"]["outputs"]["status"]["status"] == "recorded, not run"
    assert stack.preview("chart_out_of_reach", namespace=namespace) == {"same": 3}


def test_what_is_wrong_in_a_chart_is_said_in_helms_words(stack: Stack, namespace: str, chart: Path) -> None:
    (chart / "templates/config.yaml").write_text("{{ .Values.absent.key }}")
    with pytest.raises(Failed) as failed:
        stack.up("charts", namespace=namespace, chart=str(chart), greeting="hello")
    assert "error[helm-failed]: helm template: " in str(failed.value)
    assert "nil pointer evaluating interface {}.key" in str(failed.value)
    assert "the local kubernetes plug-in failed" not in str(failed.value)
