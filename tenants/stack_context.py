"""Which tenant the running stack is, and where: plain facts that every component of the tier needs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from shared.catalog import load_tenant
from shared.contracts import PlatformAddons, Tenant, published
from shared.environment import Environment
from shared.external_secrets import ADDON
from shared.program_errors import ProgramInputError, program_errors
from shared.tenant_file import TenantFile


@dataclass(frozen=True, kw_only=True)
class StackContext:
    tenant: TenantFile
    environment: str
    suffix: str
    """The seeds' `environment_suffix`: ends every physical name in AWS."""
    partition: str
    account_id: str
    region: str
    external_secrets: bool
    """Whether tier 2 has the add-on, as last published: what is registered depends on it."""

    @classmethod
    def of(cls, environment: Environment) -> StackContext:
        """The tenant that the stack is named after: `tenant-a` of `dev.tenant-a`.

        Raises:
            ProgramInputError: `stack-name-invalid`, `tenant-elsewhere`.
            ProgramError: what is wrong in the catalog.
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
            external_secrets=ADDON in published(PlatformAddons, stack=environment.name).get("addons", ()),
        )

    def named(self, name: str) -> str:
        """`name` between the tenant's and the environment's suffix, as its AWS resources are called."""
        return f"eks-{self.tenant.name}-{name}-{self.suffix}"
