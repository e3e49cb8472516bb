"""Auto Scaling. EKS creates the groups of its node groups."""

from __future__ import annotations

from tooling.aws_types.billing import free
from tooling.aws_types.listing import Listing
from tooling.aws_types.row import AwsType, Description

TYPES = (
    AwsType(
        pulumi_name="aws:autoscaling/tag:Tag",
        description=Description(
            noun="tag of Auto Scaling group",
            service="autoscaling",
            name=("autoscalingGroupName",),
            find="aws autoscaling describe-tags --filters Name=auto-scaling-group,Values={autoscalingGroupName} "
            "--region {region}",
            adoptable=True,
        ),
        identification=lambda inputs, _: [f"{inputs['autoscalingGroupName']},{inputs['tag']['key']}"],
        listing="a tag of an Auto Scaling group that EKS creates and deletes",
        billing=free,
    ),
)

OTHERS = (
    Listing(
        service="autoscaling",
        kind="group",
        operation="describe_auto_scaling_groups",
        collection="AutoScalingGroups",
        identity="AutoScalingGroupName",
    ),
)
