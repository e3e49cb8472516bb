"""The workloads that one program has in one namespace: they share its quota, and need names of their own."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime import get_root_resource

from shared.applications.quota import Allowance, Demand, require_together_within_quota, require_within_quota
from shared.program_errors import ProgramInputError


@dataclass(frozen=True, kw_only=True)
class Member:
    """One workload of the program."""

    kind: str
    """Of its component."""
    name: str
    namespace: str
    """As the program says; empty: the tenant's first one."""
    name_label: str
    """Key of the label by which its pods are selected."""
    demand: Demand


_members: MutableMapping[pulumi.Resource, list[Member]] = WeakKeyDictionary()
"""By the root resource of the program's run: one process can run the programs of several stacks."""


def joined(member: Member) -> Sequence[Member]:
    """Adds a workload to those of the running program; all of them so far, this one last."""
    root = get_root_resource()
    if root is None:
        return [member]
    members = _members.setdefault(root, [])
    members.append(member)
    return tuple(members)


def require_room(members: Sequence[Member], namespaces: Sequence[str], allowance: Allowance) -> None:
    """Refuses the last of `members` if it does not fit into its namespace, alone or beside those before it.

    Args:
        namespaces: of the tenant; the first one is the default.

    Raises:
        ProgramInputError: `container-too-large`, `quota-exceeded`, `component-name-taken`.
    """
    last = members[-1]
    require_within_quota(last.name, last.demand, allowance)
    here = [one for one in members if (one.namespace or namespaces[0]) == (last.namespace or namespaces[0])]
    demands: dict[str, Demand] = {}
    for one in here:
        if one is not last and (one.name, one.name_label) == (last.name, last.name_label):
            raise ProgramInputError(
                "component-name-taken",
                f"{last.kind} {last.name!r} and {one.kind} {one.name!r} are in the same namespace, and their objects "
                "and pods would have the same names and labels",
                at=f"{last.kind} {last.name!r}",
                hint="choose another name for one of them",
            )
        # A task may have the name of a web application.
        demands[one.name if one.name not in demands else f"{one.kind} {one.name}"] = one.demand
    if len(here) > 1:
        require_together_within_quota(demands, allowance)
