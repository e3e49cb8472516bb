"""The tenant catalog: what a file may say, and that every mistake is answered with its place and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalog import load_tenant, tenant_names
from shared.environment import environment_names
from shared.errors import BadInput


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write(tmp_path, "shop", {"owner": "team"})
    return tmp_path


def write(directory: Path, name: str, content: Any) -> None:
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (directory / f"{name}.yaml").write_text(text, encoding="utf-8")


def refusal(directory: Path, content: Any, name: str = "shop") -> BadInput:
    write(directory, name, content)
    with pytest.raises(BadInput) as refused:
        load_tenant(name, directory=directory)
    return refused.value


def test_the_committed_catalog_holds_the_three_tenants_in_every_environment() -> None:
    for environment in environment_names():
        assert tenant_names(environment) == ["tenant-a", "tenant-b", "tenant-c"]


def test_an_owner_is_all_that_a_file_must_name(directory: Path) -> None:
    tenant = load_tenant("shop", directory=directory)
    assert tenant.namespaces == ("shop",)
    assert tenant.environments == tuple(environment_names())
    assert tenant.hosts == ()
    assert tenant.web_ports == (8080,)
    assert tenant.bucket_access == "read-write"
    assert tenant.bucket_prefix == "shop/"
    assert tenant.deployer_principal_arns == ()
    assert tenant.repository is None
    assert tenant.quota.hard()["pods"] == "20"


def test_a_tenant_is_listed_only_where_it_exists(directory: Path) -> None:
    write(directory, "early", {"owner": "team", "environments": ["dev"]})
    assert tenant_names("dev", directory=directory) == ["early", "shop"]
    assert tenant_names("prod", directory=directory) == ["shop"]


@pytest.mark.parametrize("amount", [2, 2.5, "2", "2500m"])
def test_a_number_without_quotes_is_a_quantity_too(directory: Path, amount: object) -> None:
    write(directory, "shop", {"owner": "team", "quota": {"requests.cpu": amount}})
    assert load_tenant("shop", directory=directory).quota.hard()["requests.cpu"] == str(amount)


@pytest.mark.parametrize(
    ("content", "where", "says"),
    [
        ("", "owner", "`owner` is missing"),
        ("- a\n- b\n", "line 1", "holds a list, and no mapping"),
        ("owner: [", "line 1", "is not YAML"),
        ("owner: t\nhosts: []\nowner: u\n", "line 3", "key `owner` stands twice, in line 1 and here"),
        ("owner: t\nquota:\n  pods: 1\n  pods: 2\n", "line 4", "key `pods` stands twice, in line 3 and here"),
        ("owner: &a t\nhosts: [*a]\n", "line 2", "alias *a is not taken here"),
        ("owner: t\n1: t\n", "line 2", "key `1` is no text to YAML"),
        ("owner: t\nhosts: " + "[" * 100_000, "line 2", "nests more than 50 levels deep"),
        ("owner: t\nhosts: [2026-02-31]\n", "", "holds a value that YAML cannot take"),
        ({}, "owner", "`owner` is missing"),
        ({"owner": ""}, "owner", "owner"),
        ({"owner": "t", "onwer": "t"}, "onwer", 'did you mean "owner"?'),
        ({"owner": "t", "quota": {"request.cpu": 1}}, "quota.request.cpu", 'did you mean "requests.cpu"?'),
        ({"owner": "t", "quota": {"requests_cpu": 1}}, "quota.requests_cpu", 'did you mean "requests.cpu"?'),
        ({"owner": "t", "quota": {"services.loadbalancers": 1}}, "quota.services.loadbalancers", "unknown key"),
        ({"owner": "t", "quota": {"requests.cpu": "4 cores"}}, "quota.requests.cpu", "is not a Kubernetes quantity"),
        ({"owner": "t", "quota": {"requests.cpu": True}}, "quota.requests.cpu", "give a Kubernetes quantity"),
        ({"owner": "t", "quota": {"pods": 0}}, "quota.pods", "pods"),
        ({"owner": "t", "quota": {"pods": True}}, "quota.pods", "give a whole number"),
        (
            {"owner": "t", "quota": {"requests.memory": "9Gi", "limits.memory": "8Gi"}},
            "quota",
            "requests.memory 9Gi is more than limits.memory 8Gi",
        ),
        (
            {"owner": "t", "containers": {"limits": {"cpu": 3, "memory": "1Gi", "ephemeral-storage": "1Gi"}}},
            "containers",
            "limits.cpu 3 is more than max.cpu 2",
        ),
        (
            {"owner": "t", "quota": {"requests.cpu": "100m", "limits.cpu": "1"}},
            "",
            "containers.max.cpu 2 is more than quota.limits.cpu 1",
        ),
        ({"owner": "t", "environments": ["prd"]}, "", 'did you mean "prod"?'),
        ({"owner": "t", "namespaces": ["other"]}, "", "is neither 'shop' nor begins with 'shop-'"),
        ({"owner": "t", "namespaces": ["shopping"]}, "", "is neither 'shop' nor begins with 'shop-'"),
        ({"owner": "t", "namespaces": ["shop-"]}, "", "not a DNS label"),
        ({"owner": "t", "namespaces": ["shop", "shop"]}, "", "namespaces names one thing twice"),
        ({"owner": "t", "hosts": ["*.example.com"]}, "hosts.0", "not a whole host name"),
        ({"owner": "t", "hosts": ["Shop.example.com"]}, "hosts.0", "not a whole host name"),
        ({"owner": "t", "hosts": ["localhost"]}, "hosts.0", "not a whole host name"),
        ({"owner": "t", "hosts": ["a.example.com,b.example.com"]}, "hosts.0", "not a whole host name"),
        ({"owner": "t", "web_ports": []}, "web_ports", "web_ports"),
        ({"owner": "t", "web_ports": [0]}, "web_ports.0", "web_ports.0"),
        ({"owner": "t", "bucket_access": "all"}, "bucket_access", "bucket_access"),
        ({"owner": "t", "deployer_principal_arns": ["*"]}, "deployer_principal_arns.0", "not the ARN"),
        ({"owner": "t", "name": "other"}, "name", "is not the file's own name"),
        ({"owner": "t", "repository": "team/*"}, "repository", "not the name of a repository"),
        ({"owner": "t", "repository": "team/shop:ref:refs/heads/main"}, "repository", "not the name of a repository"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_mistake(
    directory: Path, content: object, where: str, says: str
) -> None:
    error = refusal(directory, content)
    assert error.code == "tenant-invalid"
    assert says in error.what
    assert error.where == "tenants/catalog/shop.yaml" + (f", {where}" if where else "")
    assert "tenants/catalog/shop.yaml" in error.mend


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../shop", "name-invalid"),
        ("/etc/passwd", "name-invalid"),
        ("Shop", "name-invalid"),
        ("shpo", "tenant-unknown"),
    ],
)
def test_a_name_that_is_no_file_of_the_catalog_is_refused(directory: Path, name: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        load_tenant(name, directory=directory)
    assert refused.value.code == code


def test_a_misspelt_tenant_is_answered_with_the_nearest(directory: Path) -> None:
    with pytest.raises(BadInput, match='did you mean "shop"'):
        load_tenant("shpo", directory=directory)


def test_a_file_whose_name_is_no_tenants_is_refused(directory: Path) -> None:
    write(directory, "Not_A_Label", {"owner": "team"})
    with pytest.raises(BadInput) as refused:
        tenant_names("dev", directory=directory)
    assert refused.value.code == "name-invalid"


def test_an_empty_catalog_is_an_error_and_not_no_tenants(tmp_path: Path) -> None:
    for read in (lambda: tenant_names("dev", directory=tmp_path), lambda: load_tenant("shop", directory=tmp_path)):
        with pytest.raises(BadInput) as refused:
            read()
        assert refused.value.code == "catalog-empty"


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [
        ({"hosts": ["a.example.com"]}, {"hosts": ["b.example.com", "a.example.com"]}, "host-taken"),
        ({"namespaces": ["shop-eu"]}, {}, "namespace-taken"),
    ],
    ids=["host", "namespace"],
)
def test_what_two_tenants_claim_is_refused_to_both(
    tmp_path: Path, ours: dict[str, Any], theirs: dict[str, Any], code: str
) -> None:
    write(tmp_path, "shop", {"owner": "one", **ours})
    write(tmp_path, "shop-eu", {"owner": "two", **theirs})
    for read in (
        lambda: load_tenant("shop", directory=tmp_path),
        lambda: load_tenant("shop-eu", directory=tmp_path),
        lambda: tenant_names("dev", directory=tmp_path),
    ):
        with pytest.raises(BadInput) as refused:
            read()
        assert refused.value.code == code
        assert "shop" in refused.value.what
        assert "shop-eu" in refused.value.what


def test_a_quarrel_of_others_does_not_stand_in_a_tenants_way(directory: Path) -> None:
    for name in ("one", "two"):
        write(directory, name, {"owner": "team", "hosts": ["same.example.com"]})
    assert load_tenant("shop", directory=directory).name == "shop"


def test_a_broken_file_stops_its_own_tenant_and_the_whole_list_but_no_other_tenant(directory: Path) -> None:
    write(directory, "broken", "owner: [")
    assert load_tenant("shop", directory=directory).name == "shop"
    for read in (lambda: load_tenant("broken", directory=directory), lambda: tenant_names("dev", directory=directory)):
        with pytest.raises(BadInput) as refused:
            read()
        assert refused.value.where == "tenants/catalog/broken.yaml, line 1"
