"""One API server with the policies for all that asks nothing else of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.admission.world import World, populate
from tooling.lane.testing import running_cluster


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_cluster(tmp_path_factory.mktemp("admission")) as cluster, cluster.api() as api:
        made = World(api)
        populate(made)
        yield made
