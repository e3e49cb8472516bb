"""The graph of one environment: which stacks there are, who reads whom, and what a command line selects."""

from __future__ import annotations

import pytest

from shared.errors import BadInput, Refused
from shared.testing import application_directories
from tooling.runner.graph import downstream, environment_graph, in_order, select
from tooling.runner.guards import refuse_live_dependants, with_undeclared

APPLICATIONS = [f"{directory.name}/local" for directory in application_directories()]


def names(stacks: object) -> list[str]:
    return [str(stack) for stack in stacks]  # type: ignore[attr-defined]


def test_upstream_stacks_come_first() -> None:
    order = names(in_order(environment_graph("local")))
    assert order[:2] == ["infrastructure/local", "platform-addons/local"]
    assert order[2:5] == ["tenants/local.tenant-a", "tenants/local.tenant-b", "tenants/local.tenant-c"]
    assert order[5:] == APPLICATIONS


def test_an_application_reads_its_own_tenant_only() -> None:
    graph = environment_graph("local")
    demo = next(stack for stack in graph if stack.project == "demo")
    assert names(graph.predecessors(demo)) == ["tenants/local.tenant-a"]


def test_a_tenant_reads_both_platform_tiers() -> None:
    graph = environment_graph("dev")
    tenant = next(stack for stack in graph if stack.stack == "dev.tenant-b")
    assert sorted(names(graph.predecessors(tenant))) == ["infrastructure/dev", "platform-addons/dev"]


def test_tiers_tenant_and_application_narrow_the_selection() -> None:
    graph = environment_graph("local")
    assert names(select(graph, tiers=["infrastructure"])) == ["infrastructure/local"]
    assert names(select(graph, tiers=["tenants"], tenants=["tenant-b"])) == ["tenants/local.tenant-b"]
    assert names(select(graph, applications=["demo"])) == ["demo/local"]
    both = names(select(graph, tenants=["tenant-b", "tenant-a"]))
    assert both == ["tenants/local.tenant-a", "tenants/local.tenant-b"]
    assert len(select(graph)) == 5 + len(APPLICATIONS)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ({"tiers": ["infrastucture"]}, "tier-unknown", 'did you mean "infrastructure"?'),
        ({"tenants": ["tenant-a", "tenant-z"]}, "tenant-unknown", "tenant-z"),
        ({"tenants": ["../x"]}, "tenant-unknown", "../x"),
        ({"applications": ["dmeo"]}, "application-unknown", 'did you mean "demo"?'),
        ({"tenants": ["tenant-a"], "applications": ["demo"]}, "flags-exclude-each-other", "--tenant and --app"),
    ],
    ids=["tier", "tenant", "path", "application", "both"],
)
def test_a_name_that_does_not_exist_is_answered_with_the_nearest(
    arguments: dict[str, object], code: str, says: str
) -> None:
    with pytest.raises(BadInput) as refused:
        select(environment_graph("local"), **arguments)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert says in refused.value.what


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        environment_graph("prd")
    assert refused.value.code == "environment-unknown"
    assert 'did you mean "prod"?' in refused.value.what


def test_what_is_downstream_of_a_stack_reads_it_directly_or_not() -> None:
    graph = environment_graph("local")
    addons = next(stack for stack in graph if stack.tier == "platform-addons")
    assert len(downstream(graph, [addons])) == 3 + len(APPLICATIONS)


def test_a_stack_is_not_destroyed_under_a_live_dependant() -> None:
    graph = environment_graph("local")
    infrastructure = select(graph, tiers=["infrastructure"])
    with pytest.raises(Refused) as refused:
        refuse_live_dependants(graph, infrastructure, {"infrastructure/local": 50, **dict.fromkeys(APPLICATIONS, 7)})
    assert refused.value.code == "live-dependants"
    assert "demo/local" in refused.value.what
    assert refused.value.hint == "tiers destroy applications --stack local\nthen run the same command again"


def test_the_hint_destroys_no_other_tenants_than_those_in_the_way() -> None:
    graph = environment_graph("local")
    # All applications, so that the hint names the tier and not each of them.
    counts = {str(stack): 20 for stack in graph if stack.tenant != "tenant-b" or stack.tier == "applications"}
    with pytest.raises(Refused) as refused:
        refuse_live_dependants(graph, select(graph, tiers=["platform-addons"]), counts)
    assert refused.value.hint.splitlines() == [
        "tiers destroy applications --stack local",
        "tiers destroy tenants --tenant tenant-c --stack local",
        "tiers destroy tenants --tenant tenant-a --stack local",
        "then run the same command again",
    ]


def test_a_dependant_without_resources_does_not_stand_in_the_way() -> None:
    graph = environment_graph("local")
    refuse_live_dependants(graph, select(graph, tiers=["infrastructure"]), {"demo/local": 0})


def test_a_tenant_whose_file_is_gone_can_still_be_destroyed() -> None:
    counts = {"infrastructure/local": 50, "tenants/local.gone": 20, "tenants/dev.other": 20}
    graph = with_undeclared(environment_graph("local"), "local", counts)
    assert names(select(graph, tiers=["tenants"], tenants=["gone"])) == ["tenants/local.gone"]
    with pytest.raises(Refused) as refused:
        refuse_live_dependants(graph, select(graph, tiers=["infrastructure"]), counts)
    assert "tenants/local.gone" in refused.value.what
