"""Kinds that the API server learns while the program runs, and forgets again."""

from __future__ import annotations

import threading
from typing import Any

from tooling.plugins.kubernetes.tests.engine_double import Deployed, Provider
from tooling.plugins.kubernetes.tests.meddler import Meddler

DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"


def definition(name: str, scope: str = "Namespaced", *, columns: int = 0) -> dict[str, Any]:
    spec = {"type": "object", "properties": {"size": {"type": "integer"}}}
    # As the SDK spells it: a property name holds no dashes.
    other = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "other": other}}
    version: dict[str, Any] = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if columns:
        version["additionalPrinterColumns"] = [
            {"name": f"C{index}", "type": "integer", "jsonPath": ".spec.size"} for index in range(columns)
        ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{name}s.example.invalid"},
        "spec": {
            "group": "example.invalid",
            "scope": scope,
            "names": {"kind": name.title(), "plural": f"{name}s", "singular": name},
            "versions": [version],
        },
    }


def custom(name: str, size: int, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.invalid/v1",
        "kind": name.title(),
        "metadata": {"name": "a", **metadata},
        "spec": {"size": size},
    }


def token(name: str) -> str:
    return f"kubernetes:example.invalid/v1:{name.title()}"


def test_custom_object_can_be_made_at_once_after_its_definition(
    provider: Provider, namespace: str, unique: str
) -> None:
    provider.create(DEFINITION, "definition", definition(unique))

    made = provider.create(token(unique), "a", custom(unique, 1, namespace=namespace))
    updated = provider.up(made, custom(unique, 2, namespace=namespace))

    assert made.id == f"{namespace}/a"
    assert updated.state["spec"] == {"size": 2}


def test_custom_object_waits_a_moment_for_a_definition_made_beside_it(
    provider: Provider, new_provider: Any, namespace: str, unique: str
) -> None:
    made: list[Deployed] = []
    other = new_provider()
    worker = threading.Thread(
        target=lambda: made.append(other.create(token(unique), "a", custom(unique, 1, namespace=namespace)))
    )
    worker.start()
    provider.create(DEFINITION, "definition", definition(unique))
    worker.join()

    assert [deployed.id for deployed in made] == [f"{namespace}/a"]


def test_cluster_wide_custom_object_has_no_namespace(provider: Provider, new_provider: Any, unique: str) -> None:
    provider.create(DEFINITION, "definition", definition(unique, "Cluster"))

    made = new_provider(namespace="kube-system").create(token(unique), "a", custom(unique, 1))

    assert made.id == "a"
    assert not provider.diff(made, custom(unique, 1, namespace="set-in-vain")).some


def test_schema_fields_with_dashes_reach_the_server_and_come_back_as_the_sdk_spells_them(
    provider: Provider, meddler: Meddler, unique: str
) -> None:
    program = definition(unique)
    made = provider.create(DEFINITION, "definition", program)

    live = meddler.live(made.inputs)
    assert live is not None
    schema = live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert schema["properties"]["other"] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert made.state["spec"]["versions"] == made.state["__inputs"]["spec"]["versions"] == program["spec"]["versions"]
    assert made.inputs["spec"]["versions"] == live["spec"]["versions"]
    assert not provider.diff(made, made.inputs).some
    refreshed = provider.read(made)
    assert refreshed is not None
    assert refreshed.inputs == made.inputs


def test_definition_is_replaced_whole_on_update(provider: Provider, meddler: Meddler, unique: str) -> None:
    made = provider.create(DEFINITION, "definition", definition(unique, columns=2))

    updated = provider.up(made, definition(unique, columns=1))

    live = meddler.live(updated.inputs)
    assert live is not None
    assert [column["name"] for column in live["spec"]["versions"][0]["additionalPrinterColumns"]] == ["C0"]
    assert updated.state["metadata"]["uid"] == made.state["metadata"]["uid"]


def test_objects_of_a_deleted_definition_are_gone(provider: Provider, namespace: str, unique: str) -> None:
    kind = provider.create(DEFINITION, "definition", definition(unique))
    made = provider.create(token(unique), "a", custom(unique, 1, namespace=namespace))

    provider.delete(kind)

    assert provider.read(made) is None
    provider.delete(made)
