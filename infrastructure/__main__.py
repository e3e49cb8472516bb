"""Tier 1: AWS infrastructure and the EKS cluster of one environment."""

import pulumi
import pulumi_eks as eks
from access import Access, AccessArgs
from ci_roles import ci_roles
from cluster import Cluster, ClusterArgs
from core_addons import CoreAddons, CoreAddonsArgs
from encryption import Encryption, EncryptionArgs
from environment_rules import require_agreement
from fargate import Fargate, FargateArgs
from logs import Logs, LogsArgs, log_groups
from network import Network, NetworkArgs
from nodes import NodeGroups, NodeGroupsArgs
from preflight import preflight
from publication import infrastructure_contract
from roles import Roles, RolesArgs
from settings import InfrastructureSettings
from stack_context import StackContext
from tenant_storage import TenantStorage, TenantStorageArgs
from workload_identity import WorkloadIdentity, WorkloadIdentityArgs

from shared.contracts import Infrastructure, PlatformAddons, last_published, publish, published
from shared.providers import aws_provider
from shared.settings import load_settings, stack_environment

settings, environment = load_settings(InfrastructureSettings), stack_environment()
preflight(
    settings, environment, last_published(Infrastructure), lambda: published(PlatformAddons, stack=environment.name)
)
context, aws = StackContext.of(environment, cluster=settings.cluster_name), aws_provider(environment)
require_agreement(settings, environment, aws)
opts = pulumi.ResourceOptions(providers=[aws, eks.Provider("eks")])

network = Network(
    "network", NetworkArgs(context=context, settings=settings, zones=environment.availability_zones), opts
)
groups = log_groups(context, settings, network)
encryption = Encryption("encryption", EncryptionArgs(context=context, settings=settings, log_groups=groups), opts)
key = encryption.key_arn
logs = Logs("logs", LogsArgs(context=context, settings=settings, network=network, key_arn=key), opts)
storage = TenantStorage("tenant-storage", TenantStorageArgs(context=context, settings=settings), opts)
roles = Roles("roles", RolesArgs(context=context, settings=settings, secrets_key_arn=key), opts)
ci_roles(context, settings.github, roles.admin.arn, opts)
control_plane = ClusterArgs(
    context=context, settings=settings, network=network, roles=roles, secrets_key_arn=key, logs=logs
)
cluster = Cluster("cluster", control_plane, opts)
Access("access", AccessArgs(context=context, cluster=cluster, roles=roles), opts)
groups_of_nodes = NodeGroupsArgs(context=context, settings=settings, network=network, cluster=cluster, role=roles.node)
after_policies = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=roles.attachments))
nodes = NodeGroups("node-groups", groups_of_nodes, after_policies)
identity_args = WorkloadIdentityArgs(context=context, cluster=cluster, storage=storage, github=settings.github)
identity = WorkloadIdentity("workload-identity", identity_args, opts)
addons = CoreAddonsArgs(context=context, settings=settings, cluster=cluster, identity=identity, nodes=nodes)
CoreAddons("core-addons", addons, opts)
Fargate("fargate", FargateArgs(context=context, settings=settings, network=network, cluster=cluster), opts)

publish(infrastructure_contract(settings, context, network, encryption, roles, cluster, nodes, storage, identity))
