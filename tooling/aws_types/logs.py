"""CloudWatch Logs."""

from __future__ import annotations

from tooling.aws_types.billing import used
from tooling.aws_types.identification import from_inputs
from tooling.aws_types.listing import Client, Listing, Tags, Thing
from tooling.aws_types.row import AwsType, Description


def _tags(client: Client, thing: Thing) -> Tags:
    return client.list_tags_for_resource(resourceArn=thing["arn"].removesuffix(":*"))["tags"]


TYPES = (
    AwsType(
        pulumi_name="aws:cloudwatch/logGroup:LogGroup",
        description=Description(
            noun="log group",
            service="logs",
            name=("name",),
            find="aws logs describe-log-groups --log-group-name-prefix {name} --region {region}",
            delete="aws logs delete-log-group --log-group-name {name} --region {region}",
            adoptable=True,
        ),
        identification=from_inputs("name"),
        listing=Listing(
            service="logs",
            kind="log-group",
            operation="describe_log_groups",
            collection="logGroups",
            identity="logGroupName",
            tags=_tags,
            remove=lambda client, thing: client.delete_log_group(logGroupName=thing["logGroupName"]),
        ),
        billing=used("logs, per GB ingested, and their storage"),
    ),
)
