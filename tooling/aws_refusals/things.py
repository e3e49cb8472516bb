"""The noun of each resource type, the inputs that name it, and the AWS CLI commands to inspect it.

The fields of a command are the resource's inputs by wire name, `id`, `region` and `name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Thing:
    noun: str
    service: str
    """The service code in Service Quotas."""
    name: tuple[str, ...] = ()
    """Inputs that identify it, joined by a slash; empty for its tag `Name`."""
    find: str = ""
    """Command that shows the conflicting resource, or the present state of this one."""
    delete: str = ""
    """Command that deletes the conflicting resource."""
    uses: str = ""
    """Command that shows what uses it."""
    adoptable: bool = False
    """Its id follows from its inputs, and adopting it into the stack loses nothing that others wrote."""

    def named(self, inputs: Mapping[str, Any], resource_id: str, logical: str) -> str:
        """The noun and the resource's name, as people know it."""
        parts = [str(inputs[part]) for part in self.name if inputs.get(part)]
        tags = inputs.get("tagsAll") or inputs.get("tags") or {}
        name = "/".join(parts) or (tags.get("Name") if isinstance(tags, Mapping) else "") or resource_id or logical
        return f"{self.noun} {name}"


_INTERFACES = "aws ec2 describe-network-interfaces --filters Name={filter},Values={{id}} --region {{region}}"


def _interfaces(name: str) -> str:
    return _INTERFACES.format(filter=name)


_BUCKET = Thing(
    noun="settings of bucket",
    service="s3",
    name=("bucket",),
    find="aws s3api get-bucket-location --bucket {bucket}",
    adoptable=True,
)
_RULE = Thing(
    noun="rule of security group",
    service="vpc",
    name=("securityGroupId",),
    find="aws ec2 describe-security-group-rules --filters Name=group-id,Values={securityGroupId} --region {region}",
    delete="aws ec2 revoke-security-group-ingress or -egress --group-id {securityGroupId} "
    "--security-group-rule-ids <the rule's id> --region {region}",
)

_REPOSITORY_PART = Thing(
    noun="policy of image repository",
    service="ecr",
    name=("repository",),
    find="aws ecr describe-repositories --repository-names {repository} --region {region}",
    adoptable=True,
)

THINGS: Mapping[str, Thing] = {
    "aws:autoscaling/tag:Tag": Thing(
        noun="tag of Auto Scaling group",
        service="autoscaling",
        name=("autoscalingGroupName",),
        find="aws autoscaling describe-tags --filters Name=auto-scaling-group,Values={autoscalingGroupName} "
        "--region {region}",
        adoptable=True,
    ),
    "aws:cloudwatch/logGroup:LogGroup": Thing(
        noun="log group",
        service="logs",
        name=("name",),
        find="aws logs describe-log-groups --log-group-name-prefix {name} --region {region}",
        delete="aws logs delete-log-group --log-group-name {name} --region {region}",
        adoptable=True,
    ),
    "aws:ec2/eip:Eip": Thing(
        noun="Elastic IP address",
        service="ec2",
        find="aws ec2 describe-addresses --region {region}",
        uses="aws ec2 describe-addresses --allocation-ids {id} --region {region}",
    ),
    "aws:ec2/flowLog:FlowLog": Thing(
        noun="flow log of VPC",
        service="vpc",
        name=("vpcId",),
        find="aws ec2 describe-flow-logs --filter Name=resource-id,Values={vpcId} --region {region}",
        delete="aws ec2 delete-flow-logs --flow-log-ids <its id> --region {region}",
    ),
    "aws:ec2/internetGateway:InternetGateway": Thing(
        noun="internet gateway",
        service="vpc",
        find="aws ec2 describe-internet-gateways --filters Name=attachment.vpc-id,Values={vpcId} --region {region}",
        uses="aws ec2 describe-addresses --region {region}",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Thing(
        noun="launch template",
        service="ec2",
        name=("name",),
        find="aws ec2 describe-launch-templates --launch-template-names {name} --region {region}",
        delete="aws ec2 delete-launch-template --launch-template-name {name} --region {region}",
        uses="aws autoscaling describe-auto-scaling-groups --region {region}",
    ),
    "aws:ec2/natGateway:NatGateway": Thing(
        noun="NAT gateway",
        service="vpc",
        find="aws ec2 describe-nat-gateways --filter Name=subnet-id,Values={subnetId} --region {region}",
        uses="aws ec2 describe-route-tables --filters Name=route.nat-gateway-id,Values={id} --region {region}",
    ),
    "aws:ec2/route:Route": Thing(
        noun="route of route table",
        service="vpc",
        name=("routeTableId", "destinationCidrBlock"),
        find="aws ec2 describe-route-tables --route-table-ids {routeTableId} --region {region}",
        delete="aws ec2 delete-route --route-table-id {routeTableId} --destination-cidr-block {destinationCidrBlock} "
        "--region {region}",
        adoptable=True,
    ),
    "aws:ec2/routeTable:RouteTable": Thing(
        noun="route table",
        service="vpc",
        find="aws ec2 describe-route-tables --filters Name=vpc-id,Values={vpcId} --region {region}",
        uses="aws ec2 describe-route-tables --route-table-ids {id} --region {region}",
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Thing(
        noun="route table of subnet",
        service="vpc",
        name=("subnetId",),
        find="aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnetId} --region {region}",
        delete="aws ec2 disassociate-route-table --association-id <its id> --region {region}",
    ),
    "aws:ec2/securityGroup:SecurityGroup": Thing(
        noun="security group",
        service="vpc",
        name=("name",),
        find="aws ec2 describe-security-groups --filters Name=group-name,Values={name} Name=vpc-id,Values={vpcId} "
        "--region {region}",
        delete="aws ec2 delete-security-group --group-id <its id> --region {region}",
        uses=_interfaces("group-id"),
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": _RULE,
    "aws:ec2/subnet:Subnet": Thing(
        noun="subnet",
        service="vpc",
        find="aws ec2 describe-subnets --filters Name=vpc-id,Values={vpcId} --region {region}",
        delete="aws ec2 delete-subnet --subnet-id <its id> --region {region}",
        uses=_interfaces("subnet-id"),
    ),
    "aws:ec2/vpc:Vpc": Thing(
        noun="VPC",
        service="vpc",
        find="aws ec2 describe-vpcs --region {region}",
        uses=_interfaces("vpc-id"),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Thing(
        noun="VPC endpoint",
        service="vpc",
        name=("serviceName",),
        find="aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values={vpcId} "
        "Name=service-name,Values={serviceName} --region {region}",
        delete="aws ec2 delete-vpc-endpoints --vpc-endpoint-ids <its id> --region {region}",
    ),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": Thing(
        noun="range of VPC",
        service="vpc",
        name=("vpcId", "cidrBlock"),
        find="aws ec2 describe-vpcs --vpc-ids {vpcId} --region {region}",
        uses="aws ec2 describe-subnets --filters Name=vpc-id,Values={vpcId} --region {region}",
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _REPOSITORY_PART,
    "aws:ecr/repository:Repository": Thing(
        noun="image repository",
        service="ecr",
        name=("name",),
        find="aws ecr describe-repositories --repository-names {name} --region {region}",
        delete="aws ecr delete-repository --repository-name {name} --region {region}",
        uses="aws ecr describe-images --repository-name {name} --region {region}",
        adoptable=True,
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _REPOSITORY_PART,
    "aws:eks/accessEntry:AccessEntry": Thing(
        noun="access entry",
        service="eks",
        name=("principalArn",),
        find="aws eks describe-access-entry --cluster-name {clusterName} --principal-arn {principalArn} "
        "--region {region}",
        delete="aws eks delete-access-entry --cluster-name {clusterName} --principal-arn {principalArn} "
        "--region {region}",
        adoptable=True,
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Thing(
        noun="access policy of",
        service="eks",
        name=("principalArn",),
        find="aws eks list-associated-access-policies --cluster-name {clusterName} --principal-arn {principalArn} "
        "--region {region}",
        adoptable=True,
    ),
    "aws:eks/addon:Addon": Thing(
        noun="EKS add-on",
        service="eks",
        name=("addonName",),
        find="aws eks describe-addon --cluster-name {clusterName} --addon-name {addonName} --region {region}",
        delete="aws eks delete-addon --cluster-name {clusterName} --addon-name {addonName} --region {region}",
        adoptable=True,
    ),
    "aws:eks/cluster:Cluster": Thing(
        noun="EKS cluster",
        service="eks",
        name=("name",),
        find="aws eks describe-cluster --name {name} --region {region}",
        delete="aws eks delete-cluster --name {name} --region {region}",
        uses="aws eks list-nodegroups --cluster-name {name} --region {region}",
    ),
    "aws:eks/fargateProfile:FargateProfile": Thing(
        noun="Fargate profile",
        service="eks",
        name=("fargateProfileName",),
        find="aws eks list-fargate-profiles --cluster-name {clusterName} --region {region}",
        delete="aws eks delete-fargate-profile --cluster-name {clusterName} "
        "--fargate-profile-name {fargateProfileName} --region {region}",
    ),
    "aws:eks/nodeGroup:NodeGroup": Thing(
        noun="node group",
        service="ec2",
        name=("nodeGroupName",),
        find="aws eks list-nodegroups --cluster-name {clusterName} --region {region}",
        delete="aws eks delete-nodegroup --cluster-name {clusterName} --nodegroup-name {nodeGroupName} "
        "--region {region}",
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Thing(
        noun="pod identity association of",
        service="eks",
        name=("namespace", "serviceAccount"),
        find="aws eks list-pod-identity-associations --cluster-name {clusterName} --namespace {namespace} "
        "--service-account {serviceAccount} --region {region}",
        delete="aws eks delete-pod-identity-association --cluster-name {clusterName} --association-id <its id> "
        "--region {region}",
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Thing(
        noun="OIDC provider",
        service="iam",
        name=("url",),
        find="aws iam list-open-id-connect-providers",
        delete="aws iam delete-open-id-connect-provider --open-id-connect-provider-arn <its ARN>",
        adoptable=True,
    ),
    "aws:iam/policy:Policy": Thing(
        noun="IAM policy",
        service="iam",
        name=("name",),
        find="aws iam list-policies --scope Local --query \"Policies[?PolicyName=='{name}']\"",
        delete="aws iam delete-policy --policy-arn <its ARN>",
        uses="aws iam list-entities-for-policy --policy-arn {id}",
        adoptable=True,
    ),
    "aws:iam/role:Role": Thing(
        noun="IAM role",
        service="iam",
        name=("name",),
        find="aws iam get-role --role-name {name}",
        delete="aws iam delete-role --role-name {name}",
        uses="aws iam list-instance-profiles-for-role --role-name {name}; "
        "aws iam list-attached-role-policies --role-name {name}; aws iam list-role-policies --role-name {name}",
        adoptable=True,
    ),
    "aws:iam/rolePolicy:RolePolicy": Thing(
        noun="policy of IAM role",
        service="iam",
        name=("role", "name"),
        find="aws iam get-role-policy --role-name {role} --policy-name {name}",
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Thing(
        noun="policy of IAM role",
        service="iam",
        name=("role", "policyArn"),
        find="aws iam list-attached-role-policies --role-name {role}",
    ),
    "aws:kms/alias:Alias": Thing(
        noun="KMS alias",
        service="kms",
        name=("name",),
        find="aws kms describe-key --key-id {name} --region {region}",
        delete="aws kms delete-alias --alias-name {name} --region {region}",
    ),
    "aws:kms/key:Key": Thing(
        noun="KMS key",
        service="kms",
        find="aws kms list-keys --region {region}",
        uses="aws kms list-grants --key-id {id} --region {region}",
    ),
    "aws:s3/bucket:Bucket": Thing(
        noun="bucket",
        service="s3",
        name=("bucket",),
        find="aws s3api get-bucket-tagging --bucket {bucket}",
        delete="aws s3api delete-bucket --bucket {bucket}",
        uses="aws s3api list-object-versions --bucket {bucket} --max-items 10",
        adoptable=True,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _BUCKET,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": _BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _BUCKET,
    "aws:s3/bucketVersioning:BucketVersioning": _BUCKET,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULE,
}
"""One row per type that the tiers create; a test compares them with the types that the local lane models."""


def thing_of(type_name: str) -> Thing:
    """The row of a type; a type without one gets its own name and no commands."""
    return THINGS.get(type_name) or Thing(noun=type_name.rsplit(":", 1)[-1], service="")
