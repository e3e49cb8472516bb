"""The component on the real engine: a program in the SDK's words, our plug-ins, the emulated AWS.

The program runs in a worker process, as programs do: run inside the test process, the SDK leaves event loops behind.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.versions import ENGINE
from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.aws_emulator.tests.conftest import emptied
from tooling.lane.binaries import search_path
from tooling.lane.environments import washed
from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import Diagnostic, Operation, Request, Result
from tooling.runner.plugin_server import running_plugins
from tooling.runner.workers import WorkerProcess

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("eks component")]

PROGRAM = """
import pulumi, pulumi_aws as aws, pulumi_eks as eks

providers = [aws.Provider("aws", region="us-east-1", skip_credentials_validation=True), eks.Provider("eks")]
only_aws = pulumi.ResourceOptions(provider=providers[0])
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=only_aws)
subnets = [
    aws.ec2.Subnet(zone, vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=zone, opts=only_aws)
    for index, zone in enumerate(("us-east-1a", "us-east-1b"))
]
role = aws.iam.Role("role", assume_role_policy='{"Version":"2012-10-17","Statement":[]}', opts=only_aws)
cluster = eks.Cluster(
    "cluster",
    name="one",
    vpc_id=vpc.id,
    private_subnet_ids=[subnet.id for subnet in subnets],
    service_role=role,
    authentication_mode=eks.AuthenticationMode.API,
    skip_default_node_group=True,
    skip_default_security_groups=True,
    vpc_cni_options=eks.VpcCniOptionsArgs(addon_version="v1.21.1-eksbuild.3", enable_network_policy=True),
    kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(version="v1.35.0-eksbuild.2"),
    MORE
    opts=pulumi.ResourceOptions(providers=providers, protect=PROTECT),
)
pulumi.export("name", cluster.eks_cluster.name)
pulumi.export("issuer", cluster.oidc_issuer)
"""


class Project:
    """A project of its own on a state backend of its own, its program run by a worker."""

    def __init__(self, server: ForkServer, directory: Path, variables: dict[str, str]) -> None:
        self.directory = directory
        self.variables = variables
        (directory / "Pulumi.yaml").write_text("name: component\nruntime: python\n")
        self.worker = WorkerProcess(server, directory, variables, directory / "worker.log", engine_version=ENGINE.value)
        self.errors: list[str] = []
        state = variables["PULUMI_BACKEND_URL"].removeprefix("file://")
        self._file = Path(state) / ".pulumi/stacks/component/test.json"

    def program(self, more: str = "", *, protect: bool = False) -> None:
        text = PROGRAM.replace("MORE", more).replace("PROTECT", str(protect))
        (self.directory / "__main__.py").write_text(text)

    def run(self, operation: Operation) -> Result:
        def on_message(message: object) -> None:
            if isinstance(message, Diagnostic) and message.severity == "error":
                self.errors.append(message.message)

        request = Request(number=1, operation=operation, stack="test", work_dir=str(self.directory))
        return self.worker.run(request, on_message)

    def state(self) -> list[dict[str, Any]]:
        return self._record()["checkpoint"]["latest"]["resources"]

    def edit_state(self, edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        """Replaces the recorded resources by what `edit` makes of them."""
        record = self._record()
        latest = record["checkpoint"]["latest"]
        latest["resources"] = edit(latest["resources"])
        self._file.write_text(json.dumps(record))

    def _record(self) -> dict[str, Any]:
        return json.loads(self._file.read_text())


def nobodys_cluster() -> dict[str, Any]:
    data = base64.b64encode(b"nobody's").decode()
    cluster = {"server": "https://127.0.0.1:1", "certificate-authority-data": data}
    user = {"client-certificate-data": data, "client-key-data": data}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "none", "cluster": cluster}],
        "users": [{"name": "none", "user": user}],
        "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
        "current-context": "none",
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    # The component's own provider takes loopback alone; nothing has to listen, since nothing is made with it.
    directory = tmp_path_factory.mktemp("emulator")
    kubeconfig = directory / "cluster.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(nobodys_cluster()))
    with running_emulator(directory / "aws", cluster_kubeconfig=kubeconfig) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    return emptied(running)


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory, running: Emulator) -> dict[str, str]:
    kept = washed()
    return {
        **kept,
        "PATH": os.pathsep.join([*search_path(), kept["PATH"]]),
        "PULUMI_HOME": str(tmp_path_factory.mktemp("home")),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": running.endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture(scope="module")
def server(variables: dict[str, str]) -> Iterator[ForkServer]:
    with ForkServer(variables) as running:
        yield running


@pytest.fixture(scope="module")
def plugins(
    server: ForkServer, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, int]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIERS_LOCAL_DIR", str(tmp_path_factory.mktemp("clone") / "local"))
        with running_plugins(server, variables) as ports:
            yield ports


@pytest.fixture
def project(
    tmp_path: Path,
    emulator: Emulator,
    server: ForkServer,
    variables: dict[str, str],
    plugins: dict[str, int],
) -> Iterator[Project]:
    del emulator
    (tmp_path / "state").mkdir()
    (tmp_path / "project").mkdir()
    own = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in plugins.items()),
    }
    project = Project(server, tmp_path / "project", {**variables, **own})
    try:
        yield project
    finally:
        project.worker.close()


def test_the_component_makes_control_plane_and_two_pinned_addons(project: Project, emulator: Emulator) -> None:
    project.program()
    assert project.run("up").ok, project.errors
    rows = {row["urn"].split("::")[-1]: row for row in project.state()}
    assert rows["cluster-eksCluster"]["type"] == "aws:eks/cluster:Cluster"
    assert rows["cluster-vpc-cni"]["type"] == rows["cluster-kube-proxy"]["type"] == "aws:eks/addon:Addon"
    outputs = next(row for row in project.state() if row["type"] == "pulumi:pulumi:Stack")["outputs"]
    assert outputs["name"] == "one"
    assert outputs["issuer"].startswith("oidc.eks.us-east-1.amazonaws.com/id/")
    client = emulator.client("eks")
    addon = client.describe_addon(clusterName="one", addonName="vpc-cni")["addon"]
    assert addon["addonVersion"] == "v1.21.1-eksbuild.3"
    configuration = json.loads(addon["configurationValues"])
    assert configuration["enableNetworkPolicy"] == "true"
    assert configuration["env"]["ENABLE_POD_ENI"] == "false"
    assert "configurationValues" not in client.describe_addon(clusterName="one", addonName="kube-proxy")["addon"]
    assert set(project.run("preview").changes) == {"same"}
    assert project.run("destroy").ok, project.errors
    assert client.list_clusters()["clusters"] == []


def test_the_state_holds_what_the_released_component_makes(project: Project) -> None:
    """Types, names and parents as in a state that the released component made; its own provider is in it too."""
    project.program(protect=True)
    assert project.run("up").ok, project.errors
    of_component = {row["urn"].split("::", 2)[2]: row for row in project.state() if "eks:index" in row["urn"]}
    cluster = "eks:index:Cluster"
    assert set(of_component) == {
        f"{cluster}::cluster",
        f"{cluster}$aws:eks/cluster:Cluster::cluster-eksCluster",
        f"{cluster}$pulumi:providers:kubernetes::cluster-eks-k8s",
        f"{cluster}$aws:eks/addon:Addon::cluster-kube-proxy",
        f"{cluster}$eks:index:VpcCniAddon::cluster-vpc-cni",
        f"{cluster}$eks:index:VpcCniAddon$aws:eks/addon:Addon::cluster-vpc-cni",
    }
    assert all(row.get("protect") for row in of_component.values())
    kubeconfig = json.loads(
        of_component[f"{cluster}$pulumi:providers:kubernetes::cluster-eks-k8s"]["inputs"]["kubeconfig"]
    )
    assert kubeconfig["users"][0]["user"]["exec"]["args"][-3:] == ["one", "--output", "json"]


def without_vpc_cni_component(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The add-on directly below the cluster."""
    (component,) = [row for row in resources if row["type"] == "eks:index:VpcCniAddon"]
    kept = [row for row in resources if row is not component]
    for row in kept:
        row["urn"] = row["urn"].replace("$eks:index:VpcCniAddon$", "$")
        if row.get("parent") == component["urn"]:
            row["parent"] = component["parent"]
    return kept


def test_a_state_made_before_the_vpc_cnis_component_is_taken_over(project: Project) -> None:
    project.program()
    assert project.run("up").ok, project.errors
    project.edit_state(without_vpc_cni_component)
    assert set(project.run("preview").changes) <= {"same", "create"}
    assert project.run("up").ok, project.errors
    assert set(project.run("preview").changes) == {"same"}
    assert project.run("destroy").ok, project.errors


def test_an_input_that_is_not_modelled_stops_the_preview_by_name(project: Project) -> None:
    project.program("fargate=True,")
    assert not project.run("preview").ok
    assert any("the local lane does not model `fargate` of eks:index:Cluster" in error for error in project.errors)
