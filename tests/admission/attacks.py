"""What must be refused, and by which policy. Numbers are rows of the project's list of attacks on tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.admission.controls import CONTROLS, HOST, POD_SPEC
from tests.admission.world import OWNER, REPLICA_SETS, Actor, Object, altered

_TEMPLATES = {
    "pod": "",
    "deployment": "spec.template.",
    "statefulset": "spec.template.",
    "job": "spec.template.",
    "cronjob": "spec.jobTemplate.spec.template.",
}


@dataclass(frozen=True, kw_only=True)
class Attack:
    policy: str
    name: str
    of: str
    """The control that it is but for `changes`."""
    changes: Mapping[str, Any]
    actor: Actor = OWNER
    says: str = ""
    """What the refusal names, where it names the culprit."""

    @property
    def id(self) -> str:
        return f"{self.policy}: {self.name}, {self.of}"


def attacked(attack: Attack) -> Object:
    return altered(CONTROLS[attack.of], attack.changes)


def _pods(policy: str, name: str, changes: Mapping[str, Any], says: str = "", *, only: str = "") -> list[Attack]:
    """The same in a pod that a controller makes, and in each template."""
    return [
        Attack(
            policy=policy,
            name=name,
            of=kind,
            changes={f"{prefix}{path}": value for path, value in changes.items()},
            actor=REPLICA_SETS if kind == "pod" else OWNER,
            says=says,
        )
        for kind, prefix in _TEMPLATES.items()
        if not only or kind in only.split()
    ]


def _one(policy: str, name: str, of: str, changes: Mapping[str, Any], says: str = "") -> Attack:
    return Attack(policy=policy, name=name, of=of, changes=changes, says=says)


_IMAGE = "spec.containers.0.image"
_SIDECAR = {**POD_SPEC["containers"][0], "name": "sidecar"}
_EXTERNAL_DNS = "metadata.annotations.external-dns\\.alpha\\.kubernetes\\.io/hostname"
_ALB = "metadata.annotations.alb\\.ingress\\.kubernetes\\.io"

ATTACKS: tuple[Attack, ...] = (
    _one("pods-from-controllers", "a pod of its own", "pod", {}),
    _one(
        "pods-from-controllers",
        "a pod that claims to have an owner",
        "pod",
        {"metadata.ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "1"}]},
    ),
    *_pods("pods-node-name", "nodeName", {"spec.nodeName": "node-1"}),
    *_pods("pods-priority", "Kubernetes' class", {"spec.priorityClassName": "system-cluster-critical"}),
    *_pods("pods-priority", "the platform's class", {"spec.priorityClassName": "platform-agent"}),
    *_pods("pods-scheduling", "another scheduler", {"spec.schedulerName": "mine"}),
    *_pods("pods-scheduling", "a runtime class", {"spec.runtimeClassName": "sandbox"}),
    *_pods("pods-tolerations", "everything", {"spec.tolerations": [{"operator": "Exists"}]}),
    *_pods("pods-tolerations", "the system's nodes", {"spec.tolerations": [{"key": "CriticalAddonsOnly"}]}),
    *_pods("pods-service-account", "another account", {"spec.serviceAccountName": "robot"}),
    *_pods("pods-images", "a foreign registry", {_IMAGE: "evil.example.com/x:1"}, "evil.example.com/x:1 is from none"),
    *_pods("pods-images", "a registry that begins alike", {_IMAGE: "registry.k8s.io.evil.com/x:1"}, "is from none"),
    *_pods("pods-images", "Docker Hub by a short name", {_IMAGE: "nginx:1.29"}, "image nginx:1.29 is from none"),
    *_pods("pods-images", "latest", {_IMAGE: "registry.k8s.io/pause:latest"}, "pause:latest names no version"),
    *_pods("pods-images", "no tag", {_IMAGE: "registry.k8s.io/pause"}, "pause names no version"),
    *_pods("pods-images", "a port for a tag", {_IMAGE: "registry.k8s.io/x:1/pause"}, "names no version"),
    *_pods(
        "pods-images",
        "an init container",
        {"spec.initContainers": [{**_SIDECAR, "image": "evil.example.com/x:1"}]},
        "evil.example.com/x:1 is from none",
    ),
    *_pods("pods-disruption", "Karpenter", {"metadata.annotations.karpenter\\.sh/do-not-disrupt": "true"}),
    *_pods(
        "pods-disruption",
        "the autoscaler",
        {"metadata.annotations.cluster-autoscaler\\.kubernetes\\.io/safe-to-evict": "false"},
    ),
    *_pods("pods-disruption", "an hour of grace", {"spec.terminationGracePeriodSeconds": 3600}),
    *_pods(
        "templates-finalizers",
        "of a pod",
        {"metadata.finalizers": ["example.com/stay"]},
        only="deployment statefulset job cronjob",
    ),
    _one(
        "templates-finalizers",
        "of a claim",
        "statefulset",
        {"spec.volumeClaimTemplates.0.metadata.finalizers": ["example.com/stay"]},
    ),
    Attack(
        policy="objects-finalizers",
        name="of a pod made by a controller",
        of="pod",
        changes={"metadata.finalizers": ["example.com/stay"]},
        actor=REPLICA_SETS,
        says="finalizer example.com/stay is refused",
    ),
    *(
        _one("objects-finalizers", "its own", kind, {"metadata.finalizers": ["example.com/stay"]}, "example.com/stay")
        for kind in CONTROLS
        if kind != "pod"
    ),
    _one("services-types", "LoadBalancer", "service", {"spec.type": "LoadBalancer"}, "type LoadBalancer is refused"),
    _one("services-types", "NodePort", "service", {"spec.type": "NodePort"}, "type NodePort is refused"),
    _one(
        "services-types",
        "ExternalName",
        "service",
        {"spec.type": "ExternalName", "spec.externalName": "kubernetes.default.svc"},
        "type ExternalName is refused",
    ),
    _one("services-types", "externalIPs", "service", {"spec.externalIPs": ["10.0.0.10"]}),
    _one("services-dns-names", "another tenant's name", "service", {_EXTERNAL_DNS: "tenant-b.example.com"}),
    _one(
        "services-dns-names",
        "by the newer prefix",
        "service",
        {"metadata.annotations.external-dns\\.kubernetes\\.io/hostname": "tenant-b.example.com"},
    ),
    _one(
        "ingresses-hosts",
        "another tenant's",
        "ingress",
        {"spec.rules.0.host": "tenant-b.example.com"},
        f"host tenant-b.example.com is none of {HOST}",
    ),
    _one("ingresses-hosts", "one that ends alike", "ingress", {"spec.rules.0.host": f"x{HOST}"}, f"x{HOST} is none"),
    _one("ingresses-hosts", "one below", "ingress", {"spec.rules.0.host": f"x.{HOST}"}, f"x.{HOST} is none"),
    _one("ingresses-hosts", "a wildcard", "ingress", {"spec.rules.0.host": "*.example.com"}, "*.example.com is none"),
    _one("ingresses-hosts", "none", "ingress", {"spec.rules.0.host": None}, "name a `host` in every rule"),
    _one(
        "ingresses-hosts",
        "a default backend",
        "ingress",
        {"spec.defaultBackend": {"service": {"name": "control", "port": {"number": 8080}}}},
        "leave defaultBackend out",
    ),
    _one("ingresses-hosts", "TLS for another's", "ingress", {"spec.tls.0.hosts": ["tenant-b.example.com"]}, "`tls`"),
    _one("ingresses-hosts", "TLS for any", "ingress", {"spec.tls.0.hosts": []}, "`tls`"),
    _one("ingresses-class", "a foreign class", "ingress", {"spec.ingressClassName": "nginx"}),
    _one("ingresses-class", "no class", "ingress", {"spec.ingressClassName": None}),
    _one(
        "ingresses-annotations",
        "group.name",
        "ingress",
        {f"{_ALB}/group\\.name": "tenant-b"},
        "group.name tenant-b is not tenant-a",
    ),
    _one("ingresses-annotations", "subnets", "ingress", {f"{_ALB}/subnets": "subnet-1"}, "/subnets is not on the list"),
    _one("ingresses-annotations", "actions", "ingress", {f"{_ALB}/actions\\.x": "{}"}, "/actions.x is not on the list"),
    _one("ingresses-annotations", "DNS names", "ingress", {_EXTERNAL_DNS: "tenant-b.example.com"}, "external-dns"),
    _one(
        "ingresses-annotations",
        "nginx snippet",
        "ingress",
        {"metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/server-snippet": "return 200;"},
        "server-snippet",
    ),
    _one(
        "secrets-tokens",
        "for the account with the AWS role",
        "secret",
        {
            "type": "kubernetes.io/service-account-token",
            "metadata.annotations.kubernetes\\.io/service-account\\.name": "tenant",
        },
    ),
    _one("claims-volumes", "a volume left behind", "claim", {"spec.volumeName": "pv-of-tenant-b"}, "volumeName"),
    _one("claims-volumes", "by its labels", "claim", {"spec.selector": {"matchLabels": {"of": "b"}}}, "`selector`"),
    _one("claims-volumes", "a foreign class", "claim", {"spec.storageClassName": "fast"}, "storageClassName is one of"),
    _one("claims-volumes", "no class", "claim", {"spec.storageClassName": ""}, "storageClassName is one of"),
    _one(
        "claims-volumes",
        "in a claim template",
        "statefulset",
        {"spec.volumeClaimTemplates.0.spec.volumeName": "pv-of-tenant-b"},
    ),
    _one("budgets-drain", "none may go", "budget", {"spec.maxUnavailable": 0}, "at least 1"),
    _one("budgets-drain", "none of a hundred", "budget", {"spec.maxUnavailable": "0%"}, "at least 1"),
    _one(
        "budgets-drain",
        "all must stay",
        "budget",
        {"spec.maxUnavailable": None, "spec.minAvailable": "100%"},
        "in place of minAvailable",
    ),
    *(
        _one(
            "objects-of-the-platform",
            "one that claims to be the platform's",
            kind,
            {"metadata.labels.app\\.kubernetes\\.io/managed-by": "platform"},
        )
        for kind in ("configmap", "networkpolicy", "rolebinding", "secret")
    ),
    _one("network-policies-inside", "from everywhere", "networkpolicy", {"spec.ingress": [{}]}),
    _one(
        "network-policies-inside",
        "from other namespaces",
        "networkpolicy",
        {"spec.ingress.0.from.0.namespaceSelector": {}},
    ),
    _one(
        "network-policies-inside",
        "to instance metadata",
        "networkpolicy",
        {"spec.egress": [{"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}], "spec.policyTypes": ["Egress"]},
    ),
    *(
        _one("role-bindings-inside", name, "rolebinding", {"subjects": [subject]})
        for name, subject in {
            "everybody": {"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"},
            "a person": {"kind": "User", "name": "friend", "apiGroup": "rbac.authorization.k8s.io"},
            "another tenant's account": {"kind": "ServiceAccount", "name": "tenant", "namespace": "tenant-b"},
        }.items()
    ),
    Attack(
        policy="pods-requests",
        name="a pod without requests, and no LimitRange",
        of="pod",
        changes={"metadata.namespace": "bare", "spec.serviceAccountName": None, "spec.containers.0.resources": None},
        actor=REPLICA_SETS,
    ),
)
