"""SSH into the nodes of a managed group: EKS creates a security group for it and attaches it to the instances.

Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_RemoteAccessConfig.html
"""

from __future__ import annotations

from moto.ec2.models import EC2Backend

from tooling.aws_emulator.eks.records import Document, Nodegroup
from tooling.aws_emulator.eks.refusals import invalid_request

_SSH = "22"


def check_remote_access(ec2: EC2Backend, given: Document, *, with_template: bool) -> None:
    """Refuses a key that is not there, and remote access beside a launch template, where the key belongs then."""
    if with_template:
        invalid_request("Remote access configuration cannot be specified with a launch template.")
    key = given.get("ec2SshKey")
    if key and key not in ec2.key_pairs:
        invalid_request(f"The key pair '{key}' does not exist")


def open_remote_access(ec2: EC2Backend, group: Nodegroup, given: Document, vpc_id: str) -> str:
    """Makes the security group, open to the source groups given, else to everybody; returns its id."""
    made = ec2.create_security_group(
        f"eks-remoteAccess-{group.uuid}",
        "Security group for all nodes in the nodeGroup to allow SSH access",
        vpc_id,
        tags={"eks": group.nodegroup_name, "eks:cluster-name": group.cluster_name},
    )
    sources = given.get("sourceSecurityGroups") or []
    ec2.authorize_security_group_ingress(
        made.id,
        "tcp",
        _SSH,
        _SSH,
        [] if sources else [{"CidrIp": "0.0.0.0/0"}],
        source_groups=[{"GroupId": source} for source in sources],
        vpc_id=vpc_id,
    )
    return made.id
