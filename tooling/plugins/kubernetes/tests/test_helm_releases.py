"""Helm releases on a real cluster, by the real Helm: from disk, from a repository, and out of reach."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tooling.lane.cluster import Cluster
from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.engine_double import Deployed, Provider, Refused

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("helm releases")]

RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture
def provider(new_provider: Callable[..., Provider]) -> Provider:
    return new_provider()


def inputs(chart: Path | str, namespace: str, **more: Any) -> dict[str, Any]:
    return {"chart": str(chart), "namespace": namespace, "name": "demo", "compat": "true", **more}


def get(api: Api, path: str) -> dict[str, Any] | None:
    group, _, rest = path.partition(" ")
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    return api.client.request("GET", f"{root}/{rest}")


def greeting(api: Api, namespace: str) -> str:
    found = get(api, f"v1 namespaces/{namespace}/configmaps/demo-config")
    assert found is not None
    return found["data"]["greeting"]


def kept_by_helm(api: Api, namespace: str) -> list[dict[str, Any]]:
    """The Secrets that hold Helm's records of releases."""
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    return api.client.request("GET", secrets, query={"labelSelector": "owner=helm"})["items"]


def deploy(provider: Provider, given: dict[str, Any]) -> Deployed:
    return provider.create(RELEASE, "demo", given)


def test_a_chart_on_disk_is_installed_waited_for_upgraded_and_uninstalled(
    provider: Provider, api: Api, namespace: str, chart: Path
) -> None:
    one = deploy(provider, inputs(chart, namespace))
    assert one.id == f"{namespace}/demo"
    assert one.state["status"] == {
        "status": "deployed",
        "name": "demo",
        "namespace": namespace,
        "revision": 1,
        "chart": "demo",
        "version": "1.2.3",
        "appVersion": "9",
    }
    assert one.state["resourceNames"] == {"ConfigMap/v1": ["demo-config"], "Deployment/apps/v1": ["demo"]}
    deployment = get(api, f"apps/v1 namespaces/{namespace}/deployments/demo")
    assert deployment is not None
    assert deployment["status"]["readyReplicas"] == 1
    assert not provider.diff(one, one.inputs).some

    # As the released plug-in's check: every member, set or not; and all of it in the state.
    assert {key: one.inputs[key] for key in ("atomic", "lint", "keyring", "timeout", "verify")} == {
        "atomic": False,
        "lint": False,
        "keyring": "",
        "timeout": 300,
        "verify": False,
    }
    assert one.state["__inputs"] == one.inputs
    as_older_plugins_kept_it = replace(one, inputs=inputs(chart, namespace))
    del as_older_plugins_kept_it.inputs["compat"]
    assert one.inputs["version"] == "1.2.3"
    assert not provider.diff(as_older_plugins_kept_it, one.inputs).some

    changed = provider.check(RELEASE, "demo", inputs(chart, namespace, values={"greeting": "bye"}), one)
    assert provider.diff(one, changed).paths == {"values": "ADD"}
    two = provider.update(one, changed)
    assert (two.state["status"]["revision"], greeting(api, namespace)) == (2, "bye")

    provider.delete(two)
    left = api.client.request("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    assert [item["metadata"]["name"] for item in left] == ["kube-root-ca.crt"]


def test_a_change_inside_the_chart_is_a_difference(provider: Provider, api: Api, namespace: str, chart: Path) -> None:
    one = deploy(provider, inputs(chart, namespace))
    (chart / "values.yaml").write_text("replicas: 1\ngreeting: changed\nnodeSelector: {}\n")
    difference = provider.diff(one, one.inputs)
    assert (difference.paths, difference.replaces) == ({"chart": "UPDATE"}, [])
    provider.update(one, one.inputs)
    assert greeting(api, namespace) == "changed"


def test_values_files_come_before_values(provider: Provider, api: Api, namespace: str, chart: Path) -> None:
    file = chart.parent / "more.yaml"
    file.write_text("greeting: from the file\nreplicas: 2\n")
    asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "path": str(file), "hash": "1"}
    deploy(provider, inputs(chart, namespace, valueYamlFiles=[asset], values={"replicas": 1}))
    assert greeting(api, namespace) == "from the file"
    deployment = get(api, f"apps/v1 namespaces/{namespace}/deployments/demo")
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 1


def test_a_preview_tells_what_is_wrong_in_a_chart(provider: Provider, namespace: str, chart: Path) -> None:
    (chart / "templates/config.yaml").write_text("{{ .Values.absent.key }}")
    with pytest.raises(Refused) as refused:
        provider.preview(RELEASE, "demo", inputs(chart, namespace))
    assert "error[helm-failed]: helm template: " in refused.value.message
    assert "nil pointer evaluating interface {}.key" in refused.value.message


def test_a_chart_that_is_nowhere_is_refused(provider: Provider, namespace: str) -> None:
    with pytest.raises(Refused) as refused:
        provider.check(RELEASE, "demo", inputs("./demo", namespace))
    assert "error[chart-not-found]: chart './demo' is no file on disk" in refused.value.message


def test_what_is_not_modelled_is_refused_by_name(provider: Provider, namespace: str, chart: Path) -> None:
    with pytest.raises(Refused) as refused:
        provider.check(RELEASE, "demo", inputs(chart, namespace, postrender="/bin/cat"))
    assert "error[helm-not-modelled]: the local lane does not model `postrender`" in refused.value.message


def test_a_chart_out_of_reach_is_recorded_with_its_values_and_run_once_it_is_there(
    provider: Provider, api: Api, namespace: str, chart: Path
) -> None:
    away = inputs("demo", namespace, repositoryOpts={"repo": "https://charts.example.com"}, version="1.2.3")
    one = deploy(provider, {**away, "values": {"greeting": "kept"}})
    assert one.state["status"]["status"] == "recorded, not run"
    assert one.state["values"] == {"greeting": "kept"}
    assert not provider.diff(one, one.inputs).some
    assert api.client.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"] == []

    here = provider.check(RELEASE, "demo", inputs(chart, namespace, values={"greeting": "run"}), one)
    two = provider.update(one, here)
    assert two.state["status"]["status"] == "deployed"
    assert greeting(api, namespace) == "run"


def test_what_ran_is_uninstalled_where_its_next_chart_cannot_be_had(
    provider: Provider, api: Api, namespace: str, chart: Path
) -> None:
    one = deploy(provider, inputs(chart, namespace))
    assert kept_by_helm(api, namespace)
    away = inputs("demo", namespace, repositoryOpts={"repo": "https://charts.example.com"})
    two = provider.update(one, provider.check(RELEASE, "demo", away, one))
    assert two.state["status"]["status"] == "recorded, not run"
    assert kept_by_helm(api, namespace) == []
    assert api.client.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"] == []


def test_what_was_only_recorded_is_deleted_without_helm(
    provider: Provider, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = deploy(provider, inputs("demo", namespace, repositoryOpts={"repo": "https://charts.example.com"}))
    monkeypatch.setenv("PATH", "/nowhere")
    provider.delete(one)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
        del format, args


@pytest.fixture
def repository(helm: Path, chart: Path, tmp_path: Path) -> Iterator[str]:
    """A chart repository on loopback."""
    packed = tmp_path / "repository"
    packed.mkdir()
    subprocess.run([helm, "package", chart, "--destination", packed], check=True, capture_output=True)
    subprocess.run([helm, "repo", "index", packed], check=True, capture_output=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(packed))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_repository_that_can_be_reached_is_asked(
    provider: Provider, api: Api, namespace: str, repository: str
) -> None:
    one = deploy(provider, inputs("demo", namespace, repositoryOpts={"repo": repository}, version="1.2.3"))
    assert (one.state["status"]["version"], greeting(api, namespace)) == ("1.2.3", "hello")
    assert not provider.diff(one, one.inputs).some


def test_a_version_that_the_repository_lacks_is_an_error(provider: Provider, namespace: str, repository: str) -> None:
    with pytest.raises(Refused) as refused:
        deploy(provider, inputs("demo", namespace, repositoryOpts={"repo": repository}, version="7.0.0"))
    assert "error[helm-failed]: helm install: " in refused.value.message
    assert "7.0.0" in refused.value.message


def test_a_release_that_is_not_ready_is_kept_and_upgraded_by_the_next_run(
    provider: Provider, api: Api, namespace: str, chart: Path
) -> None:
    nowhere = {"nodeSelector": {"disk": "none-like-this"}}
    with pytest.raises(Refused) as refused:
        deploy(provider, inputs(chart, namespace, values=nowhere, timeout=2))
    left = refused.value.left
    assert left is not None
    assert left.state["status"]["status"] == "failed"
    # Not without any values: Helm would take those of the last release.
    fixed = provider.update(
        left, provider.check(RELEASE, "demo", inputs(chart, namespace, values={"greeting": "hello"}), left)
    )
    assert fixed.state["status"]["status"] == "deployed"
    deployment = get(api, f"apps/v1 namespaces/{namespace}/deployments/demo")
    assert deployment is not None
    assert deployment["status"]["readyReplicas"] == 1


def as_left_by_a_kill(api: Api, namespace: str, status: str) -> None:
    """Helm's latest record says that its operation has not ended."""
    latest = max(kept_by_helm(api, namespace), key=lambda secret: int(secret["metadata"]["labels"]["version"]))
    body = [{"op": "replace", "path": "/metadata/labels/status", "value": status}]
    packed = base64.b64decode(base64.b64decode(latest["data"]["release"]))
    release = json.loads(gzip.decompress(packed))
    release["info"]["status"] = status
    data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
    body.append({"op": "replace", "path": "/data/release", "value": data})
    path = f"/api/v1/namespaces/{namespace}/secrets/{latest['metadata']['name']}"
    api.client.request("PATCH", path, body=body, content_type="application/json-patch+json")


@pytest.mark.parametrize("status", ["pending-install", "deployed"])
def test_release_that_no_state_knows_is_refused_as_helm_refuses_it(
    provider: Provider, api: Api, namespace: str, chart: Path, status: str
) -> None:
    one = deploy(provider, inputs(chart, namespace))
    as_left_by_a_kill(api, namespace, status)

    with pytest.raises(Refused, match="cannot re-use a name that is still in use") as refused:
        deploy(provider, one.inputs)

    assert refused.value.left is None


def test_upgrade_that_was_interrupted_is_in_the_way_of_the_next(
    provider: Provider, api: Api, namespace: str, chart: Path
) -> None:
    one = deploy(provider, inputs(chart, namespace))
    as_left_by_a_kill(api, namespace, "pending-upgrade")
    changed = provider.check(RELEASE, "demo", inputs(chart, namespace, values={"greeting": "bye"}), one)

    with pytest.raises(Refused, match=r"another operation \(install/upgrade/rollback\) is in progress") as refused:
        provider.update(one, changed)

    assert refused.value.left is None


def test_somebody_elses_release_of_that_name_is_left_alone(
    provider: Provider, api: Api, namespace: str, chart: Path, cluster: Cluster, helm: Path
) -> None:
    variables = {"KUBECONFIG": str(cluster.kubeconfig), "PATH": os.environ["PATH"], "HOME": str(chart.parent)}
    theirs = [helm, "install", "demo", chart, "--namespace", namespace, "--set", "greeting=theirs"]
    subprocess.run(theirs, env=variables, check=True, capture_output=True)
    with pytest.raises(Refused) as refused:
        deploy(provider, inputs(chart, namespace))
    assert "cannot re-use a name that is still in use" in refused.value.message
    assert refused.value.left is None
    assert greeting(api, namespace) == "theirs"


def test_a_release_that_is_gone_is_seen(provider: Provider, namespace: str, chart: Path, api: Api) -> None:
    one = deploy(provider, inputs(chart, namespace))
    assert provider.read(one) is not None
    for secret in kept_by_helm(api, namespace):
        api.client.request("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{secret['metadata']['name']}")
    assert provider.read(one) is None
