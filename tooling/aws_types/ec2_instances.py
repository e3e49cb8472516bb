"""EC2: launch templates, and the instances, interfaces and volumes that EKS and controllers create."""

from __future__ import annotations

from tooling.aws_types.billing import free
from tooling.aws_types.identification import by_tags
from tooling.aws_types.listing import ec2_listing, own_tags
from tooling.aws_types.row import AwsType, Description

TYPES = (
    AwsType(
        pulumi_name="aws:ec2/launchTemplate:LaunchTemplate",
        description=Description(
            noun="launch template",
            service="ec2",
            name=("name",),
            find="aws ec2 describe-launch-templates --launch-template-names {name} --region {region}",
            delete="aws ec2 delete-launch-template --launch-template-name {name} --region {region}",
            uses="aws autoscaling describe-auto-scaling-groups --region {region}",
        ),
        identification=by_tags("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
        listing=ec2_listing(
            "launch-template", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId", tags=own_tags
        ),
        billing=free,
    ),
)

OTHERS = (
    ec2_listing(
        "instance",
        "describe_instances",
        "Reservations",
        "InstanceId",
        inside="Instances",
        keep=lambda instance: instance["State"]["Name"] not in ("terminated", "shutting-down"),
        tags=own_tags,
    ),
    ec2_listing(
        "network-interface",
        "describe_network_interfaces",
        "NetworkInterfaces",
        "NetworkInterfaceId",
        tags=own_tags,
        remove=lambda client, thing: client.delete_network_interface(NetworkInterfaceId=thing["NetworkInterfaceId"]),
        inventoried=False,
    ),
    ec2_listing(
        "volume",
        "describe_volumes",
        "Volumes",
        "VolumeId",
        tags=own_tags,
        remove=lambda client, thing: client.delete_volume(VolumeId=thing["VolumeId"]),
        inventoried=False,
    ),
    ec2_listing(
        "snapshot",
        "describe_snapshots",
        "Snapshots",
        "SnapshotId",
        parameters={"OwnerIds": ["self"]},
        tags=own_tags,
        inventoried=False,
    ),
)
