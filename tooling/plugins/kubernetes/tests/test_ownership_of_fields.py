"""Server-side apply: what we stop asking for goes, what others own stays theirs."""

from __future__ import annotations

from typing import Any

import pytest

from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.cases import LABELLED, SELECTOR, filled, merged
from tooling.plugins.kubernetes.tests.engine_double import Deployed, Provider
from tooling.plugins.kubernetes.tests.meddler import Meddler

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SERVICE = "kubernetes:core/v1:Service"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def config_map(namespace: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace, **metadata}}


def deployment(namespace: str, replicas: int) -> dict[str, Any]:
    spec = filled({"replicas": replicas, "selector": SELECTOR, "template": LABELLED}, "web", namespace)
    metadata = {"name": "web", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def live_of(meddler: Meddler, deployed: Deployed) -> dict[str, Any]:
    live = meddler.live(deployed.inputs)
    assert live is not None
    return live


def test_field_that_the_program_drops_is_removed(provider: Provider, meddler: Meddler, namespace: str) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"keep": "1", "drop": "1"}))

    updated = provider.up(made, config_map(namespace, labels={"keep": "1"}))

    assert live_of(meddler, updated)["metadata"]["labels"] == {"keep": "1"}


def test_fields_that_others_add_are_no_drift_and_survive_updates(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"ours": "1"}))
    meddler.apply(made.inputs, {"metadata": {"name": "a", "labels": {"theirs": "1"}}})

    refreshed = provider.read(made)
    assert refreshed is not None
    assert not provider.diff(refreshed, made.inputs).some
    updated = provider.up(refreshed, config_map(namespace, labels={"ours": "2"}))

    assert live_of(meddler, updated)["metadata"]["labels"] == {"ours": "2", "theirs": "1"}


@pytest.mark.parametrize("manager", ["kubectl-edit", "kubectl-client-side-apply"])
def test_what_kubectl_changed_is_taken_over_without_a_conflict(
    provider: Provider, meddler: Meddler, namespace: str, manager: str
) -> None:
    made = provider.create(
        SERVICE, "a", merged(config_map(namespace), {"kind": "Service", "spec": {"ports": [{"port": 80}]}})
    )
    meddler.merge(made.inputs, {"spec": {"ports": [{"port": 90}]}}, manager=manager)

    repaired = provider.update(made, made.inputs)

    assert [port["port"] for port in live_of(meddler, repaired)["spec"]["ports"]] == [80]


def test_object_written_by_the_released_plugin_loses_the_fields_that_the_program_drops(
    provider: Provider, api: Api, meddler: Meddler, namespace: str
) -> None:
    # The released plug-in creates by POST, which the API server records as an Update by its field manager.
    body = config_map(namespace, labels={"keep": "1", "drop": "1"})
    manager = "pulumi-kubernetes-0abc"
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.client.request("POST", path, query={"fieldManager": manager}, body=body)
    state = {**live_of(meddler, Deployed(CONFIG_MAP, "a", "", body, {})), "__fieldManager": manager}

    updated = provider.up(
        Deployed(CONFIG_MAP, "a", f"{namespace}/a", body, state), config_map(namespace, labels={"keep": "1"})
    )

    assert live_of(meddler, updated)["metadata"]["labels"] == {"keep": "1"}


def test_ignored_field_is_left_to_the_autoscaler(
    provider: Provider, api: Api, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(DEPLOYMENT, "web", deployment(namespace, 1))
    kind = api.kind_of(made.inputs)
    assert kind is not None
    scale = api.target(kind, made.inputs).path + "/scale"
    api.client.request(
        "PATCH",
        scale,
        query={"fieldManager": "autoscaler"},
        body={"spec": {"replicas": 2}},
        content_type="application/merge-patch+json",
    )

    program = merged(deployment(namespace, 1), {"metadata": {"labels": {"team": "a"}}})
    updated = provider.update(made, program, ignore_changes=("spec.replicas",))

    live = live_of(meddler, updated)
    assert live["spec"]["replicas"] == 2
    assert live["metadata"]["labels"] == {"team": "a"}


def test_ignored_change_is_no_difference(provider: Provider, namespace: str) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"app.kubernetes.io/name": "a"}))
    program = config_map(namespace, labels={"app.kubernetes.io/name": "b"})

    assert provider.diff(made, program).some
    assert not provider.diff(made, program, ('metadata.labels["app.kubernetes.io/name"]',)).some
    assert not provider.diff(made, program, ("metadata.labels[*]",)).some


def test_field_manager_may_be_chosen_and_changed(provider: Provider, meddler: Meddler, namespace: str) -> None:
    chosen = {"pulumi.com/patchFieldManager": "first"}
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, annotations=chosen))

    updated = provider.up(made, config_map(namespace, annotations={"pulumi.com/patchFieldManager": "second"}))

    assert made.state["__fieldManager"] == "first"
    assert updated.state["__fieldManager"] == "second"
    managers = {entry["manager"] for entry in live_of(meddler, updated)["metadata"]["managedFields"]}
    assert managers == {"second"}


def test_quantity_that_the_server_spells_its_own_way_is_no_drift(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    token = "kubernetes:core/v1:ResourceQuota"
    hard = {"requests.cpu": "0.5", "requests.memory": "1024Mi"}
    inputs = merged(config_map(namespace), {"kind": "ResourceQuota", "spec": {"hard": hard}})
    made = provider.create(token, "a", inputs)
    assert live_of(meddler, made)["spec"]["hard"] == {"requests.cpu": "500m", "requests.memory": "1Gi"}

    refreshed = provider.read(made)
    assert refreshed is not None
    assert refreshed.inputs["spec"]["hard"] == hard

    meddler.merge(made.inputs, {"spec": {"hard": {"requests.cpu": "600m"}}})
    drifted = provider.read(refreshed)
    assert drifted is not None
    assert drifted.inputs["spec"]["hard"] == {"requests.cpu": "600m", "requests.memory": "1024Mi"}
