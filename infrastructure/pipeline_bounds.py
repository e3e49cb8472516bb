"""What the CI roles of tenants may reach at most: their part of the tenants' permissions boundary."""

from __future__ import annotations

from collections.abc import Sequence

from ci_settings import GithubSettings
from stack_context import StackContext

from shared.iam import PULL_ACTIONS, PUSH_ACTIONS, Statement, deployers_path
from shared.stack_states import CONTEXT_KEY, PLATFORM_PROJECTS


def pipeline_bounds(context: StackContext, github: GithubSettings | None) -> list[Statement]:
    """Images, states, the key of states if a stack is named, and deployer roles. tenants/ci_role.py says which of them.

    Source: IAM user guide, "Permissions boundaries for IAM entities"; those of the actions are in tenants/ci_role.py.
    """
    partition, roles = context.partition, f"arn:{context.partition}:iam::{context.account_id}:role"
    statements = [
        Statement(sid="SignInToRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(
            sid="TenantImages",
            actions=[*PULL_ACTIONS, *PUSH_ACTIONS],
            # Repositories of other accounts too, from which images are promoted; those accounts decide.
            resources=[f"arn:{partition}:ecr:*:*:repository/*"],
        ),
        Statement(sid="Deploy", actions=["sts:AssumeRole"], resources=[f"{roles}{deployers_path(context.suffix)}*"]),
    ]
    if context.state_bucket:
        bucket = f"arn:{partition}:s3:::{context.state_bucket}"
        statements.append(
            Statement(
                sid="StatesOfStacks",
                actions=["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                resources=[bucket, f"{bucket}/*"],
            )
        )
        # Tier 1 does not know applications by name, but the platform's projects.
        statements += [
            Statement(
                sid="KeepStatesOfThePlatform",
                effect="Deny",
                actions=["s3:PutObject", "s3:DeleteObject"],
                resources=_states_of(bucket, PLATFORM_PROJECTS),
            ),
            Statement(
                sid="HideStatesOfTheCluster",
                effect="Deny",
                actions=["s3:GetObject"],
                resources=_states_of(bucket, [name for name in PLATFORM_PROJECTS if name != "tenants"]),
            ),
        ]
    if github is not None and github.state_key_arn:
        statements.append(
            Statement(
                sid="SecretsOfStates",
                actions=["kms:Decrypt", "kms:Encrypt"],
                resources=[github.state_key_arn],
                conditions={"Null": {f"kms:EncryptionContext:{CONTEXT_KEY}": "false"}},
            )
        )
    return statements


def _states_of(bucket_arn: str, projects: Sequence[str]) -> list[str]:
    """Everything that a backend keeps of these projects, below whatever prefix: states, history, backups and locks."""
    return [f"{bucket_arn}/*.pulumi/*/{project}/*" for project in projects]
