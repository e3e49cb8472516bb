"""Questions about requests to ECR."""

from __future__ import annotations

from collections.abc import Iterator

from moto.ecr.models import ecr_backends

from tooling.aws_emulator.authorization.policies import Document
from tooling.aws_emulator.authorization.questions import TAG_KEYS, Place, Question, tag_context
from tooling.aws_emulator.authorization.reading import Call
from tooling.aws_emulator.authorization.services.backends import existing

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


def questions(call: Call, place: Place) -> Iterator[Question]:
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
    backend = existing(ecr_backends, fields[4], place.region) if len(fields) == 6 else None
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
