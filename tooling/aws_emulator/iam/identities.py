"""Unique ids of roles and users (`AROA…`, `AIDA…`), in the place of moto's ARNs.

A role that is deleted and made again has the ARN of the first one and is another principal: policies that named the
first one show its unique id from then on and let nobody in, sessions of it end, and its EKS access entries are dead.
moto 5.2.5 compares ARNs only.

Source: IAM user guide, "AWS JSON policy elements: Principal", IAM role principals; "IAM identifiers", unique
identifiers; EKS user guide, "Create access entries".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import moto.sts.models
from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse
from moto.sts.utils import random_assumed_role_id

from tooling.aws_emulator.federation.tokens import unverified
from tooling.aws_emulator.federation.web_identity import provider_of

_delete_role, _delete_user = IAMBackend.delete_role, IAMBackend.delete_user
_assume_role, _assume_with_token = TokenResponse.assume_role, TokenResponse.assume_role_with_web_identity


def install() -> None:
    IAMBackend.delete_role = _role_deleted  # type: ignore[method-assign]
    IAMBackend.delete_user = _user_deleted  # type: ignore[method-assign]
    TokenResponse.assume_role = _assumed  # type: ignore[method-assign]
    TokenResponse.assume_role_with_web_identity = _assumed_with_token  # type: ignore[method-assign]
    moto.sts.models.AssumedRole = Session  # type: ignore[misc]


class Session(AssumedRole):
    """A role's session, which belongs to the role that there was when it began."""

    policy_arns: tuple[str, ...] = ()
    """Managed policies that limit it, beside `policy`."""
    provider = ""
    """Its OIDC provider's ARN; empty for one that began with AWS credentials."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.tags: dict[str, str] = {}
        self.issued = utcnow()
        self.role_id = unique_id(self.role_arn) or f"AROA{random_assumed_role_id()}"

    @property
    def user_id(self) -> str:
        return f"{self.role_id}:{self.session_name}"


def unique_id(arn: str) -> str:
    """Of a role or user that exists now; empty for anything else."""
    for iam in _iams(arn.split(":")[4] if arn.count(":") >= 5 else ""):
        for principal in (*iam.roles.values(), *iam.users.values()):
            if principal.arn == arn:
                return principal.id
    return ""


def _iams(account: str) -> list[Any]:
    return list(iam_backends[account].values()) if account in iam_backends else []


def _role_deleted(self: IAMBackend, role_name: str) -> None:
    role = self.get_role(role_name)
    _delete_role(self, role_name)
    _forget(self.account_id, role.arn, role.id)


def _user_deleted(self: IAMBackend, user_name: str) -> None:
    user = self.get_user(user_name)
    _delete_user(self, user_name)
    _forget(self.account_id, user.arn, user.id)


def _forget(account: str, arn: str, identity: str) -> None:
    """In the policies that name principals, the ARN becomes the unique id that AWS had kept for it."""
    for iam in _iams(account):
        for role in iam.roles.values():
            role.assume_role_policy_document = _replaced(role.assume_role_policy_document, arn, identity)
    for kms in kms_backends[account].values():
        for key in kms.keys.values():
            key.policy = _replaced(key.policy, arn, identity)
    for s3 in s3_backends[account].values():
        for bucket in s3.buckets.values():
            if bucket.policy is not None:
                bucket.policy = _replaced(bucket.policy.decode(), arn, identity).encode()


def _replaced(text: str, arn: str, identity: str) -> str:
    if f'"{arn}"' not in text:
        return text
    document = json.loads(text)
    for statement in _statements(document):
        for member in ("Principal", "NotPrincipal"):
            principals = statement.get(member)
            if isinstance(principals, dict) and "AWS" in principals:
                names = principals["AWS"]
                principals["AWS"] = (
                    [identity if name == arn else name for name in names]
                    if isinstance(names, list)
                    else (identity if names == arn else names)
                )
    return json.dumps(document)


def _assumed(self: TokenResponse) -> Any:
    """What moto ignores of a request: managed session policies and tags. The trust policy was evaluated before."""
    answer: Any = _assume_role(self)
    session = answer.result["Credentials"]
    session.policy_arns = tuple(one["arn"] for one in self._get_param("PolicyArns") or ())
    session.tags = {one["Key"]: one["Value"] for one in self._get_param("Tags") or ()}
    return answer


def _assumed_with_token(self: TokenResponse) -> Any:
    """The same for a token, which was verified before."""
    answer: Any = _assume_with_token(self)
    session = answer.result["Credentials"]
    session.policy_arns = tuple(one["arn"] for one in self._get_param("PolicyArns") or ())
    claims = unverified(str(self._get_param("WebIdentityToken")))
    provider = provider_of(session.role_arn, claims)
    session.provider = provider.arn
    answer.result["AssumedRoleUser"]["AssumedRoleId"] = session.user_id
    facts = {"SubjectFromWebIdentityToken": claims.subject, "Audience": claims.audiences[0], "Provider": provider.arn}
    answer.result.update(facts)
    return answer


def _statements(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    statements = document.get("Statement") or []
    yield from [statements] if isinstance(statements, dict) else statements
