"""One lane for the tests that need one, in a clone whose path has what paths may have; for the others, plug-ins that
reach an emulated AWS through a proxy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.chain.clone import Clone
from tests.faults.aws_proxy import AwsProxy, proxied_aws
from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.lane.ports import free_ports
from tooling.plugins.aws.tests.case import World
from tooling.plugins.aws.tests.conftest import serving


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The lane is up; what is deployed on it, the tests of a module decide."""
    directory = tmp_path_factory.mktemp("faults") / "Zoë's own clone"
    directory.mkdir()
    made = Clone(directory)
    try:
        made.tiers("local", "up")
        yield made
    finally:
        made.tiers("local", "down", "--yes")
        assert not made.local.exists()


@pytest.fixture
def aws(clone: Clone) -> Iterator[AwsProxy]:
    """Between the lane and its AWS for the length of a test; passes everything on until told otherwise."""
    with proxied_aws(clone.local) as proxy:
        yield proxy


@dataclass(frozen=True, kw_only=True)
class Place:
    """A plug-in that reaches an emulated AWS through a proxy; the world of the cases does not go by it."""

    aws: AwsProxy
    emulator: Emulator
    address: str
    world: World


@contextmanager
def before_emulator(emulator: Emulator) -> Iterator[AwsProxy]:
    (port,) = free_ports(1)
    proxy = AwsProxy(port, int(emulator.endpoint_url.rsplit(":", 1)[1]))
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.server.shutdown()
        proxy.server.server_close()
        thread.join()


@contextmanager
def _place(directory: str, factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        running_emulator(factory.mktemp(directory)) as emulator,
        before_emulator(emulator) as proxy,
        serving(f"http://127.0.0.1:{proxy.port}", deletion_patience_seconds=2) as address,
    ):
        yield Place(aws=proxy, emulator=emulator, address=address, world=World(emulator))


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Place]]:
    """By whether a case wants an account of its own."""
    with ExitStack() as stack:
        yield {own: stack.enter_context(_place(f"aws-{own}", tmp_path_factory)) for own in (False, True)}
