"""What no IAM document of ours may say. Each rule returns what is wrong, empty where nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shared.iam import PLATFORM_PATH

Statement = dict[str, Any]

WHOLE_ACCOUNT = frozenset({"Account", "DenyPlainHttp"})
"""Statements with all actions of a service: the key policy's delegation to the account, and a denial."""

ANY_RESOURCE = frozenset({"FindGroup"})
"""Statements over all resources: actions that AWS takes no narrower resource for."""


def wrong_with_trust(statement: Statement) -> Iterator[str]:
    """Who is trusted is named: an exact provider, subject and audience; a service; or roles and accounts by ARN."""
    kinds = statement["Principal"]
    if not isinstance(kinds, dict):
        yield "trusts everybody"
        return
    for arn in _listed(kinds.get("AWS", [])):
        if not re.fullmatch(r"arn:aws[-a-z]*:iam::\d{12}:(root|role/[^*]+|user/[^*]+)", arn):
            yield f"trusts {arn}, which is no role, user or account of one name"
    for service in _listed(kinds.get("Service", [])):
        if not re.fullmatch(r"[-a-z0-9.]+\.amazonaws\.com(\.cn)?", service):
            yield f"trusts {service}, which is no service of AWS"
    if "Federated" in kinds:
        yield from _wrong_with_federation(statement)


def _wrong_with_federation(statement: Statement) -> Iterator[str]:
    provider = statement["Principal"]["Federated"]
    found = re.fullmatch(r"arn:aws[-a-z]*:iam::\d{12}:oidc-provider/([^*]+)", str(provider))
    if found is None:
        yield f"trusts {provider}, which is not one OIDC provider"
        return
    if statement["Action"] != "sts:AssumeRoleWithWebIdentity":
        yield "lets a token do more than assume the role"
    equal = statement.get("Condition", {}).get("StringEquals", {})
    issuer = found[1]
    if equal.get(f"{issuer}:aud") != "sts.amazonaws.com":
        yield "does not compare the audience with sts.amazonaws.com"
    subjects = _listed(equal.get(f"{issuer}:sub", []))
    if not subjects or any("*" in subject or "?" in subject for subject in subjects):
        yield "does not compare the whole subject"
    if set(statement.get("Condition", {})) != {"StringEquals"}:
        yield "has a condition beside StringEquals, which may match more than one subject"


def wrong_with_permission(statement: Statement, kind: str) -> Iterator[str]:
    """What is allowed is named: no action by wildcard alone, no resource without end."""
    sid = statement.get("Sid", "")
    if not sid:
        yield "has no Sid"
    if {"NotAction", "NotResource", "NotPrincipal"} & statement.keys():
        yield "says what is not, instead of what is"
    if statement["Effect"] == "Deny":
        return
    yield from _unnamed_roles(statement)
    for action in _listed(statement["Action"]):
        if re.fullmatch(r"\*|[a-z0-9-]+:\*", action) and sid not in WHOLE_ACCOUNT:
            yield f"allows {action}"
    limited = bool(statement.get("Condition")) or sid in ANY_RESOURCE
    # The resource of a key's or bucket's own policy is that key or bucket.
    if "*" in _listed(statement.get("Resource", [])) and kind == "identity" and not limited and not _reads(statement):
        yield "allows it on everything"
    if kind == "resource" and statement.get("Principal") == "*":
        yield "allows it to everybody"


def _unnamed_roles(statement: Statement) -> Iterator[str]:
    """Roles to assume or to pass are named, or known by the platform's path: a name is anybody's to choose."""
    if not {"sts:AssumeRole", "sts:TagSession", "iam:PassRole"} & set(_listed(statement["Action"])):
        return
    for arn in _listed(statement.get("Resource", [])):
        named = re.fullmatch(r"arn:aws[-a-z]*:iam::\d{12}:role/[^*?]+", arn)
        below = re.fullmatch(rf"arn:aws[-a-z]*:iam::\d{{12}}:role{re.escape(PLATFORM_PATH)}[^*?]+/\*", arn)
        if named is None and below is None:
            yield f"reaches roles of others: {arn}"


def _reads(statement: Statement) -> bool:
    """Looking at things mostly takes no narrower resource."""
    return all(re.match(r"[a-z0-9-]+:(Describe|Get|List)", action) for action in _listed(statement["Action"]))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
