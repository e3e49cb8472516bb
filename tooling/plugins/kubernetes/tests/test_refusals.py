"""What is not modelled, and what the API server refuses: each refusal names the object, the reason and the hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as proto

from shared.kubernetes_labels import PART_OF_LABEL
from tooling.plugins.kubernetes.tests.cases import merged
from tooling.plugins.kubernetes.tests.engine_double import Deployed, Provider, Refused, _called
from tooling.plugins.kubernetes.tests.meddler import Meddler

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def config_map(namespace: str, **metadata: Any) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": namespace, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:kustomize/v2:Directory",
    ],
)
def test_resource_that_is_no_object_is_refused_by_name(provider: Provider, token: str) -> None:
    with pytest.raises(Refused, match=f"the local lane does not model {token}"):
        provider.check(token, "release", {})


@pytest.mark.parametrize("token", ["kubernetes:kustomize/v2:Directory", "kubernetes:yaml/v2:ConfigFile"])
def test_component_is_refused_by_name(provider: Provider, token: str) -> None:
    with pytest.raises(Refused, match=f"the local lane does not model {token}"):
        _called(provider.stub.Construct, proto.ConstructRequest(type=token, name="chart"))


def test_function_is_refused_by_name(provider: Provider) -> None:
    with pytest.raises(Refused, match="does not model the function kubernetes:yaml:decode"):
        _called(provider.stub.Invoke, proto.InvokeRequest(tok="kubernetes:yaml:decode"))


@pytest.mark.parametrize("annotation", ["pulumi.com/waitFor", "pulumi.com/replaceUnready"])
def test_annotation_that_is_not_modelled_is_refused_by_name(
    provider: Provider, namespace: str, annotation: str
) -> None:
    with pytest.raises(Refused, match=f"does not model annotation {annotation}"):
        provider.check(CONFIG_MAP, "a", config_map(namespace, annotations={annotation: "true"}))


def test_list_is_refused(provider: Provider) -> None:
    with pytest.raises(Refused, match="a ConfigMapList cannot be created"):
        provider.check("kubernetes:core/v1:ConfigMapList", "a", {"items": []})


def test_unknown_field_is_refused_with_its_path(provider: Provider, namespace: str) -> None:
    inputs = merged(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": namespace}},
        {"spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"hostNetwrk": True}}}},
    )

    with pytest.raises(Refused, match=r"kubernetes-malformed[\s\S]*spec\.template\.spec\.hostNetwrk"):
        provider.preview(DEPLOYMENT, "a", inputs)


def test_value_of_the_wrong_type_is_refused_without_showing_it(provider: Provider, namespace: str) -> None:
    metadata = {"name": "a", "namespace": namespace}

    with pytest.raises(Refused, match=r"kubernetes-malformed[\s\S]*Secret\.data") as refused:
        provider.create(
            "kubernetes:core/v1:Secret", "a", {"kind": "Secret", "metadata": metadata, "data": {"pin": 424242}}
        )
    assert "424242" not in refused.value.message


def test_existing_object_is_not_taken_over(provider: Provider, meddler: Meddler, namespace: str) -> None:
    first = provider.create(CONFIG_MAP, "a", config_map(namespace))

    with pytest.raises(Refused) as refused:
        provider.create(CONFIG_MAP, "other", merged(config_map(namespace), {"data": {"a": "2"}}))

    assert f'ConfigMap v1 "{namespace}/a" already exists' in refused.value.message
    assert f'import_="{namespace}/a"' in refused.value.message
    live = meddler.live(first.inputs)
    assert live is not None
    assert live["metadata"]["resourceVersion"] == first.state["metadata"]["resourceVersion"]


def of_application(namespace: str, application: str) -> dict[str, Any]:
    return config_map(namespace, labels={PART_OF_LABEL: application})


def test_preview_refuses_the_object_of_another_application(provider: Provider, namespace: str) -> None:
    provider.create(CONFIG_MAP, "a", of_application(namespace, "shop"))

    for attempt in (provider.preview, provider.create):
        with pytest.raises(Refused, match="application-object-taken") as refused:
            attempt(CONFIG_MAP, "a", of_application(namespace, "blog"))
        assert f'ConfigMap v1 "{namespace}/a" belongs to the application shop' in refused.value.message


def test_preview_does_not_refuse_the_applications_own_object(provider: Provider, namespace: str) -> None:
    """It may be about to be replaced, or to move to another resource of the program."""
    provider.create(CONFIG_MAP, "a", of_application(namespace, "shop"))

    provider.preview(CONFIG_MAP, "b", of_application(namespace, "shop"))
    with pytest.raises(Refused, match="kubernetes-already-exists"):
        provider.create(CONFIG_MAP, "b", of_application(namespace, "shop"))


def test_existing_object_is_adopted_when_the_provider_upserts(
    new_provider: Callable[..., Provider], meddler: Meddler, namespace: str
) -> None:
    new_provider().create(CONFIG_MAP, "a", config_map(namespace))

    adopted = new_provider(upsertExistingObjects=True).create(
        CONFIG_MAP, "a", merged(config_map(namespace), {"metadata": {"labels": {"adopted": "yes"}}})
    )

    live = meddler.live(adopted.inputs)
    assert live is not None
    assert live["metadata"]["labels"] == {"adopted": "yes"}


def conflicting(provider: Provider, meddler: Meddler, namespace: str) -> tuple[Deployed, dict[str, Any]]:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace, labels={"team": "a"}))
    meddler.apply(made.inputs, {"metadata": {"name": "a", "labels": {"team": "theirs"}}})
    return made, merged(made.inputs, {"metadata": {"labels": {"team": "b"}}})


def test_field_of_somebody_else_is_a_conflict_that_names_both(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    made, program = conflicting(provider, meddler, namespace)

    with pytest.raises(Refused) as refused:
        provider.update(made, program)

    assert '.metadata.labels.team (managed by "meddler")' in refused.value.message
    assert 'annotate the object with pulumi.com/patchForce: "true"' in refused.value.message
    assert made.state["__fieldManager"] in refused.value.message


def test_conflict_is_won_by_annotation(provider: Provider, meddler: Meddler, namespace: str) -> None:
    made, program = conflicting(provider, meddler, namespace)

    updated = provider.update(made, merged(program, {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}}))

    assert updated.state["metadata"]["labels"] == {"team": "b"}


def test_conflict_is_won_by_the_providers_switch(
    new_provider: Callable[..., Provider], meddler: Meddler, namespace: str
) -> None:
    provider = new_provider(enablePatchForce=True)
    made, program = conflicting(provider, meddler, namespace)

    assert provider.update(made, program).state["metadata"]["labels"] == {"team": "b"}


def test_unknown_kind_is_refused_with_what_is_missing(provider: Provider, namespace: str) -> None:
    inputs = {"apiVersion": "example.invalid/v1", "kind": "Unheard", "metadata": {"name": "a", "namespace": namespace}}

    with pytest.raises(Refused, match=r'serves no kind "Unheard" in "example.invalid/v1"[\s\S]*CustomResourceDef'):
        provider.create("kubernetes:example.invalid/v1:Unheard", "a", inputs, timeout=0.5)


def test_missing_namespace_is_refused_with_the_hint(provider: Provider, unique: str) -> None:
    with pytest.raises(Refused, match=rf'namespaces "{unique}" not found[\s\S]*create the Namespace'):
        provider.create(CONFIG_MAP, "a", config_map(unique), timeout=0.5)


def test_update_of_an_object_that_somebody_deleted_asks_for_a_refresh(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace))
    meddler.delete(made.inputs)

    with pytest.raises(Refused, match=r"no longer exists[\s\S]*refresh"):
        provider.update(made, config_map(namespace, labels={"team": "a"}))


def test_object_that_somebody_made_anew_is_not_deleted(provider: Provider, meddler: Meddler, namespace: str) -> None:
    made = provider.create(CONFIG_MAP, "a", config_map(namespace))
    meddler.delete(made.inputs)
    meddler.apply(made.inputs, {"data": {"a": "theirs"}})

    with pytest.raises(Refused, match=r"was deleted and created again outside this stack[\s\S]*refresh"):
        provider.delete(made)

    assert meddler.live(made.inputs) is not None
