"""`tenants/tenant.schema.json`: the JSON Schema of a tenant file, for editors, generated from its model.

It checks the form of one file. What the model checks beyond that, such as a request below its limit, and what depends
on other files, such as a host that belongs to another tenant, is reported by `tiers`.
"""

from __future__ import annotations

import json
from typing import Any

from shared.environment import environment_names
from shared.tenant_file import NOT_BY_ENVIRONMENT, TenantFile

SCHEMA_FILE = "tenants/tenant.schema.json"

LANGUAGE_SERVER_LINE = "# yaml-language-server: $schema=../tenant.schema.json"
"""First line of every file of the catalog. Source: yaml-language-server, README, "Using inlined schema"."""


def tenant_schema() -> dict[str, Any]:
    schema = TenantFile.model_json_schema()
    for definition in (schema, *schema["$defs"].values()):
        for name, value in definition["properties"].items():
            definition["properties"][name] = _without_title(value)
    keys: dict[str, Any] = schema["properties"]
    environments = keys["environments"]
    names = environment_names()
    listed = {"type": "array", "items": {"enum": names}, "uniqueItems": True}
    mapped = {
        "type": "object",
        "properties": {name: {"anyOf": [{"$ref": "#/$defs/Differing"}, {"type": "null"}]} for name in names},
        "additionalProperties": False,
    }
    kept = {key: environments[key] for key in ("description", "examples")}
    keys["environments"] = {**kept, "anyOf": [listed, mapped]}
    schema["$defs"]["Differing"] = {
        "description": "The keys that differ in this environment.",
        "type": "object",
        "properties": {name: value for name, value in keys.items() if name not in NOT_BY_ENVIRONMENT},
        "additionalProperties": False,
    }
    schema["required"] = ["owner"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Tenant",
        "description": "One tenant of the platform: tenants/catalog/<tenant>.yaml.",
    }


def tenant_schema_file() -> str:
    return json.dumps(tenant_schema(), indent=2) + "\n"


def _without_title(value: dict[str, Any]) -> dict[str, Any]:
    """Editors show a title in place of the key."""
    return {key: inner for key, inner in value.items() if key != "title"}
