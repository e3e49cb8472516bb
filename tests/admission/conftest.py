"""The tests of the admission policies share one API server with those of `tests/attack`."""

from __future__ import annotations

import pytest

from tests.admission.world import World
from tests.conftest import GuardedCluster


@pytest.fixture(scope="package")
def world(guarded_cluster: GuardedCluster) -> World:
    return guarded_cluster.world
