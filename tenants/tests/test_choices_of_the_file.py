"""What the keys of a tenant's file change: size, state, lock, cost centre, Pod Security, egress and calls."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from shared import catalog, tenant_exceptions
from shared.contracts import Infrastructure
from shared.errors import ExitCode, PlatformError
from shared.testing import Run, contract_outputs, every_contract

NAMESPACE = "kubernetes:core/v1:Namespace"
QUOTA = "kubernetes:core/v1:ResourceQuota"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
HELD = ("aws:cloudwatch/logGroup:LogGroup", "aws:ecr/repository:Repository", NAMESPACE)


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_exceptions, "today", lambda: datetime.date(2027, 1, 31))


def hard(run: Run) -> dict[str, str]:
    return run.one(QUOTA, "shop-quota").inputs["spec"]["hard"]


def specs(run: Run) -> dict[str, Any]:
    return {policy.inputs["metadata"]["name"]: policy.inputs["spec"] for policy in run.registered(POLICY)}


def metadata(run: Run, namespace: str = "shop") -> dict[str, Any]:
    return run.one(NAMESPACE, namespace).inputs["metadata"]


def upstream(**changed: Any) -> Callable[[str], Any]:
    return lambda reference: (
        contract_outputs(Infrastructure, **changed) if "/infrastructure/" in reference else every_contract(reference)
    )


def others(**files: str) -> None:
    for name, text in files.items():
        (catalog.DIRECTORY / f"{name}.yaml").write_text(f"owner: team\n{text}")


@pytest.mark.parametrize(
    ("size", "cpu", "memory", "pods"),
    [("small", "2", "8Gi", "20"), ("medium", "8", "32Gi", "80"), ("large", "32", "128Gi", "250")],
)
def test_a_size_sets_the_rows_that_the_file_does_not(
    run_tenant: Callable[..., Run], size: str, cpu: str, memory: str, pods: str
) -> None:
    rows = hard(run_tenant({"size": size}))
    assert (rows["requests.cpu"], rows["limits.memory"], rows["pods"]) == (cpu, memory, pods)
    rows = hard(run_tenant({"size": size, "quota": {"pods": 7}}))
    assert (rows["requests.cpu"], rows["limits.memory"], rows["pods"]) == (cpu, memory, "7")


def test_a_suspended_tenant_starts_no_pod_and_takes_no_traffic(run_tenant: Callable[..., Run]) -> None:
    active, suspended = run_tenant({"hosts": ["shop.example.com"]}), run_tenant({"state": "suspended"})
    assert hard(suspended) == {**hard(active), "pods": "0", "count/jobs.batch": "0"}
    assert specs(active).keys() - specs(suspended).keys() == {"allow-load-balancers"}
    assert suspended.outputs["state"] == "suspended"
    assert suspended.outputs["quota"]["pods"] == "0"
    assert {each.urn for each in active.resources if "NetworkPolicy" not in each.urn} <= {
        each.urn for each in suspended.resources
    }


def test_a_paused_tenant_is_not_deployed_until_the_day_after_its_end(run_tenant: Callable[..., Run]) -> None:
    pause = {"reason": "The database is being moved.", "until": datetime.date(2027, 1, 31)}
    with pytest.raises(PlatformError) as refused:
        run_tenant({"paused": pause})
    assert refused.value.code == "tenant-paused"
    assert refused.value.exit_code == ExitCode.REFUSED
    assert refused.value.what == "shop is paused until 2027-01-31: The database is being moved."
    assert refused.value.at == "tenants/catalog/shop.yaml, paused, line 2, column 1"
    assert run_tenant({"paused": {**pause, "until": datetime.date(2027, 1, 30)}}).registered(NAMESPACE)


@pytest.mark.parametrize(("lock", "locked"), [(None, False), (False, False), (True, True)])
def test_a_lock_protects_what_holds_data_and_nothing_else(
    run_tenant: Callable[..., Run], lock: bool | None, locked: bool
) -> None:
    run = run_tenant({"repositories": ["web"], **({} if lock is None else {"deletion_lock": lock})})
    protected = {each.type for each in run.resources if each.protect}
    assert protected == (set(HELD) if locked else set())


def test_in_prod_the_lock_is_on_unless_the_file_says_otherwise(run_tenant: Callable[..., Run]) -> None:
    assert run_tenant({}, environment="prod").one(NAMESPACE).protect
    unlocked = {"environments": {"prod": {"deletion_lock": False}}}
    assert not run_tenant(unlocked, environment="prod").one(NAMESPACE).protect


def test_the_cost_centre_is_a_tag_of_every_aws_resource_and_a_label_of_the_namespaces(
    run_tenant: Callable[..., Run],
) -> None:
    run = run_tenant({"cost_centre": "4711", "repositories": ["web"]})
    tagged = [each for each in run.resources if "tags" in each.inputs]
    assert {each.type.split(":")[1].split("/")[0] for each in tagged} == {"iam", "cloudwatch", "ecr", "eks"}
    assert all(each.inputs["tags"]["cost-centre"] == "4711" for each in tagged)
    assert metadata(run)["labels"]["platform.internal/cost-centre"] == "4711"
    assert "platform.internal/cost-centre" not in metadata(run_tenant({}))["labels"]


def test_an_exception_from_pod_security_is_of_one_namespace_and_ends(run_tenant: Callable[..., Run]) -> None:
    def levels(until: datetime.date) -> dict[str, tuple[str, str, str | None]]:
        exception = {"level": "baseline", "reason": "The catalog runs as root.", "until": until}
        run = run_tenant({"namespaces": ["shop", "shop-old"], "pod_security": {"shop-old": exception}})
        return {
            namespace: (
                metadata(run, namespace)["labels"]["pod-security.kubernetes.io/enforce"],
                metadata(run, namespace)["labels"]["pod-security.kubernetes.io/warn"],
                metadata(run, namespace)["annotations"].get("platform.internal/pod-security-reason"),
            )
            for namespace in ("shop", "shop-old")
        }

    assert levels(datetime.date(2027, 1, 31)) == {
        "shop": ("restricted", "restricted", None),
        "shop-old": ("baseline", "restricted", "The catalog runs as root. (until 2027-01-31)"),
    }
    assert levels(datetime.date(2027, 1, 30)) == dict.fromkeys(("shop", "shop-old"), ("restricted", "restricted", None))


@pytest.mark.parametrize(
    ("egress", "policies"),
    [
        (["internet", "aws"], {"allow-internet", "allow-aws-endpoints"}),
        (["aws"], {"allow-aws-endpoints"}),
        (["internet"], {"allow-internet"}),
        (["none"], set[str]()),
    ],
)
def test_egress_is_what_the_profiles_name(
    run_tenant: Callable[..., Run], egress: list[str], policies: set[str]
) -> None:
    always = {"default-deny", "allow-own-namespaces", "allow-dns", "allow-load-balancers"}
    assert specs(run_tenant({"egress": egress})).keys() == always | policies


def test_listed_ranges_are_reached_on_their_ports_only(run_tenant: Callable[..., Run]) -> None:
    ranges = [{"cidr": "192.168.40.0/24", "ports": [5432, 5433]}, {"cidr": "198.51.100.7/32", "ports": [443]}]
    spec = specs(run_tenant({"egress": ["none"], "egress_ranges": ranges}))["allow-listed-ranges"]
    assert spec["policyTypes"] == ["Egress"]
    assert spec["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "192.168.40.0/24"}}],
            "ports": [{"port": 5432, "protocol": "TCP"}, {"port": 5433, "protocol": "TCP"}],
        },
        {"to": [{"ipBlock": {"cidr": "198.51.100.7/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]},
    ]


@pytest.mark.parametrize(
    ("cidr", "changed"),
    [
        ("10.0.100.7/32", {}),
        ("8.0.0.0/6", {}),
        ("172.20.0.0/24", {}),
        ("100.64.3.0/24", {"pod_cidrs": ["100.64.0.0/16"]}),
    ],
    ids=["in the VPC", "around the VPC", "Services", "pods' own range"],
)
def test_no_range_reaches_pods_nodes_or_services(
    run_tenant: Callable[..., Run], cidr: str, changed: dict[str, Any]
) -> None:
    with pytest.raises(PlatformError) as refused:
        run_tenant({"egress_ranges": [{"cidr": cidr, "ports": [443]}]}, upstream=upstream(**changed))
    assert refused.value.code == "egress-inside"
    assert refused.value.at == "tenants/catalog/shop.yaml, egress_ranges.0.cidr, line 2, column 3"


def test_pods_call_another_tenant_only_where_both_files_say_so(run_tenant: Callable[..., Run]) -> None:
    peer = {
        "namespaceSelector": {
            "matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["pay", "pay-batch"]}
            ]
        }
    }
    ports = [{"port": 9000, "protocol": "TCP"}]
    run_tenant({})
    others(pay="namespaces: [pay, pay-batch]\nweb_ports: [9000]\nmay_be_called_by: [shop]\n")
    calls = run_tenant({"may_call": ["pay"]})
    assert specs(calls)["allow-callees"]["egress"] == [{"to": [peer], "ports": ports}]
    assert "allow-callers" not in specs(calls)

    others(pay="namespaces: [pay, pay-batch]\nmay_call: [shop]\n")
    called = run_tenant({"may_be_called_by": ["pay"], "web_ports": [9000]})
    assert specs(called)["allow-callers"]["ingress"] == [{"from": [peer], "ports": ports}]
    assert "allow-callees" not in specs(called)

    others(pay="")
    assert "allow-callers" not in specs(run_tenant({"may_be_called_by": ["pay"]}))
    with pytest.raises(PlatformError) as refused:
        run_tenant({"may_call": ["pay"]})
    assert refused.value.code == "tenant-invalid"
    assert "pay does not list shop in its `may_be_called_by`" in refused.value.what


def test_a_call_has_no_effect_where_the_other_does_not_exist(run_tenant: Callable[..., Run]) -> None:
    run_tenant({})
    others(pay="environments: [prod]\nmay_be_called_by: [shop]\n")
    assert "allow-callees" not in specs(run_tenant({"may_call": ["pay"]}))


def test_no_tenant_is_deployed_where_network_policies_have_no_effect(run_tenant: Callable[..., Run]) -> None:
    with pytest.raises(PlatformError) as refused:
        run_tenant({}, upstream=upstream(network_policy_enforced=False))
    assert refused.value.code == "network-policies-not-enforced"
    assert refused.value.exit_code == ExitCode.REFUSED
