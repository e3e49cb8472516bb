"""Settings of the control plane: version, endpoints, who administers it, and the VPC CNI.

Checks that depend on the environment or on what is already deployed are in `preflight.py`.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal

from protection_settings import ProtectionSettings
from pydantic import AfterValidator, Field, field_validator

from shared.errors import nearest
from shared.settings import Settings
from shared.versions import KUBERNETES, KUBERNETES_MINORS

ACCOUNT = "account"
"""Means the cluster's account, whose own IAM policies then decide who may assume the role."""

_PRINCIPAL = re.compile(r"arn:aws[-a-z]*:iam::\d{12}:(root|role/.+|user/.+)")


def known_minor(value: str) -> str:
    """Refuses a Kubernetes minor that the platform does not know."""
    if value not in KUBERNETES_MINORS:
        raise ValueError(f"{value!r} is not one of {', '.join(KUBERNETES_MINORS)}{nearest(value, KUBERNETES_MINORS)}")
    return value


def _principal(value: str) -> str:
    if value != ACCOUNT and _PRINCIPAL.fullmatch(value) is None:
        raise ValueError(f"{value!r} is neither {ACCOUNT!r} nor the ARN of an IAM role, user or account root")
    return value


def _range(value: str) -> str:
    return str(IPv4Network(value))


class AdminSettings(Settings):
    admin_principal_arns: list[Annotated[str, AfterValidator(_principal)]] = Field(
        default_factory=lambda: [ACCOUNT],
        description="Who may assume the admin role: ARNs of IAM roles and users, or `account` for whoever the "
        "account's own IAM policies allow. Must not be empty: nobody could access the Kubernetes API.",
    )

    @field_validator("admin_principal_arns")
    @classmethod
    def _somebody_is_left(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError(f"empty: nobody could access the Kubernetes API; name an IAM role or user, or {ACCOUNT!r}")
        return value

    kubeconfig_profile: str = Field(
        default="",
        pattern=r"^[\w.@+-]*$",
        description="AWS CLI profile in the output `kubeconfig_command`, e.g. the one for `aws sso "
        "login`; none if empty.",
    )


class ControlPlaneSettings(ProtectionSettings):
    cluster_name: str = Field(
        default="eks-cluster",
        max_length=40,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        description="Name of the EKS cluster; the environment's suffix is appended. Another name replaces a deployed "
        "cluster with everything on it, which is refused unless `replace_cluster` confirms it.",
    )
    replace_cluster: str = Field(
        default="",
        description="Full name of the deployed cluster that may be replaced by one with another name; remove it "
        "afterwards.",
    )
    kubernetes_version: Annotated[str, AfterValidator(known_minor)] = Field(
        default=KUBERNETES.value,
        description=f"Kubernetes minor of the EKS cluster, one of {', '.join(KUBERNETES_MINORS)}; "
        "upgrades go one minor at a time.",
    )
    public_access_cidrs: list[Annotated[str, AfterValidator(_range)]] = Field(
        default_factory=list,
        description="IPv4 ranges outside the VPC that can reach the Kubernetes API; empty: private only. "
        "The whole internet is refused in staging and prod.",
    )
    service_cidr: str = Field(
        default="172.20.0.0/16",
        description="IPv4 range of Kubernetes Services, /12 to /24; must be outside the VPC's range.",
    )
    support_type: Literal["STANDARD", "EXTENDED"] = Field(
        default="STANDARD",
        description="At the end of the minor's standard support, EKS upgrades the cluster automatically (STANDARD), or "
        "supports it for another year at six times the price (EXTENDED).",
    )
    zonal_shift: bool = Field(
        default=True, description="Let Amazon Application Recovery Controller shift traffic away from an impaired zone."
    )

    @field_validator("service_cidr")
    @classmethod
    def _is_service_range(cls, value: str) -> str:
        if not 12 <= IPv4Network(value).prefixlen <= 24:
            raise ValueError(f"{value} is not between /12 and /24")
        return value


class CniSettings(Settings):
    network_policy_mode: Literal["standard", "strict"] = Field(
        default="standard",
        description="Whether a new pod's traffic is allowed (standard) or denied (strict) until its network policies "
        "are applied; strict requires that tier 2 is deployed with its add-on network-policies.",
    )
    prefix_delegation: bool = Field(
        default=False,
        description="Assign /28 prefixes to nodes instead of single addresses: more pods on small instances.",
    )
    security_groups_for_pods: bool = Field(
        default=False,
        description="Allow SecurityGroupPolicy objects to assign security groups to pods; requires instances outside "
        "the t family.",
    )
