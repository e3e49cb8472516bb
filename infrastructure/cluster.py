"""The EKS control plane: `pulumi_eks.Cluster` without node group, security groups or OIDC provider.

A transform on its `aws.eks.Cluster` sets what the component does not expose. Access entries are in `access.py`, nodes
in `nodes.py`, the OIDC provider in `workload_identity.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
from cluster_settings import ControlPlaneSettings
from control_plane_logs import LOG_TYPES
from logs import Logs
from network import Network
from roles import Roles
from settings import InfrastructureSettings
from stack_context import StackContext


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    context: StackContext
    settings: InfrastructureSettings
    network: Network
    roles: Roles
    secrets_key_arn: pulumi.Input[str]
    logs: Logs
    """The control plane's log group must exist before the cluster."""


def cluster_dns_ip(service_cidr: str) -> str:
    """The tenth address of the Service range, which EKS gives to the Service `kube-dns`."""
    return str(IPv4Network(service_cidr)[10])


def cni_options(settings: InfrastructureSettings, version: str) -> eks.VpcCniOptionsArgs:
    """Options of the VPC CNI: network policies always on, the rest as configured, log level INFO."""
    environment = {
        # The component's default is DEBUG, and it has no option for the plug-in's log level.
        "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "INFO",
        "NETWORK_POLICY_ENFORCING_MODE": settings.network_policy_mode,
    }
    if settings.security_groups_for_pods:
        # `strict` would subject kubelet probes and the node's DNS resolver to the rules of each pod's security groups.
        # Source: amazon-vpc-cni-k8s, README.
        environment["POD_SECURITY_GROUP_ENFORCING_MODE"] = "standard"
    return eks.VpcCniOptionsArgs(
        addon_version=version,
        enable_network_policy=True,
        enable_prefix_delegation=settings.prefix_delegation or None,
        warm_prefix_target=1 if settings.prefix_delegation else None,
        enable_pod_eni=settings.security_groups_for_pods or None,
        # Required for kubelet probes to reach pods on branch interfaces.
        disable_tcp_early_demux=settings.security_groups_for_pods or None,
        log_level="INFO",
        configuration_values={"env": environment},
    )


def override_cluster_props(
    settings: ControlPlaneSettings,
) -> Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]:
    """A transform that sets properties of the `aws.eks.Cluster` that `pulumi_eks.Cluster` does not expose.

    The component makes the cluster creator a permanent administrator, although access must be by access entries only,
    and does not support zonal shift.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != "aws:eks/cluster:Cluster":
            return None
        props: dict[str, Any] = dict(args.props)
        props["accessConfig"] = {**props["accessConfig"], "bootstrapClusterCreatorAdminPermissions": False}
        props["zonalShiftConfig"] = {"enabled": settings.zonal_shift}
        return pulumi.ResourceTransformResult(props=props, opts=args.opts)

    return transform


class Cluster(pulumi.ComponentResource):
    """An EKS cluster with access by access entries only."""

    eks_cluster: pulumi.Output[aws.eks.Cluster]
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    version: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    oidc_issuer_url: pulumi.Output[str]
    network_policy_enforced: pulumi.Output[bool]
    """As the VPC CNI is configured."""
    dns_ip: str

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Cluster", name, {}, opts)
        settings, versions = args.settings, args.settings.pinned_addons(args.settings.kubernetes_version)
        cni = cni_options(settings, versions["vpc-cni"])
        component = eks.Cluster(
            "cluster",
            name=args.context.cluster_name,
            version=settings.kubernetes_version,
            vpc_id=args.network.vpc_id,
            private_subnet_ids=args.network.private_subnet_ids,
            cluster_security_group=args.network.security_groups.cluster,
            service_role=args.roles.cluster,
            kubernetes_service_ip_address_range=settings.service_cidr,
            authentication_mode=eks.AuthenticationMode.API,
            endpoint_private_access=True,
            endpoint_public_access=bool(settings.public_access_cidrs),
            public_access_cidrs=settings.public_access_cidrs or None,
            encryption_config_key_arn=args.secrets_key_arn,
            enabled_cluster_log_types=list(LOG_TYPES),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type=settings.support_type),
            deletion_protection=settings.protect,
            create_oidc_provider=False,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(version=versions["kube-proxy"]),
            vpc_cni_options=cni,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.logs.control_plane, *args.roles.attachments],
                protect=settings.protect,
                transforms=[override_cluster_props(settings)],
            ),
        )
        self.component = component
        cluster = component.eks_cluster
        self.eks_cluster = cluster
        self.name = cluster.name
        self.arn = cluster.arn
        self.endpoint = cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.data.apply(lambda data: data or "")
        self.version = cluster.version
        self.security_group_id = cluster.vpc_config.cluster_security_group_id.apply(lambda group: group or "")
        self.oidc_issuer_url = cluster.identities[0].oidcs[0].issuer.apply(lambda issuer: issuer or "")
        self.network_policy_enforced = pulumi.Output.from_input(cni.enable_network_policy).apply(bool)
        self.dns_ip = cluster_dns_ip(settings.service_cidr)
        self.register_outputs({"name": self.name})
