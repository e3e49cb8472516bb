"""ECR."""

from __future__ import annotations

from tooling.aws_types.billing import free, used
from tooling.aws_types.identification import from_inputs
from tooling.aws_types.listing import Listing, pairs
from tooling.aws_types.row import AwsType, Description


def _part(name: str) -> AwsType:
    return AwsType(
        pulumi_name=f"aws:ecr/{name}",
        description=Description(
            noun="policy of image repository",
            service="ecr",
            name=("repository",),
            find="aws ecr describe-repositories --repository-names {repository} --region {region}",
            adoptable=True,
        ),
        identification=from_inputs("repository"),
        listing="goes with its repository",
        billing=free,
    )


TYPES = (
    AwsType(
        pulumi_name="aws:ecr/repository:Repository",
        description=Description(
            noun="image repository",
            service="ecr",
            name=("name",),
            find="aws ecr describe-repositories --repository-names {name} --region {region}",
            delete="aws ecr delete-repository --repository-name {name} --region {region}",
            uses="aws ecr describe-images --repository-name {name} --region {region}",
            adoptable=True,
        ),
        identification=from_inputs("name"),
        listing=Listing(
            service="ecr",
            kind="repository",
            operation="describe_repositories",
            collection="repositories",
            identity="repositoryArn",
            tags=lambda client, thing: pairs(client.list_tags_for_resource(resourceArn=thing["repositoryArn"])["tags"]),
        ),
        billing=used("images, per GB, and transfer out of the region"),
        precious=True,
    ),
    *(_part(name) for name in ("lifecyclePolicy:LifecyclePolicy", "repositoryPolicy:RepositoryPolicy")),
)
