"""Each step of a creation and of a deletion carried out by AWS without being heard, for every type of the plug-in."""

from __future__ import annotations

import pytest

from tests.faults.aws_proxy import WRITES, Fault
from tests.faults.conftest import Place
from tooling.aws_emulator.testing import REGION
from tooling.plugins.aws.tests.case import Case
from tooling.plugins.aws.tests.cases import CASES, inputs_of, short, unique_name
from tooling.plugins.provider.tests.engine import configured

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("lost answers")]


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
