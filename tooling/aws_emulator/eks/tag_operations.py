"""Tags of everything EKS makes, found by ARN; moto tags clusters only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from moto.core.responses import ActionResult, EmptyResult

from tooling.aws_emulator.eks.operations import Operations, found
from tooling.aws_emulator.eks.records import Cluster


class TagOperations(Operations):
    def tag_resource(self) -> ActionResult:
        self.tags_of_resource().update(self.parameter("tags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        tags = self.tags_of_resource()
        for key in self.parameter("tagKeys"):
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"tags": self.tags_of_resource()})

    def tags_of_resource(self) -> dict[str, str]:
        """The live tags, to be changed in place."""
        arn = self.parameter("resourceArn")
        return found(dict(self._taggable()), arn, f"The specified resource could not be found: {arn}")

    def _taggable(self) -> Iterator[tuple[str, dict[str, str]]]:
        for cluster in cast(dict[str, Cluster], self.eks_backend.clusters).values():
            yield cluster.arn, cluster.tags
            for group in cluster.nodegroups.values():
                yield group.arn, group.tags
            for profile in cluster.fargate_profiles.values():
                yield profile.fargate_profile_arn, profile.tags
            for addon in cluster.addons.values():
                yield addon.arn, addon.tags
            for entry in cluster.access_entries.values():
                yield entry.arn, entry.tags
            for association in cluster.pod_identity_associations.values():
                yield association.arn, association.tags
