"""What the AWS Load Balancer Controller may do in AWS: documents, nothing registered. Its RBAC is the chart's."""

from __future__ import annotations

from shared.iam import Statement, policy_document

NAME = "aws-load-balancer-controller"
NAMESPACE = "kube-system"

CLUSTER_TAG = "elbv2.k8s.aws/cluster"
"""The controller puts it on everything it makes, with the cluster's name.
Source: AWS Load Balancer Controller documentation, "Tagging"."""

_ELB = "elasticloadbalancing"


def load_balancer_policy(*, partition: str, region: str, account_id: str, vpc_id: str, cluster_name: str) -> str:
    """Reads what it compares, creates only what has the cluster's tag, and changes only what has it.

    Narrower than the published policy: by the cluster's name where that one asks for any; without WAF, Shield and
    Cognito, which are switched off; listeners and rules in this account and region.

    Source: kubernetes-sigs/aws-load-balancer-controller, docs/install/iam_policy.json; service authorization reference,
    Elastic Load Balancing V2.
    """
    arn = f"arn:{partition}:{_ELB}:{region}:{account_id}"
    made = {"StringEquals": {f"aws:RequestTag/{CLUSTER_TAG}": cluster_name}}
    ours = {"StringEquals": {f"aws:ResourceTag/{CLUSTER_TAG}": cluster_name}}
    vpc = f"arn:{partition}:ec2:{region}:{account_id}:vpc/{vpc_id}"
    groups = f"arn:{partition}:ec2:{region}:{account_id}:security-group/*"
    return policy_document(
        Statement(
            sid="ServiceLinkedRole",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[f"arn:{partition}:iam::{account_id}:role/aws-service-role/{_ELB}.amazonaws.com/*"],
            conditions={"StringEquals": {"iam:AWSServiceName": f"{_ELB}.amazonaws.com"}},
        ),
        Statement(
            sid="ReadNetwork",
            actions=[
                "ec2:DescribeAccountAttributes",
                "ec2:DescribeAddresses",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstances",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeTags",
                "ec2:DescribeVpcPeeringConnections",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
        ),
        Statement(sid="ReadGroupsOfVpc", actions=["ec2:GetSecurityGroupsForVpc"], resources=[vpc]),
        Statement(
            sid="ReadLoadBalancers",
            actions=[
                f"{_ELB}:DescribeListenerAttributes",
                f"{_ELB}:DescribeListenerCertificates",
                f"{_ELB}:DescribeListeners",
                f"{_ELB}:DescribeLoadBalancerAttributes",
                f"{_ELB}:DescribeLoadBalancers",
                f"{_ELB}:DescribeRules",
                f"{_ELB}:DescribeSSLPolicies",
                f"{_ELB}:DescribeTags",
                f"{_ELB}:DescribeTargetGroupAttributes",
                f"{_ELB}:DescribeTargetGroups",
                f"{_ELB}:DescribeTargetHealth",
                f"{_ELB}:DescribeTrustStores",
            ],
            resources=["*"],
        ),
        Statement(
            sid="ReadCertificates",
            actions=["acm:DescribeCertificate"],
            resources=[f"arn:{partition}:acm:{region}:{account_id}:certificate/*"],
        ),
        Statement(sid="FindCertificates", actions=["acm:ListCertificates"], resources=["*"]),
        Statement(
            sid="MakeSecurityGroups",
            actions=["ec2:CreateSecurityGroup"],
            resources=[groups],
            conditions=made,
        ),
        # The VPC of a new group is asked about as well, and has no request tag.
        Statement(sid="MakeSecurityGroupsInVpc", actions=["ec2:CreateSecurityGroup"], resources=[vpc]),
        Statement(
            sid="TagNewSecurityGroups",
            actions=["ec2:CreateTags"],
            resources=[groups],
            conditions={"StringEquals": {**made["StringEquals"], "ec2:CreateAction": "CreateSecurityGroup"}},
        ),
        Statement(
            sid="ChangeOwnSecurityGroups",
            actions=[
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateTags",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteTags",
                "ec2:RevokeSecurityGroupIngress",
            ],
            resources=[groups],
            conditions=ours,
        ),
        Statement(
            sid="OpenNodesToLoadBalancers",
            actions=["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            resources=[groups],
            conditions={
                "StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster_name}": ["owned", "shared"]},
            },
        ),
        Statement(
            sid="MakeLoadBalancers",
            actions=[f"{_ELB}:CreateLoadBalancer", f"{_ELB}:CreateTargetGroup"],
            resources=[f"{arn}:loadbalancer/app/*/*", f"{arn}:targetgroup/*/*"],
            conditions=made,
        ),
        Statement(
            sid="TagWhatIsNew",
            actions=[f"{_ELB}:AddTags"],
            resources=[f"{arn}:loadbalancer/app/*/*", f"{arn}:targetgroup/*/*"],
            conditions={
                "StringEquals": {
                    **made["StringEquals"],
                    f"{_ELB}:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
                }
            },
        ),
        Statement(
            sid="ChangeOwnLoadBalancers",
            actions=[
                f"{_ELB}:AddTags",
                f"{_ELB}:DeleteLoadBalancer",
                f"{_ELB}:DeleteTargetGroup",
                f"{_ELB}:DeregisterTargets",
                f"{_ELB}:ModifyLoadBalancerAttributes",
                f"{_ELB}:ModifyTargetGroup",
                f"{_ELB}:ModifyTargetGroupAttributes",
                f"{_ELB}:RegisterTargets",
                f"{_ELB}:RemoveTags",
                f"{_ELB}:SetIpAddressType",
                f"{_ELB}:SetSecurityGroups",
                f"{_ELB}:SetSubnets",
            ],
            resources=[f"{arn}:loadbalancer/app/*/*", f"{arn}:targetgroup/*/*"],
            conditions=ours,
        ),
        # By account and region alone: listeners and rules are made without the tag, and get theirs afterwards.
        Statement(
            sid="Listeners",
            actions=[
                f"{_ELB}:AddListenerCertificates",
                f"{_ELB}:AddTags",
                f"{_ELB}:CreateListener",
                f"{_ELB}:CreateRule",
                f"{_ELB}:DeleteListener",
                f"{_ELB}:DeleteRule",
                f"{_ELB}:ModifyListener",
                f"{_ELB}:ModifyListenerAttributes",
                f"{_ELB}:ModifyRule",
                f"{_ELB}:RemoveListenerCertificates",
                f"{_ELB}:RemoveTags",
                f"{_ELB}:SetRulePriorities",
            ],
            resources=[f"{arn}:listener/app/*/*/*", f"{arn}:listener-rule/app/*/*/*/*"],
        ),
        Statement(
            sid="ListenersOfLoadBalancers",
            actions=[f"{_ELB}:CreateListener"],
            resources=[f"{arn}:loadbalancer/app/*/*"],
        ),
    )
