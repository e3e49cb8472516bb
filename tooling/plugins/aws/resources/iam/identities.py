"""Rows of IAM: roles, policies and their attachments, and OIDC providers. IAM has no region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tooling.plugins.aws.engine.equivalence import policy_document
from tooling.plugins.aws.engine.errors import is_gone
from tooling.plugins.aws.engine.naming_case import capitals, first, smalls, tag_list, tag_map, unless_gone
from tooling.plugins.aws.engine.refusals import between, not_json
from tooling.plugins.aws.engine.row import GeneratedName, Input, Operations, Row, Values

_MOST_POLICY_VERSIONS = 5
"""IAM keeps at most this many versions of a managed policy. Source: IAM user guide, "IAM and AWS STS quotas"."""


class IamOperations(Operations):
    @property
    def iam(self) -> Any:
        return self.scope.client("iam")


class Role(IamOperations):
    def create(self, inputs: Values) -> str:
        answer = self.iam.create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=tag_list(inputs.get("tagsAll")),
            **capitals(inputs, ("path", "description", "maxSessionDuration", "permissionsBoundary")),
        )
        return answer["Role"]["RoleName"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.iam.get_role, RoleName=resource_id)
        if found is None:
            return None
        role = found["Role"]
        return {
            "name": role["RoleName"],
            "uniqueId": role["RoleId"],
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "permissionsBoundary": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "tagsAll": tag_map(role.get("Tags")),
            **smalls(role, ("arn", "path", "description", "maxSessionDuration", "createDate")),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "assumeRolePolicy" in changed:
            self.iam.update_assume_role_policy(RoleName=resource_id, PolicyDocument=inputs["assumeRolePolicy"])
        if changed & {"description", "maxSessionDuration"}:
            self.iam.update_role(
                RoleName=resource_id,
                Description=inputs.get("description", ""),
                MaxSessionDuration=inputs["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed and inputs.get("permissionsBoundary"):
            boundary = inputs["permissionsBoundary"]
            self.iam.put_role_permissions_boundary(RoleName=resource_id, PermissionsBoundary=boundary)
        elif "permissionsBoundary" in changed:
            self.iam.delete_role_permissions_boundary(RoleName=resource_id)

    def delete(self, resource_id: str, state: Values) -> None:
        if state.get("forceDetachPolicies"):
            attached = self.iam.list_attached_role_policies(RoleName=resource_id)
            for policy in attached["AttachedPolicies"]:
                self.iam.detach_role_policy(RoleName=resource_id, PolicyArn=policy["PolicyArn"])
            for name in self.iam.list_role_policies(RoleName=resource_id)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=resource_id, PolicyName=name)
        self.iam.delete_role(RoleName=resource_id)

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.iam.tag_role(RoleName=resource_id, Tags=tag_list(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.iam.untag_role(RoleName=resource_id, TagKeys=keys)


class Policy(IamOperations):
    def create(self, inputs: Values) -> str:
        answer = self.iam.create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
            Tags=tag_list(inputs.get("tagsAll")),
            **capitals(inputs, ("path", "description")),
        )
        return answer["Policy"]["Arn"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.iam.get_policy, PolicyArn=resource_id)
        if found is None:
            return None
        policy = found["Policy"]
        version = self.iam.get_policy_version(PolicyArn=resource_id, VersionId=policy["DefaultVersionId"])
        return {
            "name": policy["PolicyName"],
            "policy": json.dumps(version["PolicyVersion"]["Document"]),
            "tagsAll": tag_map(policy.get("Tags")),
            **smalls(policy, ("arn", "path", "description", "policyId", "attachmentCount")),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "policy" not in changed:
            return
        versions = self.iam.list_policy_versions(PolicyArn=resource_id)["Versions"]
        if len(versions) >= _MOST_POLICY_VERSIONS:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda version: version["CreateDate"])
            self.iam.delete_policy_version(PolicyArn=resource_id, VersionId=oldest["VersionId"])
        self.iam.create_policy_version(PolicyArn=resource_id, PolicyDocument=inputs["policy"], SetAsDefault=True)

    def delete(self, resource_id: str, state: Values) -> None:
        for version in self.iam.list_policy_versions(PolicyArn=resource_id)["Versions"]:
            if not version["IsDefaultVersion"]:
                self.iam.delete_policy_version(PolicyArn=resource_id, VersionId=version["VersionId"])
        self.iam.delete_policy(PolicyArn=resource_id)

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.iam.tag_policy(PolicyArn=resource_id, Tags=tag_list(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.iam.untag_policy(PolicyArn=resource_id, TagKeys=keys)


class RolePolicy(IamOperations):
    def create(self, inputs: Values) -> str:
        self._put(inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def _put(self, inputs: Values) -> None:
        self.iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        role, name = resource_id.split(":", 1)
        found = unless_gone(self.iam.get_role_policy, RoleName=role, PolicyName=name)
        return found and {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self._put(inputs)

    def delete(self, resource_id: str, state: Values) -> None:
        role, name = resource_id.split(":", 1)
        self.iam.delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(IamOperations):
    def create(self, inputs: Values) -> str:
        self.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        role, policy_arn = resource_id.split("/", 1)
        try:
            pages = self.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
            attached = {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return {"role": role, "policyArn": policy_arn} if policy_arn in attached else None

    def delete(self, resource_id: str, state: Values) -> None:
        role, policy_arn = resource_id.split("/", 1)
        self.iam.detach_role_policy(RoleName=role, PolicyArn=policy_arn)


class OpenIdConnectProvider(IamOperations):
    def create(self, inputs: Values) -> str:
        thumbprints = {"ThumbprintList": inputs["thumbprintLists"]} if inputs.get("thumbprintLists") else {}
        answer = self.iam.create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            Tags=tag_list(inputs.get("tagsAll")),
            **thumbprints,
        )
        return answer["OpenIDConnectProviderArn"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.iam.get_open_id_connect_provider, OpenIDConnectProviderArn=resource_id)
        return found and {
            "arn": resource_id,
            "url": found["Url"],
            "clientIdLists": found["ClientIDList"],
            "thumbprintLists": found["ThumbprintList"],
            "tagsAll": tag_map(found.get("Tags")),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "thumbprintLists" in changed:
            self.iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=resource_id, ThumbprintList=inputs["thumbprintLists"]
            )

    def delete(self, resource_id: str, state: Values) -> None:
        self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=resource_id)

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=resource_id, Tags=tag_list(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=resource_id, TagKeys=keys)


def _without_scheme(url: Any) -> Any:
    return str(url).removeprefix("https://")


def _not_https(url: Any) -> str | None:
    return None if str(url).startswith("https://") else "an issuer begins with `https://`"


def _wrong_thumbprints(values: Any) -> str | None:
    wrong = first(value for value in values if len(str(value)) != 40)
    return None if wrong is None else f"a thumbprint has 40 hexadecimal digits, {wrong!r} has {len(str(wrong))}"


_POLICY = Input(required=True, canonical_form=policy_document, refusal=not_json)

ROWS = (
    Row(
        pulumi_name="aws:iam/role:Role",
        source="iam_role",
        inputs={
            "assumeRolePolicy": _POLICY,
            "description": Input(),
            "path": Input(default="/", replaces=True),
            "maxSessionDuration": Input(default=3600, refusal=between(3600, 43200)),
            "permissionsBoundary": Input(),
            "forceDetachPolicies": Input(default=False, write_only=True),
        },
        outputs=("arn", "createDate", "uniqueId"),
        operations=Role,
        name=GeneratedName(input="name", prefix_input="namePrefix", longest=64),
        regional=False,
    ),
    Row(
        pulumi_name="aws:iam/policy:Policy",
        source="iam_policy",
        inputs={
            "policy": _POLICY,
            "description": Input(replaces=True),
            "path": Input(default="/", replaces=True),
        },
        outputs=("arn", "attachmentCount", "policyId"),
        operations=Policy,
        name=GeneratedName(input="name", prefix_input="namePrefix", longest=128),
        regional=False,
    ),
    Row(
        pulumi_name="aws:iam/rolePolicy:RolePolicy",
        source="iam_role_policy",
        inputs={"role": Input(required=True, replaces=True), "policy": _POLICY},
        outputs=(),
        operations=RolePolicy,
        name=GeneratedName(input="name", prefix_input="namePrefix", longest=128),
        tagged=False,
        regional=False,
        import_note="<role>:<name>",
    ),
    Row(
        pulumi_name="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        source="iam_role_policy_attachment",
        inputs={"role": Input(required=True, replaces=True), "policyArn": Input(required=True, replaces=True)},
        outputs=(),
        operations=RolePolicyAttachment,
        tagged=False,
        regional=False,
        import_note="<role>/<policy ARN>",
    ),
    Row(
        pulumi_name="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        source="iam_openid_connect_provider",
        inputs={
            "url": Input(required=True, replaces=True, canonical_form=_without_scheme, refusal=_not_https),
            "clientIdLists": Input(
                required=True, unordered=True, fixed="moto has no AddClientIDToOpenIDConnectProvider"
            ),
            "thumbprintLists": Input(computed=True, refusal=_wrong_thumbprints),
        },
        outputs=("arn",),
        operations=OpenIdConnectProvider,
        regional=False,
    ),
)
