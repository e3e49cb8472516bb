"""Leaves paused tenants and their applications out of an operation.

Plain `pulumi up` is refused by the tenant's own program; in the directory of an application it is not, since the pause
is not in the tenant's contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.catalog import read_catalog
from shared.errors import Refused
from tooling.runner.graph import StackId


def without_paused(
    operation: str, stacks: Sequence[StackId], *, named: bool, say: Callable[[str], None]
) -> list[StackId]:
    """`stacks` without those of paused tenants and their applications, each of which is reported.

    Args:
        named: whether the command names tenants or applications, which are then refused instead.

    Raises:
        Refused: `tenant-paused`.
    """
    if not any(stack.tenant for stack in stacks):
        return list(stacks)
    catalog, left = read_catalog(), list[StackId]()
    for stack in stacks:
        file = catalog.get(stack.tenant)
        tenant = file.tenant(stack.environment) if file else None
        if tenant is None or tenant.paused is None or not tenant.paused.holds:
            left.append(stack)
            continue
        what = f"{stack} is paused until {tenant.paused.until}: {tenant.paused.reason}"
        if named:
            raise Refused(
                "tenant-paused",
                what,
                at=tenant.source.at(("paused",)),
                hint=f"ask the owner, {tenant.owner}; then remove `paused` from {tenant.source.file}",
            )
        say(f"{what}; {operation} leaves it out")
    return left
