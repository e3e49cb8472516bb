"""One API server with the platform's admission policies, for all tests that ask nothing else of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.admission.world import World, populate
from tooling.lane.cluster import Cluster
from tooling.lane.ports import free_ports
from tooling.lane.testing import running_cluster


@dataclass(frozen=True, kw_only=True)
class GuardedCluster:
    cluster: Cluster
    world: World
    webhook_port: int
    """Where the API server asks who a token's holder is; nothing listens there until a test starts it."""


@pytest.fixture(scope="session")
def guarded_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCluster]:
    """Tests that need it are of the xdist group `admission policies`, else each worker would start its own."""
    (port,) = free_ports(1)
    with running_cluster(tmp_path_factory.mktemp("guarded"), webhook_port=port) as cluster, cluster.api() as api:
        world = World(api)
        populate(world)
        yield GuardedCluster(cluster=cluster, world=world, webhook_port=port)
