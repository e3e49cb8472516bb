"""Row of a bucket's lifecycle rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.aws.engine.naming_case import capitals_within, smalls_within, tag_list, tag_map
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.s3.buckets import BucketPart

_BLOCKS = {
    "expiration": "Expiration",
    "noncurrentVersionExpiration": "NoncurrentVersionExpiration",
    "abortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    "transitions": "Transitions",
    "noncurrentVersionTransitions": "NoncurrentVersionTransitions",
}


class BucketLifecycleConfiguration(BucketPart):
    put, get, drop = (
        "put_bucket_lifecycle_configuration",
        "get_bucket_lifecycle_configuration",
        "delete_bucket_lifecycle",
    )
    absent = ("NoSuchLifecycleConfiguration",)

    def to_api(self, inputs: Values) -> dict[str, Any]:
        return {"LifecycleConfiguration": {"Rules": [_rule(rule) for rule in inputs["rules"]]}}

    def from_api(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        return {"rules": [_inputs_of(rule) for rule in answer["Rules"]]}


def _rule(rule: Values) -> dict[str, Any]:
    blocks = {api: capitals_within(rule[wire]) for wire, api in _BLOCKS.items() if rule.get(wire)}
    return {"ID": rule["id"], "Status": rule["status"], "Filter": _filter(rule.get("filter") or {}), **blocks}


def _filter(block: Values) -> dict[str, Any]:
    """S3 accepts exactly one condition, or several inside `And`; an empty prefix stands for none."""
    if block.get("and"):
        both = block["and"]
        prefix = {"Prefix": both["prefix"]} if both.get("prefix") else {}
        return {"And": {**prefix, "Tags": tag_list(both.get("tags"))}}
    if block.get("tag"):
        return {"Tag": {"Key": block["tag"]["key"], "Value": block["tag"]["value"]}}
    return {"Prefix": block.get("prefix") or ""}


def _inputs_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {"id": rule["ID"], "status": rule["Status"]}
    inputs |= {wire: smalls_within(rule[api]) for wire, api in _BLOCKS.items() if rule.get(api)}
    where = rule.get("Filter") or {}
    if "And" in where:
        inputs["filter"] = {"and": {"prefix": where["And"].get("Prefix"), "tags": tag_map(where["And"].get("Tags"))}}
    elif "Tag" in where:
        inputs["filter"] = {"tag": smalls_within(where["Tag"])}
    elif where.get("Prefix"):
        inputs["filter"] = {"prefix": where["Prefix"]}
    return inputs


def _check(inputs: Values) -> list[tuple[str, str]]:
    conditions = ("prefix", "tag", "and")
    return [
        (f"rules[{index}].filter", "a filter has one condition; put several inside `and`")
        for index, rule in enumerate(inputs["rules"])
        if len([name for name in conditions if (rule.get("filter") or {}).get(name)]) > 1
    ]


ROWS = (
    Row(
        pulumi_name="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        source="s3_bucket_lifecycle_configuration",
        inputs={
            "bucket": Input(required=True, replaces=True),
            "rules": Input(
                required=True,
                members={
                    "id": Input(required=True),
                    "status": Input(required=True, refusal=one_of("Enabled", "Disabled")),
                    "filter": Input(
                        members={
                            "prefix": Input(),
                            "tag": Input(members={"key": Input(required=True), "value": Input(required=True)}),
                            "and": Input(members={"prefix": Input(), "tags": Input()}),
                        }
                    ),
                    "expiration": Input(members={"days": Input(), "expiredObjectDeleteMarker": Input()}),
                    "noncurrentVersionExpiration": Input(members={"noncurrentDays": Input(required=True)}),
                    "abortIncompleteMultipartUpload": Input(members={"daysAfterInitiation": Input(required=True)}),
                    "transitions": Input(
                        unordered=True, members={"days": Input(), "storageClass": Input(required=True)}
                    ),
                    "noncurrentVersionTransitions": Input(
                        unordered=True,
                        members={
                            "noncurrentDays": Input(required=True),
                            "newerNoncurrentVersions": Input(),
                            "storageClass": Input(required=True),
                        },
                    ),
                },
            ),
        },
        outputs=(),
        operations=BucketLifecycleConfiguration,
        tagged=False,
        check=_check,
    ),
)
