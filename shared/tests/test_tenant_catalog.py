"""The tenant catalog: what a file may say, and that every mistake is answered with its place and a way out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import shared.environment as environments
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


def place(error: BadInput) -> str:
    """File and key; the position alone where there is no key."""
    return re.sub(r"(, [^,]+\.yaml, .+|^[^,]+, [^,]+), line \d+, column \d+$", r"\1", error.at)


def refusal(directory: Path, content: Any, name: str = "shop") -> BadInput:
    write(directory, name, content)
    with pytest.raises(BadInput) as refused:
        load_tenant(name, "dev", directory=directory)
    return refused.value


def test_the_committed_catalog_holds_the_three_tenants_in_every_environment() -> None:
    for environment in environment_names():
        assert tenant_names(environment) == ["tenant-a", "tenant-b", "tenant-c"]


def test_an_owner_is_all_that_a_file_must_name(directory: Path) -> None:
    tenant = load_tenant("shop", "dev", directory=directory)
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
    assert load_tenant("shop", "dev", directory=directory).quota.hard()["requests.cpu"] == str(amount)


@pytest.mark.parametrize(
    ("content", "at", "says"),
    [
        ("", "owner", "`owner` is missing"),
        ("- a\n- b\n", "line 1, column 1", "contains a list, not a mapping"),
        ("owner: [", "line 1, column 9", "is not YAML"),
        ("owner: t\nhosts: []\nowner: u\n", "line 3, column 1", "key `owner` is used twice, in line 1 and here"),
        (
            "owner: t\nquota:\n  pods: 1\n  pods: 2\n",
            "line 4, column 3",
            "key `pods` is used twice, in line 3 and here",
        ),
        ("owner: &a t\nhosts: [*a]\n", "line 2, column 9", "alias *a is not supported here"),
        ("owner: t\n1: t\n", "line 2, column 1", "key `1` is not a string in YAML"),
        ("owner: t\nhosts: " + "[" * 60_000, "line 2, column 57", "is nested more than 50 levels deep"),
        ("owner: t\nhosts: [2026-02-31]\n", "", "has a value that is invalid in YAML"),
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
            "quota.requests.memory",
            "requests.memory 9Gi is more than limits.memory 8Gi",
        ),
        (
            {"owner": "t", "containers": {"limits": {"cpu": 3, "memory": "1Gi", "ephemeral-storage": "1Gi"}}},
            "containers.limits.cpu",
            "limits.cpu 3 is more than max.cpu 2",
        ),
        (
            {"owner": "t", "quota": {"requests.cpu": "100m", "limits.cpu": "1"}},
            "containers.max.cpu",
            "containers.max.cpu 2 is more than quota.limits.cpu 1",
        ),
        ({"owner": "t", "environments": ["prd"]}, "environments.0", 'did you mean "prod"?'),
        ({"owner": "t", "namespaces": ["other"]}, "namespaces.0", "is not 'shop' and does not begin with 'shop-'"),
        ({"owner": "t", "namespaces": ["shopping"]}, "namespaces.0", "is not 'shop' and does not begin with 'shop-'"),
        ({"owner": "t", "namespaces": ["shop-"]}, "namespaces.0", "not a DNS label"),
        ({"owner": "t", "namespaces": ["shop", "shop"]}, "namespaces.1", "namespaces contains a duplicate"),
        ({"owner": "t", "hosts": ["*.example.com"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["Shop.example.com"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["localhost"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["a.example.com,b.example.com"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["10.0.0.1"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["shop.example.１"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["shöp.example.com"]}, "hosts.0", "not a complete host name"),
        ({"owner": "t", "hosts": ["example.com"]}, "hosts.0", "only below example.com"),
        ({"owner": "t", "hosts": ["shop.example.org"]}, "hosts.0", "only below example.com"),
        ({"owner": "t", "hosts": ["shop.notexample.com"]}, "hosts.0", "only below example.com"),
        ({"owner": "t", "hosts": ["sts.amazonaws.com"]}, "hosts.0", "only below example.com"),
        ({"owner": "t", "hosts": ["kubernetes.default.svc"]}, "hosts.0", "only below example.com"),
        ({"owner": "t", "registries": ["k8s.io/../evil.com"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["ghcr.io/team/"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["ghcr.io:٤٤٣/team"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["ghcr.io:0/team"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["ghcr.io:65536/team"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["ghcr.io:/team"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["10.0.0.1:5000/team"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["ghcr.io/team,evil.com/x"]}, "registries.0", "not a registry"),
        ({"owner": "t", "registries": ["public.ecr.aws"]}, "registries.0", "has no path"),
        ({"owner": "t", "registries": ["123456789012.dkr.ecr.us-east-1.amazonaws.com"]}, "registries.0", "has no path"),
        ({"owner": "t", "registries": ["ghcr.io/a", "ghcr.io/a"]}, "registries.1", "registries contains a duplicate"),
        ({"owner": "t", "tolerations": ["a,b"]}, "tolerations.0", "not the key of a taint"),
        ({"owner": "t", "tolerations": [""]}, "tolerations.0", "not the key of a taint"),
        ({"owner": "t", "tolerations": ["node.kubernetes.io/unschedulable"]}, "tolerations.0", "reserved by"),
        ({"owner": "t", "tolerations": ["CriticalAddonsOnly"]}, "tolerations.0", "reserved by"),
        ({"owner": "t", "load_balancer_scheme": "public"}, "load_balancer_scheme", "'internal'"),
        ({"owner": "t", "quota": {"extended": {"gpu": 1}}}, "quota.extended.gpu", "'gpu' is not an extended resource"),
        (
            {"owner": "t", "quota": {"extended": {"x.kubernetes.io/y": 1}}},
            "quota.extended.x.kubernetes.io/y",
            "not an extended resource",
        ),
        ({"owner": "t", "quota": {"pods": 30, "count/pods": 20}}, "quota.pods", "pods 30 is more than count/pods 20"),
        (
            {"owner": "t", "containers": {"requests": {"cpu": 0, "memory": "1Mi", "ephemeral-storage": "1Mi"}}},
            "containers.requests.cpu",
            "the least, cpu 1m is more than requests.cpu 0",
        ),
        ({"owner": "t\nu"}, "owner", "printable"),
        ("owner: t\nhosts: [" + "a.example.com, " * 5000 + "]\n", "", "is larger than 64 KiB"),
        ({"owner": "t", "web_ports": []}, "web_ports", "web_ports"),
        ({"owner": "t", "web_ports": [0]}, "web_ports.0", "web_ports.0"),
        ({"owner": "t", "bucket_access": "all"}, "bucket_access", "bucket_access"),
        ({"owner": "t", "deployer_principal_arns": ["*"]}, "deployer_principal_arns.0", "not the ARN"),
        ({"owner": "t", "name": "other"}, "name", "does not match the file name"),
        ({"owner": "t", "repository": "team/*"}, "repository", "not a GitHub repository name"),
        ({"owner": "t", "repository": "team/shop:ref:refs/heads/main"}, "repository", "not a GitHub repository name"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_mistake(
    directory: Path, content: object, at: str, says: str
) -> None:
    error = refusal(directory, content)
    assert error.code == "tenant-invalid"
    assert says in error.what
    assert place(error) == "tenants/catalog/shop.yaml" + (f", {at}" if at else "")
    assert "tenants/catalog/shop.yaml" in error.hint


@pytest.mark.parametrize(
    ("content", "at"),
    [
        ("owner: t\nhosts: [a.example.com, localhost]\n", "hosts.1, line 2, column 24"),
        ("owner: t\nquota:\n  pods: 30\n  pods.all: 3\n", "quota.pods.all, line 4, column 3"),
        ("owner: t\nquota: {requests.cpu: 9}\n", "quota.requests.cpu, line 2, column 9"),
        ("owner: t\nquota: {limits.cpu: 1}\n", "quota.requests.cpu, line 2, column 1"),
        ("owner: t\nenvironments:\n  dev: {quota: {pods: no}}\n", "environments.dev.quota.pods, line 3, column 17"),
        ("owner: t\nquota: {pods: 0}\nenvironments:\n  dev: {quota: {secrets: 1}}\n", "quota.pods, line 2, column 9"),
        (
            "owner: t\nenvironments:\n  dev:\n    hosts: [a.example.org]\n",
            "environments.dev.hosts.0, line 4, column 13",
        ),
        ("owner: t\nenvironments:\n  dev:\n  dve: {}\n", "environments.dve, line 4, column 3"),
        ("owner: t\nenvironments:\n  dev: []\n", "environments.dev, line 3, column 3"),
        ("owner: t\nenvironments: {dev: {owner: u}}\n", "environments.dev.owner, line 2, column 22"),
        ("owner: t\nenvironments: {dev: {name: u}}\n", "environments.dev.name, line 2, column 22"),
        ("owner: t\nenvironments: {prod: {colour: red}}\n", "environments.prod.colour, line 2, column 23"),
        ("environments: {dev: {pods: 1}}\n", "environments.dev.pods, line 1, column 22"),
        ("owner: t\nenvironments: [[dev]]\n", "environments.0, line 2, column 16"),
    ],
)
def test_a_mistake_is_located_by_key_line_and_column(directory: Path, content: str, at: str) -> None:
    error = refusal(directory, content)
    assert error.code == "tenant-invalid"
    assert error.at == f"tenants/catalog/shop.yaml, {at}"


def test_a_file_may_set_other_values_for_an_environment(directory: Path) -> None:
    content = """
owner: team
hosts: [shop.example.com]
quota: {pods: 10, secrets: 7}
environments:
  dev:
  prod:
    hosts: [www.example.com, shop.example.com]
    quota: {pods: 80}
"""
    write(directory, "shop", content)
    dev, prod = (load_tenant("shop", name, directory=directory) for name in ("dev", "prod"))
    assert dev.environments == prod.environments == ("dev", "prod")
    assert (dev.hosts, dev.quota.pods, dev.quota.secrets) == (("shop.example.com",), 10, 7)
    assert (prod.hosts, prod.quota.pods, prod.quota.secrets) == (("www.example.com", "shop.example.com"), 80, 7)
    assert tenant_names("staging", directory=directory) == []
    assert prod.source.at(("hosts", 0)) == "tenants/catalog/shop.yaml, environments.prod.hosts.0, line 8, column 13"
    assert prod.source.at(("quota", "pods")).endswith("environments.prod.quota.pods, line 9, column 13")
    assert prod.source.at(("quota", "secrets")) == "tenants/catalog/shop.yaml, quota.secrets, line 4, column 19"


def test_a_host_of_one_environment_is_not_free_in_another(directory: Path) -> None:
    write(directory, "shop", "owner: team\nenvironments: {dev: , prod: {hosts: [shop.example.com]}}\n")
    write(directory, "other", "owner: team\nenvironments: {dev: {hosts: [shop.example.com]}}\n")
    for environment in ("dev", "prod"):
        with pytest.raises(BadInput) as refused:
            load_tenant("shop", environment, directory=directory)
        assert refused.value.code == "host-taken"


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
        load_tenant(name, "dev", directory=directory)
    assert refused.value.code == code


def test_a_misspelt_tenant_is_refused_with_the_nearest_name(directory: Path) -> None:
    with pytest.raises(BadInput, match='did you mean "shop"'):
        load_tenant("shpo", "dev", directory=directory)


def test_a_file_whose_name_is_no_tenants_is_refused(directory: Path) -> None:
    write(directory, "Not_A_Label", {"owner": "team"})
    with pytest.raises(BadInput) as refused:
        tenant_names("dev", directory=directory)
    assert refused.value.code == "name-invalid"


def test_an_empty_catalog_is_an_error_and_not_no_tenants(tmp_path: Path) -> None:
    for read in (
        lambda: tenant_names("dev", directory=tmp_path),
        lambda: load_tenant("shop", "dev", directory=tmp_path),
    ):
        with pytest.raises(BadInput) as refused:
            read()
        assert refused.value.code == "catalog-empty"


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [
        ({"hosts": ["a.example.com"]}, {"hosts": ["b.example.com", "a.example.com"]}, "host-taken"),
        ({"hosts": ["a.example.com"]}, {"hosts": ["x.a.example.com"]}, "host-taken"),
        ({"hosts": ["y.x.a.example.com"]}, {"hosts": ["a.example.com"]}, "host-taken"),
        ({"namespaces": ["shop-eu"]}, {}, "namespace-taken"),
        ({"applications": ["web"]}, {"applications": ["api", "web"]}, "application-taken"),
        ({"repositories": ["web"]}, {"repositories": ["web"]}, "application-taken"),
    ],
    ids=["host", "below", "above", "namespace", "application", "repository"],
)
def test_what_two_tenants_claim_is_refused_to_both(
    tmp_path: Path, ours: dict[str, Any], theirs: dict[str, Any], code: str
) -> None:
    write(tmp_path, "shop", {"owner": "one", **ours})
    write(tmp_path, "shop-eu", {"owner": "two", **theirs})
    for read in (
        lambda: load_tenant("shop", "dev", directory=tmp_path),
        lambda: load_tenant("shop-eu", "dev", directory=tmp_path),
        lambda: tenant_names("dev", directory=tmp_path),
    ):
        with pytest.raises(BadInput) as refused:
            read()
        assert refused.value.code == code
        assert "shop" in refused.value.what
        assert "shop-eu" in refused.value.what


def test_hosts_of_one_tenant_may_lie_below_each_other(directory: Path) -> None:
    write(directory, "shop", {"owner": "team", "hosts": ["a.example.com", "b.a.example.com"]})
    write(directory, "other", {"owner": "team", "hosts": ["aa.example.com"]})
    assert tenant_names("dev", directory=directory) == ["other", "shop"]


@pytest.mark.parametrize("holder", ["one", "two"])
def test_the_file_that_asks_for_what_another_has_deployed_is_pointed_at(directory: Path, holder: str) -> None:
    for name in ("one", "two"):
        write(directory, name, {"owner": "team", "hosts": ["first.example.com", f"{name}.example.com"]})
    asks = "two" if holder == "one" else "one"

    def deployed(tenant: str) -> dict[str, object]:
        return {"hosts": ["first.example.com"]} if tenant == holder else {}

    for read in (
        lambda: load_tenant(asks, "dev", directory=directory, deployed=deployed),
        lambda: load_tenant(holder, "dev", directory=directory, deployed=deployed),
        lambda: tenant_names("dev", directory=directory, deployed=deployed),
    ):
        with pytest.raises(BadInput) as refused:
            read()
        assert place(refused.value) == f"tenants/catalog/{asks}.yaml, hosts.0"
        assert f"{holder} has it deployed" in refused.value.what
        assert refused.value.hint == f"choose another name in tenants/catalog/{asks}.yaml"


def test_where_nothing_is_deployed_both_files_are_named(directory: Path) -> None:
    for name in ("one", "two"):
        write(directory, name, {"owner": "team", "hosts": ["first.example.com"]})
    with pytest.raises(BadInput) as refused:
        tenant_names("dev", directory=directory)
    assert refused.value.at == (
        "tenants/catalog/one.yaml, hosts.0, line 2, column 3; tenants/catalog/two.yaml, hosts.0, line 2, column 3"
    )
    assert "git log -S'first.example.com'" in refused.value.hint


def test_a_conflict_between_others_does_not_block_a_tenant(directory: Path) -> None:
    for name in ("one", "two"):
        write(directory, name, {"owner": "team", "hosts": ["same.example.com"]})
    assert load_tenant("shop", "dev", directory=directory).name == "shop"


@pytest.mark.parametrize(
    ("content", "at"),
    [("owner: [", "line 1, column 9"), ("owner: team\nhots: [a.example.com]\n", "hots")],
    ids=["not-yaml", "unknown-key"],
)
def test_while_a_file_is_wrong_nobody_takes_what_it_may_claim(directory: Path, content: str, at: str) -> None:
    """A new tenant got the host of one whose file was broken, since only files that could be read were compared."""
    write(directory, "broken", content)
    for read in (
        lambda: load_tenant("shop", "dev", directory=directory),
        lambda: load_tenant("broken", "dev", directory=directory),
        lambda: tenant_names("dev", directory=directory),
    ):
        with pytest.raises(BadInput) as refused:
            read()
        assert place(refused.value) == f"tenants/catalog/broken.yaml, {at}"


EVERY_DEPLOYER = "arn:aws:iam::{}:role/pipeline"


@pytest.fixture
def trusting(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment `dev` in account 1111…, which trusts account 2222…."""
    environment = tmp_path_factory.mktemp("environments")
    (environment / "dev.yaml").write_text(
        "region: us-east-1\navailability_zones: [us-east-1a, us-east-1b]\nowner: t\naccount_id: '111111111111'\n"
        "trusted_account_ids: ['222222222222']\nallowed_domains: [example.com]\n"
    )
    monkeypatch.setattr(environments, "DIRECTORY", environment)


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("account", ["111111111111", "222222222222"])
def test_principals_and_registries_of_trusted_accounts_are_accepted(directory: Path, account: str) -> None:
    content = {
        "owner": "t",
        "deployer_principal_arns": [EVERY_DEPLOYER.format(account)],
        "registries": [
            f"{account}.dkr.ecr.eu-west-1.amazonaws.com/shop/batch",
            f"{account}.dkr-ecr.us-east-1.on.aws/base",
        ],
    }
    write(directory, "shop", content)
    assert load_tenant("shop", "dev", directory=directory).registries == tuple(content["registries"])


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("content", "at", "says"),
    [
        ({"deployer_principal_arns": [EVERY_DEPLOYER.format("333333333333")]}, "deployer_principal_arns.0", "account"),
        ({"deployer_principal_arns": ["arn:aws-cn:iam::111111111111:role/x"]}, "deployer_principal_arns.0", "aws-cn"),
        ({"registries": ["333333333333.dkr.ecr.us-east-1.amazonaws.com/x"]}, "registries.0", "does not trust"),
        ({"registries": ["333333333333.dkr-ecr.us-east-1.on.aws/x"]}, "registries.0", "does not trust"),
        (
            {"registries": ["111111111111.dkr.ecr.us-east-1.amazonaws.com/other/web"]},
            "registries.0",
            "holds the images of tenant other",
        ),
    ],
    ids=["principal", "partition", "ecr", "ecr-dual-stack", "repository-of-another-tenant"],
)
def test_what_the_environment_does_not_trust_is_refused_with_its_place(
    directory: Path, content: dict[str, Any], at: str, says: str
) -> None:
    write(directory, "other", {"owner": "t"})
    error = refusal(directory, {"owner": "t", **content})
    assert error.code == "tenant-invalid"
    assert place(error) == f"tenants/catalog/shop.yaml, {at}"
    assert says in error.what


def test_without_allowed_domains_no_tenant_has_a_host(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path_factory.mktemp("environments")
    text = "region: us-east-1\navailability_zones: [us-east-1a, us-east-1b]\nowner: t\n"
    (environment / "dev.yaml").write_text(text)
    monkeypatch.setattr(environments, "DIRECTORY", environment)
    assert tenant_names("dev", directory=directory) == ["shop"]
    assert "no domain is listed" in refusal(directory, {"owner": "t", "hosts": ["a.example.com"]}).what


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_only_a_regular_file_is_read(directory: Path, kind: str) -> None:
    """Opening a pipe would wait for ever, and a link may lead out of the repository."""
    path = directory / "odd.yaml"
    if kind == "link":
        path.symlink_to(directory / "shop.yaml")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(BadInput) as refused:
        load_tenant("odd", "dev", directory=directory)
    assert refused.value.code == "tenant-invalid"
    assert ("symbolic link" if kind == "link" else "not a regular file") in refused.value.what
