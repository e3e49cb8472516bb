"""What is created again under a name has nothing of what had the name before."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer


def test_group_that_is_created_again_has_nothing_of_the_first_one(account: Account) -> None:
    logs = account.emulator.client("logs")
    for tags in ({"owner": "platform"}, {}):
        logs.create_log_group(logGroupName="/a", tags=tags)
        (group,) = logs.describe_log_groups()["logGroups"]
        arn = group["arn"].removesuffix(":*")
        assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == tags
        logs.delete_log_group(logGroupName="/a")


def test_bucket_that_is_created_again_has_nothing_of_the_first_one(account: Account) -> None:
    s3 = account.emulator.client("s3")
    s3.create_bucket(Bucket="tenants")
    s3.put_bucket_tagging(Bucket="tenants", Tagging={"TagSet": [{"Key": "owner", "Value": "platform"}]})
    s3.delete_bucket(Bucket="tenants")
    s3.create_bucket(Bucket="tenants")
    with pytest.raises(ClientError) as refused:
        s3.get_bucket_tagging(Bucket="tenants")
    assert answer(refused)[0] == "NoSuchTagSet"
