"""How the admission policies are deployed; what they refuse is tried on a real API server, in tests/admission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.program_errors import ProgramInputError
from shared.testing import Run, run_program

GROUP = "kubernetes:admissionregistration.k8s.io/v1"
POLICY, BINDING = f"{GROUP}:ValidatingAdmissionPolicy", f"{GROUP}:ValidatingAdmissionPolicyBinding"


def expressions(run: Run, name: str) -> str:
    spec: dict[str, Any] = run.one(POLICY, name).inputs["spec"]
    return " ".join(part["expression"] for part in [*spec["validations"], *spec.get("variables", [])])


def test_each_is_bound_to_every_namespace_of_a_tenant_and_denies(dev: Run) -> None:
    policies = {policy.name for policy in dev.registered(POLICY)}
    bindings = {binding.name: binding.inputs["spec"] for binding in dev.registered(BINDING)}
    assert len(policies) > 20
    assert set(bindings) == policies
    # Bound by label, it would not see the label go.
    assert bindings.pop("tenant-namespaces-of-tenants") == {
        "policyName": "tenant-namespaces-of-tenants",
        "validationActions": ["Deny"],
    }
    for name, spec in bindings.items():
        assert spec == {
            "policyName": name,
            "validationActions": ["Deny"],
            "matchResources": {
                "namespaceSelector": {"matchExpressions": [{"key": "platform.internal/tenant", "operator": "Exists"}]}
            },
        }


def test_a_request_that_cannot_be_judged_is_refused(dev: Run) -> None:
    assert {policy.inputs["spec"]["failurePolicy"] for policy in dev.registered(POLICY)} == {"Fail"}


def test_every_message_says_what_to_do_and_the_detailed_one_says_it_too(dev: Run) -> None:
    for policy in dev.registered(POLICY):
        for validation in policy.inputs["spec"]["validations"]:
            assert len(validation["message"]) > 20, policy.name
            if "messageExpression" in validation:
                assert validation["message"].replace("'", "\\'") in validation["messageExpression"], policy.name


def test_one_that_tenants_do_not_yet_meet_warns(project: Path) -> None:
    run = run_program(project, stack="dev", config={"admission_audit": ["pods-images"]})
    assert run.one(BINDING, "tenant-pods-images").inputs["spec"]["validationActions"] == ["Warn", "Audit"]
    assert run.one(BINDING, "tenant-pods-priority").inputs["spec"]["validationActions"] == ["Deny"]


def test_one_that_does_not_exist_is_refused_with_the_nearest(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config={"admission_audit": ["pod-images"]})
    assert 'did you mean "pods-images"?' in str(refused.value)


def test_storage_classes_and_annotations_are_the_settings(project: Path) -> None:
    config = {"admission_storage_classes": ["gp3", "io2"], "admission_ingress_annotations": ["example.com/mine"]}
    run = run_program(project, stack="dev", config=config)
    assert 'in ["gp3", "io2"]' in expressions(run, "tenant-claims-volumes")
    for name in ("tenant-ingresses-annotations", "tenant-services-annotations"):
        assert '"example.com/mine"' in expressions(run, name)


def test_external_dns_is_refused_without_them(project: Path) -> None:
    config = {
        "external_dns_enabled": True,
        "external_dns_zone_ids": ["Z0123456789ABCDEFGHIJ"],
        "external_dns_domains": ["apps.example.com"],
        "admission_policies_enabled": False,
        "load_balancer_controller_enabled": False,
    }
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config=config)
    # Asked of whichever needs what is off: the class's controller comes before it.
    assert "external-dns requires" in str(refused.value)


def test_the_load_balancer_controller_is_refused_without_them(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config={"admission_policies_enabled": False})
    assert "load-balancer-controller requires admission-policies: set admission_policies_enabled: true" in str(
        refused.value
    )
