"""KMS."""

from __future__ import annotations

from collections.abc import Iterable

from tooling.aws_types.billing import always, free
from tooling.aws_types.identification import Account, Values, from_inputs, tags_of
from tooling.aws_types.listing import Client, Listing, Tags, Thing, pairs
from tooling.aws_types.row import AwsType, Description


def _key_ids(inputs: Values, account: Account) -> Iterable[str]:
    wanted = tags_of(inputs)
    kms = account.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if described["KeyManager"] != "CUSTOMER" or described["KeyState"] != "Enabled":
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]}
            if wanted and wanted.items() <= tags.items() and described["Description"] == inputs.get("description", ""):
                yield key["KeyId"]


def _key_tags(client: Client, thing: Thing) -> Tags:
    try:
        if client.describe_key(KeyId=thing["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return {}
        return pairs(client.list_resource_tags(KeyId=thing["KeyId"])["Tags"], "TagKey", "TagValue")
    except client.exceptions.ClientError as error:
        # Keys of other owners in the account, and of AWS, deny access.
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return {}
        raise


def _is_own_key(client: Client, thing: Thing) -> bool:
    """Whether it is a person's key, and not one of AWS or one whose deletion is scheduled."""
    metadata = client.describe_key(KeyId=thing["KeyId"])["KeyMetadata"]
    aliases = client.list_aliases(KeyId=thing["KeyId"])["Aliases"]
    return metadata["KeyState"] != "PendingDeletion" and not any(map(_is_aws_alias, aliases))


def _is_aws_alias(alias: Thing) -> bool:
    return alias["AliasName"].startswith("alias/aws/")


TYPES = (
    AwsType(
        pulumi_name="aws:kms/alias:Alias",
        description=Description(
            noun="KMS alias",
            service="kms",
            name=("name",),
            find="aws kms describe-key --key-id {name} --region {region}",
            delete="aws kms delete-alias --alias-name {name} --region {region}",
        ),
        identification=from_inputs("name"),
        listing=Listing(
            service="kms",
            kind="alias",
            operation="list_aliases",
            collection="Aliases",
            identity="AliasName",
            keep=lambda alias: not _is_aws_alias(alias),
        ),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:kms/key:Key",
        description=Description(
            noun="KMS key",
            service="kms",
            find="aws kms list-keys --region {region}",
            uses="aws kms list-grants --key-id {id} --region {region}",
        ),
        identification=_key_ids,
        listing=Listing(
            service="kms",
            kind="key",
            operation="list_keys",
            collection="Keys",
            identity="KeyId",
            confirm=_is_own_key,
            tags=_key_tags,
        ),
        billing=always("kms-key-month", "requests beyond the free tier, and rotated key versions"),
        precious=True,
    ),
)
