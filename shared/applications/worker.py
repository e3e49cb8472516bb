"""A worker: pods that nothing sends requests to, such as consumers of a queue."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from shared.applications.long_running import LongRunning, LongRunningArgs
from shared.applications.probes import CommandProbe
from shared.applications.shutdown import grace_without_requests
from shared.applications.workload import PodShape


@dataclass(frozen=True, kw_only=True)
class WorkerArgs(LongRunningArgs):
    live: CommandProbe | None = None
    """Whether the container works at all; it is restarted if not. Without it, it is restarted when it exits."""
    startup: CommandProbe | None = None
    """For containers that start slowly: `live` begins once it has succeeded."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # Validated here, while the caller's line is on the stack.
        _ = self.grace_seconds

    @property
    def grace_seconds(self) -> int:
        return grace_without_requests(exit_seconds=self.exit_seconds)


class Worker(LongRunning):
    """Deployment, ConfigMap, autoscaler and disruption budget, all with the same name."""

    def __init__(self, name: str, args: WorkerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Worker", name, args, opts)
        self._run(
            PodShape(
                labels=self._budget,
                grace_seconds=args.grace_seconds,
                startup_probe=args.startup.on() if args.startup else None,
                liveness_probe=args.live.on() if args.live else None,
                spread=self._spread(),
            )
        )
        self.register_outputs({"namespace": self.namespace})
