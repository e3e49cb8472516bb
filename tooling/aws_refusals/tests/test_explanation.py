"""Refusals in the words of both plug-ins, turned into errors with a code, a name and commands."""

from __future__ import annotations

from typing import Any

import pytest

from tooling.aws_refusals.explanation import _BY_CODE, Subject, explained
from tooling.aws_refusals.families import FAMILIES, family_of

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def subject(type_name: str, operation: str = "create", *, resource_id: str = "", **inputs: Any) -> Subject:
    return Subject(
        operation=operation,
        type=type_name,
        name="thing",
        project="infrastructure",
        stack="dev",
        inputs=inputs,
        resource_id=resource_id,
        region="us-east-1",
    )


LOG_GROUP = subject("aws:cloudwatch/logGroup:LogGroup", name="/aws/eks/eks-cluster-dev/cluster")
NODES = subject("aws:eks/nodeGroup:NodeGroup", clusterName="eks-cluster-dev", nodeGroupName="general-dev-1")
ROLE = subject("aws:iam/role:Role", name="eks-admin-role-dev")
VPC = subject("aws:ec2/vpc:Vpc", tags={"Name": "main-dev"})
BUCKET = subject("aws:s3/bucket:Bucket", bucket="tenants-dev")

RELEASED = "operation error {service}: {operation}, https response error StatusCode: {status}, RequestID: 4f1c-AB, "


def released(service: str, operation: str, status: int, rest: str) -> str:
    return RELEASED.format(service=service, operation=operation, status=status) + rest


CASES = [
    (
        "ResourceAlreadyExistsException: The specified log group already exists (CreateLogGroup of "
        "aws:cloudwatch/logGroup:LogGroup)",
        LOG_GROUP,
        "error[aws-already-exists]: log group /aws/eks/eks-cluster-dev/cluster already exists",
        [
            "tiers up infrastructure --stack dev --adopt thing",
            "aws logs delete-log-group --log-group-name /aws/eks/eks-cluster-dev/cluster --region us-east-1",
        ],
    ),
    (
        "creating CloudWatch Logs Log Group (/aws/eks/eks-cluster-dev/cluster): "
        + released(
            "CloudWatch Logs",
            "CreateLogGroup",
            400,
            "ResourceAlreadyExistsException: The specified log group already exists",
        ),
        LOG_GROUP,
        "error[aws-already-exists]: log group /aws/eks/eks-cluster-dev/cluster already exists",
        ["tiers up infrastructure --stack dev --adopt thing"],
    ),
    (
        "creating EKS Node Group (eks-cluster-dev:general-dev-1): "
        + released("EKS", "CreateNodegroup", 409, "ResourceInUseException: NodeGroup already exists with name general"),
        NODES,
        "error[aws-already-exists]: node group general-dev-1 already exists",
        ["aws eks delete-nodegroup --cluster-name eks-cluster-dev --nodegroup-name general-dev-1 --region us-east-1"],
    ),
    (
        "waiting for EKS Node Group (eks-cluster-dev:general-dev-1) create: unexpected state 'CREATE_FAILED', wanted "
        "target 'ACTIVE'. last error: AsgInstanceLaunchFailures: Could not launch On-Demand Instances. "
        "VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit",
        NODES,
        "error[aws-quota]: node group general-dev-1 exceeds a quota",
        ["aws service-quotas list-service-quotas --service-code ec2 --region us-east-1"],
    ),
    (
        "waiting for EKS Node Group (x:y) create: unexpected state 'CREATE_FAILED'. last error: "
        "AsgInstanceLaunchFailures: Could not launch Spot Instances. InsufficientInstanceCapacity - We currently do "
        "not have sufficient m6g.large capacity in zone us-east-1e",
        NODES,
        "error[aws-capacity]: AWS has no capacity for node group general-dev-1",
        ["instance_types"],
    ),
    (
        "creating IAM Role (eks-admin-role-dev): "
        + released("IAM", "CreateRole", 409, "EntityAlreadyExists: Role with name eks-admin-role-dev already exists."),
        ROLE,
        "error[aws-already-exists]: IAM role eks-admin-role-dev already exists",
        ["aws iam get-role --role-name eks-admin-role-dev", "--adopt thing"],
    ),
    (
        "updating IAM Role (eks-admin-role-dev) assume role policy: "
        + released(
            "IAM",
            "UpdateAssumeRolePolicy",
            400,
            'MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/gone"',
        ),
        subject("aws:iam/role:Role", "update", name="eks-admin-role-dev"),
        "error[aws-document-refused]: AWS rejected a policy of IAM role eks-admin-role-dev",
        ["admin_principal_arns", "tiers up infrastructure --stack dev"],
    ),
    (
        "creating EC2 VPC: "
        + released("EC2", "CreateVpc", 400, "api error VpcLimitExceeded: The maximum number of VPCs has been reached."),
        VPC,
        "error[aws-quota]: VPC main-dev exceeds a quota",
        ["--service-code vpc"],
    ),
    (
        "creating EC2 VPC: "
        + released(
            "EC2",
            "CreateVpc",
            403,
            "api error UnauthorizedOperation: You are not authorized to perform this operation. User: "
            "arn:aws:sts::1:assumed-role/a/b is not authorized to perform: ec2:CreateVpc on resource: x. Encoded "
            "authorization failure message: aBc123",
        ),
        VPC,
        "error[aws-not-allowed]: the credentials do not permit this operation on VPC main-dev",
        [
            "aws sts get-caller-identity; allow ec2:CreateVpc",
            "aws sts decode-authorization-message --encoded-message aBc123",
        ],
    ),
    (
        "deleting EC2 VPC (vpc-1): "
        + released(
            "EC2", "DeleteVpc", 400, "api error DependencyViolation: The vpc 'vpc-1' has dependencies and cannot be"
        ),
        subject("aws:ec2/vpc:Vpc", "delete", resource_id="vpc-1", tags={"Name": "main-dev"}),
        "error[aws-in-use]: VPC main-dev is in use",
        [
            "aws ec2 describe-network-interfaces --filters Name=vpc-id,Values=vpc-1 --region us-east-1",
            "tiers audit --stack dev",
        ],
    ),
    (
        "updating EKS Cluster (eks-cluster-dev) version: "
        + released("EKS", "UpdateClusterVersion", 409, "ResourceInUseException: Cluster already has an update"),
        subject("aws:eks/cluster:Cluster", "update", resource_id="eks-cluster-dev", name="eks-cluster-dev"),
        "error[aws-in-use]: EKS cluster eks-cluster-dev is in use",
        ["an operation on it may be in progress"],
    ),
    (
        "creating S3 Bucket (tenants-dev): "
        + released("S3", "CreateBucket", 409, "HostID: aB+/=, BucketAlreadyExists: "),
        BUCKET,
        "error[aws-name-taken]: the name of bucket tenants-dev belongs to another account",
        ["environment_suffix in shared/environments/dev.yaml"],
    ),
    (
        "creating S3 Bucket (tenants-dev): "
        + released("S3", "CreateBucket", 409, "HostID: aB+/=, BucketAlreadyOwnedByYou: "),
        BUCKET,
        "error[aws-already-exists]: bucket tenants-dev already exists",
        ["--adopt thing"],
    ),
    (
        "InvalidParameterException: The specified KMS Key Id could not be found, or is disabled (CreateLogGroup of "
        "aws:cloudwatch/logGroup:LogGroup)",
        subject("aws:cloudwatch/logGroup:LogGroup", name="/a", kmsKeyId=KEY),
        "error[aws-key-unusable]: log group /a needs a KMS key",
        [f"aws kms describe-key --key-id {KEY}", f"aws kms enable-key --key-id {KEY}", "cancel-key-deletion"],
    ),
    (
        "creating KMS Alias (alias/a): "
        + released("KMS", "CreateAlias", 400, f"KMSInvalidStateException: {KEY} is pending deletion."),
        subject("aws:kms/alias:Alias", name="alias/a"),
        "error[aws-key-unusable]: KMS alias alias/a needs a KMS key",
        [f"aws kms cancel-key-deletion --key-id {KEY}"],
    ),
    (
        "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist (CreateSubnet of aws:ec2/subnet:Subnet)",
        subject("aws:ec2/subnet:Subnet", vpcId="vpc-1"),
        "error[aws-not-found]: subnet thing needs a resource that no longer exists",
        ["tiers up infrastructure --stack dev --refresh"],
    ),
    (
        released("EKS", "CreateCluster", 400, "UnsupportedAvailabilityZoneException: zone us-east-1e has no capacity"),
        subject("aws:eks/cluster:Cluster", name="eks-cluster-dev"),
        "error[aws-capacity]",
        ["zones"],
    ),
    (
        released("EC2", "CreateVpc", 401, "api error AuthFailure: AWS was not able to validate the credentials"),
        VPC,
        "error[aws-credentials]",
        ["aws sso login"],
    ),
    (
        released("EC2", "CreateVpc", 401, "api error OptInRequired: You are not subscribed to this service."),
        VPC,
        "error[aws-region-disabled]",
        ["aws account enable-region --region-name us-east-1"],
    ),
    (
        "creating EKS Cluster (x): "
        + released(
            "EKS", "UpdateClusterVersion", 400, "InvalidParameterException: Unsupported Kubernetes minor version"
        ),
        subject("aws:eks/cluster:Cluster", name="eks-cluster-dev"),
        "error[aws-refused]: AWS refused a request for EKS cluster eks-cluster-dev",
        ["aws eks describe-cluster --name eks-cluster-dev"],
    ),
]


@pytest.mark.parametrize(("said", "about", "first", "hints"), CASES, ids=lambda value: str(value)[:40])
def test_refusal_is_told_with_code_name_and_command(said: str, about: Subject, first: str, hints: list[str]) -> None:
    shown = explained(said, about)
    assert shown.startswith(first), shown
    assert said in shown
    lines = [line for line in shown.splitlines() if line.startswith("hint: ")]
    for hint in hints:
        assert any(hint in line for line in lines), shown


def test_what_is_not_of_aws_and_what_has_a_code_already_stays_as_it_is() -> None:
    assert explained("something else", VPC) == "something else"
    assert explained("error[x]: AccessDenied: y", VPC) == "error[x]: AccessDenied: y"
    kubernetes = subject("kubernetes:core/v1:Secret")
    assert explained("AccessDenied: y", kubernetes) == "AccessDenied: y"


def test_the_hints_of_a_plug_in_stay_in_place_of_others() -> None:
    said = "InternalError: no (CreateVpc of aws:ec2/vpc:Vpc)\nhint: it may have been made: look for it"
    shown = explained(said, VPC)
    assert shown.startswith("error[aws-unavailable]: AWS failed internally in a request for VPC main-dev")
    assert shown.count("hint: ") == 1


def test_commands_name_the_tenant_and_the_application() -> None:
    tenant = Subject(operation="create", type="x", name="y", project="tenants", stack="dev.tenant-a")
    assert tenant.command("up", " --refresh") == "tiers up tenants --tenant tenant-a --stack dev --refresh"
    demo = Subject(operation="create", type="x", name="y", project="demo", stack="dev")
    assert demo.command("up") == "tiers up applications --app demo --stack dev"


def test_every_family_has_hints() -> None:
    assert {family.code for family in FAMILIES if not family.hint} == set(_BY_CODE)


def test_a_sentence_is_no_code() -> None:
    assert family_of("Unsupported things and Unavailable ones were not found") is None
    assert family_of("Throttling: Rate exceeded") is not None
