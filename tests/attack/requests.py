"""Requests to the API server with which a tenant would leave its place, and what refuses each of them.

RBAC refuses all of them from everybody who belongs to a tenant. `second` is the guardrail behind it, if there is
one: it refuses the same request from someone who may do everything in the namespace.

Sources: MTB is the Multi-Tenancy Benchmarks of kubernetes-sigs, CIS the CIS EKS Benchmark 1.8, EKS the EKS Best
Practices Guide, RBAC Kubernetes' "RBAC good practices", PSS the Pod Security Standards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.admission.controls import CONTROLS
from tests.admission.world import NEIGHBOUR, TENANT

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Request:
    name: str
    source: str
    method: str
    path: str
    body: Object | None = None
    second: str = ""
    """Admission policies, less `tenant-`, of which one refuses it where RBAC does not: the API server asks them in any
    order, and names the first."""
    reached: frozenset[int] = frozenset({200, 201})
    """What the API server answers to an administrator: the request gets as far as what it is about."""

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def content_type(self) -> str:
        return MERGE if self.method == "PATCH" else "application/json"

    def dry(self) -> str:
        """The path by which nothing is kept."""
        if not self.writes or "/proxy/" in self.path:
            return self.path
        return f"{self.path}{'&' if '?' in self.path else '?'}dryRun=All"


A, B, SYSTEM = (f"/api/v1/namespaces/{name}" for name in (TENANT, NEIGHBOUR, "kube-system"))
_ROLES = f"/apis/{GROUP}/v1/namespaces/{TENANT}"
_POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{TENANT}/networkpolicies"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_UNREACHABLE = frozenset({404, 500, 502, 503})
"""There is no kubelet behind the API server: an administrator gets as far as the node or pod."""


def _get(name: str, source: str, path: str, reached: frozenset[int] = frozenset({200})) -> Request:
    return Request(name=name, source=source, method="GET", path=path, reached=reached)


def _post(name: str, source: str, path: str, body: Object, second: str = "", **more: Any) -> Request:
    return Request(name=name, source=source, method="POST", path=path, body=body, second=second, **more)


def _patch(name: str, source: str, path: str, body: Object, second: str = "", **more: Any) -> Request:
    return Request(name=name, source=source, method="PATCH", path=path, body=body, second=second, **more)


def _delete(name: str, source: str, path: str, second: str = "", **more: Any) -> Request:
    return Request(name=name, source=source, method="DELETE", path=path, second=second, **more)


def _named(version: str, kind: str, name: str = "attack", **fields: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def _role_ref(kind: str, name: str) -> Object:
    return {"apiGroup": GROUP, "kind": kind, "name": name}


_EVERYBODY = [{"apiGroup": GROUP, "kind": "Group", "name": "system:authenticated"}]
_ALL = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_HOOKS = [
    {
        "name": "attack.example.com",
        "clientConfig": {"url": "https://attack.example.com/"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
]
_ALLOW_ALL = _named("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "ingress": [{}], "egress": [{}]})
_TOKEN: Object = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
_AWS_TOKEN: Object = {**_TOKEN, "spec": {"audiences": ["sts.amazonaws.com"]}}
_OTHER_ROLE = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/other"}}}
_POD = _named("v1", "Pod", spec={**CONTROLS["pod"]["spec"], "serviceAccountName": "default"})
_SLICE = _named(
    "discovery.k8s.io/v1",
    "EndpointSlice",
    addressType="IPv4",
    endpoints=[{"addresses": ["10.0.100.7"]}],
    ports=[{"name": "x", "port": 80}],
)

REQUESTS: tuple[Request, ...] = (
    # Reading what is not the tenant's.
    _get("list all namespaces", "MTB CPI-1", "/api/v1/namespaces"),
    _get("look at another tenant's namespace", "MTB CPI-1", B),
    _get("read another tenant's secrets", "MTB TI-2", f"{B}/secrets"),
    _get("read another tenant's ConfigMaps", "MTB TI-2", f"{B}/configmaps"),
    _get("read another tenant's pods", "MTB TI-2", f"{B}/pods"),
    _get("watch another tenant's pods", "MTB TI-2", f"{B}/pods?watch=true&timeoutSeconds=1"),
    _get("read another tenant's events", "MTB TI-2", f"{B}/events"),
    _get("read another tenant's logs", "MTB TI-2", f"{B}/pods/x/log", frozenset({404})),
    _get("read another tenant's network policies", "MTB TI-2", _POLICIES.replace(TENANT, NEIGHBOUR)),
    _get("read another tenant's roles", "MTB TI-2", _ROLES.replace(TENANT, NEIGHBOUR) + "/roles"),
    _get("read another tenant's quota", "MTB TI-2", f"{B}/resourcequotas"),
    _get("read secrets of kube-system", "CIS 4.1.2", f"{SYSTEM}/secrets"),
    _get("read secrets of all namespaces", "CIS 4.1.2", "/api/v1/secrets"),
    _get("read pods of all namespaces", "MTB CPI-1", "/api/v1/pods"),
    _get("read ConfigMaps of kube-system", "CIS 4.1.2", f"{SYSTEM}/configmaps"),
    _get("list nodes", "MTB CPI-1", "/api/v1/nodes"),
    _get("list volumes", "MTB CPI-1", "/api/v1/persistentvolumes"),
    _get("list custom resource definitions", "MTB CPI-1", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
    _get("list the admission policies", "own", f"{_ADMISSION}/validatingadmissionpolicies"),
    _get("list cluster roles", "CIS 4.1.1", f"/apis/{GROUP}/v1/clusterroles"),
    _get("list cluster role bindings", "CIS 4.1.1", f"/apis/{GROUP}/v1/clusterrolebindings"),
    _get("list certificate requests", "RBAC", "/apis/certificates.k8s.io/v1/certificatesigningrequests"),
    _get("list leases of nodes", "RBAC", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"),
    _get("metrics of the API server", "CIS 4.1", "/metrics"),
    _get("profile of the API server", "CIS 1.2", "/debug/pprof/cmdline", frozenset({200, 404})),
    _get("logs of the control plane", "CIS 4.1", "/logs/", frozenset({200, 404})),
    # Code in other places.
    _get("kubelet through the API server", "CIS 4.1.10; Kubernetes 83465", "/api/v1/nodes/n/proxy/pods", _UNREACHABLE),
    _post(
        "run a command through a node", "Kubernetes 83465", "/api/v1/nodes/n/proxy/run/x/y/z", {}, reached=_UNREACHABLE
    ),
    _get("a service of kube-system", "RBAC", f"{SYSTEM}/services/kube-dns:53/proxy/", _UNREACHABLE),
    _get("a service of another tenant", "RBAC", f"{B}/services/x:80/proxy/", _UNREACHABLE),
    _get("a pod of kube-system", "RBAC", f"{SYSTEM}/pods/x/proxy/", _UNREACHABLE),
    _get(
        "a shell in another tenant's pod", "MTB TI-2", f"{B}/pods/x/exec?command=sh&stdout=true", frozenset({400, 404})
    ),
    _get("attach to another tenant's pod", "MTB TI-2", f"{B}/pods/x/attach?stdout=true", frozenset({400, 404})),
    _get(
        "a shell in its own pod",
        "EKS, runtime",
        f"{A}/pods/attacker/exec?command=sh&stdout=true",
        frozenset({400, 500}),
    ),
    _get(
        "forward a port of its own pod",
        "EKS, runtime",
        f"{A}/pods/attacker/portforward?ports=80",
        frozenset({400, 500}),
    ),
    _post("a pod in another tenant", "MTB TI-2", f"{B}/pods", _POD, reached=frozenset({403})),
    _post(
        "a pod of its own, without a controller",
        "MTB BC-1",
        f"{A}/pods",
        _POD,
        "pods-from-controllers",
        reached=frozenset({403}),
    ),
    _post("a pod in kube-system", "MTB TI-2", f"{SYSTEM}/pods", _POD),
    _post(
        "a DaemonSet on every node",
        "MTB HI-1",
        f"/apis/apps/v1/namespaces/{TENANT}/daemonsets",
        _named(
            "apps/v1",
            "DaemonSet",
            spec={
                "selector": {"matchLabels": {"app": "x"}},
                "template": {"metadata": {"labels": {"app": "x"}}, "spec": _POD["spec"]},
            },
        ),
    ),
    _patch("a container in a running pod", "PSS", f"{A}/pods/attacker/ephemeralcontainers", {"spec": {}}),
    _post(
        "bind a pod to a node",
        "RBAC",
        f"{A}/pods/attacker/binding",
        _named("v1", "Binding", "attacker", target={"kind": "Node", "name": "n"}),
    ),
    _post("evict a pod", "RBAC", f"{A}/pods/attacker/eviction", _named("policy/v1", "Eviction", "attacker")),
    _delete("delete pods of another tenant", "MTB TI-2", f"{B}/pods"),
    # More rights.
    _post(
        "a ClusterRole with all rights",
        "MTB CPI-1",
        f"/apis/{GROUP}/v1/clusterroles",
        _named(f"{GROUP}/v1", "ClusterRole", rules=[_ALL]),
    ),
    _post(
        "administrator of the cluster",
        "CIS 4.1.1",
        f"/apis/{GROUP}/v1/clusterrolebindings",
        _named(
            f"{GROUP}/v1", "ClusterRoleBinding", roleRef=_role_ref("ClusterRole", "cluster-admin"), subjects=_EVERYBODY
        ),
    ),
    _post(
        "everybody into its own namespace",
        "Kyverno restrict-binding-system-groups",
        f"{_ROLES}/rolebindings",
        _named(f"{GROUP}/v1", "RoleBinding", roleRef=_role_ref("ClusterRole", "view"), subjects=_EVERYBODY),
        "role-bindings-inside",
    ),
    _post(
        "all rights in its own namespace",
        "Kyverno restrict-binding-clusteradmin",
        f"{_ROLES}/rolebindings",
        _named(f"{GROUP}/v1", "RoleBinding", roleRef=_role_ref("ClusterRole", "cluster-admin"), subjects=_EVERYBODY),
        "role-bindings-inside",
    ),
    _post(
        "a Role with all rights",
        "CIS 4.1.3",
        f"{_ROLES}/roles",
        _named(f"{GROUP}/v1", "Role", rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
    ),
    _patch(
        "more rights in the platform's Role",
        "MTB CPI-2",
        f"{_ROLES}/roles/deployers",
        {"rules": [_ALL]},
        "objects-of-the-platform",
    ),
    _patch(
        "another group in the platform's binding",
        "MTB CPI-2",
        f"{_ROLES}/rolebindings/deployers",
        {"subjects": _EVERYBODY},
        "objects-of-the-platform role-bindings-inside",
    ),
    _delete("the platform's Role", "MTB CPI-2", f"{_ROLES}/roles/deployers", "objects-of-the-platform"),
    _post("a token of its account with the AWS role", "CIS 4.1.12", f"{A}/serviceaccounts/tenant/token", _AWS_TOKEN),
    _post("a token of its account for the API", "CIS 4.1.12", f"{A}/serviceaccounts/tenant/token", _TOKEN),
    _post("a token of another tenant's account", "CIS 4.1.12", f"{B}/serviceaccounts/tenant/token", _AWS_TOKEN),
    _post("a token of a controller", "CIS 4.1.12", f"{SYSTEM}/serviceaccounts/replicaset-controller/token", _TOKEN),
    _post(
        "an account with another AWS role",
        "EKS, identity",
        f"{A}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "attack", **_OTHER_ROLE["metadata"]}},
    ),
    _patch(
        "another AWS role for its account",
        "EKS, identity",
        f"{A}/serviceaccounts/tenant",
        _OTHER_ROLE,
        "objects-of-the-platform",
    ),
    _post(
        "a certificate of system:masters",
        "RBAC",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests",
        _named(
            "certificates.k8s.io/v1",
            "CertificateSigningRequest",
            spec={"request": "LS0t", "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]},
        ),
        reached=frozenset({201, 400, 403, 422}),
    ),
    _post(
        "whom a token belongs to",
        "RBAC",
        "/apis/authentication.k8s.io/v1/tokenreviews",
        _named("authentication.k8s.io/v1", "TokenReview", spec={"token": "x"}),
    ),
    _post(
        "what others may do",
        "RBAC",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": "x", "resourceAttributes": {"verb": "get", "resource": "secrets", "namespace": NEIGHBOUR}},
        },
    ),
    # Guardrails.
    _patch(
        "Pod Security of its namespace",
        "Capsule namespace_metadata",
        A,
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
        "namespaces-of-tenants",
    ),
    _patch(
        "hosts of its namespace",
        "own",
        A,
        {"metadata": {"annotations": {"platform.internal/hosts": "tenant-b.example.com"}}},
        "namespaces-of-tenants",
    ),
    _delete("its namespace", "Capsule config_namespace_hijacking", A, "namespaces-of-tenants"),
    _delete("another tenant's namespace", "Capsule config_namespace_hijacking", B),
    _post("a namespace", "Capsule config_namespace_hijacking", "/api/v1/namespaces", _named("v1", "Namespace")),
    _patch(
        "a larger quota",
        "MTB TI-1",
        f"{A}/resourcequotas/quota",
        {"spec": {"hard": {"pods": "9999"}}},
        "objects-of-the-platform objects-kept-for-controllers",
    ),
    _delete(
        "the quota", "MTB TI-1", f"{A}/resourcequotas/quota", "objects-of-the-platform objects-kept-for-controllers"
    ),
    _delete("all quotas", "MTB TI-1", f"{A}/resourcequotas", "objects-of-the-platform objects-kept-for-controllers"),
    _delete(
        "the limits", "MTB CPI-2", f"{A}/limitranges/limits", "objects-of-the-platform objects-kept-for-controllers"
    ),
    _delete("the default-deny policy", "MTB CPI-2", f"{_POLICIES}/default-deny", "objects-of-the-platform"),
    _delete("all network policies", "own", _POLICIES, "objects-of-the-platform"),
    _patch(
        "the default-deny policy's label",
        "own",
        f"{_POLICIES}/default-deny",
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}},
        "objects-of-the-platform",
    ),
    _post(
        "a policy that allows everything",
        "Kubernetes, Network Policies",
        _POLICIES,
        _ALLOW_ALL,
        "network-policies-inside",
    ),
    _delete("an admission policy", "own", f"{_ADMISSION}/validatingadmissionpolicies/tenant-pods-images"),
    _delete(
        "an admission policy's binding", "own", f"{_ADMISSION}/validatingadmissionpolicybindings/tenant-pods-images"
    ),
    _post(
        "a webhook that sees every pod",
        "CIS 4.1.11",
        f"{_ADMISSION}/mutatingwebhookconfigurations",
        _named("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", webhooks=_HOOKS),
    ),
    _post(
        "a webhook that refuses every pod",
        "CIS 4.1.11",
        f"{_ADMISSION}/validatingwebhookconfigurations",
        _named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", webhooks=_HOOKS),
    ),
    # Things of the cluster.
    _post(
        "a volume of the host",
        "CIS 4.1.9",
        "/api/v1/persistentvolumes",
        _named(
            "v1",
            "PersistentVolume",
            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/"}},
        ),
    ),
    _post(
        "a storage class",
        "Capsule storage_class",
        "/apis/storage.k8s.io/v1/storageclasses",
        _named("storage.k8s.io/v1", "StorageClass", provisioner="ebs.csi.aws.com"),
    ),
    _post(
        "a priority above all",
        "Capsule pod_priority_class",
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        _named("scheduling.k8s.io/v1", "PriorityClass", value=1_000_000),
    ),
    _post(
        "a custom resource definition",
        "MTB CPI-1",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        _named(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "attacks.example.com",
            spec={
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "attacks", "kind": "Attack"},
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
                ],
            },
        ),
    ),
    _post(
        "an API of its own",
        "MTB CPI-1",
        "/apis/apiregistration.k8s.io/v1/apiservices",
        _named(
            "apiregistration.k8s.io/v1",
            "APIService",
            "v1.example.com",
            spec={
                "group": "example.com",
                "version": "v1",
                "groupPriorityMinimum": 1,
                "versionPriority": 1,
                "service": {"name": "x", "namespace": TENANT},
                "insecureSkipTLSVerify": True,
            },
        ),
    ),
    _post("a node", "RBAC", "/api/v1/nodes", _named("v1", "Node")),
    _post(
        "endpoints of another tenant",
        "CVE-2021-25740",
        f"/apis/discovery.k8s.io/v1/namespaces/{TENANT}/endpointslices",
        _SLICE,
        "objects-kept-for-controllers",
    ),
    _post(
        "a ReplicaSet beside the quota of Deployments",
        "MTB-PL1-CC-FNS-2",
        f"/apis/apps/v1/namespaces/{TENANT}/replicasets",
        _named(
            "apps/v1",
            "ReplicaSet",
            spec={
                "selector": {"matchLabels": {"app": "x"}},
                "template": {"metadata": {"labels": {"app": "x"}}, "spec": _POD["spec"]},
            },
        ),
    ),
    _post(
        "a revision of another's StatefulSet",
        "own",
        f"/apis/apps/v1/namespaces/{TENANT}/controllerrevisions",
        _named("apps/v1", "ControllerRevision", revision=1, data={"x": 1}),
    ),
    _post(
        "endpoints of another tenant, by the old kind",
        "CVE-2021-25740",
        f"{A}/endpoints",
        _named("v1", "Endpoints", subsets=[{"addresses": [{"ip": "10.0.100.7"}]}]),
        "objects-kept-for-controllers",
    ),
    _post(
        "an event that nobody caused",
        "RBAC",
        f"{A}/events",
        _named("v1", "Event", involvedObject={"namespace": TENANT}),
    ),
    _post(
        "an event that nobody caused, by the new kind",
        "RBAC",
        f"/apis/events.k8s.io/v1/namespaces/{TENANT}/events",
        _named(
            "events.k8s.io/v1",
            "Event",
            eventTime="2026-01-01T00:00:00.000000Z",
            reportingController="example.com/attack",
            reportingInstance="attack",
            action="Attack",
            reason="Attack",
            type="Normal",
            regarding={"namespace": TENANT},
        ),
    ),
    _post(
        "a target group of another tenant",
        "AWS Load Balancer Controller",
        f"/apis/elbv2.k8s.aws/v1beta1/namespaces/{TENANT}/targetgroupbindings",
        _named(
            "elbv2.k8s.aws/v1beta1",
            "TargetGroupBinding",
            spec={"serviceRef": {"name": "x", "port": 80}, "targetGroupARN": "arn:of:tenant-b"},
        ),
        "objects-kept-for-controllers",
    ),
    _post(
        "a security group for its pods",
        "EKS, security groups for pods",
        f"/apis/vpcresources.k8s.aws/v1beta1/namespaces/{TENANT}/securitygrouppolicies",
        _named(
            "vpcresources.k8s.aws/v1beta1",
            "SecurityGroupPolicy",
            spec={"podSelector": {}, "securityGroups": {"groupIds": ["sg-1"]}},
        ),
        "objects-kept-for-controllers",
    ),
    _patch(
        "the account map",
        "EKS, identity",
        f"{SYSTEM}/configmaps/extension-apiserver-authentication",
        {"data": {"mapRoles": "x"}},
    ),
    _patch(
        "cluster DNS",
        "EKS, network",
        f"{SYSTEM}/configmaps/coredns",
        {"data": {"Corefile": "x"}},
        reached=frozenset({404}),
    ),
)

IMPERSONATIONS: Mapping[str, Mapping[str, str]] = {
    "an administrator": {"Impersonate-User": "admin", "Impersonate-Group": "system:masters"},
    "another tenant's deployers": {"Impersonate-User": "x", "Impersonate-Group": f"tenant:{NEIGHBOUR}:deployers"},
    "its own service account": {"Impersonate-User": f"system:serviceaccount:{TENANT}:tenant"},
    "a controller of Kubernetes": {"Impersonate-User": "system:serviceaccount:kube-system:replicaset-controller"},
    "a node": {"Impersonate-User": "system:node:n", "Impersonate-Group": "system:nodes"},
}
