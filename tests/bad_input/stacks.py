"""Stacks that were never deployed, written into a lane's state as the engine would have left them."""

from __future__ import annotations

import json
from typing import Any, get_origin

from shared.contracts import Infrastructure, Tenant
from shared.contracts.boundary import VERSION_OUTPUT, Contract, output_types
from tests.bad_input.case import Change
from tests.bad_input.site import Site

_TIME = "2026-01-01T00:00:00Z"


def outputs(contract: type[Contract], **changed: Any) -> dict[str, Any]:
    """What a stack of this contract publishes; None in `changed` leaves one out."""
    made = {name: _sample(kind) for name, kind in output_types(contract).items()}
    made[VERSION_OUTPUT] = contract.version
    return {name: value for name, value in {**made, **changed}.items() if value is not None}


def deployed(
    project: str, stack: str, values: dict[str, Any], *, holding: bool = False, protected: bool = False
) -> Change:
    """A stack with these outputs; `holding`: and with one resource, `protected` or not."""

    def change(site: Site) -> None:
        root = f"urn:pulumi:{stack}::{project}::pulumi:pulumi:Stack::{project}-{stack}"
        held = {
            "urn": f"urn:pulumi:{stack}::{project}::test:index:Part::part",
            "custom": False,
            "type": "test:index:Part",
            "parent": root,
            **({"protect": True} if protected else {}),
        }
        resources = [{"urn": root, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": values}]
        latest = {
            "manifest": {"time": _TIME, "magic": "", "version": ""},
            "resources": resources + ([held] if holding else []),
        }
        file = site.lane / "state" / ".pulumi" / "stacks" / project / f"{stack}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = {"stack": f"organization/{project}/{stack}", "latest": latest}
        file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))
        meta = site.lane / "state" / ".pulumi" / "meta.yaml"
        if not meta.exists():
            meta.write_text("version: 1\n")

    return change


def infrastructure(**changed: Any) -> Change:
    return deployed("infrastructure", "local", outputs(Infrastructure, **changed), holding=True)


def protected_infrastructure() -> Change:
    return deployed("infrastructure", "local", outputs(Infrastructure), holding=True, protected=True)


def tenant(name: str, **changed: Any) -> Change:
    return deployed("tenants", f"local.{name}", outputs(Tenant, tenant=name, **changed), holding=True)


def _sample(kind: Any) -> Any:
    samples: dict[Any, Any] = {str: "x", int: 1, bool: True, list: [], dict: {}}
    return samples[get_origin(kind) or kind]
