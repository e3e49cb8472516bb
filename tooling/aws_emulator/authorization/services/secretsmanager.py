"""Questions about requests to Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from tooling.aws_emulator.authorization.policies import Document
from tooling.aws_emulator.authorization.questions import TAG_KEYS, NotModelled, Place, Question, tag_context
from tooling.aws_emulator.authorization.reading import Call
from tooling.aws_emulator.authorization.services.backends import existing

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


def questions(call: Call, place: Place) -> Iterator[Question]:
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
    backend = existing(secretsmanager_backends, account, place.region)
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
