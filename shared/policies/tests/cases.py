"""What each rule refuses and what it lets pass: one row a rule, the twins side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from shared.kubeconfig import kubeconfig
from shared.policies.view import ResourceView

TAGS = {
    "environment": "dev",
    "environment_suffix": "dev",
    "owner": "platform-team",
    "project": "infrastructure",
    "managed-by": "pulumi",
}
AWS_PROVIDER = {"region": "us-east-1", "defaultTags": json.dumps({"tags": TAGS})}
KUBERNETES_PROVIDER = {
    "kubeconfig": kubeconfig(
        cluster_name="eks-cluster-dev",
        endpoint="https://example.eks.amazonaws.com",
        certificate_authority="LS0t",
        region="us-east-1",
        role_arn="arn:aws:iam::123456789012:role/deployer",
        namespaces=["tenant-a", "tenant-a-jobs"],
    )
}
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"
OIDC = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"


def view(
    kind: str,
    properties: dict[str, Any] | None = None,
    *,
    project: str = "infrastructure",
    stack: str = "dev",
    name: str = "example",
    provider: dict[str, Any] | None = AWS_PROVIDER,
    depends_on: frozenset[str] = frozenset(),
) -> ResourceView:
    return ResourceView(
        type=kind,
        name=name,
        urn=f"urn:pulumi:{stack}::{project}::platform:x:Component${kind}::{name}",
        properties=properties or {},
        provider=provider,
        depends_on=depends_on,
    )


def kubernetes(kind: str, properties: dict[str, Any] | None = None, *, project: str = "shop") -> ResourceView:
    return view(kind, properties, project=project, provider=KUBERNETES_PROVIDER)


def of_tenant(kind: str, properties: dict[str, Any]) -> ResourceView:
    return view(kind, properties, project="tenants", stack="dev.tenant-a")


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow", **statement}]})


def policy(**statement: Any) -> ResourceView:
    return view("aws:iam/policy:Policy", {"policy": document(**statement)})


def role(**statement: Any) -> ResourceView:
    return view("aws:iam/role:Role", {"assumeRolePolicy": document(**statement)})


def web_identity(conditions: dict[str, Any], provider: str = OIDC) -> ResourceView:
    return role(Action="sts:AssumeRoleWithWebIdentity", Principal={"Federated": provider}, Condition=conditions)


def cluster(**properties: Any) -> ResourceView:
    return view("aws:eks/cluster:Cluster", properties)


def template(**properties: Any) -> ResourceView:
    return view("aws:ec2/launchTemplate:LaunchTemplate", properties)


@dataclass(frozen=True, kw_only=True)
class Case:
    refused: list[tuple[ResourceView, str]]
    """With a part of what is said."""
    allowed: list[ResourceView] = field(default_factory=list[ResourceView])


_EXACT = {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "system:serviceaccount:a:app"}}
_IN = {"metadata": {"namespace": "tenant-a"}}
_REPEATED = {"environment_suffix": "dev", "owner": "platform-team"}

CASES: dict[str, Case] = {
    "tenant-own-resources": Case(
        refused=[
            (of_tenant("aws:iam/role:Role", {"tags": {"tenant": "tenant-b"}}), "belongs to tenant tenant-b"),
            (of_tenant("aws:ecr/repository:Repository", {"name": "tenant-b/web-dev"}), "does not name its tenant"),
            (of_tenant("aws:iam/rolePolicy:RolePolicy", {"role": "eks-tenant-b-ci-dev"}), "does not name its tenant"),
            (
                of_tenant(
                    "kubernetes:core/v1:Namespace",
                    {"metadata": {"name": "tenant-a", "labels": {"platform.internal/tenant": "tenant-aa"}}},
                ),
                "belongs to tenant tenant-aa",
            ),
            (of_tenant("kubernetes:core/v1:Secret", {"metadata": {"labels": {"a": "b"}}}), "does not name its tenant"),
            (
                of_tenant("kubernetes:core/v1:ServiceAccountPatch", {"metadata": {"namespace": "tenant-ab"}}),
                "belongs to tenant tenant-ab",
            ),
        ],
        allowed=[
            of_tenant("aws:iam/role:Role", {"name": "0123abcd-long-dev", "tags": {"tenant": "tenant-a"}}),
            of_tenant("aws:iam/rolePolicy:RolePolicy", {"role": "0123abcd-dev", "name": "eks-tenant-a-ci-images-dev"}),
            of_tenant("aws:ecr/lifecyclePolicy:LifecyclePolicy", {"repository": "tenant-a/web-dev"}),
            of_tenant(
                "kubernetes:core/v1:Namespace",
                {"metadata": {"name": "tenant-a-b", "labels": {"platform.internal/tenant": "tenant-a"}}},
            ),
            of_tenant("kubernetes:core/v1:ServiceAccountPatch", {"metadata": {"namespace": "tenant-a-b"}}),
            view("aws:ec2/vpc:Vpc"),
        ],
    ),
    "tier-boundary": Case(
        refused=[
            (
                kubernetes("kubernetes:apps/v1:Deployment", project="infrastructure"),
                "tier 1 creates AWS infrastructure",
            ),
            (view("aws:ec2/vpc:Vpc", project="platform-addons"), "tier 2 creates"),
            (view("aws:s3/bucket:Bucket", project="tenants"), "tier 3 creates"),
            (view("aws:iam/role:Role", project="shop"), "nothing in AWS"),
        ],
        allowed=[
            view("aws:ec2/vpc:Vpc"),
            kubernetes("kubernetes:core/v1:Namespace", project="platform-addons"),
            view("aws:iam/role:Role", project="tenants", stack="dev.tenant-a"),
            kubernetes("kubernetes:apps/v1:Deployment"),
            view("shop:index:Checkout", project="shop", provider=None),
        ],
    ),
    "nodes-in-tier-1": Case(
        refused=[
            (view("aws:eks/nodeGroup:NodeGroup", project="shop"), "creates nodes, in tier 4"),
            (view("aws:ec2/launchTemplate:LaunchTemplate", project="tenants"), "in tier 3"),
            (kubernetes("kubernetes:core/v1:Node", project="platform-addons"), "created by the cluster"),
            (kubernetes("kubernetes:karpenter.sh/v1:NodePool"), "creates nodes, in tier 4"),
        ],
        allowed=[
            view("aws:eks/nodeGroup:NodeGroup"),
            kubernetes("kubernetes:karpenter.sh/v1:NodePool", project="platform-addons"),
        ],
    ),
    "application-in-its-namespace": Case(
        refused=[
            (kubernetes("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"), "is cluster-scoped"),
            (kubernetes("kubernetes:core/v1:NamespacePatch"), "is cluster-scoped"),
            (kubernetes("kubernetes:networking.k8s.io/v1:NetworkPolicy", _IN), "is a guardrail"),
            (kubernetes("kubernetes:apps/v1:Deployment", {"metadata": {"name": "web"}}), "metadata.namespace"),
            (
                kubernetes("kubernetes:apps/v1:Deployment", {"metadata": {"namespace": "tenant-b"}}),
                "namespace tenant-b is not one of the tenant's: tenant-a, tenant-a-jobs",
            ),
            (
                kubernetes("kubernetes:core/v1:ConfigMap", {"metadata": {"namespace": "kube-system"}}),
                "namespace kube-system",
            ),
        ],
        allowed=[
            kubernetes("kubernetes:batch/v1:Job", {"metadata": {"namespace": "tenant-a-jobs"}}),
            kubernetes("kubernetes:apps/v1:Deployment", _IN),
            kubernetes("kubernetes:networking.k8s.io/v1:NetworkPolicy", _IN, project="tenants"),
        ],
    ),
    "no-bare-pod": Case(
        refused=[
            (kubernetes("kubernetes:core/v1:Pod", _IN), "a Pod that is created directly"),
            (
                kubernetes("kubernetes:apps/v1:ReplicaSet", _IN, project="platform-addons"),
                "a ReplicaSet that is created directly",
            ),
            (kubernetes("kubernetes:core/v1:ReplicationController", _IN), "a ReplicationController"),
        ],
        allowed=[
            kubernetes("kubernetes:apps/v1:Deployment", _IN),
            kubernetes("kubernetes:core/v1:PodTemplate", _IN),
        ],
    ),
    "service-not-public": Case(
        refused=[
            (kubernetes("kubernetes:core/v1:Service", {**_IN, "spec": {"type": "LoadBalancer"}}), "to the internet"),
            (kubernetes("kubernetes:core/v1:Service", {**_IN, "spec": {"type": "NodePort"}}), "port on every node"),
        ],
        allowed=[
            kubernetes("kubernetes:core/v1:Service", {**_IN, "spec": {"ports": []}}),
            kubernetes(
                "kubernetes:core/v1:Service",
                {
                    "metadata": {
                        "annotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
                    },
                    "spec": {"type": "LoadBalancer"},
                },
            ),
        ],
    ),
    "required-tags": Case(
        refused=[
            (view("aws:ec2/vpc:Vpc", provider={"region": "us-east-1"}), "environment_suffix"),
            (view("aws:ec2/vpc:Vpc", {"tags": {"owner": ""}}), "missing tags: owner"),
        ],
        allowed=[
            view("aws:ec2/vpc:Vpc", {"tags": {"Name": "vpc-dev"}}),
            view("aws:ec2/vpc:Vpc", {"tags": TAGS}, provider={"region": "us-east-1"}),
        ],
    ),
    "instance-tags": Case(
        refused=[
            (template(), "for instance lack"),
            (template(tagSpecifications=[{"resourceType": "instance", "tags": _REPEATED}]), "for volume lack"),
        ],
        allowed=[
            template(tagSpecifications=[{"resourceType": kind, "tags": _REPEATED} for kind in ("instance", "volume")])
        ],
    ),
    "cluster-endpoint-not-open": Case(
        refused=[
            (cluster(vpcConfig={}), "0.0.0.0/0"),
            (cluster(vpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/1"]}), "0.0.0.0/1"),
        ],
        allowed=[
            cluster(vpcConfig={"endpointPublicAccess": False}),
            cluster(vpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24"]}),
        ],
    ),
    "cluster-endpoint-private": Case(
        refused=[(cluster(vpcConfig={"endpointPublicAccess": True}), "has a public endpoint")],
        allowed=[cluster(vpcConfig={"endpointPublicAccess": False})],
    ),
    "cluster-private-access": Case(
        refused=[(cluster(vpcConfig={}), "no private endpoint")],
        allowed=[cluster(vpcConfig={"endpointPrivateAccess": True})],
    ),
    "cluster-secrets-encrypted": Case(
        refused=[
            (cluster(), "not encrypted"),
            (cluster(encryptionConfig={"provider": {"keyArn": "arn"}, "resources": []}), "leaves out secrets"),
        ],
        allowed=[cluster(encryptionConfig={"provider": {"keyArn": "arn"}, "resources": ["secrets"]})],
    ),
    "cluster-log-types": Case(
        refused=[(cluster(enabledClusterLogTypes=["api", "audit", "authenticator", "scheduler"]), "controllerManager")],
        allowed=[
            cluster(enabledClusterLogTypes=["audit", "api", "scheduler", "controllerManager", "authenticator"]),
        ],
    ),
    "cluster-access-entries": Case(
        refused=[
            (cluster(accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"}), "aws-auth"),
            (cluster(accessConfig={"authenticationMode": "API"}), "remains its administrator"),
        ],
        allowed=[cluster(accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False})],
    ),
    "node-hop-limit": Case(
        refused=[
            (template(), "not set"),
            (template(metadataOptions={"httpPutResponseHopLimit": 2}), "is 2"),
        ],
        allowed=[
            template(metadataOptions={"httpPutResponseHopLimit": 1}),
            template(metadataOptions={"httpEndpoint": "disabled"}),
        ],
    ),
    "node-tokens-required": Case(
        refused=[(template(metadataOptions={"httpTokens": "optional"}), "does not require a token")],
        allowed=[template(metadataOptions={"httpTokens": "required"})],
    ),
    "volume-encrypted": Case(
        refused=[
            (template(), "has no encrypted volume"),
            (template(blockDeviceMappings=[{"deviceName": "/dev/xvdb", "ebs": {"volumeSize": 8}}]), "/dev/xvdb"),
            (view("aws:ebs/volume:Volume", {"size": 8}), "is not encrypted"),
        ],
        allowed=[
            template(blockDeviceMappings=[{"deviceName": "/dev/xvdb", "ebs": {"encrypted": "true"}}]),
            view("aws:ebs/volume:Volume", {"encrypted": True}),
        ],
    ),
    "no-public-address": Case(
        refused=[
            (template(networkInterfaces=[{"associatePublicIpAddress": "true"}]), "public IP address"),
            (view("aws:ec2/subnet:Subnet", {"mapPublicIpOnLaunch": True}), "public IP address"),
        ],
        allowed=[template(), view("aws:ec2/subnet:Subnet", {"mapPublicIpOnLaunch": False})],
    ),
    "bucket-acl-private": Case(
        refused=[(view("aws:s3/bucketAcl:BucketAcl", {"acl": "public-read"}), "public-read")],
        allowed=[view("aws:s3/bucketAcl:BucketAcl", {"acl": "private"}), view("aws:s3/bucket:Bucket")],
    ),
    "bucket-access-blocked": Case(
        refused=[
            (
                view(
                    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
                    {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True},
                ),
                "not set: restrictPublicBuckets",
            )
        ],
        allowed=[
            view(
                "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
                {
                    "blockPublicAcls": True,
                    "blockPublicPolicy": True,
                    "ignorePublicAcls": True,
                    "restrictPublicBuckets": True,
                },
            )
        ],
    ),
    "resource-policy-not-public": Case(
        refused=[
            (
                view("aws:s3/bucketPolicy:BucketPolicy", {"policy": document(Principal="*", Action="s3:*")}),
                "every principal",
            ),
            (
                view("aws:kms/key:Key", {"policy": document(Principal={"AWS": ["*"]}, Action="kms:*")}),
                "every principal",
            ),
        ],
        allowed=[
            view(
                "aws:s3/bucketPolicy:BucketPolicy",
                {"policy": document(Effect="Deny", Principal="*", Action="s3:*", Resource="*")},
            ),
            view(
                "aws:kms/key:Key",
                {"policy": document(Principal={"AWS": "arn:aws:iam::123456789012:root"}, Action="kms:*")},
            ),
        ],
    ),
    "key-rotates": Case(
        refused=[(view("aws:kms/key:Key"), "not rotated")],
        allowed=[
            view("aws:kms/key:Key", {"enableKeyRotation": True}),
            view("aws:kms/key:Key", {"customerMasterKeySpec": "RSA_2048"}),
        ],
    ),
    "image-tags-immutable": Case(
        refused=[
            (view("aws:ecr/repository:Repository"), "can be moved"),
            (view("aws:ecr/repository:Repository", {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}), "can be moved"),
        ],
        allowed=[view("aws:ecr/repository:Repository", {"imageTagMutability": "IMMUTABLE"})],
    ),
    "images-scanned": Case(
        refused=[
            (view("aws:ecr/repository:Repository"), "not scanned"),
            (
                view("aws:ecr/repository:Repository", {"imageScanningConfiguration": {"scanOnPush": False}}),
                "not scanned",
            ),
        ],
        allowed=[view("aws:ecr/repository:Repository", {"imageScanningConfiguration": {"scanOnPush": True}})],
    ),
    "log-group-ends": Case(
        refused=[(view("aws:cloudwatch/logGroup:LogGroup"), "no retention period")],
        allowed=[view("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 30})],
    ),
    "log-group-encrypted": Case(
        refused=[(view("aws:cloudwatch/logGroup:LogGroup"), "not encrypted with a customer managed key")],
        allowed=[view("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": "arn"})],
    ),
    "security-group-not-open": Case(
        refused=[
            (view("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]}), "0.0.0.0/0"),
            (view("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv6": "::/0"}), "::/0"),
            (
                view(
                    "aws:ec2/securityGroupRule:SecurityGroupRule",
                    {"type": "ingress", "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]},
                ),
                "0.0.0.0/0",
            ),
        ],
        allowed=[
            view("aws:ec2/securityGroup:SecurityGroup", {"egress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
            view("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "10.0.0.0/16"}),
            view("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}),
        ],
    ),
    "iam-no-wildcard-action": Case(
        refused=[
            (policy(Action="*", Resource="arn:aws:s3:::a"), "allows *"),
            (policy(Action=["s3:GetObject", "eks:*"], Resource="arn:aws:s3:::a"), "eks:*"),
            (policy(NotAction="iam:*", Resource="arn:aws:s3:::a"), "NotAction"),
        ],
        allowed=[
            policy(Action="s3:GetObject", Resource="arn:aws:s3:::a/*"),
            policy(Effect="Deny", Action="*", Resource="*"),
        ],
    ),
    "iam-no-wildcard-resource": Case(
        refused=[
            (policy(Action=["ec2:DescribeVpcs", "ec2:CreateTags"], Resource="*"), "allows ec2:CreateTags on every"),
            (policy(Action="s3:GetObject", Resource="*"), "s3:GetObject"),
            (policy(Action="ec2:RunInstances", NotResource="arn:aws:s3:::a"), "NotResource"),
        ],
        allowed=[
            policy(Action=["ec2:DescribeVpcs", "ecr:GetAuthorizationToken", "ec2:GetEbsDefaultKmsKeyId"], Resource="*"),
            policy(
                Action="autoscaling:SetDesiredCapacity",
                Resource="*",
                Condition={"StringEquals": {"aws:ResourceTag/owner": "platform-team"}},
            ),
        ],
    ),
    "iam-trust-exact": Case(
        refused=[
            (role(Action="sts:AssumeRole", Principal="*"), "trusts AWS *"),
            (role(Action="sts:AssumeRole", Principal={"AWS": "arn:aws:iam::123456789012:role/*"}), "role/*"),
            (role(Action="sts:AssumeRole", NotPrincipal={"AWS": "arn"}), "NotPrincipal"),
            (web_identity({"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}), "does not compare sub"),
            (web_identity({"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:a:app"}}), "compare aud"),
            (
                web_identity(
                    {
                        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
                        "StringLike": {f"{ISSUER}:sub": "system:serviceaccount:*:app"},
                    }
                ),
                "does not compare sub",
            ),
            (
                web_identity({"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:org/*"}}),
                "compares sub with a wildcard",
            ),
            (web_identity(_EXACT, provider=OIDC.replace("EXAMPLE", "OTHER")), "does not compare aud"),
            (web_identity(_EXACT, provider="arn:aws:iam::123456789012:oidc-provider/*"), "trusts Federated"),
        ],
        allowed=[
            role(Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"}),
            role(Action="sts:AssumeRole", Principal={"AWS": "arn:aws:iam::123456789012:root"}),
            web_identity(_EXACT),
        ],
    ),
    "iam-no-administrator": Case(
        refused=[
            (
                view(
                    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                    {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
                ),
                "AdministratorAccess",
            ),
            (
                view("aws:iam/role:Role", {"managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]}),
                "AmazonS3FullAccess",
            ),
        ],
        allowed=[
            view(
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
            )
        ],
    ),
    "tenant-role-bounded": Case(
        refused=[(view("aws:iam/role:Role", project="tenants", stack="dev.tenant-a"), "no permissions boundary")],
        allowed=[
            view("aws:iam/role:Role"),
            view("aws:iam/role:Role", {"permissionsBoundary": "arn"}, project="tenants", stack="dev.tenant-a"),
        ],
    ),
}
