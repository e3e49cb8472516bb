"""The charges of a resource: of an AWS type, the billing in its row."""

from __future__ import annotations

from shared.dry_runs import Registered
from tooling.aws_types.billing import Bill, NotKnown, Resources
from tooling.aws_types.table import AWS_TYPES


def bill_of(resource: Registered, resources: Resources) -> Bill:
    """The charges of the resource itself; unknown for a type without a row."""
    if resource.type in AWS_TYPES:
        return AWS_TYPES[resource.type].billing(resource, resources)
    if not resource.custom or resource.package == "pulumi":
        return []
    if resource.package == "kubernetes":
        return _kubernetes(resource)
    return [NotKnown(why="this type has no row in tooling/aws_types")]


def _kubernetes(resource: Registered) -> Bill:
    kind = resource.type.rsplit(":", 1)[-1]
    if kind == "Ingress":
        return [NotKnown(why="a load balancer: hours and capacity units")]
    if kind == "PersistentVolumeClaim":
        return [NotKnown(why="a volume with the claim's size, depending on its storage class")]
    if kind == "Service" and (resource.inputs.get("spec") or {}).get("type") == "LoadBalancer":
        return [NotKnown(why="a load balancer: hours and capacity units")]
    return []
