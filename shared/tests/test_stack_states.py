"""Where states are in S3, and the encryption context that ties a KMS key to a stack."""

from __future__ import annotations

import pytest

from shared.stack_states import (
    StateObjects,
    layout_object,
    secrets_provider_of,
    state_bucket,
    state_prefix,
)


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("awskms://alias/states", "awskms://alias/states?context_stack=demo%2Fdev"),
        ("awskms://alias/states?region=us-east-1", "awskms://alias/states?region=us-east-1&context_stack=demo%2Fdev"),
        ("awskms:///arn:aws:kms:us-east-1:1:key/x", "awskms:///arn:aws:kms:us-east-1:1:key/x?context_stack=demo%2Fdev"),
        ("awskms://alias/states?context_stack=own", "awskms://alias/states?context_stack=own"),
        ("passphrase", "passphrase"),
        ("", ""),
    ],
)
def test_a_kms_key_is_used_with_the_context_of_the_stack(provider: str, expected: str) -> None:
    assert secrets_provider_of(provider, "demo", "dev") == expected


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://states", "states", ""),
        ("s3://states?region=us-east-1", "states", ""),
        ("s3://states/a/b/?region=us-east-1", "states", "a/b/"),
        ("file:///tmp/x", "", "tmp/x/"),
        ("", "", ""),
    ],
)
def test_a_backend_in_s3_has_a_bucket_and_a_prefix(url: str, bucket: str, prefix: str) -> None:
    assert (state_bucket(url), state_prefix(url)) == (bucket, prefix)


def test_objects_of_a_stack() -> None:
    assert StateObjects.of("a/", "demo", "dev") == StateObjects(
        state="a/.pulumi/stacks/demo/dev.json*",
        further=(
            "a/.pulumi/stacks/demo/dev.pulumi-tags",
            "a/.pulumi/history/demo/dev/*",
            "a/.pulumi/backups/demo/dev/*",
            "a/.pulumi/locks/organization/demo/dev/*",
        ),
    )
    assert layout_object("a/") == "a/.pulumi/meta.yaml"
