"""Operations common to all EKS types: tags by ARN, asynchronous updates, waiting for a final status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from tooling.plugins.aws.engine.errors import NeverSettled
from tooling.plugins.aws.engine.naming_case import unless_gone
from tooling.plugins.aws.engine.row import Operations, Values
from tooling.plugins.aws.engine.waiting import wait_until

_MOVING = frozenset({"CREATING", "UPDATING", "DELETING", "PENDING", "InProgress"})
_FINE = frozenset({"ACTIVE", "Successful"})


class EksOperations(Operations):
    """`arn_output` is the output with the ARN for tagging."""

    pulumi_name: ClassVar[str]
    arn_output: ClassVar[str] = "arn"

    @property
    def eks(self) -> Any:
        return self.scope.client("eks")

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.eks.tag_resource(resourceArn=state[self.arn_output], tags=dict(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.eks.untag_resource(resourceArn=state[self.arn_output], tagKeys=keys)

    def wait_until_active(self, what: str, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Waits while `describe` returns a transitional `status`.

        Raises:
            NeverSettled: it ended in a state other than ACTIVE; the message contains EKS's reasons.
        """

        def settled() -> Mapping[str, Any] | None:
            answer = describe()
            return None if answer["status"] in _MOVING else answer

        answer = wait_until(self.scope, what, self.pulumi_name, settled)
        if answer["status"] not in _FINE:
            issues = [*(answer.get("health") or {}).get("issues", []), *answer.get("errors", [])]
            reasons = "; ".join(
                f"{issue.get('code') or issue.get('errorCode')}: {issue.get('message') or issue.get('errorMessage')}"
                for issue in issues
            )
            raise NeverSettled(f"{what} ended as {answer['status']}. {reasons}".strip(), pulumi_name=self.pulumi_name)

    def wait_for_update(self, answer: Mapping[str, Any], **of: str) -> None:
        """Waits until an update that EKS started is finished. `of` has further arguments of DescribeUpdate."""
        update = answer["update"]
        self.wait_until_active(
            f"update {update['type']} of {of['name']}",
            lambda: self.eks.describe_update(updateId=update["id"], **of)["update"],
        )

    def wait_until_gone(self, what: str, describe: Callable[..., Any], **arguments: str) -> None:
        def gone() -> bool | None:
            return True if unless_gone(describe, **arguments) is None else None

        wait_until(self.scope, f"deletion of {what}", self.pulumi_name, gone)


def split_id(resource_id: str) -> tuple[str, str]:
    """`<cluster>:<name>`."""
    cluster, _, name = resource_id.partition(":")
    return cluster, name
