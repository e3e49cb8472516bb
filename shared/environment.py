"""An environment: account, region, owner and tags, which all tiers share.

One file an environment, `shared/environments/<name>.yaml`, on top of `common.yaml`, which says once what they have in
common; stack files hold only what a tier adds. Read by programs and by `tiers`, hence no import of Pulumi.
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
"""Name of the file that every environment begins with; no environment itself."""


class AwsProviderFlags(BaseModel):
    """Switches of the AWS provider that differ where AWS is emulated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    s3_use_path_style: bool = Field(default=False, description="Address buckets by path, not by host name.")
    skip_credentials_validation: bool = Field(default=False, description="Do not ask STS whether the keys are valid.")
    skip_metadata_api_check: bool = Field(default=False, description="Do not look for EC2 instance metadata.")
    skip_region_validation: bool = Field(default=False, description="Accept a region that the provider does not know.")


class Environment(BaseModel):
    """The content of one `shared/environments/<name>.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="The environment, which is also the stack's name in tiers 1, 2 and 4.")
    account_id: str = Field(
        default="",
        description="AWS account that the stacks may touch, 12 digits; empty: taken from PLATFORM_ACCOUNT_ID.",
    )
    region: str = Field(description="AWS region of everything regional.")
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = Field(default="aws", description="First part of every ARN.")
    availability_zones: tuple[str, ...] = Field(
        min_length=2,
        max_length=4,
        description="Two to four zones of the region, in the order of subnets; named, as a looked-up list may change.",
    )
    owner: str = Field(description="Team that answers for the environment; the tag `owner`.")
    organization: str = Field(
        default="organization",
        description="Pulumi organization in stack references: the real one on Pulumi Cloud, else `organization`.",
    )
    deploy_role_arn: str = Field(
        default="", description="Role that the AWS provider assumes; empty: the caller's own credentials."
    )
    confirm: bool = Field(default=False, description="`tiers` asks before it changes anything, or wants --yes.")
    backend_url: str = Field(default="", description="Pulumi state backend; empty: the one `pulumi login` chose.")
    secrets_provider: str = Field(
        default="", description="Secrets provider of new stacks, such as awskms://alias/pulumi; empty: the backend's."
    )
    aws: AwsProviderFlags = Field(default_factory=AwsProviderFlags, description="Switches of the AWS provider.")
    allowed_domains: tuple[str, ...] = Field(
        default=(),
        description="Domains below which tenants' hosts lie; empty: no tenant may have a host.",
    )
    trusted_account_ids: tuple[str, ...] = Field(
        default=(),
        description="AWS accounts besides `account_id` whose roles may deploy tenants, and whose ECR tenants' images "
        "may come from.",
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Further tags of every AWS resource.")

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
                raise ValueError(f"{domain!r} is not a whole domain such as example.com")
            if any(overlap(domain, reserved) for reserved in RESERVED_DOMAINS):
                raise ValueError(f"{domain!r} belongs to AWS, to the cluster or to DNS itself")
        return domains

    @field_validator("trusted_account_ids")
    @classmethod
    def _each_twelve_digits(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"[0-9]{12}", value):
                raise ValueError(f"{value!r} is no AWS account ID, which has 12 digits")
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
        """The seeds' `environment_suffix`: in every physical name and tag, never in a logical name."""
        value = os.environ.get(ENVIRONMENT_SUFFIX.name) or self.name
        return require_dns_label(value, what="environment suffix", at=f"environment variable {ENVIRONMENT_SUFFIX.name}")

    @property
    def known_account(self) -> str:
        """The account ID as given, which may be none; empty where neither the file nor the variable names one."""
        return self.account_id or os.environ.get(PLATFORM_ACCOUNT_ID.name, "")

    @property
    def account(self) -> str:
        """The account ID.

        Raises:
            BadInput: `account-missing`, where neither the file nor the variable names one.
        """
        given = os.environ.get(PLATFORM_ACCOUNT_ID.name, "")
        value = self.known_account
        if not re.fullmatch(r"[0-9]{12}", value):
            raise BadInput(
                "account-missing",
                f"environment {self.name} names no AWS account of 12 digits",
                at=f"environment variable {PLATFORM_ACCOUNT_ID.name}"
                if given
                else f"shared/environments/{self.name}.yaml, account_id",
                hint=f"export {PLATFORM_ACCOUNT_ID.name}=<12 digits>",
            )
        return value


def environment_names() -> list[str]:
    """The environments that have a file, in alphabetical order."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yaml") if path.stem != COMMON)


def load_environment(name: str, *, named_by: str = "shared/environments") -> Environment:
    """Reads `shared/environments/<name>.yaml` on top of what environments have in common.

    Args:
        named_by: where a person wrote `name`, for the error.

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
            f"`name` is not the file's own name, {name!r}",
            at=f"{where}, name",
            hint=f"edit {where}",
        )
    content = {**_common(), "name": name, **own}
    return parse(Environment, content, at=where, code="environment-invalid")


def _common() -> dict[str, Any]:
    """What all environments say alike; a platform with one environment needs no such file."""
    path = DIRECTORY / f"{COMMON}.yaml"
    where = f"shared/environments/{COMMON}.yaml"
    return dict(read_mapping(path, at=where, code="environment-invalid")) if path.exists() else {}
