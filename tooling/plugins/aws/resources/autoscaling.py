"""Row of single tags on Auto Scaling groups, from which the autoscaler derives the nodes of an empty group."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.naming_case import first
from tooling.plugins.aws.engine.row import Input, Operations, Row, Values

_KIND = "auto-scaling-group"


class Tag(Operations):
    @property
    def autoscaling(self) -> Any:
        return self.scope.client("autoscaling")

    def create(self, inputs: Values) -> str:
        self._write(inputs)
        return f"{inputs['autoscalingGroupName']},{inputs['tag']['key']}"

    def _write(self, inputs: Values) -> None:
        tag = inputs["tag"]
        self.autoscaling.create_or_update_tags(
            Tags=[
                {
                    "ResourceId": inputs["autoscalingGroupName"],
                    "ResourceType": _KIND,
                    "Key": tag["key"],
                    "Value": tag["value"],
                    "PropagateAtLaunch": tag["propagateAtLaunch"],
                }
            ]
        )

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        group, key = resource_id.split(",", 1)
        filters = [{"Name": "auto-scaling-group", "Values": [group]}, {"Name": "key", "Values": [key]}]
        pages = self.autoscaling.get_paginator("describe_tags").paginate(Filters=filters)
        tag = first(tag for page in pages for tag in page["Tags"])
        return tag and {
            "autoscalingGroupName": group,
            "tag": {"key": key, "value": tag["Value"], "propagateAtLaunch": tag["PropagateAtLaunch"]},
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self._write(inputs)

    def delete(self, resource_id: str, state: Values) -> None:
        group, key = resource_id.split(",", 1)
        self.autoscaling.delete_tags(Tags=[{"ResourceId": group, "ResourceType": _KIND, "Key": key}])


ROWS = (
    Row(
        pulumi_name="aws:autoscaling/tag:Tag",
        source="autoscaling_group_tag",
        inputs={
            "autoscalingGroupName": Input(required=True, replaces=True),
            "tag": Input(
                required=True,
                members={
                    "key": Input(required=True, replaces=True),
                    "value": Input(required=True),
                    "propagateAtLaunch": Input(required=True),
                },
            ),
        },
        outputs=(),
        operations=Tag,
        tagged=False,
        import_note="<Auto Scaling group>,<key>",
    ),
)
