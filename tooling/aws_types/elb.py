"""Elastic Load Balancing. The load balancer controller and EKS create these, never a program."""

from __future__ import annotations

from collections.abc import Callable

from tooling.aws_types.listing import Client, Listing, Tags, Thing, pairs


def _elbv2(arn: str) -> Callable[[Client, Thing], Tags]:
    def tags(client: Client, thing: Thing) -> Tags:
        (described,) = client.describe_tags(ResourceArns=[thing[arn]])["TagDescriptions"]
        return pairs(described["Tags"])

    return tags


def _elb(client: Client, thing: Thing) -> Tags:
    (described,) = client.describe_tags(LoadBalancerNames=[thing["LoadBalancerName"]])["TagDescriptions"]
    return pairs(described["Tags"])


OTHERS = (
    Listing(
        service="elbv2",
        kind="load-balancer",
        operation="describe_load_balancers",
        collection="LoadBalancers",
        identity="LoadBalancerArn",
        tags=_elbv2("LoadBalancerArn"),
        remove=lambda client, thing: client.delete_load_balancer(LoadBalancerArn=thing["LoadBalancerArn"]),
        inventoried=False,
    ),
    Listing(
        service="elbv2",
        kind="target-group",
        operation="describe_target_groups",
        collection="TargetGroups",
        identity="TargetGroupArn",
        tags=_elbv2("TargetGroupArn"),
        remove=lambda client, thing: client.delete_target_group(TargetGroupArn=thing["TargetGroupArn"]),
        inventoried=False,
    ),
    Listing(
        service="elb",
        kind="classic-load-balancer",
        operation="describe_load_balancers",
        collection="LoadBalancerDescriptions",
        identity="LoadBalancerName",
        tags=_elb,
        remove=lambda client, thing: client.delete_load_balancer(LoadBalancerName=thing["LoadBalancerName"]),
        inventoried=False,
    ),
)
