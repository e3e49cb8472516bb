"""Row of VPC flow logs. Only the tags can be changed: EC2 has no call to modify a flow log."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tooling.plugins.aws.engine.naming_case import capitals, first, smalls, unless_gone
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations

_RESOURCE_TYPES = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
_ID_BEGINNINGS = {"vpcId": "vpc-", "subnetId": "subnet-", "eniId": "eni-"}
_CLOUDWATCH, _S3 = "cloud-watch-logs", "s3"


class FlowLog(Ec2Operations):
    kind = "vpc-flow-log"

    def create(self, inputs: Values) -> str:
        name = next(name for name in _RESOURCE_TYPES if inputs.get(name))
        role = {"DeliverLogsPermissionArn": inputs["iamRoleArn"]} if inputs.get("iamRoleArn") else {}
        answer = self.ec2.create_flow_logs(
            ResourceIds=[inputs[name]],
            ResourceType=_RESOURCE_TYPES[name],
            **capitals(
                inputs, ("trafficType", "logDestinationType", "logDestination", "logFormat", "maxAggregationInterval")
            ),
            **role,
            **self.tag_specifications(inputs),
        )
        if answer["Unsuccessful"]:  # reported in an otherwise successful response
            error = answer["Unsuccessful"][0]["Error"]
            raise ClientError({"Error": error}, "CreateFlowLogs")
        return answer["FlowLogIds"][0]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_flow_logs, FlowLogIds=[resource_id])
        log = first(found["FlowLogs"]) if found is not None else None
        if log is None:
            return None
        outputs = self.common(resource_id, log)
        del outputs["ownerId"]
        of = next(name for name, beginning in _ID_BEGINNINGS.items() if log["ResourceId"].startswith(beginning))
        return {
            **outputs,
            **smalls(log, ("trafficType", "logDestinationType", "logDestination", "logFormat")),
            "maxAggregationInterval": log["MaxAggregationInterval"],
            "iamRoleArn": log.get("DeliverLogsPermissionArn"),
            of: log["ResourceId"],
        }

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_flow_logs(FlowLogIds=[resource_id])


def _check(inputs: Values) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if len([name for name in _RESOURCE_TYPES if inputs.get(name)]) != 1:
        found.append(("vpcId", f"exactly one of {', '.join(f'`{name}`' for name in _RESOURCE_TYPES)} must be given"))
    if inputs["logDestinationType"] == _CLOUDWATCH and not inputs.get("iamRoleArn"):
        found.append(("iamRoleArn", "flow logs to CloudWatch Logs need a role: set `iamRoleArn`"))
    return found


ROWS = (
    Row(
        pulumi_name="aws:ec2/flowLog:FlowLog",
        source="flow_log",
        inputs={
            **{name: Input(replaces=True) for name in _RESOURCE_TYPES},
            "trafficType": Input(replaces=True, required=True, refusal=one_of("ACCEPT", "REJECT", "ALL")),
            "logDestination": Input(replaces=True, required=True),
            "logDestinationType": Input(default=_CLOUDWATCH, replaces=True, refusal=one_of(_CLOUDWATCH, _S3)),
            "logFormat": Input(computed=True, replaces=True),
            "maxAggregationInterval": Input(default=600, replaces=True, refusal=one_of(60, 600)),
            "iamRoleArn": Input(replaces=True),
        },
        outputs=("arn",),
        operations=FlowLog,
        check=_check,
    ),
)
