"""The other objects of a tenant's namespace: Secrets, volumes, budgets, and what is the platform's there."""

from __future__ import annotations

from collections.abc import Sequence

from admission.policy import (
    IS_THE_PLATFORM,
    NOT_THE_PLATFORM,
    POD_TEMPLATES,
    POD_VARIABLES,
    SPEC_CHANGED,
    AdmissionPolicy,
    Rule,
    Validation,
    cel,
    controllers,
)
from shared.kubernetes_labels import MANAGED_BY_LABEL, PLATFORM

TOKEN_SECRETS = AdmissionPolicy(
    name="secrets-tokens",
    stops="a token of any account of the namespace that never expires",
    source="Kyverno policies, deny-secret-service-account-token-type",
    rules=(Rule(group="", resources=("secrets",)),),
    validations=(
        Validation(
            expression="object.?type.orValue('Opaque') != 'kubernetes.io/service-account-token'",
            message="pods get tokens that expire by themselves; people and pipelines sign in with the deployer role",
        ),
    ),
)

_BINDER = controllers("persistent-volume-binder")
_CLAIMS = (
    Rule(group="", resources=("persistentvolumeclaims",)),
    Rule(group="apps", resources=("statefulsets",)),
)
_OF_CLAIMS = {
    "claims": "request.resource.resource == 'statefulsets' ? "
    "dyn(object).spec.?volumeClaimTemplates.orValue([]) : [dyn(object)]",
}


def volumes(storage_classes: Sequence[str]) -> AdmissionPolicy:
    """`storage_classes`: those that tenants may name."""
    return AdmissionPolicy(
        name="claims-volumes",
        stops="a volume that another tenant has left behind, or storage of a class kept for others",
        source="Capsule e2e, storage_pv_cross_tenant_mount and storage_class",
        rules=_CLAIMS,
        variables=_OF_CLAIMS,
        conditions={
            **SPEC_CHANGED,
            # Binds a claim to the volume made for it.
            "not-the-binder": f"!(request.userInfo.username in {cel(_BINDER)})",
        },
        validations=(
            Validation(
                expression="request.operation == 'UPDATE' && request.resource.resource == 'persistentvolumeclaims' ? "
                "dyn(object).spec.?volumeName.orValue('') == dyn(oldObject).spec.?volumeName.orValue('') : "
                "variables.claims.all(claim, claim.spec.?volumeName.orValue('') == '')",
                message="leave volumeName out: a claim gets a new volume of its own",
            ),
            Validation(
                expression="variables.claims.all(claim, !has(claim.spec.selector))",
                message="leave `selector` out: a claim gets a new volume of its own",
            ),
            Validation(
                expression="variables.claims.all(claim, !has(claim.spec.dataSourceRef) || "
                "!has(claim.spec.dataSourceRef.namespace) || "
                "claim.spec.dataSourceRef.namespace == request.namespace)",
                message="copy volumes of the same namespace only",
            ),
            Validation(
                expression="variables.claims.all(claim, !has(claim.spec.storageClassName) || "
                f"claim.spec.storageClassName in {cel(storage_classes)})",
                message=f"storageClassName is one of {', '.join(storage_classes)}; left out, the cluster's default",
            ),
        ),
    )


BUDGETS = AdmissionPolicy(
    name="budgets-drain",
    stops="a budget that never lets a node be drained",
    source="Kyverno policies, pdb-maxunavailable",
    rules=(Rule(group="policy", resources=("poddisruptionbudgets",)),),
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="!has(object.spec.minAvailable)",
            message="set maxUnavailable: 1 in place of minAvailable, which keeps the last pods of an application for "
            "ever",
        ),
        Validation(
            expression="!(string(dyn(object).spec.?maxUnavailable.orValue(1)) in ['0', '0%'])",
            message="maxUnavailable is at least 1",
        ),
    ),
)

_OWN_FINALIZERS = {
    # Put there by Kubernetes, which takes them away again.
    "pods": ("batch.kubernetes.io/job-tracking",),
    "persistentvolumeclaims": (
        "kubernetes.io/pvc-protection",
        "provisioner.storage.kubernetes.io/cloning-protection",
        "snapshot.storage.kubernetes.io/pvc-as-source-protection",
    ),
}
_ALLOWED_FINALIZERS = (
    " : ".join(f"request.resource.resource == '{kind}' ? {cel(names)}" for kind, names in _OWN_FINALIZERS.items())
    + " : []"
)

FINALIZERS = AdmissionPolicy(
    name="objects-finalizers",
    stops="an object that nobody can delete, and with it the namespace",
    source="Kubernetes, Finalizers",
    rules=(Rule(group="*", resources=("*",)),),
    variables={
        "allowed": _ALLOWED_FINALIZERS,
        "before": "oldObject == null ? [] : dyn(oldObject).metadata.?finalizers.orValue([])",
        # Accounts of other namespaces that may write here are the platform's controllers. Pods and claims are made by
        # Kubernetes' own from a tenant's templates, finalizers included, so there the names decide.
        "by_a_controller": f"!(request.resource.resource in {cel(_OWN_FINALIZERS)}) && "
        "request.userInfo.username.startsWith('system:serviceaccount:') && "
        "!request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')",
        "added": "dyn(object).metadata.?finalizers.orValue([]).filter(name, "
        "!(name in variables.before) && !(name in variables.allowed))",
    },
    validations=(
        Validation(
            expression="variables.by_a_controller || variables.added.size() == 0",
            detail="'finalizer ' + variables.added.join(', ') + ' is refused'",
            message="take it out: nothing here would remove it again",
        ),
    ),
)

TEMPLATE_FINALIZERS = AdmissionPolicy(
    name="templates-finalizers",
    stops="pods and claims that nobody can delete, by way of their template",
    source="Kubernetes, Finalizers",
    rules=POD_TEMPLATES,
    variables={
        **POD_VARIABLES,
        "claims": "request.resource.resource == 'statefulsets' ? "
        "dyn(object).spec.?volumeClaimTemplates.orValue([]) : []",
    },
    conditions=SPEC_CHANGED,
    validations=(
        Validation(
            expression="variables.template.?metadata.?finalizers.orValue([]).size() == 0 && "
            "variables.claims.all(claim, claim.?metadata.?finalizers.orValue([]).size() == 0)",
            message="take the finalizers out of the template: nothing here would remove them from what it makes",
        ),
    ),
)

_CLEANERS = controllers("generic-garbage-collector", "namespace-controller", "resourcequota-controller")
_LABEL = f"metadata.?labels[?'{MANAGED_BY_LABEL}'].orValue('')"

PLATFORM_OBJECTS = AdmissionPolicy(
    name="objects-of-the-platform",
    stops="the rails of a namespace changed, deleted or counterfeited: quota, limits, network policies, roles",
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
            message=f"what bears {MANAGED_BY_LABEL}: {PLATFORM} is the platform's: ask for it in the tenant's file",
        ),
    ),
)

NETWORK_POLICIES = AdmissionPolicy(
    name="network-policies-inside",
    stops="network policies that open the namespace: they add up, so that one is enough",
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
            message="every rule names pods of this namespace, by podSelector alone; what lies outside is opened in "
            "the tenant's file",
        ),
    ),
)

ROLE_BINDINGS = AdmissionPolicy(
    name="role-bindings-inside",
    stops="other people, other tenants or everybody invited into the namespace",
    source="Kyverno policies, restrict-binding-system-groups",
    rules=(Rule(group="rbac.authorization.k8s.io", resources=("rolebindings",)),),
    conditions=NOT_THE_PLATFORM,
    validations=(
        Validation(
            expression="object.?subjects.orValue([]).all(subject, subject.kind == 'ServiceAccount' && "
            "subject.?namespace.orValue('') == request.namespace)",
            message="bind service accounts of this namespace only; who deploys is in the tenant's file",
        ),
    ),
)

OBJECTS = (
    TOKEN_SECRETS,
    BUDGETS,
    FINALIZERS,
    TEMPLATE_FINALIZERS,
    PLATFORM_OBJECTS,
    NETWORK_POLICIES,
    ROLE_BINDINGS,
)
