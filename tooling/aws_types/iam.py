"""IAM."""

from __future__ import annotations

from collections.abc import Iterable

from tooling.aws_types.billing import free
from tooling.aws_types.identification import Account, Values, from_inputs
from tooling.aws_types.listing import Client, Listing, Tags, Thing, pairs
from tooling.aws_types.row import AwsType, Description


def _policy(inputs: Values, account: Account) -> Iterable[str]:
    return [account.arn("iam", f"policy{inputs.get('path') or '/'}{inputs['name']}")] if inputs.get("name") else []


def _oidc_provider(inputs: Values, account: Account) -> Iterable[str]:
    return [account.arn("iam", f"oidc-provider/{str(inputs['url']).removeprefix('https://')}")]


def _role(client: Client, thing: Thing) -> Tags:
    return pairs(client.list_role_tags(RoleName=thing["RoleName"])["Tags"])


def _remove_role(client: Client, thing: Thing) -> None:
    """IAM deletes a role only if it has no policy and is in no instance profile. Source: IAM, DeleteRole."""
    name = thing["RoleName"]
    for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for policy in page["AttachedPolicies"]:
            client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for page in client.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
    for page in client.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name):
        for profile in page["InstanceProfiles"]:
            client.remove_role_from_instance_profile(RoleName=name, InstanceProfileName=profile["InstanceProfileName"])
    client.delete_role(RoleName=name)


TYPES = (
    AwsType(
        pulumi_name="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        description=Description(
            noun="OIDC provider",
            service="iam",
            name=("url",),
            find="aws iam list-open-id-connect-providers",
            delete="aws iam delete-open-id-connect-provider --open-id-connect-provider-arn <its ARN>",
            adoptable=True,
        ),
        identification=_oidc_provider,
        listing=Listing(
            service="iam",
            kind="oidc-provider",
            operation="list_open_id_connect_providers",
            collection="OpenIDConnectProviderList",
            identity="Arn",
            paginated=False,
            tags=lambda client, thing: pairs(
                client.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=thing["Arn"])["Tags"]
            ),
            remove=lambda client, thing: client.delete_open_id_connect_provider(OpenIDConnectProviderArn=thing["Arn"]),
        ),
        billing=free,
        precious=True,
    ),
    AwsType(
        pulumi_name="aws:iam/policy:Policy",
        description=Description(
            noun="IAM policy",
            service="iam",
            name=("name",),
            find="aws iam list-policies --scope Local --query \"Policies[?PolicyName=='{name}']\"",
            delete="aws iam delete-policy --policy-arn <its ARN>",
            uses="aws iam list-entities-for-policy --policy-arn {id}",
            adoptable=True,
        ),
        identification=_policy,
        listing=Listing(
            service="iam",
            kind="policy",
            operation="list_policies",
            collection="Policies",
            identity="Arn",
            parameters={"Scope": "Local"},
            tags=lambda client, thing: pairs(client.list_policy_tags(PolicyArn=thing["Arn"])["Tags"]),
        ),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:iam/role:Role",
        description=Description(
            noun="IAM role",
            service="iam",
            name=("name",),
            find="aws iam get-role --role-name {name}",
            delete="aws iam delete-role --role-name {name}",
            uses="aws iam list-instance-profiles-for-role --role-name {name}; "
            "aws iam list-attached-role-policies --role-name {name}; aws iam list-role-policies --role-name {name}",
            adoptable=True,
        ),
        identification=from_inputs("name"),
        listing=Listing(
            service="iam",
            kind="role",
            operation="list_roles",
            collection="Roles",
            identity="Arn",
            keep=lambda role: not role["Path"].startswith("/aws-service-role/"),
            tags=_role,
            remove=_remove_role,
        ),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:iam/rolePolicy:RolePolicy",
        description=Description(
            noun="policy of IAM role",
            service="iam",
            name=("role", "name"),
            find="aws iam get-role-policy --role-name {role} --policy-name {name}",
        ),
        identification=from_inputs("role", "name"),
        listing="goes with its role",
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        description=Description(
            noun="policy of IAM role",
            service="iam",
            name=("role", "policyArn"),
            find="aws iam list-attached-role-policies --role-name {role}",
        ),
        identification=from_inputs("role", "policyArn", separator="/"),
        listing="goes with its role",
        billing=free,
    ),
)

OTHERS = (
    Listing(
        service="iam",
        kind="instance-profile",
        operation="list_instance_profiles",
        collection="InstanceProfiles",
        identity="Arn",
    ),
    Listing(service="iam", kind="user", operation="list_users", collection="Users", identity="Arn"),
)
