"""Rows of routing: route tables, single routes, and associations of subnets with route tables."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tooling.plugins.aws.engine.errors import is_gone
from tooling.plugins.aws.engine.lost_responses import repeats_are_done
from tooling.plugins.aws.engine.naming_case import capital, capitals, first, unless_gone
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations

_TARGETS = ("gatewayId", "natGatewayId", "networkInterfaceId", "vpcPeeringConnectionId")
_ROUTE_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TABLE_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _destination(route: Values, names: Mapping[str, str]) -> dict[str, str]:
    return {api: route[wire] for wire, api in names.items() if route.get(wire)}


def _one_destination_and_target(route: Values, names: Mapping[str, str], path: str) -> list[tuple[str, str]]:
    """Rejects routes for which EC2's own error names neither input."""
    found: list[tuple[str, str]] = []
    if len(_destination(route, names)) != 1:
        found.append((path, f"a route has exactly one destination: {' or '.join(f'`{name}`' for name in names)}"))
    if len([name for name in _TARGETS if route.get(name)]) != 1:
        found.append((path, f"a route has exactly one target: {' or '.join(f'`{name}`' for name in _TARGETS)}"))
    return found


class RouteTable(Ec2Operations):
    kind = "route-table"

    def create(self, inputs: Values) -> str:
        answer = self.ec2.create_route_table(VpcId=inputs["vpcId"], **self.tag_specifications(inputs))
        return answer["RouteTable"]["RouteTableId"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        for route in inputs.get("routes") or []:
            self._create_route(resource_id, route)

    def _create_route(self, resource_id: str, route: Values) -> None:
        with repeats_are_done():
            self.ec2.create_route(
                RouteTableId=resource_id, **_destination(route, _TABLE_DESTINATIONS), **capitals(route, _TARGETS)
            )

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ec2.describe_route_tables, RouteTableIds=[resource_id])
        if found is None:
            return None
        table = found["RouteTables"][0]
        routes = [_table_route(route) for route in table["Routes"] if _is_of_somebody(route)]
        return {**self.common(resource_id, table), "vpcId": table["VpcId"], "routes": routes}

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "routes" not in changed:
            return
        old = {str(_destination(route, _TABLE_DESTINATIONS)): route for route in state.get("routes") or []}
        new = {str(_destination(route, _TABLE_DESTINATIONS)): route for route in inputs.get("routes") or []}
        for destination, route in old.items():
            if new.get(destination) != route:
                self._delete_route(resource_id, route)
        for destination, route in new.items():
            if old.get(destination) != route:
                self._create_route(resource_id, route)

    def _delete_route(self, resource_id: str, route: Values) -> None:
        try:
            self.ec2.delete_route(RouteTableId=resource_id, **_destination(route, _TABLE_DESTINATIONS))
        except ClientError as error:
            if not is_gone(error):
                raise

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_route_table(RouteTableId=resource_id)


def _is_of_somebody(route: Mapping[str, Any]) -> bool:
    """Whether it is managed elsewhere: the VPC owns the local route, gateway endpoints own theirs."""
    return route.get("GatewayId") != "local" and not str(route.get("GatewayId", "")).startswith("vpce-")


def _table_route(route: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{wire: route[api] for wire, api in _TABLE_DESTINATIONS.items() if route.get(api)},
        **{name: route[capital(name)] for name in _TARGETS if route.get(capital(name))},
    }


def _check_route_table(inputs: Values) -> list[tuple[str, str]]:
    return [
        failure
        for index, route in enumerate(inputs.get("routes") or [])
        for failure in _one_destination_and_target(route, _TABLE_DESTINATIONS, f"routes[{index}]")
    ]


class Route(Ec2Operations):
    def create(self, inputs: Values) -> str:
        destination = _destination(inputs, _ROUTE_DESTINATIONS)
        self.ec2.create_route(RouteTableId=inputs["routeTableId"], **destination, **capitals(inputs, _TARGETS))
        return _route_id(inputs)

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        table_id, wanted = known.get("routeTableId"), _destination(known, _ROUTE_DESTINATIONS)
        if table_id is None:
            table_id, _, written = resource_id.partition("_")
            name = "DestinationPrefixListId" if written.startswith("pl-") else "DestinationCidrBlock"
            wanted = {name: written}
        found = unless_gone(self.ec2.describe_route_tables, RouteTableIds=[table_id])
        routes = found["RouteTables"][0]["Routes"] if found is not None else []
        route = first(route for route in routes if wanted.items() <= route.items())
        if route is None:
            return None
        return {
            "routeTableId": table_id,
            **{wire: route.get(api) for wire, api in _ROUTE_DESTINATIONS.items()},
            **{name: route.get(capital(name)) for name in _TARGETS},
            "origin": route.get("Origin"),
            "state": route.get("State"),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self.ec2.replace_route(
            RouteTableId=inputs["routeTableId"],
            **_destination(inputs, _ROUTE_DESTINATIONS),
            **capitals(inputs, _TARGETS),
        )

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.delete_route(RouteTableId=state["routeTableId"], **_destination(state, _ROUTE_DESTINATIONS))


def _route_id(inputs: Values) -> str:
    """As in the released plug-in: "r-", the route table's id, and the destination's CRC-32."""
    destination = next(iter(_destination(inputs, _ROUTE_DESTINATIONS).values()))
    return f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"


class RouteTableAssociation(Ec2Operations):
    def create(self, inputs: Values) -> str:
        return self.ec2.associate_route_table(**capitals(inputs, ("routeTableId", "subnetId")))["AssociationId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        association = self._find(resource_id, known)
        if association is None:
            return None
        return {"routeTableId": association["RouteTableId"], "subnetId": association["SubnetId"]}

    def _find(self, resource_id: str, known: Values) -> Mapping[str, Any] | None:
        """Looks it up by subnet if known: a new route table changes the id, which the engine does not learn."""
        subnet_id = known.get("subnetId") or (resource_id.split("/")[0] if "/" in resource_id else None)
        if subnet_id is not None:
            wanted = {"Name": "association.subnet-id", "Values": [subnet_id]}
        else:
            wanted = {"Name": "association.route-table-association-id", "Values": [resource_id]}
        tables = self.ec2.describe_route_tables(Filters=[wanted])["RouteTables"]
        return first(
            association
            for table in tables
            for association in table["Associations"]
            if association.get("SubnetId") == subnet_id or association["RouteTableAssociationId"] == resource_id
        )

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        association = self._find(resource_id, state)
        if association is not None:
            self.ec2.replace_route_table_association(
                AssociationId=association["RouteTableAssociationId"], RouteTableId=inputs["routeTableId"]
            )

    def delete(self, resource_id: str, state: Values) -> None:
        association = self._find(resource_id, state)
        if association is not None:
            self.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])


ROWS = (
    Row(
        pulumi_name="aws:ec2/routeTable:RouteTable",
        source="route_table",
        inputs={
            "vpcId": Input(required=True, replaces=True),
            "routes": Input(
                computed=True,
                unordered=True,
                members={name: Input() for name in (*_TABLE_DESTINATIONS, *_TARGETS)},
            ),
        },
        outputs=("arn", "ownerId"),
        operations=RouteTable,
        check=_check_route_table,
    ),
    Row(
        pulumi_name="aws:ec2/route:Route",
        source="route",
        inputs={
            "routeTableId": Input(required=True, replaces=True),
            **{name: Input(replaces=True) for name in _ROUTE_DESTINATIONS},
            **{name: Input() for name in _TARGETS},
        },
        outputs=("origin", "state"),
        operations=Route,
        tagged=False,
        # a table has one route per destination, which replacements change, except moves between tables
        check=lambda inputs: _one_destination_and_target(inputs, _ROUTE_DESTINATIONS, "destinationCidrBlock"),
        import_note="<route table id>_<destination>",
    ),
    Row(
        pulumi_name="aws:ec2/routeTableAssociation:RouteTableAssociation",
        source="route_table_association",
        inputs={
            "routeTableId": Input(required=True),
            "subnetId": Input(required=True, replaces=True),
        },
        outputs=(),
        operations=RouteTableAssociation,
        tagged=False,
        import_note="<subnet id>/<route table id>",
    ),
)
