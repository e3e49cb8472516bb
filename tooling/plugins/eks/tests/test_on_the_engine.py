"""The component on the real engine: a program in the SDK's words, our plug-ins, the emulated AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pytest
from pulumi import automation

from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.lane.binaries import search_path
from tooling.lane.environments import washed
from tooling.runner.plugin_server import running_plugins

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("eks component")]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with running_emulator(tmp_path / "aws") as running:
        yield running


@pytest.fixture
def stack(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[automation.Stack]:
    """A stack without a program, on a state backend of its own, with the plug-ins attached."""
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path / "local"))
    (tmp_path / "state").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "Pulumi.yaml").write_text("name: component\nruntime: python\n")
    kept = washed()
    variables = {
        **kept,
        "PATH": ":".join([*search_path(), kept["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with running_plugins(variables) as ports:
        monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", ",".join(f"{name}:{port}" for name, port in ports.items()))
        workspace = automation.LocalWorkspace(work_dir=str(tmp_path / "work"), program=program())
        yield automation.Stack.create_or_select("test", workspace)


def program(**cluster_arguments: Any) -> Any:
    def run() -> None:
        opts = pulumi.ResourceOptions(
            providers=[aws.Provider("aws", region="us-east-1", skip_credentials_validation=True), eks.Provider("eks")]
        )
        only_aws = pulumi.ResourceOptions(provider=opts.providers[0])  # type: ignore[index]
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=only_aws)
        subnets = [
            aws.ec2.Subnet(zone, vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=zone, opts=only_aws)
            for index, zone in enumerate(("us-east-1a", "us-east-1b"))
        ]
        role = aws.iam.Role("role", assume_role_policy='{"Version":"2012-10-17","Statement":[]}', opts=only_aws)
        arguments: dict[str, Any] = {
            "name": "one",
            "vpc_id": vpc.id,
            "private_subnet_ids": [subnet.id for subnet in subnets],
            "service_role": role,
            "authentication_mode": eks.AuthenticationMode.API,
            "skip_default_node_group": True,
            "skip_default_security_groups": True,
            "vpc_cni_options": eks.VpcCniOptionsArgs(addon_version="v1.21.1-eksbuild.3", enable_network_policy=True),
            "kube_proxy_addon_options": eks.KubeProxyAddonOptionsArgs(version="v1.35.0-eksbuild.2"),
            **cluster_arguments,
        }
        cluster = eks.Cluster("cluster", opts=opts, **arguments)
        pulumi.export("name", cluster.eks_cluster.name)
        pulumi.export("issuer", cluster.oidc_issuer)

    return run


def test_the_component_makes_control_plane_and_two_pinned_addons(stack: automation.Stack, emulator: Emulator) -> None:
    up = stack.up(color="never")
    assert up.outputs["name"].value == "one"
    assert str(up.outputs["issuer"].value).startswith("oidc.eks.us-east-1.amazonaws.com/id/")
    state = stack.export_stack().deployment or {}
    made = {row["urn"].split("::")[-1]: row["type"] for row in state["resources"]}
    assert made["cluster-eksCluster"] == "aws:eks/cluster:Cluster"
    assert made["cluster-vpc-cni"] == made["cluster-kube-proxy"] == "aws:eks/addon:Addon"
    client = boto3.client(
        "eks",
        endpoint_url=emulator.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    addon = client.describe_addon(clusterName="one", addonName="vpc-cni")["addon"]
    assert addon["addonVersion"] == "v1.21.1-eksbuild.3"
    assert addon["configurationValues"] == '{"enableNetworkPolicy": "true"}'
    assert set(stack.preview(color="never").change_summary) == {"same"}
    stack.destroy(color="never")
    assert client.list_clusters()["clusters"] == []


def test_an_input_that_is_not_modelled_stops_the_preview_by_name(stack: automation.Stack) -> None:
    stack.workspace.program = program(fargate=True)
    with pytest.raises(automation.CommandError) as refused:
        stack.preview(color="never")
    assert "the local lane does not model `fargate` of eks:index:Cluster" in str(refused.value)
