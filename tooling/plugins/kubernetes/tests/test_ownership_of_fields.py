"""Server-side apply: what we stop asking for goes, what others own stays theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.cases import LABELLED, SELECTOR, filled, merged
from tooling.plugins.kubernetes.tests.engine_double import Deployed, Provider, Refused
from tooling.plugins.kubernetes.tests.meddler import Meddler

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def config_map(namespace: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace, **metadata}}


def deployment(namespace: str, replicas: int) -> dict[str, Any]:
    spec = filled({"replicas": replicas, "selector": SELECTOR, "template": LABELLED}, "web", namespace)
    metadata = {"name": "web", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def scaled_by(api: Api, made: Deployed, manager: str) -> None:
    kind = api.kind_of(made.inputs)
    assert kind is not None
    api.client.request(
        "PATCH",
        api.target(kind, made.inputs).path + "/scale",
        query={"fieldManager": manager},
        body={"spec": {"replicas": 2}},
        content_type="application/merge-patch+json",
    )


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


def managers_of(meddler: Meddler, deployed: Deployed) -> set[tuple[str, str]]:
    entries = live_of(meddler, deployed)["metadata"]["managedFields"]
    return {(entry["manager"], entry["operation"]) for entry in entries}


def test_create_is_an_update_of_one_manager_and_the_first_update_an_apply_of_the_objects_own(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"a": "1"}))
    own = made.state["__fieldManager"]
    assert re.fullmatch("pulumi-kubernetes-[0-9a-f]{8}", own)
    assert managers_of(meddler, made) == {("pulumi-kubernetes", "Update")}

    updated = provider.up(made, config_map(namespace, labels={"a": "2"}))

    assert managers_of(meddler, updated) == {(own, "Apply")}
    assert updated.state["__fieldManager"] == own


def edited(provider: Provider, meddler: Meddler, namespace: str, manager: str = "kubectl-edit") -> Deployed:
    """An object that was updated once, so that nothing is left of its creation, and then changed by somebody."""
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"team": "a"}))
    updated = provider.up(made, config_map(namespace, labels={"team": "b"}))
    meddler.merge(updated.inputs, {"metadata": {"labels": {"team": "edited"}}}, manager=manager)
    return updated


@pytest.mark.parametrize("manager", ["kubectl-edit", "kubectl-client-side-apply", "kubectl-patch"])
def test_what_kubectl_changed_is_a_conflict_in_a_preview_which_the_update_takes_over(
    provider: Provider, meddler: Meddler, namespace: str, manager: str
) -> None:
    deployed = edited(provider, meddler, namespace, manager)

    with pytest.raises(Refused, match=rf'kubernetes-field-conflict[\s\S]*managed by "{manager}"'):
        provider.update(deployed, deployed.inputs, stages=("preview",))
    assert live_of(meddler, deployed)["metadata"]["labels"] == {"team": "edited"}

    repaired = provider.update(deployed, deployed.inputs, stages=("update",))
    assert live_of(meddler, repaired)["metadata"]["labels"] == {"team": "b"}


def test_preview_right_after_the_creation_has_no_conflict_with_kubectl(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"team": "a"}))
    meddler.merge(made.inputs, {"metadata": {"labels": {"team": "edited"}}}, manager="kubectl-edit")

    repaired = provider.update(made, made.inputs)

    assert live_of(meddler, repaired)["metadata"]["labels"] == {"team": "a"}


def test_variable_that_says_no_force_holds_for_the_preview_right_after_the_creation(
    new_provider: Callable[..., Provider], meddler: Meddler, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "false")
    provider = new_provider()
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"team": "a"}))
    meddler.merge(made.inputs, {"metadata": {"labels": {"team": "edited"}}}, manager="kubectl-edit")

    with pytest.raises(Refused, match="kubernetes-field-conflict"):
        provider.update(made, made.inputs, stages=("preview",))


def test_what_kubectl_scale_changed_is_a_conflict_even_for_the_update(
    provider: Provider, api: Api, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(DEPLOYMENT, "web", deployment(namespace, 1))
    scaled_by(api, made, "kubectl")

    with pytest.raises(Refused, match=r'kubernetes-field-conflict[\s\S]*spec\.replicas \(managed by "kubectl"\)'):
        provider.update(made, made.inputs, stages=("update",))
    assert live_of(meddler, made)["spec"]["replicas"] == 2


@pytest.mark.parametrize("manager", ["kubectl-edit", "k9s"])
def test_provider_that_forces_wins_in_the_preview_and_in_the_update(
    new_provider: Callable[..., Provider], meddler: Meddler, namespace: str, manager: str
) -> None:
    provider = new_provider(enablePatchForce=True)
    deployed = edited(provider, meddler, namespace, manager)

    repaired = provider.update(deployed, deployed.inputs)

    assert live_of(meddler, repaired)["metadata"]["labels"] == {"team": "b"}


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
    scaled_by(api, made, "autoscaler")

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
