"""Settings of the infrastructure tier, one model per concern; each field is a key of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from ipaddress import IPv4Network

from addon_settings import AddonSettings
from ci_settings import CiSettings
from cluster_settings import AdminSettings, CniSettings, ControlPlaneSettings
from data_settings import EncryptionSettings, StorageSettings
from log_settings import LogSettings
from network_settings import NetworkSettings
from node_settings import NodeSettings, is_burstable
from pydantic import model_validator

from shared.narrowing import is_list


class InfrastructureSettings(
    NetworkSettings,
    LogSettings,
    EncryptionSettings,
    StorageSettings,
    AdminSettings,
    ControlPlaneSettings,
    CniSettings,
    AddonSettings,
    NodeSettings,
    CiSettings,
):
    @model_validator(mode="after")
    def _ranges_apart(self) -> InfrastructureSettings:
        for setting in ("service_cidr", "pod_cidr", "private_access_cidrs"):
            value = getattr(self, setting)
            for cidr in value if is_list(value) else [value] if value else []:
                if IPv4Network(self.vpc_cidr).overlaps(IPv4Network(cidr)):
                    raise ValueError(f"{setting} {cidr} overlaps vpc_cidr {self.vpc_cidr}; choose another range")
        if self.pod_cidr and IPv4Network(self.pod_cidr).overlaps(IPv4Network(self.service_cidr)):
            raise ValueError(
                f"service_cidr {self.service_cidr} overlaps pod_cidr {self.pod_cidr}; choose another range"
            )
        return self

    @model_validator(mode="after")
    def _addons_fit_the_minor(self) -> InfrastructureSettings:
        self.pinned_addons(self.kubernetes_version)
        return self

    @model_validator(mode="after")
    def _pods_can_have_security_groups(self) -> InfrastructureSettings:
        # Source: EKS user guide, "Assign security groups to individual Pods", considerations.
        kinds = [kind for group in self.all_node_groups().values() for kind in group.instance_types]
        if self.security_groups_for_pods and all(is_burstable(kind) for kind in kinds):
            raise ValueError(
                f"security_groups_for_pods: not supported by the t family, to which {', '.join(kinds)} belong; "
                "choose another instance_type or add a group to node_groups, e.g. of m6i.large"
            )
        return self
