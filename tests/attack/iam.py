"""Roles as the programs register them, and what they may do as AWS evaluates it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.testing import Run
from tooling.iam.documents import Policy, PolicyType, policy
from tooling.iam.evaluation import Decision, Policies, Request, evaluate
from tooling.iam.principals import Principal, federated, session_of

ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ACCOUNT = "123456789012"
EVERYTHING: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True, kw_only=True)
class Role:
    arn: str
    trust: dict[str, Any]
    identity: tuple[dict[str, Any], ...] = ()
    boundary: dict[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    def decision(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> Decision:
        """Of a request by a session of the role."""
        request = Request(
            principal=session_of(self.arn, "attacker"),
            action=action,
            resource=resource,
            context=dict(context or {}),
            resource_account=ACCOUNT,
            # A key that is not in the request is absent: these are requests as written.
            known=lambda _key: True,
        )
        boundary = policy(self.boundary, PolicyType.BOUNDARY, "boundary") if self.boundary else None
        return evaluate(request, Policies(identity=self._identity(), boundary=boundary))

    def may(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
        return self.decision(action, resource, context).allowed

    def trusts(self, caller: Principal, action: str, claims: Mapping[str, str]) -> bool:
        """Whether the role's trust policy alone lets the caller in."""
        request = Request(
            principal=caller, action=action, resource=self.arn, context=dict(claims), known=lambda _key: True
        )
        trust = policy(self.trust, PolicyType.RESOURCE, "trust")
        return evaluate(request, Policies(resource=(trust,), resource_decides=True)).allowed

    def with_everything(self) -> Role:
        """As if somebody had attached a policy that allows everything: the boundary alone is left."""
        return replace(self, identity=(EVERYTHING,))

    def _identity(self) -> tuple[Policy, ...]:
        return tuple(policy(one, PolicyType.IDENTITY, f"policy {index}") for index, one in enumerate(self.identity))


def roles_of(run: Run, boundary: dict[str, Any] | None = None) -> dict[str, Role]:
    """By ARN."""
    found = {}
    for role in run.registered(ROLE):
        name = role.inputs["name"]
        arn = f"arn:aws:iam::{ACCOUNT}:role{role.inputs.get('path') or '/'}{name}"
        found[arn] = Role(
            arn=arn,
            trust=json.loads(role.inputs["assumeRolePolicy"]),
            identity=tuple(
                json.loads(one.inputs["policy"]) for one in run.registered(ROLE_POLICY) if one.inputs["role"] == name
            ),
            boundary=boundary,
        )
    return found


def provider(issuer: str, account: str = ACCOUNT) -> Principal:
    return federated(f"arn:aws:iam::{account}:oidc-provider/{issuer}")
