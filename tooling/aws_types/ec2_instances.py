"""EC2: launch templates, and the instances, interfaces and volumes that EKS and controllers create."""

from __future__ import annotations

from tooling.aws_types.billing import free
from tooling.aws_types.identification import by_tags
from tooling.aws_types.listing import Listing, own_tags
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
        listing=Listing(
            service="ec2",
            kind="launch-template",
            operation="describe_launch_templates",
            collection="LaunchTemplates",
            identity="LaunchTemplateId",
            tags=own_tags,
        ),
        billing=free,
    ),
)

OTHERS = (
    Listing(
        service="ec2",
        kind="instance",
        operation="describe_instances",
        collection="Reservations",
        inside="Instances",
        identity="InstanceId",
        keep=lambda instance: instance["State"]["Name"] not in ("terminated", "shutting-down"),
        tags=own_tags,
    ),
    Listing(
        service="ec2",
        kind="network-interface",
        operation="describe_network_interfaces",
        collection="NetworkInterfaces",
        identity="NetworkInterfaceId",
        tags=own_tags,
        remove=lambda client, thing: client.delete_network_interface(NetworkInterfaceId=thing["NetworkInterfaceId"]),
        inventoried=False,
    ),
    Listing(
        service="ec2",
        kind="volume",
        operation="describe_volumes",
        collection="Volumes",
        identity="VolumeId",
        tags=own_tags,
        remove=lambda client, thing: client.delete_volume(VolumeId=thing["VolumeId"]),
        inventoried=False,
    ),
    Listing(
        service="ec2",
        kind="snapshot",
        operation="describe_snapshots",
        collection="Snapshots",
        identity="SnapshotId",
        parameters={"OwnerIds": ["self"]},
        tags=own_tags,
        inventoried=False,
    ),
)
