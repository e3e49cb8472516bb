"""The bucket that tenants share, one prefix per tenant. The tenants tier grants access to the prefixes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from data_settings import StorageSettings
from stack_context import StackContext

from shared.iam import Statement, policy_document
from shared.naming import bucket_name


@dataclass(frozen=True, kw_only=True)
class TenantStorageArgs:
    context: StackContext
    settings: StorageSettings


def tls_only(bucket_arn: str) -> str:
    # Source: S3 user guide, "Security best practices": enforce encryption of data in transit.
    return policy_document(
        Statement(
            sid="DenyPlainHttp",
            effect="Deny",
            actions=["s3:*"],
            resources=[bucket_arn, f"{bucket_arn}/*"],
            principals="*",
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
    )


def lifecycle_rules(noncurrent_version_days: int) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    """Expires noncurrent versions and incomplete uploads, which would cause costs. Current objects are never expired.

    Source: S3 user guide, "Lifecycle configuration elements".
    """
    return [
        {
            "id": "noncurrent-versions",
            "status": "Enabled",
            "filter": {},
            "noncurrent_version_expiration": {"noncurrent_days": noncurrent_version_days},
            "expiration": {"expired_object_delete_marker": True},
        },
        {
            "id": "unfinished-uploads",
            "status": "Enabled",
            "filter": {},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]


def default_encryption(key_arn: str) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    """Encryption of objects whose writer does not specify it: with S3 managed keys, or with the given KMS key."""
    if not key_arn:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
        # One KMS request for many objects instead of one per object.
        "bucket_key_enabled": True,
    }


class TenantStorage(pulumi.ComponentResource):
    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    key_arns: list[str]
    """KMS keys that a role needs to access the objects: none or one."""

    def __init__(self, name: str, args: TenantStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:TenantStorage", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # The account ID is part of the name, since S3 bucket names are globally unique.
        physical = bucket_name(args.context.named(f"eks-tenant-data-{args.context.account_id}"))
        bucket = aws.s3.Bucket(
            "tenant-data",
            bucket=physical,
            force_destroy=args.settings.force_destroy,
            tags={"Name": physical},
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )
        aws.s3.BucketVersioning(
            "tenant-data", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "tenant-data",
            bucket=bucket.id,
            rules=[default_encryption(args.settings.bucket_key_arn)],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            "tenant-data", bucket=bucket.id, rules=lifecycle_rules(args.settings.noncurrent_version_days), opts=child
        )
        closed = aws.s3.BucketPublicAccessBlock(
            "tenant-data",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketPolicy(
            "tenant-data",
            bucket=bucket.id,
            policy=bucket.arn.apply(tls_only),
            # S3 rejects concurrent changes of a bucket's access settings.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.key_arns = [args.settings.bucket_key_arn] if args.settings.bucket_key_arn else []
        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucket_name": self.bucket_name})
