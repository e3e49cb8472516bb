"""Everything but nodes that the API server should hold for a cluster: one pure function of what is known."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tooling.aws_emulator.controllers.access_bindings import access_objects
from tooling.aws_emulator.controllers.addon_objects import addon_objects
from tooling.aws_emulator.controllers.crds import PREINSTALLED
from tooling.aws_emulator.controllers.kubernetes_api import Manifest
from tooling.aws_emulator.controllers.snapshot import ClusterSnapshot


def desired_objects(
    cluster: ClusterSnapshot | None, *, namespaces: Collection[str], accepts_address: Callable[[str], bool]
) -> list[Manifest]:
    """Manifests to be applied; none if there is no cluster, so that all that was made goes."""
    if cluster is None:
        return []
    manifests = [kind.manifest() for kind in PREINSTALLED]
    manifests.extend(access_objects(cluster.grants, namespaces))
    for addon in cluster.addons:
        manifests.extend(
            addon_objects(
                addon, region=cluster.region, service_cidr=cluster.service_cidr, accepts_address=accepts_address
            )
        )
    return manifests
