"""The IAM role of the tenant's pipeline: what its build and deploy jobs need, and nothing of anyone else.

It pushes images to the tenant's repositories, reads the state of the tenant's stack, keeps the states of the tenant's
applications, and enters the cluster by the deployer role. People do not use it, and it is not the platform's role
`deploy`: the subjects of their jobs differ. docs/decisions/0027-pipelines-of-tenants.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.iam import (
    PULL_ACTIONS,
    PUSH_ACTIONS,
    Statement,
    account_statement,
    ci_path,
    ci_subject,
    github_statement,
    policy_document,
    principal_statement,
)
from shared.image_registries import tenant_repository
from shared.naming import iam_role_name
from shared.stack_states import CONTEXT_KEY, StateObjects, layout_object, state_bucket, state_prefix


@dataclass(frozen=True, kw_only=True)
class CiRoleArgs:
    context: StackContext
    infrastructure: Infrastructure


def ci_trust(context: StackContext, pipelines: Mapping[str, str]) -> str:
    """Who may assume the role: the tenant's jobs in the platform's repository, and in the team's own one if its file
    names it, and the principals of `people.ci`. Without any, principals of the account whose own policies allow it.

    Source: that of the statement, in `shared.iam`.
    """
    subjects: list[str] = []
    if pipelines.get("repository"):
        subjects.append(f"repo:{pipelines['repository']}:{ci_subject(context.environment, context.tenant.name)}")
    if context.tenant.repository:
        subjects.append(f"repo:{context.tenant.repository}:environment:{context.environment}")
    statements: list[Statement] = []
    if subjects:
        statements.append(
            github_statement(partition=context.partition, account_id=context.account_id, subjects=subjects)
        )
    if context.tenant.people.ci.principals:
        statements.append(principal_statement(context.tenant.people.ci.principals))
    if not statements:
        statements.append(account_statement(partition=context.partition, account_id=context.account_id))
    return policy_document(*statements)


def images_policy(own: Sequence[str], of_other_environments: Sequence[str]) -> str:
    """Push to and pull from the tenant's repositories; from those of its other environments, pull only, to promote.

    Source: ECR user guide, "IAM permissions for pushing an image to an Amazon ECR private repository".
    """
    statements = [
        Statement(sid="SignInToRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(sid="OwnImages", actions=[*PULL_ACTIONS, *PUSH_ACTIONS], resources=own),
    ]
    if of_other_environments:
        statements.append(Statement(sid="ImagesToPromote", actions=PULL_ACTIONS, resources=of_other_environments))
    return policy_document(*statements)


def states_policy(context: StackContext, pipelines: Mapping[str, str]) -> str:
    """Read the state of the tenant's stack, keep those of its applications, and use the key for these stacks alone.

    Source: Pulumi documentation, "State and backends", AWS S3; KMS developer guide, "Condition keys for AWS KMS".
    """
    bucket = f"arn:{context.partition}:s3:::{state_bucket(context.backend_url)}"
    prefix = state_prefix(context.backend_url)
    tenant_stack = f"{context.environment}.{context.tenant.name}"
    read = StateObjects.of(prefix, "tenants", tenant_stack)
    kept = [StateObjects.of(prefix, name, context.environment) for name in context.tenant.applications]
    statements = [
        # Names of objects only. Without it, S3 answers "access denied" for a state that does not exist yet.
        Statement(sid="ListStates", actions=["s3:ListBucket"], resources=[bucket]),
        Statement(
            sid="ReadTenant",
            actions=["s3:GetObject"],
            resources=[f"{bucket}/{key}" for key in (layout_object(prefix), read.state, read.further[0])],
        ),
    ]
    if kept:
        keys = [key for objects in kept for key in (objects.state, *objects.further)]
        statements.append(
            Statement(
                sid="KeepApplications",
                actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                resources=[f"{bucket}/{key}" for key in keys],
            )
        )
    if pipelines.get("state_key_arn"):
        own = [f"{name}/{context.environment}" for name in context.tenant.applications]
        for sid, action, stacks in (
            ("ReadSecretsOfStates", "kms:Decrypt", [f"tenants/{tenant_stack}", *own]),
            ("WriteSecretsOfStates", "kms:Encrypt", own),
        ):
            if stacks:
                statements.append(
                    Statement(
                        sid=sid,
                        actions=[action],
                        resources=[pipelines["state_key_arn"]],
                        conditions={"StringEquals": {f"kms:EncryptionContext:{CONTEXT_KEY}": stacks}},
                    )
                )
    return policy_document(*statements)


def enter_cluster_policy(deployer_role_arn: str) -> str:
    """Source: EKS user guide, "Connect kubectl to an EKS cluster by creating a kubeconfig file", `--role-arn`."""
    return policy_document(Statement(sid="Deploy", actions=["sts:AssumeRole"], resources=[deployer_role_arn]))


def repository_arns(context: StackContext) -> tuple[list[str], list[str]]:
    """ARNs of the tenant's repositories in this environment, and in its others."""
    names = context.tenant.repositories
    own = [
        _repository_arn(
            context.partition, context.region, context.account_id, context.tenant.name, name, context.suffix
        )
        for name in names
    ]
    others = [
        _repository_arn(other.partition, other.region, other.known_account, context.tenant.name, name, other.name)
        for other in context.other_environments
        for name in names
    ]
    return own, others


def _repository_arn(partition: str, region: str, account_id: str, tenant: str, name: str, suffix: str) -> str:
    return f"arn:{partition}:ecr:{region}:{account_id}:repository/{tenant_repository(tenant, name, suffix)}"


class CiRole(pulumi.ComponentResource):
    role: aws.iam.Role

    def __init__(self, name: str, args: CiRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:CiRole", name, {}, opts)
        self._context, above = args.context, args.infrastructure
        physical = iam_role_name(args.context.named("ci"))
        self.role = aws.iam.Role(
            "ci",
            name=physical,
            path=ci_path(args.context.suffix),
            assume_role_policy=above.pipelines.apply(lambda pipelines: ci_trust(args.context, pipelines)),
            permissions_boundary=above.tenant_boundary_arn,
            tags=args.context.tags(physical),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.context.tenant.repositories:
            self._policy("ci-images", images_policy(*repository_arns(args.context)))
        if state_bucket(args.context.backend_url):
            self._policy("ci-states", above.pipelines.apply(lambda pipelines: states_policy(args.context, pipelines)))
        self.register_outputs({})

    def may_enter_cluster_as(self, deployer: aws.iam.Role) -> None:
        self._policy("ci-enter-cluster", deployer.arn.apply(enter_cluster_policy))

    def _policy(self, name: str, policy: pulumi.Input[str]) -> None:
        aws.iam.RolePolicy(
            name,
            name=self._context.named(name),
            role=self.role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        )
