"""What a request asks for: service, operation and parameters, by moto's own reading and botocore's service models.

A request that moto might read in another way than the model does is refused, since IAM would be asked about one
operation and moto would perform another.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.responses import BaseResponse
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>[^/,\s]+)/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/"
    r"aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[^,\s]+)"
)
_CREDENTIAL = re.compile(r"(?P<key>[^/\s]+)/(?P<date>[^/\s]+)/(?P<region>[^/\s]+)/(?P<service>[^/\s]+)/aws4_request")
_UNSIGNED = "AssumeRoleWithWebIdentity"
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")

MODELLED = frozenset({"ecr", "eks", "eks-auth", "iam", "kms", "logs", "s3", "secretsmanager", "sts"})
"""Signing names of services whose requests are read by their model. Others: the action's name only."""

_BY_PATH = frozenset({"eks", "eks-auth"})

_SUBRESOURCES = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "tagging",
        "torrent",
        "uploads",
        "versioning",
        "versions",
        "website",
    }
)


class Unreadable(Exception):
    """Why a request cannot be read with certainty."""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What a request is signed with. `token` is the session's, empty for long-lived keys."""

    access_key: str
    region: str
    service: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """`operation` is empty for a service that is not modelled here and whose protocol does not name it."""

    service: str
    region: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


def credential_of(environ: Mapping[str, Any]) -> Credential | None:
    """None for a request that is not signed. Raises Unreadable."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    header = environ.get("HTTP_AUTHORIZATION", "")
    presigned = query.get("X-Amz-Credential", [])
    if header and presigned:
        raise Unreadable("the request is signed twice")
    if header:
        found = _AUTHORIZATION.fullmatch(header)
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    elif presigned:
        found = _CREDENTIAL.fullmatch(presigned[0]) if len(presigned) == 1 else None
        token = (query.get("X-Amz-Security-Token") or [""])[0]
    else:
        return None
    if found is None:
        raise Unreadable("the signature is not of version 4")
    return Credential(access_key=found["key"], region=found["region"], service=found["service"].lower(), token=token)


def named_action(environ: Mapping[str, Any], body: bytes) -> str:
    """The action that form or query name, as the services of the Query protocol have it."""
    form = parse_qs(body.decode("utf-8", "replace")) if _is_form(environ) else {}
    query = parse_qs(environ.get("QUERY_STRING", ""))
    return (form.get("Action") or query.get("Action") or [""])[0]


def call_of(environ: Mapping[str, Any], body: bytes, credential: Credential | None) -> Call:
    """Raises Unreadable."""
    headers = _headers(environ)
    service, region = (credential.service, credential.region) if credential else ("s3", "us-east-1")
    if credential is None:
        action = named_action(environ, body)
        if action == _UNSIGNED:
            service = "sts"
        elif action or "x-amz-target" in headers:
            raise Unreadable("the request is not signed")
    if "action" in headers:
        raise Unreadable("the request has a header that names an action")
    request = Request({**environ, "wsgi.input": io.BytesIO(body)})
    if service == "s3":
        return _s3(request, region, headers)
    named = _Reading(service_name=service).named(request)
    if service not in MODELLED:
        return Call(service=service, region=region, operation=named, headers=headers)
    try:
        operation, path_parameters = get_service_router(service).match(request)
    except (NotFound, NotImplementedError, AssertionError):
        raise Unreadable("the request is none of the service's operations") from None
    if named != ("" if service in _BY_PATH else operation.name):
        raise Unreadable(f"the request names both {operation.name} and {named or 'nothing'}")
    return Call(
        service=service,
        region=region,
        operation=operation.name,
        parameters=_parsed(request, service, operation, path_parameters),
        headers=headers,
    )


def _s3(request: Request, region: str, headers: Mapping[str, str]) -> Call:
    if not _LOOPBACK.fullmatch(request.host):
        raise Unreadable("the local lane reads buckets from the path, not from the host")
    flags = sorted(_SUBRESOURCES & set(request.args))
    if len(flags) > 1 or "//" in request.raw_path.split("?", 1)[0][:2]:
        raise Unreadable(f"the request names several subresources: {', '.join(flags)}")
    if request.method == "POST" and request.form:
        raise Unreadable("the local lane does not model uploads by HTML form")
    try:
        operation, path_parameters = get_service_router("s3").match(request)
    except NotFound:
        raise Unreadable("the request is none of S3's operations") from None
    return Call(
        service="s3",
        region=region,
        operation=operation.name,
        parameters=_parsed(request, "s3", operation, path_parameters),
        headers=headers,
    )


def _parsed(request: Request, service: str, operation: Any, path_parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    parser = PROTOCOL_PARSERS[determine_request_protocol(get_service_model(service), request.content_type)]
    try:
        return parser(operation, map_type=dict).parse(  # type: ignore[arg-type]
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": path_parameters,
            }
        )
    except Exception as error:
        raise Unreadable(f"the request's parameters cannot be read: {type(error).__name__}") from error


class _Reading(BaseResponse):
    """moto's own reading of a request."""

    def _get_action_from_method_and_request_uri(self, request: Request) -> str:
        return ""

    def named(self, request: Request) -> str:
        """The operation that moto takes from form, query, body or headers; empty: it goes by method and path."""
        self.setup_class(request, request.url, request.headers)
        return self._get_action()


def _is_form(environ: Mapping[str, Any]) -> bool:
    return environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
