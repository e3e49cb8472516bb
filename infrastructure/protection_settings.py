"""The setting that several settings models share: whether resources that hold data may be destroyed."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class ProtectionSettings(Settings):
    protect: bool = Field(
        default=True,
        description="Protect the cluster, the key and the tenants' bucket from deletion, in Pulumi and in EKS.",
    )
