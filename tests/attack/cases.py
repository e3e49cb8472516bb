"""Objects with one thing wrong, as attempts: what differs from a control, who sends it, and what must refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.admission.controls import CONTROLS
from tests.admission.world import OWNER, REPLICA_SETS, UNGUARDED, Actor, Object, World, altered
from tests.attack.admission import actor_named
from tests.attack.attempts import Attempt, Ledger, Outcome, mechanism_of


@dataclass(frozen=True, kw_only=True)
class Case:
    area: str
    name: str
    source: str
    mechanism: str
    of: str = "pod"
    """The control that it is but for `changes`."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    body: Object | None = None
    """The whole object, where no control is like it."""
    namespace: str = "tenant-a"

    @property
    def object(self) -> Object:
        body = self.body if self.body is not None else altered(CONTROLS[self.of], self.changes)
        return altered(body, {"metadata.namespace": self.namespace})

    @property
    def actor(self) -> Actor:
        """Pods come from controllers; a tenant's own are refused for that alone."""
        return REPLICA_SETS if self.object["kind"] == "Pod" else OWNER


def attack(world: World, ledger: Ledger, case: Case) -> Outcome:
    """Proves that it is an attack where nothing guards, tries it where everything does, and records what refused it.

    The server keeps neither.
    """
    hostile = world.create(altered(case.object, {"metadata.namespace": UNGUARDED}), case.actor, dry_run=True)
    assert hostile.admitted, (case.name, hostile)
    verdict = world.create(case.object, case.actor, dry_run=True)
    attempt = Attempt(
        area=case.area,
        name=case.name,
        source=case.source,
        actor=actor_named(case.actor),
        proof="admitted in a namespace without guardrails",
        mechanism=case.mechanism,
        control=f"the {case.of} as a tenant should write it" if case.body is None else "",
    )
    return ledger.record(attempt, mechanism_of(verdict.status, verdict.message), verdict.message)
