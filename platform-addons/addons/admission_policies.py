"""Admission policies in tenant namespaces, enforced by the API server itself, without a webhook.

They are bound by the tenant label and read a tenant's permitted values from its namespace: the tier knows no tenants.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from admission.namespaced_objects import OBJECTS, volumes
from admission.pods import PODS
from admission.policy import AdmissionPolicy
from admission.services import SERVICES, ingress_annotations, service_annotations
from admission.workloads import WORKLOADS
from pulumi_kubernetes.admissionregistration import v1 as admission
from pulumi_kubernetes.meta import v1 as meta
from pydantic import Field, field_validator

from shared.errors import nearest
from shared.kubernetes_labels import DEFAULT_STORAGE_CLASS, MANAGED_BY_LABEL, PLATFORM, TENANT_LABEL
from shared.settings import Settings

PREFIX = "tenant-"
"""Prefix of the policies' names in the cluster; a refusal starts with the name."""


def policies(storage_classes: Sequence[str], annotations: Sequence[str]) -> tuple[AdmissionPolicy, ...]:
    """All policies, with the storage classes and additional Ingress and Service annotations that tenants may use."""
    found = (
        *PODS,
        *WORKLOADS,
        *SERVICES,
        ingress_annotations(annotations),
        service_annotations(annotations),
        *OBJECTS,
        volumes(storage_classes),
    )
    return tuple(sorted(found, key=lambda policy: policy.name))


NAMES = tuple(policy.name for policy in policies((DEFAULT_STORAGE_CLASS,), ()))


class AdmissionSettings(Settings):
    admission_audit: tuple[str, ...] = Field(
        default=(),
        description="Admission policies, by name, that only warn and write to the audit log, for the time that tenants "
        "need to comply.",
    )
    admission_storage_classes: tuple[str, ...] = Field(
        default=(DEFAULT_STORAGE_CLASS,),
        min_length=1,
        description="Storage classes that tenants' PersistentVolumeClaims may use.",
    )
    admission_ingress_annotations: tuple[str, ...] = Field(
        default=(), description="Annotations that tenants' Ingresses and Services may use besides the built-in list."
    )

    @field_validator("admission_audit")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in NAMES:
                raise ValueError(f"{name!r} is not one of {', '.join(NAMES)}{nearest(name, NAMES)}")
        return names


class AdmissionPolicies(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[AdmissionSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        settings = args.settings
        for policy in policies(settings.admission_storage_classes, settings.admission_ingress_annotations):
            self._deploy(policy, enforced=policy.enforced and policy.name not in settings.admission_audit)
        self.register_outputs({})

    def _deploy(self, policy: AdmissionPolicy, *, enforced: bool) -> None:
        name = f"{PREFIX}{policy.name}"
        metadata = meta.ObjectMetaArgs(name=name, labels={MANAGED_BY_LABEL: PLATFORM})
        made = admission.ValidatingAdmissionPolicy(name, metadata=metadata, spec=policy_spec(policy), opts=self.child)
        admission.ValidatingAdmissionPolicyBinding(
            name,
            metadata=metadata,
            spec=admission.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=made.metadata.name,
                validation_actions=["Deny"] if enforced else ["Warn", "Audit"],
                match_resources=admission.MatchResourcesArgs(
                    namespace_selector=meta.LabelSelectorArgs(
                        match_expressions=[meta.LabelSelectorRequirementArgs(key=TENANT_LABEL, operator="Exists")]
                    )
                )
                if policy.by_namespace
                else None,
            ),
            opts=self.child,
        )


def policy_spec(policy: AdmissionPolicy) -> admission.ValidatingAdmissionPolicySpecArgs:
    return admission.ValidatingAdmissionPolicySpecArgs(
        failure_policy="Fail",
        match_constraints=admission.MatchResourcesArgs(
            resource_rules=[
                admission.NamedRuleWithOperationsArgs(
                    api_groups=[rule.group],
                    api_versions=["*"],
                    resources=list(rule.resources),
                    operations=list(rule.operations),
                    scope="Cluster" if rule.cluster_scoped else "Namespaced",
                )
                for rule in policy.rules
            ]
        ),
        match_conditions=[
            admission.MatchConditionArgs(name=name, expression=expression)
            for name, expression in policy.conditions.items()
        ]
        or None,
        variables=[
            admission.VariableArgs(name=name, expression=expression) for name, expression in policy.variables.items()
        ]
        or None,
        validations=[
            admission.ValidationArgs(
                expression=validation.expression,
                message=validation.message,
                message_expression=f"{validation.detail} + {_text(f'; {validation.message}')}"
                if validation.detail
                else None,
                reason="Forbidden",
            )
            for validation in policy.validations
        ],
    )


def _text(value: str) -> str:
    """A CEL string literal; the messages contain no other characters that need escaping."""
    return f"'{value.replace(chr(39), chr(92) + chr(39))}'"


ADDON = Addon(
    name="admission-policies",
    summary="admission policies in tenant namespaces",
    component=AdmissionPolicies,
    settings=AdmissionSettings,
)
