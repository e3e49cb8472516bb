"""Tier 2 of a clone on its lane, with every add-on switched on: what the tests of this directory share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from shared.testing import load_module
from tests.chain.clone import Clone
from tests.chain.deployed import Deployment
from tests.everything_on import SETTINGS
from tooling.paths import REPOSITORY

GRAPH = load_module(REPOSITORY / "platform-addons", "addon_graph")
ADDONS = load_module(REPOSITORY / "platform-addons", "settings").ADDONS
ON = {name for name, addon in ADDONS.items() if addon.enabled or SETTINGS["platform-addons"].get(addon.switch)}
CONTROLLER = "aws-load-balancer-controller"
GUARDRAILS = "admission-policies"


def needing(name: str) -> set[str]:
    """The add-on and those that are on and cannot be without it."""
    found = {name}
    while True:
        more = {one for one in ON - found if found & set(GRAPH.requirements(ADDONS, one))}
        if not more:
            return found
        found |= more


class Tier:
    """Tier 2 of a clone on its lane."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self._file = clone.path / "platform-addons/Pulumi.local.yaml"
        self._first = yaml.safe_load(self._file.read_text())["config"]

    def set(self, **settings: Any) -> None:
        """These on top of everything on."""
        wanted = {**SETTINGS["platform-addons"], **settings}
        config = {**self._first, **{f"platform-addons:{key}": value for key, value in wanted.items()}}
        self._file.write_text(yaml.safe_dump({"config": config}))

    def keep_one_tenant(self) -> None:
        """Leaves tenant-a alone in the catalog: the others would take time and use the same."""
        for file in (self.clone.path / "tenants/catalog").glob("*.yaml"):
            if file.stem != "tenant-a":
                file.unlink()

    def up(self, *further: str) -> dict[str, dict[str, int]]:
        """Counts of resources by operation, by stack; `further` tiers are deployed after this one."""
        document = self.clone.tiers("up", "platform-addons", *further, "--stack", "local", "--json").document
        assert {stack["status"] for stack in document["stacks"]} == {"done"}, document
        return {stack["stack"]: stack["changes"] for stack in document["stacks"]}

    def settled(self, *further: str) -> None:
        self.clone.tiers("preview", "platform-addons", *further, "--stack", "local", "--expect-no-changes")

    def promised(self) -> set[str]:
        """Names of the add-ons that the contract with the next tiers has."""
        return set(self.clone.outputs("platform-addons")["addons"])

    def components(self) -> set[str]:
        """Names of the add-ons that the state holds something of."""
        resources = self.clone.resources("platform-addons")
        return {one["urn"].rpartition("::")[2] for one in resources if one["type"].startswith("platform:")}

    def get(self, *what: str) -> list[dict[str, Any]]:
        found = self.clone.kubectl(self.clone.administrator, "get", *what, "-o", "json")
        return found.document["items"]


def switches(names: Iterable[str], *, on: bool) -> dict[str, bool]:
    return {ADDONS[name].switch: on for name in names}


def _configure(clone: Clone) -> None:
    tier = Tier(clone)
    tier.set()
    tier.keep_one_tenant()


EVERY_ADDON = Deployment(
    name="every-add-on",
    configure=_configure,
    deploy=lambda clone: clone.tiers("up", "infrastructure", "platform-addons", "tenants", "--stack", "local"),
    files=("tests/everything_on.py", "tests/addons/tier.py"),
)
"""Tiers 1 and 2 with every add-on, and a tenant that uses what it can use."""
