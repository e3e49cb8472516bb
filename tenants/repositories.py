"""The tenant's image repositories in ECR, named `<tenant>/<name>-<environment suffix>`.

Admission policies allow images below `<tenant>/` in the account's own registry. docs/decisions/0024-images.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.iam import PULL_ACTIONS, Statement, policy_document
from shared.image_registries import tenant_repository

UNTAGGED_DAYS = 14
"""An image without a tag was replaced before anything referred to it by name. Two weeks are a guess that leaves time to
look at a failed push. Images that a tagged index consists of do not expire."""

MOST_TAGGED = 200
"""Images kept per repository, newest first: a guess of a year's changes of a service. One that is still deployed must
not expire, since a new pod could not pull it."""


@dataclass(frozen=True, kw_only=True)
class RepositoriesArgs:
    context: StackContext
    infrastructure: Infrastructure


def lifecycle_policy() -> str:
    """Source: ECR user guide, "Lifecycle policy properties in Amazon ECR"."""
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": f"Images without a tag expire after {UNTAGGED_DAYS} days",
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": UNTAGGED_DAYS,
                    },
                    "action": {"type": "expire"},
                },
                {
                    "rulePriority": 2,
                    "description": f"The newest {MOST_TAGGED} images with a tag are kept",
                    "selection": {
                        "tagStatus": "tagged",
                        "tagPatternList": ["*"],
                        "countType": "imageCountMoreThan",
                        "countNumber": MOST_TAGGED,
                    },
                    "action": {"type": "expire"},
                },
            ]
        }
    )


def promotion_policy(role_arns: Sequence[str]) -> str:
    """Lets the tenant's CI roles of other accounts pull images, to promote them. Such a role may not exist yet, so the
    account is trusted, and the role compared.

    Source: ECR user guide, "Private repository policy examples"; IAM user guide, "AWS global condition context keys".
    """
    accounts = sorted({arn.split(":")[4] for arn in role_arns})
    partition = role_arns[0].split(":")[1]
    return policy_document(
        Statement(
            sid="Promote",
            actions=PULL_ACTIONS,
            principals={"AWS": [f"arn:{partition}:iam::{account}:root" for account in accounts]},
            conditions={"ArnEquals": {"aws:PrincipalArn": list(role_arns)}},
        )
    )


class Repositories(pulumi.ComponentResource):
    urls: pulumi.Output[dict[str, str]]
    """`<registry>/<repository>`, by the name in the tenant's file."""

    def __init__(self, name: str, args: RepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:Repositories", name, {}, opts)
        tenant = args.context.tenant
        child = pulumi.ResourceOptions(parent=self)
        urls: dict[str, pulumi.Output[str]] = {}
        for name_in_file in tenant.repositories:
            physical = tenant_repository(tenant.name, name_in_file, args.context.suffix)
            repository = aws.ecr.Repository(
                name_in_file,
                name=physical,
                # A tag names one image for ever, so that what was reviewed and tested is what runs.
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                # A KMS key would make every push and pull depend on it, and cannot be changed later.
                encryption_configurations=[{"encryption_type": "AES256"}],
                # If not, AWS refuses to delete a repository that contains images.
                force_delete=args.infrastructure.force_destroy,
                tags=args.context.tags(physical),
                opts=pulumi.ResourceOptions(parent=self, protect=args.context.locked),
            )
            aws.ecr.LifecyclePolicy(
                name_in_file,
                repository=repository.name,
                policy=lifecycle_policy(),
                opts=child,
            )
            if args.context.ci_roles_of_other_accounts:
                aws.ecr.RepositoryPolicy(
                    name_in_file,
                    repository=repository.name,
                    policy=promotion_policy(args.context.ci_roles_of_other_accounts),
                    opts=child,
                )
            urls[name_in_file] = repository.repository_url
        # Without outputs, `all` would be a list.
        self.urls = pulumi.Output.all(**urls) if urls else pulumi.Output.from_input({})
        self.register_outputs({"urls": self.urls})
