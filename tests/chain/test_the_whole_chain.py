"""All four tiers on a lane of their own, deployed before: one change, sign-in, drift, and down to nothing.

The tests share one deployed chain and run in the order in which they stand; each one leaves the chain as it found it,
but for the last, which takes it down. That it deploys on an empty lane is the business of `test_from_nothing`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from shared.contracts import Infrastructure
from tests.chain.clone import Clone, kubeconfig
from tests.live.checks import CHECKS, Check
from tests.live.world import on_a_lane
from tooling.lane.environments import washed
from tooling.lane.processes import running
from tooling.lane.state import Lane

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("whole chain")]

STACKS = [
    "infrastructure/local",
    "platform-addons/local",
    "tenants/local.tenant-a",
    "tenants/local.tenant-b",
    "tenants/local.tenant-c",
    "demo/local",
]


def test_every_stack_is_deployed_in_the_order_of_the_tiers(chain: Clone) -> None:
    rows = chain.tiers("status", "--stack", "local", "--json").document["stacks"]
    assert [row["stack"] for row in rows] == STACKS
    assert all(row["deployed"] and row["resources"] > 3 for row in rows), rows


def test_a_second_up_changes_nothing_and_says_so(chain: Clone) -> None:
    assert "Nothing changed." in chain.tiers("up", "--stack", "local").stderr


def test_preview_of_an_unchanged_chain_expects_no_changes(chain: Clone) -> None:
    finished = chain.tiers("preview", "--stack", "local", "--expect-no-changes", "--json")
    assert finished.document["changed"] is False


def test_one_tenants_quota_is_exactly_one_change(chain: Clone) -> None:
    file = chain.path / "tenants/catalog/tenant-b.yaml"
    before = file.read_text()
    changed = re.sub(r"(pods: *)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 7}", before, count=1)
    assert changed != before
    file.write_text(changed)
    try:
        document = chain.tiers("preview", "--stack", "local", "--expect-no-changes", "--json", expect=4).document
        resources = {stack["stack"]: stack["resources"] for stack in document["stacks"] if stack["resources"]}
        assert list(resources) == ["tenants/local.tenant-b"]
        (quota,) = resources["tenants/local.tenant-b"]
        assert (quota["operation"], quota["type"]) == ("update", "kubernetes:core/v1:ResourceQuota")
        assert [change["path"] for change in quota["changes"]] == ["spec.hard.pods"]
        up = chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local", "--json").document
        assert up["stacks"][0]["changes"]["update"] == 1
    finally:
        file.write_text(before)
        chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


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


def test_the_demos_pods_run_on_nodes_of_the_node_group(chain: Clone, admin: Path) -> None:
    # Its autoscaler looks four times a minute: some time after the deployment it adds a pod, which is pending at first.
    least = chain.kubectl(admin, "get", "hpa", "demo", "-n", "tenant-a", "-o", "jsonpath={.spec.minReplicas}").stdout
    ready = f"--for=jsonpath={{.status.readyReplicas}}={least}"
    chain.kubectl(admin, "wait", "deployment/demo", "-n", "tenant-a", ready, "--timeout=120s")
    pods = yaml.safe_load(chain.kubectl(admin, "get", "pods", "-n", "tenant-a", "-o", "yaml").stdout)["items"]
    nodes = yaml.safe_load(chain.kubectl(admin, "get", "nodes", "-o", "yaml").stdout)["items"]
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
def test_what_make_verify_looks_at_holds_on_the_lane(chain: Clone, check: Check, tmp_path: Path) -> None:
    lane = Lane.load(chain.local)
    assert lane is not None
    check.run(on_a_lane(lane, clone=chain.path, variables=washed(), directory=tmp_path))


def test_a_wrong_setting_is_bad_input_and_sends_nothing(chain: Clone) -> None:
    file = chain.path / "infrastructure/Pulumi.local.yaml"
    before = file.read_text()
    file.write_text(before + "  infrastructure:vpc_cdr: 10.0.0.0/16\n")
    try:
        refused = chain.tiers("up", "infrastructure", "--stack", "local", expect=2)
    finally:
        file.write_text(before)
    assert 'error[settings-invalid]: unknown key `vpc_cdr`, did you mean "vpc_cidr"?' in refused.stderr
    chain.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")


def test_the_platform_is_not_destroyed_under_its_tenants(chain: Clone) -> None:
    refused = chain.tiers("destroy", "infrastructure", "--stack", "local", "--yes", expect=3)
    assert "error[live-dependants]" in refused.stderr
    assert "hint: tiers destroy" in refused.stderr


def test_drift_is_found_and_fixed(chain: Clone, admin: Path) -> None:
    chain.kubectl(admin, "delete", "limitrange", "--all", "-n", "tenant-c")
    chain.tiers(
        "preview", "tenants", "--tenant", "tenant-c", "--stack", "local", "--refresh", "--expect-no-changes", expect=4
    )
    chain.tiers("up", "tenants", "--tenant", "tenant-c", "--stack", "local", "--refresh")
    assert "limitrange" in chain.kubectl(admin, "get", "limitrange", "-n", "tenant-c", "-o", "name").stdout


def test_a_second_up_waits_for_the_first_and_says_for_whom(chain: Clone) -> None:
    first = chain.start("up", "--stack", "local")
    second = chain.start("up", "tenants", "--stack", "local")
    said = {first.pid: first.communicate()[1], second.pid: second.communicate()[1]}
    assert (first.returncode, second.returncode) == (0, 0), said
    assert sum("waiting for `tiers up --stack local` (process" in text for text in said.values()) == 1, said


def test_the_clone_stays_clean(chain: Clone) -> None:
    assert chain.git("status", "--porcelain") == ""


def test_destroy_leaves_nothing_and_down_leaves_no_process(chain: Clone) -> None:
    document = chain.tiers("destroy", "--stack", "local", "--yes", "--json").document
    assert [stack["status"] for stack in document["stacks"]] == ["done"] * len(STACKS), document
    assert document["stacks"][0]["stack"] == "demo/local"
    assert document["stacks"][-1]["stack"] == "infrastructure/local"
    assert chain.tiers("audit", "--stack", "local", "--json").document["left"] == []
    chain.tiers("local", "down")
    assert not chain.local.exists()
    assert running(lambda command: str(chain.local) in command) == []
    assert chain.git("status", "--porcelain") == ""
