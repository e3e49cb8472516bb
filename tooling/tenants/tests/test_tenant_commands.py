"""`tiers tenant`: what it writes, lists and explains, from catalogs of a temporary directory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shared import catalog
from shared.errors import BadInput, PlatformError
from tooling.cli.main import app
from tooling.tenants import explanation, reasons
from tooling.tenants.editing import new_tenant, set_state
from tooling.tenants.explanation import Explained, existing, explain
from tooling.tenants.reasons import REASONS, reason_of
from tooling.tenants.values import differences, values

EXAMPLES = catalog.DIRECTORY.parent / "examples"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with the example, its neighbours, and `shop`, whose namespaces begin with each other's names."""
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "123456789012")
    monkeypatch.setattr(catalog, "DIRECTORY", tmp_path)
    shutil.copy(EXAMPLES / "acme.yaml", tmp_path)
    (tmp_path / "tenant-b.yaml").write_text("owner: b\nmay_be_called_by: [acme]\n")
    (tmp_path / "tenant-c.yaml").write_text("owner: c\nmay_call: [acme]\n")
    (tmp_path / "shop.yaml").write_text("owner: team\nnamespaces: [shop, shop-quota]\n")
    return tmp_path


def explained(tenant: str, environment: str = "dev", **options: Any) -> dict[tuple[str, str], Explained]:
    found = explain(existing(tenant, environment), environment, **options)
    assert len({(one.kind, one.name) for one in found}) == len(found)
    return {(one.kind, one.name): one for one in found}


@pytest.mark.usefixtures("directory")
def test_every_resource_of_the_example_is_explained_by_its_line() -> None:
    found = explained("acme", external_secrets=True)
    lines = (EXAMPLES / "acme.yaml").read_text().splitlines()

    def line_of(kind: str, name: str) -> str:
        key, _, place = found[kind, name].asked_by.partition(", tenants/catalog/acme.yaml:")
        return f"{key} <- {lines[int(place) - 1].strip()}"

    assert line_of("kubernetes:Namespace", "acme-legacy") == "namespaces.1 <- namespaces: [acme, acme-legacy]"
    assert line_of("aws:Repository", "acme/shop-dev") == "repositories.0 <- repositories: [shop]"
    assert (
        line_of("kubernetes:NetworkPolicy", "acme/allow-callers") == "may_be_called_by <- may_be_called_by: [tenant-c]"
    )
    assert line_of("kubernetes:RoleBinding", "acme-legacy/viewers") == "people.viewers <- viewers:"
    assert line_of("kubernetes:ResourceQuota", "acme/quota") == "quota <- quota:"
    assert (
        line_of("aws:LogGroup", "/eks/eks-cluster-dev/tenants/acme") == "log_retention_days <- log_retention_days: 90"
    )
    assert {one.asked_by for one in found.values() if "tenants/catalog/acme.yaml:" not in one.asked_by} == set()


@pytest.mark.usefixtures("directory")
def test_what_a_file_does_not_ask_for_is_a_default() -> None:
    found = explained("shop")
    assert found["kubernetes:LimitRange", "shop/limits"].asked_by == "default of containers"
    assert found["kubernetes:NetworkPolicy", "shop/default-deny"].asked_by == "owner, tenants/catalog/shop.yaml:1"
    assert found["kubernetes:Namespace", "shop-quota"].asked_by == "namespaces.1, tenants/catalog/shop.yaml:2"


@pytest.mark.usefixtures("directory")
def test_every_row_explains_something() -> None:
    used = set[str]()
    tenant = existing("acme", "dev")
    run = explanation.dry_run(
        explanation.REPOSITORY / "tenants", stack="dev.acme", upstream=explanation._upstream(True)
    )
    for resource in run.resources:
        if explanation._is_own(resource):
            kind = f"{resource.type.partition(':')[0]}:{resource.type.rpartition(':')[2]}"
            used.add(repr(reason_of(kind, resource.name, tenant)[0]))
    # One needs a state backend, the other an environment in another account.
    absent = {("aws:RolePolicy", "ci-states"), ("aws:RepositoryPolicy", "(?P<repository>[a-z0-9-]+)")}
    assert {(one.type, one.name) for one in REASONS if repr(one) not in used} == absent


@pytest.mark.usefixtures("directory")
def test_a_resource_without_a_reason_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "REASONS", [one for one in REASONS if one.type != "kubernetes:LimitRange"])
    with pytest.raises(PlatformError) as refused:
        explain(existing("shop", "dev"), "dev")
    assert refused.value.code == "resource-unexplained"


@pytest.mark.usefixtures("directory")
def test_each_value_names_the_line_that_sets_it() -> None:
    found = {one.key: (one.value, one.set_by) for one in values(existing("acme", "prod"))}
    text = (EXAMPLES / "acme.yaml").read_text().splitlines()
    size = next(number for number, line in enumerate(text, 1) if line == "    size: large")
    pods = next(number for number, line in enumerate(text, 1) if line == "  pods: 60")
    file = "tenants/catalog/acme.yaml"
    assert found["size"] == ("large", f"environments.prod.size, {file}:{size}")
    assert found["quota.requests.cpu"] == ("32", f"environments.prod.size, {file}:{size}")
    assert found["quota.pods"] == ("60", f"quota.pods, {file}:{pods}")
    assert found["quota.count/cronjobs.batch"] == ("50", f"environments.prod.size, {file}:{size}")
    assert found["containers.requests.cpu"] == ("100m", "default")


@pytest.mark.usefixtures("directory")
def test_differences_are_of_two_environments_or_two_tenants() -> None:
    dev, prod = existing("acme", "dev"), existing("acme", "prod")
    found = {one.key: (one.one, one.other) for one in differences(dev, prod)}
    assert found["size"] == ("medium", "large")
    assert found["deletion_lock"] == ("false", "true")
    assert found["quota.requests.cpu"] == ("8", "32")
    assert "quota.pods" not in found
    assert differences(dev, dev) == []
    others = {one.key: (one.one, one.other) for one in differences(existing("shop", "dev"), dev)}
    assert others["owner"] == ("team", "acme-team")
    assert others["pod_security.acme-legacy.level"] == ("", "baseline")


def test_a_new_file_names_the_schema_and_holds_what_was_given(directory: Path) -> None:
    path = new_tenant("pay", owner="payers", hosts=["pay.example.com"], size="medium", environments=["dev"])
    assert path == directory / "pay.yaml"
    assert path.read_text() == (
        "# yaml-language-server: $schema=../tenant.schema.json\n"
        "owner: payers\nhosts: [pay.example.com]\nsize: medium\nenvironments: [dev]\n"
    )
    # A mapping of texts alone was written in braces, and so could not be added to.
    assert new_tenant("least", owner="yes: no").read_text().splitlines()[1:] == ["owner: 'yes: no'"]


@pytest.mark.parametrize(
    ("name", "keys", "code"),
    [
        ("shop", {}, "tenant-exists"),
        ("Pay", {}, "name-invalid"),
        ("pay", {"hosts": ["acme.example.com"]}, "host-taken"),
        ("pay", {"hosts": ["pay.example.org"]}, "tenant-invalid"),
        ("pay", {"size": "huge"}, "tenant-invalid"),
    ],
)
def test_a_new_tenant_that_would_be_invalid_is_not_written(
    directory: Path, name: str, keys: dict[str, Any], code: str
) -> None:
    before = {path.name: path.read_text() for path in directory.iterdir()}
    with pytest.raises(BadInput) as refused:
        new_tenant(name, owner="payers", **keys)
    assert refused.value.code == code
    assert {path.name: path.read_text() for path in directory.iterdir()} == before


def test_suspending_changes_one_line_and_resuming_changes_it_back(directory: Path) -> None:
    before = (directory / "acme.yaml").read_text()
    assert set_state("acme", "active") is None
    assert set_state("acme", "suspended") == directory / "acme.yaml"
    assert (directory / "acme.yaml").read_text() == before.replace("\nstate: active\n", "\nstate: suspended\n")
    assert existing("acme", "dev").state == "suspended"
    set_state("acme", "active")
    assert (directory / "acme.yaml").read_text() == before
    set_state("shop", "suspended")
    assert (directory / "shop.yaml").read_text() == "owner: team\nnamespaces: [shop, shop-quota]\nstate: suspended\n"


def test_a_state_by_environment_is_edited_by_hand(directory: Path) -> None:
    (directory / "shop.yaml").write_text("owner: team\nenvironments:\n  dev: {state: suspended}\n  prod:\n")
    with pytest.raises(BadInput) as refused:
        set_state("shop", "suspended")
    assert refused.value.code == "state-by-environment"
    assert refused.value.at == "tenants/catalog/shop.yaml, environments.dev.state, line 3, column 9"
    with pytest.raises(BadInput) as refused:
        set_state("shpo", "suspended")
    assert refused.value.code == "tenant-unknown"


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["list"], "tenants"),
        (["show", "acme", "--stack", "dev"], "values"),
        (["explain", "acme", "--stack", "dev"], "resources"),
        (["diff", "acme", "--stack", "dev", "--with-stack", "prod"], "differences"),
    ],
)
def test_each_listing_is_a_json_document_too(arguments: list[str], key: str) -> None:
    done = CliRunner().invoke(app, ["tenant", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[key]


@pytest.mark.usefixtures("directory")
def test_what_was_written_is_a_json_document_too() -> None:
    def document(*arguments: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["tenant", *arguments, "--json"])
        assert done.exit_code == 0, done.output
        return {key: value for key, value in json.loads(done.stdout).items() if key != "version"}

    assert document("new", "pay", "--owner", "payers") == {"tenant": "pay", "file": "tenants/catalog/pay.yaml"}
    assert document("suspend", "pay") == {"tenant": "pay", "state": "suspended", "changed": True}
    assert document("suspend", "pay") == {"tenant": "pay", "state": "suspended", "changed": False}
    assert document("resume", "pay") == {"tenant": "pay", "state": "active", "changed": True}


@pytest.mark.usefixtures("directory")
def test_a_paused_tenant_is_listed_as_such(directory: Path) -> None:
    (directory / "shop.yaml").write_text("owner: t\npaused: {reason: The data is moved., until: 2999-12-31}\n")
    done = CliRunner().invoke(app, ["tenant", "list"])
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("shop ")]
    assert line.split()[-4:] == ["active,", "paused", "until", "2999-12-31"]


@pytest.mark.usefixtures("directory")
def test_a_tenant_is_explained_only_where_it_exists(directory: Path) -> None:
    (directory / "shop.yaml").write_text("owner: t\nenvironments: [prod]\n")
    with pytest.raises(BadInput) as refused:
        existing("shop", "dev")
    assert refused.value.code == "tenant-elsewhere"
    assert refused.value.hint == "tiers tenant show shop --stack prod"
