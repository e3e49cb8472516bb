"""The names of Pulumi's SDK that this repository uses although they are not public.

Each function says why it needs one, and when it may go. A new version of the SDK may rename them without notice: a test
names those that are gone. The marks of the engine's protocol, which the SDK keeps under private names as well, are
written out in `shared.engine_marks`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


def ensure_event_loop() -> None:
    """Gives the calling thread an event loop.

    The mocks' monitor answers registrations in threads that have none, and resolving an output there needs one. May go
    once `pulumi.runtime.mocks.MockMonitor` does this for subclasses that override `RegisterResource`.
    """
    from pulumi.runtime import sync_await

    vars(sync_await)["_ensure_event_loop"]()


def resolve_callbacks(references: Any) -> Any:
    """The functions behind a registration's references to transforms.

    The mocks apply transforms to resources that a program registers, but not to those that a component of another
    language registers. May go once the mocks can run such a component.
    """
    from pulumi.runtime import mocks

    return vars(mocks)["_resolve_callbacks"](references)


def keep_stack_traces_short(frames: Callable[[], Any]) -> None:
    """Lets `frames` return the source positions that the SDK sends with every registration of this process.

    The SDK sends its own frames and those of the caller, which were a third of every state. May go once the SDK has an
    option for the frames that it sends.
    """
    from pulumi.runtime import resource

    resource._get_stack_trace = frames  # pyright: ignore[reportPrivateUsage]


def run_programs_with(run: Callable[[Callable[[], Awaitable[None] | None]], Awaitable[None]]) -> None:
    """Lets the Automation API run inline programs through `run`, which calls `pulumi.runtime.run_in_stack`.

    Otherwise it prints errors of a program as tracebacks through the SDK, and does not pass them to its caller. May go
    once the Automation API reports a program's own exception.
    """
    from pulumi.automation import _server

    _server.run_in_stack = run  # pyright: ignore[reportPrivateImportUsage]


def select_mode() -> Any:
    """The mode of an `automation.Stack` that exists, for a subclass that replaces the base class's `__init__`.

    The base class runs `pulumi stack select`, an engine run more for each stack. May go once a stack can be created
    without it.
    """
    from pulumi.automation._stack import StackInitMode

    return StackInitMode.SELECT
