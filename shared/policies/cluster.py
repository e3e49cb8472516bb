"""Rules for the control plane and the nodes: access, logging and encryption.

The rules check the `aws.eks.Cluster` inside the component, because the engine shows no inputs of a remote component.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from shared.policies.rule import Level, Rule
from shared.policies.view import ResourceView

CLUSTER = "aws:eks/cluster:Cluster"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def is_everywhere(cidr: str) -> bool:
    """Whether a CIDR range is the whole internet or so large a part of it that it does not identify anyone.

    Invalid ranges are left to the resource plug-in, which rejects them.
    """
    try:
        return ip_network(cidr, strict=False).prefixlen < 8
    except ValueError:
        return False


def endpoint_names_its_callers(view: ResourceView) -> str | None:
    if not _is_public(view):
        return None
    cidrs = view.get("vpcConfig.publicAccessCidrs") or ["0.0.0.0/0"]
    wide = [cidr for cidr in cidrs if is_everywhere(cidr)]
    return f"the Kubernetes API is open to {', '.join(wide)}" if wide else None


def endpoint_is_private_only(view: ResourceView) -> str | None:
    return "the Kubernetes API has a public endpoint" if _is_public(view) else None


def endpoint_reaches_nodes_privately(view: ResourceView) -> str | None:
    return None if view.get("vpcConfig.endpointPrivateAccess") is True else "the Kubernetes API has no private endpoint"


def secrets_are_encrypted(view: ResourceView) -> str | None:
    config: Mapping[str, Any] = view.get("encryptionConfig") or {}
    provider: Mapping[str, Any] = config.get("provider") or {}
    if not provider.get("keyArn"):
        return "Kubernetes Secrets are not encrypted with a customer managed key"
    return None if "secrets" in (config.get("resources") or []) else "encryption_config leaves out secrets"


def logs_everything(view: ResourceView) -> str | None:
    missing = [kind for kind in LOG_TYPES if kind not in view.items("enabledClusterLogTypes")]
    return f"the control plane does not log {', '.join(missing)}" if missing else None


def admits_by_entries(view: ResourceView) -> str | None:
    if view.get("accessConfig.authenticationMode") != "API":
        return "authentication_mode is not API: the aws-auth ConfigMap could grant access"
    if view.get("accessConfig.bootstrapClusterCreatorAdminPermissions") is not False:
        return "the cluster creator remains its administrator"
    return None


def metadata_is_one_hop_away(view: ResourceView) -> str | None:
    if view.get("metadataOptions.httpEndpoint") == "disabled":
        return None
    limit = view.get("metadataOptions.httpPutResponseHopLimit")
    return None if limit == 1 else f"the hop limit of instance metadata is {limit or 'not set'}"


def metadata_wants_tokens(view: ResourceView) -> str | None:
    if view.get("metadataOptions.httpEndpoint") == "disabled":
        return None
    return (
        None if view.get("metadataOptions.httpTokens") == "required" else "instance metadata does not require a token"
    )


def volumes_are_encrypted(view: ResourceView) -> str | None:
    if view.type != LAUNCH_TEMPLATE:
        return None if view.get("encrypted") is True else "the volume is not encrypted"
    devices = [device for device in view.items("blockDeviceMappings") if device.get("ebs")]
    if not devices:
        return "block_device_mappings has no encrypted volume, so the account's default applies"
    open_ones = [str(d.get("deviceName")) for d in devices if str(d["ebs"].get("encrypted")).lower() != "true"]
    return f"not encrypted: {', '.join(open_ones)}" if open_ones else None


def instances_have_no_public_address(view: ResourceView) -> str | None:
    if view.type == LAUNCH_TEMPLATE:
        given = [one.get("associatePublicIpAddress") for one in view.items("networkInterfaces")]
        return "its instances get a public IP address" if any(str(one).lower() == "true" for one in given) else None
    return "instances in the subnet get a public IP address" if view.get("mapPublicIpOnLaunch") is True else None


def _is_public(view: ResourceView) -> bool:
    # In AWS the public endpoint is enabled by default.
    return view.get("vpcConfig.endpointPublicAccess", True) is True


RULES = (
    Rule(
        id="cluster-endpoint-not-open",
        description="A public Kubernetes API endpoint allows only named ranges",
        source='CIS EKS 5.4.1; EKS user guide, "Control network access to cluster API server endpoint"',
        hint="set public_access_cidrs to the ranges of administrators and pipelines",
        types=(CLUSTER,),
        check=endpoint_names_its_callers,
    ),
    Rule(
        id="cluster-endpoint-private",
        description="The Kubernetes API can be reached only from inside the VPC",
        source="CIS EKS 5.4.2",
        hint="set endpoint_public_access to false, or add an exemption with its reason",
        level=Level.ADVISORY,
        levels={"prod": Level.MANDATORY},
        types=(CLUSTER,),
        check=endpoint_is_private_only,
    ),
    Rule(
        id="cluster-private-access",
        description="Nodes reach the Kubernetes API inside the VPC",
        source="CIS EKS 5.4.1",
        hint="set endpoint_private_access to true",
        types=(CLUSTER,),
        check=endpoint_reaches_nodes_privately,
    ),
    Rule(
        id="cluster-secrets-encrypted",
        description="Kubernetes Secrets are encrypted with a customer managed KMS key",
        source='CIS EKS 5.3.1; EKS user guide, "Encrypt Kubernetes secrets with KMS"',
        hint="set encryption_config with a key and resources: secrets",
        types=(CLUSTER,),
        check=secrets_are_encrypted,
    ),
    Rule(
        id="cluster-log-types",
        description="All five control plane log types are enabled",
        source='CIS EKS 2.1.1; EKS user guide, "Send control plane logs to CloudWatch Logs"',
        hint=f"set enabled_cluster_log_types to {', '.join(LOG_TYPES)}",
        types=(CLUSTER,),
        check=logs_everything,
    ),
    Rule(
        id="cluster-access-entries",
        description="Access entries are the only way to get access, and the cluster creator has none",
        source='CIS EKS 5.5.1; EKS user guide, "Grant IAM users access to Kubernetes with EKS access entries"',
        hint="set authentication_mode to API and bootstrap_cluster_creator_admin_permissions to false",
        types=(CLUSTER,),
        check=admits_by_entries,
    ),
    Rule(
        id="node-hop-limit",
        description="The metadata hop limit is 1, so a Pod outside the host network cannot use the node's role",
        source='EKS best practices guide, "Restrict access to the instance profile assigned to the worker node"',
        hint="set metadata_options.http_put_response_hop_limit to 1",
        types=(LAUNCH_TEMPLATE, "aws:ec2/instance:Instance"),
        check=metadata_is_one_hop_away,
    ),
    Rule(
        id="node-tokens-required",
        description="Instance metadata requires a token (IMDSv2)",
        source='CIS AWS Foundations 5.6; EC2 user guide, "Use the Instance Metadata Service"',
        hint="set metadata_options.http_tokens to required",
        types=(LAUNCH_TEMPLATE, "aws:ec2/instance:Instance"),
        check=metadata_wants_tokens,
    ),
    Rule(
        id="volume-encrypted",
        description="Every volume is encrypted",
        source="CIS AWS Foundations 2.2.1",
        hint="set encrypted on every volume of block_device_mappings",
        types=(LAUNCH_TEMPLATE, "aws:ebs/volume:Volume"),
        check=volumes_are_encrypted,
    ),
    Rule(
        id="no-public-address",
        description="Instances do not get public IP addresses automatically",
        source="AWS Foundational Security Best Practices, EC2.9 and EC2.15",
        hint="set map_public_ip_on_launch to false; load balancers and NAT gateways have their own addresses",
        types=(LAUNCH_TEMPLATE, "aws:ec2/subnet:Subnet"),
        check=instances_have_no_public_address,
    ),
)
