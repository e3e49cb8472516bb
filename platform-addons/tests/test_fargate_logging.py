"""fargate-logging: a ConfigMap that Fargate's router takes, and the group that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.testing import Run, run_program
from tests.fluent_bit_files import (
    FARGATE_CHARACTERS,
    FARGATE_FILTERS,
    FARGATE_OUTPUTS,
    FARGATE_SECTIONS,
    missing_parsers,
    named,
    pattern,
    read,
)

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


@pytest.fixture(scope="module")
def on(project: Path) -> Run:
    return run_program(project, stack="dev", config={"fargate_logging_enabled": True})


def files(run: Run) -> dict[str, str]:
    return run.one(CONFIG_MAP, "aws-logging").inputs["data"]


def test_it_is_off_unless_switched_on(dev: Run) -> None:
    assert "fargate-logging" not in dev.outputs["addons"]
    assert [each.name for each in dev.resources if each.name in ("aws-observability", "fargate-pods")] == []


def test_fargate_finds_it_by_name_and_label(on: Run) -> None:
    namespace = on.one("kubernetes:core/v1:Namespace", "aws-observability").inputs["metadata"]
    assert namespace["name"] == "aws-observability"
    assert namespace["labels"]["aws-observability"] == "enabled"
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    config = on.one(CONFIG_MAP, "aws-logging").inputs["metadata"]
    assert (config["name"], config["namespace"]) == ("aws-logging", "aws-observability")


def test_its_files_hold_what_fargate_takes(on: Run) -> None:
    found = files(on)
    assert set(found) == {*FARGATE_SECTIONS, "flb_log_cw"}
    assert found["flb_log_cw"] == "false"
    for name, kinds in FARGATE_SECTIONS.items():
        assert {section.kind for section in read(found[name])} == kinds
    assert {section.name for section in read(found["filters.conf"])} <= FARGATE_FILTERS
    assert {section.name for section in read(found["output.conf"])} <= FARGATE_OUTPUTS
    assert missing_parsers(read(found["filters.conf"]), read(found["parsers.conf"])) == set()
    assert sum(map(len, found.values())) < FARGATE_CHARACTERS


def test_its_parser_takes_apart_what_the_runtime_writes(on: Run) -> None:
    (parser,) = read(files(on)["parsers.conf"])
    found = pattern(parser).match("2026-11-27T08:00:00.123456789Z stderr F it went wrong")
    assert found is not None
    assert found.groupdict() == {
        "time": "2026-11-27T08:00:00.123456789Z",
        "stream": "stderr",
        "part": "F",
        "log": "it went wrong",
    }


def test_it_writes_to_the_group_made_here_which_ends(on: Run, project: Path) -> None:
    output = named(read(files(on)["output.conf"]), "OUTPUT", "cloudwatch_logs")
    group = on.one(LOG_GROUP, "fargate-pods")
    assert group.inputs["name"] == output["log_group_name"] == "/eks/eks-cluster-dev/fargate"
    assert (output["auto_create_group"], output["region"]) == ("Off", "us-east-1")
    assert group.inputs["retentionInDays"] == 30
    assert group.inputs["kmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/secrets-id"
    assert on.comes_after(on.one(CONFIG_MAP, "aws-logging"), group)
    longer = {"fargate_logging_enabled": True, "fargate_logging_retention_days": 90}
    again = run_program(project, stack="dev", config=longer)
    assert again.one(LOG_GROUP, "fargate-pods").inputs["retentionInDays"] == 90


def test_tier_1_may_write_there(on: Run, project: Path) -> None:
    """The role's right and the group's name are in two tiers."""
    infrastructure = run_program(
        project.parent / "infrastructure",
        stack="dev",
        config={
            "fargate_profiles": {"system": {"selectors": [{"namespace": "kube-system"}]}},
            "fargate_pod_logs": True,
        },
    )
    policy = infrastructure.one("aws:iam/rolePolicy:RolePolicy", "eks-fargate-pod-logs").inputs["policy"]
    assert f":log-group:{on.one(LOG_GROUP, 'fargate-pods').inputs['name']}:*" in policy
