"""Questions about requests to S3.

A request that brings an ACL, tags or a lock needs the right to set them too, and a copy the right to read its source.
`DeleteObjects` is refused as a whole where one of its keys is: AWS answers key by key.

Source: S3 user guide, "Required permissions for Amazon S3 API operations"; Service Authorization Reference, Amazon S3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from moto.s3.models import s3_backends

from tooling.aws_emulator.authorization.policies import Document
from tooling.aws_emulator.authorization.questions import NotModelled, Place, Question
from tooling.aws_emulator.authorization.reading import Call
from tooling.iam.evaluation import ContextValue

BUCKET_ACTIONS = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAcl": "GetBucketAcl",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketLogging": "GetBucketLogging",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotification": "GetBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "GetBucketTagging": "GetBucketTagging",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetBucketWebsite": "GetBucketWebsite",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAcl": "PutBucketAcl",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketLogging": "PutBucketLogging",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotification": "PutBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
    "PutBucketPolicy": "PutBucketPolicy",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutBucketRequestPayment": "PutBucketRequestPayment",
    "PutBucketTagging": "PutBucketTagging",
    "PutBucketVersioning": "PutBucketVersioning",
    "PutBucketWebsite": "PutBucketWebsite",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

OBJECT_ACTIONS = {
    "AbortMultipartUpload": ("AbortMultipartUpload",),
    "CompleteMultipartUpload": ("PutObject",),
    "CopyObject": ("PutObject",),
    "CreateMultipartUpload": ("PutObject",),
    "DeleteObject": ("DeleteObject",),
    "DeleteObjectTagging": ("DeleteObjectTagging",),
    "GetObject": ("GetObject",),
    "GetObjectAcl": ("GetObjectAcl",),
    "GetObjectAttributes": ("GetObject", "GetObjectAttributes"),
    "GetObjectLegalHold": ("GetObjectLegalHold",),
    "GetObjectRetention": ("GetObjectRetention",),
    "GetObjectTagging": ("GetObjectTagging",),
    "GetObjectTorrent": ("GetObjectTorrent",),
    "HeadObject": ("GetObject",),
    "ListParts": ("ListMultipartUploadParts",),
    "PutObject": ("PutObject",),
    "PutObjectAcl": ("PutObjectAcl",),
    "PutObjectLegalHold": ("PutObjectLegalHold",),
    "PutObjectRetention": ("PutObjectRetention",),
    "PutObjectTagging": ("PutObjectTagging",),
    "RestoreObject": ("RestoreObject",),
    "SelectObjectContent": ("GetObject",),
    "UploadPart": ("PutObject",),
    "UploadPartCopy": ("PutObject",),
}

OF_VERSIONS = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "GetObjectTorrent": "GetObjectVersionTorrent",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
"""The action where the request names a version."""

_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")

_HEADERS = {
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-content-sha256": "s3:x-amz-content-sha256",
    "x-amz-copy-source": "s3:x-amz-copy-source",
    "x-amz-grant-full-control": "s3:x-amz-grant-full-control",
    "x-amz-grant-read": "s3:x-amz-grant-read",
    "x-amz-grant-read-acp": "s3:x-amz-grant-read-acp",
    "x-amz-grant-write": "s3:x-amz-grant-write",
    "x-amz-grant-write-acp": "s3:x-amz-grant-write-acp",
    "x-amz-metadata-directive": "s3:x-amz-metadata-directive",
    "x-amz-object-ownership": "s3:x-amz-object-ownership",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class": "s3:x-amz-storage-class",
    "x-amz-website-redirect-location": "s3:x-amz-website-redirect-location",
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    "if-match": "s3:if-match",
    "if-none-match": "s3:if-none-match",
}
_PARAMETERS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:versionid",
}
_KEYS = frozenset(
    {
        *_HEADERS.values(),
        *_PARAMETERS.values(),
        "s3:authtype",
        "s3:existingobjecttag/",
        "s3:locationconstraint",
        "s3:requestobjecttag/",
        "s3:requestobjecttagkeys",
        "s3:resourceaccount",
        "s3:signatureversion",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
        "s3:accesspointnetworkorigin",
    }
)


def questions(call: Call, place: Place) -> Iterator[Question]:
    """Raises NotModelled."""
    if call.operation == "ListBuckets":
        yield Question(action="s3:ListAllMyBuckets", keys=_KEYS)
        return
    bucket = str(call.parameters.get("Bucket", ""))
    if call.operation in BUCKET_ACTIONS:
        yield _question(call, place, BUCKET_ACTIONS[call.operation], bucket)
        if call.operation == "CreateBucket":
            yield from _of_new_bucket(call, place, bucket)
    elif call.operation == "DeleteObjects":
        yield from _of_deletions(call, place, bucket)
    elif call.operation in OBJECT_ACTIONS:
        key, of_version = str(call.parameters["Key"]), bool(call.parameters.get("VersionId"))
        for action in OBJECT_ACTIONS[call.operation]:
            yield _question(call, place, _action(action, of_version), bucket, key)
        yield from _beside(call, place, bucket, key)
    else:
        raise NotModelled(call.operation)


def _action(action: str, of_version: bool) -> str:
    return OF_VERSIONS[action] if of_version and action in OF_VERSIONS else action


def _beside(call: Call, place: Place, bucket: str, key: str) -> Iterator[Question]:
    """What an operation on an object needs beside its own action."""
    given = call.parameters
    if "CopySource" in given:
        yield _of_source(call, place, given["CopySource"])
    if call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        if given.get("ACL") or any(given.get(grant) for grant in _GRANTS):
            yield _question(call, place, "PutObjectAcl", bucket, key)
        if given.get("Tagging"):
            yield _question(call, place, "PutObjectTagging", bucket, key)
        if given.get("ObjectLockMode") or given.get("ObjectLockRetainUntilDate"):
            yield _question(call, place, "PutObjectRetention", bucket, key)
        if given.get("ObjectLockLegalHoldStatus"):
            yield _question(call, place, "PutObjectLegalHold", bucket, key)
    if given.get("BypassGovernanceRetention"):
        yield _question(call, place, "BypassGovernanceRetention", bucket, key)


def _of_new_bucket(call: Call, place: Place, bucket: str) -> Iterator[Question]:
    if call.parameters.get("ACL") or any(call.parameters.get(grant) for grant in _GRANTS):
        yield _question(call, place, "PutBucketAcl", bucket)
    if call.parameters.get("ObjectLockEnabledForBucket"):
        yield _question(call, place, "PutBucketObjectLockConfiguration", bucket)
        yield _question(call, place, "PutBucketVersioning", bucket)
    if call.parameters.get("ObjectOwnership"):
        yield _question(call, place, "PutBucketOwnershipControls", bucket)


def _of_deletions(call: Call, place: Place, bucket: str) -> Iterator[Question]:
    for one in call.parameters["Delete"]["Objects"]:
        version = one.get("VersionId")
        yield _question(call, place, "DeleteObjectVersion" if version else "DeleteObject", bucket, str(one["Key"]))
    if call.parameters.get("BypassGovernanceRetention"):
        yield _question(call, place, "BypassGovernanceRetention", bucket, "*")


def _of_source(call: Call, place: Place, source: Any) -> Question:
    """`bucket/key?versionId=…`, percent-encoded, maybe with a slash in front."""
    if not isinstance(source, str) or source.startswith("arn:"):
        raise NotModelled(f"{call.operation} from {source}")
    path, _, version = source.partition("?versionId=")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    return _question(call, place, "GetObjectVersion" if version else "GetObject", bucket, key, source=True)


def _question(
    call: Call, place: Place, action: str, bucket: str, key: str | None = None, *, source: bool = False
) -> Question:
    found = bucket_named(bucket)
    resource = f"arn:{place.partition}:s3:::{bucket}" + (f"/{key}" if key is not None else "")
    owner = s3_backends.bucket_accounts.get(bucket, ("", ""))[1]
    context: dict[str, ContextValue] = {
        "s3:ResourceAccount": owner or place.account,
        "s3:signatureversion": "AWS4-HMAC-SHA256",
    }
    if not source:
        context |= _of_request(call)
    context |= {f"s3:ExistingObjectTag/{tag}": value for tag, value in _tags(found, key).items()}
    text = found.policy.decode() if found is not None and found.policy is not None else ""
    return Question(
        action=f"s3:{action}",
        resource=resource,
        context=context,
        keys=_KEYS,
        policies=(Document(name=f"bucket policy of {bucket}", text=text),) if text else (),
        owner=owner,
    )


def _of_request(call: Call) -> dict[str, ContextValue]:
    context: dict[str, ContextValue] = {
        key: call.headers[header] for header, key in _HEADERS.items() if header in call.headers
    }
    # As text: a prefix that is given and empty is a prefix.
    context |= {key: str(call.parameters[name]) for name, key in _PARAMETERS.items() if name in call.parameters}
    location = (call.parameters.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    if location:
        context["s3:LocationConstraint"] = str(location)
    tags = _new_tags(call)
    context |= {f"s3:RequestObjectTag/{tag}": value for tag, value in tags.items()}
    context["s3:RequestObjectTagKeys"] = tuple(tags)
    context["s3:authType"] = "REST-HEADER" if "authorization" in call.headers else "REST-QUERY-STRING"
    return context


def _new_tags(call: Call) -> dict[str, str]:
    written = call.parameters.get("Tagging")
    if isinstance(written, str):
        pairs = [pair.partition("=") for pair in written.split("&") if pair]
        return {unquote(key): unquote(value) for key, _, value in pairs}
    if isinstance(written, dict):
        return {str(one["Key"]): str(one["Value"]) for one in written.get("TagSet") or ()}
    return {}


def bucket_named(name: str) -> Any:
    """A bucket of any account, or None."""
    backend = _backend(name)
    return backend.buckets.get(name) if backend is not None else None


def _backend(name: str) -> Any:
    partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
    return s3_backends[account][partition] if account else None


def _tags(bucket: Any, key: str | None) -> dict[str, str]:
    if bucket is None or key is None:
        return {}
    found = bucket.keys.get(key)
    return {} if found is None else _backend(bucket.name).tagger.get_tag_dict_for_resource(found.arn)
