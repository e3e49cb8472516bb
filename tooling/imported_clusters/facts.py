"""What AWS says about an EKS cluster, as values of the Infrastructure contract.

Works for any cluster, whatever made it: eksctl, Terraform, the console. What the cluster does not decide, such as the
tenants' bucket, is in no answer of AWS and has to be given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from shared.errors import BadInput
from shared.kubeconfig import kubeconfig, kubeconfig_command

_DNS = 10
"""EKS gives the tenth address of the Service range to the Service `kube-dns`."""

GIVEN = (
    "admin_role_arn",
    "endpoint_cidrs",
    "force_destroy",
    "node_security_group_id",
    "pipelines",
    "tenant_boundary_arn",
    "tenant_bucket_arn",
    "tenant_bucket_key_arns",
    "tenant_bucket_name",
)
"""Fields of the contract that the cluster does not decide."""

Client = Callable[[str], Any]
"""A boto3 client of a service, in the cluster's account and region."""


def cluster_facts(client: Client, name: str) -> dict[str, Any]:
    """Every field of the contract but `GIVEN`, `kubeconfig` and `kubeconfig_command`, which depend on one of them.

    Raises:
        BadInput: `cluster-unknown`, `cluster-unfit`.
    """
    eks, iam = client("eks"), client("iam")
    try:
        cluster = eks.describe_cluster(name=name)["cluster"]
    except eks.exceptions.ResourceNotFoundException as error:
        raise BadInput(
            "cluster-unknown",
            f"EKS has no cluster {name!r} here",
            at="--from-eks",
            hint="list them: aws eks list-clusters",
        ) from error
    _, partition, _, region, account, _ = cluster["arn"].split(":", 5)
    network = _network(client("ec2"), cluster)
    nodes = _nodes(eks, name)
    addons = _addons(eks, name)
    issuer = (cluster.get("identity") or {}).get("oidc", {}).get("issuer", "")
    service_cidr = (cluster.get("kubernetesNetworkConfig") or {}).get("serviceIpv4Cidr", "")
    facts = {
        "cluster_name": cluster["name"],
        "cluster_arn": cluster["arn"],
        "cluster_endpoint": cluster["endpoint"],
        "cluster_certificate_authority": cluster["certificateAuthority"]["data"],
        "cluster_version": cluster["version"],
        "node_versions": {group["nodegroupName"]: group["version"] for group in nodes},
        "addon_versions": {addon["addonName"]: addon["addonVersion"] for addon in addons},
        "workload_identity": "pod-identity" if any(one["addonName"] == _AGENT for one in addons) else "irsa",
        "cluster_security_group_id": cluster["resourcesVpcConfig"].get("clusterSecurityGroupId", ""),
        "node_role_arn": nodes[0]["nodeRole"] if nodes else "",
        "node_role_name": nodes[0]["nodeRole"].rpartition("/")[2] if nodes else "",
        "oidc_issuer_url": issuer,
        "oidc_provider_arn": _oidc_provider(iam, issuer),
        "service_cidr": service_cidr,
        "cluster_dns_ip": str(IPv4Network(service_cidr)[_DNS]) if service_cidr else "",
        "region": region,
        "account_id": account,
        "partition": partition,
        "secrets_key_arn": _secrets_key(cluster),
        "network_policy_enforced": _enforces_network_policies(addons),
        "autoscaling_group_names": [
            one["name"] for group in nodes for one in (group.get("resources") or {}).get("autoScalingGroups") or ()
        ],
        **network,
    }
    _refuse_unfit(facts, name)
    return facts


def access_facts(facts: Mapping[str, Any], admin_role_arn: str) -> dict[str, str]:
    """The fields that follow from the cluster and its admin role."""
    named = {"cluster_name": facts["cluster_name"], "region": facts["region"], "role_arn": admin_role_arn}
    return {
        "kubeconfig": kubeconfig(
            endpoint=facts["cluster_endpoint"], certificate_authority=facts["cluster_certificate_authority"], **named
        ),
        "kubeconfig_command": kubeconfig_command(**named),
    }


_AGENT = "eks-pod-identity-agent"

_NEEDED = {
    "oidc_issuer_url": "has no OIDC issuer",
    "oidc_provider_arn": "has no OIDC provider in IAM, which roles of service accounts need",
    "secrets_key_arn": "does not encrypt Secrets with a KMS key",
    "service_cidr": "has no IPv4 range for Services",
    "node_role_arn": "has no managed node group",
    "private_subnet_ids": "has no private subnet",
    "public_subnet_ids": "has no public subnet in its VPC, where internet-facing load balancers are",
    "network_policy_enforced": "does not enforce network policies: enableNetworkPolicy of the VPC CNI is not true",
}
"""Without these a cluster cannot hold tenants; field to what is said of the cluster."""


def _refuse_unfit(facts: Mapping[str, Any], name: str) -> None:
    wrong = [said for field, said in _NEEDED.items() if not facts[field]]
    if wrong:
        raise BadInput(
            "cluster-unfit",
            f"cluster {name} {'; it '.join(wrong)}",
            at="--from-eks",
            hint="change the cluster: infrastructure/manual/dawn-cluster.yaml has all of it",
        )


def _network(ec2: Any, cluster: Mapping[str, Any]) -> dict[str, Any]:
    vpc_id = cluster["resourcesVpcConfig"]["vpcId"]
    of_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    (vpc,) = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    tables = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    subnets = sorted(ec2.describe_subnets(Filters=of_vpc)["Subnets"], key=lambda one: one["AvailabilityZone"])
    public = [one for one in subnets if _is_public(tables, one["SubnetId"])]
    chosen = set(cluster["resourcesVpcConfig"]["subnetIds"])
    # Of the subnets that are not public, those that the control plane is in; a VPC can have more, e.g. for pods.
    private = [one for one in subnets if one not in public and one["SubnetId"] in chosen]
    secondary = [
        entry["CidrBlock"]
        for entry in vpc.get("CidrBlockAssociationSet") or ()
        if entry["CidrBlock"] != vpc["CidrBlock"] and entry["CidrBlockState"]["State"] == "associated"
    ]
    private_cidrs = [one["CidrBlock"] for one in private]
    return {
        "vpc_id": vpc_id,
        "vpc_cidr": vpc["CidrBlock"],
        "private_subnet_ids": [one["SubnetId"] for one in private],
        "public_subnet_ids": [one["SubnetId"] for one in public],
        "public_subnet_cidrs": [one["CidrBlock"] for one in public],
        "private_subnet_cidrs": private_cidrs,
        "pod_cidrs": [*private_cidrs, *secondary],
        "availability_zones": sorted({one["AvailabilityZone"] for one in private}),
    }


def _is_public(tables: Sequence[Mapping[str, Any]], subnet_id: str) -> bool:
    """Whether its route table, or else the main one, leads to an internet gateway."""
    own = [table for table in tables if any(one.get("SubnetId") == subnet_id for one in table["Associations"])]
    main = [table for table in tables if any(one.get("Main") for one in table["Associations"])]
    return any(
        str(route.get("GatewayId", "")).startswith("igw-") for table in (own or main)[:1] for route in table["Routes"]
    )


def _nodes(eks: Any, name: str) -> list[dict[str, Any]]:
    names = [
        one for page in eks.get_paginator("list_nodegroups").paginate(clusterName=name) for one in page["nodegroups"]
    ]
    return [eks.describe_nodegroup(clusterName=name, nodegroupName=one)["nodegroup"] for one in sorted(names)]


def _addons(eks: Any, name: str) -> list[dict[str, Any]]:
    names = [one for page in eks.get_paginator("list_addons").paginate(clusterName=name) for one in page["addons"]]
    return [eks.describe_addon(clusterName=name, addonName=one)["addon"] for one in sorted(names)]


def _enforces_network_policies(addons: Sequence[Mapping[str, Any]]) -> bool:
    for addon in addons:
        if addon["addonName"] == "vpc-cni":
            values = json.loads(addon.get("configurationValues") or "{}")
            return str(values.get("enableNetworkPolicy", "")).lower() == "true"
    return False


def _secrets_key(cluster: Mapping[str, Any]) -> str:
    for entry in cluster.get("encryptionConfig") or ():
        if "secrets" in entry.get("resources", ()):
            return str(entry["provider"]["keyArn"])
    return ""


def _oidc_provider(iam: Any, issuer: str) -> str:
    host = issuer.removeprefix("https://")
    providers = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    return next((arn for arn in providers if host and arn.endswith(f":oidc-provider/{host}")), "")
