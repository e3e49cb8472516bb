"""The private names of the SDK that `shared.pulumi_internals` uses exist, and no other module uses any."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path

from pulumi.automation import _server
from pulumi.automation._stack import StackInitMode
from pulumi.runtime import resource

from shared import pulumi_internals

REPOSITORY = Path(__file__).resolve().parents[2]
PRIVATE = re.compile(r"^\s*(?:from pulumi[\w.]*\._\w+ import|from pulumi[\w.]* import .*\b_\w)|\brpc\._\w|\bmocks\._\w")


def test_names_exist_in_the_installed_sdk() -> None:
    assert pulumi_internals.resolve_callbacks([]) == []
    assert callable(vars(resource)["_get_stack_trace"])
    assert callable(vars(_server)["run_in_stack"])
    assert pulumi_internals.select_mode() is StackInitMode.SELECT


def test_thread_without_an_event_loop_gets_one() -> None:
    found: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        pulumi_internals.ensure_event_loop()
        found.append(asyncio.get_event_loop())
        found[0].close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_no_other_module_uses_private_names_of_the_sdk() -> None:
    modules = [
        path
        for directory in ("shared", "tooling", "infrastructure", "platform-addons", "tenants", "applications")
        for path in (REPOSITORY / directory).rglob("*.py")
        if path.name not in ("pulumi_internals.py", "test_pulumi_internals.py")
    ]
    assert modules
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in modules
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if PRIVATE.search(line)
    ]
    assert found == []
