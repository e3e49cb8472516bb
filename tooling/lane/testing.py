"""Real clusters and lanes for tests: started in the test's own directory and always removed afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tooling.lane.binaries import ensure
from tooling.lane.cluster import Cluster, ClusterPorts
from tooling.lane.lifecycle import down, up
from tooling.lane.ports import free_ports
from tooling.lane.progress import progress_on
from tooling.lane.state import Lane

TEST_ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/00000000000000000000000000000000"


@contextlib.contextmanager
def running_cluster(directory: Path, *, webhook_port: int | None = None) -> Iterator[Cluster]:
    """A cluster without nodes, ready to take pods: `.kubeconfig` (administrator), `.server`, `.api()`.

    With `webhook_port`, tokens are reviewed at http://127.0.0.1:<port>/authenticate; nothing need listen there yet.
    """
    ensure(progress_on())
    cluster = new_cluster(directory.resolve() / "cluster", webhook_port=webhook_port)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.delete()


def new_cluster(directory: Path, *, webhook_port: int | None = None) -> Cluster:
    """A cluster that has not been started."""
    numbers = free_ports(6)
    ports = ClusterPorts(
        api_server=numbers[0],
        etcd=numbers[1],
        etcd_peer=numbers[2],
        controller_manager=numbers[3],
        scheduler=numbers[4],
        kwok=numbers[5],
    )
    return Cluster(directory=directory, ports=ports, issuer=TEST_ISSUER, webhook_port=webhook_port)


@contextlib.contextmanager
def running_lane(directory: Path) -> Iterator[Lane]:
    """A whole lane in `directory` / "lane": cluster, emulated AWS, engine's home. `.environment()` points at it."""
    where = directory.resolve() / "lane"
    progress = progress_on()
    try:
        yield up(progress, directory=where).lane
    finally:
        down(progress, directory=where)
