"""Checks before the deployment that need more than the settings: rules of the environment, and upgrades that a deployed
cluster does not support. All other checks are in the settings models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, collapse_addresses
from typing import Any

from settings import InfrastructureSettings
from stack_context import full_cluster_name
from upgrade import Deployed, refusals

from shared.contracts.infrastructure import IMPORTED_FROM
from shared.environment import Environment
from shared.program_errors import ProgramInputError

GUARDED = ("staging", "prod")
"""Environments whose Kubernetes API must not be open to the whole internet."""

NETWORK_POLICIES = "network-policies"
"""The tier 2 add-on required for network policy mode `strict`."""


def preflight(
    settings: InfrastructureSettings,
    environment: Environment,
    published: Mapping[str, Any],
    platform_addons: Callable[[], Mapping[str, Any]],
) -> None:
    """Checks the settings against the environment and against what is deployed.

    Args:
        published: the stack's own last published outputs; empty before its first deployment.
        platform_addons: reads tier 2's last published outputs, empty before its first deployment.

    Raises:
        ProgramInputError: `endpoint-open-to-everybody`, `strict-too-early`, `cluster-imported`, `cluster-renamed`,
            `upgrade-refused`.
    """
    where = f"Pulumi.{environment.name}.yaml of infrastructure"
    ranges = [IPv4Network(cidr) for cidr in settings.public_access_cidrs]
    if environment.name in GUARDED and any(merged.prefixlen == 0 for merged in collapse_addresses(ranges)):
        raise ProgramInputError(
            "endpoint-open-to-everybody",
            f"`public_access_cidrs`: {', '.join(settings.public_access_cidrs)} is the whole internet, which is refused "
            f"in {' and '.join(GUARDED)}",
            at=f"{where}, public_access_cidrs",
            hint="name the ranges that administrators come from, or leave it empty for a private API",
        )
    if settings.network_policy_mode == "strict" and NETWORK_POLICIES not in platform_addons().get("addons", ()):
        # Source: EKS user guide, "Limit Pod traffic with Kubernetes network policies": in strict mode every endpoint
        # needs a policy, CoreDNS included; without one the cluster has no name resolution.
        raise ProgramInputError(
            "strict-too-early",
            "`network_policy_mode`: strict would block CoreDNS and every add-on, since tier 2 is not deployed with "
            "its network policies",
            at=f"{where}, network_policy_mode",
            hint=f"deploy with standard, then: make platform-addons-up STACK={environment.name}; then set strict",
        )
    if IMPORTED_FROM in published:
        raise ProgramInputError(
            "cluster-imported",
            f"the cluster of {environment.name} was imported; tier 1 would make another: {published[IMPORTED_FROM]}",
            at=f"infrastructure/{environment.name}",
            hint=f"tiers up platform-addons tenants applications --stack {environment.name}",
        )
    running, named = published.get("cluster_name", ""), full_cluster_name(settings.cluster_name, environment)
    if running not in ("", named, settings.replace_cluster):
        raise ProgramInputError(
            "cluster-renamed",
            f"`cluster_name`: {named} would replace the cluster {running} with everything on it",
            at=f"{where}, cluster_name",
            hint=f"keep the name; or, to lose the cluster: tiers destroy platform-addons tenants applications --stack "
            f"{environment.name}; then set replace_cluster: {running}",
        )
    deployed = Deployed(
        cluster=published.get("cluster_version", ""),
        nodes=published.get("node_versions") or {},
        addons=published.get("addon_versions") or {},
    )
    against = refusals(deployed, settings)
    if against:
        raise ProgramInputError(
            "upgrade-refused",
            "; ".join(against),
            at=f"{where}, kubernetes_version",
            hint=f"edit {where}; docs/guides/upgrade.md has the steps",
        )
