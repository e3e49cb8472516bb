"""metrics-server, as EKS's own add-on: what `kubectl top` and HorizontalPodAutoscalers read."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from place import Place

from shared.contracts import Infrastructure
from shared.versions import ADDONS

NAME = "metrics-server"


@dataclass(frozen=True, kw_only=True)
class MetricsServerArgs:
    place: Place
    infrastructure: Infrastructure


class MetricsServer(pulumi.ComponentResource):
    def __init__(self, name: str, args: MetricsServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:platform-addons:MetricsServer", name, {}, opts)
        aws.eks.Addon(
            NAME,
            cluster_name=args.infrastructure.cluster_name,
            addon_name=NAME,
            addon_version=ADDONS[NAME].value,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags={"Name": args.place.named(NAME)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
