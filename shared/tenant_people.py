"""Who works for a tenant, by role. What each role may do in the cluster is in tenants/people.py and deployers.py.

A principal is an IAM role or user: it assumes an IAM role of the tenant, which has an access entry. EKS allows one
access entry per principal, so principals do not get entries of their own: one person may work for two tenants. A group
is a Kubernetes group, as an OpenID Connect provider of the cluster assigns it, and is bound directly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.tenant_quota import Part

_PRINCIPAL = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]{1,512}", re.ASCII)
_GROUP = re.compile(r"[A-Za-z0-9][\w.:@/-]{0,127}", re.ASCII)
_TAKEN_GROUPS = ("system:", "eks:", "platform:", "tenant:")
"""Prefixes of the groups of Kubernetes, of EKS, and of the platform's own access entries."""


def _principal(value: str) -> str:
    if not _PRINCIPAL.fullmatch(value):
        raise ValueError(f"{value!r} is not the ARN of an IAM role or user")
    return value


def _group(value: str) -> str:
    if not _GROUP.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a group such as oidc:checkout-developers")
    if value.lower().startswith(_TAKEN_GROUPS):
        raise ValueError(f"{value!r} begins with {value.split(':')[0]}:, which is reserved")
    return value


Principal = Annotated[str, AfterValidator(_principal)]


class Principals(Part):
    principals: tuple[Principal, ...] = Field(
        default=(), max_length=20, description="ARNs of IAM roles and users, of the account or one that it trusts."
    )


class Members(Principals):
    groups: tuple[Annotated[str, AfterValidator(_group)], ...] = Field(
        default=(), max_length=20, description="Kubernetes groups, as an OpenID Connect provider assigns them."
    )

    @property
    def any(self) -> bool:
        return bool(self.principals or self.groups)


class People(Part):
    """By role; a role without members is not created, except for the deployer role of the developers."""

    owners: Members = Field(
        default_factory=Members,
        description="As developers; they also write network policies, Roles and RoleBindings inside the namespaces.",
    )
    developers: Members = Field(
        default_factory=Members,
        description="May assume the deployer role: they write the objects of applications, and read their guardrails.",
    )
    viewers: Members = Field(
        default_factory=Members, description="Read what developers write, except Secrets; they change nothing."
    )
    ci: Principals = Field(
        default_factory=Principals,
        description="May assume the CI role, besides the pipelines: for build systems outside GitHub.",
    )

    def principals(self) -> Iterator[tuple[str, int, str]]:
        """Role, index and ARN of each."""
        for role in type(self).model_fields:
            for index, arn in enumerate(getattr(self, role).principals):
                yield role, index, arn
