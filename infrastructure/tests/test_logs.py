"""The platform's own log groups, who writes to them, and the key that encrypts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.testing import Run, run_program

GROUP, LOG = "aws:cloudwatch/logGroup:LogGroup", "aws:ec2/flowLog:FlowLog"
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/secrets-id"
LOGS = "arn:aws:logs:us-east-1:123456789012:log-group"


def statements(document: str) -> dict[str, dict[str, object]]:
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def test_the_control_planes_group_stands_before_the_cluster_and_ends(dev: Run) -> None:
    group = dev.one(GROUP, "control-plane")
    assert group.inputs["name"] == "/aws/eks/eks-cluster-dev/cluster"
    assert group.inputs["retentionInDays"] == 30
    assert group.inputs["kmsKeyId"] == KEY_ARN
    assert dev.comes_after(dev.one("eks:index:Cluster"), group)


def test_all_connections_of_the_vpc_are_logged_for_ninety_days_by_default(project: Path, dev: Run) -> None:
    assert run_program(project, stack="staging").one(GROUP, "flow-logs").inputs["retentionInDays"] == 90
    group = dev.one(GROUP, "flow-logs").inputs
    assert group["name"] == "/aws/vpc/flowlogs/vpc-id"
    assert group["retentionInDays"] == 30
    assert group["kmsKeyId"] == KEY_ARN
    log = dev.one(LOG).inputs
    assert log["vpcId"] == "vpc-id"
    assert log["trafficType"] == "ALL"
    assert log["logDestinationType"] == "cloud-watch-logs"
    assert log["iamRoleArn"] == "arn:aws:iam::123456789012:role/vpc-flow-logs-role-dev"


def test_flow_logs_are_kept_as_long_as_set(project: Path) -> None:
    run = run_program(project, stack="dev", config={"flow_log_retention_days": 400})
    assert run.one(GROUP, "flow-logs").inputs["retentionInDays"] == 400


def test_without_flow_logs_there_is_neither_group_nor_role_nor_leave_to_encrypt(project: Path) -> None:
    run = run_program(project, stack="dev", config={"flow_logs": False})
    assert run.registered(LOG) == []
    assert [group.name for group in run.registered(GROUP)] == ["control-plane"]
    assert [role.name for role in run.registered("aws:iam/role:Role") if "flow" in role.name] == []


def test_the_delivery_role_serves_the_flow_logs_of_this_account_and_region_alone(dev: Run) -> None:
    role = dev.one("aws:iam/role:Role", "flow-logs").inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"},
    }


def test_the_delivery_role_writes_to_its_group_and_makes_none(dev: Run) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "flow-logs")
    assert policy.inputs["role"] == "vpc-flow-logs-role-dev"
    told = statements(policy.inputs["policy"])
    group = dev.one(GROUP, "flow-logs")
    assert told["WriteFlowLogs"]["Resource"] == [
        f"{LOGS}:/aws/vpc/flowlogs/vpc-id",
        f"{LOGS}:/aws/vpc/flowlogs/vpc-id:*",
    ]
    assert told["WriteFlowLogs"]["Action"] == [
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "logs:DescribeLogStreams",
    ]
    assert told["FindGroup"]["Action"] == "logs:DescribeLogGroups"
    # Else the first records are lost, and EC2 reports the log as failed.
    assert dev.comes_after(dev.one(LOG), policy)
    assert dev.comes_after(policy, group)


def test_the_key_turns_and_waits_before_it_is_deleted(project: Path, dev: Run, prod: Run) -> None:
    key = dev.one("aws:kms/key:Key").inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 7
    assert prod.one("aws:kms/key:Key").inputs["deletionWindowInDays"] == 30
    assert dev.one("aws:kms/alias:Alias").inputs == {"name": "alias/eks-secrets-dev", "targetKeyId": "secrets-id"}


@pytest.mark.parametrize("flow_logs", [True, False])
def test_the_key_serves_the_account_eks_and_the_named_groups_alone(project: Path, flow_logs: bool) -> None:
    run = run_program(project, stack="dev", config={"flow_logs": flow_logs})
    told = statements(run.one("aws:kms/key:Key").inputs["policy"])
    assert told.keys() == {"Account", "Eks", "LogGroups"}
    assert told["Account"]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert told["Eks"]["Principal"] == {"Service": "eks.amazonaws.com"}
    assert told["Eks"]["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert told["LogGroups"]["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    control_plane = f"{LOGS}:/aws/eks/eks-cluster-dev/cluster"
    pods = f"{LOGS}:/eks/eks-cluster-dev/*"
    insights = f"{LOGS}:/aws/containerinsights/eks-cluster-dev/*"
    wanted = [control_plane, *([f"{LOGS}:/aws/vpc/flowlogs/vpc-id"] if flow_logs else []), pods, insights]
    assert told["LogGroups"]["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": wanted}}
    for name in ("Eks", "LogGroups"):
        assert told[name]["Action"] == [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        ]
