"""Which resources may be taken over: those whose creation failed in the run before, of types that allow it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import BadInput, nearest
from tooling.aws_refusals.things import thing_of
from tooling.runner.graph import StackId
from tooling.runner.recovery import failed_creates


def refuse_unknown_adoptions(names: Sequence[str], stacks: Sequence[StackId]) -> None:
    """Raises BadInput (`adopt-unknown`) for a name that nothing has that failed and could be taken over."""
    failed = [create for stack in stacks for create in failed_creates.remembered(stack)]
    possible = sorted({create.name for create in failed if thing_of(create.type).adoptable})
    for name in names:
        if name not in possible:
            raise BadInput(
                "adopt-unknown",
                f"nothing called {name!r} failed to be created in the last run, or its type cannot be taken over; "
                f"possible: {', '.join(possible) or 'nothing'}{nearest(name, possible)}",
                at=f"--adopt {name}",
                hint="run tiers up without --adopt, and use the name in its error",
            )
