"""Settings of the demo application; each field is a key of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from pydantic import Field

from shared.application_settings import ApplicationSettings


class DemoSettings(ApplicationSettings):
    tenant: str = Field(default="tenant-a", description="Tenant in whose namespace the application is deployed.")
    release_name: str = Field(
        default="demo", description="Name of the application's objects; a change replaces all of them."
    )
    root_response: str = Field(default="Welcome to the demo", description="Response text of `/`.")
    api_response: str = Field(default="Welcome to the demo API", description="Response text of `/api`.")
