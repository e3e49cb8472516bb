"""Finds the AWS object that a create with given inputs may have made, although no state has its id.

Most ids follow from the inputs alone; whether such an object exists, and is ours, is seen when the engine reads it.
Others (a VPC, a key) are drawn by AWS: they are found by the tags that only this resource has. Ids are spelt as the
released plug-in spells them: the import section of each resource's page in the Terraform registry.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
"""Inputs by their wire name (`cidrBlock`)."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account to search. `client` returns a boto3 client for a service."""

    account_id: str
    partition: str
    client: Callable[[str], Any]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}::{self.account_id}:{resource}"


Ids = Callable[[Values, Account], Iterable[str]]


def ids_of(type_name: str, inputs: Values, account: Account) -> list[str] | None:
    """Ids of objects that a create with `inputs` may have made, most likely first; `None` for an unsupported type."""
    look = LOOKUPS.get(type_name)
    return None if look is None else list(look(inputs, account))


def _of(*names: str, between: str = ":") -> Ids:
    """The inputs `names`, joined as in the id; empty if one is unknown."""

    def ids(inputs: Values, _account: Account) -> Iterable[str]:
        parts = [inputs.get(name) for name in names]
        return [between.join(map(str, parts))] if all(parts) else []

    return ids


def _tagged(operation: str, collection: str, identity: str, *, parameter: str = "Filters") -> Ids:
    """EC2 objects that have all the tags of the inputs, by the call that lists them.

    DescribeTags would be one call for all kinds, and still tells of objects that are gone.
    """

    def ids(inputs: Values, account: Account) -> Iterable[str]:
        wanted = _tags(inputs)
        if not wanted:
            return
        ec2 = account.client("ec2")
        filters = [_filter(f"tag:{key}", value) for key, value in wanted.items()]
        pages = (
            ec2.get_paginator(operation).paginate(**{parameter: filters})
            if ec2.can_paginate(operation)
            else [getattr(ec2, operation)(**{parameter: filters})]
        )
        for thing in (thing for page in pages for thing in page[collection]):
            actual = {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or ()}
            if wanted.items() <= actual.items() and thing.get("State") not in ("deleting", "deleted", "failed"):
                yield thing[identity]

    return ids


def _tags(inputs: Values) -> Mapping[str, str]:
    """All tags of the object; only `tags` if the plug-in does not report the default tags."""
    return inputs.get("tagsAll") or inputs.get("tags") or {}


def _policy(inputs: Values, account: Account) -> Iterable[str]:
    return [account.arn("iam", f"policy{inputs.get('path') or '/'}{inputs['name']}")] if inputs.get("name") else []


def _oidc_provider(inputs: Values, account: Account) -> Iterable[str]:
    return [account.arn("iam", f"oidc-provider/{str(inputs['url']).removeprefix('https://')}")]


def _key(inputs: Values, account: Account) -> Iterable[str]:
    wanted = _tags(inputs)
    kms = account.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if described["KeyManager"] != "CUSTOMER" or described["KeyState"] != "Enabled":
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]}
            if wanted and wanted.items() <= tags.items() and described["Description"] == inputs.get("description", ""):
                yield key["KeyId"]


def _route(inputs: Values, _account: Account) -> Iterable[str]:
    names = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
    destination = next((inputs[name] for name in names if inputs.get(name)), None)
    return [f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"] if destination else []


def _route_table_association(inputs: Values, account: Account) -> Iterable[str]:
    if not inputs.get("subnetId"):
        return
    answer = account.client("ec2").describe_route_tables(Filters=[_filter("association.subnet-id", inputs["subnetId"])])
    for table in answer["RouteTables"]:
        for association in table["Associations"]:
            wanted = (inputs["subnetId"], inputs["routeTableId"])
            if (association.get("SubnetId"), association["RouteTableId"]) == wanted:
                yield association["RouteTableAssociationId"]


def _further_range(inputs: Values, account: Account) -> Iterable[str]:
    answer = account.client("ec2").describe_vpcs(VpcIds=[inputs["vpcId"]])
    for vpc in answer["Vpcs"]:
        for association in vpc.get("CidrBlockAssociationSet") or ():
            associated = association.get("CidrBlockState", {}).get("State") in (None, "associating", "associated")
            if association["CidrBlock"] == inputs.get("cidrBlock") and associated:
                yield association["AssociationId"]


def _node_group(inputs: Values, account: Account) -> Iterable[str]:
    cluster = inputs["clusterName"]
    if inputs.get("nodeGroupName"):
        return [f"{cluster}:{inputs['nodeGroupName']}"]
    pages = account.client("eks").get_paginator("list_nodegroups").paginate(clusterName=cluster)
    names = [name for page in pages for name in page["nodegroups"]]
    prefix = inputs.get("nodeGroupNamePrefix")
    return [f"{cluster}:{name}" for name in names if prefix and name.startswith(prefix)]


def _pod_identity_association(inputs: Values, account: Account) -> Iterable[str]:
    wanted = {"namespace": inputs["namespace"], "serviceAccount": inputs["serviceAccount"]}
    answer = account.client("eks").list_pod_identity_associations(clusterName=inputs["clusterName"], **wanted)
    return [association["associationId"] for association in answer["associations"]]


def _filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}


_BUCKET = _of("bucket")
_SECURITY_GROUP_RULE = _tagged("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId")

LOOKUPS: Mapping[str, Ids] = {
    "aws:autoscaling/tag:Tag": lambda inputs, _: [f"{inputs['autoscalingGroupName']},{inputs['tag']['key']}"],
    "aws:cloudwatch/logGroup:LogGroup": _of("name"),
    "aws:ec2/eip:Eip": _tagged("describe_addresses", "Addresses", "AllocationId"),
    "aws:ec2/flowLog:FlowLog": _tagged("describe_flow_logs", "FlowLogs", "FlowLogId", parameter="Filter"),
    "aws:ec2/internetGateway:InternetGateway": _tagged(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _tagged(
        "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"
    ),
    "aws:ec2/natGateway:NatGateway": _tagged("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "aws:ec2/route:Route": _route,
    "aws:ec2/routeTable:RouteTable": _tagged("describe_route_tables", "RouteTables", "RouteTableId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _route_table_association,
    "aws:ec2/securityGroup:SecurityGroup": _tagged("describe_security_groups", "SecurityGroups", "GroupId"),
    "aws:ec2/subnet:Subnet": _tagged("describe_subnets", "Subnets", "SubnetId"),
    "aws:ec2/vpc:Vpc": _tagged("describe_vpcs", "Vpcs", "VpcId"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _tagged("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": _further_range,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _of("repository"),
    "aws:ecr/repository:Repository": _of("name"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _of("repository"),
    "aws:eks/accessEntry:AccessEntry": _of("clusterName", "principalArn"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _of(
        "clusterName", "principalArn", "policyArn", between="#"
    ),
    "aws:eks/addon:Addon": _of("clusterName", "addonName"),
    "aws:eks/cluster:Cluster": _of("name"),
    "aws:eks/fargateProfile:FargateProfile": _of("clusterName", "fargateProfileName"),
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _pod_identity_association,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _oidc_provider,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _of("name"),
    "aws:iam/rolePolicy:RolePolicy": _of("role", "name"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _of("role", "policyArn", between="/"),
    "aws:kms/alias:Alias": _of("name"),
    "aws:kms/key:Key": _key,
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _BUCKET,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": _BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _BUCKET,
    "aws:s3/bucketVersioning:BucketVersioning": _BUCKET,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _SECURITY_GROUP_RULE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _SECURITY_GROUP_RULE,
}
"""One row per type that the tiers create. A test compares it, and the next, with the types that the lane models."""

BY_HAND: Mapping[str, str] = {
    "aws:ec2/securityGroupRule:SecurityGroupRule": "its id is the provider's own hash of the rule's permissions",
}
"""Types whose id cannot be determined, each with the reason."""
