"""The audited resources: one row per kind, with how to list it, read its tags and remove it.

A row without `remove` holds data, or others stand on it: it is shown, and left to a person. The order of the rows is
the order of removal: what uses something comes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Client = Any
"""A boto3 client of any service; boto3's stubs type each by its literal name."""

Thing = dict[str, Any]
Tags = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Listing:
    service: str
    kind: str
    operation: str
    collection: str
    identity: str
    inside: str = ""
    """The member of a collection's entry that holds the things themselves, where the entry is no thing."""
    parameters: Mapping[str, Any] | None = None
    paginated: bool = True
    keep: Callable[[Thing], bool] = lambda _: True
    """Excludes what is being deleted already, or belongs to AWS."""
    tags: Callable[[Client, Thing], Tags]
    remove: Callable[[Client, Thing], None] | None = None

    def things(self, client: Client) -> Iterator[Thing]:
        parameters = dict(self.parameters or {})
        pages = (
            client.get_paginator(self.operation).paginate(**parameters)
            if self.paginated
            else [getattr(client, self.operation)(**parameters)]
        )
        for page in pages:
            for thing in page[self.collection]:
                described = thing if isinstance(thing, dict) else {self.identity: thing}
                for found in described[self.inside] if self.inside else [described]:
                    if self.keep(found):
                        yield found


def _pairs(pairs: Any, key: str = "Key", value: str = "Value") -> Tags:
    return {pair[key]: pair[value] for pair in pairs or ()}


def _own(_: Client, thing: Thing) -> Tags:
    return _pairs(thing.get("Tags") or thing.get("TagSet"))


def _elbv2(arn: str) -> Callable[[Client, Thing], Tags]:
    def tags(client: Client, thing: Thing) -> Tags:
        (described,) = client.describe_tags(ResourceArns=[thing[arn]])["TagDescriptions"]
        return _pairs(described["Tags"])

    return tags


def _elb(client: Client, thing: Thing) -> Tags:
    (described,) = client.describe_tags(LoadBalancerNames=[thing["LoadBalancerName"]])["TagDescriptions"]
    return _pairs(described["Tags"])


def _logs(client: Client, thing: Thing) -> Tags:
    return client.list_tags_for_resource(resourceArn=thing["arn"].removesuffix(":*"))["tags"]


def _role(client: Client, thing: Thing) -> Tags:
    return _pairs(client.list_role_tags(RoleName=thing["RoleName"])["Tags"])


def _remove_role(client: Client, thing: Thing) -> None:
    """IAM deletes a role only if it has no policy and is in no instance profile. Source: IAM, DeleteRole."""
    name = thing["RoleName"]
    for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for policy in page["AttachedPolicies"]:
            client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for page in client.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
    for page in client.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name):
        for profile in page["InstanceProfiles"]:
            client.remove_role_from_instance_profile(RoleName=name, InstanceProfileName=profile["InstanceProfileName"])
    client.delete_role(RoleName=name)


def _bucket(client: Client, thing: Thing) -> Tags:
    try:
        return _pairs(client.get_bucket_tagging(Bucket=thing["Name"])["TagSet"])
    except client.exceptions.ClientError as error:
        # S3 returns this for a bucket without tags, and for one to which its owner gives no access.
        if error.response["Error"]["Code"] in ("NoSuchTagSet", "AccessDenied", "NoSuchBucket"):
            return {}
        raise


def _key(client: Client, thing: Thing) -> Tags:
    try:
        if client.describe_key(KeyId=thing["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return {}
        return _pairs(client.list_resource_tags(KeyId=thing["KeyId"])["Tags"], "TagKey", "TagValue")
    except client.exceptions.ClientError as error:
        # Keys of other owners in the account, and of AWS, deny access.
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return {}
        raise


LISTINGS = (
    Listing(
        service="elbv2",
        kind="load-balancer",
        operation="describe_load_balancers",
        collection="LoadBalancers",
        identity="LoadBalancerArn",
        tags=_elbv2("LoadBalancerArn"),
        remove=lambda client, thing: client.delete_load_balancer(LoadBalancerArn=thing["LoadBalancerArn"]),
    ),
    Listing(
        service="elbv2",
        kind="target-group",
        operation="describe_target_groups",
        collection="TargetGroups",
        identity="TargetGroupArn",
        tags=_elbv2("TargetGroupArn"),
        remove=lambda client, thing: client.delete_target_group(TargetGroupArn=thing["TargetGroupArn"]),
    ),
    Listing(
        # EKS creates these for Services of type LoadBalancer that no controller handles.
        service="elb",
        kind="classic-load-balancer",
        operation="describe_load_balancers",
        collection="LoadBalancerDescriptions",
        identity="LoadBalancerName",
        tags=_elb,
        remove=lambda client, thing: client.delete_load_balancer(LoadBalancerName=thing["LoadBalancerName"]),
    ),
    Listing(
        service="ec2",
        kind="instance",
        operation="describe_instances",
        collection="Reservations",
        inside="Instances",
        identity="InstanceId",
        keep=lambda instance: instance["State"]["Name"] not in ("terminated", "shutting-down"),
        tags=_own,
    ),
    Listing(
        service="ec2",
        kind="network-interface",
        operation="describe_network_interfaces",
        collection="NetworkInterfaces",
        identity="NetworkInterfaceId",
        tags=_own,
        # One in use cannot be deleted; it goes with what uses it.
        remove=lambda client, thing: client.delete_network_interface(NetworkInterfaceId=thing["NetworkInterfaceId"]),
    ),
    Listing(
        service="ec2",
        kind="volume",
        operation="describe_volumes",
        collection="Volumes",
        identity="VolumeId",
        tags=_own,
        remove=lambda client, thing: client.delete_volume(VolumeId=thing["VolumeId"]),
    ),
    Listing(
        service="ec2",
        kind="snapshot",
        operation="describe_snapshots",
        collection="Snapshots",
        identity="SnapshotId",
        parameters={"OwnerIds": ["self"]},
        tags=_own,
    ),
    Listing(
        service="ec2",
        kind="security-group",
        operation="describe_security_groups",
        collection="SecurityGroups",
        identity="GroupId",
        keep=lambda group: group["GroupName"] != "default",
        tags=_own,
        remove=lambda client, thing: client.delete_security_group(GroupId=thing["GroupId"]),
    ),
    Listing(
        service="ec2",
        kind="launch-template",
        operation="describe_launch_templates",
        collection="LaunchTemplates",
        identity="LaunchTemplateId",
        tags=_own,
    ),
    Listing(
        service="ec2",
        kind="elastic-ip",
        operation="describe_addresses",
        collection="Addresses",
        identity="AllocationId",
        paginated=False,
        tags=_own,
    ),
    Listing(
        service="ec2",
        kind="nat-gateway",
        operation="describe_nat_gateways",
        collection="NatGateways",
        identity="NatGatewayId",
        keep=lambda gateway: gateway["State"] not in ("deleted", "deleting"),
        tags=_own,
    ),
    Listing(service="ec2", kind="vpc", operation="describe_vpcs", collection="Vpcs", identity="VpcId", tags=_own),
    Listing(
        service="logs",
        kind="log-group",
        operation="describe_log_groups",
        collection="logGroups",
        identity="logGroupName",
        tags=_logs,
        remove=lambda client, thing: client.delete_log_group(logGroupName=thing["logGroupName"]),
    ),
    Listing(
        service="iam",
        kind="oidc-provider",
        operation="list_open_id_connect_providers",
        collection="OpenIDConnectProviderList",
        identity="Arn",
        paginated=False,
        tags=lambda client, thing: _pairs(
            client.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=thing["Arn"])["Tags"]
        ),
        remove=lambda client, thing: client.delete_open_id_connect_provider(OpenIDConnectProviderArn=thing["Arn"]),
    ),
    Listing(
        service="iam",
        kind="role",
        operation="list_roles",
        collection="Roles",
        identity="Arn",
        keep=lambda role: not role["Path"].startswith("/aws-service-role/"),
        tags=_role,
        remove=_remove_role,
    ),
    Listing(
        service="iam",
        kind="policy",
        operation="list_policies",
        collection="Policies",
        identity="Arn",
        parameters={"Scope": "Local"},
        tags=lambda client, thing: _pairs(client.list_policy_tags(PolicyArn=thing["Arn"])["Tags"]),
    ),
    Listing(
        service="eks",
        kind="cluster",
        operation="list_clusters",
        collection="clusters",
        identity="name",
        tags=lambda client, thing: client.describe_cluster(name=thing["name"])["cluster"].get("tags") or {},
    ),
    Listing(
        service="ecr",
        kind="repository",
        operation="describe_repositories",
        collection="repositories",
        identity="repositoryArn",
        tags=lambda client, thing: _pairs(client.list_tags_for_resource(resourceArn=thing["repositoryArn"])["tags"]),
    ),
    Listing(
        service="s3",
        kind="bucket",
        operation="list_buckets",
        collection="Buckets",
        identity="Name",
        paginated=False,
        tags=_bucket,
    ),
    Listing(service="kms", kind="key", operation="list_keys", collection="Keys", identity="KeyId", tags=_key),
)
