"""What tier 3 publishes, one stack a tenant: all that an application needs, so that tier 4 reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pulumi


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One tenant of one environment."""

    project: ClassVar[str] = "tenants"
    version: ClassVar[int] = 2

    tenant: pulumi.Output[str]
    namespaces: pulumi.Output[list[str]]
    """The first one is where applications go unless they name another."""
    service_account_name: pulumi.Output[str]
    """Bears the tenant's AWS role; in every namespace of the tenant."""
    workload_role_arn: pulumi.Output[str]
    """What pods of that service account may do in AWS."""
    deployer_role_arn: pulumi.Output[str]
    """The role that the app team's pipeline assumes."""
    kubeconfig: pulumi.Output[str]
    """JSON text; its only credential is `aws eks get-token` as `deployer_role_arn`."""
    cluster_arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    bucket_prefix: pulumi.Output[str]
    """Ends with a slash; the workload role reaches nothing else of the bucket."""
    hosts: pulumi.Output[list[str]]
    """Host names that the tenant's Ingresses may bear."""
    web_ports: pulumi.Output[list[int]]
    """Container ports that load balancers may reach."""
    load_balancer_scheme: pulumi.Output[str]
    """`internet-facing` or `internal`: of the one load balancer that the tenant's Ingresses share."""
    ingress_class_name: pulumi.Output[str]
    region: pulumi.Output[str]
