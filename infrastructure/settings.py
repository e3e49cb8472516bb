"""Settings of the infrastructure tier, one model a concern; each field is a key of `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Literal

from pydantic import Field, field_validator, model_validator

from shared.settings import Settings
from shared.versions import KUBERNETES


class ProtectionSettings(Settings):
    protect: bool = Field(
        default=True,
        description="Refuse to destroy the cluster, the key and the tenants' bucket, in Pulumi and in EKS.",
    )


class NetworkSettings(Settings):
    vpc_cidr: str = Field(
        default="10.0.0.0/16", description="IPv4 range of the VPC, /16 to /20; each subnet takes 1/256 of it."
    )
    nat_gateways: Literal["one", "per-zone"] = Field(
        default="per-zone",
        description="One NAT gateway for all zones is cheaper; one a zone survives the loss of a zone.",
    )

    @field_validator("vpc_cidr")
    @classmethod
    def _divides_into_subnets(cls, value: str) -> str:
        if not 16 <= IPv4Network(value).prefixlen <= 20:
            raise ValueError(f"{value} is not between /16 and /20")
        return value


class EncryptionSettings(ProtectionSettings):
    key_deletion_window_days: int = Field(
        default=7, ge=7, le=30, description="Days between the deletion of the KMS key in Pulumi and in AWS."
    )


class StorageSettings(ProtectionSettings):
    force_destroy: bool = Field(
        default=False, description="Let the tenants' bucket be destroyed while it holds objects."
    )


class AdminSettings(Settings):
    admin_principal_arns: list[str] = Field(
        default_factory=list,
        description="Who may assume the admin role; empty: whoever the account's own IAM policies allow.",
    )


class ClusterSettings(ProtectionSettings):
    kubernetes_version: str = Field(default=KUBERNETES.value, description="Kubernetes minor of the EKS cluster.")
    endpoint_public_access: bool = Field(
        default=False, description="Whether the Kubernetes API can be reached from outside the VPC."
    )
    public_access_cidrs: list[str] = Field(
        default_factory=list,
        description="IPv4 ranges that may reach the public endpoint; set exactly where it is open.",
    )
    service_cidr: str = Field(
        default="172.20.0.0/16", description="IPv4 range of Kubernetes Services, /12 to /24; outside the VPC's range."
    )
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 400, 731, 1827, 3653] = Field(
        default=90, description="Days that control-plane logs are kept; a value that CloudWatch Logs allows."
    )

    @field_validator("service_cidr")
    @classmethod
    def _is_service_range(cls, value: str) -> str:
        if not 12 <= IPv4Network(value).prefixlen <= 24:
            raise ValueError(f"{value} is not between /12 and /24")
        return value

    @model_validator(mode="after")
    def _open_to_somebody(self) -> ClusterSettings:
        if self.endpoint_public_access != bool(self.public_access_cidrs):
            raise ValueError("endpoint_public_access and public_access_cidrs go together: set both or neither")
        return self


class NodeGroupSettings(Settings):
    instance_type: str = Field(default="t3.large", description="EC2 instance type of the general node group.")
    min_size: int = Field(default=3, ge=0, description="Fewest nodes of the general node group.")
    max_size: int = Field(default=10, ge=1, description="Most nodes of the general node group.")
    desired_capacity: int = Field(
        default=5, ge=0, description="Nodes to begin with; afterwards the autoscaler decides, and changes are ignored."
    )
    volume_gib: int = Field(
        default=80, ge=20, description="Encrypted data volume of a node, GiB: images, container logs and emptyDir."
    )

    @model_validator(mode="after")
    def _sizes_in_order(self) -> NodeGroupSettings:
        if not self.min_size <= self.desired_capacity <= self.max_size:
            raise ValueError("min_size <= desired_capacity <= max_size does not hold")
        return self


class InfrastructureSettings(
    NetworkSettings, EncryptionSettings, StorageSettings, AdminSettings, ClusterSettings, NodeGroupSettings
):
    @model_validator(mode="after")
    def _ranges_apart(self) -> InfrastructureSettings:
        if IPv4Network(self.vpc_cidr).overlaps(IPv4Network(self.service_cidr)):
            raise ValueError(f"service_cidr {self.service_cidr} overlaps vpc_cidr {self.vpc_cidr}")
        return self
