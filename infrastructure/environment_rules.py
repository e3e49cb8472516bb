"""Consistency of the settings with the environment, checked before any resource is registered."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from address_plan import MOST_ZONES
from settings import InfrastructureSettings

from shared.environment import Environment
from shared.errors import nearest
from shared.program_errors import ProgramInputError

DISPOSABLE = ("dev", "local")
"""Environments whose tenant data may be destroyed with them."""


def require_agreement(settings: InfrastructureSettings, environment: Environment, provider: aws.Provider) -> None:
    """Raises ProgramInputError with the setting and the allowed values."""
    if settings.force_destroy and environment.name not in DISPOSABLE:
        raise _refused(
            "force_destroy",
            f"`force_destroy` is true in {environment.name}; it is allowed only in {' and '.join(DISPOSABLE)}",
        )
    if settings.bucket_key_arn and settings.bucket_key_arn.split(":")[3] != environment.region:
        raise _refused(
            "bucket_key_arn",
            f"`bucket_key_arn` is a key in {settings.bucket_key_arn.split(':')[3]}; "
            f"it must be in {environment.region}, the region of the bucket",
        )
    if settings.interface_endpoints and environment.partition == "aws-cn":
        raise _refused(
            "interface_endpoints",
            "`interface_endpoints` is not supported in partition aws-cn, where endpoint services have other names",
        )
    _require_zones_of_groups(settings, environment)
    _require_zones(environment, zones_of_region(provider))


def zones_of_region(provider: aws.Provider) -> list[str]:
    """The zones available to this account in the provider's region, without local and wavelength zones."""
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
            f"`availability_zones`: {', '.join(missing)} not available to this account in {environment.region}; "
            f"use two to {MOST_ZONES} of {', '.join(there_are)}",
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
                f"use zones of {allowed}{nearest(unknown[0], environment.availability_zones)}",
            )


def _refused(setting: str, what: str) -> ProgramInputError:
    file = f"Pulumi.{pulumi.get_stack()}.yaml of {pulumi.get_project()}"
    return ProgramInputError("settings-invalid", what, at=f"{file}, {setting}", hint=f"edit {file}")
