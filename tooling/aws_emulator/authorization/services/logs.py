"""Questions about requests to CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator

from tooling.aws_emulator.authorization.questions import TAG_KEYS, NotModelled, Place, Question, tag_context
from tooling.aws_emulator.authorization.reading import Call

_LOGS_ON_EVERYTHING = frozenset(
    {
        "DescribeAccountPolicies",
        "DescribeDestinations",
        "DescribeExportTasks",
        "DescribeQueries",
        "DescribeResourcePolicies",
    }
)


def questions(call: Call, place: Place) -> Iterator[Question]:
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
