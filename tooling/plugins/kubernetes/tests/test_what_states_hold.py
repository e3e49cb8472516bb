"""Checked inputs and states, as the released plug-in writes them: swapping the plug-in must replace nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tooling.plugins.kubernetes.tests.engine_double import Provider
from tooling.plugins.kubernetes.tests.meddler import Meddler
from tooling.plugins.provider.wire import UNKNOWN

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def manifest(api_version: str, kind: str, namespace: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": namespace}, **rest}


@pytest.mark.parametrize(
    ("token", "written", "kept"),
    [
        (
            NETWORK_POLICY,
            {"spec": {"podSelector": {"matchLabels": {}}, "ingress": [], "egress": [{}], "policyTypes": ["Ingress"]}},
            {"spec": {"podSelector": {}, "egress": [{}], "policyTypes": ["Ingress"]}},
        ),
        (
            "kubernetes:scheduling.k8s.io/v1:PriorityClass",
            {"globalDefault": False, "value": 0},
            {"value": 0},
        ),
        (
            "kubernetes:core/v1:ServiceAccount",
            {"automountServiceAccountToken": False, "imagePullSecrets": []},
            {"automountServiceAccountToken": False},
        ),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:Role",
            {"rules": []},
            {"rules": []},
        ),
        (
            CONFIG_MAP,
            {"data": {"empty": ""}, "binaryData": {}},
            {"data": {"empty": ""}},
        ),
        (
            "kubernetes:example.invalid/v1:Widget",
            {"spec": {"parts": [], "paused": False}},
            {"spec": {"parts": [], "paused": False}},
        ),
        (
            CONFIG_MAP,
            {"data": {"later": UNKNOWN}, "binaryData": {}},
            {"data": {"later": UNKNOWN}, "binaryData": {}},
        ),
        (
            "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
            {"spec": {"preserveUnknownFields": False, "versions": [{"x_kubernetes_map_type": "atomic"}]}},
            {"spec": {"versions": [{"x-kubernetes-map-type": "atomic"}]}},
        ),
    ],
    ids=["lists and maps", "switch", "pointer", "list that stays", "text", "custom", "unknown", "definition"],
)
def test_check_leaves_out_what_the_api_leaves_out(
    provider: Provider, namespace: str, token: str, written: dict[str, Any], kept: dict[str, Any]
) -> None:
    module, _, kind = token.removeprefix("kubernetes:").partition(":")
    checked = provider.check(token, "a", manifest(module.removeprefix("core/"), kind, namespace, **written))

    assert {key: checked[key] for key in checked if key not in ("apiVersion", "kind", "metadata")} == kept


def test_state_holds_the_inputs_after_every_operation(provider: Provider, meddler: Meddler, namespace: str) -> None:
    made = provider.create(CONFIG_MAP, "a", manifest("v1", "ConfigMap", namespace, data={"a": "1"}))
    assert made.state["__inputs"] == made.inputs
    assert made.state["__initialApiVersion"] == "v1"

    labelled = {**made.inputs, "metadata": {**made.inputs["metadata"], "labels": {"team": "a"}}}
    updated = provider.up(made, labelled)
    assert updated.state["__inputs"] == labelled

    meddler.merge(updated.inputs, {"metadata": {"labels": {"team": "theirs"}}}, manager="kubectl-edit")
    refreshed = provider.read(updated)
    assert refreshed is not None
    assert refreshed.state["__inputs"] == refreshed.inputs
    assert refreshed.inputs["metadata"]["labels"] == {"team": "theirs"}

    imported = provider.fetch(CONFIG_MAP, "a", made.id)
    assert imported is not None
    assert imported.state["__inputs"] == imported.inputs


def test_state_of_an_older_plugin_is_read_and_completed_by_a_refresh(provider: Provider, namespace: str) -> None:
    """It had neither `__inputs` nor normalized inputs."""
    written = {"podSelector": {}, "ingress": [], "policyTypes": ["Ingress"]}
    program = manifest("networking.k8s.io/v1", "NetworkPolicy", namespace, spec=written)
    made = provider.create(NETWORK_POLICY, "a", program)
    state = {key: value for key, value in made.state.items() if key != "__inputs"}
    old = replace(made, inputs=program, state=state)

    assert not provider.diff(old, made.inputs).some
    refreshed = provider.read(old)
    assert refreshed is not None
    assert refreshed.state["__inputs"] == refreshed.inputs
    assert not provider.diff(refreshed, made.inputs).some
