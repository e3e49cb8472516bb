"""Whether a program's workloads fit into their tenant's quota, computed before anything is deployed.

All workloads of the program that are in one namespace are counted, each at its largest. What other programs run there
is not known to a preview, and the API server has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.program_errors import ProgramInputError
from shared.quantities import quantity_value

Amounts = Mapping[str, str]

COMPUTED = ("cpu", "memory", "ephemeral-storage")
_BINARY = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


@dataclass(frozen=True, kw_only=True)
class Container:
    name: str
    requests: Amounts
    limits: Amounts


@dataclass(frozen=True, kw_only=True)
class Demand:
    """The most that a workload uses."""

    max_replicas: int = 1
    surge: int = 0
    """Further pods during a rollout."""
    containers: Sequence[Container]
    """They run at the same time."""
    init_containers: Sequence[Container]
    """They run one after another, before the others."""
    claims: Sequence[str] = ()
    """Sizes of the PersistentVolumeClaims."""

    @property
    def pods(self) -> int:
        return self.max_replicas + self.surge


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a namespace allows, from the tenant's contract."""

    tenant: str
    quota: Amounts
    """`spec.hard` of the ResourceQuota."""
    containers: Mapping[str, Amounts]
    """`requests` and `limits` of a container that states none, and the highest limits: `max`."""


def require_within_quota(name: str, demand: Demand, allowance: Allowance) -> None:
    """Refuses a workload that cannot have all of its pods.

    Raises:
        ProgramInputError: `container-too-large`, `quota-exceeded`.
    """
    for container in (*demand.init_containers, *demand.containers):
        _require_within_maximum(container, allowance)
    per_pod = _per_pod(demand, allowance)
    for row, needed in per_pod.items():
        hard = allowance.quota.get(row)
        if hard is not None and needed * demand.pods > quantity_value(hard):
            raise _exceeded(name, demand, allowance, row, needed, per_pod)
    for row, needed in _of_claims(demand.claims).items():
        hard = allowance.quota.get(row)
        if hard is not None and needed > quantity_value(hard):
            raise ProgramInputError(
                "quota-exceeded",
                f"the volumes of {name} need {row} {_shown(row, needed)}; the quota of {allowance.tenant} is {hard}",
                at=f"tenants/catalog/{allowance.tenant}.yaml, quota",
                hint=f"use smaller volumes, or raise quota.{row} in tenants/catalog/{allowance.tenant}.yaml",
            )


def require_together_within_quota(demands: Mapping[str, Demand], allowance: Allowance) -> None:
    """Refuses workloads of one namespace that cannot all have all of their pods. Each of them fits alone.

    Args:
        demands: by the workload's name; the last one is named as the one that no longer fits.

    Raises:
        ProgramInputError: `quota-exceeded`.
    """
    needs = {name: _needs(demand, allowance) for name, demand in demands.items()}
    *others, last = demands
    for row, hard in allowance.quota.items():
        needed = sum((rows.get(row, Decimal(0)) for rows in needs.values()), Decimal(0))
        if row in needs[last] and needs[last][row] and needed > quantity_value(hard):
            shares = ", ".join(f"{name} {_shown(row, rows[row])}" for name, rows in needs.items() if rows[row])
            raise ProgramInputError(
                "quota-exceeded",
                f"{last} does not fit beside {', '.join(others)}: together they may need {row} "
                f"{_shown(row, needed)} ({shares}); the quota of {allowance.tenant} is {hard}",
                at=f"tenants/catalog/{allowance.tenant}.yaml, quota",
                hint=f"lower max_replicas, or the requests and limits, of one of them; or raise quota.{row} in "
                f"tenants/catalog/{allowance.tenant}.yaml",
            )


def _needs(demand: Demand, allowance: Allowance) -> dict[str, Decimal]:
    """Quota row to what all pods and claims of a workload count there."""
    pods = {row: amount * demand.pods for row, amount in _per_pod(demand, allowance).items()}
    return {**pods, **_of_claims(demand.claims)}


def _require_within_maximum(container: Container, allowance: Allowance) -> None:
    limits = {**allowance.containers["limits"], **container.limits}
    for resource, highest in allowance.containers["max"].items():
        if resource in limits and quantity_value(limits[resource]) > quantity_value(highest):
            raise ProgramInputError(
                "container-too-large",
                f"the limit of container {container.name} for {resource} is {limits[resource]}, and the highest of "
                f"{allowance.tenant} is {highest}",
                at=f"tenants/catalog/{allowance.tenant}.yaml, containers.max",
                hint=f"lower it, or raise containers.max in tenants/catalog/{allowance.tenant}.yaml",
            )


def _exceeded(
    name: str, demand: Demand, allowance: Allowance, row: str, needed: Decimal, per_pod: Mapping[str, Decimal]
) -> ProgramInputError:
    most = min(
        int(quantity_value(allowance.quota[each]) // amount)
        for each, amount in per_pod.items()
        if each in allowance.quota and amount
    )
    catalog = f"tenants/catalog/{allowance.tenant}.yaml"
    largest = most - demand.surge
    rollout = f"{demand.pods} pods (max_replicas {demand.max_replicas} and {demand.surge} more during a rollout)"
    pods = rollout if demand.surge else "1 pod"
    fix = f"lower max_replicas to {largest}" if largest >= 1 else "lower the requests and limits of its pods"
    return ProgramInputError(
        "quota-exceeded",
        f"{name} may have {pods}, which need {row} {_shown(row, needed * demand.pods)}; the quota of "
        f"{allowance.tenant} is {allowance.quota[row]}",
        at=f"{catalog}, quota",
        hint=f"{fix}, or raise quota.{row} in {catalog}",
    )


def _per_pod(demand: Demand, allowance: Allowance) -> dict[str, Decimal]:
    """Quota row to what one pod counts there. Source: Kubernetes, "Resource Quotas" and "Init Containers"."""
    rows = {"pods": Decimal(1)}
    for resource in COMPUTED:
        for row, amounts in (("requests", _request), ("limits", _limit)):
            together = sum((amounts(one, resource, allowance) for one in demand.containers), Decimal(0))
            each = [amounts(one, resource, allowance) for one in demand.init_containers]
            rows[f"{row}.{resource}"] = max([together, *each])
    return rows


def _request(container: Container, resource: str, allowance: Allowance) -> Decimal:
    """A request that is not stated is the stated limit, else the namespace's default."""
    default = allowance.containers["requests"].get(resource, "0")
    return quantity_value(container.requests.get(resource) or container.limits.get(resource) or default)


def _limit(container: Container, resource: str, allowance: Allowance) -> Decimal:
    return quantity_value(container.limits.get(resource) or allowance.containers["limits"].get(resource, "0"))


def _of_claims(sizes: Sequence[str]) -> dict[str, Decimal]:
    storage = sum((quantity_value(size) for size in sizes), Decimal(0))
    return {"requests.storage": storage, "persistentvolumeclaims": Decimal(len(sizes))}


def _shown(row: str, value: Decimal) -> str:
    """`value` as a person would write it."""
    if row.endswith(("memory", "storage")):
        for suffix, unit in _BINARY:
            if value >= unit:
                return f"{round(value / unit, 1).normalize():f}{suffix}"
    return f"{value.normalize():f}"
