"""Before a tenant's stack is deployed: nothing on the cluster may still use what its file no longer gives it.

The Kubernetes API is played by lists of objects; the whole way, on a cluster, is in tests/tenants.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import catalog
from shared.errors import ExitCode, Refused
from tooling.runner import project_files, tenant_guards
from tooling.runner.graph import StackId
from tooling.runner.tenant_guards import TenantGuards

Objects = dict[str, list[dict[str, Any]]]
NAMESPACES, INGRESSES = "/api/v1/namespaces", "/apis/networking.k8s.io/v1/ingresses"


def namespace(name: str, tenant: str = "", **metadata: Any) -> dict[str, Any]:
    labels = {"platform.internal/tenant": tenant} if tenant else {}
    return {"metadata": {"name": name, "labels": labels, **metadata}}


def ingress(namespace: str, *hosts: str, tls: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"rules": [{"host": host} for host in hosts]}
    if tls:
        spec["tls"] = [{"hosts": [tls]}]
    return {"metadata": {"namespace": namespace, "name": "web"}, "spec": spec}


def tenant_stack(tenant: str) -> StackId:
    return StackId(
        tier="tenants",
        project="tenants",
        stack=f"dev.{tenant}",
        directory="tenants",
        environment="dev",
        tenant=tenant,
    )


ADDONS = StackId(
    tier="platform-addons",
    project="platform-addons",
    stack="dev",
    directory="platform-addons",
    environment="dev",
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog of two tenants, each with a host of its own."""
    monkeypatch.setattr(catalog, "DIRECTORY", tmp_path)
    for name in ("one", "two"):
        content = {"owner": "t", "hosts": [f"{name}.example.com"]}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


def guards(**lists: list[dict[str, Any]]) -> TenantGuards:
    answers: Objects = {
        NAMESPACES: [namespace("one", "one"), namespace("two", "two"), namespace("kube-system")],
        INGRESSES: [],
        **lists,
    }
    return TenantGuards(lambda: lambda path: answers[path])


def refusal(found: TenantGuards, stack: StackId) -> Refused:
    with pytest.raises(Refused) as refused:
        found.check(stack)
    assert refused.value.exit_code == ExitCode.REFUSED
    return refused.value


@pytest.mark.usefixtures("files")
def test_a_tenant_whose_ingresses_have_its_own_hosts_is_deployed() -> None:
    held = [ingress("one", "one.example.com", tls="one.example.com"), ingress("two", "two.example.com")]
    found = guards(**{INGRESSES: [*held, ingress("kube-system", "one.example.com")]})
    for name in ("one", "two"):
        found.check(tenant_stack(name))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "held",
    [ingress("one", "old.example.com"), ingress("one", "one.example.com", tls="old.example.com")],
    ids=["rule", "tls"],
)
def test_a_host_that_the_tenant_has_lost_is_named_with_its_ingress(held: dict[str, Any]) -> None:
    error = refusal(guards(**{INGRESSES: [held]}), tenant_stack("one"))
    assert error.code == "host-in-use"
    assert "Ingress one/web of one still uses host 'old.example.com'" in error.what
    assert error.at == "tenants/catalog/one.yaml, hosts"
    assert "kubectl delete ingress web --namespace one" in error.hint


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("host", ["two.example.com", "x.two.example.com", "*.two.example.com"])
def test_a_host_that_another_tenant_still_answers_for_is_not_given_away(host: str) -> None:
    """Both Ingresses were admitted, and the old one still answered."""
    found = guards(**{INGRESSES: [ingress("one", host)]})
    error = refusal(found, tenant_stack("two"))
    assert error.code == "host-in-use"
    assert "Ingress one/web of one" in error.what
    assert "two claims" in error.what


@pytest.mark.usefixtures("files")
def test_a_namespace_with_pods_or_data_is_not_deleted_by_leaving_it_out() -> None:
    live = {
        NAMESPACES: [namespace("one", "one"), namespace("one-old", "one")],
        "/api/v1/namespaces/one-old/pods": [{"metadata": {"name": "web-1"}, "status": {"phase": "Running"}}],
        "/api/v1/namespaces/one-old/persistentvolumeclaims": [{"metadata": {"name": "data"}}],
    }
    error = refusal(guards(**live), tenant_stack("one"))
    assert error.code == "namespace-in-use"
    assert "1 pod (web-1) and 1 volume claim (data)" in error.what
    assert error.at == "tenants/catalog/one.yaml, namespaces"
    assert "--namespace one-old" in error.hint
    guards(**live).check(tenant_stack("two"))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("ending", [True, False], ids=["ending", "empty"])
def test_an_empty_namespace_and_one_that_ends_already_stand_in_nobodys_way(ending: bool) -> None:
    old = namespace("one-old", "one", **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if ending else {}))
    guards(
        **{
            NAMESPACES: [old],
            "/api/v1/namespaces/one-old/pods": [{"metadata": {"name": "job-1"}, "status": {"phase": "Succeeded"}}],
            "/api/v1/namespaces/one-old/persistentvolumeclaims": [],
        }
    ).check(tenant_stack("one"))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("written", [False, "false", "False", "no", "0"])
def test_admission_policies_stay_while_tenants_do(monkeypatch: pytest.MonkeyPatch, written: object) -> None:
    switch = {"platform-addons:admission_policies_enabled": written}
    monkeypatch.setattr(tenant_guards, "stack_settings", lambda *_: switch)
    error = refusal(guards(), ADDONS)
    assert error.code == "guardrails-in-use"
    assert "one, two" in error.what
    guards(**{NAMESPACES: [namespace("kube-system")]}).check(ADDONS)
    monkeypatch.setattr(tenant_guards, "stack_settings", project_files.stack_settings)
    guards().check(ADDONS)


@pytest.mark.usefixtures("files")
def test_before_there_is_a_cluster_nothing_is_looked_at() -> None:
    TenantGuards(lambda: None).check(tenant_stack("one"))


def pods(namespace: str, *phases: str) -> list[dict[str, Any]]:
    return [{"metadata": {"name": f"web-{phase}"}, "status": {"phase": phase}} for phase in phases]


def test_pods_of_a_suspended_tenant_are_ended_and_nobody_elses(files: Path) -> None:
    (files / "one.yaml").write_text("owner: t\nnamespaces: [one, one-batch]\nstate: suspended\n")
    read = {
        "/api/v1/namespaces/one/pods": pods("one", "Running", "Pending", "Succeeded"),
        "/api/v1/namespaces/one-batch/pods": pods("one-batch", "Failed"),
    }
    removed: list[str] = []
    found = guards(**read)
    assert found.stop_suspended(tenant_stack("one"), removed.append) == "tenants/dev.one is suspended: 2 pods ended"
    assert removed == ["one"]
    assert found.stop_suspended(tenant_stack("two"), removed.append) == ""
    assert found.stop_suspended(ADDONS, removed.append) == ""
    assert removed == ["one"]


def test_a_tenant_that_is_suspended_elsewhere_keeps_its_pods(files: Path) -> None:
    (files / "one.yaml").write_text("owner: t\nenvironments: {dev: , prod: {state: suspended}}\n")
    assert guards().stop_suspended(tenant_stack("one"), lambda _: pytest.fail("pods were removed")) == ""
