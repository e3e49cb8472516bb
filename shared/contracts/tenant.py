"""The contract that tier 3 publishes, one stack per tenant. Tier 4 reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pulumi


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One tenant of one environment."""

    project: ClassVar[str] = "tenants"
    version: ClassVar[int] = 4

    tenant: pulumi.Output[str]
    state: pulumi.Output[str]
    """`active` or `suspended`; a suspended tenant's quota admits no pod."""
    namespaces: pulumi.Output[list[str]]
    """Applications are deployed to the first one unless they name another."""
    service_account_name: pulumi.Output[str]
    """Service account with the tenant's IAM role; exists in every namespace of the tenant."""
    workload_role_arn: pulumi.Output[str]
    """IAM role of pods that use that service account."""
    deployer_role_arn: pulumi.Output[str]
    """IAM role that people assume to deploy, and the team's pipeline to enter the cluster."""
    ci_role_arn: pulumi.Output[str]
    """IAM role of the jobs of the tenant's pipeline."""
    people_role_arns: pulumi.Output[dict[str, str]]
    """IAM roles that people assume: `developers`, the deployer role, and those of `owners` and `viewers` that exist."""
    kubeconfig: pulumi.Output[str]
    """JSON text; its only credential is `aws eks get-token` as `deployer_role_arn`."""
    cluster_arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    bucket_prefix: pulumi.Output[str]
    """Ends with a slash; the workload role cannot access anything else in the bucket."""
    bucket_uri: pulumi.Output[str]
    """Bucket and prefix as the AWS CLI takes them: `s3://<bucket>/<prefix>`."""
    repositories: pulumi.Output[dict[str, str]]
    """The tenant's image repositories: name in its file to URL, `<registry>/<tenant>/<name>-<environment suffix>`."""
    registries: pulumi.Output[list[str]]
    """Registries that the tenant's pods may pull from, as `host/path`; its own repositories are below the first."""
    quota: pulumi.Output[dict[str, str]]
    """Quota of each namespace, as in a ResourceQuota."""
    containers: pulumi.Output[dict[str, dict[str, str]]]
    """By resource: `requests` and `limits` of a container that states none, and the highest limits, `max`."""
    hosts: pulumi.Output[list[str]]
    """Host names that the tenant's Ingresses may use."""
    web_ports: pulumi.Output[list[int]]
    """Container ports that load balancers can reach."""
    load_balancer_scheme: pulumi.Output[str]
    """Scheme of the load balancer that the tenant's Ingresses share: `internet-facing` or `internal`."""
    ingress_class_name: pulumi.Output[str]
    region: pulumi.Output[str]
