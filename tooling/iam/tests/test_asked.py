"""What a person asks about is checked before anything is read: action, resource, condition keys."""

from __future__ import annotations

import pytest

from shared.errors import BadInput
from tooling.iam.asked import action_of, context_of, resource_of

OBJECT = "arn:aws:s3:::b/a/x"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("s3:GetObject", "s3:GetObject"),
        ("S3:getobject", "s3:GetObject"),
        ("eks-auth:AssumeRoleForPodIdentity", "eks-auth:AssumeRoleForPodIdentity"),
    ],
)
def test_an_action_is_spelled_as_aws_does(text: str, spelled: str) -> None:
    assert action_of(text) == spelled


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("s3:GetObjekt", 'did you mean "GetObject"?'),
        ("s4:GetObject", "no service s4"),
        ("s3:*", "no action *"),
        ("GetObject", "no service GetObject"),
        ("s3:", "no service s3"),
        ("", "no service"),
    ],
)
def test_an_action_that_aws_does_not_have_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput) as error:
        action_of(text)
    assert error.value.code == "iam-action-unknown"
    assert says in error.value.what


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", OBJECT),
        ("s3:ListBucket", "arn:aws:s3:::b"),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/path/name"),
        ("s3:ListAllMyBuckets", "*"),
    ],
)
def test_a_resource_is_one_of_the_actions(action: str, resource: str) -> None:
    assert resource_of(resource, action) == resource


@pytest.mark.parametrize(
    ("action", "resource", "says"),
    [
        ("s3:GetObject", "*", "about one resource"),
        ("s3:GetObject", "arn:aws:s3:::b", "no resource of s3:GetObject"),
        ("s3:GetObject", "arn:aws:s3:::b/*", "a pattern"),
        ("s3:GetObject", "b/a", "no ARN"),
        ("s3:GetObject", "arn:aws:s3", "no ARN"),
        ("s3:ListAllMyBuckets", OBJECT, "not about a resource"),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:alias/x", "no resource of kms:Decrypt"),
    ],
)
def test_any_other_resource_is_refused_with_the_form_to_give(action: str, resource: str, says: str) -> None:
    with pytest.raises(BadInput) as error:
        resource_of(resource, action)
    assert error.value.code == "iam-resource-invalid"
    assert says in error.value.what


def test_a_condition_key_may_have_several_values() -> None:
    given = context_of(["aws:TagKeys=a", "s3:prefix=a/=b", "aws:TagKeys=c"])
    assert given == {"aws:TagKeys": ("a", "c"), "s3:prefix": ("a/=b",)}


@pytest.mark.parametrize("pair", ["s3:prefiks=a", "s3:prefix", "", "=a"])
def test_a_condition_key_that_aws_does_not_have_is_refused(pair: str) -> None:
    with pytest.raises(BadInput) as error:
        context_of([pair])
    assert error.value.code == "iam-context-invalid"
