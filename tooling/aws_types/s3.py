"""S3."""

from __future__ import annotations

from tooling.aws_types.billing import free, used
from tooling.aws_types.identification import from_inputs
from tooling.aws_types.listing import Client, Listing, Tags, Thing, pairs
from tooling.aws_types.row import AwsType, Description

_PARTS = (
    "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "bucketOwnershipControls:BucketOwnershipControls",
    "bucketPolicy:BucketPolicy",
    "bucketPublicAccessBlock:BucketPublicAccessBlock",
    "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "bucketVersioning:BucketVersioning",
)


def _tags(client: Client, thing: Thing) -> Tags:
    try:
        return pairs(client.get_bucket_tagging(Bucket=thing["Name"])["TagSet"])
    except client.exceptions.ClientError as error:
        # S3 returns this for a bucket without tags, and for one to which its owner gives no access.
        if error.response["Error"]["Code"] in ("NoSuchTagSet", "AccessDenied", "NoSuchBucket"):
            return {}
        raise


def _part(name: str) -> AwsType:
    """A bucket's configuration, which is a resource of its own in Pulumi."""
    return AwsType(
        pulumi_name=f"aws:s3/{name}",
        description=Description(
            noun="settings of bucket",
            service="s3",
            name=("bucket",),
            find="aws s3api get-bucket-location --bucket {bucket}",
            adoptable=True,
        ),
        identification=from_inputs("bucket"),
        listing="goes with its bucket",
        billing=free,
    )


TYPES = (
    AwsType(
        pulumi_name="aws:s3/bucket:Bucket",
        description=Description(
            noun="bucket",
            service="s3",
            name=("bucket",),
            find="aws s3api get-bucket-tagging --bucket {bucket}",
            delete="aws s3api delete-bucket --bucket {bucket}",
            uses="aws s3api list-object-versions --bucket {bucket} --max-items 10",
            adoptable=True,
        ),
        identification=from_inputs("bucket"),
        listing=Listing(
            service="s3",
            kind="bucket",
            operation="list_buckets",
            collection="Buckets",
            identity="Name",
            paginated=False,
            tags=_tags,
        ),
        billing=used("objects, requests and transfer"),
        precious=True,
    ),
    *map(_part, _PARTS),
)
