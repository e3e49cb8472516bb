"""The component `eks:index:Cluster`: an EKS control plane with its two add-ons, and the outputs that programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pulumi
import pulumi_aws as aws

from tooling.plugins.eks.inputs import as_json, cni_configuration, kubeconfig, refuse_unmodelled


class Cluster(pulumi.ComponentResource):
    """Children have the same names as in the released component, so that states can be compared."""

    def __init__(self, name: str, inputs: Mapping[str, Any], options: pulumi.ResourceOptions | None) -> None:
        refuse_unmodelled(inputs)
        super().__init__("eks:index:Cluster", name, {}, options)
        self.cluster = self._control_plane(name, inputs)
        self._kubernetes_provider(name)
        cni = inputs["vpcCniOptions"]
        component = pulumi.ComponentResource("eks:index:VpcCniAddon", f"{name}-vpc-cni", {}, _child_of(self))
        # Lanes created by earlier versions have the add-on directly below the cluster.
        below = pulumi.ResourceOptions(parent=component, aliases=[pulumi.Alias(parent=self)])
        configuration = cni_configuration(cni)
        addon = self._addon(name, "vpc-cni", cni["addonVersion"], cni, configuration, inputs.get("tags"), below)
        component.register_outputs({"addon": addon})
        proxy = inputs["kubeProxyAddonOptions"]
        if proxy.get("enabled", True):
            values = proxy.get("configurationValues")
            self._addon(name, "kube-proxy", proxy["version"], proxy, values, inputs.get("tags"), _child_of(self))
        issuer = self.cluster.identities[0].oidcs[0].issuer
        self.outputs: dict[str, Any] = {
            "eksCluster": self.cluster,
            "clusterSecurityGroupId": self.cluster.vpc_config.cluster_security_group_id,
            "nodeSecurityGroupId": self.cluster.vpc_config.cluster_security_group_id,
            "clusterIngressRuleId": "",
            "instanceRoles": [],
            "defaultNodeGroupAsgName": "",
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "autoModeNodeRoleName": "",
            "oidcProviderArn": "",
            "oidcProviderUrl": "",
            "oidcIssuer": issuer.apply(lambda url: (url or "").removeprefix("https://")),
        }
        self.register_outputs(self.outputs)

    def _control_plane(self, name: str, inputs: Mapping[str, Any]) -> aws.eks.Cluster:
        subnets = pulumi.Output.all(inputs.get("publicSubnetIds") or [], inputs["privateSubnetIds"])
        key, group = inputs.get("encryptionConfigKeyArn"), inputs.get("clusterSecurityGroup")
        return aws.eks.Cluster(
            f"{name}-eksCluster",
            name=inputs.get("name"),
            version=inputs.get("version"),
            role_arn=pulumi.Output.from_input(inputs["serviceRole"]).apply(lambda role: role.arn),
            vpc_config={
                "subnet_ids": subnets.apply(lambda both: [*both[0], *both[1]]),
                "security_group_ids": [pulumi.Output.from_input(group).apply(_id)] if group is not None else None,
                "endpoint_private_access": inputs.get("endpointPrivateAccess"),
                "endpoint_public_access": inputs.get("endpointPublicAccess"),
                "public_access_cidrs": inputs.get("publicAccessCidrs"),
            },
            # Hard-coded in the released component, which also ignores changes of it.
            access_config={
                "authentication_mode": inputs["authenticationMode"],
                "bootstrap_cluster_creator_admin_permissions": True,
            },
            encryption_config={"provider": {"key_arn": key}, "resources": ["secrets"]} if key is not None else None,
            enabled_cluster_log_types=inputs.get("enabledClusterLogTypes"),
            kubernetes_network_config={
                "service_ipv4_cidr": inputs.get("kubernetesServiceIpAddressRange"),
                "ip_family": "ipv4",
            },
            upgrade_policy=_snake_case(inputs.get("upgradePolicy")),
            deletion_protection=inputs.get("deletionProtection"),
            tags=pulumi.Output.all(inputs.get("clusterTags"), inputs.get("tags")).apply(
                lambda tags: {"Name": f"{name}-eksCluster", **(tags[0] or {}), **(tags[1] or {})}
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
            ),
        )

    def _kubernetes_provider(self, name: str) -> None:
        """The provider of what the released component may create in the cluster, which it makes in any case."""
        arn, authority = self.cluster.arn, self.cluster.certificate_authority
        config = pulumi.Output.all(self.cluster.name, self.cluster.endpoint, authority.data, arn).apply(
            lambda cluster: kubeconfig(name=cluster[0], endpoint=cluster[1], authority=cluster[2], arn=cluster[3])
        )
        # By type: importing the SDK takes a second.
        pulumi.ProviderResource(
            "kubernetes",
            f"{name}-eks-k8s",
            {"kubeconfig": config},
            pulumi.ResourceOptions(parent=self, version=version("pulumi-kubernetes")),
        )

    def _addon(
        self,
        name: str,
        addon: str,
        version: pulumi.Input[str],
        options: Mapping[str, Any],
        values: Mapping[str, Any] | None,
        tags: Any,
        opts: pulumi.ResourceOptions,
    ) -> aws.eks.Addon:
        return aws.eks.Addon(
            f"{name}-{addon}",
            cluster_name=self.cluster.name,
            addon_name=addon,
            addon_version=version,
            preserve=True,
            resolve_conflicts_on_create=options.get("resolveConflictsOnCreate") or "OVERWRITE",
            resolve_conflicts_on_update=options.get("resolveConflictsOnUpdate") or "OVERWRITE",
            service_account_role_arn=options.get("serviceAccountRoleArn"),
            configuration_values=as_json(values) if values is not None else None,
            tags=tags,
            opts=opts,
        )


def _child_of(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=parent)


def _id(resource: pulumi.CustomResource) -> pulumi.Output[str]:
    return resource.id


def _snake_case(value: Any) -> Any:
    """Inputs of a component arrive in the wire's camelCase; the SDK's arguments want snake_case."""
    if isinstance(value, pulumi.Output):
        return value.apply(_snake_case)
    if isinstance(value, Mapping):
        return {re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower(): _snake_case(item) for key, item in value.items()}
    return value
