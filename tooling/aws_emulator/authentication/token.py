"""Reads and verifies an EKS token: a presigned URL of STS' GetCallerIdentity, in base64.

The same checks as the control plane's (https://github.com/kubernetes-sigs/aws-iam-authenticator, pkg/token), except
that STS is asked in process. The URL carries only the *name* of the header that binds a token to its cluster; its value
is proved by the signature, which can be verified for every key that the emulated account issued, and the operator's.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
VALIDITY = datetime.timedelta(minutes=15)

_LONGEST = 16384
_STS_HOST = re.compile(r"sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?|127\.0\.0\.1(:\d+)?|localhost(:\d+)?")
_PARAMETERS = frozenset(
    {
        "action",
        "version",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    }
)


class TokenRefused(Exception):
    """Why, in words that may be shown to the token's holder."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A well-formed token. `parameters` are the URL's, names in lower case."""

    url: str
    parameters: dict[str, str]

    @property
    def access_key(self) -> str:
        return self.parameters["x-amz-credential"].split("/")[0]

    @property
    def session_token(self) -> str:
        return self.parameters.get("x-amz-security-token", "")


def parse(text: str, *, now: datetime.datetime) -> Token:
    """Raises TokenRefused unless it is a token of the right form, bound to a cluster, and valid at `now` (UTC)."""
    if not text.startswith(PREFIX):
        raise TokenRefused(f"token is missing expected {PREFIX!r} prefix")
    if len(text) > _LONGEST:
        raise TokenRefused("token is too large")
    try:
        encoded = text.removeprefix(PREFIX)
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii")
        parts = urlsplit(url)
        pairs = [(name.lower(), value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("token does not hold a URL") from error
    if parts.scheme not in ("http", "https") or not _STS_HOST.fullmatch(parts.netloc) or parts.path not in ("", "/"):
        raise TokenRefused("token's URL is not one of STS")
    if parts.scheme == "http" and "amazonaws" in parts.netloc:
        raise TokenRefused("token's URL is not https")
    parameters = dict(pairs)
    if len(parameters) != len(pairs) or not set(parameters) <= _PARAMETERS:
        raise TokenRefused("token's URL has parameters that do not belong there, or one twice")
    if parameters.get("action") != "GetCallerIdentity":
        raise TokenRefused("token's URL does not ask for GetCallerIdentity")
    if CLUSTER_HEADER not in parameters.get("x-amz-signedheaders", "").split(";"):
        raise TokenRefused(f"token is bound to no cluster: {CLUSTER_HEADER} is not signed")
    if parameters.get("x-amz-credential", "").count("/") != 4 or not parameters.get("x-amz-signature"):
        raise TokenRefused("token's URL is not signed")
    _check_time(parameters, now)
    return Token(url=url, parameters=parameters)


def signed_with(token: Token, *, secret_key: str, cluster: str) -> bool:
    """Whether the holder of `secret_key` signed this token for `cluster`."""
    _key, _date, region, service, _ = token.parameters["x-amz-credential"].split("/")
    unsigned = re.sub(r"&?X-Amz-Signature=[^&]*", "", token.url, flags=re.IGNORECASE)
    request = AWSRequest(method="GET", url=unsigned, headers={CLUSTER_HEADER: cluster})
    request.context["timestamp"] = token.parameters["x-amz-date"]
    signer = SigV4QueryAuth(Credentials(token.access_key, secret_key), service, region)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    return hmac.compare_digest(signature, token.parameters["x-amz-signature"])


def _check_time(parameters: dict[str, str], now: datetime.datetime) -> None:
    try:
        signed_at = datetime.datetime.strptime(parameters["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        expires = int(parameters["x-amz-expires"])
    except (KeyError, ValueError) as error:
        raise TokenRefused("token's URL does not say when it was signed and how long it holds") from error
    if not 0 <= expires <= VALIDITY.total_seconds():
        raise TokenRefused("token's X-Amz-Expires is not between 0 and 900 seconds")
    if now > signed_at + VALIDITY:
        raise TokenRefused(f"token has expired: it was signed at {signed_at:%H:%M:%S}")
    if signed_at > now + VALIDITY:
        raise TokenRefused("token was signed in the future")
