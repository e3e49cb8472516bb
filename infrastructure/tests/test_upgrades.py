"""Which versions a deployed cluster may go to: one minor at a time, with nodes and add-ons that fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, run_program

AT_34 = {
    "vpc-cni": "v1.20.4-eksbuild.1",
    "kube-proxy": "v1.34.3-eksbuild.2",
    "coredns": "v1.12.4-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.9-eksbuild.3",
    "aws-ebs-csi-driver": "v1.54.0-eksbuild.1",
}
AT_36 = {**AT_34, "kube-proxy": "v1.36.0-eksbuild.1"}


def deploy(
    project: Path,
    config: dict[str, Any],
    *,
    cluster: str = "1.35",
    nodes: dict[str, str] | None = None,
    proxy: str = "v1.35.0-eksbuild.2",
) -> Run:
    """Runs the program of a stack that published these versions when it was last deployed."""
    published = contract_outputs(
        Infrastructure,
        cluster_version=cluster,
        node_versions=nodes or {"general": cluster},
        addon_versions={"kube-proxy": proxy},
    )
    return run_program(project, stack="dev", config=config, upstream=lambda _: published)


@pytest.mark.parametrize(
    ("config", "deployed", "says"),
    [
        (
            {"kubernetes_version": "1.36", "addon_versions": AT_36},
            {"cluster": "1.34"},
            "kubernetes_version 1.36 is 2 minors after the cluster's 1.34: deploy 1.35 first",
        ),
        (
            {"kubernetes_version": "1.34", "addon_versions": AT_34},
            {"cluster": "1.35"},
            "kubernetes_version 1.34 is older than the cluster's 1.35: downgrades are not supported",
        ),
        (
            {"node_kubernetes_version": "1.36"},
            {},
            "node_kubernetes_version 1.36 is newer than kubernetes_version 1.35",
        ),
        (
            {"kubernetes_version": "1.36", "addon_versions": AT_36},
            {"nodes": {"general": "1.35", "batch": "1.32"}},
            "nodes of group batch run 1.32, more than 3 minors behind kubernetes_version 1.36: upgrade them first",
        ),
        (
            {"node_kubernetes_version": "1.34"},
            {"nodes": {"general": "1.35"}},
            "nodes of group general run 1.35, newer than 1.34: downgrades are not supported",
        ),
        (
            {"addon_versions": {"kube-proxy": "v1.36.0-eksbuild.1"}},
            {},
            "addon_versions: kube-proxy v1.36.0-eksbuild.1 is not compatible with kubernetes_version 1.35",
        ),
        (
            {"kubernetes_version": "1.36", "addon_versions": AT_36},
            {"proxy": "v1.32.0-eksbuild.1"},
            "kube-proxy is at v1.32.0-eksbuild.1, more than 3 minors behind kubernetes_version 1.36",
        ),
    ],
    ids=["skips-a-minor", "goes-back", "nodes-ahead", "nodes-behind", "nodes-back", "proxy-ahead", "proxy-behind"],
)
def test_a_step_that_cannot_be_taken_is_refused_before_anything_is_sent(
    project: Path, config: dict[str, Any], deployed: dict[str, Any], says: str
) -> None:
    with pytest.raises(ProgramInputError) as refused:
        deploy(project, config, **deployed)
    assert refused.value.code == "upgrade-refused"
    assert says in refused.value.what
    assert refused.value.at == "Pulumi.dev.yaml of infrastructure, kubernetes_version"
    assert "docs/guides/upgrade.md" in refused.value.hint


def test_one_minor_up_takes_control_plane_nodes_and_add_ons(project: Path) -> None:
    run = deploy(project, {"kubernetes_version": "1.36", "addon_versions": AT_36})
    cluster = run.one("eks:index:Cluster").inputs
    assert cluster["version"] == "1.36"
    assert cluster["kubeProxyAddonOptions"]["version"] == "v1.36.0-eksbuild.1"
    group = run.one("aws:eks/nodeGroup:NodeGroup")
    assert group.inputs["version"] == "1.36"
    assert run.comes_after(group, run.one("eks:index:Cluster"))


def test_nodes_can_be_held_back_while_the_control_plane_goes_first(project: Path) -> None:
    config = {"node_kubernetes_version": "1.34"}
    run = deploy(project, config, cluster="1.34", proxy="v1.34.3-eksbuild.2")
    assert run.one("eks:index:Cluster").inputs["version"] == "1.35"
    assert run.one("aws:eks/nodeGroup:NodeGroup").inputs["version"] == "1.34"


def test_a_first_deployment_may_begin_with_any_known_minor(project: Path) -> None:
    config = {"kubernetes_version": "1.34", "addon_versions": AT_34}
    run = run_program(project, stack="dev", config=config, upstream=lambda _: None)
    assert run.one("eks:index:Cluster").inputs["version"] == "1.34"
    assert run.outputs["addon_versions"] == AT_34
