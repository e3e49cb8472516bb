"""Resources are registered with the lines of their program, without the frames of Python, the SDK and the runner."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

from shared.testing import run_program
from tooling.paths import REPOSITORY
from tooling.runner.source_positions import program_frames

ITS_OWN = ("applications", "infrastructure", "platform-addons", "shared", "tenants")


def from_the_sdk() -> source_pb2.StackTrace:
    """What the SDK sends: its function is replaced where programs are tested."""
    namespace = dict(vars(resource))
    source = Path(resource.__file__).read_text(encoding="utf-8")
    start = source.index("def _get_stack_trace(")
    exec(source[start : source.index("\ndef ", start + 1)], namespace)
    return namespace["_get_stack_trace"]()


def lines(trace: source_pb2.StackTrace) -> list[tuple[str, int]]:
    return [(frame.pc.uri, frame.pc.line) for frame in trace.frames]


@pytest.mark.parametrize("project", ["applications/demo", "infrastructure"])
def test_frames_are_those_of_the_sdk_that_are_the_programs(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def both() -> source_pb2.StackTrace:
        compared.append((lines(program_frames()), lines(from_the_sdk())))
        return source_pb2.StackTrace()

    monkeypatch.setattr(resource, "_get_stack_trace", both)
    run_program(REPOSITORY / project, stack="dev")
    assert len(compared) > 5
    roots = tuple((REPOSITORY / name).as_uri() for name in ITS_OWN)
    for found, whole in compared:
        assert found
        assert found == [(uri, line) for uri, line in whole if uri.startswith(roots)]
        assert len(found) < len(whole)
