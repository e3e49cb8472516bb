"""The add-ons of the tier, discovered in `addons/` and checked for consistency before anything is deployed.

Every module or package there has an `ADDON`. Problems that a setting can fix are reported as invalid settings;
problems that only the author of an add-on can fix are `addons-invalid` errors that name the add-on.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any, cast

import addons
import networkx as nx
from addon import Addon

from shared.program_errors import ProgramError


def declared() -> dict[str, Addon]:
    """Every add-on by name, in dependency order.

    Raises:
        ProgramError: `addons-invalid`.
    """
    modules = sorted(module.name for module in pkgutil.iter_modules(addons.__path__))
    return in_order(importlib.import_module(f"addons.{name}").ADDON for name in modules)


def in_order(found: Iterable[Addon]) -> dict[str, Addon]:
    """The add-ons by name, in dependency order, then by name.

    Raises:
        ProgramError: `addons-invalid`: a duplicate name, a capability that two add-ons provide without a conflict
            declared, a capability that no add-on provides, or a cycle.
    """
    by_name: dict[str, Addon] = {}
    for addon in found:
        if addon.name in by_name:
            raise _invalid(addon, "another add-on has the same name", "give it another `name`")
        by_name[addon.name] = addon
    providers = _providers(by_name)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(by_name))
    for addon in by_name.values():
        for capability in addon.requires:
            if capability not in providers:
                raise _invalid(
                    addon,
                    f"it requires {capability!r}, which no add-on provides",
                    f"known are {', '.join(sorted(providers))}",
                )
            graph.add_edges_from((provider, addon.name) for provider in providers[capability])
    try:
        order = list(nx.lexicographical_topological_sort(graph))
    except nx.NetworkXUnfeasible:
        # The stubs leave the type of an edge open.
        cycle: list[tuple[str, str]] = cast(Any, nx).find_cycle(graph)
        round_ = [edge[0] for edge in cycle]
        raise _invalid(
            by_name[min(round_)],
            f"it requires itself: {' <- '.join([*round_, round_[0]])}",
            "remove one `requires` from the cycle",
        ) from None
    return {name: by_name[name] for name in order}


def wrong_choice(all_addons: Mapping[str, Addon], chosen: Iterable[str]) -> str | None:
    """Why these add-ons cannot be combined, with the settings that fix it; `None` if they can."""
    on = [all_addons[name] for name in all_addons if name in set(chosen)]
    providers = _providers(all_addons)
    provided = {capability for addon in on for capability in addon.capabilities}
    for addon in on:
        for capability in addon.requires:
            if capability not in provided:
                switches = " or ".join(f"{all_addons[name].switch}: true" for name in providers[capability])
                return f"{addon.switch}: {addon.name} requires {capability}: set {switches}"
        for other in on:
            both = other.capabilities & set(addon.conflicts)
            if both and other is not addon:
                return (
                    f"{addon.switch}: {addon.name} and {other.name} exclude each other ({', '.join(sorted(both))}): "
                    f"set {addon.switch}: false or {other.switch}: false"
                )
    return None


def requirements(all_addons: Mapping[str, Addon], name: str) -> list[str]:
    """Names of the add-ons that provide the requirements of add-on `name`."""
    providers = _providers(all_addons)
    return sorted({provider for capability in all_addons[name].requires for provider in providers[capability]})


def _providers(by_name: Mapping[str, Addon]) -> dict[str, list[str]]:
    providers: dict[str, list[str]] = {}
    for name, addon in by_name.items():
        for capability in addon.capabilities:
            providers.setdefault(capability, []).append(name)
    return providers


def _invalid(addon: Addon, what: str, hint: str) -> ProgramError:
    return ProgramError("addons-invalid", what, at=f"add-on {addon.name} in platform-addons/addons", hint=hint)
