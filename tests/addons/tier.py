"""Tier 2 of a clone on its lane, with every add-on switched on: what the tests of this directory share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml

from shared.testing import load_module
from tests.chain.clone import Clone
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

    def up(self) -> str:
        return self.clone.tiers("up", "platform-addons", "--stack", "local").stderr

    def settled(self) -> None:
        self.clone.tiers("preview", "platform-addons", "--stack", "local", "--expect-no-changes")

    def take_out_and_put_back(self, name: str) -> None:
        """With those that need it; the tier is settled in between and afterwards."""
        out = needing(name)
        self.set(**switches(out, on=False))
        self.up()
        assert self.promised() == self.components() == ON - out
        self.settled()
        self.set()
        self.up()
        assert self.promised() == self.components() == ON
        self.settled()

    def promised(self) -> set[str]:
        outputs = self.clone.tiers("outputs", "platform-addons", "--stack", "local", "--json").document["outputs"]
        return set(outputs["addons"])

    def components(self) -> set[str]:
        """Names of the add-ons that the state holds something of."""
        file = self.clone.local / "state/.pulumi/stacks/platform-addons/local.json"
        resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
        urns = (one["urn"].rpartition("::")[2] for one in resources if one["type"].startswith("platform:"))
        return set(urns)

    def get(self, *what: str) -> list[dict[str, Any]]:
        path = self.clone.local / "admin.kubeconfig"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(self.clone.tiers("kubeconfig", "--stack", "local").stdout)
        return yaml.safe_load(self.clone.kubectl(path, "get", *what, "-o", "yaml").stdout)["items"]


def switches(names: Iterable[str], *, on: bool) -> dict[str, bool]:
    return {ADDONS[name].switch: on for name in names}
