"""The Infrastructure contract of a cluster that exists: what AWS says, and a file for the rest.

The file may state any field. What AWS knows too has to agree, so that a contract never describes another cluster than
the one that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.contracts import Infrastructure
from shared.contracts.boundary import VERSION_OUTPUT, fits, output_types
from shared.contracts.infrastructure import IMPORTED_FROM
from shared.errors import BadInput, nearest
from shared.yaml_files import read_mapping
from tooling.imported_clusters.facts import GIVEN, access_facts


def contract_of(facts: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The outputs of a stack that publishes the contract of the cluster.

    Raises:
        BadInput: `contract-invalid`, `contract-disagrees`.
    """
    at = str(file)
    stated = read_mapping(file, at=at, code="contract-invalid")
    types, lines = output_types(Infrastructure), _lines(file)

    def place(field: str) -> str:
        return f"{at}, line {lines[field]}"

    for field, value in stated.items():
        if field not in types:
            what = f"unknown field `{field}`{nearest(field, types)}"
            raise BadInput("contract-invalid", what, at=place(field), hint=f"edit {at}")
        if not fits(value, types[field]) or value == "":
            what = f"`{field}` is not of type {getattr(types[field], '__name__', types[field])}, or empty"
            raise BadInput("contract-invalid", what, at=place(field), hint=f"edit {at}")
    missing = [field for field in GIVEN if field not in stated]
    if missing:
        raise BadInput(
            "contract-invalid",
            f"{', '.join(f'`{field}`' for field in missing)} {'is' if len(missing) == 1 else 'are'} missing, and the "
            "cluster does not say",
            at=at,
            hint=f"add what is missing to {at}; infrastructure/manual/README.md says what each field is",
        )
    known = {**facts, **access_facts(facts, stated["admin_role_arn"])}
    for field, value in stated.items():
        if field in known and known[field] != value:
            raise BadInput(
                "contract-disagrees",
                f"`{field}` is {value!r} in the file, and {known[field]!r} in AWS",
                at=place(field),
                hint=f"remove `{field}` from {at}: AWS decides it",
            )
    outputs = {**known, **{field: stated[field] for field in GIVEN}}
    assert outputs.keys() == types.keys()
    return {**outputs, VERSION_OUTPUT: Infrastructure.version, IMPORTED_FROM: facts["cluster_arn"]}


def _lines(file: Path) -> dict[str, int]:
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return {key.value: key.start_mark.line + 1 for key, _ in node.value} if node is not None else {}
