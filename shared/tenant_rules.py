"""What an environment allows in a tenant file: hosts below its domains, accounts that it trusts.

All environments share a tenant's file but differ in domains and accounts, so the file is checked against the
environment of the stack.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from shared.environment import Environment
from shared.errors import nearest
from shared.host_names import is_below
from shared.image_registries import parse_registry
from shared.tenant_file import TenantFile
from shared.yaml_files import KeyPath


@dataclass(frozen=True, kw_only=True)
class Violation:
    what: str
    key: KeyPath
    """Path in the tenant file, e.g. `("hosts", 0)`."""
    hint: str


def violations(
    tenant: TenantFile, environment: Environment, catalog: Mapping[str, TenantFile | None]
) -> Iterator[Violation]:
    """Entries of `tenant` that `environment` does not allow.

    Args:
        catalog: every tenant by name, as it is in the environment; `None` if it does not exist there.
    """
    yield from _hosts(tenant, environment)
    yield from _principals(tenant, environment)
    yield from _registries(tenant, environment, catalog)
    yield from _calls(tenant, catalog)


def _hosts(tenant: TenantFile, environment: Environment) -> Iterator[Violation]:
    domains = environment.allowed_domains
    for index, host in enumerate(tenant.hosts):
        if not any(is_below(host, domain) for domain in domains):
            known = f"only below {', '.join(domains)}" if domains else "and no domain is listed there"
            yield Violation(
                what=f"host {host!r} is not allowed in {environment.name}: {known}",
                key=("hosts", index),
                hint=f"choose a host below {domains[0]}, or add its domain to `allowed_domains` in "
                f"shared/environments/{environment.name}.yaml"
                if domains
                else f"add the domain to `allowed_domains` in shared/environments/{environment.name}.yaml",
            )


def _principals(tenant: TenantFile, environment: Environment) -> Iterator[Violation]:
    named: list[tuple[KeyPath, str]] = [
        *((("deployer_principal_arns", index), arn) for index, arn in enumerate(tenant.deployer_principal_arns)),
        *((("people", role, "principals", index), arn) for role, index, arn in tenant.people.principals()),
    ]
    for key, arn in named:
        _, partition, _, _, account, _ = arn.split(":", 5)
        if partition != environment.partition:
            yield Violation(
                what=f"principal {arn} is in partition {partition}, but {environment.name} is in "
                f"{environment.partition}",
                key=key,
                hint="use a role or user in the environment's partition",
            )
        elif not _trusted(account, environment):
            yield Violation(
                what=f"principal {arn} is in account {account}, which {environment.name} does not trust",
                key=key,
                hint=_trust(account, environment),
            )


def _registries(tenant: TenantFile, environment: Environment, names: Container[str]) -> Iterator[Violation]:
    for index, entry in enumerate(tenant.registries):
        registry = parse_registry(entry)
        account = registry.ecr_account
        if not account:
            continue
        if not _trusted(account, environment):
            yield Violation(
                what=f"registry {entry!r} is in account {account}, which {environment.name} does not trust",
                key=("registries", index),
                hint=_trust(account, environment),
            )
        elif registry.path[0] in names and registry.path[0] != tenant.name:
            yield Violation(
                what=f"registry {entry!r} holds the images of tenant {registry.path[0]}",
                key=("registries", index),
                hint=f"remove it: images below {tenant.name}/ are always allowed; put images for several tenants "
                "below a path that is not a tenant's name",
            )


def _calls(tenant: TenantFile, catalog: Mapping[str, TenantFile | None]) -> Iterator[Violation]:
    for key in ("may_call", "may_be_called_by"):
        for index, name in enumerate(getattr(tenant, key)):
            if name not in catalog:
                yield Violation(
                    what=f"there is no tenant {name!r}{nearest(name, catalog)}",
                    key=(key, index),
                    hint="correct the name, or remove it",
                )
    for index, name in enumerate(tenant.may_call):
        other = catalog.get(name)
        if other is not None and tenant.name not in other.may_be_called_by:
            yield Violation(
                what=f"{name} does not list {tenant.name} in its `may_be_called_by`, so {tenant.name} may not call it",
                key=("may_call", index),
                hint=f"remove it until the owner, {other.owner}, has added {tenant.name} to `may_be_called_by` in "
                f"{other.source.file}",
            )


def _trusted(account: str, environment: Environment) -> bool:
    # Without a known account nothing can be deployed, but the file can still be checked.
    own = environment.known_account
    return not own or account in (own, *environment.trusted_account_ids)


def _trust(account: str, environment: Environment) -> str:
    return (
        f"use one in the environment's own account, or add {account!r} to `trusted_account_ids` in "
        f"shared/environments/{environment.name}.yaml"
    )
