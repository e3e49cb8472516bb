"""NetworkPolicies of platform pods: allowed egress and ingress, in namespaces that deny all other traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.networking import v1 as networking

from shared import network_policies
from shared.iam import IdentityMethod
from shared.kubernetes_labels import MANAGED_BY_LABEL, NAMESPACE_NAME_LABEL, PLATFORM
from shared.network_policies import Egress, Peer, address_range, ports

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
    return Egress(to=[address_range(_ANYWHERE)], ports=ports([443]))


def aws_credentials(identity: IdentityMethod) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """Egress to the agent on the node, which provides credentials with Pod Identity. IRSA uses STS (HTTPS).

    Source: EKS user guide, "Learn how EKS Pod Identity grants pods access to AWS services", considerations.
    """
    return [Egress(to=[address_range("169.254.170.23/32")], ports=ports([80]))] if identity == "pod-identity" else []


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
    metadata = meta.ObjectMetaArgs(name=name, namespace=namespace, labels={MANAGED_BY_LABEL: PLATFORM})
    return network_policies.network_policy(f"{name}-network", metadata, opts, pods=pods, ingress=ingress, egress=egress)
