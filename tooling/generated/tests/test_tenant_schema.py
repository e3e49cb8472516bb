"""The JSON Schema of a tenant file: it describes every key, and agrees with the model on what a file may say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.catalog import DIRECTORY, load_tenant
from shared.errors import BadInput
from shared.tenant_file import TenantFile
from tooling.generated.tenant_schema import LANGUAGE_SERVER_LINE, SCHEMA_FILE, tenant_schema
from tooling.paths import REPOSITORY

SCHEMA = tenant_schema()
FILES = sorted([*DIRECTORY.glob("*.yaml"), *(DIRECTORY.parent / "examples").glob("*.yaml")])


def valid(content: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(content)


def test_it_is_a_schema_with_a_description_of_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]) == list(TenantFile.model_fields)
    undescribed = [
        f"{where}.{name}"
        for where, one in {"": SCHEMA, **SCHEMA["$defs"]}.items()
        if where != "Resources"
        for name, value in one["properties"].items()
        if not value.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", [key for key, value in SCHEMA["properties"].items() if "examples" in value])
def test_its_examples_are_accepted_by_the_model(name: str, tmp_path: Path) -> None:
    for other in ("payments", "shop"):
        (tmp_path / f"{other}.yaml").write_text("owner: team\nmay_be_called_by: [checkout]\n")
    for example in SCHEMA["properties"][name]["examples"]:
        (tmp_path / "checkout.yaml").write_text(yaml.safe_dump({"owner": "team", name: example}))
        assert load_tenant("checkout", "prod", directory=tmp_path).name == "checkout"
        assert valid({"owner": "team", name: example})


def test_every_list_and_text_has_an_example() -> None:
    without = {name for name, value in SCHEMA["properties"].items() if "examples" not in value}
    assert without == {"state", "size", "quota", "containers", "bucket_access", "log_retention_days"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_of_the_catalog_names_the_schema_and_fulfils_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    line = text.splitlines()[0]
    assert line == LANGUAGE_SERVER_LINE
    assert (file.parent / line.partition("$schema=")[2]).resolve() == REPOSITORY / SCHEMA_FILE
    # JSON has no dates.
    assert valid(json.loads(json.dumps(yaml.safe_load(text), default=str)))


@pytest.mark.parametrize(
    ("content", "accepted"),
    [
        ({"owner": "team", "environments": ["dev"], "quota": {"requests.cpu": 2, "limits.cpu": "2500m"}}, True),
        ({"owner": "team", "environments": {"dev": None, "prod": {"quota": {"pods": 80}}}}, True),
        ({}, False),
        ({"owner": "team", "hots": []}, False),
        ({"owner": "team", "quota": {"request.cpu": 1}}, False),
        ({"owner": "team", "quota": {"requests.cpu": "4 cores"}}, False),
        ({"owner": "team", "environments": ["prd"]}, False),
        ({"owner": "team", "environments": {"prd": {}}}, False),
        ({"owner": "team", "environments": {"dev": {"owner": "other"}}}, False),
        ({"owner": "team", "environments": {"dev": {"environments": ["dev"]}}}, False),
        ({"owner": "team", "web_ports": [70000]}, False),
        ({"owner": "team", "log_retention_days": 31}, False),
    ],
)
def test_it_agrees_with_the_model(content: dict[str, Any], accepted: bool, tmp_path: Path) -> None:
    assert valid(content) == accepted
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(content))
    if accepted:
        assert load_tenant("shop", "dev", directory=tmp_path).owner == "team"
    else:
        with pytest.raises(BadInput):
            load_tenant("shop", "dev", directory=tmp_path)
