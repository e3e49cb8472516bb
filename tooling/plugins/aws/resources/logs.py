"""Row of CloudWatch log groups. The package calls them `cloudwatch`, the API `logs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.aws.engine.naming_case import first, picked, without_aws_tags
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Operations, Row, Values

_RETENTIONS = (
    0,
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""Days; 0 keeps for ever. Source: CloudWatch Logs API reference, PutRetentionPolicy."""


class LogGroup(Operations):
    @property
    def logs(self) -> Any:
        return self.scope.client("logs")

    def create(self, inputs: Values) -> str:
        tags = {"tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        self.logs.create_log_group(logGroupName=inputs["name"], **picked(inputs, ("kmsKeyId",)), **tags)
        return inputs["name"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        if inputs["retentionInDays"]:
            self._retain(resource_id, inputs)

    def _retain(self, resource_id: str, inputs: Values) -> None:
        if inputs["retentionInDays"]:
            self.logs.put_retention_policy(logGroupName=resource_id, retentionInDays=inputs["retentionInDays"])
        else:
            self.logs.delete_retention_policy(logGroupName=resource_id)

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        pages = self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=resource_id)
        group = first(group for page in pages for group in page["logGroups"] if group["logGroupName"] == resource_id)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "arn": arn,
            "name": resource_id,
            "retentionInDays": group.get("retentionInDays", 0),
            "tagsAll": without_aws_tags(self.logs.list_tags_for_resource(resourceArn=arn)["tags"]),
            "kmsKeyId": group.get("kmsKeyId"),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "retentionInDays" in changed:
            self._retain(resource_id, inputs)
        if "kmsKeyId" in changed and inputs.get("kmsKeyId"):
            self.logs.associate_kms_key(logGroupName=resource_id, kmsKeyId=inputs["kmsKeyId"])
        elif "kmsKeyId" in changed:
            self.logs.disassociate_kms_key(logGroupName=resource_id)

    def delete(self, resource_id: str, state: Values) -> None:
        if not state.get("skipDestroy"):
            self.logs.delete_log_group(logGroupName=resource_id)

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.logs.tag_resource(resourceArn=state["arn"], tags=dict(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.logs.untag_resource(resourceArn=state["arn"], tagKeys=keys)


ROWS = (
    Row(
        pulumi_name="aws:cloudwatch/logGroup:LogGroup",
        source="cloudwatch_log_group",
        inputs={
            "retentionInDays": Input(default=0, refusal=one_of(*_RETENTIONS)),
            "kmsKeyId": Input(),
            "skipDestroy": Input(default=False, write_only=True),
        },
        outputs=("arn",),
        operations=LogGroup,
        name=GeneratedName(input="name", prefix_input="namePrefix", longest=512),
    ),
)
