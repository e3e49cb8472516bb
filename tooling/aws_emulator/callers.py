"""Who an access key belongs to: a role session, an IAM user, or the account itself.

A key that the account did not issue is the operator's, see `authorization.operators`: the account's root user. Shared
by EKS (who created a cluster) and by the token webhook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends

_ACCESS_KEY = re.compile(r"Credential=([^/,\s]+)/")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`arn` is what an EKS access entry names: the role, not the session; the user; or the account's root."""

    arn: str
    account: str
    principal_id: str
    session_name: str = ""
    """Empty unless it is a role's session."""
    session_arn: str = ""
    session: AssumedRole | None = None
    secret_key: str = ""
    """Empty if the key was not issued by this account: the operator's."""


_current: ContextVar[Caller] = ContextVar("caller")


def caller_of(access_key: str) -> Caller:
    """Whoever the key was issued to, else the account's root user. The state lock must be held."""
    return issued_to(access_key) or root_of(DEFAULT_ACCOUNT_ID)


def issued_to(access_key: str) -> Caller | None:
    """The session or user that the key was issued to; None if it was not. The state lock must be held."""
    for account_id in list(sts_backends):
        for sts in list(sts_backends[account_id].values()):
            session = sts.get_assumed_role_from_access_key(access_key)
            if session is not None:
                return Caller(
                    arn=session.role_arn,
                    account=account_id,
                    principal_id=session.user_id,
                    session_name=session.session_name,
                    session_arn=session.arn,
                    session=session,
                    secret_key=session.secret_access_key,
                )
    for account_id in list(iam_backends):
        for iam in list(iam_backends[account_id].values()):
            user = iam.get_user_from_access_key_id(access_key)
            if user is not None:
                key = next(key for key in user.access_keys if key.access_key_id == access_key)
                if key.status == "Active":
                    return Caller(
                        arn=user.arn, account=account_id, principal_id=user.id, secret_key=key.secret_access_key
                    )
    return None


def account_of(access_key: str) -> str:
    """The account that issued a key, or the default one. As moto's own function, which on every request looks into each
    of AWS' partitions and thereby makes an IAM, with 1,500 managed policies, in each."""
    for account_id, partitions in list(iam_backends.items()):
        if any(access_key in iam.access_keys for iam in list(partitions.values())):
            return account_id
    return DEFAULT_ACCOUNT_ID


def root_of(account: str) -> Caller:
    return Caller(arn=f"arn:aws:iam::{account}:root", account=account, principal_id=account)


def access_key_in(authorization: str) -> str:
    """The key of an `Authorization` header, or an empty string."""
    match = _ACCESS_KEY.search(authorization)
    return match[1] if match else ""


@contextmanager
def serving(caller: Caller) -> Iterator[None]:
    """Within it, `current_caller` answers `caller`."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)


def current_caller() -> Caller:
    return _current.get()
