"""An environment: account, region, owner and tags, which all tiers share.

Each environment has one file, `shared/environments/<name>.yaml`, which is merged over `common.yaml`. Stack files hold
only the settings of their tier. Both programs and `tiers` read these files, so this module does not import Pulumi.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.environment_variables import ENVIRONMENT_SUFFIX, PLATFORM_ACCOUNT_ID
from shared.errors import BadInput, nearest
from shared.host_names import RESERVED_DOMAINS, is_host_name, overlap
from shared.models import parse
from shared.naming import require_dns_label
from shared.yaml_files import read_mapping

DIRECTORY = Path(__file__).parent / "environments"

COMMON = "common"
"""Name of the file with the values that all environments share; not itself an environment."""


class AwsProviderFlags(BaseModel):
    """AWS provider options that differ when AWS is emulated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    s3_use_path_style: bool = Field(default=False, description="Use path-style bucket addresses instead of host names.")
    skip_credentials_validation: bool = Field(default=False, description="Do not validate credentials with STS.")
    skip_metadata_api_check: bool = Field(default=False, description="Do not query EC2 instance metadata.")
    skip_region_validation: bool = Field(default=False, description="Accept a region unknown to the provider.")


class Environment(BaseModel):
    """The content of one `shared/environments/<name>.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="Name of the environment, and of its stacks in tiers 1, 2 and 4.")
    account_id: str = Field(
        default="",
        description="AWS account that the stacks may use, 12 digits; empty: taken from PLATFORM_ACCOUNT_ID.",
    )
    region: str = Field(description="AWS region of all regional resources.")
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = Field(
        default="aws", description="AWS partition, the second part of every ARN."
    )
    availability_zones: tuple[str, ...] = Field(
        min_length=2,
        max_length=4,
        description="Two to four availability zones, in subnet order; listed here because a looked-up list can change.",
    )
    owner: str = Field(description="Team responsible for the environment; the value of the tag `owner`.")
    organization: str = Field(
        default="organization",
        description="Pulumi organization in stack references: yours on Pulumi Cloud, otherwise `organization`.",
    )
    deploy_role_arn: str = Field(
        default="", description="Role that the AWS provider assumes; the caller's credentials if empty."
    )
    confirm: bool = Field(default=False, description="`tiers` asks before it changes anything, unless --yes is given.")
    backend_url: str = Field(default="", description="Pulumi state backend; the one from `pulumi login` if empty.")
    secrets_provider: str = Field(
        default="", description="Secrets provider of new stacks, such as awskms://alias/pulumi; the backend's if empty."
    )
    aws: AwsProviderFlags = Field(default_factory=AwsProviderFlags, description="Options of the AWS provider.")
    allowed_domains: tuple[str, ...] = Field(
        default=(),
        description="Domains that tenants' hosts must be below; empty: no tenant can have a host.",
    )
    trusted_account_ids: tuple[str, ...] = Field(
        default=(),
        description="AWS accounts besides `account_id` whose roles may deploy tenants and whose ECR registries tenants "
        "may pull images from.",
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Additional tags of every AWS resource.")

    @field_validator("account_id")
    @classmethod
    def _twelve_digits(cls, value: str) -> str:
        if value and not re.fullmatch(r"[0-9]{12}", value):
            raise ValueError("an AWS account ID has 12 digits")
        return value

    @field_validator("allowed_domains")
    @classmethod
    def _own_domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        for domain in domains:
            if not is_host_name(domain):
                raise ValueError(f"{domain!r} is not a complete domain name such as example.com")
            if any(overlap(domain, reserved) for reserved in RESERVED_DOMAINS):
                raise ValueError(f"{domain!r} belongs to AWS, to the cluster or to DNS itself")
        return domains

    @field_validator("trusted_account_ids")
    @classmethod
    def _each_twelve_digits(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"[0-9]{12}", value):
                raise ValueError(f"{value!r} is not an AWS account ID, which has 12 digits")
        return values

    @model_validator(mode="after")
    def _zones_of_the_region(self) -> Environment:
        zones = self.availability_zones
        if len(set(zones)) < len(zones) or not all(re.fullmatch(f"{self.region}[a-z]", zone) for zone in zones):
            raise ValueError(
                f"availability_zones are {', '.join(zones)}; allowed are two to four different zones of {self.region}, "
                f"such as {self.region}a"
            )
        return self

    @cached_property
    def suffix(self) -> str:
        """Environment suffix: part of every physical name and tag, never of a logical name."""
        value = os.environ.get(ENVIRONMENT_SUFFIX.name) or self.name
        return require_dns_label(value, what="environment suffix", at=f"environment variable {ENVIRONMENT_SUFFIX.name}")

    @property
    def known_account(self) -> str:
        """The account ID as configured, not validated; empty if neither the file nor the variable sets one."""
        return self.account_id or os.environ.get(PLATFORM_ACCOUNT_ID.name, "")

    @property
    def account(self) -> str:
        """The account ID.

        Raises:
            BadInput: `account-missing`, if neither the file nor the variable sets a valid one.
        """
        given = os.environ.get(PLATFORM_ACCOUNT_ID.name, "")
        value = self.known_account
        if not re.fullmatch(r"[0-9]{12}", value):
            raise BadInput(
                "account-missing",
                f"environment {self.name} has no valid AWS account ID of 12 digits",
                at=f"environment variable {PLATFORM_ACCOUNT_ID.name}"
                if given
                else f"shared/environments/{self.name}.yaml, account_id",
                hint=f"export {PLATFORM_ACCOUNT_ID.name}=<12 digits>",
            )
        return value

    def check_variables(self, *, account: bool) -> None:
        """Validates what environment variables change, before anything is done with it.

        Args:
            account: whether the account is needed.

        Raises:
            BadInput: as `suffix` and `account` do.
        """
        _ = self.suffix
        if account:
            _ = self.account


def environment_names() -> list[str]:
    """The environments that have a file, in alphabetical order."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yaml") if path.stem != COMMON)


def load_environment(name: str, *, named_by: str = "shared/environments") -> Environment:
    """Reads `shared/environments/<name>.yaml`, merged over `common.yaml`.

    Args:
        named_by: where `name` was given, for the error message.

    Raises:
        BadInput: `environment-unknown`, `environment-invalid`.
    """
    names = environment_names()
    if name not in names:
        raise BadInput(
            "environment-unknown",
            f"there is no environment {name!r}{nearest(name, names)}",
            at=named_by,
            hint=f"use one of: {', '.join(names)}",
        )
    where = f"shared/environments/{name}.yaml"
    own = read_mapping(DIRECTORY / f"{name}.yaml", at=where, code="environment-invalid")
    if own.get("name", name) != name:
        raise BadInput(
            "environment-invalid",
            f"`name` does not match the file name, {name!r}",
            at=f"{where}, name",
            hint=f"edit {where}",
        )
    content = {**_common(), "name": name, **own}
    return parse(Environment, content, at=where, code="environment-invalid")


def _common() -> dict[str, Any]:
    """The values that all environments share; the file is optional."""
    path = DIRECTORY / f"{COMMON}.yaml"
    where = f"shared/environments/{COMMON}.yaml"
    return dict(read_mapping(path, at=where, code="environment-invalid")) if path.exists() else {}
