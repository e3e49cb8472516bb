"""Settings of the demo application; each field is a key of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from pydantic import Field

from shared.application_settings import ApplicationSettings
from shared.versions import DEMO_IMAGE


class DemoSettings(ApplicationSettings):
    tenant: str = Field(default="tenant-a", description="Tenant in whose namespace the application is deployed.")
    image_repository: str = Field(
        default=DEMO_IMAGE.value.partition(":")[0],
        description="Repository of the container image, without tag and digest.",
    )
    root_response: str = Field(default="Welcome to the demo", description="Response text of `/`.")
    api_response: str = Field(default="Welcome to the demo API", description="Response text of `/api`.")
