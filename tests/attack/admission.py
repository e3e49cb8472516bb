"""Attacks that an admission policy must refuse, as attempts of the report."""

from __future__ import annotations

import functools

from shared.testing import load_module
from tests.admission.world import Actor, Verdict
from tests.attack.attempts import Attempt, Ledger, Outcome, mechanism_of
from tooling.paths import REPOSITORY

AREA = "Admission policies"
OWNER_NAME = "the owner, who may do everything in the namespace"


@functools.cache
def sources() -> dict[str, str]:
    """Where the attack that a policy stops comes from, by the policy's name."""
    module = load_module(REPOSITORY / "platform-addons", "addons.admission_policies")
    return {policy.name: policy.source for policy in module.policies(("gp3",), ())}


def actor_named(actor: Actor) -> str:
    if actor.user.startswith("system:serviceaccount:kube-system:"):
        return f"pods and claims of {actor.user.rpartition(':')[2]}"
    return OWNER_NAME


def record_admission(
    ledger: Ledger,
    name: str,
    policy: str,
    actor: Actor,
    verdict: Verdict,
    proof: str = "admitted in a namespace that is no tenant's",
) -> Outcome:
    attempt = Attempt(
        area=AREA,
        name=name,
        source=sources()[policy],
        actor=actor_named(actor),
        proof=proof,
        mechanism=f"admission policy tenant-{policy}",
        control="the same object without the attack",
    )
    return ledger.record(attempt, mechanism_of(verdict.status, verdict.message), verdict.message)
