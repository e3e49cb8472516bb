"""All four tiers on a lane of their own: up, nothing to do, one change, sign-in, and down to nothing.

The tests share one deployed chain and run in the order in which they stand; each one leaves the chain as it found it,
but for the last, which takes it down.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts import Infrastructure
from tests.chain.clone import Clone
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


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    clone = Clone(tmp_path_factory.mktemp("chain"))
    clone.tiers("local", "up")
    try:
        document = clone.tiers("up", "--stack", "local", "--json").document
        assert [stack["status"] for stack in document["stacks"]] == ["done"] * len(STACKS), document
        yield clone
    finally:
        clone.tiers("local", "down", "--yes")


@pytest.fixture
def admin(chain: Clone) -> Path:
    return kubeconfig(chain, "admin")


def kubeconfig(chain: Clone, name: str, *options: str) -> Path:
    path = chain.local / f"{name}.kubeconfig"
    path.write_text(chain.tiers("kubeconfig", "--stack", "local", *options).stdout)
    path.chmod(0o600)
    return path


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


def test_drift_is_found_and_mended(chain: Clone, admin: Path) -> None:
    chain.kubectl(admin, "delete", "limitrange", "--all", "-n", "tenant-c")
    chain.tiers(
        "preview", "tenants", "--tenant", "tenant-c", "--stack", "local", "--refresh", "--expect-no-changes", expect=4
    )
    chain.tiers("up", "tenants", "--tenant", "tenant-c", "--stack", "local", "--refresh")
    assert "limitrange" in chain.kubectl(admin, "get", "limitrange", "-n", "tenant-c", "-o", "name").stdout


@pytest.mark.parametrize("tool", ["kubectl-edit", "k9s"])
def test_what_somebody_changed_in_the_cluster_is_shown_by_every_preview_and_taken_back_by_up(
    chain: Clone, admin: Path, tool: str
) -> None:
    # A quota that was updated before: from then on the API server reports conflicts to a dry run.
    get = ("get", "resourcequota", "-n", "tenant-b", "-o", "yaml")
    (quota,) = yaml.safe_load(chain.kubectl(admin, *get).stdout)["items"]
    wanted = quota["spec"]["hard"]["pods"]
    edit = ("patch", "resourcequota", quota["metadata"]["name"], "-n", "tenant-b", "--field-manager", tool)
    chain.kubectl(admin, *edit, "--type", "merge", "--patch", '{"spec": {"hard": {"pods": "3"}}}')

    preview = ("preview", "tenants", "--tenant", "tenant-b", "--stack", "local", "--expect-no-changes", "--json")
    chain.tiers(*preview)
    (stack,) = chain.tiers(*preview, "--refresh", expect=4).document["stacks"]
    assert [(one["operation"], one["type"]) for one in stack["resources"]] == [
        ("update", "kubernetes:core/v1:ResourceQuota")
    ]
    code, text = chain.python("from tooling.workflows.drift import compare; print(*compare('local'))").split(" ", 1)
    drifted = f"~ update kubernetes:core/v1:ResourceQuota tenant-b-quota\n      spec.hard.pods: 3 → {wanted}\n"
    assert (code, drifted in text) == ("4", True), text
    assert " refresh kubernetes:" not in text, text

    file = chain.path / "tenants/catalog/tenant-b.yaml"
    before = file.read_text()
    file.write_text(re.sub(r"(pods: *)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 7}", before, count=1))
    try:
        # Without a refresh the engine does not know of the edit, and the dry run meets it.
        chain.tiers(*preview, expect=4)
    finally:
        file.write_text(before)

    chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local", "--refresh")
    (quota,) = yaml.safe_load(chain.kubectl(admin, *get).stdout)["items"]
    assert quota["spec"]["hard"]["pods"] == wanted


def test_what_holds_a_namespace_is_named_while_it_is_destroyed_and_the_hint_ends_it(chain: Clone, admin: Path) -> None:
    chain.kubectl(admin, "create", "configmap", "held", "-n", "tenant-c")
    # Only controllers may put finalizers on what is in a tenant's namespace; this one never takes its own off.
    controller = ("--as", "system:serviceaccount:kube-system:generic-garbage-collector")
    finalizer = '{"metadata": {"finalizers": ["example.com/stay"]}}'
    patch = ("patch", "configmap", "held", "-n", "tenant-c", "--type", "merge", "--patch", finalizer)
    chain.kubectl(admin, *patch, *controller)

    with chain.start("destroy", "tenants", "--tenant", "tenant-c", "--stack", "local", "--yes") as destroying:
        assert destroying.stderr is not None
        said: list[str] = []
        for line in destroying.stderr:
            said.append(line)
            if "kubectl --kubeconfig .local/kubeconfig patch configmaps held" in line:
                break
        assert said
        told = "".join(said)
        assert "warning[deletion-held]: Namespace tenant-c was deleted and is still there: configmaps held has" in told
        assert "example.com/stay" in told
        command = shlex.split(said[-1])
        chain.kubectl(admin, *command[command.index("patch") :])
        rest = destroying.stderr.read()
        assert destroying.wait() == 0, told + rest

    chain.tiers("up", "tenants", "--tenant", "tenant-c", "--stack", "local")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def record_of(chain: Clone, project: str, stack: str) -> dict[str, Any]:
    file = chain.local / "state/.pulumi/stacks" / project / f"{stack}.json"
    return json.loads(file.read_text())


def make_pending(chain: Clone, project: str, stack: str) -> int:
    """Sets a stack's record to where an engine that was killed while it created everything at once would leave it.

    Returns how many of them there are to be found; a Helm release that the lane has only recorded is recorded again.
    """
    file = chain.local / "state/.pulumi/stacks" / project / f"{stack}.json"
    record = json.loads(file.read_text())
    latest = record["checkpoint"]["latest"]
    made = [one for one in latest["resources"] if one.get("id") and not one["type"].startswith("pulumi:")]
    # Nothing can depend on what was not recorded yet.
    unbound = ("dependencies", "propertyDependencies")
    kept = [one for one in latest["resources"] if one not in made]
    latest["resources"] = [{key: value for key, value in one.items() if key not in unbound} for one in kept]
    asked = [{key: value for key, value in one.items() if key not in ("id", "outputs")} for one in made]
    latest["pending_operations"] = [{"type": "creating", "resource": one} for one in asked]
    file.write_text(json.dumps(record))
    return sum(one["type"] != "kubernetes:helm.sh/v3:Release" for one in made)


@pytest.mark.parametrize(
    ("tier", "stack"), [("infrastructure", "local"), ("platform-addons", "local"), ("tenants", "local.tenant-b")]
)
def test_everything_that_an_interrupted_run_made_and_did_not_record_is_found(
    chain: Clone, tier: str, stack: str
) -> None:
    ids = {one["urn"]: one.get("id") for one in record_of(chain, tier, stack)["checkpoint"]["latest"]["resources"]}
    count = make_pending(chain, tier, stack)
    tenant = ("--tenant", stack.partition(".")[2]) if "." in stack else ()
    said = chain.tiers("up", tier, *tenant, "--stack", "local").stderr
    assert said.count("made and not recorded; taken over") == count, said
    latest = record_of(chain, tier, stack)["checkpoint"]["latest"]
    assert {one["urn"]: one.get("id") for one in latest["resources"]} == ids
    assert not latest.get("pending_operations")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def test_what_an_interrupted_run_had_not_made_yet_is_made_once(chain: Clone, admin: Path) -> None:
    chain.kubectl(admin, "delete", "resourcequota", "quota", "-n", "tenant-b")
    make_pending(chain, "tenants", "local.tenant-b")
    said = chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local").stderr
    assert "found ResourceQuota" not in said, said
    assert "1 created" in said
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def test_an_object_of_the_same_name_that_is_not_ours_is_left_alone(chain: Clone, admin: Path) -> None:
    """The quota bears no label of ours: somebody made it by hand in the meantime."""
    chain.kubectl(admin, "label", "resourcequota", "quota", "-n", "tenant-b", "platform.internal/tenant-")
    make_pending(chain, "tenants", "local.tenant-b")
    said = chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local", expect=1).stderr
    assert "already exists" in said, said
    chain.kubectl(admin, "delete", "resourcequota", "quota", "-n", "tenant-b")
    chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


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
