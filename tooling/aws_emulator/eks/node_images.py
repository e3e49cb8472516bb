"""What EKS makes of a node group's `amiType`, instance types and launch template.

No image is started on the lane; what matters is the architecture, the type, the disk and what EKS refuses.
Source: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.launch_templates import LaunchTemplate

from tooling.aws_emulator.eks.refusals import invalid_parameter, invalid_request

DEFAULT_AMI_TYPE = "AL2023_x86_64_STANDARD"
CUSTOM_AMI_TYPE = "CUSTOM"
DEFAULT_INSTANCE_TYPE = "t3.medium"
DEFAULT_DISK_GIB = 20


def launch_template(ec2: EC2Backend, given: dict[str, Any]) -> tuple[LaunchTemplate, str]:
    """The template and the number of the version meant; EKS answers a number even to `$Latest`."""
    identity, name = given.get("id"), given.get("name")
    if bool(identity) == bool(name):
        invalid_parameter(
            "You must specify either the launch template ID or the launch template name in the request, but not both."
        )
    template = ec2.launch_templates.get(identity or ec2.launch_template_name_to_ids.get(name or "", ""))
    if template is None:
        invalid_parameter(f"Launch template {identity or name} could not be found.")
    version = given.get("version") or "$Default"
    match version:
        case "$Default":
            number = template.default_version_number
        case "$Latest":
            number = template.latest_version_number
        case _:
            number = int(version) if version.isdigit() else 0
    if not 1 <= number <= len(template.versions):
        invalid_parameter(f"Launch template version {version} of {template.id} could not be found.")
    return template, str(number)


def check_template_data(data: dict[str, Any]) -> None:
    """Refuses what EKS does not allow in the launch template of a managed node group."""
    for key in ("IamInstanceProfile", "HibernationOptions", "InstanceMarketOptions"):
        if data.get(key):
            invalid_request(f"Launch template should not specify {key} for a managed node group")
    if any(interface.get("SubnetId") for interface in data.get("NetworkInterfaces") or []):
        invalid_request("Launch template should not specify a subnet in its network interfaces")


def check_instance_types(types: Sequence[str], ami_type: str) -> None:
    """Refuses unknown types, and types of another architecture than the image's."""
    unknown = [name for name in types if name not in INSTANCE_TYPES]
    if unknown:
        invalid_parameter(f"The following supplied instance types do not exist: [{', '.join(unknown)}]")
    if ami_type == CUSTOM_AMI_TYPE:
        return
    wanted = "arm64" if "ARM_64" in ami_type else "x86_64"
    misfits = [name for name in types if wanted not in architectures(name)]
    if misfits:
        invalid_parameter(f"[{', '.join(misfits)}] is not a valid instance type for requested amiType {ami_type}")


def architectures(instance_type: str) -> list[str]:
    """`["x86_64"]` or `["arm64"]`, by EC2's own description of the type."""
    return INSTANCE_TYPES[instance_type]["ProcessorInfo"]["SupportedArchitectures"]


def security_groups_of(data: dict[str, Any]) -> list[str]:
    """The ids that a launch template names, in either of the two places."""
    interfaces = data.get("NetworkInterfaces") or []
    return list(data.get("SecurityGroupIds") or []) or [
        group for interface in interfaces for group in interface.get("Groups") or []
    ]


def disk_gib(data: dict[str, Any], given: int | None) -> int:
    """The largest volume: Bottlerocket has two, and pods live on the larger."""
    sizes = [
        int((mapping.get("Ebs") or {}).get("VolumeSize") or 0) for mapping in data.get("BlockDeviceMappings") or []
    ]
    return max([*sizes, given or 0]) or DEFAULT_DISK_GIB
