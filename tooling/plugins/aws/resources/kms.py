"""Rows of KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.aws.engine.equivalence import policy_document
from tooling.plugins.aws.engine.naming_case import capitals, first, smalls, tag_list, tag_map, unless_gone
from tooling.plugins.aws.engine.refusals import between, not_json, one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Operations, Row, Values

_POLICY_NAME = "default"
"""The only policy name that KMS accepts. Source: KMS API reference, PutKeyPolicy."""


class KmsOperations(Operations):
    @property
    def kms(self) -> Any:
        return self.scope.client("kms")


class Key(KmsOperations):
    found_by_tag = True

    def create(self, inputs: Values) -> str:
        bypass = {"BypassPolicyLockoutSafetyCheck": True} if inputs.get("bypassPolicyLockoutSafetyCheck") else {}
        answer = self.kms.create_key(
            KeySpec=inputs["customerMasterKeySpec"],
            Tags=tag_list(inputs.get("tagsAll"), key="TagKey", value="TagValue"),
            **capitals(inputs, ("description", "keyUsage", "multiRegion", "policy")),
            **bypass,
        )
        return answer["KeyMetadata"]["KeyId"]

    def complete(self, resource_id: str, inputs: Values) -> None:
        if inputs["enableKeyRotation"]:
            self._rotate(resource_id, inputs)
        if not inputs["isEnabled"]:
            self.kms.disable_key(KeyId=resource_id)

    def _rotate(self, resource_id: str, inputs: Values) -> None:
        if inputs["enableKeyRotation"]:
            self.kms.enable_key_rotation(KeyId=resource_id)
        else:
            self.kms.disable_key_rotation(KeyId=resource_id)

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.kms.describe_key, KeyId=resource_id)
        if found is None or found["KeyMetadata"]["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        key = found["KeyMetadata"]
        rotation = self.kms.get_key_rotation_status(KeyId=resource_id)
        tags = self.kms.list_resource_tags(KeyId=resource_id)["Tags"]
        return {
            **smalls(key, ("arn", "keyId", "description", "keyUsage", "multiRegion")),
            "customerMasterKeySpec": key["KeySpec"],
            "isEnabled": key["Enabled"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "policy": self.kms.get_key_policy(KeyId=resource_id, PolicyName=_POLICY_NAME)["Policy"],
            "tagsAll": tag_map(tags, key="TagKey", value="TagValue"),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "isEnabled" in changed and inputs["isEnabled"]:  # a disabled key rejects all other changes
            self.kms.enable_key(KeyId=resource_id)
        if "enableKeyRotation" in changed:
            self._rotate(resource_id, inputs)
        if "description" in changed:
            self.kms.update_key_description(KeyId=resource_id, Description=inputs.get("description", ""))
        if "policy" in changed:
            self.kms.put_key_policy(
                KeyId=resource_id,
                PolicyName=_POLICY_NAME,
                Policy=inputs["policy"],
                BypassPolicyLockoutSafetyCheck=bool(inputs.get("bypassPolicyLockoutSafetyCheck")),
            )
        if "isEnabled" in changed and not inputs["isEnabled"]:
            self.kms.disable_key(KeyId=resource_id)

    def delete(self, resource_id: str, state: Values) -> None:
        days = state.get("deletionWindowInDays") or 30
        self.kms.schedule_key_deletion(KeyId=resource_id, PendingWindowInDays=days)

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.kms.tag_resource(KeyId=resource_id, Tags=tag_list(tags, key="TagKey", value="TagValue"))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.kms.untag_resource(KeyId=resource_id, TagKeys=keys)


class Alias(KmsOperations):
    def create(self, inputs: Values) -> str:
        self.kms.create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return inputs["name"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        pages = self.kms.get_paginator("list_aliases").paginate()
        alias = first(alias for page in pages for alias in page["Aliases"] if alias["AliasName"] == resource_id)
        if alias is None:
            return None
        key_id = _key_id(alias["TargetKeyId"])
        return {
            "arn": alias["AliasArn"],
            "name": resource_id,
            "targetKeyId": key_id,
            "targetKeyArn": self.scope.arn("kms", f"key/{key_id}"),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self.kms.update_alias(AliasName=resource_id, TargetKeyId=inputs["targetKeyId"])

    def delete(self, resource_id: str, state: Values) -> None:
        self.kms.delete_alias(AliasName=resource_id)


def _key_id(written: Any) -> Any:
    """The id of a key that is given by id or by ARN."""
    return str(written).rsplit("/", 1)[-1]


def _no_alias_name(name: Any) -> str | None:
    return None if str(name).startswith("alias/") else "an alias begins with `alias/`"


ROWS = (
    Row(
        pulumi_name="aws:kms/key:Key",
        source="kms_key",
        inputs={
            "description": Input(computed=True),
            "deletionWindowInDays": Input(write_only=True, refusal=between(7, 30)),
            "enableKeyRotation": Input(default=False),
            "policy": Input(computed=True, canonical_form=policy_document, refusal=not_json),
            "multiRegion": Input(computed=True, replaces=True),
            "keyUsage": Input(
                default="ENCRYPT_DECRYPT",
                replaces=True,
                refusal=one_of("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
            ),
            "customerMasterKeySpec": Input(default="SYMMETRIC_DEFAULT", replaces=True),
            "isEnabled": Input(default=True),
            "bypassPolicyLockoutSafetyCheck": Input(default=False, write_only=True),
        },
        outputs=("arn", "keyId"),
        operations=Key,
    ),
    Row(
        pulumi_name="aws:kms/alias:Alias",
        source="kms_alias",
        inputs={"targetKeyId": Input(required=True, canonical_form=_key_id)},
        outputs=("arn", "targetKeyArn"),
        operations=Alias,
        name=GeneratedName(
            input="name", prefix_input="namePrefix", longest=256, beginning="alias/", refusal=_no_alias_name
        ),
        tagged=False,
        recomputed={"targetKeyId": ("targetKeyArn",)},
    ),
)
