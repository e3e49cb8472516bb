"""Sample values for every contract, as an upstream stack would publish them.

They are checked against the contract's types: a field without a sample, or with a sample of another type, is an error,
so that no program is tested with incomplete outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter

from shared.contracts import Infrastructure, PlatformAddons, Tenant
from shared.contracts.boundary import VERSION_OUTPUT, Contract, output_types
from shared.dry_runs.applications import application_directories
from shared.dry_runs.computed import ACCOUNT, OIDC_ISSUER, REGION
from shared.iam import ci_path, deployers_path
from shared.kubeconfig import kubeconfig, kubeconfig_command
from shared.tenant_quota import Containers, Quota

_CLUSTER = "eks-cluster-dev"
_ENDPOINT = f"https://EXAMPLE.gr7.{REGION}.eks.amazonaws.com"
_AUTHORITY = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
_APPLICATIONS = [directory.name for directory in application_directories()]
_REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
_ROLES = f"arn:aws:iam::{ACCOUNT}:role"

_QUOTA = Quota.model_validate(
    {"requests.cpu": "4", "requests.memory": "8Gi", "limits.cpu": "8", "limits.memory": "16Gi", "pods": 40}
)


def _kubeconfig(role: str, *namespaces: str) -> str:
    return kubeconfig(
        cluster_name=_CLUSTER,
        endpoint=_ENDPOINT,
        certificate_authority=_AUTHORITY,
        region=REGION,
        role_arn=f"{_ROLES}/{role}",
        namespaces=namespaces,
    )


_INFRASTRUCTURE: dict[str, Any] = {
    "cluster_name": _CLUSTER,
    "cluster_arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{_CLUSTER}",
    "cluster_endpoint": _ENDPOINT,
    "cluster_certificate_authority": _AUTHORITY,
    "cluster_version": "1.35",
    "node_versions": {"general": "1.35"},
    "addon_versions": {"vpc-cni": "v1.21.1-eksbuild.3", "kube-proxy": "v1.35.0-eksbuild.2"},
    "workload_identity": "irsa",
    "cluster_security_group_id": "sg-cluster",
    "node_security_group_id": "sg-nodes",
    "node_role_name": "eks-node-role-dev",
    "node_role_arn": f"{_ROLES}/eks-node-role-dev",
    "admin_role_arn": f"{_ROLES}/eks-admin-role-dev",
    "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{OIDC_ISSUER.removeprefix('https://')}",
    "oidc_issuer_url": OIDC_ISSUER,
    "kubeconfig": _kubeconfig("eks-admin-role-dev"),
    "kubeconfig_command": kubeconfig_command(
        cluster_name=_CLUSTER, region=REGION, role_arn=f"{_ROLES}/eks-admin-role-dev"
    ),
    "vpc_id": "vpc-id",
    "vpc_cidr": "10.0.0.0/16",
    "private_subnet_ids": ["subnet-private-a", "subnet-private-b", "subnet-private-c"],
    "public_subnet_ids": ["subnet-public-a", "subnet-public-b", "subnet-public-c"],
    "public_subnet_cidrs": ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"],
    "private_subnet_cidrs": ["10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"],
    "pod_cidrs": ["10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"],
    "endpoint_cidrs": [],
    "service_cidr": "172.20.0.0/16",
    "cluster_dns_ip": "172.20.0.10",
    "availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "region": REGION,
    "account_id": ACCOUNT,
    "partition": "aws",
    "tenant_bucket_name": f"eks-tenant-data-{ACCOUNT}-dev",
    "tenant_bucket_arn": f"arn:aws:s3:::eks-tenant-data-{ACCOUNT}-dev",
    "tenant_bucket_key_arns": [],
    "force_destroy": True,
    "pipelines": {"repository": "example/platform", "state_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/states"},
    "tenant_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/eks-tenant-boundary-dev",
    "secrets_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/secrets-id",
    "network_policy_enforced": True,
    "autoscaling_group_names": ["eks-general-dev-example"],
}

_PLATFORM_ADDONS: dict[str, Any] = {
    "addons": ["cluster-autoscaler", "fluent-bit", "metrics-server"],
    "role_arns": {
        "cluster-autoscaler": f"{_ROLES}/eks-cluster-autoscaler-dev",
        "fluent-bit": f"{_ROLES}/eks-fluent-bit-dev",
        "load-balancer-controller": f"{_ROLES}/eks-aws-load-balancer-controller-dev",
    },
    "ingress_class_name": "alb",
}

_TENANT: dict[str, Any] = {
    "tenant": "tenant-a",
    "state": "active",
    "namespaces": ["tenant-a"],
    "service_account_name": "tenant",
    "workload_role_arn": f"{_ROLES}/eks-tenant-a-workload-dev",
    "deployer_role_arn": f"{_ROLES}{deployers_path('dev')}eks-tenant-a-deployer-dev",
    "ci_role_arn": f"{_ROLES}{ci_path('dev')}eks-tenant-a-ci-dev",
    "people_role_arns": {"developers": f"{_ROLES}{deployers_path('dev')}eks-tenant-a-deployer-dev"},
    "kubeconfig": _kubeconfig(f"{deployers_path('dev').lstrip('/')}eks-tenant-a-deployer-dev", "tenant-a"),
    "cluster_arn": _INFRASTRUCTURE["cluster_arn"],
    "cluster_name": _CLUSTER,
    "bucket_name": _INFRASTRUCTURE["tenant_bucket_name"],
    "bucket_prefix": "tenant-a/",
    "bucket_uri": f"s3://{_INFRASTRUCTURE['tenant_bucket_name']}/tenant-a/",
    "repositories": {name: f"{_REGISTRY}/tenant-a/{name}-dev" for name in _APPLICATIONS},
    "registries": [f"{_REGISTRY}/tenant-a", "registry.k8s.io"],
    "quota": _QUOTA.hard(),
    "containers": Containers().amounts(),
    "hosts": ["tenant-a.example.com", "dusk.tenant-a.example.com", "dawn.tenant-a.example.com"],
    "web_ports": [8080],
    "load_balancer_scheme": "internet-facing",
    "ingress_class_name": "alb",
    "region": REGION,
}

_SAMPLES: tuple[tuple[type[Contract], dict[str, Any]], ...] = (
    (Infrastructure, _INFRASTRUCTURE),
    (PlatformAddons, _PLATFORM_ADDONS),
    (Tenant, _TENANT),
)


def contract_outputs(contract: type[Contract], **changed: Any) -> dict[str, Any]:
    """The outputs of a stack that has published `contract`, its version included.

    Args:
        changed: values in place of the samples, by field.

    Raises:
        TypeError: a field has no sample, there is no such field, or a value is not of the field's type.
    """
    values = {**dict(_SAMPLES)[contract], **changed}
    types = output_types(contract)
    if values.keys() != types.keys():
        wrong = ", ".join(sorted(values.keys() ^ types.keys()))
        raise TypeError(f"samples and fields of {contract.__name__} differ: {wrong}")
    for name, kind in types.items():
        try:
            TypeAdapter(kind).validate_python(values[name], strict=True)
        except ValueError as error:
            raise TypeError(f"{contract.__name__}.{name} is not of its type {kind}") from error
    return {**values, VERSION_OUTPUT: contract.version}


def every_contract(reference: str) -> Mapping[str, Any] | None:
    """The samples for the stack `reference` (`<organization>/<project>/<stack>`), as if the whole chain is deployed."""
    _, project, stack = reference.split("/")
    if project == Infrastructure.project:
        # A program compares it with the name that its settings give.
        return contract_outputs(Infrastructure, cluster_name=f"eks-cluster-{stack}")
    for contract, _ in _SAMPLES:
        if contract.project == project:
            return contract_outputs(contract)
    return None


def undeployed(project: str) -> Callable[[str], Mapping[str, Any] | None]:
    """As `every_contract`, but before the first deployment of `project`, so that no deployed state limits settings."""
    return lambda reference: None if reference.split("/")[1] == project else every_contract(reference)
