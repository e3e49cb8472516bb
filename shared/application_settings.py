"""Settings that every application has: its tenant, its image, how many pods, and where it answers.

An application's own settings are a subclass in its `settings.py`. `image_tag` and `image_digest` have no useful
default: which image an environment runs is what its stack file says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pulumi
from pydantic import Field, field_validator, model_validator

from shared.contracts import Tenant
from shared.errors import nearest
from shared.image_registries import parse_registry
from shared.models import WholeNumber
from shared.program_errors import ProgramInputError
from shared.settings import Settings

# Source: OCI Distribution Specification, "Pulling manifests", <reference>; OCI Image Specification, "Digests".
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class ApplicationSettings(Settings):
    tenant: str = Field(description="Tenant in whose namespace the application is deployed.")
    namespace: str = Field(default="", description="One of the tenant's namespaces; empty: the first one.")
    image_repository: str = Field(
        default="",
        description="Repository of the container image, without tag and digest; empty: the tenant's repository with "
        "the name of the project.",
    )
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

    def image(self, tenant: Tenant) -> pulumi.Output[str]:
        """The image that the stack runs.

        Raises:
            ProgramInputError: `repository-missing`, once the tenant's repositories are known.
        """
        if self.image_repository:
            return pulumi.Output.from_input(self._reference(self.image_repository))
        project = pulumi.get_project()
        return pulumi.Output.all(tenant.tenant, tenant.repositories).apply(
            lambda facts: self._reference(own_repository(project, *facts))
        )

    def _reference(self, repository: str) -> str:
        return f"{repository}@{self.image_digest}" if self.image_digest else f"{repository}:{self.image_tag}"

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


def own_repository(name: str, tenant: str, repositories: Mapping[str, str]) -> str:
    """URL of the tenant's repository `name`.

    Raises:
        ProgramInputError: `repository-missing`.
    """
    if name not in repositories:
        catalog = f"tenants/catalog/{tenant}.yaml"
        raise ProgramInputError(
            "repository-missing",
            f"{tenant} has no image repository {name!r}: {', '.join(repositories) or 'it has none'}"
            f"{nearest(name, repositories)}",
            at=f"{catalog}, repositories",
            hint=f"add {name} to repositories in {catalog}, and deploy the tenant; or set image_repository",
        )
    return repositories[name]
