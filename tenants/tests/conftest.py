from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import catalog
from shared.testing import Run, run_program

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def tenant_a() -> Run:
    """The program of stack `dev.tenant-a`, from the catalog as it is."""
    return run_program(PROJECT, stack="dev.tenant-a")


@pytest.fixture
def run_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Runs the program for a tenant whose file holds `content`, alone in a catalog of its own."""
    monkeypatch.setattr(catalog, "DIRECTORY", tmp_path)

    def run(content: dict[str, Any], *, name: str = "shop", environment: str = "dev", **options: Any) -> Run:
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"owner": "team", **content}))
        return run_program(PROJECT, stack=f"{environment}.{name}", **options)

    return run
