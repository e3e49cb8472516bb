"""Tenants on a lane of their own: their guardrails, what they may read and have, and what a change of their files does.

The tests share one deployment of tiers 1 to 3 and run in the order in which they stand. That admission policies are not
switched off under tenants is tested with the other add-ons, in tests/addons.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import PlatformError
from tests.admission.controls import CONTROLS, POD_SPEC
from tests.admission.world import altered
from tests.chain.clone import Clone
from tests.chain.deployed import deployed as on_a_lane
from tests.tenants.deployment import TENANTS, change
from tests.tenants.kubelet import LABEL, ByHand, wait, watched
from tooling.lane.cluster import Cluster
from tooling.lane.state import Lane
from tooling.runner.cluster_reading import cluster_reader
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("tenants on a lane")]

STACK = ("--stack", "local")
A = "tenant-a"


@dataclass(frozen=True)
class Deployed:
    clone: Clone
    cluster: Cluster
    node: ByHand

    def up(self, *tenant: str, expect: int = 0) -> str:
        names = [word for name in tenant for word in ("--tenant", name)]
        return self.clone.tiers("up", "tenants", *names, *STACK, expect=expect).stderr

    def change(self, tenant: str, **keys: Any) -> None:
        change(self.clone, tenant, **keys)

    def kubectl(self, *arguments: str, tenant: str = "", role: str = "developers", expect: int = 0) -> str:
        """As the lane's administrator, or with the credentials of people of a tenant."""
        done = self.clone.kubectl(
            self._of_people(tenant, role) if tenant else self.clone.administrator, *arguments, expect=expect
        )
        return done.stdout + done.stderr

    def _of_people(self, tenant: str, role: str) -> Path:
        """A kubeconfig with the role's token, valid for 14 minutes, which spares each `kubectl` a run of `aws`."""
        path = self.clone.local / f"{tenant}.{role}.kubeconfig"
        if not path.exists():
            content = yaml.safe_load(self.clone.tiers("kubeconfig", *STACK, "--tenant", tenant, "--role", role).stdout)
            (user,) = (one["user"] for one in content["users"])
            plugin = user.pop("exec")
            variables = {**os.environ, **{one["name"]: one["value"] for one in plugin["env"]}}
            done = subprocess.run([plugin["command"], *plugin["args"]], env=variables, capture_output=True, check=True)
            user["token"] = json.loads(done.stdout)["status"]["token"]
            path.touch(mode=0o600)
            path.write_text(yaml.safe_dump(content))
        return path

    def apply(self, body: dict[str, Any], *, tenant: str = "", expect: int = 0) -> str:
        file = self.clone.local / "applied.json"
        file.write_text(json.dumps(body))
        return self.kubectl("apply", "-f", str(file), tenant=tenant, expect=expect)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with on_a_lane(tmp_path_factory.mktemp("tenants"), TENANTS) as clone:
        lane = Lane.load(clone.local)
        assert lane is not None
        made = Deployed(clone, lane.cluster, ByHand(lane.cluster))
        try:
            yield made
        finally:
            made.node.close()


def workload(namespace: str, **spec: Any) -> dict[str, Any]:
    """A Deployment of two pods for the node that is worked by hand.

    Half of their grace is how long the namespace controller waits before it looks at them again.
    """
    pod = {**POD_SPEC, "nodeSelector": LABEL, "terminationGracePeriodSeconds": 20, **spec}
    return altered(
        CONTROLS["deployment"],
        {"metadata.namespace": namespace, "spec.replicas": 2, "spec.template.spec": pod},
    )


def pod(spec: dict[str, Any], namespace: str = A) -> dict[str, Any]:
    return altered(CONTROLS["pod"], {"metadata.namespace": namespace, "spec": {**POD_SPEC, **spec}})


def created(deployed: Deployed, body: dict[str, Any]) -> str:
    """What the API server says to a controller that creates it."""
    with deployed.cluster.api() as api:
        namespace = body["metadata"]["namespace"]
        answer = api.request(
            "POST",
            f"/api/v1/namespaces/{namespace}/pods?dryRun=All",
            body,
            headers={
                "Impersonate-User": "system:serviceaccount:kube-system:replicaset-controller",
                "Impersonate-Group": "system:masters",
            },
        )
    return "" if answer.status == 201 else str(answer.json()["message"])


def with_resources(**resources: dict[str, str]) -> dict[str, Any]:
    (container,) = POD_SPEC["containers"]
    merged = {key: {**container["resources"][key], **resources.get(key, {})} for key in ("requests", "limits")}
    return {"containers": [{**container, "resources": merged}]}


def affinity(namespaces: dict[str, Any]) -> dict[str, Any]:
    term = {"labelSelector": {}, "topologyKey": "topology.kubernetes.io/region", **namespaces}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def test_a_pod_as_the_controls_have_it_is_admitted(deployed: Deployed) -> None:
    assert created(deployed, pod({})) == ""
    assert created(deployed, pod(affinity({}))) == ""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (with_resources(requests={"memory": "0"}, limits={"memory": "0"}), "minimum memory usage per Container is 1Mi"),
        (with_resources(requests={"cpu": "0"}, limits={"cpu": "0"}), "minimum cpu usage per Container is 1m"),
        (
            with_resources(requests={"ephemeral-storage": "0"}, limits={"ephemeral-storage": "0"}),
            "minimum ephemeral-storage usage per Container is 1Mi",
        ),
        (
            with_resources(requests={"nvidia.com/gpu": "8"}, limits={"nvidia.com/gpu": "8"}),
            "exceeded quota: quota, requested: requests.nvidia.com/gpu=8",
        ),
        (
            with_resources(requests={"hugepages-2Mi": "4Mi"}, limits={"hugepages-2Mi": "4Mi"}),
            "exceeded quota: quota, requested: hugepages-2Mi=4Mi",
        ),
        (
            with_resources(requests={"vpc.amazonaws.com/efa": "1"}, limits={"vpc.amazonaws.com/efa": "1"}),
            "exceeded quota: quota, requested: requests.vpc.amazonaws.com/efa=1",
        ),
    ],
    ids=["no-memory-limit", "no-cpu-limit", "no-disk-limit", "gpu", "huge-pages", "network-device"],
)
def test_a_limit_of_nothing_and_a_device_that_is_not_allowed_are_refused(
    deployed: Deployed, spec: dict[str, Any], says: str
) -> None:
    assert says in created(deployed, pod(spec))


@pytest.mark.parametrize(
    ("bare", "namespaces"),
    [("by-name", {"namespaces": ["tenant-b"]}), ("by-selector", {"namespaceSelector": {}})],
)
def test_the_quota_alone_keeps_pods_from_avoiding_those_of_other_namespaces(
    deployed: Deployed, bare: str, namespaces: dict[str, Any]
) -> None:
    """In a namespace with that quota and without the label by which the admission policies are bound."""
    deployed.kubectl("create", "namespace", bare)
    quota = json.loads(deployed.kubectl("get", "quota", "cross-namespace-affinity", "-n", A, "-o", "json"))
    limited = {"metadata": {"name": "one", "namespace": bare}, "spec": quota["spec"]}
    try:
        deployed.apply({"apiVersion": "v1", "kind": "ResourceQuota", **limited})
        own = {"serviceAccountName": "default"}
        wait(lambda: not created(deployed, pod({**own, **affinity({})}, bare)), "its account is there")
        wait(
            lambda: "exceeded quota: one" in created(deployed, pod({**own, **affinity(namespaces)}, bare)),
            "the quota is known",
        )
    finally:
        deployed.kubectl("delete", "namespace", bare, "--wait=false")


def test_a_claim_of_one_byte_is_refused(deployed: Deployed) -> None:
    tiny = altered(CONTROLS["claim"], {"metadata.name": "tiny", "spec.resources.requests.storage": "1"})
    assert "minimum storage usage per PersistentVolumeClaim is 1Gi" in deployed.apply(tiny, tenant=A, expect=1)
    deployed.apply(CONTROLS["claim"], tenant=A)
    deployed.kubectl("delete", "pvc", "control", "-n", A, "--wait=false", tenant=A)


def test_ended_pods_of_a_job_are_counted(deployed: Deployed) -> None:
    """A Job of 150 completions left 150 objects under a quota of 40 pods, which counts those that run."""
    job = altered(
        CONTROLS["job"],
        {"metadata.namespace": "tenant-c", "spec.completions": 30, "spec.parallelism": 3, "spec.backoffLimit": 0},
    )
    deployed.apply(job, tenant="tenant-c")
    path = "/apis/events.k8s.io/v1/namespaces/tenant-c/events"
    refused = "exceeded quota: quota, requested: count/pods=1, used: count/pods=6, limited: count/pods=6"

    def said() -> bool:
        events = (deployed.node.get(path) or {}).get("items") or []
        return any(refused in event.get("note", "") for event in events)

    wait(said, "the job's controller is refused")
    assert len(deployed.node.pods("tenant-c")) == 6
    deployed.kubectl("delete", "job", "control", "-n", "tenant-c", tenant="tenant-c")


@pytest.mark.parametrize(
    "what", ["resourcequotas", "limitranges", "networkpolicies", "storageclasses", "priorityclasses", "ingressclasses"]
)
def test_deployers_read_what_a_refusal_names_and_change_none_of_it(deployed: Deployed, what: str) -> None:
    assert deployed.kubectl("get", what, "-n", A, "-o", "name", tenant=A).strip()
    for verb in ("create", "update", "patch", "delete"):
        assert "no" in deployed.kubectl("auth", "can-i", verb, what, "-n", A, tenant=A, expect=1)
    if "classes" not in what:
        assert "forbidden" in deployed.kubectl("get", what, "-n", "tenant-b", tenant=A, expect=1)


def test_deployers_scale_their_deployments(deployed: Deployed) -> None:
    deployed.apply(workload(A), tenant=A)
    deployed.kubectl("scale", "deployment", "control", "--replicas=1", "-n", A, tenant=A)
    wait(lambda: len(deployed.node.pods(A)) == 1, "one pod")
    deployed.kubectl("scale", "deployment", "control", "--replicas=2", "-n", A, tenant=A)
    deployed.node.run(A, 2)


def test_the_example_is_deployed_with_all_that_its_file_asks_for(deployed: Deployed) -> None:
    policies = deployed.kubectl("get", "networkpolicies", "-n", "acme", "-o", "name").split()
    assert {name.partition("/")[2] for name in policies} == {
        "default-deny",
        "allow-own-namespaces",
        "allow-dns",
        "allow-internet",
        "allow-aws-endpoints",
        "allow-listed-ranges",
        "allow-callees",
        "allow-callers",
        "allow-load-balancers",
    }
    root = altered(CONTROLS["pod"], {"metadata.namespace": "acme", "spec.containers.0.securityContext.runAsUser": 0})
    spec = {**root["spec"], "securityContext": {}}
    as_root = altered(root, {"spec": spec})
    assert "violates PodSecurity" in created(deployed, as_root)
    assert "violates PodSecurity" not in created(deployed, altered(as_root, {"metadata.namespace": "acme-legacy"}))


@pytest.mark.parametrize(
    ("role", "verb", "what", "may"),
    [
        ("developers", "create", "deployments.apps", True),
        ("developers", "create", "networkpolicies.networking.k8s.io", False),
        ("owners", "create", "deployments.apps", True),
        ("owners", "create", "networkpolicies.networking.k8s.io", True),
        ("owners", "create", "rolebindings.rbac.authorization.k8s.io", True),
        ("owners", "delete", "resourcequotas", False),
        ("viewers", "list", "pods", True),
        ("viewers", "list", "secrets", False),
        ("viewers", "create", "deployments.apps", False),
    ],
)
def test_people_may_do_what_their_role_says(deployed: Deployed, role: str, verb: str, what: str, may: bool) -> None:
    said = deployed.kubectl("auth", "can-i", verb, what, "-n", "acme", tenant="acme", role=role, expect=0 if may else 1)
    assert said.startswith("yes" if may else "no")


def test_owners_open_nothing_to_the_outside(deployed: Deployed) -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "own", "namespace": "acme"},
        "spec": {"podSelector": {}, "egress": [{"to": [{"podSelector": {}}]}], "policyTypes": ["Egress"]},
    }
    file = deployed.clone.local / "owners.json"
    for body, expect in ((policy, 0), (altered(policy, {"spec.egress": [{}], "metadata.name": "all"}), 1)):
        file.write_text(json.dumps(body))
        said = deployed.kubectl("apply", "-f", str(file), tenant="acme", role="owners", expect=expect)
        assert ("network-policies-inside" in said) == bool(expect)
    # The policies of the platform are not theirs.
    said = deployed.kubectl(
        "delete", "networkpolicy", "default-deny", "-n", "acme", tenant="acme", role="owners", expect=1
    )
    assert "platform" in said


def test_a_suspended_tenant_has_no_pod_until_it_is_active_again(deployed: Deployed) -> None:
    deployed.apply(workload("acme"), tenant="acme")
    wait(lambda: len(deployed.node.pods("acme")) == 2, "two pods in acme")
    deployed.change("acme", state="suspended")
    said = deployed.up("acme")
    assert "tenants/local.acme is suspended: 2 pods ended" in said
    wait(lambda: deployed.node.pods("acme") == [], "no pod in acme")
    assert "exceeded quota" in created(deployed, pod({}, "acme"))
    deployed.change("acme", state="active")
    deployed.up("acme")
    # At once, where its ReplicaSet would wait longer with every attempt.
    deployed.kubectl("rollout", "restart", "deployment", "control", "-n", "acme", tenant="acme")
    wait(lambda: len(deployed.node.pods("acme")) > 0, "pods in acme")
    deployed.kubectl("delete", "deployment", "control", "-n", "acme", tenant="acme")


def test_who_asks_for_what_is_deployed_is_pointed_at_wherever_it_stands(deployed: Deployed) -> None:
    first = deployed.clone.path / "tenants/catalog/aaa.yaml"
    first.write_text("owner: a\nhosts: [tenant-a.example.com]\n")
    try:
        said = deployed.up(expect=2)
    finally:
        first.unlink()
    assert "error[host-taken]: host 'tenant-a.example.com'" in said
    assert "at: tenants/catalog/aaa.yaml, hosts.0, line 2, column 9\n" in said
    assert "hint: choose another name in tenants/catalog/aaa.yaml" in said


def test_in_an_account_the_cluster_is_read_as_its_kubeconfig_says(deployed: Deployed) -> None:
    """The lane's cluster, looked at as if it were not the lane's: by kubectl, and with the operator's credentials."""
    lane = Lane.load(deployed.clone.local)
    assert lane is not None
    engine = Engine(environment="dev", variables=lane.environment())
    stack = StackId(
        tier="infrastructure",
        project="infrastructure",
        stack="local",
        directory="infrastructure",
        environment="dev",
    )
    read = cluster_reader(engine, stack)
    assert read is not None
    assert {A, "kube-system"} <= {one["metadata"]["name"] for one in read("/api/v1/namespaces")}
    assert read("/apis/networking.k8s.io/v1/ingresses") == []
    nobody = Engine(
        environment="dev",
        variables={**lane.environment(), "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"},
    )
    refused = cluster_reader(nobody, stack)
    assert refused is not None
    with pytest.raises(PlatformError) as error:
        refused("/api/v1/namespaces")
    assert error.value.code == "cluster-unreadable"
    assert cluster_reader(engine, dataclasses.replace(stack, stack="nowhere")) is None


def test_a_host_changes_hands_once_nobody_answers_for_it(deployed: Deployed) -> None:
    held = altered(CONTROLS["ingress"], {"metadata.namespace": "tenant-b"})
    deployed.change("tenant-b", hosts=["tenant-a.example.com"])
    deployed.change(A, hosts=["new.example.com"])
    deployed.apply(CONTROLS["ingress"])
    said = deployed.up("tenant-b", expect=3)
    assert "error[host-in-use]: Ingress tenant-a/control of tenant-a" in said
    said = deployed.up(A, expect=3)
    assert "error[host-in-use]: Ingress tenant-a/control of tenant-a still uses host" in said
    assert "hint: kubectl delete ingress control --namespace tenant-a" in said
    deployed.kubectl("delete", "ingress", "control", "--namespace", A)
    deployed.up("tenant-b")
    deployed.up(A)
    deployed.apply(held, tenant="tenant-b")
    deployed.kubectl("delete", "ingress", "control", "--namespace", "tenant-b")


def test_a_namespace_with_pods_is_not_deleted_by_leaving_it_out(deployed: Deployed) -> None:
    deployed.apply(workload("tenant-b-old"))
    deployed.node.run("tenant-b-old", 2)
    deployed.change("tenant-b", namespaces=["tenant-b"])
    with watched(deployed.cluster, "tenant-b-old") as seen:
        said = deployed.up("tenant-b", expect=3)
        assert "error[namespace-in-use]: namespace tenant-b-old" in said
        # A pod that is ending runs until its kubelet says so.
        deployed.kubectl("delete", "deployment", "control", "-n", "tenant-b-old", "--wait=false")
        wait(
            lambda: all("deletionTimestamp" in pod["metadata"] for pod in deployed.node.pods("tenant-b-old")),
            "its pods are ending",
        )
        assert "error[namespace-in-use]" in deployed.up("tenant-b", expect=3)
        deployed.node.end("tenant-b-old")
        deployed.up("tenant-b")
    assert seen.looked > 0
    assert seen.unguarded == []
    assert deployed.node.get("/api/v1/namespaces/tenant-b-old") is None


def test_pods_are_guarded_while_every_network_policy_is_replaced(deployed: Deployed) -> None:
    """Under the same logical names and other names on the cluster: what a renaming in the program does."""
    program = deployed.clone.path / "tenants/network_policies.py"
    before = program.read_text()
    changed = before.replace("name=name,", 'name=f"{name}-v2",', 1)
    assert changed != before
    program.write_text(changed)
    with watched(deployed.cluster, A) as seen:
        said = deployed.up(A)
    assert "6 replaced" in said, said
    assert seen.looked > 0
    assert seen.unguarded == []
    names = deployed.kubectl("get", "networkpolicies", "-n", A, "-o", "name").split()
    assert len(names) == 6
    assert all(name.endswith("-v2") for name in names)


def test_pods_are_guarded_until_the_last_of_them_has_ended(deployed: Deployed) -> None:
    """Network policies were deleted one by one before their namespace, while pods still ran."""
    path = f"/api/v1/namespaces/{A}"
    with watched(deployed.cluster, A) as seen:
        destroying = deployed.clone.start("destroy", "tenants", "--tenant", A, *STACK, "--yes")

        def pods_are_ending() -> bool:
            assert destroying.poll() is None, destroying.communicate()
            return all("deletionTimestamp" in pod["metadata"] for pod in deployed.node.pods(A))

        wait(pods_are_ending, "the namespace's pods are ending")
        looked = seen.looked
        wait(lambda: seen.looked > looked + 20, "the poller looks while they end")
        # Whoever deploys has lost the right before the namespace ends.
        deployed.kubectl("get", "pods", "-n", A, tenant=A, expect=1)
        deployed.node.end(A)
        _, said = destroying.communicate()
    assert destroying.returncode == 0, said
    assert seen.unguarded == []
    assert seen.ending > 20
    assert deployed.node.get(path) is None
