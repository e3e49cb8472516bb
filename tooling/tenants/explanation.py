"""What a tenant's stack consists of and why, from a dry run of its program: no engine, no cluster, no credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalog import load_tenant
from shared.contracts import Infrastructure, PlatformAddons
from shared.dry_runs import Registered, contract_outputs, dry_run, every_contract
from shared.environment import load_environment
from shared.errors import BadInput
from shared.external_secrets import ADDON
from shared.tenant_file import TenantFile
from tooling.paths import REPOSITORY
from tooling.runner.tiers_file import load_tiers
from tooling.tenants.reasons import reason_of

DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Explained:
    kind: str
    """`aws:Role`, `kubernetes:Namespace`."""
    name: str
    """In AWS or in the cluster, there with its namespace."""
    why: str
    asked_by: str
    """Key, file and line; where the file does not set the key, its default."""

    def row(self) -> dict[str, str]:
        return {"kind": self.kind, "name": self.name, "why": self.why, "asked_by": self.asked_by}


def existing(name: str, environment: str) -> TenantFile:
    """The tenant as it is in `environment`.

    Raises:
        BadInput: `tenant-elsewhere`; else as `load_tenant`.
    """
    load_environment(environment, named_by="--stack")
    tenant = load_tenant(name, environment)
    if environment not in tenant.environments:
        raise BadInput(
            "tenant-elsewhere",
            f"{name} does not exist in {environment}, only in {', '.join(tenant.environments)}",
            at=tenant.source.at(("environments",)),
            hint=f"tiers tenant show {name} --stack {tenant.environments[0]}" if tenant.environments else "",
        )
    return tenant


def explain(tenant: TenantFile, environment: str, *, external_secrets: bool = False) -> list[Explained]:
    """Every AWS resource and every object of the tenant's stack, in the order of their kinds and names.

    Args:
        external_secrets: whether the environment has the add-on, which adds a SecretStore to each namespace.

    Raises:
        PlatformError: the program refuses the tenant; `resource-unexplained`.
    """
    directory = next(tier.directory for tier in load_tiers().tiers if tier.stacks == "tenant")
    run = dry_run(REPOSITORY / directory, stack=f"{environment}.{tenant.name}", upstream=_upstream(external_secrets))
    found = [_explained(each, tenant) for each in run.resources if _is_own(each)]
    return sorted(found, key=lambda one: (one.kind, one.name))


def asked_by(tenant: TenantFile, key: tuple[str | int, ...]) -> str:
    mark = tenant.source.mark(key)
    return f"{tenant.source.key(key)}, {tenant.source.file}:{mark.line}" if mark else DEFAULT


def _upstream(external_secrets: bool) -> Any:
    def published(reference: str) -> Mapping[str, Any] | None:
        project, environment = reference.split("/")[1], reference.split("/")[2].partition(".")[0]
        if project == Infrastructure.project:
            return contract_outputs(Infrastructure, cluster_name=f"eks-cluster-{environment}")
        outputs = every_contract(reference)
        if outputs is not None and project == PlatformAddons.project and external_secrets:
            return {**outputs, "addons": [*outputs["addons"], ADDON]}
        return outputs

    return published


def _is_own(resource: Registered) -> bool:
    return resource.custom and not resource.type.startswith("pulumi:")


def _explained(resource: Registered, tenant: TenantFile) -> Explained:
    kind = f"{resource.type.partition(':')[0]}:{resource.type.rpartition(':')[2]}"
    reason, key = reason_of(kind, resource.name, tenant)
    by = asked_by(tenant, key)
    if by == DEFAULT:
        by = f"{DEFAULT} of {key[0]}"
    return Explained(kind=kind, name=_physical(resource), why=reason.why, asked_by=by)


def _physical(resource: Registered) -> str:
    metadata = resource.inputs.get("metadata")
    if isinstance(metadata, Mapping):
        return "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)
    for key in ("name", "repository", "principalArn"):
        if isinstance(value := resource.inputs.get(key), str):
            return value
    return resource.name
