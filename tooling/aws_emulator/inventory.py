"""Lists what a person could have made in an emulated account and that matters to the platform.

For an audit: what is there after a destroy and was not there before. What AWS makes by itself and nobody can delete
(default VPC's parts, service-linked roles, AWS' own keys and policies) is in no baseline worth keeping and left out
where it can be told; the audit subtracts the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3

Item = dict[str, str]

_SESSION = boto3.Session(
    aws_access_key_id="inventory",
    aws_secret_access_key="inventory",  # noqa: S106 - the emulator takes any
)
"""One for all, since reading a service's model takes longer than asking it; its credentials are always these."""


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """How one kind of thing is listed: a paginated operation, and what of each thing is its id.

    `keep` leaves out what is going already, or is AWS' own.
    """

    service: str
    kind: str
    operation: str
    collection: str
    identity: str
    parameters: dict[str, Any] | None = None
    keep: Callable[[dict[str, Any]], bool] = lambda _: True


def _not_default(thing: dict[str, Any]) -> bool:
    return not (thing.get("IsDefault") or thing.get("DefaultForAz"))


_LISTINGS = (
    _Listing(
        service="ec2", kind="vpc", operation="describe_vpcs", collection="Vpcs", identity="VpcId", keep=_not_default
    ),
    _Listing(
        service="ec2",
        kind="subnet",
        operation="describe_subnets",
        collection="Subnets",
        identity="SubnetId",
        keep=_not_default,
    ),
    _Listing(
        service="ec2",
        kind="internet-gateway",
        operation="describe_internet_gateways",
        collection="InternetGateways",
        identity="InternetGatewayId",
    ),
    _Listing(
        service="ec2",
        kind="nat-gateway",
        operation="describe_nat_gateways",
        collection="NatGateways",
        identity="NatGatewayId",
        keep=lambda gateway: gateway["State"] not in ("deleted", "deleting"),
    ),
    _Listing(
        service="ec2",
        kind="route-table",
        operation="describe_route_tables",
        collection="RouteTables",
        identity="RouteTableId",
        keep=lambda table: not any(association.get("Main") for association in table["Associations"]),
    ),
    _Listing(
        service="ec2",
        kind="security-group",
        operation="describe_security_groups",
        collection="SecurityGroups",
        identity="GroupId",
        keep=lambda group: group["GroupName"] != "default",
    ),
    _Listing(
        service="ec2",
        kind="launch-template",
        operation="describe_launch_templates",
        collection="LaunchTemplates",
        identity="LaunchTemplateId",
    ),
    _Listing(
        service="ec2", kind="flow-log", operation="describe_flow_logs", collection="FlowLogs", identity="FlowLogId"
    ),
    _Listing(
        service="ec2",
        kind="vpc-endpoint",
        operation="describe_vpc_endpoints",
        collection="VpcEndpoints",
        identity="VpcEndpointId",
        keep=lambda endpoint: endpoint["State"].lower() not in ("deleted", "deleting"),
    ),
    _Listing(
        service="iam",
        kind="role",
        operation="list_roles",
        collection="Roles",
        identity="Arn",
        keep=lambda role: not role["Path"].startswith("/aws-service-role/"),
    ),
    _Listing(
        service="iam",
        kind="policy",
        operation="list_policies",
        collection="Policies",
        identity="Arn",
        parameters={"Scope": "Local"},
    ),
    _Listing(
        service="iam",
        kind="instance-profile",
        operation="list_instance_profiles",
        collection="InstanceProfiles",
        identity="Arn",
    ),
    _Listing(service="iam", kind="user", operation="list_users", collection="Users", identity="Arn"),
    _Listing(
        service="kms",
        kind="alias",
        operation="list_aliases",
        collection="Aliases",
        identity="AliasName",
        keep=lambda alias: not alias["AliasName"].startswith("alias/aws/"),
    ),
    _Listing(
        service="logs",
        kind="log-group",
        operation="describe_log_groups",
        collection="logGroups",
        identity="logGroupName",
    ),
    _Listing(
        service="ecr",
        kind="repository",
        operation="describe_repositories",
        collection="repositories",
        identity="repositoryName",
    ),
    _Listing(
        service="autoscaling",
        kind="group",
        operation="describe_auto_scaling_groups",
        collection="AutoScalingGroups",
        identity="AutoScalingGroupName",
    ),
)


def inventory(endpoint_url: str, region: str) -> list[Item]:
    """All of it, sorted: `[{"service": "ec2", "kind": "vpc", "id": "vpc-…"}, …]`. Reads only."""

    @functools.cache
    def client(service: str) -> Any:
        make: Any = _SESSION.client
        return make(service, endpoint_url=endpoint_url, region_name=region)

    items = [item for listing in _LISTINGS for item in _listed(client(listing.service), listing)]
    ec2, iam, kms, s3, eks = (client(service) for service in ("ec2", "iam", "kms", "s3", "eks"))
    # These four have no paginator, or need a second look at each thing.
    items += [_item("ec2", "elastic-ip", address["AllocationId"]) for address in ec2.describe_addresses()["Addresses"]]
    items += [
        _item("ec2", "instance", instance["InstanceId"])
        for page in ec2.get_paginator("describe_instances").paginate()
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in ("terminated", "shutting-down")
    ]
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    items += [_item("iam", "oidc-provider", provider["Arn"]) for provider in providers]
    items += [_item("kms", "key", key) for key in _customer_keys(kms)]
    items += [_item("s3", "bucket", bucket["Name"]) for bucket in s3.list_buckets()["Buckets"]]
    items += _eks(eks)
    return sorted(items, key=lambda item: (item["service"], item["kind"], item["id"]))


def _item(service: str, kind: str, identity: str) -> Item:
    return {"service": service, "kind": kind, "id": identity}


def _listed(client: Any, listing: _Listing) -> Iterator[Item]:
    for page in client.get_paginator(listing.operation).paginate(**(listing.parameters or {})):
        for thing in page[listing.collection]:
            if listing.keep(thing):
                yield _item(listing.service, listing.kind, thing[listing.identity])


def _customer_keys(kms: Any) -> Iterator[str]:
    """Keys of people's own, unless their deletion is scheduled, which is all one can do to a key."""
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if metadata["KeyState"] != "PendingDeletion" and not _is_aws_key(kms, key["KeyId"]):
                yield key["KeyId"]


def _is_aws_key(kms: Any, key_id: str) -> bool:
    aliases = kms.list_aliases(KeyId=key_id)["Aliases"]
    return any(alias["AliasName"].startswith("alias/aws/") for alias in aliases)


def _eks(eks: Any) -> Iterator[Item]:
    for cluster in eks.list_clusters()["clusters"]:
        yield _item("eks", "cluster", cluster)
        named = {
            "nodegroup": ("list_nodegroups", "nodegroups"),
            "addon": ("list_addons", "addons"),
            "access-entry": ("list_access_entries", "accessEntries"),
            "fargate-profile": ("list_fargate_profiles", "fargateProfileNames"),
        }
        for kind, (operation, collection) in named.items():
            if kind == "access-entry" and _without_entries(eks, cluster):
                continue
            for page in eks.get_paginator(operation).paginate(clusterName=cluster):
                for name in page[collection]:
                    yield _item("eks", kind, f"{cluster}/{name}")
        for page in eks.get_paginator("list_pod_identity_associations").paginate(clusterName=cluster):
            for association in page["associations"]:
                yield _item("eks", "pod-identity-association", f"{cluster}/{association['associationId']}")


def _without_entries(eks: Any, cluster: str) -> bool:
    return eks.describe_cluster(name=cluster)["cluster"]["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
