"""Objects as a tenant should write them: each is admitted, and every attack is one of them with one thing wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.kubernetes_labels import BUDGET_LABEL
from tests.admission.world import TENANT, TOLERATED

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.53"
HOST = "tenant-a.example.com"
ALB = "alb.ingress.kubernetes.io"

_CONTAINER = {
    "name": "main",
    "image": IMAGE,
    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "20m", "memory": "16Mi"}},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
POD_SPEC: dict[str, Any] = {
    "serviceAccountName": "tenant",
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [_CONTAINER],
}
_LABELS = {"app": "control"}
_BUDGETED = {**_LABELS, BUDGET_LABEL: "control"}
_TEMPLATE = {"metadata": {"labels": _BUDGETED, "annotations": {"note": "ours"}}, "spec": POD_SPEC}
_JOB_TEMPLATE = {"metadata": {"labels": _LABELS}, "spec": {**POD_SPEC, "restartPolicy": "Never"}}
_JOB = {"template": _JOB_TEMPLATE}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "gp3"}


def _object(version: str, kind: str, **fields: Any) -> dict[str, Any]:
    annotations = {"note": "ours"}
    if kind == "Ingress":
        annotations[f"{ALB}/scheme"] = "internet-facing"
    metadata = {"name": "control", "namespace": TENANT, "labels": _LABELS, "annotations": annotations}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


CONTROLS: dict[str, dict[str, Any]] = {
    "pod": _object("v1", "Pod", spec=POD_SPEC),
    "deployment": _object(
        "apps/v1", "Deployment", spec={"replicas": 1, "selector": {"matchLabels": _LABELS}, "template": _TEMPLATE}
    ),
    "statefulset": _object(
        "apps/v1",
        "StatefulSet",
        spec={
            "serviceName": "control",
            "selector": {"matchLabels": _LABELS},
            "template": _TEMPLATE,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _CLAIM}],
        },
    ),
    "job": _object("batch/v1", "Job", spec=_JOB),
    "cronjob": _object(
        "batch/v1", "CronJob", spec={"schedule": "@daily", "jobTemplate": {"metadata": {}, "spec": _JOB}}
    ),
    "service": _object("v1", "Service", spec={"selector": _LABELS, "ports": [{"port": 8080}]}),
    "ingress": _object(
        "networking.k8s.io/v1",
        "Ingress",
        spec={
            "ingressClassName": "alb",
            "tls": [{"hosts": [HOST]}],
            "rules": [
                {
                    "host": HOST,
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "control", "port": {"number": 8080}}},
                            }
                        ]
                    },
                }
            ],
        },
    ),
    "claim": _object("v1", "PersistentVolumeClaim", spec=_CLAIM),
    "budget": _object(
        "policy/v1",
        "PodDisruptionBudget",
        spec={
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": {BUDGET_LABEL: "control"}},
        },
    ),
    "autoscaler": _object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "control"}, "maxReplicas": 2},
    ),
    "secret": _object("v1", "Secret", type="Opaque", stringData={"word": "hush"}),
    "configmap": _object("v1", "ConfigMap", data={"key": "value"}),
    "networkpolicy": _object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": _LABELS}}]}]},
    ),
    "rolebinding": _object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        subjects=[{"kind": "ServiceAccount", "name": "tenant", "namespace": TENANT}],
    ),
}

BY_DEPLOYER = (
    "deployment",
    "statefulset",
    "job",
    "cronjob",
    "service",
    "ingress",
    "claim",
    "budget",
    "autoscaler",
    "secret",
    "configmap",
)
"""What the tenant's own Role lets its deployers make."""

_OF_KIND = {"deployment": "spec.template.", "cronjob": "spec.jobTemplate.spec.template."}
_SAME_PODS = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": _LABELS}}
_GONE = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}
_ESCAPED_ALB = f"metadata.annotations.{ALB.replace('.', chr(92) + '.')}"

ALLOWED: dict[str, tuple[str, Mapping[str, Any]]] = {
    "affinity to pods of the same namespace": (
        "deployment",
        {
            "spec.template.spec.affinity": {
                "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_SAME_PODS]},
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 1, "podAffinityTerm": {**_SAME_PODS, "namespaces": [TENANT]}}
                    ]
                },
            }
        },
    ),
    "nodes by what they have in common": (
        "deployment",
        {
            "spec.template.spec.nodeSelector": {"kubernetes.io/arch": "arm64"},
            "spec.template.spec.affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-east-1a"]}
                                ]
                            }
                        ]
                    }
                }
            },
        },
    ),
    "an end on nodes that are gone": ("deployment", {"spec.template.spec.tolerations": [_GONE]}),
    "a taint of the tenant's file": (
        "cronjob",
        {"spec.jobTemplate.spec.template.spec.tolerations": [{"key": TOLERATED, "operator": "Exists"}]},
    ),
    "a taint of the device that the pod requests": (
        "deployment",
        {
            "spec.template.spec.tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
            "spec.template.spec.containers.0.resources.limits.nvidia\\.com/gpu": "1",
        },
    ),
    "an image as a volume": (
        "deployment",
        {"spec.template.spec.volumes": [{"name": "model", "image": {"reference": "registry.k8s.io/model:1"}}]},
    ),
    "an ephemeral volume": (
        "deployment",
        {
            "spec.template.spec.volumes": [
                {
                    "name": "scratch",
                    "ephemeral": {
                        "volumeClaimTemplate": {
                            "metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "gp3"}},
                            "spec": _CLAIM,
                        }
                    },
                }
            ]
        },
    ),
    "a class by the old annotation": (
        "claim",
        {
            "metadata.annotations.volume\\.beta\\.kubernetes\\.io/storage-class": "gp3",
            "spec.storageClassName": None,
        },
    ),
    "a copy of a volume of its own": ("claim", {"spec.dataSource": {"kind": "PersistentVolumeClaim", "name": "mine"}}),
    "the protection that Kubernetes puts on claims": (
        "claim",
        {"metadata.finalizers": ["kubernetes.io/pvc-protection"]},
    ),
    "a budget in percent": ("budget", {"spec.maxUnavailable": "10%"}),
    "ten revisions": ("deployment", {"spec.revisionHistoryLimit": 10}),
    # Each policy has a budget of what its expressions may cost, and refuses what takes more.
    "twenty containers": (
        "deployment",
        {
            "spec.template.spec.containers": [
                {
                    **_CONTAINER,
                    "name": f"container-{number}",
                    "env": [{"name": f"VARIABLE_{variable}", "value": "x" * 50} for variable in range(30)],
                }
                for number in range(20)
            ]
        },
    ),
    "a long last-applied": (
        "deployment",
        {"metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration": "x" * 20_000},
    ),
    "attributes of its own load balancer": (
        "ingress",
        {f"{_ESCAPED_ALB}/load-balancer-attributes": "idle_timeout.timeout_seconds=300, routing.http2.enabled=true"},
    ),
    "a health check by its Service": ("service", {f"{_ESCAPED_ALB}/healthcheck-path": "/healthz"}),
    "a path for metrics": ("service", {"metadata.annotations.prometheus\\.io/path": "/metrics"}),
}
"""What else a tenant may write: a control, and what differs from it."""
