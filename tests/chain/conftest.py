"""One deployed chain for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chain.clone import Clone, kubeconfig
from tests.chain.deployed import deployed


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with deployed(tmp_path_factory.mktemp("chain")) as clone:
        yield clone


@pytest.fixture
def admin(chain: Clone) -> Path:
    return kubeconfig(chain, "admin")
