"""The example `acme`: it uses every key that a tenant's file may have, and is valid beside the committed tenants."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalog import DIRECTORY, load_tenant
from shared.tenant_file import TenantFile
from shared.tenant_people import People

EXAMPLE = DIRECTORY.parent / "examples" / "acme.yaml"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The catalog with the example and with what its neighbours must say."""
    for file in (*DIRECTORY.glob("*.yaml"), EXAMPLE):
        shutil.copy(file, tmp_path)
    for name, key in (("tenant-b", "may_be_called_by"), ("tenant-c", "may_call")):
        with (tmp_path / f"{name}.yaml").open("a") as file:
            file.write(f"{key}: [acme]\n")
    return tmp_path


def test_it_uses_every_key() -> None:
    content: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    environments: dict[str, dict[str, Any] | None] = content["environments"]
    used = set(content) | {key for keys in environments.values() for key in keys or {}}
    assert used == set(TenantFile.model_fields)
    assert content["people"].keys() == People.model_fields.keys()


@pytest.mark.parametrize("environment", ["local", "dev", "staging", "prod"])
def test_it_is_valid_in_every_environment(directory: Path, environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "123456789012")
    tenant = load_tenant("acme", environment, directory=directory)
    assert tenant.locked_in(environment) is (environment == "prod")
    assert tenant.quota.pods == 60
    assert tenant.quota.hard()["requests.cpu"] == ("32" if environment == "prod" else "8")
