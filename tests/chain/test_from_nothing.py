"""The whole chain on an empty lane: the one place where all of it is deployed from nothing, whatever is cached.

The tests share the chain and run in file order; those between the first and the last only read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from shared.contracts import Infrastructure
from tests.chain.clone import Clone, kubeconfig
from tests.live.checks import CHECKS, Check
from tests.live.world import World, on_a_lane
from tooling.lane.environments import washed
from tooling.lane.processes import running
from tooling.lane.state import Lane
from tooling.runner.graph import environment_graph, in_order

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("chain from nothing")]

STACKS = [str(stack) for stack in in_order(environment_graph("local"))]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A lane that is up, with nothing deployed on it before the first test."""
    clone = Clone(tmp_path_factory.mktemp("nothing"))
    clone.tiers("local", "up")
    try:
        yield clone
    finally:
        clone.tiers("local", "down", "--yes")


@pytest.fixture(scope="module")
def world(chain: Clone, tmp_path_factory: pytest.TempPathFactory) -> World:
    lane = Lane.load(chain.local)
    assert lane is not None
    return on_a_lane(lane, clone=chain.path, variables=washed(), directory=tmp_path_factory.mktemp("kubeconfigs"))


def test_every_stack_is_deployed_in_the_order_of_the_tiers_and_a_preview_finds_nothing_to_do(chain: Clone) -> None:
    document = chain.tiers("up", "--stack", "local", "--json").document
    assert [stack["stack"] for stack in document["stacks"]] == STACKS
    assert [stack["status"] for stack in document["stacks"]] == ["done"] * len(STACKS), document
    rows = chain.tiers("status", "--stack", "local", "--json").document["stacks"]
    assert [row["stack"] for row in rows] == STACKS
    assert all(row["deployed"] and row["resources"] > 3 for row in rows), rows
    preview = chain.tiers("preview", "--stack", "local", "--refresh", "--expect-no-changes", "--json").document
    assert preview["changed"] is False


def test_the_outputs_bear_the_seeds_names(chain: Clone) -> None:
    outputs = chain.tiers("outputs", "infrastructure", "--stack", "local", "--json").document["outputs"]
    for name in ("cluster_endpoint", "oidc_issuer_url", "cluster_name", "vpc_id", "tenant_bucket_name"):
        assert outputs[name], name
    assert outputs["kubeconfig_command"].startswith(
        "aws eks update-kubeconfig --region us-east-1 --name eks-cluster-local"
    )
    assert outputs["contract_version"] == Infrastructure.version
    assert len(outputs["private_subnet_ids"]) == 3
    one = chain.tiers("outputs", "infrastructure", "cluster_name", "--stack", "local").stdout
    assert one == "eks-cluster-local\n"


def test_the_admin_signs_in_by_its_access_entry(chain: Clone, admin: Path) -> None:
    whoami = yaml.safe_load(chain.kubectl(admin, "auth", "whoami", "-o", "yaml").stdout)
    assert whoami["status"]["userInfo"]["username"].startswith("arn:aws:")
    assert "eks-admin-role-local" in whoami["status"]["userInfo"]["username"]


def test_the_demos_pods_run_on_nodes_of_the_node_group(chain: Clone, cluster_admin: Path) -> None:
    # Its autoscaler looks four times a minute: some time after the deployment it adds a pod, which is pending at first.
    least = chain.kubectl(
        cluster_admin, "get", "hpa", "demo", "-n", "tenant-a", "-o", "jsonpath={.spec.minReplicas}"
    ).stdout
    ready = f"--for=jsonpath={{.status.readyReplicas}}={least}"
    chain.kubectl(cluster_admin, "wait", "deployment/demo", "-n", "tenant-a", ready, "--timeout=120s")
    pods = yaml.safe_load(chain.kubectl(cluster_admin, "get", "pods", "-n", "tenant-a", "-o", "yaml").stdout)["items"]
    nodes = yaml.safe_load(chain.kubectl(cluster_admin, "get", "nodes", "-o", "yaml").stdout)["items"]
    assert pods
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert {pod["spec"]["nodeName"] for pod in pods} <= {node["metadata"]["name"] for node in nodes}
    assert {node["metadata"]["labels"]["environment"] for node in nodes} == {"local"}


def test_a_tenants_namespace_refuses_a_privileged_pod(chain: Clone, admin: Path) -> None:
    namespace = yaml.safe_load(chain.kubectl(admin, "get", "namespace", "tenant-b", "-o", "yaml").stdout)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    refused = chain.kubectl(
        admin, "run", "attack", "-n", "tenant-b", "--image=example.com/x", "--privileged", "--dry-run=server", expect=1
    )
    assert "violates PodSecurity" in refused.stderr
    allowed = chain.kubectl(
        admin, "create", "configmap", "control", "-n", "tenant-b", "--from-literal=a=b", "--dry-run=server"
    )
    assert "configmap/control created" in allowed.stdout


def test_a_tenants_deployer_reaches_its_own_namespace_and_no_other(chain: Clone) -> None:
    deployer = kubeconfig(chain, "tenant-a", "--tenant", "tenant-a")
    assert "deployment" in chain.kubectl(deployer, "get", "deployments", "-n", "tenant-a", "-o", "name").stdout
    refused = chain.kubectl(deployer, "get", "deployments", "-n", "tenant-b", expect=1)
    assert "forbidden" in refused.stderr
    refused = chain.kubectl(deployer, "delete", "networkpolicies", "--all", "-n", "tenant-a", expect=1)
    assert "forbidden" in refused.stderr


@pytest.mark.parametrize("check", [check for check in CHECKS if not check.aws_only], ids=lambda check: check.name)
def test_what_make_verify_looks_at_holds_on_the_lane(world: World, check: Check) -> None:
    check.run(world)


def test_the_clone_stays_clean(chain: Clone) -> None:
    assert chain.git("status", "--porcelain") == ""


def test_down_leaves_no_file_and_no_process_of_a_deployed_chain(chain: Clone) -> None:
    chain.tiers("local", "down", "--yes")
    assert not chain.local.exists()
    assert running(lambda command: str(chain.local) in command) == []
