"""Settings that every application has: its tenant, its image, how many pods, and where it answers.

An application's own settings are a subclass in its `settings.py`. `image_tag` and `image_digest` have no useful
default: which image an environment runs is what its stack file says.
"""

from __future__ import annotations

import re

from pydantic import Field, field_validator, model_validator

from shared.image_registries import parse_registry
from shared.models import WholeNumber
from shared.settings import Settings

# Source: OCI Distribution Specification, "Pulling manifests", <reference>; OCI Image Specification, "Digests".
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class ApplicationSettings(Settings):
    tenant: str = Field(description="Tenant in whose namespace the application is deployed.")
    image_repository: str = Field(default="", description="Repository of the container image, without tag and digest.")
    image_tag: str = Field(default="", description="Tag of the container image, such as v1.0.0.")
    image_digest: str = Field(
        default="", description="Digest of the container image, `sha256:…`; takes precedence over `image_tag`."
    )
    replicas: WholeNumber = Field(default=2, ge=1, description="Minimum number of pods.")
    max_replicas: WholeNumber = Field(default=4, ge=1, description="Maximum number of pods.")
    host: str = Field(default="", description="One of the tenant's hosts; empty: the first one.")
    port: WholeNumber = Field(
        default=8080, ge=1, le=65535, description="Port of the application; one of the tenant's web ports."
    )
    certificate_arn: str = Field(default="", description="ARN of the host's ACM certificate; empty: plain HTTP.")

    @field_validator("image_repository")
    @classmethod
    def _repository(cls, value: str) -> str:
        if value:
            require_repository(value)
        return value

    @field_validator("image_tag")
    @classmethod
    def _tag(cls, value: str) -> str:
        if value and not _TAG.fullmatch(value):
            raise ValueError(f"{value!r} is not an image tag such as v1.0.0")
        return value

    @field_validator("image_digest")
    @classmethod
    def _digest(cls, value: str) -> str:
        if value and not _DIGEST.fullmatch(value):
            raise ValueError(f"{value!r} is not an image digest: sha256: and 64 hexadecimal digits")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ApplicationSettings:
        if not self.image_tag and not self.image_digest:
            raise ValueError("neither image_tag nor image_digest is set")
        if self.replicas > self.max_replicas:
            raise ValueError(f"replicas {self.replicas} is more than max_replicas {self.max_replicas}")
        return self


def require_repository(value: str) -> None:
    """Raises a ValueError unless `value` is `host/path`."""
    try:
        path = parse_registry(value).path
    except ValueError:
        path = ()
    if not path:
        raise ValueError(f"{value!r} is not an image repository such as ghcr.io/team-a/shop, without tag and digest")


def image_reference(repository: str, *, tag: str = "", digest: str = "") -> str:
    """`<repository>@<digest>`, or `<repository>:<tag>` without a digest."""
    return f"{repository}@{digest}" if digest else f"{repository}:{tag}"
