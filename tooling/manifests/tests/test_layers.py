"""Base and overlays: what is where, and that kustomize makes the same objects of them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts import Tenant
from shared.testing import contract_outputs, run_program
from tooling.applications.lookup import application_stack
from tooling.manifests.kubectl import built
from tooling.manifests.layers import HEADER, layered
from tooling.manifests.rendering import objects_of
from tooling.paths import REPOSITORY

Object = dict[str, Any]
ENVIRONMENTS = ("local", "dev", "staging", "prod")


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "tenant-a"}, "data": data}


def scaler(low: int, high: int) -> Object:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "shop"},
        "spec": {"minReplicas": low, "maxReplicas": high, "scaleTargetRef": {"kind": "Deployment", "name": "shop"}},
    }


def contents(files: Mapping[str, str]) -> dict[str, Any]:
    return {path: yaml.safe_load(text) for path, text in files.items()}


def rebuilt(directory: Path, files: Mapping[str, str], environment: str) -> list[Object]:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    text = built(directory / "overlays" / environment, at="overlay")
    return in_order([one for one in yaml.safe_load_all(text) if one])


def in_order(objects: Sequence[Object]) -> list[Object]:
    return sorted(objects, key=lambda one: (one["kind"], one["metadata"]["name"]))


def demo(environment: str) -> list[Object]:
    stack = application_stack("demo", environment)
    run = run_program(stack.path, stack=environment, upstream=lambda _: contract_outputs(Tenant))
    return objects_of(run, stack, {})


def test_one_environment_is_all_base() -> None:
    files = layered({"dev": [config_map("shop", GREETING="hello"), scaler(1, 2)]})
    assert contents(files) == {
        "base/configmap.yaml": config_map("shop", GREETING="hello"),
        "base/horizontalpodautoscaler.yaml": scaler(1, 2),
        "base/kustomization.yaml": {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["configmap.yaml", "horizontalpodautoscaler.yaml"],
        },
        "overlays/dev/kustomization.yaml": {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["../../base"],
        },
    }
    assert files["base/kustomization.yaml"].startswith(HEADER)


def test_a_value_that_differs_is_in_every_overlay_and_not_in_the_base() -> None:
    files = contents(layered({"dev": [scaler(1, 4)], "prod": [scaler(3, 4)]}))
    base = scaler(1, 4)
    del base["spec"]["minReplicas"]
    assert files["base/horizontalpodautoscaler.yaml"] == base
    assert files["overlays/prod/patch-horizontalpodautoscaler.yaml"] == [
        {"op": "add", "path": "/spec/minReplicas", "value": 3}
    ]
    assert files["overlays/dev/patch-horizontalpodautoscaler.yaml"] == [
        {"op": "add", "path": "/spec/minReplicas", "value": 1}
    ]
    assert files["overlays/prod/kustomization.yaml"]["patches"] == [
        {
            "path": "patch-horizontalpodautoscaler.yaml",
            "target": {
                "group": "autoscaling",
                "version": "v2",
                "kind": "HorizontalPodAutoscaler",
                "name": "shop",
            },
        }
    ]


def test_an_object_of_one_environment_is_in_its_overlay() -> None:
    files = contents(
        layered({"dev": [scaler(1, 2), config_map("shop-1")], "prod": [scaler(1, 2), config_map("shop-2")]})
    )
    assert files["overlays/dev/configmap.yaml"] == config_map("shop-1")
    assert files["overlays/dev/kustomization.yaml"]["resources"] == ["../../base", "configmap.yaml"]
    assert "base/configmap.yaml" not in files


def test_two_of_a_kind_have_files_of_their_own() -> None:
    files = layered({"dev": [config_map("one"), config_map("two")]})
    assert {"base/configmap-one.yaml", "base/configmap-two.yaml"} <= set(files)


@pytest.mark.process
@pytest.mark.parametrize(
    "environments",
    [
        {"dev": [config_map("shop", A="1")], "prod": [config_map("shop", B="2")]},
        {"dev": [config_map("shop", **{"a/b~c": "1"})], "prod": [config_map("shop", **{"a/b~c": "2"})]},
        {
            "dev": [{**config_map("shop"), "data": {"list": "1"}}],
            "prod": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop", "namespace": "tenant-a"}}],
        },
    ],
    ids=["other-keys", "escaped-keys", "a-part-is-missing"],
)
def test_kustomize_makes_each_environments_objects_of_them(
    tmp_path: Path, environments: Mapping[str, Sequence[Object]]
) -> None:
    files = layered(environments)
    for name, objects in environments.items():
        assert rebuilt(tmp_path, files, name) == [
            {key: value for key, value in one.items() if value != {}} for one in objects
        ]


@pytest.mark.process
def test_kustomize_makes_the_demos_objects_of_every_environment(tmp_path: Path) -> None:
    environments = {name: demo(name) for name in ENVIRONMENTS}
    files = layered(environments)
    for name, objects in environments.items():
        assert rebuilt(tmp_path, files, name) == objects
    assert layered(dict(reversed(environments.items()))) == files
    assert (REPOSITORY / "applications/demo/__main__.py").is_file()
