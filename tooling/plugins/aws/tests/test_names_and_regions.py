"""Generated names, given names, names with a given beginning; regions, and tags that the provider gives by default."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pulumi.runtime.proto import provider_pb2

from tooling.plugins.aws.table import TABLE
from tooling.plugins.aws.tests.case import REGION, Case, trust
from tooling.plugins.aws.tests.cases import CASES, inputs_of, short, unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider.tests.engine import CheckFailed, Engine, Resource, configured

ROLE = "aws:iam/role:Role"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
BUCKET = "aws:s3/bucket:Bucket"
ALIAS = "aws:kms/alias:Alias"
TRUST = {"assumeRolePolicy": trust("eks.amazonaws.com")}
AUTONAMING = provider_pb2.CheckRequest.AutonamingOptions


def test_generated_name_begins_with_the_logical_one_and_stays(engine: Engine) -> None:
    logical = unique_name()
    role = engine.create(ROLE, logical, TRUST)
    assert re.fullmatch(rf"{logical}-[0-9a-f]{{7}}", role.outputs["name"])
    assert engine.plan(role, TRUST).empty
    described = engine.up(role, {**TRUST, "description": "x"})
    assert described.outputs["name"] == role.outputs["name"]


def test_replaced_resource_with_a_generated_name_gets_another_before_the_old_one_goes(engine: Engine) -> None:
    role = engine.create(ROLE, unique_name(), TRUST)
    plan = engine.plan(role, {**TRUST, "path": "/p/"})
    assert not plan.delete_first
    assert engine.up(role, {**TRUST, "path": "/p/"}).outputs["name"] != role.outputs["name"]


def test_replaced_resource_with_a_given_name_goes_first(engine: Engine) -> None:
    inputs = {**TRUST, "name": unique_name()}
    role = engine.create(ROLE, unique_name(), inputs)
    assert engine.plan(role, {**inputs, "path": "/p/"}).delete_first
    assert not engine.plan(role, {**inputs, "name": unique_name()}).delete_first
    assert engine.up(role, {**inputs, "path": "/p/"}).outputs["path"] == "/p/"


def test_name_that_a_program_no_longer_gives_is_generated_anew(engine: Engine) -> None:
    role = engine.create(ROLE, unique_name(), {**TRUST, "name": unique_name()})
    assert engine.plan(role, TRUST).replaces == {"name"}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=short(name)) for name, case in CASES.items() if TABLE[name].name]
)
def test_another_name_replaces(case: Case, lane_of: Callable[[Case], Lane]) -> None:
    rule, lane = TABLE[case.pulumi_name].name, lane_of(case)
    assert rule is not None
    with configured(lane.address, {"region": REGION}) as engine:
        given = rule.beginning + unique_name()
        inputs = {**inputs_of(case, lane.world), rule.input: given}
        resource = engine.create(case.pulumi_name, unique_name(), inputs)
        assert resource.outputs[rule.input] == given
        assert engine.plan(resource, {**inputs, rule.input: f"{given}-2"}).detailed == {rule.input: "UPDATE_REPLACE"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=short(name)) for name, row in TABLE.items() if row.name and row.name.prefix_input]
)
def test_given_beginning_of_a_name_is_kept_and_another_one_replaces(name: str, lane: Lane) -> None:
    rule = TABLE[name].name
    assert rule is not None
    assert rule.prefix_input is not None
    beginning = f"{rule.beginning}b{unique_name()[-4:]}-"
    with configured(lane.address, {"region": REGION}) as engine:
        inputs = {**inputs_of(CASES[name], lane.world), rule.prefix_input: beginning}
        resource = engine.create(name, unique_name(), inputs)
        assert resource.outputs[rule.input].startswith(beginning)
        assert len(resource.outputs[rule.input]) > len(beginning)
        assert engine.plan(resource, inputs).empty
        changed = engine.plan(resource, {**inputs, rule.prefix_input: f"{rule.beginning}another-"})
        assert changed.replaces == {rule.prefix_input}


def test_generated_bucket_name_is_lower_case_and_generated_alias_is_an_alias(engine: Engine, lane: Lane) -> None:
    bucket = engine.create(BUCKET, f"Data-{unique_name()}", {})
    assert bucket.outputs["bucket"].startswith("data-case-")
    alias = engine.create(ALIAS, "secrets", {"targetKeyId": lane.world.key_arns[0]})
    assert alias.outputs["name"].startswith("alias/secrets-")
    with pytest.raises(CheckFailed) as refusal:
        engine.check(ALIAS, "x", {"targetKeyId": lane.world.key_arns[0], "name": "secrets"})
    assert refusal.value.failures == {"name": "an alias begins with `alias/`"}


def test_generated_name_that_would_be_too_long_is_refused_with_the_limit(engine: Engine) -> None:
    with pytest.raises(CheckFailed) as refusal:
        engine.check(ROLE, "r" * 60, TRUST)
    assert "has 68 characters; AWS allows 64" in refusal.value.failures["name"]


def test_engine_s_own_naming_is_followed(engine: Engine) -> None:
    proposed = AUTONAMING(proposed_name="proposed", mode=AUTONAMING.PROPOSE)
    assert engine.check(ROLE, "r", TRUST, autonaming=proposed)["name"] == "proposed"
    shouted = AUTONAMING(proposed_name="Proposed", mode=AUTONAMING.PROPOSE)
    assert engine.check(BUCKET, "b", {}, autonaming=shouted)["bucket"] == "proposed"
    enforced = AUTONAMING(proposed_name="Enforced", mode=AUTONAMING.ENFORCE)
    assert engine.check(BUCKET, "b", {}, autonaming=enforced)["bucket"] == "Enforced"
    with pytest.raises(CheckFailed) as refusal:
        engine.check(ROLE, "r", TRUST, autonaming=AUTONAMING(mode=AUTONAMING.DISABLE))
    assert "automatic naming is disabled" in refusal.value.failures["name"]
    assert "name" in engine.check(ROLE, "r", {**TRUST, "name": "n"}, autonaming=AUTONAMING(mode=AUTONAMING.DISABLE))


def test_resource_in_another_region_than_its_provider_is_made_read_and_imported_there(engine: Engine) -> None:
    name = unique_name()
    group = engine.create(LOG_GROUP, "group", {"name": name, "region": "eu-west-1"})
    assert group.outputs["arn"].startswith("arn:aws:logs:eu-west-1:")
    assert engine.refresh(group) is not None
    imported = engine.imported(LOG_GROUP, "group", f"{name}@eu-west-1")
    assert imported is not None
    assert imported.id == name
    assert engine.plan(imported, {"name": name, "region": "eu-west-1"}).empty
    assert engine.imported(LOG_GROUP, "group", name) is None


@pytest.mark.parametrize("name", [pytest.param(name, id=short(name)) for name, row in TABLE.items() if row.regional])
def test_another_region_replaces(name: str, engine: Engine, lane: Lane) -> None:
    inputs = inputs_of(CASES[name], lane.world)
    checked = engine.check(name, "x", inputs)
    resource = Resource(type=name, name="x", id="x", inputs=checked, outputs={**checked, "region": REGION})
    assert "region" in engine.plan(resource, {**inputs, "region": "eu-west-1"}).replaces


def test_provider_moved_to_another_region_replaces_what_names_none(lane: Lane) -> None:
    with (
        configured(lane.address, {"region": REGION}) as here,
        configured(lane.address, {"region": "eu-west-1"}) as there,
    ):
        group = here.create(LOG_GROUP, unique_name(), {})
        assert there.plan(group, {}).detailed["region"] == "UPDATE_REPLACE"
        assert there.plan(group, {"region": REGION}).empty


def test_default_tags_are_given_to_everything_and_lose_against_a_resource_s_own(lane: Lane) -> None:
    with configured(lane.address, {"region": REGION, "defaultTags": {"tags": {"team": "a", "kept": "x"}}}) as engine:
        group = engine.create(LOG_GROUP, unique_name(), {"tags": {"team": "b"}})
        assert group.outputs["tagsAll"] == {"team": "b", "kept": "x"}
        assert group.outputs["tags"] == {"team": "b"}
        assert engine.plan(group, {"tags": {"team": "b"}}).empty
        refreshed = engine.refresh(group)
        assert refreshed is not None
        assert engine.plan(refreshed, {"tags": {"team": "b"}}).empty


def test_changed_default_tags_are_a_change_of_all_tags_only(lane: Lane) -> None:
    tags = [{"tags": {"team": "a"}}, '{"tags": {"team": "b", "more": "x"}}']
    one, two = ({"region": REGION, "defaultTags": default} for default in tags)
    with configured(lane.address, one) as before, configured(lane.address, two) as after:
        group = before.create(LOG_GROUP, unique_name(), {})
        assert after.plan(group, {}).detailed == {"tagsAll.team": "UPDATE", "tagsAll.more": "ADD"}
        assert after.up(group, {}).outputs["tagsAll"] == {"team": "b", "more": "x"}
        before.live.clear()
        after.live.append(group)


def test_tag_with_no_more_than_the_default_s_value_is_no_change(lane: Lane) -> None:
    with configured(lane.address, {"region": REGION, "defaultTags": {"tags": {"team": "a"}}}) as engine:
        group = engine.create(LOG_GROUP, unique_name(), {"tags": {"team": "a"}})
        assert engine.plan(group, {"tags": {"team": "a"}}).empty
