"""NetworkPolicies of platform pods: allowed egress and ingress, in namespaces that deny all other traffic.

Policies do not apply to pods on the host network. The VPC CNI matches pod ports, not Service ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking

from shared.kubernetes_labels import MANAGED_BY_LABEL, NAMESPACE_NAME_LABEL, PLATFORM

Peer = networking.NetworkPolicyPeerArgs
Egress = networking.NetworkPolicyEgressRuleArgs
Ingress = networking.NetworkPolicyIngressRuleArgs

_ANYWHERE = "0.0.0.0/0"


def dns() -> networking.NetworkPolicyEgressRuleArgs:
    """Egress to cluster DNS."""
    peer = Peer(
        namespace_selector=meta.LabelSelectorArgs(match_labels={NAMESPACE_NAME_LABEL: "kube-system"}),
        pod_selector=meta.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
    )
    return Egress(to=[peer], ports=ports([53], "UDP", "TCP"))


def https() -> networking.NetworkPolicyEgressRuleArgs:
    """Egress to the Kubernetes API and AWS APIs, whose addresses are not known in advance."""
    return Egress(to=[_range(_ANYWHERE)], ports=ports([443]))


def aws_credentials(identity: str) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """Egress to the agent on the node, which provides credentials with Pod Identity. IRSA uses STS (HTTPS).

    Source: EKS user guide, "Learn how EKS Pod Identity grants pods access to AWS services", considerations.
    """
    return [Egress(to=[_range("169.254.170.23/32")], ports=ports([80]))] if identity == "pod-identity" else []


def from_ranges(cidrs: Sequence[str], numbers: Sequence[int]) -> list[networking.NetworkPolicyIngressRuleArgs]:
    """E.g. from the control plane, whose interfaces are in the private subnets, to a webhook."""
    return [Ingress(from_=[_range(cidr)], ports=ports(numbers)) for cidr in cidrs]


def ports(numbers: Sequence[int], *protocols: str) -> list[networking.NetworkPolicyPortArgs]:
    return [
        networking.NetworkPolicyPortArgs(port=number, protocol=protocol)
        for number in numbers
        for protocol in protocols or ("TCP",)
    ]


def network_policy(
    name: str,
    namespace: pulumi.Input[str],
    pods: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    *,
    ingress: pulumi.Input[Sequence[networking.NetworkPolicyIngressRuleArgs]] = (),
    egress: pulumi.Input[Sequence[networking.NetworkPolicyEgressRuleArgs]] = (),
) -> networking.NetworkPolicy:
    """A policy for both directions of the pods with these labels; without labels, of all pods in the namespace."""
    return networking.NetworkPolicy(
        f"{name}-network",
        metadata=meta.ObjectMetaArgs(name=name, namespace=namespace, labels={MANAGED_BY_LABEL: PLATFORM}),
        spec=networking.NetworkPolicySpecArgs(
            pod_selector=meta.LabelSelectorArgs(match_labels=dict(pods) or None),
            policy_types=["Ingress", "Egress"],
            ingress=pulumi.Output.from_input(ingress).apply(list),
            egress=pulumi.Output.from_input(egress).apply(list),
        ),
        opts=opts,
    )


def _range(cidr: str) -> networking.NetworkPolicyPeerArgs:
    return Peer(ip_block=networking.IPBlockArgs(cidr=cidr))
