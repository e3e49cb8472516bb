"""Changes of VPC endpoints, in the place of moto's.

moto 5.2.5 notes the new subnets and route tables of a changed endpoint, but leaves its network interfaces and routes as
they were, and drops `PrivateDnsEnabled`. Creation and deletion are moto's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs


def install() -> None:
    VPCs.modify_vpc_endpoint = _modify_vpc_endpoint  # type: ignore[method-assign]


def _modify_vpc_endpoint(self: VPCs) -> ActionResult:
    backend: Any = self.ec2_backend
    endpoint = backend.describe_vpc_endpoints(vpc_end_point_ids=[self._get_param("VpcEndpointId")])[0]
    added, removed = self._get_param("AddSubnetIds", []), self._get_param("RemoveSubnetIds", [])
    _leave_subnets(backend, endpoint, removed)
    _enter_subnets(backend, endpoint, added)
    opened, closed = self._get_param("AddRouteTableIds", []), self._get_param("RemoveRouteTableIds", [])
    _change_routes(backend, endpoint, opened, closed)
    policy = json.dumps(VPCEndPoint.DEFAULT_POLICY) if self._get_bool_param("ResetPolicy") else None
    endpoint.modify(
        policy or self._get_param("PolicyDocument"),
        added,
        removed,
        opened,
        closed,
        self._get_param("AddSecurityGroupIds", []),
        self._get_param("RemoveSecurityGroupIds", []),
    )
    private_dns = self._get_bool_param("PrivateDnsEnabled")
    if private_dns is not None:
        endpoint.private_dns_enabled = private_dns
    return ActionResult({"Return": True})


def _enter_subnets(backend: Any, endpoint: VPCEndPoint, subnet_ids: Iterable[str]) -> None:
    for subnet_id in subnet_ids:
        endpoint.network_interface_ids.append(backend.create_network_interface(subnet_id, "").id)


def _leave_subnets(backend: Any, endpoint: VPCEndPoint, subnet_ids: Iterable[str]) -> None:
    for interface_id in list(endpoint.network_interface_ids):
        if backend.get_network_interface(interface_id).subnet.id in subnet_ids:
            backend.delete_network_interface(interface_id)
            endpoint.network_interface_ids.remove(interface_id)


def _change_routes(backend: VPCBackend, endpoint: VPCEndPoint, opened: Iterable[str], closed: Iterable[str]) -> None:
    """A gateway stands in its route tables, as the target of the prefix list that bears its service's name."""
    tables: Any = backend
    prefix_list = endpoint.destination_prefix_list_id
    if prefix_list is None:
        return
    for table_id in closed:
        tables.delete_route(table_id, None, destination_prefix_list_id=prefix_list)
    for table_id in opened:
        tables.create_route(table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
