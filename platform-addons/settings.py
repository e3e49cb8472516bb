"""Settings of the add-ons tier, one model a concern; each field is a key of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.settings import Settings


class ClusterAutoscalerSettings(Settings):
    autoscaler_expander: Literal["least-waste", "most-pods", "random"] = Field(
        default="least-waste",
        description="How the autoscaler chooses among node groups that would fit a pending pod.",
    )
    autoscaler_unneeded_minutes: int = Field(
        default=10, ge=1, description="Minutes that a node must be superfluous before it is removed."
    )


class PlatformAddonsSettings(ClusterAutoscalerSettings):
    """All keys of the tier."""
