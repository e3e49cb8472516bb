"""Row of VPC endpoints: gateway endpoints, attached to route tables, and interface endpoints, attached to subnets."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.equivalence import policy_document
from tooling.plugins.aws.engine.naming_case import capital, capitals, first, smalls, smalls_within, unless_gone
from tooling.plugins.aws.engine.refusals import not_json, one_of
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations

_GATEWAY, _INTERFACE = "Gateway", "Interface"

_PLACES = {"routeTableIds": _GATEWAY, "subnetIds": _INTERFACE, "securityGroupIds": _INTERFACE}
"""What an endpoint is attached to, by endpoint type. Attachments can be added and removed one by one."""

_GONE = frozenset({"deleting", "deleted"})


class VpcEndpoint(Ec2Operations):
    kind = "vpc-endpoint"

    def create(self, inputs: Values) -> str:
        private_dns = (
            {"PrivateDnsEnabled": bool(inputs.get("privateDnsEnabled"))}
            if inputs["vpcEndpointType"] == _INTERFACE
            else {}
        )
        policy = {"PolicyDocument": inputs["policy"]} if inputs.get("policy") else {}
        return self.ec2.create_vpc_endpoint(
            **capitals(inputs, ("vpcId", "serviceName", "vpcEndpointType", *_PLACES)),
            **private_dns,
            **policy,
            **self.tag_specifications(inputs),
        )["VpcEndpoint"]["VpcEndpointId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_vpc_endpoints, VpcEndpointIds=[resource_id])
        endpoint = first(found["VpcEndpoints"]) if found is not None else None
        if endpoint is None or endpoint["State"].lower() in _GONE:
            return None
        prefix_list_id = self._prefix_list_id(endpoint)
        return {
            **self.common(resource_id, endpoint),
            **smalls(endpoint, ("vpcId", "serviceName", "vpcEndpointType", "state")),
            "policy": endpoint.get("PolicyDocument"),
            "routeTableIds": endpoint.get("RouteTableIds") or [],
            "subnetIds": endpoint.get("SubnetIds") or [],
            "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups") or []],
            "networkInterfaceIds": sorted(endpoint.get("NetworkInterfaceIds") or []),
            "dnsEntries": smalls_within(endpoint.get("DnsEntries") or []),
            "privateDnsEnabled": endpoint["VpcEndpointType"] == _INTERFACE and endpoint["PrivateDnsEnabled"],
            "requesterManaged": bool(endpoint.get("RequesterManaged")),
            "prefixListId": prefix_list_id,
            "cidrBlocks": self._addresses(prefix_list_id) if prefix_list_id else None,
        }

    def _prefix_list_id(self, endpoint: Values) -> str | None:
        """The AWS-managed prefix list with the gateway's addresses, which is named after the service."""
        if endpoint["VpcEndpointType"] != _GATEWAY:
            return None
        named = {"Name": "prefix-list-name", "Values": [endpoint["ServiceName"]]}
        found = first(self.ec2.describe_prefix_lists(Filters=[named])["PrefixLists"])
        return found["PrefixListId"] if found is not None else None

    def _addresses(self, prefix_list_id: str) -> list[str]:
        pages = self.ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=prefix_list_id)
        return [entry["Cidr"] for page in pages for entry in page["Entries"]]

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        request: dict[str, Any] = {}
        for name in _PLACES.keys() & changed:
            old, new = set(state.get(name) or []), set(inputs.get(name) or [])
            request |= {f"Add{capital(name)}": sorted(new - old)} if new - old else {}
            request |= {f"Remove{capital(name)}": sorted(old - new)} if old - new else {}
        if "policy" in changed:
            request |= {"PolicyDocument": inputs["policy"]} if inputs.get("policy") else {"ResetPolicy": True}
        if "privateDnsEnabled" in changed:
            request["PrivateDnsEnabled"] = bool(inputs.get("privateDnsEnabled"))
        if request:
            self.ec2.modify_vpc_endpoint(VpcEndpointId=resource_id, **request)

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=[resource_id])


def _check(inputs: Values) -> list[tuple[str, str]]:
    """Rejects combinations for which EC2's own error names neither input."""
    kind = inputs["vpcEndpointType"]
    found = [
        (name, f"`{name}` is for endpoints of type {wanted}, and this one is a {kind}")
        for name, wanted in _PLACES.items()
        if inputs.get(name) and kind != wanted
    ]
    if inputs.get("privateDnsEnabled") and kind != _INTERFACE:
        found.append(("privateDnsEnabled", f"private names are for endpoints of type {_INTERFACE}"))
    return found


ROWS = (
    Row(
        pulumi_name="aws:ec2/vpcEndpoint:VpcEndpoint",
        source="vpc_endpoint",
        inputs={
            "vpcId": Input(required=True, replaces=True),
            "serviceName": Input(required=True, replaces=True),
            "vpcEndpointType": Input(default=_GATEWAY, replaces=True, refusal=one_of(_GATEWAY, _INTERFACE)),
            "policy": Input(computed=True, canonical_form=policy_document, refusal=not_json),
            "privateDnsEnabled": Input(computed=True),
            "routeTableIds": Input(computed=True, unordered=True),
            "subnetIds": Input(computed=True, unordered=True),
            "securityGroupIds": Input(computed=True, unordered=True),
        },
        outputs=(
            "arn",
            "cidrBlocks",
            "dnsEntries",
            "networkInterfaceIds",
            "ownerId",
            "prefixListId",
            "requesterManaged",
            "state",
        ),
        operations=VpcEndpoint,
        recomputed={"subnetIds": ("networkInterfaceIds",), "privateDnsEnabled": ("dnsEntries",)},
        check=_check,
    ),
)
