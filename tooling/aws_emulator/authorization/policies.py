"""The policies of callers and resources, as the emulated IAM and the services have them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.iam.models import iam_backends

from tooling.aws_emulator.callers import Caller
from tooling.iam.documents import PolicyType, policy
from tooling.iam.evaluation import Policies
from tooling.iam.principals import ANONYMOUS, Principal, root_of, session_of, user


@dataclass(frozen=True, kw_only=True)
class Document:
    """A policy's name and JSON text."""

    name: str
    text: str


parsed = lru_cache(maxsize=512)(policy)


def principal_of(caller: Caller | None) -> Principal:
    """None is a caller without credentials."""
    if caller is None:
        return ANONYMOUS
    if caller.session is not None:
        return session_of(
            caller.arn,
            caller.session_name,
            unique_id=caller.principal_id.split(":")[0],
            tags={**role_tags(caller.arn), **getattr(caller.session, "tags", {})},
        )
    if caller.arn.endswith(":root"):
        return root_of(caller.account)
    found = _identity(caller.arn)
    backend = _iam(caller.account)
    tags = backend.tagger.get_tag_dict_for_resource(found.name) if found is not None and backend is not None else {}
    return user(caller.arn, unique_id=caller.principal_id, tags=tags)


def policies_of(caller: Caller | None) -> Policies:
    """Identity policies, boundary and session policies; those of the resource are the request's to add."""
    if caller is None or caller.arn.endswith(":root"):
        return Policies()
    found = _identity(caller.arn)
    if found is None:
        return Policies()
    iam = _iam(caller.account)
    holders = [found]
    if caller.session is None:
        holders += iam.get_groups_for_user(found.name)
    identity = [
        parsed(text, PolicyType.IDENTITY, name)
        for holder in holders
        for name, text in [
            *((f"inline policy {name} of {holder.name}", text) for name, text in _inline(holder)),
            *((arn, _text(one)) for arn, one in holder.managed_policies.items()),
        ]
    ]
    boundary = getattr(found, "permissions_boundary_arn", None)
    session = [
        *(parsed(text, PolicyType.SESSION, "session policy") for text in _inline_of_session(caller)),
        *(parsed(text, PolicyType.SESSION, arn) for arn, text in _attached_to_session(caller)),
    ]
    return Policies(
        identity=tuple(identity),
        boundary=parsed(managed(caller.account, boundary), PolicyType.BOUNDARY, boundary) if boundary else None,
        session=tuple(session),
    )


def managed(account: str, arn: str) -> str:
    """The document of a managed policy; one that allows nothing where it does not exist."""
    iam = _iam(account)
    found = iam.managed_policies.get(arn) if iam is not None else None
    return _text(found) if found is not None else _NOTHING


_NOTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
"""A boundary that was deleted: AWS does not let that happen, so nothing is known about it."""


def role_tags(arn: str) -> dict[str, str]:
    role = _identity(arn)
    return {tag["Key"]: tag["Value"] for tag in _tag_list(role)} if role is not None else {}


def role_named(arn: str) -> Any:
    """The role with this ARN, or None."""
    fields = arn.split(":")
    return _identity(arn) if len(fields) == 6 and fields[5].startswith("role/") else None


def _tag_list(holder: Any) -> list[dict[str, str]]:
    tags = getattr(holder, "tags", None) or {}
    return list(tags.values()) if isinstance(tags, dict) else list(tags)


def _identity(arn: str) -> Any:
    iam = _iam(arn.split(":")[4])
    if iam is None:
        return None
    return next((one for one in (*iam.roles.values(), *iam.users.values()) if one.arn == arn), None)


def _iam(account: str) -> Any:
    """None rather than a new account."""
    return next(iter(iam_backends[account].values()), None) if account in iam_backends else None


def _inline(holder: Any) -> list[tuple[str, str]]:
    policies = holder.policies
    return list(policies.items()) if isinstance(policies, dict) else []


def _text(managed_policy: Any) -> str:
    versions = managed_policy.versions
    return next(one.document for one in versions if one.version_id == managed_policy.default_version_id)


def _inline_of_session(caller: Caller) -> list[str]:
    return [caller.session.policy] if caller.session is not None and caller.session.policy else []


def _attached_to_session(caller: Caller) -> list[tuple[str, str]]:
    arns: tuple[str, ...] = getattr(caller.session, "policy_arns", ())
    return [(arn, managed(caller.account, arn)) for arn in arns]
