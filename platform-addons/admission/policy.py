"""The form of one admission policy, and what several of them share.

Source of every field: Kubernetes, "Validating Admission Policy", and its API reference,
`admissionregistration.k8s.io/v1`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.kubernetes_labels import HOSTS_ANNOTATION, REGISTRIES_ANNOTATION, TOLERATIONS_ANNOTATION

Operation = Literal["CREATE", "UPDATE", "DELETE"]
WRITES: tuple[Operation, ...] = ("CREATE", "UPDATE")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Requests that a policy looks at. `*` is every resource, and no subresource."""

    group: str
    resources: tuple[str, ...]
    operations: tuple[Operation, ...] = WRITES
    cluster_scoped: bool = False
    """Whether the resources are those without a namespace, such as namespaces themselves."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    expression: str
    """CEL; the request is refused where it is false."""
    message: str
    """What is wrong, and what to write instead."""
    detail: str = ""
    """CEL for a text that names the culprit; `message` follows it."""


@dataclass(frozen=True, kw_only=True)
class AdmissionPolicy:
    """One ValidatingAdmissionPolicy with its binding."""

    name: str
    stops: str
    """What a tenant could otherwise do, as half a sentence."""
    source: str
    rules: tuple[Rule, ...]
    validations: tuple[Validation, ...]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """CEL by name, in the order in which they need each other."""
    conditions: Mapping[str, str] = field(default_factory=dict[str, str])
    """CEL by name; a request is looked at where all are true."""
    by_namespace: bool = True
    """Bound to every namespace with the tenant label. Else every request that rules and conditions match."""
    enforced: bool = True
    """Else it is admitted with a warning and an audit annotation."""


POD_TEMPLATES = (
    Rule(group="apps", resources=("deployments", "statefulsets")),
    Rule(group="batch", resources=("cronjobs", "jobs")),
)
"""What a tenant writes pods in. Refused here, a person reads why; a pod refused later is an event that nobody reads."""

STORAGE_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
"""On a claim: the storage class, as it was written before the field. Where both are set, Kubernetes takes this one."""

POD_SHAPES = (Rule(group="", resources=("pods",), operations=("CREATE",)), *POD_TEMPLATES)
"""Not the update of a pod: by then the scheduler and the kubelet have written to it, and its shape is fixed."""

POD_VARIABLES = {
    # `dyn`, since the kinds of one policy differ in shape.
    "template": "request.resource.resource == 'pods' ? dyn(object) : "
    "request.resource.resource == 'cronjobs' ? dyn(object).spec.jobTemplate.spec.template : dyn(object).spec.template",
    "pod": "variables.template.spec",
}
CLAIM_TEMPLATES = {
    "claim_templates": "(request.resource.resource == 'statefulsets' ? "
    "dyn(object).spec.?volumeClaimTemplates.orValue([]) : []) + "
    "variables.pod.?volumes.orValue([]).filter(volume, has(volume.ephemeral)).map(volume, "
    "volume.ephemeral.volumeClaimTemplate)",
}
"""Claims that Kubernetes makes from what a tenant writes: of StatefulSets, and of ephemeral volumes. Needs `pod`."""
JOB_TEMPLATES = {
    "job_templates": "request.resource.resource == 'cronjobs' ? [dyn(object).spec.jobTemplate] : []",
}

CONTAINERS = {
    **POD_VARIABLES,
    "containers": "variables.pod.containers + variables.pod.?initContainers.orValue([])",
    "every": "variables.containers + variables.pod.?ephemeralContainers.orValue([])",
}

HOSTS = {"hosts": f"namespaceObject.metadata.?annotations[?'{HOSTS_ANNOTATION}'].orValue('').split(',')"}
REGISTRIES = {
    # Anybody has a repository in the public registry of ECR, and every tenant in the account's: without a path neither
    # says whose.
    "registries": f"namespaceObject.metadata.?annotations[?'{REGISTRIES_ANNOTATION}'].orValue('').split(',')."
    "filter(registry, registry != '' && registry != 'public.ecr.aws' && "
    "(registry.contains('/') || !registry.contains('.dkr.ecr.')))",
}
TOLERATED = {"allowed": f"namespaceObject.metadata.?annotations[?'{TOLERATIONS_ANNOTATION}'].orValue('').split(',')"}

SPEC_CHANGED = {
    # Else what was there before the policy could not be cleaned up: removing a finalizer is an update too.
    "spec-changed": "request.operation == 'CREATE' || dyn(object).spec != dyn(oldObject).spec",
}
SPEC_OR_ANNOTATIONS_CHANGED = {
    "spec-or-annotations-changed": "request.operation == 'CREATE' || dyn(object).spec != dyn(oldObject).spec || "
    "dyn(object).metadata.?annotations.orValue({}) != dyn(oldObject).metadata.?annotations.orValue({})",
}

IS_THE_PLATFORM = (
    "authorizer.group('admissionregistration.k8s.io').resource('validatingadmissionpolicies').check('update').allowed()"
)
"""Who may change these policies may change what they protect. A right on cluster-wide objects: no Role of a namespace
gives it."""
NOT_THE_PLATFORM = {"not-the-platform": f"!{IS_THE_PLATFORM}"}

_CONTROLLERS = "system:serviceaccount:kube-system:"
CONTROL_PLANE = "system:kube-controller-manager"
"""Whom all controllers are where the controller manager has no accounts for each."""


IS_A_CONTROLLER = (
    f"(request.userInfo.username.startsWith('{_CONTROLLERS}') || request.userInfo.username.startsWith('eks:') || "
    f"request.userInfo.username == '{CONTROL_PLANE}')"
)
"""Kubernetes' own controllers, add-ons in kube-system, and EKS, which keeps names with `eks:` to itself.

Source: Amazon EKS user guide, "Create access entries", username."""


def controllers(*names: str) -> tuple[str, ...]:
    """User names of Kubernetes' own controllers."""
    return (*(f"{_CONTROLLERS}{name}" for name in names), CONTROL_PLANE)


def cel(values: Iterable[str]) -> str:
    """A list of texts as CEL writes it."""
    return json.dumps(list(values))
