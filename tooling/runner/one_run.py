"""Serializes runs on the lane, and clears what an earlier run left.

In other environments the engine locks its backend; on the lane, the second run waits for the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from tooling.lane.run_lock import hold_run
from tooling.lane.state import Lane
from tooling.runner.engine import LOCAL
from tooling.runner.graph import StackId
from tooling.runner.messages import Operation
from tooling.runner.orphans import clear_orphans
from tooling.runner.stack_locks import await_engines, lift_stale_locks

_LAST_ENGINES = timedelta(seconds=60)
"""An engine whose worker or runner has died finishes the steps in progress; an estimate."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run with exclusive access to the lane, or one in an environment without a lane."""

    lane: Lane | None
    say: Callable[[str], None]
    keep_open: Sequence[int] = ()
    """Descriptors that the run's processes inherit: the lane stays locked until the last of them has exited."""

    def clear_locks(self, stacks: Sequence[StackId]) -> None:
        """Removes locks of killed engines, and reports each.

        Raises:
            Refused: `stack-locked`, if an engine not started by `tiers` holds one of the stacks.
        """
        if self.lane is not None:
            for remark in lift_stale_locks(self.lane.state_directory, stacks, patience=_LAST_ENGINES):
                self.say(remark)

    @contextmanager
    def awaiting_engines(self, stacks: Sequence[StackId]) -> Iterator[None]:
        """On exit, waits until no engine works on `stacks`: one whose worker died still needs its plug-ins."""
        try:
            yield
        finally:
            if self.lane is not None:
                await_engines(self.lane.state_directory, stacks, patience=_LAST_ENGINES)


@contextmanager
def one_run(operation: Operation, environment: str, say: Callable[[str], None]) -> Iterator[Run]:
    """Waits for other runs on the lane, and, in any environment, for the plug-ins of a killed engine.

    Previews change nothing and wait for neither.
    """
    if operation == "preview":
        yield Run(lane=None, say=say)
        return
    lane = Lane.load() if environment == LOCAL else None
    if lane is None:
        clear_orphans(environment, say)
        yield Run(lane=None, say=say)
        return
    with hold_run(lane.directory, f"tiers {operation} --stack {environment}", waiting=say) as descriptor:
        clear_orphans(environment, say)
        yield Run(lane=lane, say=say, keep_open=(descriptor,))
