"""Questions about requests to STS, where a role's trust policy decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tooling.aws_emulator.authorization.policies import Document, role_named, role_tags
from tooling.aws_emulator.authorization.questions import TAG_KEYS, NotModelled, Place, Question, tag_context, tags_of
from tooling.aws_emulator.authorization.reading import Call
from tooling.iam.evaluation import ContextValue

_STS_KEYS = TAG_KEYS | {
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
    "sts:durationseconds",
    "iam:resourcetag/",
}


def questions(call: Call, place: Place) -> Iterator[Question]:
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
