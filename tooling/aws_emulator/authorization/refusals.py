"""AWS' refusals, in the code, words and shape that its clients read.

Source: IAM user guide, "Troubleshoot access denied error messages"; S3 API reference, "Error responses"; common errors
of each service's API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from tooling.aws_emulator.refusals import CODE as NOT_MODELLED
from tooling.aws_emulator.refusals import Refusal

_XML = "application/xml"


def unknown_key(environ: Mapping[str, Any], service: str) -> Refusal:
    if service == "s3":
        return answer(
            environ,
            service,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
        )
    if service == "ec2":
        return answer(
            environ, service, "AuthFailure", "AWS was not able to validate the provided access credentials", 401
        )
    code = "InvalidClientTokenId" if _is_query(environ) else "UnrecognizedClientException"
    return answer(environ, service, code, "The security token included in the request is invalid.", 403)


def expired(environ: Mapping[str, Any], service: str) -> Refusal:
    if service == "s3":
        return answer(environ, service, "ExpiredToken", "The provided token has expired.", 400)
    code = "ExpiredToken" if _is_query(environ) else "ExpiredTokenException"
    return answer(environ, service, code, "The security token included in the request is expired", 403)


def not_signed(environ: Mapping[str, Any], service: str, why: str) -> Refusal:
    code = "MissingAuthenticationToken" if _is_query(environ) else "MissingAuthenticationTokenException"
    return answer(environ, service, code, f"Missing Authentication Token: {why}", 403)


def denied(environ: Mapping[str, Any], service: str, *, who: str, action: str, resource: str, reason: str) -> Refusal:
    """`who` is an ARN, or empty for a caller without credentials; `reason` as `Decision.reason` says it."""
    if not who:
        return answer(environ, service, "AccessDenied", "Access Denied", 403)
    place = f'"{resource}"' if service == "s3" else resource
    message = f"User: {who} is not authorized to perform: {action} on resource: {place} {reason}"
    if service == "ec2":
        message = f"You are not authorized to perform this operation. {message}"
        return answer(environ, service, "UnauthorizedOperation", message, 403)
    code = "AccessDenied" if service == "s3" or _is_query(environ) else "AccessDeniedException"
    # JSON services answer 400 where REST and Query ones answer 403.
    return answer(environ, service, code, message, 400 if "HTTP_X_AMZ_TARGET" in environ else 403)


def not_modelled(environ: Mapping[str, Any], service: str, why: str) -> Refusal:
    return answer(environ, service, NOT_MODELLED, f"the local lane cannot say whether this is allowed: {why}", 501)


def answer(environ: Mapping[str, Any], service: str, code: str, message: str, status: int) -> Refusal:
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        kind = _XML
    elif service == "ec2":
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors></Response>"
        kind = "text/xml"
    elif _is_query(environ):
        error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
        body = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        kind = "text/xml"
    else:
        body = json.dumps({"__type": code, "message": message})
        kind = "application/x-amz-json-1.1" if "HTTP_X_AMZ_TARGET" in environ else "application/json"
    encoded = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode("utf-8")
    return {
        "body": encoded,
        "status": f"{status} {_REASONS[status]}",
        "headers": [("Content-Type", kind), ("x-amzn-ErrorType", code)],
    }


_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 501: "Not Implemented"}


def _is_query(environ: Mapping[str, Any]) -> bool:
    if "HTTP_X_AMZ_TARGET" in environ:
        return False
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return form or "Action=" in environ.get("QUERY_STRING", "")
