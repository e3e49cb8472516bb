"""Tier 1: AWS infrastructure and the EKS cluster of one environment."""

import pulumi
import pulumi_eks as eks
from cluster import Cluster, ClusterArgs
from core_addons import CoreAddons, CoreAddonsArgs
from encryption import Encryption, EncryptionArgs
from network import Network, NetworkArgs
from nodes import NodeGroup, NodeGroupArgs
from place import Place
from publication import infrastructure_contract
from roles import Roles, RolesArgs
from settings import InfrastructureSettings
from tenant_storage import TenantStorage, TenantStorageArgs
from workload_identity import WorkloadIdentity, WorkloadIdentityArgs

from shared.contracts import publish
from shared.providers import aws_provider
from shared.settings import load_settings, stack_environment

settings = load_settings(InfrastructureSettings)
environment = stack_environment()
place = Place.of(environment)
opts = pulumi.ResourceOptions(providers=[aws_provider(environment), eks.Provider("eks")])

network = Network("network", NetworkArgs(place=place, settings=settings, zones=environment.availability_zones), opts)
encryption = Encryption("encryption", EncryptionArgs(place=place, settings=settings), opts)
storage = TenantStorage("tenant-storage", TenantStorageArgs(place=place, settings=settings), opts)
roles = Roles("roles", RolesArgs(place=place, settings=settings, secrets_key_arn=encryption.key_arn), opts)
cluster = Cluster(
    "cluster",
    ClusterArgs(place=place, settings=settings, network=network, roles=roles, secrets_key_arn=encryption.key_arn),
    opts,
)
general = NodeGroup(
    "general",
    NodeGroupArgs(place=place, settings=settings, network=network, cluster=cluster, role=roles.node),
    pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=roles.attachments)),
)
CoreAddons("core-addons", CoreAddonsArgs(place=place, cluster_name=cluster.name, nodes=general), opts)
identity = WorkloadIdentity(
    "workload-identity",
    WorkloadIdentityArgs(place=place, cluster=cluster, storage=storage),
    opts,
)

publish(
    infrastructure_contract(
        settings=settings,
        place=place,
        network=network,
        encryption=encryption,
        roles=roles,
        cluster=cluster,
        node_groups=[general],
        storage=storage,
        identity=identity,
    )
)
