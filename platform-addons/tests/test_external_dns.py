"""external-dns: what it may do in AWS and in the cluster, what it is told, how it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.program_errors import ProgramInputError
from shared.testing import Run, run_program
from shared.versions import EXTERNAL_DNS_IMAGE

NAME = "external-dns"
CONFIG = {
    "external_dns_enabled": True,
    "external_dns_zone_ids": ["Z0123456789ABCDEFGHIJ", "Z9876543210ABCDEFGHIJ"],
    "external_dns_domains": ["apps.example.com", "example.org"],
}
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
ZONES = [
    "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ",
    "arn:aws:route53:::hostedzone/Z9876543210ABCDEFGHIJ",
]


def with_external_dns(project: Path, **config: Any) -> Run:
    return run_program(project, stack="dev", config={**CONFIG, **config})


@pytest.fixture(scope="module")
def on(project: Path) -> Run:
    return with_external_dns(project)


def pod(run: Run) -> dict[str, Any]:
    return run.one(DEPLOYMENT, NAME).inputs["spec"]["template"]["spec"]


def container(run: Run) -> dict[str, Any]:
    (only,) = pod(run)["containers"]
    return only


def statements(run: Run) -> dict[str, dict[str, Any]]:
    document = json.loads(run.one("aws:iam/rolePolicy:RolePolicy", NAME).inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_it_is_off_unless_switched_on(dev: Run) -> None:
    assert [resource.name for resource in dev.resources if NAME in resource.name] == []
    assert NAME not in dev.outputs["addons"]


def test_only_its_own_service_account_may_assume_the_role(on: Run) -> None:
    role = on.one("aws:iam/role:Role", NAME).inputs
    assert role["name"] == "eks-external-dns-dev"
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    subjects = {key: value for key, value in statement["Condition"]["StringEquals"].items() if key.endswith(":sub")}
    assert list(subjects.values()) == ["system:serviceaccount:external-dns:external-dns"]
    account = on.one("kubernetes:core/v1:ServiceAccount", NAME).inputs
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/eks-external-dns-dev"
    }
    assert account["automountServiceAccountToken"] is False
    assert on.outputs["role_arns"][NAME] == "arn:aws:iam::123456789012:role/eks-external-dns-dev"


def test_it_writes_address_and_text_records_below_its_domains_in_its_zones(on: Run) -> None:
    write = statements(on)["WriteRecords"]
    assert write["Action"] == "route53:ChangeResourceRecordSets"
    assert write["Resource"] == ZONES
    keys = [f"route53:ChangeResourceRecordSets{key}" for key in ("NormalizedRecordNames", "RecordTypes", "Actions")]
    assert write["Condition"] == {
        "ForAllValues:StringLike": {
            keys[0]: ["apps.example.com", "*.apps.example.com", "example.org", "*.example.org"],
        },
        "ForAllValues:StringEquals": {keys[1]: ["A", "AAAA", "TXT"], keys[2]: ["CREATE", "UPSERT"]},
        "Null": dict.fromkeys(keys, "false"),
    }


def test_it_reads_records_of_its_zones_and_the_names_of_all(on: Run) -> None:
    assert set(statements(on)) == {"WriteRecords", "ReadRecords", "FindZones"}
    assert statements(on)["ReadRecords"]["Action"] == "route53:ListResourceRecordSets"
    assert statements(on)["ReadRecords"]["Resource"] == ZONES
    assert statements(on)["FindZones"]["Action"] == "route53:ListHostedZones"
    assert statements(on)["FindZones"]["Resource"] == "*"


def test_only_sync_may_delete_records(project: Path) -> None:
    sync = with_external_dns(project, external_dns_policy="sync")
    actions = statements(sync)["WriteRecords"]["Condition"]["ForAllValues:StringEquals"]
    assert actions["route53:ChangeResourceRecordSetsActions"] == ["CREATE", "UPSERT", "DELETE"]
    assert "--policy=sync" in container(sync)["args"]


def test_in_the_cluster_it_reads_ingresses_and_nothing_else(on: Run) -> None:
    assert on.one(f"{RBAC}:ClusterRole", NAME).inputs["rules"] == [
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get", "list", "watch"]}
    ]
    bound = on.one(f"{RBAC}:ClusterRoleBinding", NAME).inputs
    assert bound["roleRef"]["name"] == NAME
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": NAME}]
    assert [role.name for role in on.registered(f"{RBAC}:Role")] == ["cluster-autoscaler"]


def test_it_uses_hosts_of_the_platforms_class_below_its_domains_and_no_annotations(on: Run) -> None:
    assert container(on)["args"] == [
        "--provider=aws",
        "--source=ingress",
        "--ingress-class=alb",
        "--annotation-prefix=external-dns.alpha.kubernetes.io/",
        "--annotation-filter="
        "!external-dns.alpha.kubernetes.io/hostname,!external-dns.alpha.kubernetes.io/target,"
        "!external-dns.kubernetes.io/hostname,!external-dns.kubernetes.io/target",
        "--domain-filter=apps.example.com",
        "--domain-filter=example.org",
        "--zone-id-filter=Z0123456789ABCDEFGHIJ",
        "--zone-id-filter=Z9876543210ABCDEFGHIJ",
        "--managed-record-types=A",
        "--managed-record-types=AAAA",
        "--policy=upsert-only",
        "--registry=txt",
        "--txt-owner-id=eks-cluster-dev",
        "--txt-prefix=_external-dns-%{record_type}.",
        "--interval=1m",
        "--aws-zones-cache-duration=1h",
        "--log-format=json",
    ]
    assert container(on)["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]


def test_its_pod_is_hardened(on: Run) -> None:
    assert pod(on)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(on)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(on)["resources"] == {
        "requests": {"cpu": "20m", "memory": "128Mi"},
        "limits": {"cpu": "200m", "memory": "128Mi"},
    }
    assert container(on)["image"] == EXTERNAL_DNS_IMAGE.value
    namespace = on.one("kubernetes:core/v1:Namespace", NAME).inputs
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_it_is_one_pod_that_a_drain_may_move(on: Run) -> None:
    deployment = on.one(DEPLOYMENT, NAME).inputs
    assert deployment["metadata"]["namespace"] == NAME
    assert deployment["spec"]["replicas"] == 1
    assert pod(on)["priorityClassName"] == "platform-service"
    assert pod(on)["serviceAccountName"] == NAME
    budget = on.one("kubernetes:policy/v1:PodDisruptionBudget", NAME).inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == deployment["spec"]["selector"]["matchLabels"]


def test_nobody_reaches_it_and_it_reaches_names_and_https(on: Run) -> None:
    denial = on.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "default-deny-external-dns-network").inputs
    assert denial["metadata"]["namespace"] == NAME
    assert denial["spec"]["podSelector"] == {}
    own = on.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "external-dns-network").inputs["spec"]
    assert own["ingress"] == []
    assert [sorted({port["port"] for port in rule["ports"]}) for rule in own["egress"]] == [[53], [443]]


def test_it_starts_after_its_permissions_and_guardrails_exist(on: Run) -> None:
    needed = [
        on.one("aws:iam/rolePolicy:RolePolicy", NAME),
        on.one(f"{RBAC}:ClusterRoleBinding", NAME),
        on.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "default-deny-external-dns-network"),
        on.one("kubernetes:core/v1:Namespace", NAME),
        on.one("kubernetes:scheduling.k8s.io/v1:PriorityClass", "platform-service"),
    ]
    assert [each.name for each in needed if not on.comes_after(on.one(DEPLOYMENT, NAME), each)] == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            {"external_dns_zone_ids": []},
            "external_dns_zone_ids: at least one is required with external_dns_enabled: true",
        ),
        (
            {"external_dns_domains": []},
            "external_dns_domains: at least one is required with external_dns_enabled: true",
        ),
        ({"external_dns_zone_ids": ["hostedzone/Z1"]}, "'hostedzone/Z1' is not a hosted zone ID"),
        ({"external_dns_zone_ids": ["*"]}, "'*' is not a hosted zone ID"),
        ({"external_dns_domains": ["*.example.com"]}, "'*.example.com' is not a domain"),
        ({"external_dns_domains": ["com"]}, "'com' is not a domain"),
        ({"external_dns_policy": "create-only"}, "external_dns_policy"),
    ],
    ids=["no zones", "no domains", "path for an id", "every zone", "wildcard", "top level", "unknown policy"],
)
def test_what_would_reach_too_far_is_refused_before_anything_is_made(
    project: Path, config: dict[str, Any], says: str
) -> None:
    with pytest.raises(ProgramInputError) as refused:
        with_external_dns(project, **config)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what


def test_zones_can_be_configured_while_it_is_off(project: Path) -> None:
    run = run_program(project, stack="dev", config={"external_dns_domains": ["apps.example.com"]})
    assert NAME not in run.outputs["addons"]
