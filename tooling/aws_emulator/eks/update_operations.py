"""Looking at finished updates: DescribeUpdate and ListUpdates."""

from __future__ import annotations

from moto.core.responses import ActionResult

from tooling.aws_emulator.eks.operations import Operations, found


class UpdateOperations(Operations):
    def describe_update(self) -> ActionResult:
        update_id = self.parameter("updateId")
        update = found(self.cluster().updates, update_id, f"No update found for ID: {update_id}")
        return ActionResult({"update": update.document()})

    def list_updates(self) -> ActionResult:
        cluster = self.cluster()
        nodegroup, addon = self.parameter("nodegroupName"), self.parameter("addonName")
        ids = [
            update.id for update in cluster.updates.values() if (update.nodegroup, update.addon) == (nodegroup, addon)
        ]
        return self.page("updateIds", ids)
