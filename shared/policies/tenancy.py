"""That a tenant's stack holds resources of that tenant only.

Stacks of several tenants are deployed side by side by one worker process. The policies run in a process of their own,
and take the stack's name from the engine, so they also find out if the program of one tenant ever ran for another.
"""

from __future__ import annotations

from shared.kubernetes_labels import TENANT_LABEL
from shared.narrowing import is_mapping
from shared.policies.rule import Rule
from shared.policies.view import TIERS, ResourceView

_TENANTS = TIERS["tenants"]
_NAMING_INPUTS = ("name", "role", "repository")
"""Inputs of AWS resources without tags that contain the tenant's name."""


def belongs_to_its_tenant(view: ResourceView) -> str | None:
    _, _, tenant = view.stack.partition(".")
    if view.tier != _TENANTS or view.provider is None or not tenant:
        return None
    found = _tenant_of_object(view, tenant) if view.package == "kubernetes" else _tenant_of_aws_resource(view, tenant)
    if found == tenant:
        return None
    return f"belongs to tenant {found}, not to {tenant}" if found else f"does not name its tenant, {tenant}"


def _tenant_of_object(view: ResourceView, tenant: str) -> str:
    labels = view.get("metadata.labels")
    if is_mapping(labels) and labels:
        return str(labels.get(TENANT_LABEL, ""))
    # A patch of an object that Kubernetes created, such as the service account `default`.
    namespace = str(view.get("metadata.namespace", ""))
    return tenant if namespace == tenant or namespace.startswith(f"{tenant}-") else namespace


def _tenant_of_aws_resource(view: ResourceView, tenant: str) -> str:
    tags = view.get("tags")
    if is_mapping(tags) and "tenant" in tags:
        return str(tags["tenant"])
    values = [str(value) for key in _NAMING_INPUTS if (value := view.get(key))]
    return tenant if any(value.startswith((f"eks-{tenant}-", f"{tenant}/")) for value in values) else ""


RULES = (
    Rule(
        id="tenant-own-resources",
        description="A tenant's stack holds only resources that have this tenant's label, tag or name",
        source="docs/decisions/0029-tenant-files.md",
        hint="report it with the log of this run: the program of one tenant ran for the stack of another. If you are "
        "changing the program: label objects with tenant_labels, tag AWS resources with StackContext.tags",
        types=("aws:", "kubernetes:"),
        check=belongs_to_its_tenant,
    ),
)
