"""The EKS control plane, kept thin: `pulumi_eks.Cluster` without node group, security groups or OIDC provider.

What the component does not expose is set by a transform on its `aws.eks.Cluster`. Nodes are in `nodes.py`, the OIDC
provider in `workload_identity.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
from network import Network
from place import Place
from roles import Roles
from settings import ClusterSettings

from shared.versions import ADDONS

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    place: Place
    settings: ClusterSettings
    network: Network
    roles: Roles
    secrets_key_arn: pulumi.Input[str]


def cluster_dns_ip(service_cidr: str) -> str:
    """The tenth address of the Service range, which EKS gives to the Service `kube-dns`."""
    return str(IPv4Network(service_cidr)[10])


def without_creator_admin(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """The component makes whoever creates the cluster its lasting admin; access is by named entries only."""
    if args.type_ != "aws:eks/cluster:Cluster":
        return None
    props: dict[str, Any] = dict(args.props)
    props["accessConfig"] = {**props["accessConfig"], "bootstrapClusterCreatorAdminPermissions": False}
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)


class Cluster(pulumi.ComponentResource):
    """An EKS cluster whose only way in is its access entries."""

    eks_cluster: pulumi.Output[aws.eks.Cluster]
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    version: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    oidc_issuer_url: pulumi.Output[str]
    dns_ip: str

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Cluster", name, {}, opts)
        settings = args.settings
        # Made first: EKS would make it itself, without retention and without an end.
        log_group = aws.cloudwatch.LogGroup(
            "control-plane",
            name=f"/aws/eks/{args.place.cluster_name}/cluster",
            retention_in_days=settings.log_retention_days,
            kms_key_id=args.secrets_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        component = eks.Cluster(
            "cluster",
            name=args.place.cluster_name,
            version=settings.kubernetes_version,
            vpc_id=args.network.vpc_id,
            private_subnet_ids=args.network.private_subnet_ids,
            service_role=args.roles.cluster,
            kubernetes_service_ip_address_range=settings.service_cidr,
            authentication_mode=eks.AuthenticationMode.API,
            endpoint_private_access=True,
            endpoint_public_access=settings.endpoint_public_access,
            public_access_cidrs=settings.public_access_cidrs or None,
            encryption_config_key_arn=args.secrets_key_arn,
            enabled_cluster_log_types=list(LOG_TYPES),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            deletion_protection=settings.protect,
            create_oidc_provider=False,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(version=ADDONS["kube-proxy"].value),
            vpc_cni_options=eks.VpcCniOptionsArgs(
                addon_version=ADDONS["vpc-cni"].value, enable_network_policy=True, log_level="INFO"
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[log_group, *args.roles.attachments],
                protect=settings.protect,
                transforms=[without_creator_admin],
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
        self.dns_ip = cluster_dns_ip(settings.service_cidr)
        self._admit(args.roles.admin.arn)
        self.register_outputs({"name": self.name})

    def _admit(self, admin_role_arn: pulumi.Input[str]) -> None:
        entry = aws.eks.AccessEntry(
            "admin",
            cluster_name=self.name,
            principal_arn=admin_role_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.eks.AccessPolicyAssociation(
            "admin",
            cluster_name=self.name,
            principal_arn=entry.principal_arn,
            policy_arn=self.arn.apply(_cluster_admin_policy),
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _cluster_admin_policy(cluster_arn: str) -> str:
    partition = cluster_arn.split(":")[1]
    return f"arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
