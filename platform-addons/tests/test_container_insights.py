"""container-insights: EKS's add-on with its agent's role, without the logs that are another add-on's business."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.testing import Run, contract_outputs, run_program
from shared.versions import ADDONS

NAME = "container-insights"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
EKS_ADDON = "amazon-cloudwatch-observability"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLE_ARN = "arn:aws:iam::123456789012:role/eks-container-insights-dev"


def with_container_insights(project: Path, identity: str = "irsa") -> Run:
    return run_program(
        project,
        stack="dev",
        config={"container_insights_enabled": True},
        upstream=lambda _: contract_outputs(Infrastructure, workload_identity=identity),
    )


@pytest.fixture(scope="module")
def on(project: Path) -> Run:
    return with_container_insights(project)


def addon(run: Run) -> dict[str, Any]:
    return run.one("aws:eks/addon:Addon", EKS_ADDON).inputs


def test_it_is_off_unless_switched_on(dev: Run) -> None:
    assert NAME not in dev.outputs["addons"]
    assert [each.name for each in dev.resources if EKS_ADDON in each.name or each.name == "amazon-cloudwatch"] == []


def test_it_is_a_pinned_eks_add_on(on: Run) -> None:
    inputs = addon(on)
    assert inputs["addonName"] == EKS_ADDON
    assert inputs["addonVersion"] == ADDONS[EKS_ADDON].value
    assert (inputs["resolveConflictsOnCreate"], inputs["resolveConflictsOnUpdate"]) == ("OVERWRITE", "OVERWRITE")
    assert inputs["tags"] == {"Name": f"{EKS_ADDON}-dev"}


def test_it_collects_metrics_and_neither_logs_nor_traces(on: Run) -> None:
    assert json.loads(addon(on)["configurationValues"]) == {
        "agent": {"config": {"logs": {"metrics_collected": {"kubernetes": {"enhanced_container_insights": True}}}}},
        "containerLogs": {"enabled": False},
    }


def test_only_its_agent_has_the_aws_managed_policy(on: Run) -> None:
    (attached,) = [
        each.inputs
        for each in on.registered("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if each.name.startswith(NAME)
    ]
    assert attached["policyArn"] == "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
    assert attached["role"] == "eks-container-insights-dev"
    trust = json.loads(on.one("aws:iam/role:Role", NAME).inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    subjects = [value for key, value in statement["Condition"]["StringEquals"].items() if key.endswith(":sub")]
    assert subjects == ["system:serviceaccount:amazon-cloudwatch:cloudwatch-agent"]
    assert on.outputs["role_arns"][NAME] == ROLE_ARN


def test_its_log_groups_are_made_before_its_agent_and_end(on: Run, project: Path) -> None:
    # aws-observability/helm-charts#111: the agent's own groups are neither encrypted nor ever emptied.
    groups = [each for each in on.registered(LOG_GROUP) if each.name.startswith(NAME)]
    assert [each.inputs["name"] for each in groups] == [
        f"/aws/containerinsights/eks-cluster-dev/{log}" for log in ("application", "dataplane", "host", "performance")
    ]
    for group in groups:
        assert group.inputs["retentionInDays"] == 30
        assert group.inputs["kmsKeyId"] == contract_outputs(Infrastructure)["secrets_key_arn"]
        assert on.comes_after(on.one("aws:eks/addon:Addon", EKS_ADDON), group)
    config = {"container_insights_enabled": True, "container_insights_retention_days": 365}
    longer = run_program(project, stack="dev", config=config)
    kept = [each.inputs["retentionInDays"] for each in longer.registered(LOG_GROUP) if each.name.startswith(NAME)]
    assert kept == [365] * 4


def test_its_agent_makes_no_group_again_after_one_was_removed(on: Run) -> None:
    denied = on.one("aws:iam/rolePolicy:RolePolicy", NAME)
    assert denied.inputs["role"] == "eks-container-insights-dev"
    (statement,) = json.loads(denied.inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", "*")
    assert "logs:CreateLogGroup" in statement["Action"]
    # The role goes before the groups, and the agent before the role.
    addon, role = on.one("aws:eks/addon:Addon", EKS_ADDON), on.one("aws:iam/role:Role", NAME)
    attached = on.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{NAME}-CloudWatchAgentServerPolicy")
    for group in on.registered(LOG_GROUP):
        if group.name.startswith(NAME):
            assert on.comes_after(role, group)
    for right in (denied, attached, role):
        assert on.comes_after(addon, right)


def test_with_irsa_the_add_on_is_told_its_role(on: Run) -> None:
    assert addon(on)["serviceAccountRoleArn"] == ROLE_ARN
    assert "podIdentityAssociations" not in addon(on)


def test_with_pod_identity_the_add_on_associates_its_role_itself(project: Path) -> None:
    run = with_container_insights(project, "pod-identity")
    assert "serviceAccountRoleArn" not in addon(run)
    assert addon(run)["podIdentityAssociations"] == [{"roleArn": ROLE_ARN, "serviceAccount": "cloudwatch-agent"}]
    associated = [each.name for each in run.registered("aws:eks/podIdentityAssociation:PodIdentityAssociation")]
    assert NAME not in associated


def test_its_namespace_denies_but_for_the_webhooks_of_its_operator(on: Run) -> None:
    labels = on.one("kubernetes:core/v1:Namespace", "amazon-cloudwatch").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"
    denial = on.one(NETWORK_POLICY, "default-deny-amazon-cloudwatch-network").inputs
    assert (denial["metadata"]["namespace"], denial["spec"]["podSelector"]) == ("amazon-cloudwatch", {})
    own = on.one(NETWORK_POLICY, f"{EKS_ADDON}-network").inputs["spec"]
    assert own["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": EKS_ADDON}}
    asked_from = [rule["from"][0]["ipBlock"]["cidr"] for rule in own["ingress"]]
    assert asked_from == ["10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"]
    assert {port["port"] for rule in own["ingress"] for port in rule["ports"]} == {9443}
    assert [sorted({port["port"] for port in rule["ports"]}) for rule in own["egress"]] == [[53], [443]]


def test_it_starts_after_its_guardrails_and_permissions_exist(on: Run) -> None:
    started = on.one("aws:eks/addon:Addon", EKS_ADDON)
    needed = [
        on.one("kubernetes:core/v1:Namespace", "amazon-cloudwatch"),
        on.one(NETWORK_POLICY, "default-deny-amazon-cloudwatch-network"),
        on.one(NETWORK_POLICY, f"{EKS_ADDON}-network"),
        on.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{NAME}-CloudWatchAgentServerPolicy"),
    ]
    assert [each.name for each in needed if not on.comes_after(started, each)] == []


def test_it_works_with_and_without_the_platforms_own_agent(on: Run, project: Path) -> None:
    assert {NAME, "fluent-bit"} <= set(on.outputs["addons"])
    alone = run_program(project, stack="dev", config={"container_insights_enabled": True, "fluent_bit_enabled": False})
    assert json.loads(addon(alone)["configurationValues"])["containerLogs"] == {"enabled": False}
