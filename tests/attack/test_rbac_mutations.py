"""With any one right to read turned into one to write, somebody of the tenant gets through with an attack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from shared.testing import load_module
from tests.admission.world import TENANT
from tests.attack.attempts import Ledger
from tests.attack.requests import REQUESTS, Request
from tooling.paths import REPOSITORY

_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update"}
_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v[^/]+/namespaces/(?P<namespace>[^/?]+)/(?P<resource>[^/?]+)"
    r"(?:/(?P<name>[^/?]+)(?:/(?P<sub>[^/?]+))?)?"
)
STORE = Request(
    name="a store of secrets of its own",
    source="external-secrets 2240",
    method="POST",
    path=f"/apis/external-secrets.io/v1/namespaces/{TENANT}/secretstores",
)
"""Of a kind that the shared cluster does not serve; tests/admission/test_external_secrets.py sends it."""

Rule = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Right:
    group: str
    resource: str
    verb: str


def right_of(request: Request) -> Right | None:
    """What RBAC asks for, in the tenant's own namespace; None for requests about other places."""
    found = _PATH.match(request.path)
    if found is None or found["namespace"] != TENANT:
        return None
    verb = _VERBS.get(request.method) or (
        ("delete" if found["name"] else "deletecollection") if request.method == "DELETE" else "get"
    )
    resource = found["resource"] + (f"/{found['sub']}" if found["sub"] else "")
    return Right(found["group"] or "", resource, verb)


def permits(rules: tuple[Rule, ...], right: Right) -> bool:
    return any(
        right.group == group and right.resource in resources and right.verb in verbs
        for group, resources, verbs in rules
    )


@pytest.fixture(scope="module")
def roles() -> dict[str, Any]:
    module = load_module(REPOSITORY / "tenants", "people")
    return {"developers": module.RULES, "viewers": module.VIEWER_RULES, "write": module.WRITE, "read": module.READ}


@pytest.mark.parametrize("role", ["developers", "viewers"])
def test_the_rules_as_they_are_permit_no_attack(roles: dict[str, Any], role: str) -> None:
    asked = [(request, right) for request in (*REQUESTS, STORE) if (right := right_of(request)) is not None]
    assert len(asked) > 30
    assert [request.name for request, right in asked if permits(roles[role], right)] == []


def test_with_any_right_to_read_turned_into_one_to_write_an_attack_gets_through(
    roles: dict[str, Any], ledger: Ledger
) -> None:
    unnoticed = []
    for group, resources, verbs in roles["developers"]:
        # There is nothing to write in a log.
        for resource in [one for one in resources if verbs == roles["read"] and one != "pods/log"]:
            wider = (*roles["developers"], (group, (resource,), roles["write"]))
            through = [
                request.name
                for request in (*REQUESTS, STORE)
                if (right := right_of(request)) is not None and permits(wider, right)
            ]
            ledger.mutated(f"Role of deployers: only reading {resource} of {group or 'core'}", through)
            unnoticed += [] if through else [(group, resource)]
    assert unnoticed == []
