"""A tenant's namespace and what stands around it."""

from __future__ import annotations

from collections.abc import Callable

from shared.testing import Run

NAMESPACE = "kubernetes:core/v1:Namespace"
QUOTA = "kubernetes:core/v1:ResourceQuota"
DEVICES = (
    "requests.nvidia.com/gpu",
    "requests.nvidia.com/gpu.shared",
    "requests.amd.com/gpu",
    "requests.habana.ai/gaudi",
    "requests.aws.amazon.com/neuron",
    "requests.aws.amazon.com/neuroncore",
    "requests.aws.amazon.com/neurondevice",
    "requests.vpc.amazonaws.com/efa",
    "requests.vpc.amazonaws.com/pod-eni",
    "requests.vpc.amazonaws.com/PrivateIPv4Address",
    "hugepages-2Mi",
    "hugepages-1Gi",
    "hugepages-32Mi",
    "hugepages-64Ki",
)


def test_pod_security_is_restricted_at_the_clusters_own_minor(tenant_a: Run) -> None:
    metadata = tenant_a.one(NAMESPACE).inputs["metadata"]
    assert metadata["name"] == "tenant-a"
    assert metadata["labels"] == {
        "platform.internal/tenant": "tenant-a",
        "app.kubernetes.io/managed-by": "platform",
        "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.35",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/audit-version": "v1.35",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/warn-version": "v1.35",
    }


def test_the_namespace_is_annotated_with_the_hosts_of_its_ingresses(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"hosts": ["a.example.com", "b.example.com"]})
    annotations = run.one(NAMESPACE).inputs["metadata"]["annotations"]
    assert annotations["platform.internal/hosts"] == "a.example.com,b.example.com"


def test_the_namespace_is_annotated_with_its_image_registries(run_tenant: Callable[..., Run]) -> None:
    annotations = run_tenant({"registries": ["ghcr.io/team-a"]}).one(NAMESPACE).inputs["metadata"]["annotations"]
    own, given = annotations["platform.internal/registries"].split(",")
    assert own.endswith(".dkr.ecr.us-east-1.amazonaws.com/shop")
    assert len(own.split(".")[0]) == 12
    assert given == "ghcr.io/team-a"
    annotations = run_tenant({}).one(NAMESPACE).inputs["metadata"]["annotations"]
    assert annotations["platform.internal/registries"].split(",")[1:] == ["registry.k8s.io"]


def test_the_namespace_says_which_taints_its_pods_may_tolerate_and_where_its_load_balancer_is(
    run_tenant: Callable[..., Run],
) -> None:
    given = {"tolerations": ["dedicated", "example.com/gpu"], "load_balancer_scheme": "internal"}
    run = run_tenant(given)
    annotations = run.one(NAMESPACE).inputs["metadata"]["annotations"]
    assert annotations["platform.internal/tolerations"] == "dedicated,example.com/gpu"
    assert annotations["platform.internal/load-balancer-scheme"] == "internal"
    assert run.outputs["load_balancer_scheme"] == "internal"
    run = run_tenant({})
    annotations = run.one(NAMESPACE).inputs["metadata"]["annotations"]
    assert annotations["platform.internal/tolerations"] == ""
    assert annotations["platform.internal/load-balancer-scheme"] == "internet-facing"


def test_the_quota_is_the_files_with_no_load_balancer_and_no_node_port(tenant_a: Run) -> None:
    quota = tenant_a.one(QUOTA, "tenant-a-quota").inputs
    assert quota["metadata"]["namespace"] == "tenant-a"
    assert quota["spec"]["hard"] == {
        "requests.cpu": "4",
        "requests.memory": "8Gi",
        "requests.ephemeral-storage": "10Gi",
        "limits.cpu": "8",
        "limits.memory": "16Gi",
        "limits.ephemeral-storage": "20Gi",
        "requests.storage": "50Gi",
        "pods": "40",
        "services": "20",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        "configmaps": "100",
        "secrets": "50",
        "persistentvolumeclaims": "10",
        "count/deployments.apps": "20",
        "count/statefulsets.apps": "10",
        "count/jobs.batch": "50",
        "count/cronjobs.batch": "10",
        "count/ingresses.networking.k8s.io": "10",
        "count/horizontalpodautoscalers.autoscaling": "20",
        "count/poddisruptionbudgets.policy": "20",
        "count/networkpolicies.networking.k8s.io": "30",
        "count/roles.rbac.authorization.k8s.io": "20",
        "count/rolebindings.rbac.authorization.k8s.io": "20",
        "count/pods": "120",
        "count/replicasets.apps": "240",
        "count/controllerrevisions.apps": "120",
        "count/resourceclaims.resource.k8s.io": "0",
        "count/resourceclaimtemplates.resource.k8s.io": "0",
        **dict.fromkeys(DEVICES, "0"),
    }


def test_devices_are_counted_and_only_those_that_the_file_names_may_be_had(run_tenant: Callable[..., Run]) -> None:
    extended = {"nvidia.com/gpu": 2, "nvidia.com/mig-1g.5gb": "4", "hugepages-2Mi": "64Mi"}
    hard = run_tenant({"quota": {"extended": extended}}).one(QUOTA, "shop-quota").inputs["spec"]["hard"]
    assert {row: amount for row, amount in hard.items() if row in DEVICES and amount != "0"} == {
        "requests.nvidia.com/gpu": "2",
        "hugepages-2Mi": "64Mi",
    }
    assert hard["requests.nvidia.com/mig-1g.5gb"] == "4"


def test_what_controllers_make_is_counted_by_what_they_make_it_from(run_tenant: Callable[..., Run]) -> None:
    quota = {"pods": 10, "count/deployments.apps": 3, "count/statefulsets.apps": 2}
    hard = run_tenant({"quota": quota}).one(QUOTA, "shop-quota").inputs["spec"]["hard"]
    rows = ("count/pods", "count/replicasets.apps", "count/controllerrevisions.apps")
    assert [hard[row] for row in rows] == ["100", "36", "24"]
    hard = run_tenant({"quota": {**quota, **dict.fromkeys(rows, 11)}}).one(QUOTA, "shop-quota").inputs["spec"]["hard"]
    assert [hard[row] for row in rows] == ["11", "11", "11"]


def test_no_pod_may_keep_away_from_those_of_other_namespaces(tenant_a: Run) -> None:
    spec = tenant_a.one(QUOTA, "tenant-a-cross-namespace-affinity").inputs["spec"]
    assert spec == {"hard": {"pods": "0"}, "scopes": ["CrossNamespacePodAffinity"]}


def test_containers_get_default_limits_and_cannot_exceed_the_maximum(
    run_tenant: Callable[..., Run],
) -> None:
    most = {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "2Gi"}
    limits = run_tenant({"containers": {"max": most}}).one("kubernetes:core/v1:LimitRange").inputs
    assert limits["spec"]["limits"] == [
        {
            "type": "Container",
            "defaultRequest": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "256Mi"},
            "default": {"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "1Gi"},
            "max": most,
            # A limit of 0 is none to the kubelet.
            "min": {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Mi"},
        },
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}},
    ]


def test_a_pod_that_names_no_account_gets_no_token(tenant_a: Run) -> None:
    patched = tenant_a.one("kubernetes:core/v1:ServiceAccountPatch").inputs
    assert patched["metadata"] == {"name": "default", "namespace": "tenant-a"}
    assert patched["automountServiceAccountToken"] is False


def test_the_tenants_account_has_its_role_and_mounts_no_token_by_default(tenant_a: Run) -> None:
    account = tenant_a.one("kubernetes:core/v1:ServiceAccount").inputs
    assert account["metadata"]["name"] == "tenant"
    assert account["metadata"]["namespace"] == "tenant-a"
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/eks-tenant-a-workload-dev"
    }
    assert account["automountServiceAccountToken"] is False


def test_everything_in_a_namespace_comes_after_it(tenant_a: Run) -> None:
    namespace = tenant_a.one(NAMESPACE)
    inside = [r for r in tenant_a.resources if r.inputs.get("metadata", {}).get("namespace")]
    assert len(inside) == 13
    assert all(tenant_a.comes_after(resource, namespace) for resource in inside)


def test_access_is_granted_only_after_the_guardrails_exist(tenant_a: Run) -> None:
    kinds = ("core/v1:ResourceQuota", "core/v1:LimitRange", "core/v1:ServiceAccountPatch")
    guardrails = [guardrail for kind in kinds for guardrail in tenant_a.registered(f"kubernetes:{kind}")]
    guardrails += tenant_a.registered("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    assert len(guardrails) == 10
    for guest in (
        tenant_a.one("kubernetes:core/v1:ServiceAccount"),
        tenant_a.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"),
        tenant_a.one("aws:eks/accessEntry:AccessEntry"),
    ):
        assert all(tenant_a.comes_after(guest, guardrail) for guardrail in guardrails), guest.urn


def test_each_of_several_namespaces_has_its_own_guardrails(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"namespaces": ["shop", "shop-batch"]})
    assert [n.inputs["metadata"]["name"] for n in run.registered(NAMESPACE)] == ["shop", "shop-batch"]
    per_namespace: dict[str, list[str]] = {"shop": [], "shop-batch": []}
    for resource in run.resources:
        namespace = resource.inputs.get("metadata", {}).get("namespace")
        if namespace:
            per_namespace[namespace].append(f"{resource.type} {resource.inputs['metadata']['name']}")
    assert sorted(per_namespace["shop"]) == sorted(per_namespace["shop-batch"])
    assert len(per_namespace["shop"]) == 13


def test_guardrails_are_deleted_with_their_namespace_and_deployers_rights_before_it(tenant_a: Run) -> None:
    """Network policies were gone while pods still ran: what is in the namespace was deleted before it, one by one."""
    namespace = tenant_a.one(NAMESPACE)
    inside = [r for r in tenant_a.resources if r.inputs.get("metadata", {}).get("namespace")]
    apart = {r.name for r in inside if r.deleted_with != namespace.urn}
    assert apart == {"tenant-a-deployers"}
    assert len(inside) == 13


def test_what_the_platform_makes_says_so(tenant_a: Run) -> None:
    for resource in tenant_a.resources:
        metadata = resource.inputs.get("metadata")
        if metadata and not resource.type.endswith("Patch"):
            assert metadata["labels"]["platform.internal/tenant"] == "tenant-a", resource.urn
            assert metadata["labels"]["app.kubernetes.io/managed-by"] == "platform", resource.urn
