"""Tiers 1 to 3 with the example tenant, and with tenants of which one has two namespaces and one a small quota."""

from __future__ import annotations

import shutil
from typing import Any

import yaml

from tests.chain.clone import Clone
from tests.chain.deployed import Deployment

_CEILINGS = {"requests.cpu": "8", "requests.memory": "32Gi", "limits.cpu": "16", "limits.memory": "48Gi"}


def change(clone: Clone, tenant: str, **keys: Any) -> None:
    """Sets keys of the tenant's file."""
    file = clone.path / f"tenants/catalog/{tenant}.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **keys}))


def _configure(clone: Clone) -> None:
    catalog = clone.path / "tenants" / "catalog"
    shutil.copy(clone.path / "tenants" / "examples" / "acme.yaml", catalog)
    exception = {"level": "baseline", "reason": "It runs as root until it is replaced.", "until": "2999-12-31"}
    change(clone, "acme", pod_security={"acme-legacy": exception})
    change(clone, "tenant-b", may_be_called_by=["acme"])
    change(clone, "tenant-c", may_call=["acme"])
    change(clone, "tenant-b", namespaces=["tenant-b", "tenant-b-old"])
    change(clone, "tenant-c", quota={**_CEILINGS, "count/pods": 6, "pods": 3})


TENANTS = Deployment(
    name="tenants",
    configure=_configure,
    deploy=lambda clone: clone.tiers("up", "infrastructure", "platform-addons", "tenants", "--stack", "local"),
    files=("tests/tenants/deployment.py",),
)
