"""Row of EKS clusters."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.naming_case import picked, unless_gone, without_aws_tags
from tooling.plugins.aws.engine.refusals import each_one_of, one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Row, Values
from tooling.plugins.aws.resources.eks.operations import EksOperations

_NAME = "aws:eks/cluster:Cluster"
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_ENDPOINT = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
_NETWORK = ("subnetIds", "securityGroupIds")
_NETWORK_OUTPUTS = ("clusterSecurityGroupId", "vpcId")


class Cluster(EksOperations):
    pulumi_name = _NAME

    def create(self, inputs: Values) -> str:
        request = picked(
            inputs,
            (
                "roleArn",
                "version",
                "accessConfig",
                "upgradePolicy",
                "zonalShiftConfig",
                "deletionProtection",
                "bootstrapSelfManagedAddons",
                "kubernetesNetworkConfig",
            ),
        )
        if inputs.get("encryptionConfig"):
            request["encryptionConfig"] = [inputs["encryptionConfig"]]
        answer = self.eks.create_cluster(
            name=inputs["name"],
            tags=inputs.get("tagsAll") or {},
            resourcesVpcConfig=picked(inputs["vpcConfig"], (*_ENDPOINT, *_NETWORK)),
            logging=_logging(inputs),
            **request,
        )
        return answer["cluster"]["name"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        self.wait_until_active(f"cluster {resource_id}", lambda: self.eks.describe_cluster(name=resource_id)["cluster"])

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.eks.describe_cluster, name=resource_id)
        if found is None:
            return None
        cluster = found["cluster"]
        vpc, encryption = cluster["resourcesVpcConfig"], cluster.get("encryptionConfig") or [None]
        setups = (cluster.get("logging") or {}).get("clusterLogging", [])
        plain = (
            "arn",
            "accessConfig",
            "certificateAuthority",
            "deletionProtection",
            "endpoint",
            "kubernetesNetworkConfig",
            "name",
            "platformVersion",
            "roleArn",
            "status",
            "upgradePolicy",
            "version",
            "zonalShiftConfig",
        )
        return {
            **picked(cluster, plain),
            "createdAt": cluster["createdAt"].isoformat(),
            "enabledClusterLogTypes": [kind for setup in setups if setup["enabled"] for kind in setup["types"]],
            "encryptionConfig": encryption[0],
            "identities": [{"oidcs": [{"issuer": cluster["identity"]["oidc"]["issuer"]}]}],
            "vpcConfig": picked(vpc, (*_ENDPOINT, *_NETWORK, *_NETWORK_OUTPUTS)),
            "tagsAll": without_aws_tags(cluster.get("tags")),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        """EKS accepts one kind of change at a time; deletion protection is removed first, or set last."""
        if "version" in changed:
            force = {"force": True} if inputs.get("forceUpdateVersion") else {}
            answer = self.eks.update_cluster_version(name=resource_id, version=inputs["version"], **force)
            self.wait_for_update(answer, name=resource_id)
        if "encryptionConfig" in changed:
            answer = self.eks.associate_encryption_config(
                clusterName=resource_id, encryptionConfig=[inputs["encryptionConfig"]]
            )
            self.wait_for_update(answer, name=resource_id)
        if "vpcConfig" in changed:
            self._update_vpc(resource_id, state["vpcConfig"], inputs["vpcConfig"])
        if "enabledClusterLogTypes" in changed:
            self._configure(resource_id, logging=_logging(inputs))
        if "accessConfig" in changed:
            mode = inputs["accessConfig"]["authenticationMode"]
            self._configure(resource_id, accessConfig={"authenticationMode": mode})
        if "upgradePolicy" in changed:
            self._configure(resource_id, upgradePolicy=inputs["upgradePolicy"])
        if "zonalShiftConfig" in changed:
            enabled = bool((inputs.get("zonalShiftConfig") or {}).get("enabled"))
            self._configure(resource_id, zonalShiftConfig={"enabled": enabled})
        if "deletionProtection" in changed:
            self._configure(resource_id, deletionProtection=inputs["deletionProtection"])

    def _configure(self, resource_id: str, **change: Any) -> None:
        self.wait_for_update(self.eks.update_cluster_config(name=resource_id, **change), name=resource_id)

    def _update_vpc(self, resource_id: str, old: Values, new: Values) -> None:
        for names in (_ENDPOINT, _NETWORK):
            wanted = {name: new[name] for name in names if new.get(name) is not None}
            if names == _NETWORK:
                wanted.setdefault("securityGroupIds", [])
            if any(_as_set(old.get(name)) != _as_set(value) for name, value in wanted.items()):
                self._configure(resource_id, resourcesVpcConfig=wanted)

    def delete(self, resource_id: str, state: Values) -> None:
        self.eks.delete_cluster(name=resource_id)
        self.wait_until_gone(f"cluster {resource_id}", self.eks.describe_cluster, name=resource_id)


def _as_set(value: Any) -> Any:
    return set(value) if isinstance(value, list) else value


def _logging(inputs: Values) -> dict[str, Any]:
    on = inputs.get("enabledClusterLogTypes") or []
    setups = [
        {"enabled": True, "types": [kind for kind in _LOG_TYPES if kind in on]},
        {"enabled": False, "types": [kind for kind in _LOG_TYPES if kind not in on]},
    ]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def _encryption_cannot_change(state: Values, inputs: Values) -> frozenset[str]:
    """Secrets encryption can be added to a cluster, but not changed or removed."""
    return frozenset({"encryptionConfig"}) if state.get("encryptionConfig") else frozenset()


ROWS = (
    Row(
        pulumi_name=_NAME,
        source="eks_cluster",
        inputs={
            "roleArn": Input(required=True, replaces=True),
            "version": Input(computed=True),
            "forceUpdateVersion": Input(write_only=True),
            "vpcConfig": Input(
                required=True,
                members={
                    "subnetIds": Input(required=True, unordered=True),
                    "securityGroupIds": Input(unordered=True),
                    "endpointPrivateAccess": Input(default=False),
                    "endpointPublicAccess": Input(default=True),
                    "publicAccessCidrs": Input(computed=True, unordered=True),
                },
                outputs=_NETWORK_OUTPUTS,
            ),
            "accessConfig": Input(
                computed=True,
                members={
                    "authenticationMode": Input(
                        computed=True, refusal=one_of("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
                    ),
                    "bootstrapClusterCreatorAdminPermissions": Input(default=True, replaces=True),
                },
            ),
            "encryptionConfig": Input(
                members={
                    "provider": Input(required=True, members={"keyArn": Input(required=True)}),
                    "resources": Input(required=True, unordered=True, refusal=each_one_of("secrets")),
                }
            ),
            "kubernetesNetworkConfig": Input(
                computed=True,
                members={
                    "serviceIpv4Cidr": Input(computed=True, replaces=True),
                    "ipFamily": Input(computed=True, replaces=True, refusal=one_of("ipv4")),
                },
                outputs=("serviceIpv6Cidr", "elasticLoadBalancing"),
            ),
            "upgradePolicy": Input(
                computed=True,
                members={"supportType": Input(computed=True, refusal=one_of("STANDARD", "EXTENDED"))},
            ),
            "zonalShiftConfig": Input(members={"enabled": Input()}),
            "enabledClusterLogTypes": Input(unordered=True, refusal=each_one_of(*_LOG_TYPES)),
            "bootstrapSelfManagedAddons": Input(default=True, replaces=True, write_only=True),
            "deletionProtection": Input(default=False),
        },
        outputs=("arn", "certificateAuthority", "createdAt", "endpoint", "identities", "platformVersion", "status"),
        operations=Cluster,
        name=GeneratedName(input="name", prefix_input=None, longest=100),
        recomputed={"version": ("platformVersion",)},
        also_replaces=_encryption_cannot_change,
    ),
)
