"""What EKS does inside the cluster, on a real API server with kwok's fake nodes."""

from __future__ import annotations

import base64
import json
import ssl
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.versions import ADDONS
from tooling.aws_emulator.controllers.kubernetes_api import (
    CLUSTER_ROLE_BINDING,
    CRD,
    DAEMON_SET,
    DEPLOYMENT,
    INGRESS,
    NAMESPACE,
    NODE,
    POD,
    ROLE_BINDING,
    SERVICE,
    SERVICE_ACCOUNT,
    ApiError,
    Kind,
    KubernetesApi,
)
from tooling.aws_emulator.controllers.labels import SELECTOR
from tooling.aws_emulator.kubeconfig import read_access
from tooling.aws_emulator.testing import Emulator, free_ports, running_emulator
from tooling.aws_emulator.tests.conftest import Account, answer, document, emptied
from tooling.aws_emulator.tests.tokens import token
from tooling.lane.testing import running_cluster

pytestmark = pytest.mark.lane

PATIENCE_SECONDS = 60
POD_COLLECTION_SECONDS = 30
"""The controller manager removes a pod without a node too, but looks at it for 40 s first."""
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps", True)
API_SERVICE = Kind("apiregistration.k8s.io/v1", "APIService", "apiservices", False)
MANAGED = (NODE, CRD, CLUSTER_ROLE_BINDING, ROLE_BINDING, SERVICE_ACCOUNT, SERVICE, DEPLOYMENT, DAEMON_SET)


@dataclass
class Lane:
    emulator: Emulator
    kubeconfig: Path
    shared: tuple[str, Account] | None = None
    """Options of the cluster that tests share, and its account."""

    def api(self) -> KubernetesApi:
        return KubernetesApi(read_access(self.kubeconfig))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    directory = tmp_path_factory.mktemp("lane")
    port, webhook_port = free_ports(2)
    # As the lane does it: the API server needs the webhook's port, the emulator the kubeconfig that is not there yet.
    with running_cluster(directory, webhook_port=webhook_port) as cluster:
        more: Any = {"ports": (port, webhook_port), "oidc_issuer": cluster.issuer}
        with running_emulator(directory / "aws", cluster_kubeconfig=cluster.kubeconfig, **more) as emulator:
            yield Lane(emulator, cluster.kubeconfig)


@pytest.fixture
def lane(running: Lane) -> Iterator[Lane]:
    yield running
    for namespace in running.api().list(NAMESPACE):
        if namespace["metadata"]["name"].startswith("test-"):
            running.api().delete(NAMESPACE, namespace["metadata"]["name"])


@pytest.fixture
def account(lane: Lane) -> Account:
    """An empty account."""
    lane.shared = None
    emptied(lane.emulator).settle()
    return Account(lane.emulator)


@pytest.fixture
def with_cluster(lane: Lane) -> Iterator[Account]:
    """An account with a cluster that other tests share; what a test adds is removed afterwards."""
    yield from _with_cluster(lane)


@pytest.fixture
def with_bare_cluster(lane: Lane) -> Iterator[Account]:
    """As `with_cluster`, but the cluster was created without self-managed add-ons."""
    yield from _with_cluster(lane, bootstrapSelfManagedAddons=False)


def _with_cluster(lane: Lane, **options: Any) -> Iterator[Account]:
    """Shared, since creating the custom resource definitions of a cluster costs the API server more than any test."""
    if lane.shared is None or lane.shared[0] != str(options):
        lane.shared = None
        emptied(lane.emulator).settle()
        account = Account(lane.emulator)
        account.cluster(**options)
        lane.emulator.settle()
        lane.shared = (str(options), account)
    account = lane.shared[1]
    roles = {role["RoleName"] for role in account.iam.list_roles()["Roles"]}
    entries = set(account.eks.list_access_entries(clusterName="platform")["accessEntries"])
    yield account
    for name in account.eks.list_nodegroups(clusterName="platform")["nodegroups"]:
        account.eks.delete_nodegroup(clusterName="platform", nodegroupName=name)
    for name in account.eks.list_addons(clusterName="platform")["addons"]:
        account.eks.delete_addon(clusterName="platform", addonName=name)
    for principal in set(account.eks.list_access_entries(clusterName="platform")["accessEntries"]) - entries:
        account.eks.delete_access_entry(clusterName="platform", principalArn=principal)
    for name in {role["RoleName"] for role in account.iam.list_roles()["Roles"]} - roles:
        account.iam.delete_role(RoleName=name)
    lane.emulator.settle()


@pytest.fixture
def api(lane: Lane) -> KubernetesApi:
    return lane.api()


def managed(api: KubernetesApi, kind: Kind) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in api.list(kind, selector=SELECTOR)}


def left(api: KubernetesApi) -> list[str]:
    return [f"{kind.kind} {name}" for kind in MANAGED for name in managed(api, kind)]


def eventually(condition: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """For what other components do in their own time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.1)


def namespace(api: KubernetesApi, name: str) -> str:
    api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


def as_session(account: Account, credentials: dict[str, str], method: str, path: str) -> int:
    """The HTTP status that the API server answers the token's holder."""
    cluster = account.eks.describe_cluster(name="platform")["cluster"]
    authority = base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
    request = urllib.request.Request(
        cluster["endpoint"] + path, method=method, headers={"Authorization": f"Bearer {token(credentials)}"}
    )
    try:
        context = ssl.create_default_context(cadata=authority)
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_nodes_mirror_the_instances_of_the_node_groups(lane: Lane, with_cluster: Account, api: KubernetesApi) -> None:
    with_cluster.nodegroup(
        labels={"pool": "general"},
        taints=[{"key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE"}],
    )
    lane.emulator.settle()
    nodes = managed(api, NODE)
    group = with_cluster.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    providers = {f"aws:///{i['AvailabilityZone']}/{i['InstanceId']}" for i in group["Instances"]}
    assert {node["spec"]["providerID"] for node in nodes.values()} == providers
    node = next(iter(nodes.values()))
    labels = node["metadata"]["labels"]
    assert labels["pool"] == "general"
    assert labels["eks.amazonaws.com/nodegroup"] == "main"
    assert labels["eks.amazonaws.com/capacityType"] == "ON_DEMAND"
    assert labels["node.kubernetes.io/instance-type"] == "m5.large"
    assert labels["topology.kubernetes.io/region"] == "us-east-1"
    assert labels["kubernetes.io/arch"] == "amd64"
    assert labels["kubernetes.io/hostname"] == node["metadata"]["name"]
    assert {"key": "dedicated", "value": "batch", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert (node["status"]["allocatable"]["pods"], node["status"]["allocatable"]["cpu"]) == ("29", "1930m")
    zones = Counter(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes.values())
    assert zones == {"us-east-1a": 1, "us-east-1b": 1, "us-east-1c": 1}

    def ready() -> bool:
        conditions = [c for node in managed(api, NODE).values() for c in node["status"].get("conditions", [])]
        return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions) == 3

    eventually(ready)
    assert all(node["status"]["allocatable"]["pods"] == "29" for node in managed(api, NODE).values())


def test_nodes_follow_size_labels_and_taints_of_their_group(
    lane: Lane, with_cluster: Account, api: KubernetesApi
) -> None:
    with_cluster.nodegroup(labels={"old": "1"}, taints=[{"key": "old", "value": "1", "effect": "NO_SCHEDULE"}])
    lane.emulator.settle()
    before = set(managed(api, NODE))
    with_cluster.eks.update_nodegroup_config(
        clusterName="platform",
        nodegroupName="main",
        scalingConfig={"minSize": 1, "maxSize": 6, "desiredSize": 2},
        labels={"addOrUpdateLabels": {"new": "2"}, "removeLabels": ["old"]},
        taints={"addOrUpdateTaints": [{"key": "new", "value": "2", "effect": "NO_EXECUTE"}],
                "removeTaints": [{"key": "old", "value": "1", "effect": "NO_SCHEDULE"}]},
    )  # fmt: skip
    lane.emulator.settle()
    nodes = managed(api, NODE)
    assert len(nodes) == 2
    assert set(nodes) < before
    for node in nodes.values():
        assert node["metadata"]["labels"]["new"] == "2"
        assert "old" not in node["metadata"]["labels"]
        own = [taint for taint in node["spec"]["taints"] if not taint["key"].startswith("node.kubernetes.io/")]
        assert own == [{"key": "new", "value": "2", "effect": "NoExecute"}]


def test_nodes_go_with_their_group_and_others_stay(lane: Lane, with_cluster: Account, api: KubernetesApi) -> None:
    with_cluster.nodegroup("one")
    with_cluster.nodegroup("two")
    lane.emulator.settle()
    assert len(managed(api, NODE)) == 6
    with_cluster.eks.delete_nodegroup(clusterName="platform", nodegroupName="one")
    lane.emulator.settle()
    nodes = managed(api, NODE).values()
    assert Counter(node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] for node in nodes) == {"two": 3}


def test_a_pod_that_comes_too_late_goes_the_way_of_its_node(
    lane: Lane, with_cluster: Account, api: KubernetesApi
) -> None:
    with_cluster.nodegroup()
    lane.emulator.settle()
    node = next(iter(managed(api, NODE)))
    with_cluster.eks.delete_nodegroup(clusterName="platform", nodegroupName="main")
    lane.emulator.settle()
    # What the DaemonSet controller does while it still believes in the node.
    name = namespace(api, "test-late")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "late", "namespace": name},
        "spec": {"nodeName": node, "containers": [{"name": "agent", "image": "example.com/agent:1"}]},
    }
    eventually(lambda: api.get(SERVICE_ACCOUNT, "default", namespace=name) is not None)
    api.create(POD, pod)
    eventually(lambda: api.list(POD, fields=f"spec.nodeName={node}") == [], seconds=POD_COLLECTION_SECONDS)


def test_cluster_is_born_with_three_addons_that_nobody_manages(
    lane: Lane, with_cluster: Account, api: KubernetesApi
) -> None:
    lane.emulator.settle()
    assert with_cluster.eks.list_addons(clusterName="platform")["addons"] == []
    assert set(managed(api, DEPLOYMENT)) == {"coredns"}
    assert set(managed(api, DAEMON_SET)) == {"aws-node", "kube-proxy"}


def test_custom_resources_of_eks_are_there_and_check_their_objects(
    lane: Lane, with_cluster: Account, api: KubernetesApi
) -> None:
    lane.emulator.settle()
    assert set(managed(api, CRD)) == {
        "securitygrouppolicies.vpcresources.k8s.aws",
        "cninodes.vpcresources.k8s.aws",
        "eniconfigs.crd.k8s.amazonaws.com",
        "policyendpoints.networking.k8s.aws",
    }
    policies = Kind("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", "securitygrouppolicies", True)
    policy: dict[str, Any] = {
        "apiVersion": policies.api_version,
        "kind": policies.kind,
        "metadata": {"name": "app", "namespace": "default"},
        "spec": {"podSelector": {}, "securityGroups": {"groupIds": ["sg-1"]}},
    }
    eventually(lambda: _served(api, policies))
    api.create(policies, policy)
    policy["metadata"]["name"] = "empty"
    policy["spec"]["securityGroups"]["groupIds"] = []
    with pytest.raises(ApiError, match="groupIds") as error:
        api.create(policies, policy)
    assert error.value.status == 422


def _served(api: KubernetesApi, kind: Kind) -> bool:
    try:
        api.list(kind)
    except ApiError:
        return False
    return True


def test_ingress_of_class_alb_gets_a_load_balancers_name(lane: Lane, with_cluster: Account, api: KubernetesApi) -> None:
    where = namespace(api, "test-ingress")
    backend = {"service": {"name": "app", "port": {"number": 80}}}
    for name, ingress_class in (("shop", "alb"), ("other", "nginx")):
        api.create(
            INGRESS,
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": name, "namespace": where},
                "spec": {"ingressClassName": ingress_class, "defaultBackend": backend},
            },
        )

    def balancers(name: str) -> list[dict[str, str]]:
        found = api.get(INGRESS, name, where)
        assert found is not None
        return found["status"]["loadBalancer"].get("ingress", [])

    eventually(lambda: bool(balancers("shop")))
    assert balancers("shop")[0]["hostname"].startswith("internal-k8s-testingr-shop-")
    assert balancers("shop")[0]["hostname"].endswith(".us-east-1.elb.amazonaws.com")
    assert balancers("other") == []
    api.merge(INGRESS, "shop", {"spec": {"ingressClassName": "nginx"}}, namespace=where)
    eventually(lambda: not balancers("shop"))


def test_access_policy_lets_a_session_into_its_namespaces_and_no_others(
    lane: Lane, with_cluster: Account, api: KubernetesApi
) -> None:
    inside, outside = namespace(api, "test-team-one"), namespace(api, "test-other")
    role = with_cluster.role("team")
    session = with_cluster.session(role)

    def status(where: str) -> int:
        return as_session(with_cluster, session, "GET", f"/api/v1/namespaces/{where}/configmaps")

    assert status(inside) == 401
    with_cluster.eks.create_access_entry(clusterName="platform", principalArn=role)
    eventually(lambda: status(inside) == 403)
    with_cluster.eks.associate_access_policy(
        clusterName="platform",
        principalArn=role,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "namespace", "namespaces": ["test-team-*"]},
    )
    # The API server keeps a reviewed token for some seconds, and `status` makes a new one each second.
    eventually(lambda: status(inside) == 200)
    assert status(outside) == 403
    assert as_session(with_cluster, session, "GET", f"/api/v1/namespaces/{inside}/secrets") == 403
    later = namespace(api, "test-team-two")
    eventually(lambda: status(later) == 200)
    with_cluster.eks.disassociate_access_policy(
        clusterName="platform",
        principalArn=role,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
    )
    lane.emulator.settle()
    eventually(lambda: status(inside) == 403)
    assert managed(api, ROLE_BINDING) == {}


@pytest.mark.parametrize(
    ("policy", "secrets", "nodes_deletion"),
    [("ClusterAdmin", 200, 404), ("AdminView", 200, 403), ("View", 403, 403)],
)
def test_access_policy_of_cluster_scope_means_what_eks_means_by_it(
    with_cluster: Account, policy: str, secrets: int, nodes_deletion: int
) -> None:
    role = with_cluster.role(f"operator-{policy.lower()}")
    with_cluster.eks.create_access_entry(clusterName="platform", principalArn=role)
    with_cluster.eks.associate_access_policy(
        clusterName="platform",
        principalArn=role,
        policyArn=f"arn:aws:eks::aws:cluster-access-policy/AmazonEKS{policy}Policy",
        accessScope={"type": "cluster"},
    )
    session = with_cluster.session(role)
    eventually(lambda: as_session(with_cluster, session, "GET", "/api/v1/configmaps") == 200)
    assert as_session(with_cluster, session, "GET", "/api/v1/secrets") == secrets
    assert as_session(with_cluster, session, "DELETE", "/api/v1/nodes/nobody") == nodes_deletion


def test_what_somebody_deleted_by_hand_comes_back(lane: Lane, with_cluster: Account, api: KubernetesApi) -> None:
    with_cluster.nodegroup()
    lane.emulator.settle()
    name = next(iter(managed(api, NODE)))
    api.delete(NODE, name)
    api.delete(SERVICE, "kube-dns", "kube-system")
    eventually(lambda: name in managed(api, NODE) and "kube-dns" in managed(api, SERVICE))


def test_addons_put_their_objects_into_the_cluster_and_their_pods_run(
    lane: Lane, with_bare_cluster: Account, api: KubernetesApi
) -> None:
    with_bare_cluster.nodegroup(instanceTypes=["m5.xlarge"])
    lane.emulator.settle()
    assert managed(api, DEPLOYMENT) == managed(api, DAEMON_SET) == {}
    for name in ADDONS:
        with_bare_cluster.eks.create_addon(clusterName="platform", addonName=name)
    lane.emulator.settle()
    assert set(managed(api, DEPLOYMENT)) == {
        "coredns",
        "metrics-server",
        "ebs-csi-controller",
        "amazon-cloudwatch-observability-controller-manager",
    }
    assert set(managed(api, DAEMON_SET)) == {
        "aws-node",
        "kube-proxy",
        "eks-pod-identity-agent",
        "ebs-csi-node",
        "cloudwatch-agent",
        "fluent-bit",
    }
    assert managed(api, DAEMON_SET)["cloudwatch-agent"]["metadata"]["namespace"] == "amazon-cloudwatch"
    dns = managed(api, SERVICE)["kube-dns"]
    assert dns["spec"]["clusterIP"] == "172.20.0.10"
    assert "aws-node" in managed(api, SERVICE_ACCOUNT)
    container = managed(api, DEPLOYMENT)["coredns"]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].endswith(f"/eks/coredns:{ADDONS['coredns'].value}")
    # One without a backend would block the deletion of every namespace.
    assert not [found for found in api.list(API_SERVICE) if "metrics" in found["metadata"]["name"]]
    eventually(
        lambda: (
            all(
                item["status"].get("readyReplicas", 0) == item["spec"]["replicas"]
                for item in managed(api, DEPLOYMENT).values()
            )
            and all(item["status"].get("numberReady", 0) == 3 for item in managed(api, DAEMON_SET).values())
        )
    )


def test_objects_of_an_addon_follow_its_configuration_and_go_with_it(
    lane: Lane, with_bare_cluster: Account, api: KubernetesApi
) -> None:
    role = with_bare_cluster.role("cni")
    with_bare_cluster.eks.create_addon(
        clusterName="platform", addonName="coredns", configurationValues=json.dumps({"replicaCount": 4})
    )
    with_bare_cluster.eks.create_addon(
        clusterName="platform",
        addonName="vpc-cni",
        serviceAccountRoleArn=role,
        configurationValues=json.dumps({"env": {"ENABLE_PREFIX_DELEGATION": "true"}}),
    )
    with_bare_cluster.eks.create_addon(
        clusterName="platform",
        addonName="aws-ebs-csi-driver",
        configurationValues=json.dumps({"node": {"hostNetwork": True}}),
    )
    lane.emulator.settle()
    assert managed(api, DAEMON_SET)["ebs-csi-node"]["spec"]["template"]["spec"]["hostNetwork"] is True
    with_bare_cluster.eks.delete_addon(clusterName="platform", addonName="aws-ebs-csi-driver")
    lane.emulator.settle()
    assert managed(api, DEPLOYMENT)["coredns"]["spec"]["replicas"] == 4
    container = managed(api, DAEMON_SET)["aws-node"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "ENABLE_PREFIX_DELEGATION", "value": "true"} in container["env"]
    annotations = managed(api, SERVICE_ACCOUNT)["aws-node"]["metadata"]["annotations"]
    assert annotations["eks.amazonaws.com/role-arn"] == role
    with_bare_cluster.eks.update_addon(clusterName="platform", addonName="coredns", configurationValues="")
    with_bare_cluster.eks.delete_addon(clusterName="platform", addonName="vpc-cni")
    lane.emulator.settle()
    assert managed(api, DEPLOYMENT)["coredns"]["spec"]["replicas"] == 2
    assert managed(api, DAEMON_SET) == {}
    assert set(managed(api, SERVICE_ACCOUNT)) == {"coredns"}


def test_an_addon_outside_kube_system_has_its_namespace_and_leaves_out_what_is_switched_off(
    lane: Lane, with_bare_cluster: Account, api: KubernetesApi
) -> None:
    role = with_bare_cluster.role("agent")
    name = "amazon-cloudwatch-observability"
    with_bare_cluster.eks.create_addon(
        clusterName="platform",
        addonName=name,
        serviceAccountRoleArn=role,
        configurationValues=json.dumps({"containerLogs": {"enabled": False}}),
    )
    lane.emulator.settle()
    assert set(managed(api, DAEMON_SET)) == {"cloudwatch-agent"}
    agent = managed(api, SERVICE_ACCOUNT)["cloudwatch-agent"]["metadata"]
    assert agent["namespace"] == "amazon-cloudwatch"
    assert agent["annotations"]["eks.amazonaws.com/role-arn"] == role
    with_bare_cluster.eks.update_addon(clusterName="platform", addonName=name, configurationValues="")
    lane.emulator.settle()
    assert set(managed(api, DAEMON_SET)) == {"cloudwatch-agent", "fluent-bit"}
    with_bare_cluster.eks.delete_addon(clusterName="platform", addonName=name)
    lane.emulator.settle()
    assert managed(api, DAEMON_SET) == managed(api, DEPLOYMENT) == managed(api, SERVICE) == {}


def test_pass_without_a_change_writes_nothing(lane: Lane, with_bare_cluster: Account, api: KubernetesApi) -> None:
    with_bare_cluster.eks.create_addon(clusterName="platform", addonName="vpc-cni")
    lane.emulator.settle()

    def versions() -> dict[str, str]:
        kinds = (CRD, CLUSTER_ROLE_BINDING, SERVICE_ACCOUNT)
        return {n: item["metadata"]["resourceVersion"] for kind in kinds for n, item in managed(api, kind).items()}

    eventually(lambda: all(crd["status"].get("conditions") for crd in managed(api, CRD).values()))
    before = versions()
    # Wakes the loop; once settled, it has been through another pass.
    with_bare_cluster.ec2.create_vpc(CidrBlock="10.9.0.0/16")
    lane.emulator.settle()
    assert versions() == before


def test_preserved_addon_leaves_its_objects(lane: Lane, account: Account, api: KubernetesApi) -> None:
    account.cluster(bootstrapSelfManagedAddons=False)
    account.eks.create_addon(clusterName="platform", addonName="coredns")
    account.eks.delete_addon(clusterName="platform", addonName="coredns", preserve=True)
    lane.emulator.settle()
    assert set(managed(api, DEPLOYMENT)) == {"coredns"}


def test_everything_goes_with_the_cluster(lane: Lane, account: Account, api: KubernetesApi) -> None:
    account.cluster()
    account.nodegroup()
    account.eks.create_addon(clusterName="platform", addonName="metrics-server")
    lane.emulator.settle()
    assert all(managed(api, kind) for kind in (NODE, CRD, CLUSTER_ROLE_BINDING, DEPLOYMENT, DAEMON_SET))
    account.eks.delete_nodegroup(clusterName="platform", nodegroupName="main")
    account.eks.delete_cluster(name="platform")
    lane.emulator.settle()
    assert left(api) == []


def test_custom_resources_come_and_go_however_quickly(lane: Lane, account: Account, api: KubernetesApi) -> None:
    """The API server left a definition half deleted for minutes if nobody had listed its objects before."""
    role = account.role("control-plane")
    for _ in range(3):
        account.cluster(roleArn=role)
        lane.emulator.settle()
        assert len(managed(api, CRD)) == 4
        account.eks.delete_cluster(name="platform")
        lane.emulator.settle()
        assert managed(api, CRD) == {}


@pytest.mark.parametrize(
    ("cpu", "memory_mib", "max_pods", "expected"),
    [
        (2, 8192, 29, {"cpu": "1930m", "memory": f"{(8192 - 674) * 1024}Ki", "pods": "29"}),
        (4, 16384, 58, {"cpu": "3920m", "memory": f"{(16384 - 993) * 1024}Ki", "pods": "58"}),
        (8, 32768, 58, {"cpu": "7910m", "memory": f"{(32768 - 993) * 1024}Ki", "pods": "58"}),
    ],
    ids=["m5.large", "m5.xlarge", "m5.2xlarge"],
)
def test_pods_may_use_what_the_system_leaves(
    cpu: int, memory_mib: int, max_pods: int, expected: dict[str, str]
) -> None:
    # Here, since they import moto: every worker collects this file, and few run this test.
    from tooling.aws_emulator.controllers.nodes import allocatable
    from tooling.aws_emulator.controllers.snapshot import Instance

    instance = Instance(
        name="node", instance_id="i-1", private_ip="10.0.0.1", zone="z", region="r", nodegroup="g", instance_type="t",
        architecture="amd64", capacity_type="ON_DEMAND", version="1.35", cpu=cpu, memory_mib=memory_mib,
        max_pods=max_pods, disk_gib=20, labels={}, taints=(),
    )  # fmt: skip
    assert allocatable(instance) == {**expected, "ephemeral-storage": "18Gi"}


def test_a_token_of_the_clusters_own_service_account_is_verified_with_the_clusters_keys(
    lane: Lane, with_cluster: Account
) -> None:
    api, account = lane.api(), with_cluster
    issuer = account.eks.describe_cluster(name="platform")["cluster"]["identity"]["oidc"]["issuer"]
    host = issuer.removeprefix("https://")
    provider = account.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:sub": "system:serviceaccount:test-irsa:app"}},
    }
    role = account.iam.create_role(RoleName="irsa", AssumeRolePolicyDocument=document(statement))["Role"]["Arn"]
    api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test-irsa"}})

    def assumed(service_account: str) -> Any:
        metadata = {"name": service_account, "namespace": "test-irsa"}
        api.create(SERVICE_ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        wanted = Kind("v1", "TokenRequest", f"serviceaccounts/{service_account}/token", True)
        spec = {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 600}
        given = api.create(
            wanted,
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "metadata": {"namespace": "test-irsa"},
                "spec": spec,
            },
        )
        return account.sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="pod", WebIdentityToken=given["status"]["token"]
        )

    assert assumed("app")["SubjectFromWebIdentityToken"] == "system:serviceaccount:test-irsa:app"
    with pytest.raises(ClientError) as refused:
        assumed("other")
    assert answer(refused)[0] == "AccessDenied"
