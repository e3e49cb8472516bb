from __future__ import annotations

from pathlib import Path

import pytest

from shared.testing import Run, run_program

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def dev() -> Run:
    return run_program(PROJECT, stack="dev")
