"""Reads and verifies OIDC tokens: form, signature, issuer and time. Who may use one is decided elsewhere.

Source: RFC 7519; IAM user guide, "Create an OpenID Connect (OIDC) identity provider in IAM".
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from tooling.aws_emulator.federation.issuers import ISSUERS

_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
"""What IAM accepts. Not `none`, and no shared secret."""


class TokenInvalid(Exception):
    """Why, in words that its holder may read."""


class TokenExpired(TokenInvalid):
    pass


@dataclass(frozen=True, kw_only=True)
class Claims:
    issuer: str
    subject: str
    audiences: tuple[str, ...]
    all: dict[str, Any]


def unverified(token: str) -> Claims:
    """Raises TokenInvalid: it is no JWT, or one of its claims is missing."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        return Claims(
            issuer=_text(claims["iss"]),
            subject=_text(claims["sub"]),
            audiences=tuple(_text(one) for one in audiences),
            all=claims,
        )
    except (ValueError, binascii.Error, KeyError, TypeError):
        raise TokenInvalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from None


def verified(token: str, *, now: datetime.datetime) -> Claims:
    """The claims of a token that its issuer signed and that is valid at `now` (with zone).

    Raises:
        TokenInvalid: or TokenExpired.
    """
    claims = unverified(token)
    if not _signed(token, claims.issuer):
        # The API server may have another key since its cluster was made anew.
        ISSUERS.forget()
        if not _signed(token, claims.issuer):
            raise TokenInvalid("The signature of the token is not one of its issuer")
    _check_time(claims, now)
    return claims


def _signed(token: str, issuer: str) -> bool:
    keys = ISSUERS.keys(issuer)
    if keys is None:
        raise TokenInvalid(
            "Couldn't retrieve verification key from your identity provider, please reference "
            "AssumeRoleWithWebIdentity documentation for requirements"
        )
    try:
        jwt.decode(token, keys, algorithms=_ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return True


def _check_time(claims: Claims, now: datetime.datetime) -> None:
    expires, issued, earliest = (claims.all.get(name) for name in ("exp", "iat", "nbf"))
    for moment in (expires, issued):
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise TokenInvalid("The token has no time of issue or no end")
    seconds = now.timestamp()
    if seconds >= float(expires or 0):
        raise TokenExpired(
            f"Token expired: current date/time {int(seconds)} must be before the expiration date/time "
            f"{int(float(expires or 0))}"
        )
    if seconds < max(float(issued or 0), float(earliest or 0)):
        raise TokenInvalid("The token is not valid yet")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
