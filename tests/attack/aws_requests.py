"""Requests to AWS with which a role of tenant-a would leave its place.

Sources: IAM escalation is Rhino Security Labs' list of IAM privilege escalation methods, EKS the EKS Best Practices
Guide, S3, Secrets Manager, ECR, KMS and CloudWatch the services' own guides on access.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACCOUNT = "123456789012"
IAM = f"arn:aws:iam::{ACCOUNT}"
BUCKET = f"arn:aws:s3:::eks-tenant-data-{ACCOUNT}-dev"
OTHER_BUCKET, STATES = "arn:aws:s3:::logs-of-the-account", "arn:aws:s3:::states"
BUCKET_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0b1c2d3e-0000-4000-8000-000000000000"
OTHER_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/other"
STATE_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/states"
SECRETS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:eks-cluster-dev"
IMAGES = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/eks/eks-cluster-dev"
CLUSTER = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/eks-cluster-dev"
BOUNDARY = f"{IAM}:policy/eks-tenant-boundary-dev"
DEPLOYERS, CI_ROLES = f"{IAM}:role/eks-platform/dev/deployers", f"{IAM}:role/eks-platform/dev/ci"
ROLES = ("workload", "deployer", "ci")


@dataclass(frozen=True, kw_only=True)
class AwsRequest:
    name: str
    source: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ROLES
    """Of tenant-a, who try it."""
    within_boundary: bool = False
    """Whether the boundary, which all tenants share, allows it: their own policies alone keep it from them."""


def _of(source: str, name: str, actions: str, *resources: str, **more: object) -> list[AwsRequest]:
    return [
        AwsRequest(name=f"{name}, {action}", source=source, action=action, resource=resource, **more)  # type: ignore[arg-type]
        for action in actions.split()
        for resource in resources or ("*",)
    ]


_OBJECTS = "s3:GetObject s3:PutObject s3:DeleteObject s3:AbortMultipartUpload s3:ListMultipartUploadParts"
_ODD_OBJECTS = "s3:GetObjectVersion s3:DeleteObjectVersion s3:PutObjectAcl s3:GetObjectAcl s3:PutObjectTagging"
_SECRET = "secretsmanager:GetSecretValue secretsmanager:PutSecretValue secretsmanager:DeleteSecret"
_PULL = "ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
_PUSH = "ecr:PutImage ecr:InitiateLayerUpload ecr:UploadLayerPart"

REQUESTS: tuple[AwsRequest, ...] = (
    *_of("S3", "another tenant's object", _OBJECTS, f"{BUCKET}/tenant-b/x", within_boundary=True),
    *_of("S3", "an object of a name that begins alike", _OBJECTS, f"{BUCKET}/tenant-a2/x", within_boundary=True),
    *_of("S3", "an object of a name that ends alike", _OBJECTS, f"{BUCKET}/xtenant-a/x", within_boundary=True),
    *_of("S3", "an object at the top", _OBJECTS, f"{BUCKET}/tenant-a", within_boundary=True),
    *_of("S3, CopyObject", "the source of a copy", "s3:GetObject", f"{BUCKET}/tenant-b/secret", within_boundary=True),
    *_of("S3", "its own objects by other ways", _ODD_OBJECTS, f"{BUCKET}/tenant-a/x"),
    *_of("S3", "another tenant's objects by other ways", _ODD_OBJECTS, f"{BUCKET}/tenant-b/x"),
    *(
        request
        for name, context in {
            "another tenant's prefix": {"s3:prefix": "tenant-b/"},
            "no prefix": {},
            "an empty prefix": {"s3:prefix": ""},
            "its name without the slash": {"s3:prefix": "tenant-a"},
            "a prefix that begins alike": {"s3:prefix": "tenant-a2/"},
        }.items()
        for request in _of("S3", f"list with {name}", "s3:ListBucket", BUCKET, context=context, within_boundary=True)
    ),
    *_of("S3", "the bucket", "s3:ListBucketVersions s3:ListBucketMultipartUploads s3:GetBucketPolicy", BUCKET),
    *_of("S3", "the bucket", "s3:PutBucketPolicy s3:DeleteBucketPolicy s3:PutBucketAcl s3:DeleteBucket", BUCKET),
    *_of("S3", "the bucket", "s3:PutBucketVersioning s3:PutLifecycleConfiguration", BUCKET),
    *_of("S3", "the bucket", "s3:PutReplicationConfiguration s3:PutEncryptionConfiguration", BUCKET),
    *_of("S3", "versions below its own prefix", "s3:ListBucketVersions", BUCKET, context={"s3:prefix": "tenant-a/"}),
    *_of("S3", "another bucket", "s3:GetObject s3:PutObject s3:DeleteObject", f"{OTHER_BUCKET}/tenant-a/x"),
    *_of("S3", "list another bucket", "s3:ListBucket", OTHER_BUCKET, context={"s3:prefix": "tenant-a/"}),
    *_of("S3", "the bucket of states", "s3:PutBucketPolicy s3:PutBucketVersioning s3:ListBucketVersions", STATES),
    *_of("Pulumi, state", "what an application's state was",
         "s3:GetObjectVersion s3:DeleteObjectVersion s3:PutObjectAcl",
         f"{STATES}/platform/.pulumi/stacks/demo/dev.json"),
    *_of("S3", "all buckets", "s3:ListAllMyBuckets s3:CreateBucket"),
    *_of(
        "Pulumi, state",
        "state of the platform",
        "s3:GetObject s3:PutObject s3:DeleteObject",
        *(
            f"{STATES}/platform/.pulumi/{kind}/{project}/dev{ending}"
            for project in ("infrastructure", "platform-addons")
            for kind, ending in {"stacks": ".json", "history": "/1.json", "backups": "/1.json"}.items()
        ),
    ),
    *_of("Pulumi, state", "a lock of the platform", "s3:PutObject s3:DeleteObject",
         f"{STATES}/platform/.pulumi/locks/organization/infrastructure/dev/1.json"),
    *_of("Pulumi, state", "change its tenant's state", "s3:PutObject s3:DeleteObject",
         f"{STATES}/platform/.pulumi/stacks/tenants/dev.tenant-a.json",
         f"{STATES}/platform/.pulumi/locks/organization/tenants/dev.tenant-a/1.json"),
    *_of("Pulumi, state", "change another tenant's state", "s3:PutObject s3:DeleteObject",
         f"{STATES}/platform/.pulumi/stacks/tenants/dev.tenant-b.json"),
    *_of("Pulumi, state", "read another tenant's state", "s3:GetObject",
         f"{STATES}/platform/.pulumi/stacks/tenants/dev.tenant-b.json",
         f"{STATES}/platform/.pulumi/stacks/tenants/prod.tenant-a.json", within_boundary=True),
    *_of("Pulumi, state", "another application's state", "s3:GetObject s3:PutObject s3:DeleteObject",
         f"{STATES}/platform/.pulumi/stacks/shop/dev.json", f"{STATES}/platform/.pulumi/stacks/demo/prod.json",
         within_boundary=True),
    *_of("Secrets Manager", "another tenant's secret", _SECRET, f"{SECRETS}/tenant-b/db-x", within_boundary=True),
    *_of("Secrets Manager", "a secret of a name alike", _SECRET, f"{SECRETS}/tenant-a2/db-x", within_boundary=True),
    *_of("Secrets Manager", "a secret of the platform", _SECRET, f"{SECRETS.removesuffix('-dev')}-prod/tenant-a/db"),
    *_of("Secrets Manager", "a secret without a tenant", _SECRET, f"{SECRETS}-x"),
    *_of(
        "Secrets Manager", "its own secret, as who deploys", "secretsmanager:GetSecretValue",
        f"{SECRETS}/tenant-a/db-x", roles=("deployer", "ci"), within_boundary=True,
    ),
    *_of(
        "Secrets Manager", "its own secret, as a pod", "secretsmanager:PutSecretValue secretsmanager:DeleteSecret",
        f"{SECRETS}/tenant-a/db-x", roles=("workload", "ci"), within_boundary=True,
    ),
    *_of("Secrets Manager", "who reads its secret", "secretsmanager:PutResourcePolicy", f"{SECRETS}/tenant-a/db-x"),
    *_of("Secrets Manager", "names of all secrets", "secretsmanager:ListSecrets"),
    *_of("ECR", "another tenant's image", f"{_PULL} {_PUSH}", f"{IMAGES}/tenant-b/demo-dev", within_boundary=True),
    *_of("ECR", "an image of a name alike", f"{_PULL} {_PUSH}", f"{IMAGES}/tenant-a2/demo-dev", within_boundary=True),
    *_of("ECR", "push to another environment", _PUSH, f"{IMAGES}/tenant-a/demo-prod", within_boundary=True),
    *_of("ECR", "its own repository", "ecr:SetRepositoryPolicy ecr:DeleteRepository ecr:PutImageTagMutability",
         f"{IMAGES}/tenant-a/demo-dev"),
    *_of("ECR", "delete its own images", "ecr:BatchDeleteImage", f"{IMAGES}/tenant-a/demo-dev"),
    *_of("ECR", "the registry", "ecr:CreateRepository ecr:PutReplicationConfiguration ecr:PutRegistryPolicy"),
    *_of("CloudWatch Logs", "another tenant's logs", "logs:GetLogEvents logs:FilterLogEvents logs:PutLogEvents",
         f"{LOGS}/tenants/tenant-b:*"),
    *_of("CloudWatch Logs", "logs of the cluster", "logs:GetLogEvents logs:StartQuery", f"{LOGS}/cluster:*"),
    *_of("CloudWatch Logs", "traces of what it did", "logs:DeleteLogGroup logs:DeleteLogStream logs:PutRetentionPolicy",
         f"{LOGS}/tenants/tenant-a:*"),
    *_of("CloudTrail", "the trail", "cloudtrail:StopLogging cloudtrail:DeleteTrail"),
    *_of("KMS", "secrets of another tenant's state", "kms:Decrypt", STATE_KEY,
         context={"kms:EncryptionContext:stack": "tenants/dev.tenant-b"}, within_boundary=True),
    *_of("KMS", "secrets of the platform's state", "kms:Decrypt", STATE_KEY,
         context={"kms:EncryptionContext:stack": "infrastructure/dev"}, within_boundary=True),
    *_of("KMS", "the key of states without a context", "kms:Decrypt kms:Encrypt", STATE_KEY),
    *_of("KMS", "the key", "kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:CreateGrant kms:DisableKey", STATE_KEY,
         BUCKET_KEY),
    *(
        request
        for stack in ("tenants/dev.tenant-a", "demo/dev")
        for context in [{"kms:EncryptionContext:stack": stack}]
        for request in (
            *_of("KMS", f"a grant for secrets of {stack}", "kms:CreateGrant kms:ReEncryptFrom", STATE_KEY,
                 context=context),
            *_of("KMS", f"another key, as if for {stack}", "kms:Decrypt kms:Encrypt", OTHER_KEY, context=context),
        )
    ),
    *_of("STS", "another tenant's deployer", "sts:AssumeRole", f"{DEPLOYERS}/eks-tenant-b-deployer-dev",
         within_boundary=True),
    *_of("STS", "a deployer of a name alike", "sts:AssumeRole", f"{DEPLOYERS}/eks-tenant-a2-deployer-dev",
         within_boundary=True),
    *_of("STS", "its deployer, as a pod", "sts:AssumeRole", f"{DEPLOYERS}/eks-tenant-a-deployer-dev",
         roles=("workload", "deployer"), within_boundary=True),
    *_of(
        "STS", "another role", "sts:AssumeRole", f"{IAM}:role/eks-tenant-b-workload-dev",
        f"{CI_ROLES}/eks-tenant-b-ci-dev", f"{IAM}:role/eks-admin-role-dev", f"{IAM}:role/eks-ci-deploy-dev",
        f"{IAM}:role/eks-node-role-dev", "arn:aws:iam::999999999999:role/collector",
    ),
    *_of("STS", "tags of a session", "sts:TagSession", f"{DEPLOYERS}/eks-tenant-a-deployer-dev"),
    *_of("IAM escalation", "pass a role", "iam:PassRole", f"{IAM}:role/eks-node-role-dev",
         f"{IAM}:role/eks-admin-role-dev", f"{IAM}:role/eks-tenant-b-workload-dev"),
    *_of(
        "IAM escalation", "more rights for a role", "iam:PutRolePolicy iam:AttachRolePolicy iam:UpdateAssumeRolePolicy",
        f"{IAM}:role/eks-tenant-a-workload-dev", f"{DEPLOYERS}/eks-tenant-a-deployer-dev",
    ),
    *_of(
        "IAM escalation", "a role without its boundary",
        "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary",
        f"{IAM}:role/eks-tenant-a-workload-dev", f"{DEPLOYERS}/eks-tenant-a-deployer-dev",
    ),
    *_of("IAM escalation", "another boundary", "iam:CreatePolicyVersion iam:SetDefaultPolicyVersion iam:DeletePolicy",
         BOUNDARY),
    *_of("IAM escalation", "an identity of its own",
         "iam:CreateRole iam:CreateUser iam:CreateAccessKey iam:CreateLoginProfile iam:CreateOpenIDConnectProvider "
         "iam:TagRole iam:AddUserToGroup"),
    *_of("EKS", "another way into the cluster",
         "eks:CreateAccessEntry eks:AssociateAccessPolicy eks:CreatePodIdentityAssociation eks:UpdateClusterConfig "
         "eks:DeleteCluster", CLUSTER),
    *_of("EKS", "another cluster", "eks:DescribeCluster eks:ListClusters", f"{CLUSTER.removesuffix('-dev')}-prod"),
    *_of("EKS", "nodes of its own", "eks:CreateNodegroup eks:CreateFargateProfile eks:CreateAddon", CLUSTER),
    *_of("EC2", "machines and networks",
         "ec2:RunInstances ec2:ModifyInstanceMetadataOptions ec2:AuthorizeSecurityGroupIngress "
         "ec2:CreateVpcPeeringConnection ec2:DescribeInstances ec2:ModifyNetworkInterfaceAttribute ec2:CreateSnapshot"),
    *_of("Systems Manager", "a shell on a node", "ssm:StartSession ssm:SendCommand"),
    *_of("Route 53", "records of others", "route53:ChangeResourceRecordSets route53:ListHostedZones"),
    *_of("Elastic Load Balancing", "load balancers of others",
         "elasticloadbalancing:ModifyListener elasticloadbalancing:RegisterTargets"),
    *_of("IAM escalation", "a role by a service", "lambda:CreateFunction cloudformation:CreateStack ec2:RunInstances"),
)  # fmt: skip
