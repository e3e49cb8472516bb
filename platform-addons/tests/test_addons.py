"""The other add-ons of the cluster, and what the tier promises the tenants'."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts import PlatformAddons
from shared.kubernetes_labels import PLATFORM_NAMESPACES
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, load_module, run_program
from tests.everything_on import SETTINGS


def test_metrics_server_is_a_pinned_eks_add_on(dev: Run) -> None:
    assert dev.one("aws:eks/addon:Addon").inputs == {
        "clusterName": "eks-cluster-dev",
        "addonName": "metrics-server",
        "addonVersion": "v0.8.0-eksbuild.2",
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
        "tags": {"Name": "metrics-server-dev"},
    }


def test_every_field_of_the_contract_is_published_by_value(dev: Run) -> None:
    assert dev.outputs == contract_outputs(
        PlatformAddons,
        addons=[
            "admission-policies",
            "cluster-autoscaler",
            "deployer-reading",
            "fluent-bit",
            "load-balancer-controller",
            "metrics-server",
            "network-policies",
            "priority-classes",
            "storage-class",
        ],
    )


def test_promised_defaults_hold(project: Path) -> None:
    assert load_module(project, "settings").PlatformAddonsSettings().model_dump() == {
        "addon_versions": {},
        "admission_audit": (),
        "admission_ingress_annotations": (),
        "admission_policies_enabled": True,
        "admission_storage_classes": ("gp3",),
        "cluster_autoscaler_enabled": True,
        "container_insights_enabled": False,
        "container_insights_retention_days": 30,
        "deployer_reading_enabled": True,
        "external_dns_domains": (),
        "external_dns_enabled": False,
        "external_dns_policy": "upsert-only",
        "external_dns_zone_ids": (),
        "fargate_logging_enabled": False,
        "fargate_logging_retention_days": 30,
        "fluent_bit_enabled": True,
        "fluent_bit_retention_days": 30,
        "load_balancer_controller_chart": "",
        "external_secrets_enabled": False,
        "load_balancer_controller_enabled": True,
        "load_balancer_ingress_validation": True,
        "load_balancer_readiness_gates": True,
        "metrics_server_enabled": True,
        "network_policies_enabled": True,
        "priority_classes_enabled": True,
        "storage_class_enabled": True,
        "autoscaler_expander": "least-waste",
        "autoscaler_priorities": {},
        "volume_key_arn": "",
        "autoscaler_unneeded_minutes": 10,
    }


def test_it_cannot_be_deployed_before_the_infrastructure(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", upstream=lambda _: None)
    assert refused.value.code == "stack-missing"
    assert refused.value.hint == "make infrastructure-up STACK=dev"


def test_it_can_be_previewed_before_the_infrastructure(project: Path) -> None:
    run = run_program(project, stack="dev", upstream=lambda _: None, preview=True)
    assert run.registered("kubernetes:apps/v1:Deployment")
    assert ["make infrastructure-up STACK=dev" in warning for warning in run.warnings] == [True]


def test_no_object_is_of_a_tenant(dev: Run) -> None:
    namespaces = {resource.inputs.get("metadata", {}).get("namespace") for resource in dev.resources}
    assert namespaces <= {None, "kube-system", "logging"}


def test_every_namespace_of_the_tier_is_one_that_no_tenant_can_have(project: Path) -> None:
    everything = run_program(project, stack="dev", config=SETTINGS["platform-addons"])
    made = {each.inputs["metadata"]["name"] for each in everything.registered("kubernetes:core/v1:Namespace")}
    declared = {addon.namespace for addon in load_module(project, "settings").ADDONS.values() if addon.namespace}
    assert made
    assert made | declared <= set(PLATFORM_NAMESPACES)
