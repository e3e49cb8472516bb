"""The policies of an account that apply to one request, read through IAM and the resource's own service.

The same on the local lane and on AWS: a client is boto3's. Reads only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import BadInput, PlatformError, nearest
from tooling.iam.documents import Policy, PolicyType, policy
from tooling.iam.evaluation import Policies
from tooling.iam.principals import Principal, root_of, session_of, user

Client = Callable[[str], Any]
"""A boto3 client by service."""

_ARN = re.compile(
    r"arn:(?P<partition>[^:]+):(?P<service>iam|sts)::(?P<account>\d{12}):"
    r"(?P<kind>root|role/|user/|assumed-role/)(?P<rest>.*)"
)
_ABSENT = frozenset(
    {
        "NoSuchEntity",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NotFoundException",
        "RepositoryNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ResourceNotFoundException",
    }
)
"""What AWS says where there is no such thing, or no policy on it."""


class Account:
    def __init__(self, client: Client) -> None:
        self._client = client

    def caller(self, name: str) -> tuple[Principal, Policies]:
        """A principal with its identity policies and boundary.

        Args:
            name: ARN of a role, a role's session, a user or an account's root; or the name of a role.

        Raises:
            BadInput: `iam-principal-invalid`, `iam-principal-unknown`. PlatformError: `iam-not-readable`.
        """
        found = _ARN.fullmatch(name)
        if found is None and (":" in name or "/" in name or not name):
            raise BadInput(
                "iam-principal-invalid",
                f'"{name}" is neither the ARN of a role, session or user nor the name of a role',
                at="PRINCIPAL",
                hint="aws iam list-roles --query 'Roles[].Arn'",
            )
        with _readable():
            if found is None:
                return self._role(name, None, name)
            if found["kind"] == "root":
                return root_of(found["account"], found["partition"]), Policies()
            if found["kind"] == "user/":
                return self._user(found["rest"].rpartition("/")[2], name)
            if found["kind"] == "role/":
                return self._role(found["rest"].rpartition("/")[2], None, name)
            role, _, session = found["rest"].partition("/")
            return self._role(role, session, name)

    def of_resource(self, action: str, arn: str) -> tuple[tuple[Policy, ...], bool]:
        """The resource's own policies, and whether they decide alone: see `Policies.resource_decides`.

        Raises:
            PlatformError: `iam-not-readable`.
        """
        fields = arn.split(":", 5)
        if len(fields) < 6:
            return (), False
        service, name = fields[2], fields[5]
        with _readable():
            if action.startswith("sts:") and service == "iam" and name.startswith("role/"):
                text = self._asked("iam", "get_role", RoleName=name.rpartition("/")[2])
                trust = text["Role"]["AssumeRolePolicyDocument"] if text else None
                return _policies(trust, f"trust policy of {name}"), True
            if service == "s3":
                bucket = name.partition("/")[0]
                answer = self._asked("s3", "get_bucket_policy", Bucket=bucket)
                return _policies(answer and answer["Policy"], f"bucket policy of {bucket}"), False
            if service == "kms" and name.startswith("key/"):
                answer = self._asked("kms", "get_key_policy", KeyId=arn, PolicyName="default")
                return _policies(answer and answer["Policy"], f"key policy of {name}"), True
            if service == "secretsmanager":
                answer = self._asked("secretsmanager", "get_resource_policy", SecretId=arn)
                return _policies(answer and answer.get("ResourcePolicy"), f"resource policy of {name}"), False
            if service == "ecr" and name.startswith("repository/"):
                repository = name.partition("/")[2]
                answer = self._asked("ecr", "get_repository_policy", repositoryName=repository, registryId=fields[4])
                return _policies(answer and answer["policyText"], f"repository policy of {repository}"), False
        return (), False

    def _role(self, name: str, session: str | None, given: str) -> tuple[Principal, Policies]:
        answer = self._asked("iam", "get_role", RoleName=name)
        if answer is None or (given.startswith("arn:") and session is None and answer["Role"]["Arn"] != given):
            raise self._unknown(given)
        role = answer["Role"]
        principal = session_of(
            role["Arn"],
            session or "session",
            unique_id=role["RoleId"],
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags") or ()},
        )
        return principal, self._policies("role", name, role)

    def _user(self, name: str, given: str) -> tuple[Principal, Policies]:
        answer = self._asked("iam", "get_user", UserName=name)
        if answer is None or answer["User"]["Arn"] != given:
            raise self._unknown(given)
        found = answer["User"]
        principal = user(
            found["Arn"],
            unique_id=found["UserId"],
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags") or ()},
        )
        own = self._policies("user", name, found)
        groups = self._client("iam").get_paginator("list_groups_for_user").paginate(UserName=name)
        of_groups = [
            one for page in groups for group in page["Groups"] for one in self._held("group", group["GroupName"])
        ]
        return principal, Policies(identity=(*own.identity, *of_groups), boundary=own.boundary)

    def _policies(self, kind: str, name: str, holder: dict[str, Any]) -> Policies:
        arn = (holder.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        boundary = policy(self._managed(arn), PolicyType.BOUNDARY, arn) if arn else None
        return Policies(identity=tuple(self._held(kind, name)), boundary=boundary)

    def _held(self, kind: str, name: str) -> Iterator[Policy]:
        iam, parameter = self._client("iam"), {f"{kind.title()}Name": name}
        for page in iam.get_paginator(f"list_{kind}_policies").paginate(**parameter):
            for inline in page["PolicyNames"]:
                answer = getattr(iam, f"get_{kind}_policy")(**parameter, PolicyName=inline)
                where = f"inline policy {inline} of {name}"
                yield policy(answer["PolicyDocument"], PolicyType.IDENTITY, where)
        for page in iam.get_paginator(f"list_attached_{kind}_policies").paginate(**parameter):
            for attached in page["AttachedPolicies"]:
                arn = attached["PolicyArn"]
                yield policy(self._managed(arn), PolicyType.IDENTITY, arn)

    def _managed(self, arn: str) -> Any:
        iam = self._client("iam")
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def _asked(self, service: str, operation: str, **parameters: Any) -> Any:
        """The answer; None where AWS says that there is no such thing."""
        try:
            return getattr(self._client(service), operation)(**parameters)
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise

    def _unknown(self, given: str) -> BadInput:
        pages = self._client("iam").get_paginator("list_roles").paginate()
        arns = [role["Arn"] for page in pages for role in page["Roles"]]
        names = arns if given.startswith("arn:") else [arn.rpartition("/")[2] for arn in arns]
        return BadInput(
            "iam-principal-unknown",
            f"the account has no principal {given}{nearest(given, names)}",
            at="PRINCIPAL",
            hint="aws iam list-roles --query 'Roles[].Arn'",
        )


def _policies(document: Any, name: str) -> tuple[Policy, ...]:
    if not document:
        return ()
    return (policy(json.loads(document) if isinstance(document, str) else document, PolicyType.RESOURCE, name),)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        what = _code(error) if isinstance(error, ClientError) else type(error).__name__
        raise PlatformError(
            "iam-not-readable",
            f"the policies cannot be read: {what}",
            at="IAM",
            hint="sign in as somebody who may read IAM, e.g. with the policy IAMReadOnlyAccess; check with: "
            "aws sts get-caller-identity",
        ) from error


def _code(error: ClientError) -> str:
    return str((error.response.get("Error") or {}).get("Code", ""))
