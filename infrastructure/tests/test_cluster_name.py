"""The cluster's name is a setting, and another one does not replace a deployed cluster by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.errors import BadInput
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, run_program, undeployed

NAMED = {"cluster_name": "eks_python_demo"}


def deploy(project: Path, config: dict[str, Any], *, deployed: str) -> Run:
    published = contract_outputs(Infrastructure, cluster_name=deployed)
    return run_program(project, stack="dev", config=config, upstream=lambda _: published)


def test_everything_that_names_the_cluster_follows_the_setting(project: Path) -> None:
    run = run_program(project, stack="dev", config=NAMED, upstream=undeployed("infrastructure"))
    assert run.one("eks:index:Cluster").inputs["name"] == "eks_python_demo-dev"
    groups = {group.inputs["name"] for group in run.registered("aws:cloudwatch/logGroup:LogGroup")}
    assert "/aws/eks/eks_python_demo-dev/cluster" in groups
    subnets = run.registered("aws:ec2/subnet:Subnet")
    assert len(subnets) == 6
    assert all(subnet.inputs["tags"]["kubernetes.io/cluster/eks_python_demo-dev"] == "shared" for subnet in subnets)


def test_another_name_is_refused_on_a_deployed_cluster(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        deploy(project, NAMED, deployed="eks-cluster-dev")
    assert refused.value.code == "cluster-renamed"
    assert "eks_python_demo-dev would replace the cluster eks-cluster-dev" in refused.value.what
    assert refused.value.at == "Pulumi.dev.yaml of infrastructure, cluster_name"
    assert "replace_cluster: eks-cluster-dev" in refused.value.hint


@pytest.mark.parametrize(
    ("config", "deployed"),
    [
        (NAMED, "eks_python_demo-dev"),
        ({**NAMED, "replace_cluster": "eks-cluster-dev"}, "eks-cluster-dev"),
        ({"replace_cluster": "eks-cluster-dev"}, "eks-cluster-dev"),
    ],
    ids=["the same name", "confirmed", "confirmed, not renamed"],
)
def test_a_name_that_is_deployed_or_confirmed_is_accepted(project: Path, config: dict[str, Any], deployed: str) -> None:
    assert deploy(project, config, deployed=deployed).one("eks:index:Cluster")


def test_a_confirmation_names_the_deployed_cluster(project: Path) -> None:
    with pytest.raises(ProgramInputError, match="cluster-renamed"):
        deploy(project, {**NAMED, "replace_cluster": "eks-cluster-prod"}, deployed="eks-cluster-dev")


@pytest.mark.parametrize("name", ["", "-eks", "eks cluster", "a/b", "é", "x" * 41])
def test_a_name_that_eks_does_not_accept_is_refused(project: Path, name: str) -> None:
    with pytest.raises(BadInput, match="cluster_name"):
        run_program(project, stack="dev", config={"cluster_name": name})
