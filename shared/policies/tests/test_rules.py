"""Every rule refuses what it is for, by name and place, and lets its twin pass."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shared.engine_marks import UNKNOWN
from shared.environment import load_environment
from shared.policies.evaluation import Policies
from shared.policies.rule import Level
from shared.policies.storage import BLOCK, BUCKET, ENCRYPTION
from shared.policies.table import BY_ID, RULES, STACK_RULES
from shared.policies.tags import REQUIRED
from shared.policies.tests.cases import CASES, cluster, policy, view
from shared.policies.view import APPLICATIONS, TIERS, ResourceView
from shared.tags import standard_tags
from shared.yaml_files import read_mapping

REPOSITORY = Path(__file__).resolve().parents[3]
POLICIES = Policies([], today=date(2026, 1, 1))
REFUSED = [(rule, resource, what) for rule, case in CASES.items() for resource, what in case.refused]
ALLOWED = [(rule, resource) for rule, case in CASES.items() for resource in case.allowed]


def ids(cases: list[tuple[str, ResourceView, str]] | list[tuple[str, ResourceView]]) -> list[str]:
    return [f"{case[0]}-{number}" for number, case in enumerate(cases)]


def test_every_rule_has_its_cases_and_every_case_its_rule() -> None:
    assert set(CASES) == {rule.id for rule in RULES}
    assert all(case.refused and case.allowed for case in CASES.values())


def test_no_two_rules_share_an_id() -> None:
    assert len(BY_ID) == len(RULES) + len(STACK_RULES)


@pytest.mark.parametrize(("rule", "resource", "what"), REFUSED, ids=ids(REFUSED))
def test_a_rule_names_what_it_refuses(rule: str, resource: ResourceView, what: str) -> None:
    found = {violation.rule.id: violation for violation in POLICIES.of_resource(resource)}
    assert rule in found
    assert what in found[rule].what
    assert found[rule].urn == resource.urn
    assert found[rule].message.endswith(f"\nhint: {BY_ID[rule].hint}")


@pytest.mark.parametrize(("rule", "resource"), ALLOWED, ids=ids(ALLOWED))
def test_a_rule_accepts_the_allowed_twin(rule: str, resource: ResourceView) -> None:
    assert rule not in {violation.rule.id for violation in POLICIES.of_resource(resource)}


def test_a_value_that_is_not_known_yet_is_left_for_up() -> None:
    open_endpoint = cluster(vpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": UNKNOWN})
    assert "cluster-endpoint-not-open" not in {v.rule.id for v in POLICIES.of_resource(open_endpoint)}
    unread = view("aws:iam/policy:Policy", {"policy": UNKNOWN})
    assert POLICIES.of_resource(unread) == []
    assert [v.rule.id for v in POLICIES.of_resource(policy(Action="*", Resource="arn"))] == ["iam-no-wildcard-action"]


def test_a_public_endpoint_is_advice_but_in_prod() -> None:
    config = {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24"]}}
    levels = {
        stack: {v.rule.id: v.level for v in POLICIES.of_resource(view("aws:eks/cluster:Cluster", config, stack=stack))}
        for stack in ("dev", "prod")
    }
    assert levels["dev"]["cluster-endpoint-private"] == Level.ADVISORY
    assert levels["prod"]["cluster-endpoint-private"] == Level.MANDATORY


def test_the_environment_of_a_tenants_stack_decides_its_level() -> None:
    assert view("aws:iam/role:Role", project="tenants", stack="prod.tenant-a").environment == "prod"


def test_a_bucket_without_its_block_or_encryption_is_named() -> None:
    bucket = view(BUCKET, name="data")
    other = view(BUCKET, name="other")
    served = frozenset({bucket.urn})
    stack = [bucket, other, view(BLOCK, depends_on=served), view(ENCRYPTION, depends_on=served)]
    found = {(violation.rule.id, violation.urn) for violation in POLICIES.of_stack(stack)}
    assert found == {("bucket-has-access-block", other.urn), ("bucket-has-encryption", other.urn)}


def test_the_required_tags_are_the_ones_that_the_provider_gives() -> None:
    given = standard_tags(load_environment("local"), project="infrastructure")
    assert set(REQUIRED) <= set(given)


def test_the_rules_know_the_tiers_of_the_graph() -> None:
    tiers = read_mapping(REPOSITORY / "tiers.yaml", at="tiers.yaml", code="tiers-invalid")["tiers"]
    assert {one["name"]: number for number, one in enumerate(tiers, 1) if one["stacks"] != "application"} == TIERS
    assert [number for number, one in enumerate(tiers, 1) if one["stacks"] == "application"] == [APPLICATIONS]


def test_every_rule_says_where_it_comes_from_and_how_to_fix_it() -> None:
    for rule in BY_ID.values():
        assert rule.source, rule.id
        assert rule.hint, rule.id
        assert not rule.description.endswith("."), rule.id
