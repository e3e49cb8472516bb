"""The add-ons of tier 2 and which of them a stack's settings enable, for display; read from files only."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.errors import BadInput
from shared.versions import KUBERNETES
from tooling.paths import REPOSITORY
from tooling.runner.project_files import stack_file_path, stack_settings

_DIRECTORY = REPOSITORY / "platform-addons"


@dataclass(frozen=True, kw_only=True)
class AddonRow:
    name: str
    enabled: bool
    summary: str
    namespace: str
    """Empty if it has cluster-wide objects only."""
    requires: list[str]
    provides: list[str]
    conflicts: list[str]
    version: str
    """For the platform's Kubernetes minor, unless the stack sets another; empty if it runs no program."""


def addon_rows(environment: str) -> list[AddonRow]:
    """Every add-on, each after what it requires.

    Raises:
        BadInput: `settings-invalid`. PlatformError: `addons-invalid`.
    """
    # Imported here, since they import the SDK.
    from shared.dry_runs.modules import load_module
    from shared.settings import parse_settings

    module = load_module(_DIRECTORY, "settings")
    given = {key.rpartition(":")[2]: value for key, value in stack_settings(_DIRECTORY, environment).items()}
    settings = parse_settings(
        module.PlatformAddonsSettings,
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()},
        at=stack_file_path(_DIRECTORY, environment, environment) or "platform-addons",
        error=BadInput,
    )
    chosen = set(settings.chosen)
    rows = []
    for addon in module.ADDONS.values():
        pin = addon.pin(KUBERNETES.value) if addon.pin is not None else None
        rows.append(
            AddonRow(
                name=addon.name,
                enabled=addon.name in chosen,
                summary=addon.summary,
                namespace=addon.namespace,
                requires=list(addon.requires),
                provides=list(addon.provides),
                conflicts=list(addon.conflicts),
                version=settings.addon_versions.get(addon.name, pin.value if pin is not None else ""),
            )
        )
    return rows
