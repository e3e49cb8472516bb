"""The tenant catalog: one file a tenant, `tenants/catalog/<tenant>.yaml`.

What one file may say is in `shared.tenant_file`; here is what needs several of them, and reading them. Read by the
tenants' program and by `tiers`, hence no import of Pulumi.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from shared.errors import BadInput, nearest
from shared.models import parse
from shared.naming import require_dns_label
from shared.tenant_file import TenantFile
from shared.yaml_files import read_mapping

DIRECTORY = Path(__file__).resolve().parent.parent / "tenants" / "catalog"

_CLAIMS = (("namespaces", "namespace-taken"), ("hosts", "host-taken"))
"""Fields whose values belong to one tenant alone, with the code of the error where two name the same."""


def tenant_names(environment: str, *, directory: Path | None = None) -> list[str]:
    """The tenants of an environment, in alphabetical order.

    Args:
        directory: the catalog; `DIRECTORY` if left out.

    Raises:
        BadInput: `catalog-empty` where there is no file at all; `catalog-file-unknown`; else as `load_tenant`, for the
            first file wrong.
    """
    directory = directory or DIRECTORY
    tenants = [_read(name, directory) for name in _names(directory)]
    _refuse_shared_claims(tenants)
    return [tenant.name for tenant in tenants if environment in tenant.environments]


def catalog_names() -> list[str]:
    """Every tenant that has a file, in whatever environment, in alphabetical order.

    Raises:
        BadInput: `catalog-empty`, `catalog-file-unknown`.
    """
    return _names(DIRECTORY)


def load_tenant(name: str, *, directory: Path | None = None) -> TenantFile:
    """Reads one file of the catalog, and the others for what they claim.

    One that cannot be read does not stand in the way of this one: its own stack says what is wrong with it.

    Args:
        directory: the catalog; `DIRECTORY` if left out.

    Raises:
        BadInput: `name-invalid`, `catalog-empty`, `catalog-file-unknown`, `tenant-unknown`, `tenant-invalid`;
            `namespace-taken` and `host-taken` where another tenant claims the same.
    """
    directory = directory or DIRECTORY
    require_dns_label(name, what="tenant", where="tenants/catalog")
    names = _names(directory)
    if name not in names:
        raise BadInput(
            "tenant-unknown",
            f"there is no tenant {name!r}{nearest(name, names)}",
            where=_where(name),
            mend="add the file as tenants/README.md shows",
        )
    tenant = _read(name, directory)
    _refuse_shared_claims([tenant, *_readable((other for other in names if other != name), directory)], of=name)
    return tenant


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
                where=f"tenants/catalog/{path.name}",
                mend=f"git mv tenants/catalog/{path.name} tenants/catalog/{path.stem}.yaml, or move it elsewhere",
            )
    names = [path.stem for path in files]
    if not names:
        raise BadInput(
            "catalog-empty",
            "the tenant catalog holds no file",
            where="tenants/catalog",
            mend="git checkout tenants/catalog, or add a file as tenants/README.md shows",
        )
    return names


def _read(name: str, directory: Path) -> TenantFile:
    where = _where(name)
    require_dns_label(name, what="tenant", where=where)
    content = read_mapping(directory / f"{name}.yaml", where=where, code="tenant-invalid")
    if content.get("name", name) != name:
        raise BadInput(
            "tenant-invalid",
            f"`name` is not the file's own name, {name!r}",
            where=f"{where}, name",
            mend=f"edit {where}",
        )
    content = {"name": name, **content}
    return parse(TenantFile, content, where=where, code="tenant-invalid")


def _readable(names: Iterable[str], directory: Path) -> Iterator[TenantFile]:
    for name in names:
        with contextlib.suppress(BadInput):
            yield _read(name, directory)


def _refuse_shared_claims(tenants: Iterable[TenantFile], *, of: str | None = None) -> None:
    """Compares all with all, or, given `of`, only with that tenant: others' quarrels are not its own."""
    owners: dict[tuple[str, str], str] = {}
    for tenant in tenants:
        for claim, code in _CLAIMS:
            for value in getattr(tenant, claim):
                owner = owners.setdefault((claim, value), tenant.name)
                if owner != tenant.name and of in (None, owner):
                    raise BadInput(
                        code,
                        f"{claim.removesuffix('s')} {value!r} is claimed by {owner} and by {tenant.name}",
                        where=f"{_where(tenant.name)}, {claim}",
                        mend=f"choose another name in {_where(tenant.name)}",
                    )


def _where(name: str) -> str:
    return f"tenants/catalog/{name}.yaml"
