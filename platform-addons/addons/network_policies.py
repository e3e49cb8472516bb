"""Default-deny network policy in kube-system, with rules for tier 1's add-ons. Every other add-on has its own policy.

With all of them deployed, the VPC CNI can be set to `strict`, which blocks all traffic of pods without a policy.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from network_rules import aws_credentials, dns, https, network_policy

from shared.network_policies import Egress, Ingress, ports
from shared.settings import Settings

NAMESPACE = "kube-system"
_DNS_PORT, _DNS_METRICS_PORT = 53, 9153


class NetworkPolicies(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        # Before the default-deny policy, so that DNS is never interrupted.
        allowed = [
            network_policy(
                "coredns",
                NAMESPACE,
                {"k8s-app": "kube-dns"},
                self.child,
                ingress=[Ingress(ports=ports([_DNS_PORT], "UDP", "TCP")), Ingress(ports=ports([_DNS_METRICS_PORT]))],
                # CoreDNS forwards external names to the VPC resolver and reads cluster names from the API.
                egress=[Egress(ports=ports([_DNS_PORT], "UDP", "TCP")), https()],
            ),
            network_policy(
                "ebs-csi-driver",
                NAMESPACE,
                {"app.kubernetes.io/name": "aws-ebs-csi-driver"},
                self.child,
                egress=[dns(), https(), *aws_credentials(args.identity)],
            ),
        ]
        network_policy(
            "default-deny",
            NAMESPACE,
            {},
            pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=allowed)),
        )
        self.register_outputs({})


ADDON = Addon(
    name="network-policies",
    summary="default-deny network policy in kube-system",
    component=NetworkPolicies,
)
