"""Permissions of the tenant's owners and viewers in its namespaces. Those of developers are in `deployers.py`.

Both exist only if the tenant's file names somebody. What owners write, tier 2's admission policies limit to the
namespace: network policies that select its own pods, and bindings of its own service accounts.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from deployers import READ, RULES, WRITE, AccessArgs, Rules, bind_people, policy_rules

from shared.iam_identity import replaced_with
from shared.kubernetes_labels import DEPLOYERS_GROUP, people_group

OWNER_RULES: Rules = (
    *RULES,
    ("networking.k8s.io", ("networkpolicies",), WRITE),
    # The API server refuses a Role with more permissions than its author has.
    ("rbac.authorization.k8s.io", ("roles", "rolebindings"), WRITE),
)

_SECRET = ("secrets",)
_UNREADABLE = ("deployments/scale", "statefulsets/scale")
"""Subresources of which the objects themselves show everything."""

VIEWER_RULES: Rules = tuple(
    (group, readable, READ)
    for group, resources, _ in RULES
    if (readable := tuple(one for one in resources if one not in (*_SECRET, *_UNREADABLE)))
)


class People(pulumi.ComponentResource):
    role_arns: dict[str, pulumi.Output[str]]
    """IAM role by role; known once its access entry and role bindings exist."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:People", name, {}, opts)
        self._args = args
        self.role_arns = {}
        for role, rules in (("owners", OWNER_RULES), ("viewers", VIEWER_RULES)):
            if getattr(args.context.tenant.people, role).any:
                self._grant(role, rules)
        self.register_outputs({})

    def _grant(self, role: str, rules: Rules) -> None:
        args, tenant = self._args, self._args.context.tenant
        group, iam_role = people_group(tenant.name, role), args.roles.people.get(role)
        bindings = [
            bind_people(
                role,
                logical=logical,
                context=args.context,
                namespace=namespace,
                rules=policy_rules(rules),
                groups=[*([group] if iam_role else []), *getattr(tenant.people, role).groups],
                parent=self,
            )
            for logical, namespace in zip(tenant.namespaces, args.namespaces, strict=True)
        ]
        if iam_role is None:
            return
        entry = aws.eks.AccessEntry(
            role,
            cluster_name=args.cluster_name,
            principal_arn=iam_role.arn,
            kubernetes_groups=[group, DEPLOYERS_GROUP],
            tags=args.context.tags(args.context.named(role)),
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(parent=self, depends_on=bindings), replaced_with(iam_role)
            ),
        )
        self.role_arns[role] = entry.principal_arn
