"""The demo's service, as a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.testing.services import RunningService, refused_service, running_service

SERVICE = Path(__file__).resolve().parents[1]
MODULE = "demo_service"


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., RunningService]]:
    """Starts the service with these environment variables; it is killed after the tests of the module."""
    with ExitStack() as services:

        def started(**variables: str) -> RunningService:
            return services.enter_context(running_service(SERVICE, MODULE, **variables))

        yield started


@pytest.fixture(scope="session")
def refuse() -> Callable[..., tuple[int, dict[str, Any]]]:
    """Starts the service with a wrong configuration; returns its exit code and the one line that it logs."""

    def refused(**variables: str) -> tuple[int, dict[str, Any]]:
        return refused_service(SERVICE, MODULE, **variables)

    return refused


@pytest.fixture(scope="session")
def service() -> Path:
    return SERVICE
