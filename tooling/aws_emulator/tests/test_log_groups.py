"""Log groups, where moto differs from CloudWatch Logs."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_key_of_a_group_is_changed_and_taken_away(account: Account) -> None:
    logs = account.emulator.client("logs")
    logs.create_log_group(logGroupName="/a")
    logs.associate_kms_key(logGroupName="/a", kmsKeyId=KEY)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == KEY
    logs.disassociate_kms_key(logGroupName="/a")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    with pytest.raises(ClientError) as refused:
        logs.associate_kms_key(logGroupName="/b", kmsKeyId=KEY)
    assert answer(refused)[0] == "ResourceNotFoundException"
