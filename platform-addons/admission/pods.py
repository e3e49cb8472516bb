"""Pods, and the templates that they are made from. Nobody is exempt: a pod is what runs."""

from __future__ import annotations

from admission.policy import (
    CLAIM_TEMPLATES,
    CONTAINERS,
    IS_THE_PLATFORM,
    JOB_TEMPLATES,
    POD_SHAPES,
    POD_TEMPLATES,
    POD_VARIABLES,
    REGISTRIES,
    SPEC_CHANGED,
    SPEC_OR_ANNOTATIONS_CHANGED,
    TOLERATED,
    AdmissionPolicy,
    Rule,
    Validation,
    cel,
    controllers,
)
from shared.kubernetes_labels import LONGEST_GRACE_SECONDS, MANAGED_BY_LABEL, PLATFORM, TENANT_SERVICE_ACCOUNT

_MAKERS = controllers(
    "daemon-set-controller",
    "job-controller",
    "replicaset-controller",
    "replication-controller",
    "statefulset-controller",
)
_TAKEN_PRIORITIES = ("system-", "platform-")

FROM_CONTROLLERS = AdmissionPolicy(
    name="pods-from-controllers",
    stops="a pod without a controller, for which network policies on EKS are not reliable",
    source="aws/aws-network-policy-agent, issue 327",
    rules=(Rule(group="", resources=("pods",), operations=("CREATE",)),),
    validations=(
        Validation(
            # Who asks, and not `ownerReferences`, which anybody can write.
            expression=f"request.userInfo.username in {cel(_MAKERS)}",
            message="only controllers may create pods: use a Deployment, a StatefulSet, a Job or a CronJob",
        ),
    ),
)

_HOSTNAME = "kubernetes.io/hostname"

NODE_NAME = AdmissionPolicy(
    name="pods-node-name",
    stops="a pod on a node of its choice, bypassing the scheduler and taints, or next to a pod that"
    " it wants to observe",
    source="Kyverno policies, restrict-node-selection",
    rules=POD_SHAPES,
    variables={
        **POD_VARIABLES,
        "required": "variables.pod.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution."
        "?nodeSelectorTerms.orValue([])",
        "preferred": "variables.pod.?affinity.?nodeAffinity.?preferredDuringSchedulingIgnoredDuringExecution."
        "orValue([]).map(weighted, weighted.preference)",
    },
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?nodeName.orValue('') == ''",
            message="omit nodeName; select a kind of node with nodeSelector or affinity",
        ),
        Validation(
            expression=f"!('{_HOSTNAME}' in variables.pod.?nodeSelector.orValue({{}})) && "
            "(variables.required + variables.preferred).all(term, term.?matchFields.orValue([]).size() == 0 && "
            f"term.?matchExpressions.orValue([]).all(expression, expression.key != '{_HOSTNAME}'))",
            message=f"select nodes by what they have in common, not by {_HOSTNAME} or matchFields: a node is replaced "
            "with the next update",
        ),
    ),
)

AFFINITY = AdmissionPolicy(
    name="pods-affinity",
    stops="pods of other tenants kept off all nodes by anti-affinity to their namespaces, or located by affinity",
    source="Kubernetes, Resource Quotas, cross-namespace pod affinity quota",
    rules=POD_SHAPES,
    variables={
        **POD_VARIABLES,
        "kinds": "[variables.pod.?affinity.?podAffinity, variables.pod.?affinity.?podAntiAffinity]",
        "required": "variables.kinds.map(kind, kind.?requiredDuringSchedulingIgnoredDuringExecution.orValue([]))",
        "preferred": "variables.kinds.map(kind, kind.?preferredDuringSchedulingIgnoredDuringExecution.orValue([])."
        "map(weighted, weighted.podAffinityTerm))",
    },
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="(variables.required + variables.preferred).all(terms, terms.all(term, "
            "!has(term.namespaceSelector) && "
            "term.?namespaces.orValue([]).all(name, name == request.namespace)))",
            message="omit namespaces and namespaceSelector in affinity terms: affinity is limited to "
            "pods of the same namespace",
        ),
    ),
)

PRIORITY = AdmissionPolicy(
    name="pods-priority",
    stops="a priority class of Kubernetes or the platform, which preempts the pods of others",
    source="Capsule e2e, pod_priority_class",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression=f"!{cel(_TAKEN_PRIORITIES)}.exists(taken, "
            "variables.pod.?priorityClassName.orValue('').startsWith(taken))",
            message="omit priorityClassName: priority classes that start with system- or platform- are reserved",
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
            message="omit schedulerName: the cluster has one scheduler",
        ),
        Validation(
            expression="variables.pod.?runtimeClassName.orValue('') == ''",
            message="omit runtimeClassName: runtime classes belong to the platform",
        ),
        Validation(
            expression="variables.pod.?resourceClaims.orValue([]).size() == 0",
            message="omit resourceClaims: request devices as extended resources, which the quota counts",
        ),
        Validation(
            expression="!has(variables.pod.workloadRef)",
            message="omit workloadRef: pods that wait for each other reserve capacity that others need",
        ),
    ),
)

_OWN_ABSENCE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""How long a pod stays on a node that is gone. Kubernetes adds both to every pod, with 300 s."""
_KEY = "toleration.?key.orValue('')"
_TOLERATED = (
    f"{_KEY} != '' && ({_KEY} in variables.allowed || "
    f"({_KEY} in {cel(_OWN_ABSENCE)} && toleration.?effect.orValue('') == 'NoExecute') || "
    # EKS runs the admission plug-in ExtendedResourceToleration, which adds one for each device that a pod requests. An
    # amount of 0 fits every node, and so would open all that are tainted.
    f"variables.every.exists(container, {_KEY} in container.?resources.?limits.orValue({{}}) && "
    f"quantity(string(container.resources.limits[{_KEY}])).isGreaterThan(quantity('0'))))"
)
_KEYS = "variables.tolerations.filter(toleration, !({test})).map(toleration, {key})"

TOLERATIONS = AdmissionPolicy(
    name="pods-tolerations",
    stops="pods on nodes that are reserved for others, or that are being drained",
    source="EKS best practices guide, multi-tenancy; Kubernetes, Taints and Tolerations",
    # Pods that exist too: tolerations can be added to them.
    rules=(*POD_SHAPES, Rule(group="", resources=("pods",), operations=("UPDATE",))),
    variables={
        **CONTAINERS,
        **TOLERATED,
        "tolerations": "variables.pod.?tolerations.orValue([])",
        "refused": _KEYS.format(test=_TOLERATED, key=f"{_KEY} == '' ? 'every taint' : {_KEY}"),
    },
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.refused.size() == 0",
            detail="'toleration of ' + variables.refused.join(', ') + ' is refused'",
            message="tolerate only the keys of `tolerations` in the tenant's file, and not-ready and "
            "unreachable with effect NoExecute",
        ),
    ),
)

SERVICE_ACCOUNTS = AdmissionPolicy(
    name="pods-service-account",
    stops="a pod with another service account of the namespace, such as one that the platform created",
    source="Kyverno policies, restrict-service-account",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?serviceAccountName.orValue('') in "
            f"{cel(('', 'default', TENANT_SERVICE_ACCOUNT))}",
            message=f"set serviceAccountName to {TENANT_SERVICE_ACCOUNT} for pods that call AWS, and omit it for "
            "others",
        ),
    ),
)

_IMAGE = "variables.images.filter(image, !({test})).join(', ')"
_FROM_ALLOWED = (
    "variables.registries.exists(registry, image.startsWith(registry + '/')) && !image.contains('/.') && "
    "!image.contains('//')"
)
_FIXED = (
    "image.matches('@sha256:[a-f0-9]{64}$') || "
    "(image.matches(':[A-Za-z0-9_][A-Za-z0-9_.-]*$') && !image.endsWith(':latest'))"
)
_IMAGE_RULES = (Rule(group="", resources=("pods", "pods/ephemeralcontainers")), *POD_TEMPLATES)

IMAGES = AdmissionPolicy(
    name="pods-images",
    stops="an image from any registry, or one whose content can change after it was checked",
    source="Capsule e2e, rules_enforce_registry; Kyverno policies, disallow-latest-tag; Kubernetes issue 138343",
    rules=_IMAGE_RULES,
    variables={
        **CONTAINERS,
        **REGISTRIES,
        "volumes": "variables.pod.?volumes.orValue([]).filter(volume, has(volume.image))",
        "images": "variables.every.map(container, container.image) + "
        "variables.volumes.map(volume, volume.image.?reference.orValue(''))",
    },
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression=f"variables.images.all(image, {_FROM_ALLOWED})",
            detail=f"'image ' + {_IMAGE.format(test=_FROM_ALLOWED)} + ' is from none of ' + "
            "variables.registries.join(', ')",
            message="push it to one of the tenant's registries, or add its registry to `registries` in the tenant's "
            "file",
        ),
        Validation(
            expression=f"variables.images.all(image, {_FIXED})",
            detail=f"'image ' + {_IMAGE.format(test=_FIXED)} + ' names no version'",
            message="use a tag other than latest, or a digest",
        ),
    ),
)

VOLUMES = AdmissionPolicy(
    name="pods-volumes",
    stops="a CSI volume defined by its parameters, bypassing claims, storage classes and the quota",
    source="Kubernetes, CSI ephemeral volumes, CSI driver restrictions",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.pod.?volumes.orValue([]).all(volume, !has(volume.csi))",
            message="use persistentVolumeClaim or ephemeral with a storage class instead of csi",
        ),
    ),
)

NETWORK_INTERFACES = AdmissionPolicy(
    name="pods-network-interfaces",
    stops="an address and security groups of its choice, with the annotation that the VPC CNI reads",
    source="EKS user guide, Assign security groups to individual Pods",
    rules=POD_SHAPES,
    variables=POD_VARIABLES,
    conditions=SPEC_OR_ANNOTATIONS_CHANGED,
    validations=(
        Validation(
            expression="variables.template.?metadata.?annotations.orValue({}).all(key, "
            "!key.startsWith('vpc.amazonaws.com/') && !key.startsWith('k8s.amazonaws.com/'))",
            message="remove the annotations of vpc.amazonaws.com and k8s.amazonaws.com: EKS writes them",
        ),
    ),
)

REQUESTS = AdmissionPolicy(
    name="pods-requests",
    stops="a pod without requests that uses whatever is free, if the namespace's LimitRange is missing",
    source="Multi-Tenancy Benchmarks, FNS-1",
    # Pods alone: what a template leaves out, the LimitRange puts in.
    rules=(Rule(group="", resources=("pods",), operations=("CREATE",)),),
    variables=CONTAINERS,
    validations=(
        Validation(
            expression="variables.containers.all(container, ['cpu', 'memory'].all(resource, "
            "resource in container.?resources.?requests.orValue({})))",
            message="set requests for cpu and memory on every container",
        ),
    ),
)

DISRUPTION = AdmissionPolicy(
    name="pods-disruption",
    stops="pods that prevent their node from being drained and therefore upgraded",
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
            message="remove karpenter.sh/do-not-disrupt and safe-to-evict: a PodDisruptionBudget with"
            " maxUnavailable: 1 keeps the application available while nodes are replaced",
        ),
        Validation(
            expression=f"variables.pod.?terminationGracePeriodSeconds.orValue(30) <= {LONGEST_GRACE_SECONDS}",
            message=f"set terminationGracePeriodSeconds to at most {LONGEST_GRACE_SECONDS}: a node "
            "update waits that long",
        ),
    ),
)

TEMPLATES_OF_THE_PLATFORM = AdmissionPolicy(
    name="templates-of-the-platform",
    stops="templates whose pods and claims would be labelled as the platform's",
    source="Multi-Tenancy Benchmarks, CPI-2",
    rules=POD_TEMPLATES,
    conditions=SPEC_CHANGED,
    variables={
        **POD_VARIABLES,
        **CLAIM_TEMPLATES,
        **JOB_TEMPLATES,
    },
    validations=(
        Validation(
            expression=f"({IS_THE_PLATFORM}) || "
            "([variables.template] + variables.claim_templates + variables.job_templates).all(template, "
            f"template.?metadata.?labels[?'{MANAGED_BY_LABEL}'].orValue('') != '{PLATFORM}')",
            message=f"remove the label {MANAGED_BY_LABEL}: {PLATFORM} from the template: it is reserved for the "
            "platform",
        ),
    ),
)

PODS = (
    FROM_CONTROLLERS,
    NODE_NAME,
    AFFINITY,
    PRIORITY,
    SCHEDULING,
    TOLERATIONS,
    SERVICE_ACCOUNTS,
    IMAGES,
    VOLUMES,
    NETWORK_INTERFACES,
    REQUESTS,
    DISRUPTION,
    TEMPLATES_OF_THE_PLATFORM,
)
