"""An environment: account, region, owner and tags, which all tiers share.

One file an environment, `shared/environments/<name>.yaml`; stack files hold only what a tier adds. Read by programs and
by `tiers`, hence no import of Pulumi.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.environment_variables import ENVIRONMENT_SUFFIX, PLATFORM_ACCOUNT_ID
from shared.errors import BadInput, nearest
from shared.models import parse
from shared.naming import require_dns_label

DIRECTORY = Path(__file__).parent / "environments"


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
        description="Zones of the network, in the order of its subnets; named here, since a looked-up list may change.",
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
    tags: dict[str, str] = Field(default_factory=dict, description="Further tags of every AWS resource.")

    @field_validator("account_id")
    @classmethod
    def _twelve_digits(cls, value: str) -> str:
        if value and not re.fullmatch(r"\d{12}", value):
            raise ValueError("an AWS account ID has 12 digits")
        return value

    @cached_property
    def suffix(self) -> str:
        """The seeds' `environment_suffix`: in every physical name and tag, never in a logical name."""
        value = os.environ.get(ENVIRONMENT_SUFFIX.name) or self.name
        return require_dns_label(
            value, what="environment suffix", where=f"environment variable {ENVIRONMENT_SUFFIX.name}"
        )

    @property
    def account(self) -> str:
        """The account ID.

        Raises:
            BadInput: `account-missing`, where neither the file nor the variable names one.
        """
        value = self.account_id or os.environ.get(PLATFORM_ACCOUNT_ID.name, "")
        if not re.fullmatch(r"\d{12}", value):
            raise BadInput(
                "account-missing",
                f"environment {self.name} names no AWS account of 12 digits",
                where=f"shared/environments/{self.name}.yaml, account_id",
                mend=f"export {PLATFORM_ACCOUNT_ID.name}=<12 digits>",
            )
        return value


def environment_names() -> list[str]:
    """The environments that have a file, in alphabetical order."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yaml"))


def load_environment(name: str) -> Environment:
    """Reads `shared/environments/<name>.yaml`.

    Raises:
        BadInput: `environment-unknown`, `environment-invalid`.
    """
    names = environment_names()
    if name not in names:
        raise BadInput(
            "environment-unknown",
            f"there is no environment {name!r}{nearest(name, names)}",
            where="shared/environments",
            mend=f"use one of: {', '.join(names)}",
        )
    path = DIRECTORY / f"{name}.yaml"
    where = f"shared/environments/{name}.yaml"
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadInput(
            "environment-invalid", f"{where} is not YAML: {error.__class__.__name__}", where=where, mend=f"edit {where}"
        ) from error
    return parse(Environment, {"name": name, **(content or {})}, where=where, code="environment-invalid")
