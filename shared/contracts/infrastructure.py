"""The contract that tier 1 publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pulumi

IMPORTED_FROM = "imported_from"
"""Output of a stack whose contract was imported, with the cluster's ARN: tier 1 has not made the cluster."""


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """AWS infrastructure and the EKS cluster of one environment."""

    project: ClassVar[str] = "infrastructure"
    version: ClassVar[int] = 4

    cluster_name: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]
    cluster_endpoint: pulumi.Output[str]
    """HTTPS address of the Kubernetes API."""
    cluster_certificate_authority: pulumi.Output[str]
    """Base64-encoded PEM."""
    cluster_version: pulumi.Output[str]
    """Kubernetes minor version, e.g. `1.35`."""
    node_versions: pulumi.Output[dict[str, str]]
    """Kubernetes minor version of the nodes, by node group."""
    addon_versions: pulumi.Output[dict[str, str]]
    """Versions of the add-ons that tier 1 installs, by name."""
    workload_identity: pulumi.Output[str]
    """`irsa` or `pod-identity`. With `pod-identity` the agent is installed; the OIDC provider exists either way."""
    cluster_security_group_id: pulumi.Output[str]
    """The cluster security group, which EKS creates for the control plane and nodes."""
    node_security_group_id: pulumi.Output[str]
    node_role_name: pulumi.Output[str]
    node_role_arn: pulumi.Output[str]
    admin_role_arn: pulumi.Output[str]
    """The role that people and the platform's pipelines assume to reach the Kubernetes API."""
    oidc_provider_arn: pulumi.Output[str]
    oidc_issuer_url: pulumi.Output[str]
    """Includes `https://`; conditions in trust policies use it without the scheme."""
    kubeconfig: pulumi.Output[str]
    """JSON text; its only credential is `aws eks get-token` as `admin_role_arn`."""
    kubeconfig_command: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    vpc_cidr: pulumi.Output[str]
    private_subnet_ids: pulumi.Output[list[str]]
    public_subnet_ids: pulumi.Output[list[str]]
    public_subnet_cidrs: pulumi.Output[list[str]]
    """Subnets of internet-facing load balancers."""
    private_subnet_cidrs: pulumi.Output[list[str]]
    """Subnets of internal load balancers and nodes, and of pods unless a separate pod range is set."""
    pod_cidrs: pulumi.Output[list[str]]
    """CIDR ranges of pod addresses: the private subnets, and the secondary range if one is set."""
    endpoint_cidrs: pulumi.Output[list[str]]
    """CIDR ranges of the interface endpoints; empty if there are none."""
    service_cidr: pulumi.Output[str]
    cluster_dns_ip: pulumi.Output[str]
    """Address of the Service `kube-dns`: the tenth address of `service_cidr`."""
    availability_zones: pulumi.Output[list[str]]
    region: pulumi.Output[str]
    account_id: pulumi.Output[str]
    partition: pulumi.Output[str]
    tenant_bucket_name: pulumi.Output[str]
    tenant_bucket_arn: pulumi.Output[str]
    tenant_bucket_key_arns: pulumi.Output[list[str]]
    """KMS keys that encrypt the bucket's objects: one, or none if S3 managed keys are used."""
    force_destroy: pulumi.Output[bool]
    """Whether data of tenants may be deleted with what holds it: their bucket, and their image repositories."""
    pipelines: pulumi.Output[dict[str, str]]
    """The platform's pipelines: `repository` on GitHub, and `state_key_arn` if stack secrets have a KMS key; empty
    without the setting `github`."""
    tenant_boundary_arn: pulumi.Output[str]
    """Permissions boundary of every tenant role."""
    secrets_key_arn: pulumi.Output[str]
    """KMS key that encrypts Kubernetes Secrets in etcd and pod log groups; its policy allows no other use."""
    network_policy_enforced: pulumi.Output[bool]
    """Whether the VPC CNI enforces NetworkPolicy objects."""
    autoscaling_group_names: pulumi.Output[list[str]]
