"""Kubernetes NetworkPolicies: peers, ports, and a policy of some pods of a namespace.

Policies do not apply to pods on the host network. The VPC CNI matches pod ports, not Service ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking

Peer = networking.NetworkPolicyPeerArgs
Egress = networking.NetworkPolicyEgressRuleArgs
Ingress = networking.NetworkPolicyIngressRuleArgs


def address_range(cidr: str) -> networking.NetworkPolicyPeerArgs:
    return Peer(ip_block=networking.IPBlockArgs(cidr=cidr))


def ports(numbers: Sequence[int], *protocols: str) -> list[networking.NetworkPolicyPortArgs]:
    """TCP, unless `protocols` are given."""
    return [
        networking.NetworkPolicyPortArgs(port=number, protocol=protocol)
        for number in numbers
        for protocol in protocols or ("TCP",)
    ]


def from_ranges(cidrs: Sequence[str], numbers: Sequence[int]) -> list[networking.NetworkPolicyIngressRuleArgs]:
    """TCP from these ranges, e.g. from the subnets of a load balancer, one rule per range."""
    return [Ingress(from_=[address_range(cidr)], ports=ports(numbers)) for cidr in cidrs]


def network_policy(
    name: str,
    metadata: meta.ObjectMetaArgs,
    opts: pulumi.ResourceOptions,
    *,
    pods: Mapping[str, str] | None = None,
    ingress: pulumi.Input[Sequence[networking.NetworkPolicyIngressRuleArgs]] | None = None,
    egress: pulumi.Input[Sequence[networking.NetworkPolicyEgressRuleArgs]] | None = None,
) -> networking.NetworkPolicy:
    """A policy for the directions that have rules; no rules in a direction, `()`, deny all traffic in it.

    Args:
        name: logical name.
        pods: labels of the pods; all pods of the namespace if there are none.
    """
    directions = [kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None]
    return networking.NetworkPolicy(
        name,
        metadata=metadata,
        spec=networking.NetworkPolicySpecArgs(
            pod_selector=meta.LabelSelectorArgs(match_labels=dict(pods) if pods else None),
            policy_types=directions,
            ingress=None if ingress is None else pulumi.Output.from_input(ingress).apply(list),
            egress=None if egress is None else pulumi.Output.from_input(egress).apply(list),
        ),
        opts=opts,
    )
