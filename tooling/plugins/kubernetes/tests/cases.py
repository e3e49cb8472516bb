"""One row a kind: how it is created, what updates it, what drifts, what replaces it.

Inputs are as the SDK for Python sends them. `NAME` and `NAMESPACE` are filled in by each test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NAME = "<name>"
NAMESPACE = "<namespace>"

POD_SPEC = {
    "containers": [
        {
            "name": "main",
            "image": "registry.invalid/app:1",
            "resources": {"requests": {"cpu": "0.1", "memory": "1024Ki"}},
        }
    ]
}
LABELLED = {"metadata": {"labels": {"app": NAME}}, "spec": POD_SPEC}
SELECTOR = {"matchLabels": {"app": NAME}}


@dataclass(frozen=True, kw_only=True)
class Case:
    token: str
    inputs: dict[str, Any]
    """Everything but apiVersion, kind and metadata."""
    update: dict[str, Any]
    """Merged into the inputs: an update in place."""
    updated_path: str
    drift: dict[str, Any]
    """A JSON merge patch of the live object that touches what the program owns."""
    drifted_path: str
    replacing: dict[str, Any] | None = None
    """Merged into the inputs: a replacement. `None` where only name and namespace replace."""
    replaced_path: str = ""
    namespaced: bool = True
    annotations: dict[str, str] | None = None

    @property
    def id(self) -> str:
        return self.token.rsplit(":", 1)[1]

    def manifest(self, name: str, namespace: str) -> dict[str, Any]:
        api_version, kind = self.token.removeprefix("kubernetes:").removeprefix("core/").split(":")
        metadata: dict[str, Any] = {"name": NAME}
        if self.namespaced:
            metadata["namespace"] = NAMESPACE
        if self.annotations:
            metadata["annotations"] = self.annotations
        manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **self.inputs}
        return filled(manifest, name, namespace)


def filled(value: Any, name: str, namespace: str) -> Any:
    if isinstance(value, dict):
        return {key: filled(item, name, namespace) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, name, namespace) for item in value]
    return value.replace(NAME, name).replace(NAMESPACE, namespace) if isinstance(value, str) else value


def merged(base: Any, change: Any) -> Any:
    """`change` wins; dicts are merged, lists replaced."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
    return change


def labels(key: str, value: str) -> dict[str, Any]:
    return {"metadata": {"labels": {key: value}}}


def _rule(verb: str) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": ["configmaps"], "verbs": [verb]}


def _autoscaler(largest: int) -> dict[str, Any]:
    return {
        "spec": {
            "minReplicas": 1,
            "maxReplicas": largest,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                }
            ],
        }
    }


def _policy(expression: str) -> dict[str, Any]:
    return {
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["example.invalid"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["x"],
                    }
                ]
            },
            "validations": [{"expression": expression}],
        }
    }


def _limits(cpu: str) -> dict[str, Any]:
    return {"spec": {"limits": [{"type": "Container", "default": {"cpu": cpu}, "defaultRequest": {"cpu": "0.1"}}]}}


def _definition(group: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x_kubernetes_preserve_unknown_fields": True}},
    }
    return {
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": f"K{NAME}", "plural": f"{NAME}s", "singular": NAME},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        }
    }


CASES = [
    Case(
        token="kubernetes:core/v1:Namespace",
        inputs={},
        update=labels("team", "b"),
        updated_path="metadata.labels",
        drift={"metadata": {"annotations": {"owner": "meddler"}}},
        drifted_path="metadata.annotations.owner",
        annotations={"owner": "platform"},
        namespaced=False,
    ),
    Case(
        token="kubernetes:core/v1:ConfigMap",
        inputs={"data": {"a": "1"}},
        update=labels("team", "b"),
        updated_path="metadata.labels",
        drift={"data": {"a": "9"}},
        drifted_path="data.a",
        replacing={"data": {"a": "2"}},
        replaced_path="data.a",
    ),
    Case(
        token="kubernetes:core/v1:Secret",
        inputs={"stringData": {"a": "one"}, "data": {"b": "dHdv"}},
        update=labels("team", "b"),
        updated_path="metadata.labels",
        drift={"data": {"b": "bmluZQ=="}},
        drifted_path="data.b",
        replacing={"stringData": {"a": "three"}},
        replaced_path="stringData.a",
    ),
    Case(
        token="kubernetes:core/v1:ServiceAccount",
        inputs={"automountServiceAccountToken": False},
        update={"automountServiceAccountToken": True},
        updated_path="automountServiceAccountToken",
        drift={"automountServiceAccountToken": True},
        drifted_path="automountServiceAccountToken",
    ),
    Case(
        token="kubernetes:rbac.authorization.k8s.io/v1:Role",
        inputs={"rules": [_rule("get")]},
        update={"rules": [_rule("get"), _rule("list")]},
        updated_path="rules[1]",
        drift={"rules": [_rule("delete")]},
        drifted_path="rules[0].verbs[0]",
    ),
    Case(
        token="kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
        inputs={
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "team-a"}],
        },
        update={"subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "team-b"}]},
        updated_path="subjects[0].name",
        drift={"subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "everybody"}]},
        drifted_path="subjects[0].name",
        replacing={"roleRef": {"name": "writer"}},
        replaced_path="roleRef.name",
    ),
    Case(
        token="kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        inputs={"rules": [_rule("get")]},
        update={"rules": [_rule("watch")]},
        updated_path="rules[0].verbs[0]",
        drift={"rules": []},
        drifted_path="rules",
        namespaced=False,
    ),
    Case(
        token="kubernetes:core/v1:Service",
        inputs={"spec": {"ports": [{"name": "http", "port": 80}], "sessionAffinity": "None"}},
        update={"spec": {"sessionAffinity": "ClientIP"}},
        updated_path="spec.sessionAffinity",
        drift={"spec": {"sessionAffinity": "ClientIP"}},
        drifted_path="spec.sessionAffinity",
        replacing={"spec": {"clusterIP": "None"}},
        replaced_path="spec.clusterIP",
    ),
    Case(
        token="kubernetes:apps/v1:Deployment",
        inputs={"spec": {"replicas": 1, "selector": SELECTOR, "template": LABELLED}},
        update={"spec": {"replicas": 2}},
        updated_path="spec.replicas",
        drift={"spec": {"replicas": 0}},
        drifted_path="spec.replicas",
        replacing={"spec": {"selector": {"matchLabels": {"v": "2"}}, "template": {"metadata": {"labels": {"v": "2"}}}}},
        replaced_path="spec.selector.matchLabels.v",
    ),
    Case(
        token="kubernetes:apps/v1:StatefulSet",
        inputs={"spec": {"replicas": 1, "serviceName": "web", "selector": SELECTOR, "template": LABELLED}},
        update={"spec": {"replicas": 2}},
        updated_path="spec.replicas",
        drift={"spec": {"replicas": 0}},
        drifted_path="spec.replicas",
        replacing={"spec": {"serviceName": "other"}},
        replaced_path="spec.serviceName",
    ),
    Case(
        token="kubernetes:apps/v1:DaemonSet",
        inputs={"spec": {"revisionHistoryLimit": 2, "selector": SELECTOR, "template": LABELLED}},
        update={"spec": {"revisionHistoryLimit": 3}},
        updated_path="spec.revisionHistoryLimit",
        drift={"spec": {"revisionHistoryLimit": 9}},
        drifted_path="spec.revisionHistoryLimit",
        replacing={"spec": {"selector": {"matchLabels": {"v": "2"}}, "template": {"metadata": {"labels": {"v": "2"}}}}},
        replaced_path="spec.selector.matchLabels.v",
    ),
    Case(
        token="kubernetes:batch/v1:Job",
        inputs={
            "spec": {
                "backoffLimit": 0,
                "suspend": True,
                "template": merged(LABELLED, {"spec": {"restartPolicy": "Never"}}),
            }
        },
        update={"spec": {"backoffLimit": 3}},
        updated_path="spec.backoffLimit",
        drift={"spec": {"backoffLimit": 5}},
        drifted_path="spec.backoffLimit",
        replacing={"spec": {"completions": 2}},
        replaced_path="spec.completions",
    ),
    Case(
        token="kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        inputs=_autoscaler(3),
        update=_autoscaler(5),
        updated_path="spec.maxReplicas",
        drift={"spec": {"maxReplicas": 9}},
        drifted_path="spec.maxReplicas",
    ),
    Case(
        token="kubernetes:networking.k8s.io/v1:Ingress",
        inputs={"spec": {"ingressClassName": "alb", "rules": [{"host": "a.example.invalid"}]}},
        annotations={"pulumi.com/skipAwait": "true"},
        update={"spec": {"rules": [{"host": "b.example.invalid"}]}},
        updated_path="spec.rules[0].host",
        drift={"spec": {"ingressClassName": "nginx"}},
        drifted_path="spec.ingressClassName",
    ),
    Case(
        token="kubernetes:networking.k8s.io/v1:NetworkPolicy",
        inputs={"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
        update={"spec": {"podSelector": {"matchLabels": {"app": "web"}}}},
        updated_path="spec.podSelector.matchLabels",
        drift={"spec": {"policyTypes": ["Ingress"]}},
        drifted_path="spec.policyTypes[1]",
    ),
    Case(
        token="kubernetes:core/v1:ResourceQuota",
        inputs={"spec": {"hard": {"requests.cpu": "2000m", "pods": "10"}}},
        update={"spec": {"hard": {"pods": "20"}}},
        updated_path="spec.hard.pods",
        drift={"spec": {"hard": {"pods": "1k"}}},
        drifted_path="spec.hard.pods",
        replacing={"spec": {"scopes": ["NotTerminating"]}},
        replaced_path="spec.scopes",
    ),
    Case(
        token="kubernetes:core/v1:LimitRange",
        inputs=_limits("0.5"),
        update=_limits("1"),
        updated_path="spec.limits[0].default.cpu",
        drift=_limits("4"),
        drifted_path="spec.limits[0].default.cpu",
    ),
    Case(
        token="kubernetes:policy/v1:PodDisruptionBudget",
        inputs={"spec": {"minAvailable": "50%", "selector": SELECTOR}},
        update={"spec": {"minAvailable": 1}},
        updated_path="spec.minAvailable",
        drift={"spec": {"minAvailable": 0}},
        drifted_path="spec.minAvailable",
    ),
    Case(
        token="kubernetes:core/v1:PersistentVolumeClaim",
        inputs={
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "absent",
                "resources": {"requests": {"storage": "1024Mi"}},
            }
        },
        annotations={"pulumi.com/skipAwait": "true", "owner": "platform"},
        update=labels("team", "b"),
        updated_path="metadata.labels",
        drift={"metadata": {"annotations": {"owner": "meddler"}}},
        drifted_path="metadata.annotations.owner",
        replacing={"spec": {"accessModes": ["ReadWriteMany"]}},
        replaced_path="spec.accessModes[0]",
    ),
    Case(
        token="kubernetes:storage.k8s.io/v1:StorageClass",
        inputs={"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}, "allowVolumeExpansion": False},
        update={"allowVolumeExpansion": True},
        updated_path="allowVolumeExpansion",
        drift={"allowVolumeExpansion": True},
        drifted_path="allowVolumeExpansion",
        replacing={"parameters": {"type": "io2"}},
        replaced_path="parameters.type",
        namespaced=False,
    ),
    Case(
        token="kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        inputs=_definition("example.invalid"),
        update={"spec": {"names": {"shortNames": ["short"]}}},
        updated_path="spec.names.shortNames",
        drift={"spec": {"names": {"singular": "drifted"}}},
        drifted_path="spec.names.singular",
        namespaced=False,
    ),
    Case(
        token="kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
        inputs=_policy("true"),
        update=_policy("1 == 1"),
        updated_path="spec.validations[0].expression",
        drift=_policy("false"),
        drifted_path="spec.validations[0].expression",
        namespaced=False,
    ),
]
