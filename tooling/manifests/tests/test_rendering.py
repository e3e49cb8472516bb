"""What is rendered of a program: everything that it would apply, nothing of Pulumi's, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from shared.contracts import Tenant
from shared.errors import BadInput, ExitCode, PlatformError
from shared.providers import kubernetes_provider
from shared.testing import contract_outputs, run_program
from tooling.applications.lookup import application_stack
from tooling.manifests import rendering
from tooling.manifests.rendering import objects_of, rendered_objects
from tooling.manifests.text import yaml_text
from tooling.runner.graph import StackId

OUTPUTS = contract_outputs(Tenant)
DEMO = application_stack("demo", "dev")


def of(program: Callable[[pulumi.ResourceOptions], object], record: dict[str, Any] | None = None) -> list[Any]:
    def body() -> None:
        provider = kubernetes_provider(
            kubeconfig=pulumi.Output.from_input(OUTPUTS["kubeconfig"]),
            cluster_arn=pulumi.Output.from_input(OUTPUTS["cluster_arn"]),
            context=pulumi.Output.from_input(OUTPUTS["cluster_name"]),
        )
        program(pulumi.ResourceOptions(provider=provider))

    return objects_of(run_program(body, project="demo"), DEMO, record or {})


def config_map(name: str, **data: str) -> Callable[[pulumi.ResourceOptions], object]:
    return lambda opts: kubernetes.core.v1.ConfigMap(
        name, metadata={"namespace": "tenant-a", "annotations": {"pulumi.com/skipAwait": "true"}}, data=data, opts=opts
    )


def test_the_demo_is_one_of_each_kind_in_its_namespace() -> None:
    objects = rendered_objects(DEMO, OUTPUTS, {})
    assert [one["kind"] for one in objects] == [
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "PodDisruptionBudget",
        "Service",
    ]
    assert {one["metadata"]["namespace"] for one in objects} == {"tenant-a"}


def test_the_same_program_gives_the_same_text() -> None:
    first, second = rendered_objects(DEMO, OUTPUTS, {}), rendered_objects(DEMO, OUTPUTS, {})
    assert [yaml_text(one) for one in first] == [yaml_text(one) for one in second]
    assert yaml_text(first[0]).startswith("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: demo-")


def test_a_name_that_pulumi_would_draw_is_a_hash_of_the_content_wherever_it_is_used() -> None:
    objects = {one["kind"]: one for one in rendered_objects(DEMO, OUTPUTS, {})}
    name = objects["ConfigMap"]["metadata"]["name"]
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": name}}]
    (one,) = of(config_map("shop", A="1"))
    (same,) = of(config_map("shop", A="1"))
    (other,) = of(config_map("shop", A="2"))
    assert one["metadata"]["name"] == same["metadata"]["name"] != other["metadata"]["name"]


@pytest.mark.parametrize(("data", "kept"), [({"A": "1"}, True), ({"A": "2"}, False)], ids=["same", "changed"])
def test_a_deployed_object_keeps_its_name_until_its_content_changes(data: dict[str, str], kept: bool) -> None:
    deployed = {
        "urn": "urn:pulumi:dev::demo::kubernetes:core/v1:ConfigMap::shop",
        "inputs": {"apiVersion": "v1", "kind": "ConfigMap", "data": {"A": "1"}, "metadata": {"name": "shop-7f3a"}},
        "outputs": {"metadata": {"name": "shop-7f3a"}},
    }
    (one,) = of(config_map("shop", **data), {"resources": [deployed]})
    assert (one["metadata"]["name"] == "shop-7f3a") is kept


def test_pulumis_annotations_are_left_out() -> None:
    (one,) = of(config_map("shop", A="1"))
    assert one == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": one["metadata"]["name"], "namespace": "tenant-a"},
        "data": {"A": "1"},
    }


def a_secret(opts: pulumi.ResourceOptions) -> None:
    kubernetes.core.v1.Secret("password", metadata={"name": "password"}, string_data={"key": "x"}, opts=opts)


def a_secret_value(opts: pulumi.ResourceOptions) -> None:
    kubernetes.core.v1.ConfigMap("shop", data={"KEY": pulumi.Output.secret("hunter2")}, opts=opts)


@pytest.mark.parametrize(
    ("program", "what"),
    [
        (a_secret, "Secret password of demo/dev would be in clear text in YAML"),
        (a_secret_value, "ConfigMap shop contains a secret of demo/dev would be in clear text in YAML"),
    ],
    ids=["kind", "value"],
)
def test_a_secret_is_refused(program: Callable[[pulumi.ResourceOptions], object], what: str) -> None:
    with pytest.raises(PlatformError) as refused:
        of(program)
    assert (refused.value.code, refused.value.exit_code) == ("render-secret", ExitCode.REFUSED)
    assert refused.value.what == what
    assert "hunter2" not in str(refused.value)


def test_a_secret_setting_is_refused_before_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "stack_settings", lambda *_: {"demo:token": {"secure": "AAAB"}})
    monkeypatch.setattr(rendering, "dry_run", lambda *_, **__: pytest.fail("the program ran"))
    with pytest.raises(PlatformError) as refused:
        rendered_objects(DEMO, OUTPUTS, {})
    assert refused.value.code == "render-secret"
    assert "setting token of demo/dev" in refused.value.what


def a_release(opts: pulumi.ResourceOptions) -> None:
    kubernetes.helm.v3.Release("chart", chart="./chart", opts=opts)


def a_patch(opts: pulumi.ResourceOptions) -> None:
    kubernetes.core.v1.ConfigMapPatch("shop", metadata={"name": "shop"}, data={"A": "1"}, opts=opts)


def two_without_a_name(opts: pulumi.ResourceOptions) -> None:
    config_map("shop", A="1")(opts)
    kubernetes.core.v1.Service("shop", spec={"ports": [{"port": 80}]}, opts=opts)


@pytest.mark.parametrize("program", [a_release, a_patch, two_without_a_name], ids=lambda program: program.__name__)
def test_what_yaml_cannot_describe_is_refused(program: Callable[[pulumi.ResourceOptions], object]) -> None:
    with pytest.raises(BadInput) as refused:
        of(program)
    assert refused.value.code == "render-unsupported"
    assert refused.value.at == "applications/demo/__main__.py"


def test_a_program_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("1 / 0\n")
    broken = StackId(tier="applications", project="shop", stack="dev", directory=str(tmp_path), environment="dev")
    with pytest.raises(PlatformError) as failed:
        rendered_objects(broken, OUTPUTS, {})
    assert failed.value.code == "program-failed"
    assert "ZeroDivisionError" in failed.value.what


def test_without_its_tenant_the_error_says_what_to_deploy() -> None:
    with pytest.raises(PlatformError) as refused:
        rendered_objects(DEMO, None, {})
    assert (refused.value.code, refused.value.hint) == ("stack-missing", "make tenants-up STACK=dev TENANT=tenant-a")
