"""The tags that every AWS resource has, used to find costs, owners and resources left behind by a destroy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.policies.rule import Rule
from shared.policies.view import ResourceView

REQUIRED = ("environment", "environment_suffix", "owner", "project", "managed-by")
"""Keys of `shared.tags.standard_tags`; a test keeps the two in sync."""

REPEATED = ("environment_suffix", "owner")
"""Tags that a launch template sets on the resources EC2 creates from it."""


def bears_the_required_tags(view: ResourceView) -> str | None:
    if view.provider is None:
        return None
    defaults: Mapping[str, Any] = view.provider_get("defaultTags.tags") or {}
    tags = {**defaults, **view.get("tags", {})}
    missing = [key for key in REQUIRED if not tags.get(key)]
    return f"missing tags: {', '.join(missing)}" if missing else None


def instances_bear_tags(view: ResourceView) -> str | None:
    given: dict[Any, Mapping[str, Any]] = {
        spec.get("resourceType"): spec.get("tags") or {} for spec in view.items("tagSpecifications")
    }
    for kind in ("instance", "volume"):
        missing = [key for key in REPEATED if not given.get(kind, {}).get(key)]
        if missing:
            return f"tagSpecifications for {kind} lack {', '.join(missing)}"
    return None


RULES = (
    Rule(
        id="required-tags",
        description="Every AWS resource has the platform's tags, from its provider's default tags",
        source="AWS, Tagging best practices; `tiers audit` uses them to find leftover resources",
        hint="create the provider with shared.providers.aws_provider, and do not override its tags with empty values",
        types=("aws:",),
        check=bears_the_required_tags,
    ),
    Rule(
        id="instance-tags",
        description="A launch template tags what EC2 creates with suffix and owner: default tags do not apply there",
        source="EC2 user guide, launch templates, `TagSpecifications`",
        hint="add tag_specifications for instance and volume",
        types=("aws:ec2/launchTemplate:LaunchTemplate",),
        check=instances_bear_tags,
    ),
)
