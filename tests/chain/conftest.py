"""One deployed chain for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chain.clone import Clone, kubeconfig
from tests.chain.deployed import deployed
from tooling.lane.state import Lane


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with deployed(tmp_path_factory.mktemp("chain")) as clone:
        yield clone


@pytest.fixture(scope="module")
def admin(chain: Clone) -> Path:
    """The kubeconfig of a person with the admin role: each `kubectl` runs the AWS CLI to sign in."""
    return kubeconfig(chain, "admin")


@pytest.fixture(scope="module")
def cluster_admin(chain: Clone) -> Path:
    """The kubeconfig of the lane's own administrator, for tests that are not about signing in."""
    lane = Lane.load(chain.local)
    assert lane is not None
    return lane.cluster.kubeconfig
