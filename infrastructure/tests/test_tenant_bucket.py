"""The tenants' bucket: closed, encrypted, versioned, over TLS."""

from __future__ import annotations

import json
from pathlib import Path

from shared.testing import Run, run_program

BUCKET = "eks-tenant-data-123456789012-dev"


def test_the_bucket_is_named_after_account_and_environment(dev: Run) -> None:
    bucket = dev.one("aws:s3/bucket:Bucket").inputs
    assert bucket["bucket"] == BUCKET
    assert bucket["forceDestroy"] is True


def test_a_bucket_with_objects_survives_by_default(prod: Run) -> None:
    assert prod.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is False


def test_nothing_in_it_can_be_made_public(dev: Run) -> None:
    assert dev.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs == {
        "bucket": BUCKET,
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }


def test_objects_are_encrypted_and_versioned(dev: Run) -> None:
    encryption = dev.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ).inputs
    assert encryption == {
        "bucket": BUCKET,
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    }
    versioning = dev.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning == {"bucket": BUCKET, "versioningConfiguration": {"status": "Enabled"}}


def test_plain_http_is_denied_to_everybody(dev: Run) -> None:
    policy = dev.one("aws:s3/bucketPolicy:BucketPolicy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement == {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    # S3 refuses two changes of a bucket's access at once.
    assert dev.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").urn in policy.depends_on


def test_a_second_copy_in_the_account_has_a_bucket_of_its_own(project: Path) -> None:
    run = run_program(project, stack="dev", variables={"ENVIRONMENT_SUFFIX": "pr-17"})
    assert run.one("aws:s3/bucket:Bucket").inputs["bucket"] == "eks-tenant-data-123456789012-pr-17"
