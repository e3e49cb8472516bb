"""`AssumeRoleForPodIdentity` of EKS Auth: a pod's token, its association, and the trust policies of its roles.

Source: EKS API reference, AssumeRoleForPodIdentity; EKS user guide, "Grant Pods access to AWS resources based on tags"
and "Access AWS resources using EKS Pod Identity target IAM roles".
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping
from typing import Any

from moto.eks.models import eks_backends
from moto.sts.models import sts_backends

from tooling.aws_emulator.authorization import refusals
from tooling.aws_emulator.authorization.policies import parsed, policies_of, principal_of
from tooling.aws_emulator.authorization.questions import Question
from tooling.aws_emulator.authorization.reading import Unreadable, call_of, credential_of
from tooling.aws_emulator.authorization.services.sts import of_trust
from tooling.aws_emulator.callers import caller_of, issued_to
from tooling.aws_emulator.eks.records import PodIdentityAssociation
from tooling.aws_emulator.federation.tokens import Claims, TokenExpired, TokenInvalid, verified
from tooling.aws_emulator.federation.web_identity import Denied
from tooling.aws_emulator.refusals import Refusal
from tooling.iam.documents import PolicyType
from tooling.iam.errors import NotEvaluable
from tooling.iam.evaluation import ContextValue, Policies, Request, evaluate
from tooling.iam.keys import GLOBAL
from tooling.iam.principals import Principal, service

AUDIENCE = "pods.eks.amazonaws.com"
SERVICE = "pods.eks.amazonaws.com"
_SECONDS = 6 * 3600


def asked(environ: Mapping[str, Any]) -> bool:
    """Whether the request is to EKS Auth, whose only operation this is."""
    credential = credential_of(environ)
    return credential is not None and credential.service == "eks-auth"


def served(environ: Mapping[str, Any], body: bytes) -> Refusal:
    """The answer to a request that was authorized before. The state lock must be held."""
    credential = credential_of(environ)
    assert credential is not None
    try:
        call = call_of(environ, body, credential)
        content = answer(caller_of(credential.access_key).account, credential.region, call.parameters)
    except Unreadable as error:
        return refusals.not_modelled(environ, "eks-auth", str(error))
    except NotEvaluable as error:
        return refusals.not_modelled(environ, "eks-auth", error.what)
    except Denied as denied:
        return refusals.answer(environ, "eks-auth", denied.code, denied.message, denied.status)
    return {"body": content, "status": "200 OK", "headers": [("Content-Type", "application/json")]}


def answer(account: str, region: str, parameters: Mapping[str, Any]) -> bytes:
    """The body of the answer. Raises Denied."""
    cluster = _cluster(account, region, str(parameters["clusterName"]))
    claims = _verified(cluster, str(parameters["token"]))
    namespace, name = _service_account(claims)
    association = next(
        (
            one
            for one in cluster.pod_identity_associations.values()
            if (one.namespace, one.service_account) == (namespace, name)
        ),
        None,
    )
    if association is None:
        raise Denied(
            "ResourceNotFoundException",
            f"No pod identity association found for service account {name} in namespace {namespace} of cluster "
            f"{cluster.name}",
            404,
        )
    tags = {} if association.disable_session_tags else _tags(cluster, claims, namespace, name)
    session = _session(association, region, cluster, claims, tags)
    document = {
        "subject": {"namespace": namespace, "serviceAccount": name},
        "audience": AUDIENCE,
        "podIdentityAssociation": {"associationArn": association.arn, "associationId": association.id},
        "assumedRoleUser": {"arn": session.arn, "assumeRoleId": session.user_id},
        "credentials": {
            "accessKeyId": session.access_key_id,
            "secretAccessKey": session.secret_access_key,
            "sessionToken": session.session_token,
            "expiration": session.expiration.replace(tzinfo=datetime.UTC).timestamp(),
        },
    }
    return json.dumps(document).encode("utf-8")


def _cluster(account: str, region: str, name: str) -> Any:
    known = account in eks_backends and region in dict.keys(eks_backends[account])
    cluster: Any = eks_backends[account][region].clusters.get(name) if known else None
    if cluster is None:
        raise Denied("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
    return cluster


def _verified(cluster: Any, token: str) -> Claims:
    try:
        claims = verified(token, now=datetime.datetime.now(datetime.UTC))
    except TokenExpired as error:
        raise Denied("ExpiredTokenException", str(error)) from None
    except TokenInvalid as error:
        raise Denied("InvalidTokenException", str(error)) from None
    if claims.issuer != cluster.identity["oidc"]["issuer"]:
        raise Denied("InvalidTokenException", f"The token is not one of cluster {cluster.name}")
    if AUDIENCE not in claims.audiences:
        raise Denied("InvalidTokenException", "Incorrect token audience")
    return claims


def _service_account(claims: Claims) -> tuple[str, str]:
    parts = claims.subject.split(":")
    if len(parts) != 4 or parts[:2] != ["system", "serviceaccount"]:
        raise Denied("InvalidTokenException", "The token is not one of a service account")
    return parts[2], parts[3]


def _tags(cluster: Any, claims: Claims, namespace: str, name: str) -> dict[str, str]:
    pod = (claims.all.get("kubernetes.io") or {}).get("pod") or {}
    return {
        "eks-cluster-arn": cluster.arn,
        "eks-cluster-name": cluster.name,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": name,
        "kubernetes-pod-name": str(pod.get("name", "")),
        "kubernetes-pod-uid": str(pod.get("uid", "")),
    }


def _session(
    association: PodIdentityAssociation, region: str, cluster: Any, claims: Claims, tags: Mapping[str, str]
) -> Any:
    context: dict[str, ContextValue] = {
        **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
        "aws:TagKeys": tuple(tags),
        "aws:SourceAccount": cluster.arn.split(":")[4],
        "aws:SourceArn": cluster.arn,
    }
    _trusted(association.role, service(SERVICE), Policies(), context, tags)
    pod = tags.get("kubernetes-pod-name", "") or "pod"
    name = f"eks-{cluster.name}-{pod}"[:27] + f"-{uuid.uuid4()}"
    if not association.target_role:
        return _begun(association.role, region, name, tags, association.policy)
    first = _begun(association.role, region, name, tags, None)
    caller = issued_to(first.access_key_id)
    external: dict[str, ContextValue] = {"sts:ExternalId": association.external_id or ""}
    own = policies_of(caller)
    _trusted(association.target_role, principal_of(caller), own, {**context, **external}, tags)
    return _begun(association.target_role, region, name, tags, association.policy)


def _trusted(
    role: str, who: Principal, own: Policies, context: Mapping[str, ContextValue], tags: Mapping[str, str]
) -> None:
    for action in ("sts:AssumeRole", *(("sts:TagSession",) if tags else ())):
        question = of_trust(action, role, context)
        request = Request(
            principal=who,
            action=action,
            resource=role,
            context=question.context,
            known=lambda key, question=question: _known(key, question),
        )
        policies = Policies(
            identity=own.identity,
            boundary=own.boundary,
            resource=tuple(parsed(one.text, PolicyType.RESOURCE, one.name) for one in question.policies),
            resource_decides=True,
        )
        if not evaluate(request, policies).allowed:
            raise Denied(
                "AccessDeniedException",
                "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
                403,
            )


def _known(key: str, question: Question) -> bool:
    held = any(key.startswith(one) if one[-1] in "/:" else key == one for one in question.keys)
    return key in GLOBAL or key.startswith("aws:principaltag/") or held


def _begun(role: str, region: str, name: str, tags: Mapping[str, str], policy: str | None) -> Any:
    account = role.split(":")[4]
    session: Any = sts_backends[account]["aws"].assume_role(region, name, role, policy or "", _SECONDS, "")
    session.tags = dict(tags)
    return session
