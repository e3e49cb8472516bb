"""The declared graph: what is refused, by name, and in which order the rest comes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.errors import BadInput
from shared.program_errors import ProgramError, ProgramInputError
from shared.settings import parse_settings
from shared.testing import contract_outputs, load_module, run_program

NAME = "cluster-autoscaler"


@pytest.fixture(scope="module")
def graph() -> ModuleType:
    return load_module(Path(__file__).resolve().parents[1], "addon_graph")


@pytest.fixture(scope="module")
def addon(graph: ModuleType) -> Any:
    """Makes an add-on of a name and what it declares."""

    def make(name: str, **declared: Any) -> Any:
        return graph.Addon(name=name, summary="x", component=None, **declared)

    return make


def test_each_comes_after_what_it_requires_else_by_name(graph: ModuleType, addon: Any) -> None:
    found = [
        addon("c"),
        addon("a", requires=("shelter",)),
        addon("tent", provides=("shelter",), requires=("c",)),
        addon("b"),
    ]
    assert list(graph.in_order(found)) == ["b", "c", "tent", "a"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([{"name": "a"}, {"name": "a"}], ["another add-on has the same name", "add-on a in"]),
        ([{"name": "a", "requires": ("water",)}], ["'water', which no add-on provides", "add-on a in"]),
        (
            [{"name": "a", "requires": ("b",)}, {"name": "b", "requires": ("c",)}, {"name": "c", "requires": ("a",)}],
            ["it requires itself", "a", "b", "c"],
        ),
    ],
    ids=["twice", "provided by nobody", "cycle"],
)
def test_a_graph_that_cannot_be_is_refused_by_name(
    found: list[dict[str, Any]], said: list[str], graph: ModuleType, addon: Any
) -> None:
    with pytest.raises(ProgramError) as refused:
        graph.in_order([addon(**each) for each in found])
    assert refused.value.code == "addons-invalid"
    assert [part for part in said if part not in str(refused.value)] == []


def test_a_choice_without_a_requirement_names_the_switches_that_fix_it(graph: ModuleType, addon: Any) -> None:
    known = graph.in_order(
        [addon("a", requires=("logs",)), addon("one", provides=("logs",)), addon("two", provides=("logs",))]
    )
    assert graph.wrong_choice(known, ["a"]) == (
        "a_enabled: a requires logs: set one_enabled: true or two_enabled: true"
    )
    assert graph.wrong_choice(known, ["a", "two"]) is None


def test_two_that_exclude_each_other_are_named_with_their_switches(graph: ModuleType, addon: Any) -> None:
    known = graph.in_order(
        [
            addon("bit", provides=("log-shipping",), conflicts=("log-shipping",)),
            addon("insights", provides=("log-shipping",)),
        ]
    )
    assert graph.wrong_choice(known, ["bit", "insights"]) == (
        "bit_enabled: bit and insights exclude each other (log-shipping): "
        "set bit_enabled: false or insights_enabled: false"
    )
    assert graph.wrong_choice(known, ["bit"]) is None


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"cluster_autoscaler_enable": "false"}, 'did you mean "cluster_autoscaler_enabled"?'),
        ({"addon_versions": '{"metric-server": "v1"}'}, 'did you mean "metrics-server"?'),
        ({"addon_versions": '{"storage-class": "v1"}'}, "'storage-class' is not one of"),
        ({"autoscaler_expander": "priority"}, "autoscaler_priorities: required with autoscaler_expander: priority"),
        ({"autoscaler_priorities": '{"10": [".*"]}'}, "required with autoscaler_expander: priority"),
    ],
)
def test_wrong_settings_are_refused_with_their_key(texts: dict[str, str], said: str, project: Path) -> None:
    model = load_module(project, "settings").PlatformAddonsSettings
    with pytest.raises(BadInput) as refused:
        parse_settings(model, texts, at="Pulumi.dev.yaml", error=BadInput)
    assert said in str(refused.value)


def test_a_minor_without_known_versions_is_refused_before_anything_is_registered(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", upstream=lambda _: contract_outputs(Infrastructure, cluster_version="1.36"))
    assert refused.value.code == "addon-version-unknown"
    assert "Kubernetes 1.36 is known for cluster-autoscaler, metrics-server" in str(refused.value)
    assert "platform-addons:cluster_autoscaler_enabled: false" in refused.value.hint


def test_a_version_in_the_stack_file_replaces_the_pin(project: Path) -> None:
    versions = {"cluster-autoscaler": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.0", "metrics-server": "v9"}
    run = run_program(
        project,
        stack="dev",
        config={"addon_versions": versions},
        upstream=lambda _: contract_outputs(Infrastructure, cluster_version="1.36"),
    )
    (container,) = run.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == versions["cluster-autoscaler"]
    assert run.one("aws:eks/addon:Addon").inputs["addonVersion"] == "v9"


def test_an_add_on_that_is_off_is_not_made_and_not_promised(project: Path) -> None:
    run = run_program(project, stack="dev", config={"cluster_autoscaler_enabled": False})
    assert run.registered("kubernetes:apps/v1:Deployment") == []
    assert "cluster-autoscaler" not in run.outputs["addons"]
    assert "cluster-autoscaler" not in run.outputs["role_arns"]


def test_with_pod_identity_the_same_policy_is_used_by_association(project: Path) -> None:
    irsa = run_program(project, stack="dev")
    run = run_program(
        project, stack="dev", upstream=lambda _: contract_outputs(Infrastructure, workload_identity="pod-identity")
    )
    role, policy = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
    assert run.one(policy, NAME).inputs["policy"] == irsa.one(policy, NAME).inputs["policy"]
    assert "pods.eks.amazonaws.com" in run.one(role, NAME).inputs["assumeRolePolicy"]
    association = run.one("aws:eks/podIdentityAssociation:PodIdentityAssociation", NAME).inputs
    assert (association["namespace"], association["serviceAccount"]) == ("kube-system", NAME)
    account = run.one("kubernetes:core/v1:ServiceAccount", NAME).inputs
    assert "annotations" not in account["metadata"]
    own = run.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{NAME}-network").inputs["spec"]
    assert own["egress"][-1] == {
        "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    }
