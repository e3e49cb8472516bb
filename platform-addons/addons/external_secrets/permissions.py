"""What the External Secrets Operator may do in every namespace: rules, nothing registered. In AWS it may do nothing."""

from __future__ import annotations

from pulumi_kubernetes.rbac import v1 as rbac

from shared.external_secrets import ADDON, API_GROUP
from shared.rbac import rule

NAME = NAMESPACE = ADDON


def cluster_rules() -> list[rbac.PolicyRuleArgs]:
    """It reads what it has to react to. What it writes, tier 3 lets it write, in namespaces of tenants.

    Far narrower than the chart's ClusterRole, which writes Secrets and makes tokens of every account everywhere.

    Source: external-secrets v1.3.2, deploy/charts/external-secrets/templates/rbac.yaml, and what
    pkg/controllers/externalsecret/externalsecret_controller.go calls.
    """
    return [
        rule(API_GROUP, ("externalsecrets", "secretstores")),
        # Its finalizer comes off at the end of a namespace too, when the rights that tier 3 gave are gone.
        rule(API_GROUP, ("externalsecrets",), ("patch",)),
        rule(f"generators.{API_GROUP}", ("generatorstates",)),
        rule("", ("serviceaccounts",)),
        # It asks for metadata alone, which RBAC cannot tell from the rest. No `get`.
        rule("", ("secrets",), ("list", "watch")),
    ]
