"""Questions about requests to Secrets Manager, ECR, KMS, CloudWatch Logs, EKS, STS and IAM.

A service has a function that yields questions. What names a thing that does not exist is asked about by the ARN that it
would have: the answer then says nothing about whether it exists.

Source: Service Authorization Reference of each service; KMS developer guide, "Key policies".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from moto.ecr.models import ecr_backends
from moto.eks.models import eks_backends
from moto.kms.models import kms_backends
from moto.kms.utils import _deserialize_ciphertext_blob
from moto.secretsmanager.models import secretsmanager_backends

from tooling.aws_emulator.authorization.policies import Document, role_named, role_tags
from tooling.aws_emulator.authorization.questions import (
    TAG_KEYS,
    NotModelled,
    Place,
    Question,
    tag_context,
    tags_of,
)
from tooling.aws_emulator.authorization.reading import Call
from tooling.iam.evaluation import ContextValue
from tooling.lane.state_key import ALIAS as STATES_ALIAS

PREFIXES = {"monitoring": "cloudwatch"}
"""Prefix of the actions of services that sign with another name."""


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _backend(backends: Any, account: str, region: str) -> Any:
    """None rather than a new account or region."""
    return backends[account][region] if account in backends and region in dict.keys(backends[account]) else None


# Secrets Manager

_SECRET_KEYS = TAG_KEYS | {
    "secretsmanager:resourcetag/",
    "secretsmanager:secretid",
    "secretsmanager:name",
    "secretsmanager:versionid",
    "secretsmanager:versionstage",
    "secretsmanager:description",
    "secretsmanager:kmskeyid",
    "secretsmanager:recoverywindowindays",
    "secretsmanager:forcedeletewithoutrecovery",
    "secretsmanager:blockpublicpolicy",
}
_SECRET_PARAMETERS = {
    "SecretId": "secretsmanager:SecretId",
    "Name": "secretsmanager:Name",
    "VersionId": "secretsmanager:VersionId",
    "VersionStage": "secretsmanager:VersionStage",
    "Description": "secretsmanager:Description",
    "KmsKeyId": "secretsmanager:KmsKeyId",
    "RecoveryWindowInDays": "secretsmanager:RecoveryWindowInDays",
    "ForceDeleteWithoutRecovery": "secretsmanager:ForceDeleteWithoutRecovery",
    "BlockPublicPolicy": "secretsmanager:BlockPublicPolicy",
}


def _secretsmanager(call: Call, place: Place) -> Iterator[Question]:
    given = call.parameters
    names = [given["SecretId"]] if "SecretId" in given else given.get("SecretIdList") or []
    action = f"secretsmanager:{call.operation}"
    if call.operation == "CreateSecret":
        yield _of_secret(call, place, action, str(given["Name"]))
    elif call.operation == "BatchGetSecretValue":
        yield Question(action=action, context=tag_context(call), keys=_SECRET_KEYS)
        if given.get("Filters"):
            raise NotModelled("BatchGetSecretValue by filters")
        for name in names:
            yield _of_secret(call, place, "secretsmanager:GetSecretValue", str(name))
    elif names:
        yield _of_secret(call, place, action, str(names[0]))
    else:
        yield Question(action=action, context=tag_context(call), keys=_SECRET_KEYS)


def _of_secret(call: Call, place: Place, action: str, name: str) -> Question:
    account = name.split(":")[4] if name.count(":") >= 6 else place.account
    backend = _backend(secretsmanager_backends, account, place.region)
    secret = backend.secrets.get(name) if backend is not None else None
    arn = (
        secret.arn
        if secret is not None
        else name
        if name.startswith("arn:")
        else place.arn("secretsmanager", f"secret:{name}")
    )
    tags = {one["Key"]: one["Value"] for one in (secret.tags or ()) if one} if secret is not None else {}
    context = {
        **tag_context(call, tags),
        **{f"secretsmanager:ResourceTag/{key}": value for key, value in tags.items()},
        **{key: _text(call.parameters[name]) for name, key in _SECRET_PARAMETERS.items() if name in call.parameters},
    }
    text = secret.policy if secret is not None else None
    policies = (Document(name=f"resource policy of {name}", text=text),) if text else ()
    return Question(action=action, resource=arn, context=context, keys=_SECRET_KEYS, policies=policies)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ECR

_REGISTRY_ACTIONS = frozenset(
    {
        "CreatePullThroughCacheRule",
        "DeletePullThroughCacheRule",
        "DeleteRegistryPolicy",
        "DescribePullThroughCacheRules",
        "DescribeRegistry",
        "GetAccountSetting",
        "GetAuthorizationToken",
        "GetRegistryPolicy",
        "GetRegistryScanningConfiguration",
        "PutAccountSetting",
        "PutRegistryPolicy",
        "PutRegistryScanningConfiguration",
        "PutReplicationConfiguration",
    }
)


def _ecr(call: Call, place: Place) -> Iterator[Question]:
    given, action = call.parameters, f"ecr:{call.operation}"
    registry = str(given.get("registryId") or place.account)
    if call.operation in _REGISTRY_ACTIONS:
        yield Question(action=action, keys=TAG_KEYS)
        return
    if "resourceArn" in given:
        yield _of_repository(call, place, action, str(given["resourceArn"]))
        return
    names = [given["repositoryName"]] if "repositoryName" in given else given.get("repositoryNames") or ["*"]
    for name in names:
        yield _of_repository(call, place, action, place.arn("ecr", f"repository/{name}", account=registry))


def _of_repository(call: Call, place: Place, action: str, arn: str) -> Question:
    fields = arn.split(":", 5)
    backend = _backend(ecr_backends, fields[4], place.region) if len(fields) == 6 else None
    name = fields[-1].partition("/")[2]
    repository = backend.repositories.get(name) if backend is not None else None
    tags = backend.tagger.get_tag_dict_for_resource(arn) if backend is not None else {}
    text = repository.policy if repository is not None else None
    return Question(
        action=action,
        resource=arn,
        context={**tag_context(call, tags), **{f"ecr:ResourceTag/{key}": value for key, value in tags.items()}},
        keys=TAG_KEYS | {"ecr:resourcetag/"},
        policies=(Document(name=f"repository policy of {name}", text=text),) if text else (),
    )


# KMS

_KMS_WITHOUT_KEY = frozenset(
    {
        "ConnectCustomKeyStore",
        "CreateCustomKeyStore",
        "CreateKey",
        "GenerateRandom",
        "ListAliases",
        "ListKeys",
        "ListRetirableGrants",
    }
)
_KMS_KEYS = TAG_KEYS | {
    "kms:calleraccount",
    "kms:encryptioncontext:",
    "kms:encryptioncontextkeys",
    "kms:encryptionalgorithm",
    "kms:keyspec",
    "kms:keyusage",
    "kms:keyorigin",
    "kms:multiregion",
    "kms:requestalias",
    "kms:resourcealiases",
    "kms:viaservice",
    "kms:bypasspolicylockoutsafetycheck",
    "kms:schedulekeydeletionpendingwindowindays",
}


def _kms(call: Call, place: Place) -> Iterator[Question]:
    given, action = call.parameters, f"kms:{call.operation}"
    if call.operation in _KMS_WITHOUT_KEY:
        yield Question(action=action, context={**tag_context(call), "kms:CallerAccount": place.account}, keys=_KMS_KEYS)
        return
    if call.operation == "ReEncrypt":
        source = _sealed_with(given.get("CiphertextBlob"))
        yield of_key(call, place, "kms:ReEncryptFrom", source, given.get("SourceEncryptionContext"))
        yield of_key(
            call, place, "kms:ReEncryptTo", given["DestinationKeyId"], given.get("DestinationEncryptionContext")
        )
        return
    if call.operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        alias = str(given["AliasName"])
        yield Question(
            action=action,
            resource=place.arn("kms", alias),
            context={"kms:CallerAccount": place.account},
            keys=_KMS_KEYS,
        )
        key = given.get("TargetKeyId") or alias
        if _key(place, str(key)) is not None:
            yield of_key(call, place, action, key, None)
        if call.operation == "UpdateAlias" and _key(place, alias) is not None:
            yield of_key(call, place, action, alias, None)
        return
    # The ciphertext's own key decrypts it, whichever the request names.
    key = _sealed_with(given.get("CiphertextBlob")) if call.operation == "Decrypt" else given.get("KeyId")
    if not key:
        raise NotModelled(call.operation)
    if call.operation == "Decrypt" and _is_of_the_lane(place, key):
        return
    yield of_key(call, place, action, key, given.get("EncryptionContext"))


def _is_of_the_lane(place: Place, key: Any) -> bool:
    """Whether it is the one key of all states of the lane, which are files of the caller's own.

    In an account each stack's secrets have an encryption context, and roles are allowed their own stacks' alone.
    """
    found = _key(place, str(key))
    return found is not None and STATES_ALIAS in found.aliases


def _sealed_with(blob: Any) -> str:
    try:
        return _deserialize_ciphertext_blob(ciphertext_blob=bytes(blob)).key_id
    except Exception:
        raise NotModelled("a ciphertext that this KMS did not make") from None


def _key(place: Place, name: str) -> Any:
    """The key of an id, ARN, alias or alias' ARN, or None."""
    account = name.split(":")[4] if name.startswith("arn:") else place.account
    backend = _backend(kms_backends, account, place.region)
    if backend is None:
        return None
    short = backend.get_alias_name(backend.get_key_id(name))
    for key in backend.keys.values():
        if short == key.id or short in key.aliases:
            return key
    return None


def of_key(
    call: Call,
    place: Place,
    action: str,
    name: Any,
    encryption_context: Mapping[str, Any] | None,
    *,
    via: str = "",
) -> Question:
    """A question about a key, which its own policy decides. `via` is the service that uses it for the caller."""
    written = str(name)
    key = _key(place, written)
    encryption = {str(one): str(value) for one, value in (encryption_context or {}).items()}
    context: dict[str, ContextValue] = {
        "kms:CallerAccount": place.account,
        "kms:EncryptionContextKeys": tuple(encryption),
        **{f"kms:EncryptionContext:{one}": value for one, value in encryption.items()},
    }
    if via:
        context |= {"kms:ViaService": via, "aws:ViaAWSService": "true"}
    alias = written.rpartition(":")[2] if ":alias/" in written else written
    if alias.startswith("alias/"):
        context["kms:RequestAlias"] = alias
    if key is None:
        arn = written if written.startswith("arn:") else place.arn("kms", f"key/{written}")
        return Question(action=action, resource=arn, context=context, keys=_KMS_KEYS, decides=True)
    context |= {
        **tag_context(call, _key_tags(key)),
        "kms:KeySpec": key.key_spec,
        "kms:KeyUsage": key.key_usage,
        "kms:KeyOrigin": key.origin,
        "kms:ResourceAliases": tuple(sorted(key.aliases)),
    }
    policy = Document(name=f"key policy of {key.id}", text=key.policy)
    return Question(action=action, resource=key.arn, context=context, keys=_KMS_KEYS, policies=(policy,), decides=True)


def _key_tags(key: Any) -> dict[str, str]:
    backend = _backend(kms_backends, key.account_id, key.region)
    return backend.tagger.get_tag_dict_for_resource(key.id) if backend is not None else {}


# CloudWatch Logs


_LOGS_ON_EVERYTHING = frozenset(
    {
        "DescribeAccountPolicies",
        "DescribeDestinations",
        "DescribeExportTasks",
        "DescribeQueries",
        "DescribeResourcePolicies",
    }
)


def _logs(call: Call, place: Place) -> Iterator[Question]:
    """A log group's ARN always has a stream, maybe an empty one: `…:log-group:NAME:log-stream:`."""
    given, action = call.parameters, f"logs:{call.operation}"
    if call.operation in _LOGS_ON_EVERYTHING:
        yield Question(action=action, keys=TAG_KEYS)
        return
    arn = str(given.get("resourceArn") or "")
    if arn:
        yield Question(action=action, resource=arn, context=tag_context(call), keys=TAG_KEYS)
        return
    groups = [given[name] for name in ("logGroupName", "logGroupIdentifier") if name in given]
    groups += given.get("logGroupNames") or []
    groups += given.get("logGroupIdentifiers") or []
    stream = str(given.get("logStreamName") or "")
    if not groups and call.operation != "DescribeLogGroups":
        raise NotModelled(call.operation)
    for group in groups or [""]:
        name = str(group)
        whole = name.removesuffix(":*") if name.startswith("arn:") else place.arn("logs", f"log-group:{name}")
        yield Question(action=action, resource=f"{whole}:log-stream:{stream}", context=tag_context(call), keys=TAG_KEYS)


# EKS

_EKS_ON_EVERYTHING = frozenset(
    {
        "DescribeAddonConfiguration",
        "DescribeAddonVersions",
        "DescribeClusterVersions",
        "ListAccessPolicies",
        "ListClusters",
    }
)
_EKS_PARTS = {
    "nodegroupName": "nodegroup",
    "addonName": "addon",
    "fargateProfileName": "fargateprofile",
    "principalArn": "access-entry",
    "associationId": "podidentityassociation",
}
_EKS_OF_CLUSTER = re.compile(r"(Create|List|Associate(Encryption|Identity)|RegisterCluster)")
"""Operations on the cluster although they name a part of it, or what is to become one."""
_EKS_LISTS_OF_PARTS = frozenset({"ListAssociatedAccessPolicies"})
_ROLES = ("roleArn", "nodeRole", "podExecutionRoleArn", "serviceAccountRoleArn", "targetRoleArn")
_PASSED_TO = {"podExecutionRoleArn": "eks-fargate-pods.amazonaws.com", "nodeRole": "ec2.amazonaws.com"}


def _eks(call: Call, place: Place) -> Iterator[Question]:
    given, action = call.parameters, f"eks:{call.operation}"
    if call.operation in _EKS_ON_EVERYTHING:
        yield Question(action=action, context=tag_context(call), keys=TAG_KEYS)
    elif "resourceArn" in given:
        yield Question(action=action, resource=str(given["resourceArn"]), context=tag_context(call), keys=TAG_KEYS)
    else:
        yield _of_cluster_or_part(call, place, action)
    yield from _passed_roles(call)


def _of_cluster_or_part(call: Call, place: Place, action: str) -> Question:
    given = call.parameters
    name = str(given.get("clusterName") or given.get("name") or "")
    backend = _backend(eks_backends, place.account, place.region)
    cluster = backend.clusters.get(name) if backend is not None else None
    whole = place.arn("eks", f"cluster/{name}")
    tags = dict(cluster.tags or {}) if cluster is not None else {}
    on_cluster = _EKS_OF_CLUSTER.match(call.operation) and call.operation not in _EKS_LISTS_OF_PARTS
    part = None if on_cluster else next((one for one in _EKS_PARTS if one in given), None)
    if part is not None:
        record = _part(cluster, part, str(given[part]))
        tags = dict(getattr(record, "tags", None) or {})
        kind, wanted = _EKS_PARTS[part], str(given[part])
        found = getattr(record, "arn", None)
        suffix = (
            f"{kind}/{name}/{wanted}" if kind != "access-entry" else f"{kind}/{name}/role/{wanted.rpartition(':')[2]}"
        )
        whole = str(found) if found else place.arn("eks", suffix)
    return Question(action=action, resource=whole, context=tag_context(call, tags), keys=TAG_KEYS)


def _part(cluster: Any, parameter: str, name: str) -> Any:
    if cluster is None:
        return None
    stores = {
        "nodegroupName": "nodegroups",
        "addonName": "addons",
        "fargateProfileName": "fargate_profiles",
        "principalArn": "access_entries",
        "associationId": "pod_identity_associations",
    }
    return getattr(cluster, stores[parameter], {}).get(name)


def _passed_roles(call: Call) -> Iterator[Question]:
    """A role that a request hands to a service has to be one that the caller may pass."""
    if not re.match(r"(Create|Update)", call.operation):
        return
    given = call.parameters
    passed = [(name, given[name]) for name in _ROLES if given.get(name)]
    passed += [("roleArn", one["roleArn"]) for one in given.get("podIdentityAssociations") or () if one.get("roleArn")]
    for name, arn in passed:
        service = _PASSED_TO.get(name, "pods.eks.amazonaws.com" if "Pod" in call.operation else "eks.amazonaws.com")
        yield _of_role("iam:PassRole", str(arn), {"iam:PassedToService": service})


# STS

_STS_KEYS = TAG_KEYS | {
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
    "sts:durationseconds",
    "iam:resourcetag/",
}


def _sts(call: Call, place: Place) -> Iterator[Question]:
    if call.operation != "AssumeRole":
        if call.operation in ("AssumeRoleWithSAML", "AssumeRoot", "GetFederationToken"):
            raise NotModelled(call.operation)
        yield Question(action=f"sts:{call.operation}")
        return
    given, arn = call.parameters, str(call.parameters["RoleArn"])
    context: dict[str, ContextValue] = {
        **tag_context(call),
        "sts:RoleSessionName": str(given["RoleSessionName"]),
        "sts:TransitiveTagKeys": tuple(str(one) for one in given.get("TransitiveTagKeys") or ()),
    }
    for name in ("ExternalId", "SourceIdentity", "DurationSeconds"):
        if name in given:
            context[f"sts:{name}"] = str(given[name])
    yield of_trust("sts:AssumeRole", arn, context)
    if tags_of(call):
        yield of_trust("sts:TagSession", arn, context)
    if "SourceIdentity" in given:
        yield of_trust("sts:SetSourceIdentity", arn, context)


def of_trust(action: str, arn: str, context: Mapping[str, ContextValue], keys: Iterable[str] = ()) -> Question:
    """A question about a role, which its trust policy decides."""
    role = role_named(arn)
    text = role.assume_role_policy_document if role is not None else None
    tags = role_tags(arn) if role is not None else {}
    return Question(
        action=action,
        resource=arn,
        context={**{f"aws:ResourceTag/{key}": value for key, value in tags.items()}, **context},
        keys=_STS_KEYS | frozenset(keys),
        policies=(Document(name=f"trust policy of {role.name}", text=text),) if role is not None and text else (),
        decides=True,
    )


# IAM

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


def _iam(call: Call, place: Place) -> Iterator[Question]:
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
        yield _of_role(action, _iam_arn(place, named, given), {**tag_context(call), **context})
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
        yield _of_role("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


def _iam_arn(place: Place, parameter: str, given: Mapping[str, Any]) -> str:
    from moto.iam.models import iam_backends

    kind, name = _IAM_NAMES[parameter], str(given[parameter])
    if place.account in iam_backends:
        for iam in iam_backends[place.account].values():
            stores = {"role": iam.roles, "user": iam.users, "group": iam.groups}
            for one in stores.get(kind, {}).values():
                if one.name == name:
                    return one.arn
    return f"arn:{place.partition}:iam::{place.account}:{kind}{given.get('Path', '/')}{name}"


def _of_role(action: str, arn: str, context: Mapping[str, ContextValue]) -> Question:
    tags = role_tags(arn) if role_named(arn) is not None else {}
    held = {f"{prefix}:ResourceTag/{key}": value for key, value in tags.items() for prefix in ("aws", "iam")}
    return Question(action=action, resource=arn, context={**held, **context}, keys=_IAM_KEYS)


def _eks_auth(call: Call, place: Place) -> Iterator[Question]:
    name = str(call.parameters["clusterName"])
    yield Question(action=f"eks-auth:{call.operation}", resource=place.arn("eks", f"cluster/{name}"), keys=TAG_KEYS)


QUESTIONS: Mapping[str, Callable[[Call, Place], Iterator[Question]]] = {
    "ecr": _ecr,
    "eks": _eks,
    "eks-auth": _eks_auth,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "secretsmanager": _secretsmanager,
    "sts": _sts,
}
