"""S3 answers as IAM decides: identity policies, boundaries, session policies and bucket policies, over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer, document

pytestmark = pytest.mark.process

BUCKET = "tenant-data"
ARN = f"arn:aws:s3:::{BUCKET}"
ROLE = "arn:aws:iam::123456789012:role/team-a"
SESSION = "arn:aws:sts::123456789012:assumed-role/team-a/alice"


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


OWN_OBJECTS = allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], f"{ARN}/a/*")
OWN_LIST = allow("s3:ListBucket", ARN, Condition={"StringLike": {"s3:prefix": "a/*"}})


class Team:
    """Role `team-a` with one policy, a bucket with an object of its own and one of another team."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.owner = account.emulator.client("s3")
        self.owner.create_bucket(Bucket=BUCKET)
        self.owner.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key in ("a/own", "ab/other", "b/secret"):
            self.owner.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        account.role("team-a")
        self.may(OWN_OBJECTS, OWN_LIST)

    def may(self, *statements: dict[str, Any]) -> None:
        self.account.iam.put_role_policy(RoleName="team-a", PolicyName="data", PolicyDocument=document(*statements))

    def may_nothing(self) -> None:
        self.account.iam.delete_role_policy(RoleName="team-a", PolicyName="data")

    def bounded_by(self, *statements: dict[str, Any]) -> None:
        policy = self.account.iam.create_policy(PolicyName="boundary", PolicyDocument=document(*statements))
        arn = policy["Policy"]["Arn"]
        self.account.iam.put_role_permissions_boundary(RoleName="team-a", PermissionsBoundary=arn)

    def bucket_says(self, *statements: dict[str, Any]) -> None:
        self.owner.put_bucket_policy(Bucket=BUCKET, Policy=document(*statements))

    def s3(self, **more: Any) -> Any:
        given = self.account.sts.assume_role(RoleArn=ROLE, RoleSessionName="alice", **more)["Credentials"]
        return self.account.emulator.client(
            "s3",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


@pytest.fixture
def team(account: Account) -> Team:
    return Team(account)


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    """Code and message."""
    with pytest.raises(ClientError) as error:
        call()
    code, message, status = answer(error)
    assert status == 403
    return code, message


def wording(action: str, resource: str, reason: str) -> tuple[str, str]:
    return "AccessDenied", f'User: {SESSION} is not authorized to perform: {action} on resource: "{resource}" {reason}'


def for_want_of_an_identity_policy(action: str, resource: str) -> tuple[str, str]:
    return wording(action, resource, f"because no identity-based policy allows the {action} action")


def test_a_session_reads_writes_and_deletes_below_its_own_prefix_alone(team: Team) -> None:
    s3 = team.s3()
    s3.put_object(Bucket=BUCKET, Key="a/new", Body=b"new")
    assert s3.get_object(Bucket=BUCKET, Key="a/new")["Body"].read() == b"new"
    s3.delete_object(Bucket=BUCKET, Key="a/new")
    for key in ("ab/other", "b/secret", "a", "b/a/"):
        assert refused(lambda key=key: s3.get_object(Bucket=BUCKET, Key=key)) == for_want_of_an_identity_policy(
            "s3:GetObject", f"{ARN}/{key}"
        )
        assert refused(lambda key=key: s3.put_object(Bucket=BUCKET, Key=key, Body=b""))[0] == "AccessDenied"
        assert refused(lambda key=key: s3.delete_object(Bucket=BUCKET, Key=key))[0] == "AccessDenied"
    kept = team.owner.get_object(Bucket=BUCKET, Key="b/secret")
    assert kept["Body"].read() == b"b/secret"


def test_a_head_is_refused_without_a_body(team: Team) -> None:
    with pytest.raises(ClientError) as error:
        team.s3().head_object(Bucket=BUCKET, Key="b/secret")
    assert answer(error)[2] == 403


@pytest.mark.parametrize("prefix", ["", "a", "ab/", "b/", None])
def test_a_session_lists_its_own_prefix_alone(team: Team, prefix: str | None) -> None:
    s3 = team.s3()
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="a/")["Contents"]
    assert [one["Key"] for one in found] == ["a/own"]
    more = {} if prefix is None else {"Prefix": prefix}
    for operation in (s3.list_objects_v2, s3.list_objects):
        assert refused(lambda operation=operation: operation(Bucket=BUCKET, **more)) == for_want_of_an_identity_policy(
            "s3:ListBucket", ARN
        )


def test_versions_uploads_and_buckets_are_listed_by_rights_of_their_own(team: Team) -> None:
    s3 = team.s3()
    assert refused(lambda: s3.list_object_versions(Bucket=BUCKET, Prefix="a/")) == for_want_of_an_identity_policy(
        "s3:ListBucketVersions", ARN
    )
    assert refused(lambda: s3.list_multipart_uploads(Bucket=BUCKET, Prefix="a/")) == for_want_of_an_identity_policy(
        "s3:ListBucketMultipartUploads", ARN
    )
    assert refused(s3.list_buckets) == for_want_of_an_identity_policy("s3:ListAllMyBuckets", "*")


def test_a_copy_needs_both_its_source_and_its_target(team: Team) -> None:
    s3 = team.s3()
    s3.copy_object(Bucket=BUCKET, Key="a/copy", CopySource={"Bucket": BUCKET, "Key": "a/own"})
    steal = {"Bucket": BUCKET, "Key": "b/secret"}
    assert refused(
        lambda: s3.copy_object(Bucket=BUCKET, Key="a/stolen", CopySource=steal)
    ) == for_want_of_an_identity_policy("s3:GetObject", f"{ARN}/b/secret")
    assert refused(
        lambda: s3.copy_object(Bucket=BUCKET, Key="b/planted", CopySource={"Bucket": BUCKET, "Key": "a/own"})
    ) == for_want_of_an_identity_policy("s3:PutObject", f"{ARN}/b/planted")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="a/parts")["UploadId"]
    part = {"Bucket": BUCKET, "Key": "a/parts", "UploadId": upload, "PartNumber": 1}
    assert refused(lambda: s3.upload_part_copy(**part, CopySource=steal)) == for_want_of_an_identity_policy(
        "s3:GetObject", f"{ARN}/b/secret"
    )
    keys = {one["Key"] for one in team.owner.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert keys == {"a/own", "a/copy", "ab/other", "b/secret"}


def test_an_upload_in_parts_is_one_of_its_key(team: Team) -> None:
    s3 = team.s3()
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="a/parts")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="a/parts", UploadId=upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key="a/parts", UploadId=upload, MultipartUpload=parts)
    assert refused(lambda: s3.create_multipart_upload(Bucket=BUCKET, Key="b/x"))[0] == "AccessDenied"
    foreign = team.owner.create_multipart_upload(Bucket=BUCKET, Key="b/x")["UploadId"]
    for call in (
        lambda: s3.upload_part(Bucket=BUCKET, Key="b/x", UploadId=foreign, PartNumber=1, Body=b""),
        lambda: s3.list_parts(Bucket=BUCKET, Key="b/x", UploadId=foreign),
        lambda: s3.abort_multipart_upload(Bucket=BUCKET, Key="b/x", UploadId=foreign),
        lambda: s3.complete_multipart_upload(Bucket=BUCKET, Key="b/x", UploadId=foreign, MultipartUpload=parts),
    ):
        assert refused(call)[0] == "AccessDenied"


def test_an_older_version_is_a_right_of_its_own(team: Team) -> None:
    version = team.owner.put_object(Bucket=BUCKET, Key="a/own", Body=b"2")["VersionId"]
    s3 = team.s3()
    assert refused(
        lambda: s3.get_object(Bucket=BUCKET, Key="a/own", VersionId=version)
    ) == for_want_of_an_identity_policy("s3:GetObjectVersion", f"{ARN}/a/own")
    assert refused(
        lambda: s3.delete_object(Bucket=BUCKET, Key="a/own", VersionId=version)
    ) == for_want_of_an_identity_policy("s3:DeleteObjectVersion", f"{ARN}/a/own")


def test_no_object_is_deleted_where_one_of_several_may_not_be(team: Team) -> None:
    s3 = team.s3()
    both = {"Objects": [{"Key": "a/own"}, {"Key": "b/secret"}]}
    assert refused(lambda: s3.delete_objects(Bucket=BUCKET, Delete=both)) == for_want_of_an_identity_policy(
        "s3:DeleteObject", f"{ARN}/b/secret"
    )
    assert len(team.owner.list_objects_v2(Bucket=BUCKET)["Contents"]) == 3
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a/own"}]})


def test_an_acl_or_tags_need_rights_beside_the_upload(team: Team) -> None:
    s3 = team.s3()
    for more, action in (({"ACL": "public-read"}, "s3:PutObjectAcl"), ({"Tagging": "a=b"}, "s3:PutObjectTagging")):
        assert refused(
            lambda more=more: s3.put_object(Bucket=BUCKET, Key="a/x", Body=b"", **more)
        ) == for_want_of_an_identity_policy(action, f"{ARN}/a/x")
    assert refused(
        lambda: s3.put_object_acl(Bucket=BUCKET, Key="a/own", ACL="public-read")
    ) == for_want_of_an_identity_policy("s3:PutObjectAcl", f"{ARN}/a/own")


def test_the_bucket_itself_is_out_of_reach(team: Team) -> None:
    s3 = team.s3()
    for call, action in (
        (lambda: s3.get_bucket_policy(Bucket=BUCKET), "s3:GetBucketPolicy"),
        (lambda: s3.put_bucket_policy(Bucket=BUCKET, Policy=document(allow("*", Principal="*"))), "s3:PutBucketPolicy"),
        (lambda: s3.delete_bucket_policy(Bucket=BUCKET), "s3:DeleteBucketPolicy"),
        (lambda: s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read"), "s3:PutBucketAcl"),
        (lambda: s3.delete_public_access_block(Bucket=BUCKET), "s3:PutBucketPublicAccessBlock"),
        (lambda: s3.get_bucket_versioning(Bucket=BUCKET), "s3:GetBucketVersioning"),
        (lambda: s3.delete_bucket(Bucket=BUCKET), "s3:DeleteBucket"),
    ):
        assert refused(call) == for_want_of_an_identity_policy(action, ARN)
    assert refused(lambda: s3.create_bucket(Bucket="mine")) == for_want_of_an_identity_policy(
        "s3:CreateBucket", "arn:aws:s3:::mine"
    )


def test_a_boundary_limits_the_role(team: Team) -> None:
    team.may(allow("s3:*"))
    team.bounded_by(allow("s3:GetObject", f"{ARN}/a/*"))
    s3 = team.s3()
    s3.get_object(Bucket=BUCKET, Key="a/own")
    assert refused(lambda: s3.get_object(Bucket=BUCKET, Key="b/secret")) == wording(
        "s3:GetObject", f"{ARN}/b/secret", "because no permissions boundary allows the s3:GetObject action"
    )


def test_a_session_policy_limits_the_session_alone(team: Team) -> None:
    narrow = document(allow("s3:GetObject", f"{ARN}/a/own"))
    assert refused(lambda: team.s3(Policy=narrow).put_object(Bucket=BUCKET, Key="a/own", Body=b"")) == wording(
        "s3:PutObject", f"{ARN}/a/own", "because no session policy allows the s3:PutObject action"
    )
    team.s3(Policy=narrow).get_object(Bucket=BUCKET, Key="a/own")
    team.s3().put_object(Bucket=BUCKET, Key="a/own", Body=b"")
    arn = team.account.iam.create_policy(PolicyName="read", PolicyDocument=narrow)["Policy"]["Arn"]
    managed = team.s3(PolicyArns=[{"arn": arn}])
    managed.get_object(Bucket=BUCKET, Key="a/own")
    assert refused(lambda: managed.delete_object(Bucket=BUCKET, Key="a/own"))[0] == "AccessDenied"


def test_a_bucket_policy_denies_by_condition_and_grants_by_principal(team: Team) -> None:
    insecure = deny("s3:*", [ARN, f"{ARN}/*"], Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    team.bucket_says(insecure, allow("s3:GetObject", f"{ARN}/b/*", Principal={"AWS": ROLE}))
    s3 = team.s3()
    s3.get_object(Bucket=BUCKET, Key="a/own")
    s3.get_object(Bucket=BUCKET, Key="b/secret")
    team.bucket_says(deny("s3:GetObject", f"{ARN}/a/*", Principal={"AWS": ROLE}))
    assert refused(lambda: s3.get_object(Bucket=BUCKET, Key="a/own")) == wording(
        "s3:GetObject", f"{ARN}/a/own", "with an explicit deny in a resource-based policy"
    )


def test_tags_of_the_session_fill_in_a_policys_variables(team: Team) -> None:
    team.may(allow("s3:GetObject", f"{ARN}/${{aws:PrincipalTag/team}}/*"))
    tagged = team.s3(Tags=[{"Key": "team", "Value": "b"}])
    tagged.get_object(Bucket=BUCKET, Key="b/secret")
    assert refused(lambda: tagged.get_object(Bucket=BUCKET, Key="a/own"))[0] == "AccessDenied"
    assert refused(lambda: team.s3().get_object(Bucket=BUCKET, Key="b/secret"))[0] == "AccessDenied"
    star = team.s3(Tags=[{"Key": "team", "Value": "*"}])
    assert refused(lambda: star.get_object(Bucket=BUCKET, Key="b/secret"))[0] == "AccessDenied"


def test_a_role_of_another_account_needs_both_sides(team: Team) -> None:
    foreign = team.account.of_account("210987654321", "iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    arn = foreign.create_role(RoleName="stranger", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    s3 = team.account.emulator.client("s3", **team.account.session(arn))
    assert refused(lambda: s3.get_object(Bucket=BUCKET, Key="b/secret"))[0] == "AccessDenied"
    foreign.put_role_policy(RoleName="stranger", PolicyName="all", PolicyDocument=document(allow("s3:*")))
    _, message = refused(lambda: s3.get_object(Bucket=BUCKET, Key="b/secret"))
    assert message.endswith("because no resource-based policy allows the s3:GetObject action")
    team.bucket_says(allow("s3:GetObject", f"{ARN}/b/*", Principal={"AWS": "210987654321"}))
    s3.get_object(Bucket=BUCKET, Key="b/secret")
    foreign.delete_role_policy(RoleName="stranger", PolicyName="all")
    assert refused(lambda: s3.get_object(Bucket=BUCKET, Key="b/secret"))[0] == "AccessDenied"


def raw(team: Team, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(
        f"{team.account.emulator.endpoint_url}{path}", headers=headers or {}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def presigned(team: Team, operation: str, key: str) -> str:
    """The path, with its query."""
    endpoint = team.account.emulator.endpoint_url
    make: Any = boto3.Session(**team.account.session(ROLE)).client  # type: ignore[arg-type]
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    client = make("s3", region_name="us-east-1", endpoint_url=endpoint, config=config)
    return client.generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": key}).removeprefix(endpoint)


def test_who_does_not_sign_is_nobody(team: Team) -> None:
    status, body = raw(team, f"/{BUCKET}/b/secret")
    assert (status, "<Code>AccessDenied</Code>" in body) == (403, True)
    team.bucket_says(allow("s3:GetObject", f"{ARN}/b/*", Principal="*"))
    assert raw(team, f"/{BUCKET}/b/secret") == (200, "b/secret")


def test_a_presigned_address_has_the_rights_of_who_signed_it(team: Team) -> None:
    def path(key: str) -> str:
        return presigned(team, "get_object", key)

    assert raw(team, path("a/own")) == (200, "a/own")
    status, body = raw(team, path("b/secret"))
    assert (status, "s3:GetObject" in body) == (403, True)


def test_what_can_be_read_in_two_ways_is_refused(team: Team) -> None:
    team.may(allow("s3:GetObjectAcl", f"{ARN}/*"))
    path = presigned(team, "get_object_acl", "b/secret")
    assert raw(team, path)[0] == 200
    status, body = raw(team, path.replace("?acl", "?acl&tagging"))
    assert (status, "several subresources: acl, tagging" in body) == (501, True)
    status, body = raw(team, path, headers={"Host": f"{BUCKET}.s3.amazonaws.com"})
    assert (status, "from the path, not from the host" in body) == (501, True)


def test_a_condition_that_the_lane_does_not_know_is_an_error_and_no_permission(team: Team) -> None:
    team.may(allow("s3:GetObject", f"{ARN}/*", Condition={"NumericLessThan": {"s3:signatureAge": "1000"}}))
    with pytest.raises(ClientError) as error:
        team.s3().get_object(Bucket=BUCKET, Key="a/own")
    code, message, status = answer(error)
    assert (code, status) == ("NotModelledByLocalLane", 501)
    assert "s3:signatureage" in message
