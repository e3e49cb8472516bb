"""`AssumeRoleWithWebIdentity`: the token, the account's OIDC provider, and the role's trust policy.

Source: STS API reference, AssumeRoleWithWebIdentity, errors; IAM user guide, "IAM and AWS STS condition context keys",
keys for OIDC federation.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from moto.iam.models import iam_backends

from tooling.aws_emulator.authorization.policies import parsed
from tooling.aws_emulator.authorization.services.sts import of_trust
from tooling.aws_emulator.federation.tokens import Claims, TokenExpired, TokenInvalid, verified
from tooling.iam.documents import PolicyType
from tooling.iam.evaluation import ContextValue, Policies, Request, evaluate
from tooling.iam.keys import GLOBAL
from tooling.iam.principals import federated

OPERATION = "AssumeRoleWithWebIdentity"
ACTION = f"sts:{OPERATION}"


class Denied(Exception):
    """AWS' code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def check(parameters: Mapping[str, Any], context: Mapping[str, ContextValue]) -> None:
    """Raises Denied. `context` has the request's global condition keys."""
    role, token = str(parameters.get("RoleArn", "")), str(parameters.get("WebIdentityToken", ""))
    try:
        claims = verified(token, now=datetime.datetime.now(datetime.UTC))
    except TokenExpired as error:
        raise Denied("ExpiredTokenException", str(error)) from None
    except TokenInvalid as error:
        raise Denied("InvalidIdentityToken", str(error)) from None
    provider = provider_of(role, claims)
    if provider is None:
        raise Denied("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {claims.issuer}")
    if not set(claims.audiences) & set(provider.client_id_list):
        raise Denied("InvalidIdentityToken", "Incorrect token audience")
    host = claims.issuer.partition("://")[2]
    question = of_trust(
        ACTION,
        role,
        {**_claims(host, claims), "sts:RoleSessionName": str(parameters.get("RoleSessionName", ""))},
        keys={f"{host.lower()}:"},
    )

    def known(key: str) -> bool:
        return key in GLOBAL or any(key.startswith(one) if one[-1] in "/:" else key == one for one in question.keys)

    request = Request(
        principal=federated(provider.arn),
        action=ACTION,
        resource=role,
        context={**context, "aws:FederatedProvider": provider.arn, **question.context},
        known=known,
    )
    trust = tuple(parsed(one.text, PolicyType.RESOURCE, one.name) for one in question.policies)
    if not evaluate(request, Policies(resource=trust, resource_decides=True)).allowed:
        raise Denied("AccessDenied", f"Not authorized to perform {ACTION}", 403)


def provider_of(role: str, claims: Claims) -> Any:
    """The issuer's provider in the account of the role, or None."""
    account = role.split(":")[4] if role.count(":") >= 5 else ""
    for iam in list(iam_backends[account].values()) if account in iam_backends else ():
        for provider in iam.open_id_providers.values():
            if _bare(provider.url) == _bare(claims.issuer):
                return provider
    return None


def _bare(url: str) -> str:
    return url.removeprefix("https://").rstrip("/")


def _claims(host: str, claims: Claims) -> dict[str, ContextValue]:
    """Condition keys: every claim that is a text, and the audience, which is `azp` where there is one."""
    authorized = claims.all.get("azp")
    audience: ContextValue = authorized if isinstance(authorized, str) else claims.audiences
    texts = {f"{host}:{name}": value for name, value in claims.all.items() if isinstance(value, str)}
    return {**texts, f"{host}:aud": audience}
