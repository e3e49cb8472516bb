"""The lines of a program that made a resource, which the engine keeps with it in the state.

The SDK sends the whole stack: some twenty frames of Python, gRPC and this runner, with paths of this machine. They were
a third of every state, which the engine writes at each step of a run; and where they differ from the state's, as on
another machine, it writes it for unchanged resources, too.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from pulumi.runtime.proto import source_pb2

from shared.pulumi_internals import keep_stack_traces_short
from tooling.paths import REPOSITORY

_CONSTRUCTORS = 3
"""`__init__` frames below the caller: of `Resource`, `CustomResource` or `ComponentResource`, and its own class."""
_NOT_PROGRAMS = frozenset({"tooling", ".venv"})


def shorten() -> None:
    """From now on, for every resource that this process registers."""
    keep_stack_traces_short(program_frames)


def program_frames() -> source_pb2.StackTrace:
    """The frames of the repository's programs that led to the construction of a resource, the innermost first.

    Finds the caller as the SDK does: by counting constructors.
    """
    frame = sys._getframe(1)
    seen = 0
    while frame is not None and seen < _CONSTRUCTORS:
        seen += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    frames = []
    while frame is not None:
        uri = _uri(frame.f_code.co_filename)
        if uri is not None:
            position = source_pb2.SourcePosition(uri=uri, line=frame.f_lineno)
            frames.append(source_pb2.StackFrame(pc=position))
        frame = frame.f_back
    return source_pb2.StackTrace(frames=frames)


@cache
def _uri(file: str) -> str | None:
    """None for what is not a program's."""
    path = Path(file)
    if not path.is_relative_to(REPOSITORY) or path.relative_to(REPOSITORY).parts[0] in _NOT_PROGRAMS:
        return None
    return path.as_uri()
