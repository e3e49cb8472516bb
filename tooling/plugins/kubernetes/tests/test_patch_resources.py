"""`…Patch` resources change an object that somebody else made, and give the change up when they go."""

from __future__ import annotations

from typing import Any

import pytest

from tooling.plugins.kubernetes.tests.cases import merged
from tooling.plugins.kubernetes.tests.engine_double import Provider, Refused
from tooling.plugins.kubernetes.tests.meddler import Meddler

NAMESPACE_PATCH = "kubernetes:core/v1:NamespacePatch"


def labelled(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def labels_of(meddler: Meddler, name: str) -> dict[str, str]:
    live = meddler.live(labelled(name))
    assert live is not None
    return {key: value for key, value in live["metadata"]["labels"].items() if "kubernetes.io" not in key}


def test_patch_lives_through_update_drift_and_deletion_while_the_object_stays(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    meddler.apply(labelled(namespace), {"metadata": {"name": namespace, "labels": {"theirs": "1"}}})

    made = provider.create(NAMESPACE_PATCH, "patch", labelled(namespace, ours="1"))
    assert made.id == namespace
    assert labels_of(meddler, namespace) == {"theirs": "1", "ours": "1"}
    assert not provider.diff(made, made.inputs).some

    updated = provider.up(made, labelled(namespace, ours="2"))
    assert labels_of(meddler, namespace) == {"theirs": "1", "ours": "2"}

    meddler.merge(labelled(namespace), {"metadata": {"labels": {"ours": "3"}}})
    drifted = provider.read(updated)
    assert drifted is not None
    assert list(provider.diff(drifted, updated.inputs).paths) == ["metadata.labels.ours"]
    forced = merged(updated.inputs, {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}})
    repaired = provider.up(drifted, forced)
    assert labels_of(meddler, namespace) == {"theirs": "1", "ours": "2"}

    provider.delete(repaired)
    assert labels_of(meddler, namespace) == {"theirs": "1"}
    provider.delete(repaired)


def test_patch_never_creates_its_object(provider: Provider, meddler: Meddler, unique: str) -> None:
    with pytest.raises(Refused, match=rf'Namespace v1 "{unique}" does not exist, so that there is nothing to patch'):
        provider.create(NAMESPACE_PATCH, "patch", labelled(unique, ours="1"), timeout=0.5)

    assert meddler.live(labelled(unique)) is None


def test_patch_demands_the_name_of_its_object(provider: Provider) -> None:
    with pytest.raises(Refused, match=r"a NamespacePatch needs `metadata\.name`"):
        provider.check(NAMESPACE_PATCH, "patch", {"apiVersion": "v1", "kind": "Namespace", "metadata": {}})


def test_patch_of_a_field_of_somebody_else_is_a_conflict(provider: Provider, meddler: Meddler, namespace: str) -> None:
    meddler.apply(labelled(namespace), {"metadata": {"name": namespace, "labels": {"team": "theirs"}}})

    with pytest.raises(Refused, match=r'\.metadata\.labels\.team \(managed by "meddler"\)'):
        provider.create(NAMESPACE_PATCH, "patch", labelled(namespace, team="ours"))


def test_deleting_a_patch_leaves_an_object_alone_that_somebody_deleted(
    provider: Provider, meddler: Meddler, namespace: str
) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}}
    meddler.apply(config_map, {"data": {"a": "1"}})
    made = provider.create("kubernetes:core/v1:ConfigMapPatch", "p", merged(config_map, {"data": {"b": "1"}}))
    meddler.delete(config_map)

    provider.delete(made)

    assert meddler.live(config_map) is None
