"""Clusters: what moto's CreateCluster accepts unchecked or drops, DeleteCluster's refusals, version updates.

One cluster a lane, since there is one API server and its OIDC issuer is fixed before it starts. Configuration updates
are `cluster_updates`.
"""

from __future__ import annotations

import base64
import contextlib
from typing import cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.subnets import Subnet
from moto.eks.models import eks_backends
from moto.moto_api._internal import mock_random

from tooling.aws_emulator.callers import current_caller
from tooling.aws_emulator.eks import versions
from tooling.aws_emulator.eks.access_entries import CLUSTER_ADMIN_POLICY, add_entry
from tooling.aws_emulator.eks.control_plane import CONTROL_PLANE
from tooling.aws_emulator.eks.operations import Operations
from tooling.aws_emulator.eks.records import Cluster, Document, PolicyAssociation, without_absent
from tooling.aws_emulator.eks.refusals import invalid_parameter, invalid_request, limit_exceeded

UNMODELLED = (
    "outpostConfig",
    "computeConfig",
    "storageConfig",
    "remoteNetworkConfig",
    "controlPlaneScalingConfig",
    "kubeApiServerConfig",
    "kubeSchedulerConfig",
    "kubeControllerManagerConfig",
)
AUTHENTICATION_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""In the one order in which a cluster may change them: https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html"""

_SELF_MANAGED = frozenset({"vpc-cni", "kube-proxy", "coredns"})
"""Installed unless `bootstrapSelfManagedAddons` is false."""


class ClusterOperations(Operations):
    def create_cluster(self) -> ActionResult:
        self.refuse_unmodelled(name for name in UNMODELLED if not _switched_off(self.parameter(name)))
        self.check_only_cluster()
        versions.supported(self.parameter("version") or versions.DEFAULT)
        logging = cluster_logging(self.parameter("logging"))
        self.check_role(self.parameter("roleArn"))
        vpc_config = self.parameter("resourcesVpcConfig") or {}
        vpc_id = self.check_network(vpc_config)
        access = {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
            **(self.parameter("accessConfig") or {}),
        }
        super().create_cluster()
        cluster = cast(Cluster, self.eks_backend.clusters[self.parameter("name")])
        cluster.access_config, cluster.logging = access, logging
        self.complete(cluster, vpc_id)
        if access["bootstrapClusterCreatorAdminPermissions"]:
            entry = add_entry(self, cluster, current_caller().arn, kind="STANDARD")
            entry.policies[CLUSTER_ADMIN_POLICY] = PolicyAssociation(policy_arn=CLUSTER_ADMIN_POLICY, scope="cluster")
        return ActionResult({"cluster": self.cluster_document(cluster)})

    def describe_cluster(self) -> ActionResult:
        return ActionResult({"cluster": self.cluster_document(self.cluster())})

    def delete_cluster(self) -> ActionResult:
        cluster = self.cluster()
        if cluster.deletion_protection:
            invalid_request(
                "The cluster is protected from deletion: disable deletionProtection on it before you delete it"
            )
        if cluster.fargate_profiles:
            invalid_request("Cluster has Fargate profiles attached")
        super().delete_cluster()
        # If somebody's rules or interfaces still name it, EKS leaves it behind, too.
        with contextlib.suppress(EC2ClientError):
            self.ec2.delete_security_group(group_id=cluster.resources_vpc_config["clusterSecurityGroupId"])
        return ActionResult({"cluster": {**self.cluster_document(cluster), "status": "DELETING"}})

    def update_cluster_version(self) -> ActionResult:
        cluster, wanted = self.cluster(), self.parameter("version")
        versions.one_step_up(cluster.version, wanted)
        cluster.version = wanted
        return self.record_update(
            cluster, "VersionUpdate", {"Version": wanted, "PlatformVersion": versions.PLATFORM_VERSION}
        )

    def describe_cluster_versions(self) -> ActionResult:
        wanted = self.parameter("clusterVersions") or versions.SUPPORTED
        only_default = bool(self.parameter("defaultOnly"))
        return ActionResult(
            {
                "clusterVersions": [
                    {
                        "clusterVersion": version,
                        "clusterType": "eks",
                        "defaultPlatformVersion": versions.PLATFORM_VERSION,
                        "defaultVersion": version == versions.DEFAULT,
                        "status": "STANDARD_SUPPORT",
                        "versionStatus": "STANDARD_SUPPORT",
                    }
                    for version in versions.SUPPORTED
                    if version in wanted and (version == versions.DEFAULT or not only_default)
                ]
            }
        )

    def check_only_cluster(self) -> None:
        """A second one is refused by name; one of the same name gets moto's ResourceInUseException."""
        for _account, region, backend in list(eks_backends.iter_backends()):
            for other in backend.clusters.values():  # type: ignore[attr-defined]
                if (other.name, region) != (self.parameter("name"), self.region):
                    limit_exceeded(f"the local lane runs one EKS cluster, and {other.name} is there already")

    def check_network(self, vpc_config: Document) -> str:
        """Returns the VPC of the subnets; refuses what EKS refuses of subnets and security groups."""
        subnets = self.check_subnets(vpc_config.get("subnetIds") or [])
        zones = {subnet.availability_zone for subnet in subnets}
        if len(zones) < 2:
            invalid_parameter("Subnets specified must be in at least two different AZs")
        vpcs = {subnet.vpc_id for subnet in subnets}
        if len(vpcs) != 1:
            invalid_parameter("Subnets specified must belong to the same VPC")
        for group_id in vpc_config.get("securityGroupIds") or []:
            if self.ec2.get_security_group_from_id(group_id) is None:
                invalid_parameter(f"The security group '{group_id}' does not exist")
        return vpcs.pop()

    def check_subnets(self, subnet_ids: list[str]) -> list[Subnet]:
        known = {subnet.id: subnet for subnet in self.ec2.describe_subnets()}
        for subnet_id in subnet_ids:
            if subnet_id not in known:
                invalid_parameter(f"The subnet ID '{subnet_id}' does not exist")
        return [known[subnet_id] for subnet_id in subnet_ids]

    def complete(self, cluster: Cluster, vpc_id: str) -> None:
        """Gives a cluster fresh from moto what EKS makes with it and what moto dropped of the request."""
        identity = mock_random.get_random_hex(32).upper()
        suffix = "amazonaws.com"
        group = self.ec2.create_security_group(
            f"eks-cluster-sg-{cluster.name}-{mock_random.randint(10**8, 10**9 - 1)}",
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
            "as well as any managed workloads.",
            vpc_id,
            tags={
                "Name": f"eks-cluster-sg-{cluster.name}",
                f"kubernetes.io/cluster/{cluster.name}": "owned",
                "aws:eks:cluster-name": cluster.name,
            },
        )
        cluster.version = self.parameter("version") or versions.DEFAULT
        cluster.platformVersion = versions.PLATFORM_VERSION
        cluster.endpoint = f"https://{identity}.gr7.{self.region}.eks.{suffix}"
        cluster.certificate_authority = {"data": base64.b64encode(mock_random.randbytes(768)).decode("ascii")}
        issuer = CONTROL_PLANE.oidc_issuer or f"https://oidc.eks.{self.region}.{suffix}/id/{identity}"
        cluster.identity = {"oidc": {"issuer": issuer}}
        cluster.resources_vpc_config = {
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
            "securityGroupIds": [],
            **(self.parameter("resourcesVpcConfig") or {}),
            "vpcId": vpc_id,
            "clusterSecurityGroupId": group.id,
        }
        network = dict(self.parameter("kubernetesNetworkConfig") or {})
        cluster.kubernetes_network_config = {
            "ipFamily": "ipv4",
            "serviceIpv4Cidr": "172.20.0.0/16",
            "elasticLoadBalancing": {"enabled": False},
            **network,
        }
        cluster.upgrade_policy = self.parameter("upgradePolicy") or {"supportType": "EXTENDED"}
        cluster.zonal_shift_config = self.parameter("zonalShiftConfig") or {"enabled": False}
        cluster.deletion_protection = bool(self.parameter("deletionProtection"))
        bootstrap = self.parameter("bootstrapSelfManagedAddons")
        cluster.self_managed_addons = set() if bootstrap is False else set(_SELF_MANAGED)

    def cluster_document(self, cluster: Cluster) -> Document:
        """As DescribeCluster answers. Endpoint and authority are the API server's own if there is one."""
        access = CONTROL_PLANE.access()
        authority = cluster.certificate_authority
        if access is not None:
            authority = {"data": base64.b64encode(access.certificate_authority).decode("ascii")}
        return without_absent(
            {
                "name": cluster.name,
                "arn": cluster.arn,
                "createdAt": cluster.created_at,
                "version": cluster.version,
                "endpoint": access.server if access is not None else cluster.endpoint,
                "roleArn": cluster.role_arn,
                "resourcesVpcConfig": cluster.resources_vpc_config,
                "kubernetesNetworkConfig": cluster.kubernetes_network_config,
                "logging": cluster.logging,
                "identity": cluster.identity,
                "status": cluster.status,
                "certificateAuthority": authority,
                "clientRequestToken": cluster.client_request_token,
                "platformVersion": cluster.platformVersion,
                "tags": cluster.tags,
                "encryptionConfig": cluster.encryption_config or None,
                "health": {"issues": []},
                "accessConfig": cluster.access_config,
                "upgradePolicy": cluster.upgrade_policy,
                "zonalShiftConfig": cluster.zonal_shift_config,
                "deletionProtection": cluster.deletion_protection,
            }
        )


def _switched_off(config: object) -> bool:
    """Whether a configuration that is not modelled only says that the thing is not wanted."""
    if isinstance(config, dict):
        return all(value in (False, None) or _switched_off(value) for value in config.values())
    return not config


LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def cluster_logging(given: Document | None) -> Document:
    """Every type is listed, enabled or not, as EKS answers it."""
    enabled = {
        kind
        for setup in (given or {}).get("clusterLogging", [])
        if setup.get("enabled")
        for kind in setup.get("types") or []
    }
    unknown = enabled - set(LOG_TYPES)
    if unknown:
        invalid_parameter(f"Invalid log type: {', '.join(sorted(unknown))}")
    setups = [
        {"types": [kind for kind in LOG_TYPES if (kind in enabled) == wanted], "enabled": wanted}
        for wanted in (True, False)
    ]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def merged_logging(current: Document, given: Document) -> Document:
    """UpdateClusterConfig names only the types that change."""
    state = {kind: setup["enabled"] for setup in current["clusterLogging"] for kind in setup["types"]}
    for setup in given.get("clusterLogging", []):
        state.update(dict.fromkeys(setup.get("types") or [], bool(setup.get("enabled"))))
    return cluster_logging({"clusterLogging": [{"types": [kind for kind, on in state.items() if on], "enabled": True}]})
