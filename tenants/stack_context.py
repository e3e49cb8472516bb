"""Tenant, account, region and naming of the running stack, as plain values that every component needs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from shared.catalog import load_tenant
from shared.contracts import PlatformAddons, Tenant, published
from shared.environment import Environment, load_environment
from shared.external_secrets import ADDON
from shared.iam import ci_path
from shared.image_registries import account_registry, tenant_registries
from shared.naming import iam_role_name
from shared.program_errors import ProgramInputError, program_errors
from shared.tenant_file import TenantFile


@dataclass(frozen=True, kw_only=True)
class StackContext:
    tenant: TenantFile
    environment: str
    suffix: str
    """Environment suffix: every physical name in AWS ends with it."""
    partition: str
    account_id: str
    region: str
    backend_url: str
    """State backend that the environment's file names; empty if it names none."""
    other_environments: tuple[Environment, ...]
    """Further environments of the tenant, in accounts that this one trusts."""
    external_secrets: bool
    """Whether tier 2 last published the add-on; decides which resources are registered."""

    @classmethod
    def of(cls, environment: Environment) -> StackContext:
        """The tenant that the stack is named after: `tenant-a` of `dev.tenant-a`.

        Raises:
            ProgramInputError: `stack-name-invalid`, `tenant-elsewhere`.
            ProgramError: an invalid catalog.
        """
        stack = pulumi.get_stack()
        _, _, name = stack.partition(".")
        if not name:
            raise ProgramInputError(
                "stack-name-invalid",
                f"stack {stack!r} names no tenant",
                at="tenants",
                hint=f"pulumi stack select {environment.name}.<tenant>\nor: make tenants-up STACK={environment.name}",
            )
        with program_errors():
            tenant = load_tenant(
                name, environment.name, deployed=lambda other: published(Tenant, stack=f"{environment.name}.{other}")
            )
        if environment.name not in tenant.environments:
            raise ProgramInputError(
                "tenant-elsewhere",
                f"{tenant.name} does not exist in {environment.name}, only in {', '.join(tenant.environments)}",
                at=f"tenants/catalog/{tenant.name}.yaml, environments",
                hint=f"add {environment.name} to environments in tenants/catalog/{tenant.name}.yaml",
            )
        return cls(
            tenant=tenant,
            environment=environment.name,
            suffix=environment.suffix,
            partition=environment.partition,
            account_id=environment.account,
            region=environment.region,
            backend_url=environment.backend_url,
            other_environments=_other_environments(tenant, environment),
            external_secrets=ADDON in published(PlatformAddons, stack=environment.name).get("addons", ()),
        )

    @property
    def registries(self) -> list[str]:
        """Registries that the tenant's pods may pull images from, as `host/path`."""
        own = account_registry(account_id=self.account_id, region=self.region, partition=self.partition)
        return tenant_registries(self.tenant.name, self.tenant.registries, own_registry=own)

    @property
    def ci_roles_of_other_accounts(self) -> list[str]:
        """ARNs of the tenant's CI roles in its environments in other accounts."""
        return [
            f"arn:{other.partition}:iam::{other.known_account}:role{ci_path(other.name)}"
            f"{iam_role_name(f'eks-{self.tenant.name}-ci-{other.name}')}"
            for other in self.other_environments
            if other.known_account != self.account_id
        ]

    def named(self, name: str) -> str:
        """Physical name of an AWS resource: `eks-<tenant>-<name>-<suffix>`."""
        return f"eks-{self.tenant.name}-{name}-{self.suffix}"


def _other_environments(tenant: TenantFile, environment: Environment) -> tuple[Environment, ...]:
    """Its other environments in the same account or a trusted one.

    The variable with the account says something of the environment that is deployed, and of another one only if neither
    has an account in its file.
    """
    trusted = (environment.account, *environment.trusted_account_ids)
    with program_errors():
        others = [load_environment(name) for name in tenant.environments if name != environment.name]
    return tuple(
        other for other in others if other.known_account in trusted and (other.account_id or not environment.account_id)
    )
