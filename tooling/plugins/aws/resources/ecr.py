"""Rows of ECR: repositories, and their lifecycle and resource policies, which are separate resources.

Exclusions from tag immutability are not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tooling.plugins.aws.engine.equivalence import json_document, policy_document
from tooling.plugins.aws.engine.naming_case import picked, tag_list, tag_map, unless_gone
from tooling.plugins.aws.engine.refusals import not_json, one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Operations, Row, Values


class EcrOperations(Operations):
    @property
    def ecr(self) -> Any:
        return self.scope.client("ecr")


class Repository(EcrOperations):
    def create(self, inputs: Values) -> str:
        encryption = [
            picked(block, ("encryptionType", "kmsKey")) for block in inputs.get("encryptionConfigurations") or ()
        ]
        self.ecr.create_repository(
            repositoryName=inputs["name"],
            imageTagMutability=inputs["imageTagMutability"],
            **picked(inputs, ("imageScanningConfiguration",)),
            **({"encryptionConfiguration": encryption[0]} if encryption else {}),
            tags=tag_list(inputs.get("tagsAll")),
        )
        return inputs["name"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(self.ecr.describe_repositories, repositoryNames=[resource_id])
        if found is None:
            return None
        (repository,) = found["repositories"]
        arn = repository["repositoryArn"]
        return {
            "arn": arn,
            "name": resource_id,
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
            "imageTagMutability": repository["imageTagMutability"],
            "imageScanningConfiguration": repository["imageScanningConfiguration"],
            "encryptionConfigurations": [picked(repository["encryptionConfiguration"], ("encryptionType", "kmsKey"))],
            "tagsAll": tag_map(self.ecr.list_tags_for_resource(resourceArn=arn)["tags"]),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        if "imageTagMutability" in changed:
            self.ecr.put_image_tag_mutability(
                repositoryName=resource_id, imageTagMutability=inputs["imageTagMutability"]
            )
        if "imageScanningConfiguration" in changed:
            self.ecr.put_image_scanning_configuration(
                repositoryName=resource_id, imageScanningConfiguration=inputs["imageScanningConfiguration"]
            )

    def delete(self, resource_id: str, state: Values) -> None:
        self.ecr.delete_repository(repositoryName=resource_id, force=bool(state.get("forceDelete")))

    def tag(self, resource_id: str, state: Values, tags: Mapping[str, str]) -> None:
        self.ecr.tag_resource(resourceArn=state["arn"], tags=tag_list(tags))

    def untag(self, resource_id: str, state: Values, keys: list[str]) -> None:
        self.ecr.untag_resource(resourceArn=state["arn"], tagKeys=keys)


class RepositoryPart(EcrOperations):
    """One document of a repository, written and read as a whole; its id is the repository's name.

    `put`, `get` and `drop` are boto3 methods; `text` is the document's name in their requests and responses.
    """

    put: ClassVar[str]
    get: ClassVar[str]
    drop: ClassVar[str]
    text: ClassVar[str]

    def create(self, inputs: Values) -> str:
        getattr(self.ecr, self.put)(repositoryName=inputs["repository"], **{self.text: inputs["policy"]})
        return inputs["repository"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        found = unless_gone(getattr(self.ecr, self.get), repositoryName=resource_id)
        if found is None:
            return None
        return {"repository": resource_id, "policy": found[self.text], "registryId": found["registryId"]}

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        self.create(inputs)

    def delete(self, resource_id: str, state: Values) -> None:
        getattr(self.ecr, self.drop)(repositoryName=resource_id)


class LifecyclePolicy(RepositoryPart):
    put, get, drop = "put_lifecycle_policy", "get_lifecycle_policy", "delete_lifecycle_policy"
    text = "lifecyclePolicyText"


class RepositoryPolicy(RepositoryPart):
    put, get, drop = "set_repository_policy", "get_repository_policy", "delete_repository_policy"
    text = "policyText"


_REPOSITORY = Input(required=True, replaces=True)

ROWS = (
    Row(
        pulumi_name="aws:ecr/repository:Repository",
        source="ecr_repository",
        inputs={
            "encryptionConfigurations": Input(
                computed=True,
                replaces=True,
                members={
                    "encryptionType": Input(default="AES256", refusal=one_of("AES256", "KMS", "KMS_DSSE")),
                    "kmsKey": Input(computed=True),
                },
            ),
            "forceDelete": Input(default=False, write_only=True),
            "imageScanningConfiguration": Input(computed=True, members={"scanOnPush": Input(required=True)}),
            "imageTagMutability": Input(default="MUTABLE", refusal=one_of("MUTABLE", "IMMUTABLE")),
        },
        outputs=("arn", "registryId", "repositoryUrl"),
        operations=Repository,
        name=GeneratedName(input="name", prefix_input=None, longest=256, lower_case=True),
    ),
    Row(
        pulumi_name="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        source="ecr_lifecycle_policy",
        inputs={
            "repository": _REPOSITORY,
            "policy": Input(required=True, canonical_form=json_document, refusal=not_json),
        },
        outputs=("registryId",),
        operations=LifecyclePolicy,
        tagged=False,
    ),
    Row(
        pulumi_name="aws:ecr/repositoryPolicy:RepositoryPolicy",
        source="ecr_repository_policy",
        inputs={
            "repository": _REPOSITORY,
            "policy": Input(required=True, canonical_form=policy_document, refusal=not_json),
        },
        outputs=("registryId",),
        operations=RepositoryPolicy,
        tagged=False,
    ),
)
