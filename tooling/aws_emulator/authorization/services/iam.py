"""Questions about requests to IAM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.iam.models import iam_backends

from tooling.aws_emulator.authorization.policies import role_named, role_tags
from tooling.aws_emulator.authorization.questions import TAG_KEYS, Place, Question, tag_context
from tooling.aws_emulator.authorization.reading import Call
from tooling.iam.evaluation import ContextValue

_IAM_NAMES = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "ServerCertificateName": "server-certificate",
}
_IAM_ARNS = ("PolicyArn", "OpenIDConnectProviderArn", "SAMLProviderArn", "SerialNumber")
_IAM_KEYS = TAG_KEYS | {
    "iam:permissionsboundary",
    "iam:policyarn",
    "iam:passedtoservice",
    "iam:resourcetag/",
    "iam:awsservicename",
}


def questions(call: Call, place: Place) -> Iterator[Question]:
    given, action = call.parameters, f"iam:{call.operation}"
    context: dict[str, ContextValue] = {}
    if "PermissionsBoundary" in given:
        context["iam:PermissionsBoundary"] = str(given["PermissionsBoundary"])
    if "PolicyArn" in given:
        context["iam:PolicyARN"] = str(given["PolicyArn"])
    if "AWSServiceName" in given:
        context["iam:AWSServiceName"] = str(given["AWSServiceName"])
    named = next((one for one in _IAM_NAMES if given.get(one)), None)
    if named == "RoleName":
        yield of_role(action, _iam_arn(place, named, given), {**tag_context(call), **context})
    elif named is not None:
        arn = _iam_arn(place, named, given)
        yield Question(action=action, resource=arn, context={**tag_context(call), **context}, keys=_IAM_KEYS)
    else:
        arn = next((str(given[one]) for one in _IAM_ARNS if given.get(one)), "")
        if call.operation == "CreatePolicy":
            arn = f"arn:{place.partition}:iam::{place.account}:policy{given.get('Path', '/')}{given['PolicyName']}"
        if call.operation == "CreateOpenIDConnectProvider":
            host = str(given["Url"]).partition("://")[2]
            arn = f"arn:{place.partition}:iam::{place.account}:oidc-provider/{host}"
        yield Question(action=action, resource=arn or "*", context={**tag_context(call), **context}, keys=_IAM_KEYS)
    if call.operation == "AddRoleToInstanceProfile":
        role = _iam_arn(place, "RoleName", given)
        yield of_role("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


def _iam_arn(place: Place, parameter: str, given: Mapping[str, Any]) -> str:
    kind, name = _IAM_NAMES[parameter], str(given[parameter])
    if place.account in iam_backends:
        for iam in iam_backends[place.account].values():
            stores = {"role": iam.roles, "user": iam.users, "group": iam.groups}
            for one in stores.get(kind, {}).values():
                if one.name == name:
                    return one.arn
    return f"arn:{place.partition}:iam::{place.account}:{kind}{given.get('Path', '/')}{name}"


def of_role(action: str, arn: str, context: Mapping[str, ContextValue]) -> Question:
    tags = role_tags(arn) if role_named(arn) is not None else {}
    held = {f"{prefix}:ResourceTag/{key}": value for key, value in tags.items() for prefix in ("aws", "iam")}
    return Question(action=action, resource=arn, context={**held, **context}, keys=_IAM_KEYS)
