"""Tenant, account, region and naming of the running stack, as plain values that every component needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi

from shared.catalog import load_tenant, read_catalog
from shared.contracts import Infrastructure, PlatformAddons, Tenant, published
from shared.environment import Environment, load_environment
from shared.external_secrets import ADDON
from shared.iam import ci_path
from shared.image_registries import account_registry, tenant_registries
from shared.naming import iam_role_name
from shared.program_errors import ProgramInputError, ProgramRefused, program_errors
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
    callees: tuple[TenantFile, ...]
    """Tenants that this one may call, in the same environment."""
    callers: tuple[TenantFile, ...]
    """Tenants that may call this one: both files say so."""
    external_secrets: bool
    """Whether tier 2 last published the add-on; decides which resources are registered."""

    @classmethod
    def of(cls, environment: Environment) -> StackContext:
        """The tenant that the stack is named after: `tenant-a` of `dev.tenant-a`.

        Raises:
            ProgramInputError: `stack-name-invalid`, `tenant-elsewhere`, `egress-inside`.
            ProgramRefused: `tenant-paused`, `network-policies-not-enforced`.
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
        _refuse_paused(tenant)
        above = published(Infrastructure, stack=environment.name)
        _refuse_without_network_policies(tenant, environment, above)
        _refuse_ranges_inside(tenant, above)
        callees, callers = _calls(tenant, environment)
        return cls(
            tenant=tenant,
            environment=environment.name,
            suffix=environment.suffix,
            partition=environment.partition,
            account_id=environment.account,
            region=environment.region,
            backend_url=environment.backend_url,
            other_environments=_other_environments(tenant, environment),
            callees=callees,
            callers=callers,
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

    @property
    def locked(self) -> bool:
        """Whether what holds the tenant's data is protected from deletion."""
        return self.tenant.locked_in(self.environment)

    def tags(self, name: str) -> dict[str, str]:
        """Tags of an AWS resource, besides the standard ones."""
        paid_by = {"cost-centre": self.tenant.cost_centre} if self.tenant.cost_centre else {}
        return {"Name": name, "tenant": self.tenant.name, **paid_by}

    def named(self, name: str) -> str:
        """Physical name of an AWS resource: `eks-<tenant>-<name>-<suffix>`."""
        return f"eks-{self.tenant.name}-{name}-{self.suffix}"


def _refuse_paused(tenant: TenantFile) -> None:
    """`tiers` leaves paused tenants out; this is for plain `pulumi up`."""
    if tenant.paused and tenant.paused.holds:
        raise ProgramRefused(
            "tenant-paused",
            f"{tenant.name} is paused until {tenant.paused.until}: {tenant.paused.reason}",
            at=tenant.source.at(("paused",)),
            hint=f"ask the owner, {tenant.owner}; then remove `paused` from {tenant.source.file}",
        )


def _refuse_without_network_policies(
    tenant: TenantFile, environment: Environment, infrastructure: Mapping[str, Any]
) -> None:
    if infrastructure.get("network_policy_enforced", True) is not True:
        raise ProgramRefused(
            "network-policies-not-enforced",
            f"the cluster of {environment.name} does not enforce network policies, so {tenant.name} would not be "
            "separated from other tenants",
            at=f"infrastructure/{environment.name}, output network_policy_enforced",
            hint=f"switch network policies on in the VPC CNI: make infrastructure-up STACK={environment.name}",
        )


def _refuse_ranges_inside(tenant: TenantFile, infrastructure: Mapping[str, Any]) -> None:
    """Addresses in the VPC are pods of other tenants, nodes and endpoints alike."""
    inside = [
        (infrastructure[name], what)
        for name, what in (("vpc_cidr", "the VPC"), ("service_cidr", "the cluster's range of Services"))
        if name in infrastructure
    ]
    inside += [(cidr, "the addresses of pods") for cidr in infrastructure.get("pod_cidrs", ())]
    for index, entry in enumerate(tenant.egress_ranges):
        for cidr, what in inside:
            if IPv4Network(entry.cidr).overlaps(IPv4Network(cidr)):
                raise ProgramInputError(
                    "egress-inside",
                    f"range {entry.cidr} overlaps {what}, {cidr}, where other tenants' pods and nodes are",
                    at=tenant.source.at(("egress_ranges", index, "cidr")),
                    hint=f"name ranges outside the VPC only in {tenant.source.file}; for pods of another tenant use "
                    "`may_call`",
                )


def _calls(tenant: TenantFile, environment: Environment) -> tuple[tuple[TenantFile, ...], tuple[TenantFile, ...]]:
    """Tenants that `tenant` may call, and those that may call it; the catalog has been checked by now."""
    if not (tenant.may_call or tenant.may_be_called_by):
        return (), ()
    with program_errors():
        catalog = read_catalog()
    here = [file.tenant(environment.name) for file in catalog.values() if environment.name in file.environments]
    return (
        tuple(one for one in here if one.name in tenant.may_call),
        tuple(one for one in here if one.name in tenant.may_be_called_by and tenant.name in one.may_call),
    )


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
