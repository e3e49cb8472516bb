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
from place import Place
from preflight import preflight
from publication import infrastructure_contract
from roles import Roles, RolesArgs
from settings import InfrastructureSettings
from tenant_storage import TenantStorage, TenantStorageArgs
from workload_identity import WorkloadIdentity, WorkloadIdentityArgs

from shared.contracts import Infrastructure, PlatformAddons, last_published, publish, published
from shared.providers import aws_provider
from shared.settings import load_settings, stack_environment

settings, environment = load_settings(InfrastructureSettings), stack_environment()
preflight(
    settings, environment, last_published(Infrastructure), lambda: published(PlatformAddons, stack=environment.name)
)
place, aws = Place.of(environment), aws_provider(environment)
require_agreement(settings, environment, aws)
opts = pulumi.ResourceOptions(providers=[aws, eks.Provider("eks")])

network = Network("network", NetworkArgs(place=place, settings=settings, zones=environment.availability_zones), opts)
groups = log_groups(place, settings, network)
encryption = Encryption("encryption", EncryptionArgs(place=place, settings=settings, log_groups=groups), opts)
key = encryption.key_arn
logs = Logs("logs", LogsArgs(place=place, settings=settings, network=network, key_arn=key), opts)
storage = TenantStorage("tenant-storage", TenantStorageArgs(place=place, settings=settings), opts)
roles = Roles("roles", RolesArgs(place=place, settings=settings, secrets_key_arn=key), opts)
ci_roles(place, settings.github, roles.admin.arn, opts)
control_plane = ClusterArgs(
    place=place, settings=settings, network=network, roles=roles, secrets_key_arn=key, logs=logs
)
cluster = Cluster("cluster", control_plane, opts)
Access("access", AccessArgs(place=place, cluster=cluster, roles=roles), opts)
groups_of_nodes = NodeGroupsArgs(place=place, settings=settings, network=network, cluster=cluster, role=roles.node)
after_policies = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=roles.attachments))
nodes = NodeGroups("node-groups", groups_of_nodes, after_policies)
identity_args = WorkloadIdentityArgs(place=place, cluster=cluster, storage=storage)
identity = WorkloadIdentity("workload-identity", identity_args, opts)
addons = CoreAddonsArgs(place=place, settings=settings, cluster=cluster, identity=identity, nodes=nodes)
CoreAddons("core-addons", addons, opts)
Fargate("fargate", FargateArgs(place=place, settings=settings, network=network, cluster=cluster), opts)

publish(infrastructure_contract(settings, place, network, encryption, roles, cluster, nodes, storage, identity))
