"""Every row of the table: created, unchanged, updated, replaced, drifted, imported, destroyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from tooling.aws_emulator.inventory import inventory
from tooling.plugins.aws.engine.equivalence import is_blank
from tooling.plugins.aws.model import modelled
from tooling.plugins.aws.table import TABLE
from tooling.plugins.aws.tests.case import REGION, Case, changed
from tooling.plugins.aws.tests.cases import CASES, inputs_of, leaves, row_of, short, unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider.paths import covers, parse
from tooling.plugins.provider.tests.engine import CheckFailed, Engine, Plan, Resource, configured
from tooling.plugins.provider.wire import UNKNOWN, has_unknown

LaneOf = Callable[[Case], Lane]

every_case = pytest.mark.parametrize("case", [pytest.param(case, id=short(name)) for name, case in CASES.items()])
every_tagged_case = pytest.mark.parametrize(
    "case", [pytest.param(case, id=short(name)) for name, case in CASES.items() if row_of(case).tagged]
)


def each(attribute: str) -> pytest.MarkDecorator:
    """One test a (case, property path) of `updates`, `replaces` …"""
    return pytest.mark.parametrize(
        ("case", "path"),
        [
            pytest.param(case, path, id=f"{short(name)}-{path}")
            for name, case in CASES.items()
            for path in getattr(case, attribute)
        ],
    )


@contextmanager
def playing(lane: Lane) -> Iterator[Engine]:
    with configured(lane.address, {"region": REGION}) as engine:
        yield engine


@contextmanager
def created(
    lane: Lane, case: Case, instead: Mapping[str, Any] | None = None
) -> Iterator[tuple[Engine, Resource, dict[str, Any]]]:
    """An engine, the case's resource, and the inputs that it was made from; some of them `instead`."""
    inputs = {**inputs_of(case, lane.world), **(instead or {})}
    with playing(lane) as engine:
        yield engine, engine.create(case.pulumi_name, unique_name(), inputs), inputs


def names(plan: Plan, path: str) -> bool:
    """Whether a plan speaks of a property, as a whole or of something in it."""
    wanted = parse(path)
    return any(covers(wanted, parse(told)) or covers(parse(told), wanted) for told in plan.detailed)


@every_case
def test_created_resource_has_every_output_and_none_that_is_not_declared(case: Case, lane_of: LaneOf) -> None:
    row = row_of(case)
    with created(lane_of(case), case) as (_, resource, _):
        declared = {*row.all_inputs(), *row.outputs, *(("tagsAll",) if row.tagged else ())}
        assert resource.id
        assert resource.outputs.keys() - declared == set()
        assert set(row.outputs) - resource.outputs.keys() == case.silent


@every_case
def test_same_program_again_changes_nothing_before_and_after_a_refresh(case: Case, lane_of: LaneOf) -> None:
    with created(lane_of(case), case) as (engine, resource, inputs):
        assert engine.plan(resource, inputs).detailed == {}
        refreshed = engine.refresh(resource)
        assert refreshed is not None
        assert refreshed.inputs == resource.inputs
        assert refreshed.outputs == resource.outputs
        assert engine.plan(refreshed, inputs).detailed == {}


@each("updates")
def test_changed_input_is_updated_in_place(case: Case, path: str, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with created(lane, case, case.starting.get(path, {})) as (engine, resource, inputs):
        wanted = changed(inputs, path, case.updates[path], lane.world)
        plan = engine.plan(resource, wanted)
        assert names(plan, path), plan.detailed
        assert plan.replaces == frozenset()
        updated = engine.up(resource, wanted)
        assert updated.id == resource.id
        assert engine.plan(updated, wanted).detailed == {}
        refreshed = engine.refresh(updated)
        assert refreshed is not None
        assert engine.plan(refreshed, wanted).detailed == {}
        if path not in case.one_way:
            assert engine.plan(engine.up(refreshed, inputs), inputs).detailed == {}
        elif "deletionProtection" in wanted:
            engine.up(refreshed, {**wanted, "deletionProtection": False})


@each("replaces")
def test_changed_input_replaces(case: Case, path: str, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with created(lane, case) as (engine, resource, inputs):
        wanted = changed(inputs, path, case.replaces[path], lane.world)
        plan = engine.plan(resource, wanted)
        assert str(parse(path)[0]) in plan.replaces, plan
        assert any(kind.endswith("_REPLACE") for kind in plan.detailed.values())
        successor = engine.up(resource, wanted, delete_before_replace=not case.side_by_side)
        assert engine.plan(successor, wanted).detailed == {}
        if successor.id != resource.id and not case.lingers:
            assert engine.imported(case.pulumi_name, resource.name, case.import_id(resource)) is None


@each("planned")
def test_changed_input_would_replace(case: Case, path: str, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with created(lane, case) as (engine, resource, inputs):
        plan = engine.plan(resource, changed(inputs, path, case.planned[path], lane.world))
        assert str(parse(path)[0]) in plan.replaces


@each("fixed")
def test_change_that_the_emulator_cannot_make_is_refused_by_name(case: Case, path: str, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with created(lane, case) as (engine, resource, inputs):
        with pytest.raises(grpc.RpcError) as refusal:
            engine.plan(resource, changed(inputs, path, case.fixed[path], lane.world))
        said = str(refusal.value.details())
        assert "the local lane does not model changing" in said
        assert case.pulumi_name in said


@every_case
def test_optional_inputs_that_a_program_no_longer_states_are_taken_back(case: Case, lane_of: LaneOf) -> None:
    row, lane = row_of(case), lane_of(case)
    optional = [
        name
        for name, spec in row.all_inputs().items()
        if name not in case.needed
        and not (spec.required or spec.computed or spec.replaces or spec.write_only or spec.fixed)
    ]
    with created(lane, case) as (engine, resource, inputs):
        without = {name: value for name, value in inputs.items() if name not in optional}
        gone = [name for name in optional if name in inputs and inputs[name] != row.all_inputs()[name].default]
        plan = engine.plan(resource, without)
        for name in gone:
            assert names(plan, name), (name, plan.detailed)
        stripped = engine.up(resource, without)
        for name in gone:
            spec = row.all_inputs()[name]
            left = stripped.outputs.get(name)
            assert left == spec.default or is_blank(spec, left), name
        assert engine.plan(stripped, without).detailed == {}


@every_tagged_case
def test_tags_are_added_changed_and_removed_in_place(case: Case, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with created(lane, case) as (engine, resource, inputs):
        wanted = {**inputs, "tags": {"Name": "two", "added": ""}}
        plan = engine.plan(resource, wanted)
        assert plan.detailed == {
            "tags.Name": "UPDATE",
            "tags.added": "ADD",
            'tags["kubernetes.io/role"]': "DELETE",
            "tagsAll.Name": "UPDATE",
            "tagsAll.added": "ADD",
            'tagsAll["kubernetes.io/role"]': "DELETE",
        }
        updated = engine.up(resource, wanted)
        refreshed = engine.refresh(updated)
        assert refreshed is not None
        assert refreshed.outputs["tagsAll"] == {"Name": "two", "added": ""}
        bare = engine.up(refreshed, {**inputs, "tags": {}})
        assert bare.outputs["tagsAll"] == {}
        assert bare.id == resource.id


@every_tagged_case
def test_changed_tags_are_seen_by_a_refresh_and_repaired(case: Case, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with created(lane, case) as (engine, resource, inputs), playing(lane) as somebody:
        somebody.up(resource, {**inputs, "tags": {"Name": "drifted", "more": "x"}})
        assert engine.plan(resource, inputs).detailed == {}, (
            "without a refresh nothing is seen, as with the real engine"
        )
        refreshed = engine.refresh(resource)
        assert refreshed is not None
        plan = engine.plan(refreshed, inputs)
        assert {"tags.Name": "UPDATE", "tags.more": "DELETE"}.items() <= plan.detailed.items()
        assert plan.replaces == frozenset()
        assert engine.up(refreshed, inputs).outputs["tagsAll"] == inputs["tags"]


def _visible_update(case: Case) -> str | None:
    """The first path whose change AWS shows and takes back."""
    specs = row_of(case).all_inputs()
    paths = [path for path in case.updates if path not in case.one_way and path not in case.starting]
    return next((path for path in paths if not specs[str(parse(path)[0])].write_only), None)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=short(name)) for name, case in CASES.items() if _visible_update(case)]
)
def test_changed_input_is_seen_by_a_refresh_and_repaired(case: Case, lane_of: LaneOf) -> None:
    lane, path = lane_of(case), _visible_update(case)
    assert path is not None
    with created(lane, case) as (engine, resource, inputs), playing(lane) as somebody:
        somebody.up(resource, changed(inputs, path, case.updates[path], lane.world))
        refreshed = engine.refresh(resource)
        assert refreshed is not None
        plan = engine.plan(refreshed, inputs)
        assert names(plan, path)
        repaired = engine.up(refreshed, inputs)
        assert engine.plan(repaired, inputs).detailed == {}
        assert repaired.outputs.keys() == resource.outputs.keys()


@every_case
def test_resource_that_somebody_deleted_is_gone_for_a_refresh_and_may_be_deleted_again(
    case: Case, lane_of: LaneOf
) -> None:
    lane = lane_of(case)
    with created(lane, case) as (engine, resource, inputs):
        with playing(lane) as somebody:
            somebody.delete(resource)
        engine.delete(resource)
        engine.live.append(resource)
        refreshed = engine.refresh(resource)
        if case.lingers:
            assert refreshed is not None
            assert not engine.plan(refreshed, inputs).empty
        else:
            assert refreshed is None


@every_case
def test_imported_resource_is_what_its_program_says(case: Case, lane_of: LaneOf) -> None:
    with created(lane_of(case), case) as (engine, resource, inputs):
        imported = engine.imported(case.pulumi_name, resource.name, case.import_id(resource))
        assert imported is not None
        name = row_of(case).name
        fixed = {name.input: resource.outputs[name.input]} if name is not None else {}
        plan = engine.plan(imported, {**inputs, **fixed})
        told = {parse(path)[0] for path in plan.detailed}
        write_only = {key for key, spec in row_of(case).all_inputs().items() if spec.write_only}
        assert told <= write_only, plan.detailed


@pytest.mark.parametrize("alone", [False, True], ids=["side by side", "alone"])
def test_destroyed_resources_leave_nothing(alone: bool, lane_of: LaneOf) -> None:
    cases = [case for case in CASES.values() if case.own_emulator is alone]
    lane = lane_of(cases[0])
    for case in cases:
        inputs_of(case, lane.world)
    before = inventory(lane.emulator.endpoint_url, REGION)
    for case in cases:
        with created(lane, case) as (engine, resource, _):
            engine.delete(resource)
    assert inventory(lane.emulator.endpoint_url, REGION) == before


@every_case
def test_preview_knows_what_is_not_known_yet(case: Case, lane_of: LaneOf) -> None:
    row, lane = row_of(case), lane_of(case)
    inputs = inputs_of(case, lane.world)
    with playing(lane) as engine:
        outputs = engine.preview_creation(case.pulumi_name, "previewed", inputs)
        assert {name: outputs.get(name) for name in row.outputs} == dict.fromkeys(row.outputs, UNKNOWN)
        all_unknown = engine.preview_creation(case.pulumi_name, "previewed", dict.fromkeys(inputs, UNKNOWN))
        assert has_unknown(all_unknown)


@every_case
def test_unknown_input_in_a_preview_is_a_change_of_that_input(case: Case, lane_of: LaneOf) -> None:
    row = row_of(case)
    with created(lane_of(case), case) as (engine, resource, inputs):
        for name in inputs:
            spec = row.all_inputs()[name]
            if spec.fixed:
                continue
            unknown = {**inputs, name: UNKNOWN}
            plan = engine.plan(resource, unknown)
            assert names(plan, name)
            assert name in plan.replaces or not spec.replaces
            assert engine.preview_update(resource, unknown)[name] == UNKNOWN


@every_case
def test_input_that_is_not_modelled_is_refused_by_name(case: Case, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    with playing(lane) as engine, pytest.raises(CheckFailed) as refusal:
        engine.check(case.pulumi_name, "any", {**inputs_of(case, lane.world), "qqqq": 1})
    assert refusal.value.failures == {"qqqq": f"the local lane does not model `qqqq` of {case.pulumi_name}"}


@every_case
def test_left_out_required_input_is_named(case: Case, lane_of: LaneOf) -> None:
    lane = lane_of(case)
    inputs = inputs_of(case, lane.world)
    required = [name for name, spec in row_of(case).inputs.items() if spec.required]
    with playing(lane) as engine:
        for name in required:
            with pytest.raises(CheckFailed) as refusal:
                engine.check(case.pulumi_name, "any", {key: value for key, value in inputs.items() if key != name})
            assert name in refusal.value.failures


def test_every_row_has_a_case_and_every_case_a_row() -> None:
    assert set(CASES) == set(TABLE)


@every_case
def test_case_exercises_every_input_of_its_row(case: Case, lane_of: LaneOf) -> None:
    row, lane = row_of(case), lane_of(case)
    specs = dict(row.inputs)
    inputs = inputs_of(case, lane.world)
    base = set(leaves(specs, inputs))
    exercised: dict[str, set[str]] = {}
    for attribute in ("updates", "replaces", "planned", "fixed"):
        exercised[attribute] = set()
        for path, value in getattr(case, attribute).items():
            differing = set(leaves(specs, changed(inputs, path, value, lane.world))) ^ base
            exercised[attribute] |= {leaf for leaf, _ in differing}
            exercised[attribute] |= {path} if value == UNKNOWN else set()
    described = next(entry for entry in modelled() if entry.pulumi_name == case.pulumi_name)
    blocks = {item.path.rsplit(".", 1)[0] for item in described.inputs if "." in item.path}
    for item in described.inputs:
        if item.path in blocks or item.path.split(".")[0] not in specs or item.path in case.elsewhere:
            continue
        if item.fixed:
            assert item.path in exercised["fixed"], f"no change of {item.path} is played"
        elif item.replaces:
            assert item.path in exercised["replaces"] | exercised["planned"] or _has_one_value(item.path, case), (
                f"no replacing change of {item.path} is played"
            )
        else:
            assert item.path in exercised["updates"] or _always_replaced(item.path, exercised), (
                f"no updating change of {item.path} is played"
            )


def _has_one_value(path: str, case: Case) -> bool:
    """`domain` of an elastic address: AWS has had no other since EC2-Classic."""
    return (short(case.pulumi_name), path) == ("ec2.Eip", "domain")


def _always_replaced(path: str, exercised: dict[str, set[str]]) -> bool:
    """A member that changes together with the block's replacing ones only."""
    return path in exercised["replaces"] | exercised["planned"]
