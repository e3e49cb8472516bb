"""The benchmarks and their targets, on two cores; all but the first run have the programs in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scenario = Literal["first", "lane", "chain"]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Upper limits; `None` means no target."""

    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_gib: float | None = None
    ratio: float | None = None
    """The median wall time divided by that of `add-1`."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    key: str
    title: str
    scenario: Scenario
    """`first`: every round has an empty cache and its own lane. `lane`: every round has its own lane. `chain`: all
    rounds share one lane with a growing number of tenants."""
    command: str
    seconds: float
    """Expected duration of a round on two idle cores, with its preparation; used only for the announcement."""
    setup_seconds: float = 0.0
    tenants: int = 0
    """Number of tenants that exist after the measurement."""
    aim: Aim = Aim()


BENCHES = (
    Bench(
        key="first-run",
        title="first run of a new clone with an empty cache, its programs released by a mirror on loopback",
        scenario="first",
        command="TIERS_PROGRAMS=release make local-up",
        seconds=120,
        aim=Aim(wall_seconds=120),
    ),
    Bench(
        key="lane-start",
        title="lane start",
        scenario="lane",
        command="tiers local up",
        seconds=14,
        aim=Aim(wall_seconds=10),
    ),
    Bench(
        key="up",
        title="up from empty: three tenants, one application",
        scenario="lane",
        command="tiers up --stack local",
        seconds=45,
        aim=Aim(wall_seconds=90),
    ),
    Bench(
        key="services",
        title="the lane's services after that up",
        scenario="lane",
        command="",
        seconds=0,
        aim=Aim(peak_gib=2),
    ),
    Bench(
        key="destroy",
        title="destroy of that chain",
        scenario="lane",
        command="tiers destroy --stack local --yes",
        seconds=30,
    ),
    Bench(
        key="add-1",
        title="adding the first tenant",
        scenario="chain",
        command="tiers up tenants --tenant bench-001 --stack local",
        seconds=12,
        setup_seconds=45,
        tenants=1,
    ),
    Bench(
        key="add-10",
        title="adding tenant 10",
        scenario="chain",
        command="tiers up tenants --tenant bench-010 --stack local",
        seconds=12,
        setup_seconds=25,
        tenants=10,
    ),
    Bench(
        key="preview",
        title="no-op preview of all stacks: ten tenants, one application",
        scenario="chain",
        command="tiers preview --stack local --expect-no-changes",
        seconds=14,
        setup_seconds=10,
        tenants=10,
        aim=Aim(wall_seconds=9, cpu_seconds=6),
    ),
    Bench(
        key="change",
        title="one tenant's change",
        scenario="chain",
        command="tiers up tenants --tenant bench-005 --stack local",
        seconds=5,
        tenants=10,
    ),
    Bench(
        key="add-100",
        title="adding tenant 100",
        scenario="chain",
        command="tiers up tenants --tenant bench-100 --stack local",
        seconds=12,
        setup_seconds=150,
        tenants=100,
    ),
    Bench(
        key="add-300",
        title="adding tenant 300",
        scenario="chain",
        command="tiers up tenants --tenant bench-300 --stack local",
        seconds=12,
        setup_seconds=350,
        tenants=300,
        aim=Aim(ratio=1.2),
    ),
)


def expected_seconds(keys: set[str], rounds: int) -> float:
    """Expected duration of the benchmarks on two idle cores, including shared set-up."""
    of_lane = [bench for bench in BENCHES if bench.scenario == "lane"]
    while of_lane and of_lane[-1].key not in keys:
        of_lane.pop()
    of_chain = [bench for bench in BENCHES if bench.scenario == "chain" and bench.key in keys]
    most = max((bench.tenants for bench in of_chain), default=0)
    setup = sum(bench.setup_seconds for bench in BENCHES if bench.scenario == "chain" and bench.tenants <= most)
    of_first = [bench for bench in BENCHES if bench.scenario == "first" and bench.key in keys]
    return setup + rounds * sum(bench.seconds for bench in (*of_first, *of_lane, *of_chain))
