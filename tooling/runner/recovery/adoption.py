"""Resources that may be adopted: those whose creation failed in the last run, of types that allow it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import BadInput, nearest
from tooling.aws_types.table import description_of
from tooling.runner.graph import StackId
from tooling.runner.recovery import failed_creates


def refuse_unknown_adoptions(names: Sequence[str], stacks: Sequence[StackId]) -> None:
    """Raises BadInput (`adopt-unknown`) for a name that is not one of a failed, adoptable resource."""
    failed = [create for stack in stacks for create in failed_creates.remembered(stack)]
    possible = sorted({create.name for create in failed if description_of(create.type).adoptable})
    for name in names:
        if name not in possible:
            raise BadInput(
                "adopt-unknown",
                f"no resource named {name!r} failed to be created in the last run, or its type cannot be adopted; "
                f"possible: {', '.join(possible) or 'none'}{nearest(name, possible)}",
                at=f"--adopt {name}",
                hint="run tiers up without --adopt, and use the name in its error",
            )
