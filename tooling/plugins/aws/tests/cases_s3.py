"""Conformance cases of S3."""

from __future__ import annotations

import json

from tooling.plugins.aws.tests.case import Case, Swap, World

_PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _other_bucket(world: World) -> str:
    return world.buckets[1]


def _bucket_policy(action: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": [action], "Resource": "arn:aws:s3:::any/*"}
            ],
        }
    )


CASES = (
    Case(
        pulumi_name="aws:s3/bucket:Bucket",
        inputs=lambda world: {"forceDestroy": True},
        updates={"forceDestroy": False},
        replaces={"objectLockEnabled": True},
    ),
    Case(
        pulumi_name="aws:s3/bucketVersioning:BucketVersioning",
        inputs=lambda world: {"bucket": world.buckets[0], "versioningConfiguration": {"status": "Enabled"}},
        updates={"versioningConfiguration.status": "Suspended"},
        replaces={"bucket": _other_bucket},
        lingers=True,
    ),
    Case(
        pulumi_name="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda world: {"bucket": world.buckets[0], **dict.fromkeys(_PUBLIC_ACCESS, True)},
        updates={**dict.fromkeys(_PUBLIC_ACCESS, False), "skipDestroy": True},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        pulumi_name="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        inputs=lambda world: {
            "bucket": world.buckets[0],
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": world.key_arns[0],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        updates={
            "rules[0].applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId": lambda world: world.key_arns[1],
            "rules[0].bucketKeyEnabled": False,
        },
        replaces={"bucket": _other_bucket},
    ),
    Case(
        pulumi_name="aws:s3/bucketPolicy:BucketPolicy",
        inputs=lambda world: {"bucket": world.buckets[0], "policy": _bucket_policy("s3:GetObject")},
        updates={"policy": _bucket_policy("s3:PutObject")},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        pulumi_name="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda world: {"bucket": world.buckets[0], "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        updates={"rule.objectOwnership": "ObjectWriter"},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        pulumi_name="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda world: {
            "bucket": world.buckets[0],
            "rules": [
                {
                    "id": "one",
                    "status": "Enabled",
                    "filter": {"prefix": "logs/"},
                    "expiration": {"days": 365},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "transitions": [
                        {"days": 30, "storageClass": "STANDARD_IA"},
                        {"days": 90, "storageClass": "GLACIER"},
                    ],
                    "noncurrentVersionTransitions": [
                        {"noncurrentDays": 10, "newerNoncurrentVersions": 2, "storageClass": "GLACIER"}
                    ],
                }
            ],
        },
        updates={
            "rules[0].id": "two",
            "rules[0].status": "Disabled",
            "rules[0].filter.prefix": "traces/",
            "rules[0].filter": {"tag": {"key": "kind", "value": "log"}},
            "rules[0].filter.and": Swap(
                "rules[0].filter.prefix", {"prefix": "logs/", "tags": {"kind": "log", "team": "a"}}
            ),
            "rules[0].expiration.days": 366,
            "rules[0].expiration": {"expiredObjectDeleteMarker": True},
            "rules[0].noncurrentVersionExpiration.noncurrentDays": 31,
            "rules[0].abortIncompleteMultipartUpload.daysAfterInitiation": 8,
            "rules[0].transitions[1].days": 91,
            "rules[0].transitions[1].storageClass": "DEEP_ARCHIVE",
            "rules[0].noncurrentVersionTransitions[0].noncurrentDays": 11,
            "rules[0].noncurrentVersionTransitions[0].newerNoncurrentVersions": 3,
            "rules[0].noncurrentVersionTransitions[0].storageClass": "DEEP_ARCHIVE",
        },
        replaces={"bucket": _other_bucket},
    ),
)
