"""Rows of the basic network: VPC, subnets, internet gateway, Elastic IP addresses, NAT gateways."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.lost_responses import repeats_are_done
from tooling.plugins.aws.engine.naming_case import capital, capitals, first, smalls, unless_gone
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations

_VPC_SWITCHES = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")


class Vpc(Ec2Operations):
    kind = "vpc"

    def create(self, inputs: Values) -> str:
        return self.ec2.create_vpc(
            **capitals(inputs, ("cidrBlock", "instanceTenancy")), **self.tag_specifications(inputs)
        )["Vpc"]["VpcId"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        self._switch(resource_id, inputs, frozenset(_VPC_SWITCHES))

    def _switch(self, resource_id: str, inputs: Values, names: frozenset[str]) -> None:
        for name in _VPC_SWITCHES:  # EC2 accepts one attribute per call
            if name in names and inputs.get(name) is not None:
                self.ec2.modify_vpc_attribute(VpcId=resource_id, **{capital(name): {"Value": inputs[name]}})

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_vpcs, VpcIds=[resource_id])
        if found is None:
            return None
        vpc = found["Vpcs"][0]
        here = {"Name": "vpc-id", "Values": [resource_id]}
        groups = self.ec2.describe_security_groups(Filters=[here, {"Name": "group-name", "Values": ["default"]}])
        acls = self.ec2.describe_network_acls(Filters=[here, {"Name": "default", "Values": ["true"]}])
        tables = self.ec2.describe_route_tables(Filters=[here, {"Name": "association.main", "Values": ["true"]}])
        main_table = (first(tables["RouteTables"]) or {}).get("RouteTableId")
        return {
            **self.common(resource_id, vpc),
            **smalls(vpc, ("cidrBlock", "instanceTenancy", "dhcpOptionsId")),
            **{name: self._attribute(resource_id, name) for name in _VPC_SWITCHES},
            "defaultSecurityGroupId": (first(groups["SecurityGroups"]) or {}).get("GroupId"),
            "defaultNetworkAclId": (first(acls["NetworkAcls"]) or {}).get("NetworkAclId"),
            "defaultRouteTableId": main_table,
            "mainRouteTableId": main_table,
        }

    def _attribute(self, resource_id: str, name: str) -> bool:
        return self.ec2.describe_vpc_attribute(VpcId=resource_id, Attribute=name)[capital(name)]["Value"]

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self._switch(resource_id, inputs, changed)

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_vpc(VpcId=resource_id)


class Subnet(Ec2Operations):
    kind = "subnet"

    def create(self, inputs: Values) -> str:
        names = ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId")
        return self.ec2.create_subnet(**capitals(inputs, names), **self.tag_specifications(inputs))["Subnet"][
            "SubnetId"
        ]

    def complete(self, resource_id: str, inputs: Values) -> None:
        if inputs["mapPublicIpOnLaunch"]:
            self._map_public_ip(resource_id, True)

    def _map_public_ip(self, resource_id: str, value: bool) -> None:
        self.ec2.modify_subnet_attribute(SubnetId=resource_id, MapPublicIpOnLaunch={"Value": value})

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_subnets, SubnetIds=[resource_id])
        if found is None:
            return None
        subnet = found["Subnets"][0]
        names = ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "mapPublicIpOnLaunch")
        return {**self.common(resource_id, subnet), **smalls(subnet, names)}

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "mapPublicIpOnLaunch" in changed:
            self._map_public_ip(resource_id, inputs["mapPublicIpOnLaunch"])

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_subnet(SubnetId=resource_id)


class InternetGateway(Ec2Operations):
    kind = "internet-gateway"

    def create(self, inputs: Values) -> str:
        answer = self.ec2.create_internet_gateway(**self.tag_specifications(inputs))
        return answer["InternetGateway"]["InternetGatewayId"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        if inputs.get("vpcId"):
            with repeats_are_done():
                self.ec2.attach_internet_gateway(InternetGatewayId=resource_id, VpcId=inputs["vpcId"])

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_internet_gateways, InternetGatewayIds=[resource_id])
        if found is None:
            return None
        gateway = found["InternetGateways"][0]
        attachment = first(gateway.get("Attachments")) or {}
        return {**self.common(resource_id, gateway), "vpcId": attachment.get("VpcId")}

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "vpcId" in changed:
            self._detach(resource_id)
            self.complete(resource_id, inputs)

    def _detach(self, resource_id: str) -> None:
        vpc_id = (self.read(resource_id, {}) or {}).get("vpcId")
        if vpc_id:
            call = self.ec2.detach_internet_gateway
            unless_gone(call, "Gateway.NotAttached", InternetGatewayId=resource_id, VpcId=vpc_id)

    def delete(self, resource_id: str, state: Values) -> None:
        self._detach(resource_id)
        self.ec2.delete_internet_gateway(InternetGatewayId=resource_id)


class Eip(Ec2Operations):
    kind = "elastic-ip"

    def create(self, inputs: Values) -> str:
        return self.ec2.allocate_address(Domain=inputs["domain"], **self.tag_specifications(inputs))["AllocationId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_addresses, AllocationIds=[resource_id])
        if found is None:
            return None
        address = found["Addresses"][0]
        common = self.common(resource_id, address)
        del common["ownerId"]
        return {**common, **smalls(address, ("domain", "publicIp", "allocationId", "associationId"))}

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.release_address(AllocationId=resource_id)


class NatGateway(Ec2Operations):
    kind = "natgateway"

    def create(self, inputs: Values) -> str:
        names = ("allocationId", "subnetId", "connectivityType")
        answer = self.ec2.create_nat_gateway(**capitals(inputs, names), **self.tag_specifications(inputs))
        return answer["NatGateway"]["NatGatewayId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_nat_gateways, NatGatewayIds=[resource_id])
        gateway = first(found["NatGateways"]) if found is not None else None
        if gateway is None or gateway["State"] in ("deleting", "deleted"):
            return None
        address = first(gateway.get("NatGatewayAddresses")) or {}
        return {
            "tagsAll": self.common(resource_id, gateway)["tagsAll"],
            **smalls(gateway, ("subnetId", "connectivityType")),
            **smalls(address, ("allocationId", "publicIp", "privateIp", "networkInterfaceId", "associationId")),
        }

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_nat_gateway(NatGatewayId=resource_id)
        # until moto frees the address of a deleted gateway, as EC2 does (seen in 5.2.5)
        if state.get("allocationId"):
            found = unless_gone(self.ec2.describe_addresses, AllocationIds=[state["allocationId"]])
            for address in found["Addresses"] if found is not None else []:
                if address.get("AssociationId"):
                    self.ec2.disassociate_address(AssociationId=address["AssociationId"])


def _check_nat_gateway(inputs: Values) -> list[tuple[str, str]]:
    public = inputs["connectivityType"] == "public"
    if public and not inputs.get("allocationId"):
        return [("allocationId", "a public NAT gateway needs an Elastic IP address: set `allocationId`")]
    if not public and inputs.get("allocationId"):
        return [("allocationId", "a private NAT gateway has no Elastic IP address: leave out `allocationId`")]
    return []


ROWS = (
    Row(
        pulumi_name="aws:ec2/vpc:Vpc",
        source="vpc",
        inputs={
            "cidrBlock": Input(required=True, replaces=True),
            "enableDnsHostnames": Input(computed=True),
            "enableDnsSupport": Input(default=True),
            "enableNetworkAddressUsageMetrics": Input(computed=True),
            "instanceTenancy": Input(default="default", replaces=True, refusal=one_of("default", "dedicated")),
        },
        outputs=(
            "arn",
            "defaultNetworkAclId",
            "defaultRouteTableId",
            "defaultSecurityGroupId",
            "dhcpOptionsId",
            "mainRouteTableId",
            "ownerId",
        ),
        operations=Vpc,
    ),
    Row(
        pulumi_name="aws:ec2/subnet:Subnet",
        source="subnet",
        inputs={
            "vpcId": Input(required=True, replaces=True),
            "cidrBlock": Input(required=True, replaces=True),
            "availabilityZone": Input(computed=True, replaces=True),
            "availabilityZoneId": Input(computed=True, replaces=True),
            "mapPublicIpOnLaunch": Input(default=False),
        },
        outputs=("arn", "ownerId"),
        operations=Subnet,
    ),
    Row(
        pulumi_name="aws:ec2/internetGateway:InternetGateway",
        source="internet_gateway",
        inputs={"vpcId": Input(computed=True)},
        outputs=("arn", "ownerId"),
        operations=InternetGateway,
    ),
    Row(
        pulumi_name="aws:ec2/eip:Eip",
        source="eip",
        inputs={"domain": Input(default="vpc", replaces=True, refusal=one_of("vpc"))},
        outputs=("arn", "allocationId", "associationId", "publicIp"),
        operations=Eip,
    ),
    Row(
        pulumi_name="aws:ec2/natGateway:NatGateway",
        source="nat_gateway",
        inputs={
            "subnetId": Input(required=True, replaces=True),
            "allocationId": Input(computed=True, replaces=True),
            "connectivityType": Input(default="public", replaces=True, refusal=one_of("public", "private")),
        },
        outputs=("associationId", "networkInterfaceId", "privateIp", "publicIp"),
        operations=NatGateway,
        check=_check_nat_gateway,
    ),
)
