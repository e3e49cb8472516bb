"""Pods, and the templates that they are made from. Nobody is exempt: a pod is what runs."""

from __future__ import annotations

from admission.policy import (
    POD_SHAPES,
    POD_TEMPLATES,
    POD_VARIABLES,
    REGISTRIES,
    SPEC_CHANGED,
    SPEC_OR_ANNOTATIONS_CHANGED,
    AdmissionPolicy,
    Rule,
    Validation,
    cel,
    controllers,
)
from shared.kubernetes_labels import TENANT_SERVICE_ACCOUNT

_MAKERS = controllers(
    "daemon-set-controller",
    "job-controller",
    "replicaset-controller",
    "replication-controller",
    "statefulset-controller",
)
_CONTAINERS = {
    **POD_VARIABLES,
    "containers": "variables.pod.containers + variables.pod.?initContainers.orValue([])",
    "every": "variables.containers + variables.pod.?ephemeralContainers.orValue([])",
}
_LONGEST_GRACE_SECONDS = 900
_TAKEN_PRIORITIES = ("system-", "platform-")

FROM_CONTROLLERS = AdmissionPolicy(
    name="pods-from-controllers",
    stops="a pod of its own, which gets no dependable network policy on EKS",
    source="aws/aws-network-policy-agent, issue 327",
    rules=(Rule(group="", resources=("pods",), operations=("CREATE",)),),
    validations=(
        Validation(
            # Who asks, and not `ownerReferences`, which anybody can write.
            expression=f"request.userInfo.username in {cel(_MAKERS)}",
            message="pods are made by controllers here: write a Deployment, a StatefulSet, a Job or a CronJob",
        ),
    ),
)

NODE_NAME = AdmissionPolicy(
    name="pods-node-name",
    stops="a pod put on a node of its choice, past scheduler and taints",
    source="Kyverno policies, restrict-node-selection",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?nodeName.orValue('') == ''",
            message="leave nodeName out; nodeSelector and affinity say which nodes fit",
        ),
    ),
)

PRIORITY = AdmissionPolicy(
    name="pods-priority",
    stops="a priority class of Kubernetes or the platform, which evicts everybody else's pods",
    source="Capsule e2e, pod_priority_class",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression=f"!{cel(_TAKEN_PRIORITIES)}.exists(taken, "
            "variables.pod.?priorityClassName.orValue('').startsWith(taken))",
            message="priority classes that begin with system- or platform- are not a tenant's: leave "
            "priorityClassName out",
        ),
    ),
)

SCHEDULING = AdmissionPolicy(
    name="pods-scheduling",
    stops="a scheduler or runtime class of its choice",
    source="Capsule e2e, pod_runtime_class and rules_enforce_scheduler",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?schedulerName.orValue('default-scheduler') == 'default-scheduler'",
            message="leave schedulerName out: the cluster has one scheduler",
        ),
        Validation(
            expression="variables.pod.?runtimeClassName.orValue('') == ''",
            message="leave runtimeClassName out: runtime classes are the platform's",
        ),
    ),
)

TOLERATIONS = AdmissionPolicy(
    name="pods-tolerations",
    stops="a pod that tolerates every taint, and so lands on nodes kept for others",
    source="EKS best practices guide, multi-tenancy",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?tolerations.orValue([]).all(toleration, "
            "!(toleration.?key.orValue('') in ['', 'CriticalAddonsOnly']))",
            message="name the `key` of the taint in each toleration; none for every taint, and not CriticalAddonsOnly",
        ),
    ),
)

SERVICE_ACCOUNTS = AdmissionPolicy(
    name="pods-service-account",
    stops="a pod that bears another account of the namespace, such as one that the platform put there",
    source="Kyverno policies, restrict-service-account",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?serviceAccountName.orValue('') in "
            f"{cel(('', 'default', TENANT_SERVICE_ACCOUNT))}",
            message=f"serviceAccountName is {TENANT_SERVICE_ACCOUNT} for pods that call AWS, and left out for others",
        ),
    ),
)

_IMAGE = "variables.every.filter(container, !({test})).map(container, container.image).join(', ')"
_FROM_ALLOWED = "variables.registries.exists(registry, container.image.startsWith(registry + '/'))"
_FIXED = (
    "container.image.matches('@sha256:[a-f0-9]{64}$') || "
    "(container.image.matches(':[A-Za-z0-9_][A-Za-z0-9_.-]*$') && !container.image.endsWith(':latest'))"
)
_IMAGE_RULES = (Rule(group="", resources=("pods", "pods/ephemeralcontainers")), *POD_TEMPLATES)

IMAGES = AdmissionPolicy(
    name="pods-images",
    stops="an image from anywhere, or one whose content can change after it was looked at",
    source="Capsule e2e, rules_enforce_registry; Kyverno policies, disallow-latest-tag",
    rules=_IMAGE_RULES,
    variables={**_CONTAINERS, **REGISTRIES},
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression=f"variables.every.all(container, {_FROM_ALLOWED})",
            detail=f"'image ' + {_IMAGE.format(test=_FROM_ALLOWED)} + ' is from none of ' + "
            "variables.registries.join(', ')",
            message="push it to one of the tenant's registries, or add its registry to `registries` in the tenant's "
            "file",
        ),
        Validation(
            expression=f"variables.every.all(container, {_FIXED})",
            detail=f"'image ' + {_IMAGE.format(test=_FIXED)} + ' names no version'",
            message="name a tag other than latest, or a digest",
        ),
    ),
)

REQUESTS = AdmissionPolicy(
    name="pods-requests",
    stops="a pod that asks for nothing and takes what it finds, where the namespace's LimitRange is missing",
    source="Multi-Tenancy Benchmarks, FNS-1",
    # Pods alone: what a template leaves out, the LimitRange puts in.
    rules=(Rule(group="", resources=("pods",), operations=("CREATE",)),),
    variables=_CONTAINERS,
    validations=(
        Validation(
            expression="variables.containers.all(container, ['cpu', 'memory'].all(resource, "
            "resource in container.?resources.?requests.orValue({})))",
            message="every container requests cpu and memory",
        ),
    ),
)

DISRUPTION = AdmissionPolicy(
    name="pods-disruption",
    stops="pods that keep their node from being drained, and so from being upgraded",
    source="Karpenter documentation, Disruption; Cluster Autoscaler FAQ; EKS user guide, phases of a node update",
    rules=POD_SHAPES,
    variables={
        **POD_VARIABLES,
        "annotations": "variables.template.?metadata.?annotations.orValue({})",
    },
    conditions=SPEC_OR_ANNOTATIONS_CHANGED,
    validations=(
        Validation(
            expression="variables.annotations[?'karpenter.sh/do-not-disrupt'].orValue('false') == 'false' && "
            "variables.annotations[?'cluster-autoscaler.kubernetes.io/safe-to-evict'].orValue('true') == 'true'",
            message="take out karpenter.sh/do-not-disrupt and safe-to-evict: a PodDisruptionBudget with "
            "maxUnavailable: 1 keeps the application up while nodes change",
        ),
        Validation(
            expression=f"variables.pod.?terminationGracePeriodSeconds.orValue(30) <= {_LONGEST_GRACE_SECONDS}",
            message=f"terminationGracePeriodSeconds is at most {_LONGEST_GRACE_SECONDS}: longer is what an update of "
            "nodes waits for",
        ),
    ),
)

PODS = (
    FROM_CONTROLLERS,
    NODE_NAME,
    PRIORITY,
    SCHEDULING,
    TOLERATIONS,
    SERVICE_ACCOUNTS,
    IMAGES,
    REQUESTS,
    DISRUPTION,
)
