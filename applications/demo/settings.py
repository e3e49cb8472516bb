"""Settings of the demo application; each field is a key of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from pydantic import Field, model_validator

from shared.settings import Settings
from shared.versions import DEMO_IMAGE


class DemoSettings(Settings):
    tenant: str = Field(default="tenant-a", description="Tenant in whose namespace the application is deployed.")
    image: str = Field(default=DEMO_IMAGE.value, description="Container image, with tag or digest.")
    greeting: str = Field(default="Hello from the platform", description="Response text of the application.")
    host: str = Field(default="", description="One of the tenant's hosts; empty: the first one.")
    port: int = Field(
        default=8080, ge=1, le=65535, description="Port of the application; one of the tenant's web ports."
    )
    certificate_arn: str = Field(default="", description="ARN of the host's ACM certificate; empty: plain HTTP.")
    min_replicas: int = Field(default=2, ge=1, description="Minimum number of pods.")
    max_replicas: int = Field(default=4, ge=1, description="Maximum number of pods.")

    @model_validator(mode="after")
    def _replicas_in_order(self) -> DemoSettings:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas {self.min_replicas} is more than max_replicas {self.max_replicas}")
        return self
