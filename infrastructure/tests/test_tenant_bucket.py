"""The tenants' bucket: closed, encrypted, versioned, over TLS."""

from __future__ import annotations

import json
from pathlib import Path

from shared.testing import Run, run_program, undeployed

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


def test_a_key_of_the_settings_encrypts_and_is_handed_on(project: Path) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/0b1c2d3e-0000-4000-8000-000000000000"
    run = run_program(project, stack="dev", config={"bucket_key_arn": key})
    encryption = run.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    assert encryption.inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
            "bucketKeyEnabled": True,
        }
    ]
    assert run.outputs["tenant_bucket_key_arns"] == [key]


def test_what_nobody_can_reach_any_more_ends(project: Path, dev: Run) -> None:
    def rules(run: Run) -> dict[str, dict[str, object]]:
        lifecycle = run.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs
        assert lifecycle["bucket"] == BUCKET
        return {rule["id"]: rule for rule in lifecycle["rules"] if rule["status"] == "Enabled"}

    told = rules(dev)
    assert told["noncurrent-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 90}
    assert told["unfinished-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    # Current objects are the tenants' own business.
    assert all("days" not in rule.get("expiration", {}) for rule in told.values())  # type: ignore[operator]
    shorter = rules(run_program(project, stack="dev", config={"noncurrent_version_days": 7}))
    assert shorter["noncurrent-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}


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
    variables = {"ENVIRONMENT_SUFFIX": "pr-17"}
    run = run_program(project, stack="dev", upstream=undeployed("infrastructure"), variables=variables)
    assert run.one("aws:s3/bucket:Bucket").inputs["bucket"] == "eks-tenant-data-123456789012-pr-17"
