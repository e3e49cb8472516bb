"""Every pod that tier 2 runs is under a network policy, so that the VPC CNI's strict mode locks none out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.testing import Run, contract_outputs, run_program
from tests.everything_on import SETTINGS

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
WORKLOADS = tuple(f"kubernetes:apps/v1:{kind}" for kind in ("DaemonSet", "Deployment", "StatefulSet"))
OTHERS = {
    "coredns": {"k8s-app": "kube-dns"},
    "aws-ebs-csi-driver": {"app.kubernetes.io/name": "aws-ebs-csi-driver"},
    "metrics-server": {"app.kubernetes.io/name": "metrics-server"},
    "aws-load-balancer-controller": {"app.kubernetes.io/name": "aws-load-balancer-controller"},
}
"""Pods in kube-system that EKS add-ons and charts run, by the labels they bear; others are on the host network."""


@pytest.fixture(scope="module")
def everything(project: Path) -> Run:
    return run_program(project, stack="dev", config=SETTINGS["platform-addons"])


def policies(run: Run, namespace: str) -> dict[str, dict[str, Any]]:
    found = [policy.inputs for policy in run.registered(POLICY)]
    return {one["metadata"]["name"]: one["spec"] for one in found if one["metadata"]["namespace"] == namespace}


def selects(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether it is about these pods, and not about all of the namespace."""
    wanted: dict[str, str] = spec["podSelector"].get("matchLabels") or {}
    return bool(wanted) and wanted.items() <= labels.items()


def test_every_workload_of_ours_has_a_policy_of_its_own(everything: Run) -> None:
    workloads = [one.inputs for kind in WORKLOADS for one in everything.registered(kind)]
    assert len(workloads) > 2
    for workload in workloads:
        template = workload["spec"]["template"]
        if template["spec"].get("hostNetwork"):
            continue
        namespace, name = workload["metadata"]["namespace"], workload["metadata"]["name"]
        about = [
            spec for spec in policies(everything, namespace).values() if selects(spec, template["metadata"]["labels"])
        ]
        assert about, name
        assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in about), name


@pytest.mark.parametrize("name", OTHERS)
def test_so_have_the_pods_that_others_run_in_kube_system(everything: Run, name: str) -> None:
    assert any(selects(spec, OTHERS[name]) for spec in policies(everything, "kube-system").values())


def test_every_namespace_denies_what_no_policy_allows(everything: Run) -> None:
    made = {one.inputs["metadata"]["name"] for one in everything.registered("kubernetes:core/v1:Namespace")}
    for namespace in {*made, "kube-system"} - {"aws-observability"}:  # which holds a ConfigMap and no pod
        denials = [spec for spec in policies(everything, namespace).values() if not spec["podSelector"]]
        assert denials, namespace
        for spec in denials:
            assert spec["policyTypes"] == ["Ingress", "Egress"]
            assert not spec.get("ingress")
            assert not spec.get("egress")


def test_what_has_an_aws_role_reaches_the_agent_that_hands_out_its_credentials(project: Path) -> None:
    run = run_program(
        project,
        stack="dev",
        config=SETTINGS["platform-addons"],
        upstream=lambda _: contract_outputs(Infrastructure, workload_identity="pod-identity"),
    )
    agent = {"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": [{"port": 80, "protocol": "TCP"}]}
    reaching = {policy.name for policy in run.registered(POLICY) if agent in policy.inputs["spec"].get("egress", [])}
    accounts = run.registered("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    named = {f"{one.inputs['serviceAccount']}-network" for one in accounts}
    assert named
    assert named | {"ebs-csi-driver-network"} <= reaching
