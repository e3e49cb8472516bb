"""The IAM roles of this repository's pipelines, assumed with GitHub OIDC tokens: no keys are stored.

The exact subject of a job's token decides which role it may assume:

- `deploy`: jobs of the GitHub environment named after the stack, with its approvals and branch rules. Deploys tiers 1
  to 3; applications are deployed with the CI roles of their tenants, by jobs of other GitHub environments;
- `preview`: pull requests of this repository, whose code is not reviewed yet. Reads AWS configuration and stack states;
  changes nothing and has no access to the cluster;
- `drift`: the weekly drift check of `main`. As `preview`, plus cluster access, since comparing Kubernetes objects needs
  server-side dry runs, which RBAC cannot distinguish from writes. docs/decisions/0008-pipelines.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from ci_settings import GithubSettings
from stack_context import StackContext

from shared.iam import GITHUB_ISSUER, Statement, deployers_path, github_statement, policy_document
from shared.naming import iam_role_name

DEPLOY_POLICY = "AdministratorAccess"
"""A role that can create IAM roles is effectively an administrator. Its trust policy limits it, and the permissions
boundary if one is set."""

READ_POLICY = "SecurityAudit"
"""AWS managed policy that reads configuration but no data: no objects, log events, parameters or secrets.

Source: AWS managed policy reference, "SecurityAudit".
"""

NOT_IN_SECURITY_AUDIT = (
    "eks:DescribeAddon",
    "eks:DescribeAddonVersions",
    "eks:DescribePodIdentityAssociation",
    "eks:ListPodIdentityAssociations",
)
"""Further read actions of a refresh. Source: Service Authorization Reference, "Amazon Elastic Kubernetes Service"."""


@dataclass(frozen=True, kw_only=True)
class CiRolesArgs:
    context: StackContext
    settings: GithubSettings
    admin_role_arn: pulumi.Input[str]
    """The cluster's admin role, assumed by `drift`."""


def trust(args: CiRolesArgs, *subjects: str) -> str:
    """Trust in this repository's jobs only; a subject is the part after `repo:<owner>/<name>:`."""
    return policy_document(
        github_statement(
            partition=args.context.partition,
            account_id=args.context.account_id,
            subjects=[f"repo:{args.settings.repository}:{subject}" for subject in subjects],
        )
    )


def read_policy(settings: GithubSettings) -> str:
    """Read permissions of a preview that the managed policy lacks: parts of EKS, the stack states, and their key.

    Source: AWS managed policy reference, SecurityAudit; Pulumi documentation, "State and backends", AWS S3.
    """
    statements = [Statement(sid="ReadConfiguration", actions=NOT_IN_SECURITY_AUDIT, resources=["*"])]
    if settings.state_bucket_arn:
        statements += [
            Statement(sid="ListStates", actions=["s3:ListBucket"], resources=[settings.state_bucket_arn]),
            Statement(sid="ReadStates", actions=["s3:GetObject"], resources=[f"{settings.state_bucket_arn}/*"]),
        ]
    if settings.state_key_arn:
        # Encrypt, because the preview of a new stack creates a data key in its copy of the states.
        statements.append(
            Statement(sid="StatesKey", actions=["kms:Decrypt", "kms:Encrypt"], resources=[settings.state_key_arn])
        )
    return policy_document(*statements)


def cluster_policy(admin_role_arn: str, context: StackContext) -> str:
    """Permission to assume the roles in the kubeconfigs: the admin role in tiers 2 and 3, deployer roles in tier 4.

    Deployer roles are matched by path, since tier 1 does not know the tenants and role names can be chosen freely.

    Source: EKS user guide, "Connect kubectl to an EKS cluster by creating a kubeconfig file", `--role-arn`.
    """
    deployers = f"arn:{context.partition}:iam::{context.account_id}:role{deployers_path(context.suffix)}*"
    return policy_document(
        Statement(sid="EnterTheCluster", actions=["sts:AssumeRole"], resources=[admin_role_arn, deployers])
    )


def published_pipelines(settings: GithubSettings | None) -> dict[str, str]:
    """What the roles of the tenants' pipelines depend on, for the contract."""
    if settings is None:
        return {}
    facts = {"repository": settings.repository, "state_key_arn": settings.state_key_arn}
    return {name: value for name, value in facts.items() if value}


class CiRoles(pulumi.ComponentResource):
    arns: dict[str, pulumi.Output[str]]
    """`deploy`, `preview` and `drift`."""

    def __init__(self, name: str, args: CiRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:CiRoles", name, {}, opts)
        self._args = args
        before = self._github_provider()
        environment = args.settings.environment or args.context.environment
        deploy = self._role("deploy", trust(args, f"environment:{environment}"), [DEPLOY_POLICY], before)
        preview = self._role("preview", trust(args, "pull_request"), [READ_POLICY], before)
        drift = self._role("drift", trust(args, f"environment:{environment}-drift"), [READ_POLICY], before)
        for role_name, role in (("preview", preview), ("drift", drift)):
            self._policy(f"{role_name}-read", role, read_policy(args.settings))
        self._policy(
            "drift-cluster",
            drift,
            pulumi.Output.from_input(args.admin_role_arn).apply(lambda arn: cluster_policy(arn, args.context)),
        )
        self.arns = {"deploy": deploy.arn, "preview": preview.arn, "drift": drift.arn}
        self.register_outputs({"arns": self.arns})

    def _github_provider(self) -> list[pulumi.Resource]:
        """GitHub's OIDC provider, one per account; its ARN is known even if it is created elsewhere."""
        if self._args.settings.oidc_provider == "existing":
            return []
        # No thumbprint: IAM verifies GitHub's issuer with its own list of certificate authorities.
        return [
            aws.iam.OpenIdConnectProvider(
                "github",
                url=f"https://{GITHUB_ISSUER}",
                client_id_lists=["sts.amazonaws.com"],
                tags={"Name": self._args.context.named("github-oidc")},
                opts=pulumi.ResourceOptions(parent=self),
            )
        ]

    def _role(
        self, name: str, assume_role_policy: str, managed_policies: Sequence[str], before: Sequence[pulumi.Resource]
    ) -> aws.iam.Role:
        context = self._args.context
        role = aws.iam.Role(
            f"ci-{name}",
            name=iam_role_name(context.named(f"eks-ci-{name}")),
            assume_role_policy=assume_role_policy,
            permissions_boundary=self._args.settings.permissions_boundary_arn or None,
            # The longest duration of a job: a session that expires during an `up` would leave it incomplete.
            max_session_duration=2 * 60 * 60,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(before)),
        )
        for policy in managed_policies:
            aws.iam.RolePolicyAttachment(
                f"ci-{name}-{policy}",
                role=role.name,
                policy_arn=f"arn:{context.partition}:iam::aws:policy/{policy}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role

    def _policy(self, name: str, role: aws.iam.Role, policy: pulumi.Input[str]) -> None:
        aws.iam.RolePolicy(
            f"ci-{name}",
            name=self._args.context.named(f"ci-{name}"),
            role=role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        )


def ci_roles(
    context: StackContext,
    settings: GithubSettings | None,
    admin_role_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Creates the roles if the stack has a `github` setting, and exports their ARNs as the output `ci_role_arns`.

    Not in the contract, as no tier reads them; users set them as repository variables.
    """
    if settings is None:
        return
    roles = CiRoles("ci-roles", CiRolesArgs(context=context, settings=settings, admin_role_arn=admin_role_arn), opts)
    pulumi.export("ci_role_arns", roles.arns)
