"""What must be refused, and by which policy. Numbers are rows of the project's list of attacks on tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.kubernetes_labels import BUDGET_LABEL, HTTPS_REDIRECT
from tests.admission.controls import CONTROLS, HOST, POD_SPEC
from tests.admission.world import OWNER, REPLICA_SETS, STATEFUL_SETS, TENANT, Actor, Object, altered

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
_IMAGE_VOLUME = {"name": "model", "image": {"reference": "docker.io/evil/x:1"}}
_BUDGET = f"labels.{BUDGET_LABEL.replace('.', chr(92) + '.')}"
_MANAGED_BY = "labels.app\\.kubernetes\\.io/managed-by"
_OLD_CLASS = "metadata.annotations.volume\\.beta\\.kubernetes\\.io/storage-class"
_EXTERNAL_DNS = "metadata.annotations.external-dns\\.alpha\\.kubernetes\\.io/hostname"
_ALB = "metadata.annotations.alb\\.ingress\\.kubernetes\\.io"


_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution.0.{}"


def nested(place: str, value: Any) -> Any:
    """`value` at a dotted place; a number is a list of one, which has a weight if it is one of preferences."""
    for word in reversed(place.split(".")):
        value = [value] if word.isdigit() else {word: value}
        if word in ("podAffinityTerm", "preference"):
            value["weight"] = 1
    return value


def _ephemeral(metadata: Object) -> Object:
    claim = {"metadata": metadata, "spec": CONTROLS["claim"]["spec"]}
    return {"name": "scratch", "ephemeral": {"volumeClaimTemplate": claim}}


def altered_volume(path: str, value: Any) -> Object:
    """An ephemeral volume whose claim has `value` there."""
    return altered(_ephemeral({}), {f"ephemeral.volumeClaimTemplate.{path}": value})


CLAIM_ATTACKS: dict[str, tuple[str, Any]] = {
    "a volume left behind": ("spec.volumeName", "pv-of-tenant-b"),
    "by its labels": ("spec.selector", {"matchLabels": {"of": "b"}}),
    "a foreign class": ("spec.storageClassName", "fast"),
    "a foreign class by the old annotation": (_OLD_CLASS, "io2-db"),
    "its speed": ("spec.volumeAttributesClassName", "fast"),
    "a copy of another's": (
        "spec.dataSourceRef",
        {"kind": "PersistentVolumeClaim", "name": "data", "namespace": "tenant-b"},
    ),
}
"""In every place where a claim stands: what is refused in it."""


def _become(body: Object) -> dict[str, Any]:
    """Changes that turn a ConfigMap into another kind."""
    return {"data": None, **body}


ATTACKS: tuple[Attack, ...] = (
    _one("pods-from-controllers", "a pod of its own", "pod", {}),
    _one(
        "pods-from-controllers",
        "a pod that claims to have an owner",
        "pod",
        {"metadata.ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "1"}]},
    ),
    *_pods("pods-node-name", "nodeName", {"spec.nodeName": "node-1"}),
    *_pods("pods-node-name", "by its name's label", {"spec.nodeSelector.kubernetes\\.io/hostname": "node-1"}),
    *(
        attack
        for name, place in {
            "required": "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.0",
            "preferred": _PREFERRED.format("preference"),
        }.items()
        for field, key in {"matchExpressions": "kubernetes.io/hostname", "matchFields": "metadata.name"}.items()
        for attack in _pods(
            "pods-node-name",
            f"{field} of {name} affinity",
            {
                "spec.affinity.nodeAffinity": nested(
                    place, {field: [{"key": key, "operator": "In", "values": ["node-1"]}]}
                )
            },
        )
    ),
    *(
        attack
        for kind in ("podAffinity", "podAntiAffinity")
        for name, place in {
            "required": "requiredDuringSchedulingIgnoredDuringExecution.0",
            "preferred": _PREFERRED.format("podAffinityTerm"),
        }.items()
        for field, value in {
            "namespaces": ["tenant-b"],
            "namespaceSelector": {},
            "both": ["tenant-a"],
        }.items()
        for attack in _pods(
            "pods-affinity",
            f"{field}, {name} {kind}",
            {
                f"spec.affinity.{kind}": nested(
                    place,
                    {
                        "topologyKey": "topology.kubernetes.io/region",
                        **({"namespaces": value, "namespaceSelector": {}} if field == "both" else {field: value}),
                    },
                )
            },
        )
    ),
    *_pods("pods-priority", "Kubernetes' class", {"spec.priorityClassName": "system-cluster-critical"}),
    *_pods("pods-priority", "the platform's class", {"spec.priorityClassName": "platform-agent"}),
    *_pods("pods-scheduling", "another scheduler", {"spec.schedulerName": "mine"}),
    *_pods("pods-scheduling", "a runtime class", {"spec.runtimeClassName": "sandbox"}),
    *_pods(
        "pods-scheduling", "a device by a claim", {"spec.resourceClaims": [{"name": "x", "resourceClaimName": "x"}]}
    ),
    *_pods(
        "pods-tolerations",
        "a cordon",
        {"spec.tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]},
        "toleration of node.kubernetes.io/unschedulable is refused",
    ),
    *_pods(
        "pods-tolerations",
        "nodes that are not ready",
        {"spec.tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]},
    ),
    *_pods(
        "pods-tolerations",
        "a taint that is called like a device of which it requests none",
        {
            "spec.tolerations": [{"key": "example.com/team-b", "operator": "Exists"}],
            "spec.containers.0.resources.limits.example\\.com/team-b": "0",
        },
    ),
    *_pods("pods-tolerations", "everything", {"spec.tolerations": [{"operator": "Exists"}]}),
    *_pods("pods-tolerations", "the system's nodes", {"spec.tolerations": [{"key": "CriticalAddonsOnly"}]}),
    *_pods("pods-service-account", "another account", {"spec.serviceAccountName": "robot"}),
    *_pods(
        "pods-service-account",
        "by the old field",
        {"spec.serviceAccountName": None, "spec.serviceAccount": "robot"},
    ),
    *_pods("pods-images", "a foreign registry", {_IMAGE: "evil.example.com/x:1"}, "evil.example.com/x:1 is from none"),
    *_pods("pods-images", "a registry that begins alike", {_IMAGE: "registry.k8s.io.evil.com/x:1"}, "is from none"),
    *_pods("pods-images", "Docker Hub by a short name", {_IMAGE: "nginx:1.29"}, "image nginx:1.29 is from none"),
    *_pods("pods-images", "a volume", {"spec.volumes": [_IMAGE_VOLUME]}, "docker.io/evil/x:1 is from none"),
    *_pods("pods-images", "anybody's", {_IMAGE: "public.ecr.aws/evil/x:1"}, "public.ecr.aws/evil/x:1 is from none"),
    *_pods("pods-images", "a path that ends alike", {_IMAGE: "public.ecr.aws/team-ab/x:1"}, "is from none"),
    *_pods("pods-images", "a path upwards", {_IMAGE: "public.ecr.aws/team-a/../evil/x:1"}, "is from none"),
    *_pods(
        "pods-images",
        "another tenant's repository",
        {_IMAGE: "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-b/x:1"},
        "tenant-b/x:1 is from none",
    ),
    *_pods("pods-images", "latest", {_IMAGE: "registry.k8s.io/pause:latest"}, "pause:latest names no version"),
    *_pods("pods-images", "no tag", {_IMAGE: "registry.k8s.io/pause"}, "pause names no version"),
    *_pods("pods-images", "a port for a tag", {_IMAGE: "registry.k8s.io/x:1/pause"}, "names no version"),
    *_pods(
        "pods-images",
        "an init container",
        {"spec.initContainers": [{**_SIDECAR, "image": "evil.example.com/x:1"}]},
        "evil.example.com/x:1 is from none",
    ),
    *_pods("pods-volumes", "of a driver", {"spec.volumes": [{"name": "x", "csi": {"driver": "efs.csi.aws.com"}}]}),
    *_pods(
        "pods-network-interfaces",
        "a branch interface",
        {"metadata.annotations.vpc\\.amazonaws\\.com/pod-eni": "[]"},
    ),
    *_pods("pods-disruption", "Karpenter", {"metadata.annotations.karpenter\\.sh/do-not-disrupt": "true"}),
    *_pods(
        "pods-disruption",
        "the autoscaler",
        {"metadata.annotations.cluster-autoscaler\\.kubernetes\\.io/safe-to-evict": "false"},
    ),
    *_pods("pods-disruption", "an hour of grace", {"spec.terminationGracePeriodSeconds": 3600}),
    *_pods(
        "templates-of-the-platform",
        "of pods",
        {f"metadata.{_MANAGED_BY}": "platform"},
        only="deployment statefulset job cronjob",
    ),
    _one(
        "templates-of-the-platform",
        "of claims",
        "statefulset",
        {f"spec.volumeClaimTemplates.0.metadata.{_MANAGED_BY}": "platform"},
    ),
    *_pods(
        "templates-of-the-platform",
        "of ephemeral claims",
        {"spec.volumes": [_ephemeral({"labels": {"app.kubernetes.io/managed-by": "platform"}})]},
        only="deployment statefulset job cronjob",
    ),
    _one(
        "templates-of-the-platform",
        "of Jobs",
        "cronjob",
        {f"spec.jobTemplate.metadata.{_MANAGED_BY}": "platform"},
    ),
    _one("workloads-history", "all revisions", "deployment", {"spec.revisionHistoryLimit": 2_147_483_647}),
    _one("workloads-history", "eleven", "statefulset", {"spec.revisionHistoryLimit": 11}),
    _one("workloads-history", "ended Jobs", "cronjob", {"spec.successfulJobsHistoryLimit": 1000}),
    _one("workloads-history", "failed Jobs", "cronjob", {"spec.failedJobsHistoryLimit": 1000}),
    *(
        _one("workloads-size", f"{what} of its own", kind, {f"metadata.{what}": value})
        for kind in ("deployment", "statefulset", "job", "cronjob")
        for what, value in {
            "annotations": {"note": "x" * 20_000},
            "labels": {f"label-{number}": "x" * 60 for number in range(300)},
        }.items()
    ),
    *(
        _one("workloads-size", f"annotations of a {name}", kind, {f"{path}.annotations": {"note": "x" * 20_000}})
        for kind, name, path in (
            ("statefulset", "claim", "spec.volumeClaimTemplates.0.metadata"),
            ("cronjob", "Job", "spec.jobTemplate.metadata"),
        )
    ),
    *_pods(
        "workloads-size",
        "annotations of an ephemeral claim",
        {"spec.volumes": [_ephemeral({"annotations": {"note": "x" * 20_000}})]},
        only="deployment statefulset job cronjob",
    ),
    *_pods(
        "workloads-size",
        "what kubectl writes on the workload, in a template",
        {"metadata.annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x" * 20_000}},
        only="deployment statefulset job cronjob",
    ),
    *_pods(
        "workloads-size",
        "annotations of a template",
        {"metadata.annotations": {"note": "x" * 20_000}},
        only="deployment statefulset job cronjob",
    ),
    *(
        attack
        for name, change in {
            "env": {"env": [{"name": "TEXT", "value": "x" * 70_000}]},
            "args": {"args": ["x" * 70_000]},
            "command": {"command": ["x" * 70_000]},
        }.items()
        for place in ("containers", "initContainers")
        for attack in _pods(
            "workloads-size",
            f"{name} of {place}",
            {f"spec.{place}": [{**_SIDECAR, **change}]},
            only="deployment statefulset job cronjob",
        )
    ),
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
    _one(
        "templates-finalizers",
        "of Jobs",
        "cronjob",
        {"spec.jobTemplate.metadata.finalizers": ["example.com/stay"]},
    ),
    *(
        Attack(
            policy="objects-finalizers",
            name=f"{finalizer} without the sidecar that takes it off, by {by}",
            of="claim",
            changes={"metadata.finalizers": [finalizer]},
            actor=actor,
            says=f"finalizer {finalizer} is refused",
        )
        for finalizer in (
            "provisioner.storage.kubernetes.io/cloning-protection",
            "snapshot.storage.kubernetes.io/pvc-as-source-protection",
        )
        for by, actor in {"a tenant": OWNER, "a StatefulSet": STATEFUL_SETS}.items()
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
    _one(
        "services-annotations",
        "another tenant's name",
        "service",
        {_EXTERNAL_DNS: "tenant-b.example.com"},
        "annotation external-dns.alpha.kubernetes.io/hostname is not on the list",
    ),
    *(
        _one("services-annotations", key, "service", {f"{_ALB}/{key}": "x"}, f"/{key} is not on the list for Services")
        for key in ("auth-type", "load-balancer-attributes", "security-groups", "tags", "target-node-labels")
    ),
    _one(
        "services-annotations",
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
    _one("ingresses-hosts", "none", "ingress", {"spec.rules.0.host": None}, "set `host` in every rule"),
    _one(
        "ingresses-hosts",
        "a default backend",
        "ingress",
        {"spec.defaultBackend": {"service": {"name": "control", "port": {"number": 8080}}}},
        "omit defaultBackend",
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
    _one(
        "ingresses-annotations",
        "an action that forwards",
        "ingress",
        {f"{_ALB}/actions\\.x": '{"type":"forward","targetGroupARN":"arn:aws:elasticloadbalancing:::targetgroup/b/1"}'},
        "/actions.x is not on the list",
    ),
    _one(
        "ingresses-annotations",
        "a redirect to another site",
        "ingress",
        {f"{_ALB}/actions\\.x": HTTPS_REDIRECT.replace('"port"', '"host":"evil.example","port"')},
        "/actions.x is not on the list",
    ),
    _one("ingresses-annotations", "DNS names", "ingress", {_EXTERNAL_DNS: "tenant-b.example.com"}, "external-dns"),
    _one(
        "ingresses-annotations",
        "nginx snippet",
        "ingress",
        {"metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/server-snippet": "return 200;"},
        "server-snippet",
    ),
    _one("ingresses-annotations", "no scheme", "ingress", {f"{_ALB}/scheme": None}, "scheme is not set, and not"),
    _one(
        "ingresses-annotations",
        "another scheme",
        "ingress",
        {f"{_ALB}/scheme": "internal"},
        "scheme internal, and not internet-facing",
    ),
    _one(
        "ingresses-annotations",
        "open to the internet, where the tenant is not",
        "ingress",
        {"metadata.namespace": "bare", "metadata.annotations.alb\\.ingress\\.kubernetes\\.io/group\\.name": "bare"},
        "scheme internet-facing, and not internal",
    ),
    *(
        _one(
            "ingresses-annotations",
            f"attribute {key}",
            "ingress",
            {f"{_ALB}/load-balancer-attributes": f"idle_timeout.timeout_seconds=60, {key} =true"},
            f"attribute {key} is refused",
        )
        for key in (
            "access_logs.s3.bucket",
            "deletion_protection.enabled",
            "routing.http.drop_invalid_header_fields.enabled",
            "waf.fail_open.enabled",
        )
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
    _one("claims-volumes", "a foreign class", "claim", {"spec.storageClassName": "fast"}, "storageClassName to one of"),
    _one("claims-volumes", "no class", "claim", {"spec.storageClassName": ""}, "storageClassName to one of"),
    *(
        _one(
            "claims-volumes", f"{name} by the old annotation", "claim", {**without, _OLD_CLASS: value}, "to one of gp3"
        )
        for value, name in {"io2-db": "a foreign class", "": "no class"}.items()
        for without in ({"spec.storageClassName": None}, {})
    ),
    _one(
        "claims-volumes", "its speed", "claim", {"spec.volumeAttributesClassName": "fast"}, "volumeAttributesClassName"
    ),
    *(
        _one(
            "claims-volumes",
            f"{field} in a claim template",
            "statefulset",
            {f"spec.volumeClaimTemplates.0.{path}": value},
        )
        for field, (path, value) in CLAIM_ATTACKS.items()
    ),
    *(
        attack
        for field, (path, value) in CLAIM_ATTACKS.items()
        for attack in _pods(
            "claims-volumes",
            f"{field} in an ephemeral volume",
            {"spec.volumes": [altered_volume(path, value)]},
        )
    ),
    _one(
        "budgets-drain",
        "none, in more figures",
        "budget",
        {"spec.maxUnavailable": "00%"},
        "at least 1",
    ),
    _one("budgets-drain", "nothing said", "budget", {"spec.maxUnavailable": None}, "at least 1"),
    _one(
        "budgets-drain",
        "pods that are never ready",
        "budget",
        {"spec.unhealthyPodEvictionPolicy": None},
        "unhealthyPodEvictionPolicy: AlwaysAllow",
    ),
    _one(
        "budgets-drain",
        "the same by its name",
        "budget",
        {"spec.unhealthyPodEvictionPolicy": "IfHealthyBudget"},
        "unhealthyPodEvictionPolicy: AlwaysAllow",
    ),
    *(
        _one("budgets-drain", f"pods of another budget, {name}", "budget", {"spec.selector": selector}, BUDGET_LABEL)
        for name, selector in {
            "by another label": {"matchLabels": {"app": "control"}},
            "by another value": {"matchLabels": {BUDGET_LABEL: "other"}},
            "every pod": {},
            "by one more label": {"matchLabels": {BUDGET_LABEL: "control", "app": "control"}},
            "by an expression": {"matchExpressions": [{"key": BUDGET_LABEL, "operator": "Exists"}]},
            "by an expression besides": {
                "matchLabels": {BUDGET_LABEL: "control"},
                "matchExpressions": [{"key": "app", "operator": "Exists"}],
            },
        }.items()
    ),
    *_pods("jobs-budget", "over pods of a Job", {f"metadata.{_BUDGET}": "control"}, only="job cronjob"),
    _one("budgets-drain", "none may go", "budget", {"spec.maxUnavailable": 0}, "at least 1"),
    _one("budgets-drain", "none of a hundred", "budget", {"spec.maxUnavailable": "0%"}, "at least 1"),
    _one(
        "budgets-drain",
        "all must stay",
        "budget",
        {"spec.maxUnavailable": None, "spec.minAvailable": "100%"},
        "instead of minAvailable",
    ),
    *(
        _one(
            "objects-of-the-platform",
            "one that claims to be the platform's",
            kind,
            {"metadata.labels.app\\.kubernetes\\.io/managed-by": "platform"},
        )
        for kind in CONTROLS
        if kind != "pod"
    ),
    Attack(
        policy="objects-of-the-platform",
        name="one that claims to be the platform's",
        of="pod",
        changes={f"metadata.{_MANAGED_BY}": "platform"},
        actor=REPLICA_SETS,
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
    *(
        Attack(policy="objects-kept-for-controllers", name=body["kind"], of="configmap", changes=_become(body))
        for body in (
            {"apiVersion": "v1", "kind": "LimitRange", "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
            {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "1000"}}},
            {"apiVersion": "v1", "kind": "Endpoints", "subsets": []},
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": []},
            {
                "apiVersion": "elbv2.k8s.aws/v1beta1",
                "kind": "TargetGroupBinding",
                "spec": {"serviceRef": {"name": "control", "port": 8080}, "targetGroupARN": "arn:of:tenant-b"},
            },
            {
                "apiVersion": "vpcresources.k8s.aws/v1beta1",
                "kind": "SecurityGroupPolicy",
                "spec": {"podSelector": {}, "securityGroups": {"groupIds": ["sg-1"]}},
            },
            {
                "apiVersion": "networking.k8s.aws/v1alpha1",
                "kind": "PolicyEndpoint",
                "spec": {"policyRef": {"name": "x", "namespace": TENANT}},
            },
        )
    ),
    Attack(
        policy="pods-requests",
        name="a pod without requests, and no LimitRange",
        of="pod",
        changes={"metadata.namespace": "bare", "spec.serviceAccountName": None, "spec.containers.0.resources": None},
        actor=REPLICA_SETS,
    ),
)
