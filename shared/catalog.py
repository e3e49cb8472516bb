"""The tenant catalog: one file per tenant, `tenants/catalog/<tenant>.yaml`.

This module reads the files and applies what they set for one environment. Their schema is in `shared.tenant_file`, the
rules of an environment in `shared.tenant_rules`, uniqueness across tenants in `shared.claims`. While any file is
invalid, no tenant is deployed: the claims of an unreadable file are unknown, so another tenant could take them.

Read by the tenants' program and by `tiers`, hence no import of Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.claims import Deployed, nothing_deployed, refuse_shared_claims
from shared.environment import environment_names, load_environment
from shared.errors import BadInput, nearest
from shared.models import parse
from shared.naming import require_dns_label
from shared.narrowing import is_dict, is_list, is_mapping
from shared.tenant_file import NOT_BY_ENVIRONMENT, TenantFile
from shared.tenant_rules import violations
from shared.yaml_files import Source, read_document

DIRECTORY = Path(__file__).resolve().parent.parent / "tenants" / "catalog"


@dataclass(frozen=True, kw_only=True)
class CatalogFile:
    """One file of the catalog."""

    name: str
    variants: Mapping[str, TenantFile]
    """The tenant by environment; by "" if it exists in none."""

    @property
    def environments(self) -> tuple[str, ...]:
        return self._any.environments

    def tenant(self, environment: str) -> TenantFile:
        """As it is in `environment`; where it does not exist, as it is in one of its others."""
        return self.variants.get(environment, self._any)

    @property
    def _any(self) -> TenantFile:
        return next(iter(self.variants.values()))


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
    files = _read_all(directory or DIRECTORY)
    here = [file.tenant(environment) for file in files if environment in file.environments]
    for tenant in here:
        _refuse_violations(tenant, environment, files)
    refuse_shared_claims(_claimants(files), deployed=deployed)
    return [tenant.name for tenant in here]


def catalog_names() -> list[str]:
    """Every tenant that has a file, in whatever environment, in alphabetical order.

    Raises:
        BadInput: `catalog-empty`, `catalog-file-unknown`.
    """
    return _names(DIRECTORY)


def read_catalog(*, directory: Path | None = None) -> dict[str, CatalogFile]:
    """Every tenant's file by name, each valid on its own.

    Raises:
        BadInput: `catalog-empty`, `catalog-file-unknown`, `name-invalid`, `tenant-invalid`.
    """
    return {file.name: file for file in _read_all(directory or DIRECTORY)}


def load_tenant(
    name: str, environment: str, *, directory: Path | None = None, deployed: Deployed = nothing_deployed
) -> TenantFile:
    """Reads one file of the catalog, and the others for what they claim.

    Args:
        environment: whose values, domains and accounts count, if the tenant exists there.
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
    file = _read(name, directory)
    files = [file, *(_read(other, directory) for other in names if other != name)]
    tenant = file.tenant(environment)
    if environment in file.environments:
        _refuse_violations(tenant, environment, files)
    refuse_shared_claims(_claimants(files), of=name, deployed=deployed)
    return tenant


def _claimants(files: Sequence[CatalogFile]) -> list[TenantFile]:
    """A name claimed in one environment is the tenant's in all: hosts are public, and pipelines are shared."""
    return [variant for file in files for variant in file.variants.values()]


def _refuse_violations(tenant: TenantFile, environment: str, files: Sequence[CatalogFile]) -> None:
    there = {file.name: file.variants.get(environment) for file in files}
    found = list(violations(tenant, load_environment(environment), there))
    if found:
        first, more = found[0], f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise BadInput(
            "tenant-invalid",
            f"{first.what}{more}",
            at=tenant.source.at(first.key),
            hint=f"edit {_where(tenant.name)}: {first.hint}",
        )


def _read_all(directory: Path) -> list[CatalogFile]:
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


def _read(name: str, directory: Path) -> CatalogFile:
    where = _where(name)
    require_dns_label(name, what="tenant", at=where)
    content, source = read_document(directory / f"{name}.yaml", at=where, code="tenant-invalid")
    if content.get("name", name) != name:
        raise _invalid(f"`name` does not match the file name, {name!r}", source, "name")
    content = {"name": name, **content}
    given = content.get("environments")
    differing: Mapping[str, Mapping[str, Any]] = _differing(given, source) if is_dict(given) else {}
    if is_dict(given):
        content["environments"] = list(given)
    names = list(content.get("environments", environment_names())) if _is_list_of_names(content) else []
    # Most files have the same values everywhere and are validated once.
    same = None if names and all(differing.get(each) for each in names) else _parse(content, source)
    variants = {
        each: _parse(_merged(content, differing[each]), replace(source, overlay=("environments", each)))
        if differing.get(each)
        else same
        for each in names
    }
    return CatalogFile(
        name=name, variants={key: one for key, one in variants.items() if one} or {"": _parse(content, source)}
    )


def _is_list_of_names(content: Mapping[str, Any]) -> bool:
    """Whether the model will accept it; if not, the error comes from there."""
    given = content.get("environments", [])
    return is_list(given) and all(isinstance(each, str) for each in given)


def _differing(environments: Mapping[str, Any], source: Source) -> Mapping[str, Mapping[str, Any]]:
    """The keys that differ by environment, of the mapping form."""
    known = environment_names()
    for environment, keys in environments.items():
        if environment not in known:
            what = f"there is no environment {environment!r}{nearest(environment, known)}"
            raise _invalid(what, source, "environments", environment)
        if not isinstance(keys, Mapping | None):
            what = f"`environments.{environment}` is not a mapping of keys to values"
            raise _invalid(what, source, "environments", environment)
        for key in NOT_BY_ENVIRONMENT:
            if key in (keys or {}):
                what = f"`{key}` cannot differ between environments"
                raise _invalid(what, source, "environments", environment, key)
    return {environment: keys or {} for environment, keys in environments.items()}


def _merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with `changes`: mappings are merged, everything else is replaced."""
    merged = dict(content)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if is_mapping(below) and is_mapping(value) else value
    return merged


def _parse(content: Mapping[str, Any], source: Source) -> TenantFile:
    return parse(TenantFile, content, at=source.file, code="tenant-invalid", source=source).read_from(source)


def _invalid(what: str, source: Source, *key: str | int) -> BadInput:
    return BadInput("tenant-invalid", what, at=source.at(key), hint=f"edit {source.file}")


def _where(name: str) -> str:
    return f"tenants/catalog/{name}.yaml"
