"""Who reaches whom, as cyclonus reads the tenants' network policies: another project than the one that wrote them.

Pods on EKS have addresses of the VPC, so each has one here, and rules by range apply to pods as well.
"""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts import Infrastructure
from shared.testing import Run, contract_outputs, every_contract, run_program
from tests.admission.world import Object
from tooling.lane.binaries import binary, ensure
from tooling.lane.progress import progress_on
from tooling.paths import REPOSITORY
from tooling.plugins.kubernetes.manifest import to_api

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
VPC, SERVICES, ENDPOINTS = "10.0.0.0/16", "172.20.0.0/16", "10.0.200.0/28"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One end of a connection: a pod if it has a namespace, else whatever has the address."""

    ip: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "ip": self.ip,
            "namespace": self.namespace,
            "namespaceLabels": {"kubernetes.io/metadata.name": self.namespace},
            "podLabels": dict(self.labels),
        }


@dataclass(frozen=True, kw_only=True)
class Connection:
    name: str
    source: Peer
    destination: Peer
    port: int
    protocol: str = "TCP"

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source.to_dict(),
            "destination": self.destination.to_dict(),
            "port": self.port,
            "protocol": self.protocol,
        }


@dataclass(frozen=True, kw_only=True)
class Verdict:
    egress: bool
    ingress: bool

    @property
    def allowed(self) -> bool:
        return self.egress and self.ingress


def verdicts(cases: Sequence[tuple[Sequence[Object], Sequence[Connection]]]) -> list[list[Verdict]]:
    """For each set of policies, what it says of each connection."""
    _built()
    asked = [
        {"policies": list(policies), "questions": [one.to_dict() for one in connections]}
        for policies, connections in cases
    ]
    done = subprocess.run(
        [str(binary("network-verdicts"))], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return [[Verdict(**one) for one in answers] for answers in json.loads(done.stdout)]


@functools.cache
def _built() -> None:
    ensure(progress_on(), ["network-verdicts"])


def policies_of(run: Run) -> list[Object]:
    return [to_api(resource.inputs) for resource in run.registered(POLICY)]


def upstream(**changed: Any) -> Callable[[str], Any]:
    """Contracts of a chain whose tier 1 published `changed`."""

    def stacks(reference: str) -> Any:
        if f"/{Infrastructure.project}/" in reference:
            return contract_outputs(Infrastructure, **changed)
        return every_contract(reference)

    return stacks


def run_of(tenant: str, **changed: Any) -> Run:
    return run_program(REPOSITORY / "tenants", stack=f"dev.{tenant}", upstream=upstream(**changed))
