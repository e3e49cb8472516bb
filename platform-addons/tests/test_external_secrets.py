"""external-secrets: what the controller may do and is told, how it runs, and which fields its kinds have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, run_program
from shared.versions import EXTERNAL_SECRETS_IMAGE

NAME = "external-secrets"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
OURS = ("externalsecrets.external-secrets.io", "secretstores.external-secrets.io")


@pytest.fixture(scope="module")
def on(project: Path) -> Run:
    return run_program(project, stack="dev", config={"external_secrets_enabled": True})


def pod(run: Run) -> dict[str, Any]:
    return run.one(DEPLOYMENT, NAME).inputs["spec"]["template"]["spec"]


def schema(run: Run, name: str) -> dict[str, Any]:
    (version,) = run.one(DEFINITION, name).inputs["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def fields(part: dict[str, Any]) -> set[str]:
    return set(part["properties"])


def test_it_is_off_unless_switched_on(dev: Run) -> None:
    assert [resource.name for resource in dev.resources if NAME in resource.name] == []
    assert NAME not in dev.outputs["addons"]


def test_it_needs_the_policies_that_look_at_what_it_writes(project: Path) -> None:
    config = {
        "external_secrets_enabled": True,
        "load_balancer_controller_enabled": False,
        "admission_policies_enabled": False,
    }
    with pytest.raises(ProgramInputError, match="external-secrets requires admission-policies"):
        run_program(project, stack="dev", config=config)


def test_it_has_no_aws_role(on: Run) -> None:
    assert NAME in on.outputs["addons"]
    assert NAME not in on.outputs["role_arns"]
    account = on.one("kubernetes:core/v1:ServiceAccount", NAME).inputs
    assert account["metadata"].get("annotations") is None
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("identity", ["irsa", "pod-identity"])
def test_it_has_no_aws_role_with_pod_identity_either(project: Path, identity: str) -> None:
    run = run_program(
        project,
        stack="dev",
        config={"external_secrets_enabled": True},
        upstream=lambda _: contract_outputs(Infrastructure, workload_identity=identity),
    )
    assert [one.name for one in run.resources if one.type.startswith("aws:") and NAME in one.name] == []


def test_in_the_cluster_it_reads_and_takes_its_own_finalizer_off(on: Run) -> None:
    rules = {
        (tuple(rule["apiGroups"]), tuple(rule["resources"]), tuple(rule["verbs"]))
        for rule in on.one(f"{RBAC}:ClusterRole", NAME).inputs["rules"]
    }
    read = ("get", "list", "watch")
    assert rules == {
        (("external-secrets.io",), ("externalsecrets", "secretstores"), read),
        (("external-secrets.io",), ("externalsecrets",), ("patch",)),
        (("generators.external-secrets.io",), ("generatorstates",), read),
        (("",), ("serviceaccounts",), read),
        (("",), ("secrets",), ("list", "watch")),
    }
    binding = on.one(f"{RBAC}:ClusterRoleBinding", NAME).inputs
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": NAME}]
    assert [role.name for role in on.registered(f"{RBAC}:Role") if NAME in role.name] == []


def test_what_would_let_one_namespace_act_on_another_is_switched_off(on: Run) -> None:
    (container,) = pod(on)["containers"]
    assert container["image"] == EXTERNAL_SECRETS_IMAGE.value
    assert container["args"] == [
        "--enable-cluster-store-reconciler=false",
        "--enable-cluster-external-secret-reconciler=false",
        "--enable-cluster-push-secret-reconciler=false",
        "--enable-push-secret-reconciler=false",
        "--enable-generator-state=false",
        "--enable-managed-secrets-caching=false",
        "--concurrent=5",
        "--live-addr=:8082",
        "--zap-time-encoding=iso8601",
    ]


def test_it_runs_without_privileges_with_requests_and_probes(on: Run) -> None:
    spec = pod(on)
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"] == {
        "requests": {"cpu": "20m", "memory": "128Mi"},
        "limits": {"cpu": "200m", "memory": "256Mi"},
    }
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": 8082}
    assert spec["priorityClassName"] == "platform-service"
    budget = on.one("kubernetes:policy/v1:PodDisruptionBudget", NAME).inputs["spec"]
    assert budget == {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
    }


def test_its_namespace_is_restricted_and_its_pods_reach_dns_and_https_alone(on: Run) -> None:
    namespace = on.one("kubernetes:core/v1:Namespace", NAME).inputs["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    policy = on.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{NAME}-network").inputs["spec"]
    assert policy.get("ingress") == []
    ports = [[(port["protocol"], port["port"]) for port in rule["ports"]] for rule in policy["egress"]]
    assert ports == [[("UDP", 53), ("TCP", 53)], [("TCP", 443)]]


def test_its_kinds_go_before_it_so_that_its_finalizers_come_off(on: Run) -> None:
    definitions = on.registered(DEFINITION)
    names = {one.inputs["metadata"]["name"] for one in definitions} - {
        "ingressclassparams.elbv2.k8s.aws",
        "targetgroupbindings.elbv2.k8s.aws",
    }
    assert names == {*OURS, "generatorstates.generators.external-secrets.io"}
    for one in definitions:
        if one.inputs["metadata"]["name"] in names:
            assert on.comes_after(one, on.one(DEPLOYMENT, NAME))


def test_an_external_secret_knows_one_store_and_no_generator(on: Run) -> None:
    spec = schema(on, OURS[0])
    assert spec["properties"]["secretStoreRef"]["properties"]["name"] == {
        "type": "string",
        "enum": ["tenant"],
        "default": "tenant",
    }
    assert spec["properties"]["secretStoreRef"]["properties"]["kind"]["enum"] == ["SecretStore"]
    assert fields(spec["properties"]["data"]["items"]) == {"secretKey", "remoteRef"}
    assert fields(spec["properties"]["dataFrom"]["items"]) == {"extract", "rewrite"}


def test_nothing_that_it_writes_can_keep_a_namespace_from_ending(on: Run) -> None:
    target = schema(on, OURS[0])["properties"]["target"]
    assert fields(target["properties"]["template"]["properties"]["metadata"]) == {"annotations", "labels"}
    assert target["properties"]["deletionPolicy"]["enum"] == ["Retain", "Merge"]
    assert "manifest" not in fields(target)


def test_a_store_is_secrets_manager_by_a_service_account(on: Run) -> None:
    aws = schema(on, OURS[1])["properties"]["provider"]
    assert fields(aws) == {"aws"}
    assert fields(aws["properties"]["aws"]) == {"auth", "prefix", "region", "service"}
    assert aws["properties"]["aws"]["properties"]["service"]["enum"] == ["SecretsManager"]
    assert fields(aws["properties"]["aws"]["properties"]["auth"]) == {"jwt"}
