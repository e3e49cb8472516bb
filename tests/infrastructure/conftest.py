"""One deployment for all tests of this directory, which run file by file in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chain.deployed import deployed
from tests.infrastructure.platform import EVERYTHING_ON, Platform


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with deployed(tmp_path_factory.mktemp("everything"), EVERYTHING_ON) as clone:
        yield Platform(clone)


@pytest.fixture(scope="session")
def old_addons() -> dict[str, str]:
    """Versions of EKS add-ons on the minor that the tests begin with."""
    content = yaml.safe_load((Path(__file__).parent / "everything_on.yaml").read_text())
    return content["config"]["infrastructure:addon_versions"]
