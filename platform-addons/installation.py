"""Deploys the enabled add-ons of one cluster in dependency order.

Add-ons without a version for this cluster are refused before the first resource is registered: its Kubernetes minor and
workload identity method are read from the infrastructure's current outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from addon import AddonArgs, AddonComponent
from addon_graph import requirements
from settings import ADDONS, ChosenAddons
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.program_errors import ProgramInputError
from shared.versions import KUBERNETES


@dataclass(frozen=True, kw_only=True)
class Installation:
    context: StackContext
    settings: ChosenAddons
    infrastructure: Infrastructure
    cluster: Mapping[str, Any]
    """Published infrastructure outputs; empty in a preview before it exists, when the platform's pins are used."""

    def deploy(self, opts: pulumi.ResourceOptions) -> dict[str, AddonComponent]:
        """The components by add-on.

        Raises:
            ProgramInputError: `addon-version-unknown`, before anything is registered.
        """
        versions = self._versions()
        identity = self.cluster.get("workload_identity", "irsa")
        made: dict[str, AddonComponent] = {}
        for name in self.settings.chosen:
            args = AddonArgs(
                context=self.context,
                settings=self.settings,
                infrastructure=self.infrastructure,
                version=versions[name],
                identity=identity,
                after=[made[required] for required in requirements(ADDONS, name) if required in made],
            )
            made[name] = ADDONS[name].component(name, args, opts)
        return made

    def _versions(self) -> dict[str, str]:
        minor = self.cluster.get("cluster_version", KUBERNETES.value)
        given = self.settings.addon_versions
        pins = {name: pin(minor) for name in self.settings.chosen if (pin := ADDONS[name].pin) is not None}
        unknown = [name for name, pin in pins.items() if pin is None and name not in given]
        if unknown:
            raise ProgramInputError(
                "addon-version-unknown",
                f"no version for Kubernetes {minor} is known for {', '.join(unknown)}",
                at="shared/versions.py",
                hint=f"set one in the stack file: platform-addons:addon_versions: {{{unknown[0]}: <version>}}, "
                f"or disable it: platform-addons:{ADDONS[unknown[0]].switch}: false",
            )
        known = {name: pin.value for name, pin in pins.items() if pin is not None}
        return {**dict.fromkeys(self.settings.chosen, ""), **known, **given}
