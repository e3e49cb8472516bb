"""The AWS Load Balancer Controller: its release, its role, the custom resources before it, the class that it serves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.testing import Run, run_program

NAME = "aws-load-balancer-controller"
RELEASE = "kubernetes:helm.sh/v3:Release"
DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
CLASS = "kubernetes:networking.k8s.io/v1:IngressClass"
PARAMETERS = "kubernetes:elbv2.k8s.aws/v1beta1:IngressClassParams"
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
GROUPS = "arn:aws:ec2:us-east-1:123456789012:security-group/*"
BALANCERS = [f"{ARN}:loadbalancer/app/*/*", f"{ARN}:targetgroup/*/*"]
REQUEST = {"aws:RequestTag/elbv2.k8s.aws/cluster": "eks-cluster-dev"}
OURS = {"StringEquals": {"aws:ResourceTag/elbv2.k8s.aws/cluster": "eks-cluster-dev"}}


@pytest.fixture(scope="module")
def statements(dev: Run) -> dict[str, dict[str, Any]]:
    document = json.loads(dev.one("aws:iam/rolePolicy:RolePolicy", NAME).inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


def values(run: Run) -> dict[str, Any]:
    return run.one(RELEASE).inputs["values"]


def test_the_release_is_pinned_and_brings_no_custom_resources_of_its_own(dev: Run) -> None:
    inputs = dev.one(RELEASE).inputs
    assert {key: inputs[key] for key in ("chart", "name", "namespace", "repositoryOpts", "skipCrds", "version")} == {
        "chart": NAME,
        "name": NAME,
        "namespace": "kube-system",
        "repositoryOpts": {"repo": "https://aws.github.io/eks-charts"},
        "skipCrds": True,
        "version": "1.13.0",
    }


def test_it_is_told_what_it_cannot_ask_the_instance(dev: Run) -> None:
    given = values(dev)
    assert (given["clusterName"], given["region"], given["vpcId"]) == (
        "eks-cluster-dev",
        "us-east-1",
        "vpc-id",
    )


def test_what_nobody_uses_is_off(dev: Run) -> None:
    given = values(dev)
    assert given["enableServiceMutatorWebhook"] is False
    assert given["controllerConfig"] == {"featureGates": {"EnableServiceController": False}}
    assert (given["enableShield"], given["enableWaf"], given["enableWafv2"]) == (False, False, False)
    assert given["disableIngressClassAnnotation"] is True
    assert given["createIngressClassResource"] is False
    assert given["ingressClassParams"] == {"create": False}


def test_its_pods_are_hardened_and_may_be_drained_one_by_one(dev: Run) -> None:
    given = values(dev)
    assert given["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert given["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert given["replicaCount"] == 2
    assert given["podDisruptionBudget"] == {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    assert given["resources"]["requests"] == {"cpu": "50m", "memory": "192Mi"}
    assert given["priorityClassName"] == "system-cluster-critical"


def test_what_it_makes_in_aws_bears_the_environments_tags(dev: Run) -> None:
    assert values(dev)["defaultTags"]["environment"] == "dev"
    assert values(dev)["defaultTags"]["project"] == "platform-addons"


def test_it_runs_as_our_account_with_its_role(dev: Run) -> None:
    account = dev.one("kubernetes:core/v1:ServiceAccount", NAME).inputs["metadata"]
    assert (account["name"], account["namespace"]) == (NAME, "kube-system")
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": f"arn:aws:iam::123456789012:role/eks-{NAME}-dev"}
    assert values(dev)["serviceAccount"] == {"create": False, "name": NAME}
    trust = json.loads(dev.one("aws:iam/role:Role", NAME).inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    (subject,) = [value for key, value in statement["Condition"]["StringEquals"].items() if key.endswith(":sub")]
    assert subject == f"system:serviceaccount:kube-system:{NAME}"


def test_custom_resources_role_and_network_policy_come_before_it(dev: Run) -> None:
    release = dev.one(RELEASE)
    definitions = dev.registered(DEFINITION)
    assert {one.name for one in definitions} == {
        "ingressclassparams.elbv2.k8s.aws",
        "targetgroupbindings.elbv2.k8s.aws",
    }
    before = [
        *definitions,
        dev.one("aws:iam/rolePolicy:RolePolicy", NAME),
        dev.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{NAME}-network"),
    ]
    assert all(dev.comes_after(release, one) for one in before)


def test_the_class_is_nobodys_default_and_its_parameters_are_for_tenants(dev: Run) -> None:
    ingress_class = dev.one(CLASS).inputs
    assert ingress_class["metadata"]["name"] == "alb"
    assert "annotations" not in ingress_class["metadata"]
    assert ingress_class["spec"] == {
        "controller": "ingress.k8s.aws/alb",
        "parameters": {"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "alb"},
    }
    spec = dev.one(PARAMETERS).inputs["spec"]
    assert spec["namespaceSelector"] == {
        "matchExpressions": [{"key": "platform.internal/tenant", "operator": "Exists"}]
    }
    assert spec["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    # The controller is there as long as there is a class, so that it can take the load balancers away.
    assert dev.comes_after(dev.one(CLASS), dev.one(RELEASE))


def test_the_class_was_called_otherwise_before(dev: Run) -> None:
    component = dev.one("platform:platform-addons:LoadBalancerController")
    former = {(alias["name"], alias["type"]) for alias in component.aliases if isinstance(alias, dict)}
    assert former == {
        ("ingress-class", "platform:platform-addons:IngressClass"),
        ("ingress", "platform:platform-addons:LoadBalancerIngress"),
    }


def test_the_api_server_reaches_its_webhooks_and_nobody_else_does(dev: Run) -> None:
    spec = dev.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{NAME}-network").inputs["spec"]
    assert spec["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": NAME}}
    assert spec["ingress"]
    for rule in spec["ingress"]:
        assert rule["ports"] == [{"port": 9443, "protocol": "TCP"}]
        assert [list(peer) for peer in rule["from"]] == [["ipBlock"]]


def test_it_makes_only_what_bears_the_clusters_tag(statements: dict[str, dict[str, Any]]) -> None:
    made = statements["MakeLoadBalancers"]
    assert made["Action"] == ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    assert (made["Resource"], made["Condition"]) == (BALANCERS, {"StringEquals": REQUEST})
    assert statements["MakeSecurityGroups"]["Condition"] == {"StringEquals": REQUEST}
    assert statements["TagWhatIsNew"]["Condition"] == {
        "StringEquals": {
            **REQUEST,
            "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
        }
    }
    assert statements["TagNewSecurityGroups"]["Condition"] == {
        "StringEquals": {**REQUEST, "ec2:CreateAction": "CreateSecurityGroup"}
    }


def test_it_changes_only_what_bears_the_clusters_tag(statements: dict[str, dict[str, Any]]) -> None:
    changed = statements["ChangeOwnLoadBalancers"]
    assert (changed["Resource"], changed["Condition"]) == (BALANCERS, OURS)
    assert statements["ChangeOwnSecurityGroups"]["Condition"] == OURS
    assert statements["ChangeOwnSecurityGroups"]["Resource"] == GROUPS
    nodes = statements["OpenNodesToLoadBalancers"]
    assert nodes["Action"] == ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    assert nodes["Condition"] == {
        "StringEquals": {"aws:ResourceTag/kubernetes.io/cluster/eks-cluster-dev": ["owned", "shared"]}
    }


def test_the_rest_only_reads_or_is_of_this_account(statements: dict[str, dict[str, Any]]) -> None:
    for sid in ("ReadNetwork", "ReadLoadBalancers"):
        actions = {action.split(":")[1] for action in statements[sid]["Action"]}
        assert all(action.startswith(("Describe", "Get", "List")) for action in actions), sid
    assert statements["FindCertificates"]["Action"] == "acm:ListCertificates"
    assert statements["ReadCertificates"]["Resource"] == "arn:aws:acm:us-east-1:123456789012:certificate/*"
    for sid, action in {
        "ReadGroupsOfVpc": "GetSecurityGroupsForVpc",
        "MakeSecurityGroupsInVpc": "CreateSecurityGroup",
    }.items():
        assert statements[sid]["Action"] == f"ec2:{action}"
        assert statements[sid]["Resource"] == "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-id"
    assert statements["Listeners"]["Resource"] == [f"{ARN}:listener/app/*/*/*", f"{ARN}:listener-rule/app/*/*/*/*"]
    assert statements["ListenersOfLoadBalancers"]["Resource"] == f"{ARN}:loadbalancer/app/*/*"
    assert statements["ServiceLinkedRole"]["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}
    }


def test_a_chart_of_ones_own_takes_the_place_of_the_pinned_one(project: Path, tmp_path: Path) -> None:
    for given, chart in (
        ("oci://example.com/charts/lbc", "oci://example.com/charts/lbc"),
        (str(tmp_path), str(tmp_path)),
    ):
        run = run_program(project, stack="dev", config={"load_balancer_controller_chart": given})
        inputs = run.one(RELEASE).inputs
        assert inputs["chart"] == chart
        assert not {"version", "repositoryOpts"} & inputs.keys()


def test_its_look_at_ingresses_can_be_switched_off(project: Path, dev: Run) -> None:
    run = run_program(project, stack="dev", config={"load_balancer_ingress_validation": False})
    assert values(run)["webhookConfig"] == {"disableIngressValidation": True}
    assert values(dev)["webhookConfig"] == {"disableIngressValidation": False}


def test_without_it_there_is_no_class(project: Path) -> None:
    run = run_program(project, stack="dev", config={"load_balancer_controller_enabled": False})
    assert run.registered(CLASS) == []
    assert run.registered(RELEASE) == []


def test_rollouts_wait_for_the_load_balancer_and_an_outage_of_the_controller_stops_no_pod(dev: Run) -> None:
    given = values(dev)
    assert given["enablePodReadinessGateInject"] is True
    assert given["podMutatorWebhookConfig"] == {"failurePolicy": "Ignore"}
    # The chart's own selector: namespaces with the label for readiness gates.
    assert "webhookNamespaceSelectors" not in given


def test_where_its_pods_do_not_run_no_namespace_is_asked_about(project: Path) -> None:
    run = run_program(project, stack="local")
    (selector,) = values(run)["webhookNamespaceSelectors"]
    assert selector == {"key": "kubernetes.io/metadata.name", "operator": "DoesNotExist"}
