"""Fills the tier's contract from its components."""

from __future__ import annotations

import pulumi
from ci_roles import published_pipelines
from cluster import Cluster
from encryption import Encryption
from network import Network
from nodes import NodeGroups
from roles import Roles
from settings import InfrastructureSettings
from stack_context import StackContext
from tenant_storage import TenantStorage
from workload_identity import WorkloadIdentity

from shared.contracts import Infrastructure
from shared.kubeconfig import kubeconfig, kubeconfig_command


def infrastructure_contract(
    settings: InfrastructureSettings,
    context: StackContext,
    network: Network,
    encryption: Encryption,
    roles: Roles,
    cluster: Cluster,
    nodes: NodeGroups,
    storage: TenantStorage,
    identity: WorkloadIdentity,
) -> Infrastructure:
    plain = pulumi.Output.from_input
    return Infrastructure(
        cluster_name=cluster.name,
        cluster_arn=cluster.arn,
        cluster_endpoint=cluster.endpoint,
        cluster_certificate_authority=cluster.certificate_authority,
        cluster_version=cluster.version,
        node_versions=nodes.versions,
        addon_versions=plain(settings.pinned_addons(settings.kubernetes_version)),
        workload_identity=plain(settings.workload_identity),
        cluster_security_group_id=cluster.security_group_id,
        node_security_group_id=nodes.security_group_id,
        node_role_name=roles.node.name,
        node_role_arn=roles.node.arn,
        admin_role_arn=roles.admin.arn,
        oidc_provider_arn=identity.oidc_provider_arn,
        oidc_issuer_url=cluster.oidc_issuer_url,
        kubeconfig=pulumi.Output.all(
            cluster_name=cluster.name,
            endpoint=cluster.endpoint,
            certificate_authority=cluster.certificate_authority,
            role_arn=roles.admin.arn,
        ).apply(lambda known: kubeconfig(region=context.region, **known)),
        kubeconfig_command=pulumi.Output.all(cluster_name=cluster.name, role_arn=roles.admin.arn).apply(
            lambda known: kubeconfig_command(region=context.region, profile=settings.kubeconfig_profile, **known)
        ),
        vpc_id=network.vpc_id,
        vpc_cidr=plain(settings.vpc_cidr),
        private_subnet_ids=pulumi.Output.all(*network.private_subnet_ids),
        public_subnet_ids=pulumi.Output.all(*network.public_subnet_ids),
        public_subnet_cidrs=plain([layout.public_cidr for layout in network.layouts]),
        private_subnet_cidrs=plain([layout.private_cidr for layout in network.layouts]),
        pod_cidrs=plain(network.pod_cidrs),
        endpoint_cidrs=plain(network.endpoint_cidrs),
        service_cidr=plain(settings.service_cidr),
        cluster_dns_ip=plain(cluster.dns_ip),
        availability_zones=plain([layout.zone for layout in network.layouts]),
        region=plain(context.region),
        account_id=plain(context.account_id),
        partition=plain(context.partition),
        tenant_bucket_name=storage.bucket_name,
        tenant_bucket_arn=storage.bucket_arn,
        tenant_bucket_key_arns=plain(storage.key_arns),
        force_destroy=plain(settings.force_destroy),
        pipelines=plain(published_pipelines(settings.github)),
        tenant_boundary_arn=identity.tenant_boundary_arn,
        secrets_key_arn=encryption.key_arn,
        network_policy_enforced=cluster.network_policy_enforced,
        autoscaling_group_names=nodes.autoscaling_group_names,
    )
