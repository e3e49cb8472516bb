"""One emulated AWS and one served plug-in a worker; a configured engine a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.plugins.aws.servicer import add_to_server
from tooling.plugins.aws.tests.case import REGION, Case, World
from tooling.plugins.provider.server import start
from tooling.plugins.provider.tests.engine import Engine, configured


@dataclass(frozen=True, kw_only=True)
class Lane:
    """An emulated AWS with a plug-in in front of it."""

    emulator: Emulator
    address: str
    world: World


@contextmanager
def serving(endpoint_url: str, *, deletion_patience_seconds: float) -> Iterator[str]:
    """Serves the plug-in in this process and yields its address."""
    add = partial(add_to_server, endpoint_url=endpoint_url, deletion_patience_seconds=deletion_patience_seconds)
    server, port = start(add, threads=16)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


@contextmanager
def _running_lane(directory: Path) -> Iterator[Lane]:
    with (
        running_emulator(directory) as emulator,
        serving(emulator.endpoint_url, deletion_patience_seconds=0.5) as address,
    ):
        yield Lane(emulator=emulator, address=address, world=World(emulator))


@pytest.fixture(scope="session")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Lane]]:
    """Lanes by name, each started when first asked for."""
    with ExitStack() as stack:
        running: dict[str, Lane] = {}

        def lane(name: str) -> Lane:
            if name not in running:
                running[name] = stack.enter_context(_running_lane(tmp_path_factory.mktemp(name)))
            return running[name]

        yield lane


@pytest.fixture(scope="session")
def lane(lanes: Callable[[str], Lane]) -> Lane:
    return lanes("shared")


@pytest.fixture
def lane_of(lanes: Callable[[str], Lane]) -> Callable[[Case], Lane]:
    """The lane in which a case is played."""
    return lambda case: lanes("alone" if case.own_emulator else "shared")


@pytest.fixture
def engine(lane: Lane) -> Iterator[Engine]:
    with configured(lane.address, {"region": REGION}) as engine:
        yield engine
