"""Settings of the pipelines' roles."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from shared.github import Repository
from shared.settings import Settings


class GithubSettings(Settings):
    """This repository's GitHub pipelines, and the settings of their roles."""

    repository: Repository = Field(description="This repository on GitHub, `owner/name`.")
    oidc_provider: Literal["create", "existing"] = Field(
        default="create", description="GitHub's OIDC provider: one per account, so a second stack uses `existing`."
    )
    environment: str = Field(
        default="", description="GitHub environment whose jobs may deploy; empty: the name of the stack's environment."
    )
    state_bucket_arn: str = Field(
        default="",
        description="S3 bucket of the stack states, which previews read; empty: states are stored elsewhere.",
    )
    state_key_arn: str = Field(
        default="", description="KMS key of the stack secrets; empty: the secrets provider is not KMS."
    )
    permissions_boundary_arn: str = Field(
        default="", description="Permissions boundary of the pipelines' roles; none if empty."
    )

    @field_validator("environment")
    @classmethod
    def _is_no_tenants_environment(cls, value: str) -> str:
        if "." in value:
            raise ValueError(f"{value!r} has a dot, as the GitHub environments of tenants do, such as dev.tenant-a")
        return value


class CiSettings(Settings):
    github: GithubSettings | None = Field(
        default=None, description="IAM roles of this repository's pipelines; default: none."
    )
