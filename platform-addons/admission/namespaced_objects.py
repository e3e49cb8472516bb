"""The other objects of a tenant's namespace: Secrets, volumes, budgets, and what is the platform's there."""

from __future__ import annotations

from collections.abc import Sequence

from admission.policy import (
    CLAIM_TEMPLATES,
    IS_A_CONTROLLER,
    IS_THE_PLATFORM,
    JOB_TEMPLATES,
    NOT_THE_PLATFORM,
    POD_SHAPES,
    POD_TEMPLATES,
    POD_VARIABLES,
    SPEC_CHANGED,
    STORAGE_CLASS_ANNOTATION,
    AdmissionPolicy,
    Rule,
    Validation,
    cel,
    controllers,
)
from shared.kubernetes_labels import BUDGET_LABEL, MANAGED_BY_LABEL, PLATFORM, TENANT_LABEL

TOKEN_SECRETS = AdmissionPolicy(
    name="secrets-tokens",
    stops="a token of any service account of the namespace that never expires",
    source="Kyverno policies, deny-secret-service-account-token-type",
    rules=(Rule(group="", resources=("secrets",)),),
    validations=(
        Validation(
            expression="object.?type.orValue('Opaque') != 'kubernetes.io/service-account-token'",
            message="pods get tokens that expire; people and pipelines sign in with the deployer role",
        ),
    ),
)

_BINDER = controllers("persistent-volume-binder")
_ANNOTATED_CLASS = f"metadata.?annotations[?'{STORAGE_CLASS_ANNOTATION}']"


def volumes(storage_classes: Sequence[str]) -> AdmissionPolicy:
    """`storage_classes`: those that tenants may name."""
    classes, first = cel(storage_classes), cel(storage_classes[:1])
    return AdmissionPolicy(
        name="claims-volumes",
        stops="a volume that another tenant left behind, or storage of a reserved class",
        source="Capsule e2e, storage_pv_cross_tenant_mount and storage_class",
        rules=(Rule(group="", resources=("persistentvolumeclaims",)), *POD_SHAPES),
        variables={
            **POD_VARIABLES,
            **CLAIM_TEMPLATES,
            "claims": "request.resource.resource == 'persistentvolumeclaims' ? [dyn(object)] : "
            "variables.claim_templates",
        },
        conditions={
            "spec-or-class-changed": "request.operation == 'CREATE' || dyn(object).spec != dyn(oldObject).spec || "
            f"dyn(object).{_ANNOTATED_CLASS} != dyn(oldObject).{_ANNOTATED_CLASS}",
            # Binds a claim to the volume made for it.
            "not-the-binder": f"!(request.userInfo.username in {cel(_BINDER)})",
        },
        validations=(
            Validation(
                expression="request.operation == 'UPDATE' && request.resource.resource == 'persistentvolumeclaims' ? "
                "dyn(object).spec.?volumeName.orValue('') == dyn(oldObject).spec.?volumeName.orValue('') : "
                "variables.claims.all(claim, claim.spec.?volumeName.orValue('') == '')",
                message="omit volumeName: each claim gets a new volume",
            ),
            Validation(
                expression="variables.claims.all(claim, !has(claim.spec.selector))",
                message="omit `selector`: each claim gets a new volume",
            ),
            Validation(
                expression="variables.claims.all(claim, !has(claim.spec.dataSourceRef) || "
                "!has(claim.spec.dataSourceRef.namespace) || "
                "claim.spec.dataSourceRef.namespace == request.namespace)",
                message="copy only volumes of the same namespace",
            ),
            Validation(
                # The annotation too: where both are set it decides, and one that is empty is one that is set.
                expression="variables.claims.all(claim, "
                f"(!has(claim.spec.storageClassName) || claim.spec.storageClassName in {classes}) && "
                f"claim.?{_ANNOTATED_CLASS}.orValue({first}[0]) in {classes})",
                message=f"set storageClassName to one of {', '.join(storage_classes)}, or omit it for the cluster's "
                f"default; omit the annotation {STORAGE_CLASS_ANNOTATION}, or set it to one of these too",
            ),
            Validation(
                expression="variables.claims.all(claim, claim.spec.?volumeAttributesClassName.orValue('') == '')",
                message="omit volumeAttributesClassName: the storage class determines the performance of a volume",
            ),
        ),
    )


BUDGETS = AdmissionPolicy(
    name="budgets-drain",
    stops="a disruption budget that prevents a node from being drained",
    source="Kyverno policies, pdb-maxunavailable; Kubernetes issues 72320 and 75957",
    rules=(Rule(group="policy", resources=("poddisruptionbudgets",)),),
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="!has(object.spec.minAvailable)",
            message="set maxUnavailable: 1 instead of minAvailable, which can block the last pods of "
            "an application for ever",
        ),
        Validation(
            # Left out, no pod may go: the disruption controller then expects none.
            expression="has(object.spec.maxUnavailable) && !string(dyn(object).spec.maxUnavailable).matches('^0+%?$')",
            message="set maxUnavailable to at least 1",
        ),
        Validation(
            expression="object.spec.?unhealthyPodEvictionPolicy.orValue('') == 'AlwaysAllow'",
            message="set unhealthyPodEvictionPolicy: AlwaysAllow: otherwise pods that never become "
            "ready block their node for ever",
        ),
        Validation(
            # Two budgets over one pod refuse every eviction. A label has one value, so these never meet.
            expression="object.spec.?selector.?matchExpressions.orValue([]).size() == 0 && "
            f"object.spec.?selector.?matchLabels.orValue({{}}) == {{'{BUDGET_LABEL}': object.metadata.name}}",
            message=f"select by one label, {BUDGET_LABEL}, whose value is the budget's own name, and put it on the "
            "pods: a pod with two budgets cannot be evicted",
        ),
    ),
)

JOBS_WITHOUT_BUDGET = AdmissionPolicy(
    name="jobs-budget",
    stops="a disruption budget for pods of a Job, which counts none of them as healthy and so "
    "prevents their node from being drained",
    source="Kubernetes, Specifying a Disruption Budget for your Application, arbitrary workloads and selectors",
    rules=(Rule(group="batch", resources=("cronjobs", "jobs")),),
    conditions=SPEC_CHANGED,
    variables=POD_VARIABLES,
    validations=(
        Validation(
            expression=f"!('{BUDGET_LABEL}' in variables.template.?metadata.?labels.orValue({{}}))",
            message=f"remove the label {BUDGET_LABEL}: a Job replaces an evicted pod, and needs no budget",
        ),
    ),
)

_OWN_FINALIZERS = {
    "pods": "batch.kubernetes.io/job-tracking",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
}
"""Put there by Kubernetes, which takes them away again whoever wrote them. What a CSI driver's sidecars put on claims
does not count: no sidecar takes it off a claim that it knows nothing of."""
_ALLOWED = ", ".join(f"'{kind}': '{name}'" for kind, name in _OWN_FINALIZERS.items())

FINALIZERS = AdmissionPolicy(
    name="objects-finalizers",
    stops="an object that cannot be deleted, and with it the namespace",
    source="Kubernetes, Finalizers",
    rules=(Rule(group="*", resources=("*",)),),
    variables={
        "allowed": f"request.resource.resource in {cel(_OWN_FINALIZERS)} ? "
        f"{{{_ALLOWED}}}[request.resource.resource] : ''",
        "before": "oldObject == null ? [] : dyn(oldObject).metadata.?finalizers.orValue([])",
        # Accounts of other namespaces that may write here are the platform's controllers. Pods and claims are made by
        # Kubernetes' own from a tenant's templates, finalizers included, so when they are made the names decide.
        "by_a_controller": "request.userInfo.username.startsWith('system:serviceaccount:') && "
        "!request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':') && "
        f"(request.operation == 'UPDATE' || !(request.resource.resource in {cel(_OWN_FINALIZERS)}))",
        "added": "dyn(object).metadata.?finalizers.orValue([]).filter(name, "
        "!(name in variables.before) && name != variables.allowed)",
    },
    validations=(
        Validation(
            expression="variables.by_a_controller || variables.added.size() == 0",
            detail="'finalizer ' + variables.added.join(', ') + ' is refused'",
            message="remove it: nothing would remove it when the object is deleted",
        ),
    ),
)

TEMPLATE_FINALIZERS = AdmissionPolicy(
    name="templates-finalizers",
    stops="pods and claims that cannot be deleted, created from their template",
    source="Kubernetes, Finalizers",
    rules=POD_TEMPLATES,
    variables={
        **POD_VARIABLES,
        **CLAIM_TEMPLATES,
        **JOB_TEMPLATES,
    },
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="([variables.template] + variables.claim_templates + variables.job_templates).all(template, "
            "template.?metadata.?finalizers.orValue([]).size() == 0)",
            message="remove the finalizers from the template: nothing would remove them from the "
            "objects that it creates",
        ),
    ),
)

_CLEANERS = controllers("generic-garbage-collector", "namespace-controller", "resourcequota-controller")
_LABEL = f"metadata.?labels[?'{MANAGED_BY_LABEL}'].orValue('')"

PLATFORM_OBJECTS = AdmissionPolicy(
    name="objects-of-the-platform",
    stops="changing, deleting or imitating the guardrails of a namespace: quota, limits, network policies, roles",
    source="Multi-Tenancy Benchmarks, CPI-2",
    rules=(Rule(group="*", resources=("*",), operations=("CREATE", "UPDATE", "DELETE")),),
    conditions={
        # The old object too: else taking the label off would come before everything.
        "is-the-platforms": f"(object != null && dyn(object).{_LABEL} == '{PLATFORM}') || "
        f"(oldObject != null && dyn(oldObject).{_LABEL} == '{PLATFORM}')",
        # The end of a namespace.
        "not-a-cleaner": f"!(request.userInfo.username in {cel(_CLEANERS)})",
    },
    validations=(
        Validation(
            expression=IS_THE_PLATFORM,
            message=f"objects with the label {MANAGED_BY_LABEL}: {PLATFORM} belong to the platform: change the "
            "tenant's file instead",
        ),
    ),
)

NAMESPACES = AdmissionPolicy(
    name="namespaces-of-tenants",
    stops="a namespace without its labels, to which every guardrail is bound, or one that is "
    "finalized while it contains objects",
    source="Capsule e2e, namespace_hijacking and namespace_metadata; CVE-2024-39690",
    rules=(
        Rule(
            group="",
            resources=("namespaces", "namespaces/finalize", "namespaces/status"),
            operations=("CREATE", "UPDATE", "DELETE"),
            cluster_scoped=True,
        ),
    ),
    # A binding by label would look at the new object alone, and so not see the label go.
    by_namespace=False,
    conditions={
        "is-a-tenants": f"(object != null && '{TENANT_LABEL}' in object.metadata.?labels.orValue({{}})) || "
        f"(oldObject != null && '{TENANT_LABEL}' in oldObject.metadata.?labels.orValue({{}}))",
        "not-a-cleaner": f"!(request.userInfo.username in {cel(_CLEANERS)})",
    },
    validations=(
        Validation(
            expression=IS_THE_PLATFORM,
            message="the platform manages the namespaces of tenants: change the tenant's file instead",
        ),
    ),
)

KEPT_OBJECTS = AdmissionPolicy(
    name="objects-kept-for-controllers",
    stops="additional limits, a quota with a reset count, or traffic and security groups of others,"
    " in case a Role ever permits it",
    source="Kubernetes issue 103675 (CVE-2021-25740); EKS user guide, security groups for pods and network policies",
    rules=(
        Rule(group="", resources=("endpoints", "limitranges", "resourcequotas", "resourcequotas/status")),
        Rule(group="discovery.k8s.io", resources=("endpointslices",)),
        Rule(group="elbv2.k8s.aws", resources=("targetgroupbindings", "targetgroupbindings/status")),
        Rule(group="networking.k8s.aws", resources=("policyendpoints", "policyendpoints/status")),
        Rule(group="vpcresources.k8s.aws", resources=("securitygrouppolicies",)),
    ),
    validations=(
        Validation(
            expression=f"({IS_THE_PLATFORM}) || {IS_A_CONTROLLER}",
            message="only the platform and its controllers write this kind: use a Service, an Ingress"
            " or the tenant's file",
        ),
    ),
)

NETWORK_POLICIES = AdmissionPolicy(
    name="network-policies-inside",
    stops="network policies that open the namespace: they are additive, so one is enough",
    source="Kubernetes, Network Policies",
    rules=(Rule(group="networking.k8s.io", resources=("networkpolicies",)),),
    conditions={**SPEC_CHANGED, **NOT_THE_PLATFORM},
    variables={
        "peers": "object.spec.?ingress.orValue([]).map(rule, rule.?from.orValue([])) + "
        "object.spec.?egress.orValue([]).map(rule, rule.?to.orValue([]))",
    },
    validations=(
        Validation(
            expression="variables.peers.all(peers, peers.size() > 0 && peers.all(peer, has(peer.podSelector) && "
            "!has(peer.namespaceSelector) && !has(peer.ipBlock)))",
            message="select pods of this namespace with podSelector only; traffic from and to other "
            "places is allowed in the tenant's file",
        ),
    ),
)

ROLE_BINDINGS = AdmissionPolicy(
    name="role-bindings-inside",
    stops="access to the namespace for other people, other tenants or everybody",
    source="Kyverno policies, restrict-binding-system-groups",
    rules=(Rule(group="rbac.authorization.k8s.io", resources=("rolebindings",)),),
    conditions=NOT_THE_PLATFORM,
    validations=(
        Validation(
            expression="object.?subjects.orValue([]).all(subject, subject.kind == 'ServiceAccount' && "
            "subject.?namespace.orValue('') == request.namespace)",
            message="bind only service accounts of this namespace; deployers are listed in the tenant's file",
        ),
    ),
)

OBJECTS = (
    TOKEN_SECRETS,
    BUDGETS,
    JOBS_WITHOUT_BUDGET,
    FINALIZERS,
    TEMPLATE_FINALIZERS,
    PLATFORM_OBJECTS,
    NAMESPACES,
    KEPT_OBJECTS,
    NETWORK_POLICIES,
    ROLE_BINDINGS,
)
