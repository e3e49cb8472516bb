"""Conformance cases of identity and keys: IAM, KMS, and CloudWatch's log groups beside them."""

from __future__ import annotations

from tooling.plugins.aws.tests.case import Case, policy, trust


def _key_policy(sid: str) -> str:
    return policy("kms:*").replace('"Effect"', f'"Sid": "{sid}", "Principal": {{"AWS": "*"}}, "Effect"')


CASES = (
    Case(
        pulumi_name="aws:iam/role:Role",
        inputs=lambda world: {
            "assumeRolePolicy": trust("eks.amazonaws.com"),
            "description": "of a case",
            "maxSessionDuration": 7200,
            "permissionsBoundary": world.policy_arns[0],
            "forceDetachPolicies": True,
        },
        updates={
            "assumeRolePolicy": trust("ec2.amazonaws.com"),
            "description": "changed",
            "maxSessionDuration": 3600,
            "permissionsBoundary": lambda world: world.policy_arns[1],
            "forceDetachPolicies": False,
        },
        replaces={"path": "/platform/"},
    ),
    Case(
        pulumi_name="aws:iam/policy:Policy",
        inputs=lambda world: {"policy": policy("s3:GetObject", "s3:ListBucket"), "description": "of a case"},
        updates={"policy": policy("s3:PutObject")},
        replaces={"description": "another", "path": "/platform/"},
    ),
    Case(
        pulumi_name="aws:iam/rolePolicy:RolePolicy",
        inputs=lambda world: {"role": "role-0", "policy": policy("s3:GetObject")} if world.role_arns else {},
        updates={"policy": policy("s3:PutObject")},
        replaces={"role": "role-1"},
    ),
    Case(
        pulumi_name="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=lambda world: {"role": world.role_arns[0].split("/")[1], "policyArn": world.policy_arns[0]},
        replaces={
            "role": lambda world: world.role_arns[1].split("/")[1],
            "policyArn": lambda world: world.policy_arns[1],
        },
    ),
    Case(
        pulumi_name="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        inputs=lambda world: {
            "url": "https://oidc.example.com/id/ONE",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["a" * 40],
        },
        updates={"thumbprintLists": ["b" * 40]},
        replaces={"url": "https://oidc.example.com/id/TWO"},
        fixed={"clientIdLists": ["sts.amazonaws.com", "another"]},
    ),
    Case(
        pulumi_name="aws:kms/key:Key",
        inputs=lambda world: {
            "description": "of a case",
            "deletionWindowInDays": 7,
            "enableKeyRotation": True,
            "policy": _key_policy("one"),
        },
        updates={
            "description": "changed",
            "deletionWindowInDays": 30,
            "enableKeyRotation": False,
            "policy": _key_policy("two"),
            "isEnabled": False,
            "bypassPolicyLockoutSafetyCheck": True,
        },
        replaces={
            "multiRegion": True,
            "keyUsage": "GENERATE_VERIFY_MAC",
            "customerMasterKeySpec": "RSA_2048",
        },
    ),
    Case(
        pulumi_name="aws:kms/alias:Alias",
        inputs=lambda world: {"targetKeyId": world.key_arns[0]},
        updates={"targetKeyId": lambda world: world.key_arns[1]},
    ),
    Case(
        pulumi_name="aws:cloudwatch/logGroup:LogGroup",
        inputs=lambda world: {"retentionInDays": 30},
        updates={"retentionInDays": 90, "skipDestroy": True, "kmsKeyId": lambda world: world.key_arns[0]},
    ),
)
