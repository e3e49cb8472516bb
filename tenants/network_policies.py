"""Allowed egress and ingress of a tenant's pods. Everything not listed here is denied.

Pods have VPC addresses, so a rule by CIDR range matches pods, nodes and endpoints alike: the internet egress rule
excludes all private ranges. The nodes' launch template also blocks instance metadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.kubernetes_labels import NAMESPACE_NAME_LABEL, tenant_labels
from shared.tenant_file import TenantFile
from shared.tenant_network import EgressRange

NOT_THE_INTERNET = (
    "169.254.0.0/16",  # link-local: instance metadata and the Pod Identity agent
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # shared address space, which EKS clusters use for pods
)
"""Source: RFC 1918, RFC 3927, RFC 6598."""

Peer = networking.NetworkPolicyPeerArgs
Egress = networking.NetworkPolicyEgressRuleArgs
Ingress = networking.NetworkPolicyIngressRuleArgs


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    context: StackContext
    namespace: core.Namespace
    """The policies are deleted together with it, so that no pod runs without them."""
    infrastructure: Infrastructure


def namespaces_peer(names: Sequence[str], pods: dict[str, str] | None = None) -> networking.NetworkPolicyPeerArgs:
    """Selects namespaces by the label that the API server sets, which cannot be forged."""
    return Peer(
        namespace_selector=meta.LabelSelectorArgs(
            match_expressions=[
                meta.LabelSelectorRequirementArgs(key=NAMESPACE_NAME_LABEL, operator="In", values=list(names))
            ]
        ),
        pod_selector=meta.LabelSelectorArgs(match_labels=pods) if pods else None,
    )


def dns_egress() -> list[networking.NetworkPolicyEgressRuleArgs]:
    """Egress to cluster DNS and nothing else in kube-system."""
    return [Egress(to=[namespaces_peer(["kube-system"], {"k8s-app": "kube-dns"})], ports=_ports([53], "UDP", "TCP"))]


def internet_egress(vpc_cidr: str, service_cidr: str) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """A single rule for the range, because the VPC CNI's agent merged two rules for the same range incorrectly.

    Source: aws-network-policy-agent issue 180 and aws-network-policy-controller issues 98 and 121.
    """
    ranges = collapse_addresses(IPv4Network(cidr) for cidr in (*NOT_THE_INTERNET, vpc_cidr, service_cidr))
    block = networking.IPBlockArgs(cidr="0.0.0.0/0", except_=[str(cidr) for cidr in ranges])
    return [Egress(to=[Peer(ip_block=block)])]


def endpoint_egress(endpoint_cidrs: Sequence[str]) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """HTTPS to interface endpoints, which have private addresses; no rule if there are none."""
    return [Egress(to=[_range(cidr)], ports=_ports([443], "TCP")) for cidr in endpoint_cidrs]


def listed_egress(ranges: Sequence[EgressRange]) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """The networks that the tenant's file lists; none is inside the VPC."""
    return [Egress(to=[_range(one.cidr)], ports=_ports(one.ports, "TCP")) for one in ranges]


def callees_egress(callees: Sequence[TenantFile]) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """To the web ports of tenants that this one may call."""
    return [Egress(to=[namespaces_peer(one.namespaces)], ports=_ports(one.web_ports, "TCP")) for one in callees]


def callers_ingress(
    callers: Sequence[TenantFile], ports: Sequence[int]
) -> list[networking.NetworkPolicyIngressRuleArgs]:
    """From tenants that may call this one, to its web ports."""
    return [Ingress(from_=[namespaces_peer(one.namespaces)], ports=_ports(ports, "TCP")) for one in callers]


def load_balancer_subnets(tenant: TenantFile, infrastructure: Infrastructure) -> pulumi.Output[list[str]]:
    """CIDR ranges of the subnets of the tenant's load balancer.

    Pods are in the private subnets too, but the egress policies of other tenants block their connections.

    Source: AWS Load Balancer Controller documentation, "Subnet auto-discovery".
    """
    internal = tenant.load_balancer_scheme == "internal"
    return infrastructure.private_subnet_cidrs if internal else infrastructure.public_subnet_cidrs


def load_balancer_ingress(cidrs: Sequence[str], ports: Sequence[int]) -> list[networking.NetworkPolicyIngressRuleArgs]:
    return [Ingress(from_=[_range(cidr)], ports=_ports(ports, "TCP")) for cidr in cidrs]


class NetworkPolicies(pulumi.ComponentResource):
    """The policies of one namespace; each selects all of its pods."""

    guardrails: list[pulumi.Resource]

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:NetworkPolicies", name, {}, opts)
        self._name, self._args = name, args
        tenant, above = args.context.tenant, args.infrastructure
        own = namespaces_peer(tenant.namespaces)
        context, suspended = args.context, tenant.state == "suspended"
        self.guardrails = [
            self._policy("default-deny", ingress=[], egress=[]),
            self._policy("allow-own-namespaces", ingress=[Ingress(from_=[own])], egress=[Egress(to=[own])]),
            self._policy("allow-dns", egress=dns_egress()),
        ]
        if "internet" in tenant.egress:
            ranges = pulumi.Output.all(above.vpc_cidr, above.service_cidr)
            self._allow("allow-internet", egress=ranges.apply(lambda cidrs: internet_egress(*cidrs)))
        if "aws" in tenant.egress:
            self._allow("allow-aws-endpoints", egress=above.endpoint_cidrs.apply(endpoint_egress))
        if tenant.egress_ranges:
            self._allow("allow-listed-ranges", egress=listed_egress(tenant.egress_ranges))
        if context.callees:
            self._allow("allow-callees", egress=callees_egress(context.callees))
        if context.callers and not suspended:
            self._allow("allow-callers", ingress=callers_ingress(context.callers, tenant.web_ports))
        if not suspended:
            subnets = load_balancer_subnets(tenant, above)
            self._allow(
                "allow-load-balancers",
                ingress=subnets.apply(lambda cidrs: load_balancer_ingress(cidrs, tenant.web_ports)),
            )
        self.register_outputs({})

    def _allow(
        self,
        name: str,
        *,
        ingress: pulumi.Input[list[networking.NetworkPolicyIngressRuleArgs]] | None = None,
        egress: pulumi.Input[list[networking.NetworkPolicyEgressRuleArgs]] | None = None,
    ) -> None:
        self.guardrails.append(self._policy(name, ingress=ingress, egress=egress))

    def _policy(
        self,
        name: str,
        *,
        ingress: pulumi.Input[list[networking.NetworkPolicyIngressRuleArgs]] | None = None,
        egress: pulumi.Input[list[networking.NetworkPolicyEgressRuleArgs]] | None = None,
    ) -> networking.NetworkPolicy:
        directions = [kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None]
        return networking.NetworkPolicy(
            f"{self._name}-{name}",
            metadata=meta.ObjectMetaArgs(
                name=name,
                namespace=self._args.namespace.metadata.name,
                labels=tenant_labels(self._args.context.tenant.name),
            ),
            spec=networking.NetworkPolicySpecArgs(
                pod_selector=meta.LabelSelectorArgs(), policy_types=directions, ingress=ingress, egress=egress
            ),
            opts=pulumi.ResourceOptions(parent=self, deleted_with=self._args.namespace),
        )


def _range(cidr: str) -> networking.NetworkPolicyPeerArgs:
    return Peer(ip_block=networking.IPBlockArgs(cidr=cidr))


def _ports(ports: Sequence[int], *protocols: str) -> list[networking.NetworkPolicyPortArgs]:
    return [networking.NetworkPolicyPortArgs(port=port, protocol=protocol) for port in ports for protocol in protocols]
