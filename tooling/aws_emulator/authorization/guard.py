"""Refuses what AWS would: keys that were not issued, expired sessions, and requests that policies do not allow."""

from __future__ import annotations

import datetime
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.utils import utcnow

from tooling.aws_emulator.authorization import refusals, s3, services
from tooling.aws_emulator.authorization.operators import OPERATORS
from tooling.aws_emulator.authorization.policies import parsed, policies_of, principal_of
from tooling.aws_emulator.authorization.questions import NotModelled, Place, Question
from tooling.aws_emulator.authorization.reading import (
    Call,
    Credential,
    Unreadable,
    call_of,
    credential_of,
    named_action,
)
from tooling.aws_emulator.callers import Caller, issued_to
from tooling.aws_emulator.federation import web_identity
from tooling.aws_emulator.iam.identities import unique_id
from tooling.aws_emulator.refusals import Refusal
from tooling.iam.documents import PolicyType
from tooling.iam.errors import NotEvaluable
from tooling.iam.evaluation import ContextValue, Policies, Request, evaluate, mentioned
from tooling.iam.keys import GLOBAL
from tooling.iam.principals import ANONYMOUS, Kind, Principal

_OWN_PATHS = ("/moto-api", "/favicon.ico")
"""The emulator's own API, for the operator and for tests."""

_ALWAYS = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
"""Allowed whatever policies say."""


def refusal_of(environ: Mapping[str, Any], body: bytes) -> Refusal | None:
    """None if the request is allowed. The state lock must be held."""
    if environ["PATH_INFO"].startswith(_OWN_PATHS):
        return None
    try:
        credential = credential_of(environ)
    except Unreadable as error:
        return refusals.not_signed(environ, "", str(error))
    if named_action(environ, body) == web_identity.OPERATION:
        # The token decides, whoever signs the request.
        return _of_web_identity(environ, body)
    if credential is not None and credential.access_key in OPERATORS.secrets:
        return None
    caller: Caller | None = None
    if credential is not None:
        caller = issued_to(credential.access_key)
        if caller is None or not _holds(caller, credential):
            return refusals.unknown_key(environ, credential.service)
        if caller.session is not None and caller.session.expiration < utcnow():
            return refusals.expired(environ, credential.service)
    service = credential.service if credential is not None else "s3"
    if "HTTP_X_MOTO_ACCOUNT_ID" in environ:
        return refusals.not_signed(environ, service, "only the lane's operator chooses the account")
    try:
        call = call_of(environ, body, credential)
        if (call.service, call.operation) in _ALWAYS:
            return None
        return _decision(environ, call, caller)
    except Unreadable as error:
        return (
            refusals.not_signed(environ, service, str(error))
            if caller is None
            else refusals.not_modelled(environ, service, str(error))
        )
    except (NotModelled, NotEvaluable) as error:
        return refusals.not_modelled(environ, service, getattr(error, "what", str(error)))


def _of_web_identity(environ: Mapping[str, Any], body: bytes) -> Refusal | None:
    try:
        call = call_of(environ, body, None)
        web_identity.check(call.parameters, _context(environ, call, None, ANONYMOUS))
    except Unreadable as error:
        return refusals.not_signed(environ, "sts", str(error))
    except NotEvaluable as error:
        return refusals.not_modelled(environ, "sts", error.what)
    except web_identity.Denied as denied:
        return refusals.answer(environ, "sts", denied.code, denied.message, denied.status)
    return None


def _holds(caller: Caller, credential: Credential) -> bool:
    """Whether the session token belongs to the key, and the role is still the one that was assumed."""
    if caller.session is None:
        return not credential.token
    if not hmac.compare_digest(caller.session.session_token, credential.token):
        return False
    role = unique_id(caller.arn)
    return not role or role == caller.principal_id.split(":")[0]


def _decision(environ: Mapping[str, Any], call: Call, caller: Caller | None) -> Refusal | None:
    principal, own = principal_of(caller), policies_of(caller)
    place = Place(account=principal.account, region=call.region)
    common = _context(environ, call, caller, principal)
    for question in _questions(call, place):
        if question is None:
            return _of_unknown_resource(environ, call, principal, own, common)
        policies = Policies(
            identity=own.identity,
            boundary=own.boundary,
            session=own.session,
            resource=tuple(parsed(one.text, PolicyType.RESOURCE, one.name) for one in question.policies),
            resource_decides=question.decides,
        )
        request = _request(principal, question, common)
        decision = evaluate(request, policies)
        if not decision.allowed:
            return refusals.denied(
                environ,
                call.service,
                who=principal.arn,
                action=question.action,
                resource=question.resource,
                reason=decision.reason(question.action),
            )
    return None


def _questions(call: Call, place: Place) -> Iterator[Question | None]:
    """None for a service whose resources are not known here."""
    if call.service == "s3":
        yield from s3.questions(call, place)
    elif call.service in services.QUESTIONS:
        yield from services.QUESTIONS[call.service](call, place)
    else:
        yield None


def _request(principal: Principal, question: Question, common: Mapping[str, ContextValue]) -> Request:
    # Global keys that the emulator does not give are absent: it has no VPC endpoints and no organization.
    def known(key: str) -> bool:
        if key in GLOBAL or key.startswith("aws:principaltag/") or ":" not in key:
            return True
        return key in question.keys or any(key.startswith(one) for one in question.keys if one[-1] in "/:")

    return Request(
        principal=principal,
        action=question.action,
        resource=question.resource,
        context={**common, **question.context},
        resource_account=question.owner,
        known=known,
    )


def _of_unknown_resource(
    environ: Mapping[str, Any], call: Call, principal: Principal, own: Policies, common: Mapping[str, ContextValue]
) -> Refusal | None:
    """Allowed if it is on every resource, refused if it is on none; what depends on the resource cannot be said."""
    if not call.operation:
        raise NotModelled(f"an operation of {call.service}")
    action = f"{services.PREFIXES.get(call.service, call.service)}:{call.operation}"
    request = _request(principal, Question(action=action), common)
    decision = evaluate(request, own)
    if decision.allowed and not mentioned(request, own, allowing=False):
        return None
    if decision.allowed or (not decision.explicit and mentioned(request, own, allowing=True)):
        raise NotModelled(f"{action} depends on the resource")
    return refusals.denied(
        environ, call.service, who=principal.arn, action=action, resource="*", reason=decision.reason(action)
    )


def _context(
    environ: Mapping[str, Any], call: Call, caller: Caller | None, principal: Principal
) -> dict[str, ContextValue]:
    now = datetime.datetime.now(datetime.UTC)
    context: dict[str, ContextValue] = {
        "aws:CurrentTime": now.isoformat(timespec="seconds"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": call.region,
        # Plain HTTP on loopback stands for AWS' own TLS, unless a proxy says that its client had none.
        "aws:SecureTransport": "false" if environ.get("HTTP_X_FORWARDED_PROTO") == "http" else "true",
        "aws:SourceIp": str(environ.get("REMOTE_ADDR", "127.0.0.1")),
        "aws:UserAgent": call.headers.get("user-agent", ""),
        "aws:ViaAWSService": "false",
    }
    if "referer" in call.headers:
        context["aws:referer"] = call.headers["referer"]
    if principal.kind is Kind.SESSION and caller is not None:
        context["aws:MultiFactorAuthPresent"] = "false"
        issued = getattr(caller.session, "issued", None)
        if issued is not None:
            context["aws:TokenIssueTime"] = issued.isoformat(timespec="seconds")
        provider = getattr(caller.session, "provider", "")
        if provider:
            context["aws:FederatedProvider"] = provider
    return context
