"""One lane for all of these tests, in a clone whose path has what paths may have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain.clone import Clone
from tests.faults.aws_proxy import AwsProxy, proxied_aws


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The lane is up; what is deployed on it, the tests of a module decide."""
    directory = tmp_path_factory.mktemp("faults") / "Zoë's own clone"
    directory.mkdir()
    made = Clone(directory)
    try:
        made.tiers("local", "up")
        yield made
    finally:
        made.tiers("local", "down", "--yes")
        assert not made.local.exists()


@pytest.fixture
def aws(clone: Clone) -> Iterator[AwsProxy]:
    """Between the lane and its AWS for the length of a test; passes everything on until told otherwise."""
    with proxied_aws(clone.local) as proxy:
        yield proxy
