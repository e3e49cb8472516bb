"""Rows of S3: buckets, and bucket configurations that are separate resources.

Since version 7 of the package the inline forms (`acl`, `lifecycleRules`, `policy` …) of `Bucket` are deprecated; they
are not modelled.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from tooling.plugins.aws.engine.equivalence import policy_document
from tooling.plugins.aws.engine.naming_case import capital, capitals, tag_list, tag_map, unless_gone
from tooling.plugins.aws.engine.refusals import not_json, one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Operations, Row, Values

_WITHOUT_LOCATION = "us-east-1"
"""The only region that CreateBucket does not accept as a location. Source: S3 API reference, CreateBucket."""


class S3Operations(Operations):
    @property
    def s3(self) -> Any:
        return self.scope.client("s3")


class Bucket(S3Operations):
    def create(self, inputs: Values) -> str:
        region = self.scope.region
        location = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != _WITHOUT_LOCATION else {}
        lock = {"ObjectLockEnabledForBucket": True} if inputs.get("objectLockEnabled") else {}
        self.s3.create_bucket(Bucket=inputs["bucket"], **location, **lock)
        return inputs["bucket"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        self._write_tags(resource_id, inputs.get("tagsAll") or {})

    def _write_tags(self, resource_id: str, tags: Mapping[str, str]) -> None:
        """S3 only sets all tags of a bucket at once."""
        if tags:
            self.s3.put_bucket_tagging(Bucket=resource_id, Tagging={"TagSet": tag_list(tags)})
        else:
            self.s3.delete_bucket_tagging(Bucket=resource_id)

    def _tags(self, resource_id: str) -> dict[str, str]:
        found = unless_gone(self.s3.get_bucket_tagging, "NoSuchTagSet", Bucket=resource_id)
        return tag_map(found["TagSet"]) if found is not None else {}

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        if unless_gone(self.s3.head_bucket, Bucket=resource_id) is None:
            return None
        location = self.s3.get_bucket_location(Bucket=resource_id).get("LocationConstraint") or _WITHOUT_LOCATION
        lock = unless_gone(
            self.s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", Bucket=resource_id
        )
        suffix = self.scope.dns_suffix
        return {
            "bucket": resource_id,
            "arn": self.scope.arn("s3", resource_id, region=False, account=False),
            "bucketDomainName": f"{resource_id}.s3.{suffix}",
            "bucketRegionalDomainName": f"{resource_id}.s3.{location}.{suffix}",
            "bucketRegion": location,
            "objectLockEnabled": bool(lock and lock["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"),
            "tagsAll": self._tags(resource_id),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        """Does nothing: the only input that can change in place controls deletion."""

    def delete(self, resource_id: str, state: Values) -> None:
        if state.get("forceDestroy"):
            self._empty(resource_id)
        self.s3.delete_bucket(Bucket=resource_id)

    def _empty(self, resource_id: str) -> None:
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=resource_id):
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                self.s3.delete_object(Bucket=resource_id, Key=item["Key"], VersionId=item["VersionId"])

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self._write_tags(resource_id, {**self._tags(resource_id), **tags})

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        left = {key: value for key, value in self._tags(resource_id).items() if key not in keys}
        self._write_tags(resource_id, left)


class BucketPart(S3Operations):
    """One configuration of a bucket, written and read as a whole; its id is the bucket's name.

    `put`, `get` and `drop` are boto3 methods; `absent` are the error codes for a missing configuration.
    """

    put: ClassVar[str]
    get: ClassVar[str]
    drop: ClassVar[str]
    absent: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def to_api(self, inputs: Values) -> dict[str, Any]:
        """The arguments of `put`, without the bucket."""

    @abstractmethod
    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any] | None:
        """The inputs, without the bucket, from the response of `get`; `None` if there is no configuration."""

    def create(self, inputs: Values) -> str:
        getattr(self.s3, self.put)(Bucket=inputs["bucket"], **self.to_api(inputs))
        return inputs["bucket"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        answer = unless_gone(getattr(self.s3, self.get), *self.absent, Bucket=resource_id)
        inputs = self.from_api(answer) if answer is not None else None
        return {"bucket": resource_id, **inputs} if inputs is not None else None

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self.create(inputs)

    def delete(self, resource_id: str, state: Values) -> None:
        getattr(self.s3, self.drop)(Bucket=resource_id)


class BucketVersioning(BucketPart):
    put, get = "put_bucket_versioning", "get_bucket_versioning"

    def to_api(self, inputs: Values) -> dict[str, Any]:
        return {"VersioningConfiguration": capitals(inputs["versioningConfiguration"], ("status",))}

    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any] | None:
        return {"versioningConfiguration": {"status": answer["Status"]}} if answer.get("Status") else None

    def delete(self, resource_id: str, state: Values) -> None:
        """Versioning can be suspended, but not removed. Source: S3 user guide, "Using versioning in S3 buckets"."""
        if self.read(resource_id, state) == {"bucket": resource_id, "versioningConfiguration": {"status": "Enabled"}}:
            self.s3.put_bucket_versioning(Bucket=resource_id, VersioningConfiguration={"Status": "Suspended"})


class BucketPublicAccessBlock(BucketPart):
    put, get, drop = "put_public_access_block", "get_public_access_block", "delete_public_access_block"

    def to_api(self, inputs: Values) -> dict[str, Any]:
        return {"PublicAccessBlockConfiguration": {capital(name): inputs[name] for name in _PUBLIC_ACCESS}}

    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        block = answer["PublicAccessBlockConfiguration"]
        return {name: block.get(capital(name), False) for name in _PUBLIC_ACCESS}

    def delete(self, resource_id: str, state: Values) -> None:
        if not state.get("skipDestroy"):
            super().delete(resource_id, state)


class BucketServerSideEncryptionConfiguration(BucketPart):
    put, get, drop = "put_bucket_encryption", "get_bucket_encryption", "delete_bucket_encryption"
    absent = ("ServerSideEncryptionConfigurationNotFoundError",)

    def to_api(self, inputs: Values) -> dict[str, Any]:
        rules = [
            {"ApplyServerSideEncryptionByDefault": _encryption(rule), **capitals(rule, ("bucketKeyEnabled",))}
            for rule in inputs["rules"]
        ]
        return {"ServerSideEncryptionConfiguration": {"Rules": rules}}

    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        return {
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
                        "kmsMasterKeyId": rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID"),
                    },
                    "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
                for rule in rules
            ]
        }


def _encryption(rule: Values) -> dict[str, str]:
    default = rule["applyServerSideEncryptionByDefault"]
    key = {"KMSMasterKeyID": default["kmsMasterKeyId"]} if default.get("kmsMasterKeyId") else {}
    return {"SSEAlgorithm": default["sseAlgorithm"], **key}


class BucketPolicy(BucketPart):
    put, get, drop = "put_bucket_policy", "get_bucket_policy", "delete_bucket_policy"
    absent = ("NoSuchBucketPolicy",)

    def to_api(self, inputs: Values) -> dict[str, Any]:
        return {"Policy": inputs["policy"]}

    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        return {"policy": answer["Policy"]}


class BucketOwnershipControls(BucketPart):
    put, get, drop = (
        "put_bucket_ownership_controls",
        "get_bucket_ownership_controls",
        "delete_bucket_ownership_controls",
    )
    absent = ("OwnershipControlsNotFoundError",)

    def to_api(self, inputs: Values) -> dict[str, Any]:
        return {"OwnershipControls": {"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]}}

    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        return {"rule": {"objectOwnership": answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]}}


_PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_BUCKET = Input(required=True, replaces=True)

ROWS = (
    Row(
        pulumi_name="aws:s3/bucket:Bucket",
        source="s3_bucket",
        inputs={
            "forceDestroy": Input(default=False, write_only=True),
            "objectLockEnabled": Input(computed=True, replaces=True),
        },
        outputs=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName"),
        operations=Bucket,
        name=GeneratedName(input="bucket", prefix_input="bucketPrefix", longest=63, lower_case=True),
    ),
    Row(
        pulumi_name="aws:s3/bucketVersioning:BucketVersioning",
        source="s3_bucket_versioning",
        inputs={
            "bucket": _BUCKET,
            "versioningConfiguration": Input(
                required=True, members={"status": Input(required=True, refusal=one_of("Enabled", "Suspended"))}
            ),
        },
        outputs=(),
        operations=BucketVersioning,
        tagged=False,
    ),
    Row(
        pulumi_name="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        source="s3_bucket_public_access_block",
        inputs={
            "bucket": _BUCKET,
            **{name: Input(default=False) for name in _PUBLIC_ACCESS},
            "skipDestroy": Input(write_only=True),
        },
        outputs=(),
        operations=BucketPublicAccessBlock,
        tagged=False,
    ),
    Row(
        pulumi_name="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        source="s3_bucket_server_side_encryption_configuration",
        inputs={
            "bucket": _BUCKET,
            "rules": Input(
                required=True,
                unordered=True,
                members={
                    "applyServerSideEncryptionByDefault": Input(
                        required=True,
                        members={
                            "sseAlgorithm": Input(required=True, refusal=one_of("AES256", "aws:kms", "aws:kms:dsse")),
                            "kmsMasterKeyId": Input(),
                        },
                    ),
                    "bucketKeyEnabled": Input(),
                },
            ),
        },
        outputs=(),
        operations=BucketServerSideEncryptionConfiguration,
        tagged=False,
    ),
    Row(
        pulumi_name="aws:s3/bucketPolicy:BucketPolicy",
        source="s3_bucket_policy",
        inputs={"bucket": _BUCKET, "policy": Input(required=True, canonical_form=policy_document, refusal=not_json)},
        outputs=(),
        operations=BucketPolicy,
        tagged=False,
    ),
    Row(
        pulumi_name="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        source="s3_bucket_ownership_controls",
        inputs={
            "bucket": _BUCKET,
            "rule": Input(
                required=True,
                members={
                    "objectOwnership": Input(
                        required=True,
                        refusal=one_of("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
                    )
                },
            ),
        },
        outputs=(),
        operations=BucketOwnershipControls,
        tagged=False,
    ),
)
