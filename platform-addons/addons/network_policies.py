"""kube-system denies by default, and what tier 1 runs there may do its work. Every add-on brings its own policy.

With all of them in place the VPC CNI may be set to `strict`, where a pod that no policy covers reaches nothing.
"""

from __future__ import annotations

import pulumi
from addon import Addon, AddonArgs, AddonComponent
from network_rules import Egress, Ingress, aws_credentials, dns, https, network_policy, ports

from shared.settings import Settings

NAMESPACE = "kube-system"
_DNS_PORT, _DNS_METRICS_PORT = 53, 9153


class NetworkPolicies(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[Settings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        # Before the denial, so that the resolver never stops answering.
        allowed = [
            network_policy(
                "coredns",
                NAMESPACE,
                {"k8s-app": "kube-dns"},
                self.child,
                ingress=[Ingress(ports=ports([_DNS_PORT], "UDP", "TCP")), Ingress(ports=ports([_DNS_METRICS_PORT]))],
                # Names that are not the cluster's go to the VPC's resolver, the API has the cluster's.
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
    summary="kube-system denies what no policy allows",
    component=NetworkPolicies,
)
