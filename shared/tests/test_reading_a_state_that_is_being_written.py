"""Regression: the first `up` of a stack that reads its own outputs failed now and then with `failed to load checkpoint:
EOF`, since the engine wrote the state at that moment.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from shared.contracts import Infrastructure, boundary
from shared.contracts.boundary import last_published


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What reading the outputs answers, in this order; an exception is raised."""
    queue: list[Any] = []

    def invoke(token: str, arguments: dict[str, str]) -> Any:
        assert (token, arguments) == ("pulumi:pulumi:readStackOutputs", {"name": "organization/infrastructure/dev"})
        answer = queue.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(value={"outputs": answer})

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    monkeypatch.setattr(boundary, "_READ_PAUSE_SECONDS", 0)
    return queue


def test_a_state_that_is_being_written_is_read_again(answers: list[Any]) -> None:
    answers += [Exception("failed to load checkpoint: EOF"), {"vpc_id": "vpc-1"}]
    assert last_published(Infrastructure) == {"vpc_id": "vpc-1"}


def test_a_state_that_stays_unreadable_is_an_error(answers: list[Any]) -> None:
    answers += [Exception("failed to load checkpoint: EOF")] * 5
    with pytest.raises(Exception, match="EOF"):
        last_published(Infrastructure)
    assert answers == []


def test_a_stack_that_does_not_exist_is_asked_for_once(answers: list[Any]) -> None:
    answers += [Exception("unknown stack 'dev'")]
    assert last_published(Infrastructure) == {}
