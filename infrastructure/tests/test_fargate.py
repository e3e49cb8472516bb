"""Fargate profiles: none by default; one after the other, in private subnets, with a role that only they may take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.testing import Run, run_program

PROFILE = "aws:eks/fargateProfile:FargateProfile"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
PROFILES: dict[str, Any] = {
    "dns": {"selectors": [{"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}]},
    "logs": {"selectors": [{"namespace": "logging"}, {"namespace": "default"}]},
}


@pytest.fixture(scope="module")
def run(project: Path) -> Run:
    return run_program(project, stack="dev", config={"fargate_profiles": PROFILES})


def test_there_is_nothing_of_fargate_unless_a_profile_is_set(dev: Run) -> None:
    assert dev.registered(PROFILE) == []
    assert not [role for role in dev.registered("aws:iam/role:Role") if "fargate" in role.name]


def test_a_profile_selects_what_its_setting_says_in_private_subnets(run: Run) -> None:
    assert run.one(PROFILE, "dns").inputs == {
        "clusterName": "eks-cluster-dev",
        "fargateProfileName": "dns-dev",
        "podExecutionRoleArn": "arn:aws:iam::123456789012:role/eks-fargate-role-dev",
        "subnetIds": [f"private-us-east-1{zone}-id" for zone in "abc"],
        "selectors": [{"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}],
        "tags": {"Name": "dns-dev"},
    }
    assert run.one(PROFILE, "logs").inputs["selectors"] == [{"namespace": "logging"}, {"namespace": "default"}]


def test_profiles_are_made_one_after_the_other_and_after_the_policy_of_their_role(run: Run) -> None:
    first, second = run.one(PROFILE, "dns"), run.one(PROFILE, "logs")
    assert run.comes_after(second, first)
    attachment = run.one(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "eks-fargate-role-AmazonEKSFargatePodExecutionRolePolicy"
    )
    assert attachment.inputs["policyArn"] == "arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy"
    assert run.comes_after(first, attachment)


def test_the_execution_role_serves_profiles_of_this_cluster_only(run: Run) -> None:
    trust = json.loads(run.one("aws:iam/role:Role", "eks-fargate-role").inputs["assumeRolePolicy"])
    assert trust["Statement"] == [
        {
            "Sid": "FargatePods",
            "Effect": "Allow",
            "Principal": {"Service": "eks-fargate-pods.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {"aws:SourceArn": "arn:aws:eks:us-east-1:123456789012:fargateprofile/eks-cluster-dev/*"}
            },
        }
    ]


def test_pods_write_no_logs_unless_they_may(run: Run, project: Path) -> None:
    assert [policy.name for policy in run.registered(ROLE_POLICY) if "fargate" in policy.name] == []
    logged = run_program(project, stack="dev", config={"fargate_profiles": PROFILES, "fargate_pod_logs": True})
    policy = logged.one(ROLE_POLICY, "eks-fargate-pod-logs")
    assert policy.inputs["role"] == "eks-fargate-role-dev"
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/eks/eks-cluster-dev/fargate"
    assert json.loads(policy.inputs["policy"])["Statement"] == [
        {
            "Sid": "WritePodLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": [group, f"{group}:*"],
        }
    ]
    assert logged.comes_after(logged.one(PROFILE, "dns"), policy)
