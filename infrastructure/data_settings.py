"""Settings of resources that hold data: the KMS key and the tenants' bucket."""

from __future__ import annotations

import re

from protection_settings import ProtectionSettings
from pydantic import Field, field_validator


class EncryptionSettings(ProtectionSettings):
    key_deletion_window_days: int = Field(
        default=7, ge=7, le=30, description="Days between scheduling the KMS key's deletion and its deletion by AWS."
    )


class StorageSettings(ProtectionSettings):
    force_destroy: bool = Field(
        default=False,
        description="Allow the tenants' bucket and image repositories to be deleted with what they contain; in local "
        "and dev only.",
    )
    bucket_key_arn: str = Field(
        default="",
        description="KMS key of the tenants' bucket, which tenant roles may then use; empty: S3 managed keys (AES256).",
    )
    noncurrent_version_days: int = Field(
        default=90,
        ge=1,
        description="Days that overwritten and deleted objects in the tenants' bucket can be restored.",
    )

    @field_validator("bucket_key_arn")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        if value and not re.fullmatch(r"arn:aws[-a-z]*:kms:[-a-z0-9]+:\d{12}:key/[-0-9a-zA-Z]+", value):
            raise ValueError(
                f"{value!r} is not of the form arn:<partition>:kms:<region>:<account>:key/<id>; not an alias"
            )
        return value
