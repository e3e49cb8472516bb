"""The contract that tier 2 publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pulumi


@dataclass(frozen=True, kw_only=True)
class PlatformAddons:
    """The cluster-wide services of one environment."""

    project: ClassVar[str] = "platform-addons"
    version: ClassVar[int] = 2

    addons: pulumi.Output[list[str]]
    """Names of the installed add-ons, in alphabetical order."""
    role_arns: pulumi.Output[dict[str, str]]
    """IAM roles of the add-ons that have one, by add-on."""
    ingress_class_name: pulumi.Output[str]
    """IngressClass that applications use."""
