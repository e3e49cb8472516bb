"""UpdateClusterConfig and AssociateEncryptionConfig: one kind of change at a time, each recorded as an update."""

from __future__ import annotations

import json

from moto.core.responses import ActionResult

from tooling.aws_emulator.eks.cluster_operations import (
    AUTHENTICATION_MODES,
    UNMODELLED,
    ClusterOperations,
    merged_logging,
)
from tooling.aws_emulator.eks.records import Cluster, Document
from tooling.aws_emulator.eks.refusals import invalid_parameter, invalid_request

_KINDS = (
    "resourcesVpcConfig",
    "logging",
    "accessConfig",
    "upgradePolicy",
    "zonalShiftConfig",
    "deletionProtection",
)
_ENDPOINT_PARAMETERS = {
    "endpointPublicAccess": "EndpointPublicAccess",
    "endpointPrivateAccess": "EndpointPrivateAccess",
    "publicAccessCidrs": "PublicAccessCidrs",
}
_NETWORK_PARAMETERS = {"subnetIds": "Subnets", "securityGroupIds": "SecurityGroups"}


class ClusterUpdateOperations(ClusterOperations):
    def update_cluster_config(self) -> ActionResult:
        self.refuse_unmodelled((*UNMODELLED, "kubernetesNetworkConfig"))
        cluster = self.cluster()
        given = [kind for kind in _KINDS if self.parameter(kind) is not None]
        if not given:
            invalid_parameter("No changes needed for the cluster config provided")
        if len(given) > 1:
            invalid_parameter(f"Only one type of update can be allowed, and {' and '.join(given)} were given")
        value = self.parameter(given[0])
        match given[0]:
            case "resourcesVpcConfig":
                return self.update_vpc_config(cluster, value)
            case "logging":
                logging = merged_logging(cluster.logging, value)
                refuse_no_change(cluster.logging, logging, "logging")
                cluster.logging = logging
                return self.record_update(cluster, "LoggingUpdate", {"ClusterLogging": json.dumps(logging)})
            case "accessConfig":
                return self.update_authentication_mode(cluster, value["authenticationMode"])
            case "upgradePolicy":
                cluster.upgrade_policy = value
                return self.record_update(cluster, "UpgradePolicyUpdate", {"UpgradePolicy": json.dumps(value)})
            case "zonalShiftConfig":
                cluster.zonal_shift_config = value
                return self.record_update(cluster, "ZonalShiftConfigUpdate", {"ZonalShiftConfig": json.dumps(value)})
            case _:
                cluster.deletion_protection = value
                return self.record_update(
                    cluster, "DeletionProtectionUpdate", {"DeletionProtection": json.dumps(value)}
                )

    def update_vpc_config(self, cluster: Cluster, given: Document) -> ActionResult:
        current = cluster.resources_vpc_config
        network = {key: given[key] for key in _NETWORK_PARAMETERS if key in given}
        endpoint = {key: given[key] for key in _ENDPOINT_PARAMETERS if key in given}
        if network and endpoint:
            invalid_parameter("Only one type of update can be allowed: endpoint access, or subnets and security groups")
        wanted = {**current, **network, **endpoint}
        refuse_no_change(current, wanted, "vpc")
        if network:
            if self.check_network(wanted) != current["vpcId"]:
                invalid_parameter("Subnets specified must belong to the VPC of the cluster")
        elif not (wanted["endpointPublicAccess"] or wanted["endpointPrivateAccess"]):
            invalid_parameter("Private and public endpoint access cannot both be disabled")
        cluster.resources_vpc_config = wanted
        names = _NETWORK_PARAMETERS if network else _ENDPOINT_PARAMETERS
        params = {names[key]: json.dumps(value) for key, value in {**network, **endpoint}.items()}
        return self.record_update(cluster, "VpcConfigUpdate" if network else "EndpointAccessUpdate", params)

    def update_authentication_mode(self, cluster: Cluster, wanted: str) -> ActionResult:
        current = cluster.access_config["authenticationMode"]
        if wanted not in AUTHENTICATION_MODES:
            invalid_parameter(f"Invalid authentication mode: {wanted}")
        if AUTHENTICATION_MODES.index(wanted) <= AUTHENTICATION_MODES.index(current):
            invalid_parameter(f"Unsupported authentication mode update from {current} to {wanted}")
        cluster.access_config = {**cluster.access_config, "authenticationMode": wanted}
        return self.record_update(cluster, "AccessConfigUpdate", {"AuthenticationMode": wanted})

    def associate_encryption_config(self) -> ActionResult:
        cluster, wanted = self.cluster(), self.parameter("encryptionConfig")
        if cluster.encryption_config:
            invalid_request("Encryption configuration cannot be changed once it is associated")
        cluster.encryption_config = wanted
        return self.record_update(cluster, "AssociateEncryptionConfig", {"EncryptionConfig": json.dumps(wanted)})


def refuse_no_change(current: Document, wanted: Document, what: str) -> None:
    if current == wanted:
        invalid_parameter(f"No changes needed for the {what} config provided")
