"""Operations common to all EC2 types: tags at creation and later, owner, ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tooling.plugins.aws.engine.naming_case import tag_list, tag_map
from tooling.plugins.aws.engine.row import Operations, Values


class Ec2Operations(Operations):
    """`kind` is EC2's name of the type in tag specifications and, unless `arn_kind` overrides it, in the ARN."""

    found_by_tag: ClassVar[bool] = True
    kind: ClassVar[str] = ""
    arn_kind: ClassVar[str] = ""

    @property
    def ec2(self) -> Any:
        return self.scope.client("ec2")

    def tag_specifications(self, inputs: Values) -> dict[str, Any]:
        tags = tag_list(inputs.get("tagsAll"))
        return {"TagSpecifications": [{"ResourceType": self.kind, "Tags": tags}]} if tags else {}

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.ec2.create_tags(Resources=[resource_id], Tags=tag_list(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in keys])

    def arn(self, resource_id: str) -> str:
        return self.scope.arn("ec2", f"{self.arn_kind or self.kind}/{resource_id}")

    def common(self, resource_id: str, answer: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "arn": self.arn(resource_id),
            "ownerId": answer.get("OwnerId", self.scope.account_id),
            "tagsAll": tag_map(answer.get("Tags")),
        }
