"""Rules for buckets, image repositories, keys, logs and security groups: nothing is public, everything is encrypted."""

from __future__ import annotations

from collections.abc import Sequence

from shared.policies.cluster import is_everywhere
from shared.policies.rule import Level, Rule, StackRule
from shared.policies.view import ResourceView

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_REPOSITORY = "aws:ecr/repository:Repository"
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_GROUP_RULES = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)


def acl_is_private(view: ResourceView) -> str | None:
    acl = view.get("acl")
    return f"its ACL is {acl}" if acl in ("public-read", "public-read-write", "authenticated-read") else None


def blocks_everything_public(view: ResourceView) -> str | None:
    off = [switch for switch in _SWITCHES if view.get(switch) is not True]
    return f"not set: {', '.join(off)}" if off else None


def policy_names_its_readers(view: ResourceView) -> str | None:
    document = view.document("policy")
    for statement in document.allowing if document else ():
        everybody = any("*" in names for names in statement.principals.values())
        if everybody and not statement.conditions:
            return f"statement {statement.sid} allows every principal"
    return None


def rotates(view: ResourceView) -> str | None:
    symmetric = view.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if not symmetric or view.get("enableKeyRotation") is True:
        return None
    return "the key is not rotated every year"


def tags_stay(view: ResourceView) -> str | None:
    # With exclusions it is IMMUTABLE_WITH_EXCLUSION: some tags can be moved.
    return None if view.get("imageTagMutability") == "IMMUTABLE" else "a tag can be moved to another image"


def images_are_scanned(view: ResourceView) -> str | None:
    return None if view.get("imageScanningConfiguration.scanOnPush") is True else "images are not scanned on push"


def logs_end(view: ResourceView) -> str | None:
    return None if view.get("retentionInDays") else "the log group has no retention period"


def logs_are_encrypted(view: ResourceView) -> str | None:
    return None if view.get("kmsKeyId") else "the log group is not encrypted with a customer managed key"


def lets_nobody_in_from_everywhere(view: ResourceView) -> str | None:
    if view.type == _GROUP_RULES[0]:
        ranges = [
            cidr
            for rule in view.items("ingress")
            for cidr in (*(rule.get("cidrBlocks") or ()), *(rule.get("ipv6CidrBlocks") or ()))
        ]
    elif view.get("type", "ingress") == "egress":
        return None
    else:
        names = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")
        ranges = [cidr for name in names for cidr in view.items(name)]
    wide = [cidr for cidr in ranges if is_everywhere(cidr)]
    return f"allows ingress from {', '.join(wide)}" if wide else None


def buckets_have(kind: str, *, name: str, what: str, source: str) -> StackRule:
    """Requires a resource of type `kind` for every bucket."""

    def check(resources: Sequence[ResourceView]) -> list[tuple[str, str]]:
        served = {urn for resource in resources if resource.type == kind for urn in resource.depends_on}
        return [
            (resource.urn, f"it has no {kind.rsplit(':', 1)[-1]}")
            for resource in resources
            if resource.type == BUCKET and resource.urn not in served
        ]

    return StackRule(
        id=name,
        description=f"Every bucket has {what}",
        source=source,
        hint=f"add an aws.s3.{kind.rsplit(':', 1)[-1]} for the bucket",
        check=check,
    )


RULES = (
    Rule(
        id="bucket-acl-private",
        description="No bucket has a public ACL",
        source="CIS AWS Foundations 2.1.4",
        hint="omit acl",
        types=("aws:s3/bucketAcl:BucketAcl", BUCKET),
        check=acl_is_private,
    ),
    Rule(
        id="bucket-access-blocked",
        description="A public access block enables all four settings",
        source='CIS AWS Foundations 2.1.4; S3 user guide, "Blocking public access to your Amazon S3 storage"',
        hint=f"set {', '.join(_SWITCHES)}",
        types=(BLOCK, "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"),
        check=blocks_everything_public,
    ),
    Rule(
        id="resource-policy-not-public",
        description="A bucket, key, queue or topic policy names the principals that it allows",
        source='IAM user guide, "AWS JSON policy elements: Principal"',
        hint="name the principals, or compare aws:PrincipalOrgID in a condition",
        types=(
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:kms/key:Key",
            "aws:sqs/queue:Queue",
            "aws:sqs/queuePolicy:QueuePolicy",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
        ),
        check=policy_names_its_readers,
    ),
    Rule(
        id="key-rotates",
        description="KMS keys are rotated",
        source="CIS AWS Foundations 3.6",
        hint="set enable_key_rotation",
        types=("aws:kms/key:Key",),
        check=rotates,
    ),
    Rule(
        id="image-tags-immutable",
        description="A tag of an image repository names one image for ever",
        source="AWS Foundational Security Best Practices, ECR.2",
        hint='set image_tag_mutability="IMMUTABLE"',
        types=(_REPOSITORY,),
        check=tags_stay,
    ),
    Rule(
        id="images-scanned",
        description="Images are scanned for vulnerabilities when they are pushed",
        source="AWS Foundational Security Best Practices, ECR.1",
        hint='set image_scanning_configuration={"scan_on_push": True}',
        types=(_REPOSITORY,),
        check=images_are_scanned,
    ),
    Rule(
        id="log-group-ends",
        description="A log group has a retention period",
        source='CloudWatch Logs user guide, "Change log data retention"',
        hint="set retention_in_days",
        types=("aws:cloudwatch/logGroup:LogGroup",),
        check=logs_end,
    ),
    Rule(
        id="log-group-encrypted",
        description="Log groups are encrypted with a customer managed key",
        source="AWS Config, `cloudwatch-log-group-encrypted`",
        hint="set kms_key_id, and allow the log group in the key policy",
        level=Level.ADVISORY,
        types=("aws:cloudwatch/logGroup:LogGroup",),
        check=logs_are_encrypted,
    ),
    Rule(
        id="security-group-not-open",
        description="No security group allows ingress from the whole internet",
        source="CIS AWS Foundations 5.2 and 5.3",
        hint="name the source range or security group",
        types=_GROUP_RULES,
        check=lets_nobody_in_from_everywhere,
    ),
)

STACK_RULES = (
    buckets_have(
        BLOCK, name="bucket-has-access-block", what="a public access block", source="CIS AWS Foundations 2.1.4"
    ),
    buckets_have(
        ENCRYPTION,
        name="bucket-has-encryption",
        what="its own encryption configuration",
        source="AWS Foundational Security Best Practices, S3.17",
    ),
)
