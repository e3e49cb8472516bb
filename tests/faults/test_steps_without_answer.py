"""Each step of a creation and of a deletion carried out by AWS without being heard, for every type of the plug-in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.faults.aws_proxy import WRITES, AwsProxy, Fault
from tooling.aws_emulator.testing import REGION, running_emulator
from tooling.lane.ports import free_ports
from tooling.plugins.aws.tests.case import Case, World
from tooling.plugins.aws.tests.cases import CASES, inputs_of, short, unique_name
from tooling.plugins.aws.tests.conftest import serving
from tooling.plugins.aws.tests.engine import configured

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("steps without answer")]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A plug-in that reaches an emulated AWS through a proxy; the world of the cases does not go by it."""

    aws: AwsProxy
    address: str
    world: World


@contextmanager
def _place(directory: str, factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running_emulator(factory.mktemp(directory)) as emulator:
        (port,) = free_ports(1)
        proxy = AwsProxy(port, int(emulator.endpoint_url.rsplit(":", 1)[1]))
        thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
        thread.start()
        try:
            with serving(f"http://127.0.0.1:{port}", deletion_patience_seconds=2) as address:
                yield Place(aws=proxy, address=address, world=World(emulator))
        finally:
            proxy.server.shutdown()
            proxy.server.server_close()
            thread.join()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Place]]:
    """By whether a case wants an account of its own."""
    with ExitStack() as stack:
        yield {own: stack.enter_context(_place(f"aws-{own}", tmp_path_factory)) for own in (False, True)}


@pytest.mark.parametrize("case", [pytest.param(case, id=short(name)) for name, case in CASES.items()])
def test_creation_and_deletion_whose_every_answer_is_lost_once(case: Case, places: dict[bool, Place]) -> None:
    place = places[case.own_emulator]
    lost = Fault(action=WRITES, carried_out=True, times=1, of_each_action=True)
    inputs = inputs_of(case, place.world)
    with configured(place.address, {"region": REGION}) as engine:
        place.aws.set(lost)
        resource = engine.create(case.pulumi_name, unique_name(), inputs)
        place.aws.set()
        assert engine.plan(resource, inputs).detailed == {}
        place.aws.set(lost)
        engine.delete(resource)
        place.aws.set()
        if not case.lingers:
            assert engine.imported(case.pulumi_name, resource.name, case.import_id(resource)) is None
