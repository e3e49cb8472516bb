"""What holds for every kind, one row a kind: the life of an object as the engine drives it, on a real API server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.engine_marks import without_secrets
from tooling.plugins.kubernetes.tests.cases import CASES, Case, filled, merged
from tooling.plugins.kubernetes.tests.engine_double import Deployed, Provider
from tooling.plugins.kubernetes.tests.meddler import Meddler

every_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
replacing_kinds = pytest.mark.parametrize(
    "case", [case for case in CASES if case.replacing is not None], ids=lambda case: case.id
)


def manifest_of(case: Case, namespace: str) -> dict[str, Any]:
    # CustomResourceDefinitions are named after what they define.
    name = f"{namespace}s.example.invalid" if case.id == "CustomResourceDefinition" else namespace
    manifest = case.manifest(namespace, namespace)
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def deployed(provider: Provider, case: Case, namespace: str) -> Deployed:
    if case.id == "Namespace":
        namespace = f"{namespace}-made"
    return provider.create(case.token, "resource", manifest_of(case, namespace))


def changed(old: Deployed, change: dict[str, Any], namespace: str) -> dict[str, Any]:
    return merged(old.inputs, filled(change, namespace, namespace))


@every_kind
def test_created_object_has_the_id_and_the_marks_of_the_released_plugin(
    provider: Provider, namespace: str, case: Case
) -> None:
    made = deployed(provider, case, namespace)

    name = made.inputs["metadata"]["name"]
    assert made.id == (f"{namespace}/{name}" if case.namespaced else name)
    assert made.state["metadata"]["uid"]
    assert "managedFields" not in made.state["metadata"]
    assert made.state["__fieldManager"].startswith("pulumi-kubernetes-")
    assert made.state["__initialApiVersion"] == made.inputs["apiVersion"]
    assert made.state["__initialKind"] == case.id


@every_kind
def test_unchanged_program_changes_nothing_before_or_after_a_refresh(
    provider: Provider, namespace: str, case: Case
) -> None:
    made = deployed(provider, case, namespace)
    program = without_secrets(provider.check(case.token, "resource", made.inputs, made))

    refreshed = provider.read(made)

    assert not provider.diff(made, program).some
    assert refreshed is not None
    assert refreshed.inputs == made.inputs
    assert not provider.diff(refreshed, program).some


@every_kind
def test_changed_input_is_updated_in_place(provider: Provider, meddler: Meddler, namespace: str, case: Case) -> None:
    made = deployed(provider, case, namespace)
    program = changed(made, case.update, namespace)

    planned = provider.diff(made, program)
    updated = provider.up(made, program)

    assert list(planned.paths) == [case.updated_path]
    assert planned.replaces == []
    assert updated.state["metadata"]["uid"] == made.state["metadata"]["uid"]
    live = meddler.live(made.inputs)
    assert live is not None
    assert live["metadata"]["resourceVersion"] != made.state["metadata"]["resourceVersion"]
    assert not provider.diff(updated, program).some


@every_kind
def test_drift_is_invisible_until_refresh_and_then_repaired(
    new_provider: Callable[..., Provider], meddler: Meddler, namespace: str, case: Case
) -> None:
    # As the tiers' provider: without force, the preview conflicts with whoever took a field over.
    provider = new_provider(enablePatchForce=True)
    made = deployed(provider, case, namespace)
    program = made.inputs
    meddler.merge(program, filled(case.drift, namespace, namespace), manager="kubectl-edit")

    assert not provider.diff(made, program).some
    refreshed = refresh(provider, made)
    assert list(provider.diff(refreshed, program).paths) == [case.drifted_path]
    repaired = provider.up(refreshed, program)

    after = refresh(provider, repaired)
    assert not provider.diff(after, program).some


@replacing_kinds
def test_immutable_input_replaces_and_deletes_first_what_has_a_fixed_name(
    provider: Provider, namespace: str, case: Case
) -> None:
    assert case.replacing is not None
    made = deployed(provider, case, namespace)
    program = changed(made, case.replacing, namespace)

    planned = provider.diff(made, program)
    new = provider.up(made, program)

    assert planned.replaces == [case.replaced_path]
    assert planned.delete_before_replace
    assert new.id == made.id
    assert new.state["metadata"]["uid"] != made.state["metadata"]["uid"]


@every_kind
def test_changed_name_replaces(provider: Provider, namespace: str, case: Case) -> None:
    made = deployed(provider, case, namespace)

    planned = provider.diff(made, merged(made.inputs, {"metadata": {"name": "another"}}))

    assert planned.paths == {"metadata.name": "UPDATE_REPLACE"}
    assert not planned.delete_before_replace


@every_kind
def test_import_yields_inputs_that_describe_the_object(provider: Provider, namespace: str, case: Case) -> None:
    made = deployed(provider, case, namespace)

    imported = provider.fetch(case.token, "resource", made.id)

    assert imported is not None
    assert imported.state["metadata"]["uid"] == made.state["metadata"]["uid"]
    assert "status" not in imported.inputs
    assert not {"uid", "resourceVersion", "creationTimestamp"} & imported.inputs["metadata"].keys()
    assert not provider.diff(imported, imported.inputs).some
    updated = provider.update(imported, imported.inputs)
    assert updated.state["metadata"]["uid"] == made.state["metadata"]["uid"]


@every_kind
def test_deleted_object_is_gone_and_may_be_deleted_again(
    provider: Provider, meddler: Meddler, namespace: str, case: Case
) -> None:
    made = deployed(provider, case, namespace)

    provider.delete(made)

    assert meddler.live(made.inputs) is None
    assert provider.read(made) is None
    provider.delete(made)


def refresh(provider: Provider, old: Deployed) -> Deployed:
    found = provider.read(old)
    assert found is not None
    return found
