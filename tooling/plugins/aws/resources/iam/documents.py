"""`aws.iam.get_policy_document`: builds an IAM policy from blocks, without a request to AWS.

The text is identical to the released plug-in's, including the order of names and lists, so that a program which
compares or hashes it sees no difference between the lanes. Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from tooling.plugins.aws.engine.row import Values

DEFAULT_VERSION = "2012-10-17"

_LISTS = {"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource"}
_PRINCIPALS = {"principals": "Principal", "notPrincipals": "NotPrincipal"}


def policy_document(arguments: Values) -> dict[str, Any]:
    """The function's result: the arguments, and the policy as indented `json` and as `minifiedJson`."""
    version = arguments.get("version") or DEFAULT_VERSION
    document: dict[str, Any] = {"Version": version}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    statements: list[dict[str, Any]] = []
    for text in arguments.get("sourcePolicyDocuments") or []:
        statements = _merged(statements, _statements_of(text))
    statements = _merged(statements, [_statement(block) for block in arguments.get("statements") or []])
    for text in arguments.get("overridePolicyDocuments") or []:
        statements = _merged(statements, _statements_of(text))
    document["Statement"] = statements
    indented = json.dumps(document, indent=2, ensure_ascii=False)
    return {
        **{key: value for key, value in arguments.items() if value is not None},
        "version": version,
        "json": indented,
        "minifiedJson": json.dumps(document, separators=(",", ":"), ensure_ascii=False),
        "id": str(zlib.crc32(indented.encode())),
    }


def _merged(statements: list[dict[str, Any]], later: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A later statement replaces an earlier one with the same `Sid`; one without a `Sid` is appended."""
    merged = list(statements)
    for statement in later:
        sid = statement.get("Sid")
        places = [index for index, earlier in enumerate(merged) if sid and earlier.get("Sid") == sid]
        if places:
            merged[places[0]] = statement
        else:
            merged.append(statement)
    return merged


def _statements_of(text: str) -> list[dict[str, Any]]:
    statements = json.loads(text).get("Statement", []) if text else []
    return statements if isinstance(statements, list) else [statements]


def _statement(block: Values) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": block["sid"]} if block.get("sid") else {}
    statement["Effect"] = block.get("effect") or "Allow"
    for wire, name in _LISTS.items():
        if block.get(wire):
            statement[name] = _one_or_sorted(block[wire])
    for wire, name in _PRINCIPALS.items():
        if block.get(wire):
            statement[name] = _principals(block[wire])
    if block.get("conditions"):
        statement["Condition"] = _conditions(block["conditions"])
    return statement


def _one_or_sorted(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(set(values), reverse=True)


def _principals(blocks: list[Values]) -> Any:
    if any(block["type"] == "*" for block in blocks):
        return "*"
    identifiers: dict[str, list[str]] = {}
    for block in blocks:
        identifiers.setdefault(block["type"], []).extend(block["identifiers"])
    return {kind: _one_or_sorted(identifiers[kind]) for kind in sorted(identifiers)}


def _conditions(blocks: list[Values]) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for block in blocks:
        values = block["values"]
        conditions.setdefault(block["test"], {})[block["variable"]] = values[0] if len(values) == 1 else list(values)
    return {test: dict(sorted(conditions[test].items())) for test in sorted(conditions)}
