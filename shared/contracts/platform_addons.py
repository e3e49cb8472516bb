"""What tier 2 publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pulumi


@dataclass(frozen=True, kw_only=True)
class PlatformAddons:
    """The cluster-wide services of one environment."""

    project: ClassVar[str] = "platform-addons"
    version: ClassVar[int] = 1

    addons: pulumi.Output[list[str]]
    """Names of the add-ons in place, in alphabetical order."""
    cluster_autoscaler_role_arn: pulumi.Output[str]
    ingress_class_name: pulumi.Output[str]
    """IngressClass that applications name."""
