"""No two tenants share anything: sets of 2, 5 and 20, whose names are prefixes of each other, in every pair."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import catalog
from shared.contracts import Infrastructure
from shared.testing import Run, contract_outputs, run_program
from tests.attack.attempts import Attempt, Ledger
from tests.attack.iam import Role, roles_of
from tests.attack.network import Connection, Peer, policies_of, verdicts
from tests.everything_on import upstream
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("all pairs")]

AREA = "All pairs of tenants"
NAMES = (
    *("tenant", "tenant-a", "a", "ab", "a-b"),
    *("abc", "b", "ba", "b-a", "tenant-b", "tenant-ab", "tenant-a2", "tenant-a-b", "x-tenant-a"),
    *("team", "team-1", "team-10", "team-2", "eks", "kube"),
)
SETS = (2, 5, 20)
BUCKET = "arn:aws:s3:::eks-tenant-data-123456789012-dev"
PORTS = ((80, "TCP"), (443, "TCP"), (8080, "TCP"), (53, "UDP"))
FURTHER = "batch"
"""Ending of every tenant's second namespace."""


@dataclass(frozen=True)
class Tenant:
    name: str
    run: Run
    roles: dict[str, Role]
    address: str

    @property
    def namespaces(self) -> list[str]:
        return [self.name, f"{self.name}-{FURTHER}"]

    def peer(self, namespace: str) -> Peer:
        return Peer(ip=self.address, namespace=namespace, labels={"app": "web"})

    def values(self, kind: str) -> set[str]:
        """Everything of a kind that nobody else may have."""
        registered = {
            "hosts": lambda: {
                host
                for one in self._of("kubernetes:core/v1:Namespace")
                for host in one["metadata"]["annotations"]["platform.internal/hosts"].split(",")
            },
            "namespaces": lambda: {one["metadata"]["name"] for one in self._of("kubernetes:core/v1:Namespace")},
            "roles": lambda: set(self.roles),
            "subjects": lambda: {
                subject
                for one in self.roles.values()
                for statement in one.trust["Statement"]
                for key, subjects in statement.get("Condition", {}).get("StringEquals", {}).items()
                if key.endswith(":sub")
                for subject in (subjects if isinstance(subjects, list) else [subjects])
            },
            "groups of deployers": lambda: {
                group
                for one in self._of("aws:eks/accessEntry:AccessEntry")
                for group in one["kubernetesGroups"]
                # What all deployers may read of the cluster.
                if group != "platform:deployers"
            },
            "log groups": lambda: {one["name"] for one in self._of("aws:cloudwatch/logGroup:LogGroup")},
            "repositories": lambda: {one["name"] for one in self._of("aws:ecr/repository:Repository")},
        }
        return registered[kind]()

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [resource.inputs for resource in self.run.registered(kind)]


EXCLUSIVE = ("hosts", "namespaces", "roles", "subjects", "groups of deployers", "log groups", "repositories")


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Tenant]]:
    directory: Path = tmp_path_factory.mktemp("catalog")
    for name in NAMES:
        content = {
            "owner": name,
            "hosts": [f"{name}.example.com"],
            "namespaces": [name, f"{name}-{FURTHER}"],
            "repositories": [f"{name}-web"],
        }
        (directory / f"{name}.yaml").write_text(yaml.safe_dump(content))

    def stacks(reference: str) -> Any:
        # A cluster in which every tenant's load balancer is reached, and DNS and endpoints are near.
        if f"/{Infrastructure.project}/" in reference:
            return contract_outputs(Infrastructure, endpoint_cidrs=["10.0.200.0/28"])
        return upstream(reference)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "DIRECTORY", directory)
        made = []
        for number, name in enumerate(NAMES):
            run = run_program(REPOSITORY / "tenants", stack=f"dev.{name}", upstream=stacks)
            made.append(Tenant(name, run, roles_of(run), f"10.0.100.{number + 10}"))
        yield made


def pairs(tenants: list[Tenant], size: int) -> list[tuple[Tenant, Tenant]]:
    return list(itertools.permutations(tenants[:size], 2))


def recorded(ledger: Ledger, name: str, mechanism: str, through: list[str]) -> None:
    attempt = Attempt(
        area=AREA,
        name=name,
        source="Capsule e2e, collisions; names that are prefixes of each other",
        actor="each of them, against each other",
        proof="each reaches what is its own",
        mechanism=mechanism,
        control="what is its own",
    )
    outcome = ledger.record(attempt, "" if through else mechanism, "; ".join(through))
    assert outcome.expected, through


@pytest.mark.parametrize("size", SETS)
def test_no_pod_reaches_a_pod_of_another_tenant(tenants: list[Tenant], ledger: Ledger, size: int) -> None:
    policies = [policy for tenant in tenants[:size] for policy in policies_of(tenant.run)]
    others = [
        Connection(
            name=f"{source} to {destination}:{port}",
            source=one.peer(source),
            destination=other.peer(destination),
            port=port,
            protocol=protocol,
        )
        for one, other in pairs(tenants, size)
        for source in one.namespaces
        for destination in other.namespaces
        for port, protocol in PORTS
    ]
    own = [
        Connection(name=one.name, source=one.peer(source), destination=one.peer(destination), port=8080)
        for one in tenants[:size]
        for source, destination in itertools.product(one.namespaces, repeat=2)
    ]
    denied, allowed, open_ = verdicts([(policies, others), (policies, own), ([], others)])
    assert all(verdict.allowed for verdict in (*allowed, *open_))
    through = [one.name for one, verdict in zip(others, denied, strict=True) if verdict.allowed]
    # Each side refuses alone: a tenant does not depend on the other's policies.
    assert not any(verdict.egress for verdict in denied)
    recorded(ledger, f"connections among {size} tenants, {len(others)} in all", "network policy", through)


@pytest.mark.parametrize("size", SETS)
def test_no_pod_reaches_another_tenants_part_of_the_bucket(tenants: list[Tenant], ledger: Ledger, size: int) -> None:
    through, tried = [], 0
    for tenant in tenants[:size]:
        (workload,) = [role for role in tenant.roles.values() if "workload" in role.name]
        assert workload.may("s3:GetObject", f"{BUCKET}/{tenant.name}/x")
        assert workload.may("s3:ListBucket", BUCKET, {"s3:prefix": f"{tenant.name}/"})
        for other in (one.name for one in tenants[:size] if one is not tenant):
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                tried += 1
                if workload.may(action, f"{BUCKET}/{other}/x"):
                    through.append(f"{tenant.name}: {action} of {other}")
            for prefix in (f"{other}/", other):
                tried += 1
                if workload.may("s3:ListBucket", BUCKET, {"s3:prefix": prefix}):
                    through.append(f"{tenant.name}: list {prefix}")
    recorded(ledger, f"objects in the bucket of {size} tenants, {tried} in all", "IAM identity policy", through)


@pytest.mark.parametrize("size", SETS)
@pytest.mark.parametrize("kind", EXCLUSIVE)
def test_nothing_that_is_one_tenants_is_anothers(tenants: list[Tenant], ledger: Ledger, kind: str, size: int) -> None:
    through = [
        f"{one.name} and {other.name}: {shared}"
        for one, other in itertools.combinations(tenants[:size], 2)
        for shared in one.values(kind) & other.values(kind)
    ]
    assert all(tenant.values(kind) for tenant in tenants[:size])
    recorded(ledger, f"{kind} of {size} tenants", "names", through)


def test_a_host_is_below_no_other(tenants: list[Tenant]) -> None:
    hosts = [host for tenant in tenants for host in tenant.values("hosts")]
    assert not [(one, other) for one, other in itertools.permutations(hosts, 2) if one.endswith(f".{other}")]
