"""Runs the benchmarks: prepares the starting state of each one, and measures it the requested number of times."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import PlatformError
from tooling.bench.measure import Sample
from tooling.bench.mirror import fill, served
from tooling.bench.scratch import Scratch, generated_names, tenant_file
from tooling.lane.binaries import binary, ensure
from tooling.lane.hosts import supported_host
from tooling.lane.program_table import PROGRAMS
from tooling.lane.progress import progress_on

Record = Callable[[str, Sample], None]
"""Called with a benchmark's key and one sample of it."""

Say = Callable[[str], None]


class OutOfTime(Exception):
    """The time limit of the benchmarks is reached."""


class Clock:
    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    def check(self) -> None:
        """Raises: OutOfTime."""
        if time.monotonic() > self._end:
            raise OutOfTime


def run_first(rounds: int, *, clock: Clock, record: Record, say: Say) -> None:
    """Each round: `make local-up` in a new clone, with an empty cache and a mirror of the release sites."""
    ensure(progress_on())
    with tempfile.TemporaryDirectory(prefix="mirror-") as directory, served(Path(directory)) as address:
        names = tuple(name for name, program in PROGRAMS.items() if program.of_the_lane)
        size = fill(Path(directory), supported_host(), _program, names)
        say(f"the mirror serves {size >> 20} MiB")
        for _ in range(rounds):
            with _scratch() as scratch:
                clock.check()
                record("first-run", scratch.first_run(mirror=address))


def _program(name: str) -> Path | None:
    try:
        return binary(name) if name in PROGRAMS else None
    except PlatformError:
        return None


def run_lane(keys: set[str], rounds: int, *, clock: Clock, record: Record) -> None:
    """Each round: start a lane, deploy the repository's own chain, destroy the chain and remove the lane."""
    for _ in range(rounds):
        with _scratch() as scratch:
            clock.check()
            record("lane-start", scratch.tiers("local", "up"))
            if not keys & {"up", "services", "destroy"}:
                continue
            record("up", scratch.tiers("up", "--stack", "local"))
            record("services", Sample(wall_seconds=0, cpu_seconds=0, peak_bytes=scratch.service_bytes()))
            if "destroy" in keys:
                record("destroy", scratch.tiers("destroy", "--stack", "local", "--yes"))


def run_chain(keys: set[str], rounds: int, *, clock: Clock, record: Record, say: Say) -> None:
    """One lane with a growing number of tenants; skips benchmarks not requested, and stops after the last."""
    with _scratch() as scratch:
        clock.check()
        scratch.set_tenants(generated_names(1, 1))
        scratch.set_application(present=False)
        scratch.tiers("local", "up")
        scratch.tiers("up", "infrastructure", "platform-addons", "--stack", "local")
        _add(scratch, 1, rounds, clock, record)
        if keys & {"add-10", "preview", "change", "add-100", "add-300"}:
            _deploy(scratch, 2, 9, say)
            _add(scratch, 10, rounds if "add-10" in keys else 1, clock, record)
        if "preview" in keys:
            _preview(scratch, rounds, clock, record)
        if "change" in keys:
            for number in range(rounds):
                clock.check()
                scratch.write_tenant("bench-005", tenant_file("bench-005", pods=21 + number))
                record("change", scratch.tiers("up", "tenants", "--tenant", "bench-005", "--stack", "local"))
        for first, count in ((11, 100), (101, 300)):
            if keys & {f"add-{larger}" for larger in (100, 300) if larger >= count}:
                clock.check()
                _deploy(scratch, first, count - 1, say)
                _add(scratch, count, rounds if f"add-{count}" in keys else 1, clock, record)


def _preview(scratch: Scratch, rounds: int, clock: Clock, record: Record) -> None:
    """Measures a preview of ten tenants, one of which owns the demo application, and the demo application."""
    scratch.set_tenants([*generated_names(1, 9), "tenant-a"])
    scratch.set_application(present=True)
    scratch.tiers("up", "tenants", "--tenant", "tenant-a", "--stack", "local")
    scratch.tiers("up", "applications", "--stack", "local")
    for _ in range(rounds):
        clock.check()
        record("preview", scratch.tiers("preview", "--stack", "local", "--expect-no-changes"))
    scratch.set_application(present=False)
    scratch.set_tenants(generated_names(1, 10))


def _deploy(scratch: Scratch, first: int, last: int, say: Say) -> None:
    """Deploys tenants in parallel. Only the new ones are in the catalog, so that existing ones cost no time."""
    scratch.set_tenants(generated_names(first, last))
    sample = scratch.tiers("up", "tenants", "--stack", "local")
    say(f"tenants {first} to {last} deployed: {sample.wall_seconds:.0f} s, {sample.cpu_seconds:.0f} CPU seconds")
    scratch.set_tenants(generated_names(1, last))


def _add(scratch: Scratch, number: int, rounds: int, clock: Clock, record: Record) -> None:
    scratch.set_tenants(generated_names(1, number))
    (name,) = generated_names(number, number)
    for left in reversed(range(rounds)):
        clock.check()
        record(f"add-{number}", scratch.tiers("up", "tenants", "--tenant", name, "--stack", "local"))
        if left:
            scratch.tiers("destroy", "tenants", "--tenant", name, "--stack", "local", "--yes")


@contextmanager
def _scratch() -> Iterator[Scratch]:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as directory:
        scratch = Scratch(Path(directory).resolve())
        try:
            yield scratch
        finally:
            scratch.remove()
