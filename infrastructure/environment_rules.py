"""What settings and an environment must agree on, checked before anything is registered."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from address_plan import MOST_ZONES
from settings import InfrastructureSettings

from shared.environment import Environment
from shared.errors import nearest
from shared.program_errors import ProgramInputError

DISPOSABLE = ("dev", "local")
"""Environments whose tenants' data may be thrown away with them."""


def require_agreement(settings: InfrastructureSettings, environment: Environment, provider: aws.Provider) -> None:
    """Raises ProgramInputError, naming the setting and what is allowed."""
    if settings.force_destroy and environment.name not in DISPOSABLE:
        raise _refused(
            "force_destroy",
            f"`force_destroy` is true in {environment.name}; allowed in {' and '.join(DISPOSABLE)} only",
        )
    if settings.bucket_key_arn and settings.bucket_key_arn.split(":")[3] != environment.region:
        raise _refused(
            "bucket_key_arn",
            f"`bucket_key_arn` is a key of {settings.bucket_key_arn.split(':')[3]}; "
            f"allowed are keys of {environment.region}, where the bucket is",
        )
    if settings.interface_endpoints and environment.partition == "aws-cn":
        raise _refused(
            "interface_endpoints",
            "`interface_endpoints` is set in partition aws-cn, where services have other names; allowed there is none",
        )
    _require_zones_of_groups(settings, environment)
    _require_zones(environment, zones_of_region(provider))


def zones_of_region(provider: aws.Provider) -> list[str]:
    """The zones that this account has in the provider's region, without local and wavelength zones."""
    found = aws.get_availability_zones(
        state="available",
        filters=[aws.GetAvailabilityZonesFilterArgs(name="zone-type", values=["availability-zone"])],
        opts=pulumi.InvokeOptions(provider=provider),
    )
    return list(found.names)


def _require_zones(environment: Environment, there_are: list[str]) -> None:
    missing = [zone for zone in environment.availability_zones if zone not in there_are]
    if missing:
        raise ProgramInputError(
            "settings-invalid",
            f"`availability_zones` names {', '.join(missing)}, which the account has not in {environment.region}; "
            f"allowed are two to {MOST_ZONES} of {', '.join(there_are)}",
            at=f"shared/environments/{environment.name}.yaml, availability_zones",
            hint=f"edit shared/environments/{environment.name}.yaml",
        )


def _require_zones_of_groups(settings: InfrastructureSettings, environment: Environment) -> None:
    for name, group in settings.node_groups.items():
        unknown = [zone for zone in group.zones if zone not in environment.availability_zones]
        if unknown:
            allowed = ", ".join(environment.availability_zones)
            raise _refused(
                f"node_groups.{name}.zones",
                f"`node_groups.{name}.zones` names {', '.join(unknown)}, where {environment.name} has no subnets; "
                f"allowed are {allowed}{nearest(unknown[0], environment.availability_zones)}",
            )


def _refused(setting: str, what: str) -> ProgramInputError:
    file = f"Pulumi.{pulumi.get_stack()}.yaml of {pulumi.get_project()}"
    return ProgramInputError("settings-invalid", what, at=f"{file}, {setting}", hint=f"edit {file}")
