"""One run at a time on a lane: `tiers up`, `destroy` and `refresh` wait for each other, and `local down` for them.

The lock is the run's and that of the processes it starts: they inherit the open file, so it is free only when the last
of them has ended, also where the command itself was killed and its workers still finish what they had begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tooling.lane.locks import hold
from tooling.paths import cache_directory


@contextmanager
def hold_run(directory: Path, purpose: str, *, waiting: Callable[[str], None], leave: bool = True) -> Iterator[int]:
    """Locks the lane in `directory` for a run; yields the descriptor that the run's processes must inherit.

    `waiting` is told once who holds it.
    """
    # Outside the directory, which `local down` removes while others may be waiting.
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    with hold(cache_directory() / "locks" / f"{name}-run", purpose, waiting=waiting, leave=leave) as descriptor:
        yield descriptor
