"""Who attacks: signed in once for all tests of the API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attack.sign_in import SignedIn, signed_in
from tests.conftest import GuardedCluster


@pytest.fixture(scope="package")
def attackers(guarded_cluster: GuardedCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedIn]:
    with signed_in(tmp_path_factory.mktemp("attackers"), guarded_cluster) as made:
        yield made
