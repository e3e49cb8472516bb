"""Every log group that a program makes, names or lets somebody write to is in the table, and none is left without end.

aws-observability/helm-charts#111: the agent's own group is neither encrypted nor ever emptied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.log_groups import ADDONS_WITHOUT_LOG_GROUPS, LOG_GROUPS, LogGroup, log_groups_that_aws_makes
from shared.testing import Registered, run_program
from shared.versions import ADDONS
from tests.everything_on import SETTINGS, STACKS, upstream
from tooling.paths import REPOSITORY

CLUSTER, VPC = "eks-cluster-dev", "vpc-id"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_NAMES = (
    re.compile(r"log-group:([^:\"\s]+)"),
    re.compile(r"\blog_group_(?:name|template)\s+(\S+)"),
    re.compile(r"(?<![\w:./-])(/(?:aws|eks)/[\w./$\[\]'*-]+)"),
)
"""Names in ARNs, in the configuration of Fluent Bit, and anywhere by the prefixes that AWS and the platform use."""


@pytest.fixture(scope="module")
def registered() -> dict[str, list[Registered]]:
    """By project, with everything optional on."""
    return {
        project: run_program(
            REPOSITORY / project, stack=STACKS.get(project, "dev"), config=config, upstream=upstream
        ).resources
        for project, config in SETTINGS.items()
    }


def expression(row: LogGroup) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", row.pattern)
    known = {"cluster": re.escape(CLUSTER), "vpc": re.escape(VPC), "namespace": r"[^/]+"}
    return re.compile("".join(known[part] if number % 2 else re.escape(part) for number, part in enumerate(parts)))


def row_of(name: str) -> LogGroup | None:
    """The row of a name, or one of those that a name with an asterisk at its end covers."""
    for row in LOG_GROUPS:
        pattern = row.pattern.format(cluster=CLUSTER, vpc=VPC, namespace="namespace")
        covered = name.endswith("/*") and pattern.startswith(name.removesuffix("*"))
        if covered or expression(row).fullmatch(name):
            return row
    return None


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)


def named(resource: Registered) -> set[str]:
    return {
        name.removesuffix(":*")
        for text in texts(resource.inputs)
        for pattern in _NAMES
        for name in pattern.findall(text)
    }


def test_every_name_in_any_configuration_has_a_row(registered: dict[str, list[Registered]]) -> None:
    found = {name: resource.urn for all_ in registered.values() for resource in all_ for name in named(resource)}
    # The names are found: in a LogGroup, in an IAM policy, in a ConfigMap.
    assert {f"/aws/eks/{CLUSTER}/cluster", f"/eks/{CLUSTER}/*", f"/eks/{CLUSTER}/platform"} <= found.keys()
    assert {name: urn for name, urn in found.items() if row_of(name) is None} == {}


def test_every_group_is_made_where_the_table_says_with_retention_and_key(
    registered: dict[str, list[Registered]],
) -> None:
    makers: dict[str, str] = {}
    for project, resources in registered.items():
        for resource in resources:
            if resource.type == LOG_GROUP:
                assert resource.inputs["retentionInDays"] > 0, resource.urn
                assert resource.inputs["kmsKeyId"], resource.urn
                row = row_of(resource.inputs["name"])
                assert row is not None, resource.urn
                makers[row.pattern] = project
    for row in LOG_GROUPS:
        assert bool(row.made_by) != bool(row.switched_off), row.pattern
        if row.made_by:
            assert row.made_by.startswith(f"{makers[row.pattern]}/"), row.pattern
            assert "LogGroup(" in (REPOSITORY / row.made_by).read_text(encoding="utf-8"), row.made_by
        else:
            assert row.pattern not in makers


def test_the_key_may_encrypt_every_group_that_is_made(registered: dict[str, list[Registered]]) -> None:
    (key,) = [one for one in registered["infrastructure"] if one.type == "aws:kms/key:Key"]
    statements = {one["Sid"]: one for one in json.loads(key.inputs["policy"])["Statement"]}
    (arns,) = [one["kms:EncryptionContext:aws:logs:arn"] for one in statements["LogGroups"]["Condition"].values()]
    allowed = [re.escape(arn.partition("log-group:")[2]).replace(r"\*", ".*") for arn in arns]
    groups = [one.inputs["name"] for all_ in registered.values() for one in all_ if one.type == LOG_GROUP]
    assert len(groups) > 8
    assert [name for name in groups if not any(re.fullmatch(pattern, name) for pattern in allowed)] == []


def test_whether_it_writes_to_a_group_is_known_of_every_eks_add_on() -> None:
    writing = {row.addon for row in LOG_GROUPS if row.addon}
    assert writing | ADDONS_WITHOUT_LOG_GROUPS.keys() == set(ADDONS)
    assert writing & ADDONS_WITHOUT_LOG_GROUPS.keys() == set()


def test_what_may_be_there_without_a_stack_has_exact_names() -> None:
    names = log_groups_that_aws_makes(CLUSTER)
    assert f"/aws/eks/{CLUSTER}/cluster" in names
    assert f"/aws/containerinsights/{CLUSTER}/performance" in names
    assert [name for name in names if "{" in name or "*" in name] == []


@pytest.mark.parametrize(
    "name", ["/aws/rds/instance/x/postgresql", f"/eks/{CLUSTER}/other", f"/eks/{CLUSTER}-2/platform", "/eks/other/*"]
)
def test_a_name_without_a_row_is_told(name: str) -> None:
    assert row_of(name) is None
