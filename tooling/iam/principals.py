"""Who asks, and whether a `Principal` element names them.

How closely it names them matters: a bucket policy that names a role's session grants more than one that names the role.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal"; "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Kind(Enum):
    """The value is `aws:PrincipalType`; empty where AWS has none."""

    USER = "User"
    SESSION = "AssumedRole"
    ROOT = "Account"
    ANONYMOUS = "Anonymous"
    FEDERATED = ""
    """The holder of an OIDC token, before it has a session."""
    SERVICE = " "
    """An AWS service by its service principal."""


class Closeness(IntEnum):
    """How a `Principal` element names the caller."""

    NOT = 0
    ACCOUNT = 1
    """Its account, which leaves the decision to the policies of that account."""
    ROLE = 2
    """Its role, or everybody."""
    ITSELF = 3
    """Its user, session, token issuer or service."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller of a request. Use the functions below."""

    kind: Kind
    arn: str = ""
    """Of a user, session, root or OIDC provider; a service's name; empty for anonymous callers."""
    role_arn: str = ""
    """Of a session, with the role's path."""
    unique_id: str = ""
    """`AIDA…` of a user, `AROA…` of a session's role; empty if it does not matter."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """Empty for callers that belong to no account."""
        return self.arn.split(":")[4] if self.kind in (Kind.USER, Kind.SESSION, Kind.ROOT) else ""

    @property
    def identity_arn(self) -> str:
        """What `aws:PrincipalArn` says: a session's role, else the caller itself."""
        return self.role_arn or self.arn

    def context(self) -> dict[str, str]:
        """Condition keys that every request of this caller has."""
        if self.kind in (Kind.FEDERATED, Kind.SERVICE):
            return {}
        keys = {"aws:PrincipalType": self.kind.value}
        if self.kind is Kind.ANONYMOUS:
            return {**keys, "aws:userid": "anonymous"}
        keys |= {"aws:PrincipalArn": self.identity_arn, "aws:PrincipalAccount": self.account}
        name = self.arn.rpartition("/")[2]
        if self.kind is Kind.ROOT:
            keys["aws:userid"] = self.account
        elif self.unique_id:
            keys["aws:userid"] = f"{self.unique_id}:{name}" if self.kind is Kind.SESSION else self.unique_id
        if self.kind is Kind.USER:
            keys["aws:username"] = name
        return {**keys, **{f"aws:PrincipalTag/{tag}": value for tag, value in self.tags.items()}}

    def named_by(self, principals: Mapping[str, tuple[str, ...]]) -> Closeness:
        """How closely a `Principal` element names this caller."""
        names = self._names()
        return max(
            (names.get((kind, name), Closeness.NOT) for kind, listed in principals.items() for name in listed),
            default=Closeness.NOT,
        )

    def exempt_from(self, principals: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether `NotPrincipal` leaves this caller out: its account, role and session have all to be listed."""
        own = {identity for identity in self._identities() if identity}
        listed = {(kind, name) for kind, names in principals.items() for name in names}
        return bool(own) and all(any((kind, name) in listed for name in names) for kind, names in own)

    def _identities(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every identity of the caller, with the ways to write it."""
        if self.kind is Kind.FEDERATED:
            return [("Federated", (self.arn,))]
        if self.kind is Kind.SERVICE:
            return [("Service", (self.arn,))]
        if self.kind is Kind.ANONYMOUS:
            return []
        account = (self.account, f"arn:{self.arn.split(':')[1]}:iam::{self.account}:root")
        identities: list[tuple[str, tuple[str, ...]]] = [("AWS", account)]
        if self.kind is Kind.USER:
            identities.append(("AWS", tuple(filter(None, (self.arn, self.unique_id)))))
        if self.kind is Kind.SESSION:
            identities.append(("AWS", tuple(filter(None, (self.role_arn, self.unique_id)))))
            identities.append(("AWS", (self.arn,)))
        return identities

    def _names(self) -> dict[tuple[str, str], Closeness]:
        everybody = {} if self.kind is Kind.SERVICE else {("AWS", "*"): Closeness.ROLE}
        closeness = {
            Kind.USER: (Closeness.ACCOUNT, Closeness.ITSELF),
            Kind.SESSION: (Closeness.ACCOUNT, Closeness.ROLE, Closeness.ITSELF),
            Kind.ROOT: (Closeness.ITSELF,),
        }.get(self.kind, (Closeness.ITSELF,))
        own = {
            (kind, name): close
            for (kind, names), close in zip(self._identities(), closeness, strict=False)
            for name in names
        }
        return {**everybody, **own}


def session_of(role_arn: str, name: str, *, unique_id: str = "", tags: Mapping[str, str] | None = None) -> Principal:
    """A session of a role: `arn:aws:sts::<account>:assumed-role/<role without its path>/<name>`."""
    fields = role_arn.split(":")
    role = role_arn.rpartition("/")[2]
    return Principal(
        kind=Kind.SESSION,
        arn=f"arn:{fields[1]}:sts::{fields[4]}:assumed-role/{role}/{name}",
        role_arn=role_arn,
        unique_id=unique_id,
        tags=dict(tags or {}),
    )


def user(arn: str, *, unique_id: str = "", tags: Mapping[str, str] | None = None) -> Principal:
    return Principal(kind=Kind.USER, arn=arn, unique_id=unique_id, tags=dict(tags or {}))


def root_of(account: str, partition: str = "aws") -> Principal:
    return Principal(kind=Kind.ROOT, arn=f"arn:{partition}:iam::{account}:root")


def federated(provider_arn: str) -> Principal:
    """The holder of a token of an OIDC provider."""
    return Principal(kind=Kind.FEDERATED, arn=provider_arn)


def service(name: str) -> Principal:
    """An AWS service, such as `pods.eks.amazonaws.com`."""
    return Principal(kind=Kind.SERVICE, arn=name)


ANONYMOUS = Principal(kind=Kind.ANONYMOUS)
