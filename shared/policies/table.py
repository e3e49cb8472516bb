"""All rules, by the ID that exemptions and messages use."""

from __future__ import annotations

from shared.policies import boundaries, cluster, identity, storage, tags, tenancy
from shared.policies.rule import Facts

RULES = (*boundaries.RULES, *tenancy.RULES, *tags.RULES, *cluster.RULES, *storage.RULES, *identity.RULES)
STACK_RULES = storage.STACK_RULES

BY_ID: dict[str, Facts] = {rule.id: rule for rule in (*RULES, *STACK_RULES)}
