"""The AWS services that a cluster without internet access needs, and what uses each.

Keys are the last part of the endpoint's service name, after `com.amazonaws.<region>.`.
Source: EKS user guide, "Deploy private clusters with limited internet access"; Systems Manager user guide, "Improve the
security of EC2 instances by using VPC endpoints".
"""

from __future__ import annotations

from typing import Literal, get_args

InterfaceEndpoint = Literal[
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
]

NEEDED_BY: dict[InterfaceEndpoint, str] = {
    "autoscaling": "cluster autoscaler",
    "ec2": "nodes, VPC CNI, EBS driver, Karpenter",
    "ec2messages": "Session Manager on older agents",
    "ecr.api": "image pulls",
    "ecr.dkr": "image pulls; layers are fetched through the S3 gateway endpoint",
    "eks": "nodes joining the cluster, Karpenter",
    "eks-auth": "pod identity",
    "elasticloadbalancing": "load balancer controller",
    "kms": "workloads that use KMS directly",
    "logs": "Fluent Bit, Container Insights",
    "monitoring": "Container Insights, metrics of workloads",
    "secretsmanager": "External Secrets and CSI drivers",
    "sqs": "Karpenter's interruption queue",
    "ssm": "Session Manager",
    "ssmmessages": "Session Manager",
    "sts": "IAM roles for service accounts",
}

ALL_ENDPOINTS: tuple[InterfaceEndpoint, ...] = get_args(InterfaceEndpoint)
