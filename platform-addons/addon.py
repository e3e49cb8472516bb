"""The declaration of an add-on: settings, requirements, capabilities, version, and the component that deploys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pulumi
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.iam import IdentityMethod
from shared.settings import Settings
from shared.versions import Pin

S_co = TypeVar("S_co", bound=Settings, covariant=True)
PinOfMinor = Callable[[str], Pin | None]
"""Maps a Kubernetes minor to the matching version pin; `None` if none is known."""


@dataclass(frozen=True, kw_only=True)
class AddonArgs(Generic[S_co]):
    """Arguments of every add-on's component."""

    context: StackContext
    settings: S_co
    infrastructure: Infrastructure
    version: str
    """Version of the add-on's workload; empty if it runs none."""
    identity: IdentityMethod
    """How service accounts get their IAM roles in this cluster."""
    after: Sequence[pulumi.Resource] = ()
    """Components of the add-ons that this one requires."""


class AddonComponent(pulumi.ComponentResource):
    """Base of the components of add-ons."""

    role_arn: pulumi.Output[str] | None = None
    """ARN of its IAM role, if it has one."""

    def __init__(self, name: str, args: AddonArgs[Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"platform:platform-addons:{type(self).__name__}", name, {}, opts)
        self.child = pulumi.ResourceOptions(parent=self, depends_on=list(args.after))


@dataclass(frozen=True, kw_only=True)
class Addon:
    """One add-on.

    `requires` and `conflicts` name capabilities; every add-on provides its own name besides `provides`.
    """

    name: str
    summary: str
    """A phrase that says what it does for the cluster."""
    component: Callable[[str, AddonArgs[Any], pulumi.ResourceOptions], AddonComponent]
    settings: type[Settings] = Settings
    namespace: str = ""
    """Namespace of its workloads; empty if it has only cluster-wide objects."""
    enabled: bool = True
    """Default of the setting `<name>_enabled`."""
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    pin: PinOfMinor | None = None

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset({self.name, *self.provides})

    @property
    def switch(self) -> str:
        """The setting that enables it."""
        return f"{self.name.replace('-', '_')}_enabled"


def same_for_every_minor(pin: Pin) -> PinOfMinor:
    return lambda _: pin


def by_minor(pins: Mapping[str, Pin]) -> PinOfMinor:
    return pins.get
