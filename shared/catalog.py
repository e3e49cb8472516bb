"""The tenant catalog: one file per tenant, `tenants/catalog/<tenant>.yaml`.

This module reads the files. Their schema is in `shared.tenant_file`, the rules of an environment in
`shared.tenant_rules`, uniqueness across tenants in `shared.claims`. While any file is invalid, no tenant is deployed:
the claims of an unreadable file are unknown, so another tenant could take them.

Read by the tenants' program and by `tiers`, hence no import of Pulumi.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.claims import Deployed, nothing_deployed, refuse_shared_claims
from shared.environment import load_environment
from shared.errors import BadInput, nearest
from shared.models import parse
from shared.naming import require_dns_label
from shared.tenant_file import TenantFile
from shared.tenant_rules import violations
from shared.yaml_files import read_mapping

DIRECTORY = Path(__file__).resolve().parent.parent / "tenants" / "catalog"


def tenant_names(
    environment: str, *, directory: Path | None = None, deployed: Deployed = nothing_deployed
) -> list[str]:
    """The tenants of an environment, in alphabetical order.

    Args:
        directory: the catalog; `DIRECTORY` if left out.
        deployed: asked who has what two tenants claim.

    Raises:
        BadInput: `catalog-empty` where there is no file at all; `catalog-file-unknown`; else as `load_tenant`, for the
            first file wrong.
    """
    tenants = _read_all(directory or DIRECTORY)
    here = [tenant for tenant in tenants if environment in tenant.environments]
    for tenant in here:
        _refuse_violations(tenant, environment, tenants)
    refuse_shared_claims(tenants, deployed=deployed)
    return [tenant.name for tenant in here]


def catalog_names() -> list[str]:
    """Every tenant that has a file, in whatever environment, in alphabetical order.

    Raises:
        BadInput: `catalog-empty`, `catalog-file-unknown`.
    """
    return _names(DIRECTORY)


def read_catalog(*, directory: Path | None = None) -> dict[str, TenantFile]:
    """Every tenant's file by name, each right in itself.

    Raises:
        BadInput: `catalog-empty`, `catalog-file-unknown`, `name-invalid`, `tenant-invalid`.
    """
    return {tenant.name: tenant for tenant in _read_all(directory or DIRECTORY)}


def load_tenant(
    name: str, environment: str, *, directory: Path | None = None, deployed: Deployed = nothing_deployed
) -> TenantFile:
    """Reads one file of the catalog, and the others for what they claim.

    Args:
        environment: whose domains and accounts the file is held against, if the tenant exists there.
        directory: the catalog; `DIRECTORY` if left out.
        deployed: asked who has what two tenants claim.

    Raises:
        BadInput: `name-invalid`, `catalog-empty`, `catalog-file-unknown`, `tenant-unknown`; `tenant-invalid` for
            whichever file is wrong; `namespace-taken` and `host-taken` where another tenant claims the same.
    """
    directory = directory or DIRECTORY
    require_dns_label(name, what="tenant", at="tenants/catalog")
    names = _names(directory)
    if name not in names:
        raise BadInput(
            "tenant-unknown",
            f"there is no tenant {name!r}{nearest(name, names)}",
            at=_where(name),
            hint="add the file as docs/guides/onboard-a-tenant.md shows",
        )
    # Its own file first: of two wrong ones, that is the one to hear about.
    tenant = _read(name, directory)
    tenants = [tenant, *(_read(other, directory) for other in names if other != name)]
    if environment in tenant.environments:
        _refuse_violations(tenant, environment, tenants)
    refuse_shared_claims(tenants, of=name, deployed=deployed)
    return tenant


def _refuse_violations(tenant: TenantFile, environment: str, tenants: Sequence[TenantFile]) -> None:
    names = {each.name for each in tenants}
    found = list(violations(tenant, load_environment(environment), names))
    if found:
        first, more = found[0], f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise BadInput(
            "tenant-invalid",
            f"{first.what}{more}",
            at=f"{_where(tenant.name)}, {first.key}",
            hint=f"edit {_where(tenant.name)}: {first.hint}",
        )


def _read_all(directory: Path) -> list[TenantFile]:
    return [_read(name, directory) for name in _names(directory)]


def _names(directory: Path) -> list[str]:
    try:
        files = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError:
        files = []
    for path in files:
        if path.suffix != ".yaml":
            raise BadInput(
                "catalog-file-unknown",
                f"tenants/catalog/{path.name} is no tenant's file: its name does not end in .yaml",
                at=f"tenants/catalog/{path.name}",
                hint=f"git mv tenants/catalog/{path.name} tenants/catalog/{path.stem}.yaml, or move it elsewhere",
            )
    names = [path.stem for path in files]
    if not names:
        raise BadInput(
            "catalog-empty",
            "the tenant catalog holds no file",
            at="tenants/catalog",
            hint="git checkout tenants/catalog, or add a file as docs/guides/onboard-a-tenant.md shows",
        )
    return names


def _read(name: str, directory: Path) -> TenantFile:
    where = _where(name)
    require_dns_label(name, what="tenant", at=where)
    content = read_mapping(directory / f"{name}.yaml", at=where, code="tenant-invalid")
    if content.get("name", name) != name:
        raise BadInput(
            "tenant-invalid",
            f"`name` does not match the file name, {name!r}",
            at=f"{where}, name",
            hint=f"edit {where}",
        )
    content = {"name": name, **content}
    return parse(TenantFile, content, at=where, code="tenant-invalid")


def _where(name: str) -> str:
    return f"tenants/catalog/{name}.yaml"
