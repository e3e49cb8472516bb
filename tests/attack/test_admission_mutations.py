"""With any one admission policy taken out, an attack gets through that it refuses elsewhere."""

from __future__ import annotations

import pytest

from tests.admission.attacks import ATTACKS, attacked
from tests.admission.world import OWNER, TENANT, altered, namespace, without
from tests.attack.attempts import Ledger
from tests.conftest import GuardedCluster

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

POLICIES = sorted({attack.policy for attack in ATTACKS})


@pytest.mark.parametrize("policy", POLICIES)
def test_an_attack_gets_through_where_its_policy_is_taken_out(
    guarded_cluster: GuardedCluster, ledger: Ledger, policy: str
) -> None:
    through = [
        attack.id
        for attack in ATTACKS
        if attack.policy == policy
        and guarded_cluster.world.create(
            altered(attacked(attack), {"metadata.namespace": without(policy)}), attack.actor, dry_run=True
        ).admitted
    ]
    ledger.mutated(f"admission policy tenant-{policy}", through)
    assert through


def test_the_namespace_changes_hands_where_its_policy_is_taken_out(
    guarded_cluster: GuardedCluster, ledger: Ledger
) -> None:
    """Its binding is to the label of a tenant, so the same change is admitted in a namespace that has none."""
    world = guarded_cluster.world
    found = world.get(namespace(without("namespaces-of-tenants"), labelled=False))
    assert found is not None
    assert "platform.internal/tenant" not in found["metadata"].get("labels", {})
    changed = altered(
        {"apiVersion": "v1", "kind": "Namespace", **found},
        {"metadata.labels.pod-security\\.kubernetes\\.io/enforce": "privileged"},
    )
    admitted = world.replace(changed, OWNER, dry_run=True).admitted
    ledger.mutated(
        "admission policy tenant-namespaces-of-tenants", ["its namespace, without Pod Security"] if admitted else []
    )
    assert admitted
    assert not world.delete(namespace(TENANT, labelled=True), OWNER, dry_run=True).admitted
