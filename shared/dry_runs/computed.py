"""Computed outputs that AWS and Kubernetes add to a resource's inputs, as far as the programs read them.

The formats are real, the values invented. Types that are not listed get an `arn` in AWS and a name in Kubernetes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
OIDC_ISSUER = f"https://oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"

FUNCTIONS: dict[str, dict[str, Any]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "id": REGION,
        "region": REGION,
        "names": [f"{REGION}{zone}" for zone in "abcdef"],
        "zoneIds": [f"use1-az{number}" for number in range(1, 7)],
        "groupNames": [f"{REGION}-zg-1"],
    },
}
"""Results of the provider functions that the programs call, by token."""

Inputs = dict[str, Any]


def computed_outputs(kind: str, name: str, inputs: Inputs) -> dict[str, Any]:
    """Computed outputs of a resource, and its `id` if that has a defined format.

    Args:
        kind: type token, e.g. `aws:iam/role:Role`.
        name: logical name.
    """
    if kind in _COMPUTED:
        return _COMPUTED[kind](name, inputs)
    if kind.startswith("kubernetes:"):
        return _kubernetes(name, inputs)
    if kind.startswith("aws:"):
        service = kind.split(":")[1].split("/")[0]
        return {"id": f"{name}-id", "arn": _arn(service, name)}
    return {}


def _arn(service: str, resource: str) -> str:
    region, account = ("", "") if service == "s3" else ("", ACCOUNT) if service == "iam" else (REGION, ACCOUNT)
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def _role(name: str, inputs: Inputs) -> Inputs:
    physical = inputs.get("name", name)
    arn = _arn("iam", f"role{inputs.get('path', '/')}{physical}")
    return {"id": physical, "name": physical, "arn": arn, "uniqueId": f"AROA-{physical}"}


def _policy(name: str, inputs: Inputs) -> Inputs:
    arn = _arn("iam", f"policy/{inputs.get('name', name)}")
    return {"id": arn, "arn": arn}


def _bucket(name: str, inputs: Inputs) -> Inputs:
    physical = inputs.get("bucket", name)
    return {"id": physical, "bucket": physical, "arn": _arn("s3", physical)}


def _oidc_provider(name: str, inputs: Inputs) -> Inputs:
    arn = _arn("iam", f"oidc-provider/{str(inputs.get('url', name)).removeprefix('https://')}")
    return {"id": arn, "arn": arn}


def _key(name: str, inputs: Inputs) -> Inputs:
    return {"id": f"{name}-id", "keyId": f"{name}-id", "arn": _arn("kms", f"key/{name}-id")}


def _log_group(name: str, inputs: Inputs) -> Inputs:
    physical = inputs.get("name", name)
    return {"id": physical, "name": physical, "arn": _arn("logs", f"log-group:{physical}")}


def _repository(name: str, inputs: Inputs) -> Inputs:
    physical = inputs.get("name", name)
    return {
        "id": physical,
        "name": physical,
        "arn": _arn("ecr", f"repository/{physical}"),
        "registryId": ACCOUNT,
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{physical}",
    }


def _launch_template(name: str, inputs: Inputs) -> Inputs:
    return {"id": f"lt-{name}", "latestVersion": 1, "arn": _arn("ec2", f"launch-template/lt-{name}")}


def _cluster(name: str, inputs: Inputs) -> Inputs:
    physical = inputs.get("name", name)
    return {
        "id": physical,
        "name": physical,
        "arn": _arn("eks", f"cluster/{physical}"),
        "endpoint": f"https://EXAMPLE.gr7.{REGION}.eks.amazonaws.com",
        "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"},
        "identities": [{"oidcs": [{"issuer": OIDC_ISSUER}]}],
        "vpcConfig": {**(inputs.get("vpcConfig") or {}), "clusterSecurityGroupId": "sg-cluster", "vpcId": "vpc-id"},
    }


def _node_group(name: str, inputs: Inputs) -> Inputs:
    prefix = inputs.get("nodeGroupNamePrefix", name)
    return {
        "id": f"{inputs.get('clusterName')}:{prefix}",
        "nodeGroupName": f"{prefix}example",
        "resources": [{"autoscalingGroups": [{"name": f"eks-{prefix}example"}]}],
        "arn": _arn("eks", f"nodegroup/{name}"),
    }


def _access_entry(name: str, inputs: Inputs) -> Inputs:
    return {"id": f"{inputs.get('clusterName')}:{inputs.get('principalArn')}", "accessEntryArn": _arn("eks", name)}


def _kubernetes(name: str, inputs: Inputs) -> Inputs:
    metadata = dict(inputs.get("metadata") or {})
    metadata.setdefault("name", f"{name}-1a2b3c4d")
    namespace = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return {"id": f"{namespace}{metadata['name']}", "metadata": metadata}


_COMPUTED: dict[str, Callable[[str, Inputs], Inputs]] = {
    "aws:iam/role:Role": _role,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _oidc_provider,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:kms/key:Key": _key,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:ecr/repository:Repository": _repository,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:eks/accessEntry:AccessEntry": _access_entry,
}
