"""The bucket that tenants share, a prefix each. Who reaches which prefix is decided in the tenants tier."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from place import Place
from settings import StorageSettings

from shared.iam import Statement, policy_document
from shared.naming import bucket_name


@dataclass(frozen=True, kw_only=True)
class TenantStorageArgs:
    place: Place
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


class TenantStorage(pulumi.ComponentResource):
    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TenantStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:TenantStorage", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # The account is part of it, since S3 names are unique over all accounts.
        physical = bucket_name(args.place.named(f"eks-tenant-data-{args.place.account_id}"))
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
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
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
            # S3 refuses two changes of a bucket's access at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucket_name": self.bucket_name})
