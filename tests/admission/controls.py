"""Objects as a tenant should write them: each is admitted, and every attack is one of them with one thing wrong."""

from __future__ import annotations

from typing import Any

from tests.admission.world import TENANT

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.53"
HOST = "tenant-a.example.com"

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
_TEMPLATE = {"metadata": {"labels": _LABELS, "annotations": {"note": "ours"}}, "spec": POD_SPEC}
_JOB = {"template": {**_TEMPLATE, "spec": {**POD_SPEC, "restartPolicy": "Never"}}}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "gp3"}


def _object(version: str, kind: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": "control", "namespace": TENANT, "labels": _LABELS, "annotations": {"note": "ours"}}
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
    "cronjob": _object("batch/v1", "CronJob", spec={"schedule": "@daily", "jobTemplate": {"spec": _JOB}}),
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
        "policy/v1", "PodDisruptionBudget", spec={"maxUnavailable": 1, "selector": {"matchLabels": _LABELS}}
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
    "secret",
    "configmap",
)
"""What the tenant's own Role lets its deployers make."""
